"""Survival curves, incidence, tests, means and rates against survival, cmprsk, etm and Epi (R/survival.R).

Data: lung, mgus2, heart and aml of R's survival, and a made cohort with ties, late entry, weights and a group without
events. Where a peer computes something else than we do, the test says what, and by how much the two differ.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from lifelines import CoxPHFitter
from lifelines.statistics import proportional_hazard_test

from sarcoid_epi.stats.aalen_johansen import cumulative_incidence
from sarcoid_epi.stats.follow_up import person_time, split_follow_up
from sarcoid_epi.stats.gray import gray_test
from sarcoid_epi.stats.incidence_rate import incidence_rate, rate_ratio
from sarcoid_epi.stats.kaplan_meier import kaplan_meier, survival_quantile
from sarcoid_epi.stats.log_rank import log_rank, log_rank_trend
from sarcoid_epi.stats.proportional_hazards import proportional_hazards_test
from sarcoid_epi.stats.restricted_mean import mean_difference, restricted_mean, restricted_time_lost
from sarcoid_epi.stats.risk_table import after, risk_table, value_at
from sarcoid_epi.stats.robust_incidence import robust_incidence
from sarcoid_epi.stats.standardised_survival import standardised_survival

REFERENCE = {
    name: np.array(values, dtype=float)
    for name, values in json.loads(Path(__file__).with_name("survival.json").read_text(encoding="utf-8")).items()
    if name != "source"
}


def data(name):
    """The columns of a data set."""
    prefix = f"{name}_"
    return {key.removeprefix(prefix): values for key, values in REFERENCE.items() if key.startswith(prefix)}


LUNG, MGUS, MADE, HEART = data("lung"), data("mgus2"), data("made"), data("heart")
AGE = {"entry": MGUS["entry"], "exit": MGUS["entry"] + MGUS["exit"], "event": MGUS["event"]}
ROWS = {
    "plain": {"exit": MGUS["exit"], "event": MGUS["event"]},
    "weighted": {"exit": MGUS["exit"], "event": MGUS["event"], "weights": MGUS["weight"]},
    "age": AGE,
    "made_both": {key: MADE[key] for key in ("exit", "event", "entry")} | {"weights": MADE["weight"]},
    "made_late": {key: MADE[key] for key in ("exit", "event", "entry")},
    "etm_plain": {"exit": MGUS["exit"], "event": MGUS["event"]},
    "etm_age": AGE,
    "etm_made": {key: MADE[key] for key in ("exit", "event", "entry")},
}
HORIZON = 730.0


def lung_table():
    return risk_table(LUNG["exit"], LUNG["event"])


def same(ours, theirs, rtol=1e-9, atol=1e-12):
    """Where the peer has a number, ours is the same; where it has none, ours may have one."""
    ours, theirs = np.atleast_1d(ours), np.atleast_1d(theirs)
    known = np.isfinite(theirs)
    assert known.any()
    np.testing.assert_allclose(ours[known], theirs[known], rtol=rtol, atol=atol)


def same_error(ours, theirs, rtol=1e-9, atol=1e-12):
    """The same standard error, where we give one: not at 0 and 1, where the peers give 0."""
    known = np.isfinite(ours)
    same(ours[known], theirs[known], rtol, atol)
    assert (np.nan_to_num(theirs[~known]) < 1e-7).all()


def test_kaplan_meier_equals_survfit():
    """Worst 8e-16."""
    curve = kaplan_meier(lung_table())
    np.testing.assert_array_equal(curve.time, REFERENCE["km_time"])
    np.testing.assert_array_equal(curve.at_risk, REFERENCE["km_at_risk"])
    same(curve.survival, REFERENCE["km_survival"])
    same_error(curve.std_error, REFERENCE["km_error"])


@pytest.mark.parametrize(("ours", "theirs"), [("log-log",) * 2, ("log",) * 2, ("plain",) * 2, ("arcsine", "arcsin")])
def test_limits_equal_survfit_on_four_scales(ours, theirs):
    """Curves and quantiles. Worst 1e-15."""
    curve = kaplan_meier(lung_table(), limits=ours)
    same(curve.low, REFERENCE[f"km_low_{theirs}"])
    same(curve.high, REFERENCE[f"km_high_{theirs}"])
    quantile = survival_quantile(curve, [0.1, 0.25, 0.5, 0.75, 0.9])
    np.testing.assert_array_equal(quantile.time, REFERENCE["quantile"])
    np.testing.assert_array_equal(quantile.low, REFERENCE[f"quantile_low_{theirs}"])
    np.testing.assert_array_equal(quantile.high, REFERENCE[f"quantile_high_{theirs}"])


def test_quantiles_on_a_flat_step_are_its_middle_as_in_survfit():
    quantile = survival_quantile(kaplan_meier(risk_table(np.arange(1, 9), np.ones(8))), [0.25, 0.5, 0.75])
    np.testing.assert_array_equal(quantile.time, REFERENCE["flat_quantile"])
    np.testing.assert_array_equal(quantile.low, REFERENCE["flat_low"])
    np.testing.assert_array_equal(quantile.high, REFERENCE["flat_high"])


def test_late_entry_equals_survfit():
    """Age in months as time. survfit has no row for an entry; ours at its times are the same. Worst 2e-15."""
    curve = kaplan_meier(risk_table(**AGE))
    here = np.searchsorted(curve.time, REFERENCE["late_time"])
    same(curve.survival[here], REFERENCE["late_survival"])
    same_error(curve.std_error[here], REFERENCE["late_error"])
    np.testing.assert_array_equal(curve.at_risk[here], REFERENCE["late_at_risk"])
    some = REFERENCE["late_survival"] < 1
    same(curve.low[here][some], REFERENCE["late_low"][some])
    same(curve.high[here][some], REFERENCE["late_high"][some])


def test_a_later_start_equals_survfit_with_a_start_time():
    """Conditional on being free of both at 60 years: R takes exits at the start time in, so it is asked at 720.5."""
    curve = kaplan_meier(after(risk_table(**AGE), 720))
    later = REFERENCE["since_time"] > 720
    asked = REFERENCE["since_time"][later]
    same(value_at(curve.time, curve.survival, asked, 1.0), REFERENCE["since_survival"][later])
    same_error(value_at(curve.time, curve.std_error, asked, np.nan), REFERENCE["since_error"][later])


@pytest.mark.parametrize("name", ["plain", "etm_plain", "etm_age", "etm_made"])
def test_incidence_and_its_greenwood_error_equal_etm_and_without_late_entry_survfit(name):
    """Worst 3e-14 (running sums against products of matrices)."""
    answer = cumulative_incidence(risk_table(**ROWS[name]))
    asked = REFERENCE[f"{name}_time"]
    for k in (1, 2):
        same(value_at(answer.time, answer.incidence[k - 1], asked, 0.0), REFERENCE[f"{name}_incidence{k}"], atol=1e-14)
        error = value_at(answer.time, answer.std_error[k - 1], asked, 0.0)
        same_error(error, REFERENCE[f"{name}_error{k}"], rtol=1e-10)
        if name.startswith("etm"):
            some = np.isfinite(error)
            for side in ("low", "high"):
                ours = value_at(answer.time, getattr(answer, side)[k - 1], asked, 0.0)
                same(ours[some], REFERENCE[f"{name}_{side}{k}"][some], rtol=1e-10)


@pytest.mark.parametrize("name", ["plain", "weighted", "age", "made_both", "made_late"])
def test_robust_errors_equal_survfit(name):
    """The infinitesimal jackknife with weights, late entry, both. Worst 2e-12 (running sums of squares)."""
    answer = robust_incidence(**ROWS[name])
    asked = REFERENCE[f"{name}_time"]
    for k in (1, 2):
        same(value_at(answer.time, answer.incidence[k - 1], asked, 0.0), REFERENCE[f"{name}_incidence{k}"], atol=1e-14)
        error = value_at(answer.time, answer.std_error[k - 1], asked, 0.0)
        same_error(error, REFERENCE[f"{name}_error{k}"], rtol=1e-9)


def test_robust_survival_equals_survfit():
    """One minus the incidence of one cause. Worst 6e-15."""
    answer = robust_incidence(MGUS["exit"], MGUS["event"] > 0, weights=MGUS["weight"])
    here = np.searchsorted(answer.time, REFERENCE["weighted_survival_time"])
    same(answer.survival[here], REFERENCE["weighted_survival"])
    same_error(answer.std_error[0][here], REFERENCE["weighted_survival_error"])


def test_cmprsk_has_the_same_incidence_and_aalens_slightly_other_error():
    """Incidences agree to 1e-15; Aalen's error is a Poisson one, here 0.03 % larger than Greenwood's, later 0.3 %."""
    answer = cumulative_incidence(risk_table(MGUS["exit"], MGUS["event"]))
    same(value_at(answer.time, answer.incidence, [60, 120, 240], 0.0).T.ravel(), REFERENCE["cuminc_incidence"])
    ours = value_at(answer.time, answer.std_error, [60, 120, 240], 0.0).T.ravel()
    ratio = REFERENCE["cuminc_error"] / ours
    assert ((ratio > 1) & (ratio < 1.003)).all()


@pytest.mark.parametrize(
    ("name", "rows", "group", "rho"),
    [
        ("sex", MGUS, "sex", 0),
        ("third", MGUS, "third", 0),
        ("third_rho", MGUS, "third", 1),
        ("made", MADE, "group", 0),
    ],
)
def test_gray_equals_cuminc(name, rows, group, rho):
    """Worst 1e-12. In the made cohort one group has no event of cause 1, and its test stays."""
    table = risk_table(rows["exit"], rows["event"], group=rows[group])
    tests = [gray_test(table, cause, rho) for cause in (1, 2)]
    same([test.statistic for test in tests], REFERENCE[f"gray_{name}"])
    same([test.p_value for test in tests], REFERENCE[f"gray_p_{name}"])


@pytest.mark.parametrize(("name", "group", "rho"), [("sex", "sex", 0), ("ecog", "ecog", 0), ("ecog_rho", "ecog", 1)])
def test_log_rank_equals_survdiff(name, group, rho):
    """Worst 7e-15. Four groups, the last of one patient."""
    test = log_rank(risk_table(LUNG["exit"], LUNG["event"], group=LUNG[group]), rho)
    same([test.statistic, *test.observed, *test.expected], REFERENCE[f"logrank_{name}"])
    same(test.variance.ravel(), REFERENCE[f"logrank_var_{name}"])


def test_stratified_log_rank_equals_survdiff():
    """Worst 6e-16."""
    table = risk_table(LUNG["exit"], LUNG["event"], group=[LUNG["ecog"], LUNG["sex"]])
    test = log_rank(table, stratified=True)
    same([test.statistic, *test.observed, *test.expected], REFERENCE["logrank_strata"])
    same(test.variance.ravel(), REFERENCE["logrank_var_strata"])
    same(log_rank(table, 0.5, stratified=True).statistic, REFERENCE["logrank_strata_rho"])


def test_trend_equals_survdiffs_scores_and_variance():
    trend = log_rank_trend(risk_table(LUNG["exit"], LUNG["event"], group=LUNG["ecog"]), [0, 1, 2, 3])
    same(trend.statistic, REFERENCE["trend_ecog"])


def test_late_entry_log_rank_equals_the_score_test_of_coxphs_exact_likelihood():
    """survdiff refuses late entry; the score test of the exact likelihood is the same test. Worst 1e-15."""
    made = risk_table(MADE["exit"], MADE["event"], MADE["entry"], group=MADE["group"])
    same(log_rank(made, cause=2).statistic, REFERENCE["late_logrank_made"])
    mgus = risk_table(**AGE, group=MGUS["sex"])
    same(log_rank(mgus, cause=1).statistic, REFERENCE["late_logrank_mgus2"])


def test_restricted_means_equal_survfits():
    """Worst 1e-15. The "variance" of lifelines is that of the times: for men its root is 215 days, the error 19."""
    answer = restricted_mean(risk_table(LUNG["exit"], LUNG["event"], group=LUNG["sex"]), HORIZON)
    same(answer.estimate, REFERENCE["rmst"])
    same(answer.std_error, REFERENCE["rmst_error"])
    men, women = (type(answer)(*(part[k] for part in answer)) for k in (0, 1))
    difference = mean_difference(women, men)
    same(difference.estimate, REFERENCE["rmst"][1] - REFERENCE["rmst"][0])
    same(difference.std_error, np.hypot(*REFERENCE["rmst_error"]))


@pytest.mark.parametrize(("name", "rows", "horizon"), [("plain", MGUS, 240.0), ("made", MADE, 9.0)])
def test_time_lost_equals_the_area_under_survfits_influences(name, rows, horizon):
    """Worst 4e-16."""
    answer = restricted_time_lost(risk_table(rows["exit"], rows["event"]), horizon)
    same(answer.estimate, REFERENCE[f"{name}_lost"])
    same(answer.std_error, REFERENCE[f"{name}_lost_error"])


COX = {
    "lung": (LUNG, ("age", "sex", "karno"), None),
    "strata": (LUNG, ("age", "karno"), None),
    "factor": (LUNG, ("age", "ecog1", "ecog2"), [[0], [1, 2]]),
    "heart": (HEART, ("age", "year", "surgery", "transplant"), None),
    "made": (MADE, ("x", "group1", "group2"), None),
}


def cox_of(name):
    """Rows, columns and terms of one fit in R."""
    rows, columns, terms = COX[name]
    levels = {f"{key}{k}": np.minimum(rows[key], 2) == k for key in ("ecog", "group") if key in rows for k in (1, 2)}
    x = np.column_stack([(rows | levels)[column] for column in columns]).astype(float)
    event = rows["event"] == (2 if name == "made" else 1)
    more = {"entry": rows.get("entry"), "strata": rows["sex"] if name == "strata" else None, "terms": terms}
    return x, rows["exit"], event.astype(int), REFERENCE[f"beta_{name}"], more


@pytest.mark.parametrize("scale", ["km", "rank", "identity", "log"])
@pytest.mark.parametrize("name", COX)
def test_proportional_hazards_tests_equal_cox_zph(name, scale):
    """Worst 4e-14, with ties, late entry, strata and a factor; R's coefficients are asked to 1e-12."""
    x, exit_, event, beta, more = cox_of(name)
    answer = proportional_hazards_test(x, exit_, event, beta, time_scale=scale, **more)
    same([*answer.statistic, answer.global_statistic], REFERENCE[f"zph_{name}_{scale}"])
    same([*answer.p_value, answer.global_p_value], REFERENCE[f"zph_p_{name}_{scale}"])


