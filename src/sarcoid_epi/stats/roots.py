"""Root finding for many brackets at once, without a loop over them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sarcoid_epi.stats.interval import Array

_MOST_STEPS = 200
_RELATIVE_TOLERANCE = 4 * np.finfo(np.float64).eps
_SMALLEST = np.finfo(np.float64).tiny


def bracketed_root(function: Callable[..., Array], low: Array, high: Array, *arguments: Array) -> Array:
    """Root of `function` in each bracket [low, high], by Chandrupatla's method.

    Each step is an inverse quadratic interpolation where the three last points say it is safe, else a bisection, so
    the bracket always shrinks. Elements that are done are taken out of the following steps.

    Parameters
    ----------
    function
        Called as ``function(x, *arguments)`` on one-dimensional arrays of equal length; continuous, and of opposite
        sign (or zero) at the two ends of each bracket. Where rounding gives both ends one sign, the root sits at an
        end, and the end with the smaller value is returned.
    low, high
        Ends of the brackets, shape (G,).
    *arguments
        Further arrays of shape (G,), cut down together with the brackets.

    Returns
    -------
    Array of shape (G,); relative accuracy 4 machine epsilons wherever `function` itself is that good.

    References
    ----------
    chandrupatla1997
    """
    root = np.empty_like(low)
    place = np.arange(low.size)
    a, b = high.copy(), low.copy()
    fa, fb = function(a, *arguments), function(b, *arguments)
    at_end = np.sign(fa) * np.sign(fb) >= 0
    root[at_end] = np.where(np.abs(fa) < np.abs(fb), a, b)[at_end]
    if at_end.any():
        inside = ~at_end
        place, a, b, fa, fb = place[inside], a[inside], b[inside], fa[inside], fb[inside]
        arguments = tuple(argument[inside] for argument in arguments)
    t = np.full_like(a, 0.5)
    for _ in range(_MOST_STEPS):
        x = a + t * (b - a)
        fx = function(x, *arguments)
        same = np.sign(fx) == np.sign(fa)
        c, fc = np.where(same, a, b), np.where(same, fa, fb)
        b, fb = np.where(same, b, a), np.where(same, fb, fa)
        a, fa = x, fx
        nearest = np.where(np.abs(fa) < np.abs(fb), a, b)
        with np.errstate(divide="ignore", invalid="ignore"):
            tolerance = (_RELATIVE_TOLERANCE * np.abs(nearest) + _SMALLEST) / np.abs(b - a)
        done = (tolerance >= 0.5) | (fa == 0.0) | (b == a)
        root[place[done]] = nearest[done]
        if done.all():
            return root
        keep = ~done
        place, tolerance = place[keep], tolerance[keep]
        a, b, c, fa, fb, fc = a[keep], b[keep], c[keep], fa[keep], fb[keep], fc[keep]
        arguments = tuple(argument[keep] for argument in arguments)
        t = np.clip(_interpolated(a, b, c, fa, fb, fc), tolerance, 1.0 - tolerance)
    root[place] = np.where(np.abs(fa) < np.abs(fb), a, b)
    return root


def _interpolated(a: Array, b: Array, c: Array, fa: Array, fb: Array, fc: Array) -> Array:
    """Where between a (0) and b (1) to look next: Chandrupatla's test decides between interpolation and the middle."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        safe = (phi**2 < xi) & ((1.0 - phi) ** 2 < 1.0 - xi)
        t = fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
    return np.where(safe & np.isfinite(t), t, 0.5)
