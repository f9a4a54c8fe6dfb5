"""How much is missed: the true share behind the recorded one, as far as a belief about detection carries."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.estimands import TRUE_PREVALENCE
from sarcoid_epi.estimators.declare import Answers, estimator
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.scenario import Belief
from sarcoid_epi.stats.misclassification import lang_reiczigel
from sarcoid_epi.strata import Strata


@estimator(
    question="underdiagnosis",
    estimand=TRUE_PREVALENCE,
    needs=("osseous_recorded",),
    believes=("sensitivity", "specificity"),
    references=("rogan1978", "lang2014"),
)
def corrected_prevalence(strata: Strata, belief: Belief) -> Answers:
    """Prevalence of osseous sarcoidosis corrected for believed detection.

    The Rogan-Gladen estimate (p + Sp - 1) / (Se + Sp - 1) of the recorded share p, with Lang-Reiczigel limits, which
    carry the uncertainty of the record and of the belief: sensitivity Se and specificity Sp count as if seen in so many
    verified patients as the belief says. The estimate stays below 0 or above 1 where it falls there, with a note.

    Parameters
    ----------
    strata : Strata
        With the flag `osseous_recorded`.
    belief : Belief
        Sensitivity and specificity of the *record* (imaging received, reading and writing down together).

    Returns
    -------
    Answers
        Proportions, shape (groups, 1). The standard error is that of the adjusted estimate behind the limits.

    Assumes
    -------
    Detection is as believed, and the same in all patients of a group. The records themselves say nothing about it: with
    another belief the answer is another.

    References
    ----------
    rogan1978, lang2014
    """
    recorded, known = strata.events("osseous_recorded")
    sensitivity, specificity = belief.sensitivity, belief.specificity
    n_se, n_sp = sensitivity.n.value, specificity.n.value
    seen_se, seen_sp = sensitivity.value.value * n_se, specificity.value.value * n_sp
    corrected = lang_reiczigel(recorded, known, seen_se, n_se, seen_sp, n_sp)
    columns = (corrected.estimate, corrected.low, corrected.high, corrected.std_error, known, recorded)
    estimate, low, high, std_error, n, events = (np.asarray(column, dtype=float)[:, None] for column in columns)
    note = np.select(
        [n == 0, np.isnan(estimate), estimate < 0, estimate > 1],
        [
            NOBODY,
            "believed sensitivity and specificity add up to one or less: records carry no information",
            "below zero: fewer on record than the believed false positives alone would give",
            "above one: more on record than the believed detection could give",
        ],
        "",
    )
    return Answers(("osseous",), estimate, low, high, std_error, n, events, note)
