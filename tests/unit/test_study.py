"""A study in a file: its cases, and everything that is refused before anything runs."""

import numpy as np
import pytest

from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.scenario import Study, load_study, load_world
from sarcoid_epi.scenario.following import changed
from sarcoid_epi.simulation.stated import recipe, state
from sarcoid_epi.simulation.varied import belief_of, patients_of, spot

SHARE = {"paths": ["osseous.true_prevalence"], "values": [0.05, 0.1]}
RANGE = {"paths": ["osseous.true_prevalence"], "low": 0.01, "high": 0.16}


def study(**given):
    said = {
        "name": "small",
        "label": "Small",
        "aims": "To test",
        "estimators": ["recorded_osseous"],
        "population": 1000,
    }
    return Study(**{**said, **given})


def written(folder, text):
    path = folder / "mine.toml"
    path.write_text(f'label = "Mine"\naims = "To see"\nestimators = ["recorded_osseous"]\n{text}', encoding="utf-8")
    return str(path)


def refused(folder, text):
    with pytest.raises(ConfigurationError) as error:
        state(load_study(written(folder, text)))
    return str(error.value)


def test_a_file_is_a_study_named_after_it(tmp_path):
    read = load_study(written(tmp_path, 'sizes = [100, 200]\n[vary.share]\npaths = ["a.b"]\nvalues = [1, 2]'))
    assert (read.name, read.sizes, read.vary["share"].values) == ("mine", (100, 200), (1.0, 2.0))


def test_a_grid_crosses_everything_and_numbers_cases_in_order():
    vary = {"share": SHARE, "drift": {"paths": ["a.*"], "values": [1, 2, 3]}}
    cases = study(worlds=["evidence", "review"], sizes=[100, 200], vary=vary).all_cases()
    assert len(cases) == 2 * 2 * 2 * 3
    assert [case.number for case in cases] == list(range(24))
    assert len({case._replace(number=0) for case in cases}) == 24
    assert cases[0].values == (("share", 0.05), ("drift", 1.0))
    assert cases[-1][1:6] == ("review", "tertiary_records", "", 200, (("share", 0.1), ("drift", 3.0)))


@pytest.mark.parametrize("cases", [1, 6, 8])
def test_a_sobol_sequence_has_as_many_points_as_are_asked_for_and_longer_ones_go_on(cases):
    vary = {"share": RANGE, "other": {"paths": ["a.b"], "low": -1, "high": 1}}
    points = [case.values for case in study(method="sobol", cases=cases, vary=vary).all_cases()]
    longer = [case.values for case in study(method="sobol", cases=16, vary=vary).all_cases()]
    assert points == longer[:cases]
    assert all(0.01 <= dict(point)["share"] <= 0.16 and -1 <= dict(point)["other"] <= 1 for point in points)


def test_a_latin_hypercube_has_one_point_in_each_slice_of_a_range():
    vary = {"share": RANGE, "odds": {"paths": ["a.b"], "low": 0.1, "high": 10, "log": True}}
    points = [dict(case.values) for case in study(method="latin", cases=10, vary=vary, seed=3).all_cases()]
    assert sorted(int((p["share"] - 0.01) / 0.15 * 10) for p in points) == list(range(10))
    assert sorted(int((np.log10(p["odds"]) + 1) / 2 * 10) for p in points) == list(range(10))
    other = [dict(case.values) for case in study(method="latin", cases=10, vary=vary, seed=4).all_cases()]
    assert points != other


