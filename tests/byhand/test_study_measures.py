"""Paired differences, the variance split and the effects of a grid, worked out on paper."""

from math import nan, sqrt

import numpy as np
import pytest

from sarcoid_epi.stats.factorial import factorial_effects
from sarcoid_epi.stats.nested import variance_split
from sarcoid_epi.stats.paired import paired
from sarcoid_epi.stats.response import CONSTANT, TOO_FEW, response_surface

#: Six replicates of two methods around a truth of 3. Reference: mean 4, variance 8 (deviations -3 -2 -1 0 1 5).
A = np.array([1.0, 2, 3, 4, 5, 9])
#: The method: mean 3.5, deviations -1.5 -1.5 -0.5 0.5 0.5 2.5, variance 11.5/5 = 2.3.
B = np.array([2.0, 2, 3, 4, 4, 6])
HALF = np.array([1, 1, 1, 2, 2, 2])
A_LIMITS = A - HALF, A + HALF  # hold 3: no yes yes yes yes no
B_LIMITS = B - 1, B + 1  # 1-3 1-3 2-4 3-5 3-5 5-7: yes yes yes yes yes no
PRODUCT = 4.5 + 3 + 0.5 + 0 + 0.5 + 12.5  # of the deviations

EXPECTED = {
    "bias": (-0.5, sqrt((2 * 1 + 9 - 6 * 0.25) / 30)),  # differences 1 0 0 0 -1 -3: squares sum to 11
    "coverage": (1 / 6, 1 / 6),  # differences 1 0 0 0 0 0: squares about the mean 5/6, over 30
    "width": (-1.0, sqrt(6 / 30)),  # widths 2 less 2 2 2 4 4 4: 0 0 0 -2 -2 -2
    # squared errors 1 1 0 1 1 9 less 4 1 0 1 4 36: -3 0 0 0 -3 -27, sum -33, squares 747
    "squared_error": (-5.5, sqrt((747 - 33**2 / 6) / 30)),
    "relative_precision": (8 / 2.3 - 1, 2 * 8 / 2.3 * sqrt((1 - PRODUCT**2 / (40 * 11.5)) / 5)),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_six_pairs_give_what_they_give_on_paper(name):
    """Tolerance: rounding."""
    got = getattr(paired((B, *B_LIMITS), (A, *A_LIMITS), 3.0), name)
    assert (float(got.value), float(got.mcse)) == pytest.approx(EXPECTED[name], rel=1e-13)


def test_a_pair_of_which_one_failed_is_attempted_and_not_used():
    more = [np.append(one, [nan, 3.0]) for one in (B, *B_LIMITS)]
    other = [np.append(one, [3.0, nan]) for one in (A, *A_LIMITS)]
    got = paired(tuple(more), tuple(other), 3.0)
    assert (got.used, got.attempted) == (6, 8)
    assert float(got.squared_error.mcse) == pytest.approx(EXPECTED["squared_error"][1])
    assert np.isnan(paired(([nan],) * 3, ([1.0],) * 3, 3.0).bias.value)


def test_leading_axes_of_pairs_are_groups():
    got = paired((np.stack([B, A]), *B_LIMITS), (np.stack([A, A]), *A_LIMITS), 3.0)
    assert np.asarray(got.bias.value) == pytest.approx([-0.5, 0.0])
    assert float(got.relative_precision.mcse[1]) == 0.0


def test_two_cases_of_three_replicates_split_as_on_paper():
    """1 2 3 and 5 7 9: means 2 and 7, variances 1 and 4. Within 2.5; between 12.5 - (1/3 + 4/3)/2 = 35/3."""
    got = variance_split([2, 7], [1, 4], [3, 3])
    assert (float(got.within), float(got.between)) == pytest.approx((2.5, 35 / 3), rel=1e-13)
    assert float(got.share) == pytest.approx((35 / 3) / (35 / 3 + 2.5), rel=1e-13)
    assert np.isnan(got.between_error)


def test_three_cases_have_errors_by_the_jackknife():
    """Within 1, 4 and 7: without each 5.5, 4, 2.5, so sqrt(2/3 (1.5^2 + 0 + 1.5^2)) = sqrt 3. Between means 0, 0 and 6
    of ten replicates: without each 18 - 0.55, 18 - 0.4, 0 - 0.25."""
    got = variance_split([0, 0, 6], [1, 4, 7], [10, 10, 10])
    assert float(got.within_error) == pytest.approx(sqrt(3), rel=1e-13)
    left = np.array([18 - 0.55, 18 - 0.4, -0.25])
    assert float(got.between_error) == pytest.approx(sqrt(2 / 3 * ((left - left.mean()) ** 2).sum()), rel=1e-12)
    assert float(got.between) == pytest.approx(12 - 0.4, rel=1e-12)


def test_chance_that_cases_share_is_given_back():
    """A covariance of 1 between the replicates of cases: what is taken off the spread of means is 2.5 - 1 over 3."""
    got = variance_split([2, 7], [1, 4], [3, 3], 1.0)
    assert float(got.between) == pytest.approx(12.5 - 1.5 / 3, rel=1e-13)


def test_a_case_without_two_replicates_is_left_out():
    got = variance_split([2, 7, 100, nan], [1, 4, nan, 1], [3, 3, 1, 3])
    assert (float(got.cases), float(got.within)) == (2.0, 2.5)


def test_a_grid_of_two_factors_with_an_interaction():
    """0 0 / 0 4: variance 3; row means 0 and 2, variance 1; the rest, 1, is what they do together."""
    got = factorial_effects([[0, 0], [0, 4]])
    assert got.first == pytest.approx([1 / 3, 1 / 3])
    assert got.total == pytest.approx([2 / 3, 2 / 3])
    assert got.pairs == ((0, 1, pytest.approx(1 / 3)),)
    assert got.variance == 3.0


def test_a_grid_without_variance_or_with_a_gap_has_no_effects():
    for table in ([[2.0, 2.0]], [[0.1 + 0.2, 0.3]], [[1.0, nan]]):
        assert np.isnan(factorial_effects(table).total).all()


def test_a_surface_refuses_what_it_cannot_know():
    places = np.linspace(0, 1, 12)[:, None]
    assert response_surface(places, np.ones(12)).note == CONSTANT
    assert response_surface(places[:5], np.arange(5.0)).note == TOO_FEW
    with pytest.raises(ValueError, match="between 0 and 1"):
        response_surface(places + 1, np.arange(12.0))
    with pytest.raises(ValueError, match="shape"):
        response_surface(places, np.arange(3.0))
