"""Regressions of a yes or no against glm, brglm2, sandwich, car, epiR, Hmisc, pROC, rms and mitools (R/regression.R).

Profiles, FLIC, FLAC, the stacked equations of standardisation and D1 are the own work of the script.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from sarcoid_epi.stats.calibration import calibration
from sarcoid_epi.stats.discrimination import concordance
from sarcoid_epi.stats.firth import firth, firth_profile, firth_ratio_test
from sarcoid_epi.stats.firth_risk import flac, flic
from sarcoid_epi.stats.influence import influence, variance_inflation
from sarcoid_epi.stats.interaction import interaction
from sarcoid_epi.stats.logistic import logistic, logistic_profile, logistic_ratio_test
from sarcoid_epi.stats.poisson import log_binomial, modified_poisson
from sarcoid_epi.stats.rows import grouped
from sarcoid_epi.stats.rubin import pooled_wald, rubin
from sarcoid_epi.stats.sandwich import (
    cr1_factor,
    cr1s_factor,
    firth_sandwich,
    hc1_factor,
    log_sandwich,
    logistic_sandwich,
)
from sarcoid_epi.stats.separation import separation
from sarcoid_epi.stats.splines import knots, restricted_cubic
from sarcoid_epi.stats.standardised import standardised, standardised_known

REFERENCE = json.loads(Path(__file__).with_name("regression.json").read_text(encoding="utf-8"))


def column(name, *shape):
    values = np.array(REFERENCE[name], dtype=float)
    return values.reshape(shape) if shape else values


def table(name):
    """Rows, events and n of a data set."""
    size = int(REFERENCE[f"{name}_columns"][0])
    return column(f"{name}_x", -1, size), column(f"{name}_events"), column(f"{name}_n")


def close(ours, theirs, rtol, atol=0.0):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", ["lizards", "birthwt"])
def test_logistic_equals_glm(name):
    """Rounding in columns of different size (age, weight); worst within the tolerances by a factor of ten."""
    fit = logistic(*table(name))
    size = fit.estimate.size
    close(fit.estimate, column(f"{name}_ml_estimate"), 1e-10, 1e-12)
    close(fit.covariance, column(f"{name}_ml_covariance", size, size), 1e-9, 1e-14)
    close(fit.log_likelihood, column(f"{name}_ml_value")[0], 1e-13)


@pytest.mark.parametrize("name", ["lizards", "birthwt"])
def test_profile_limits_and_tests_equal_uniroot_on_glm(name):
    """The likelihood is known to 1e-13, so that uniroot finds a limit to about 1e-8 at worst."""
    answer = logistic_profile(*table(name))
    close(answer.low, column(f"{name}_ml_low"), 1e-7, 1e-8)
    close(answer.high, column(f"{name}_ml_high"), 1e-7, 1e-8)
    close(answer.statistic, column(f"{name}_ml_statistic"), 1e-9, 1e-10)


def test_a_factor_is_tested_whole():
    test = logistic_ratio_test(*table("birthwt"), columns=[2, 3])
    close(test.statistic, REFERENCE["birthwt_race_statistic"][0], 1e-10)
    assert test.df == 2


@pytest.mark.parametrize("name", ["endometrial", "lizards", "birthwt", "made"])
def test_firth_equals_brglm2(name):
    """brglm2 stops at a step of 1e-13 in its own search. Worst 5e-11, of standard errors."""
    fit = firth(*table(name))
    close(fit.estimate, column(f"{name}_firth_estimate"), 1e-7, 1e-9)
    close(fit.std_error, column(f"{name}_firth_std_error"), 1e-7)
    close(fit.log_likelihood, column(f"{name}_firth_value")[0], 1e-10)


@pytest.mark.parametrize("name", ["endometrial", "lizards", "birthwt", "made"])
def test_firth_profiles_equal_uniroot(name):
    """As for the plain likelihood; the joint test agrees to 2e-11."""
    answer = firth_profile(*table(name))
    close(answer.low, column(f"{name}_firth_low"), 1e-7, 1e-7)
    close(answer.high, column(f"{name}_firth_high"), 1e-7, 1e-7)
    close(answer.statistic, column(f"{name}_firth_statistic"), 1e-7, 1e-9)
    joint = firth_ratio_test(*table(name), columns=[1, 2])
    close(joint.statistic, REFERENCE[f"{name}_firth_joint"][0], 1e-8)


@pytest.mark.parametrize("name", ["endometrial", "lizards", "birthwt", "made"])
def test_flic_and_flac_equal_glm_on_augmented_data(name):
    rows, events, n = table(name)
    close(flic(rows, events, n).risk, column(f"{name}_flic_risk"), 1e-7)
    close(flac(rows, events, n).estimate, column(f"{name}_flac_estimate"), 1e-6, 1e-8)


def test_separation_of_the_endometrial_data_is_that_of_neovasculation():
    answer = separation(*table("endometrial"))
    assert (answer.kind, answer.direction.tolist()) == ("quasi-complete", [0, 1, 0, 0])
    assert separation(*table("birthwt")).kind == "none"
    made = separation(*table("made"))
    assert (made.kind, made.direction.tolist()) == ("quasi-complete", [0, 0, 0, 0, -1])


def test_robust_covariances_equal_the_package_sandwich():
    """HC0 and HC1 of birth weights, CR0, CR1 and CR1S of lung cancer by institution; worst 1e-12."""
    rows, events, n = table("birthwt")
    robust = logistic_sandwich(rows, events, n, logistic(rows, events, n).estimate)
    close(robust.covariance, column("birthwt_hc0", 8, 8), 1e-8, 1e-12)
    close(robust.covariance * hc1_factor(189, 8), column("birthwt_hc1", 8, 8), 1e-8, 1e-12)
    rows, events, n = table("lung")
    labels = column("lung_cluster")
    robust = logistic_sandwich(rows, events, n, logistic(rows, events, n).estimate, labels)
    assert robust.units == np.unique(labels).size
    close(robust.covariance, column("lung_cr0", 4, 4), 1e-8, 1e-12)
    close(robust.covariance * cr1_factor(robust.units), column("lung_cr1", 4, 4), 1e-8, 1e-12)
    close(robust.covariance * cr1s_factor(robust.units, n.sum(), 4), column("lung_cr1s", 4, 4), 1e-8, 1e-12)


def test_clustered_firth_equals_the_sum_over_scores():
    rows, events, n = table("lung")
    estimate = firth(rows, events, n).estimate
    close(firth_sandwich(rows, events, n, estimate).covariance, column("lung_firth_hc0", 4, 4), 1e-7, 1e-12)
    robust = firth_sandwich(rows, events, n, estimate, column("lung_cluster"))
    close(robust.covariance, column("lung_firth_cr0", 4, 4), 1e-7, 1e-12)


def test_modified_poisson_equals_glm_with_sandwich():
    fit = modified_poisson(*table("birthwt"))
    close(fit.estimate, column("birthwt_poisson_estimate"), 1e-9, 1e-12)
    close(fit.covariance, column("birthwt_poisson_hc0", 8, 8), 1e-8, 1e-12)
    fit = modified_poisson(*table("lung"), cluster=column("lung_cluster"))
    close(fit.estimate, column("lung_poisson_estimate"), 1e-9, 1e-12)
    close(fit.covariance, column("lung_poisson_cr1", 4, 4), 1e-8, 1e-12)


def test_weights_equal_glm_with_weights_and_sandwich():
    """Selection weights: point estimates of a weighted likelihood, robust covariance with the weights known."""
    rows, events, n = table("weighted")
    weights = column("made_weight")
    fit = logistic(rows, events, n, weights=weights)
    close(fit.estimate, column("weighted_estimate"), 1e-9)
    robust = logistic_sandwich(rows, events, n, fit.estimate, weights=weights)
    close(robust.covariance, column("weighted_hc0", 3, 3), 1e-8, 1e-14)
    poisson = modified_poisson(rows, events, n, weights=weights)
    close(poisson.estimate, column("weighted_poisson_estimate"), 1e-9)
    close(poisson.covariance, column("weighted_poisson_hc0", 3, 3), 1e-8, 1e-14)
    log_only = log_sandwich(rows, events, n, poisson.estimate, weights=weights)
    close(log_only.covariance, column("weighted_poisson_hc0", 3, 3), 1e-8, 1e-14)


def test_log_binomial_equals_glm():
    """glm reports the expected information, and so do we. glm's scoring is not Newton's method here and stops where the
    deviance is known, the coefficients to 2e-8 and the covariance to 1e-7."""
    fit = log_binomial(*table("races"))
    close(fit.estimate, column("races_log_binomial_estimate"), 1e-7)
    close(fit.covariance, column("races_log_binomial_covariance", 4, 4), 1e-6)


def test_grouped_and_single_patients_give_the_same():
    """Smoking and race of 189 mothers are six patterns."""
    single = table("races")
    few = grouped(single[0], single[1])
    assert len(few.n) == 6
    for method in (logistic, firth, modified_poisson, log_binomial):
        one, other = method(*few), method(*single)
        close(one.estimate, other.estimate, 1e-9)
        close(one.covariance, other.covariance, 1e-9, 1e-15)
    estimate = firth(*few).estimate
    close(firth_sandwich(*few, estimate).covariance, firth_sandwich(*single, estimate).covariance, 1e-9, 1e-15)
    one, other = firth_profile(*few), firth_profile(*single)
    close(one.low, other.low, 1e-7)


def standard_designs():
    rows, events, n = table("birthwt")
    exposed, unexposed = rows.copy(), rows.copy()
    exposed[:, 1], unexposed[:, 1] = 1, 0
    return rows, events, n, exposed, unexposed


@pytest.mark.parametrize(("clustered", "name"), [(False, "standard_covariance"), (True, "standard_cluster")])
def test_standardised_risks_equal_stacked_estimating_equations(clustered, name):
    """Tolerance: the script's derivative by differences, worst 2e-9. The script has no factor c / (c - 1)."""
    cluster = column("birthwt_age") if clustered else None
    answer = standardised(*standard_designs(), cluster=cluster)
    many = np.unique(column("birthwt_age")).size
    spread = column(name, 2, 2) * (many / (many - 1) if clustered else 1.0)
    check_standardised(answer, spread, 1e-6)


