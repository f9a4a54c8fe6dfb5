"""What the methods share: the interval they return and the check of what they are given."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Array = NDArray[np.float64]


class Interval(NamedTuple):
    """Two-sided confidence limits, both of one shape; a numpy scalar each when the input was scalar."""

    low: Array
    high: Array


def truncated(interval: Interval) -> Interval:
    """Cut limits at 0 and 1, on request and by name: no method does it without saying so.

    >>> low, high = truncated(Interval(-0.02, 0.3))
    >>> print(low, high)
    0.0 0.3
    """
    return Interval(np.clip(interval.low, 0.0, 1.0)[()], np.clip(interval.high, 0.0, 1.0)[()])


def normal_quantile(level: float) -> float:
    """Two-sided standard normal quantile z, so that -z to z holds `level` of the distribution.

    >>> print(f"{normal_quantile(0.95):.4f}")
    1.9600
    """
    check_level(level)
    return float(-ndtri((1.0 - level) / 2.0))


def check_level(level: float) -> None:
    """Refuse a confidence level that is not strictly between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must lie between 0 and 1, both excluded; got {level!r}")


def check_counts(
    events: ArrayLike, n: ArrayLike, events_name: str = "events", n_name: str = "n", whole: bool = True
) -> tuple[Array, Array]:
    """Broadcast counts against each other as float64; refuse anything that is not 0 <= events <= n in whole numbers.

    With `whole=False` fractions pass: pseudo-counts, by which a belief says how much it weighs.
    """
    numerator, denominator = np.asarray(events, dtype=np.float64), np.asarray(n, dtype=np.float64)
    for name, count in ((events_name, numerator), (n_name, denominator)):
        broken = ~np.isfinite(count) | (whole & (count != np.floor(count)))
        if broken.any():
            raise ValueError(f"{name} must be {'whole numbers' if whole else 'numbers'}; got {_first(count, broken)}")
        if (count < 0).any():
            raise ValueError(f"{name} must not be negative; got {_first(count, count < 0)}")
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    if (numerator > denominator).any():
        excess = numerator > denominator
        raise ValueError(
            f"{events_name} must not exceed {n_name}; got {_first(numerator, excess)} of {_first(denominator, excess)}"
        )
    return numerator, denominator


def check_share(value: ArrayLike, name: str) -> Array:
    """A share as float64; NaN (not known) passes, a number outside [0, 1] is refused."""
    share = np.asarray(value, dtype=np.float64)
    outside = (share < 0) | (share > 1)
    if outside.any():
        raise ValueError(f"{name} must lie between 0 and 1; got {_first(share, outside)}")
    return share


def _first(values: Array, wrong: NDArray[np.bool_]) -> str:
    """The first wrong value, for the sentence that refuses it."""
    return f"{values[wrong].flat[0]:g}"
