"""How far one group's values lie above another's: difference of means, and the Hodges-Lehmann shift."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtr, stdtrit

from sarcoid_epi.stats.interval import Array, check_level, normal_quantile
from sarcoid_epi.stats.two_samples import moments

EMPTY = "a group has no values"
ONE_VALUE = "a group has one value: its spread is unknown"
NO_SPREAD = "neither group varies: no limits"
TOO_FEW = "too few patients: no finite limits have this level"

_EXACT_BELOW = 50  # values in each group, and no ties: the exact distribution, as in R
_SORTED_BELOW = 20_000  # pairs of a row that are written out and sorted
_BLOCK = 2_000_000  # pairs written out at once


class MeanDifference(NamedTuple):
    """Difference of means, its standard error, degrees of freedom, limits and p value, and a note."""

    estimate: Array
    std_error: Array
    df: Array
    low: Array
    high: Array
    p_value: Array
    note: NDArray[np.str_]


class Shift(NamedTuple):
    """Hodges-Lehmann shift, limits, p value of the rank-sum test, whether these are exact, and a note."""

    estimate: Array
    low: Array
    high: Array
    p_value: Array
    exact: NDArray[np.bool_]
    note: NDArray[np.str_]


def welch_difference(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean0: ArrayLike,
    sd0: ArrayLike,
    n0: ArrayLike,
    level: float = 0.95,
) -> MeanDifference:
    r"""Difference of two means, each group with its own spread (Welch), from mean, standard deviation and number.

    .. math:: \bar y_1 - \bar y_0 \pm t_\nu \sqrt{v_1 + v_0}, \qquad v_i = \frac{s_i^2}{n_i}, \qquad
              \nu = \frac{(v_1 + v_0)^2}{v_1^2/(n_1 - 1) + v_0^2/(n_0 - 1)}

    Parameters
    ----------
    mean1, sd1, n1
        Mean, standard deviation (denominator n - 1) and number of patients, group of interest; any shape.
    mean0, sd0, n0
        The same in the reference group.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    MeanDifference, of the broadcast shape. A group of one has no spread, two groups that do not vary no error: the
    estimate stands, the rest is NaN with a note. All NaN where a group is empty.

    Raises
    ------
    ValueError
        If a number of patients is negative or not whole, a standard deviation is negative, or `level` is not between 0
        and 1.

    Assumes
    -------
    Independent patients; means that are near normal (values near normal, or groups not small).

    References
    ----------
    welch1947

    Examples
    --------
    Sleep gained under two drugs, R's `t.test(extra ~ group, data = sleep)`: t = -1.8608, df = 17.776, P = 0.07939,
    limits -3.3654832 to 0.2054832.

    >>> answer = welch_difference(0.75, 1.7890096577591598, 10, 2.33, 2.0022487080710867, 10)
    >>> print(f"{answer.low:.7f} {answer.high:.7f} {answer.df:.3f} {answer.p_value:.5f}")
    -3.3654832 0.2054832 17.776 0.07939
    """
    check_level(level)
    m1, s1, k1, m0, s0, k0 = moments(mean1, sd1, n1, mean0, sd0, n0)
    empty, single = (k1 == 0) | (k0 == 0), (k1 == 1) | (k0 == 1)
    estimate = np.where(empty, np.nan, m1 - m0)
    with np.errstate(divide="ignore", invalid="ignore"):
        v1, v0 = np.where(k1 > 1, s1**2 / k1, np.nan), np.where(k0 > 1, s0**2 / k0, np.nan)
        error = np.sqrt(v1 + v0)
        df = (v1 + v0) ** 2 / (v1**2 / (k1 - 1.0) + v0**2 / (k0 - 1.0))
        reach = stdtrit(df, (1.0 + level) / 2.0) * error
        p_value = 2.0 * stdtr(df, -np.abs(estimate / error))
    note = np.select([empty, single, error == 0], [EMPTY, ONE_VALUE, NO_SPREAD], "")
    error = np.where(error == 0, np.nan, error)
    fields = estimate, error, df, estimate - reach, estimate + reach, p_value
    return MeanDifference._make((*(np.asarray(field)[()] for field in fields), note[()]))


def hodges_lehmann(values1: ArrayLike, values0: ArrayLike, level: float = 0.95) -> Shift:
    r"""Shift between two groups, the median of all pairwise differences, with distribution-free limits.

    With :math:`D_{(1)} \le \dots \le D_{(n_1 n_0)}` the ordered differences of a value of the group of interest and
    one of the reference group,

    .. math:: \hat\Delta = \mathrm{median} \, D, \qquad [D_{(C)}, \; D_{(n_1 n_0 + 1 - C)}]

    C is the alpha/2 quantile of the Mann-Whitney count U when both groups have fewer than 50 values without ties, and

    .. math:: C = \left\lfloor \frac{n_1 n_0}{2} + \frac12 - z \sigma \right\rfloor, \qquad
              \sigma^2 = \frac{n_1 n_0}{12} \left(N + 1 - \frac{\sum (t^3 - t)}{N (N - 1)}\right)

    otherwise, t the sizes of the ties within the groups. The p value is that of the rank-sum test, exact in the first
    case, with continuity correction in the second (t then the ties of all values together). As R's `wilcox.test`, which
    finds the limits of the second case by root search, to 1e-4. The differences of large groups are counted, never
    written out.

    Parameters
    ----------
    values1, values0
        Values of the group of interest and of the reference group, shapes (..., n1) and (..., n0); NaN is left out.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Shift, of the leading shape. Limits are infinite, with a note, where the groups are too small for the level. All NaN
    where a group is empty.

    Raises
    ------
    ValueError
        If a value is infinite, there is no axis of patients, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, and for the limits two distributions that differ by a shift only.

    References
    ----------
    hodges1963, hollander1999

    Examples
    --------
    Permeability of membranes at term and in early pregnancy (hollander1999, table 4.1, the example of R's
    `wilcox.test`): the shift is 0.305.

    >>> at_term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    >>> early = [1.15, 0.88, 0.90, 0.74, 1.21]
    >>> answer = hodges_lehmann(at_term, early)
    >>> print(f"{answer.estimate:.3f} {answer.low:.2f} {answer.high:.2f} {answer.p_value:.4f}")
    0.305 -0.15 0.76 0.2544
    """
    z = normal_quantile(level)
    first, second = _rows(values1, "values1"), _rows(values0, "values0")
    lead = np.broadcast_shapes(first.shape[:-1], second.shape[:-1])
    x = np.sort(np.broadcast_to(first, (*lead, first.shape[-1])).reshape(-1, first.shape[-1]), axis=-1)
    y = np.sort(np.broadcast_to(second, (*lead, second.shape[-1])).reshape(-1, second.shape[-1]), axis=-1)
    n1, n0 = (~np.isnan(x)).sum(-1).astype(np.float64), (~np.isnan(y)).sum(-1).astype(np.float64)
    pairs, total = n1 * n0, n1 + n0
    ties, count = _ties_and_count(x, y)
    within = _ties(x) + _ties(y)
    exact = (n1 < _EXACT_BELOW) & (n0 < _EXACT_BELOW) & (ties == 0) & (pairs > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma, sigma_null = (
            np.sqrt(pairs / 12.0 * (total + 1.0 - t / (total * (total - 1.0)))) for t in (within, ties)
        )
        place = np.floor(pairs / 2.0 + 0.5 - z * sigma)
        distance = count - pairs / 2.0
        p_value = 2.0 * ndtr(-np.maximum(np.abs(distance) - 0.5, 0.0) / sigma_null)
    p_value = np.where(sigma_null == 0, 1.0, p_value)
    for sizes in {(int(a), int(b)) for a, b in zip(n1[exact], n0[exact], strict=True)}:
        same = exact & (n1 == sizes[0]) & (n0 == sizes[1])
        at_most = _mann_whitney(*sizes)
        place[same] = np.searchsorted(at_most, (1.0 - level) / 2.0)
        p_value[same] = np.minimum(2.0 * at_most[np.minimum(count, pairs - count)[same].astype(np.intp)], 1.0)
    short = ~(place >= 1)
    place = np.where(short, 1.0, place)
    ranks = np.stack([place, np.floor((pairs + 1) / 2), np.floor(pairs / 2) + 1, pairs + 1 - place], axis=-1)
    found = _ordered_differences(x, y, np.where(pairs[:, None] > 0, ranks, 1.0))
    found[pairs == 0] = np.nan
    low, high = np.where(short, -np.inf, found[:, 0]), np.where(short, np.inf, found[:, 3])
    empty = pairs == 0
    fields = ((found[:, 1] + found[:, 2]) / 2.0, *(np.where(empty, np.nan, field) for field in (low, high, p_value)))
    note = np.select([empty, short], [EMPTY, TOO_FEW], "")
    return Shift._make(np.reshape(field, lead)[()] for field in (*fields, exact, note))


def _rows(values: ArrayLike, name: str) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0:
        raise ValueError(f"{name} needs an axis of patients")
    if np.isinf(array).any():
        raise ValueError(f"{name} must be finite, or NaN where unknown")
    if not array.shape[-1]:
        array = np.full((*array.shape[:-1], 1), np.nan)
    return array


def _ties(ordered: Array) -> Array:
    """Sum of t^3 - t over the sizes of ties in each row of sorted values; NaN, at the end, is not tied."""
    starts = np.ones(ordered.shape, dtype=bool)
    starts[:, 1:] = ~(ordered[:, 1:] == ordered[:, :-1])
    first = np.flatnonzero(starts)
    size = np.diff(np.append(first, ordered.size)).astype(np.float64)
    cubes = np.bincount(first // ordered.shape[-1], weights=size**3 - size, minlength=ordered.shape[0])
    return np.asarray(cubes, dtype=np.float64)


def _ties_and_count(x: Array, y: Array) -> tuple[Array, Array]:
    """Ties of all values of a row together, and U: pairs in which x is the larger, an equal pair counting half."""
    both = np.concatenate([x, y], axis=-1)
    order = np.argsort(both, axis=-1, kind="stable")
    ordered = np.take_along_axis(both, order, -1)
    starts = np.ones(ordered.shape, dtype=bool)
    starts[:, 1:] = ~(ordered[:, 1:] == ordered[:, :-1])
    first = np.flatnonzero(starts)
    size = np.diff(np.append(first, ordered.size))
    midrank = np.repeat(first % ordered.shape[-1] + (size + 1) / 2.0, size).reshape(ordered.shape)
    own = (order < x.shape[-1]) & ~np.isnan(ordered)
    n1 = own.sum(-1)
    return _ties(ordered), np.asarray(np.where(own, midrank, 0.0).sum(-1) - n1 * (n1 + 1) / 2.0)


@lru_cache(maxsize=256)
def _mann_whitney(n1: int, n0: int) -> Array:
    """P(U <= u) for u = 0 ... n1 n0 without ties: U's generating function is a Gaussian binomial coefficient."""
    ways = np.zeros(n1 * n0 + 1)
    ways[0] = 1.0
    for i in range(1, n1 + 1):
        for u in range(n1 * n0, n0 + i - 1, -1):
            ways[u] -= ways[u - n0 - i]
        for u in range(i, n1 * n0 + 1):
            ways[u] += ways[u - i]
    # Each number rests on smaller ones only, so the lower half is good; the upper is its mirror image.
    half = ways.size // 2
    ways[ways.size - half :] = ways[:half][::-1]
    return np.asarray(np.cumsum(ways / ways.sum()))


