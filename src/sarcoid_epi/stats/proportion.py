"""Two-sided confidence limits of one proportion, one function a method.

All functions have one signature, ``(events, n, level=0.95) -> Interval``, broadcast `events` against `n`, and keep one
rule at the ends: the limits are two-sided also when nobody or everybody has the event, the lower limit is exactly 0 at
``events = 0`` and the upper exactly 1 at ``events = n``; both are NaN at ``n = 0``. No continuity correction anywhere.

Notation: x events among n, p the unknown proportion, 1 - alpha the level, z the two-sided standard normal quantile,
X ~ Bin(n, p).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainccinv, betaincinv

from sarcoid_epi.stats.binomial_roots import (
    blaker_high,
    blaker_low,
    likelihood_high,
    likelihood_low,
    mid_p_high,
    mid_p_low,
)
from sarcoid_epi.stats.interval import Array, Interval, check_counts, check_level, normal_quantile

_Limit = Callable[[Array, Array, float], Array]


def wilson(events: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    r"""Score limits of a proportion (Wilson), the default for one proportion.

    The p at which the score test is just not rejected, :math:`|x/n - p| = z \sqrt{p(1-p)/n}`:

    .. math:: \frac{x + z^2/2 \pm z \sqrt{x (n-x)/n + z^2/4}}{n + z^2}

    Parameters
    ----------
    events
        Number with the event, whole numbers from 0 to `n`, any shape.
    n
        Number looked at, whole numbers, broadcast against `events`.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Interval of low and high, each of the broadcast shape, in [0, 1]; NaN where `n` is 0.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients with one common probability. Coverage is close to the level on average over p, and may lie
    below it for single values of p, most for p near 0 or 1.

    References
    ----------
    wilson1927, newcombe1998

    Examples
    --------
    Method 3 in table I of newcombe1998:

    >>> low, high = wilson([81, 15, 0, 1], [263, 148, 20, 29])
    >>> print(low.round(4), high.round(4))
    [0.2553 0.0624 0.     0.0061] [0.3662 0.1605 0.1611 0.1718]
    """
    x, m = check_counts(events, n)
    z2 = normal_quantile(level) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        high = (x + z2 / 2 + np.sqrt(z2 * (x * (m - x) / m + z2 / 4))) / (m + z2)
        low = x * x / m / ((m + z2) * high)  # product of the two roots: no difference of nearly equal numbers
    return _closed(low, high, x, m)


def clopper_pearson(events: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    r"""Exact limits of a proportion (Clopper-Pearson), for when coverage must never be below the level.

    .. math:: P(X \ge x \mid p_{low}) = \alpha/2, \qquad P(X \le x \mid p_{high}) = \alpha/2

    Parameters
    ----------
    events
        Number with the event, whole numbers from 0 to `n`, any shape.
    n
        Number looked at, whole numbers, broadcast against `events`.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Interval of low and high, each of the broadcast shape, in [0, 1]; NaN where `n` is 0.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients with one common probability. Each tail is at most alpha/2, so the limits are wider than needed.

    References
    ----------
    clopper1934, newcombe1998

    Examples
    --------
    Method 5 in table I of newcombe1998:

    >>> low, high = clopper_pearson([81, 15, 0, 1], [263, 148, 20, 29])
    >>> print(low.round(4), high.round(4))
    [0.2527 0.0578 0.     0.0009] [0.3676 0.1617 0.1684 0.1776]
    """
    x, m = check_counts(events, n)
    check_level(level)
    tail = (1.0 - level) / 2.0
    with np.errstate(invalid="ignore"):
        low = np.asarray(betaincinv(x, m - x + 1.0, tail), dtype=np.float64)
        high = np.asarray(betainccinv(x + 1.0, m - x, tail), dtype=np.float64)
    return _closed(low, high, x, m)


def mid_p(events: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    r"""Exact limits of a proportion with mid-p tails: only half the probability of the observed count is a tail's.

    .. math:: P(X > x \mid p_{low}) + \tfrac12 P(X = x \mid p_{low}) = \alpha/2, \qquad
              P(X < x \mid p_{high}) + \tfrac12 P(X = x \mid p_{high}) = \alpha/2

    Parameters
    ----------
    events
        Number with the event, whole numbers from 0 to `n`, any shape.
    n
        Number looked at, whole numbers, broadcast against `events`.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Interval of low and high, each of the broadcast shape, in [0, 1]; NaN where `n` is 0.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients with one common probability. Coverage is near the level on average, not guaranteed.

    References
    ----------
    lancaster1961, newcombe1998

    Examples
    --------
    Method 6 in table I of newcombe1998:

    >>> low, high = mid_p([81, 15, 0, 1], [263, 148, 20, 29])
    >>> print(low.round(4), high.round(4))
    [0.2544 0.0601 0.     0.0017] [0.3658 0.1581 0.1391 0.1585]
    """
    check_level(level)
    return _both_ends(mid_p_low, mid_p_high, events, n, 1.0 - level)


def jeffreys(events: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    r"""Equal-tailed limits from Jeffreys' prior, with the ends closed.

    The alpha/2 and 1 - alpha/2 quantiles of :math:`\mathrm{Beta}(x + 1/2,\ n - x + 1/2)`; the lower limit is set to 0
    at x = 0 and the upper to 1 at x = n, as brown2001 does; otherwise coverage would go to 0 as p goes to an end.

    Parameters
    ----------
    events
        Number with the event, whole numbers from 0 to `n`, any shape.
    n
        Number looked at, whole numbers, broadcast against `events`.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Interval of low and high, each of the broadcast shape, in [0, 1]; NaN where `n` is 0.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients with one common probability; read as a posterior, also that Beta(1/2, 1/2) is the prior.

    References
    ----------
    brown2001

    Examples
    --------
    >>> low, high = jeffreys([0, 1, 5], 10)
    >>> print(low.round(3), high.round(3))
    [0.    0.011 0.224] [0.217 0.381 0.776]
    """
    x, m = check_counts(events, n)
    check_level(level)
    tail = (1.0 - level) / 2.0
    low = np.asarray(betaincinv(x + 0.5, m - x + 0.5, tail), dtype=np.float64)
    high = np.asarray(betainccinv(x + 0.5, m - x + 0.5, tail), dtype=np.float64)
    return _closed(low, high, x, m)


def agresti_coull(events: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    r"""Wald limits after adding z^2/2 events and z^2/2 non-events, cut at 0 and 1.

    .. math:: \tilde p \pm z \sqrt{\tilde p (1 - \tilde p) / \tilde n}, \qquad \tilde n = n + z^2, \quad
              \tilde p = (x + z^2/2) / \tilde n

    Near the ends the formula leaves [0, 1]; the limits are **cut there** (the convention of the method; it cannot
    change coverage). The formula is below 0 for every n at x = 0, so the rule at the ends needs nothing more.

    Parameters
    ----------
    events
        Number with the event, whole numbers from 0 to `n`, any shape.
    n
        Number looked at, whole numbers, broadcast against `events`.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Interval of low and high, each of the broadcast shape, in [0, 1]; NaN where `n` is 0.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients with one common probability. Contains Wilson's interval, hence wider, most for p near 0 or 1.

    References
    ----------
    agresti1998, brown2001

    Examples
    --------
    >>> low, high = agresti_coull([0, 1, 5], 10)
    >>> print(low.round(3), high.round(3))
    [0.    0.    0.237] [0.321 0.426 0.763]
    """
    x, m = check_counts(events, n)
    z2 = normal_quantile(level) ** 2
    share = (x + z2 / 2) / (m + z2)
    reach = np.sqrt(z2 * share * (1.0 - share) / (m + z2))
    return _closed(np.maximum(share - reach, 0.0), np.minimum(share + reach, 1.0), x, m)


def blaker(events: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    r"""Exact limits of a proportion (Blaker), inside Clopper-Pearson's with coverage still never below the level.

    The smallest and the largest p that Blaker's test does not reject, :math:`\{p : \beta(x, p) > \alpha\}`, with

    .. math:: \beta(x, p) = P\{\gamma(X, p) \le \gamma(x, p)\}, \qquad
              \gamma(k, p) = \min\{P(X \le k), P(X \ge k)\}

    As a function of p the acceptability :math:`\beta` jumps, and the set may have gaps; the limits are the ends of the
    whole set. They are found by root finding (see `binomial_roots`), not by stepping from Clopper-Pearson's limits.

    Parameters
    ----------
    events
        Number with the event, whole numbers from 0 to `n`, any shape.
    n
        Number looked at, whole numbers, broadcast against `events`.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Interval of low and high, each of the broadcast shape, in [0, 1]; NaN where `n` is 0.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients with one common probability.

    References
    ----------
    blaker2000, klaschka2010

    Examples
    --------
    The documentation of BlakerCI prints 0.08726443 to 0.61941066 for 3 of 10, and for 59 of 355 0.1300807 to 0.2090809,
    where stepping by 1e-6 still stops at 0.2085349:

    >>> low, high = blaker([3, 59], [10, 355])
    >>> print(low.round(7), high.round(7))
    [0.0872644 0.1300807] [0.6194107 0.2090809]
    """
    check_level(level)
    return _both_ends(blaker_low, blaker_high, events, n, 1.0 - level)


def likelihood_ratio(events: ArrayLike, n: ArrayLike, level: float = 0.95) -> Interval:
    r"""Likelihood-ratio limits of a proportion.

    The two p at which twice the log-likelihood has fallen by z^2 from its maximum:

    .. math:: 2 \left[ x \log\frac{x/n}{p} + (n-x) \log\frac{1 - x/n}{1-p} \right] = z^2

    Parameters
    ----------
    events
        Number with the event, whole numbers from 0 to `n`, any shape.
    n
        Number looked at, whole numbers, broadcast against `events`.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Interval of low and high, each of the broadcast shape, in [0, 1]; NaN where `n` is 0.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients with one common probability. The chi-squared approximation is poor at x = 0 and x = n, where
    the interval (up to 1 - exp(-z^2 / 2n) at x = 0) is too short.

    References
    ----------
    newcombe1998, brown2001

    Examples
    --------
    Method 7 in table I of newcombe1998:

    >>> low, high = likelihood_ratio([81, 15, 0, 1], [263, 148, 20, 29])
    >>> print(low.round(4), high.round(4))
    [0.2542 0.0596 0.     0.002 ] [0.3655 0.1567 0.0916 0.1432]
    """
    return _both_ends(likelihood_low, likelihood_high, events, n, normal_quantile(level) ** 2 / 2.0)


def _closed(low: Array, high: Array, events: Array, n: Array) -> Interval:
    """The rule at the ends: exactly 0 below when nobody has it, exactly 1 above when all have it, NaN when n is 0."""
    low = np.where(events == 0, 0.0, low)
    high = np.where(events == n, 1.0, high)
    return Interval(np.where(n == 0, np.nan, low)[()], np.where(n == 0, np.nan, high)[()])


def _both_ends(lower: _Limit, upper: _Limit, events: ArrayLike, n: ArrayLike, amount: float) -> Interval:
    """Ask `lower` only where x > 0 and `upper` only where x < n; they see flat arrays and an amount to solve for."""
    x, m = check_counts(events, n)
    low, high = np.zeros(x.shape), np.ones(x.shape)
    some, spared = x > 0, x < m
    low[some] = lower(x[some], m[some], amount)
    high[spared] = upper(x[spared], m[spared], amount)
    return _closed(low, high, x, m)
