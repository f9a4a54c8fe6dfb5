"""Where the boxes of a step stand and where its lines run: layers from left to right, few crossings, no box crossed.

The first column holds a terminal for each cause that comes from an earlier step. A line that passes a column on its way
has a slot there like a box; all lines from one cause share it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from sarcoid_epi.documenting.graph import Box, Graph

#: Heights of a line of text and of a passing line, spaces between slots, and widths, in pixels.
TEXT_LINE, WAY, SPACE, SPACE_OF_TERMINALS, SPACE_OF_GROUPS = 12.0, 3.0, 7.0, 2.0, 12.0
WIDEST_TEXT, PADDING = 112.0, 7.0
TEXT_SIZE = 10.0
SWEEPS = 24


@dataclass(frozen=True)
class Slot:
    """A place in a column: a terminal, a box, or a line on its way; `name` is the box it is, or comes from."""

    kind: Literal["terminal", "box", "way"]
    name: str
    column: int


@dataclass(frozen=True)
class Place:
    """A rectangle, by its left top corner, and the lines of text in it."""

    x: float
    y: float
    width: float
    height: float
    text: tuple[str, ...] = ()

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    @property
    def right(self) -> float:
        return self.x + self.width


@dataclass(frozen=True)
class Curve:
    """A piece of line from left to right; `effect` is empty while it is on its way."""

    cause: str
    effect: str
    whole: bool
    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True)
class Panel:
    """A step laid out: terminals, boxes and passing lines by name, and the curves between them."""

    step: str
    width: float
    height: float
    places: dict[Slot, Place]
    curves: tuple[Curve, ...]

    def entries(self, graph: Graph) -> dict[str, list[Place]]:
        """The terminals of each earlier step, from the top down."""
        found: dict[str, list[Place]] = {}
        for slot, place in self.places.items():
            if slot.kind == "terminal":
                found.setdefault(graph.box_of[slot.name].step, []).append(place)
        return {step: sorted(places, key=lambda place: place.y) for step, places in found.items()}


def text_width(text: str, size: float) -> float:
    """Width of a text in the widest of the usual sans-serif fonts; others leave some room."""
    ems = {**dict.fromkeys("ijlI.,:;|'! ", 0.34), **dict.fromkeys("tfr()-", 0.42), **dict.fromkeys("mwMW", 0.95)}
    return size * sum(ems.get(letter, 0.72 if letter.isupper() else 0.615) for letter in text)


def wrapped(text: str, size: float, widest: float) -> tuple[str, ...]:
    """A text in as many lines as it needs to be no wider than `widest`; a longer word stands alone.

    >>> wrapped("false positive record", 10, 80)
    ('false positive', 'record')
    """
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size) > widest:
            lines.append(word)
        else:
            lines[-1] = longer
    return tuple(lines)


def panel(graph: Graph, step: str) -> Panel:
    """Lay out a step."""
    boxes = graph.steps[step]
    columns, links = _columns(graph, boxes)
    columns = _ordered(columns, links, graph)
    into: dict[Slot, int] = {}
    for _, right in links:
        into[right] = into.get(right, 0) + 1
    size = {slot: _size(graph, slot, into.get(slot, 0)) for column in columns for slot in column}
    middle = _heights(columns, links, {slot: place.height for slot, place in size.items()}, graph)
    top = min((middle[slot] - size[slot].height / 2 for slot in middle), default=0.0)
    places: dict[Slot, Place] = {}
    x = 0.0
    for column in columns:
        width = max(size[slot].width for slot in column)
        for slot in column:
            y = middle[slot] - size[slot].height / 2 - top
            places[slot] = Place(x, y, width, size[slot].height, size[slot].text)
        leaving = len({left for left, _ in links if left.column == column[0].column})
        x += width + min(70.0, 24 + 4.0 * leaving)
    wide = max((place.right for place in places.values()), default=0.0)
    high = max((place.y + place.height for place in places.values()), default=0.0)
    return Panel(step, wide, high, places, _curves(graph, links, places))


def _columns(graph: Graph, boxes: Sequence[Box]) -> tuple[list[list[Slot]], list[tuple[Slot, Slot]]]:
    """Slots by column, a box right of its causes, and the links between slots of neighbouring columns."""
    inside = {box.name for box in boxes}
    lines = [line for line in graph.lines if line.effect in inside]
    causes = {name: [line.cause for line in lines if line.effect == name] for name in inside}
    effects: dict[str, list[str]] = {}
    for line in lines:
        effects.setdefault(line.cause, []).append(line.effect)
    depth: dict[str, int] = {}
    while len(depth) < len(inside):
        for box in boxes:
            needed = [cause for cause in causes[box.name] if cause in inside]
            if box.name not in depth and all(cause in depth for cause in needed):
                depth[box.name] = 1 + max((depth[cause] for cause in needed), default=0)
    for box in boxes:  # what has no cause stands next to its first effect
        if not causes[box.name] and box.name in effects:
            depth[box.name] = min(depth[effect] for effect in effects[box.name]) - 1
    foreign = list(dict.fromkeys(line.cause for line in lines if line.cause not in inside))
    order = {name: place for place, name in enumerate(graph.box_of)}
    slots = [Slot("terminal", name, 0) for name in sorted(foreign, key=order.__getitem__)]
    slots += [Slot("box", box.name, depth[box.name]) for box in boxes]
    at = {slot.name: slot for slot in slots}
    links: list[tuple[Slot, Slot]] = []
    for source in tuple(slots):
        reached = effects.get(source.name, [])
        before = source
        for column in range(source.column + 1, max((depth[effect] for effect in reached), default=0) + 1):
            links += [(before, at[effect]) for effect in reached if depth[effect] == column]
            if any(depth[effect] > column for effect in reached):
                way = Slot("way", source.name, column)
                links.append((before, way))
                slots.append(way)
                before = way
    used = sorted({slot.column for slot in slots})
    return [[slot for slot in slots if slot.column == column] for column in used], links


def _ordered(columns: list[list[Slot]], links: Sequence[tuple[Slot, Slot]], graph: Graph) -> list[list[Slot]]:
    """The order of slots in each column with the fewest crossings that sweeps of barycentres find.

    Terminals stay together by step; what is linked to nothing comes last.
    """
    after: dict[Slot, list[Slot]] = {}
    before: dict[Slot, list[Slot]] = {}
    for left, right in links:
        after.setdefault(left, []).append(right)
        before.setdefault(right, []).append(left)
    linked = {*before, *after}
    columns = [sorted(column, key=lambda slot: slot not in linked) for column in columns]
    best, fewest = columns, _crossings(columns, links)
    for sweep in range(SWEEPS):
        columns = [list(column) for column in columns]
        forward = sweep % 2 == 0
        near = before if forward else after
        rank = {slot: (place + 0.5) / len(column) for column in columns for place, slot in enumerate(column)}
        for column in columns if forward else reversed(columns):
            wish = {slot: _mean([rank[other] for other in near.get(slot, [slot])]) for slot in column}
            column.sort(key=lambda slot: (slot not in linked, _group(graph, slot), wish[slot], rank[slot]))
            rank |= {slot: (place + 0.5) / len(column) for place, slot in enumerate(column)}
        crossed = _crossings(columns, links)
        if crossed < fewest:
            best, fewest = columns, crossed
    return best


def _group(graph: Graph, slot: Slot) -> int:
    return graph.numbers[graph.box_of[slot.name].step] if slot.kind == "terminal" else 0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _crossings(columns: Sequence[Sequence[Slot]], links: Sequence[tuple[Slot, Slot]]) -> int:
    place = {slot: position for column in columns for position, slot in enumerate(column)}
    count = 0
    for _, same in groupby(sorted(links, key=lambda link: link[0].column), key=lambda link: link[0].column):
        ends = [(place[left], place[right]) for left, right in same]
        count += sum((a - c) * (b - d) < 0 for k, (a, b) in enumerate(ends) for c, d in ends[:k])
    return count


def _size(graph: Graph, slot: Slot, arrows: int) -> Place:
    """Width and height of a slot, with its text; a box that many lines reach is higher."""
    if slot.kind == "way":
        return Place(0, 0, 0, WAY)
    box = graph.box_of[slot.name]
    text = wrapped(box.words, TEXT_SIZE, WIDEST_TEXT)
    if box.count:
        text = (
            (*text, box.count) if slot.kind == "box" else wrapped(f"{box.words} ({len(box.members)})", TEXT_SIZE, 130)
        )
    padding = PADDING if slot.kind == "box" else 2.0
    width = max(text_width(line, TEXT_SIZE) for line in text) + 2 * padding
    high = TEXT_LINE * len(text) + (9.0 if slot.kind == "box" else 1.0)
    return Place(0, 0, width, max(high, 3.6 * arrows + 4 if slot.kind == "box" else 0), text)


def _heights(
    columns: Sequence[Sequence[Slot]],
    links: Sequence[tuple[Slot, Slot]],
    height: Mapping[Slot, float],
    graph: Graph,
) -> dict[Slot, float]:
    """The middle of each slot, near the middles of what it is linked to, without overlap."""
    near: dict[Slot, list[Slot]] = {}
    for left, right in links:
        near.setdefault(left, []).append(right)
        near.setdefault(right, []).append(left)
    offsets: dict[Slot, float] = {}
    middle: dict[Slot, float] = {}
    for column in columns:
        offset = 0.0
        for above, slot in zip([None, *column], column, strict=False):
            if above is not None:
                offset += height[above] / 2 + height[slot] / 2 + _space(graph, above, slot)
            offsets[slot] = offset
        middle |= {slot: offsets[slot] - offset / 2 for slot in column}
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            linked = [slot for slot in column if slot in near]
            starts = _rising([_mean([middle[other] for other in near[slot]]) - offsets[slot] for slot in linked])
            starts += [starts[-1] if starts else 0.0] * (len(column) - len(linked))
            middle |= {slot: start + offsets[slot] for start, slot in zip(starts, column, strict=True)}
    return middle


def _space(graph: Graph, above: Slot, slot: Slot) -> float:
    """The space between neighbours of a column: terminals of one step stand close, those of two apart."""
    if slot.kind != "terminal":
        return SPACE
    return SPACE_OF_TERMINALS if _group(graph, above) == _group(graph, slot) else SPACE_OF_GROUPS


def _rising(values: Sequence[float]) -> list[float]:
    """The nearest values, in squares, that never fall.

    >>> _rising([1.0, 4.0, 2.0])
    [1.0, 3.0, 3.0]
    """
    blocks: list[tuple[float, int]] = []
    for value in values:
        mean, count = value, 1
        while blocks and blocks[-1][0] > mean:
            before, members = blocks.pop()
            mean, count = (mean * count + before * members) / (count + members), count + members
        blocks.append((mean, count))
    return [mean for mean, count in blocks for _ in range(count)]


def _curves(graph: Graph, links: Sequence[tuple[Slot, Slot]], places: Mapping[Slot, Place]) -> tuple[Curve, ...]:
    """A curve for each link; those that reach one box end at points of their own on its left side."""
    whole = {(line.cause, line.effect): line.whole for line in graph.lines}
    arriving: dict[Slot, list[Slot]] = {}
    for left, right in links:
        arriving.setdefault(right, []).append(left)
    curves = []
    for right, lefts in arriving.items():
        place = places[right]
        apart = min(5.0, (place.height - 6) / max(1, len(lefts) - 1))
        for position, left in enumerate(sorted(lefts, key=lambda slot: places[slot].middle)):
            y = place.middle + (position - (len(lefts) - 1) / 2) * apart
            effect = right.name if right.kind == "box" else ""
            thick = whole[left.name, effect] if effect else True
            curves.append(Curve(left.name, effect, thick, (places[left].right, places[left].middle), (place.x, y)))
    return tuple(curves)
