"""Check a patient table against the vocabulary.

Messages name rows and columns and never show what a patient's value was. Rows count patients; the header is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from sarcoid_epi.errors import DataError, Problem, unknown
from sarcoid_epi.patients.meaning import FIRST_YEAR, LAST_YEAR, cast
from sarcoid_epi.patients.source import columns_of, mapped
from sarcoid_epi.vocabulary import MODALITIES, PATIENT, PATIENT_BY_NAME, Kind, Variable

Verdict = Literal["pass", "warn", "stop"]

#: Columns that have something to say only where another is true.
ONLY_WHERE = {
    **{f"{said}_{m}": f"imaging_{m}" for said in ("indication", "date", "reading") for m in MODALITIES},
    "marrow_uptake": "imaging_fdg_pet",
    "bone_histology": "bone_biopsy",
    "osseous_record_date": "osseous_recorded",
    "lesion_type": "osseous_recorded",
    "reading_substudy": "in_substudy",
    "muscle_form": "muscle_symptomatic",
    "treatment_start_date": "systemic_therapy",
    "remission_years": "remission",
    "relapse_years": "relapse",
    "new_osseous_record_years": "new_osseous_record",
}

#: What becomes of a column that is not in the codebook and near to none of it.
OUTSIDE = "ignored, unless a model names it; if it is one of the codebook, rename it or name it in a --mapping file"

#: Years from diagnosis that cannot lie after the end of follow-up.
AFTER_THE_END = {
    "years_since_diagnosis": "met after the end of follow-up",
    "remission_years": "remission after the end of follow-up",
    "relapse_years": "relapse after the end of follow-up",
    "new_osseous_record_years": "a new record after the end of follow-up",
}


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


def read_patients(path: Path, mapping: Mapping[str, str] | None = None, own: Collection[str] = ()) -> pd.DataFrame:
    """The patient table of a file, in the vocabulary's types; `own` names columns of the user's that are kept too.

    These are flags where every value is one (yes and no, true and false, 1 and 0), else numbers where every value is
    one, else categories, their levels in the order of the alphabet.

    Raises
    ------
    DataError
        When the check says stop; every reason is listed.
    """
    checked = check(path, mapping, own)
    stops = [issue for issue in checked.issues if issue.verdict == "stop"]
    if stops:
        raise DataError(*(Problem(str(issue), Path(path).name) for issue in stops))
    return checked.frame


def check(path: Path, mapping: Mapping[str, str] | None = None, own: Collection[str] = ()) -> Checked:
    """Check a CSV or Parquet file against the vocabulary.

    Parameters
    ----------
    path : Path
        `.csv`, `.tsv`, `.txt` (separator comma, semicolon or tab, taken from the header; a decimal comma is understood
        unless the separator is a comma) or `.parquet`.
    mapping : mapping of str to str, optional
        Column names of the file to names of the vocabulary.
    own : collection of str
        Columns outside the vocabulary that are kept, as `read_patients` says.

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
    raw, decimal = columns_of(path)
    raw = mapped(raw, mapping or {}, path.name)
    rows = len(raw)
    issues = [issue for issue in _columns(raw) if issue.column not in own]
    typed: dict[str, Any] = {}
    wrong: dict[str, np.ndarray] = {}
    for variable in PATIENT:
        if variable.name in raw.columns:
            typed[variable.name], wrong[variable.name] = cast(variable, raw[variable.name], decimal)
            issues += _understood(variable, wrong[variable.name])
    frame = pd.DataFrame(typed, index=raw.index)
    issues += _completeness(frame, wrong)
    issues += _limits(frame)
    issues += _rules(frame)
    frame = frame.assign(**{name: _own(name, raw[name], decimal) for name in own if name in raw and name not in frame})
    if rows == 0:
        issues.append(Issue("completeness", "table", "there are no patients", 0, 0, "stop", "give at least one row"))
    order = ("conformance", "completeness", "plausibility")  # within a category as found, so in the codebook's order
    return Checked(frame, tuple(sorted(issues, key=lambda issue: order.index(issue.category))))


def _own(name: str, values: pd.Series, decimal: str) -> Any:
    """A column of the user's, as the first kind that understands all of its values."""
    kinds: tuple[Kind, ...] = ("flag", "number")
    for kind in kinds:
        typed, wrong = cast(Variable(name, kind, name, "own"), values, decimal)
        if not wrong.any():
            return typed
    typed, _ = cast(Variable(name, "category", name, "own"), values, decimal)
    return typed


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
        follows = f"ignored; {hint}" if hint else OUTSIDE
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


def _completeness(frame: pd.DataFrame, wrong: Mapping[str, np.ndarray]) -> list[Issue]:
    """Fields with nothing in them; those that were not understood are told elsewhere."""
    issues = []
    for name, values in frame.items():
        missing = values.isna() & ~wrong[str(name)]
        done = ONLY_WHERE.get(str(name))
        if done in frame.columns:
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
        *((name, "follow_up_years", _after(name, "follow_up_years"), found) for name, found in AFTER_THE_END.items()),
        ("relapse_years", "remission_years", _after("remission_years", "relapse_years"), "relapse before remission"),
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


def _after(name: str, other: str) -> Any:
    return lambda frame: frame[name] > frame[other]


def _read_unseen(name: Any) -> Any:
    return lambda frame: frame[name].notna() & frame[name.replace("reading", "imaging")].eq(False)


def _site_without(name: Any) -> Any:
    return lambda frame: frame[name].eq(True) & frame["osseous_recorded"].eq(False)
