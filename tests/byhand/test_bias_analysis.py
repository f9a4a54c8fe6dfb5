"""Bias analysis in cases worked out on paper, and its rules at the edges."""

import cProfile
import pstats

import numpy as np
import pytest
from scipy.special import betainc, betaincinv, ndtri
from scipy.stats import beta

from sarcoid_epi.stats import bias_analysis
from sarcoid_epi.stats.bias_analysis import error_limits, reclassified, record_level, summary_level, with_random_error
from sarcoid_epi.stats.draws import beta_quantile, correlated

EVEN = (np.arange(1000) + 0.5) / 1000
TABLE = np.array([[80, 20], [60, 40]])


def shuffled(seed, *shape):
    return np.random.default_rng(seed).random(shape)


@pytest.mark.parametrize("r", [-1, -0.5, 0, 0.3, 0.8, 1])
def test_the_copula_has_the_correlation_asked_for(r):
    """Of the normal scores; the ranks then have (6/pi) asin(r/2). Four Monte Carlo standard errors, 4/sqrt(1e5)."""
    u, v = correlated(*shuffled(1, 2, 100_000), r)
    assert np.corrcoef(ndtri(u), ndtri(v))[0, 1] == pytest.approx(r, abs=0.0127)
    assert np.corrcoef(u, v)[0, 1] == pytest.approx(6 / np.pi * np.arcsin(r / 2), abs=0.0127)
    # Still uniform: mean 1/2 and variance 1/12 within four standard errors.
    assert (v.mean(), v.var()) == pytest.approx((0.5, 1 / 12), abs=4 * 12**-0.5 / 100_000**0.5)


@pytest.mark.parametrize(
    "shape",
    [(18, 2), (0.5, 0.5), (0.5, 1e4), (1e4, 0.5), (200, 1), (1e6, 1e6), (60.5, 440.5), (1, 1), (0.7, 3), (3, 1e5)],
)
def test_the_table_of_beta_quantiles_is_as_good_as_stated(shape):
    """Below 3e-8 standard deviations; worst 2.9e-8, at Beta(1/2, 1/2). A draw never leaves [0, 1]."""
    u = np.concatenate([shuffled(2, 20_000), [1e-15, 1e-9, 1e-4, 1 - 1e-4, 1 - 1e-9, 1 - 1e-15]])
    ours = beta_quantile(*shape, u)
    assert np.abs(ours - betaincinv(*shape, u)).max() / beta.std(*shape) < 3e-8
    assert ((ours >= 0) & (ours <= 1)).all()


def test_beta_quantiles_with_a_shape_below_a_half_are_exact_and_the_median_always_is():
    np.testing.assert_array_equal(beta_quantile(0.05, 0.1, EVEN), betaincinv(0.05, 0.1, EVEN))
    shapes = np.array([[18, 2], [0.5, 300.5], [4, 9]]).T
    np.testing.assert_array_equal(beta_quantile(*shapes, np.full(600, 0.5))[:, 0], betaincinv(*shapes, 0.5))
    few = EVEN[::2]
    np.testing.assert_array_equal(beta_quantile(18, 2, few), betaincinv(18, 2, few))


def test_without_misclassification_a_share_keeps_its_jeffreys_limits():
    """Se = Sp = 1: systematic error has no width, and total error is the beta distribution of the share."""
    answer = summary_level(60, 500, 1.0, 1.0, (np.arange(100_000) + 0.5) / 100_000)
    assert answer.low == answer.high == answer.median == pytest.approx(beta.ppf(0.5, 60.5, 440.5), rel=1e-12)
    # Interpolation between 1e5 evenly spaced draws: half a draw, worst 1.1e-5.
    for limit, tail in ((answer.total_low, 0.025), (answer.total_high, 0.975)):
        assert limit == pytest.approx(beta.ppf(tail, 60.5, 440.5), rel=2e-5)
    assert (answer.impossible, answer.note) == (0, "")


