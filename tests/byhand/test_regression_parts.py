"""Standardisation, interaction, splines, pooling, discrimination, calibration and influence on numbers for paper."""

import cProfile
import pstats

import numpy as np
import pytest
from scipy.optimize import minimize

from sarcoid_epi.stats.calibration import (
    NO_SHARE,
    ONE_RISK,
    PARTED,
    calibration,
    heuristic_shrinkage,
    risk_groups,
)  # fmt: skip
from sarcoid_epi.stats.discrimination import ONE_KIND, PERFECT, concordance
from sarcoid_epi.stats.firth import firth_profile
from sarcoid_epi.stats.influence import cook_distance, influence, variance_inflation
from sarcoid_epi.stats.interaction import PROTECTIVE, interaction
from sarcoid_epi.stats.likelihood_search import NO_MAXIMUM
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.poisson import log_binomial, modified_poisson
from sarcoid_epi.stats.proportion import wilson
from sarcoid_epi.stats.rubin import MISSING, NO_INVERSE, TOO_FEW, pooled_wald, rubin
from sarcoid_epi.stats.sandwich import ONE_CLUSTER, cr1_factor, cr1s_factor, hc1_factor
from sarcoid_epi.stats.splines import knots, restricted_cubic
from sarcoid_epi.stats.standardised import NO_COEFFICIENTS, standardised, standardised_known

FOUR = np.array([[1.0, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]])


def test_standardised_risks_of_a_saturated_model_are_weighted_shares():
    """Exposed 1/10 and 5/10, unexposed 1/20 and 2/5; strata of 30 and 15: (2/3 0.1 + 1/3 0.5), (2/3 0.05 + 1/3 0.4)."""
    events, n = [1, 1, 2, 5], [20, 10, 5, 10]
    one, zero = FOUR[[1, 1, 3, 3]], FOUR[[0, 0, 2, 2]]
    answer = standardised(FOUR, events, n, one, zero)
    assert answer.exposed.estimate == pytest.approx(2 / 30 + 5 / 30, rel=1e-9)
    assert answer.unexposed.estimate == pytest.approx(1 / 30 + 4 / 30, rel=1e-9)
    assert answer.difference.estimate == pytest.approx(2 / 30, rel=1e-8)
    assert answer.ratio.estimate == pytest.approx(1.4, rel=1e-9)
    # fixed strata: the variances of the shares, weighted; the covariates' own variance comes on top
    fit = logistic(FOUR, events, n)
    known = standardised_known(n, one, zero, fit.estimate, fit.covariance)
    variance = (4 * 0.09 / 10 + 0.25 / 10) / 9 + (4 * 0.0475 / 20 + 0.24 / 5) / 9
    assert known.difference.std_error**2 == pytest.approx(variance, rel=1e-8)
    spread = (2 / 3 * (0.05 - 2 / 30) ** 2 + 1 / 3 * (0.1 - 2 / 30) ** 2) / 45
    assert answer.difference.std_error**2 == pytest.approx(variance + spread, rel=1e-8)


def test_standardisation_without_a_fit_is_nan_with_its_note():
    answer = standardised([[1, 0], [1, 1]], [0, 3], [5, 10], [[1, 1]] * 2, [[1, 0]] * 2)
    assert answer.note == NO_MAXIMUM
    assert np.isnan(answer.ratio.estimate)
    answer = standardised_known([5, 10], [[1, 1]] * 2, [[1, 0]] * 2, [np.nan, 1], np.eye(2))
    assert answer.note == NO_COEFFICIENTS
    answer = standardised([[1, 0], [1, 1]], [1, 3], [5, 10], [[1, 1]] * 2, [[1, 0]] * 2, cluster=[1, 1])
    assert answer.note == ONE_CLUSTER
    assert np.isnan(answer.difference.std_error)


def test_weights_of_two_are_twice_the_patients_in_the_risks():
    one, zero = FOUR[[1, 1, 3, 3]], FOUR[[0, 0, 2, 2]]
    twice = standardised(FOUR, [1, 1, 2, 5], [20, 10, 5, 10], one, zero, weights=[2, 2, 1, 1])
    more = standardised(FOUR, [2, 2, 2, 5], [40, 20, 5, 10], one, zero)
    assert twice.difference.estimate == pytest.approx(more.difference.estimate, rel=1e-9)
    assert twice.difference.std_error > more.difference.std_error


