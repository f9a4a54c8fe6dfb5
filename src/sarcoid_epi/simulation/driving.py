"""Which factor drives a result of a study: Sobol's indices, one factor at a time, and where a result tips over.

On a full grid all three are exact: means of cells, and cells. On a latin hypercube or a Sobol design they are those of
a polynomial surface through the cases, as far as it foretells cases left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.scenario import Case, Study
from sarcoid_epi.simulation.summary import Summary
from sarcoid_epi.stats.factorial import factorial_effects
from sarcoid_epi.stats.response import Response, response_surface
from sarcoid_epi.stats.sensitivity import tornado

Floats = NDArray[np.float64]

#: Results whose drivers are told; the truth is one, for what drives it no method can help.
RESULTS = ("truth", "mean", "bias", "coverage", "mean_width")

#: Results that may tip over.
TIPPING = ("coverage", "mean", "truth")

#: A second factor that makes less of the variance leaves nothing to draw over two.
ALONE = 0.005

#: Places on each side of a surface that is no grid.
PLACES = 21

#: How an index was had.
GRID, SURFACE = "grid", "surface"


class Varied(NamedTuple):
    """What varies over the cases: its name, and its values in order; of a range, its two ends."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Index:
    """How much of a result's variance over the cases a factor makes, alone (`first`) and with others (`total`).

    `by` says how: exactly, over a grid, or from a surface, which foretells a share `foretold` of the variance. At most
    `chance` of the variance is Monte Carlo error.
    """

    stratum: str
    run: str
    term: str
    result: str
    factor: str
    by: str
    first: float
    first_error: float
    total: float
    total_error: float
    chance: float
    foretold: float


@dataclass(frozen=True)
class Swing:
    """A result with one factor at its low and its high end, the others at their middle."""

    stratum: str
    run: str
    term: str
    result: str
    factor: str
    by: str
    middle: float
    low: Any
    at_low: float
    high: Any
    at_high: float


@dataclass(frozen=True)
class Place:
    """A result over the two factors that drive it most, the others at their middle."""

    stratum: str
    run: str
    term: str
    result: str
    by: str
    x_factor: str
    x: Any
    y_factor: str
    y: Any
    value: float


class Field(NamedTuple):
    """A result as a function of where the factors stand: on a grid by the number of the value, else from 0 to 1."""

    stratum: str
    run: str
    term: str
    result: str
    factors: tuple[Varied, ...]
    by: str
    at: Callable[[Floats], Floats]
    first: Floats
    first_error: Floats
    total: Floats
    total_error: Floats
    chance: float
    foretold: float


def factors(study: Study) -> tuple[Varied, ...]:
    """What varies over the cases of a grid: all that has more than one value; else the factors with a range."""
    if study.method != "grid":
        return tuple(Varied(name, (one.low, one.high)) for name, one in study.vary.items())
    listed = (("world", study.worlds), ("design", study.designs), ("belief", study.beliefs), ("size", study.sizes))
    varied = ((name, factor.values) for name, factor in study.vary.items())
    return tuple(Varied(name, tuple(values)) for name, values in (*listed, *varied) if len(values) > 1)


def fields(study: Study, found: Sequence[Summary], results: Sequence[str] = RESULTS) -> Iterator[Field]:
    """Every result of every run and term as a function of the factors; none where nothing varies or draws do."""
    varied = factors(study)
    if not varied or study.method == "draws":
        return
    cases = study.all_cases()
    terms: dict[tuple[str, str], dict[int, Summary]] = {}
    for one in found:
        terms.setdefault((one.run, one.term), {})[one.case] = one
    for (run, term), by_case in terms.items():
        for result in results:
            for stratum, members in _strata(study, cases):
                y, error = (
                    np.array([float(getattr(by_case[case.number], name, nan)) if case.number in by_case else nan
                              for case in members])
                    for name in (result, f"{result}_mcse")
                )  # fmt: skip
                if np.isfinite(y).any():
                    yield _field(study, (stratum, run, term, result), varied, members, y, error)


def _strata(study: Study, cases: Sequence[Case]) -> list[tuple[str, list[Case]]]:
    """All cases of a grid; of another design the cases of each world, design, belief and size."""
    if study.method == "grid":
        return [("", list(cases))]
    apart: dict[tuple[Any, ...], list[Case]] = {}
    for case in cases:
        apart.setdefault((case.world, case.design, case.belief, case.size), []).append(case)
    many = [at for at in range(4) if len({key[at] for key in apart}) > 1]
    return [(", ".join(str(key[at]) for at in many), members) for key, members in apart.items()]


