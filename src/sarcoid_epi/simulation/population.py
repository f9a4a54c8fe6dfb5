"""The population of a case: made once, its truth known exactly, replicates drawn from it.

Patients of a replicate are drawn from the population with replacement, each by the uniform at its own address. Where
estimators need no more than counts of levels, the population is the list of its patterns with their shares, and a
replicate's counts are multinomial; else a replicate's patients are rows of the population.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sarcoid_epi.cohort import draw_world, generate
from sarcoid_epi.errors import ConfigurationError, DataError, unknown
from sarcoid_epi.scenario import (
    Assumed,
    Belief,
    Case,
    Design,
    Parameter,
    Study,
    World,
    load_belief,
    load_design,
    load_model,
    load_world,
)
from sarcoid_epi.scenario.study import Factor
from sarcoid_epi.simulation.asking import Question, columns_of_truth, columns_read
from sarcoid_epi.simulation.counted import CountedStrata
from sarcoid_epi.strata import ArrayStrata, FrameStrata, Strata, whole
from sarcoid_epi.streams import uniforms

#: Patients of whom it is asked what an estimator reads.
ASKED = 2000

#: The levels of what varies without one: a population made patient by patient.
Shares = NDArray[np.float64]

#: Everybody with the disease is met.
EVERYBODY = {"entry.share": 1.0}


@dataclass(frozen=True)
class Population:
    """What there is to draw from: patterns or patients with their chances, and what estimators should find."""

    columns: Mapping[str, NDArray[np.generic]]
    axes: Mapping[str, tuple[str, ...]]
    chances: Shares
    belief: Belief | None
    truth: Mapping[str, Mapping[str, float]]
    counted: bool

    def replicates(self, seed: int, first: int, count: int, size: int) -> Strata:
        """Replicates `first` to `first + count` of `size` patients each.

        The patients of replicate r have the addresses r `size` to (r + 1) `size`: any replicate can be had alone.
        """
        labels = tuple(f"replicate={number}" for number in range(first, first + count))
        drawn = _drawn(self.chances, uniforms(seed, "study:patient", first * size, count * size))
        if not self.counted:
            rows = drawn.reshape(count, size)
            return ArrayStrata(labels, {name: values[rows] for name, values in self.columns.items()})
        kinds = len(self.chances)
        cell = np.repeat(np.arange(count) * kinds, size) + drawn
        counts = np.bincount(cell, minlength=count * kinds).reshape(count, kinds)
        codes = np.stack([self.columns[name] for name in self.axes], axis=-1) if self.axes else np.zeros((kinds, 0))
        return CountedStrata(labels, self.axes, codes.astype(np.int64), counts)


def _drawn(chances: Shares, u: Shares) -> NDArray[np.intp]:
    """For each uniform the kind into whose part of (0, 1) it falls.

    A guide of as many steps as a power of two, four times the kinds, tells most of them at once; the rest are searched.
    """
    ends = np.cumsum(chances)
    ends[-1] = 1.0
    steps = 1 << max(10, int(np.ceil(np.log2(4 * len(ends)))))
    edges = np.arange(steps + 1) / steps
    guide = np.searchsorted(ends, edges, side="right").clip(max=len(ends) - 1)
    step = (u * steps).astype(np.int64)
    kind = guide[step]
    open_ = np.flatnonzero(u >= ends[kind])
    kind[open_] = np.searchsorted(ends, u[open_], side="right")
    return kind.astype(np.intp, copy=False)


def questions(study: Study) -> tuple[Question, ...]:
    """The estimators of a study, those that take a model once for each.

    Raises
    ------
    ConfigurationError
        When an estimator or a model is unknown, or no model fits an estimator that takes one.
    """
    from sarcoid_epi.estimators import CATALOGUE

    known = {one.name: one for one in CATALOGUE if one.takes == "patients"}
    where = f"study '{study.name}'"
    strange = [unknown("estimator", name, known, where) for name in study.estimators if name not in known]
    if strange:
        raise ConfigurationError(*strange)
    models = [load_model(name) for name in study.models]
    asked: list[Question] = []
    for name in study.estimators:
        one = known[name]
        fitting = [model for model in models if model.family in one.families]
        asked += [Question(f"{name}-{model.name}", one, model) for model in fitting]
        if not one.families:
            asked.append(Question(name, one))
    return tuple(asked)


def population(study: Study, case: Case) -> Population:
    """The population of a case.

    Raises
    ------
    ConfigurationError
        When a factor's path is unknown, or a value is not one that the parameter may have.
    """
    return _population(study.model_dump_json(), case)


@lru_cache(maxsize=2)
def _population(declared: str, case: Case) -> Population:
    study = Study.model_validate_json(declared)
    world, design, belief = parts(study, case)
    asked = questions(study)
    few = generate(world, design, ASKED, study.seed)
    read: set[str] = set()
    counted = True
    for question in asked:
        columns, by_counts = columns_read(question, whole(few.patients), belief)
        read |= columns | ({*question.model.columns} if question.model else set())
        counted = counted and by_counts
    true = {
        name for question in asked for name in columns_of_truth(question.estimator.estimand, few.patients, few.truth)
    }
    everybody = generate(world, design, study.population, study.seed, columns=sorted(read | true))
    frame = FrameStrata(("all",), everybody.patients)
    arrays, axes = _arrays(frame, sorted(read & {*everybody.patients.columns}))
    counted = counted and len(axes) == len(arrays)
    truth = _truth(study, world, design, asked, belief, sorted(read | true), everybody.patients, everybody.truth)
    if counted:
        codes = np.stack([*arrays.values()], axis=-1)
        kinds, n = np.unique(codes, axis=0, return_counts=True)
        arrays, chances = dict(zip(arrays, kinds.T, strict=True)), n / n.sum()
    else:
        chances = np.full(study.population, 1 / study.population)
    return Population(arrays, axes, chances, belief, truth, counted)


def _truth(
    study: Study,
    world: World,
    design: Design,
    asked: Sequence[Question],
    belief: Belief | None,
    columns: Sequence[str],
    patients: pd.DataFrame,
    truth: pd.DataFrame,
) -> dict[str, dict[str, float]]:
    """What each question should find: its estimand in these patients, or in everybody with the disease."""
    if study.truth == "everybody":
        all_met = design.replaced({path: _varied(value) for path, value in EVERYBODY.items()})
        every = generate(world, all_met, study.population, study.seed, columns=columns)
        patients, truth = every.patients, every.truth
    found: dict[str, dict[str, float]] = {}
    for question in asked:
        value = dict(question.estimator.estimand.value(patients, truth))
        if not value and question.model:
            answers = question(whole(patients), belief)
            value = {term: float(answers.estimate[0, at]) for at, term in enumerate(answers.terms)}
        found[question.run] = value
    return found


def _arrays(
    frame: FrameStrata, columns: Sequence[str]
) -> tuple[dict[str, NDArray[np.generic]], dict[str, tuple[str, ...]]]:
    """Codes or numbers of each column, and the levels of those that have some."""
    arrays: dict[str, NDArray[np.generic]] = {}
    axes: dict[str, tuple[str, ...]] = {}
    for name in columns:
        try:
            arrays[name], axes[name] = frame.codes(name), frame.levels(name)
        except DataError:
            arrays[name] = frame.numbers(name)
    return arrays, axes


def parts(study: Study, case: Case) -> tuple[World, Design, Belief | None]:
    """World, design and belief of a case, with the values of its factors."""
    world, design = load_world(case.world), load_design(case.design)
    belief = load_belief(case.belief) if case.belief else None
    if case.draw is not None:
        world = draw_world(world, case.draw, study.seed)
    for name, value in case.values:
        factor = study.vary[name]
        own = [path for path in factor.paths if not path.startswith("belief.")]
        of_world = _changed(world.parameters(), own, factor, value)
        of_design = _changed(design.parameters(), own, factor, value)
        prefix = len("belief.")
        of_belief = _changed(
            belief.parameters() if belief else {},
            [path[prefix:] for path in factor.paths if path.startswith("belief.")],
            factor,
            value,
        )
        if not (of_world or of_design or of_belief):
            known = [*world.parameters(), *design.parameters()]
            raise ConfigurationError(unknown("parameter", factor.paths[0], known, f"study '{study.name}', {name}"))
        world, design = world.replaced(of_world), design.replaced(of_design)
        belief = belief.replaced(of_belief) if belief else None
    return world, design, belief


def _changed(
    parameters: Mapping[str, Parameter], paths: Sequence[str], factor: Factor, value: float
) -> dict[str, Parameter]:
    """The parameters at a factor's paths, as the factor changes them."""
    return {
        path: _varied(_moved(parameter.value, factor, value))
        for path, parameter in parameters.items()
        if any(fnmatchcase(path, pattern) for pattern in paths)
    }


def _moved(old: float, factor: Factor, value: float) -> float:
    if factor.by == "value":
        return value
    if factor.by == "times":
        return old * value
    return old * value / (1 - old + old * value)


def _varied(value: float) -> Parameter:
    return Parameter(value=value, basis=Assumed(reason="varied by the study"))
