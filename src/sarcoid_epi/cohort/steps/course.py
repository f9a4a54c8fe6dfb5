"""What drives the disease and is never written down: acute onset, frailty and granuloma burden."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from sarcoid_epi.cohort.node import Column, flag, variable
from sarcoid_epi.cohort.steps.demography import BLACK, FEMALE
from sarcoid_epi.scenario import World
from sarcoid_epi.streams import Floats


@flag("lofgren.acute_onset")
def acute_onset(world: World, sex: Column, ancestry: Column, onset_age: Column, season: Column) -> Column:
    """Löfgren-type onset: younger people, more women, more often in spring."""
    w = world.lofgren
    return np.asarray(
        w.women.value * (sex == FEMALE)
        + w.black.value * (ancestry == BLACK)
        + w.age_per_decade.value * (onset_age - world.age.median.value) / 10
        + w.season.value * np.cos(2 * np.pi * (season - w.season_peak_day.value / 365))
    )


@variable
def frailty(u: Floats) -> Column:
    """Readiness of every organ to be involved, in standard deviations."""
    return np.asarray(ndtri(u))


@variable
def burden(u: Floats, world: World, frailty: Column, acute_onset: Column, ancestry: Column) -> Column:
    """Granuloma burden in standard deviations: partly frailty, lower after acute onset."""
    w = world.course
    own = np.sqrt(1 - w.frailty_loading.value**2) * ndtri(u)
    shift = w.burden_acute.value * acute_onset + w.burden_black.value * (ancestry == BLACK)
    return np.asarray(w.frailty_loading.value * frailty + own + shift)


VARIABLES = (acute_onset, frailty, burden)
