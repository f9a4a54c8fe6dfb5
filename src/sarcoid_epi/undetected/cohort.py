"""A cohort whose truth is known: what each method says of it, and how many people stay unrecorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sarcoid_epi.cohort import Cohort
from sarcoid_epi.estimands import MET, TRUE_PREVALENCE, UNDERDIAGNOSIS
from sarcoid_epi.estimators import CATALOGUE, verdicts
from sarcoid_epi.report.content import Chart, Field, Line, Mark, Section, Sheet
from sarcoid_epi.report.markup import capital
from sarcoid_epi.report.plots import Axis, Bar, Bars
from sarcoid_epi.report.sheets import verdict_sheet
from sarcoid_epi.results import Estimates, grouped, percent
from sarcoid_epi.scenario import Belief
from sarcoid_epi.strata import Strata
from sarcoid_epi.vocabulary import label

#: Methods whose true share stands beside the truth, in words.
BESIDE = {
    ("possible_prevalence", "osseous_least"): "At least, by believed ranges",
    ("possible_prevalence", "osseous_most"): "At most, by believed ranges",
    ("corrected_prevalence", "osseous"): "Rogan-Gladen, limits of the belief",
    ("believed_prevalence", "osseous"): "Exact Bayes",
    ("bias_analysed_prevalence", "osseous"): "Probabilistic bias analysis",
    ("detection_cascade", "osseous"): "Detection cascade",
    ("selected_prevalence", "osseous"): "PET of some, odds believed in the others",
    ("substudy_prevalence", "osseous"): "Random substudy, share on PET",
    ("verified_record", "osseous"): "Random substudy that verifies the record",
}

#: Quantities whose truth a cohort holds, in words.
WORDS = {"osseous": "true share", "underdiagnosis": "underdiagnosis", "met": "share that sources could hold"}

#: The parts of the doubt about the burden.
DOUBTS = ("doubt_occurrence", "doubt_osseous", "doubt_underdiagnosis")


def verdict_section(answers: Estimates, strata: Strata, belief: Belief, cohort: Cohort) -> Section:
    """The verdict on every method, the truth beside it."""
    truth = {
        name: estimand.value(cohort.patients, cohort.truth)[name]
        for name, estimand in (("osseous", TRUE_PREVALENCE), ("underdiagnosis", UNDERDIAGNOSIS), ("met", MET))
    }
    rows = tuple(one._asdict() for one in verdicts(CATALOGUE, strata, belief, answers, "underdiagnosis"))
    right, wrong = _held(answers, truth)
    missed = f"; these miss it: {'; '.join(wrong)}" if wrong else ""
    said = (
        f"The patients are synthetic, so the truth is known: {percent(truth['osseous'])} have osseous sarcoidosis, "
        f"{percent(truth['underdiagnosis'])} of these are not on record, and in {percent(truth['met'])} of all "
        f"patients imaging was read as bone disease. The estimators see none of it. Beliefs are those of "
        f"“{belief.name}”.",
        f"Of {right + len(wrong)} answers about one of these three, {right} hold the truth between their 95 % "
        f"limits{missed}. What methods assume does not all hold here: sources tell only of "
        "what somebody has looked at; a scan overlooks lesions and takes other things for them; record and scan err "
        "otherwise with bone pain than without, which the model of two tests rules out; beliefs are no better than "
        "whoever holds them.",
    )
    return Section(
        "verdict",
        "One cohort, every method, and the truth",
        said,
        (verdict_sheet(rows),),
        (_beside(answers, belief, truth["osseous"]),),
    )


def _run(name: str, belief: Belief) -> str:
    estimator = next(one for one in CATALOGUE if one.name == name)
    return f"{name}-{belief.name}-cohort" if estimator.believes else f"{name}-cohort"


def _held(answers: Estimates, truth: Mapping[str, float]) -> tuple[int, list[str]]:
    """How many answers hold the truth, and which do not; bounds, and answers for one odds ratio, are not asked."""
    labels = {run.run: run.label for run in answers.runs}
    rows = [row for row in answers.rows if row.term in WORDS and row.group == "all" and np.isfinite(row.conf_low)]
    wrong = [
        f"{labels[row.run]}: {WORDS[row.term]} {percent(row.estimate)} ({percent(row.conf_low).removesuffix(' %')} to "
        f"{percent(row.conf_high)})"
        for row in rows
        if not row.conf_low <= truth[row.term] <= row.conf_high
    ]
    return len(rows) - len(wrong), wrong


def _beside(answers: Estimates, belief: Belief, truth: float) -> Chart:
    nan = float("nan")
    lines = [Line("The truth", "", (Mark("truth", truth, nan, nan),), percent(truth))]
    widths: list[float] = []
    holding = 0
    for (name, term), what in BESIDE.items():
        row = answers.one(f"{_run(name, belief)}:{term}:all")
        mark = Mark("estimate", row.estimate, row.conf_low, row.conf_high)
        lines.append(Line(what, row.id, (mark,), percent(row.estimate)))
        if term == "osseous" and np.isfinite(row.conf_low):
            widths.append(row.conf_high - row.conf_low)
            holding += row.conf_low <= truth <= row.conf_high
    title = f"{holding} of {len(widths)} answers hold the true share; their limits lie {_points(widths)} apart"
    caption = (
        "Circle: the truth of the synthetic patients. Squares: estimate with its 95 % limits. The first two rows are "
        "bounds, each with its own limits: the truth should lie between them."
    )
    return Chart("beside_truth", title, caption, "True share (%, square-root scale)", tuple(lines))


def _points(widths: Sequence[float]) -> str:
    """From the narrowest to the widest, in percentage points."""
    return f"{100 * min(widths):.0f} to {100 * max(widths):.0f} percentage points" if widths else "nowhere"


def burden_section(answers: Estimates, beliefs: Sequence[Belief]) -> Section:
    """How many people that makes, by belief, and where the doubt comes from."""
    terms = ("people_with_sarcoidosis", "osseous", "underdiagnosis", "people_unrecorded")
    records, bars = [], []
    for belief in beliefs:
        if belief.occurrence is None or belief.about == "pet":
            continue
        run = f"burden-{belief.name}-record"
        for term in (*terms, *DOUBTS):
            row = answers.one(f"{run}:{term}:all")
            records.append(
                {
                    "belief": f"Belief “{belief.name}”, population {grouped(belief.occurrence.population.value)}",
                    "what": capital(WORDS.get(term) or label(term)),
                    "value": row.estimate, "low": row.conf_low, "high": row.conf_high,
                    "unit": "people" if term.startswith("people") else "share", "id": row.id,
                }
            )  # fmt: skip
        doubts = ("occurrence", "osseous", "underdiagnosis")
        parts = tuple((_named(part), max(answers.one(f"{run}:doubt_{part}:all").estimate, 0.0)) for part in doubts)
        unrecorded = answers.one(f"{run}:people_unrecorded:all")
        bars.append(
            Bar(f"Belief “{belief.name}”", unrecorded.id, parts, f"{grouped(unrecorded.estimate)} people unrecorded")
        )
    fields = (
        Field("value", "Estimate", "unit"), Field("low", "from", "unit", "95 % limits"),
        Field("high", "to", "unit", "95 % limits"), Field("unit", ""), Field("id", ""),
    )  # fmt: skip
    caption = "People with osseous sarcoidosis that is not on record, and what makes up their number"
    sheet = Sheet("burden", caption, Field("what", "Quantity"), fields, tuple(records), "belief")
    most = sum(dict(bar.parts)[_named("osseous")] > 0.5 for bar in bars)
    figure = Bars(
        "doubt", f"Under {most} of {len(bars)} beliefs more than half of the doubt is about the true share",
        "Parts of the variance of the logarithm of the number of people; parts below 0, of factors that offset "
        "another, are drawn as 0. At the end of each row: the posterior median of the number.",
        Axis("Part of the doubt (%)", share=True), tuple(bars),
    )  # fmt: skip
    said = (
        "People = population x share with diagnosed sarcoidosis x true osseous share x share of these not on record. "
        "All but the population are drawn together, so that the limits carry the doubt about each; medians of factors "
        "need not multiply to the median of the product. The record is that of referral hospitals: were it held to "
        "stand for all patients, these would be the numbers; as referred patients are iller, they are rather too high.",
        "Beliefs about PET are left out: a PET series of severe patients stands for no population.",
    )
    return Section("burden", "How many people that makes", said, (sheet,), (figure,))


def _named(part: str) -> str:
    return {"osseous": "true share", "occurrence": "how many have sarcoidosis"}.get(part, part)
