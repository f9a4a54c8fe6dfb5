"""Summaries of weighted draws: what a posterior looks like when it comes as a sample with weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sarcoid_epi.stats.interval import Array, check_level


class Summary(NamedTuple):
    """Mean, standard deviation, median and central limits, of the shape of the draws without their last axis."""

    mean: Array
    sd: Array
    median: Array
    low: Array
    high: Array


def normalised(log_weights: ArrayLike) -> Array:
    """Weights that add up to 1 over the last axis; all NaN where every log weight is minus infinity.

    >>> print(normalised([0.0, 0.0]))
    [0.5 0.5]
    """
    logs = np.asarray(log_weights, dtype=np.float64)
    largest = logs.max(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        weights = np.exp(logs - largest)
        return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def effective(weights: Array) -> Array:
    """Effective number of draws, 1 / sum of squared weights [kong1994].

    >>> print(round(float(effective(np.array([0.25, 0.25, 0.25, 0.25]))), 6))
    4.0
    """
    return np.asarray(1.0 / (weights**2).sum(axis=-1))


def weighted_quantile(values: Array, weights: Array, at: ArrayLike) -> Array:
    """Quantiles of weighted draws: the distribution function rises linearly between the middles of its steps.

    Parameters
    ----------
    values, weights
        Draws and their weights (adding up to 1), shape (..., P).
    at
        Probabilities, shape (Q,).

    Returns
    -------
    Array of shape (..., Q); NaN where the weights are.

    Examples
    --------
    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), np.full(3, 1 / 3), [0.5])
    array([2.])
    """
    wanted = np.atleast_1d(np.asarray(at, dtype=np.float64))
    values, weights = np.broadcast_arrays(values, weights)
    lead = values.shape[:-1]
    order = np.argsort(values.reshape(-1, values.shape[-1]), axis=-1)
    sorted_values = np.take_along_axis(values.reshape(order.shape), order, axis=-1)
    sorted_weights = np.take_along_axis(weights.reshape(order.shape), order, axis=-1)
    middle = np.cumsum(sorted_weights, axis=-1) - sorted_weights / 2.0
    found = np.stack([_between(middle, sorted_values, level) for level in wanted], axis=-1)
    return np.asarray(np.where(np.isnan(sorted_weights[:, :1]), np.nan, found).reshape(*lead, wanted.size))


def summary(values: ArrayLike, weights: Array, level: float = 0.95) -> Summary:
    """Mean, sd, median and central limits of weighted draws over the last axis.

    >>> drawn = summary(np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    >>> print(drawn.mean, drawn.sd, drawn.median)
    0.5 0.5 0.5
    """
    check_level(level)
    draws = np.asarray(values, dtype=np.float64)
    known = np.where(weights > 0, draws, 0.0)
    mean = (weights * known).sum(axis=-1)
    sd = np.sqrt((weights * (known - mean[..., None]) ** 2).sum(axis=-1))
    least = np.nanmin(np.where(weights > 0, draws, np.inf), axis=-1, keepdims=True)
    # Where no draw has any weight there is no least one, and the answer is NaN whatever stands here.
    draws = np.where(weights > 0, draws, np.where(np.isinf(least), 0.0, least))
    tail = (1.0 - level) / 2.0
    points = weighted_quantile(draws, weights, [tail, 0.5, 1.0 - tail])
    return Summary(*(part[()] for part in (mean, sd, points[..., 1], points[..., 0], points[..., 2])))


def _between(middle: Array, values: Array, level: float) -> Array:
    """Linear interpolation in each row, constant beyond the outer middles."""
    above = np.clip((middle < level).sum(axis=-1), 1, middle.shape[-1] - 1)[:, None]
    right, left = np.take_along_axis(middle, above, -1), np.take_along_axis(middle, above - 1, -1)
    high, low = np.take_along_axis(values, above, -1), np.take_along_axis(values, above - 1, -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.clip(np.where(right > left, (level - left) / (right - left), 1.0), 0.0, 1.0)
    return np.asarray((low + part * (high - low))[:, 0])