def test_standardised_risks_of_a_known_population_equal_the_delta_method():
    rows, events, n, exposed, unexposed = standard_designs()
    fit = logistic(rows, events, n)
    answer = standardised_known(n, exposed, unexposed, fit.estimate, fit.covariance)
    check_standardised(answer, column("standard_known", 2, 2), 1e-8)


def check_standardised(answer, spread, rtol):
    one, zero = column("standard_risk")
    close([answer.exposed.estimate, answer.unexposed.estimate], [one, zero], 1e-10)
    close([answer.exposed.std_error, answer.unexposed.std_error], np.sqrt(np.diag(spread)), rtol)
    close(answer.difference.std_error, np.sqrt(np.array([1, -1]) @ spread @ [1, -1]), rtol)
    for measure, way in (
        (answer.ratio, np.array([1 / one, -1 / zero])),
        (answer.odds_ratio, np.array([1 / one / (1 - one), -1 / zero / (1 - zero)])),
    ):
        close(measure.std_error, np.sqrt(way @ spread @ way), rtol)
    close(answer.ratio.estimate, one / zero, 1e-10)
    close(answer.odds_ratio.estimate, one * (1 - zero) / zero / (1 - one), 1e-10)


def test_additive_interaction_equals_epir():
    answer = interaction(column("interaction_estimate"), column("interaction_covariance", 3, 3))
    for ours, name in ((answer.excess, "reri"), (answer.proportion, "ap"), (answer.synergy, "s")):
        close([ours.estimate, ours.low, ours.high], column(f"interaction_{name}"), 1e-10)


