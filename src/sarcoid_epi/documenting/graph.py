"""The causal graph of the generator as boxes and lines: each variable in one box, families of like variables together.

An arrow leads from each argument of a variable's function to the variable. Flags that delimit the population of a
target are not causes and have no arrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Literal

from sarcoid_epi import vocabulary
from sarcoid_epi.cohort.node import Node
from sarcoid_epi.vocabulary import PATIENT_BY_NAME, TRUTH_BY_NAME, readable

#: In the patient table, in the truth only, or nowhere but in the generator's memory.
Standing = Literal["recorded", "latent", "working"]

#: The nodes of each step, steps and nodes in causal order.
Steps = Mapping[str, Sequence[Node]]

#: Fewer variables than these are drawn one by one.
SMALLEST_FAMILY = 3

#: Lists of names in the vocabulary, such as sites, modalities and organs, that name members of families.
LISTS: dict[str, tuple[str, ...]] = {
    readable(name.lower()): words
    for name, words in vars(vocabulary).items()
    if name.isupper() and isinstance(words, tuple) and all(isinstance(word, str) for word in words)
}


@dataclass(frozen=True)
class Box:
    """A variable, or a family of variables that differ in one word of their names.

    `name` is the first member's; `words` is what the box says, `count` how many members of what kind ("" for one);
    `chance` tells variables that spend a uniform of their own from those that their causes determine.
    """

    name: str
    step: str
    members: tuple[str, ...]
    standing: Standing
    chance: bool
    words: str
    count: str = ""
    drawn_from: str = ""


@dataclass(frozen=True)
class Line:
    """Members of the box `cause` are causes of members of the box `effect`; `whole` when none of them stands aside."""

    cause: str
    effect: str
    whole: bool


@dataclass(frozen=True)
class Graph:
    """Boxes by step in causal order, the lines between them, and the box that each variable is in."""

    steps: dict[str, tuple[Box, ...]]
    lines: tuple[Line, ...]
    box_of: dict[str, Box]

    @property
    def numbers(self) -> dict[str, int]:
        """The number of each step, from 1."""
        return {step: number for number, step in enumerate(self.steps, 1)}


def graph(steps: Steps) -> Graph:
    """Collapse the families of each step, and join the boxes whose members cause each other.

    A family never hides an arrow: members that cause each other, at whatever remove, stand in different boxes, and no
    arrows between boxes lead in a circle.
    """
    nodes = {node.name: node for of_step in steps.values() for node in of_step}
    above = _ancestors(nodes.values())
    groups = {step: _families(of_step, above) for step, of_step in steps.items()}
    while circle := _circle(nodes, [group for of_step in groups.values() for group in of_step]):
        for step, of_step in groups.items():
            groups[step] = [part for group in of_step for part in (_singly(group) if group == circle else [group])]
    boxes = {
        step: tuple(_box(step, [nodes[name] for name in group]) for group in of_step)
        for step, of_step in groups.items()
    }
    box_of = {member: box for of_step in boxes.values() for box in of_step for member in box.members}
    joined: dict[tuple[str, str], set[str]] = {}
    for node in nodes.values():
        for parent in node.parents:
            joined.setdefault((box_of[parent].name, box_of[node.name].name), set()).update((parent, node.name))
    lines = (
        Line(*ends, whole=members == {*box_of[ends[0]].members, *box_of[ends[1]].members})
        for ends, members in joined.items()
    )
    return Graph(boxes, tuple(lines), box_of)


def standing(name: str) -> Standing:
    """Where a variable ends up."""
    if name in PATIENT_BY_NAME:
        return "recorded"
    return "latent" if name in TRUTH_BY_NAME else "working"


def headed(name: str) -> str:
    """A name with a capital in front, and the others as they are.

    >>> headed("vitamin D")
    'Vitamin D'
    """
    return name[:1].upper() + name[1:]


def _ancestors(nodes: Iterable[Node]) -> dict[str, set[str]]:
    """All causes of each variable at whatever remove."""
    above: dict[str, set[str]] = {}
    for node in nodes:
        above[node.name] = set(node.parents).union(*(above[parent] for parent in node.parents))
    return above


Group = tuple[str, ...]


def _families(nodes: Sequence[Node], above: Mapping[str, set[str]]) -> list[Group]:
    """The variables of a step in groups, in the order of their first members: families, largest first, then singles."""
    place = {node.name: position for position, node in enumerate(nodes)}
    left = set(place)
    groups: list[Group] = []
    candidates = _candidates(nodes)
    while candidates:
        candidates = [[name for name in names if name in left] for names in candidates]
        largest = max(candidates, key=len)
        if len(largest) < SMALLEST_FAMILY:
            break
        left -= set(largest)
        groups += _generations(largest, above)
    return sorted([*groups, *_singly(sorted(left))], key=lambda group: place[group[0]])


def _candidates(nodes: Sequence[Node]) -> list[list[str]]:
    """Variables of the same standing whose names differ by a word of one list, or that one function makes."""
    found: dict[tuple[object, ...], list[str]] = {}
    for node in nodes:
        name, kind = node.name, standing(node.name)
        keys: list[tuple[object, ...]] = []
        for label, words in LISTS.items():
            keys += [(kind, label, stem) for word in words if (stem := _without(name, word)) is not None]
        tokens = name.split("_")
        keys += [(kind, _origin(node.function), end, tokens[end]) for end in (0, -1)]
        for key in dict.fromkeys(keys):
            found.setdefault(key, []).append(name)
    return list(found.values())


def _without(name: str, word: str) -> tuple[str, str] | None:
    """What stands before and after a word in a name; None when the name does not hold it.

    >>> _without("recorded_ribs", "ribs"), _without("heart", "heart"), _without("stribs", "ribs")
    (('recorded', ''), ('', ''), None)
    """
    before, found, after = f"_{name}_".partition(f"_{word}_")
    return (before.removeprefix("_"), after.removesuffix("_")) if found else None


def _origin(function: Callable[..., object]) -> CodeType | int:
    """The code of a function: the same for all functions that one maker of functions returns."""
    inner = getattr(function, "func", function)
    code = getattr(inner, "__code__", None)
    return code if isinstance(code, CodeType) else id(inner)


def _generations(names: Sequence[str], above: Mapping[str, set[str]]) -> list[Group]:
    """A family parted so that no member of a part causes another; small parts fall into singles."""
    generation: dict[str, int] = {}
    for name in names:
        generation[name] = 1 + max((generation[other] for other in generation if other in above[name]), default=-1)
    parts = [tuple(name for name in names if generation[name] == level) for level in sorted({*generation.values()})]
    return [group for part in parts for group in ([part] if len(part) >= SMALLEST_FAMILY else _singly(part))]


def _singly(names: Iterable[str]) -> list[Group]:
    return [(name,) for name in names]


def _circle(nodes: Mapping[str, Node], groups: Sequence[Group]) -> Group | None:
    """The smallest family among groups whose arrows lead in a circle."""
    group_of = {name: group for group in groups for name in group}
    waiting = {group: {group_of[p] for name in group for p in nodes[name].parents} for group in groups}
    while free := [group for group, causes in waiting.items() if not causes & waiting.keys()]:
        waiting = {group: causes for group, causes in waiting.items() if group not in free}
    return min((group for group in waiting if len(group) > 1), key=len, default=None)


def _box(step: str, nodes: Sequence[Node]) -> Box:
    names = tuple(node.name for node in nodes)
    words, count, label = readable(names[0]), "", ""
    if len(nodes) > 1:
        words, label = _family_name(names)
        listed = label.endswith("s") and words != label
        count = f"{len(nodes)} {label if listed else 'variables'}"
    return Box(names[0], step, names, standing(names[0]), any(n.stochastic for n in nodes), words, count, label)


def _family_name(names: Sequence[str]) -> tuple[str, str]:
    """The words that all names share (or the name of the list that they are from), and that list ("" for none)."""
    tokens = [name.split("_") for name in names]
    shortest = min(map(len, tokens))
    before = next((k for k in range(shortest) if len({t[k] for t in tokens}) > 1), shortest - 1)
    after = next((k for k in range(shortest - before) if len({t[-1 - k] for t in tokens}) > 1), shortest - before - 1)
    rest = ["_".join(t[before : len(t) - after]) for t in tokens]
    label, stem = "", [*tokens[0][:before], *tokens[0][len(tokens[0]) - after :]]
    for name, words in LISTS.items():
        shared = set.intersection(*({_without(each, word) for word in words} - {None} for each in names))
        if shared:
            label = name
            stem = [part for part in max(shared, key=lambda ends: (len("".join(ends or ())), ends)) or () if part]
            break
    return readable("_".join(stem)) or label or f"{readable(rest[0])} and others", label
