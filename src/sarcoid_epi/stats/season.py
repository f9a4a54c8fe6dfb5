"""Season: do events come more often at one time of the year? By calendar month, against what the months hold.

Notation: K months (12) as equal arcs of a circle, month k at the angle :math:`\\theta_k = 2 \\pi (k - 1/2) / K`; o_k
events, E_k population-time, or r_k patients of a reference group.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc
from scipy.stats import rankdata

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.two_samples import category_counts

NO_EVENT = "a group has no events"
TOO_FEW_MONTHS = "fewer than three months hold anything: no season can be seen"
UNSEEN_MONTH = "a month without population-time has no rate"
TIES = "months with equal rates share their ranks: the p value is an upper bound where they leave a half"

#: Orders of twelve months, in 24ths of 12! = 479 001 600, whose largest six-month rank sum is 40 ... 57.
HEWITT = (984, 30440, 179432, 553856, 1102680, 1754496, 2058912, 2345968, 2276816, 2209584, 1840320, 1758384, 1254528,
          986112, 642240, 459648, 244800, 259200)  # fmt: skip


class SeasonTest(NamedTuple):
    """A chi-squared statistic on 2 degrees of freedom, its p value, and a note."""

    statistic: Array
    p_value: Array
    note: NDArray[np.str_]


class Hewitt(NamedTuple):
    """Largest rank sum of six months in a row, the first of these (January is 1), the p value, and a note."""

    statistic: Array
    first_month: NDArray[np.int64]
    p_value: Array
    note: NDArray[np.str_]


def rayleigh_test(counts: ArrayLike, exposure: ArrayLike) -> SeasonTest:
    r"""Rayleigh's test for one peak in the year, with months weighted by what they should hold.

    With :math:`e_k = (\cos\theta_k, \sin\theta_k)`, N events and :math:`\pi_k = E_k / \sum E`,

    .. math:: \chi^2_2 = N (\bar e - \mu)^\top \Sigma^{-1} (\bar e - \mu), \qquad
              \bar e = \frac1N \sum o_k e_k, \quad \mu = \sum \pi_k e_k, \quad
              \Sigma = \sum \pi_k e_k e_k^\top - \mu \mu^\top

    With equal population-time this is Rayleigh's :math:`2 N |\bar e|^2`.

    Parameters
    ----------
    counts
        Events by calendar month, shape (..., K).
    exposure
        Population-time of each month, broadcast against `counts`; taken as known.

    Returns
    -------
    SeasonTest, of the leading shape; NaN and a note without events or with fewer than three months of population-time.

    Raises
    ------
    ValueError
        If counts are not whole numbers from 0, population-time is negative or not a number, or there are events in a
        month without any.

    Assumes
    -------
    Independent events, enough of them for the chi-squared approximation (ten), population-time known without error.

    References
    ----------
    mardia2000, edwards1961

    Examples
    --------
    Four events, all in January, equal months: 2 times 4.

    >>> print(f"{rayleigh_test([4] + [0] * 11, np.ones(12)).statistic:.4f}")
    8.0000
    """
    events, time = months(counts, exposure)
    number, whole = events.sum(-1), time.sum(-1)
    with np.errstate(invalid="ignore"):
        share, found = time / whole[..., None], events / number[..., None]
    return _quadratic(found - share, share, number, number == 0)


def rayleigh_against(counts: ArrayLike, reference: ArrayLike) -> SeasonTest:
    r"""Do two groups have their events at the same time of the year? Rayleigh's test against a reference group.

    .. math:: \chi^2_2 = \frac{N - 1}{N} \frac{n_1 n_0}{N} (\bar e_1 - \bar e_0)^\top \Sigma^{-1} (\bar e_1 - \bar e_0)

    with :math:`\Sigma` as in `rayleigh_test` for both groups together, N = n1 + n0: the variance under random exchange
    of patients between the groups.

    Parameters
    ----------
    counts, reference
        Patients by calendar month in the group of interest and in the reference group, shape (..., K).

    Returns
    -------
    SeasonTest, of the leading shape; NaN and a note where a group is empty or fewer than three months have patients.

    Raises
    ------
    ValueError
        If counts are not whole numbers from 0 or months differ in number.

    Assumes
    -------
    Independent patients; whatever else moves with the season (referral, holidays) moves both groups alike.

    References
    ----------
    mardia2000

    Examples
    --------
    >>> answer = rayleigh_against([9, 12, 15, 11, 6, 3, 2, 1, 2, 3, 5, 7], [10] * 12)
    >>> print(f"{answer.statistic:.2f} {answer.p_value:.5f}")
    20.35 0.00004
    """
    events, others = months(counts, reference, whole=True)
    n1, n0 = events.sum(-1), others.sum(-1)
    total = n1 + n0
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = events / n1[..., None] - others / n0[..., None]
        share, weight = (events + others) / total[..., None], n1 * n0 / total * (total - 1.0) / total
    return _quadratic(difference, share, weight, (n1 == 0) | (n0 == 0))


def hewitt_test(counts: ArrayLike, exposure: ArrayLike) -> Hewitt:
    r"""Hewitt's test for a raised half of the year: the largest rank sum of six months in a row.

    The twelve monthly rates are ranked, 12 the highest, and the twelve sums of six neighbouring ranks looked at. The p
    value is the exact share of all 12! orders with as large a maximum (57: 0.0130, 56: 0.0253, 55: 0.0483). Equal rates
    share their mean rank; the p value of a maximum that ends in a half is that of the whole number below it.

    Parameters
    ----------
    counts
        Events by calendar month, shape (..., 12).
    exposure
        Population-time of each month, broadcast against `counts`.

    Returns
    -------
    Hewitt, of the leading shape; NaN (month 0) and a note without events or where a month has no population-time.

    Raises
    ------
    ValueError
        If there are not twelve months, or as in `rayleigh_test`.

    Assumes
    -------
    Months exchangeable but for a season: rates of like precision. Power is low; a season of one short peak is missed.

    References
    ----------
    hewitt1971

    Examples
    --------
    Rates rising from January to June and falling again:

    >>> answer = hewitt_test([3, 5, 7, 9, 11, 12, 10, 8, 6, 4, 2, 1], np.ones(12))
    >>> print(answer.statistic, answer.first_month, f"{answer.p_value:.4f}")
    57.0 3 0.0130
    """
    events, time = months(counts, exposure)
    if events.shape[-1] != 12:
        raise ValueError(f"Hewitt's test is for twelve months; got {events.shape[-1]}")
    empty, unseen = events.sum(-1) == 0, (time == 0).any(-1)
    rate = events / np.where(time > 0, time, 1.0)
    rank = rankdata(rate, axis=-1)
    run = np.cumsum(np.concatenate([rank, rank[..., :5]], axis=-1), axis=-1)
    sums = run[..., 5:] - np.concatenate([np.zeros((*run.shape[:-1], 1)), run[..., :11]], axis=-1)
    statistic, missing = sums.max(-1), empty | unseen
    at_least = np.cumsum(HEWITT[::-1])[::-1] / sum(HEWITT)
    p_value = at_least[np.clip(np.floor(statistic) - 40, 0, None).astype(np.intp)]
    tied = (np.diff(np.sort(rate, axis=-1)) == 0).any(-1)
    note = np.select([empty, unseen, tied], [NO_EVENT, UNSEEN_MONTH, TIES], "")
    first = np.where(missing, 0, sums.argmax(-1) + 1)
    statistic, p_value = (np.where(missing, np.nan, field) for field in (statistic, p_value))
    return Hewitt(statistic[()], first[()], p_value[()], note[()])


def months(counts: ArrayLike, other: ArrayLike, whole: bool = False) -> tuple[Array, Array]:
    """Events and population-time (or, with `whole`, a reference group) by month, checked and of one shape.

    Raises
    ------
    ValueError
        As told in `rayleigh_test` and `rayleigh_against`.
    """
    events = category_counts(counts, "counts")
    second = category_counts(other, "reference") if whole else np.asarray(other, dtype=np.float64)
    if second.ndim == 0 or events.shape[-1] != second.shape[-1]:
        raise ValueError(f"counts and {'reference' if whole else 'exposure'} must have the same months")
    if not whole and not ((second >= 0) & np.isfinite(second)).all():
        raise ValueError("exposure must not be negative, and must be numbers")
    events, second = np.broadcast_arrays(events, second)
    if not whole and ((second == 0) & (events > 0)).any():
        raise ValueError("exposure must be above 0 in every month with events")
    return events, second


def angles(size: int) -> Array:
    """Middle of each month on the circle of the year."""
    return np.asarray(2.0 * np.pi * (np.arange(size) + 0.5) / size)


def _quadratic(difference: Array, share: Array, weight: Array, empty: NDArray[np.bool_]) -> SeasonTest:
    """The quadratic form of a difference of mean directions in the inverse of their covariance."""
    circle = np.stack([np.cos(angles(share.shape[-1])), np.sin(angles(share.shape[-1]))])
    few = (share > 0).sum(-1) < 3
    (x, y), (mean_x, mean_y) = (np.moveaxis(part @ circle.T, -1, 0) for part in (difference, share))
    xx, yy, xy = (share @ (circle[i] * circle[j]) for i, j in ((0, 0), (1, 1), (0, 1)))
    xx, yy, xy = xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = weight * (yy * x**2 - 2.0 * xy * x * y + xx * y**2) / (xx * yy - xy**2)
    statistic = np.where(empty | few, np.nan, statistic)
    note = np.select([empty, few], [NO_EVENT, TOO_FEW_MONTHS], "")
    return SeasonTest(statistic[()], np.asarray(chdtrc(2.0, statistic), dtype=np.float64)[()], note[()])
