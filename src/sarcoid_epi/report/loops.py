"""Nested loops under an axis: which level of each factor every place has, as lines that step from level to level."""

from __future__ import annotations

from textwrap import shorten, wrap
from typing import TYPE_CHECKING

from sarcoid_epi.report.drawing import INK, RULE, SOFT
from sarcoid_epi.report.markup import printed
from sarcoid_epi.report.plots import Loop

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

#: Inches of a loop, and of the axis above them.
HIGH, ABOVE = 0.42, 0.25

#: Letters of a loop's name, and of each line of its levels below it; lines of levels.
LETTERS, LINES = 26, 2


def loops_room(loops: tuple[Loop, ...]) -> float:
    """Inches that the loops need."""
    return HIGH * len(loops) + ABOVE if loops else 0.0


def lower_room(figure: Canvas, axes: Axes, loops: tuple[Loop, ...], tall: float) -> None:
    """Move the axes up for the loops; `tall` is the height of the figure without them, in inches."""
    whole, where = figure.get_figheight(), axes.get_position()
    axes.set_position(
        (where.x0, (where.y0 * tall + loops_room(loops)) / whole, where.width, where.height * tall / whole)
    )


def draw_loops(figure: Canvas, axes: Axes, loops: tuple[Loop, ...]) -> None:
    """The loops, the first one on top; right of each its name and its levels from the lowest line to the highest."""
    whole, where = figure.get_figheight(), axes.get_position()
    for row, loop in enumerate(loops):
        bottom = (HIGH * (len(loops) - 1 - row) + 0.08) / whole
        own = figure.add_axes((where.x0, bottom, where.width, (HIGH - 0.16) / whole))
        places = [at - 0.5 for at in range(len(loop.at) + 1)]
        own.plot(places, [*loop.at, loop.at[-1]], drawstyle="steps-post", color=INK, linewidth=1.0)
        own.set(xlim=axes.get_xlim(), ylim=(-0.25, max(len(loop.levels) - 1, 1) + 0.25), xticks=[], yticks=[])
        own.spines["bottom"].set_color(RULE)
        levels = wrap(", ".join(loop.levels), LETTERS, max_lines=LINES, placeholder=" ...")
        words = "\n".join([shorten(loop.label, LETTERS, placeholder=" ..."), *levels])
        own.text(1.015, 0.5, printed(words), transform=own.transAxes, va="center", fontsize=7.6, color=SOFT)


def loop_words(loop: Loop) -> str:
    """A loop in words."""
    return f"below, {loop.label} goes through {', '.join(loop.levels)}"
