"""How much is missed: the true share behind the recorded one, as far as a belief about detection carries."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.estimands import TRUE_PREVALENCE
from sarcoid_epi.estimators.declare import Answers, estimator
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.scenario import Belief
from sarcoid_epi.stats.believed import believed_share
from sarcoid_epi.stats.misclassification import rogan_gladen_delta
from sarcoid_epi.strata import Strata

#: A belief of which less than this share fits the records deserves a word.
MOSTLY_POSSIBLE = 0.9


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
    se, sp = belief.sensitivity, belief.specificity
    worth = (se.value.value, se.n.value, sp.value.value, sp.n.value)
    answer = believed_share(recorded, known, *worth)
    verified = (worth[0] * worth[1], worth[1], worth[2] * worth[3], worth[3])
    std_error = rogan_gladen_delta(recorded, known, *verified).std_error
    columns = (answer.estimate, answer.low, answer.high, std_error, known, recorded, answer.possible)
    estimate, low, high, std_error, n, events, possible = (np.asarray(c, dtype=float)[:, None] for c in columns)
    fits = np.char.add(np.char.mod("%.0f", 100 * np.nan_to_num(possible)), " % of the belief fits the records")
    note = np.select(
        [n == 0, np.isnan(estimate), np.isnan(low), estimate < 0, estimate > 1, possible < MOSTLY_POSSIBLE],
        [
            NOBODY,
            "believed sensitivity and specificity add up to one or less: records carry no information",
            "the belief and the records contradict each other: no limits",
            np.char.add("below zero: fewer on record than the believed false positives alone would give; ", fits),
            np.char.add("above one: more on record than the believed detection could give; ", fits),
            fits,
        ],
        "",
    )
    return Answers(("osseous",), estimate, low, high, std_error, n, events, note)
