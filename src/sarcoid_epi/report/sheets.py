"""A sheet of records as a table of the page and as data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from sarcoid_epi.report.content import Field, Sheet
from sarcoid_epi.report.markup import NOTHING, capital, printed, trace
from sarcoid_epi.report.table import Column, Row, Table, frame
from sarcoid_epi.results import percent

#: Kinds whose values stand flush right.
NUMBERS = ("number", "decimal", "whole", "share", "chance", "unit")


def verdict_sheet(records: Sequence[Mapping[str, Any]], group: str = "") -> Sheet:
    """The verdict on every method: what it needs, whether that is there, its answer, and what that rests on."""
    fields = (
        Field("needs", "Needs"), Field("has_it", "Has it"), Field("answer", "Answer"), Field("rests_on", "Rests on"),
        Field("against", "What speaks against it"),
    )  # fmt: skip
    return Sheet("verdict", "What these data support", Field("method", "Method"), fields, tuple(records), group)


def sheet_table(sheet: Sheet) -> Table:
    """The table of a sheet; columns without a header are in the file only."""
    on_page = [field for field in sheet.fields if field.header]
    rows = tuple(
        Row(
            cell(record, sheet.stub),
            tuple(cell(record, field) for field in on_page),
            str(record[sheet.group]) if sheet.group else "",
        )
        for record in sheet.records
    )
    columns = tuple(Column(field.header, field.kind in NUMBERS, field.spanner) for field in on_page)
    names = [*([sheet.group] if sheet.group else []), sheet.stub.name, *(field.name for field in sheet.fields)]
    data = frame([dict(record) for record in sheet.records], list(dict.fromkeys(names)))
    return Table(sheet.key, sheet.caption, sheet.stub.header, columns, rows, data)


def cell(record: Mapping[str, Any], field: Field) -> str:
    """One value as a reader sees it."""
    value = record[field.name]
    if field.kind in ("finding", "path"):
        return trace(value) if value else ""
    if field.kind == "yes" and value is None:
        return NOTHING
    if field.kind == "yes":
        return Markup('<span class="{}">{}</span>').format("sub" if value else "doubt", "yes" if value else "no")
    if field.kind not in NUMBERS:
        return printed(capital(str(value)) if field.kind == "sentence" else str(value))
    if value is None or math.isnan(value):
        return NOTHING
    return printed(_number(float(value), field.kind, str(record.get("unit", ""))))


def _number(value: float, kind: str, unit: str) -> str:
    if math.isinf(value):
        return ""
    if kind == "whole":
        return f"{value:.0f}"
    if kind == "decimal":
        return f"{value:.2f}"
    if kind == "unit" and unit == "people":
        return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
    if kind == "chance":
        return "< 0.001" if value < 0.001 else f"{value:.3f}"
    if kind == "share" or (kind == "unit" and unit in ("share", "difference")):
        return percent(value) if abs(value) >= 0.0001 or value == 0 else f"{100 * value:.2g} %"
    return f"{value:.4g}"
