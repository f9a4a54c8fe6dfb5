"""Hit the targets: solve each node's intercept on a reference population, never touch a patient.

The reference population is a scrambled Sobol sequence, one dimension for each variable, fixed for good. A target is
compared with the average of the *conditional chances*, not of drawn outcomes, so the solution has no sampling noise.
A solved flag that later targets depend on is not drawn either: every point goes both ways, weighted by its chance. What
remains to be drawn falls along the axes of the sequence, where it is at its best. A design's targets are solved given
the world's; a world's never depend on a design.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import expit, logit
from scipy.stats import qmc

from sarcoid_epi.cohort.node import Column, Columns, Node, Target, ancestors, drawn
from sarcoid_epi.cohort.sites import PATTERNS, site_table
from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.scenario import Design, Parameter, World
from sarcoid_epi.streams import Floats
from sarcoid_epi.vocabulary import SITES

REFERENCE_POINTS = 2**17
REFERENCE_SCRAMBLE = 20200516

#: Nodes whose intercepts are solved for.
TARGETED = tuple(node.name for node in NODES if node.targets)

#: Of these, the flags that other targets depend on.
SPLIT = frozenset(
    node.name
    for node in NODES
    if len(node.targets) == 1 and any(node in ancestors(NODES, [other]) for other in TARGETED if other != node.name)
)

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
    """Uniforms of the reference population: one Sobol dimension for each variable that spends a uniform."""

    def __init__(self, points: int = REFERENCE_POINTS, scramble: int = REFERENCE_SCRAMBLE):
        # The first dimensions of a Sobol sequence are the most even: they go to the causes of nodes with targets.
        causes = [node.name for node in ancestors(NODES, TARGETED) if node.stochastic]
        names = causes + [node.name for node in NODES if node.stochastic and node.name not in causes]
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


@dataclass(frozen=True)
class _Copied:
    """The points of a reference population, several times over."""

    reference: ReferencePopulation
    copies: int

    def __call__(self, variable: str) -> Floats:
        points = self.reference(variable)
        return points if self.copies == 1 else np.tile(points, self.copies)


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
    four steps from anywhere. Log odds of minus infinity count as patients without a chance.

    Raises
    ------
    ConfigurationError
        When no intercept reaches the target: more is asked than there are patients with a chance.

    Examples
    --------
    >>> round(solve(np.zeros(10), 0.25), 6) == round(float(np.log(1 / 3)), 6)
    True
    """
    weight = np.ones(log_odds.shape) if weight is None else weight
    weight = weight / weight.sum()
    ceiling = float(weight @ np.isfinite(log_odds))
    if target in (0.0, 1.0) and np.isfinite(log_odds).all():
        return np.inf if target else -np.inf
    if not 0 < target < ceiling:
        raise ConfigurationError(Problem(f"a share of {target:g} cannot be reached", why=f"at most {ceiling:.4g} can"))
    goal = float(logit(target / ceiling))
    # A few of the points bring the start near enough for two or three steps over all of them.
    few = slice(None, None, 64)
    near = log_odds.size > 2**14 and 0 < target < float(weight[few] @ np.isfinite(log_odds[few])) / weight[few].sum()
    intercept = solve(log_odds[few], target, weight[few]) if near else goal
    for _ in range(60):
        chance = expit(intercept + log_odds)
        share = float(weight @ chance)
        slope = float(weight @ (chance * (1 - chance)))
        if not slope > 0:
            why = "the chances of all patients are 0 or 1: an effect is out of proportion"
            raise ConfigurationError(Problem(f"a share of {target:g} cannot be reached", why=why))
        step = (float(logit(share / ceiling)) - goal) * share * (1 - share / ceiling) / slope
        intercept -= step
        if abs(step) < 1e-11:  # sums over a million points are exact to about 1e-13
            break
    return intercept


def _inside(target: Target, columns: Columns, size: int) -> Column:
    if not target.among:
        return np.ones(size, dtype=bool)
    flag = columns[target.among.removeprefix("not ")].astype(bool)
    return np.asarray(~flag if target.among.startswith("not ") else flag)


def _solve_node(
    node: Node, log_odds: Column, weight: Floats, columns: Columns, of: World | Design
) -> tuple[tuple[float, ...], list[Reached]]:
    """The intercept of each target of a node, and what the targets come to."""
    intercepts, report = [], []
    for target in node.targets:
        wanted = parameter(target.path, of)
        inside = _inside(target, columns, log_odds.size)
        if not weight[inside].sum() > 0:
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
        population = target.among.replace("_", " ") or "all patients"
        report.append(Reached(node.name, target.path, population, wanted.value, achieved, str(wanted.basis)))
    return tuple(intercepts), report


@lru_cache(maxsize=64)
def calibrate(world: World, design: Design) -> Calibration:
    """Intercepts of every node with targets, under a world and a design, with the report of what they reach.

    Cached by the contents of world and design; a full calibration takes well under two seconds.
    """
    return calibrate_on(reference_population(), world, design)


def calibrate_on(reference: ReferencePopulation, world: World, design: Design) -> Calibration:
    """`calibrate` on a reference population of one's own."""
    # The world's targets hold at its own reference time, whatever the design.
    at_reference = {"years_since_diagnosis": np.float64(world.osseous.reference_years.value)}
    intercepts: dict[str, tuple[float, ...]] = {}
    report: list[Reached] = []
    columns: Columns = {}
    points, weight = _Copied(reference, 1), np.ones(reference.size)
    for node in ancestors(NODES, TARGETED):
        if node.name in at_reference:
            columns[node.name] = np.asarray(at_reference[node.name])
            continue
        value = node(columns, points, world, design)
        if node.targets:
            of = design if node.targets[0].of == "design" else world
            intercepts[node.name], reached = _solve_node(node, value, weight, columns, of)
            report += reached
            if node.name in SPLIT:
                chance = expit(intercepts[node.name][0] + value)
                columns = {name: column if column.ndim == 0 else np.tile(column, 2) for name, column in columns.items()}
                weight = np.concatenate([weight * chance, weight * (1 - chance)])
                value = np.repeat([True, False], chance.size)
                points = _Copied(reference, 2 * points.copies)
            else:
                value = drawn(points(node.name), value, intercepts[node.name])
        columns[node.name] = value
    return Calibration(intercepts, (*report, *_sites_reached(world)))


def _sites_reached(world: World) -> tuple[Reached, ...]:
    """The site shares, which a raked table holds among patients with osseous disease."""
    table = site_table(world.sites)
    members = {site: PATTERNS[:, position] for position, site in enumerate(SITES)}
    members["spine_or_pelvis"] = members["spine"] | members["pelvis"]
    targets = {name: getattr(world.sites, name) for name in members}
    return tuple(
        Reached("site_pattern", f"sites.{name}", "osseous", t.value, float(table[members[name]].sum()), str(t.basis))
        for name, t in targets.items()
    )
