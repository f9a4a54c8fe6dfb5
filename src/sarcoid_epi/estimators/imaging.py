"""Of some patients there is an image of the whole body: what it says of all, and of those without one."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.estimands import TRUE_PREVALENCE
from sarcoid_epi.estimators.believing import ends
from sarcoid_epi.estimators.declare import Answers, Term, answers_of, estimator, unbelieved
from sarcoid_epi.scenario import Belief
from sarcoid_epi.stats.bounds import odds_bounds, selective_imaging_bounds
from sarcoid_epi.strata import Counts, Strata

#: The reading that shows the whole body in the most cohorts.
READING = "reading_fdg_pet"


def _read(strata: Strata) -> tuple[Counts, Counts, Counts]:
    """Positive, read, and all patients."""
    positive, read = strata.events(READING)
    return positive, read, strata.n()


@estimator(
    question="underdiagnosis",
    estimand=TRUE_PREVALENCE,
    needs=(READING,),
    references=("manski2003", "wilson1927"),
    rests="nothing but a right reading; hence so wide",
)
def imaged_prevalence(strata: Strata) -> Answers:
    """Prevalence of osseous sarcoidosis that FDG-PET of some of the patients leaves possible.

    With r the share of patients scanned and q the positive share of these: `osseous_least` r q, were all others free of
    it, and `osseous_most` r q + 1 - r, did all others have it. Bounds, no estimates.

    Parameters
    ----------
    strata : Strata
        With the flag `reading_fdg_pet`, missing in patients who were not scanned.

    Returns
    -------
    Answers
        Proportions, shape (groups, 2); n counts all patients, events the positive readings.

    Assumes
    -------
    A scan finds the disease where it is, and nowhere else. Nothing is assumed about why patients were scanned.

    References
    ----------
    manski2003, wilson1927
    """
    positive, read, everybody = _read(strata)
    found = selective_imaging_bounds(positive, read, everybody)
    # The inner limits: r q is the share if all others have odds 0, and r q + 1 - r what r (1 - q) leaves of all.
    least, free = (odds_bounds(seen, read, everybody, 0, 0).high_limit for seen in (positive, read - positive))
    blind = read == 0
    inner_low, inner_high = np.where(blind, found.low, least), np.where(blind, found.high, 1 - free)
    return answers_of(
        Term("osseous_least", found.low, found.low_limit, inner_low, np.nan, everybody, positive, found.note),
        Term("osseous_most", found.high, inner_high, found.high_limit, np.nan, everybody, positive, found.note),
    )


@estimator(
    question="underdiagnosis",
    estimand=TRUE_PREVALENCE,
    needs=(READING,),
    believes=("selection",),
    references=("manski2003", "wilson1927"),
    rests="the believed odds of disease in those who were not scanned",
)
def selected_prevalence(strata: Strata, belief: Belief) -> Answers:
    """Prevalence of osseous sarcoidosis when those not scanned have believed odds of it.

    With q the positive share of the scanned and odds of disease w times as high in the others, their share is
    w q / (1 - q + w q). Terms: `osseous`, at the believed odds ratio, with limits for its whole range; `osseous_least`
    and `osseous_most`, at the ends of the range. At w = 1 scanning says nothing of the disease (missing at random).

    Parameters
    ----------
    strata : Strata
        With the flag `reading_fdg_pet`, missing in patients who were not scanned.
    belief : Belief
        Its section [selection]: the odds ratio and its range. Without it there is a row with a note.

    Returns
    -------
    Answers
        Proportions, shape (groups, 3).

    Assumes
    -------
    A scan finds the disease where it is, and nowhere else; the odds ratio lies in its range.

    References
    ----------
    manski2003, wilson1927
    """
    terms = ("osseous", "osseous_least", "osseous_most")
    if belief.selection is None:
        return unbelieved(terms, len(strata.labels), "patients who were not scanned", "selection")
    positive, read, everybody = _read(strata)
    value, (low, high) = belief.selection.odds.value, ends(belief.selection.odds)

    def at(name: str, odds: float) -> Term:
        found = odds_bounds(positive, read, everybody, odds, odds)
        return Term(name, found.low, found.low_limit, found.high_limit, np.nan, everybody, positive, found.note)

    believed, least, most = (at(*pair) for pair in zip(terms, (value, low, high), strict=True))
    # The estimate carries the doubt of the whole range: at one odds ratio its limits would be those of counting alone.
    return answers_of(believed._replace(low=least.low, high=most.high), least, most)