def test_scaled_residuals_equal_cox_zph():
    """R keeps the events in the order of the rows sorted by time, as we do. Worst 2e-13."""
    x, exit_, event, beta, more = cox_of("lung")
    same(proportional_hazards_test(x, exit_, event, beta, **more).scaled.T.ravel(), REFERENCE["zph_y"])


def test_lifelines_tests_proportionality_with_an_average_variance():
    """R since version 3 and we use each event's own variance: the score test.

    With the same coefficients lifelines finds 0.010 for age where the score test is 0.461. Widening the model in R
    (coxph with tt, effect times time) gives a likelihood ratio of 0.456, and sides with the score test. lifelines
    refuses late entry here ("Residuals for entries not implemented").
    """
    frame = pd.DataFrame({key: LUNG[key] for key in ("exit", "event", "age", "sex", "karno")})
    fit = CoxPHFitter().fit(frame, "exit", "event", fit_options={"precision": 1e-12})
    theirs = proportional_hazard_test(fit, frame, time_transform="identity").summary["test_statistic"]
    exact = REFERENCE["zph_lung_identity"][:3]
    ours = proportional_hazards_test(
        frame[["age", "sex", "karno"]], LUNG["exit"], LUNG["event"], fit.params_.to_numpy(), time_scale="identity"
    )
    same(ours.statistic, exact, rtol=1e-8)
    assert abs(theirs["age"] - 0.0104) < 1e-3
    assert abs(exact[0] - REFERENCE["widened_lung"][0]) < 0.01


