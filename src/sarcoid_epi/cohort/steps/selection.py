"""Which patients a study meets."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, flag
from sarcoid_epi.scenario import Design


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


VARIABLES = (enters,)
