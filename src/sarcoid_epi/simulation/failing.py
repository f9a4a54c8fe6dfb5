"""Which replicates had no answer, or one with a reservation, and what their notes say: nothing is dropped silently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sarcoid_epi.scenario import Case
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


#: What is said of a replicate that has neither an estimate nor a note.
WORDLESS = "no estimate, and no note"


def noted(case: Case, terms: Terms) -> Iterator[Noted]:
    """Every note of a case; a replicate without an estimate counts even where it has none."""
    for (run, term), values in terms.items():
        answered = np.isfinite(values["estimate"].astype(float))
        said = values["note"].astype(str)
        said = np.where((said == "") & ~answered, WORDLESS, said)
        for note in np.unique(said[said != ""]):
            here = said == note
            yield Noted(case.number, run, term, str(note), int(here.sum()), int((here & answered).sum()), len(said))
