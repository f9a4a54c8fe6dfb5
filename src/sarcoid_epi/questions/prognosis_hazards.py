"""Hazard ratios, crude and adjusted, and by stretch of time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sarcoid_epi.questions.prognosis_words import OUTCOMES, WITH, WITHOUT, levels, one, ratio, status
from sarcoid_epi.report.content import Chart, Field, Line, Mark, Section, Sheet
from sarcoid_epi.report.markup import NOTHING, capital
from sarcoid_epi.report.plots import Axis
from sarcoid_epi.results import Estimate, Estimates
from sarcoid_epi.scenario import Model
from sarcoid_epi.vocabulary import label

RATIO = Axis("Hazard ratio, with Löfgren syndrome against without (log scale)", scale="log")

#: A p of proportional hazards below this counts as a departure.
ALPHA = 0.05


def hazard_section(answers: Estimates, models: Sequence[Model]) -> Section:
    """The table of hazard ratios with reference rows, their forest, and the ratios by stretch of time."""
    adjusted = {model.name: one(answers, "adjusted_hazards", model, "hazard_ratio", WITH) for model in models}
    p = {m.name: one(answers, "proportionality", m, "p_proportional_hazards", m.exposures[0]).estimate for m in models}
    departing = [OUTCOMES[name].name for name, value in p.items() if value < ALPHA]
    alike = ", ".join(map(_plain, models[0].adjust))
    said = (
        "A hazard ratio compares, day by day, patients still free of the event. The crude one compares patients as "
        f"they are; the adjusted one patients alike in {alike}. Reference rows hold who is compared with; events stand "
        "beside each level. A model that conditions on a common effect, or on what lies between exposure and event, "
        "would be refused, and the row say why.",
        _departures(departing, sum(np.isfinite(value) for value in p.values()), len(models)),
    )
    return Section(
        "hazards", "Hazard ratios", said,
        (_table(answers, models, p), _stretches(answers, models)),
        (*_forest(answers, models, adjusted), *_by_stretch(answers, models)),
    )  # fmt: skip


def _plain(name: str) -> str:
    words = label(name)
    return words[:1].lower() + words[1:]


def _departures(departing: Sequence[str], tested: int, of: int) -> str:
    """For which outcomes hazards do not stay proportional, of the models in which that can be tested."""
    untested = f" In {of - tested} of {of} models it cannot be tested." if tested < of else ""
    if not tested:
        return "Whether hazards stay proportional cannot be tested in any of the models."
    if not departing:
        return (
            f"In none of {tested} models does the test of Grambsch and Therneau speak against proportional hazards (p "
            f"at least {ALPHA:g}); that is no proof.{untested} The ratios by stretch of time are given all the same."
        )
    return (
        f"In {len(departing)} of {tested} models hazards do not stay proportional (p below {ALPHA:g}): "
        f"{', '.join(departing)}.{untested} One ratio is then an average over time, and what it averages depends on "
        "how long patients were followed. Read the ratios by stretch of time, split at years that were declared "
        "beforehand, or the differences of mean times, which need no proportional hazards. Later stretches hold those "
        "whom the event spared, who differ from those at the start."
    )


def _table(answers: Estimates, models: Sequence[Model], p: dict[str, float]) -> Sheet:
    records = []
    for model in models:
        for arm in (WITHOUT, WITH):
            crude, adjusted = (
                one(answers, f"{kind}_hazards", model, "hazard_ratio", arm) for kind in ("unadjusted", "adjusted")
            )
            records.append(
                {
                    "outcome": capital(OUTCOMES[model.name].name), "level": capital(levels(arm)),
                    "n": adjusted.n, "events": adjusted.events, "crude": ratio(crude), "adjusted": ratio(adjusted),
                    "p": p[model.name] if arm == WITH else np.nan, "status": status(adjusted),
                    "estimate": adjusted.estimate, "low": adjusted.conf_low, "high": adjusted.conf_high,
                    "crude_estimate": crude.estimate, "crude_low": crude.conf_low, "crude_high": crude.conf_high,
                    "id": adjusted.id,
                }
            )  # fmt: skip
    fields = (
        Field("n", "Patients", "whole"), Field("events", "Events", "whole"), Field("crude", "Crude (95 % limits)"),
        Field("adjusted", "Adjusted (95 % limits)"), Field("p", "p of proportional hazards", "chance"),
        Field("status", "Model", "sentence"), Field("id", "Trace", "path"),
        *(Field(name, "") for name in ("estimate", "low", "high", "crude_estimate", "crude_low", "crude_high")),
    )  # fmt: skip
    caption = "Hazard ratios of Löfgren syndrome (Cox, Efron's ties, delayed entry), with reference rows"
    return Sheet("hazard_ratios", caption, Field("level", "Level"), fields, tuple(records), "outcome")


def _forest(answers: Estimates, models: Sequence[Model], adjusted: dict[str, Estimate]) -> tuple[Chart, ...]:
    lines = []
    for model in models:
        crude, own = one(answers, "unadjusted_hazards", model, "hazard_ratio", WITH), adjusted[model.name]
        marks = tuple(
            Mark(name, row.estimate, row.conf_low, row.conf_high)
            for name, row in (("crude", crude), ("adjusted", own))
            if np.isfinite(row.estimate)
        )
        if marks:
            lines.append(Line(capital(OUTCOMES[model.name].name), "", marks, ratio(own)))
    clear = [row for row in adjusted.values() if row.conf_low > 1 or row.conf_high < 1]
    known = sum(np.isfinite(row.estimate) for row in adjusted.values())
    unknown = f" ({len(adjusted) - known} not known)" if known < len(adjusted) else ""
    title = (
        f"{len(clear)} of {known} adjusted hazard ratios of Löfgren syndrome exclude 1{unknown}: "
        + "; ".join(f"{OUTCOMES[name].name} {row.estimate:.2f}" for name, row in adjusted.items() if row in clear)
    ).removesuffix(": ")
    caption = (
        "Circles: crude. Squares: adjusted, with the number at the right. Lines: 95 % limits. Right of 1 the event "
        "comes sooner with Löfgren syndrome: good for remission, bad for the others."
    )
    return (Chart("hazard_forest", title, caption, RATIO, tuple(lines), 1.0),) if lines else ()


def _stretches(answers: Estimates, models: Sequence[Model]) -> Sheet:
    records = []
    for model in models:
        starts = (model.start, *model.split)
        for at, start in enumerate(starts):
            row = one(answers, "changing_hazards", model, "hazard_ratio", WITH, start)
            change = one(answers, "changing_hazards", model, "hazard_ratio_change", WITH, start) if at else None
            records.append(
                {
                    "outcome": capital(OUTCOMES[model.name].name), "stretch": capital(_stretch(starts, at)), "n": row.n,
                    "events": row.events, "ratio": ratio(row), "change": ratio(change) if change else NOTHING,
                    "status": status(row), "estimate": row.estimate, "low": row.conf_low, "high": row.conf_high,
                    "id": row.id,
                }
            )  # fmt: skip
    fields = (
        Field("n", "At risk in it", "whole", "With Löfgren syndrome"),
        Field("events", "Events", "whole", "With Löfgren syndrome"),
        Field("ratio", "Adjusted hazard ratio (95 % limits)"),
        Field("change", "Change from the first stretch (95 % limits)"),
        Field("status", "Model", "sentence"), Field("id", "Trace", "path"),
        *(Field(name, "") for name in ("estimate", "low", "high")),
    )  # fmt: skip
    caption = "Hazard ratios of Löfgren syndrome by stretch of time"
    return Sheet("stretches", caption, Field("stretch", "Stretch"), fields, tuple(records), "outcome")


def _stretch(starts: Sequence[float], at: int) -> str:
    return f"years {starts[at]:g} to {starts[at + 1]:g}" if at + 1 < len(starts) else f"after year {starts[at]:g}"


def _by_stretch(answers: Estimates, models: Sequence[Model]) -> tuple[Chart, ...]:
    lines, falls = [], []
    for model in models:
        starts = (model.start, *model.split)
        rows = [one(answers, "changing_hazards", model, "hazard_ratio", WITH, start) for start in starts]
        name = capital(OUTCOMES[model.name].name)
        lines += [
            Line(f"{name}, {_stretch(starts, at)}", "", (_mark(row),), ratio(row))
            for at, row in enumerate(rows)
            if np.isfinite(row.estimate)
        ]
        if np.isfinite([rows[0].estimate, rows[-1].estimate]).all():
            falls.append((OUTCOMES[model.name].name, rows[0].estimate, rows[-1].estimate))
    if not falls:
        return ()
    name, early, late = max(falls, key=lambda fall: abs(np.log(fall[2] / fall[1])))
    title = f"The hazard ratio changes most for {name}: from {early:.2f} in the first stretch to {late:.2f} in the last"
    caption = (
        "Adjusted hazard ratios with 95 % limits, each for the patients still followed in its stretch of years. The "
        "years at which time is split are declared in the models."
    )
    return (Chart("hazard_stretches", title, caption, RATIO, tuple(lines), 1.0),)


def _mark(row: Estimate) -> Mark:
    return Mark("adjusted, in the stretch", row.estimate, row.conf_low, row.conf_high)
