"""Do groups differ in their time to an event? The log-rank test, stratified, weighted, and for trend.

Notation: d_g(t) events and Y_g(t) at risk in group g, d and Y of all groups together, at one time of one stratum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, ndtr

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.risk_table import RiskTable

NOTHING = "no event in any group"
NOTHING_TO_COMPARE = "never two groups at risk when an event happened"
SOME_LEFT_OUT = "a group was never at risk when an event happened, or only alone: it has no part in the test"

_RANK = 1e-10


class GroupTest(NamedTuple):
    """Observed and expected (..., G), variance of their difference (..., G, G), chi-squared, degrees, p, note."""

    observed: Array
    expected: Array
    variance: Array
    statistic: Array
    degrees: Array
    p_value: Array
    note: NDArray[np.str_]


class TrendTest(NamedTuple):
    """Standard normal statistic (above 0: more events than expected at high scores), two-sided p, note."""

    statistic: Array
    p_value: Array
    note: NDArray[np.str_]


def log_rank(table: RiskTable, rho: float = 0.0, cause: int | None = None, stratified: bool = False) -> GroupTest:
    r"""Log-rank test of equal hazards in G groups, with Fleming-Harrington weights and the hypergeometric variance.

    .. math:: U_g = \sum_t W(t) \left( d_g - d \frac{Y_g}{Y} \right), \qquad
              V_{gh} = \sum_t W(t)^2\, d\, \frac{Y - d}{Y - 1} \frac{Y_g}{Y} \left( 1(g = h) - \frac{Y_h}{Y} \right)

    with :math:`W(t) = \hat S(t-)^\rho` of all groups together, and :math:`U' V^- U` chi-squared with as many degrees
    as V has rank: G - 1 where all groups are compared. Over strata U and V are summed, W is each stratum's own. Late
    entry needs nothing more: Y counts who is at risk.

    Parameters
    ----------
    table
        A risk table with the groups on the last leading axis, (..., G, T); with `stratified` the strata before them,
        (..., H, G, T). Axes before are replicates.
    rho
        0 the log-rank test, 1 the Peto-Peto test: early differences weigh more.
    cause
        Number of the cause (1, 2, ...), the others being censored: the cause-specific hazards; None takes all events.
    stratified
        Whether the axis before the groups is strata.

    Returns
    -------
    GroupTest; observed and expected weighted with W. NaN with a note where nothing can be compared.

    Raises
    ------
    ValueError
        If there are fewer than two groups, no axis for strata, or no such cause.

    Assumes
    -------
    Censoring and late entry tell nothing about the event, within groups and strata. The test is valid whatever the
    hazards, and powerful where their ratio is constant (rho = 0). Weights in the table are numbers of patients, not
    sampling weights.

    References
    ----------
    mantel1966, peto1972, harrington1982

    Examples
    --------
    Two groups of three; at 1, 6 and 9 events of 1, 2 and 1 among 6, 4 and 1:

    >>> from sarcoid_epi.stats.risk_table import risk_table
    >>> table = risk_table([9, 1, 1, 6, 6, 8], [1, 1, 0, 1, 1, 0], group=[0, 1, 1, 1, 0, 0])
    >>> answer = log_rank(table)
    >>> print(answer.observed, answer.expected, f"{answer.statistic:.4f}")
    [2. 2.] [3. 1.] 2.0000
    """
    difference, observed, variance = _scores(table, rho, cause, stratified)
    statistic, degrees, note = quadratic_form(difference, variance, observed)
    with np.errstate(invalid="ignore"):
        p_value = np.asarray(chdtrc(degrees, statistic))
    return GroupTest(observed, observed - difference, variance, statistic[()], degrees[()], p_value[()], note[()])


def log_rank_trend(
    table: RiskTable, scores: ArrayLike, rho: float = 0.0, cause: int | None = None, stratified: bool = False
) -> TrendTest:
    r"""Log-rank test for trend over ordered groups (Tarone).

    .. math:: z = \frac{\sum_g s_g U_g}{\sqrt{s' V s}}

    with U and V of `log_rank` and s_g the score of group g.

    Parameters
    ----------
    table, rho, cause, stratified
        As for `log_rank`.
    scores
        One for each group, shape (G,), such as 0, 1, 2, 3 for the stages.

    Returns
    -------
    TrendTest of the shape of the replicates; NaN with a note where the scores of those compared do not differ.

    Raises
    ------
    ValueError
        As `log_rank`, or if there is not one score for each group.

    Assumes
    -------
    As `log_rank`; powerful where the log hazard is linear in the score.

    References
    ----------
    tarone1975

    Examples
    --------
    With two groups it is the root of the log-rank statistic:

    >>> from sarcoid_epi.stats.risk_table import risk_table
    >>> table = risk_table([9, 1, 1, 6, 6, 8], [1, 1, 0, 1, 1, 0], group=[0, 1, 1, 1, 0, 0])
    >>> print(f"{log_rank_trend(table, [0, 1]).statistic ** 2:.4f}")
    2.0000
    """
    difference, observed, variance = _scores(table, rho, cause, stratified)
    score = np.asarray(scores, dtype=np.float64)
    if score.shape != difference.shape[-1:] or not np.isfinite(score).all():
        raise ValueError(f"scores must be {difference.shape[-1]} numbers, one for each group")
    spread = np.einsum("g,...gh,h->...", score, variance, score)
    size = np.einsum("...gg,g->...", variance, (score - score.mean()) ** 2)
    usable = spread > _RANK * np.maximum(size, np.finfo(np.float64).tiny)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(usable, difference @ score / np.sqrt(spread), np.nan)
    p_value = 2.0 * ndtr(-np.abs(statistic))
    note = np.select([observed.sum(-1) == 0, ~usable], [NOTHING, NOTHING_TO_COMPARE], "")
    return TrendTest(statistic[()], p_value[()], note[()])


def quadratic_form(difference: Array, variance: Array, observed: Array) -> tuple[Array, Array, NDArray[np.str_]]:
    """Chi-squared statistic U' V^- U with its rank, for scores that add up to 0; the note says what was left out.

    Parameters
    ----------
    difference
        U, shape (..., G).
    variance
        V, shape (..., G, G).
    observed
        Events by group, shape (..., G).

    Returns
    -------
    Statistic, degrees and note, each of shape (...); NaN where V is 0.

    Assumes
    -------
    U is close to normal with mean 0 and variance V.

    References
    ----------
    mantel1966

    Examples
    --------
    >>> unlike = np.array([[2.0, -2.0], [-2.0, 2.0]])
    >>> statistic, degrees, note = quadratic_form(np.array([1.0, -1.0]), unlike, np.array([3.0, 2.0]))
    >>> print(f"{statistic:.2f} {degrees:.0f}")
    0.50 1
    """
    values, vectors = np.linalg.eigh(np.where(np.isfinite(variance), variance, 0.0))
    used = values > _RANK * np.maximum(np.abs(values).max(-1, keepdims=True), np.finfo(np.float64).tiny)
    along = np.einsum("...gk,...g->...k", vectors, difference)
    parts = np.where(used, along**2 / np.where(used, values, 1.0), 0.0)
    degrees = used.sum(-1).astype(np.float64)
    unknown = (degrees == 0) | ~np.isfinite(variance).all((-2, -1))
    note = np.select(
        [observed.sum(-1) == 0, unknown, degrees < difference.shape[-1] - 1],
        [NOTHING, NOTHING_TO_COMPARE, SOME_LEFT_OUT],
        "",
    )
    return np.where(unknown, np.nan, parts.sum(-1)), np.where(unknown, np.nan, degrees), note


def events_of(table: RiskTable, cause: int | None) -> Array:
    """Events of one cause by its number, or of all: shape (..., T).

    Parameters
    ----------
    table
        A risk table.
    cause
        1, 2, ..., or None for all.

    Returns
    -------
    Array of shape (..., T).

    Raises
    ------
    ValueError
        If there is no such cause.

    Assumes
    -------
    Nothing.

    References
    ----------
    mantel1966

    Examples
    --------
    >>> from sarcoid_epi.stats.risk_table import risk_table
    >>> print(events_of(risk_table([1, 2], [1, 2]), 2))
    [0. 1.]
    """
    if cause is None:
        return np.asarray(table.events.sum(-2))
    if not 1 <= cause <= table.events.shape[-2]:
        raise ValueError(f"cause must be 1 to {table.events.shape[-2]}; got {cause}")
    return np.asarray(table.events[..., cause - 1, :])


def _scores(table: RiskTable, rho: float, cause: int | None, stratified: bool) -> tuple[Array, Array, Array]:
    """Observed minus expected, observed, and the variance, summed over strata."""
    axes = 3 if stratified else 2
    if table.at_risk.ndim < axes or table.at_risk.shape[-2] < 2:
        raise ValueError(f"table must have {'strata and ' if stratified else ''}at least two groups on leading axes")
    events = events_of(table, cause)
    total, at_risk = events.sum(-2), table.at_risk.sum(-2)
    happened = total > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(happened[..., None, :], table.at_risk / at_risk[..., None, :], 0.0)
        hazard = np.where(happened, total / at_risk, 0.0)
        spread = np.where(happened & (at_risk > 1), total * (at_risk - total) / (at_risk - 1.0), 0.0)
    weight = _weight(hazard, rho)
    observed = (weight[..., None, :] * events).sum(-1)
    difference = observed - (share @ (weight * total)[..., None])[..., 0]
    spread = spread * weight**2
    within = (share @ spread[..., None])[..., 0]
    variance = within[..., None] * np.eye(share.shape[-2]) - (share * spread[..., None, :]) @ share.swapaxes(-1, -2)
    if stratified:
        difference, observed, variance = difference.sum(-2), observed.sum(-2), variance.sum(-3)
    return difference, observed, variance


def _weight(hazard: Array, rho: float) -> Array:
    """S(t-) to the power rho, of all groups together."""
    if rho == 0:
        return np.ones_like(hazard)
    survival = np.cumprod(1.0 - hazard, axis=-1)
    before = np.concatenate([np.ones((*survival.shape[:-1], 1)), survival[..., :-1]], axis=-1)
    return np.asarray(before**rho)
