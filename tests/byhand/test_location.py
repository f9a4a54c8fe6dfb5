"""Location, ordered outcomes, standardised differences, adjusted p values, season on paper; batches, broken input."""

import cProfile
import itertools
import math
import pstats
from collections import Counter

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from sarcoid_epi.stats import cosinor as waves
from sarcoid_epi.stats import location, proportional_odds, season, standardised_difference, superiority
from sarcoid_epi.stats.cosinor import cosinor, cosinor_against
from sarcoid_epi.stats.location import hodges_lehmann, welch_difference
from sarcoid_epi.stats.multiplicity import benjamini_hochberg, holm
from sarcoid_epi.stats.season import HEWITT, hewitt_test, rayleigh_against, rayleigh_test
from sarcoid_epi.stats.standardised_difference import (
    standardised_mean_difference,
    standardised_multinomial_difference,
    standardised_risk_difference,
)
from sarcoid_epi.stats.superiority import ordered_counts, probability_of_superiority

ordered = proportional_odds.proportional_odds


def calls(function):
    profile = cProfile.Profile()
    profile.runcall(function)
    return pstats.Stats(profile).total_calls


# Means and shifts


def test_welch_without_spread_or_with_one_patient_keeps_the_estimate():
    answer = welch_difference([2, 2, 2], [0, 1, 1], [5, 1, 0], 1, [0, 1, 1], 5)
    np.testing.assert_array_equal(answer.estimate, [1, 1, np.nan])
    assert np.isnan(answer.low).all()
    assert list(answer.note) == [location.NO_SPREAD, location.ONE_VALUE, location.EMPTY]


def test_equal_groups_have_the_degrees_of_freedom_of_both():
    """Equal spread and size n: nu = 2 (n - 1)."""
    assert welch_difference(1, 3, 8, 0, 3, 8).df == pytest.approx(14, rel=1e-14)


def test_the_shift_of_three_against_two():
    """Differences of 1, 4, 6 and 0, 3: -2, 1, 1, 3, 4, 6, median 2; U = 5 of 6; 10 ways, so P = 2 * 2/10."""
    answer = hodges_lehmann([1, 4, 6], [0, 3])
    assert answer.estimate == 2
    assert answer.p_value == pytest.approx(0.4, rel=1e-14)
    assert answer.exact
    assert (answer.low, answer.high, answer.note) == (-np.inf, np.inf, location.TOO_FEW)


def test_limits_of_the_shift_at_a_level_that_few_patients_have():
    """P(U = 0) = 1/10 for 3 against 2: at level 0.8 the limits are the least and the largest difference."""
    assert hodges_lehmann([1, 4, 6], [0, 3], level=0.79)[1:3] == (-2, 6)


def test_the_exact_distribution_counts_all_orders():
    """U of 3 against 4 over all 35 choices of places."""
    counted = Counter(sum(places) - 6 for places in itertools.combinations(range(1, 8), 3))
    wanted = np.cumsum([counted[u] for u in range(13)]) / 35
    np.testing.assert_allclose(location._mann_whitney(3, 4), wanted, rtol=1e-14)


@pytest.mark.parametrize("digits", [0, 1, 12], ids=["coarse", "ties", "no ties"])
def test_counted_differences_are_those_of_the_sorted_list(digits):
    """Above the size at which all pairs are written out, the search must find the same order statistics, exactly."""
    rng = np.random.default_rng(3)
    x, y = np.round(rng.normal(size=180), digits), np.round(rng.normal(0.3, 2, size=150), digits)
    every = np.sort((x[:, None] - y).ravel())
    (one, of_one), (two, of_two) = (np.unique(values, return_counts=True) for values in (x, y))
    for rank in (1, 2, 777, 13500, 13501, 26999, 27000):
        assert location._selected(one, of_one, two, of_two, rank) == every[rank - 1]
    assert hodges_lehmann(x, y).estimate == np.median(every)


