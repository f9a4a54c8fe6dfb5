"""Regressions of one group of patients at a time: within clusters, over ordered levels, of several kinds.

The first and the last are those of statsmodels. It is given plain numbers (a flag as True and False, or a level that
nobody has, would mislead it) in columns made orthonormal, and is asked only where the answer exists: what it would warn
of is looked at first, and is a note.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from sarcoid_epi.estimators.association import ALIKE, penalty
from sarcoid_epi.estimators.declare import Floats
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.stats.exchangeable import exchangeable_sandwich
from sarcoid_epi.stats.firth import firth, firth_profile
from sarcoid_epi.stats.interval import normal_quantile
from sarcoid_epi.stats.likelihood_search import NO_MAXIMUM
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.ordered_logistic import FORETOLD, NO_COVARIATE, ordered_logistic
from sarcoid_epi.stats.proportional_odds import NOT_CONVERGED
from sarcoid_epi.stats.rows import orthonormal
from sarcoid_epi.stats.sandwich import ONE_CLUSTER

#: Fewer clusters than this are told of.
MANY_CLUSTERS = 40

FEW_EVENTS = "fewer than 10 events for each coefficient"
FEW_CLUSTERS = "{:.0f} clusters: error by Mancl and DeRouen, limits by t"
INDEPENDENT = "with a working correlation of 0: no proper one of all pairs was found"
NOBODY_OF = "nobody of this level of the outcome, or of the one it is compared with"
ALONE = "against the reference level alone"

Places = NDArray[np.intp]


class Coefficients(NamedTuple):
    """Logarithms of odds ratios with limits and standard errors, and why one is missing; shapes (p,)."""

    estimate: Floats
    low: Floats
    high: Floats
    std_error: Floats
    note: NDArray[np.object_]


class Patients(NamedTuple):
    """Patterns that some patient of a group has: covariates (R, p), level of the outcome (R,), how many (R,)."""

    rows: Floats
    code: NDArray[np.int64]
    n: Floats
    cluster: NDArray[np.int64] | None = None


def clustered_fit(own: Patients) -> tuple[Coefficients, float]:
    """Generalised estimating equations with an exchangeable working correlation, and that correlation."""
    size = own.rows.shape[1]
    if not own.n.size or own.cluster is None:
        return missing(size, NOBODY), np.nan
    events = own.n * (own.code == 1)
    start = logistic(own.rows, events, own.n)
    many = np.unique(own.cluster).size
    note = FORETOLD if start.note == NO_MAXIMUM else str(start.note) or (ONE_CLUSTER if many < 2 else "")
    if note:
        return missing(size, note), np.nan
    estimate, correlation = _exchangeable(own, np.asarray(start.estimate))
    few = min(events.sum(), own.n.sum() - events.sum()) < 10 * (size - 1)
    said = [FEW_EVENTS if few else "", FEW_CLUSTERS.format(many) if many < MANY_CLUSTERS else ""]
    if np.isnan(correlation):
        estimate, correlation = np.asarray(start.estimate), 0.0
        said.append(INDEPENDENT)
    found = exchangeable_sandwich(own.rows, events, own.n, estimate, own.cluster, correlation)
    said.append(str(found.note))
    reach = stdtrit(many - 1, 0.975) * found.std_error
    return _told(estimate, reach, found.std_error, "; ".join(filter(None, said))), correlation


def _exchangeable(own: Patients, start: Floats) -> tuple[Floats, float]:
    """Coefficients and working correlation; NaN where none is found that leaves every cluster a proper matrix."""
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_estimating_equations import GEE

    each = np.repeat(np.arange(own.n.size), own.n.astype(np.int64))
    assert own.cluster is not None
    groups = own.cluster[each]
    largest = np.unique(groups, return_counts=True)[1].max()
    if largest == 1:
        return start, np.nan
    x, back = _basis(own)
    with _quietly():
        model = GEE(
            (own.code[each] == 1).astype(float), x[each], groups=groups, family=Binomial(), cov_struct=Exchangeable()
        )
        first = np.linalg.solve(back, start)
        # The score is that of all patients; without a count of coefficients the correlation is that of geepack.
        made = model.fit(maxiter=200, ctol=1e-11 * each.size, start_params=first, ddof_scale=0)
    correlation = np.nan if made is None else float(made.cov_struct.dep_params)
    proper = bool(made is not None and made.converged and 1 + (largest - 1) * correlation > 0)
    return (back @ np.asarray(made.params), correlation) if proper else (start, np.nan)


def ordered_fit(own: Patients, levels: int) -> Coefficients:
    """Proportional odds of lying in a higher of so many levels."""
    size = own.rows.shape[1]
    if not own.n.size:
        return missing(size, NOBODY)
    found = ordered_logistic(own.rows, tallied(own, levels))
    if found.note:
        return missing(size, ALIKE if found.note == NO_COVARIATE else found.note)
    return Coefficients(found.estimate, found.low, found.high, found.std_error, np.full(size, "", dtype=object))


def tallied(own: Patients, levels: int) -> Floats:
    """Patients of each pattern by level of the outcome."""
    counts = np.zeros((own.n.size, levels))
    counts[np.arange(own.n.size), own.code] = own.n
    return counts


def multinomial_fit(own: Patients, levels: Sequence[int], reference: int, wanted: Places) -> list[Coefficients]:
    """Odds ratios of each level of the outcome against the reference.

    Levels with too few patients for maximum likelihood are each taken against the reference alone, by Firth's penalised
    likelihood; the others together, without these patients, which leaves their coefficients what they are.
    """
    size = own.rows.shape[1]
    of_level: dict[int, Coefficients] = {}
    together: list[int] = []
    for level in levels:
        pair = _only(own, (reference, level))
        if np.unique(pair.code).size < 2:
            of_level[level] = missing(size, NOBODY_OF if own.n.size else NOBODY)
        elif (alone := _alone(pair, level, wanted)) is not None:
            of_level[level] = alone
        else:
            together.append(level)
    if together:
        of_level |= zip(together, _together(_only(own, (reference, *together)), together, reference), strict=True)
    return [of_level[level] for level in levels]


def _only(own: Patients, levels: Sequence[int]) -> Patients:
    kept = np.isin(own.code, levels)
    return Patients(own.rows[kept], own.code[kept], own.n[kept])


def _alone(pair: Patients, level: int, wanted: Places) -> Coefficients | None:
    """A level against the reference by Firth's penalised likelihood, or nothing where maximum likelihood will do."""
    varying = np.ptp(pair.rows, axis=0) > 0
    varying[0] = True  # the constant
    rows, events = pair.rows[:, varying], pair.n * (pair.code == level)
    plain = logistic(rows, events, pair.n)
    why = penalty(rows, events[None], pair.n[None], np.atleast_1d(plain.note))[0]
    if not why and not plain.note and varying.all():
        return None
    size = pair.rows.shape[1]
    if plain.note and not why:
        return missing(size, str(plain.note))
    fit = firth(rows, events, pair.n)
    asked = np.flatnonzero(np.isin(np.flatnonzero(varying), wanted))
    limits = firth_profile(rows, events, pair.n, columns=asked) if asked.size else None
    said = "; ".join(filter(None, (str(fit.note or (limits.note if limits else "") or why), ALONE)))
    found = missing(size, ALIKE)
    found.estimate[varying], found.std_error[varying], found.note[varying] = fit.estimate, fit.std_error, said
    if limits:
        lost = np.isnan(limits.low) | np.isnan(limits.high)
        found.low[varying], found.high[varying] = (np.where(lost, np.nan, x) for x in (limits.low, limits.high))
    return found


