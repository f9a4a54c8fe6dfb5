"""Known truths behind records with error are found again, where the records alone miss them."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from sarcoid_epi.cohort import generate
from sarcoid_epi.estimators import adjusted, misclassification_corrected
from sarcoid_epi.scenario import Model, load_design, load_world
from sarcoid_epi.scenario.belief import Belief
from sarcoid_epi.strata import replicated, whole

MODEL = Model(
    name="own",
    label="own",
    outcome="osseous_recorded",
    exposures=("lofgren_broad",),
    adjust=("chronic_back_pain", "age_at_diagnosis"),
)
RATIO, SYSTEMATIC = "odds_ratio[lofgren_broad=yes]", "systematic_ratio[lofgren_broad=yes]"
LOG_RATIO = 1.2


def belief(sensitivity, specificity, exposed=None):
    """Each (value, n); `exposed` the odds ratios of detection and of false records."""

    def sure(value):
        return {"value": float(value), "basis": {"kind": "assumed", "reason": "for a test"}}

    parts = {"sensitivity": sensitivity, "specificity": specificity}
    sections = {name: {"value": sure(value), "n": sure(n)} for name, (value, n) in parts.items()}
    if exposed:
        sections["exposed"] = dict(zip(("detected", "mistaken"), map(sure, exposed), strict=True))
    return Belief.model_validate({"name": "test", "label": "for a test", "about": "any", **sections})


def cohort(n, se, sp, shift=0.0, seed=1):
    """Exposure goes with back pain and age, and all three with the disease; detection may differ with the exposure."""
    rng = np.random.default_rng(seed)
    pain, age = rng.random(n) < 0.4, rng.integers(20, 70, n)
    exposed = rng.random(n) < expit(-1.5 + 1.2 * pain + 0.02 * (age - 45))
    true = rng.random(n) < expit(-2.5 + LOG_RATIO * exposed + 1.0 * pain + 0.03 * (age - 45))
    chance = np.where(true, expit(logit(se) + shift * exposed), 1 - sp)
    columns = {"lofgren_broad": exposed, "chronic_back_pain": pain, "age_at_diagnosis": age}
    return pd.DataFrame({**columns, "osseous_recorded": rng.random(n) < chance})


def row(answers, term):
    at = answers.terms.index(term)
    return np.log([answers.low[0, at], answers.estimate[0, at], answers.high[0, at]])


@pytest.mark.parametrize(("se", "sp", "shift"), [(0.6, 0.95, 0.0), (0.7, 0.99, -1.2)])
def test_the_true_ratio_is_found_where_the_record_misses_it(se, sp, shift):
    """100 000 patients; error of the corrected log ratio some 0.03, the record is off by 0.3 and more."""
    strata = whole(cohort(100_000, se, sp, shift))
    known = belief((se, 10**9), (sp, 10**9), (np.exp(shift), 1.0) if shift else None)
    low, centre, high = row(misclassification_corrected(strata, known, MODEL), RATIO)
    assert low < LOG_RATIO < high
    assert high - low < 0.2
    assert abs(centre - LOG_RATIO) < 0.08
    _, recorded, top = row(adjusted(strata, MODEL), RATIO)
    assert top < LOG_RATIO - 0.2
    assert recorded < LOG_RATIO - 0.25


def test_belief_that_overlooks_a_difference_with_the_exposure_stays_too_low():
    strata = whole(cohort(100_000, 0.7, 0.99, -1.2))
    _, _, high = row(misclassification_corrected(strata, belief((0.7, 10**9), (0.99, 10**9)), MODEL), RATIO)
    assert high < LOG_RATIO - 0.2


def test_limits_cover_when_the_truth_is_a_draw_from_the_belief():
    """250 studies of 1500: coverage 0.95 within 2.5 binomial errors; total and systematic centres agree."""
    runs, n = 250, 1500
    rng = np.random.default_rng(5)
    se, sp = rng.beta(0.7 * 60, 0.3 * 60, (runs, 1)), rng.beta(0.98 * 300, 0.02 * 300, (runs, 1))
    pain = rng.random((runs, n)) < 0.4
    exposed = rng.random((runs, n)) < expit(-0.8 + 0.8 * pain)
    true = rng.random((runs, n)) < expit(-1.8 + 0.9 * exposed + 0.9 * pain)
    seen = rng.random((runs, n)) < np.where(true, se, 1 - sp)
    strata = replicated({"lofgren_broad": exposed, "chronic_back_pain": pain, "osseous_recorded": seen})
    model = MODEL.model_copy(update={"adjust": ("chronic_back_pain",)})
    answers = misclassification_corrected(strata, belief((0.7, 60), (0.98, 300)), model)
    at, beside = answers.terms.index(RATIO), answers.terms.index(SYSTEMATIC)
    covered = (answers.low[:, at] <= np.exp(0.9)) & (np.exp(0.9) <= answers.high[:, at])
    assert covered.mean() == pytest.approx(0.95, abs=0.035)
    apart = np.log(answers.estimate[:, at] / answers.estimate[:, beside])
    assert abs(apart.mean()) < 0.01
    assert np.abs(apart).max() < 0.1
    recorded = answers.terms.index("recorded_ratio[lofgren_broad=yes]")
    assert ((answers.low[:, recorded] <= np.exp(0.9)) & (np.exp(0.9) <= answers.high[:, recorded])).mean() < 0.9


def test_in_the_default_world_the_ratio_of_the_disease_is_found():
    """Hypercalcaemia is looked for, and bone with it: given what detection is with it and without, the truth is met."""
    made = generate(load_world("evidence"), load_design("tertiary_records"), 60_000, 7)
    patients, truth = made.patients, made.truth
    known = patients["hypercalcaemia"].notna().to_numpy()
    patients, ill = patients[known], truth["osseous"].to_numpy()[known]
    model = Model(name="w", label="w", outcome="osseous_recorded", exposures=("hypercalcaemia",), adjust=("sex",))
    has, seen = (patients[name].to_numpy(dtype=bool) for name in ("hypercalcaemia", "osseous_recorded"))
    se, false = ([seen[(ill == sick) & (has == level)].mean() for level in (False, True)] for sick in (True, False))
    odds = [np.exp(logit(pair[1]) - logit(pair[0])) for pair in (se, false)]
    told = belief((se[0], 10**9), (1 - false[0], 10**9), odds)
    true = adjusted(whole(patients.assign(osseous_recorded=ill)), model)
    low, centre, high = row(misclassification_corrected(whole(patients), told, model), "odds_ratio[hypercalcaemia=yes]")
    expected = row(true, "odds_ratio[hypercalcaemia=yes]")[1]
    assert low < expected < high
    assert abs(centre - expected) < 0.1
