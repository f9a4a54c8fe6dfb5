"""do(x): everybody has x, descendants follow, nothing else moves by a bit."""

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from made import descendants
from sarcoid_epi.cohort import generate
from sarcoid_epi.cohort.node import ancestors
from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.scenario import load_design, load_world
from sarcoid_epi.vocabulary import PATIENT_BY_NAME, TRUTH_BY_NAME


@pytest.fixture(scope="module")
def natural():
    return generate(load_world("evidence"), load_design("incident_clinic"), 4000, seed=2)


def with_do(**do):
    return generate(load_world("evidence"), load_design("incident_clinic"), 4000, seed=2, do=do)


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [("burden", "1.5", 1.5), ("sex", "female", "female"), ("osseous", "1", True), ("bone_pain", "no", False)],
)
def test_only_descendants_change(natural, name, value, held):
    forced = with_do(**{name: value})
    both = forced.patients if name in PATIENT_BY_NAME else forced.truth
    assert (both[name] == held).all()
    untouched = [n for n in (*PATIENT_BY_NAME, *TRUTH_BY_NAME) if name not in {a.name for a in ancestors(NODES, [n])}]
    assert len(untouched) >= 5
    for before, after in ((natural.patients, forced.patients), (natural.truth, forced.truth)):
        same = [n for n in untouched if n in before]
        assert_frame_equal(before[same], after[same])


def test_descendants_follow(natural):
    assert with_do(osseous="1").patients["osseous_recorded"].mean() > 3 * natural.patients["osseous_recorded"].mean()
    assert not with_do(osseous="0").truth["osseous_spine"].any()
    heavy, light = with_do(burden="2"), with_do(burden="-2")
    assert heavy.patients["n_organs"].mean() > light.patients["n_organs"].mean() + 0.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("acute_onset", "0"),
        ("systemic_therapy", "1"),
        ("hypercalcaemia_true", "1"),
        ("imaging_fdg_pet", "1"),
        ("muscle_granulomas", "0"),
        ("fragility_fracture", "1"),
    ],
)
def test_whatever_the_graph_does_not_reach_is_the_same_to_the_byte(natural, name, value):
    """All of it, working variables too, by the arrows of the graph; and something that it does reach changes."""
    forced = with_do(**{name: value})
    reached = descendants([name])
    changed = False
    for before, after in ((natural.patients, forced.patients), (natural.truth, forced.truth)):
        same = [column for column in before if column not in reached]
        assert len(same) > 3
        assert_frame_equal(before[same], after[same], check_exact=True)
        changed |= not before.drop(columns=[*same, name], errors="ignore").equals(
            after.drop(columns=[*same, name], errors="ignore")
        )
    assert changed


def test_sex_reaches_bone_only_through_what_stands_between(natural):
    """The edge from sex to bone is off: what changes without holding them is lupus pernio and acute onset."""
    between = {"lupus_pernio": "0", "acute_onset": "0"}
    bone = ["osseous", *(f"osseous_{site}" for site in ("spine", "pelvis", "phalanges_hand"))]
    women, men = with_do(sex="female", **between), with_do(sex="male", **between)
    assert women.truth[bone].equals(men.truth[bone])
    assert not with_do(sex="female").truth["osseous"].equals(with_do(sex="male").truth["osseous"])
    on = load_world("evidence", {"osseous.women": 1.0})
    design = load_design("incident_clinic")
    made = [generate(on, design, 4000, 2, {**between, "sex": sex}).truth["osseous"] for sex in ("male", "female")]
    assert not (made[0] & ~made[1]).any()
    assert made[1].sum() > 1.5 * made[0].sum()


def test_who_is_made_ill_fell_ill_before_the_look_and_who_is_made_sound_never_shows_it(natural):
    ill, sound = with_do(osseous="1"), with_do(osseous="0")
    assert (ill.truth["osseous_onset_years"] <= ill.patients["years_since_diagnosis"] + 1e-3).all()
    assert (sound.truth["osseous_onset_years"] >= sound.patients["years_since_diagnosis"] - 1e-3).all()
    assert sound.truth["detected_by"].isna().all()


def test_no_target_is_hit_anew(natural):
    """With everybody's burden high the share of skin leaves its target, as an intervention should make it."""
    target = load_world("evidence").organs.skin.share.value
    assert with_do(burden="2").patients["skin"].mean() > target + 0.05
    assert natural.patients["skin"].mean() == pytest.approx(target, abs=4 * np.sqrt(target * (1 - target) / 4000))


@pytest.mark.parametrize(
    ("do", "said"),
    [
        ({"burdn": "1"}, "unknown variable 'burdn'; did you mean 'burden'"),
        ({"osseous": "perhaps"}, "give 1 or 0"),
        ({"sex": "girl"}, "give one of female, male"),
        ({"age_at_onset": "old"}, "give an integer"),
        ({"onset_date": "2001-01-01"}, "unknown variable 'onset_date'"),
    ],
)
def test_a_strange_intervention_is_a_sentence(do, said):
    with pytest.raises(ConfigurationError, match=said):
        with_do(**do)
