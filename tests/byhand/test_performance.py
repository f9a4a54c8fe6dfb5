"""Performance measures on six replicates worked out on paper.

Estimates 1 2 3 4 5 9 around a truth of 3: mean 4, bias 1, squared deviations 9 4 1 0 1 25, sum 40, variance 8."""

from math import nan, sqrt

import numpy as np
import pytest

from sarcoid_epi.stats import performance as measures
from sarcoid_epi.stats.performance import performance, uniformity

ESTIMATE = np.array([1.0, 2, 3, 4, 5, 9])
ERROR = np.array([1.0, 1, 1, 2, 2, 2])  # squares 1 1 1 4 4 4: mean 2.5, variance 13.5/5 = 2.7
LOW, HIGH = ESTIMATE - ERROR, ESTIMATE + ERROR  # 0-2, 1-3, 2-4, 2-6, 3-7, 7-11


def both(measured):
    return float(measured.value), float(measured.mcse)


EXPECTED = {
    "bias": (1, sqrt(8 / 6)),
    "relative_bias": (1 / 3, sqrt(8 / 6) / 3),
    "empirical_error": (sqrt(8), sqrt(8 / 10)),
    "model_error": (sqrt(2.5), sqrt(2.7 / (4 * 6 * 2.5))),
    "relative_error": (sqrt(2.5 / 8) - 1, sqrt(2.5 / 8) * sqrt(2.7 / (4 * 6 * 2.5**2) + 1 / 10)),
    # squared errors 4 1 0 1 4 36: mean 46/6, sum of squares 1330
    "mean_squared_error": (46 / 6, sqrt((1330 - 46**2 / 6) / 30)),
    "coverage": (4 / 6, sqrt(4 / 6 * 2 / 6 / 6)),  # missed by the first and the last
    "coverage_of_attempted": (4 / 6, sqrt(4 / 6 * 2 / 6 / 6)),
    "bias_eliminated_coverage": (3 / 6, sqrt(0.25 / 6)),  # 4 lies in 2-4, 2-6, 3-7
    "power": (5 / 6, sqrt(5 / 36 / 6)),  # 0 lies in 0-2
    "mean_width": (3, sqrt(1.2 / 6)),  # widths 2 2 2 4 4 4, variance 6/5
}


@pytest.mark.parametrize("name", EXPECTED)
def test_six_replicates_give_what_they_give_on_paper(name):
    """Tolerance: rounding."""
    assert both(getattr(performance(ESTIMATE, ERROR, LOW, HIGH, 3.0), name)) == pytest.approx(EXPECTED[name], rel=1e-13)


def test_the_median_width_and_its_error_by_order_statistics():
    """Nine widths 1 to 9: median 5; quantiles at 1/2 -+ 1/6 are 1 + 8/3 and 1 + 16/3, half their distance 4/3."""
    assert both(measures.median_width(np.zeros(9), np.arange(1, 10))) == pytest.approx((5, 4 / 3), rel=1e-13)


def test_failed_replicates_are_counted_and_bound_the_coverage():
    """Two failures more: 6 of 8 used, coverage 4/6 of the used and 4/8 of the attempted; everything else as before."""
    more = [np.append(each, [nan, nan]) for each in (ESTIMATE, ERROR, LOW, HIGH)]
    more[1][7], more[2][7], more[3][7] = 1.0, 0.0, 9.0  # without an estimate its error and limits count nowhere
    got = performance(*more, 3.0)
    assert (got.used, got.attempted) == (6, 8)
    assert both(got.coverage_of_attempted) == pytest.approx((0.5, sqrt(0.25 / 8)))
    for name in set(EXPECTED) - {"coverage_of_attempted"}:
        assert both(getattr(got, name)) == pytest.approx(EXPECTED[name], rel=1e-13)


