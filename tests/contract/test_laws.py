"""Laws of the house that no single room can keep alone."""

import ast
from pathlib import Path

import pytest
from pydantic import BaseModel

import sarcoid_epi
from sarcoid_epi.cohort.calibration import ReferencePopulation, calibrate_on
from sarcoid_epi.cohort.generator import Recipe, simulate
from sarcoid_epi.cohort.occurrence import population
from sarcoid_epi.cohort.steps import NODES, STEPS
from sarcoid_epi.cohort.tables import patient_frame
from sarcoid_epi.scenario import Derived, Parameter, load_design, load_world, shipped
from sarcoid_epi.streams import Rows
from sarcoid_epi.vocabulary import PATIENT_BY_NAME, TRUTH_BY_NAME

STEPS_FOLDER = Path(sarcoid_epi.__file__).parent / "cohort" / "steps"

#: Numbers that are arithmetic, not epidemiology: codes, calendars, rounding.
ARITHMETIC = {0, 1, 2, 3, -1, 10, 100, 6, 365, 365.2425, 1970, 1969, 1e-12}


@pytest.mark.parametrize("module", sorted(STEPS_FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_no_number_of_the_world_hides_in_a_step(module):
    constants = {
        node.value
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)
    }
    assert constants <= ARITHMETIC


def test_every_variable_is_made_before_it_is_read():
    made: set[str] = set()
    for node in NODES:
        assert set(node.needs) <= made, node.name
        made.add(node.name)


def test_no_variable_is_made_twice():
    names = [node.name for node in NODES]
    assert len(names) == len(set(names))


def test_the_generator_makes_every_variable_of_the_vocabulary():
    made = {node.name for node in NODES} | {"patient_id"}
    assert set(PATIENT_BY_NAME) | set(TRUTH_BY_NAME) <= made


def test_truth_and_patients_share_nothing_but_the_patient():
    assert PATIENT_BY_NAME.keys() & TRUTH_BY_NAME.keys() == {"patient_id"}


@pytest.mark.parametrize("design", shipped("design"))
def test_every_parameter_is_read_by_a_step_a_target_or_another_parameter(monkeypatch, design):
    """A parameter that nothing reads would promise an influence it does not have. Looked at while patients are made."""
    scenarios = load_world("evidence"), load_design(design)
    read: set[int] = set()

    def spied(self, name):
        if name == "value":
            read.add(id(self))
        return BaseModel.__getattribute__(self, name)

    with monkeypatch.context() as patched:
        patched.setattr(Parameter, "__getattribute__", spied)
        population(*scenarios, people=1000, years=(2001, 2002), seed=1)
        intercepts = calibrate_on(ReferencePopulation(points=2**10), *scenarios).intercepts
        simulate(NODES, {}, Rows(1, 0, 500), Recipe(*scenarios, intercepts, NODES))
    for scenario in scenarios:
        parameters = scenario.parameters()
        inputs = {name for p in parameters.values() if isinstance(p.basis, Derived) for name in p.basis.inputs}
        assert [path for path, p in parameters.items() if id(p) not in read and path not in inputs] == []


@pytest.mark.parametrize("world", shipped("world"))
def test_every_target_names_a_parameter(world):
    known = load_world(world).parameters().keys() | load_design("tertiary_records").parameters().keys()
    assert {target.path for node in NODES for target in node.targets} <= known


def test_the_vocabulary_names_the_step_that_makes_each_variable():
    made_in = {node.name: step for step, nodes in STEPS.items() for node in nodes} | {"patient_id": "demography"}
    for variable in (*PATIENT_BY_NAME.values(), *TRUTH_BY_NAME.values()):
        assert variable.step == made_in[variable.name], variable.name


def test_a_frame_needs_all_columns():
    with pytest.raises(KeyError):
        patient_frame({}, centres=1)


def test_every_reference_in_a_docstring_resolves():
    """Keys below a heading References are registered sources."""
    import re

    from sarcoid_epi.evidence import source

    folder = Path(sarcoid_epi.__file__).parent
    keys = set()
    for path in folder.rglob("*.py"):
        for block in re.findall(
            r"References\n\s*-{5,}\n\s*([a-z0-9_, \n]+?)\n\s*(?:\n|\"\"\")", path.read_text("utf-8")
        ):
            keys |= set(re.findall(r"[a-z]+[0-9]{4}", block))
    assert len(keys) > 10
    for key in keys:
        assert source(key).key == key
