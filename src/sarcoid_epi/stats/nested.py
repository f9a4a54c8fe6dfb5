"""How much of an estimate's spread goes back to parameters that are not known, and how much to sampling."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sarcoid_epi.stats.interval import Array


class Split(NamedTuple):
    """Variance between and within cases, the share that lies between, each with its standard error; cases used."""

    between: Array
    between_error: Array
    within: Array
    within_error: Array
    share: Array
    share_error: Array
    cases: Array


def variance_split(mean: ArrayLike, variance: ArrayLike, used: ArrayLike, shared: ArrayLike = 0.0) -> Split:
    r"""Split the variance of an estimate into that between cases (parameters) and that within them (sampling).

    .. math:: \hat\sigma^2_w = \frac{1}{k} \sum_i s_i^2, \qquad
        \hat\sigma^2_b = \frac{1}{k - 1} \sum_i (m_i - \bar m)^2 - \frac{1}{k} \sum_i \frac{s_i^2 - c}{n_i}

    by unweighted means, so that cases count alike however many replicates each has and however much they spread.
    Standard errors by the jackknife over cases. The variance between is not cut at 0: where parameters do not matter it
    comes out below as often as above.

    Parameters
    ----------
    mean, variance, used
        Of the replicates of each case: mean m, variance s^2 (divisor n - 1) and their number n, cases on the last axis;
        a case with NaN, or with fewer than two replicates, is left out.
    shared
        The covariance c of a replicate's estimates in two cases, where all cases share their random numbers; of the
        leading shape.

    Returns
    -------
    Split, each field of the leading shape; NaN with fewer than two cases, errors with fewer than three.

    Assumes
    -------
    Cases drawn independently of each other from what is believed of the parameters; points of a latin hypercube or of
    Sobol's sequence are spread more evenly, and the errors are then too large rather than too small. Replicates are
    independent within a case.

    References
    ----------
    searle1992, efron1981

    Examples
    --------
    Means 1, 3 and 5 of 4 replicates with variance 2 each: between 4 - 2/4, within 2.

    >>> got = variance_split([1, 3, 5], [2, 2, 2], [4, 4, 4])
    >>> print(got.between, got.within, round(float(got.share), 4))
    3.5 2.0 0.6364
    """
    c = np.asarray(shared, dtype=np.float64)[..., None]
    m, v, n = np.broadcast_arrays(*(np.asarray(one, dtype=np.float64) for one in (mean, variance, used)))
    known = ~np.isnan(m + v) & (n > 1)
    m, v, n = np.where(known, m, 0.0), np.where(known, v, 0.0), np.where(known, n, 1.0)
    k = known.sum(-1).astype(np.float64)
    pivot = m.sum(-1, keepdims=True) / np.maximum(k, 1)[..., None]
    m = np.where(known, m - pivot, 0.0)
    chance = np.where(known, (v - c) / n, 0.0)
    whole = _split(k, m.sum(-1), (m**2).sum(-1), v.sum(-1), chance.sum(-1))
    sums = (one.sum(-1, keepdims=True) - one for one in (m, m**2, v, chance))
    without = _split((k - 1)[..., None], *sums)
    errors = (_jackknife(one, known, k) for one in without)
    found = [part for pair in zip(whole, errors, strict=True) for part in pair]
    return Split(*(np.asarray(part)[()] for part in (*found, k)))


def _split(k: Array, m: Array, squares: Array, v: Array, of_means: Array) -> tuple[Array, Array, Array]:
    """Variance between, within, and the share between, from sums over k cases."""
    two = np.where(k > 1, k, np.nan)
    between = (squares - m**2 / two) / (two - 1) - of_means / two
    within = v / two
    with np.errstate(divide="ignore", invalid="ignore"):
        return between, within, between / (between + within)


def _jackknife(without: Array, known: Array, k: Array) -> Array:
    """Standard error from the values that each case, left out, leaves."""
    three = np.where(k > 2, k, np.nan)
    off = np.where(known, without - (np.where(known, without, 0.0).sum(-1) / three)[..., None], 0.0)
    return np.asarray(np.sqrt((three - 1) / three * (off**2).sum(-1)))
