"""Estimators of underdiagnosis on counts so small, or so round, that the answer can be worked on paper."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from sarcoid_epi import api
from sarcoid_epi.estimators import CATALOGUE, ask, verdicts
from sarcoid_epi.estimators.believing import STEPS, detected
from sarcoid_epi.scenario import load_belief
from sarcoid_epi.stats.importance import sobol
from sarcoid_epi.stats.log_linear import log_linear
from sarcoid_epi.stats.proportion import wilson
from small import imaged, limits, note, patients, table, tallied, told, verified

BY_NAME = {estimator.name: estimator for estimator in CATALOGUE}
RECORD = ("osseous_recorded",)
SOURCES = ("on_clinic_list", "in_radiology_text", "in_codes")

#: 30 of 1 000 on record.
THIRTY = tallied(RECORD, {(1,): 30, (0,): 970})

#: On paper every answer is exact; what is left is rounding, at worst 1e-15 of a share.
EXACT = 1e-12


def answer(name, strata, belief=None):
    estimator = BY_NAME[name]
    return estimator(strata, belief) if estimator.believes else estimator(strata)


def clinical(**sections):
    """The clinical belief with some numbers held: clinical(sensitivity={"value": 1})."""
    return load_belief("clinical", {f"{s}.{key}": value for s, keys in sections.items() for key, value in keys.items()})


#: The largest n declares a value known.
PERFECT = clinical(sensitivity={"value": 1.0, "n": 1e9}, specificity={"value": 1.0, "n": 1e9})


# The record and a belief


def test_the_corrected_share_is_that_of_rogan_and_gladen_at_the_believed_values():
    """(0.03 + 0.998 - 1) / (0.2 + 0.998 - 1) = 0.028 / 0.198."""
    assert told(answer("corrected_prevalence", THIRTY, clinical()))["osseous"] == pytest.approx(
        0.028 / 0.198, abs=EXACT
    )


def test_a_perfect_record_leaves_the_posterior_of_a_plain_share():
    """Uniform before, Beta(31, 971) after; nothing is missed and every record is true."""
    answers = answer("believed_prevalence", THIRTY, PERFECT)
    low, middle, high = beta(31, 971).ppf([0.025, 0.5, 0.975])
    # Read by root finding from the distribution function: worst 1.4e-13.
    assert told(answers)["osseous"] == pytest.approx(middle, abs=1e-9)
    assert limits(answers, "osseous") == pytest.approx((low, high), abs=1e-9)
    assert (told(answers)["underdiagnosis"], told(answers)["missed"], told(answers)["record_true"]) == (0, 0, 1)


def test_bounds_come_from_the_corners_of_the_believed_ranges():
    """Sensitivity 0.06 to 0.4, specificity 0.99 to 1: from (0.03 - 0.01) / (0.4 - 0.01) to 0.03 / 0.06."""
    answers = answer("possible_prevalence", THIRTY, clinical())
    assert told(answers) == pytest.approx({"osseous_least": 0.02 / 0.39, "osseous_most": 0.5}, abs=EXACT)
    outer = wilson(30, 1000)
    assert limits(answers, "osseous_least") == pytest.approx(
        ((outer.low - 0.01) / 0.39, (outer.high - 0.01) / 0.39), abs=EXACT
    )
    assert limits(answers, "osseous_most") == pytest.approx((outer.low / 0.06, outer.high / 0.06), abs=EXACT)


def test_a_bound_that_is_cut_has_both_its_limits_there():
    """1 of 1 000 on record: less than a specificity of 0.99 gives, so that the least share is 0, and surely so."""
    answers = answer("possible_prevalence", tallied(RECORD, {(1,): 1, (0,): 9999}), clinical())
    assert limits(answers, "osseous_least") == (0, 0)
    assert note(answers, "osseous_least").startswith("lower bound cut at 0")


def test_tipping_values_are_what_the_sensitivity_would_have_to_be():
    """(0.03 - (1 - P) 0.002) / P; for P = 0.02 it would have to be 1.402."""
    answers = answer("tipping_detection", THIRTY, clinical())
    expected = {"tipping_5": 0.0281 / 0.05, "tipping_10": 0.0282 / 0.1, "tipping_15": 0.0283 / 0.15}
    found = told(answers)
    assert np.isnan(found.pop("tipping_2"))
    told_of_two = note(answers, "tipping_2")
    assert told_of_two.startswith("at this share on record the true share is above the target at any value")
    assert told_of_two.endswith("; at the lower limit of the share on record, 95.7 % would")
    assert found == pytest.approx(expected, abs=EXACT)


def test_bias_analysis_under_a_perfect_record_is_chance_alone():
    """Total error: Beta(30.5, 970.5), Jeffreys' limits; systematic error: none, its median three times over."""
    answers = answer("bias_analysed_prevalence", THIRTY, PERFECT)
    low, middle, high = beta(30.5, 970.5).ppf([0.025, 0.5, 0.975])
    # Quantiles of 4 096 quasi-random draws: worst 1.3e-5.
    assert (*limits(answers, "osseous"), told(answers)["osseous"]) == pytest.approx((low, high, middle), abs=5e-5)
    assert limits(answers, "osseous_systematic") == pytest.approx((middle, middle), abs=EXACT)


