"""Draws from uniforms: pairs that move together, and beta distributions fast. Nothing is drawn in here."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline
from scipy.special import betainccinv, betaincinv, ndtr, ndtri

from sarcoid_epi.stats.interval import Array

_REACH = 8.25  # standard normal scores tabulated; 1e-16 lies beyond
_NODES = 513  # odd, so that the median is a node
_STEP = 2 * _REACH / (_NODES - 1)
_LEAST_SHAPE = 0.5  # below it a beta quantile bends too sharply for the table


def correlated(first: ArrayLike, second: ArrayLike, correlation: ArrayLike) -> tuple[Array, Array]:
    r"""Make two independent uniforms move together, by a normal copula; for sensitivities and specificities of a kind.

    .. math:: u_2' = \Phi\left( r\,\Phi^{-1}(u_1) + \sqrt{1 - r^2}\,\Phi^{-1}(u_2) \right)

    r is the correlation of the normal scores. The uniforms then have rank correlation (6/pi) asin(r/2), and so has
    anything that rises with them; its product-moment correlation is a little smaller.

    Parameters
    ----------
    first, second
        Independent uniforms u1, u2 in (0, 1), of shapes that broadcast.
    correlation
        r, in [-1, 1].

    Returns
    -------
    The first uniforms as they are and the second ones made dependent, each uniform on (0, 1).

    Raises
    ------
    ValueError
        If a uniform is not inside (0, 1) or the correlation not in [-1, 1].

    Assumes
    -------
    The dependence is that of a normal distribution: no more likely to be extreme together than that.

    References
    ----------
    fox2021

    Examples
    --------
    >>> for r in (0, 0.8, 1):
    ...     print("{:.3f} {:.3f}".format(*correlated(0.9, 0.5, r)))
    0.900 0.500
    0.900 0.847
    0.900 0.900
    """
    u, v, r = check_uniforms(first), check_uniforms(second), np.asarray(correlation, dtype=np.float64)
    if not (np.abs(r) <= 1).all():
        raise ValueError(f"correlation must lie between -1 and 1; got {correlation!r}")
    u, v = np.broadcast_arrays(u, v)
    moved = ndtr(r * ndtri(u) + np.sqrt(1 - r**2) * ndtri(v))
    return u[()], np.clip(moved, np.finfo(np.float64).tiny, 1 - 2.0**-53)[()]


def beta_quantile(a: ArrayLike, b: ArrayLike, uniforms: ArrayLike) -> Array:
    r"""Quantiles of beta distributions, a million in a few hundredths of a second.

    .. math:: I_q(a, b) = u

    The quantile is a smooth function of the normal score of u; it is read from a cubic spline through 513 exact values
    for scores from -8.25 to 8.25. The error is below 3e-8 standard deviations of the distribution; a score beyond 8.25,
    chance 2e-16, counts as 8.25. Fewer than 513 draws, and shapes below 1/2, are worked exactly.

    Parameters
    ----------
    a, b
        Shapes above 0, of any leading shape (...).
    uniforms
        In (0, 1), shape (..., D).

    Returns
    -------
    Quantiles q, shape (..., D).

    Raises
    ------
    ValueError
        If a shape is not above 0 or a uniform not inside (0, 1).

    Assumes
    -------
    Nothing beyond the distribution.

    Examples
    --------
    >>> print(beta_quantile(18, 2, [0.025, 0.5, 0.975]).round(4))
    [0.7397 0.9132 0.987 ]
    """
    alpha, beta = np.broadcast_arrays(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    if not ((alpha > 0) & (beta > 0)).all():
        raise ValueError("the shapes of a beta distribution must be above 0")
    u = check_uniforms(uniforms)
    shape, draws = np.broadcast_shapes(alpha.shape, u.shape[:-1]), u.shape[-1]
    u = np.broadcast_to(u, (*shape, draws)).reshape(-1, draws)
    alpha, beta = (np.broadcast_to(each, shape).ravel() for each in (alpha, beta))
    exact = np.minimum(alpha, beta) < _LEAST_SHAPE
    if draws < _NODES:
        exact[:] = True
    found = np.empty(u.shape)
    found[exact] = betaincinv(alpha[exact, None], beta[exact, None], u[exact])
    if not exact.all():
        found[~exact] = _from_table(alpha[~exact], beta[~exact], u[~exact])
    return found.reshape(*shape, draws)


def check_uniforms(uniforms: ArrayLike) -> Array:
    """Uniforms as float64; refuse one that is not strictly between 0 and 1."""
    u = np.asarray(uniforms, dtype=np.float64)
    if not ((u > 0) & (u < 1)).all():
        raise ValueError("uniforms must lie between 0 and 1, both excluded")
    return u


def _from_table(a: Array, b: Array, u: Array) -> Array:
    """Rows of quantiles, each row from its own spline on one common grid of normal scores."""
    # Replicates repeat the same few shapes: each is tabulated once.
    pairs, row = np.unique(np.stack([a, b], axis=-1), axis=0, return_inverse=True)
    a, b = pairs.T[:, :, None]
    node = np.linspace(-_REACH, _REACH, _NODES)
    exact = np.where(node < 0, betaincinv(a, b, ndtr(node)), betainccinv(a, b, ndtr(-node)))
    curve: Array = np.moveaxis(CubicSpline(node, exact, axis=1).c, 2, 1).reshape(4, -1)
    place = np.clip(ndtri(u), -_REACH, _REACH)
    place += _REACH
    at = np.minimum((place / _STEP).astype(np.intp), _NODES - 2)
    place -= at * _STEP
    at += (_NODES - 1) * row.reshape(-1, 1)
    value: Array = curve[0].take(at)
    for power in curve[1:]:
        value *= place
        value += power.take(at)
    return np.asarray(np.clip(value, 0.0, 1.0))
