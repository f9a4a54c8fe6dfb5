"""Löfgren syndrome in three groups, by stage, over the year, within centres, and adjusted."""

from __future__ import annotations

from math import cos, exp, isfinite, isnan, log, nan, pi
from typing import Any

import numpy as np

from sarcoid_epi.estimators.lofgren_groups import DAYS, GROUPS, MONTHS
from sarcoid_epi.questions.lofgren_words import (
    BROAD,
    Told,
    chance,
    defined,
    in_units,
    mark,
    named,
    ratio,
    share_with_limits,
    side,
    small,
    with_limits,
)
from sarcoid_epi.report.content import Chart, Field, Line, Section, Sheet
from sarcoid_epi.report.markup import capital, printed, step_of
from sarcoid_epi.report.plots import Axis, Bar, Bars, Curve, Curves, Rule
from sarcoid_epi.results import Estimate, percent
from sarcoid_epi.vocabulary import PATIENT_BY_NAME, label

THREE, STAGE, SEASON, CENTRES, ADJUSTED = (
    "three_groups", "stage_contrast", "onset_season", "centre_contrasts", "adjusted_contrasts",
)  # fmt: skip

#: How the three groups are called in figures and tables.
CALLED = {"lofgren": "Löfgren syndrome", "symptomatic": "others with symptoms", "incidental": "found by chance"}

#: So many flags are drawn for three groups.
DRAWN = 12


def group_section(told: Told) -> Section:
    """Three groups side by side."""
    holm = {of: row for of, row in told.of(THREE, "p_groups_holm").items() if not isnan(row.estimate)}
    differ = [of for of, row in holm.items() if row.estimate < 0.05]
    said = (
        "Patients without Löfgren syndrome are a mixture: some have symptoms, some were found by chance on a film "
        "taken for another reason. A contrast with the mixture moves with how many were found by chance; here the "
        f"three stand apart. Of {len(holm)} characteristics {len(differ)} are not alike in the three at 0.05 after "
        "Holm's correction.",
        "p is of chi-squared for shares and of Kruskal-Wallis for numbers; a group without patients is left out. The "
        "groups have no order, so there is no test for trend. What is definitional here, by the syndrome's signs or "
        "because who was found by chance had no symptoms, is not counted among the tests.",
    )
    chart = _group_chart(told, holm)
    return Section("groups", "Three groups", said, (_group_sheet(told),), chart)


def _group_sheet(told: Told) -> Sheet:
    records = []
    for of, test in told.of(THREE, "p_groups").items():
        name = of.partition("=")[0]
        kind = "mean" if told.has(THREE, "mean_lofgren", of) else "share"
        levels = [of] if told.has(THREE, f"{kind}_lofgren", of) else []
        levels = levels or [one for one in told.of(THREE, "share_lofgren") if one.partition("=")[0] == name]
        for one in levels:
            rows = {group: told(THREE, f"{kind}_{group}", one) for group in GROUPS}
            records.append(
                {
                    "what": named(one), "step": capital(step_of(name)), "unit": kind if kind == "share" else "number",
                    **{group: row.estimate for group, row in rows.items()},
                    **{f"n_{group}": row.n for group, row in rows.items()},
                    "p": test.estimate if one == levels[0] else nan,
                    "holm": told(THREE, "p_groups_holm", of).estimate if one == levels[0] else nan,
                    "bh": told(THREE, "p_groups_bh", of).estimate if one == levels[0] else nan,
                    "definitional": "yes" if defined(test) else "", "note": test.note, "id": test.id,
                }
            )  # fmt: skip
    fields = (
        *(Field(group, capital(CALLED[group]), "unit") for group in GROUPS), Field("p", "Raw", "chance", "p"),
        Field("holm", "Holm", "chance", "p"), Field("bh", "BH", "chance", "p"),
        Field("definitional", "By definition"), *(Field(f"n_{group}", "") for group in GROUPS), Field("unit", ""),
        Field("note", ""), Field("id", ""),
    )  # fmt: skip
    caption = "Shares and means in three groups; p stands at the first level of a characteristic"
    return Sheet("three_groups", caption, Field("what", "Characteristic"), fields, tuple(records), "step")


