"""Synthetic cohorts: patients and, apart from them, their truth."""

from sarcoid_epi.cohort.calibration import Calibration, calibrate
from sarcoid_epi.cohort.generator import Cohort, generate, replicates
from sarcoid_epi.cohort.uncertain import draw_world, drawn_world

__all__ = ["Calibration", "Cohort", "calibrate", "draw_world", "drawn_world", "generate", "replicates"]
