r"""Covariance of a logistic regression by generalised estimating equations, patients of a cluster being alike.

The working correlation is exchangeable: any two patients of a cluster have the same correlation, and the inverse of
their correlation matrix is known in closed form. Patients then enter as grouped rows, and nothing larger than a matrix
of the coefficients is ever formed (statsmodels corrects alike, with a square matrix of each cluster's patients).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.rows import check_cluster, check_rows, design_note, orthonormal
from sarcoid_epi.stats.sandwich import ONE_CLUSTER, Sandwich

ONE_TELLS = "a coefficient hangs on one cluster alone"
IMPROPER = "no correlation of all pairs in a cluster can be so far below 0"

_LEAST = 1e-10  # of the information, what the clusters but one must leave


class Parts(NamedTuple):
    """Of each cluster its score (C, P) and information (C, P, P), and how many patients it has (C,)."""

    score: Array
    information: Array
    size: Array


def exchangeable_sandwich(
    rows: ArrayLike,
    events: ArrayLike,
    n: ArrayLike,
    estimate: ArrayLike,
    cluster: ArrayLike,
    correlation: float,
    corrected: bool = True,
) -> Sandwich:
    r"""Robust covariance with an exchangeable working correlation, plain or corrected for few clusters.

    .. math:: A^{-1} \Big( \sum_c t_c t_c^T \Big) A^{-1}, \qquad A = \sum_c A_c, \qquad
              t_c = s_c \quad\text{or}\quad t_c = A (A - A_c)^{-1} s_c

    .. math:: s_c = \frac{Z_c^T e_c - k_c (Z_c^T 1)(1^T e_c)}{1 - \rho}, \qquad
              A_c = \frac{Z_c^T Z_c - k_c (Z_c^T 1)(1^T Z_c)}{1 - \rho}, \qquad
              k_c = \frac{\rho}{1 + (n_c - 1)\rho}

    with e the Pearson residuals of the patients of cluster c and Z their covariates times the root of mu (1 - mu). The
    second t_c is that of Mancl and DeRouen, whose residuals are those of a patient left out with the whole cluster:
    :math:`D^T V^{-1} (I - H_c)^{-1} r = A (A - A_c)^{-1} s_c`.

    Parameters
    ----------
    rows, events, n
        As in `logistic.logistic`, of one group: shapes (R, P), (R,), (R,).
    estimate
        The coefficients, shape (P,).
    cluster
        A label for the cluster of each row, shape (R,).
    correlation
        The working correlation rho; 0 gives the cluster-robust covariance of `logistic_sandwich`.
    corrected
        Whether by Mancl and DeRouen.

    Returns
    -------
    Sandwich. NaN with fewer than two clusters, where the correlation leaves a cluster no proper matrix, and, corrected,
    where a coefficient hangs on one cluster alone.

    Raises
    ------
    ValueError
        If rows or counts are broken (see `logistic.logistic`), or estimate or cluster do not fit them.

    Assumes
    -------
    Independent clusters. The covariance is right also where the correlation is another; without the correction it is
    too small below some 40 clusters.

    References
    ----------
    liang1986, mancl2001

    Examples
    --------
    A share in three centres, 2 of 10, 5 of 10 and 8 of 10: each residual is one and a half times as large with its
    centre left out.

    >>> table = np.ones((3, 1)), [2, 5, 8], [10, 10, 10], [0.0], [1, 2, 3], 0.0
    >>> plain, corrected = exchangeable_sandwich(*table, False), exchangeable_sandwich(*table)
    >>> print(f"{plain.std_error[0]:.4f} {corrected.std_error[0]:.4f}")
    0.5657 0.8485
    """
    given = check_rows(rows, events, n)
    beta = np.asarray(estimate, dtype=np.float64)
    size = given.design.shape[-1]
    if given.lead or beta.shape != (size,):
        raise ValueError(f"rows need two axes and estimate one number for each of {size} columns; got {beta.shape}")
    number, clusters = check_cluster(cluster, given)
    basis = orthonormal(given.design, given.n)
    x, many, yes = basis.columns[0].T, given.n[0], given.events[0]
    parts = _parts(x, given.design[0] @ beta, yes, many, number[0], clusters, correlation)
    units = float((parts.size > 0).sum())
    note = str(design_note(basis.aliased, given.n)[0])
    if not note and units < 2:
        note = ONE_CLUSTER
    if not note and not (correlation < 1 and (1 + (parts.size - 1) * correlation > 0).all()):
        note = IMPROPER
    covariance = np.full((size, size), np.nan)
    if not note and np.isfinite(beta).all():
        whole = parts.information.sum(0)
        score = _left_out(parts, whole) if corrected else parts.score
        if score is None:
            note = ONE_TELLS
        else:
            half = basis.back[0] @ np.linalg.solve(whole, score.T)
            covariance = half @ half.T
    error = np.sqrt(np.diagonal(covariance))
    return Sandwich(covariance, error, np.asarray(units), np.asarray(note))


def _parts(x: Array, eta: Array, yes: Array, n: Array, number: NDArray[np.intp], clusters: int, rho: float) -> Parts:
    """Scores and informations of the clusters in the coordinates of orthonormal columns (R, P)."""
    mu = expit(eta)
    spread = np.sqrt(mu * expit(-eta))
    residual = (yes - n * mu) / spread  # Pearson's, summed over the patients of a row
    scaled = x * spread[:, None]
    order = np.argsort(number, kind="stable")
    ends = np.searchsorted(number[order], np.arange(clusters + 1))
    score, information, size = [], [], []
    for start, end in pairwise(ends):
        own = order[start:end]
        z, e, many = scaled[own], residual[own], n[own]
        k = rho / (1 + (many.sum() - 1) * rho)
        sums = many @ z
        score.append((z.T @ e - k * sums * e.sum()) / (1 - rho))
        information.append(((z * many[:, None]).T @ z - k * np.outer(sums, sums)) / (1 - rho))
        size.append(many.sum())
    return Parts(np.array(score), np.array(information), np.array(size))


def _left_out(parts: Parts, whole: Array) -> Array | None:
    """Scores of clusters with residuals from a fit without them; None where such a fit has a direction of its own."""
    rest = whole - parts.information
    least = np.linalg.eigvalsh(rest)[:, 0] <= _LEAST * np.linalg.eigvalsh(whole)[-1]
    if least.any():
        return None
    return np.asarray((whole @ np.linalg.solve(rest, parts.score[..., None]))[..., 0])
