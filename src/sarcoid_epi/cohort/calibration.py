"""Hit the targets: solve each node's intercept on a reference population, never touch a patient.

The reference population is a scrambled Sobol sequence, one dimension for each variable, fixed for good. A target is
compared with the average of the *conditional chances*, not of drawn outcomes, so the solution has no sampling noise.
A solved flag that many targets depend on (`split`) is not drawn either: every point goes both ways, weighted by its
chance; and a target among the patients with a flag weighs every point by its chance of the flag. What remains to be
drawn falls along the axes of the sequence, where it is at its best. A design's targets are solved given the world's; a
world's never depend on a design.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from typing import Any, cast

import numpy as np
from scipy.special import expit
from scipy.stats import qmc

from sarcoid_epi.cohort.node import Column, Columns, Node, ancestors, variable
from sarcoid_epi.cohort.sites import PATTERNS, site_table
from sarcoid_epi.cohort.solving import grouped, solve
from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.scenario import Design, Parameter, World
from sarcoid_epi.streams import Floats
from sarcoid_epi.vocabulary import SITES

REFERENCE_POINTS = 2**17
REFERENCE_SCRAMBLE = 20200516

#: What a reference population does not take from a design: the time of the look, and its season.
OF_THE_LOOK = {
    "years_since_diagnosis": variable(
        lambda world: np.asarray(world.osseous.reference_years.value), "years_since_diagnosis"
    ),
    "look_season": variable(lambda u: u, "look_season"),
}
REFERENCE_NODES = tuple(OF_THE_LOOK.get(node.name, node) for node in NODES)

#: Nodes whose intercepts are solved for: for the world's targets, and for a design's.
TARGETED = tuple(node.name for node in NODES if node.targets)
OF_DESIGN = tuple(node for node in NODES if node.targets and node.targets[0].of == "design")
DESIGN_READS = frozenset(cause for node in OF_DESIGN for cause in node.needs) - {node.name for node in OF_DESIGN}
OF_WORLD = tuple(name for name in TARGETED if name not in {node.name for node in OF_DESIGN})

#: The flag that a liability stands behind, where a target is asked among those who have it.
STANDS_BEHIND = {"osseous_liability": "osseous", "treatment_liability": "systemic_therapy"}

#: The node that decides on a flag, by the flag.
DECIDES = {STANDS_BEHIND.get(node.name, node.name): node for node in REFERENCE_NODES if node.kind != "values"}

Intercepts = Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Reached:
    """One target of the calibration report: what was asked of which node, and what it came to."""

    node: str
    path: str
    population: str
    target: float
    achieved: float
    basis: str


@dataclass(frozen=True)
class Calibration:
    """Intercepts by node, and the report of the targets they reach."""

    intercepts: Intercepts
    report: tuple[Reached, ...]


class ReferencePopulation:
    """Uniforms of the reference population: one Sobol dimension for each variable that a target depends on."""

    def __init__(self, points: int = REFERENCE_POINTS, scramble: int = REFERENCE_SCRAMBLE):
        # The first dimensions of a Sobol sequence are the most even: they go to what most targets depend on.
        causes = (cause for name in TARGETED for cause in ancestors(REFERENCE_NODES, [name]) if cause.stochastic)
        names = [name for name, _ in Counter(cause.name for cause in causes).most_common()]
        sequence = qmc.Sobol(len(names), scramble=True, bits=32, rng=np.random.default_rng(scramble))
        # Column-wise, so that one variable's uniforms lie together in memory.
        self._points = np.asfortranarray(sequence.random(points))
        # A scrambled point may be exactly 0, where a quantile is infinite.
        np.clip(self._points, 2.0**-33, 1 - 2.0**-33, out=self._points)
        self._column = {name: position for position, name in enumerate(names)}

    @property
    def size(self) -> int:
        """Number of points."""
        return int(self._points.shape[0])

    def __call__(self, variable: str) -> Floats:
        return self._points[:, self._column[variable]]


class _Points:
    """The reference population as it is built up: columns drawn so far, weights, and the chances behind the draws.

    `chances[name]` lists the values that a drawn column can take, each with every point's chance of it.
    """

    def __init__(self, reference: ReferencePopulation, world: World):
        self.reference = reference
        self.world = world
        self.intercepts: dict[str, tuple[float, ...]] = {}
        self.copies = 1
        self.weight: Floats = np.ones(reference.size)
        self.columns: Columns = {}
        self.chances: dict[str, list[tuple[Any, Floats]]] = {}

    def __call__(self, variable: str) -> Floats:
        points = self.reference(variable)
        return points if self.copies == 1 else np.tile(points, self.copies)

    def belongs(self, node: Node, columns: Columns | None = None) -> Floats | float:
        """Each point's chance to belong to a node's population; worked out anew where `columns` say other causes."""
        if not node.among:
            return 1.0
        if columns is not None:
            decides = DECIDES[node.within]
            given = decides({**self.columns, **columns}, self, self.world, NO_DESIGN)
            chance = given if decides.kind == "chance" else expit(self.intercepts[decides.name][0] + given)
            share = np.asarray(chance * self.belongs(decides))
        elif node.within in self.chances:
            share = self.chances[node.within][0][1]
        else:
            share = self.columns[node.within].astype(np.float64)
        return 1 - share if node.among.startswith("not ") else share

    def all_ways(self, node: Node) -> Iterator[tuple[Columns, Floats]]:
        """The causes of a node with every drawn one at each of its values, and the weights of the points there.

        So the mean over a target's causes is taken by their chances, not by their draws. Given a point, the drawn
        causes of one node are independent of each other; what they have in common lies before them. Where one of them
        is also a cause of belonging to the population, the chance to belong follows it.
        """
        drawn = [cause for cause in node.parents if cause in self.chances]
        decisive = node.within in self.chances and not set(drawn).isdisjoint(DECIDES[node.within].parents)
        there = self.weight if decisive else self.weight * self.belongs(node)
        for values in product(*(self.chances[cause] for cause in drawn)):
            fixed = {cause: np.asarray(value) for cause, (value, _) in zip(drawn, values, strict=True)}
            weight = there * self.belongs(node, fixed) if decisive else there
            for _, share in values:
                weight = weight * share
            yield {name: self.columns[name] for name in node.parents} | fixed, weight

    def again(self) -> _Points:
        """The same points, to be built up further without changing these."""
        copied = copy(self)
        copied.columns, copied.chances, copied.intercepts = (
            dict(self.columns),
            dict(self.chances),
            dict(self.intercepts),
        )
        return copied

    def keep(self, names: frozenset[str]) -> None:
        """Forget all other columns."""
        self.columns = {name: column for name, column in self.columns.items() if name in names}
        self.chances = {name: values for name, values in self.chances.items() if name in names}

    def add(self, node: Node, given: Column, intercepts: Sequence[float]) -> None:
        """Draw a node; a split flag doubles the points instead, each copy weighted by its chance."""
        self.intercepts[node.name] = tuple(intercepts)
        if node.split:
            chance = given if node.kind == "chance" else expit(intercepts[0] + given)
            self.columns = {name: _copied(column, 2) for name, column in self.columns.items()}
            self.chances = {
                name: [(value, np.tile(share, 2)) for value, share in values] for name, values in self.chances.items()
            }
            self.weight = np.concatenate([self.weight * chance, self.weight * (1 - chance)])
            self.copies *= 2
            self.columns[node.name] = np.repeat([True, False], chance.size)
            return
        self.columns[node.name] = given
        if node.kind == "values":
            return
        inside = self.belongs(node)
        above = [given] if node.kind == "chance" else [expit(intercept + given) for intercept in intercepts]
        reached = [np.broadcast_to(inside * share, self.weight.shape) for share in above]
        if node.kind == "ordinal":
            levels = [1 - reached[0], *(a - b for a, b in pairwise(reached)), reached[-1]]
            self.chances[node.name] = list(enumerate(levels))
        else:
            self.chances[STANDS_BEHIND.get(node.name, node.name)] = [(True, reached[0]), (False, 1 - reached[0])]
        self.columns[node.name] = node.drawn(given, self(node.name), intercepts, self.columns)


def _copied(column: Column, times: int) -> Column:
    return column if column.ndim == 0 else np.tile(column, times)


@lru_cache(maxsize=2)
def reference_population(points: int = REFERENCE_POINTS, scramble: int = REFERENCE_SCRAMBLE) -> ReferencePopulation:
    """The reference population, made once."""
    return ReferencePopulation(points, scramble)


def parameter(path: str, of: World | Design) -> Parameter:
    """The parameter at a path of a world or design."""
    return of.parameters()[path]


def _solve_node(
    node: Node, points: _Points, world: World, design: Design, of: World | Design
) -> tuple[tuple[float, ...], list[Reached]]:
    """The intercept of each target of a node, and what the targets come to in the node's population."""
    parts = []
    for columns, weights in points.all_ways(node):
        value = np.broadcast_to(node(columns, points, world, design), weights.shape)
        parts.append(grouped(value, weights))
    log_odds, weight = (np.concatenate(pieces) for pieces in zip(*parts, strict=True))
    intercepts, report = [], []
    inside = slice(None) if weight.all() else weight > 0
    population = node.among.replace("_", " ") or "all patients"
    for target in node.targets:
        wanted = parameter(target.path, of)
        if not weight.any():
            intercepts.append(0.0)  # nobody is in the population: there is nothing to hit
            continue
        try:
            intercept = solve(log_odds[inside], wanted.value, weight[inside])
        except ConfigurationError as error:
            where, mend = f"{of.name}: {target.path}", "change it or what it depends on"
            what = f"{wanted.value:g} cannot be reached"
            raise ConfigurationError(Problem(what, where, error.problems[0].why, mend)) from None
        intercepts.append(intercept)
        achieved = float(np.average(expit(intercept + log_odds[inside]), weights=weight[inside]))
        report.append(Reached(node.name, target.path, population, wanted.value, achieved, str(wanted.basis)))
    return tuple(intercepts), report


