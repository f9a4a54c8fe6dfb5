"""The replicates of a case, sorted from its parts by run and term."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from sarcoid_epi.simulation.precision import by_term as pieces

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
