"""Heat maps of sections: a number in each cell, shaded by whether it lies where it may."""

from __future__ import annotations

from itertools import groupby
from math import isfinite
from textwrap import fill
from typing import Any

from sarcoid_epi.report.drawing import INK, SOFT, Drawing, canvas, drawn
from sarcoid_epi.report.markup import NOTHING, printed
from sarcoid_epi.report.placing import swatches
from sarcoid_epi.report.plots import Heat
from sarcoid_epi.report.scales import said

#: Shades of the verdicts: below, neither, above; they differ in lightness or by hatching too.
LOOKS: dict[str, dict[str, Any]] = {
    "below": {"facecolor": "#efb567", "edgecolor": "white"},
    "": {"facecolor": "#f1f3f6", "edgecolor": "white"},
    "above": {"facecolor": "#9dbdd6", "edgecolor": "white", "hatch": "////"},
}

#: Inches of a row, of what stands above the cells, of what stands below them, and of another line of a column's name.
ROW, ABOVE, BELOW, LINE = 0.3, 0.62, 0.45, 0.16


def draw_heat(plot: Heat) -> Drawing | None:
    """The map as a drawing; None where no cell has a value."""
    from matplotlib.patches import Rectangle

    if not any(isfinite(cell.value) for _, _, cells in plot.rows for cell in cells):
        return None
    groups = [(name, len(list(rows))) for name, rows in groupby(plot.rows, key=lambda row: row[1])]
    titled = [name for name, _ in groups if name]
    names = [fill(name, 14) for name in plot.columns]
    below = BELOW + LINE * max(name.count("\n") for name in names)
    height = ROW * (len(plot.rows) + len(titled)) + ABOVE + below
    figure = canvas(9.2, height)
    axes = figure.add_axes((0.3, below / height, 0.67, 1 - (ABOVE + below) / height))
    axes.set(xlim=(0, len(plot.columns)), ylim=(len(plot.rows) + len(titled), 0), yticks=[], xlabel=plot.x)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([at + 0.5 for at in range(len(plot.columns))], [printed(name) for name in names])
    axes.tick_params(length=0)
    beside = axes.get_yaxis_transform()
    y = 0
    for before, row in zip([None, *plot.rows], plot.rows, strict=False):
        label, group, cells = row
        if group and (before is None or before[1] != group):
            axes.text(-0.44, y + 0.6, printed(group), transform=beside, va="center", fontsize=8.6, weight="bold")
            y += 1
        axes.text(-0.015, y + 0.5, printed(label), transform=beside, ha="right", va="center", fontsize=8.2)
        for x, cell in enumerate(cells):
            known = isfinite(cell.value)
            look = LOOKS[cell.verdict] if known else {"facecolor": "white", "edgecolor": "white"}
            axes.add_patch(Rectangle((x, y), 1, 1, linewidth=1.4, **look))
            words = printed(said(plot.z, cell.value).removesuffix(" %")) if known else NOTHING
            text = axes.text(
                x + 0.5, y + 0.5, words, ha="center", va="center", fontsize=8, color=INK if known else SOFT
            )
            if cell.verdict == "above":
                text.set_bbox({"facecolor": look["facecolor"], "edgecolor": "none", "pad": 1.0})
        y += 1
    there = {cell.verdict for _, _, cells in plot.rows for cell in cells if isfinite(cell.value)}
    entries = zip(plot.verdicts, LOOKS.items(), strict=True)
    swatches(figure, 0.02, [(printed(words), look) for words, (verdict, look) in entries if verdict in there])
    return drawn(plot.key, printed(plot.title), printed(plot.caption), printed(_alt(plot)), figure)


def _alt(plot: Heat) -> str:
    words = [
        f"{group}{', ' if group else ''}{label}: "
        + ", ".join(
            f"{column} {said(plot.z, cell.value)}{f' ({cell.verdict})' if cell.verdict else ''}"
            for column, cell in zip(plot.columns, cells, strict=True)
        )
        for label, group, cells in plot.rows
    ]
    return f"Map of cells, {plot.z.label} by {plot.x}. " + "; ".join(words) + "."
