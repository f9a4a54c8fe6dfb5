"""The truth about muscle: granulomas in about half of all patients, symptoms in very few."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from sarcoid_epi.cohort.node import Column, flag, variable
from sarcoid_epi.cohort.steps.demography import FEMALE
from sarcoid_epi.scenario import World
from sarcoid_epi.streams import Floats

ACUTE, CHRONIC, NODULAR = 0, 1, 2
NO_FORM = -1


@flag("muscle.granulomas")
def muscle_granulomas(world: World, burden: Column) -> Column:
    """What a biopsy would show."""
    return np.asarray(world.muscle.burden.value * burden)


@flag("muscle.symptomatic_of_granulomas", among="muscle_granulomas")
def muscle_symptomatic_true(world: World, sex: Column, onset_age: Column) -> Column:
    """Weakness, pain or nodules from granulomas in muscle: most often in women in midlife."""
    w = world.muscle
    middle = (w.midlife_from.value + w.midlife_to.value) / 2
    near = np.exp(-(((onset_age - middle) / (w.midlife_to.value - w.midlife_from.value)) ** 2))
    return np.asarray(w.midlife_women.value * near * (sex == FEMALE))


@variable
def muscle_form_true(u: Floats, world: World, muscle_symptomatic_true: Column, onset_age: Column) -> Column:
    """The acute form belongs to the young; of the rest a fixed part is nodular, most of it chronic."""
    w = world.muscle
    form = np.full(u.shape, NO_FORM, dtype=np.int8)
    ill = np.flatnonzero(muscle_symptomatic_true)
    decades = (onset_age[ill] - world.age.reference.value) / 10
    acute = expit(logit(w.acute.value) + w.acute_per_decade.value * decades)
    nodular = acute + (1 - acute) * w.nodular.value
    form[ill] = np.select([u[ill] < acute, u[ill] < nodular], [ACUTE, NODULAR], CHRONIC)
    return form


VARIABLES = (muscle_granulomas, muscle_symptomatic_true, muscle_form_true)
