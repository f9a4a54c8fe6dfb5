"""The patient table: read it, check it against the vocabulary, and make it safe for the engines.

A CSV file is read as text, so that a value that is there but cannot be understood is an issue and never a silent gap.
Messages name rows and columns and never show what a patient's value was. Rows count patients; the header is none.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
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
#: A date before or after these is a code for something else, as 9999-12-31 is.
FIRST_YEAR, LAST_YEAR = 1850, 2150

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_COUNTED = re.compile(r"0|[1-9]\d{0,17}", re.ASCII)

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
        When there is no such file or it is of no known kind, or the mapping names a column that does not exist.
    DataError
        When it cannot be read as a table.

    Notes
    -----
    Flags are 1/0, true/false or yes/no, dates YYYY-MM-DD, levels those of the codebook in any case. A number needs no
    more than digits, sign and decimal mark: thousands separators are refused, for nobody can tell 1.234 from 1,234.
    """
    path = Path(path)
    raw, decimal = _raw(path)
    raw = _mapped(raw, mapping or {}, path.name)
    rows = len(raw)
    issues = _columns(raw)
    typed: dict[str, Any] = {}
    for variable in PATIENT:
        if variable.name in raw.columns:
            typed[variable.name], wrong = _cast(variable, raw[variable.name], decimal)
            issues += _understood(variable, wrong)
    frame = pd.DataFrame(typed, index=raw.index)
    issues += _completeness(frame)
    issues += _limits(frame)
    issues += _rules(frame)
    if rows == 0:
        issues.append(Issue("completeness", "table", "there are no patients", 0, 0, "stop", "give at least one row"))
    order = ("conformance", "completeness", "plausibility")  # within a category as found, so in the codebook's order
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
            numbers = _zero_one(values, str(name))
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


def _zero_one(values: pd.Series, name: str) -> np.ndarray:
    try:
        numbers = values.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        numbers = np.array([np.inf])
    if not np.isin(numbers[~np.isnan(numbers)], (0, 1)).all():
        raise DataError(Problem(f"'{name}' holds more than yes and no", do="read the table with read_patients"))
    return numbers


def _raw(path: Path) -> tuple[pd.DataFrame, str]:
    """The file as text columns (Parquet keeps its types), and its decimal mark."""
    suffix = path.suffix.lower()
    try:
        if path.is_dir():
            inside = path / "patients.parquet"
            mend = f"did you mean '{inside}'?" if inside.is_file() else "give the path of a CSV or Parquet file"
            raise ConfigurationError(Problem(f"'{path}' is a folder", do=mend))
        if not path.is_file():
            raise ConfigurationError(Problem(f"there is no file '{path}'", do="give the path of a CSV or Parquet file"))
        if suffix == ".parquet":
            return _parquet(path), "."
        if suffix in (".csv", ".tsv", ".txt"):
            return _text_table(path)
    except OSError as error:
        raise ConfigurationError(Problem(f"'{path}' cannot be read", why=_reason(error))) from None
    raise ConfigurationError(
        Problem(f"'{path.name}' is of no known kind", do="give a .csv, .tsv, .txt or .parquet file")
    )


def _reason(error: OSError) -> str:
    return (error.strerror or "the system does not say why").lower()


def _parquet(path: Path) -> pd.DataFrame:
    """A Parquet table with its types; a named index is a column, any other is dropped."""
    with path.open("rb") as file:
        try:
            table = pd.read_parquet(file)
        except (OSError, ValueError, NotImplementedError) as error:
            why = str(error).splitlines()[0]
            raise DataError(Problem("cannot be read as Parquet", path.name, why, "write it again")) from None
    named = [name for name in table.index.names if name is not None and name not in table.columns]
    table = table.reset_index()[[*named, *table.columns]] if named else table.reset_index(drop=True)
    return table.set_axis([str(name).strip() for name in table.columns], axis="columns")


