"""How it goes on: remission, relapse, a new osseous record, death, by the levels of an exposure. Curves and tests."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimands import CUMULATIVE_INCIDENCE, EVENT_FREE, EVENT_TEST
from sarcoid_epi.estimators.courses import NOBODY, Courses, courses
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator
from sarcoid_epi.measures import term
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.aalen_johansen import cumulative_incidence
from sarcoid_epi.stats.gray import gray_test
from sarcoid_epi.stats.kaplan_meier import NO_EVENT, SurvivalCurve, kaplan_meier, survival_quantile
from sarcoid_epi.stats.kaplan_meier import NOBODY as NOBODY_AT_RISK
from sarcoid_epi.stats.log_rank import log_rank
from sarcoid_epi.stats.risk_table import RiskTable, numbers_at, value_at
from sarcoid_epi.stats.robust_incidence import robust_incidence
from sarcoid_epi.strata import Strata

#: Years from the origin at which curves are told.
YEARS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0)

NOT_YET = "nobody was under observation yet"
NOT_STARTED = "the clock of this model starts later"
NOBODY_LEFT = "nobody is at risk any more"
ONE_ARM = "one level: nothing to compare"
WEIGHTED = "not for sampling weights"
UNLIMITED = "no event yet: no limits"


class Read(NamedTuple):
    """A curve at the years told, (G, arms, years), and a note on each curve, (G, arms)."""

    estimate: Floats
    low: Floats
    high: Floats
    std_error: Floats
    note: NDArray[np.str_]


@estimator(
    question="prognosis",
    estimand=EVENT_FREE,
    references=("kaplan1958", "greenwood1926", "kalbfleisch2002", "tsai1987", "brookmeyer1982"),
    rests="censoring, and coming late to the study, that say nothing of the event",
    families=("cox",),
)
def event_free(strata: Strata, model: Model) -> Answers:
    """Share still free of the event, by time.

    Kaplan-Meier in each level of the first exposure, with delayed entry and log-log limits; the numbers at risk just
    before each time, with the events until then; and the median time to the event. What competes with the event is
    taken for censoring: the share is that of a world without it, and its complement is more than the share who come to
    have the event. With weights (of sampling) the errors are robust, and there is no median.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and `follow_up_years`.
    model : Model
        Of family `cox`.

    Returns
    -------
    Answers
        Shares and people by time, and medians, shape (groups, levels x (times x 2 + 1)); n the patients of the level,
        events those with the event up to the time. An upper limit of a median that is not reached is infinite.

    Assumes
    -------
    Patients are independent; those who leave, and those whom the study meets late, are like the others of their level
    who are still at risk. Where visits define the event it came before the visit, and the curves run late by up to the
    gap between visits.

    References
    ----------
    kaplan1958, greenwood1926, kalbfleisch2002, tsai1987, brookmeyer1982
    """
    rows = courses(strata, model)
    table = outcome_alone(rows.table(YEARS))
    if model.weights:
        weighted = _weighted(rows, competing=False)
        return answers_of(*_timed("survival", rows, table, weighted), *_at_risk(rows, table))
    curve = kaplan_meier(table)
    read = _read(table, curve.survival, curve.low, curve.high, curve.std_error, curve.note)
    return answers_of(*_timed("survival", rows, table, read), *_at_risk(rows, table), *_medians(rows, curve))


@estimator(
    question="prognosis",
    estimand=CUMULATIVE_INCIDENCE,
    references=("aalen1978", "gaynor1993", "allignol2010", "kalbfleisch2002", "tsai1987"),
    rests="censoring, and coming late to the study, that say nothing of the event",
    families=("cox",),
)
def incidence(strata: Strata, model: Model) -> Answers:
    """Share who have come to have the event, by time, competing events counted as what they are.

    Aalen-Johansen in each level of the first exposure, exact under ties, with delayed entry and log-log limits; with
    weights (of sampling) its errors are robust.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and `follow_up_years`.
    model : Model
        Of family `cox`; without competing events this is one minus the share free of the event.

    Returns
    -------
    Answers
        Shares by time, shape (groups, levels x times).

    Assumes
    -------
    As for the share free of the event; nothing of what would happen if nothing competed.

    References
    ----------
    aalen1978, gaynor1993, allignol2010, kalbfleisch2002, tsai1987
    """
    rows = courses(strata, model)
    table = rows.table(YEARS)
    if model.weights:
        read = _weighted(rows, competing=True)
    else:
        curve = cumulative_incidence(table)
        share, low, high, error = (p[..., 0, :] for p in (curve.incidence, curve.low, curve.high, curve.std_error))
        read = _read(table, share, low, high, error, curve.note)
    return answers_of(*_timed("incidence", rows, table, read))


@estimator(
    question="prognosis",
    estimand=EVENT_TEST,
    references=("mantel1966", "peto1972", "gray1988"),
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
        p values, shape (groups, 1 or 2); they have no limits.

    Assumes
    -------
    As for the share free of the event. Crude: nothing is adjusted for.

    References
    ----------
    mantel1966, peto1972, gray1988
    """
    rows = courses(strata, model)
    exposure, table = model.exposures[0], rows.table()
    counts = rows.entered.sum(axis=-1), rows.had.sum(axis=-1)
    why = WEIGHTED if model.weights else ONE_ARM if len(rows.arms) < 2 else ""
    if why:
        note = rows.told(np.where(counts[0] > 0, why, NOBODY))
        return answers_of(_test("p_log_rank", exposure, np.full(rows.groups, np.nan), counts, note))
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


