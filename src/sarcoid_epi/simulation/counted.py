"""Replicates as counts: how many patients of each replicate are alike in everything that is asked. And as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sarcoid_epi.errors import DataError, Problem, unknown
from sarcoid_epi.strata import FLAG, ArrayStrata, Counts, Floats, Patterns

#: Patterns with which replicates may still be alike.
MOST_ALIKE = 2**8


@dataclass(frozen=True)
class CountedStrata:
    """Counts of patterns: what patients are, by column and pattern, and how many of each there are by replicate.

    `kinds` has shape (P, columns), columns as in `axes`, -1 where a value is missing; `counts` (replicates, P). Numbers
    of few values have these in `numbers`, ascending, and no levels.
    """

    labels: tuple[str, ...]
    axes: Mapping[str, tuple[str, ...]]
    kinds: NDArray[np.int64]
    counts: Counts
    numbers: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def columns(self) -> frozenset[str]:
        """The variables there are."""
        return frozenset(self.axes)

    def levels(self, column: str) -> tuple[str, ...]:
        """The levels of a variable; a number has none, which is told as of rows."""
        if self._demanded(column) in self.numbers:
            raise DataError(Problem(f"'{column}' has no levels to count", do="name a flag or a category"))
        return self.axes[column]

    def n(self, where: str = "") -> Counts:
        """Patients of each replicate, or those with the flag `where`."""
        return self.events(where)[0] if where else self.counts.sum(axis=1)

    def events(self, column: str) -> tuple[Counts, Counts]:
        """Patients with the flag, and those in whom it is known."""
        if self.levels(column) != FLAG:
            why = "events are counted of what is yes or no"
            raise DataError(Problem(f"'{column}' is no flag", why=why, do="name a flag"))
        counts = self.table(column)
        return counts[:, 1], counts.sum(axis=1)

    def table(self, *columns: str) -> Counts:
        """Patients by replicate and level of each variable, those with a missing one left out."""
        shape = tuple(len(self.levels(column)) for column in columns)
        codes = self._codes(columns)
        known = np.flatnonzero((codes >= 0).all(axis=1))
        cell = np.ravel_multi_index(tuple(codes[known].T), shape) if columns else np.zeros(len(known), dtype=np.intp)
        return _summed(self.counts[:, known], cell, int(np.prod(shape))).reshape(len(self.labels), *shape)

    def patterns(self, *columns: str, lacking: Sequence[str] = ()) -> Patterns:
        """What values patients have together, and how many have them."""
        codes = self._codes(columns)
        needed = [at for at, name in enumerate(columns) if name not in lacking]
        known = np.flatnonzero((codes[:, needed] >= 0).all(axis=1))
        values, cell = np.unique(codes[known], axis=0, return_inverse=True)
        counts = _summed(self.counts[:, known], cell.ravel(), len(values))
        found = np.where(values < 0, np.nan, values)
        for at, name in enumerate(columns):
            if name in self.numbers:
                found[:, at] = np.where(values[:, at] < 0, np.nan, self.numbers[name][values[:, at]])
        return Patterns(found, counts)

    def moments(self, column: str) -> tuple[Counts, Floats, Floats]:
        """Refused: these are counts of what is alike, not numbers."""
        raise DataError(Problem("these are counts, not patients", do="draw patients"))

    def frames(self) -> Iterator[pd.DataFrame]:
        """Refused, as above."""
        raise DataError(Problem("these are counts, not patients", do="draw patients"))

    def _codes(self, columns: Sequence[str]) -> NDArray[np.int64]:
        names = list(self.axes)
        return self.kinds[:, [names.index(self._demanded(column)) for column in columns]]

    def _demanded(self, column: str) -> str:
        if column not in self.axes:
            raise DataError(unknown("column", column, self.axes))
        return column


def distinct(strata: CountedStrata, columns: Iterable[str]) -> tuple[CountedStrata, NDArray[np.intp]]:
    """Replicates that differ in counts of some columns, each once, and which of them every replicate is like.

    What is read of these columns alone is the same for those alike: of 500 replicates of a rare flag some forty differ.
    With many patterns all differ, and nobody looks.
    """
    at = [name for name in strata.axes if name in {*columns}]
    codes = strata.kinds[:, [[*strata.axes].index(name) for name in at]]
    kinds, cell = np.unique(codes, axis=0, return_inverse=True)
    if len(kinds) > MOST_ALIKE:
        return strata, np.arange(len(strata.labels))
    counts = _summed(strata.counts, cell.ravel(), len(kinds))
    _, first, like = np.unique(_key(counts), axis=0, return_index=True, return_inverse=True)
    rows, labels = counts[first], tuple(strata.labels[each] for each in first)
    numbers = {name: strata.numbers[name] for name in at if name in strata.numbers}
    return CountedStrata(labels, {name: strata.axes[name] for name in at}, kinds, rows, numbers), like.ravel()


def _key(counts: Counts) -> Counts:
    """One number for the counts of each replicate where one can hold them, which sorts sooner; else themselves."""
    base = int(counts.max(initial=0)) + 1
    return counts @ base ** np.arange(counts.shape[1]) if base ** counts.shape[1] < 2**62 else counts


@dataclass(frozen=True)
class RowStrata(ArrayStrata):
    """Replicates as rows, their levels those of a population: not only the levels that happen to occur."""

    axes: Mapping[str, tuple[str, ...]]

    def levels(self, column: str) -> tuple[str, ...]:
        """The levels of a variable."""
        return self.axes[column] if column in self.axes else super().levels(column)


def _summed(counts: Counts, cell: NDArray[np.intp], cells: int) -> Counts:
    """Counts of patterns added up by the cell that each falls into, shape (replicates, cells)."""
    order = np.argsort(cell, kind="stable")
    first = np.flatnonzero(np.diff(cell[order], prepend=-1))
    if len(first) == len(cell) == cells:  # each cell has one pattern
        return counts[:, order]
    total = np.zeros((len(counts), cells), dtype=np.int64)
    if counts.shape[1]:
        total[:, cell[order][first]] = np.add.reduceat(counts[:, order], first, axis=1)
    return total
