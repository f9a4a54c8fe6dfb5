"""Some patients were looked at for the sake of the study: what that says of all, and of the record."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sarcoid_epi.estimands import TRUE_PREVALENCE, UNDERDIAGNOSIS
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator
from sarcoid_epi.stats.misclassification import Corrected
from sarcoid_epi.stats.verification import begg_greenes, not_at_random, stratified_share
from sarcoid_epi.strata import Strata

SUBSTUDY = ("substudy_stratum", "osseous_recorded", "reading_substudy")

#: Odds of disease in patients who were not looked at, over those of the others in the same stratum and record.
ODDS = (0.25, 0.5, 2.0, 4.0)

NOBODY_ON_RECORD = "nobody is on record"


def _cells(strata: Strata) -> tuple[Floats, Floats, Floats]:
    """Patients, verified and cases by stratum and record, shape (G, strata, record)."""
    patients = strata.table(*SUBSTUDY[:2]).astype(float)
    verified = strata.table(*SUBSTUDY).astype(float)
    return patients, verified.sum(axis=-1), verified[..., 1]


class Record(NamedTuple):
    """A partly verified record; strata on the last axis."""

    record_positive: Floats
    record_negative: Floats
    verified_positive: Floats
    cases_positive: Floats
    verified_negative: Floats
    cases_negative: Floats


def _record(patients: Floats, verified: Floats, cases: Floats) -> Record:
    in_order = (patients[..., 1], patients[..., 0], verified[..., 1], cases[..., 1], verified[..., 0], cases[..., 0])
    return Record(*in_order)


@estimator(
    question="underdiagnosis",
    estimand=TRUE_PREVALENCE,
    needs=SUBSTUDY,
    references=("martinandres2012", "wilson1927"),
    rests="the random substudy; right as far as its scan is",
)
def substudy_prevalence(strata: Strata) -> Answers:
    """Prevalence of osseous sarcoidosis from a substudy, drawn within strata.

    sum_h W_h y_h / m_h: y_h positive of m_h examined in stratum h, which holds the share W_h of the patients; score
    limits of the weighted sum, which do not close where no case was seen.

    Parameters
    ----------
    strata : Strata
        With the category `substudy_stratum` and the flags `osseous_recorded` and `reading_substudy`, the latter missing
        in patients who were not drawn.

    Returns
    -------
    Answers
        Proportions, shape (groups, 1); n counts the examined.

    Assumes
    -------
    Within a stratum the examined are drawn at random; the scan of the substudy is right. Where it is not, the answer is
    the share that the scan can see.

    References
    ----------
    martinandres2012, wilson1927
    """
    patients, verified, cases = (cell.sum(axis=-1) for cell in _cells(strata))
    found = stratified_share(cases, verified, patients)
    counts = verified.sum(axis=-1), cases.sum(axis=-1)
    return answers_of(Term("osseous", found.estimate, found.low, found.high, found.std_error, *counts, found.note))


@estimator(
    question="underdiagnosis",
    estimand=UNDERDIAGNOSIS,
    needs=SUBSTUDY,
    references=("begg1983", "martinandres2012", "donner2012"),
    rests="the random substudy; right as far as its scan is",
)
def verified_record(strata: Strata) -> Answers:
    """Underdiagnosis of osseous sarcoidosis from a substudy that verifies the record.

    Begg and Greenes: within stratum and record the examined stand for all. Terms: `underdiagnosis`, the share of the
    cases that is not on record; `osseous`, all cases; `record_true`, the share of the records that are true.

    Parameters
    ----------
    strata : Strata
        As for `substudy_prevalence`.

    Returns
    -------
    Answers
        Proportions, shape (groups, 3); n counts the examined.

    Assumes
    -------
    Within a stratum, and given the record, the examined are like the others; the scan of the substudy is right.

    References
    ----------
    begg1983, martinandres2012, donner2012
    """
    cells = _cells(strata)
    found = begg_greenes(**_record(*cells)._asdict())
    of_records = found.positive_predictive_value
    nobody = np.isnan(of_records.estimate) & (cells[0].sum(axis=(1, 2)) > 0) & (cells[0][..., 1].sum(axis=1) == 0)
    unrecorded = np.where(nobody, NOBODY_ON_RECORD, found.note)
    return answers_of(
        _term("underdiagnosis", found.underdiagnosis, cells, found.note),
        _term("osseous", found.prevalence, cells, found.note),
        _term("record_true", of_records, cells, unrecorded),
    )


@estimator(
    question="underdiagnosis",
    estimand=UNDERDIAGNOSIS,
    needs=SUBSTUDY,
    references=("begg1983", "kosinski2003"),
    rests="the odds named in each row, for those who were not examined",
)
def not_at_random_record(strata: Strata) -> Answers:
    """Underdiagnosis of osseous sarcoidosis if the examined were not drawn at random.

    As `verified_record`, with the odds of disease in patients who were not examined 1/4, 1/2, 2 and 4 times those of
    the examined with the same stratum and record. Terms `underdiagnosis_odds_...` and `osseous_odds_...`.

    Parameters
    ----------
    strata : Strata
        As for `substudy_prevalence`.

    Returns
    -------
    Answers
        Proportions, shape (groups, 8); n counts the examined.

    Assumes
    -------
    The odds ratio is that of the row, the same in all strata; the scan of the substudy is right.

    References
    ----------
    begg1983, kosinski2003
    """
    cells = _cells(strata)
    record = _record(*cells)._asdict()
    terms = []
    for odds in ODDS:
        found = not_at_random(**record, odds=odds)
        terms.append(_term(f"underdiagnosis_odds_{odds:g}", found.underdiagnosis, cells, found.note))
        terms.append(_term(f"osseous_odds_{odds:g}", found.prevalence, cells, found.note))
    return answers_of(*terms)


def _term(name: str, part: Corrected, cells: tuple[Floats, Floats, Floats], note: np.ndarray) -> Term:
    counts = cells[1].sum(axis=(1, 2)), cells[2].sum(axis=(1, 2))
    return Term(name, part.estimate, part.low, part.high, part.std_error, *counts, note)
