"""The population of a case: made once, its truth known exactly, replicates drawn from it.

Patients of a replicate are drawn from the population with replacement, each by the uniform at its own address: so any
replicate can be had alone, cases of one size draw the same patients, and the columns that are read change nobody. Where
an estimator needs no more than counts of levels, its replicates are counts of patterns: those of the very patients that
another gets as rows. A study may also make its patients one by one instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionDtype

from sarcoid_epi.cohort import Cohort, calibrate, generate
from sarcoid_epi.cohort import replicates as made_one_by_one
from sarcoid_epi.errors import DataError
from sarcoid_epi.measures import of_size
from sarcoid_epi.scenario import Design, Study, World
from sarcoid_epi.scenario.following import changed
from sarcoid_epi.simulation.asking import Asked, LackingError, NotHeldError, Question, Watched, questions, terms_of
from sarcoid_epi.simulation.counted import CountedStrata, RowStrata
from sarcoid_epi.simulation.stated import Stated
from sarcoid_epi.simulation.varied import POINTS, Spot, patients_of
from sarcoid_epi.strata import FrameStrata, Strata, whole
from sarcoid_epi.streams import uniforms

Array = NDArray[Any]
Axes = Mapping[str, tuple[str, ...]]

#: Patterns with which counts are still less work than rows.
MOST_PATTERNS = 2**12

#: Everybody with the disease is met.
EVERYBODY = {"entry.share": 1.0}


@dataclass(frozen=True)
class Patterns:
    """What patients are alike in: the codes of each pattern, -1 where missing, and the pattern of each patient.

    The codes of a number are places among its values, in `numbers`.
    """

    columns: tuple[str, ...]
    codes: NDArray[np.int64]
    of: NDArray[np.intp]
    numbers: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True)
class Population:
    """Patients to draw from, as columns of codes, numbers or dates; what each run should find among them.

    `patterns` holds those runs that need only counts. `world` and `design` make patients anew where a study wants that.
    """

    size: int
    columns: Mapping[str, Array]
    axes: Axes
    patterns: Mapping[str, Patterns]
    asked: Mapping[str, Asked]
    truth: Mapping[str, Mapping[str, float]]
    world: World
    design: Design

    def counted(self, study: Study, asked: Asked) -> bool:
        """Whether replicates of a run are counts of patterns, and no rows."""
        return study.chance == "population" and asked.run in self.patterns


@dataclass(frozen=True)
class Replicates:
    """Some replicates of one size: the strata that each run gets, made when asked for, those alike made once."""

    population: Population
    labels: tuple[str, ...]
    rows: NDArray[np.int64] | None
    made: dict[Any, Any] = field(default_factory=dict)

    def strata(self, run: str) -> Strata:
        """Counts of patterns or rows, as the run needs."""
        patterns = self.population.patterns.get(run)
        if self.rows is None or patterns is None:
            columns = sorted(self.population.asked[run].columns)
            return RowStrata(self.labels, {name: self._column(name) for name in columns}, self.population.axes)
        if patterns.columns not in self.made:
            axes = {name: self.population.axes.get(name, ()) for name in patterns.columns}
            counts = counted(patterns, self.rows)
            self.made[patterns.columns] = CountedStrata(self.labels, axes, patterns.codes, counts, patterns.numbers)
        strata: Strata = self.made[patterns.columns]
        return strata

    def _column(self, name: str) -> Array:
        if name not in self.made:
            assert self.rows is not None
            self.made[name] = self.population.columns[name][self.rows]
        column: Array = self.made[name]
        return column


def drawn(population: Population, seed: int, first: int, count: int, size: int) -> Replicates:
    """Replicates `first` to `first + count` of `size` patients each, drawn from the population with replacement.

    The patients of replicate r have the addresses r `size` to (r + 1) `size`.
    """
    u = uniforms(seed, "study:patient", first * size, count * size)
    rows = (u * population.size).astype(np.int64).reshape(count, size)
    return Replicates(population, _labels(first, count), rows)


def made(population: Population, seed: int, first: int, count: int, size: int) -> Replicates:
    """The same, of patients made one by one: new ones for each replicate."""
    columns = sorted(set().union(*(one.columns for one in population.asked.values())))
    calibration = calibrate(population.world, population.design, POINTS, frozenset(columns))
    arrays = made_one_by_one(
        population.world, population.design, size, count, seed, columns, first, calibration=calibration
    )
    return Replicates(population, _labels(first, count), None, dict(arrays))


def _labels(first: int, count: int) -> tuple[str, ...]:
    return tuple(f"replicate={number}" for number in range(first, first + count))


def counted(patterns: Patterns, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many patients of each replicate have each pattern, shape (replicates, patterns)."""
    kinds = len(patterns.codes)
    cell = patterns.of[rows]
    cell += np.arange(len(rows))[:, None] * kinds
    return np.bincount(cell.ravel(), minlength=len(rows) * kinds).reshape(len(rows), kinds)


