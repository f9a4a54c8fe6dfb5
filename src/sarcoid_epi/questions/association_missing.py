"""Who is not in a model, and what becomes of its answer: complete patients, imputed values, selection weights."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, log
from typing import Any

from sarcoid_epi.measures import split, term
from sarcoid_epi.report.content import Chart, Field, Line, Mark, Section, Sheet
from sarcoid_epi.report.plots import Axis
from sarcoid_epi.results import Estimate, Estimates, percent
from sarcoid_epi.scenario import Model
from sarcoid_epi.vocabulary import label

#: The two answers that stand side by side, as series of the chart.
AS_THEY_ARE, MENDED = "complete or selected patients alone", "imputed, or weighted"


def missing_section(answers: Estimates, models: Sequence[Model], patients: int) -> Section | None:
    """Models with imputed values or selected patients, each beside itself without; None where there is no such model.

    Parameters
    ----------
    answers : Estimates
        With the runs of `adjusted`, `imputed` and `selection_weighted`.
    models : sequence of Model
        All models; others are passed over.
    patients : int
        How many there are.
    """
    pairs = [
        (model, before, after, _of(answers, model))
        for model in models
        if model.imputing or model.selected
        for before in _rows(answers, "adjusted", model)
        if _compared(model, before) in _of(answers, model)
        if (after := _of(answers, model).get(before.term))
    ]
    if not pairs:
        return None
    said = (
        "A patient of whom something is not known, or whom nobody examined, is not in a model. That does no harm where "
        "such patients are like the others; often they are not.",
        *(_told(model, before, after, rows, patients) for model, before, after, rows in pairs),
        "Imputed values rest on all else that is known of a patient, and weights on what selection turned on. Neither "
        "helps where what is missing hangs on something that nobody wrote down.",
    )
    return Section("missing", "Who is not in a model", said, (_sheet(pairs),), (_chart(pairs),))


_Pairs = Sequence[tuple[Model, Estimate, Estimate, dict[str, Estimate]]]


def _rows(answers: Estimates, estimator: str, model: Model) -> list[Estimate]:
    return [row for row in answers.rows if row.run == f"{estimator}-{model.name}"]


def _of(answers: Estimates, model: Model) -> dict[str, Estimate]:
    """The rows of the model with its values imputed, or its patients weighted, by term."""
    return {row.term: row for row in _rows(answers, "imputed" if model.imputing else "selection_weighted", model)}


def _compared(model: Model, row: Estimate) -> str:
    """What stands beside the ratio of a level, and of no reference, not even where nobody has it."""
    return term("missing_information" if model.imputing else "weights_error", split(row.term)[1])


def _small(name: str) -> str:
    """A label in the middle of a sentence."""
    words = label(name)
    return words[:1].lower() + words[1:]


def _ratio(row: Estimate) -> str:
    """A ratio with its limits, in words."""
    if isnan(row.estimate):
        return "no number"
    return f"{row.estimate:.2f} ({row.conf_low:.2f} to {row.conf_high:.2f})"


def _told(model: Model, before: Estimate, after: Estimate, rows: dict[str, Estimate], patients: int) -> str:
    """What a model's two answers are, and what they rest on."""
    of = split(before.term)[1]
    if model.imputing:
        known = after.n + sum(row.n for name, row in rows.items() if row.note.startswith("reference"))
        part = rows[term("missing_information", of)].estimate
        begun = f"“{model.label}”: {_small(of.partition('=')[0])} is on record in {known:.0f} of {patients}."
        lost = "" if isnan(part) else f"; {percent(part)} of the information is missing"
        return f"{begun} Complete patients give {_ratio(before)}, imputed values {_ratio(after)}{lost}."
    worth = rows[term("effective_size", model.selected)]
    greatest = rows[term("greatest_weight", model.selected)].estimate
    error = rows[term("weights_error", of)].estimate
    begun = f"“{model.label}”: {worth.n:.0f} of {patients} are in it ({_small(model.selected)})."
    told = f"{begun} They alone give {_ratio(before)}; weighted by their chance of selection {_ratio(after)}."
    if isnan(worth.estimate) or isnan(error):
        return told
    than = "wider" if error > 1 else "narrower"
    return (
        f"{told} Weighted they are worth {worth.estimate:.0f} patients, and one of them counts for {greatest:.1f}. "
        f"That the weights are estimated makes the error {percent(abs(error - 1))} {than} than if they were known."
    )


def _sheet(pairs: _Pairs) -> Sheet:
    records: list[dict[str, Any]] = []
    for model, before, after, rows in pairs:
        of = split(before.term)[1]
        beside = rows.get(term("missing_information", of)) or rows[term("effective_size", model.selected)]
        records.append(
            {
                "model": model.label, "what": label(of), "way": "imputed" if model.imputing else "weighted",
                "n": before.n, "alone": before.estimate, "alone_low": before.conf_low, "alone_high": before.conf_high,
                "mended": after.estimate, "low": after.conf_low, "high": after.conf_high,
                "missing_information": beside.estimate if model.imputing else None,
                "worth": None if model.imputing else beside.estimate, "note": after.note, "id": after.id,
            }
        )  # fmt: skip
    fields = (
        Field("n", "With it", "whole"), Field("alone", "Alone", "number"),
        Field("alone_low", "from", "number", "alone, 95 % limits"),
        Field("alone_high", "to", "number", "alone, 95 % limits"), Field("way", "Mended by"),
        Field("mended", "Mended", "number"), Field("low", "from", "number", "mended, 95 % limits"),
        Field("high", "to", "number", "mended, 95 % limits"),
        Field("missing_information", "Missing information", "share"), Field("worth", "Worth, patients", "whole"),
        Field("note", "Note"), Field("id", ""),
    )  # fmt: skip
    caption = "Adjusted ratios from complete or selected patients alone, and with values imputed or patients weighted"
    return Sheet("missing", caption, Field("what", "Exposure"), fields, tuple(records), "model")


def _chart(pairs: _Pairs) -> Chart:
    lines, moved = [], []
    for model, before, after, _ in pairs:
        if isnan(after.estimate) or isnan(before.estimate):
            continue
        marks = tuple(
            Mark(series, row.estimate, row.conf_low, row.conf_high)
            for series, row in ((AS_THEY_ARE, before), (MENDED, after))
        )
        words = f"{_small(model.outcome)}: {_small(split(before.term)[1])}".partition(" (")[0]
        lines.append(Line(words[:1].upper() + words[1:], after.id, marks, f"{after.estimate:.2f}"))
        moved.append((abs(log(after.estimate / before.estimate)), model, before, after))
    if moved:
        _, model, before, after = max(moved, key=lambda one: one[0])
        way = "Imputed values move" if model.imputing else "Weights move"
        title = f"{way} the ratio of “{model.label}” from {before.estimate:.2f} to {after.estimate:.2f}"
    else:
        title = "No ratio has both answers"
    caption = (
        "Dots: ratio with its 95 % limits, from complete or selected patients alone, and with missing values imputed "
        "or patients weighted by their chance of selection; the number at the end is the second."
    )
    axis = Axis("Ratio of odds, or of shares (log scale)", scale="log")
    return Chart("missing", title, caption, axis, tuple(lines), null=1.0)
