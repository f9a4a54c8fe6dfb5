"""How many patients limits of a wanted width take, from what a study found at its sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, nan

import numpy as np
from scipy.special import ndtri

from sarcoid_epi.scenario import Case, Study
from sarcoid_epi.simulation.summary import Summary

#: Empirical standard errors that 95 % limits span if they are neither too wide nor too narrow.
SPREAD = 2 * float(ndtri(0.975))


@dataclass(frozen=True)
class Plan:
    """Patients of a replicate with which limits may be as narrow as `width`, all else as in case `case`.

    NaN where the sizes of the study do not reach it: `reached` then says whether the `least` of them has limits that
    are narrower already, or the `most` has limits that are still wider.
    """

    case: int
    run: str
    term: str
    width: float
    patients: float
    reached: str


def plans(study: Study, found: Sequence[Summary]) -> Iterator[Plan]:
    """The patients that each wanted width takes; `case` is the one of the smallest size.

    The width at a size is the mean width of the limits, or 2 x 1.96 empirical standard errors where estimates spread
    more than limits say: a method must not look precise because its limits are too narrow.

    Between two sizes the logarithm of the width is drawn straight over that of the size: limits narrow as 1 over the
    square root of patients, or nearly so.
    """
    alike: dict[tuple[str, str, Case], list[tuple[Case, float]]] = {}
    cases = study.all_cases()
    for one in found:
        case = cases[one.case]
        key = one.run, one.term, _but_for_size(case)
        width = float(np.fmax(one.mean_width, SPREAD * one.empirical_error))
        alike.setdefault(key, []).append((case, width))
    for (run, term, _), at in alike.items():
        sizes = [(case.size, width) for case, width in sorted(at, key=lambda each: each[0].size) if isfinite(width)]
        first = min(at, key=lambda each: each[0].size)[0].number
        for wanted in study.widths if sizes else ():
            yield Plan(first, run, term, wanted, *_patients(sizes, wanted))


def _but_for_size(case: Case) -> Case:
    """What a case shares with those that differ from it in their size alone."""
    return case._replace(number=0, size=0)


def _patients(sizes: Sequence[tuple[int, float]], wanted: float) -> tuple[float, str]:
    """The size at which the width falls to what is wanted, first; and whether the sizes reach it."""
    if sizes[0][1] <= wanted:
        return (float(sizes[0][0]), "") if sizes[0][1] == wanted else (nan, "least")
    for (n, width), (more, narrower) in pairwise(sizes):
        if narrower <= wanted:
            part = np.log(width / wanted) / np.log(width / narrower)
            return float(n * (more / n) ** part), ""
    return nan, "most"
