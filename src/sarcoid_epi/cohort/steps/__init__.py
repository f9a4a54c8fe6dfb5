"""The steps in causal order; each is a module of variables, and a variable is a function of its causes."""

from sarcoid_epi.cohort.node import Node
from sarcoid_epi.cohort.steps import (
    bone_record,
    calcium,
    course,
    demography,
    entry,
    organs,
    osseous,
    presentation,
    stage,
)

STEPS = {
    "demography": demography.VARIABLES,
    "course": course.VARIABLES,
    "entry": entry.VARIABLES,
    "presentation": presentation.VARIABLES,
    "stage": stage.VARIABLES,
    "organs": organs.VARIABLES,
    "osseous": osseous.VARIABLES,
    "bone record": bone_record.VARIABLES,
    "calcium": calcium.VARIABLES,
}

#: Every variable of the generator in causal order.
NODES: tuple[Node, ...] = tuple(node for variables in STEPS.values() for node in variables)
