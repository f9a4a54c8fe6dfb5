"""Outcomes seen with error against glm, EM and optim of R, and against the published recipe (R/misclassified.R)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sarcoid_epi.estimators import misclassification_corrected
from sarcoid_epi.scenario import Model
from sarcoid_epi.scenario.belief import Belief
from sarcoid_epi.stats.misclassified_outcome import misclassified_logistic
from sarcoid_epi.strata import whole

REFERENCE = json.loads(Path(__file__).with_name("misclassified.json").read_text(encoding="utf-8"))
EXPOSED, MALE = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
ROWS = np.column_stack([np.ones(4), EXPOSED, MALE])
N, SEEN = np.array(REFERENCE["n"]), np.array(REFERENCE["seen"])


def test_the_likelihood_with_error_equals_glm_with_a_link_of_its_own():
    """Tolerance: R's own stopping rule, of the errors that of its last step but one; worst 9e-15."""
    fit = misclassified_logistic(ROWS, SEEN, N, 0.8, 0.95)
    assert_allclose(fit.estimate, REFERENCE["alike"], rtol=1e-9)
    assert_allclose(fit.std_error, REFERENCE["alike_error"], rtol=1e-6)


def test_it_equals_the_em_algorithm_of_magder_and_hughes():
    """Tolerance: EM stops early; worst 2e-13."""
    assert_allclose(misclassified_logistic(ROWS, SEEN, N, 0.8, 0.95).estimate, REFERENCE["alike_em"], rtol=1e-9)


def test_error_that_differs_with_the_exposure_equals_glm():
    se, sp = np.where(EXPOSED == 1, 0.9, 0.7), np.where(EXPOSED == 1, 0.93, 0.97)
    fit = misclassified_logistic(ROWS, SEEN, N, se, sp)
    assert_allclose(fit.estimate, REFERENCE["apart"], atol=1e-9)
    assert_allclose(fit.std_error, REFERENCE["apart_error"], rtol=1e-6)


@pytest.mark.parametrize(("seen", "se", "sp", "name"), [("few", 0.6, 0.99, "penalised"),
                                                        ("seen", 0.8, 0.95, "penalised_alike")])  # fmt: skip
def test_the_penalised_likelihood_equals_optim(seen, se, sp, name):
    """Tolerance: Nelder and Mead's flat top; worst 3e-7."""
    fit = misclassified_logistic(ROWS, REFERENCE[seen], N, se, sp, penalised=True)
    assert_allclose(fit.estimate, REFERENCE[name], atol=1e-6)


def recorded():
    at = np.repeat(np.arange(8), np.concatenate([N - SEEN, SEEN]))
    return pd.DataFrame(
        {
            "lofgren_broad": EXPOSED[at % 4] == 1,
            "chronic_back_pain": MALE[at % 4] == 1,
            "osseous_recorded": at >= 4,
        }
    )


def belief():
    def section(value, n):
        basis = {"kind": "assumed", "reason": "as in R"}
        return {"value": {"value": value, "basis": basis}, "n": {"value": n, "basis": basis}}

    parts = {"sensitivity": section(0.8, 20), "specificity": section(0.95, 200)}
    return Belief.model_validate({"name": "r", "label": "as in R", "about": "any", **parts})


def model(**more):
    return Model(name="r", label="as in R", outcome="osseous_recorded", exposures=("lofgren_broad",), **more)


def test_corrected_ratios_equal_the_recipe_with_shares_by_pattern():
    """20 000 draws of the recipe against 1024 of ours, on the log scale.

    Tolerance: Monte Carlo error of a limit of 1024 draws, 0.015, and of 20 000, 0.005; the recipe's shares are beta,
    our coefficients normal, which makes 0.01 of the upper limit. Worst 0.025, in a width of 0.62.
    """
    answers = misclassification_corrected(whole(recorded()), belief(), model(adjust=("chronic_back_pain",)))
    at = answers.terms.index("odds_ratio[lofgren_broad=yes]")
    ours = np.log([part[0, at] for part in (answers.low, answers.estimate, answers.high)])
    assert_allclose(ours, REFERENCE["by_pattern"], atol=0.03)


def test_the_recipe_with_shares_by_exposure_alone_would_lose_part_of_the_adjustment():
    """Why predictive values come from the model: in these patients the centre moves by more than half its error."""
    moved = REFERENCE["by_exposure"][1] - REFERENCE["by_pattern"][1]
    crude = misclassification_corrected(whole(recorded()), belief(), model())
    at = crude.terms.index("odds_ratio[lofgren_broad=yes]")
    assert 0.1 < moved < np.log(crude.estimate[0, at]) - REFERENCE["by_pattern"][1]