def test_the_odds_ratio_of_the_records_is_that_of_the_four_cells_and_stays_under_a_perfect_record():
    """2 of 100 with Löfgren syndrome, 12 of 400 without: 2 x 388 / (12 x 98), Woolf."""
    strata = tallied(("lofgren_broad", *RECORD), {(1, 1): 2, (1, 0): 98, (0, 1): 12, (0, 0): 388})
    answers = answer("bias_analysed_odds_ratio", strata, PERFECT)
    ratio, error = 2 * 388 / (12 * 98), np.sqrt(1 / 2 + 1 / 98 + 1 / 12 + 1 / 388)
    assert told(answers)["odds_ratio_recorded"] == pytest.approx(ratio, abs=EXACT)
    woolf = ratio * np.exp(-1.959963984540054 * error), ratio * np.exp(1.959963984540054 * error)
    assert limits(answers, "odds_ratio_recorded") == pytest.approx(woolf, rel=EXACT)
    # The conventional error is drawn, 1 024 times: worst 0.6 % of a limit.
    assert told(answers)["odds_ratio_corrected"] == pytest.approx(ratio, rel=1e-4)
    assert limits(answers, "odds_ratio_corrected") == pytest.approx(woolf, rel=0.02)


# The steps of detection

#: Two in five cases have symptoms; films are made of 60 % of these and 10 % of the others and show every second
#: lesion, of which four of five are written down. Nothing else is done.
ONE_WAY = {
    "cascade.symptomatic": 0.4, "cascade.written": 0.8, "specificity.value": 1.0, "specificity.n": 1e9,
    "cascade.film.symptomatic": 0.6, "cascade.film.silent": 0.1,
    "cascade.film.phalangeal": 0.5, "cascade.film.axial": 0.5,
    **{f"cascade.{look}.{kind}": 0.0 for look in ("ct", "mri", "pet") for kind in ("symptomatic", "silent")},
}  # fmt: skip


@pytest.fixture(scope="module")
def cascade():
    return answer("detection_cascade", THIRTY, load_belief("clinical", ONE_WAY))


def test_cases_are_lost_step_by_step_as_on_paper(cascade):
    """Never imaged 0.4 x 0.4 and 0.6 x 0.9; of the 0.3 imaged half is not seen, of the rest a fifth not written."""
    found = told(cascade)
    lost = {"never_imaged_symptomatic": 0.16, "never_imaged_silent": 0.54, "not_seen": 0.15, "not_written": 0.03}
    assert {name: found[name] for name in lost} == pytest.approx(lost, abs=EXACT)


