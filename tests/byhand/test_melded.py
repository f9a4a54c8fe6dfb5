"""Melded limits: closed forms and edges."""

import numpy as np
import pytest

from sarcoid_epi.stats.melded import rogan_gladen_melded
from sarcoid_epi.stats.misclassification import rogan_gladen_delta
from sarcoid_epi.stats.proportion import clopper_pearson

SURE = 10**10


@pytest.mark.parametrize("x", [0, 1, 7, 30])
def test_a_test_validated_without_end_leaves_the_exact_limits_transformed(x):
    """Se = 1/2, Sp = 1, both validated in 1e10: twice the exact limits, cut at 1. Tolerance: sd of Se, 5e-6."""
    answer, exact = rogan_gladen_melded(x, 50, SURE // 2, SURE, SURE, SURE), clopper_pearson(x, 50)
    assert [answer.low, answer.high] == pytest.approx([min(2 * exact.low, 1), min(2 * exact.high, 1)], abs=3e-5)


def test_estimate_and_standard_error_are_those_of_the_delta_method():
    counts = (60, 500, 80, 100, 190, 200)
    assert rogan_gladen_melded(*counts)[:2] == rogan_gladen_delta(*counts)[:2]


def test_no_positives_reach_down_to_zero_and_all_positive_up_to_one():
    assert rogan_gladen_melded(0, 60, 18, 20, 100, 100).low == 0
    assert rogan_gladen_melded(40, 40, 38, 40, 60, 60).high == 1


def test_a_negative_estimate_stays_negative_beside_limits_that_begin_at_zero():
    answer = rogan_gladen_melded(8, 210, 30, 50, 93, 100)
    assert answer.estimate < 0
    assert answer.low == 0


@pytest.mark.parametrize("counts", [(0, 0, 8, 10, 9, 10), (1, 5, 0, 0, 9, 10), (1, 5, 5, 10, 5, 10)])
def test_what_cannot_be_corrected_is_nan(counts):
    assert np.isnan(rogan_gladen_melded(*counts)).all()


def test_less_validation_never_narrows():
    width = [np.diff(rogan_gladen_melded(60, 500, 8 * k, 10 * k, 19 * k, 20 * k)[2:])[0] for k in (100, 10, 3, 1)]
    assert width == sorted(width)


def test_many_at_once_are_one_by_one():
    x = np.array([[0, 5, 60], [200, 499, 500]])
    together = rogan_gladen_melded(x, 500, 80, 100, 190, 200)
    for index in np.ndindex(x.shape):
        one = rogan_gladen_melded(x[index], 500, 80, 100, 190, 200)
        assert [field[index] for field in together] == pytest.approx(list(one), rel=1e-9, nan_ok=True)


def test_broken_counts_are_refused():
    with pytest.raises(ValueError, match="sensitivity_events must not exceed"):
        rogan_gladen_melded(1, 5, 11, 10, 9, 10)
