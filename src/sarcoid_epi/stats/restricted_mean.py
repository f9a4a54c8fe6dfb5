"""Mean time free of events up to a horizon, mean time lost to each cause, and how groups differ in them.

Notation: tau the horizon, S the Kaplan-Meier curve, F_k cumulative incidence, Y at risk, d events, lambda = d/Y.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.kaplan_meier import GAP, NO_EVENT, NOBODY, start_note
from sarcoid_epi.stats.risk_table import RiskTable, after, numbers_at

TOO_SHORT = "nobody is followed up to the horizon"
NOT_FROM_START = "nobody is observed from the origin on: take a later one (`after`, in a declared model `start`)"
NO_TIME = "no time lost in a group: no ratio"


class MeanTime(NamedTuple):
    """A mean time with its standard error and limits, and a note."""

    estimate: Array
    std_error: Array
    low: Array
    high: Array
    note: NDArray[np.str_]


def restricted_mean(table: RiskTable, horizon: float, origin: float = 0.0, level: float = 0.95) -> MeanTime:
    r"""Mean time free of events up to a horizon: the area under the Kaplan-Meier curve (RMST).

    .. math:: \mu = \int_0^\tau S(t)\, dt, \qquad
              \sigma^2 = \sum_{u \le \tau} \left[ \int_u^\tau S(t)\, dt \right]^2 \frac{d(u)}{Y(u) (Y(u) - d(u))}

    sigma is the error of the mean over samples; it is not the spread of the times, which lifelines calls variance.

    Parameters
    ----------
    table
        A risk table; leading axes are groups or replicates.
    horizon
        tau, chosen before looking at the data; in the unit of the times.
    origin
        Where time begins: 0, or the time after which the table was taken (`after`).
    level
        Confidence level, between 0 and 1; the limits are normal, cut at 0 and tau - origin.

    Returns
    -------
    MeanTime, in the unit of the times, counted from `origin`. NaN with a note where nobody is followed up to tau
    and the curve is not at 0 (no curve is drawn on), or at some time since the origin nobody was at risk.
    Without an event the mean is tau - origin and the standard error, which would be 0, NaN.

    Raises
    ------
    ValueError
        If the horizon is not after the origin, a time of the table is before it, or `level` is not between 0 and 1.

    Assumes
    -------
    What `kaplan_meier` does, weights being numbers of patients. Nothing about hazards being proportional.

    References
    ----------
    royston2013, uno2014

    Examples
    --------
    Six patients, horizon 8: 1 until 1, 5/6 until 6, 5/12 until 8, together 6:

    >>> from sarcoid_epi.stats.risk_table import risk_table
    >>> answer = restricted_mean(risk_table([9, 1, 1, 6, 6, 8], [1, 1, 0, 1, 1, 0]), 8)
    >>> print(f"{answer.estimate:.4f} {answer.std_error:.4f}")
    6.0000 1.0035
    """
    z = normal_quantile(level)
    events = table.events.sum(-2)
    parts = _parts(table, events, horizon, origin)
    mean = _area(parts.survival, parts.width) + parts.start
    rest = _area_after(parts.survival, parts.width)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(parts.hazard < 1, parts.hazard / (table.at_risk - events), 0.0)
        spread = np.where(parts.inside & (events > 0), spread, 0.0)
    error = np.sqrt((rest**2 * spread).sum(-1))
    note, unknown = _horizon_note(table, events, parts)
    return _mean_time(mean, error, z, horizon - origin, note, unknown)


def restricted_time_lost(table: RiskTable, horizon: float, origin: float = 0.0, level: float = 0.95) -> MeanTime:
    r"""Mean time lost to each cause up to a horizon: the area under its cumulative incidence.

    .. math:: L_k = \int_0^\tau F_k(t)\, dt, \qquad \mu + \sum_k L_k = \tau

    .. math:: \sigma_k^2 = \sum_{u \le \tau} \frac1Y \left[ S(u-)^2 (\tau - u)^2 \lambda_k (1 - \lambda_k)
              - 2 S(u-) (\tau - u) A \lambda_k + A^2 \frac{\lambda}{1 - \lambda} \right], \qquad
              A(u) = \int_u^\tau (F_k(t) - F_k(u))\, dt

    Parameters
    ----------
    table, horizon, origin, level
        As for `restricted_mean`.

    Returns
    -------
    MeanTime of shape (..., C); NaN with a note as for `restricted_mean`. A cause without events has lost no time, and
    no standard error.

    Raises
    ------
    ValueError
        As `restricted_mean`.

    Assumes
    -------
    What `cumulative_incidence` does.

    References
    ----------
    andersen2013

    Examples
    --------
    Six patients, horizon 8: cause 1 at 1 and one of each at 6; F is 1/6 then 3/8, and 0 then 5/24:

    >>> from sarcoid_epi.stats.risk_table import risk_table
    >>> answer = restricted_time_lost(risk_table([9, 1, 1, 6, 6, 8], [2, 1, 0, 1, 2, 0]), 8)
    >>> print((12 * answer.estimate).round(6))
    [19.  5.]
    """
    z = normal_quantile(level)
    events = table.events.sum(-2)
    parts = _parts(table, events, horizon, origin)
    before = np.concatenate([np.ones((*events.shape[:-1], 1)), parts.survival[..., :-1]], axis=-1)[..., None, :]
    with np.errstate(divide="ignore", invalid="ignore"):
        cause = np.where(table.events > 0, table.events / table.at_risk[..., None, :], 0.0)
        trials = np.where(parts.inside & (events > 0), 1.0 / table.at_risk, 0.0)[..., None, :]
        odds = np.where(parts.hazard < 1, parts.hazard / (1.0 - parts.hazard), 0.0)[..., None, :]
    incidence = np.cumsum(before * cause, axis=-1)
    lost = _area(incidence, parts.width)
    left = np.where(parts.inside, horizon - table.time, 0.0)
    further = _area_after(incidence, parts.width) - incidence * left
    direct = before * left
    variance = trials * (direct**2 * cause * (1.0 - cause) - 2.0 * direct * further * cause + further**2 * odds)
    error = np.sqrt(np.maximum(variance.sum(-1), 0.0))
    error = np.where((table.events * parts.inside).sum(-1) > 0, error, 0.0)
    note, unknown = _horizon_note(table, events, parts)
    shape = lost.shape
    note, unknown = np.broadcast_to(note[..., None], shape), np.broadcast_to(unknown[..., None], shape)
    return _mean_time(lost, error, z, horizon - origin, note, unknown)


def mean_difference(first: MeanTime, second: MeanTime, level: float = 0.95) -> MeanTime:
    r"""Difference of two mean times of different patients, first minus second.

    .. math:: \mu_1 - \mu_2 \pm z \sqrt{\sigma_1^2 + \sigma_2^2}

    Parameters
    ----------
    first, second
        Of `restricted_mean` or `restricted_time_lost`, with one horizon; they broadcast.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    MeanTime; NaN where one of them is not known, with its note.

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1.

    Assumes
    -------
    The two groups are independent; both means close to normal.

    References
    ----------
    royston2013, uno2014

    Examples
    --------
    >>> one = MeanTime(np.array(6.0), np.array(0.3), np.array(5.4), np.array(6.6), np.array(""))
    >>> answer = mean_difference(one, one._replace(estimate=np.array(5.0), std_error=np.array(0.4)))
    >>> print(f"{answer.estimate:.1f} {answer.std_error:.1f} {answer.low:.2f} {answer.high:.2f}")
    1.0 0.5 0.02 1.98
    """
    z = normal_quantile(level)
    error = np.hypot(first.std_error, second.std_error)
    estimate = np.asarray(first.estimate - second.estimate)
    note = np.where(np.asarray(first.note) == "", second.note, first.note)
    return MeanTime(estimate[()], error[()], (estimate - z * error)[()], (estimate + z * error)[()], note[()])


def mean_ratio(first: MeanTime, second: MeanTime, level: float = 0.95) -> MeanTime:
    r"""Ratio of two mean times of different patients, first over second, limits on the log scale.

    .. math:: \frac{\mu_1}{\mu_2} \exp(\pm z s), \qquad s^2 = \frac{\sigma_1^2}{\mu_1^2} + \frac{\sigma_2^2}{\mu_2^2}

    Parameters
    ----------
    first, second
        As for `mean_difference`.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    MeanTime; `std_error` is s, that of the **log** ratio. NaN where one is not known, or 0 (no time lost).

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1.

    Assumes
    -------
    The two groups are independent; both logs close to normal.

    References
    ----------
    royston2013, uno2014

    Examples
    --------
    >>> one = MeanTime(np.array(6.0), np.array(0.3), np.array(5.4), np.array(6.6), np.array(""))
    >>> answer = mean_ratio(one, one._replace(estimate=np.array(5.0), std_error=np.array(0.25)))
    >>> print(f"{answer.estimate:.1f} {answer.low:.3f} {answer.high:.3f}")
    1.2 1.045 1.378
    """
    z = normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.where((first.estimate > 0) & (second.estimate > 0), first.estimate / second.estimate, np.nan)
        error = np.hypot(first.std_error / first.estimate, second.std_error / second.estimate)
    error = np.where(np.isnan(estimate), np.nan, error)
    note = np.where(np.asarray(first.note) == "", second.note, first.note)
    zero = (first.estimate == 0) | (second.estimate == 0)
    note = np.where(zero, NO_TIME, note)
    reach = np.exp(z * error)
    return MeanTime(estimate[()], error[()], (estimate / reach)[()], (estimate * reach)[()], note[()])


class _Parts(NamedTuple):
    """What both areas need: hazard and curve at each time, the width to the next time or tau, the area before all."""

    hazard: Array
    survival: Array
    width: Array
    inside: NDArray[np.bool_]
    start: float
    origin: float
    horizon: float


def _parts(table: RiskTable, events: Array, horizon: float, origin: float) -> _Parts:
    if not np.isfinite([horizon, origin]).all() or not origin < horizon:
        raise ValueError(f"horizon must be after the origin {origin:g}; got {horizon:g}")
    if table.time.size and table.time[0] < origin:
        raise ValueError(f"the table begins at {table.time[0]:g}, before the origin {origin:g}")
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(events > 0, events / table.at_risk, 0.0)
    edges = np.minimum(np.append(table.time, np.inf), horizon)
    start = float(edges[0] - origin)
    survival, inside = np.asarray(np.cumprod(1.0 - hazard, axis=-1), dtype=np.float64), table.time <= horizon
    return _Parts(hazard, survival, np.diff(edges), inside, start, origin, horizon)


def _area(curve: Array, width: Array) -> Array:
    """Under a step curve, from its first time to the horizon."""
    return np.asarray((curve * width).sum(-1))


def _area_after(curve: Array, width: Array) -> Array:
    """Under a step curve, from each time to the horizon."""
    return np.asarray(np.cumsum((curve * width)[..., ::-1], axis=-1)[..., ::-1])


def _horizon_note(table: RiskTable, events: Array, parts: _Parts) -> tuple[NDArray[np.str_], NDArray[np.bool_]]:
    """Whether the curve reaches the horizon, and what else its reader must know."""
    inside = parts.inside
    count = int(inside.sum())
    until = RiskTable(*(part[..., :count] for part in table))
    survival = parts.survival[..., :count]
    ended = survival.min(-1, initial=1.0) == 0
    short = (numbers_at(table, parts.horizon).at_risk[..., 0] <= 0) & ~ended
    first = after(table, parts.origin).at_risk
    late = first[..., 0] <= 0 if first.shape[-1] else np.ones(short.shape, dtype=bool)
    happened = events[..., :count]
    note = np.asarray(start_note(until, happened, survival))
    nobody, gap = ~(table.at_risk > 0).any(-1), note == GAP
    note = np.select(
        [nobody, late, short, gap, happened.sum(-1) == 0], [NOBODY, NOT_FROM_START, TOO_SHORT, GAP, NO_EVENT], note
    )
    return note, nobody | late | short | gap


def _mean_time(
    estimate: Array, error: Array, z: float, most: float, note: NDArray[np.str_], unknown: NDArray[np.bool_]
) -> MeanTime:
    """NaN where not known; no standard error where it is 0, which is not certainty."""
    estimate = np.where(unknown, np.nan, estimate)
    error = np.where(unknown | (error == 0), np.nan, error)
    low, high = np.maximum(estimate - z * error, 0.0), np.minimum(estimate + z * error, most)
    return MeanTime(estimate[()], error[()], low[()], high[()], np.asarray(note)[()])
