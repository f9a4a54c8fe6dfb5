"""The intercept with which chances have a given mean: one equation in one unknown."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from sarcoid_epi.cohort.node import Column
from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.streams import Floats


def solve(log_odds: Floats, target: float, weight: Floats | None = None) -> float:
    """Intercept a with mean(expit(a + log_odds)) = target.

    Newton on the logit scale, a <- a - [logit P(a) - logit target] P (1 - P) / P'(a), where P is nearly linear: about
    four steps from anywhere. Log odds of minus infinity count as patients without a chance, of plus infinity as
    certain; share and target are then taken between that floor and that ceiling.

    Raises
    ------
    ConfigurationError
        When no intercept reaches the target: more is asked than there are patients with a chance, or less than there
        are certain ones.

    Examples
    --------
    >>> round(solve(np.zeros(10), 0.25), 6) == round(float(np.log(1 / 3)), 6)
    True
    """
    weight = np.ones(log_odds.shape) if weight is None else weight
    open_to = np.isfinite(log_odds)
    certain, some = _total(weight, log_odds == np.inf), _total(weight, open_to)
    never = not (log_odds > -np.inf).all()
    floor, room = certain / weight.sum(), 1.0 if open_to.all() else some / weight.sum()
    wanted = (target - floor) / room if room > 0 else np.nan
    if (target == 0 and not certain) or (target == 1 and not never):
        return np.inf if target else -np.inf
    if not 0 < wanted < 1:
        why = f"at least {floor:.4g} and at most {floor + room:.4g} can" if floor else f"at most {room:.4g} can"
        raise ConfigurationError(Problem(f"a share of {target:g} cannot be reached", why=why))
    return _newton(log_odds[open_to], wanted, weight[open_to]) if room < 1 else _newton(log_odds, wanted, weight)


def _total(weight: Floats, value: Column) -> float:
    """Sum of weighted values. (A dot product wakes the threads of BLAS, which takes longer than the sum.)"""
    return float((weight * value).sum())


def grouped(log_odds: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Each value once, with its weight in all, when there are but a few values; as they are otherwise."""
    if log_odds.size < 2**14:
        return log_odds, weight
    values = np.unique(log_odds[:: log_odds.size // 2**12])
    if values.size > 64:
        return log_odds, weight
    at = np.minimum(np.searchsorted(values, log_odds), values.size - 1)
    if not (values[at] == log_odds).all():
        return log_odds, weight
    return values, np.asarray(np.bincount(at, weight, values.size), dtype=np.float64)


def _newton(log_odds: Floats, target: float, weight: Floats) -> float:
    """The same for finite log odds and a target between 0 and 1."""
    goal = float(logit(target))
    weight = weight / weight.sum()
    few = slice(None, None, 8)
    # A part of the points brings the start near enough for two steps over all of them.
    near = log_odds.size > 2**13 and weight[few].sum() > 0
    intercept = _newton(log_odds[few], target, weight[few]) if near else goal
    for _ in range(60):
        chance = expit(intercept + log_odds)
        share = _total(weight, chance)
        slope = _total(weight, chance * (1 - chance))
        if not slope > 1e-9:
            return _bracketed(log_odds, target, weight)
        step = (float(logit(share)) - goal) * share * (1 - share) / slope
        intercept -= step
        if abs(step) < 1e-6:  # each step squares the error, and this one has been taken
            break
    return intercept


def _bracketed(log_odds: Floats, target: float, weight: Floats) -> float:
    """The same where chances are nearly all 0 or 1 and Newton's steps lose their way: slower, and always there."""
    ends = -float(log_odds.max()) - 40, -float(log_odds.min()) + 40
    return float(brentq(lambda a: _total(weight, expit(a + log_odds)) - target, *ends, xtol=1e-13))