def _field(
    study: Study,
    names: tuple[str, str, str, str],
    varied: tuple[Varied, ...],
    members: Sequence[Case],
    y: Floats,
    error: Floats,
) -> Field:
    spread = float(np.nanvar(y))
    chance = min(float(np.nanmean(error**2)) / spread, 1.0) if spread > 0 and np.isfinite(error).any() else nan
    if study.method == "grid":
        table = y.reshape([len(one.values) for one in varied])
        effects = factorial_effects(table)
        blank = np.full(len(varied), nan)

        def cell(places: Floats) -> Floats:
            return np.asarray(table[tuple(places.astype(np.intp))])

        return Field(*names, varied, GRID, cell, effects.first, blank, effects.total, blank, chance, nan)
    response = response_surface(_places(study, members), y)
    told = response.first, response.first_error, response.total, response.total_error
    # A polynomial knows no ends; a coverage has two.
    ends = (0.0, 1.0) if names[-1] == "coverage" else (-np.inf, np.inf)
    return Field(*names, varied, SURFACE, _on(response, ends), *told, chance, response.foretold)


def _on(response: Response, ends: tuple[float, float]) -> Callable[[Floats], Floats]:
    return lambda places: np.clip(response.at(places.T), *ends)


def _places(study: Study, members: Sequence[Case]) -> Floats:
    """Where in its range each factor of each case lies."""
    columns = []
    for name, factor in study.vary.items():
        values = np.array([dict(case.values)[name] for case in members])
        low, high = float(factor.low or 0.0), float(factor.high or 0.0)
        part = np.log(values / low) / np.log(high / low) if factor.log else (values - low) / (high - low)
        columns.append(np.clip(part, 0.0, 1.0))
    return np.stack(columns, axis=-1)


def indices(found: Sequence[Field]) -> Iterator[Index]:
    """The indices of every factor."""
    for one in found:
        for at, factor in enumerate(one.factors):
            yield Index(
                one.stratum, one.run, one.term, one.result, factor.name, one.by,
                float(one.first[at]), float(one.first_error[at]), float(one.total[at]), float(one.total_error[at]),
                one.chance, one.foretold,
            )  # fmt: skip


def middles(one: Field) -> list[float]:
    """Where the factors stand in the middle: the middle one of the values (the lower of two), or of the range."""
    return [float((len(factor.values) - 1) // 2) if one.by == GRID else 0.5 for factor in one.factors]


def swings(found: Sequence[Field]) -> Iterator[Swing]:
    """One factor at a time, from the middle to both ends; of names, which have no order, to the least and the most."""
    for one in found:
        last = [float(len(factor.values) - 1) if one.by == GRID else 1.0 for factor in one.factors]
        told = tornado(one.at, [0.0] * len(last), middles(one), last)
        for at, factor in enumerate(one.factors):
            ends = (factor.values[0], float(told.at_low[at])), (factor.values[-1], float(told.at_high[at]))
            if isinstance(factor.values[0], str):
                ends = _extremes(one, at) or ends
            (low, at_low), (high, at_high) = ends
            names = one.stratum, one.run, one.term, one.result, factor.name, one.by
            yield Swing(*names, float(told.base), low, at_low, high, at_high)


def _extremes(one: Field, at: int) -> tuple[tuple[Any, float], tuple[Any, float]] | None:
    """The names of a factor with the least and the greatest result, the others in the middle; None without any."""
    names = one.factors[at].values
    stand = np.repeat(np.array(middles(one))[:, None], len(names), axis=1)
    stand[at] = np.arange(len(names))
    values = one.at(stand)
    if np.isnan(values).all():
        return None
    least, most = int(np.nanargmin(values)), int(np.nanargmax(values))
    return (names[least], float(values[least])), (names[most], float(values[most]))


def places(study: Study, found: Sequence[Field]) -> Iterator[Place]:
    """Each result over its two leading factors of numbers, where two matter."""
    for one in found:
        numeric = [at for at, factor in enumerate(one.factors) if not isinstance(factor.values[0], str)]
        leading = sorted(numeric, key=lambda at: -np.nan_to_num(one.total[at]))[:2]
        if len(leading) < 2 or not one.total[leading[1]] > ALONE:
            continue
        x, y = sorted(leading)
        sides = [_side(study, one, at) for at in (x, y)]
        stand = np.repeat(np.array(middles(one))[:, None], len(sides[0]) * len(sides[1]), axis=1)
        pairs = list(product(sides[1], sides[0]))
        stand[y], stand[x] = [down for (down, _), _ in pairs], [across for _, (across, _) in pairs]
        for ((_, value_y), (_, value_x)), value in zip(pairs, one.at(stand), strict=True):
            names = one.factors[x].name, value_x, one.factors[y].name, value_y
            yield Place(one.stratum, one.run, one.term, one.result, one.by, *names, float(value))


def _side(study: Study, one: Field, at: int) -> list[tuple[float, Any]]:
    """Places of a factor, and the value at each."""
    factor = one.factors[at]
    if one.by == GRID:
        return [(float(number), value) for number, value in enumerate(factor.values)]
    return [(float(part), study.vary[factor.name].at(float(part))) for part in np.linspace(0, 1, PLACES)]
