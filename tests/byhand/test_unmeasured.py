"""Simple bias analysis of tables and E-values in cases worked out on paper, and their rules at the edges."""

import numpy as np
import pytest

from sarcoid_epi.stats import e_value, unmeasured
from sarcoid_epi.stats.e_value import (
    e_value_hazard_ratio,
    e_value_odds_ratio,
    e_value_risk_difference,
    e_value_risk_ratio,
    e_value_standardised_difference,
)
from sarcoid_epi.stats.unmeasured import (
    confounding_adjusted,
    confounding_adjusted_difference,
    misclassified_exposure,
    misclassified_outcome,
    selection_adjusted,
)

TABLE = (40, 20, 60, 80)


@pytest.mark.parametrize(
    "answer",
    [
        selection_adjusted(*TABLE, 1, 1, 1, 1),
        misclassified_outcome(*TABLE, 1, 1),
        misclassified_exposure(*TABLE, 1, 1),
    ],
)
def test_without_bias_nothing_changes(answer):
    assert [*answer[:4]] == pytest.approx(TABLE, rel=1e-14)
    assert (answer.odds_ratio, answer.risk_ratio, answer.risk_difference) == pytest.approx((8 / 3, 2, 0.2), rel=1e-13)


def test_equal_selection_within_the_exposure_or_within_the_outcome_leaves_the_odds_ratio():
    by_outcome, by_exposure = (0.9, 0.9, 0.3, 0.3), (0.9, 0.3, 0.9, 0.3)
    for chances in (by_outcome, by_exposure):
        assert selection_adjusted(*TABLE, *chances).odds_ratio == pytest.approx(8 / 3, rel=1e-13)
    assert selection_adjusted(*TABLE, *by_outcome).risk_ratio != pytest.approx(2, rel=0.01)


def test_differential_misclassification_of_the_outcome():
    """Exposed: Se 0.8, Sp 0.9, (40 - 10)/0.7; unexposed: Se 1/2, Sp 1, 20/0.5."""
    answer = misclassified_outcome(*TABLE, 0.8, 0.9, 0.5, 1.0)
    assert [*answer[:4]] == pytest.approx([300 / 7, 40, 400 / 7, 60])


def test_misclassification_of_the_exposure_divides_the_cases_and_the_others():
    """40 of 60 cases and 60 of 140 others recorded as exposed; Se = 1, Sp = 0.8: (40 - 12)/0.8 and (60 - 28)/0.8."""
    answer = misclassified_exposure(*TABLE, 1.0, 0.8)
    assert [*answer[:4]] == pytest.approx([35, 25, 40, 100])


def test_the_simple_analysis_broadcasts_over_drawn_parameters():
    se = np.array([[0.7, 0.8, 0.9]])
    many = misclassified_outcome(np.array([[40], [30]]), 20, 60, 80, se, 0.95)
    assert many.odds_ratio.shape == (2, 3)
    one = misclassified_outcome(30, 20, 60, 80, 0.8, 0.95)
    np.testing.assert_allclose([each[1, 1] for each in many[:-1]], one[:-1], rtol=1e-14)


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (misclassified_outcome(4, 20, 96, 80, 0.9, 0.95), unmeasured.IMPOSSIBLE),
        (misclassified_outcome(95, 20, 5, 80, 0.9, 0.95), unmeasured.IMPOSSIBLE),
        (misclassified_outcome(40, 4, 60, 96, 0.9, 0.95), unmeasured.IMPOSSIBLE),
        (misclassified_exposure(40, 20, 60, 80, 0.5, 0.5), unmeasured.CHANCE),
        (selection_adjusted(*TABLE, 0, 1, 1, 1), unmeasured.NEVER_SELECTED),
    ],
)
def test_a_table_that_cannot_be_corrected_is_nan_with_a_note(answer, note):
    assert answer.note == note
    assert np.isnan([*answer[:-1]]).all()


def test_an_empty_group_stays_empty():
    answer = misclassified_outcome(0, 20, 0, 80, 0.9, 0.95)
    assert (answer.a, answer.c, answer.note) == (0, 0, unmeasured.EMPTY_CELL)
    assert np.isnan(answer.risk_ratio)


