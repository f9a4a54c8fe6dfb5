"""When patients are diagnosed and when a study meets them.

Time runs backwards from the look: patients are seen within the years of the study, were diagnosed before, and fell ill
before that, in the season of their onset.
"""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, variable
from sarcoid_epi.scenario import Design, World
from sarcoid_epi.streams import Floats

DAYS_PER_YEAR = 365.2425


@variable
def delay_days(u: Floats, world: World, acute_onset: Column) -> Column:
    """Weibull time from onset to diagnosis, cut off at the longest, and short after acute onset."""
    delay = world.delay
    years = _weibull(u, delay.scale.value, delay.shape.value, np.asarray(delay.longest.value))
    return (years * np.where(acute_onset, delay.acute_ratio.value, 1.0) * DAYS_PER_YEAR).astype(np.int64)


@variable
def diagnosis_age(onset_age: Column, delay_days: Column) -> Column:
    return np.asarray(onset_age + delay_days / DAYS_PER_YEAR)


@variable
def age_at_diagnosis(diagnosis_age: Column) -> Column:
    return diagnosis_age.astype(np.int16)


@variable
def years_since_diagnosis(u: Floats, design: Design, world: World, diagnosis_age: Column) -> Column:
    """Weibull time from diagnosis to the look, cut off at the longest and at the last age, in hundredths of a year."""
    entry = design.entry
    scale = entry.years_median.value / np.log(2) ** (1 / entry.years_shape.value)
    longest = np.clip(world.age.last.value - diagnosis_age, 0, entry.years_longest.value)
    return np.asarray(np.round(_weibull(u, scale, entry.years_shape.value, longest), 2))


def _weibull(u: Floats, scale: float, shape: float, longest: Column) -> Floats:
    """Quantile of a Weibull time that is known to be shorter than `longest`."""
    reached = -np.expm1(-((longest / scale) ** shape))
    return np.asarray(scale * (-np.log1p(-u * reached)) ** (1 / shape))


@variable
def onset_date(u: Floats, design: Design, season: Column, delay_days: Column, years_since_diagnosis: Column) -> Column:
    """The day of the year that the season says, in a year that brings the look into the study's years.

    As many years do as the study has, one for each of them: each is as likely, so looks accrue evenly.
    """
    first = design.calendar.first_year.value
    years = design.calendar.last_year.value + 1 - first
    until_look = season + delay_days / DAYS_PER_YEAR + years_since_diagnosis
    year = np.ceil(first - until_look) + np.floor(u * years)
    return np.asarray(_new_year(year) + (season * 365).astype(np.int64))


def _new_year(year: Column) -> Column:
    """The first of January of each year; each year is looked up once, for NumPy's calendar is slow."""
    if not year.size:
        return year.astype("datetime64[D]")
    first, last = int(year.min()), int(year.max())
    januaries = np.arange(first - 1970, last - 1969).astype("datetime64[Y]").astype("datetime64[D]")
    return januaries[(year - first).astype(np.int64)]


@variable
def diagnosis_date(onset_date: Column, delay_days: Column) -> Column:
    return np.asarray(onset_date + delay_days)


@variable
def study_date(diagnosis_date: Column, years_since_diagnosis: Column) -> Column:
    """The day of the look."""
    return np.asarray(diagnosis_date + (years_since_diagnosis * DAYS_PER_YEAR).astype(np.int64))


@variable
def era(diagnosis_date: Column) -> Column:
    first, second = np.datetime64("1990-01-01"), np.datetime64("2010-01-01")
    return (diagnosis_date >= first).astype(np.int8) + (diagnosis_date >= second)


VARIABLES = (
    delay_days,
    diagnosis_age,
    age_at_diagnosis,
    years_since_diagnosis,
    onset_date,
    diagnosis_date,
    study_date,
    era,
)
