"""What each factor of a full grid makes of an output's variance: an analysis of variance without any model."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sarcoid_epi.stats.interval import Array


class Effects(NamedTuple):
    """First-order and total shares of each factor, and of the pairs of factors beyond their own; the variance."""

    first: Array
    total: Array
    pairs: tuple[tuple[int, int, float], ...]
    variance: float


def factorial_effects(table: ArrayLike) -> Effects:
    r"""Sobol's indices of a full grid, exactly: each cell as likely as any other.

    .. math:: S_k = \frac{V[E(f \mid x_k)]}{V(f)}, \qquad S_{Tk} = 1 - \frac{V[E(f \mid x_{\sim k})]}{V(f)}

    Every combination is there, so that the expectations are means of cells: nothing is estimated, and there is no error
    but that of the cells themselves. S_Tk - S_k is what a factor does only together with others.

    Parameters
    ----------
    table
        The output in each cell, one axis a factor, in the order of its values.

    Returns
    -------
    Effects; all NaN where a cell is, or where the output does not vary.

    Raises
    ------
    ValueError
        If there is no factor.

    Assumes
    -------
    The values of a factor stand for equally likely ones. Indices are of this grid: another range, other indices.

    References
    ----------
    sobol2001, searle1992

    Examples
    --------
    Two factors of two values whose effects add up, 1 and 2 from end to end: variances 1/4 and 1.

    >>> got = factorial_effects([[0, 2], [1, 3]])
    >>> print(got.first, got.total)
    [0.2 0.8] [0.2 0.8]
    """
    y = np.asarray(table, dtype=np.float64)
    if y.ndim == 0:
        raise ValueError("there must be an axis for each factor")
    axes = tuple(range(y.ndim))
    variance = float(y.var())
    # What is left of equal numbers is rounding.
    if not np.isfinite(variance) or variance <= (1e-12 * float(np.abs(y).max(initial=0.0))) ** 2:
        blank = np.full(y.ndim, np.nan)
        return Effects(blank, blank.copy(), (), variance)
    first = np.array([y.mean(axis=tuple(a for a in axes if a != k)).var() for k in axes]) / variance
    total = np.array([1 - y.mean(axis=k).var() / variance for k in axes])
    pairs = tuple(
        (j, k, float(y.mean(axis=tuple(a for a in axes if a not in (j, k))).var() / variance - first[j] - first[k]))
        for j, k in combinations(axes, 2)
    )
    return Effects(first, np.maximum(total, first), pairs, variance)
