"""Binomial limits that have no closed form: each function gives one limit for flat arrays of counts.

Lower limits are asked only where x > 0, upper only where x < n (`proportion` sees to it). Both are solved in p itself
and with the tail that is small there, so that limits near 0 keep their digits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import betainc, betaincc, betainccinv, betaincinv

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.roots import bracketed_root

_Tail = Callable[[Array, Array, Array], Array]


def at_least(k: Array, n: Array, p: Array) -> Array:
    """P(X >= k) for X ~ Bin(n, p), any whole k.

    >>> print(at_least(np.array(1.0), np.array(2.0), np.array(0.5)))
    0.75
    """
    inner = (k > 0) & (k <= n)
    value = betainc(np.where(inner, k, 1.0), np.where(inner, n - k + 1.0, 1.0), p)
    return np.asarray(np.where(inner, value, np.where(k <= 0, 1.0, 0.0)))


def at_most(k: Array, n: Array, p: Array) -> Array:
    """P(X <= k) for X ~ Bin(n, p), any whole k.

    >>> print(at_most(np.array(0.0), np.array(2.0), np.array(0.5)))
    0.25
    """
    inner = (k >= 0) & (k < n)
    value = betaincc(np.where(inner, k + 1.0, 1.0), np.where(inner, n - k, 1.0), p)
    return np.asarray(np.where(inner, value, np.where(k >= n, 1.0, 0.0)))


def mid_p_low(x: Array, n: Array, alpha: float) -> Array:
    """P(X > x) + P(X = x) / 2 = alpha / 2; between Clopper-Pearson's lower limits for x and for x + 1."""

    def excess(p: Array, x: Array, n: Array) -> Array:
        return np.asarray((at_least(x, n, p) + at_least(x + 1.0, n, p) - alpha) / 2.0)

    outer, inner = _rising(x, n, alpha / 2.0), _rising(np.minimum(x + 1.0, n), n, alpha / 2.0)
    return bracketed_root(excess, outer, np.where(x < n, inner, 1.0), x, n)


def mid_p_high(x: Array, n: Array, alpha: float) -> Array:
    """P(X < x) + P(X = x) / 2 = alpha / 2; between Clopper-Pearson's upper limits for x - 1 and for x."""

    def excess(p: Array, x: Array, n: Array) -> Array:
        return np.asarray((at_most(x, n, p) + at_most(x - 1.0, n, p) - alpha) / 2.0)

    outer, inner = _falling(x, n, alpha / 2.0), _falling(np.maximum(x - 1.0, 0.0), n, alpha / 2.0)
    return bracketed_root(excess, np.where(x > 0, inner, 0.0), outer, x, n)


def likelihood_low(x: Array, n: Array, drop: float) -> Array:
    """The p < x/n at which the log-likelihood is `drop` below its maximum.

    Leaving out the gain from the n - x others gives a p at which it has fallen at least that far: the bracket's end.
    """
    return bracketed_root(_fall_beyond(drop), x / n * np.exp(-_reach(x, n, drop)), x / n, x, n)


def likelihood_high(x: Array, n: Array, drop: float) -> Array:
    """The p > x/n at which the log-likelihood is `drop` below its maximum."""
    return bracketed_root(_fall_beyond(drop), x / n, 1.0 - (n - x) / n * np.exp(-_reach(n - x, n, drop)), x, n)


def blaker_low(x: Array, n: Array, alpha: float) -> Array:
    """Smallest p whose Blaker acceptability exceeds alpha."""
    return _blaker(at_least, at_most, x, n, alpha, _rising(x, n, alpha / 2.0), _rising(x, n, 0.5))


def blaker_high(x: Array, n: Array, alpha: float) -> Array:
    """Largest p whose Blaker acceptability exceeds alpha: the mirror image, counting those without the event."""

    def spared_at_least(k: Array, n: Array, p: Array) -> Array:
        return at_most(n - k, n, p)

    def spared_at_most(k: Array, n: Array, p: Array) -> Array:
        return at_least(n - k, n, p)

    ends = _falling(x, n, alpha / 2.0), _falling(x, n, 0.5)
    return _blaker(spared_at_least, spared_at_most, n - x, n, alpha, *ends)


def _blaker(above: _Tail, below: _Tail, x: Array, n: Array, alpha: float, start: Array, median: Array) -> Array:
    """One limit of Blaker's interval by two root findings. [klaschka2010]

    Told for the lower limit. With U(p) = P(X >= x) and L_j(p) = P(X <= j) the acceptability at p below the median is
    U + L_j, where j is the largest number with L_j(p) <= U(p); as p grows, j goes up by one at each crossing L_j = U.

    - Up to Clopper-Pearson's limit p0, where U = alpha/2, the acceptability is at most 2 U <= alpha: none is accepted.
    - At the next crossing, L_{j+1} = U > alpha/2, it is 2 U > alpha: accepted. So the limit is there or before.
    - Between p0 and the crossing U + L_j falls, if at all, before it rises (its derivative changes sign once), and it
      starts at alpha or less: it passes alpha once, or not at all, and then the limit is the crossing, where it jumps.

    Later gaps of the set lie inside the interval and do not move its ends.
    """
    j = _largest_rare(below, x, n, start, alpha / 2.0)

    def balance(p: Array, x: Array, n: Array, j: Array) -> Array:
        return np.asarray(below(j + 1.0, n, p) - above(x, n, p))

    def excess(p: Array, x: Array, n: Array, j: Array) -> Array:
        return np.asarray(above(x, n, p) + below(j, n, p) - alpha)

    limit = bracketed_root(balance, start, median, x, n, j)
    earlier = excess(limit, x, n, j) > 0
    limit[earlier] = bracketed_root(excess, start[earlier], limit[earlier], x[earlier], n[earlier], j[earlier])
    return limit


def _rising(x: Array, n: Array, tail: float) -> Array:
    """The p with P(X >= x) = tail, x > 0: Clopper-Pearson's lower limit when tail is alpha / 2."""
    return np.asarray(betaincinv(x, n - x + 1.0, tail), dtype=np.float64)


def _falling(x: Array, n: Array, tail: float) -> Array:
    """The p with P(X <= x) = tail, x < n: Clopper-Pearson's upper limit when tail is alpha / 2."""
    return np.asarray(betainccinv(x + 1.0, n - x, tail), dtype=np.float64)


def _largest_rare(below: _Tail, x: Array, n: Array, p: Array, tail: float) -> Array:
    """Largest whole j >= -1 with P(X <= j) <= tail, by halving the whole numbers from -1 to x - 1."""
    rare, common = np.full(x.shape, -1.0), x - 1.0
    while ((common - rare) > 1).any():
        middle = np.floor((rare + common) / 2.0)
        is_rare = below(middle, n, p) <= tail
        rare, common = np.where(is_rare, middle, rare), np.where(is_rare, common, middle)
    return rare


def _reach(x: Array, n: Array, drop: float) -> Array:
    """How far, in log p, the bracket must go below x/n."""
    others = np.where(x < n, (n - x) * -np.log1p(-np.where(x < n, x, 0.0) / n), 0.0)
    return np.asarray((drop + others) / x)


def _fall_beyond(drop: float) -> Callable[[Array, Array, Array], Array]:
    """Fall of the log-likelihood from its maximum at x/n to p, less `drop`."""

    def excess(p: Array, x: Array, n: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            others = np.where(x < n, (n - x) * (np.log1p(-x / n) - np.log1p(-p)), 0.0)
            seen = np.where(x > 0, x * (np.log(x / n) - np.log(p)), 0.0)
        return np.asarray(seen + others - drop)

    return excess
