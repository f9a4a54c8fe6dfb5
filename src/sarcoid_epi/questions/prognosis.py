"""The report on how it goes on: who comes to remission, relapse, a new osseous record or death, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sarcoid_epi import strata
from sarcoid_epi.cohort import generate
from sarcoid_epi.estimators import CATALOGUE, ask
from sarcoid_epi.questions.prognosis_courses import course_section, flow_section
from sarcoid_epi.questions.prognosis_hazards import hazard_section
from sarcoid_epi.questions.prognosis_means import mean_section
from sarcoid_epi.report.content import Content
from sarcoid_epi.scenario import Model, load_design, load_model, load_world

#: The models of the report, in its order, and the world of its patients.
MODELS, WORLD = ("remission", "relapse", "new_osseous_record", "death"), "evidence"


def prognosis(
    title: str, question: str, design: str, size: int, seed: int, progress: Callable[[str], None] = lambda stage: None
) -> Content:
    """The content of the report, on synthetic patients of a design."""
    progress("the cohort")
    patients = generate(load_world(WORLD), load_design(design), size, seed).patients
    models = [load_model(name) for name in MODELS]
    data = f"{size} synthetic patients (world {WORLD}, design {design}, seed {seed})"
    whole = strata.whole(patients)
    progress("the models")
    answers = ask(CATALOGUE, whole, data=data, question="prognosis", models=models)
    progress("the curves")
    sections = (
        flow_section(strata.by(patients, "lofgren_broad"), models),
        *(course_section(answers, whole, model) for model in models),
        hazard_section(answers, models),
        mean_section(answers, models),
    )
    return Content(
        title=title,
        question=question,
        data=data,
        estimates=answers,
        sections=sections,
        configuration={
            "command": "prognosis", "title": title, "question": question, "world": WORLD, "design": design,
            "size": str(size), "seed": str(seed), "models": _named(models),
        },
    )  # fmt: skip


def _named(models: Sequence[Model]) -> str:
    return "\n".join(model.name for model in models)
