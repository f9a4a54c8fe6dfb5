"""The replicates of a case, sorted from its parts by run and term."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from sarcoid_epi.stats.performance import coverage

Columns = Mapping[str, np.ndarray[Any, Any]]

#: The runs and terms of a case, and the replicates of each.
Terms = Mapping[tuple[str, str], Columns]


def largest_error(parts: Iterable[Columns]) -> float:
    """The largest Monte Carlo error of a coverage among all terms with a truth."""
    told = by_term(parts).values()
    errors = [float(coverage(values["low"], values["high"], values["truth"]).mcse) for values in told]
    return max((error for error in errors if not np.isnan(error)), default=0.0)


def by_term(parts: Iterable[Columns]) -> dict[tuple[str, str], Columns]:
    """The replicates of each run and term, in their order."""
    found: dict[tuple[str, str], list[Columns]] = {}
    for part in parts:
        run, term = part["run"].astype(str), part["term"].astype(str)
        starts = np.flatnonzero(np.concatenate([[True], (run[1:] != run[:-1]) | (term[1:] != term[:-1])]))
        for first, last in zip(starts, [*starts[1:], len(run)], strict=True):
            piece = {name: values[first:last] for name, values in part.items()}
            found.setdefault((str(run[first]), str(term[first])), []).append(piece)
    return {
        key: {name: np.concatenate([p[name] for p in pieces]) for name in pieces[0]} for key, pieces in found.items()
    }
