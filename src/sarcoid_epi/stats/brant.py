"""Whether one odds ratio will do for all cuts of an ordered outcome: Brant's test, from grouped rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, expit

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.proportional_odds import TWO_CATEGORIES
from sarcoid_epi.stats.rows import check_columns

NO_CUT = "no finite odds ratios at one of the cuts"
NO_TEST = "the odds ratios of the cuts are too much alike to be told apart"


class Brant(NamedTuple):
    """Test of one odds ratio for all cuts: statistic, degrees of freedom, p, and the log odds ratios of each cut.

    `cuts` and `cut_error` have shape (K - 1, P), the lowest cut first; `note` is empty, or why something is missing.
    """

    statistic: float
    df: int
    p_value: float
    cuts: Array
    cut_error: Array
    note: str


def brant(rows: ArrayLike, counts: ArrayLike, columns: ArrayLike) -> Brant:
    r"""Wald test that the log odds ratios of named columns are the same at every cut of an ordered outcome.

    .. math:: \mathrm{logit}\, P(Y > k) = x^T \beta_k, \qquad
              \mathrm{cov}(\hat\beta_k, \hat\beta_l) = I_k^{-1} \Big( \sum_r n_r \mu_{rl} (1 - \mu_{rk}) x_r x_r^T \Big)
              I_l^{-1} \quad (k \le l), \qquad T = (D\hat\beta)^T (D V D^T)^{-1} D\hat\beta \sim \chi^2_{(K-2)|S|}

    with mu_rk the fitted chance of lying above cut k, I_k the information of the logistic regression of that cut, and D
    the differences of the coefficients S between each cut and the first. Categories that nobody has are left out.

    Parameters
    ----------
    rows
        Design matrix, shape (R, P), the constant among the columns.
    counts
        Patients of each row by category, lowest first, shape (R, K).
    columns
        S, the numbers of the columns, from 0.

    Returns
    -------
    Brant; NaN, with a note, where fewer than three categories have patients, a cut has no finite odds ratios, or they
    cannot be told apart.

    Raises
    ------
    ValueError
        If rows or counts are broken (see `logistic.logistic`), or `columns` names one that is not there.

    Assumes
    -------
    Independent patients, enough above and below each cut for the normal distribution of its coefficients: with few the
    test is too ready to speak.

    References
    ----------
    brant1990

    Examples
    --------
    Odds ratio 3 at the lower cut, below 1 at the upper one:

    >>> test = brant([[1, 0], [1, 1]], [[40, 20, 20], [20, 45, 15]], columns=[1])
    >>> print(f"{np.exp(test.cuts[:, 1]).round(2)} {test.statistic:.2f} {test.df} {test.p_value:.5f}")
    [3.   0.69] 13.64 1 0.00022
    """
    x, tally = np.asarray(rows, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if x.ndim != 2 or tally.ndim != 2 or len(x) != len(tally):
        raise ValueError(f"rows need shape (R, P) and counts (R, K); got {x.shape} and {tally.shape}")
    chosen = check_columns(columns, x.shape[1])
    tally = tally[:, tally.sum(0) > 0]
    n, size = tally.sum(1), x.shape[1]
    above = n[None] - np.cumsum(tally, axis=1).T[:-1]
    if len(above) < 2:
        blank = np.full((len(above), size), np.nan)
        return Brant(np.nan, 0, np.nan, blank, blank, TWO_CATEGORIES)
    df = (len(above) - 1) * chosen.size
    fit = logistic(x, above, np.broadcast_to(n, above.shape))
    if (fit.note != "").any():
        return Brant(np.nan, df, np.nan, fit.estimate, fit.std_error, NO_CUT)
    mu = expit(x @ fit.estimate.T).T
    covariance = _covariance(x, n, mu, fit.covariance)
    places = chosen[None] + size * np.arange(len(above))[:, None]
    gap = (fit.estimate[1:, chosen] - fit.estimate[0, chosen]).ravel()
    contrast = np.zeros((df, covariance.shape[0]))
    contrast[np.arange(df), places[1:].ravel()] = 1.0
    contrast[np.arange(df), np.tile(places[0], len(above) - 1)] = -1.0
    spread = contrast @ covariance @ contrast.T
    scale = np.sqrt(np.diagonal(spread))
    if not (scale > 0).all() or np.linalg.cond(spread / np.outer(scale, scale)) > 1e12:
        return Brant(np.nan, df, np.nan, fit.estimate, fit.std_error, NO_TEST)
    statistic = float(gap @ np.linalg.solve(spread, gap))
    return Brant(statistic, df, float(chdtrc(df, statistic)), fit.estimate, fit.std_error, "")


def _covariance(x: Array, n: Array, mu: Array, inverse: Array) -> NDArray[np.float64]:
    """Covariance of the coefficients of all cuts, first cut first, (cuts * P, cuts * P)."""
    cuts, size = len(mu), x.shape[1]
    whole = np.empty((cuts, size, cuts, size))
    for k in range(cuts):
        for above in range(k, cuts):
            middle = (x * (n * mu[above] * (1.0 - mu[k]))[:, None]).T @ x
            part = inverse[k] @ middle @ inverse[above]
            whole[k, :, above], whole[above, :, k] = part, part.T
    return whole.reshape(cuts * size, cuts * size)
