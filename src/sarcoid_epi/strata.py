"""A cohort seen through groups. The whole cohort is one stratum, centres are strata, a replicate is just a stratum.

Estimators ask for counts by group and never learn what stands behind: a pandas table, arrays of thousands of
replicates, or tallies that were published or sent by a hospital. Group axis first, always.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sarcoid_epi.errors import DataError, Problem, unknown
from sarcoid_epi.vocabulary import PATIENT_BY_NAME

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

WHOLE = "all"
UNKNOWN_GROUP = "missing"

#: The levels of a flag, in the order of their codes.
FLAG = ("no", "yes")


class Patterns(NamedTuple):
    """Values that occur together and the patients with them: a code of a flag or category, a number, the day of a date.

    Days are counted from the beginning of 1970.
    `values` has shape (P, columns) where the groups share the patterns, else (G, P, columns); `counts` has (G, P).
    """

    values: Floats
    counts: Counts


class Strata(Protocol):
    """What an estimator may ask of a cohort."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The groups, in order; G of them."""
        ...

    @property
    def columns(self) -> frozenset[str]:
        """The variables there are."""
        ...

    def levels(self, column: str) -> tuple[str, ...]:
        """The levels of a variable, in the order of the axis it gets in a table; a flag has "no" and "yes"."""
        ...

    def n(self, where: str = "") -> Counts:
        """Patients in each group, or those of them with the flag `where` set. Shape (G,)."""
        ...

    def events(self, column: str) -> tuple[Counts, Counts]:
        """Patients in each group with the flag set, and patients in whom it is known. Shapes (G,), (G,)."""
        ...

    def table(self, *columns: str) -> Counts:
        """Patients by group and level of each variable, those with a missing one left out. Shape (G, levels, ...)."""
        ...

    def patterns(self, *columns: str, lacking: Sequence[str] = ()) -> Patterns:
        """What values patients have together, and how many patients have them.

        Patients with a missing value are left out, unless it is `lacking` that may be missing: then it is NaN.
        """
        ...

    def moments(self, column: str) -> tuple[Counts, Floats, Floats]:
        """Of a number, by group: in how many it is known, its mean, and its standard deviation (n - 1). Shapes (G,)."""
        ...

    def frames(self) -> Iterator[pd.DataFrame]:
        """The groups as data frames, for methods that need rows."""
        ...


def _demand_flag(column: str, levels: tuple[str, ...]) -> None:
    if levels != FLAG:
        why = "events are counted of what is yes or no"
        raise DataError(Problem(f"'{column}' is no flag", why=why, do="name a flag"))


@dataclass(frozen=True)
class _Coded(ABC):
    """Whole-number codes behind the counts: -1 is missing, everything else a level. Shared by the two backings."""

    labels: tuple[str, ...]

    @abstractmethod
    def codes(self, column: str) -> NDArray[Any]:
        """The code of each patient, in the shape of the backing."""

    @abstractmethod
    def levels(self, column: str) -> tuple[str, ...]:
        """The levels that the codes number."""

    @property
    @abstractmethod
    def group(self) -> NDArray[Any]:
        """The group of each patient, in the shape of the codes."""

    @abstractmethod
    def numbers(self, column: str) -> Floats:
        """The number of each patient, NaN where missing, in the shape of the codes."""

    def n(self, where: str = "") -> Counts:
        return self.events(where)[0] if where else np.bincount(self.group.ravel(), minlength=len(self.labels))

    def moments(self, column: str) -> tuple[Counts, Floats, Floats]:
        values, groups = self.numbers(column), len(self.labels)
        known = ~np.isnan(values)
        group, values = self.group[known], values[known]
        n = np.bincount(group, minlength=groups)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(group, values, minlength=groups) / n
            squares = np.bincount(group, (values - mean[group]) ** 2, minlength=groups)
            return n, mean, np.sqrt(squares / np.where(n > 1, n - 1, np.nan))

    def events(self, column: str) -> tuple[Counts, Counts]:
        _demand_flag(column, self.levels(column))
        counts = self.table(column)
        return counts[:, 1], counts.sum(axis=1)

    def patterns(self, *columns: str, lacking: Sequence[str] = ()) -> Patterns:
        read = [self._values(column).ravel() for column in columns]
        group = self.group.ravel()
        known = np.ones(group.shape, dtype=bool)
        for name, one in zip(columns, read, strict=True):
            known &= ~np.isnan(one) | (name in lacking)
        group = group[known].astype(np.int64)
        values = np.stack([values[known] for values in read], axis=-1)
        return _shared(group, values, len(self.labels)) or _apart(group, values, len(self.labels))

    def _values(self, column: str) -> Floats:
        """Codes, numbers or days, NaN where missing."""
        declared = PATIENT_BY_NAME.get(column)
        if declared and declared.kind in ("integer", "number", "date"):
            return self.numbers(column)
        try:
            codes = self.codes(column)
        except DataError:
            return self.numbers(column)
        return np.where(codes < 0, np.nan, codes)

    def table(self, *columns: str) -> Counts:
        shape = (len(self.labels), *(len(self.levels(column)) for column in columns))
        codes = [self.codes(column) for column in columns]
        known = np.logical_and.reduce([code >= 0 for code in codes]) if codes else np.ones(self.group.shape, bool)
        cell = self.group.astype(np.int64)
        for code, size in zip(codes, shape[1:], strict=True):
            cell = cell * size + code
        return np.bincount(cell[known], minlength=int(np.prod(shape))).reshape(shape)


