"""Priors: shapes worked out on paper, statements an elicited prior must repeat, input that is refused."""

import numpy as np
import pytest
from scipy import stats

from sarcoid_epi.stats import prior as p


def test_a_pert_of_middle_mode_has_the_shapes_three_and_three():
    assert list(p.pert(0.2, 0.5, 0.8)) == pytest.approx([3.0, 3.0, 0.2, 0.8])
    assert p.mean(p.pert(0.6, 0.9, 1.0)) == pytest.approx((0.6 + 4 * 0.9 + 1.0) / 6)


def test_validation_counts_gain_half_a_patient_on_either_side():
    assert p.validated(18, 20) == p.Prior(18.5, 2.5)


def test_a_belief_worth_n_patients_has_the_mean_believed_and_a_sure_one_is_a_point():
    assert p.weighed(0.2, 20) == p.Prior(4.0, 16.0)
    assert p.weighed(1.0, 20) == p.point(1.0)


@pytest.mark.parametrize("kind", ["mode", "mean"])
@pytest.mark.parametrize(("value", "bound", "chance"), [(0.9, 0.75, 0.95), (0.2, 0.4, 0.95), (0.99, 0.9, 0.999)])
def test_an_elicited_prior_says_what_the_expert_said(kind, value, bound, chance):
    """Tolerance: root finding, worst 1e-13."""
    found = p.elicited(value, bound, chance, kind)
    on_that_side = p.distribution(found, bound) if bound > value else 1 - p.distribution(found, bound)
    assert on_that_side == pytest.approx(chance, abs=1e-11)
    said = (found.a - 1) / (found.a + found.b - 2) if kind == "mode" else p.mean(found)
    assert said == pytest.approx(value, abs=1e-11)


def test_a_mode_at_one_is_a_power():
    """Beta(s + 1, 1) has the chance bound^(s + 1) below the bound: 0.5^2 = 1 - 0.75."""
    assert p.elicited(1.0, 0.5, 0.75) == pytest.approx((2.0, 1.0, 0.0, 1.0))


def test_density_distribution_and_quantile_are_those_of_the_stretched_beta():
    prior, x = p.Prior(2.5, 4.0, 0.1, 0.7), np.linspace(0, 1, 41)
    same = stats.beta(2.5, 4.0, 0.1, 0.6)
    np.testing.assert_allclose(p.density(prior, x), same.pdf(x), atol=1e-12)
    np.testing.assert_allclose(p.distribution(prior, x), same.cdf(x), atol=1e-14)
    np.testing.assert_allclose(p.quantile(prior, x), same.ppf(x), atol=1e-14)
    assert (p.mean(prior), p.sd(prior)) == pytest.approx((same.mean(), same.std()))
    assert p.density(p.beta(0.5, 1), 0.0) == np.inf


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: p.beta(0, 1), "above 0"),
        (lambda: p.beta(1, -2), "above 0"),
        (lambda: p.uniform(0.7, 0.3), "range"),
        (lambda: p.uniform(-0.1, 0.3), "range"),
        (lambda: p.point(1.2), "range"),
        (lambda: p.pert(0.2, 0.9, 0.8), "mode must lie"),
        (lambda: p.validated(3, 2), "exceed"),
        (lambda: p.weighed(0.5, 0), "weight"),
        (lambda: p.weighed(1.5, 10), "value must lie"),
        (lambda: p.elicited(0.9, 0.1, 0.5), "no beta distribution"),
        (lambda: p.elicited(0.9, 0.9, 0.5), "two shares"),
        (lambda: p.elicited(0.9, 0.75, 0.8, "mean"), "no beta distribution"),
        (lambda: p.elicited(0.9, 0.5, 1.0), "chance"),
        (lambda: p.elicited(0.9, 0.5, 0.8, "median"), "kind"),
        (lambda: p.quantile(p.beta(1, 1), 1.5), "u must"),
        (lambda: p.log_density(p.point(0.5), 0.5), "no density"),
        (lambda: p.distribution(p.Prior(1, 1, 0.5, 0.2), 0.5), "range"),
    ],
)
def test_what_is_no_prior_is_refused(made, said):
    with pytest.raises(ValueError, match=said):
        made()
