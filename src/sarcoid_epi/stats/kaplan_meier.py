"""The share still free of the event, with censoring and late entry: Kaplan-Meier, Greenwood, and the median.

Notation: Y(t) at risk just before t, d(t) events at t of any cause, S(t) the share still free of the event after t.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.risk_table import RiskTable
from sarcoid_epi.stats.survival_limits import survival_limits

NOBODY = "nobody at risk"
NO_EVENT = "no event"
FELL_EARLY = "the curve fell to 0 on a few early patients while others were still to enter: start it later (`after`)"
GAP = "at some time nobody was at risk before others entered: the curve says nothing about that time"
SMALL_START = (
    "an early fall of more than a tenth rests on fewer than ten at risk, before most entered: start it later (`after`)"
)
NOT_REACHED = "the curve does not fall that far"

_FEW = 10
_STEEP = 0.1
_SAME = 1e-9


class SurvivalCurve(NamedTuple):
    """The curve from each time on, its standard error and limits, with the counts behind it; `note` one a curve.

    All of shape (..., T) but `time` (T,) and `note` (...).
    """

    time: Array
    survival: Array
    std_error: Array
    low: Array
    high: Array
    at_risk: Array
    events: Array
    note: NDArray[np.str_]


class Quantile(NamedTuple):
    """Times by which given shares have had the event, with limits, shape (..., K); NaN where not reached."""

    time: Array
    low: Array
    high: Array
    note: NDArray[np.str_]


def kaplan_meier(table: RiskTable, level: float = 0.95, limits: str = "log-log") -> SurvivalCurve:
    r"""Share still free of the event over time (Kaplan-Meier, with late entry the product-limit), Greenwood's error.

    .. math:: S(t) = \prod_{u \le t} \left(1 - \frac{d(u)}{Y(u)}\right), \qquad
              \sigma^2(t) = S(t)^2 \sum_{u \le t} \frac{d(u)}{Y(u) (Y(u) - d(u))}

    With several causes the event is the first of any. After its last patient has left, a curve above 0 is not known:
    NaN (a table of several groups goes on for the others); a curve at 0 stays there. At 1 and
    at 0 there is no standard error (NaN; the formula's 0 is not certainty), but there are limits.

    With late entry the first risk sets may be small, and a fall there stays in the curve for ever; three notes say so.
    What is known then is the curve conditional on a later start: ``kaplan_meier(after(table, since))``.

    Parameters
    ----------
    table
        A risk table; leading axes are groups or replicates. Weights in it are read as numbers of patients; sampling
        weights need `robust_incidence`.
    level
        Confidence level, between 0 and 1.
    limits
        Scale of the limits: "log-log" (default), "log" (R's default), "plain", "arcsine". At S = 1 and S = 0 see
        `survival_limits`.

    Returns
    -------
    SurvivalCurve.

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1 or `limits` is none of the four.

    Assumes
    -------
    Censoring and late entry tell nothing about the event: those at risk at a time are like all who are free of it.

    References
    ----------
    kaplan1958, greenwood1926, tsai1987

    Examples
    --------
    Six patients: at 1 one of six, at 6 two of four, at 9 the last:

    >>> from sarcoid_epi.stats.risk_table import risk_table
    >>> curve = kaplan_meier(risk_table([9, 1, 1, 6, 6, 8], [1, 1, 0, 1, 1, 0]))
    >>> print(curve.time, (12 * curve.survival).round(6))
    [1. 6. 8. 9.] [10.  5.  5.  0.]
    """
    events = table.events.sum(-2)
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(events > 0, events / table.at_risk, 0.0)
        spread = np.where(events > 0, hazard / (table.at_risk - events), 0.0)
        curve = np.asarray(np.cumprod(1.0 - hazard, axis=-1), dtype=np.float64)
        error = curve * np.sqrt(np.cumsum(spread, axis=-1))
    survival = np.where(followed(table) | (curve == 0), curve, np.nan)
    error = np.where((survival > 0) & (survival < 1), error, np.nan)
    low, high = survival_limits(survival, error, table.at_risk, observed_from_start(table), level, limits)
    return SurvivalCurve(
        table.time, survival, error, low, high, table.at_risk, events, start_note(table, events, survival)
    )


def survival_quantile(curve: SurvivalCurve, share: ArrayLike = 0.5) -> Quantile:
    r"""Times by which given shares have had the event (0.5: the median), with limits by inverting those of the curve.

    .. math:: t_p = \min\{t : S(t) \le 1 - p\}

    and where S equals 1 - p exactly, the middle between that time and the next event. The limits are the same of the
    lower and the upper limit of the curve (Brookmeyer and Crowley's on the scale of the curve's limits).

    Parameters
    ----------
    curve
        Of `kaplan_meier`.
    share
        One or more shares, between 0 and 1, shape (K,) or scalar.

    Returns
    -------
    Quantile of shape (..., K), or (...) for a scalar share. NaN with a note where the curve does not fall that far; an
    upper limit that is not reached is NaN.

    Raises
    ------
    ValueError
        If a share is not between 0 and 1.

    Assumes
    -------
    What `kaplan_meier` does.

    References
    ----------
    brookmeyer1982

    Examples
    --------
    >>> from sarcoid_epi.stats.risk_table import risk_table
    >>> print(survival_quantile(kaplan_meier(risk_table([9, 1, 1, 6, 6, 8], [1, 1, 0, 1, 1, 0]))).time)
    6.0
    """
    wanted = np.asarray(share, dtype=np.float64)
    if not ((wanted > 0) & (wanted < 1)).all():
        raise ValueError("share must lie between 0 and 1, both excluded")
    left = 1.0 - np.atleast_1d(wanted)
    started = curve.survival < 1  # a limit before the first event belongs to no quantile
    lines = (curve.survival, np.where(started, curve.low, 1.0), np.where(started, curve.high, 1.0))
    at, low, high = (np.stack([_crossing(curve.time, line, goal) for goal in left], axis=-1) for line in lines)
    note = np.where(np.isnan(at), NOT_REACHED, "")
    if wanted.ndim == 0:
        at, low, high, note = at[..., 0], low[..., 0], high[..., 0], note[..., 0]
    return Quantile(at[()], low[()], high[()], note[()])


def followed(table: RiskTable) -> NDArray[np.bool_]:
    """Up to and including the last time somebody is at risk.

    Parameters
    ----------
    table
        A risk table.

    Returns
    -------
    Booleans of shape (..., T).

    Assumes
    -------
    Nothing.

    References
    ----------
    kaplan1958

    Examples
    --------
    >>> from sarcoid_epi.stats.risk_table import counted_risk_table
    >>> print(followed(counted_risk_table([1, 2, 3], [[0, 1, 0], [1, 0, 0]])))
    [ True  True False]
    """
    return np.asarray(np.maximum.accumulate((table.at_risk > 0)[..., ::-1], axis=-1)[..., ::-1])


def observed_from_start(table: RiskTable) -> NDArray[np.bool_]:
    """Whether all at risk at a time were there from the start, nobody having entered when others were already at risk.

    Parameters
    ----------
    table
        A risk table.

    Returns
    -------
    Booleans of shape (..., T).

    Assumes
    -------
    Nothing.

    References
    ----------
    tsai1987

    Examples
    --------
    >>> from sarcoid_epi.stats.risk_table import risk_table
    >>> print(observed_from_start(risk_table([5, 6, 7], [1, 1, 1], entry=[0, 0, 5])))
    [ True  True False False]
    """
    seen = np.maximum.accumulate(table.at_risk > 0, axis=-1)
    late = np.logical_or.accumulate(seen & (table.entered > 0), axis=-1)
    late = np.concatenate([np.zeros((*late.shape[:-1], 1), dtype=bool), late[..., :-1]], axis=-1)
    return np.asarray(~late[..., : table.time.size])


def start_note(table: RiskTable, events: Array, survival: Array) -> NDArray[np.str_]:
    """What a reader must know of a curve: nobody, no event, and the three troubles of late entry.

    Parameters
    ----------
    table
        A risk table.
    events, survival
        Events of any cause and the Kaplan-Meier curve, shape (..., T).

    Returns
    -------
    One note for each curve, the gravest, or "".

    Assumes
    -------
    Nothing.

    References
    ----------
    tsai1987

    Examples
    --------
    Two enter at 0 and have the event by 2, before ninety more enter at 3:

    >>> from sarcoid_epi.stats.risk_table import counted_risk_table
    >>> table = counted_risk_table([1, 2, 3, 9], [[0, 0, 0, 0], [1, 1, 0, 90]], [0, 0, 90, 0])
    >>> print(start_note(table, table.events[0], np.array([0.5, 0, 0, 0])) == FELL_EARLY)
    True
    """
    seen = np.maximum.accumulate(table.at_risk > 0, axis=-1)
    to_come = np.cumsum(table.entered[..., ::-1], axis=-1)[..., ::-1] > 0
    later = np.maximum.accumulate(table.at_risk[..., ::-1], axis=-1)[..., ::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        steep = (events / table.at_risk > _STEEP) & (table.at_risk < _FEW)
    fell = ((survival == 0) & to_come).any(-1)
    gap = (seen & (table.at_risk <= 0) & to_come).any(-1)
    small = (steep & to_come & (later >= 2 * table.at_risk)).any(-1)
    chosen = np.select(
        [~seen.any(-1), fell, gap, ~(events > 0).any(-1), small],
        [NOBODY, FELL_EARLY, GAP, NO_EVENT, SMALL_START],
        "",
    )
    return chosen[()]


def _crossing(time: Array, line: Array, goal: float) -> Array:
    """First time at which each line is at most `goal`; the middle of the step where it equals it."""
    if not time.size:
        return np.full(line.shape[:-1], np.nan)
    with np.errstate(invalid="ignore"):
        reached, below = line < goal + _SAME, line < goal - _SAME
    first, under = reached.argmax(-1), below.argmax(-1)
    level = np.take_along_axis(line, first[..., None], -1)[..., 0]
    exact = (np.abs(level - goal) < _SAME) & below.any(-1)
    crossing = np.where(exact, (time[first] + time[under]) / 2.0, time[first])
    return np.where(reached.any(-1), crossing, np.nan)
