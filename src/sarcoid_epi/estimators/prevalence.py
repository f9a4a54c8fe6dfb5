"""How common: shares of patients with an organ involved, with osseous disease on record, with hypercalcaemia."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sarcoid_epi.estimands import HYPERCALCAEMIA_PREVALENCE, ORGAN_PREVALENCE, RECORDED_PREVALENCE
from sarcoid_epi.estimators.declare import Answers, estimator, side_by_side, silent
from sarcoid_epi.stats.interval import Interval
from sarcoid_epi.stats.proportion import wilson
from sarcoid_epi.strata import Strata
from sarcoid_epi.vocabulary import ORGANS

#: Why a row has no number.
NOBODY = "nobody in whom it is known"


@estimator(question="prevalence", estimand=ORGAN_PREVALENCE, references=("wilson1927", "brown2001"))
def organs(strata: Strata) -> Answers:
    """Prevalence of organ involvement.

    For each organ, events / n with Wilson limits, n counting the patients in whom the organ's state is known.

    Parameters
    ----------
    strata : Strata
        With a flag for each organ; organs without a column get a row with a note.

    Returns
    -------
    Answers
        Proportions, shape (groups, 9 organs).

    Assumes
    -------
    Patients are independent, and those in whom an organ was not looked at are like the others.

    References
    ----------
    wilson1927, brown2001
    """
    return shares(strata, ORGANS)


@estimator(
    question="prevalence",
    estimand=RECORDED_PREVALENCE,
    needs=("osseous_recorded",),
    references=("wilson1927", "brown2001"),
)
def recorded_osseous(strata: Strata) -> Answers:
    """Prevalence of osseous sarcoidosis on record.

    events / n with Wilson limits: what the record says, not what is true.

    Parameters
    ----------
    strata : Strata
        With the flag `osseous_recorded`.

    Returns
    -------
    Answers
        Proportions, shape (groups, 1).

    Assumes
    -------
    Patients are independent. Nothing is assumed about who was looked at: this is the share on record, and it is neither
    the share of patients with osseous disease nor a lower bound of it, since a record may be false.

    References
    ----------
    wilson1927, brown2001
    """
    return shares(strata, ("osseous_recorded",))


@estimator(
    question="prevalence",
    estimand=HYPERCALCAEMIA_PREVALENCE,
    needs=("hypercalcaemia",),
    references=("wilson1927", "brown2001"),
)
def hypercalcaemia(strata: Strata) -> Answers:
    """Prevalence of hypercalcaemia among patients with a measurement.

    events / n with Wilson limits, n counting the patients whose serum calcium was measured.

    Parameters
    ----------
    strata : Strata
        With the flag `hypercalcaemia`, missing where calcium was not measured.

    Returns
    -------
    Answers
        Proportions, shape (groups, 1).

    Assumes
    -------
    Patients are independent, and those without a measurement are like those with one. Where the ill are measured more
    often, the share is too high.

    References
    ----------
    wilson1927, brown2001
    """
    return shares(strata, ("hypercalcaemia",))


def shares(strata: Strata, columns: Sequence[str], level: float = 0.95) -> Answers:
    """events / n with Wilson limits for several flags; a flag without a column gets rows with a note."""
    return side_by_side(
        [
            share(column, *strata.events(column), level=level)
            if column in strata.columns
            else silent([column], len(strata.labels), f"no column '{column}'")
            for column in columns
        ]
    )


def share(
    term: str, events: np.ndarray, n: np.ndarray, level: float = 0.95, limits: Callable[..., Interval] = wilson
) -> Answers:
    """events / n with limits, Wilson's by default, and the binomial standard error, as answers for one term."""
    events, n = (np.asarray(count, dtype=float)[:, None] for count in (events, n))
    known = n > 0
    proportion = np.divide(events, n, out=np.full(n.shape, np.nan), where=known)
    std_error = np.sqrt(np.divide(proportion * (1 - proportion), n, out=np.full(n.shape, np.nan), where=known))
    low, high = limits(events, n, level)
    return Answers((term,), proportion, low, high, std_error, n, events, np.where(known, "", NOBODY), level)