def test_the_lost_parts_add_up_to_the_underdiagnosis_and_with_the_sensitivity_to_all_cases(cascade):
    found = told(cascade)
    lost = sum(found[name] for name in ("never_imaged_symptomatic", "never_imaged_silent", "not_seen", "not_written"))
    assert lost == pytest.approx(found["underdiagnosis"], abs=EXACT)
    assert found["underdiagnosis"] + 0.3 * 0.5 * 0.8 == pytest.approx(1, abs=EXACT)


def test_one_in_so_many_cases_is_on_record_and_the_share_is_as_much_larger(cascade):
    """Sensitivity 0.12 without false records: 1 / 0.12 cases for a record, and Beta(31, 971) / 0.12 for the share."""
    found = told(cascade)
    assert found["true_per_record"] == pytest.approx(1 / 0.12, abs=1e-9)
    # The beta is cut at 0.12, where it has no weight; the median of 8 192 draws of unequal weight: worst 6e-6.
    assert found["osseous"] == pytest.approx(beta(31, 971).ppf(0.5) / 0.12, abs=1e-5)
    assert found["missed"] == pytest.approx(found["osseous"] * found["underdiagnosis"], abs=EXACT)


def test_every_draw_of_a_cascade_sends_each_case_to_one_place():
    for name in ("clinical", "vague", "pet_optimist", "pet_sceptic"):
        parts = detected(load_belief(name).cascade, sobol(2**10, len(STEPS)))
        assert sum(part.sum(axis=-1) for part in parts) == pytest.approx(np.ones(2**10), abs=EXACT)


def test_the_burden_is_the_product_of_its_factors():
    """30 000 of a million on record, surely 20 % found and nobody wrongly: 0.15 x 0.8 of 1 000 people."""
    held = {"sensitivity.value": 0.2, "sensitivity.n": 1e9, "specificity.value": 1.0, "specificity.n": 1e9}
    held |= {"occurrence.prevalence": 100.0, "occurrence.population": 1e6}
    answers = answer("burden", tallied(RECORD, {(1,): 30_000, (0,): 970_000}), load_belief("clinical", held))
    found = told(answers)
    assert found["people_with_sarcoidosis"] == pytest.approx(1000, abs=1e-9)
    # The median of a beta distribution is not its mode, and a product's not that of its factors: worst 3e-5.
    assert found["osseous"] == pytest.approx(0.15, rel=1e-4)
    assert found["underdiagnosis"] == pytest.approx(0.8, rel=1e-4)
    assert found["people_unrecorded"] == pytest.approx(120, rel=1e-4)


def test_the_doubt_about_the_burden_is_shared_out_whole():
    for name in ("clinical", "vague", "pet_sceptic"):
        found = told(answer("burden", THIRTY, load_belief(name)))
        doubts = [found[f"doubt_{part}"] for part in ("occurrence", "osseous", "underdiagnosis")]
        assert sum(doubts) == pytest.approx(1, abs=1e-9)
        assert doubts[0] > 0


def test_all_doubt_about_the_burden_is_the_occurrence_s_where_the_rest_is_sure():
    held = load_belief(
        "clinical", {"sensitivity.value": 0.2, "sensitivity.n": 1e9, "specificity.value": 1.0, "specificity.n": 1e9}
    )
    found = told(answer("burden", tallied(RECORD, {(1,): 30_000, (0,): 970_000}), held))
    # The record's chance is 0.006 of its share, the occurrence's spread half of its own: worst 1.5e-4.
    assert found["doubt_occurrence"] == pytest.approx(1, abs=5e-4)


def test_where_nothing_is_unrecorded_no_doubt_is_shared_out_and_it_is_said():
    answers = answer("burden", THIRTY, PERFECT)
    assert told(answers)["people_unrecorded"] == 0
    assert np.isnan(told(answers)["doubt_osseous"])
    assert "nothing to share out" in note(answers, "doubt_osseous")


# Imaging of some


def test_without_assumptions_a_fifth_imaged_leaves_0_028_to_0_828():
    """r = 0.2, q = 0.14: r q = 0.028, r q + 1 - r = 0.828."""
    answers = answer("imaged_prevalence", imaged(28, 200, 1000))
    assert told(answers) == pytest.approx({"osseous_least": 0.028, "osseous_most": 0.828}, abs=EXACT)


