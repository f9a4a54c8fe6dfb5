"""Interactions, tests of exposures and curves of splines, worked on paper; and what has no answer says why."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import xlogy
from scipy.stats import chi2

from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.estimators import adjusted, exposure_tests, interactions, ratio_curve
from sarcoid_epi.estimators.association import CURVE
from sarcoid_epi.estimators.coefficients import WEIGHTED
from sarcoid_epi.estimators.interactions import BENT, COMMON, NO_SYNERGY
from sarcoid_epi.estimators.model_tests import FEW_CLUSTERS, ROUGH
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.firth import firth_profile
from sarcoid_epi.stats.interaction import attributable_limits, interaction
from sarcoid_epi.strata import by, replicated, whole
from small import limits, note, told

Z = 1.959963984540054


def model(exposures, adjust=(), family="logistic", **more):
    parts = {"outcome": "osseous_recorded", "exposures": exposures, "adjust": adjust, "family": family}
    return Model(name="own", label="own", **parts, **more)


PAIR = model(("skin", "eye"), interactions=(("skin", "eye"),))
BOTH = "[skin=yes+eye=yes]"

#: Zou's oral cancer: drinking (skin) and smoking (eye); cases and all, by who does which.
MOUTH = {(0, 0): (3, 23), (1, 0): (6, 18), (0, 1): (8, 26), (1, 1): (225, 391)}


def table(cells, **columns):
    """A patient table: cells of two flags to events and patients."""
    rows = [(*cell, at < events) for cell, (events, n) in cells.items() for at in range(n)]
    return pd.DataFrame(rows, columns=["skin", "eye", "osseous_recorded"]).astype(bool).assign(**columns)


def woolf(a, n, c, m):
    """An odds ratio with Woolf's limits."""
    ratio = (a / (n - a)) / (c / (m - c))
    error = np.sqrt(1 / a + 1 / (n - a) + 1 / c + 1 / (m - c))
    return ratio, (ratio * np.exp(-Z * error), ratio * np.exp(Z * error))


# --- interactions ---


def test_interactions_of_a_saturated_table_are_those_printed_by_zou():
    answers = interactions(whole(table(MOUTH)), PAIR)
    assert told(answers)[f"excess{BOTH}"] == pytest.approx(3.74, abs=0.005)
    assert limits(answers, f"excess{BOTH}") == pytest.approx((-11.43, 21.87), abs=0.005)
    odds = {cell: events / (n - events) for cell, (events, n) in MOUTH.items()}
    one, other, both = (odds[cell] / odds[0, 0] for cell in ((1, 0), (0, 1), (1, 1)))
    found = told(answers)
    assert found[f"odds_ratio{BOTH}"] == pytest.approx(both)
    assert found[f"product{BOTH}"] == pytest.approx(both / one / other)
    assert found[f"attributable{BOTH}"] == pytest.approx((both - one - other + 1) / both)
    assert found[f"synergy{BOTH}"] == pytest.approx((both - 1) / (one + other - 2))
    at = answers.terms.index(f"product{BOTH}")
    assert (answers.n[0, at], answers.events[0, at]) == (391, 225)
    assert COMMON in note(answers, f"excess{BOTH}")


def test_the_ratio_given_a_level_of_the_partner_is_that_of_its_patients():
    answers = interactions(whole(table(MOUTH)), PAIR)
    for term, cells in (
        ("skin=yes@eye=no", ((1, 0), (0, 0))), ("skin=yes@eye=yes", ((1, 1), (0, 1))),
        ("eye=yes@skin=no", ((0, 1), (0, 0))), ("eye=yes@skin=yes", ((1, 1), (1, 0))),
    ):  # fmt: skip
        ratio, ends = woolf(*MOUTH[cells[0]], *MOUTH[cells[1]])
        assert told(answers)[f"odds_ratio[{term}]"] == pytest.approx(ratio)
        assert limits(answers, f"odds_ratio[{term}]") == pytest.approx(ends)


