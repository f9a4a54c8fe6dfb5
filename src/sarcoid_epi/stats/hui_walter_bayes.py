"""Accuracy of two tests and prevalence when nobody knows who has the condition, under beliefs about them.

Notation as in `hui_walter`; logit scale for all parameters: prevalences, false-positive rates 1 - Sp, sensitivities.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, betaln, expit, gammainccinv, gammaln, log_expit, logit, logsumexp, ndtri
from scipy.stats import qmc

from sarcoid_epi.stats.interval import Array, check_level
from sarcoid_epi.stats.maximum import climb
from sarcoid_epi.stats.two_classes import (
    likelihood,
    loglinear,
    patterns,
    remark,
    separated_starts,
    two_test_cells,
    two_test_tables,
)
from sarcoid_epi.stats.weighted import effective, normalised, weighted_quantile

FEW_POINTS = "the posterior is hard to integrate: limits are rough"
TURNED = "the beliefs leave open which class has the condition"

_POINTS = 2**12  # of each of the four parts of the proposal
_ROUGH_POINTS = 2**9
_ROUNDS = 4
_DEGREES = 5.0  # of Student's t
_FEWEST = 500.0
_TURNED = 0.05
_BLOCK = 8_000_000


class HuiWalterPosterior(NamedTuple):
    """Posterior mean, standard deviation, median and central limits, and contraction: 1 - posterior / prior variance.

    A contraction near 0 says that the number comes from the prior alone. `turned` is the posterior chance that the
    first test has Se + Sp < 1; `effective` how many independent points the integration is worth.
    """

    prevalence: Array
    prevalence_sd: Array
    prevalence_median: Array
    prevalence_low: Array
    prevalence_high: Array
    prevalence_contraction: Array
    sensitivity: Array
    sensitivity_sd: Array
    sensitivity_median: Array
    sensitivity_low: Array
    sensitivity_high: Array
    sensitivity_contraction: Array
    specificity: Array
    specificity_sd: Array
    specificity_median: Array
    specificity_low: Array
    specificity_high: Array
    specificity_contraction: Array
    turned: Array
    effective: Array
    note: NDArray[np.str_]


def hui_walter_posterior(
    counts: ArrayLike,
    prevalence_a: ArrayLike,
    prevalence_b: ArrayLike,
    sensitivity_a: ArrayLike,
    sensitivity_b: ArrayLike,
    specificity_a: ArrayLike,
    specificity_b: ArrayLike,
    level: float = 0.95,
) -> HuiWalterPosterior:
    r"""Prevalences and the accuracy of two tests from one or more populations and beta beliefs (Joseph and others).

    .. math:: f(\pi, Se, Sp \mid n) \propto \prod_s \prod_y p_s(y)^{n_s(y)} \;
              \prod_s \mathrm{Beta}(\pi_s; a, b) \prod_t \mathrm{Beta}(Se_t; a, b) \, \mathrm{Beta}(Sp_t; a, b)

    with p_s(y) of `hui_walter`. Integrated by importance sampling on the logit scale at 16 384 fixed Sobol points:
    a quarter of them from the prior, the others from three t distributions that begin at the modes and are moved four
    times to where the weight is. Nothing is random. Nothing is done about exchanged classes: where the beliefs do not
    settle which class has the condition, `turned` is not small and a note says so.

    Parameters
    ----------
    counts
        As in `hui_walter`, S >= 1.
    prevalence_a, prevalence_b
        Shapes of the beta priors of the prevalences, above 0, broadcast to (..., S).
    sensitivity_a, sensitivity_b, specificity_a, specificity_b
        The same for the two tests, broadcast to (..., 2).
    level
        Probability between the limits, between 0 and 1.

    Returns
    -------
    HuiWalterPosterior. Without patients it is the prior.

    Raises
    ------
    ValueError
        If the counts are negative or not of such a shape, a shape is not above 0, or `level` is not between 0 and 1.

    Assumes
    -------
    What `hui_walter` assumes, but for differing prevalences; and that the beliefs are right and independent of each
    other. With one population there are 3 shares for 5 numbers: no amount of data overrules the beliefs.

    References
    ----------
    joseph1995, hui1980, cappe2008

    Examples
    --------
    Strongyloides in 162 refugees by stool examination and serology, the counts and beliefs of Joseph and others:

    >>> stool, serology = (4.44, 13.31, 71.25, 3.75), (21.96, 5.49, 4.1, 1.76)
    >>> fit = hui_walter_posterior([[[35, 87], [2, 38]]], 1, 1, *zip(stool, serology))
    >>> print(fit.prevalence.round(2), fit.sensitivity.round(2), fit.specificity.round(2))
    [0.76] [0.31 0.88] [0.96 0.69]
    """
    check_level(level)
    table, shape = two_test_tables(counts)
    populations = table.shape[1]
    pairs = ((specificity_b, specificity_a), (sensitivity_a, sensitivity_b))
    ab = [_shapes(prevalence_a, prevalence_b, shape, populations, "prevalence")]
    ab += [_shapes(*pair, shape, 2, name) for pair, name in zip(pairs, ("specificity", "sensitivity"), strict=True)]
    a, b = (np.concatenate([each[i] for each in ab], axis=-1) for i in (0, 1))
    # Small tables repeat each other: each is worked once.
    rows = np.concatenate([table.reshape(len(table), -1), a, b], axis=1)
    _, one, back = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    table, a, b = table[one], a[one], b[one]
    block = max(1, _BLOCK // (4 * _POINTS * a.shape[1]))
    parts = [
        _posterior(table[i : i + block], a[i : i + block], b[i : i + block], level)
        for i in range(0, max(1, len(table)), block)
    ]
    summary, turned, worth = (np.concatenate(each)[back.ravel()] for each in zip(*parts, strict=True))
    note = remark(np.full(len(worth), ""), worth < _FEWEST, FEW_POINTS)
    note = remark(note, turned > _TURNED, TURNED)

    columns = (np.s_[:populations], np.s_[populations + 2 :], np.s_[populations : populations + 2])
    fields = [summary[:, i, part].reshape((*shape, -1)) for part in columns for i in range(6)]
    return HuiWalterPosterior(
        **dict(zip(HuiWalterPosterior._fields, fields, strict=False)),
        turned=turned.reshape(shape)[()],
        effective=worth.reshape(shape)[()],
        note=note.reshape(shape)[()],
    )


def _posterior(table: Array, a: Array, b: Array, level: float) -> tuple[Array, Array, Array]:
    """Summaries (G, 6, P), the chance that the first test is turned round, the effective number of points."""
    populations = table.shape[1]
    location, scale = _modes(table, a, b)
    for _ in range(_ROUNDS):
        x, weight, near = _weighted(table, a, b, location, scale, _ROUGH_POINTS)
        location, scale = _moved(x, weight, near, location, scale)
    x, weight, _ = _weighted(table, a, b, location, scale, _POINTS)
    healthy = slice(populations, populations + 2)
    x[..., healthy] *= -1.0  # from the false-positive rate to the specificity
    share = expit(x)
    turned = (weight * (share[..., populations] + share[..., populations + 2] < 1.0)).sum(-1)
    mean = np.einsum("gn,gnp->gp", weight, share)
    variance = np.einsum("gn,gnp->gp", weight, (share - mean[:, None]) ** 2)
    tail = (1.0 - level) / 2.0
    points = weighted_quantile(share.swapaxes(1, 2), weight[:, None], [0.5, tail, 1.0 - tail])
    median, low, high = np.moveaxis(points, -1, 0)
    prior_variance = a * b / ((a + b) ** 2 * (a + b + 1.0))
    summary = np.stack([mean, np.sqrt(variance), median, low, high, 1.0 - variance / prior_variance], axis=1)
    return summary, turned, effective(weight)


def _modes(table: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Modes on the logit scale (G, 3, P) reached from the prior mean, from the data and from its mirror image, and the
    inverse information there."""
    populations, parameters = table.shape[1], a.shape[1]
    classes = loglinear(patterns(2), patterns(2))
    data = separated_starts(table)[:, 1]
    mirror = np.r_[:populations, populations + 2 : parameters, populations : populations + 2]
    mirrored = data[:, mirror] * np.r_[-np.ones(populations), np.ones(4)]
    starts = np.stack([np.log(a / b), data, mirrored], axis=1)

    def function(rows: NDArray[np.intp], theta: Array) -> tuple[Array, Array, Array]:
        group = rows // 3
        value, gradient, information = likelihood(theta, table[group], classes)
        share, size = expit(theta), a[group] + b[group]
        value = value + (a[group] * log_expit(theta) + b[group] * log_expit(-theta)).sum(-1)
        each = np.arange(parameters)
        information[:, each, each] += size * share * (1.0 - share)
        return value, gradient + a[group] - size * share, information

    peak = climb(function, starts.reshape(-1, parameters))
    vague = np.eye(parameters) * (1.0 / a + 1.0 / b)[:, None, :, None].repeat(3, axis=1)
    variance = peak.variance.reshape(-1, 3, parameters, parameters)
    return peak.at.reshape(starts.shape), np.where(np.isnan(variance), vague, variance)


