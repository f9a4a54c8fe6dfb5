"""Survival curves of a Cox model averaged over patients: what all would have if all were exposed, or none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.risk_sums import CoxRows, cox_rows, risk_sums
from sarcoid_epi.stats.risk_table import value_at
from sarcoid_epi.stats.survival_limits import survival_limits


class Standardised(NamedTuple):
    """Mean survival of each scenario (A, K) at K times, and differences to the first (A, K), with errors and limits."""

    time: Array
    survival: Array
    std_error: Array
    low: Array
    high: Array
    difference: Array
    difference_std_error: Array
    difference_low: Array
    difference_high: Array


def standardised_survival(
    covariates: ArrayLike,
    exit: ArrayLike,
    event: ArrayLike,
    coefficients: ArrayLike,
    scenarios: ArrayLike,
    times: ArrayLike,
    entry: ArrayLike | None = None,
    level: float = 0.95,
) -> Standardised:
    r"""Survival averaged over the patients of each scenario, from a Cox model with Efron's baseline hazard.

    .. math:: \bar S_a(t) = \frac1M \sum_{i=1}^{M} \exp(-H_0(t)\, r_{ai}), \qquad r_{ai} = \exp(x_{ai}' b), \qquad
              H_0(t) = \sum_{events \le t} \frac{1}{S_0}

    A scenario is a set of covariate rows: those of all patients with the exposure set to a. The mean of the curves is
    not the curve at the mean covariates. The variance is the delta method's, over H_0 and b:

    .. math:: \sigma_a^2 = m^2 \sum_{events \le t} \frac{1}{S_0^2} + q' I^{-1} q, \qquad
              m = \overline{S r}, \qquad q = H_0\, \overline{S r x} - m \sum_{events \le t} \frac{\bar x}{S_0}

    and for a difference of two scenarios the same with the differences of m and q: they share one model.

    Parameters
    ----------
    covariates, exit, event, entry
        The rows of the fit, as for `risk_sums`.
    coefficients
        Of the fit, Efron's ties, shape (P,).
    scenarios
        Covariate rows of each scenario, shape (A, M, P); differences are taken to the first.
    times
        Where the curves are asked, shape (K,).
    level
        Confidence level, between 0 and 1. Limits of curves are on the scale log(-log S), of differences normal, cut at
        -1 and 1.

    Returns
    -------
    Standardised; NaN after the last time anybody of the fit was followed. Before the first event survival is 1 and
    has no limits.

    Raises
    ------
    ValueError
        As `cox_rows`, or where shapes do not fit, a time is missing, or `level` is not between 0 and 1.

    Assumes
    -------
    The model is right: hazards proportional, effects as entered. The patients averaged over are taken as they are, not
    as a sample; nothing of their own variation is in the error. As an effect of the exposure: no confounding but by
    the covariates.

    References
    ----------
    makuch1982, tsiatis1981, therneau2000

    Examples
    --------
    With b = 0 both scenarios are the exponential of minus Nelson and Aalen's sum, 1/4 + 1/3 at 2:

    >>> x = np.array([[0.0], [1.0], [0.0], [1.0]])
    >>> answer = standardised_survival(x, [1, 2, 3, 4], [1, 1, 1, 1], [0.0], [x * 0, x * 0 + 1], [2])
    >>> print((-np.log(answer.survival[:, 0]) * 12).round(6))
    [7. 7.]
    """
    cox = cox_rows(covariates, exit, event, coefficients, entry)
    z = normal_quantile(level)
    rows = np.asarray(scenarios, dtype=np.float64)
    if rows.ndim != 3 or rows.shape[-1] != cox.coefficients.size or not np.isfinite(rows).all():
        raise ValueError(f"scenarios must be known, of shape (A, M, {cox.coefficients.size}); got {rows.shape}")
    asked = np.atleast_1d(np.asarray(times, dtype=np.float64))
    if np.isnan(asked).any():
        raise ValueError("times must not be missing")
    hazard, spread, of_mean, inverse = _baseline(cox, asked)
    centre = rows.mean((0, 1))
    x = rows - centre
    baseline = hazard * np.exp(centre @ cox.coefficients)  # of the centre: no overflow, little cancellation
    risk = np.exp(x @ cox.coefficients)
    size = rows.shape[1]
    curve = np.exp(-baseline[:, None, None] * risk)  # (K, A, M)
    survival = curve.mean(-1).T
    weighted = curve * risk
    m = weighted.mean(-1).T * np.exp(centre @ cox.coefficients)
    first = np.einsum("kam,amp->akp", weighted, x) / size * np.exp(centre @ cox.coefficients)
    q = hazard[:, None] * (first + m[..., None] * centre) - m[..., None] * of_mean

    def error(m: Array, q: Array) -> Array:
        return np.asarray(np.sqrt(m**2 * spread + np.einsum("akp,pr,akr->ak", q, inverse, q)))

    unknown = asked > cox.rows.exit.max(initial=-np.inf)
    survival = np.where(unknown, np.nan, survival)
    own = np.where(survival < 1, error(m, q), np.nan)
    nobody = np.zeros(survival.shape)
    low, high = survival_limits(survival, own, nobody, nobody > 0, level, "log-log")
    difference = survival - survival[:1]
    apart = np.where(np.isnan(own), np.nan, error(m - m[:1], q - q[:1]))
    below, above = np.maximum(difference - z * apart, -1.0), np.minimum(difference + z * apart, 1.0)
    return Standardised(asked, survival, own, low, high, difference, apart, below, above)


def _baseline(cox: CoxRows, asked: Array) -> tuple[Array, Array, Array, Array]:
    """At asked times: the baseline hazard, its variance with b known, the sum of mean x dH; and the inverse of I."""
    sums = risk_sums(cox)
    last = np.append(np.diff(sums.time) != 0, True)[: sums.time.size]  # step functions jump once a tie
    steps = 1.0 / sums.total
    running = np.cumsum(np.column_stack([steps, steps**2, sums.mean * steps[:, None]]), axis=0)[last]
    at = value_at(sums.time[last], running.T, asked, 0.0)
    information = sums.variance.sum(0)
    return at[0], at[1], at[2:].T, np.linalg.pinv(information, hermitian=True)
