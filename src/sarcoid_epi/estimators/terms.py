"""From a declared model and the patients to the columns of a design matrix, and who is in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.errors import ConfigurationError, DataError, Problem, unknown
from sarcoid_epi.estimators.declare import Floats
from sarcoid_epi.scenario import Model
from sarcoid_epi.scenario.model import SEVERAL
from sarcoid_epi.stats.splines import FIRST_QUANTILE, knots, restricted_cubic
from sarcoid_epi.strata import FLAG, Strata, merged

#: How many patients a model had to leave out.
LEFT_OUT = "{} of {:.0f} patients left out, who lack a value"
NO_WEIGHT = "{} of {:.0f} patients left out, who lack a value or a weight above 0"

#: What is told of weights, and of a model of selected patients where it is fitted to them as they are.
WEIGHTED = "weighted, robust errors"
SELECTED = "those with '{}' alone, unweighted"

#: What is told of clusters: that there are fewer than robust errors need, or that errors do not know of them.
ENOUGH_CLUSTERS = 40
FEW_CLUSTERS = f"{{}} clusters: robust errors are too small with fewer than {ENOUGH_CLUSTERS}"
UNCLUSTERED = "likeness within clusters left out of account"

#: How the notes of fits number columns.
_NUMBERED = re.compile(r"^columns? (\d+(?:, \d+)*)(?= follow)")

#: The name of the column of ones.
CONSTANT = "constant"


@dataclass(frozen=True)
class Column:
    """A column of a design matrix: its name, as `sex=male`, and the variables that it is made of."""

    name: str
    variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Level:
    """A level of an exposure, or a number as a whole: who has it. Shapes (G,)."""

    name: str
    variable: str
    reference: bool
    n: Floats
    events: Floats


@dataclass(frozen=True)
class Fitting:
    """What a model is fitted to: P patterns of values in G groups, and p columns.

    `design` has shape (P, p) or (G, P, p); `values` (P, variables) or (G, P, variables) holds codes and numbers of the
    model's columns by name; `n` and `events` (G, P), events NaN where the outcome is no flag; `left_out` (G,), who
    lacks a value somewhere; `spline_at` the knots of splines.
    model's columns by name; `n` and `events` (G, P) count patients, weighted or not; `left_out` (G,), who lacks a value
    somewhere. `cluster`, `weights` and `selected` name columns.
    """

    columns: tuple[Column, ...]
    design: Floats
    values: Mapping[str, Floats]
    n: Floats
    events: Floats
    levels: tuple[Level, ...]
    left_out: NDArray[np.int64]
    cluster: str = ""
    weights: str = ""
    selected: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def places(self, variable: str) -> list[int]:
        """Columns of one variable alone, interactions left out."""
        return [at for at, column in enumerate(self.columns) if column.variables == (variable,)]

    def exposed(self, model: Model) -> list[int]:
        """Columns of the exposures, interactions left out."""
        return [at for variable in model.exposures for at in self.places(variable)]

    def rows(self, groups: NDArray[np.intp], used: NDArray[np.bool_]) -> Floats:
        """The design of some groups, with some of the columns."""
        design = self.design if self.design.ndim == 2 else self.design[groups]
        return design[..., used]

    def clusters(self, groups: NDArray[np.intp]) -> Floats | None:
        """The cluster of each pattern, where the model has clusters."""
        return self._of(self.cluster, groups)

    def weighing(self, groups: NDArray[np.intp]) -> Floats | None:
        """The weight of a patient of each pattern, where the model has weights; who has none above 0 is not there."""
        found = self._of(self.weights, groups)
        return None if found is None else np.where(self.n[groups] > 0, found, 0.0)

    def _of(self, column: str, groups: NDArray[np.intp]) -> Floats | None:
        if not column:
            return None
        found = self.values[column]
        return found if found.ndim == 1 else found[groups]

    def told(self, note: NDArray[np.str_]) -> NDArray[np.str_]:
        """Notes of groups, with what weighs or selects, and how many patients were left out where some were."""
        n, out = self.n.sum(axis=-1), self.left_out
        why = NO_WEIGHT if self.weights else LEFT_OUT
        among = (WEIGHTED if self.weights else "", SELECTED.format(self.selected) if self.selected else "")
        left = [why.format(o, o + m) if o else "" for o, m in zip(out, n, strict=True)]
        return np.array(["; ".join(filter(None, (one, *among, last))) for one, last in zip(note, left, strict=True)])

    def named(self, note: NDArray[Any], used: NDArray[np.bool_]) -> NDArray[Any]:
        """Notes of fits with some of the columns, which these number, with the columns' names."""
        names = [name for name, there in zip(self.names, used, strict=True) if there]

        def words(found: re.Match[str]) -> str:
            return ", ".join(names[int(at)] for at in found[1].split(", "))

        return np.array([_NUMBERED.sub(words, one).replace(" (counted from 0)", "") for one in note], dtype=object)

    @cached_property
    def varying(self) -> NDArray[np.bool_]:
        """Which columns take more than one value among a group's patients; the constant counts as one. (G, p)."""
        there = self.n > 0
        varied = np.zeros((len(there), len(self.columns)), dtype=bool)
        if there.size:
            first = there.argmax(axis=-1)
            for at, values in enumerate(np.moveaxis(self.design, -1, 0)):
                own = values[first] if values.ndim == 1 else values[np.arange(len(there)), first]
                varied[:, at] = (there & (values != own[:, None])).any(axis=-1)
        return np.asarray(varied | (np.array(self.names) == CONSTANT))