def test_influence_equals_r():
    """Leverage, Cook's distance, Pearson residuals; dfbeta as one Newton step."""
    rows, events, n = table("birthwt")
    answer = influence(rows, events, n)
    place = (np.arange(189), events.astype(int))
    close(answer.leverage, column("birthwt_hat"), 1e-9)
    close(answer.cook[place], column("birthwt_cook"), 1e-8)
    close(answer.residual[place], column("birthwt_pearson"), 1e-9)
    close(answer.dfbeta[place], column("birthwt_dfbeta", 189, 8), 1e-7, 1e-10)
    # R's own dfbeta() takes deviance residuals and is further from what leaving a patient out really does
    real, by_r = column("birthwt_left_out", 189, 8), column("birthwt_r_dfbeta", 189, 8)
    scale = np.abs(real).max(0)
    assert np.abs((answer.dfbeta[place] - real) / scale).mean() < np.abs((by_r - real) / scale).mean() / 3
    assert answer.present[place].all()
    assert answer.present.sum() == 189


def test_variance_inflation_equals_car():
    """Race has two columns: car gives its generalised factor."""
    covariance = logistic(*table("birthwt")).covariance[1:, 1:]
    found = variance_inflation(covariance, [[0], [1, 2], [3], [4], [5], [6]])
    close(found, column("birthwt_vif"), 1e-9)


