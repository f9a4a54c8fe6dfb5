"""Newton's method for the regressions of many groups at once, free or with some coefficients held.

`maximum.climb` finds peaks of any smooth function. Here the functions are likelihoods of regressions, which may rise
for ever (separated data), and whose maximum is wanted with linear functions of the parameters held, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.stats.interval import Array

Groups = NDArray[np.intp]
Function = Callable[[Groups, Array], tuple[Array, ...]]

_MOST_STEPS = 30
_LONGEST_STEP = 5.0
_STEP_TOLERANCE = 1e-10
_SHORTEST_SCALE = 1e-7
_NEAR = 1e-10  # gain to expect, relative to the value, below which rounding may hide it
_FLATTEST = 1e-12
_LEAST_CURVED = 0.01  # of the least curvature of the matrix that stands in, below which it does stand in


class Ascent(NamedTuple):
    """Where each search ended: place (G, P), value (G,), inverse information (G, P, P), pull (G, K).

    `pull` is how fast the value would rise with each of the functions held, were it let go.
    """

    at: Array
    value: Array
    inverse: Array
    pull: Array
    converged: NDArray[np.bool_]


def ascend(function: Function, start: Array, held: Array | None = None, most_steps: int = _MOST_STEPS) -> Ascent:
    """Newton steps, halved where the value falls, until they are nothing; each group for itself.

    For the likelihood of a logistic or Poisson regression **a Newton step that is small in every row proves that the
    maximum exists**: residuals, changed by the weighted step, are multipliers that add up to no score, and they keep
    their signs while the step changes no linear predictor by 1. Separated data take steps of about 1 for ever; they
    use up `most_steps`, or their information gets too flat to go on, and they have not converged.

    Parameters
    ----------
    function
        Called with the numbers of the groups that still move and their parameters (A, P); gives value (A,), gradient
        (A, P) and information (A, P, P), which is positive definite. Where minus the second derivative need not be,
        that, and as fourth a matrix that is and leads uphill: it stands in where the function is not concave in the
        directions left free.
    start
        First parameters, shape (G, P); what is held must have its value there.
    held
        Linear functions of the parameters that stay as they are, shape (G, K, P).
    most_steps
        After so many a search is given up.

    Returns
    -------
    Ascent.
    """
    groups, size = start.shape
    fixed = np.zeros((groups, 0, size)) if held is None else held
    at, value = start.copy(), np.full(groups, -np.inf)
    inverse = np.full((groups, size, size), np.nan)
    pull = np.full((groups, fixed.shape[1]), np.nan)
    converged, near = np.zeros(groups, dtype=bool), np.zeros(groups, dtype=bool)
    step, scale = np.zeros_like(start), np.ones(groups)
    active = np.arange(groups)
    for _ in range(most_steps):
        if not active.size:
            break
        trial = at[active] + scale[active, None] * step[active]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            new, gradient, *curved = function(active, trial)
            taken = np.isfinite(new) & (near[active] | (new >= value[active] - 1e-12 * np.abs(new)))
        moved = active[taken]
        at[moved], value[moved] = trial[taken], new[taken]
        inverse[moved], steep = _inverted(_uphill(fixed[moved], *(matrix[taken] for matrix in curved)))
        with np.errstate(over="ignore", invalid="ignore"):  # a flat likelihood asks for a step without end
            step[moved], pull[moved] = _newton_step(gradient[taken], inverse[moved], fixed[moved])
            gain = (step[moved] * gradient[taken]).sum(-1) / 2.0
            near[moved] = gain < _NEAR * (1.0 + np.abs(value[moved]))
        scale[moved], scale[active[~taken]] = 1.0, scale[active[~taken]] / 2.0
        flat = np.zeros(groups, dtype=bool)
        flat[moved] = ~steep
        arrived = np.abs(step[active]).max(-1) < _STEP_TOLERANCE * (1.0 + np.abs(at[active]).max(-1))
        converged[active] = arrived & taken & ~flat[active]
        active = active[~arrived & (scale[active] > _SHORTEST_SCALE) & ~flat[active]]
    return Ascent(at, value, inverse, pull, converged)


def of_groups(function: Function, group: Groups) -> Function:
    """The function of problems, each of which belongs to a group."""
    return lambda problems, gamma: function(group[problems], gamma)


def _uphill(held: Array, curvature: Array, safe: Array | None = None) -> Array:
    """The curvature where it is positive definite in the directions left free, else the safe matrix.

    In the directions held the curvature may have any sign, as on the far side of a penalised likelihood's bend; steps
    do not depend on it. There it is raised (Finsler), until what is left of it, the others following, is as in the
    safe matrix: so the whole can be inverted, and steps near the end are Newton's and not the safe matrix's many.
    """
    if safe is None:
        return curvature
    turn = np.linalg.qr(held.swapaxes(1, 2), mode="complete").Q if held.shape[1] else None
    plain, steady = (matrix if turn is None else turn.swapaxes(1, 2) @ matrix @ turn for matrix in (curvature, safe))
    kept = held.shape[1]
    free, sure = plain[:, kept:, kept:], steady[:, kept:, kept:]
    least, compared = (np.linalg.eigvalsh(matrix).min(-1, initial=np.inf) for matrix in (free, sure))
    concave = (least > _LEAST_CURVED * compared)[:, None, None]
    if turn is None:
        return np.where(concave, curvature, safe)
    across = plain[:, kept:, :kept]
    following = across.swapaxes(1, 2) @ np.linalg.solve(np.where(concave, free, sure), across)
    beside = steady[:, kept:, :kept]
    raised = plain.copy()
    raised[:, :kept, :kept] = (
        following + steady[:, :kept, :kept] - beside.swapaxes(1, 2) @ np.linalg.solve(sure, beside)
    )
    return np.where(concave, turn @ raised @ turn.swapaxes(1, 2), safe)


def _inverted(information: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Inverses of symmetric matrices, and whether they are positive definite as far as rounding lets one see."""
    values, vectors = np.linalg.eigh(information)
    least = _FLATTEST * np.abs(values).max(-1, keepdims=True)
    size = np.maximum(values, least + np.finfo(np.float64).tiny)
    return (vectors / size[:, None, :]) @ vectors.swapaxes(1, 2), values[:, 0] > least[:, 0]


def _newton_step(gradient: Array, inverse: Array, held: Array) -> tuple[Array, Array]:
    """The step that the quadratic approximation asks for, leaving what is held, and the pull of what is held."""
    free = (inverse @ gradient[..., None])[..., 0]
    if held.shape[1] == 0:
        step, pull = free, free[:, :0]
    else:
        spread = inverse @ held.swapaxes(1, 2)
        pull = np.asarray(np.linalg.solve(held @ spread, held @ free[..., None])[..., 0])
        step = free - (spread @ pull[..., None])[..., 0]
    return step / np.maximum(1.0, np.abs(step).max(-1, keepdims=True) / _LONGEST_STEP), pull
