"""Bounds and tipping values: cases worked out on paper."""

import numpy as np
import pytest

from sarcoid_epi.stats import bounds, tipping
from sarcoid_epi.stats.bounds import misclassification_bounds, odds_bounds, selective_imaging_bounds
from sarcoid_epi.stats.misclassification import apparent_from_true
from sarcoid_epi.stats.proportion import wilson
from sarcoid_epi.stats.tipping import tipping_odds, tipping_sensitivity, tipping_specificity


def test_the_corners_of_the_ranges_give_the_bounds():
    """AP 0.1: (0.1 - 0.05)/(0.9 - 0.05) below, 0.1/0.5 above; limits the same at Wilson's limits."""
    answer = misclassification_bounds(50, 500, (0.5, 0.9), (0.95, 1))
    low, high = wilson(50, 500)
    np.testing.assert_allclose(answer[:4], [0.05 / 0.85, 0.2, (low - 0.05) / 0.85, high / 0.5], rtol=1e-12)
    assert answer.note == ""


def test_known_sensitivity_and_specificity_leave_one_point():
    answer = misclassification_bounds(50, 500, (0.8, 0.8), (0.97, 0.97))
    np.testing.assert_allclose([answer.low, answer.high], 0.07 / 0.77, rtol=1e-12)


@pytest.mark.parametrize(
    ("events", "sensitivity", "specificity", "low", "high", "note"),
    [
        (27, (0.05, 0.95), (0.95, 1), 0, 27 / 926 / 0.05, bounds.FLOORED),
        (500, (0.3, 0.9), (0.99, 1), (500 / 926 - 0.01) / 0.89, 1, bounds.CAPPED),
        (40, (0.02, 0.9), (0.9, 1), 0, 1, f"{bounds.FLOORED}; {bounds.CAPPED}"),
        (8, (0.5, 0.9), (0.95, 0.99), 0, 0, bounds.AT_ZERO),
        (470, (0.3, 0.5), (1, 1), 1, 1, bounds.AT_ONE),
        (900, (0.3, 0.5), (0.99, 1), np.nan, np.nan, bounds.CONTRADICTION),
        (0, (0.5, 0.9), (0.8, 0.9), np.nan, np.nan, bounds.CONTRADICTION),
        (27, (0.1, 0.2), (0.5, 1), 0, 27 / 92.6, bounds.CHANCE),
        (0, (0.5, 0.9), (0.99, 1), 0, 0, bounds.FLOORED),
    ],
)
def test_what_leaves_0_and_1_is_cut_and_said(events, sensitivity, specificity, low, high, note):
    answer = misclassification_bounds(events, 926, sensitivity, specificity)
    np.testing.assert_allclose([answer.low, answer.high], [low, high], rtol=1e-12, atol=1e-15)
    assert answer.note == note


def test_bounds_contain_the_truth_for_every_sensitivity_and_specificity_of_the_ranges():
    """A grid of truths, without sampling: ten million patients at the exact apparent share."""
    se, sp, true = np.meshgrid(np.linspace(0.3, 0.9, 13), np.linspace(0.9, 1, 11), np.linspace(0, 1, 41))
    n = 10_000_000
    answer = misclassification_bounds(np.round(apparent_from_true(true, se, sp) * n), n, (0.3, 0.9), (0.9, 1))
    # Tolerance: the apparent share is rounded to a whole number of patients and divided by 0.3 at the least.
    assert ((answer.low <= true + 2e-7) & (true <= answer.high + 2e-7)).all()


def test_a_fifth_imaged_and_14_per_cent_positive_says_almost_nothing():
    """0.028 to 0.828: the width is the share that was not imaged."""
    answer = selective_imaging_bounds(28, 200, 1000)
    np.testing.assert_allclose([answer.low, answer.high], [0.028, 0.828], rtol=1e-12)
    assert answer.low_limit < 0.028
    assert answer.high_limit > 0.828


