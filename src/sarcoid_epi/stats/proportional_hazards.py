"""Do hazards stay proportional? The score test of Grambsch and Therneau for a fitted Cox model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc
from scipy.stats import rankdata

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.kaplan_meier import kaplan_meier
from sarcoid_epi.stats.patient_rows import Rows
from sarcoid_epi.stats.risk_sums import RiskSums, cox_rows, risk_sums
from sarcoid_epi.stats.risk_table import risk_table

NO_EVENT = "no event"
NO_INFORMATION = "the data say nothing about a change of this effect over time"
TIME_SCALES = ("km", "rank", "identity", "log")


class ProportionalityTest(NamedTuple):
    """Chi-squared, degrees, p and note of each term (K,), and of all terms together; the residuals behind them.

    `time` and `scaled` (E,) and (E, P): scaled Schoenfeld residuals plus the coefficient, an estimate of the effect at
    each event. A trend over time in them is what the test is about.
    """

    statistic: Array
    degrees: Array
    p_value: Array
    note: NDArray[np.str_]
    global_statistic: Array
    global_degrees: Array
    global_p_value: Array
    time: Array
    scaled: Array


def proportional_hazards_test(
    covariates: ArrayLike,
    exit: ArrayLike,
    event: ArrayLike,
    coefficients: ArrayLike,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    terms: Sequence[Sequence[int]] | None = None,
    time_scale: str = "km",
) -> ProportionalityTest:
    r"""Test whether the effects of a Cox model change over time (Grambsch-Therneau, as R's `cox.zph` since version 3).

    The model is widened to :math:`b + \theta\, g(t)`, and theta = 0 is tested by the score:

    .. math:: U_\theta = \sum_{events} g(t) (x - \bar x(t)), \qquad
              I = \sum_{events} V(t) \otimes \begin{pmatrix} 1 & g \\ g & g^2 \end{pmatrix}, \qquad
              \chi^2 = U_\theta' (I_{\theta\theta} - I_{\theta b} I_{bb}^{-1} I_{b\theta})^{-1} U_\theta

    with :math:`\bar x` and V the weighted mean and variance of the covariates in the risk set (Efron). V is that of
    each event; lifelines, and R before version 3, put its average in its place, which fails where V changes much over
    time, as when a covariate is used up or risk sets are small.

    Parameters
    ----------
    covariates
        As the model was fitted on, shape (N, P).
    exit, event, entry, strata
        The rows of the fit, as for `risk_sums`.
    coefficients
        Of the fit, Efron's ties, converged (its score must be 0), shape (P,).
    terms
        Columns of each term (a factor of three levels is one term of two columns); None tests each column.
    time_scale
        g: "km" 1 - Kaplan-Meier just before t (default), "rank", "identity" or "log".

    Returns
    -------
    ProportionalityTest; NaN with a note where there is no event, or V is 0 all along.

    Raises
    ------
    ValueError
        As `cox_rows`; for a time scale that is none of the four, or an unknown column.

    Assumes
    -------
    The model but for the effects tested. A large p is no proof: with few events the test sees little.

    References
    ----------
    grambsch1994, therneau2000

    Examples
    --------
    The data `aml` of R's survival, maintained or not, where `cox.zph` prints 0.00788 and p = 0.93:

    >>> exit = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
    >>> event = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    >>> answer = proportional_hazards_test([[0]] * 11 + [[1]] * 12, exit, event, [0.9155325750])
    >>> print(f"{answer.statistic[0]:.5f} {answer.p_value[0]:.2f}")
    0.00788 0.93
    """
    cox = cox_rows(covariates, exit, event, coefficients, entry, strata)
    size = cox.coefficients.size
    columns = [[p] for p in range(size)] if terms is None else [list(term) for term in terms]
    if any(p not in range(size) for term in columns for p in term):
        raise ValueError(f"terms must name columns 0 to {size - 1}")
    sums = risk_sums(cox)
    g = _scale(cox.rows, time_scale)[sums.patient]
    g = g - g.mean() if g.size else g
    residual = cox.covariates[sums.patient] - _tie_means(sums)
    score = np.concatenate([np.zeros(size), residual.T @ g])
    blocks = [np.einsum("e,epq->pq", g**power, sums.variance) for power in range(3)]
    information = np.block([[blocks[0], blocks[1]], [blocks[1], blocks[2]]])
    tests = [_score_test(score, information, size, term) for term in [*columns, list(range(size))]]
    statistic, degrees = (np.array(part, dtype=np.float64) for part in zip(*tests, strict=True))
    p_value = np.asarray(chdtrc(np.where(degrees > 0, degrees, np.nan), statistic))
    missing = NO_INFORMATION if g.size else NO_EVENT
    return ProportionalityTest(
        statistic[:-1],
        degrees[:-1],
        p_value[:-1],
        np.where(np.isnan(statistic[:-1]), missing, ""),
        statistic[-1],
        degrees[-1],
        p_value[-1],
        sums.time,
        cox.coefficients + g.size * residual @ np.linalg.pinv(blocks[0], hermitian=True),
    )


def _tie_means(sums: RiskSums) -> Array:
    """The mean of the covariates at each event, tied events alike: which of them comes first means nothing."""
    if not sums.time.size:
        return sums.mean
    new = np.concatenate([[True], (np.diff(sums.time) != 0) | (np.diff(sums.stratum) != 0)])
    first = np.flatnonzero(new)
    ties = np.diff(np.append(first, new.size))
    return np.asarray((np.add.reduceat(sums.mean, first, axis=0) / ties[:, None])[np.cumsum(new) - 1])


def _scale(rows: Rows, time_scale: str) -> Array:
    """g of each row's exit."""
    if time_scale == "km":
        curve = kaplan_meier(risk_table(rows.exit, rows.event, rows.entry))
        free = np.where(np.isnan(curve.survival), 0.0, curve.survival)
        before = np.concatenate([[1.0], free])[np.searchsorted(curve.time, rows.exit, side="left")]
        return np.asarray(1.0 - before)
    if time_scale == "rank":
        return np.asarray(rankdata(rows.exit))
    if time_scale == "identity":
        return rows.exit
    if time_scale == "log":
        if (rows.exit <= 0).any():
            raise ValueError("the time scale log needs times above 0")
        return np.asarray(np.log(rows.exit))
    raise ValueError(f"time_scale must be one of {', '.join(TIME_SCALES)}; got {time_scale!r}")


def _score_test(score: Array, information: Array, size: int, term: list[int]) -> tuple[float, int]:
    """Score test of the changes of one term, its information less what the effects themselves explain."""
    own = [size + p for p in term]
    within = information[:size, :size]
    across = information[own, :size]
    left = information[np.ix_(own, own)] - across @ np.linalg.pinv(within, hermitian=True) @ across.T
    scale = np.abs(np.diag(information)[own]).max()
    if not (np.linalg.eigvalsh(left) > 1e-10 * max(scale, np.finfo(np.float64).tiny)).all():
        return np.nan, len(term)
    return float(score[own] @ np.linalg.solve(left, score[own])), len(term)
