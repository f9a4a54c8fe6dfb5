"""The report on association: declared models, crude beside adjusted beside standardised, and what was refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isnan
from typing import Any

from sarcoid_epi import strata
from sarcoid_epi.cohort import generate
from sarcoid_epi.estimators import CATALOGUE, ask
from sarcoid_epi.estimators.families import OTHER_FAMILIES
from sarcoid_epi.measures import MEASURES, split
from sarcoid_epi.questions.association_families import families_section
from sarcoid_epi.questions.association_fit import fit_section
from sarcoid_epi.questions.association_misclassified import corrected_section
from sarcoid_epi.questions.association_missing import missing_section
from sarcoid_epi.questions.association_shape import shape_section
from sarcoid_epi.report.content import Chart, Content, Field, Line, Mark, Section, Sheet
from sarcoid_epi.report.plots import Axis
from sarcoid_epi.results import Estimate, Estimates, percent
from sarcoid_epi.scenario import Model, load_design, load_model, load_world, shipped
from sarcoid_epi.vocabulary import label

WORLD = "evidence"

#: A model that conditions on what it must not, to show how that is met.
REFUSED = Model(
    name="refused",
    label="Osseous sarcoidosis on record, given bone pain",
    outcome="osseous_recorded",
    exposures=("lofgren_broad",),
    adjust=("age_at_diagnosis", "bone_pain", "systemic_therapy"),
)

#: The two ratios of a model, as series of a chart and as columns of a sheet.
CRUDE, ADJUSTED = "unadjusted", "adjusted"


def association(
    title: str, question: str, design: str, size: int, seed: int, progress: Callable[[str], None] = lambda stage: None
) -> Content:
    """The content of the report, on synthetic patients of a design."""
    progress("the cohort")
    cohort = generate(load_world(WORLD), load_design(design), size, seed)
    data = f"{size} synthetic patients (world {WORLD}, design {design}, seed {seed})"
    progress("the models")
    models = [model for name in shipped("model") if (model := load_model(name)).question == "association"]
    patients = strata.whole(cohort.patients)
    answers = ask(CATALOGUE, patients, data=data, question="association", models=[*models, REFUSED])
    others = [model for model in models if model.family in OTHER_FAMILIES]
    models = [model for model in models if model.family not in OTHER_FAMILIES]
    progress("error of the record")
    corrected, more = corrected_section(cohort, data, models)
    return Content(
        title=title,
        question=question,
        data=data,
        estimates=answers + more,
        sections=(
            models_section(answers, models),
            forest_section(answers, models),
            shape_section(answers, patients, models),
            _standardised_section(answers, models),
            families_section(answers, others),
            fit_section(answers, models),
            *filter(None, [missing_section(answers, models, size)]),
            corrected,
            _refused_section(answers),
        ),
        configuration={
            "command": "association", "title": title, "question": question, "design": design, "size": str(size),
            "seed": str(seed),
        },
    )  # fmt: skip


def _rows(answers: Estimates, estimator: str, model: Model) -> list[Estimate]:
    return [row for row in answers.rows if row.run == f"{estimator}-{model.name}"]


def models_section(answers: Estimates, models: Sequence[Model]) -> Section:
    """Every model as a table: levels with their events, the reference, crude and adjusted ratio, how it was fitted."""
    records = []
    for model in models:
        crude = {row.term: row for row in _rows(answers, CRUDE, model)}
        for row in _rows(answers, ADJUSTED, model):
            before = crude[row.term]
            records.append(
                {
                    "model": f"{model.label} ({MEASURES[model.measure].label.lower()})",
                    "what": label(split(row.term)[1]), "events": row.events, "n": row.n,
                    "crude": before.estimate, "crude_low": before.conf_low, "crude_high": before.conf_high,
                    "adjusted": row.estimate, "low": row.conf_low, "high": row.conf_high, "note": row.note,
                    "id": row.id,
                }
            )  # fmt: skip
    fields = (
        Field("events", "Events", "whole"), Field("n", "Of", "whole"), Field("crude", "Crude", "number"),
        Field("crude_low", "from", "number", "crude, 95 % limits"),
        Field("crude_high", "to", "number", "crude, 95 % limits"),
        Field("adjusted", "Adjusted", "number"), Field("low", "from", "number", "adjusted, 95 % limits"),
        Field("high", "to", "number", "adjusted, 95 % limits"), Field("note", "Note"), Field("id", ""),
    )  # fmt: skip
    caption = "Ratios with each exposure: crude, and with what is adjusted for held"
    sheet = Sheet("models", caption, Field("what", "Exposure"), fields, tuple(records), "model")
    given = "; ".join(f"{model.label}: given {', '.join(map(_small, model.adjust))}" for model in models)
    said = (
        f"Each model is declared in a few lines: what is explained, by what, and given what. {given}.",
        "Crude ratios describe. Adjusted ones hold what is named; they are effects only so far as nothing else bears "
        "on both exposure and outcome. In these patients something does: the burden of granulomas, which nobody "
        "records, stands behind bone, calcium and therapy alike. A reference level has ratio 1. Patients who lack a "
        "value are left out of both, and counted.",
    )
    return Section("models", "What goes with what", said, (sheet,))


def _small(name: str) -> str:
    """A label in the middle of a sentence, without what stands in brackets."""
    words = label(name).partition(" (")[0]
    return words if words.startswith("Löfgren") else words[:1].lower() + words[1:]


def forest_section(answers: Estimates, models: Sequence[Model]) -> Section:
    lines = []
    for model in models:
        crude = {row.term: row for row in _rows(answers, CRUDE, model)}
        for row in _rows(answers, ADJUSTED, model):
            if isnan(row.estimate) or row.note.startswith("reference"):
                continue
            marks = tuple(
                Mark(series, one.estimate, one.conf_low, one.conf_high)
                for series, one in (("crude", crude[row.term]), ("adjusted", row))
            )
            words = f"{label(model.outcome).partition(' (')[0]}: {_small(split(row.term)[1])}"
            where = row.note.partition(";")[0] if row.note.startswith("where ") else ""
            lines.append(Line(words, row.id, marks, f"{row.estimate:.2f} {where}".strip()))
    clear = [line for line in lines if line.marks[1].low > 1 or line.marks[1].high < 1]
    title = f"The adjusted limits of {len(clear)} of {len(lines)} ratios exclude 1"
    caption = "Dots: ratio with its 95 % limits, crude and adjusted; the number at the end is the adjusted one."
    axis = Axis("Ratio of odds, or of shares (log scale)", scale="log")
    chart = Chart("forest", title, caption, axis, tuple(lines), null=1.0)
    said = (
        "Where crude and adjusted part, what is adjusted for goes with both exposure and outcome. An odds ratio also "
        "moves away from 1 when something is held that bears on the outcome alone; that is neither confounding nor "
        "bias.",
    )
    return Section("ratios", "Crude and adjusted ratios side by side", said, (), (chart,) if lines else ())


def _standardised_section(answers: Estimates, models: Sequence[Model]) -> Section:
    records: list[dict[str, Any]] = []
    for model in models:
        found: dict[str, dict[str, Estimate]] = {}
        for row in _rows(answers, "standardised_risks", model):
            measure, of = split(row.term)
            found.setdefault(of, {})[measure] = row
        for of, told in found.items():
            with_it, without, apart = told["risk"], told["reference_risk"], told["risk_difference"]
            records.append(
                {
                    "model": model.label, "what": label(of), "with": with_it.estimate, "without": without.estimate,
                    "apart": apart.estimate, "low": apart.conf_low, "high": apart.conf_high,
                    "ratio": told["risk_ratio"].estimate, "note": apart.note, "id": apart.id,
                }
            )  # fmt: skip
    fields = (
        Field("with", "Everybody exposed", "share"), Field("without", "Nobody exposed", "share"),
        Field("apart", "Difference", "share"), Field("low", "from", "share", "difference, 95 % limits"),
        Field("high", "to", "share", "difference, 95 % limits"), Field("ratio", "Ratio", "number"),
        Field("note", "Note"), Field("id", ""),
    )  # fmt: skip
    caption = "Share with the outcome, were everybody exposed and were nobody, all else as it is"
    sheet = Sheet("standardised", caption, Field("what", "Exposure"), fields, tuple(records), "model")
    widest = max(records, key=lambda record: abs(record["apart"]), default=None)
    said = [
        "A ratio of odds does not say how many patients it makes. Standardised shares do: the model's risk of every "
        "patient, once with the exposure and once without, averaged over all of them."
    ]
    if widest:
        said.append(
            f"The largest difference is that of “{widest['model']}”: {percent(widest['with'])} against "
            f"{percent(widest['without'])}."
        )
    return Section("standardised", "How many patients it makes", tuple(said), (sheet,))


def _refused_section(answers: Estimates) -> Section:
    row = _rows(answers, ADJUSTED, REFUSED)[0]
    said = (
        "A model is held against the causal graph of the generator before it is fitted. What the exposure causes must "
        "stay out of it: what lies between exposure and outcome, and what both cause. One that holds bone pain and "
        "therapy is answered with a sentence in place of a number:",
        f"“{row.note}”.",
        "Whoever has a reason writes it under [accept] in the model's file; the model is then fitted, and the reason "
        "stands beside its numbers.",
    )
    return Section("refused", "What a model must not hold", said)
