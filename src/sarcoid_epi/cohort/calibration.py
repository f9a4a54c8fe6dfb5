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
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import qmc

from sarcoid_epi.cohort.node import Column, Columns, Node, ancestors, variable
from sarcoid_epi.cohort.sites import PATTERNS, site_table
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


def solve(log_odds: Floats, target: float, weight: Floats | None = None) -> float:
    """Intercept a with mean(expit(a + log_odds)) = target.

    Newton on the logit scale, a <- a - [logit P(a) - logit target] P (1 - P) / P'(a), where P is nearly linear: about
    four steps from anywhere. Log odds of minus infinity count as patients without a chance, of plus infinity as
    certain; share and target are then taken between that floor and that ceiling.

    Raises
    ------
    ConfigurationError
        When no intercept reaches the target: more is asked than there are patients with a chance, or less than there
        are certain ones.

    Examples
    --------
    >>> round(solve(np.zeros(10), 0.25), 6) == round(float(np.log(1 / 3)), 6)
    True
    """
    weight = np.ones(log_odds.shape) if weight is None else weight
    open_to = np.isfinite(log_odds)
    certain, some = _total(weight, log_odds == np.inf), _total(weight, open_to)
    never = not (log_odds > -np.inf).all()
    floor, room = certain / weight.sum(), 1.0 if open_to.all() else some / weight.sum()
    wanted = (target - floor) / room if room > 0 else np.nan
    if (target == 0 and not certain) or (target == 1 and not never):
        return np.inf if target else -np.inf
    if not 0 < wanted < 1:
        why = f"at least {floor:.4g} and at most {floor + room:.4g} can" if floor else f"at most {room:.4g} can"
        raise ConfigurationError(Problem(f"a share of {target:g} cannot be reached", why=why))
    return _newton(log_odds[open_to], wanted, weight[open_to]) if room < 1 else _newton(log_odds, wanted, weight)


def _total(weight: Floats, value: Column) -> float:
    """Sum of weighted values. (A dot product wakes the threads of BLAS, which takes longer than the sum.)"""
    return float((weight * value).sum())


def _grouped(log_odds: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Each value once, with its weight in all, when there are but a few values; as they are otherwise."""
    if log_odds.size < 2**14:
        return log_odds, weight
    values = np.unique(log_odds[:: log_odds.size // 2**12])
    if values.size > 64:
        return log_odds, weight
    at = np.minimum(np.searchsorted(values, log_odds), values.size - 1)
    if not (values[at] == log_odds).all():
        return log_odds, weight
    return values, np.asarray(np.bincount(at, weight, values.size), dtype=np.float64)


def _newton(log_odds: Floats, target: float, weight: Floats) -> float:
    """The same for finite log odds and a target between 0 and 1."""
    goal = float(logit(target))
    weight = weight / weight.sum()
    few = slice(None, None, 8)
    # A part of the points brings the start near enough for two steps over all of them.
    near = log_odds.size > 2**13 and weight[few].sum() > 0
    intercept = _newton(log_odds[few], target, weight[few]) if near else goal
    for _ in range(60):
        chance = expit(intercept + log_odds)
        share = _total(weight, chance)
        slope = _total(weight, chance * (1 - chance))
        if not slope > 1e-9:
            return _bracketed(log_odds, target, weight)
        step = (float(logit(share)) - goal) * share * (1 - share) / slope
        intercept -= step
        if abs(step) < 1e-6:  # each step squares the error, and this one has been taken
            break
    return intercept


def _bracketed(log_odds: Floats, target: float, weight: Floats) -> float:
    """The same where chances are nearly all 0 or 1 and Newton's steps lose their way: slower, and always there."""
    ends = -float(log_odds.max()) - 40, -float(log_odds.min()) + 40
    return float(brentq(lambda a: _total(weight, expit(a + log_odds)) - target, *ends, xtol=1e-13))


def _solve_node(
    node: Node, points: _Points, world: World, design: Design, of: World | Design
) -> tuple[tuple[float, ...], list[Reached]]:
    """The intercept of each target of a node, and what the targets come to in the node's population."""
    parts = []
    for columns, weights in points.all_ways(node):
        value = np.broadcast_to(node(columns, points, world, design), weights.shape)
        parts.append(_grouped(value, weights))
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
def calibrate(world: World, design: Design) -> Calibration:
    """Intercepts of every node with targets, under a world and a design, with the report of what they reach.

    Cached by the contents of world and design.
    """
    return _with_design(solve_world(world), world, design)


def calibrate_on(reference: ReferencePopulation, world: World, design: Design) -> Calibration:
    """`calibrate` on a reference population of one's own."""
    return _with_design(_solved(reference, world), world, design)


@lru_cache(maxsize=8)
def solve_world(world: World) -> tuple[_Points, Calibration]:
    """The world's own targets are solved once for all designs."""
    return _solved(reference_population(), world)


def _solved(reference: ReferencePopulation, world: World) -> tuple[_Points, Calibration]:
    """The reference population as far as designs ask for it, and the world's intercepts."""
    points = _Points(reference, world)
    intercepts: dict[str, tuple[float, ...]] = {}
    report: list[Reached] = []
    nodes = ancestors(REFERENCE_NODES, [*OF_WORLD, *DESIGN_READS])
    for number, node in enumerate(nodes):
        if node.targets:
            intercepts[node.name], reached = _solve_node(node, points, world, NO_DESIGN, world)
            report += reached
        points.add(node, node(points.columns, points, world, NO_DESIGN), intercepts.get(node.name, ()))
        points.keep(DESIGN_READS.union(*(_reads(later) for later in nodes[number + 1 :])))
    return points, Calibration(intercepts, (*report, *_sites_reached(world)))


def _reads(node: Node) -> tuple[str, ...]:
    """What a node needs, and what decides on its population."""
    return (*node.needs, *(DECIDES[node.within].needs if node.within in DECIDES else ()))


def _with_design(solved: tuple[_Points, Calibration], world: World, design: Design) -> Calibration:
    """The intercepts of a design, given those of a world."""
    kept, of_world = solved
    points = kept.again()
    intercepts, report = dict(of_world.intercepts), list(of_world.report)
    for node in OF_DESIGN:
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
