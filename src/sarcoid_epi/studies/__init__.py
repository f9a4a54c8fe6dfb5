"""The report of a simulation study: what was asked, how well each method did, and what drives it."""

from __future__ import annotations

from sarcoid_epi.studies.report import told

__all__ = ["told"]
