"""The quantities that agreement is judged by: by hand, and against what they must be."""

import numpy as np
import pytest

from sarcoid_epi.agreement.measuring import (
    Measure,
    bands,
    clustering,
    difference_of_shares,
    mantel_haenszel,
    odds,
    odds_ratio,
    paired_difference,
    quantile,
    share,
    spearman,
    two_sources,
)


def flags(*counts: int) -> np.ndarray:
    """So many yes, so many no, and so on in turn."""
    return np.concatenate([np.full(count, number % 2 == 0) for number, count in enumerate(counts)])


def test_a_share_has_the_binomial_error_and_wilsons_limits():
    measure = share(flags(10, 90))
    assert measure.value == 0.1
    assert measure.error == pytest.approx(0.03)
    assert (measure.low, measure.high) == pytest.approx((0.0552, 0.1744), abs=5e-5)  # Wilson for 10 of 100


def test_a_share_of_nobody_is_unknown():
    measure = share(flags(3), np.zeros(3, dtype=bool))
    assert measure.n == 0
    assert np.isnan(measure.value)
    assert not measure.within(0, 1)


def test_newcombes_limits_are_those_of_his_example():
    """56 of 70 less 48 of 80: 0.0524 to 0.3339 in the paper's table of method 10."""
    event, one = flags(56, 14, 48, 32), flags(70, 80)
    measure = difference_of_shares(event, one, ~one)
    assert measure.value == pytest.approx(0.2)
    assert (measure.low, measure.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_one_stratum_gives_woolfs_odds_ratio():
    event, exposed = flags(20, 80, 10, 90), flags(100, 100)
    measure = odds_ratio(event, exposed)
    assert measure.value == pytest.approx(20 * 90 / (80 * 10))
    assert measure.error / measure.value == pytest.approx((1 / 20 + 1 / 80 + 1 / 10 + 1 / 90) ** 0.5)


def test_strata_take_a_confounder_away():
    rng = np.random.default_rng(1)
    stratum = rng.integers(0, 2, 100_000)
    chance = np.where(stratum == 1, 0.4, 0.1)
    event, exposed = rng.random(100_000) < chance, rng.random(100_000) < chance
    assert odds_ratio(event, exposed).within(1.3)
    assert mantel_haenszel(event, exposed, stratum).near(1, 1)


def test_independent_flags_do_not_cluster_and_equal_ones_do():
    rng = np.random.default_rng(2)
    alone = [rng.random(50_000) < 0.2 for _ in range(5)]
    assert clustering(alone).near(1, 1)
    assert clustering([alone[0], alone[0]]).value == pytest.approx(2)


def test_two_independent_sources_find_the_known_number_and_dependent_ones_too_few():
    rng = np.random.default_rng(3)
    pain = rng.integers(0, 2, 100_000)
    chance = np.where(pain == 1, 0.8, 0.2)
    first, second = rng.random(100_000) < chance, rng.random(100_000) < chance
    assert two_sources(first, second, np.zeros_like(pain)).within(high=0.9)
    assert two_sources(first, second, pain).near(1, 1)
    assert two_sources(first, second, pain, chapman=True).near(1, 1)


def test_the_error_of_two_sources_is_their_spread():
    rng = np.random.default_rng(4)
    none = np.zeros(2000, dtype=np.int64)
    made = [two_sources(rng.random(2000) < 0.3, rng.random(2000) < 0.4, none) for _ in range(400)]
    spread = np.std([one.value for one in made])
    assert made[0].error == pytest.approx(spread, rel=0.2)  # 400 replicates: the spread is known to 4 %


def test_bands_are_of_equal_size():
    assert np.bincount(bands(np.arange(100.0), 4)).tolist() == [25, 25, 25, 25]


def test_odds_quantiles_ranks_and_pairs():
    assert odds(flags(60, 40)).value == pytest.approx(1.5)
    values = np.arange(1001.0)
    assert quantile(values, np.ones(1001, dtype=bool)).value == 500
    rising = spearman(values, values**3 + 1, values < 900)
    assert rising.value == pytest.approx(1)
    assert paired_difference(flags(3, 1), flags(1, 3)).value == 0.5


def test_inside_asks_for_room_and_near_gives_it():
    measure = Measure(0.5, 0.01, 100, 0.48, 0.52)
    assert measure.within(0.45, 0.55)
    assert not measure.within(0.47, 0.55)
    assert measure.near(0.53, 0.6)
    assert not measure.near(0.55, 0.6)