def test_missing_values_are_left_out_of_a_shift():
    x, y = [1.0, np.nan, 4, 6, 9, 12], [0, 3, 3.5, np.nan, 2]
    assert hodges_lehmann(x, y) == hodges_lehmann([1, 4, 6, 9, 12], [0, 3, 3.5, 2])
    empty = hodges_lehmann([np.nan, np.nan], [1.0, 2.0])
    assert np.isnan(empty[:4]).all()
    assert empty.note == location.EMPTY


def test_values_all_alike_do_not_shift():
    answer = hodges_lehmann([2, 2, 2], [2, 2, 2])
    assert (answer.estimate, answer.p_value) == (0, 1)


# Superiority and proportional odds


def test_superiority_counts_pairs():
    """1, 3 against 2, 3: higher once, equal once, lower twice of four: 3/8."""
    assert probability_of_superiority(*ordered_counts([1, 3], [2, 3])).estimate == pytest.approx(3 / 8)


def test_superiority_of_the_other_group_is_the_rest():
    one, two = [3, 5, 9, 2], [6, 6, 4, 1]
    there, back = probability_of_superiority(one, two), probability_of_superiority(two, one)
    assert back[:2] == pytest.approx((1 - there.estimate, 1 - there.high), rel=1e-12)
    assert back.logit_low == pytest.approx(1 - there.logit_high, rel=1e-12)
    assert back.p_value == pytest.approx(there.p_value, rel=1e-12)


def test_superiority_at_the_ends():
    answer = probability_of_superiority([[0, 4], [0, 3], [0, 0], [0, 1]], [[5, 0], [0, 3], [2, 2], [3, 4]])
    np.testing.assert_array_equal(answer.estimate[:3], [1, 0.5, np.nan])
    assert answer.high[0] == 1
    assert 0 < answer.low[0] < 1
    assert np.isnan(answer.logit_low).all()
    wanted = [superiority.APART, superiority.ALIKE, superiority.EMPTY, superiority.ONE_PATIENT]
    assert list(answer.note) == wanted


def test_newcombes_limits_solve_their_equation():
    """One against one, theta 1: the lower limit has (1 - t)^2 = z^2 t (1 - t), t = 1 / (1 + z^2)."""
    assert probability_of_superiority([0, 1], [1, 0]).low == pytest.approx(1 / (1 + 1.959963984540054**2), rel=1e-12)


def test_an_odds_ratio_that_is_proportional_is_found_exactly():
    """Cumulative odds 1/3, 1 against 1/9, 1/3: ratio 3 at both cuts, so the model fits without misfit."""
    answer = ordered([12, 18, 90], [30, 30, 60])
    assert answer.odds_ratio == pytest.approx(3, rel=1e-8)
    assert answer.proportionality == pytest.approx(0, abs=1e-12)
    assert answer.proportionality_df == 1


def test_ordered_outcomes_at_the_ends():
    answer = ordered(
        [[0, 3, 5], [3, 5, 0], [4, 0, 0], [0, 0, 0], [4, 9, 0]],
        [[4, 2, 0], [0, 2, 4], [3, 0, 0], [1, 2, 3], [10, 4, 0]],
    )
    np.testing.assert_allclose(answer.odds_ratio, [np.inf, 0, np.nan, np.nan, 5.625], rtol=1e-8)
    assert np.isnan(answer.low[:4]).all()
    wanted = [proportional_odds.APART] * 2 + [proportional_odds.ONE_CATEGORY, proportional_odds.EMPTY]
    assert list(answer.note) == [*wanted, proportional_odds.TWO_CATEGORIES]


def test_empty_categories_change_nothing():
    with_them, without = ordered([0, 5, 0, 7, 3, 0], [0, 8, 0, 2, 3, 0]), ordered([5, 7, 3], [8, 2, 3])
    assert with_them[:9] == pytest.approx(without[:9], rel=1e-12)


# Standardised differences


