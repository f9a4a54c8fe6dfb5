"""Partly verified patients: cases worked out on paper."""

import cProfile
import pstats

import numpy as np
import pytest

from sarcoid_epi.stats import inverse_probability, verification
from sarcoid_epi.stats.inverse_probability import inverse_probability_share
from sarcoid_epi.stats.proportion import clopper_pearson, wilson
from sarcoid_epi.stats.verification import begg_greenes, not_at_random, stratified_share

FIELDS = verification.Accuracy._fields[:-1]
Z2 = 3.841458820694124


def test_one_stratum_is_wilson():
    y, m = np.array([0, 1, 7, 50, 100]), 100
    answer = stratified_share(y[:, None], [m], [1000])
    low, high = wilson(y, m)
    # Tolerance: the root finder's, worst 2e-15.
    np.testing.assert_allclose(answer.low, low, rtol=1e-11)
    np.testing.assert_allclose(answer.high, high, rtol=1e-11)


def test_strata_verified_in_proportion_without_cases_are_one_sample():
    answer = stratified_share([0, 0], [80, 20], [800, 200])
    np.testing.assert_allclose(answer.high, Z2 / (100 + Z2), rtol=1e-11)
    assert answer.low == 0
    assert np.isnan(answer.std_error)
    assert answer.note == verification.NO_CASE


def test_without_cases_all_unseen_ones_may_sit_in_the_stratum_looked_at_least():
    """W/m is largest in the first: 0.9 times the upper Wilson limit of 0 of 100."""
    answer = stratified_share([0, 0], [100, 900], [9000, 1000])
    np.testing.assert_allclose(answer.high, 0.9 * Z2 / (100 + Z2), rtol=1e-11)


def test_all_cases_mirror_none():
    none, every = stratified_share([0, 0], [30, 20], [50, 60]), stratified_share([30, 20], [30, 20], [50, 60])
    np.testing.assert_allclose([every.low, every.high], [1 - none.high, 1], rtol=1e-12)
    assert every.note == verification.ALL_CASES


def test_all_in_one_stratum_and_none_in_the_other_keep_a_width():
    """Down, only the first can move, as Wilson's 10 of 10; up, only the second, as Wilson's 0 of 50."""
    answer = stratified_share([10, 0], [10, 50], [100, 900])
    np.testing.assert_allclose(answer.estimate, 0.1)
    np.testing.assert_allclose(answer.low, 0.1 * 10 / (10 + Z2), rtol=1e-9)
    np.testing.assert_allclose(answer.high, 0.1 + 0.9 * Z2 / (50 + Z2), rtol=1e-9)


def test_the_estimate_and_its_error_on_paper():
    """0.8 * 0.01 + 0.2 * 0.12 = 0.032; 0.64 * 0.0099/200 + 0.04 * 0.1056/100 = 7.392e-5."""
    answer = stratified_share([2, 12], [200, 100], [800, 200])
    np.testing.assert_allclose(answer.estimate, 0.032, rtol=1e-14)
    np.testing.assert_allclose(answer.std_error, 7.392e-5**0.5, rtol=1e-12)


def test_degenerate_strata_have_their_rule():
    answer = stratified_share([[1, 0], [1, 0], [0, 0], [1, 1]], [[9, 0], [9, 0], [0, 0], [9, 1]],
                              [[90, 0], [90, 1], [0, 0], [90, 9]])  # fmt: skip
    alone = stratified_share([1], [9], [90])
    assert list(answer.note) == [
        "",
        verification.UNVERIFIED_STRATUM,
        verification.NO_PATIENTS,
        verification.SINGLE_PATIENT,
    ]
    np.testing.assert_allclose([answer.low[0], answer.high[0]], [alone.low, alone.high], rtol=1e-12)
    assert np.isnan([answer.estimate[1:3], answer.low[1:3], answer.high[1:3], answer.std_error[1:3]]).all()


def test_everybody_verified_is_the_plain_table():
    """8 of 10 cases on record, 85 of 90 others not: Se 0.8, Sp 85/90, and binomial standard errors."""
    answer = begg_greenes(13, 87, 13, 8, 87, 2)
    np.testing.assert_allclose(answer.sensitivity.estimate, 0.8)
    np.testing.assert_allclose(answer.sensitivity.std_error, (0.8 * 0.2 / 10) ** 0.5)
    np.testing.assert_allclose(answer.specificity.std_error, (85 * 5 / 90**3) ** 0.5)
    np.testing.assert_allclose(answer.prevalence.std_error, (0.1 * 0.9 / 100) ** 0.5)
    np.testing.assert_allclose(answer.positive_predictive_value.estimate, 8 / 13)
    np.testing.assert_allclose(answer.underdiagnosis.estimate, 0.2)


