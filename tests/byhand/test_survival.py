"""Follow-up: six patients worked out on paper (the data of the validation vignette of R's survival), and every edge.

time   9  1  1   6  6  8          at 1: 6 at risk, 1 event, 1 censored
event  1  1  0   1  1  0          at 6: 4 at risk, 2 events
x      0  1  1   1  0  0          at 8: 2, 1 censored; at 9: 1, the last event
"""

import cProfile
import pstats
from fractions import Fraction

import numpy as np
import pytest

from sarcoid_epi.stats import kaplan_meier as km
from sarcoid_epi.stats import log_rank as lr
from sarcoid_epi.stats import restricted_mean as rm
from sarcoid_epi.stats.aalen_johansen import cumulative_incidence
from sarcoid_epi.stats.gray import gray_test
from sarcoid_epi.stats.kaplan_meier import kaplan_meier, survival_quantile
from sarcoid_epi.stats.log_rank import log_rank, log_rank_trend
from sarcoid_epi.stats.restricted_mean import mean_difference, mean_ratio, restricted_mean, restricted_time_lost
from sarcoid_epi.stats.risk_table import RiskTable, after, counted_risk_table, numbers_at, risk_table
from sarcoid_epi.stats.robust_incidence import robust_incidence

TIME, EVENT, X = [9, 1, 1, 6, 6, 8], [1, 1, 0, 1, 1, 0], [0, 1, 1, 1, 0, 0]
CAUSE = [2, 1, 0, 1, 2, 0]
SIX = risk_table(TIME, EVENT)


def fractions(*texts):
    return [float(Fraction(text)) for text in texts]


def test_the_risk_table_of_six_patients():
    np.testing.assert_array_equal(SIX.time, [1, 6, 8, 9])
    np.testing.assert_array_equal(SIX.at_risk, [6, 4, 2, 1])
    np.testing.assert_array_equal(SIX.events, [[1, 2, 0, 1]])
    np.testing.assert_array_equal(SIX.censored, [1, 0, 1, 0])


def test_kaplan_meier_on_six_patients():
    """5/6, times 2/4, unchanged, times 0. Greenwood: (5/6)²/30, (5/12)² (1/30 + 1/4)."""
    curve = kaplan_meier(SIX)
    np.testing.assert_allclose(curve.survival, fractions("5/6", "5/12", "5/12", "0"), rtol=1e-15)
    np.testing.assert_allclose(curve.std_error[:2] ** 2, fractions("5/216", "85/1728"), rtol=1e-14)
    assert np.isnan(curve.std_error[-1])
    assert curve.note == ""


def test_the_median_of_six_patients():
    """The curve falls below 1/2 at 6."""
    assert survival_quantile(kaplan_meier(SIX)).time == 6


def test_a_quantile_on_a_flat_step_is_its_middle():
    """Four patients: 3/4, 2/4, 1/4, 0 at 1, 2, 3, 4; the curve is 1/2 from 2 to 3."""
    assert survival_quantile(kaplan_meier(risk_table([1, 2, 3, 4], [1] * 4))).time == 2.5


def test_a_median_that_is_not_reached_is_a_note():
    quantile = survival_quantile(kaplan_meier(risk_table([1, 2, 3, 4], [1, 0, 0, 0])), [0.2, 0.5])
    np.testing.assert_array_equal(quantile.time, [1, np.nan])
    np.testing.assert_array_equal(quantile.note, ["", km.NOT_REACHED])


def test_incidence_on_six_patients():
    """Cause 1: 1/6 at 1, then 5/6 * 1/4; cause 2: 5/6 * 1/4 at 6, then all that is left."""
    answer = cumulative_incidence(risk_table(TIME, CAUSE))
    np.testing.assert_allclose(answer.incidence[0], fractions("1/6", "3/8", "3/8", "3/8"), rtol=1e-15)
    np.testing.assert_allclose(answer.incidence[1], fractions("0", "5/24", "5/24", "5/8"), rtol=1e-15)


def test_incidence_error_on_six_patients():
    """F1 at 6, with G = 3/8 - 1/6 = 5/24 at 1 and 0 at 6:
    1/6 [ 5/36 - 2 * 5/24 * 1/6 + (5/24)² * (1/6)/(5/6) ] + 1/4 * 25/36 * 3/16."""
    first = (Fraction(5, 36) - Fraction(10, 144) + Fraction(25, 576) / 5) / 6
    second = Fraction(25, 36) * Fraction(3, 16) / 4
    answer = cumulative_incidence(risk_table(TIME, CAUSE))
    np.testing.assert_allclose(answer.std_error[0, 1] ** 2, float(first + second), rtol=1e-13)