def test_no_interaction_of_risks_that_add():
    """R10 = 2, R01 = 3, R11 = 4: RERI = 0, AP = 0, S = 1, and 4/6 on the multiplicative scale."""
    answer = interaction(np.log([2, 3, 4 / 6]), 0.01 * np.eye(3))
    values = [measure.estimate for measure in answer[:4]]
    assert values == pytest.approx([0, 0, 1, 4 / 6], abs=1e-12)
    assert answer.note == ""


def test_delta_method_of_reri_on_paper():
    """d/db1 = R11 - R10 = 2, d/db2 = R11 - R01 = 1, d/db3 = R11 = 4, variances 0.01: 0.01 (4 + 1 + 16)."""
    answer = interaction(np.log([2, 3, 4 / 6]), 0.01 * np.eye(3))
    assert answer.excess.std_error**2 == pytest.approx(0.21, rel=1e-12)
    assert answer.excess.high == pytest.approx(1.959963984540054 * 0.21**0.5, rel=1e-12)


def test_mover_limits_of_reri_on_paper():
    """Independent log ratios of R10 and R01 (b3 = -b1 - b2 + a constant known): R11 = 4 without error. Then the lower
    limit is 0 less the root of (u10 - 2)^2 + (u01 - 3)^2."""
    half = 1.959963984540054 * 0.1
    covariance = 0.01 * np.array([[1.0, 0, -1], [0, 1, -1], [-1, -1, 2]])
    answer = interaction(np.log([2, 3, 4 / 6]), covariance)
    below = np.hypot(2 * (np.exp(half) - 1), 3 * (np.exp(half) - 1))
    beyond = np.hypot(2 * (1 - np.exp(-half)), 3 * (1 - np.exp(-half)))
    assert (answer.excess.mover_low, answer.excess.mover_high) == pytest.approx((-below, beyond), rel=1e-9)


def test_mover_limits_of_synergy_on_paper():
    """The same covariance: S = 3/3; log S moves with log(R10 + R01 - 2) alone, whose limits are those of the sum."""
    half = 1.959963984540054 * 0.1
    answer = interaction(np.log([2, 3, 4 / 6]), 0.01 * np.array([[1.0, 0, -1], [0, 1, -1], [-1, -1, 2]]))
    wider = 3 + np.hypot(2, 3) * (np.exp(half) - 1)
    nearer = 3 - np.hypot(2, 3) * (1 - np.exp(-half))
    limits = (answer.synergy.mover_low, answer.synergy.mover_high)
    assert limits == pytest.approx((3 / wider, 3 / nearer), rel=1e-9)


def test_synergy_has_no_upper_limit_where_the_exposures_may_do_nothing_alone():
    """R10 = R01 = 1.1 with limits far below 1, R11 = 4: log(R10 + R01 - 2) has no lower limit."""
    answer = interaction(np.log([1.1, 1.1, 4 / 1.21]), np.diag([0.1, 0.1, 0.01]))
    assert np.isposinf(answer.synergy.mover_high)
    assert 0 < answer.synergy.mover_low < answer.synergy.estimate


def test_protective_exposures_are_named_and_have_no_synergy():
    answer = interaction(np.log([0.5, 0.5, 1]), 0.01 * np.eye(3))
    assert answer.note == PROTECTIVE
    assert np.isnan(list(answer.synergy)).all()
    assert np.isnan(interaction([np.nan, 0, 0], np.eye(3)).excess.estimate)


def test_splines_are_straight_outside_and_smooth_at_the_knots():
    at = np.array([1.0, 2.0, 4.0, 7.0])
    x = np.linspace(-3, 12, 1501)
    bends = restricted_cubic(x, at)[:, 1:]
    second = np.diff(bends, 2, axis=0)
    outside = (x[1:-1] < 0.99) | (x[1:-1] > 7.01)
    assert np.abs(second[outside]).max() < 1e-11
    assert np.abs(np.diff(second, axis=0)).max() < 0.02 * np.abs(second).max()
    np.testing.assert_array_equal(bends[x <= 1], 0)
    assert np.isnan(restricted_cubic([np.nan], at)).all()


def test_knots_of_counted_values_are_those_of_the_values_written_out():
    values, n = np.array([30.0, 45.0, 50.0, 62.0, 71.0, 80.0]), np.array([3, 9, 20, 14, 5, 0])
    for count in range(3, 8):
        written = np.repeat(values, n)
        outer = {3: 0.1, 7: 0.025}.get(count, 0.05)
        wanted = np.unique(np.quantile(written, np.linspace(outer, 1 - outer, count)))
        np.testing.assert_allclose(knots(values, count, n), wanted)


