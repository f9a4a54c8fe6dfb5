"""Two tests without a gold standard where the answer is known without a fit, and what is refused."""

import numpy as np
import pytest

from sarcoid_epi.stats import hui_walter as module
from sarcoid_epi.stats import hui_walter_bayes as bayes
from sarcoid_epi.stats.hui_walter import hui_walter
from sarcoid_epi.stats.hui_walter_bayes import hui_walter_posterior
from sarcoid_epi.stats.two_classes import FLAT, ZERO_OR_ONE

SE, SP = np.array([0.8, 0.7]), np.array([0.95, 0.9])


def tables(prevalence, n=1000.0, se=SE, sp=SP):
    """Expected counts in populations of n patients."""
    pi = np.asarray(prevalence)[:, None, None]
    one, nought = (np.outer([1 - p, p], [1 - q, q]) for p, q in (se, 1 - sp))
    return n * (pi * one + (1 - pi) * nought)


@pytest.mark.parametrize("prevalence", [[0.1, 0.6], [0.02, 0.3], [0.05, 0.2, 0.7]])
def test_tables_made_from_known_numbers_give_them_back(prevalence):
    """Tolerance: the search stops at steps of 1e-9 on the logit scale."""
    fit = hui_walter(tables(prevalence))
    np.testing.assert_allclose(fit.prevalence, prevalence, atol=1e-8)
    np.testing.assert_allclose(fit.sensitivity, SE, atol=1e-8)
    np.testing.assert_allclose(fit.specificity, SP, atol=1e-8)
    assert fit.df == 2 * len(prevalence) - 4
    assert abs(fit.deviance) < 1e-8
    assert fit.note == ""


def test_two_perfect_tests_are_counted():
    """10 of 100 and 60 of 100 positive with both tests, nobody with one: everything is at an edge but the prevalences,
    whose errors are the binomial ones."""
    fit = hui_walter([[[90, 0], [0, 10]], [[40, 0], [0, 60]]])
    np.testing.assert_allclose(fit.prevalence, [0.1, 0.6], atol=1e-6)
    np.testing.assert_allclose(fit.prevalence_std_error, np.sqrt([0.0009, 0.0024]), rtol=1e-5)
    assert (fit.sensitivity == 1).all()
    assert np.isnan(fit.sensitivity_high).all()
    assert fit.note == ZERO_OR_ONE


def test_the_first_test_says_which_class_has_the_condition():
    fit = hui_walter(tables([0.1, 0.6], se=np.array([0.8, 0.2]), sp=np.array([0.9, 0.3])))
    np.testing.assert_allclose(fit.sensitivity, [0.8, 0.2], atol=1e-8)
    assert fit.note == module.AGAINST


def test_equal_prevalences_are_not_identified():
    fit = hui_walter(tables([0.3, 0.3]))
    assert FLAT in fit.note
    assert module.ALIKE in fit.note
    assert np.isnan([*fit.prevalence, *fit.sensitivity, *fit.specificity]).all()


@pytest.mark.parametrize(
    ("counts", "note"),
    [
        ([[[35, 87], [2, 38]]], module.ONE_POPULATION),
        ([[[0, 0], [0, 0]], [[5, 2], [1, 8]]], module.NO_PATIENTS),
        ([[[10, 0], [0, 0]], [[20, 0], [0, 0]]], module.CONSTANT),
        ([[[0, 0], [0, 10]], [[0, 0], [0, 20]]], module.CONSTANT),
        ([[[10, 5], [0, 0]], [[20, 5], [0, 0]]], module.CONSTANT),
    ],
    ids=["one population", "an empty population", "all negative", "all positive", "a test that never varies"],
)
def test_what_cannot_be_estimated_is_refused_with_a_reason(counts, note):
    fit = hui_walter(counts)
    assert fit.note == note
    assert not fit.converged
    assert np.isnan([*fit.prevalence, *fit.sensitivity, *fit.specificity, fit.log_likelihood]).all()


def test_broken_input_is_named():
    for call in (
        lambda: hui_walter(np.ones((2, 2))),
        lambda: hui_walter(-np.ones((2, 2, 2))),
        lambda: hui_walter(np.ones((2, 2, 2)), level=0),
        lambda: hui_walter_posterior(np.ones((1, 2, 2)), 0, 1, 1, 1, 1, 1),
        lambda: hui_walter_posterior(np.ones((1, 2, 2)), 1, 1, 1, 1, 1, np.inf),
    ):
        with pytest.raises(ValueError, match=r"counts|level|prior"):
            call()


def test_a_batch_equals_the_groups_one_by_one():
    rng = np.random.default_rng(4)
    counts = rng.multinomial(150, tables([0.1, 0.5], 1.0).reshape(2, 4), (12, 2)).reshape(12, 2, 2, 2)
    counts[0] = 0
    for fit in (hui_walter, lambda n: hui_walter_posterior(n, 1, 1, 4, 1, 9, 1)):
        together = fit(counts)
        for i, table in enumerate(counts):
            for name, value in fit(table)._asdict().items():
                if name == "note":
                    assert together.note[i] == value
                else:
                    np.testing.assert_allclose(getattr(together, name)[i], value, rtol=1e-6, atol=1e-8, err_msg=name)


def test_without_patients_the_posterior_is_the_prior():
    """Beta(4, 2): mean 2/3, variance 8/252. Tolerance: 16 384 points; worst 3e-04
    of a mean, 2e-03 of a contraction."""
    fit = hui_walter_posterior(np.zeros((2, 2, 2)), 4, 2, [8, 4], [2, 2], [4, 16], [2, 4])
    np.testing.assert_allclose(fit.prevalence, 2 / 3, atol=3e-3)
    np.testing.assert_allclose(fit.sensitivity, [0.8, 2 / 3], atol=3e-3)
    np.testing.assert_allclose(fit.specificity, [2 / 3, 0.8], atol=3e-3)
    np.testing.assert_allclose(fit.prevalence_sd, np.sqrt(8 / 252), rtol=0.01)
    np.testing.assert_allclose([*fit.prevalence_contraction, *fit.sensitivity_contraction], 0, atol=0.02)


def test_two_perfectly_known_tests_leave_a_beta_posterior():
    """Beliefs worth a million say that both tests are right; 30 of 100 positive with both: Beta(31, 71)."""
    fit = hui_walter_posterior([[[70, 0], [0, 30]]], 1, 1, 1e6, 1, 1e6, 1)
    assert fit.prevalence[0] == pytest.approx(31 / 102, abs=1e-3)
    assert fit.prevalence_sd[0] == pytest.approx(np.sqrt(31 * 71 / 102**2 / 103), rel=0.01)
    assert fit.note == ""


def test_beliefs_that_settle_no_class_are_named():
    fit = hui_walter_posterior(np.round(tables([0.1, 0.6])), 1, 1, 1, 1, 1, 1)
    assert fit.note == bayes.TURNED
    assert fit.turned == pytest.approx(0.5, abs=0.02)
