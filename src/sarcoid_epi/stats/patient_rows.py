"""Rows of follow-up, checked and put on their distinct times: what every method that needs patients one by one uses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array

_Codes = NDArray[np.intp]


class Rows(NamedTuple):
    """Checked rows of follow-up; `entry` is minus infinity for those observed from the start."""

    entry: Array
    exit: Array
    event: _Codes
    weights: Array


def checked_rows(
    exit: ArrayLike, event: ArrayLike, entry: ArrayLike | None = None, weights: ArrayLike | None = None
) -> Rows:
    """Rows of follow-up as float64 and codes; a sentence for whatever is broken.

    Parameters
    ----------
    exit, event, entry, weights
        As in `risk_table`.

    Returns
    -------
    Rows.

    Raises
    ------
    ValueError
        As `risk_table`.

    Assumes
    -------
    Nothing.

    References
    ----------
    tsai1987

    Examples
    --------
    >>> print(checked_rows([2.0], [1]).entry)
    [-inf]
    """
    out = np.asarray(exit, dtype=np.float64)
    if out.ndim != 1 or not np.isfinite(out).all():
        raise ValueError("exit must be one axis of known times")
    code = np.asarray(event, dtype=np.float64)
    if code.shape != out.shape or not ((code >= 0) & (code == np.floor(code)) & np.isfinite(code)).all():
        raise ValueError("event must be 0 (censored) or the number of the cause, one for each exit")
    into = np.full(out.shape, -np.inf) if entry is None else np.broadcast_to(np.asarray(entry, np.float64), out.shape)
    if not (into < out).all():
        wrong = ~(into < out)
        raise ValueError(f"entry must be before exit; got {into[wrong][0]:g} and {out[wrong][0]:g}")
    weight = np.ones(out.shape) if weights is None else np.broadcast_to(np.asarray(weights, np.float64), out.shape)
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError("weights must be numbers, not negative")
    return Rows(into, out, code.astype(np.intp), weight)


def timed(rows: Rows) -> tuple[Array, _Codes, _Codes]:
    """The distinct times of exits and late entries, and each row's place among them (-1: there from the start).

    Parameters
    ----------
    rows
        Checked rows.

    Returns
    -------
    Times (T,), place of the exit (N,), place of the entry (N,).

    Assumes
    -------
    Nothing.

    References
    ----------
    tsai1987

    Examples
    --------
    >>> time, left, came = timed(checked_rows([5, 3], [1, 1], entry=[2, -np.inf]))
    >>> print(time, left, came)
    [2. 3. 5.] [2 1] [ 0 -1]
    """
    late = rows.entry > -np.inf
    everything = np.concatenate([rows.exit, rows.entry[late]]) if late.any() else rows.exit
    if not everything.size:
        return np.empty(0), np.empty(0, np.intp), np.empty(0, np.intp)
    first, last = everything.min(), everything.max()
    if last - first < 4 * everything.size + 1e5 and (everything == np.floor(everything)).all():
        offset = (everything - first).astype(np.intp)
        seen = np.zeros(int(last - first) + 1, dtype=bool)
        seen[offset] = True
        time, place = first + np.flatnonzero(seen), (np.cumsum(seen) - 1)[offset]
    else:
        time, place = np.unique(everything, return_inverse=True)
    came = np.full(rows.exit.size, -1, dtype=np.intp)
    came[late] = place[rows.exit.size :]
    return time.astype(np.float64), place[: rows.exit.size], came