def _weighted(
    table: Array, a: Array, b: Array, location: Array, scale: Array, points: int
) -> tuple[Array, Array, Array]:
    """Points (G, N, P), their weights (G, N), and how much each t distribution had to do with them (G, 3, N)."""
    groups, parts, parameters = location.shape
    root = np.linalg.cholesky(scale)
    normal, uniform = _sobol(points, parameters)
    drawn = [location[:, k, None] + normal[k] @ root[:, k].transpose(0, 2, 1) for k in range(parts)]
    different, back = np.unique(np.concatenate([a, b], axis=1), axis=0, return_inverse=True)
    shapes = different[:, None]
    from_prior = betaincinv(shapes[..., :parameters], shapes[..., parameters:], uniform)
    drawn.append(logit(np.clip(from_prior, 1e-300, 1.0 - 1e-16))[back.reshape(groups)])
    x = np.concatenate(drawn, axis=1)

    log_beta = a[:, None] * log_expit(x) + b[:, None] * log_expit(-x) - betaln(a, b)[:, None]
    log_prior = log_beta.sum(-1)
    inverse = np.linalg.inv(root)
    constant = (
        gammaln((_DEGREES + parameters) / 2.0) - gammaln(_DEGREES / 2.0) - parameters * np.log(_DEGREES * np.pi) / 2.0
    )
    log_t = np.empty((groups, parts, x.shape[1]))
    for k in range(parts):
        away = (x - location[:, k, None]) @ inverse[:, k].transpose(0, 2, 1)
        log_root = np.log(np.diagonal(inverse[:, k], axis1=1, axis2=2)).sum(-1)
        log_t[:, k] = -(_DEGREES + parameters) / 2.0 * np.log1p((away**2).sum(-1) / _DEGREES) + log_root[:, None]
    log_t += constant
    proposal = logsumexp(np.concatenate([log_t, log_prior[:, None]], axis=1), axis=1)
    with np.errstate(divide="ignore"):
        log_weight = (
            log_prior
            - proposal
            + np.einsum("gsc,gnsc->gn", table, np.log(np.maximum(two_test_cells(expit(x)), 1e-300)))
        )
    return x, normalised(log_weight), np.exp(log_t - proposal[:, None])


