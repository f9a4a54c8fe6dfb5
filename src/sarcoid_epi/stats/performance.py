"""How well a method did in a simulation study: each measure with its Monte Carlo standard error.

Notation: R replicates on the last axis, of which r are used; b estimate, s its standard error, t the truth. A measure
uses the replicates that have what it needs: bias those with an estimate, coverage those with limits. Formulas: table 6
of morris2019.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc
from scipy.stats import kstwo

from sarcoid_epi.stats.interval import Array


class Measured(NamedTuple):
    """A measure and its Monte Carlo standard error; NaN where too few replicates are used."""

    value: Array
    mcse: Array


class Performance(NamedTuple):
    """All measures of one method; `attempted` replicates, and `used`, those that have estimate, error and limits.

    `coverage_of_attempted` counts a failed replicate as a miss: with `coverage` it bounds what a user would meet.
    """

    attempted: NDArray[np.int64]
    used: NDArray[np.int64]
    bias: Measured
    relative_bias: Measured
    empirical_error: Measured
    model_error: Measured
    relative_error: Measured
    mean_squared_error: Measured
    coverage: Measured
    coverage_of_attempted: Measured
    bias_eliminated_coverage: Measured
    power: Measured
    mean_width: Measured
    median_width: Measured


class Uniformity(NamedTuple):
    """Tests of uniformity: chi-square of equal bins and Kolmogorov-Smirnov, each with its p-value."""

    chi_square: Array
    chi_square_p: Array
    kolmogorov: Array
    kolmogorov_p: Array


def performance(
    estimate: ArrayLike, std_error: ArrayLike, low: ArrayLike, high: ArrayLike, truth: ArrayLike, null: float = 0.0
) -> Performance:
    """Every measure of this module for one method, each on the replicates that have what it needs.

    One without an estimate has failed: its error and limits count nowhere.

    Parameters
    ----------
    estimate, std_error, low, high
        Shape (..., R), replicates last, broadcast against each other; NaN where the replicate failed.
    truth
        Broadcast against them: one number, or one for each replicate.
    null
        What a test by the limits would reject.

    Returns
    -------
    Performance, each field of the leading shape.

    Raises
    ------
    ValueError
        If there is no axis of replicates, or a standard error is negative.

    Assumes
    -------
    Independent replicates; failures that have nothing to do with the estimate (else see `coverage_of_attempted`).

    References
    ----------
    morris2019

    Examples
    --------
    Four replicates around a truth of 2, one of them missed; a fifth failed:

    >>> estimate = [1.0, 2.0, 3.0, 6.0, float("nan")]
    >>> got = performance(estimate, 1.0, [0, 1, 2, 5, 0], [2, 3, 4, 7, 0], 2.0)
    >>> print(got.used, got.attempted, got.bias.value, round(float(got.bias.mcse), 3))
    4 5 1.0 1.08
    >>> print(got.coverage.value, got.coverage_of_attempted.value)
    0.75 0.6
    """
    b, s, lower, upper, t = _replicates(estimate, std_error, low, high, truth)
    if (s < 0).any():
        raise ValueError("std_error must not be negative")
    s, lower, upper = (np.where(np.isnan(b), np.nan, each) for each in (s, lower, upper))
    complete = ~(np.isnan(b) | np.isnan(s) | np.isnan(lower) | np.isnan(upper) | np.isnan(t))
    return Performance(
        np.asarray(np.full(complete.shape[:-1], complete.shape[-1]))[()],
        complete.sum(-1)[()],
        bias(b, t),
        relative_bias(b, t),
        empirical_error(b),
        model_error(s),
        relative_error(b, s),
        mean_squared_error(b, t),
        coverage(lower, upper, t),
        coverage(lower, upper, t, failed_is_miss=True),
        bias_eliminated_coverage(b, lower, upper, t),
        power(lower, upper, null),
        mean_width(lower, upper),
        median_width(lower, upper),
    )


def bias(estimate: ArrayLike, truth: ArrayLike) -> Measured:
    """Mean error, mean(b - t), with standard error sd(b - t)/sqrt(r). Arguments as in `performance`."""
    b, t = _replicates(estimate, truth)
    return _mean(b - t)


def relative_bias(estimate: ArrayLike, truth: ArrayLike) -> Measured:
    """Mean relative error, mean((b - t)/t), a share and not per cent; NaN where the truth is 0."""
    b, t = _replicates(estimate, truth)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = _mean(np.where(t == 0, np.nan, (b - t) / t))
    undefined = (t == 0).any(-1)
    return Measured(*(np.where(undefined, np.nan, each)[()] for each in error))


def empirical_error(estimate: ArrayLike) -> Measured:
    """Standard deviation of the estimates, with standard error sd/sqrt(2 (r - 1)). With a random truth give b - t."""
    (b,) = _replicates(estimate)
    _, variance, used = _moments(b)
    return _measured(np.sqrt(variance), np.sqrt(variance / _above_zero(2.0 * (used - 1))))


def model_error(std_error: ArrayLike) -> Measured:
    """Root of the mean squared standard error, with standard error sqrt(Var(s^2)/(4 r mean(s^2)))."""
    (s,) = _replicates(std_error)
    mean, variance, used = _moments(s**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _measured(np.sqrt(mean), np.sqrt(variance / (4.0 * used * mean)))


def relative_error(estimate: ArrayLike, std_error: ArrayLike) -> Measured:
    """By how much the model error is off the empirical one, model/empirical - 1, a share and not per cent."""
    b, s = _replicates(estimate, std_error)
    failed = np.isnan(b + s)
    empirical, model = empirical_error(np.where(failed, np.nan, b)), model_error(np.where(failed, np.nan, s))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = model.value / empirical.value
        mcse = ratio * np.sqrt((model.mcse / model.value) ** 2 + (empirical.mcse / empirical.value) ** 2)
    return _measured(ratio - 1.0, mcse)


def mean_squared_error(estimate: ArrayLike, truth: ArrayLike) -> Measured:
    """Mean of (b - t)^2, with standard error sd((b - t)^2)/sqrt(r)."""
    b, t = _replicates(estimate, truth)
    return _mean((b - t) ** 2)


def coverage(low: ArrayLike, high: ArrayLike, truth: ArrayLike, failed_is_miss: bool = False) -> Measured:
    """Share c of the limits that hold the truth, both ends included, with standard error sqrt(c (1 - c)/r).

    With `failed_is_miss` a replicate without limits counts as one that misses: the lower bound of the coverage.
    """
    lower, upper, t = _replicates(low, high, truth)
    return _share((lower <= t) & (t <= upper), (np.isnan(lower) | np.isnan(upper) | np.isnan(t)) & (not failed_is_miss))


def bias_eliminated_coverage(estimate: ArrayLike, low: ArrayLike, high: ArrayLike, truth: ArrayLike = 0.0) -> Measured:
    """Share of the limits that hold the mean estimate; with a truth of each replicate, the truth plus the bias."""
    b, lower, upper, t = _replicates(estimate, low, high, truth)
    shifted = t + np.asarray(_mean(b - t).value)[..., None]
    return _share((lower <= shifted) & (shifted <= upper), np.isnan(lower) | np.isnan(upper) | np.isnan(t))


def power(low: ArrayLike, high: ArrayLike, null: float = 0.0) -> Measured:
    """Share of the limits that exclude the null, with standard error sqrt(p (1 - p)/r)."""
    lower, upper = _replicates(low, high)
    return _share((null < lower) | (upper < null), np.isnan(lower) | np.isnan(upper))


def mean_width(low: ArrayLike, high: ArrayLike) -> Measured:
    """Mean of high - low, with standard error sd/sqrt(r)."""
    lower, upper = _replicates(low, high)
    return _mean(upper - lower)


def median_width(low: ArrayLike, high: ArrayLike) -> Measured:
    """Median of high - low; standard error from its order statistics.

    Half the distance between the quantiles at 1/2 -+ 1/(2 sqrt(r)): the number of widths below the median has standard
    deviation sqrt(r)/2.
    """
    lower, upper = _replicates(low, high)
    width = np.sort(upper - lower, axis=-1)  # NaN last
    used = (~np.isnan(width)).sum(-1)
    half = 0.5 / np.sqrt(_above_zero(used))
    middle, below, above = (_quantile(width, used, 0.5 + shift) for shift in (0.0 * half, -half, half))
    return _measured(middle, np.where(used > 1, (above - below) / 2.0, np.nan))


def uniformity(pit: ArrayLike, bins: int = 20) -> Uniformity:
    r"""Simulation-based calibration: are probability integral transforms uniform on (0, 1)?

    .. math:: \chi^2 = \sum_j \frac{(O_j - r/B)^2}{r/B}, \qquad D = \max_i \max(i/r - u_{(i)},\, u_{(i)} - (i-1)/r)

    with B equal bins, and p-values by chi-square with B - 1 degrees of freedom and by the exact law of D.

    Parameters
    ----------
    pit
        Posterior probability below the truth, in [0, 1], shape (..., R); NaN has failed and is left out.
    bins
        B, at least 2.

    Returns
    -------
    Uniformity, of the leading shape; NaN without replicates.

    Raises
    ------
    ValueError
        If a value is outside [0, 1], or `bins` is below 2.

    Assumes
    -------
    Independent replicates, truths drawn from the very prior that the method believes.

    References
    ----------
    talts2018

    Examples
    --------
    >>> import numpy as np
    >>> even = uniformity((np.arange(100) + 0.5) / 100, bins=10)
    >>> print(even.chi_square, even.chi_square_p, round(float(even.kolmogorov), 3))
    0.0 1.0 0.005
    """
    (u,) = _replicates(pit)
    if bins < 2:
        raise ValueError(f"bins must be at least 2; got {bins}")
    if ((u < 0) | (u > 1)).any():
        raise ValueError("pit must lie between 0 and 1")
    u = np.sort(u, axis=-1)
    there = ~np.isnan(u)
    used = there.sum(-1)[..., None]
    expected = np.where(used > 0, used, np.nan) / bins
    place = np.minimum(np.floor(np.where(there, u, -1.0) * bins), bins - 1)
    observed = np.stack([(place == j).sum(-1) for j in range(bins)], axis=-1)
    chi_square = ((observed - expected) ** 2 / expected).sum(-1)
    rank, size = np.arange(1, u.shape[-1] + 1), _above_zero(used)
    distance = np.where(there, np.maximum(rank / size - u, u - (rank - 1) / size), -np.inf).max(-1)
    distance = np.where(used[..., 0] > 0, distance, np.nan)
    p = kstwo.sf(distance, size[..., 0])
    answers = (chi_square, chdtrc(bins - 1, chi_square), distance, p)
    return Uniformity(*(np.asarray(each)[()] for each in answers))


def _replicates(*values: ArrayLike) -> tuple[Array, ...]:
    """All as float64 of one shape with replicates last."""
    arrays = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values))
    if arrays[0].ndim == 0 or arrays[0].shape[-1] == 0:
        raise ValueError("there must be an axis of replicates, the last one")
    return tuple(arrays)


def _above_zero(count: ArrayLike) -> Array:
    count = np.asarray(count, dtype=np.float64)
    return np.where(count > 0, count, np.nan)


def _moments(values: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """Mean and variance (divisor r - 1) of the values that are not NaN, and r."""
    there = ~np.isnan(values)
    used = there.sum(-1)
    mean = np.where(there, values, 0.0).sum(-1) / _above_zero(used)
    off = np.where(there, values - mean[..., None], 0.0)
    return mean, (off**2).sum(-1) / _above_zero(used - 1), used


def _mean(values: Array) -> Measured:
    mean, variance, used = _moments(values)
    return _measured(mean, np.sqrt(variance / _above_zero(used)))


def _share(hit: NDArray[np.bool_], left_out: NDArray[np.bool_]) -> Measured:
    used = _above_zero((~left_out).sum(-1))
    share = (hit & ~left_out).sum(-1) / used
    return _measured(share, np.sqrt(share * (1.0 - share) / used))


def _quantile(ordered: Array, used: NDArray[np.int64], at: Array) -> Array:
    """Linear interpolation between order statistics, NaN sorted last (the definition numpy has by default)."""
    place = np.nan_to_num(np.clip(at, 0.0, 1.0)) * np.maximum(used - 1, 0)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(used - 1, 0))
    lower, upper = (np.take_along_axis(ordered, each[..., None], axis=-1)[..., 0] for each in (below, above))
    return np.asarray(lower + (place - below) * (upper - lower))


def _measured(value: Array, mcse: Array) -> Measured:
    return Measured(np.asarray(value)[()], np.asarray(mcse)[()])
