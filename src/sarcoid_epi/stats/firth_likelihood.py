"""Firth's penalised likelihood climbed: what estimates, limits, tests and risks of that regression share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import expit

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.likelihood_search import Search, chosen, climbed, started
from sarcoid_epi.stats.newton import Function, Groups
from sarcoid_epi.stats.rows import Rows, design_note, orthonormal

NOT_FOUND = "the maximum of the penalised likelihood was not found"

_MOST_STEPS = 300


def firth_search(given: Rows) -> Search:
    basis = orthonormal(given.design, given.n)
    function = _function(basis.columns, given.events, given.n)
    note = design_note(basis.aliased, given.n)
    share = (given.events.sum(-1) + 0.5) / (given.n.sum(-1) + 1.0)
    start = started(basis, given.n, np.log(share / (1.0 - share)))
    top = climbed(function, start, note, _MOST_STEPS)
    return Search(function, basis, top, np.where((note == "") & ~top.converged, NOT_FOUND, note))


class Penalty(NamedTuple):
    """At some coordinates: risk, weight and leverage of the rows, the inverse information and half its log."""

    mu: Array
    weight: Array
    leverage: Array
    inverse: Array
    half_log: Array


def _penalty(columns: Array, n: Array, eta: Array) -> Penalty:
    mu = expit(eta)
    weight = n * mu * (1.0 - mu)
    information = (columns * weight[:, None]) @ columns.swapaxes(1, 2)
    sign, log = np.linalg.slogdet(information)
    singular = (sign <= 0) | ~np.isfinite(log)
    inverse = np.linalg.inv(np.where(singular[:, None, None], np.eye(columns.shape[1]), information))
    leverage = weight * ((inverse @ columns) * columns).sum(1)
    return Penalty(mu, weight, leverage, inverse, np.where(singular, -np.inf, log / 2.0))


def firth_penalty(found: Search, given: Rows, some: Groups) -> Penalty:
    columns = found.basis.columns[some]
    return _penalty(columns, given.n[some], (found.top.at[some][:, None] @ columns)[:, 0])


def _function(columns: Array, events: Array, n: Array) -> Function:
    """Penalised log-likelihood, modified score, curvature and the information of augmented data, for `newton.ascend`.

    The curvature, minus the second derivative, need not be positive definite; that information is.
    """

    def function(groups: Groups, gamma: Array) -> tuple[Array, ...]:
        x, y, m = chosen(groups, columns, events, n)
        eta = (gamma[:, None] @ x)[:, 0]
        part = _penalty(x, m, eta)
        value = (y * eta - m * np.logaddexp(0.0, eta)).sum(-1) + part.half_log
        residual = y - m * part.mu + part.leverage * (0.5 - part.mu)
        gradient = (x @ residual[..., None])[..., 0]
        return value, gradient, _curvature(x, part), augmented_information(x, m, part)

    return function


def augmented_information(columns: Array, n: Array, part: Penalty) -> Array:
    """Information of the patients and of h more in each row, at the same coordinates."""
    weight = (n + part.leverage) * part.mu * (1.0 - part.mu)
    return (columns * weight[:, None]) @ columns.swapaxes(1, 2)


def _curvature(columns: Array, part: Penalty) -> Array:
    """Minus the second derivative of the penalised log-likelihood.

    That of log det I is sum_i h_i (1 - 6 mu_i (1 - mu_i)) x_i x_i^T less the matrix of tr(V I_s V I_t), with V the
    inverse of I and I_s its derivative by the coordinate s, sum_i w_i (1 - 2 mu_i) x_is x_i x_i^T.
    """
    groups, size, rows = columns.shape
    weight = part.weight - part.leverage / 2.0 * (1.0 - 6.0 * part.mu * (1.0 - part.mu))
    plain = (columns * weight[:, None]) @ columns.swapaxes(1, 2)
    bent = columns * (part.weight * (1.0 - 2.0 * part.mu))[:, None]
    pairs = (columns[:, :, None] * columns[:, None]).reshape(groups, size * size, rows)
    derivative = (bent @ pairs.swapaxes(1, 2)).reshape(groups, size, size, size)
    turned = derivative @ part.inverse[:, None]
    swapped = turned.swapaxes(2, 3).reshape(groups, size, size * size)
    return np.asarray(plain + turned.reshape(groups, size, size * size) @ swapped.swapaxes(1, 2) / 2.0)
