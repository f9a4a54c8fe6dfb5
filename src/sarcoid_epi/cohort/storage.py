"""Put a cohort on disk: two tables and the certificate of its birth.

A cohort of one part is two files, a larger one two folders of parts; its bytes are the same whether it was made in
memory or part by part.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import numpy as np

from sarcoid_epi.cohort.calibration import Calibration
from sarcoid_epi.cohort.generator import Cohort
from sarcoid_epi.cohort.occurrence import Population
from sarcoid_epi.cohort.parts import PART, Order, place
from sarcoid_epi.cohort.writing import CSV, PATIENTS, ROW_GROUP, TRUTH, Tables, csv_text, write_tables
from sarcoid_epi.files import digest, replaced
from sarcoid_epi.results import DIGITS
from sarcoid_epi.scenario import Design, World

CERTIFICATE = "certificate.toml"

#: The first line of every certificate; by it a folder is known as ours.
MADE_HERE = "# How this cohort came to be. Synthetic: no line of it is a patient."


def write_cohort(
    cohort: Cohort,
    world: World,
    design: Design,
    seed: int,
    out: Path,
    do: Mapping[str, str] | None = None,
    csv: bool = False,
    columns: Sequence[str] | None = None,
    population: Population | None = None,
    part: int = PART,
) -> list[Path]:
    """Write `patients.parquet`, `truth.parquet` and `certificate.toml` (and `patients.csv`) into a folder.

    The folder is replaced as a whole at the end: an interrupt or a failure leaves the earlier cohort as it was.

    Parameters
    ----------
    cohort : Cohort
        What is written.
    world, design : World, Design
        What it was made of and how it was looked at, for the certificate.
    seed : int
        The source of its chance, for the certificate.
    out : Path
        New, empty, or holding an earlier cohort; files in it that the earlier cohort did not make are kept.
    do : mapping, optional
        Interventions, for the certificate.
    csv : bool
        Whether to write `patients.csv` too.
    columns : sequence of str, optional
        The columns it was cut down to, for the certificate.
    population : Population, optional
        Where its patients arose, for the certificate.
    part : int
        Source patients of a part; a cohort of several is written as folders.

    Returns
    -------
    list of Path
        The files, the certificate last.

    Raises
    ------
    ConfigurationError
        When `out` holds files but no certificate of ours, a file that would be overwritten is not as the earlier
        cohort made it, or the folder cannot be written.
    """
    size = len(cohort.patients)
    kept = None if columns is None else tuple(columns)
    order = Order(world, design, size, seed, dict(do or {}), kept, population, csv, part)
    parts = _parts(cohort, part)
    with replaced(out, made_here, "cohort") as folder:
        for number, groups in enumerate(parts):
            patients, truth = (
                folder / (place(table, number) if len(parts) > 1 else table) for table in (PATIENTS, TRUTH)
            )
            for path in (patients, truth):
                path.parent.mkdir(exist_ok=True)
            write_tables(groups, patients, truth, None, header=False)
        if csv:
            (folder / CSV).write_bytes(csv_text(cohort.patients).encode("utf-8"))
        names = [name for table in order.tables for name in parts_of(table, 1 if table == CSV else len(parts))]
        hashes = {name: digest(folder / name) for name in names}
        certify(folder, order, cohort.calibration, size, cohort.source_patients, hashes)
    return [out / name for name in (*names, CERTIFICATE)]


def parts_of(table: str, count: int) -> list[str]:
    """The files of a table of so many parts: one part is a file, more are files in a folder."""
    return [table] if count == 1 else [place(table, number) for number in range(count)]


def _parts(cohort: Cohort, part: int) -> list[Iterator[Tables]]:
    """The row groups of each part of a cohort in memory."""
    numbers = cohort.patients["patient_id"].to_numpy() - 1
    count = -(-max(cohort.source_patients, int(numbers[-1]) + 1) // part)
    ends = np.searchsorted(numbers, np.arange(count + 1) * part)
    return [_groups(cohort, first, last) for first, last in pairwise(ends.tolist())]


def _groups(cohort: Cohort, first: int, last: int) -> Iterator[Tables]:
    for start in range(first, max(last, first + 1), ROW_GROUP):
        rows = slice(start, min(start + ROW_GROUP, last))
        yield cohort.patients.iloc[rows], cohort.truth.iloc[rows]


def certify(
    folder: Path, order: Order, calibration: Calibration, size: int, source: int, hashes: Mapping[str, str]
) -> None:
    """Write the certificate of a cohort."""
    text = "\n".join(_certificate(order, calibration, size, source, hashes)) + "\n"
    (folder / CERTIFICATE).write_bytes(text.encode("utf-8"))


def made_here(folder: Path) -> set[str] | None:
    """The files that the earlier cohort of a folder made and nobody changed; None without a certificate of ours."""
    try:
        text = (folder / CERTIFICATE).read_text(encoding="utf-8")
        hashes = tomllib.loads(text).get("sha256")
    except (OSError, ValueError):
        return None
    if not text.startswith(MADE_HERE + "\n") or not isinstance(hashes, dict):
        return None
    unchanged = {name for name, made in hashes.items() if (folder / name).is_file() and digest(folder / name) == made}
    return {*unchanged, CERTIFICATE}


def _certificate(
    order: Order, calibration: Calibration, size: int, source: int, hashes: Mapping[str, str]
) -> Iterator[str]:
    yield MADE_HERE
    yield "[cohort]"
    yield f"world = {_text(order.world.name)}"
    yield f"design = {_text(order.design.name)}"
    yield f"size = {size}"
    yield f"seed = {order.seed}"
    yield f"source_patients = {source}"
    yield f"sarcoid_epi = {_text(version('sarcoid-epi'))}"
    if order.columns is not None:
        yield f"columns = [{', '.join(map(_text, order.wanted))}]"
    if order.population:
        yield ""
        yield from _arising(order.population, size)
    if order.do:
        yield ""
        yield "[do]"
        yield from (f"{name} = {_text(value)}" for name, value in sorted(order.do.items()))
    yield ""
    yield "[sha256]"
    yield from (f"{_text(name)} = {_text(value)}" for name, value in hashes.items())
    for part, scenario in (("world", order.world), ("design", order.design)):
        yield ""
        yield f"[{part}]"
        for path, parameter in scenario.parameters().items():
            yield f"{path} = {{ value = {_number(parameter.value)}, basis = {_text(str(parameter.basis))} }}"
    for reached in calibration.report:
        yield ""
        yield "[[calibration]]"
        yield f"node = {_text(reached.node)}"
        yield f"target_path = {_text(reached.path)}"
        yield f"population = {_text(reached.population)}"
        yield f"target = {_number(reached.target)}"
        yield f"achieved = {_number(reached.achieved)}"
        yield f"residual = {round(reached.achieved - reached.target, 10) + 0.0}"
        yield f"basis = {_text(reached.basis)}"


def _arising(population: Population, entered: int) -> Iterator[str]:
    """Where the patients arose: people and years, how often the disease is, source patients expected, drawn, met."""
    yield "[population]"
    yield f"people = {population.people}"
    yield f"years = [{population.years[0]}, {population.years[1]}]"
    yield f"incidence = {_number(population.incidence)}"
    yield f"prevalence = {_number(population.prevalence)}"
    yield f"only_new_patients = {str(population.only_new).lower()}"
    yield f"expected = {_number(population.expected)}"
    yield f"drawn = {population.source}"
    yield f"entered = {entered}"


def _number(value: float) -> str:
    """A number at the digits that all processors agree on."""
    return repr(float(f"{value:.{DIGITS}g}"))


def _text(value: str) -> str:
    """A TOML basic string; its escapes are JSON's."""
    return json.dumps(value, ensure_ascii=False)
