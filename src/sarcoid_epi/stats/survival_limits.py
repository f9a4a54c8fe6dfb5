"""Confidence limits of a survival curve on four scales, one rule at the ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.stats.interval import Array, Interval, normal_quantile


def log_log_limits(survival: Array, error: Array, z: float) -> Interval:
    r"""Limits on the scale log(-log S): :math:`S^{\exp(\pm z \sigma / (S \log S))}`, always inside 0 and 1.

    Parameters
    ----------
    survival, error
        S and its standard error, 0 < S < 1.
    z
        Standard normal quantile.

    Returns
    -------
    Interval.

    Assumes
    -------
    log(-log S) is close to normal; of the four scales the one closest to its level in small groups.

    References
    ----------
    kalbfleisch2002

    Examples
    --------
    >>> low, high = log_log_limits(np.array(0.5), np.array(0.1), 1.96)
    >>> print(f"{low:.3f} {high:.3f}")
    0.295 0.675
    """
    log = np.log(survival)
    reach = z * error / (survival * -log)
    return Interval(np.exp(log * np.exp(reach)), np.exp(log * np.exp(-reach)))


def log_limits(survival: Array, error: Array, z: float) -> Interval:
    r"""Limits on the scale log S: :math:`S \exp(\pm z \sigma / S)`, the upper cut at 1; the default of R's survfit.

    Parameters
    ----------
    survival, error
        S and its standard error, 0 < S < 1.
    z
        Standard normal quantile.

    Returns
    -------
    Interval.

    Assumes
    -------
    log S is close to normal.

    References
    ----------
    kalbfleisch2002

    Examples
    --------
    >>> low, high = log_limits(np.array(0.5), np.array(0.1), 1.96)
    >>> print(f"{low:.3f} {high:.3f}")
    0.338 0.740
    """
    reach = np.exp(z * error / survival)
    return Interval(survival / reach, np.minimum(survival * reach, 1.0))


def plain_limits(survival: Array, error: Array, z: float) -> Interval:
    r"""Limits :math:`S \pm z \sigma`, cut at 0 and 1; for comparison.

    Parameters
    ----------
    survival, error
        S and its standard error.
    z
        Standard normal quantile.

    Returns
    -------
    Interval.

    Assumes
    -------
    S itself is close to normal, which near 0 and 1 it is not.

    References
    ----------
    kalbfleisch2002

    Examples
    --------
    >>> low, high = plain_limits(np.array(0.5), np.array(0.1), 1.96)
    >>> print(f"{low:.3f} {high:.3f}")
    0.304 0.696
    """
    return Interval(np.maximum(survival - z * error, 0.0), np.minimum(survival + z * error, 1.0))


def arcsine_limits(survival: Array, error: Array, z: float) -> Interval:
    r"""Limits on the scale :math:`\arcsin\sqrt S`, cut where the angle leaves 0 to pi/2.

    Parameters
    ----------
    survival, error
        S and its standard error, 0 < S < 1.
    z
        Standard normal quantile.

    Returns
    -------
    Interval.

    Assumes
    -------
    The angle is close to normal.

    References
    ----------
    borgan1990

    Examples
    --------
    >>> low, high = arcsine_limits(np.array(0.5), np.array(0.1), 1.96)
    >>> print(f"{low:.3f} {high:.3f}")
    0.309 0.691
    """
    angle = np.arcsin(np.sqrt(survival))
    reach = z * error / (2.0 * np.sqrt(survival * (1.0 - survival)))
    low, high = np.maximum(angle - reach, 0.0), np.minimum(angle + reach, np.pi / 2.0)
    return Interval(np.sin(low) ** 2, np.sin(high) ** 2)


SCALES: dict[str, Callable[[Array, Array, float], Interval]] = {
    "log-log": log_log_limits,
    "log": log_limits,
    "plain": plain_limits,
    "arcsine": arcsine_limits,
}


def survival_limits(
    survival: Array, error: Array, at_risk: Array, whole: NDArray[np.bool_], level: float, scale: str
) -> Interval:
    r"""Limits along a curve that falls from 1, on a scale by name, two-sided also where the curve is 1 or 0.

    Where S = 1, no event yet, the standard error is 0, which is not certainty. The upper limit is 1, and the lower one
    Clopper-Pearson's for no event among those still at risk, :math:`(\alpha/2)^{1/Y(t)}`; NaN where late entrants are
    among them, for they tell nothing about the time before. Where S = 0 the lower limit is 0, and the upper one stays
    where it was before the fall, since the curve cannot rise.

    Parameters
    ----------
    survival, error, at_risk
        S, its standard error and Y, shape (..., T), times on the last axis.
    whole
        Whether all at risk at a time have been observed from the start, shape (..., T).
    level
        Confidence level, between 0 and 1.
    scale
        One of "log-log", "log", "plain", "arcsine".

    Returns
    -------
    Interval of shape (..., T).

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1 or `scale` is none of the four.

    Assumes
    -------
    What the scale assumes; censoring tells nothing about the event.

    References
    ----------
    kalbfleisch2002, fay2013

    Examples
    --------
    Ten at risk and no event, then all have it:

    >>> curve, error = np.array([1.0, 0.0]), np.array([0.0, np.nan])
    >>> low, high = survival_limits(curve, error, np.array([10.0, 10.0]), np.array([True, True]), 0.95, "log-log")
    >>> print(low.round(4), high)
    [0.6915 0.    ] [1. 1.]
    """
    if scale not in SCALES:
        raise ValueError(f"limits must be one of {', '.join(SCALES)}; got {scale!r}")
    z = normal_quantile(level)
    inside = (survival > 0) & (survival < 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        low, high = SCALES[scale](np.where(inside, survival, np.nan), error, z)
        none_yet = np.where(whole & (at_risk > 0), ((1.0 - level) / 2.0) ** (1.0 / at_risk), np.nan)
    low = np.where(survival == 1, none_yet, low)
    high = np.where(survival == 1, np.where(np.isnan(none_yet), np.nan, 1.0), high)
    fallen = survival == 0
    if fallen.any():
        last = (survival > 0).sum(-1, keepdims=True) - 1
        before = np.where(last >= 0, np.take_along_axis(high, np.maximum(last, 0), -1), 1.0)
        low, high = np.where(fallen, 0.0, low), np.where(fallen, before, high)
    return Interval(low, high)
