"""What would stand on record had another design looked at the same patient at the same time."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, Columns, Node, ancestors, variable
from sarcoid_epi.cohort.steps import imaging, record
from sarcoid_epi.scenario import World, load_design
from sarcoid_epi.streams import Uniforms
from sarcoid_epi.vocabulary import COUNTERFACTUAL

#: What lies between a patient's concerns and the record, anew for each design, with the patient's own uniforms.
LOOKING = ancestors((*imaging.LOOKS, *record.VARIABLES), ["osseous_recorded"])
GIVEN_PATIENT = tuple(
    dict.fromkeys(cause for node in LOOKING for cause in node.parents if cause not in {n.name for n in LOOKING})
)


def recorded_under(name: str) -> Node:
    """On record under a named design; who enters and what was measured stay as they are."""

    def recorded(uniforms: Uniforms, world: World, *patient: Column) -> Column:
        design = load_design(name)
        columns: Columns = dict(zip(GIVEN_PATIENT, patient, strict=True))
        for node in LOOKING:
            columns[node.name] = node(columns, uniforms, world, design)
        return np.asarray(columns["osseous_recorded"])

    return variable(recorded, f"recorded_under_{name}", GIVEN_PATIENT)


VARIABLES = tuple(recorded_under(name) for name in COUNTERFACTUAL)
