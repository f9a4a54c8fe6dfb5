"""Which belief drives the answer: one input moved at a time, and the share of the answer's variance each input makes.

A function under study takes inputs of shape (K, n), one row an input and one column a setting, and gives one output a
setting, shape (..., n). It is called once, with all settings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from sarcoid_epi.stats.interval import Array

CONSTANT = "the output does not vary with these inputs"
NOT_FINITE = "the output is not a number at some settings"

Function = Callable[[Array], ArrayLike]
Quantile = Callable[[Array], ArrayLike]


class Tornado(NamedTuple):
    """Outputs with each input at its low and high end, the others at their value; K inputs on the last axis.

    `swing` is the distance between the two outputs; `order` lists the inputs from the largest swing to the smallest,
    ties as given and NaN last: ``swing[order]`` for one group, ``np.take_along_axis(swing, order, -1)`` for many.
    """

    base: Array
    at_low: Array
    at_high: Array
    swing: Array
    order: NDArray[np.intp]


class SobolIndices(NamedTuple):
    """First-order and total indices with their standard errors; K inputs on the last axis."""

    first: Array
    first_error: Array
    total: Array
    total_error: Array
    note: NDArray[np.str_]


def tornado(function: Function, low: ArrayLike, value: ArrayLike, high: ArrayLike) -> Tornado:
    r"""The output with each input at its low and its high end, all others at their value.

    .. math:: f(v_1, \dots, l_k, \dots, v_K), \qquad f(v_1, \dots, h_k, \dots, v_K)

    A swing is blind to what lies between the ends and to inputs that act only together; `sobol_indices` is not.

    Parameters
    ----------
    function
        From inputs (K, n) to outputs (..., n).
    low, value, high
        Ends and value of each input, shape (K,).

    Returns
    -------
    Tornado, of the leading shape of the outputs with K last.

    Raises
    ------
    ValueError
        If the three are not of one length, or a value does not lie between its ends.

    Assumes
    -------
    The ends are equally believable for all inputs (the same quantiles of each belief); otherwise swings do not compare.

    References
    ----------
    saltelli2010

    Examples
    --------
    A recorded share divided by sensitivity, its two beliefs moved:

    >>> answer = tornado(lambda x: x[0] / x[1], low=[0.02, 0.2], value=[0.03, 0.4], high=[0.04, 0.6])
    >>> print(answer.swing.round(3), answer.order)
    [0.05 0.1 ] [1 0]
    """
    ends = [np.asarray(each, dtype=np.float64) for each in (low, value, high)]
    if ends[0].ndim != 1 or len({each.shape for each in ends}) > 1:
        raise ValueError("low, value and high must be of one length")
    least, middle, most = ends
    if not ((least <= middle) & (middle <= most)).all():
        raise ValueError("each value must lie between its low and its high end")
    inputs = middle.size
    settings = np.repeat(middle[:, None], 2 * inputs + 1, axis=1)
    each = np.arange(inputs)
    settings[each, each], settings[each, inputs + each] = least, most
    outputs = np.asarray(function(settings), dtype=np.float64)
    at_low, at_high = outputs[..., :inputs], outputs[..., inputs : 2 * inputs]
    swing = np.abs(at_high - at_low)
    return Tornado(outputs[..., -1][()], at_low, at_high, swing, np.argsort(-swing, axis=-1, kind="stable"))


def sobol_indices(function: Function, quantiles: Sequence[Quantile], points: int = 1024) -> SobolIndices:
    r"""How much of the output's variance goes back to each input: first-order and total indices of Sobol.

    .. math:: S_k = \frac{V[E(f \mid x_k)]}{V(f)}, \qquad S_{Tk} = 1 - \frac{V[E(f \mid x_{\sim k})]}{V(f)}

    S_k is the part that would go if x_k were known; S_Tk the part that would be left if all others were. The first
    indices add up to 1 where inputs act on their own; S_Tk - S_k is what an input does only together with others.
    By `scipy.stats.sobol_indices` (Saltelli 2010 for the first, Jansen for the total), on Sobol's points moved
    bodily, modulo 1, by 16 fixed shifts: the answer is the mean over the shifts, its standard error their spread over
    the root of 16. Estimates are not cut: an index near 0 may come out a little below.

    Parameters
    ----------
    function
        From inputs (K, n) to outputs (..., n); called once, with 16 (K + 2) times `points` settings.
    quantiles
        One quantile function for each input, from (0, 1) to its belief, for instance ``scipy.stats.beta(4, 6).ppf``.
    points
        Points of each of the 16 sets, a power of 2.

    Returns
    -------
    SobolIndices, of the leading shape of the outputs with K last; NaN where the output does not vary or is not finite.

    Raises
    ------
    ValueError
        If there is no input, or `points` is not a power of 2.

    Assumes
    -------
    Independent inputs. Indices are of variance: where the output has a long tail they speak of the tail.

    References
    ----------
    sobol2001, saltelli2010, jansen1999, cranley1976

    Examples
    --------
    x + 2 y, both uniform: variances 1 and 4 in 5.

    >>> answer = sobol_indices(lambda x: x[0] + 2 * x[1], [lambda u: u] * 2)
    >>> print(answer.first.round(2), answer.total.round(2))
    [0.2 0.8] [0.2 0.8]
    """
    inputs = len(quantiles)
    if inputs == 0:
        raise ValueError("quantiles must name at least one input")
    if points < 2 or points & (points - 1):
        raise ValueError(f"points must be a power of 2; got {points}")
    # Sets A and B, and A with row k from B for each k: (K + 2, K, 16 * points).
    uniforms = _shifted_points(2 * inputs, points).reshape(2, inputs, -1)
    made = np.empty((2, inputs, uniforms.shape[-1]))
    for k, quantile in enumerate(quantiles):
        made[:, k] = quantile(uniforms[:, k])
    crossed = np.repeat(made[:1], inputs, axis=0)
    crossed[np.arange(inputs), np.arange(inputs)] = made[1]
    settings = np.concatenate([made, crossed]).transpose(1, 0, 2).reshape(inputs, -1)
    outputs = np.asarray(function(settings), dtype=np.float64)
    leading = outputs.shape[:-1]
    by_set = outputs.reshape(-1, inputs + 2, _SHIFTS, points)
    broken = ~np.isfinite(by_set).all(axis=(1, 2, 3))
    constant = (by_set == by_set[:, :1, :1, :1]).all(axis=(1, 2, 3))
    usable = ~(broken | constant)
    fields = [np.full((usable.size, inputs), np.nan) for _ in range(4)]
    if usable.any():
        # Groups and shifts are outputs of their own to scipy: (s, n), and (K, s, n) for the crossed sets.
        a, b, *ab = by_set[usable].transpose(1, 0, 2, 3).reshape(inputs + 2, -1, points)
        indices = stats.sobol_indices(func={"f_A": a, "f_B": b, "f_AB": np.stack(ab)}, n=points)
        for place, estimate in ((0, indices.first_order), (2, indices.total_order)):
            shifts = np.asarray(estimate).reshape(-1, _SHIFTS, inputs)
            fields[place][usable] = shifts.mean(axis=1)
            fields[place + 1][usable] = shifts.std(axis=1, ddof=1) / np.sqrt(_SHIFTS)
    note = np.select([broken, constant], [NOT_FINITE, CONSTANT], "").reshape(leading)
    first, first_error, total, total_error = (field.reshape(*leading, inputs) for field in fields)
    return SobolIndices(first, first_error, total, total_error, note[()])


_SHIFTS = 16
_SEED = 2001


@lru_cache(maxsize=8)
def _shifted_points(dimensions: int, points: int) -> Array:
    """Sobol's points (dimensions, 16 * points), moved by fixed shifts; always the same, and never exactly 0."""
    fixed = stats.qmc.Sobol(dimensions, scramble=False).random(points)
    shifts = np.random.default_rng(_SEED).random((_SHIFTS, 1, dimensions))
    moved = np.maximum((fixed + shifts) % 1.0, np.finfo(np.float64).tiny).reshape(-1, dimensions).T
    moved.flags.writeable = False
    return moved
