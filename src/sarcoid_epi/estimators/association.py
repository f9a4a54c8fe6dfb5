"""What goes with osseous disease, hypercalcaemia or therapy: declared models of an outcome of yes or no."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimands import CONDITIONAL_RATIO, CRUDE_RATIO
from sarcoid_epi.estimators.declare import NO_ONE_RATIO, Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.estimators.terms import (
    ENOUGH_CLUSTERS,
    FEW_CLUSTERS,
    UNCLUSTERED,
    Fitting,
    Level,
    at_references,
    fitting,
)
from sarcoid_epi.measures import term
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.firth import firth, firth_profile
from sarcoid_epi.stats.interval import normal_quantile
from sarcoid_epi.stats.likelihood_search import NO_MAXIMUM
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.poisson import log_binomial, modified_poisson
from sarcoid_epi.stats.profile_likelihood import Profile
from sarcoid_epi.stats.rows import merged_rows
from sarcoid_epi.stats.sandwich import cr1_factor, logistic_sandwich
from sarcoid_epi.strata import Strata

#: Families whose outcome is a flag and that answer for all groups at once.
COUNTED = ("logistic", "firth", "prevalence_ratio", "log_binomial")

#: Fewer events, or fewer patients without one, for each coefficient than this call for Firth's penalty.
EVENTS_PER_PARAMETER = 10

REFERENCE = "reference"
REFUSED = "refused: {}; if it must be, give the reason under [accept]"
ALIKE = "all patients are alike in it"
FEW = "by Firth's penalised likelihood: fewer than 10 events for each coefficient"
AT_REFERENCES, ELSEWHERE = "where {}", "interactions has its ratio elsewhere"
CURVE, CURVE_TOLD = f"{NO_ONE_RATIO}: it has a spline", "ratio_curve tells it"

WEIGHTED_FEW = "fewer than 10 events for each coefficient, and Firth's penalty does not go with weights"
WEIGHTED_SEPARATED = (
    "what explains the outcome foretells it in some, so odds are infinite, and Firth's penalty does not go with weights"
)
SEPARATED = "by Firth's penalised likelihood: what explains the outcome foretells it in some, so odds are infinite"


class Logs(NamedTuple):
    """Logarithms of ratios, with limits and standard errors, (G, p); and how, or why not, (G,)."""

    estimate: Floats
    low: Floats
    high: Floats
    std_error: Floats
    note: NDArray[Any]


@estimator(
    question="association",
    estimand=CONDITIONAL_RATIO,
    references=("firth1993", "heinze2002", "zou2004", "konis2007", "peduzzi1996"),
    rests="the model: what it adjusts for, and its form",
    families=COUNTED,
)
def adjusted(strata: Strata, model: Model) -> Answers:
    """Ratio with each exposure, the others and what is adjusted for held.

    Family `logistic`: odds ratios by maximum likelihood with Wald limits, or, where there are fewer than 10 events (or
    patients without one) for each coefficient or what explains the outcome separates it, by Firth's penalised
    likelihood with profile limits, as in family `firth`. Families `prevalence_ratio` (modified Poisson, robust errors)
    and `log_binomial`: ratios of shares. With a `cluster` the errors are robust to likeness within it, but where the
    likelihood is penalised and in family `log_binomial`, whose notes say so; fewer than 40 clusters are told. With
    `weights` each patient counts with his weight, errors are robust, and Firth's penalty is not used: where the
    likelihood has no maximum there is no number. Whose weight is missing, 0 or below is left out, and counted. A model
    of `selected` patients is fitted to those alone, unweighted. A level that an exposure is compared with has ratio 1
    and no limits; n and events are patients with the level, weighted or not. The ratio of an exposure with a declared
    interaction is that at the reference of its partner, which its note says; one with a spline has no single ratio.

    Parameters
    ----------
    strata : Strata
        With the columns of the model.
    model : Model
        What is explained by what; one that conditions on what the causal graph forbids is refused: rows without a
        number that say why.

    Returns
    -------
    Answers
        Ratios, shape (groups, levels of the exposures).

    Assumes
    -------
    Patients, or clusters, are independent; the log odds (or the log share) are a sum over what explains them; those who
    lack a value are like those who do not; whatever else bears on both exposure and outcome is adjusted for.

    References
    ----------
    firth1993, heinze2002, zou2004, konis2007, peduzzi1996
    """
    return _answered(strata, model, model)


@estimator(
    question="association",
    estimand=CRUDE_RATIO,
    references=("firth1993", "heinze2002", "zou2004", "konis2007", "peduzzi1996"),
    rests="the counts",
    families=COUNTED,
)
def unadjusted(strata: Strata, model: Model) -> Answers:
    """Crude ratio with each exposure alone.

    As the adjusted ratio, with one exposure at a time and nothing held, among the same patients: those who lack no
    value that the model needs.

    Parameters
    ----------
    strata : Strata
        With the columns of the model.
    model : Model
        Whose exposures are taken one by one.

    Returns
    -------
    Answers
        Ratios, shape (groups, levels of the exposures).

    Assumes
    -------
    Patients are independent. Nothing is held: the ratio describes, and is no effect.

    References
    ----------
    firth1993, heinze2002, zou2004, konis2007, peduzzi1996
    """
    alone = [
        model.model_copy(update={"exposures": (one,), "adjust": (), "interactions": ()}) for one in model.exposures
    ]
    return _answered(strata, model, *alone)


def _answered(strata: Strata, model: Model, *fitted: Model) -> Answers:
    """Rows for every level of every exposure, from one fit for all or one for each."""
    everything = fitting(strata, model)
    groups = len(strata.labels)
    if fitted == (model,) and model.faults:
        names = [term(model.measure, level.name) for level in everything.levels]
        return silent(names, groups, REFUSED.format("; ".join(model.faults)))
    terms: list[Term] = []
    for part in fitted:
        own = everything if part is model else fitting(strata, part, among=model)
        logs = solved(own, part)
        caveats = [held(strata, part, level, elsewhere=_told_elsewhere(part)) for level in own.levels]
        pairs = zip(own.levels, caveats, strict=True)
        terms += [ratio_row(own, logs, level, model.measure, caveat) for level, caveat in pairs]
    return answers_of(*terms)


def _told_elsewhere(model: Model) -> bool:
    """Whether `interactions` and `ratio_curve` tell of a model what one ratio cannot."""
    return model.family in ("logistic", "firth") and not model.weights


def held(strata: Strata, model: Model, level: Level, *, elsewhere: bool = False) -> str:
    """What a ratio must not be read without: that it is of a curve, or holds at the references of partners alone.

    With `elsewhere` also who tells the rest.
    """
    if level.name in model.splines:
        return f"{CURVE}; {CURVE_TOLD}" if elsewhere else CURVE
    where = AT_REFERENCES.format(found) if (found := at_references(strata, model, level.variable)) else ""
    return f"{where}; {ELSEWHERE}" if where and elsewhere else where


def ratio_row(own: Fitting, logs: Logs, level: Level, measure: str, caveat: str = "") -> Term:
    """The row of a level: its ratio, or 1 where it is the reference; the caveat is what `held` says."""
    name = term(measure, level.name)
    everybody = own.n.sum(axis=-1)
    note = np.where(level.n == 0, NOBODY, "")
    if level.reference:
        estimate = np.where(everybody > 0, 1.0, np.nan)
        note = np.where(level.n == 0, NOBODY, REFERENCE)
        return Term(name, estimate, np.nan, np.nan, np.nan, level.n, level.events, note)
    at = own.names.index(level.name)
    estimate, low, high = (np.exp(part[:, at]) for part in (logs.estimate, logs.low, logs.high))
    if caveat.startswith(CURVE):
        estimate = np.full_like(estimate, np.nan)
    told = np.array(["; ".join(filter(None, (caveat, str(one)))) for one in logs.note]) if caveat else logs.note
    note = np.where(note != "", note, np.where(own.varying[:, at], told, ALIKE))
    return Term(name, estimate, low, high, estimate * logs.std_error[:, at], level.n, level.events, own.told(note))


def solved(own: Fitting, model: Model) -> Logs:
    """The model's coefficients in every group; columns in which a group's patients are alike are left out there."""
    groups, columns = own.varying.shape
    estimate, low, high, error = (np.full((groups, columns), np.nan) for _ in range(4))
    whole = Logs(estimate, low, high, error, np.full(groups, "", dtype=object))
    for used in np.unique(own.varying, axis=0):
        which = np.flatnonzero((own.varying == used).all(axis=-1))
        wanted = np.flatnonzero(np.isin(np.flatnonzero(used), own.exposed(model)))
        weights = own.weighing(which)
        rows, events, n = own.rows(which, used), own.events[which], own.n[which]
        if rows.ndim == 2 and not own.cluster and not own.weights:
            rows, events, n = merged_rows(rows, events, n)
        part = fitted(rows, events, n, own.clusters(which), weights, model, wanted)
        for kept, found in zip(whole[:4], part[:4], strict=True):
            kept[np.ix_(which, np.flatnonzero(used))] = found
        whole.note[which] = own.named(part.note, used)
    return whole


Places = NDArray[np.intp]


def fitted(
    rows: Floats,
    events: Floats,
    n: Floats,
    cluster: Floats | None,
    weights: Floats | None,
    model: Model,
    wanted: Places,
) -> Logs:
    """The coefficients of groups by the model's family; profile limits of the wanted columns alone."""
    if model.family == "prevalence_ratio":
        fit = modified_poisson(rows, events, n, cluster=cluster, weights=weights)
        return Logs(fit.estimate, fit.low, fit.high, fit.std_error, otherwise(fit.note, few_clusters(n, cluster)))
    if model.family == "log_binomial":
        fit = log_binomial(rows, events, n)
        note = otherwise(fit.note, "" if cluster is None else UNCLUSTERED)
        return Logs(fit.estimate, fit.low, fit.high, fit.std_error, note)
    if model.family == "firth":
        return _penalised(rows, events, n, cluster, "", wanted)
    return (
        _logistic(rows, events, n, cluster, wanted) if weights is None else _weighted(rows, events, n, cluster, weights)
    )


