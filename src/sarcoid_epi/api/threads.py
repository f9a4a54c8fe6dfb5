"""How many threads of linear algebra a report may take: one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def one_thread(work: Callable[P, T]) -> Callable[P, T]:
    """The same work with a single thread of linear algebra.

    With several, sums are added up in another order, so that last digits would depend on the machine; and the many
    small matrices of the models take several times as long.
    """

    @wraps(work)
    def alone(*args: P.args, **kwargs: P.kwargs) -> T:
        from threadpoolctl import threadpool_limits

        import_module("scipy.linalg")  # only libraries that are there can be told
        with threadpool_limits(1):
            return work(*args, **kwargs)

    return alone
