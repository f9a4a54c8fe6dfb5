"""Who works: this process, several of them, or a Dask cluster. All give the same results, in whatever order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sarcoid_epi.errors import ConfigurationError, Problem

#: Calls a function with each of the arguments and gives the results as they come.
Engine = Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]], Iterable[Any]]


def here(function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    """One after the other, in this process."""
    return (function(*each) for each in arguments)


def processes(workers: int) -> Engine:
    """Several processes of this machine."""
    if workers < 1:
        raise ConfigurationError(Problem(f"{workers} workers", "--workers", do="ask for at least one"))
    if workers == 1:
        return here

    def work(function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> Iterable[Any]:
        from joblib import Parallel, delayed

        pool = Parallel(n_jobs=workers, return_as="generator_unordered", pre_dispatch="2*n_jobs")
        results: Iterable[Any] = pool(delayed(function)(*each) for each in arguments)
        return results

    return work


def dask(address: str) -> Engine:
    """The workers of a Dask cluster; what a lost worker had in hand is given to another."""

    def work(function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        try:
            from distributed import Client, as_completed
        except ImportError:
            raise ConfigurationError(
                Problem("Dask is not installed", "--dask", do="install sarcoid-epi[cluster]")
            ) from None
        with Client(address) as client:
            futures = [client.submit(function, *each, pure=False, retries=3) for each in arguments]
            for future in as_completed(futures):
                yield future.result()
                future.release()

    return work
