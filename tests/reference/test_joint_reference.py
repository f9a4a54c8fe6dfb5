"""The joint synthesis against JAGS on the same ten series and the same prior (R/joint.R).

Answers: is the importance sample the posterior? It does not say whether the model is right."""

import json
from pathlib import Path

import pytest

from sarcoid_epi.estimators.joint import joint
from sarcoid_epi.estimators.synthesis import published_series
from sarcoid_epi.gathering import gathered
from sarcoid_epi.scenario import load_prior

REFERENCE = json.loads(Path(__file__).with_name("joint.json").read_text(encoding="utf-8"))
NAMES = {
    "osseous": "patients.osseous", "new": "patients.new", "scanned": "patients.scanned",
    "back_pain": "patients.back_pain", "between": "patients.between", "s": "symptoms.symptomatic",
    "d1": "routine.imaged_symptomatic", "d0": "routine.imaged_silent", "seen": "routine.seen",
    "sp_record": "routine.specificity", "se_film": "film.sensitivity", "se_mri": "mri.sensitivity",
    "se_pet": "pet.sensitivity", "sp_pet": "pet.specificity",
}  # fmt: skip


@pytest.fixture(scope="module")
def answer():
    counts = gathered().strata().table("study", "met", "looked", "tally")[0]
    return joint(published_series(counts), load_prior("open"), 2**16)


@pytest.mark.parametrize("theirs", REFERENCE["name"])
def test_the_posterior_equals_that_of_a_long_chain(answer, theirs):
    """Tolerances in posterior standard deviations: JAGS' own Monte Carlo error of a mean is at most 0.003 of them, our
    draws are worth ten thousand (0.01), and the upper limit of the true share, in a long tail, moves most."""
    at = REFERENCE["name"].index(theirs)
    ours, sd = answer.posterior[NAMES[theirs]], REFERENCE["sd"][at]
    assert abs(ours.mean - REFERENCE["mean"][at]) < 0.03 * sd
    assert ours.sd == pytest.approx(sd, rel=0.03)
    for limit in ("low", "median", "high"):
        assert abs(getattr(ours, limit) - REFERENCE[limit][at]) < 0.1 * sd
