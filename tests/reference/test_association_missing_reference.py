"""Weights, selection weights and pooled imputations against R (R/association_missing.R).

Imputed data sets are ours, written to association_imputed.csv by `python test_association_missing_reference.py`; R
analyses and pools them. That the imputer still makes the same is a test of its own.
"""

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sarcoid_epi.estimators.association import adjusted
from sarcoid_epi.estimators.imputation import completed, imputed, records_of
from sarcoid_epi.estimators.selection import selection_weighted
from sarcoid_epi.estimators.terms import FEW_CLUSTERS
from sarcoid_epi.scenario import Model
from sarcoid_epi.strata import whole
from sarcoid_epi.streams import uniforms

HERE = Path(__file__).parent
IMPUTED = HERE / "association_imputed.csv"

MODEL = Model(
    name="made", label="Made", outcome="osseous_recorded", exposures=("lofgren_broad", "sex", "age_at_diagnosis"),
    accept={"age_at_diagnosis": "made patients", "lofgren_broad": "made patients", "sex": "made patients"},
)  # fmt: skip
SELECTED = MODEL.model_copy(
    update={
        "exposures": ("lofgren_broad", "sex"),
        "selected": "imaging_fdg_pet",
        "selected_by": ("age_at_diagnosis", "sex", "lofgren_broad"),
    }
)
IMPUTING = Model(
    name="made", label="Made", outcome="osseous_recorded", missing="impute", imputations=6,
    exposures=("lofgren_broad", "serum_calcium_mmol_l", "ancestry"), accept=dict.fromkeys(
        ("lofgren_broad", "serum_calcium_mmol_l", "ancestry"), "made patients"
    ),
)  # fmt: skip
SETS, PATIENTS = IMPUTING.imputations, 260


@pytest.fixture(scope="module")
def r():
    told = json.loads((HERE / "association_missing.json").read_text(encoding="utf-8"))
    return {name: np.array(values, dtype=float) for name, values in told.items() if name != "source"}


@pytest.fixture(scope="module")
def patients(r):
    frame = pd.DataFrame(
        {
            "osseous_recorded": r["y"] == 1,
            "lofgren_broad": r["arm"] == 1,
            "sex": pd.Categorical.from_codes(r["sex"].astype(int), ["female", "male"]),
            "age_at_diagnosis": r["age"].astype(int),
            "centre": pd.Categorical.from_codes(r["centre"].astype(int), list("abcdefghi")),
            "weight": r["weight"],
            "imaging_fdg_pet": r["selected"] == 1,
        }
    )
    unweighted = frame.iloc[:3].assign(weight=[0.0, -1.0, np.nan], imaging_fdg_pet=False)
    return frame, pd.concat([frame, unweighted], ignore_index=True)


def incomplete():
    """260 patients of whom some lack calcium, some ancestry: more often with the outcome."""
    u = np.stack([uniforms(1, f"incomplete {k}", 0, PATIENTS) for k in range(6)])
    exposed = u[0] < 0.4
    calcium = np.round(2.3 + 0.1 * exposed + 0.3 * (u[1] - 0.5), 2)
    ancestry = np.where(u[2] < 0.5, 0, np.where(u[2] < 0.8, 1, 2))
    yes = u[3] < 1 / (1 + np.exp(0.4 - 0.8 * exposed - 3 * (calcium - 2.3) - 0.5 * (ancestry == 1)))
    return pd.DataFrame(
        {
            "osseous_recorded": yes,
            "lofgren_broad": exposed,
            "serum_calcium_mmol_l": np.where(u[4] < np.where(yes, 0.4, 0.1), np.nan, calcium),
            "ancestry": pd.Categorical.from_codes(
                np.where(u[5] < np.where(yes, 0.1, 0.3), -1, ancestry), ["white", "black", "other"]
            ),
        }
    )


def written() -> str:
    """The completed data sets one below the other, as codes and numbers."""
    strata = whole(incomplete())
    (records,) = records_of(strata, IMPUTING)
    values = completed(strata, IMPUTING, records, 0, SETS)
    lines = [",".join(["set", *records.names])]
    lines += [",".join([str(number), *(f"{x:g}" for x in row)]) for number in range(SETS) for row in values[number]]
    return "\n".join(lines) + "\n"


