"""Serum calcium: the truth, whether it was measured, and the hypercalcaemia that the measurement shows."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from sarcoid_epi.cohort.node import Column, flag, variable
from sarcoid_epi.cohort.steps.demography import FEMALE
from sarcoid_epi.scenario import Design, World
from sarcoid_epi.streams import Floats

NOT_MEASURED = -1


@flag("calcium.hypercalcaemia")
def hypercalcaemia_true(world: World, burden: Column, sex: Column) -> Column:
    """Calcium above the upper limit: granulomas make calcitriol."""
    return np.asarray(world.calcium.burden.value * burden + world.calcium.women.value * (sex == FEMALE))


@variable
def calcium_true_mmol_l(u: Floats, world: World, hypercalcaemia_true: Column) -> Column:
    """Serum calcium to two decimals: normal below the limit, the limit plus an exponential excess above it.

    Values are rounded away from the limit when above it, so that the measured value shows the status.
    """
    w = world.calcium
    limit = w.upper_limit.value
    below = ndtr((limit - w.normal_mean.value) / w.normal_sd.value)
    normal = w.normal_mean.value + w.normal_sd.value * ndtri(u * below)
    excess = -w.excess_mean.value * np.log1p(-u)
    high = np.ceil(np.round((limit + excess) * 100, 6))
    raised = np.maximum(high, np.round(limit * 100) + 1) / 100
    return np.where(hypercalcaemia_true, raised, np.minimum(np.round(normal, 2), limit))


@flag("record.calcium_measured", of="design")
def calcium_measured(design: Design, burden: Column) -> Column:
    """The ill have their calcium measured more often."""
    return np.asarray(design.record.calcium_burden.value * burden)


@variable
def serum_calcium_mmol_l(calcium_measured: Column, calcium_true_mmol_l: Column) -> Column:
    return np.where(calcium_measured, calcium_true_mmol_l, np.nan)


@variable
def hypercalcaemia(world: World, calcium_measured: Column, serum_calcium_mmol_l: Column) -> Column:
    """The measured value against the upper limit; unknown without a measurement."""
    above = np.nan_to_num(serum_calcium_mmol_l) > world.calcium.upper_limit.value
    return np.where(calcium_measured, above, NOT_MEASURED).astype(np.int8)


VARIABLES = (hypercalcaemia_true, calcium_true_mmol_l, calcium_measured, serum_calcium_mmol_l, hypercalcaemia)
