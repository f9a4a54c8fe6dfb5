"""Events per person-time: exact limits of a rate, of the ratio of two, and survival from rates that hold in pieces."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainccinv, gammaincinv

from sarcoid_epi.stats.interval import Array, check_level
from sarcoid_epi.stats.kaplan_meier import SurvivalCurve
from sarcoid_epi.stats.proportion import clopper_pearson
from sarcoid_epi.stats.survival_limits import survival_limits

NO_PERSON_TIME = "no person-time"
NO_EVENTS = "no event in either group"
NONE_BELOW = "no event in the second group: no finite ratio"


class Rate(NamedTuple):
    """A rate or a ratio of rates with its limits and a note; one shape, numpy scalars when the input was scalar."""

    estimate: Array
    low: Array
    high: Array
    note: NDArray[np.str_]


def incidence_rate(events: ArrayLike, person_time: ArrayLike, level: float = 0.95) -> Rate:
    r"""Events per unit of person-time, with exact (Poisson, gamma) limits.

    .. math:: \frac{D}{T}, \qquad low = \frac{\gamma^{-1}_{D}(\alpha/2)}{T}, \qquad
              high = \frac{\gamma^{-1}_{D+1}(1 - \alpha/2)}{T}

    with :math:`\gamma^{-1}_a` quantiles of the gamma distribution of shape a: the rates at which D or more, and D or
    fewer events have probability alpha/2.

    Parameters
    ----------
    events
        D, whole numbers, any shape.
    person_time
        T, not negative, broadcast against `events`.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Rate, per unit of `person_time`. The lower limit is exactly 0 without events; all NaN with a note without
    person-time.

    Raises
    ------
    ValueError
        If events are not whole numbers from 0, person-time is negative or missing, there are events without
        person-time, or `level` is not between 0 and 1.

    Assumes
    -------
    Events are independent, at a rate the same for all the person-time counted. Coverage is never below the level.

    References
    ----------
    garwood1936

    Examples
    --------
    >>> rate = incidence_rate([0, 10], [100, 100])
    >>> print(rate.low.round(4), rate.high.round(4))
    [0.    0.048] [0.0369 0.1839]
    """
    count, lived = _counted(events, person_time)
    check_level(level)
    tail = (1.0 - level) / 2.0
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(count == 0, 0.0, gammaincinv(np.maximum(count, 1.0), tail)) / lived
        high = gammainccinv(count + 1.0, tail) / lived
        estimate = count / lived
    none = lived == 0
    low, high, estimate = (np.where(none, np.nan, part) for part in (low, high, estimate))
    return Rate(estimate[()], low[()], high[()], np.where(none, NO_PERSON_TIME, "")[()])


def rate_ratio(
    events: ArrayLike,
    person_time: ArrayLike,
    other_events: ArrayLike,
    other_person_time: ArrayLike,
    level: float = 0.95,
) -> Rate:
    r"""Ratio of two rates, first over second, with exact limits.

    Given the D_1 + D_2 events of both, those of the first are binomial with :math:`\pi = \theta T_1 / (\theta T_1 +
    T_2)`; the limits of theta are those of Clopper and Pearson for pi:

    .. math:: \theta = \frac{\pi}{1 - \pi} \frac{T_2}{T_1}

    Parameters
    ----------
    events, person_time
        D_1 and T_1, any shape.
    other_events, other_person_time
        D_2 and T_2.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Rate of the broadcast shape. Without events in the first group ratio and lower limit are 0; without events in the
    second the ratio is NaN, the upper limit infinite and the lower one stands; without any all is NaN.

    Raises
    ------
    ValueError
        As `incidence_rate`.

    Assumes
    -------
    As `incidence_rate`, and that the groups are independent. Coverage is never below the level.

    References
    ----------
    przyborowski1940

    Examples
    --------
    >>> ratio = rate_ratio(20, 100, 10, 100)
    >>> print(f"{ratio.estimate:.1f} {ratio.low:.3f} {ratio.high:.3f}")
    2.0 0.894 4.785
    """
    first, lived = _counted(events, person_time)
    second, other = _counted(other_events, other_person_time)
    first, lived, second, other = np.broadcast_arrays(first, lived, second, other)
    both = first + second
    share = clopper_pearson(first, both, level)
    unknown = (both == 0) | (lived == 0) | (other == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = other / lived
        low, high = (np.where(unknown, np.nan, end / (1.0 - end) * scale) for end in share)
        estimate = np.where(unknown | (second == 0), np.nan, first / second * scale)
    note = np.select([(lived == 0) | (other == 0), both == 0, second == 0], [NO_PERSON_TIME, NO_EVENTS, NONE_BELOW], "")
    return Rate(estimate[()], low[()], high[()], note[()])


def piecewise_survival(
    events: ArrayLike, person_time: ArrayLike, cuts: ArrayLike, times: ArrayLike, level: float = 0.95
) -> SurvivalCurve:
    r"""Survival when the hazard is constant between cuts: the smooth peer of Kaplan-Meier from grouped counts.

    .. math:: S(t) = \exp\left( -\sum_j \frac{D_j}{T_j} w_j(t) \right), \qquad
              \sigma^2(t) = S(t)^2 \sum_j w_j(t)^2 \frac{D_j}{T_j^2}

    with w_j(t) the part of interval j that lies before t.

    Parameters
    ----------
    events, person_time
        D and T by interval, shape (..., J), as `person_time` of `follow_up` gives for one cause.
    cuts
        Ascending, above 0, shape (J - 1,); time begins at 0.
    times
        Where the curve is asked, not negative, shape (K,).
    level
        Confidence level, between 0 and 1; the limits are on the scale log(-log S).

    Returns
    -------
    SurvivalCurve of shape (..., K), its `at_risk` and `events` the person-time and the events of the interval of each
    time. NaN beyond an interval without person-time. S = 1 before the first event has no limits.

    Raises
    ------
    ValueError
        As `incidence_rate`; or if cuts do not ascend from 0, or a time is negative.

    Assumes
    -------
    The hazard is constant within intervals; censoring tells nothing about the event.

    References
    ----------
    friedman1982

    Examples
    --------
    >>> curve = piecewise_survival([10, 5], [100, 100], [2], [1, 3])
    >>> print(curve.survival.round(4))
    [0.9048 0.7788]
    """
    count, lived = _counted(events, person_time)
    edges, asked = np.asarray(cuts, dtype=np.float64), np.atleast_1d(np.asarray(times, dtype=np.float64))
    bounds = np.concatenate([[0.0], edges, [np.inf]])
    if not (np.diff(bounds) > 0).all() or count.shape[-1] != edges.size + 1:
        raise ValueError("cuts must ascend from 0, one fewer than there are intervals")
    if not (np.isfinite(asked) & (asked >= 0)).all():
        raise ValueError("times must not be negative or missing")
    passed = np.clip(asked - bounds[:-1, None], 0.0, np.diff(bounds)[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(lived > 0, count / lived, 0.0)
        spread = np.where(lived > 0, count / lived**2, 0.0)
    unknown = (np.where(lived > 0, 0.0, 1.0) @ (passed > 0)) > 0
    survival = np.where(unknown, np.nan, np.exp(-(rate @ passed)))
    error = np.where(survival < 1, survival * np.sqrt(spread @ passed**2), np.nan)
    nobody = np.zeros(survival.shape)
    low, high = survival_limits(survival, error, nobody, nobody > 0, level, "log-log")
    interval = np.searchsorted(edges, asked, side="left")
    note = np.where((lived == 0).any(-1), NO_PERSON_TIME, "")
    return SurvivalCurve(asked, survival, error, low, high, lived[..., interval], count[..., interval], note[()])


def _counted(events: ArrayLike, person_time: ArrayLike) -> tuple[Array, Array]:
    """Checked and broadcast."""
    count, lived = np.broadcast_arrays(np.asarray(events, np.float64), np.asarray(person_time, np.float64))
    if not (np.isfinite(count) & (count >= 0) & (count == np.floor(count))).all():
        raise ValueError("events must be whole numbers, not negative")
    if not (np.isfinite(lived) & (lived >= 0)).all():
        raise ValueError("person_time must be numbers, not negative")
    if ((lived == 0) & (count > 0)).any():
        raise ValueError("there are events without person-time")
    return count, lived
