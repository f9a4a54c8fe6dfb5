"""Rebuild a report and compare it with what is there: bytes, numbers at 8 digits, numbers at tolerance."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from sarcoid_epi import api, studying
from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.files import digest

#: Relative difference below which two numbers count as the same answer from different processors.
TOLERANCE = 1e-6


#: Reports of one question on a synthetic cohort, by the command in their manifest.
QUESTIONS = {
    "lofgren": api.lofgren_report,
    "association": api.association_report,
    "prognosis": api.prognosis_report,
}


@dataclass(frozen=True)
class Verified:
    """Files that differ in bytes, and whether the numbers of the tables agree all the same."""

    folder: str
    files: int
    differing: tuple[str, ...]
    same_digits: bool
    same_within_tolerance: bool

    @property
    def same_bytes(self) -> bool:
        """Whether every file has the same bytes."""
        return not self.differing

    def __str__(self) -> str:
        def said(same: bool) -> str:
            return "same" if same else "different"

        lines = [
            f"{self.folder}: {self.files} files rebuilt",
            f"  bytes: {said(self.same_bytes)}",
            f"  numbers at 8 digits: {said(self.same_digits)}",
            f"  numbers within {TOLERANCE:g}: {said(self.same_within_tolerance)}",
        ]
        return "\n".join([*lines, *(f"  differs: {name}" for name in self.differing)])


def verify(folder: Path, inputs: Path = Path()) -> Verified:
    """Rebuild the report of a folder from its manifest and compare.

    Parameters
    ----------
    folder : Path
        A report.
    inputs : Path
        Where the user's own files lie that the report was made from; the manifest knows their names and hashes. The
        tables of a study lie in the folder above its report.

    Raises
    ------
    ConfigurationError
        When the folder holds no report, or a file is not the one it was made from.
    """
    manifest = _manifest(folder)
    if manifest["configuration"].get("command") == "study" and inputs == Path():
        inputs = folder.parent
    with tempfile.TemporaryDirectory() as made:
        out = Path(made) / "report"
        _rebuild(manifest["configuration"], _found(manifest["inputs"], inputs), out)
        new = _manifest(out)["outputs"]
        names = sorted({*new, *manifest["outputs"]})
        differing = tuple(name for name in names if _hash(folder / name) != _hash(out / name))
        tables = [name for name in names if name.endswith(".csv")]
        digits = all(_agree(folder / name, out / name, 0.0) for name in tables)
        close = all(_agree(folder / name, out / name, TOLERANCE) for name in tables)
    return Verified(folder.name, len(names), differing, digits, close)


def _found(hashes: Mapping[str, str], place: Path) -> dict[str, str]:
    """Path of each input of a report, by its name; every one that is not there or not the same is named."""
    problems = []
    for name, wanted in hashes.items():
        path = place / name
        if not path.exists():
            problems.append(Problem(f"the report was made from '{name}'", do="say with --inputs which folder it is in"))
        elif digest(path) != wanted:
            problems.append(Problem(f"'{path}' is not the '{name}' that the report was made from"))
    if problems:
        raise ConfigurationError(*problems)
    return {name: str(place / name) for name in hashes}


def _manifest(folder: Path) -> dict[str, dict[str, str]]:
    try:
        content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict) or not {"configuration", "inputs", "outputs"} <= content.keys():
        inside = folder / "report"
        do = f"name '{inside}'" if (inside / "manifest.json").is_file() else "name the folder of a report"
        raise ConfigurationError(Problem("there is no report here", str(folder), do=do))
    return content


def _rebuild(asked: Mapping[str, str], files: Mapping[str, str], out: Path) -> None:
    if asked.get("command") == "evidence":
        api.evidence_report(out, asked["title"], asked["question"])
        return
    if asked.get("command") == "agreement":
        api.agreement_report(out, asked["title"], asked["question"], int(asked["size"]), int(asked["seed"]))
        return
    if asked.get("command") == "undetected":
        api.undetected_report(out, asked["title"], asked["question"], int(asked["size"]), int(asked["seed"]))
        return
    if asked.get("command") == "study":
        studying.study_report_again(Path(files["summary.csv"]).parent, out)
        return
    if make := QUESTIONS.get(asked.get("command", "")):
        make(out, asked["title"], asked["question"], asked["design"], int(asked["size"]), int(asked["seed"]))
        return
    beliefs = [files.get(name, name) for name in asked["beliefs"].splitlines()]
    by = asked.get("by")
    if "patients" in asked:
        api.report(out, files[asked["patients"]], files.get(asked.get("mapping", "")), beliefs=beliefs, by=by)
        return
    varied = {key.removeprefix("vary "): float(value) for key, value in asked.items() if key.startswith("vary ")}
    world, design = (files.get(asked[part], asked[part]) for part in ("world", "design"))
    size, seed = int(asked["size"]), int(asked["seed"])
    api.report(out, world=world, design=design, size=size, seed=seed, beliefs=beliefs, by=by, vary=varied)


def _hash(path: Path) -> str:
    return digest(path) if path.is_file() else ""


def _agree(one: Path, other: Path, tolerance: float) -> bool:
    """Whether two CSV files agree field by field, numbers up to a relative tolerance."""
    if not (one.is_file() and other.is_file()):
        return False
    pairs = zip_longest(_fields(one), _fields(other), fillvalue="")
    return all(_same(a, b, tolerance) for a, b in pairs)


def _fields(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").replace("\n", ",").split(",")


def _same(one: str, other: str, tolerance: float) -> bool:
    if one == other:
        return True
    try:
        return math.isclose(float(one), float(other), rel_tol=tolerance, abs_tol=0.0)
    except ValueError:
        return False