def test_with_one_cause_incidence_is_one_minus_kaplan_meier_with_its_error_and_limits():
    table = risk_table([3, 3, 4, 5, 6, 7, 7, 8], [1, 0, 1, 1, 0, 1, 1, 0])
    answer, curve = cumulative_incidence(table), kaplan_meier(table)
    np.testing.assert_allclose(answer.incidence[0], 1 - curve.survival, rtol=1e-14)
    np.testing.assert_allclose(answer.std_error[0], curve.std_error, rtol=1e-13)
    np.testing.assert_allclose(answer.low[0], 1 - curve.high, rtol=1e-12)
    np.testing.assert_allclose(answer.high[0], 1 - curve.low, rtol=1e-12)


def test_incidences_and_survival_add_up_to_one_with_ties_and_late_entry():
    rng = np.random.default_rng(1)
    entry = rng.integers(0, 5, 300)
    table = risk_table(entry + rng.integers(1, 9, 300), rng.integers(0, 4, 300), entry, rng.uniform(0.1, 2, 300))
    answer = cumulative_incidence(table)
    # Tolerance: rounding of a dozen sums.
    np.testing.assert_allclose(answer.survival + answer.incidence.sum(0), 1, rtol=0, atol=1e-14)


def test_ties_do_not_depend_on_the_order_of_the_rows():
    """lifelines breaks them at random; here every order gives the same bits."""
    rng = np.random.default_rng(2)
    time, event = rng.integers(1, 6, 100), rng.integers(0, 3, 100)
    order = rng.permutation(100)
    one, other = (cumulative_incidence(risk_table(t, e)) for t, e in ((time, event), (time[order], event[order])))
    np.testing.assert_array_equal(one.incidence, other.incidence)


def test_the_robust_error_without_weights_and_late_entry_is_greenwoods():
    """It is an identity: those at risk have all the same past, so that the parts of different times do not mix."""
    rng = np.random.default_rng(3)
    time, event = rng.integers(1, 12, 80), rng.integers(0, 3, 80)
    plain, robust = cumulative_incidence(risk_table(time, event)), robust_incidence(time, event)
    np.testing.assert_allclose(robust.std_error, plain.std_error, rtol=1e-10)


def test_the_robust_error_is_that_of_every_patients_derivative():
    """Moving each weight by 1e-6 and watching the curve. Tolerance: the difference quotient, worst 4e-6."""
    rng = np.random.default_rng(4)
    entry = np.where(rng.random(40) < 0.5, -np.inf, rng.integers(0, 3, 40))
    out = np.maximum(entry, 0) + rng.integers(1, 8, 40)
    event, weights = rng.integers(0, 3, 40), rng.uniform(0.3, 2, 40)

    def curve(weights):
        return cumulative_incidence(risk_table(out, event, entry, weights)).incidence

    steps = 1e-6 * np.eye(40)
    slopes = np.stack([(curve(weights + step) - curve(weights - step)) / 2e-6 for step in steps])
    expected = np.sqrt(((weights[:, None, None] * slopes) ** 2).sum(0))
    ours = robust_incidence(out, event, entry, weights).std_error
    known = np.isfinite(ours)
    np.testing.assert_allclose(ours[known], expected[known], rtol=1e-4, atol=1e-7)


