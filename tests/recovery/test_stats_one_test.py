"""Simulation-based calibration: truths drawn from the priors are spread evenly over their posteriors.

Each truth's place in its posterior, Pr(quantity <= truth | counts), is uniform if the posterior is right on
average over the priors. 4 000 worlds a case, fixed seed."""

import numpy as np
import pytest
from scipy.stats import kstest

from sarcoid_epi.stats.cloud import Series, chance_up_to
from sarcoid_epi.stats.one_test import _distributions, one_test_posterior
from sarcoid_epi.stats.prior import Prior, beta, pert, quantile, uniform

WORLDS = 4_000
CASES = {
    "vague sensitivity": (200, beta(1, 4), beta(4, 8), beta(95, 5)),
    "ranges": (60, uniform(0, 1), uniform(0.6, 1), pert(0.7, 0.9, 1.0)),
    "few patients": (12, uniform(0, 1), beta(18, 4), beta(20, 2)),
}


@pytest.mark.parametrize("case", CASES)
def test_truths_drawn_from_the_priors_lie_evenly_in_their_posteriors(case):
    """Kolmogorov-Smirnov, five quantities, p above 0.001; coverage of both limits within four standard errors."""
    n, *priors = CASES[case]
    rng = np.random.default_rng(11)
    pi, se, sp = (quantile(prior, rng.random(WORLDS)) for prior in priors)
    p = pi * se + (1 - pi) * (1 - sp)
    x = rng.binomial(n, p)
    truth = {
        "prevalence": pi,
        "sensitivity": se,
        "specificity": sp,
        "undetected": pi * (1 - se),
        "predictive": pi * se / p,
    }
    counts, back = np.unique(x, return_inverse=True)
    series, _ = _distributions(counts.astype(float), np.full(counts.size, float(n)), *(Prior(*each) for each in priors))
    answer = one_test_posterior(x, np.full(WORLDS, n), priors[1], priors[2], priors[0])
    error = (0.95 * 0.05 / WORLDS) ** 0.5
    for (name, true), each in zip(truth.items(), series, strict=True):
        place = chance_up_to(Series(*(field[back] for field in each)), true)
        assert kstest(place, "uniform").pvalue > 0.001, name
        limits = getattr(answer, name)
        for low, high in ((limits.low, limits.high), (limits.shortest_low, limits.shortest_high)):
            assert ((low <= true) & (true <= high)).mean() == pytest.approx(0.95, abs=4 * error), name
