"""Pooling published frequencies: the random-effects logistic (binomial-normal) model."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, stdtrit, xlogy

from sarcoid_epi.stats.interval import Array, Interval, check_counts, check_level, normal_quantile
from sarcoid_epi.stats.maximum import Peak, climb
from sarcoid_epi.stats.quadrature import binomial_normal_derivatives, log_choose, logit_normal_mean

NO_STUDY = "no study with patients"
ONE_STUDY = "one study: the spread between studies cannot be estimated; limits are those of this study alone"
TWO_STUDIES = "two studies: no prediction interval"
NO_EVENTS = "no events in any study: limits and spread cannot be estimated"
ONLY_EVENTS = "only events in every study: limits and spread cannot be estimated"
ALL_OR_NONE = "each study has all or none: the likelihood grows without bound in the spread between studies"
NOT_CONVERGED = "the maximum of the likelihood was not found"

_FEWEST_NODES = 5
_BLOCK = 40_000  # numbers (groups x studies x nodes) handled at once: what stays in the processor's cache
_FINE_NODES = 151
_WIDE = 1.0
_NO_GAIN = 1e-10


class Pooled(NamedTuple):
    """The fitted model, each field of the leading shape of the counts (numpy scalars for one group).

    Attributes
    ----------
    mu, se_mu
        Mean of the studies' logits and its standard error, from the observed information of (mu, tau).
    tau, tau2
        Standard deviation and variance of the studies' logits.
    share, low, high
        expit(mu), the share in the median study, with Wald limits on the logit scale (normal quantile).
    average
        Mean of the studies' shares, E expit(mu + tau U) with U standard normal; nearer to 1/2 than `share`.
    prediction_low, prediction_high
        Limits for the share in a new study.
    log_likelihood
        At the maximum, binomial coefficients included.
    studies
        Number of studies with patients.
    converged
        Whether the maximum of the random-effects likelihood was found.
    note
        Empty, or why something is NaN.
    """

    mu: Array
    se_mu: Array
    tau: Array
    tau2: Array
    share: Array
    low: Array
    high: Array
    average: Array
    prediction_low: Array
    prediction_high: Array
    log_likelihood: Array
    studies: NDArray[np.int64]
    converged: NDArray[np.bool_]
    note: NDArray[np.str_]


def binomial_normal(events: ArrayLike, n: ArrayLike, level: float = 0.95, nodes: int = 25) -> Pooled:
    r"""Pooled share of several studies by the random-effects logistic model, with a prediction interval.

    .. math:: x_k \sim \mathrm{Bin}(n_k, p_k), \qquad \mathrm{logit}\, p_k \sim N(\mu, \tau^2), \qquad k = 1 \dots K

    mu and tau maximise the likelihood, each study's integral over its p_k taken by adaptive Gauss-Hermite quadrature
    (`quadrature`). Studies without events need no continuity correction. Limits of the pooled share are
    :math:`\mathrm{expit}(\mu \pm z \, se_\mu)`, the prediction interval is
    :math:`\mathrm{expit}(\mu \pm t_{K-2} \sqrt{\tau^2 + se_\mu^2})`.

    What cannot be estimated is NaN, and `note` says why: without patients everything; with no events at all, or with
    only events, the limits and tau (the share is 0 or 1); where each study has all or none, everything (the likelihood
    has no maximum in tau); with one study tau, while the limits are that study's own; with two studies the prediction.

    Parameters
    ----------
    events
        Number with the event in each study, whole numbers, shape (..., K): studies on the last axis, groups before it.
    n
        Number of patients in each study, broadcast against `events`. A study with n = 0 adds nothing and is not
        counted, so groups with different numbers of studies can be padded with zeros.
    level
        Confidence level of limits and prediction interval, between 0 and 1.
    nodes
        Quadrature points, at least 5. Where tau comes out above 1 or the search fails, the fit is repeated with 151:
        the integrand of a study without events is then too skew for few points.

    Returns
    -------
    Pooled, of the leading shape.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, there is no axis of studies, `level` is not between 0 and
        1, or `nodes` is below 5.

    Assumes
    -------
    Independent studies (overlapping series are not), whose true logits are one normal sample; the size of a study tells
    nothing about its share. Maximum likelihood makes tau too small on average and the limits too narrow with few
    studies; `t_limits` is wider.

    References
    ----------
    stijnen2010, higgins2009, pinheiro1995

    Examples
    --------
    Five studies with equal shares leave no spread, and the pooled share is the common one:

    >>> fit = binomial_normal([1, 2, 3, 4, 5], [10, 20, 30, 40, 50])
    >>> print(f"{fit.share:.3f} {fit.low:.3f} {fit.high:.3f} {fit.tau:.1f}")
    0.100 0.061 0.159 0.0

    The fourteen studies of metafor's data set dat.pritz1997, where metafor's rma.glmm(measure = "PLO") prints 0.798,
    0.692 to 0.875, tau 0.77:

    >>> events = [16, 10, 4, 43, 10, 25, 13, 12, 22, 4, 5, 18, 58, 6]
    >>> fit = binomial_normal(events, [17, 12, 8, 58, 10, 42, 14, 12, 41, 5, 6, 23, 68, 10])
    >>> print(f"{fit.share:.3f} {fit.low:.3f} {fit.high:.3f} {fit.tau:.2f}")
    0.798 0.692 0.875 0.77
    >>> print(f"{fit.prediction_low:.3f} {fit.prediction_high:.3f}")
    0.399 0.959
    """
    check_level(level)
    if nodes < _FEWEST_NODES:
        raise ValueError(f"nodes must be at least {_FEWEST_NODES}; got {nodes}")
    x, m = check_counts(events, n)
    if x.ndim == 0:
        raise ValueError("events and n need an axis of studies, the last one; got single numbers")
    shape, studies = x.shape[:-1], x.shape[-1]
    groups = math.prod(shape)
    x, m = x.reshape(groups, studies), m.reshape(groups, studies)
    block = max(1, _BLOCK // max(1, studies * nodes))
    parts = [_fits(x[i : i + block], m[i : i + block], level, nodes) for i in range(0, max(1, len(x)), block)]
    return Pooled(*(np.concatenate(fields).reshape(shape)[()] for fields in zip(*parts, strict=True)))


def t_limits(pooled: Pooled, level: float = 0.95) -> Interval:
    """Limits of the pooled share by Student's t with K - 1 degrees of freedom, wider than the normal ones of `Pooled`.

    Parameters
    ----------
    pooled
        A fit of `binomial_normal`.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Interval of the shape of the fit; NaN where there is one study or no standard error.

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1.

    Assumes
    -------
    What `binomial_normal` assumes.

    References
    ----------
    stijnen2010

    Examples
    --------
    >>> low, high = t_limits(binomial_normal([1, 2, 3, 4, 5], [10, 20, 30, 40, 50]))
    >>> print(f"{low:.3f} {high:.3f}")
    0.050 0.191
    """
    reach = _t_quantile(level, pooled.studies - 1) * pooled.se_mu
    return Interval(expit(pooled.mu - reach), expit(pooled.mu + reach))


def _fits(x: Array, m: Array, level: float, nodes: int) -> Pooled:
    """The fits of some groups, counts of shape (G, K)."""
    studies = (m > 0).sum(-1)
    note = _note(x, m, studies)
    fitted = np.isin(note, ("", TWO_STUDIES))
    mu, se_mu, tau, value = (np.full(len(x), np.nan) for _ in range(4))
    _without_spread(x, m, note, mu, se_mu, value)
    mu[fitted], se_mu[fitted], tau[fitted], value[fitted] = _maximum(x[fitted], m[fitted], nodes)
    failed = fitted & np.isnan(mu)

    half_width = normal_quantile(level) * se_mu
    reach = _t_quantile(level, studies - 2) * np.sqrt(tau**2 + se_mu**2)
    return Pooled(
        mu=mu,
        se_mu=se_mu,
        tau=tau,
        tau2=tau**2,
        share=expit(mu),
        low=expit(mu - half_width),
        high=expit(mu + half_width),
        average=logit_normal_mean(mu, tau),
        prediction_low=expit(mu - reach),
        prediction_high=expit(mu + reach),
        log_likelihood=value,
        studies=studies,
        converged=fitted & ~failed,
        note=np.where(failed, NOT_CONVERGED, note),
    )


def _note(x: Array, m: Array, studies: NDArray[np.int64]) -> NDArray[np.str_]:
    none, all_ = (x == 0).all(-1), (x == m).all(-1)
    extreme = ((x == 0) | (x == m)).all(-1)
    cases = (studies == 0, none, all_, extreme & (studies > 1), studies == 1, studies == 2)
    return np.select(cases, (NO_STUDY, NO_EVENTS, ONLY_EVENTS, ALL_OR_NONE, ONE_STUDY, TWO_STUDIES), "")


def _without_spread(x: Array, m: Array, note: NDArray[np.str_], mu: Array, se_mu: Array, value: Array) -> None:
    """Fill in what little is known where tau is not estimable."""
    mu[note == NO_EVENTS], mu[note == ONLY_EVENTS] = -np.inf, np.inf
    value[(note == NO_EVENTS) | (note == ONLY_EVENTS)] = 0.0
    one = note == ONE_STUDY
    mu[one], se_mu[one], value[one] = _common_share(x[one], m[one])


def _common_share(x: Array, m: Array) -> tuple[Array, Array, Array]:
    """Maximum without spread (tau = 0) in closed form: mu, its standard error, the log-likelihood."""
    total, size = x.sum(-1), m.sum(-1)
    share = total / size
    value = log_choose(m, x).sum(-1) + xlogy(total, share) + xlogy(size - total, 1.0 - share)
    return np.log(total / (size - total)), 1.0 / np.sqrt(total * (size - total) / size), value


def _maximum(x: Array, m: Array, nodes: int) -> tuple[Array, Array, Array, Array]:
    """Maximum likelihood mu, standard error of mu, tau and log-likelihood; NaN where the search failed.

    The likelihood is even in tau, so the search runs over all numbers and the sign is dropped; the fit without spread,
    known in closed form, wins where no tau is better, and then the information of mu alone gives the standard error.
    """
    mu, tau, modes = _start(x, m)
    peak = _search(x, m, np.stack([mu, tau], axis=-1), modes, nodes)
    wide = ~peak.converged | (np.abs(peak.at[:, 1]) > _WIDE)
    if wide.any():
        start = np.where(peak.converged[:, None], peak.at, np.stack([mu, tau], axis=-1))
        finer = _search(x[wide], m[wide], start[wide], modes[wide], max(nodes, _FINE_NODES))
        for coarse, fine in zip(peak, finer, strict=True):
            coarse[wide] = fine
    mu0, se0, value0 = _common_share(x, m)
    common = (peak.converged | _flat_without_spread(x, m)) & (value0 >= peak.value - _NO_GAIN)
    mu = np.where(common, mu0, np.where(peak.converged, peak.at[:, 0], np.nan))
    tau = np.where(common, 0.0, np.where(peak.converged, np.abs(peak.at[:, 1]), np.nan))
    se = np.where(common, se0, np.sqrt(peak.variance[:, 0, 0]))
    return mu, se, tau, np.where(common, value0, np.where(peak.converged, peak.value, np.nan))


def _flat_without_spread(x: Array, m: Array) -> NDArray[np.bool_]:
    """Whether the likelihood does not rise from tau = 0: sum (x - n p)^2 is at most sum n p (1 - p), up to 1e-6 of it.

    Where both are equal the top is so flat that the search may creep towards it without end.
    """
    p = (x.sum(-1) / m.sum(-1))[:, None]
    chance = (m * p * (1.0 - p)).sum(-1)
    return np.asarray(((x - m * p) ** 2).sum(-1) <= (1.0 + 1e-6) * chance)


def _search(x: Array, m: Array, start: Array, modes: Array, nodes: int) -> Peak:
    modes = modes.copy()

    def function(groups: NDArray[np.intp], theta: Array) -> tuple[Array, Array, Array]:
        found = binomial_normal_derivatives(theta[:, 0], theta[:, 1], x[groups], m[groups], nodes, modes[groups])
        modes[groups] = found.modes
        return found.value, found.gradient, found.information

    return climb(function, start)


def _start(x: Array, m: Array) -> tuple[Array, Array, Array]:
    """Moment estimates on empirical logits (half a case added, for the start only), and modes to go with them."""
    y = np.log((x + 0.5) / (m - x + 0.5))
    weight = np.where(m > 0, 1.0 / (1.0 / (x + 0.5) + 1.0 / (m - x + 0.5)), 0.0)
    studies, sum_w = (m > 0).sum(-1), weight.sum(-1)
    mean = (weight * y).sum(-1) / sum_w
    excess = (weight * (y - mean[:, None]) ** 2).sum(-1) - (studies - 1)
    tau2 = np.maximum(excess / (sum_w - (weight**2).sum(-1) / sum_w), 0.1)
    pooled = np.where(m > 0, 1.0 / (tau2[:, None] + 1.0 / np.where(m > 0, weight, 1.0)), 0.0)
    mu = (pooled * y).sum(-1) / pooled.sum(-1)
    tau = np.sqrt(tau2)
    return mu, tau, tau[:, None] * weight * (y - mu[:, None]) / (1.0 + tau2[:, None] * weight)


def _t_quantile(level: float, degrees: NDArray[np.int64]) -> Array:
    """Two-sided quantile of Student's t; NaN without degrees of freedom."""
    check_level(level)
    usable = degrees > 0
    return np.asarray(np.where(usable, stdtrit(np.where(usable, degrees, 1), (1.0 + level) / 2.0), np.nan))
