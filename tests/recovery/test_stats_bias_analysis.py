"""Does probabilistic bias analysis find the truth behind misclassified records, and does it cover as often as it says?

Beliefs are right: detection is like a draw from them. Tolerances are four Monte Carlo standard errors.
"""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import qmc

from sarcoid_epi.stats.believed import believed_share
from sarcoid_epi.stats.bias_analysis import reclassified, record_level, summary_level
from sarcoid_epi.stats.draws import beta_quantile, correlated

DRAWS = 600


def coverage(low, high, truth):
    """Share covered and its standard error at the nominal level; a replicate without limits counts as a miss."""
    return ((low <= truth) & (truth <= high)).mean(), (0.95 * 0.05 / len(low)) ** 0.5


@pytest.mark.parametrize(
    ("x", "n", "se", "sp"),
    [
        (60, 500, (16, 4), (190, 2)),
        (321, 10_000, (4, 16), (199, 1)),
        (3, 60, (3, 7), (98, 2)),
        (0, 200, (8, 2), (99, 1)),
    ],
)
def test_total_error_tends_to_the_exact_limits_of_the_believed_share(x, n, se, sp):
    """The quadrature of `believed` (200 nodes) is the limit of the simulation (2^18 Sobol points). Limits differ by up
    to 1.5e-3, at x = 0 where 0.18 of the belief is possible; impossible shares by 4e-5."""
    points = qmc.Sobol(3, scramble=False).random_base2(18)
    points = np.clip(points + 2.0**-19, None, 1 - 2.0**-19)
    drawn = summary_level(x, n, beta_quantile(*se, points[:, 0]), beta_quantile(*sp, points[:, 1]), points[:, 2])
    weights = (sum(se), sum(sp))
    exact = believed_share(x, n, se[0] / weights[0], weights[0], sp[0] / weights[1], weights[1], nodes=200)
    assert drawn.impossible == pytest.approx(1 - exact.possible, abs=1e-3)
    assert [drawn.total_low, drawn.total_high] == pytest.approx([exact.low, exact.high], rel=2e-3)


@pytest.mark.parametrize("correlation", [0.0, 0.7])
@pytest.mark.parametrize("truth", [0.05, 0.3])
def test_shares_are_covered_when_detection_is_drawn_from_the_belief(truth, correlation):
    """Se ~ Beta(40, 10), Sp ~ Beta(490, 10), moving together or not; 2000 replicates of 1000 patients, 600 draws each.
    Found 0.942 to 0.951."""
    runs, n, rng = 2000, 1000, np.random.default_rng(7)

    def drawn(*shape):
        first, second = correlated(rng.random(shape), rng.random(shape), correlation)
        return beta_quantile(40, 10, first), beta_quantile(490, 10, second)

    se, sp = drawn(runs)
    x = rng.binomial(n, truth * se + (1 - truth) * (1 - sp))
    answer = summary_level(x, n, *drawn(runs, DRAWS), rng.random((runs, DRAWS)))
    share, error = coverage(answer.total_low, answer.total_high, truth)
    # Limits from 600 draws are themselves uncertain, which costs up to half a percent.
    assert share == pytest.approx(0.95, abs=4 * error + 0.005)


def detection(rng, draws, differential):
    """Se, then Sp, of unexposed and exposed, shape (draws, 2) each."""
    unexposed, exposed = ((36, 9), (95, 5)), ((24, 16), (95, 5))
    u = rng.random((2, 2, draws))
    if not differential:
        exposed, u[1] = unexposed, u[0]
    return [
        np.stack([beta_quantile(*unexposed[kind], u[0, kind]), beta_quantile(*exposed[kind], u[1, kind])], axis=-1)
        for kind in range(2)
    ]


def records(rng, runs, odds_ratio, differential):
    """Recorded outcomes of 600 unexposed, of whom 20 % have it, and 400 exposed."""
    risk, size = np.array([0.2, 0.25 * odds_ratio / (1 + 0.25 * odds_ratio)]), np.array([600, 400])
    se, sp = detection(rng, runs, differential)
    yes = rng.binomial(size, risk * se + (1 - risk) * (1 - sp))
    return np.stack([size - yes, yes], axis=-1)


@pytest.mark.parametrize("differential", [False, True])
@pytest.mark.parametrize("odds_ratio", [1.0, 2.5])
def test_record_level_covers_the_true_odds_ratio(odds_ratio, differential):
    """1000 replicates, 600 draws each, Se ~ Beta(36, 9) (exposed, if they differ, Beta(24, 16)), Sp ~ Beta(95, 5).
    Found 0.951 to 0.956; the records themselves, with Woolf's limits, cover 2.5 in 0.72 and 0.15, here below 0.8."""
    rng, runs = np.random.default_rng(9), 1000
    counts = records(rng, runs, odds_ratio, differential)
    answer = record_level(counts, [False, True], *detection(rng, DRAWS, differential), rng.random((runs, DRAWS, 7)))
    share, error = coverage(answer.total_low, answer.total_high, odds_ratio)
    assert share == pytest.approx(0.95, abs=4 * error + 0.005)
    if odds_ratio > 1:
        (d, b), (c, a) = np.moveaxis(counts, 0, -1)
        spread = -ndtri(0.025) * np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
        naive = np.log(a * d / (b * c))
        assert coverage(naive - spread, naive + spread, np.log(odds_ratio))[0] < 0.8


def test_record_level_recovers_a_known_odds_ratio_on_average():
    """Se and Sp known: the mean over 4000 replicates of the log of the median is the true log odds ratio, 4 standard
    errors, plus the bias of a log odds ratio from 1000 patients (below 0.01)."""
    rng, runs, risk = np.random.default_rng(11), 4000, np.array([0.2, 0.4])
    yes = rng.binomial([600, 400], risk * 0.8 + (1 - risk) * 0.05, (runs, 2))
    counts = np.stack([np.array([600, 400]) - yes, yes], axis=-1)
    answer = record_level(counts, [False, True], 0.8, 0.95, np.full((runs, 1, 7), 0.5))
    found = np.log(answer.median)
    assert found.mean() == pytest.approx(np.log(8 / 3), abs=4 * found.std() / runs**0.5 + 0.01)


def test_each_table_of_draws_feeds_a_regression():
    """A linear effect of a covariate of four levels on the logit, outcome misclassified: slopes of weighted least
    squares on the empirical logits of each draw average to the true slope."""
    rng, dose, slope = np.random.default_rng(12), np.arange(4.0), 0.5
    risk = 1 / (1 + np.exp(1.5 - slope * dose))
    size = np.full(4, 20_000)
    yes = rng.binomial(size, risk * 0.7 + (1 - risk) * 0.05)
    draws = reclassified(np.stack([size - yes, yes], axis=-1), 0.7, 0.95, rng.random((400, 12)))
    weight = draws[..., 0] * draws[..., 1] / size
    logit = np.log(draws[..., 1] / draws[..., 0])
    centred = dose - (weight * dose).sum(axis=-1, keepdims=True) / weight.sum(axis=-1, keepdims=True)
    slopes = (weight * centred * logit).sum(axis=-1) / (weight * centred**2).sum(axis=-1)
    within = 1 / (weight * centred**2).sum(axis=-1)
    total = np.sqrt(within.mean() + slopes.var())
    assert slopes.mean() == pytest.approx(slope, abs=4 * total)
    assert total < 0.02
    recorded = np.polyfit(dose, np.log(yes / (size - yes)), 1)[0]
    assert recorded < slope - 0.1  # what the records say without correction
