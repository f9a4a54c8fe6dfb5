"""Bars of sections: wholes split into their parts, and how far each input moves a result."""

from __future__ import annotations

from math import isfinite
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.report.drawing import BLUE, INK, ORANGE, RULE, SOFT, Drawing, bare, canvas, drawn
from sarcoid_epi.report.markup import NOTHING, printed
from sarcoid_epi.report.placing import box, row_text, spread, swatch_lines, swatches
from sarcoid_epi.report.plots import Bar, Bars, Swing, Tornado
from sarcoid_epi.report.scales import said, scale, span

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Looks of parts from dark to light, hatched where lightness alone is close; with the ink of the number inside.
PARTS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"facecolor": INK}, "white"),
    ({"facecolor": BLUE}, "white"),
    ({"facecolor": ORANGE}, INK),
    ({"facecolor": "#9dbdd6", "hatch": "////"}, INK),
    ({"facecolor": RULE}, INK),
    ({"facecolor": "#f3e3c8", "hatch": "xx"}, INK),
)
LOW: dict[str, Any] = {"facecolor": BLUE, "edgecolor": "white"}
HIGH: dict[str, Any] = {"facecolor": "#efb567", "edgecolor": "white", "hatch": "////"}


def draw_bars(plot: Bars) -> Drawing | None:
    """The bars as a drawing; None where no bar has a part."""
    names = list(dict.fromkeys(name for bar in plot.bars for name, value in bar.parts if value != 0))
    if not names:
        return None
    _refuse(plot, names)
    looks = dict(zip(names, PARTS, strict=False))
    above = 0.17 * swatch_lines(names) + 0.15
    height = 0.56 * len(plot.bars) + 0.55 + above
    figure = canvas(9.2, height)
    axes = figure.add_axes((0.33, 0.55 / height, 0.46, 1 - (0.55 + above) / height))
    _, top = span(plot.axis, [0.0, *(sum(value for _, value in bar.parts) for bar in plot.bars)])
    scale(axes, "x", plot.axis, (0.0, top))
    bare(axes, len(plot.bars), 0.5)
    for y, bar in enumerate(plot.bars):
        row_text(axes, y, bar.label, bar.id)
        end = "\n".join(wrap(printed(bar.end), 27))
        axes.text(1.02, y, end, transform=axes.get_yaxis_transform(), va="center", fontsize=8.2)
        if not all(isfinite(value) for _, value in bar.parts):
            axes.text(0, y, f" {NOTHING}", va="center", fontsize=8.2, color=SOFT)
        else:
            _stack(axes, y, bar, looks, plot)
    plain = {"edgecolor": "white", "linewidth": 0}
    swatches(figure, 0.02, [(printed(name), {**looks[name][0], **plain}) for name in names])
    return drawn(plot.key, printed(plot.title), printed(plot.caption), printed(_bars_alt(plot)), figure)


def _refuse(plot: Bars, names: list[str]) -> None:
    if len(names) > len(PARTS):
        why = f"only {len(PARTS)} looks are told apart without colour"
        raise ConfigurationError(Problem(f"{len(names)} kinds of parts", plot.key, why, "join some of them"))
    if plot.axis.scale != "plain":
        why = "lengths do not add up on it"
        raise ConfigurationError(Problem(f"stacked bars on a {plot.axis.scale} scale", plot.key, why))
    for bar in plot.bars:
        for name, value in bar.parts:
            if value < 0:
                raise ConfigurationError(
                    Problem(f"the part '{name}' is {value:g}", bar.id, "a bar has no parts below 0")
                )


def _stack(axes: Axes, y: int, bar: Bar, looks: dict[str, tuple[dict[str, Any], str]], plot: Bars) -> None:
    """The parts side by side; a number that its part has no room for stands below it."""
    start, narrow = 0.0, []
    for name, value in bar.parts:
        if not value:
            continue
        look, ink = looks[name]
        axes.barh(y, value, 0.52, start, edgecolor="white", linewidth=0.8, **look)
        words = printed(said(plot.axis, value).removesuffix(" %"))
        text = axes.text(start + value / 2, y, words, color=ink, ha="center", va="center", fontsize=8)
        if "hatch" in look:
            text.set_bbox({"facecolor": look["facecolor"], "edgecolor": "none", "pad": 1.2})
        start += value
        ends = axes.transData.transform([(start - value, y), (start, y)])[:, 0]
        if box(text).width + 6 > ends[1] - ends[0]:
            text.set(color=INK, fontsize=6.8, bbox=None)
            narrow.append(text)
    room = axes.bbox
    centres = [box(text).x0 + box(text).width / 2 for text in narrow]
    places = spread(centres, [box(text).width + 6 for text in narrow], room.x0, room.x1)
    for text, place in zip(narrow, places, strict=True):
        text.set_position((float(axes.transData.inverted().transform((place, 0))[0]), y + 0.38))


