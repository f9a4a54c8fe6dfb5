"""Do more than two groups differ? Tests of categories and of ordered values, from counts by group.

Notation: o_gk patients of group g in category k, O_g and C_k their sums by group and by category, N all patients.
Groups without patients and categories that nobody has are left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.two_samples import category_counts

ONE_GROUP = "fewer than two groups have patients"


class GroupTest(NamedTuple):
    """A chi-squared statistic, its degrees of freedom, its p value, and a note."""

    statistic: Array
    df: Array
    p_value: Array
    note: NDArray[np.str_]


def homogeneity_test(counts: ArrayLike, corrected: bool = True) -> GroupTest:
    r"""Are categories shared out alike in all groups? Pearson's chi-squared, without continuity correction.

    .. math:: \chi^2_{(G-1)(K-1)} = \frac{N - 1}{N} \sum_{g,k} \frac{(o_{gk} - O_g C_k / N)^2}{O_g C_k / N}

    With two groups and two categories it is `score_test`; the factor, which makes the mean of the statistic, given the
    sums, its degrees of freedom, can be taken out there and here.

    Parameters
    ----------
    counts
        Patients by group and category, shape (..., groups, categories).
    corrected
        Whether the statistic carries the factor (N - 1)/N; without it is Pearson's.

    Returns
    -------
    GroupTest, of the leading shape; 0 on 0 degrees and p = 1 where all patients are of one category, NaN and a note
    with fewer than two groups of patients.

    Raises
    ------
    ValueError
        If counts are not whole numbers from 0, or there are no axes of groups and categories.

    Assumes
    -------
    Independent patients, and counts large enough for the chi-squared approximation.

    References
    ----------
    pearson1900, campbell2007

    Examples
    --------
    >>> answer = homogeneity_test([[10, 20], [20, 10], [15, 15]], corrected=False)
    >>> print(f"{answer.statistic:.4f} {answer.df:.0f} {answer.p_value:.4f}")
    6.6667 2 0.0357
    """
    o, groups = _table(counts)
    rows, columns, total = o.sum(-1, keepdims=True), o.sum(-2, keepdims=True), o.sum((-1, -2))
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = rows * columns / total[..., None, None]
        parts = np.where(expected > 0, (o - expected) ** 2 / expected, 0.0)
        statistic = parts.sum((-1, -2)) * ((total - 1.0) / total if corrected else 1.0)
    categories = (columns > 0).sum((-1, -2))
    return _answer(statistic, (groups - 1.0) * (categories - 1.0), groups)


def kruskal_wallis(counts: ArrayLike) -> GroupTest:
    r"""Do values tend to be larger in some groups than in others? Kruskal and Wallis, corrected for ties.

    With r_k the mean rank of the patients of category k among all, and :math:`\bar R_g` the mean rank of group g,

    .. math:: H_{G-1} = (N - 1) \frac{\sum_g O_g (\bar R_g - \bar R)^2}{\sum_k C_k (r_k - \bar R)^2},
              \qquad \bar R = \frac{N + 1}{2}

    Parameters
    ----------
    counts
        Patients by group and value, values in rising order, shape (..., groups, values).

    Returns
    -------
    GroupTest, of the leading shape; 0 and p = 1 where all patients have one value, NaN and a note with fewer than two
    groups of patients.

    Raises
    ------
    ValueError
        As in `homogeneity_test`.

    Assumes
    -------
    Independent patients, and more than a few in each group, for the chi-squared approximation.

    References
    ----------
    kruskal1952

    Examples
    --------
    Three groups of two patients with the values 1 to 6: mean ranks 1.5, 3.5 and 5.5, so 5 times 16 over 17.5.

    >>> answer = kruskal_wallis([[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]])
    >>> print(f"{answer.statistic:.4f} {answer.df:.0f} {answer.p_value:.4f}")
    4.5714 2 0.1017
    """
    o, groups = _table(counts)
    column = o.sum(-2)
    total = column.sum(-1)
    # Ranks about their mean: small numbers, so that no digits are lost with a million patients.
    rank = np.cumsum(column, axis=-1) - column / 2.0 - total[..., None] / 2.0
    size = o.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = (o * rank[..., None, :]).sum(-1)
        between = np.where(size > 0, within**2 / size, 0.0).sum(-1)
        statistic = (total - 1.0) * between / (column * rank**2).sum(-1)
    alike = (column > 0).sum(-1) < 2
    return _answer(np.where(alike, 0.0, statistic), np.where(alike, 0.0, groups - 1.0), groups)


def _table(counts: ArrayLike) -> tuple[Array, Array]:
    """The counts, checked, and how many groups have patients."""
    o = category_counts(counts, "counts")
    if o.ndim < 2:
        raise ValueError("counts need an axis of groups and an axis of categories")
    return o, np.asarray((o.sum(-1) > 0).sum(-1), dtype=np.float64)


def _answer(statistic: Array, df: Array, groups: Array) -> GroupTest:
    lone = groups < 2
    statistic, df = (np.where(lone, np.nan, field) for field in (statistic, df))
    p_value = np.where(df == 0, 1.0, chdtrc(np.where(df > 0, df, 1.0), statistic))
    p_value = np.where(lone, np.nan, p_value)
    note = np.where(lone, ONE_GROUP, "")
    return GroupTest(statistic[()], df[()], p_value[()], note[()])
