"""Logistic, Firth and Poisson regression and separation on tables small enough for paper; what cannot be estimated."""

import cProfile
import pstats

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import logit

from sarcoid_epi.stats.firth import firth, firth_profile, firth_ratio_test
from sarcoid_epi.stats.firth_risk import flac, flic
from sarcoid_epi.stats.likelihood_search import NO_MAXIMUM
from sarcoid_epi.stats.logistic import logistic, logistic_profile, logistic_ratio_test
from sarcoid_epi.stats.poisson import AT_THE_BOUNDARY, NO_SINGLE, log_binomial, modified_poisson
from sarcoid_epi.stats.rows import NO_PATIENTS, grouped
from sarcoid_epi.stats.sandwich import ONE_CLUSTER, firth_sandwich, log_sandwich, logistic_sandwich
from sarcoid_epi.stats.separation import poisson_separation, separation
from sarcoid_epi.stats.standardised import standardised

TWO = np.array([[1.0, 0.0], [1.0, 1.0]])
METHODS = [logistic, firth, modified_poisson, log_binomial]


def test_a_saturated_model_gives_the_table_back():
    """10 of 50 against 30 of 60: odds 1/4 and 1, risks 1/5 and 1/2; Woolf's variance 1/10 + 1/40 + 1/30 + 1/30."""
    fit = logistic(TWO, [10, 30], [50, 60])
    assert fit.estimate == pytest.approx([np.log(1 / 4), np.log(4)], rel=1e-10)
    assert fit.std_error[1] ** 2 == pytest.approx(1 / 10 + 1 / 40 + 2 / 30, rel=1e-12)
    assert modified_poisson(TWO, [10, 30], [50, 60]).estimate == pytest.approx(np.log([0.2, 2.5]), rel=1e-12)
    assert log_binomial(TWO, [10, 30], [50, 60]).estimate == pytest.approx(np.log([0.2, 2.5]), rel=1e-9)


def test_firth_adds_half_a_patient_to_each_cell_of_a_table():
    """Jeffreys' prior of a saturated model is half a patient with and half without in each row."""
    fit = firth(TWO, [0, 3], [5, 10])
    assert fit.estimate == pytest.approx([logit(0.5 / 6), logit(3.5 / 11) - logit(0.5 / 6)], rel=1e-9)
    # information of 5 and 10 patients at those risks, and of 6 and 11: h adds one to each row
    weight = np.array([0.5 / 6 * 5.5 / 6, 3.5 / 11 * 7.5 / 11])
    assert fit.std_error[0] == pytest.approx((5 * weight[0]) ** -0.5, rel=1e-9)
    assert fit.std_error[1] == pytest.approx((1 / (5 * weight[0]) + 1 / (10 * weight[1])) ** 0.5, rel=1e-9)
    assert fit.std_error_augmented[1] == pytest.approx((1 / (6 * weight[0]) + 1 / (11 * weight[1])) ** 0.5, rel=1e-9)


def test_firth_of_a_constant_alone_is_the_beta_prior():
    """(x + 1/2) / (n + 1), also where nobody has the event."""
    fit = firth([[1.0]], [[0], [4], [10]], [10])
    assert fit.estimate[:, 0] == pytest.approx(logit(np.array([0.5, 4.5, 10.5]) / 11), rel=1e-9)


def test_the_likelihood_ratio_is_the_g_statistic():
    """2 sum O log(O/E) with 40 of 110 in all."""
    observed = np.array([10, 40, 30, 30])
    expected = np.array([50 * 40 / 110, 50 * 70 / 110, 60 * 40 / 110, 60 * 70 / 110])
    g = 2 * (observed * np.log(observed / expected)).sum()
    assert logistic_ratio_test(TWO, [10, 30], [50, 60], columns=[1]).statistic == pytest.approx(g, rel=1e-10)
    assert logistic_profile(TWO, [10, 30], [50, 60]).statistic[1] == pytest.approx(g, rel=1e-10)


def test_at_a_profile_limit_the_likelihood_has_fallen_by_half_z_squared():
    """The limit of a share on the logit scale: 2 [3 log(.3/p) + 7 log(.7/(1-p))] = 3.8415."""
    answer = logistic_profile([[1.0]], [3], [10])
    for limit in (answer.low[0], answer.high[0]):
        p = 1 / (1 + np.exp(-limit))
        assert 2 * (3 * np.log(0.3 / p) + 7 * np.log(0.7 / (1 - p))) == pytest.approx(3.841458820694124, rel=1e-9)