def _bars_alt(plot: Bars) -> str:
    words = [
        f"{bar.label}: "
        + ", ".join(f"{name} {said(plot.axis, value)}" for name, value in bar.parts)
        + (f" ({bar.end})" if bar.end else "")
        for bar in plot.bars
    ]
    return f"Stacked bars, {plot.axis.label}. " + "; ".join(words) + "."


def draw_tornado(plot: Tornado) -> Drawing | None:
    """The tornado as a drawing; None where no input has a result."""
    ends = [end for swing in plot.swings for end in (swing.at_low, swing.at_high) if isfinite(end)]
    if not ends or not isfinite(plot.middle):
        return None
    height = 0.5 * len(plot.swings) + 1.15
    figure = canvas(9.2, height)
    axes = figure.add_axes((0.33, 0.55 / height, 0.46, 1 - 1.1 / height))
    low, high = span(plot.axis, [*ends, plot.middle], tight=True)
    spare = 0.0 if plot.axis.scale == "log" else 0.16 * (high - low)
    ratio = (high / low) ** 0.16 if plot.axis.scale == "log" else 1.0
    start, stop = (low - spare) / ratio, (high + spare) * ratio
    start = max(0.0, start) if plot.axis.scale == "root" else start
    shares = plot.axis.share and low >= 0 and high <= 1
    marked = (max(0.0, start), min(1.0, stop)) if shares else (start, stop)
    scale(axes, "x", plot.axis, (start, stop), marked)
    axes.spines["bottom"].set_bounds(*marked)
    bare(axes, len(plot.swings), 0.6)
    for y, swing in enumerate(plot.swings):
        row_text(axes, y, swing.label, swing.id)
        _swing(axes, y, swing, plot.middle)
        reach = f"{said(plot.axis, swing.at_low).removesuffix(' %')} to {said(plot.axis, swing.at_high)}"
        axes.text(1.02, y, printed(reach), transform=axes.get_yaxis_transform(), va="center", fontsize=8.2)
    header = "low end to high end"
    axes.text(1.02, 1.0, header, transform=axes.transAxes, va="bottom", color=SOFT, fontsize=8)
    axes.axvline(plot.middle, color=INK, linewidth=1.1, zorder=3)
    middle = printed(f"middle {said(plot.axis, plot.middle)}")
    axes.text(plot.middle, 1.0, middle, transform=axes.get_xaxis_transform(), ha="center", va="bottom", fontsize=8)
    names = ("input at its low end", "input at its high end")
    swatches(figure, 0.02, list(zip(names, (LOW, HIGH), strict=True)))
    return drawn(plot.key, printed(plot.title), printed(plot.caption), printed(_tornado_alt(plot)), figure)


def _swing(axes: Axes, y: int, swing: Swing, middle: float) -> None:
    """A bar from the middle to each end; where both lie on one side, the low one above the high one."""
    same_side = (swing.at_low - middle) * (swing.at_high - middle) > 0
    together = swing.at_low == swing.at_high
    for end, words, look, up in (
        (swing.at_low, swing.low_end, LOW, -0.14),
        (swing.at_high, swing.high_end, HIGH, 0.14),
    ):
        if not isfinite(end):
            continue
        at, tall = (y + up, 0.26) if same_side else (y, 0.5)
        axes.barh(at, end - middle, tall, middle, linewidth=0.6, **look)
        other = swing.at_high if look is LOW else swing.at_low
        left = end < middle or (end == middle and other > middle)
        if together:  # one name upon the other would be neither; to the side that has room
            words = f"{swing.low_end}, {swing.high_end}" if look is LOW else ""
            left = end > sum(axes.get_xlim()) / 2
        step = (-4, 0) if left else (4, 0)
        axes.annotate(
            printed(words),
            (end, at),
            step,
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=7.4,
        )


def _tornado_alt(plot: Tornado) -> str:
    words = [
        f"{swing.label}: {said(plot.axis, swing.at_low)} at {swing.low_end}, "
        f"{said(plot.axis, swing.at_high)} at {swing.high_end}"
        for swing in plot.swings
    ]
    return f"Tornado, {plot.axis.label}, middle {said(plot.axis, plot.middle)}. " + "; ".join(words) + "."
