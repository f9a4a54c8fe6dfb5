"""The patient table: read it, check it against the vocabulary, and make it safe for the engines.

Everything is read as text first, so that a value that is there but cannot be understood is an issue and never a silent
gap. Messages name rows and columns and never show what a patient's value was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from sarcoid_epi.errors import ConfigurationError, DataError, Problem, unknown
from sarcoid_epi.vocabulary import PATIENT, PATIENT_BY_NAME, Variable

#: Ways to write that nothing is known.
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "."})
TRUE = frozenset({"1", "true", "yes", "t", "y", "1.0"})
FALSE = frozenset({"0", "false", "no", "f", "n", "0.0"})

Verdict = Literal["pass", "warn", "stop"]


@dataclass(frozen=True)
class Issue:
    """One line of the check: its category, the column, what was found in `n` of `of` rows, and what follows."""

    category: Literal["conformance", "completeness", "plausibility"]
    column: str
    found: str
    n: int
    of: int
    verdict: Verdict
    follows: str

    def __str__(self) -> str:
        share = f" ({self.n} of {self.of} rows)" if self.n and self.of else ""
        return f"{self.column}: {self.found}{share}; {self.follows}" if self.follows else f"{self.column}: {self.found}"


@dataclass(frozen=True)
class Checked:
    """A patient table in the vocabulary's types, and what the check found in it."""

    frame: pd.DataFrame
    issues: tuple[Issue, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all verdicts."""
        verdicts = {issue.verdict for issue in self.issues}
        return "stop" if "stop" in verdicts else "warn" if "warn" in verdicts else "pass"


def read_patients(path: Path, mapping: Mapping[str, str] | None = None) -> pd.DataFrame:
    """The patient table of a file, in the vocabulary's types.

    Raises
    ------
    DataError
        When the check says stop; every reason is listed.
    """
    checked = check(path, mapping)
    stops = [issue for issue in checked.issues if issue.verdict == "stop"]
    if stops:
        raise DataError(*(Problem(str(issue), Path(path).name) for issue in stops))
    return checked.frame


def check(path: Path, mapping: Mapping[str, str] | None = None) -> Checked:
    """Check a CSV or Parquet file against the vocabulary.

    Parameters
    ----------
    path : Path
        `.csv`, `.tsv`, `.txt` (separator comma, semicolon or tab, taken from the header; a decimal comma is understood
        unless the separator is a comma) or `.parquet`.
    mapping : mapping of str to str, optional
        Column names of the file to names of the vocabulary.

    Returns
    -------
    Checked
        The table with every column it could understand, and the issues by category: conformance (are the values what
        the vocabulary says), completeness (how many are missing), plausibility (limits and rules between columns).

    Raises
    ------
    ConfigurationError
        When there is no such file or it is of no known kind.
    DataError
        When it cannot be read as a table.
    """
    raw, decimal = _raw(Path(path))
    raw = raw.rename(columns=dict(mapping or {}))
    doubled = sorted({str(name) for name in raw.columns[raw.columns.duplicated()]})
    if doubled:
        raise DataError(Problem(f"column '{doubled[0]}' is there twice", Path(path).name, do="rename one of them"))
    rows = len(raw)
    issues = _columns(raw)
    typed: dict[str, Any] = {}
    for variable in PATIENT:
        if variable.name in raw.columns:
            values, wrong, mend = _cast(variable, raw[variable.name], decimal)
            typed[variable.name] = values
            issues += _understood(variable, wrong, mend, rows)
    frame = pd.DataFrame(typed, index=raw.index)
    issues += _completeness(frame)
    issues += _limits(frame)
    issues += _rules(frame)
    if rows == 0:
        issues.append(Issue("completeness", "table", "there are no patients", 0, 0, "stop", "give at least one row"))
    order = ("conformance", "completeness", "plausibility")
    return Checked(frame, tuple(sorted(issues, key=lambda issue: order.index(issue.category))))


def model_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The table as the engines need it: flags 0/1 (NaN where missing), text as categories, no unused level.

    A boolean outcome flips the signs of a statsmodels GLM, nullable types and unused levels break others; so the frame
    is cast once, here.
    """
    safe: dict[str, Any] = {}
    for name, values in frame.items():
        variable = PATIENT_BY_NAME.get(str(name))
        if pd.api.types.is_bool_dtype(values) or (variable is not None and variable.kind == "flag"):
            numbers = values.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
            safe[str(name)] = numbers if np.isnan(numbers).any() else numbers.astype(np.int8)
        elif isinstance(values.dtype, pd.CategoricalDtype):
            safe[str(name)] = values.cat.remove_unused_categories()
        elif pd.api.types.is_string_dtype(values) or values.dtype == object:
            safe[str(name)] = values.astype(object).astype("category")
        elif pd.api.types.is_numeric_dtype(values):
            safe[str(name)] = values.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        else:
            safe[str(name)] = values
    return pd.DataFrame(safe, index=frame.index)


def _raw(path: Path) -> tuple[pd.DataFrame, str]:
    """The file as text columns (Parquet keeps its types), and its decimal mark."""
    if not path.is_file():
        raise ConfigurationError(Problem(f"there is no file '{path}'", do="give the path of a CSV or Parquet file"))
    if path.suffix == ".parquet":
        try:
            return pd.read_parquet(path), "."
        except (OSError, ValueError) as error:
            why = str(error).splitlines()[0]
            raise DataError(Problem("cannot be read as Parquet", path.name, why, "write it again")) from None
    if path.suffix not in (".csv", ".tsv", ".txt"):
        raise ConfigurationError(Problem(f"'{path.name}' is of no known kind", do="give a .csv, .tsv, .txt or .parquet file"))
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
        separator = max(",;\t", key=header.count)
        text = pd.read_csv(
            path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=True
        )
    except UnicodeDecodeError:
        raise DataError(Problem("is not UTF-8 text", path.name, do="save it as CSV UTF-8")) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        why = str(error).strip().splitlines()[0]
        raise DataError(Problem("cannot be read as a table", path.name, why, "see the row it names")) from None
    if isinstance(text.index, pd.MultiIndex) or not isinstance(text.index, pd.RangeIndex):
        raise DataError(Problem("rows have more fields than the header", path.name, do="quote fields with separators"))
    return text, "," if separator != "," else "."


def _columns(raw: pd.DataFrame) -> list[Issue]:
    present = {str(name) for name in raw.columns}
    found: list[Issue] = []
    for variable in PATIENT:
        if variable.required and variable.name not in present:
            near = unknown("column", variable.name, present).do
            hint = f"; {near}" if near.startswith("did you mean") else ""
            follows = f"add it, empty where nothing is known{hint}"
            found.append(Issue("conformance", variable.name, "the column is missing", 0, 0, "stop", follows))
    for name in sorted(present - PATIENT_BY_NAME.keys()):
        near = unknown("column", name, PATIENT_BY_NAME).do
        hint = near if near.startswith("did you mean") else "rename it if it is one of the codebook's"
        found.append(Issue("conformance", name, "not in the codebook", 0, 0, "warn", f"ignored; {hint}"))
    absent = [v.name for v in PATIENT if not v.required and v.name not in present]
    if absent:
        names = ", ".join(absent[:6]) + (f" and {len(absent) - 6} more" if len(absent) > 6 else "")
        found.append(
            Issue("completeness", "table", f"no column {names}", 0, 0, "warn", "what needs them is not estimated")
        )
    return found


def _cast(variable: Variable, values: pd.Series, decimal: str) -> tuple[Any, np.ndarray, str]:
    """Values in the variable's type, which of them could not be understood, and how to write them."""
    if variable.kind == "identifier":
        missing = values.isna() | values.astype(str).str.strip().eq("")
        return values, missing.to_numpy(dtype=bool), "give every patient an identifier"
    text = values.astype("string").str.strip()
    known = ~(text.isna() | text.str.lower().isin(MISSING)).to_numpy(dtype=bool)
    if variable.kind == "flag":
        lower = text.str.lower()
        true, false = lower.isin(TRUE).to_numpy(dtype=bool), lower.isin(FALSE).to_numpy(dtype=bool)
        return pd.array(np.where(true | false, true, None), dtype="boolean"), known & ~true & ~false, "write 1 or 0"
    if variable.kind == "category":
        levels = list(variable.levels) or sorted({str(level) for level in text[known]})
        cast = pd.Categorical(text.where(known).astype(object), categories=levels)
        return cast, known & (cast.codes < 0), f"write one of {', '.join(levels)}" if variable.levels else ""
    if variable.kind == "date":
        dates = pd.to_datetime(text.where(known), format="%Y-%m-%d", errors="coerce")
        if pd.api.types.is_datetime64_any_dtype(values):
            dates = values
        return dates.astype("datetime64[s]"), known & dates.isna().to_numpy(dtype=bool), "write dates as YYYY-MM-DD"
    plain = text.str.replace(",", ".", regex=False) if decimal == "," else text
    numbers = pd.to_numeric(plain.where(known), errors="coerce").astype(float).to_numpy()
    wrong = known & ~np.isfinite(numbers)
    mend = "write plain numbers, missing values as an empty field"
    if variable.kind == "integer":
        wrong |= known & np.isfinite(numbers) & (numbers != np.floor(numbers))
        mend = "write whole numbers, missing values as an empty field"
    return np.where(wrong, np.nan, numbers), wrong, mend


def _understood(variable: Variable, wrong: np.ndarray, mend: str, rows: int) -> list[Issue]:
    if not wrong.any():
        return []
    first = int(np.flatnonzero(wrong)[0]) + 1
    kind = {"identifier": "an identifier", "integer": "a whole number"}.get(variable.kind, f"a {variable.kind}")
    found = f"not {kind}, first in row {first}"
    return [Issue("conformance", variable.name, found, int(wrong.sum()), rows, "stop", mend)]


def _completeness(frame: pd.DataFrame) -> list[Issue]:
    issues = []
    for name, values in frame.items():
        missing = values.isna()
        done = str(name).replace("reading_", "imaging_")
        if done != name and done in frame.columns:
            missing &= frame[done].fillna(False)  # a film that was never taken has no reading to miss
        n, rows = int(missing.sum()), len(frame)
        if n:
            found = "all missing" if n == rows else "missing"
            follows = "nothing can be said about it" if n == rows else "these patients do not count where it is asked for"
            issues.append(Issue("completeness", str(name), found, n, rows, "warn", follows))
    return issues


def _limits(frame: pd.DataFrame) -> list[Issue]:
    """Limits and uniqueness, checked by pandera on a schema made from the vocabulary."""
    import pandera.pandas as pa

    columns = {}
    for name in frame.columns:
        variable = PATIENT_BY_NAME[str(name)]
        checks = []
        if variable.low is not None:
            checks.append(pa.Check.ge(variable.low, name="low"))
        if variable.high is not None:
            checks.append(pa.Check.le(variable.high, name="high"))
        columns[str(name)] = pa.Column(None, checks, nullable=True, unique=variable.kind == "identifier")
    try:
        pa.DataFrameSchema(columns).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        return [
            _outside(str(column), str(rule), group, len(frame))
            for (column, rule), group in cases.groupby(["column", "check"], sort=True)
        ]
    return []


def _outside(column: str, rule: str, cases: pd.DataFrame, rows: int) -> Issue:
    first = int(cases["index"].min()) + 1
    if rule == "field_uniqueness":
        found = f"used more than once, first in row {first}"
        return Issue("conformance", column, found, len(cases), rows, "stop", "one row for each patient")
    variable = PATIENT_BY_NAME[column]
    limit = f"below {variable.low:g}" if rule == "low" else f"above {variable.high:g}"
    found = f"{limit} {variable.unit}".rstrip() + f", first in row {first}"
    return Issue("plausibility", column, found, len(cases), rows, "stop", "correct the values or the unit")


def _rules(frame: pd.DataFrame) -> list[Issue]:
    """What must hold between columns; a breach is worth a look and stops nothing."""
    rules = [
        ("diagnosis_date", "onset_date", lambda f: f["diagnosis_date"] < f["onset_date"], "diagnosis before onset"),
        (
            "age_at_diagnosis",
            "age_at_onset",
            lambda f: f["age_at_diagnosis"] < f["age_at_onset"],
            "younger at diagnosis than at onset",
        ),
        *(
            (name, name.replace("reading", "imaging"), _read_unseen(name), "read although not imaged")
            for name in frame.columns
            if str(name).startswith("reading_")
        ),
        *(
            (name, "osseous_recorded", _site_without(name), "a site on record without osseous disease on record")
            for name in frame.columns
            if str(name).startswith("recorded_")
        ),
    ]
    issues = []
    for column, other, breach, found in rules:
        if {column, other} <= set(frame.columns):
            n = int(breach(frame).fillna(False).sum())
            if n:
                issues.append(
                    Issue("plausibility", str(column), found, n, len(frame), "warn", "used as it stands; look at it")
                )
    return issues


def _read_unseen(name: Any) -> Any:
    return lambda frame: frame[name].notna() & frame[name.replace("reading", "imaging")].eq(False)


def _site_without(name: Any) -> Any:
    return lambda frame: frame[name].eq(True) & frame["osseous_recorded"].eq(False)
