"""Mean times, rates, and shares standardised to all patients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sarcoid_epi.questions.prognosis_words import OUTCOMES, WITH, WITHOUT, levels, one, ratio, status, years
from sarcoid_epi.report.content import Chart, Field, Line, Mark, Section, Sheet
from sarcoid_epi.report.markup import NOTHING, capital
from sarcoid_epi.report.plots import Axis
from sarcoid_epi.results import Estimates
from sarcoid_epi.scenario import Model

#: Years at which standardised shares are told, and up to which mean times run.
SHOWN, HORIZON = (2.0, 5.0, 10.0), 5.0

DIFFERENCE = "restricted_mean_difference"


def mean_section(answers: Estimates, models: Sequence[Model]) -> Section:
    """Mean times, rates, and shares standardised to all patients."""
    remission = models[0]
    apart = one(answers, "restricted_means", remission, DIFFERENCE, WITH, HORIZON)
    what = f"{years(apart)} years" if np.isfinite(apart.estimate) else f"not known ({apart.note})"
    said = (
        f"The mean time free of an event up to {HORIZON:g} years is the area under its curve; its difference says in "
        f"years what a hazard ratio says in relative risks, and needs no proportional hazards. Up to remission it is, "
        f"with Löfgren syndrome against without, {what}.",
        "Rates take all years of follow-up for alike. Standardised shares give every patient the course that the "
        "adjusted Cox model foretells with Löfgren syndrome, and without; where its hazards do not stay proportional, "
        "as the table above says, so do these shares not follow the curves.",
    )
    return Section(
        "means", "Mean times, rates, and standardised shares", said,
        (_means(answers, models), _rates(answers, models), _shares(answers, models)),
        _differences(answers, models),
    )  # fmt: skip


def _means(answers: Estimates, models: Sequence[Model]) -> Sheet:
    records = []
    for model in models:
        for arm in (WITHOUT, WITH):
            mean = one(answers, "restricted_means", model, "restricted_mean", arm, HORIZON)
            apart = one(answers, "restricted_means", model, DIFFERENCE, arm, HORIZON) if arm == WITH else None
            lost = one(answers, "restricted_means", model, "time_lost", arm, HORIZON) if model.competing else None
            records.append(
                {
                    "outcome": capital(OUTCOMES[model.name].name), "level": capital(levels(arm)),
                    "mean": years(mean), "difference": years(apart) if apart else "reference",
                    "lost": years(lost) if lost else NOTHING, "status": status(mean, ""), "estimate": mean.estimate,
                    "id": mean.id,
                }
            )  # fmt: skip
    fields = (
        Field("mean", "Mean time free of it"), Field("difference", "Difference"),
        Field("lost", "Mean time lost to it, deaths competing"),
        Field("status", "Note", "sentence"), Field("id", "Trace", "path"), Field("estimate", ""),
    )  # fmt: skip
    caption = f"Mean times in years up to year {HORIZON:g}, with 95 % limits, from the start of each clock"
    return Sheet("mean_times", caption, Field("level", "Level"), fields, tuple(records), "outcome")


def _rates(answers: Estimates, models: Sequence[Model]) -> Sheet:
    records = []
    for model in models:
        for arm in (WITHOUT, WITH):
            rate = one(answers, "incidence_rates", model, "rate", arm)
            other = one(answers, "incidence_rates", model, "rate_ratio", arm) if arm == WITH else None
            records.append(
                {
                    "outcome": capital(OUTCOMES[model.name].name), "level": capital(levels(arm)),
                    "events": rate.events, "rate": 100 * rate.estimate, "low": 100 * rate.conf_low,
                    "high": 100 * rate.conf_high, "ratio": ratio(other) if other else "1 (reference)", "id": rate.id,
                }
            )  # fmt: skip
    fields = (
        Field("events", "Events", "whole"), Field("rate", "Rate", "decimal", "For each 100 person-years"),
        Field("low", "from", "decimal", "For each 100 person-years"),
        Field("high", "to", "decimal", "For each 100 person-years"),
        Field("ratio", "Ratio (95 % limits)"), Field("id", "Trace", "path"),
    )  # fmt: skip
    return Sheet("rates", "Rates, with exact 95 % limits", Field("level", "Level"), fields, tuple(records), "outcome")


def _shares(answers: Estimates, models: Sequence[Model]) -> Sheet:
    records = []
    for model in models:
        for year in SHOWN:
            own, other = (
                one(answers, "standardised_curves", model, "standardised_survival", arm, year)
                for arm in (WITH, WITHOUT)
            )
            apart = one(answers, "standardised_curves", model, "survival_difference", WITH, year)
            records.append(
                {
                    "outcome": capital(OUTCOMES[model.name].axis), "year": f"Year {year:g}", "with": own.estimate,
                    "without": other.estimate, "difference": 100 * apart.estimate, "low": 100 * apart.conf_low,
                    "high": 100 * apart.conf_high,
                    "status": status(apart, ""), "id": apart.id,
                }
            )  # fmt: skip
    fields = (
        Field("with", "all with Löfgren syndrome", "share", "Share free of it, were"),
        Field("without", "all without", "share", "Share free of it, were"),
        Field("difference", "Difference", "decimal", "Points"), Field("low", "from", "decimal", "Points"),
        Field("high", "to", "decimal", "Points"),
        Field("status", "Note", "sentence"), Field("id", "Trace", "path"),
    )  # fmt: skip
    caption = "Shares free of each outcome, standardised to all patients followed (adjusted Cox model)"
    return Sheet("standardised", caption, Field("year", "Year"), fields, tuple(records), "outcome")


def _differences(answers: Estimates, models: Sequence[Model]) -> tuple[Chart, ...]:
    lines = []
    for model in models:
        row = one(answers, "restricted_means", model, DIFFERENCE, WITH, HORIZON)
        if np.isfinite(row.estimate):
            mark = Mark("with less without Löfgren syndrome", row.estimate, row.conf_low, row.conf_high)
            lines.append(Line(capital(OUTCOMES[model.name].axis), "", (mark,), years(row)))
    if not lines:
        return ()
    known = sorted(line.marks[0].value for line in lines)
    least, most = known[0], known[-1]
    title = f"Up to year {HORIZON:g} mean times free of an event differ by {least:.2f} to {most:.2f} years"
    if len(lines) == 1:
        title = f"Up to year {HORIZON:g} the mean time {lines[0].label.lower()} differs by {least:.2f} years"
    caption = (
        f"Difference of mean times up to year {HORIZON:g}, with Löfgren syndrome less without, with 95 % limits; "
        "crude. Left of 0 the event comes sooner with Löfgren syndrome."
    )
    return (Chart("mean_differences", title, caption, Axis("Years"), tuple(lines), 0.0),)
