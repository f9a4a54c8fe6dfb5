"""The organs: each has its share, all share frailty and burden, so they cluster."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, Node, flag, variable
from sarcoid_epi.cohort.steps.demography import BLACK, FEMALE
from sarcoid_epi.scenario import World
from sarcoid_epi.vocabulary import ORGANS


def organ(name: str) -> Node:
    """Involvement of one organ."""

    def log_odds(world: World, frailty: Column, burden: Column, ancestry: Column, sex: Column) -> Column:
        w = getattr(world.organs, name)
        return np.asarray(
            w.frailty.value * frailty
            + w.burden.value * burden
            + w.black.value * (ancestry == BLACK)
            + w.women.value * (sex == FEMALE)
        )

    return flag(f"organs.{name}.share", name=name)(log_odds)


def count(*organs: Column) -> Column:
    """How many of the nine are involved."""
    return np.asarray(np.sum(organs, axis=0, dtype=np.int8))


@flag("lupus_pernio.share", among="skin")
def lupus_pernio(world: World, ancestry: Column, sex: Column) -> Column:
    """Chronic disfiguring skin disease of nose, cheeks and fingers."""
    w = world.lupus_pernio
    return np.asarray(w.black.value * (ancestry == BLACK) + w.women.value * (sex == FEMALE))


VARIABLES = (
    *(organ(name) for name in ORGANS),
    variable(count, "n_organs", ORGANS),
    lupus_pernio,
    organ("extrathoracic_nodes"),
)
