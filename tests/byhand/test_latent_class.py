"""Two latent classes where the answer is known without a fit, what is refused, and what holds for any batch."""

import numpy as np
import pytest
from scipy.stats import norm

from sarcoid_epi.stats import latent_class as module
from sarcoid_epi.stats.latent_class import latent_class, latent_class_random_effect
from sarcoid_epi.stats.two_classes import FLAT, ZERO_OR_ONE, likelihood, loglinear, patterns, probit_normal


def independent(prevalence, sensitivity, specificity):
    """Chance of each pattern, written out."""
    result = patterns(len(sensitivity))
    se, sp = np.array(sensitivity), np.array(specificity)
    one, nought = np.where(result == 1, se, 1 - se).prod(1), np.where(result == 1, 1 - sp, sp).prod(1)
    return prevalence * one + (1 - prevalence) * nought


def test_a_table_made_from_known_numbers_gives_them_back():
    """1000 expected patients. Tolerance: the search stops at steps of 1e-9 on the logit scale; worst 1e-15."""
    se, sp = [0.8, 0.7, 0.9], [0.95, 0.9, 0.97]
    fit = latent_class(1000 * independent(0.15, se, sp))
    np.testing.assert_allclose(fit.prevalence, 0.15, atol=1e-8)
    np.testing.assert_allclose(fit.sensitivity, se, atol=1e-8)
    np.testing.assert_allclose(fit.specificity, sp, atol=1e-8)
    assert fit.df == 0
    assert fit.note == ""
    assert abs(fit.deviance) < 1e-9
    # The chance of the condition with all three tests positive, by Bayes.
    ill, well = 0.15 * 0.8 * 0.7 * 0.9, 0.85 * 0.05 * 0.1 * 0.03
    assert fit.posterior[7] == pytest.approx(ill / (ill + well), abs=1e-8)


def test_a_table_made_with_a_dependent_pair_gives_the_covariance_back():
    """Tests 0 and 1 have covariance 0.06 in the diseased (Vacek): added where they agree, taken off where not."""
    se, sp, result = np.array([0.8, 0.7, 0.9, 0.6, 0.75]), np.array([0.95, 0.9, 0.97, 0.93, 0.96]), patterns(5)
    one = np.where(result == 1, se, 1 - se)
    pair = one[:, 0] * one[:, 1] + 0.06 * np.where(result[:, 0] == result[:, 1], 1, -1)
    nought = np.where(result == 1, 1 - sp, sp).prod(1)
    fit = latent_class(5000 * (0.2 * pair * one[:, 2:].prod(1) + 0.8 * nought), diseased_pairs=[(1, 0)])
    np.testing.assert_allclose(fit.sensitivity, se, atol=1e-8)
    np.testing.assert_allclose(fit.prevalence, 0.2, atol=1e-8)
    assert fit.covariance_diseased[0, 1] == pytest.approx(0.06, abs=1e-8)
    assert fit.covariance_diseased[0, 2] == pytest.approx(0, abs=1e-12)
    odds_ratio = (0.56 + 0.06) * (0.06 + 0.06) / ((0.24 - 0.06) * (0.14 - 0.06))
    assert fit.dependence[0] == pytest.approx(np.log(odds_ratio), abs=1e-7)


def test_a_table_made_with_a_random_effect_gives_it_back():
    """The integral by 20 001 points instead of 121. Tolerance: the search; worst 1e-12."""
    se, sp, b, result = np.array([0.8, 0.7, 0.9, 0.6, 0.75]), np.array([0.95, 0.9, 0.97, 0.93, 0.96]), 0.8, patterns(5)
    u = np.linspace(-9, 9, 20_001)
    z = norm.ppf(se)[:, None] * np.sqrt(1 + b**2) + b * u
    one = (np.where(result[..., None] == 1, norm.cdf(z), norm.cdf(-z)).prod(1) * norm.pdf(u)).sum(1) * (u[1] - u[0])
    table = 5000 * (0.2 * one + 0.8 * np.where(result == 1, 1 - sp, sp).prod(1))
    fit = latent_class_random_effect(table, among="diseased")
    np.testing.assert_allclose(fit.sensitivity, se, atol=1e-8)
    np.testing.assert_allclose(fit.specificity, sp, atol=1e-8)
    np.testing.assert_allclose(fit.dependence, [b], atol=1e-7)


