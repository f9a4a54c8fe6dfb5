"""Make a cohort: patients as a study sees them, and the truth beside them.

Source patients are numbered 0, 1, 2, ... for good; each is a pure function of (world, design, seed, number). A study
meets some of them, in their order: its cohort of size n is the first n that enter. So a smaller cohort is the beginning
of a larger one, and two designs look at the same people.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sarcoid_epi.cohort.calibration import Calibration, Intercepts, calibrate
from sarcoid_epi.cohort.intervention import intervened
from sarcoid_epi.cohort.node import Column, Columns, Node, ancestors
from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.errors import ConfigurationError, Problem, unknown
from sarcoid_epi.scenario import Design, World
from sarcoid_epi.streams import Floats, Uniforms, uniforms
from sarcoid_epi.vocabulary import PATIENT_BY_NAME, TRUTH_BY_NAME

if TYPE_CHECKING:
    from pandas import DataFrame

BLOCK = 2**16

#: More patients than any count of them.
ENDLESS = sys.maxsize


@dataclass(frozen=True)
class Cohort:
    """What a study sees (`patients`), what is true (`truth`, same index), how targets were hit, how many were met."""

    patients: DataFrame
    truth: DataFrame
    calibration: Calibration
    source_patients: int


@dataclass(frozen=True)
class _Addressed:
    """Uniforms of rows `first` to `first + count` in each of some replicates, one replicate after the other."""

    seed: int
    first: int
    count: int
    replicates: range

    def __call__(self, variable: str) -> Floats:
        blocks = [uniforms(self.seed, variable, self.first, self.count, replicate) for replicate in self.replicates]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


@dataclass(frozen=True)
class _Chosen:
    """The uniforms of some of the rows."""

    all: Uniforms
    rows: Column

    def __call__(self, variable: str) -> Floats:
        return self.all(variable)[self.rows]


@dataclass(frozen=True)
class Recipe:
    """All that a patient is a function of, but for the seed and the number."""

    world: World
    design: Design
    intercepts: Intercepts
    nodes: tuple[Node, ...]


def generate(
    world: World,
    design: Design,
    size: int | None,
    seed: int,
    do: Mapping[str, str] | None = None,
    block: int = BLOCK,
    columns: Sequence[str] | None = None,
    source: int | None = None,
    calibration: Calibration | None = None,
) -> Cohort:
    """A cohort of `size` patients, in memory.

    Parameters
    ----------
    world, design : World, Design
        What makes patients, and the study that looks at them.
    size : int or None
        Patients that enter the study, at least 1; None for all who enter of `source`.
    seed : int
        The only source of chance.
    do : mapping of str to str, optional
        Interventions: variables that everybody has at a value, whatever their causes. Only descendants change, and no
        target is hit anew.
    block : int
        Source patients worked on at a time; changes memory, never a value.
    columns : sequence of str, optional
        Columns of either table that are wanted, beside `patient_id`: the same values, for less work. All by default.
    source : int, optional
        Source patients there are; without end by default.
    calibration : Calibration, optional
        Solved before, for world, design and columns; solved here by default.

    Returns
    -------
    Cohort

    Raises
    ------
    ConfigurationError
        When the size is not a positive number, nobody enters, a column is unknown, a target cannot be reached, or an
        intervention makes no sense.
    """
    from sarcoid_epi.cohort.tables import patient_frame, truth_frame

    demand_size(size, source)
    wanted = wanted_columns(columns)
    nodes = intervened(NODES, do or {})
    calibration = calibration or calibrate(world, design)
    recipe = Recipe(world, design, calibration.intercepts, nodes)
    rows = range(ENDLESS if source is None else source)
    blocks = list(entrants(recipe, seed, wanted, rows, ENDLESS if size is None else size, block))
    whole = joined(blocks, wanted)
    met = whole["patient_id"].size
    if met == 0:
        raise nobody_enters(rows.stop)
    last = int(whole["patient_id"][-1]) + 1
    met_all = met == size or source is None
    centres = round(design.entry.centres.value)
    patients, truth = patient_frame(whole, centres, wanted), truth_frame(whole, wanted)
    return Cohort(patients, truth, calibration, last if met_all else rows.stop)


def demand_size(size: int | None, source: int | None = None) -> None:
    """Refuse a cohort of nobody, and one without an end."""
    if size is not None and size < 1:
        raise ConfigurationError(Problem(f"a cohort of {size} patients", do="ask for at least one"))
    if size is None and source is None:
        raise ConfigurationError(Problem("a cohort without an end", do="give a size or the source patients"))
    if source is not None and source < 1:
        raise nobody_enters(0)


def nobody_enters(source: int) -> ConfigurationError:
    """The error of a cohort that came out empty."""
    why = f"of {source} source patients none is met" if source else "there are no source patients"
    return ConfigurationError(Problem("nobody enters the study", why=why, do="give more people, years or another seed"))


def wanted_columns(columns: Sequence[str] | None) -> tuple[str, ...]:
    """The columns of both tables that are asked for, in the order of the vocabulary; `patient_id` always is.

    Raises
    ------
    ConfigurationError
        When a column is in neither table.

    Examples
    --------
    >>> wanted_columns(["osseous", "sex"])
    ('patient_id', 'sex', 'osseous')
    """
    known = tuple(dict.fromkeys((*PATIENT_BY_NAME, *TRUTH_BY_NAME)))
    strange = [name for name in columns or () if name not in known]
    if strange:
        raise ConfigurationError(*(unknown("column", name, known) for name in strange))
    return known if columns is None else tuple(name for name in known if name in ("patient_id", *columns))


def replicates(
    world: World,
    design: Design,
    size: int,
    count: int,
    seed: int,
    columns: Sequence[str],
    first: int = 0,
    calibration: Calibration | None = None,
) -> Columns:
    """Columns of `count` replicated cohorts of `size` patients each, as arrays of shape (count, size).

    Replicate 0 is the cohort that `generate` gives. Only what the columns need is computed. `calibration` as there.

    Raises
    ------
    ConfigurationError
        When a column is unknown.
    """
    known = {node.name for node in NODES} | {"patient_id"}
    strange = [name for name in columns if name not in known]
    if strange:
        raise ConfigurationError(*(unknown("column", name, known) for name in strange))
    recipe = Recipe(world, design, (calibration or calibrate(world, design)).intercepts, NODES)
    share = design.entry.share.value
    rows = int(np.ceil(size / share + 6 * np.sqrt(size * (1 - share)) / share)) if share < 1 else size
    per_batch = max(1, BLOCK // rows)
    done: list[Columns] = []
    for start in range(first, first + count, per_batch):
        batch = range(start, min(start + per_batch, first + count))
        done.append(_batch(recipe, seed, columns, size, rows, batch))
    return {name: np.concatenate([part[name] for part in done]) for name in columns}


def _batch(recipe: Recipe, seed: int, wanted: Sequence[str], size: int, rows: int, batch: range) -> Columns:
    """The first `size` entrants of each replicate of a batch; more source rows are drawn until every one has them."""
    while True:
        made = _entered(recipe, _Addressed(seed, 0, rows, batch), wanted, rows * len(batch))
        order, replicate = made["patient_id"], made["patient_id"] // rows
        entrants = np.bincount(replicate, minlength=len(batch))
        if entrants.min() >= size:
            break
        rows *= 2
    begins = np.concatenate([[0], np.cumsum(entrants)[:-1]])
    take = (begins[:, None] + np.arange(size)).ravel()
    made["patient_id"] = order % rows
    return {name: made[name][take].reshape(len(batch), size) for name in wanted}


def entrants(
    recipe: Recipe, seed: int, wanted: Sequence[str], rows: range, most: int = ENDLESS, block: int = BLOCK
) -> Iterator[Columns]:
    """Block after block of the source patients of `rows`, the wanted columns of those who enter, at most so many."""
    for first in range(rows.start, rows.stop, block):
        count = min(block, rows.stop - first)
        columns = _entered(recipe, _Addressed(seed, first, count, range(1)), wanted, count)
        columns["patient_id"] += first
        yield {name: columns[name][:most] for name in wanted}
        most -= columns["patient_id"].size
        if most <= 0:
            return


def joined(blocks: Sequence[Columns], names: Sequence[str]) -> Columns:
    """Blocks of columns, one after the other, as whole columns; a single block is taken as it is."""
    if len(blocks) == 1:
        return {name: blocks[0][name] for name in names}
    if not blocks:
        return dict.fromkeys(names, np.zeros(0, dtype=np.int64))
    return {name: np.concatenate([block[name] for block in blocks]) for name in names}


def _entered(recipe: Recipe, source: Uniforms, wanted: Sequence[str], rows: int) -> Columns:
    """The wanted columns of those source rows that enter, and their positions as `patient_id`."""
    nodes = ancestors(recipe.nodes, [*wanted, "enters"])
    columns = simulate(ancestors(nodes, ["enters"]), {}, source, recipe)
    chosen = np.flatnonzero(columns["enters"])
    columns = {name: column[chosen] for name, column in columns.items()}
    after = [node for node in nodes if node.name not in columns]
    rest: Uniforms = source if chosen.size == rows else _Chosen(source, chosen)
    columns = simulate(after, columns, rest, recipe)
    columns["patient_id"] = chosen.astype(np.int64)
    return columns


def simulate(nodes: Sequence[Node], columns: Columns, source: Uniforms, recipe: Recipe) -> Columns:
    """Evaluate nodes in causal order, each reading columns that exist."""
    columns = dict(columns)
    for node in nodes:
        value = node(columns, source, recipe.world, recipe.design)
        if node.kind != "values":
            value = node.drawn(value, source(node.name), recipe.intercepts.get(node.name, ()), columns)
        columns[node.name] = value
    return columns