def test_a_partner_that_is_only_adjusted_for_has_no_ratio_of_its_own():
    answers = interactions(whole(table(MOUTH)), model(("skin",), ("eye",), interactions=(("eye", "skin"),)))
    assert [term for term in answers.terms if "@" in term] == [
        "odds_ratio[skin=yes@eye=no]",
        "odds_ratio[skin=yes@eye=yes]",
    ]
    whole_table = interactions(whole(table(MOUTH)), PAIR)
    assert told(answers)["excess[eye=yes+skin=yes]"] == pytest.approx(told(whole_table)[f"excess{BOTH}"])


#: An exposure that protects: skin halves the odds, more so with eye.
PROTECTED = {(0, 0): (40, 1000), (1, 0): (25, 1000), (0, 1): (80, 1000), (1, 1): (30, 1000)}


def test_an_exposure_that_protects_is_told_which_reference_to_take():
    answers = interactions(whole(table(PROTECTED)), PAIR)
    assert "which is with skin=yes" in note(answers, f"excess{BOTH}")
    assert note(answers, f"product{BOTH}") == ""
    turned = interactions(whole(table(PROTECTED)), PAIR.model_copy(update={"reference": {"skin": "yes"}}))
    term = "[skin=no+eye=yes]"
    assert note(turned, f"excess{term}") == ""
    # of risk factors the three additive measures agree in their direction
    found = told(turned)
    assert found[f"excess{term}"] > 0
    assert found[f"attributable{term}"] > 0
    assert found[f"synergy{term}"] > 1
    assert found[f"product{term}"] == pytest.approx(1 / told(answers)[f"product{BOTH}"])


@pytest.mark.parametrize("middle", [(0.5, 0.4, 0.6), (0.5, 0.4, -0.6), (-0.3, 0.2, 0.1), (1.1, 0.1, -0.5)])
def test_the_attributable_part_agrees_with_the_excess(middle):
    """Were the joint ratio 1 - a times as large, with a a limit, a limit of the excess would be 0."""
    covariance = np.array([[0.09, 0.02, -0.08], [0.02, 0.06, -0.05], [-0.08, -0.05, 0.4]])
    low, high = attributable_limits(middle, covariance)
    for a, end in ((low, "mover_low"), (high, "mover_high")):
        shrunk = interaction(np.add(middle, (0, 0, np.log(1 - a))), covariance).excess
        assert getattr(shrunk, end) == pytest.approx(0, abs=1e-9)
    whole_part = interaction(middle, covariance)
    assert low < whole_part.proportion.estimate < high
    assert (low > 0, high < 0) == (whole_part.excess.mover_low > 0, whole_part.excess.mover_high < 0)
    many = attributable_limits(np.stack([middle, np.full(3, np.nan)]), np.stack([covariance] * 2))
    assert (many.low[0], many.high[0]) == (low, high)
    assert np.isnan(many.low[1])


def test_a_synergy_that_is_not_defined_says_so():
    answers = interactions(whole(table({**PROTECTED, (0, 1): (30, 1000)})), PAIR)
    assert np.isnan(told(answers)[f"synergy{BOTH}"])
    assert NO_SYNERGY in note(answers, f"synergy{BOTH}")


#: Few events, none of them in those with both: the likelihood has no maximum.
SPARSE = {(0, 0): (2, 30), (1, 0): (3, 12), (0, 1): (1, 9), (1, 1): (0, 7)}


@pytest.mark.parametrize("cells", [SPARSE, {**SPARSE, (1, 1): (4, 7)}])
def test_penalised_ratios_and_their_limits_do_not_depend_on_the_reference(cells):
    """The ratio given a level is that of the model whose reference is that level, profile limits and all."""
    strata = whole(table(cells))
    answers = interactions(strata, PAIR)
    for level in ("no", "yes"):
        turned = adjusted(strata, PAIR.model_copy(update={"reference": {"eye": level}}))
        term = f"odds_ratio[skin=yes@eye={level}]"
        assert told(answers)[term] == pytest.approx(told(turned)["odds_ratio[skin=yes]"], rel=1e-7)
        assert limits(answers, term) == pytest.approx(limits(turned, "odds_ratio[skin=yes]"), rel=1e-6)
        assert "Firth" in note(answers, term)


