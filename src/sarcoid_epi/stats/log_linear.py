"""How many cases there are, from three and more lists: all hierarchical log-linear models, and their average.

Lists, sets of lists and terms of models are numbered as `marginal_cone` says. A model is fitted to the cells that have
been seen; the never-seen cell is :math:`\\mu_0 = e^{\\theta_0}`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, xlogy

from sarcoid_epi.stats.interval import Array, check_counts, check_level
from sarcoid_epi.stats.marginal_cone import (
    FEWEST_LISTS,
    MOST_LISTS,
    Flags,
    Ints,
    Model,
    estimable,
    hierarchical_models,
    smallest_faces,
)
from sarcoid_epi.stats.unseen import log_normal_limits, profile_limits

NO_PATIENT = "no patient is on any list"
EMPTY_LIST = "a list has no patients: leave it out"
NO_OVERLAP = "no patient is on two lists: nothing says how much the lists have in common"
NOT_ESTIMABLE = "no number: cells without patients send this estimate to nobody or to infinity, or leave it open"
AT_THE_EDGE = "an interaction is infinite, for no patients are where it acts; the number of cases is the limit"
NOT_CONVERGED = "the maximum of the likelihood was not found"
NO_MODEL = "no model gives a number: too many cells have no patients"

_MOST_STEPS = 100
_SHORTEST_SCALE = 1e-6
_STEP_TOLERANCE = 1e-9
_TIE = 1e-9
_BLOCK = 1_024  # fits handled at once: what stays in the processor's cache


class Averaged(NamedTuple):
    """The models of one table together, by one criterion; fields of the leading shape, `weights` with models last.

    Attributes
    ----------
    cases, std_error, low, high
        Weighted mean of the models' numbers, its standard error with the spread between models in it, and limits.
    weights
        Of each model; 0 where the model gives no number.
    best
        Position of the model with the lowest criterion, the first of equals; -1 where there is none.
    best_low, best_high
        Profile-likelihood limits of that model.
    note
        Empty, or why there is no number.
    """

    cases: Array
    std_error: Array
    low: Array
    high: Array
    weights: Array
    best: NDArray[np.int64]
    best_low: Array
    best_high: Array
    note: NDArray[np.str_]


class LogLinear(NamedTuple):
    """All models of one table (models on the last axis of the fields before `by_aic`), and their averages.

    Attributes
    ----------
    models
        The models, in the order of the last axis.
    cases, std_error
        Number of cases, those on no list included, and its standard error.
    unseen
        Number of cases on no list.
    deviance, df
        Distance from the data, and cells free to vary: those that can have patients, less the parameters they fix.
    aic, bic
        Information criteria, the latter with the number of patients seen; each counts all parameters of the model.
    note
        Empty, or why there is no number, or that an interaction is infinite.
    by_aic, by_bic
        The average over the models, with weights by AIC and by BIC, and the best model with its limits.
    """

    models: tuple[Model, ...]
    cases: Array
    std_error: Array
    unseen: Array
    deviance: Array
    df: NDArray[np.int64]
    aic: Array
    bic: Array
    note: NDArray[np.str_]
    by_aic: Averaged
    by_bic: Averaged


def log_linear(counts: ArrayLike, level: float = 0.95) -> LogLinear:
    r"""Number of cases from several lists that may depend on each other, by all hierarchical log-linear models.

    .. math:: n_T \sim \mathrm{Poisson}(\mu_T), \qquad \log \mu_T = \sum_{S \subseteq T,\, S \in M} \theta_S, \qquad
              \hat N = n + e^{\theta_0}, \qquad
              \mathrm{se}^2 = e^{\theta_0} + e^{2 \theta_0} \, \mathrm{var}(\theta_0)

    with n_T the patients on exactly the lists T, n all patients seen, M the terms of a model and S sets of lists. A
    model whose number of cases does **not follow from its margins** (cells without patients send the number unseen to
    0 or to infinity, or leave it open) gives NaN and a note. Where an interaction is infinite but the number of cases
    is not (two lists without a common patient, linked by a third), the number is the limit, the cells that cannot have
    patients are left out, and a note says so.

    Averages weigh model j by :math:`w_j \propto e^{-\Delta_j / 2}`, Delta_j its distance from the lowest AIC or BIC:

    .. math:: \bar N = \sum_j w_j \hat N_j, \qquad
              \mathrm{se} = \sum_j w_j \sqrt{\mathrm{se}_j^2 + (\hat N_j - \bar N)^2}, \qquad
              n + \frac{\bar N - n}{C} \;\text{to}\; n + (\bar N - n)\, C, \qquad
              C = \exp\left(z \sqrt{\log(1 + \mathrm{se}^2 / (\bar N - n)^2)}\right)

    Limits of the best model are those numbers N at which the multinomial likelihood, all else chosen to suit N, has
    fallen by half the chi-squared quantile. N! / (N - n)! being part of that likelihood, its maximum is a little below
    the estimate above (by up to about half a case where few are unseen).

    Parameters
    ----------
    counts
        Patients on exactly each set of lists, whole numbers, shape (..., 2^k - 1) for k lists, 2 to 5; the last axis
        in the order A, B, AB, C, AC, BC, ABC, D, ...: cell T = 1 ... 2^k - 1, the i-th bit telling the i-th list.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    LogLinear.

    Raises
    ------
    ValueError
        If counts are negative or not whole numbers, their last axis is not 3, 7, 15 or 31 long, or `level` is not
        between 0 and 1.

    Assumes
    -------
    A closed population, perfect linkage, no false records. **The interaction of all lists together is nil**, which no
    data can tell; and every case can be on a list: cases no list could ever hold are not counted. Limits of the best
    model take it as if it had been known in advance; those of the average do not, and are the ones to report.

    References
    ----------
    fienberg1972, cormack1992, buckland1997, fienberg2012, chan2021, baillargeon2007

    Examples
    --------
    Known diabetes in Casale Monferrato, four lists. The model of all pairs but AD is printed by the tests of the
    program Rcapture as 2771 (145), deviance 7.62 with 5 degrees of freedom:

    >>> fit = log_linear([709, 74, 104, 182, 650, 20, 157, 10, 12, 7, 18, 8, 46, 14, 58])
    >>> place = [model.name for model in fit.models].index("[AB][AC][BC][BD][CD]")
    >>> print(f"{fit.cases[place]:.0f} ({fit.std_error[place]:.0f}), {fit.deviance[place]:.2f}, {fit.df[place]}")
    2771 (145), 7.62, 5
    """
    table = _checked(counts)
    check_level(level)
    lists = (table.shape[-1] + 1).bit_length() - 1
    models = hierarchical_models(lists)
    lead = table.shape[:-1]
    flat = np.concatenate([np.zeros((*lead, 1)), table], axis=-1).reshape(-1, 2**lists)
    refusal = _refusal(flat, lists)
    fits, faces = _all_fits(flat, refusal, lists)
    averages = [_averaged(flat.sum(-1), fits, criterion, refusal, level) for criterion in (fits.aic, fits.bic)]
    by_aic, by_bic = (
        Averaged._make(field.reshape(lead + field.shape[1:])[()] for field in average)
        for average in _with_best_limits(flat, fits, faces, averages, level, lists)
    )
    return LogLinear._make([models, *(field.reshape(*lead, len(models)) for field in fits), by_aic, by_bic])


class _Fits(NamedTuple):
    """The fields of LogLinear that each model has, (G, M)."""

    cases: Array
    std_error: Array
    unseen: Array
    deviance: Array
    df: NDArray[np.int64]
    aic: Array
    bic: Array
    note: NDArray[np.str_]


def _checked(counts: ArrayLike) -> Array:
    table, _ = check_counts(counts, counts, "counts", "counts")
    sizes = [2**lists - 1 for lists in range(FEWEST_LISTS, MOST_LISTS + 1)]
    if table.ndim == 0 or table.shape[-1] not in sizes:
        raise ValueError(f"counts need a last axis of 3, 7, 15 or 31 cells; got shape {table.shape}")
    return table


def _refusal(table: Array, lists: int) -> NDArray[np.str_]:
    """Why no model can be fitted to a table, (G,); empty where some may."""
    sets = np.arange(2**lists)
    on_list = np.stack([table[:, sets >> i & 1 == 1].sum(-1) for i in range(lists)], axis=-1)
    on_one = np.isin(sets, 1 << np.arange(lists))
    reasons = [table.sum(-1) == 0, (on_list == 0).any(-1), table[:, ~on_one].sum(-1) == 0]
    return np.select(reasons, [NO_PATIENT, EMPTY_LIST, NO_OVERLAP], "")


def _all_fits(table: Array, refusal: NDArray[np.str_], lists: int) -> tuple[_Fits, Flags]:
    """Every model fitted to every table, and the cells that the model lets have patients, (G, M, 2^k)."""
    models, groups = hierarchical_models(lists), len(table)
    in_model = np.array([[term in model.terms for term in range(2**lists)] for model in models])
    faces = np.zeros((groups, len(models), 2**lists), dtype=bool)
    faces[..., 1:] = smallest_faces(table[:, 1:] > 0, lists)
    kept, can = _kept(in_model, faces, lists)
    g, m = np.nonzero(can & (refusal == "")[:, None])
    theta_0, variance, means, converged = _fitted(table[g], faces[g, m], kept[g, m])
    unseen, std_error, deviance, log_likelihood = np.full((4, groups, len(models)), np.nan)
    with np.errstate(over="ignore"):
        mu = np.where(converged, np.exp(theta_0), np.nan)
        unseen[g, m], std_error[g, m] = mu, np.sqrt(mu + mu**2 * variance)
    n = table[g]
    fit = xlogy(n, np.where(means > 0, means, 1.0)) - means
    log_likelihood[g, m] = np.where(converged, (fit - gammaln(n + 1.0)).sum(-1), np.nan)
    distance = np.maximum(2.0 * (xlogy(n, n) - n - fit).sum(-1), 0.0)  # rounding puts a saturated model below 0
    deviance[g, m] = np.where(converged, distance, np.nan)
    seen = table.sum(-1)[:, None]
    size = in_model.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        aic, bic = -2.0 * log_likelihood + 2.0 * size, -2.0 * log_likelihood + np.log(seen) * size
    at_edge = faces[..., 1:].sum(-1) < 2**lists - 1
    failed = can & np.isnan(unseen)
    note = np.select(
        [np.broadcast_to((refusal != "")[:, None], can.shape), ~can, failed, at_edge],
        [np.broadcast_to(refusal[:, None], can.shape), NOT_ESTIMABLE, NOT_CONVERGED, AT_THE_EDGE],
        "",
    )
    df = faces.sum(-1) - kept.sum(-1)
    return _Fits(seen + unseen, std_error, unseen, deviance, df, aic, bic, note), faces


def _kept(in_model: Flags, faces: Flags, lists: int) -> tuple[Flags, Flags]:
    """Parameters needed in each face, (G, M, 2^k), and whether the number of cases follows, (G, M).

    Tables with equal faces share the work; where every cell can have patients, nothing is to be worked out.
    """
    whole = np.asarray(faces[..., 1:].all(-1))
    kept = np.broadcast_to(in_model, faces.shape).copy()
    can = whole.copy()
    g, m = np.nonzero(~whole)
    code = m * 2 ** (2**lists) + (faces[g, m] << np.arange(2**lists)).sum(-1)
    _, first, back = np.unique(code, return_index=True, return_inverse=True)
    rows = _PART[: 2**lists, : 2**lists] * in_model[m[first], None, :]
    for start in range(0, first.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        some, follows = estimable(rows[block], faces[g[first], m[first]][block])
        mine = (back >= start) & (back < start + _BLOCK)
        kept[g[mine], m[mine]], can[g[mine], m[mine]] = some[back[mine] - start], follows[back[mine] - start]
    return kept, can


# 1 where the term (column) is a part of the cell (row)
_PART = (np.arange(2**MOST_LISTS)[:, None] & np.arange(2**MOST_LISTS) == np.arange(2**MOST_LISTS)).astype(np.float64)


def _fitted(counts: Array, faces: Flags, kept: Flags) -> tuple[Array, Array, Array, Flags]:
    """Maximum-likelihood fit of problems (Q, cells): log mean of the cell 0, its variance, all means, convergence.

    Newton's method with halved steps, problems with equally many parameters together.
    """
    theta_0, variance = np.full((2, len(counts)), np.nan)
    means, converged = np.full(counts.shape, np.nan), np.zeros(len(counts), dtype=bool)
    sizes = kept.sum(-1)
    for size in np.unique(sizes):
        alike = np.flatnonzero(sizes == size)
        for start in range(0, alike.size, _BLOCK):
            block = alike[start : start + _BLOCK]
            terms = np.nonzero(kept[block])[1].reshape(block.size, size)
            answer = _newton(counts[block], faces[block].astype(np.float64), terms)
            theta_0[block], variance[block], means[block], converged[block] = answer
    return theta_0, variance, means, converged


def _newton(counts: Array, face: Array, terms: Ints) -> tuple[Array, Array, Array, Flags]:
    """`_fitted` for problems of one size: `terms` (Q, P) are the parameters of each, 0 first."""
    size = counts.shape[-1]
    part = _PART[:size, :size]
    both = terms[:, :, None] | terms[:, None, :]

    def information(weights: Array, rows: Ints | slice) -> Array:
        # cells that hold both terms are those that hold their union
        return np.take_along_axis((weights @ part)[:, None, :], both[rows], axis=2)

    def log_means(theta: Array, rows: Ints) -> Array:
        spread = np.zeros((rows.size, size))
        np.put_along_axis(spread, terms[rows], theta, axis=1)
        return np.asarray(spread @ part.T)

    everything = np.arange(len(counts))
    filled = (counts + 0.5) * face
    start = np.take_along_axis(filled * np.log(counts + 0.5) @ part, terms, axis=1)
    step = _solved(information(filled, everything), start)
    theta, means = np.zeros(terms.shape), np.zeros(counts.shape)
    value, scale = np.full(len(counts), -np.inf), np.ones(len(counts))
    converged = np.zeros(len(counts), dtype=bool)
    active = everything
    for _ in range(_MOST_STEPS):
        if not active.size:
            break
        trial = theta[active] + scale[active, None] * step[active]
        eta = log_means(trial, active)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.exp(np.minimum(eta, 300.0)) * face[active]
            new = (counts[active] * eta - mean).sum(-1)
        taken = new >= value[active] - 1e-12 * np.abs(new)
        moved = active[taken]
        theta[moved], means[moved], value[moved], scale[moved] = trial[taken], mean[taken], new[taken], 1.0
        gradient = np.take_along_axis((counts[moved] - means[moved]) @ part, terms[moved], axis=1)
        step[moved] = _solved(information(means[moved], moved), gradient)
        scale[active[~taken]] /= 2.0
        arrived = np.abs(step[active]).max(-1) < _STEP_TOLERANCE * (1.0 + np.abs(theta[active]).max(-1))
        converged[active[arrived]] = True
        active = active[~arrived & (scale[active] > _SHORTEST_SCALE)]
    theta[converged] += step[converged]
    means[converged] = np.exp(log_means(theta[converged], np.flatnonzero(converged))) * face[converged]
    unit = np.zeros(terms.shape)
    unit[:, 0] = 1.0
    variance = _solved(information(means, everything), unit)[:, 0]
    return theta[:, 0], variance, means, converged & (variance > 0)


def _solved(matrices: Array, right: Array) -> Array:
    """Solutions of systems (Q, P, P); NaN for a singular one, whatever the others are."""
    try:
        return np.asarray(np.linalg.solve(matrices, right[..., None])[..., 0])
    except np.linalg.LinAlgError:
        half = len(matrices) // 2
        if half == 0:
            return np.full_like(right, np.nan)
        return np.concatenate([_solved(matrices[:half], right[:half]), _solved(matrices[half:], right[half:])])


def _averaged(seen: Array, fits: _Fits, criterion: Array, refusal: NDArray[np.str_], level: float) -> Averaged:
    """The models of each table together, weighted by the criterion; the limits of the best model are still NaN."""
    usable = np.isfinite(criterion) & np.isfinite(fits.std_error)
    some = usable.any(-1)
    distance = np.where(usable, criterion, np.inf)
    lowest = np.where(some, distance.min(-1), 0.0)[:, None]
    weights = np.exp(-(distance - lowest) / 2.0)
    weights /= np.where(some, weights.sum(-1), 1.0)[:, None]
    unseen_of, error_of = np.where(usable, fits.unseen, 0.0), np.where(usable, fits.std_error, 0.0)
    unseen = np.where(some, (weights * unseen_of).sum(-1), np.nan)
    error = (weights * np.sqrt(error_of**2 + (unseen_of - unseen[:, None]) ** 2)).sum(-1)
    # of equals the first, and rounding must not decide who is equal
    best = np.where(some, (distance <= lowest + _TIE * (1.0 + np.abs(lowest))).argmax(-1), -1)
    note = np.where(refusal != "", refusal, np.where(some, "", NO_MODEL))
    limits, unknown = log_normal_limits(seen, unseen, error, level), np.full(seen.shape, np.nan)
    return Averaged(seen + unseen, error, *limits, weights, best, unknown, unknown, note)


def _with_best_limits(
    table: Array, fits: _Fits, faces: Flags, averages: list[Averaged], level: float, lists: int
) -> list[Averaged]:
    """Profile-likelihood limits of each best model: the whole table is fitted, its cell 0 filled with a number."""
    best = np.stack([average.best for average in averages])
    which, g = np.nonzero(best >= 0)
    m = best[which, g]
    terms = np.array([[term in model.terms for term in range(2**lists)] for model in hierarchical_models(lists)])
    whole = faces[g, m]
    whole[:, 0] = True
    kept, _ = estimable(_PART[: 2**lists, : 2**lists] * terms[m, None, :], whole)

    def means(missing: Array, group: Array) -> Array:
        rows = group.astype(np.intp)
        filled = table[g[rows]]
        filled[:, 0] = missing
        return _fitted(filled, whole[rows], kept[rows])[2][:, 1:]

    limits = np.full((2, *best.shape), np.nan)
    limits[:, which, g] = profile_limits(table[g, 1:], means, fits.unseen[g, m], level)
    low, high = limits
    return [average._replace(best_low=low[i], best_high=high[i]) for i, average in enumerate(averages)]