def few_clusters(n: Floats, cluster: Floats | None) -> NDArray[Any]:
    """What is said of groups whose clusters are few for robust errors."""
    if cluster is None:
        return np.full(len(n), "", dtype=object)
    counts = [np.unique(one[some > 0]).size for one, some in zip(np.broadcast_to(cluster, n.shape), n, strict=True)]
    said = ["" if many >= ENOUGH_CLUSTERS else FEW_CLUSTERS.format(many) for many in counts]
    return np.array(said, dtype=object)


def otherwise(note: NDArray[Any], other: NDArray[Any] | str) -> NDArray[Any]:
    """The note where it says something, else the other."""
    return np.where(np.asarray(note, dtype=object) == "", other, note)


def _weighted(rows: Floats, events: Floats, n: Floats, cluster: Floats | None, weights: Floats) -> Logs:
    """Weighted log odds ratios: the errors know that a weight is no number of patients; Firth's penalty would not."""
    fit = logistic(rows, events, n, weights=weights)
    robust = logistic_sandwich(rows, events, n, fit.estimate, cluster, weights)
    error = robust.std_error * (1.0 if cluster is None else np.sqrt(cr1_factor(robust.units))[..., None])
    reach = normal_quantile(0.95) * error
    few = np.where(penalty(rows, events, n, fit.note) == FEW, WEIGHTED_FEW, robust.note)
    note = np.select([fit.note == NO_MAXIMUM, fit.note == ""], [WEIGHTED_SEPARATED, few], fit.note)
    note = otherwise(note, few_clusters(n, cluster))
    return Logs(fit.estimate, fit.estimate - reach, fit.estimate + reach, error, note)


