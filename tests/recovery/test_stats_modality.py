"""Does the modality model find again what series were drawn from? Fourteen series by four modalities, each replicate
with its own Se and Sp drawn from the beliefs, typical true share 0.12, tau 0.5; tolerances in standard errors."""

import numpy as np
import pytest
from scipy.special import expit

from sarcoid_epi.stats.modality import modality_model
from sarcoid_epi.stats.performance import bias, coverage

REPLICATES = 120
SERIES = np.array([736, 300, 90, 120, 45, 400, 210, 88, 60, 150, 77, 333, 1000, 54])
BY = np.arange(14) % 4
SE, SE_WEIGHT = np.array([0.3, 0.6, 0.8, 0.9]), np.array([20, 30, 40, 30])
SP, SP_WEIGHT = np.array([0.99, 0.98, 0.99, 0.97]), np.array([200, 200, 300, 100])
MU, TAU = -2.0, 0.5


def drawn(replicates, seed=11):
    """Counts (R, 14) and the sensitivities behind them."""
    rng = np.random.default_rng(seed)
    se = rng.beta(SE * SE_WEIGHT, (1 - SE) * SE_WEIGHT, (replicates, 4))
    sp = rng.beta(SP * SP_WEIGHT, (1 - SP) * SP_WEIGHT, (replicates, 4))
    true = expit(MU + TAU * rng.standard_normal((replicates, 14)))
    return rng.binomial(SERIES, true * se[:, BY] + (1 - true) * (1 - sp[:, BY])), se


@pytest.fixture(scope="module")
def right():
    x, se = drawn(REPLICATES)
    return modality_model(x, SERIES, BY, SE, SE_WEIGHT, SP, SP_WEIGHT), se


def test_right_beliefs_give_the_typical_share_its_coverage(right):
    """Nominal 0.95 within 3.5 standard errors (0.02 each)."""
    fit, _ = right
    assert fit.true.converged.all()
    got = coverage(fit.low, fit.high, expit(MU))
    assert abs(got.value - 0.95) < 3.5 * (0.95 * 0.05 / REPLICATES) ** 0.5


def test_tau_is_too_small_on_average_but_by_less_than_a_fifth(right):
    """Maximum likelihood divides by K; the plain model's tau holds the looking too and is too large."""
    fit, _ = right
    ours, plain = bias(fit.true.tau, TAU), bias(fit.plain.tau, TAU)
    assert -0.2 * TAU - 4 * ours.mcse < ours.value < 4 * ours.mcse
    assert plain.value > ours.value + 4 * plain.mcse


def test_the_posterior_of_a_sensitivity_covers_the_one_drawn(right):
    """Drawn from the belief: mean squared standardised error 1 within 4 standard errors (sqrt(2/R) each)."""
    fit, se = right
    squared = ((se - fit.sensitivity) / fit.sensitivity_sd) ** 2
    assert (np.abs(squared.mean(0) - 1) < 4 * (2 / REPLICATES) ** 0.5).all()


def test_wrong_beliefs_bias_the_share_by_as_much():
    """Sensitivities believed to be half of what they are: the share comes out about twice as large (1.7 to 2.3), and a
    narrow belief says so with confidence: it covers in fewer than half of the replicates."""
    x, _ = drawn(30, seed=12)
    fit = modality_model(x, SERIES, BY, SE / 2, 10 * SE_WEIGHT, SP, SP_WEIGHT)
    assert 1.7 < np.median(fit.share) / expit(MU) < 2.3
    assert coverage(fit.low, fit.high, expit(MU)).value < 0.5
