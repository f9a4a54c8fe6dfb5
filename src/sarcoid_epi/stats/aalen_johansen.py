"""The share that has had each kind of event when several compete: Aalen-Johansen, ties and late entry exact.

Notation: Y(t) at risk just before t, d_k(t) events of cause k at t, d(t) of all causes, lambda = d/Y, S Kaplan-Meier's
curve of being free of all of them, F_k the cumulative incidence of cause k.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.stats.interval import Array, Interval
from sarcoid_epi.stats.kaplan_meier import followed, observed_from_start, start_note
from sarcoid_epi.stats.risk_table import RiskTable
from sarcoid_epi.stats.survival_limits import survival_limits

_ROUNDING = 1e-12


class CumulativeIncidence(NamedTuple):
    """The incidence of each cause (..., C, T), its error and limits; the share free of all (..., T); `note` (...)."""

    time: Array
    incidence: Array
    std_error: Array
    low: Array
    high: Array
    survival: Array
    note: NDArray[np.str_]


def cumulative_incidence(table: RiskTable, level: float = 0.95, limits: str = "log-log") -> CumulativeIncidence:
    r"""Share that has had an event of each cause, the other causes being what they are (Aalen-Johansen).

    .. math:: F_k(t) = \sum_{u \le t} S(u-) \lambda_k(u), \qquad S(t) + \sum_k F_k(t) = 1

    One minus the Kaplan-Meier curve of cause k alone would be larger: it asks what if nobody died of anything else.
    Ties are not broken: at a time with events of several causes each takes its own part of S(u-).

    The standard error is Greenwood's for several causes, each time being a multinomial trial:

    .. math:: \sigma_k^2(t) = \sum_{u \le t} \frac{1}{Y} \left[ S(u-)^2 \lambda_k (1 - \lambda_k)
              - 2 S(u-) G \lambda_k + G^2 \frac{\lambda}{1 - \lambda} \right], \qquad G = F_k(t) - F_k(u)

    (Y and the lambdas at u). It is chosen since with one cause it is Greenwood's, without late entry and weights it
    **equals** the infinitesimal jackknife of R's survival, and it needs nothing but the table. Aalen's, in R's cmprsk,
    takes Poisson trials and is larger by a little wherever there are ties or small risk sets.

    Parameters
    ----------
    table
        A risk table; leading axes are groups or replicates. Weights in it are read as numbers of patients; sampling
        weights need `robust_incidence`.
    level
        Confidence level, between 0 and 1.
    limits
        Scale of the limits, as for `kaplan_meier`, taken on 1 - F: with one cause they are the limits of 1 - S. At
        F = 0 see `survival_limits`.

    Returns
    -------
    CumulativeIncidence; NaN after the last patient of a curve has left, unless S is 0 there. No standard error (NaN)
    where F is 0 or 1.

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1 or `limits` is none of the four scales.

    Assumes
    -------
    Censoring and late entry tell nothing about the events. The causes may depend on each other in any way.

    References
    ----------
    aalen1978, gaynor1993, allignol2010

    Examples
    --------
    Six patients: cause 1 at 1, at 6 one of each cause, cause 2 at 9:

    >>> from sarcoid_epi.stats.risk_table import risk_table
    >>> answer = cumulative_incidence(risk_table([9, 1, 1, 6, 6, 8], [2, 1, 0, 1, 2, 0]))
    >>> print((24 * answer.incidence).round(6))
    [[ 4.  9.  9.  9.]
     [ 0.  5.  5. 15.]]
    """
    events = table.events.sum(-2)
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(events > 0, events / table.at_risk, 0.0)
        cause = np.where(table.events > 0, table.events / table.at_risk[..., None, :], 0.0)
        trials = np.where(events > 0, 1.0 / table.at_risk, 0.0)
        odds = np.where(hazard < 1, hazard / (1.0 - hazard), 0.0) * trials
    survival = np.asarray(np.cumprod(1.0 - hazard, axis=-1), dtype=np.float64)
    before = np.concatenate([np.ones((*survival.shape[:-1], 1)), survival[..., :-1]], axis=-1)[..., None, :]
    incidence = np.cumsum(before * cause, axis=-1)
    error = np.sqrt(_variance(incidence, before, cause, trials[..., None, :], odds[..., None, :]))
    known = (followed(table) | (survival == 0))[..., None, :]
    note = start_note(table, events, survival)
    incidence, survival = np.where(known, incidence, np.nan), np.where(known[..., 0, :], survival, np.nan)
    error = np.where(strictly_inside(incidence), error, np.nan)
    low, high = incidence_limits(
        incidence, error, table.at_risk, observed_from_start(table), survival == 0, level, limits
    )
    return CumulativeIncidence(table.time, incidence, error, low, high, survival, note)


def incidence_limits(
    incidence: Array,
    error: Array,
    at_risk: Array,
    whole: NDArray[np.bool_],
    over: NDArray[np.bool_],
    level: float,
    limits: str,
) -> Interval:
    """Limits of cumulative incidences as one minus those of the share without the event of that cause.

    Parameters
    ----------
    incidence, error
        Shape (..., C, T).
    at_risk, whole, over
        At risk; whether all of them were observed from the start; whether nobody is free of all events any more;
        shape (..., T).
    level
        Confidence level, between 0 and 1.
    limits
        Scale, as for `kaplan_meier`.

    Returns
    -------
    Interval of shape (..., C, T).

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1 or `limits` is none of the four scales.

    Assumes
    -------
    What the scale assumes.

    References
    ----------
    kalbfleisch2002, fay2013

    Examples
    --------
    >>> one = np.array([[0.5]])
    >>> yes = np.array([True])
    >>> low, high = incidence_limits(one, one / 5, np.array([9.0]), yes, ~yes, 0.95, "log-log")
    >>> print(low.round(3), high.round(3))
    [[0.325]] [[0.705]]
    """
    free = np.where(over[..., None, :] & (incidence > 1.0 - _ROUNDING), 0.0, 1.0 - incidence)
    low, high = survival_limits(
        free,
        error,
        np.broadcast_to(at_risk[..., None, :], free.shape),
        np.broadcast_to(whole[..., None, :], free.shape),
        level,
        limits,
    )
    return Interval(1.0 - high, 1.0 - low)


def strictly_inside(incidence: Array) -> NDArray[np.bool_]:
    """Whether an incidence is neither 0 nor, up to rounding, 1: where a standard error says anything.

    Parameters
    ----------
    incidence
        Any shape.

    Returns
    -------
    Booleans of that shape.

    Assumes
    -------
    Nothing.

    References
    ----------
    aalen1978

    Examples
    --------
    >>> print(strictly_inside(np.array([0.0, 0.5, 1.0])))
    [False  True False]
    """
    return np.asarray((incidence > 0) & (incidence < 1.0 - _ROUNDING))


def _variance(incidence: Array, before: Array, cause: Array, trials: Array, odds: Array) -> Array:
    """The sum of the docstring with G = F(t) - F(u) multiplied out, so that each part is one running sum."""
    here = before * cause * trials
    own = np.cumsum(before * here * (1.0 - cause) + 2.0 * here * incidence + odds * incidence**2, axis=-1)
    cross = np.cumsum(here + odds * incidence, axis=-1)
    return np.maximum(own - 2.0 * incidence * cross + incidence**2 * np.cumsum(odds, axis=-1), 0.0)
