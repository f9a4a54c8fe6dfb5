"""Mean times up to a horizon, and events for each year of follow-up, by the levels of an exposure."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.estimands import INCIDENCE_RATE, RESTRICTED_MEAN
from sarcoid_epi.estimators.courses import NOBODY, Courses, courses
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.prognosis import WEIGHTED, outcome_alone
from sarcoid_epi.measures import term
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.incidence_rate import Rate, incidence_rate, rate_ratio
from sarcoid_epi.stats.restricted_mean import MeanTime, mean_difference, restricted_mean, restricted_time_lost
from sarcoid_epi.stats.risk_table import numbers_at
from sarcoid_epi.strata import Strata

#: Years from the origin up to which mean times are taken.
HORIZON = 5.0

#: Years; a standard error below this is none.
ROUNDING = 1e-5

TOO_LATE = "the clock of this model starts after the horizon"


@estimator(
    question="prognosis",
    estimand=RESTRICTED_MEAN,
    references=("royston2013", "uno2014", "andersen2013"),
    rests="censoring, and coming late to the study, that say nothing of the event",
    families=("cox",),
)
def restricted_means(strata: Strata, model: Model) -> Answers:
    """Mean time free of the event up to five years, and what it differs by.

    The area under the Kaplan-Meier curve from the start of the model's clock up to five years from the origin, in each
    level of the first exposure, with the standard error of that area; and its difference from the reference level's. It
    needs no proportional hazards. Where something competes, also the mean time lost to the event: the area under its
    cumulative incidence.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and `follow_up_years`.
    model : Model
        Of family `cox`.

    Returns
    -------
    Answers
        Years, shape (groups, levels, differences and, where something competes, levels again); their time is the
        horizon, and events are those until then. NaN where nobody was under observation from the start on, or nobody is
        followed to the horizon.

    Assumes
    -------
    As for the share free of the event. Crude: nothing is adjusted for.

    References
    ----------
    royston2013, uno2014, andersen2013
    """
    rows = courses(strata, model)
    why = WEIGHTED if model.weights else TOO_LATE if model.start >= HORIZON else ""
    if why:
        return silent([term("restricted_mean", arm) for arm in rows.arms], rows.groups, why)
    table = rows.table()
    found = restricted_mean(outcome_alone(table), HORIZON, model.start)
    apart = mean_difference(found, MeanTime._make(part[..., :1] for part in found))
    had = numbers_at(table, [HORIZON]).events[:, :, 0, 0]
    terms = []
    for at, arm in enumerate(rows.arms):
        terms.append(_mean("restricted_mean", arm, rows, found, at, had))
        if at:
            terms.append(_mean("restricted_mean_difference", arm, rows, apart, at, had))
        if model.competing:
            lost = restricted_time_lost(table, HORIZON, model.start)
            terms.append(_mean("time_lost", arm, rows, MeanTime._make(part[..., 0] for part in lost), at, had))
    return answers_of(*terms)


def _mean(measure: str, arm: str, rows: Courses, found: MeanTime, at: int, had: Floats) -> Term:
    real = found.std_error[:, at] > ROUNDING  # an error of 0 is none: what is left of it is rounding
    low, high, error = (np.where(real, part[:, at], np.nan) for part in (found.low, found.high, found.std_error))
    n, events = rows.entered[:, at], had[:, at]
    note = rows.told(np.where(n == 0, NOBODY, found.note[:, at]))
    return Term(term(measure, arm), found.estimate[:, at], low, high, error, n, events, note, HORIZON)


@estimator(
    question="prognosis",
    estimand=INCIDENCE_RATE,
    references=("garwood1936", "przyborowski1940"),
    rests="a rate that stays the same over all years of follow-up",
    families=("cox",),
)
def incidence_rates(strata: Strata, model: Model) -> Answers:
    """Events for each year of follow-up, and the ratio of these rates.

    Events over years at risk (from entry to exit) in each level of the first exposure, with exact limits; and the ratio
    to the rate of the reference level, exact given all events.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and `follow_up_years`.
    model : Model
        Of family `cox`.

    Returns
    -------
    Answers
        Rates for each person-year and their ratios, shape (groups, levels and ratios).

    Assumes
    -------
    Events are independent, and come at one rate in each level throughout: where hazards fall with time, as those of
    remission do, the rate is an average over whatever years were watched. Crude: nothing is adjusted for.

    References
    ----------
    garwood1936, przyborowski1940
    """
    rows = courses(strata, model)
    if model.weights:
        return silent([term("rate", arm) for arm in rows.arms], rows.groups, WEIGHTED)
    events, lived = rows.had, rows.summed(rows.weight * (rows.exit - rows.entry))
    rates = incidence_rate(events, lived)
    ratios = rate_ratio(events, lived, events[:, :1], lived[:, :1])
    terms = []
    for at, arm in enumerate(rows.arms):
        terms.append(_rate("rate", arm, rows, rates, at, events[:, at]))
        if at:
            terms.append(_rate("rate_ratio", arm, rows, ratios, at, events[:, at]))
    return answers_of(*terms)


def _rate(measure: str, arm: str, rows: Courses, found: Rate, at: int, events: Floats) -> Term:
    n = rows.entered[:, at]
    note = rows.told(np.where(n == 0, NOBODY, found.note[:, at]))
    numbers = found.estimate[:, at], found.low[:, at], found.high[:, at]
    return Term(term(measure, arm), *numbers, np.nan, n, events, note)