def test_each_measure_uses_the_replicates_that_have_what_it_needs():
    """A seventh with an estimate of 10 alone, at 7 from the truth: it moves the bias, and no coverage."""
    more = [np.append(each, value) for each, value in ((ESTIMATE, 10.0), (ERROR, nan), (LOW, nan), (HIGH, nan))]
    got = performance(*more, 3.0)
    errors = np.append(np.array(ESTIMATE) - 3.0, 7.0)
    assert (got.used, got.attempted) == (6, 7)
    assert both(got.bias) == pytest.approx((errors.mean(), errors.std(ddof=1) / sqrt(7)), rel=1e-13)
    assert got.empirical_error.value == pytest.approx(errors.std(ddof=1), rel=1e-13)
    assert got.mean_squared_error.value == pytest.approx((errors**2).mean(), rel=1e-13)
    for name in ("model_error", "relative_error", "coverage", "power", "mean_width"):
        assert both(getattr(got, name)) == pytest.approx(EXPECTED[name], rel=1e-13)


def test_a_truth_of_each_replicate_moves_with_it():
    """Shifting estimate, limits and truth together leaves errors and coverages as they are."""
    shift = np.array([0.0, 10, -5, 2, 7, 1])
    moved = performance(ESTIMATE + shift, ERROR, LOW + shift, HIGH + shift, 3 + shift)
    for name in ("bias", "mean_squared_error", "coverage", "bias_eliminated_coverage", "mean_width"):
        assert both(getattr(moved, name)) == pytest.approx(EXPECTED[name], rel=1e-13)


def test_leading_axes_are_groups():
    b = np.stack([ESTIMATE, ESTIMATE + 1, 2 * ESTIMATE])
    batch = performance(b, ERROR, b - 1, b + 1, 3.0)
    for g in range(3):
        single = performance(b[g], ERROR, b[g] - 1, b[g] + 1, 3.0)
        for ours, alone in zip(batch[2:], single[2:], strict=True):
            assert (ours.value[g], ours.mcse[g]) == (alone.value, alone.mcse)


def test_too_few_replicates_leave_what_is_not_known_nan():
    one = performance([2.0], [1.0], [1.0], [3.0], 3.0)
    assert one.bias.value == -1
    assert np.isnan(one.bias.mcse)
    assert np.isnan(both(one.empirical_error)).all()
    none = performance([nan], [1.0], [1.0], [3.0], 3.0)
    assert none.used == 0
    assert np.isnan(both(none.bias)).all()
    assert np.isnan(none.median_width.value)
    assert both(none.coverage_of_attempted) == (0, 0)
    assert np.isnan(both(performance(ESTIMATE, ERROR, LOW, HIGH, 0.0).relative_bias)).all()


def test_broken_input_is_refused():
    with pytest.raises(ValueError, match="axis of replicates"):
        performance(1.0, 1.0, 1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="std_error must not be negative"):
        performance(ESTIMATE, -ERROR, LOW, HIGH, 3.0)
    with pytest.raises(ValueError, match="pit must lie"):
        uniformity([0.5, 1.2])
    with pytest.raises(ValueError, match="bins"):
        uniformity([0.5], bins=1)


def test_uniformity_of_four_values_on_paper():
    """0.1 0.2 0.3 0.9 in two bins: 3 and 1 for 2 expected, chi-square 1, p = 0.3173; largest distance 3/4 - 0.3."""
    got = uniformity([0.1, 0.2, 0.3, 0.9, nan], bins=2)
    assert (got.chi_square, got.kolmogorov) == pytest.approx((1.0, 0.45))
    assert got.chi_square_p == pytest.approx(0.31731, abs=1e-5)
    assert np.isnan(uniformity([nan]).kolmogorov)


def test_uniformity_sees_a_posterior_that_is_too_narrow():
    u = np.random.default_rng(1).random((2, 2000))
    good, bad = uniformity(u[0]), uniformity(np.clip((u[1] - 0.5) * 1.2 + 0.5, 0, 1))
    assert good.chi_square_p > 0.01
    assert bad.chi_square_p < 1e-6
