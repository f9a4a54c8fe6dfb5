"""What went in: how calibration targets were hit, and the basis of every number."""

from __future__ import annotations

from dataclasses import asdict

from markupsafe import Markup

from sarcoid_epi.report.content import Content, Hit, Ledger
from sarcoid_epi.report.markup import capital, printed, trace, traced
from sarcoid_epi.report.table import TRACE, Column, Row, Table, frame
from sarcoid_epi.vocabulary import readable

#: A sign for each kind of basis, so that they can be told apart without colour.
SIGNS = {"cited": "●", "derived": "◐", "assumed": "○"}


def calibration(content: Content) -> Table:
    """Every calibration target: what was asked, what was reached, and the difference."""
    rows = tuple(
        Row(
            capital(readable(hit.node)),
            (
                readable(hit.population), traced(hit.target, f"{hit.target:.6g}", hit.path), f"{hit.achieved:.6g}",
                _shown(residual(hit)), capital(hit.basis), trace(hit.path),
            ),
        )
        for hit in content.calibration
    )  # fmt: skip
    columns = (
        Column("Among"), Column("Target", number=True), Column("Reached", number=True), Column("Residual", number=True),
        Column("Basis of the target"), Column(TRACE),
    )  # fmt: skip
    records = [asdict(hit) | {"residual": residual(hit)} for hit in content.calibration]
    names = ["node", "path", "population", "target", "achieved", "residual", "basis"]
    caption = "Calibration of the synthetic patients: targets and what the model reaches"
    return Table("calibration", caption, "Variable", columns, rows, frame(records, names))


def ledger(content: Content) -> Table:
    """Every number that went in, with its value and basis, by part."""
    rows = tuple(
        Row(trace(explained(entry)), (f"{entry.value:.6g}", _kind(entry), _basis(entry)), _part(entry))
        for entry in content.ledger
    )
    columns = (Column("Value", number=True), Column("Kind"), Column("Basis"))
    records = [asdict(entry) for entry in content.ledger]
    data = frame(records, ["part", "path", "value", "kind", "basis"])
    return Table("ledger", "Provenance ledger: every number that went in", "Number", columns, rows, data)


def residual(hit: Hit) -> float:
    """What the calibration left of a target, to 12 decimals: what lies below differs between processors."""
    return round(hit.achieved - hit.target, 12) + 0.0  # never -0.0


def _shown(left: float) -> str:
    return printed(f"{left:+.1e}") if left else "< 1e−12"


def explained(entry: Ledger) -> str:
    """The path as `sarcoid-epi explain` takes it; that of a belief begins with the belief's name."""
    part, _, name = entry.part.partition(" ")
    return f"{name}.{entry.path}" if part == "belief" and name else entry.path


def _part(entry: Ledger) -> str:
    """`Belief “clinical”`: the part, and its name where it has one."""
    part, _, name = entry.part.partition(" ")
    return f"{capital(part)} “{name}”" if name else capital(part)


def _kind(entry: Ledger) -> Markup:
    sign = SIGNS.get(entry.kind, "?")
    return Markup('<span class="kind {}"><span aria-hidden="true">{}</span> {}</span>').format(
        entry.kind, sign, entry.kind
    )


def _basis(entry: Ledger) -> str:
    """The basis in words, without repeating its kind."""
    return printed(entry.basis.removeprefix(f"{entry.kind}: ").removeprefix(entry.kind).strip())
