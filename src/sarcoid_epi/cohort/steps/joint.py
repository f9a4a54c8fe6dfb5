"""Joints, and the musculoskeletal manifestations that patients feel, taken together."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, flag, variable
from sarcoid_epi.cohort.steps.demography import FEMALE
from sarcoid_epi.scenario import World

NO_JOINT, ARTHRALGIA, ARTHRITIS = 0, 1, 2


@flag("joint.musculoskeletal")
def musculoskeletal(
    world: World,
    sex: Column,
    arthritis: Column,
    ankle_periarthritis: Column,
    muscle_symptomatic_true: Column,
    osseous_symptomatic: Column,
) -> Column:
    """Anything felt in joints, muscle or bone; what the other manifestations leave is joint pain."""
    felt = arthritis | ankle_periarthritis | muscle_symptomatic_true | osseous_symptomatic
    return np.where(felt, np.inf, world.joint.women.value * (sex == FEMALE))


@variable
def joint(
    musculoskeletal: Column,
    arthritis: Column,
    ankle_periarthritis: Column,
    muscle_symptomatic_true: Column,
    osseous_symptomatic: Column,
) -> Column:
    """Arthritis; or joint pain, where nothing else stands behind the musculoskeletal manifestation."""
    otherwise = ~(muscle_symptomatic_true | osseous_symptomatic)
    pain = ankle_periarthritis | (musculoskeletal & otherwise)
    return np.select([arthritis, pain], [ARTHRITIS, ARTHRALGIA], NO_JOINT).astype(np.int8)


VARIABLES = (musculoskeletal, joint)
