"""Contrasts of two proportions on numbers small enough for paper: rules at the ends, symmetries, batches."""

import cProfile
import pstats
from fractions import Fraction

import numpy as np
import pytest

from sarcoid_epi.stats import odds_ratio, risk_difference, risk_ratio, two_samples
from sarcoid_epi.stats.contrast import score_test
from sarcoid_epi.stats.exact_odds_ratio import exact_odds_ratio
from sarcoid_epi.stats.mantel_haenszel import (
    breslow_day,
    mantel_haenszel_difference,
    mantel_haenszel_odds_ratio,
    mantel_haenszel_ratio,
    mantel_haenszel_test,
)
from sarcoid_epi.stats.odds_ratio import mover_odds_ratio, score_odds_ratio, woolf_odds_ratio
from sarcoid_epi.stats.risk_difference import newcombe_difference, score_difference, wald_difference
from sarcoid_epi.stats.risk_ratio import katz_ratio, mover_ratio, score_ratio

Z2 = 1.959963984540054**2
DIFFERENCES = [score_difference, newcombe_difference, wald_difference]
RATIOS = [score_ratio, mover_ratio, katz_ratio]
ODDS = [score_odds_ratio, mover_odds_ratio, woolf_odds_ratio]
STRATIFIED = [mantel_haenszel_odds_ratio, mantel_haenszel_ratio, mantel_haenszel_difference]
TESTS = [mantel_haenszel_test, breslow_day]


def all_tables(most=5):
    """Every table with groups of 1 to `most` patients."""
    sizes = range(1, most + 1)
    return np.array([(a, m, c, n) for m in sizes for n in sizes for a in range(m + 1) for c in range(n + 1)]).T


def test_no_event_in_ten_and_ten_has_score_limits_either_way():
    """Where nobody has it and p1 = p0 + d, d > 0: p0 = 0, p1 = d, so d^2 = z^2 d (1 - d) / n * 20/19."""
    answer = score_difference(0, 10, 0, 10)
    reach = Z2 * 20 / 19 / (10 + Z2 * 20 / 19)
    assert answer[:3] == pytest.approx((0, -reach, reach), rel=1e-12)


def test_everybody_against_nobody_is_one_sided_in_the_difference():
    """1 against 0: the upper limit is 1 itself; the lower solves (1 - d)^2 = z^2 V(d)."""
    assert score_difference(10, 10, 0, 10)[0::2] == (1.0, 1.0)
    assert score_difference(0, 10, 10, 10)[:2] == (-1.0, -1.0)
    assert newcombe_difference(10, 10, 0, 10).high == 1.0


def test_all_against_all_has_a_closed_ratio():
    """x = n in both: p1 = 1, p0 = 1/phi, so n0 (phi - 1) = z^2 (koopman's corner; epiR writes it so too)."""
    assert score_ratio(12, 12, 8, 8)[:3] == pytest.approx((1, 12 / (12 + Z2), (8 + Z2) / 8), rel=1e-11)


@pytest.mark.parametrize("method", RATIOS + ODDS)
def test_rules_at_the_ends_of_a_ratio(method):
    none, reference, both, empty = (
        method(*table) for table in [(0, 9, 4, 9), (4, 9, 0, 9), (0, 9, 0, 9), (0, 0, 4, 9)]
    )
    assert none[:2] == (0.0, 0.0)
    assert none.high > 0
    assert reference[0::2] == (np.inf, np.inf)
    assert "infinite" in reference.note or "cell without patients" in reference.note
    assert np.isnan(both.estimate)
    assert both[1:3] == (0.0, np.inf)
    assert both.note == two_samples.NO_EVENT
    assert np.isnan(empty[:3]).all()
    assert empty.note == two_samples.EMPTY_GROUP


@pytest.mark.parametrize("method", [score_ratio, mover_ratio, score_odds_ratio, mover_odds_ratio])
def test_one_zero_cell_leaves_one_limit(method):
    assert np.isfinite(method(0, 9, 4, 9).high)
    assert method(4, 9, 0, 9).low > 0


def test_mover_at_a_zero_cell_is_the_limit_of_its_formula():
    """Odds of Wilson's upper limit of 0 of 9, z^2 / 9, over 4/5."""
    assert mover_odds_ratio(0, 9, 4, 9).high == pytest.approx(Z2 / 9 / 0.8, rel=1e-12)


def test_all_events_leave_the_odds_ratio_open():
    for method in ODDS:
        answer = method(9, 9, 4, 4)
        assert np.isnan(answer.estimate)
        assert (answer.low, answer.high, answer.note) == (0.0, np.inf, two_samples.ALL_EVENTS)


@pytest.mark.parametrize("method", [wald_difference, katz_ratio])
def test_wald_limits_without_width_carry_a_note(method):
    answer = method(9, 9, 4, 4)
    assert answer.low == answer.high
    assert answer.note == two_samples.NO_WIDTH


