"""The chest film at diagnosis, and the Löfgren labels that need its hilar nodes."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, ordinal, variable
from sarcoid_epi.scenario import World
from sarcoid_epi.streams import Floats


@ordinal(*(f"stage.others_at_least_{stage}" for stage in ("i", "ii", "iii", "iv")), among="not acute_onset")
def stage_otherwise(world: World, burden: Column) -> Column:
    """Stage of patients without acute onset: heavier burden, later stage."""
    return np.asarray(world.stage.burden.value * burden)


@variable
def stage_acute(u: Floats, world: World) -> Column:
    """Stage after acute onset: 0, I or II."""
    none, first = world.stage.acute_0.value, world.stage.acute_i.value
    return (u >= none).astype(np.int8) + (u >= none + first)


@variable
def scadding_stage(acute_onset: Column, stage_acute: Column, stage_otherwise: Column) -> Column:
    return np.where(acute_onset, stage_acute, stage_otherwise).astype(np.int8)


@variable
def bilateral_hilar_lymphadenopathy(scadding_stage: Column) -> Column:
    """Stages I and II are the ones with hilar nodes."""
    return np.asarray((scadding_stage == 1) | (scadding_stage == 2))


@variable
def lofgren_strict(bilateral_hilar_lymphadenopathy: Column, erythema_nodosum: Column, arthritis: Column) -> Column:
    """The triad: hilar nodes on both sides, erythema nodosum and arthritis."""
    return np.asarray(bilateral_hilar_lymphadenopathy & erythema_nodosum & arthritis)


@variable
def lofgren_broad(
    bilateral_hilar_lymphadenopathy: Column, erythema_nodosum: Column, ankle_periarthritis: Column
) -> Column:
    """Hilar nodes on both sides with erythema nodosum or inflammation around the ankles."""
    return np.asarray(bilateral_hilar_lymphadenopathy & (erythema_nodosum | ankle_periarthritis))


VARIABLES = (
    stage_otherwise,
    stage_acute,
    scadding_stage,
    bilateral_hilar_lymphadenopathy,
    lofgren_strict,
    lofgren_broad,
)
