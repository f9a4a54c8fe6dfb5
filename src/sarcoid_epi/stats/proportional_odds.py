"""Ordered outcome of two groups by one odds ratio for all cuts: the proportional odds model, from counts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, expit, logit, xlogy

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.maximum import climb
from sarcoid_epi.stats.two_samples import category_counts

EMPTY = "a group has no patients"
ONE_CATEGORY = "all patients are in one category"
APART = "at most one category has patients of both groups and one group lies above: the odds ratio is 0 or infinite"
NOT_CONVERGED = "the maximum of the likelihood was not found"
TWO_CATEGORIES = "two categories: nothing to be proportional"

_IMPOSSIBLE = -1e300


class ProportionalOdds(NamedTuple):
    """Odds ratio of the proportional odds model, and the test whether one number will do; fields of one shape.

    Attributes
    ----------
    odds_ratio, low, high
        Odds of lying above a cut, group of interest over reference group, and Wald limits on the log scale.
    log_odds_ratio, std_error
        Its logarithm and the standard error of that, from the observed information.
    p_value
        Likelihood-ratio test of odds ratio 1, one degree of freedom.
    proportionality, proportionality_df, proportionality_p_value
        Likelihood-ratio test of one odds ratio for all cuts against one for each.
    note
        Empty, or why something is missing.
    """

    odds_ratio: Array
    low: Array
    high: Array
    log_odds_ratio: Array
    std_error: Array
    p_value: Array
    proportionality: Array
    proportionality_df: Array
    proportionality_p_value: Array
    note: NDArray[np.str_]


def proportional_odds(counts1: ArrayLike, counts0: ArrayLike, level: float = 0.95) -> ProportionalOdds:
    r"""Common odds ratio of lying in a higher category, over all cuts of an ordered outcome.

    .. math:: \mathrm{logit}\, P(Y \le k \mid g) = \alpha_k - \beta g, \qquad k = 1 \dots K - 1, \qquad
              \mathrm{OR} = e^\beta

    by maximum likelihood, g = 1 in the group of interest. With two groups the model that gives each cut its own odds
    ratio is the saturated one, so proportionality is tested by the deviance, on K - 2 degrees of freedom. Categories
    without patients are left out, which changes nothing.

    Parameters
    ----------
    counts1, counts0
        Patients by category, lowest first, in the group of interest and in the reference group, shape (...,
        categories).
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    ProportionalOdds, of the leading shape. Where the groups share at most one category and one lies above, the odds
    ratio is 0 or infinite, without limits (`probability_of_superiority` has some); all NaN, with a note, where a group
    is empty or all patients are in one category. With two categories there is nothing to be proportional: NaN, with a
    note that leaves the rest standing.

    Raises
    ------
    ValueError
        If counts are not whole numbers from 0, have no axis of categories, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, and one odds ratio at every cut; where the test speaks against it, the number is a mean of
    different ones.

    References
    ----------
    mccullagh1980

    Examples
    --------
    Two categories give the plain odds ratio with Woolf's limits:

    >>> answer = proportional_odds([4, 9], [10, 4])
    >>> print(f"{answer.odds_ratio:.4f} {answer.low:.4f} {answer.high:.4f}")
    5.6250 1.0773 29.3710
    """
    z = normal_quantile(level)
    first, second = np.broadcast_arrays(category_counts(counts1, "counts1"), category_counts(counts0, "counts0"))
    lead, size = first.shape[:-1], first.shape[-1]
    counts = np.stack([second.reshape(-1, size), first.reshape(-1, size)], axis=1)
    filled = counts.sum(1) > 0
    kinds, n = filled.sum(-1), counts.sum(-1)
    empty = (n == 0).any(-1)
    # Categories with patients to the front, in their order.
    counts = np.take_along_axis(counts, np.argsort(~filled, axis=-1, kind="stable")[:, None, :], -1)
    most = size - 1 - np.argmax(counts[..., ::-1] > 0, axis=-1)
    least = np.argmax(counts > 0, axis=-1)
    above, below = most[:, 0] <= least[:, 1], most[:, 1] <= least[:, 0]
    apart = (above | below) & (kinds > 1) & ~empty
    with np.errstate(divide="ignore", invalid="ignore"):
        saturated = xlogy(counts, counts / n[..., None]).sum((-1, -2))
        pooled = xlogy(counts.sum(1), counts.sum(1) / n.sum(-1)[:, None]).sum(-1)
    beta, error, value = (np.full(kinds.size, np.nan) for _ in range(3))
    beta[apart], value[apart] = np.where(above, np.inf, -np.inf)[apart], saturated[apart]
    good = ~(empty | apart) & (kinds > 1)
    for kind in np.unique(kinds[good]):
        rows = good & (kinds == kind)
        beta[rows], error[rows], value[rows] = _fitted(counts[rows, :, :kind])
    estimable = good & np.isfinite(error)
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = np.exp(beta - z * error), np.exp(beta + z * error)
    df = np.where(estimable & (kinds > 2), kinds - 2.0, np.nan)
    gap = np.where(np.isnan(df), np.nan, np.maximum(2.0 * (saturated - value), 0.0))
    p_value = chdtrc(1.0, np.maximum(2.0 * (value - pooled), 0.0))
    note = np.select(
        [empty, kinds < 2, apart, ~estimable, kinds == 2],
        [EMPTY, ONE_CATEGORY, APART, NOT_CONVERGED, TWO_CATEGORIES],
        "",
    )
    fields = np.exp(beta), low, high, beta, error, p_value, gap, df, chdtrc(df, gap)
    return ProportionalOdds._make((*(np.reshape(field, lead)[()] for field in fields), note.reshape(lead)[()]))


def _fitted(counts: Array) -> tuple[Array, Array, Array]:
    """Log odds ratio, its standard error, and the log-likelihood, of counts (G, 2, K) without empty categories."""
    groups, _, kinds = counts.shape
    shares = np.cumsum(counts.sum(1), -1)[:, :-1] / counts.sum((-1, -2))[:, None]
    start = np.concatenate([logit(shares), np.zeros((groups, 1))], axis=-1)
    peak = climb(lambda active, at: _log_likelihood(counts[active], at), start)
    return peak.at[:, kinds - 1], np.sqrt(peak.variance[:, kinds - 1, kinds - 1]), peak.value


def _log_likelihood(counts: Array, at: Array) -> tuple[Array, Array, Array]:
    """Value, gradient and information in the cutpoints and the log odds ratio.

    In the linear predictors of one group the information is tridiagonal; the group of interest carries -beta in each.
    """
    kinds = counts.shape[-1]
    cuts, beta = at[:, None, :-1], at[:, None, -1:]
    predictor = np.concatenate([cuts, cuts - beta], axis=1)
    cumulative = expit(predictor)
    chance = np.diff(cumulative, axis=-1, prepend=0.0, append=1.0)
    possible = np.asarray((chance > 0).all((-1, -2)))
    chance = np.where(possible[:, None, None], chance, 1.0)
    slope = cumulative * expit(-predictor)
    ratio = counts / chance
    push, pull = ratio[..., :-1] - ratio[..., 1:], counts / chance**2
    diagonal = slope**2 * (pull[..., :-1] + pull[..., 1:]) - slope * (1.0 - 2.0 * cumulative) * push
    beside = -slope[..., :-1] * slope[..., 1:] * pull[..., 1:-1]
    inner = np.zeros((*counts.shape[:2], kinds - 1, kinds - 1))
    each = np.arange(kinds - 1)
    inner[..., each, each] = diagonal
    inner[..., each[:-1], each[1:]] = inner[..., each[1:], each[:-1]] = beside
    information = np.empty((at.shape[0], kinds, kinds))
    information[:, :-1, :-1] = inner.sum(1)
    information[:, :-1, -1] = information[:, -1, :-1] = -inner[:, 1].sum(-1)
    information[:, -1, -1] = inner[:, 1].sum((-1, -2))
    score = slope * push
    gradient = np.concatenate([score.sum(1), -score[:, 1].sum(-1)[:, None]], axis=-1)
    value = np.where(possible, (counts * np.log(chance)).sum((-1, -2)), _IMPOSSIBLE)
    return value, gradient, information
