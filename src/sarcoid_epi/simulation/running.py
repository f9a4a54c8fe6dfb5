"""Run a study: its replicates in parts, each a pure function of the study, the case and the replicates' numbers.

So a part has the same bytes whoever makes it, in whatever order; what is there already is never made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from sarcoid_epi.errors import ConfigurationError, Problem, WorkError
from sarcoid_epi.scenario import Case, Study
from sarcoid_epi.simulation.engines import Engine, finished
from sarcoid_epi.simulation.making import Failure, Part, Unit, failure_of, make, part_name, replicates
from sarcoid_epi.simulation.precision import Tally, precise, tallied
from sarcoid_epi.simulation.stated import Stated, cases_of, state
from sarcoid_epi.simulation.stored import PARTS, claim, key_of, read_parts, sound, store
from sarcoid_epi.simulation.varied import Spot, spot

#: Patients and replicates of a part, at most: what a worker holds in memory at once.
PATIENTS, REPLICATES = 2**22, 2000

#: Parts that a worker makes before it gives them back, at most.
MOST_UNITS = 16

#: Populations for each worker from which on one is not shared between workers; with fewer, pieces for each worker.
WHOLE, PIECES = 3, 8

Progress = Callable[[int, int], object]


def run(
    study: Study, out: Path, engine: Engine, shard: tuple[int, int] = (1, 1), progress: Progress = lambda done, of: None
) -> bool:
    """Make the parts that are not there yet; whether the study is whole afterwards.

    Parameters
    ----------
    study : Study
        What is asked.
    out : Path
        New, or where an earlier run of the same study was at work. Parts are only ever added; damaged ones made anew.
    engine : Engine
        Who works.
    shard : (int, int)
        Which of how many shares of the cases are this run's; (1, 1) for all.
    progress : callable
        Told how many parts are done, of how many known so far.

    Raises
    ------
    ConfigurationError
        When the study asks for what there is not, or parts of another study lie there.
    WorkError
        When an estimator broke in some unit; parts of the others that were at work are kept.

    Assumes
    -------
    The same versions of the packages everywhere, and processors that round alike.
    """
    stated = state(study)
    claim(out, stated.recipe)
    number, of = shard
    cases = [case for case in cases_of(stated) if case.number % of == number - 1]
    known: set[str] = set()
    if study.error is None:
        _all(stated, cases, out, engine, progress, known)
    else:
        _until(stated, cases, out, engine, progress, known)
    return not unfinished(stated, out, known)


def units(study: Study, case: Case) -> list[Unit]:
    """The units of a case, in order."""
    count = max(1, min(REPLICATES, PATIENTS // case.size))
    starts = range(0, study.replicates, count)
    return [Unit(case.number, first, min(count, study.replicates - first)) for first in starts]


def _all(stated: Stated, cases: Sequence[Case], out: Path, engine: Engine, progress: Progress, known: set[str]) -> None:
    """Make every unit that has no part."""
    wanted = [unit for case in cases for unit in units(stated.study, case)]
    lacking = [unit for unit in wanted if not _there(stated, unit, out, known)]
    done = len(wanted) - len(lacking)
    progress(done, len(wanted))
    work = [(stated, piece, Tally(), None) for piece in pieces(stated, lacking, engine.workers)]
    for _ in _made(work, stated, out, engine, known):
        done += 1
        progress(done, len(wanted))


def _until(
    stated: Stated, cases: Sequence[Case], out: Path, engine: Engine, progress: Progress, known: set[str]
) -> None:
    """Make units of each case, in order, until its coverages are as exact as the study asks.

    How many that are does not depend on who makes them: a case ends with the first unit after which it is so. A piece
    of work is as many units as the case has already, so that few are sent back and forth.
    """
    study = stated.study
    tallies, done, lacking = {case.number: (0, Tally()) for case in cases}, 0, 0
    while True:
        work: list[tuple[Stated, Sequence[Unit], Tally, float | None]] = []
        for case in _by_spot(stated, cases):
            every = units(study, case)
            at, tally = tallies[case.number] = _taken(stated, every, *tallies[case.number], out, known)
            if at == len(every) or _enough(study, at, tally):
                continue
            budget = every[at : at + min(max(at, 1), MOST_UNITS)]
            ahead = next((n for n, unit in enumerate(budget) if _there(stated, unit, out, known)), len(budget))
            work.append((stated, budget[:ahead], tally, study.error))
        if not work:
            progress(done, done)
            return
        lacking = sum(len(piece[1]) for piece in work)
        progress(done, done + lacking)
        for _ in _made(work, stated, out, engine, known):
            done += 1
            progress(done, max(done, done + lacking - 1))
            lacking -= 1


def _enough(study: Study, at: int, tally: Tally) -> bool:
    """Whether a case is exact enough after so many units."""
    return bool(at and study.error is not None and precise(tally, study.error))


def _taken(
    stated: Stated, every: Sequence[Unit], at: int, tally: Tally, out: Path, known: set[str]
) -> tuple[int, Tally]:
    """The tally of a case after the parts that are there, from unit `at` on; no further than it needs."""
    while at < len(every) and not _enough(stated.study, at, tally) and _there(stated, every[at], out, known):
        (columns,) = read_parts([out / PARTS / part_name(stated.key, every[at])])
        at, tally = at + 1, tally + tallied(columns)
    return at, tally


def _by_spot(stated: Stated, cases: Iterable[Case]) -> list[Case]:
    """Cases of one population next to each other, otherwise in their order."""
    order: dict[Spot, int] = {}
    placed = [(order.setdefault(spot(stated.study, case), len(order)), case) for case in cases]
    return [case for _, case in sorted(placed, key=lambda each: (each[0], each[1].number))]


def pieces(stated: Stated, lacking: Sequence[Unit], workers: int) -> list[list[Unit]]:
    """Units cut into pieces of work: of one population each, so that few populations are made twice.

    One who works alone gives back each unit as it comes.
    """
    every = cases_of(stated)
    by_case: dict[int, list[Unit]] = {}
    for unit in lacking:
        by_case.setdefault(unit.case, []).append(unit)
    ordered = [
        unit for case in _by_spot(stated, [every[number] for number in by_case]) for unit in by_case[case.number]
    ]
    alike = [[*group] for _, group in groupby(ordered, key=lambda unit: spot(stated.study, every[unit.case]))]
    few = len(alike) < WHOLE * workers
    most = min(MOST_UNITS, -(-len(ordered) // (workers * PIECES)) or 1) if few else MOST_UNITS
    step = 1 if workers == 1 else most
    return [group[first : first + step] for group in alike for first in range(0, len(group), step)]


def _made(
    work: Sequence[tuple[Stated, Sequence[Unit], Tally, float | None]],
    stated: Stated,
    out: Path,
    engine: Engine,
    known: set[str],
) -> Iterator[Part]:
    """Store parts as they come. Once a unit broke nothing new is begun; what is at work is finished and kept."""
    broken: list[Failure] = []

    def feed() -> Iterator[tuple[Stated, Sequence[Unit], Tally, float | None]]:
        for each in work:
            if broken:
                return
            yield each

    for results in engine.work(make, feed()):
        for one in results:
            if isinstance(one, Failure):
                broken.append(one)
                continue
            name = part_name(stated.key, one.unit)
            if one.name != name:
                why = "it made a part of another name"
                do = "install the same versions everywhere"
                raise ConfigurationError(Problem("a worker has other versions of the packages", "--dask", why, do))
            with finished():  # a part is there, or nothing of it
                store(out, name, one.content)
            known.add(name)
            yield one
    if broken:
        raise WorkError(*(_told(stated.study, one) for one in sorted(broken)))


def again(stated: Stated, case: int, number: int) -> list[dict[str, Any]]:
    """The rows of one replicate, made with the others of its unit: so they are those of its part to the last bit.

    Raises
    ------
    ConfigurationError
        When there is no such case or replicate.
    WorkError
        When an estimator breaks in the unit; its cause is the exception itself.
    """
    study, every = stated.study, cases_of(stated)
    for what, value, of in (("case", case, len(every)), ("replicate", number, study.replicates)):
        if not 0 <= value < of:
            raise ConfigurationError(Problem(f"there is no {what} {value}", do=f"name one from 0 to {of - 1}"))
    unit = next(one for one in units(study, every[case]) if one.first <= number < one.first + one.many)
    try:
        columns = replicates(stated, unit)
    except Exception as broken:
        raise WorkError(_told(study, failure_of(unit, broken))) from broken
    rows = np.flatnonzero(columns["replicate"] == number)
    kept = [values[rows].tolist() for values in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*kept, strict=True)]


def gather(stated: Stated, folders: Sequence[Path], out: Path) -> None:
    """Copy the parts that folders have and `out` has not; damaged ones are left where they are."""
    known: set[str] = set()
    for case in cases_of(stated):
        for unit in units(stated.study, case):
            name = part_name(stated.key, unit)
            found = next((folder for folder in folders if sound(folder, name)), None)
            if found is not None and not _there(stated, unit, out, known):
                store(out, name, (found / PARTS / name).read_bytes())


def _told(study: Study, failure: Failure) -> Problem:
    """What broke, and how to see it again."""
    case, first, many = failure.unit
    where = f"study '{study.name}', case {case}, replicates {first} to {first + many - 1}"
    return Problem(failure.said, where, do=f"see it alone with --replicate {case} {first}; what is finished is kept")


def _there(stated: Stated, unit: Unit, out: Path, known: set[str]) -> bool:
    """Whether a unit's part is there and sound; looked at once."""
    name = part_name(stated.key, unit)
    if name not in known and sound(out, name):
        known.add(name)
    return name in known


def unfinished(stated: Stated, out: Path, known: set[str] | None = None) -> list[int]:
    """The cases that lack parts."""
    seen = set[str]() if known is None else known
    lacking = []
    for case in cases_of(stated):
        every = units(stated.study, case)
        if stated.study.error is None:
            whole = all(_there(stated, unit, out, seen) for unit in every)
        else:
            at, tally = _taken(stated, every, 0, Tally(), out, seen)
            whole = at == len(every) or _enough(stated.study, at, tally)
        lacking += [] if whole else [case.number]
    return lacking


def parts_of(study: Study, case: Case, out: Path) -> list[Path]:
    """The parts of a case that are there, in order; with an `error` those up to the one that makes it exact enough."""
    key = key_of(out)
    paths = [out / PARTS / part_name(key, unit) for unit in units(study, case)]
    there = [path for path in paths if path.exists()]
    if study.error is None:
        return there
    tally = Tally()
    for at, path in enumerate(there):
        (columns,) = read_parts([path])
        tally = tally + tallied(columns)
        if _enough(study, at + 1, tally):
            return there[: at + 1]
    return there
