"""Rates, person-time, and what is computed from a Cox model: cases worked out on paper, and every edge.

The six patients are those of test_survival.py; their Cox likelihood is that of the validation vignette of R's survival.
"""

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from sarcoid_epi.stats import incidence_rate as ir
from sarcoid_epi.stats import proportional_hazards as ph
from sarcoid_epi.stats.follow_up import person_time, split_follow_up
from sarcoid_epi.stats.incidence_rate import incidence_rate, piecewise_survival, rate_ratio
from sarcoid_epi.stats.proportional_hazards import proportional_hazards_test
from sarcoid_epi.stats.risk_sums import cox_rows, risk_sums
from sarcoid_epi.stats.standardised_survival import standardised_survival

TIME, EVENT, X = [9, 1, 1, 6, 6, 8], [1, 1, 0, 1, 1, 0], [[0], [1], [1], [1], [0], [0]]
#: Efron's likelihood of the six: 2 = r/(r + 1) + r/(r + 3) + r/(r + 5), that is r^3 - 23 r - 30 = 0.
R = float(np.roots([1, 0, -23, -30]).real.max())
BETA = np.log(R)


# ---- sums over risk sets


def test_efron_sums_on_six_patients():
    """With r = exp(b): 3r + 3 at 1; at 6 r + 3 and r + 3 - (r + 1)/2; at 9 one."""
    sums = risk_sums(cox_rows(X, TIME, EVENT, [np.log(2)]))
    np.testing.assert_allclose(sums.total, [9, 5, 3.5, 1], rtol=1e-14)
    np.testing.assert_allclose(sums.mean[:, 0], [2 / 3, 2 / 5, 2 / 7, 0], atol=1e-14)
    np.testing.assert_allclose(sums.variance[:, 0, 0], [2 / 9, 6 / 25, 10 / 49, 0], atol=1e-14)


def test_the_score_is_0_at_the_root_of_the_cubic_and_lifelines_finds_it():
    """At its own precision lifelines stops 2e-6 short; asked for more, it gets there."""
    sums = risk_sums(cox_rows(X, TIME, EVENT, [BETA]))
    np.testing.assert_allclose((np.array(X)[sums.patient] - sums.mean).sum(), 0, atol=1e-13)
    frame = pd.DataFrame({"x": np.ravel(X), "time": TIME, "event": EVENT})
    fit = CoxPHFitter().fit(frame, "time", "event", fit_options={"precision": 1e-12})
    np.testing.assert_allclose(fit.params_["x"], BETA, rtol=1e-9)


def test_strata_are_the_sums_of_each_alone():
    rng = np.random.default_rng(1)
    x, entry, strata = rng.normal(size=(90, 2)), rng.integers(0, 4, 90), rng.integers(0, 3, 90)
    out, event = entry + rng.integers(1, 7, 90), rng.integers(0, 2, 90)
    together = risk_sums(cox_rows(x, out, event, [0.5, -1], entry, strata))
    alone = [
        risk_sums(cox_rows(x[here], out[here], event[here], [0.5, -1], entry[here]))
        for here in (strata == code for code in range(3))
    ]
    for name in ("time", "total", "mean", "variance"):
        parts = np.concatenate([getattr(part, name) for part in alone])
        np.testing.assert_allclose(getattr(together, name), parts, rtol=1e-10, atol=1e-12)


