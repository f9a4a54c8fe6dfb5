"""Standard errors of survival and incidence when patients carry weights: the infinitesimal jackknife, in one pass."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.aalen_johansen import (
    CumulativeIncidence,
    cumulative_incidence,
    incidence_limits,
    strictly_inside,
)
from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.patient_rows import Rows, checked_rows, timed
from sarcoid_epi.stats.risk_table import risk_table


def robust_incidence(
    exit: ArrayLike,
    event: ArrayLike,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    causes: int | None = None,
    level: float = 0.95,
    limits: str = "log-log",
) -> CumulativeIncidence:
    r"""Cumulative incidence (and survival) of weighted patients with its robust standard error.

    The curves are those of `cumulative_incidence`. The variance sums the squares of what each patient contributes:

    .. math:: \sigma_k^2(t) = \sum_i w_i^2 U_{ik}(t)^2, \quad U_{ik}(t) = \frac{\partial F_k(t)}{\partial w_i}
              = \sum_{u \le t} \frac{1(e_i < u \le x_i)}{Y(u)} \left[ S(u-) (\delta_{ik}(u) - \lambda_k(u))
              - \frac{\delta_i(u) - \lambda(u)}{1 - \lambda(u)} (F_k(t) - F_k(u)) \right]

    with delta_ik(u) 1 where i has an event of cause k at u, and delta_i(u) of any. The sum over patients is taken by
    running sums, not patient by patient and time by time. With one cause S = 1 - F has the same error. Without weights
    and late entry it is the error of `cumulative_incidence`.

    Parameters
    ----------
    exit, event, entry, weights, causes
        As for `risk_table`: one row a **patient** (several rows of one patient would be taken for several patients).
    level
        Confidence level, between 0 and 1.
    limits
        Scale of the limits, as for `kaplan_meier`; where F is 0 there are none, since weights have no such rule.

    Returns
    -------
    CumulativeIncidence of shapes (C, T) and (T,).

    Raises
    ------
    ValueError
        As `risk_table`, or if `level` is not between 0 and 1 or `limits` is none of the four scales.

    Assumes
    -------
    Patients are independent; the weights are right and taken as known; weighted, censoring and late entry tell nothing
    about the events.

    References
    ----------
    aalen1978, therneau2000

    Examples
    --------
    Doubling every weight changes nothing, as it must not when weights are not numbers of patients:

    >>> once = robust_incidence([1, 2, 3, 4], [1, 0, 1, 0], weights=[1, 2, 1, 2])
    >>> twice = robust_incidence([1, 2, 3, 4], [1, 0, 1, 0], weights=[2, 4, 2, 4])
    >>> print(np.allclose(once.std_error, twice.std_error))
    True
    """
    rows = checked_rows(exit, event, entry, weights)
    table = risk_table(exit, event, entry, weights, causes=causes)
    plain = cumulative_incidence(table, level, limits)
    time, left, came = timed(rows)
    events = table.events.sum(-2)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(events > 0, 1.0 / table.at_risk, 0.0)
        survivors = np.where(table.at_risk > events, 1.0 / (table.at_risk - events), 0.0)
    before = np.append(1.0, np.cumprod(1.0 - events * share))[:-1]
    error = np.stack(
        [
            _error(rows, left, came, cause + 1, share, survivors, before, events, of_cause)
            for cause, of_cause in enumerate(table.events)
        ]
    )
    error = np.where(strictly_inside(plain.incidence), error, np.nan)
    none = np.zeros(time.shape, dtype=bool)
    low, high = incidence_limits(plain.incidence, error, table.at_risk, none, plain.survival == 0, level, limits)
    return plain._replace(std_error=error, low=low, high=high)


def _error(
    rows: Rows,
    left: NDArray[np.intp],
    came: NDArray[np.intp],
    cause: int,
    share: Array,
    survivors: Array,
    before: Array,
    events: Array,
    of_cause: Array,
) -> Array:
    """Root of the sum of squares of w (p - F(t) q): p and q stand still once a patient has left.

    While at risk, p = -(B(t) - B(e)) and q = -(A(t) - A(e)) with running sums A and B common to all; an event adds its
    own part to both.
    """
    incidence = np.cumsum(before * of_cause * share)
    rate = events * share * survivors
    of_all = np.cumsum(rate)
    of_this = np.cumsum(before * of_cause * share**2 + incidence * rate)
    start_all = np.where(came >= 0, of_all[came], 0.0)
    start_this = np.where(came >= 0, of_this[came], 0.0)
    had, had_this = rows.event > 0, rows.event == cause
    q = np.where(had, survivors[left], 0.0) - (of_all[left] - start_all)
    p = np.where(had_this, (before * share)[left], 0.0) + np.where(had, (incidence * survivors)[left], 0.0)
    p -= of_this[left] - start_this
    square = rows.weights**2

    def gone(values: Array) -> Array:
        return np.cumsum(np.bincount(left, square * values, share.size))

    def present(values: Array) -> Array:
        late = came >= 0
        first = (square * values)[~late].sum()
        entered = np.cumsum(np.bincount(came[late], (square * values)[late], share.size))
        return np.asarray(first + entered - gone(values), dtype=np.float64)

    ones = np.ones(rows.exit.size)
    pp = gone(p * p) + _moved(present, of_this, start_this, of_this, start_this, ones)
    pq = gone(p * q) + _moved(present, of_this, start_this, of_all, start_all, ones)
    qq = gone(q * q) + _moved(present, of_all, start_all, of_all, start_all, ones)
    return np.asarray(np.sqrt(np.maximum(pp - 2.0 * incidence * pq + incidence**2 * qq, 0.0)))


def _moved(
    present: Callable[[Array], Array], one: Array, one_start: Array, other: Array, other_start: Array, ones: Array
) -> Array:
    """Sum over those present of (one(t) - one(e)) (other(t) - other(e))."""
    return np.asarray(
        one * other * present(ones)
        - one * present(other_start)
        - other * present(one_start)
        + present(one_start * other_start)
    )
