"""How far two groups lie apart in units of their own spread: balance of a Table 1, without a test.

Notation: group of interest (1) and reference group (0); each counts the same in the pooled spread, whatever its size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.two_samples import category_counts, moments, two_samples

EMPTY = "a group has no patients"
ONE_PATIENT = "a group has one patient: its standard deviation is unknown"
NO_SPREAD = "neither group varies: groups that differ are infinitely far apart"
SEPARATED = "a direction in which the groups differ but neither varies: infinitely far apart"

#: Eigenvalues of the covariance below this share of 1 are nothing but rounding.
_SINGULAR = 1e-12


class StandardisedDifference(NamedTuple):
    """A standardised difference with approximate limits, and a note; fields of one shape."""

    estimate: Array
    low: Array
    high: Array
    note: NDArray[np.str_]


def standardised_mean_difference(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean0: ArrayLike,
    sd0: ArrayLike,
    n0: ArrayLike,
    level: float = 0.95,
) -> StandardisedDifference:
    r"""Standardised difference of a continuous characteristic.

    .. math:: d = \frac{\bar y_1 - \bar y_0}{\sqrt{(s_1^2 + s_0^2)/2}}, \qquad
              d \pm z \sqrt{\frac{n_1 + n_0}{n_1 n_0} + \frac{d^2}{2 (n_1 + n_0)}}

    Parameters
    ----------
    mean1, sd1, n1
        Mean, standard deviation (denominator n - 1) and number of patients, group of interest; any shape.
    mean0, sd0, n0
        The same in the reference group.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    StandardisedDifference, of the broadcast shape. Where neither group varies it is 0 if the means are equal and
    infinite, without limits and with a note, if not. NaN where a group has fewer than two patients.

    Raises
    ------
    ValueError
        If a number of patients is negative or not whole, a standard deviation is negative, or `level` is not between 0
        and 1.

    Assumes
    -------
    For the limits: independent patients, characteristics near normal with equal spread (they are approximate, of the
    size of the error).

    References
    ----------
    yang2012, hedges1985, austin2009

    Examples
    --------
    >>> answer = standardised_mean_difference(50, 10, 100, 45, 12, 200)
    >>> print(f"{answer.estimate:.4f} {answer.low:.4f} {answer.high:.4f}")
    0.4527 0.2099 0.6954
    """
    z = normal_quantile(level)
    m1, s1, k1, m0, s0, k0 = moments(mean1, sd1, n1, mean0, sd0, n0)
    estimate, still = _scaled(m1 - m0, (np.where(k1 > 1, s1, np.nan) ** 2 + np.where(k0 > 1, s0, np.nan) ** 2) / 2.0)
    note = np.select([(k1 == 0) | (k0 == 0), (k1 == 1) | (k0 == 1)], [EMPTY, ONE_PATIENT], still)
    return _with_limits(np.where((k1 < 2) | (k0 < 2), np.nan, estimate), k1, k0, z, note)


def standardised_risk_difference(
    events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike, level: float = 0.95
) -> StandardisedDifference:
    r"""Standardised difference of a binary characteristic.

    .. math:: d = \frac{\hat p_1 - \hat p_0}{\sqrt{\{\hat p_1 (1 - \hat p_1) + \hat p_0 (1 - \hat p_0)\}/2}}

    with the limits of `standardised_mean_difference`.

    Parameters
    ----------
    events1, n1
        Number with the characteristic, among how many, in the group of interest; whole numbers, any shape.
    events0, n0
        The same in the reference group, broadcast against the former.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    StandardisedDifference, of the broadcast shape. Where neither group varies it is 0 if both have it or both have it
    not, and infinite, without limits and with a note, if one has it and the other not. NaN where a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    For the limits: independent patients; they are approximate.

    References
    ----------
    yang2012, hedges1985, austin2009

    Examples
    --------
    Shares of 1/2 and 1/4: 0.25 / sqrt((1/4 + 3/16)/2).

    >>> print(f"{standardised_risk_difference(50, 100, 25, 100).estimate:.5f}")
    0.53452
    """
    z = normal_quantile(level)
    x1, k1, x0, k0 = two_samples(events1, n1, events0, n0)
    with np.errstate(invalid="ignore"):
        p1, p0 = x1 / k1, x0 / k0
    estimate, still = _scaled(p1 - p0, (p1 * (1.0 - p1) + p0 * (1.0 - p0)) / 2.0)
    return _with_limits(estimate, k1, k0, z, np.where((k1 == 0) | (k0 == 0), EMPTY, still))


def standardised_multinomial_difference(
    counts1: ArrayLike, counts0: ArrayLike, level: float = 0.95
) -> StandardisedDifference:
    r"""Standardised difference of a characteristic with several categories (Yang-Dalton), never negative.

    With T and C the vectors of shares in the two groups and S the mean of the two covariance matrices,

    .. math:: d = \sqrt{(T - C)^\top S^- (T - C)}, \qquad
              S_{kl} = \begin{cases} \{T_k (1 - T_k) + C_k (1 - C_k)\}/2 & k = l \\
              -(T_k T_l + C_k C_l)/2 & k \ne l \end{cases}

    All categories stay in, and S^- is a generalised inverse: the same number as when one category is left out, and
    categories without patients change nothing. With two categories it is the size of `standardised_risk_difference`.

    Parameters
    ----------
    counts1, counts0
        Patients by category in the group of interest and in the reference group, shape (..., categories).
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    StandardisedDifference, of the leading shape, limits as in `standardised_mean_difference`, the lower cut at 0.
    Infinite, without limits and with a note, where some set of categories holds all of one group and none of the other.
    NaN where a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers from 0, have no axis of categories, or `level` is not between 0 and 1.

    Assumes
    -------
    For the limits: independent patients; they are rough, for the estimate grows with the number of categories even
    between groups drawn from one population.

    References
    ----------
    yang2012, hedges1985

    Examples
    --------
    >>> answer = standardised_multinomial_difference([20, 50, 30, 0], [30, 40, 30, 0])
    >>> print(f"{answer.estimate:.4f}")
    0.2514
    """
    z = normal_quantile(level)
    first, second = np.broadcast_arrays(category_counts(counts1, "counts1"), category_counts(counts0, "counts0"))
    k1, k0 = first.sum(-1), second.sum(-1)
    empty = (k1 == 0) | (k0 == 0)
    with np.errstate(invalid="ignore"):
        t, c = (np.where(empty[..., None], 0.0, count / count.sum(-1, keepdims=True)) for count in (first, second))
    covariance = -(t[..., :, None] * t[..., None, :] + c[..., :, None] * c[..., None, :]) / 2.0
    each = np.arange(t.shape[-1])
    covariance[..., each, each] += (t + c) / 2.0
    values, vectors = np.linalg.eigh(covariance)
    along = np.einsum("...ij,...i->...j", vectors, t - c)
    singular = values < _SINGULAR
    squared = np.where(singular, 0.0, along**2 / np.where(singular, 1.0, values)).sum(-1)
    apart = (np.where(singular, along, 0.0) ** 2).sum(-1) > _SINGULAR
    estimate = np.where(empty, np.nan, np.where(apart, np.inf, np.sqrt(squared)))
    answer = _with_limits(estimate, k1, k0, z, np.select([empty, apart], [EMPTY, SEPARATED], ""))
    return answer._replace(low=np.maximum(answer.low, 0.0)[()])


def _scaled(difference: Array, variance: Array) -> tuple[Array, NDArray[np.str_]]:
    """Difference over spread: 0 where there is no difference, infinite where there is one but no spread."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.where((difference == 0) & (variance == 0), 0.0, difference / np.sqrt(variance))
    return scaled, np.where(np.isinf(scaled), NO_SPREAD, "")


def _with_limits(estimate: Array, k1: Array, k0: Array, z: float, note: NDArray[np.str_]) -> StandardisedDifference:
    finite = np.isfinite(estimate)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = z * np.sqrt((k1 + k0) / (k1 * k0) + estimate**2 / (2.0 * (k1 + k0)))
        low, high = (np.where(finite, estimate + side * reach, np.nan) for side in (-1.0, 1.0))
    return StandardisedDifference(np.asarray(estimate)[()], low[()], high[()], note[()])
