"""What drives the disease and is never written down: acute onset, frailty, granuloma burden; or another disease."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from sarcoid_epi.cohort.node import Column, chance, flag, variable
from sarcoid_epi.cohort.steps.demography import BLACK, FEMALE
from sarcoid_epi.scenario import World
from sarcoid_epi.streams import Floats
from sarcoid_epi.vocabulary import SYSTEMIC_MIMICS

NONE = -1


@flag("lofgren.acute_onset", split=True)
def acute_onset(
    world: World, sex: Column, ancestry: Column, hla_drb1_03_true: Column, onset_age: Column, season: Column
) -> Column:
    """Löfgren-type onset: younger people, more women, carriers of DRB1*03, more often in spring."""
    w = world.lofgren
    return np.asarray(
        w.women.value * (sex == FEMALE)
        + w.black.value * (ancestry == BLACK)
        + w.drb1_03.value * hla_drb1_03_true
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


@variable
def granuloma_calcitriol(u: Floats, world: World, burden: Column) -> Column:
    """How much calcitriol the granulomas make, in standard deviations: partly their burden."""
    loading = world.course.calcitriol_burden.value
    return np.asarray(loading * burden + np.sqrt(1 - loading**2) * ndtri(u))


@chance()
def misdiagnosed(world: World) -> float:
    """Wrongly taken for sarcoidosis."""
    return float(sum(getattr(world.systemic_mimics, name).value for name in SYSTEMIC_MIMICS))


@variable
def systemic_mimic(u: Floats, world: World, misdiagnosed: Column) -> Column:
    """The disease it really is."""
    ends = np.cumsum([getattr(world.systemic_mimics, name).value for name in SYSTEMIC_MIMICS])
    mimic = np.full(u.shape, NONE, dtype=np.int8)
    mimic[misdiagnosed] = np.searchsorted(ends[:-1] / max(ends[-1], 1e-12), u[misdiagnosed], side="right")
    return mimic


VARIABLES = (acute_onset, frailty, burden, granuloma_calcitriol, misdiagnosed, systemic_mimic)