def fitting(strata: Strata, model: Model, among: Model | None = None) -> Fitting:
    """The patients of a model as patterns of values with counts; those who lack a value are left out, and counted.

    So are those whose weight is not a number above 0, where the model has weights. Where it is of selected patients the
    others are not in it at all.

    Parameters
    ----------
    strata : Strata
        With the columns of the model.
    model : Model
        What is explained by what.
    among : Model, optional
        A wider model, of which `model` takes part of the columns: patients who lack a value of it are left out.

    Raises
    ------
    ConfigurationError
        When the model names a column that is not there, or a level that its variable does not have.
    DataError
        When the outcome is neither yes nor no, and the family asks for that, or a variable is neither a flag, a
        category nor a number.
    """
    whole = among or model
    demand_columns(strata, whole)
    flag = strata.levels(model.outcome) == FLAG
    if not flag and model.family not in SEVERAL:
        do = f"name a flag, or a family of {' and '.join(SEVERAL)}"
        raise DataError(Problem(f"the outcome '{model.outcome}' is no flag", do=do))
    found = strata.patterns(*whole.columns)
    if whole.weights:
        weight = found.values[..., whole.columns.index(whole.weights)]
        found = found._replace(counts=np.where((weight > 0) & np.isfinite(weight), found.counts, 0))
    if whole.selected:
        inside = found.values[..., whole.columns.index(whole.selected)] == 1
        found = found._replace(counts=np.where(inside, found.counts, 0))
    left_out = strata.n(whole.selected) - found.counts.sum(axis=1)
    if among:
        found = merged(found, [whole.columns.index(name) for name in model.columns])
    n = found.counts.astype(float)
    values = {name: found.values[..., at] for at, name in enumerate(model.columns)}
    events = n * (values[model.outcome] == 1) if flag else np.full(n.shape, np.nan)
    columns, design = design_of(strata, model, values, n)
    levels = levels_of(strata, model, values, n, events)
    return Fitting(columns, design, values, n, events, levels, left_out, model.cluster, model.weights, model.selected)


def levels_of(
    strata: Strata, model: Model, values: Mapping[str, Floats], n: Floats, events: Floats
) -> tuple[Level, ...]:
    """The levels of a model's exposures, with the patients and the events of each."""
    return tuple(
        Level(name, variable, reference, (n * has).sum(axis=-1), (events * has).sum(axis=-1))
        for variable in model.exposures
        for name, reference, has in _levels(strata, model, variable, values[variable])
    )


def demand_columns(strata: Strata, model: Model) -> None:
    """Refuse a model that names what is not there."""
    absent = [name for name in model.columns if name not in strata.columns]
    if absent:
        where = f"model '{model.name}'"
        raise ConfigurationError(*(unknown("column", name, strata.columns, where) for name in absent))


def design_of(
    strata: Strata, model: Model, values: Mapping[str, Floats], n: Floats
) -> tuple[tuple[Column, ...], Floats]:
    """The design matrix of a model: a constant, each variable in turn, then the interactions."""
    parts: dict[str, list[tuple[str, Floats]]] = {}
    for variable in model.explaining:
        parts[variable] = _columns_of(strata, model, variable, values[variable], n)
    shape = next(iter(values.values())).shape
    columns = [Column(CONSTANT)]
    stacked: list[Floats] = [np.ones(shape)]
    for variable, own in parts.items():
        columns += [Column(name, (variable,)) for name, _ in own]
        stacked += [column for _, column in own]
    for one, other in model.interactions:
        for first, x in parts[one]:
            for second, y in parts[other]:
                columns.append(Column(f"{first} x {second}", (one, other)))
                stacked.append(x * y)
    return tuple(columns), np.stack(np.broadcast_arrays(*stacked), axis=-1)


