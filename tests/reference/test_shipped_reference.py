"""Data that ship with lifelines and statsmodels, put to the estimators of patients, against R (R/shipped.R).

The columns get names of the codebook: the estimators do not know what they are about.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.datasets
from lifelines.datasets import load_multicenter_aids_cohort_study, load_rossi

from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.kaplan_meier import kaplan_meier
from sarcoid_epi.stats.risk_table import numbers_at, risk_table
from sarcoid_epi.strata import whole

R = json.loads(Path(__file__).with_name("shipped.json").read_text(encoding="utf-8"))
BY_NAME = {estimator.name: estimator for estimator in CATALOGUE}


def flags(values):
    return pd.array(np.asarray(values) == 1, dtype="boolean")


@pytest.fixture(scope="module")
def rossi():
    d = load_rossi()
    return pd.DataFrame(
        {
            "remission": flags(d["arrest"]), "remission_years": d["week"].astype(float),
            "follow_up_years": d["week"].astype(float),
            "lofgren_broad": flags(d["fin"]), "age_at_diagnosis": d["age"], "n_organs": d["prio"],
        }
    )  # fmt: skip


ROSSI = Model(
    name="rossi", label="Rossi", outcome="remission", time="remission_years", family="cox",
    exposures=("lofgren_broad", "age_at_diagnosis", "n_organs"), accept={"n_organs": "no sarcoidosis"},
)  # fmt: skip


def told(name, frame, model, *terms):
    answers = BY_NAME[name](whole(frame), model)
    at = [answers.terms.index(term) for term in terms]
    return answers, at


def test_hazard_ratios_of_rossi_with_ties_are_those_of_coxph(rossi):
    terms = ("hazard_ratio[lofgren_broad=yes]", "hazard_ratio[age_at_diagnosis]", "hazard_ratio[n_organs]")
    answers, at = told("adjusted_hazards", rossi, ROSSI, *terms)
    np.testing.assert_allclose(np.log(answers.estimate[0, at]), R["rossi_cox"], rtol=1e-9)
    errors = answers.std_error[0, at] / answers.estimate[0, at]
    np.testing.assert_allclose(errors, R["rossi_cox_error"], rtol=1e-8)


def test_proportional_hazards_of_rossi_are_those_of_cox_zph(rossi):
    answers = BY_NAME["proportionality"](whole(rossi), ROSSI)
    found = dict(zip(answers.terms, answers.estimate[0], strict=True))
    by_variable = [found[f"p_proportional_hazards[{name}]"] for name in ROSSI.exposures]
    np.testing.assert_allclose(by_variable, R["rossi_zph"][:3], rtol=1e-6)


def test_curves_and_numbers_at_risk_of_rossi_are_those_of_survfit(rossi):
    arm = np.asarray(rossi["lofgren_broad"], dtype=int)
    table = risk_table(rossi["remission_years"], np.asarray(rossi["remission"], dtype=int), group=arm)
    curve = kaplan_meier(table)
    last = [np.flatnonzero(curve.time <= week)[-1] for week in (10, 26, 52)]
    for name, field in (("km", curve.survival), ("km_low", curve.low), ("km_high", curve.high)):
        np.testing.assert_allclose(field[:, last].ravel(), R[f"rossi_{name}"], rtol=1e-12)
    np.testing.assert_array_equal(np.ravel(numbers_at(table, [10, 26, 52]).at_risk), R["rossi_at_risk"])


def test_men_who_entered_late_leave_the_curve_of_survfit():
    d = load_multicenter_aids_cohort_study()
    table = risk_table(d["T"], d["D"], entry=d["W"])
    curve = kaplan_meier(table)
    last = [np.flatnonzero(curve.time <= year)[-1] for year in (2, 4, 6, 8)]
    for name, field in (("km", curve.survival), ("km_low", curve.low), ("km_high", curve.high)):
        np.testing.assert_allclose(np.ravel(field)[last], R[f"aids_{name}"], rtol=1e-12)


SPECTOR = {"outcome": "osseous_recorded", "exposures": ("serum_calcium_mmol_l", "ace_u_l", "fever")}


@pytest.mark.parametrize("family", ["logistic", "firth"])
def test_odds_ratios_of_spector_are_those_of_glm_and_brglm2(family):
    """By maximum likelihood the eleven who passed are too few for the rule: it turns to Firth's penalty."""
    d = statsmodels.datasets.spector.load_pandas().data
    frame = pd.DataFrame(
        {"osseous_recorded": flags(d["GRADE"]), "serum_calcium_mmol_l": d["GPA"], "ace_u_l": d["TUCE"],
         "fever": flags(d["PSI"])}
    )  # fmt: skip
    why = dict.fromkeys(SPECTOR["exposures"], "no sarcoidosis")
    model = Model(name="spector", label="Spector", family=family, accept=why, **SPECTOR)
    terms = ("odds_ratio[serum_calcium_mmol_l]", "odds_ratio[ace_u_l]", "odds_ratio[fever=yes]")
    answers, at = told("adjusted", frame, model, *terms)
    np.testing.assert_allclose(np.log(answers.estimate[0, at]), R["spector_firth"][1:], rtol=1e-6)  # brglm2 stops there


def test_ratios_of_shares_of_fair_have_the_robust_errors_of_sandwich():
    d = statsmodels.datasets.fair.load_pandas().data
    frame = pd.DataFrame(
        {"osseous_recorded": flags(d["affairs"] > 0), "serum_calcium_mmol_l": d["rate_marriage"],
         "age_at_diagnosis": d["age"], "ace_u_l": d["religious"]}
    )  # fmt: skip
    exposures = ("serum_calcium_mmol_l", "age_at_diagnosis", "ace_u_l")
    model = Model(
        name="fair", label="Fair", outcome="osseous_recorded", exposures=exposures, family="prevalence_ratio",
        accept=dict.fromkeys(exposures, "no sarcoidosis"),
    )  # fmt: skip
    answers, at = told("adjusted", frame, model, *(f"prevalence_ratio[{name}]" for name in exposures))
    np.testing.assert_allclose(np.log(answers.estimate[0, at]), R["fair_poisson"][1:], rtol=1e-8)
    errors = answers.std_error[0, at] / answers.estimate[0, at]
    np.testing.assert_allclose(errors, R["fair_error"][1:], rtol=1e-7)
