"""What one record leaves open: under each belief, under every truth, and by which belief it is driven."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.estimators.believing import STEPS, detected, weighed
from sarcoid_epi.estimators.cascade import LOST
from sarcoid_epi.estimators.many_truths import EVENTS, N, knows_only_records, many_truths, passes
from sarcoid_epi.estimators.support import for_contrast
from sarcoid_epi.evidence import finding
from sarcoid_epi.report.content import Field, Section, Sheet
from sarcoid_epi.report.plots import Axis, Bar, Bars, Curve, Curves, Point, Rule, Surface, Swing, Tornado
from sarcoid_epi.results import Estimates, percent
from sarcoid_epi.scenario import Belief
from sarcoid_epi.stats.cascade import truth_behind
from sarcoid_epi.stats.misclassification import rogan_gladen
from sarcoid_epi.stats.sensitivity import sobol_indices, tornado

#: The record that stands for any: patients of four hospitals, by biopsy or imaging.
RECORD = "glanowski2018.osseous"

#: Records whose curves are drawn: of new patients, of a referral hospital, of PET.
CURVES = ("baughman2001.osseous", RECORD, "mostard2012.osseous_focal")

PARTS = ("on record", "never imaged, with symptoms", "never imaged, silent", "imaged, not seen", "seen, not written")

Floats = NDArray[np.float64]


def belief_section(answers: Estimates, beliefs: Sequence[Belief]) -> Section:
    """What each belief makes of the record: the cascade, the bounds, and the curve of the true share."""
    said = (
        f"{EVENTS} of {N} patients of four referral hospitals are on record with osseous sarcoidosis. The record alone "
        "does not say how many have it: the true share follows from what is believed of detection. "
        + for_contrast("pet"),
        "Bars: what becomes of the true cases on their way to the record (posterior means). How they are lost comes "
        "from the belief alone.",
    )
    return Section(
        "beliefs", "From the record to the undetected, belief by belief", said, (_believed_sheet(answers, beliefs),),
        (_cascade_bars(answers, beliefs), _curve(beliefs)),
    )  # fmt: skip


def _cascade_bars(answers: Estimates, beliefs: Sequence[Belief]) -> Bars:
    bars = []
    for belief in beliefs:
        run = f"detection_cascade-{belief.name}-record"
        lost = [answers.one(f"{run}:{part}:all").estimate for part in LOST]
        share = answers.one(f"{run}:osseous:all")
        parts = tuple(zip(PARTS, (1 - sum(lost), *lost), strict=True))
        bars.append(
            Bar(f"Belief “{belief.name}”", f"{run}:osseous:all", parts, f"true share {percent(share.estimate)}")
        )
    first, last = (percent(bar.parts[0][1]) for bar in (bars[0], bars[-1]))
    title = f"Of the true cases {first} reach the record under “{beliefs[0].name}”, {last} under “{beliefs[-1].name}”"
    return Bars("cascade", title, "Shares of the true cases.", Axis("True cases (%)", share=True), tuple(bars))


def _curve(beliefs: Sequence[Belief]) -> Curves:
    grid = np.geomspace(0.02, 1.0, 80)
    curves = []
    for name in CURVES:
        one = finding(name)
        share = rogan_gladen((one.events or 0) / (one.n or 1), grid, 1.0)
        label = f"{one.events}/{one.n} {name.partition('.')[0]}"
        curves.append(Curve(label, tuple(grid), tuple(np.where(share <= 1, share, np.nan))))
    rules = tuple(Rule(b.sensitivity.value.value, b.name) for b in beliefs)
    caption = (
        "True share behind three records for every sensitivity, specificity being perfect; less of it lowers the "
        "curves. Vertical lines: the sensitivity that each belief holds most likely."
    )
    title = "Halve the sensitivity, and the true share doubles"
    x, y = (
        Axis("Sensitivity of the record (%)", share=True, scale="log"),
        Axis("True share (%)", share=True, scale="log"),
    )
    return Curves("curve", title, caption, x, y, tuple(curves), rules=rules)


#: Estimators and terms of the table of beliefs.
SHOWN = (
    ("corrected_prevalence", "osseous", "Rogan-Gladen, limits of a belief"),
    ("believed_prevalence", "osseous", "Bayes, exact"),
    ("bias_analysed_prevalence", "osseous", "probabilistic bias analysis"),
    ("detection_cascade", "osseous", "detection cascade"),
    ("possible_prevalence", "osseous_least", "bounds: at least"),
    ("possible_prevalence", "osseous_most", "bounds: at most"),
    ("believed_prevalence", "underdiagnosis", "underdiagnosis, Bayes"),
    ("detection_cascade", "underdiagnosis", "underdiagnosis, cascade"),
    ("detection_cascade", "missed", "missed, of all patients"),
    ("tipping_detection", "tipping_10", "sensitivity at which the true share is 10 %"),
)


def _believed_sheet(answers: Estimates, beliefs: Sequence[Belief]) -> Sheet:
    records = []
    for belief in beliefs:
        for name, term, what in SHOWN:
            row = answers.one(f"{name}-{belief.name}-record:{term}:all")
            records.append(
                {
                    "belief": f"Belief “{belief.name}”: {belief.label}", "what": what, "value": row.estimate,
                    "low": row.conf_low, "high": row.conf_high, "note": row.note, "id": row.id,
                }
            )  # fmt: skip
    fields = (
        Field("value", "Estimate", "share"), Field("low", "from", "share", "95 % limits"),
        Field("high", "to", "share", "95 % limits"), Field("note", "Note"), Field("id", ""),
    )  # fmt: skip
    caption = f"{EVENTS} of {N} on record: what each method makes of it under each belief"
    return Sheet("beliefs", caption, Field("what", "Method"), fields, tuple(records), "belief")


def truths_section(beliefs: Sequence[Belief]) -> Section:
    """Many truths, one data set; and which estimators leave room for all of them."""
    truths = many_truths()
    rows = tuple(
        dict(zip(("osseous", "record_true", "underdiagnosis", "symptomatic", "detected_silent"), values, strict=True))
        | {"what": f"truth {number}"}
        for number, values in enumerate(zip(*map(np.ndarray.tolist, truths), strict=True), 1)
    )
    fields = (
        Field("osseous", "True share", "share"), Field("record_true", "Records that are true", "share"),
        Field("underdiagnosis", "Underdiagnosis", "share"), Field("symptomatic", "With symptoms", "share"),
        Field("detected_silent", "Silent cases detected", "share"),
    )  # fmt: skip
    caption = f"Truths that all leave {EVENTS} of {N} on record, 53 % of them with symptoms"
    sheet = Sheet("many_truths", caption, Field("what", ""), fields, rows)
    low, high = (percent(float(pick(truths.underdiagnosis))) for pick in (np.min, np.max))
    tested = tuple(e for e in CATALOGUE if knows_only_records(e))
    vague = next(b for b in beliefs if b.name == "vague")
    tests = tuple({"what": e.label, "rests": e.rests, "room": passes(e, vague)} for e in tested)
    kept = sum(bool(test["room"]) for test in tests)
    room = Sheet(
        "room", "Who knows only the record, and believes hardly anything, must leave room for every truth",
        Field("what", "Method, under the belief “vague”"),
        (Field("rests", "Rests on"), Field("room", "Leaves room for all", "yes")), tests,
    )  # fmt: skip
    said = (
        f"Each row of the table gives exactly the same data: {EVENTS} of {N} on record, 53 % with symptoms. Among them "
        f"underdiagnosis runs from {low} to {high}. No analysis of these data can tell one row from another; only a "
        "verified sample, a second look or a belief can.",
        f"A built-in test holds every method to it that needs nothing but the record: under a belief that says hardly "
        f"anything its limits must hold every truth. {kept} of {len(tests)} do; a method that gave a tight answer from "
        "the record alone would fail the build.",
    )
    return Section("many_truths", "Many truths, one data set", said, (sheet, room), (_truths_figure(),))


def _truths_figure() -> Curves:
    truths, grid = many_truths(), np.linspace(0.03, 0.3, 109)
    curves = []
    for predictive in (1.0, 0.68):
        missed = truth_behind(EVENTS / N, 0.53, grid, predictive, 0.6).underdiagnosis
        curves.append(Curve(f"{100 * predictive:.0f} % of records true", tuple(grid), tuple(missed)))
    points = tuple(
        Point(float(share), float(missed), percent(float(missed)))
        for share, missed in zip(truths.osseous, truths.underdiagnosis, strict=True)
    )
    caption = "Every point of either line leaves the same record. Dots: the rows of the table."
    x, y = Axis("True share (%)", share=True), Axis("Underdiagnosis (%)", share=True)
    title = "The same record fits any underdiagnosis from two fifths to nine tenths"
    return Curves("many_truths", title, caption, x, y, tuple(curves), points)


#: What drives the answer: the steps of the cascade, the specificity, and chance in the record.
INPUTS = (*STEPS, "specificity", "chance in the record")


def sensitivity_section(belief: Belief) -> Section:
    """Which belief drives the true share: tornado, Sobol indices, and the tipping surface."""
    share = _share(belief)
    ends = np.full(len(INPUTS), 0.025), np.full(len(INPUTS), 0.5), np.full(len(INPUTS), 0.975)
    moved = tornado(share, *ends)
    order = list(moved.order)
    swings = tuple(
        Swing(INPUTS[k].capitalize(), "", "2.5 %", "97.5 %", float(moved.at_low[k]), float(moved.at_high[k]))
        for k in order
    )
    storm = Tornado(
        "tornado", f"{INPUTS[order[0]].capitalize()} moves the true share most, one input at a time",
        f"True share behind {EVENTS} of {N} as one input goes from the 2.5 % to the 97.5 % point of what the belief "
        f"“{belief.name}” holds of it, all others at their medians.",
        Axis("True share (%)", share=True), float(moved.base), swings,
    )  # fmt: skip
    indices = sobol_indices(share, [_itself] * len(INPUTS), 512)
    rows = tuple(
        {"what": INPUTS[k].capitalize(), "first": indices.first[k], "first_error": indices.first_error[k],
         "total": indices.total[k], "total_error": indices.total_error[k],
         "beyond": indices.total[k] - indices.first[k], "at_low": moved.at_low[k],
         "at_high": moved.at_high[k]}
        for k in order
    )  # fmt: skip
    fields = (
        Field("first", "First-order index", "share"), Field("first_error", "Standard error", "share"),
        Field("total", "Total index", "share"), Field("total_error", "Standard error", "share"),
        Field("at_low", "at 2.5 %", "share", "True share"), Field("at_high", "at 97.5 %", "share", "True share"),
        Field("beyond", ""),
    )  # fmt: skip
    caption = f"What drives the true share behind {EVENTS} of {N}, under the belief “{belief.name}”"
    sheet = Sheet("sobol", caption, Field("what", "Input"), fields, rows)
    bars = Bars(
        "sobol", f"{indices.first.sum():.0%} of the doubt goes back to single inputs".replace("%", " %"),
        "First-order index: part of the variance of the true share that would go, were the input known. The rest of "
        "the total index is what the input does together with others.",
        Axis("Part of the variance (%)", share=True),
        tuple(
            Bar(str(row["what"]), "", (("alone", max(row["first"], 0)), ("with others", max(row["beyond"], 0))))
            for row in rows
        ),
    )  # fmt: skip
    said = (
        "Both look at the same function: the steps of the cascade give the sensitivity, the sensitivity and the "
        "specificity the true share. The tornado moves one input at a time; the indices share out the variance, and "
        "see inputs that act together.",
        "The tipping surface turns the question round: which sensitivity and specificity would one have to believe in "
        "for a certain true share? Below its lower edge the record holds nothing but false positives.",
    )
    return Section("sensitivity", "Which belief drives the answer", said, (sheet,), (storm, bars, _surface()))


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


def _surface() -> Surface:
    sensitivity, specificity = np.linspace(0.05, 1.0, 90), np.linspace(0.965, 1.0, 90)
    share = np.asarray(rogan_gladen(EVENTS / N, sensitivity, specificity[:, None]))
    shown = np.where((share >= 0) & (share <= 0.6), share, np.nan)
    return Surface(
        "tipping", f"At {EVENTS} of {N} on record, 10 % is true where records find a quarter and err in one of 400",
        "True share for every sensitivity and specificity of the record. Hatched: a share below 0 or above 60 %.",
        Axis("Sensitivity of the record (%)", share=True), Axis("Specificity of the record (%)", share=True),
        Axis("True share (%)", share=True), tuple(sensitivity), tuple(specificity),
        tuple(tuple(row) for row in shown), levels=(0.02, 0.03, 0.05, 0.1, 0.2, 0.4),
    )  # fmt: skip
