"""Of the report on association the models within clusters, of an ordered outcome, and of several kinds."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, log
from typing import Any

from sarcoid_epi.measures import MEASURES, ON, split
from sarcoid_epi.report.content import Chart, Field, Line, Mark, Section, Sheet
from sarcoid_epi.report.plots import Axis
from sarcoid_epi.results import Estimate, Estimates, shown
from sarcoid_epi.scenario import Model
from sarcoid_epi.vocabulary import label

#: Which estimator answers a family, beside the crude one of them all.
ADJUSTED = {"gee": "clustered", "proportional_odds": "proportional_odds_ratios", "multinomial": "multinomial_ratios"}
CRUDE = "unadjusted_ratios"

#: Below this a test of one odds ratio for all cuts is told as speaking against it.
SPEAKS = 0.05


def families_section(answers: Estimates, models: Sequence[Model]) -> Section:
    """Crude and adjusted ratios of the models of these families, and what must hold for them to be one number each."""
    found = [(model, before, row) for model in models for before, row in _pairs(answers, model)]
    said = [
        "Some outcomes need a model of their own: patients of one centre may be more alike than others, levels of some "
        "outcomes have an order, and those of others have none.",
        *(sentence for model in models for sentence in _said(answers, model)),
    ]
    return Section(
        "families", "Within centres, in order, of several kinds", tuple(said), (_sheet(found),), _charts(found)
    )


def _run(answers: Estimates, estimator: str, model: Model) -> dict[str, Estimate]:
    return {row.term: row for row in answers.rows if row.run == f"{estimator}-{model.name}" and row.group == "all"}


def _pairs(answers: Estimates, model: Model) -> list[tuple[Estimate, Estimate]]:
    """Crude and adjusted ratio of each level of the exposures."""
    crude = _run(answers, CRUDE, model)
    return [(crude[term], row) for term, row in _run(answers, ADJUSTED[model.family], model).items() if term in crude]


def _sheet(found: Sequence[tuple[Model, Estimate, Estimate]]) -> Sheet:
    records: list[dict[str, Any]] = [
        {
            "model": f"{model.label} ({MEASURES[model.measure].label.lower()})",
            "what": label(split(row.term)[1]), "events": row.events, "n": row.n,
            "crude": before.estimate, "crude_low": before.conf_low, "crude_high": before.conf_high,
            "adjusted": row.estimate, "low": row.conf_low, "high": row.conf_high, "note": row.note, "id": row.id,
        }
        for model, before, row in found
    ]  # fmt: skip
    fields = (
        Field("events", "Events", "whole"), Field("n", "Of", "whole"), Field("crude", "Crude", "number"),
        Field("crude_low", "from", "number", "crude, 95 % limits"),
        Field("crude_high", "to", "number", "crude, 95 % limits"),
        Field("adjusted", "Adjusted", "number"), Field("low", "from", "number", "adjusted, 95 % limits"),
        Field("high", "to", "number", "adjusted, 95 % limits"), Field("note", "Note"), Field("id", ""),
    )  # fmt: skip
    caption = "Odds ratios within centres, of a higher level, and of each kind against one: crude and adjusted"
    return Sheet("families", caption, Field("what", "Exposure"), fields, tuple(records), "model")


def _charts(found: Sequence[tuple[Model, Estimate, Estimate]]) -> tuple[Chart, ...]:
    told = [one for one in found if not isnan(one[2].conf_low)]
    if not told:
        return ()
    lines = tuple(
        Line(
            _in_words(model, row),
            row.id,
            tuple(
                Mark(series, one.estimate, one.conf_low, one.conf_high)
                for series, one in (("crude", before), ("adjusted", row))
            ),
            f"{row.estimate:.2f}",
        )
        for model, before, row in told
    )
    caption = "Dots: odds ratio with its 95 % limits, crude and adjusted; the number at the end is the adjusted one."
    return (Chart("families", _title(told), caption, Axis("Odds ratio (log scale)", scale="log"), lines, null=1.0),)


def _title(told: Sequence[tuple[Model, Estimate, Estimate]]) -> str:
    """The ratio furthest from 1 whose limits leave 1 out."""
    clear = [one for one in told if one[2].conf_low > 1 or one[2].conf_high < 1]
    if not clear:
        return f"None of {len(told)} odds ratios has limits that leave 1 out"
    model, _, row = max(clear, key=lambda one: abs(log(one[2].estimate)))
    return f"Furthest from 1 with limits that leave it out: {_in_words(model, row)}, odds ratio {row.estimate:.2f}"


def _in_words(model: Model, row: Estimate) -> str:
    """What a ratio is of: the outcome, or its level, and the exposure."""
    exposure, on, level = split(row.term)[1].rpartition(ON)
    of = label(level) if on else label(model.outcome) + (", higher" if model.family == "proportional_odds" else "")
    return f"{of}; {label(exposure or level).partition(' (')[0]}"


def _said(answers: Estimates, model: Model) -> list[str]:
    """What must hold for the ratios of a model, as its own rows tell it."""
    rows = _run(answers, ADJUSTED[model.family], model)
    if not rows:
        return []
    if model.family == "gee":
        row = rows[f"working_correlation[{model.cluster}]"]
        if isnan(row.estimate):
            return [f"“{model.label}” could not be answered ({row.note})."]
        correlation = round(row.estimate, 3) + 0.0  # no minus before a nought
        return [
            f"“{model.label}”: the outcomes of two patients of one group ({label(model.cluster).lower()}) have a "
            f"correlation of {correlation:.3f} beyond what explains them. Errors are right whatever it is; with few "
            "groups they are corrected, and limits are those of t."
        ]
    if model.family == "multinomial":
        return [_of_kinds(model, rows)]
    tests = [_one_ratio(name, rows[f"p_proportional[{name}]"]) for name in model.exposures]
    return [f"“{model.label}” takes one odds ratio for all cuts. {' '.join(tests)}"]


def _one_ratio(name: str, row: Estimate) -> str:
    of = f"Of {label(name).lower()} this"
    if isnan(row.estimate):
        return f"{of} could not be tested: {row.note}."
    p = f"(p {'' if row.estimate < 0.0001 else '= '}{shown(row.estimate, row.term)}, Brant's test)"
    if row.estimate < SPEAKS:
        return f"{of} is contradicted {p}: the number is a mean of different ones."
    return f"{of} is not contradicted {p}."


def _of_kinds(model: Model, rows: dict[str, Estimate]) -> str:
    """Where the ratios of a model of several kinds lie."""
    known = [row for row in rows.values() if not isnan(row.conf_low)]
    reference = model.reference.get(model.outcome, "the first")
    against = f"“{model.label}”: each level of {label(model.outcome).lower()} is held against level {reference}"
    if not known:
        return f"{against}; no ratio was found."
    low, high = (pick(known, key=lambda row: row.estimate) for pick in (min, max))
    return (
        f"{against}; ratios lie between {low.estimate:.2f} ({_in_words(model, low)}) and {high.estimate:.2f} "
        f"({_in_words(model, high)})."
    )