def test_curves_of_single_patients_equal_survfit_coxph():
    """Worst 2e-14."""
    x, exit_, event, beta, _ = cox_of("lung")
    new = np.array([[[50.0, 0, 60]], [[70.0, 1, 100]]])
    answer = standardised_survival(x, exit_, event, beta, new, [100, 365, 700])
    for ours, theirs in (("survival", "survival"), ("std_error", "error"), ("low", "low"), ("high", "high")):
        same(getattr(answer, ours).T.ravel(), REFERENCE[f"cox_{theirs}"].reshape(2, 3).T.ravel())
    x, exit_, event, beta, _ = cox_of("heart")
    answer = standardised_survival(x, exit_, event, beta, [[[3, 2, 0, 1]]], [30, 100, 700], HEART["entry"])
    same(answer.survival[0], REFERENCE["cox_heart_survival"])
    same(answer.std_error[0], REFERENCE["cox_heart_error"])


def test_the_mean_of_all_patients_curves_equals_survfit_coxph():
    x, exit_, event, beta, _ = cox_of("lung")
    women = x.copy()
    women[:, 1] = 1
    answer = standardised_survival(x, exit_, event, beta, women[None], [100, 365, 700])
    same(answer.survival[0], REFERENCE["cox_mean"])


def test_poisson_on_cells_equals_glm_on_split_rows():
    """226 patients with three cuts in R against cells of sex and ECOG here: coefficients and errors, worst 4e-10."""
    cuts = [90, 180, 365]
    levels, pattern = np.unique(np.column_stack([LUNG["sex"], LUNG["ecog"]]), axis=0, return_inverse=True)
    cells = person_time(LUNG["exit"], LUNG["event"], cuts, pattern=np.ravel(pattern))
    piece = np.tile(np.eye(4), (len(levels), 1))
    x = np.column_stack([piece, np.repeat(levels, 4, axis=0)])
    x[:, 0] = 1
    lived = cells.person_time.ravel() > 0
    fit = sm.GLM(
        cells.events[:, 0].ravel()[lived],
        x[lived],
        family=sm.families.Poisson(),
        offset=np.log(cells.person_time.ravel()[lived]),
    ).fit(tol=1e-14)
    same(fit.params, REFERENCE["piecewise"], rtol=1e-7)
    same(fit.bse, REFERENCE["piecewise_error"], rtol=1e-7)


