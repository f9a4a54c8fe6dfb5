"""Bone density, fracture and osteoarthritis: what glucocorticoids and age do to bone, and pain from other causes."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit, ndtri

from sarcoid_epi.cohort.node import Column, chance, flag, variable
from sarcoid_epi.cohort.steps.demography import FEMALE
from sarcoid_epi.scenario import Design, World
from sarcoid_epi.streams import Floats


@variable
def age_now(diagnosis_age: Column, years_since_diagnosis: Column) -> Column:
    """Age at the look."""
    return np.asarray(diagnosis_age + years_since_diagnosis)


@variable
def untreated_t_score(u: Floats, world: World, age_now: Column, sex: Column) -> Column:
    w = world.bone_density
    mean = (
        w.t_score_mean.value
        + w.per_decade.value * (age_now - world.age.reference.value) / 10
        + w.women.value * (sex == FEMALE)
    )
    return np.asarray(mean + w.t_score_sd.value * ndtri(u))


@variable
def t_score(world: World, untreated_t_score: Column, prednisone: Column) -> Column:
    """Glucocorticoids take bone."""
    return np.asarray(untreated_t_score + world.bone_density.glucocorticoids.value * prednisone)


@variable
def bmd_t_score(u: Floats, design: Design, t_score: Column) -> Column:
    """To one decimal, where measured."""
    return np.where(u < design.record.bone_density_measured.value, np.round(t_score, 1) + 0.0, np.nan)


@flag("bone_density.fracture")
def fragility_fracture(world: World, untreated_t_score: Column, prednisone: Column) -> Column:
    """By the T-score."""
    w = world.bone_density
    return np.asarray(w.fracture_per_t_score.value * (untreated_t_score + w.glucocorticoids.value * prednisone))


@chance()
def osteoarthritis(world: World, age_now: Column) -> Column:
    w = world.bone_pain
    decades = (age_now - world.age.reference.value) / 10
    return np.asarray(expit(logit(w.osteoarthritis.value) + w.osteoarthritis_per_decade.value * decades))


VARIABLES = (age_now, untreated_t_score, t_score, bmd_t_score, fragility_fracture, osteoarthritis)