def test_two_categories_are_the_binary_difference():
    binary = standardised_risk_difference(20, 100, 35, 100)
    both = standardised_multinomial_difference([20, 80], [35, 65])
    assert both.estimate == pytest.approx(-binary.estimate, rel=1e-12)


def test_standardised_differences_without_spread():
    """Equal: 0. Different: infinite, with a note and no limits. Categories that one group fills alone: too."""
    same, apart = standardised_risk_difference([5, 5], [5, 5], [4, 0], [4, 4])[0]
    assert (same, apart) == (0, np.inf)
    answer = standardised_mean_difference([1, 2, 2, 2], [0, 0, 1, 1], [5, 5, 1, 0], 1, [0, 0, 1, 1], 5)
    np.testing.assert_array_equal(answer.estimate, [0, np.inf, np.nan, np.nan])
    assert np.isfinite(answer.low[0])
    assert np.isnan(answer.low[1:]).all()
    wanted = ["", standardised_difference.NO_SPREAD, standardised_difference.ONE_PATIENT, standardised_difference.EMPTY]
    assert list(answer.note) == wanted
    parted = standardised_multinomial_difference([5, 5, 0], [0, 0, 10])
    assert parted.estimate == np.inf
    assert parted.note == standardised_difference.SEPARATED
    assert standardised_multinomial_difference([5, 0, 0], [7, 0, 0]).estimate == 0


# Multiplicity


def test_adjusted_p_values_equal_statsmodels_row_by_row():
    rng = np.random.default_rng(2)
    p = rng.random((30, 17)) ** 3
    p[rng.random(p.shape) < 0.2] = np.nan
    for method, name in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        mine = method(p)
        for row, theirs in zip(mine, p, strict=True):
            known = ~np.isnan(theirs)
            np.testing.assert_allclose(row[known], multipletests(theirs[known], method=name)[1], rtol=1e-13)
            assert np.isnan(row[~known]).all()


def test_no_comparison_made_is_no_answer():
    assert np.isnan(holm([np.nan, np.nan])).all()
    assert np.isnan(benjamini_hochberg([np.nan])).all()
    assert holm([]).shape == (0,)


# Season


def test_rayleigh_with_equal_months_is_twice_the_squared_resultant():
    """Three of four events in January, one in July: resultant 2/4, 2 N R^2 = 2."""
    assert rayleigh_test([3, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], np.ones(12)).statistic == pytest.approx(2, rel=1e-12)


def test_events_in_proportion_to_exposure_have_no_season():
    time = np.arange(1.0, 13)
    for answer in (rayleigh_test(5 * time, time), rayleigh_against(5 * time, 3 * time)):
        assert answer.statistic == pytest.approx(0, abs=1e-20)
    for answer in (cosinor(5 * time, time), cosinor_against(5 * time, 3 * time)):
        assert (answer.peak_to_trough, answer.low) == pytest.approx((1, 1), abs=1e-7)
        assert answer.note == waves.ANYWHERE


