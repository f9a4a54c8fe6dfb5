"""The truth about bone: disease, its sites, its symptoms, and how well its lesions would show if anyone looked."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from sarcoid_epi.cohort.node import Column, Node, flag, variable
from sarcoid_epi.cohort.sites import site_table
from sarcoid_epi.cohort.steps.demography import BLACK
from sarcoid_epi.scenario import World
from sarcoid_epi.streams import Floats
from sarcoid_epi.vocabulary import SITES


@flag("osseous.true_prevalence")
def osseous(world: World, frailty: Column, burden: Column, ancestry: Column, years_since_diagnosis: Column) -> Column:
    """True osseous disease by now: long-standing disease of many organs has it more often.

    Time enters as log((t + 1) / (reference + 1)), so the target holds at the reference time.
    """
    w = world.osseous
    return np.asarray(
        w.frailty.value * frailty
        + w.burden.value * burden
        + w.black.value * (ancestry == BLACK)
        + w.log_years.value * np.log((years_since_diagnosis + 1) / (w.reference_years.value + 1))
    )


@variable
def site_pattern(u: Floats, world: World, osseous: Column) -> Column:
    """Which bones, as bits of one number; one uniform picks the pattern from the raked table."""
    pattern = np.zeros(u.shape, dtype=np.uint8)
    pattern[osseous] = 1 + np.searchsorted(np.cumsum(site_table(world.sites))[:-1], u[osseous], side="right")
    return pattern


def has_site(position: int) -> Node:
    """Whether one bone is diseased."""

    def bit(site_pattern: Column) -> Column:
        return np.asarray(site_pattern >> position & 1).astype(bool)

    return variable(bit, f"osseous_{SITES[position]}")


@variable
def osseous_symptomatic(u: Floats, world: World, osseous: Column) -> Column:
    return np.asarray(osseous & (u < world.osseous.symptomatic_share.value))


@variable
def bone_pain(u: Floats, world: World, osseous_symptomatic: Column) -> Column:
    """Bone pain has other causes too."""
    return np.asarray(osseous_symptomatic | (u < world.bone_pain.background.value))


@variable
def visibility(u: Floats) -> Column:
    """How hard the patient's lesions are to see, from 0 (plain) to 1 (hidden), on any imaging."""
    return u


def conspicuity(site: str) -> Node:
    """How hard the lesion at one site is to see: partly the patient's own visibility, uniform over all lesions."""

    def hardness(u: Floats, world: World, osseous: Column, visibility: Column) -> Column:
        shared = world.osseous.visibility_shared.value
        hard = np.ones(u.shape)
        hard[osseous] = ndtr(np.sqrt(shared) * ndtri(visibility[osseous]) + np.sqrt(1 - shared) * ndtri(u[osseous]))
        return hard

    return variable(hardness, f"conspicuity_{site}")


VARIABLES = (
    osseous,
    site_pattern,
    *(has_site(position) for position in range(len(SITES))),
    osseous_symptomatic,
    bone_pain,
    visibility,
    *(conspicuity(site) for site in SITES),
)
