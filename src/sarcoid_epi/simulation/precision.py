"""Whether enough replicates are made: counts of limits that hold the truth, added up part by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt

import numpy as np

from sarcoid_epi.simulation.terms import Columns, pieces


@dataclass(frozen=True)
class Tally:
    """Replicates with limits and a truth, by run and term, and those of them whose limits hold the truth."""

    counts: Mapping[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        both = {*self.counts, *other.counts}
        return Tally({key: _sum(self.counts.get(key, (0, 0)), other.counts.get(key, (0, 0))) for key in both})


def _sum(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return a[0] + b[0], a[1] + b[1]


def tallied(columns: Columns) -> Tally:
    """The tally of the rows of a part."""
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for key, rows in pieces(columns):
        low, high, truth = (rows[name] for name in ("low", "high", "truth"))
        used = ~(np.isnan(low) | np.isnan(high) | np.isnan(truth))  # limits may lie at both infinities
        held = used & (low <= truth) & (truth <= high)
        counts[key] = _sum(counts.get(key, (0, 0)), (int(used.sum()), int(held.sum())))
    return Tally(counts)


def precise(tally: Tally, error: float) -> bool:
    """Whether no coverage of r replicates has a Monte Carlo error sqrt(c (1 - c) / r) larger than `error`.

    With c = (x + 2) / (r + 4) of x limits that hold the truth: twenty of twenty are not without error.

    Examples
    --------
    >>> precise(Tally({("a", "b"): (20, 20)}), 0.02), precise(Tally({("a", "b"): (1000, 1000)}), 0.02)
    (False, True)
    """
    shares = [((held + 2) / (used + 4), used) for used, held in tally.counts.values() if used]
    return all(sqrt(share * (1 - share) / used) <= error for share, used in shares)
