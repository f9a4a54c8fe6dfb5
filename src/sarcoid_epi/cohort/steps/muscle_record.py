"""Weak or painful muscles as the record has them."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, variable
from sarcoid_epi.cohort.steps.muscle import CHRONIC, NO_FORM
from sarcoid_epi.scenario import Design
from sarcoid_epi.streams import Floats


@variable
def muscle_weakness(muscle_symptomatic_true: Column, muscle_mimic: Column) -> Column:
    """From sarcoidosis or from what looks like it."""
    return np.asarray(muscle_symptomatic_true | (muscle_mimic >= 0))


@variable
def muscle_symptomatic(u: Floats, design: Design, muscle_symptomatic_true: Column, muscle_weakness: Column) -> Column:
    """Put down to sarcoidosis: rightly, or because a mimic was mistaken for it."""
    return np.asarray(muscle_symptomatic_true | (muscle_weakness & (u < design.record.muscle_mimic.value)))


@variable
def muscle_form(muscle_symptomatic: Column, muscle_symptomatic_true: Column, muscle_form_true: Column) -> Column:
    """A mimic passes for the chronic form, which creeps in like it."""
    mistaken = np.where(muscle_symptomatic, CHRONIC, NO_FORM)
    return np.where(muscle_symptomatic_true, muscle_form_true, mistaken).astype(np.int8)


VARIABLES = (muscle_weakness, muscle_symptomatic, muscle_form)
