"""`manifest.json`: what a report is made of and what it made, without clock, host or path; and the report's folder."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sarcoid_epi.errors import ConfigurationError, Problem

NAME = "manifest.json"
MAKER = "sarcoid-epi report"

#: Marks a folder left by an interrupted build, so that nothing else is ever removed.
_MARK = ".sarcoid-epi-partial"

#: Packages whose version may change a byte.
PACKAGES = (
    "great-tables", "jinja2", "lifelines", "matplotlib", "numpy", "pandas", "pyarrow", "pydantic", "sarcoid-epi",
    "scipy", "statsmodels",
)  # fmt: skip


def manifest(folder: Path, configuration: Mapping[str, str], inputs: Mapping[str, str]) -> str:
    """The manifest of everything in a folder, as JSON with sorted keys.

    Parameters
    ----------
    folder : Path
        Holds the finished outputs.
    configuration : mapping
        Resolved configuration, name to value.
    inputs : mapping
        Name of each input to the SHA-256 of its bytes, in hexadecimal.

    Raises
    ------
    ConfigurationError
        When an input is described by anything but its SHA-256, for a path would differ between machines.
    """
    wrong = [name for name, digest in inputs.items() if not re.fullmatch(r"[0-9a-f]{64}", digest)]
    if wrong:
        raise ConfigurationError(
            *(Problem(f"the input '{name}' comes without the SHA-256 of its bytes") for name in wrong)
        )
    content = {
        "made_by": MAKER,
        "configuration": dict(configuration),
        "inputs": dict(inputs),
        "outputs": {path: sha256(folder / path) for path in files(folder)},
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(folder: Path) -> list[str]:
    """Every file below a folder, relative and sorted."""
    found = (
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    )
    return sorted(name for name in found if name != _MARK)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def listed(folder: Path) -> set[str] | None:
    """The outputs that the manifest of an earlier report lists; None where there is no manifest of ours."""
    try:
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or content.get("made_by") != MAKER:
        return None
    outputs = content.get("outputs")
    return {*outputs, NAME} if isinstance(outputs, dict) else None


@contextmanager
def replaced(out: Path) -> Iterator[Path]:
    """A folder to build in, which becomes `out` when all went well and vanishes when not.

    Files in `out` that the earlier report did not make are carried over; none is ever deleted.

    Raises
    ------
    ConfigurationError
        When `out` holds files but no manifest of an earlier report, or cannot be replaced.
    """
    out = out.absolute()
    _refuse_foreign(out)
    partial, old = out.parent / f".{out.name}.partial", out.parent / f".{out.name}.old"
    if not out.exists() and listed(old) is not None:
        os.replace(old, out)  # an earlier build was killed between two renames
    for folder in (partial, old):
        _clear(folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    partial.mkdir()
    (partial / _MARK).touch()
    try:
        yield partial
        _carry_over(out, partial)
        (partial / _MARK).unlink()
        _swap(partial, out, old)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _refuse_foreign(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise ConfigurationError(Problem("a report needs a folder", str(out), "this is a file", "choose another --out"))
    if out.is_symlink():
        raise ConfigurationError(Problem("a report cannot replace a link", str(out), do="name the folder itself"))
    if out == Path.cwd() or out in Path.cwd().parents:
        raise ConfigurationError(
            Problem("a report cannot replace the folder you are in", str(out), do="choose a new folder below it")
        )
    if out.exists() and any(out.iterdir()) and listed(out) is None:
        why = "it holds files but no manifest of an earlier report"
        raise ConfigurationError(
            Problem("refusing to write a report here", str(out), why, "choose an empty or new folder")
        )


def _clear(folder: Path) -> None:
    """Remove what an interrupted build of ours left behind; refuse anything else."""
    if not folder.exists():
        return
    if any(folder.iterdir()) and not (folder / _MARK).exists() and listed(folder) is None:
        raise ConfigurationError(Problem("this name is needed for building", str(folder), do="move that folder away"))
    shutil.rmtree(folder)


def _carry_over(out: Path, partial: Path) -> None:
    ours = listed(out) if out.exists() else None
    for name in files(out) if ours is not None else []:
        if name in (ours or ()):
            continue
        if (partial / name).exists():
            raise ConfigurationError(
                Problem(
                    f"the report would overwrite '{name}'", str(out), "it is not of the earlier report", "move it away"
                )
            )
        (partial / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(out / name, partial / name, follow_symlinks=False)


def _swap(partial: Path, out: Path, old: Path) -> None:
    """Put the new folder in place of the old one, and the old one back if that fails."""
    if not out.exists():
        os.replace(partial, out)
        return
    os.replace(out, old)
    try:
        os.replace(partial, out)
    except BaseException:
        os.replace(old, out)
        raise
    shutil.rmtree(old, ignore_errors=True)
