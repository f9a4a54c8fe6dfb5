"""The forest plot: published frequencies of osseous sarcoidosis, by how bone was looked for, with exact limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from math import isnan, nan
from textwrap import shorten
from typing import TYPE_CHECKING

from sarcoid_epi.evidence import ASCERTAINMENTS, Finding
from sarcoid_epi.report.content import Content
from sarcoid_epi.report.drawing import BLUE, INK, ORANGE, SOFT, Drawing, bare, canvas, drawn, interval, square_root
from sarcoid_epi.report.evidence_tables import composed, finding_counts
from sarcoid_epi.report.markup import (
    capital,
    finding_limits,
    finding_of,
    limits,
    printed,
    qualifier,
    rows_of,
    series_name,
    who_printed,
)
from sarcoid_epi.results import Estimate, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: From the way of looking that finds least to the one that finds most.
WAYS = (
    "clinical", "records", "registry", "questionnaire", "biopsy or imaging", "any imaging", "film", "ct", "mri", "pet",
    "histology", "ultrasound", "laboratory", "review of series", "",
)  # fmt: skip

HEADINGS = {
    "clinical": "Clinical assessment by instrument",
    "records": "Records, or inquiry to clinicians",
    "film": "Radiographs",
    "pet": "FDG-PET",
    "mri": "Magnetic resonance imaging",
    "any imaging": "Whatever imaging had been done",
    "biopsy or imaging": "Biopsy or imaging",
    "review of series": "Statements over several series",
    "": "Way of looking not stated",
}


#: Marker, face and edge: what was pooled is filled, what was not is hollow, a contradiction is a cross.
LOOKS = {
    "inside": ("s", BLUE, BLUE),
    "counts": ("s", "white", BLUE),
    "conflict": ("X", ORANGE, ORANGE),
    "implied": ("o", "white", INK),
    "stated": ("o", "white", INK),
}


@dataclass(frozen=True)
class Line:
    """One row of the plot; `kind` is heading, counts, conflict, implied, stated, range, nothing or pooled.

    `inside` says whether the row's counts went into a pool.
    """

    kind: str
    label: str
    id: str = ""
    text: str = ""
    limits: str = ""
    share: float = nan
    low: float = nan
    high: float = nan
    outer_low: float = nan
    outer_high: float = nan
    qualifier: str = ""
    inside: bool = False


def forest_lines(content: Content) -> tuple[Line, ...]:
    """Headings and rows of the plot: one row for each id of `content.forest`, then the pooled shares."""
    found = [finding_of(content, id) for id in dict.fromkeys(content.forest)]
    found.sort(key=lambda one: WAYS.index(one.ascertainment))
    lines: list[Line] = []
    for way, members in groupby(found, key=lambda one: one.ascertainment):
        lines.append(Line("heading", HEADINGS.get(way, capital(ASCERTAINMENTS[way]))))
        lines += sorted((_finding_line(one, one.id in content.pooled_from) for one in members), key=_low_first)
    pooled = _pooled_lines(content)
    return (*lines, *([Line("heading", "Taken together"), *pooled] if pooled else []))


def _low_first(line: Line) -> tuple[bool, float, str]:
    place = line.low if isnan(line.share) else line.share
    return isnan(place), 0.0 if isnan(place) else place, line.id


def _finding_line(one: Finding, inside: bool) -> Line:
    return replace(_numbers_line(one), qualifier=qualifier(one), inside=inside)


def _numbers_line(one: Finding) -> Line:
    who = who_printed(one)
    if one.share is not None and one.has_counts:
        low, high = one.exact_interval() or (nan, nan)
        kind, mark = ("conflict", " †") if one.conflict else ("counts", "")
        shown = f"{percent(one.share)} ({finding_limits(one)})".replace("\u00a0%)", ")")
        return Line(kind, who + mark, one.id, finding_counts(one), shown, one.share, low, high)
    if one.share is not None and one.implied_counts:
        low, high = one.exact_interval(implied=True) or (nan, nan)
        events, n = one.implied_counts
        shown = f"{percent(one.share)} ({finding_limits(one, implied=True)})".replace("\u00a0%)", ")")
        return Line("implied", who, one.id, f"{events}/{n}*", shown, one.share, low, high)
    if one.share is not None:
        denominator = finding_counts(one) or "–"
        return Line("stated", who, one.id, denominator, f"{percent(one.share)}, as stated", one.share)
    low, high = _ends(one)
    kind, said = "nothing" if isnan(high) else "range", one.printed or composed(one)
    return Line(kind, who, one.id, finding_counts(one) or "–", said, nan, low, high)


def _ends(one: Finding) -> tuple[float, float]:
    """The ends of a stated range of shares; an upper bound alone starts at 0, a lower bound alone ends at 1."""
    if one.unit not in ("", "proportion") or (one.low is None and one.high is None):
        return nan, nan
    low, high = one.low or 0.0, 1.0 if one.high is None else one.high
    return (low, high) if high <= 1 else (nan, nan)


def _pooled_lines(content: Content) -> list[Line]:
    rows = {row.id: row for row in rows_of(content, "pooled_prevalence")}
    return [
        _pooled_line(row, rows.get(f"{row.run}:prediction:{row.group}"))
        for row in rows.values()
        if row.term == "osseous_recorded" and not isnan(row.estimate)
    ]


def _pooled_line(row: Estimate, prediction: Estimate | None) -> Line:
    low, high = (nan, nan) if prediction is None else (prediction.conf_low, prediction.conf_high)
    between = f"{percent(row.estimate)} ({limits(row)})".replace("\u00a0%)", ")")
    name = series_name(row.run)
    label = "Pooled, random effects" + (f": {name}" if name else "")
    text = f"{row.events:.0f}/{row.n:.0f}"
    note = shorten(row.note or (prediction.note if prediction else ""), 74, placeholder=" …")
    return Line("pooled", label, row.id, text, between, row.estimate, row.conf_low, row.conf_high, low, high, note)


def forest_title(content: Content) -> str:
    """What the plot says: the lowest and the highest share with counts, who has it, what it counts, and of whom."""
    found = [finding_of(content, id) for id in dict.fromkeys(content.forest)]
    shares = sorted((one.share, one.id, one) for one in found if one.share is not None and one.has_counts)
    if not shares:
        return "Published frequencies of osseous sarcoidosis"
    (low, _, least), (high, _, most) = shares[0], shares[-1]
    words = ["; ".join(part for part in (who_printed(one), qualifier(one)) if part) for one in (least, most)]
    return printed(f"Published frequencies run from {percent(low)} ({words[0]}) to {percent(high)} ({words[1]})")


def forest_plot(content: Content) -> Drawing | None:
    """Draw the plot; None where there is nothing to draw."""
    lines = forest_lines(content)
    if not lines:
        return None
    height = 0.43 * len(lines) + 0.95
    figure = canvas(9.2, height)
    axes = figure.add_axes((0.385, 0.55 / height, 0.355, 1 - 0.85 / height))
    _scale(axes, lines)
    bare(axes, len(lines))
    axes.set_xlabel("Share of patients with bone involvement (%, square-root scale)")
    for x, word, side in ((-1.08, "Series, and id of the finding", "left"), (1.03, "Events/n", "left")):
        axes.text(x, -0.7, word, transform=axes.get_yaxis_transform(), ha=side, va="bottom", color=SOFT, fontsize=8)
    header = "Share (exact 95 % limits)"
    axes.text(1.24, -0.7, header, transform=axes.get_yaxis_transform(), va="bottom", color=SOFT, fontsize=8)
    for y, line in enumerate(lines):
        _draw(axes, y, line)
    return drawn("forest", forest_title(content), _caption(content, lines), _alt(lines), figure)


def _scale(axes: Axes, lines: tuple[Line, ...]) -> None:
    ends = [end for line in lines for end in (line.share, line.high, line.outer_high) if not isnan(end)]
    top = min(1.0, 1.04 * max(ends, default=0.1))
    square_root(axes, top)


def _draw(axes: Axes, y: int, line: Line) -> None:
    beside = axes.get_yaxis_transform()
    if line.kind == "heading":
        axes.text(-1.08, y + 0.12, line.label, transform=beside, va="center", fontsize=9, fontweight="bold")
        return
    top, bottom = (-0.26, 0.33) if line.qualifier else (-0.15, 0.18)
    axes.text(-1.05, y + top, line.label, transform=beside, va="center", fontsize=8.6)
    axes.text(-1.05, y + 0.05, line.qualifier, transform=beside, va="center", fontsize=7, color=SOFT)
    axes.text(-1.05, y + bottom, line.id, transform=beside, va="center", fontsize=6.6, color=SOFT, family="monospace")
    axes.text(1.03, y, line.text, transform=beside, va="center", fontsize=8.6)
    axes.text(1.24, y, line.limits, transform=beside, va="center", fontsize=8.6)
    if line.kind == "pooled":
        interval(axes, y, line.outer_low, line.outer_high, SOFT, 1.0)
        for end in (line.outer_low, line.outer_high):
            axes.plot([end, end], [y - 0.14, y + 0.14], color=SOFT, linewidth=1.0)
        corners = [(line.low, y), (line.share, y - 0.24), (line.high, y), (line.share, y + 0.24)]
        axes.fill(*zip(*corners, strict=True), color=BLUE, zorder=3)
    elif line.kind == "range":
        axes.plot([line.low, line.high], [y, y], color=SOFT, linewidth=1.2, linestyle=(0, (3, 2)))
    elif line.kind != "nothing":
        if line.kind == "implied":
            axes.plot([line.low, line.high], [y, y], color=INK, linewidth=0.8, linestyle=(0, (3, 2)), zorder=2)
        else:
            interval(axes, y, line.low, line.high, ORANGE if line.kind == "conflict" else INK)
        marker, face, edge = LOOKS["inside" if line.inside else line.kind]
        size = {"conflict": 8, "implied": 4.2}.get(line.kind, 6)
        axes.plot(
            [line.share], [y], marker, markersize=size, markerfacecolor=face, markeredgecolor=edge, zorder=3
        )  # fmt: skip


def _caption(content: Content, lines: tuple[Line, ...]) -> str:
    kinds = {line.kind for line in lines}
    parts = ["Squares: events/n, with exact (Clopper-Pearson) 95 % limits; they carry counting error only."]
    if any(line.inside for line in lines):
        parts.append("Filled squares went into a pool, outlined ones into none.")
    if "implied" in kinds:
        parts.append(
            "Hollow circles with a dashed line: a stated percentage, with the exact limits of the counts it implies. "
            "* One count is implied by the stated percentage and was not printed."
        )
    if "stated" in kinds:
        parts.append("Hollow circles without a line: a percentage stated without counts, so without limits.")
    if "range" in kinds:
        parts.append("Dashed: a range stated without counts.")
    if "pooled" in kinds:
        parts.append("Diamond: pooled share with 95 % limits; the thin line is the 95 % prediction interval.")
    conflicts = [finding_of(content, id) for id in content.forest]
    words = "; ".join(f"{one.id}: {one.conflict}" for one in conflicts if one.conflict and one.has_counts)
    parts += [f"† Crosses: the printed percentage does not follow from the printed counts ({words})."] if words else []
    return printed(" ".join(parts))


def _alt(lines: tuple[Line, ...]) -> str:
    said = [
        f"{line.label.removesuffix(' †')}{f' ({line.qualifier})' if line.qualifier else ''}: {line.text}, {line.limits}"
        for line in lines
        if line.kind != "heading"
    ]
    return "Forest plot on a square-root scale. " + "; ".join(said) + "."
