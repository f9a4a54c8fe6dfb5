"""How far the models of association can be trusted: how many events they have, and whether their shares come true."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isnan
from typing import Any

from sarcoid_epi.measures import MEASURES, split
from sarcoid_epi.report.content import Chart, Field, Line, Mark, Section, Sheet
from sarcoid_epi.report.plots import Axis
from sarcoid_epi.results import Estimate, Estimates, percent
from sarcoid_epi.scenario import Model
from sarcoid_epi.vocabulary import label, readable

#: What is told of a whole model, in the order of the table.
WHOLE = ("events_per_coefficient", "without_estimate", "left_out", "c_statistic", "calibration_slope", "cook")

#: How each family is fitted, where no other rule is called for.
FITTED = {
    "logistic": "by maximum likelihood", "firth": "by Firth's penalised likelihood",
    "prevalence_ratio": "by modified Poisson regression", "log_binomial": "by maximum likelihood",
}  # fmt: skip


def fit_section(answers: Estimates, models: Sequence[Model]) -> Section:
    """The status of every model as a table, and shares seen against shares foretold for the one with most events."""
    told = {model.name: _told(answers, model) for model in models}
    fitted = [model for model in models if told[model.name]]
    records = [record for model in fitted for record in _records(model, told[model.name])]
    fields = (
        Field("value", "Value", "unit"), Field("low", "from", "unit", "95 % limits"),
        Field("high", "to", "unit", "95 % limits"), Field("note", "Note"), Field("unit", ""), Field("id", ""),
    )  # fmt: skip
    caption = "What each model was fitted to, and what it hangs on"
    sheet = Sheet("fit", caption, Field("what", "Status"), fields, tuple(records), "model")
    best = _best(fitted, told)
    charts = (_chart(best, told[best.name]),) if best else ()
    return Section("fit", "How far the models can be trusted", _said(fitted, told, best), (sheet,), charts)


Told = dict[str, Estimate]


def _told(answers: Estimates, model: Model) -> Told:
    return {row.term: row for row in answers.rows if row.run == f"model_diagnostics-{model.name}"}


def _of(told: Told, model: Model, measure: str) -> Estimate | None:
    return told.get(f"{measure}[{model.outcome}]")


def _records(model: Model, told: Told) -> list[dict[str, Any]]:
    """One row for each number of a model; of the variance inflations the greatest."""
    rows = [row for measure in WHOLE if (row := _of(told, model, measure))]
    inflations = [row for term, row in told.items() if term.startswith("vif[") and not isnan(row.estimate)]
    rows += sorted(inflations, key=lambda row: row.estimate)[-1:]
    return [_record(model, row) for row in rows]


def _record(model: Model, row: Estimate) -> dict[str, Any]:
    measure, of = split(row.term)
    what = MEASURES[measure].label
    note = _worded(row.note, model)
    if measure == "vif":
        what = f"Greatest variance inflation: {_small(of)}"
    if measure == "events_per_coefficient" and not note:
        note = FITTED[model.family]
    return {
        "model": model.label, "what": what, "value": row.estimate, "low": row.conf_low, "high": row.conf_high,
        "note": note, "unit": MEASURES[measure].unit, "id": row.id,
    }  # fmt: skip


def _small(name: str) -> str:
    """A label in the middle of a sentence, without what stands in brackets; names of people keep their capital."""
    words = label(name).partition(" (")[0]
    return words if words.startswith("Löfgren") else words[:1].lower() + words[1:]


def _worded(note: str, model: Model) -> str:
    """A note with the labels of the model's variables, and their levels, in place of the names."""

    def words(found: re.Match[str]) -> str:
        return _small(found[1]) + (f": {readable(found[2])}" if found[2] else "")

    named = "|".join(filter(None, (*model.explaining, model.selected)))
    return re.sub(rf"\b({named})\b(?:=(\w+))?", words, note)


