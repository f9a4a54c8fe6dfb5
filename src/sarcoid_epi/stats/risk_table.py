"""Who is at risk, and what happens, at each time: the table that every method for follow-up starts from.

A patient is at risk in (entry, exit]: one who enters at t is not yet at risk at t, one who leaves at t still is. So the
number at risk at t is that **just before** t, as in R. Ties stay ties: times are compared exactly, nothing is jittered.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.patient_rows import checked_rows, timed

_Codes = NDArray[np.intp]


class RiskTable(NamedTuple):
    """By time: at risk just before, events by cause, censored, entered late; groups or replicates on leading axes.

    `time` (T,) ascending; `at_risk`, `censored`, `entered` (..., T); `events` (..., C, T), C the number of causes.
    """

    time: Array
    at_risk: Array
    events: Array
    censored: Array
    entered: Array


class Numbers(NamedTuple):
    """At asked times: at risk just before, and up to and including the time events by cause, censored and entered."""

    time: Array
    at_risk: Array
    events: Array
    censored: Array
    entered: Array


def risk_table(
    exit: ArrayLike,
    event: ArrayLike,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    group: ArrayLike | None = None,
    causes: int | None = None,
) -> RiskTable:
    r"""Numbers at risk, events, censored and late entries at each distinct time, from one row a patient.

    .. math:: Y(t) = \sum_i w_i 1(e_i < t \le x_i), \qquad d_k(t) = \sum_i w_i 1(x_i = t,\ \delta_i = k)

    with e_i entry, x_i exit, delta_i the event and w_i the weight of patient i. Sorting apart it takes one pass; whole
    times (days) are not even sorted. A patient may have several rows that do not overlap.

    Parameters
    ----------
    exit
        Time of the event or of the end of follow-up, shape (N,).
    event
        0 censored, 1, 2, ... the cause, shape (N,).
    entry
        Time from which the patient is under observation, below `exit`; minus infinity, or None for all, from the start.
    weights
        Not negative, shape (N,); None counts each row as 1.
    group
        Codes 0, 1, ..., shape (N,) for one leading axis, or (A, N) for A of them (stratum, then arm).
    causes
        Number of causes, at least the largest code in `event`; None takes that (at least 1).

    Returns
    -------
    RiskTable; all groups on the times of all, entries included.

    Raises
    ------
    ValueError
        If a time is missing, entry is not before exit, a code is not a whole number from 0, or a weight is negative.

    Assumes
    -------
    Nothing; it counts.

    References
    ----------
    tsai1987

    Examples
    --------
    Six patients, one event at 1, two at 6 and one at 9, one censored at 1 and one at 8:

    >>> table = risk_table([9, 1, 1, 6, 6, 8], [1, 1, 0, 1, 1, 0])
    >>> print(table.time, table.at_risk, table.events)
    [1. 6. 8. 9.] [6. 4. 2. 1.] [[1. 2. 0. 1.]]
    """
    rows = checked_rows(exit, event, entry, weights)
    shape, place = _places(group, rows.exit.size)
    most = int(rows.event.max(initial=1)) if causes is None else causes
    if rows.event.max(initial=0) > most:
        raise ValueError(f"event has code {rows.event.max()}, but there are {most} causes")
    time, left, came = timed(rows)
    cells, late = int(np.prod(shape)), came >= 0
    size = (cells, most + 1, time.size)
    weighing = None if weights is None else rows.weights
    index = (place * (most + 1) + rows.event) * time.size + left
    exits = np.bincount(index, weighing, int(np.prod(size))).reshape(size).astype(np.float64)
    entering = place[late] * time.size + came[late]
    weighing = None if weights is None else rows.weights[late]
    entered = np.bincount(entering, weighing, cells * time.size).reshape(cells, time.size).astype(np.float64)
    at_risk = _still_to_leave(exits.sum(1)) - _still_to_leave(entered)
    if weights is not None:
        at_risk = _without_rounding(at_risk, exits, index, entering)
    return _shaped(time, at_risk, exits, entered, shape)


def counted_risk_table(time: ArrayLike, exits: ArrayLike, entries: ArrayLike | None = None) -> RiskTable:
    """The same table from counts on a grid of times: thousands of replicates at once, a million patients in few cells.

    Whoever leaves and did not enter late was there from the start; those still followed at the end are censored there.

    Parameters
    ----------
    time
        Ascending times, shape (T,).
    exits
        Numbers leaving at each time, shape (..., 1 + C, T): censored first, then the events by cause.
    entries
        Numbers entering at each time, shape (..., T), not at risk until after it; None if all were there from the
        start.

    Returns
    -------
    RiskTable of the leading shape.

    Raises
    ------
    ValueError
        If times do not ascend, a number is negative or not finite, or more leave than are at risk.

    Assumes
    -------
    Nothing; it counts.

    References
    ----------
    tsai1987

    Examples
    --------
    The six patients of `risk_table`:

    >>> table = counted_risk_table([1, 6, 8, 9], [[1, 0, 1, 0], [1, 2, 0, 1]])
    >>> print(table.at_risk)
    [6. 4. 2. 1.]
    """
    grid, leaving = np.asarray(time, dtype=np.float64), np.asarray(exits, dtype=np.float64)
    if grid.ndim != 1 or not np.isfinite(grid).all() or (np.diff(grid) <= 0).any():
        raise ValueError("time must be one axis of ascending numbers")
    if leaving.ndim < 2 or leaving.shape[-2] < 2 or leaving.shape[-1] != grid.size:
        raise ValueError(f"exits must have shape (..., 1 + causes, {grid.size}); got {leaving.shape}")
    lead = leaving.shape[:-2]
    coming = np.zeros(grid.size) if entries is None else np.asarray(entries, dtype=np.float64)
    coming = np.broadcast_to(coming, (*lead, grid.size))
    for name, counts in (("exits", leaving), ("entries", coming)):
        if not (np.isfinite(counts) & (counts >= 0)).all():
            raise ValueError(f"{name} must be numbers of patients, not negative")
    gone = leaving.sum(-2)
    at_risk = _still_to_leave(gone) - _still_to_leave(coming)
    short = gone - at_risk > 1e-9 * np.maximum(1.0, gone.sum(-1, keepdims=True))
    if short.any():
        raise ValueError(f"more leave than are at risk at time {grid[np.argwhere(short)[0, -1]]:g}")
    return RiskTable(grid, at_risk, leaving[..., 1:, :], leaving[..., 0, :], coming)


def after(table: RiskTable, since: float) -> RiskTable:
    """The table of those still at risk after a time: what comes out of it is conditional on having got there.

    The way out when the first risk sets are too small to carry a curve (late entry), and the landmark analysis.

    Parameters
    ----------
    table
        A risk table.
    since
        Times up to and including this one are left out.

    Returns
    -------
    RiskTable of the times after `since`.

    Assumes
    -------
    Nothing; what is estimated from it is conditional on being event-free at `since`.

    References
    ----------
    tsai1987

    Examples
    --------
    >>> table = after(risk_table([9, 1, 1, 6, 6, 8], [1, 1, 0, 1, 1, 0]), 5)
    >>> print(table.time, table.at_risk)
    [6. 8. 9.] [4. 2. 1.]
    """
    first = int(np.searchsorted(table.time, since, side="right"))
    return RiskTable(*(part[..., first:] for part in table))


def numbers_at(table: RiskTable, times: ArrayLike) -> Numbers:
    """Numbers at risk just before asked times, and what has happened up to them: the lines below a curve, as data.

    Parameters
    ----------
    table
        A risk table.
    times
        Asked times, shape (K,), in any order.

    Returns
    -------
    Numbers with `times` as the last axis. After the last time nobody is at risk.

    Raises
    ------
    ValueError
        If a time is missing.

    Assumes
    -------
    Nothing; it counts.

    References
    ----------
    tsai1987

    Examples
    --------
    At 6 four are at risk, though two of them leave at 6:

    >>> numbers = numbers_at(risk_table([9, 1, 1, 6, 6, 8], [1, 1, 0, 1, 1, 0]), [0, 6, 7, 10])
    >>> print(numbers.at_risk, numbers.events[0])
    [6. 4. 2. 0.] [0. 3. 3. 4.]
    """
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if np.isnan(asked).any():
        raise ValueError("times must not be missing")
    following = np.append(table.at_risk, np.zeros((*table.at_risk.shape[:-1], 1)), axis=-1)
    at_risk = following[..., np.searchsorted(table.time, asked, side="left")]
    so_far = (
        value_at(table.time, np.cumsum(part, axis=-1), asked, 0.0)
        for part in (table.events, table.censored, table.entered)
    )
    return Numbers(asked, at_risk, *so_far)


def value_at(time: Array, values: Array, asked: ArrayLike, before: float) -> Array:
    """A step function at asked times: the value at the last time not after each, `before` where there is none.

    Parameters
    ----------
    time
        Ascending times, shape (T,).
    values
        Its values from each of these times on, shape (..., T).
    asked
        Asked times, shape (K,).
    before
        The value before the first time: 1 for survival, 0 for incidence.

    Returns
    -------
    Array of shape (..., K).

    Assumes
    -------
    Nothing.

    References
    ----------
    kaplan1958

    Examples
    --------
    >>> value_at(np.array([1.0, 6.0]), np.array([0.8, 0.4]), [0, 1, 7], 1.0)
    array([1. , 0.8, 0.4])
    """
    padded = np.concatenate([np.full((*values.shape[:-1], 1), before), values], axis=-1)
    return np.asarray(padded[..., np.searchsorted(time, np.atleast_1d(asked), side="right")])


def _places(group: ArrayLike | None, n: int) -> tuple[tuple[int, ...], _Codes]:
    """The leading shape and each row's cell in it."""
    if group is None:
        return (), np.zeros(n, dtype=np.intp)
    codes = np.asarray(group, dtype=np.float64)
    if codes.shape[-1:] != (n,) or codes.ndim > 2 or not ((codes >= 0) & (codes == np.floor(codes))).all():
        raise ValueError("group must be codes 0, 1, ..., one for each exit")
    codes = np.atleast_2d(codes).astype(np.intp)
    shape = tuple(int(axis.max(initial=0)) + 1 for axis in codes)
    return shape, np.asarray(np.ravel_multi_index(tuple(codes), shape), dtype=np.intp)


def _still_to_leave(counts: Array) -> Array:
    """Sums from each time to the last."""
    return np.asarray(np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1])


def _without_rounding(at_risk: Array, exits: Array, index: _Codes, entering: _Codes) -> Array:
    """Weighted sums leave crumbs: exactly 0 where no row is at risk, exactly the leaving where all leave."""
    leaving = np.bincount(index, minlength=exits.size).reshape(exits.shape).sum(1).astype(np.float64)
    coming = np.bincount(entering, minlength=at_risk.size).reshape(at_risk.shape).astype(np.float64)
    rows = _still_to_leave(leaving) - _still_to_leave(coming)
    at_risk = np.maximum(at_risk, exits.sum(1))
    return np.where(rows == leaving, exits.sum(1), at_risk)


def _shaped(time: Array, at_risk: Array, exits: Array, entered: Array, shape: tuple[int, ...]) -> RiskTable:
    """Cells back to leading axes."""
    lead, count = (*shape, time.size), exits.shape[1] - 1
    events = exits[:, 1:].reshape(*shape, count, time.size)
    return RiskTable(time, at_risk.reshape(lead), events, exits[:, 0].reshape(lead), entered.reshape(lead))