def _days(dates: NDArray[Any]) -> Floats:
    """Dates as days from the beginning of 1970, NaN where there is none."""
    days = dates.astype("datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(np.int64))


def _ranks(values: Floats) -> tuple[Counts, int]:
    """A number for each distinct row, in the order of the rows, and how many there are."""
    rank, size = np.zeros(len(values), dtype=np.int64), 1
    for column in values.T:
        code, levels = _numbered(np.ascontiguousarray(column))
        rank, size = _numbered(rank * levels + code, size * levels)
    return rank, size


def _numbered(values: NDArray[Any], span: int = 0) -> tuple[Counts, int]:
    """Distinct values numbered in their order, NaN last, and how many there are; `span` is above whole numbers from 0.

    Whole numbers of a narrow range are looked up in a table, others hashed: of a million patients nothing but the
    distinct values is sorted.
    """
    if not len(values):
        return np.zeros(0, dtype=np.int64), 0
    if not span:
        low, high = values.min(), values.max()  # NaN where there is any
        narrow = bool(np.isfinite([low, high]).all()) and high - low < len(values) + 1000
        if narrow and (np.floor(values) == values).all():
            values, span = values - low, int(high - low) + 1
    if 0 < span <= 4 * len(values) + 1000:
        key = values.astype(np.int64)
        there = np.zeros(span, dtype=bool)
        there[key] = True
        return (np.cumsum(there) - 1)[key], int(there.sum())
    codes, distinct = pd.factorize(values, sort=True, use_na_sentinel=False)
    return codes.astype(np.int64), len(distinct)


def merged(patterns: Patterns, columns: Sequence[int]) -> Patterns:
    """Patterns of some of the columns: those that no longer differ are one."""
    groups = len(patterns.counts)
    group, at = np.nonzero(patterns.counts)
    wide = np.broadcast_to(patterns.values, (*patterns.counts.shape, patterns.values.shape[-1]))
    values, n = wide[group, at][:, list(columns)], patterns.counts[group, at]
    return _shared(group, values, groups, n) or _apart(group, values, groups, n)


def _shared(group: Counts, values: Floats, groups: int, n: Counts | None = None) -> Patterns | None:
    """Patterns that all groups share, unless there would be many more of them than patients."""
    rank, size = _ranks(values)
    if groups > 1 and groups * size > 4 * len(values):
        return None
    one = np.zeros(size, dtype=np.int64)  # of the rows that are alike, any
    one[rank] = np.arange(len(values))
    counts = np.bincount(group * size + rank, n, minlength=groups * size).astype(np.int64)
    return Patterns(values[one], counts.reshape(groups, size))


def _apart(group: Counts, values: Floats, groups: int, n: Counts | None = None) -> Patterns:
    """Each group's own patterns, filled up with rows that nobody has."""
    rank, size = _ranks(np.column_stack([group, values]))
    one = np.zeros(size, dtype=np.int64)  # of the rows that are alike, any
    one[rank] = np.arange(len(values))
    owner = group[one]
    place = np.arange(size) - np.searchsorted(owner, np.arange(groups))[owner]
    widest = int(place.max(initial=0)) + 1
    own = np.zeros((groups, widest, values.shape[1]))
    counts = np.zeros((groups, widest), dtype=np.int64)
    own[owner, place], counts[owner, place] = values[one], np.bincount(rank, n, minlength=size)
    return Patterns(own, counts)


@dataclass(frozen=True)
class FrameStrata(_Coded):
    """A patient table in groups: by one of its variables, or whole."""

    frame: pd.DataFrame
    by: str = ""

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(self.frame.columns)

    @cached_property
    def group(self) -> NDArray[np.int64]:
        if not self.by:
            return np.zeros(len(self.frame), dtype=np.int64)
        codes = _frame_codes(self.frame, self.by)
        return np.where(codes < 0, len(self.labels) - 1, codes)

    def codes(self, column: str) -> NDArray[np.int64]:
        self._demand(column)
        return _frame_codes(self.frame, column)

    def levels(self, column: str) -> tuple[str, ...]:
        self._demand(column)
        return _frame_levels(self.frame, column)

    def numbers(self, column: str) -> Floats:
        self._demand(column)
        values = self.frame[column]
        if pd.api.types.is_datetime64_any_dtype(values):
            return _days(values.to_numpy())
        return values.to_numpy(dtype=float, na_value=np.nan)

    def frames(self) -> Iterator[pd.DataFrame]:
        for number in range(len(self.labels)):
            yield self.frame[self.group == number]

    def _demand(self, column: str) -> None:
        if column not in self.frame.columns:
            raise DataError(unknown("column", column, [str(name) for name in self.frame.columns]))


def whole(frame: pd.DataFrame) -> FrameStrata:
    """A patient table as one stratum."""
    return FrameStrata((WHOLE,), frame)


def by(frame: pd.DataFrame, column: str) -> FrameStrata:
    """A patient table in the groups of a flag or category; patients in whom it is missing are a group of their own."""
    if column not in frame.columns:
        raise DataError(unknown("column", column, [str(name) for name in frame.columns]))
    labels = tuple(f"{column}={level}" for level in _frame_levels(frame, column))
    if (_frame_codes(frame, column) < 0).any():
        labels = (*labels, f"{column}={UNKNOWN_GROUP}")
    return FrameStrata(labels, frame, column)


def _frame_levels(frame: pd.DataFrame, column: str) -> tuple[str, ...]:
    values = frame[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        return tuple(str(level) for level in values.cat.categories)
    if _is_flag(values, column):
        return FLAG
    raise _no_levels(column)


def _frame_codes(frame: pd.DataFrame, column: str) -> NDArray[np.int64]:
    values = frame[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        return np.asarray(values.cat.codes, dtype=np.int64)
    if values.dtype == bool:
        return values.to_numpy().astype(np.int64)
    if isinstance(values.dtype, pd.BooleanDtype):
        return values.to_numpy(dtype=np.int64, na_value=-1)
    if _is_flag(values, column):
        numbers = values.astype("Float64").fillna(-1).to_numpy(dtype=float)
        if not np.isin(numbers, (-1, 0, 1)).all():
            raise DataError(Problem(f"'{column}' holds more than yes and no", do="read the table with read_patients"))
        return numbers.astype(np.int64)
    raise _no_levels(column)


def _no_levels(column: str) -> DataError:
    return DataError(Problem(f"'{column}' has no levels to count", do="name a flag or a category"))


def _is_flag(values: pd.Series[Any], column: str) -> bool:
    declared = PATIENT_BY_NAME.get(column)
    return pd.api.types.is_bool_dtype(values) or (declared is not None and declared.kind == "flag")


@dataclass(frozen=True)
class ArrayStrata(_Coded):
    """Replicated cohorts: each column an array of shape (replicates, patients); flags bool, or 0/1 with -1 missing."""

    arrays: Mapping[str, NDArray[Any]]

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(self.arrays)

    @cached_property
    def group(self) -> NDArray[np.int64]:
        rows, patients = next(iter(self.arrays.values())).shape
        return np.broadcast_to(np.arange(rows)[:, None], (rows, patients))

    def codes(self, column: str) -> NDArray[Any]:
        self._demand(column)
        codes = self.arrays[column]
        return codes.view(np.int8) if codes.dtype == bool else codes

    def levels(self, column: str) -> tuple[str, ...]:
        self._demand(column)
        declared = PATIENT_BY_NAME.get(column)
        if declared and declared.kind == "category":
            return declared.levels or tuple(str(level) for level in range(int(self.codes(column).max()) + 1))
        if declared and declared.kind != "flag":
            raise _no_levels(column)
        return FLAG

    def numbers(self, column: str) -> Floats:
        self._demand(column)
        values = self.arrays[column]
        return _days(values) if values.dtype.kind == "M" else values.astype(float)

    def n(self, where: str = "") -> Counts:
        if where:
            return self.events(where)[0]
        rows, patients = next(iter(self.arrays.values())).shape
        return np.full(rows, patients, dtype=np.int64)

    def events(self, column: str) -> tuple[Counts, Counts]:
        codes = self.codes(column)
        _demand_flag(column, self.levels(column))
        return (codes == 1).sum(axis=1), (codes >= 0).sum(axis=1)

    def frames(self) -> Iterator[pd.DataFrame]:
        for number in range(len(self.labels)):
            yield pd.DataFrame({name: self._as_column(name, values[number]) for name, values in self.arrays.items()})

    def _demand(self, column: str) -> None:
        if column not in self.arrays:
            raise DataError(unknown("column", column, self.arrays))

    def _as_column(self, name: str, codes: NDArray[Any]) -> Any:
        declared = PATIENT_BY_NAME.get(name)
        if declared and declared.kind == "category":
            return pd.Categorical.from_codes(codes.tolist(), categories=pd.Index(self.levels(name)))
        if declared and declared.kind == "flag":
            return pd.arrays.BooleanArray(codes == 1, codes.astype(np.int8) < 0)
        return codes


def replicated(arrays: Mapping[str, NDArray[Any]]) -> ArrayStrata:
    """Replicated cohorts as strata, one for each replicate."""
    rows = next(iter(arrays.values())).shape[0]
    return ArrayStrata(tuple(f"replicate={number}" for number in range(rows)), arrays)


@dataclass(frozen=True)
class TallyStrata:
    """Counts without patients: published series, or hospitals that send tallies only.

    `counts` has shape (G, levels of each variable ...); `axes` names the variables and their levels in that order.
    """

    labels: tuple[str, ...]
    axes: tuple[tuple[str, tuple[str, ...]], ...]
    counts: Counts

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.axes)

    def levels(self, column: str) -> tuple[str, ...]:
        return self.axes[self._axis(column)][1]

    def n(self, where: str = "") -> Counts:
        return self.events(where)[0] if where else self.counts.reshape(len(self.labels), -1).sum(axis=1)

    def events(self, column: str) -> tuple[Counts, Counts]:
        _demand_flag(column, self.levels(column))
        counts = self.table(column)
        return counts[:, 1], counts.sum(axis=1)

    def table(self, *columns: str) -> Counts:
        kept = [self._axis(column) + 1 for column in columns]
        summed = tuple(axis for axis in range(1, self.counts.ndim) if axis not in kept)
        order = np.argsort(np.argsort(kept))
        return np.transpose(self.counts.sum(axis=summed), (0, *(order + 1)))

    def patterns(self, *columns: str, lacking: Sequence[str] = ()) -> Patterns:
        counts = self.table(*columns)
        cells = np.indices(counts.shape[1:]).reshape(len(columns), -1).T
        return Patterns(cells.astype(float), counts.reshape(len(self.labels), -1))

    def moments(self, column: str) -> tuple[Counts, Floats, Floats]:
        raise DataError(Problem("these are tallies, not patients", do="choose a method that works on counts"))

    def frames(self) -> Iterator[pd.DataFrame]:
        raise DataError(Problem("these are tallies, not patients", do="choose a method that works on counts"))

    def _axis(self, column: str) -> int:
        names = [name for name, _ in self.axes]
        if column not in names:
            raise DataError(unknown("column", column, names))
        return names.index(column)


def published(study: Sequence[str], events: Sequence[int], n: Sequence[int], column: str) -> TallyStrata:
    """Published counts of a flag as one stratum, each series a level of the variable `study`.

    Raises
    ------
    DataError
        When a series has more events than patients, or a number is missing.
    """
    if not len(study) == len(events) == len(n):
        what = f"{len(study)} series with {len(events)} events and {len(n)} n"
        raise DataError(Problem(what, do="give every series its events and its n"))
    wrong = [
        Problem(f"{x} events in {size} patients", name, do="correct the counts")
        for name, x, size in zip(study, events, n, strict=True)
        if not 0 <= x <= size
    ]
    if wrong:
        raise DataError(*wrong)
    yes = np.asarray(events, dtype=np.int64)
    counts = np.stack([np.asarray(n, dtype=np.int64) - yes, yes], axis=-1)[None]
    return TallyStrata((WHOLE,), (("study", tuple(study)), (column, FLAG)), counts)
