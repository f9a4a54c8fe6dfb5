"""What published series moved or narrowed of a prior, and what is only the prior: from the answers of one synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sarcoid_epi.results import Estimate
from sarcoid_epi.vocabulary import label

#: A posterior median so many standard deviations of the prior from the prior's has moved; a posterior without so much
#: of the prior's variance is narrower.
MOVED, NARROWED = 0.25, 0.25

ONLY_PRIOR = "neither: this is the prior"

#: Beginnings of the terms that say, of a quantity, its prior and the part of the prior variance that is gone.
PRIOR, LEARNED = "prior_", "learned_"

#: Quantities that are of other patients here than the vocabulary says.
NAMES = {"osseous": "True share among referred patients", "underdiagnosis": "Underdiagnosis in routine care"}


class Moved(NamedTuple):
    """One quantity: its prior and posterior rows, the shift in standard deviations of the prior, the contraction."""

    what: str
    prior: Estimate
    posterior: Estimate
    shift: float
    learned: float
    verdict: str


def moved(rows: Sequence[Estimate]) -> tuple[Moved, ...]:
    """Every quantity of a synthesis that stands beside its prior."""
    by_term = {row.term: row for row in rows}
    told = []
    for term, after in by_term.items():
        if PRIOR + term in by_term:
            before, learned = by_term[PRIOR + term], by_term[LEARNED + term].estimate
            shift = (after.estimate - before.estimate) / before.std_error
            told.append(Moved(named(term), before, after, shift, learned, verdict(shift, learned)))
    return tuple(told)


def named(term: str) -> str:
    """A quantity of a synthesis in words."""
    return NAMES.get(term) or label(term)


def verdict(shift: float, learned: float) -> str:
    """What the series do to a quantity, by its shift in standard deviations of the prior and its contraction.

    >>> verdict(-0.67, 0.13), verdict(0.1, -0.05)
    ('moved', 'neither: this is the prior')
    """
    shifted, narrowed = abs(shift) >= MOVED, learned >= NARROWED
    if shifted and narrowed:
        return "moved and narrowed"
    return "moved" if shifted else "narrowed" if narrowed else ONLY_PRIOR


def in_sentences(told: Sequence[Moved]) -> tuple[str, ...]:
    """What the series moved and narrowed, what is only the prior, and why a posterior may be wider than its prior."""
    if not told:
        return ()

    def those(kept: str) -> str:
        return "; ".join(one.what for one in told if one.verdict == kept) or "none"

    left = [one.what for one in told if one.verdict == ONLY_PRIOR]
    untold = f"{len(left)}: {'; '.join(left)}. What is said of these is the prior, and whoever believes otherwise gets "
    untold = f"{untold}another answer" if left else "none"
    return (
        f"The series move and narrow: {those('moved and narrowed')}. They only narrow: {those('narrowed')}. They only "
        f"move: {those('moved')}. What only moves is elsewhere than the prior had it, and hardly more certain.",
        f"Of {len(told)} quantities the series neither move (by {MOVED:g} of a standard deviation of the prior, or "
        f"more) nor narrow (by {NARROWED:g} of its variance, or more) {untold}.",
        *on_wider([one.what for one in told if one.learned < 0]),
    )


def on_wider(wider: Sequence[str]) -> tuple[str, ...]:
    """Why a posterior may be wider than its prior, where one is."""
    if not wider:
        return ()
    return (
        f"A contraction below 0 says that the posterior is wider than the prior ({'; '.join(wider)}). That is no "
        "mistake: values of the prior that fit the series badly lose weight, and where those lie close together, as "
        "those of a specificity near 100 % do, what is left is spread more widely. Contractions close to 0 are also "
        "rough by the size of the sample.",
    )
