"""Limits of one proportion where the defining equation can be solved on paper."""

import math

import numpy as np
import pytest

from sarcoid_epi.stats import proportion
from sarcoid_epi.stats.interval import Interval, normal_quantile, truncated

METHODS = [
    proportion.wilson,
    proportion.clopper_pearson,
    proportion.mid_p,
    proportion.jeffreys,
    proportion.agresti_coull,
    proportion.blaker,
    proportion.likelihood_ratio,
]
Z2 = 1.959963984540054**2

every_method = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)


def test_wilson_with_no_event_among_ten():
    """z^2 / (n + z^2)."""
    assert proportion.wilson(0, 10) == (0.0, pytest.approx(Z2 / (10 + Z2), rel=1e-14))


def test_clopper_pearson_on_two_patients():
    """0 of 2: (1 - p)^2 = 0.025. 1 of 2: 1 - (1 - p)^2 = 0.025 below. 2 of 2: p^2 = 0.025."""
    low, high = proportion.clopper_pearson([0, 1, 2], 2)
    edge = math.sqrt(0.025)
    assert low == pytest.approx([0, 1 - math.sqrt(0.975), edge], rel=1e-13)
    assert high == pytest.approx([1 - edge, math.sqrt(0.975), 1], rel=1e-13)


def test_mid_p_with_no_event():
    """(1 - p)^n / 2 = 0.025, so p = 1 - 0.05^(1/n): Clopper-Pearson's one-sided limit."""
    n = np.array([1, 2, 20, 736])
    assert proportion.mid_p(0, n).high == pytest.approx(1 - 0.05 ** (1 / n), rel=1e-12)


def test_likelihood_ratio_with_no_event():
    """-2 n log(1 - p) = z^2."""
    n = np.array([1, 2, 20, 736])
    assert proportion.likelihood_ratio(0, n).high == pytest.approx(-np.expm1(-Z2 / 2 / n), rel=1e-12)


def test_blaker_on_one_and_two_patients():
    """At p > 1/2 no count is as unlikely as 0, so 0 of n is refused from (1 - p)^n = 0.05 on. 1 of 2, p small: 0 is
    more likely than 1 or 2, so it is accepted from 1 - (1 - p)^2 = 0.05 on."""
    assert proportion.blaker(0, 1) == (0, pytest.approx(0.95, rel=1e-14))
    low, high = proportion.blaker([0, 1], 2)
    assert high == pytest.approx([1 - math.sqrt(0.05), math.sqrt(0.95)], rel=1e-13)
    assert low == pytest.approx([0, 1 - math.sqrt(0.95)], rel=1e-13)


def test_jeffreys_on_one_patient():
    """1 of 1: Beta(3/2, 1/2) has the distribution function (2 / pi) (asin(sqrt p) - sqrt(p (1 - p)))."""
    p = float(proportion.jeffreys(1, 1).low)
    assert 2 / math.pi * (math.asin(math.sqrt(p)) - math.sqrt(p * (1 - p))) == pytest.approx(0.025, rel=1e-12)


def test_agresti_coull_on_half_is_wald_on_more_patients():
    """5 of 10: 1/2 plus and minus z / (2 sqrt(n + z^2))."""
    reach = math.sqrt(Z2) / 2 / math.sqrt(10 + Z2)
    assert proportion.agresti_coull(5, 10) == pytest.approx((0.5 - reach, 0.5 + reach), rel=1e-14)


@every_method
def test_limits_are_closed_at_the_ends_and_two_sided(method):
    low, high = method([0, 7], 7)
    assert low[0] == 0
    assert high[1] == 1
    assert 0 < high[0] < 1
    assert 0 < low[1] < 1


@every_method
def test_nobody_looked_at_gives_nan_without_a_warning(method):
    low, high = method([0, 1], [0, 2])
    assert np.isnan([low[0], high[0]]).all()
    assert np.isfinite([low[1], high[1]]).all()


@every_method
def test_scalars_give_numpy_scalars_and_empty_gives_empty(method):
    answer = method(3, 10)
    assert isinstance(answer, Interval)
    assert isinstance(answer.low, np.float64)
    assert isinstance(answer.high, np.float64)
    assert method(np.zeros((0, 3)), 5).low.shape == (0, 3)


@every_method
def test_a_million_patients(method):
    """Near the normal limits, far from the ends."""
    low, high = method(500_000, 1_000_000)
    assert (low, high) == pytest.approx((0.5 - 0.00098, 0.5 + 0.00098), abs=1e-6)


@every_method
@pytest.mark.parametrize(
    ("events", "n", "level", "sentence"),
    [
        (-1, 3, 0.95, "events must not be negative; got -1"),
        (1, -3, 0.95, "n must not be negative; got -3"),
        (4, 3, 0.95, "events must not exceed n; got 4 of 3"),
        (1.5, 3, 0.95, "events must be whole numbers; got 1.5"),
        (1, np.nan, 0.95, "n must be whole numbers; got nan"),
        (1, np.inf, 0.95, "n must be whole numbers; got inf"),
        (1, 3, 1.0, "level must lie between 0 and 1, both excluded; got 1.0"),
        (1, 3, 0.0, "level must lie between 0 and 1, both excluded; got 0.0"),
        (1, 3, math.nan, "level must lie between 0 and 1, both excluded; got nan"),
    ],
)
def test_broken_input_is_refused_in_one_sentence(method, events, n, level, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        method(events, n, level)


def test_normal_quantile_of_one_standard_deviation():
    assert normal_quantile(math.erf(1 / math.sqrt(2))) == pytest.approx(1, rel=1e-14)


def test_truncation_is_a_verb():
    low, high = truncated(Interval(np.array([-0.1, 0.2, np.nan]), np.array([0.3, 1.2, np.nan])))
    np.testing.assert_array_equal(low, [0, 0.2, np.nan])
    np.testing.assert_array_equal(high, [0.3, 1, np.nan])
