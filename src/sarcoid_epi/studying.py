"""What the commands `study` and `combine` do, as functions. Nothing here prints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sarcoid_epi.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from sarcoid_epi.scenario import Study

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
    WorkError
        When an estimator broke; parts of other units are kept.
    """
    from sarcoid_epi.scenario import load_study
    from sarcoid_epi.simulation.engines import dask as cluster
    from sarcoid_epi.simulation.engines import processes
    from sarcoid_epi.simulation.running import run
    from sarcoid_epi.simulation.stored import in_turn, tidy
    from sarcoid_epi.simulation.telling import tell

    number, of = shard
    if not 1 <= number <= of:
        raise ConfigurationError(Problem(f"'{number}/{of}' is no share", "--shard", do="write i/n, i from 1 to n"))
    if dask and workers > 1:
        raise ConfigurationError(Problem("the workers are those of the cluster", "--workers", do="leave it out"))
    declared = load_study(name)
    whole = run(declared, Path(out), cluster(dask) if dask else processes(workers), shard, progress)
    if whole:
        with in_turn(Path(out)):
            tell(declared, Path(out))
            study_report(name, out)
            tidy(Path(out))
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
    from sarcoid_epi.scenario import load_study
    from sarcoid_epi.simulation.stored import foreign, is_of

    declared, place = load_study(name), Path(out)
    if not is_of(declared, place):
        raise ConfigurationError(foreign(declared, place))
    return _page(declared, place, place / REPORT)


def study_report_again(tables: str | Path, out: str | Path) -> Path:
    """The same report from the tables of a study alone, into any folder; they know what study they are of."""
    from sarcoid_epi.simulation.stored import study_of

    return _page(study_of(Path(tables)), Path(tables), Path(out))


def _page(declared: Study, tables: Path, out: Path) -> Path:
    from sarcoid_epi.report.document import build
    from sarcoid_epi.studies import told

    return build(told(declared, tables), out)


def combine(name: str, folders: Sequence[str | Path], out: str | Path) -> list[int]:
    """Bring the parts of several folders of one study together; once it is whole, tell what it found.

    Returns
    -------
    list of int
        The cases that still lack parts; none when the study is whole, and told.

    Raises
    ------
    ConfigurationError
        When a folder holds no parts of this very study.
    """
    from sarcoid_epi.scenario import load_study
    from sarcoid_epi.simulation.running import gather, unfinished
    from sarcoid_epi.simulation.stated import state
    from sarcoid_epi.simulation.stored import claim, foreign, in_turn, is_of, tidy
    from sarcoid_epi.simulation.telling import tell

    declared, place = load_study(name), Path(out)
    stated = state(declared)
    problems = [foreign(declared, Path(folder)) for folder in folders if not is_of(declared, Path(folder))]
    if problems:
        raise ConfigurationError(*problems)
    claim(place, stated.recipe)
    gather(stated, [Path(folder) for folder in folders], place)
    lacking = unfinished(stated, place)
    if not lacking:
        with in_turn(place):
            tell(declared, place)
            study_report(name, out)
            tidy(place)
    return lacking


def replicate(name: str, case: int, number: int) -> list[dict[str, Any]]:
    """The answers of one replicate, made again: the very rows of its part.

    Raises
    ------
    ConfigurationError
        When there is no such case or replicate.
    WorkError
        When an estimator breaks on it; its cause is the exception itself.
    """
    from sarcoid_epi.scenario import load_study
    from sarcoid_epi.simulation.running import again
    from sarcoid_epi.simulation.stated import state

    return again(state(load_study(name)), case, number)
