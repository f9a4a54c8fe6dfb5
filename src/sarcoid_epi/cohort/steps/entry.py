"""Which patients a study meets, and how long after their diagnosis."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, flag, variable
from sarcoid_epi.cohort.streams import Floats
from sarcoid_epi.scenario import Design


@variable
def years_since_diagnosis(u: Floats, design: Design) -> Column:
    """Weibull time from diagnosis to the look, cut off at the longest, in hundredths of a year."""
    entry = design.entry
    scale = entry.years_median.value / np.log(2) ** (1 / entry.years_shape.value)
    longest = -np.expm1(-((entry.years_longest.value / scale) ** entry.years_shape.value))
    years = scale * (-np.log1p(-u * longest)) ** (1 / entry.years_shape.value)
    return np.asarray(np.round(years, 2))


@flag("entry.share", of="design")
def enters(design: Design, burden: Column, acute_onset: Column) -> Column:
    """Referral: a heavy burden raises the chance to be met, an acute onset that heals by itself lowers it."""
    return np.asarray(design.entry.burden.value * burden + design.entry.acute.value * acute_onset)


VARIABLES = (years_since_diagnosis, enters)
