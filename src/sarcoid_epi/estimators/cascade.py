"""Where true cases are lost on their way to the record, and how many people that makes."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from sarcoid_epi.estimands import BURDEN, UNDERDIAGNOSIS
from sarcoid_epi.estimators.believing import (
    ENOUGH,
    NO_INFORMATION,
    POINTS,
    STEPS,
    Fitted,
    at,
    detected,
    detects,
    distinct_records,
    fitted,
    leaning,
    said_of_records,
    weighed,
)
from sarcoid_epi.estimators.declare import Answers, Floats, estimator, repeated, silent, unbelieved
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.scenario import Belief
from sarcoid_epi.scenario.belief import Cascade, Detection
from sarcoid_epi.stats.cascade import Detected
from sarcoid_epi.stats.importance import sobol
from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.weighted import summary
from sarcoid_epi.strata import Strata

CONTRADICTION = "the belief and the records contradict each other"
NO_DOUBT = "nothing to share out: either nobody is unrecorded, or the number is sure"

#: The parts of the true cases that never reach the record.
LOST = ("never_imaged_symptomatic", "never_imaged_silent", "not_seen", "not_written")


@estimator(
    question="underdiagnosis",
    estimand=UNDERDIAGNOSIS,
    needs=("osseous_recorded",),
    believes=("cascade", "specificity"),
    references=("rogan1978", "sobol1967"),
    rests="the believed steps of detection",
)
def detection_cascade(strata: Strata, belief: Belief) -> Answers:
    """Osseous sarcoidosis behind the record, through the believed steps of its detection.

    A case has symptoms or not, is imaged or not by each modality, is seen or not, and is written down or not
    (`stats.cascade.detection`). Each believed chance is drawn from its range, each draw weighted by how well it fits
    the share on record, and the true share, uniform before, follows from the rest. Terms: `osseous`, the true share;
    `underdiagnosis`, the share of the true cases that is not on record; `true_per_record`, true cases for each patient
    on record; `missed`, cases not on record, of all patients; and the four parts of the true cases that are lost,
    `never_imaged_symptomatic`, `never_imaged_silent`, `not_seen`, `not_written`. Estimates are posterior medians, those
    of the four parts means, which add up to the mean underdiagnosis; limits are the 2.5 and 97.5 % points.

    Parameters
    ----------
    strata : Strata
        With the flag `osseous_recorded`.
    belief : Belief
        Its section [cascade] and the specificity. Without the section there is a row with a note.

    Returns
    -------
    Answers
        Shape (groups, 8).

    Assumes
    -------
    Detection is as believed and the same in all patients of a group; given symptoms and the kind of lesion, modalities
    are independent; what is believed of one modality too high is so of all; every true share is as likely as any other
    beforehand. How the cases are lost comes from the belief
    alone: the record holds one number, and cannot tell one step from another.

    References
    ----------
    rogan1978, sobol1967
    """
    terms = ("osseous", "underdiagnosis", "true_per_record", "missed", *LOST)
    if belief.cascade is None:
        return unbelieved(terms, len(strata.labels), "the steps of detection", "cascade")
    recorded, known, back = distinct_records(strata)
    parts, right, places, weight = _believed(belief.cascade, belief.specificity)
    found = parts.recorded.sum(axis=-1)
    answer = fitted(recorded, known, found, right, places, weight)
    apparent = answer.share * found + (1 - answer.share) * (1 - right)
    lost = (parts.not_imaged[:, 0], parts.not_imaged[:, 1], parts.not_seen.sum(axis=-1), parts.not_written.sum(axis=-1))
    values = (answer.share, 1 - found, answer.share / apparent, answer.share * (1 - found), *lost)
    told = _summarised(terms, values, answer, recorded, known)
    per_record = np.array(terms) == "true_per_record"
    unknown = (recorded == 0)[:, None] & per_record
    estimate, low, high, error = (
        np.where(unknown, np.nan, column) for column in (told.estimate, told.low, told.high, told.std_error)
    )
    note = said_of_records(recorded, known, belief.specificity.value.value, told.note[:, 0])
    beside = np.broadcast_to(note[:, None], told.shape)
    return repeated(replace(told, estimate=estimate, low=low, high=high, std_error=error, note=beside), back)


@lru_cache(maxsize=4)
def _believed(cascade: Cascade, specificity: Detection) -> tuple[Detected, Array, Array, Array]:
    """Draws of what becomes of true cases, of the specificity, of places of the true share, and their log weights.

    The same for every group and every replicate, so made once for each belief.
    """
    places = sobol(POINTS, len(STEPS) + 2)
    seen = STEPS.index("seen")
    low, weight = leaning(places[:, seen])
    places[:, seen] = low
    parts = detected(cascade, places[:, :-2])
    return parts, weighed(specificity, places[:, -2]), places[:, -1], weight


@estimator(
    question="underdiagnosis",
    estimand=BURDEN,
    needs=("osseous_recorded",),
    believes=("sensitivity", "specificity", "occurrence"),
    references=("rogan1978", "sobol1967"),
    rests="believed detection and occurrence",
)
def burden(strata: Strata, belief: Belief) -> Answers:
    """People with osseous sarcoidosis that is not on record, in a population.

    N people, of whom a share occ has diagnosed sarcoidosis, of whom a share pi has it in the bones, of which a share U
    is not on record:

        people_unrecorded = N occ pi U

    All four are drawn together, as in `detection_cascade`, with sensitivity and specificity of the record as believed.
    Terms: `people_with_sarcoidosis`, N occ; `osseous`, pi; `underdiagnosis`, U; `people_unrecorded`, all together; and
    how much of its doubt comes from each factor, `doubt_occurrence`, `doubt_osseous`, `doubt_underdiagnosis`:
    cov(log factor, log people) over var(log people), which add up to 1. A negative part says that a factor offsets
    another. Estimates are posterior medians.

    Parameters
    ----------
    strata : Strata
        With the flag `osseous_recorded`.
    belief : Belief
        Sensitivity, specificity, and the section [occurrence]: people with sarcoidosis per 100 000, and of how many.

    Returns
    -------
    Answers
        Shape (groups, 7); people are counted, the rest are shares.

    Assumes
    -------
    The patients stand for all people with diagnosed sarcoidosis in the population: those of a referral hospital, who
    are iller, make it too large. People whose sarcoidosis itself is unknown are not counted.

    References
    ----------
    rogan1978, sobol1967
    """
    terms = ("people_with_sarcoidosis", "osseous", "underdiagnosis", "people_unrecorded")
    doubts = ("doubt_occurrence", "doubt_osseous", "doubt_underdiagnosis")
    if belief.occurrence is None:
        return unbelieved((*terms, *doubts), len(strata.labels), "how many have sarcoidosis", "occurrence")
    if not detects(belief):
        return silent((*terms, *doubts), len(strata.labels), NO_INFORMATION)
    recorded, known, back = distinct_records(strata)
    places = sobol(POINTS, 4)
    low, weight = leaning(places[:, 0])
    found, right = weighed(belief.sensitivity, low), weighed(belief.specificity, places[:, 1])
    answer = fitted(recorded, known, found, right, places[:, 2], weight)
    people = belief.occurrence.population.value * at(belief.occurrence.prevalence, places[:, 3]) / 1e5
    values = (people, answer.share, 1 - found, people * answer.share * (1 - found))
    told = _summarised(terms, values, answer, recorded, known)
    note = said_of_records(recorded, known, belief.specificity.value.value, told.note[:, 0])
    told = replace(told, note=np.broadcast_to(note[:, None], told.shape))
    with np.errstate(divide="ignore"):
        logs = [np.log(np.broadcast_to(value, answer.weights.shape)) for value in values]
    parts = np.stack([_covariance(factor, logs[3], answer.weights) for factor in logs[:3]], axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = parts / parts.sum(axis=-1, keepdims=True)
    shares = np.where(np.isnan(told.estimate[:, :1]), np.nan, shares)
    unshared = np.where((told.note[:, :3] == "") & np.isnan(shares), NO_DOUBT, told.note[:, :3])
    beside = np.full(shares.shape, np.nan)
    answers = Answers(
        (*terms, *doubts),
        np.concatenate([told.estimate, shares], axis=1),
        np.concatenate([told.low, beside], axis=1),
        np.concatenate([told.high, beside], axis=1),
        np.concatenate([told.std_error, beside], axis=1),
        np.concatenate([told.n, beside], axis=1),
        np.concatenate([told.events, beside], axis=1),
        np.concatenate([told.note, unshared], axis=1),
    )
    return repeated(answers, back)


def _covariance(one: Floats, other: Floats, weights: Floats) -> Floats:
    """Weighted covariance over draws; draws of no weight, and those at 0, are left out."""
    kept = np.where(np.isfinite(one) & np.isfinite(other), weights, 0.0)
    one, other = (np.where(kept > 0, value, 0.0) for value in (one, other))
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = kept / kept.sum(axis=-1, keepdims=True)
    centred = [value - (kept * value).sum(axis=-1, keepdims=True) for value in (one, other)]
    return np.asarray((kept * centred[0] * centred[1]).sum(axis=-1))


def _summarised(
    terms: tuple[str, ...], values: tuple[Floats, ...], answer: Fitted, recorded: Floats, known: Floats
) -> Answers:
    """Posterior medians (of parts that add up, means), standard deviations and limits in each group."""
    told = [summary(np.broadcast_to(value, answer.weights.shape), answer.weights) for value in values]
    adding_up = np.array([term in LOST for term in terms])
    mean, sd, median, low, high = (np.stack(column, axis=-1) for column in zip(*told, strict=True))
    note = np.select([known == 0, answer.worth < ENOUGH], [NOBODY, CONTRADICTION], "")
    mute = (note != "")[:, None] | np.zeros(len(terms), dtype=bool)
    columns = np.where(adding_up, mean, median), low, high, sd
    estimate, low, high, sd = (np.where(mute, np.nan, column) for column in columns)
    n, events = (np.broadcast_to(count[:, None], mute.shape) for count in (known, recorded))
    return Answers(terms, estimate, low, high, sd, n, events, np.broadcast_to(note[:, None], mute.shape))