def _moved(x: Array, weight: Array, near: Array, location: Array, scale: Array) -> tuple[Array, Array]:
    """Each t distribution goes to mean and covariance of the weight near it (Cappe); one near too little stays."""
    own = weight[:, None] * near
    total = own.sum(-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = own / total
        mean = own @ x
        off = x[:, None] - mean[:, :, None]
        covariance = (off * own[..., None]).transpose(0, 1, 3, 2) @ off
        many = 1.0 / (own**2).sum(-1) > 5.0 * x.shape[-1]
    covariance += 1e-9 * np.eye(x.shape[-1])
    return np.where(many[..., None], mean, location), np.where(many[..., None, None], covariance, scale)


@lru_cache(maxsize=16)
def _sobol(points: int, parameters: int) -> tuple[Array, Array]:
    """Fixed points: three sets (3, points, P) of a t distribution, and one (points, P) uniform."""
    u = qmc.Sobol(parameters + 1, scramble=False).random(4 * points).reshape(4, points, -1) + 0.5 / (4 * points)
    stretch = np.sqrt(_DEGREES / (2.0 * gammainccinv(_DEGREES / 2.0, u[:3, :, -1:])))
    return ndtri(u[:3, :, :-1]) * stretch, u[3, :, :-1]


def _shapes(a: ArrayLike, b: ArrayLike, shape: tuple[int, ...], size: int, name: str) -> tuple[Array, Array]:
    """The two shapes of beta priors, each (G, size)."""
    both = [np.broadcast_to(np.asarray(each, dtype=np.float64), (*shape, size)).reshape(-1, size) for each in (a, b)]
    if not all((np.isfinite(each) & (each > 0)).all() for each in both):
        raise ValueError(f"the shapes of the prior of {name} must be numbers above 0")
    return both[0], both[1]
