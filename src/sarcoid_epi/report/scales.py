"""Scales of axes: where they start and end, where their ticks stand, and how a value on them is said."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.report.drawing import INK
from sarcoid_epi.report.markup import NOTHING, printed
from sarcoid_epi.report.plots import Axis
from sarcoid_epi.results import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Room between ticks and between lines of a surface, of the length of the axis.
ROOM = 0.07


def said(axis: Axis, value: float) -> str:
    """A result in words."""
    if not math.isfinite(value):
        return NOTHING
    return percent(value) if axis.share else figure_of(axis, value)


def place(axis: Axis, value: float) -> str:
    """A place on the axis in words, exact enough for a specificity of 99.95 %."""
    return figure_of(axis, value, 4) + (" %" if axis.share else "")


def figure_of(axis: Axis, value: float, digits: int = 3) -> str:
    """A value without its unit, in significant digits; whole where it is large.

    >>> figure_of(Axis("Share", share=True), 0.1234), figure_of(Axis("Patients"), 12345.6)
    ('12.3', '12346')
    """
    number = 100 * value if axis.share else value
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.{digits}g}"


def span(axis: Axis, values: Iterable[float], *, tight: bool = False) -> tuple[float, float]:
    """Where the axis starts and ends so that all values have room; a log scale has none for 0."""
    known = [value for value in values if math.isfinite(value) and (value > 0 or axis.scale != "log")]
    low, high = min(known, default=1.0), max(known, default=1.0)
    if axis.scale == "root" and low < 0:
        raise ConfigurationError(Problem(f"a square-root scale has no place for {low:g}", axis.label))
    if low == high:
        spare = abs(low) / 2 or 0.5
        low, high = max(low - spare, 0.0) if axis.scale == "root" else low - spare, high + spare
    if tight:
        return low, high
    if axis.scale == "log":
        spare = (high / low) ** 0.05
        low, high_up = low / spare, high * spare
    else:
        spare = 0.05 * (high - low)
        low, high_up = 0.0 if axis.scale == "root" or 0 <= low < high / 2 else low - spare, high + spare
    return low, min(high_up, 1.0) if axis.share and high <= 1 + 1e-9 else high_up


def ticks(axis: Axis, low: float, high: float, room: float = ROOM) -> list[float]:
    """Round values between the ends, with room between them."""
    from matplotlib.ticker import MaxNLocator

    if axis.scale != "plain":
        to = math.log10 if axis.scale == "log" else math.sqrt
        start = math.floor(math.log10(low if axis.scale == "log" else high / 1000))
        top = math.floor(math.log10(0.999 * high))
        round_ones = [float(f"{lead}e{power}") for power in range(start, top) for lead in (1, 2, 5)]
        round_ones += [float(f"{lead}e{top}") for lead in ((1, 2, 5) if axis.scale == "log" else (1, 2, 3, 4, 6, 8))]
        round_ones.append(float(f"1e{top + 1}"))
        chosen = [0.0] if axis.scale == "root" and low == 0 else []
        for tick in round_ones:
            if low <= tick <= high and (not chosen or to(tick) - to(chosen[-1]) >= room * (to(high) - to(low))):
                chosen.append(tick)
        if len(chosen) > 2:
            return chosen
    even = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(tick) for tick in even if low <= tick <= high * (1 + 1e-12)]


def scale(
    axes: Axes,
    side: Literal["x", "y"],
    axis: Axis,
    ends: tuple[float, float],
    marked: tuple[float, float] | None = None,
) -> None:
    """Give the horizontal (`x`) or vertical (`y`) axis its scale, ends, ticks (perhaps of a part of it) and label."""
    at = ticks(axis, *(marked or ends))
    words = [printed(figure_of(axis, tick, 6)) for tick in at]
    set_scale = axes.set_xscale if side == "x" else axes.set_yscale
    if axis.scale == "log":
        set_scale("log")
    elif axis.scale == "root":
        set_scale("function", functions=(lambda value: abs(value) ** 0.5, lambda value: value**2))
    axes.set(**{f"{side}lim": ends, f"{side}label": axis.label})
    (axes.set_xticks if side == "x" else axes.set_yticks)(at, words)
    axes.tick_params(axis=side, labelcolor=INK)
    axes.minorticks_off()


def thinned(size: int, most: int) -> Sequence[int]:
    """Which of many vertices to draw: at most that many, evenly, with the first and the last."""
    if size <= most:
        return range(size)
    return sorted({round(at * (size - 1) / (most - 1)) for at in range(most)})
