"""Who works: this process, several of them, or a Dask cluster. All give the same results, in whatever order.

An engine takes arguments one by one, as it has room, and gives results as they come: so neither is ever held in whole.
"""

from __future__ import annotations

import signal as signals
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from threading import current_thread, main_thread
from typing import Any
from warnings import catch_warnings, filterwarnings

from sarcoid_epi.errors import ConfigurationError, Problem

Function = Callable[..., Any]
Arguments = Iterable[tuple[Any, ...]]


@dataclass(frozen=True)
class Engine:
    """How many work at once, and how a function is called with each of the arguments."""

    workers: int
    work: Callable[[Function, Arguments], Iterator[Any]]


def _here(function: Function, arguments: Arguments) -> Iterator[Any]:
    return (function(*each) for each in arguments)


#: One after the other, in this process.
here = Engine(1, _here)


def processes(workers: int) -> Engine:
    """Several processes of this machine.

    Raises
    ------
    ConfigurationError
        For fewer than one; and while they work, when one of them is killed.
    """
    if workers < 1:
        raise ConfigurationError(Problem(f"{workers} workers", "--workers", do="ask for at least one"))
    if workers == 1:
        return here

    def work(function: Function, arguments: Arguments) -> Iterator[Any]:
        from joblib import Parallel, delayed
        from joblib.externals.loky.process_executor import TerminatedWorkerError

        pool = Parallel(n_jobs=workers, return_as="generator_unordered", pre_dispatch="2*n_jobs", batch_size=1)
        try:
            with catch_warnings():
                # Work that an interrupt cuts off is made by the next run, and no news.
                filterwarnings("ignore", message=".*tasks which were still being processed by the workers")
                with _no_interrupt():
                    results = pool(delayed(_undisturbed)(function, *each) for each in arguments)
                yield from results
        except TerminatedWorkerError:
            why = "it was killed, or there was no memory left for it"
            mend = "give the same command again, perhaps with fewer workers: what is finished is kept"
            raise ConfigurationError(Problem("a worker is gone", "--workers", why, mend)) from None

    return Engine(workers, work)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Put off an interrupt from the keyboard; processes begun meanwhile never get one."""
    if not hasattr(signals, "pthread_sigmask"):  # Windows
        yield
        return
    before = signals.pthread_sigmask(signals.SIG_BLOCK, {signals.SIGINT})
    try:
        yield
    finally:
        signals.pthread_sigmask(signals.SIG_SETMASK, before)


@contextmanager
def finished() -> Iterator[None]:
    """What is begun here is finished before an interrupt from the keyboard counts, whichever thread it comes to."""
    if current_thread() is not main_thread():  # which alone hears of it
        yield
        return
    came: list[int] = []
    before = signals.signal(signals.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        signals.signal(signals.SIGINT, before)
        if came:
            signals.raise_signal(signals.SIGINT)


def _undisturbed(function: Function, *each: Any) -> Any:
    """A call in a worker, which leaves an interrupt from the keyboard to the process that it works for."""
    signals.signal(signals.SIGINT, signals.SIG_IGN)
    return function(*each)


#: How many tasks a Dask cluster has at once, for each of its threads: enough that none waits for the next.
WAITING = 2

#: How often Dask gives a task to another worker when the one that has it is lost, or cannot do it.
RETRIES = 3


def dask(address: str) -> Engine:
    """The workers of a Dask cluster; what a lost worker had in hand is given to another.

    Raises
    ------
    ConfigurationError
        While they work: when Dask is not installed, or nobody answers at the address.
    """

    def work(function: Function, arguments: Arguments) -> Iterator[Any]:
        try:
            from distributed import Client, as_completed
        except ImportError:
            do = "install sarcoid-epi[cluster]"
            raise ConfigurationError(Problem("Dask is not installed", "--dask", do=do)) from None
        try:
            client = Client(address)
        except (OSError, ValueError) as error:
            do = "start a scheduler, or give the address that it prints"
            raise ConfigurationError(Problem(f"no cluster answers at '{address}'", "--dask", str(error), do)) from None
        with client:
            left = iter(arguments)
            room = WAITING * max(1, sum(client.nthreads().values()))

            def begun(many: int) -> list[Any]:
                return [client.submit(function, *each, pure=False, retries=RETRIES) for each in islice(left, many)]

            flying = as_completed(begun(room))
            for future in flying:
                yield future.result()
                future.release()
                flying.update(begun(1))

    return Engine(MANY, work)


#: Workers that a cluster is taken to have when work is cut into pieces.
MANY = 16
