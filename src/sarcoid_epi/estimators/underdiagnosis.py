"""How much is missed: the true share behind the recorded one, as far as a belief about detection carries."""

from __future__ import annotations

from typing import Any

import numpy as np

from sarcoid_epi.estimands import DETECTION, TRUE_PREVALENCE
from sarcoid_epi.estimators.believing import NO_INFORMATION, bounds, detects, said_of_records
from sarcoid_epi.estimators.declare import Answers, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.scenario import Belief
from sarcoid_epi.scenario.belief import Detection
from sarcoid_epi.stats.believed import believed_share
from sarcoid_epi.stats.bounds import Bounds, misclassification_bounds
from sarcoid_epi.stats.cloud import SmoothSummary
from sarcoid_epi.stats.misclassification import rogan_gladen, rogan_gladen_delta
from sarcoid_epi.stats.one_test import one_test_posterior
from sarcoid_epi.stats.prior import Prior, beta, point
from sarcoid_epi.stats.tipping import tipping_sensitivity
from sarcoid_epi.strata import Strata

#: A belief of which less than this share fits the records deserves a word.
MOSTLY_POSSIBLE = 0.9

#: True shares whose tipping sensitivity is told.
TARGETS = (0.02, 0.05, 0.1, 0.15)


@estimator(
    question="underdiagnosis",
    estimand=TRUE_PREVALENCE,
    needs=("osseous_recorded",),
    believes=("sensitivity", "specificity"),
    references=("rogan1978",),
    rests="believed sensitivity and specificity",
)
def corrected_prevalence(strata: Strata, belief: Belief) -> Answers:
    """Prevalence of osseous sarcoidosis corrected for believed detection.

    The Rogan-Gladen estimate (p + Sp - 1) / (Se + Sp - 1) of the recorded share p at the believed sensitivity Se and
    specificity Sp. The limits are the 2.5 % and 97.5 % points of the true share when p, Se and Sp are as uncertain as
    the counts and the belief say (beta distributions; Se and Sp as if seen in so many verified patients), given that
    the true share lies between 0 and 1. The estimate stays below 0 or above 1 where it falls there, with a note.

    Parameters
    ----------
    strata : Strata
        With the flag `osseous_recorded`.
    belief : Belief
        Sensitivity and specificity of the *record* (imaging received, reading and writing down together). The weight
        `n` of each decides how wide the limits are.

    Returns
    -------
    Answers
        Proportions, shape (groups, 1). The standard error is that of the delta method.

    Assumes
    -------
    Detection is as believed, and the same in all patients of a group. The records themselves say nothing about it: with
    another belief the answer is another.

    References
    ----------
    rogan1978
    """
    recorded, known = strata.events("osseous_recorded")
    (se_hit, se_miss), (sp_hit, sp_miss) = belief.sensitivity.shapes, belief.specificity.shapes
    verified = (se_hit, se_hit + se_miss, sp_hit, sp_hit + sp_miss)
    worth = (verified[0] / verified[1], verified[1], verified[2] / verified[3], verified[3])
    answer = believed_share(recorded, known, *worth)
    std_error = rogan_gladen_delta(recorded, known, *verified).std_error
    with np.errstate(invalid="ignore", divide="ignore"):
        apparent = recorded / known
    share = rogan_gladen(apparent, belief.sensitivity.value.value, belief.specificity.value.value)
    columns = (share, answer.low, answer.high, std_error, known, recorded, answer.possible)
    estimate, low, high, std_error, n, events, possible = (np.asarray(c, dtype=float)[:, None] for c in columns)
    fits = np.char.add(np.char.mod("%.0f", 100 * np.nan_to_num(possible)), " % of the belief fits the records")
    note = np.select(
        [n == 0, np.isnan(estimate), np.isnan(low), estimate < 0, estimate > 1, possible < MOSTLY_POSSIBLE],
        [
            NOBODY,
            NO_INFORMATION,
            "the belief and the records contradict each other: no limits",
            np.char.add("below zero: fewer on record than the believed false positives alone would give; ", fits),
            np.char.add("above one: more on record than the believed detection could give; ", fits),
            fits,
        ],
        "",
    )
    return Answers(("osseous",), estimate, low, high, std_error, n, events, note)


@estimator(
    question="underdiagnosis",
    estimand=TRUE_PREVALENCE,
    needs=("osseous_recorded",),
    believes=("sensitivity", "specificity"),
    references=("joseph1995", "branscum2005"),
    rests="believed sensitivity and specificity",
)
def believed_prevalence(strata: Strata, belief: Belief) -> Answers:
    """Prevalence of osseous sarcoidosis by Bayes' theorem, from the record as an imperfect test.

    x ~ Bin(n, pi Se + (1 - pi)(1 - Sp)) with beta beliefs about Se and Sp and a uniform pi; exact quadrature. Terms:
    `osseous`, pi; `underdiagnosis`, 1 - Se, which records alone hardly move; `missed`, pi (1 - Se), cases not on record
    of all patients; `record_true`, the share of the records that are true. Posterior medians, central limits.

    Parameters
    ----------
    strata : Strata
        With the flag `osseous_recorded`.
    belief : Belief
        Sensitivity and specificity of the record, each as if seen in so many verified patients.

    Returns
    -------
    Answers
        Proportions, shape (groups, 4).

    Assumes
    -------
    Detection is as believed, and the same in all patients of a group; every true share is as likely as any other
    beforehand.

    References
    ----------
    joseph1995, branscum2005
    """
    recorded, known = strata.events("osseous_recorded")
    se, sp = believed_as_prior(belief.sensitivity), believed_as_prior(belief.specificity)
    found = one_test_posterior(recorded, known, se, sp)
    note = np.select([known == 0, np.full(known.shape, not detects(belief))], [NOBODY, NO_INFORMATION], found.note)
    mute = (known == 0) | (not detects(belief))
    note = said_of_records(recorded.astype(float), known.astype(float), belief.specificity.value.value, note)

    def term(name: str, told: SmoothSummary, turned: bool = False, unknown: Any = False) -> Term:
        middle, low, high = (np.where(mute | unknown, np.nan, part) for part in (told.median, told.low, told.high))
        if turned:
            middle, low, high = 1 - middle, 1 - high, 1 - low
        return Term(name, middle, low, high, told.sd, known, recorded, note)

    return answers_of(
        term("osseous", found.prevalence),
        term("underdiagnosis", found.sensitivity, turned=True),
        term("missed", found.undetected),
        term("record_true", found.predictive, unknown=recorded == 0),
    )