def test_whole_weights_are_numbers_of_patients():
    weights = np.array([2, 1, 3, 1, 2, 4])
    weighted = kaplan_meier(risk_table(TIME, EVENT, weights=weights))
    rows = kaplan_meier(risk_table(np.repeat(TIME, weights), np.repeat(EVENT, weights)))
    for ours, theirs in zip(weighted[:-1], rows[:-1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_fractional_weights_leave_no_crumbs():
    """0.1 + 0.2 + 0.3 taken off in another order is not 0; the last event still ends the curve at exactly 0."""
    curve = kaplan_meier(risk_table([3, 1, 2], [1, 1, 1], weights=[0.1, 0.2, 0.3]))
    assert curve.survival[-1] == 0


def test_one_who_enters_at_a_time_is_not_at_risk_at_it():
    """Entry at 2 and 0, exits at 4 and 2: at 2 one is at risk, the one who leaves."""
    table = risk_table([4, 2], [1, 1], entry=[2, 0])
    np.testing.assert_array_equal(table.time, [0, 2, 4])
    np.testing.assert_array_equal(table.at_risk, [0, 1, 1])
    np.testing.assert_array_equal(table.entered, [1, 1, 0])


def test_an_entry_at_minus_infinity_is_from_the_start():
    for ours, theirs in zip(risk_table(TIME, EVENT, entry=-np.inf), SIX, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_patient_in_two_rows_is_the_same_patient():
    """Cut at 5, the curve is the same at all old times."""
    cut = risk_table([5, 9, 1, 1, 6, 6, 8], [0, 1, 1, 0, 1, 1, 0], entry=[-np.inf, 5] + [-np.inf] * 5)
    curve = kaplan_meier(cut)
    np.testing.assert_allclose(curve.survival[curve.time != 5], kaplan_meier(SIX).survival, rtol=1e-15)


def test_numbers_at_asked_times_are_just_before_and_count_up_to():
    """lifelines would say 2 at 6, after the two events; R and we say 4."""
    numbers = numbers_at(SIX, [0, 1, 6, 6.5, 9, 9.5])
    np.testing.assert_array_equal(numbers.at_risk, [6, 6, 4, 2, 1, 0])
    np.testing.assert_array_equal(numbers.events[0], [0, 1, 3, 3, 4, 4])
    np.testing.assert_array_equal(numbers.censored, [0, 1, 1, 1, 2, 2])
    with pytest.raises(ValueError, match="times must not be missing"):
        numbers_at(SIX, [np.nan])


def test_counts_and_rows_give_one_table():
    rng = np.random.default_rng(5)
    entry, group = rng.integers(0, 4, 200), rng.integers(0, 3, 200)
    out, event = entry + rng.integers(1, 6, 200), rng.integers(0, 3, 200)
    rows = risk_table(out, event, entry, group=group)
    exits, entries = np.zeros((3, 3, rows.time.size)), np.zeros((3, rows.time.size))
    np.add.at(exits, (group, event, np.searchsorted(rows.time, out)), 1)
    np.add.at(entries, (group, np.searchsorted(rows.time, entry)), 1)
    for ours, theirs in zip(counted_risk_table(rows.time, exits, entries), rows, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_whole_and_broken_times_take_two_ways_to_one_answer():
    rng = np.random.default_rng(6)
    time, event = rng.integers(1, 50, 300), rng.integers(0, 2, 300)
    whole, broken = kaplan_meier(risk_table(time, event)), kaplan_meier(risk_table(time / 8, event))
    np.testing.assert_array_equal(whole.time / 8, broken.time)
    np.testing.assert_array_equal(whole.survival, broken.survival)


# ---- limits at the ends


def test_before_the_first_event_the_limits_are_those_of_no_event_among_those_at_risk():
    curve = kaplan_meier(risk_table([1, 2, 3], [0, 1, 1]))
    assert curve.high[0] == 1
    np.testing.assert_allclose(curve.low[0], 0.025 ** (1 / 3))
    assert np.isnan(curve.std_error[0])


def test_late_entrants_tell_nothing_about_the_time_before():
    """One of three enters at 1; at 2 nobody has had the event, but only two were seen all along."""
    curve = kaplan_meier(risk_table([2, 3, 4], [0, 1, 1], entry=[-np.inf, -np.inf, 1]))
    np.testing.assert_array_equal(np.isnan(curve.low[:2]), [False, True])


def test_where_the_curve_is_0_the_upper_limit_stays():
    curve = kaplan_meier(SIX)
    assert curve.low[-1] == 0
    assert curve.high[-1] == curve.high[-2]


def test_all_at_once_is_0_with_an_upper_limit_of_1():
    curve = kaplan_meier(risk_table([1, 1], [1, 1]))
    np.testing.assert_array_equal([curve.survival[0], curve.low[0], curve.high[0]], [0, 0, 1])


def test_limits_by_an_unknown_name_are_refused():
    with pytest.raises(ValueError, match="limits must be one of log-log, log, plain, arcsine; got 'logit'"):
        kaplan_meier(SIX, limits="logit")
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        kaplan_meier(SIX, level=1)


# ---- notes and edges


def test_no_patients_is_a_note():
    empty = risk_table([], [])
    assert kaplan_meier(empty).note == km.NOBODY
    assert cumulative_incidence(empty).note == km.NOBODY
    assert robust_incidence([], []).note == km.NOBODY
    assert np.isnan(survival_quantile(kaplan_meier(empty)).time)
    assert restricted_mean(empty, 5).note == km.NOBODY
    assert kaplan_meier(after(SIX, 100)).note == km.NOBODY


def test_no_event_is_a_note():
    table = risk_table([2, 3], [0, 0])
    curve = kaplan_meier(table)
    assert curve.note == km.NO_EVENT
    np.testing.assert_array_equal(curve.survival, 1)
    mean = restricted_mean(table, 2)
    assert mean.estimate == 2
    assert np.isnan(mean.std_error)
    assert mean.note == km.NO_EVENT


def test_a_curve_that_falls_to_0_before_others_enter_is_a_note():
    table = risk_table([2, 9, 10], [1, 1, 0], entry=[0, 3, 3])
    assert kaplan_meier(table).note == km.FELL_EARLY
    later = kaplan_meier(after(table, 2))
    assert later.note == ""
    np.testing.assert_array_equal(later.survival, [1, 0.5, 0.5])


def test_a_time_with_nobody_at_risk_is_a_note():
    """The first is censored at 2, the others enter at 3: nothing is known between."""
    assert kaplan_meier(risk_table([2, 9, 10], [0, 1, 0], entry=[0, 3, 3])).note == km.GAP


def test_an_early_fall_on_few_is_a_note():
    """One of two has the event before forty others enter."""
    entry = [0, 0] + [3] * 40
    assert kaplan_meier(risk_table([2, 9] + [10] * 40, [1] * 42, entry)).note == km.SMALL_START


def test_a_group_that_ends_earlier_is_not_drawn_on():
    curve = kaplan_meier(risk_table([2, 3, 9], [1, 0, 1], group=[0, 0, 1]))
    np.testing.assert_array_equal(curve.survival, [[0.5, 0.5, np.nan], [1, 1, 0]])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([1, np.nan], [1, 1]), "exit must be one axis of known times"),
        (([1, 2], [1, 0.5]), "event must be 0"),
        (([1, 2], [1, -1]), "event must be 0"),
        (([1, 2], [1]), "event must be 0"),
        (([1, 2], [1, 1], [0, 2]), "entry must be before exit; got 2 and 2"),
        (([1, 2], [1, 1], [0, np.nan]), "entry must be before exit"),
        (([1, 2], [1, 1], None, [1, -1]), "weights must be numbers, not negative"),
        (([1, 2], [1, 1], None, None, [0, -1]), "group must be codes"),
        (([1, 2], [1, 3], None, None, None, 2), "event has code 3, but there are 2 causes"),
    ],
)
def test_broken_rows_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        risk_table(*arguments)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([2, 1], [[0, 0], [1, 1]]), "time must be one axis of ascending numbers"),
        (([1, 2], [0, 1]), "exits must have shape"),
        (([1, 2], [[0, 0], [1, -1]]), "exits must be numbers of patients"),
        (([1, 2], [[0, 0], [1, 1]], [1, 1]), "more leave than are at risk at time 1"),
    ],
)
def test_broken_counts_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        counted_risk_table(*arguments)


