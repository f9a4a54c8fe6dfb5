"""The causal graph as a drawing: a panel for each step, and a trunk from each step to later ones."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from sarcoid_epi.documenting.graph import LISTS, Box, Graph, Standing, headed
from sarcoid_epi.documenting.layout import TEXT_LINE, TEXT_SIZE, Panel, Place, Slot, panel, text_width, wrapped
from sarcoid_epi.documenting.svg import (
    GROUND,
    INK,
    PAPER,
    RULE,
    SOFT,
    arrow_head,
    badge,
    color,
    document,
    element,
    mixed,
    number,
    path,
    points,
    polyline,
    rectangle,
    titled,
    words,
)
from sarcoid_epi.vocabulary import label, readable

#: Space around the page, between panels, inside them, above their contents; between trunks, and between columns.
MARGIN, BETWEEN, INSIDE, HEAD, LANE, APART = 28.0, 16.0, 14.0, 32.0, 7.0, 30.0
#: Width for the bracket and the badge before the terminals.
BRACKET = 30.0
TITLE = "What causes what in the generator of synthetic patients"

SAID: dict[Standing, str] = {
    "recorded": "recorded: in the patient table",
    "latent": "latent: in the truth, never in the patient table",
    "working": "working variable: latent, and not kept",
}


#: Width over height of a sheet of paper.
PAPER_RATIO = 2**0.5

#: By step, by earlier step: the terminals that it has in the panel.
Entries = Mapping[str, Mapping[str, Sequence[Place]]]


@dataclass(frozen=True)
class Sheet:
    """A page: its size, the corner, width and column of each panel, and where the trunks run.

    `lane` is the x of a step's trunk in a column, `duct` the y at which it passes below to later columns.
    """

    width: float
    height: float
    corner: dict[str, tuple[float, float]]
    panel_width: dict[str, float]
    column: dict[str, int]
    lane: dict[tuple[str, int], float]
    duct: dict[str, float]


def causal_graph(graph: Graph) -> str:
    """The whole drawing as SVG."""
    panels = {step: panel(graph, step) for step in graph.steps}
    entries = {step: panels[step].entries(graph) for step in panels}
    leaving = {source for of_step in entries.values() for source in of_step}
    notes = _notes(graph)
    sheet = _sheet(panels, entries)
    foot = [line for note in notes for line in wrapped(note, 9.5, sheet.width - 2 * MARGIN)]
    parts = _trunks(graph, entries, sheet)
    for step, laid in panels.items():
        x, y = sheet.corner[step]
        parts.append(_panel(graph, laid, sheet.panel_width[step], x, y, leaving))
    parts += [part for step in panels for part in _entry(graph, entries, sheet, step)]
    parts += [words(MARGIN, sheet.height + 14.0 * row, line, 9.5, SOFT) for row, line in enumerate(foot)]
    heading, top = _heading(graph, sheet.width)
    body = element("g", *(f"\n{part}" for part in parts), transform=f"translate(0 {number(top)})")
    variables, causes = len(graph.box_of), len(graph.lines)
    description = (
        f"{variables} variables in {len(panels)} steps, drawn as {sum(map(len, graph.steps.values()))} boxes joined by "
        f"{causes} arrows from causes to effects. The steps in causal order: {', '.join(graph.steps)}. "
        "The same is told in words by the codebook."
    )
    return document(sheet.width, top + sheet.height + 14.0 * len(foot) + 8, TITLE, description, [*heading, body])


def _notes(graph: Graph) -> list[str]:
    """What the lists hold that families are named after."""
    used = {box.drawn_from for boxes in graph.steps.values() for box in boxes if box.drawn_from}
    return [f"{headed(name)}: {', '.join(map(readable, LISTS[name]))}." for name in LISTS if name in used]


def _high(laid: Panel) -> float:
    return HEAD + laid.height + INSIDE


def _sheet(panels: Mapping[str, Panel], entries: Entries) -> Sheet:
    """Panels in one or two columns, split where the drawing needs the smallest sheet of paper."""
    steps = list(panels)
    splits = [split for cuts in range(2) for split in combinations(range(1, len(steps)), cuts)]
    sheets = (
        _arranged(panels, entries, [bisect_right(split, place) for place in range(len(steps))]) for split in splits
    )
    return min(
        sheets,
        key=lambda sheet: min(
            max(sheet.width / PAPER_RATIO, sheet.height), max(sheet.width, sheet.height / PAPER_RATIO)
        ),
    )


def _arranged(panels: Mapping[str, Panel], entries: Entries, columns: Sequence[int]) -> Sheet:
    """The sheet with each panel in a given column; the trunks that its panels need run to the left of a column."""
    column = dict(zip(panels, columns, strict=True))
    lane: dict[tuple[str, int], float] = {}
    corner: dict[str, tuple[float, float]] = {}
    widths: dict[str, float] = {}
    x, floor = MARGIN, 0.0
    for each in range(max(columns) + 1):
        here = [step for step in panels if column[step] == each]
        read = {source for step in panels for source in entries[step] if each in (column[source], column[step])}
        foreign = [source for source in panels if source in read and column[source] < each]
        for source in (*reversed(foreign), *(step for step in here if step in read)):
            lane[source, each] = x
            x += LANE
        x += 14
        width = max(panels[step].width for step in here) + BRACKET + 2 * INSIDE
        y = 0.0
        for step in here:
            corner[step], widths[step] = (x, y), width
            y += _high(panels[step]) + BETWEEN
        floor = max(floor, y)
        x += width + APART
    through = sorted({source for source, each in lane if each > column[source]}, key=list(panels).index, reverse=True)
    duct = {source: floor + LANE * place for place, source in enumerate(through)}
    return Sheet(x - APART + MARGIN, floor + LANE * len(through) + 26, corner, widths, column, lane, duct)


def _heading(graph: Graph, width: float) -> tuple[list[str], float]:
    """Title and legend, and the height that they take."""
    boxes = [box for of_step in graph.steps.values() for box in of_step]
    recorded = sum(len(box.members) for box in boxes if box.standing == "recorded")
    said = (
        f"{len(graph.box_of)} variables in {len(graph.steps)} steps; {recorded} reach the patient table. "
        "An arrow leads from a cause to its effect. Variables with like names share a box."
    )
    parts = [words(MARGIN, 42, TITLE, 20, font_weight="bold")]
    y = 48.0
    for line in wrapped(said, 11.5, width - 2 * MARGIN):
        y += 15
        parts.append(words(MARGIN, y, line, 11.5, SOFT))
    x, y = MARGIN, y + 13
    for sample, meaning in _legend():
        wide = 33 + text_width(meaning, 10.5) + 10
        if x > MARGIN and x + wide > width - MARGIN:
            x, y = MARGIN, y + 20
        parts.append(
            element("g", *sample, words(33, 11.5, meaning, 10.5), transform=f"translate({number(x)} {number(y)})")
        )
        x += wide
    return parts, y + 34


def _legend() -> list[tuple[list[str], str]]:
    """Samples, each in a place of 28 by 15, and what they mean."""
    place = Place(0, 0, 27, 15)
    blue = color(1)
    arrow = [arrow_head(28, 7.5, blue)]
    return [
        *(([_frame(place, standing, True, 1)], meaning) for standing, meaning in SAID.items()),
        ([_frame(place, "recorded", True, 1)], "round: chance has a part in it"),
        ([_frame(place, "recorded", False, 1)], "square: determined by its causes"),
        ([path(polyline((0, 7.5), (24, 7.5)), blue, 1.5), *arrow], "cause"),
        ([path(polyline((0, 7.5), (24, 7.5)), blue, 0.9, stroke_dasharray="3 2"), *arrow], "between some members only"),
        ([_exit(20, 7.5, blue)], "is a cause in later steps"),
        ([badge(18, 7.5, "1", blue, 7.5)], "causes from step 1, along its trunk"),
    ]


def _frame(place: Place, standing: Standing, chance: bool, step: int) -> str:
    """The outline of a box."""
    tint = color(step)
    fill, stroke, dash = {
        "recorded": (mixed(tint, PAPER, 0.8), tint, None),
        "latent": (PAPER, tint, "4 2.5"),
        "working": (PAPER, "#98a1ad", "1.5 2"),
    }[standing]
    round_ = float(min(9.0, place.height / 2)) if chance else None
    return rectangle(
        place.x, place.y, place.width, place.height, fill=fill, stroke=stroke, stroke_dasharray=dash, rx=round_
    )


def _exit(x: float, y: float, fill: str) -> str:
    return element("path", d=polyline((x, y - 4), (x + 5, y), (x, y + 4)) + "Z", fill=fill)


def _panel(graph: Graph, laid: Panel, width: float, x: float, y: float, leaving: set[str]) -> str:
    """A step: ground, head, lines, boxes."""
    step = graph.numbers[laid.step]
    boxes = graph.steps[laid.step]
    counts = {kind: sum(len(box.members) for box in boxes if box.standing == kind) for kind in SAID}
    said = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    parts = [rectangle(x, y, width, _high(laid), fill=GROUND, stroke=RULE, rx=4.0)]
    if laid.step in leaving:
        parts.append(path(polyline((x, y + 16), (x + 10, y + 16)), color(step), 3))
    parts += [badge(x + 20, y + 16, str(step), color(step), 9.5)]
    parts += [words(x + 36, y + 20.5, headed(laid.step), 13, font_weight="bold")]
    parts += [words(x + 46 + text_width(laid.step, 13) * 1.12, y + 20.5, said, 10, SOFT)]
    left, top = x + INSIDE + (BRACKET if any(slot.kind == "terminal" for slot in laid.places) else 0), y + HEAD
    parts += _lines(graph, laid, left, top)
    goes_on = {line.cause for line in graph.lines if graph.box_of[line.effect].step != laid.step}
    for slot, place in laid.places.items():
        if slot.kind != "way":
            parts.append(_slot(graph, slot, _moved(place, left, top), slot.name in goes_on))
    return element("g", *(f"\n{part}" for part in parts))


def _moved(place: Place, x: float, y: float) -> Place:
    return Place(place.x + x, place.y + y, place.width, place.height, place.text)


def _lines(graph: Graph, laid: Panel, left: float, top: float) -> list[str]:
    """The curves of a panel, in the colours of the steps that they come from."""
    parts = []
    for slot, place in laid.places.items():
        if slot.kind == "way":
            at = _moved(place, left, top)
            parts.append(path(polyline((at.x, at.middle), (at.right, at.middle)), _tint(graph, slot.name), 1.5))
    for curve in laid.curves:
        (x, y), (u, v) = curve.start, curve.end
        x, y, u, v = x + left, y + top, u + left, v + top
        tint = _tint(graph, curve.cause)
        stop = u - 4 if curve.effect else u
        bend = (stop - x) / 2
        data = f"{polyline((x, y))}C{points((x + bend, y), (stop - bend, v), (stop, v))}"
        if not curve.effect:
            parts.append(path(data, tint, 1.5))
            continue
        line = path(data, tint, 1.5 if curve.whole else 0.9, stroke_dasharray=None if curve.whole else "3 2")
        parts.append(titled(_said(graph, curve.cause, curve.effect), line, arrow_head(u, v, tint)))
    return parts


def _said(graph: Graph, cause: str, effect: str) -> str:
    return f"{graph.box_of[cause].words} → {graph.box_of[effect].words}"


def _tint(graph: Graph, name: str) -> str:
    return color(graph.numbers[graph.box_of[name].step])


def _slot(graph: Graph, slot: Slot, place: Place, goes_on: bool) -> str:
    """A box, or the name of a cause from an earlier step."""
    box = graph.box_of[slot.name]
    tint = _tint(graph, slot.name)
    latent = box.standing != "recorded"
    style = {"font_style": "italic" if latent else None}
    first = place.middle - TEXT_LINE * len(place.text) / 2 + 9.5
    lines = [(first + TEXT_LINE * row, line) for row, line in enumerate(place.text)]
    if slot.kind == "terminal":
        dark = mixed(tint, INK, 0.45)
        parts = [words(place.right - 3, y, line, TEXT_SIZE, dark, text_anchor="end", **style) for y, line in lines]
        return titled(_told(box), *parts)
    centre = place.x + place.width / 2
    shape = _frame(place, box.standing, box.chance, graph.numbers[box.step])
    parts = [shape]
    for row, (y, line) in enumerate(lines):
        counted = bool(box.count) and row == len(lines) - 1
        ink = SOFT if counted or box.standing == "working" else INK
        parts.append(words(centre, y, line, 9.0 if counted else TEXT_SIZE, ink, text_anchor="middle", **style))
    if goes_on:
        parts.append(_exit(place.right + 1, place.middle, tint))
    return titled(_told(box), *parts)


def _told(box: Box) -> str:
    """What a box holds, for those who point at it."""
    labels = ", ".join(name if label(name) == readable(name) else f"{name}: {label(name)}" for name in box.members)
    return f"{labels} ({box.standing})"


def _bracket(sheet: Sheet, step: str, places: Sequence[Place]) -> tuple[float, float, float]:
    """The x and the two ends of the bracket before terminals."""
    x, y = sheet.corner[step]
    return x + INSIDE + BRACKET - 4, y + HEAD + places[0].y, y + HEAD + places[-1].y + places[-1].height


def _entry(graph: Graph, entries: Entries, sheet: Sheet, step: str) -> list[str]:
    """Where trunks enter a panel: a bracket around the causes from each step, with the step's number."""
    parts = []
    for source, places in entries[step].items():
        x, above, below = _bracket(sheet, step, places)
        tint, middle = color(graph.numbers[source]), (above + below) / 2
        lane = sheet.lane[source, sheet.column[step]]
        halo = path(polyline((lane + 3, middle), (sheet.corner[step][0] - 1, middle)), PAPER, 4.2)
        line = path(polyline((lane, middle), (x - 20, middle)), tint, 1.8)
        dot = element("circle", cx=lane, cy=middle, r=2.7, fill=tint)
        side = path(polyline((x, above), (x - 3, above), (x - 3, below), (x, below)), tint, 1.3)
        mark = badge(x - 13, middle, str(graph.numbers[source]), tint, 7.5)
        parts.append(titled(f"from step {graph.numbers[source]}, {source}", halo, line, dot, side, mark))
    return parts


def _trunks(graph: Graph, entries: Entries, sheet: Sheet) -> list[str]:
    """The trunk of each step, from its panel down to the last that it enters, and below to later columns."""
    parts = []
    for (source, each), x in sheet.lane.items():
        tint = color(graph.numbers[source])
        ends = [
            sum(_bracket(sheet, step, of_step[source])[1:]) / 2
            for step, of_step in entries.items()
            if source in of_step and sheet.column[step] == each
        ]
        if sheet.column[source] == each:
            left, top = sheet.corner[source]
            ends.append(top + 16)
            parts.append(path(polyline((x, top + 16), (left, top + 16)), tint, 3))
        if source in sheet.duct:
            below = sheet.duct[source]
            ends.append(below)
            if sheet.column[source] != each:
                home = sheet.lane[source, sheet.column[source]]
                parts.append(path(polyline((home, below), (x, below)), tint, 3, stroke_linecap="square"))
        parts.append(path(polyline((x, min(ends)), (x, max(ends))), tint, 3))
    return parts
