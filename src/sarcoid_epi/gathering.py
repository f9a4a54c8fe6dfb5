"""Published series gathered for a joint synthesis: which finding counts whom, how they were met and looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sarcoid_epi.estimators import ask
from sarcoid_epi.estimators.joint import LOOKED, MET
from sarcoid_epi.estimators.synthesis import TALLY, joint_synthesis, modality_prevalence
from sarcoid_epi.evidence import Finding, finding, independent
from sarcoid_epi.results import Estimates
from sarcoid_epi.scenario import Prior
from sarcoid_epi.strata import WHOLE, TallyStrata

#: Findings that count osseous disease, each with how its patients were met and looked at. Left out, with reasons, are
#: those of `NOT_READ`; of series that may share patients the largest is kept.
FREQUENCIES = {
    "baughman2001.osseous": ("new", "records"),
    "kucharz2020.bone_prev_sparks_count": ("referred", "records"),
    "glanowski2018.osseous": ("referred", "records"),
    "jama_film1956.scandinavian": ("referred", "film"),
    "sigaux2019.spine_lesions": ("back_pain", "mri"),
    "demaria2020.osseous": ("scanned", "pet"),
    "mostard2012.osseous_focal": ("scanned", "pet"),
    "grozdic.osseous_scanned": ("scanned", "pet"),
}

#: Findings that count symptoms among patients on record in routine care.
SYMPTOMS = ("sparks2014.symptomatic", "zhou2017.symptomatic", "benhassine2019.symptomatic", "glanowski2018.symptomatic")

NOT_READ = {
    "jmb_pet195.osseous": "joint and bone uptake are counted together",
    "te2020.musculoskeletal": "bone, joint and muscle are counted together",
    "neville1977.cases": "no denominator is printed",
    "jama_film1956.earlier_series": "a range, from none to 43 %, without counts",
    "kucharz2020.bone_prev_sparks_stated": "the count of the same patients is read in its place",
}


@dataclass(frozen=True)
class Read:
    """A finding that is read: how its patients were met, how they were looked at, what is counted, and the count."""

    finding: Finding
    met: str
    looked: str
    counts: str
    events: int
    n: int


@dataclass(frozen=True)
class Gathered:
    """The series read together, and those set aside with the reason."""

    read: tuple[Read, ...]
    set_aside: tuple[tuple[str, str], ...]

    def strata(self, left_out: Sequence[str] = ()) -> TallyStrata:
        """The counts as one stratum, with the variables `study`, `met`, `looked` and `tally`."""
        kept = [one for one in self.read if one.finding.id not in left_out]
        counts = np.zeros((1, len(kept), len(MET), len(LOOKED), len(TALLY)), dtype=np.int64)
        for number, one in enumerate(kept):
            no, yes = (0, 1) if one.counts == "osseous disease" else (2, 3)
            cell = counts[0, number, MET.index(one.met), LOOKED.index(one.looked)]
            cell[no], cell[yes] = one.n - one.events, one.events
        names = tuple(one.finding.id for one in kept)
        return TallyStrata((WHOLE,), (("study", names), ("met", MET), ("looked", LOOKED), ("tally", TALLY)), counts)

    def data(self, left_out: Sequence[str] = (), symptoms: bool = True) -> str:
        """What is counted, in words; without `symptoms`, for who reads only the series of osseous disease."""
        kept = [one for one in self.read if one.finding.id not in left_out]
        bone = [one for one in kept if one.counts == "osseous disease"]
        hurt = [one for one in kept if one.counts != "osseous disease"]
        said = f"{len(bone)} published series of osseous disease ({_of(bone)} patients)"
        if symptoms:
            said += f" and {len(hurt)} of bone symptoms ({_of(hurt)} on record), in neither kind a patient twice"
        return said + (f", without {' and '.join(left_out)}" if left_out else "")


def _of(read: Sequence[Read]) -> str:
    return f"{sum(one.events for one in read)} of {sum(one.n for one in read)}"


def read_together(prior: Prior, left_out: Sequence[str] = (), of: str = "") -> Estimates:
    """What each method of published series says under a prior, with what it reads of them."""
    found = gathered()
    strata, total = found.strata(left_out), Estimates((), ())
    for one in (modality_prevalence, joint_synthesis):
        data = found.data(left_out, symptoms=one is joint_synthesis)
        total += ask([one], strata, data=data, question="joint", belief=prior, of=of)
    return total


def gathered() -> Gathered:
    """All published series that can be read together; a patient counts once for each question."""
    frequencies = independent(finding(name) for name in FREQUENCIES)
    symptoms = independent(finding(name) for name in SYMPTOMS)
    read = [Read(one, *FREQUENCIES[one.id], "osseous disease", *_counts(one)) for one in frequencies.kept] + [
        Read(one, "referred", "records", "symptoms", *_counts(one)) for one in symptoms.kept
    ]
    aside = [(one.finding.id, one.reason) for one in (*frequencies.set_aside, *symptoms.set_aside)]
    return Gathered(tuple(read), (*aside, *NOT_READ.items()))


def _counts(one: Finding) -> tuple[int, int]:
    """Printed counts, or those that a printed share implies."""
    counts = (one.events, one.n) if one.has_counts else one.implied_counts
    assert counts is not None, one.id
    assert counts[0] is not None, one.id
    assert counts[1] is not None, one.id
    return counts[0], counts[1]
