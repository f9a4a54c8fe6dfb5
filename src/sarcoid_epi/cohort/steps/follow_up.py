"""What becomes of patients after the look, until follow-up closes, they are lost or they die.

Times are years from diagnosis. Patients come under observation at the look, `years_since_diagnosis` after it: whoever
uses these times must leave out the time before (left truncation). What happened before the look is known by history.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logit

from sarcoid_epi.cohort.node import Column, liability, variable
from sarcoid_epi.cohort.steps.demography import FEMALE
from sarcoid_epi.cohort.steps.entry import DAYS_PER_YEAR
from sarcoid_epi.scenario import Design, World
from sarcoid_epi.streams import Floats

CLOSING, LOST, DIED = 0, 1, 2


@variable
def closing_years(design: Design, study_date: Column, years_since_diagnosis: Column) -> Column:
    """When follow-up closes for everybody: at the end of the closing year."""
    close = np.datetime64(f"{design.calendar.closing_year.value:.0f}-12-31")
    left = (close - study_date.astype("datetime64[D]")).astype(np.int64) / DAYS_PER_YEAR
    return np.asarray(years_since_diagnosis + np.maximum(left, 0))


@variable
def lost_years(u: Floats, design: Design, years_since_diagnosis: Column) -> Column:
    """Lost at a constant rate from the look on."""
    rate = design.follow_up.loss.value
    return np.asarray(years_since_diagnosis - np.log(u) / rate) if rate > 0 else np.full(u.shape, np.inf)


@variable
def death_years(
    u: Floats, world: World, age_now: Column, years_since_diagnosis: Column, sex: Column, burden: Column
) -> Column:
    """Gompertz death of those alive at the look: H(t) = h (exp(b t) - 1) / b from there, inverted at -log u."""
    w = world.outlook
    rise = w.mortality_age.value
    now = (
        np.log(w.mortality.value)
        + rise * (age_now - world.age.reference.value)
        + w.mortality_women.value * (sex == FEMALE)
        + w.mortality_burden.value * burden
    )
    return np.asarray(years_since_diagnosis + np.log1p(-np.log(u) * rise * np.exp(-now)) / rise)


@variable
def end_reason(closing_years: Column, lost_years: Column, death_years: Column) -> Column:
    """What comes first."""
    first = np.minimum(closing_years, lost_years)
    return np.select([death_years < first, lost_years < closing_years], [DIED, LOST], CLOSING).astype(np.int8)


@variable
def end_years(closing_years: Column, lost_years: Column, death_years: Column) -> Column:
    return np.minimum(np.minimum(closing_years, lost_years), death_years)


@variable
def follow_up_years(end_years: Column) -> Column:
    """In hundredths of a year, rounded up, so that nobody ends before the look."""
    return np.asarray(np.ceil(np.round(end_years * 100, 3)) / 100)


@variable
def died(end_reason: Column) -> Column:
    return np.asarray(end_reason == DIED)


@liability("outlook.remission_otherwise", among="not acute_onset")
def remission_otherwise(world: World, burden: Column) -> Column:
    """Remission by the time of reference without an acute onset."""
    return np.asarray(world.outlook.remission_burden.value * burden)


@variable
def remission_acute(u: Floats, world: World, acute_onset: Column, hla_drb1_03_true: Column) -> Column:
    """The same after acute onset, as log odds less the draw's logit: nearly certain with DRB1*03."""
    w = world.outlook
    margin = np.full(u.shape, -np.inf)
    acute = np.flatnonzero(acute_onset)
    share = np.where(hla_drb1_03_true[acute], w.remission_drb1_03.value, w.remission_acute.value)
    margin[acute] = logit(share) - logit(u[acute])
    return margin


@variable
def remission_time(world: World, acute_onset: Column, remission_acute: Column, remission_otherwise: Column) -> Column:
    """The log odds of remission rise with log time and are the margin's at time r: t = r exp(-margin / shape)."""
    margin = np.where(acute_onset, remission_acute, remission_otherwise)
    w = world.outlook
    with np.errstate(over="ignore"):
        return np.asarray(w.remission_reference_years.value * np.exp(-margin / w.remission_shape.value))


@variable
def remission(remission_time: Column, end_years: Column) -> Column:
    return np.asarray(remission_time <= end_years)


@variable
def remission_years(remission: Column, remission_time: Column) -> Column:
    return np.where(remission, _hundredths(remission_time), np.nan)


def _hundredths(years: Column) -> Column:
    """To hundredths of a year, away from zero."""
    return np.maximum(np.round(np.where(np.isfinite(years), years, 0.0), 2), 1 / 100)


def _gap(u: Floats, world: World, acute_onset: Column) -> Column:
    """Exponential time from remission to relapse in the part that relapses; infinite in the rest."""
    w = world.outlook
    share = np.where(acute_onset, w.relapse_acute.value, w.relapse_otherwise.value)
    gap = np.full(u.shape, np.inf)
    again = np.flatnonzero(u < share)
    gap[again] = -w.relapse_mean.value * np.log1p(-u[again] / share[again])
    return gap


@variable
def relapse_time(u: Floats, world: World, acute_onset: Column, remission_time: Column) -> Column:
    return np.asarray(remission_time + _gap(u, world, acute_onset))


@variable
def second_relapse_time(u: Floats, world: World, acute_onset: Column, relapse_time: Column) -> Column:
    """The next, after a remission that is not recorded."""
    return np.asarray(relapse_time + _gap(u, world, acute_onset))


@variable
def relapse(relapse_time: Column, end_years: Column) -> Column:
    return np.asarray(relapse_time <= end_years)


@variable
def relapse_years(relapse: Column, relapse_time: Column, remission_years: Column) -> Column:
    """Never before the remission, to the hundredth."""
    return np.where(relapse, np.fmax(_hundredths(relapse_time), remission_years), np.nan)


@variable
def relapses(relapse: Column, second_relapse_time: Column, end_years: Column) -> Column:
    """None, one, or two and more."""
    return relapse.astype(np.int8) + (second_relapse_time <= end_years)


@variable
def new_record_time(
    u: Floats,
    design: Design,
    osseous_recorded: Column,
    osseous_onset_years: Column,
    years_since_diagnosis: Column,
    bone_pain: Column,
) -> Column:
    """Disease not on record at the look comes on record at a constant rate once it is there, sooner with pain."""
    w = design.follow_up
    rate = np.where(bone_pain, w.detection_painful.value, w.detection_silent.value)
    from_then = np.maximum(osseous_onset_years, years_since_diagnosis)
    with np.errstate(divide="ignore"):
        time = from_then - np.log(u) / rate
    return np.where(osseous_recorded, np.inf, time)


@variable
def new_osseous_record(new_record_time: Column, end_years: Column) -> Column:
    return np.asarray(new_record_time <= end_years)


@variable
def new_osseous_record_years(
    new_osseous_record: Column, new_record_time: Column, years_since_diagnosis: Column
) -> Column:
    """Never before the look, to the hundredth."""
    return np.where(new_osseous_record, np.maximum(_hundredths(new_record_time), years_since_diagnosis), np.nan)


VARIABLES = (
    closing_years,
    lost_years,
    death_years,
    end_reason,
    end_years,
    follow_up_years,
    died,
    remission_otherwise,
    remission_acute,
    remission_time,
    remission,
    remission_years,
    relapse_time,
    second_relapse_time,
    relapse,
    relapse_years,
    relapses,
    new_record_time,
    new_osseous_record,
    new_osseous_record_years,
)
