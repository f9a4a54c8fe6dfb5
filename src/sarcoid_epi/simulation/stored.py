"""The folder of a study: its parts, and the recipe that they are of."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.errors import ConfigurationError, DataError, Problem
from sarcoid_epi.files import write_bytes, write_text
from sarcoid_epi.scenario import Study
from sarcoid_epi.simulation.stated import FREE, recipe

#: The folder of parts, and the study that they are of.
PARTS, RECIPE = "parts", "study.json"


def claim(out: Path, mine: Mapping[str, Any]) -> None:
    """Say whose the folder is, by a study's recipe, or find that it is this study's.

    Raises
    ------
    ConfigurationError
        When it belongs to another study or to something else.
    """
    others = _others(out)  # looked at first: another run of this study may claim the folder at the same time
    there = _recipe(out)
    if there is None:
        if others:
            do = "name a new or an empty folder"
            raise ConfigurationError(Problem("the folder holds other files", str(out), do=do))
    elif there["key"] != mine["key"]:
        raise ConfigurationError(_difference(out, there, mine))
    if there != mine:
        write_text(out / RECIPE, json.dumps(mine, indent=1, ensure_ascii=False) + "\n")
    (out / PARTS).mkdir(parents=True, exist_ok=True)


def is_of(study: Study, out: Path) -> bool:
    """Whether a folder holds parts of this very study."""
    there = _recipe(out)
    return there is not None and there["key"] == recipe(study)["key"]


def study_of(out: Path) -> Study:
    """The study that a folder says it is of.

    Raises
    ------
    ConfigurationError
        When it is no study's folder.
    """
    return Study.model_validate(_demanded(out)["study"])


def key_of(out: Path) -> str:
    """The key that names the parts of a folder.

    Raises
    ------
    ConfigurationError
        When it is no study's folder.
    """
    return str(_demanded(out)["key"])


def foreign(study: Study, out: Path) -> Problem:
    """Why a folder is not this study's."""
    there = _recipe(out)
    if there is None:
        return Problem(f"'{out}' holds no study", do="name folders that `study` wrote for the same file")
    return _difference(out, there, recipe(study))


def _recipe(out: Path) -> dict[str, Any] | None:
    """What a folder says that it is of; None where it says nothing that can be read."""
    try:
        said = json.loads((out / RECIPE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) and {"key", "study", "contents", "versions"} <= said.keys() else None


def _demanded(out: Path) -> dict[str, Any]:
    there = _recipe(out)
    if there is None:
        raise ConfigurationError(Problem(f"'{out}' holds no study", do="name a folder that `study` wrote"))
    return there


def _others(out: Path) -> bool:
    """Whether files lie in a folder that no killed run of ours left."""
    if not out.is_dir():
        return out.exists()
    left = [path for path in out.iterdir() if not (path.name.startswith(f".{RECIPE}.") or path.name == PARTS)]
    parts = out / PARTS
    return bool(left) or (parts.exists() and (not parts.is_dir() or any(parts.iterdir())))


def _difference(out: Path, there: Mapping[str, Any], mine: Mapping[str, Any]) -> Problem:
    """In what a folder's study and this one differ."""
    where = str(out)
    old, new = there["versions"], mine["versions"]
    if differing := [name for name in new if old.get(name) != new[name]]:
        name = differing[0]
        said = f"parts of {name} {old.get(name)} lie here, and this is {name} {new[name]}"
        return Problem(said, where, "other versions may round otherwise", "name another folder")
    depends = [key for key in mine["study"] if key not in FREE]
    keys = [key for key in depends if there["study"].get(key) != mine["study"][key]]
    if keys:
        return Problem(f"another study was at work here: '{keys[0]}' differs", where, do="name another folder")
    names = [
        f"{kind} '{name}'"
        for kind, those in mine["contents"].items()
        for name in those
        if there["contents"].get(kind, {}).get(name) != those[name]
    ]
    said = f"the study was run here with something else in {names[0]}" if names else "another study was at work here"
    return Problem(said, where, do="name another folder")


def store(out: Path, name: str, content: bytes) -> None:
    """Put a part in its place, whole or not at all; another run may do the same at the same time."""
    write_bytes(out / PARTS / name, content)


def sound(out: Path, name: str) -> bool:
    """Whether a part is there, is the one that its name says, and is whole, by the checksums of its pages."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = out / PARTS / name
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            said = (file.schema_arrow.metadata or {}).get(b"part", b"")
            if said.decode("utf-8") != name:
                return False
            file.read()
    except (OSError, ValueError, pa.ArrowException):
        return False
    return True


def read_parts(paths: Iterable[Path]) -> Iterator[dict[str, NDArray[Any]]]:
    """The columns of parts, one after the other.

    Raises
    ------
    DataError
        When a part is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in paths:
        try:
            table = pq.read_table(path, page_checksum_verification=True)
        except (OSError, ValueError, pa.ArrowException):
            do = "run the study again: what is damaged is made anew"
            raise DataError(Problem(f"'{path}' is damaged", do=do)) from None
        yield {name: np.asarray(table[name].to_numpy()) for name in table.column_names}


@contextmanager
def in_turn(out: Path) -> Iterator[None]:
    """Wait until no other run tells what it found in this folder; a killed one lets go."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    path = out / f".{RECIPE}.lock"
    while True:
        lock = path.open("a")
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists() and os.path.samestat(os.fstat(lock.fileno()), path.stat()):
            break
        lock.close()  # the one before has taken it away
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        lock.close()


def tidy(out: Path) -> None:
    """Clear away what killed runs left half written, once everything is there."""
    for folder in (out, out / PARTS):
        for path in folder.glob(".*.partial"):
            with suppress(OSError):
                path.unlink()
