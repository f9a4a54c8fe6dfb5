"""From a declared model of prognosis and the patients to rows of follow-up: when each came, when and why each left."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.errors import DataError, Problem
from sarcoid_epi.estimators.declare import Floats
from sarcoid_epi.estimators.terms import demand_columns, is_number, reference_of
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.risk_table import RiskTable, risk_table
from sarcoid_epi.strata import FLAG, Strata
from sarcoid_epi.vocabulary import PATIENT_BY_NAME, label

#: When follow-up ended, in years from diagnosis.
END = "follow_up_years"

NOBODY = "nobody under observation"
BEFORE = "{:.0f} patients had left before the study met them"
BY = " or by year {:g}"
LEFT_OUT = "{:.0f} patients left out, who lack a value"
WITHOUT = "{:.0f} patients left out, who are with '{}'"

#: A part of a note that says who is not in the rows, and nothing of the number.
ABSENT = re.compile(r"\d+ patients (had left before the study met them|left out, who (lack a value|are with '))")


@dataclass(frozen=True)
class Courses:
    """One row for each pattern of patients and group, N in all.

    `entry` < `exit` in years from the origin; `event` 0 censored, 1 the outcome, 2 what competes with it; `weight` how
    many patients; `arm` the place of their level among `arms`, the reference first; `values` of what explains, of
    clusters, strata and weights by name. Of each group (G,), who is not in the rows: `left_out` lack a value,
    `excluded` have what the model is without, `never` came to be at risk, `before` had left before the study met them.
    """

    entry: Floats
    exit: Floats
    event: NDArray[np.int64]
    weight: Floats
    group: NDArray[np.int64]
    arm: NDArray[np.int64]
    arms: tuple[str, ...]
    values: dict[str, Floats]
    left_out: Floats
    excluded: Floats
    never: Floats
    before: Floats
    model: Model

    @property
    def groups(self) -> int:
        """How many groups there are, G."""
        return len(self.before)

    @property
    def causes(self) -> int:
        """The outcome, and what competes with it."""
        return 2 if self.model.competing else 1

    @property
    def entered(self) -> Floats:
        """Patients of each group and arm who were under observation at any time, (G, arms)."""
        return self.summed(self.weight)

    @property
    def had(self) -> Floats:
        """Patients of each group and arm with the outcome, (G, arms)."""
        return self.summed(self.weight * (self.event == 1))

    def summed(self, values: Floats) -> Floats:
        """Sums over the rows of each group and arm, (G, arms)."""
        cell, shape = self.group * len(self.arms) + self.arm, (self.groups, len(self.arms))
        return np.bincount(cell, values, self.groups * len(self.arms)).reshape(shape).astype(float)

    def told(self, note: NDArray[np.str_]) -> NDArray[np.str_]:
        """Notes of groups, with who is not in the rows."""
        start = BY.format(self.model.start) if self.model.start else ""
        what = ", ".join(map(label, self.model.without))
        absent = [
            [BEFORE.format(n) + start if n else "" for n in self.before],
            [WITHOUT.format(n, what) if n else "" for n in self.excluded],
            [LEFT_OUT.format(n) if n else "" for n in self.left_out],
        ]
        return np.array(["; ".join(filter(None, parts)) for parts in zip(note, *absent, strict=True)])

    def table(self, at: Sequence[float] = ()) -> RiskTable:
        """Risk tables, of shape (G, arms, ...), with the times `at` among theirs.

        Groups and arms without patients have their place: each gets rows of weight 0, one at each time asked.
        """
        latest = self.exit.max(initial=1.0)
        g, a, t = (axis.ravel() for axis in np.indices((self.groups, len(self.arms), 1 + len(at))))
        asked = np.array([latest, *at])[t]

        def with_ghosts(values: NDArray[Any], ghost: Any) -> NDArray[Any]:
            return np.concatenate([values, np.broadcast_to(ghost, g.shape)])

        return risk_table(
            with_ghosts(self.exit, asked),
            with_ghosts(self.event, 0).astype(int),
            with_ghosts(self.entry, -np.inf),
            with_ghosts(self.weight, 0.0),
            np.stack([with_ghosts(self.group, g), with_ghosts(self.arm, a)]).astype(int),
            self.causes,
        )

    def of(self, group: int) -> Courses:
        """The patients of one group, a row each: who is alike in all is not one row of weight 2."""
        kept = np.flatnonzero(self.group == group)
        rows = np.repeat(kept, self.weight[kept].astype(np.int64))
        return replace(
            self,
            entry=self.entry[rows], exit=self.exit[rows], event=self.event[rows], weight=np.ones(rows.size),
            group=np.zeros(rows.size, dtype=np.int64), arm=self.arm[rows],
            values={name: column[rows] for name, column in self.values.items()},
            left_out=self.left_out[[group]], excluded=self.excluded[[group]], never=self.never[[group]],
            before=self.before[[group]],
        )  # fmt: skip


def courses(strata: Strata, model: Model) -> Courses:
    """The patients of a model of prognosis.

    The event is at `time`; without it follow-up ends at `follow_up_years`, with the competing event where that came.
    The clock starts at diagnosis, or at `since`: who never came to be at risk is not in it, nor who had left it before
    the study met him, or before the model's `start`. Flags, levels and numbers are cast here, once.

    Raises
    ------
    ConfigurationError
        When the model names a column that is not there, or a level that its variable does not have.
    DataError
        When the outcome, a competing event or what patients must be without is no flag, or a time is no number.
    """
    demand_columns(strata, model)
    for name in (model.outcome, *model.competing, *model.without):
        if strata.levels(name) != FLAG:
            raise DataError(Problem(f"'{name}' is no flag", f"model '{model.name}'", do="name a flag"))
    for name in filter(None, (model.time, model.since, model.entry, model.weights)):
        if name in PATIENT_BY_NAME and PATIENT_BY_NAME[name].kind not in ("integer", "number"):
            raise DataError(Problem(f"'{name}' is no number", f"model '{model.name}'", do="name a column of numbers"))
    named = tuple(dict.fromkeys((*model.columns, END)))
    absent = [name for name in (model.time, model.since) if name and name != END]
    values, counts = strata.patterns(*named, lacking=absent)
    wide = np.broadcast_to(values, (*counts.shape, values.shape[-1]))
    group, at = np.nonzero(counts)
    column = {name: wide[group, at, place] for place, name in enumerate(named)}
    weight = counts[group, at].astype(float)
    has = column[model.outcome] == 1
    exit = np.where(has, column[model.time], column[END])
    origin = column[model.since] if model.since else np.zeros_like(exit)
    entry = column[model.entry] if model.entry else np.zeros_like(exit)
    excluded, at_risk = _any(model.without, column, has), ~np.isnan(origin)
    timed = at_risk & ~np.isnan(exit)
    entry, exit = np.maximum(entry - origin, model.start), exit - origin
    seen = timed & (exit > entry) & ~excluded
    kept = (*model.explaining, model.cluster, model.weights, *model.strata)

    def patients(which: NDArray[np.bool_]) -> Floats:
        return np.bincount(group[which], weight[which], minlength=len(strata.labels)).astype(float)

    arms, arm = _arms(strata, model, column)
    return Courses(
        entry[seen], exit[seen], np.where(has, 1, np.where(_any(model.competing, column, has), 2, 0))[seen],
        weight[seen], group[seen], arm[seen], arms,
        {name: column[name][seen] for name in dict.fromkeys(filter(None, kept))},
        left_out=strata.n() - counts.sum(axis=1) + patients(at_risk & ~timed & ~excluded),
        excluded=patients(excluded), never=patients(~at_risk & ~excluded),
        before=patients(timed & ~seen & ~excluded), model=model,
    )  # fmt: skip


def _any(flags: Sequence[str], column: dict[str, Floats], like: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Who has one of some flags."""
    return np.any([column[name] == 1 for name in flags], axis=0) if flags else np.zeros_like(like)


def _arms(strata: Strata, model: Model, column: dict[str, Floats]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Levels of the first exposure, its reference first; a number has one arm."""
    variable = model.exposures[0]
    codes = column[variable]
    if is_number(strata, variable):
        return ("all",), np.zeros(codes.shape, dtype=np.int64)
    levels = strata.levels(variable)
    order = [levels.index(reference_of(strata, model, variable))]
    order += [code for code in range(len(levels)) if code != order[0]]
    place = np.argsort(order)
    return tuple(f"{variable}={levels[code]}" for code in order), place[codes.astype(np.int64)]