def _text_table(path: Path) -> tuple[pd.DataFrame, str]:
    """A CSV table as text, and its decimal mark: a comma, unless that separates."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = next((line for line in file if line.strip()), "")
            separator = max(",;\t", key=first.count)
            file.seek(0)
            rows = (
                row for row in csv.reader(file, delimiter=separator, skipinitialspace=True) if row not in ([], [""])
            )
            header = next(rows, [])
            _demand_width(rows, len(header), path.name)
        text = pd.read_csv(
            path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig", skipinitialspace=True
        )
    except UnicodeError:
        raise DataError(Problem("is not UTF-8 text", path.name, do="save it as CSV UTF-8")) from None
    except pd.errors.EmptyDataError:
        raise DataError(Problem("is empty", path.name, do="give a header and one row for each patient")) from None
    except (pd.errors.ParserError, csv.Error) as error:
        why = str(error).strip().splitlines()[0].removeprefix("Error tokenizing data. C error: ")
        raise DataError(Problem("cannot be read as a table", path.name, why, "mend the line it names")) from None
    names = [name.strip() or f"column {number} (without a name)" for number, name in enumerate(header, 1)]
    return text.set_axis(names, axis="columns"), "," if separator != "," else "."


def _demand_width(rows: Iterator[list[str]], width: int, file: str) -> None:
    """Refuse a row that is longer or shorter than the header: its values stand in the wrong columns, or are cut off."""
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            what = f"row {number} has {len(row)} fields, the header {width}"
            mend = "give every row all its separators, and quote fields that hold one"
            raise DataError(Problem(what, file, do=mend))


def _mapped(raw: pd.DataFrame, mapping: Mapping[str, str], file: str) -> pd.DataFrame:
    """The table under the vocabulary's names, each of them there once."""
    strange = [unknown("column", own, map(str, raw.columns), f"mapping to {file}") for own in mapping if own not in raw]
    strange += [unknown("variable", ours, PATIENT_BY_NAME, "mapping") for ours in mapping.values()
                if ours not in PATIENT_BY_NAME]  # fmt: skip
    if strange:
        raise ConfigurationError(*strange)
    raw = raw.rename(columns=dict(mapping))
    doubled = sorted({str(name) for name in raw.columns[raw.columns.duplicated()]})
    if doubled:
        raise DataError(
            *(Problem(f"column '{name}' is there twice", file, do="rename or delete one of them") for name in doubled)
        )
    return raw


def _columns(raw: pd.DataFrame) -> list[Issue]:
    present = {str(name) for name in raw.columns}
    hints = {name: _near(name, PATIENT_BY_NAME) for name in sorted(present - PATIENT_BY_NAME.keys())}
    if not present & PATIENT_BY_NAME.keys() and not any(hints.values()):
        # Without a header the first patient's values are the names, and those are not for a message.
        follows = "give the names of the codebook as first row, or a mapping"
        return [Issue("conformance", "table", "no column is in the codebook", 0, 0, "stop", follows)]
    found: list[Issue] = []
    for variable in PATIENT:
        if variable.required and variable.name not in present:
            hint = _near(variable.name, hints)
            follows = "add it, empty where nothing is known" + (f"; {hint}" if hint else "")
            found.append(Issue("conformance", variable.name, "the column is missing", 0, 0, "stop", follows))
    for name, hint in hints.items():
        follows = f"ignored; {hint or 'rename it if it is one of the codebook'}"
        found.append(Issue("conformance", name, "not in the codebook", 0, 0, "warn", follows))
    absent = [v.name for v in PATIENT if not v.required and v.name not in present]
    if absent:
        names = ", ".join(absent[:6]) + (f" and {len(absent) - 6} more" if len(absent) > 6 else "")
        found.append(
            Issue("completeness", "table", f"no column {names}", 0, 0, "warn", "what needs them is not estimated")
        )
    return found


def _near(name: str, known: Mapping[str, Any]) -> str:
    """ "did you mean ...?" where one of the known names is near, else nothing."""
    hint = unknown("column", name, known).do
    return hint if hint.startswith("did you mean") else ""


def _cast(variable: Variable, values: pd.Series, decimal: str) -> tuple[Any, np.ndarray]:
    """Values in the variable's type, and which of them could not be understood."""
    if variable.kind in ("integer", "number", "flag") and _is_numeric(values):
        return _numbers(variable, values.astype("Float64").to_numpy(dtype=float, na_value=np.nan))
    if variable.kind == "flag" and pd.api.types.is_bool_dtype(values):
        return values.astype("boolean").array, np.zeros(len(values), dtype=bool)
    if variable.kind == "date" and pd.api.types.is_datetime64_any_dtype(values):
        return _dates(values)
    if variable.kind == "identifier" and pd.api.types.is_integer_dtype(values) and not values.isna().any():
        return values.astype(np.int64).array, np.zeros(len(values), dtype=bool)
    # Text is understood once for each different value, not once for each patient.
    codes, different = pd.factorize(values.map(str) if _is_nested(values) else values)
    texts = [_plain(value) for value in different]
    known = np.array([text.lower() not in MISSING for text in texts] + [False], dtype=bool)
    meanings = [_meaning(variable, text, decimal) if there else None for text, there in zip(texts, known, strict=False)]
    wrong = known & np.array([meaning is None for meaning in meanings] + [True], dtype=bool)
    return _typed(variable, meanings, codes), (~known if variable.kind == "identifier" else wrong)[codes]