def test_a_number_as_partner_has_the_product_for_each_unit():
    rng = np.random.default_rng(1)
    frame = table(PROTECTED)
    frame["age_at_diagnosis"] = rng.integers(20, 80, len(frame)).astype(float)
    pair = model(("skin",), ("age_at_diagnosis",), interactions=(("skin", "age_at_diagnosis"),))
    answers = interactions(whole(frame), pair)
    assert answers.terms == ("product[skin=yes+age_at_diagnosis]",)
    ten_years = interactions(whole(frame.assign(age_at_diagnosis=frame["age_at_diagnosis"] / 10)), pair)
    assert told(ten_years)[answers.terms[0]] == pytest.approx(told(answers)[answers.terms[0]] ** 10)
    bent = interactions(whole(frame), pair.model_copy(update={"splines": {"age_at_diagnosis": 4}}))
    assert np.isnan(bent.estimate).all()
    assert note(bent, answers.terms[0]) == BENT
    assert "where age_at_diagnosis is 0" in note(adjusted(whole(frame), pair), "odds_ratio[skin=yes]")


def test_levels_that_nobody_has_are_rows_with_a_note():
    frame = table(PROTECTED)
    frame["sex"] = pd.Categorical(["female"] * len(frame), categories=["female", "male"])
    answers = interactions(whole(frame), model(("skin",), ("sex",), interactions=(("skin", "sex"),)))
    assert told(answers)["odds_ratio[skin=yes@sex=female]"] == pytest.approx(woolf(55, 2000, 120, 2000)[0])
    silent = [term for term in answers.terms if "sex=male" in term]
    assert len(silent) == 6
    assert all(np.isnan(told(answers)[term]) and note(answers, term).startswith("nobody") for term in silent)


def test_three_levels_have_a_pair_each_and_an_unused_one_leaves_the_rest_as_it_is():
    rng = np.random.default_rng(2)
    frame = table(PROTECTED)
    codes = rng.integers(0, 3, len(frame))
    frame["clinic"] = pd.Categorical.from_codes(codes, categories=["north", "south", "west"])
    pair = model(("skin", "clinic"), interactions=(("skin", "clinic"),))
    answers = interactions(whole(frame), pair)
    assert sum(term.startswith("excess") for term in answers.terms) == 2
    assert sum("@" in term for term in answers.terms) == 3 + 2 * 2
    # saturated: each level of clinic is a table of its own
    for level in ("north", "south", "west"):
        own = frame[frame["clinic"] == level].groupby("skin")["osseous_recorded"].agg(["sum", "count"])
        ratio = woolf(*own.loc[True], *own.loc[False])[0]
        assert told(answers)[f"odds_ratio[skin=yes@clinic={level}]"] == pytest.approx(ratio)
    wider = frame["clinic"].cat.add_categories("other")
    again = interactions(whole(frame.assign(clinic=wider)), pair)
    assert told(again)["excess[skin=yes+clinic=west]"] == pytest.approx(told(answers)["excess[skin=yes+clinic=west]"])
    assert note(again, "product[skin=yes+clinic=other]").startswith("nobody")


def test_an_exposure_in_two_pairs_says_where_its_measures_hold():
    frame = table(PROTECTED)
    frame["heart"] = np.arange(len(frame)) % 3 == 0
    pairs = (("skin", "eye"), ("skin", "heart"))
    answers = interactions(whole(frame), model(("skin",), ("eye", "heart"), interactions=pairs))
    assert "where heart is no" in note(answers, f"excess{BOTH}")
    assert "where eye is no" in note(answers, "odds_ratio[skin=yes@heart=yes]")
    assert note(answers, f"product{BOTH}") == ""


