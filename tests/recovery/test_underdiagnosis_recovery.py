"""Estimators of underdiagnosis on generated patients whose truth is known, each under what it assumes, and without it.

That two sources which pain brings patients into are too few, and that strata of pain mend it, `test_acceptance` shows
of the numbers themselves (test 7); here it is asked of the limits. K Monte Carlo standard errors throughout (made.py).
"""

import numpy as np
import pytest

from made import K, off
from sarcoid_epi.cohort import generate, replicates
from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.scenario import load_belief, load_design, load_world
from sarcoid_epi.strata import replicated, whole
from small import limits, told

BY_NAME = {estimator.name: estimator for estimator in CATALOGUE}

SIZE, COHORTS, OF = 200_000, 300, 3000

#: Two patients in five are examined at low risk, four in five at high risk: on record some of either, in every cohort.
OFTEN = {"substudy.low": 0.4, "substudy.high": 0.8}

COLUMNS = (
    "osseous", "osseous_recorded", "osseous_grade", "on_clinic_list", "in_radiology_text", "bone_pain",
    "substudy_stratum", "in_substudy", "reading_fdg_pet",
)  # fmt: skip


@pytest.fixture(scope="module")
def world():
    return load_world("evidence")


@pytest.fixture(scope="module")
def many(world):
    """Three hundred cohorts of three thousand."""
    return replicates(world, load_design("pet_substudy", OFTEN), OF, COHORTS, 5, COLUMNS)


@pytest.fixture(scope="module")
def one(world):
    """A large cohort of the same patients, other ones."""
    return generate(world, load_design("pet_substudy", OFTEN), SIZE, 11, columns=COLUMNS)


@pytest.fixture(scope="module")
def registry(world):
    return generate(world, load_design("two_source_registry"), SIZE, 11, columns=COLUMNS)


def readings(truth, where):
    """A scan that is right: the truth of those who have one, -1 for the others."""
    return np.where(where, truth, -1).astype(np.int8)


def studied(many, **columns):
    """The cohorts as estimators see them, with some columns replaced."""
    return replicated({name: values for name, values in many.items() if name != "osseous"} | columns)


def misses(estimates, truths):
    """Mean distance from the truth, in its Monte Carlo standard errors."""
    apart = np.asarray(estimates) - np.asarray(truths)
    return float(apart.mean() / (apart.std(ddof=1) / np.sqrt(apart.size)))


def held(answers, term, truths):
    """How often the limits hold the truth."""
    at = answers.terms.index(term)
    return float(((answers.low[:, at] <= truths) & (truths <= answers.high[:, at])).mean())


def belief_from(cohort, **more):
    """The clinical belief with the record's own sensitivity and specificity, as sure as of so many cases."""
    recorded, true = cohort.patients["osseous_recorded"].to_numpy(bool), cohort.truth["osseous"].to_numpy(bool)
    known = {"sensitivity.value": recorded[true].mean(), "specificity.value": 1 - recorded[~true].mean()}
    known |= {"sensitivity.n": float(true.sum()), "specificity.n": float((~true).sum())}
    return load_belief("clinical", known | more)


# A substudy that verifies the record


@pytest.fixture(scope="module")
def verified(many):
    """Answers of the verified record whose scan is right, and the truths of each cohort."""
    true, recorded = many["osseous"].astype(bool), many["osseous_recorded"].astype(bool)
    strata = studied(many, reading_substudy=readings(true, many["in_substudy"]))
    missed = (true & ~recorded).sum(axis=1) / true.sum(axis=1)
    return BY_NAME["verified_record"](strata), {"osseous": true.mean(axis=1), "underdiagnosis": missed}


@pytest.mark.parametrize("term", ["underdiagnosis", "osseous"])
def test_a_random_substudy_recovers_what_the_record_misses(verified, term):
    answers, truths = verified
    assert abs(misses(answers.estimate[:, answers.terms.index(term)], truths[term])) < K
    # The truth is that of these very patients, the limits those of many like them: they hold it more often than 95 %.
    assert held(answers, term, truths[term]) >= 0.95 - off(0.95, COHORTS)