def test_each_bound_has_limits_on_both_sides_from_the_counts():
    """The distances that Wilson's limits of q and of r would make alone, added by squares."""
    answers = answer("imaged_prevalence", imaged(28, 200, 1000))
    q, r = wilson(28, 200), wilson(200, 1000)
    low = 0.028 - np.hypot(0.2 * (0.14 - q.low), 0.14 * (0.2 - r.low))
    high = 0.028 + np.hypot(0.2 * (q.high - 0.14), 0.14 * (r.high - 0.2))
    assert limits(answers, "osseous_least") == pytest.approx((low, high), abs=EXACT)
    low = 0.828 - np.hypot(0.2 * (0.14 - q.low), 0.86 * (r.high - 0.2))
    high = 0.828 + np.hypot(0.2 * (q.high - 0.14), 0.86 * (0.2 - r.low))
    assert limits(answers, "osseous_most") == pytest.approx((low, high), abs=EXACT)


@pytest.mark.parametrize(("positive", "term"), [(0, "osseous_least"), (10, "osseous_most")])
def test_ten_readings_all_alike_do_not_make_a_bound_certain(positive, term):
    """0 of 10 positive: the least share is estimated as 0, but Wilson's limit of q is 0.28."""
    low, high = limits(answer("imaged_prevalence", imaged(positive, 10, 30)), term)
    assert high - low > 0.05


def test_odds_of_a_half_in_the_others_halve_their_odds():
    """q = 0.14, w = 0.5: 0.07 / 0.93 of the 800; at w = 1 the others are like the imaged."""
    belief = clinical(selection={"odds": 0.5})
    strata = imaged(28, 200, 1000)
    expected = 0.2 * 0.14 + 0.8 * 0.07 / 0.93
    same = {"osseous": expected, "osseous_least": expected, "osseous_most": expected}
    assert told(answer("selected_prevalence", strata, belief)) == pytest.approx(same, abs=EXACT)
    found = told(answer("selected_prevalence", strata, load_belief("clinical")))
    assert found["osseous_most"] == pytest.approx(0.14, abs=EXACT)  # the range of the belief ends at 1
    assert found["osseous_least"] == pytest.approx(0.2 * 0.14 + 0.8 * 0.014 / 0.874, abs=EXACT)  # and starts at 0.1


# A substudy

#: Two strata; A = 10 x 4/5 + 20 x 9/10 = 26 cases on record, B = 790 x 2/100 + 180 x 6/60 = 33.8 that are not.
STUDY = {(0, 1): (10, 5, 4), (0, 0): (790, 100, 2), (1, 1): (20, 10, 9), (1, 0): (180, 60, 6)}


def test_the_substudy_weighs_strata_by_their_patients():
    """0.8 x 2/200 + 0.2 x 12/100, examined without regard to the record."""
    strata = verified({(0, 0): (795, 195, 1), (0, 1): (5, 5, 1), (1, 0): (190, 90, 4), (1, 1): (10, 10, 8)})
    answers = answer("substudy_prevalence", strata)
    assert told(answers)["osseous"] == pytest.approx(0.032, abs=EXACT)
    error = np.sqrt(0.64 * 0.01 * 0.99 / 200 + 0.04 * 0.12 * 0.88 / 100)
    assert answers.std_error[0, 0] == pytest.approx(error, abs=EXACT)
    assert (answers.n[0, 0], answers.events[0, 0]) == (300, 14)


def test_begg_and_greenes_give_the_shares_of_the_examined_to_all():
    found = told(answer("verified_record", verified(STUDY)))
    expected = {"underdiagnosis": 33.8 / 59.8, "osseous": 0.0598, "record_true": 26 / 30}
    assert found == pytest.approx(expected, abs=EXACT)
    crude = (2 + 6) / (4 + 9 + 2 + 6)  # among the examined alone, of whom records made more
    assert found["underdiagnosis"] > crude + 0.15


