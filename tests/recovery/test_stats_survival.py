"""Known truths of follow-up: coverage and level over many replicates, each within k = 4 Monte Carlo standard errors.

Two causes with rates 0.10 and 0.06 a year (and twice the first in an exposed arm where the test says so), censoring at
rate 0.05 and at 12 years, times in whole months so that ties abound; late entry: an age at entry before which a
patient, if the event comes first, is never seen.
"""

import numpy as np
import pytest
from scipy.stats import norm

from sarcoid_epi.stats.aalen_johansen import cumulative_incidence
from sarcoid_epi.stats.gray import gray_test
from sarcoid_epi.stats.kaplan_meier import kaplan_meier, survival_quantile
from sarcoid_epi.stats.log_rank import log_rank, log_rank_trend
from sarcoid_epi.stats.proportional_hazards import proportional_hazards_test
from sarcoid_epi.stats.restricted_mean import mean_difference, mean_ratio, restricted_mean, restricted_time_lost
from sarcoid_epi.stats.risk_sums import cox_rows, risk_sums
from sarcoid_epi.stats.risk_table import risk_table, value_at
from sarcoid_epi.stats.robust_incidence import robust_incidence
from sarcoid_epi.stats.standardised_survival import standardised_survival

FIRST, SECOND, LOST, END = 0.10 / 12, 0.06 / 12, 0.05 / 12, 144
REPLICATES, PATIENTS = 2000, 200
K = 4


def followed(seed, arms=(1.0,), late=False, replicates=REPLICATES, patients=PATIENTS):
    """A risk table of replicates and arms; arms multiply the rate of the first cause."""
    rng = np.random.default_rng(seed)
    shape = (replicates, len(arms), patients)
    entry = np.full(shape, -np.inf)
    time = np.zeros(shape)
    event = np.zeros(shape, dtype=int)
    unseen = np.ones(shape, dtype=bool)
    rate = np.broadcast_to(np.array(arms)[:, None] * FIRST, shape)
    while unseen.any():  # those whose event came before their entry are drawn again: they are not in the cohort
        size = int(unseen.sum())
        come = rng.exponential(1.0 / (rate[unseen] + SECOND))
        cause = np.where(rng.random(size) < rate[unseen] / (rate[unseen] + SECOND), 1, 2)
        start = np.floor(np.where(rng.random(size) < 0.5, 0.0, rng.uniform(0, 60, size))) if late else np.zeros(size)
        leave = np.minimum(start + np.ceil(rng.exponential(1.0 / LOST, size)), END)
        month = np.ceil(come)
        keep = (month > start) & (leave > start)
        place = tuple(index[keep] for index in np.nonzero(unseen))
        entry[place] = np.where(start > 0, start, -np.inf)[keep] if late else -np.inf
        time[place] = np.minimum(month, leave)[keep]
        event[place] = np.where(month <= leave, cause, 0)[keep]
        unseen[place] = False
    codes = np.indices(shape).reshape(3, -1)[:2]
    return risk_table(time.ravel(), event.ravel(), entry.ravel() if late else None, group=codes, causes=2)


def survival(months, rate=FIRST):
    return np.exp(-(rate + SECOND) * np.asarray(months, dtype=float))


def near(share, truth, runs=REPLICATES, slack=0.0):
    """Within K Monte Carlo standard errors, and a slack that is named where the method is only approximate."""
    return abs(share - truth) < K * np.sqrt(truth * (1 - truth) / runs) + slack


@pytest.mark.parametrize("late", [False, True])
def test_kaplan_meier_covers_with_ties_and_late_entry(late):
    """At 12, 48 and 120 months; slack 0.01: log-log limits of 200 patients."""
    table = followed(1, late=late)
    curve = kaplan_meier(table)
    asked = np.array([12, 48, 120])
    low, high = (value_at(curve.time, end, asked, np.nan)[:, 0] for end in (curve.low, curve.high))
    for k, truth in enumerate(survival(asked)):
        assert near(((low[:, k] <= truth) & (truth <= high[:, k])).mean(), 0.95, slack=0.01)
    mean = value_at(curve.time, curve.survival, asked, 1.0)[:, 0]
    assert (np.abs(mean.mean(0) - survival(asked)) < K * mean.std(0) / np.sqrt(REPLICATES)).all()


