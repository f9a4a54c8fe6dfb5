"""All published series read together: what they move, what they leave to the prior, and how they predict each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sarcoid_epi.estimators import ask
from sarcoid_epi.estimators.joint import Joint, joint, leaned, predicted
from sarcoid_epi.estimators.synthesis import joint_synthesis, modality_prevalence, published_series
from sarcoid_epi.gathering import Read, gathered
from sarcoid_epi.report.content import Chart, Field, Line, Mark, Section, Sheet
from sarcoid_epi.report.plots import Axis, Bar, Bars
from sarcoid_epi.results import Estimates, percent
from sarcoid_epi.scenario import Prior
from sarcoid_epi.stats.weighted import Summary

#: Points of each prediction, less than of the posterior itself: its limits are whole numbers.
POINTS = 2**14

#: A contraction below this is told to be nothing but the prior.
LITTLE = 0.15

DATA = "published series that share no patients"


def joint_section(priors: Sequence[Prior]) -> tuple[Section, Estimates]:
    """The joint posterior under each prior; how much each quantity was learned; where the answer leans on the prior."""
    found = gathered()
    total = Estimates((), ())
    for prior in priors:
        total += ask([joint_synthesis], found.strata(), data=DATA, question="joint", belief=prior, of="series")
    counts = found.strata().table("study", "met", "looked", "tally")[0]
    answer = joint(published_series(counts), priors[0])
    rows: list[dict[str, Any]] = []
    for name, after in answer.posterior.items():
        before, learned = answer.prior[name], answer.contraction[name]
        rows.append(
            {
                "what": name.replace(".", ": ").replace("_", " "), "prior": before.median, "prior_low": before.low,
                "prior_high": before.high, "value": after.median, "low": after.low, "high": after.high,
                "learned": learned, "verdict": _verdict(learned), "unit": _unit(name),
            }
        )  # fmt: skip
    fields = (
        Field("prior", "Median", "unit", "Prior"), Field("prior_low", "from", "unit", "Prior"),
        Field("prior_high", "to", "unit", "Prior"), Field("value", "Median", "unit", "Posterior"),
        Field("low", "from", "unit", "Posterior"), Field("high", "to", "unit", "Posterior"),
        Field("learned", "Contraction", "number"), Field("verdict", "What the series say"), Field("unit", ""),
    )  # fmt: skip
    caption = f"Prior and posterior of every quantity, prior “{priors[0].name}”, {len(found.read)} counts"
    table = Sheet("joint", caption, Field("what", "Quantity"), fields, tuple(rows))
    share, missed = (_between(answer.posterior[name]) for name in ("patients.osseous", "underdiagnosis"))
    only_prior = [row["what"] for row in rows if row["verdict"] == ONLY_PRIOR]
    said = (
        f"{len(found.read)} published counts that share no patients are read at once, each with how its patients were "
        "met and looked at; one true share, one symptomatic share and the sensitivity and specificity of each way to "
        f"look stand behind all of them. The true share among referred patients comes to {share}, and routine care "
        f"leaves {missed} of it off the record. The weighted draws are worth {answer.effective:.0f}.",
        f"Of {len(rows)} quantities the series tell hardly anything of {len(only_prior)}: {'; '.join(only_prior)}. "
        "What is said of these is the prior, and whoever believes otherwise gets another answer.",
    )
    sheets = (table, _leaning(answer), _by_prior(total, priors), _read_sheet(found.read, found.set_aside))
    return Section("joint", "All published series together", said, sheets, (_prior_chart(rows),)), total


ONLY_PRIOR = "nothing: this is the prior"

LIMITS = "95 % limits of the count"


def _between(told: Summary) -> str:
    low, high = percent(float(told.low)).removesuffix(" %"), percent(float(told.high))
    return f"{percent(float(told.median))} ({low} to {high})"


def _verdict(learned: float) -> str:
    if learned < -LITTLE / 3:
        return "shifted, and no narrower than the prior"
    if learned < LITTLE:
        return ONLY_PRIOR
    return "little" if learned < 0.5 else "much"


def _unit(name: str) -> str:
    ratios = ("patients.new", "patients.scanned", "patients.back_pain", "patients.between")
    return "" if name in ratios else "share"


def _prior_chart(rows: Sequence[Mapping[str, Any]]) -> Chart:
    shares = [row for row in rows if row["unit"] == "share" and "specificity" not in row["what"]]
    lines = tuple(
        Line(
            row["what"], "",
            (
                Mark("prior", row["prior"], row["prior_low"], row["prior_high"]),
                Mark("posterior", row["value"], row["low"], row["high"]),
            ),
            row["verdict"],
        )
        for row in shares
    )  # fmt: skip
    title = "The series move the true share; how much PET finds they do not"
    caption = "Circles: prior median with its middle 95 %. Squares: posterior."
    return Chart("prior_posterior", title, caption, "Share (%, square-root scale)", lines)


def _leaning(answer: Joint) -> Sheet:
    found = leaned(answer, "patients.osseous")
    rows = tuple(
        {"what": name.replace(".", ": ").replace("_", " "), "lower": low, "upper": high, "apart": high - low}
        for name, (low, high) in sorted(found.items(), key=lambda one: -abs(one[1][1] - one[1][0]))
        if name != "patients.osseous"
    )
    fields = (
        Field("lower", "in its lower half", "share", "True share, were the quantity"),
        Field("upper", "in its upper half", "share", "True share, were the quantity"), Field("apart", ""),
    )  # fmt: skip
    caption = "What the true share leans on: its median where one quantity lies in either half of its prior"
    return Sheet("leaning", caption, Field("what", "Quantity"), fields, rows)


def _by_prior(answers: Estimates, priors: Sequence[Prior]) -> Sheet:
    rows = []
    for prior in priors:
        for term in ("osseous", "underdiagnosis", "symptomatic", "pet_sensitivity"):
            row = answers.one(f"joint_synthesis-{prior.name}-series:{term}:all")
            rows.append(
                {"prior": f"Prior “{prior.name}”: {prior.label}", "what": term.replace("_", " ").capitalize(),
                 "value": row.estimate, "low": row.conf_low, "high": row.conf_high, "id": row.id}
            )  # fmt: skip
    fields = (
        Field("value", "Median", "share"), Field("low", "from", "share", "95 % limits"),
        Field("high", "to", "share", "95 % limits"), Field("id", ""),
    )  # fmt: skip
    return Sheet(
        "priors", "The same series under other priors", Field("what", "Quantity"), fields, tuple(rows), "prior"
    )


def _read_sheet(read: Sequence[Read], aside: Sequence[tuple[str, str]]) -> Sheet:
    rows = [
        {"finding": one.finding.id, "met": one.met, "looked": one.looked, "counts": one.counts,
         "printed": f"{one.events}/{one.n}", "reason": ""}
        for one in read
    ] + [
        {"finding": id, "met": "", "looked": "", "counts": "", "printed": "", "reason": f"not read: {why}"}
        for id, why in aside
    ]  # fmt: skip
    fields = (
        Field("met", "Patients"), Field("looked", "Looked at"), Field("counts", "Counts"), Field("printed", "Count"),
        Field("reason", "Why not read"),
    )  # fmt: skip
    return Sheet("series_read", "Series read together, and those that are not", Field("finding", "Finding", "finding"),
                 fields, tuple(rows), folded=True)  # fmt: skip


def left_out_section(prior: Prior) -> Section:
    """Each series predicted from all others."""
    found = gathered()
    series = published_series(found.strata().table("study", "met", "looked", "tally")[0])
    rows, lines = [], []
    for number, one in enumerate(found.read):
        mean, low, high = predicted(series, number, prior, POINTS)
        lies_inside = low <= one.events <= high
        rows.append(
            {"finding": one.finding.id, "counts": one.counts, "printed": f"{one.events}/{one.n}", "mean": mean,
             "low": low, "high": high, "inside": lies_inside, "events": one.events, "n": one.n}
        )  # fmt: skip
        share, nan = one.events / one.n, float("nan")
        marks = (Mark("printed", share, nan, nan), Mark("predicted", mean / one.n, low / one.n, high / one.n))
        lines.append(Line(one.counts, one.finding.id, marks, f"{one.events}/{one.n}; {low} to {high} predicted"))
    inside = sum(row["inside"] is True for row in rows)
    fields = (
        Field("counts", "Counts"), Field("printed", "Printed"), Field("mean", "Expected", "number"),
        Field("low", "from", "whole", LIMITS), Field("high", "to", "whole", LIMITS),
        Field("inside", "Inside", "yes"), Field("events", ""), Field("n", ""),
    )  # fmt: skip
    caption = "Each series predicted from all the others"
    sheet = Sheet("joint_left_out", caption, Field("finding", "Series left out", "finding"), fields, tuple(rows))
    said = (
        f"Each series is left out in turn, everything is fitted to the others, and the one left out predicted: "
        f"{inside} of {len(rows)} counts lie between their limits. These are wide: with few series of a kind the model "
        "says little of a further one, and that all lie inside is a weak test.",
    )
    chart = Chart(
        "joint_left_out", f"{inside} of {len(rows)} counts lie where the others put them",
        "Circles: printed. Squares: predicted, with 95 % limits of the count.", "Share (%, square-root scale)",
        tuple(lines),
    )  # fmt: skip
    return Section("joint_left_out", "Leave one series out of the synthesis", said, (sheet,), (chart,))


def looking_section(priors: Sequence[Prior]) -> tuple[Section, Estimates]:
    """How much of the spread between series is the looking."""
    total, bars, rows = Estimates((), ()), [], []
    for prior in priors:
        total += ask([modality_prevalence], gathered().strata(), data=DATA, question="joint", belief=prior, of="series")
        run = f"modality_prevalence-{prior.name}-series"
        looking = total.one(f"{run}:looking:all")
        parts = (("the looking", looking.estimate), ("the patients", 1 - looking.estimate))
        bars.append(
            Bar(
                f"Prior “{prior.name}”",
                looking.id,
                parts,
                f"{percent(looking.conf_low)} to {percent(looking.conf_high)}",
            )
        )
        rows += [
            {"prior": f"Prior “{prior.name}”", "what": row.term.replace("_", " ").capitalize(), "value": row.estimate,
             "low": row.conf_low, "high": row.conf_high, "note": row.note, "unit": "" if "tau" in row.term else "share"}
            for row in total.of(run).rows
        ]  # fmt: skip
    middle = total.one(f"modality_prevalence-{priors[0].name}-series:looking:all").estimate
    fields = (
        Field("value", "Estimate", "unit"), Field("low", "from", "unit", "95 % limits"),
        Field("high", "to", "unit", "95 % limits"), Field("note", "Note"), Field("unit", ""),
    )  # fmt: skip
    sheet = Sheet(
        "looking",
        "Spread between series: the looking and the patients",
        Field("what", "Quantity"),
        fields,
        tuple(rows),
        "prior",
    )
    figure = Bars(
        "looking", f"{percent(middle)} of the spread between series is the looking, the rest the patients",
        "Parts of the variance of the logit of the share on record, each series counting once; at the end of each row "
        "the 95 % limits of the part of the looking.",
        Axis("Part of the spread (%)", share=True), tuple(bars),
    )  # fmt: skip
    said = (
        "Published shares run from 0.5 % to nearly 20 %. Series differ in how they looked and in whom they met. With "
        "the sensitivity of each way to look believed as the priors say, and true shares taken to have nothing to do "
        "with it, the spread comes apart into the two. That the ill are sent to PET is read as looking: the part of "
        "the looking is an upper limit.",
    )
    return Section("looking", "How much of the spread is the looking", said, (sheet,), (figure,)), total
