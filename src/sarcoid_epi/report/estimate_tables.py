"""How common, how much is missed, and what the published series say together."""

from __future__ import annotations

import math
from typing import Any

from markupsafe import Markup

from sarcoid_epi.report.content import Content
from sarcoid_epi.report.evidence_tables import finding_counts, finding_share
from sarcoid_epi.report.markup import (
    NOTHING,
    capital,
    citation,
    counts,
    finding_limits,
    finding_of,
    group_label,
    limits,
    printed,
    rows_of,
    run_parts,
    series_name,
    share,
    term_label,
    trace,
    traced,
)
from sarcoid_epi.report.patient_tables import Group, groups_of
from sarcoid_epi.report.table import TRACE, Column, Row, Table, frame
from sarcoid_epi.results import Estimate, Run

PREVALENCES = ("organs", "recorded_osseous", "hypercalcaemia")

NUMBERS = ("id", "label", "term", "group", "events", "n", "estimate", "conf_low", "conf_high", "conf_level", "note")

#: What the terms of the pooled prevalence are.
POOLED_TERMS = {
    "osseous_recorded": "Share of a typical series",
    "prediction": "What a further series of the same kind may show",
    "tau": "Standard deviation between series (logit scale)",
}


def runs_by_name(content: Content) -> dict[str, Run]:
    """The runs of a report."""
    return {run.run: run for run in content.estimates.runs}


def prevalence(content: Content) -> Table:
    """Shares of patients with an organ involved, with osseous disease on record, with hypercalcaemia; by group."""
    rows = [row for name in PREVALENCES for row in rows_of(content, name)]
    groups, runs = groups_of(rows), runs_by_name(content)
    cells = {_place(row): row for row in rows}
    printed_rows = []
    for name, term in dict.fromkeys((run_parts(row.run)[0], row.term) for row in rows):
        found = [cells.get((name, term, group)) for group in groups]
        first = next(row for row in found if row is not None)
        printed_rows.append(Row(term_label(term), (*map(_cell, found), trace(first.id)), _run_label(runs, first)))
    columns = (*(Column(group.header, number=True, spanner=group.spanner) for group in groups), Column(TRACE))
    caption = "How common: percent of the patients in whom it is known, 95 % limits (Wilson), events/n"
    return Table("prevalence", caption, "", columns, tuple(printed_rows), _numbers(rows, runs))


def _place(row: Estimate) -> tuple[str, str, Group]:
    name, by, _ = run_parts(row.run)
    return name, row.term, Group(by, row.group)


def _run_label(runs: dict[str, Run], row: Estimate) -> str:
    return runs[row.run].label if row.run in runs else row.run


def _cell(row: Estimate | None) -> Markup | str:
    if row is None:
        return ""
    if math.isnan(row.estimate):
        return Markup('{}<br><span class="note">{}</span>').format(NOTHING, row.note)
    shown = Markup('{} <span class="counts">({})<br>{}</span>').format(share(row), limits(row), counts(row))
    return shown + Markup('<br><span class="note">{}</span>').format(row.note) if row.note else shown


def corrected(content: Content) -> Table:
    """The recorded share beside the share corrected under each belief."""
    rows, runs = rows_of(content, "corrected_prevalence"), runs_by_name(content)
    columns = (
        Column("On record, events/n", number=True), Column("On record", number=True), Column("Corrected", number=True),
        Column("95 % limits", number=True), Column("Note"), Column(TRACE),
    )  # fmt: skip
    ordered = sorted(rows, key=lambda row: run_parts(row.run)[2])
    printed_rows = tuple(_corrected_row(content, row) for row in ordered)
    data = _numbers(ordered, runs)
    data["rests_on"] = [runs[row.run].rests_on for row in ordered]
    data["assumes"] = [runs[row.run].assumes for row in ordered]
    caption = "Osseous sarcoidosis on record, and corrected for what each belief says about detection"
    return Table("corrected_prevalence", caption, "Belief and patients", columns, printed_rows, data)


def recorded_beside(content: Content, row: Estimate) -> Estimate | None:
    """The recorded share of the patients whose corrected share this is, where the results hold it."""
    by = run_parts(row.run)[1]
    run = f"recorded_osseous-by-{by}" if by else "recorded_osseous"
    id = f"{run}:osseous_recorded:{row.group}"
    return next((one for one in content.estimates.rows if one.id == id), None)


def _corrected_row(content: Content, row: Estimate) -> Row:
    recorded = recorded_beside(content, row)
    cells = (
        counts(row), share(recorded) if recorded else NOTHING, share(row), limits(row), row.note, trace(row.id),
    )  # fmt: skip
    return Row(group_label(row.group), cells, f"Belief “{run_parts(row.run)[2] or 'given'}”")


def pooled(content: Content) -> Table:
    """The published series together: pooled share, prediction interval, spread between series."""
    rows, runs = rows_of(content, "pooled_prevalence"), runs_by_name(content)
    several = len({row.run for row in rows}) > 1
    columns = (
        Column("Estimate", number=True), Column("95 % limits", number=True), Column("Events/n", number=True),
        Column("Note"), Column(TRACE),
    )  # fmt: skip
    printed_rows = tuple(
        Row(
            POOLED_TERMS.get(row.term, term_label(row.term)),
            (_pooled_value(row), limits(row), counts(row), row.note, trace(row.id)),
            capital(series_name(row.run) or _run_label(runs, row)) if several else "",
        )
        for row in rows
    )
    return Table(
        "pooled_prevalence", "Published series taken together", "", columns, printed_rows, _numbers(rows, runs)
    )


def _pooled_value(row: Estimate) -> Markup | str:
    if math.isnan(row.estimate):
        return NOTHING
    if row.term == "prediction":
        return ""
    return traced(row.estimate, f"{row.estimate:.2f}", row.id) if row.term == "tau" else share(row)


def set_aside(content: Content) -> Table:
    """Which findings were pooled, which were not, and why."""
    chosen = [(id, "") for id in content.pooled_from] + list(content.set_aside)
    records, rows = [], []
    for id, reason in chosen:
        one = finding_of(content, id)
        cells = (finding_counts(one), finding_share(one), finding_limits(one), capital(printed(reason)), trace(id))
        paper = Markup("{}: {}").format(citation(one.source), one.quantity)
        rows.append(Row(paper, cells, "Set aside" if reason else "Pooled"))
        records.append({"id": id, "events": one.events, "n": one.n, "pooled": not reason, "reason": reason})
    columns = (
        Column("Counts", number=True), Column("Share", number=True), Column("Exact 95 % limits", number=True),
        Column("Why set aside"), Column(TRACE),
    )  # fmt: skip
    data = frame(records, ["id", "events", "n", "pooled", "reason"])
    return Table("pooled_from", "Series pooled, and series set aside", "Series", columns, tuple(rows), data)


def _numbers(rows: list[Estimate], runs: dict[str, Run]) -> Any:
    records = [
        {name: getattr(row, name) for name in NUMBERS if name != "label"} | {"label": _run_label(runs, row)}
        for row in rows
    ]
    return frame(records, NUMBERS)
