"""How the disease shows itself at first: Löfgren's signs, fever, cough, or nothing at all."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, flag, variable
from sarcoid_epi.cohort.steps.demography import FEMALE
from sarcoid_epi.scenario import World
from sarcoid_epi.streams import Floats


@flag("presentation.incidental", among="not acute_onset")
def incidental_finding(world: World, acute_onset: Column, burden: Column) -> Column:
    """Found on a film taken for another reason: no symptoms, so never after acute onset."""
    return np.where(acute_onset, -np.inf, world.presentation.incidental_burden.value * burden)


@flag("lofgren.nodosum", among="acute_onset")
def acute_nodosum(world: World, acute_onset: Column, sex: Column) -> Column:
    """Erythema nodosum of acute onset: women have it far more often than men."""
    return np.where(acute_onset, world.lofgren.nodosum_women.value * (sex == FEMALE), -np.inf)


@variable
def erythema_nodosum(
    u: Floats, world: World, acute_onset: Column, acute_nodosum: Column, incidental_finding: Column
) -> Column:
    """Now and then it comes without an acute onset, but never without any symptom."""
    otherwise = ~acute_onset & ~incidental_finding & (u < world.lofgren.nodosum_otherwise.value)
    return np.asarray(acute_nodosum | otherwise)


@flag("lofgren.isolated_ankle", among="acute_onset")
def isolated_ankle(acute_onset: Column, acute_nodosum: Column) -> Column:
    """Acute onset with nothing but inflammation around the ankles."""
    return np.where(acute_onset & ~acute_nodosum, 0.0, -np.inf)


@variable
def arthritis(
    u: Floats,
    world: World,
    acute_onset: Column,
    erythema_nodosum: Column,
    isolated_ankle: Column,
    incidental_finding: Column,
) -> Column:
    """True joint inflammation: acute onset without erythema nodosum has it, unless the ankles stand alone."""
    w = world.lofgren
    chance = np.where(acute_onset, w.arthritis_with_nodosum.value, w.arthritis_otherwise.value)
    drawn = np.where(acute_onset & ~erythema_nodosum, ~isolated_ankle, u < chance)
    return np.asarray(drawn & ~incidental_finding)


@variable
def ankle_periarthritis(
    u: Floats, world: World, acute_onset: Column, erythema_nodosum: Column, incidental_finding: Column
) -> Column:
    """Inflammation around the ankles: acute onset without erythema nodosum always has it."""
    w = world.lofgren
    chance = np.where(acute_onset, w.ankle_with_nodosum.value, w.ankle_otherwise.value)
    drawn = np.where(acute_onset & ~erythema_nodosum, True, u < chance)
    return np.asarray(drawn & ~incidental_finding)


@variable
def fever(u: Floats, world: World, acute_onset: Column, incidental_finding: Column) -> Column:
    w = world.presentation
    return np.asarray(u < np.where(acute_onset, w.fever_lofgren.value, w.fever_otherwise.value)) & ~incidental_finding


@variable
def cough(u: Floats, world: World, acute_onset: Column, incidental_finding: Column) -> Column:
    w = world.presentation
    return np.asarray(u < np.where(acute_onset, w.cough_lofgren.value, w.cough_otherwise.value)) & ~incidental_finding


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
