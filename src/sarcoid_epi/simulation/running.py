"""Run a study: its replicates in parts, each a pure function of the study, the case and the replicates' numbers.

So a part has the same bytes whoever makes it, in whatever order; what is there already is never made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.files import write_bytes, write_text
from sarcoid_epi.scenario import Case, Study
from sarcoid_epi.simulation.engines import Engine
from sarcoid_epi.simulation.population import population, questions
from sarcoid_epi.simulation.terms import largest_error

#: Patients and replicates of a part, at most: what a worker holds in memory at once.
PATIENTS, REPLICATES = 2**22, 500

#: What a part's bytes depend on beside the study.
ENGINES = ("sarcoid-epi", "numpy", "scipy", "pyarrow")

#: The folder of parts, and the study that they are of.
PARTS, RECIPE = "parts", "study.json"

Progress = Callable[[int, int], object]


class Unit(NamedTuple):
    """Replicates `first` to `first + many` of a case: what one part holds."""

    case: int
    first: int
    many: int

    @property
    def name(self) -> str:
        """The name of its part, without the hash."""
        return f"{self.case:05d}-{self.first:07d}"


def run(
    study: Study, out: Path, engine: Engine, shard: tuple[int, int] = (1, 1), progress: Progress = lambda done, of: None
) -> bool:
    """Make the parts that are not there yet; whether the study is whole afterwards.

    Parameters
    ----------
    study : Study
        What is asked.
    out : Path
        New, or where an earlier run of the same study was at work. Parts are only ever added.
    engine : Engine
        Who works.
    shard : (int, int)
        Which of how many shares of the cases are this run's; (1, 1) for all.
    progress : callable
        Told how many units are done, of how many known so far.

    Raises
    ------
    ConfigurationError
        When the study asks for what there is not, or parts of another study lie there.
    """
    claim(out, study)
    number, of = shard
    cases = [case for case in study.all_cases() if case.number % of == number - 1]
    if study.error is None:
        wanted = [unit for case in cases for unit in units(study, case)]
        _make(study, wanted, out, engine, progress, 0, len(wanted))
    else:
        _until(study, cases, out, engine, progress)
    return finished(study, out)


def units(study: Study, case: Case) -> list[Unit]:
    """The units of a case, in order."""
    count = max(1, min(REPLICATES, PATIENTS // case.size))
    starts = range(0, study.replicates, count)
    return [Unit(case.number, first, min(count, study.replicates - first)) for first in starts]


def _until(study: Study, cases: Sequence[Case], out: Path, engine: Engine, progress: Progress) -> None:
    """Round after round one more unit of every case whose Monte Carlo error is still too large."""
    done = 0
    while unmet := [unit for case in cases if (unit := _next(study, case, out))]:
        _make(study, unmet, out, engine, progress, done, done + len(unmet))
        done += len(unmet)


def _next(study: Study, case: Case, out: Path) -> Unit | None:
    """The next unit of a case that is not precise enough yet."""
    for made, unit in enumerate(units(study, case)):
        if made and _precise(study, case, out, made):
            return None
        if not (out / PARTS / part_name(study, unit)).exists():
            return unit
    return None


def _precise(study: Study, case: Case, out: Path, made: int) -> bool:
    """Whether the Monte Carlo error of every coverage is within what the study asks, after so many units."""
    if study.error is None:
        return False
    paths = [out / PARTS / part_name(study, unit) for unit in units(study, case)[:made]]
    return largest_error(read_parts(paths)) <= study.error


def finished(study: Study, out: Path) -> bool:
    """Whether every part that the study asks for is there."""
    return all(_next(study, case, out) is None for case in study.all_cases())


def parts_of(study: Study, case: Case, out: Path) -> list[Path]:
    """The parts of a case that are there, in order."""
    paths = (out / PARTS / part_name(study, unit) for unit in units(study, case))
    return [path for path in paths if path.exists()]


def _make(
    study: Study, wanted: Sequence[Unit], out: Path, engine: Engine, progress: Progress, before: int, total: int
) -> None:
    """Make the parts of the units that have none, in whatever order they come in."""
    lacking = [unit for unit in wanted if not (out / PARTS / part_name(study, unit)).exists()]
    done = before + len(wanted) - len(lacking)
    progress(done, total)
    declared = study.model_dump_json()
    for unit, content in engine(part, [(declared, unit) for unit in lacking]):
        write_bytes(out / PARTS / part_name(study, Unit(*unit)), content)
        done += 1
        progress(done, total)


def part(declared: str, unit: Unit) -> tuple[Unit, bytes]:
    """The bytes of a unit's part: a pure function, for any process on any machine."""
    study = Study.model_validate_json(declared)
    return unit, _packed(replicates(study, Unit(*unit)))


