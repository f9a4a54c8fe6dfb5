"""Where words stand in a figure, so that none lies on another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sarcoid_epi.report.drawing import INK, SOFT
from sarcoid_epi.report.markup import printed
from sarcoid_epi.report.plots import Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas
    from matplotlib.path import Path
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

#: Sides of a marked point on which its label may stand: steps right and up in points of type, best first.
SIDES = ((7, 6), (-7, 6), (7, -6), (-7, -6), (0, 10), (0, -10), (12, 16), (-12, 16), (12, -16), (-12, -16))


def box(text: Text) -> Bbox:
    """The room that a text takes on the canvas, in pixels."""
    return text.get_window_extent()


def spread(centres: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Centres moved as little as possible so that intervals of these sizes do not overlap and lie between the ends.

    Neighbours that would overlap form a block about the mean of what its members wanted.

    >>> spread([5.0, 5.0, 20.0], [2.0, 2.0, 2.0], 0.0, 30.0)
    [4.0, 6.0, 20.0]
    """
    order = sorted(range(len(centres)), key=lambda at: centres[at])
    offsets = [0.0]
    for before, after in pairwise(order):
        offsets.append(offsets[-1] + (sizes[before] + sizes[after]) / 2)
    blocks: list[tuple[float, int]] = []
    for at, offset in zip(order, offsets, strict=False):
        blocks.append((centres[at] - offset, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (right, many), (left, few) = blocks.pop(), blocks.pop()
            blocks.append(((right * many + left * few) / (many + few), many + few))
    wanted = [start for start, size in blocks for _ in range(size)]
    placed = [0.0] * len(centres)
    for at, offset, start in zip(order, offsets, wanted, strict=False):
        first, last = low + sizes[order[0]] / 2, high - sizes[order[-1]] / 2 - offsets[-1]
        placed[at] = max(first, min(start, last)) + offset
    return placed


def mark_points(axes: Axes, points: Iterable[Point], taken: Iterable[Bbox] = (), curves: Iterable[Path] = ()) -> None:
    """Each point as a diamond with its label on the side where it covers least of lines, words and other points."""
    points = tuple(points)
    lines = [*curves, *(line.get_path().transformed(line.get_transform()) for line in axes.lines)]
    axes.plot(
        [point.x for point in points],
        [point.y for point in points],
        "D",
        color=INK,
        markerfacecolor="white",
        markersize=6,
        clip_on=False,
        zorder=5,
    )
    dots = [axes.transData.transform((point.x, point.y)) for point in points]
    words = list(taken)
    for point in points:
        text = axes.annotate(
            printed(point.label),
            (point.x, point.y),
            (0, 0),
            textcoords="offset points",
            fontsize=8,
            zorder=6,
            annotation_clip=False,
            bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.8},
        )

        def cost(side: tuple[int, int], text: Any = text) -> float:
            _stand(text, side)
            room = box(text).padded(4)
            outside = sum(not axes.bbox.contains(x, y) for x, y in box(text).corners())
            covered = sum(room.overlaps(word) for word in words) + sum(room.contains(x, y) for x, y in dots)
            return 10 * outside + 4 * covered + sum(line.intersects_bbox(room, filled=False) for line in lines)

        _stand(text, min(SIDES, key=cost))
        words.append(box(text))


def _stand(text: Any, side: tuple[int, int]) -> None:
    right, up = side
    text.set(ha="left" if right > 0 else "right" if right else "center", va="bottom" if up > 0 else "top")
    text.set_position(side)


def swatches(figure: Canvas, left: float, entries: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """What the looks mean: a swatch and a name each, from the top left, in as many lines as they need."""
    from matplotlib.patches import Rectangle

    wide, high = figure.bbox.width, figure.bbox.height
    x, y = left * wide, high - 16
    for name, look in entries:
        text = figure.text(0, 0, name, fontsize=8, va="center")
        width = box(text).width
        if x > left * wide and x + 20 + width > wide - 6:
            x, y = left * wide, y - 17
        figure.add_artist(Rectangle((x / wide, (y - 5) / high), 14 / wide, 10 / high, **look))
        text.set_position(((x + 20) / wide, y / high))
        x += 20 + width + 18


def swatch_lines(names: Iterable[str]) -> int:
    """How many lines the swatches may need, before anything is measured."""
    lines, room = 1, 0.0
    for name in names:
        width = 38 + 7.0 * len(name)
        lines, room = (lines + 1, width) if room and room + width > 860 else (lines, room + width)
    return lines


def row_text(axes: Axes, y: float, label: str, id: str) -> None:
    """The name of a row, on two lines where it is long, and its id, left of the axes."""
    from textwrap import wrap

    beside = axes.get_yaxis_transform()
    lines = wrap(printed(label), 44)
    top = y - (0.16 + (0.1 if len(lines) > 1 else 0) if id else 0.0)
    axes.text(-0.02, top, "\n".join(lines), transform=beside, ha="right", va="center", fontsize=8.6, linespacing=1.05)
    axes.text(
        -0.02, y + 0.23, id, transform=beside, ha="right", va="center", fontsize=6.4, color=SOFT, family="monospace"
    )
