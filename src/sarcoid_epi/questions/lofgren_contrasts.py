"""Löfgren patients against the others: what the review says, the first table, and the contrasts as figures."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, isnan, nan
from typing import Any, NamedTuple

from sarcoid_epi.estimators.lofgren_terms import CHARACTERISTICS, is_number
from sarcoid_epi.questions.lofgren_words import (
    BROAD,
    STRICT,
    Told,
    defined,
    mark,
    named,
    side,
    small,
    with_limits,
)
from sarcoid_epi.report.content import Chart, Field, Line, Section, Sheet
from sarcoid_epi.report.markup import NOTHING, capital, printed, step_of
from sarcoid_epi.report.plots import Axis
from sarcoid_epi.results import Estimate, percent
from sarcoid_epi.vocabulary import label

#: About one sixth: between one seventh and one fifth.
SIXTH, HALF = (1 / 7, 1 / 5), 1 / 2

#: The customary mark above which groups are held to differ.
APART = 0.1


class Asked(NamedTuple):
    """A direction of the review: its finding, the row that answers, the value of no difference, and the side of it."""

    finding: str
    what: str
    row: tuple[str, str, str]
    null: float
    sign: int


ASKED = (
    Asked("lofgren_vs_non_age", "younger", (BROAD, "mean_difference", "age_at_diagnosis"), 0.0, -1),
    Asked("lofgren_vs_non_sex", "fewer men", (BROAD, "risk_difference", "sex=male"), 0.0, -1),
    Asked("lofgren_vs_non_stage", "earlier stage", ("stage_contrast", "odds_ratio", "scadding_stage"), 1.0, -1),
    Asked("lofgren_vs_non_medication", "less medication", (BROAD, "risk_difference", "systemic_therapy"), 0.0, -1),
    Asked("lofgren_vs_non_fever", "more fever", (BROAD, "risk_difference", "fever"), 0.0, 1),
)


def review_section(told: Told) -> Section:
    """The six statements of the review, each with the contrast that these patients show."""
    records = [_asked(told, one) for one in ASKED]
    alone, none = (told("definitions", f"of_{kind}", "isolated_ankle") for kind in ("broad", "strict"))
    holds = alone.conf_low <= SIXTH[1] and alone.conf_high >= SIXTH[0] and none.events == 0 < none.n
    holds = holds and alone.events > 0 and alone.conf_high < HALF  # else a handful of patients would do
    records.append(
        {
            "what": "ankles alone in about one sixth, broad definition only", "contrast": label(alone.term),
            "value": alone.estimate, "low": alone.conf_low, "high": alone.conf_high, "unit": "share", "holds": holds,
            "definitional": "", "finding": "kucharz2020.lofgren_isolated_ankle", "id": alone.id,
        }
    )  # fmt: skip
    kept = sum(record["holds"] for record in records)
    said = (
        f"Of {len(records)} statements of the review on Löfgren patients {kept} are found again here. A direction is "
        "found where the limits exclude no difference; the share with nothing but their ankles, where its limits by "
        "the broad definition meet the range from one seventh to one fifth and leave out none and half, and by the "
        "strict one there is nobody "
        f"({none.events:.0f} of {none.n:.0f}).",
        "These patients were made so that most of them hold; what the table adds is how large the differences are, and "
        "how many patients it takes to see them.",
    )
    fields = (
        Field("contrast", "Contrast"), Field("value", "Estimate", "unit"),
        Field("low", "from", "unit", "95 % limits"), Field("high", "to", "unit", "95 % limits"),
        Field("definitional", "By definition"), Field("holds", "Found", "yes"),
        Field("finding", "Finding", "finding"), Field("unit", ""), Field("id", ""),
    )  # fmt: skip
    caption = "What the review says of Löfgren patients, and what these patients show (broad definition)"
    sheet = Sheet("review", caption, Field("what", "The review"), fields, tuple(records))
    return Section("review", "What the review says, and what these patients show", said, (sheet,))


def _asked(told: Told, one: Asked) -> dict[str, Any]:
    row = told(*one.row)
    return {
        "what": one.what, "contrast": label(row.term), "value": row.estimate, "low": row.conf_low,
        "high": row.conf_high, "unit": "difference" if one.row[1] == "risk_difference" else "number",
        "definitional": "yes" if defined(row) else "", "holds": side(row, one.null) == one.sign,
        "finding": f"kucharz2020.{one.finding}", "id": row.id,
    }  # fmt: skip


def table_section(told: Told) -> Section:
    """The first table, by the broad definition and by the strict one."""
    tested = {of: row for of, row in told.of(BROAD, "p_holm").items() if not isnan(row.estimate)}
    kept = [of for of, row in tested.items() if row.estimate < 0.05]
    said = (
        f"{len(tested)} characteristics are tested, one p for each; those that the definition is made of are not, and "
        f"say so. Of these {len(kept)} differ at 0.05 when the chance of any false finding among all is held (Holm)."
        + _by_strict(told, kept),
        "Shares are of patients in whom the characteristic is known. Differences of shares have Miettinen-Nurminen "
        "limits, of means Welch's; a standardised difference is in standard deviations, without sign where it is of "
        "several levels together. p is of the score test, exact where fewer than one patient is expected in a cell, "
        "of chi-squared for several levels, or of Welch's test; Holm holds the chance of any false finding, BH "
        "(Benjamini-Hochberg) the expected share of false ones among the findings.",
    )
    known = [(run, kind) for run, kind in ((BROAD, "broad"), (STRICT, "strict")) if _known(told, kind)]
    sheets = tuple(_table(told, run, kind) for run, kind in known)
    return Section("table", "Every characteristic, with Löfgren syndrome and without", said, sheets)


def _known(told: Told, kind: str) -> bool:
    """Whether it is known in anybody if he has the syndrome by a definition."""
    return told("definitions", "", f"lofgren_{kind}").n > 0


def _by_strict(told: Told, kept: list[str]) -> str:
    """What becomes by the strict definition of the characteristics that differ by the broad one."""
    if not _known(told, "strict"):
        return " The strict definition is known in nobody."
    if not kept:
        return ""
    other = told.of(STRICT, "p_holm")
    lost = [of for of in kept if of in other and other[of].estimate >= 0.05]
    unknown = [of for of in kept if of not in other or (isnan(other[of].estimate) and not defined(other[of]))]
    said = [f"{len(lost)} of them no longer do: {'; '.join(map(small, lost))}"] if lost else []
    said += [f"{len(unknown)} of them cannot be tested: {'; '.join(map(small, unknown))}"] if unknown else []
    if not said:
        return " By the strict definition all of them still do, or are definitional."
    return f" By the strict definition, with fewer Löfgren patients, {', and '.join(said)}."


def _table(told: Told, run: str, definition: str) -> Sheet:
    records: list[dict[str, Any]] = []
    for name in CHARACTERISTICS:
        levels = [of for of in told.of(run, "share_with") if of.partition("=")[0] == name]
        if is_number(name) and told.has(run, "mean_with", name):
            records.append(_mean_row(told, run, name))
        elif len(levels) == 1:
            records.append(_share_row(told, run, name, levels[0], named(levels[0])))
        elif levels:
            records.append({**_EMPTY, **_tests(told, run, name), **_place(told, run, "p", name, named(name))})
            records += [_share_row(told, run, name, of, f"– {of.partition('=')[2].replace('_', ' ')}") for of in levels]
    who = told("definitions", "", f"lofgren_{definition}")
    fields = (
        Field("with_text", f"With (n = {who.events:.0f})"),
        Field("without_text", f"Without (n = {who.n - who.events:.0f})"),
        Field("value", "Estimate", "unit", "Difference"), Field("low", "from", "unit", "Difference"),
        Field("high", "to", "unit", "Difference"), Field("standardised", "Standardised difference", "decimal"),
        Field("p", "Raw", "chance", "p"), Field("holm", "Holm", "chance", "p"), Field("bh", "BH", "chance", "p"),
        Field("definitional", "By definition"), Field("unit", ""), Field("n", ""), Field("note", ""), Field("id", ""),
    )  # fmt: skip
    caption = f"Löfgren syndrome ({definition} definition) against no Löfgren syndrome: n (%), or mean (SD)"
    stub = Field("what", "Characteristic")
    return Sheet(f"table_{definition}", caption, stub, fields, tuple(records), "step", definition == "strict")


_EMPTY: Mapping[str, Any] = {
    "with_text": "", "without_text": "", "value": nan, "low": nan, "high": nan, "unit": "", "standardised": nan,
    "p": nan, "holm": nan, "bh": nan,
}  # fmt: skip


def _place(told: Told, run: str, measure: str, of: str, what: str) -> dict[str, Any]:
    row = told(run, measure, of)
    return {
        "what": what, "step": capital(step_of(of)), "definitional": "yes" if defined(row) else "", "n": row.n,
        "note": row.note, "id": row.id,
    }  # fmt: skip


def _tests(told: Told, run: str, of: str) -> dict[str, float]:
    found = {"standardised": told(run, "standardised_difference", of).estimate}
    for key, measure in (("p", "p"), ("holm", "p_holm"), ("bh", "p_bh")):
        found[key] = told(run, measure, of).estimate if told.has(run, measure, of) else nan
    return found


def _share_row(told: Told, run: str, name: str, of: str, what: str) -> dict[str, Any]:
    one, zero, apart = (told(run, measure, of) for measure in ("share_with", "share_without", "risk_difference"))
    return {
        "with_text": _counted(one), "without_text": _counted(zero), "value": apart.estimate, "low": apart.conf_low,
        "high": apart.conf_high, "unit": "difference", **_tests(told, run, of),
        **_place(told, run, "risk_difference", of, what),
    }  # fmt: skip


def _counted(row: Estimate) -> str:
    return printed(f"{row.events:.0f} ({percent(row.estimate)})")


def _mean_row(told: Told, run: str, name: str) -> dict[str, Any]:
    one, zero, apart = (told(run, measure, name) for measure in ("mean_with", "mean_without", "mean_difference"))
    return {
        "with_text": _averaged(one), "without_text": _averaged(zero), "value": apart.estimate, "low": apart.conf_low,
        "high": apart.conf_high, "unit": "number", **_tests(told, run, name),
        **_place(told, run, "mean_difference", name, named(name)),
    }  # fmt: skip


def _averaged(row: Estimate) -> str:
    if isnan(row.estimate):
        return NOTHING
    sd = row.std_error * row.n**0.5
    if isnan(sd):
        return printed(f"{row.estimate:.1f}")
    digits = 2 if sd < 1 else 1
    return printed(f"{row.estimate:.{digits}f} ({sd:.{digits}f})")


def forest_section(told: Told) -> Section:
    """Odds ratios by both definitions."""
    chart = _forest(told)
    said = (
        "Odds ratios of what the definitions are not made of, with score limits; each at 95 % by itself, whatever the "
        "others show. Squares stand where the strict definition does not contain the characteristic.",
    )
    return Section("odds", "Odds ratios", said, (), (chart,) if chart.lines else ())


def _forest(told: Told) -> Chart:
    other = told.of(STRICT, "odds_ratio")
    rows = [(of, row) for of, row in told.of(BROAD, "odds_ratio").items() if not defined(row)]
    rows = sorted((one for one in rows if not isnan(one[1].estimate)), key=lambda one: -one[1].estimate)
    lines = []
    for of, row in rows:
        marks = [mark("broad definition", row)]
        if of in other and not defined(other[of]) and not isnan(other[of].estimate):
            marks.append(mark("strict definition", other[of]))
        lines.append(Line(label(of), row.id, tuple(marks), with_limits(row)))
    above, below = (sum(side(row, 1.0) == way for _, row in rows) for way in (1, -1))
    beyond = max(rows, key=lambda one: one[1].conf_low, default=None)
    first = ""
    if beyond and beyond[1].conf_low > 1:
        first = f"; {small(beyond[0])} lies furthest above, {with_limits(beyond[1])}"
    title = f"Of {len(rows)} odds ratios {above} lie above 1 and {below} below, limits and all{first}"
    caption = (
        "Odds with Löfgren syndrome over odds without, 95 % score limits, largest first. Line: no difference. An "
        "arrow: the limits go on. At the end of a row: the broad definition."
    )
    axis = Axis("Odds ratio (log scale)", scale="log")
    return Chart("forest_odds", title, caption, axis, tuple(lines), null=1.0)


def standardised_section(told: Told) -> Section:
    """Differences in standard deviations, what is definitional beside what is not."""
    tested = told.of(BROAD, "p")
    rows = {of: row for of, row in told.of(BROAD, "standardised_difference").items() if of in tested}
    rows = {of: row for of, row in rows.items() if isfinite(row.estimate)}
    free = {of: row for of, row in rows.items() if not defined(row)}
    wide = sorted((of for of in rows if abs(rows[of].estimate) >= APART), key=lambda of: -abs(rows[of].estimate))
    lines = [
        Line(
            label(of), rows[of].id,
            (mark("definitional" if defined(rows[of]) else "not in the definition", rows[of]),),
            printed(f"{rows[of].estimate:.2f}"),
        )
        for of in wide
    ]  # fmt: skip
    most = max(free, key=lambda of: abs(free[of].estimate), default="")
    apart = sum(abs(row.estimate) >= APART for row in free.values())
    title = f"{apart} of {len(free)} characteristics that are not in the definition differ by {APART} or more" + (
        f", {small(most)} most" if most else ""
    )
    caption = (
        "Difference, with less without, over the standard deviation within the groups, with approximate 95 % limits; "
        f"of several levels together (Yang-Dalton) it has no sign. Rows below {APART} in size, "
        f"{len(rows) - len(wide)} of {len(rows)}, stand in the table above. Line: no difference."
    )
    chart = Chart("standardised", title, caption, Axis("Standardised difference"), tuple(lines), null=0.0)
    said = (
        "On a scale that numbers and shares have in common, and that does not grow with the number of patients: what "
        "the definition is made of stands far out, by definition; the rest says how unlike the two groups are.",
    )
    return Section("standardised", "Differences on one scale", said, (), (chart,) if lines else ())
