"""Sums over risk sets of a Cox model with Efron's ties: what its residuals, tests and baseline hazard are made of.

The model itself is fitted elsewhere (lifelines); these sums take its coefficients.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.patient_rows import Rows, checked_rows

_Codes = NDArray[np.intp]


class RiskSums(NamedTuple):
    """One entry per event, ties in a row of their own each (Efron): E events, P covariates.

    `patient`, `time`, `stratum` (E,); `total` (E,) the sum of exp(x'b) over the risk set less the part of the ties
    already counted; `mean` (E, P) and `variance` (E, P, P) of x in it, weighted with exp(x'b).
    """

    patient: _Codes
    time: Array
    stratum: _Codes
    total: Array
    mean: Array
    variance: Array


class CoxRows(NamedTuple):
    """Checked rows of a Cox model: follow-up, covariates (N, P), strata (N,) and coefficients (P,)."""

    rows: Rows
    covariates: Array
    strata: _Codes
    coefficients: Array


def cox_rows(
    covariates: ArrayLike,
    exit: ArrayLike,
    event: ArrayLike,
    coefficients: ArrayLike,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
) -> CoxRows:
    """Check and cast the rows of a Cox model.

    Parameters
    ----------
    covariates
        Shape (N, P), finite.
    exit, event, entry
        As for `risk_table`; event 0 or 1.
    coefficients
        Log hazard ratios, shape (P,).
    strata
        Codes 0, 1, ..., shape (N,); None takes all as one.

    Returns
    -------
    CoxRows.

    Raises
    ------
    ValueError
        As `risk_table`, or where shapes do not fit, a covariate is missing, or event is other than 0 and 1.

    Assumes
    -------
    Nothing.

    References
    ----------
    efron1977

    Examples
    --------
    >>> print(cox_rows([[1.0], [0.0]], [1, 2], [1, 1], [0.5]).covariates.shape)
    (2, 1)
    """
    rows = checked_rows(exit, event, entry)
    x, beta = np.asarray(covariates, dtype=np.float64), np.atleast_1d(np.asarray(coefficients, dtype=np.float64))
    if x.shape != (rows.exit.size, beta.size):
        raise ValueError(f"covariates must have shape ({rows.exit.size}, {beta.size}); got {x.shape}")
    if not (np.isfinite(x).all() and np.isfinite(beta).all()):
        raise ValueError("covariates and coefficients must be known")
    if rows.event.max(initial=0) > 1:
        raise ValueError("event must be 0 or 1: a Cox model has one kind of event")
    codes = np.zeros(rows.exit.size) if strata is None else np.asarray(strata, dtype=np.float64)
    if codes.shape != rows.exit.shape or not ((codes >= 0) & (codes == np.floor(codes))).all():
        raise ValueError("strata must be codes 0, 1, ..., one for each exit")
    return CoxRows(rows, x, codes.astype(np.intp), beta)


def risk_sums(cox: CoxRows) -> RiskSums:
    r"""Risk-set sums at each event, the k-th of d tied events with k/d of the ties' weight taken away (Efron).

    .. math:: S_m(t, k) = \sum_{e_i < t \le x_i} r_i x_i^{\otimes m} - \frac{k}{d} \sum_{x_i = t, \delta_i = 1} r_i
              x_i^{\otimes m}, \qquad k = 0, \dots, d - 1, \quad r_i = \exp(x_i' b)

    total = S_0, mean = S_1/S_0, variance = S_2/S_0 - mean mean'. Running sums in one pass over the rows.

    Parameters
    ----------
    cox
        Of `cox_rows`.

    Returns
    -------
    RiskSums, by stratum, time, then the order of the rows.

    Assumes
    -------
    Nothing; what it is used for assumes the model.

    References
    ----------
    efron1977

    Examples
    --------
    Two of three have the event at 1, with b = 0: totals 3 and 3 - 2/2:

    >>> print(risk_sums(cox_rows([[0.0], [1.0], [1.0]], [1, 1, 2], [1, 1, 0], [0.0])).total)
    [3. 2.]
    """
    rows, strata = cox.rows, cox.strata
    events = np.flatnonzero(rows.event == 1)
    order = events[np.lexsort((events, rows.exit[events], strata[events]))]
    time, stratum = rows.exit[order], strata[order]
    if not order.size:
        size = cox.coefficients.size
        return RiskSums(order, time, stratum, np.empty(0), np.empty((0, size)), np.empty((0, size, size)))
    new = np.concatenate([[True], (np.diff(time) != 0) | (np.diff(stratum) != 0)])
    tie = np.cumsum(new) - 1
    first = np.flatnonzero(new)
    ties = np.diff(np.append(first, order.size))
    part = (np.arange(order.size) - first[tie]) / ties[tie]
    until, since = _reach(rows, strata, time[first], stratum[first])

    centre = cox.covariates.mean(0)  # less is lost in S_2/S_0 - mean mean' around the middle
    x = cox.covariates - centre
    risk = np.exp(x @ cox.coefficients)

    def summed(values: Array) -> Array:
        """Over the risk set, less the part of the ties."""
        counts = np.bincount(until + 1, values, first.size + 1) - np.bincount(since + 1, values, first.size + 1)
        running = np.cumsum(counts[:0:-1])[::-1]
        of_ties = np.bincount(tie, values[order], first.size)
        return np.asarray(running[tie] - part * of_ties[tie])

    total = summed(risk)
    columns = range(x.shape[1])
    mean = np.stack([summed(risk * x[:, p]) / total for p in columns], axis=-1)
    variance = np.empty((order.size, x.shape[1], x.shape[1]))
    for p in columns:
        for q in range(p + 1):
            second = summed(risk * x[:, p] * x[:, q]) / total - mean[:, p] * mean[:, q]
            variance[:, p, q] = variance[:, q, p] = second
    scale = np.exp(centre @ cox.coefficients)
    return RiskSums(order, time, stratum, total * scale, mean + centre, variance)


def _reach(rows: Rows, strata: _Codes, time: Array, stratum: _Codes) -> tuple[_Codes, _Codes]:
    """For each row the last event time of its stratum at or before its exit, and at or before its entry.

    Event times are numbered through the strata. A row counts at the numbers above `since` up to `until`, which lie all
    in its own stratum: one before its first event is the last number of the stratum before, or -1.
    """
    until, since = np.empty(rows.exit.size, np.intp), np.empty(rows.exit.size, np.intp)
    for code in np.unique(strata):
        here = strata == code
        start = int(np.searchsorted(stratum, code, side="left"))
        times = time[start : int(np.searchsorted(stratum, code, side="right"))]
        until[here] = start - 1 + np.searchsorted(times, rows.exit[here], side="right")
        since[here] = start - 1 + np.searchsorted(times, rows.entry[here], side="right")
    return until, since
