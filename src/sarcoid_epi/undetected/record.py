"""What one record leaves open: under each belief, under every truth, and by which belief it is driven."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.estimators.believing import STEPS, detected, weighed
from sarcoid_epi.estimators.cascade import LOST
from sarcoid_epi.estimators.many_truths import DETECTED, EVENTS, SYMPTOMATIC, N, knows_only_records, many_truths, passes
from sarcoid_epi.evidence import Finding, finding
from sarcoid_epi.report.content import Field, Plot, Section, Sheet
from sarcoid_epi.report.plots import Axis, Bar, Bars, Curve, Curves, Point, Rule, Surface, Swing, Tornado
from sarcoid_epi.results import Estimates, percent
from sarcoid_epi.scenario import Belief
from sarcoid_epi.stats.cascade import truth_behind
from sarcoid_epi.stats.misclassification import rogan_gladen
from sarcoid_epi.stats.sensitivity import sobol_indices, tornado
from sarcoid_epi.stats.tipping import tipping_sensitivity

#: The record that stands for any of routine care, of four referral hospitals; and the PET series that beliefs about
#: PET are put to.
RECORD, SCANNED = "glanowski2018.osseous", "mostard2012.osseous_focal"

#: Records whose curves are drawn, and what the curve is called.
CURVES = {"baughman2001.osseous": "new patients", RECORD: "referred", SCANNED: "on PET"}

PARTS = (
    "on record", "never imaged, bone symptoms", "never imaged, no symptoms", "imaged, not seen",
    "seen, not written down",
)  # fmt: skip

Floats = NDArray[np.float64]


def record_for(belief: Belief) -> Finding:
    """The published record that a belief speaks of."""
    return finding(SCANNED if belief.about == "pet" else RECORD)


def kind(belief: Belief) -> str:
    """How runs on that record are named."""
    return "scanned" if belief.about == "pet" else "record"


def _on(belief: Belief) -> str:
    one = record_for(belief)
    return f"{one.events} of {one.n} on {'PET' if belief.about == 'pet' else 'record'}"


def belief_section(answers: Estimates, beliefs: Sequence[Belief]) -> Section:
    """What each belief makes of the record: the cascade, the bounds, and the curve of the true share."""
    scanned = finding(SCANNED)
    said = (
        f"{EVENTS} of {N} patients of four referral hospitals are on record with osseous sarcoidosis. The record alone "
        "does not say how many have it: the true share follows from what is believed of detection. Beliefs about PET "
        f"do not speak of such a record; they are put to a PET series of severe patients, {scanned.events} of "
        f"{scanned.n}, and their true share is that of patients like those. The two kinds do not compare.",
        "The bars show what becomes of the true cases on their way to the record. How they are lost comes from the "
        "belief alone: one count cannot tell one step from another.",
    )
    return Section(
        "beliefs", "From the record to the undetected, belief by belief", said, (_believed_sheet(answers, beliefs),),
        (_cascade_bars(answers, beliefs), _curve(beliefs)),
    )  # fmt: skip


def _cascade_bars(answers: Estimates, beliefs: Sequence[Belief]) -> Bars:
    bars, reached = [], []
    for belief in beliefs:
        run = f"detection_cascade-{belief.name}-{kind(belief)}"
        lost = [answers.one(f"{run}:{part}:all").estimate for part in LOST]
        reached.append(percent(1 - sum(lost)))
        share = answers.one(f"{run}:osseous:all")
        parts = tuple(zip(PARTS, (1 - sum(lost), *lost), strict=True))
        bars.append(
            Bar(
                f"Belief “{belief.name}”, {_on(belief)}", f"{run}:osseous:all", parts,
                f"true share {percent(share.estimate)}",
            )
        )  # fmt: skip
    of_care = [f"{share} under “{b.name}”" for b, share in zip(beliefs, reached, strict=True) if b.about != "pet"]
    caption = (
        "Shares of the true cases, posterior means, which add up to the whole; the table gives posterior medians. "
        "Symptoms are those of the bone disease itself. Of a PET series “on record” is what was read on the "
        "scan, and nobody goes without one. At the end of a row: the posterior median of the true share."
    )
    title = (
        f"By belief, not by count: of the true cases in referral hospitals {' and '.join(of_care)} reach the record on "
        "average"
    )
    return Bars("cascade", title, caption, Axis("True cases (%)", share=True), tuple(bars))


def _curve(beliefs: Sequence[Belief]) -> Curves:
    grid = np.geomspace(0.02, 1.0, 80)
    curves = []
    for name, what in CURVES.items():
        one = finding(name)
        share = rogan_gladen((one.events or 0) / (one.n or 1), grid, 1.0)
        curves.append(Curve(f"{one.events}/{one.n} {what}", tuple(grid), tuple(np.where(share <= 1, share, np.nan))))
    rules = tuple(Rule(b.sensitivity.value.value, b.name) for b in beliefs)
    new, referred, scanned = (name.partition(".")[0] for name in CURVES)
    caption = (
        f"True share behind three records, of new patients ({new}), of referral hospitals ({referred}) and of a PET "
        f"series ({scanned}), for every sensitivity at perfect specificity; a lower specificity lowers the curves. "
        "Vertical lines: the sensitivity that each belief holds most likely; those about PET concern the PET series "
        "alone. Both scales are logarithmic."
    )
    title = "At perfect specificity, half the sensitivity means twice the true share"
    x, y = (
        Axis("Sensitivity of the record (%)", share=True, scale="log"),
        Axis("True share (%)", share=True, scale="log"),
    )
    return Curves("curve", title, caption, x, y, tuple(curves), rules=rules)


#: Estimators and terms of the table of beliefs.
SHOWN = (
    ("corrected_prevalence", "osseous", "True share, Rogan-Gladen with the limits of the belief"),
    ("believed_prevalence", "osseous", "True share, exact Bayes"),
    ("bias_analysed_prevalence", "osseous", "True share, probabilistic bias analysis"),
    ("detection_cascade", "osseous", "True share, detection cascade"),
    ("possible_prevalence", "osseous_least", "True share at least, whatever in the believed ranges"),
    ("possible_prevalence", "osseous_most", "True share at most, whatever in the believed ranges"),
    ("believed_prevalence", "underdiagnosis", "Underdiagnosis, exact Bayes"),
    ("detection_cascade", "underdiagnosis", "Underdiagnosis, detection cascade"),
    ("detection_cascade", "missed", "Cases not on record, of all patients, detection cascade"),
    ("tipping_detection", "tipping_10", "Sensitivity at which 10 % would have it, likeliest specificity"),
)

#: How a note begins that stands beside both bounds, but concerns the other one.
OTHER_BOUND = {"osseous_least": ("upper bound",), "osseous_most": ("lower bound",)}


def _believed_sheet(answers: Estimates, beliefs: Sequence[Belief]) -> Sheet:
    records = []
    for belief in beliefs:
        for name, term, what in SHOWN:
            row = answers.one(f"{name}-{belief.name}-{kind(belief)}:{term}:all")
            records.append(
                {
                    "belief": f"Belief “{belief.name}”, {_on(belief)}: {belief.label}", "what": what,
                    "value": row.estimate, "low": row.conf_low, "high": row.conf_high, "id": row.id,
                    "note": "" if row.note.startswith(OTHER_BOUND.get(term, ("no note",))) else row.note,
                }
            )  # fmt: skip
    fields = (
        Field("value", "Estimate", "share"), Field("low", "from", "share", "95 % limits"),
        Field("high", "to", "share", "95 % limits"), Field("note", "Note"), Field("id", ""),
    )  # fmt: skip
    caption = "What each method makes of the record that a belief speaks of"
    return Sheet("beliefs", caption, Field("what", "Quantity and method"), fields, tuple(records), "belief")


def truths_section(beliefs: Sequence[Belief]) -> Section:
    """Many truths, one data set; and which estimators leave room for all of them."""
    truths = many_truths()
    rows = tuple(
        dict(zip(("osseous", "record_true", "underdiagnosis", "symptomatic", "detected_silent"), values, strict=True))
        | {"what": f"Truth {number}"}
        for number, values in enumerate(zip(*map(np.ndarray.tolist, truths), strict=True), 1)
    )
    fields = (
        Field("osseous", "True share", "share"), Field("record_true", "Records that are true", "share"),
        Field("underdiagnosis", "Underdiagnosis", "share"),
        Field("symptomatic", "True cases with bone symptoms", "share"),
        Field("detected_silent", "Cases without symptoms detected", "share"),
    )  # fmt: skip
    hurting = f"{100 * SYMPTOMATIC:.0f} % of them with bone symptoms (true and false records alike)"
    caption = f"Truths that all leave {EVENTS} of {N} on record, {hurting}"
    sheet = Sheet("many_truths", caption, Field("what", ""), fields, rows)
    low, high = (percent(float(pick(truths.underdiagnosis))) for pick in (np.min, np.max))
    tested = tuple(e for e in CATALOGUE if knows_only_records(e))
    vague, clinical = (next(b for b in beliefs if b.name == name) for name in ("vague", "clinical"))
    tests = tuple(
        {"what": e.label, "rests": e.rests, "room": passes(e, vague), "sure": passes(e, clinical)} for e in tested
    )
    kept = sum(bool(test["room"]) for test in tests)
    sure = [str(test["what"]) for test in tests if test["sure"]]
    room = Sheet(
        "room", "Who knows only the record, and believes hardly anything, must leave room for every truth",
        Field("what", "Method"),
        (
            Field("rests", "Rests on"), Field("room", "under “vague”", "yes", "Leaves room for all"),
            Field("sure", "under “clinical”", "yes", "Leaves room for all"),
        ), tests,
    )  # fmt: skip
    said = (
        f"Each row of the table gives exactly the same data: {EVENTS} of {N} on record, {hurting}. Among the rows "
        f"underdiagnosis runs from {low} to {high}. In all of them a case with symptoms is detected with a chance of "
        f"{percent(DETECTED)}, an illustration; other chances would give further truths. No analysis of these data "
        "can tell one row from another; only a verified sample, a second look or a belief can.",
        "Every method that needs nothing but the record is put to a test: under a belief that says hardly anything "
        f"its limits must hold every truth. {kept} of {len(tests)} do under “vague”. One that gave a tight answer from "
        "the record alone would fail.",
        f"Under “clinical”, which believes more, it is {len(sure)} of {len(tests)}"
        + (f" ({'; '.join(sure)})" if sure else "")
        + ": what the others leave out, the belief excludes, not the record. What stands elsewhere on this page under "
        "“clinical” holds for those alone who share that belief.",
    )
    return Section("many_truths", "Many truths, one data set", said, (sheet, room), (_truths_figure(hurting),))


def _truths_figure(hurting: str) -> Curves:
    truths, grid = many_truths(), np.linspace(0.02, 0.3, 113)
    curves = []
    for predictive in sorted(set(truths.record_true), reverse=True):
        missed = truth_behind(EVENTS / N, SYMPTOMATIC, grid, predictive, DETECTED).underdiagnosis
        curves.append(Curve(f"{100 * predictive:.0f} % of records true", tuple(grid), tuple(missed)))
    points = tuple(
        Point(float(share), float(missed), percent(float(missed)))
        for share, missed in zip(truths.osseous, truths.underdiagnosis, strict=True)
    )
    caption = (
        f"Every point of either line leaves the same record: {EVENTS} of {N}, {hurting}. Diamonds: the truths of the "
        "table. Where a line begins, every case without symptoms would have to be detected."
    )
    x, y = Axis("True share (%)", share=True), Axis("Underdiagnosis (%)", share=True)
    (few, many), (low, high) = (
        (percent(float(part.min())).removesuffix(" %"), percent(float(part.max())))
        for part in (truths.osseous, truths.underdiagnosis)
    )
    title = f"One record fits true shares of {few} to {many}, with an underdiagnosis of {low} to {high}"
    return Curves("many_truths", title, caption, x, y, tuple(curves), points)


#: What drives the answer, in words: the steps of the cascade, the specificity, and chance in the count.
WORDS = {
    "symptomatic": "Share of true cases with bone symptoms",
    "phalangeal": "Share of true cases in hands and feet only",
    "imaged with symptoms": "Chance to be imaged, with bone symptoms",
    "imaged without": "Chance to be imaged, without bone symptoms",
    "seen": "Chance that a lesion is seen once imaged",
    "written": "Chance that a lesion seen is written down",
}
INPUTS = (*(WORDS[step] for step in STEPS), "Specificity of the record", "Chance in the count")


def sensitivity_section(answers: Estimates, belief: Belief) -> Section:
    """What drives the true share: tornado, Sobol indices, and the tipping surface."""
    share = _share(belief)
    ends = np.full(len(INPUTS), 0.025), np.full(len(INPUTS), 0.5), np.full(len(INPUTS), 0.975)
    moved = tornado(share, *ends)
    order = list(moved.order)
    swings = tuple(Swing(INPUTS[k], "", "low", "high", float(moved.at_low[k]), float(moved.at_high[k])) for k in order)
    every = np.concatenate([moved.at_low, moved.at_high])
    least, most = percent(float(np.nanmin(every))).removesuffix(" %"), percent(float(np.nanmax(every)))
    storm = Tornado(
        "tornado", f"Inputs moved one at a time carry the true share from {least} to {most}",
        f"True share behind {EVENTS} of {N} as one input goes from its low to its high end: the 2.5 % and the 97.5 % "
        f"point of what the belief “{belief.name}” holds of it. Middle: all inputs at their medians.",
        Axis("True share (%)", share=True), float(moved.base), swings,
    )  # fmt: skip
    indices = sobol_indices(share, [_itself] * len(INPUTS), 512)
    rows = tuple(
        {"what": INPUTS[k], "first": indices.first[k], "first_error": indices.first_error[k],
         "total": indices.total[k], "total_error": indices.total_error[k],
         "beyond": indices.total[k] - indices.first[k], "at_low": moved.at_low[k],
         "at_high": moved.at_high[k]}
        for k in order
    )  # fmt: skip
    fields = (
        Field("first", "First-order index", "share"), Field("first_error", "Standard error", "share"),
        Field("total", "Total index", "share"), Field("total_error", "Standard error", "share"),
        Field("at_low", "at the low end", "share", "True share"),
        Field("at_high", "at the high end", "share", "True share"),
        Field("beyond", ""),
    )  # fmt: skip
    caption = f"What drives the true share behind {EVENTS} of {N}, under the belief “{belief.name}”"
    sheet = Sheet("sobol", caption, Field("what", "Input"), fields, rows)
    bars = Bars(
        "sobol", f"Were one input known, at most {percent(float(indices.first.max()))} of the variance would go",
        "By itself: the first-order index, the part of the variance of the true share that would go, were the input "
        f"known; over all inputs these add up to {percent(float(indices.first.sum()))}. Only together: the rest of the "
        "total index, which several inputs share, so that it must not be added up.",
        Axis("Part of the variance (%)", share=True),
        tuple(
            Bar(
                str(row["what"]), "",
                (("by itself", max(row["first"], 0)), ("only together with others", max(row["beyond"], 0))),
            )
            for row in rows
        ),
    )  # fmt: skip
    charts: tuple[Plot, ...]
    said: tuple[str, ...]
    printed = percent(answers.one(f"detection_cascade-{belief.name}-record:osseous:all").estimate)
    said = (
        "Two figures look at the same function: the steps of the cascade give the sensitivity of the record; it, the "
        "specificity and the count give the true share. Chances of film, CT, MRI and PET move together. “Chance in the "
        f"count” is the doubt that {EVENTS} of {N} leave about the share on record. The tornado moves one input at a "
        "time; the indices share out the variance, and see inputs that act together.",
        f"The middle of the tornado, {percent(float(moved.base))}, is the true share with every input at its median. "
        f"The cascade printed {printed} above: that is the median of true shares with all inputs drawn at once, each "
        "draw weighed by how well it fits the record, and every true share as likely as any other beforehand. A share "
        "at the medians is not the median of shares.",
        "The tipping surface turns the question round: which sensitivity and specificity would one have to believe in "
        "for a certain true share?",
    )
    if missing := str(indices.note):
        said, charts = (*said, f"The variance cannot be shared out here: {missing}."), (storm, _surface(belief))
    else:
        charts = (storm, bars, _surface(belief))
    return Section("sensitivity", "What drives the answer: beliefs, and chance", said, (sheet,), charts)


def _itself(u: Floats) -> Floats:
    return u


def _share(belief: Belief) -> Callable[[Floats], Floats]:
    """The true share behind the record, from places (inputs, n) of what the belief leaves open."""
    assert belief.cascade is not None
    cascade = belief.cascade

    def share(places: Floats) -> Floats:
        found = detected(cascade, places[: len(STEPS)].T).recorded.sum(axis=-1)
        right = weighed(belief.specificity, places[-2])
        apparent = betaincinv(EVENTS + 0.5, N - EVENTS + 0.5, places[-1])
        return np.asarray(rogan_gladen(apparent, found, right))

    return share


def _surface(belief: Belief) -> Surface:
    sensitivity, specificity = np.linspace(0.05, 1.0, 90), np.linspace(0.965, 1.0, 90)
    share = np.asarray(rogan_gladen(EVENTS / N, sensitivity, specificity[:, None]))
    shown = np.where((share >= 0) & (share <= 1), share, np.nan)
    target, clears = 0.1, belief.specificity.value.value
    needed = float(tipping_sensitivity(EVENTS, N, target, clears).value)
    said = "fits no sensitivity" if np.isnan(needed) else f"needs a sensitivity of {percent(needed)}"
    return Surface(
        "tipping", f"At a specificity of {percent(clears)} a true share of {percent(target)} {said}",
        f"True share behind {EVENTS} of {N} for every sensitivity and specificity of the record. Hatched: false "
        f"positives alone would be more than are on record. {percent(clears)} is the specificity that the belief "
        f"“{belief.name}” holds most likely.",
        Axis("Sensitivity of the record (%)", share=True), Axis("Specificity of the record (%)", share=True),
        Axis("True share (%)", share=True), tuple(sensitivity), tuple(specificity),
        tuple(tuple(row) for row in shown), levels=(0.02, 0.03, 0.05, 0.1, 0.2, 0.4),
        gap="more false positives than records",
    )  # fmt: skip
