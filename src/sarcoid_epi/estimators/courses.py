"""From a declared model of prognosis and the patients to rows of follow-up: when each came, when and why each left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimators.declare import Floats
from sarcoid_epi.estimators.terms import demand_columns, is_number, reference_of
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.risk_table import RiskTable, risk_table
from sarcoid_epi.strata import Strata

#: When follow-up ended, in years from diagnosis.
END = "follow_up_years"

BEFORE = "{:.0f} patients had left before the study met them"
LEFT_OUT = "{:.0f} patients left out, who lack a value"


@dataclass(frozen=True)
class Courses:
    """One row for each pattern of patients and group, N in all.

    `entry` < `exit` in years from the origin; `event` 0 censored, 1 the outcome, 2 what competes with it; `weight` how
    many patients; `arm` the place of their level among `arms`, the reference first; `values` of what explains, by name.
    Of each group (G,): `before` had left before the study met them, `left_out` lack a value.
    """

    entry: Floats
    exit: Floats
    event: NDArray[np.int64]
    weight: Floats
    group: NDArray[np.int64]
    arm: NDArray[np.int64]
    arms: tuple[str, ...]
    values: dict[str, Floats]
    before: Floats
    left_out: Floats
    causes: int

    def told(self, note: NDArray[np.str_]) -> NDArray[np.str_]:
        """Notes of groups, with who is not in the rows."""
        both = ((self.before, BEFORE), (self.left_out, LEFT_OUT))
        absent = [[said.format(n) if n else "" for n in counts] for counts, said in both]
        return np.array(["; ".join(filter(None, parts)) for parts in zip(note, *absent, strict=True)])

    def table(self, by_arm: bool = True) -> RiskTable:
        """Risk tables, of shape (G, arms, ...), or of all arms together (G, 1, ...)."""
        arm = self.arm if by_arm else np.zeros_like(self.arm)
        arms = len(self.arms) if by_arm else 1
        groups = len(self.before)
        return _filled(self, arm, groups, arms)


def _filled(rows: Courses, arm: NDArray[np.int64], groups: int, arms: int) -> RiskTable:
    """A risk table in which groups and arms without patients have their place: each gets a row of weight 0."""
    g, a = (axis.ravel() for axis in np.indices((groups, arms)))
    latest = rows.exit.max(initial=1.0)

    def with_ghosts(values: NDArray[Any], ghost: Any) -> NDArray[Any]:
        return np.concatenate([values, np.broadcast_to(ghost, g.shape)])

    return risk_table(
        with_ghosts(rows.exit, latest),
        with_ghosts(rows.event, 0).astype(int),
        with_ghosts(rows.entry, -np.inf),
        with_ghosts(rows.weight, 0.0),
        np.stack([with_ghosts(rows.group, g), with_ghosts(arm, a)]).astype(int),
        rows.causes,
    )


def courses(strata: Strata, model: Model) -> Courses:
    """The patients of a model of prognosis.

    The event is at `time`; without it follow-up ends at `follow_up_years`, with the competing event where that came.
    The clock starts at diagnosis, or at `since`: who never came to be at risk is not in it, nor who had left it before
    the study met him.
    """
    demand_columns(strata, model)
    named = tuple(dict.fromkeys((*model.columns, END)))
    absent = [name for name in (model.time, model.since) if name and name != END]
    values, counts = strata.patterns(*named, lacking=absent)
    wide = np.broadcast_to(values, (*counts.shape, values.shape[-1]))
    group, at = np.nonzero(counts)
    column = {name: wide[group, at, place] for place, name in enumerate(named)}
    weight = counts[group, at].astype(float)
    groups = len(strata.labels)
    has = column[model.outcome] == 1
    exit = np.where(has, column[model.time], column[END])
    origin = column[model.since] if model.since else np.zeros_like(exit)
    entry = column[model.entry] if model.entry else np.zeros_like(exit)
    competing = (
        np.any([column[name] == 1 for name in model.competing], axis=0) if model.competing else np.zeros_like(has)
    )
    event = np.where(has, 1, np.where(competing, 2, 0))
    at_risk = ~np.isnan(origin)
    timed = at_risk & ~np.isnan(exit)
    entry, exit = np.maximum(entry - origin, 0.0), exit - origin
    seen = timed & (exit > entry)

    def patients(which: NDArray[np.bool_]) -> Floats:
        return np.bincount(group[which], weight[which], minlength=groups).astype(float)

    arms, arm = _arms(strata, model, column)
    return Courses(
        entry[seen], exit[seen], event[seen], weight[seen], group[seen], arm[seen], arms,
        {name: column[name][seen] for name in model.explaining},
        before=patients(timed & ~seen),
        left_out=strata.n() - counts.sum(axis=1) + patients(at_risk & ~timed),
        causes=2 if model.competing else 1,
    )  # fmt: skip


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
