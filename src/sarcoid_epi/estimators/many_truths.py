"""Many truths, one data set: the test that no estimator may pass a record off as knowledge.

27 of 926 patients are on record, 53 % of them with symptoms. True shares from 5 to 20 % leave exactly this record, each
with another underdiagnosis. Whoever knows only the record, and believes hardly anything, must leave room for all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sarcoid_epi.estimands import BURDEN, TRUE_PREVALENCE, UNDERDIAGNOSIS
from sarcoid_epi.estimators.declare import Answers, Estimator
from sarcoid_epi.scenario import Belief
from sarcoid_epi.stats.cascade import truth_behind
from sarcoid_epi.strata import FLAG, WHOLE, TallyStrata

#: Columns that a record is; what verification, imaging of everybody, or several sources add, it does not hold.
RECORD = frozenset({"osseous_recorded"})

#: glanowski2018: on record, of how many; the share with symptoms among the modern series; chance of a case with
#: symptoms to be detected, an illustration.
EVENTS, N, SYMPTOMATIC, DETECTED = 27, 926, 0.53, 0.6

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


def knows_only_records(estimator: Estimator) -> bool:
    """Whether an estimator speaks of the true share, of underdiagnosis or of both, and needs nothing but the record."""
    return estimator.takes == "patients" and set(estimator.needs) <= RECORD and bool(_asked(estimator))


def _asked(estimator: Estimator) -> bool:
    return estimator.estimand in (TRUE_PREVALENCE, UNDERDIAGNOSIS, BURDEN)


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
    """Whether an estimator that knows only the record leaves room for all truths under a belief."""
    strata = the_record()
    return leaves_room(estimator(strata, belief) if estimator.believes else estimator(strata))
