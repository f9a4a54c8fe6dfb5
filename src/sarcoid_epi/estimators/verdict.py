"""Which of the methods the data support: what each needs, whether it is there, what it answers, what that rests on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from sarcoid_epi.estimators.asking import lacking
from sarcoid_epi.estimators.declare import NO_BELIEF, NOT_ASKED, Estimator
from sarcoid_epi.estimators.support import against, claims, conflicts
from sarcoid_epi.results import UNITS, Estimate, Estimates, grouped, is_share, shown
from sarcoid_epi.scenario import Belief
from sarcoid_epi.stats.tipping import FALSE_MORE, NO_BETTER, TARGET_BELOW
from sarcoid_epi.strata import Strata
from sarcoid_epi.vocabulary import label

#: Terms that answer the question, where a method has several.
HEADLINES = {
    "osseous": "true share",
    "osseous_least": "true share at least",
    "osseous_most": "at most",
    "underdiagnosis": "underdiagnosis",
    "met": "share that sources could hold",
    "odds_ratio_corrected": "odds ratio",
    "people_unrecorded": "unrecorded",
}


#: Notes that are the answer: no sensitivity would bring the true share to the target.
NO_VALUE = (TARGET_BELOW, FALSE_MORE, NO_BETTER)


class Verdict(NamedTuple):
    """One method: what it asks, its needs, whether they are met (or what lacks), its answer, and what that rests on.

    `against` says what speaks against the answer; `estimator` is the name by which the method can be explained.
    """

    method: str
    needs: str
    has_it: str
    answer: str
    rests_on: str
    against: str
    estimator: str


def verdicts(
    catalogue: Iterable[Estimator], strata: Strata, belief: Belief | None, answers: Estimates, question: str
) -> tuple[Verdict, ...]:
    """The verdict on every method of a question, asked of the whole cohort; `answers` holds what they said."""
    asked = [e for e in catalogue if e.question == question and e.takes == "patients"]
    runs = {run.estimator: run.run for run in answers.runs}
    disputed = conflicts(claims(asked, answers))
    told = (_verdict(one, strata, belief, _rows(answers, runs.get(one.name))) for one in asked)
    return tuple(row._replace(against=against(one, disputed)) for one, row in zip(asked, told, strict=True))


#: Questions whose methods are one answer each.
MANY_ROWS = ("underdiagnosis", "lofgren", "association", "prognosis")


def unanswered(catalogue: Iterable[Estimator], answers: Estimates) -> tuple[int, int]:
    """How many answers could not be estimated, and of how many.

    That nobody had a film is a description, no answer. A method of underdiagnosis, a contrast of Löfgren syndrome or a
    model is one answer, however many rows it has; one that there was nothing to ask with was not asked; and that no
    value would do it is an answer.
    """
    question = {estimator.name: estimator.question for estimator in catalogue}
    answered: list[bool] = []
    for run in answers.runs:
        rows = [row for row in answers.rows if row.run == run.run]
        if question[run.estimator] in MANY_ROWS:
            groups = dict.fromkeys(row.group for row in rows if not row.note.startswith(NOT_ASKED))
            answered += [any(_known(row) for row in rows if row.group == group) for group in groups]
        elif question[run.estimator] != "description":
            answered += [_known(row) for row in rows]
    return answered.count(False), len(answered)


def _known(row: Estimate) -> bool:
    return not np.isnan(row.estimate) or row.note.startswith(NO_VALUE)


def _rows(answers: Estimates, run: str | None) -> tuple[Estimate, ...]:
    return tuple(row for row in answers.rows if row.run == run)


def _verdict(one: Estimator, strata: Strata, belief: Belief | None, rows: tuple[Estimate, ...]) -> Verdict:
    needs = ", ".join([*one.needs, *(["a belief: " + ", ".join(one.believes)] if one.believes else [])])
    lack = lacking(one, strata)
    if not lack and one.believes:
        lack = "no belief" if belief is None else next((_section(r.note) for r in rows if _unbelieved(r)), "")
    rests = one.rests
    if belief is not None and belief.occurrence is not None and "occurrence" in one.believes:
        rests += f", in a population of {grouped(belief.occurrence.population.value)}"
    answer = "" if lack else _answer(one, rows)
    return Verdict(one.label, needs, lack or "yes", answer, rests, "", one.name)


def _unbelieved(row: Estimate) -> bool:
    return row.note.startswith(NO_BELIEF)


def _section(note: str) -> str:
    return f"no section {note.rpartition('section ')[2]} in the belief"


def _answer(one: Estimator, rows: tuple[Estimate, ...]) -> str:
    """The headlines of a method, or why there are none; a note that several of them share is told once."""
    told = [row for row in rows if row.term == "people_unrecorded"] or [row for row in rows if row.term in HEADLINES]
    told = told or _ends([row for row in rows if not np.isnan(row.estimate)]) or list(rows[:1])
    if all(np.isnan(row.estimate) for row in told):
        return told[0].note if told else ""
    known = [row for row in told if not np.isnan(row.estimate)]
    notes: dict[str, list[str]] = {}
    for row in known:
        notes.setdefault(row.note, []).append(_said(row, one))
    return "; ".join("; ".join(said) + (f" [{note}]" if note else "") for note, said in notes.items())


def _ends(rows: list[Estimate]) -> list[Estimate]:
    """Of answers for a row of odds ratios the first and the last; of others, all."""
    families: dict[str, list[Estimate]] = {}
    for row in rows:
        family, odds, _ = row.term.rpartition("_odds_")
        families.setdefault(family if odds else row.term, []).append(row)
    return [row for family in families.values() for row in dict.fromkeys((family[0], family[-1]))]


def _said(row: Estimate, one: Estimator) -> str:
    number, within = shown(row.estimate, row.term), ""
    if np.isfinite(row.conf_low) and np.isfinite(row.conf_high):
        low, high = shown(row.conf_low, row.term), shown(row.conf_high, row.term)
        unit = " %" if is_share(row.term) else f" {UNITS.get(row.term, '')}"
        within = f"{low.removesuffix(unit) if high.endswith(unit) else low} to {high}"
    if is_share(row.term) and not 0 <= row.estimate <= 1:
        where = f"{'below 0' if row.estimate < 0 else 'above 100 %'}, which no share is"
        contradicted = f"{where}: data and {'belief' if one.believes else 'model'} contradict each other"
        within = f"{where}: read the limits, {within}" if within else contradicted
    number += f" ({within})" if within else ""
    headline = HEADLINES.get(row.term, label(row.term))
    if one.name == "latent_scan" and row.term == "underdiagnosis":
        headline += " of the clinic list"
    return f"{headline} {number}"
