"""Treatment: who needs it, what it consists of, and from when to when."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, chance, flag, liability, variable
from sarcoid_epi.cohort.steps.entry import DAYS_PER_YEAR
from sarcoid_epi.scenario import World
from sarcoid_epi.streams import Floats


@liability("treatment.systemic")
def treatment_liability(
    world: World,
    burden: Column,
    acute_onset: Column,
    heart: Column,
    nervous_system: Column,
    osseous_symptomatic: Column,
    years_since_diagnosis: Column,
) -> Column:
    """Treated by the look: heavy burden, vital organs, symptomatic bone; seldom after acute onset.

    Time enters as log((t + 1) / (reference + 1)), as for osseous disease.
    """
    w = world.treatment
    return np.asarray(
        w.burden.value * burden
        + w.acute.value * acute_onset
        + w.vital_organ.value * (heart | nervous_system)
        + w.osseous_symptomatic.value * osseous_symptomatic
        + w.log_years.value * np.log((years_since_diagnosis + 1) / (world.osseous.reference_years.value + 1))
    )


@variable
def systemic_therapy(treatment_liability: Column) -> Column:
    return np.asarray(treatment_liability > 0)


@variable
def treatment_start_years(
    world: World,
    systemic_therapy: Column,
    treatment_liability: Column,
    years_since_diagnosis: Column,
    osseous_symptomatic: Column,
    osseous_onset_years: Column,
) -> Column:
    """When the liability crossed zero, at diagnosis at the earliest; infinite for those not treated by the look.

    Symptomatic bone disease adds to the liability only once it is there: it moves no start that came before.
    """
    w = world.treatment
    start = np.full(treatment_liability.shape, np.inf)
    treated = np.flatnonzero(systemic_therapy)
    now, margin = years_since_diagnosis[treated], np.abs(treatment_liability[treated])
    onset = osseous_onset_years[treated]
    with_bone = (now + 1) * np.exp(-margin / w.log_years.value) - 1
    without = (now + 1) * np.exp(-(margin - w.osseous_symptomatic.value) / w.log_years.value) - 1
    once_there = np.where(without <= onset, without, np.maximum(onset, with_bone))
    began = np.where(osseous_symptomatic[treated], once_there, with_bone)
    start[treated] = np.clip(began, 0, now)
    return start


@variable
def treatment_end_years(u: Floats, world: World, treatment_start_years: Column) -> Column:
    """Exponential duration of treatment."""
    return np.asarray(treatment_start_years - world.treatment.duration_mean.value * np.log(u))


@variable
def treatment_start_date(diagnosis_date: Column, systemic_therapy: Column, treatment_start_years: Column) -> Column:
    date = np.full(diagnosis_date.shape, np.datetime64("NaT"), dtype=diagnosis_date.dtype)
    days = (treatment_start_years[systemic_therapy] * DAYS_PER_YEAR).astype(np.int64)
    date[systemic_therapy] = diagnosis_date[systemic_therapy] + days
    return date


@variable
def on_treatment(treatment_start_years: Column, treatment_end_years: Column, years_since_diagnosis: Column) -> Column:
    """On treatment at the look."""
    return np.asarray((treatment_start_years <= years_since_diagnosis) & (years_since_diagnosis < treatment_end_years))


@chance(among="systemic_therapy")
def prednisone(world: World) -> float:
    """Systemic glucocorticoids: the standard drug."""
    return world.treatment.prednisone.value


@variable
def prednisone_start_mg(
    u: Floats, world: World, prednisone: Column, acute_onset: Column, heart: Column, nervous_system: Column
) -> Column:
    """A usual starting dose; a low one after acute onset, a high one where life is at risk."""
    w = world.treatment
    span = w.prednisone_highest.value - w.prednisone_lowest.value
    steps = np.where(acute_onset, w.prednisone_acute.value * u, u) * (span / w.prednisone_step.value + 1)
    dose = w.prednisone_lowest.value + w.prednisone_step.value * np.floor(steps)
    dose = np.where(heart | nervous_system, w.prednisone_vital.value, dose)
    return np.where(prednisone, dose, np.nan)


@variable
def taper_start_weeks(u: Floats, world: World, prednisone: Column) -> Column:
    """Weeks until the first reduction of the dose."""
    w = world.treatment
    weeks = np.floor(w.taper_earliest.value + u * (w.taper_latest.value - w.taper_earliest.value + 1))
    return np.where(prednisone, weeks, np.nan)


@flag("treatment.methotrexate", among="systemic_therapy")
def methotrexate(world: World, arthritis: Column, muscle_symptomatic_true: Column) -> Column:
    """The first steroid-sparing agent, early where joints or muscle are involved."""
    return np.asarray(world.treatment.methotrexate_joint_muscle.value * (arthritis | muscle_symptomatic_true))


@chance(among="systemic_therapy")
def other_sparing_agent(world: World) -> float:
    """Leflunomide, azathioprine, cyclophosphamide or mycophenolate."""
    return world.treatment.other_agent.value


@chance(among="systemic_therapy")
def tnf_inhibitor(world: World) -> float:
    return world.treatment.tnf_inhibitor.value


VARIABLES = (
    treatment_liability,
    systemic_therapy,
    treatment_start_years,
    treatment_end_years,
    treatment_start_date,
    on_treatment,
    prednisone,
    prednisone_start_mg,
    taper_start_weeks,
    methotrexate,
    other_sparing_agent,
    tnf_inhibitor,
)
