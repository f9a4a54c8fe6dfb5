"""What an estimator reads: found by asking it once, so that no declaration can be wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from sarcoid_epi.errors import ConfigurationError, Problem, unknown
from sarcoid_epi.estimands import Estimand
from sarcoid_epi.estimators import Answers, Estimator
from sarcoid_epi.estimators.asking import lacking
from sarcoid_epi.measures import at_time
from sarcoid_epi.scenario import Belief, Model, Study, load_model
from sarcoid_epi.simulation.counted import CountedStrata
from sarcoid_epi.strata import Counts, Floats, Patterns, Strata


class Question(NamedTuple):
    """An estimator with the model that it is asked of, if it takes one; the name of its run."""

    run: str
    estimator: Estimator
    model: Model | None = None

    @property
    def own(self) -> bool:
        """Whether its true value is what it finds itself in a population without end."""
        return self.estimator.estimand.own and not self.estimator.believes

    def lacks(self, strata: Strata) -> str:
        """What the patients of all groups lack, in words; empty where it can be asked."""
        return lacking(self.estimator, strata)

    def __call__(self, strata: Strata, belief: Belief | None) -> Answers:
        """Answers for every group of patients who lack nothing."""
        believed = belief if self.estimator.believes else None
        return self.estimator(strata, *(part for part in (believed, self.model) if part is not None))


@dataclass(frozen=True)
class Asked:
    """What a question reads: its columns, whether counts of their levels are all it needs, and the terms it answers."""

    run: str
    columns: frozenset[str] = frozenset()
    by_counts: bool = True
    terms: tuple[str, ...] = ()

    def more(self, columns: Iterable[str], by_counts: bool, terms: Iterable[str] = ()) -> Asked:
        """The same, and more."""
        said = tuple(dict.fromkeys((*self.terms, *terms)))
        return Asked(self.run, self.columns | {*columns}, self.by_counts and by_counts, said)


class NotHeldError(Exception):
    """A question asks for what it never asked for before: columns that are not held, or more than counts."""

    def __init__(self, columns: Sequence[str], by_counts: bool):
        super().__init__(", ".join(columns))
        self.columns, self.by_counts = columns, by_counts


class LackingError(Exception):
    """Which run asks for what is not held: not a mistake, but known from now on."""

    def __init__(self, run: str, what: NotHeldError):
        super().__init__(f"{run}: {what}")
        self.run, self.what = run, what

    def mended(self, asked: Iterable[Asked]) -> tuple[Asked, ...]:
        """What questions read, with what this one reads too."""
        columns, by_counts = self.what.columns, self.what.by_counts
        return tuple(one.more(columns, by_counts) if one.run == self.run else one for one in asked)


@dataclass(frozen=True)
class Watched:
    """Strata that note which columns are read, and whether more than counts of levels is asked of them.

    `there` names the variables that the patients have; what the strata do not hold of them is a `NotHeldError`.
    """

    strata: Strata
    there: frozenset[str]
    read: set[str] = field(default_factory=set)
    rows: set[str] = field(default_factory=set)

    @property
    def labels(self) -> tuple[str, ...]:
        """The groups."""
        return self.strata.labels

    @property
    def columns(self) -> frozenset[str]:
        """The variables there are; whether one is there is part of the question, but no reading."""
        return self.there

    def levels(self, column: str) -> tuple[str, ...]:
        """As of the strata."""
        return self._holding(column).levels(column)

    def n(self, where: str = "") -> Counts:
        """As of the strata."""
        return self._holding(*([where] if where else [])).n(where)

    def events(self, column: str) -> tuple[Counts, Counts]:
        """As of the strata."""
        return self._holding(column).events(column)

    def table(self, *columns: str) -> Counts:
        """As of the strata."""
        return self._holding(*columns).table(*columns)

    def patterns(self, *columns: str, lacking: Sequence[str] = ()) -> Patterns:
        """As of the strata."""
        return self._holding(*columns).patterns(*columns, lacking=lacking)

    def moments(self, column: str) -> tuple[Counts, Floats, Floats]:
        """As of the strata; counts of levels would not do."""
        return self._rows(column).moments(column)

    def frames(self) -> Iterator[pd.DataFrame]:
        """As of the strata; every column may be read."""
        return self._rows(*self.there).frames()

    def _holding(self, *columns: str) -> Strata:
        self.read.update(columns)
        if lost := sorted({*columns} & self.there - self.strata.columns):
            raise NotHeldError(lost, by_counts=True)
        return self.strata

    def _rows(self, *columns: str) -> Strata:
        self.rows.update(columns)
        if isinstance(self.strata, CountedStrata):
            raise NotHeldError(columns, by_counts=False)
        return self._holding(*columns)


def questions(study: Study, models: Sequence[Model] | None = None) -> tuple[Question, ...]:
    """The estimators of a study, those that take a model once for each that fits.

    Raises
    ------
    ConfigurationError
        When an estimator or a model is unknown, or an estimator takes a model and none fits.
    """
    from sarcoid_epi.estimators import CATALOGUE

    known = {one.name: one for one in CATALOGUE if one.takes == "patients"}
    where = f"study '{study.name}'"
    problems = [unknown("estimator", name, known, where) for name in study.estimators if name not in known]
    declared: list[Model] = [*models] if models is not None else []
    for name in study.models if models is None else ():
        try:
            declared.append(load_model(name))
        except ConfigurationError as error:
            problems += error.problems
    chosen = [known[name] for name in study.estimators if name in known]
    asked: list[Question] = []
    for one in chosen:
        fitting = [model for model in declared if one.answers(model)]
        asked += [Question(f"{one.name}-{model.name}", one, model) for model in fitting]
        if not one.families:
            asked.append(Question(one.name, one))
        elif not fitting and not problems:
            families = ", ".join(one.families) + (f" that says what '{one.only}' is" if one.only else "")
            said = f"'{one.name}' takes a model, and none fits"
            problems.append(Problem(said, where, do=f"name one of the family {families} in 'models'"))
    if not problems:
        problems = [
            Problem(f"nothing answers the model '{model.name}'", where, f"it is {model.family}", "delete it")
            for model in declared
            if not any(one.answers(model) for one in chosen)
        ]
    if problems:
        raise ConfigurationError(*problems)
    return tuple(asked)


def terms_of(answers: Answers) -> tuple[str, ...]:
    """The terms of answers, each with its time where it has one."""
    times = answers.times or (np.nan,) * len(answers.terms)
    return tuple(at_time(term, time) for term, time in zip(answers.terms, times, strict=True))


def asked_of(question: Question, strata: Strata, belief: Belief | None) -> Asked:
    """What a question reads of patients like these, and the terms it answers."""
    watched = Watched(strata, strata.columns)
    terms = () if question.lacks(watched) else terms_of(question(watched, belief))
    needed = {*question.estimator.needs, *(question.model.columns if question.model else ())}
    columns = frozenset((watched.read | needed) & watched.there)
    return Asked(question.run, columns, not watched.rows, terms)


def columns_of_truth(estimand: Estimand, patients: pd.DataFrame, truth: pd.DataFrame) -> frozenset[str]:
    """The columns of either table without which the true value cannot be told: asked until nothing is missing."""
    wanted: set[str] = set()
    value: Callable[[pd.DataFrame, pd.DataFrame], Mapping[str, float]] = estimand.value
    while True:
        try:
            value(_some(patients, wanted), _some(truth, wanted))
        except KeyError as absent:
            named = {str(name) for name in _names(absent)} & ({*patients.columns} | {*truth.columns})
            if not named - wanted:
                raise
            wanted |= named
        else:
            return frozenset(wanted)


def _some(frame: pd.DataFrame, wanted: set[str]) -> pd.DataFrame:
    return frame[[name for name in frame.columns if name in wanted]]


def _names(absent: KeyError) -> Sequence[object]:
    """What a frame says it lacks: one name."""
    return absent.args
