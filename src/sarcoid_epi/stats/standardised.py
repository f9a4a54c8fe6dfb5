r"""Marginal standardisation: risks if everybody were exposed, or nobody, from a logistic regression.

Notation: m_kr the fitted risk of a patient of row r under k, k = 1 exposed and k = 0 unexposed, all else as it is;
:math:`r_k = \sum_r w_r n_r m_{kr} / \sum_r w_r n_r`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from sarcoid_epi.stats.interval import Array, check_level, normal_quantile
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.rows import Rows, check_cluster, check_rows, summed_within
from sarcoid_epi.stats.sandwich import ONE_CLUSTER, cr1_factor

NO_COEFFICIENTS = "no coefficients to standardise with"


class Estimated(NamedTuple):
    """An estimate with standard error and limits; of a ratio the standard error is that of its logarithm."""

    estimate: Array
    std_error: Array
    low: Array
    high: Array


class Standardised(NamedTuple):
    """Risks exposed and unexposed, their difference, ratio and odds ratio, of the leading shape, and a note."""

    exposed: Estimated
    unexposed: Estimated
    difference: Estimated
    ratio: Estimated
    odds_ratio: Estimated
    note: NDArray[np.str_]


def standardised(
    rows: ArrayLike,
    events: ArrayLike,
    n: ArrayLike,
    exposed: ArrayLike,
    unexposed: ArrayLike,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Standardised:
    r"""Standardised risks by logistic regression, the patients being a **sample** of those meant.

    The standard errors come from the influence of each patient on r_k, which holds both the patient's covariates (whom
    the population is made of) and the patient's outcome (the coefficients):

    .. math:: \phi_{ki} = \frac{w_i (m_{ki} - r_k)}{\sum w} + J_k^T A^{-1} w_i (y_i - \mu_i)\, x_i, \qquad
              J_k = \frac{\sum_i w_i m_{ki} (1 - m_{ki})\, x_{ki}}{\sum w}, \qquad
              \mathrm{cov}(r_1, r_0) = \sum_i \phi_i \phi_i^T

    with A the information of the fit; in clusters the :math:`\phi` are first added up, factor c / (c - 1). Limits of
    risks are Wald's on the logit scale, of ratios on the log scale, of the difference as it is.

    Parameters
    ----------
    rows, events, n
        What the regression is fitted to, as in `logistic.logistic`.
    exposed, unexposed
        The same rows with the exposure set, interactions with it too; shape of `rows`.
    level
        Confidence level, between 0 and 1.
    cluster
        A label for the cluster (centre) of each row, shape (..., R).
    weights
        A weight for each patient of a row, shape (..., R), taken as known.

    Returns
    -------
    Standardised, the leading shapes broadcast; NaN where `logistic` is.

    Raises
    ------
    ValueError
        As in `logistic.logistic`, or if the three designs differ in shape.

    Assumes
    -------
    The regression is right; exposed and unexposed patients are comparable given its covariates, each pattern of which
    could be exposed or not. The risks are marginal: their odds ratio is nearer to 1 than the regression's, and that is
    no bias.

    References
    ----------
    robinscausal1986, greenland1991

    Examples
    --------
    Without covariates these are the risks seen:

    >>> table = [[1, 0], [1, 1]]
    >>> answer = standardised(table, [10, 30], [50, 60], [[1, 1]] * 2, [[1, 0]] * 2)
    >>> print(f"{answer.exposed.estimate:.3f} {answer.unexposed.estimate:.3f} {answer.difference.estimate:.3f}")
    0.500 0.200 0.300
    >>> print(f"{answer.difference.std_error ** 2:.8f} {0.5 * 0.5 / 60 + 0.2 * 0.8 / 50:.8f}")
    0.00736667 0.00736667
    """
    given = check_rows(rows, events, n, weights)
    fit = logistic(rows, events, n, level, weights)
    one, zero = _designs(given, exposed, unexposed)
    beta = fit.estimate.reshape(len(given.n), -1)
    covariance = fit.covariance.reshape(len(given.n), *fit.covariance.shape[-2:])
    risk, jacobian = _risks(given, one, zero, beta)
    count = given.n * given.weights
    total = np.where(count.sum(-1) > 0, count.sum(-1), np.nan)[:, None, None]
    eta = (given.design @ beta[..., None])[..., 0]
    pull = (given.design @ covariance) @ jacobian.swapaxes(1, 2)
    own = np.stack([_fitted(design, beta) for design in (one, zero)], axis=-1) - risk[:, None]
    with_event = given.weights[..., None] * (own / total + pull * expit(-eta)[..., None])
    without = given.weights[..., None] * (own / total - pull * expit(eta)[..., None])
    some, others = given.events[..., None], (given.n - given.events)[..., None]
    note = np.reshape(fit.note, len(given.n))
    if cluster is None:
        spread = with_event.swapaxes(1, 2) @ (some * with_event) + without.swapaxes(1, 2) @ (others * without)
    else:
        number, clusters = check_cluster(cluster, given)
        sums = summed_within(some * with_event + others * without, number, clusters)
        spread = sums.swapaxes(1, 2) @ sums
        present = (summed_within(given.n[..., None], number, clusters)[..., 0] > 0).sum(-1)
        spread *= cr1_factor(present)[:, None, None]
        spread[present < 2] = np.nan
        note = np.where((note == "") & (present < 2), ONE_CLUSTER, note)
    return _answer(risk, spread, note, given.lead, level)


def standardised_known(
    n: ArrayLike,
    exposed: ArrayLike,
    unexposed: ArrayLike,
    estimate: ArrayLike,
    covariance: ArrayLike,
    level: float = 0.95,
) -> Standardised:
    r"""Standardised risks from coefficients and their covariance, the patients being **all** those meant.

    .. math:: \mathrm{cov}(r_1, r_0) = J V J^T, \qquad J_k = \frac{\sum_r n_r m_{kr} (1 - m_{kr})\, x_{kr}}{\sum_r n_r}

    For coefficients of any logistic regression: Firth's, pooled ones, or with a robust covariance.

    Parameters
    ----------
    n
        Patients (or weights) of each row, the standard population, numbers of 0 and above, shape (..., R).
    exposed, unexposed
        The design of each row with the exposure set, shape (..., R, P).
    estimate, covariance
        Coefficients (..., P) and their covariance (..., P, P).
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Standardised, the leading shapes broadcast.

    Raises
    ------
    ValueError
        If designs are not finite or differ in shape, counts are negative, or `level` is not between 0 and 1.

    Assumes
    -------
    As in `standardised`; the distribution of the covariates is known, so that only the coefficients are uncertain.

    References
    ----------
    robinscausal1986, greenland1991

    Examples
    --------
    >>> fit = logistic([[1, 0], [1, 1]], [10, 30], [50, 60])
    >>> answer = standardised_known([50, 60], [[1, 1]] * 2, [[1, 0]] * 2, fit.estimate, fit.covariance)
    >>> print(f"{answer.ratio.estimate:.3f} ({answer.ratio.low:.3f} to {answer.ratio.high:.3f})")
    2.500 (1.359 to 4.598)
    """
    given = check_rows(exposed, np.zeros_like(np.asarray(n, dtype=np.float64)), n, whole=False)
    beta, spread = np.asarray(estimate, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    lead = np.broadcast_shapes(given.lead, beta.shape[:-1], spread.shape[:-2])
    groups, size = int(np.prod(lead)), given.design.shape[-1]
    wide = check_rows(np.broadcast_to(exposed, (*lead, *given.design.shape[1:])), 0.0 * np.asarray(n), n, whole=False)
    one, zero = _designs(wide, exposed, unexposed)
    beta = np.broadcast_to(beta, (*lead, size)).reshape(groups, size)
    risk, jacobian = _risks(wide, one, zero, beta)
    spread = np.broadcast_to(spread, (*lead, size, size)).reshape(groups, size, size)
    note = np.where(np.isnan(beta).any(-1), NO_COEFFICIENTS, "")
    return _answer(risk, jacobian @ spread @ jacobian.swapaxes(1, 2), note, lead, level)


def _designs(given: Rows, exposed: ArrayLike, unexposed: ArrayLike) -> tuple[Array, Array]:
    """The two designs (G, R, P), checked."""
    shape = given.design.shape
    found = []
    for name, design in (("exposed", exposed), ("unexposed", unexposed)):
        array = np.asarray(design, dtype=np.float64)
        if array.shape[-2:] != shape[1:]:
            raise ValueError(f"{name} needs {shape[1]} rows and {shape[2]} columns; got shape {array.shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite numbers")
        found.append(np.broadcast_to(array, (*given.lead, *shape[1:])).reshape(shape))
    return found[0], found[1]


def _fitted(design: Array, beta: Array) -> Array:
    return np.asarray(expit((design @ beta[..., None])[..., 0]))


def _risks(given: Rows, one: Array, zero: Array, beta: Array) -> tuple[Array, Array]:
    """Standardised risks (G, 2) and their derivatives by the coefficients (G, 2, P)."""
    count = given.n * given.weights
    share = count / np.where(count.sum(-1) > 0, count.sum(-1), np.nan)[:, None]
    risk, slope = [], []
    for design in (one, zero):
        mu = _fitted(design, beta)
        risk.append((share * mu).sum(-1))
        slope.append(((share * mu * (1.0 - mu))[:, None] @ design)[:, 0])
    return np.stack(risk, axis=-1), np.stack(slope, axis=1)


def _answer(risk: Array, spread: Array, note: NDArray[np.str_], lead: tuple[int, ...], level: float) -> Standardised:
    """Risks and contrasts with their delta-method errors, each on its own scale."""
    check_level(level)
    one, zero = risk.T
    logits = np.stack([one * (1.0 - one), zero * (1.0 - zero)], axis=-1)
    scales = (
        (logit(one), expit, [1.0, 0.0], logits, np.array([1.0, 0.0])),
        (logit(zero), expit, [0.0, 1.0], logits, np.array([0.0, 1.0])),
        (one - zero, np.asarray, [1.0, -1.0], np.ones_like(risk), None),
        (np.log(one / zero), np.exp, [1.0, -1.0], risk, None),
        (logit(one) - logit(zero), np.exp, [1.0, -1.0], logits, None),
    )
    z, parts = normal_quantile(level), []
    for centre, scale, signs, below, plain in scales:
        way = np.array(signs) / below
        error = np.sqrt(np.einsum("gi,gij,gj->g", way, spread, way))
        shown = error if plain is None else np.sqrt(np.einsum("i,gij,j->g", plain, spread, plain))
        fields = (scale(centre), shown, scale(centre - z * error), scale(centre + z * error))
        parts.append(Estimated(*(np.asarray(field).reshape(lead)[()] for field in fields)))
    return Standardised._make([*parts, np.asarray(note).reshape(lead)[()]])
