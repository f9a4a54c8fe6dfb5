"""Which of the methods the data support: what each needs, whether it is there, what it answers, what that rests on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from sarcoid_epi.estimators.asking import lacking
from sarcoid_epi.estimators.declare import NO_BELIEF, Estimator
from sarcoid_epi.results import UNITS, Estimate, Estimates, is_share, shown
from sarcoid_epi.scenario import Belief
from sarcoid_epi.strata import Strata
from sarcoid_epi.vocabulary import label

#: Terms that answer the question, where a method has several; of the others the first stands in the verdict.
HEADLINES = {
    "osseous": "true share",
    "osseous_least": "true share at least",
    "osseous_most": "at most",
    "underdiagnosis": "underdiagnosis",
    "met": "share that sources could hold",
    "odds_ratio_corrected": "odds ratio",
    "people_unrecorded": "unrecorded",
}


class Verdict(NamedTuple):
    """One method: its name, its needs, whether they are met (or what lacks), its answer, and what that rests on."""

    method: str
    needs: str
    has_it: str
    answer: str
    rests_on: str


def verdicts(
    catalogue: Iterable[Estimator], strata: Strata, belief: Belief | None, answers: Estimates, question: str
) -> tuple[Verdict, ...]:
    """The verdict on every method of a question, asked of the whole cohort; `answers` holds what they said."""
    asked = [e for e in catalogue if e.question == question and e.takes == "patients"]
    runs = {run.estimator: run.run for run in answers.runs}
    return tuple(_verdict(one, strata, belief, _rows(answers, runs.get(one.name))) for one in asked)


def _rows(answers: Estimates, run: str | None) -> tuple[Estimate, ...]:
    return tuple(row for row in answers.rows if row.run == run)


def _verdict(one: Estimator, strata: Strata, belief: Belief | None, rows: tuple[Estimate, ...]) -> Verdict:
    needs = ", ".join([*one.needs, *(["a belief: " + ", ".join(one.believes)] if one.believes else [])])
    lack = lacking(one, strata)
    if not lack and one.believes:
        lack = "no belief" if belief is None else next((_section(r.note) for r in rows if _unbelieved(r)), "")
    return Verdict(one.label, needs, lack or "yes", "" if lack else _answer(rows), one.rests)


def _unbelieved(row: Estimate) -> bool:
    return row.note.startswith(NO_BELIEF)


def _section(note: str) -> str:
    return f"no section {note.rpartition('section ')[2]} in the belief"


def _answer(rows: tuple[Estimate, ...]) -> str:
    """The headlines of a method, or why there are none."""
    told = [row for row in rows if row.term == "people_unrecorded"] or [row for row in rows if row.term in HEADLINES]
    told = told or [row for row in rows if not np.isnan(row.estimate)][:2] or list(rows[:1])
    if all(np.isnan(row.estimate) for row in told):
        return told[0].note if told else ""
    return "; ".join(_said(row) for row in told if not np.isnan(row.estimate))


def _said(row: Estimate) -> str:
    number = shown(row.estimate, row.term)
    if np.isfinite(row.conf_low) and np.isfinite(row.conf_high):
        low, high = shown(row.conf_low, row.term), shown(row.conf_high, row.term)
        unit = " %" if is_share(row.term) else f" {UNITS.get(row.term, '')}"
        between = f"{low.removesuffix(unit)} to {high.removesuffix(unit)}{unit.rstrip()}"
        number += f" ({between})"
    note = f" [{row.note}]" if row.note else ""
    return f"{HEADLINES.get(row.term, label(row.term))} {number}{note}"
