"""How many threads of linear algebra work here: one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module


@contextmanager
def one_thread() -> Iterator[None]:
    """A single thread of linear algebra, within a block or, as a decorator, within a function.

    With several, sums are added up in another order, so that last digits would depend on the machine; and many small
    matrices take several times as long.
    """
    from threadpoolctl import threadpool_limits

    import_module("scipy.linalg")  # only libraries that are there can be told
    with threadpool_limits(1):
        yield
