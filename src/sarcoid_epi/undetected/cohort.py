"""A cohort whose truth is known: what each method says of it, and how many people stay unrecorded."""

from __future__ import annotations

from collections.abc import Sequence

from sarcoid_epi.cohort import Cohort
from sarcoid_epi.estimands import MET, TRUE_PREVALENCE, UNDERDIAGNOSIS
from sarcoid_epi.estimators import CATALOGUE, verdicts
from sarcoid_epi.report.content import Chart, Field, Line, Mark, Section, Sheet
from sarcoid_epi.report.plots import Axis, Bar, Bars
from sarcoid_epi.results import Estimates, percent
from sarcoid_epi.scenario import Belief
from sarcoid_epi.strata import Strata

#: Methods whose true share stands beside the truth.
BESIDE = (
    ("possible_prevalence", "osseous_least"), ("possible_prevalence", "osseous_most"),
    ("corrected_prevalence", "osseous"), ("believed_prevalence", "osseous"), ("detection_cascade", "osseous"),
    ("selected_prevalence", "osseous"), ("substudy_prevalence", "osseous"), ("verified_record", "osseous"),
)  # fmt: skip


#: The parts of the doubt about the burden.
DOUBTS = ("doubt_occurrence", "doubt_osseous", "doubt_underdiagnosis")

#: Limits closer together than this are narrow.
NARROW = 0.1


def verdict_section(answers: Estimates, strata: Strata, belief: Belief, cohort: Cohort) -> Section:
    """The verdict on every method, the truth beside it."""
    truth = {
        name: estimand.value(cohort.patients, cohort.truth)[name]
        for name, estimand in (("osseous", TRUE_PREVALENCE), ("underdiagnosis", UNDERDIAGNOSIS), ("met", MET))
    }
    rows = tuple(one._asdict() for one in verdicts(CATALOGUE, strata, belief, answers, "underdiagnosis"))
    fields = (
        Field("needs", "Needs"), Field("has_it", "Has it"), Field("answer", "Answer"), Field("rests_on", "Rests on"),
    )  # fmt: skip
    sheet = Sheet("verdict", "What these data support", Field("method", "Method"), fields, rows)
    said = (
        f"The patients are synthetic, so the truth is known: {percent(truth['osseous'])} have osseous sarcoidosis, "
        f"{percent(truth['underdiagnosis'])} of these are not on record, and in {percent(truth['met'])} of all "
        f"patients imaging was read as bone disease. The estimators see none of it. Beliefs are those of "
        f"“{belief.name}”.",
        "Several answers are wrong, and must be: sources tell only of what somebody has looked at; a scan errs both "
        "ways; record and scan do not err alike with pain and without, as the model of "
        "two tests has it. What each rests on stands beside it.",
    )
    return Section(
        "verdict",
        "One cohort, every method, and the truth",
        said,
        (sheet,),
        (_beside(answers, belief, truth["osseous"]),),
    )


def _run(name: str, belief: Belief) -> str:
    estimator = next(one for one in CATALOGUE if one.name == name)
    return f"{name}-{belief.name}-cohort" if estimator.believes else f"{name}-cohort"


def _beside(answers: Estimates, belief: Belief, truth: float) -> Chart:
    nan = float("nan")
    lines = [Line("The truth", "", (Mark("truth", truth, nan, nan),), percent(truth))]
    for name, term in BESIDE:
        row = answers.one(f"{_run(name, belief)}:{term}:all")
        bound = {"osseous_least": "at least, ", "osseous_most": "at most, "}.get(term, "")
        label = bound + name.replace("_", " ")
        lines.append(
            Line(label, row.id, (Mark("estimate", row.estimate, row.conf_low, row.conf_high),), percent(row.estimate))
        )
    limits = [(mark.low, mark.high) for line in lines[1:] for mark in line.marks if "at " not in line.label]
    narrow = [(low, high) for low, high in limits if high - low < NARROW]
    holding = sum(low <= truth <= high for low, high in narrow)
    title = f"Of {len(narrow)} answers narrower than {percent(NARROW)}, {holding} hold the truth"
    caption = "Squares: estimate with its 95 % limits. Circle: the truth of the synthetic patients."
    return Chart("beside_truth", title, caption, "True share (%, square-root scale)", tuple(lines))


def burden_section(answers: Estimates, beliefs: Sequence[Belief]) -> Section:
    """How many people that makes, by belief, and where the doubt comes from."""
    terms = ("people_with_sarcoidosis", "osseous", "underdiagnosis", "people_unrecorded")
    records, bars = [], []
    for belief in beliefs:
        if belief.occurrence is None:
            continue
        run = f"burden-{belief.name}-record"
        for term in (*terms, *DOUBTS):
            row = answers.one(f"{run}:{term}:all")
            records.append(
                {
                    "belief": f"Belief “{belief.name}”", "what": term.replace("_", " ").capitalize(),
                    "value": row.estimate, "low": row.conf_low, "high": row.conf_high,
                    "unit": "" if term.startswith("people") else "share", "id": row.id,
                }
            )  # fmt: skip
        doubts = ("occurrence", "osseous", "underdiagnosis")
        parts = tuple((_named(part), max(answers.one(f"{run}:doubt_{part}:all").estimate, 0.0)) for part in doubts)
        unrecorded = answers.one(f"{run}:people_unrecorded:all")
        bars.append(Bar(f"Belief “{belief.name}”", unrecorded.id, parts, f"{unrecorded.estimate:.0f} people"))
    fields = (
        Field("value", "Estimate", "unit"), Field("low", "from", "unit", "95 % limits"),
        Field("high", "to", "unit", "95 % limits"), Field("unit", ""), Field("id", ""),
    )  # fmt: skip
    caption = "People with osseous sarcoidosis that is not on record, in a population of one million"
    sheet = Sheet("burden", caption, Field("what", "Factor"), fields, tuple(records), "belief")
    most = sum(max(bar.parts, key=lambda part: part[1])[0] == _named("osseous") for bar in bars)
    figure = Bars(
        "doubt", f"Under {most} of {len(bars)} beliefs most of the doubt is doubt about the true share",
        "Parts of the variance of the logarithm of the number of people; parts below 0, of factors that offset "
        "another, are drawn as 0.",
        Axis("Part of the doubt (%)", share=True), tuple(bars),
    )  # fmt: skip
    said = (
        "People = population x share with diagnosed sarcoidosis x true osseous share x share of these not on record. "
        "All four are drawn together, so that the limits carry every doubt. The record is that of referral hospitals: "
        "were it held to stand for all patients, these would be the numbers; as referred patients are iller, they are "
        "too high.",
    )
    return Section("burden", "How many people that makes", said, (sheet,), (figure,))


def _named(part: str) -> str:
    return {"osseous": "true share", "occurrence": "how many have sarcoidosis"}.get(part, part)