@pytest.mark.parametrize("measure", ["odds ratio", "risk ratio", "risk difference"])
def test_without_misclassification_a_table_keeps_its_measure_and_its_woolf_limits(measure):
    """40 of 100 and 20 of 100: 8/3, 2, 0.2; errors by the textbook."""
    estimate, error = {
        "odds ratio": (8 / 3, np.sqrt(1 / 40 + 1 / 60 + 1 / 20 + 1 / 80)),
        "risk ratio": (2.0, np.sqrt(1 / 40 - 1 / 100 + 1 / 20 - 1 / 100)),
        "risk difference": (0.2, np.sqrt(0.4 * 0.6 / 100 + 0.2 * 0.8 / 100)),
    }[measure]
    u = np.full((100_001, 7), 0.5)
    u[:, 6] = (np.arange(100_001) + 0.5) / 100_001
    answer = record_level(TABLE, [False, True], 1.0, 1.0, u, measure)
    reach = error * ndtri([0.025, 0.5, 0.975])
    limits = estimate + reach if measure == "risk difference" else estimate * np.exp(reach)
    assert answer.low == answer.high == pytest.approx(estimate, rel=1e-12)
    # The quantiles lie between evenly spaced draws: 1e-5.
    assert [answer.total_low, answer.total_median, answer.total_high] == pytest.approx(limits, rel=1e-4)


def test_random_error_switched_off_gives_the_systematic_error_draw_by_draw():
    """A uniform of 1/2 is the median of the random error, in each of the three functions."""
    se, sp = beta_quantile(16, 4, EVEN), beta_quantile(190, 10, EVEN[::-1])
    for x in (0, 7, 60, 500):
        answer = summary_level(x, 500, se, sp, np.full(1000, 0.5))
        assert (answer.median, answer.high) == pytest.approx((answer.total_median, answer.total_high), nan_ok=True)
    np.testing.assert_array_equal(with_random_error(EVEN, 0.3, np.full(1000, 0.5)), EVEN)


def test_random_error_does_not_move_the_centre():
    """With Se and Sp known there is nothing but random error; otherwise, of two draws mirrored in their random error,
    one lies above and one below the systematic-error draw. Four standard errors of a median of 1e6."""
    u = shuffled(3, 3, 1_000_000)
    known = summary_level(300, 1000, 0.9, 0.99, u[2])
    assert known.total_median == pytest.approx(known.median, abs=4 * 1.25 * 0.0163 / 1000)
    se, sp = beta_quantile(36, 4, u[0]), beta_quantile(990, 10, u[1])
    share = summary_level(300, 1000, se, sp, u[2])
    # The median of a sum is not the sum of medians: the skewness of 1/Se moves it, by 1.3 % of the width of the limits.
    assert share.impossible == 0
    assert abs(share.total_median - share.median) < 0.02 * (share.total_high - share.total_low)
    for side in (0.3, 0.7):
        off = summary_level(300, 1000, se[:1000], sp[:1000], np.full(1000, side))
        assert (off.total_median - share.median) * (side - 0.5) > 0


def test_the_random_error_of_records_does_not_move_the_centre_either():
    """As above, 2e5 draws: 0.9 % of the width of the limits on the log scale; the test allows 1.5 %."""
    u = shuffled(4, 200_000, 9)
    se, sp = beta_quantile(36, 4, u[:, 7])[:, None], beta_quantile(990, 10, u[:, 8])[:, None]
    ratio = record_level(10 * TABLE, [False, True], se, sp, u[:, :7])
    width = np.log(ratio.total_high / ratio.total_low)
    assert abs(np.log(ratio.total_median / ratio.median)) < 0.015 * width
    assert ratio.total_low < ratio.low < ratio.high < ratio.total_high


def test_impossible_draws_are_counted_and_left_out():
    """Apparent share about 0.1; two of five specificities leave more false positives, and one test is chance."""
    sp = np.array([1.0, 0.95, 0.85, 0.8, 0.95])
    se = np.array([0.5, 0.5, 0.5, 0.5, 0.05])
    answer = summary_level(1000, 10_000, se, sp, np.full(5, 0.5))
    assert answer.impossible == 3 / 5
    assert answer.note == (
        f"60{bias_analysis.MANY_IMPOSSIBLE}"
        " (no better than chance in 20 %, fewer on record than false records alone in 40 %)"
    )
    p = betaincinv(1000.5, 9000.5, 0.5)
    assert answer.median == pytest.approx((p / 0.5 + (p - 0.05) / 0.45) / 2, rel=1e-12)


def test_an_apparent_share_above_the_sensitivity_is_impossible_too():
    answer = summary_level(50, 100, np.array([0.3, 0.6]), 1.0, np.full(2, 0.5))
    assert answer.impossible == 0.5
    assert "more on record than cases and false records could be in 50 %" in answer.note
    assert answer.high == pytest.approx(0.5 / 0.6)


