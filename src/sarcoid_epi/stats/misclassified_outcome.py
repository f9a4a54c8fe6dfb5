r"""Logistic regression of an outcome that is seen with error, when the chances of error are known or drawn.

Notation as in `logistic`, with pi_r the chance that a patient of row r truly has the outcome, p_r that it is seen, Se_r
and Sp_r the chances that it is seen in those who have it, and not seen in those who have it not. One design serves many
draws: draws stand on the leading axes of events, sensitivity and specificity, and share rows and patients.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from scipy.stats import binom

from sarcoid_epi.stats.draws import check_uniforms
from sarcoid_epi.stats.interval import Array, check_counts, check_level, check_share
from sarcoid_epi.stats.likelihood_search import Fit, chosen, climbed, joined, with_wald_limits
from sarcoid_epi.stats.newton import Ascent, Groups
from sarcoid_epi.stats.rows import check_rows, design_note, orthonormal

CHANCE = "sensitivity and specificity add up to one or less: what is seen says nothing of what is"
NO_MAXIMUM = (
    "no finite maximum of the likelihood: what explains the outcome separates it, or no true share fits what is seen "
    "(see separation, and the penalty)"
)

_MOST_STEPS = 100
_BLOCK = 2**17  # numbers handled at once: what stays in the processor's cache
_LEAST_CURVED = 0.01
_TINY = 1e-300  # a chance that rounding has made 0


def misclassified_logistic(
    rows: ArrayLike,
    events: ArrayLike,
    n: ArrayLike,
    sensitivity: ArrayLike,
    specificity: ArrayLike,
    level: float = 0.95,
    penalised: bool = False,
) -> Fit:
    r"""Log odds ratios of the true outcome, by the likelihood of what is seen (Magder and Hughes).

    .. math:: p_r = (1 - Sp_r) (1 - \pi_r) + Se_r \pi_r, \qquad \mathrm{logit}\, \pi_r = x_r^T \beta, \qquad
              \ell = \sum_r y_r \log p_r + (n_r - y_r) \log(1 - p_r), \qquad
              V = \Big( \sum_r \frac{n_r p_r'^2}{p_r (1 - p_r)}\, x_r x_r^T \Big)^{-1}, \qquad
              p_r' = (Se_r + Sp_r - 1)\, \pi_r (1 - \pi_r)

    Penalised, it is :math:`\ell - \frac12 \log \det V` that is greatest (Jeffreys' prior), finite for any counts.
    Without error this is `logistic`, or penalised `firth`.

    Parameters
    ----------
    rows
        One design matrix for all draws, shape (R, P), the constant among the columns; finite numbers.
    events
        Patients of each row in whom the outcome is seen, whole numbers, shape (..., R).
    n
        Patients of each row, whole numbers, shape (R,).
    sensitivity, specificity
        Chances in [0, 1], shape (..., R), or (..., 1) where all rows share them.
    level
        Confidence level, between 0 and 1.
    penalised
        Whether to add the penalty.

    Returns
    -------
    Fit, of the leading shape of events and chances; NaN with a note where there is no finite maximum (without penalty:
    where fewer are seen than false ones alone would be, too), or where Se + Sp <= 1 in a row that has patients.

    Raises
    ------
    ValueError
        If rows are not finite, counts are not whole numbers with 0 <= events <= n, chances lie outside [0, 1], shapes
        do not fit, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients; the log odds of the true outcome are linear in the columns; whether one is seen rightly
    depends on the true outcome and the row alone, with the chances given.

    References
    ----------
    magder1997, kosmidis2021

    Examples
    --------
    Half of those with the outcome are seen, and nobody else: 10 of 100 and 20 of 100 are truly 20 and 40.

    >>> fit = misclassified_logistic([[1, 0], [1, 1]], [10, 20], [100, 100], 0.5, 1.0)
    >>> print(f"{np.exp(fit.estimate[1]):.4f} {(40 / 60) / (20 / 80):.4f}")
    2.6667 2.6667
    """
    check_level(level)
    if np.ndim(rows) != 2 or np.ndim(n) != 1:
        raise ValueError(f"one design serves all draws: rows need shape (R, P), n (R,); got {np.shape(rows)}")
    given = check_rows(rows, np.zeros(np.shape(n)), n)
    y, se, sp, lead = _draws(events, sensitivity, specificity, given.n[0])
    basis = orthonormal(given.design, given.n)
    note = np.repeat(design_note(basis.aliased, given.n), len(y)).astype(object)
    hopeless = ((se + sp <= 1) & (given.n[0] > 0)).any(axis=-1)
    note[(note == "") & hopeless] = CHANCE
    columns, back = basis.columns[0], basis.back[0]
    found = _climbed(columns, given.n[0], y, se, sp, note.astype(str), penalised)
    note = np.where((note == "") & ~found.converged, NO_MAXIMUM, note).astype(str)
    at = np.where((note == "")[:, None], found.at, np.nan)
    covariance = np.where((note == "")[:, None, None], back @ found.inverse @ back.T, np.nan)
    # The determinant is wanted in the coordinates of the coefficients, not of the basis.
    value = found.value - (np.linalg.slogdet(back)[1] if penalised else 0.0)
    parts = [with_wald_limits(at @ back.T, covariance, value, note, level)]
    return Fit._make(joined(field, lead) for field in zip(*parts, strict=True))


def reassigned(
    rows: ArrayLike,
    events: ArrayLike,
    n: ArrayLike,
    coefficients: ArrayLike,
    sensitivity: ArrayLike,
    specificity: ArrayLike,
    uniforms: ArrayLike,
) -> Array:
    r"""True outcomes of records, drawn anew by what a model says of each row and what is seen (record-level analysis).

    .. math:: PPV_r = \frac{Se_r \pi_r}{p_r}, \qquad M_r = \frac{(1 - Se_r)\, \pi_r}{1 - p_r}, \qquad
              \mathrm{Bin}(y_r, PPV_r) + \mathrm{Bin}(n_r - y_r, M_r)

    Parameters
    ----------
    rows, events, n, sensitivity, specificity
        As in `misclassified_logistic`.
    coefficients
        beta of each draw, shape (..., P): drawn about the estimate, so that outcomes are proper imputations.
    uniforms
        In (0, 1), shape (..., 2, R): for those in whom the outcome is seen and for the others.

    Returns
    -------
    Patients with the outcome, shape (..., R); NaN where the coefficients are.

    Raises
    ------
    ValueError
        As `misclassified_logistic`; or if a uniform is not inside (0, 1).

    Assumes
    -------
    As `misclassified_logistic`.

    References
    ----------
    fox2005, fox2021, lyles2010

    Examples
    --------
    Half are missed and none is false: all 10 who are seen have it, and of the 90 others a ninth, if a fifth has it.

    >>> print(reassigned([[1.0]], [10], [100], [np.log(0.25)], 0.5, 1.0, [[0.5], [0.5]]))
    [20.]
    """
    x, m, y = (np.asarray(part, dtype=np.float64) for part in (rows, n, events))
    right, missed = expected_given(np.asarray(coefficients) @ x.T, sensitivity, specificity)
    u = check_uniforms(uniforms)
    return np.asarray(binom.ppf(u[..., 0, :], y, right) + binom.ppf(u[..., 1, :], m - y, missed))


def expected_given(predictor: ArrayLike, sensitivity: ArrayLike, specificity: ArrayLike) -> tuple[Array, Array]:
    r"""Chance of the true outcome in whom it is seen, and in whom it is not: PPV and M of `reassigned`.

    Parameters
    ----------
    predictor
        Log odds of the true outcome, any shape.
    sensitivity, specificity
        Chances in [0, 1], of shapes that broadcast.

    Returns
    -------
    Two chances, of the broadcast shape; 0 where nobody could be seen so.

    Assumes
    -------
    The chances of error hold for whoever has these log odds.

    References
    ----------
    lyles2010

    Examples
    --------
    >>> print("{:.3f} {:.3f}".format(*expected_given(np.log(0.25), 0.5, 0.9)))
    0.556 0.122
    """
    eta = np.asarray(predictor, dtype=np.float64)
    se, sp = check_share(sensitivity, "sensitivity"), check_share(specificity, "specificity")
    true, false = expit(eta), expit(-eta)
    with np.errstate(invalid="ignore", divide="ignore"):
        seen, unseen = se * true + (1 - sp) * false, (1 - se) * true + sp * false
        right = np.where(seen == 0, 0.0, se * true / seen)
        missed = np.where(unseen == 0, 0.0, (1 - se) * true / unseen)
    return right[()], missed[()]


def _draws(
    events: ArrayLike, sensitivity: ArrayLike, specificity: ArrayLike, n: Array
) -> tuple[Array, Array, Array, tuple[int, ...]]:
    """Events and chances with their draws on one axis, (D, R) or (D, 1), and the shape that the draws had."""
    named = ((sensitivity, "sensitivity"), (specificity, "specificity"))
    chances = [np.atleast_1d(check_share(value, name)) for value, name in named]
    seen = np.atleast_1d(check_counts(events, n)[0])
    lead = np.broadcast_shapes(*(part.shape[:-1] for part in (seen, *chances)))
    y, se, sp = (
        np.broadcast_to(part, (*lead, part.shape[-1])).reshape(-1, part.shape[-1]) for part in (seen, *chances)
    )
    np.broadcast_shapes(se.shape, sp.shape, y.shape)  # refuses chances for other rows
    return y, se, sp, lead


def _climbed(
    columns: Array, n: Array, y: Array, se: Array, sp: Array, note: NDArray[np.str_], penalised: bool
) -> Ascent:
    """Every draw's maximum, in blocks, with the inverse of its expected information."""
    seen = (y.sum(axis=-1) + 0.5) / (n.sum() + 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        true = np.clip((seen + sp.mean(axis=-1) - 1.0) / (se.mean(axis=-1) + sp.mean(axis=-1) - 1.0), 0.001, 0.99)
    start = (columns @ n / max(n.sum(), 1.0)) * np.log(true / (1.0 - true))[:, None]
    many, parts = max(1, _BLOCK // max(n.size, 1)), []
    for cut in (slice(at, at + many) for at in range(0, max(len(y), 1), many)):
        function = _function(columns, n, y[cut], se[cut], sp[cut], penalised)
        part = climbed(function, start[cut], note[cut], _MOST_STEPS)
        fine = np.flatnonzero(part.converged)
        part.inverse[fine] = np.linalg.inv(function(fine, part.at[fine], True)[2])
        parts.append(part)
    return Ascent(*(np.concatenate(fields) for fields in zip(*parts, strict=True)))


class _Function(Protocol):
    """As `newton.Function`; asked for it, with the expected information in place of what leads uphill fastest."""

    def __call__(self, groups: Groups, gamma: Array, expected: bool = False) -> tuple[Array, Array, Array]: ...


def _function(columns: Array, n: Array, y: Array, se: Array, sp: Array, penalised: bool) -> _Function:
    """Log-likelihood, score and information of draws at coordinates, for `newton.ascend`.

    The information is minus the second derivative where that is positive definite, else the expected one.
    """
    size = len(columns)
    pairs = (columns[:, None] * columns).reshape(size * size, -1)

    def squares(weight: Array) -> Array:
        return np.asarray((weight @ pairs.T).reshape(-1, size, size))

    def function(groups: Groups, gamma: Array, expected: bool = False) -> tuple[Array, Array, Array]:
        some, right, clear = chosen(groups, y, se, sp)
        eta = gamma @ columns
        up, down = expit(eta), expit(-eta)
        seen = np.maximum(right * up + (1.0 - clear) * down, _TINY)
        unseen = np.maximum((1.0 - right) * up + clear * down, _TINY)
        others, slope = n - some, (right + clear - 1.0) * up * down
        value = (some * np.log(seen) + others * np.log(unseen)).sum(axis=-1)
        a, b, bend = slope / seen, slope / unseen, down - up
        score, weight = some * a - others * b, n * a * b
        curve = some * a**2 + others * b**2 - score * bend
        information = squares(weight)
        if not penalised:
            return value, score @ columns.T, information if expected else _uphill(squares(curve), information)
        inverse, half_log = _inverted(information)
        leverage = weight * (inverse.reshape(-1, size * size) @ pairs)
        change = 2.0 * bend + b - a  # of the logarithm of the weight with the linear predictor
        gradient = (score + leverage * change / 2.0) @ columns.T
        if expected:
            return value + half_log, gradient, information
        turn = (b - a) * bend + a**2 + b**2 - 4.0 * up * down
        curved = squares(curve - leverage * (turn + change**2) / 2.0)
        # Half of tr(V I_s V I_t), I_s the derivative of the information by the coordinate s and V its inverse.
        bent = np.stack([squares(weight * change * column) for column in columns], axis=1)
        turned = inverse[:, None] @ bent
        sides = turned.reshape(-1, size, size * size), turned.swapaxes(2, 3).reshape(-1, size, size * size)
        curved = curved + sides[0] @ sides[1].swapaxes(1, 2) / 2.0
        return value + half_log, gradient, _uphill(curved, information)

    return function


def _uphill(curved: Array, information: Array) -> Array:
    """The curvature where it is positive definite, else the information."""
    concave = np.linalg.eigvalsh(curved)[:, 0] > _LEAST_CURVED * np.linalg.eigvalsh(information)[:, 0]
    return np.where(concave[:, None, None], curved, information)


def _inverted(information: Array) -> tuple[Array, Array]:
    """Inverse and half the log determinant; minus infinity where there is none."""
    sign, log = np.linalg.slogdet(information)
    singular = (sign <= 0) | ~np.isfinite(log)
    inverse = np.linalg.inv(np.where(singular[:, None, None], np.eye(information.shape[-1]), information))
    return inverse, np.where(singular, -np.inf, log / 2.0)