def believed_as_prior(believed: Detection) -> Prior:
    """A chance believed as if seen in so many verified patients."""
    return point(believed.value.value) if 0.0 in believed.shapes else beta(*believed.shapes)


@estimator(
    question="underdiagnosis",
    estimand=TRUE_PREVALENCE,
    needs=("osseous_recorded",),
    believes=("sensitivity", "specificity"),
    references=("rogan1978", "manski2003", "wilson1927"),
    rests="the believed ranges of sensitivity and specificity, and nothing else",
)
def possible_prevalence(strata: Strata, belief: Belief) -> Answers:
    """Prevalence of osseous sarcoidosis that believed ranges of detection leave possible.

    Terms: `osseous_least`, (p + Sp_min - 1) / (Se_max + Sp_min - 1), and `osseous_most`,
    (p + Sp_max - 1) / (Se_min + Sp_max - 1), of the recorded share p; cut at 0 and 1 with a note. These are bounds, no
    estimates: every share between them leaves such records. Each has Wilson limits carried through; from the lower
    limit of the one to the upper limit of the other is an interval for the true share.

    Parameters
    ----------
    strata : Strata
        With the flag `osseous_recorded`.
    belief : Belief
        The ranges `low` to `high` of sensitivity and specificity; where none is written, the middle 99 % of the weight.

    Returns
    -------
    Answers
        Proportions, shape (groups, 2).

    Assumes
    -------
    Sensitivity and specificity of the record lie in their ranges and are the same in all patients of a group. Nothing
    is assumed about where in the ranges.

    References
    ----------
    rogan1978, manski2003, wilson1927
    """
    recorded, known = strata.events("osseous_recorded")
    se, sp = bounds(belief.sensitivity), bounds(belief.specificity)
    # The ranges; and within them each bound's own corner, for the limits of the record at the same two values.
    se_low, se_high = np.array([[se[0], se[1], se[0]], [se[1], se[1], se[0]]])[..., None]
    sp_low, sp_high = np.array([[sp[0], sp[0], sp[1]], [sp[1], sp[0], sp[1]]])[..., None]
    found = misclassification_bounds(recorded, known, (se_low, se_high), (sp_low, sp_high))
    outer, least, most = (Bounds(*(field[at] for field in found)) for at in range(3))
    # A corner that the record contradicts has none; the bound is cut there, and its limit with it.
    inner_low = np.where(np.isnan(least.high_limit), outer.low, least.high_limit)
    inner_high = np.where(np.isnan(most.low_limit), outer.high, most.low_limit)
    if not detects(belief):
        return silent(("osseous_least", "osseous_most"), len(known), NO_INFORMATION)
    note = np.where(known == 0, NOBODY, outer.note)
    return answers_of(
        Term("osseous_least", outer.low, outer.low_limit, inner_low, np.nan, known, recorded, note),
        Term("osseous_most", outer.high, inner_high, outer.high_limit, np.nan, known, recorded, note),
    )


@estimator(
    question="underdiagnosis",
    estimand=DETECTION,
    needs=("osseous_recorded",),
    believes=("specificity",),
    references=("rogan1978", "wilson1927"),
    rests="the believed specificity; it answers what would have to be true",
)
def tipping_detection(strata: Strata, belief: Belief) -> Answers:
    """Sensitivity of the record at which the true share would reach a target.

    Se = (p - (1 - P)(1 - Sp)) / P for true shares P of 2, 5, 10 and 15 %, p the recorded share; terms `tipping_2` to
    `tipping_15`. Whoever holds that more than P have the disease must hold that records find less than this. Limits are
    those of p (Wilson) carried through.

    Parameters
    ----------
    strata : Strata
        With the flag `osseous_recorded`.
    belief : Belief
        The specificity, at its believed value.

    Returns
    -------
    Answers
        Proportions, shape (groups, 4); NaN with a note where no sensitivity does it.

    Assumes
    -------
    Specificity is as believed. Nothing is assumed about the sensitivity: it is the answer.

    References
    ----------
    rogan1978, wilson1927
    """
    recorded, known = strata.events("osseous_recorded")
    specificity = belief.specificity.value.value
    found = [tipping_sensitivity(recorded, known, target, specificity) for target in TARGETS]
    names = [f"tipping_{100 * target:g}" for target in TARGETS]
    return answers_of(
        *(
            Term(name, tip.value, tip.low, tip.high, np.nan, known, recorded, np.where(known == 0, NOBODY, tip.note))
            for name, tip in zip(names, found, strict=True)
        )
    )