def _tenths(told: Told) -> list[tuple[Estimate, Estimate]]:
    """Share seen and share foretold of each tenth that holds somebody."""
    seen = [(term, row) for term, row in told.items() if term.startswith("share_seen")]
    pairs = [(row, told[term.replace("share_seen", "share_foretold")]) for term, row in seen]
    return [pair for pair in pairs if not isnan(pair[0].estimate)]


def _best(models: Sequence[Model], told: dict[str, Told]) -> Model | None:
    """The model with most events for each coefficient among those that foretell something."""
    usable = [model for model in models if len(_tenths(told[model.name])) > 1]

    def events(model: Model) -> float:
        row = _of(told[model.name], model, "events_per_coefficient")
        return row.estimate if row else 0.0

    return max(usable, key=events, default=None)


def _held(pairs: Sequence[tuple[Estimate, Estimate]]) -> int:
    return sum(seen.conf_low <= foretold.estimate <= seen.conf_high for seen, foretold in pairs)


def _chart(model: Model, told: Told) -> Chart:
    pairs = _tenths(told)
    lines = tuple(
        Line(
            f"Tenth {split(seen.term)[1].partition('=')[2]}: {seen.events:.0f} of {seen.n:.0f}", seen.id,
            (
                Mark("seen", seen.estimate, seen.conf_low, seen.conf_high),
                Mark("foretold", foretold.estimate, float("nan"), float("nan")),
            ),
            percent(seen.estimate),
        )
        for seen, foretold in pairs
    )  # fmt: skip
    held = f"{_held(pairs)} of {len(pairs)} groups of risk"
    title = f"The share foretold lies within the limits of the share seen in {held}"
    caption = (
        f"“{model.label}”: patients in tenths by the share that the model foretells, the lowest first; the share of "
        "them with the outcome, with 95 % limits, and the share foretold. Patients of one share stay together, so a "
        "tenth may be larger, or have nobody and no row."
    )
    return Chart("calibration", title, caption, Axis("With the outcome (%)", share=True), lines)


def _said(models: Sequence[Model], told: dict[str, Told], best: Model | None) -> tuple[str, ...]:
    """What the table shows, from its numbers."""
    if not models:
        return ("No model was fitted.",)

    def rows(measure: str) -> list[tuple[Model, Estimate]]:
        found = [(model, row) for model in models if (row := _of(told[model.name], model, measure))]
        return [(model, row) for model, row in found if not isnan(row.estimate)]

    said = []
    penalised = [model for model, row in rows("events_per_coefficient") if "Firth" in row.note]
    infinite = [model for model, row in rows("without_estimate") if row.estimate > 0]
    said.append(f"Firth's penalty was called for in {_counted(penalised, models)}.")
    if infinite:
        said.append(
            f"In {_counted(infinite, models)} some coefficient has no finite estimate by maximum likelihood: what "
            "explains the outcome foretells it in some patients."
        )
    if concordance := [row.estimate for _, row in rows("c_statistic")]:
        said.append(
            "Concordance, the chance that of two patients the one with the outcome was foretold the higher share, lies "
            f"between {min(concordance):.2f} and {max(concordance):.2f}. It is that on the patients of the fit, and "
            "too high for others. A model that describes an association need not foretell well; where it does not, "
            "most of what decides the outcome lies outside it."
        )
    if slopes := rows("calibration_slope"):
        model, row = min(slopes, key=lambda pair: pair[1].estimate)
        said.append(
            "On the patients of the fit a slope of calibration is 1 whatever the model; the table has the slope to "
            f"expect in new patients instead. It is lowest for “{model.label}”: {row.estimate:.2f}."
        )
    if best:
        said.append(
            "What the figure shows is the shape: on the patients of the fit the mean is right by construction, and the "
            "slope nearly so."
        )
    return tuple(said)


def _counted(some: Sequence[Model], models: Sequence[Model]) -> str:
    """How many of the models, and which."""
    number = f"{len(some) or 'none'} of {len(models)} models"
    return f"{number} ({', '.join(f'“{model.label}”' for model in some)})" if some else number
