"""Do the limits of contrasts cover, by summation over all outcomes where that can be done, else by simulation?

Proportions: every pair of counts with its binomial probability, no Monte Carlo error. The others: 4 000 replicates, one
vectorised call each; the Monte Carlo standard error of a coverage of 0.95 is 0.0034, and bounds allow four of them.
"""

import numpy as np
import pytest
from scipy.stats import binom

from sarcoid_epi.stats.cosinor import cosinor
from sarcoid_epi.stats.exact_odds_ratio import exact_odds_ratio
from sarcoid_epi.stats.location import hodges_lehmann, welch_difference
from sarcoid_epi.stats.mantel_haenszel import (
    breslow_day,
    mantel_haenszel_difference,
    mantel_haenszel_odds_ratio,
    mantel_haenszel_ratio,
    mantel_haenszel_test,
)
from sarcoid_epi.stats.odds_ratio import mover_odds_ratio, score_odds_ratio, woolf_odds_ratio
from sarcoid_epi.stats.proportional_odds import proportional_odds
from sarcoid_epi.stats.risk_difference import newcombe_difference, score_difference, wald_difference
from sarcoid_epi.stats.risk_ratio import katz_ratio, mover_ratio, score_ratio
from sarcoid_epi.stats.season import hewitt_test, rayleigh_against, rayleigh_test
from sarcoid_epi.stats.superiority import ordered_counts, probability_of_superiority

REPLICATES = 4_000
FOUR_ERRORS = 4 * (0.95 * 0.05 / REPLICATES) ** 0.5
MINE, OTHERS = 40, 25
PAIRS = [(p1, p0) for p1 in (0.05, 0.15, 0.3, 0.5) for p0 in (0.05, 0.15, 0.3, 0.5, 0.8)]


def covered(method, truth):
    """Exact coverage at each pair of probabilities, 40 patients against 25; limits of 0 and infinity cover."""
    x1, x0 = (count.ravel() for count in np.meshgrid(np.arange(MINE + 1), np.arange(OTHERS + 1), indexing="ij"))
    answer = method(x1, MINE, x0, OTHERS)
    share = []
    for p1, p0 in PAIRS:
        true = truth(p1, p0)
        chance = binom.pmf(x1, MINE, p1) * binom.pmf(x0, OTHERS, p0)
        share.append(chance[(answer.low <= true + 1e-9) & (true - 1e-9 <= answer.high)].sum())
    return np.array(share)


def difference(p1, p0):
    return p1 - p0


def ratio(p1, p0):
    return p1 / p0


def odds(p1, p0):
    return p1 / (1 - p1) / p0 * (1 - p0)


def _mid_p(*table):
    answer = exact_odds_ratio(*table)
    return answer._replace(low=answer.mid_low, high=answer.mid_high)


@pytest.mark.parametrize(
    ("method", "truth", "least", "mean"),
    [  # least and mean coverage found, less 0.002: a sum over all outcomes has no error of its own
        (score_difference, difference, 0.945, 0.951),
        (newcombe_difference, difference, 0.944, 0.954),
        (score_ratio, ratio, 0.945, 0.953),
        (mover_ratio, ratio, 0.943, 0.952),
        (katz_ratio, ratio, 0.952, 0.964),
        (score_odds_ratio, odds, 0.943, 0.954),
        (mover_odds_ratio, odds, 0.932, 0.951),
        (woolf_odds_ratio, odds, 0.949, 0.966),
        (exact_odds_ratio, odds, 0.950, 0.979),
        (_mid_p, odds, 0.952, 0.963),
    ],
)
def test_limits_of_proportions_cover(method, truth, least, mean):
    found = covered(method, truth)
    assert found.min() >= least
    assert found.mean() >= mean


def test_wald_limits_of_a_difference_cover_less():
    """Why they are for reference only: 0.916 to 0.955, mean 0.937, where score limits have 0.947 to 0.970."""
    found = covered(wald_difference, difference)
    assert found.min() < 0.92
    assert found.mean() < 0.94


def test_stratified_limits_cover_with_many_small_strata():
    """Forty strata of 3 to 8 patients with base rates of 5 to 60 %, common odds ratio 2, common ratio 1.5, difference
    0.1 in turn; found 0.946 to 0.954."""
    rng = np.random.default_rng(1)
    base = np.linspace(0.05, 0.6, 40)
    n1, n0 = rng.integers(3, 9, (2, 40))
    worlds = {
        mantel_haenszel_odds_ratio: (2.0, 2 * base / (1 + base)),
        mantel_haenszel_ratio: (1.5, 1.5 * base),
        mantel_haenszel_difference: (0.1, base + 0.1),
    }
    for method, (true, exposed) in worlds.items():
        answer = method(rng.binomial(n1, exposed, (REPLICATES, 40)), n1, rng.binomial(n0, base, (REPLICATES, 40)), n0)
        share = ((answer.low <= true) & (true <= answer.high)).mean()
        assert abs(share - 0.95) < 0.01 + FOUR_ERRORS, method.__name__


def test_stratified_tests_keep_their_size():
    """Six strata of 60, no effect, and a common odds ratio of 2 for the homogeneity test."""
    rng = np.random.default_rng(2)
    base = np.linspace(0.1, 0.6, 6)
    null = mantel_haenszel_test(
        rng.binomial(30, base, (REPLICATES, 6)), 30, rng.binomial(30, base, (REPLICATES, 6)), 30
    )
    exposed = 2 * base / (1 + base)
    same = breslow_day(rng.binomial(30, exposed, (REPLICATES, 6)), 30, rng.binomial(30, base, (REPLICATES, 6)), 30)
    for answer in (null, same):
        assert abs((answer.p_value < 0.05).mean() - 0.05) < 0.005 + FOUR_ERRORS