def test_a_cox_model_on_episodes_equals_coxph_on_survsplit():
    """The effect of sex in each of four intervals, fitted by lifelines on our episodes. Worst 7e-10."""
    episodes = split_follow_up(LUNG["exit"], LUNG["event"], [90, 180, 365])
    frame = pd.DataFrame({f"sex{j}": LUNG["sex"][episodes.patient] * (episodes.interval == j) for j in range(4)})
    frame = frame.assign(entry=episodes.entry, exit=episodes.exit, event=episodes.event)
    fit = CoxPHFitter().fit(frame, "exit", "event", entry_col="entry", fit_options={"precision": 1e-12})
    same(fit.params_, REFERENCE["split_beta"], rtol=1e-6)


def test_person_time_equals_epis_lexis():
    cells = person_time(**AGE, cuts=[600, 720, 840, 960])
    same(cells.person_time, REFERENCE["lexis_time"], rtol=1e-12)
    same(cells.events[0], REFERENCE["lexis_first"])


def test_rates_and_their_ratio_equal_poisson_test():
    """Worst 2e-15."""
    x, a, y, b = (REFERENCE[f"rate_{name}"] for name in ("events", "time", "other_events", "other_time"))
    rate, ratio = incidence_rate(x, a), rate_ratio(x, a, y, b)
    same(rate.low, REFERENCE["rate_low"])
    same(rate.high, REFERENCE["rate_high"])
    same(ratio.low, REFERENCE["ratio_low"])
    same(ratio.high, REFERENCE["ratio_high"])
    assert np.isinf(ratio.high[1])