def test_the_examined_alone_say_something_else(many, verified):
    """Pain brings patients into the substudy and on record: of the cases examined fewer are unrecorded."""
    cases = many["osseous"].astype(bool) & many["in_substudy"].astype(bool)
    crude = (cases & ~many["osseous_recorded"].astype(bool)).sum(axis=1) / cases.sum(axis=1)
    truths = verified[1]["underdiagnosis"]
    assert misses(crude, truths) < -5 * K
    assert (truths - crude).mean() > 0.02


def test_the_substudy_alone_recovers_the_true_share_too(many):
    true = many["osseous"].astype(bool)
    strata = studied(many, reading_substudy=readings(true, many["in_substudy"]))
    answers = BY_NAME["substudy_prevalence"](strata)
    assert abs(misses(answers.estimate[:, 0], true.mean(axis=1))) < K
    alone = np.where(many["in_substudy"], true, np.nan)
    assert misses(np.nanmean(alone, axis=1), true.mean(axis=1)) > 10 * K  # unweighted, the high stratum rules


def examined(cohort):
    """The cohort with a substudy whose scan is right."""
    scan = cohort.truth["osseous"].astype("boolean").where(cohort.patients["in_substudy"])
    return whole(cohort.patients.assign(reading_substudy=scan))


def test_one_large_cohort_is_within_the_standard_error_that_it_prints(one):
    true, recorded = one.truth["osseous"].to_numpy(bool), one.patients["osseous_recorded"].to_numpy(bool)
    answers = BY_NAME["verified_record"](examined(one))
    expected = 1 - recorded[true].mean(), true.mean(), true[recorded].mean()
    assert answers.terms == ("underdiagnosis", "osseous", "record_true")
    assert (abs(answers.estimate[0] - expected) < K * answers.std_error[0]).all()


def test_two_tests_without_a_reference_are_wrong_where_pain_makes_the_strata(one):
    """Pain brings patients on record: the record's sensitivity differs between strata, which the model rules out."""
    answers = BY_NAME["two_tests"](examined(one))
    missed = 1 - one.patients["osseous_recorded"][one.truth["osseous"]].mean()
    assert limits(answers, "underdiagnosis")[1] < missed - 0.05


# The record and what is believed of it


@pytest.mark.parametrize("name", ["corrected_prevalence", "bias_analysed_prevalence", "believed_prevalence"])
def test_a_belief_that_is_right_recovers_the_true_share(one, many, name):
    """Sensitivity and specificity of the one cohort, for the records of the others."""
    truths = many["osseous"].mean(axis=1)
    strata = studied({key: many[key] for key in ("osseous", "osseous_recorded")})
    answers = BY_NAME[name](strata, belief_from(one))
    at = answers.terms.index("osseous")
    # A posterior under a uniform prior is skewed upwards: its median is 2/3 of a patient on record too high, which is
    # 0.7 % of the share here, and 7 % of its standard deviation over cohorts: less than K standard errors of 300.
    assert abs(misses(answers.estimate[:, at], truths)) < K
    assert held(answers, "osseous", truths) >= 0.95 - off(0.95, COHORTS)


def test_the_record_s_own_sensitivity_gives_back_its_own_truth(one):
    """The same patients: nothing is left but rounding."""
    answers = BY_NAME["corrected_prevalence"](whole(one.patients), belief_from(one))
    assert told(answers)["osseous"] == pytest.approx(one.truth["osseous"].mean(), abs=1e-12)
    answers = BY_NAME["believed_prevalence"](whole(one.patients), belief_from(one))
    recorded = one.patients["osseous_recorded"].to_numpy(bool)
    expected = {
        "underdiagnosis": 1 - recorded[one.truth["osseous"]].mean(),
        "record_true": one.truth["osseous"].to_numpy(bool)[recorded].mean(),
    }
    for term, value in expected.items():
        low, high = limits(answers, term)
        assert low < value < high


def test_a_belief_that_is_wrong_is_not_mended_by_two_hundred_thousand_patients(one):
    """Records find 17 % of the cases: whoever believes twice as much is told half the share, with tight limits."""
    share = one.truth["osseous"].mean()
    twice = belief_from(one).sensitivity.value.value * 2
    answers = BY_NAME["corrected_prevalence"](whole(one.patients), belief_from(one, **{"sensitivity.value": twice}))
    assert limits(answers, "osseous")[1] < 0.6 * share


# Scans of some