def _logistic(rows: Floats, events: Floats, n: Floats, cluster: Floats | None, wanted: Places) -> Logs:
    """By maximum likelihood, or by Firth's where the rule asks for it."""
    fit = logistic(rows, events, n)
    error = fit.std_error
    note = fit.note
    if cluster is not None:
        robust = logistic_sandwich(rows, events, n, fit.estimate, cluster)
        error = robust.std_error * np.sqrt(cr1_factor(robust.units))[..., None]
        note = otherwise(note, robust.note)
    reach = normal_quantile(0.95) * error
    parts = [np.array(part) for part in (fit.estimate, fit.estimate - reach, fit.estimate + reach, error)]
    note = otherwise(note, few_clusters(n, cluster))
    why = penalty(rows, events, n, fit.note)
    if (asked := np.flatnonzero(why != "")).size:
        design = rows if rows.ndim == 2 else rows[asked]
        found = _penalised(design, events[asked], n[asked], cluster, why[asked], wanted)
        for kept, new in zip(parts, found[:4], strict=True):
            kept[asked] = new
        note[asked] = found.note
    return Logs(parts[0], parts[1], parts[2], parts[3], note)


def unclustered(why: str | NDArray[np.str_]) -> NDArray[np.str_]:
    """Why a likelihood is penalised, with that it leaves clusters out of account."""
    return np.char.lstrip(np.char.add(np.asarray(why, dtype=str), f"; {UNCLUSTERED}"), "; ")


def penalty(rows: Floats, events: Floats, n: Floats, note: NDArray[np.str_]) -> NDArray[np.str_]:
    """Why each group calls for Firth's penalty, or nothing: by the note of the fit without it, or for few events."""
    yes, everybody = events.sum(axis=-1), n.sum(axis=-1)
    few = np.minimum(yes, everybody - yes) < EVENTS_PER_PARAMETER * (rows.shape[-1] - 1)
    return np.where(everybody == 0, "", np.where(note == NO_MAXIMUM, SEPARATED, np.where(few, FEW, "")))


def _penalised(
    rows: Floats, events: Floats, n: Floats, cluster: Floats | None, why: str | NDArray[np.str_], wanted: Places
) -> Logs:
    fit = firth(rows, events, n)
    why = why if cluster is None else unclustered(why)
    nothing = np.full(fit.estimate.shape, np.nan)
    limits = firth_profile(rows, events, n, columns=wanted) if wanted.size else Profile(*(nothing,) * 4, fit.note)
    lost = np.isnan(limits.low) | np.isnan(limits.high)
    low, high = (np.where(lost, np.nan, limit) for limit in (limits.low, limits.high))
    note = np.where(fit.note == "", np.where(limits.note == "", why, limits.note), fit.note)
    return Logs(fit.estimate, low, high, fit.std_error, note)
