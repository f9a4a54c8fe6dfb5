"""Integrals over a normal random effect, many at once."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import expit, gammaln

from sarcoid_epi.stats.interval import Array

_MODE_STEPS = 60
_LONGEST_MODE_STEP = 2.0


class Derivatives(NamedTuple):
    """Log-likelihood of each group, its gradient and observed information in (mu, tau), and the modes used."""

    value: Array
    gradient: Array
    information: Array
    modes: Array


@lru_cache(maxsize=32)
def _rule(nodes: int) -> tuple[Array, Array]:
    """Gauss-Hermite points t and log(w) + t^2, for integrals of functions that are not divided by exp(-t^2)."""
    t, w = np.polynomial.hermite.hermgauss(nodes)
    return t, np.log(w) + t**2


def binomial_normal_derivatives(
    mu: Array, tau: Array, events: Array, n: Array, nodes: int, modes: Array
) -> Derivatives:
    r"""Log-likelihood of the binomial-normal model and its first two derivatives, by adaptive Gauss-Hermite quadrature.

    .. math:: \ell = \sum_k \log \int \mathrm{Bin}(x_k; n_k, \mathrm{expit}(\mu + \tau u)) \, \varphi(u) \, du

    The points sit around the mode of each integrand and are spread by its curvature there. Gradient and information are
    posterior moments of the complete-data score s (1, u), s = x - n p: the gradient is E[s (1, u)] (Fisher's identity)
    and the information E[n p (1-p) (1, u)(1, u)'] - Var[s (1, u)] (Louis). In u, and not in mu + tau u, all of them are
    smooth at tau = 0, which is where many small syntheses end.

    Parameters
    ----------
    mu, tau
        Shape (G,). A negative tau means the same model as its absolute value, so that a search may pass through 0.
    events, n
        Shape (G, K); a study with n = 0 adds nothing.
    nodes
        Number of quadrature points.
    modes
        First guess of the modes of u, shape (G, K), for the absolute value of tau.

    Returns
    -------
    Derivatives with value (G,), gradient (G, 2), information (G, 2, 2), modes (G, K).

    References
    ----------
    pinheiro1995, louis1982
    """
    sign, mu, tau = np.where(tau < 0, -1.0, 1.0), mu[:, None], np.abs(tau)[:, None]
    modes = _modes(mu, tau, events, n, modes)
    p = expit(mu + tau * modes)
    spread = 1.0 / np.sqrt(1.0 + tau**2 * n * p * (1.0 - p))

    t, log_weight = _rule(nodes)
    u = modes[..., None] + np.sqrt(2.0) * spread[..., None] * t
    theta = mu[..., None] + tau[..., None] * u
    x, m = events[..., None], n[..., None]
    small = np.exp(-np.abs(theta))  # gives both log(1 + exp(theta)) and expit(theta)
    log_integrand = x * theta - m * (np.maximum(theta, 0.0) + np.log1p(small)) - 0.5 * u**2 + log_weight
    largest = log_integrand.max(axis=-1, keepdims=True)
    weight = np.exp(log_integrand - largest)
    total = weight.sum(axis=-1)
    weight /= total[..., None]
    value = log_choose(n, events) + np.log(total * spread / np.sqrt(np.pi)) + largest[..., 0]

    p = np.where(theta >= 0, 1.0, small) / (1.0 + small)
    score = x - m * p
    curvature = m * small / (1.0 + small) ** 2
    mean_s, mean_su = (weight * score).sum(-1), (weight * score * u).sum(-1)
    off_s, off_su = score - mean_s[..., None], score * u - mean_su[..., None]
    mu_mu = (weight * (curvature - off_s**2)).sum((-1, -2))
    mu_tau = sign * (weight * (curvature * u - off_s * off_su)).sum((-1, -2))
    tau_tau = (weight * (curvature * u**2 - off_su**2)).sum((-1, -2))
    return Derivatives(
        value.sum(-1),
        np.stack([mean_s.sum(-1), sign * mean_su.sum(-1)], axis=-1),
        np.stack([mu_mu, mu_tau, mu_tau, tau_tau], axis=-1).reshape(-1, 2, 2),
        modes,
    )


def log_choose(n: Array, events: Array) -> Array:
    """Log of the binomial coefficient, of a shape with its arguments."""
    return np.asarray(gammaln(n + 1.0) - gammaln(events + 1.0) - gammaln(n - events + 1.0))


def logit_normal_mean(mu: Array, tau: Array) -> Array:
    """E[expit(mu + tau U)], U standard normal, by the trapezium rule.

    Its error falls like exp(-2 pi^2 / (tau h)) with the step h = 0.05: below 1e-15 up to tau = 11.

    >>> print(round(float(logit_normal_mean(np.array(0.0), np.array(3.0))), 12))
    0.5
    """
    step = 0.05
    u = step * np.arange(-190, 191)
    density = step * np.exp(-0.5 * u**2) / np.sqrt(2.0 * np.pi)
    return np.asarray((expit(mu[..., None] + tau[..., None] * u) * density).sum(-1))


def _modes(mu: Array, tau: Array, events: Array, n: Array, start: Array) -> Array:
    """Maximum over u of x theta - n log(1 + exp(theta)) - u^2 / 2, theta = mu + tau u, by Newton with bounded steps.

    Each element stops for itself, so that a group gets the same bits in any batch. A point a little off the maximum
    only moves the quadrature points, so the tolerance need not be small.
    """
    u = start
    moving = np.ones(np.broadcast_shapes(u.shape, tau.shape), dtype=bool)
    longest = _LONGEST_MODE_STEP / np.maximum(tau, 1e-3)
    for _ in range(_MODE_STEPS):
        p = expit(mu + tau * u)
        step = (tau * (events - n * p) - u) / (1.0 + tau**2 * n * p * (1.0 - p))
        u = np.where(moving, u + np.clip(step, -longest, longest), u)
        moving &= np.abs(step) * np.sqrt(1.0 + tau**2 * n * p * (1.0 - p)) > 1e-6
        if not moving.any():
            break
    return u
