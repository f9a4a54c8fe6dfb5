"""Likelihood of series that were looked at by different modalities, sensitivity and specificity integrated out.

Given mu and tau the modalities are independent of each other, so one integral over (Se, F = 1 - Sp) per modality and
one over the true share per series is all there is: no step through the joint space of all sensitivities.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, expit, log_expit

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.quadrature import log_choose

ROUGH_NODES = 5  # for each series' true share, where only a place is looked for
_BLOCK = 40_000  # numbers handled at once: what stays in the processor's cache
_MOST_BLOCKS = 8  # larger ones in large batches: then the calls cost more than the cache
_MODE_STEPS = 60
_LONGEST_STEP = 2.0
_MODE_TOLERANCE = 0.1  # of the integrand's width; a point a little off the mode only moves the quadrature points
_LOOK_STEPS = 25
_POINTS = (7, 6)  # for each sensitivity and each specificity
_ROUGH_POINTS = (3, 3)  # where only a place is looked for


class Looks(NamedTuple):
    """What is believed of each of M modalities, and by which each of K series was looked at.

    `value` (M, 2) are sensitivity and F = 1 - Sp as believed, `shapes` (M, 2, 2) the two shapes of the belief about
    each, `known` (M, 2) says where there is no doubt, `modality` (K,) numbers from 0 to M - 1.
    """

    value: Array
    shapes: Array
    known: NDArray[np.bool_]
    modality: NDArray[np.intp]

    @property
    def member(self) -> Array:
        """1 where a series (row) belongs to a modality (column)."""
        return np.asarray(self.modality[:, None] == np.arange(len(self.value)), dtype=np.float64)

    def points(self, rough: bool = False) -> tuple[int, int]:
        """Quadrature points for sensitivity and for F: one where all are known."""
        most = _ROUGH_POINTS if rough else _POINTS
        return 1 if self.known[:, 0].all() else most[0], 1 if self.known[:, 1].all() else most[1]


class Points(NamedTuple):
    """Quadrature points (G, M, N, 2) of (Se, F), their log weights (G, M, N) and their centres in logits (G, M, 2)."""

    at: Array
    log_weight: Array
    centres: Array


class Likelihood(NamedTuple):
    """At each (mu, tau), G of them: log-likelihood (G,), gradient (G, 2), information (G, 2, 2); for each modality the
    posterior weights (G, M, N) of its points, and the modes (G, K, N)."""

    value: Array
    gradient: Array
    information: Array
    weights: Array
    modes: Array


def believed_looks(
    sensitivity: tuple[Array, Array], specificity: tuple[Array, Array], modality: NDArray[np.intp]
) -> Looks:
    """From believed values and their weights in verified patients, each (M,); an infinite weight is a known value."""
    (se, se_weight), (sp, sp_weight) = sensitivity, specificity
    value, weight = np.stack([se, 1.0 - sp], axis=-1), np.stack([se_weight, sp_weight], axis=-1)
    known = np.isinf(weight) | (value == 0.0) | (value == 1.0)
    shapes = np.stack([value, 1.0 - value], axis=-1) * np.where(known, 2.0, weight)[..., None]
    return Looks(value, shapes, known, modality)


def placed(
    mu: Array, tau: Array, events: Array, n: Array, look: Looks, start: Array, modes: Array, rough: bool = False
) -> Points:
    """Adaptive Gauss-Hermite points for each modality, on the logits of Se and F, around the mode at (mu, tau).

    `start` (G, M, 2) and `modes` (G, K, 1) are first guesses of the logits and of the deviates of the series.
    """
    centres, root = _centred(mu, tau, events, n, look, start, modes)
    counts = look.points(rough)
    (t, log_t), (r, log_r) = (_hermite(count) for count in counts)
    t, r = np.sqrt(2.0) * np.repeat(t, counts[1]), np.sqrt(2.0) * np.tile(r, counts[0])
    a = centres[..., :1] + root[..., :1, 0] * t
    b = centres[..., 1:] + root[..., 1:, 0] * t + root[..., 1:, 1] * r
    logits = np.stack([a, b], axis=-1)
    jacobian = np.log(2.0 * root[..., 0, 0] * root[..., 1, 1])[..., None] + np.add.outer(log_t, log_r).ravel()
    at = np.where(look.known[:, None], look.value[:, None], expit(logits))
    return Points(at, _log_belief(logits, look) + jacobian, centres)


def likelihood(
    mu: Array,
    tau: Array,
    events: Array,
    n: Array,
    look: Looks,
    points: Points,
    nodes: int,
    modes: Array,
    derivatives: bool = True,
) -> Likelihood:
    r"""Likelihood of (mu, tau) with the beliefs about each modality integrated out.

    .. math:: \ell = \sum_m \log E_{Se, F} \prod_{k \in m} \int \mathrm{Bin}(x_k; n_k, F + (Se - F)\,
              \mathrm{expit}(\mu + \tau u)) \, \varphi(u) \, du

    The inner integral by adaptive Gauss-Hermite quadrature, the outer one at the points given. Gradient and information
    are posterior moments (Fisher's and Louis's identities), as in `quadrature.binomial_normal_derivatives`, to which
    all this reduces at Se = 1, F = 0.

    Parameters
    ----------
    mu, tau
        Shape (G,); a negative tau means the same model as its absolute value.
    events, n
        Shape (G, K); a series with n = 0 adds nothing.
    look, points
        The beliefs and where to evaluate them.
    nodes
        Quadrature points for each series.
    modes
        First guess of the deviates u, (G, K, N).
    derivatives
        Without them gradient and information are NaN.

    References
    ----------
    pinheiro1995, louis1982
    """
    groups, series = events.shape
    block = max(1, _BLOCK // max(1, series * modes.shape[-1] * nodes), -(-groups // _MOST_BLOCKS))
    spans = (slice(start, start + block) for start in range(0, max(1, groups), block))
    parts = [
        _likelihood(mu[i], tau[i], events[i], n[i], look, Points(*(p[i] for p in points)), nodes, modes[i], derivatives)
        for i in spans
    ]
    return Likelihood(*(np.concatenate(field) for field in zip(*parts, strict=True)))


def _likelihood(
    mu: Array,
    tau: Array,
    events: Array,
    n: Array,
    look: Looks,
    points: Points,
    nodes: int,
    modes: Array,
    derivatives: bool,
) -> Likelihood:
    of_series = points.at[:, look.modality]
    complete = _location if derivatives else None
    each, score, information, modes = _series(mu, tau, events, n, of_series, nodes, modes, complete)
    member = look.member
    height = np.einsum("gkn,km->gmn", each, member) + points.log_weight
    largest = height.max(axis=-1, keepdims=True)
    weight = np.exp(height - largest)
    total = weight.sum(axis=-1)
    value = np.log(total) + largest[..., 0]
    weight /= total[..., None]
    if not derivatives:
        unknown = np.full((len(value), 2, 2), np.nan)
        return Likelihood(value.sum(-1), unknown[:, 0], unknown, weight, modes)
    score = np.einsum("gkni,km->gmni", score, member)
    mean = (weight[..., None] * score).sum(-2)
    off = score - mean[..., None, :]
    bend = np.einsum("gmn,gkni,km->gi", weight, information, member)[:, [0, 1, 1, 2]].reshape(-1, 2, 2)
    shared = np.einsum("gmn,gmni,gmnj->gij", weight, off, off)
    return Likelihood(value.sum(-1), mean.sum(1), bend - shared, weight, modes)


def _log_belief(at: Array, look: Looks) -> Array:
    """Log density of the logits (.., M, N, 2); a known value has a standard normal dummy in its place."""
    first, second = look.shapes[:, None, :, 0], look.shapes[:, None, :, 1]
    with np.errstate(invalid="ignore"):
        beta = first * log_expit(at) + second * log_expit(-at) - betaln(first, second)
    dummy = -0.5 * at**2 - 0.5 * np.log(2.0 * np.pi)
    return np.asarray(np.where(look.known[:, None], dummy, beta).sum(-1))


def _centred(
    mu: Array, tau: Array, events: Array, n: Array, look: Looks, start: Array, modes: Array
) -> tuple[Array, Array]:
    """Mode over the logits of (Se, F) of each modality by bounded Newton steps, and the root of its inverse bend."""
    centres, spread = start.copy(), np.empty((*start.shape, 2))
    active = np.arange(len(start))
    moving = np.ones(start.shape[:-1], dtype=bool)
    total, member = look.shapes.sum(-1), look.member
    for _ in range(_LOOK_STEPS):
        at = centres[active]
        share = expit(at)
        values = np.where(look.known, look.value, share)[:, look.modality, None]
        where = mu[active], tau[active], events[active], n[active]
        _, score, information, modes = _series(*where, values, ROUGH_NODES, modes, _looking)
        gradient = np.einsum("gki,km->gmi", score[:, :, 0], member)
        bend = np.einsum("gki,km->gmi", information[:, :, 0], member)[..., [0, 1, 1, 2]].reshape(*at.shape, 2)
        gradient = np.where(look.known, -at, gradient + look.shapes[..., 0] - total * share)
        prior = np.where(look.known, 1.0, total * share * (1.0 - share))
        bend[..., [0, 1], [0, 1]] += prior
        # Eigenvalues below the belief's own are raised to it, so that points stay where the belief is.
        size, vectors = np.linalg.eigh(bend)
        size = np.maximum(np.abs(size), prior.min(-1, keepdims=True))
        inverse = np.einsum("gmij,gmj,gmkj->gmik", vectors, 1.0 / size, vectors)
        spread[active] = inverse
        step = np.einsum("gmij,gmj->gmi", inverse, gradient)
        moving &= (step * gradient).sum(-1) > _MODE_TOLERANCE**2
        step /= np.maximum(1.0, np.abs(step).max(-1, keepdims=True) / _LONGEST_STEP)
        centres[active] = np.where(moving[..., None], at + step, at)
        on = moving.any(-1)
        if not on.any():
            break
        active, moving, modes = active[on], moving[on], modes[on]
    return centres, np.linalg.cholesky(spread)


@lru_cache(maxsize=32)
def _hermite(nodes: int) -> tuple[Array, Array]:
    """Gauss-Hermite points t and log(w) + t^2, for integrals of functions that are not divided by exp(-t^2)."""
    t, w = np.polynomial.hermite.hermgauss(nodes)
    return t, np.log(w) + t**2


class _Node(NamedTuple):
    """What the scores are made of, at each node of each series: deviate u, p, 1 - p, and the binomial's derivatives."""

    u: Array
    p: Array
    not_p: Array
    se: Array
    f: Array
    first: Array  # x / q - (n - x) / (1 - q)
    second: Array  # x / q^2 + (n - x) / (1 - q)^2