def test_odds_of_the_unexamined_move_what_is_missed():
    """All 10 on record examined, 5 cases; 10 of the 30 others, 5 cases: odds of 1 become 4, or 1/4, in the other 20."""
    found = told(answer("not_at_random_record", verified({(1, 1): (10, 10, 5), (1, 0): (30, 10, 5)})))
    assert found["underdiagnosis_odds_4"] == pytest.approx((5 + 16) / 26, abs=EXACT)
    assert found["osseous_odds_4"] == pytest.approx(26 / 40, abs=EXACT)
    assert found["underdiagnosis_odds_0.25"] == pytest.approx((5 + 4) / 14, abs=EXACT)


def expected_counts(chances, shares, million):
    """Patients by result of each test, one class after the other; chances has shape (class, test)."""
    counts = np.zeros((2,) * len(chances[0]))
    for share, positive in zip(shares, chances, strict=True):
        cell = np.array(share)
        for p in positive:
            cell = np.multiply.outer(cell, [1 - p, p])
        counts += cell
    return np.rint(counts * million).astype(np.int64)


def cells(counts):
    return dict(np.ndenumerate(counts))


def test_record_and_scan_are_told_apart_and_so_are_the_strata():
    """Expected counts of ten million a stratum: a swap of tests, of strata or of results would change every term."""
    chances = (0.01, 0.05), (0.4, 0.9)
    low, high = (expected_counts(chances, (1 - pi, pi), 10_000_000) for pi in (0.02, 0.3))
    columns = ("substudy_stratum", *RECORD, "reading_substudy")
    found = told(answer("two_tests", tallied(columns, cells(np.stack([low, high])))))
    expected = {
        "underdiagnosis": 0.6, "record_sensitivity": 0.4, "record_specificity": 0.99, "scan_sensitivity": 0.9,
        "scan_specificity": 0.95, "osseous_in_low": 0.02, "osseous_in_high": 0.3,
    }  # fmt: skip
    assert found == pytest.approx(expected, abs=1e-9)  # every cell is a whole number, the fit ends early: worst 4e-14


def test_a_belief_about_the_record_keeps_its_hands_off_the_scan():
    """The same at two thousand a stratum, with a belief that is right; posterior means: worst 0.004."""
    chances = (0.01, 0.05), (0.4, 0.9)
    low, high = (expected_counts(chances, (1 - pi, pi), 2000) for pi in (0.02, 0.3))
    belief = load_belief("clinical", {"sensitivity.value": 0.4, "specificity.value": 0.99})
    columns = ("substudy_stratum", *RECORD, "reading_substudy")
    found = told(answer("believed_two_tests", tallied(columns, cells(np.stack([low, high]))), belief))
    assert found["underdiagnosis"] == pytest.approx(0.6, abs=0.01)
    assert found["record_specificity"] == pytest.approx(0.99, abs=0.01)
    assert found["scan_sensitivity"] == pytest.approx(0.9, abs=0.01)
    assert found["osseous_in_high"] == pytest.approx(0.3, abs=0.01)


# Sources

#: 10 on both, 20 and 5 on one only, of 1 000.
TWO = tallied(SOURCES[:2], {(1, 1): 10, (1, 0): 20, (0, 1): 5, (0, 0): 965})


def test_two_sources_multiply_their_margins_over_their_overlap():
    """30 x 15 / 10 = 45, Chapman 31 x 16 / 11 - 1 = 35 + 100 / 11, as shares of the patients."""
    answers = answer("two_sources", TWO)
    expected = {"met": (35 + 100 / 11) / 1000, "met_lincoln_petersen": 0.045}
    assert told(answers) == pytest.approx(expected, abs=EXACT)
    assert answers.events[0].tolist() == [35, 35]


