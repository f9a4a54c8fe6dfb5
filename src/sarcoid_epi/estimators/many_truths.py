"""Many truths, one data set: the test that no estimator may pass a record off as knowledge.

27 of 926 patients are on record, 53 % of them with symptoms. True shares from 5 to 20 % leave exactly this record, each
with another underdiagnosis. Whoever knows only the record, and believes hardly anything, must leave room for all.

Who that is, is found out: every estimator is put to patients of whom nothing is known of bone but the record, and to
the same patients when their records come from scanning some of them, whatever columns it says it needs.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from sarcoid_epi.estimands import BURDEN, TRUE_PREVALENCE, UNDERDIAGNOSIS
from sarcoid_epi.estimators.declare import Answers, Estimator
from sarcoid_epi.scenario import Belief, load_belief
from sarcoid_epi.stats.cascade import truth_behind
from sarcoid_epi.strata import FLAG, WHOLE, ArrayStrata, TallyStrata
from sarcoid_epi.vocabulary import PATIENT

#: Steps of the vocabulary that look for bone disease, and what they hold that is no looking.
LOOKING, OTHERWISE = ("imaging", "record", "substudy", "follow-up"), ("bone_pain", "substudy_stratum")

#: glanowski2018: on record, of how many; the share with symptoms among the modern series; chance of a case with
#: symptoms to be detected, an illustration.
EVENTS, N, SYMPTOMATIC, DETECTED = 27, 926, 0.53, 0.6

#: Scanned, where 27 were found by scans that show bone disease as often as those of mostard2012, in 19 of 122.
SCANNED = round(EVENTS * 122 / 19)

#: True shares, and shares of the records that are true: 17 of 25 bone biopsies showed granuloma (benhassine2019).
SHARES = (0.05, 0.05, 0.08, 0.14, 0.14, 0.20)
TRUE_RECORDS = (1.0, 0.68, 1.0, 1.0, 0.68, 1.0)


class Possible(NamedTuple):
    """Truths that leave the same record; each array has one entry for each truth."""

    osseous: np.ndarray
    record_true: np.ndarray
    underdiagnosis: np.ndarray
    symptomatic: np.ndarray
    detected_silent: np.ndarray


def many_truths() -> Possible:
    """The truths behind one record.

    Examples
    --------
    >>> many_truths().underdiagnosis.round(2)
    array([0.42, 0.6 , 0.64, 0.79, 0.86, 0.85])
    """
    truth = truth_behind(EVENTS / N, SYMPTOMATIC, SHARES, TRUE_RECORDS, DETECTED)
    shares, records = np.array(SHARES), np.array(TRUE_RECORDS)
    return Possible(shares, records, truth.underdiagnosis, truth.symptomatic, truth.detected_silent)


def the_record() -> TallyStrata:
    """The record itself, as an estimator sees it."""
    return TallyStrata((WHOLE,), (("osseous_recorded", FLAG),), np.array([[N - EVENTS, EVENTS]]))


def patients(scanned: bool = False) -> ArrayStrata:
    """The same patients with every column there is: nothing else tells of bone, and the rest has nothing to do with it.

    When `scanned`, the records are the positive readings of those who were scanned.
    """
    on_record = (np.arange(N) < EVENTS)[None].astype(np.int8)
    nobody = np.full((1, N), -1, dtype=np.int8)
    columns: dict[str, np.ndarray] = {}
    for variable in PATIENT:
        levels = 2 if variable.kind == "flag" else len(variable.levels) or 2
        if variable.step in LOOKING and variable.name not in OTHERWISE:
            columns[variable.name] = nobody
        elif variable.kind in ("flag", "category"):
            columns[variable.name] = (np.arange(N) % levels)[None].astype(np.int8)
        elif variable.kind == "date":
            columns[variable.name] = (np.arange(N) % 365)[None].astype("datetime64[D]")
    columns |= {"osseous_recorded": on_record, "on_clinic_list": on_record}
    if scanned:
        columns["reading_fdg_pet"] = np.where(np.arange(N) < SCANNED, on_record, nobody)
    return ArrayStrata((WHOLE,), columns)


def knows_only_records(estimator: Estimator) -> bool:
    """Whether an estimator says more of the truth than that a share lies from 0 to 1, where there is but the record."""
    return estimator.takes == "patients" and _says(estimator, scanned=False)


def knows_only_scans_of_some(estimator: Estimator) -> bool:
    """Whether it does so once some of the patients were scanned, for reasons that nobody knows."""
    return estimator.takes == "patients" and not _says(estimator, scanned=False) and _says(estimator, scanned=True)


@cache
def _says(estimator: Estimator, scanned: bool) -> bool:
    """Whether any term about the truth has an estimate, and not merely the ends 0 and 1.

    An estimator that answers declared models speaks of nothing else.
    """
    if estimator.families:
        return False
    answers = _asked(estimator, load_belief("vague"), scanned)
    of_truth = [_of_truth(estimator, term) for term in answers.terms]
    estimates = answers.estimate[0, of_truth]
    return bool(((estimates > 0) & (estimates < 1)).any() or (estimates > 1).any())


def _of_truth(estimator: Estimator, term: str) -> bool:
    """Whether a term is about the truth: by its name, or because the estimator says that this is what it is after."""
    name, _, side = term.partition("_")
    named = name in ("osseous", "underdiagnosis") and side in ("", "least", "most")
    return named or estimator.estimand in (TRUE_PREVALENCE, UNDERDIAGNOSIS, BURDEN)


def _asked(estimator: Estimator, belief: Belief, scanned: bool) -> Answers:
    strata = patients(scanned)
    return estimator(strata, belief) if estimator.believes else estimator(strata)


def leaves_room(answers: Answers) -> bool:
    """Whether the limits of the true share and of underdiagnosis hold every truth that leaves this record.

    Of the two, a term that is absent is not asked for; whoever has neither has said nothing that leaves room. A bound
    has the one-sided limit that it claims: `osseous_least` must not lie above the smallest truth, `osseous_most` not
    below the largest.
    """
    truths = many_truths()
    asked = False
    wanted = {"osseous": truths.osseous, "underdiagnosis": truths.underdiagnosis}
    for at, term in enumerate(answers.terms):
        low, high = answers.low[0, at], answers.high[0, at]
        name, _, side = term.partition("_")
        if name not in wanted or side not in ("", "least", "most"):
            continue
        asked = True
        smallest, largest = wanted[name].min(), wanted[name].max()
        if side != "most" and not low <= smallest:
            return False
        if side != "least" and not high >= largest:
            return False
    return asked


def passes(estimator: Estimator, belief: Belief) -> bool:
    """Whether an estimator leaves room for all truths under a belief, wherever it says anything of them."""
    where = [scanned for scanned in (False, True) if _says(estimator, scanned)]
    return bool(where) and all(leaves_room(_asked(estimator, belief, scanned)) for scanned in where)