# ---- tests of groups


def test_log_rank_on_six_patients():
    """At 1 half of six in group 1, expected 1/2; at 6 a quarter of four, 2/4; at 9 alone. Variance 1/4 + 2 2/3 3/16."""
    test = log_rank(risk_table(TIME, EVENT, group=X))
    np.testing.assert_allclose(test.expected, [3, 1])
    np.testing.assert_allclose(test.variance, [[0.5, -0.5], [-0.5, 0.5]])
    np.testing.assert_allclose(test.statistic, 2)
    assert test.degrees == 1


def test_equal_groups_do_not_differ():
    table = risk_table(TIME * 2, EVENT * 2, group=[0] * 6 + [1] * 6)
    for test in (log_rank(table), gray_test(table), log_rank(table, rho=1)):
        np.testing.assert_allclose([test.statistic, test.p_value], [0, 1], atol=1e-14)


def test_one_stratum_is_no_stratum():
    one = log_rank(risk_table(TIME, EVENT, group=X))
    other = log_rank(risk_table(TIME, EVENT, group=[[0] * 6, X]), stratified=True)
    np.testing.assert_allclose(one.statistic, other.statistic)


def test_a_group_never_at_risk_is_left_out_and_said():
    """Code 2 of 0, 1, 2 has its only patient censored before the first event."""
    table = risk_table([*TIME, 0.5], [*EVENT, 0], group=[*X, 2])
    test = log_rank(table)
    np.testing.assert_allclose(test.statistic, 2)
    assert test.degrees == 1
    assert test.note == lr.SOME_LEFT_OUT