def test_a_bool_outcome_is_one_and_zero_and_flips_no_sign():
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(80), rng.normal(size=80)])
    y = rng.random(80) < 1 / (1 + np.exp(-x[:, 1]))
    for method in METHODS:
        np.testing.assert_array_equal(method(x, y, 1).estimate, method(x, y.astype(int), 1).estimate)
    assert logistic(x, y, 1).estimate[1] > 0
    np.testing.assert_array_equal(grouped(x, y).events, grouped(x, y.astype(int)).events)


def test_patients_may_be_counted_in_any_order_and_grouping():
    rng = np.random.default_rng(4)
    x = np.column_stack([np.ones(300), rng.integers(0, 3, 300), rng.integers(0, 2, 300)])
    y = rng.integers(0, 2, 300)
    few = grouped(x, y)
    assert len(few.n) == 6
    assert (few.n.sum(), few.events.sum()) == (300, y.sum())
    for method in METHODS:
        np.testing.assert_allclose(method(*few).estimate, method(x, y, 1).estimate, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(method(*few).covariance, method(x, y, 1).covariance, rtol=1e-9, atol=1e-12)


def test_grouping_does_not_mix_rows_up():
    """Rows that differ by the last digit are two."""
    few = grouped([[1.0, 0.1 + 0.2], [1.0, 0.3], [1.0, 0.3]], [1, 0, 1])
    assert sorted(few.n.tolist()) == [1, 2]


@pytest.mark.parametrize("method", METHODS)
def test_a_column_that_follows_from_others_is_named(method):
    """Both levels of sex beside the constant; a factor of one level; two such columns."""
    fit = method([[1, 1, 0], [1, 0, 1]], [3, 4], [10, 10])
    assert np.isnan(fit.estimate).all()
    assert np.isnan(fit.log_likelihood)
    assert fit.note == "column 2 follows from the columns before it (counted from 0): leave it out"
    fit = method([[1, 0, 0], [1, 0, 0]], [3, 4], [10, 10])
    assert fit.note == "columns 1, 2 follow from the columns before them (counted from 0): leave them out"


@pytest.mark.parametrize("method", METHODS)
def test_nobody_gives_nan_and_a_note(method):
    fit = method(TWO, [0, 0], [0, 0])
    assert np.isnan(fit.estimate).all()
    assert fit.note == NO_PATIENTS


@pytest.mark.parametrize("method", METHODS)
def test_rows_without_patients_count_for_nothing(method):
    more = np.vstack([TWO, [[1.0, 7.0]]])
    np.testing.assert_allclose(
        method(more, [10, 30, 0], [50, 60, 0]).estimate, method(TWO, [10, 30], [50, 60]).estimate
    )
    assert "column 1" in str(method([[1, 0], [1, 1]], [3, 0], [10, 0]).note)


@pytest.mark.parametrize("events", [[0, 3], [5, 3], [0, 0], [5, 10], [0, 10]])
def test_separated_data_have_no_logistic_estimate_but_one_of_firth(events):
    fit = logistic(TWO, events, [5, 10])
    assert np.isnan(fit.estimate).all()
    assert fit.note == NO_MAXIMUM
    assert np.isnan(logistic_profile(TWO, events, [5, 10]).low).all()
    assert np.isnan(logistic_ratio_test(TWO, events, [5, 10], [1]).statistic)
    answer = firth(TWO, events, [5, 10])
    assert np.isfinite(answer.estimate).all()
    limits = firth_profile(TWO, events, [5, 10])
    assert (limits.low < answer.estimate).all()
    assert (answer.estimate < limits.high).all()


def test_separation_says_what_is_infinite_and_where_to():
    cases = [
        ([0, 3], "quasi-complete", [-1, 1]),
        ([5, 3], "quasi-complete", [1, -1]),
        ([0, 0], "complete", [-1, np.nan]),
        ([5, 10], "complete", [1, np.nan]),
        ([0, 10], "complete", [-1, 1]),
        ([2, 3], "none", [0, 0]),
    ]
    for events, kind, direction in cases:
        answer = separation(TWO, events, [5, 10])
        assert answer.kind == kind
        np.testing.assert_array_equal(answer.direction, direction)
    assert separation(TWO, [0, 10], [5, 10]).note == "complete separation: infinite are columns 0 (-), 1 (+)"
    assert separation(TWO, [0, 0], [5, 10]).note == "complete separation: infinite are columns 0 (-), 1 (+ or -)"


def test_separation_along_a_mixture_of_covariates_is_found():
    """No single covariate separates, their sum does: events exactly where x + z > 1.5 of 0, 1, 2 each; with one patient
    on the line who could be either, at (1, 1) with both outcomes, it does not."""
    x, z = (axis.ravel() for axis in np.meshgrid([0.0, 1, 2], [0.0, 1, 2]))
    rows = np.column_stack([np.ones(9), x, z])
    events = (x + z > 1.5).astype(int)
    answer = separation(rows, events, 1)
    assert (answer.kind, answer.direction.tolist()) == ("complete", [-1, 1, 1])
    mixed = np.where((x == 1) & (z == 1), 1, events)
    answer = separation(rows, mixed, np.where((x == 1) & (z == 1), 2, 1))
    assert answer.kind == "quasi-complete"
    contrary = np.where((x == 2) & (z == 2), 0, mixed)
    assert separation(rows, contrary, np.where((x == 1) & (z == 1), 2, 1)).kind == "none"


def test_only_the_coefficients_of_the_empty_cell_run_away():
    """Sex has an ordinary effect; nobody exposed has the event."""
    rows = [[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1]]
    answer = separation(rows, [3, 5, 0, 0], [10, 10, 10, 10])
    assert (answer.kind, answer.direction.tolist()) == ("quasi-complete", [0, 0, -1])
    assert answer.note == "quasi-complete separation: infinite is column 2 (-)"


def test_separation_needs_columns_that_do_not_repeat_each_other():
    answer = separation([[1, 1], [1, 1]], [0, 5], [5, 5])
    assert (answer.kind, answer.note[:8]) == ("", "column 1")
    assert np.isnan(answer.direction).all()


def test_a_risk_ratio_runs_away_only_where_nobody_has_the_event():
    assert poisson_separation(TWO, [5, 3], [5, 10]).kind == "none"
    assert np.isfinite(modified_poisson(TWO, [5, 3], [5, 10]).estimate).all()
    assert poisson_separation(TWO, [2, 0], [5, 10]).direction.tolist() == [0, -1]
    for method in (modified_poisson, log_binomial):
        fit = method(TWO, [2, 0], [5, 10])
        assert np.isnan(fit.estimate).all()
        assert "risk" in str(fit.note)


def test_a_log_binomial_maximum_at_the_boundary_is_said_to_be_there():
    """2, 5 and 10 of 10 at x = 0, 1, 2: along risk 1 at x = 2 the likelihood has one parameter."""
    rows, events, n = [[1, 0], [1, 1], [1, 2]], [2, 5, 10], [10, 10, 10]
    fit = log_binomial(rows, events, n)

    def fall(slope):
        low, middle = np.exp(-2 * slope), np.exp(-slope)
        return -(2 * np.log(low) + 8 * np.log(1 - low) + 5 * np.log(middle) + 5 * np.log(1 - middle))

    best = minimize_scalar(fall, bounds=(0.1, 3), method="bounded", options={"xatol": 1e-10}).x
    assert fit.note == AT_THE_BOUNDARY
    # the barrier leaves 1e-8 of a patient at the edge; worst 1e-8
    assert fit.estimate == pytest.approx([-2 * best, best], abs=1e-6)
    assert fit.log_likelihood == pytest.approx(-fall(best), abs=1e-6)
    assert np.isnan(fit.std_error).all()


def test_everybody_with_the_event_in_a_saturated_row_is_at_the_boundary():
    fit = log_binomial(TWO, [2, 10], [10, 10])
    assert fit.note == AT_THE_BOUNDARY
    assert np.exp(fit.estimate) == pytest.approx([0.2, 5], rel=1e-6)


def test_a_log_binomial_maximum_that_is_not_single_is_refused():
    """Everybody has the event in two of three rows, and the constant is all that the third can tell; and everybody in
    every row: then risk 1 for all is the maximum, at the boundary."""
    rows = [[1, 0, 0], [1, 1, 0], [1, 0, 1]]
    assert log_binomial([*rows, [1, 1, 1]], [5, 5, 5, 0], [10, 5, 5, 0]).note == AT_THE_BOUNDARY
    rows = [[1, 0, 2], [1, 1, 0], [1, 0, 1], [1, 1, 1]]
    fit = log_binomial(rows, [3, 3, 0, 1], [3, 3, 2, 2])
    assert fit.note == NO_SINGLE
    assert np.isnan(fit.estimate).all()


def test_robust_variances_of_one_share():
    """HC0 of a share is x (n - x) / n^3, on the logit scale over (p (1 - p))^2, on the log scale over p^2."""
    fit = logistic([[1.0]], [3], [10])
    robust = logistic_sandwich([[1.0]], [3], [10], fit.estimate)
    assert robust.covariance[0, 0] == pytest.approx(0.021 / 0.21**2, rel=1e-12)
    robust = log_sandwich([[1.0]], [3], [10], np.log([0.3]))
    assert robust.covariance[0, 0] == pytest.approx(0.021 / 0.3**2, rel=1e-12)
    assert robust.units == 10


def test_clusters_of_all_and_none():
    """Two centres, 10 of 10 and 0 of 10: the scores are 10/2 and -10/2, the information 20/4."""
    robust = logistic_sandwich([[1.0], [1.0]], [10, 0], [10, 10], [0.0], cluster=["a", "b"])
    assert robust.covariance[0, 0] == pytest.approx((25 + 25) / 25, rel=1e-12)
    assert robust.units == 2
    alone = logistic_sandwich([[1.0], [1.0]], [4, 3], [10, 10], [0.0], cluster=["a", "a"])
    assert alone.note == ONE_CLUSTER
    assert np.isnan(alone.covariance).all()
    fit = modified_poisson(TWO, [4, 3], [10, 10], cluster=["a", "a"])
    assert fit.note == ONE_CLUSTER
    assert np.isfinite(fit.estimate).all()
    assert np.isnan(fit.std_error).all()


def test_a_cluster_without_patients_is_none():
    one = logistic_sandwich(np.ones((3, 1)), [4, 3, 0], [10, 10, 0], [0.0], cluster=[1, 2, 3])
    assert one.units == 2


def test_risks_of_flic_and_flac_have_the_observed_mean():
    rows = [[1, 0], [1, 1], [1, 2]]
    for method in (flic, flac):
        answer = method(rows, [0, 1, 2], [40, 30, 20])
        assert answer.risk @ [40, 30, 20] == pytest.approx(3, rel=1e-9)
        lost = method(rows, [0, 0, 0], [40, 30, 20])
        assert np.isnan(lost.risk).all()
        assert lost.note
    firths = firth(rows, [0, 1, 2], [40, 30, 20]).estimate
    assert flic(rows, [0, 1, 2], [40, 30, 20]).estimate[1] == firths[1]
    assert (1 / (1 + np.exp(-np.array(rows) @ firths))) @ [40, 30, 20] > 3.3


def cohort(seed=5, groups=1000):
    """Groups of one design and their own counts; some separated, one aliased by an empty row, one empty."""
    rng = np.random.default_rng(seed)
    rows = np.array([[1, a, b] for a in (0, 1) for b in (0, 1, 2)], dtype=float)
    n = rng.integers(5, 40, (groups, 6))
    events = rng.binomial(n, 0.1 + 0.1 * rows[:, 2])
    n[3], events[3] = 0, 0
    n[4, 3:], events[4, 3:] = 0, 0
    return rows, events, n


CALLS = {
    "logistic": logistic,
    "firth": firth,
    "modified_poisson": modified_poisson,
    "log_binomial": log_binomial,
    "separation": separation,
    "poisson_separation": poisson_separation,
    "logistic_profile": logistic_profile,
    "firth_profile": firth_profile,
    "logistic_ratio_test": lambda *table: logistic_ratio_test(*table, columns=[1, 2]),
    "firth_ratio_test": lambda *table: firth_ratio_test(*table, columns=[1, 2]),
    "flic": flic,
    "flac": flac,
    "logistic_sandwich": lambda *table: logistic_sandwich(
        *table, logistic(*table).estimate, cluster=[0, 1, 2, 0, 1, 2]
    ),
    "firth_sandwich": lambda *table: firth_sandwich(*table, firth(*table).estimate),
    "standardised": lambda *table: standardised(*table, *designs()),
}


def designs():
    rows = cohort(groups=5)[0]
    one, zero = rows.copy(), rows.copy()
    one[:, 1], zero[:, 1] = 1, 0
    return one, zero


def leaves(answer):
    """The arrays of an answer, those of its parts included."""
    return [leaf for field in answer for leaf in (leaves(field) if isinstance(field, tuple) else [np.asarray(field)])]


@pytest.mark.parametrize("name", CALLS)
def test_a_batch_equals_its_groups_one_by_one(name):
    rows, events, n = cohort(groups=40)
    batch = leaves(CALLS[name](rows, events.reshape(2, 20, 6), n.reshape(2, 20, 6)))
    for group in range(40):
        place = divmod(group, 20)
        for ours, alone in zip(batch, leaves(CALLS[name](rows, events[group], n[group])), strict=True):
            if alone.dtype.kind == "f":
                np.testing.assert_allclose(ours[place], alone, rtol=1e-7, atol=1e-9)
            else:
                np.testing.assert_array_equal(ours[place], alone)


@pytest.mark.parametrize("name", CALLS)
def test_a_thousand_groups_are_no_loop(name):
    """Calls of functions, counted. Separated groups need linear programmes, distinct ones one by one, and are left out
    of the count for separation only."""
    rows, events, n = cohort()
    if name in ("separation", "poisson_separation"):
        events, n = np.maximum(events, 1), np.maximum(n, 1) + 2
    many, one = calls(name, rows, events, n), calls(name, rows, events[0], n[0])
    assert many < 1000 * one / 50


def calls(name, *table):
    record = cProfile.Profile()
    record.enable()
    CALLS[name](*table)
    record.disable()
    return pstats.Stats(record).total_calls


@pytest.mark.parametrize("name", CALLS)
def test_one_group_gives_scalars(name):
    rows, events, n = cohort(groups=5)
    answer = CALLS[name](rows, events[0], n[0])
    assert isinstance(answer.note, np.str_)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: logistic([1.0, 2.0], [1, 1], 2), "rows need an axis of rows and an axis of columns"),
        (lambda: logistic([[1.0, np.nan]], [1], [2]), "rows must be finite numbers"),
        (lambda: logistic(TWO, [1, 3], [2, 2]), "events must not exceed n; got 3 of 2"),
        (lambda: firth(TWO, [1, -1], [2, 2]), "events must not be negative; got -1"),
        (lambda: firth(TWO, [1, 0.5], [2, 2]), "events must be whole numbers; got 0.5"),
        (lambda: logistic(TWO, [1, 1, 1], 2), r"events and n need one number for each of 2 rows; got shape \(3,\)"),
        (lambda: logistic(TWO, [1, 1], 2, level=1), "level must lie between 0 and 1"),
        (lambda: logistic(TWO, [1, 1], 2, weights=[1, -1]), "weights must be numbers of 0 and above"),
        (lambda: logistic_ratio_test(TWO, [1, 1], 2, [2]), "columns must be whole numbers from 0 to 1"),
        (lambda: firth_ratio_test(TWO, [1, 1], 2, [1, 1]), "columns must name at least one column, and each once"),
        (lambda: flic([[0, 1], [1, 1]], [1, 1], 2), "the first column of rows must be the constant 1"),
        (lambda: logistic_sandwich(TWO, [1, 1], 2, [0.0]), "estimate needs one number for each of 2 columns"),
        (lambda: logistic_sandwich(TWO, [1, 1], 2, [0, 0], cluster=[1]), None),
        (lambda: logistic_sandwich(TWO, [1, 1], 2, [0, 0], cluster=[1, 2, 3]), "cluster needs a label for each of 2"),
        (lambda: grouped([[1.0]], [2]), "outcome must be 0 or 1"),
        (lambda: standardised(TWO, [1, 1], 2, [[1, 1]], TWO), "exposed needs 2 rows and 2 columns"),
    ],
)
def test_broken_input_is_refused_in_a_sentence(call, sentence):
    if sentence is None:
        assert call().note == ONE_CLUSTER  # one label for all rows
        return
    with pytest.raises(ValueError, match=sentence):
        call()