def _group_chart(told: Told, holm: dict[str, Estimate]) -> tuple[Chart, ...]:
    """The flags in which the three groups are least alike."""
    flags = [of for of in holm if told.has(THREE, "share_lofgren", of)]
    flags = [of for of in flags if not isnan(told(THREE, "share_lofgren", of).estimate)]
    chosen = sorted(flags, key=lambda of: holm[of].estimate)[:DRAWN]
    if not chosen:
        return ()
    lines = []
    for of in sorted(chosen, key=lambda of: -told(THREE, "share_lofgren", of).estimate):
        rows = [told(THREE, f"share_{group}", of) for group in GROUPS]
        marks = tuple(mark(CALLED[group], row) for group, row in zip(GROUPS, rows, strict=True))
        end = " / ".join(percent(row.estimate).removesuffix(" %") for row in rows) + " %"
        lines.append(Line(label(of), rows[0].id, marks, end))
    first = chosen[0]
    own = [told(THREE, f"share_{group}", first).estimate for group in GROUPS]
    title = (
        f"{label(first)}: {percent(own[0])} with Löfgren syndrome, {percent(own[1])} of others with symptoms, "
        f"{percent(own[2])} of those found by chance"
    )
    caption = (
        f"The {len(chosen)} characteristics of yes or no with the smallest p, leaving out what is definitional; Wilson "
        "95 % limits. At the end of a row: the three shares in the order of the legend."
    )
    return (Chart("three_groups", title, caption, "Share of patients (%, square-root scale)", tuple(lines)),)


def stage_section(told: Told) -> Section:
    """Stages of both groups, and why their contrast is no finding."""
    of = next(of for of in told.of(STAGE, "share_with") if of.startswith("scadding_stage="))
    one, zero = told(STAGE, "share_with", of), told(STAGE, "share_without", of)
    odds, cuts = told(STAGE, "odds_ratio", "scadding_stage"), told(STAGE, "p_proportional", "scadding_stage")
    said = (
        f"Stages I and II are the ones with hilar nodes on both sides, and those are part of the definition: "
        f"{share_with_limits(one)} of Löfgren patients are in stage I or II because they are called so, against "
        f"{share_with_limits(zero)} of the others. The contrast is definitional; it says nothing of the course.",
        f"Over all stages the odds of a later one are {with_limits(odds)} times those of the others; that one ratio "
        f"serves for every cut is {_contradicted(cuts)}"
        + (", as it must be where a definition cuts stages off." if cuts.estimate < 0.05 else "."),
    )
    return Section("stage", "Stage, by definition", said, (_stage_sheet(told),), (_stage_bars(told, one, zero),))


def _contradicted(test: Estimate) -> str:
    """Whether a test speaks against what it tests."""
    if isnan(test.estimate):
        return "not tested"
    return f"{'not ' if test.estimate >= 0.05 else ''}contradicted ({chance(test.estimate)})"


def _stage_sheet(told: Told) -> Sheet:
    wanted = (
        "share_with", "share_without", "risk_difference", "risk_ratio", "odds_ratio", "standardised_difference",
        "superiority", "p", "p_proportional",
    )  # fmt: skip
    records = [_row(row) for measure in wanted for row in told.of(STAGE, measure).values()]
    fields = (*_SHOWN, Field("n", "Patients", "whole"), Field("note", "Note"), *_HIDDEN)
    caption = "Scadding stage with Löfgren syndrome against without: definitional"
    return Sheet("stage", caption, Field("what", "Measure"), fields, tuple(records))


#: Columns of an estimate in its unit, and of its numbers in the file.
_SHOWN = (
    Field("shown", "Estimate"),
    Field("from", "from", spanner="95 % limits"),
    Field("to", "to", spanner="95 % limits"),
)
_HIDDEN = (Field("value", ""), Field("low", ""), Field("high", ""), Field("id", ""))


def _row(row: Estimate) -> dict[str, Any]:
    return {
        "what": label(row.term), **in_units(row), "value": row.estimate, "low": row.conf_low, "high": row.conf_high,
        "events": row.events, "n": row.n, "note": row.note, "id": row.id,
    }  # fmt: skip


def _stage_bars(told: Told, one: Estimate, zero: Estimate) -> Bars:
    stages = PATIENT_BY_NAME["scadding_stage"].levels
    bars = []
    for what, measure in (("Without Löfgren syndrome", "share_without"), ("With", "share_with")):
        rows = [told(BROAD, measure, f"scadding_stage={stage}") for stage in stages]
        parts = tuple((f"stage {stage}", row.estimate) for stage, row in zip(stages, rows, strict=True))
        bars.append(Bar(what, rows[0].id, parts, f"n = {rows[0].n:.0f}"))
    title = (
        f"By definition {percent(one.estimate)} of Löfgren patients are in stage I or II, of the others "
        f"{percent(zero.estimate)}"
    )
    caption = "Scadding stage at diagnosis; patients in whom it is known, broad definition."
    return Bars("stages", title, caption, Axis("Patients (%)", share=True), tuple(bars))


