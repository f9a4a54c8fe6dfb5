"""Cohorts and raw columns that several tests look at, each made once."""

from functools import cache

import numpy as np

from sarcoid_epi.cohort import calibrate, generate
from sarcoid_epi.cohort.calibration import REFERENCE_NODES
from sarcoid_epi.cohort.generator import Recipe, simulate
from sarcoid_epi.cohort.node import ancestors, variable
from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.scenario import load_design, load_world
from sarcoid_epi.streams import Rows

SIZE = 20_000

#: Monte Carlo standard errors that a right statement may be off: once in 16 000 looks it is by more than that.
K = 4


def off(share, n):
    """How far a share of n may be from its expectation."""
    return K * (share * (1 - share) / n) ** 0.5


@cache
def cohort(design, world="evidence", size=SIZE, seed=3):
    return generate(load_world(world), load_design(design), size, seed)


def raw(world, design, names, count, seed=3, nodes=NODES):
    """Columns of the first source patients, whether or not they enter, and of all that the named ones need."""
    recipe = Recipe(world, design, calibrate(world, design).intercepts, tuple(nodes))
    return simulate(ancestors(nodes, names), {}, Rows(seed, 0, count), recipe)


def at_reference_time(world, names, count, seed=3):
    """The same for new patients who are all looked at when the targets of the world are stated."""
    years = variable(lambda u: np.full(u.shape, world.osseous.reference_years.value), "years_since_diagnosis")
    nodes = [years if node.name == "years_since_diagnosis" else node for node in REFERENCE_NODES]
    return raw(world, load_design("whole_body_mri_for_all"), names, count, seed, nodes)


def descendants(names, nodes=NODES):
    """The variables that change when these do, themselves included."""
    found = set(names)
    for node in nodes:
        if found & set(node.needs):
            found.add(node.name)
    return found


def inside(node, columns):
    """Who belongs to a node's population."""
    if not node.among:
        return np.ones(columns[node.name].shape, dtype=bool)
    flag = np.asarray(columns[node.within], dtype=bool)
    return ~flag if node.among.startswith("not ") else flag