def is_number(strata: Strata, variable: str) -> bool:
    """Whether a variable has numbers rather than levels."""
    try:
        strata.levels(variable)
    except DataError:
        return True
    return False


def reference_of(strata: Strata, model: Model, variable: str) -> str:
    """The level that the others are compared with: the declared one, or the first."""
    levels = strata.levels(variable)
    asked = model.reference.get(variable, levels[0])
    if asked not in levels:
        raise ConfigurationError(unknown(f"level of '{variable}'", asked, levels, f"model '{model.name}'"))
    return asked


def at_references(strata: Strata, model: Model, *variables: str, besides: str = "") -> str:
    """Where a ratio of variables holds that have interactions with others: at the references of these; or nothing.

    What stands `besides` is no such other: it is looked at level by level.
    """
    partners = [b if a in variables else a for a, b in model.interactions if (a in variables) != (b in variables)]
    held = {
        name: "0" if is_number(strata, name) else reference_of(strata, model, name)
        for name in partners
        if name != besides
    }
    return " and ".join(f"{name} is {level}" for name, level in held.items())


def _columns_of(strata: Strata, model: Model, variable: str, values: Floats, n: Floats) -> list[tuple[str, Floats]]:
    """A variable's columns by name: one for each level but the reference, the number itself, or its spline."""
    if not is_number(strata, variable):
        return [(name, has) for name, reference, has in _levels(strata, model, variable, values) if not reference]
    if variable not in model.splines:
        return [(variable, values)]
    wide = np.broadcast_to(values, n.shape)
    basis = spline(wide, n, model.splines[variable], wide)
    basis = basis[0] if values.ndim == 1 and len(n) == 1 else basis
    return [(variable if at == 0 else f"{variable} bend {at}", basis[..., at]) for at in range(basis.shape[-1])]


def spline(values: Floats, n: Floats, count: int, at: Floats) -> Floats:
    """Each group's spline at some places (G, Q), knots at the quantiles of its values (G, P) with counts n (G, P).

    Bends that too few different values leave no room for are 0.
    """
    basis = np.zeros((*at.shape, count - 1))
    basis[..., 0] = at
    placed = quantiles(values, n, np.linspace(FIRST_QUANTILE[count], 1 - FIRST_QUANTILE[count], count))
    apart = (np.diff(placed) > 0).all(axis=-1)
    basis[apart] = restricted_cubic(at[apart], placed[apart, None])
    for group in np.flatnonzero(~apart):  # knots that coincide are one
        there = n[group] > 0
        if np.unique(values[group, there]).size >= 3 and np.unique(placed[group]).size >= 3:
            few = knots(values[group, there], count, n[group, there])
            basis[group, :, : len(few) - 1] = restricted_cubic(at[group], few)
    return basis


def quantiles(values: Floats, n: Floats, shares: Sequence[float] | Floats) -> Floats:
    """Quantiles (G, Q) of values (G, P) that n (G, P) patients have, as R and numpy take them; NaN of nobody."""
    some = n.any(axis=-1)
    found = np.full((len(n), len(shares)), np.nan)
    order = np.argsort(np.where(n > 0, values, np.inf)[some], axis=-1)
    ends = np.take_along_axis(n[some], order, axis=-1).cumsum(axis=-1)
    ranked = np.take_along_axis(values[some], order, axis=-1)

    def at(rank: Floats) -> Floats:
        return np.take_along_axis(ranked, (ends[:, None] <= rank[..., None]).sum(axis=-1), axis=-1)

    place = np.asarray(shares) * (n[some].sum(axis=-1, keepdims=True) - 1)
    below = np.floor(place)
    left, right = at(below), at(np.ceil(place))
    found[some] = left + (place - below) * (right - left)
    return found


def _levels(strata: Strata, model: Model, variable: str, values: Floats) -> Sequence[tuple[str, bool, Floats]]:
    """Each level's name, whether it is the reference, and which patterns have it; a number is one level."""
    if is_number(strata, variable):
        return [(variable, False, np.ones(values.shape))]
    reference = reference_of(strata, model, variable)
    return [
        (f"{variable}={level}", level == reference, (values == code).astype(float))
        for code, level in enumerate(strata.levels(variable))
    ]
