"""Which patients a study meets, and whose genes it knows."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, flag, variable
from sarcoid_epi.scenario import Design

UNKNOWN = -1


@flag("entry.share", of="design")
def enters(
    design: Design, burden: Column, acute_onset: Column, chronic_back_pain: Column, lupus_pernio: Column
) -> Column:
    """Referral: a heavy burden raises the chance to be met, an acute onset that heals by itself lowers it."""
    e = design.entry
    return np.asarray(
        e.burden.value * burden
        + e.acute.value * acute_onset
        + e.back_pain.value * chronic_back_pain
        + e.lupus_pernio.value * lupus_pernio
    )


@flag("record.drb1_typed", among="enters", of="design")
def drb1_typed(design: Design, acute_onset: Column) -> Column:
    """Typed more often after acute onset, where it foretells the course."""
    return np.asarray(design.record.drb1_typed_acute.value * acute_onset)


@variable
def hla_drb1_03(drb1_typed: Column, hla_drb1_03_true: Column) -> Column:
    """Known only where typed."""
    return np.where(drb1_typed, hla_drb1_03_true, UNKNOWN).astype(np.int8)


VARIABLES = (enters, drb1_typed, hla_drb1_03)
