"""What parameters that are not known, and what sampling, make of an estimate's spread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sarcoid_epi.scenario import Case, Study
from sarcoid_epi.simulation.summary import Floats, Units, read
from sarcoid_epi.simulation.terms import Terms
from sarcoid_epi.stats.nested import variance_split

#: The ways of laying out cases that draw parameters.
DRAWN = ("draws", "latin", "sobol")


@dataclass(frozen=True)
class Split:
    """Variance of an estimate, or of its error, between cases (parameters) and within them (sampling)."""

    world: str
    design: str
    belief: str
    size: int
    run: str
    term: str
    scale: str
    of: str
    cases: int
    between: float
    between_error: float
    within: float
    within_error: float
    share: float
    share_error: float


@dataclass
class Sums:
    """What is kept of the cases of one term: mean, variance and number of each, and sums over cases by replicate."""

    cases: list[tuple[float, float, int]] = field(default_factory=list)
    total: Floats = field(default_factory=lambda: np.zeros(0))
    squares: Floats = field(default_factory=lambda: np.zeros(0))
    counted: Floats = field(default_factory=lambda: np.zeros(0))

    def add(self, numbers: Floats) -> None:
        """Take in the replicates of a case, NaN where one failed."""
        known = np.isfinite(numbers)
        there = numbers[known]
        if not there.size:
            return
        spread = float(there.var(ddof=1)) if there.size > 1 else np.nan
        self.cases.append((float(there.mean()), spread, there.size))
        off = np.where(known, numbers - there.mean(), 0.0)
        for name, part in (("total", off), ("squares", off**2), ("counted", known.astype(float))):
            old = getattr(self, name)
            longer, other = sorted((old, part), key=len, reverse=True)
            setattr(self, name, longer + np.pad(other, (0, len(longer) - len(other))))

    @property
    def shared(self) -> float:
        """The mean covariance of a replicate's estimates in two cases: what cases have in common by chance."""
        pairs = self.counted * (self.counted - 1)
        both = pairs.sum()
        return float((self.total**2 - self.squares).sum() / both) if both > 0 else 0.0


@dataclass
class Splitting:
    """Collects what the split needs, case by case; the replicates themselves are let go."""

    found: dict[tuple[Any, ...], Sums] = field(default_factory=dict)

    def add(self, case: Case, terms: Terms, known: Units) -> None:
        """Take in one case."""
        for (run, term), values in terms.items():
            one = read(term, values, known.get(run, ""))
            for of, numbers in (("estimate", one.estimate), ("error", one.estimate - one.truth)):
                if np.isfinite(numbers).any():
                    place = (case.world, case.design, case.belief, case.size, run, term, one.scale, of)
                    self.found.setdefault(place, Sums()).add(numbers)

    def told(self) -> Iterator[Split]:
        """The split of every run and term, each world, design, belief and size by itself."""
        for place, sums in self.found.items():
            mean, variance, used = np.array(sums.cases).T
            one = variance_split(mean, variance, used, sums.shared)
            numbers = (one.between, one.between_error, one.within, one.within_error, one.share, one.share_error)
            yield Split(*(*place, int(one.cases), *(float(number) for number in numbers)))


def drawn(study: Study) -> bool:
    """Whether a study draws parameters, so that its cases speak of what is not known of them."""
    return study.method in DRAWN