def test_groups_at_once_are_the_groups_alone():
    """Groups with everything, with few events, without both, without events, with nobody."""
    cells = (PROTECTED, SPARSE, {**MOUTH, (1, 1): (0, 0)}, dict.fromkeys(MOUTH, (0, 9)), {(0, 0): (1, 5)})
    frame = pd.concat([table(one, centre=f"c{at}") for at, one in enumerate(cells)])
    frame["centre"] = pd.Categorical(frame["centre"], categories=[f"c{at}" for at in range(6)])
    frame["age_at_diagnosis"] = np.arange(len(frame)) % 50 + 20.0
    bent = model(("skin", "age_at_diagnosis"), ("eye",), splines={"age_at_diagnosis": 3})
    for estimator, own in ((interactions, PAIR), (exposure_tests, PAIR), (exposure_tests, bent), (ratio_curve, bent)):
        together = estimator(by(frame, "centre"), own)
        for group in range(6):
            alone = estimator(whole(frame[frame["centre"] == f"c{group}"]), own)
            np.testing.assert_allclose(together.estimate[group], alone.estimate[0], rtol=1e-7)
            np.testing.assert_allclose(together.high[group], alone.high[0], rtol=1e-7)
            assert (together.note[group] == alone.note[0]).all()
        assert (together.note[np.isnan(together.estimate)] != "").all()
        assert np.isnan(together.estimate[5]).all()


def test_without_interactions_or_splines_there_are_no_rows():
    plain = model(("skin",), ("eye",))
    assert interactions(whole(table(MOUTH)), plain).terms == ()
    assert ratio_curve(whole(table(MOUTH)), plain).terms == ()


def test_a_model_that_holds_a_collider_is_refused_in_every_row():
    frame = table(MOUTH).rename(columns={"eye": "bone_pain", "skin": "lofgren_broad"})
    bad = model(("lofgren_broad",), ("bone_pain",), interactions=(("lofgren_broad", "bone_pain"),))
    for estimator in (interactions, exposure_tests):
        answers = estimator(whole(frame), bad)
        assert np.isnan(answers.estimate).all()
        assert all(one.startswith("refused") for one in answers.note[0])


def test_a_model_with_weights_is_not_answered_as_if_it_had_none():
    weighted = model(("skin", "eye"), interactions=(("skin", "eye"),), weights="weight")
    for estimator in (interactions, exposure_tests):
        answers = estimator(whole(table(MOUTH, weight=2.0)), weighted)
        assert np.isnan(answers.estimate).all()
        assert (answers.note == WEIGHTED).all()


def test_the_adjusted_ratio_says_where_it_holds():
    strata = whole(table(MOUTH))
    assert "where eye is no" in note(adjusted(strata, PAIR), "odds_ratio[skin=yes]")
    assert note(adjusted(strata, model(("skin", "eye"))), "odds_ratio[skin=yes]") == ""


@pytest.mark.parametrize("pairs", [(("skin", "skin"),), (("skin", "eye"), ("eye", "skin"))])
def test_an_interaction_is_of_two_different_variables_and_declared_once(pairs):
    with pytest.raises(ValueError, match="two different variables"):
        model(("skin", "eye"), interactions=pairs)


# --- tests ---


def g_statistic(*groups):
    """Twice the sum of observed times log of observed over expected, of events and others in groups."""
    observed = np.array([(events, n - events) for events, n in groups], dtype=float)
    expected = observed.sum(0) * observed.sum(1)[:, None] / observed.sum()
    return 2 * (xlogy(observed, observed) - xlogy(observed, expected)).sum()


def test_the_test_of_a_single_exposure_is_the_g_test():
    answers = exposure_tests(whole(table(MOUTH)), model(("skin",)))
    expected = g_statistic((11, 49), (231, 409))
    assert told(answers)["chi_squared[skin]"] == pytest.approx(expected)
    assert told(answers)["p_ratio_test[skin]"] == pytest.approx(chi2.sf(expected, 1))
    assert note(answers, "chi_squared[skin]") == "1 degree of freedom"