@pytest.mark.parametrize("method", [*DIFFERENCES, *RATIOS, *ODDS])
def test_limits_hold_the_estimate_in_every_small_table(method):
    answer = method(*all_tables())
    known = ~np.isnan(answer.estimate)
    assert (answer.low <= answer.estimate * (1 + 1e-12) + 1e-12)[known].all()
    assert (answer.high >= answer.estimate * (1 - 1e-12) - 1e-12)[known].all()
    assert not np.isnan(answer.low).any()


@pytest.mark.parametrize("method", [score_difference, newcombe_difference])
def test_groups_exchanged_turn_a_difference_round(method):
    a, m, c, n = all_tables()
    there, back = method(a, m, c, n), method(c, n, a, m)
    np.testing.assert_allclose(there.low, -back.high, atol=1e-9)


@pytest.mark.parametrize("method", [score_ratio, mover_ratio, score_odds_ratio, mover_odds_ratio])
def test_groups_exchanged_turn_a_ratio_over(method):
    """Rounding, 1e-13; the roots at a corner 1e-8, for there the statistic leaves 0 like a root."""
    a, m, c, n = all_tables()
    there, back = method(a, m, c, n), method(c, n, a, m)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(there.low, 1 / back.high, rtol=1e-7)


@pytest.mark.parametrize("method", [score_odds_ratio, mover_odds_ratio, exact_odds_ratio])
def test_events_and_others_exchanged_turn_an_odds_ratio_over(method):
    a, m, c, n = all_tables()
    there, back = method(a, m, c, n), method(m - a, m, n - c, n)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(there.low, 1 / back.high, rtol=1e-9)


def test_score_limits_and_score_test_agree():
    """P below 0.05 where, and only where, the limits leave out no difference and no odds ratio."""
    tables = all_tables(12)
    significant = score_test(*tables).p_value < 0.05
    for answer, null in ((score_difference(*tables), 0), (score_odds_ratio(*tables), 1)):
        assert (((answer.low > null) | (answer.high < null)) == significant).all()
    plain = score_ratio(*tables)
    assert (((plain.low > 1) | (plain.high < 1)) == (score_test(*tables, corrected=False).p_value < 0.05)).all()


def test_exact_p_values_of_the_lady_tasting_tea():
    """70 ways: 1, 16, 36, 16, 1. Three right or more 17/70; doubled 34/70, Fisher's P too; less 16/70 for mid-p."""
    answer = exact_odds_ratio(3, 4, 1, 4)
    assert answer.p_value == pytest.approx(float(Fraction(34, 70)), rel=1e-12)
    assert answer.fisher_p_value == pytest.approx(float(Fraction(34, 70)), rel=1e-12)
    assert answer.mid_p_value == pytest.approx(float(Fraction(18, 70)), rel=1e-12)


def test_exact_limits_of_the_smallest_table():
    """1 of 1 against 0 of 1: P(X = 1) = psi / (psi + 1), so psi_low = alpha/2 / (1 - alpha/2), and
    the mid-p one alpha / (1 - alpha)."""
    answer = exact_odds_ratio(1, 1, 0, 1)
    assert answer[:3] == pytest.approx((np.inf, 0.025 / 0.975, np.inf), rel=1e-12)
    assert answer.mid_low == pytest.approx(0.05 / 0.95, rel=1e-12)


def test_exact_limits_and_p_values_agree_in_every_small_table():
    tables = all_tables(9)
    answer = exact_odds_ratio(*tables)
    outside = (answer.low > 1) | (answer.high < 1)
    assert (outside == (answer.p_value < 0.05)).all()
    decided = np.abs(answer.mid_p_value - 0.05) > 1e-12  # 3 of 3 against 0 of 3: 1/20 to the last digit
    outside = (answer.mid_low > 1) | (answer.mid_high < 1)
    assert (outside == (answer.mid_p_value < 0.05))[decided].all()
    assert (answer.mid_low >= answer.low).all()


def test_exact_rules_at_the_ends():
    none, everyone, empty = (exact_odds_ratio(*t) for t in ((0, 3, 0, 4), (3, 3, 4, 4), (0, 0, 1, 4)))
    for answer in (none, everyone):
        assert np.isnan(answer.estimate)
        assert (answer.low, answer.high, answer.p_value, answer.fisher_p_value) == (0.0, np.inf, 1.0, 1.0)
    assert np.isnan(empty[:8]).all()
    assert (none.note, everyone.note, empty.note) == (
        two_samples.NO_EVENT,
        two_samples.ALL_EVENTS,
        two_samples.EMPTY_GROUP,
    )


def test_big_tables_do_not_write_out_their_support():
    """A hundred million patients; by then the exact limits are Woolf's to 1e-4."""
    answer, woolf = (method(30_000, 10**8, 20_000, 10**8) for method in (exact_odds_ratio, woolf_odds_ratio))
    assert answer[:3] == pytest.approx(woolf[:3], rel=1e-4)


