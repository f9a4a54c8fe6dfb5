"""A declared model: read from a few lines, refused with a sentence where it contradicts itself."""

import pytest

from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.scenario import load_model
from sarcoid_epi.scenario.model import ORDERED
from sarcoid_epi.vocabulary import PATIENT_BY_NAME

GOOD = 'label = "x"\noutcome = "osseous_recorded"\nexposures = ["sex"]\n'


def written(folder, text):
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_three_lines_are_a_model(tmp_path):
    model = load_model(written(tmp_path, GOOD))
    assert (model.name, model.family, model.measure, model.question) == ("own", "logistic", "odds_ratio", "association")


def test_a_collider_is_told_and_a_reason_accepts_it(tmp_path):
    adjusted = GOOD.replace('["sex"]', '["lofgren_broad"]') + 'adjust = ["bone_pain"]\n'
    (fault,) = load_model(written(tmp_path, adjusted)).faults
    assert "'bone_pain' is a common effect of 'lofgren_broad' and 'osseous_recorded'" in fault
    accepted = load_model(written(tmp_path, adjusted + '[accept]\nbone_pain = "asked before any imaging"\n'))
    assert accepted.faults == ()
    assert "conditions on bone_pain because asked before any imaging" in accepted.said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('adjust = ["sex"]', "'sex' stands twice"),
        ('adjust = ["osseous_recorded"]', "the outcome 'osseous_recorded' stands among what explains it"),
        ("splines = { age_at_diagnosis = 4 }", "'age_at_diagnosis' is no exposure and not adjusted for"),
        ("splines = { sex = 4 }", "'sex' is no number"),
        ('accept = { bone_pain = "why" }', "'bone_pain' is accepted, but the model does not condition on it"),
        ('family = "cox"', "'cox' and time do not fit"),
        ('time = "remission_years"', "'logistic' and time do not fit"),
        ('family = "cox"\ntime = "sex"', "'sex' is no number, and 'time' needs one"),
        ('family = "cox"\ntime = "follow_up_years"\nentry = "study_date"', "'study_date' is no number, and 'entry'"),
        ('family = "cox"\ntime = "follow_up_years"\ncompeting = ["osseous_recorded"]', "among what competes with it"),
        ('weights = "ancestry"', "'ancestry' is no number, and 'weights' needs one"),
        ('adjust = ["patient_id"]', "'patient_id' is another one in every patient"),
        ('adjust = ["diagnosis_date"]', "'diagnosis_date' is a date, of which nobody has a ratio"),
        ('adjust = "centre"', 'adjust: not a list; write adjust = ["..."], in brackets'),
        ('family = "gee"', "'gee' needs 'cluster'"),
        ('family = "multinomial"\ncluster = "centre"', "'multinomial' takes no cluster"),
        ('family = "gee"\ncluster = "centre"\nweights = "age_at_diagnosis"', "weights"),
        ('family = "proportional_odds"\nmissing = "impute"', "missing"),
        ('reference = { osseous_recorded = "yes" }', "'osseous_recorded' is no exposure and not adjusted for"),
        ('family = "probit"', "family: Input should be 'logistic'"),
        ('adjusted = ["centre"]', "unknown key 'adjusted'; did you mean 'adjust'?"),
        ('exposures = []', "exposures"),
        ('weights = "w"\nfamily = "firth"', "weights do not go with family 'firth'"),
        ('weights = "w"\nfamily = "log_binomial"', "weights do not go with family 'log_binomial'"),
        ('weights = "w"\nmissing = "impute"', "'weights' and imputed values are not taken together"),
        ('selected = "fever"', "'selected' and 'selected_by' need each other"),
        ('selected_by = ["fever"]', "'selected' and 'selected_by' need each other"),
        ('selected = "fever"\nselected_by = ["cough"]\nfamily = "firth"', "'selected' does not go with family 'firth'"),
        ('selected = "fever"\nselected_by = ["cough"]\nweights = "w"', "'selected' makes weights of its own"),
        ('selected = "sex"\nselected_by = ["cough"]', "'sex' says who is in the analysis and cannot stand in it"),
        ('selected = "fever"\nselected_by = ["cough x skin"]', "'cough' stands in a product of 'selected_by'"),
        ('selected = "a"\nselected_by = ["b", "b x b x b"]', "a product in 'selected_by' is of two"),
        ('selected = "fever"\nselected_by = ["cough"]\nmissing = "impute"', "'selected' and imputed values are not"),
        ('impute_with = ["fever"]', "'impute_with' is of missing values that are imputed"),
        ('missing = "impute"\nfamily = "gee"\ncluster = "centre"', "values are not imputed for family 'gee'"),
        ('missing = "impute"\nimpute_with = ["sex"]', "'sex' stands in the model and so in every imputation"),
        ('missing = "impute"\nimputations = 1', "greater than or equal to 2"),
    ],
)  # fmt: skip
def test_a_model_that_contradicts_itself_is_refused(tmp_path, more, said):
    text = GOOD.replace('exposures = ["sex"]\n', "") if more.startswith("exposures") else GOOD
    with pytest.raises(ConfigurationError) as raised:
        load_model(written(tmp_path, text + more))
    assert said in str(raised.value)
    assert "own.toml" in str(raised.value)


