"""Tests without a gold standard against optim and JAGS in R, the likelihoods written out there (R/latent_class.R)."""

import json
from pathlib import Path

import numpy as np
import pytest

from sarcoid_epi.stats.hui_walter import hui_walter
from sarcoid_epi.stats.hui_walter_bayes import hui_walter_posterior
from sarcoid_epi.stats.latent_class import latent_class, latent_class_random_effect

REFERENCE = json.loads(Path(__file__).with_name("latent_class.json").read_text(encoding="utf-8"))
FITS = {
    "dentistry_independent": lambda: latent_class(REFERENCE["dentistry"]),
    "pleural_independent": lambda: latent_class(REFERENCE["pleural"]),
    "dentistry_pairs": lambda: latent_class(REFERENCE["dentistry"], diseased_pairs=[(1, 2)], healthy_pairs=[(3, 4)]),
    "dentistry_both": lambda: latent_class_random_effect(REFERENCE["dentistry"]),
    "dentistry_healthy": lambda: latent_class_random_effect(REFERENCE["dentistry"], among="healthy"),
    "tuberculin_ml": lambda: hui_walter(np.reshape(REFERENCE["tuberculin"], (2, 2, 2))),
    "three_ml": lambda: hui_walter(np.reshape(REFERENCE["three"], (3, 2, 2))),
}


@pytest.mark.parametrize("name", FITS)
def test_estimates_and_likelihood_equal_optim(name):
    """Tolerance: R's own stopping; worst 4e-8 of a share, 1.5e-10 of the log-likelihood."""
    fit = FITS[name]()
    for part in ("prevalence", "sensitivity", "specificity"):
        np.testing.assert_allclose(np.ravel(getattr(fit, part)), REFERENCE[f"{name}_{part}"], rtol=0, atol=5e-7)
    np.testing.assert_allclose(fit.log_likelihood, REFERENCE[f"{name}_log_likelihood"][0], rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", [name for name in FITS if not name.startswith("dentistry_pairs")])
def test_standard_errors_equal_those_of_a_numeric_hessian(name):
    """Of the logit of the prevalence, where the parameters are the same. Tolerance: R's differences; worst 1e-5."""
    fit, count = FITS[name](), len(REFERENCE[f"{name}_prevalence"])
    scale = np.ravel(fit.prevalence * (1 - fit.prevalence))
    expected = np.array(REFERENCE[f"{name}_errors"][:count])
    np.testing.assert_allclose(np.ravel(fit.prevalence_std_error) / scale, expected, rtol=1e-4)


def test_dependences_equal_optim():
    pair, both, healthy = (FITS[f"dentistry_{name}"]() for name in ("pairs", "both", "healthy"))
    parameters, errors = (np.array(REFERENCE[f"dentistry_pairs_{name}"]) for name in ("parameters", "errors"))
    np.testing.assert_allclose(pair.dependence, parameters[[12, 6]], rtol=0, atol=1e-5)  # the diseased pair first
    np.testing.assert_allclose(pair.dependence_std_error, errors[[12, 6]], rtol=1e-4)
    for fit, name in ((both, "both"), (healthy, "healthy")):
        np.testing.assert_allclose(fit.dependence, REFERENCE[f"dentistry_{name}_loading"], rtol=0, atol=1e-5)
        np.testing.assert_allclose(fit.dependence_std_error, REFERENCE[f"dentistry_{name}_errors"][-1:], rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "populations", "prior"),
    [
        ("strongyloides", 1, ([4.44, 21.96], [13.31, 5.49], [71.25, 4.1], [3.75, 1.76])),
        ("three", 3, ([20, 5], [5, 2], [18, 9], [2, 1])),
    ],
)
def test_posteriors_equal_jags(name, populations, prior):
    """Strongyloides: the counts and beliefs of Joseph and others. 200 000 draws of a Gibbs sampler whose draws depend
    on each other: worst 0.055 posterior standard deviations at a limit, 0.01 elsewhere."""
    counts = np.reshape(REFERENCE[name], (populations, 2, 2))
    fit = hui_walter_posterior(counts, 1, 1, *prior)
    sd = np.array(REFERENCE[f"{name}_bayes_sd"])
    for theirs, ours in (("mean", ""), ("median", "_median"), ("low", "_low"), ("high", "_high"), ("sd", "_sd")):
        mine = np.concatenate([getattr(fit, part + ours) for part in ("prevalence", "sensitivity", "specificity")])
        assert (np.abs(mine - REFERENCE[f"{name}_bayes_{theirs}"]) < 0.08 * sd).all(), theirs
    assert fit.effective > 500