@pytest.mark.parametrize("method", STRATIFIED)
def test_one_stratum_gives_the_plain_contrast(method):
    plain = {mantel_haenszel_odds_ratio: woolf_odds_ratio, mantel_haenszel_ratio: katz_ratio}.get(method)
    answer = method([7], [34], [2], [34])
    if plain is None:
        assert answer.estimate == pytest.approx(5 / 34)
    else:
        assert answer[:3] == pytest.approx(plain(7, 34, 2, 34)[:3], rel=1e-12)


@pytest.mark.parametrize("method", STRATIFIED + TESTS)
def test_a_stratum_with_one_group_has_no_part(method):
    with_it = method([7, 3, 5], [34, 9, 20], [2, 0, 4], [34, 0, 30])
    without = method([7, 5], [34, 20], [2, 4], [34, 30])
    assert with_it[:3] == pytest.approx(without[:3], rel=1e-14)


@pytest.mark.parametrize("method", STRATIFIED + TESTS)
def test_strata_that_say_nothing_say_so(method):
    answer = method([3, 0], [4, 0], [0, 1], [0, 4])
    assert np.isnan(answer[0])
    assert answer.note != ""


def test_ratios_without_limits():
    answer = mantel_haenszel_odds_ratio([0, 0], [5, 5], [1, 2], [5, 5])
    assert answer.estimate == 0
    assert np.isnan(answer.low)
    assert answer.note != ""
    assert mantel_haenszel_ratio([1, 2], [5, 5], [0, 0], [5, 5]).estimate == np.inf
    assert np.isnan(breslow_day([0, 0], [5, 5], [1, 2], [5, 5]).statistic)


def test_equal_odds_ratios_are_homogeneous():
    """Odds ratio 4 in both strata: the statistic is 0."""
    answer = breslow_day([20, 10], [30, 15], [10, 10], [30, 30])
    assert answer.statistic == pytest.approx(0, abs=1e-12)
    assert answer.p_value == pytest.approx(1)


@pytest.mark.parametrize("method", [*DIFFERENCES, *RATIOS, *ODDS, exact_odds_ratio, score_test])
def test_broken_tables_are_refused(method):
    for table, words in (((5, 4, 1, 2), "events1 must not exceed n1"), ((1, 4, -1, 2), "events0 must not be negative"),
                         ((1, 4, 0.5, 2), "events0 must be whole")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            method(*table)
    if method is not score_test:
        with pytest.raises(ValueError, match="level"):
            method(1, 4, 1, 4, level=1.0)


def test_strata_need_an_axis():
    with pytest.raises(ValueError, match="axis of strata"):
        mantel_haenszel_test(1, 2, 1, 2)


def many(method, groups=1000):
    """Tables of all sizes, zero cells and empty groups among them."""
    rng = np.random.default_rng(5)
    shape = (groups, 4) if method in STRATIFIED + TESTS else (groups,)
    m, n = rng.integers(0, 40, (2, *shape))
    return rng.binomial(m, 0.2), m, rng.binomial(n, 0.3), n


@pytest.mark.parametrize("method", [*DIFFERENCES, *RATIOS, *ODDS, exact_odds_ratio, score_test, *STRATIFIED, *TESTS])
def test_a_batch_is_its_tables_one_by_one(method):
    tables = many(method, 200)
    batch = method(*tables)
    single = [method(*(count[i] for count in tables)) for i in range(200)]
    for field, values in zip(batch._fields, zip(*single, strict=True), strict=True):
        mine = getattr(batch, field)
        if field == "note":
            assert (mine == np.array(values)).all()
        else:
            np.testing.assert_allclose(mine, values, rtol=1e-9, atol=1e-12)


def calls(function):
    profile = cProfile.Profile()
    profile.runcall(function)
    return pstats.Stats(profile).total_calls


@pytest.mark.parametrize("method", [*DIFFERENCES, *RATIOS, *ODDS, exact_odds_ratio, score_test, *STRATIFIED, *TESTS])
def test_a_batch_costs_the_calls_of_a_few(method):
    tables = many(method)
    single = 50 * calls(lambda: [method(*(count[i] for count in tables)) for i in range(20)])
    assert calls(lambda: method(*tables)) < single / 50


def test_shapes_broadcast_and_scalars_stay_scalars():
    """A column of groups against a row of levels of the reference."""
    answer = risk_difference.score_difference(np.array([[1], [2]]), 10, np.array([3, 4, 5]), 10)
    assert answer.low.shape == (2, 3)
    assert answer.low[1, 2] == pytest.approx(risk_difference.score_difference(2, 10, 5, 10).low, rel=1e-12)
    assert isinstance(risk_ratio.score_ratio(1, 10, 2, 10).low, np.float64)
    assert isinstance(odds_ratio.score_odds_ratio(1, 10, 2, 10).note, str)
