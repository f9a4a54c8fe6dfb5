"""Do the limits of one proportion cover? By summing over all counts: no simulation, so no Monte Carlo error."""

import numpy as np
import pytest
from scipy.stats import binom

from sarcoid_epi.stats import proportion

SHARES = np.linspace(0.001, 0.999, 999)


def coverage(method, n, level=0.95):
    """The probability of covering p, for each p of SHARES."""
    counts = np.arange(n + 1)[:, None]
    low, high = method(counts, n, level)
    return (binom.pmf(counts, n, SHARES) * ((low <= SHARES) & (high >= SHARES))).sum(axis=0)


@pytest.mark.parametrize("n", [5, 20, 100, 400])
@pytest.mark.parametrize("method", [proportion.clopper_pearson, proportion.blaker], ids=lambda method: method.__name__)
def test_exact_limits_never_cover_less_than_the_level(method, n):
    assert coverage(method, n).min() >= 0.95 - 1e-12


def test_blaker_covers_nearer_to_the_level_than_clopper_pearson():
    for n in (20, 100, 400):
        assert coverage(proportion.blaker, n).mean() < coverage(proportion.clopper_pearson, n).mean() - 0.003


@pytest.mark.parametrize(
    ("method", "low", "high"),
    [  # mean over p, n = 20, 100 and 400 alike; brown2001 draws these curves
        (proportion.wilson, 0.949, 0.955),
        (proportion.jeffreys, 0.948, 0.955),
        (proportion.mid_p, 0.950, 0.966),
        (proportion.agresti_coull, 0.951, 0.967),
        (proportion.likelihood_ratio, 0.937, 0.951),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_approximate_limits_cover_the_level_on_average(method, low, high):
    for n in (20, 100, 400):
        assert low < coverage(method, n).mean() < high
