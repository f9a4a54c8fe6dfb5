"""Posterior of the modality model on a grid of (mu, tau), and what is read off it; the fit itself is in `modality`."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtri, sici
from scipy.stats import qmc

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.modality_likelihood import ROUGH_NODES, Likelihood, Looks, Points, likelihood, placed
from sarcoid_epi.stats.roots import bracketed_root

_NODES = 7  # for each series' true share
_SCAN, _DROP, _REACH = 8, 8.0, 4.0  # taus tried, logarithms below the top, scales of tau
_TAU_POINTS, _MU_POINTS, _MU_STEP = 11, 11, 0.72
_Z: Array = np.asarray(_MU_STEP * (np.arange(_MU_POINTS) - _MU_POINTS // 2), dtype=np.float64)
_PROBES = np.array([2.0, 4.0, 8.0, 16.0])  # how far to each side the density of mu is tried, in its own spreads
_LEFT, _RIGHT = slice(0, _PROBES.size), slice(_PROBES.size + 1, None)
_SOBOL = 10  # 2^10 points of the posterior
_FINE = 121  # places at which chances are tabled, to be read backwards
_SPREAD_NODES = 9


class Posterior(NamedTuple):
    """Weights of a grid of (mu, tau), (G, T); at each of its points (Se, F), (G, T, M, N, 2), with weights; the
    skew (G,) of the steps in mu."""

    mu: Array
    tau: Array
    weight: Array
    looks: Array
    look_weights: Array
    skew: Array


def posterior(x: Array, m: Array, look: Looks, top: Array, centres: Array, modes: Array, tau_scale: float) -> Posterior:
    """The posterior on a grid: Gauss-Legendre in the square root of tau, equal steps in mu around its centre there."""
    groups = len(x)
    logits = np.clip(top[:, 0, None, None] + np.abs(top[:, 1, None, None]) * modes, -30.0, 30.0)[:, None]

    def at(mu: Array, tau: Array, nodes: int, derivatives: bool) -> tuple[Likelihood, Points]:
        """At (G, P) points of each group."""
        first = np.clip((logits - mu[..., None, None]) / tau[..., None, None], -6.0, 6.0).reshape(-1, *modes.shape[1:])
        events, n, start = (np.repeat(each, mu.shape[1], axis=0) for each in (x, m, centres))
        where = mu.ravel(), tau.ravel(), events, n, look
        points = placed(*where, start, first[..., :1], rough=nodes == ROUGH_NODES)
        found = likelihood(*where, points, nodes, first[..., : points.at.shape[2]], derivatives)
        shaped = [[each.reshape(*mu.shape, *each.shape[1:]) for each in answer] for answer in (found, points)]
        return Likelihood(*shaped[0]), Points(*shaped[1])

    root = np.sqrt(_REACH * tau_scale) * np.arange(1, _SCAN + 1) / _SCAN
    root = np.concatenate([[1e-3], root])
    tau = np.broadcast_to(root**2, (groups, root.size))
    centre = np.broadcast_to(top[:, :1], tau.shape)
    height, bend = np.full(tau.shape, -np.inf), np.ones(tau.shape)
    trial = centre
    for _ in range(2):
        rough, _ = at(trial, tau, ROUGH_NODES, True)
        # The logistic density of mu has information up to 1/4 and keeps a flat likelihood from running away.
        curved = np.maximum(rough.information[..., 0, 0], 0.0) + 0.25
        slope = rough.gradient[..., 0] - np.tanh(trial / 2.0)
        # Newton's promise of a gain is believed only near the top; where the likelihood bends the other way it is not.
        gain = np.minimum(0.5 * slope**2 / curved, 1.0)
        reached = rough.value + _log_logistic(trial) + gain - 0.5 * np.log(curved)
        better = reached > height
        height, bend = np.where(better, reached, height), np.where(better, curved, bend)
        step = np.clip(slope / curved, -1.0, 1.0)
        centre = np.where(better, trial + step, centre)
        trial = np.where(better, centre, (trial + centre) / 2.0)  # a step too far is taken half
    height = height - 0.5 * (tau / tau_scale) ** 2 + np.log(root)

    best = np.arange(groups)[:, None], height.argmax(-1)[:, None]
    probes = centre[best] + np.concatenate([-_PROBES, [0.0], _PROBES]) / np.sqrt(bend[best])
    rough, _ = at(probes, np.broadcast_to(tau[best], probes.shape), ROUGH_NODES, False)
    drop = rough.value + _log_logistic(probes)
    left, right = (_reach(drop[:, _PROBES.size, None] - drop[:, side]) for side in (_LEFT, _RIGHT))
    skew = np.log(right / left) / 3.0

    v = _box(root, height)
    tau = v**2
    # Equal steps in z, mu = centre + scale (exp(skew z) - 1)/skew, reaches as far as the density on each side.
    stretch = (3.0 * right / _exponential(3.0, skew))[:, None]
    scale = stretch / np.sqrt(_interpolated(v, root, bend))
    steps = _exponential(_Z, skew[:, None])[:, None]
    mu = (_interpolated(v, root, centre)[..., None] + scale[..., None] * steps).reshape(groups, -1)
    tau, factor = (np.repeat(each, _MU_POINTS, axis=1) for each in (tau, v * scale * _legendre()[1]))
    slant = np.tile(skew[:, None] * _Z, v.shape[1])
    fine, points = at(mu, tau, _NODES, False)
    height = fine.value + _log_logistic(mu) - 0.5 * (tau / tau_scale) ** 2 + np.log(factor) + slant
    weight = np.exp(height - height.max(-1, keepdims=True))
    return Posterior(mu, tau, weight / weight.sum(-1, keepdims=True), points.at, fine.weights, skew)


def _reach(drop: Array) -> Array:
    """Spread of one side, in units of that at the centre, from how far the log density falls at the probes, (G, 4).

    A normal density falls by d^2/2 at distance d, so each probe that still counts gives d / sqrt(2 drop).
    """
    spread = _PROBES / np.sqrt(2.0 * np.maximum(drop, 0.5))
    counts = drop < _DROP
    counts[:, 0] = True
    return np.asarray(np.where(counts, spread, 0.0).max(-1))


def _exponential(z: Array | float, skew: Array) -> Array:
    """(exp(skew z) - 1)/skew, which is z without skew."""
    safe = np.where(np.abs(skew) < 1e-6, 1e-6, skew)
    return np.asarray(np.expm1(safe * z) / safe)


def _log_logistic(mu: Array) -> Array:
    """Log density of mu where the typical share is uniform on (0, 1)."""
    return np.asarray(-np.abs(mu) - 2.0 * np.log1p(np.exp(-np.abs(mu))))


def _box(root: Array, height: Array) -> Array:
    """Gauss-Legendre points (G, J) over the roots of tau whose height is within `_DROP` of the highest."""
    fine = np.linspace(root[0], root[-1], 241)
    inside = _interpolated(np.broadcast_to(fine, (len(height), fine.size)), root, height)
    inside = inside > inside.max(-1, keepdims=True) - _DROP
    low, high = fine[inside.argmax(-1)], fine[fine.size - 1 - inside[:, ::-1].argmax(-1)]
    return np.asarray(low[:, None] + (high - low)[:, None] * _legendre()[0])


def _interpolated(v: Array, root: Array, values: Array) -> Array:
    """Straight lines between the values (G, S) at the roots, read at v (G, J)."""
    below = np.clip(np.searchsorted(root, v) - 1, 0, root.size - 2)
    part = (v - root[below]) / (root[below + 1] - root[below])
    first, second = (np.take_along_axis(values, place, axis=-1) for place in (below, below + 1))
    return np.asarray(first + part * (second - first))


@lru_cache(maxsize=1)
def _legendre() -> tuple[Array, Array]:
    """Gauss-Legendre points and weights on (0, 1)."""
    at, weight = np.polynomial.legendre.leggauss(_TAU_POINTS)
    return (at + 1.0) / 2.0, weight / 2.0


def looks(fitted: Posterior) -> tuple[Array, Array, Array, Array]:
    """Posterior mean and standard deviation of each sensitivity and each specificity, (G, M)."""
    weight = fitted.weight[..., None, None] * fitted.look_weights
    mean = np.einsum("gtmn,gtmni->gmi", weight, fitted.looks)
    off = fitted.looks - mean[:, None, :, None]
    sd = np.sqrt(np.einsum("gtmn,gtmni->gmi", weight, off**2))
    return mean[..., 0], sd[..., 0], 1.0 - mean[..., 1], sd[..., 1]


def mu_quantiles(fitted: Posterior, wanted: list[float]) -> Array:
    """Quantiles of mu, (Q, G): the density between its equal steps in z by the sampling theorem, its integral by Si."""
    groups = len(fitted.mu)
    by_tau = fitted.mu.reshape(groups, -1, _MU_POINTS)
    centre = by_tau[..., _MU_POINTS // 2]
    one = _exponential(_MU_STEP, fitted.skew)
    scale = (by_tau[..., _MU_POINTS // 2 + 1] - centre) / one[:, None]
    weight = fitted.weight.reshape(by_tau.shape)

    def below(c: Array, group: Array, level: Array) -> Array:
        g = group.astype(int)
        skew = np.where(np.abs(fitted.skew[g]) < 1e-6, 1e-6, fitted.skew[g])[:, None]
        inside = np.maximum(1.0 + skew * (c[:, None] - centre[g]) / scale[g], 1e-300)
        z = np.log(inside) / skew
        part = 0.5 + sici(np.pi * (z[..., None] - _Z) / _MU_STEP)[0] / np.pi
        return np.asarray((weight[g] * part).sum((1, 2)) - level)

    group, level = (each.ravel() for each in np.meshgrid(np.arange(groups, dtype=float), wanted))
    low, high = fitted.mu.min(-1), fitted.mu.max(-1)
    found = bracketed_root(below, np.tile(low, len(wanted)), np.tile(high, len(wanted)), group, level)
    return np.asarray(found.reshape(len(wanted), groups))


def spreads(fitted: Posterior, look: Looks, m: Array) -> tuple[tuple[Array, Array], Array]:
    """At some points of the posterior: the variance by looking and by patients, (G, S), and new shares, (G, S, M)."""
    modalities = len(look.value)
    uniforms = _sobol(modalities + 5)
    mu, tau, point = _between(fitted, uniforms[:, :4])
    group = np.arange(len(m))[:, None]
    chances = fitted.look_weights[group, point].cumsum(-1)
    pair = np.minimum((chances < uniforms[:, 4:-1, None]).sum(-1), chances.shape[-1] - 1)
    each = np.arange(modalities)
    se, f = np.moveaxis(fitted.looks[group[..., None], point[..., None], each, pair], -1, 0)

    def logit_apparent(deviate: Array) -> Array:
        p = expit(mu[..., None] + tau[..., None] * deviate)
        q = f + (se - f) * p
        return np.asarray(np.log(q) - np.log1p(-q))

    t, w = np.polynomial.hermite_e.hermegauss(_SPREAD_NODES)
    w = w / w.sum()
    values = np.stack([logit_apparent(at) for at in t[:, None, None, None]], axis=-1)
    mean = (values * w).sum(-1)
    within = ((values - mean[..., None]) ** 2 * w).sum(-1)
    used = ((m > 0)[:, :, None] & (look.modality[:, None] == each)).sum(1).astype(np.float64)
    used = (used / used.sum(-1, keepdims=True))[:, None]
    centre = (used * mean).sum(-1, keepdims=True)
    spread = (used * (mean - centre) ** 2).sum(-1), (used * within).sum(-1)
    return spread, expit(logit_apparent(ndtri(uniforms[:, -1:])))


def _between(fitted: Posterior, uniforms: Array) -> tuple[Array, Array, NDArray[np.intp]]:
    """Points (mu, tau) of the posterior, (G, S), off its grid, each with a point of the grid beside it.

    The density of v = sqrt(tau) is the polynomial through its nodes, that of z at a node the sampling theorem's; a
    point between two nodes is beside either by chance, the nearer the likelier.
    """
    groups = len(fitted.mu)
    mu, tau, weight = (each.reshape(groups, -1, _MU_POINTS) for each in (fitted.mu, fitted.tau, fitted.weight))
    nodes, _ = _legendre()
    legendre = np.polynomial.legendre.legvander(2.0 * nodes - 1.0, _TAU_POINTS)
    fine = np.linspace(0.0, 1.0, _FINE)
    moments = weight.sum(-1) @ legendre  # the next polynomial is 0 at the nodes
    table = np.polynomial.legendre.legvander(2.0 * fine - 1.0, _TAU_POINTS)
    up = np.concatenate([fine[:, None], (table[:, 2:] - table[:, :-2]) / 2.0], axis=1)
    t = _inverted(moments[:, :-1] @ up.T, fine, np.broadcast_to(uniforms[:, 0], (groups, len(uniforms))))

    place = np.clip(np.searchsorted(nodes, t) - 1, 0, nodes.size - 2)
    part = (t - nodes[place]) / (nodes[place + 1] - nodes[place])
    beside = place + (uniforms[:, 1] < np.clip(part, 0.0, 1.0))
    group = np.arange(groups)[:, None]
    z, steps = _steps()
    chance = weight / weight.sum(-1, keepdims=True) @ steps
    at = _inverted(chance[group, beside].reshape(-1, _FINE), z, np.tile(uniforms[:, 2], groups)[:, None])[:, 0]
    at = at.reshape(t.shape)

    centre = mu[..., _MU_POINTS // 2]
    scale = (mu[..., _MU_POINTS // 2 + 1] - centre) / _exponential(_MU_STEP, fitted.skew)[:, None]
    centre, scale, root = (
        each[group, place] + part * (each[group, place + 1] - each[group, place])
        for each in (centre, scale, np.sqrt(tau[..., 0]))
    )
    step = at / _MU_STEP + _MU_POINTS // 2
    low = np.floor(step)
    column = np.clip(low + (uniforms[:, 3] < step - low), 0, _MU_POINTS - 1).astype(np.intp)
    return centre + scale * _exponential(at, fitted.skew[:, None]), root**2, beside * _MU_POINTS + column


@lru_cache(maxsize=1)
def _steps() -> tuple[Array, Array]:
    """Places z, and the integral up to there of the function that is 1 at one step of mu and 0 at the others."""
    reach = _Z[-1] + _MU_STEP
    z = np.linspace(-reach, reach, _FINE)
    return z, 0.5 + sici(np.pi * (z - _Z[:, None]) / _MU_STEP)[0] / np.pi


def _inverted(chance: Array, at: Array, wanted: Array) -> Array:
    """Where each row's chances (R, N), given at N places, reach those wanted, (R, S)."""
    rising = np.maximum.accumulate(np.clip(chance, 0.0, 1.0), axis=1)
    lifted = 2.0 * np.arange(len(rising))[:, None]
    found = np.interp((wanted + lifted).ravel(), (rising + lifted).ravel(), np.tile(at, len(rising)))
    return np.asarray(found.reshape(wanted.shape))


@lru_cache(maxsize=16)
def _sobol(size: int) -> Array:
    """Sobol points moved off the edges of the unit cube."""
    return np.asarray(qmc.Sobol(size, scramble=False).random_base2(_SOBOL) + 0.5 ** (_SOBOL + 1))
