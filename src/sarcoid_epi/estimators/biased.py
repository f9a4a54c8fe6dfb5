"""Probabilistic bias analysis: what error in the record does to a share, and to an association."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.estimands import LOFGREN_ODDS_RATIO, TRUE_PREVALENCE
from sarcoid_epi.estimators.believing import ENOUGH, NO_INFORMATION, detects, drawn_detection
from sarcoid_epi.estimators.cascade import CONTRADICTION
from sarcoid_epi.estimators.declare import Answers, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.scenario import Belief
from sarcoid_epi.stats.bias_analysis import ErrorLimits, record_level, summary_level
from sarcoid_epi.stats.importance import sobol
from sarcoid_epi.stats.interval import normal_quantile
from sarcoid_epi.strata import Strata

#: Draws of a belief; four times as many move limits by less than 1 % of themselves.
DRAWS = 2**12

ALL_CHANCE = "nobody, or everybody, is on record: doubt of the belief cannot be told from that of chance"
NO_CASE_LEFT = "in some draws a group has no case, or nobody without: a limit is 0 or infinite"
NO_ODDS = "a group without a record, or without a patient off record: no odds to compare"


def _spoken(found: ErrorLimits, draws: int) -> ErrorLimits:
    """Nothing where the records leave so few draws possible that their limits would be narrow for want of draws."""
    few = (1 - found.impossible) * draws < ENOUGH
    bare = (CONTRADICTION if part is found.note else np.nan for part in found)
    return ErrorLimits(*(np.where(few, none, part) for none, part in zip(bare, found, strict=True)))


@estimator(
    question="underdiagnosis",
    estimand=TRUE_PREVALENCE,
    needs=("osseous_recorded",),
    believes=("sensitivity", "specificity", "together"),
    references=("lash2014", "fox2021", "rogan1978", "brown2001"),
    rests="believed sensitivity and specificity, and how they go together",
)
def bias_analysed_prevalence(strata: Strata, belief: Belief) -> Answers:
    """Prevalence of osseous sarcoidosis by probabilistic bias analysis.

    Sensitivity and specificity are drawn from the belief, correlated as it says (normal copula), and the share on
    record with its chance; each draw is corrected by Rogan and Gladen. Terms: `osseous`, the median with limits for
    total error; `osseous_systematic`, with those of the belief alone, where some are on record but not all. Draws that
    no true share can have led to are left out of both, and told where they are more than a tenth.

    Parameters
    ----------
    strata : Strata
        With the flag `osseous_recorded`.
    belief : Belief
        Sensitivity and specificity of the record, and the correlation of its section [together].

    Returns
    -------
    Answers
        Proportions, shape (groups, 2).

    Assumes
    -------
    Detection is as believed, and the same in all patients of a group.

    References
    ----------
    lash2014, fox2021, rogan1978, brown2001
    """
    recorded, known = strata.events("osseous_recorded")
    places = sobol(DRAWS, 4)
    pairs, back = np.unique(np.stack([recorded, known], axis=-1), axis=0, return_inverse=True)
    found = _spoken(
        summary_level(pairs[:, 0], pairs[:, 1], *drawn_detection(belief, places[:, :3]), places[:, 3]), DRAWS
    )
    back = back.ravel()
    if not detects(belief):
        return silent(("osseous", "osseous_systematic"), len(known), NO_INFORMATION)
    counted = np.nan, known, recorded
    note = np.where(known == 0, NOBODY, found.note[back])
    # Of nobody (or everybody) the share without chance is 0 (or 1), which the median of a beta is not.
    edge = (known > 0) & ((recorded == 0) | (recorded == known))
    alone = np.where(edge, ALL_CHANCE, note)

    median = np.where(edge, np.nan, found.median[back])
    return answers_of(
        Term("osseous", found.total_median[back], found.total_low[back], found.total_high[back], *counted, note),
        Term("osseous_systematic", median, found.low[back], found.high[back], *counted, alone),
    )


@estimator(
    question="underdiagnosis",
    estimand=LOFGREN_ODDS_RATIO,
    needs=("lofgren_broad", "osseous_recorded"),
    believes=("sensitivity", "specificity", "together"),
    references=("fox2005", "fox2021", "lash2014"),
    rests="believed detection, the same with Löfgren syndrome and without",
)
def bias_analysed_odds_ratio(strata: Strata, belief: Belief) -> Answers:
    """Odds ratio of osseous sarcoidosis with Löfgren syndrome, before and after record-level bias analysis.

    Terms: `odds_ratio_recorded`, of the records as they are, with Woolf's limits; `odds_ratio_corrected`, in which each
    draw of sensitivity and specificity makes every record anew (a record is true with the predictive value that follows
    from the draw) and adds the conventional random error: median and limits for total error.

    Parameters
    ----------
    strata : Strata
        With the flags `lofgren_broad` and `osseous_recorded`.
    belief : Belief
        Sensitivity and specificity of the record, and the correlation of its section [together].

    Returns
    -------
    Answers
        Ratios, shape (groups, 2).

    Assumes
    -------
    Records err alike with Löfgren syndrome and without. Patients with it are looked at less: where that matters, the
    corrected ratio is still too low.

    References
    ----------
    fox2005, fox2021, lash2014
    """
    counts = strata.table("lofgren_broad", "osseous_recorded").astype(float)
    n, events = counts.sum(axis=(1, 2)), counts[:, :, 1].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = np.log(counts[:, 1, 1] * counts[:, 0, 0] / (counts[:, 1, 0] * counts[:, 0, 1]))
        error = np.sqrt((1 / counts).sum(axis=(1, 2)))
    known = np.isfinite(log_ratio) & np.isfinite(error)
    log_ratio, error = (np.where(known, value, np.nan) for value in (log_ratio, error))
    plain, reach = np.exp(log_ratio), np.exp(normal_quantile(0.95) * error)
    places = sobol(DRAWS // 4, 10)
    se, sp = (draws[:, None] for draws in drawn_detection(belief, places[:, :3]))
    found = _spoken(record_level(counts, [False, True], se, sp, places[:, 3:]), DRAWS // 4)
    bare = np.where(n == 0, NOBODY, np.where(known, "", NO_ODDS))
    centre = np.where(known & np.isfinite(found.total_median), found.total_median, np.nan)
    note = np.where(known, found.note, bare)
    open_ended = known & (note == "") & ((found.total_low == 0) | np.isinf(found.total_high))
    note = np.where(open_ended, NO_CASE_LEFT, note)
    return answers_of(
        Term("odds_ratio_recorded", plain, plain / reach, plain * reach, plain * error, n, events, bare),
        Term("odds_ratio_corrected", centre, found.total_low, found.total_high, np.nan, n, events, note),
    )