@pytest.mark.parametrize("count", range(3, 8))
def test_splines_equal_hmisc(count):
    """Knots too, with Hmisc's treatment of ties at the ends switched off (fractied = 0), for it is not in the book."""
    lwt = column("birthwt_lwt")
    at = knots(lwt, count)
    close(at, column(f"knots_{count}"), 1e-12)
    close(restricted_cubic(lwt, at), column(f"spline_{count}", -1, count - 1), 1e-10, 1e-12)


def test_concordance_equals_proc():
    answer = concordance(column("score"), column("birthwt_events"), 1)
    close(answer.estimate, REFERENCE["score_c"][0], 1e-13)
    close(answer.std_error**2, REFERENCE["score_variance"][0], 1e-11)
    close(answer.estimate, REFERENCE["score_rms"][0], 1e-12)


def test_calibration_equals_glm_and_rms():
    """Worst 1e-10 to glm; rms stops earlier."""
    answer = calibration(column("score"), column("birthwt_events"), 1)
    close([answer.intercept, answer.intercept_std_error], column("score_intercept"), 1e-9)
    close([answer.slope, answer.slope_std_error], column("score_slope"), 1e-9)
    close(answer.brier, REFERENCE["score_rms"][1], 1e-12)
    close(answer.slope, REFERENCE["score_rms"][2], 1e-4)


def test_rubin_equals_mitools():
    covariance = column("imputed_covariance", 5, 5, 5)
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    estimate = column("imputed_estimate", 5, 5)  # R keeps a matrix by its columns: one imputation after the other
    answer = rubin(estimate.T, variance.T)
    close(answer.estimate, column("pooled_estimate"), 1e-12)
    close(answer.std_error, column("pooled_std_error"), 1e-12)
    close(answer.df, column("pooled_df"), 1e-10)
    close(answer.missing_information, column("pooled_missing"), 1e-10)


def test_barnard_and_rubins_degrees_of_freedom_are_not_those_of_mitools():
    """mitools writes U / (U + B) where Barnard and Rubin have U / (U + (1 + 1/M) B), and so has more of them."""
    variance = np.diagonal(column("imputed_covariance", 5, 5, 5), axis1=1, axis2=2)
    answer = rubin(column("imputed_estimate", 5, 5).T, variance.T, complete_df=223)
    close(answer.df, column("pooled_barnard"), 1e-10)
    assert (answer.df < column("pooled_mitools_df")).all()


def test_d1_equals_its_formula():
    answer = pooled_wald(column("imputed_estimate", 5, 5)[:, 3:], column("imputed_covariance", 5, 5, 5)[:, 3:, 3:])
    close([answer.statistic, answer.df_error], column("pooled_d1"), 1e-9)
