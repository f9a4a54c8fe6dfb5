"""Who the patients are, and when the disease began and was diagnosed."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from sarcoid_epi.cohort.node import Column, variable
from sarcoid_epi.cohort.streams import Floats
from sarcoid_epi.scenario import Design, World

FEMALE, MALE = 0, 1
WHITE, BLACK, OTHER = 0, 1, 2
DAYS_PER_YEAR = 365.2425


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


@variable
def onset_age(u: Floats, world: World, sex: Column) -> Column:
    """Log-normal age, cut off at the youngest and the oldest by their quantiles; women fall ill later."""
    age = world.age
    median = age.median.value * np.where(sex == FEMALE, age.women_ratio.value, 1.0)
    youngest, oldest = (ndtr(np.log(end.value / median) / age.log_sd.value) for end in (age.youngest, age.oldest))
    return np.asarray(median * np.exp(age.log_sd.value * ndtri(youngest + u * (oldest - youngest))))


@variable
def age_at_onset(onset_age: Column) -> Column:
    return onset_age.astype(np.int16)


@variable
def season(u: Floats) -> Column:
    """Onset as a share of the year gone by; the disease itself knows no season, its acute form does."""
    return u


@variable
def onset_date(u: Floats, design: Design, season: Column) -> Column:
    first, last = int(design.calendar.first_year.value), int(design.calendar.last_year.value)
    year = (first - 1970 + (u * (last - first + 1)).astype(np.int64)).astype("datetime64[Y]")
    return year.astype("datetime64[D]") + (season * 365).astype(np.int64)


@variable
def delay_days(u: Floats, world: World) -> Column:
    """Weibull time from onset to diagnosis, cut off at the longest."""
    delay = world.delay
    longest = -np.expm1(-((delay.longest.value / delay.scale.value) ** delay.shape.value))
    years = delay.scale.value * (-np.log1p(-u * longest)) ** (1 / delay.shape.value)
    return np.asarray(years * DAYS_PER_YEAR).astype(np.int64)


@variable
def diagnosis_date(onset_date: Column, delay_days: Column) -> Column:
    return np.asarray(onset_date + delay_days)


@variable
def age_at_diagnosis(onset_age: Column, delay_days: Column) -> Column:
    return (onset_age + delay_days / DAYS_PER_YEAR).astype(np.int16)


@variable
def era(diagnosis_date: Column) -> Column:
    year = diagnosis_date.astype("datetime64[Y]").astype(np.int64) + 1970
    return ((year >= 1990).astype(np.int8) + (year >= 2010)).astype(np.int8)


VARIABLES = (
    centre,
    sex,
    ancestry,
    onset_age,
    age_at_onset,
    season,
    onset_date,
    delay_days,
    diagnosis_date,
    age_at_diagnosis,
    era,
)
