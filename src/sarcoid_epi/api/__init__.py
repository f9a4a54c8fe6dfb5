"""What the commands do, as functions. Nothing here prints.

Heavy engines are imported where they are used, so that asking for help costs nothing.
"""

from sarcoid_epi.api.answers import OUTCOMES, answer, check, estimate, read_mapping, synthesise
from sarcoid_epi.api.cohorts import generate, scenario, true_share, write
from sarcoid_epi.api.defaults import BELIEFS, DESIGN, SEED, SIZE, WORLD, Progress
from sarcoid_epi.api.reports import (
    agreement_report,
    association_report,
    evidence_report,
    lofgren_report,
    prognosis_report,
    report,
    undetected_report,
)

__all__ = [
    "BELIEFS",
    "DESIGN",
    "OUTCOMES",
    "SEED",
    "SIZE",
    "WORLD",
    "Progress",
    "agreement_report",
    "answer",
    "association_report",
    "check",
    "estimate",
    "evidence_report",
    "generate",
    "lofgren_report",
    "prognosis_report",
    "read_mapping",
    "report",
    "scenario",
    "synthesise",
    "true_share",
    "undetected_report",
    "write",
]