def test_an_imperfect_reading_widens_the_worst_case():
    """q = 0.14: from (0.14 - 0.02)/0.88 to 0.14/0.7 among the imaged."""
    answer = selective_imaging_bounds(28, 200, 1000, sensitivity=(0.7, 0.9), specificity=(0.98, 1))
    np.testing.assert_allclose([answer.low, answer.high], [0.2 * 0.12 / 0.88, 0.2 * 0.2 + 0.8], rtol=1e-12)


def test_everybody_imaged_leaves_wilson_and_nobody_imaged_leaves_nothing():
    """With all imaged r has no width but its own lower limit, which moves the outer limits a little outwards."""
    answer = selective_imaging_bounds([14, 0, 0], [100, 0, 0], [100, 50, 0])
    low, high = wilson(14, 100)
    np.testing.assert_allclose([answer.low[0], answer.high[0]], 0.14)
    assert answer.low_limit[0] <= low
    assert answer.high_limit[0] >= high
    np.testing.assert_array_equal([each[1] for each in answer[:4]], [0, 1, 0, 1])
    assert np.isnan([each[2] for each in answer[:4]]).all()
    assert list(answer.note) == ["", bounds.NOBODY_IMAGED, bounds.NO_PATIENTS]


def test_odds_on_paper():
    """q = 0.2, odds 1/4: half of it 1/8, share 1/9; twice it 1/2, share 1/3. Half are imaged."""
    answer = odds_bounds(20, 100, 200, 0.5, 2)
    np.testing.assert_allclose([answer.low, answer.high], [(0.2 + 1 / 9) / 2, (0.2 + 1 / 3) / 2], rtol=1e-13)


def test_odds_from_0_to_endless_come_to_the_worst_case():
    answer, worst = odds_bounds(28, 200, 1000, 0, 1e12), selective_imaging_bounds(28, 200, 1000)
    np.testing.assert_allclose([answer.low, answer.high], [worst.low, worst.high], rtol=1e-9)


def test_odds_without_positives_or_images():
    answer = odds_bounds([0, 0, 0], [50, 0, 0], [100, 10, 0], 0.1, [[1], [2]])
    assert answer.low.shape == answer.note.shape == (2, 3)
    assert (answer.high[:, 0] == 0).all()
    assert (answer.high_limit[:, 0] > 0).all()
    assert np.isnan(answer.high[:, 1:]).all()
    assert list(answer.note[0]) == [bounds.NO_POSITIVE, bounds.NO_REFERENCE, bounds.NO_PATIENTS]


def test_a_tipping_sensitivity_leads_back_to_its_target():
    target, sp = np.array([0.04, 0.1, 0.3]), np.array([[1], [0.99]])
    answer = tipping_sensitivity(30, 1000, target, sp)
    np.testing.assert_allclose(apparent_from_true(target, answer.value, sp), np.full((2, 3), 0.03), rtol=1e-12)
    assert ((answer.low < answer.value) & (answer.value < answer.high)).all()


@pytest.mark.parametrize(
    ("events", "target", "specificity", "note"),
    [
        (30, 0.02, 1, tipping.TARGET_BELOW),
        (30, 0.1, 0.95, tipping.FALSE_MORE),
        (30, 0.9, 0.97, f"{tipping.NO_BETTER}; at the upper limit of the share on record, 4.4 % would"),
        (30, 0, 1, tipping.NO_TARGET),
    ],
)
def test_no_sensitivity_tips_what_it_cannot(events, target, specificity, note):
    answer = tipping_sensitivity(events, 1000, target, specificity)
    assert answer.note == note
    assert np.isnan(answer[:3]).all()


def test_what_chance_leaves_open_is_told_beside_what_no_sensitivity_does():
    """0 of 600: Wilson's upper limit is 0.636 %, and (0.00636 - 0.98 * 0.002) / 0.02 = 22.0 %."""
    answer = tipping_sensitivity(0, 600, 0.02, 0.998)
    assert answer.note == f"{tipping.FALSE_MORE}; at the upper limit of the share on record, 22.0 % would"
    low = tipping_sensitivity(1, 40, 0.02, 0.998)
    assert low.note.startswith(f"{tipping.TARGET_BELOW}; at the lower limit of the share on record, 12.")


