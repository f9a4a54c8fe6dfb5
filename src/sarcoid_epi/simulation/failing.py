"""Which replicates had no answer, or one with a reservation, and what their notes say: nothing is dropped silently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sarcoid_epi.scenario import Case
from sarcoid_epi.simulation.summary import Units, read
from sarcoid_epi.simulation.terms import Terms


@dataclass(frozen=True)
class Noted:
    """How many replicates of a term bear a note, and how many of these have an estimate all the same."""

    case: int
    run: str
    term: str
    note: str
    replicates: int
    answered: int
    attempted: int


#: What is said of a replicate that has neither an estimate nor a note; and of a ratio that measures leave out.
WORDLESS = "no estimate, and no note"
NO_LOGARITHM = "a ratio of 0 or without end: its logarithm is not measured"


def noted(case: Case, terms: Terms, known: Units) -> Iterator[Noted]:
    """Every note of a case; a replicate without an estimate that is measured counts even where it has none."""
    for (run, term), values in terms.items():
        there = ~np.isnan(values["estimate"].astype(float))
        answered = np.isfinite(read(term, values, known[run]).estimate)
        said = values["note"].astype(str)
        said = np.where((said == "") & ~answered, np.where(there, NO_LOGARITHM, WORDLESS), said)
        for note in np.unique(said[said != ""]):
            here = said == note
            yield Noted(case.number, run, term, str(note), int(here.sum()), int((here & answered).sum()), len(said))