def season_section(told: Told) -> Section:
    """When in the year the syndrome begins."""
    wave, rayleigh, hewitt = (
        told(SEASON, measure, "onset_date") for measure in ("peak_to_trough", "p_rayleigh", "p_hewitt")
    )
    against, others = told(SEASON, "peak_to_trough_others", "onset_date"), told(SEASON, "p_others", "onset_date")
    spring = [told(SEASON, "monthly_with", f"onset_date={month}") for month in ("March", "April", "May")]
    share = sum(row.events for row in spring) / wave.n if wave.n else nan
    said = (
        f"Of {wave.n:.0f} Löfgren patients {percent(share)} fell ill in March, April or May; an even year would bring "
        f"{percent(DAYS[2:5].sum() / DAYS.sum())}. Against population-time that is even over the year, Rayleigh's test "
        f"of one peak has {chance(rayleigh.estimate)}, and Hewitt's, by the ranks of the months, "
        f"{chance(hewitt.estimate)}; the rate at the peak is {with_limits(wave)} times that at the trough. That the "
        f"year has the shape of one wave is {_contradicted(told(SEASON, 'p_misfit', 'onset_date'))}.",
        "People may be found at some time of the year rather than fall ill then, and that would move all patients "
        f"alike. Against the months of the other patients the peak stands at {with_limits(against)} times the odds of "
        f"the trough ({chance(others.estimate)}, Rayleigh).",
    )
    return Section("season", "The season of onset", said, (_season_sheet(told),), _season_curves(told))


def _season_sheet(told: Told) -> Sheet:
    wanted = (
        "peak_to_trough", "peak", "p_misfit", "p_rayleigh", "p_hewitt", "peak_to_trough_others", "peak_others",
        "p_others", "monthly_with", "monthly_without",
    )  # fmt: skip
    records = [_row(row) for measure in wanted for row in told.of(SEASON, measure).values()]
    fields = (*_SHOWN, Field("events", "Onsets", "whole"), Field("n", "Of", "whole"), Field("note", "Note"), *_HIDDEN)
    return Sheet("season", "The season of onset", Field("what", "Measure"), fields, tuple(records), folded=True)


def _season_curves(told: Told) -> tuple[Curves, ...]:
    """Onsets by month over those of an even year, and the wave."""
    wave, peak = told(SEASON, "peak_to_trough", "onset_date"), told(SEASON, "peak", "onset_date")
    months = tuple(at + 0.5 for at in range(12))
    curves = []
    for what, measure in (("With Löfgren syndrome, month by month", "monthly_with"), ("Without", "monthly_without")):
        rows = [told(SEASON, measure, f"onset_date={month}") for month in MONTHS]
        ends = tuple(tuple(getattr(row, end) for row in rows) for end in ("estimate", "conf_low", "conf_high"))
        curves.append(Curve(what, months, *ends))
    if isnan(curves[0].y[0]):
        return ()
    rules: tuple[Rule, ...] = ()
    if isfinite(wave.estimate) and not isnan(peak.estimate):
        curves.append(Curve("With Löfgren syndrome, the wave", *_wave(wave.estimate, peak.estimate)))
        rules = (Rule(peak.estimate, f"peak in {_month(peak.estimate)}"),)
    seen = told(SEASON, "p_rayleigh", "onset_date").estimate < 0.05
    title = (
        f"Onsets of Löfgren syndrome rise and fall over the year: the wave has its peak in {_month(peak.estimate)}, at "
        f"{with_limits(wave)} times its trough"
        if seen and rules
        else f"No season of onset is seen (n = {wave.n:.0f})"
    )
    caption = (
        "Onsets of a month over those that an even year would bring, with exact 95 % limits of each month, and the "
        f"wave fitted to them (cosinor). 1: even. n = {wave.n:.0f} with and "
        f"{told(SEASON, 'monthly_without', 'onset_date=January').n:.0f} without Löfgren syndrome (broad definition)."
    )
    x, y = Axis("Months from the beginning of the year"), Axis("Onsets over those of an even year")
    return (Curves("season", title, caption, x, y, tuple(curves), rules=rules),)


