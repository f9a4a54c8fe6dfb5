r"""Logistic regression of many groups that share one design: replicates of a study, who differ in counts alone.

One basis serves all, so that a step of every group is a few products of matrices; notation as in `logistic`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.likelihood_search import chosen, climbed, started
from sarcoid_epi.stats.newton import Function, Groups
from sarcoid_epi.stats.rows import Rows, orthonormal

#: Least variance of a direction of the basis within a group, of 1 among all: with less the group gets a basis of its
#: own, in which it is seen whether a column follows from others.
_LEAST_SPREAD = 1e-4


class SharedFit(NamedTuple):
    """Coefficients (G, P), covariance (G, P, P) and log-likelihood (G,) of the groups that were `found`; others NaN."""

    estimate: Array
    covariance: Array
    log_likelihood: Array
    found: NDArray[np.bool_]


def shares_design(given: Rows) -> bool:
    """Whether all groups have the same design: `check_rows` then repeats it without copies, with a stride of 0."""
    return len(given.n) > 1 and given.n.size > 0 and given.design.strides[0] == 0


def shared_fit(given: Rows) -> SharedFit:
    """Fits of groups that share a design, but for those who want a basis of their own or have no finite maximum.

    Every group starts where all patients together are fitted best, from where it is not far.
    """
    y, n = given.events * given.weights, given.n * given.weights
    groups, size = len(n), given.design.shape[-1]
    basis = orthonormal(given.design[:1], n.sum(0)[None])
    if basis.aliased.any():
        one, square, number = (np.full((groups, *shape), np.nan) for shape in ((size,), (size, size), ()))
        return SharedFit(one, square, number, np.zeros(groups, dtype=bool))
    x = basis.columns[0]
    first, second = np.triu_indices(size)
    pairs = x[first] * x[second]
    place = np.zeros((size, size), dtype=np.intp)
    place[first, second] = place[second, first] = np.arange(len(first))
    total = n.sum(-1)
    spread = (n @ pairs.T)[:, place] / np.where(total > 0, total, 1.0)[:, None, None]
    fine = np.linalg.eigvalsh(spread)[:, 0] > _LEAST_SPREAD
    share = np.clip(y.sum() / max(float(n.sum()), 1.0), 1e-3, 1.0 - 1e-3)
    start = started(basis, n.sum(0)[None], np.log(share / (1.0 - share))[None])
    everybody = climbed(_function(x, pairs, place, y.sum(0)[None], n.sum(0)[None]), start, np.array([""]))
    if everybody.converged[0]:
        start = everybody.at
    top = climbed(_function(x, pairs, place, y, n), np.repeat(start, groups, axis=0), np.where(fine, "", "apart"))
    back = basis.back[0]
    found = top.converged
    estimate = np.where(found[:, None], top.at @ back.T, np.nan)
    covariance = np.where(found[:, None, None], back @ top.inverse @ back.T, np.nan)
    return SharedFit(estimate, covariance, np.where(found, top.value, np.nan), found)


def _function(x: Array, pairs: Array, place: NDArray[np.intp], y: Array, n: Array) -> Function:
    """Log-likelihood, score and information, as `likelihood_search.logistic_function`, of one design (P, R)."""

    def function(groups: Groups, gamma: Array) -> tuple[Array, Array, Array]:
        some, everybody = chosen(groups, y, n)
        eta = gamma @ x
        odds = np.exp(-np.abs(eta))
        mu = np.where(eta < 0.0, odds, 1.0) / (1.0 + odds)
        value = np.einsum("gr,gr->g", some, eta)
        value -= np.einsum("gr,gr->g", everybody, np.maximum(eta, 0.0) + np.log1p(odds))
        fitted = everybody * mu
        score = (some - fitted) @ x.T
        fitted -= fitted * mu
        return value, score, (fitted @ pairs.T)[:, place]

    return function
