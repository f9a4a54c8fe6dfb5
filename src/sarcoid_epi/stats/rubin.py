r"""Rubin's rules: one answer from the answers of M completed data sets.

Notation: :math:`\hat q_m` the estimate in data set m with covariance U_m;
:math:`\bar q, \bar U` their means, B the covariance of the :math:`\hat q_m` between data sets (divisor M - 1).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtrc, stdtr, stdtrit

from sarcoid_epi.stats.interval import Array, check_level

TOO_FEW = "fewer than two completed data sets: the missing data's share of the error cannot be seen"
MISSING = "a completed data set has no estimate"
NO_INVERSE = "the covariance within data sets cannot be inverted"


class Pooled(NamedTuple):
    """One answer from M data sets; all of the leading shape.

    Attributes
    ----------
    estimate, std_error, low, high, p_value
        Mean, its total standard error, t limits, and the t test that it is 0.
    df
        Degrees of freedom, infinite where the data sets do not differ and the complete data had infinitely many.
    within, between
        Variance within data sets and between them.
    missing_information
        Fraction of missing information, (r + 2/(df + 3)) / (r + 1) with r the relative increase of the variance.
    note
        Empty, or why there is no number.
    """

    estimate: Array
    std_error: Array
    low: Array
    high: Array
    p_value: Array
    df: Array
    within: Array
    between: Array
    missing_information: Array
    note: NDArray[np.str_]


class PooledTest(NamedTuple):
    """F statistic of several coefficients, its degrees of freedom, p-value and a note, of the leading shape."""

    statistic: Array
    df: Array
    df_error: Array
    p_value: Array
    note: NDArray[np.str_]


def rubin(estimate: ArrayLike, variance: ArrayLike, complete_df: float = np.inf, level: float = 0.95) -> Pooled:
    r"""One estimate from multiply imputed data (Rubin), with Barnard and Rubin's degrees of freedom.

    .. math:: T = \bar U + (1 + 1/M) B, \qquad \lambda = (1 + 1/M) B / T, \qquad
              \nu = \Big( \frac{\lambda^2}{M - 1}
              + \Big[ \frac{\nu_c + 1}{\nu_c + 3} \nu_c (1 - \lambda) \Big]^{-1} \Big)^{-1}, \qquad
              \bar q \pm t_\nu \sqrt{T}

    Parameters
    ----------
    estimate, variance
        Of each completed data set, on the scale on which the estimate is normal (log odds ratios, not odds ratios);
        data sets on the last axis, shape (..., M).
    complete_df
        nu_c, degrees of freedom that the data would have if complete: patients less coefficients; infinite for z.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Pooled, of the leading shape; NaN with fewer than two data sets and where one has no estimate.

    Raises
    ------
    ValueError
        If a variance is negative, shapes do not fit, `complete_df` is not above 0, or `level` not between 0 and 1.

    Assumes
    -------
    The imputation model is right and holds the outcome and all that the analysis holds, interactions too; data are
    missing at random given it.

    References
    ----------
    rubin1987, barnard1999

    Examples
    --------
    Estimates 1, 2, 3 with variance 1: B = 1, T = 1 + 4/3, lambda = 4/7, nu = 2 (7/4)^2.

    >>> answer = rubin([1, 2, 3], [1, 1, 1])
    >>> print(f"{answer.estimate:.1f} {answer.std_error ** 2:.4f} {answer.df:.4f} {answer.missing_information:.4f}")
    2.0 2.3333 6.1250 0.6654
    """
    check_level(level)
    q, u = np.broadcast_arrays(np.asarray(estimate, dtype=np.float64), np.asarray(variance, dtype=np.float64))
    if q.ndim == 0:
        raise ValueError("estimate and variance need an axis of data sets")
    if (u < 0).any():
        raise ValueError("variance must not be negative")
    if not complete_df > 0:
        raise ValueError(f"complete_df must be above 0; got {complete_df!r}")
    sets = q.shape[-1]
    note = np.where(np.isnan(q + u).any(-1), MISSING, TOO_FEW if sets < 2 else "")
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, within = q.mean(-1), u.mean(-1)
        between = ((q - mean[..., None]) ** 2).sum(-1) / np.where(sets > 1, sets - 1.0, np.nan)
        total = within + (1.0 + 1.0 / sets) * between
        share = np.where(total > 0, 1.0 - within / total, 0.0)
        observed = 0.0 if np.isinf(complete_df) else (complete_df + 3.0) / ((complete_df + 1.0) * complete_df)
        df = 1.0 / (share**2 / (sets - 1.0) + observed / (1.0 - share))
        increase = share / (1.0 - share)
        error = np.sqrt(total)
        reach = stdtrit(df, (1.0 + level) / 2.0) * error
        p_value = 2.0 * stdtr(df, -np.abs(mean / error))
    missing = (increase + 2.0 / (df + 3.0)) / (increase + 1.0)
    fields = (mean, error, mean - reach, mean + reach, p_value, df, within, between, missing)
    return Pooled._make([*(np.where(note == "", field, np.nan)[()] for field in fields), note[()]])


def pooled_wald(estimate: ArrayLike, covariance: ArrayLike) -> PooledTest:
    r"""Test that several coefficients are 0 together, in multiply imputed data (Li, Raghunathan and Rubin's D1).

    .. math:: D_1 = \frac{\bar q^T \bar U^{-1} \bar q}{k (1 + r)}, \qquad
              r = \frac{(1 + 1/M)\, \mathrm{tr}(B \bar U^{-1})}{k}, \qquad D_1 \sim F_{k, \nu}

    with :math:`\nu = 4 + (t - 4) [1 + (1 - 2/t)/r]^2`, t = k (M - 1), where t > 4, and else
    :math:`\nu = t (1 + 1/k)(1 + 1/r)^2 / 2`.

    Parameters
    ----------
    estimate
        Coefficients of each completed data set, shape (..., M, k).
    covariance
        Their covariances, shape (..., M, k, k).

    Returns
    -------
    PooledTest, of the leading shape; NaN with fewer than two data sets, where one has no estimate, and where the mean
    covariance has no inverse.

    Raises
    ------
    ValueError
        If shapes do not fit.

    Assumes
    -------
    As in `rubin`; many patients (complete data with infinite degrees of freedom); the missing data widen the error of
    each coefficient by about the same factor.

    References
    ----------
    li1991, rubin1987

    Examples
    --------
    One coefficient: the square of Rubin's t, with D1's own degrees of freedom.

    >>> test = pooled_wald([[1], [2], [3]], np.ones((3, 1, 1)))
    >>> print(f"{test.statistic:.4f} {4 / (7 / 3):.4f} {test.df} {test.df_error:.4f}")
    1.7143 1.7143 1.0 6.1250
    """
    q, u = np.asarray(estimate, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    if q.ndim < 2 or u.shape[-3:] != (*q.shape[-2:], q.shape[-1]):
        raise ValueError(f"estimate needs shape (..., M, k), covariance (..., M, k, k); got {q.shape} and {u.shape}")
    sets, size = q.shape[-2:]
    lead = np.broadcast_shapes(q.shape[:-2], u.shape[:-3])
    mean, within = np.broadcast_to(q.mean(-2), (*lead, size)), np.broadcast_to(u.mean(-3), (*lead, size, size))
    lost = np.isnan(q).any((-2, -1)) | np.isnan(u).any((-3, -2, -1))
    broken = np.linalg.matrix_rank(np.nan_to_num(within), hermitian=True) < size
    note = np.select([np.broadcast_to(lost, lead), np.full(lead, sets < 2), broken], [MISSING, TOO_FEW, NO_INVERSE], "")
    inverse = np.linalg.inv(np.where((note == "")[..., None, None], within, np.eye(size)))
    away = q - q.mean(-2, keepdims=True)
    degrees = float(size * (sets - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.einsum("...mi,...ij,...mj->...", away, inverse, away) / (sets - 1.0 if sets > 1 else np.nan)
        increase = (1.0 + 1.0 / sets) * spread / size
        statistic = np.einsum("...i,...ij,...j->...", mean, inverse, mean) / (size * (1.0 + increase))
        if degrees > 4:
            df_error = 4.0 + (degrees - 4.0) * (1.0 + (1.0 - 2.0 / degrees) / increase) ** 2
        else:
            df_error = degrees * (1.0 + 1.0 / size) * (1.0 + 1.0 / increase) ** 2 / 2.0
        p_value = fdtrc(size, np.minimum(df_error, 1e12), statistic)
    fields = (statistic, np.full(lead, float(size)), df_error, p_value)
    return PooledTest._make([*(np.where(note == "", field, np.nan)[()] for field in fields), note[()]])
