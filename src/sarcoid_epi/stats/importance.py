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

#: Degrees of freedom of the proposals.
_DEGREES = 16.0

#: Fewest effective draws of each dimension that a proposal is fitted to; weights are flattened until they give so many.
_PER_DIMENSION = 20.0

#: Farthest point on the normal scale: one in 10^15 lies beyond.
_FARTHEST = 8.0


class Sample(NamedTuple):
    """Weighted draws: places in the priors (P, D), weights (P,) that add up to 1, their worth, and log evidence."""

    places: Array
    weights: Array
    effective: float
    log_evidence: float


def importance_sample(
    log_likelihood: Callable[[Array], Array], dimensions: int, points: int = 2**15, rounds: int = 16
) -> Sample:
    r"""Posterior draws of parameters with independent priors, by adaptive multiple importance sampling.

    With z = Phi^{-1}(u) the prior is standard normal. Round 0 draws from it, each further round r from t_16(m_r, S_r),
    m_r and S_r being mean and covariance of the weighted draws of all rounds before. In the end a draw of any round
    weighs

    .. math:: w = L(u) \, N(z; 0, I) \Big/ \frac1R \sum_r g_r(z)

    as if all had come from the mixture of the R proposals, so that no round that went astray does harm. While the draws
    are worth too few, weights are flattened (w^b, b < 1) before m and S are taken. The points are consecutive stretches
    of Sobol's sequence, so the same question has the same answer.

    Parameters
    ----------
    log_likelihood
        Of places u, shape (P, D), in (0, 1); gives shape (P,). Minus infinity where the data are impossible.
    dimensions
        D.
    points
        In all rounds together, P; a power of 2.
    rounds
        R, a power of 2.

    Returns
    -------
    Sample; `effective` is 1 / sum w^2, of P, and 0 with weights of NaN where no point is possible.

    Assumes
    -------
    One region holds the posterior. Where several did, or `effective` is below some hundreds, the answer is rough.

    References
    ----------
    cornuet2012, kong1994, sobol1967

    Examples
    --------
    A uniform prior and 3 of 10: the posterior is Beta(4, 8), its mean 1/3.

    >>> drawn = importance_sample(lambda u: (3 * np.log(u) + 7 * np.log1p(-u)).sum(axis=-1), dimensions=1)
    >>> print(round(float(drawn.weights @ drawn.places[:, 0]), 4), drawn.effective > 8_000)
    0.3333 True
    """
    stretches = np.split(sobol(points, dimensions + 1), rounds)
    proposals: list[Proposal] = []
    z, logs = np.empty((0, dimensions)), np.empty(0)
    weights = np.empty(0)
    densities: list[Array] = []  # of every point so far, by each proposal
    for stretch in stretches:
        proposals.append(_fitted(z, weights) if len(z) else Proposal(np.zeros(dimensions), np.eye(dimensions), np.inf))
        new = _placed(proposals[-1], stretch)
        densities = [
            np.concatenate([known, _log_density(one, new)]) for known, one in zip(densities, proposals, strict=False)
        ]
        z, logs = np.concatenate([z, new]), np.concatenate([logs, _log_likelihood(log_likelihood, new)])
        if not np.isfinite(logs).any():
            return Sample(ndtr(z), np.full(len(z), np.nan), 0.0, -np.inf)
        densities.append(_log_density(proposals[-1], z))
        weights = logs + densities[0] - (logsumexp(densities, axis=0) - np.log(len(densities)))
    even = normalised(weights)
    return Sample(ndtr(z), even, float(effective(even)), float(logsumexp(weights) - np.log(len(weights))))


class Proposal(NamedTuple):
    """A multivariate t (normal with infinite degrees of freedom): mean, Cholesky factor of its scale, degrees."""

    mean: Array
    root: Array
    degrees: float


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


def _log_likelihood(function: Callable[[Array], Array], z: Array) -> Array:
    """At the places of normal points; NaN, which no data can give, counts as impossible."""
    logs = function(ndtr(z))
    return np.where(np.isnan(logs), -np.inf, logs)


def _fitted(z: Array, logs: Array) -> Proposal:
    """Mean and covariance of the draws, their weights flattened until they are worth enough."""
    enough = min(_PER_DIMENSION * z.shape[1], len(z) / 4.0)
    flattening, weights = 1.0, normalised(logs)
    while effective(weights) < enough and flattening > 1e-3:
        flattening *= 0.8
        weights = normalised(flattening * logs)
    mean = weights @ z
    covariance = (weights[:, None] * (z - mean)).T @ (z - mean) + 1e-6 * np.eye(z.shape[1])
    return Proposal(mean, np.asarray(np.linalg.cholesky(covariance), dtype=np.float64), _DEGREES)


def _placed(proposal: Proposal, u: Array) -> Array:
    """Quasi-random places of a proposal; the last column makes a normal point a t point."""
    normal = ndtri(u[:, :-1])
    scale = 1.0
    if np.isfinite(proposal.degrees):
        half = proposal.degrees / 2.0
        scale = np.sqrt(half / gammaincinv(half, u[:, -1:]))
    return np.clip(proposal.mean + (normal * scale) @ proposal.root.T, -_FARTHEST, _FARTHEST)


def _log_density(proposal: Proposal, z: Array) -> Array:
    mean, root, degrees = proposal
    size = len(mean)
    away = (np.linalg.solve(root, (z - mean).T) ** 2).sum(axis=0)
    constant = -np.log(np.diag(root)).sum() - size / 2.0 * np.log(np.pi)
    if np.isinf(degrees):
        return np.asarray(constant - size / 2.0 * np.log(2.0) - away / 2.0)
    half = degrees / 2.0
    ratio = gammaln(half + size / 2.0) - gammaln(half) - size / 2.0 * np.log(degrees)
    return np.asarray(constant + ratio - (half + size / 2.0) * np.log1p(away / degrees))
