"""The likelihood of published counts when each series met its own patients and looked in its own, imperfect way."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit, logsumexp

from sarcoid_epi.stats.cascade import log_binomial
from sarcoid_epi.stats.interval import Array, check_counts, check_share

#: The integral over the spread between series: steps of 0.3 from -7.5 to 7.5 on a scale that is fine about the top of
#: the integrand and coarse far from it. Halving the steps moves no log-likelihood above -80 by 1e-3.
_STEP, _STEPS = 0.3, 25

#: Steps towards the top; a point a little off it only moves the nodes.
_CLIMB, _LONGEST, _FARTHEST = 12, 2.0, 6.0


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

    by the trapezium rule in t, u = u_0 + s sinh(t), with u_0 the top of the integrand and s its width there: the steps
    are small where the binomial is narrow, and reach the tails of the normal where it is flat. Log-likelihoods above
    -80 are right to 1e-3, most to 1e-6; data that are all but impossible stay so.

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
    tau = np.asarray(between, dtype=np.float64)
    x, m, pi, se, sp, tau = np.broadcast_arrays(x, m, pi, se, sp, tau)
    with np.errstate(divide="ignore"):
        level = logit(pi)
    top, width = _top(x, m, level, tau, se, 1.0 - sp)
    t = _STEP * np.arange(-_STEPS, _STEPS + 1)
    u = top[..., None] + width[..., None] * np.sinh(t)
    chance = _chance(level[..., None] + tau[..., None] * u, se[..., None], 1.0 - sp[..., None])
    spacing = np.log(_STEP * width)[..., None] + np.log(np.cosh(t)) - 0.5 * np.log(2.0 * np.pi)
    heights = log_binomial(x[..., None], m[..., None], chance) - 0.5 * u**2 + spacing
    return np.asarray(logsumexp(heights, axis=-1))[()]


def _chance(log_odds: Array, sensitivity: Array, false_positive: Array) -> Array:
    """Chance of a record at a log odds of disease."""
    true = expit(log_odds)
    return np.asarray(true * sensitivity + (1.0 - true) * false_positive)


def _top(x: Array, m: Array, level: Array, tau: Array, se: Array, a: Array) -> tuple[Array, Array]:
    """Top of each integrand in u, and its width there, by Fisher scoring from where the counts alone would put it.

    A step that leads down is halved, so that no search turns back and forth.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = (logit(np.clip((x / m - a) / (se - a), 1e-6, 1.0 - 1e-6)) - level) / tau
    u = np.clip(np.nan_to_num(alone, nan=0.0, posinf=_FARTHEST, neginf=-_FARTHEST), -_FARTHEST, _FARTHEST)
    height, step = np.full(u.shape, -np.inf), np.zeros(u.shape)
    width = np.ones(u.shape)
    for _ in range(_CLIMB):
        true = expit(level + tau * (u + step))
        p = np.clip(true * se + (1.0 - true) * a, 1e-12, 1.0 - 1e-12)
        now = x * np.log(p) + (m - x) * np.log1p(-p) - 0.5 * (u + step) ** 2
        better = now >= height
        u, height = np.where(better, u + step, u), np.where(better, now, height)
        slope = tau * (se - a) * true * (1.0 - true)
        information = 1.0 + m * slope**2 / (p * (1.0 - p))
        onward = np.clip(((x / p - (m - x) / (1.0 - p)) * slope - u) / information, -_LONGEST, _LONGEST)
        width = np.where(better, 1.0 / np.sqrt(information), width)
        step = np.where(better, onward, step / 2.0)
    return u, width
