"""Everything a report is made of. It arrives here as data; the report computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sarcoid_epi.evidence import Finding
from sarcoid_epi.report.plots import Axis, Bars, Curves, Heat, Rule, Surface, Tornado
from sarcoid_epi.results import Estimates


@dataclass(frozen=True)
class Exclusion:
    """One step of the flow of patients: why, how many were there before and after, and what explains it."""

    reason: str
    before: int
    after: int
    trace: str = ""


@dataclass(frozen=True)
class Hit:
    """One calibration target: the node, the path of the target, its population, what was asked and what was reached."""

    node: str
    path: str
    population: str
    target: float
    achieved: float
    basis: str


@dataclass(frozen=True)
class Ledger:
    """One number that went in: its part (world, design, belief), path, value, kind of basis, and the basis in words."""

    part: str
    path: str
    value: float
    kind: str
    basis: str


@dataclass(frozen=True)
class Field:
    """A column of a sheet: its name in the file, its header on the page, and how its values look.

    `kind`: text, number, decimal (of two places), whole, share, chance, finding (an id), path (of a parameter), yes (or
    no; None for neither), or unit (a number in the unit that the record names under `unit`). An empty header keeps a
    column to the file.
    """

    name: str
    header: str
    kind: str = "text"
    spanner: str = ""


@dataclass(frozen=True)
class Sheet:
    """A table of records; `stub` names the field that heads a row, `group` the one that heads a group of rows."""

    key: str
    caption: str
    stub: Field
    fields: tuple[Field, ...]
    records: tuple[Mapping[str, Any], ...]
    group: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Mark:
    """A dot with limits (NaN where there are none), of one of the series of a chart."""

    series: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """A row of a chart: what it is, the id that explains it, its marks, and what stands at its end."""

    label: str
    id: str
    marks: tuple[Mark, ...]
    end: str = ""


@dataclass(frozen=True)
class Chart:
    """Dots with limits, row by row: on a square-root scale of shares, or on a plain one from 0 to 1.

    Where `axis` is an `Axis` its scale is that of the chart, so that ratios may have a log scale. A line stands at
    `null`, the value of no difference, and at `rule`, with its label. With `stems` each dot hangs from `null`.
    """

    key: str
    title: str
    caption: str
    axis: str | Axis
    lines: tuple[Line, ...]
    null: float | None = None
    plain: bool = False
    rule: Rule | None = None
    stems: bool = False


#: What a section may show.
Plot = Chart | Curves | Bars | Tornado | Surface | Heat


@dataclass(frozen=True)
class Section:
    """A section of the page: its title, what it says, and the charts and sheets below."""

    key: str
    title: str
    paragraphs: tuple[str, ...]
    sheets: tuple[Sheet, ...] = ()
    charts: tuple[Plot, ...] = ()


@dataclass(frozen=True)
class Content:
    """A report's matter. Runs in `estimates` are found by their names; a name that is absent leaves its section out.

    With `sections` of its own, a report shows these in place of the usual ones; `methods` are papers they rest on.
    `sheets` stand in the usual sections, each where the page calls for its key; `further` sections stand after the
    usual ones on the patients. `tracing` says how a number is traced, where that is not by its id.
    """

    title: str
    question: str
    data: str
    estimates: Estimates
    findings: tuple[Finding, ...] = ()
    forest: tuple[str, ...] = ()
    pooled_from: tuple[str, ...] = ()
    set_aside: tuple[tuple[str, str], ...] = ()
    flow: tuple[Exclusion, ...] = ()
    calibration: tuple[Hit, ...] = ()
    ledger: tuple[Ledger, ...] = ()
    configuration: Mapping[str, str] | None = None
    inputs: Mapping[str, str] | None = None
    sections: tuple[Section, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    further: tuple[Section, ...] = ()
    methods: tuple[str, ...] = ()
    tracing: str = ""
