"""Robust and cluster-robust covariance of a Cox model, with tied times, late entry and strata as they are.

lifelines' own takes no notice of late entry and of ties.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.risk_sums import cox_rows, risk_sums

ONE_CLUSTER = "fewer than two clusters: their spread cannot be seen"

_Codes = NDArray[np.intp]


class CoxSandwich(NamedTuple):
    """Covariance (P, P), standard errors (P,), how many independent units, and a note."""

    covariance: Array
    std_error: Array
    units: int
    note: str


def score_residuals(
    covariates: ArrayLike,
    exit: ArrayLike,
    event: ArrayLike,
    coefficients: ArrayLike,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
) -> Array:
    r"""What each row adds to the score of a Cox model (Efron): its event, less what was expected of it.

    .. math:: L_i = \delta_i (x_i - \bar x(t_i)) - \sum_{events\ in\ (e_i, x_i]} \left(1 - \frac kd 1_i\right)
              r_i \frac{x_i - \bar x}{S_0}

    with 1_i where i is one of the d tied events, of which k were counted before; the mean at an event of ties is that
    over all of them. The rows add up to the score.

    Parameters
    ----------
    covariates, exit, event, coefficients, entry, strata
        As for `cox_rows`.

    Returns
    -------
    Array of shape (N, P).

    Raises
    ------
    ValueError
        As `cox_rows`.

    Assumes
    -------
    Nothing.

    References
    ----------
    lin1989, therneau2000

    Examples
    --------
    At b = 0 the second of two was expected to have half of the first event, and all of its own:

    >>> print(score_residuals([[0.0], [1.0]], [1, 2], [1, 1], [0.0]).T)
    [[-0.25 -0.25]]
    """
    cox = cox_rows(covariates, exit, event, coefficients, entry, strata)
    sums, x = risk_sums(cox), cox.covariates
    residual = np.zeros(x.shape)
    if not sums.time.size:
        return residual
    new = np.concatenate([[True], (np.diff(sums.time) != 0) | (np.diff(sums.stratum) != 0)])
    tie, first = np.cumsum(new) - 1, np.flatnonzero(new)
    ties = np.diff(np.append(first, sums.time.size))
    counted = (np.arange(sums.time.size) - first[tie]) / ties[tie]

    def by_tie(values: Array) -> Array:
        return np.asarray(np.add.reduceat(values, first, axis=0))

    steps = np.column_stack([1.0 / sums.total, sums.mean / sums.total[:, None]])
    running = np.concatenate([np.zeros((1, steps.shape[1])), np.cumsum(by_tie(steps), axis=0)])
    until, since = _numbered(cox.strata, cox.rows.exit, cox.rows.entry, sums.time[first], sums.stratum[first])
    passed = running[until] - running[since]
    own = by_tie(steps * counted[:, None])[tie]  # what the ties' weight is less by at their own time
    risk = np.exp(x @ cox.coefficients)
    expected = x * passed[:, :1] - passed[:, 1:]
    expected[sums.patient] -= x[sums.patient] * own[:, :1] - own[:, 1:]
    residual -= risk[:, None] * expected
    residual[sums.patient] += x[sums.patient] - (by_tie(sums.mean) / ties[:, None])[tie]
    return residual


def cox_sandwich(residuals: ArrayLike, covariance: ArrayLike, cluster: ArrayLike | None = None) -> CoxSandwich:
    r"""Covariance of the coefficients from what rows, or clusters of rows, add to the score.

    .. math:: I^{-1} \left( \sum_c L_c L_c' \right) I^{-1}

    Without a factor for few clusters, as in R; `cr1_factor` is one.

    Parameters
    ----------
    residuals
        Of `score_residuals`, shape (N, P).
    covariance
        The inverse of the information, shape (P, P).
    cluster
        The cluster of each row, any codes, shape (N,); None takes each row as a patient of its own.

    Returns
    -------
    CoxSandwich; NaN with a note where there are fewer than two clusters.

    Raises
    ------
    ValueError
        If shapes do not fit.

    Assumes
    -------
    Clusters are independent, and many: with few the errors are too small.

    References
    ----------
    lin1989, therneau2000

    Examples
    --------
    >>> answer = cox_sandwich([[0.5], [-0.5], [0.5], [-0.5]], [[1.0]], [1, 1, 2, 2])
    >>> print(answer.std_error, answer.units)
    [0.] 2
    """
    score, inverse = np.asarray(residuals, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    if score.ndim != 2 or inverse.shape != (score.shape[1], score.shape[1]):
        raise ValueError(f"residuals (N, P) and covariance (P, P) must fit; got {score.shape} and {inverse.shape}")
    units = len(score)
    if cluster is not None:
        codes = np.asarray(cluster)
        if codes.shape != score.shape[:1]:
            raise ValueError(f"cluster must have shape {score.shape[:1]}; got {codes.shape}")
        present, place = np.unique(codes, return_inverse=True)
        units = len(present)
        score = np.stack([np.bincount(place, column, units) for column in score.T], axis=-1)
    if cluster is not None and units < 2:
        blank = np.full(inverse.shape, np.nan)
        return CoxSandwich(blank, np.diagonal(blank).copy(), units, ONE_CLUSTER)
    moved = score @ inverse
    found = moved.T @ moved
    return CoxSandwich(found, np.sqrt(np.diagonal(found)), units, "")


def _numbered(strata: _Codes, exit: Array, entry: Array, time: Array, stratum: _Codes) -> tuple[_Codes, _Codes]:
    """For each row how many event times, counted through the strata, lie at or before its exit, and its entry."""
    until, since = np.zeros(exit.size, np.intp), np.zeros(exit.size, np.intp)
    for code in np.unique(strata):
        here = strata == code
        start, stop = (int(np.searchsorted(stratum, code, side=side)) for side in ("left", "right"))
        until[here] = start + np.searchsorted(time[start:stop], exit[here], side="right")
        since[here] = start + np.searchsorted(time[start:stop], entry[here], side="right")
    return until, since