def right_scans(cohort):
    """The cohort with scans that are right, of those who were scanned."""
    scanned = cohort.patients["reading_fdg_pet"].notna()
    return cohort.patients.assign(reading_fdg_pet=cohort.truth["osseous"].astype("boolean").where(scanned))


def odds(share):
    return share / (1 - share)


def test_bounds_without_assumptions_hold_the_truth(one, many):
    share = one.truth["osseous"].mean()
    for frame in (one.patients, right_scans(one)):
        found = told(BY_NAME["imaged_prevalence"](whole(frame)))
        assert found["osseous_least"] <= share <= found["osseous_most"]
    answers = BY_NAME["imaged_prevalence"](studied(many))
    truths = many["osseous"].mean(axis=1)
    assert ((answers.estimate[:, 0] <= truths) & (truths <= answers.estimate[:, 1])).all()


def test_the_true_odds_of_those_who_were_not_scanned_recover_the_share(one):
    """Doctors scan the ill: as if the others were alike, the share is a third too high."""
    true, frame = one.truth["osseous"], right_scans(one)
    scanned = frame["reading_fdg_pet"].notna()
    ratio = odds(true[~scanned].mean()) / odds(true[scanned].mean())
    assert 0.5 < ratio < 0.9
    belief = load_belief("clinical", {"selection.odds": ratio})
    # The same patients: nothing is left but rounding.
    found = told(BY_NAME["selected_prevalence"](whole(frame), belief))
    assert found["osseous"] == pytest.approx(true.mean(), abs=1e-12)
    alike = BY_NAME["selected_prevalence"](whole(frame), load_belief("clinical", {"selection.odds": 1.0}))
    assert limits(alike, "osseous")[0] > 1.25 * true.mean()


# Two sources


def met(cohort):
    """Share of patients in whom a lesion was read as osseous sarcoidosis: all that sources could hold."""
    return float((cohort.patients["osseous_grade"] != "none").mean())


def test_pain_makes_two_sources_too_few_and_limits_do_not_know_it(registry):
    answers = BY_NAME["two_sources"](whole(registry.patients))
    assert limits(answers, "met")[1] < met(registry)
    assert limits(answers, "met_lincoln_petersen")[1] < met(registry)


def test_within_pain_the_limits_hold_what_the_sources_could_hold(registry):
    answers = BY_NAME["two_sources"](whole(registry.patients))
    low, high = limits(answers, "met_by_pain")
    assert low < met(registry) < high
    assert told(answers)["met_by_pain"] > told(answers)["met"]


def test_the_true_odds_ratio_of_the_sources_recovers_their_number(registry):
    """Of those who were read as having it everything is known: the odds ratio of the sources, and who is on none."""
    frame = registry.patients[registry.patients["osseous_grade"] != "none"]
    first, second = (frame[name].to_numpy(bool) for name in ("on_clinic_list", "in_radiology_text"))
    both, none = (first & second).sum(), (~first & ~second).sum()
    ratio = both * none / ((first & ~second).sum() * (second & ~first).sum())
    assert ratio > 1.5
    belief = load_belief("clinical", {"sources.odds_ratio": float(ratio), "sources.predictive": 1.0})
    answers = BY_NAME["believed_sources"](whole(registry.patients), belief)
    # The median of 1 024 quasi-random draws: worst 3e-8.
    assert told(answers)["met"] == pytest.approx(met(registry), abs=1e-6)


def test_what_sources_could_hold_is_not_the_true_share(registry):
    """Four in five cases were never read by anybody, and no number of sources can hold them."""
    _, high = limits(BY_NAME["two_sources"](whole(registry.patients)), "met_by_pain")
    assert high < 0.5 * registry.truth["osseous"].mean()


def test_who_is_on_record_is_rarely_wrong_and_mostly_missed(world):
    """What the cohorts hold: tertiary records miss five cases in six."""
    cohort = generate(world, load_design("tertiary_records"), SIZE, 11, columns=COLUMNS)
    recorded, true = cohort.patients["osseous_recorded"].to_numpy(bool), cohort.truth["osseous"].to_numpy(bool)
    assert 1 - recorded[true].mean() == pytest.approx(5 / 6, abs=0.02)
    found = told(BY_NAME["believed_prevalence"](whole(cohort.patients), belief_from(cohort)))
    assert found["osseous"] == pytest.approx(true.mean(), rel=0.05)
