"""A posterior of a few parameters by importance sampling from quasi-random points: no chain, no chance.

Each parameter enters as a uniform, its place in its own prior; so the prior is the unit cube whatever the priors are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import gammaincinv, gammaln, logsumexp, ndtr, ndtri
from scipy.stats import qmc

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.weighted import effective, normalised

#: Degrees of freedom of the proposal, and the part of the points that always come from the prior.
_DEGREES, _FROM_PRIOR = 6.0, 0.1

#: Fewest effective draws of each dimension that a proposal is fitted to; weights are flattened until they give so many.
_PER_DIMENSION = 10.0

#: Farthest point on the normal scale.
_FARTHEST = 8.0


class Sample(NamedTuple):
    """Weighted draws: places in the priors (P, D), weights (P,) that add up to 1, their worth, and log evidence."""

    places: Array
    weights: Array
    effective: float
    log_evidence: float


def importance_sample(
    log_likelihood: Callable[[Array], Array], dimensions: int, points: int = 2**14, rounds: int = 5
) -> Sample:
    r"""Posterior draws of parameters with independent priors, by adapted importance sampling.

    With z = Phi^{-1}(u) the prior is standard normal. Points come from the mixture

    .. math:: g(z) = \tfrac1{10} N(z; 0, I) + \tfrac9{10} t_6(z; m, S)

    and weigh w = L(u) N(z; 0, I) / g(z). Mean m and covariance S are those of the weighted draws of the round before,
    the first round drawing from the prior alone; while the draws are worth too few, weights are flattened (w^b, b < 1)
    before m and S are taken. All points are Sobol's, so the same question has the same answer.

    Parameters
    ----------
    log_likelihood
        Of places u, shape (P, D), in (0, 1); gives shape (P,). Minus infinity where the data are impossible.
    dimensions
        D.
    points
        P of the last round, a power of 2; rounds before use a quarter.
    rounds
        Rounds in all.

    Returns
    -------
    Sample; `effective` is 1 / sum w^2, of P, and 0 with weights of NaN where no point is possible.

    Assumes
    -------
    One region holds the posterior. Where several did, or `effective` is below some hundreds, the answer is rough.

    References
    ----------
    kong1994, cappe2008, sobol1967

    Examples
    --------
    A uniform prior and 3 of 10: the posterior is Beta(4, 8), its mean 1/3.

    >>> drawn = importance_sample(lambda u: (3 * np.log(u) + 7 * np.log1p(-u)).sum(axis=-1), dimensions=1)
    >>> print(round(float(drawn.weights @ drawn.places[:, 0]), 4), drawn.effective > 10_000)
    0.3333 True
    """
    z = _normal_points(points // 4, dimensions)
    logs = _log_likelihood(log_likelihood, z)
    for number in range(1, rounds):
        if not np.isfinite(logs).any():
            return Sample(ndtr(z), np.full(len(z), np.nan), 0.0, -np.inf)
        mean, root = _fitted(z, logs)
        z, log_ratio = _proposed(mean, root, points if number == rounds - 1 else points // 4, dimensions)
        logs = _log_likelihood(log_likelihood, z) + log_ratio
    weights = normalised(logs)
    worth = float(effective(weights)) if np.isfinite(logs).any() else 0.0
    return Sample(ndtr(z), weights, worth, float(logsumexp(logs) - np.log(len(logs))))


def sobol(points: int, dimensions: int) -> Array:
    """Sobol's points in (0, 1), shifted by half a cell so that none lies on an edge; `points` a power of 2.

    References
    ----------
    sobol1967

    Examples
    --------
    >>> print(sobol(2, 1).ravel())
    [0.25 0.75]
    """
    return np.asarray(qmc.Sobol(dimensions, scramble=False).random(points) + 0.5 / points)


def _normal_points(points: int, dimensions: int) -> Array:
    return np.asarray(ndtri(sobol(points, dimensions)))


def _log_likelihood(function: Callable[[Array], Array], z: Array) -> Array:
    """At the places of normal points; NaN, which no data can give, counts as impossible."""
    logs = function(ndtr(z))
    return np.where(np.isnan(logs), -np.inf, logs)


def _fitted(z: Array, logs: Array) -> tuple[Array, Array]:
    """Mean and Cholesky factor of the draws, their weights flattened until they are worth enough."""
    enough = min(_PER_DIMENSION * z.shape[1], len(z) / 4.0)
    flattening, weights = 1.0, normalised(logs)
    while effective(weights) < enough and flattening > 1e-3:
        flattening *= 0.8
        weights = normalised(flattening * logs)
    mean = weights @ z
    covariance = (weights[:, None] * (z - mean)).T @ (z - mean) + 1e-6 * np.eye(z.shape[1])
    return mean, np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)


def _proposed(mean: Array, root: Array, points: int, dimensions: int) -> tuple[Array, Array]:
    """Points of the mixture and log prior over log mixture density."""
    u = sobol(points, dimensions + 2)
    normal = ndtri(u[:, :dimensions])
    scale = np.sqrt(_DEGREES / (2.0 * gammaincinv(_DEGREES / 2.0, u[:, dimensions])))
    moved = mean + (normal * scale[:, None]) @ root.T
    from_prior = u[:, dimensions + 1] < _FROM_PRIOR
    z = np.clip(np.where(from_prior[:, None], normal, moved), -_FARTHEST, _FARTHEST)
    prior = -0.5 * (z**2).sum(axis=-1) - dimensions / 2.0 * np.log(2.0 * np.pi)
    away = np.linalg.solve(root, (z - mean).T)
    student = (
        gammaln((_DEGREES + dimensions) / 2.0)
        - gammaln(_DEGREES / 2.0)
        - dimensions / 2.0 * np.log(_DEGREES * np.pi)
        - np.log(np.diag(root)).sum()
        - (_DEGREES + dimensions) / 2.0 * np.log1p((away**2).sum(axis=0) / _DEGREES)
    )
    mixture = np.logaddexp(np.log(_FROM_PRIOR) + prior, np.log1p(-_FROM_PRIOR) + student)
    return z, prior - mixture
