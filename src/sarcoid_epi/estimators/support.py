"""What the answers support together: what data alone say, what only the belief says, and what cannot all hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sarcoid_epi.estimands import BURDEN, TRUE_PREVALENCE, UNDERDIAGNOSIS, Estimand
from sarcoid_epi.estimators.believing import detects
from sarcoid_epi.estimators.declare import Estimator
from sarcoid_epi.results import Estimate, Estimates, percent
from sarcoid_epi.scenario import Belief
from sarcoid_epi.stats.bounds import CONTRADICTION
from sarcoid_epi.stats.proportion import wilson
from sarcoid_epi.strata import Strata

#: Methods that rest on patients drawn at random: what excludes another answer is then data, not another belief.
RANDOM = ("substudy_prevalence", "verified_record")

#: The two quantities that several methods answer, as sentences name them.
QUANTITIES = {TRUE_PREVALENCE.name: "true share", UNDERDIAGNOSIS.name: "underdiagnosis"}

#: The same with their articles.
A = {"true share": "a true share", "underdiagnosis": "an underdiagnosis"}

#: Ways of looking that a belief may be about: in words, what the record would have to be as good as, and its readings.
LOOKS = {
    "pet": ("PET", "a scan", ("reading_fdg_pet",)),
    "mri": ("MRI", "a scan", ("reading_whole_body_mri", "reading_spine_mri")),
    "film": ("films", "a film", ("reading_hand_foot_film",)),
}
ROUTINE = {"records": "routine records", "new patients": "records of new patients"}

#: What the note of a method says that refuses because belief and records do not go together.
REFUSED = ("contradict each other", CONTRADICTION)

#: A record comes from one way of looking where at least this share of the patients was looked at in that way.
NEARLY_ALL = 0.9


class Claim(NamedTuple):
    """The limits that one method sets to the true share, or to the underdiagnosis of the record."""

    estimator: Estimator
    quantity: str
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.estimator.name} ({between(self.low, self.high)})"


class Conclusion(NamedTuple):
    """A sentence on what the data support, and what it is about."""

    about: str
    says: str


def claims(asked: Iterable[Estimator], answers: Estimates) -> tuple[Claim, ...]:
    """What each method says of the true share and of the underdiagnosis of the whole cohort, where it sets limits."""
    runs = {run.run: run.estimator for run in answers.runs}
    rows: dict[str, dict[str, Estimate]] = {}
    for row in answers.rows:
        rows.setdefault(runs[row.run], {})[row.term] = row
    found = []
    for one in asked:
        said = rows.get(one.name, {})
        # The burden repeats what its belief says of the record.
        if one.estimand is not BURDEN:
            found += _claim(one, TRUE_PREVALENCE, said, "osseous", "osseous") if "osseous" in said else []
            if "osseous" not in said:
                found += _claim(one, TRUE_PREVALENCE, said, "osseous_least", "osseous_most")
            found += _claim(one, UNDERDIAGNOSIS, said, "underdiagnosis", "underdiagnosis")
    return tuple(found)


def _claim(one: Estimator, about: Estimand, said: dict[str, Estimate], least: str, most: str) -> list[Claim]:
    if least not in said or most not in said:
        return []
    low, high = said[least].conf_low, said[most].conf_high
    if one.name == "latent_scan":
        low = 0.0  # it speaks of the clinic list, and a record that holds the list misses no more than that
    return [Claim(one, QUANTITIES[about.name], low, high)] if np.isfinite(low) and np.isfinite(high) else []


class Conflicts(NamedTuple):
    """Pairs of claims whose limits do not meet, the lower first; and what patients drawn at random exclude."""

    pairs: tuple[tuple[Claim, Claim], ...]
    excluded: tuple[Claim, ...]


def conflicts(found: Sequence[Claim]) -> Conflicts:
    """Claims about one quantity whose limits do not meet.

    What meets none of the claims of patients drawn at random is excluded by them, and speaks against nothing else.
    """
    apart = [(a, b) for a in found for b in found if a.quantity == b.quantity and a.high < b.low]
    drawn = [claim for claim in found if _drawn(claim)]
    excluded = [claim for claim in found if not _drawn(claim) and _meets_none(claim, drawn, apart)]
    pairs = [pair for pair in apart if not set(excluded) & set(pair)]
    return Conflicts(tuple(pairs), tuple(excluded))


def _meets_none(claim: Claim, drawn: Sequence[Claim], apart: Sequence[tuple[Claim, Claim]]) -> bool:
    rivals = [other for other in drawn if other.quantity == claim.quantity]
    return bool(rivals) and all((claim, other) in apart or (other, claim) in apart for other in rivals)


def against(one: Estimator, found: Conflicts) -> str:
    """What speaks against a method's answer: patients drawn at random, and other methods that cannot hold beside it."""
    said = [f"{c.quantity} excluded by patients drawn at random" for c in found.excluded if c.estimator is one]
    beside: dict[str, list[str]] = {}
    for pair in found.pairs:
        for own, other in (pair, pair[::-1]):
            if own.estimator is one:
                beside.setdefault(own.quantity, []).append(other.estimator.name)
    said += [f"{quantity} cannot hold beside {', '.join(names)}" for quantity, names in beside.items()]
    return "; ".join(said)


