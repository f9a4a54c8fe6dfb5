"""The maximum of many smooth functions of few parameters at once, without a loop over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.stats.interval import Array

Function = Callable[[NDArray[np.intp], Array], tuple[Array, Array, Array]]

_MOST_STEPS = 200
_LONGEST_STEP = 2.0
_STEP_TOLERANCE = 1e-9
_SHORTEST_SCALE = 1e-8
_NEAR = 1e-4


class Peak(NamedTuple):
    """Where each search ended: place (G, P), value (G,), inverse information (G, P, P) and whether it is a maximum."""

    at: Array
    value: Array
    variance: Array
    converged: NDArray[np.bool_]


def climb(function: Function, start: Array) -> Peak:
    """Newton's method with halved steps, each group for itself.

    The information (minus the Hessian) enters by the absolute values of its eigenvalues, so that a step leads uphill
    everywhere and leaves saddles. A step that lowers the value is halved, but once the gain still to expect is below
    1e-4 (units of log-likelihood; the maximum is near) steps are trusted: `function` may be a quadrature whose value
    and gradient agree only up to its own error, and then the answer is where the gradient is 0.

    Parameters
    ----------
    function
        Called with the numbers of the groups that still move and their parameters, shape (A, P); gives value (A,),
        gradient (A, P) and information (A, P, P).
    start
        First parameters, shape (G, P).

    Returns
    -------
    Peak; a search that stalled, ran out of steps or ended where the information is not positive definite has
    ``converged`` False and its `variance` is NaN.
    """
    groups, size = start.shape
    at, value = start.copy(), np.full(groups, -np.inf)
    variance = np.full((groups, size, size), np.nan)
    converged = np.zeros(groups, dtype=bool)
    near = np.zeros(groups, dtype=bool)
    step, scale = np.zeros_like(start), np.ones(groups)
    active = np.arange(groups)
    for _ in range(_MOST_STEPS):
        if not active.size:
            break
        trial = at[active] + scale[active, None] * step[active]
        new_value, gradient, information = function(active, trial)
        taken = near[active] | (new_value >= value[active] - 1e-12 * np.abs(new_value))
        moved = active[taken]
        at[moved], value[moved] = trial[taken], new_value[taken]
        step[moved], variance[moved], near_now = _newton(gradient[taken], information[taken])
        near[moved] |= near_now
        scale[moved], scale[active[~taken]] = 1.0, scale[active[~taken]] / 2.0
        arrived = np.abs(step[active]).max(-1) < _STEP_TOLERANCE * (1.0 + np.abs(at[active]).max(-1))
        converged[active[arrived]] = True
        active = active[~arrived & (scale[active] > _SHORTEST_SCALE)]
    converged &= np.isfinite(variance[:, 0, 0])
    return Peak(at, value, np.where(converged[:, None, None], variance, np.nan), converged)


def _newton(gradient: Array, information: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """A step uphill, the inverse information (NaN unless positive definite), and whether little is left to gain."""
    values, vectors = np.linalg.eigh(information)
    positive = values[:, 0] > 0
    size = np.maximum(np.abs(values), 1e-8 * np.abs(values).max(-1, keepdims=True) + np.finfo(np.float64).tiny)
    step = np.einsum("gij,gj->gi", vectors, np.einsum("gij,gi->gj", vectors, gradient) / size)
    step /= np.maximum(1.0, np.abs(step).max(-1, keepdims=True) / _LONGEST_STEP)
    inverse = np.einsum("gij,gj,gkj->gik", vectors, 1.0 / size, vectors)
    inverse[~positive] = np.nan
    return step, inverse, positive & ((step * gradient).sum(-1) / 2.0 < _NEAR)
