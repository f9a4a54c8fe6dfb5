"""Coefficients of a logistic model with their covariance, and the limits of any sum of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimators.association import REFUSED, Logs, penalty
from sarcoid_epi.estimators.declare import Floats
from sarcoid_epi.estimators.terms import UNCLUSTERED, Fitting
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.firth import firth, firth_profile
from sarcoid_epi.stats.interval import normal_quantile
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.profile_likelihood import NO_LIMIT
from sarcoid_epi.stats.sandwich import cr1_factor, logistic_sandwich

#: The families that are answered here.
LOGISTIC = ("logistic", "firth")

#: Why nothing is told of a model with weights.
WEIGHTED = "not told of a model with weights: these errors and tests would take a weight for a number of patients"


def barred(model: Model) -> str:
    """Why a model is not answered here: the causal graph forbids it, or it has weights; or nothing."""
    if model.faults:
        return REFUSED.format("; ".join(model.faults))
    return WEIGHTED if model.weights else ""


class Coefficients(NamedTuple):
    """Log odds ratios (G, p) and their covariance (G, p, p), NaN for columns left out; who was penalised, and notes."""

    estimate: Floats
    covariance: Floats
    penalised: NDArray[np.bool_]
    units: Floats
    note: NDArray[np.str_]


def coefficients(own: Fitting, model: Model) -> Coefficients:
    """Every group's fit, by the rule of the adjusted ratio: maximum likelihood, or Firth's where it is called for.

    Columns in which a group's patients are alike are left out there. With a cluster the covariance is robust, but
    where the likelihood is penalised. `units` counts the clusters, where that matters.
    """
    groups, columns = own.varying.shape
    whole = Coefficients(
        np.full((groups, columns), np.nan),
        np.full((groups, columns, columns), np.nan),
        np.zeros(groups, dtype=bool),
        np.full(groups, np.inf),
        np.full(groups, "", dtype=object),
    )
    for used in np.unique(own.varying, axis=0):
        which = np.flatnonzero((own.varying == used).all(axis=-1))
        part = _fitted(own.rows(which, used), own.events[which], own.n[which], own.clusters(which), model)
        at = np.flatnonzero(used)
        whole.estimate[np.ix_(which, at)] = part.estimate
        whole.covariance[np.ix_(which, at, at)] = part.covariance
        for kept, found in zip(whole[2:], part[2:], strict=True):
            kept[which] = found
        whole.note[which] = own.named(part.note, used)
    return whole


def _fitted(rows: Floats, events: Floats, n: Floats, cluster: Floats | None, model: Model) -> Coefficients:
    fit = logistic(rows, events, n)
    estimate, covariance, note = np.array(fit.estimate), np.array(fit.covariance), np.asarray(fit.note, dtype=object)
    units = np.full(len(n), np.inf)
    if cluster is not None:
        robust = logistic_sandwich(rows, events, n, fit.estimate, cluster)
        covariance = np.array(robust.covariance * cr1_factor(robust.units)[..., None, None])
        note, units = np.where(note == "", robust.note, note).astype(object), np.array(robust.units, dtype=float)
    penalised = (n.sum(axis=-1) > 0) if model.family == "firth" else penalty(rows, events, n, fit.note) != ""
    if (asked := np.flatnonzero(penalised)).size:
        why = "" if model.family == "firth" else penalty(rows, events, n, fit.note)[asked]
        why = np.char.add(np.broadcast_to(why, asked.shape), "" if cluster is None else f"; {UNCLUSTERED}")
        found = firth(rows if rows.ndim == 2 else rows[asked], events[asked], n[asked])
        estimate[asked], covariance[asked], units[asked] = found.estimate, found.covariance, np.inf
        note[asked] = np.where(found.note == "", np.char.lstrip(why, "; "), found.note)
    return Coefficients(estimate, covariance, penalised, units, note)


def summed(own: Fitting, found: Coefficients, weights: Floats, *, wald: bool = False) -> Logs:
    """A weighted sum of the coefficients in each group, (G, 1).

    Limits are Wald's or, where the likelihood is penalised, those of its profile, unless all are to be `wald`.

    Parameters
    ----------
    own, found
        What was fitted, and how.
    weights
        Of each column in each group, (G, p). All 0: the sum is 0 for certain, and has no limits.
    wald
        Wald limits also where the likelihood is penalised.

    Returns
    -------
    Logs; NaN where a column with a weight was left out.
    """
    weighed = weights != 0
    known = ~np.isnan(found.estimate)
    there = (known | ~weighed).all(axis=-1) & known.any(axis=-1)
    estimate = np.where(there, (weights * np.where(weighed, found.estimate, 0.0)).sum(axis=-1), np.nan)
    covariance = np.where(weighed[:, :, None] & weighed[:, None, :], found.covariance, 0.0)
    error = np.sqrt(np.einsum("gi,gij,gj->g", weights, np.where(there[:, None, None], covariance, np.nan), weights))
    certain = there & ~weighed.any(axis=-1)
    reach = np.where(certain, np.nan, normal_quantile(0.95) * error)
    low, high, note = estimate - reach, estimate + reach, found.note.copy()
    asked = found.penalised & there & ~certain & (not wald)
    for used in np.unique(known[asked], axis=0):
        which = np.flatnonzero(asked & (known == used).all(axis=-1))
        rows = _turned(own.rows(which, used), weights[which][:, used])
        limits = firth_profile(rows, own.events[which], own.n[which], columns=[0])
        lost = np.isnan(limits.low[:, 0]) | np.isnan(limits.high[:, 0])
        low[which], high[which] = (np.where(lost, np.nan, limit[:, 0]) for limit in (limits.low, limits.high))
        note[which] = np.where(lost, NO_LIMIT, note[which])
    error = np.where(certain, np.nan, error)
    return Logs(estimate[:, None], low[:, None], high[:, None], error[:, None], note)


def _turned(rows: Floats, weights: Floats) -> Floats:
    """A design (G, R, p) that spans the same as `rows`, whose first coefficient is the weighted sum of theirs.

    With s the sum and w_k a weight that is not 0, b_k = (s - sum of the other w_j b_j) / w_k. Jeffreys' penalty is the
    same for both designs, but for a constant.
    """
    pivot = np.abs(weights).argmax(axis=-1)
    wide = np.broadcast_to(rows, (len(weights), *rows.shape[-2:]))
    share = np.take_along_axis(weights, pivot[:, None], axis=-1)
    own = np.take_along_axis(wide, pivot[:, None, None], axis=-1) / share[..., None]
    turned = wide - own * weights[:, None, :]
    # The pivot's own column is now 0; the first column takes its place, and the sum's that of the first.
    np.put_along_axis(turned, pivot[:, None, None], turned[:, :, :1].copy(), axis=-1)
    turned[:, :, :1] = own
    return turned