def _is_numeric(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _is_nested(values: pd.Series) -> bool:
    return values.dtype == object and not all(hasattr(value, "__hash__") and value.__hash__ for value in values)


def _numbers(variable: Variable, numbers: np.ndarray) -> tuple[Any, np.ndarray]:
    """Numbers that came as numbers."""
    missing = np.isnan(numbers)
    if variable.kind == "flag":
        wrong = ~missing & ~np.isin(numbers, (0, 1))
        return pd.arrays.BooleanArray(numbers == 1, missing | wrong), wrong
    wrong = np.isinf(numbers)
    if variable.kind == "integer":
        wrong |= ~missing & (numbers != np.floor(numbers))
    return np.where(wrong, np.nan, numbers), wrong


def _dates(values: pd.Series) -> tuple[Any, np.ndarray]:
    """Dates that came as dates; the time of day is no part of them."""
    days = values.dt.tz_localize(None).dt.normalize().astype("datetime64[s]")
    wrong = (days.notna() & ~days.dt.year.between(FIRST_YEAR, LAST_YEAR)).to_numpy(dtype=bool)
    return days.mask(wrong).array, wrong


def _plain(value: Any) -> str:
    """A value as its owner would write it: a whole number stored with a fraction of zero is a whole number."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _meaning(variable: Variable, text: str, decimal: str) -> Any:
    """What a text says about the variable, or None where it says nothing that can be understood."""
    match variable.kind:
        case "identifier":
            return text
        case "category":
            return {level.lower(): level for level in variable.levels}.get(text.lower()) if variable.levels else text
        case "date":
            return _day(text)
    text = text.replace(",", ".").lower() if decimal == "," else text.lower()
    if variable.kind == "flag":
        return True if text in TRUE else False if text in FALSE else None
    number = float(text) if _NUMBER.fullmatch(text) else np.inf
    whole = variable.kind == "number" or number == np.floor(number)
    return number if np.isfinite(number) and whole else None


def _day(text: str) -> np.datetime64 | None:
    parts = _DATE.fullmatch(text)
    if not parts or not FIRST_YEAR <= int(parts[1]) <= LAST_YEAR:
        return None
    try:
        return np.datetime64(date(int(parts[1]), int(parts[2]), int(parts[3])), "s")
    except ValueError:
        return None


def _typed(variable: Variable, meanings: Sequence[Any], codes: np.ndarray) -> Any:
    """A column from the different meanings and which of them each patient has; code -1 is missing."""
    match variable.kind:
        case "identifier":
            if all(meaning is not None and _COUNTED.fullmatch(meaning) for meaning in meanings) and (codes >= 0).all():
                return np.array(meanings, dtype=np.int64)[codes] if meanings else codes
            return np.array([*meanings, None], dtype=object)[codes]
        case "category":
            levels = list(variable.levels) or sorted({m for m in meanings if m is not None}, key=_natural)
            places = {level: place for place, level in enumerate(levels)}
            at = np.array([places.get(meaning, -1) for meaning in meanings] + [-1])
            return pd.Categorical.from_codes(at[codes], categories=pd.Index(levels, dtype=object))
        case "date":
            never = np.datetime64("NaT", "s")
            return np.array([never if meaning is None else meaning for meaning in [*meanings, None]])[codes]
        case "flag":
            true = np.array([meaning is True for meaning in meanings] + [False])
            missing = np.array([meaning is None for meaning in meanings] + [True])
            return pd.arrays.BooleanArray(true[codes], missing[codes])
    return np.array([np.nan if meaning is None else meaning for meaning in meanings] + [np.nan])[codes]


def _natural(level: str) -> tuple[list[tuple[bool, int, str]], str]:
    """Sorts "centre 2" before "centre 10"."""
    parts = re.split(r"([0-9]+)", level)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts], level


def _understood(variable: Variable, wrong: np.ndarray) -> Iterator[Issue]:
    if not wrong.any():
        return
    kinds = {
        "identifier": ("no identifier", "give every patient one"),
        "category": ("not one of its levels", f"write one of {', '.join(variable.levels)}"),
        "flag": ("neither yes nor no", "write 1 or 0"),
        "integer": ("not a whole number", "write whole numbers"),
        "number": ("not a number", "write plain numbers, without unit or thousands separator"),
        "date": ("not a date", f"write YYYY-MM-DD, between {FIRST_YEAR} and {LAST_YEAR}"),
    }
    found, mend = kinds[variable.kind]
    if variable.kind != "identifier":
        mend += ", and missing values as an empty field"
    first = int(np.flatnonzero(wrong)[0]) + 1
    found = f"{found}, first in row {first}"
    yield Issue("conformance", variable.name, found, int(wrong.sum()), len(wrong), "stop", mend)


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
            follows = (
                "nothing can be said about it" if n == rows else "these patients do not count where it is asked for"
            )
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
            checks.append(pa.Check.ge(variable.low))
        if variable.high is not None:
            checks.append(pa.Check.le(variable.high))
        columns[str(name)] = pa.Column(None, checks, nullable=True, unique=variable.kind == "identifier")
    try:
        pa.DataFrameSchema(columns).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        cases = cases[cases["failure_case"].notna()]  # a missing identifier is told once, as such
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
    limit = f"below {variable.low:g}" if rule.startswith("greater_than") else f"above {variable.high:g}"
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