@pytest.mark.parametrize(
    ("classes", "populations", "size"),
    [
        (loglinear(patterns(3), np.column_stack([patterns(3), patterns(3)[:, :2].prod(1)])), 2, 9),
        (probit_normal(3, (1.0, 1.0)), 1, 8),
        (probit_normal(3, (0.0, 1.0)), 2, 9),
    ],
    ids=["pair", "effect in both", "effect in the diseased"],
)
def test_the_derivatives_are_those_of_the_likelihood(classes, populations, size):
    """Against differences with a step of 1e-5, good to about 1e-8 of the size of the sums."""
    rng = np.random.default_rng(1)
    counts, at = rng.integers(1, 50, (1, populations, 8)).astype(float), rng.normal(size=size)
    _, gradient, information = likelihood(at[None], counts, classes)
    up, down = (
        np.array([likelihood((at + h * e)[None], counts, classes)[0][0] for e in np.eye(size)]) for h in (1e-5, -1e-5)
    )
    np.testing.assert_allclose(gradient[0], (up - down) / 2e-5, atol=1e-5)
    up, down = (
        np.array([likelihood((at + h * e)[None], counts, classes)[1][0] for e in np.eye(size)]) for h in (1e-5, -1e-5)
    )
    np.testing.assert_allclose(information[0], -(up - down) / 2e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("counts", "note"),
    [
        (np.zeros(8), module.NO_PATIENTS),
        ([100, 0, 0, 0, 0, 0, 0, 0], module.CONSTANT),
        ([0, 0, 0, 0, 0, 0, 0, 100], module.CONSTANT),
        ([50, 10, 5, 5, 0, 0, 0, 0], module.CONSTANT),
        ([50, 10, 5, 20], module.TOO_FEW),
    ],
    ids=["nobody", "all negative", "all positive", "a test that never varies", "two tests"],
)
def test_what_cannot_be_estimated_is_refused_with_a_reason(counts, note):
    fit = latent_class(counts)
    assert fit.note == note
    assert not fit.converged
    assert np.isnan([fit.prevalence, *fit.sensitivity, *fit.specificity, *fit.posterior, fit.log_likelihood]).all()


def test_tests_that_share_nothing_are_not_identified():
    """Three tests independent in everyone, 20 %, 40 % and 50 % positive: one class is enough."""
    fit = latent_class(1000 * independent(0.0, [0.5, 0.5, 0.5], [0.8, 0.6, 0.5]))
    assert module.BY_CHANCE in fit.note
    assert FLAT in fit.note
    assert np.isnan(fit.prevalence)


def test_two_identical_tests_are_taken_for_the_truth():
    """Where tests 0 and 1 always agree, the likelihood is highest with both perfect: at the edge, without limits."""
    fit = latent_class([60, 10, 0, 0, 0, 0, 5, 25])
    assert ZERO_OR_ONE in fit.note
    np.testing.assert_allclose(fit.sensitivity, [1, 1, 25 / 30], atol=1e-6)
    np.testing.assert_allclose(fit.specificity, [1, 1, 60 / 70], atol=1e-6)
    assert fit.prevalence == pytest.approx(0.3, abs=1e-6)
    assert np.isnan(fit.sensitivity_low[:2]).all()
    assert np.isfinite(fit.sensitivity_low[2])


def test_a_test_that_points_the_other_way_is_named():
    fit = latent_class(2000 * independent(0.3, [0.9, 0.8, 0.2], [0.9, 0.85, 0.3]))
    assert fit.note == module.AGAINST
    np.testing.assert_allclose(fit.sensitivity, [0.9, 0.8, 0.2], atol=1e-8)


def test_broken_input_is_named():
    for call in (
        lambda: latent_class([1, 2, 3]),
        lambda: latent_class([1, 2, 3, -4]),
        lambda: latent_class(np.ones(8), level=1),
        lambda: latent_class(np.ones(8), diseased_pairs=[(0, 3)]),
        lambda: latent_class(np.ones(8), healthy_pairs=[(0, 1), (1, 0)]),
        lambda: latent_class_random_effect(np.ones(16), among="some"),
    ):
        with pytest.raises(ValueError, match=r"counts|level|pairs|among"):
            call()


@pytest.mark.parametrize("fit", [latent_class, lambda t: latent_class(t, [(0, 1)]), latent_class_random_effect])
def test_a_batch_equals_the_groups_one_by_one(fit):
    """Tables of four tests, some of them sparse or empty; each is frozen when it has arrived. Estimates that the data
    hardly fix carry the stopping rule of the search, hence 1e-6."""
    rng = np.random.default_rng(5)
    chance = independent(0.3, [0.8, 0.7, 0.9, 0.6], [0.95, 0.9, 0.97, 0.9])
    tables = np.stack([rng.multinomial(n, chance) for n in (0, 1, 30, 200, 200, 1000)])
    together = fit(tables)
    for i, table in enumerate(tables):
        alone = fit(table)
        for name, value in alone._asdict().items():
            if name == "note":
                assert together.note[i] == value
            else:
                np.testing.assert_allclose(getattr(together, name)[i], value, rtol=1e-6, atol=1e-7, err_msg=name)


def test_leading_axes_stay_and_single_tables_give_scalars():
    table = np.round(1000 * independent(0.3, [0.8, 0.7, 0.9], [0.95, 0.9, 0.97]))
    fit = latent_class(np.broadcast_to(table, (2, 3, 8)))
    assert fit.prevalence.shape == fit.note.shape == (2, 3)
    assert fit.sensitivity.shape == (2, 3, 3)
    assert fit.covariance_healthy.shape == (2, 3, 3, 3)
    assert np.ndim(latent_class(table).prevalence) == 0
