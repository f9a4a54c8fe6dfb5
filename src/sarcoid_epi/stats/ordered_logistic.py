"""Ordered outcome explained by covariates, one odds ratio for all cuts: proportional odds from grouped rows.

statsmodels has the model with derivatives by differences: its search stops some 5e-5 short of the maximum, and it takes
no counts. Here they are exact, and patients who are alike are one row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from sarcoid_epi.stats.interval import Array, check_level, normal_quantile
from sarcoid_epi.stats.likelihood_search import NO_MAXIMUM
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.maximum import climb
from sarcoid_epi.stats.proportional_odds import NOT_CONVERGED, ONE_CATEGORY
from sarcoid_epi.stats.rows import design_note, orthonormal

FORETOLD = "no finite ratio: what explains the outcome foretells it in some"
NO_COVARIATE = "no covariate beside the constant"

_IMPOSSIBLE = -1e300


class OrderedFit(NamedTuple):
    """Log odds ratios with standard errors and Wald limits (P,), the constant's NaN; the rest of the fit.

    `cuts` (K - 1,) are the log odds of lying at or below each level, of a patient whose covariates are all 0; NaN for a
    level that nobody has, as they would be those of the level below.
    """

    estimate: Array
    std_error: Array
    low: Array
    high: Array
    covariance: Array
    cuts: Array
    log_likelihood: float
    note: str


def ordered_logistic(rows: ArrayLike, counts: ArrayLike, level: float = 0.95) -> OrderedFit:
    r"""Log odds ratios of lying in a higher level of an ordered outcome, by maximum likelihood.

    .. math:: \mathrm{logit}\, P(Y \le k) = \alpha_k - x^T \beta, \qquad
              \ell = \sum_r \sum_k n_{rk} \log \big[ F(\alpha_k - x_r^T \beta) - F(\alpha_{k-1} - x_r^T \beta) \big]

    Standard errors are from the observed information. Levels that nobody has are left out, which changes nothing. There
    is a finite maximum if and only if there is one of the logistic regression in which each patient of level k has the
    event "at or below k" and, in a row of its own, not the event "at or below k - 1".

    Parameters
    ----------
    rows
        Design matrix, shape (R, P), the constant first; the cuts take its place.
    counts
        Patients of each row by level, lowest first, shape (R, K).
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    OrderedFit; NaN, with a note, where a column follows from others, all patients are of one level, or there is no
    finite maximum.

    Raises
    ------
    ValueError
        If rows are not finite or their first column is not 1, counts are not whole numbers from 0, or shapes do not
        fit.

    Assumes
    -------
    Independent patients; one odds ratio at every cut (`brant` looks at it).

    References
    ----------
    mccullagh1980

    Examples
    --------
    Two groups, as in `proportional_odds`:

    >>> fit = ordered_logistic([[1, 0], [1, 1]], [[40, 20, 20], [20, 25, 35]])
    >>> from sarcoid_epi.stats.proportional_odds import proportional_odds
    >>> print(f"{fit.estimate[1]:.4f} {proportional_odds([20, 25, 35], [40, 20, 20]).log_odds_ratio:.4f}")
    0.9783 0.9783
    """
    check_level(level)
    x, tally = _checked(rows, counts)
    size, kinds = x.shape[1], tally.shape[1]
    n, filled = tally.sum(1), tally.sum(0) > 0
    basis = orthonormal(x[None], n[None])
    note = str(design_note(basis.aliased, n[None])[0])
    if not note and filled.sum() < 2:
        note = ONE_CATEGORY
    if not note and size == 1:
        note = NO_COVARIATE
    # The first of the orthonormal columns is the constant; the others are free of it.
    slopes, own = basis.columns[0, 1:].T, tally[:, filled]
    if not note and _apart(slopes, own):
        note = FORETOLD
    if note:
        return _nothing(size, kinds, note)
    shares = np.cumsum(own.sum(0))[:-1] / n.sum()
    peak = climb(lambda _, at: _likelihood(slopes, own, at[0]), np.append(logit(shares), np.zeros(size - 1))[None])
    if not peak.converged[0]:
        return _nothing(size, kinds, NOT_CONVERGED)
    cut = own.shape[1] - 1
    back = basis.back[0]
    estimate, covariance = np.full(size, np.nan), np.full((size, size), np.nan)
    estimate[1:] = back[1:, 1:] @ peak.at[0, cut:]
    covariance[1:, 1:] = back[1:, 1:] @ peak.variance[0, cut:, cut:] @ back[1:, 1:].T
    cuts = np.full(kinds, np.nan)
    cuts[np.flatnonzero(filled)[:-1]] = peak.at[0, :cut] - back[0, 1:] @ peak.at[0, cut:]
    error = np.sqrt(np.diagonal(covariance))
    reach = normal_quantile(level) * error
    value = float(peak.value[0])
    return OrderedFit(estimate, error, estimate - reach, estimate + reach, covariance, cuts[:-1], value, "")


def _checked(rows: ArrayLike, counts: ArrayLike) -> tuple[Array, Array]:
    x, tally = np.asarray(rows, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if x.ndim != 2 or tally.ndim != 2 or len(x) != len(tally):
        raise ValueError(f"rows need shape (R, P) and counts (R, K); got {x.shape} and {tally.shape}")
    if not np.isfinite(x).all() or not (x[:, :1] == 1).all() or x.shape[1] == 0:
        raise ValueError("rows must be finite numbers, and their first column 1")
    if not np.isfinite(tally).all() or (tally < 0).any() or (tally != np.floor(tally)).any():
        raise ValueError("counts must be whole numbers from 0")
    kept = tally.sum(1) > 0
    return x[kept], tally[kept]


def _nothing(size: int, kinds: int, note: str) -> OrderedFit:
    blank, cuts = np.full(size, np.nan), np.full(max(kinds - 1, 0), np.nan)
    return OrderedFit(blank, blank, blank, blank, np.full((size, size), np.nan), cuts, np.nan, note)


def _apart(slopes: Array, counts: Array) -> bool:
    """Whether the likelihood rises for ever."""
    kinds = counts.shape[1]
    cut = np.eye(kinds - 1)
    rows, events, n = [], [], []
    for k in range(kinds - 1):
        for level, share in ((k, 1.0), (k + 1, 0.0)):
            rows.append(np.column_stack([np.tile(cut[k], (len(slopes), 1)), -slopes]))
            events.append(share * counts[:, level])
            n.append(counts[:, level])
    return bool(logistic(np.concatenate(rows), np.concatenate(events), np.concatenate(n)).note == NO_MAXIMUM)


def _likelihood(slopes: Array, counts: Array, at: Array) -> tuple[Array, Array, Array]:
    """Value, gradient and information in the cuts and the coefficients, with an axis of one group in front.

    A row's linear predictors are the cuts less its own sum; in them its information is tridiagonal.
    """
    cut = counts.shape[1] - 1
    predictor = at[:cut] - (slopes @ at[cut:])[:, None]
    cumulative = expit(predictor)
    chance = np.diff(cumulative, axis=-1, prepend=0.0, append=1.0)
    here = counts > 0
    possible = bool((chance[here] > 0).all())
    chance = np.where(here & (chance > 0), chance, 1.0)
    slope = cumulative * expit(-predictor)
    ratio, pull = counts / chance, counts / chance**2
    push = ratio[:, :-1] - ratio[:, 1:]
    diagonal = slope**2 * (pull[:, :-1] + pull[:, 1:]) - slope * (1.0 - 2.0 * cumulative) * push
    beside = -slope[:, :-1] * slope[:, 1:] * pull[:, 1:-1]
    of_cut = diagonal.copy()  # sums of the rows of each tridiagonal matrix
    of_cut[:, :-1] += beside
    of_cut[:, 1:] += beside
    information = np.empty((at.size, at.size))
    information[:cut, :cut] = np.diag(diagonal.sum(0)) + np.diag(beside.sum(0), 1) + np.diag(beside.sum(0), -1)
    information[:cut, cut:] = -of_cut.T @ slopes
    information[cut:, :cut] = information[:cut, cut:].T
    information[cut:, cut:] = (slopes * of_cut.sum(1)[:, None]).T @ slopes
    score = slope * push
    gradient = np.concatenate([score.sum(0), -slopes.T @ score.sum(1)])
    value = (counts * np.log(chance)).sum() if possible else _IMPOSSIBLE
    return np.array([value]), gradient[None], information[None]
