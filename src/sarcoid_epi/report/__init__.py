"""Reports: one page, its tables and figures, the numbers behind them, and a manifest. Nothing is computed here."""

from sarcoid_epi.report.content import Content, Exclusion, Hit, Ledger
from sarcoid_epi.report.document import build

__all__ = ["Content", "Exclusion", "Hit", "Ledger", "build"]
