"""Every estimator of the catalogue can be studied, without a word of code for any."""

import numpy as np
import pandas as pd
import pytest

from sarcoid_epi import studying
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.scenario import load_model, load_study
from sarcoid_epi.simulation.asking import questions

#: One model of each family, and one that says who is selected.
MODELS = (
    "osseous_and_lofgren",
    "osseous_and_pernio",
    "spine_lesion",
    "therapy",
    "relapse",
    "stage",
    "stage_by_kind",
    "therapy_by_centre",
)

#: Those that take long for each group: asked in one replicate of few patients elsewhere, of whom they are batched.
LONG = {"imputed", "standardised_curves"}


def written(tmp_path, estimators, models):
    file = tmp_path / "all.toml"
    file.write_text(
        f'aims = "All"\ndesigns = ["pet_substudy"]\nbeliefs = ["clinical"]\nsizes = [400]\nreplicates = 2\n'
        f"population = 3000\nestimators = {sorted(estimators)}\nmodels = {list(models)}\n".replace("'", '"'),
        encoding="utf-8",
    )
    return str(file)


def test_every_estimator_that_takes_patients_answers_in_a_study(tmp_path):
    names = {one.name for one in CATALOGUE if one.takes == "patients"} - LONG
    file = written(tmp_path, names, MODELS)
    assert studying.study(file, tmp_path / "out")
    told = pd.read_csv(tmp_path / "out" / "summary.csv")
    assert {run.partition("-")[0] for run in told["run"]} == names
    assert (told["attempted"] == 2).all()
    # A model without a family of its own would be asked of estimators that cannot answer it.
    for one in questions(load_study(file)):
        assert one.model is None or one.estimator.answers(one.model)
    # Whoever failed says why.
    notes = pd.read_csv(tmp_path / "out" / "notes.csv")
    silent = told[(told["converged"] < told["attempted"])].merge(notes, on=["case", "run", "term"], how="left")
    assert silent["note"].notna().all()


def test_an_estimator_is_asked_only_of_models_that_say_what_it_needs(tmp_path):
    two = ["osseous_and_lofgren", "spine_lesion"]
    asked = questions(load_study(written(tmp_path, ["selection_weighted", "adjusted"], two)))
    assert [one.run for one in asked] == ["adjusted-osseous_and_lofgren", "adjusted-spine_lesion",
                                          "selection_weighted-spine_lesion"]  # fmt: skip
    study = load_study(written(tmp_path, ["selection_weighted"], two[:1]))
    with pytest.raises(ConfigurationError, match="that says what 'selected' is"):
        questions(study, [load_model(two[0])])


def test_limits_at_both_infinities_hold_every_truth():
    from sarcoid_epi.simulation.precision import tallied

    columns = {
        "run": np.array(["a", "a"], dtype=object), "term": np.array(["t", "t"], dtype=object),
        "low": np.array([-np.inf, 1.0]), "high": np.array([np.inf, 2.0]), "truth": np.array([0.0, 0.0]),
    }  # fmt: skip
    assert tallied(columns).counts == {("a", "t"): (2, 1)}
