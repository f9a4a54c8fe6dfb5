"""Risk difference p1 - p0 of two independent groups, one function a method; notation as in `two_samples`."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.proportion import wilson
from sarcoid_epi.stats.two_samples import NO_WIDTH, Contrast, answerable, as_contrast, score_limits, two_samples


def score_difference(
    events1: ArrayLike,
    n1: ArrayLike,
    events0: ArrayLike,
    n0: ArrayLike,
    level: float = 0.95,
    corrected: bool = True,
) -> Contrast:
    r"""Risk difference with score limits (Miettinen-Nurminen), the default for a difference.

    The differences :math:`\delta` that the score test does not reject,

    .. math:: |\hat p_1 - \hat p_0 - \delta| = z \sqrt{\left[\frac{\tilde p_1 (1 - \tilde p_1)}{n_1}
              + \frac{\tilde p_0 (1 - \tilde p_0)}{n_0}\right] \frac{N}{N - 1}}

    with :math:`\tilde p_1 = \tilde p_0 + \delta` the maximum-likelihood probabilities under :math:`\delta`, the root of
    a cubic. Without the factor (`corrected=False`) the limits are Mee's.

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
    Contrast, of the broadcast shape, in [-1, 1]; two-sided limits also where nobody or everybody has the event; the
    lower limit is -1 where the estimate is, the upper 1. NaN where a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, one common probability in each group. Coverage is near the level, not guaranteed.

    References
    ----------
    miettinen1985, mee1984, fagerland2017

    Examples
    --------
    The authors' program of fagerland2017 prints -0.3164 to -0.0056 for 0 of 16 against 15 of 72:

    >>> answer = score_difference(0, 16, 15, 72)
    >>> print(f"{answer.estimate:.4f} {answer.low:.4f} {answer.high:.4f}")
    -0.2083 -0.3164 -0.0056
    """
    x1, m1, x0, m0 = two_samples(events1, n1, events0, n0)
    z = normal_quantile(level)
    empty = (m1 == 0) | (m0 == 0)
    x1, m1, x0, m0 = answerable((x1, m1, x0, m0), ~empty)
    estimate = np.asarray(x1 / m1 - x0 / m0)

    def statistic(delta: Array, x1: Array, m1: Array, x0: Array, m0: Array) -> Array:
        total = m1 + m0
        p0 = _constrained(delta, x1, m1, x0, m0)
        p1 = np.clip(p0 + delta, 0.0, 1.0)
        variance = p1 * (1.0 - p1) / m1 + p0 * (1.0 - p0) / m0
        distance = x1 / m1 - x0 / m0 - delta
        with np.errstate(divide="ignore", invalid="ignore"):
            value = distance / np.sqrt(variance * (total / (total - 1.0) if corrected else 1.0))
        return np.where(distance == 0, 0.0, value)

    limits = score_limits(statistic, estimate, (-1.0, 1.0), z, (x1, m1, x0, m0))
    return as_contrast(estimate, *limits, np.full(estimate.shape, ""), empty)


def newcombe_difference(
    events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike, level: float = 0.95
) -> Contrast:
    r"""Risk difference with limits from the two Wilson intervals (Newcombe's method 10, square and add).

    With l and u the Wilson limits of each proportion,

    .. math:: \hat p_1 - \hat p_0 - \sqrt{(\hat p_1 - l_1)^2 + (u_0 - \hat p_0)^2}, \qquad
              \hat p_1 - \hat p_0 + \sqrt{(u_1 - \hat p_1)^2 + (\hat p_0 - l_0)^2}

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
    Contrast, of the broadcast shape, in [-1, 1] by construction; NaN where a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, one common probability in each group.

    References
    ----------
    newcombedifference1998, zoudonner2008

    Examples
    --------
    The authors' program of fagerland2017 prints 0.0189 to 0.3404 for 7 of 34 against 1 of 34:

    >>> answer = newcombe_difference(7, 34, 1, 34)
    >>> print(f"{answer.estimate:.4f} {answer.low:.4f} {answer.high:.4f}")
    0.1765 0.0189 0.3404
    """
    x1, m1, x0, m0 = two_samples(events1, n1, events0, n0)
    (l1, u1), (l0, u0) = wilson(x1, m1, level), wilson(x0, m0, level)
    with np.errstate(invalid="ignore"):
        p1, p0 = x1 / m1, x0 / m0
    estimate = np.asarray(p1 - p0)
    low, high = estimate - np.hypot(p1 - l1, u0 - p0), estimate + np.hypot(u1 - p1, p0 - l0)
    return as_contrast(estimate, low, high, np.full(estimate.shape, ""), (m1 == 0) | (m0 == 0))


def wald_difference(
    events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike, level: float = 0.95
) -> Contrast:
    r"""Risk difference with Wald limits, for reference; `score_difference` is the interval to use.

    .. math:: \hat p_1 - \hat p_0 \pm z \sqrt{\hat p_1 (1 - \hat p_1)/n_1 + \hat p_0 (1 - \hat p_0)/n_0}

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
    Contrast, of the broadcast shape, not cut at -1 and 1; without width, and a note, where neither group varies. NaN
    where a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, one common probability in each group, well away from 0 and 1 for the numbers at hand.

    References
    ----------
    newcombedifference1998

    Examples
    --------
    The authors' program of fagerland2017 prints 0.0292 to 0.3238 for 7 of 34 against 1 of 34:

    >>> answer = wald_difference(7, 34, 1, 34)
    >>> print(f"{answer.low:.4f} {answer.high:.4f}")
    0.0292 0.3238
    """
    x1, m1, x0, m0 = two_samples(events1, n1, events0, n0)
    z = normal_quantile(level)
    with np.errstate(invalid="ignore"):
        p1, p0 = x1 / m1, x0 / m0
        reach = z * np.sqrt(p1 * (1.0 - p1) / m1 + p0 * (1.0 - p0) / m0)
    estimate = np.asarray(p1 - p0)
    note = np.where(reach == 0, NO_WIDTH, "")
    return as_contrast(estimate, estimate - reach, estimate + reach, note, (m1 == 0) | (m0 == 0))


def _constrained(delta: Array, x1: Array, m1: Array, x0: Array, m0: Array) -> Array:
    """Maximum-likelihood p0 when p1 = p0 + delta: the cubic's root by cosine, then polished by two Newton steps."""
    total, events = m1 + m0, x1 + x0
    c2 = ((m1 + 2.0 * m0) * delta - total - events) / total
    c1 = ((m0 * delta - total - 2.0 * x0) * delta + events) / total
    c0 = x0 * delta * (1.0 - delta) / total
    q = (c2 / 3.0) ** 3 - c1 * c2 / 6.0 + c0 / 2.0
    r = np.where(q < 0, -1.0, 1.0) * np.sqrt(np.maximum((c2 / 3.0) ** 2 - c1 / 3.0, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = np.where(r == 0, 1.0, np.clip(q / r**3, -1.0, 1.0))
    p0 = 2.0 * r * np.cos((np.pi + np.arccos(cosine)) / 3.0) - c2 / 3.0
    least, most = np.maximum(0.0, -delta), np.minimum(1.0, 1.0 - delta)
    for _ in range(2):
        value, slope = ((p0 + c2) * p0 + c1) * p0 + c0, (3.0 * p0 + 2.0 * c2) * p0 + c1
        with np.errstate(divide="ignore", invalid="ignore"):
            step = value / slope
        # Where the root is (nearly) double the step is noise: keep the cosine's root.
        p0 = np.where(np.abs(step) < 1e-4, p0 - step, p0)
    return np.clip(p0, least, most)
