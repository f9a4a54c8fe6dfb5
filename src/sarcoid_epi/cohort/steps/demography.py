"""Who the patients are, what they carry, and at what age and in what season the disease began."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from sarcoid_epi.cohort.node import Column, chance, variable
from sarcoid_epi.scenario import Design, World
from sarcoid_epi.streams import Floats

FEMALE, MALE = 0, 1
WHITE, BLACK, OTHER = 0, 1, 2


@variable
def centre(u: Floats, design: Design) -> Column:
    """Centres are of equal size."""
    return (u * design.entry.centres.value).astype(np.int16)


@variable
def sex(u: Floats, world: World) -> Column:
    return np.where(u < world.sex.women.value, FEMALE, MALE).astype(np.int8)


@variable
def ancestry(u: Floats, world: World) -> Column:
    black, other = world.ancestry.black.value, world.ancestry.other.value
    return np.select([u < black, u < black + other], [BLACK, OTHER], WHITE).astype(np.int8)


@chance(split=True)
def hla_drb1_03_true(world: World, ancestry: Column) -> Column:
    """Carriage of HLA-DRB1*03, whose frequency differs by ancestry."""
    w = world.genes
    carriage = np.array([w.drb1_03_white.value, w.drb1_03_black.value, w.drb1_03_other.value])
    return np.asarray(carriage[ancestry])


@variable
def onset_age(u: Floats, world: World, sex: Column) -> Column:
    """Log-normal age, cut off at the youngest and the oldest by their quantiles; women fall ill later."""
    age = world.age
    medians = age.median.value * np.array([age.women_ratio.value, 1.0])
    youngest, oldest = (ndtr(np.log(end.value / medians) / age.log_sd.value) for end in (age.youngest, age.oldest))
    quantile = youngest[sex] + u * (oldest - youngest)[sex]
    return np.asarray(medians[sex] * np.exp(age.log_sd.value * ndtri(quantile)))


@variable
def age_at_onset(onset_age: Column) -> Column:
    return onset_age.astype(np.int16)


@variable
def season(u: Floats) -> Column:
    """Onset as a share of the year gone by; the disease itself knows no season, its acute form does."""
    return u


VARIABLES = (centre, sex, ancestry, hla_drb1_03_true, onset_age, age_at_onset, season)
