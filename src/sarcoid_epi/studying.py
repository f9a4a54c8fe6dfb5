"""What the commands `study` and `combine` do, as functions. Nothing here prints."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sarcoid_epi.errors import ConfigurationError, Problem

Progress = Callable[[int, int], object]


#: The folder of the report, beside the parts.
REPORT = "report"


def _quiet(done: int, of: int) -> None:
    """Nobody is watching."""


def study(
    name: str,
    out: str | Path,
    workers: int = 1,
    dask: str | None = None,
    shard: tuple[int, int] = (1, 1),
    progress: Progress = _quiet,
) -> bool:
    """Run a study of a shipped name or a TOML file, or take it up again; once it is whole, tell what it found.

    Parameters
    ----------
    name : str
        A shipped study or a TOML file.
    out : path
        Where the parts go, and what is told of them.
    workers : int
        Processes of this machine.
    dask : str, optional
        The address of a Dask cluster, in place of processes.
    shard : (int, int)
        Which of how many shares of the cases are made here.
    progress : callable
        Told how many parts are done, of how many.

    Returns
    -------
    bool
        Whether every part is there, and the study told.

    Raises
    ------
    ConfigurationError
        When the study contradicts itself, a name is unknown, or the folder belongs to something else.
    """
    from sarcoid_epi.scenario import load_study
    from sarcoid_epi.simulation.engines import dask as cluster
    from sarcoid_epi.simulation.engines import processes
    from sarcoid_epi.simulation.running import run
    from sarcoid_epi.simulation.telling import tell

    number, of = shard
    if not 1 <= number <= of:
        raise ConfigurationError(Problem(f"'{number}/{of}' is no share", "--shard", do="write i/n, i from 1 to n"))
    declared = load_study(name)
    whole = run(declared, Path(out), cluster(dask) if dask else processes(workers), shard, progress)
    if whole:
        tell(declared, Path(out))
        study_report(name, out)
    return whole


def study_report(name: str, out: str | Path) -> Path:
    """The report of a study that is whole, built into the folder `report` beside its parts.

    Parameters
    ----------
    name : str
        A shipped study or a TOML file.
    out : path
        The folder of its parts, with the tables that were told of them.

    Returns
    -------
    Path
        The page, `report/index.html`.

    Raises
    ------
    ConfigurationError
        When the folder belongs to something else, or the study has not been told there.
    """
    from sarcoid_epi.report.document import build
    from sarcoid_epi.scenario import load_study
    from sarcoid_epi.simulation.running import is_of
    from sarcoid_epi.studies import told

    declared, place = load_study(name), Path(out)
    if not is_of(declared, place):
        raise ConfigurationError(Problem("no parts of this study lie here", str(out), do="name its folder, or run it"))
    return build(told(declared, place), place / REPORT)


def combine(name: str, folders: Sequence[str | Path], out: str | Path) -> bool:
    """Bring the parts of several folders of one study together; once it is whole, tell what it found.

    Raises
    ------
    ConfigurationError
        When a folder holds no parts of this very study.
    """
    from sarcoid_epi.scenario import load_study
    from sarcoid_epi.simulation.running import PARTS, claim, finished, is_of
    from sarcoid_epi.simulation.telling import tell

    declared, place = load_study(name), Path(out)
    problems = [
        Problem(f"'{folder}' holds no parts of this study", do="name folders that `study` wrote for the same file")
        for folder in folders
        if not is_of(declared, Path(folder))
    ]
    if problems:
        raise ConfigurationError(*problems)
    claim(place, declared)
    for folder in folders:
        for part in sorted((Path(folder) / PARTS).glob("*.parquet")):
            if not (place / PARTS / part.name).exists():
                partial = place / PARTS / f".{part.name}.partial"
                shutil.copyfile(part, partial)
                partial.replace(place / PARTS / part.name)
    whole = finished(declared, place)
    if whole:
        tell(declared, place)
        study_report(name, out)
    return whole


def replicate(name: str, case: int, number: int) -> list[dict[str, Any]]:
    """The answers of one replicate, made again by itself.

    Raises
    ------
    ConfigurationError
        When there is no such case or replicate.
    """
    from sarcoid_epi.scenario import load_study
    from sarcoid_epi.simulation.running import Unit, replicates

    declared = load_study(name)
    for what, value, of in (("case", case, len(declared.all_cases())), ("replicate", number, declared.replicates)):
        if not 0 <= value < of:
            raise ConfigurationError(Problem(f"there is no {what} {value}", do=f"name one from 0 to {of - 1}"))
    columns = replicates(declared, Unit(case, number, 1))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
