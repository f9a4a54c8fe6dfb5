"""What an estimator reads: found by asking it once, so that no declaration can be wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from sarcoid_epi.estimands import Estimand
from sarcoid_epi.estimators import Answers, Estimator
from sarcoid_epi.estimators.asking import lacking
from sarcoid_epi.estimators.declare import silent
from sarcoid_epi.scenario import Belief, Model
from sarcoid_epi.strata import Counts, Floats, Patterns, Strata


class Question(NamedTuple):
    """An estimator with the model that it is asked of, if it takes one; the name of its run."""

    run: str
    estimator: Estimator
    model: Model | None = None

    def __call__(self, strata: Strata, belief: Belief | None) -> Answers:
        """Answers for every group."""
        if lack := lacking(self.estimator, strata):
            return silent(self.estimator.needs[:1], len(strata.labels), lack)
        believed = belief if self.estimator.believes else None
        return self.estimator(strata, *(part for part in (believed, self.model) if part is not None))


@dataclass(frozen=True)
class Watched:
    """Strata that note which columns are read, and whether more than counts of levels is asked of them."""

    strata: Strata
    read: set[str] = field(default_factory=set)
    rows: set[str] = field(default_factory=set)

    @property
    def labels(self) -> tuple[str, ...]:
        """The groups."""
        return self.strata.labels

    @property
    def columns(self) -> frozenset[str]:
        """The variables there are; whether one is there is part of the question, but no reading."""
        return self.strata.columns

    def levels(self, column: str) -> tuple[str, ...]:
        """As of the strata."""
        self.read.add(column)
        return self.strata.levels(column)

    def n(self, where: str = "") -> Counts:
        """As of the strata."""
        self.read.update({where} if where else set())
        return self.strata.n(where)

    def events(self, column: str) -> tuple[Counts, Counts]:
        """As of the strata."""
        self.read.add(column)
        return self.strata.events(column)

    def table(self, *columns: str) -> Counts:
        """As of the strata."""
        self.read.update(columns)
        return self.strata.table(*columns)

    def patterns(self, *columns: str, lacking: Sequence[str] = ()) -> Patterns:
        """As of the strata."""
        self.read.update(columns)
        return self.strata.patterns(*columns, lacking=lacking)

    def moments(self, column: str) -> tuple[Counts, Floats, Floats]:
        """As of the strata; counts of levels would not do."""
        self.read.add(column)
        self.rows.add(column)
        return self.strata.moments(column)

    def frames(self) -> Iterator[pd.DataFrame]:
        """As of the strata; every column may be read."""
        self.read.update(self.strata.columns)
        self.rows.update(self.strata.columns)
        return self.strata.frames()


def columns_read(question: Question, strata: Strata, belief: Belief | None) -> tuple[frozenset[str], bool]:
    """The columns that a question reads of patients like these, and whether counts of levels are all it needs."""
    watched = Watched(strata)
    question(watched, belief)
    return frozenset(watched.read), not watched.rows


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
