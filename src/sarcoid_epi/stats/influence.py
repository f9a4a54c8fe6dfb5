r"""Influence and collinearity in a logistic regression: leverage, dfbeta, Cook's distance, variance inflation.

Notation as in `logistic`; h_r the leverage of **one** patient of row r, V the inverse information.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.rows import check_rows


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