def test_sums_are_those_of_a_plain_loop():
    rng = np.random.default_rng(2)
    x, entry = rng.normal(size=(60, 2)), rng.integers(0, 4, 60)
    out, event, beta = entry + rng.integers(1, 7, 60), rng.integers(0, 2, 60), np.array([0.7, -0.3])
    sums, risk = risk_sums(cox_rows(x, out, event, beta, entry)), np.exp(x @ beta)
    for time in np.unique(out[event == 1]):
        there, tied = (entry < time) & (time <= out), (out == time) & (event == 1)
        for k, place in enumerate(np.flatnonzero(sums.time == time)):
            weight = risk * there - k / tied.sum() * risk * tied
            mean = weight @ x / weight.sum()
            np.testing.assert_allclose(sums.total[place], weight.sum(), rtol=1e-12)
            np.testing.assert_allclose(sums.mean[place], mean, rtol=1e-10, atol=1e-12)
            spread = (x - mean).T @ (weight[:, None] * (x - mean)) / weight.sum()
            np.testing.assert_allclose(sums.variance[place], spread, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"covariates": [[0.0]]}, r"covariates must have shape \(6, 1\)"),
        ({"covariates": [[np.nan]] * 6}, "must be known"),
        ({"event": [2] * 6}, "event must be 0 or 1"),
        ({"strata": [0.5] * 6}, "strata must be codes"),
    ],
)
def test_broken_cox_rows_are_refused(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        cox_rows(**({"covariates": X, "exit": TIME, "event": EVENT, "coefficients": [0.0]} | change))


# ---- proportional hazards


def test_the_proportionality_test_is_a_score_test_of_the_widened_likelihood():
    """Differentiated numerically in theta and b. Tolerance: the second differences, worst 3e-6."""
    x = np.ravel(X).astype(float)

    def log_likelihood(theta, beta):
        total = 0.0
        for time, places in ((1, [1]), (6, [3, 4]), (9, [0])):
            effect = beta + theta * np.log(time)
            risk = np.exp(effect * x) * (np.array(TIME) >= time)
            for k, place in enumerate(places):
                total += effect * x[place] - np.log(risk.sum() - k / len(places) * risk[places].sum())
        return total

    h = 1e-4
    f = log_likelihood
    score = (f(h, BETA) - f(-h, BETA)) / (2 * h)
    tt = -(f(h, BETA) - 2 * f(0, BETA) + f(-h, BETA)) / h**2
    bb = -(f(0, BETA + h) - 2 * f(0, BETA) + f(0, BETA - h)) / h**2
    tb = -(f(h, BETA + h) - f(h, BETA - h) - f(-h, BETA + h) + f(-h, BETA - h)) / (4 * h * h)
    test = proportional_hazards_test(X, TIME, EVENT, [BETA], time_scale="log")
    np.testing.assert_allclose(test.statistic[0], score**2 / (tt - tb**2 / bb), rtol=1e-5)
    np.testing.assert_allclose(test.global_statistic, test.statistic[0])


def test_tied_events_have_one_residual_whatever_their_order():
    order = [0, 1, 2, 4, 3, 5]
    one = proportional_hazards_test(X, TIME, EVENT, [BETA])
    other = proportional_hazards_test(*(np.array(part)[order] for part in (X, TIME, EVENT)), [BETA])
    np.testing.assert_allclose(np.sort(one.scaled, axis=0), np.sort(other.scaled, axis=0), rtol=1e-12)
    np.testing.assert_allclose(one.statistic, other.statistic, rtol=1e-10)


def test_an_effect_the_data_cannot_see_change_is_a_note():
    """No event; a constant column; a column constant wherever there are events but one."""
    none = proportional_hazards_test(X, TIME, [0] * 6, [0.0])
    assert none.note[0] == ph.NO_EVENT
    constant = proportional_hazards_test(np.column_stack([X, np.ones(6)]), TIME, EVENT, [BETA, 0.0])
    np.testing.assert_array_equal(constant.note, ["", ph.NO_INFORMATION])
    assert np.isnan(constant.global_statistic)


def test_the_proportionality_test_refuses_unknown_names():
    with pytest.raises(ValueError, match="time_scale must be one of km, rank, identity, log; got 'root'"):
        proportional_hazards_test(X, TIME, EVENT, [BETA], time_scale="root")
    with pytest.raises(ValueError, match="terms must name columns 0 to 0"):
        proportional_hazards_test(X, TIME, EVENT, [BETA], terms=[[1]])
    with pytest.raises(ValueError, match="needs times above 0"):
        proportional_hazards_test(X, np.array(TIME) - 1, EVENT, [BETA], time_scale="log")


# ---- standardised survival


def test_baseline_on_six_patients():
    """Efron: 1/(3r + 3) at 1, and 1/(r + 3) + 2/(r + 5) more at 6."""
    answer = standardised_survival(X, TIME, EVENT, [BETA], [[[0.0]], [[1.0]]], [0, 1, 6])
    steps = np.array([0, 1 / (3 * R + 3), 1 / (3 * R + 3) + 1 / (R + 3) + 2 / (R + 5)])
    np.testing.assert_allclose(answer.survival, np.exp(-steps * [[1], [R]]), rtol=1e-12)
    assert np.isnan(answer.std_error[:, 0]).all()


def test_the_mean_curve_is_not_the_curve_of_the_mean():
    answer = standardised_survival(X, TIME, EVENT, [BETA], [[[0.0], [1.0]], [[0.5], [0.5]]], [6])
    single = standardised_survival(X, TIME, EVENT, [BETA], [[[0.0]], [[1.0]]], [6])
    np.testing.assert_allclose(answer.survival[0], single.survival.mean(0), rtol=1e-12)
    assert abs(answer.difference[1, 0]) > 0.01


def test_the_error_of_a_mean_curve_is_the_delta_methods():
    """The slope in b taken numerically with the baseline following b; the rest is m^2 times the sum of 1/S_0^2."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(50, 2)) + np.array([3, 0])
    time, event, beta, at = rng.integers(1, 20, 50), rng.integers(0, 2, 50), np.array([0.4, -0.2]), [8]
    scenarios = np.stack([x, x + np.array([1, 0])])
    sums = risk_sums(cox_rows(x, time, event, beta))
    before = sums.time <= at[0]
    hazard, spread = (1 / sums.total[before]).sum(), (1 / sums.total[before] ** 2).sum()
    risk = np.exp(scenarios @ beta)
    m = (risk * np.exp(-hazard * risk)).mean(1)

    def curve(beta):
        return standardised_survival(x, time, event, beta, scenarios, at).survival[:, 0]

    h = 1e-5
    slope = np.stack([(curve(beta + h * step) - curve(beta - h * step)) / (2 * h) for step in np.eye(2)], axis=-1)
    inverse = np.linalg.inv(sums.variance.sum(0))
    answer = standardised_survival(x, time, event, beta, scenarios, at)
    expected = np.sqrt(m**2 * spread + np.einsum("ap,pq,aq->a", slope, inverse, slope))
    np.testing.assert_allclose(answer.std_error[:, 0], expected, rtol=1e-7)
    apart, tilt = m[1] - m[0], slope[1] - slope[0]
    np.testing.assert_allclose(
        answer.difference_std_error[1, 0], np.sqrt(apart**2 * spread + tilt @ inverse @ tilt), rtol=1e-6
    )
    assert answer.difference_std_error[0, 0] == 0


def test_curves_end_with_follow_up_and_refuse_broken_scenarios():
    answer = standardised_survival(X, TIME, EVENT, [BETA], [[[0.0]]], [9, 10])
    np.testing.assert_array_equal(np.isnan(answer.survival[0]), [False, True])
    with pytest.raises(ValueError, match="scenarios must be known, of shape"):
        standardised_survival(X, TIME, EVENT, [BETA], [[0.0]], [9])
    with pytest.raises(ValueError, match="times must not be missing"):
        standardised_survival(X, TIME, EVENT, [BETA], [[[0.0]]], [np.nan])


# ---- cutting follow-up


def test_episodes_keep_time_and_events():
    """A cut at an exit is no new episode, a cut at an entry neither."""
    episodes = split_follow_up([3, 5, 2], [1, 2, 0], [2, 3], entry=[0, 2, 1])
    np.testing.assert_array_equal(episodes.patient, [0, 0, 1, 1, 2])
    np.testing.assert_array_equal(episodes.interval, [0, 1, 1, 2, 0])
    np.testing.assert_array_equal(episodes.entry, [0, 2, 2, 3, 1])
    np.testing.assert_array_equal(episodes.exit, [2, 3, 3, 5, 2])
    np.testing.assert_array_equal(episodes.event, [0, 1, 0, 2, 0])


def test_cells_are_the_sums_over_episodes():
    rng = np.random.default_rng(4)
    entry, pattern = rng.uniform(-3, 4, 300), rng.integers(0, 5, 300)
    out, event, cuts = entry + rng.exponential(4, 300), rng.integers(0, 3, 300), [-1, 0.5, 3, 7]
    episodes = split_follow_up(out, event, cuts, entry)
    cells = person_time(out, event, cuts, entry, pattern)
    lived, events = np.zeros((5, 5)), np.zeros((5, 2, 5))
    whose = pattern[episodes.patient]
    np.add.at(lived, (whose, episodes.interval), episodes.exit - episodes.entry)
    had = episodes.event > 0
    np.add.at(events, (whose[had], episodes.event[had] - 1, episodes.interval[had]), 1)
    np.testing.assert_allclose(cells.person_time, lived, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(cells.events, events)


def test_without_cuts_there_is_one_interval():
    cells = person_time([3, 2], [1, 0], [], entry=[1, 0])
    np.testing.assert_array_equal(cells.person_time, [4])
    np.testing.assert_array_equal(cells.events, [[1]])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([3], [1], [2, 2]), "cuts must be one axis of ascending times"),
        (([3], [1], [2], [-np.inf]), "entry must be a time"),
        (([3], [1], [2], [4]), "entry must be before exit"),
    ],
)
def test_broken_cuts_are_refused(arguments, sentence):
    for method in (split_follow_up, person_time):
        with pytest.raises(ValueError, match=sentence):
            method(*arguments)


def test_broken_patterns_and_causes_are_refused():
    with pytest.raises(ValueError, match="pattern must be codes"):
        person_time([3], [1], [2], pattern=[0.5])
    with pytest.raises(ValueError, match="event has code 2, but there are 1 causes"):
        person_time([3], [2], [2], causes=1)


# ---- rates


def test_a_rate_without_events_has_the_limits_of_an_exponential():
    """P(no event) = exp(-rate T) = 0.025."""
    rate = incidence_rate(0, 50)
    assert rate.estimate == rate.low == 0
    np.testing.assert_allclose(rate.high, -np.log(0.025) / 50, rtol=1e-14)


def test_edges_of_rates_and_ratios():
    rate = incidence_rate([0, 3], [0, 1])
    assert np.isnan(rate.high[0])
    np.testing.assert_array_equal(rate.note, [ir.NO_PERSON_TIME, ""])
    ratio = rate_ratio([0, 2, 0, 0], [5, 5, 5, 0], [2, 0, 0, 1], [5, 5, 5, 5])
    np.testing.assert_array_equal(ratio.estimate, [0, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(ratio.low == 0, [True, False, False, False])
    assert np.isinf(ratio.high[1])
    np.testing.assert_array_equal(ratio.note, ["", ir.NONE_BELOW, ir.NO_EVENTS, ir.NO_PERSON_TIME])


def test_a_ratio_of_one_event_to_none_inverts_on_paper():
    """One event in all: pi from 0.025 to 1, so theta from 0.025/0.975 up, with equal person-time."""
    np.testing.assert_allclose(rate_ratio(1, 7, 0, 7).low, 0.025 / 0.975, rtol=1e-12)


@pytest.mark.parametrize(
    ("events", "lived", "sentence"),
    [
        (0.5, 1, "events must be whole numbers"),
        (-1, 1, "events must be whole numbers"),
        (1, -1, "person_time must be numbers"),
        (1, 0, "there are events without person-time"),
    ],
)
def test_broken_rates_are_refused(events, lived, sentence):
    with pytest.raises(ValueError, match=sentence):
        incidence_rate(events, lived)


def test_piecewise_survival_on_paper():
    """Rates 0.1 to 2, then 0.05; at 3 the sum is 0.25, its variance 4 * 0.001 + 0.0005."""
    curve = piecewise_survival([10, 5], [100, 100], [2], [0, 1, 3])
    np.testing.assert_allclose(curve.survival, np.exp([0, -0.1, -0.25]), rtol=1e-14)
    np.testing.assert_allclose(curve.std_error[2], np.exp(-0.25) * 0.0045**0.5, rtol=1e-13)
    assert np.isnan(curve.low[0])


def test_beyond_an_interval_nobody_was_seen_in_the_curve_is_unknown():
    curve = piecewise_survival([10, 0, 3], [100, 0, 20], [2, 4], [2, 3, 5])
    np.testing.assert_array_equal(np.isnan(curve.survival), [False, True, True])
    assert curve.note == ir.NO_PERSON_TIME
    with pytest.raises(ValueError, match="cuts must ascend from 0"):
        piecewise_survival([1, 1], [1, 1], [0], [1])
    with pytest.raises(ValueError, match="times must not be negative"):
        piecewise_survival([1, 1], [1, 1], [1], [-1])


def test_a_thousand_rates_at_once_equal_each_alone():
    rng = np.random.default_rng(5)
    events, lived = rng.poisson(3, (1000, 4)), rng.uniform(1, 9, (1000, 4))
    curves = piecewise_survival(events, lived, [1, 2, 3], [0.5, 2.5, 4])
    ratios = rate_ratio(events[:, 0], lived[:, 0], events[:, 1], lived[:, 1])
    for i in range(0, 1000, 50):
        one = piecewise_survival(events[i], lived[i], [1, 2, 3], [0.5, 2.5, 4])
        for name in ("survival", "std_error", "low", "high"):
            np.testing.assert_allclose(getattr(curves, name)[i], getattr(one, name), rtol=1e-12)
        alone = rate_ratio(events[i, 0], lived[i, 0], events[i, 1], lived[i, 1])
        np.testing.assert_allclose(ratios.high[i], alone.high, rtol=1e-12)


def test_no_difference_of_shares_has_a_limit_beyond_one():
    answer = standardised_survival([[0.0], [1.0], [0.0]], [2, 1, 3], [0, 1, 1], [3.0], [[[0.0]], [[1.0]]], [1])
    assert answer.difference_low[1, 0] == -1
    assert -1 < answer.difference[1, 0] < answer.difference_high[1, 0] <= 1