_Complete = Callable[[_Node], tuple[Array, Array, Array, Array, Array]]


def _location(at: _Node) -> tuple[Array, Array, Array, Array, Array]:
    """Complete-data score and information in (mu, tau)."""
    slope = (at.se - at.f) * at.p * at.not_p
    score = slope * at.first
    curvature = slope**2 * at.second - score * (at.not_p - at.p)
    return score, score * at.u, curvature, curvature * at.u, curvature * at.u**2


def _looking(at: _Node) -> tuple[Array, Array, Array, Array, Array]:
    """Complete-data score and information in the logits of (Se, F)."""
    of_se, of_f = at.p * at.se * (1.0 - at.se), at.not_p * at.f * (1.0 - at.f)
    score_se, score_f = of_se * at.first, of_f * at.first
    return (
        score_se,
        score_f,
        of_se**2 * at.second - score_se * (1.0 - 2.0 * at.se),
        of_se * of_f * at.second,
        of_f**2 * at.second - score_f * (1.0 - 2.0 * at.f),
    )


def _series(
    mu: Array, tau: Array, events: Array, n: Array, look: Array, nodes: int, modes: Array, complete: _Complete | None
) -> tuple[Array, Array, Array, Array]:
    """Each series' integral over its true share, (G, K, N), with score (.., 2), information (.., 3) and modes."""
    sign, mu, tau = np.where(tau < 0, -1.0, 1.0), mu[:, None, None], np.abs(tau)[:, None, None]
    x, m = events[..., None], n[..., None]
    se, f = look[..., 0], look[..., 1]
    modes = _modes(mu, tau, x, m, se, f, np.broadcast_to(modes, se.shape))
    spread = 1.0 / np.sqrt(1.0 + tau**2 * _expected(mu + tau * modes, m, se, f))

    t, log_weight = _hermite(nodes)
    u = modes[..., None] + np.sqrt(2.0) * spread[..., None] * t
    x, m, se, f = x[..., None], m[..., None], se[..., None], f[..., None]
    p, not_p = _both(mu[..., None] + tau[..., None] * u)
    q, not_q = se * p + f * not_p, (1.0 - se) * p + (1.0 - f) * not_p
    log_integrand = x * np.log(q) + (m - x) * np.log(not_q) - 0.5 * u**2 + log_weight
    largest = log_integrand.max(axis=-1, keepdims=True)
    weight = np.exp(log_integrand - largest)
    total = weight.sum(axis=-1)
    weight /= total[..., None]
    value = log_choose(n, events)[..., None] + np.log(total * spread / np.sqrt(np.pi)) + largest[..., 0]

    if complete is None:
        return value, np.empty(0), np.empty(0), modes
    hit, miss = x / q, (m - x) / not_q
    one, two, *second = complete(_Node(u, p, not_p, se, f, hit - miss, hit / q + miss / not_q))
    mean_one, mean_two = (weight * one).sum(-1), (weight * two).sum(-1)
    one, two = one - mean_one[..., None], two - mean_two[..., None]
    pairs = zip(second, (one * one, one * two, two * two), strict=True)
    information = np.stack([(weight * (bend - square)).sum(-1) for bend, square in pairs], axis=-1)
    score = np.stack([mean_one, mean_two], axis=-1)
    if complete is _location:
        score[..., 1] *= sign[:, None, None]
        information[..., 1] *= sign[:, None, None]
    return value, score, information, modes


