r"""Robust and cluster-robust covariance of regression coefficients, from grouped rows.

.. math:: A^{-1} B A^{-1}, \qquad A = \sum_r w_r a_r\, x_r x_r^T, \qquad
          B = \sum_i s_i s_i^T \quad\text{or}\quad B = \sum_c s_c s_c^T

with s_i the score of patient i, s_c the sum over the patients of cluster c, w_r the weight of a patient of row r and
a_r the information of the row. Patients of one row differ only in their outcome, so that B needs counts alone.
Without a factor this is what is called HC0 (patients) and CR0 (clusters); multiply the covariance by a factor to have
`hc1_factor`, `cr1_factor` or `cr1s_factor`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.rows import (
    Rows,
    blocks,
    check_cluster,
    check_rows,
    design_note,
    orthonormal,
    summed_within,
)

ONE_CLUSTER = "fewer than two clusters: their spread cannot be seen"
NO_ESTIMATE = "no coefficients to find the covariance of"


class Sandwich(NamedTuple):
    """Covariance (..., P, P), standard errors (..., P), how many independent units (patients, clusters), note (...)."""

    covariance: Array
    std_error: Array
    units: Array
    note: NDArray[np.str_]


class Scores(NamedTuple):
    """Of each row (G, R): the residual of a patient with the event, that of one without, and the information."""

    with_event: Array
    without: Array
    information: Array


def logistic_sandwich(
    rows: ArrayLike,
    events: ArrayLike,
    n: ArrayLike,
    estimate: ArrayLike,
    cluster: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Sandwich:
    r"""Robust covariance of a logistic regression: :math:`s_i = w_i (y_i - \mu_i) x_i, \; a_r = n_r \mu_r (1 - \mu_r)`.

    Parameters
    ----------
    rows, events, n
        As in `logistic.logistic`.
    estimate
        The coefficients, shape (..., P).
    cluster
        A label for the cluster (centre) of each row, shape (..., R): rows are then patterns within clusters. Without
        it every patient is independent of every other.
    weights
        A weight for each patient of a row, shape (..., R), taken as known.

    Returns
    -------
    Sandwich, without small-sample factor; NaN where the coefficients are, and with fewer than two clusters.

    Raises
    ------
    ValueError
        If rows or counts are broken (see `logistic.logistic`), or estimate or cluster do not fit them.

    Assumes
    -------
    Independent units, many of them (some 40 clusters or more). The covariance is right also where the model is not,
    but then the coefficients are those of the best-fitting model.

    References
    ----------
    white1980, liang1986

    Examples
    --------
    A saturated model is right: the robust covariance is the model's.

    >>> from sarcoid_epi.stats.logistic import logistic
    >>> table = [[1, 0], [1, 1]], [10, 30], [50, 60]
    >>> fit = logistic(*table)
    >>> robust = logistic_sandwich(*table, fit.estimate)
    >>> print(robust.std_error.round(4), fit.std_error.round(4))
    [0.3536 0.4378] [0.3536 0.4378]
    """
    return _answer(check_rows(rows, events, n, weights), estimate, cluster, _logistic_scores)


def log_sandwich(
    rows: ArrayLike,
    events: ArrayLike,
    n: ArrayLike,
    estimate: ArrayLike,
    cluster: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Sandwich:
    r"""Robust covariance of a Poisson regression, log link: :math:`s_i = w_i (y_i - \mu_i) x_i, \; a_r = n_r \mu_r`.

    Parameters
    ----------
    rows, events, n, estimate, cluster, weights
        As in `logistic_sandwich`.

    Returns
    -------
    Sandwich, without small-sample factor.

    Raises
    ------
    ValueError
        As in `logistic_sandwich`.

    Assumes
    -------
    As in `logistic_sandwich`.

    References
    ----------
    zou2004, white1980, liang1986

    Examples
    --------
    The variance of a log risk ratio, 1/a - 1/n + 1/b - 1/m:

    >>> robust = log_sandwich([[1, 0], [1, 1]], [10, 30], [50, 60], np.log([0.2, 2.5]))
    >>> print(f"{robust.std_error[1] ** 2:.6f} {1 / 10 - 1 / 50 + 1 / 30 - 1 / 60:.6f}")
    0.096667 0.096667
    """
    return _answer(check_rows(rows, events, n, weights), estimate, cluster, _log_scores)


def firth_sandwich(
    rows: ArrayLike, events: ArrayLike, n: ArrayLike, estimate: ArrayLike, cluster: ArrayLike | None = None
) -> Sandwich:
    r"""Robust covariance of Firth's regression, of its modified score.

    .. math:: s_i = [ y_i - \mu_i + h_i (\tfrac12 - \mu_i) ] x_i, \qquad a_r = n_r \mu_r (1 - \mu_r)

    with h_i the leverage of patient i.

    Parameters
    ----------
    rows, events, n, estimate, cluster
        As in `logistic_sandwich`.

    Returns
    -------
    Sandwich, without small-sample factor.

    Raises
    ------
    ValueError
        As in `logistic_sandwich`.

    Assumes
    -------
    As in `logistic_sandwich`. With separated data the patients of the empty cell add next to nothing to B, and the
    standard error of the coefficient that would be infinite is **far too small**: keep the profile limits there.

    References
    ----------
    firth1993, liang1986

    Examples
    --------
    >>> from sarcoid_epi.stats.firth import firth
    >>> table = [[1, 0], [1, 1]], [10, 30], [50, 60]
    >>> print(firth_sandwich(*table, firth(*table).estimate).std_error.round(3))
    [0.346 0.432]
    """
    return _answer(check_rows(rows, events, n), estimate, cluster, _firth_scores)


def hc1_factor(n: ArrayLike, coefficients: int) -> Array:
    """Small-sample factor of independent patients, n / (n - p); NaN where there are no more patients than coefficients.

    >>> print(f"{hc1_factor(100, 5):.4f}")
    1.0526
    """
    patients = np.asarray(n, dtype=np.float64)
    return _ratio(patients, patients - coefficients)


def cr1_factor(clusters: ArrayLike) -> Array:
    """Small-sample factor of clusters, c / (c - 1); NaN below two clusters.

    >>> print(f"{cr1_factor(20):.4f}")
    1.0526
    """
    count = np.asarray(clusters, dtype=np.float64)
    return _ratio(count, count - 1.0)


def cr1s_factor(clusters: ArrayLike, n: ArrayLike, coefficients: int) -> Array:
    """Small-sample factor of clusters, c / (c - 1) times (n - 1) / (n - p): the default of statsmodels.

    >>> print(f"{cr1s_factor(20, 101, 1):.4f}")
    1.0526
    """
    patients = np.asarray(n, dtype=np.float64)
    return np.asarray(cr1_factor(clusters) * _ratio(patients - 1.0, patients - coefficients))[()]


def _answer(given: Rows, estimate: ArrayLike, cluster: ArrayLike | None, scores: Callable[..., Scores]) -> Sandwich:
    groups, many, size = given.design.shape
    beta = np.asarray(estimate, dtype=np.float64)
    if beta.shape[-1:] != (size,):
        raise ValueError(f"estimate needs one number for each of {size} columns; got shape {beta.shape}")
    beta = np.broadcast_to(beta, (*given.lead, size)).reshape(groups, size)
    number, clusters = (None, 0) if cluster is None else check_cluster(cluster, given)
    covariance = np.full((groups, size, size), np.nan)
    units = given.n.sum(-1)
    for cut in blocks(groups, many * size * 3):
        part = Rows(given.design[cut], given.events[cut], given.n[cut], given.weights[cut], given.lead)
        own = None if number is None else number[cut]
        covariance[cut] = _covariance(part, beta[cut], own, clusters, scores)
        if own is not None:
            units[cut] = (summed_within(part.n[..., None], own, clusters)[..., 0] > 0).sum(-1)
    note = design_note(orthonormal(given.design, given.n * given.weights).aliased, given.n)
    note = np.where((note == "") & np.isnan(beta).any(-1), NO_ESTIMATE, note)
    note = np.where((note == "") & (number is not None) & (units < 2), ONE_CLUSTER, note)
    covariance[note != ""] = np.nan
    error = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    answer = (covariance, error, units, note)
    return Sandwich._make(field.reshape(given.lead + field.shape[1:])[()] for field in answer)


def _covariance(
    given: Rows, beta: Array, cluster: NDArray[np.intp] | None, clusters: int, scores: Callable[..., Scores]
) -> Array:
    """The sandwich of each group, worked out in an orthonormal basis."""
    basis = orthonormal(given.design, given.n * given.weights)
    x = basis.columns
    part = scores(given, (given.design @ beta[..., None])[..., 0], x)
    bread = _inverse((x * (given.weights * part.information)[:, None]) @ x.swapaxes(1, 2))
    without = given.n - given.events
    if cluster is None:
        square = given.weights**2 * (given.events * part.with_event**2 + without * part.without**2)
        scores_of_all = x * np.sqrt(square)[:, None]
    else:
        residual = given.weights * (given.events * part.with_event + without * part.without)
        scores_of_all = summed_within((x * residual[:, None]).swapaxes(1, 2), cluster, clusters).swapaxes(1, 2)
    half = basis.back @ bread @ scores_of_all
    return np.asarray(half @ half.swapaxes(1, 2))


def _logistic_scores(given: Rows, eta: Array, columns: Array) -> Scores:
    mu = expit(eta)
    return Scores(expit(-eta), -mu, given.n * mu * expit(-eta))


def _log_scores(given: Rows, eta: Array, columns: Array) -> Scores:
    mu = np.exp(eta)
    return Scores(1.0 - mu, -mu, given.n * mu)


def _firth_scores(given: Rows, eta: Array, columns: Array) -> Scores:
    plain = _logistic_scores(given, eta, columns)
    each = np.where(given.n > 0, plain.information / np.where(given.n > 0, given.n, 1.0), 0.0)
    inverse = _inverse((columns * plain.information[:, None]) @ columns.swapaxes(1, 2))
    leverage = each * ((inverse @ columns) * columns).sum(1)
    shift = leverage * (0.5 - expit(eta))
    return Scores(plain.with_event + shift, plain.without + shift, plain.information)


def _inverse(matrices: Array) -> Array:
    """Inverses; NaN for a matrix that has none, whatever the others are."""
    broken = ~np.isfinite(matrices).all((1, 2)) | (np.linalg.slogdet(np.nan_to_num(matrices))[0] <= 0)
    whole = np.where(broken[:, None, None], np.eye(matrices.shape[1]), matrices)
    return np.where(broken[:, None, None], np.nan, np.linalg.inv(whole))


def _ratio(above: Array, below: Array) -> Array:
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), np.nan)[()]