def test_within_pain_each_stratum_has_an_overlap_of_its_own():
    """With pain 9, 6 and 3: 18 + 18 / 10; without 1, 14 and 2: 17 + 28 / 2. Together 50.8, not 44.1."""
    strata = tallied(
        (*SOURCES[:2], "bone_pain"),
        {
            (1, 1, 1): 9, (1, 0, 1): 6, (0, 1, 1): 3, (1, 1, 0): 1, (1, 0, 0): 14, (0, 1, 0): 2,
            (0, 0, 0): 900, (0, 0, 1): 65,
        },
    )  # fmt: skip
    assert told(answer("two_sources", strata))["met_by_pain"] == pytest.approx(0.0508, abs=EXACT)


def test_more_cases_than_patients_are_no_answer_and_a_limit_cut_at_all_is_told():
    """1 on both, 20 and 19 on one: 420 of 50 patients. 4, 9 and 9: 42 of 60, with room for more than 60."""
    few, cut = {(1, 1): 1, (1, 0): 20, (0, 1): 19, (0, 0): 10}, {(1, 1): 4, (1, 0): 9, (0, 1): 9, (0, 0): 38}
    answers = answer("two_sources", tallied(SOURCES[:2], few, cut))
    assert np.isnan(answers.estimate[0, 1])
    assert note(answers, "met_lincoln_petersen") == "more cases than patients: the sources cannot be as assumed"
    assert limits(answers, "met_lincoln_petersen", 1)[1] == 1
    assert note(answers, "met_lincoln_petersen", 1).startswith("upper limit cut at 1")


def test_the_curve_of_dependence_is_a_straight_line_in_the_odds_ratio():
    """35 seen and 10 w unseen."""
    expected = {f"met_odds_{w:g}": (35 + 10 * w) / 1000 for w in (0.25, 0.5, 2, 4, 8)}
    assert told(answer("source_dependence", TWO)) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize(("true", "cases"), [(1.0, 35 + 20), (0.9, 10 + 17 + 3.5 + 2 * 17 * 3.5 / 10)])
def test_false_records_are_taken_off_before_the_believed_odds_ratio_multiplies(true, cases):
    """w = 2. At a predictive value of 0.9 lists of 30 and 15 keep 27 and 13.5, and still 10 on both."""
    belief = clinical(sources={"odds_ratio": 2.0, "predictive": true})
    # The median of 1 024 quasi-random log-normal draws: worst 5e-9.
    assert told(answer("believed_sources", TWO, belief))["met"] == pytest.approx(cases / 1000, abs=1e-6)


@pytest.mark.parametrize(
    ("counts", "predictive", "said"),
    [
        ((200, 0, 0, 200), 0.9, "100 % of the belief is impossible with these sources, chiefly because they agree too"),
        ((1, 20, 19, 50), 0.9, "chiefly because there would be more cases than patients"),
        ((20, 0, 0, 200), 1.0, "no case is left unseen"),
        ((0, 5, 5, 100), 0.9, "no patient is on both"),
        ((0, 5, 0, 100), 0.9, "one list has no patients"),
    ],
)
def test_sources_that_leave_nothing_to_compute_say_why(counts, predictive, said):
    """A false record is on one source only: where nobody is, none can be false, and no belief in some can hold."""
    both, first, second, n = counts
    cells = {(1, 1): both, (1, 0): first, (0, 1): second, (0, 0): n - both - first - second}
    belief = clinical(sources={"predictive": predictive, "odds_ratio": 2.0})
    answers = answer("believed_sources", tallied(SOURCES[:2], cells), belief)
    assert said in note(answers, "met")
    assert np.isnan(told(answers)["met"]) == (predictive < 1)


def test_three_independent_sources_are_read_in_the_order_that_the_models_want():
    """1 600 cases, chances 1/2, 1/4 and 1/5: every cell is a whole number, and every model finds 480 unseen."""
    counts = expected_counts(((0.5, 0.25, 0.2),), (1.0,), 1600)
    seen = counts.copy()
    seen[0, 0, 0] = 10_000 - (1600 - counts[0, 0, 0])
    found = told(answer("three_sources", tallied(SOURCES, cells(seen))))
    # Newton's steps end where the gradient is 0 to rounding: worst 1e-16.
    assert found["met"] == pytest.approx(0.16, abs=1e-9)
    assert found["met_by_aic"] == pytest.approx(0.16, abs=1e-9)
    a, b, ab, c, ac, bc, abc = (480, 160, 160, 120, 120, 40, 40)
    assert (seen[1, 1, 0], seen[0, 0, 1]) == (ab, c)  # the cells are those that are named here
    by_size = log_linear([a, b, c, ab, ac, bc, abc])
    assert abs(by_size.by_bic.cases / 10_000 - 0.16) > 0.005  # another order is another answer