def test_the_median_is_covered():
    """The median month is the first with S at most 1/2; slack 0.015 for the whole months."""
    quantile = survival_quantile(kaplan_meier(followed(2)))
    truth = np.ceil(np.log(2) / (FIRST + SECOND))
    covered = (quantile.low[:, 0] <= truth) & ~(quantile.high[:, 0] < truth)
    assert near(covered.mean(), 0.95, slack=0.015)


@pytest.mark.parametrize("late", [False, True])
def test_incidence_covers_and_its_error_is_that_of_the_replicates(late):
    answer = cumulative_incidence(followed(3, late=late))
    asked = np.array([24, 96])
    total = FIRST + SECOND
    for cause, rate in enumerate((FIRST, SECOND)):
        truth = rate / total * (1 - survival(asked))
        parts = (getattr(answer, name)[:, 0, cause] for name in ("incidence", "std_error", "low", "high"))
        estimate, error, low, high = (value_at(answer.time, part, asked, np.nan) for part in parts)
        assert (np.abs(estimate.mean(0) - truth) < K * estimate.std(0) / np.sqrt(REPLICATES)).all()
        # The spread of 2 000 replicates is known to 1.6 %; slack 3 % for the error being itself an estimate.
        assert (np.abs(error.mean(0) / estimate.std(0) - 1) < K * 0.016 + 0.03).all()
        for k in (0, 1):
            assert near(((low[:, k] <= truth[k]) & (truth[k] <= high[:, k])).mean(), 0.95, slack=0.01)


@pytest.mark.parametrize("late", [False, True])
def test_log_rank_and_gray_keep_their_level(late):
    """Three equal arms; slack 0.01: the chi-squared approximation."""
    table = followed(4, arms=(1.0, 1.0, 1.0), late=late, patients=100)
    for test in (
        log_rank(table),
        log_rank(table, rho=1),
        log_rank(table, cause=2),
        gray_test(table),
        gray_test(table, 2),
    ):
        assert near((test.p_value < 0.05).mean(), 0.05, slack=0.01)
    assert near((log_rank_trend(table, [0, 1, 2]).p_value < 0.05).mean(), 0.05, slack=0.01)


def test_gray_and_log_rank_ask_different_questions():
    """An exposure that doubles the first cause leaves the rate of the second alone, yet fewer come to have it."""
    table = followed(5, arms=(1.0, 2.0))
    assert near((log_rank(table, cause=2).p_value < 0.05).mean(), 0.05, slack=0.01)
    gray = gray_test(table, cause=2)
    assert (gray.p_value < 0.05).mean() > 0.25
    assert (gray.observed - gray.expected)[:, 1].mean() < 0


def test_restricted_means_cover():
    """Difference and ratio at 96 months of two arms, of time free and of time lost; slack 0.01."""
    table, horizon = followed(6, arms=(1.0, 2.0)), 96
    months = np.arange(horizon)
    mean = restricted_mean(table, horizon)
    lost = restricted_time_lost(table, horizon)
    truth = np.array([survival(months, arm * FIRST).sum() for arm in (1, 2)])
    gone = np.array(
        [(arm * FIRST / (arm * FIRST + SECOND) * (1 - survival(months, arm * FIRST))).sum() for arm in (1, 2)]
    )

    def arm(answer, *place):
        return type(answer)(*(part[(slice(None), *place)] for part in answer))

    pairs = ((arm(mean, 0), arm(mean, 1), truth), (arm(lost, 0, 0), arm(lost, 1, 0), gone))
    for one, other, means in pairs:
        for answer, value in (
            (mean_difference(one, other), means[0] - means[1]),
            (mean_ratio(one, other), means[0] / means[1]),
        ):
            assert near(((answer.low <= value) & (value <= answer.high)).mean(), 0.95, slack=0.01)


