"""The truth about bone: disease, its onset, sites, lesions and symptoms, and how well it would show to a reader."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from sarcoid_epi.cohort.node import Column, Node, chance, flag, liability, variable
from sarcoid_epi.cohort.sites import PHALANGEAL_BITS, pattern_ends
from sarcoid_epi.cohort.steps.demography import BLACK, FEMALE
from sarcoid_epi.cohort.steps.entry import DAYS_PER_YEAR
from sarcoid_epi.scenario import World
from sarcoid_epi.streams import Floats
from sarcoid_epi.vocabulary import SITES

LYTIC, SCLEROTIC, PERMEATIVE, DESTRUCTIVE = 0, 1, 2, 3
NO_LESION = -1


@liability("osseous.true_prevalence", among="not misdiagnosed")
def osseous_liability(
    world: World,
    frailty: Column,
    burden: Column,
    ancestry: Column,
    sex: Column,
    lupus_pernio: Column,
    granuloma_calcitriol: Column,
    years_since_diagnosis: Column,
) -> Column:
    """True osseous disease by now: long-standing disease of many organs has it more often.

    Time enters as log((t + 1) / (reference + 1)), so the target holds at the reference time.
    """
    w = world.osseous
    return np.asarray(
        w.frailty.value * frailty
        + w.burden.value * burden
        + w.black.value * (ancestry == BLACK)
        + w.women.value * (sex == FEMALE)
        + w.lupus_pernio.value * lupus_pernio
        + w.calcitriol.value * granuloma_calcitriol
        + w.log_years.value * np.log((years_since_diagnosis + 1) / (w.reference_years.value + 1))
    )


@variable
def osseous(osseous_liability: Column) -> Column:
    return np.asarray(osseous_liability > 0)


@variable
def osseous_onset_years(
    world: World, osseous: Column, osseous_liability: Column, years_since_diagnosis: Column, delay_days: Column
) -> Column:
    """When the liability crosses zero: (t + 1) exp(-liability / slope) - 1 years from diagnosis; infinite if never.

    Never before the onset of the disease itself. The liability has the sign that the flag says: whoever an intervention
    makes ill or sound takes the other one.
    """
    slope, earliest = world.osseous.log_years.value, -delay_days / DAYS_PER_YEAR
    if slope <= 0:
        return np.where(osseous, earliest, np.inf)
    margin = np.where(osseous, np.abs(osseous_liability), -np.abs(osseous_liability))
    with np.errstate(over="ignore"):
        crossed = (years_since_diagnosis + 1) * np.exp(-margin / slope) - 1
    return np.asarray(np.maximum(crossed, earliest))


@flag("sites.hand_or_foot", among="osseous")
def phalangeal(world: World, lupus_pernio: Column, ancestry: Column) -> Column:
    """The phalangeal phenotype: a site in hand or foot."""
    w = world.sites
    return np.asarray(w.phalangeal_lupus_pernio.value * lupus_pernio + w.phalangeal_black.value * (ancestry == BLACK))


@variable
def site_pattern(u: Floats, world: World, osseous: Column, phalangeal: Column) -> Column:
    """Which bones, as bits of one number; one uniform picks the pattern from the raked table of the phenotype."""
    pattern = np.zeros(u.shape, dtype=np.uint8)
    for phenotype in (False, True):
        ill = np.flatnonzero(osseous & (phalangeal == phenotype))
        numbers, ends = pattern_ends(world.sites, phenotype)
        pattern[ill] = numbers[np.searchsorted(ends[:-1], u[ill], side="right")]
    return pattern


def has_site(position: int) -> Node:
    """Whether one bone is diseased."""

    def bit(site_pattern: Column) -> Column:
        return np.asarray(site_pattern >> position & 1).astype(bool)

    return variable(bit, f"osseous_{SITES[position]}")


@variable
def osseous_phalangeal(site_pattern: Column) -> Column:
    return np.asarray(site_pattern & PHALANGEAL_BITS > 0)


@variable
def osseous_axial(site_pattern: Column) -> Column:
    """Any bone but those of hand and foot."""
    return np.asarray(site_pattern > (site_pattern & PHALANGEAL_BITS))


@variable
def phalangeal_lesion(u: Floats, world: World, osseous_phalangeal: Column) -> Column:
    w = world.lesions
    lytic, permeative = w.phalangeal_lytic.value, w.phalangeal_permeative.value
    kind = np.select([u < lytic, u < lytic + permeative], [LYTIC, PERMEATIVE], DESTRUCTIVE)
    return np.where(osseous_phalangeal, kind, NO_LESION).astype(np.int8)


@variable
def axial_lesion(u: Floats, world: World, osseous_axial: Column) -> Column:
    """Sclerotic more often than not, so that it resembles a metastasis."""
    w = world.lesions
    left = np.cumprod([1 - w.axial_sclerotic.value, 1 - w.axial_lytic.value, 1 - w.axial_permeative.value])
    kind = np.select([u < 1 - part for part in left], [SCLEROTIC, LYTIC, PERMEATIVE], DESTRUCTIVE)
    return np.where(osseous_axial, kind, NO_LESION).astype(np.int8)


@chance(among="osseous")
def osseous_bilateral(world: World) -> float:
    return world.lesions.bilateral.value


@chance(among="osseous")
def osseous_symptomatic(world: World) -> float:
    return world.osseous.symptomatic_share.value


@chance(among="osseous")
def evident(world: World) -> float:
    """What nobody can miss."""
    return world.osseous.evident.value


@flag("osseous.marrow_activity")
def marrow_activity(world: World, burden: Column) -> Column:
    """Diffuse activity of the marrow: a sign of burden, no lesion."""
    return np.asarray(world.osseous.marrow_burden.value * burden)


@variable
def visibility(u: Floats) -> Column:
    """How hard the patient's lesions are to see, from 0 (plain) to 1 (hidden), on any imaging."""
    return u


def conspicuity(site: str) -> Node:
    """How hard the lesion at one site is to see: partly the patient's own visibility, uniform over all lesions."""

    def hardness(u: Floats, world: World, site_pattern: Column, visibility: Column) -> Column:
        shared = world.osseous.visibility_shared.value
        hard = np.ones(u.shape)
        there = np.flatnonzero(site_pattern)
        hard[there] = ndtr(np.sqrt(shared) * ndtri(visibility[there]) + np.sqrt(1 - shared) * ndtri(u[there]))
        return hard

    return variable(hardness, f"conspicuity_{site}")


VARIABLES = (
    osseous_liability,
    osseous,
    osseous_onset_years,
    phalangeal,
    site_pattern,
    *(has_site(position) for position in range(len(SITES))),
    osseous_phalangeal,
    osseous_axial,
    phalangeal_lesion,
    axial_lesion,
    osseous_bilateral,
    osseous_symptomatic,
    evident,
    marrow_activity,
    visibility,
    *(conspicuity(site) for site in SITES),
)