def _wave(peak_to_trough: float, peak: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """exp(A cos(theta - peak)) over its mean, A half the logarithm of peak over trough."""
    height = log(peak_to_trough) / 2
    x = np.linspace(0.0, 12.0, 97)
    y = [exp(height * cos(2 * pi * (at - peak) / 12)) for at in x]
    mean = float(np.mean(y[:-1]))
    return tuple(map(float, x)), tuple(value / mean for value in y)


def _month(place: float) -> str:
    """The name of the month in which a place of the year lies, in months from its beginning."""
    return "no month" if isnan(place) else MONTHS[int(place) % 12]


def centre_section(told: Told) -> Section:
    """Odds ratios within centres beside those of all patients together."""
    within = {of: row for of, row in told.of(CENTRES, "odds_ratio").items() if not defined(row)}
    alike = told.of(CENTRES, "p_homogeneity")
    tested = {of: alike[of].estimate for of in within if not isnan(alike[of].estimate)}
    unlike = [of for of, p in tested.items() if p < 0.05]
    said = (
        "Centres that see more Löfgren patients may also treat or measure more; within centres that falls out. "
        f"Mantel-Haenszel odds ratios take each centre by itself. Of {len(tested)} tests that all centres have the "
        f"same odds ratio {len(unlike)} fall below 0.05"
        + (f" ({'; '.join(map(small, unlike))})" if unlike else "")
        + f"; by chance alone {0.05 * len(tested):.1f} would.",
    )
    records = [_centre_row(told, of, row, alike[of]) for of, row in within.items()]
    fields = (
        Field("crude", "All together", "unit"), Field("value", "Within", "unit", "Within centres"),
        Field("low", "from", "unit", "Within centres"), Field("high", "to", "unit", "Within centres"),
        Field("p", "p of no difference", "chance"), Field("homogeneity", "p of one ratio for all", "chance"),
        Field("n", "Patients", "whole"), Field("note", "Note"), Field("unit", ""), Field("id", ""),
    )  # fmt: skip
    sheet = Sheet("centres", "Odds ratios within centres", Field("what", "Characteristic"), fields, tuple(records))
    return Section("centres", "Within centres", said, (sheet,), _centre_chart(told, within))


def _centre_row(told: Told, of: str, row: Estimate, alike: Estimate) -> dict[str, Any]:
    return {
        "what": label(of), "crude": told(BROAD, "odds_ratio", of).estimate, "value": row.estimate, "low": row.conf_low,
        "high": row.conf_high, "unit": "number", "p": told(CENTRES, "p", of).estimate, "homogeneity": alike.estimate,
        "n": row.n, "note": row.note or alike.note, "id": row.id,
    }  # fmt: skip


def _centre_chart(told: Told, within: dict[str, Estimate]) -> tuple[Chart, ...]:
    crude = {of: told(BROAD, "odds_ratio", of) for of in within}
    both = [of for of in within if 0 < within[of].estimate < float("inf") and 0 < crude[of].estimate < float("inf")]
    if not both:
        return ()
    lines = tuple(
        Line(
            label(of), within[of].id,
            (mark("all together", crude[of]), mark("within centres", within[of])), with_limits(within[of]),
        )
        for of in sorted(both, key=lambda of: -within[of].estimate)
    )  # fmt: skip
    moved = {of: abs(log(within[of].estimate / crude[of].estimate)) for of in both}
    most = max(moved, key=lambda of: moved[of])
    title = "Within centres every odds ratio is that of all patients together"
    if ratio(crude[most].estimate) != ratio(within[most].estimate):
        title = (
            f"Within centres no odds ratio moves further than that of {small(most)}, from "
            f"{ratio(crude[most].estimate)} to {ratio(within[most].estimate)}"
        )
    caption = (
        "Circles: all patients together, score limits. Squares: within centres, Mantel-Haenszel with "
        "Robins-Breslow-Greenland limits, which stand at the end of a row. 95 %. Line: no difference."
    )
    axis = Axis("Odds ratio (log scale)", scale="log")
    return (Chart("centres", title, caption, axis, lines, null=1.0),)


def adjusted_section(told: Told) -> Section:
    """What is left of the differences, given age, sex and ancestry."""
    rows = told.of(ADJUSTED, "risk_ratio")
    crude = told.of(ADJUSTED, "crude_ratio")
    known = [of for of in rows if isfinite(rows[of].estimate) and isfinite(crude[of].estimate)]
    kept = [of for of in known if side(crude[of], 1.0)]
    lost = [of for of in kept if side(rows[of], 1.0) != side(crude[of], 1.0)]
    said = (
        f"Patients with and without Löfgren syndrome differ in age, sex and ancestry ({_apart(told)} standard "
        "deviations), and so might differ in what goes with these. Each outcome is explained by a logistic regression "
        "on the syndrome and these three; the shares are those it gives were everybody a Löfgren patient, and were "
        "nobody, averaged over all patients. "
        f"Of {len(kept)} ratios of shares that leave out 1 before, {len(kept) - len(lost)} still do"
        + (f"; not {'; '.join(map(small, lost))}." if lost else "."),
        "Remission and relapse are counted by the end of follow-up, which is not as long in everybody. Acute onset "
        "comes before all of these, so nothing that follows from it is held.",
    )
    records = [_adjusted_row(told, of) for of in rows]
    fields = (
        Field("one", "Were all", "unit", "Standardised share"),
        Field("zero", "Were none", "unit", "Standardised share"),
        Field("value", "Estimate", "unit", "Difference"), Field("low", "from", "unit", "Difference"),
        Field("high", "to", "unit", "Difference"), Field("crude", "Crude", "decimal", "Ratio"),
        Field("ratio", "Standardised", "decimal", "Ratio"), Field("ratio_low", "from", "decimal", "Ratio"),
        Field("ratio_high", "to", "decimal", "Ratio"), Field("events", "Events", "whole"), Field("n", "Of", "whole"),
        Field("note", "Note"), Field("unit", ""), Field("id", ""),
    )  # fmt: skip
    caption = "Outcomes given age at diagnosis, sex and ancestry, standardised over all patients"
    sheet = Sheet("adjusted", caption, Field("what", "Outcome"), fields, tuple(records))
    return Section("adjusted", "Given age, sex and ancestry", said, (sheet,), _adjusted_chart(told, known))


def _apart(told: Told) -> str:
    """How far apart the two groups are in what is adjusted for."""
    found = (told(BROAD, "standardised_difference", of).estimate for of in ("age_at_diagnosis", "sex=male", "ancestry"))
    return printed(", ".join("unknown" if isnan(value) else f"{value:.2f}" for value in found))


def _adjusted_row(told: Told, of: str) -> dict[str, Any]:
    one, zero, apart = (told(ADJUSTED, measure, of) for measure in ("risk", "reference_risk", "risk_difference"))
    ratios, crude = told(ADJUSTED, "risk_ratio", of), told(ADJUSTED, "crude_ratio", of)
    return {
        "what": label(of), "one": one.estimate, "zero": zero.estimate, "value": apart.estimate, "low": apart.conf_low,
        "high": apart.conf_high, "unit": "share", "crude": crude.estimate, "ratio": ratios.estimate,
        "ratio_low": ratios.conf_low, "ratio_high": ratios.conf_high, "events": one.events, "n": one.n,
        "note": one.note, "id": ratios.id,
    }  # fmt: skip


def _adjusted_chart(told: Told, known: list[str]) -> tuple[Chart, ...]:
    rows, crude = told.of(ADJUSTED, "risk_ratio"), told.of(ADJUSTED, "crude_ratio")
    drawn = [of for of in known if rows[of].estimate > 0 and crude[of].estimate > 0]
    if not drawn:
        return ()
    lines = tuple(
        Line(
            label(of), rows[of].id, (mark("not adjusted", crude[of]), mark("standardised", rows[of])),
            with_limits(rows[of]),
        )
        for of in sorted(drawn, key=lambda of: -rows[of].estimate)
    )  # fmt: skip
    moved = {of: abs(log(rows[of].estimate / crude[of].estimate)) for of in drawn}
    most = max(moved, key=lambda of: moved[of])
    title = (
        f"Age, sex and ancestry move no ratio further than that of {small(most)}, from "
        f"{ratio(crude[most].estimate)} to {ratio(rows[most].estimate)}"
    )
    caption = (
        "Share with the outcome with Löfgren syndrome (broad definition) over the share without. Circles: as they are, "
        "Koopman's limits. Squares: standardised over all patients, which stand at the end of a row. 95 %. Line: no "
        "difference."
    )
    axis = Axis("Ratio of shares (log scale)", scale="log")
    return (Chart("adjusted", title, caption, axis, lines, null=1.0),)
