r"""Risk ratios by regression with a log link: modified Poisson, and log-binomial where it has a maximum.

Notation: x_r the covariates of row r (its constant included), n_r patients with them, y_r of them with the event;
:math:`\mu_r = \exp(x_r^T \beta)` the risk. Modified Poisson may put a risk above 1, log-binomial never does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, check_level
from sarcoid_epi.stats.likelihood_search import (
    Fit,
    Search,
    chosen,
    climbed,
    coefficients,
    joined,
    split,
    started,
    with_wald_limits,
)
from sarcoid_epi.stats.newton import Ascent, Function, Groups, ascend, of_groups
from sarcoid_epi.stats.rows import Rows, check_rows, design_note, orthonormal
from sarcoid_epi.stats.sandwich import cr1_factor, log_sandwich

NO_MAXIMUM = "no finite maximum: where nobody has the event a risk ratio goes to 0 (see poisson_separation)"
AT_THE_BOUNDARY = "the greatest likelihood puts a risk at 1: no standard errors; use modified_poisson"
NO_SINGLE = "no single finite maximum: a risk goes to 0 (see poisson_separation), or too few rows have patients without"

_MOST_STEPS = 200
_BARRIERS = 10.0 ** -np.arange(9)


def modified_poisson(
    rows: ArrayLike,
    events: ArrayLike,
    n: ArrayLike,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Fit:
    r"""Log risk ratios (prevalence ratios) by Poisson regression of a yes or no, with robust variance.

    .. math:: \sum_r w_r (y_r - n_r \mu_r)\, x_r = 0

    with the covariance of `sandwich.log_sandwich`: HC0 for independent patients, CR1 (factor c / (c - 1)) for clusters.

    Parameters
    ----------
    rows
        Design matrices, shape (..., R, P), the constant among the columns; finite numbers.
    events, n
        Patients with the event, and all patients, of each row; whole numbers, shape (..., R). Grouped and single rows
        give the same answer, standard errors included.
    level
        Confidence level, between 0 and 1.
    cluster
        A label for the cluster (centre) of each row, shape (..., R); rows are then patterns within clusters.
    weights
        A weight for each patient of a row, shape (..., R), taken as known.

    Returns
    -------
    Fit, the leading shapes broadcast; `log_likelihood` is the Poisson one, for comparing nothing but convergence. NaN
    where a risk ratio has no finite estimate.

    Raises
    ------
    ValueError
        If rows are not finite, counts are not whole numbers with 0 <= events <= n, shapes do not fit, a weight is
        negative, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, or independent clusters and many of them; the log risk is linear in the columns. Fitted risks
    may exceed 1; the ratios are right all the same where the model is.

    References
    ----------
    zou2004

    Examples
    --------
    >>> fit = modified_poisson([[1, 0], [1, 1]], [10, 30], [50, 60])
    >>> print(f"{np.exp(fit.estimate[1]):.3f} ({np.exp(fit.low[1]):.3f} to {np.exp(fit.high[1]):.3f})")
    2.500 (1.359 to 4.598)
    """
    check_level(level)
    given = check_rows(rows, events, n, weights)
    parts = [_poisson(part) for part in split(given)]
    estimate, value, note = (joined(field, given.lead) for field in zip(*parts, strict=True))
    robust = log_sandwich(rows, events, n, estimate, cluster, weights)
    factor = np.asarray(1.0 if cluster is None else cr1_factor(robust.units))
    covariance = robust.covariance * factor[..., None, None]
    notes = np.where(note == "", robust.note, note).astype(str)
    return Fit._make(field[()] for field in with_wald_limits(estimate, covariance, value, notes, level))


def log_binomial(rows: ArrayLike, events: ArrayLike, n: ArrayLike, level: float = 0.95) -> Fit:
    r"""Log risk ratios by maximum likelihood under risks of at most 1, where that has a maximum inside.

    .. math:: \ell(\beta) = \sum_r y_r \log \mu_r + (n_r - y_r) \log(1 - \mu_r), \qquad \mu_r \le 1, \qquad
              V = \Big( \sum_r \frac{n_r \mu_r}{1 - \mu_r}\, x_r x_r^T \Big)^{-1}

    The search starts from one common risk and never leaves the risks below 1. Where the likelihood is greatest with a
    risk at 1, the coefficients of that point are given **without** standard errors, and a note.

    Parameters
    ----------
    rows, events, n, level
        As in `modified_poisson`; the constant must be a mixture of the columns.

    Returns
    -------
    Fit, the leading shapes broadcast.

    Raises
    ------
    ValueError
        If rows are not finite, counts are not whole numbers with 0 <= events <= n, shapes do not fit, or `level` is not
        between 0 and 1.

    Assumes
    -------
    Independent patients; the log risk is linear in the columns for **all** of them, so that one patient of extreme
    covariates and high risk weighs more than in any other model.

    References
    ----------
    wacholder1986

    Examples
    --------
    >>> fit = log_binomial([[1, 0], [1, 1]], [10, 30], [50, 60])
    >>> print(f"{np.exp(fit.estimate[1]):.3f} ({np.exp(fit.low[1]):.3f} to {np.exp(fit.high[1]):.3f})")
    2.500 (1.359 to 4.598)
    """
    check_level(level)
    given = check_rows(rows, events, n)
    parts = [_log_binomial(part, level) for part in split(given)]
    return Fit._make(joined(field, given.lead) for field in zip(*parts, strict=True))


def _poisson(given: Rows) -> tuple[Array, Array, NDArray[np.str_]]:
    """Coefficients, log-likelihood and note of each group."""
    y, n = given.events * given.weights, given.n * given.weights
    basis = orthonormal(given.design, n)
    function = _poisson_function(basis.columns, y, n)
    note = design_note(basis.aliased, n)
    top = climbed(function, started(basis, n, _common(y, n)), note)
    note = np.where((note == "") & ~top.converged, NO_MAXIMUM, note)
    estimate, _ = coefficients(Search(function, basis, top, note))
    return estimate, np.where(note == "", top.value, np.nan), note


def _log_binomial(given: Rows, level: float) -> Fit:
    basis = orthonormal(given.design, given.n)
    note = design_note(basis.aliased, given.n)
    start = started(basis, given.n, _common(given.events, given.n))
    top = climbed(_binomial_function(basis.columns, given, 0.0), start, note, _MOST_STEPS)
    inside = top.converged.copy()
    left = np.flatnonzero((note == "") & ~inside)
    _along_the_barrier(basis.columns, given, left, start, top)
    note = np.select([note != "", inside, top.converged], [note, "", AT_THE_BOUNDARY], NO_SINGLE)
    usable = np.where(note == AT_THE_BOUNDARY, "", note)
    estimate, _ = coefficients(Search(_poisson_function(basis.columns, given.events, given.n), basis, top, usable))
    covariance = np.full_like(top.inverse, np.nan)
    some = np.flatnonzero(note == "")
    x, scale = basis.columns[some], basis.back[some]
    eta = (top.at[some][:, None] @ x)[:, 0]
    weight = np.where(given.n[some] > 0, given.n[some] * np.exp(eta) / -np.expm1(np.minimum(eta, -1e-300)), 0.0)
    inverse = np.linalg.inv((x * weight[:, None]) @ x.swapaxes(1, 2))
    covariance[some] = scale @ inverse @ scale.swapaxes(1, 2)
    fit = with_wald_limits(estimate, covariance, top.value, usable, level)
    return fit._replace(note=note)


def _along_the_barrier(columns: Array, given: Rows, left: Groups, start: Array, top: Ascent) -> None:
    """Maxima at the boundary: rows in which all have the event get ever fewer patients without, down to 1e-8.

    Where the inverse information still grows as these fade, they are all that singles out one maximum of many.
    """
    at, spread = start[left], np.full(left.size, np.inf)
    for barrier in _BARRIERS:
        function = _binomial_function(columns, given, float(barrier))
        end = ascend(of_groups(function, left), at, most_steps=_MOST_STEPS)
        at, before, spread = end.at, spread, np.trace(end.inverse, axis1=1, axis2=2)
    single = end._replace(converged=end.converged & (spread / 3.0 < before))
    for whole, part in zip(top, single, strict=True):
        whole[left] = part


def _common(y: Array, n: Array) -> Array:
    """Log of one common risk, kept off 0 and 1."""
    return np.asarray(np.log((y.sum(-1) + 0.5) / (n.sum(-1) + 1.0)))


def _poisson_function(columns: Array, y: Array, n: Array) -> Function:
    """Poisson log-likelihood, score and information of groups at coordinates, for `newton.ascend`."""

    def function(groups: Groups, gamma: Array) -> tuple[Array, Array, Array]:
        x, some, all_of_them = chosen(groups, columns, y, n)
        eta = (gamma[:, None] @ x)[:, 0]
        mean = all_of_them * np.exp(eta)
        value = (some * eta - mean).sum(-1)
        return value, (x @ (some - mean)[..., None])[..., 0], (x * mean[:, None]) @ x.swapaxes(1, 2)

    return function


def _binomial_function(columns: Array, given: Rows, barrier: float) -> Function:
    """Binomial log-likelihood with log link, minus infinity where a risk exceeds 1."""
    without = given.n - given.events
    kept = np.where((given.n > 0) & (without == 0), barrier, without)

    def function(groups: Groups, gamma: Array) -> tuple[Array, Array, Array]:
        x, some, others, all_of_them = chosen(groups, columns, given.events, kept, given.n)
        eta = np.where(all_of_them > 0, (gamma[:, None] @ x)[:, 0], -1.0)
        inside = np.asarray((eta < 0).all(-1))
        eta = np.where(inside[:, None], eta, -1.0)
        odds = np.exp(eta) / -np.expm1(eta)
        value = np.where(inside, (some * eta + others * np.log(-np.expm1(eta))).sum(-1), -np.inf)
        residual, weight = some - others * odds, others * odds * (1.0 + odds)
        return value, (x @ residual[..., None])[..., 0], (x * weight[:, None]) @ x.swapaxes(1, 2)

    return function