def conclusions(
    asked: Sequence[Estimator], strata: Strata, belief: Belief | None, answers: Estimates
) -> tuple[Conclusion, ...]:
    """What the answers for the whole cohort support, in sentences: the data, the belief and its fit, the conflicts.

    Where belief and records contradict each other, that stands first.
    """
    found = claims(asked, answers)
    refusing = refused(asked, answers)
    apart = conflicts([claim for claim in found if not (refusing and _of_record(claim.estimator))])
    drawn = _by_quantity([claim for claim in found if _drawn(claim)])
    misfit = unsuited(belief, strata) if belief else ""
    said = _believed(found, belief, refusing) if belief else ""
    of_belief = [Conclusion("belief", said)] if said else []
    beside = _beside_scans(found, strata)
    return (
        *(of_belief if refusing else []),
        Conclusion("data", _data_alone(found)),
        *([Conclusion("data", beside)] if beside else []),
        *([] if refusing else of_belief),
        *([Conclusion("belief", misfit)] if misfit else []),
        *(Conclusion("conflict", _exclusion(part, drawn[q])) for q, part in _by_quantity(apart.excluded).items()),
        *(Conclusion("conflict", one) for one in _conflicting(apart.pairs)),
    )


def _drawn(claim: Claim) -> bool:
    return claim.estimator.name in RANDOM


def _data_alone(found: Sequence[Claim]) -> str:
    free = [claim for claim in found if not claim.estimator.believes]
    drawn = [claim for claim in free if _drawn(claim)]
    if drawn:
        said = "; ".join(f"{quantity} {_ranges(part)}" for quantity, part in _by_quantity(drawn).items())
        return f"Without a belief, patients drawn at random say, as far as their scan is right: {said}."
    bounds = [claim for claim in free if claim.quantity == QUANTITIES[TRUE_PREVALENCE.name]]
    if bounds:
        return (
            f"Without a belief, and as far as a reading is right, the true share lies anywhere from {_ranges(bounds)}."
        )
    return "Without a belief these data say nothing of the true share: a record does not tell how much it misses."


def refused(asked: Iterable[Estimator], answers: Estimates) -> list[str]:
    """Methods that know only the record and give no limits to the true share, because belief and records disagree."""
    runs = {run.estimator: run.run for run in answers.runs}
    return [
        one.name
        for one in asked
        if _of_record(one)
        and one.estimand is not BURDEN
        and any(
            row.run == runs.get(one.name) and np.isnan(row.conf_low) and any(words in row.note for words in REFUSED)
            for row in answers.rows
        )
    ]


def _of_record(one: Estimator) -> bool:
    return bool(one.believes) and set(one.needs) <= {"osseous_recorded"}


def _beside_scans(found: Sequence[Claim], strata: Strata) -> str:
    """A warning where more are on record than the scans of some leave room for."""
    most = next((c.high for c in found if c.estimator.name == "imaged_prevalence"), 1.0)
    recorded, known = (int(counts.sum()) for counts in strata.events("osseous_recorded"))
    share = wilson(recorded, known)
    if not float(share.low) > most:
        return ""
    positive, read = (int(counts.sum()) for counts in strata.events("reading_fdg_pet"))
    return (
        f"{recorded} of {known} patients are on record ({between(float(share.low), float(share.high))}), but PET was "
        f"read as bone disease in {positive} of {read}, which leaves room for at most {percent(most)}: many records "
        "are false, or PET overlooks much of what they hold."
    )


def _believed(found: Sequence[Claim], belief: Belief, refusing: Sequence[str]) -> str:
    """The methods that know only the record, as one: they share the belief and the counts."""
    of_record = [c for c in found if _of_record(c.estimator)]
    if not detects(belief):
        return (
            f"Under the belief '{belief.name}' the record says nothing of the true share: its sensitivity and "
            "specificity add up to one or less, so that who has the disease is no likelier on record than who has not."
        )
    if refusing:
        others = dict.fromkeys(c.estimator.name for c in of_record if c.estimator.name not in refusing)
        rest = (
            f"What other methods answer under it all the same ({', '.join(others)}) is no evidence." if others else ""
        )
        return (
            f"The belief '{belief.name}' and these records contradict each other ({', '.join(refusing)}): under it "
            f"hardly any record would look like this one, and no true share is given. {rest}"
        ).rstrip()
    if not of_record:
        return ""
    said = " and ".join(
        f"{A[quantity]} of {between(min(c.low for c in part), max(c.high for c in part))}"
        for quantity, part in _by_quantity(of_record).items()
    )
    methods = list(dict.fromkeys(claim.estimator.name for claim in of_record))
    together = (
        f"the limits of {len(methods)} methods together; they are one witness, for they share the belief and the counts"
        if len(methods) > 1
        else f"the limits of one method ({methods[0]})"
    )
    return f"Under the belief '{belief.name}' the record means {said}, {together}."


