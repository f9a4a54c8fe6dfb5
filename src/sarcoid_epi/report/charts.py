"""Charts of sections: several dots with limits on each row, on a square-root or a plain scale of shares."""

from __future__ import annotations

from math import isnan
from textwrap import fill

from sarcoid_epi.report.content import Chart
from sarcoid_epi.report.dot_plots import LOOKS
from sarcoid_epi.report.drawing import INK, SOFT, Drawing, bare, canvas, drawn, interval, square_root
from sarcoid_epi.report.markup import printed
from sarcoid_epi.report.plots import Axis
from sarcoid_epi.report.scales import scale
from sarcoid_epi.results import percent

#: Letters in a line of a label where there are many rows.
LETTERS = 66


def draw_chart(chart: Chart) -> Drawing:
    """The chart as a drawing."""
    lines = chart.lines
    names = list(dict.fromkeys(mark.series for line in lines for mark in line.marks))
    looks = dict(zip(names, LOOKS, strict=False))
    height = (0.35 if chart.plain else 0.44) * len(lines) + 1.0
    figure = canvas(9.2, height)
    left, wide = (0.41, 0.35) if chart.plain else (0.34, 0.42)
    axes = figure.add_axes((left, 0.55 / height, wide, 1 - 0.95 / height))
    if chart.plain:
        scale(axes, "x", Axis(chart.axis, share=True), (0.0, 1.0))
    else:
        ends = [end for line in lines for mark in line.marks for end in (mark.value, mark.high) if not isnan(end)]
        square_root(axes, min(1.0, 1.05 * max(ends)))
    bare(axes, len(lines))
    if chart.rule:
        axes.axvline(chart.rule.at, color=INK, linewidth=0.9, zorder=1)
        axes.text(chart.rule.at, -0.75, chart.rule.label, ha="center", va="bottom", fontsize=8)
    step = 0.36 / max(len(names) - 1, 1)
    for y, line in enumerate(lines):
        for mark in line.marks:
            at = y + (names.index(mark.series) * step - 0.18 if len(line.marks) > 1 else 0.0)
            shape, color = looks[mark.series]
            interval(axes, at, mark.low, mark.high, color)
            axes.plot([mark.value], [at], shape, color=color, markersize=5, zorder=3, clip_on=not chart.plain)
        beside = axes.get_yaxis_transform()
        # Plain charts have many rows, whose labels may need two lines.
        words, size = (fill(line.label, LETTERS), 7.2) if chart.plain else (line.label, 8.6)
        up = 0.16 if line.id else 0.0
        axes.text(-0.02, y - up, words, transform=beside, ha="right", va="center", fontsize=size)
        axes.text(-0.02, y + 0.2, line.id, transform=beside, ha="right", va="center", fontsize=6.4, color=SOFT)
        axes.text(1.02, y, printed(line.end), transform=beside, va="center", fontsize=8.2)
    for name in names:
        shape, color = looks[name]
        axes.plot([], [], shape, color=color, markersize=5, label=name)
    axes.set_xlabel(chart.axis)
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.4 if chart.plain else 0, 1),
        ncols=len(names),
        frameon=False,
        fontsize=8,
        handlelength=1.2,
    )
    said = [
        f"{line.label}: " + ", ".join(f"{mark.series} {percent(mark.value)}" for mark in line.marks) for line in lines
    ]
    return drawn(chart.key, printed(chart.title), printed(chart.caption), printed("; ".join(said)) + ".", figure)
