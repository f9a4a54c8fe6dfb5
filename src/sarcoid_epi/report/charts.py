"""Charts of sections: dots with limits, row by row, on a scale of shares or, as of ratios, on one of their own."""

from __future__ import annotations

from math import inf, isfinite, isnan
from textwrap import fill
from typing import TYPE_CHECKING

from sarcoid_epi.report.content import Chart, Mark
from sarcoid_epi.report.dot_plots import LOOKS
from sarcoid_epi.report.drawing import INK, SOFT, Drawing, bare, canvas, drawn, interval, square_root
from sarcoid_epi.report.markup import printed
from sarcoid_epi.report.plots import Axis
from sarcoid_epi.report.scales import said, scale
from sarcoid_epi.results import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Letters in a line of a label where there are many rows.
LETTERS = 66

#: Longer ids are set smaller, to fit beside the axes.
ID_LETTERS = 60

#: On a log scale, limits further than this factor beyond all dots run off the axis, with an arrow.
BEYOND = 4.0


def draw_chart(chart: Chart) -> Drawing:
    """The chart as a drawing."""
    lines = chart.lines
    names = list(dict.fromkeys(mark.series for line in lines for mark in line.marks))
    looks = dict(zip(names, LOOKS, strict=False))
    height = (0.35 if chart.plain else 0.44) * len(lines) + 1.0
    figure = canvas(9.2, height)
    left, wide = (0.41, 0.35) if chart.plain else (0.34, 0.42)
    axes = figure.add_axes((left, 0.55 / height, wide, 1 - 0.95 / height))
    ends = _scaled(axes, chart)
    bare(axes, len(lines))
    if chart.null is not None:
        axes.axvline(chart.null, color=INK, linewidth=0.9, zorder=1)
    if chart.rule:
        axes.axvline(chart.rule.at, color=INK, linewidth=0.9, zorder=1)
        axes.text(chart.rule.at, -0.75, chart.rule.label, ha="center", va="bottom", fontsize=8)
    step = 0.36 / max(len(names) - 1, 1)
    for y, line in enumerate(lines):
        for mark in line.marks:
            at = y + (names.index(mark.series) * step - 0.18 if len(line.marks) > 1 else 0.0)
            shape, color = looks[mark.series]
            _limits(axes, at, mark, ends, color)
            if chart.stems and chart.null is not None and isfinite(mark.value):
                axes.plot([chart.null, mark.value], [at, at], ":", color=color, linewidth=1.0, zorder=2)
            if not (mark.value < ends[0] or mark.value > ends[1]):
                axes.plot([mark.value], [at], shape, color=color, markersize=5, zorder=3, clip_on=not chart.plain)
        beside = axes.get_yaxis_transform()
        # Plain charts have many rows, whose labels may need two lines.
        words, size = (fill(line.label, LETTERS), 7.2) if chart.plain else (line.label, 8.6)
        up = 0.16 if line.id else 0.0
        axes.text(-0.02, y - up, words, transform=beside, ha="right", va="center", fontsize=size)
        tiny = 6.4 * min(1.0, ID_LETTERS / max(len(line.id), 1))
        axes.text(-0.02, y + 0.2, line.id, transform=beside, ha="right", va="center", fontsize=tiny, color=SOFT)
        axes.text(1.02, y, printed(line.end), transform=beside, va="center", fontsize=8.2)
    for name in names:
        shape, color = looks[name]
        axes.plot([], [], shape, color=color, markersize=5, label=name)
    if isinstance(chart.axis, str):
        axes.set_xlabel(chart.axis)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.4 if chart.plain else 0, 1),
        ncols=len(names),
        frameon=False,
        fontsize=8,
        handlelength=1.2,
    )
    words = "; ".join(f"{line.label}: " + ", ".join(_said(chart, mark) for mark in line.marks) for line in lines)
    return drawn(chart.key, printed(chart.title), printed(chart.caption), printed(words) + ".", figure)


def _scaled(axes: Axes, chart: Chart) -> tuple[float, float]:
    """Give the axis its scale; where it starts and ends, if something may lie beyond."""
    marks = [mark for line in chart.lines for mark in line.marks]
    if isinstance(chart.axis, Axis):
        ends = _ends(chart.axis, marks, chart.null)
        scale(axes, "x", chart.axis, ends)
        return ends
    if chart.plain:
        scale(axes, "x", Axis(chart.axis, share=True), (0.0, 1.0))
    else:
        square_root(axes, min(1.0, 1.05 * max(end for one in marks for end in (one.value, one.high) if not isnan(end))))
    return -inf, inf


def _said(chart: Chart, mark: Mark) -> str:
    """A dot in words; on an axis of its own with its limits."""
    if isinstance(chart.axis, str):
        return f"{mark.series} {percent(mark.value)}"
    limits = f" ({said(chart.axis, mark.low)} to {said(chart.axis, mark.high)})" if not isnan(mark.low) else ""
    return f"{mark.series} {said(chart.axis, mark.value)}{limits}"


def _ends(axis: Axis, marks: list[Mark], null: float | None) -> tuple[float, float]:
    """Where the axis starts and ends: room for every dot, the null, and limits unless they are far away."""
    log = axis.scale == "log"
    dots = [mark.value for mark in marks] + ([] if null is None else [null])
    dots = [dot for dot in dots if isfinite(dot) and (dot > 0 or not log)] or [1.0]
    limits = [end for mark in marks for end in (mark.low, mark.high) if isfinite(end)]
    if log:
        least, most = min(dots) / BEYOND, max(dots) * BEYOND
        limits = [min(max(end, least), most) for end in limits]
    low, high = min([*dots, *limits]), max([*dots, *limits])
    if low == high:
        low, high = (low / 2, high * 2) if log else (low - 0.5, high + 0.5)
    spare = (high / low) ** 0.04 if log else 0.04 * (high - low)
    return (low / spare, high * spare) if log else (0.0 if axis.scale == "root" else low - spare, high + spare)


def _limits(axes: Axes, at: float, mark: Mark, ends: tuple[float, float], color: str) -> None:
    """Limits as a line; an arrow at the end of the axis where they go on."""
    low, high = max(mark.low, ends[0]), min(mark.high, ends[1])
    if isnan(mark.low) or isnan(mark.high):
        return
    interval(axes, at, low, high, color)
    for shape, edge, beyond in (("<", ends[0], mark.low < ends[0]), (">", ends[1], mark.high > ends[1])):
        if beyond:
            axes.plot([edge], [at], shape, color=color, markersize=4.5, clip_on=False, zorder=3)
