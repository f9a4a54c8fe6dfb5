"""Odds ratio of two independent groups given both margins of the table: Fisher's exact test and its limits.

Notation as in `two_samples`; m = x1 + x0 all events, X the events in the group of interest. Given m, X has the
noncentral hypergeometric distribution with odds ratio psi.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln
from scipy.stats import hypergeom

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.odds_ratio import score_odds_ratio
from sarcoid_epi.stats.roots import bracketed_root
from sarcoid_epi.stats.two_samples import (
    ALL_EVENTS,
    ALL_IN_GROUP,
    EMPTY_GROUP,
    NO_EVENT,
    NONE_IN_REFERENCE,
    two_samples,
)

#: Logarithm of the least and the largest odds ratio looked at.
_ENDS = (-100.0, 100.0)
_BLOCK = 250_000  # probabilities handled at once
_TIE = 1e-7  # probabilities that differ by less count as equal in Fisher's p value, as in R


class ExactOddsRatio(NamedTuple):
    """Conditional odds ratio, exact and mid-p limits, and p values; fields of one shape.

    Attributes
    ----------
    estimate
        Conditional maximum-likelihood odds ratio.
    low, high, p_value
        Exact central limits (Fisher, Cornfield) and the p value that goes with them, twice the smaller tail.
    mid_low, mid_high, mid_p_value
        The same with half the probability of the observed table.
    fisher_p_value
        Fisher's two-sided p value as it is customary, the probability of all tables no more likely than the observed.
    note
        Empty, or why there is no number.
    """

    estimate: Array
    low: Array
    high: Array
    p_value: Array
    mid_low: Array
    mid_high: Array
    mid_p_value: Array
    fisher_p_value: Array
    note: NDArray[np.str_]


def exact_odds_ratio(
    events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike, level: float = 0.95
) -> ExactOddsRatio:
    r"""Conditional odds ratio with exact limits, for small tables and where coverage must not be below the level.

    .. math:: P(X = k \mid \psi) \propto \binom{n_1}{k} \binom{n_0}{m - k} \psi^k

    .. math:: E(X \mid \hat\psi) = x_1, \qquad P(X \ge x_1 \mid \psi_{low}) = \alpha/2, \qquad
              P(X \le x_1 \mid \psi_{high}) = \alpha/2

    The mid-p limits count half of P(X = x1). The estimate is nearer to 1 than ad / bc.

    Parameters
    ----------
    events1, n1
        Number with the event, among how many, in the group of interest; whole numbers, any shape.
    events0, n0
        The same in the reference group, broadcast against the former.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    ExactOddsRatio, of the broadcast shape. Where x1 is the least (largest) that the margins allow, estimate and lower
    limits are 0 (estimate and upper limits infinite) and the other limits two-sided. Where nobody or everybody has the
    event the estimate is NaN, the limits are 0 and infinity and the p values 1. NaN where a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, one common probability in each group. The exact limits are wider than needed; the mid-p limits
    have coverage near the level.

    References
    ----------
    fisher1935, cornfield1956, lancaster1961, fagerland2017

    Examples
    --------
    The table 3, 1 over 1, 3 (the lady tasting tea): the authors' program of fagerland2017 prints mid-p limits 0.3101 to
    308.5568, R's `fisher.test` the estimate 6.408309 and P = 0.4857.

    >>> answer = exact_odds_ratio(3, 4, 1, 4)
    >>> print(f"{answer.estimate:.3f} {answer.mid_low:.4f} {answer.mid_high:.4f} {answer.fisher_p_value:.4f}")
    6.408 0.3101 308.5568 0.4857
    """
    x1, m1, x0, m0 = two_samples(events1, n1, events0, n0)
    z = normal_quantile(level)
    shape, flat = x1.shape, [count.ravel() for count in (x1, m1, x0, m0)]
    x1, m1, x0, m0 = flat
    empty, none, everyone = (m1 == 0) | (m0 == 0), x1 + x0 == 0, x1 + x0 == m1 + m0
    solved = np.stack([np.full(x1.size, np.nan), *(np.full(x1.size, end) for end in (0.0, np.inf, 0.0, np.inf))])
    asked = ~(empty | none | everyone)
    solved[:, asked] = np.exp(_solved([count[asked] for count in flat], level, z))
    solved[:, empty] = np.nan
    p_values = [np.where(empty, np.nan, p) for p in _p_values(*flat)]
    infinite = np.isinf(solved[0])
    note = np.select(
        [empty, none, everyone, infinite & (x0 == 0), infinite],
        [EMPTY_GROUP, NO_EVENT, ALL_EVENTS, NONE_IN_REFERENCE, ALL_IN_GROUP],
        "",
    )
    estimate, low, high, mid_low, mid_high = solved
    fields = (estimate, low, high, p_values[0], mid_low, mid_high, p_values[1], p_values[2])
    numbers = tuple(field.reshape(shape)[()] for field in fields)
    return ExactOddsRatio._make((*numbers, note.reshape(shape)[()]))


def _solved(counts: list[Array], level: float, z: float) -> Array:
    """Logarithms of estimate, exact and mid-p limits, shape (5, G), in blocks of tables of like width."""
    x1, m1, x0, m0 = counts
    least, most = np.maximum(0.0, x1 + x0 - m0), np.minimum(m1, x1 + x0)
    with np.errstate(divide="ignore"):
        sd = 1.0 / np.sqrt(1.0 / x1 + 1.0 / (m1 - x1) + 1.0 / x0 + 1.0 / (m0 - x0))
    # Beyond this reach terms are below 1e-16 of the sum at every psi asked for: 8.5 standard deviations at the limits,
    # which are larger than the one here by at most about z/2 + 1, and a margin for the longer tail of few events.
    reach = np.ceil(25.0 + (z + 8.5) * (sd + z / 2.0 + 1.0))
    left, right = np.minimum(x1 - least, reach), np.minimum(most - x1, reach)
    guess = score_odds_ratio(x1, m1, x0, m0, level)
    middle = np.log((x1 + 0.5) * (m0 - x0 + 0.5) / (m1 - x1 + 0.5) / (x0 + 0.5))
    with np.errstate(divide="ignore"):
        guess_low, guess_high = np.log(guess.low), np.log(guess.high)
    answer = np.empty((5, x1.size))
    answer[0] = np.where(x1 == least, -np.inf, np.where(x1 == most, np.inf, 0.0))
    answer[1::2], answer[2::2] = -np.inf, np.inf
    tail = (1.0 - level) / 2.0
    order = np.lexsort((left, left + right))
    start = 0
    while start < order.size:
        rows = order[start : start + max(1, int(_BLOCK / (left + right + 1.0)[order[start]]))]
        width = np.maximum.accumulate(left[rows]) + np.maximum.accumulate(right[rows]) + 1.0
        rows = rows[: max(1, int((width * np.arange(1, rows.size + 1) <= _BLOCK).sum()))]
        start += rows.size
        table = _Table(left[rows], right[rows], x1[rows], m1[rows], x0[rows], m0[rows])
        inner, above, below = (np.flatnonzero(some) for some in (answer[0, rows] == 0, left[rows] > 0, right[rows] > 0))
        answer[0, rows[inner]] = table.root(inner, middle[rows], None, 0.0)
        for place, share in ((1, 1.0), (3, 0.5)):
            answer[place, rows[above]] = table.root(above, guess_low[rows], share, tail)
            answer[place + 1, rows[below]] = table.root(below, guess_high[rows], 1.0 - share, 1.0 - tail)
    return answer


class _Table:
    """Some tables of like width: log weights of X = x1 + distance, shape (R, W), -inf outside the support."""

    def __init__(self, left: Array, right: Array, x1: Array, m1: Array, x0: Array, m0: Array) -> None:
        self.distance = np.arange(-left.max(), right.max() + 1.0)
        inside = (self.distance >= -left[:, None]) & (self.distance <= right[:, None])
        k = x1[:, None] + np.where(inside, self.distance, 0.0)
        weight = _log_weight(k, m1[:, None], m0[:, None], (x1 + x0)[:, None])
        self.weight = np.where(inside, weight - weight.max(-1, keepdims=True), -np.inf)

    def root(self, rows: NDArray[np.intp], guess: Array, share: float | None, target: float) -> Array:
        """Log odds ratio at which P(X > x1) + share P(X = x1) is the target; without a share, at which E X = x1."""
        counted = self.distance if share is None else np.heaviside(self.distance, share)
        sums = np.stack([counted, np.ones_like(counted)], axis=-1)

        def excess(at: Array, row: Array) -> Array:
            term = np.multiply.outer(at, self.distance)
            term += self.weight[row.astype(np.intp)]
            term -= term.max(-1, keepdims=True)
            part, whole = np.moveaxis(np.exp(term, out=term) @ sums, -1, 0)
            return np.asarray(part / whole - target)

        number = rows.astype(np.float64)
        low, high = guess[rows] - 0.5, guess[rows] + 0.5
        low = np.where(excess(low, number) < 0, low, _ENDS[0])
        high = np.where(excess(high, number) > 0, high, _ENDS[1])
        return bracketed_root(excess, low, high, number)


def _p_values(x1: Array, m1: Array, x0: Array, m0: Array) -> tuple[Array, Array, Array]:
    """Central, central mid-p, and Fisher's p value at odds ratio 1."""
    total, events = m1 + m0, x1 + x0

    def at_most(k: Array) -> Array:
        return np.asarray(hypergeom.cdf(k, total, m1, events))

    def at_least(k: Array) -> Array:
        return np.asarray(hypergeom.sf(k - 1.0, total, m1, events))

    below, above, here = at_most(x1), at_least(x1), np.asarray(hypergeom.pmf(x1, total, m1, events))
    tail = np.minimum(below, above)
    least, most = np.maximum(0.0, events - m0), np.minimum(m1, events)
    mode = np.clip(np.floor((events + 1.0) * (m1 + 1.0) / (total + 2.0)), least, most)
    observed = _log_weight(x1, m1, m0, events) + _TIE
    # The nearest k beyond the mode, on the side where x1 is not, that is no more likely than x1.
    side = np.where(x1 < mode, 1.0, -1.0)
    near, far = mode.copy(), np.where(side > 0, most + 1.0, least - 1.0)
    while (np.abs(far - near) > 1).any():
        middle = np.where(np.abs(far - near) > 1, np.floor((near + far) / 2.0), far)
        inside = (middle >= least) & (middle <= most)
        likely = inside & (_log_weight(np.clip(middle, least, most), m1, m0, events) > observed)
        near, far = np.where(likely, middle, near), np.where(likely, far, middle)
    fisher = np.where(side > 0, below + at_least(far), above + at_most(far))
    fisher = np.where(_log_weight(mode, m1, m0, events) <= observed, 1.0, np.minimum(fisher, 1.0))
    return np.minimum(2.0 * tail, 1.0), np.minimum(2.0 * tail - here, 1.0), fisher


def _log_weight(k: Array, m1: Array, m0: Array, events: Array) -> Array:
    rest = events - k
    return np.asarray(-(gammaln(k + 1) + gammaln(m1 - k + 1) + gammaln(rest + 1) + gammaln(m0 - rest + 1)))