def test_the_test_of_an_exposure_takes_its_interactions_along():
    """Saturated: without skin the two tables of eye are what is left, each with its own G."""
    answers = exposure_tests(whole(table(MOUTH)), PAIR)
    expected = g_statistic(MOUTH[0, 0], MOUTH[1, 0]) + g_statistic(MOUTH[0, 1], MOUTH[1, 1])
    assert told(answers)["chi_squared[skin]"] == pytest.approx(expected)
    assert note(answers, "chi_squared[skin]") == "2 degrees of freedom"
    turned = exposure_tests(whole(table(MOUTH)), PAIR.model_copy(update={"reference": {"eye": "yes"}}))
    np.testing.assert_allclose(turned.estimate, answers.estimate, rtol=1e-8)


def test_few_events_are_tested_by_the_penalised_likelihood():
    frame = table(SPARSE)
    answers = exposure_tests(whole(frame), PAIR)
    x = np.column_stack([np.ones(len(frame)), frame.skin, frame.eye, frame.skin & frame.eye]).astype(float)
    expected = firth_profile(x, frame.osseous_recorded, np.ones(len(frame)))
    assert told(answers)["p_ratio_test[skin+eye]"] == pytest.approx(expected.p_value[3], rel=1e-7)
    assert "Firth" in note(answers, "p_ratio_test[skin+eye]")


def test_with_clusters_the_test_is_walds_with_robust_errors():
    frame = table(PROTECTED)
    frame["centre"] = pd.Categorical.from_codes(np.arange(len(frame)) % 7, categories=[f"c{at}" for at in range(7)])
    clustered = model(("skin",), ("eye",), cluster="centre")
    answers, ratio = exposure_tests(whole(frame), clustered), adjusted(whole(frame), clustered)
    at = ratio.terms.index("odds_ratio[skin=yes]")
    error = ratio.std_error[0, at] / ratio.estimate[0, at]
    assert told(answers)["chi_squared[skin]"] == pytest.approx((np.log(ratio.estimate[0, at]) / error) ** 2)
    assert note(answers, "p_ratio_test[skin]").startswith(ROUGH)
    two = frame.assign(centre=pd.Categorical.from_codes(np.arange(len(frame)) % 2, categories=["a", "b"]))
    answers = exposure_tests(whole(two), PAIR.model_copy(update={"cluster": "centre"}))
    assert np.isnan(told(answers)["p_ratio_test[skin]"])
    assert FEW_CLUSTERS in note(answers, "p_ratio_test[skin]")


def test_what_is_said_of_one_test_is_not_said_of_the_next():
    frame = table(PROTECTED)
    frame["centre"] = pd.Categorical.from_codes(np.arange(len(frame)) % 2, categories=["a", "b"])
    answers = exposure_tests(whole(frame), PAIR.model_copy(update={"cluster": "centre"}))
    assert FEW_CLUSTERS in note(answers, "p_ratio_test[skin]")
    assert note(answers, "p_ratio_test[skin+eye]") == ROUGH


# --- curves ---


def aged(ages, seed=3):
    rng = np.random.default_rng(seed)
    ages = np.asarray(ages, dtype=float)
    yes = rng.random(len(ages)) < 0.1 + 0.004 * (ages - 20)
    return pd.DataFrame({"osseous_recorded": yes, "age_at_diagnosis": ages})


CURVE_MODEL = model(("age_at_diagnosis",), splines={"age_at_diagnosis": 4})


def test_knots_that_all_but_one_value_share_leave_a_straight_line():
    ages = [40.0] * 95 + [20.0, 25.0, 60.0, 70.0, 80.0]
    answers = exposure_tests(whole(aged(ages)), CURVE_MODEL)
    assert np.isnan(told(answers)["p_linear[age_at_diagnosis]"])
    assert note(answers, "p_linear[age_at_diagnosis]") != ""
    assert told(answers)["p_ratio_test[age_at_diagnosis]"] > 0


