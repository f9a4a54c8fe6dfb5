"""The spine: chronic back pain, and among those who have it inflammation, spondyloarthritis and sacroiliitis."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, chance, flag
from sarcoid_epi.cohort.steps.demography import FEMALE
from sarcoid_epi.scenario import World


@flag("axial.back_pain")
def chronic_back_pain(world: World, sex: Column, diagnosis_age: Column) -> Column:
    """More often in women and with age."""
    w = world.axial
    decades = (diagnosis_age - world.age.reference.value) / 10
    return np.asarray(w.back_pain_women.value * (sex == FEMALE) + w.back_pain_per_decade.value * decades)


@chance(among="chronic_back_pain")
def inflammatory_back_pain(world: World) -> float:
    return world.axial.inflammatory.value


@chance(among="chronic_back_pain")
def spondyloarthritis_diagnosis(world: World, inflammatory_back_pain: Column) -> Column:
    w = world.axial
    return np.where(inflammatory_back_pain, w.spondyloarthritis_inflammatory.value, w.spondyloarthritis_otherwise.value)


@chance(among="chronic_back_pain")
def sacroiliitis(world: World, spondyloarthritis_diagnosis: Column) -> Column:
    """What MRI of the sacroiliac joints would show."""
    w = world.axial
    return np.where(spondyloarthritis_diagnosis, w.sacroiliitis_spondyloarthritis.value, w.sacroiliitis_otherwise.value)


VARIABLES = (chronic_back_pain, inflammatory_back_pain, spondyloarthritis_diagnosis, sacroiliitis)
