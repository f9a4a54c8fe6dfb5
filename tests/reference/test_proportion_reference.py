"""Limits of one proportion against other programs (R/proportion.R).

Answers: do equal definitions give equal numbers, from 1 patient to 1 000 000, at three levels? Does not answer whether
the definition covers: see tests/recovery."""

import json
from pathlib import Path

import numpy as np
import pytest

from sarcoid_epi.stats import proportion

REFERENCE = json.loads(Path(__file__).with_name("proportion.json").read_text(encoding="utf-8"))

TOLERANCE = {  # relative
    "wilson": 1e-13,  # prop.test: worst 1.7e-15, rounding
    "clopper_pearson": 5e-11,  # binom.test: worst 8.8e-12, at 3 of 10^6: scipy's betainccinv (the tail is off by 5e-11)
    "jeffreys": 1e-13,  # qbeta, with the ends closed: worst 3.5e-15, rounding
    "agresti_coull": 1e-13,  # prevalence::propCI: worst 3.4e-15, rounding
    "mid_p": 1e-11,  # uniroot on pbinom: worst 5e-13, where uniroot stops
    "likelihood_ratio": 1e-11,  # uniroot on dbinom: worst 1.3e-12, where uniroot stops
    "blaker": 1e-12,  # grid and halving on pbinom: worst 1.2e-14, rounding
}


def columns(method, peer):
    """Ours and theirs for both limits, without the cases the peer leaves out."""
    theirs = np.array([REFERENCE[f"{peer}_low"], REFERENCE[f"{peer}_high"]], dtype=float)
    rows = zip(REFERENCE["events"], REFERENCE["n"], REFERENCE["level"], strict=True)
    ours = np.array([getattr(proportion, method)(*row) for row in rows]).T
    asked = np.isfinite(theirs)
    return ours[asked], theirs[asked]


@pytest.mark.parametrize("method", TOLERANCE)
def test_limits_equal_the_other_program(method):
    ours, theirs = columns(method, method)
    if method == "agresti_coull":
        # prevalence lets them leave [0, 1] between the ends: -0.0196 for 1 of 29 at 0.99
        theirs = theirs.clip(0, 1)
    assert ours.size >= 72
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE[method], atol=0)


def test_epir_steps_over_short_accepted_intervals():
    """epiR's Blaker starts at Clopper-Pearson's limit and stops one step of 1e-4 short of the first accepted step, so
    it is up to 1e-4 too wide; at 29 of 99 and 59 of 355 (level 0.95) it steps over a short accepted interval and is
    6e-4 and 5e-4 too narrow, where the grid of R/proportion.R and BlakerCI's manual agree with us."""
    ours, theirs = columns("blaker", "blaker_epir")
    apart = np.abs(ours - theirs)
    assert (apart > 1.0001e-4).sum() == 2
    assert apart.max() == pytest.approx(5.99e-4, abs=1e-6)
