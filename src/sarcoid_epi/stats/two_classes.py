"""The likelihood of tables of tests when the condition itself is never seen, for many groups at once.

Notation: class 1 has the condition, class 0 has not; y a pattern of results, C = 2^k patterns of k tests; S populations
that differ in prevalence only; q_c(y) the chance of y in class c; P parameters: S logits of prevalence, then those of
q_0 and q_1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, log_expit, log_ndtr, logit, logsumexp, xlogy

from sarcoid_epi.stats.interval import Array, check_counts, normal_quantile
from sarcoid_epi.stats.maximum import climb

#: A logit (probit) here is a share at 0 or 1: what lies beyond is worth less than 1e-7 of log-likelihood a patient.
#: Much farther out the information drowns in rounding.
EDGE, PROBIT_EDGE, LARGEST_LOADING = 18.0, 5.4, 5.0

#: Two ends of the search this near in log-likelihood and this far in prevalence are two answers.
SAME_VALUE, OTHER_PREVALENCE = 0.01, 0.01

#: Smallest eigenvalue of the information, scaled to a diagonal of 1, below which some direction is flat.
_FLAT = 1e-7

#: A share nearer than this to 0 or 1 is there: the estimate is 0 or 1 and has no standard error.
_AT_EDGE = 1e-7

FLAT = "the likelihood is flat around its maximum: not identified"
NOT_CONVERGED = "the search found no maximum with sensitivity + specificity above 1"
RIVAL = "another prevalence fits as well: more than one maximum"
ZERO_OR_ONE = "an estimate is 0 or 1 and has no limits; those of the others take it as known and cover too little"

_BLOCK = 4_000_000
_STEP = 0.125  # of the trapezium rule, whose error in q is 1e-13 up to a loading of 3, and 5e-8 at 5 with seven tests


class Within(NamedTuple):
    """The two classes at some parameters: log q (A, 2, C), its gradient (A, 2, C, P'), and minus its second derivatives
    summed over patterns with given weights (A, 2, C), a function that returns (A, P', P')."""

    log_cells: Array
    score: Array
    information: Callable[[Array], Array]


Classes = Callable[[Array], Within]


class Fit(NamedTuple):
    """The best maximum of each group: parameters (G, P), log-likelihood, inverse information, and what is wrong."""

    at: Array
    value: Array
    variance: Array
    converged: NDArray[np.bool_]
    flat: NDArray[np.bool_]
    rival: NDArray[np.bool_]


@lru_cache(maxsize=16)
def patterns(tests: int) -> Array:
    """Results of the tests in each pattern, shape (2^k, k): the pattern's number in binary, first test leftmost.

    >>> print(patterns(2).tolist())
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    table = (np.arange(2**tests)[:, None] >> np.arange(tests)[::-1]) & 1
    return table.astype(np.float64)


def loglinear(healthy: Array, diseased: Array) -> Classes:
    """Classes log q_c(y) = T_c(y)'theta_c - log Z: independent tests when T is `patterns`; a column y_a y_b more lets
    the tests a and b depend on each other, its coefficient being their log odds ratio within the class."""
    statistics, sizes = (healthy, diseased), (healthy.shape[1], diseased.shape[1])

    def classes(theta: Array) -> Within:
        groups, parameters = theta.shape
        log_cells = np.empty((groups, 2, len(healthy)))
        score = np.zeros((groups, 2, len(healthy), parameters))
        covariance = np.zeros((groups, 2, parameters, parameters))
        for c, statistic in enumerate(statistics):
            own = slice(c * sizes[0], sizes[0] + c * sizes[1])
            raised = theta[:, own] @ statistic.T
            raised -= raised.max(-1, keepdims=True)
            log_cells[:, c] = raised - np.log(np.exp(raised).sum(-1, keepdims=True))
            cells = np.exp(log_cells[:, c])
            score[:, c, :, own] = statistic - (cells @ statistic)[:, None]
            covariance[:, c, own, own] = _products(cells, score[:, c, :, own])
        return Within(log_cells, score, lambda weight: np.einsum("gc,gcij->gij", weight.sum(-1), covariance))

    return classes


def probit_normal(tests: int, loads: tuple[float, float]) -> Classes:
    """Classes with a normal effect u in each patient: q_c(y) = E[prod_j Phi(+-(sqrt(1 + b_c^2) alpha_cj + b_c u))].

    b_c = loads[c] b, so that `loads` says in which class there is an effect. Phi(alpha_cj) is the share positive.
    Parameters: alpha of class 0, of class 1, b. A negative b means the same as its absolute value.
    """
    sign = 2.0 * patterns(tests) - 1.0
    u = _STEP * np.arange(-60, 61)
    log_weight = -0.5 * u**2 + np.log(_STEP / np.sqrt(2.0 * np.pi))

    def classes(theta: Array) -> Within:
        groups, parameters = theta.shape
        log_cells = np.empty((groups, 2, len(sign)))
        score = np.zeros((groups, 2, len(sign), parameters))
        parts: list[tuple[Array, Array, Array, Array, Array]] = []
        for c, load in enumerate(loads):
            alpha, b = theta[:, c * tests : (c + 1) * tests, None], load * theta[:, -1:, None]
            stretch = np.sqrt(1.0 + b**2)
            z = stretch * alpha + b * u  # (A, k, U)
            # The slope of log Phi(z) and log Phi(-z) in z, and the second derivative, for both results of each test.
            both = np.stack([-z, z], axis=1)
            log_share = log_ndtr(both)
            slope = np.exp(-0.5 * z[:, None] ** 2 - log_share) / np.sqrt(2.0 * np.pi)
            bend = -slope * (slope + both)
            slope[:, 0] *= -1.0
            tilt = u + alpha * b / stretch  # how z moves with b_c
            result = patterns(tests).astype(int)
            pick = (slice(None), result, np.arange(tests))
            joint = log_share[pick].sum(2) + log_weight  # (A, C, U)
            log_cells[:, c] = logsumexp(joint, axis=-1)
            weight = np.exp(joint - log_cells[:, c, :, None])
            g, h = slope[pick], bend[pick]  # (A, C, k, U)
            tilted = tilt[:, None]
            complete = np.concatenate([stretch[:, None] * g, load * (g * tilted).sum(2, keepdims=True)], axis=2)
            mean = np.einsum("gyu,gypu->gyp", weight, complete)
            columns = [*range(c * tests, (c + 1) * tests), parameters - 1]
            score[:, c][:, :, columns] = mean
            curve = np.zeros((groups, len(sign), tests + 1, tests + 1))
            each = np.arange(tests)
            curve[:, :, each, each] = np.einsum("gyu,gyku->gyk", weight, stretch[:, None] ** 2 * h)
            mixed = load * (stretch[:, None] * h * tilted + g * (b / stretch)[:, None])
            curve[:, :, each, tests] = curve[:, :, tests, each] = np.einsum("gyu,gyku->gyk", weight, mixed)
            own = h * tilted**2 + g * (alpha / stretch**3)[:, None]
            curve[:, :, tests, tests] = load**2 * np.einsum("gyu,gyku->gy", weight, own)
            parts.append((weight, complete, mean, curve, np.array(columns)))

        def information(weights: Array) -> Array:
            answer = np.zeros((groups, parameters, parameters))
            for c, (weight, complete, mean, curve, columns) in enumerate(parts):
                heavy = (weights[:, c, :, None] * weight)[:, :, None] * complete
                outer = (heavy @ complete.transpose(0, 1, 3, 2)).sum(1)
                inner = _products(weights[:, c], mean)
                second = np.einsum("gy,gypq->gpq", weights[:, c], curve) + outer - inner
                answer[:, columns[:, None], columns] -= second
            return answer

        return Within(log_cells, score, information)

    return classes


def likelihood(theta: Array, counts: Array, classes: Classes) -> tuple[Array, Array, Array]:
    """Sum of n(y) log p(y), its gradient and minus its second derivatives; counts (A, S, C), theta (A, P).

    With r the chance of class 1 given y and d the difference of the classes' complete-data scores, the information is
    that of known classes less sum n r (1 - r) d d' (Louis).
    """
    populations = counts.shape[1]
    free, within = theta[:, :populations, None], classes(theta[:, populations:])
    one, nought = (log_expit(s * free) + within.log_cells[:, None, c] for s, c in ((1.0, 1), (-1.0, 0)))
    log_cell = np.logaddexp(one, nought)
    posterior = np.exp(one - log_cell)
    prevalence = expit(free)
    weight = np.stack([(counts * (1.0 - posterior)).sum(1), (counts * posterior).sum(1)], axis=1)
    doubt = counts * posterior * (1.0 - posterior)
    apart = within.score[:, 1] - within.score[:, 0]
    gradient = [(counts * (posterior - prevalence)).sum(-1), np.einsum("gcy,gcyp->gp", weight, within.score)]
    information = np.empty((*theta.shape, theta.shape[1]))
    each = np.arange(populations)
    information[:, :populations, :populations] = 0.0
    known = (counts.sum(-1, keepdims=True) * prevalence * (1.0 - prevalence))[..., 0]
    information[:, each, each] = known - doubt.sum(-1)
    cross = -doubt @ apart
    information[:, :populations, populations:] = cross
    information[:, populations:, :populations] = cross.transpose(0, 2, 1)
    information[:, populations:, populations:] = within.information(weight) - _products(doubt.sum(1), apart)
    return (counts * log_cell).sum((-1, -2)), np.concatenate(gradient, axis=-1), information


def maximise(
    counts: Array,
    classes: Classes,
    starts: Array,
    edge: Array,
    turned: Callable[[Array], NDArray[np.bool_]],
    turn: Callable[[Array], Array] | None,
    nodes: int = 1,
) -> Fit:
    """The best of the maxima reached from all starts (G, R, P), for counts (G, S, C).

    Beyond `edge` a quadratic penalty holds parameters that would run away. Where `turned` says that the classes have
    changed places, `turn` changes them back; if it is None (the classes have different models), that end is left out.
    `nodes` points of quadrature go into the size of a block of groups, nothing else.
    """
    block = max(1, _BLOCK // (starts.shape[1] * starts.shape[2] * counts.shape[2] * nodes))
    parts = [
        _maximise(counts[i : i + block], classes, starts[i : i + block], edge, turned, turn)
        for i in range(0, max(1, len(counts)), block)
    ]
    return Fit(*(np.concatenate(fields) for fields in zip(*parts, strict=True)))


class Accuracy(NamedTuple):
    """Prevalence of each population, sensitivity and specificity of each test: estimate, standard error, limits."""

    prevalence: Array
    prevalence_std_error: Array
    prevalence_low: Array
    prevalence_high: Array
    sensitivity: Array
    sensitivity_std_error: Array
    sensitivity_low: Array
    sensitivity_high: Array
    specificity: Array
    specificity_std_error: Array
    specificity_low: Array
    specificity_high: Array


def accuracy(fit: Fit, classes: Classes, populations: int, tests: int, level: float) -> Accuracy:
    """Shares from the parameters, with delta-method errors and limits on the logit scale; NaN errors at 0 and 1."""
    within = classes(fit.at[:, populations:])
    weighted = np.exp(within.log_cells)[..., None] * patterns(tests)  # (G, 2, C, k)
    positive = weighted.sum(2)
    slope = np.zeros((*positive.shape, fit.at.shape[1]))
    slope[..., populations:] = weighted.transpose(0, 1, 3, 2) @ within.score
    prevalence = expit(fit.at[:, :populations])
    first = np.broadcast_to(np.eye(populations, fit.at.shape[1]), (len(prevalence), populations, fit.at.shape[1]))
    first = first * (prevalence * (1.0 - prevalence))[..., None]
    answer: list[Array] = []
    for share, gradient in ((prevalence, first), (positive[:, 1], slope[:, 1]), (1.0 - positive[:, 0], slope[:, 0])):
        edge = (share < _AT_EDGE) | (share > 1.0 - _AT_EDGE)
        kept = np.where(edge, np.nan, share)
        spread = np.sqrt(np.einsum("gtp,gpq,gtq->gt", gradient, fit.variance, gradient))
        reach = normal_quantile(level) * spread / (kept * (1.0 - kept))
        error = np.where(edge, np.nan, spread)
        answer += [np.where(edge, share.round(), share), error, expit(logit(kept) - reach), expit(logit(kept) + reach)]
    return Accuracy(*answer)


def remark(note: NDArray[np.str_], holds: NDArray[np.bool_], text: str) -> NDArray[np.str_]:
    """The notes with a further sentence where it holds.

    >>> print(remark(np.array(["", "one"]), np.array([True, True]), "two").tolist())
    ['two', 'one; two']
    """
    more = np.where(note == "", text, np.char.add(note, "; " + text))
    return np.asarray(np.where(holds, more, note))


def two_test_tables(counts: ArrayLike) -> tuple[Array, tuple[int, ...]]:
    """Counts as (G, S, 4) and the leading shape."""
    table, _ = check_counts(counts, counts, "counts", "counts", whole=False)
    if table.ndim < 3 or table.shape[-2:] != (2, 2) or not table.shape[-3]:
        raise ValueError(f"counts must end in the axes population, first test (2), second test (2); got {table.shape}")
    return table.reshape(-1, table.shape[-3], 4), table.shape[:-3]


def two_test_cells(share: Array) -> Array:
    """Chance of each pattern (..., S, 4) from prevalences, false-positive rates and sensitivities (..., S + 4)."""
    populations = share.shape[-1] - 4
    prevalence = share[..., :populations, None]
    result = patterns(2)
    nought, one = (
        np.where(result == 1, rate[..., None, :], 1.0 - rate[..., None, :]).prod(-1)
        for rate in (share[..., populations : populations + 2], share[..., populations + 2 :])
    )
    return np.asarray(prevalence * one[..., None, :] + (1.0 - prevalence) * nought[..., None, :])


def spread(values: Array, rows: NDArray[np.bool_], shape: tuple[int, ...]) -> Array:
    """Values of some groups at their places among all, NaN elsewhere; leading axes as `shape`."""
    whole = np.full((len(rows), *values.shape[1:]), np.nan)
    whole[rows] = values
    answer: Array = whole.reshape((*shape, *values.shape[1:]))[()]
    return answer


def deviance(observed: Array, fitted: Array) -> Array:
    """2 sum n log(n / m) over the last two axes, patterns without patients giving 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = xlogy(observed, observed / fitted)
    return np.asarray(2.0 * np.where(observed > 0, terms, 0.0).sum((-1, -2)))


def separated_starts(counts: Array) -> Array:
    """Starts (G, R, S + 2k) on the logit scale that keep each test's share positive, for counts (G, S, C).

    Four prevalences with equally good tests, and each test in turn as the good one with its own share as prevalence.
    """
    results = patterns(counts.shape[-1].bit_length() - 1)
    tests = results.shape[1]
    own = (counts @ results + 0.5) / (counts.sum(-1, keepdims=True) + 1.0)  # (G, S, k), half a patient for the start
    share = own.mean(1)[:, None]
    overall = np.broadcast_to(share.mean(-1), (len(share), 1))
    fixed = np.broadcast_to([0.05, 0.2, 0.5, 0.8], (len(share), 4))
    prevalence = np.concatenate([fixed, share[:, 0]], axis=1)[..., None]  # (G, R, 1)
    apart = np.concatenate([np.full((4, tests), 0.8), 0.3 + 0.6 * np.eye(tests)])
    width = apart * np.minimum(share / prevalence, (1.0 - share) / (1.0 - prevalence))
    here = logit(own.mean(-1))[:, None] - logit(overall)[..., None]
    return np.concatenate(
        [logit(prevalence) + 2.0 * here, logit(share - prevalence * width), logit(share + (1.0 - prevalence) * width)],
        axis=-1,
    )


def _maximise(
    counts: Array,
    classes: Classes,
    starts: Array,
    edge: Array,
    turned: Callable[[Array], NDArray[np.bool_]],
    turn: Callable[[Array], Array] | None,
) -> Fit:
    groups, number, parameters = starts.shape

    def function(group: NDArray[np.intp], theta: Array) -> tuple[Array, Array, Array]:
        value, gradient, information = likelihood(theta, counts[group], classes)
        beyond = np.sign(theta) * np.maximum(np.abs(theta) - edge, 0.0)
        each = np.arange(parameters)
        information[:, each, each] += beyond != 0
        return value - (beyond**2).sum(-1) / 2.0, gradient - beyond, information

    peak = climb(lambda rows, theta: function(rows // number, theta), starts.reshape(-1, parameters))
    at, value = peak.at.copy(), peak.value.copy()
    wrong = turned(at)
    if turn is None:
        value[wrong] = -np.inf
    else:
        at[wrong] = turn(at[wrong])
    at, value = at.reshape(starts.shape), value.reshape(groups, number)
    ended = peak.converged.reshape(groups, number)
    best = np.where(ended, value + 1e-6, value).argmax(1)[:, None]
    chosen = np.take_along_axis(at, best[..., None], axis=1)[:, 0]
    top = np.take_along_axis(value, best, axis=1)
    share = expit(at[:, :, : counts.shape[1]])
    elsewhere = np.abs(share - np.take_along_axis(share, best[..., None], axis=1)).max(-1) > OTHER_PREVALENCE
    with np.errstate(invalid="ignore"):
        rival = (ended & elsewhere & (top - value < SAME_VALUE)).any(1)

    _, _, information = function(np.arange(groups), chosen)
    scale = np.sqrt(np.maximum(np.diagonal(information, axis1=1, axis2=2), np.finfo(np.float64).tiny))
    values, vectors = np.linalg.eigh(information / scale[:, :, None] / scale[:, None])
    flat = values[:, 0] < _FLAT
    values = np.where(flat[:, None], np.nan, values)
    vectors = vectors / scale[:, :, None]
    variance = (vectors / values[:, None]) @ vectors.transpose(0, 2, 1)
    converged = np.take_along_axis(ended, best, axis=1)[:, 0] & np.isfinite(top[:, 0])
    return Fit(chosen, top[:, 0], variance, converged, flat, rival)


def _products(weight: Array, columns: Array) -> Array:
    """Sum over y of weight(y) x(y) x(y)', for weights (A, C) and columns (A, C, P)."""
    return np.asarray((columns * weight[..., None]).transpose(0, 2, 1) @ columns)
