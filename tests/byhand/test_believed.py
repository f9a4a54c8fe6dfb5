"""A believed correction against closed forms, against brute chance, and against its own promise of coverage."""

import numpy as np
import pytest
from scipy.stats import beta

from sarcoid_epi.stats.believed import believed_share

CERTAIN = 1e9


def test_with_perfect_detection_the_limits_are_jeffreys_limits():
    answer = believed_share(7, 50, 1.0, CERTAIN, 1.0, CERTAIN)
    assert answer.estimate == 7 / 50
    assert [answer.low, answer.high] == pytest.approx(beta.ppf([0.025, 0.975], 7.5, 43.5), rel=1e-9)


def test_with_a_known_half_sensitivity_the_limits_double():
    answer = believed_share(40, 1000, 0.5, CERTAIN, 1.0, 10)
    assert [answer.low, answer.high] == pytest.approx(
        2 * beta.ppf([0.025, 0.975], 40.5, 960.5), rel=1e-3
    )  # 1e9 is not quite certainty


def test_a_flat_record_leaves_the_inverse_of_the_belief():
    """With n huge and Sp = 1, T = p / Se: its quantiles are p over the opposite quantiles of Se, given Se >= p."""
    x, n, a, b = 2_000_000, 100_000_000, 4.0, 16.0
    p = x / n
    room = 1 - beta.cdf(p, a, b)
    low, high = p / beta.ppf(1 - 0.025 * room, a, b), p / beta.ppf(beta.cdf(p, a, b) + 0.025 * room, a, b)
    answer = believed_share(x, n, 0.2, 20, 1.0, 5)
    assert [answer.low, answer.high] == pytest.approx([low, high], rel=2e-4)
    assert answer.possible == pytest.approx(room, abs=1e-6)


@pytest.mark.parametrize(
    ("x", "n", "v", "m", "w", "k"),
    [(321, 10_000, 0.2, 20, 0.995, 200), (321, 10_000, 0.4, 5, 0.995, 200), (3, 60, 0.3, 10, 0.98, 100)],
)
def test_the_integral_is_what_chance_gives(x, n, v, m, w, k):
    rng, draws = np.random.default_rng(8), 400_000
    p, se = rng.beta(x + 0.5, n - x + 0.5, draws), rng.beta(v * m, (1 - v) * m, draws)
    f = rng.beta((1 - w) * k, w * k, draws)
    fits = (f <= p) & (p <= se)
    true = (p[fits] - f[fits]) / (se[fits] - f[fits])
    answer = believed_share(x, n, v, m, w, k)
    assert answer.possible == pytest.approx(fits.mean(), abs=4 * (0.25 / draws) ** 0.5)
    # The chance below each limit, within four Monte Carlo standard errors.
    for limit, wanted in ((answer.low, 0.025), (answer.high, 0.975)):
        assert (true <= limit).mean() == pytest.approx(wanted, abs=4 * (0.025 * 0.975 / fits.sum()) ** 0.5)


@pytest.mark.parametrize("belief", [(0.4, 5, 0.995, 200), (0.2, 20, 0.998, 1000)])
@pytest.mark.parametrize("true", [0.02, 0.05, 0.12, 0.186])
def test_when_detection_is_drawn_from_the_belief_the_limits_cover(belief, true):
    v, m, w, k = belief
    rng, runs, n = np.random.default_rng(5), 2000, 2000
    se, fp = rng.beta(v * m, (1 - v) * m, runs), rng.beta((1 - w) * k, w * k, runs)
    answer = believed_share(rng.binomial(n, true * se + (1 - true) * fp), np.full(runs, n), v, m, w, k)
    covered = ((answer.low <= true) & (true <= answer.high)).mean()
    # Coverage averages to 0.95 over true shares and is a little above at small ones.
    assert 0.95 - 4 * (0.95 * 0.05 / runs) ** 0.5 < covered < 0.985


def test_knowing_less_never_brings_the_upper_limit_nearer():
    highs = [believed_share(321, 10_000, 0.2, weight, 0.995, 200).high for weight in (1e6, 100, 20, 10, 5)]
    assert highs == sorted(highs)


def test_edges_are_a_number_or_nan_and_never_a_silent_end():
    none = believed_share(0, 60, 0.2, 20, 0.998, 1000)
    assert none.estimate < 0
    assert none.low == 0
    assert 0.1 < none.high < 0.6
    everybody = believed_share(60, 60, 0.2, 20, 0.998, 1000)
    assert everybody.estimate > 1
    assert np.isnan(everybody.low)
    assert everybody.possible < 1e-12
    for events, n, se, sp in ((0, 0, 0.5, 0.9), (3, 10, 0.5, 0.5)):
        answer = believed_share(events, n, se, 10, sp, 10)
        assert np.isnan([answer.estimate, answer.low, answer.high]).all()


def test_many_counts_at_once_are_the_counts_one_by_one():
    x, n = np.array([[0, 3, 3], [10, 60, 7]]), np.array([[60, 60, 60], [60, 60, 0 + 9]])
    together = believed_share(x, n, 0.3, 12, 0.99, 300)
    for index in np.ndindex(x.shape):
        one = believed_share(x[index], n[index], 0.3, 12, 0.99, 300)
        for field in ("estimate", "low", "high", "possible"):
            assert getattr(together, field)[index] == pytest.approx(getattr(one, field), rel=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((1, 2, 1.2, 5, 0.9, 5), "sensitivity must lie"),
        ((1, 2, 0.5, 0, 0.9, 5), "weights"),
        ((3, 2, 0.5, 5, 0.9, 5), "exceed"),
    ],
)
def test_broken_input_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        believed_share(*arguments)
