"""What a variable of the generator is: a plain function whose arguments are its causes.

The names of a function's arguments say what it reads: `world`, `design`, its own uniform `u`, and any other variable by
name. So the causal graph, the order of work and what may be left out follow from the functions themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sarcoid_epi.scenario import Design, World
from sarcoid_epi.streams import Floats, Uniforms

Column = NDArray[Any]
Columns = dict[str, Column]
Function = Callable[..., Column]

#: Arguments of a variable's function that are not other variables.
GIVEN = frozenset({"u", "world", "design"})


@dataclass(frozen=True)
class Target:
    """A share that a node must have in a population; the node's intercept is solved for it.

    `path` names the share, a parameter of the world or (`of="design"`) of the design; `among` names the flag that
    delimits the population: "" for everybody, "not x" for those without x.
    """

    path: str
    among: str = ""
    of: str = "world"


@dataclass(frozen=True)
class Node:
    """A variable: its name, its function, the variables that fill the function's arguments, and its targets.

    With targets the function gives log odds up to an intercept for each target, and the category is drawn from them.
    """

    name: str
    function: Function
    arguments: tuple[str, ...]
    parents: tuple[str, ...]
    targets: tuple[Target, ...] = ()

    @property
    def stochastic(self) -> bool:
        """Whether the variable spends a uniform of its own."""
        return bool(self.targets) or "u" in self.arguments

    @property
    def needs(self) -> tuple[str, ...]:
        """The parents, and the flags that delimit the populations of the targets."""
        among = (target.among.removeprefix("not ") for target in self.targets if target.among)
        return (*self.parents, *among)

    def __call__(self, columns: Mapping[str, Column], uniforms: Uniforms, world: World, design: Design) -> Column:
        """Evaluate the function on columns that exist: the values, or for a node with targets the log odds."""
        parents = iter(self.parents)
        given: dict[str, Any] = {"world": world, "design": design}
        values = []
        for argument in self.arguments:
            if argument == "u":
                values.append(uniforms(self.name))
            else:
                values.append(given[argument] if argument in given else columns[next(parents)])
        return self.function(*values)


def _node(function: Function, name: str, parents: Sequence[str] | None, targets: tuple[Target, ...]) -> Node:
    arguments: list[str] = []
    named: list[str] = []
    for argument in signature(function).parameters.values():
        rest = list(parents or ())[len(named) :] if argument.kind is argument.VAR_POSITIONAL else [argument.name]
        arguments += rest
        named += [name for name in rest if name not in GIVEN]
    return Node(name or function.__name__, function, tuple(arguments), tuple(parents or named), targets)


def variable(function: Function, name: str = "", parents: Sequence[str] | None = None) -> Node:
    """A variable that its function gives outright, from its causes and perhaps its uniform.

    `name` and `parents` serve functions that make several variables, each from columns of its own.
    """
    return _node(function, name, parents, ())


def flag(
    path: str, among: str = "", of: str = "world", name: str = "", parents: Sequence[str] | None = None
) -> Callable[[Function], Node]:
    """A flag whose function gives log odds up to an intercept, which is solved for the share at `path`.

    Log odds of minus infinity mean never, whatever the intercept.
    """
    return lambda function: _node(function, name, parents, (Target(path, among, of),))


def ordinal(*paths: str, among: str = "") -> Callable[[Function], Node]:
    """Ordered categories 0, 1, ...: cumulative log odds up to an intercept for each share at `paths`."""
    return lambda function: _node(function, "", None, tuple(Target(path, among) for path in paths))


def drawn(u: Floats, log_odds: Column, intercepts: Sequence[float]) -> Column:
    """The category a uniform falls into: how many of the cumulative chances exceed it; with one chance, a flag."""
    if len(intercepts) == 1:
        return np.asarray(u < expit(intercepts[0] + log_odds))
    return np.asarray(np.sum([u < expit(intercept + log_odds) for intercept in intercepts], axis=0, dtype=np.int8))


def ancestors(nodes: Iterable[Node], wanted: Iterable[str]) -> tuple[Node, ...]:
    """The nodes that `wanted` need, themselves included, in causal order."""
    needed = set(wanted)
    kept: list[Node] = []
    for node in reversed(tuple(nodes)):
        if node.name in needed:
            kept.append(node)
            needed |= set(node.needs)
    return tuple(reversed(kept))