def test_limits_of_location_cover():
    """Shift 0.7 of skewed values (exact, asymptotic), difference of means with unequal spread; found 0.946 to 0.952."""
    rng = np.random.default_rng(3)
    for n1, n0 in ((12, 15), (60, 55)):
        answer = hodges_lehmann(rng.exponential(size=(1000, n1)) + 0.7, rng.exponential(size=(1000, n0)))
        share = ((answer.low <= 0.7) & (answer.high >= 0.7)).mean()
        assert abs(share - 0.953) < 4 * (0.95 * 0.05 / 1000) ** 0.5
        assert abs(answer.estimate.mean() - 0.7) < 4 * answer.estimate.std() / 1000**0.5
    x, y = rng.normal(1, 3, (REPLICATES, 8)), rng.normal(0, 1, (REPLICATES, 30))
    answer = welch_difference(x.mean(-1), x.std(-1, ddof=1), 8, y.mean(-1), y.std(-1, ddof=1), 30)
    assert abs(((answer.low <= 1) & (answer.high >= 1)).mean() - 0.95) < FOUR_ERRORS


def test_limits_of_superiority_cover():
    """Five ordered categories, the truth by summation; and normal values, P(Y1 > Y0) = Phi(0.5 / sqrt 2) = 0.638.

    Found 0.955 (logit), 0.957 and 0.955 (Newcombe)."""
    rng = np.random.default_rng(4)
    one, two = np.array([0.1, 0.15, 0.2, 0.25, 0.3]), np.array([0.3, 0.25, 0.2, 0.15, 0.1])
    true = sum(one[i] * (two[:i].sum() + two[i] / 2) for i in range(5))
    answer = probability_of_superiority(rng.multinomial(40, one, REPLICATES), rng.multinomial(50, two, REPLICATES))
    assert abs(((answer.logit_low <= true) & (true <= answer.logit_high)).mean() - 0.95) < 0.005 + FOUR_ERRORS
    assert ((answer.low <= true) & (true <= answer.high)).mean() > 0.95 - FOUR_ERRORS
    values = ordered_counts(rng.normal(0.5, 1, (REPLICATES, 20)), rng.normal(0, 1, (REPLICATES, 25)))
    answer = probability_of_superiority(*values)
    assert abs(((answer.low <= 0.63817) & (answer.high >= 0.63817)).mean() - 0.95) < 0.015 + FOUR_ERRORS


def test_proportional_odds_recovers_its_odds_ratio():
    """Odds ratio 2 at all four cuts: limits cover, both tests keep their size (proportionality true, and no effect)."""
    rng = np.random.default_rng(5)
    cuts = np.array([-1.0, 0.0, 0.7, 1.5])
    chances = [np.diff(1 / (1 + np.exp(-(cuts - beta))), prepend=0, append=1) for beta in (np.log(2), 0)]
    answer = proportional_odds(*(rng.multinomial(100, chance, REPLICATES) for chance in chances))
    assert abs(((answer.low <= 2) & (answer.high >= 2)).mean() - 0.95) < 0.005 + FOUR_ERRORS
    assert abs((answer.proportionality_p_value < 0.05).mean() - 0.05) < 0.01 + FOUR_ERRORS
    null = proportional_odds(*(rng.multinomial(100, chances[1], REPLICATES) for _ in range(2)))
    assert abs((null.p_value < 0.05).mean() - 0.05) < 0.005 + FOUR_ERRORS


def test_tests_of_season_keep_their_size():
    rng = np.random.default_rng(6)
    time = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) * np.linspace(1, 2, 12)
    counts = rng.multinomial(60, time / time.sum(), REPLICATES)
    others = rng.multinomial(100, time / time.sum(), REPLICATES)
    for answer in (rayleigh_test(counts, time), rayleigh_against(counts, others), cosinor(counts, time)):
        assert abs((answer.p_value < 0.05).mean() - 0.05) < 0.005 + FOUR_ERRORS
    # Rates of unequal precision are not quite exchangeable, and the test is discrete: at most 0.0483.
    assert (hewitt_test(counts, time).p_value < 0.05).mean() < 0.05 + 0.01 + FOUR_ERRORS


@pytest.mark.parametrize("height", [0.0, 0.1, 0.2, 0.4])
def test_limits_of_a_wave_cover(height):
    """200 events a year, peak in mid-March; found 0.945 to 0.964, the peak 0.945 to 0.949.

    The ratio's limits are on the wide side where the wave is hardly seen; where there is none the peak is nowhere."""
    rng = np.random.default_rng(7)
    chance = np.exp(height * np.cos((np.arange(12) + 0.5 - 2.5) * np.pi / 6))
    answer = cosinor(rng.multinomial(200, chance / chance.sum(), REPLICATES), np.ones(12))
    ratio = ((answer.low <= np.exp(2 * height)) & (answer.high >= np.exp(2 * height))).mean()
    assert 0.95 - 0.005 - FOUR_ERRORS < ratio < 0.99
    if height:
        away = (answer.peak - 2.5 + 6) % 12 - 6
        peak = ((away <= answer.peak - answer.peak_low) & (-away <= answer.peak_high - answer.peak)).mean()
        assert abs(peak - 0.95) < 0.005 + FOUR_ERRORS
