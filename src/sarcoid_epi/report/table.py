"""What a table of the page is, and how great-tables sets it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from pandas import DataFrame

#: Columns whose header is a word for the reader of `sarcoid-epi explain`.
TRACE = "Trace"


@dataclass(frozen=True)
class Column:
    """A column of a printed table: its header, whether numbers stand in it, and the spanner above it."""

    header: str
    number: bool = False
    spanner: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a printed table: the group it belongs to, its heading, and its cells."""

    heading: str
    cells: tuple[str, ...]
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A table twice: as a reader sees it (`columns`, `rows`) and as data (`data`, written to `tables/<key>.csv`).

    Text is escaped when it is set; only `Markup` is taken as it stands.
    """

    key: str
    caption: str
    stub: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    data: DataFrame

    @property
    def html(self) -> Markup:
        """The table as HTML."""
        return render(self)


def render(table: Table) -> Markup:
    """Set a table with great-tables; the page's own style sheet dresses it."""
    import pandas as pd
    from great_tables import GT

    names = [f"c{number}" for number in range(len(table.columns))]
    cells: list[dict[str, str]] = [
        {"group": row.group, "stub": _html(row.heading)}
        | {name: _html(cell) for name, cell in zip(names, row.cells, strict=True)}
        for row in table.rows
    ]
    frame = pd.DataFrame(cells, columns=["group", "stub", *names])
    grouped = any(row.group for row in table.rows)
    if not grouped:
        frame = frame.drop(columns="group")
    made = GT(frame, id=table.key, rowname_col="stub", groupname_col="group" if grouped else None)
    made = made.tab_stubhead(table.stub).fmt(lambda cell: cell, columns=["stub", *names])
    made = made.cols_label({name: column.header for name, column in zip(names, table.columns, strict=True)})
    made = made.cols_align("right", [n for n, c in zip(names, table.columns, strict=True) if c.number])
    made = made.cols_align("left", [n for n, c in zip(names, table.columns, strict=True) if not c.number])
    for number, (spanner, members) in enumerate(_spanners(names, table.columns)):
        made = made.tab_spanner(spanner, members, id=f"s{number}")
    return _lean(made.as_raw_html(), table)


def _html(cell: str) -> str:
    return str(escape(cell))


def _spanners(names: Sequence[str], columns: Sequence[Column]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for name, column in zip(names, columns, strict=True):
        if column.spanner:
            found.setdefault(column.spanner, []).append(name)
    return list(found.items())


def _lean(html: str, table: Table) -> Markup:
    """Only the table itself, with a caption: no style of its own, no ids that could meet others on the page."""
    body = html[html.index("<thead>") : html.index("</table>")]
    body = re.sub(r' (?:headers|id)="[^"]*"| (?:row|col)span="1"', "", body)
    body = re.sub(r'class="([^"]*)"', _classes, body).replace(' class=""', "")
    body = re.sub(r"\n\s*", "\n", body)
    caption = f"<caption>{escape(table.caption)}</caption>"
    return Markup(f'<table id="table-{escape(table.key)}">\n{caption}\n{body}</table>')


def _classes(match: re.Match[str]) -> str:
    kept = {"gt_right": "number", "gt_group_heading_row": "group", "gt_spanner_row": "spanners", "trace": "trace"}
    own = {"level", "counts", "note", "kind", "cited", "derived", "assumed", "doubt", "sub"}
    names = [kept.get(name, name if name in own else "") for name in match.group(1).split()]
    return f'class="{" ".join(name for name in names if name)}"'


def frame(records: Sequence[dict[str, Any]], columns: Sequence[str]) -> DataFrame:
    """Records as data, with their columns even where there are none; whole numbers stay whole."""
    import pandas as pd

    made = pd.DataFrame(records, columns=list(columns))
    whole = [name for name in ("n", "events", "missing", "before", "after", "excluded") if name in made]
    return made.astype(dict.fromkeys(whole, "Int64"))
