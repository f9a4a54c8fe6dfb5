"""Does the binomial-normal model find again what studies were drawn from? 4 000 syntheses a world, each one group of a
single call; every tolerance is a number of Monte Carlo standard errors, or a band stated with its reason."""

import numpy as np
import pytest
from scipy.special import expit

from sarcoid_epi.stats.meta import binomial_normal, t_limits

REPLICATES = 4_000
SIZES = np.array([736, 300, 90, 120, 45, 400, 210, 88, 60, 150, 77, 333, 1000, 54])
WORLDS = [(-3.0, 0.6, SIZES), (-1.5, 1.0, SIZES), (-3.0, 0.6, np.tile(SIZES, 4))]


def syntheses(world, seed=2010):
    """The fits, and the logit of a further study drawn for each."""
    mu, tau, sizes = world
    rng = np.random.default_rng(seed)
    logits = mu + tau * rng.standard_normal((REPLICATES, sizes.size + 1))
    return binomial_normal(rng.binomial(sizes, expit(logits[:, 1:])), sizes), logits[:, 0]


def share_within(value, low, high):
    share = float(((low <= value) & (value <= high)).mean())
    return share, (share * (1 - share) / REPLICATES) ** 0.5


@pytest.mark.parametrize("world", WORLDS, ids=["fourteen", "fourteen wide", "fifty-six"])
def test_the_model_finds_its_parameters(world):
    """mu has no bias beyond 0.02 (a maximum likelihood bias of order 1/K); tau is too small, as the divisor K and not
    K - 1 makes it, and more so the less the studies themselves say, but by less than 2/K of itself. That is why limits
    with z cover only 0.91 to 0.92 with fourteen studies (0.94 with fifty-six), limits with t 0.94 to 0.95, and the
    prediction interval 0.91 to 0.945."""
    mu, tau, sizes = world
    fit, further = syntheses(world)
    assert fit.converged.all()
    error = fit.mu.std(ddof=1) / REPLICATES**0.5
    assert abs(fit.mu.mean() - mu) < 0.02 + 4 * error
    error = fit.tau.std(ddof=1) / REPLICATES**0.5
    assert -2.0 / sizes.size - 4 * error < fit.tau.mean() / tau - 1 < 4 * error
    for (low, high), value, least, most in (
        ((fit.low, fit.high), expit(mu), 0.91, 0.95),
        (t_limits(fit), expit(mu), 0.935, 0.96),
        ((fit.prediction_low, fit.prediction_high), expit(further), 0.91, 0.96),
    ):
        share, error = share_within(value, low, high)
        assert least - 4 * error < share < most + 4 * error


def test_the_standard_error_is_that_of_the_estimates():
    """Fifty-six studies: mean of the model's variance over the variance of the estimates, 1 within 4 standard errors
    (of a variance ratio, sqrt(2 / replicates)) and the order 1/K by which maximum likelihood is too small."""
    fit, _ = syntheses(WORLDS[2])
    ratio = (fit.se_mu**2).mean() / fit.mu.var(ddof=1)
    assert abs(ratio - 1) < 4 * (2 / REPLICATES) ** 0.5 + 1 / 56
