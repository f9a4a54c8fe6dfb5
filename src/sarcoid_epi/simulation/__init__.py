"""Estimators against known truths: what their limits cover, and what becomes of them when an assumption breaks."""

from sarcoid_epi.simulation.operating import SETTINGS, UNEXPLAINED, Row, operating_characteristics

__all__ = ["SETTINGS", "UNEXPLAINED", "Row", "operating_characteristics"]
