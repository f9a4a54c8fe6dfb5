r"""Influence and collinearity in a logistic regression: leverage, dfbeta, Cook's distance, variance inflation.

Notation as in `logistic`; h_r the leverage of **one** patient of row r, V the inverse information.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.rows import check_rows

#: Logistic; log link with the binomial's score; log link with Poisson's.
Kind = Literal["logistic", "log_binomial", "poisson"]

_WHOLE = 1.0 - 1e-9  # leverage from which on a patient has a coefficient to himself
_SINGULAR = 1e-13  # determinant of a balanced matrix below which it is taken for singular


class Influence(NamedTuple):
    """What each patient does to a logistic regression; outcome 0 and 1 on the axis after the rows.

    Attributes
    ----------
    leverage
        Of a patient of each row, (..., R).
    residual
        Pearson residual of a patient without and with the event, (..., R, 2).
    cook
        Cook's distance, (..., R, 2).
    dfbeta
        Change of the coefficients when that patient is left out, to first order, (..., R, 2, P): the coefficients with
        the patient less those without.
    present
        Whether there is such a patient, (..., R, 2); what is told of others is what they would do.
    note
        That of the fit, (...).
    """

    leverage: Array
    residual: Array
    cook: Array
    dfbeta: Array
    present: NDArray[np.bool_]
    note: NDArray[np.str_]


def influence(rows: ArrayLike, events: ArrayLike, n: ArrayLike) -> Influence:
    r"""Leverage, residuals, Cook's distance and dfbeta of every patient, from grouped rows.

    .. math:: h_r = \mu_r (1 - \mu_r)\, x_r^T V x_r, \qquad
              e = \frac{y - \mu_r}{\sqrt{\mu_r (1 - \mu_r)}}, \qquad
              D = \frac{e^2 h_r}{P (1 - h_r)^2}, \qquad
              \Delta \hat\beta = \frac{V x_r (y - \mu_r)}{1 - h_r}

    Parameters
    ----------
    rows, events, n
        As in `logistic.logistic`.

    Returns
    -------
    Influence, the leading shapes broadcast; NaN where `logistic` is.

    Raises
    ------
    ValueError
        As in `logistic.logistic`.

    Assumes
    -------
    As in `logistic.logistic`; one patient at a time is left out, by one Newton step.

    References
    ----------
    pregibon1981

    Examples
    --------
    Ten patients, two with the event, a constant alone: each has leverage 1/10.

    >>> answer = influence([[1]], [2], [10])
    >>> print(answer.leverage.round(6), answer.cook.round(6))
    [0.1] [[0.030864 0.493827]]
    """
    given = check_rows(rows, events, n)
    fit = logistic(rows, events, n)
    size = given.design.shape[-1]
    beta, v = fit.estimate.reshape(-1, size), fit.covariance.reshape(-1, size, size)
    x = given.design
    mu = expit((x @ beta[..., None])[..., 0])
    weight = mu * (1.0 - mu)
    pull = x @ v
    leverage = weight * (pull * x).sum(-1)
    raw = np.array([0.0, 1.0]) - mu[..., None]
    left = (1.0 - leverage)[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        residual = raw / np.sqrt(weight)[..., None]
        cook = residual**2 * leverage[..., None] / (size * left**2)
        dfbeta = pull[:, :, None, :] * (raw / left)[..., None]
    present = np.stack([given.events < given.n, given.events > 0], axis=-1)
    fields = (leverage, residual, cook, dfbeta, present)
    return Influence._make([*(field.reshape(given.lead + field.shape[1:]) for field in fields), fit.note])


class Distances(NamedTuple):
    """Leverage of a patient of each row (..., R), Cook's distance (..., R, 2), inverse information (..., P, P)."""

    leverage: Array
    cook: Array
    inverse: Array