def test_rubin_without_missing_data_is_the_estimate_itself():
    answer = rubin([2.0, 2.0, 2.0], [4.0, 4.0, 4.0])
    assert (answer.estimate, answer.std_error, answer.between) == (2, 2, 0)
    assert np.isinf(answer.df)
    assert answer.high == pytest.approx(2 + 2 * 1.959963984540054, rel=1e-12)
    assert answer.missing_information == 0


def test_barnard_and_rubin_never_have_more_degrees_of_freedom_than_the_data():
    """B = 0: (nu + 1)/(nu + 3) nu, a little below nu; B large: those of the imputations."""
    answer = rubin([2.0, 2.0, 2.0], [4.0, 4.0, 4.0], complete_df=20)
    assert answer.df == pytest.approx(21 / 23 * 20, rel=1e-12)
    assert rubin([-100.0, 0.0, 100.0], [1.0] * 3, complete_df=20).df < 2.01


def test_rubin_refuses_to_pool_what_is_not_there():
    assert rubin([1.0], [1.0]).note == TOO_FEW
    answer = rubin([[1.0, np.nan], [1.0, 2.0]], 1.0)
    assert answer.note.tolist() == [MISSING, ""]
    assert np.isnan(answer.estimate).tolist() == [True, False]
    assert pooled_wald([[1.0, 2.0]], np.ones((1, 2, 2))).note == TOO_FEW
    assert pooled_wald([[1.0, 2.0]] * 3, np.ones((3, 2, 2))).note == NO_INVERSE
    assert pooled_wald([[1.0, np.nan]] * 3, np.ones((3, 2, 2))).note == MISSING


def test_d1_without_missing_data_is_the_wald_test():
    """(1, 2) with unit covariance: (1 + 4)/2, against F with 2 and infinitely many."""
    test = pooled_wald([[1.0, 2.0]] * 4, np.broadcast_to(np.eye(2), (4, 2, 2)))
    assert test.statistic == 2.5
    assert np.isinf(test.df_error)
    assert test.p_value == pytest.approx(np.exp(-2.5), rel=1e-6)  # chi-squared with 2: exp(-5/2)


def test_concordance_counts_pairs():
    """Every pair looked at, ties half; variances over patients."""
    rng = np.random.default_rng(6)
    score, y = rng.integers(0, 6, 60).astype(float), rng.integers(0, 2, 60)
    case, control = score[y == 1], score[y == 0]
    right = (case[:, None] > control) + 0.5 * (case[:, None] == control)
    answer = concordance(score, y, 1)
    assert answer.estimate == pytest.approx(right.mean(), rel=1e-12)
    variance = right.mean(1).var(ddof=1) / case.size + right.mean(0).var(ddof=1) / control.size
    assert answer.std_error**2 == pytest.approx(variance, rel=1e-12)
    values, back = np.unique(score, return_inverse=True)
    grouped = concordance(values, np.bincount(back, y), np.bincount(back))
    np.testing.assert_allclose([*grouped[:4]], [*answer[:4]], rtol=1e-12)


def test_concordance_at_its_ends():
    assert concordance([0.1, 0.9], [0, 3], [5, 3]).estimate == 1
    assert concordance([0.1, 0.9], [0, 3], [5, 3]).note == PERFECT
    assert np.isnan(concordance([0.1, 0.9], [0, 3], [5, 3]).low)
    assert concordance([0.1, 0.9], [0, 0], [5, 3]).note == ONE_KIND
    assert np.isnan(concordance([0.1, 0.9], [0, 0], [5, 3]).estimate)
    assert concordance([0.3, 0.3], [2, 1], [5, 3]).estimate == 0.5
    alone = concordance([0.1, 0.2, 0.9], [0, 1, 0], [5, 1, 2])
    assert alone.estimate == pytest.approx(5 / 7)
    assert np.isnan(alone.std_error)


def test_calibration_of_a_constant_prediction():
    """All predicted 1/4, 10 of 20 seen: too low by log 3; no slope; the Brier score is (10 * 9/16 + 10 / 16) / 20."""
    answer = calibration([0.25, 0.25], [4, 6], [10, 10])
    assert answer.intercept == pytest.approx(np.log(3), rel=1e-9)
    assert answer.intercept_std_error == pytest.approx((20 * 0.25) ** -0.5, rel=1e-9)
    assert answer.note == ONE_RISK
    assert np.isnan(answer.slope)
    assert answer.brier == pytest.approx(100 / 16 / 20, rel=1e-12)
    assert calibration([0.25, 0.5], [0, 0], [10, 10]).note == NO_SHARE
    assert calibration([0.25, 0.5], [0, 10], [10, 10]).note == PARTED
    assert np.isfinite(calibration([0.25, 0.5], [0, 10], [10, 10]).intercept)