def test_chao_s_number_comes_from_patients_in_one_and_in_two_sources():
    """Equal chances of 1/2: 30 in one, 30 in two, 10 in three of 80: 70 + 30 x 30 / (3 x 30)."""
    counts = expected_counts(((0.5, 0.5, 0.5),), (1.0,), 80)
    found = told(answer("three_sources", tallied(SOURCES, cells(counts))))
    assert found["met_least"] == pytest.approx(1.0, abs=EXACT)


def test_chao_s_number_is_no_lower_bound_where_sources_reach_unequally():
    """The 1 600 cases with chances 1/2, 1/4 and 1/5, perfectly independent: 760 in one, 320 in two, 1 721.7 in all."""
    counts = expected_counts(((0.5, 0.25, 0.2),), (1.0,), 1600)
    counts[0, 0, 0] = 10_000 - (1600 - counts[0, 0, 0])
    found = told(answer("three_sources", tallied(SOURCES, cells(counts))))
    assert found["met_least"] == pytest.approx((1120 + 760**2 / (3 * 320)) / 10_000, abs=EXACT)
    assert found["met_least"] > 0.16


def test_each_source_keeps_its_own_sensitivity_and_specificity():
    """Expected counts of ten million: sources that were mixed up would have each other's numbers."""
    counts = expected_counts(((0.01, 0.05, 0.1), (0.9, 0.6, 0.3)), (0.9, 0.1), 10_000_000)
    found = told(answer("latent_sources", tallied(SOURCES, cells(counts))))
    expected = {
        "met": 0.1, "sensitivity_clinic_list": 0.9, "sensitivity_radiology_text": 0.6, "sensitivity_codes": 0.3,
        "specificity_clinic_list": 0.99, "specificity_radiology_text": 0.95, "specificity_codes": 0.9,
    }  # fmt: skip
    assert found == pytest.approx(expected, abs=1e-9)  # every cell is a whole number: worst 3e-13


def test_a_scan_beside_the_sources_keeps_its_place_and_so_does_the_pair_that_depends():
    """Of the cases 40, 10, 20 and 30 % are on both, the clinic list only, the radiology texts only and neither."""
    pair = np.array([[0.3, 0.2], [0.1, 0.4]])
    counts = expected_counts(((0.01, 0.05, 0.1, 0.02),), (0.8,), 10_000_000)
    counts += np.rint(2e6 * np.multiply.outer(pair, np.multiply.outer([0.7, 0.3], [0.2, 0.8]))).astype(np.int64)
    found = told(answer("latent_scan", tallied((*SOURCES, "reading_substudy"), cells(counts))))
    expected = {
        "underdiagnosis": 0.5, "sensitivity_radiology_text": 0.6, "sensitivity_codes": 0.3, "sensitivity_scan": 0.8,
        "specificity_codes": 0.9, "odds_dependence": 6.0,
    }  # fmt: skip
    # Every cell is a whole number. The search ends at a step of 1e-9: worst 4e-9, of the odds ratio.
    assert {term: found[term] for term in expected} == pytest.approx(expected, abs=2e-8)


# What is lacking, and who is asked


