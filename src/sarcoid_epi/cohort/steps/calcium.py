"""Calcium in serum and urine: the truth, whether it was measured, what treatment hides, what the measurement shows."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from sarcoid_epi.cohort.node import Column, flag, ordinal, variable
from sarcoid_epi.cohort.steps.demography import FEMALE
from sarcoid_epi.scenario import Design, World
from sarcoid_epi.streams import Floats

NOT_MEASURED = -1


@flag("calcium.hypercalcaemia")
def hypercalcaemia_true(
    world: World, granuloma_calcitriol: Column, log_calcidiol: Column, sex: Column, osseous: Column
) -> Column:
    """Calcium above the upper limit: granulomas make calcitriol, from calcidiol. Bone adds nothing unless told to."""
    w = world.calcium
    return np.asarray(
        w.calcitriol.value * granuloma_calcitriol
        + w.calcidiol.value * log_calcidiol
        + w.women.value * (sex == FEMALE)
        + w.bone.value * osseous
    )


@variable
def calcium_true_mmol_l(u: Floats, world: World, hypercalcaemia_true: Column) -> Column:
    """Serum calcium to two decimals: normal below the limit, the limit plus an exponential excess above it.

    Values are rounded away from the limit when above it, so that the measured value shows the status.
    """
    w = world.calcium
    limit = w.upper_limit.value
    value = _normal(u, world)
    high = np.flatnonzero(hypercalcaemia_true)
    excess = -w.excess_mean.value * np.log1p(-u[high])
    raised = np.ceil(np.round((limit + excess) * 100, 6))
    value[high] = np.maximum(raised, np.round(limit * 100) + 1) / 100
    return value


def _normal(u: Floats, world: World) -> Floats:
    """A value up to the upper limit."""
    w = world.calcium
    limit = w.upper_limit.value
    below = ndtr((limit - w.normal_mean.value) / w.normal_sd.value)
    return np.asarray(np.minimum(np.round(w.normal_mean.value + w.normal_sd.value * ndtri(u * below), 2), limit))


@flag("record.calcium_measured", among="enters", of="design")
def calcium_measured(design: Design, burden: Column, hypercalcaemia_true: Column) -> Column:
    """The ill have their calcium measured more often, and those in whom it is high."""
    r = design.record
    return np.asarray(r.calcium_burden.value * burden + r.calcium_high.value * hypercalcaemia_true)


@variable
def serum_calcium_mmol_l(
    u: Floats,
    world: World,
    design: Design,
    calcium_measured: Column,
    calcium_true_mmol_l: Column,
    hypercalcaemia_true: Column,
    on_treatment: Column,
) -> Column:
    """What was measured; treatment may have brought a high value down, unless it was measured before."""
    masked = world.calcium.masked.value * (1 - design.record.calcium_untreated.value)
    value = np.where(calcium_measured, calcium_true_mmol_l, np.nan)
    hidden = np.flatnonzero(calcium_measured & hypercalcaemia_true & on_treatment & (u < masked))
    value[hidden] = _normal(u[hidden] / masked, world)  # below the chance to be masked the uniform is as good as new
    return value


@variable
def hypercalcaemia(world: World, calcium_measured: Column, serum_calcium_mmol_l: Column) -> Column:
    """The measured value against the upper limit; unknown without a measurement."""
    above = serum_calcium_mmol_l > world.calcium.upper_limit.value
    return np.where(calcium_measured, above, NOT_MEASURED).astype(np.int8)


@ordinal("calcium.urine_raised", "calcium.hypercalciuria", "calcium.urine_very_high")
def urine_class(world: World, granuloma_calcitriol: Column, sex: Column) -> Column:
    """How many of three thresholds urine calcium exceeds."""
    w = world.calcium
    return np.asarray(w.urine_calcitriol.value * granuloma_calcitriol + w.urine_women.value * (sex == FEMALE))


@variable
def urine_true_mg_24h(u: Floats, world: World, urine_class: Column, sex: Column) -> Column:
    """A value between the thresholds of its class, in whole mg; an exponential excess above the highest."""
    w = world.calcium
    second, third = w.urine_limit.value, w.urine_very_high_limit.value
    ends = np.array(
        [
            [w.urine_lowest.value * first, first, second, third, third]
            for first in (w.urine_limit_women.value, w.urine_limit_men.value)
        ]
    )
    cell = urine_class + len(ends[0]) * sex
    low = ends.ravel()[cell]
    value = low + u * (ends.ravel()[cell + 1] - low)
    highest = np.flatnonzero(urine_class == 3)
    value[highest] = third - w.urine_excess_mean.value * np.log1p(-u[highest])
    # Rounded down in the lowest class and up in the others, so that the value shows its class.
    return np.asarray(np.floor(value) + (urine_class > 0))


@variable
def urine_measured(u: Floats, design: Design) -> Column:
    return np.asarray(u < design.record.urine_measured.value)


@variable
def urine_calcium_mg_24h(urine_measured: Column, urine_true_mg_24h: Column) -> Column:
    return np.where(urine_measured, urine_true_mg_24h, np.nan)


@variable
def hypercalciuria(world: World, urine_measured: Column, urine_calcium_mg_24h: Column) -> Column:
    """Above one limit for all."""
    above = urine_calcium_mg_24h > world.calcium.urine_limit.value
    return np.where(urine_measured, above, NOT_MEASURED).astype(np.int8)


@variable
def hypercalciuria_by_sex(world: World, urine_measured: Column, urine_calcium_mg_24h: Column, sex: Column) -> Column:
    """Above the limit of the sex."""
    w = world.calcium
    limit = np.array([w.urine_limit_women.value, w.urine_limit_men.value])[sex]
    return np.where(urine_measured, urine_calcium_mg_24h > limit, NOT_MEASURED).astype(np.int8)


@flag("calcium.stones")
def kidney_stones(world: World, urine_class: Column) -> Column:
    """The more calcium in urine, the more stones."""
    return np.asarray(world.calcium.stones_hypercalciuria.value * (urine_class >= 2))


VARIABLES = (
    hypercalcaemia_true,
    calcium_true_mmol_l,
    calcium_measured,
    serum_calcium_mmol_l,
    hypercalcaemia,
    urine_class,
    urine_true_mg_24h,
    urine_measured,
    urine_calcium_mg_24h,
    hypercalciuria,
    hypercalciuria_by_sex,
    kidney_stones,
)