def test_nothing_tips_without_patients():
    for answer in (tipping_sensitivity(0, 0, 0.1), tipping_specificity(0, 0), tipping_odds(0, 0, 0, 0.1)):
        assert answer.note == bounds.NO_PATIENTS
        assert np.isnan(answer[:3]).all()


def test_a_tipping_specificity_is_one_minus_the_records():
    answer = tipping_specificity([27, 0], [926, 50])
    low, high = wilson([27, 0], [926, 50])
    np.testing.assert_allclose(answer.value, [899 / 926, 1])
    np.testing.assert_allclose([answer.low, answer.high], [1 - high, 1 - low])


def test_tipping_odds_lead_back_to_their_target():
    target = np.array([0.03, 0.14, 0.5, 0.8])
    odds = tipping_odds(28, 200, 1000, target).value
    np.testing.assert_allclose(odds_bounds(28, 200, 1000, odds, odds).low, target, rtol=1e-12)
    np.testing.assert_allclose(odds[1], 1, rtol=1e-12)


@pytest.mark.parametrize(
    ("positive", "imaged", "target", "note"),
    [
        (28, 200, 0.02, tipping.TARGET_BELOW),
        (28, 200, 0.83, tipping.TARGET_ABOVE),
        (28, 1000, 0.1, tipping.NOBODY_LEFT),
        (0, 0, 0.1, bounds.NO_REFERENCE),
        (0, 200, 0.1, tipping.NO_ODDS),
        (200, 200, 0.5, tipping.NO_TARGET),
    ],
)
def test_no_odds_tip_what_they_cannot(positive, imaged, target, note):
    answer = tipping_odds(positive, imaged, 1000, target)
    assert answer.note == note
    assert np.isnan(answer[:3]).all()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: misclassification_bounds(5, 4, (0.1, 0.2), (0.9, 1)), "events must not exceed n"),
        (lambda: misclassification_bounds(1, 4, (0.3, 0.2), (0.9, 1)), "sensitivity must be given as"),
        (lambda: misclassification_bounds(1, 4, (0.1, 0.2), (0.9, 2)), "specificity must lie between"),
        (lambda: selective_imaging_bounds(1, 5, 4), "imaged must not exceed n"),
        (lambda: odds_bounds(1, 3, 4, 2, 1), "odds_low must not exceed odds_high"),
        (lambda: odds_bounds(1, 3, 4, -1, 1), "odds_low must be numbers of at least 0"),
        (lambda: odds_bounds(1, 3, 4, 0, 1, level=0), "level"),
        (lambda: tipping_sensitivity(1, 4, 1.2), "target must lie between"),
        (lambda: tipping_odds(1, 4, 9, -0.1), "target must lie between"),
    ],
)
def test_broken_input_is_refused_by_name(call, named):
    with pytest.raises(ValueError, match=named):
        call()


def test_groups_at_once_equal_the_groups_one_by_one():
    rng = np.random.default_rng(4)
    n = rng.integers(0, 300, 1000)
    imaged = rng.integers(0, n + 1)
    positive = rng.binomial(imaged, 0.2)
    for run in (
        lambda x, m, n: misclassification_bounds(x, n, (0.05, 0.7), (0.9, 1)),
        lambda x, m, n: selective_imaging_bounds(x, m, n, (0.6, 0.9), (0.9, 1)),
        lambda x, m, n: odds_bounds(x, m, n, 0.2, 3),
        lambda x, m, n: tipping_sensitivity(x, n, 0.3, 0.99),
        lambda x, m, n: tipping_odds(x, m, n, 0.3),
    ):
        together, singly = run(positive, imaged, n), [run(*each) for each in zip(positive, imaged, n, strict=True)]
        for place in range(len(together) - 1):
            np.testing.assert_allclose(together[place], [one[place] for one in singly], rtol=1e-12)
        assert list(together.note) == [str(one.note) for one in singly]
