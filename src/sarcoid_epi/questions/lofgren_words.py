"""Rows of the answers on Löfgren syndrome by run and term, and how their numbers are said."""

from __future__ import annotations

from math import isfinite, isnan

from sarcoid_epi.estimators.lofgren_terms import BY_DEFINITION
from sarcoid_epi.measures import split, term
from sarcoid_epi.report.content import Mark
from sarcoid_epi.report.markup import printed
from sarcoid_epi.results import Estimate, Estimates, percent, shown
from sarcoid_epi.vocabulary import PATIENT_BY_NAME, label

BROAD, STRICT = "broad_contrasts", "strict_contrasts"


class Told:
    """Every row for all patients, found by the run and the term."""

    def __init__(self, answers: Estimates) -> None:
        self._rows = {(row.run, row.term): row for row in answers.rows if row.group == "all"}

    def __call__(self, run: str, measure: str, of: str) -> Estimate:
        """The row of a measure of something; one that is not there is an error."""
        return self._rows[run, term(measure, of) if measure else of]

    def has(self, run: str, measure: str, of: str) -> bool:
        """Whether there is such a row."""
        return (run, term(measure, of)) in self._rows

    def of(self, run: str, measure: str) -> dict[str, Estimate]:
        """All rows of a measure, by what they are of."""
        found = ((split(name), row) for (named, name), row in self._rows.items() if named == run)
        return {of: row for (told, of), row in found if told == measure}


def defined(row: Estimate) -> bool:
    """Whether a row says what was defined."""
    return row.note.startswith(BY_DEFINITION.partition(":")[0])


def named(of: str) -> str:
    """A characteristic with its unit."""
    variable = PATIENT_BY_NAME.get(of)
    unit = f", {variable.unit}" if variable and variable.unit else ""
    return f"{label(of)}{unit}"


def small(of: str) -> str:
    """A characteristic in the middle of a sentence; abbreviations keep their capitals."""
    words = label(of)
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def ratio(value: float) -> str:
    """A ratio in two or three digits."""
    if not isfinite(value):
        return "infinite"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def with_limits(row: Estimate) -> str:
    """A ratio with its limits, as far as there are any."""
    if isnan(row.estimate):
        return "–"
    if isnan(row.conf_low):
        return ratio(row.estimate)
    return f"{ratio(row.estimate)} ({ratio(row.conf_low)} to {ratio(row.conf_high)})"


def share_with_limits(row: Estimate) -> str:
    """A share with its limits."""
    return f"{percent(row.estimate)} ({percent(row.conf_low).removesuffix(' %')} to {percent(row.conf_high)})"


def mark(series: str, row: Estimate) -> Mark:
    """A dot of a chart."""
    return Mark(series, row.estimate, row.conf_low, row.conf_high)


def in_units(row: Estimate) -> dict[str, str]:
    """An estimate and its limits in the unit of the measure."""
    ends = {"shown": row.estimate, "from": row.conf_low, "to": row.conf_high}
    return {key: "" if isnan(value) else printed(shown(value, row.term)) for key, value in ends.items()}


def chance(p: float) -> str:
    """A p value in a sentence."""
    if isnan(p):
        return "p unknown"
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def side(row: Estimate, null: float) -> int:
    """1 or -1 where the limits lie above or below a value, else 0."""
    return int(row.conf_low > null) - int(row.conf_high < null)
