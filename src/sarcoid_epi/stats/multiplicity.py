"""P values of many comparisons, adjusted; raw ones are kept by whoever asks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, check_share


def holm(p_values: ArrayLike) -> Array:
    r"""P values adjusted so that the chance of any false rejection among all is held (Holm).

    With the m known p values in rising order,

    .. math:: \tilde p_{(i)} = \max_{j \le i} \min\{(m - j + 1) \, p_{(j)}, 1\}

    Parameters
    ----------
    p_values
        Shape (..., comparisons), each in [0, 1]; NaN is a comparison that was not made.

    Returns
    -------
    Array of the same shape; NaN stays NaN and is not counted.

    Raises
    ------
    ValueError
        If a p value lies outside [0, 1] or there is no axis of comparisons.

    Assumes
    -------
    Valid p values; nothing about how they depend on each other.

    References
    ----------
    holm1979

    Examples
    --------
    >>> print(holm([0.01, 0.04, 0.03, np.nan]).round(3))
    [0.03 0.06 0.06  nan]
    """
    p, order, known = _rising(p_values)
    place = np.arange(p.shape[-1])
    adjusted = np.maximum.accumulate(np.minimum((known[..., None] - place) * p, 1.0), axis=-1)
    return _back(adjusted, order)


def benjamini_hochberg(p_values: ArrayLike) -> Array:
    r"""P values adjusted so that the expected share of false ones among the rejections is held (Benjamini-Hochberg).

    With the m known p values in rising order,

    .. math:: \tilde p_{(i)} = \min_{j \ge i} \min\{m \, p_{(j)} / j, 1\}

    Parameters
    ----------
    p_values
        Shape (..., comparisons), each in [0, 1]; NaN is a comparison that was not made.

    Returns
    -------
    Array of the same shape; NaN stays NaN and is not counted.

    Raises
    ------
    ValueError
        If a p value lies outside [0, 1] or there is no axis of comparisons.

    Assumes
    -------
    Valid p values, independent or positively dependent.

    References
    ----------
    benjamini1995

    Examples
    --------
    >>> print(benjamini_hochberg([0.01, 0.04, 0.03, np.nan]).round(3))
    [0.03 0.04 0.04  nan]
    """
    p, order, known = _rising(p_values)
    scaled = np.minimum(known[..., None] / np.arange(1, p.shape[-1] + 1) * p, 1.0)
    backwards = np.where(np.isnan(scaled), 1.0, scaled)[..., ::-1]
    adjusted = np.minimum.accumulate(backwards, axis=-1)[..., ::-1]
    return _back(np.where(np.isnan(scaled), np.nan, adjusted), order)


def _rising(p_values: ArrayLike) -> tuple[Array, NDArray[np.intp], NDArray[np.intp]]:
    """The p values in rising order, NaN last; their places; and how many are known."""
    p = check_share(p_values, "p_values")
    if p.ndim == 0:
        raise ValueError("p_values need an axis of comparisons")
    order = np.argsort(p, axis=-1, kind="stable")
    return np.take_along_axis(p, order, -1), order, np.asarray((~np.isnan(p)).sum(-1))


def _back(ordered: Array, order: NDArray[np.intp]) -> Array:
    result = np.empty_like(ordered)
    np.put_along_axis(result, order, ordered, -1)
    return result