def test_nobody_missed_in_300_verified_still_allows_one_per_cent():
    """The rule of three: 1 - 0.05^(1/300) = 0.0099 one-sided; two-sided at 95 % Wilson allows 1.26 %."""
    np.testing.assert_allclose(clopper_pearson(0, 300, level=0.9).high, 0.00994, atol=1e-5)
    answer = begg_greenes(27, 899, 27, 27, 300, 0)
    np.testing.assert_allclose(answer.negative_predictive_value.low, 1 - Z2 / (300 + Z2), rtol=1e-12)
    assert 1 - answer.negative_predictive_value.low > 0.00994
    assert answer.sensitivity.estimate == 1
    assert answer.underdiagnosis.high > 0.2
    assert answer.note == verification.NO_MISSED_CASE


def test_odds_of_one_are_missing_at_random_and_no_odds_leave_only_the_verified_cases():
    counts = (100, 900, 50, 40, 300, 6)
    at_one, at_zero = begg_greenes(*counts), not_at_random(*counts, odds=0)
    np.testing.assert_allclose(at_zero.prevalence.estimate, 46 / 1000)
    np.testing.assert_allclose(at_zero.sensitivity.estimate, 40 / 46)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(not_at_random(*counts, odds=1.0), field), getattr(at_one, field))


def test_odds_on_paper():
    """40 of 50 verified, odds 4; half: odds 2, share 2/3 of the other 50; of the negatives 6 of 300, odds 3/294."""
    answer = not_at_random(100, 900, 50, 40, 300, 6, odds=0.5)
    negatives = 6 + 600 * (0.5 * 6 / 294) / (1 + 0.5 * 6 / 294)
    positives = 40 + 50 * 2 / 3
    np.testing.assert_allclose(answer.sensitivity.estimate, positives / (positives + negatives), rtol=1e-13)


def test_without_verified_negatives_the_record_says_only_what_its_positives_are_worth():
    answer = begg_greenes(100, 900, 50, 40, 0, 0)
    assert answer.note == verification.UNVERIFIED_NEGATIVE
    assert np.isnan([answer.sensitivity.low, answer.prevalence.high, answer.underdiagnosis.estimate]).all()
    np.testing.assert_allclose(answer.positive_predictive_value.estimate, 0.8)
    assert begg_greenes(100, 900, 0, 0, 50, 1).note == verification.UNVERIFIED_POSITIVE
    assert begg_greenes(100, 900, 0, 0, 0, 0).note == verification.UNVERIFIED_BOTH
    assert begg_greenes(0, 0, 0, 0, 0, 0).note == verification.NO_PATIENTS


def test_nobody_on_record_and_no_case_at_all():
    unseen = begg_greenes(0, 900, 0, 0, 300, 6)
    # Up to z^2 of 900 may be on record, all of them cases, beside about 18 who are off it.
    assert (unseen.sensitivity.estimate, unseen.sensitivity.low) == (0, 0)
    assert 3.84 / (3.84 + 18) < unseen.sensitivity.high < 3.84 / (3.84 + 8)
    assert unseen.specificity.low == pytest.approx(1 - 3.84 / 882, abs=2e-4)
    assert unseen.note == verification.NOBODY_ON_RECORD
    assert np.isnan(unseen.positive_predictive_value.estimate)
    everybody = begg_greenes(900, 0, 300, 6, 0, 0)
    assert everybody.underdiagnosis.high == pytest.approx(unseen.sensitivity.high)
    assert everybody.note == verification.ALL_ON_RECORD
    assert begg_greenes(10, 90, 5, 5, 30, 30).note == verification.ALL_CASES
    assert begg_greenes(10, 90, 5, 0, 30, 5).note == verification.NO_FOUND_CASE
    none = begg_greenes(10, 900, 10, 0, 300, 0)
    assert np.isnan([none.sensitivity.estimate, none.sensitivity.low]).all()
    assert none.prevalence.estimate == 0
    assert none.prevalence.high > 0
    assert none.note == verification.NO_CASE


