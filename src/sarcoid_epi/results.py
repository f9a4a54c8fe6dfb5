"""Answers as data: rows of numbers (`estimates`) and how they were made (`runs`), joined by `run`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sarcoid_epi.errors import ConfigurationError, Problem, unknown
from sarcoid_epi.files import write_text
from sarcoid_epi.measures import MEASURES, split
from sarcoid_epi.vocabulary import PATIENT_BY_NAME, label

#: Significant digits on disk: full precision differs between processors.
DIGITS = 8


@dataclass(frozen=True)
class Run:
    """How one set of estimates was made. `references` are keys of registered sources."""

    run: str
    estimator: str
    estimand: str
    label: str
    references: str
    rests_on: str
    assumes: str
    data: str
    package_version: str


@dataclass(frozen=True)
class Estimate:
    """One number that answers a question; proportions in [0, 1], times in years from diagnosis."""

    run: str
    term: str
    group: str
    time: float
    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    conf_level: float
    n: float
    events: float
    note: str

    @property
    def id(self) -> str:
        """The address of the number in a report; a time, where there is one, is part of it."""
        return f"{self.run}:{self.term}:{self.group}" + ("" if np.isnan(self.time) else f":{self.time:g}")


ESTIMATE_COLUMNS = tuple(field.name for field in fields(Estimate))
RUN_COLUMNS = tuple(field.name for field in fields(Run))


@dataclass(frozen=True)
class Estimates:
    """Estimates with their runs. They add, filter and write; they neither draw nor compute."""

    rows: tuple[Estimate, ...]
    runs: tuple[Run, ...]

    def __add__(self, other: Estimates) -> Estimates:
        known = {run.run: run for run in self.runs}
        for run in other.runs:
            if known.setdefault(run.run, run) != run:
                raise ConfigurationError(Problem(f"two different runs are both called '{run.run}'"))
        rows: dict[str, Estimate] = {}
        for row in (*self.rows, *other.rows):
            if not _same(rows.setdefault(row.id, row), row):
                raise ConfigurationError(Problem(f"two different estimates are both called '{row.id}'"))
        return Estimates(tuple(rows.values()), tuple(known.values()))

    def frame(self) -> pd.DataFrame:
        """The estimates as a table with the columns of `estimates.csv`; counts that are unknown are missing."""
        table = pd.DataFrame([astuple(row) for row in self.rows], columns=list(ESTIMATE_COLUMNS))
        return table.astype({"n": "Int64", "events": "Int64"})

    def run_frame(self) -> pd.DataFrame:
        """The runs as a table with the columns of `runs.csv`."""
        return pd.DataFrame([astuple(run) for run in self.runs], columns=list(RUN_COLUMNS))

    def of(self, *runs: str, group: str | None = None) -> Estimates:
        """Only the rows of these runs (and of one group)."""
        rows = tuple(r for r in self.rows if (not runs or r.run in runs) and (group is None or r.group == group))
        kept = {row.run for row in rows}
        return Estimates(rows, tuple(run for run in self.runs if run.run in kept))

    def remarked(self, remark: str) -> Estimates:
        """The same with a remark added to every note; without a remark, the same."""
        if not remark:
            return self
        rows = (replace(row, note="; ".join(filter(None, (row.note, remark)))) for row in self.rows)
        return Estimates(tuple(rows), self.runs)

    def one(self, id: str) -> Estimate:
        """The row with an id; a missing one is an error, so that no report prints an invented number."""
        for row in self.rows:
            if row.id == id:
                return row
        raise ConfigurationError(unknown("estimate", id, {row.id for row in self.rows}))

    def write(self, folder: Path) -> list[Path]:
        """`estimates.csv` and `runs.csv`, newline "\\n", numbers at 8 significant digits."""
        paths = [folder / "estimates.csv", folder / "runs.csv"]
        for path, table in zip(paths, (self.frame(), self.run_frame()), strict=True):
            write_text(path, to_csv(table))
        return paths

    def __str__(self) -> str:
        said = {run.run: run for run in self.runs}
        return "\n".join(sentence(row, said[row.run]) for row in self.rows)


def _same(one: Estimate, other: Estimate) -> bool:
    """Equal in every field, where two unknown numbers are equal."""
    return all(a == b or (a != a and b != b) for a, b in zip(astuple(one), astuple(other), strict=True))


def to_csv(table: pd.DataFrame) -> str:
    """A table as CSV text, the same bytes everywhere."""
    return table.to_csv(index=False, lineterminator="\n", float_format=f"%.{DIGITS}g")


def read(folder: Path) -> Estimates:
    """Estimates from the two files that `write` made.

    Raises
    ------
    ConfigurationError
        When one of the files is not there or has other columns.
    """
    rows = _table(folder / "estimates.csv", ESTIMATE_COLUMNS)
    runs = _table(folder / "runs.csv", RUN_COLUMNS)
    return Estimates(
        tuple(Estimate(**record) for record in _records(rows)),
        tuple(Run(**record) for record in _records(runs)),
    )


_NUMBERS = ("time", "estimate", "std_error", "conf_low", "conf_high", "conf_level", "n", "events")


def _table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Text stays text: a group called 2010 or a version 1.0 is no number."""
    try:
        table = pd.read_csv(
            path,
            keep_default_na=False,
            na_values={name: [""] for name in _NUMBERS},
            dtype={name: float if name in _NUMBERS else str for name in columns},
            float_precision="round_trip",
        )
    except OSError:
        raise ConfigurationError(Problem(f"there is no file '{path}'", do="name the folder of a report")) from None
    except ValueError:
        table = pd.DataFrame()
    if tuple(table.columns) != columns:
        raise ConfigurationError(Problem("does not hold results", str(path), do="name the folder of a report"))
    return table


