"""The replicates of a case, sorted from its parts by run and term."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

Columns = Mapping[str, np.ndarray[Any, Any]]

#: The runs and terms of a case, and the replicates of each.
Terms = Mapping[tuple[str, str], Columns]


def by_term(parts: Iterable[Columns]) -> dict[tuple[str, str], Columns]:
    """The replicates of each run and term, in their order."""
    found: dict[tuple[str, str], list[Columns]] = {}
    for part in parts:
        for key, piece in pieces(part):
            found.setdefault(key, []).append(piece)
    return {key: {name: np.concatenate([p[name] for p in those]) for name in those[0]} for key, those in found.items()}


def pieces(columns: Columns) -> Iterator[tuple[tuple[str, str], Columns]]:
    """Runs of rows of one run and term, in their order."""
    run, term = columns["run"].astype(str), columns["term"].astype(str)
    starts = np.flatnonzero(np.concatenate([[True][: len(run)], (run[1:] != run[:-1]) | (term[1:] != term[:-1])]))
    for first, last in zip(starts, [*starts[1:], len(run)], strict=True):
        yield (str(run[first]), str(term[first])), {name: values[first:last] for name, values in columns.items()}
