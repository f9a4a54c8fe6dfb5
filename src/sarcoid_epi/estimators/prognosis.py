"""How it goes on: remission, relapse, a new osseous record, death, by the levels of an exposure."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.estimands import CUMULATIVE_INCIDENCE, EVENT_FREE, EVENT_TEST, RESTRICTED_MEAN
from sarcoid_epi.estimators.courses import Courses, courses
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator
from sarcoid_epi.measures import term
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.aalen_johansen import cumulative_incidence
from sarcoid_epi.stats.gray import gray_test
from sarcoid_epi.stats.kaplan_meier import kaplan_meier
from sarcoid_epi.stats.log_rank import log_rank
from sarcoid_epi.stats.restricted_mean import MeanTime, mean_difference, restricted_mean
from sarcoid_epi.stats.risk_table import RiskTable, numbers_at, value_at
from sarcoid_epi.strata import Strata

#: Years from the origin at which curves are told.
YEARS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0)

#: Years over which mean times are taken.
HORIZON = 5.0

NOBODY_LEFT = "nobody is at risk any more"
ONE_ARM = "one level: nothing to compare"


@estimator(
    question="prognosis",
    estimand=EVENT_FREE,
    references=("kaplan1958", "greenwood1926", "kalbfleisch2002"),
    rests="censoring, and coming late to the study, that say nothing of the event",
    families=("cox",),
)
def event_free(strata: Strata, model: Model) -> Answers:
    """Share still free of the event, by time.

    Kaplan-Meier in each level of the first exposure, with delayed entry and log-log limits; and the numbers at risk
    just before each time. What competes with the event is taken for censoring: the share is that of a world without
    it, and its complement is more than the share who come to have the event.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and `follow_up_years`.
    model : Model
        Of family `cox`.

    Returns
    -------
    Answers
        Shares and people by time, shape (groups, levels x times x 2); n the patients of the level, events those with
        the event up to the time.

    Assumes
    -------
    Patients are independent; those who leave, and those whom the study meets late, are like the others of their level
    who are still at risk.

    References
    ----------
    kaplan1958, greenwood1926, kalbfleisch2002
    """
    rows = courses(strata, model)
    table = outcome_alone(rows.table())
    curve = kaplan_meier(table)
    fields = ((curve.survival, 1.0), (curve.low, 1.0), (curve.high, 1.0), (curve.std_error, np.nan))
    parts = [_at(table, part, before) for part, before in fields]
    return answers_of(*_timed("survival", rows, table, parts, curve.note))


@estimator(
    question="prognosis",
    estimand=CUMULATIVE_INCIDENCE,
    references=("aalen1978", "andersen2012"),
    rests="censoring, and coming late to the study, that say nothing of the event",
    families=("cox",),
)
def incidence(strata: Strata, model: Model) -> Answers:
    """Share who have come to have the event, by time, competing events counted as what they are.

    Aalen-Johansen in each level of the first exposure, exact under ties, with delayed entry and log-log limits.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and `follow_up_years`.
    model : Model
        Of family `cox`, with competing events.

    Returns
    -------
    Answers
        Shares by time, shape (groups, levels x times).

    Assumes
    -------
    As for the share free of the event; nothing of what would happen if nothing competed.

    References
    ----------
    aalen1978, andersen2012
    """
    rows = courses(strata, model)
    table = rows.table()
    curve = cumulative_incidence(table)
    fields = ((curve.incidence, 0.0), (curve.low, 0.0), (curve.high, 0.0), (curve.std_error, np.nan))
    parts = [_at(table, part[..., 0, :], before) for part, before in fields]
    return answers_of(*_timed("incidence", rows, table, parts, curve.note, at_risk=False))


@estimator(
    question="prognosis",
    estimand=RESTRICTED_MEAN,
    references=("royston2013", "uno2014"),
    rests="censoring, and coming late to the study, that say nothing of the event",
    families=("cox",),
)
def restricted_means(strata: Strata, model: Model) -> Answers:
    """Mean time free of the event over five years, and what it differs by.

    The area under the Kaplan-Meier curve up to five years from the origin, in each level of the first exposure, with
    the standard error of that area; and its difference from the reference level's. It needs no proportional hazards.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and `follow_up_years`.
    model : Model
        Of family `cox`.

    Returns
    -------
    Answers
        Years, shape (groups, levels and differences).

    Assumes
    -------
    As for the share free of the event. Crude: nothing is adjusted for.

    References
    ----------
    royston2013, uno2014
    """
    rows = courses(strata, model)
    table = outcome_alone(rows.table())
    found = restricted_mean(table, HORIZON)
    reference = MeanTime._make(part[..., :1] for part in found)
    apart = mean_difference(found, reference)
    n, events = _entered(rows), table.events.sum(axis=(-2, -1))
    terms = []
    for at, arm in enumerate(rows.arms):
        for measure, part in (("restricted_mean", found), ("restricted_mean_difference", apart)):
            if measure.endswith("difference") and at == 0:
                continue
            numbers = part.estimate[:, at], part.low[:, at], part.high[:, at], part.std_error[:, at]
            note = rows.told(part.note[:, at])
            terms.append(Term(term(measure, arm), *numbers, n[:, at], events[:, at], note, HORIZON))
    return answers_of(*terms)


@estimator(
    question="prognosis",
    estimand=EVENT_TEST,
    references=("mantel1966", "gray1988"),
    rests="censoring, and coming late to the study, that say nothing of the event",
    families=("cox",),
)
def event_tests(strata: Strata, model: Model) -> Answers:
    """p of equal courses in all levels of the first exposure: log-rank, and Gray where something competes.

    The log-rank test compares the hazards of the event, what competes taken for censoring; Gray's the shares who come
    to have it.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and `follow_up_years`.
    model : Model
        Of family `cox`.

    Returns
    -------
    Answers
        p values, shape (groups, 1 or 2).

    Assumes
    -------
    As for the share free of the event. Crude: nothing is adjusted for.

    References
    ----------
    mantel1966, gray1988
    """
    rows = courses(strata, model)
    exposure, table = model.exposures[0], rows.table()
    counts = _entered(rows).sum(axis=-1), table.events[..., 0, :].sum(axis=(-2, -1))
    if len(rows.arms) < 2:
        blank = np.full(len(rows.before), np.nan)
        return answers_of(Term(term("p_log_rank", exposure), blank, blank, blank, blank, *counts, ONE_ARM))
    hazards = log_rank(table, cause=1)
    terms = [_test("p_log_rank", exposure, hazards.p_value, counts, rows.told(hazards.note))]
    if model.competing:
        shares = gray_test(table)
        terms.append(_test("p_gray", exposure, shares.p_value, counts, rows.told(shares.note)))
    return answers_of(*terms)


def outcome_alone(table: RiskTable) -> RiskTable:
    """The table with what competes taken for censoring."""
    others = table.events[..., 1:, :].sum(axis=-2)
    return table._replace(events=table.events[..., :1, :], censored=table.censored + others)


def _test(measure: str, of: str, p: Floats, counts: tuple[Floats, Floats], note: object) -> Term:
    return Term(term(measure, of), p, np.nan, np.nan, np.nan, *counts, note)


def _entered(rows: Courses) -> Floats:
    """Patients of each group and arm who were under observation at any time, (G, arms)."""
    groups, arms = len(rows.before), len(rows.arms)
    return np.bincount(rows.group * arms + rows.arm, rows.weight, groups * arms).reshape(groups, arms).astype(float)


def _at(table: RiskTable, values: Floats, before: float) -> Floats:
    """Values of a curve at the years told; beyond the last time there is none."""
    at = value_at(table.time, values, YEARS, before)
    return np.where(np.array(YEARS) <= table.time.max(initial=0.0), at, np.nan)


def _timed(
    measure: str, rows: Courses, table: RiskTable, parts: list[Floats], notes: np.ndarray, at_risk: bool = True
) -> list[Term]:
    """Rows of a curve by level and time, and who is at risk."""
    n, numbers = _entered(rows), numbers_at(table, YEARS)
    terms = []
    for at, arm in enumerate(rows.arms):
        for place, year in enumerate(YEARS):
            estimate, low, high, error = (part[:, at, place] for part in parts)
            note = rows.told(np.where(np.isnan(estimate), NOBODY_LEFT, notes[:, at]))
            events = numbers.events[:, at, 0, place]
            terms.append(Term(term(measure, arm), estimate, low, high, error, n[:, at], events, note, year))
            if at_risk:
                left = numbers.at_risk[:, at, place]
                terms.append(Term(term("at_risk", arm), left, np.nan, np.nan, np.nan, n[:, at], np.nan, "", year))
    return terms
