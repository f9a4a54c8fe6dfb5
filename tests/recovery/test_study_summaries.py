"""What is known of replicates comes out of their summaries: coverage, components of variance, Sobol's indices."""

import numpy as np
import pytest
from scipy.stats import norm, qmc

from sarcoid_epi.scenario import Case
from sarcoid_epi.simulation.splitting import Splitting
from sarcoid_epi.simulation.summary import summary
from sarcoid_epi.stats.nested import variance_split
from sarcoid_epi.stats.paired import paired
from sarcoid_epi.stats.response import response_surface

R = 4000


def columns(estimate, error, truth=0.3, z=1.959963984540054):
    spread = np.broadcast_to(error, estimate.shape)
    return {"estimate": estimate, "std_error": spread, "low": estimate - z * spread, "high": estimate + z * spread,
            "truth": np.full(estimate.shape, truth), "note": np.full(estimate.shape, "")}  # fmt: skip


@pytest.mark.parametrize("claimed", [0.8, 1.0, 1.3])
def test_coverage_bias_and_the_error_of_standard_errors_are_recovered(claimed):
    """Normal estimates with bias 0.005 whose standard error is claimed too small, right or too large. Tolerance: four
    Monte Carlo errors."""
    rng = np.random.default_rng(7)
    got = summary(0, "run", "share", columns(0.305 + 0.02 * rng.standard_normal(R), 0.02 * claimed))
    z = norm.ppf(0.975) * claimed
    covered = norm.cdf(z - 0.25) - norm.cdf(-z - 0.25)
    assert abs(got.coverage - covered) < 4 * got.coverage_mcse
    assert abs(got.bias - 0.005) < 4 * got.bias_mcse
    assert abs(got.relative_error - (claimed - 1)) < 4 * got.relative_error_mcse
    assert np.isnan(got.power)


def test_monte_carlo_errors_are_those_of_repeated_studies():
    """400 studies of 200 replicates: measures spread as their errors say, within four errors of an SD."""
    rng = np.random.default_rng(8)
    shared = rng.standard_normal((400, 200))
    a, b = shared, 0.8 * shared + 0.3 * rng.standard_normal((400, 200)) + 0.1
    got = paired((b, b - 2, b + 2), (a, a - 2, a + 2), 0.0)
    for name in ("bias", "coverage", "squared_error", "relative_precision"):
        one = getattr(got, name)
        ratio = np.asarray(one.value).std(ddof=1) / np.sqrt((np.asarray(one.mcse) ** 2).mean())
        assert abs(ratio - 1) < 4 / np.sqrt(2 * 399), name


def test_components_of_variance_are_recovered_with_their_errors():
    """300 studies of 40 cases with variance 2 between and 9 within: no bias, and errors as they spread."""
    rng = np.random.default_rng(9)
    x = rng.normal(0, np.sqrt(2), (300, 40, 1)) + 3 * rng.standard_normal((300, 40, 25))
    got = variance_split(x.mean(-1), x.var(-1, ddof=1), 25)
    for name, true in (("between", 2.0), ("within", 9.0), ("share", 2 / 11)):
        values, errors = np.asarray(getattr(got, name)), np.asarray(getattr(got, f"{name}_error"))
        bias = 0.01 if name == "share" else 0.0  # a ratio of estimates
        assert abs(values.mean() - true) < 4 * values.std() / np.sqrt(300) + bias, name
        assert errors.mean() == pytest.approx(values.std(), rel=0.15), name


def test_random_numbers_that_cases_share_make_no_variance_between_them():
    """Cases that do not differ at all: all have the same replicates, or nearly. Nothing is left between them."""
    rng = np.random.default_rng(10)
    common, splitting = rng.standard_normal(50), Splitting()
    for number in range(30):
        case = Case(number, "w", "d", "", 10, ())
        estimate = common + 0.05 * rng.standard_normal(50)
        estimate[number % 50] = np.nan
        splitting.add(case, {("run", "term"): columns(estimate, 1.0)}, {})
    of_estimate, of_error = splitting.told()
    assert of_estimate.cases == 30
    assert of_estimate.of == "estimate"
    assert of_error.between == pytest.approx(of_estimate.between)
    assert abs(of_estimate.between) < 0.1 * common.var() / 50


def test_the_indices_of_a_surface_are_those_of_the_function():
    """x1 + 2 x2^2 + 3 x1 x3, whose indices are known, from 128 points with noise. Tolerance: four errors, and 0.01."""
    x = qmc.Sobol(3, rng=np.random.default_rng(11)).random(128)
    noise = 0.02 * np.random.default_rng(12).standard_normal(128)
    got = response_surface(x, x[:, 0] + 2 * x[:, 1] ** 2 + 3 * x[:, 0] * x[:, 2] + noise)
    # Alone: x1 (1 + 3/2), 2 x2^2, 3/2 x3; together 3 (x1 - 1/2) (x3 - 1/2).
    parts = np.array([2.5**2 / 12, 4 * (1 / 5 - 1 / 9), 1.5**2 / 12])
    both = 9 / 144
    whole = parts.sum() + both
    first, total = parts / whole, (parts + both * np.array([1, 0, 1])) / whole
    assert (np.abs(got.first - first) < 4 * got.first_error + 0.01).all()
    assert (np.abs(got.total - total) < 4 * got.total_error + 0.01).all()
    assert got.foretold > 0.98
    assert float(got.at([[0.5, 0.5, 0.5]])[0]) == pytest.approx(0.5 + 0.5 + 0.75, abs=0.03)
