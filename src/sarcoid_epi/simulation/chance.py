"""Tallies of many replicates at once, drawn from cell probabilities: chance by address, no patient is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from sarcoid_epi.strata import Counts, TallyStrata
from sarcoid_epi.streams import uniforms

Floats = NDArray[np.float64]

#: A variable with its levels; the axis of one that may be missing has an entry more.
Axis = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class PartlyKnown(TallyStrata):
    """Tallies in which a variable may be missing: its axis has one entry more than it has levels, the last."""

    def table(self, *columns: str) -> Counts:
        """Patients by group and level of each variable, those with a missing one left out."""
        counts = super().table(*columns)
        known = tuple(slice(len(self.levels(column))) for column in columns)
        return counts[(slice(None), *known)]


@dataclass(frozen=True)
class Chance:
    """All chance of one block of replicates: each use of it has a name and an address of its own.

    Settings of one estimator share the addresses, so that a broken assumption is seen against the same luck. `times` as
    many patients are counted as the setting says.
    """

    seed: int
    name: str
    replicates: int
    times: int = 1

    def __call__(self, what: str) -> Floats:
        """A uniform in (0, 1) for each replicate."""
        return uniforms(self.seed, f"operating:{self.name}:{what}", 0, self.replicates)

    def counts(self, n: int, cells: Floats) -> Counts:
        """Multinomial counts of n patients over cells, shape (1 or replicates, ...), by inverting binomials in turn.

        Each cell is binomial given those before it. The binomial distribution function is inverted here, for NumPy
        promises its raw streams but not its distributions.
        """
        flat = np.broadcast_to(cells.reshape(len(cells), -1), (self.replicates, cells[0].size))
        counts = np.zeros(flat.shape, dtype=np.int64)
        left = np.full(self.replicates, n)
        after = np.cumsum(flat[:, ::-1], axis=1)[:, ::-1]
        for at in range(flat.shape[1] - 1):
            share = flat[:, at]
            if not share.any():
                continue
            given = np.divide(share, after[:, at], out=np.zeros_like(share), where=after[:, at] > 0).clip(0.0, 1.0)
            counts[:, at] = np.asarray(binom.ppf(self(f"cell {at}"), left, given)).astype(np.int64)
            left = left - counts[:, at]
        counts[:, -1] = left
        return counts.reshape(self.replicates, *cells.shape[1:])

    def drawn(self, n: int, world: Floats, axes: tuple[Axis, ...]) -> tuple[PartlyKnown, Floats]:
        """What is seen of patients, as groups of an estimator; and the share of these very patients that is diseased.

        The second axis of the world is the disease, which an estimator does not get to see.
        """
        n *= self.times
        counts = self.counts(n, world)
        diseased = counts[:, 1].reshape(self.replicates, -1).sum(axis=1) / n
        return PartlyKnown(tuple(map(str, range(self.replicates))), axes, counts.sum(axis=1)), diseased