def test_a_right_prediction_is_calibrated():
    answer = calibration([0.1, 0.5], [10, 50], [100, 100])
    assert (answer.intercept, answer.slope) == pytest.approx((0, 1), abs=1e-9)
    assert answer.brier_scaled == pytest.approx(1 - (10 * 0.81 + 90 * 0.01 + 50 * 0.5) / 200 / (0.3 * 0.7), rel=1e-12)


def test_risk_groups_hold_equals_together_and_may_be_empty():
    answer = risk_groups([0.3, 0.1, 0.3, 0.2], [1, 0, 2, 1], [5, 5, 5, 5], groups=4)
    assert answer.n.tolist() == [5, 5, 0, 10]
    assert answer.events.tolist() == [0, 1, 0, 3]
    assert np.isnan(answer.observed[2])
    np.testing.assert_array_equal(answer.limits.high, wilson(answer.events, answer.n).high)


def test_influence_of_a_patient_on_a_share():
    """Two of 10: a patient with the event takes the log odds up by (1 - p) / (10 p q (1 - h)), with h = 1/10."""
    answer = influence([[1.0]], [2], [10])
    assert answer.dfbeta[0, 1, 0] == pytest.approx(0.8 / (10 * 0.16 * 0.9), rel=1e-9)
    assert answer.residual[0] == pytest.approx([-0.5, 2], rel=1e-9)
    assert answer.present.tolist() == [[True, True]]
    lost = influence([[1, 0], [1, 1]], [0, 3], [5, 10])
    assert lost.note == NO_MAXIMUM
    assert np.isnan(lost.cook).all()


def test_cooks_distance_at_the_maximum_is_that_of_influence():
    events, n = [1, 1, 2, 5], [20, 10, 5, 10]
    ours = cook_distance(FOUR[:, :3], n, logistic(FOUR[:, :3], events, n).estimate)
    theirs = influence(FOUR[:, :3], events, n)
    np.testing.assert_allclose(ours.cook, theirs.cook, rtol=1e-10)
    np.testing.assert_allclose(ours.leverage, theirs.leverage, rtol=1e-10)


@pytest.mark.parametrize(("kind", "fit"), [("poisson", modified_poisson), ("log_binomial", log_binomial)])
def test_cooks_distance_of_ratios_is_about_what_leaving_a_patient_out_does(kind, fit):
    """By refits: of each row one patient with the outcome, and one without; one Newton step is near enough."""
    rows = FOUR[:, :3]
    events, n = np.array([20, 30, 45, 90]), np.array([100, 90, 100, 110])
    whole = fit(rows, events, n)
    found = cook_distance(rows, n, whole.estimate, whole.covariance, kind).cook
    for row in range(4):
        for outcome in (0, 1):
            one = np.eye(4, dtype=int)[row]
            moved = whole.estimate - fit(rows, events - outcome * one, n - one).estimate
            refit = moved @ np.linalg.solve(whole.covariance, moved) / 3
            assert found[row, outcome] == pytest.approx(refit, rel=0.05)


def test_a_patient_with_a_coefficient_to_himself_is_infinitely_far():
    fit = log_binomial([[1, 0], [1, 1]], [10, 1], [50, 2])
    assert np.isfinite(cook_distance([[1, 0], [1, 1]], [50, 2], fit.estimate, kind="log_binomial").cook).all()
    alone = cook_distance([[1, 0], [1, 1]], [50, 1], [-1.0, 2.0])
    assert alone.leverage[1] == pytest.approx(1)
    assert np.isinf(alone.cook[1]).all()
    assert np.isnan(cook_distance([[1, 0], [1, 1]], [50, 0], [-1.0, 2.0]).cook).all()


def test_the_slope_to_expect_is_what_is_left_of_the_statistic():
    np.testing.assert_allclose(heuristic_shrinkage([12.0, 4.0, 2.0, np.nan], 4), [2 / 3, 0, 0, np.nan])


def test_uncorrelated_coefficients_inflate_nothing():
    assert variance_inflation(np.diag([1.0, 4.0, 9.0])) == pytest.approx([1, 1, 1])
    assert variance_inflation(np.diag([1.0, 4.0, 9.0]), [[0, 2], [1]]) == pytest.approx([1, 1])
    assert np.isnan(variance_inflation(np.full((2, 2), np.nan))).all()


