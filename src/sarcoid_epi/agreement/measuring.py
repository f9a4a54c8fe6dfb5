"""Quantities of generated patients with their Monte Carlo standard error and 95 % limits; arrays in, `Measure` out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from sarcoid_epi.stats.interval import normal_quantile
from sarcoid_epi.stats.proportion import wilson

Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]

#: Monte Carlo standard errors that a figure must keep from the ends of what is asked: once in 16 000 by chance.
K = 4.0
LEVEL = 0.95
Z = normal_quantile(LEVEL)


@dataclass(frozen=True)
class Measure:
    """A figure of so many patients, its Monte Carlo standard error, and its 95 % limits."""

    value: float
    error: float
    n: int
    low: float
    high: float

    def within(self, low: float = -inf, high: float = inf) -> bool:
        """Whether the figure lies inside, K standard errors away from both ends."""
        return bool(low <= self.value - K * self.error and self.value + K * self.error <= high)

    def near(self, low: float, high: float) -> bool:
        """Whether the figure lies inside, or no more than K standard errors outside."""
        return bool(low - K * self.error <= self.value <= high + K * self.error)


def measured(value: float, error: float, n: int) -> Measure:
    """A figure with its error, with normal limits."""
    return Measure(float(value), float(error), int(n), float(value - Z * error), float(value + Z * error))


def share(event: Flags, among: Flags | None = None) -> Measure:
    """Share of patients with an event, with Wilson's limits."""
    inside = event if among is None else event[among]
    n = inside.size
    if n == 0:
        return Measure(np.nan, np.nan, 0, np.nan, np.nan)
    value = float(inside.mean())
    low, high = wilson(int(inside.sum()), n, LEVEL)
    return Measure(value, float(np.sqrt(value * (1 - value) / n)), n, float(low), float(high))


def mean(values: Numbers, among: Flags) -> Measure:
    """Mean of the values that are known."""
    inside = values[among & ~np.isnan(values)]
    return measured(inside.mean(), inside.std(ddof=1) / np.sqrt(inside.size), inside.size)


def quantile(values: Numbers, among: Flags, share: float = 0.5) -> Measure:
    """A quantile, its error from the order statistics one binomial standard error to either side."""
    inside = np.sort(values[among & ~np.isnan(values)])
    step = np.sqrt(share * (1 - share) / inside.size)
    low, middle, high = np.quantile(inside, [max(share - step, 0), share, min(share + step, 1)])
    return measured(middle, (high - low) / 2, inside.size)


def odds(event: Flags, among: Flags | None = None) -> Measure:
    """Patients with the event for each without, p / (1 - p)."""
    p = share(event, among)
    value, error = p.value / (1 - p.value), p.error / (1 - p.value) ** 2
    return Measure(value, error, p.n, p.low / (1 - p.low), p.high / (1 - p.high))


def difference_of_shares(event: Flags, one: Flags, other: Flags) -> Measure:
    """Share among the one less share among the other, with Newcombe's limits (his method 10). [newcombe1998]

    With Wilson's limits (l, u) of each share p, the lower limit of p1 - p2 is
    p1 - p2 - sqrt((p1 - l1)^2 + (u2 - p2)^2), the upper one p1 - p2 + sqrt((u1 - p1)^2 + (p2 - l2)^2).
    """
    a, b = share(event, one), share(event, other)
    value = a.value - b.value
    low = value - np.hypot(a.value - a.low, b.high - b.value)
    high = value + np.hypot(a.high - a.value, b.value - b.low)
    return Measure(value, float(np.hypot(a.error, b.error)), a.n + b.n, float(low), float(high))


def difference_of_means(values: Numbers, one: Flags, other: Flags) -> Measure:
    """Mean of the one less mean of the other, with Wald's limits."""
    a, b = mean(values, one), mean(values, other)
    return measured(a.value - b.value, float(np.hypot(a.error, b.error)), a.n + b.n)


def paired_difference(event: Flags, other: Flags, among: Flags | None = None) -> Measure:
    """Share with the one event less share with the other, of the same patients, with Wald's limits."""
    gap = event.astype(np.float64) - other
    return mean(gap, np.ones(gap.shape, dtype=bool) if among is None else among)