def test_a_tenth_of_impossible_draws_is_not_yet_many():
    draws = np.ones((2, 100))
    draws[0, :10] = draws[1, :11] = np.nan
    np.testing.assert_array_equal(error_limits(draws, draws).note, ["", f"11{bias_analysis.MANY_IMPOSSIBLE}"])


def test_a_centre_that_is_missing_is_explained():
    """Nobody of 50 on record: Beta(1/2, 50.5) has its median, 0.0045, and 68 % of its mass below 1 - Sp = 0.01."""
    answer = summary_level(0, 50, 0.5, 0.99, EVEN)
    below = betainc(0.5, 50.5, 0.01)
    assert np.isnan(answer.median)
    assert answer.total_high > 0.1
    assert answer.impossible == pytest.approx(below, abs=1 / len(EVEN))
    assert f"fewer on record than false records alone in {100 * answer.impossible:.3g} %" in answer.note
    assert bias_analysis.NO_CENTRE in answer.note


def test_what_cannot_be_estimated_is_nan_with_a_note():
    nothing = summary_level(10, 1000, 0.9, 0.9, EVEN)
    assert np.isnan([*nothing[:6]]).all()
    assert nothing.impossible == 1
    assert nothing.note == f"{bias_analysis.ALL_IMPOSSIBLE} (fewer on record than false records alone in 100 %)"
    chance = summary_level(10, 1000, 0.5, 0.5, EVEN)
    assert chance.note == f"{bias_analysis.ALL_IMPOSSIBLE} (no better than chance in 100 %)"
    nobody = summary_level(0, 0, 0.9, 0.9, EVEN)
    assert np.isnan([*nobody[:7]]).all()
    assert nobody.note == bias_analysis.NO_PATIENTS


def test_no_event_has_a_lower_limit_of_nought_and_an_upper_one():
    answer = summary_level(0, 100, 0.5, 1.0, EVEN)
    assert answer.total_low == 0
    assert answer.total_high == pytest.approx(2 * beta.ppf(0.975, 0.5, 100.5), rel=1e-2)


def test_half_of_the_cases_missed_in_one_group_only():
    """Exposed 20 of 100 on record with Se = 1/2: expected 40; unexposed 20 of 100, all found. Odds ratio 8/3, up to the
    pull of the half cases added to the share (20.17 for 20)."""
    table = [[8000, 2000], [8000, 2000]]
    answer = record_level(table, [False, True], [[1.0, 0.5]], 1.0, np.full((1, 7), 0.5))
    assert answer.median == pytest.approx(8 / 3, rel=1e-4)


def test_reclassified_records_keep_the_size_of_each_pattern_and_the_shares_of_the_formula():
    """T = (0.28 - 0.1)/(0.8 - 0.1) = 9/35; PPV = (9/35)(0.8)/0.28, M = (9/35)(0.2)/0.72."""
    counts = np.array([[72_000, 28_000], [720, 280]])
    drawn = reclassified(counts, [[0.8]], [[0.9]], np.full((1, 6), 0.5))
    np.testing.assert_array_equal(drawn.sum(axis=-1), [[100_000, 1000]])
    assert drawn[0, 0, 1] == pytest.approx(100_000 * 9 / 35, abs=2)


def test_patterns_of_a_group_share_their_true_share():
    """Two small patterns of one group: with Se = 1 and F = 0.1 the predictive value is that of 40 in 200 together."""
    u = np.full((1, 6), 0.5)
    together = reclassified([[95, 5], [65, 35]], [[1.0]], [[0.9]], u, group=[0, 0])[0, :, 1]
    apparent = betaincinv(40.5, 160.5, 0.5)
    right = (apparent - 0.1) / 0.9 / apparent
    np.testing.assert_allclose(together, np.round(right * np.array([5, 35])), atol=1)
    alone = reclassified([[95, 5], [65, 35]], [[1.0]], [[0.9]], u)
    assert np.isnan(alone).all()  # 5 in 100 is below F: one impossible pattern makes the draw impossible


def test_an_empty_pattern_does_no_harm_and_stays_empty():
    u = shuffled(6, 50, 9)
    drawn = reclassified([[60, 40], [0, 0], [80, 20]], 0.9, np.full((50, 1), 0.95), u)
    np.testing.assert_array_equal(drawn[:, 1], 0)
    assert not np.isnan(drawn).any()


