"""What a case is made of: a world, a design and a belief with the values of the study's factors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple, TypeVar

from sarcoid_epi.cohort import draw_world
from sarcoid_epi.errors import Problem, unknown
from sarcoid_epi.scenario import Belief, Case, Derived, Design, Factor, Parameter, Study, World
from sarcoid_epi.scenario.following import changed

#: Points on which the targets of a study's worlds are solved: intercepts within 0.001 of those of 2^17 points, for an
#: eighth of the work. The truth of a case is that of its own population, whatever its intercepts.
POINTS = 2**14

#: How the path of a belief's parameter begins, among those of a factor.
OF_BELIEF = "belief."

REASON = "varied by the study"

S = TypeVar("S", World, Design, Belief)


class Spot(NamedTuple):
    """What makes the patients of a case: cases of one spot differ in size and belief only, and have one population."""

    world: str
    design: str
    draw: int | None
    values: tuple[tuple[str, float], ...]


def spot(study: Study, case: Case) -> Spot:
    """The spot of a case: its factors without those that change nothing but a belief."""
    of_patients = tuple((name, value) for name, value in case.values if any(_split(study.vary[name].paths)[0]))
    return Spot(case.world, case.design, case.draw, of_patients)


def patients_of(study: Study, where: Spot, world: World, design: Design) -> tuple[World, Design]:
    """World and design of a spot, given those that are named.

    Raises
    ------
    ConfigurationError
        When the values of several factors contradict each other, or a draw is not to be made patients of.
    """
    if where.draw is not None:
        world = draw_world(world, where.draw, study.seed, POINTS)
    factors = [(study.vary[name], value) for name, value in where.values]
    return _with(world, factors, 0), _with(design, factors, 0)


def belief_of(study: Study, case: Case, belief: Belief) -> Belief:
    """The belief of a case, given the one that is named; raises as `patients_of`."""
    return _with(belief, [(study.vary[name], value) for name, value in case.values], 1)


def _with(scenario: S, factors: Iterable[tuple[Factor, float]], part: int) -> S:
    """A scenario with the values of factors, one after the other; `part` 0 of patients, 1 of beliefs."""
    old, new = scenario.parameters(), dict[str, float]()
    for factor, value in factors:
        matched = matching(old, _split(factor.paths)[part])
        if factor.by != "value" and any(isinstance(old[path].basis, Derived) for path in matched):
            scenario = changed(scenario, new, REASON)  # what it multiplies follows from others first
            old, new = scenario.parameters(), {}
        new |= {path: moved(new.get(path, old[path].value), factor, value) for path in matched}
    return changed(scenario, new, REASON)


def _split(paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """Patterns of a world's or design's paths, and those of a belief's, without their first word."""
    given = [*paths]
    of_belief = [path.removeprefix(OF_BELIEF) for path in given if path.startswith(OF_BELIEF)]
    return [path for path in given if not path.startswith(OF_BELIEF)], of_belief


def matching(known: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """The paths that fit one of the patterns."""
    patterns = [*patterns]
    return [path for path in known if any(fnmatchcase(path, pattern) for pattern in patterns)]


def moved(old: float, factor: Factor, value: float) -> float:
    """A parameter's value as a factor changes it.

    >>> half_odds = Factor(paths=("a",), by="odds", values=(0.5,))
    >>> moved(0.5, half_odds, 0.5)
    0.3333333333333333
    """
    if factor.by == "value":
        return value
    if factor.by == "times":
        return old * value
    return old * value / (1 - old + old * value)


def problems(study: Study, patients: Iterable[World | Design], beliefs: Iterable[Belief], where: str) -> list[Problem]:
    """What is wrong with the factors: paths that lead nowhere, values out of limits, and what changes nothing."""
    patients, beliefs = [*patients], [*beliefs]
    found: list[Problem] = []
    for name, factor in study.vary.items():
        values = factor.values or (factor.at(0.0), factor.at(1.0))
        moves = False
        wrong = len(found)
        for pattern in factor.paths:
            of_belief = pattern.startswith(OF_BELIEF)
            scenarios: list[World | Design | Belief] = [*beliefs] if of_belief else [*patients]
            hits = [
                (one, path) for one in scenarios for path in matching(one.parameters(), _split([pattern])[of_belief])
            ]
            if not hits:
                found.append(_nowhere(pattern, patients, beliefs, f"{where}, {name}"))
            for one, path in hits:
                parameter, limits = one.parameters()[path], one.limits()
                moves = moves or any(moved(parameter.value, factor, value) != parameter.value for value in values)
                found += _beyond(path, parameter, factor, values, limits, f"{where}, {name}")
        if not moves and len(found) == wrong:
            said = f"'{name}' changes nothing: what it varies stays as it is"
            found.append(Problem(said, where, do="choose other values or paths, or delete it"))
    return [*dict.fromkeys([*found, *_overruled(study, patients, beliefs, where)])]


def _overruled(
    study: Study, patients: Sequence[World | Design], beliefs: Sequence[Belief], where: str
) -> Iterator[Problem]:
    """Factors all of whose parameters a later one sets."""
    known = [{path for one in scenarios for path in one.parameters()} for scenarios in (patients, beliefs)]
    reached = {
        name: {(part, path) for part in (0, 1) for path in matching(known[part], _split(factor.paths)[part])}
        for name, factor in study.vary.items()
    }
    names = [*reached]
    for at, name in enumerate(names):
        for later in names[at + 1 :]:
            if study.vary[later].by == "value" and reached[name] and reached[name] <= reached[later]:
                said = f"'{name}' changes nothing: '{later}' sets the same parameters after it"
                yield Problem(said, where, do="delete one of the two, or let the later one multiply")


def _nowhere(pattern: str, patients: Iterable[World | Design], beliefs: Iterable[Belief], where: str) -> Problem:
    """A path that leads nowhere, with the nearest one that leads somewhere."""
    if pattern.startswith(OF_BELIEF) and not [*beliefs]:
        return Problem(f"'{pattern}' is of a belief, and the study has none", where, do="name some in 'beliefs'")
    known = {path for one in patients for path in one.parameters()}
    known |= {f"{OF_BELIEF}{path}" for one in beliefs for path in one.parameters()}
    return unknown("parameter", pattern, known, where)


def _beyond(
    path: str,
    parameter: Parameter,
    factor: Factor,
    values: Iterable[float],
    limits: Mapping[str, object],
    where: str,
) -> list[Problem]:
    """Values that the parameter may not have, each by itself."""
    found = []
    limit = limits.get(path)
    for value in values:
        if not callable(limit):
            continue
        try:
            limit(parameter.model_copy(update={"value": moved(parameter.value, factor, value)}))
        except (ValueError, ArithmeticError) as error:
            said = str(error) or "it cannot be worked out"
            found.append(Problem(f"{path}: {said}", where, do="choose another value"))
    return found
