"""Many truths, one data set: no estimator may pass a record off as knowledge of what nobody looked for."""

import numpy as np
import pytest

from sarcoid_epi.estimands import BURDEN, RECORDED_PREVALENCE, TRUE_PREVALENCE, UNDERDIAGNOSIS
from sarcoid_epi.estimators import CATALOGUE, ask, estimator
from sarcoid_epi.estimators.declare import Term, answers_of
from sarcoid_epi.estimators.many_truths import (
    DETECTED,
    EVENTS,
    SCANNED,
    SYMPTOMATIC,
    N,
    knows_only_records,
    knows_only_scans_of_some,
    many_truths,
    passes,
    the_record,
)
from sarcoid_epi.evidence import finding
from sarcoid_epi.scenario import load_belief
from sarcoid_epi.stats.misclassification import rogan_gladen
from sarcoid_epi.stats.proportion import wilson

RECORDS_ALONE = [one for one in CATALOGUE if knows_only_records(one)]
SCANS_OF_SOME = [one for one in CATALOGUE if knows_only_scans_of_some(one)]

BY_NAME = {one.name: one for one in CATALOGUE}

by_name = pytest.mark.parametrize("one", RECORDS_ALONE, ids=lambda one: one.name)


def test_the_estimators_that_know_only_records_are_those_that_speak_of_the_truth_behind_them():
    assert {one.name for one in RECORDS_ALONE} == {
        "corrected_prevalence",
        "believed_prevalence",
        "detection_cascade",
        "bias_analysed_prevalence",
        "possible_prevalence",
        "burden",
    }


def test_the_estimators_that_know_only_scans_of_some_are_found_out_as_well():
    assert {one.name for one in SCANS_OF_SOME} == {"imaged_prevalence", "selected_prevalence"}


def test_the_record_and_the_yield_of_the_scans_are_published():
    record, scans = finding("glanowski2018.osseous"), finding("mostard2012.osseous_focal")
    assert (record.events, record.n) == (EVENTS, N)
    assert round(EVENTS * scans.n / scans.events) == SCANNED


def test_every_truth_is_possible_where_some_were_scanned():
    """All found lie among the scanned; those not scanned may hold the rest of the cases, or of the patients."""
    for share in many_truths().osseous:
        assert EVENTS <= round(share * N) <= N - (SCANNED - EVENTS)


def test_every_truth_leaves_exactly_this_record():
    """Forward: true cases, found with symptoms and without, and false records, make 27 of 926, 53 % with symptoms."""
    truths = many_truths()
    with_symptoms = truths.symptomatic * DETECTED
    without = (1 - truths.symptomatic) * truths.detected_silent
    on_record = truths.osseous * (with_symptoms + without)
    # The way there and the way back are the same four operations: rounding, worst 2e-17.
    np.testing.assert_allclose(on_record / truths.record_true, EVENTS / N, rtol=1e-14)
    np.testing.assert_allclose(with_symptoms / (with_symptoms + without), SYMPTOMATIC, rtol=1e-14)
    np.testing.assert_allclose(1 - truths.underdiagnosis, with_symptoms + without, rtol=1e-14)
    for share in (*truths.symptomatic, *truths.detected_silent, *truths.underdiagnosis):
        assert 0 <= share <= 1


def test_the_truths_lie_far_apart():
    """Four times the cases, and underdiagnosis from two in five to six in seven."""
    truths = many_truths()
    assert truths.osseous.max() / truths.osseous.min() == pytest.approx(4)
    assert truths.underdiagnosis.max() - truths.underdiagnosis.min() > 0.4
    assert the_record().events("osseous_recorded") == ([EVENTS], [N])


@pytest.mark.parametrize("one", [*RECORDS_ALONE, *SCANS_OF_SOME], ids=lambda one: one.name)
def test_whoever_believes_hardly_anything_leaves_room_for_every_truth(one):
    assert passes(one, load_belief("vague"))


@by_name
def test_where_a_belief_closes_the_room_it_is_the_belief_that_speaks_and_the_run_says_so(one):
    """Under `clinical` sensitivity lies between 0.06 and 0.4: a true share of 5 % would ask for 0.58."""
    belief = load_belief("clinical")
    (run,) = ask([one], the_record(), data="the record", belief=belief).runs
    assert "belief 'clinical'" in run.rests_on
    assert "belie" in one.rests
    if one.name == "possible_prevalence":
        assert passes(one, belief)  # its bounds have sampling limits beside the belief's ranges
    else:
        assert not passes(one, belief)


