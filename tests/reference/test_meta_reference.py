"""The binomial-normal model against metafor and lme4, and its likelihood against R's integrate() (R/meta.R).

Answers: is our maximum their maximum, and is the likelihood right? Where both differ, the integral of R decides."""

import json
from pathlib import Path

import numpy as np
import pytest

from sarcoid_epi.stats.meta import binomial_normal
from sarcoid_epi.stats.quadrature import binomial_normal_derivatives

REFERENCE = json.loads(Path(__file__).with_name("meta.json").read_text(encoding="utf-8"))
ENDS = np.cumsum(REFERENCE["studies"]).astype(int)
SETS = dict(
    zip(
        REFERENCE["name"],
        zip(np.split(REFERENCE["events"], ENDS[:-1]), np.split(REFERENCE["n"], ENDS[:-1]), strict=True),
        strict=True,
    )
)
TIGHT = [name for name in SETS if name != "wide"]


def theirs(name, column):
    return REFERENCE[column][REFERENCE["name"].index(name)]


@pytest.mark.parametrize("name", TIGHT)
def test_the_fit_equals_metafor(name):
    """Tolerances: where lme4's optimiser stops. Worst mu 5e-7 (large), tau 2.4e-8, limits 1.8e-6 (large: lme4's
    standard error, see the next test); without `large` 2e-8, 1.1e-8, 1e-8."""
    fit = binomial_normal(*SETS[name])
    assert fit.mu == pytest.approx(theirs(name, "mu"), abs=1e-6)
    assert fit.tau == pytest.approx(theirs(name, "tau"), abs=1e-7)
    assert fit.tau2 == pytest.approx(theirs(name, "tau2"), abs=1e-7)
    assert (fit.low, fit.high) == pytest.approx((theirs(name, "low"), theirs(name, "high")), abs=5e-6)


@pytest.mark.parametrize("name", TIGHT)
def test_the_standard_error_is_that_of_the_integrated_likelihood(name):
    """Tolerance: R's second differences with step 5e-4, worst 2e-7. metafor's own is 7e-4 off for the largest studies,
    3e-7 else, because lme4 takes finite differences of an iterated deviance."""
    fit = binomial_normal(*SETS[name])
    assert fit.se_mu == pytest.approx(theirs(name, "se_mu"), rel=1e-6)
    assert fit.se_mu == pytest.approx(theirs(name, "metafor_se_mu"), rel=1e-6 if name != "large" else 1e-3)


@pytest.mark.parametrize("name", SETS)
def test_the_likelihood_at_their_answer_equals_the_integral(name):
    """Tolerance: rounding of exponents of size n, worst 4e-9 (large), else 5e-13."""
    events, n = (np.array(column)[None] for column in SETS[name])
    at = np.array([theirs(name, "mu")]), np.array([theirs(name, "tau")])
    ours = binomial_normal_derivatives(*at, events, n, 151, np.zeros_like(events))
    tolerance = 1e-11 if name != "large" else 2e-8
    assert ours.value[0] == pytest.approx(theirs(name, "log_likelihood"), abs=tolerance)


def test_with_a_wide_spread_ours_is_the_higher_maximum():
    """tau = 2.87 and a study without events: lme4's 25 points (its most) are too few, its answer is 4e-5 away in tau.
    With 151 points ours has the higher likelihood, and their answer's likelihood equals R's integral (test above)."""
    fit = binomial_normal(*SETS["wide"])
    assert fit.log_likelihood > theirs("wide", "log_likelihood") + 1e-9
    assert fit.tau == pytest.approx(theirs("wide", "tau"), abs=1e-4)
    assert fit.mu == pytest.approx(theirs("wide", "mu"), abs=1e-4)


@pytest.mark.parametrize("name", SETS)
def test_metafor_as_it_comes_stops_short(name):
    """The plain call rma.glmm(measure = "PLO", nAGQ = 25) ends up to 1e-5 from the maximum (5e-5 for `wide`)."""
    fit = binomial_normal(*SETS[name])
    assert fit.mu == pytest.approx(theirs(name, "default_mu"), abs=1e-4)
    assert fit.tau == pytest.approx(theirs(name, "default_tau"), abs=1e-4)
    assert fit.log_likelihood >= theirs(name, "log_likelihood") - 1e-8