def test_weights_constant_within_strata_give_the_stratified_share():
    """The same estimate; a wider standard error, as the weights of the strata count as chance."""
    verified = np.r_[np.ones(20), np.zeros(60), np.ones(10), np.zeros(10)]
    probability = np.r_[np.full(80, 0.25), np.full(20, 0.5)]
    cases = np.r_[np.ones(1), np.zeros(79), np.ones(4), np.zeros(16)]
    weighted, strata = inverse_probability_share(cases, verified, probability), stratified_share(
        [1, 4], [20, 10], [80, 20]
    )  # fmt: skip
    np.testing.assert_allclose(weighted.hajek.estimate, strata.estimate, rtol=1e-13)
    np.testing.assert_allclose(weighted.horvitz_thompson.estimate, strata.estimate, rtol=1e-13)
    assert weighted.hajek.std_error > strata.std_error


def test_all_verified_with_certainty_is_wilson_and_no_case_keeps_a_width():
    answer = inverse_probability_share([[1, 0, 0, 0, 1], [0] * 5], np.ones(5), 1.0)
    low, high = wilson([2, 0], 5)
    np.testing.assert_allclose(answer.hajek.low, low, atol=1e-15)
    np.testing.assert_allclose(answer.hajek.high, high, rtol=1e-13)
    assert list(answer.note) == ["", verification.NO_CASE]


def test_weighted_shares_that_cannot_be_had():
    answer = inverse_probability_share([[np.nan] * 4, [1, 1, 1, 1]], [[0] * 4, [1, 1, 1, 0]], 0.5)
    assert list(answer.note) == [inverse_probability.NONE_VERIFIED, verification.ALL_CASES]
    assert answer.horvitz_thompson.estimate[1] == 1.5
    assert np.isnan(answer.horvitz_thompson.low[1])
    above = inverse_probability_share([1, 1, 1, 0], [1, 1, 1, 1], [0.5, 0.5, 0.5, 1.0])
    assert above.note == inverse_probability.ABOVE_ONE


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: stratified_share([3], [2], [10]), "cases must not exceed verified"),
        (lambda: stratified_share([3], [20], [10]), "verified must not exceed patients"),
        (lambda: stratified_share(3, 20, 100), "axis of strata"),
        (lambda: stratified_share([3], [20], [100], level=1), "level"),
        (lambda: begg_greenes(10, 10, 11, 1, 1, 1), "verified_positive must not exceed record_positive"),
        (lambda: begg_greenes(10, 10, 5, 1, 1, 2), "cases_negative must not exceed verified_negative"),
        (lambda: not_at_random(10, 10, 5, 1, 5, 1, odds=-1), "odds"),
        (lambda: inverse_probability_share([1], [1], [0]), "probability"),
        (lambda: inverse_probability_share([2], [1], [1]), "cases"),
        (lambda: inverse_probability_share([1], [2], [1]), "verified"),
        (lambda: inverse_probability_share(1, 1, 1), "axis of patients"),
    ],
)
def test_broken_input_is_refused_by_name(call, named):
    with pytest.raises(ValueError, match=named):
        call()


def flat(answer):
    """Every number of an answer, and its notes."""
    parts = [
        np.stack(part).reshape(len(part), -1) if isinstance(part, tuple) else np.atleast_2d(part)
        for part in answer[:-1]
    ]
    return np.concatenate(parts), answer[-1]


def calls(work):
    profile = cProfile.Profile()
    profile.runcall(work)
    return pstats.Stats(profile).total_calls


def groups():
    rng = np.random.default_rng(7)
    n1, n0 = rng.integers(0, 60, (1000, 2)), rng.integers(0, 900, (1000, 2))
    m1, m0 = rng.integers(0, n1 + 1), rng.integers(0, n0 // 2 + 1)
    return n1, n0, m1, rng.binomial(m1, 0.7), m0, rng.binomial(m0, 0.01)


@pytest.mark.parametrize("method", ["stratified", "odds"])
def test_a_thousand_groups_at_once_equal_the_groups_one_by_one_at_a_fraction_of_the_work(method):
    counts = groups()

    def run(*six):
        return stratified_share(six[5], six[4], six[1]) if method == "stratified" else not_at_random(*six, odds=0.5)

    numbers, notes = flat(run(*counts))
    singly = [flat(run(*(each[g] for each in counts))) for g in range(1000)]
    np.testing.assert_allclose(numbers, np.concatenate([one[0] for one in singly], axis=-1), rtol=1e-9, atol=1e-12)
    assert list(notes) == [str(one[1]) for one in singly]
    single = calls(lambda: [run(*(each[g] for each in counts)) for g in range(20)]) * 50
    assert calls(lambda: run(*counts)) < single / 50
