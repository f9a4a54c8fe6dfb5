"""How well each method does where its assumptions hold, and where one of them does not."""

from __future__ import annotations

from sarcoid_epi.report.content import Section


def operating_section() -> Section:
    """Coverage, bias and width of every method."""
    return Section("operating", "Operating characteristics", ("To come.",))
