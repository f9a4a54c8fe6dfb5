"""Surfaces of sections: a result over two inputs, as shades between labelled lines."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from sarcoid_epi.report.drawing import INK, Drawing, canvas, drawn
from sarcoid_epi.report.markup import printed
from sarcoid_epi.report.placing import box, mark_points, swatches
from sarcoid_epi.report.plots import Surface
from sarcoid_epi.report.scales import figure_of, place, said, scale, span, thinned, ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path
    from matplotlib.transforms import Bbox

#: From paper to a blue on which ink still reads; the more, the darker.
SHADES = ("#f4f8fb", "#6ea3cc")

#: What nothing reaches.
HATCHED: dict[str, Any] = {"facecolor": "#fafafa", "edgecolor": "#c3c9d1", "hatch": "////", "linewidth": 0.0}

#: The most cells on a side.
CELLS = 100


def draw_surface(plot: Surface) -> Drawing | None:
    """The surface as a drawing; None where it has no value."""
    values = np.asarray(plot.values, dtype=float)
    if not np.isfinite(values).any():
        return None
    down, over = (thinned(size, CELLS + 1) for size in values.shape)
    x, y = np.asarray(plot.grid_x)[list(over)], np.asarray(plot.grid_y)[list(down)]
    figure = canvas(9.2, 5.6)
    axes = figure.add_axes((0.085, 0.105, 0.86, 0.815))
    scale(axes, "x", plot.x, span(plot.x, plot.grid_x, tight=True))
    scale(axes, "y", plot.y, span(plot.y, plot.grid_y, tight=True))
    axes.tick_params(length=3, left=True)
    words, lines = _shade(axes, plot, x, y, np.ma.masked_invalid(values[np.ix_(down, over)]))
    mark_points(axes, plot.points, words, lines)
    entries = [
        (printed(f"lines and shades: {plot.z.label}"), {"facecolor": SHADES[1], "edgecolor": INK, "linewidth": 0.7})
    ]
    if not np.isfinite(values).all():
        entries.append((printed(plot.gap), HATCHED))
    swatches(figure, 0.085, entries)
    return drawn(plot.key, printed(plot.title), printed(plot.caption), printed(_alt(plot)), figure)


def _shade(axes: Axes, plot: Surface, x: Any, y: Any, values: Any) -> tuple[list[Bbox], list[Path]]:
    """Shades, the lines between them and the ground below; the room of the lines' words, and the lines."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    low, high = float(values.min()), float(values.max())
    levels = [level for level in plot.levels or _levels(plot, values) if low < level < high]
    if values.mask.any():
        axes.add_patch(Rectangle((0, 0), 1, 1, transform=axes.transAxes, zorder=0, **HATCHED))
    shades = LinearSegmentedColormap.from_list("shades", SHADES)(np.linspace(0, 1, len(levels) + 1))
    edges = [low - 1e-9 * (abs(low) or 1), *levels, high + 1e-9 * (abs(high) or 1)]
    axes.contourf(x, y, values, levels=edges, colors=shades, zorder=1)
    if not levels:
        return [], []
    lines = axes.contour(x, y, values, levels=levels, colors=INK, linewidths=0.8, zorder=2)
    texts = axes.clabel(lines, fmt=lambda level: printed(figure_of(plot.z, level, 6)), fontsize=8, inline_spacing=4)
    for text in texts:
        text.set_clip_on(False)
    return [box(text) for text in texts], [path.transformed(lines.get_transform()) for path in lines.get_paths()]


def _levels(plot: Surface, values: Any) -> list[float]:
    """Lines where the scale of the result has its ticks."""
    return ticks(plot.z, *span(plot.z, values.compressed().tolist(), tight=True), room=0.09)


def _alt(plot: Surface) -> str:
    """The result at three by three places, and at what is marked."""
    places = [(i, j) for i in thinned(len(plot.grid_y), 3) for j in thinned(len(plot.grid_x), 3)]
    words = [
        f"at {place(plot.x, plot.grid_x[j])} and {place(plot.y, plot.grid_y[i])} "
        + (said(plot.z, plot.values[i][j]) if isfinite(plot.values[i][j]) else plot.gap)
        for i, j in places
    ]
    words += [f"marked: {one.label}, at {place(plot.x, one.x)} and {place(plot.y, one.y)}" for one in plot.points]
    return f"{plot.z.label} over {plot.x.label} and {plot.y.label}: " + "; ".join(words) + "."
