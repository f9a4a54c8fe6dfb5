"""Who is in the cohort: the flow of patients and the first table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from sarcoid_epi.report.content import Content
from sarcoid_epi.report.markup import (
    NOTHING,
    capital,
    group_label,
    printed,
    rows_of,
    run_parts,
    step_of,
    term_label,
    trace,
    traced,
)
from sarcoid_epi.report.table import TRACE, Column, Row, Table, frame
from sarcoid_epi.results import Estimate, percent
from sarcoid_epi.vocabulary import PATIENT, PATIENT_BY_NAME, label, readable

_ORDER = {variable.name: position for position, variable in enumerate(PATIENT)}


@dataclass(frozen=True)
class Group:
    """A column of the first table: which runs it comes from (`by`) and which of their groups."""

    by: str
    name: str

    @property
    def header(self) -> str:
        """All, or the level alone: the variable stands above it."""
        return "All" if self.name == "all" else readable(self.name.partition("=")[2] or self.name)

    @property
    def spanner(self) -> str:
        """The variable that makes the groups."""
        return label(self.by) if self.by else ""


def flow(content: Content) -> Table:
    """How many patients each step left out, and why."""
    traces = any(step.trace for step in content.flow)
    rows = tuple(
        Row(
            capital(s.reason),
            (f"{s.before}", f"{s.before - s.after}", f"{s.after}", *([s.trace and trace(s.trace)] if traces else [])),
        )
        for s in content.flow
    )
    records = [
        {"reason": s.reason, "before": s.before, "excluded": s.before - s.after, "after": s.after, "trace": s.trace}
        for s in content.flow
    ]
    columns = (
        Column("Before", number=True), Column("Excluded", number=True), Column("Left", number=True),
        *([Column(TRACE)] if traces else []),
    )  # fmt: skip
    data = frame(records, ["reason", "before", "excluded", "after", "trace"])
    return Table("flow", "Flow of patients: every exclusion, counted", "Step", columns, rows, data)


def groups_of(rows: Iterable[Estimate]) -> tuple[Group, ...]:
    """The groups of some rows: all patients first, then each grouping in the order it came."""
    found = dict.fromkeys(Group(run_parts(row.run)[1], row.group) for row in rows)
    return tuple(sorted(found, key=lambda group: group.by != ""))


def cohort_sizes(content: Content) -> dict[Group, float]:
    """Patients per group: the end of the flow for all, else the n of the variable known in most patients."""
    rows = [*rows_of(content, "shares"), *rows_of(content, "means")]
    sizes: dict[Group, float] = {}
    for row in rows:
        group = Group(run_parts(row.run)[1], row.group)
        if not math.isnan(row.n):
            sizes[group] = max(sizes.get(group, 0.0), row.n)
    if content.flow and Group("", "all") in sizes:
        sizes[Group("", "all")] = float(content.flow[-1].after)
    return sizes


def table_one(content: Content) -> Table:
    """Characteristics of the patients: n (%) or mean (SD), and how many are missing."""
    rows = [*rows_of(content, "shares"), *rows_of(content, "means")]
    sizes, groups = cohort_sizes(content), groups_of(rows)
    cells = {(row.term, Group(run_parts(row.run)[1], row.group)): row for row in rows}
    terms = sorted(dict.fromkeys(row.term for row in rows), key=lambda t: _ORDER.get(t.partition("=")[0], len(_ORDER)))
    columns = tuple(
        column
        for group in groups
        for column in (
            Column(_size_header(group, sizes), number=True, spanner=group.spanner),
            Column("Missing", number=True, spanner=group.spanner),
        )
    )
    printed_rows: list[Row] = []
    seen: set[str] = set()
    for term in terms:
        found = [cells.get((term, group)) for group in groups]
        name, _, value = term.partition("=")
        if value and name not in seen:
            printed_rows.append(_category_row(name, found, sizes, groups))
        seen.add(name)
        printed_rows.append(_term_row(term, found, sizes, groups))
    caption = "Characteristics of the patients: n (%) of those in whom it is known, or mean (standard deviation)"
    data = frame([_record(row, sizes) for row in rows], DATA)
    return Table("table_one", caption, "Characteristic", (*columns, Column(TRACE)), tuple(printed_rows), data)


def _size_header(group: Group, sizes: dict[Group, float]) -> str:
    return f"{group.header} (n = {sizes[group]:.0f})" if group in sizes else group.header


def _category_row(name: str, found: list[Estimate | None], sizes: dict[Group, float], groups: tuple[Group, ...]) -> Row:
    cells = [cell for row, group in zip(found, groups, strict=True) for cell in ("", _missing(row, sizes.get(group)))]
    return Row(label(name), (*cells, ""), capital(step_of(name)))


def _term_row(term: str, found: list[Estimate | None], sizes: dict[Group, float], groups: tuple[Group, ...]) -> Row:
    name, _, value = term.partition("=")
    cells: list[str] = []
    for row, group in zip(found, groups, strict=True):
        cells += [_value(row), "" if value else _missing(row, sizes.get(group))]
    heading = Markup('<span class="level">{}</span>').format(readable(value)) if value else _with_unit(name)
    first = next(row for row in found if row is not None)
    return Row(heading, (*cells, trace(first.id)), capital(step_of(name)))


def _with_unit(name: str) -> str:
    known = PATIENT_BY_NAME.get(name)
    return f"{label(name)}, {known.unit}" if known and known.unit else label(name)


def is_mean(term: str) -> bool:
    """Whether a term is a number with a mean rather than a share."""
    known = PATIENT_BY_NAME.get(term)
    return known is not None and known.kind in ("integer", "number")


def _sd(row: Estimate) -> float:
    return row.std_error * math.sqrt(row.n) if row.n > 0 else math.nan


def _value(row: Estimate | None) -> Markup | str:
    if row is None:
        return ""
    if math.isnan(row.estimate):
        return Markup('{} <span class="note">{}</span>').format(NOTHING, row.note)
    if is_mean(row.term):
        digits = 2 if _sd(row) < 1 else 1
        return traced(row.estimate, f"{row.estimate:.{digits}f} ({_sd(row):.{digits}f})".replace("(nan)", ""), row.id)
    return Markup("{} {}").format(f"{row.events:.0f}", traced(row.estimate, f"({percent(row.estimate)})", row.id))


def _missing(row: Estimate | None, size: float | None) -> str:
    if row is None or size is None or math.isnan(row.n):
        return ""
    return printed(f"{size - row.n:.0f}")


DATA = ("id", "step", "characteristic", "group", "n", "events", "missing", "estimate", "sd", "note")


def _record(row: Estimate, sizes: dict[Group, float]) -> dict[str, Any]:
    size = sizes.get(Group(run_parts(row.run)[1], row.group), math.nan)
    return {
        "id": row.id, "step": step_of(row.term), "characteristic": term_label(row.term),
        "group": group_label(row.group), "n": row.n, "events": row.events, "missing": size - row.n,
        "estimate": row.estimate, "sd": _sd(row) if is_mean(row.term) else math.nan, "note": row.note,
    }  # fmt: skip