@lru_cache(maxsize=2)
def population(stated: Stated, spot: Spot, asked: tuple[Asked, ...]) -> Population:
    """The population of a spot, with the columns that are asked for.

    Raises
    ------
    ConfigurationError
        When values contradict each other, or a target cannot be reached.
    """
    study = stated.study
    world, design = patients_of(study, spot, stated.worlds[spot.world], stated.designs[spot.design])
    read = frozenset[str]().union(*(one.columns for one in asked))
    cohort = _people(stated, world, design, read | stated.true)
    frame = whole(cohort.patients)
    columns = {name: _array(frame, name) for name in sorted(read)}
    axes = {name: levels for name in columns if (levels := _levels(frame, name))}
    told_of = cohort
    if study.truth == "everybody":
        told_of = _people(stated, world, changed(design, EVERYBODY, "everybody is met"), read | stated.true)
    truth = {one.run: _truth(stated, one, told_of) for one in questions(study, [*stated.models.values()])}
    patterns = _patterns(columns, axes, asked, study.population)
    return Population(study.population, columns, axes, patterns, {one.run: one for one in asked}, truth, world, design)


def _people(stated: Stated, world: World, design: Design, columns: frozenset[str]) -> Cohort:
    calibration = calibrate(world, design, POINTS, columns)
    size, seed = stated.study.population, stated.study.seed
    return generate(world, design, size, seed, columns=sorted(columns), calibration=calibration)


def _truth(stated: Stated, question: Question, cohort: Cohort) -> dict[str, float]:
    """What a question should find: its estimand in these patients, or what its model finds in all of them.

    A p-value, a number of people and whatever else depends on how many patients there are has no true value.
    """
    try:
        value = dict(question.estimator.estimand.value(cohort.patients, cohort.truth))
    except KeyError:  # nobody is what the estimand is told of
        return {}
    strata = Watched(whole(cohort.patients), stated.there)
    if not question.own or question.lacks(strata):
        return value
    try:
        answers = question(strata, None)
    except NotHeldError as what:
        raise LackingError(question.run, what) from None
    told = {term: float(answers.estimate[0, at]) for at, term in enumerate(terms_of(answers))}
    return {term: value for term, value in told.items() if not of_size(term)}


def _levels(frame: FrameStrata, name: str) -> tuple[str, ...]:
    """The levels of a column; none of a number or a date."""
    try:
        return frame.levels(name)
    except DataError:
        return ()


def _array(frame: FrameStrata, name: str) -> Array:
    """A column as `cohort.replicates` gives it: codes, numbers with NaN where missing, or dates."""
    if frame.frame[name].dtype == bool:
        return frame.frame[name].to_numpy().view(np.int8)
    if _levels(frame, name):
        codes = frame.codes(name)
        return codes.astype(np.int8) if codes.max(initial=0) < 2**7 else codes
    values = frame.frame[name]
    return frame.numbers(name) if isinstance(values.dtype, ExtensionDtype) else values.to_numpy()


def _patterns(columns: Mapping[str, Array], axes: Axes, asked: Sequence[Asked], size: int) -> dict[str, Patterns]:
    """The patterns of each run that needs only counts: those of all together, or its own, if they are few enough.

    Those of levels alone are counted together; where numbers are read too there are many more, for each run its own.
    """
    countable = [one for one in asked if one.by_counts]
    levelled = [one for one in countable if one.columns <= axes.keys()]
    together = patterns_of(sorted(set().union(*(one.columns for one in levelled))), columns, axes, size)
    found = dict.fromkeys((one.run for one in levelled), together) if len(together.codes) <= MOST_PATTERNS else {}
    values = {name: number for name, column in columns.items() if name not in axes and (number := _few_values(column))}
    coded = {**columns, **{name: codes for name, (codes, _) in values.items()}}
    sizes = {**axes, **{name: ("",) * len(number) for name, (_, number) in values.items()}}
    made: dict[tuple[str, ...], Patterns] = {}
    for one in countable:
        names = tuple(sorted(one.columns))
        if one.run in found or not one.columns <= sizes.keys():
            continue
        if names not in made:
            own = patterns_of(names, coded, sizes, size)
            made[names] = replace(own, numbers={name: values[name][1] for name in names if name in values})
        if len(made[names].codes) <= MOST_PATTERNS:
            found[one.run] = made[names]
    return found


def _few_values(column: Array) -> tuple[Array, NDArray[np.float64]] | None:
    """A number as places among its values, -1 where missing, and these; nothing of a date, or of many values."""
    if column.dtype.kind not in "if":
        return None
    known = ~np.isnan(column)
    values, codes = np.unique(column[known], return_inverse=True)
    if len(values) > MOST_PATTERNS:
        return None
    placed = np.full(len(column), -1, dtype=np.int64)
    placed[known] = codes
    return placed, values.astype(np.float64)


def patterns_of(names: Iterable[str], columns: Mapping[str, Array], axes: Axes, size: int) -> Patterns:
    """The patterns that so many patients have in some columns, in the order of their codes."""
    names = tuple(names)
    sizes = [len(axes[name]) + 1 for name in names]
    cell, reached = np.zeros(size, dtype=np.int64), 1
    for name, levels in zip(names, sizes, strict=True):
        if reached * levels >= 2**62:
            values, cell = np.unique(cell, return_inverse=True)
            reached = len(values)
        cell = cell * levels + (columns[name] + 1)
        reached *= levels
    if prod(sizes) <= 2**20:  # counting is quicker than sorting
        there = np.bincount(cell, minlength=1) > 0
        of, first = (np.cumsum(there) - 1)[cell], np.zeros(int(there.sum()), dtype=np.int64)
    else:
        values, of = np.unique(cell, return_inverse=True)
        first = np.zeros(len(values), dtype=np.int64)
    first[of] = np.arange(len(cell))
    codes = np.stack([columns[name][first] for name in names], axis=-1) if names else np.zeros((len(first), 0))
    return Patterns(names, codes.astype(np.int64), of.astype(np.intp))
