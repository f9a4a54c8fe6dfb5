"""Printed numbers: Zou's limits of additive interaction, and output of the R package logistf (not on this machine)."""

import numpy as np
import pytest
from scipy.special import expit

from sarcoid_epi.stats.firth import firth, firth_profile
from sarcoid_epi.stats.interaction import interaction
from sarcoid_epi.stats.logistic import logistic


def oral_cancer():
    """Rothman and Keller: cases and controls by alcohol and smoking, (3, 20), (6, 12), (8, 18), (225, 166)."""
    rows = [[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]]
    return logistic(rows, [3, 6, 8, 225], [23, 18, 26, 391])


def test_odds_ratios_of_oral_cancer():
    """The documentation of interactionR prints 3.33 (0.70 to 15.86), 2.96 (0.68 to 12.91), and 9.04 with both."""
    fit = oral_cancer()
    assert np.exp(fit.estimate[1:3]).round(2).tolist() == [3.33, 2.96]
    assert np.exp(fit.low[1:3]).round(2).tolist() == [0.7, 0.68]
    assert np.exp(fit.high[1:3]).round(2).tolist() == [15.86, 12.91]
    assert round(np.exp(fit.estimate[1:].sum()), 2) == 9.04


def test_zous_limits_of_the_excess_risk():
    """3.74 (-11.43 to 21.87), printed by the documentation of interactionR as Zou's own."""
    fit = oral_cancer()
    answer = interaction(fit.estimate[1:], fit.covariance[1:, 1:])
    printed = (answer.excess.estimate, answer.excess.mover_low, answer.excess.mover_high)
    assert [round(float(number), 2) for number in printed] == [3.74, -11.43, 21.87]


def quasi_separated():
    """The made data of the tests of firthmodels (seed 42), whose values are logistf's, printed with ten digits."""
    rng = np.random.default_rng(42)
    separator = rng.choice([0, 1], 100, p=[0.8, 0.2])
    first, second = rng.standard_normal(100), rng.uniform(-1, 1, 100)
    third = rng.exponential(scale=2.0, size=100)
    y = rng.binomial(1, expit(-0.5 + 0.8 * first - 0.6 * second + 0.3 * third))
    y[separator == 1] = 1
    return np.column_stack([np.ones(100), separator, first, second, third]), y


def test_firth_equals_logistf():
    """Tolerance: logistf stops at steps of 1e-5 by default. Its standard errors are those of the augmented data, not
    those of brglm2, and 2 to 7 per cent smaller here."""
    fit = firth(*quasi_separated(), 1)
    printed = [-0.4434562830, 3.6577140153, 0.6759781501, -0.8633119501, 0.3385788510]
    assert fit.estimate == pytest.approx(printed, rel=1e-4)
    printed = [0.3452906671, 1.4822786334, 0.2687886213, 0.3874453554, 0.1370778814]
    assert fit.std_error_augmented == pytest.approx(printed, rel=1e-4)
    assert (fit.std_error > 1.02 * fit.std_error_augmented).all()


def test_firth_profiles_equal_logistf():
    """Limits and p-values; same tolerance."""
    answer = firth_profile(*quasi_separated(), 1)
    low = [-1.16089382506, 1.3901042899, 0.1602568036, -1.6677883758, 0.0893054012]
    high = [0.2295139209, 8.5876062114, 1.2568999211, -0.1135186948, 0.6572681313]
    p_value = [0.1997147194, 0.0002084147149, 0.0093173148959, 0.0236385713206, 0.0055887969164]
    assert answer.low == pytest.approx(low, rel=1e-4)
    assert answer.high == pytest.approx(high, rel=1e-4)
    assert answer.p_value == pytest.approx(p_value, rel=1e-4)
