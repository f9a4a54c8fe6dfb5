"""Worlds, designs and beliefs: every number that goes in, with its basis."""

from sarcoid_epi.scenario.belief import Belief
from sarcoid_epi.scenario.design import Design
from sarcoid_epi.scenario.loader import load_belief, load_design, load_prior, load_world, shipped
from sarcoid_epi.scenario.model import Model, load_model
from sarcoid_epi.scenario.parameter import Assumed, Cited, Derived, Parameter
from sarcoid_epi.scenario.prior import Prior
from sarcoid_epi.scenario.study import Case, Factor, Study, load_study
from sarcoid_epi.scenario.uncertainty import draw, spreads
from sarcoid_epi.scenario.world import World

__all__ = [
    "Assumed",
    "Belief",
    "Case",
    "Cited",
    "Derived",
    "Design",
    "Factor",
    "Model",
    "Parameter",
    "Prior",
    "Study",
    "World",
    "draw",
    "load_belief",
    "load_design",
    "load_model",
    "load_prior",
    "load_study",
    "load_world",
    "shipped",
    "spreads",
]