def _together(own: Patients, levels: Sequence[int], reference: int) -> list[Coefficients]:
    from statsmodels.discrete.discrete_model import MNLogit

    size = own.rows.shape[1]
    each = np.repeat(np.arange(own.n.size), own.n.astype(np.int64))
    x, back = _basis(own)
    order = np.zeros(max(*levels, reference) + 1, dtype=np.int64)
    order[list(levels)] = np.arange(1, len(levels) + 1)
    with _quietly():
        made = MNLogit(order[own.code][each], x[each]).fit(method="newton", maxiter=50, tol=1e-10, disp=0)
    if not made.mle_retvals["converged"]:
        return [missing(size, NOT_CONVERGED) for _ in levels]
    covariance = np.asarray(made.cov_params())
    found = []
    for place, gamma in enumerate(np.asarray(made.params).T):
        own_part = slice(place * size, (place + 1) * size)
        error = np.sqrt(np.diagonal(back @ covariance[own_part, own_part] @ back.T))
        found.append(_told(back @ gamma, normal_quantile(0.95) * error, error, ""))
    return found


def missing(size: int, note: str) -> Coefficients:
    """No numbers, and why."""
    blank = np.full((4, size), np.nan)
    return Coefficients(blank[0], blank[1], blank[2], blank[3], np.full(size, note, dtype=object))


def _told(estimate: Floats, reach: Floats, error: Floats, note: str) -> Coefficients:
    return Coefficients(estimate, estimate - reach, estimate + reach, error, np.full(estimate.size, note, dtype=object))


def _basis(own: Patients) -> tuple[Floats, Floats]:
    """The covariates as orthonormal columns (R, p), and the way back to the coefficients (p, p)."""
    basis = orthonormal(own.rows[None], own.n[None])
    return basis.columns[0].T, basis.back[0]


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the warnings of statsmodels: what they speak of is looked at, and told in notes."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
