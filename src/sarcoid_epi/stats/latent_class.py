"""Accuracy of three or more tests and prevalence when nobody knows who has the condition: two latent classes.

Notation: k tests, C = 2^k patterns of results y; pi prevalence; Se_j and Sp_j sensitivity and specificity of test j;
class 1 has the condition, class 0 has not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, expit, log_expit, ndtri, xlogy

from sarcoid_epi.stats.interval import Array, check_counts, check_level
from sarcoid_epi.stats.two_classes import (
    EDGE,
    FLAT,
    LARGEST_LOADING,
    NOT_CONVERGED,
    PROBIT_EDGE,
    RIVAL,
    ZERO_OR_ONE,
    Classes,
    accuracy,
    deviance,
    loglinear,
    maximise,
    patterns,
    probit_normal,
    remark,
    separated_starts,
    spread,
)

NO_PATIENTS = "no patients"
CONSTANT = "a test gave the same result in everyone: leave it out"
TOO_FEW = "more unknown numbers than the patterns of results can tell: not identified"
DEPENDENCE_AT_EDGE = "the dependence has no finite estimate"
NO_EFFECT = "no dependence is left: the random effect has loading 0"
BY_CHANCE = "the tests agree no more than by chance (p > 0.05): hardly identified"
AGAINST = "a test has sensitivity + specificity below 1"

_LOADS = {"diseased": (0.0, 1.0), "healthy": (1.0, 0.0), "both": (1.0, 1.0)}
_ZERO_LOADING = 1e-4
_LARGEST_LOG_ODDS = 15.0

Pairs = Sequence[tuple[int, int]]


class LatentClass(NamedTuple):
    """Two latent classes; leading axes as in the counts, then tests (k), patterns (C) or dependences (D).

    `dependence` are the log conditional odds ratios of the diseased pairs, then of the healthy ones, or the loading of
    the random effect. `covariance_diseased` and `covariance_healthy` (k, k) are what the model says of any two tests
    within a class. `posterior` (C) is the chance of having the condition given the pattern. `log_likelihood` leaves out
    the multinomial constant.
    """

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
    dependence: Array
    dependence_std_error: Array
    covariance_diseased: Array
    covariance_healthy: Array
    posterior: Array
    log_likelihood: Array
    deviance: Array
    df: NDArray[np.int64]
    aic: Array
    bic: Array
    converged: NDArray[np.bool_]
    note: NDArray[np.str_]


def latent_class(
    counts: ArrayLike, diseased_pairs: Pairs = (), healthy_pairs: Pairs = (), level: float = 0.95
) -> LatentClass:
    r"""Prevalence, sensitivities and specificities from the agreement of tests, by maximum likelihood.

    .. math:: p(y) = \pi \, q_1(y) + (1 - \pi) \, q_0(y), \qquad
              q_c(y) \propto \exp\Big(\sum_j \theta_{cj} y_j + \sum_{(a,b)} \omega_{cab} \, y_a y_b\Big)

    Without pairs the tests are independent within each class, and Se and 1 - Sp are expit(theta). A named pair may
    depend on each other within the diseased or the healthy, exp(omega) being its conditional odds ratio; for pairs
    without a test in common this is the model with a covariance for each pair (Vacek). The search is Newton's, from
    k + 4 fixed starts (twice as many with pairs). Of two mirrored answers the one with mean Se + Sp above 1 is given.
    Errors are from the observed information; limits are expit(logit(estimate) +- z error).

    A note says when the answer does not stand on firm ground: more parameters than patterns (df < 0), a flat
    likelihood, another maximum within 0.01 of log-likelihood at another prevalence (by more than 0.01), an estimate at
    0 or 1 (other limits are then given that value), tests that agree no more than by chance (likelihood ratio test).

    Parameters
    ----------
    counts
        Patients with each pattern, shape (..., 2^k), k >= 2, 0 or more (fractions pass); pattern y_1 ... y_k is number
        sum y_j 2^(k-j), so that reshaping to (..., 2, ..., 2) puts test j on axis j, index 1 being positive.
    diseased_pairs, healthy_pairs
        Pairs (a, b) of tests, numbered from 0, that depend on each other within the class.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    LatentClass; NaN with a note where nothing is estimable.

    Raises
    ------
    ValueError
        If the counts are negative or not of such a shape, a pair is not one of two different tests or is named twice,
        or `level` is not between 0 and 1.

    Assumes
    -------
    Two kinds of patients and no more; within a kind, tests independent but for the named pairs, each with the same
    sensitivity (specificity) in every patient; complete results. Tests that err together, and are taken to be
    independent, look better than they are. The condition is what the tests have in common, whatever that is.

    References
    ----------
    hui1980, vacek1985, espeland1989

    Examples
    --------
    Three readings of films for pleural thickening, where the program LEM prints a prevalence of 0.0545, sensitivities
    0.7490, 0.6434, 0.7650 and specificities 0.9900, 0.9646, 0.9891:

    >>> fit = latent_class([1513, 23, 59, 12, 21, 19, 11, 34])
    >>> print(f"{fit.prevalence:.4f}", fit.sensitivity.round(2), fit.specificity.round(2))
    0.0545 [0.75 0.64 0.77] [0.99 0.96 0.99]
    """
    table, tests, shape = _table(counts, level)
    results = patterns(tests)
    pairs = _checked(healthy_pairs, tests, "healthy_pairs"), _checked(diseased_pairs, tests, "diseased_pairs")
    healthy, diseased = (np.column_stack([results, *(results[:, a] * results[:, b] for a, b in p)]) for p in pairs)
    # Parameters in their order: logit prevalence; theta and omega of the healthy; theta and omega of the diseased.
    first, last = healthy.shape[1], diseased.shape[1]
    is_omega = np.r_[False, np.arange(first) >= tests, np.arange(last) >= tests]
    base = separated_starts(table[:, None])
    sizes = (0.0, 2.0) if is_omega.any() else (0.0,)
    starts = np.empty((len(table), len(sizes), base.shape[1], 1 + first + last))
    starts[..., ~is_omega] = base[:, None]
    starts[..., is_omega] = np.array(sizes)[:, None, None]
    model = _Model(
        classes=loglinear(healthy, diseased),
        edge=np.where(is_omega, 2.0 * EDGE, EDGE),
        mirror=np.r_[1 + first : 1 + 2 * first, 1 : 1 + first] if pairs[0] == pairs[1] else np.arange(0),
        dependence=np.r_[1 + first + tests : 1 + first + last, 1 + tests : 1 + first].astype(int),
        largest=_LARGEST_LOG_ODDS,
        nodes=1,
    )
    return _answers(table, shape, tests, model, starts.reshape(len(table), -1, starts.shape[-1]), level)


def latent_class_random_effect(counts: ArrayLike, among: str = "both", level: float = 0.95) -> LatentClass:
    r"""Prevalence, sensitivities and specificities when patients with the condition are not all alike (Qu-Tan-Kutner).

    .. math:: q_c(y) = \int \prod_j \Phi\big((2 y_j - 1)(\alpha_{cj} \sqrt{1 + b_c^2} + b_c u)\big) \, \varphi(u) \, du

    A normal effect u of the patient, larger in advanced disease, raises all tests alike; its loading b on the probit
    scale is the same for all tests. Se_j is Phi(alpha_1j) and 1 - Sp_j is Phi(alpha_0j), whatever b. Among the
    diseased, a common cause of being missed by all tests is what this model is for. The integral is taken by the
    trapezium rule with 121 points, exact to 1e-9 up to b = 4 and 1e-7 at 5, the largest loading allowed.

    Parameters
    ----------
    counts
        As in `latent_class`.
    among
        Who differs: "diseased", "healthy", or "both" with one loading.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    LatentClass, `dependence` being the loading (at least 0), shape (..., 1); NaN with a note where nothing is
    estimable, as in `latent_class`.

    Raises
    ------
    ValueError
        As `latent_class`, or if `among` is none of the three.

    Assumes
    -------
    Two kinds of patients; within a kind, all dependence between tests comes from one normal effect that moves all
    tests by the same amount on the probit scale. Which dependence there is can hardly be told from the patterns, and
    the answer depends on it: compare models.

    References
    ----------
    qu1996, albert2004

    Examples
    --------
    Five dentists and X-rays of 3869 teeth, where the documentation of the R package randomLCA prints a BIC of 14944.7,
    and of 15021.6 when the dentists are taken as independent:

    >>> counts = [1880, 789, 43, 75, 23, 63, 8, 22, 188, 191, 17, 67, 15, 85, 8, 56]
    >>> counts += [22, 26, 6, 14, 1, 20, 2, 17, 2, 20, 6, 27, 3, 72, 1, 100]
    >>> print(f"{latent_class_random_effect(counts).bic:.1f} {latent_class(counts).bic:.1f}")
    14944.7 15021.6
    """
    if among not in _LOADS:
        raise ValueError(f"among must be one of {', '.join(_LOADS)}; got {among!r}")
    table, tests, shape = _table(counts, level)
    base = separated_starts(table[:, None])[:, :4]
    probits = np.concatenate([base[..., :1], ndtri(expit(base[..., 1:]))], axis=-1)
    starts = np.concatenate([np.insert(probits, probits.shape[-1], b, axis=-1) for b in (0.5, 1.5)], axis=1)
    model = _Model(
        classes=probit_normal(tests, _LOADS[among]),
        edge=np.r_[EDGE, np.full(2 * tests, PROBIT_EDGE), LARGEST_LOADING],
        mirror=np.r_[1 + tests : 1 + 2 * tests, 1 : 1 + tests, 1 + 2 * tests] if among == "both" else np.arange(0),
        dependence=np.array([1 + 2 * tests]),
        largest=LARGEST_LOADING,
        nodes=121,
    )
    answers = _answers(table, shape, tests, model, starts, level)
    gone = np.abs(answers.dependence[..., 0]) < _ZERO_LOADING
    return answers._replace(
        dependence=np.abs(answers.dependence),
        dependence_std_error=np.where(gone[..., None], np.nan, answers.dependence_std_error),
        note=remark(answers.note, gone, NO_EFFECT)[()],
    )


class _Model(NamedTuple):
    """What tells one model from another: the classes, where parameters are held, the order of parameters that changes
    the classes round (none if their models differ), which are dependences, and how large one may be."""

    classes: Classes
    edge: Array
    mirror: NDArray[np.int64]
    dependence: NDArray[np.int64]
    largest: float
    nodes: int


def _answers(
    table: Array, shape: tuple[int, ...], tests: int, model: _Model, starts: Array, level: float
) -> LatentClass:
    """Fit the tables (G, C) that can be fitted, and say what is wrong with the others and with the answers."""
    groups, cells = table.shape
    parameters = starts.shape[-1]
    df = cells - 1 - parameters
    n, positive = table.sum(-1), table @ patterns(tests)
    constant = ((positive == 0) | (positive == n[:, None])).any(-1)
    note = np.select((n == 0, constant, np.full(groups, df < 0)), (NO_PATIENTS, CONSTANT, TOO_FEW), "").astype(object)
    rows = note == ""
    numbers, converged, note[rows] = _fitted(table[rows], tests, model, starts[rows], level)
    fields = [spread(values, rows, shape) for values in numbers]
    value = fields[-2]
    return LatentClass(
        **dict(zip(LatentClass._fields, fields, strict=False)),
        df=np.full(shape, df)[()],
        aic=2.0 * parameters - 2.0 * value,
        bic=parameters * spread(np.log(n[rows]), rows, shape) - 2.0 * value,
        converged=(spread(converged.astype(np.float64), rows, shape) == 1.0)[()],
        note=note.astype(np.str_).reshape(shape)[()],
    )


def _fitted(
    table: Array, tests: int, model: _Model, starts: Array, level: float
) -> tuple[tuple[Array, ...], NDArray[np.bool_], NDArray[np.str_]]:
    """The numbers of LatentClass from prevalence to deviance, which searches converged, and notes."""
    results = patterns(tests)

    def turned(at: Array) -> NDArray[np.bool_]:
        cells = np.exp(model.classes(at[:, 1:]).log_cells)
        return np.asarray((cells[:, 1] - cells[:, 0]) @ results.sum(-1) < 0)

    def turn(at: Array) -> Array:
        return np.concatenate([-at[:, :1], at[:, model.mirror]], axis=-1)

    fit = maximise(
        table[:, None], model.classes, starts, model.edge, turned, turn if model.mirror.size else None, model.nodes
    )
    shares = accuracy(fit, model.classes, 1, tests, level)
    log_cells = model.classes(fit.at[:, 1:]).log_cells
    one, nought = log_expit(fit.at[:, :1]) + log_cells[:, 1], log_expit(-fit.at[:, :1]) + log_cells[:, 0]
    fitted = np.exp(np.logaddexp(one, nought))
    cells = np.exp(log_cells)
    mean = cells @ results
    covariance = (results.T * cells[:, :, None]) @ results - mean[..., None] * mean[:, :, None]
    dependence = fit.at[:, model.dependence]
    at_bound = np.abs(dependence) >= model.largest
    error = np.sqrt(np.diagonal(fit.variance, axis1=1, axis2=2)[:, model.dependence])
    n = table.sum(-1)

    empty = np.isin(shares.prevalence, (0.0, 1.0))[:, 0]
    flat = fit.flat | empty
    failed = ~fit.converged & ~flat
    good = ~flat & ~failed
    unrelated = deviance(table[:, None], (n[:, None] * _independent(table, results))[:, None])
    edge = np.isin(np.concatenate([shares.sensitivity, shares.specificity], axis=-1), (0.0, 1.0)).any(-1)
    note = np.select((flat, failed), (FLAT, NOT_CONVERGED), "").astype(np.str_)
    note = remark(note, good & fit.rival, RIVAL)
    note = remark(note, good & edge, ZERO_OR_ONE)
    note = remark(note, good & at_bound.any(-1), DEPENDENCE_AT_EDGE)
    note = remark(note, chdtrc(2**tests - 1 - tests, unrelated) > 0.05, BY_CHANCE)
    note = remark(note, good & (shares.sensitivity + shares.specificity < 1).any(-1), AGAINST)
    numbers = (
        *(share[:, 0] for share in shares[:4]),
        *shares[4:],
        dependence,
        np.where(at_bound, np.nan, error),
        covariance[:, 1],
        covariance[:, 0],
        np.exp(one - np.logaddexp(one, nought)),
    )
    kept = tuple(np.where(good.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan) for values in numbers)
    value = np.where(failed, np.nan, xlogy(table, fitted).sum(-1))
    misfit = np.where(failed, np.nan, deviance(table[:, None], (n[:, None] * fitted)[:, None]))
    return (*kept, value, misfit), good, note


def _independent(table: Array, results: Array) -> Array:
    """Chance of each pattern if the tests had nothing in common, from their own shares positive."""
    share = (table @ results / table.sum(-1, keepdims=True))[:, None]
    return np.asarray(np.where(results == 1, share, 1.0 - share).prod(-1))


def _table(counts: ArrayLike, level: float) -> tuple[Array, int, tuple[int, ...]]:
    """Counts as (G, C), the number of tests, the leading shape."""
    check_level(level)
    table, _ = check_counts(counts, counts, "counts", "counts", whole=False)
    cells = table.shape[-1] if table.ndim else 0
    if cells < 4 or cells & (cells - 1):
        raise ValueError(f"the last axis of counts must have 2^k patterns, k >= 2; got {cells}")
    return table.reshape(-1, cells), cells.bit_length() - 1, table.shape[:-1]


def _checked(pairs: Pairs, tests: int, name: str) -> list[tuple[int, int]]:
    """Pairs with the smaller number first, in order; refuse what is not a pair of two different tests."""
    ordered = sorted((min(pair), max(pair)) for pair in pairs)
    if len(set(ordered)) < len(ordered) or any(not 0 <= a < b < tests for a, b in ordered):
        raise ValueError(f"{name} must be pairs of two different tests from 0 to {tests - 1}, each once; got {pairs!r}")
    return ordered