def test_hewitts_table_is_that_of_all_orders():
    """Rotations apart, rank 12 in the first month: 11! orders, each matching of opposite months with its 5! 2^5 places.

    Only the signed differences of opposite months matter: the sum of a window grows by one as it moves on."""

    def matchings(ranks):
        if not ranks:
            yield ()
        for i in range(1, len(ranks)):
            for rest in matchings(ranks[1:i] + ranks[i + 1 :]):
                yield (ranks[0] - ranks[i], *rest)

    kinds = Counter((first, *sorted(rest)) for first, *rest in matchings(tuple(range(12, 0, -1))))
    places = np.array(list(itertools.permutations(range(5))))
    signs = np.array(list(itertools.product((1, -1), repeat=5)))
    found = np.zeros(58, dtype=np.int64)
    for (first, *rest), times in kinds.items():
        step = (np.array(rest)[places][:, None, :] * signs).reshape(-1, 5)
        step = np.concatenate([np.full((step.shape[0], 1), -first), step], axis=-1)
        twice = -step.sum(-1, keepdims=True) + np.concatenate([0 * step[:, :1], 2 * step.cumsum(-1)], axis=-1)
        found += times * np.bincount(39 + np.abs(twice).max(-1) // 2, minlength=58)
    assert found.sum() == math.factorial(11)
    np.testing.assert_array_equal(found[40:] * 12, np.array(HEWITT) * 24)


def test_hewitt_of_ties_is_an_upper_bound():
    answer = hewitt_test([1] * 12, np.ones(12))
    assert (answer.statistic, answer.p_value, answer.note) == (39, 1, season.TIES)
    halves = hewitt_test([1, 2, 3, 4, 5, 6, 6, 12, 11, 10, 9, 8], np.ones(12))
    assert halves.statistic % 1 == 0.5
    assert halves.first_month == 7


def test_a_wave_is_found_where_it_is():
    """Counts exactly 1000 exp(0.2 cos(angle - 2.5 months)): ratio exp(0.4), peak in the middle of March."""
    month = np.arange(12) + 0.5
    expected = np.round(1e6 * np.exp(0.2 * np.cos((month - 2.5) * np.pi / 6)))
    answer = cosinor(expected, np.ones(12))
    assert answer.peak_to_trough == pytest.approx(np.exp(0.4), rel=1e-5)
    assert answer.peak == pytest.approx(2.5, abs=1e-4)
    assert answer.peak_low < 2.5 < answer.peak_high


def test_limits_of_the_peak_are_those_of_the_angle():
    """With one variance v in all directions Fieller's cone is arcsin(z sqrt(v) / A) to either side."""
    counts = np.round(200 * np.exp(0.3 * np.cos(np.arange(12) * np.pi / 6)))
    answer = cosinor_against(counts, counts[::-1])  # symmetrical about the line through the peaks
    assert answer.peak_high - answer.peak == pytest.approx(answer.peak - answer.peak_low, rel=1e-9)
    left, right, anywhere = waves._fieller(np.array([3.0]), np.array([4.0]), np.eye(2)[None], 2.0)
    assert (left[0], right[0], anywhere[0]) == pytest.approx((np.arcsin(0.4), np.arcsin(0.4), False), rel=1e-12)


def test_events_in_one_or_two_neighbouring_months_have_an_infinite_wave():
    one, two, apart = [5] + [0] * 11, [0] * 11 + [3], [4, 0, 1] + [0] * 9
    two[0] = 2
    for counts in (one, two):
        answer = cosinor(counts, np.ones(12))
        assert answer.peak_to_trough == np.inf
        assert answer.note == waves.CONFINED
    assert np.isfinite(cosinor(apart, np.ones(12)).peak_to_trough)
    parted = cosinor_against([0, 2, 3, 4, 2, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 3, 2, 1, 1, 2, 2])
    assert parted.note == waves.CONFINED
    assert np.isfinite(cosinor_against([0, 2, 3, 4, 2, 1, 1, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0, 3, 2, 1, 1, 2, 2]).low)


def test_seasons_that_cannot_be_seen_say_so():
    none, few = np.zeros(12), [3, 2] + [0] * 10
    assert rayleigh_test(none, np.ones(12)).note == season.NO_EVENT
    assert rayleigh_test(few, np.array(few) > 0).note == season.TOO_FEW_MONTHS
    assert cosinor(none, np.ones(12)).note == season.NO_EVENT
    assert cosinor(few, np.array(few) > 0).note == season.TOO_FEW_MONTHS
    assert hewitt_test(none, np.ones(12)).note == season.NO_EVENT
    assert hewitt_test(few, np.array(few) > 0).note == season.UNSEEN_MONTH
    assert rayleigh_against(none, few).note == season.NO_EVENT


# Laws


def broken():
    yield lambda: welch_difference(1, -1, 3, 1, 1, 3), "sd1 must not be negative"
    yield lambda: welch_difference(1, 1, 3, 1, 1, 2.5), "n0 must be whole"
    yield lambda: hodges_lehmann(1, [1, 2]), "values1 needs an axis"
    yield lambda: hodges_lehmann([1, np.inf], [1, 2]), "values1 must be finite"
    yield lambda: hodges_lehmann([1], [1], level=0), "level"
    yield lambda: probability_of_superiority([1, -1], [1, 1]), "counts1 must be whole numbers from 0"
    yield lambda: ordered([1, 1], [1, 0.5]), "counts0 must be whole numbers from 0"
    yield lambda: ordered_counts(1, [1]), "axis of patients"
    yield lambda: standardised_multinomial_difference(1, 1), "counts1 needs an axis"
    yield lambda: holm([0.5, 1.5]), "p_values must lie between 0 and 1"
    yield lambda: benjamini_hochberg(0.5), "axis of comparisons"
    yield lambda: rayleigh_test([1] * 12, [1] * 11), "same months"
    yield lambda: rayleigh_test([1, 1, 1], [1, 1, 0]), "exposure must be above 0"
    yield lambda: cosinor([1, 1, 1], [1, 1, -1]), "exposure must not be negative"
    yield lambda: hewitt_test([1] * 4, [1] * 4), "twelve months"


@pytest.mark.parametrize(("call", "words"), list(broken()))
def test_broken_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def batches():
    """Each method with a batch of inputs, some of them degenerate."""
    rng = np.random.default_rng(11)
    one, two = rng.multinomial(12, [0.4, 0.3, 0.2, 0.1], 1000), rng.multinomial(15, [0.2, 0.3, 0.3, 0.2], 1000)
    one[::50] = 0
    year, other = rng.multinomial(6, np.full(12, 1 / 12), 1000), rng.multinomial(40, np.full(12, 1 / 12), 1000)
    values, against = rng.normal(size=(1000, 9)).round(1), rng.normal(size=(1000, 7)).round(1)
    values[::7, 3:] = np.nan
    n = rng.integers(0, 5, 1000)
    yield welch_difference, (rng.normal(size=1000), rng.random(1000), n, 0.0, 1.0, n[::-1])
    yield standardised_mean_difference, (rng.normal(size=1000), rng.random(1000), n, 0.0, 1.0, n[::-1])
    yield standardised_risk_difference, (n // 2, n, n[::-1] // 3, n[::-1])
    yield standardised_multinomial_difference, (one, two)
    yield hodges_lehmann, (values, against)
    yield probability_of_superiority, (one, two)
    yield ordered, (one, two)
    yield rayleigh_test, (year, np.broadcast_to(np.arange(1.0, 13), (1000, 12)))
    yield rayleigh_against, (year, other)
    yield hewitt_test, (year, np.broadcast_to(np.arange(1.0, 13), (1000, 12)))
    yield cosinor, (year, np.broadcast_to(np.arange(1.0, 13), (1000, 12)))
    yield cosinor_against, (year, other)


by_method = pytest.mark.parametrize(
    ("method", "inputs"), list(batches()), ids=lambda part: getattr(part, "__name__", "")
)


def part(inputs, place):
    return [value[place] if isinstance(value, np.ndarray) else value for value in inputs]


@by_method
def test_a_batch_is_its_groups_one_by_one(method, inputs):
    """Tolerance: searches end at a step of 1e-9, worst 1e-8; where a wave is nearly infinite relative to its size."""
    rows = range(0, 1000, 5)
    batch = method(*part(inputs, slice(None, None, 5)))
    single = [method(*part(inputs, row)) for row in rows]
    for name, values in zip(batch._fields, zip(*single, strict=True), strict=True):
        mine = getattr(batch, name)
        if mine.dtype.kind in "Ub":
            assert (mine == np.array(values)).all()
        else:
            np.testing.assert_allclose(mine, values, rtol=1e-7, atol=1e-9)


@by_method
def test_a_batch_costs_the_calls_of_a_few(method, inputs):
    single = 50 * calls(lambda: [method(*part(inputs, row)) for row in range(20)])
    assert calls(lambda: method(*inputs)) < single / 50
