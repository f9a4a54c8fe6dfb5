"""Synthetic cohorts: patients and, apart from them, their truth."""

from sarcoid_epi.cohort.calibration import Calibration, calibrate
from sarcoid_epi.cohort.generator import Cohort, generate, replicates

__all__ = ["Calibration", "Cohort", "calibrate", "generate", "replicates"]