def test_a_count_of_nought_leaves_the_table_and_the_measures_that_exist():
    answer = misclassified_exposure(10, 0, 20, 30, 1, 1)
    assert [*answer[:4]] == [10, 0, 20, 30]
    assert (answer.odds_ratio, answer.risk_difference) == (np.inf, pytest.approx(1 / 3))
    assert answer.note == unmeasured.EMPTY_CELL


def test_a_confounder_as_common_in_both_groups_or_without_effect_explains_nothing():
    assert confounding_adjusted(2.5, 3.0, 0.4, 0.4) == pytest.approx(2.5)
    assert confounding_adjusted(2.5, 1.0, 0.9, 0.1) == pytest.approx(2.5)
    assert confounding_adjusted_difference(0.2, 0.3, 0.4, 0.4) == pytest.approx(0.2)


def test_a_confounder_that_is_the_exposure_explains_all():
    """p1 = 1, p0 = 0: the whole ratio is the confounder's."""
    assert confounding_adjusted(2.5, 2.5, 1, 0) == pytest.approx(1)
    assert confounding_adjusted_difference(0.2, 0.2, 1, 0) == pytest.approx(0)


def test_no_confounder_weaker_than_the_e_value_explains_the_ratio_and_one_as_strong_does():
    """The bounding factor of ding2016, g h / (g + h - 1), reaches the ratio exactly at g = h = E."""
    e = e_value_risk_ratio(2.5).estimate
    assert e * e / (2 * e - 1) == pytest.approx(2.5)
    # A binary confounder with p1 = 1, p0 = 1/E and ratio E reaches it.
    assert confounding_adjusted(2.5, e, 1.0, 1 / e) == pytest.approx(1)


def test_the_e_value_does_not_ask_for_the_direction():
    up, down = e_value_risk_ratio(4, 2, 8), e_value_risk_ratio(1 / 4, 1 / 8, 1 / 2)
    assert (up.estimate, up.limit) == pytest.approx((down.estimate, down.limit))
    assert (up.estimate, up.limit) == pytest.approx((4 + 12**0.5, 2 + 2**0.5))


@pytest.mark.parametrize(
    ("low", "high", "true", "limit", "note"),
    [
        (1.1, 1.4, 1.05, 1.1 / 1.05, ""),  # below the interval: the lower limit
        (1.1, 1.4, 1.2, 1, e_value.CROSSED),
        (1.1, 1.4, 1.1, 1, e_value.CROSSED),
        (1.1, 1.4, 1.3, 1, e_value.CROSSED),
        (1.1, 1.4, 1.5, 1.5 / 1.4, ""),  # above it: the upper one
        (np.nan, 1.4, 1, np.nan, ""),  # the limit that counts is not known
        (np.nan, np.nan, 1.3, np.nan, ""),
    ],
)
def test_non_null_true_values_take_the_limit_nearer_to_them(low, high, true, limit, note):
    answer = e_value_risk_ratio(1.3, low, high, true)
    r = max(1.3 / true, true / 1.3)
    assert answer.estimate == pytest.approx(r + (r * (r - 1)) ** 0.5)
    wanted = limit + (limit * (limit - 1)) ** 0.5
    assert answer.limit == pytest.approx(wanted, nan_ok=True)
    assert answer.note == note


def test_a_ratio_of_one_needs_no_confounder():
    assert e_value_risk_ratio(1.0).estimate == 1


def test_common_outcomes_are_turned_into_risk_ratios_and_rare_ones_are_not():
    assert e_value_odds_ratio(4, rare=True).estimate == e_value_risk_ratio(4).estimate
    assert e_value_odds_ratio(4, rare=False).estimate == pytest.approx(e_value_risk_ratio(2).estimate)
    assert e_value_hazard_ratio(4, rare=True).estimate == e_value_risk_ratio(4).estimate
    # HR = 4: (1 - 0.5^2)/(1 - 0.5^0.5), and the reciprocal for 1/4.
    turned = 0.75 / (1 - 0.5**0.5)
    assert e_value_hazard_ratio(4, rare=False).estimate == pytest.approx(e_value_risk_ratio(turned).estimate)
    assert e_value_hazard_ratio(0.25, rare=False).estimate == pytest.approx(e_value_risk_ratio(turned).estimate)
    moved = e_value_odds_ratio(9, 4, rare=False, true=2.25)
    assert (moved.estimate, moved.limit) == pytest.approx((2 + 2**0.5, 4 / 3 + (4 / 9) ** 0.5))


