"""From the apparent to the true share: correction for imperfect sensitivity and specificity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sarcoid_epi.stats.interval import Array, Interval, check_counts, check_share, normal_quantile


class Corrected(NamedTuple):
    """A corrected share with its limits; all of one shape, numpy scalars when the input was scalar."""

    estimate: Array
    low: Array
    high: Array
    std_error: Array


def rogan_gladen(apparent: ArrayLike, sensitivity: ArrayLike, specificity: ArrayLike) -> Array:
    """True share from the apparent share."""
    share = check_share(apparent, "apparent")
    se, sp = check_share(sensitivity, "sensitivity"), check_share(specificity, "specificity")
    return _solve(share, se, sp)[()]


def apparent_from_true(prevalence: ArrayLike, sensitivity: ArrayLike, specificity: ArrayLike) -> Array:
    """Apparent share from the true share."""
    share = check_share(prevalence, "prevalence")
    se, sp = check_share(sensitivity, "sensitivity"), check_share(specificity, "specificity")
    return np.asarray(share * se + (1.0 - share) * (1.0 - sp))[()]


def rogan_gladen_known(apparent: Interval, sensitivity: ArrayLike, specificity: ArrayLike) -> Interval:
    """Limits of the true share when sensitivity and specificity are declared known."""
    return Interval(
        rogan_gladen(apparent.low, sensitivity, specificity), rogan_gladen(apparent.high, sensitivity, specificity)
    )


def lang_reiczigel(
    events: ArrayLike,
    n: ArrayLike,
    sensitivity_events: ArrayLike,
    sensitivity_n: ArrayLike,
    specificity_events: ArrayLike,
    specificity_n: ArrayLike,
    level: float = 0.95,
) -> Corrected:
    """Limits of the true share when sensitivity and specificity were themselves estimated."""
    x, m = check_counts(events, n)
    x_se, m_se = check_counts(sensitivity_events, sensitivity_n, "sensitivity_events", "sensitivity_n")
    x_sp, m_sp = check_counts(specificity_events, specificity_n, "specificity_events", "specificity_n")
    z = normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = _solve(x / m, x_se / m_se, x_sp / m_sp)
    m, x = m + z**2, x + z**2 / 2
    m_se, x_se = m_se + 2.0, x_se + 1.0
    m_sp, x_sp = m_sp + 2.0, x_sp + 1.0
    share, se, sp = x / m, x_se / m_se, x_sp / m_sp
    true = _solve(share, se, sp)
    std_error = _delta(true, share, m, se, m_se, sp, m_sp)
    shift = 2 * z**2 * (true * se * (1 - se) / m_se - (1 - true) * sp * (1 - sp) / m_sp)
    nan = np.isnan(estimate)
    low, high = (np.where(nan, np.nan, np.clip(true + shift + s * z * std_error, 0.0, 1.0))[()] for s in (-1, 1))
    return Corrected(estimate[()], low, high, np.where(nan, np.nan, std_error)[()])


def _solve(apparent: Array, sensitivity: Array, specificity: Array) -> Array:
    """(AP + Sp - 1) / (Se + Sp - 1); NaN where the test is no better than chance."""
    youden = sensitivity + specificity - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(youden > 0, (apparent + specificity - 1.0) / youden, np.nan)


def _delta(true: Array, share: Array, m: Array, se: Array, m_se: Array, sp: Array, m_sp: Array) -> Array:
    variance = share * (1 - share) / m + true**2 * se * (1 - se) / m_se + (1 - true) ** 2 * sp * (1 - sp) / m_sp
    return np.asarray(np.sqrt(variance) / np.abs(se + sp - 1.0))
