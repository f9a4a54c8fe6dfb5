"""How the disease shows itself at first: Löfgren's signs, fever, cough, or nothing at all."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, chance, flag
from sarcoid_epi.cohort.steps.demography import FEMALE
from sarcoid_epi.scenario import World


@flag("presentation.incidental", among="not acute_onset")
def incidental_finding(world: World, burden: Column) -> Column:
    """Found on a film taken for another reason: no symptoms, so never after acute onset."""
    return np.asarray(world.presentation.incidental_burden.value * burden)


@flag("lofgren.nodosum", among="acute_onset")
def acute_nodosum(world: World, sex: Column) -> Column:
    """Erythema nodosum of acute onset: women have it far more often than men."""
    return np.asarray(world.lofgren.nodosum_women.value * (sex == FEMALE))


@chance(among="not incidental_finding")
def erythema_nodosum(world: World, acute_onset: Column, acute_nodosum: Column) -> Column:
    """Now and then it comes without an acute onset, but never without any symptom."""
    return np.where(acute_onset, acute_nodosum, world.lofgren.nodosum_otherwise.value)


@chance(among="acute_onset")
def isolated_ankle(world: World, acute_nodosum: Column) -> Column:
    """Acute onset with nothing but inflammation around the ankles: never with nodosum, so oftener without it."""
    w = world.lofgren
    without = 1 - w.nodosum.value
    return np.where(acute_nodosum, 0.0, min(w.isolated_ankle.value / without, 1) if without > 0 else 0.0)


@chance(among="not incidental_finding")
def arthritis(
    world: World, acute_onset: Column, acute_nodosum: Column, isolated_ankle: Column, frailty: Column
) -> Column:
    """True joint inflammation: acute onset without erythema nodosum has it, unless the ankles stand alone.

    Chronic arthritis comes with disease of several organs: its chance goes with exp(k frailty - k^2 / 2), whose mean
    over patients is 1.
    """
    w = world.lofgren
    after_acute = np.where(acute_nodosum, w.arthritis_with_nodosum.value, ~isolated_ankle)
    k = w.arthritis_frailty.value
    chronic = np.minimum(w.arthritis_otherwise.value * np.exp(k * frailty - k**2 / 2), 1)
    return np.where(acute_onset, after_acute, chronic)


@chance(among="not incidental_finding")
def ankle_periarthritis(world: World, acute_onset: Column, acute_nodosum: Column) -> Column:
    """Inflammation around the ankles: acute onset without erythema nodosum always has it."""
    w = world.lofgren
    return np.where(acute_onset, np.where(acute_nodosum, w.ankle_with_nodosum.value, 1.0), w.ankle_otherwise.value)


@chance(among="not incidental_finding")
def fever(world: World, acute_onset: Column) -> Column:
    return np.where(acute_onset, world.presentation.fever_lofgren.value, world.presentation.fever_otherwise.value)


@chance(among="not incidental_finding")
def cough(world: World, acute_onset: Column) -> Column:
    return np.where(acute_onset, world.presentation.cough_lofgren.value, world.presentation.cough_otherwise.value)


VARIABLES = (
    incidental_finding,
    acute_nodosum,
    erythema_nodosum,
    isolated_ankle,
    arthritis,
    ankle_periarthritis,
    fever,
    cough,
)
