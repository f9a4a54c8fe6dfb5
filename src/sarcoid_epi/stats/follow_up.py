"""Follow-up cut at declared times: episodes for time-varying effects, events and person-time for rates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.patient_rows import Rows, checked_rows

_Codes = NDArray[np.intp]


class Episodes(NamedTuple):
    """One row a patient and interval: whose it is, which interval, (entry, exit], and the event that ends it (or 0)."""

    patient: _Codes
    interval: _Codes
    entry: Array
    exit: Array
    event: _Codes


class PersonTime(NamedTuple):
    """Events (..., C, J) and person-time (..., J) in each of J intervals, patterns on the leading axis."""

    events: Array
    person_time: Array


def split_follow_up(exit: ArrayLike, event: ArrayLike, cuts: ArrayLike, entry: ArrayLike = 0.0) -> Episodes:
    """Cut each patient's follow-up at declared times; the rows for a Cox model with an effect of its own per interval.

    Interval j is (cuts[j-1], cuts[j]]; interval 0 is all up to the first cut, the last all after the last one. A model
    on the episodes with the same covariates gives the same coefficients as on the patients; the product of a covariate
    and an interval's indicator is its effect in that interval.

    Parameters
    ----------
    exit, event
        As for `risk_table`, shape (N,).
    cuts
        Ascending times, shape (J - 1,).
    entry
        Time from which each is under observation, before `exit`; finite.

    Returns
    -------
    Episodes, by patient and time.

    Raises
    ------
    ValueError
        As `risk_table`; or if cuts do not ascend or an entry is not finite.

    Assumes
    -------
    Nothing; person-time and events stay what they are.

    References
    ----------
    plummer2011

    Examples
    --------
    Two patients, followed to 3 (event) and from 1 to 2 (censored), cut at 2:

    >>> episodes = split_follow_up([3, 2], [1, 0], [2], entry=[0, 1])
    >>> print(episodes.patient, episodes.interval, episodes.entry, episodes.exit, episodes.event)
    [0 0 1] [0 1 0] [0. 2. 1.] [2. 3. 2.] [0 1 0]
    """
    rows, edges = _checked(exit, event, entry, cuts)
    first = np.searchsorted(edges, rows.entry, side="right")
    last = np.searchsorted(edges, rows.exit, side="left")
    pieces = last - first + 1
    patient = np.repeat(np.arange(rows.exit.size), pieces)
    step = np.arange(patient.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    interval = first[patient] + step
    bounds = np.concatenate([[-np.inf], edges, [np.inf]])
    start = np.maximum(bounds[interval], rows.entry[patient])
    stop = np.minimum(bounds[interval + 1], rows.exit[patient])
    event_here = np.where(interval == last[patient], rows.event[patient], 0)
    return Episodes(patient, interval, start, stop, event_here)


def person_time(
    exit: ArrayLike,
    event: ArrayLike,
    cuts: ArrayLike,
    entry: ArrayLike = 0.0,
    pattern: ArrayLike | None = None,
    causes: int | None = None,
) -> PersonTime:
    r"""Events and person-time by interval and covariate pattern: all that a piecewise-exponential model needs.

    .. math:: D_{pj} = \sum_{i \in p} 1(x_i \in I_j,\ \delta_i = k), \qquad
              T_{pj} = \sum_{i \in p} |(e_i, x_i] \cap I_j|

    The likelihood of a hazard constant in each interval and pattern is that of Poisson counts D with means rate x T:
    a Poisson regression on the cells, offset log T, equals one on the split rows, however many patients there are.
    One pass over the patients; nothing is split.

    Parameters
    ----------
    exit, event, cuts, entry
        As for `split_follow_up`.
    pattern
        Codes 0, 1, ... of the covariate pattern, shape (N,); None takes all as one, without leading axis.
    causes
        Number of causes; None takes the largest code in `event` (at least 1).

    Returns
    -------
    PersonTime: events (P, C, J), person_time (P, J).

    Raises
    ------
    ValueError
        As `split_follow_up`, or if a code is not a whole number from 0, or above the number of causes.

    Assumes
    -------
    Nothing; it counts.

    References
    ----------
    holford1980, friedman1982

    Examples
    --------
    The two patients of `split_follow_up`:

    >>> cells = person_time([3, 2], [1, 0], [2], entry=[0, 1])
    >>> print(cells.events, cells.person_time)
    [[0. 1.]] [3. 1.]
    """
    rows, edges = _checked(exit, event, entry, cuts)
    most = int(rows.event.max(initial=1)) if causes is None else causes
    if rows.event.max(initial=0) > most:
        raise ValueError(f"event has code {rows.event.max()}, but there are {most} causes")
    size, intervals = rows.exit.size, edges.size + 1
    codes = np.zeros(size) if pattern is None else np.asarray(pattern, dtype=np.float64)
    if codes.shape != (size,) or not ((codes >= 0) & (codes == np.floor(codes))).all():
        raise ValueError("pattern must be codes 0, 1, ..., one for each exit")
    place, patterns = codes.astype(np.intp), int(codes.max(initial=0)) + 1
    last = np.searchsorted(edges, rows.exit, side="left")
    had = rows.event > 0
    cell = (place[had] * most + rows.event[had] - 1) * intervals + last[had]
    events = np.bincount(cell, minlength=patterns * most * intervals).reshape(patterns, most, intervals)
    until = _elapsed(rows.exit, last, place, edges, patterns)
    since = _elapsed(rows.entry, np.searchsorted(edges, rows.entry, side="left"), place, edges, patterns)
    counted, lived = events.astype(np.float64), np.maximum(until - since, 0.0)
    return PersonTime(counted[0], lived[0]) if pattern is None else PersonTime(counted, lived)


def _checked(exit: ArrayLike, event: ArrayLike, entry: ArrayLike, cuts: ArrayLike) -> tuple[Rows, Array]:
    edges = np.asarray(cuts, dtype=np.float64)
    if edges.ndim != 1 or not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise ValueError("cuts must be one axis of ascending times")
    rows = checked_rows(exit, event, entry)
    if not np.isfinite(rows.entry).all():
        raise ValueError("entry must be a time: person-time needs a beginning")
    return rows, edges


def _elapsed(until: Array, interval: _Codes, place: _Codes, edges: Array, patterns: int) -> Array:
    """Time spent in each interval up to `until`, summed by pattern: whole intervals passed, and a part of one.

    Time of interval 0 is counted from the first cut backwards; the reference drops out of the difference of two.
    """
    intervals = edges.size + 1
    start = np.concatenate([[edges[0] if edges.size else 0.0], edges])
    length = np.concatenate([[0.0], np.diff(edges), [0.0]]) if edges.size else np.zeros(1)
    index, cells = place * intervals + interval, patterns * intervals
    part = np.bincount(index, until - start[interval], cells).reshape(patterns, intervals)
    here = np.bincount(index, minlength=cells).reshape(patterns, intervals)
    passed = np.cumsum(here[:, ::-1], axis=1)[:, ::-1] - here
    return np.asarray(part + passed * length)
