"""Risk ratio p1 / p0 of two independent groups, one function a method; notation as in `two_samples`.

One rule at the ends: with no event in the group of interest ratio and lower limit are 0, with none in the reference
group ratio and upper limit are infinite; the other limit is the two-sided one. With none in either the ratio is NaN and
the limits are 0 and infinity, for every ratio fits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.proportion import wilson
from sarcoid_epi.stats.two_samples import (
    NO_EVENT,
    NO_WALD,
    NO_WIDTH,
    NONE_IN_REFERENCE,
    Contrast,
    answerable,
    as_contrast,
    score_limits,
    two_samples,
)

#: Logarithm of the least and the largest ratio looked at.
_ENDS = (-100.0, 100.0)


def score_ratio(
    events1: ArrayLike,
    n1: ArrayLike,
    events0: ArrayLike,
    n0: ArrayLike,
    level: float = 0.95,
    corrected: bool = False,
) -> Contrast:
    r"""Risk ratio with score limits (Koopman), the default for a ratio of risks.

    The ratios :math:`\varphi` that the score test does not reject,

    .. math:: \frac{|\hat p_1 - \varphi \hat p_0|}{\sqrt{\tilde p_1 (1 - \tilde p_1)/n_1
              + \varphi^2 \tilde p_0 (1 - \tilde p_0)/n_0}} = z

    with :math:`\tilde p_1 = \varphi \tilde p_0` the maximum-likelihood probabilities under :math:`\varphi`. The square
    is Koopman's chi-squared. With `corrected=True` the variance carries N/(N - 1): Miettinen-Nurminen's limits.

    Parameters
    ----------
    events1, n1
        Number with the event, among how many, in the group of interest; whole numbers, any shape.
    events0, n0
        The same in the reference group, broadcast against the former.
    level
        Confidence level, between 0 and 1.
    corrected
        Whether the variance carries the factor N/(N - 1).

    Returns
    -------
    Contrast, of the broadcast shape, with the rule at the ends above; NaN where a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, one common probability in each group. Coverage is near the level, not guaranteed.

    References
    ----------
    koopman1984, miettinen1985, fagerland2017

    Examples
    --------
    The authors' program of fagerland2017 prints 1.2209 to 42.5757 for 7 of 34 against 1 of 34:

    >>> answer = score_ratio(7, 34, 1, 34)
    >>> print(f"{answer.estimate:.4f} {answer.low:.4f} {answer.high:.4f}")
    7.0000 1.2209 42.5757
    """
    x1, m1, x0, m0 = two_samples(events1, n1, events0, n0)
    z = normal_quantile(level)
    empty, silent = (m1 == 0) | (m0 == 0), (x1 == 0) & (x0 == 0)
    x1, m1, x0, m0 = answerable((x1, m1, x0, m0), ~(empty | silent))

    def statistic(at: Array, x1: Array, m1: Array, x0: Array, m0: Array) -> Array:
        ratio, total = np.exp(at), m1 + m0
        a, b = ratio * (m1 + x0), m0 + x1
        p0 = 2.0 * (x1 + x0) / (a + b + np.sqrt((a - b) ** 2 + 4.0 * ratio * (m0 - x0) * (m1 - x1)))
        p1 = np.minimum(ratio * p0, 1.0)
        variance = p1 * (1.0 - p1) / m1 + ratio**2 * p0 * np.maximum(1.0 - p0, 0.0) / m0
        distance = x1 / m1 - ratio * x0 / m0
        with np.errstate(divide="ignore", invalid="ignore"):
            value = distance / np.sqrt(variance * (total / (total - 1.0) if corrected else 1.0))
        return np.where(distance == 0, 0.0, value)

    with np.errstate(divide="ignore"):
        estimate = np.asarray((x1 / m1) / (x0 / m0))
        low, high = score_limits(statistic, np.log(estimate), _ENDS, z, (x1, m1, x0, m0))
    return _closed(estimate, np.exp(low), np.exp(high), x1, x0, silent, empty)


def mover_ratio(events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike, level: float = 0.95) -> Contrast:
    r"""Risk ratio with limits from the two Wilson intervals (MOVER-R).

    With l and u the Wilson limits of each proportion, lower and upper limit are

    .. math:: \frac{l_1 (2 \hat p_1 - l_1)}{\hat p_1 \hat p_0
              + \sqrt{(\hat p_1 \hat p_0)^2 - l_1 u_0 (2 \hat p_1 - l_1)(2 \hat p_0 - u_0)}}, \qquad
              \frac{\hat p_1 \hat p_0 + \sqrt{(\hat p_1 \hat p_0)^2 - u_1 l_0 (2 \hat p_1 - u_1)(2 \hat p_0 - l_0)}}
              {l_0 (2 \hat p_0 - l_0)}

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
    Contrast, of the broadcast shape, with the rule at the ends above; NaN where a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, one common probability in each group.

    References
    ----------
    donner2012, fagerland2017

    Examples
    --------
    The authors' program of fagerland2017 prints 1.1537 to 41.9763 for 7 of 34 against 1 of 34:

    >>> answer = mover_ratio(7, 34, 1, 34)
    >>> print(f"{answer.low:.4f} {answer.high:.4f}")
    1.1537 41.9763
    """
    x1, m1, x0, m0 = two_samples(events1, n1, events0, n0)
    (l1, u1), (l0, u0) = wilson(x1, m1, level), wilson(x0, m0, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        p1, p0 = x1 / m1, x0 / m0
        both, below, beyond = p1 * p0, l1 * (2.0 * p1 - l1), l0 * (2.0 * p0 - l0)
        low = below / (both + np.sqrt(np.maximum(both**2 - below * u0 * (2.0 * p0 - u0), 0.0)))
        high = (both + np.sqrt(np.maximum(both**2 - beyond * u1 * (2.0 * p1 - u1), 0.0))) / beyond
        estimate = p1 / p0
    return _closed(estimate, low, high, x1, x0, (x1 == 0) & (x0 == 0), (m1 == 0) | (m0 == 0))


def katz_ratio(events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike, level: float = 0.95) -> Contrast:
    r"""Risk ratio with Wald limits on the log scale (Katz), for reference; `score_ratio` is the interval to use.

    .. math:: \frac{\hat p_1}{\hat p_0} \exp\left\{\pm z \sqrt{\frac1{x_1} - \frac1{n_1} + \frac1{x_0} - \frac1{n_0}}
              \right\}

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
    Contrast, of the broadcast shape; where a group has no event the limits are 0 and infinity, where all have it in
    both they have no width, each with a note. NaN where a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, one common probability in each group, and events that are not few.

    References
    ----------
    katz1978

    Examples
    --------
    The authors' program of fagerland2017 prints 0.9096 to 53.8695 for 7 of 34 against 1 of 34:

    >>> answer = katz_ratio(7, 34, 1, 34)
    >>> print(f"{answer.low:.4f} {answer.high:.4f}")
    0.9096 53.8695
    """
    x1, m1, x0, m0 = two_samples(events1, n1, events0, n0)
    z = normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.asarray((x1 / m1) / (x0 / m0))
        reach = np.exp(z * np.sqrt(1.0 / x1 - 1.0 / m1 + 1.0 / x0 - 1.0 / m0))
        low, high = estimate / reach, estimate * reach
    unlimited, silent = (x1 == 0) | (x0 == 0), (x1 == 0) & (x0 == 0)
    low, high = np.where(unlimited, 0.0, low), np.where(unlimited, np.inf, high)
    note = np.select([silent, unlimited, reach == 1.0], [NO_EVENT, NO_WALD, NO_WIDTH], "")
    return as_contrast(np.where(silent, np.nan, estimate), low, high, note, (m1 == 0) | (m0 == 0))


def _closed(
    estimate: Array,
    low: Array,
    high: Array,
    x1: Array,
    x0: Array,
    silent: NDArray[np.bool_],
    empty: NDArray[np.bool_],
) -> Contrast:
    """The rule at the ends."""
    low = np.where((x1 == 0) | silent, 0.0, low)
    high = np.where((x0 == 0) | silent, np.inf, high)
    note = np.select([silent, x0 == 0], [NO_EVENT, NONE_IN_REFERENCE], "")
    return as_contrast(np.where(silent, np.nan, estimate), low, high, note, empty)
