"""A cohort of any size on disk: part by part, by several workers, taken up again after an interrupt.

The same order gives the same bytes, whatever the number of workers, the block size, and the interrupts on the way.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

from sarcoid_epi.cohort.calibration import Calibration, calibrate
from sarcoid_epi.cohort.generator import BLOCK, demand_size, nobody_enters
from sarcoid_epi.cohort.intervention import intervened
from sarcoid_epi.cohort.parts import Job, Order, Part, due, make_part, needed, place, unfinished
from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.cohort.storage import certify, made_here, parts_of
from sarcoid_epi.cohort.writing import CSV
from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.files import digest, linked, replaced, resumable, write_text

Progress = Callable[[str], object]

#: Records of finished parts, in the working folder.
_DONE = "done"


def stream_cohort(
    order: Order,
    out: Path,
    workers: int = 1,
    block: int = BLOCK,
    progress: Progress = bool,
    calibration: Calibration | None = None,
) -> None:
    """Write a cohort into a folder, as `write_cohort` does, with memory for a block of each worker.

    Finished parts wait in `.NAME.parts` beside `out`. After an interrupt the same order takes them up; another order is
    refused there as long as they wait.

    Parameters
    ----------
    order : Order
        What is asked for.
    out : Path
        New, empty, or holding an earlier cohort; files in it that the earlier cohort did not make are kept.
    workers : int
        Processes at work; one works in this process. A script of one's own that asks for more needs
        `if __name__ == "__main__":` before its work.
    block : int
        Source patients worked on at a time.
    progress : callable
        Told how many parts are finished.
    calibration : Calibration, optional
        That of the order's world and design, if it is at hand.

    Raises
    ------
    ConfigurationError
        When the order makes no sense, nobody enters, another run or another order is at work there, or the folder
        cannot be written.
    """
    demand_size(order.size, order.source)
    if workers < 1:
        raise ConfigurationError(Problem(f"{workers} workers", do="ask for at least one"))
    intervened(NODES, order.do)
    _ = order.wanted
    calibration = calibration or calibrate(order.world, order.design)
    with resumable(out, made_here, "cohort", order.hash, _any_finished) as work:
        parts = _finished_parts(order, calibration, work, workers, block, progress)
        size, last = sum(part.entrants for part in parts), max(part.last for part in parts)
        if len(parts) == 1 or size == 0:
            shutil.rmtree(work / _DONE)  # too little to keep, should the rest go wrong
        if size == 0:
            raise nobody_enters(order.source or 0)
        progress("putting the parts together")
        met_all = order.size is None or size < order.size
        source = order.source if met_all and order.source is not None else last + 1
        with replaced(out, made_here, "cohort") as folder:
            hashes = _put_together(order, parts, work, folder)
            certify(folder, order, calibration, size, source, hashes)


def _finished_parts(
    order: Order, calibration: Calibration, work: Path, workers: int, block: int, progress: Progress
) -> list[Part]:
    """Make the parts that are still to be made, and return those of the cohort."""
    done = _taken_up(work)
    flying: dict[Future[Part], Job] = {}
    with _workers(min(workers, order.about_parts)) as executor:
        while True:
            shown = max(order.about_parts, len(done))
            progress(f"generating patients: {len(done)} of {shown} part{'s' * (shown > 1)}")
            entrants = {number: part.entrants for number, part in done.items()}
            while len(flying) < workers and (job := due(order, entrants, flying.values())):
                flying[executor.submit(_made, order, calibration.intercepts, job, work, block)] = job
            if not flying:
                return needed(order, done)
            for future in wait(flying, return_when=FIRST_COMPLETED).done:
                part = future.result()
                del flying[future]
                _keep(work, part)
                done[part.number] = part


def _keep(work: Path, part: Part) -> None:
    """Give the files of a part their names, then record it: what is recorded is whole."""
    for table in part.sha256:
        path = work / place(table, part.number)
        os.replace(unfinished(path), path)
    write_text(_record(work, part.number), json.dumps(asdict(part)))


def _record(work: Path, number: int) -> Path:
    return work / _DONE / f"{number:05d}.json"


def _taken_up(work: Path) -> dict[int, Part]:
    """The finished parts of an earlier run, those with the bytes that it recorded."""
    parts = [Part(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted((work / _DONE).glob("*.json"))]
    return {part.number: part for part in parts if _whole(work, part)}


def _whole(work: Path, part: Part) -> bool:
    paths = {work / place(table, part.number): made for table, made in part.sha256.items()}
    return all(path.is_file() and digest(path) == made for path, made in paths.items())


def _any_finished(work: Path) -> bool:
    return any((work / _DONE).glob("*.json"))


def _put_together(order: Order, parts: list[Part], work: Path, folder: Path) -> dict[str, str]:
    """Give the files of the parts their places in the cohort; their hashes by name."""
    hashes: dict[str, str] = {}
    for table in order.tables:
        if table == CSV:
            with (folder / CSV).open("wb") as whole:
                for part in parts:
                    with (work / place(table, part.number)).open("rb") as text:
                        shutil.copyfileobj(text, whole)
            hashes[CSV] = digest(folder / CSV)
            continue
        for name, part in zip(parts_of(table, len(parts)), parts, strict=True):
            linked(work / place(table, part.number), folder / name)
            hashes[name] = part.sha256[table]
    return hashes


class _Here(Executor):
    """Works at once, in this process."""

    def submit(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(work(*given, **named))
        return future


@contextmanager
def _workers(count: int) -> Iterator[Executor]:
    """So many processes, started afresh (a fork would copy locks that other threads hold); one works here.

    They are told to stop when anything goes wrong, and stop by themselves when this process is killed.
    """
    if count == 1:
        yield _Here()
        return
    context = get_context("spawn")
    stop = context.Event()
    executor = ProcessPoolExecutor(count, mp_context=context, initializer=_begin, initargs=(stop,))
    try:
        yield executor
    except BrokenProcessPool:
        why = "memory ran out, or a script of your own asks for workers without 'if __name__ == \"__main__\":'"
        do = "ask for fewer; finished parts are kept"
        raise ConfigurationError(Problem("a worker died", "--workers", why, do)) from None
    finally:
        stop.set()
        executor.shutdown(cancel_futures=True)


class _StoppedError(Exception):
    """The run is over."""


#: Whether this worker was told to stop.
_told_to_stop: Callable[[], bool] = bool


def _begin(stop: Any) -> None:
    """A worker leaves interrupts to its parent, and does not outlive it."""
    global _told_to_stop
    _told_to_stop = stop.is_set
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _stop() -> None:
    if _told_to_stop():
        raise _StoppedError


def _made(order: Order, intercepts: Any, job: Job, work: Path, block: int) -> Part:
    return make_part(order, intercepts, job, work, block, _stop)
