"""A Cox model of one group of patients: its columns, its fit, and why an effect of it is not known."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimators.association import ALIKE, REFERENCE
from sarcoid_epi.estimators.courses import NOBODY, Courses
from sarcoid_epi.estimators.declare import NO_ONE_RATIO, Answers, Floats, Term, answers_of, silent
from sarcoid_epi.estimators.terms import (
    ENOUGH_CLUSTERS,
    FEW_CLUSTERS,
    Column,
    at_references,
    design_of,
    is_number,
    reference_of,
)
from sarcoid_epi.measures import term
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.cox_root import cox_root
from sarcoid_epi.stats.cox_sandwich import cox_sandwich, score_residuals
from sarcoid_epi.stats.interval import normal_quantile
from sarcoid_epi.stats.proportional_hazards import ProportionalityTest, proportional_hazards_test
from sarcoid_epi.stats.sandwich import cr1_factor
from sarcoid_epi.strata import Strata

#: Fewer events for each coefficient than this are told.
EVENTS_PER_COEFFICIENT = 10

REFUSED = "refused: {}; if it must be, give the reason under [accept]"
#: A p of proportional hazards below this is told beside the ratio.
ALPHA = 0.05

CHANGING = "hazards do not stay proportional (p {}): an average over time, see the ratios by stretch"
FEW = "fewer than 10 events for each coefficient"
UNWEIGHTED = "sampling weights are not taken by a Cox model here"
CURVE = f"{NO_ONE_RATIO}: it has a spline"
AT_REFERENCES = "where {}: by the interaction it is another elsewhere"


@dataclass(frozen=True)
class Level:
    """A level of an exposure, or a number as a whole, and which patients have it."""

    name: str
    variable: str
    reference: bool
    has: NDArray[np.bool_]


@dataclass(frozen=True)
class Fit:
    """Logarithms of hazard ratios by column (P,), NaN with a note (P,) where not known, and their covariance (P, P)."""

    estimate: Floats
    covariance: Floats
    note: NDArray[np.str_]
    few: str

    @property
    def std_error(self) -> Floats:
        """Of each logarithm."""
        return np.asarray(np.sqrt(np.diagonal(self.covariance)))

    def ratio(self, weights: Floats) -> tuple[float, float, float, float]:
        """exp of a weighted sum of logarithms: estimate, limits, standard error (delta method)."""
        used = weights != 0
        at = float(self.estimate[used] @ weights[used])
        error = float(np.sqrt(weights[used] @ self.covariance[np.ix_(used, used)] @ weights[used]))
        reach = normal_quantile(0.95) * error
        ratio, low, high = (float(np.exp(end)) for end in (at, at - reach, at + reach))
        return ratio, low, high, ratio * error


@dataclass(frozen=True)
class Cox:
    """What a Cox model is fitted to: the patients of one group, and a design of N rows without a constant."""

    own: Courses
    columns: tuple[Column, ...]
    design: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def had(self) -> NDArray[np.int64]:
        """Whether each patient had the outcome; what competes is censoring here."""
        return np.asarray(self.own.event == 1, dtype=np.int64)

    @cached_property
    def used(self) -> NDArray[np.intp]:
        """Columns in which the patients differ."""
        return varying(self.design)

    @cached_property
    def cluster(self) -> Floats | None:
        """The cluster of each patient, where the model has clusters."""
        name = self.own.model.cluster
        return self.own.values[name] if name else None

    @cached_property
    def stratum(self) -> NDArray[np.intp] | None:
        """A number for the stratum of each patient, where the model has strata."""
        named = self.own.model.strata
        if not named:
            return None
        _, number = np.unique(np.stack([self.own.values[name] for name in named]), axis=1, return_inverse=True)
        return np.asarray(number, dtype=np.intp).ravel()

    @cached_property
    def fit(self) -> Fit:
        """The fit."""
        return fitted(self.design, self.own.exit, self.had, self.own.entry, self.stratum, self.cluster)

    @property
    def lacking(self) -> str:
        """Why the model as a whole has no answer; nothing where all its effects are known."""
        if not len(self.had):
            return NOBODY
        notes = [str(self.fit.note[at]) for at in self.used if self.fit.note[at]]
        return next(iter(notes), "" if self.used.size else ALIKE)

    def tested(self, *groups: Sequence[int]) -> ProportionalityTest:
        """The test of proportional hazards for groups of columns that are in the fit."""
        place = {at: number for number, at in enumerate(self.used)}
        terms = [[place[at] for at in group] for group in groups]
        own, estimate = self.own, self.fit.estimate[self.used]
        rows = self.design[:, self.used]
        return proportional_hazards_test(rows, own.exit, self.had, estimate, own.entry, self.stratum, terms)

    def changing(self, variable: str) -> str:
        """A caution where the hazards of a variable do not stay proportional."""
        columns = [at for at in self.used if self.columns[at].variables == (variable,)]
        if self.lacking or not columns:
            return ""
        p = float(self.tested(columns).p_value[0])
        return CHANGING.format("< 0.001" if p < 0.001 else f"= {p:.2g}") if p < ALPHA else ""


def varying(design: Floats) -> NDArray[np.intp]:
    """Columns in which patients differ."""
    if not len(design):
        return np.empty(0, dtype=np.intp)
    return np.asarray(np.flatnonzero(np.ptp(design, axis=0) > 0), dtype=np.intp)


def fitted(
    design: Floats,
    exit: Floats,
    event: NDArray[np.integer[Any]],
    entry: Floats,
    stratum: NDArray[np.intp] | None,
    cluster: Floats | None,
) -> Fit:
    """Efron's Cox model, by lifelines, started at the root of the score; errors by cluster where there are clusters.

    Columns in which patients are alike are left out; of an effect without an end there is no number.
    """
    used, size, events = varying(design), design.shape[1], int(event.sum())
    estimate, note = np.full(size, np.nan), np.full(size, ALIKE, dtype=object)
    covariance = np.full((size, size), np.nan)
    few = FEW if 0 < events < EVENTS_PER_COEFFICIENT * used.size else ""
    if not used.size:
        return Fit(estimate, covariance, note, few)
    rows = design[:, used]
    root = cox_root(rows, exit, event, entry, stratum)
    note[used], found = root.note, root.coefficients
    known = np.flatnonzero(root.note == "")
    if known.size == used.size:
        found = _by_lifelines(rows, exit, event, entry, stratum, found)
    estimate[used], within = found, root.covariance
    if cluster is not None and known.size:
        scores = score_residuals(rows, exit, event, root.reached, entry, stratum)
        robust = cox_sandwich(scores[:, known], within[np.ix_(known, known)], cluster)
        within = np.full(within.shape, np.nan)
        factor = cr1_factor(robust.units) if robust.units > 1 else np.nan
        within[np.ix_(known, known)] = robust.covariance * factor
        said = [robust.note or (FEW_CLUSTERS.format(robust.units) if robust.units < ENOUGH_CLUSTERS else ""), few]
        few = "; ".join(filter(None, said))
    covariance[np.ix_(used, used)] = within
    return Fit(estimate, covariance, note, few)


def _by_lifelines(
    rows: Floats, exit: Floats, event: NDArray[Any], entry: Floats, stratum: NDArray[np.intp] | None, start: Floats
) -> Floats:
    """The coefficients as lifelines finds them from a start."""
    import pandas as pd
    from lifelines import CoxPHFitter

    names = [f"x{at}" for at in range(rows.shape[1])]
    frame = pd.DataFrame(rows, columns=names).assign(exit=exit, event=event, entry=entry)
    strata = None
    if stratum is not None:
        frame["stratum"], strata = stratum, ["stratum"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of columns with little variance: the notes say what there is to say
        made = CoxPHFitter().fit(
            frame, "exit", "event", entry_col="entry", strata=strata, fit_options={"precision": 1e-12},
            initial_point=start * frame[names].std().to_numpy(),
        )  # fmt: skip
    return np.asarray(made.params_[names], dtype=np.float64)


def cox(strata: Strata, own: Courses, model: Model) -> Cox:
    """The design of a model for the patients of one group."""
    columns, design = design_of(strata, model, own.values, np.ones((1, len(own.exit))))
    return Cox(own, columns[1:], design[:, 1:])


def levels_of(strata: Strata, model: Model, own: Courses) -> list[Level]:
    """Levels of every exposure; a number is one level, that all have."""
    found = []
    for variable in model.exposures:
        codes = own.values[variable]
        if is_number(strata, variable):
            found.append(Level(variable, variable, False, np.ones(codes.shape, dtype=bool)))
            continue
        reference = reference_of(strata, model, variable)
        found += [
            Level(f"{variable}={level}", variable, level == reference, codes == code)
            for code, level in enumerate(strata.levels(variable))
        ]
    return found


def barred(strata: Strata, model: Model, measure: str, *, crude: bool = False) -> Answers | None:
    """Rows without a number where a model must not be fitted, or cannot be: the causal graph, sampling weights."""
    why = REFUSED.format("; ".join(model.faults)) if model.faults and not crude else UNWEIGHTED if model.weights else ""
    if not why:
        return None
    named = [
        term(measure, variable if is_number(strata, variable) else f"{variable}={level}")
        for variable in model.exposures
        for level in (("",) if is_number(strata, variable) else strata.levels(variable))
    ]
    return silent(named, len(strata.labels), why)


def held(strata: Strata, model: Model, level: Level) -> str:
    """What a ratio must not be read without: that there is no single one, or that it holds at references alone."""
    if level.name in model.splines:
        return CURVE
    where = at_references(strata, model, level.variable)
    return AT_REFERENCES.format(where) if where else ""


def row_of(cox: Cox, level: Level, measure: str, caveat: str = "") -> Term:
    """The row of a level in one group: its ratio, or 1 where it is the reference; the caveat is what `held` says."""
    n, events = float(level.has.sum()), float((level.has & (cox.had == 1)).sum())
    name = term(measure, level.name)
    if level.reference or n == 0:
        there = len(cox.had) > 0 and level.reference
        note = NOBODY if n == 0 else REFERENCE
        return one(cox.own, name, (1.0 if there and n else np.nan, np.nan, np.nan, np.nan), n, events, note)
    at = cox.names.index(level.name)
    if why := str(cox.fit.note[at]) or (caveat if caveat == CURVE else ""):
        return one(cox.own, name, (np.nan,) * 4, n, events, why)
    weights = np.zeros(len(cox.names))
    weights[at] = 1.0
    note = "; ".join(filter(None, [caveat, cox.fit.few, cox.changing(level.variable)]))
    return one(cox.own, name, cox.fit.ratio(weights), n, events, note)


def one(
    own: Courses, name: str, numbers: Sequence[float], n: float, events: float, note: str, time: float = np.nan
) -> Term:
    """A term of one group, with who is not in the rows."""
    estimate, low, high, error = (np.array([value]) for value in numbers)
    return Term(name, estimate, low, high, error, n, events, own.told(np.array([note])), time)


def stacked(groups: Sequence[Sequence[Term]]) -> Answers:
    """Answers of groups one below the other."""
    found = [answers_of(*terms) for terms in groups]
    first = found[0]
    parts = {
        name: np.concatenate([getattr(answer, name) for answer in found])
        for name in ("estimate", "low", "high", "std_error", "n", "events", "note")
    }
    return Answers(first.terms, **parts, level=first.level, times=first.times)