def test_draws_number_the_worlds_draws():
    cases = study(method="draws", cases=3, sizes=[100, 200]).all_cases()
    assert [case.draw for case in cases] == [0, 1, 2, 0, 1, 2]
    assert {case.values for case in cases} == {()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sizes = [0]", "sizes.0"),
        ("sizes = []", "'sizes' is empty; name one"),
        ("replicates = 1", "replicates"),
        ("population = 10", "population"),
        ("worlds = []", "'worlds' is empty; name one"),
        ('chance = "coin"', "chance"),
        ("eror = 0.01", "did you mean 'error'?"),
        ('sizes = [100, 100]', "'sizes' has 100 twice; keep one"),
        ("cases = 3", "a grid has as many cases as combinations; delete 'cases'"),
        ('method = "latin"', "method 'latin' needs 'cases'"),
        ('method = "sobol"\ncases = 4', "method 'sobol' varies nothing"),
        ('method = "draws"\ncases = 4\n[vary.a]\npaths = ["osseous.true_prevalence"]\nvalues = [1]', "delete 'vary'"),
        ('[vary.a]\npaths = ["osseous.true_prevalence"]\nlow = 0.1\nhigh = 0.2', "a grid needs 'values'"),
        ('[vary.a]\npaths = ["osseous.true_prevalence"]\nlow = 0.1', "give one of the two"),
        ('[vary.a]\npaths = ["osseous.true_prevalence"]', "give one of the two"),
        ('[vary.a]\npaths = []\nvalues = [1]', "vary.a.paths"),
        ('[vary.case]\npaths = ["osseous.true_prevalence"]\nvalues = [1]', "rename it"),
        ('method = "latin"\ncases = 4\n[vary.a]\npaths = ["a"]\nvalues = [1]', "needs 'low' and 'high'"),
        ('method = "latin"\ncases = 4\n[vary.a]\npaths = ["a"]\nlow = 2\nhigh = 1', "'low' must lie below 'high'"),
        ('method = "latin"\ncases = 4\n[vary.a]\npaths = ["a"]\nlow = 0\nhigh = 1\nlog = true', "log scale"),
        ('worlds = ["evidnce"]\ndesigns = ["nowhere"]', "did you mean 'evidence'?"),
        ('models = ["relapse"]', "nothing answers the model 'relapse'"),
        ('terms = ["osseus_recorded"]', "did you mean 'osseous_recorded'?"),
        ('[vary.a]\npaths = ["osseous.true_prevalance"]\nvalues = [0.1]', "did you mean 'osseous.true_prevalence'?"),
        ('[vary.a]\npaths = ["osseous.true_prevalence"]\nvalues = [0.1, 1.5]', "1.5 is not a share"),
        ('[vary.a]\npaths = ["entry.centres"]\nvalues = [2.5]', "it must be a whole number"),
        ('[vary.a]\npaths = ["osseous.true_prevalence"]\nby = "times"\nvalues = [1]', "'a' changes nothing"),
        ('[vary.a]\npaths = ["belief.sensitivity.value"]\nvalues = [0.5]', "has none; name some in 'beliefs'"),
        ('[vary.a]\npaths = ["osseous.true_prevalence"]\nvalues = [0.1, 0.1]', "'values' has 0.1 twice; keep one"),
        ('[vary.a]\npaths = ["osseous.true_prevalence"]\nvalues = [0.1]\nlog = true', "delete 'log'"),
        ('seed = -1\nmethod = "latin"\ncases = 2\n[vary.a]\npaths = ["a"]\nlow = 1\nhigh = 2', "seed"),
        (
            '[vary.a]\npaths = ["osseous.true_prevalence"]\nvalues = [0.1]\n'
            '[vary.b]\npaths = ["osseous.true_prevalence"]\nvalues = [0.3, 0.2]',
            "'a' changes nothing: 'b' sets the same parameters after it",
        ),
        ("sizes = 300", "write sizes = [300], in brackets"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_runs(tmp_path, text, said):
    assert said in refused(tmp_path, text)


def test_every_mistake_is_told_at_once(tmp_path):
    text = 'beliefs = ["clinicl"]\nmodels = ["death"]\n[vary.a]\npaths = ["nowhere"]\nvalues = [1]'
    path = written(tmp_path, text.replace("models", 'designs = ["pet"]\nmodels'))
    with pytest.raises(ConfigurationError) as error:
        state(load_study(path).model_copy(update={"estimators": ("recorded", "event_free")}))
    said = str(error.value)
    for word in ("'clinicl'", "'pet'", "'recorded'"):
        assert word in said


def test_an_estimator_that_believes_needs_a_belief_and_one_with_a_model_a_model():
    with pytest.raises(ConfigurationError, match="'corrected_prevalence' believes something, and the study has no bel"):
        state(study(estimators=["corrected_prevalence"]))
    with pytest.raises(ConfigurationError, match="and none fits; name one of the family cox"):
        state(study(estimators=["event_free"], models=["osseous_and_calcium"]))
    with pytest.raises(ConfigurationError, match="nothing that is asked believes anything; delete 'beliefs'"):
        state(study(beliefs=["clinical"]))


def test_a_factor_takes_the_place_multiplies_or_multiplies_the_odds():
    factors = {
        "value": {"paths": ["osseous.true_prevalence"], "values": [0.2]},
        "times": {"paths": ["osseous.true_prevalence"], "by": "times", "values": [0.5]},
        "odds": {"paths": ["imaging.*.bone_pain"], "by": "odds", "values": [2.0]},
        "ours": {"paths": ["belief.sensitivity.v*"], "by": "odds", "values": [1.5]},
    }
    one = study(vary=factors, beliefs=["clinical"], estimators=["corrected_prevalence"])
    stated = state(one)
    (case,) = one.all_cases()
    before = stated.worlds["evidence"], stated.designs["tertiary_records"]
    world, design = patients_of(one, spot(one, case), *before)
    assert world.osseous.true_prevalence.value == pytest.approx(0.1)
    old, new = (each.imaging.fdg_pet.bone_pain.value for each in (before[1], design))
    assert new / (1 - new) == pytest.approx(2 * old / (1 - old))
    belief = belief_of(one, case, stated.beliefs["clinical"])
    moved = {p for p, v in belief.parameters().items() if v.value != stated.beliefs["clinical"].parameters()[p].value}
    assert moved
    assert {path.split(".")[0] for path in moved} == {"sensitivity"}
    assert spot(one, case).values == case.values[:3], "a belief changes no patient"


def test_what_derives_from_a_factor_follows_as_when_it_is_loaded():
    values = {"sex.women": 0.5, "stage.acute_0": 0.1, "lofgren.acute_onset": 0.08}
    loaded, moved = load_world("evidence", values), changed(load_world("evidence"), values, "a test")
    told = {path: parameter.value for path, parameter in loaded.parameters().items()}
    assert told == {path: parameter.value for path, parameter in moved.parameters().items()}
    plain = load_world("evidence").parameters()
    assert sum(told[path] != plain[path].value for path in told) > len(values) + 5, "some follow"


def test_the_key_depends_on_all_that_bytes_depend_on_and_on_nothing_else():
    first = recipe(study())["key"]
    said = {"label": "Other", "aims": "Others", "error": 0.01, "replicates": 77, "name": "other"}
    assert recipe(study(**said))["key"] == first
    differing = [{"seed": 2}, {"sizes": [10]}, {"chance": "patients"}, {"truth": "everybody"}, {"vary": {"a": SHARE}}]
    assert len({recipe(study(**each))["key"] for each in differing} | {first}) == len(differing) + 1


def test_another_world_of_the_same_name_has_another_key(tmp_path):
    path = tmp_path / "mine.toml"
    head = 'extends = "evidence"\nlabel = "Mine"\n[osseous]\n'
    keys = set()
    for share in (0.05, 0.06):
        path.write_text(head + f'true_prevalence = {{ value = {share}, assumed = "a test" }}\n', encoding="utf-8")
        keys.add(recipe(study(worlds=[str(path)]))["key"])
    assert len(keys) == 2