def test_a_curve_is_1_at_its_reference_and_names_its_values():
    strata = whole(aged(np.repeat(np.arange(20, 81), 10)))
    answers = ratio_curve(strata, CURVE_MODEL)
    found = told(answers)
    assert [found[f"quantile[age_at_diagnosis@{share}%]"] for share in (5, 25, 50, 75, 95)] == [23, 35, 50, 65, 77]
    assert found["odds_ratio[age_at_diagnosis@50%]"] == 1
    assert note(answers, "odds_ratio[age_at_diagnosis@50%]") == "reference"
    assert note(answers, "odds_ratio[age_at_diagnosis@75%]") == "at 65 against 50"
    assert found["quantile[age_at_diagnosis@reference]"] == 50
    # against another reference all ratios are divided by the same number, and the ends swap
    other = told(ratio_curve(strata, CURVE_MODEL.model_copy(update={"reference": {"age_at_diagnosis": "65"}})))
    for share in (5, 25, 50, 95):
        term = f"odds_ratio[age_at_diagnosis@{share}%]"
        assert other[term] == pytest.approx(found[term] / found["odds_ratio[age_at_diagnosis@75%]"])


def test_two_values_leave_a_straight_line_and_one_leaves_nothing():
    two = aged(np.repeat([30.0, 60.0], 100))
    answers = ratio_curve(whole(two), CURVE_MODEL)
    cells = two.groupby("age_at_diagnosis")["osseous_recorded"].agg(["sum", "count"])
    ratio = woolf(*cells.loc[60.0], *cells.loc[30.0])[0]
    found = told(answers)
    assert found["quantile[age_at_diagnosis@reference]"] == 45
    assert found["odds_ratio[age_at_diagnosis@95%]"] == pytest.approx(np.sqrt(ratio))
    one = ratio_curve(whole(aged([50.0] * 100)), CURVE_MODEL)
    ratios = [term for term in one.terms if term.startswith("odds_ratio")]
    assert all(np.isnan(told(one)[term]) and note(one, term) == "all patients are alike in it" for term in ratios)


def test_a_curve_with_a_partner_is_that_at_its_reference():
    frame = aged(np.repeat(np.arange(20, 81), 20))
    frame["skin"] = np.arange(len(frame)) % 3 == 0
    pair = CURVE_MODEL.model_copy(update={"adjust": ("skin",), "interactions": (("skin", "age_at_diagnosis"),)})
    answers = ratio_curve(whole(frame), pair)
    assert "where skin is no" in note(answers, "odds_ratio[age_at_diagnosis@95%]")
    # everything bends with skin: the curve is that of those without it, but for where the knots are
    alone = frame[~frame["skin"]]
    expected = told(ratio_curve(whole(alone), CURVE_MODEL))
    assert told(answers)["odds_ratio[age_at_diagnosis@95%]"] == pytest.approx(
        expected["odds_ratio[age_at_diagnosis@95%]"], rel=0.02
    )


def test_a_number_with_a_spline_has_no_one_ratio():
    answers = adjusted(whole(aged(np.arange(20, 81))), CURVE_MODEL)
    assert np.isnan(answers.estimate).all()
    assert note(answers, "odds_ratio[age_at_diagnosis]").startswith(CURVE)


def test_a_reference_that_is_no_number_is_refused():
    with pytest.raises(ConfigurationError, match="'young', is no number"):
        ratio_curve(
            whole(aged(np.arange(20, 81))), CURVE_MODEL.model_copy(update={"reference": {"age_at_diagnosis": "young"}})
        )


def test_no_events_and_one_patient_are_answered():
    frame = aged(np.arange(20, 81))
    for few in (frame.assign(osseous_recorded=False), frame.iloc[:1], frame.iloc[:0]):
        for estimator in (exposure_tests, ratio_curve):
            answers = estimator(whole(few), CURVE_MODEL)
            lost = np.isnan(answers.estimate)
            assert (answers.note[lost] != "").all()
    none = ratio_curve(whole(frame.assign(osseous_recorded=False)), CURVE_MODEL)
    assert np.isfinite(none.estimate).all()  # by the penalised likelihood


def test_replicates_as_arrays_are_the_table():
    frame = aged(np.repeat(np.arange(20, 81), 5))
    arrays = {name: frame[name].to_numpy()[None] for name in frame}
    np.testing.assert_allclose(
        ratio_curve(replicated(arrays), CURVE_MODEL).estimate, ratio_curve(whole(frame), CURVE_MODEL).estimate
    )
