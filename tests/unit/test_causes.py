"""What a model must not condition on, by the causal graph of the generator and by small graphs drawn here."""

from importlib.resources import files

import pytest

from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.documenting import arrows
from sarcoid_epi.scenario import load_model, shipped
from sarcoid_epi.scenario.causes import Causes, causes
from sarcoid_epi.vocabulary import PATIENT_BY_NAME


def graph(**direct):
    return Causes({name: frozenset(above.split()) for name, above in direct.items()})


def test_the_arrows_that_analyses_read_are_those_of_the_generator():
    assert files("sarcoid_epi.scenario").joinpath("causes.toml").read_text(encoding="utf-8") == arrows(NODES)


def test_every_patient_variable_that_is_generated_stands_in_the_graph():
    assert PATIENT_BY_NAME.keys() - causes().direct.keys() == {"patient_id"}


@pytest.mark.parametrize(
    ("direct", "said"),
    [
        ({"u": "", "x": "u", "y": "x u", "z": "u"}, ""),
        ({"x": "", "z": "x", "y": "z"}, "'z' lies on the way from 'x' to 'y' (a mediator)"),
        ({"x": "", "m": "x", "y": "m", "z": "m"}, "'z' is a sign of m, on the way from 'x' (a mediator)"),
        ({"x": "", "y": "x", "z": "x y"}, "'z' is a common effect of 'x' and 'y' (a collider)"),
        ({"x": "", "y": "", "z": "y"}, "'z' is an effect of the outcome"),
        ({"x": "", "u": "", "y": "x u", "z": "x u"}, "'z' is a common effect of 'x' and of u (a collider)"),
        ({"u": "", "x": "u", "y": "u", "z": "x"}, ""),
        ({"x": "", "z": "x", "y": ""}, ""),
    ],
    ids=["confounder", "mediator", "sign", "collider", "effect", "collider of a cause", "only of x", "unrelated"],
)
def test_a_variable_is_called_what_it_is(direct, said):
    assert graph(**direct).fault("x", "y", "z") == said


def test_a_column_that_is_not_in_the_graph_is_never_at_fault():
    assert causes().fault("lofgren_broad", "osseous_recorded", "smoking") == ""


@pytest.mark.parametrize("adjusted", ["bone_pain", "systemic_therapy", "imaging_fdg_pet", "alp_raised", "remission"])
def test_the_known_traps_are_refused_for_lofgren_syndrome_and_bone(adjusted):
    assert causes().fault("lofgren_broad", "osseous_recorded", adjusted)


@pytest.mark.parametrize("adjusted", ["age_at_diagnosis", "sex", "ancestry", "centre", "era", "hla_drb1_03"])
def test_what_everybody_adjusts_for_is_allowed(adjusted):
    assert causes().fault("lofgren_broad", "osseous_recorded", adjusted) == ""


@pytest.mark.parametrize("name", shipped("model"))
def test_no_shipped_model_conditions_on_what_the_graph_forbids(name):
    assert load_model(name).faults == ()
