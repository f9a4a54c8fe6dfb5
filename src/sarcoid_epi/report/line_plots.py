"""Curves of sections: lines and bands over one axis, each named at its end rather than in a legend."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any

from sarcoid_epi.report.drawing import BLUE, INK, ORANGE, RULE, SOFT, Drawing, canvas, drawn
from sarcoid_epi.report.loops import draw_loops, loop_words, loops_room, lower_room
from sarcoid_epi.report.markup import NOTHING, printed
from sarcoid_epi.report.placing import box, mark_points, spread
from sarcoid_epi.report.plots import Curve, Curves, Numbers, Rule
from sarcoid_epi.report.scales import place, said, scale, span, thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

#: Colours and dashes; they differ in number, so that twenty curves differ in one or the other.
COLORS = (INK, BLUE, ORANGE, SOFT)
DASHES = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (7, 1.6, 1.4, 1.6)), (0, (2.6, 1.2)))

#: Inches of the figure without numbers below the axis, and of a line of these; where the axes begin.
TALL, LINE, LEFT = 4.6, 0.19, 0.085

#: Pixels from the axes to the name of a curve.
LEADER = 34

#: The most vertices of a curve, and of an edge of a band.
VERTICES = 200


def draw_curves(plot: Curves) -> Drawing | None:
    """The curves as a drawing; None where no curve has a value."""
    curves = [curve for curve in plot.curves if any(isfinite(value) for value in curve.y)]
    if not curves:
        return None
    figure = canvas(9.2, TALL + _room(plot.below) + loops_room(plot.loops))
    axes = figure.add_axes((LEFT, 0.125, 0.6, 0.77 if plot.rules else 0.835))
    if plot.below:
        _make_room(figure, axes, plot.below)
    if plot.loops:
        lower_room(figure, axes, plot.loops, TALL)
    across = [x for curve in curves for x in curve.x]
    across += [point.x for point in plot.points] + [rule.at for rule in plot.rules]
    up = [y for curve in curves for y in (*curve.y, *curve.low, *curve.high)] + [point.y for point in plot.points]
    up += [plot.level.at] if plot.level else []
    scale(axes, "x", plot.x, span(plot.x, across, tight=True))
    scale(axes, "y", plot.y, span(plot.y, up))
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=3)
    for at, curve in enumerate(curves):
        _draw(axes, curve, at, plot.steps, len(curve.x) if plot.loops else VERTICES)
    _name(figure, axes, curves)
    if plot.below:
        _number(figure, axes, plot.below)
    _refer(axes, plot.rules)
    if plot.level:
        axes.axhline(plot.level.at, color=INK, linewidth=0.9, zorder=2)
        words = printed(plot.level.label)
        axes.text(0.005, plot.level.at, words, transform=axes.get_yaxis_transform(), va="bottom", fontsize=8)
    if plot.loops:
        draw_loops(figure, axes, plot.loops)
    mark_points(axes, plot.points)
    return drawn(plot.key, printed(plot.title), printed(plot.caption), printed(_alt(plot)), figure)


def _room(below: Numbers | None) -> float:
    """Inches that numbers below the axis need."""
    return LINE * (len(below.rows) + 1.6) if below else 0.0


def _make_room(figure: Canvas, axes: Axes, below: Numbers) -> None:
    """Move the axes up for the numbers, and to the right for the names of their rows."""
    tall = figure.get_figheight()
    names = [below.heading, *(name for name, _ in below.rows)]
    texts = [figure.text(0, 0, _label(name), fontsize=8) for name in names]
    left = LEFT + max((max(box(text).width for text in texts) + 24) / figure.bbox.width - LEFT, 0.0)
    for text in texts:
        text.remove()
    where = axes.get_position()
    axes.set_position((left, (where.y0 * TALL + _room(below)) / tall, where.width, where.height * TALL / tall))


def _number(figure: Canvas, axes: Axes, below: Numbers) -> None:
    """The numbers, each under its place, and left of them the names of their rows."""
    from matplotlib.transforms import blended_transform_factory

    tall, left = figure.get_figheight(), axes.get_position().x0
    aligned = blended_transform_factory(axes.transData, figure.transFigure)
    top = LINE * (len(below.rows) + 0.9)
    figure.text(left - 18 / figure.bbox.width, top / tall, _label(below.heading), fontsize=8, ha="right", color=SOFT)
    for at in below.places:
        axes.text(at, top / tall, f"{at:g}", transform=aligned, fontsize=8, ha="center", color=SOFT)
    for row, (name, values) in enumerate(below.rows):
        y = (top - LINE * (row + 1)) / tall
        figure.text(left - 18 / figure.bbox.width, y, _label(name), fontsize=8, ha="right")
        for at, value in zip(below.places, values, strict=True):
            axes.text(at, y, _count(value), transform=aligned, fontsize=8, ha="center")


def _label(name: str) -> str:
    return printed(shorten(name, 26, placeholder=" ..."))


def _count(value: float) -> str:
    return f"{value:.0f}" if isfinite(value) else NOTHING


def _draw(axes: Axes, curve: Curve, at: int, steps: bool, most: int) -> None:
    color, keep = COLORS[at % len(COLORS)], _kept(curve, steps, most)
    x, y = ([values[one] for one in keep] for values in (curve.x, curve.y))
    if curve.low and curve.high:
        low, high = ([values[one] for one in keep] for values in (curve.low, curve.high))
        axes.fill_between(x, low, high, color=color, alpha=0.14, linewidth=0, zorder=1, step="post" if steps else None)
    look = DASHES[at % len(DASHES)]
    axes.plot(
        x, y, color=color, linewidth=1.9, linestyle=look, zorder=3, drawstyle="steps-post" if steps else "default"
    )
    seen = [False, *map(isfinite, y), False]
    for one in range(len(y)):
        if seen[one : one + 3] == [False, True, False]:
            axes.plot([x[one]], [y[one]], "o", color=color, markersize=3.5, clip_on=False)


def _kept(curve: Curve, steps: bool, most: int) -> Sequence[int]:
    """Which vertices to draw; of steps the first and the last known one, and all gaps."""
    if not steps:
        return thinned(len(curve.x), most)
    known = [at for at, y in enumerate(curve.y) if isfinite(y)]
    return sorted({known[one] for one in thinned(len(known), most)} | (set(range(len(curve.x))) - set(known)))


def _name(figure: Canvas, axes: Axes, curves: list[Curve]) -> None:
    """Names right of the axes, at the height where each curve ends, moved apart where they would overlap."""
    texts = [
        axes.text(1, 0, "\n".join(wrap(printed(curve.label), 34)), va="center", fontsize=8.4, linespacing=1.1)
        for curve in curves
    ]
    where, wide, tall = axes.get_position(), figure.bbox.width, figure.bbox.height
    room = 0.9 - (where.x0 - LEFT) - (LEADER + 12 + max(box(text).width for text in texts)) / wide
    axes.set_position((where.x0, where.y0, room, where.height))
    ends = [max((x, y) for x, y in zip(curve.x, curve.y, strict=True) if isfinite(y)) for curve in curves]
    spots = [axes.transData.transform(end) for end in ends]
    heights = spread([y for _, y in spots], [box(text).height + 5 for text in texts], 4, tall - 4)
    edge = axes.bbox.x1
    for at, (text, (x, y), height) in enumerate(zip(texts, spots, heights, strict=True)):
        text.set(transform=figure.transFigure, position=((edge + LEADER + 4) / wide, height / tall))
        color = COLORS[at % len(COLORS)]
        if x < edge - 1:
            _lead(axes, [x, edge], [y, y], color, (0, (0.8, 2.4)))
        _lead(axes, [edge, edge + 8, edge + LEADER], [y, y, height], color, "-")


def _lead(axes: Axes, x: list[float], y: list[float], color: str, dashes: Any) -> None:
    """A thin line on the canvas, in pixels."""
    places = axes.transAxes.inverted().transform(list(zip(x, y, strict=True)))
    axes.plot(*places.T, color=color, linewidth=0.8, linestyle=dashes, transform=axes.transAxes, clip_on=False)


def _refer(axes: Axes, rules: tuple[Rule, ...]) -> None:
    """Vertical lines; their labels stand above the axes, side by side."""
    texts = []
    for rule in rules:
        axes.axvline(rule.at, color=SOFT, linewidth=0.9, linestyle=(0, (3, 2)), zorder=2)
        words = "\n".join(wrap(printed(rule.label), 26))
        texts.append(axes.text(rule.at, 1.02, words, transform=axes.get_xaxis_transform(), ha="center", fontsize=8))
    room = axes.bbox
    centres = [float(axes.transData.transform((rule.at, 1))[0]) for rule in rules]
    places = spread(centres, [box(text).width + 10 for text in texts], 4, 916)
    for text, middle in zip(texts, places, strict=True):
        text.set(transform=axes.transAxes, position=((middle - room.x0) / room.width, 1.02))


def _alt(plot: Curves) -> str:
    """Each curve at five places from its start to its end, then what is marked."""
    words = [f"{curve.label}: {_course(plot, curve)}" for curve in plot.curves]
    words += [f"{point.label}: {said(plot.y, point.y)} at {place(plot.x, point.x)}" for point in plot.points]
    words += [f"vertical line at {place(plot.x, rule.at)}: {rule.label}" for rule in plot.rules]
    words += [f"line across at {said(plot.y, plot.level.at)}: {plot.level.label}"] if plot.level else []
    words += [loop_words(loop) for loop in plot.loops]
    if plot.below:
        at = ", ".join(place(plot.x, one) for one in plot.below.places)
        words += [f"{plot.below.heading} {at}: {name} {_counts(values)}" for name, values in plot.below.rows]
    return f"{plot.y.label} over {plot.x.label}. " + "; ".join(words) + "."


def _counts(values: tuple[float, ...]) -> str:
    return ", ".join(map(_count, values))


def _course(plot: Curves, curve: Curve) -> str:
    known = [at for at, y in enumerate(curve.y) if isfinite(y)]
    words = [_value(plot, curve, known[one]) for one in thinned(len(known), 5)]
    return ", ".join(words) or "nothing to draw"


def _value(plot: Curves, curve: Curve, at: int) -> str:
    limits = ""
    if curve.low and curve.high:
        low, high = said(plot.y, curve.low[at]), said(plot.y, curve.high[at])
        limits = f" ({low.removesuffix(' %')} to {high})"
    return f"{said(plot.y, curve.y[at])}{limits} at {place(plot.x, curve.x[at])}"
