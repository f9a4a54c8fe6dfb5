"""Methods compared on the same replicates: differences of their performance with paired Monte Carlo errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from sarcoid_epi.scenario import Case, Study
from sarcoid_epi.simulation.asking import questions
from sarcoid_epi.simulation.summary import Read, Units, read
from sarcoid_epi.simulation.terms import Terms
from sarcoid_epi.stats.paired import paired


@dataclass(frozen=True)
class Comparison:
    """A run less the run of reference, in one term of one case, on the replicates that both have an answer for.

    `attempted` replicates were asked for; `answered` is how many more of them the run has an estimate for than the
    reference. The others are differences of bias, coverage, width and squared error, and how much more precise the run
    is (a share). On the scale of the logarithm where the summary is.
    """

    case: int
    term: str
    run: str
    against: str
    scale: str
    attempted: int
    used: int
    answered: int
    bias: float
    bias_mcse: float
    coverage: float
    coverage_mcse: float
    width: float
    width_mcse: float
    squared_error: float
    squared_error_mcse: float
    relative_precision: float
    relative_precision_mcse: float


def estimands(study: Study) -> dict[str, str]:
    """The name of each run's estimand."""
    return {one.run: one.estimator.estimand.name for one in questions(study)}


def comparisons(case: Case, terms: Terms, asked: Mapping[str, str], known: Units) -> Iterator[Comparison]:
    """Every run of a case against the first one after the same: a term of one truth, or of one estimand without any."""
    first: dict[tuple[str, str | float], tuple[str, Read]] = {}
    for (run, term), values in terms.items():
        one = read(term, values, known.get(run, ""))
        after = asked.get(run, run) if np.isnan(one.truth) else one.truth
        against, other = first.setdefault((term, after), (run, one))
        if against != run:
            yield compared(case.number, term, (run, one), (against, other))


def compared(case: int, term: str, method: tuple[str, Read], reference: tuple[str, Read]) -> Comparison:
    """One run against another; NaN for what either has not."""
    (run, one), (against, other) = method, reference
    known, also = np.isfinite(one.estimate), np.isfinite(other.estimate)
    limitless = any(bool(np.isnan((x.low + x.high)[of]).all()) for x, of in ((one, known), (other, also)))
    truthless = bool(np.isnan(one.truth))
    sides = [(x.estimate, *((x.estimate,) * 2 if limitless else (x.low, x.high))) for x in (one, other)]
    with np.errstate(invalid="ignore"):  # limits may have no end
        found = paired(sides[0], sides[1], 0.0 if truthless else one.truth)
    told: dict[str, tuple[Any, Any]] = {
        "bias": found.bias,
        "coverage": (nan, nan) if truthless or limitless else found.coverage,
        "width": (nan, nan) if limitless else found.width,
        "squared_error": (nan, nan) if truthless else found.squared_error,
        "relative_precision": found.relative_precision,
    }
    numbers = {f"{name}{end}": float(part) for name, pair in told.items()
               for end, part in zip(("", "_mcse"), pair, strict=True)}  # fmt: skip
    answered = int(known.sum()) - int(also.sum())
    return Comparison(case, term, run, against, one.scale, int(found.attempted), int(found.used), answered, **numbers)