def _exclusion(excluded: Sequence[Claim], drawn: Sequence[Claim]) -> str:
    return (
        f"Patients drawn at random show {A[drawn[0].quantity]} of {_ranges(drawn)}, and exclude {_listed(excluded)}. "
        f"Unless the draw was not random, or their scan errs, what these rest on does not hold: {_rests(excluded)}."
    )


def _conflicting(pairs: Sequence[tuple[Claim, Claim]]) -> list[str]:
    """A sentence for those that lie below the same others."""
    above: dict[Claim, list[Claim]] = {}
    for lower, higher in pairs:
        above.setdefault(lower, []).append(higher)
    together: dict[tuple[Claim, ...], list[Claim]] = {}
    for one, others in above.items():
        together.setdefault(tuple(others), []).append(one)
    return [
        f"{_listed(lower)} and {_listed(higher)} cannot both hold, as far as 95 % limits go. The former, with the "
        f"lower {higher[0].quantity}, rest on: {_rests(lower)}. The latter rest on: {_rests(higher)}."
        for higher, lower in together.items()
    ]


def unsuited(belief: Belief, strata: Strata) -> str:
    """A warning where a belief is about another kind of record than these patients seem to have."""
    looked = {kind: _looked_at(strata, kind) for kind in LOOKS}
    if belief.about in LOOKS and not _nearly_all(*looked[belief.about]):
        read, of = looked[belief.about]
        told = f"only {read} of these {of} patients have a reading of it" if read else "nobody here has a reading of it"
        return f"The belief '{belief.name}' is about {LOOKS[belief.about][0]}; {told}. {for_contrast(belief.about)}"
    everybody = next((kind for kind, counts in looked.items() if _nearly_all(*counts)), "")
    if belief.about in ROUTINE and everybody:
        read, of = looked[everybody]
        return (
            f"The belief '{belief.name}' is about {ROUTINE[belief.about]}, but {read} of these {of} patients have a "
            f"reading of {LOOKS[everybody][0]}. If their record comes from it, the belief does not fit, and is of use "
            "for contrast only."
        )
    return ""


def _nearly_all(read: int, of: int) -> bool:
    return of > 0 and read >= NEARLY_ALL * of


def for_contrast(about: str) -> str:
    """What beliefs about one way of looking are good for beside records that do not come from it."""
    what, look, _ = LOOKS[about]
    return (
        f"Beliefs about {what} are shown for contrast only; they say what would follow, were the record as good as "
        f"{look}."
    )


def misfit(belief: Belief, kind: str, strata: Strata) -> str:
    """A word where a belief is about another kind of record; where none is said (`any`), the patients are asked."""
    if kind == "any" and unsuited(belief, strata):
        looked = next((k for k in LOOKS if _nearly_all(*_looked_at(strata, k))), "")
        kind = looked or "records"
    return (
        "" if "any" in (belief.about, kind) or belief.about == kind else f"a belief about {belief.about}, put to {kind}"
    )


def remarked(answers: Estimates, asked: Iterable[Estimator], remark: str) -> Estimates:
    """Answers with a remark in the note of every row that rests on a belief; the others rest on none."""
    believing = {one.name for one in asked if one.believes}
    runs = {run.run for run in answers.runs if run.estimator in believing}
    if not remark:
        return answers
    rows = (
        replace(row, note="; ".join(filter(None, (row.note, remark)))) if row.run in runs else row
        for row in answers.rows
    )
    return Estimates(tuple(rows), answers.runs)


def _looked_at(strata: Strata, kind: str) -> tuple[int, int]:
    """In how many of the patients a way of looking was read; where it has several readings, the commonest."""
    of = int(strata.n().sum())
    counts = [int(strata.events(r)[1].sum()) for r in LOOKS[kind][2] if r in strata.columns]
    return max(counts, default=0), of


def _by_quantity(found: Sequence[Claim]) -> dict[str, list[Claim]]:
    parts: dict[str, list[Claim]] = {}
    for claim in found:
        parts.setdefault(claim.quantity, []).append(claim)
    return parts


def _listed(found: Sequence[Claim]) -> str:
    return ", ".join(map(str, found))


def _ranges(found: Sequence[Claim]) -> str:
    return ", ".join(f"{between(claim.low, claim.high)} ({claim.estimator.name})" for claim in found)


def _rests(found: Sequence[Claim]) -> str:
    return "; ".join(dict.fromkeys(claim.estimator.rests.replace(";", ",") for claim in found))


def between(low: float, high: float) -> str:
    """Two shares as one range.

    >>> between(0.031, 0.308)
    '3.1 to 30.8 %'
    """
    return f"{percent(low).removesuffix(' %')} to {percent(high)}"