def _both(eta: Array) -> tuple[Array, Array]:
    """expit(eta) and expit(-eta) from one exponential; neither is ever 0."""
    odds = np.exp(np.clip(eta, -300.0, 300.0))
    not_p = 1.0 / (1.0 + odds)
    return odds * not_p, not_p


def _expected(eta: Array, m: Array, se: Array, f: Array) -> Array:
    """Expected information of one series about its logit: n q'^2 / (q (1 - q)); never negative."""
    p, not_p = _both(eta)
    q, not_q = se * p + f * not_p, (1.0 - se) * p + (1.0 - f) * not_p
    return np.asarray(m * ((se - f) * p * not_p) ** 2 / (q * not_q))


def _modes(mu: Array, tau: Array, x: Array, m: Array, se: Array, f: Array, start: Array) -> Array:
    """Maximum over u of each integrand by scoring with bounded steps; each element stops for itself."""
    shape, longest = start.shape, _LONGEST_STEP / np.maximum(tau, 1e-3)
    step, moving = _mode_step(start, longest, mu, tau, x, m, se, f)
    found = np.add(start, step, order="C")
    u, place, step = found.reshape(-1), np.flatnonzero(moving), step[moving]
    held = [np.broadcast_to(each, shape)[moving] for each in (longest, mu, tau, x, m, se, f)]
    for _ in range(_MODE_STEPS):
        if not place.size:
            break
        before = np.abs(step)
        back = step
        step, moving = _mode_step(u[place], *held)
        # A step back over the mode is at most half the one that led there: none swings to and fro for ever.
        step = np.where(step * back < 0, np.clip(step, -before / 2.0, before / 2.0), step)
        u[place] += step
        place, step = place[moving], step[moving]
        held = [each[moving] for each in held]
    return found


def _mode_step(
    at: Array, longest: Array, mu: Array, tau: Array, x: Array, m: Array, se: Array, f: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """A bounded step of scoring, and whether another is needed."""
    p, not_p = _both(mu + tau * at)
    q, not_q = se * p + f * not_p, (1.0 - se) * p + (1.0 - f) * not_p
    slope = (se - f) * p * not_p * tau
    curvature = 1.0 + m * slope**2 / (q * not_q)
    step = (slope * (x / q - (m - x) / not_q) - at) / curvature
    return np.clip(step, -longest, longest), step**2 * curvature > _MODE_TOLERANCE**2
