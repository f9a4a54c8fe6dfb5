"""What a variable of the generator is: a plain function whose arguments are its causes.

The names of a function's arguments say what it reads: `world`, `design`, its own uniform `u`, and any other variable by
name. So the causal graph, the order of work and what may be left out follow from the functions themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from sarcoid_epi.scenario import Design, World
from sarcoid_epi.streams import Floats, Uniforms

Column = NDArray[Any]
Columns = dict[str, Column]
Function = Callable[..., Column | float]

#: Arguments of a variable's function that are not other variables.
GIVEN = frozenset({"u", "uniforms", "world", "design"})


@dataclass(frozen=True)
class Target:
    """A share that a node must have in its population; the node's intercept is solved for it.

    `path` names the share, a parameter of the world or (`of="design"`) of the design.
    """

    path: str
    of: str = "world"


@dataclass(frozen=True)
class Node:
    """A variable: its name, its function, the variables that fill the function's arguments, and how it is drawn.

    `kind` says what the function gives: the values themselves; the `chance` of a flag; or log odds up to an intercept
    for each target, of a `flag`, of `ordinal` categories, or of a `liability`, which keeps by how much the log odds
    exceed the draw. `among` names the flag within which alone the node is drawn and its targets hold: "" for everybody,
    "not x" for those without x. A `split` flag goes both ways in calibration.
    """

    name: str
    function: Function
    arguments: tuple[str, ...]
    parents: tuple[str, ...]
    kind: Literal["values", "chance", "flag", "ordinal", "liability"] = "values"
    targets: tuple[Target, ...] = ()
    among: str = ""
    split: bool = False

    @property
    def stochastic(self) -> bool:
        """Whether the variable spends a uniform of its own."""
        return self.kind != "values" or "u" in self.arguments

    @property
    def within(self) -> str:
        """The flag that delimits the node's population, without its sign."""
        return self.among.removeprefix("not ")

    @property
    def needs(self) -> tuple[str, ...]:
        """The parents, and the flag that delimits the population."""
        return (*self.parents, *([self.within] if self.among else []))

    def __call__(self, columns: Mapping[str, Column], uniforms: Uniforms, world: World, design: Design) -> Column:
        """Evaluate the function on columns that exist: values, chances or log odds."""
        parents = iter(self.parents)
        given: dict[str, Any] = {"uniforms": uniforms, "world": world, "design": design}
        values = []
        for argument in self.arguments:
            if argument == "u":
                values.append(uniforms(self.name))
            else:
                values.append(given[argument] if argument in given else columns[next(parents)])
        return np.asarray(self.function(*values))

    def drawn(self, given: Column, u: Floats, intercepts: Sequence[float], columns: Mapping[str, Column]) -> Column:
        """The values that a uniform picks from the chances or log odds given; only within the node's population."""
        value: Column
        if self.kind == "liability":
            value = np.asarray(intercepts[0] + given - logit(u))
        elif self.kind == "ordinal":
            margin = given - logit(u)
            value = np.asarray(np.sum([margin > -intercept for intercept in intercepts], axis=0, dtype=np.int8))
        else:
            value = np.asarray(u < (given if self.kind == "chance" else expit(intercepts[0] + given)))
        if not self.among:
            return value
        inside = ~columns[self.within] if self.among.startswith("not ") else columns[self.within]
        return np.where(inside, value, -np.inf) if self.kind == "liability" else np.asarray(value * inside)


def _node(function: Function, name: str = "", parents: Sequence[str] | None = None) -> Node:
    arguments: list[str] = []
    named: list[str] = []
    for argument in signature(function).parameters.values():
        if argument.name in GIVEN:
            arguments.append(argument.name)
            continue
        rest = [argument.name] if parents is None else list(parents)[len(named) :]
        rest = rest if argument.kind is argument.VAR_POSITIONAL else rest[:1]
        arguments += rest
        named += rest
    return Node(name or function.__name__, function, tuple(arguments), tuple(named))


def variable(function: Function, name: str = "", parents: Sequence[str] | None = None) -> Node:
    """A variable that its function gives outright, from its causes and perhaps its uniform.

    `name` and `parents` serve functions that make several variables, each from columns of its own.
    """
    return _node(function, name, parents)


def chance(among: str = "", name: str = "", split: bool = False) -> Callable[[Function], Node]:
    """A flag whose function gives its chance outright."""
    return lambda function: replace(_node(function, name), kind="chance", among=among, split=split)


def flag(
    path: str, among: str = "", of: str = "world", name: str = "", split: bool = False
) -> Callable[[Function], Node]:
    """A flag whose function gives log odds up to an intercept, which is solved for the share at `path`.

    Log odds of minus infinity mean never, of plus infinity always, whatever the intercept.
    """
    targets = (Target(path, of),)
    return lambda function: replace(_node(function, name), kind="flag", targets=targets, among=among, split=split)


def liability(path: str, among: str = "") -> Callable[[Function], Node]:
    """What stands behind a flag: log odds less the draw's logit, above zero in the share at `path`.

    How far above or below zero it stands says when a time-dependent flag changes.
    """
    return lambda function: replace(_node(function), kind="liability", targets=(Target(path),), among=among)


def ordinal(*paths: str, among: str = "") -> Callable[[Function], Node]:
    """Ordered categories 0, 1, ...: cumulative log odds up to an intercept for each share at `paths`."""
    targets = tuple(Target(path) for path in paths)
    return lambda function: replace(_node(function), kind="ordinal", targets=targets, among=among)


def ancestors(nodes: Iterable[Node], wanted: Iterable[str]) -> tuple[Node, ...]:
    """The nodes that `wanted` need, themselves included, in causal order."""
    needed = set(wanted)
    kept: list[Node] = []
    for node in reversed(tuple(nodes)):
        if node.name in needed:
            kept.append(node)
            needed |= set(node.needs)
    return tuple(reversed(kept))
