"""The same models corrected for error of the record: recorded beside corrected ratios, and the truth beside both."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import NamedTuple

import numpy as np

from sarcoid_epi import strata
from sarcoid_epi.cohort import Cohort
from sarcoid_epi.estimators import ask
from sarcoid_epi.estimators.association import adjusted
from sarcoid_epi.estimators.misclassified import misclassification_corrected
from sarcoid_epi.measures import MEASURES, split
from sarcoid_epi.report.content import Chart, Field, Line, Mark, Section, Sheet
from sarcoid_epi.report.plots import Axis
from sarcoid_epi.results import Estimate, Estimates
from sarcoid_epi.scenario import Belief, Model, load_belief
from sarcoid_epi.scenario.belief import Exposed
from sarcoid_epi.scenario.parameter import Assumed, Parameter
from sarcoid_epi.vocabulary import label

BELIEFS = ("clinical", "vague")

#: The exposure that is believed to be looked at less, and how much less.
LESS, HALF = "lofgren_broad", 0.5
_LESS = "_less"

RECORDED, CORRECTED, TRUE = "on record", "corrected", "the disease itself"


class _Told(NamedTuple):
    """A ratio of a model: which of the three it is, how it came about, its row, that of the belief's doubt alone."""

    model: Model
    series: str
    how: str
    short: str
    row: Estimate
    alone: Estimate | None = None


def corrected_section(cohort: Cohort, data: str, models: Sequence[Model]) -> tuple[Section, Estimates]:
    """The section, and its answers, of those models whose outcome is the record of bone disease."""
    told, answers = [], Estimates((), ())
    patients = strata.whole(cohort.patients)
    itself = strata.whole(cohort.patients.assign(osseous_recorded=cohort.truth["osseous"].to_numpy()))
    for model in (one for one in models if one.outcome == "osseous_recorded"):
        found = [(belief, ask([misclassification_corrected], patients, data=data, belief=belief, models=[model]))
                 for belief in _beliefs(model)]  # fmt: skip
        words = f"{model.label}: the disease itself in place of its record"
        known = model.model_copy(update={"name": f"{model.name}_itself", "label": words})
        truth = ask([adjusted], itself, data=f"{data}, with the disease itself in place of its record", models=[known])
        for answer in (*(each for _, each in found), truth):
            answers += answer
        told += _of_model(model, found, truth)
    return Section("corrected", "What error of the record does to a ratio", _said(told), (_sheet(told, answers),),
                   _charts(told)), answers  # fmt: skip


def _beliefs(model: Model) -> list[Belief]:
    """The shipped beliefs about records; of an exposure that is looked at less also one that says so."""
    found = [load_belief(name) for name in BELIEFS]
    if LESS not in model.exposures:
        return found
    why = "patients with Löfgren syndrome do well and are looked at less; how much less nobody knows"
    odds = [Parameter(value=value, basis=Assumed(reason=why)) for value in (HALF, 1.0)]
    less = {"name": f"{BELIEFS[0]}{_LESS}", "label": f"{found[0].label}, and half the odds with Löfgren syndrome",
            "exposed": Exposed(detected=odds[0], mistaken=odds[1])}  # fmt: skip
    return [*found, found[0].model_copy(update=less)]


def _of_model(model: Model, found: Sequence[tuple[Belief, Estimates]], truth: Estimates) -> list[_Told]:
    """Every ratio that is compared: on record, corrected under each belief, and of the disease itself."""
    told = []
    for row in truth.rows:
        if row.note.startswith("reference"):
            continue
        of = split(row.term)[1]
        by_term = [(belief, {one.term: one for one in answer.rows}) for belief, answer in found]
        told.append(_Told(model, RECORDED, "as it is on record", RECORDED, by_term[0][1][f"recorded_ratio[{of}]"]))
        told += [
            _Told(model, CORRECTED, *_words(belief), rows[row.term], rows[f"systematic_ratio[{of}]"])
            for belief, rows in by_term
        ]
        told.append(_Told(model, TRUE, "of the disease itself, which only a synthetic cohort knows", TRUE, row))
    return told


def _words(belief: Belief) -> tuple[str, str]:
    """How a ratio came about, and in few words: the belief, and whether it says that the exposed are looked at less."""
    name = belief.name.removesuffix(_LESS)
    how, short = f"corrected, belief “{name}”", f"belief “{name}”"
    if name == belief.name:
        return how, short
    return f"{how}, half the odds of a record with the exposure", f"{short}, half the odds"


def _width(row: Estimate) -> float:
    return log(row.conf_high / row.conf_low)


def _pairs(told: Sequence[_Told]) -> list[tuple[Estimate, Estimate, Estimate]]:
    """Each corrected ratio that there is, with the one on record and that of the disease itself."""
    found, recorded = [], None
    for at, one in enumerate(told):
        if one.series == RECORDED:
            recorded = one.row
            true = next(other.row for other in told[at:] if other.series == TRUE)
        elif (
            one.series == CORRECTED
            and recorded is not None
            and not np.isnan([one.row.estimate, recorded.estimate]).any()
        ):
            found.append((one.row, recorded, true))
    return found