def _records(table: pd.DataFrame) -> Iterable[dict[str, Any]]:
    return ({str(key): value for key, value in record.items()} for record in table.to_dict("records"))


def sentence(row: Estimate, run: Run) -> str:
    """A row as a reader wants it: label and term, counts, the number with its limits, and what it rests on."""
    who = "" if row.group == "all" else f", {row.group}"
    counts = "" if np.isnan(row.n) else f" n = {row.n:.0f};"
    counts = counts if np.isnan(row.events) or not counts else f" {row.events:.0f} of {row.n:.0f};"
    if np.isnan(row.estimate):
        value = " not estimable"
    else:
        limits = ""
        if np.isfinite(row.conf_low) and np.isfinite(row.conf_high):
            limits = (
                f" ({row.conf_level:.0%} limits {shown(row.conf_low, row.term)} to {shown(row.conf_high, row.term)})"
            )
        value = f" {shown(row.estimate, row.term)}{limits}"
    note = f" [{row.note}]" if row.note else ""
    return f"{run.label}: {label(row.term)}{who}:{counts}{value}{note}; rests on {run.rests_on}"


#: Units of terms that are no shares and no variables; terms that begin with "odds" are ratios.
UNITS = {
    "tau": "",
    "tau_apparent": "",
    "true_per_record": "",
    "people_with_sarcoidosis": "people",
    "people_unrecorded": "people",
}


def is_share(term: str) -> bool:
    """Whether a term's number is a proportion; the vocabulary's numbers are in their own unit."""
    term = term.removeprefix("prior_")
    measure, _ = split(term)
    if measure:
        return MEASURES[measure].unit == "share"
    variable = PATIENT_BY_NAME.get(term)
    plain = term in UNITS or term.startswith("odds_")
    return not plain and (variable is None or variable.kind not in ("integer", "number"))


def shown(value: float, term: str) -> str:
    """A number as people read it: a share in per cent, anything else in its unit."""
    term = term.removeprefix("prior_")
    if is_share(term):
        return percent(value)
    measure, of = split(term)
    if measure:
        return _measured(value, MEASURES[measure].unit, of)
    variable = PATIENT_BY_NAME.get(term)
    unit = variable.unit if variable else UNITS.get(term, "")
    if unit == "people":
        return _people(value)
    return f"{value:.4g}{f' {unit}' if unit else ''}"


def _measured(value: float, unit: str, of: str) -> str:
    """A number in the unit of its measure."""
    if np.isinf(value):
        return "infinite"
    if unit == "points":
        return f"{100 * value:.1f} points"
    if unit == "p":
        return "< 0.0001" if value < 0.0001 else f"{value:.2g}"
    if unit in ("people", "years"):
        return _people(value) if unit == "people" else f"{value:.2f} years"
    variable = PATIENT_BY_NAME.get(re.split("[=@]", of)[0])
    own = variable.unit if variable and unit == "own" else ""
    return f"{value:.3g}{f' {own}' if own else ''}"


def _people(number: float) -> str:
    return "1 person" if round(number) == 1 else f"{grouped(number)} people"


def grouped(number: float) -> str:
    """A number of people, in groups of three digits.

    >>> grouped(1000000.0)
    '1 000 000'
    """
    return f"{number:,.0f}".replace(",", " ")


def percent(share: float) -> str:
    """A share as people read it: two decimals below one per cent, else one.

    >>> percent(0.0054), percent(0.1412), percent(1.0), percent(0.0)
    ('0.54 %', '14.1 %', '100.0 %', '0.0 %')
    """
    if np.isnan(share):
        return "–"
    value = 100 * share
    return f"{value:.2f} %" if 0 < abs(value) < 1 else f"{value:.1f} %"
