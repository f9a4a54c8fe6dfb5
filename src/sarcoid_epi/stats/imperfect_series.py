"""The likelihood of published counts when each series met its own patients and looked in its own, imperfect way."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit, logsumexp

from sarcoid_epi.stats.cascade import log_binomial
from sarcoid_epi.stats.interval import Array, check_counts, check_share

#: Nodes of the integral over the spread between series. The posterior of the published series is right to 1e-3; single
#: log-likelihoods far from it are not, and neither is a series whose binomial is narrower than the nodes are apart:
#: many patients and a large spread (300 of 1 000 at tau = 2). Adaptive nodes are still to come.
_NODES = 31


def series_log_likelihood(
    events: ArrayLike,
    n: ArrayLike,
    share: ArrayLike,
    sensitivity: ArrayLike,
    specificity: ArrayLike,
    between: ArrayLike,
) -> Array:
    r"""Log-likelihood of one count per series, its true share being one of many.

    .. math:: \log \int \mathrm{Bin}(x; n, \pi_u Se + (1 - \pi_u)(1 - Sp)) \, \varphi(u) \, du, \qquad
              \mathrm{logit}\, \pi_u = \mathrm{logit}\, \pi + \tau u

    by Gauss-Hermite quadrature.

    Parameters
    ----------
    events, n
        On record, of how many; whole numbers.
    share
        pi, the true share of a typical series of that kind, in (0, 1).
    sensitivity, specificity
        Se and Sp of that way to look.
    between
        tau, standard deviation of the log odds between series, not negative.

    Returns
    -------
    Array of the shape that all arguments broadcast to.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or a share lies outside [0, 1].

    Assumes
    -------
    Series share no patients; within a series patients are independent.

    References
    ----------
    hamza2008, rogan1978

    Examples
    --------
    Perfect looking and no spread: the binomial probability itself, 3 * 0.2 * 0.8^2 = 0.384.

    >>> print(f"{np.exp(series_log_likelihood(1, 3, 0.2, 1.0, 1.0, 0.0)):.3f}")
    0.384
    """
    x, m = check_counts(events, n)
    pi, se, sp = (
        check_share(share, "share"),
        check_share(sensitivity, "sensitivity"),
        check_share(specificity, "specificity"),
    )
    u, log_weight = _normal_nodes(_NODES)
    with np.errstate(divide="ignore"):
        true = expit(logit(pi)[..., None] + np.asarray(between, dtype=np.float64)[..., None] * u)
    chance = true * se[..., None] + (1.0 - true) * (1.0 - sp[..., None])
    return np.asarray(logsumexp(log_binomial(x[..., None], m[..., None], chance) + log_weight, axis=-1))[()]


@lru_cache(maxsize=4)
def _normal_nodes(nodes: int) -> tuple[Array, Array]:
    """Gauss-Hermite nodes and log weights of the standard normal distribution."""
    t, w = np.polynomial.hermite_e.hermegauss(nodes)
    return t, np.log(w) - 0.5 * np.log(2.0 * np.pi)
