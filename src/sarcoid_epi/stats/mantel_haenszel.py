"""Contrasts of two groups over strata (centres), one common effect: Mantel-Haenszel estimators and their tests.

Notation: in stratum i, a events among n1 in the group of interest, c among n0 in the reference group, b = n1 - a,
d = n0 - c, N = n1 + n0, m = a + c. Sums run over the strata, which are the last axis; a stratum where one group is
empty has no part in any of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.two_samples import Contrast, expected_cell, two_samples

NO_STRATUM = "no stratum has patients of both groups"
NO_INFORMATION = "no stratum has both events and non-events: nothing to compare"
NO_LIMITS = "the ratio is 0 or infinite: the variance formula gives no limits"
NO_RATIO = "nobody in either group has the event: every ratio fits"
ONE_STRATUM = "fewer than two strata say anything about the odds ratio"
NO_COMMON = "the common odds ratio is 0, infinite or unknown: its homogeneity cannot be tested"
NO_VARIATION = "no stratum varies: limits without width mean nothing"


class StratifiedTest(NamedTuple):
    """A chi-squared statistic, its degrees of freedom and p value, and a note."""

    statistic: Array
    df: Array
    p_value: Array
    note: NDArray[np.str_]


def mantel_haenszel_odds_ratio(
    events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike, level: float = 0.95
) -> Contrast:
    r"""Common odds ratio over strata (Mantel-Haenszel), with Robins-Breslow-Greenland limits.

    .. math:: \hat\psi = \frac{R}{S}, \qquad R = \sum \frac{ad}{N}, \quad S = \sum \frac{bc}{N}, \qquad
              \hat\psi \, e^{\pm z \sigma}

    .. math:: \sigma^2 = \frac{\sum P \, ad/N}{2 R^2} + \frac{\sum (P \, bc/N + Q \, ad/N)}{2 R S}
              + \frac{\sum Q \, bc/N}{2 S^2}, \qquad P = \frac{a + d}{N}, \quad Q = \frac{b + c}{N}

    Parameters
    ----------
    events1, n1
        Number with the event, among how many, in the group of interest, by stratum; shape (..., strata).
    events0, n0
        The same in the reference group, broadcast against the former.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Contrast, of the leading shape. Where R or S is 0 the ratio is 0 or infinite and its limits NaN, with a note; where
    both are, everything is NaN.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, there is no axis of strata, or `level` is not between 0
        and 1.

    Assumes
    -------
    One odds ratio in all strata; few large or many small strata both do. Patients independent within and between.

    References
    ----------
    mantel1959, robins1986

    Examples
    --------
    Admission to Berkeley of men against women by department, R's `mantelhaen.test(UCBAdmissions)`: 0.9046968, limits
    0.7719074 and 1.0603298.

    >>> men, women = [512, 353, 120, 138, 53, 22], [89, 17, 202, 131, 94, 24]
    >>> all_men, all_women = [825, 560, 325, 417, 191, 373], [108, 25, 593, 375, 393, 341]
    >>> answer = mantel_haenszel_odds_ratio(men, all_men, women, all_women)
    >>> print(f"{answer.estimate:.7f} {answer.low:.7f} {answer.high:.7f}")
    0.9046968 0.7719074 1.0603298
    """
    a, b, c, d, total, known = _strata(events1, n1, events0, n0)
    z = normal_quantile(level)
    concordant, discordant = a * d / total, b * c / total
    agree, differ = (a + d) / total, (b + c) / total
    r, s = concordant.sum(-1), discordant.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = r / s
        variance = (
            (agree * concordant).sum(-1) / r**2
            + (agree * discordant + differ * concordant).sum(-1) / (r * s)
            + (differ * discordant).sum(-1) / s**2
        ) / 2.0
    note = np.select(
        [~known.any(-1), (r == 0) & (s == 0), (r == 0) | (s == 0)], [NO_STRATUM, NO_INFORMATION, NO_LIMITS], ""
    )
    return _log_limits(estimate, np.where((r == 0) | (s == 0), np.nan, variance), z, note)


def mantel_haenszel_ratio(
    events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike, level: float = 0.95
) -> Contrast:
    r"""Common risk ratio over strata (Mantel-Haenszel), with Greenland-Robins limits.

    .. math:: \hat\varphi = \frac{R}{S}, \qquad R = \sum \frac{a n_0}{N}, \quad S = \sum \frac{c n_1}{N}, \qquad
              \hat\varphi \, e^{\pm z \sigma}, \qquad
              \sigma^2 = \frac{\sum (m n_1 n_0 - a c N)/N^2}{R S}

    Parameters
    ----------
    events1, n1
        Number with the event, among how many, in the group of interest, by stratum; shape (..., strata).
    events0, n0
        The same in the reference group, broadcast against the former.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Contrast, of the leading shape. Where R or S is 0 the ratio is 0 or infinite and its limits NaN, with a note; where
    both are, everything is NaN.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, there is no axis of strata, or `level` is not between 0
        and 1.

    Assumes
    -------
    One risk ratio in all strata; few large or many small strata both do. Patients independent within and between.

    References
    ----------
    greenland1985

    Examples
    --------
    One stratum gives the plain ratio with Katz's limits:

    >>> answer = mantel_haenszel_ratio([7], [34], [1], [34])
    >>> print(f"{answer.estimate:.4f} {answer.low:.4f} {answer.high:.4f}")
    7.0000 0.9096 53.8695
    """
    a, b, c, d, total, known = _strata(events1, n1, events0, n0)
    z = normal_quantile(level)
    m1, m0 = a + b, c + d
    r, s = (a * m0 / total).sum(-1), (c * m1 / total).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = r / s
        variance = (((a + c) * m1 * m0 - a * c * total) / total**2).sum(-1) / (r * s)
    silent = (r == 0) & (s == 0)
    reasons = [NO_STRATUM, NO_RATIO, NO_LIMITS, NO_VARIATION]
    note = np.select([~known.any(-1), silent, (r == 0) | (s == 0), variance == 0], reasons, "")
    return _log_limits(estimate, np.where((r == 0) | (s == 0), np.nan, variance), z, note)


def mantel_haenszel_difference(
    events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike, level: float = 0.95
) -> Contrast:
    r"""Common risk difference over strata (Mantel-Haenszel), with Sato's limits.

    .. math:: \hat\delta = \frac{\sum (a n_0 - c n_1)/N}{W}, \quad W = \sum \frac{n_1 n_0}{N}, \qquad
              \sigma^2 = \frac{\hat\delta \sum P + \sum Q}{W^2}

    .. math:: P = \frac{n_1^2 c - n_0^2 a + n_1 n_0 (n_0 - n_1)/2}{N^2}, \qquad
              Q = \frac{a (n_0 - c) + c (n_1 - a)}{2 N}

    Parameters
    ----------
    events1, n1
        Number with the event, among how many, in the group of interest, by stratum; shape (..., strata).
    events0, n0
        The same in the reference group, broadcast against the former.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Contrast, of the leading shape, not cut at -1 and 1; without width, and a note, where no stratum varies.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, there is no axis of strata, or `level` is not between 0
        and 1.

    Assumes
    -------
    One risk difference in all strata; few large or many small strata both do. Patients independent within and between.

    References
    ----------
    greenland1985, sato1989

    Examples
    --------
    Two strata of four, 2 of 2 against 1 of 2 in each: the difference is 1/2.

    >>> answer = mantel_haenszel_difference([2, 2], [2, 2], [1, 1], [2, 2])
    >>> print(f"{answer.estimate:.4f} {answer.low:.4f} {answer.high:.4f}")
    0.5000 0.0100 0.9900
    """
    a, b, c, d, total, known = _strata(events1, n1, events0, n0)
    z = normal_quantile(level)
    m1, m0 = a + b, c + d
    weight = (m1 * m0 / total).sum(-1)
    p = ((m1**2 * c - m0**2 * a + m1 * m0 * (m0 - m1) / 2.0) / total**2).sum(-1)
    q = ((a * d + c * b) / (2.0 * total)).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = ((a * m0 - c * m1) / total).sum(-1) / weight
        reach = z * np.sqrt(np.maximum(estimate * p + q, 0.0)) / weight
    note = np.select([~known.any(-1), reach == 0], [NO_STRATUM, NO_VARIATION], "")
    return Contrast(estimate[()], (estimate - reach)[()], (estimate + reach)[()], note[()])


def mantel_haenszel_test(events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike) -> StratifiedTest:
    r"""Test that group and event are independent in each stratum (Mantel-Haenszel), without continuity correction.

    .. math:: \chi^2_1 = \frac{\left(\sum a - \sum n_1 m / N\right)^2}{\sum n_1 n_0 m (N - m) / \{N^2 (N - 1)\}}

    Parameters
    ----------
    events1, n1
        Number with the event, among how many, in the group of interest, by stratum; shape (..., strata).
    events0, n0
        The same in the reference group, broadcast against the former.

    Returns
    -------
    StratifiedTest, of the leading shape; NaN and a note where no stratum has both groups, both events and non-events.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or there is no axis of strata.

    Assumes
    -------
    Independent patients. The test has power where the effects of the strata point one way.

    References
    ----------
    mantel1959

    Examples
    --------
    R's `mantelhaen.test(UCBAdmissions, correct = FALSE)` prints 1.5246, P = 0.2169:

    >>> men, women = [512, 353, 120, 138, 53, 22], [89, 17, 202, 131, 94, 24]
    >>> all_men, all_women = [825, 560, 325, 417, 191, 373], [108, 25, 593, 375, 393, 341]
    >>> answer = mantel_haenszel_test(men, all_men, women, all_women)
    >>> print(f"{answer.statistic:.4f} {answer.p_value:.4f}")
    1.5246 0.2169
    """
    a, b, c, d, total, _ = _strata(events1, n1, events0, n0)
    m1, m0, events = a + b, c + d, a + c
    variance = (m1 * m0 * events * (b + d) / (total**2 * np.maximum(total - 1.0, 1.0))).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = (a - m1 * events / total).sum(-1) ** 2 / variance
    statistic = np.where(variance > 0, statistic, np.nan)
    note = np.where(variance > 0, "", NO_INFORMATION)
    df = np.ones(statistic.shape, dtype=np.float64)
    return StratifiedTest(statistic[()], df[()], np.asarray(chdtrc(1.0, statistic), dtype=np.float64)[()], note[()])


def breslow_day(events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike) -> StratifiedTest:
    r"""Test that all strata have one odds ratio (Breslow-Day), with Tarone's correction.

    With :math:`\tilde a` the cell that the margins and the Mantel-Haenszel odds ratio give, and v its variance,

    .. math:: \chi^2_{K-1} = \sum \frac{(a - \tilde a)^2}{v} - \frac{(\sum a - \sum \tilde a)^2}{\sum v}, \qquad
              \frac1v = \frac1{\tilde a} + \frac1{\tilde b} + \frac1{\tilde c} + \frac1{\tilde d}

    K counts only strata with both groups, events and non-events; the others say nothing about the odds ratio.

    Parameters
    ----------
    events1, n1
        Number with the event, among how many, in the group of interest, by stratum; shape (..., strata).
    events0, n0
        The same in the reference group, broadcast against the former.

    Returns
    -------
    StratifiedTest, of the leading shape; NaN and a note where fewer than two strata count, or the common odds ratio is
    0, infinite or unknown.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or there is no axis of strata.

    Assumes
    -------
    Independent patients, and strata that are not small: with many small strata the chi-squared approximation fails.

    References
    ----------
    breslow1980, tarone1985

    Examples
    --------
    Two strata with the odds ratios 4 and 1/4 (Woolf's test of them also has 1 degree of freedom):

    >>> answer = breslow_day([20, 10], [30, 30], [10, 20], [30, 30])
    >>> print(f"{answer.statistic:.4f} {answer.df:.0f} {answer.p_value:.5f}")
    13.3333 1 0.00026
    """
    a, b, c, d, _, _ = _strata(events1, n1, events0, n0)
    common = np.asarray(mantel_haenszel_odds_ratio(events1, n1, events0, n0).estimate)
    fine = np.isfinite(common) & (common > 0)
    counts = ((a + c) * (b + d) * (a + b) * (c + d)) > 0
    df = np.where(counts.any(-1), counts.sum(-1) - 1.0, 0.0)
    tilde = expected_cell(np.log(np.where(fine, common, 1.0))[..., None], a, a + b, c, c + d)
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = tilde, a + b - tilde, a + c - tilde, d - a + tilde
        v = np.where(counts, 1.0 / np.add.reduce([1.0 / cell for cell in cells]), np.nan)
        apart = np.where(counts, a - tilde, 0.0)
        statistic = np.nansum(apart**2 / v, -1) - apart.sum(-1) ** 2 / np.nansum(v, -1)
    good = fine & (df > 0)
    note = np.select([df < 1, ~fine], [ONE_STRATUM, NO_COMMON], "")
    statistic = np.where(good, statistic, np.nan)
    p_value = np.where(good, chdtrc(np.maximum(df, 1.0), np.maximum(statistic, 0.0)), np.nan)
    return StratifiedTest(statistic[()], df[()], p_value[()], note[()])


def _strata(events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike) -> tuple[Array, ...]:
    """Cells a, b, c, d and size of each stratum, 0, 0, 0, 0 and 1 where one group is empty; and where none is."""
    x1, m1, x0, m0 = two_samples(events1, n1, events0, n0)
    if x1.ndim == 0:
        raise ValueError("events and n need an axis of strata")
    known = (m1 > 0) & (m0 > 0)
    cells = (np.where(known, cell, 0.0) for cell in (x1, m1 - x1, x0, m0 - x0))
    return *cells, np.where(known, m1 + m0, 1.0), known


def _log_limits(estimate: Array, variance: Array, z: float, note: NDArray[np.str_]) -> Contrast:
    with np.errstate(invalid="ignore"):
        reach = np.exp(z * np.sqrt(variance))
        return Contrast(estimate[()], np.asarray(estimate / reach)[()], np.asarray(estimate * reach)[()], note[()])