def test_a_profile_is_followed_past_where_the_penalised_likelihood_stops_being_concave():
    """Few patients, six columns: against the fall of the likelihood that a general optimiser finds at the limits."""
    rng = np.random.default_rng(3)
    flags = rng.random((60, 24, 3)) < [0.2, 0.3, 0.5]
    rows = np.concatenate([np.ones((60, 24, 1)), flags, rng.integers(-9, 10, size=(60, 24, 2))], axis=-1)[31]
    events = (rng.random((60, 24)) < 0.1 + 0.5 * flags[..., 0])[31]
    answer = firth_profile(rows, events, np.ones(24), columns=[1])
    assert answer.note == ""
    scaled = rows / np.where(rows.std(axis=0) > 0, rows.std(axis=0), 1.0)

    def lost(beta):
        eta = scaled @ beta
        weight = 1 / (2 + 2 * np.cosh(eta))
        likelihood = (events * eta - np.logaddexp(0, eta)).sum()
        return -likelihood - np.linalg.slogdet((scaled.T * weight) @ scaled)[1] / 2

    top = minimize(lost, np.zeros(6)).fun
    for limit in (answer.low[1], answer.high[1]):
        held = limit * rows[:, 1].std()
        fallen = minimize(lambda free, held=held: lost(np.insert(free, 1, held)), np.zeros(5)).fun - top
        assert 2 * fallen == pytest.approx(3.841458820694124, rel=1e-6)


def test_small_sample_factors():
    assert (hc1_factor(10, 5), cr1_factor(5), cr1s_factor(5, 11, 6)) == (2, 1.25, 2.5)
    assert np.isnan([hc1_factor(5, 5), cr1_factor(1)]).all()


def batch():
    rng = np.random.default_rng(7)
    n = rng.integers(2, 12, (1000, 30))
    prediction = rng.integers(1, 20, (1000, 30)) / 20
    return prediction, rng.binomial(n, prediction), n


PARTS = {"concordance": concordance, "calibration": calibration, "risk_groups": risk_groups}


@pytest.mark.parametrize("name", PARTS)
def test_predictions_of_a_thousand_groups_equal_one_by_one_without_a_loop(name):
    table = batch()
    many = PARTS[name](*table)
    for group in range(0, 1000, 37):
        for ours, alone in zip(many[:4], PARTS[name](*(part[group] for part in table))[:4], strict=True):
            np.testing.assert_allclose(ours[group], alone, rtol=1e-9)
    counts = []
    for part in (table, tuple(part[0] for part in table)):
        record = cProfile.Profile()
        record.runcall(PARTS[name], *part)
        counts.append(pstats.Stats(record).total_calls)
    assert counts[0] < 1000 * counts[1] / 50


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: interaction([1, 2], np.eye(2)), "estimate needs shape"),
        (lambda: interaction([1, 2, 3], -np.eye(3)), "covariance has a negative variance"),
        (lambda: restricted_cubic([1.0], [1, 2]), "knots must be at least three ascending numbers"),
        (lambda: restricted_cubic([1.0], [1, 3, 2]), "knots must be at least three ascending numbers"),
        (lambda: knots([1.0, 2.0], 8), "3 to 7 knots can be placed; got 8"),
        (lambda: knots([1.0, 1.0, 2.0], 3, [9, 9, 1]), "a curve needs three different knots"),
        (lambda: knots([1.0, np.inf], 3), "values must be finite numbers"),
        (lambda: knots([1.0, 2.0], 3, [0, 0]), "n must be whole numbers of 0 and above, not all 0"),
        (lambda: rubin([1, 2], [-1, 1]), "variance must not be negative"),
        (lambda: rubin(1.0, 1.0), "estimate and variance need an axis of data sets"),
        (lambda: rubin([1, 2], 1, complete_df=0), "complete_df must be above 0"),
        (lambda: pooled_wald([1.0, 2.0], np.eye(2)), "estimate needs shape"),
        (lambda: concordance([np.nan], [1], [2]), "prediction must be finite numbers"),
        (lambda: concordance(0.5, 1, 2), "prediction, events and n need an axis of rows"),
        (lambda: calibration([0.0], [1], [2]), "prediction must lie above 0 and below 1"),
        (lambda: calibration([1.5], [1], [2]), "prediction must lie between 0 and 1"),
        (lambda: risk_groups([0.5], [1], [2], groups=0), "groups must be 1 or more"),
        (lambda: variance_inflation([1.0, 2.0]), "covariance must be square"),
        (lambda: variance_inflation(np.eye(2), [[0]]), "terms must hold each of 2 columns once"),
        (lambda: cook_distance([[np.inf]], [1], [0.0]), "rows must be finite numbers"),
        (lambda: standardised_known([1], [[1, np.inf]], [[1, 0]], [0, 0], np.eye(2)), "rows must be finite numbers"),
    ],
)
def test_broken_input_is_refused_in_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
