"""The modality model against metafor (Se = Sp = 1) and against a long run of JAGS (R/modality.R).

Set `one`: informed beliefs, as for film, CT, MRI and PET. Set `two`: uniform beliefs about every sensitivity."""

import json
from math import inf
from pathlib import Path

import numpy as np
import pytest

from sarcoid_epi.stats.modality import modality_model

REFERENCE = json.loads(Path(__file__).with_name("modality.json").read_text(encoding="utf-8"))
N, BY = np.array(REFERENCE["n"]), np.array(REFERENCE["modality"], dtype=int)
EVENTS = np.array(REFERENCE["events"]).reshape(2, 14)
BELIEF = ("sensitivity", "sensitivity_weight", "specificity", "specificity_weight")
MEAN, MEAN_MC, SD = (np.array(REFERENCE[name]).reshape(2, 2, 4) for name in ("mean", "mean_mc", "sd"))
QUANTILE, QUANTILE_MC = (np.array(REFERENCE[name]).reshape(2, 3) for name in ("quantile", "quantile_mc"))


@pytest.fixture(scope="module")
def fits():
    beliefs = np.stack([np.array(REFERENCE[name]).reshape(2, 4) for name in BELIEF])
    return [modality_model(EVENTS[j], N, BY, *beliefs[:, j]) for j in range(2)]


@pytest.mark.parametrize("j", [0, 1])
def test_perfect_looks_equal_metafor(j):
    """Tolerance: where lme4's optimiser stops, worst 4e-6; ours is `binomial_normal` to 1e-12 (tests/byhand)."""
    fit = modality_model(EVENTS[j], N, BY, [1.0] * 4, inf, [1.0] * 4, inf).true
    assert fit.mu == pytest.approx(REFERENCE["mu"][j], abs=1e-5)
    assert fit.tau == pytest.approx(REFERENCE["tau"][j], abs=1e-5)
    assert (fit.low, fit.high) == pytest.approx((REFERENCE["low"][j], REFERENCE["high"][j]), abs=1e-5)


@pytest.mark.parametrize("j", [0, 1])
def test_sensitivity_and_specificity_have_the_mean_and_spread_of_the_long_run(fits, j):
    """Tolerances: 4 Monte Carlo standard errors of JAGS and, for our quadrature, 3 % of the standard deviation (means)
    and 4 % (standard deviations); 15 % for the specificities beside uniform sensitivities, whose posterior is far from
    normal on the logit scale (worst 12 %, film)."""
    fit = fits[j]
    for part, (mean, sd) in enumerate(((fit.sensitivity, fit.sensitivity_sd), (fit.specificity, fit.specificity_sd))):
        assert (np.abs(mean - MEAN[j, part]) < 4 * MEAN_MC[j, part] + 0.03 * SD[j, part]).all()
        np.testing.assert_allclose(sd, SD[j, part], rtol=0.15 if (j, part) == (1, 1) else 0.04)


@pytest.mark.parametrize("j", [0, 1])
def test_the_typical_share_has_the_limits_of_the_long_run(fits, j):
    """On the logit scale, within 4 Monte Carlo standard errors and 4 % of the posterior's standard deviation (a
    quarter of the distance between its limits)."""
    fit = fits[j]
    ours = np.log(np.array([fit.low, fit.share, fit.high]) / (1 - np.array([fit.low, fit.share, fit.high])))
    allowed = 4 * QUANTILE_MC[j] + 0.04 * (QUANTILE[j, 2] - QUANTILE[j, 0]) / 4
    assert (np.abs(ours - QUANTILE[j]) < allowed).all()