def cook_distance(
    rows: ArrayLike, n: ArrayLike, estimate: ArrayLike, covariance: ArrayLike | None = None, kind: Kind = "logistic"
) -> Distances:
    r"""Cook's distance at coefficients found elsewhere: Firth's, or those of a model with a log link.

    .. math:: \Delta \hat\beta = \frac{B x_r\, e}{1 - h_r}, \qquad h_r = w_r\, x_r^T B x_r, \qquad
              B = \Big( \sum_r n_r w_r\, x_r x_r^T \Big)^{-1}, \qquad
              D = \frac{\Delta \hat\beta^T C^{-1} \Delta \hat\beta}{P}

    with e the patient's part of the score and w its expected fall: :math:`y - \mu` and :math:`\mu(1 - \mu)` of a
    logistic model, :math:`(y - \mu)/(1 - \mu)` and :math:`\mu/(1 - \mu)` of a log-binomial, :math:`y - \mu` and
    :math:`\mu` of a Poisson one. C is the covariance given (a robust one, say), else B.

    Parameters
    ----------
    rows
        Design matrices, shape (..., R, P), the constant among the columns.
    n
        All patients of each row, shape (..., R).
    estimate, covariance
        Coefficients (..., P), and their covariance (..., P, P).
    kind
        The model that they belong to.

    Returns
    -------
    Distances, the leading shapes broadcast, the outcome 0 and 1 on the axis after the rows; NaN where coefficients are,
    or where they leave no information. A patient with the leverage 1 has an infinite distance.

    Raises
    ------
    ValueError
        If rows are not finite, counts are not whole numbers, or shapes do not fit.

    Assumes
    -------
    One patient at a time is left out, by one Newton step; a penalty's own change is left out of it.

    References
    ----------
    pregibon1981

    Examples
    --------
    >>> print(cook_distance([[1]], [10], [np.log(2 / 8)]).cook.round(6))
    [[0.030864 0.493827]]
    """
    beta = np.asarray(estimate, dtype=np.float64)
    lead = np.broadcast_shapes(beta.shape[:-1], np.shape(n)[:-1], np.shape(rows)[:-2])
    given = check_rows(rows, np.zeros(np.shape(n)), np.broadcast_to(n, lead + np.shape(n)[-1:]))
    size = given.design.shape[-1]
    beta = np.broadcast_to(beta, (*lead, size)).reshape(-1, size)
    x = given.design
    eta = (x @ beta[..., None])[..., 0]
    with np.errstate(all="ignore"):
        mu = expit(eta) if kind == "logistic" else np.exp(eta)
        weight = {"logistic": mu * (1.0 - mu), "log_binomial": mu / (1.0 - mu), "poisson": mu}[kind]
        score = np.array([0.0, 1.0]) - mu[..., None]
        score = score / (1.0 - mu[..., None]) if kind == "log_binomial" else score
        counted = np.where(given.n > 0, given.n * weight, 0.0)
        information = (x * counted[..., None]).swapaxes(1, 2) @ x
        fine = np.isfinite(information).all((1, 2)) & (np.linalg.det(_balanced(information)) > _SINGULAR)
        inverse = np.linalg.inv(np.where(fine[:, None, None], information, np.eye(size)))
        inverse = np.where(fine[:, None, None], inverse, np.nan)
        pull = x @ inverse
        leverage = weight * (pull * x).sum(-1)
        moved = pull[:, :, None, :] * (score / (1.0 - leverage)[..., None])[..., None]
        if covariance is None:
            metric = np.where(fine[:, None, None], information, np.nan)
        else:
            spread = np.broadcast_to(np.asarray(covariance, dtype=np.float64), (*lead, size, size))
            metric = _inverted(spread.reshape(-1, size, size))
        cook = np.einsum("grki,gij,grkj->grk", moved, metric, moved) / size
        cook = np.where(leverage[..., None] > _WHOLE, np.inf, cook)
    return Distances._make(field.reshape(lead + field.shape[1:]) for field in (leverage, cook, inverse))


def _balanced(matrix: Array) -> Array:
    """A symmetric matrix with ones on its diagonal, so that its determinant tells how near it is to singular."""
    size = np.sqrt(np.diagonal(matrix, axis1=1, axis2=2))
    return np.asarray(np.nan_to_num(matrix / (size[:, :, None] * size[:, None, :]), nan=0.0, posinf=0.0, neginf=0.0))


def _inverted(spread: Array) -> Array:
    """Inverses of covariances, NaN where there is none."""
    fine = np.isfinite(spread).all((1, 2)) & (np.linalg.det(_balanced(spread)) > _SINGULAR)
    inverse = np.linalg.inv(np.where(fine[:, None, None], spread, np.eye(spread.shape[-1])))
    return np.where(fine[:, None, None], inverse, np.nan)


def variance_inflation(covariance: ArrayLike, terms: Sequence[Sequence[int]] | None = None) -> Array:
    r"""Generalised variance inflation factors of the terms of a regression, from the covariance of its coefficients.

    .. math:: \mathrm{GVIF}_S = \frac{\det C_{SS} \det C_{\bar S \bar S}}{\det C}

    with C the correlation of all coefficients but the constant's, S the columns of a term. For a single column it is
    the factor by which the other covariates widen its variance. To compare terms of d columns take the 2d-th root.

    Parameters
    ----------
    covariance
        Of the coefficients **without the constant**, shape (..., P, P).
    terms
        The columns of each term, from 0; without it each column is a term.

    Returns
    -------
    Array (..., T), one for each term; NaN where the covariance is.

    Raises
    ------
    ValueError
        If the covariance is not square, or terms do not hold each column once.

    Assumes
    -------
    A constant is in the model. Above 5 to 10 a coefficient cannot be told well from those of the others.

    References
    ----------
    fox1992

    Examples
    --------
    Two coefficients with correlation 0.6: 1 / (1 - 0.36).

    >>> print(variance_inflation([[4.0, 1.2], [1.2, 1.0]]))
    [1.5625 1.5625]
    """
    spread = np.asarray(covariance, dtype=np.float64)
    if spread.ndim < 2 or spread.shape[-1] != spread.shape[-2]:
        raise ValueError(f"covariance must be square; got shape {spread.shape}")
    size = spread.shape[-1]
    groups = [[place] for place in range(size)] if terms is None else [list(term) for term in terms]
    if sorted(place for term in groups for place in term) != list(range(size)):
        raise ValueError(f"terms must hold each of {size} columns once")
    error = np.sqrt(np.diagonal(spread, axis1=-2, axis2=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = spread / (error[..., :, None] * error[..., None, :])
        whole = np.linalg.det(correlation)
        found = []
        for term in groups:
            rest = [place for place in range(size) if place not in term]
            inner = np.linalg.det(correlation[..., term, :][..., :, term])
            outer = np.linalg.det(correlation[..., rest, :][..., :, rest])
            found.append(inner * outer / whole)
    return np.stack(found, axis=-1)
