"""Record-level bias analysis of one group: each draw of a belief, its predictive values, outcomes made anew, refitted.

The predictive values of a pattern of patients follow from the model itself, fitted to the records by the likelihood of
what is seen. The published recipe takes them from the share on record at each level of the exposure alone: outcomes
made so are alike in whoever is alike in the exposure, whatever is adjusted for, and the more is missed the more the
adjustment is lost. Shares of single patterns would hold it, but patterns are small, and most draws impossible there.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri
from scipy.stats import binom

from sarcoid_epi.estimators.association import penalty
from sarcoid_epi.estimators.believing import at, drawn_detection
from sarcoid_epi.estimators.declare import Floats
from sarcoid_epi.estimators.terms import Fitting
from sarcoid_epi.scenario import Belief, Model
from sarcoid_epi.stats.importance import sobol
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.misclassified_outcome import expected_given, misclassified_logistic, reassigned
from sarcoid_epi.stats.poisson import modified_poisson
from sarcoid_epi.stats.rows import design_note, orthonormal
from sarcoid_epi.stats.sandwich import cr1_factor, logistic_sandwich
from sarcoid_epi.streams import uniforms

#: Draws of a belief; four times as many move limits by less than 2 % of themselves.
DRAWS = 2**10

#: A draw does not fit where the records of all, or at a level of an exposure, are rarer than this under it.
RARE = 0.025

#: Numbers of patterns held at once: draws of large groups are worked in parts.
_AT_ONCE = 2**22


class Draws(NamedTuple):
    """Logarithms of ratios by draw and column (D, p), NaN where a draw does not fit the records.

    `systematic` holds the doubt of the belief alone, `total` that of chance as well. `note` says why there is no fit
    whatever the draw: a column follows from others.
    """

    systematic: Floats
    total: Floats
    note: str = ""

    @property
    def impossible(self) -> float:
        """Share of the draws that are left out; NaN where none could be fitted."""
        return np.nan if self.note else float(np.isnan(self.total).all(axis=-1).mean())


class Patients(NamedTuple):
    """The patients of a group by pattern: design (R, p), events and n (R,), cluster of each.

    `levels` (L, R) says who counts where records must fit: everybody, and each level of each exposure; `held` (R,) at
    how many levels of exposures, references left out, a pattern is.
    """

    rows: Floats
    events: Floats
    n: Floats
    cluster: NDArray[Any] | None
    levels: NDArray[np.bool_]
    held: Floats


def record_level_draws(own: Fitting, group: int, belief: Belief, model: Model) -> Draws:
    """Every draw of the belief, worked for one group; columns in which its patients are alike stay NaN."""
    size, used = len(own.columns), np.flatnonzero(own.varying[group])
    whole = Draws(np.full((DRAWS, size), np.nan), np.full((DRAWS, size), np.nan))
    people = _patients(own, group, model)
    if not people.n.size:
        return whole
    if aliased := str(design_note(orthonormal(people.rows[None], people.n[None]).aliased, people.n[None])[0]):
        return whole._replace(note=str(own.named(np.array([aliased]), own.varying[group])[0]))
    places = sobol(DRAWS, 5 + 2 * size)
    se, sp = _chances(belief, people, places)
    fitting = np.flatnonzero(_fits(people, se, sp))
    normal = ndtri(places[:, 5:])
    likeness = _likeness(people, model)
    many = max(1, _AT_ONCE // (people.n.size * used.size))
    for start in range(0, fitting.size, many):
        draws = fitting[start : start + many]
        moved, chance = normal[draws][:, used], normal[draws][:, size + used]
        systematic, total = _ratios(people, model, se[draws], sp[draws], moved, chance, draws)
        # Likeness within clusters widens what chance does, about the same centre.
        total = systematic + likeness * (total - systematic)
        whole.systematic[np.ix_(draws, used)], whole.total[np.ix_(draws, used)] = systematic, total
    return whole


def _patients(own: Fitting, group: int, model: Model) -> Patients:
    """Patterns in an order of their own, whatever other groups hold, so that a group alone has the same draws."""
    here, size = own.n[group] > 0, len(own.columns)
    design = (own.design if own.design.ndim == 2 else own.design[group])[here]
    clusters = own.clusters(np.array([group]))
    key = design if clusters is None else np.column_stack([design, np.ravel(clusters)[here]])
    patterns, back = np.unique(key, axis=0, return_inverse=True)
    n, events = (
        np.bincount(back.ravel(), part[group, here], len(patterns)).astype(float) for part in (own.n, own.events)
    )
    levels, held = [np.ones(len(patterns), bool)], np.zeros(len(patterns))
    for variable in model.exposures:
        places = [place for place in own.places(variable) if own.names[place].startswith(f"{variable}=")]
        has = patterns[:, places] == 1
        levels += [*has.T, ~has.any(axis=1)]
        held += has.any(axis=1)
    cluster = None if clusters is None else patterns[:, -1]
    return Patients(patterns[:, :size][:, own.varying[group]], events, n, cluster, np.array(levels), held)


def _chances(belief: Belief, people: Patients, places: Floats) -> tuple[Floats, Floats]:
    """Sensitivity and specificity by draw and pattern, (D, R), or (D, 1) where the belief is of all alike."""
    se, sp = (chance[:, None] for chance in drawn_detection(belief, places[:, :3]))
    if belief.exposed is None:
        return se, sp
    detected, mistaken = (
        np.log(at(odds, place))[:, None] * people.held
        for odds, place in zip((belief.exposed.detected, belief.exposed.mistaken), places[:, 3:5].T, strict=True)
    )
    return expit(logit(se) + detected), expit(logit(sp) - mistaken)


def _fits(people: Patients, se: Floats, sp: Floats) -> NDArray[np.bool_]:
    """Which draws could have led to the records: no fewer than false records alone give, no more than cases could.

    Chance is allowed for: nobody on record of three hundred is no contradiction of two false records in a thousand.
    """
    n = people.levels @ people.n
    levels, n = people.levels[n > 0], n[n > 0]
    seen = levels @ people.events
    weight = levels * people.n / n[:, None]
    most, false = (np.broadcast_to(chance, (len(se), people.n.size)) @ weight.T for chance in (se, 1 - sp))
    fine = (binom.cdf(seen, n, false) >= RARE) & (binom.sf(seen - 1, n, most) >= RARE)
    return np.asarray(np.all(fine, axis=1) & np.all(se + sp > 1, axis=1))


def _ratios(
    people: Patients, model: Model, se: Floats, sp: Floats, moved: Floats, chance: Floats, draws: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """Logarithms of ratios of some draws: with bias alone, and in total."""
    rows, n = people.rows, people.n
    fitted, covariance = _by_rule(people, people.events, se, sp, model)
    beta = fitted + (_root(covariance) @ moved[..., None])[..., 0]
    each = 2 * n.size
    span = draws[-1] - draws[0] + 1
    u = uniforms(0, "misclassified", int(draws[0]) * each, int(span) * each).reshape(span, 2, n.size)
    made = reassigned(rows, people.events, n, beta, se, sp, u[draws - draws[0]])
    some = np.flatnonzero(~np.isnan(made).any(axis=1))
    total = beta.copy()
    if model.family == "prevalence_ratio":
        right, missed = expected_given(fitted @ rows.T, se, sp)
        systematic = _shares(rows, people.events * right + (n - people.events) * missed, n)
        total = _shares(rows, n * expit(beta @ rows.T), n)
        again = modified_poisson(rows, made[some], n)
        estimate, error = again.estimate, again.std_error
    else:
        systematic, sure = fitted, np.ones((some.size, 1))
        estimate, spread = _by_rule(people, made[some], sure, sure, model)
        error = np.sqrt(np.diagonal(spread, axis1=1, axis2=2))
    found = estimate + error * chance[some]
    # Where nobody is left with the outcome at some level, what was drawn about the fit stands: it holds all of chance.
    total[some] = np.where(np.isnan(found), total[some], found)
    return systematic, total


def _by_rule(people: Patients, events: Floats, se: Floats, sp: Floats, model: Model) -> tuple[Floats, Floats]:
    """Coefficients and covariances: by maximum likelihood, or penalised where the family or the rule asks for it."""
    rows, n = people.rows, people.n
    draws, size = max(len(se), len(np.atleast_2d(events))), rows.shape[1]
    seen = np.broadcast_to(events, (draws, n.size))
    se, sp = (np.broadcast_to(chance, (draws, chance.shape[1])) for chance in (se, sp))
    estimate, covariance = np.full((draws, size), np.nan), np.full((draws, size, size), np.nan)
    few = penalty(rows, seen, np.broadcast_to(n, seen.shape), np.full(draws, "")) != ""
    plain = np.flatnonzero(~few & (model.family != "firth"))
    if plain.size:
        fit = misclassified_logistic(rows, seen[plain], n, se[plain], sp[plain])
        estimate[plain], covariance[plain] = fit.estimate, fit.covariance
    asked = np.flatnonzero(np.isnan(estimate).any(axis=1))
    if asked.size:
        fit = misclassified_logistic(rows, seen[asked], n, se[asked], sp[asked], penalised=True)
        estimate[asked], covariance[asked] = fit.estimate, fit.covariance
    return estimate, covariance


def _shares(rows: Floats, cases: Floats, n: Floats) -> Floats:
    """Logarithms of ratios of shares from cases (D, R) that need not be whole."""
    twice = np.concatenate([rows, rows])
    weights = np.concatenate([cases, n - cases], axis=1)
    events = np.repeat([1.0, 0.0], len(rows))
    known = ~np.isnan(weights).any(axis=1)
    found = np.full((len(cases), rows.shape[1]), np.nan)
    found[known] = modified_poisson(twice, events, np.ones(len(twice)), weights=np.maximum(weights[known], 0)).estimate
    return found


def _root(covariance: Floats) -> Floats:
    """A square root of covariances, (D, p, p), worked in correlations, so that units do not matter."""
    error = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    known = np.isfinite(error).all(axis=1)
    root = np.full_like(covariance, np.nan)
    scaled = covariance[known] / (error[known][:, :, None] * error[known][:, None])
    values, vectors = np.linalg.eigh(scaled)
    root[known] = error[known][:, :, None] * vectors * np.sqrt(np.maximum(values, 0.0))[:, None]
    return root


def _likeness(people: Patients, model: Model) -> Floats:
    """How much likeness within clusters widens the error of each coefficient by the records as they are; else 1."""
    rows, events, n, cluster = people.rows, people.events, people.n, people.cluster
    one = np.ones(rows.shape[1])
    if cluster is None:
        return one
    if model.family == "prevalence_ratio":
        wide, plain = modified_poisson(rows, events, n, cluster=cluster), modified_poisson(rows, events, n)
        return np.asarray(np.where(np.isfinite(wide.std_error), wide.std_error / plain.std_error, one))
    fit = logistic(rows, events, n)
    robust = logistic_sandwich(rows, events, n, fit.estimate, cluster)
    ratio = robust.std_error * np.sqrt(cr1_factor(robust.units)) / fit.std_error
    return np.asarray(np.where(np.isfinite(ratio), ratio, one))
