"""Performance measures against base R's mean, sd, var, quantile, ks.test and chisq.test (R/performance.R).

The formulas are those of table 6 of morris2019; rsimsum's example stands in published/test_performance_published.py."""

import json
from pathlib import Path

import pytest

from sarcoid_epi.stats.performance import performance, uniformity

REFERENCE = json.loads(Path(__file__).with_name("performance.json").read_text(encoding="utf-8"))
NAMES = ("bias", "relative_bias", "empirical_error", "model_error", "relative_error", "mean_squared_error", "coverage")
NAMES += ("bias_eliminated_coverage", "power", "mean_width", "median_width")


@pytest.mark.parametrize("name", NAMES)
def test_a_measure_and_its_error_equal_base_r(name):
    """Tolerance: rounding."""
    given = (REFERENCE[each] for each in ("estimate", "std_error", "low", "high", "truth"))
    got = getattr(performance(*given, null=0.6), name)
    assert (got.value, got.mcse) == pytest.approx(REFERENCE[name], rel=1e-11)


def test_uniformity_equals_base_r():
    """Tolerance: rounding; the exact law of the distance by two algorithms differs by 4e-6 of the p-value."""
    got = uniformity(REFERENCE["pit"], bins=10)
    assert tuple(got) == pytest.approx(REFERENCE["uniformity"], rel=1e-5)
    assert tuple(got)[:3] == pytest.approx(REFERENCE["uniformity"][:3], rel=1e-12)
