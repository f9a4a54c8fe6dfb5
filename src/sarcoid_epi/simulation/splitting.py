"""What parameters that are not known, and what sampling, make of an estimate's spread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sarcoid_epi.scenario import Case, Study
from sarcoid_epi.simulation.summary import Terms, Units, read
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
class Splitting:
    """Collects mean, variance and number of each case's replicates; the replicates themselves are let go."""

    found: dict[tuple[Any, ...], list[tuple[float, float, int]]] = field(default_factory=dict)

    def add(self, case: Case, terms: Terms, known: Units) -> None:
        """Take in one case."""
        for (run, term), values in terms.items():
            one = read(term, values, known.get(run, ""))
            for of, numbers in (("estimate", one.estimate), ("error", one.estimate - one.truth)):
                there = numbers[np.isfinite(numbers)]
                if there.size:
                    place = (case.world, case.design, case.belief, case.size, run, term, one.scale, of)
                    spread = float(there.var(ddof=1)) if there.size > 1 else np.nan
                    self.found.setdefault(place, []).append((float(there.mean()), spread, there.size))

    def told(self) -> Iterator[Split]:
        """The split of every run and term, each world, design, belief and size by itself."""
        for place, cases in self.found.items():
            mean, variance, used = np.array(cases).T
            split = variance_split(mean, variance, used)
            numbers = {name: float(value) for name, value in split._asdict().items() if name != "cases"}
            yield Split(*place, cases=int(split.cases), **numbers)


def drawn(study: Study) -> bool:
    """Whether a study draws parameters, so that its cases speak of what is not known of them."""
    return study.method in DRAWN
