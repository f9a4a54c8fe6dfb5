"""Outcomes seen with error: the regression and the corrected models, by hand and where there is next to nothing."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sarcoid_epi.estimators import CATALOGUE, adjusted, ask, misclassification_corrected
from sarcoid_epi.estimators.association import ALIKE, CURVE, REFERENCE
from sarcoid_epi.estimators.cascade import CONTRADICTION
from sarcoid_epi.estimators.declare import NO_BELIEF
from sarcoid_epi.estimators.misclassified import WEIGHTED
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.scenario import Model, load_belief
from sarcoid_epi.scenario.belief import Belief
from sarcoid_epi.stats.firth import firth
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.misclassified_outcome import (
    CHANCE,
    NO_MAXIMUM,
    expected_given,
    misclassified_logistic,
    reassigned,
)
from sarcoid_epi.strata import by, whole
from small import limits, note, table, told

ROWS = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1]], dtype=float)
SEEN, N = np.array([110, 62, 128, 240]), np.array([900, 300, 500, 700])
COLUMNS = ("lofgren_broad", "chronic_back_pain", "osseous_recorded")
MODEL = Model(name="own", label="own", outcome="osseous_recorded", exposures=("lofgren_broad",))
RATIO, SYSTEMATIC, RECORDED = (f"{m}[lofgren_broad=yes]" for m in ("odds_ratio", "systematic_ratio", "recorded_ratio"))
LEFT_OUT = "impossible[osseous_recorded]"


def believed(sensitivity, specificity, n=10**9, exposed=None, correlation=None):
    """A belief in these two, as sure as n patients make it."""

    def sure(value):
        return {"value": value, "basis": {"kind": "assumed", "reason": "for a test"}}

    parts = {"sensitivity": sensitivity, "specificity": specificity}
    sections = {name: {"value": sure(value), "n": sure(n)} for name, value in parts.items()}
    if exposed:
        sections["exposed"] = {"detected": sure(exposed[0]), "mistaken": sure(exposed[1])}
    if correlation is not None:
        sections["together"] = {"correlation": sure(correlation)}
    return Belief.model_validate({"name": "test", "label": "for a test", "about": "any", **sections})


def cohort(cells, columns=("lofgren_broad", "osseous_recorded")):
    return whole(table(columns, cells))


#: 300 of 1000 with Löfgren syndrome on record, and 200 of 2000 without.
LARGE = {(1, 1): 300, (1, 0): 700, (0, 1): 200, (0, 0): 1800}


# The regression


def test_without_error_it_is_logistic_regression_and_firths():
    ours, theirs = misclassified_logistic(ROWS, SEEN, N, 1, 1), logistic(ROWS, SEEN, N)
    for name in ("estimate", "std_error", "covariance", "log_likelihood", "low", "high"):
        assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-10, err_msg=name)
    ours, theirs = misclassified_logistic(ROWS, SEEN, N, 1, 1, penalised=True), firth(ROWS, SEEN, N)
    for name in ("estimate", "std_error", "covariance", "log_likelihood"):
        assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-9, err_msg=name)


def test_a_saturated_model_is_rogan_and_gladen_in_each_group():
    se, sp = np.array([0.6, 0.8]), np.array([0.95, 0.9])
    seen, n = np.array([100, 300]), np.array([1000, 1000])
    true = (seen / n + sp - 1) / (se + sp - 1)
    fit = misclassified_logistic([[1, 0], [1, 1]], seen, n, se, sp)
    odds = true / (1 - true)
    assert_allclose(np.exp(fit.estimate), [odds[0], odds[1] / odds[0]], rtol=1e-9)
    # Delta method: the variance of a log odds is that of the share seen, over (Se + Sp - 1)^2 T^2 (1 - T)^2.
    share = seen / n
    spread = share * (1 - share) / n / ((se + sp - 1) * true * (1 - true)) ** 2
    assert_allclose(fit.std_error**2, [spread[0], spread.sum()], rtol=1e-9)


def test_many_draws_at_once_equal_each_alone():
    rng = np.random.default_rng(1)
    se, sp = rng.uniform(0.5, 1, (2, 3, 4)), rng.uniform(0.9, 1, (2, 3, 1))
    for penalised in (False, True):
        whole_batch = misclassified_logistic(ROWS, SEEN, N, se, sp, penalised=penalised)
        assert whole_batch.estimate.shape == (2, 3, 3)
        assert whole_batch.note.shape == (2, 3)
        for place in np.ndindex(2, 3):
            alone = misclassified_logistic(ROWS, SEEN, N, se[place], sp[place], penalised=penalised)
            assert_allclose(whole_batch.estimate[place], alone.estimate, rtol=1e-9)
            assert_allclose(whole_batch.covariance[place], alone.covariance, rtol=1e-8)


def test_fewer_seen_than_false_ones_alone_have_no_maximum_and_a_penalised_one():
    fit = misclassified_logistic([[1, 0], [1, 1]], [100, 2], [1000, 300], 0.5, 0.98)
    assert np.isnan(fit.estimate).all()
    assert fit.note == NO_MAXIMUM
    kept = misclassified_logistic([[1, 0], [1, 1]], [100, 2], [1000, 300], 0.5, 0.98, penalised=True)
    assert kept.estimate[1] < -1
    assert kept.note == ""


def test_chances_no_better_than_chance_and_what_is_no_design_are_told():
    assert misclassified_logistic(ROWS, SEEN, N, 0.3, 0.7).note == CHANCE
    assert "column 2" in str(misclassified_logistic(ROWS[:, [0, 1, 1]], SEEN, N, 0.9, 0.9).note)
    assert misclassified_logistic(ROWS, 0 * N, 0 * N, 0.9, 0.9).note == "no patients"
    # A row that nobody has may have any chances.
    assert misclassified_logistic(np.vstack([ROWS, ROWS[:1]]), [*SEEN, 0], [*N, 0], [0.9] * 4 + [0.1], 0.9).note == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((ROWS[None], SEEN, N, 1, 1), "one design"),
        ((ROWS, SEEN + 0.5, N, 1, 1), "whole"),
        ((ROWS, SEEN, N, 1.2, 1), "sensitivity"),
        ((ROWS, SEEN, N, 1, -0.1), "specificity"),
        ((ROWS, SEEN, N, [0.9] * 3, 1), "broadcast"),
    ],
)
def test_what_makes_no_sense_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        misclassified_logistic(*given)


def test_predictive_values_are_bayes_rule_and_outcomes_follow_them():
    right, missed = expected_given(np.log(0.25), 0.6, 0.9)
    assert_allclose([right, missed], [0.12 / 0.2, 0.08 / 0.8])
    assert expected_given(-800.0, 1.0, 1.0) == (0.0, 0.0)
    half = np.full((2, 1), 0.5)
    # Median of Bin(20, 0.6) and of Bin(80, 0.1).
    assert reassigned([[1.0]], [20], [100], [np.log(0.25)], 0.6, 0.9, half).tolist() == [20.0]
    assert reassigned([[1.0]], [20], [100], [np.log(0.25)], 1.0, 1.0, half).tolist() == [20.0]
    assert np.isnan(reassigned([[1.0]], [20], [100], [np.nan], 0.6, 0.9, half)).all()
    with pytest.raises(ValueError, match="uniform"):
        reassigned([[1.0]], [20], [100], [0.0], 0.6, 0.9, [[0.5], [1.5]])


# The corrected models


def test_a_perfect_record_leaves_the_ratio_and_its_limits_as_they_are():
    strata = cohort(LARGE)
    answers = misclassification_corrected(strata, believed(1.0, 1.0), MODEL)
    plain = adjusted(strata, MODEL)
    odds = 300 * 1800 / (700 * 200)
    assert_allclose([told(answers)[name] for name in (SYSTEMATIC, RECORDED)], odds, rtol=1e-9)
    assert told(answers)[RATIO] == pytest.approx(odds, rel=0.01)
    assert limits(answers, RECORDED) == pytest.approx(limits(plain, RATIO), rel=1e-9)
    assert limits(answers, RATIO) == pytest.approx(limits(plain, RATIO), rel=0.02)
    assert limits(answers, SYSTEMATIC) == pytest.approx((odds, odds), rel=1e-9)
    assert told(answers)[LEFT_OUT] == 0


def test_known_error_is_taken_back_as_on_paper():
    """T = (P - 0.05) / 0.75 of each: 1/3 and 1/15; odds 1/2 and 1/14, ratio 7."""
    answers = misclassification_corrected(cohort(LARGE), believed(0.8, 0.95), MODEL)
    assert told(answers)[SYSTEMATIC] == pytest.approx(7, rel=1e-6)
    assert told(answers)[RATIO] == pytest.approx(7, rel=0.02)
    # The delta method: error of the log of the ratio, on either side of it.
    share, n, true = np.array([0.3, 0.1]), np.array([1000, 2000]), np.array([1 / 3, 1 / 15])
    error = np.sqrt((share * (1 - share) / n / (0.75 * true * (1 - true)) ** 2).sum())
    assert np.log(limits(answers, RATIO)) == pytest.approx(np.log(7) + np.array([-1.96, 1.96]) * error, abs=0.06)


def test_detection_that_differs_with_the_exposure_is_taken_back_as_on_paper():
    """Odds of detection 4 become 1, of a false record 1/19 become 2/19: Se 0.5, F 2/21 in those with the exposure."""
    answers = misclassification_corrected(cohort(LARGE), believed(0.8, 0.95, exposed=(0.25, 2.0)), MODEL)
    true = (0.3 - 2 / 21) / (0.5 - 2 / 21)
    assert told(answers)[SYSTEMATIC] == pytest.approx(true / (1 - true) * 14, rel=1e-6)


def test_ratios_of_shares_are_of_the_true_shares():
    model = MODEL.model_copy(update={"family": "prevalence_ratio"})
    answers = misclassification_corrected(cohort(LARGE), believed(0.8, 0.95), model)
    ratio = "prevalence_ratio[lofgren_broad=yes]"
    assert told(answers)[SYSTEMATIC] == pytest.approx(5, rel=1e-6)
    assert told(answers)[ratio] == pytest.approx(5, rel=0.02)
    assert told(answers)[RECORDED] == pytest.approx(3, rel=1e-9)


def test_what_is_held_is_held_of_the_disease_not_of_the_record():
    """The ratio is 1 at either level of back pain, which goes with both; most cases are missed."""
    cells = {(1, 1, 1): 240, (1, 1, 0): 560, (0, 1, 1): 60, (0, 1, 0): 140,
             (1, 0, 1): 10, (1, 0, 0): 190, (0, 0, 1): 40, (0, 0, 0): 760}  # fmt: skip
    model = MODEL.model_copy(update={"adjust": ("chronic_back_pain",)})
    answers = misclassification_corrected(cohort(cells, COLUMNS), believed(0.4, 1.0), model)
    assert told(answers)[SYSTEMATIC] == pytest.approx(1, rel=1e-6)
    assert told(answers)[RATIO] == pytest.approx(1, abs=0.03)


def test_doubt_of_the_belief_widens_the_limits_about_the_same_centre():
    strata = cohort(LARGE)
    sure, unsure = (misclassification_corrected(strata, believed(0.8, 0.97, n=n), MODEL) for n in (10**9, 200))
    assert limits(unsure, RATIO)[1] > 1.1 * limits(sure, RATIO)[1]
    assert told(unsure)[RATIO] == pytest.approx(told(unsure)[SYSTEMATIC], rel=0.03)
    low, high = limits(unsure, SYSTEMATIC)
    assert limits(unsure, RATIO)[0] < low < told(unsure)[SYSTEMATIC] < high < limits(unsure, RATIO)[1]


def test_draws_that_do_not_fit_the_records_are_counted_and_warned_of():
    """A tenth is on record without the exposure: more false records than that fit in hardly a draw."""
    answers = misclassification_corrected(cohort(LARGE), believed(0.8, 0.9, n=60), MODEL)
    assert 0.1 < told(answers)[LEFT_OUT] < 0.9
    assert "of the draws fit no true share" in note(answers, RATIO)
    hopeless = misclassification_corrected(cohort(LARGE), believed(0.8, 0.7), MODEL)
    assert told(hopeless)[LEFT_OUT] == 1
    assert note(hopeless, RATIO) == CONTRADICTION
    assert np.isnan(told(hopeless)[RATIO])
    assert told(hopeless)[RECORDED] > 1


def test_nobody_on_record_at_a_level_contradicts_no_few_false_records():
    """0 of 300 where two in a thousand would be false: the chance of that is 0.55."""
    cells = {(1, 1): 0, (1, 0): 300, (0, 1): 60, (0, 0): 1600}
    answers = misclassification_corrected(cohort(cells), believed(0.3, 0.998), MODEL)
    assert told(answers)[LEFT_OUT] == 0
    low, high = limits(answers, RATIO)
    assert low < told(answers)[RATIO] < 0.5
    assert np.isfinite(high)


def test_centres_that_are_alike_within_widen_the_limits():
    rng = np.random.default_rng(4)
    centre = rng.integers(0, 30, 4000)
    exposed = rng.random(4000) < rng.uniform(0, 1, 30)[centre]
    risk = 1 / (1 + np.exp(2.0 - 0.8 * exposed - rng.normal(0, 1, 30)[centre]))
    frame = pd.DataFrame(
        {
            "lofgren_broad": exposed,
            "centre": pd.Categorical.from_codes(centre, [f"c{k}" for k in range(30)]),
            "osseous_recorded": rng.random(4000) < 0.7 * risk,
        }
    )
    one, two = (
        misclassification_corrected(whole(frame), believed(0.7, 1.0), MODEL.model_copy(update={"cluster": cluster}))
        for cluster in ("", "centre")
    )
    assert told(one)[SYSTEMATIC] == pytest.approx(told(two)[SYSTEMATIC], rel=1e-6)
    widths = [np.log(limits(each, RATIO)[1] / limits(each, RATIO)[0]) for each in (one, two)]
    recorded = [np.log(limits(each, RECORDED)[1] / limits(each, RECORDED)[0]) for each in (one, two)]
    assert widths[1] / widths[0] == pytest.approx(recorded[1] / recorded[0], rel=0.1)
    assert widths[1] > 1.5 * widths[0]


def test_weights_are_not_passed_over_in_silence():
    frame = table(COLUMNS, {(1, 0, 1): 30, (1, 1, 0): 50, (0, 0, 1): 20, (0, 1, 0): 90}).assign(weight=2.0)
    answers = misclassification_corrected(
        whole(frame), believed(0.8, 0.99), MODEL.model_copy(update={"weights": "weight"})
    )
    assert np.isnan(answers.estimate).all()
    assert set(answers.note[0]) == {WEIGHTED}


def test_a_curve_has_no_one_ratio_and_a_pair_says_where_it_holds():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "lofgren_broad": rng.random(900) < 0.5,
            "chronic_back_pain": rng.random(900) < 0.5,
            "age_at_diagnosis": rng.integers(20, 80, 900),
            "osseous_recorded": rng.random(900) < 0.3,
        }
    )
    said = {
        "exposures": ("lofgren_broad", "age_at_diagnosis"),
        "adjust": ("chronic_back_pain",),
        "splines": {"age_at_diagnosis": 3},
        "interactions": (("lofgren_broad", "chronic_back_pain"),),
        "accept": dict.fromkeys(("lofgren_broad", "age_at_diagnosis", "chronic_back_pain"), "made patients"),
    }
    answers = misclassification_corrected(whole(frame), believed(0.8, 0.99), MODEL.model_copy(update=said))
    for measure in ("odds_ratio", "systematic_ratio", "recorded_ratio"):
        assert np.isnan(told(answers)[f"{measure}[age_at_diagnosis]"])
        assert note(answers, f"{measure}[age_at_diagnosis]") == CURVE
        assert np.isfinite(told(answers)[f"{measure}[lofgren_broad=yes]"])
        assert note(answers, f"{measure}[lofgren_broad=yes]") == "where chronic_back_pain is no"


def test_a_column_that_follows_from_another_is_no_contradiction_of_belief_and_records():
    frame = table(("lofgren_broad", "osseous_recorded"), LARGE).assign(lofgren_strict=lambda it: it.lofgren_broad)
    both = {"exposures": ("lofgren_broad", "lofgren_strict"), "accept": {"lofgren_strict": "t", "lofgren_broad": "t"}}
    answers = misclassification_corrected(whole(frame), believed(0.8, 0.99), MODEL.model_copy(update=both))
    compared = [at for at, name in enumerate(answers.terms) if not name.endswith("=no]")]
    assert np.isnan(answers.estimate[0, compared]).all()
    assert {str(answers.note[0, at]) for at in compared} == {
        "lofgren_strict=yes follows from the columns before it: leave it out"
    }


def test_other_outcomes_are_not_spoken_of():
    model = MODEL.model_copy(update={"outcome": "hypercalcaemia"})
    answers = misclassification_corrected(cohort(LARGE), believed(0.8, 0.95), model)
    assert answers.terms == ("odds_ratio[lofgren_broad]",)
    assert answers.note[0, 0] == f"{NO_BELIEF} records of 'hypercalcaemia'"


def test_a_model_that_conditions_on_what_it_must_not_is_refused():
    frame = table(("lofgren_broad", "bone_pain", "osseous_recorded"), {(1, 1, 1): 9, (0, 0, 0): 9, (0, 1, 0): 9})
    model = MODEL.model_copy(update={"adjust": ("bone_pain",)})
    answers = misclassification_corrected(whole(frame), believed(0.8, 0.95), model)
    assert np.isnan(answers.estimate).all()
    assert all("bone_pain" in said for said in answers.note[0])
    accepted = model.model_copy(update={"accept": {"bone_pain": "asked before any imaging"}})
    assert not np.isnan(misclassification_corrected(whole(frame), believed(0.8, 0.95), accepted).estimate).all()


def test_without_a_belief_it_is_not_asked_and_with_one_it_is():
    strata = cohort(LARGE)
    asked = [ask(CATALOGUE, strata, data="x", question="association", models=[MODEL], belief=belief)
             for belief in (None, load_belief("clinical"))]  # fmt: skip
    runs = [{run.estimator for run in answers.runs} for answers in asked]
    assert runs[1] - runs[0] == {"misclassification_corrected"}


@pytest.mark.parametrize("cells", [{}, {(0, 0): 40, (0, 1): 2}, {(None, 0): 30, (None, 1): 5}])
def test_nobody_with_the_exposure_is_a_note(cells):
    answers = misclassification_corrected(cohort(cells), believed(0.5, 0.99), MODEL)
    assert np.isnan([told(answers)[name] for name in (RATIO, SYSTEMATIC, RECORDED)]).all()
    assert all(note(answers, name).startswith(NOBODY) for name in (RATIO, SYSTEMATIC, RECORDED))


def test_everybody_exposed_one_patient_and_nobody_on_record():
    alike = misclassification_corrected(cohort({(1, 0): 30, (1, 1): 5}), believed(0.5, 0.99), MODEL)
    assert note(alike, RATIO) == ALIKE
    assert note(alike, "odds_ratio[lofgren_broad=no]") != REFERENCE
    one = misclassification_corrected(cohort({(1, 0): 1}), believed(0.5, 0.99), MODEL)
    assert np.isnan(told(one)[RATIO])
    none = misclassification_corrected(cohort({(1, 0): 50, (0, 0): 60}), believed(0.5, 0.99), MODEL)
    low, high = limits(none, RATIO)
    assert low < 0.2 < told(none)[RATIO] < 5 < high


def test_levels_nobody_has_bool_outcomes_and_numbers_with_two_values():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "ancestry": pd.Categorical.from_codes(rng.integers(0, 2, 600), ["white", "black", "other"]),
            "n_organs": rng.integers(1, 3, 600),
            "osseous_recorded": rng.random(600) < 0.2,
        }
    )
    model = Model(name="m", label="m", outcome="osseous_recorded", exposures=("ancestry", "n_organs"),
                  accept={"n_organs": "for a test"})  # fmt: skip
    answers = misclassification_corrected(whole(frame), believed(0.5, 1.0, n=100), model)
    for name, known in (("ancestry=black", True), ("ancestry=other", False), ("n_organs", True)):
        assert np.isfinite(told(answers)[f"odds_ratio[{name}]"]) == known
    assert told(answers)["odds_ratio[ancestry=white]"] == 1


def test_groups_have_the_answers_that_they_have_alone():
    places = [(exposed, pain, seen) for exposed in (0, 1) for pain in (0, 1, None) for seen in (0, 1)]
    frame = table(COLUMNS, {place: 20 + 17 * k + 200 * (1 - place[2]) for k, place in enumerate(places)})
    belief = believed(0.6, 0.99, n=50, correlation=-0.5)
    together = misclassification_corrected(by(frame, "chronic_back_pain"), belief, MODEL)
    assert len(together.estimate) == 3
    for group, level in enumerate((False, True)):
        part = frame[(frame["chronic_back_pain"] == level).fillna(False)]
        alone = misclassification_corrected(whole(part), belief, MODEL)
        # Groups that share a design are searched from one start, so a search ends within its tolerance; worst 1.4e-11.
        assert_allclose(together.estimate[group], alone.estimate[0], rtol=1e-9)


def test_a_ratio_that_holds_for_a_few_or_that_is_none_says_so_corrected_too():
    """Of an exposure with an interaction it is that at the reference of its partner; of a spline there is no one."""
    places = [(exposed, pain, seen) for exposed in (0, 1) for pain in (0, 1) for seen in (0, 1)]
    frame = table(COLUMNS, {place: 30 + 11 * k + 200 * (1 - place[2]) for k, place in enumerate(places)})
    frame["age_at_diagnosis"] = np.arange(len(frame)) % 60 + 20
    pair = MODEL.model_copy(
        update={"adjust": ("chronic_back_pain",), "interactions": (("lofgren_broad", "chronic_back_pain"),),
                "accept": {"chronic_back_pain": "for a test"}}
    )  # fmt: skip
    answers = misclassification_corrected(whole(frame), believed(0.6, 0.99), pair)
    for name in (RATIO, SYSTEMATIC, RECORDED):
        assert note(answers, name) == "where chronic_back_pain is no"
        assert np.isfinite(told(answers)[name])
    bent = MODEL.model_copy(update={"exposures": ("age_at_diagnosis",), "splines": {"age_at_diagnosis": 3}})
    answers = misclassification_corrected(whole(frame), believed(0.6, 0.99), bent)
    for name in answers.terms[:3]:
        assert (note(answers, name), np.isnan(told(answers)[name])) == (CURVE, True)
