"""What contrasts of two groups share: their result, the checks of what they are given, and how score limits are solved.

Notation: x1 events among n1 in the group of interest, x0 among n0 in the reference group, p1 and p0 the unknown
probabilities, N = n1 + n0, z the two-sided standard normal quantile. No half is added to a cell anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, Interval, check_counts
from sarcoid_epi.stats.roots import bracketed_root

EMPTY_GROUP = "a group has no patients"
NO_EVENT = "nobody in either group has the event: every ratio fits"
ALL_EVENTS = "all in both groups have the event: every odds ratio fits"
NONE_IN_REFERENCE = "nobody in the reference group has the event: the ratio is infinite, only its lower limit is known"
ALL_IN_GROUP = "all in the group have the event: the odds ratio is infinite, only its lower limit is known"
NO_WALD = "a cell without patients: this method gives no limits there, a score method does"
NO_WIDTH = "nobody or everybody has the event in both groups: limits without width mean nothing, take a score method"


class Contrast(NamedTuple):
    """A difference or ratio (group of interest against reference), its limits, and a note where something is amiss."""

    estimate: Array
    low: Array
    high: Array
    note: NDArray[np.str_]


def two_samples(
    events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike
) -> tuple[Array, Array, Array, Array]:
    """The counts of the two groups, checked and of one shape.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n.
    """
    group = check_counts(events1, n1, "events1", "n1")
    reference = check_counts(events0, n0, "events0", "n0")
    x1, m1, x0, m0 = np.broadcast_arrays(*group, *reference)
    return x1, m1, x0, m0


def score_limits(
    statistic: Callable[..., Array], estimate: Array, ends: tuple[float, float], z: float, counts: tuple[Array, ...]
) -> Interval:
    """Limits at which a signed score statistic is just z and -z, each solved between the estimate and an end.

    Parameters
    ----------
    statistic
        Called as ``statistic(at, x1, n1, x0, n0)`` on flat arrays; falls as `at` rises and is 0 at the estimate.
    estimate
        On the scale of `at`; one beyond an end counts as that end, and the limit on its side is the end.
    ends
        Least and largest value of `at`.
    z
        Standard normal quantile.
    counts
        x1, n1, x0, n0, of the shape of `estimate`; none of the groups empty.

    Returns
    -------
    Interval of the shape of `estimate`.
    """
    flat = [count.ravel() for count in counts]
    middle = np.clip(estimate.ravel(), *ends)
    low, high = np.full(middle.size, ends[0]), np.full(middle.size, ends[1])
    above, below = middle > ends[0], middle < ends[1]
    low[above] = bracketed_root(
        lambda at, *cells: statistic(at, *cells) - z,
        np.full(above.sum(), ends[0]), middle[above], *(count[above] for count in flat),
    )  # fmt: skip
    high[below] = bracketed_root(
        lambda at, *cells: statistic(at, *cells) + z,
        middle[below], np.full(below.sum(), ends[1]), *(count[below] for count in flat),
    )  # fmt: skip
    return Interval(low.reshape(estimate.shape), high.reshape(estimate.shape))


def expected_cell(log_odds_ratio: Array, x1: Array, m1: Array, x0: Array, m0: Array) -> Array:
    """Expected events in the group of interest of a table with these margins and this odds ratio.

    The root of a quadratic. Below an odds ratio of 1 the groups change places, so that no term cancels another.
    """
    below = log_odds_ratio < 0
    excess, events = np.expm1(np.abs(log_odds_ratio)), x1 + x0
    n, other = np.where(below, m0, m1), np.where(below, m1, m0)
    total = n + other
    root = (excess * (n - events)) ** 2 + 2.0 * excess * (n * (total - events) + events * other) + total**2
    with np.errstate(divide="ignore", invalid="ignore"):
        cell = 2.0 * (1.0 + excess) * n * events / (excess * (n + events) + total + np.sqrt(root))
    return np.asarray(np.where(below, events - cell, cell))


def moments(
    mean1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, mean0: ArrayLike, sd0: ArrayLike, n0: ArrayLike
) -> tuple[Array, ...]:
    """Means, standard deviations and sizes of the two groups, checked and of one shape; NaN in a mean or sd passes.

    Raises
    ------
    ValueError
        If a size is negative or not whole, or a standard deviation is negative.
    """
    named = {"mean1": mean1, "sd1": sd1, "n1": n1, "mean0": mean0, "sd0": sd0, "n0": n0}
    values = {name: np.asarray(value, dtype=np.float64) for name, value in named.items()}
    for name, value in values.items():
        if name.startswith("sd") and (value < 0).any():
            raise ValueError(f"{name} must not be negative; got {value[value < 0].flat[0]:g}")
        if name.startswith("n") and not ((value >= 0) & (value == np.floor(value)) & np.isfinite(value)).all():
            raise ValueError(f"{name} must be whole numbers from 0")
    return tuple(np.broadcast_arrays(*values.values()))


def category_counts(counts: ArrayLike, name: str) -> Array:
    """Counts by category, checked: whole numbers from 0, categories on the last axis.

    Raises
    ------
    ValueError
        If a count is negative or not whole, or there is no axis of categories.
    """
    values = np.asarray(counts, dtype=np.float64)
    if values.ndim == 0:
        raise ValueError(f"{name} needs an axis of categories")
    if not ((values >= 0) & (values == np.floor(values)) & np.isfinite(values)).all():
        raise ValueError(f"{name} must be whole numbers from 0")
    return values


def answerable(counts: tuple[Array, Array, Array, Array], known: NDArray[np.bool_]) -> tuple[Array, ...]:
    """The counts, with 1 of 2 against 1 of 2 in place of a table that has no answer."""
    return tuple(np.where(known, count, filler) for count, filler in zip(counts, (1.0, 2.0, 1.0, 2.0), strict=True))


def as_contrast(estimate: Array, low: Array, high: Array, note: NDArray[np.str_], empty: NDArray[np.bool_]) -> Contrast:
    """Together; all NaN, with the note that says so, where a group is empty."""
    estimate, low, high = (np.where(empty, np.nan, field) for field in (estimate, low, high))
    return Contrast(estimate[()], low[()], high[()], np.where(empty, EMPTY_GROUP, note)[()])
