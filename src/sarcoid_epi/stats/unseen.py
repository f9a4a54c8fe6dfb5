"""Limits for a number of cases of whom some were never seen: never below the number seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import betaln, chdtri, digamma, gammaln, xlogy

from sarcoid_epi.stats.interval import Array, Interval, normal_quantile
from sarcoid_epi.stats.roots import bracketed_root

Means = Callable[[Array, Array], Array]

MOST_UNSEEN = 1e12
_LOG_FEWEST, _LOG_MOST = np.log(1e-4), np.log(MOST_UNSEEN)


def log_normal_limits(seen: Array, unseen: Array, std_error: Array, level: float) -> Interval:
    r"""Limits from a standard error, as if the number unseen were log-normal.

    .. math:: n + u / C, \quad n + u C, \qquad C = \exp\left(z \sqrt{\log(1 + \mathrm{se}^2 / u^2)}\right)

    with n the number seen, u the estimated number unseen and se its standard error.

    Parameters
    ----------
    seen, unseen, std_error
        Of one shape, `unseen` above 0.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Interval; NaN where nobody is unseen.

    Assumes
    -------
    An estimate whose logarithm is about normal.

    References
    ----------
    chao1987
    """
    z = normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.exp(z * np.sqrt(np.log1p((std_error / unseen) ** 2)))
        return Interval(seen + unseen / factor, seen + unseen * factor)


def profile_limits(counts: Array, means: Means, unseen: Array, level: float) -> Interval:
    r"""Limits by the profile likelihood: those numbers N of cases that the data do not speak against.

    .. math:: \ell(N) = \log \frac{N!}{(N - n)!} + \sum_T n_T \log \frac{\mu_T}{N} + (N - n) \log \frac{\mu_0}{N}

    with n patients seen, n_T of them in cell T, and mu the means that fit the table best once the never-seen cell is
    filled with N - n. Limits are where l is half the chi-squared quantile (1 degree of freedom) below its maximum; the
    derivative of l, which finds the maximum, is :math:`\psi(N + 1) - \psi(N - n + 1) + \log(\mu_0 / N)`.

    Parameters
    ----------
    counts
        Patients in the cells that can be seen, shape (G, C).
    means
        Called with numbers unseen (A,) and the numbers (A,) of their groups; gives the fitted means (A, C).
    unseen
        Number unseen for which the model fits best, shape (G,); `MOST_UNSEEN` where there is no such number.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Interval: the lower limit is the number seen where the likelihood does not fall enough before (to 1e-4 of a case),
    the upper infinite where it does not fall enough up to 1e12.

    Assumes
    -------
    Patients are like independent draws, each falling into the cells with the same probabilities.

    References
    ----------
    cormack1992
    """
    seen = counts.sum(-1)

    def profile(log_unseen: Array, group: Array) -> tuple[Array, Array]:
        """The log-likelihood and its derivative."""
        rows, missing = group.astype(np.intp), np.exp(log_unseen)
        n, mu = seen[rows], means(missing, group)
        cases = n + missing
        with np.errstate(divide="ignore"):
            log_never = np.log1p(-np.minimum(mu.sum(-1) / cases, 1.0))
        shares = np.where(counts[rows] > 0, mu / cases[:, None], 1.0)
        ways = gammaln(n) - betaln(missing + 1.0, n)
        value = ways + xlogy(counts[rows], shares).sum(-1) + missing * log_never
        return value, digamma(cases + 1.0) - digamma(missing + 1.0) + log_never

    group = np.arange(len(counts), dtype=np.float64)
    bottom = np.full(len(counts), _LOG_FEWEST)
    best = bottom.copy()
    rising = (profile(bottom, group)[1] > 0) & (unseen > np.exp(_LOG_FEWEST))
    slope = bracketed_root(lambda x, g: profile(x, g)[1], bottom[rising], np.log(unseen[rising]), group[rising])
    best[rising] = slope
    floor = profile(best, group)[0] - chdtri(1.0, 1.0 - level) / 2.0

    def above(log_unseen: Array, group: Array) -> Array:
        return profile(log_unseen, group)[0] - floor[group.astype(np.intp)]

    low, high = np.full_like(best, -np.inf), np.full_like(best, np.inf)
    crossed = above(bottom, group) < 0
    low[crossed] = bracketed_root(above, bottom[crossed], best[crossed], group[crossed])
    inner, outer, open_ = best.copy(), best + 0.5, np.flatnonzero(best < _LOG_MOST - 0.5)
    while open_.size:
        inside = above(outer[open_], group[open_]) >= 0
        open_ = open_[inside & (outer[open_] < _LOG_MOST)]
        inner[open_], outer[open_] = outer[open_], 2.0 * outer[open_] - best[open_]
    crossed = outer < _LOG_MOST
    high[crossed] = bracketed_root(above, inner[crossed], outer[crossed], group[crossed])
    return Interval(seen + np.exp(low), seen + np.exp(high))