def test_the_root_of_an_odds_ratio_is_within_a_quarter_of_the_risk_ratio():
    """For risks between 0.2 and 0.8, as stated."""
    p = np.linspace(0.2, 0.8, 61)
    p1, p0 = p[:, None], p[None]
    off = np.abs(np.log(p1 / p0 / np.sqrt(p1 * (1 - p0) / (p0 * (1 - p1)))))
    assert np.exp(off.max()) == pytest.approx(1.25)


def test_a_standardised_difference_of_nought_point_five():
    answer = e_value_standardised_difference(0.5, 0.25)
    r, low = np.exp(0.455), np.exp(0.455 - 0.445)
    assert answer.estimate == pytest.approx(r + np.sqrt(r * (r - 1)))
    assert answer.limit == pytest.approx(low + np.sqrt(low * (low - 1)))
    assert e_value_standardised_difference(0.5, 0.3).note == e_value.CROSSED


def test_the_e_value_of_a_risk_difference_of_nought_is_that_of_the_risk_ratio():
    """D(B) = 0 at B = p1/p0 (ding2016): 100 of 300 against 50 of 250 is a ratio of 5/3."""
    ours = e_value_risk_difference(100, 50, 200, 200)
    assert ours.estimate == pytest.approx(e_value_risk_ratio(5 / 3).estimate)


def test_a_negative_difference_is_read_the_other_way_round():
    up, down = e_value_risk_difference(100, 50, 200, 200, 0.02), e_value_risk_difference(50, 100, 200, 200, -0.02)
    assert (up.estimate, up.limit) == (down.estimate, down.limit)


@pytest.mark.parametrize(
    ("table", "true", "note"),
    [
        ((10, 0, 90, 100), 0, e_value.NO_UNEXPOSED_CASES),
        ((0, 0, 90, 100), 0, e_value.NO_UNEXPOSED_CASES),
        ((30, 10, 70, 90), 0.3, e_value.BEYOND),
        ((0, 10, 0, 90), 0, e_value.NOBODY),
    ],
)
def test_a_risk_difference_without_an_e_value_is_nan_with_a_note(table, true, note):
    answer = e_value_risk_difference(*table, true)
    assert answer.note == note
    assert np.isnan([answer.estimate, answer.limit]).all()


def test_an_interval_that_crosses_has_a_limit_of_one():
    answer = e_value_risk_difference(55, 51, 108778, 108778)
    assert (answer.limit, answer.note) == (1, e_value.CROSSED)
    assert answer.estimate > 1


def test_a_batch_of_risk_differences_equals_its_tables_one_by_one():
    rng = np.random.default_rng(3)
    tables = rng.integers(0, 60, (4, 200))
    batch = e_value_risk_difference(*tables, 0.01)
    assert len(set(batch.note)) > 2
    for g in range(200):
        one = e_value_risk_difference(*tables[:, g], 0.01)
        np.testing.assert_array_equal([batch.estimate[g], batch.limit[g]], [one.estimate, one.limit])
        assert batch.note[g] == one.note


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: selection_adjusted(-1, 1, 1, 1, 1, 1, 1, 1), "counts"),
        (lambda: selection_adjusted(1, 1, 1, 1, 2, 1, 1, 1), "selection"),
        (lambda: misclassified_outcome(1, 1, 1, 1, 1.2, 1), "sensitivity"),
        (lambda: misclassified_exposure(1, 1, 1, 1, 1, -0.1), "specificity"),
        (lambda: confounding_adjusted(0, 1, 0.5, 0.5), "ratio"),
        (lambda: confounding_adjusted(2, 1, 1.5, 0.5), "prevalence_exposed"),
        (lambda: e_value_risk_ratio(-1), "ratio"),
        (lambda: e_value_risk_ratio(1.2, 1.3, 1.4), "between"),
        (lambda: e_value_odds_ratio(-1, rare=False), "odds ratio"),
        (lambda: e_value_hazard_ratio(-1, rare=False), "hazard ratio"),
        (lambda: e_value_standardised_difference(0.5, -1), "std_error"),
        (lambda: e_value_risk_difference(1, 1, 1, 1, level=1), "level"),
    ],
)
def test_broken_input_is_refused_by_name(call, named):
    with pytest.raises(ValueError, match=named):
        call()
