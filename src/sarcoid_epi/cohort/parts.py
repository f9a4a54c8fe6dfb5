"""A cohort in parts: fixed ranges of source patients, each made and written by itself, in any order, by anyone.

Which parts a cohort has, and where the last is cut, follows from how many enter; so the plan is made anew whenever a
part is finished, and ends the same whatever the order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from importlib.metadata import version
from itertools import count
from pathlib import Path

from sarcoid_epi.cohort.calibration import Intercepts
from sarcoid_epi.cohort.generator import BLOCK, ENDLESS, Recipe, entrants, wanted_columns
from sarcoid_epi.cohort.intervention import intervened
from sarcoid_epi.cohort.node import Columns
from sarcoid_epi.cohort.occurrence import Population
from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.cohort.tables import patient_frame, truth_frame
from sarcoid_epi.cohort.writing import CSV, PATIENTS, ROW_GROUP, TRUTH, Tables, regrouped, write_tables
from sarcoid_epi.files import digest
from sarcoid_epi.scenario import Design, World

#: Source patients of a part.
PART = 2**20

#: What a part's bytes depend on beside the recipe: other versions may round or pack differently.
ENGINES = ("sarcoid-epi", "numpy", "scipy", "pandas", "pyarrow")


@dataclass(frozen=True)
class Order:
    """What is asked for: all that a cohort on disk is a function of.

    The first `size` who enter (None: all) of so many `source` patients (None: without end), in parts of `part` source
    patients.
    """

    world: World
    design: Design
    size: int | None
    seed: int
    do: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    population: Population | None = None
    csv: bool = False
    part: int = PART

    @property
    def source(self) -> int | None:
        """Source patients there are."""
        return None if self.population is None else self.population.source

    @property
    def tables(self) -> tuple[str, ...]:
        """The files that are written."""
        return (PATIENTS, TRUTH, CSV) if self.csv else (PATIENTS, TRUTH)

    @property
    def hash(self) -> str:
        """The recipe in one word; the same word, the same bytes."""
        said = {name: value for name, value in vars(self).items() if name not in ("world", "design", "population")}
        said |= {"world": self.world.model_dump(), "design": self.design.model_dump(), "row group": ROW_GROUP}
        said |= {"population": asdict(self.population) if self.population else None}
        said |= {"engines": {engine: version(engine) for engine in ENGINES}}
        return sha256(json.dumps(said, sort_keys=True, default=dict).encode("utf-8")).hexdigest()

    @property
    def wanted(self) -> tuple[str, ...]:
        """Columns of both tables."""
        return wanted_columns(self.columns)

    def rows(self, number: int) -> range:
        """The source patients of a part; none beyond the last."""
        end = ENDLESS if self.source is None else self.source
        return range(min(number * self.part, end), min((number + 1) * self.part, end))

    def expected(self, number: int) -> float:
        """How many of a part's source patients should enter."""
        return len(self.rows(number)) * self.design.entry.share.value

    @property
    def about_parts(self) -> int:
        """How many parts there will be, near enough to show."""
        source = self.source
        if self.size is not None:
            met = self.size / self.design.entry.share.value
            source = round(met) if source is None else min(round(met), source)
        return max(1, -(-(source or 0) // self.part))


@dataclass(frozen=True)
class Job:
    """A part to make, cut after so many entrants, and how many there should be."""

    number: int
    most: int
    expected: float


@dataclass(frozen=True)
class Part:
    """A finished part: how many entered, the last of them by number of source patient, the hash of each table."""

    number: int
    entrants: int
    last: int
    sha256: dict[str, str]


def due(order: Order, done: Mapping[int, int], flying: Collection[Job]) -> Job | None:
    """The next part to make; None when there is none, or none before those that are being made are finished.

    Parameters
    ----------
    order : Order
        What is asked for.
    done : mapping of int to int
        Entrants of each part that is finished.
    flying : collection of Job
        Parts that are being made.
    """
    everybody = order.design.entry.share.value == 1
    working = {job.number: job for job in flying}
    left = ENDLESS if order.size is None else order.size  # never fewer than are needed of the part
    hoped, exact = float(left), True
    for number in count():
        rows = order.rows(number)
        if not rows or left <= 0 or hoped <= 0:
            return None
        if number in working:
            hoped -= working[number].expected
            left -= min(len(rows), working[number].most) if everybody else 0
            exact = exact and everybody
        elif number not in done:
            return Job(number, left, min(left, order.expected(number)))
        elif done[number] > left:  # made before it was known how many are needed of it
            return Job(number, left, left) if exact else None
        else:
            left -= done[number]
            hoped -= done[number]
    return None


def needed(order: Order, done: Mapping[int, Part]) -> list[Part]:
    """The parts of the finished cohort, in their order."""
    left = ENDLESS if order.size is None else order.size
    parts: list[Part] = []
    for number in count():
        if left <= 0 or not order.rows(number):
            break
        parts.append(done[number])
        left -= done[number].entrants
    return parts


def place(table: str, number: int) -> str:
    """Where a part of a table lies: `patients.parquet/part-00000.parquet`."""
    return f"{table}/part-{number:05d}{Path(table).suffix}"


def unfinished(path: Path) -> Path:
    """Where a file of a part grows until it is whole."""
    return path.with_name(f"{path.name}.partial")


def make_part(
    order: Order, intercepts: Intercepts, job: Job, folder: Path, block: int = BLOCK, stop: Callable[[], object] = bool
) -> Part:
    """Make a part and write its tables, unfinished, below the folder; `stop`, called between blocks, may raise."""
    paths = {table: unfinished(folder / place(table, job.number)) for table in order.tables}
    for path in paths.values():
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
    wanted = order.wanted
    recipe = Recipe(order.world, order.design, intercepts, intervened(NODES, order.do))
    met, last = 0, -1

    def blocks() -> Iterator[Columns]:
        nonlocal met, last
        for columns in entrants(recipe, order.seed, wanted, order.rows(job.number), job.most, block):
            stop()
            met += columns["patient_id"].size
            last = int(columns["patient_id"].max(initial=last))
            yield columns

    tables = (framed(group, order, wanted) for group in regrouped(blocks()))
    write_tables(tables, paths[PATIENTS], paths[TRUTH], paths.get(CSV), header=job.number == 0)
    return Part(job.number, met, last, {table: digest(path) for table, path in paths.items()})


def framed(columns: Columns, order: Order, names: Collection[str]) -> Tables:
    """Columns as the two tables."""
    centres = round(order.design.entry.centres.value)
    return patient_frame(columns, centres, names), truth_frame(columns, names)
