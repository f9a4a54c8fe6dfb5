"""How well each method does where its assumptions hold, and where one of them does not."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten
from typing import Any

from sarcoid_epi.report.content import Chart, Field, Line, Mark, Section, Sheet
from sarcoid_epi.simulation.operating import LEVEL, Row, operating_characteristics
from sarcoid_epi.simulation.setting import BETWEEN
from sarcoid_epi.vocabulary import label

#: The quantity of a method that the chart shows, the first of these that it has; and at which true share.
TOLD = ("people_unrecorded", BETWEEN, "underdiagnosis", "osseous", "met", "odds_ratio_corrected", "tipping_10")
SHOWN = 0.05

#: Replicates of each setting and share; slow methods get a part of them, as the table says.
REPLICATES = 500


def operating_section(replicates: int = REPLICATES) -> Section:
    """Coverage, bias and width of every method at five true shares, on its own assumptions and off them."""
    rows = operating_characteristics(replicates)
    own = [row for row in rows if not row.broken]
    nominal = [row for row in own if row.as_claimed]
    broken = [row for row in rows if row.broken]
    missing = [row for row in broken if row.coverage < 0.5]
    fields = (
        Field("broken", "Assumptions"), Field("share", "True share", "share"), Field("used", "Used", "whole"),
        Field("attempted", "of", "whole"), Field("bias", "Bias", "number"), Field("bias_mcse", "MCSE", "number"),
        Field("coverage", "Coverage", "share"), Field("coverage_mcse", "MCSE", "share"),
        Field("covered_if_failed", "if failed = miss", "share"), Field("width", "Mean width", "number"),
        Field("width_mcse", "MCSE", "number"), Field("explained", "Why not nominal; what theory says"),
        Field("relative_bias", ""), Field("relative_bias_mcse", ""), Field("estimator", ""), Field("term", ""),
    )  # fmt: skip
    said = (
        f"Replicates are drawn as counts from cells whose chances are known: {replicates} for each setting and true "
        "share, fewer for slow methods. Under its own assumptions a method should cover the truth in 95 % of them. "
        f"{len(nominal)} of {len(own)} such rows do, as far as so many replicates tell, and have an answer in nine of "
        "ten; beside most of the others stands what may be the cause. With beliefs, sensitivity and specificity are "
        "drawn from the belief in every replicate: then the claim is one of the long run over beliefs, and at a "
        "single true share a Bayesian answer is pulled towards what was believed.",
        f"With one assumption broken, {len(missing)} of {len(broken)} rows cover the truth in less than half of the "
        "replicates. Nothing in the data says so: that is why each answer names what it rests on. Methods for "
        "published series are held to known truths in the tests.",
    )
    sheet = Sheet(
        "operating", "Operating characteristics of every method",
        Field("what", "Quantity"), fields, tuple(_record(row) for row in rows), "group", folded=True,
    )  # fmt: skip
    return Section("operating", "How well each method does, and when it fails", said, (sheet,), (_chart(rows),))


def _record(row: Row) -> dict[str, Any]:
    return {
        "group": f"{row.label} ({row.design})", "what": label(row.term), "broken": row.broken or "its own",
        "share": row.share, "used": row.used, "attempted": row.attempted, "bias": row.bias, "bias_mcse": row.bias_mcse,
        "relative_bias": row.relative_bias, "relative_bias_mcse": row.relative_bias_mcse, "coverage": row.coverage,
        "coverage_mcse": row.coverage_mcse, "covered_if_failed": row.covered_if_failed, "width": row.width,
        "width_mcse": row.width_mcse, "explained": row.explained or row.theory, "estimator": row.estimator,
        "term": row.term,
    }  # fmt: skip


def _chart(rows: Sequence[Row]) -> Chart:
    """Coverage of the first quantity of each method at a true share of 5 %, by what is broken."""
    lines = []
    for row in rows:
        terms = {one.term for one in rows if one.estimator == row.estimator}
        told = next((term for term in TOLD if term in terms), row.term)
        if row.term != told or row.share != SHOWN or "drawn evenly" in row.design:
            continue
        reach = 2 * row.coverage_mcse
        low, high = max(row.coverage - reach, 0.0), min(row.coverage + reach, 1.0)
        mark = Mark("one broken" if row.broken else "own assumptions", row.coverage, low, high)
        name = shorten(row.broken, 44, placeholder=" ...") or row.estimator.replace("_", " ").upper()
        lines.append(Line(name, row.term, (mark,), f"{100 * row.coverage:.1f} %"))
    title = f"Off their assumptions methods miss the truth, whatever their limits claim ({LEVEL:.0%})".replace(
        "%", " %"
    )
    caption = (
        "Coverage of the 95 % limits at a true share of 5 %, with two Monte Carlo standard errors; below each method "
        "its assumptions, broken one at a time. Bounds cover at least."
    )
    return Chart("operating", title, caption, "Coverage (%, square-root scale)", tuple(lines))