def rows(answers, terms):
    at = [answers.terms.index(term) for term in terms]
    return np.array([np.log(part[0, at]) for part in (answers.estimate, answers.low, answers.high)])


def errors(answers, terms):
    at = [answers.terms.index(term) for term in terms]
    return answers.std_error[0, at] / answers.estimate[0, at]


def terms(measure, *of):
    return [f"{measure}[{one}]" for one in of]


FAMILIES = [("logistic", "odds_ratio"), ("prevalence_ratio", "prevalence_ratio")]


@pytest.mark.parametrize(("family", "measure"), FAMILIES)
@pytest.mark.parametrize("cluster", ["", "centre"])
def test_weighted_ratios_have_the_errors_of_sandwich(r, patients, family, measure, cluster):
    model = MODEL.model_copy(update={"family": family, "weights": "weight", "cluster": cluster})
    answers = adjusted(whole(patients[1]), model)
    named = terms(measure, "lofgren_broad=yes", "sex=male", "age_at_diagnosis")
    np.testing.assert_allclose(rows(answers, named)[0], r[family][1:], rtol=1e-8)
    theirs = r[f"{family}_clustered" if cluster else f"{family}_error"][1:]
    np.testing.assert_allclose(errors(answers, named), theirs, rtol=1e-7)
    assert answers.n[0, -1] == len(r["y"])
    few = "9 clusters: robust errors are too small with fewer than 40; " if cluster else ""
    left_out = "3 of 403 patients left out, who lack a value or a weight above 0"
    assert answers.note[0, -1] == f"{few}weighted, robust errors; {left_out}"


@pytest.mark.parametrize(("family", "measure"), FAMILIES)
@pytest.mark.parametrize("cluster", ["", "centre"])
def test_selection_weights_are_the_stacked_equations(r, patients, family, measure, cluster):
    model = SELECTED.model_copy(update={"family": family, "cluster": cluster})
    answers = selection_weighted(whole(patients[0]), model)
    named = terms(measure, "lofgren_broad=yes", "sex=male")
    key = f"selection_{family}"
    np.testing.assert_allclose(rows(answers, named)[0], r[key][1:], rtol=1e-8)
    np.testing.assert_allclose(errors(answers, named), r[f"{key}_{'clustered' if cluster else 'error'}"][1:], rtol=1e-6)
    said = FEW_CLUSTERS.removeprefix("{}")
    assert all((said in answers.note[0, answers.terms.index(name)]) == bool(cluster) for name in named)
    at = [answers.terms.index(name) for name in ("effective_size[imaging_fdg_pet]", "greatest_weight[imaging_fdg_pet]")]
    np.testing.assert_allclose(answers.estimate[0, at], r[f"{key}_weights"], rtol=1e-9)
    if not cluster:
        at = [answers.terms.index(f"weights_error[{one}]") for one in ("lofgren_broad=yes", "sex=male")]
        theirs = r[f"{key}_error"][1:] / r[f"{key}_known"][1:]
        np.testing.assert_allclose(answers.estimate[0, at], theirs, rtol=1e-6)


def test_the_imputer_makes_the_data_sets_that_r_has_analysed():
    ours, theirs = (pd.read_csv(text) for text in (StringIO(written()), IMPUTED))
    pd.testing.assert_frame_equal(ours, theirs)


def test_pooled_ratios_are_those_of_mitools_with_barnard_and_rubins_degrees(r):
    answers = imputed(whole(incomplete()), IMPUTING)
    of = ("lofgren_broad=yes", "serum_calcium_mmol_l", "ancestry=black", "ancestry=other")
    estimate, low, high = rows(answers, terms("odds_ratio", *of))
    np.testing.assert_allclose(estimate, r["pooled"][1:], rtol=1e-8)
    np.testing.assert_allclose(errors(answers, terms("odds_ratio", *of)), r["pooled_error"][1:], rtol=1e-7)
    np.testing.assert_allclose(low, r["pooled_low"][1:], rtol=1e-7)
    np.testing.assert_allclose(high, r["pooled_high"][1:], rtol=1e-7)
    at = [answers.terms.index(term) for term in terms("missing_information", *of)]
    np.testing.assert_allclose(answers.estimate[0, at], r["pooled_information"][1:], rtol=1e-7)


if __name__ == "__main__":
    IMPUTED.write_text(written(), encoding="utf-8")