@lru_cache(maxsize=256)
def calibrate(
    world: World, design: Design, points: int = REFERENCE_POINTS, columns: frozenset[str] | None = None
) -> Calibration:
    """Intercepts of every node with targets, under a world and a design, with the report of what they reach.

    Fewer `points` are quicker and less exact; with `columns` only those nodes are solved that these depend on, to the
    same intercepts. Cached by the contents of world and design.
    """
    return _with_design(solve_world(world, points, columns), world, design, columns)


def calibrate_on(reference: ReferencePopulation, world: World, design: Design) -> Calibration:
    """`calibrate` on a reference population of one's own."""
    return _with_design(_solved(reference, world), world, design)


@lru_cache(maxsize=8)
def solve_world(
    world: World, points: int = REFERENCE_POINTS, columns: frozenset[str] | None = None
) -> tuple[_Points, Calibration]:
    """The world's own targets are solved once for all designs."""
    return _solved(reference_population(points), world, columns)


def _needed(columns: frozenset[str] | None) -> tuple[list[str], list[Node], frozenset[str]]:
    """Of the world and of the design what is to be solved, and what a design reads of the world."""
    if columns is None:
        return [*OF_WORLD], [*OF_DESIGN], DESIGN_READS
    needed = {node.name for node in ancestors(NODES, [*columns, "enters"])}
    of_design = [node for node in OF_DESIGN if node.name in needed]
    reads = frozenset(cause for node in of_design for cause in node.needs) - {node.name for node in of_design}
    # Points are split in any case, so that intercepts come out the same to the last bit.
    return [n.name for n in REFERENCE_NODES if n.split or n.name in needed.intersection(OF_WORLD)], of_design, reads


