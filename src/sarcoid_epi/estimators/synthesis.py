"""What several series say together."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.estimands import RECORDED_PREVALENCE
from sarcoid_epi.estimators.declare import Answers, estimator
from sarcoid_epi.stats.meta import binomial_normal, t_limits
from sarcoid_epi.strata import Strata

#: Fewer series than this leave the spread between them nearly unknown.
FEW = 10


@estimator(
    question="synthesis",
    estimand=RECORDED_PREVALENCE,
    needs=("study", "osseous_recorded"),
    references=("hamza2008", "stijnen2010", "higgins2009"),
    takes="series",
)
def pooled_prevalence(strata: Strata) -> Answers:
    """Prevalence of osseous sarcoidosis on record, pooled over series.

    The binomial-normal model: x_k of n_k patients of series k are on record, x_k ~ Bin(n_k, p_k), and
    logit p_k ~ N(mu, tau^2). No continuity correction. Terms: `osseous_recorded`, the share of a typical series,
    expit(mu), with limits expit(mu -+ t se) on K - 1 degrees of freedom for K series (normal limits are too narrow for
    few series); `prediction`, the share that a further series of the same kind may show, on K - 2 degrees of freedom;
    `tau`, the standard deviation between series on the logit scale.

    Parameters
    ----------
    strata : Strata
        With the category `study` and the flag `osseous_recorded`.

    Returns
    -------
    Answers
        Shape (groups, 3).

    Assumes
    -------
    The series are independent, share no patients, and differ among each other like draws from one distribution of
    ways to look and of patients. Where they differ in how they looked, the pooled share is an average over ways to
    look, not the prevalence of anything. With few series limits are rough: in simulations with four series of the sizes
    published here they covered 0.90 to 0.92 instead of 0.95, with three 0.91 to 0.99.

    References
    ----------
    hamza2008, stijnen2010, higgins2009
    """
    counts = strata.table("study", "osseous_recorded")
    events, n = counts[..., 1], counts.sum(axis=-1)
    pooled = binomial_normal(events, n)
    # One series has no degree of freedom left: its own limits stand.
    several, limits = pooled.studies > 1, t_limits(pooled)
    low, high = (np.where(several, t, z) for t, z in zip(limits, (pooled.low, pooled.high), strict=True))
    blank = np.full(pooled.share.shape, np.nan)
    # se(expit(mu)) by the delta method; the limits are those of the logit scale.
    std_error = pooled.share * (1 - pooled.share) * pooled.se_mu
    few = np.char.add(np.asarray(pooled.studies).astype(str), " series: limits are rough")
    note = np.where((pooled.note == "") & (pooled.studies < FEW), few, pooled.note)

    def beside(*columns: np.ndarray) -> np.ndarray:
        return np.stack([np.asarray(column) for column in columns], axis=-1)

    total, hits = n.sum(axis=-1).astype(float), events.sum(axis=-1).astype(float)
    return Answers(
        ("osseous_recorded", "prediction", "tau"),
        beside(pooled.share, pooled.share, pooled.tau),
        beside(low, pooled.prediction_low, blank),
        beside(high, pooled.prediction_high, blank),
        beside(std_error, blank, blank),
        beside(total, blank, blank),
        beside(hits, blank, blank),
        beside(note, note, note),
    )