def test_weights_that_undo_a_selection_give_the_whole_with_an_error_that_holds():
    """The exposed are sampled at 0.8, the others at 0.2; 400 replicates. Greenwood's error would be too small."""
    rng = np.random.default_rng(7)
    runs, n = 400, 400
    estimates, errors, naive = np.empty(runs), np.empty(runs), np.empty(runs)
    for run in range(runs):
        exposed = rng.random(n) < 0.8
        weights = np.where(exposed, 1 / 0.8, 1 / 0.2)
        come = np.ceil(rng.exponential(1 / np.where(exposed, 2 * FIRST, FIRST)))
        leave = np.minimum(np.ceil(rng.exponential(1 / LOST, n)), END)
        rows = (np.minimum(come, leave), (come <= leave).astype(int))
        answer = robust_incidence(*rows, weights=weights)
        at = np.searchsorted(answer.time, 48, side="right") - 1
        estimates[run], errors[run] = answer.incidence[0, at], answer.std_error[0, at]
        naive[run] = cumulative_incidence(risk_table(*rows, weights=weights)).std_error[0, at]
    truth = 1 - (np.exp(-2 * FIRST * 48) + np.exp(-FIRST * 48)) / 2
    assert abs(estimates.mean() - truth) < K * estimates.std() / np.sqrt(runs) + 0.002
    assert abs(errors.mean() / estimates.std() - 1) < K / np.sqrt(2 * runs) + 0.02
    assert naive.mean() < 0.8 * errors.mean()


def fitted(x, time, event):
    """A Cox fit by six steps of Newton on the sums over risk sets."""
    beta = np.zeros(x.shape[1])
    for _ in range(6):
        sums = risk_sums(cox_rows(x, time, event, beta))
        beta = beta + np.linalg.solve(sums.variance.sum(0), (x[sums.patient] - sums.mean).sum(0))
    return beta


def times_under(rng, x, effects):
    """Exponential times, censored at random and at 12 years."""
    come = rng.exponential(1 / (0.1 * np.exp(x @ effects)))
    leave = np.minimum(rng.exponential(20, len(x)), 12)
    return np.minimum(come, leave), (come <= leave).astype(int)


def test_the_proportionality_test_keeps_its_level():
    """300 fits of 150 patients, global test and that of the exposure; slack 0.01."""
    rng = np.random.default_rng(8)
    rejected = np.zeros(2)
    for _ in range(300):
        covariate = rng.normal(size=150)
        x = np.column_stack([rng.random(150) < 1 / (1 + np.exp(-covariate)), covariate]).astype(float)
        rows = times_under(rng, x, [np.log(1.5), 0.7])
        test = proportional_hazards_test(x, *rows, fitted(x, *rows))
        rejected += [test.global_p_value < 0.05, test.p_value[0] < 0.05]
    assert all(near(share, 0.05, runs=300, slack=0.01) for share in rejected / 300)


def test_standardised_survival_recovers_the_marginal_contrast():
    """Patients held as they are and their times drawn again, 300 times: the difference at 5 years of all exposed and
    none, its error that of the replicates (known to 4 %), coverage 0.95."""
    rng = np.random.default_rng(9)
    n, effect, runs = 300, np.log(1.5), 300
    covariate = rng.normal(size=n)
    exposed = (rng.random(n) < 1 / (1 + np.exp(-covariate))).astype(float)
    x = np.column_stack([exposed, covariate])
    scenarios = np.stack([np.column_stack([np.full(n, a), covariate]) for a in (0.0, 1.0)])
    curves = np.exp(-0.1 * 5 * np.exp(scenarios @ [effect, 0.7])).mean(1)
    truth = curves[1] - curves[0]
    found = np.empty((runs, 3))
    for run in range(runs):
        rows = times_under(rng, x, [effect, 0.7])
        answer = standardised_survival(x, *rows, fitted(x, *rows), scenarios, [5])
        found[run] = answer.difference[1, 0], answer.difference_std_error[1, 0], answer.survival[0, 0]
    covered = np.abs(found[:, 0] - truth) < norm.ppf(0.975) * found[:, 1]
    assert abs(found[:, 0].mean() - truth) < K * found[:, 0].std() / np.sqrt(runs) + 0.002
    assert abs(found[:, 2].mean() - curves[0]) < K * found[:, 2].std() / np.sqrt(runs) + 0.002
    assert abs(found[:, 1].mean() / found[:, 0].std() - 1) < K * 0.04
    assert near(covered.mean(), 0.95, runs=runs, slack=0.01)