def _solved(
    reference: ReferencePopulation, world: World, columns: frozenset[str] | None = None
) -> tuple[_Points, Calibration]:
    """The reference population as far as designs ask for it, and the world's intercepts."""
    points = _Points(reference, world)
    intercepts: dict[str, tuple[float, ...]] = {}
    report: list[Reached] = []
    of_world, _, design_reads = _needed(columns)
    nodes = ancestors(REFERENCE_NODES, [*of_world, *design_reads])
    for number, node in enumerate(nodes):
        if node.targets:
            intercepts[node.name], reached = _solve_node(node, points, world, NO_DESIGN, world)
            report += reached
        points.add(node, node(points.columns, points, world, NO_DESIGN), intercepts.get(node.name, ()))
        points.keep(design_reads.union(*(_reads(later) for later in nodes[number + 1 :])))
    return points, Calibration(intercepts, (*report, *_sites_reached(world)))


def _reads(node: Node) -> tuple[str, ...]:
    """What a node needs, and what decides on its population."""
    return (*node.needs, *(DECIDES[node.within].needs if node.within in DECIDES else ()))


def _with_design(
    solved: tuple[_Points, Calibration], world: World, design: Design, columns: frozenset[str] | None = None
) -> Calibration:
    """The intercepts of a design, given those of a world."""
    kept, of_world = solved
    points = kept.again()
    intercepts, report = dict(of_world.intercepts), list(of_world.report)
    for node in _needed(columns)[1]:
        intercepts[node.name], reached = _solve_node(node, points, world, design, design)
        report += reached
        points.add(node, node(points.columns, points, world, design), intercepts[node.name])
    return Calibration(intercepts, tuple(report))


#: No variable of the world reads the design before the look.
NO_DESIGN = cast(Design, None)


def _sites_reached(world: World) -> tuple[Reached, ...]:
    """The site shares, which a raked table holds among patients with osseous disease."""
    table = site_table(world.sites)
    members = {site: PATTERNS[:, position] for position, site in enumerate(SITES)}
    members["spine_or_pelvis"] = members["spine"] | members["pelvis"]
    members["hand_or_foot"] = members["phalanges_hand"] | members["phalanges_foot"]
    targets = {name: getattr(world.sites, name) for name in members}
    return tuple(
        Reached("site_pattern", f"sites.{name}", "osseous", t.value, float(table[members[name]].sum()), str(t.basis))
        for name, t in targets.items()
    )
