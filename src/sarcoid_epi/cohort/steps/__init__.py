"""The steps in causal order; each is a module of variables, and a variable is a function of its causes."""

from sarcoid_epi.cohort.node import Node
from sarcoid_epi.cohort.steps import (
    axial,
    bone_density,
    calcium,
    counterfactual,
    course,
    demography,
    entry,
    follow_up,
    imaging,
    joint,
    markers,
    mimics,
    muscle,
    muscle_record,
    organs,
    osseous,
    presentation,
    record,
    selection,
    stage,
    substudy,
    treatment,
    vitamin_d,
)

STEPS = {
    "demography": demography.VARIABLES,
    "course": course.VARIABLES,
    "entry": entry.VARIABLES,
    "presentation": presentation.VARIABLES,
    "stage": stage.VARIABLES,
    "organs": organs.VARIABLES,
    "muscle": muscle.VARIABLES,
    "axial": axial.VARIABLES,
    "selection": selection.VARIABLES,
    "osseous": osseous.VARIABLES,
    "joint": joint.VARIABLES,
    "treatment": treatment.VARIABLES,
    "bone density": bone_density.VARIABLES,
    "mimics": mimics.VARIABLES,
    "vitamin D": vitamin_d.VARIABLES,
    "calcium": calcium.VARIABLES,
    "markers": markers.VARIABLES,
    "imaging": imaging.VARIABLES,
    "record": record.VARIABLES,
    "substudy": substudy.VARIABLES,
    "muscle record": muscle_record.VARIABLES,
    "follow-up": follow_up.VARIABLES,
    "counterfactual": counterfactual.VARIABLES,
}

#: Every variable of the generator in causal order.
NODES: tuple[Node, ...] = tuple(node for variables in STEPS.values() for node in variables)