def test_groups_never_at_risk_together_cannot_be_compared():
    table = risk_table([1, 2, 11, 12], [1, 1, 1, 1], entry=[0, 0, 10, 10], group=[0, 0, 1, 1])
    assert log_rank(table).note == lr.NOTHING_TO_COMPARE
    assert np.isnan(log_rank(table).p_value)
    assert log_rank_trend(table, [0, 1]).note == lr.NOTHING_TO_COMPARE


def test_no_event_leaves_nothing_to_test():
    table = risk_table([1, 2], [0, 0], group=[0, 1])
    for test in (log_rank(table), gray_test(table), log_rank_trend(table, [0, 1])):
        assert test.note == lr.NOTHING
        assert np.isnan(test.statistic)


def test_the_log_rank_of_a_cause_censors_the_others():
    table = risk_table(TIME, CAUSE, group=X)
    only = risk_table(TIME, np.array(CAUSE) == 1, group=X)
    np.testing.assert_allclose(log_rank(table, cause=1).statistic, log_rank(only).statistic)


def test_with_one_cause_and_no_censoring_gray_sees_what_log_rank_sees():
    """The score is the same where the curve of all is the curve of each risk set."""
    table = risk_table(TIME, [1] * 6, group=X)
    assert (gray_test(table).observed == log_rank(table).observed).all()


def test_tests_refuse_what_they_cannot_compare():
    with pytest.raises(ValueError, match="at least two groups"):
        log_rank(SIX)
    with pytest.raises(ValueError, match="strata and at least two groups"):
        log_rank(risk_table(TIME, EVENT, group=X), stratified=True)
    with pytest.raises(ValueError, match="cause must be 1 to 1; got 2"):
        gray_test(risk_table(TIME, EVENT, group=X), cause=2)
    with pytest.raises(ValueError, match="scores must be 2 numbers"):
        log_rank_trend(risk_table(TIME, EVENT, group=X), [1, 2, 3])


# ---- restricted means


def test_restricted_mean_on_six_patients():
    """1 + 5 * 5/6 + 2 * 5/12 = 6 at 8; variance 5² / 30 + (5/6)² / 4."""
    mean = restricted_mean(SIX, 8)
    np.testing.assert_allclose(mean.estimate, 6)
    np.testing.assert_allclose(mean.std_error**2, 5 / 6 + 25 / 144)


def test_time_lost_and_time_free_add_up_to_the_horizon():
    table = risk_table(TIME, CAUSE)
    for horizon in (0.5, 3, 6, 8.5):
        np.testing.assert_allclose(
            restricted_mean(table, horizon).estimate + restricted_time_lost(table, horizon).estimate.sum(), horizon
        )


def test_with_one_cause_time_lost_has_the_error_of_the_mean():
    table = risk_table([3, 3, 4, 5, 6, 7, 7, 8], [1, 0, 1, 1, 0, 1, 1, 0])
    np.testing.assert_allclose(restricted_time_lost(table, 7.5).std_error[0], restricted_mean(table, 7.5).std_error)


def test_a_horizon_nobody_reaches_is_a_note_unless_the_curve_is_at_0():
    assert restricted_mean(risk_table([1, 2, 3], [1, 1, 0]), 4).note == rm.TOO_SHORT
    assert np.isnan(restricted_mean(risk_table([1, 2, 3], [1, 1, 0]), 4).estimate)
    np.testing.assert_allclose(restricted_mean(risk_table([1, 2, 3], [1, 1, 1]), 4).estimate, 2)
    np.testing.assert_allclose(restricted_mean(risk_table([1, 2, 3], [1, 1, 0]), 3).estimate, 2)


