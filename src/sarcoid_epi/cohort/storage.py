"""Put a cohort on disk: two tables and the certificate of its birth."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sarcoid_epi.cohort.generator import Cohort
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
    names = ["patients.parquet", "truth.parquet", *(["patients.csv"] if csv else [])]
    with replaced(out, made_here, "cohort") as folder:
        _parquet(cohort.patients, folder / "patients.parquet")
        _parquet(cohort.truth, folder / "truth.parquet")
        if csv:
            (folder / "patients.csv").write_bytes(csv_text(cohort.patients).encode("utf-8"))
        hashes = {name: digest(folder / name) for name in names}
        certificate = "\n".join(_certificate(cohort, world, design, seed, do or {}, hashes)) + "\n"
        (folder / CERTIFICATE).write_bytes(certificate.encode("utf-8"))
    return [out / name for name in (*names, CERTIFICATE)]


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


def csv_text(frame: pd.DataFrame) -> str:
    """A patient table as CSV: flags as 1 and 0, dates as YYYY-MM-DD, missing values as empty fields."""
    plain = frame.copy()
    for name, values in frame.items():
        if pd.api.types.is_bool_dtype(values):
            plain[name] = values.astype("Int8")
    return plain.to_csv(index=False, lineterminator="\n", float_format=f"%.{DIGITS}g", date_format="%Y-%m-%d")


def _parquet(frame: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    # Dictionaries help flags and categories; for measured numbers they only cost time and space.
    coded = [field.name for field in table.schema if not pa.types.is_floating(field.type)]
    pq.write_table(table, path, compression="zstd", use_dictionary=coded, row_group_size=2**16)


def _certificate(
    cohort: Cohort, world: World, design: Design, seed: int, do: Mapping[str, str], hashes: Mapping[str, str]
) -> Iterator[str]:
    yield MADE_HERE
    yield "[cohort]"
    yield f"world = {_text(world.name)}"
    yield f"design = {_text(design.name)}"
    yield f"size = {len(cohort.patients)}"
    yield f"seed = {seed}"
    yield f"source_patients = {cohort.source_patients}"
    yield f"sarcoid_epi = {_text(version('sarcoid-epi'))}"
    if do:
        yield ""
        yield "[do]"
        yield from (f"{name} = {_text(value)}" for name, value in sorted(do.items()))
    yield ""
    yield "[sha256]"
    yield from (f"{_text(name)} = {_text(value)}" for name, value in hashes.items())
    for part, scenario in (("world", world), ("design", design)):
        yield ""
        yield f"[{part}]"
        for path, parameter in scenario.parameters().items():
            yield f"{path} = {{ value = {_number(parameter.value)}, basis = {_text(str(parameter.basis))} }}"
    for reached in cohort.calibration.report:
        yield ""
        yield "[[calibration]]"
        yield f"node = {_text(reached.node)}"
        yield f"target_path = {_text(reached.path)}"
        yield f"population = {_text(reached.population)}"
        yield f"target = {_number(reached.target)}"
        yield f"achieved = {_number(reached.achieved)}"


def _number(value: float) -> str:
    """A number at the digits that all processors agree on."""
    return repr(float(f"{value:.{DIGITS}g}"))


def _text(value: str) -> str:
    """A TOML basic string; its escapes are JSON's."""
    return json.dumps(value, ensure_ascii=False)
