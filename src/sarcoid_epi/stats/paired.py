"""Two methods on the same replicates: differences of their performance, each with its paired Monte Carlo error.

Notation as in `performance`: replicates on the last axis; a is the method of reference, b the one compared with it.
What both methods share of chance cancels, so that a difference is known far better than either measure.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.performance import Measured


class Paired(NamedTuple):
    """Differences, method less reference; `attempted` and `used` replicates, `used` those that both answered.

    `relative_precision` is var(a)/var(b) - 1: how much more precise the method is than the reference.
    """

    attempted: NDArray[np.int64]
    used: NDArray[np.int64]
    bias: Measured
    coverage: Measured
    width: Measured
    squared_error: Measured
    relative_precision: Measured


def paired(
    method: tuple[ArrayLike, ArrayLike, ArrayLike], reference: tuple[ArrayLike, ArrayLike, ArrayLike], truth: ArrayLike
) -> Paired:
    r"""Compare two methods replicate by replicate.

    .. math:: \bar d = \frac{1}{r} \sum_i d_i, \qquad se(\bar d) = \sqrt{\frac{\sum_i (d_i - \bar d)^2}{r (r - 1)}}

    with d_i the difference of the estimates, of whether the limits hold the truth, of the widths, and of the squared
    errors. The relative precision is V_a/V_b - 1, with standard error 2 (V_a/V_b) sqrt((1 - rho^2)/(r - 1)) for the
    correlation rho of the estimates.

    Parameters
    ----------
    method, reference
        Estimate, lower and upper limit of each replicate, each of shape (..., R); NaN where the replicate failed.
    truth
        Broadcast against them.

    Returns
    -------
    Paired, each field of the leading shape; NaN where fewer than two replicates are used.

    Raises
    ------
    ValueError
        If there is no axis of replicates.

    Assumes
    -------
    Independent replicates, the same ones in the same order; failures of either that have nothing to do with the
    estimates. The error of the relative precision holds for estimates that are about normal.

    References
    ----------
    morris2019, whitesimsum2010

    Examples
    --------
    Two methods, the second always 0.1 higher: the difference of their biases has no error at all.

    >>> a = [0.2, 0.5, 0.9, 0.4]
    >>> b = [0.3, 0.6, 1.0, 0.5]
    >>> got = paired((b, [0] * 4, [1] * 4), (a, [0] * 4, [1] * 4), 0.5)
    >>> print(round(float(got.bias.value), 3), round(float(got.bias.mcse), 3))
    0.1 0.0
    """
    arrays = np.broadcast_arrays(*(np.asarray(one, dtype=np.float64) for one in (*method, *reference, truth)))
    if arrays[0].ndim == 0 or arrays[0].shape[-1] == 0:
        raise ValueError("there must be an axis of replicates, the last one")
    failed = np.isnan(sum(arrays))
    b, b_low, b_high, a, a_low, a_high, t = (np.where(failed, np.nan, one) for one in arrays)
    with np.errstate(invalid="ignore"):
        widths = (b_high - b_low) - (a_high - a_low)
    holds = np.where(failed, np.nan, 1.0 * ((b_low <= t) & (t <= b_high)) - ((a_low <= t) & (t <= a_high)))
    return Paired(
        np.asarray(np.full(failed.shape[:-1], failed.shape[-1]))[()],
        (~failed).sum(-1)[()],
        _mean(b - a),
        _mean(holds),
        _mean(widths),
        _mean((b - t) ** 2 - (a - t) ** 2),
        _precision(b, a),
    )


def _mean(values: Array) -> Measured:
    """Mean of those that are not NaN, and its standard error."""
    used = (~np.isnan(values)).sum(-1)
    some, two = np.where(used > 0, used, np.nan), np.where(used > 1, used, np.nan)
    mean = np.nansum(values, axis=-1) / some
    variance = np.nansum((values - mean[..., None]) ** 2, axis=-1) / (two - 1)
    return Measured(np.asarray(mean)[()], np.sqrt(variance / two)[()])


def _precision(b: Array, a: Array) -> Measured:
    used = (~np.isnan(b)).sum(-1)
    two = np.where(used > 1, used, np.nan)
    off_a, off_b = (one - (np.nansum(one, axis=-1) / two)[..., None] for one in (a, b))
    var_a, var_b, both = (np.nansum(one, axis=-1) for one in (off_a**2, off_b**2, off_a * off_b))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(two > 1, var_a / np.where(var_b > 0, var_b, np.nan), np.nan)
        free = np.maximum(1 - both**2 / (var_a * var_b), 0.0)
    return Measured(np.asarray(ratio - 1)[()], (2 * ratio * np.sqrt(free / (two - 1)))[()])