def _said(told: Sequence[_Told]) -> tuple[str, ...]:
    pairs = _pairs(told)
    said = [
        "So far the outcome was what stands on record, and records miss most of bone disease. If they miss as much "
        "in whoever is exposed as in others, and are hardly ever wrong otherwise, a ratio suffers little, but its "
        "limits, which know of chance alone, are too narrow. False records draw it towards 1. If the exposed are "
        "looked at less, it is too low however many patients there are.",
        "Here sensitivity and specificity of the record are drawn from a belief, 1024 times. Each time every patient "
        "is given the disease or not, by what the model, the draw and the record say of such a patient; the model is "
        "fitted to that, with its chance. Limits are for all of it; those in the table's last columns hold the doubt "
        "of the belief alone.",
    ]
    if pairs:
        nearer = sum(_away(new, true) < _away(old, true) for new, old, true in pairs)
        said.append(
            "Since these patients are synthetic, the ratio of the disease itself is known. Of "
            f"{len(pairs)} corrected ratios {nearer} lie nearer to it than those on record, and the limits of "
            f"{_holding(pairs)} hold it. A belief about detection in all patients alike cannot mend what differs "
            "between them: say so in the section [exposed] of a belief, if you know it."
        )
    return tuple(said)


def _away(one: Estimate, true: Estimate) -> float:
    return abs(log(one.estimate / true.estimate))


def _holding(pairs: Sequence[tuple[Estimate, Estimate, Estimate]]) -> int:
    return sum(new.conf_low <= true.estimate <= new.conf_high for new, _, true in pairs)


def _sheet(told: Sequence[_Told], answers: Estimates) -> Sheet:
    left_out = {row.run: row.estimate for row in answers.rows if row.term.startswith("impossible[")}
    records = [
        {
            "model": f"{one.model.label}: {label(split(one.row.term)[1]).partition(' (')[0]} "
            f"({MEASURES[one.model.measure].label.lower()})",
            "how": one.how[:1].upper() + one.how[1:], "ratio": one.row.estimate,
            "low": one.row.conf_low, "high": one.row.conf_high,
            "alone_low": one.alone.conf_low if one.alone else np.nan,
            "alone_high": one.alone.conf_high if one.alone else np.nan,
            "left_out": left_out.get(one.row.run, np.nan) if one.series == CORRECTED else np.nan,
            "note": one.row.note, "id": one.row.id,
        }
        for one in told
    ]  # fmt: skip
    fields = (
        Field("ratio", "Ratio", "number"), Field("low", "from", "number", "95 % limits"),
        Field("high", "to", "number", "95 % limits"),
        Field("alone_low", "from", "number", "doubt of the belief alone"),
        Field("alone_high", "to", "number", "doubt of the belief alone"),
        Field("left_out", "Draws left out", "share"), Field("note", "Note"), Field("id", ""),
    )  # fmt: skip
    caption = "Adjusted ratios by the record, corrected for its error under each belief, and of the disease itself"
    return Sheet("corrected", caption, Field("how", "Outcome"), fields, tuple(records), "model")


def _charts(told: Sequence[_Told]) -> tuple[Chart, ...]:
    lines = tuple(
        Line(
            f"{label(split(one.row.term)[1]).partition(' (')[0]}: {one.short}",
            one.row.id,
            (Mark(one.series, one.row.estimate, one.row.conf_low, one.row.conf_high),),
            f"{one.row.estimate:.2f}",
        )
        for one in told
        if not np.isnan([one.row.estimate, one.row.conf_low, one.row.conf_high]).any()
    )
    if not lines:
        return ()
    caption = (
        "Dots: adjusted odds ratio with its 95 % limits; the number at the end is the ratio. Half the odds: true cases "
        "with the exposure are so much less on record."
    )
    axis = Axis("Odds ratio (log scale)", scale="log")
    return (Chart("corrected", _title(told), caption, axis, lines, null=1.0),)


def _title(told: Sequence[_Told]) -> str:
    """How much wider limits get, and what the same doubt does where the exposed are looked at less."""
    pairs = _pairs(told)
    if not pairs:
        return "No belief fits these records: there is nothing to correct by"
    wider = [_width(new) / _width(old) for new, old, _ in pairs]
    least, most = (f"{end(wider):.1f}" for end in (min, max))
    span = f"{most} times" if least == most else f"{least} to {most} times"
    title = f"Corrected, limits are {span} as wide"
    by_run = {new.run.partition("-")[2]: new.estimate for new, _, _ in pairs}
    plain = {run: by_run.get(run.replace(f"{_LESS}-", "-")) for run in by_run if f"{_LESS}-" in run}
    moved = [(old, by_run[run]) for run, old in plain.items() if old is not None]
    return title + "".join(f"; detected with half the odds, a ratio of {old:.2f} is {new:.2f}" for old, new in moved)
