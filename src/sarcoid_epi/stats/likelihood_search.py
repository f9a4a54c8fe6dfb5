"""Likelihoods of regressions climbed in an orthonormal basis: what logistic, Firth's and Poisson regression share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.newton import Ascent, Function, Groups, ascend, of_groups
from sarcoid_epi.stats.profile_likelihood import NO_LIMIT, Profile, RatioTest, fall, profile, ratio_p_value
from sarcoid_epi.stats.rows import Basis, Rows, blocks, design_note, orthonormal

NO_MAXIMUM = "no finite maximum of the likelihood: the covariates separate the outcome (see separation); use firth"


class Fit(NamedTuple):
    """A fitted regression: coefficients, standard errors, Wald limits (..., P), covariance (..., P, P), and the rest.

    Coefficients are logarithms: of odds ratios in a logistic model, of risk ratios in one with a log link.
    """

    estimate: Array
    std_error: Array
    low: Array
    high: Array
    covariance: Array
    log_likelihood: Array
    note: NDArray[np.str_]


class Search(NamedTuple):
    """A likelihood that was climbed in the coordinates of a basis, and the notes of its groups."""

    function: Function
    basis: Basis
    top: Ascent
    note: NDArray[np.str_]


def split(given: Rows, times: int = 1, *, together: bool = False) -> list[Rows]:
    """Rows in blocks of groups, for work that holds `times` copies of the designs at once.

    With `together` a design that all groups share is not copied, and counts alone fill a block.
    """
    groups, rows, columns = given.design.shape
    shared = together and given.design.strides[0] == 0
    cuts = blocks(groups, rows * times * (1 if shared else columns))
    return [
        Rows(given.design[cut], given.events[cut], given.n[cut], given.weights[cut], given.lead)
        for cut in cuts or [slice(0, 0)]
    ]


def joined(parts: tuple[Array, ...], lead: tuple[int, ...]) -> Array:
    """Answers of the blocks, in the leading shape of the question."""
    whole = np.concatenate(parts)
    return whole.reshape(lead + whole.shape[1:])[()]


def started(basis: Basis, n: Array, predictor: Array) -> Array:
    """Coordinates (G, P) at which each row has the linear predictor (G,), if the columns can make a constant."""
    total = n.sum(-1)
    mean = (basis.columns @ n[..., None])[..., 0] / np.where(total > 0, total, 1.0)[:, None]
    return mean * predictor[:, None]


def logistic_search(given: Rows) -> Search:
    """The logistic likelihood of checked rows, climbed; groups that cannot be fitted have a note."""
    y, n = given.events * given.weights, given.n * given.weights
    basis = orthonormal(given.design, n)
    function = logistic_function(basis.columns, y, n)
    with np.errstate(invalid="ignore"):
        share = (y.sum(-1) + 0.5) / (n.sum(-1) + 1.0)
    note = design_note(basis.aliased, n)
    top = climbed(function, started(basis, n, np.log(share / (1.0 - share))), note)
    return Search(function, basis, top, np.where((note == "") & ~top.converged, NO_MAXIMUM, note))


def climbed(function: Function, start: Array, note: NDArray[np.str_], most_steps: int = 30) -> Ascent:
    """`ascend` for the groups without a note; the others are NaN."""
    groups, size = start.shape
    fine = np.flatnonzero(note == "")
    end = ascend(of_groups(function, fine), start[fine], most_steps=most_steps)
    whole = Ascent(
        at=np.full((groups, size), np.nan),
        value=np.full(groups, np.nan),
        inverse=np.full((groups, size, size), np.nan),
        pull=np.zeros((groups, 0)),
        converged=np.zeros(groups, dtype=bool),
    )
    for all_of_them, part in zip(whole, end, strict=True):
        all_of_them[fine] = part
    return whole


def logistic_function(columns: Array, y: Array, n: Array, offset: Array | None = None) -> Function:
    """Log-likelihood, score and information of groups at coordinates, for `newton.ascend`."""
    shift = np.broadcast_to(0.0, y.shape) if offset is None else offset

    def function(groups: Groups, gamma: Array) -> tuple[Array, Array, Array]:
        x, some, all_of_them, known = chosen(groups, columns, y, n, shift)
        eta = (gamma[:, None] @ x)[:, 0] + known
        mu = expit(eta)
        value = (some * eta - all_of_them * np.logaddexp(0.0, eta)).sum(-1)
        residual, weight = some - all_of_them * mu, all_of_them * mu * (1.0 - mu)
        return value, (x @ residual[..., None])[..., 0], (x * weight[:, None]) @ x.swapaxes(1, 2)

    return function


def chosen(groups: Groups, *arrays: Array) -> list[Array]:
    """The groups of each array, without a copy where all are wanted."""
    every = groups.size == len(arrays[0]) and bool((groups == np.arange(groups.size)).all())
    return list(arrays) if every else [array[groups] for array in arrays]


def coefficients(found: Search) -> tuple[Array, Array]:
    """Coefficients (G, P) and inverse information (G, P, P) of a search, NaN where it failed."""
    fine, back = found.note == "", found.basis.back
    at = np.where(fine[:, None], found.top.at, np.nan)
    inverse = np.where(fine[:, None, None], found.top.inverse, np.nan)
    return (back @ at[..., None])[..., 0], back @ inverse @ back.swapaxes(1, 2)


def with_wald_limits(estimate: Array, covariance: Array, value: Array, note: NDArray[np.str_], level: float) -> Fit:
    """A Fit from coefficients and their covariance."""
    error = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    reach = normal_quantile(level) * error
    value = np.where(note == "", value, np.nan)
    return Fit(estimate, error, estimate - reach, estimate + reach, covariance, value, note)


def profiled(found: Search, level: float, columns: NDArray[np.intp]) -> Profile:
    """Profile limits and tests of some columns of a search."""
    limits, statistic = profile(found.function, found.top, found.basis.back, level, columns)
    lost = (found.note == "") & np.isnan(np.stack([*limits, statistic])[..., columns]).any((0, 2))
    note = np.where(lost, NO_LIMIT, found.note)
    return Profile(*limits, statistic, ratio_p_value(statistic, 1), note)


def ratio_tested(found: Search, columns: NDArray[np.intp]) -> RatioTest:
    """Likelihood-ratio test of some columns of a search."""
    groups = len(found.note)
    fine = np.flatnonzero(found.note == "")
    statistic = np.full(groups, np.nan)
    statistic[fine] = fall(found.function, found.top, fine, found.basis.back[fine[:, None], columns])
    note = np.where((found.note == "") & np.isnan(statistic), NO_LIMIT, found.note)
    return RatioTest(statistic, np.full(groups, columns.size), ratio_p_value(statistic, columns.size), note)
