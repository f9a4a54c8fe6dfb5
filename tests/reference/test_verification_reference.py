"""Partly verified patients against R's uniroot, glm, deriv and lm (R/verification.R)."""

import json
from pathlib import Path

import numpy as np

from sarcoid_epi.stats.inverse_probability import inverse_probability_share
from sarcoid_epi.stats.verification import begg_greenes, not_at_random, stratified_share

REFERENCE = json.loads(Path(__file__).with_name("verification.json").read_text(encoding="utf-8"))
FIELDS = (
    "sensitivity",
    "specificity",
    "prevalence",
    "positive_predictive_value",
    "negative_predictive_value",
)
REGISTER = ([40, 30], [760, 170], [40, 20], [31, 16], [150, 100], [3, 9])


def test_score_limits_of_a_weighted_sum_equal_nested_root_findings_in_r():
    """R seeks the share and, within, the constrained maximum. Tolerance: its root finder's, worst 5e-15."""
    y, m, n = (np.reshape(REFERENCE[name], (-1, 2)) for name in ("cases", "verified", "patients"))
    answer = stratified_share(y, m, n)
    np.testing.assert_allclose(answer.low, REFERENCE["low"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(answer.high, REFERENCE["high"], rtol=0, atol=1e-12)


def test_hepatic_scintigraphy_equals_a_predicted_glm():
    """Also the standard errors by symbolic derivatives. Tolerance: rounding, worst 1e-16."""
    answer = begg_greenes(429, 221, 263, 231, 81, 27)
    for place, field in enumerate(FIELDS):
        np.testing.assert_allclose(getattr(answer, field).estimate, REFERENCE["hepatic"][place], rtol=1e-12)
        np.testing.assert_allclose(getattr(answer, field).std_error, REFERENCE["hepatic_error"][place], rtol=1e-12)


def test_two_strata_equal_a_predicted_glm():
    """Tolerance: glm's convergence, worst 2e-16."""
    answer = begg_greenes(*REGISTER)
    for place, field in enumerate(FIELDS):
        np.testing.assert_allclose(getattr(answer, field).estimate, REFERENCE["register"][place], rtol=1e-12)
        np.testing.assert_allclose(getattr(answer, field).std_error, REFERENCE["register_error"][place], rtol=1e-12)


def test_odds_of_the_unverified_equal_a_glm_with_an_offset():
    """Tolerance: glm's convergence, worst 2e-16."""
    answer = not_at_random(*REGISTER, odds=REFERENCE["odds"])
    found = np.stack([getattr(answer, field).estimate for field in FIELDS], axis=-1)
    np.testing.assert_allclose(found.ravel(), REFERENCE["register_at_odds"], rtol=1e-12)


def test_weighted_shares_equal_a_weighted_lm_with_its_sandwich():
    """Tolerance: rounding, worst 1e-15."""
    verified = np.r_[np.ones(13), np.zeros(32)]
    probability = np.r_[[0.5] * 4, [0.2] * 6, [0.8] * 3, [0.5] * 32]
    sick = np.r_[[1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0], np.full(32, np.nan)]
    answer = inverse_probability_share(sick, verified, probability)
    for name in ("hajek", "horvitz_thompson"):
        np.testing.assert_allclose(getattr(answer, name).estimate, REFERENCE[name], rtol=1e-12)
        np.testing.assert_allclose(getattr(answer, name).std_error, REFERENCE[f"{name}_error"], rtol=1e-12)