def _ordered_differences(x: Array, y: Array, ranks: Array) -> Array:
    """The differences x - y of the ranks asked for (from 1), by row; NaN in sorted x and y stands at the end."""
    found = np.empty(ranks.shape)
    pairs = x.shape[-1] * y.shape[-1]
    if pairs <= _SORTED_BELOW:
        for start in range(0, x.shape[0], max(1, _BLOCK // pairs)):
            rows = slice(start, start + max(1, _BLOCK // pairs))
            all_of_them = np.sort((x[rows, :, None] - y[rows, None, :]).reshape(-1, pairs), axis=-1)
            found[rows] = np.take_along_axis(all_of_them, ranks[rows].astype(np.intp) - 1, -1)
        return found
    for row in range(x.shape[0]):  # each row is many pairs: the loop itself costs nothing
        mine, theirs = (np.unique(values[row][~np.isnan(values[row])], return_counts=True) for values in (x, y))
        if mine[0].size and theirs[0].size:
            found[row] = [_selected(*mine, *theirs, rank) for rank in ranks[row]]
    return found


def _selected(x: Array, of_x: NDArray[np.intp], y: Array, of_y: NDArray[np.intp], rank: float) -> float:
    """The difference of this rank among all x - y, by counting those up to a guess; x, y distinct and rising.

    `low` and `high` are always differences that occur, so the search ends at one exactly, ties or not.
    """
    up_to = np.concatenate([[0.0], np.cumsum(of_y, dtype=np.float64)])
    low, high, below, through = x[0] - y[-1], x[-1] - y[0], 0.0, float(of_x.sum()) * up_to[-1]
    turn = 0
    while low < high:
        share = 0.5 if turn % 2 else min(max((rank - below) / (through - below), 0.02), 0.98)
        turn += 1
        guess = min(low + share * (high - low), np.nextafter(high, low))
        at = np.searchsorted(y, x - guess)  # the first y with x - y <= guess, but for rounding
        while (back := (at > 0) & (x - y[at - 1] <= guess)).any():
            at = at - back
        while (ahead := (at < y.size) & (x - y[np.minimum(at, y.size - 1)] > guess)).any():
            at = at + ahead
        counted = float((of_x * (up_to[-1] - up_to[at])).sum())
        if counted >= rank:
            inside = at < y.size
            high, through = (x[inside] - y[at[inside]]).max(), counted
        else:
            beyond = at > 0
            low, below = (x[beyond] - y[at[beyond] - 1]).min(), counted
    return float(low)