def test_an_origin_before_anybody_is_observed_is_a_note():
    table = risk_table([45, 50, 60], [1, 0, 1], entry=[40, 40, 42])
    assert restricted_mean(table, 48).note == rm.NOT_FROM_START
    np.testing.assert_allclose(restricted_mean(table, 48, origin=40).estimate, 5 + 3 * 2 / 3)
    np.testing.assert_allclose(restricted_mean(after(table, 42), 48, origin=42).estimate, 3 + 3 * 2 / 3)


def test_a_gap_before_the_horizon_leaves_the_mean_unknown():
    table = risk_table([2, 9, 10], [0, 1, 0], entry=[0, 3, 3])
    assert restricted_mean(table, 8).note == km.GAP
    assert restricted_mean(table, 2.5).note == rm.TOO_SHORT
    assert restricted_mean(table, 2).note == km.NO_EVENT


def test_a_cause_without_events_has_lost_no_time():
    lost = restricted_time_lost(risk_table([1, 2, 3], [1, 0, 1], causes=2), 3)
    assert lost.estimate[1] == 0
    assert np.isnan(lost.std_error[1])
    assert mean_ratio(*(type(lost)(*(part[k] for part in lost)) for k in (0, 1))).note == rm.NO_TIME


def test_horizons_without_sense_are_refused():
    with pytest.raises(ValueError, match="horizon must be after the origin 0; got 0"):
        restricted_mean(SIX, 0)
    with pytest.raises(ValueError, match="the table begins at 1, before the origin 2"):
        restricted_mean(SIX, 5, origin=2)


def test_a_difference_takes_the_note_of_the_unknown_part():
    known, unknown = restricted_mean(SIX, 8), restricted_mean(risk_table([1, 2], [1, 0]), 8)
    for answer in (mean_difference(known, unknown), mean_ratio(unknown, known)):
        assert np.isnan(answer.estimate)
        assert answer.note == rm.TOO_SHORT


# ---- many at once


def many():
    """A thousand replicates of three groups on one grid, with late entry, some groups empty."""
    rng = np.random.default_rng(7)
    entries = rng.poisson(3, (1000, 3, 12)) * (np.arange(12) < 4)
    exits = rng.poisson(2, (1000, 3, 3, 12)) * (np.arange(12) >= 2)
    exits[:50, 2], entries[:50, 2] = 0, 0
    total, late = exits.sum((2, 3)), entries.sum(2)
    exits[..., 0, 11] += np.maximum(late - total, 0)  # all who came are censored at the end
    short = exits.sum(2)[..., ::-1].cumsum(-1)[..., ::-1] - entries[..., ::-1].cumsum(-1)[..., ::-1] - exits.sum(2)
    exits[..., 0, 11] += np.maximum(-short.min(-1), 0)
    return counted_risk_table(np.arange(12), exits, entries)


METHODS = {
    "kaplan_meier": kaplan_meier,
    "cumulative_incidence": cumulative_incidence,
    "survival_quantile": lambda table: survival_quantile(kaplan_meier(table)),
    "log_rank": lambda table: log_rank(table, 0.5),
    "trend": lambda table: log_rank_trend(table, [0, 1, 2]),
    "gray": lambda table: gray_test(table, 2),
    "restricted_mean": lambda table: restricted_mean(table, 9.5),
    "restricted_time_lost": lambda table: restricted_time_lost(table, 9.5),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_thousand_at_once_equal_each_alone_and_do_not_loop(name):
    """Tolerance: matrix products of other shapes round otherwise; worst 1e-12, p-values near 1e-10 of a statistic."""
    table, method = many(), METHODS[name]
    calls = cProfile.Profile()
    together = calls.runcall(method, table)
    used = pstats.Stats(calls).total_calls
    alone = cProfile.Profile()
    for i in range(0, 1000, 20):
        one = RiskTable(table.time, *(part[i] for part in table[1:]))
        single = alone.runcall(method, one)
        for key, whole, part in zip(single._fields, together, single, strict=True):
            if key == "time" and whole.ndim == 1 and name != "survival_quantile":
                continue
            if key == "note":
                np.testing.assert_array_equal(whole[i], part)
            else:
                np.testing.assert_allclose(whole[i], part, rtol=1e-7, atol=1e-12)
    assert used < pstats.Stats(alone).total_calls * 20 / 50
