r"""A regression among selected patients, weighted by how likely each was to be selected.

Notation: v_r what selection turns on in row r, s_r whether its patients were selected, p_r their chance of it; x_r the
covariates of the outcome's regression, y the outcome, :math:`\mu_r` its mean.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from sarcoid_epi.stats.interval import Array, check_level, normal_quantile
from sarcoid_epi.stats.likelihood_search import NO_MAXIMUM
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.poisson import modified_poisson
from sarcoid_epi.stats.rows import NO_PATIENTS, Rows, check_cluster, check_rows, orthonormal, summed_within
from sarcoid_epi.stats.sandwich import ONE_CLUSTER, cr1_factor

NO_SELECTION = "in some kind of patient all are selected, or none: the model of selection has no finite maximum"
NOBODY_SELECTED = "nobody is selected"


class AmongSelected(NamedTuple):
    """Coefficients of the weighted regression, and what the weights are like; G of the leading shape.

    Attributes
    ----------
    estimate, std_error, low, high
        Logarithms of ratios with errors that know the weights to be estimated, and Wald limits, (G, P).
    covariance
        Of the coefficients, (G, P, P).
    known_error
        Standard errors if the weights were known, (G, P).
    weights
        Stabilised weight of a patient of each row; 0 where nobody is in the regression, (G, R).
    effective, greatest
        How many unweighted patients the weighted are worth (Kish), and the greatest weight, (G,).
    note
        Empty, or why there is no number, (G,).
    """

    estimate: Array
    std_error: Array
    low: Array
    high: Array
    covariance: Array
    known_error: Array
    weights: Array
    effective: Array
    greatest: Array
    note: NDArray[np.str_]


def weighted_among_selected(
    selection_rows: ArrayLike,
    selected: ArrayLike,
    certain: ArrayLike,
    rows: ArrayLike,
    events: ArrayLike,
    n: ArrayLike,
    used: ArrayLike,
    link: Literal["logit", "log"] = "logit",
    level: float = 0.95,
    cluster: ArrayLike | None = None,
) -> AmongSelected:
    r"""A regression weighted by the inverse of an estimated chance of selection, by stacked estimating equations.

    .. math:: \sum_i (s_i - p_i) v_i = 0, \quad \mathrm{logit}\, p_i = v_i^T \alpha, \qquad
              \sum_i s_i w_i (y_i - \mu_i) x_i = 0, \quad w_i = \bar s / p_i

    .. math:: \phi_i = A_{\beta\beta}^{-1} \left[ s_i w_i (y_i - \mu_i) x_i
              - A_{\beta\alpha} A_{\alpha\alpha}^{-1} (s_i - p_i) v_i \right], \qquad
              \mathrm{cov}(\hat\beta) = \sum_i \phi_i \phi_i^T

    with A the derivatives of the sums, :math:`A_{\alpha\alpha} = \sum p_i(1 - p_i) v_i v_i^T`,
    :math:`A_{\beta\alpha} = \sum s_i w_i (1 - p_i)(y_i - \mu_i) x_i v_i^T`. The share :math:`\bar s` of the selected
    stabilises the weights and changes no coefficient. With the weights taken as known :math:`A_{\beta\alpha}` is 0;
    that is usually wider, for chances that are estimated even out what was uneven by chance.

    Parameters
    ----------
    selection_rows
        Design of the model of selection, shape (..., R, Q), its constant among the columns.
    selected
        1 where the patients of a row are selected, 0 where not, shape (..., R).
    certain
        A chance of selection that is known, 0 or 1, for rows that its model leaves out; NaN for the others.
    rows
        Design of the regression of the outcome, shape (..., R, P).
    events, n
        Patients of each row with the outcome, and all its patients; whole numbers, shape (..., R).
    used
        1 where the patients of a row are in the regression of the outcome: selected, and with everything known.
    link
        "logit" for log odds ratios, "log" for log ratios of shares.
    level
        Confidence level, between 0 and 1.
    cluster
        A label for the cluster of each row, shape (..., R): influences are added up within it, factor c / (c - 1).

    Returns
    -------
    AmongSelected, the leading shapes broadcast. NaN where nobody is selected, a chance goes to 0 or 1, or the weighted
    regression has no finite estimate.

    Raises
    ------
    ValueError
        If designs or counts are broken (see `logistic.logistic`), somebody is used and not selected, or `level` is not
        between 0 and 1.

    Assumes
    -------
    Given what selection turns on, selection tells nothing further of outcome and covariates; every kind of patient may
    be selected; the model of selection is right; patients, or clusters, are independent.

    References
    ----------
    robins1994, stefanski2002, kish1965

    Examples
    --------
    Of 100 old patients 20 are selected, of 100 young ones 80; among each the outcome goes with the exposure 4 to 1.

    >>> v = [[1, 0], [1, 0], [1, 0], [1, 1], [1, 1], [1, 1]]
    >>> x = [[1, 0], [1, 1], [1, 0], [1, 0], [1, 1], [1, 0]]
    >>> s = [1, 1, 0, 1, 1, 0]
    >>> found = weighted_among_selected(v, s, [np.nan] * 6, x, [4, 8, 0, 8, 20, 0], [10, 10, 80, 40, 40, 20], s)
    >>> print(found.weights.round(3), round(float(found.effective), 1), round(float(found.greatest), 2))
    [2.5   2.5   0.    0.625 0.625 0.   ] 64.0 2.5
    """
    check_level(level)
    chances = check_rows(selection_rows, np.zeros(np.shape(n)), n)
    given = check_rows(rows, events, n)
    shape = (*np.broadcast_shapes(chances.lead, given.lead), given.n.shape[1])
    flat = (int(np.prod(shape[:-1])), shape[-1])
    if chances.design.shape[:2] != given.design.shape[:2]:
        raise ValueError("selection_rows and rows must be of the same patients")
    s, inside, known = (
        np.broadcast_to(np.asarray(part, dtype=np.float64), shape).reshape(flat) for part in (selected, used, certain)
    )
    if (inside > s).any():
        raise ValueError("whoever is used must be selected")
    uncertain = np.where(np.isnan(known), chances.n, 0.0)
    chance, alpha_note = _chances(chances.design, s, uncertain, known)
    among = np.where(known == 0, 0.0, chances.n)
    people = inside * given.n
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (among * s).sum(-1) / among.sum(-1)
        weights = np.where(people > 0, share[:, None] / chance, 0.0)
    fine = np.isfinite(weights).all(-1)
    weights[~fine] = 0.0
    beta, note = _coefficients(given.design, given.events * inside, people, weights, link)
    empty = people.sum(-1) == 0
    nobody = chances.n.sum(-1) == 0
    note = np.select(
        [nobody, empty, alpha_note != ""], [NO_PATIENTS, NOBODY_SELECTED, alpha_note], note.astype(object)
    ).astype(str)
    parts = Rows(given.design, given.events * inside, people, weights, given.lead)
    number, clusters = (None, 0) if cluster is None else check_cluster(cluster, given)
    stacked, plain = _covariances(parts, chances.design, s, uncertain, chance, beta, link, number, clusters)
    if number is not None:
        units = (summed_within(chances.n[..., None], number, clusters)[..., 0] > 0).sum(-1)
        stacked, plain = (part * cr1_factor(units)[:, None, None] for part in (stacked, plain))
        note = np.where((note == "") & (units < 2), ONE_CLUSTER, note)
    broken = note != ""
    beta[broken], stacked[broken], plain[broken] = np.nan, np.nan, np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        error, known_error = (np.sqrt(np.diagonal(part, axis1=1, axis2=2)) for part in (stacked, plain))
        effective = (weights * people).sum(-1) ** 2 / (weights**2 * people).sum(-1)
    greatest = np.where(weights.max(-1, initial=0.0) > 0, weights.max(-1, initial=0.0), np.nan)
    reach = normal_quantile(level) * error
    fields = beta, error, beta - reach, beta + reach, stacked, known_error, weights, effective, greatest, note
    return AmongSelected._make(np.reshape(field, shape[:-1] + np.shape(field)[1:])[()] for field in fields)


def _chances(design: Array, selected: Array, n: Array, known: Array) -> tuple[Array, NDArray[np.str_]]:
    """Each row's chance of selection, by a logistic model of rows in which it is not known, and the model's note."""
    chance, note = np.array(known), np.full(len(n), "", dtype=object)
    some = np.flatnonzero(n.sum(-1) > 0)
    fit = logistic(design[some], (selected * n)[some], n[some])
    fitted = expit((design[some] @ fit.estimate[..., None])[..., 0])
    chance[some] = np.where(np.isnan(known[some]), fitted, known[some])
    note[some] = np.where(fit.note == NO_MAXIMUM, NO_SELECTION, fit.note)
    return chance, note.astype(str)


def _coefficients(design: Array, events: Array, n: Array, weights: Array, link: str) -> tuple[Array, NDArray[np.str_]]:
    fit = (logistic if link == "logit" else modified_poisson)(design, events, n, weights=weights)
    return np.array(fit.estimate), np.asarray(fit.note)


def _covariances(
    given: Rows,
    selection: Array,
    selected: Array,
    uncertain: Array,
    chance: Array,
    beta: Array,
    link: str,
    number: NDArray[np.intp] | None,
    clusters: int,
) -> tuple[Array, Array]:
    """The covariance that knows the weights to be estimated, and the one that takes them as known."""
    basis = orthonormal(given.design, given.n * given.weights)
    own = orthonormal(selection, uncertain)
    x, v = basis.columns.swapaxes(1, 2), own.columns.swapaxes(1, 2)
    free = np.where(uncertain > 0, chance, 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        eta = (given.design @ beta[..., None])[..., 0]
        mu = expit(eta) if link == "logit" else np.exp(eta)
        information = given.weights * given.n * mu * (expit(-eta) if link == "logit" else 1.0)
        pull = given.weights * np.where(uncertain > 0, 1.0 - free, 0.0) * (given.events - given.n * mu)
    bread = _inverse(x.swapaxes(1, 2) @ (information[..., None] * x), basis.aliased)
    inner = _inverse(v.swapaxes(1, 2) @ ((uncertain * free * (1.0 - free))[..., None] * v), own.aliased)
    cross = x.swapaxes(1, 2) @ (pull[..., None] * v)
    shift = -(np.where(uncertain > 0, selected - free, 0.0)[..., None] * v) @ (cross @ inner).swapaxes(1, 2)
    outside = np.where(given.n > 0, 0.0, uncertain)
    found = []
    for moved in (shift, np.zeros_like(shift)):
        scores = (
            ((given.weights * (1.0 - mu))[..., None] * x + moved, given.events[..., None]),
            ((-given.weights * mu)[..., None] * x + moved, (given.n - given.events)[..., None]),
            (moved, outside[..., None]),
        )
        if number is None:
            spread = np.sum([score.swapaxes(1, 2) @ (many * score) for score, many in scores], axis=0)
        else:
            sums = summed_within(np.sum([many * score for score, many in scores], axis=0), number, clusters)
            spread = sums.swapaxes(1, 2) @ sums
        half = basis.back @ bread
        found.append(np.asarray(half @ spread @ half.swapaxes(1, 2)))
    return found[0], found[1]


def _inverse(matrices: Array, aliased: NDArray[np.bool_]) -> Array:
    """Inverses; NaN for a matrix that has none. Columns that follow from others are held at 0."""
    held = np.nan_to_num(matrices) + aliased[:, None, :] * np.eye(matrices.shape[-1])
    broken = ~np.isfinite(matrices).all((1, 2)) | (np.linalg.slogdet(held)[0] <= 0)
    whole = np.where(broken[:, None, None], np.eye(matrices.shape[-1]), held)
    return np.where(broken[:, None, None], np.nan, np.linalg.inv(whole))
