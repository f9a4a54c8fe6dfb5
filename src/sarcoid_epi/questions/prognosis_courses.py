"""Who is followed, and the curves of each outcome with those at risk below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimators.courses import courses
from sarcoid_epi.estimators.prognosis import outcome_alone
from sarcoid_epi.questions.prognosis_words import OUTCOMES, WITH, WITHOUT, levels, one
from sarcoid_epi.report.content import Field, Section, Sheet
from sarcoid_epi.report.markup import capital
from sarcoid_epi.report.plots import Axis, Curve, Curves, Numbers
from sarcoid_epi.results import Estimates, percent
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.aalen_johansen import cumulative_incidence
from sarcoid_epi.stats.kaplan_meier import kaplan_meier
from sarcoid_epi.stats.risk_table import RiskTable
from sarcoid_epi.strata import Strata

#: Years to which curves are drawn, below which numbers at risk stand, and about which titles speak.
LAST, PLACES, TOLD = 10.0, (0.5, 2.0, 3.0, 5.0, 10.0), 2.0

BOTH = (WITH, WITHOUT)

Floats = NDArray[np.float64]


def flow_section(groups: Strata, models: Sequence[Model]) -> Section:
    """Who is left out of each model and why, in patients with Löfgren syndrome and the others."""
    records = [record for model in models for record in _flow(groups, model)]
    fields = (
        Field("n", "Patients", "whole"), Field("lacking", "Lack a value", "whole", "Left out"),
        Field("never", "Never at risk", "whole", "Left out"),
        Field("excluded", "On record already", "whole", "Left out"),
        Field("before", "Had left before", "whole", "Left out"), Field("followed", "Followed", "whole"),
        Field("years", "Person-years", "whole"), Field("events", "Events", "whole"),
        Field("competing", "Died first", "whole"), Field("share_before", ""),
    )  # fmt: skip
    first = [record for record in records if record["outcome"] == records[0]["outcome"]]
    gone = ", ".join(f"{percent(record['share_before'])} {record['who']}" for record in first)
    said = (
        "A study meets its patients some time after diagnosis. Only from then on would it have seen an event, so each "
        "patient counts as at risk from that day (delayed entry). Counted from diagnosis on, the time before would be "
        "one in which nobody could die or be found: patients who had died, or had gone, were never met. “Had left "
        "before” are those whose clock had stopped when the study met them: remission already reached, relapse already "
        f"had. The history tells of them, follow-up does not: {gone} had left before they could be followed to "
        f"{OUTCOMES[models[0].name].name}. Leaving them out does not bend the curves, as long as when a patient is met "
        "says nothing of how the disease goes on; it does leave fewer at risk early, which limits and numbers at risk "
        "show.",
        "Clocks start at diagnosis (for relapse at remission); where the first days have next to nobody under "
        f"observation, curves begin later ({', '.join(_starts(models))}), of those free of the event by then. "
        "Remission, relapse and new records are dated when they are found. In clinics that is at a visit: the event "
        "itself came between two visits (interval censoring), so that curves run late by up to the gap; methods for "
        "exact times are right as long as gaps are short beside the times told.",
    )
    caption = "Who is followed, and who is left out"
    sheet = Sheet("flow", caption, Field("who", "Patients"), fields, tuple(records), "outcome")
    return Section("followed", "Who is followed", said, (sheet,))


def _flow(groups: Strata, model: Model) -> list[dict[str, Any]]:
    """One record for each group of patients."""
    rows = courses(groups, model)

    def total(values: Floats) -> Floats:
        return np.bincount(rows.group, values, rows.groups).astype(float)

    competing = total(rows.weight * (rows.event == 2)) if model.competing else np.full(rows.groups, np.nan)
    parts = {
        "n": groups.n().astype(float), "lacking": rows.left_out, "never": rows.never, "excluded": rows.excluded,
        "before": rows.before, "followed": total(rows.weight), "years": total(rows.weight * (rows.exit - rows.entry)),
        "events": total(rows.weight * (rows.event == 1)), "competing": competing,
        "share_before": rows.before / np.maximum(groups.n(), 1),
    }  # fmt: skip
    named = {"outcome": capital(OUTCOMES[model.name].name)}
    counted = ("n", "events")
    return [
        named | {"who": levels(label)} | {k: int(v[at]) if k in counted else float(v[at]) for k, v in parts.items()}
        for at, label in enumerate(groups.labels)
    ]


def _starts(models: Sequence[Model]) -> list[str]:
    return [f"{OUTCOMES[model.name].name}: year {model.start:g}" for model in models if model.start]


def course_section(answers: Estimates, whole: Strata, model: Model) -> Section:
    """The curves of one outcome: free of it and, where death competes, cumulative incidence beside Kaplan-Meier."""
    rows = courses(whole, model)
    arms = {arm: at for at, arm in enumerate(rows.arms)}
    table = _only(rows.table())
    charts = [_free(answers, model, outcome_alone(table), arms)]
    paragraphs = [_sentence(answers, model)]
    if model.competing:
        charts.append(_beside(answers, model, table, arms))
        paragraphs.append(
            "Who dies first can no longer come to the event. One minus Kaplan-Meier tells what would be, were there no "
            "deaths; the cumulative incidence what is: the share who come to the event. The hazard ratios below are "
            "those of the cause-specific hazard, among patients alive and still free of it."
        )
    return Section(model.name, capital(OUTCOMES[model.name].name), tuple(paragraphs), (), tuple(charts))


def _only(table: RiskTable) -> RiskTable:
    """The one group of a table."""
    return RiskTable(table.time, *(part[0] for part in table[1:]))


def _sentence(answers: Estimates, model: Model) -> str:
    """Medians, and whether the courses differ, in words."""
    tests = [("log-rank", "p_log_rank"), *([("Gray", "p_gray")] if model.competing else [])]
    rows = [(name, one(answers, "event_tests", model, measure, model.exposures[0])) for name, measure in tests]
    p = ", ".join(f"{name} p {_p(row.estimate)}" for name, row in rows)
    medians = []
    for arm in BOTH:
        row = one(answers, "event_free", model, "median_time", arm)
        reached = f"{row.estimate:.2f} years" if np.isfinite(row.estimate) else "not within follow-up"
        reached = reached if row.n else "unknown, nobody followed"
        medians.append(f"{levels(arm)} {reached}")
    censored = "" if model.outcome == "died" else " (deaths taken for censoring)"
    half = f"Time until half of the patients {OUTCOMES[model.name].had}"
    return f"{half}: {'; '.join(medians)}{censored}. Equal courses: {p}."


def _p(value: float) -> str:
    return "unknown" if np.isnan(value) else "< 0.0001" if value < 0.0001 else f"= {value:.2g}"


def _free(answers: Estimates, model: Model, table: RiskTable, arms: dict[str, int]) -> Curves:
    words, curve = OUTCOMES[model.name], kaplan_meier(table)
    drawn = []
    for arm in BOTH:
        at = arms[arm]
        fields = (curve.survival[at], curve.low[at], curve.high[at])
        drawn.append(_steps(levels(arm), table.time, table.events[at, 0], fields, (1.0, np.nan, np.nan), model.start))
    told = [one(answers, "event_free", model, "survival", arm, TOLD) for arm in BOTH]
    title = (
        f"{TOLD:g} years after {words.origin} {_share(told[0].estimate)} with Löfgren syndrome {words.free}, "
        f"{_share(told[1].estimate)} of the others"
    )
    n = ", ".join(f"n = {row.n:.0f} {levels(arm)}" for arm, row in zip(BOTH, told, strict=True))
    free, censored = ("", "") if model.outcome == "died" else (" and free of it", " Deaths are censoring here.")
    caption = (
        f"Kaplan-Meier with delayed entry{_from(model)}; {n}. Bands: 95 % limits (log-log). Below: how many are under "
        f"observation{free} just before each year.{censored}{_cut(drawn)}"
    )
    below = Numbers("At risk at year", PLACES, tuple((levels(arm), _at_risk(answers, model, arm)) for arm in BOTH))
    x, y = Axis(f"Years from {words.origin}"), Axis(f"{capital(words.axis)} (%)", share=True)
    return Curves(f"{model.name}_free", title, caption, x, y, tuple(drawn), steps=True, below=below)


def _share(value: float) -> str:
    return "an unknown part" if np.isnan(value) else percent(value)


def _cut(drawn: Sequence[Curve]) -> str:
    """A caution where the curves stay so high that their axis does not start at 0."""
    least = min(float(np.nanmin((*curve.y, *curve.low))) for curve in drawn)
    return " The axis of shares does not start at 0." if least >= 0.5 else ""


def _at_risk(answers: Estimates, model: Model, arm: str) -> tuple[float, ...]:
    return tuple(one(answers, "event_free", model, "at_risk", arm, year).estimate for year in PLACES)


def _beside(answers: Estimates, model: Model, table: RiskTable, arms: dict[str, int]) -> Curves:
    words, alone, both = OUTCOMES[model.name], kaplan_meier(outcome_alone(table)), cumulative_incidence(table)
    drawn, complement, apart = [], [], []
    for arm in BOTH:
        at = arms[arm]
        events = table.events[at].sum(axis=0)
        fields = (both.incidence[at, 0], both.low[at, 0], both.high[at, 0])
        name = f"{levels(arm)}, cumulative incidence"
        drawn.append(_steps(name, table.time, events, fields, (0.0, np.nan, np.nan), model.start))
        complement.append(
            _steps(f"{levels(arm)}, one minus KM", table.time, events, (1 - alone.survival[at],), (0.0,), model.start)
        )
        free = one(answers, "event_free", model, "survival", arm, LAST).estimate
        apart.append(1 - free - one(answers, "incidence", model, "incidence", arm, LAST).estimate)
    with_, without = (
        "an unknown part" if np.isnan(part) else f"{100 * max(part, 0):.2f} points" for part in apart
    )  # never below 0, but for rounding
    title = (
        f"Deaths taken for censoring overstate {words.name} by year {LAST:g} by {with_} with Löfgren syndrome, "
        f"{without} without"
    )
    caption = (
        f"Cumulative incidence (Aalen-Johansen, delayed entry, 95 % limits){_from(model)}, and one minus Kaplan-Meier, "
        "which takes deaths for censoring (KM)."
    )
    x, y = Axis(f"Years from {words.origin}"), Axis(f"Have come to {words.name} (%)", share=True)
    return Curves(f"{model.name}_incidence", title, caption, x, y, (*drawn, *complement), steps=True)


def _from(model: Model) -> str:
    return f", of patients free of it at year {model.start:g}" if model.start else ""


def _steps(
    name: str, time: Floats, events: Floats, fields: Sequence[Floats], before: Sequence[float], start: float
) -> Curve:
    """A step function at the times of its events, from the start to the last year or the last patient."""
    known = time[~np.isnan(fields[0])]
    last = min(LAST, float(known.max(initial=start)))
    kept = np.flatnonzero((events > 0) & (time <= last) & (time > start))
    origin = (0.0,) if start else ()  # nothing is known there, but the axis begins with it
    x = (*origin, start, *map(float, time[kept]), last)
    lines = []
    for values, first in zip(fields, before, strict=True):
        own = (first, *map(float, values[kept]))
        lines.append((*(np.nan for _ in origin), *own, own[-1]))
    return Curve(name, x, *lines)