def test_an_empty_cell_gives_a_limit_of_nought_or_infinity():
    u = shuffled(7, 100, 7)
    assert record_level([[100, 0], [90, 10]], [False, True], 1.0, 1.0, u).total_high == np.inf
    assert record_level([[90, 10], [100, 0]], [False, True], 1.0, 1.0, u).total_high == 0
    assert record_level([[100, 0], [100, 0]], [False, True], 1.0, 1.0, u).note == bias_analysis.ALL_IMPOSSIBLE
    assert record_level([[100, 0], [100, 0]], [False, True], 1.0, 1.0, u, "risk difference").median == 0


@pytest.mark.parametrize("group", [None, [0, 1, 0, 1]])
def test_a_batch_equals_its_groups_one_by_one(group):
    rng = np.random.default_rng(8)
    n, x = 500, rng.integers(0, 300, 20)
    se, sp, u = beta_quantile(16, 4, EVEN), beta_quantile(95, 5, EVEN[::-1]), shuffled(9, 20, 1000)
    batch = summary_level(x, n, se, sp, u)
    counts = rng.integers(0, 80, (20, 4, 2))
    w = shuffled(10, 20, 100, 13)
    args = ([False, True, False, True], se[:100, None], sp[:100, None])
    tables = record_level(counts, *args, w, stratum=[0, 0, 1, 1], group=group)
    for g in range(20):
        one = summary_level(x[g], n, se, sp, u[g])
        table = record_level(counts[g], *args, w[g], stratum=[0, 0, 1, 1], group=group)
        for whole, single in ((batch, one), (tables, table)):
            np.testing.assert_allclose([each[g] for each in whole[:-1]], single[:-1], rtol=1e-12)
            assert whole.note[g] == single.note


def test_a_batch_costs_the_calls_of_a_few():
    def calls(work):
        profile = cProfile.Profile()
        profile.runcall(work)
        return pstats.Stats(profile).total_calls

    u, w, se = shuffled(11, 40), shuffled(12, 40, 7), np.linspace(0.8, 0.9, 40)
    x, tables = np.arange(1000) % 90, np.broadcast_to(TABLE, (1000, 2, 2))
    for batch, single in (
        (lambda: summary_level(x, 100, se, 0.99, u), lambda: summary_level(7, 100, se, 0.99, u)),
        (
            lambda: record_level(tables, [False, True], se[:, None], 0.99, w),
            lambda: record_level(TABLE, [False, True], se[:, None], 0.99, w),
        ),
    ):
        assert calls(batch) < calls(single) * 1000 / 50


def test_scalar_input_gives_scalars():
    assert all(np.ndim(each) == 0 for each in summary_level(60, 500, 0.9, 0.99, EVEN))
    assert np.ndim(correlated(0.2, 0.7, 0.5)[1]) == 0


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: correlated([0.5, 1.0], 0.5, 0.5), "uniforms"),
        (lambda: correlated(0.5, 0.5, 1.1), "correlation"),
        (lambda: beta_quantile(0, 1, EVEN), "shapes"),
        (lambda: beta_quantile(2, 1, [0.0]), "uniforms"),
        (lambda: summary_level(6, 5, 0.9, 0.9, EVEN), "events"),
        (lambda: summary_level(5, 6, 1.1, 0.9, EVEN), "sensitivity"),
        (lambda: summary_level(5, 6, 0.9, 0.9, EVEN, level=1), "level"),
        (lambda: reclassified([[5, -1]], 0.9, 0.9, EVEN[:3][None]), "records"),
        (lambda: reclassified([5, 1], 0.9, 0.9, EVEN[:3][None]), "counts"),
        (lambda: reclassified(TABLE, 0.9, 0.9, EVEN[:3][None]), "uniforms"),
        (lambda: reclassified(TABLE, 0.9, 0.9, EVEN[:6][None], group=[0]), "group"),
        (lambda: record_level(TABLE, [True], 0.9, 0.9, EVEN[:7][None]), "exposed"),
        (lambda: record_level(TABLE, [True, True], 0.9, 0.9, EVEN[:7][None]), "unexposed"),
        (lambda: record_level(TABLE, [False, True], 0.9, 0.9, EVEN[:7][None], "hazard ratio"), "measure"),
    ],
)
def test_broken_input_is_refused_by_name(call, named):
    with pytest.raises(ValueError, match=named):
        call()
