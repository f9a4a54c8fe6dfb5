"""Accuracy of two tests and prevalence when nobody knows who has the condition, from populations that differ in it.

Notation: S populations with prevalence pi_s; Se_t and Sp_t sensitivity and specificity of test t = 1, 2, the same in
all populations; y_t its result.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, expit

from sarcoid_epi.stats.interval import Array, check_level
from sarcoid_epi.stats.two_classes import (
    EDGE,
    FLAT,
    NOT_CONVERGED,
    RIVAL,
    ZERO_OR_ONE,
    accuracy,
    deviance,
    loglinear,
    maximise,
    patterns,
    remark,
    separated_starts,
    spread,
    two_test_cells,
    two_test_tables,
)

ONE_POPULATION = "one population cannot tell two tests apart: not identified without beliefs"
NO_PATIENTS = "a population has no patients: leave it out"
CONSTANT = "a test gave the same result in everyone"
ALIKE = "the populations do not differ clearly (p > 0.05): hardly identified"
AGAINST = "the second test has sensitivity + specificity below 1"


class HuiWalter(NamedTuple):
    """Maximum likelihood; leading axes as in the counts, then populations (S) or tests (2)."""

    prevalence: Array
    prevalence_std_error: Array
    prevalence_low: Array
    prevalence_high: Array
    sensitivity: Array
    sensitivity_std_error: Array
    sensitivity_low: Array
    sensitivity_high: Array
    specificity: Array
    specificity_std_error: Array
    specificity_low: Array
    specificity_high: Array
    log_likelihood: Array
    deviance: Array
    df: NDArray[np.int64]
    converged: NDArray[np.bool_]
    note: NDArray[np.str_]


def hui_walter(counts: ArrayLike, level: float = 0.95) -> HuiWalter:
    r"""Prevalences and the accuracy of two tests from two or more populations, by maximum likelihood (Hui-Walter).

    .. math:: p_s(y_1, y_2) = \pi_s \prod_t Se_t^{y_t} (1 - Se_t)^{1 - y_t}
              + (1 - \pi_s) \prod_t (1 - Sp_t)^{y_t} Sp_t^{1 - y_t}

    S + 4 unknown numbers and 3 S shares observed, so that df = 2 S - 4: two populations are just enough and leave
    nothing to test the assumptions with. The search is Newton's, from six fixed starts. Exchanging the classes gives
    the same likelihood; the answer with Se + Sp above 1 for the **first** test is given, and a note when the second
    test then disagrees. Errors are from the observed information; limits are expit(logit(estimate) +- z error).

    A note says when the answer does not stand on firm ground: populations that do not differ clearly in their results
    (likelihood ratio test), a flat likelihood, another maximum within 0.01 of log-likelihood at other prevalences (by
    more than 0.01), an estimate at 0 or 1 (the limits of the others are then given that value).

    Parameters
    ----------
    counts
        Patients, shape (..., S, 2, 2): population, first test, second test, index 0 negative and 1 positive; 0 or more
        (fractions pass).
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    HuiWalter; NaN with a note where nothing is estimable, and always so for one population.

    Raises
    ------
    ValueError
        If the counts are negative or not of such a shape, or `level` is not between 0 and 1.

    Assumes
    -------
    Both tests have the same sensitivity and specificity in all populations, and err independently of each other within
    the diseased and within the healthy; prevalences differ. Tests that err together look better than they are.

    References
    ----------
    hui1980, vacek1985

    Examples
    --------
    Two tuberculin tests in two populations, the example of the paper:

    >>> fit = hui_walter([[[528, 9], [4, 14]], [[367, 37], [31, 887]]])
    >>> print(fit.prevalence.round(4), fit.sensitivity.round(4), fit.specificity.round(4))
    [0.0268 0.7168] [0.9661 0.9688] [0.9933 0.9841]
    """
    check_level(level)
    table, shape = two_test_tables(counts)
    groups, populations, _ = table.shape
    n, results = table.sum(-1), patterns(2)
    positive = table.sum(1) @ results
    constant = ((positive == 0) | (positive == n.sum(-1, keepdims=True))).any(-1)
    cases = ((n == 0).any(-1), np.full(groups, populations == 1), constant)
    note = np.select(cases, (NO_PATIENTS, ONE_POPULATION, CONSTANT), "").astype(object)
    rows = note == ""
    table, n = table[rows], n[rows]

    def turned(at: Array) -> NDArray[np.bool_]:
        return np.asarray(at[:, populations + 2] < at[:, populations])

    def turn(at: Array) -> Array:
        return np.concatenate(
            [-at[:, :populations], at[:, populations + 2 :], at[:, populations : populations + 2]], -1
        )

    classes = loglinear(results, results)
    fit = maximise(table, classes, separated_starts(table), np.full(populations + 4, EDGE), turned, turn)
    shares = accuracy(fit, classes, populations, 2, level)
    fitted = n[..., None] * two_test_cells(expit(fit.at))
    pooled = n[..., None] * table.sum(1, keepdims=True) / n.sum(-1)[:, None, None]
    flat = fit.flat | np.isin(shares.prevalence, (0.0, 1.0)).all(-1)
    failed = ~fit.converged & ~flat
    good = ~flat & ~failed
    edge = np.isin(np.concatenate([shares.prevalence, shares.sensitivity, shares.specificity], -1), (0.0, 1.0)).any(-1)
    said = np.select((flat, failed), (FLAT, NOT_CONVERGED), "").astype(np.str_)
    said = remark(said, good & fit.rival, RIVAL)
    said = remark(said, good & edge, ZERO_OR_ONE)
    said = remark(said, chdtrc(3.0 * (populations - 1), deviance(table, pooled)) > 0.05, ALIKE)
    note[rows] = remark(said, good & (shares.sensitivity + shares.specificity < 1)[:, 1], AGAINST)
    return HuiWalter(
        **{
            name: spread(np.where(good[:, None], share, np.nan), rows, shape)
            for name, share in shares._asdict().items()
        },
        log_likelihood=spread(np.where(failed, np.nan, fit.value), rows, shape),
        deviance=spread(np.where(failed, np.nan, deviance(table, fitted)), rows, shape),
        df=np.full(shape, 2 * populations - 4)[()],
        converged=(spread(good.astype(np.float64), rows, shape) == 1.0)[()],
        note=note.astype(np.str_).reshape(shape)[()],
    )
