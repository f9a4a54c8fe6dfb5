"""Correction for sensitivity and specificity on numbers small enough for paper."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sarcoid_epi.stats.interval import Interval
from sarcoid_epi.stats.misclassification import (
    apparent_from_true,
    lang_reiczigel,
    rogan_gladen,
    rogan_gladen_delta,
    rogan_gladen_known,
)

shares = st.floats(0, 1)


def test_half_the_cases_are_found():
    """Se = 1/2, Sp = 1: the true share is twice the apparent."""
    assert rogan_gladen(0.1, 0.5, 1.0) == 0.2


def test_an_apparent_share_under_the_false_positive_rate_stays_negative():
    """(0.05 + 0.9 - 1) / (0.8 + 0.9 - 1) = -1/14; and above Se it exceeds 1: (0.9 - 0.1) / 0.7 = 8/7."""
    assert rogan_gladen([0.05, 0.9], 0.8, 0.9) == pytest.approx([-1 / 14, 8 / 7], rel=1e-14)


def test_a_test_no_better_than_chance_corrects_nothing():
    assert np.isnan(rogan_gladen(0.3, [0.5, 0.3, np.nan], [0.5, 0.6, 1.0])).all()
    assert np.isnan(lang_reiczigel(3, 10, 5, 10, 5, 10)).all()
    assert np.isnan(rogan_gladen_delta(3, 10, 5, 10, 5, 10)).all()


def test_a_test_that_filling_up_makes_useless_corrects_nothing():
    """Se = 1 of 1 and Sp = 1 of 1000: raw 1.001, filled up 2/3 + 2/1002 < 1."""
    assert np.isnan(lang_reiczigel(3, 10, 1, 1, 1, 1000)).all()


@pytest.mark.parametrize("empty", range(3))
def test_nobody_looked_at_gives_nan(empty):
    counts = [3, 10, 8, 10, 9, 10]
    counts[2 * empty] = counts[2 * empty + 1] = 0
    assert np.isnan(lang_reiczigel(*counts)).all()
    assert np.isnan(rogan_gladen_delta(*counts)).all()


@settings(deadline=None, derandomize=True)
@given(prevalence=shares, sensitivity=shares, specificity=shares)
def test_there_and_back_again(prevalence, sensitivity, specificity):
    youden = sensitivity + specificity - 1
    if youden > 0.01:
        apparent = apparent_from_true(prevalence, sensitivity, specificity)
        assert rogan_gladen(apparent, sensitivity, specificity) == pytest.approx(prevalence, abs=1e-13 / youden)


def test_known_sensitivity_stretches_the_limits():
    """Se = 1/2, Sp = 1: limits double."""
    assert rogan_gladen_known(Interval(0.05, 0.2), 0.5, 1.0) == (0.1, 0.4)


def test_delta_method_on_one_hundred():
    """AP = 1/2, Se = Sp = 9/10, all of 100: P = 1/2; (0.25 + 0.25 * 0.09 + 0.25 * 0.09) / 100 / 0.64 = 0.295 / 64."""
    answer = rogan_gladen_delta(50, 100, 90, 100, 90, 100)
    assert answer.estimate == pytest.approx(0.5, rel=1e-14)
    assert answer.std_error**2 == pytest.approx(0.295 / 64, rel=1e-14)
    assert answer.high - answer.estimate == pytest.approx(1.959963984540054 * answer.std_error, rel=1e-14)


def test_lang_reiczigel_at_the_centre_is_symmetric():
    """AP = 1/2 and Se = Sp: P' = 1/2, no shift; with z^2 = 4 and n = 96, Se' = 90/100: 0.25/100 + 2 * 0.25 * 0.09/100
    is 0.295/100, over 0.8^2; the half width is twice the root."""
    level = 0.9544997361036416  # z = 2
    answer = lang_reiczigel(48, 96, 89, 98, 89, 98, level)
    assert answer.estimate == 0.5
    assert answer.std_error == pytest.approx(np.sqrt(0.295 / 64), rel=1e-12)
    assert (answer.low, answer.high) == pytest.approx(
        (0.5 - 2 * answer.std_error, 0.5 + 2 * answer.std_error), rel=1e-12
    )


def test_lang_reiczigel_shifts_down_by_specificity_and_up_by_sensitivity():
    """z = 2, Sp' = 1 nearly, Se' = 0.9 of 100: delta = 8 P' 0.09/100. Counted from the middle of the limits."""
    level, many = 0.9544997361036416, 10**9
    answer = lang_reiczigel(48, 96, 89, 98, many, many, level)
    filled = (50 / 100) / 0.9
    assert (answer.low + answer.high) / 2 == pytest.approx(filled * (1 + 8 * 0.09 / 100), rel=1e-7)


def test_lang_reiczigel_keeps_a_negative_estimate_beside_limits_cut_at_zero():
    answer = lang_reiczigel(1, 100, 48, 50, 80, 100)
    assert answer.estimate < 0
    assert answer.low == 0
    assert 0 <= answer.high < 0.05


def test_groups_in_a_batch_equal_groups_alone():
    events, n = np.array([[3, 7, 0], [50, 20, 9]]), np.array([90, 100, 110])
    for method in (lang_reiczigel, rogan_gladen_delta):
        batch = method(events, n, 45, 50, 99, 100)
        for i in np.ndindex(events.shape):
            alone = method(events[i], n[i[1]], 45, 50, 99, 100)
            np.testing.assert_array_equal([field[i] for field in batch], alone)
        assert batch.low.shape == (2, 3)


def test_scalars_give_numpy_scalars():
    assert isinstance(rogan_gladen(0.1, 0.5, 1.0), np.float64)
    assert isinstance(apparent_from_true(0.1, 0.5, 1.0), np.float64)
    assert all(isinstance(field, np.float64) for field in lang_reiczigel(3, 90, 45, 50, 99, 100))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: rogan_gladen(1.1, 0.5, 1.0), "apparent must lie between 0 and 1; got 1.1"),
        (lambda: rogan_gladen(0.1, -0.5, 1.0), "sensitivity must lie between 0 and 1; got -0.5"),
        (lambda: apparent_from_true(0.1, 0.5, 2), "specificity must lie between 0 and 1; got 2"),
        (lambda: lang_reiczigel(1, 2, 5, 4, 1, 2), "sensitivity_events must not exceed sensitivity_n; got 5 of 4"),
        (lambda: lang_reiczigel(1, 2, 3, 4, 1, -2), "specificity_n must not be negative; got -2"),
        (lambda: lang_reiczigel(1, 2, 3, 4, 1, 2, 95), "level must lie between 0 and 1, both excluded; got 95"),
    ],
)
def test_broken_input_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        call()
