"""All published series read together: what they move, what they leave to the prior, and how they predict each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sarcoid_epi.estimators import ask
from sarcoid_epi.estimators.joint import Joint, joint, leaned, predicted
from sarcoid_epi.estimators.moved import MOVED, NARROWED, ONLY_PRIOR, in_sentences, moved, named
from sarcoid_epi.estimators.synthesis import joint_synthesis, modality_prevalence, published_series, term_of
from sarcoid_epi.gathering import Read, gathered
from sarcoid_epi.report.content import Chart, Field, Line, Mark, Section, Sheet
from sarcoid_epi.report.markup import capital
from sarcoid_epi.report.plots import Axis, Bar, Bars
from sarcoid_epi.results import Estimates, is_share, percent
from sarcoid_epi.scenario import Prior
from sarcoid_epi.stats.weighted import Summary
from sarcoid_epi.vocabulary import label

#: Points of each prediction, less than of the posterior itself: its limits are whole numbers.
POINTS = 2**14

#: Patients and ways to look, and what is counted, in words.
LEVELS = {
    "new": "new", "scanned": "sent to PET", "back_pain": "with back pain", "mri": "MRI of the spine", "pet": "PET",
    "symptoms": "bone symptoms, of those on record",
}  # fmt: skip


def joint_section(priors: Sequence[Prior]) -> tuple[Section, Estimates]:
    """The joint posterior under each prior; how much each quantity was learned; where the answer leans on the prior."""
    found = gathered()
    total = Estimates((), ())
    for prior in priors:
        total += ask([joint_synthesis], found.strata(), data=found.data(), question="joint", belief=prior, of="series")
    counts = found.strata().table("study", "met", "looked", "tally")[0]
    answer = joint(published_series(counts), priors[0])
    told = moved(total.of(f"joint_synthesis-{priors[0].name}-series").rows)
    rows: list[dict[str, Any]] = [
        {
            "what": one.what, "quantity": one.posterior.term, "prior": one.prior.estimate,
            "prior_low": one.prior.conf_low, "prior_high": one.prior.conf_high, "value": one.posterior.estimate,
            "low": one.posterior.conf_low, "high": one.posterior.conf_high, "shift": one.shift,
            "learned": one.learned, "verdict": one.verdict, "unit": "share" if is_share(one.posterior.term) else "",
        }
        for one in told
    ]  # fmt: skip
    fields = (
        Field("prior", "Median", "unit", "Prior"), Field("prior_low", "from", "unit", "Prior"),
        Field("prior_high", "to", "unit", "Prior"), Field("value", "Median", "unit", "Posterior"),
        Field("low", "from", "unit", "Posterior"), Field("high", "to", "unit", "Posterior"),
        Field("shift", "Shift", "decimal"), Field("learned", "Contraction", "decimal"),
        Field("verdict", "What the series do"), Field("unit", ""), Field("quantity", ""),
    )  # fmt: skip
    caption = (
        f"Prior and posterior of every quantity, prior “{priors[0].name}”, {len(found.read)} counts. Shift: from prior "
        f"to posterior median, in standard deviations of the prior; from {MOVED:g} either way on it is called moved. "
        f"Contraction: the part of the prior variance that is gone; from {NARROWED:g} on it is called narrowed"
    )
    table = Sheet("joint", caption, Field("what", "Quantity"), fields, tuple(rows))
    share, missed = (_between(answer.posterior[name]) for name in ("patients.osseous", "underdiagnosis"))
    said = (
        f"{found.data()}, are read at once, each with how its patients were met and looked at; one true share, one "
        "symptomatic share and the sensitivity and specificity of each way to look stand behind all of them. "
        f"The true share among referred patients comes to {share}, and routine care "
        f"leaves {missed} of it off the record. The answer is a sample of weighted draws, worth "
        f"{answer.effective:.0f} independent ones.",
        *in_sentences(told),
    )
    sheets = (table, _leaning(answer), _by_prior(total, priors), _read_sheet(found.read, found.set_aside))
    return Section("joint", "All published series together", said, sheets, (_prior_chart(rows),)), total


LIMITS = "95 % limits of the count"


def _between(told: Summary) -> str:
    low, high = percent(float(told.low)).removesuffix(" %"), percent(float(told.high))
    return f"{percent(float(told.median))} ({low} to {high})"


def _prior_chart(rows: Sequence[Mapping[str, Any]]) -> Chart:
    shares = [row for row in rows if row["unit"] == "share" and "specificity" not in row["quantity"]]
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
    kept = sum(row["verdict"] == ONLY_PRIOR for row in shares)
    title = f"Of {len(shares)} shares the series move or narrow {len(shares) - kept}; {kept} stay as the prior has them"
    caption = (
        "Circles: prior median with its middle 95 %. Squares: posterior median with its middle 95 %. Moved: median "
        f"shifted by {MOVED:g} or more standard deviations of the prior; narrowed: {percent(NARROWED)} or more of the "
        "prior variance gone. Specificities stand in the table."
    )
    return Chart("prior_posterior", title, caption, "Share (%, square-root scale)", lines)


def _leaning(answer: Joint) -> Sheet:
    found = leaned(answer, "patients.osseous")
    rows = tuple(
        {"what": named(term_of(name)), "quantity": name, "lower": low, "upper": high, "apart": high - low}
        for name, (low, high) in sorted(found.items(), key=lambda one: -abs(one[1][1] - one[1][0]))
        if name != "patients.osseous"
    )
    fields = (
        Field("lower", "in its lower half", "share", "True share, were the quantity"),
        Field("upper", "in its upper half", "share", "True share, were the quantity"), Field("apart", ""),
        Field("quantity", ""),
    )  # fmt: skip
    caption = "What the true share leans on: its posterior median where one quantity lies in either half of its prior"
    return Sheet("leaning", caption, Field("what", "Quantity"), fields, rows)


def _by_prior(answers: Estimates, priors: Sequence[Prior]) -> Sheet:
    rows = []
    for prior in priors:
        for term in ("osseous", "underdiagnosis", "symptomatic", "pet_sensitivity"):
            row = answers.one(f"joint_synthesis-{prior.name}-series:{term}:all")
            rows.append(
                {"prior": f"Prior “{prior.name}”: {prior.label}", "what": named(term),
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
        {"finding": one.finding.id, "met": _level(one.met), "looked": _level(one.looked), "counts": _level(one.counts),
         "printed": f"{one.events}/{one.n}", "reason": ""}
        for one in read
    ] + [
        {"finding": id, "met": "", "looked": "", "counts": "", "printed": "", "reason": why}
        for id, why in aside
    ]  # fmt: skip
    fields = (
        Field("met", "Patients"), Field("looked", "Looked at"), Field("counts", "What is counted"),
        Field("printed", "Count"), Field("reason", "Why not read"),
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
            {"finding": one.finding.id, "counts": _level(one.counts), "printed": f"{one.events}/{one.n}", "mean": mean,
             "low": low, "high": high, "inside": lies_inside, "events": one.events, "n": one.n,
             "unit": "people"}
        )  # fmt: skip
        share, nan = one.events / one.n, float("nan")
        marks = (Mark("printed", share, nan, nan), Mark("predicted", mean / one.n, low / one.n, high / one.n))
        what = f"{one.counts}, by {_level(one.looked)}" if one.counts == "osseous disease" else _level(one.counts)
        lines.append(Line(capital(what), one.finding.id, marks, f"{one.events}/{one.n}; {low} to {high} predicted"))
    inside = sum(row["inside"] is True for row in rows)
    fields = (
        Field("counts", "What is counted"), Field("printed", "Printed"), Field("mean", "Expected", "unit"),
        Field("low", "from", "whole", LIMITS), Field("high", "to", "whole", LIMITS),
        Field("inside", "Inside", "yes"), Field("events", ""), Field("n", ""),
        Field("unit", ""),
    )  # fmt: skip
    caption = "Each series predicted from all the others"
    sheet = Sheet("joint_left_out", caption, Field("finding", "Series left out", "finding"), fields, tuple(rows))
    said = (
        f"Each series is left out in turn, everything is fitted to the others, and the one left out predicted: "
        f"{inside} of {len(rows)} counts lie between their limits. These are wide: with few series of a kind the model "
        "says little of a further one, and to lie inside is a weak test.",
        _nearest(rows),
    )
    chart = Chart(
        "joint_left_out", f"{inside} of {len(rows)} counts lie where the others put them",
        "Circles: printed. Squares: expected from the others, with 95 % limits of the count; as shares of the patients "
        "counted.", "Share (%, square-root scale)",
        tuple(lines),
    )  # fmt: skip
    return Section("joint_left_out", "Leave one series out of the synthesis", said, (sheet,), (chart,))


def _nearest(rows: Sequence[Mapping[str, Any]]) -> str:
    """The count that lies worst between its limits, or farthest outside, against their distance."""

    def spare(row: Mapping[str, Any]) -> float:
        return float(min(row["events"] - row["low"], row["high"] - row["events"]) / (row["high"] - row["low"]))

    worst = min(rows, key=spare)
    lies = "inside" if worst["inside"] else "outside"
    return (
        f"Closest to a limit, or farthest beyond one, is {worst['finding']}: {worst['printed']} are printed where the "
        f"others expect {worst['mean']:.0f} and allow {worst['low']} to {worst['high']}, so it lies {lies}."
    )


def _level(name: str) -> str:
    return LEVELS.get(name, name)


def looking_section(priors: Sequence[Prior]) -> tuple[Section, Estimates]:
    """How much of the spread between series is the looking."""
    found = gathered()
    total, bars, rows = Estimates((), ()), [], []
    for prior in priors:
        data = found.data(symptoms=False)
        total += ask([modality_prevalence], found.strata(), data=data, question="joint", belief=prior, of="series")
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
            {"prior": f"Prior “{prior.name}”", "what": _of_looking(row.term), "value": row.estimate, "term": row.term,
             "low": row.conf_low, "high": row.conf_high, "note": row.note, "unit": "" if "tau" in row.term else "share"}
            for row in total.of(run).rows
        ]  # fmt: skip
    first = total.one(f"modality_prevalence-{priors[0].name}-series:looking:all")
    between = f"{percent(first.conf_low).removesuffix(' %')} to {percent(first.conf_high)}"
    shares = [one.events / one.n for one in found.read if one.counts == "osseous disease"]
    fields = (
        Field("value", "Estimate", "unit"), Field("low", "from", "unit", "95 % limits"),
        Field("high", "to", "unit", "95 % limits"), Field("note", "Note"), Field("unit", ""),
        Field("term", ""),
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
        "looking", f"The looking makes {percent(first.estimate)} of the spread between series, with limits {between}",
        f"The title is of the prior “{priors[0].name}”. Parts of the variance of the logit of the share on record, "
        "each series counting once; at the end of each row the 95 % limits of the part of the looking.",
        Axis("Part of the spread (%)", share=True), tuple(bars),
    )  # fmt: skip
    said = (
        f"The published shares read here run from {percent(min(shares))} to {percent(max(shares))}. Series differ in "
        "how they looked and in whom they met. With the sensitivity of each way to look believed as the priors say, "
        "and true shares taken to have nothing to do with it, the spread comes apart into the two. That the ill are "
        "sent to PET is read as looking, so the part of the looking is rather too high.",
    )
    return Section("looking", "How much of the spread is the looking", said, (sheet,), (figure,)), total


def _of_looking(term: str) -> str:
    """A term of the modality model in words."""
    return "Typical true share" if term == "osseous" else label(term)