@pytest.mark.parametrize(
    ("name", "terms", "section"),
    [
        ("detection_cascade", 8, "cascade"),
        ("burden", 7, "occurrence"),
        ("selected_prevalence", 3, "selection"),
        ("believed_sources", 1, "sources"),
    ],
)
def test_a_belief_without_the_section_gives_rows_that_name_it(name, terms, section):
    belief = load_belief("clinical").model_copy(update={section: None})
    strata = patients((*RECORD, "reading_fdg_pet", *SOURCES), {(1, 1, 1, 1, 1): 3, (0, None, 0, 0, 0): 30})
    answers = answer(name, strata, belief)
    assert answers.shape == (1, terms)
    assert np.isnan(answers.estimate).all()
    assert np.char.endswith(answers.note, f"section [{section}]").all()


@pytest.fixture(scope="module")
def cohort():
    """Three hundred patients with a record and a sex, and a column of readings that is empty."""
    frame = table((*RECORD, "reading_fdg_pet"), {(1, None): 9, (0, None): 291})
    return frame.assign(sex=pd.Categorical(["female", "male", "male"] * 100, categories=["female", "male"]))


def test_a_column_that_lacks_or_is_empty_is_one_row_with_a_note(cohort):
    answers = api.estimate("underdiagnosis", cohort, belief="clinical")
    rows = {run.estimator: [row for row in answers.rows if row.run == run.run] for run in answers.runs}
    for name, said in {
        "two_sources": "no column 'on_clinic_list'",
        "substudy_prevalence": "no column 'substudy_stratum'",
        "imaged_prevalence": "nothing in column 'reading_fdg_pet'",
    }.items():
        (row,) = rows[name]
        assert np.isnan(row.estimate)
        assert row.note == said


def test_groups_are_answered_as_cohorts_of_their_own(cohort):
    together = api.estimate("underdiagnosis", cohort, belief="clinical", by="sex")
    for sex in ("female", "male"):
        alone = api.estimate("underdiagnosis", cohort[cohort["sex"] == sex], belief="clinical")
        for name in ("corrected_prevalence", "detection_cascade", "burden"):
            (term,) = {"corrected_prevalence": ["osseous"], "burden": ["people_unrecorded"]}.get(name, ["missed"])
            one = together.one(f"{name}-by-sex-clinical:{term}:sex={sex}")
            assert one.estimate == pytest.approx(alone.one(f"{name}-clinical:{term}:all").estimate, rel=1e-9)


def test_the_verdict_says_of_each_method_whether_it_can_be_asked_and_what_it_answers(cohort):
    strata = patients((*RECORD, "reading_fdg_pet"), {(1, None): 9, (0, None): 291})
    belief = load_belief("clinical").model_copy(update={"occurrence": None})
    answers = ask(CATALOGUE, strata, data="a table", question="underdiagnosis", belief=belief)
    rows = {row.method: row for row in verdicts(CATALOGUE, strata, belief, answers, "underdiagnosis")}
    asked = [e for e in CATALOGUE if e.question == "underdiagnosis" and e.takes == "patients"]
    assert list(rows) == [estimator.label for estimator in asked]
    corrected = rows[BY_NAME["corrected_prevalence"].label]
    assert corrected.has_it == "yes"
    assert corrected.needs == "osseous_recorded, a belief: sensitivity, specificity"
    assert corrected.answer.startswith("true share 14.1 % (")  # (0.03 - 0.002) / 0.198
    assert corrected.rests_on == "believed sensitivity and specificity"
    assert rows[BY_NAME["two_sources"].label].has_it == "no column 'on_clinic_list'"
    assert rows[BY_NAME["imaged_prevalence"].label].has_it == "nothing in column 'reading_fdg_pet'"
    assert rows[BY_NAME["burden"].label].has_it == "no section [occurrence] in the belief"
    assert rows[BY_NAME["burden"].label].answer == ""


def test_without_a_belief_the_verdict_says_so_and_the_others_still_answer():
    strata = imaged(28, 200, 1000)
    answers = ask(CATALOGUE, strata, data="a table", question="underdiagnosis")
    rows = {row.method: row for row in verdicts(CATALOGUE, strata, None, answers, "underdiagnosis")}
    assert rows[BY_NAME["selected_prevalence"].label].has_it == "no belief"
    assert rows[BY_NAME["imaged_prevalence"].label].answer.startswith("true share at least 2.8 %")