def apart(one: Measure, other: Measure) -> Measure:
    """One figure less another of other patients; where they are the same patients the error is too wide."""
    return measured(one.value - other.value, float(np.hypot(one.error, other.error)), min(one.n, other.n))


def odds_ratio(event: Flags, exposed: Flags) -> Measure:
    """Odds ratio with Woolf's limits."""
    return mantel_haenszel(event, exposed, np.zeros(event.shape, dtype=np.int64))


def mantel_haenszel(event: Flags, exposed: Flags, stratum: NDArray[np.int64]) -> Measure:
    """Mantel-Haenszel odds ratio over strata, R / S, with the limits of Robins, Breslow and Greenland.

    R sums a d / n and S sums b c / n over strata; Var(log) = sum(P R_i) / (2 R^2) + sum(P S_i + Q R_i) / (2 R S) +
    sum(Q S_i) / (2 S^2), P = (a + d) / n, Q = (b + c) / n. With one stratum these are Woolf's.
    """
    cell = stratum * 4 + 2 * exposed + event
    none, b, c, a = np.bincount(cell, minlength=4 * (int(stratum.max()) + 1)).reshape(-1, 4).T.astype(np.float64)
    n = np.maximum(a + b + c + none, 1)
    r, s, p, q = a * none / n, b * c / n, (a + none) / n, (b + c) / n
    ratio = r.sum() / s.sum()
    variance = (p * r).sum() / (2 * r.sum() ** 2) + (q * s).sum() / (2 * s.sum() ** 2)
    error = float(np.sqrt(variance + (p * s + q * r).sum() / (2 * r.sum() * s.sum())))
    low, high = ratio * np.exp(-Z * error), ratio * np.exp(Z * error)
    return Measure(float(ratio), float(ratio * error), event.size, float(low), float(high))


def bands(values: Numbers, count: int) -> NDArray[np.int64]:
    """The number of the band, of `count` bands of equal size, that each value falls into."""
    ends = np.quantile(values, np.arange(1, count) / count)
    return np.searchsorted(ends, values).astype(np.int64)


def spearman(one: Numbers, other: Numbers, among: Flags) -> Measure:
    """Rank correlation where both are known; limits on Fisher's scale with variance (1 + r^2 / 2) / (n - 3)."""
    both = among & ~np.isnan(one) & ~np.isnan(other)
    r = float(np.corrcoef(rankdata(one[both]), rankdata(other[both]))[0, 1])
    spread = float(np.sqrt((1 + r**2 / 2) / (both.sum() - 3)))
    at = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
    low, high = np.tanh(at - Z * spread), np.tanh(at + Z * spread)
    return Measure(r, (1 - r**2) * spread, int(both.sum()), float(low), float(high))


def clustering(flags: Sequence[Flags]) -> Measure:
    """Variance of the number of flags over what it would be were they independent; error by linearisation."""
    count = np.sum(flags, axis=0, dtype=np.float64)
    shares = [float(flag.mean()) for flag in flags]
    alone = sum(p * (1 - p) for p in shares)
    variance = float(count.var())
    shift = sum((1 - 2 * p) * (flag - p) for p, flag in zip(shares, flags, strict=True))
    influence = ((count - count.mean()) ** 2 - variance) / alone - variance / alone**2 * shift
    return measured(variance / alone, float(np.std(influence)) / np.sqrt(count.size), count.size)


def two_sources(first: Flags, second: Flags, stratum: NDArray[np.int64], chapman: bool = False) -> Measure:
    """Lincoln and Petersen's number n1 n2 / m over the known one, summed over strata; or Chapman's.

    The patients given are all there are, so their number is known. The error is linearised:
    every patient moves n1, n2 and m of the stratum by what he is.
    """
    total = 0.0
    influence = np.zeros(first.shape)
    for number in np.unique(stratum):
        here = stratum == number
        a, b = first[here], second[here]
        n1, n2, m = int(a.sum()), int(b.sum()), int((a & b).sum())
        total += (n1 + 1) * (n2 + 1) / (m + 1) - 1 if chapman else n1 * n2 / m
        influence[here] = n2 / m * a + n1 / m * b - n1 * n2 / m**2 * (a & b)
    return measured(total / first.size, float(np.std(influence)) / np.sqrt(first.size), first.size)


def known(measure: Measure) -> bool:
    """Whether there was anything to measure."""
    return isfinite(measure.value) and isfinite(measure.error)
