"""The estimators of association on a synthetic cohort against R's own functions (R/association.R).

That each method agrees with R stands in the tests of regressions; here it is the way from a table of patients to the
answer: who is left out, which columns there are, which rule is called for, in the whole and in odd centres.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sarcoid_epi.estimators import adjusted, model_diagnostics, standardised_risks, unadjusted
from sarcoid_epi.estimators.association import SEPARATED
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.estimators.standardisation import FLIC
from sarcoid_epi.estimators.terms import LEFT_OUT
from sarcoid_epi.scenario import Model
from sarcoid_epi.strata import by, whole
from small import limits, note, told

REFERENCE = json.loads(Path(__file__).with_name("association.json").read_text(encoding="utf-8"))
OSSEOUS, EXPOSED = "[osseous_recorded]", "lofgren_broad=yes"
COLUMNS = {"lofgren": "lofgren_broad", "age": "age_at_diagnosis", "sex": "sex", "ancestry": "ancestry"}
CENTRES = ("plain", "separated", "unknown", "one_ancestry")


def model(family="logistic", adjust=("age_at_diagnosis", "sex", "ancestry"), exposed="lofgren_broad", **more):
    return Model(
        name="reference", label="Reference", outcome="osseous_recorded", exposures=(exposed,), adjust=adjust,
        family=family, **more,
    )  # fmt: skip


#: The oldest would have the risk 1 of a log-binomial model.
LOG_BINOMIAL = model("log_binomial", ("sex", "ancestry"))


def column(name):
    return np.array([np.nan if value is None else value for value in REFERENCE[name]], dtype=float)


@pytest.fixture(scope="module")
def cohort():
    known = ~np.isnan(column("lofgren"))
    return pd.DataFrame(
        {
            "centre": pd.Categorical.from_codes(column("centre").astype(int) - 1, CENTRES),
            "osseous_recorded": column("osseous").astype(bool),
            "lofgren_broad": pd.arrays.BooleanArray(column("lofgren") == 1, ~known),
            "age_at_diagnosis": column("age").astype(int),
            "sex": pd.Categorical.from_codes(np.nan_to_num(column("sex"), nan=-1).astype(int), ["female", "male"]),
            "ancestry": pd.Categorical.from_codes(column("ancestry").astype(int) - 1, ["white", "black", "other"]),
        }
    )


def ratio(answers, of=EXPOSED, group=0):
    """The ratio and its limits."""
    name = next(one for one in answers.terms if one.endswith(f"[{of}]"))
    return told(answers, group)[name], *limits(answers, name, group)


@pytest.mark.parametrize(
    ("theirs", "estimator", "given"),
    [
        ("logistic", adjusted, model()),
        ("crude", unadjusted, model()),
        ("clustered", adjusted, model(cluster="centre")),
        ("prevalence_ratio", adjusted, model("prevalence_ratio")),
        ("log_binomial", adjusted, LOG_BINOMIAL),
    ],
)
def test_ratios_of_the_whole_cohort_are_those_of_r(cohort, theirs, estimator, given):
    """Limits by the sandwich where there are clusters, or a ratio of shares."""
    answers = estimator(whole(cohort), given)
    assert ratio(answers) == pytest.approx(tuple(REFERENCE[theirs]), rel=1e-8)
    left_out = np.isnan(column("lofgren") + column("sex")).sum()
    few = "3 clusters: robust errors are too small with fewer than 40; " if given.cluster else ""
    assert note(answers, answers.terms[-1]) == few + LEFT_OUT.format(left_out, 660)


def test_a_level_of_an_exposure_is_that_of_r(cohort):
    held = ("age_at_diagnosis", "sex", "lofgren_broad")
    given = model(exposed="ancestry", adjust=held, accept={"lofgren_broad": "to compare with R"})
    found = ratio(adjusted(whole(cohort), given), "ancestry=black")
    assert found == pytest.approx(tuple(REFERENCE["ancestry_2"]), rel=1e-8)


def test_odd_centres_are_those_of_r_each_by_its_rule(cohort):
    """Firth's limits by R's uniroot on a search of the script's own."""
    answers = adjusted(by(cohort, "centre"), model())
    at = len(answers.terms) - 1
    assert ratio(answers, group=1) == pytest.approx(tuple(REFERENCE["firth"]), rel=1e-6)
    assert answers.note[1, at].startswith(SEPARATED)
    assert answers.note[2, at].startswith(NOBODY)
    assert ratio(answers, group=3) == pytest.approx(tuple(REFERENCE["alone"]), rel=1e-8)


def four(answers, group=0):
    """Both risks, their difference and ratio with limits."""
    names = [f"{name}[{EXPOSED}]" for name in ("risk", "reference_risk", "risk_difference", "risk_ratio")]
    found = told(answers, group)
    of = [limits(answers, name, group) for name in names]
    return found[names[0]], found[names[1]], found[names[2]], *of[2], found[names[3]], *of[3]


def test_standardised_risks_are_those_of_stacked_equations_in_r(cohort):
    """A numeric derivative in R."""
    assert four(standardised_risks(whole(cohort), model())) == pytest.approx(tuple(REFERENCE["standardised"]), rel=1e-7)


def test_standardised_risks_of_the_separated_centre_are_those_by_hand_in_r(cohort):
    answers = standardised_risks(by(cohort, "centre"), model())
    assert four(answers, group=1) == pytest.approx(tuple(REFERENCE["standardised_flic"]), rel=1e-7)
    assert answers.note[1, 0].startswith(FLIC)


def test_diagnostics_are_those_of_r(cohort):
    answers = model_diagnostics(whole(cohort), model())
    found = told(answers)
    inflation = [found[f"vif[{COLUMNS[name]}]"] for name in REFERENCE["vif_of"]]
    assert inflation == pytest.approx(REFERENCE["vif"], rel=1e-9)
    assert [found[f"cook{OSSEOUS}"]] == pytest.approx(REFERENCE["cook"], rel=1e-9)
    lofgren, age, sex, ancestry, osseous = REFERENCE["cook_of"]
    assert note(answers, f"cook{OSSEOUS}") == (
        f"lofgren_broad={['no', 'yes'][lofgren]}, age_at_diagnosis {age}, sex={['female', 'male'][sex]}, "
        f"ancestry={['white', 'black', 'other'][ancestry - 1]}, {['without', 'with'][osseous]} the outcome"
    )
    c = found[f"c_statistic{OSSEOUS}"], *limits(answers, f"c_statistic{OSSEOUS}")
    assert c == pytest.approx(tuple(REFERENCE["c_statistic"]), rel=1e-9)


@pytest.mark.parametrize("given", [model(), model("prevalence_ratio"), LOG_BINOMIAL], ids=lambda given: given.family)
def test_the_slope_to_expect_is_that_of_rs_statistics(cohort, given):
    theirs = REFERENCE["slope" if given.family == "logistic" else f"slope_{given.family}"]
    found = told(model_diagnostics(whole(cohort), given))
    assert [found[f"calibration_slope{OSSEOUS}"]] == pytest.approx(theirs, rel=1e-7)


def test_tenths_of_risk_are_those_of_rs_ranks(cohort):
    """R's ranks may tell apart patients whose shares differ by rounding alone; here no two tenths part such."""
    found = told(model_diagnostics(whole(cohort), model()))
    for measure, theirs in (("share_seen", "seen"), ("share_foretold", "foretold")):
        ours = [found[f"{measure}[risk_tenth={at}]"] for at in range(1, 11)]
        assert ours == pytest.approx(REFERENCE[theirs], rel=1e-7)