def _at_years(table: RiskTable, values: NDArray[Any]) -> NDArray[Any]:
    """Values of a curve at the years told, which are times of the table."""
    return values[..., np.searchsorted(table.time, YEARS)]


def _read(table: RiskTable, estimate: Floats, low: Floats, high: Floats, error: Floats, note: NDArray[np.str_]) -> Read:
    """A curve at the years told. Where it has come to its end at one event, one limit says nothing: it is 0, or 1."""
    estimate, low, high, error = (_at_years(table, part) for part in (estimate, low, high, error))
    low, high = (
        np.where(np.isnan(low) & ~np.isnan(high), 0.0, low),
        np.where(np.isnan(high) & ~np.isnan(low), 1.0, high),
    )
    return Read(estimate, low, high, error, note)


def _timed(measure: str, rows: Courses, table: RiskTable, read: Read) -> list[Term]:
    """Rows of a curve by level and time; a time before the first patient, or after the last, has none."""
    n, numbers = rows.entered, numbers_at(table, YEARS)
    begun = _at_years(table, np.maximum.accumulate(table.at_risk > 0, axis=-1))
    terms = []
    for at, arm in enumerate(rows.arms):
        for place, year in enumerate(YEARS):
            late = year <= rows.model.start
            known = begun[:, at, place] & np.asarray(not late)
            values = (np.where(known, part[:, at, place], np.nan) for part in read[:4])
            estimate, low, high, error = values
            unknown = np.where(known, NOBODY_LEFT, NOT_STARTED if late else NOT_YET)
            note = np.where(n[:, at] == 0, NOBODY, np.where(np.isnan(estimate), unknown, read.note[:, at]))
            events = numbers.events[:, at, 0, place]
            bare = (events == 0) & np.isnan(low) & np.isnan(high) & ~np.isnan(estimate)
            note = np.where(bare & np.isin(note, ("", NO_EVENT)), UNLIMITED, note)
            terms.append(Term(term(measure, arm), estimate, low, high, error, n[:, at], events, rows.told(note), year))
    return terms


def _at_risk(rows: Courses, table: RiskTable) -> list[Term]:
    """How many are at risk just before each time."""
    n, numbers = rows.entered, numbers_at(table, YEARS)
    terms = []
    for at, arm in enumerate(rows.arms):
        for place, year in enumerate(YEARS):
            late = year <= rows.model.start
            note = rows.told(np.where(n[:, at] == 0, NOBODY, NOT_STARTED if late else ""))
            left = np.where((n[:, at] == 0) | late, np.nan, numbers.at_risk[:, at, place])
            events = numbers.events[:, at, 0, place]
            terms.append(Term(term("at_risk", arm), left, np.nan, np.nan, np.nan, n[:, at], events, note, year))
    return terms


def _medians(rows: Courses, curve: SurvivalCurve) -> list[Term]:
    """The time by which half have had the event."""
    found, n, events = survival_quantile(curve), rows.entered, rows.had
    high = np.where(np.isnan(found.high) & ~np.isnan(found.low), np.inf, found.high)
    nobody = curve.note == NOBODY_AT_RISK
    note = np.where(nobody, NOBODY, np.where(np.isnan(found.time), found.note, curve.note))
    return [
        Term(
            term("median_time", arm), found.time[:, at], found.low[:, at], high[:, at], np.nan, n[:, at],
            events[:, at], rows.told(note[:, at]),
        )
        for at, arm in enumerate(rows.arms)
    ]  # fmt: skip


def _weighted(rows: Courses, competing: bool) -> Read:
    """Curves of weighted patients with robust errors: the incidence, or the share free of the event alone."""
    shape = rows.groups, len(rows.arms), len(YEARS)
    estimate, low, high, error = (np.full(shape, np.nan) for _ in range(4))
    note = np.full(shape[:2], "", dtype=object)
    for group in range(rows.groups):
        own = rows.of(group)
        for arm in range(len(rows.arms)):
            here = (own.arm == arm) & (own.values[rows.model.weights] > 0)
            if not here.any():
                continue
            event = own.event[here] if competing else (own.event[here] == 1).astype(np.int64)
            weights = own.values[rows.model.weights][here]
            curve = robust_incidence(own.exit[here], event, own.entry[here], weights, rows.causes if competing else 1)
            over = np.array(YEARS) > own.exit[here].max()
            before = (0.0, np.nan, np.nan, np.nan)
            share = curve.incidence[0] if competing else 1.0 - curve.survival  # at its end exactly 1
            parts = (share, curve.low[0], curve.high[0], curve.std_error[0])
            read = [value_at(curve.time, part, YEARS, first) for part, first in zip(parts, before, strict=True)]
            gone = over & ~(value_at(curve.time, curve.survival, YEARS, 1.0) == 0)
            for kept, new in zip((estimate, low, high, error), read, strict=True):
                kept[group, arm] = np.where(gone, np.nan, new)
            note[group, arm] = str(curve.note)
    if competing:
        return Read(estimate, low, high, error, note)
    return Read(1.0 - estimate, 1.0 - high, 1.0 - low, error, note)
