"""How well each method does where its assumptions hold, and where one of them does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sarcoid_epi.report.content import Chart, Field, Line, Mark, Section, Sheet
from sarcoid_epi.report.plots import Rule
from sarcoid_epi.results import percent
from sarcoid_epi.simulation.operating import CHANCE, FEWEST, TOO_FEW, Row, operating_characteristics
from sarcoid_epi.simulation.setting import BETWEEN
from sarcoid_epi.vocabulary import label

#: The quantity that methods are shown by whose label says so.
MISSED = "underdiagnosis"

#: In short, what any other method is shown by, the first of these that it has; and at which true share.
TOLD = {
    "people_unrecorded": "people not on record",
    BETWEEN: "true share, within bounds",
    "osseous": "true share",
    MISSED: "underdiagnosis",
    "underdiagnosis_odds_2": "underdiagnosis",
    "met": "share sources could hold",
    "met_odds_0.25": "share sources could hold",
    "odds_ratio_corrected": "odds ratio",
    "tipping_10": "sensitivity for 10 %",
    "osseous_recorded": "share on record",
}
SHOWN = 0.02

#: Labels of terms that are no answers elsewhere.
LABELS = {
    BETWEEN: "True share, between the outer limits of both bounds",
    "prediction": "Share on record in a further series",
    "symptomatic": "Share of the true cases that have symptoms",
    "pet_sensitivity": "Sensitivity of PET",
}

#: Replicates of each setting and share; slow methods get a part of them, as the table says.
REPLICATES = 500


def operating_section(replicates: int = REPLICATES) -> Section:
    """Coverage, bias and width of every method at five true shares, on its own assumptions and off them."""
    rows = operating_characteristics(replicates)
    own, broken = [row for row in rows if not row.broken], [row for row in rows if row.broken]
    kinds = Counter(kind for row in own for kind in row.deviations)
    nominal = sum(row.verdict == "nominal" for row in own)
    few, missing = sum(not row.judged for row in own), sum(row.coverage < 0.5 for row in broken)
    least = min(row.attempted for row in own)
    enough = 0.95 - CHANCE * (0.95 * 0.05 / least) ** 0.5
    said = (
        f"Replicates are drawn as counts from cells whose chances are known: {replicates} for each setting and true "
        "share, fewer for slow methods. Under its own assumptions a method should have an answer, and its limits cover "
        "the truth in 95 % of the replicates that have one; bounds in 95 % or more; and the lower limit of a lower "
        f"bound should not lie above the truth in 97.5 % or more. {nominal} of {len(own)} such rows do so within "
        f"{CHANCE:g} Monte Carlo standard errors, with an answer in nine of ten replicates; with {least:.0f}, "
        f"the fewest, any coverage from {percent(enough)} up does. Of the others "
        f"{kinds['often no answer']} have no answer more often, {kinds['covers too little']} cover too little and "
        f"{kinds['covers too much']} too much (a row may do both); {few} rest on fewer than {FEWEST} answers, too few "
        "to judge. The reasons stand beside them, and counted in a table of their own.",
        "With beliefs, sensitivity and specificity are drawn from the belief in every replicate: the claim is one of "
        "the long run over beliefs. Bias and width of shares are shares, of ratios they are of the logarithm, as the "
        "unit says; a ratio whose lower limit may be 0 has no finite mean width.",
        f"With one assumption broken, {missing} of {len(broken)} rows cover the truth in less than half of the "
        "replicates. Nothing in the data says so: that is why each answer names what it rests on.",
    )
    return Section(
        "operating",
        "How well each method does, and when it fails",
        said,
        (_reasons(own), _table(rows)),
        (_chart(rows),),
    )


def _table(rows: Sequence[Row]) -> Sheet:
    fields = (
        Field("broken", "Assumptions"), Field("share", "True share", "share"), Field("unit", "Unit"),
        Field("answered", "Share", "share", "Replicates with an answer"),
        Field("answered_mcse", "MCSE", "share", "Replicates with an answer"),
        Field("attempted", "of", "whole", "Replicates with an answer"),
        Field("coverage", "Coverage", "share", "Of these"), Field("coverage_mcse", "MCSE", "share", "Of these"),
        Field("covered_if_failed", "Coverage if no answer = miss", "share"),
        Field("bias", "Bias", "unit"), Field("bias_mcse", "MCSE", "unit"),
        Field("width", "Mean width", "unit"), Field("width_mcse", "MCSE", "unit"),
        Field("verdict", "Verdict"),
        Field("explained", "Why not nominal; or theory, in large numbers, beside the own row"),
        Field("claim", ""), Field("level", ""), Field("used", ""), Field("below", ""), Field("above", ""),
        Field("relative_bias", ""), Field("relative_bias_mcse", ""), Field("estimator", ""), Field("term", ""),
    )  # fmt: skip
    records = tuple(_record(row) for row in rows)
    caption = "Operating characteristics of every method"
    return Sheet("operating", caption, Field("what", "Quantity"), fields, records, "group", folded=True)


def _record(row: Row) -> dict[str, Any]:
    return {
        "group": f"{row.label} ({row.design})", "what": LABELS.get(row.term) or label(row.term),
        "broken": row.broken or "its own", "share": row.share, "unit": row.unit, "answered": row.answered,
        "answered_mcse": row.answered_mcse, "attempted": row.attempted, "used": row.used, "coverage": row.coverage,
        "coverage_mcse": row.coverage_mcse, "covered_if_failed": row.covered_if_failed, "bias": row.bias,
        "bias_mcse": row.bias_mcse, "relative_bias": row.relative_bias, "relative_bias_mcse": row.relative_bias_mcse,
        "width": row.width, "width_mcse": row.width_mcse, "claim": row.claim, "level": row.level, "below": row.below,
        "above": row.above, "verdict": _verdict(row), "explained": row.explained or row.theory,
        "estimator": row.estimator, "term": row.term,
    }  # fmt: skip


def _verdict(row: Row) -> str:
    """A broken assumption is not judged: what theory says of it stands beside."""
    return row.verdict if not row.broken else "" if row.judged else TOO_FEW


def _reasons(own: Sequence[Row]) -> Sheet:
    """How often each reason stands in the table."""
    found = Counter((kind, why) for row in own for kind, why in zip(row.deviations, row.reasons, strict=True))
    methods = {key: dict.fromkeys(row.label for row in own if key in zip(row.deviations, row.reasons, strict=True))
               for key in found}  # fmt: skip
    records = tuple(
        {"why": why, "deviation": kind, "rows": rows, "methods": "; ".join(methods[kind, why])}
        for (kind, why), rows in sorted(found.items(), key=lambda one: (one[0][0], -one[1], one[0][1]))
    )
    fields = Field("rows", "Rows", "whole"), Field("methods", "Methods")
    caption = "Why rows under their own assumptions are not nominal"
    return Sheet("operating_reasons", caption, Field("why", "Reason", "sentence"), fields, records, "deviation")


def _chart(rows: Sequence[Row]) -> Chart:
    """Coverage of the first quantity of each method at a true share of 2 %, by what is broken."""
    lines, lost = [], 0
    for name in dict.fromkeys(row.estimator for row in rows):
        here = [row for row in rows if row.estimator == name and row.share == SHOWN and row.judged]
        terms = {row.term for row in here if not row.broken}
        wanted = [MISSED, *TOLD] if here[0].label.startswith("Underdiagnosis") else list(TOLD)
        told = next(term for term in wanted if term in terms)
        own = next(row for row in here if row.term == told and not row.broken)
        off = [row for row in here if row.term == told and row.broken]
        lost += any(row.coverage < 0.5 for row in off)
        lines.append(Line(own.label, "", tuple(map(_mark, (own, *off))), f"{percent(own.coverage)} {TOLD[told]}"))
    return Chart(
        "operating",
        f"At a true share of {percent(SHOWN)} limits that claim 95 % cover less than half in {lost} of {len(lines)} "
        "methods, once an assumption is broken",
        "Share of the replicates with an answer whose 95 % limits hold the truth, at a true share of "
        f"{percent(SHOWN)}, with two Monte Carlo standard errors. Circles: under the method's own assumptions, in its "
        "first setting of the table; that number and its quantity stand at the end of the row. Squares: one assumption "
        "broken, each square another. Bounds cover at least 95 %.",
        "Coverage (%)", tuple(lines), plain=True, rule=Rule(0.95, "95 %"),
    )  # fmt: skip


def _mark(row: Row) -> Mark:
    reach = 2 * row.coverage_mcse
    series = "one assumption broken" if row.broken else "own assumptions"
    return Mark(series, row.coverage, max(row.coverage - reach, 0.0), min(row.coverage + reach, 1.0))