def replicates(study: Study, unit: Unit) -> dict[str, np.ndarray[Any, Any]]:
    """Every answer of the replicates of a unit as long columns; what failed is a row with NaN and a note."""
    case = _cases(study.model_dump_json())[unit.case]
    there = population(study, case)
    strata = there.replicates(study.seed, unit.first, unit.many, case.size)
    numbers = np.arange(unit.first, unit.first + unit.many)
    columns: dict[str, list[np.ndarray[Any, Any]]] = {name: [] for name in COLUMNS}
    for question in questions(study):
        answers = question(strata, there.belief)
        for at, term in enumerate(answers.terms):
            if study.terms and term not in study.terms:
                continue
            columns["replicate"].append(numbers)
            columns["run"].append(np.full(unit.many, question.run, dtype=object))
            columns["term"].append(np.full(unit.many, term, dtype=object))
            columns["truth"].append(np.full(unit.many, there.truth[question.run].get(term, np.nan)))
            for name in NUMBERS:
                columns[name].append(getattr(answers, name)[:, at])
            columns["note"].append(answers.note[:, at].astype(object))
    return {name: np.concatenate(values) for name, values in columns.items()}


#: Columns of a part; the numbers are fields of the answers.
NUMBERS = ("estimate", "low", "high", "std_error", "n", "events")
COLUMNS = ("replicate", "run", "term", "truth", *NUMBERS, "note")


@lru_cache(maxsize=4)
def _cases(declared: str) -> tuple[Case, ...]:
    return Study.model_validate_json(declared).all_cases()


def part_name(study: Study, unit: Unit) -> str:
    """The name of a unit's part: its place, and a hash of all that its bytes depend on."""
    return f"{unit.name}-{_hash(study.model_dump_json(exclude={'label', 'aims', 'error'}), unit)}.parquet"


@lru_cache(maxsize=2**16)
def _hash(declared: str, unit: Unit) -> str:
    said = json.dumps([declared, list(unit), {engine: version(engine) for engine in ENGINES}])
    return blake2b(said.encode("utf-8"), digest_size=6).hexdigest()


def _packed(columns: dict[str, np.ndarray[Any, Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({
        name: pa.array(values).dictionary_encode() if values.dtype == object else pa.array(values)
        for name, values in columns.items()
    })  # fmt: skip
    sink = BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def read_parts(paths: Iterable[Path]) -> Iterator[dict[str, np.ndarray[Any, Any]]]:
    """The columns of parts, one after the other."""
    import pyarrow.parquet as pq

    for path in paths:
        table = pq.read_table(path)
        yield {name: table[name].to_numpy() for name in table.column_names}


def claim(out: Path, study: Study) -> None:
    """Say whose the folder is; refuse one that belongs to something else."""
    if is_of(study, out):
        return
    if (out / RECIPE).exists():
        raise ConfigurationError(
            Problem("another study was at work here", str(out), do="finish it, or name another folder")
        )
    if out.exists() and any(out.iterdir()):
        raise ConfigurationError(Problem("the folder holds other files", str(out), do="name a new or an empty folder"))
    (out / PARTS).mkdir(parents=True, exist_ok=True)
    write_text(out / RECIPE, _recipe(study))


def is_of(study: Study, out: Path) -> bool:
    """Whether a folder holds parts of this very study."""
    recipe = out / RECIPE
    return recipe.is_file() and recipe.read_text(encoding="utf-8") == _recipe(study)


def _recipe(study: Study) -> str:
    return study.model_dump_json(indent=1) + "\n"
