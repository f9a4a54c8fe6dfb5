r"""Restricted cubic splines: a smooth curve of a covariate that is straight beyond its outer knots.

Notation: t_1 < ... < t_k the knots; :math:`(u)_+ = \max(u, 0)`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sarcoid_epi.stats.interval import Array

#: By how many knots there are, the quantile of the first one; the last mirrors it, the others are evenly between.
FIRST_QUANTILE = {3: 0.10, 4: 0.05, 5: 0.05, 6: 0.05, 7: 0.025}


def knots(values: ArrayLike, count: int, n: ArrayLike = 1) -> Array:
    """Knots at the quantiles that Harrell recommends, by the definition of quantiles that R and numpy have as default.

    The quantiles are those of 3 knots 0.10, 0.50, 0.90; 4: 0.05, 0.35, 0.65, 0.95; 5: 0.05, 0.275, 0.50, 0.725, 0.95;
    6: 0.05, 0.23, 0.41, 0.59, 0.77, 0.95; 7: 0.025, 0.1833, 0.3417, 0.50, 0.6583, 0.8167, 0.975. Knots that coincide
    (a covariate of few values) are given once, so that there may be fewer than asked for.

    Parameters
    ----------
    values
        The covariate, finite numbers, shape (R,).
    count
        Knots wanted, 3 to 7. Four for some hundred patients, three below a hundred, five for many.
    n
        Patients with each value, whole numbers, broadcast against `values`.

    Returns
    -------
    Array of knots, ascending, shape (K,), K <= count.

    Raises
    ------
    ValueError
        If `count` is not 3 to 7, a value is not finite, counts are broken, there are no patients, or fewer than three
        knots are left: the covariate has too few values for a curve.

    Assumes
    -------
    Nothing about the curve: knots follow where the patients are, not where the curve bends.

    References
    ----------
    harrell2015

    Examples
    --------
    >>> print(knots(np.arange(101.0), 4))
    [ 5. 35. 65. 95.]
    """
    if count not in FIRST_QUANTILE:
        raise ValueError(f"3 to 7 knots can be placed; got {count}")
    found = np.asarray(values, dtype=np.float64)
    if not np.isfinite(found).all():
        raise ValueError("values must be finite numbers")
    patients = np.broadcast_to(np.asarray(n, dtype=np.float64), found.shape)
    if (patients < 0).any() or (patients != np.floor(patients)).any() or patients.sum() == 0:
        raise ValueError("n must be whole numbers of 0 and above, not all 0")
    order = np.argsort(found, axis=None)
    ends = np.cumsum(patients.ravel()[order])
    outer = FIRST_QUANTILE[count]
    place = np.linspace(outer, 1.0 - outer, count) * (ends[-1] - 1.0)
    below = np.floor(place)
    left, right = (found.ravel()[order][np.searchsorted(ends, at, side="right")] for at in (below, np.ceil(place)))
    chosen = np.unique(left + (place - below) * (right - left))
    if chosen.size < 3:
        raise ValueError(f"a curve needs three different knots; the covariate has only {chosen.size}")
    return chosen


def restricted_cubic(values: ArrayLike, knots: ArrayLike) -> Array:
    r"""Columns of a restricted cubic spline: the covariate itself, then k - 2 bends.

    .. math:: X_{j+1} = \frac{ (x - t_j)_+^3
              - (x - t_{k-1})_+^3 \dfrac{t_k - t_j}{t_k - t_{k-1}}
              + (x - t_k)_+^3 \dfrac{t_{k-1} - t_j}{t_k - t_{k-1}} }{(t_k - t_1)^2}, \qquad j = 1, \dots, k - 2

    The curve is straight if the coefficients of the bends are 0: test them together (`logistic_ratio_test`, or
    `rubin.pooled_wald` of multiply imputed fits).

    Parameters
    ----------
    values
        The covariate, any shape.
    knots
        At least three, ascending, shape (..., k): knots for all, or with leading axes broadcast against `values`.

    Returns
    -------
    Array of the shape of `values` and a last axis of k - 1 columns; NaN where `values` is.

    Raises
    ------
    ValueError
        If there are fewer than three knots, or they do not ascend.

    Assumes
    -------
    The curve is straight beyond the outer knots.

    References
    ----------
    harrell2015

    Examples
    --------
    Knots 0, 1, 2: at 3 the bend is (27 - 2 * 8 + 1) / 4, and grows by 3/2 from 2 to 3, as it does ever after:

    >>> print(restricted_cubic([0.0, 1.0, 2.0, 3.0, 4.0], [0, 1, 2])[:, 1])
    [0.   0.25 1.5  3.   4.5 ]
    """
    x, t = np.asarray(values, dtype=np.float64), np.asarray(knots, dtype=np.float64)
    if t.ndim < 1 or t.shape[-1] < 3 or not (np.diff(t) > 0).all():
        raise ValueError(f"knots must be at least three ascending numbers; got {t.tolist()}")
    first, last_but_one, last = t[..., :1], t[..., -2:-1], t[..., -1:]

    def cubed(knot: Array) -> Array:
        return np.asarray(np.maximum(x[..., None] - knot, 0.0) ** 3)

    inner = t[..., :-2]
    bends = (
        cubed(inner)
        - cubed(last_but_one) * (last - inner) / (last - last_but_one)
        + cubed(last) * (last_but_one - inner) / (last - last_but_one)
    ) / (last - first) ** 2
    straight = np.broadcast_to(x[..., None], (*bends.shape[:-1], 1))
    return np.concatenate([straight, bends], axis=-1)