@pytest.mark.parametrize(("outcome", "ordered"), [("scadding_stage", True), ("ancestry", False), ("own", True)])
def test_proportional_odds_are_of_levels_in_order(tmp_path, outcome, ordered):
    text = GOOD.replace("osseous_recorded", outcome) + 'family = "proportional_odds"\n'
    if ordered:  # a user's own column is taken in the order of its levels
        assert load_model(written(tmp_path, text)).outcome == outcome
        return
    with pytest.raises(ConfigurationError, match="have no order; take the family 'multinomial'"):
        load_model(written(tmp_path, text))


def test_categories_said_to_be_in_order_are_categories():
    assert {PATIENT_BY_NAME[name].kind for name in ORDERED} == {"category"}


def test_a_model_of_several_kinds_may_name_the_reference_of_its_outcome(tmp_path):
    text = GOOD.replace("osseous_recorded", "scadding_stage") + 'reference = { scadding_stage = "I" }\n'
    model = load_model(written(tmp_path, text + 'family = "multinomial"\n'))
    assert model.reference == {"scadding_stage": "I"}
    assert "scadding_stage against I by sex" in model.said


def test_weights_selection_and_imputation_are_said_in_words(tmp_path):
    assert load_model(written(tmp_path, GOOD + 'weights = "w"')).said.endswith("by sex, weighted by w")
    more = 'selected = "fever"\nselected_by = ["cough", "skin", "cough x skin"]\n'
    model = load_model(written(tmp_path, GOOD + more))
    assert model.said.endswith("by sex, among those with fever, which turns on cough, skin, cough x skin")
    assert model.columns == ("osseous_recorded", "sex", "fever")
    assert model.beside == ("cough", "skin")
    model = load_model(written(tmp_path, GOOD + 'missing = "impute"\nimpute_with = ["bone_pain"]\n'))
    assert model.said.endswith("by sex, missing values imputed 20 times (also from bone_pain)")
    assert model.faults == ()  # what is imputed from is not conditioned on


COX = GOOD.replace("osseous_recorded", "remission") + 'family = "cox"\ntime = "remission_years"\n'


def test_a_model_of_time_may_start_later_split_and_stratify(tmp_path):
    more = 'start = 0.1\nsplit = [1, 3]\nstrata = ["centre"]\nwithout = ["osseous_recorded"]\n'
    model = load_model(written(tmp_path, COX + more))
    assert (model.start, model.split, model.strata, model.without) == (
        0.1,
        (1.0, 3.0),
        ("centre",),
        ("osseous_recorded",),
    )
    assert {"centre", "osseous_recorded"} <= set(model.columns)
    assert model.said.endswith("remission by sex, hazards of their own by centre, from year 0.1 on")


def test_strata_are_conditioned_on_and_so_held_to_the_causal_graph(tmp_path):
    (fault,) = load_model(written(tmp_path, COX + 'strata = ["relapse"]\n')).faults
    assert "'relapse'" in fault


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "split = [1]", "'split' is of a model of time"),
        (GOOD + "start = 1", "'start' is of a model of time"),
        (COX + "split = [3, 1]", "the years of 'split' must rise"),
        (COX + "split = [1]\nstart = 1", "the years of 'split' must rise"),
        (COX + 'strata = ["sex"]', "'sex' stands among strata and among what explains"),
        (COX + 'strata = ["remission"]', "the outcome 'remission' stands among what explains it"),
        (COX + "start = -1", "start: Input should be greater than or equal to 0"),
    ],
)
def test_a_model_of_time_that_contradicts_itself_is_refused(tmp_path, text, said):
    with pytest.raises(ConfigurationError) as raised:
        load_model(written(tmp_path, text))
    assert said in str(raised.value)


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(ConfigurationError, match="did you mean 'remission'"):
        load_model("remision")


def test_a_cluster_is_said_in_words(tmp_path):
    assert load_model(written(tmp_path, GOOD + 'cluster = "centre"\n')).said.endswith(
        "patients of one centre being alike"
    )
