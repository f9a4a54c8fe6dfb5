"""The section on who is not in a model says what its rows say, at any seed, and is silent where there is nothing."""

from functools import cache
from math import log

import pytest

from made import cohort
from sarcoid_epi.estimators import CATALOGUE, ask
from sarcoid_epi.questions.association_missing import missing_section
from sarcoid_epi.scenario import load_model
from sarcoid_epi.strata import whole

SIZE = 3000


@cache
def told(seed, size=SIZE):
    patients = cohort("tertiary_records", size=SIZE, seed=seed).patients.iloc[:size]
    models = [load_model(name) for name in ("stones", "spine_lesion", "therapy")]
    models[0] = models[0].model_copy(update={"imputations": 5})
    answers = ask(CATALOGUE, whole(patients), data="made", question="association", models=models)
    return answers, missing_section(answers, models, size)


@pytest.mark.parametrize("seed", [3, 4])
def test_the_title_names_the_ratio_that_moves_most_and_the_sheet_holds_both_answers(seed):
    answers, section = told(seed)
    alone, weighted = (
        answers.one(f"{run}-spine_lesion:odds_ratio[chronic_back_pain=yes]:all").estimate
        for run in ("adjusted", "selection_weighted")
    )
    complete, drawn = (
        answers.one(f"{run}-stones:odds_ratio[hypercalciuria=yes]:all").estimate for run in ("adjusted", "imputed")
    )
    (chart,), (sheet,) = section.charts, section.sheets
    if abs(log(weighted / alone)) > abs(log(drawn / complete)):
        assert chart.title.startswith("Weights move")
        assert chart.title.endswith(f"from {alone:.2f} to {weighted:.2f}")
    else:
        assert chart.title.startswith("Imputed values move")
        assert chart.title.endswith(f"from {complete:.2f} to {drawn:.2f}")
    assert [line.label for line in chart.lines] == [
        "Kidney stones: hypercalciuria",
        "Bone lesion read on spine MRI: chronic back pain",
    ]
    assert (sheet.records[0]["mended"], sheet.records[0]["way"]) == (drawn, "imputed")
    assert (sheet.records[1]["alone"], sheet.records[1]["mended"]) == (alone, weighted)
    known = sum(answers.one(f"imputed-stones:odds_ratio[hypercalciuria={level}]:all").n for level in ("no", "yes"))
    assert f"hypercalciuria (above 300 mg) is on record in {known:.0f} of 3000" in section.paragraphs[1]
    effective = answers.one("selection_weighted-spine_lesion:effective_size[imaging_spine_mri]:all").estimate
    assert f"Weighted they are worth {effective:.0f} patients" in section.paragraphs[2]


def test_a_few_patients_of_whom_nobody_has_mri_are_told_without_numbers():
    _, section = told(3, 12)
    assert "no number" in " ".join(section.paragraphs)
    assert section.charts[0].title


def test_models_of_complete_patients_have_no_such_section():
    answers, _ = told(3)
    assert missing_section(answers, [load_model("therapy")], SIZE) is None
