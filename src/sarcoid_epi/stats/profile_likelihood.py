"""Limits and tests from a likelihood whose other parameters follow, for many coefficients of many groups at once.

The logistic likelihood and Firth's penalised one both come here; a function is told as in `newton`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from sarcoid_epi.stats.interval import Array, Interval, normal_quantile
from sarcoid_epi.stats.newton import Ascent, Function, Groups, ascend, of_groups

NO_LIMIT = "the profile of the likelihood could not be followed to its limit"

_MOST_STEPS = 200
_MOST_MOVES = 40
_TOLERANCE = 1e-9


class Profile(NamedTuple):
    """Profile limits of each coefficient and the likelihood-ratio test that it is 0, (..., P); a note, (...)."""

    low: Array
    high: Array
    statistic: Array
    p_value: Array
    note: NDArray[np.str_]


class RatioTest(NamedTuple):
    """Likelihood-ratio statistic, its degrees of freedom, the p-value and a note, of the leading shape."""

    statistic: Array
    df: NDArray[np.int64]
    p_value: Array
    note: NDArray[np.str_]


def profile(
    function: Function, top: Ascent, back: Array, level: float, columns: NDArray[np.intp]
) -> tuple[Interval, Array]:
    """Limits (G, P) where twice the profile log-likelihood has fallen by z^2, and twice its fall (G, P) to 0.

    Those of the columns asked for; of the others NaN.
    """
    z = normal_quantile(level)
    groups, size = top.at.shape
    group, place = (axis.ravel() for axis in np.indices((groups, size)))
    found = [np.full(groups * size, np.nan) for _ in range(3)]
    fine = np.flatnonzero(top.converged[group] & np.isin(place, columns))
    some = _Problems(group[fine], back[group[fine], place[fine]])
    for answer, side in zip(found, (-1.0, 1.0), strict=False):
        answer[fine] = _limit(function, top, some, side, z)
    found[2][fine] = fall(function, top, some.group, some.held[:, None])
    low, high, statistic = (answer.reshape(groups, size) for answer in found)
    return Interval(low, high), statistic


def fall(function: Function, top: Ascent, group: Groups, held: Array) -> Array:
    """Twice the fall (Q,) of the log-likelihood when linear functions (Q, K, P) of the parameters are put to 0."""
    inverse, at = top.inverse[group], top.at[group]
    spread = inverse @ held.swapaxes(1, 2)
    start = at - (spread @ np.linalg.solve(held @ spread, held @ at[..., None]))[..., 0]
    end = ascend(of_groups(function, group), start, held, _MOST_STEPS)
    return np.where(end.converged, np.maximum(2.0 * (top.value[group] - end.value), 0.0), np.nan)


def ratio_p_value(statistic: Array, df: int) -> Array:
    """Chance of a chi-squared number at least as large; NaN stays NaN."""
    return np.where(np.isnan(statistic), np.nan, chdtrc(df, np.where(np.isnan(statistic), 0.0, statistic)))


class _Problems(NamedTuple):
    """Profiles to follow: the group of each (Q,), and the linear function that is the coefficient (Q, P)."""

    group: Groups
    held: Array


def _limit(function: Function, top: Ascent, some: _Problems, side: float, z: float) -> Array:
    """One limit of each coefficient, by Newton's method on the root of twice the fall, which is nearly linear.

    The slope comes free: it is the pull of the coefficient held. Kept between a distance too near and one too far (a
    place where the search for the others fails is too far), and halved where Newton would leave these.
    """
    centre = (some.held * top.at[some.group]).sum(-1)
    gamma, inverse = top.at[some.group].copy(), top.inverse[some.group]
    error = np.sqrt(np.einsum("qi,qij,qj->q", some.held, inverse, some.held))
    limit = np.full(len(centre), np.nan)
    reach, wanted = np.zeros_like(centre), z * error
    near, far = np.zeros_like(centre), np.full_like(centre, np.inf)
    active = np.arange(len(centre))
    for _ in range(_MOST_MOVES):
        if not active.size:
            break
        held, group = some.held[active], some.group[active]
        spread = (inverse[active] @ held[..., None])[..., 0]
        move = side * (wanted - reach)[active] / (held * spread).sum(-1)
        start = gamma[active] + move[:, None] * spread
        end = ascend(of_groups(function, group), start, held[:, None], most_steps=_MOST_STEPS)
        tried, good = wanted[active], end.converged
        root = np.sqrt(np.maximum(2.0 * (top.value[group] - end.value), 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            correction = -side * root * (z - root) / end.pull[:, 0]
        near[active] = np.where(good & (root < z), tried, near[active])
        far[active] = np.where(good & (root < z), far[active], tried)
        kept = active[good]
        gamma[kept], inverse[kept], reach[kept] = end.at[good], end.inverse[good], tried[good]
        done = good & (np.abs(correction) < _TOLERANCE * error[active])
        limit[active[done]] = (centre[active] + side * (tried + correction))[done]
        new, left, right = tried + correction, near[active], far[active]
        inside = good & (new > left) & (new < right) & (new < 3.0 * tried)
        middle = np.where(np.isinf(right), 2.0 * tried, (left + right) / 2.0)
        wanted[active] = np.where(inside, new, middle)
        active = active[~done]
    return limit
