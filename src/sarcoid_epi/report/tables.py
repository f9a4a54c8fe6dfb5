"""The tables of a report, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable

from sarcoid_epi.report.basis_tables import calibration, ledger
from sarcoid_epi.report.content import Content
from sarcoid_epi.report.estimate_tables import corrected, pooled, prevalence, set_aside
from sarcoid_epi.report.evidence_tables import osseous_evidence, other_evidence
from sarcoid_epi.report.patient_tables import flow, table_one
from sarcoid_epi.report.sheets import sheet_table
from sarcoid_epi.report.table import Table

TABLES: tuple[Callable[[Content], Table], ...] = (
    osseous_evidence,
    other_evidence,
    pooled,
    set_aside,
    flow,
    table_one,
    prevalence,
    corrected,
    calibration,
    ledger,
)


def all_tables(content: Content) -> dict[str, Table]:
    """Every table for which there is matter, by key."""
    usual = () if content.sections else TABLES
    own = (sheet for section in (*content.sections, *content.further) for sheet in section.sheets)
    tables = [*(table(content) for table in usual), *map(sheet_table, (*content.sheets, *own))]
    return {table.key: table for table in tables if table.rows}