def sure(strata, term, sensitivity=0.5, **extra):
    """The recorded share over a sensitivity that is taken as known, with the limits of the record alone."""
    events, known = strata.events("osseous_recorded")
    low, high = wilson(events, known)
    share, low, high = (rogan_gladen(each, sensitivity, 1.0) for each in (events / known, low, high))
    return answers_of(Term(term, share, low, high, np.nan, known, events, ""))


def declared(term, estimand=TRUE_PREVALENCE):
    """An estimator that takes half of the cases to be on record, and says nothing of that in its limits."""

    @estimator(question="underdiagnosis", estimand=estimand, needs=("osseous_recorded",))
    def straw_man(strata):
        return sure(strata, term)

    return straw_man


@pytest.mark.parametrize("needless", ["sex", "reading_substudy", "reading_fdg_pet", "in_radiology_text", "bone_pain"])
def test_a_needless_column_does_not_slip_through(needless):
    """What an estimator declares is not asked; what it answers where there is nothing but the record is."""

    @estimator(question="underdiagnosis", estimand=TRUE_PREVALENCE, needs=("osseous_recorded", needless))
    def straw_man(strata):
        return sure(strata, "osseous")

    assert knows_only_records(straw_man)
    assert not passes(straw_man, load_belief("vague"))


def test_a_column_that_is_read_and_not_needed_does_not_slip_through_either():
    @estimator(question="underdiagnosis", estimand=TRUE_PREVALENCE, needs=("osseous_recorded", "sex"))
    def by_sex(strata):
        events, known = strata.table("sex", "osseous_recorded")[..., 1].sum(1), strata.n()
        low, high = (rogan_gladen(each, 0.5, 1.0) for each in wilson(events, known))
        return answers_of(Term("osseous", 2 * events / known, low, high, np.nan, known, events, ""))

    assert knows_only_records(by_sex)
    assert not passes(by_sex, load_belief("vague"))


def test_a_belief_that_the_unscanned_have_none_fails_where_some_were_scanned():
    """The 27 found are then all there are: 2.9 %."""
    assert not passes(BY_NAME["selected_prevalence"], load_belief("vague", {"selection.odds": 1e-9}))


def test_another_question_and_estimand_does_not_slip_through():
    @estimator(question="prevalence", estimand=RECORDED_PREVALENCE, needs=("osseous_recorded",))
    def straw_man(strata):
        return sure(strata, "osseous")

    assert not passes(straw_man, load_belief("vague"))


def test_a_tight_interval_from_records_alone_fails():
    """5.8 % with limits of the counts alone, 4 to 8 %: no room for 14 and 20 %."""
    straw_man = declared("osseous")
    assert knows_only_records(straw_man)
    assert not passes(straw_man, load_belief("vague"))


@pytest.mark.parametrize("term", ["osseous_least", "osseous_most", "underdiagnosis"])
def test_a_tight_bound_from_records_alone_fails_as_well(term):
    assert knows_only_records(declared(term)) == knows_only_records(declared("osseous"))
    found = passes(declared(term), load_belief("vague"))
    # Its lower limit of 4 % does lie below the least truth: as a lower bound it claims nothing too much.
    assert found == (term == "osseous_least")


@pytest.mark.parametrize("estimand", [UNDERDIAGNOSIS, BURDEN])
def test_another_estimand_does_not_slip_through(estimand):
    straw_man = declared("osseous", estimand)
    assert knows_only_records(straw_man)
    assert not passes(straw_man, load_belief("vague"))


def test_another_name_for_the_same_number_does_not_slip_through():
    assert not passes(declared("true_share"), load_belief("vague"))


def test_an_answer_without_limits_leaves_no_room():
    @estimator(question="underdiagnosis", estimand=TRUE_PREVALENCE, needs=("osseous_recorded",))
    def point_only(strata):
        events, known = strata.events("osseous_recorded")
        return answers_of(Term("osseous", events / known / 0.2, np.nan, np.nan, np.nan, known, events, ""))

    assert not passes(point_only, load_belief("vague"))


def test_who_has_looked_at_patients_is_not_asked():
    """Verification, imaging and several sources hold more than the record does."""
    others = {"verified_record", "two_tests", "latent_scan", "two_sources", "recorded_osseous"}
    told = {one.name for one in CATALOGUE if knows_only_records(one) or knows_only_scans_of_some(one)}
    assert not others & told
