"""A belief: what the analyst brings from outside the data.

Sensitivity and specificity must be believed; the other sections may be left out, and then the methods that need them
say so. How far a value may lie from what is written follows from its basis, as everywhere (`scenario.distribution`).
"""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from sarcoid_epi.scenario.parameter import About, Correlation, Count, Positive, Section, Share, SomeShare
from sarcoid_epi.stats.cascade import detection

#: So many verified patients leave no doubt.
KNOWN = 1e9


class Detection(Section):
    """Believed chance of a right record, as if seen in `n` verified patients (the larger, the surer)."""

    value: Share
    n: Count

    @property
    def shapes(self) -> tuple[float, float]:
        """Shapes of its beta distribution: v n and (1 - v) n; a shape of 0 is a value known.

        Right in all n, or in none, is not sure: half a patient is added to either side, as by Jeffreys, but where n is
        the largest that may be written, which declares the value known.
        """
        v, n = self.value.value, self.n.value
        added = 0.5 if v in (0.0, 1.0) and n < KNOWN else 0.0
        return v * n + added, (1 - v) * n + added


class Look(Section):
    """One way to look: chance to be looked at, with symptoms of bone and without, and to see either kind of lesion."""

    symptomatic: Share
    silent: Share
    phalangeal: Share
    axial: Share


class Cascade(Section):
    """How a true lesion comes on record: it hurts or not, is looked at or not, seen or not, written down or not.

    `symptomatic` and `phalangeal` are shares of the true cases (phalangeal: hands and feet only; the rest is axial),
    `written` is the chance that what was seen stands in the record.
    """

    symptomatic: Share
    phalangeal: Share
    film: Look
    ct: Look
    mri: Look
    pet: Look
    written: Share


class Selection(Section):
    """Odds of disease in those who were not looked at, over the odds in those who were."""

    odds: Positive


class Sources(Section):
    """Sources of records: the odds ratio between two of them, and the share of a source's records that are true."""

    odds_ratio: Positive
    predictive: SomeShare


class Together(Section):
    """Correlation of what is believed of sensitivity and of specificity (normal copula)."""

    correlation: Correlation


class Exposed(Section):
    """How else records err in patients with an exposure: odds over those in patients without it.

    `detected` of a true case to be on record, `mistaken` of one without the disease.
    """

    detected: Positive
    mistaken: Positive


class Occurrence(Section):
    """People with diagnosed sarcoidosis per 100 000, and the population of which the burden is told."""

    prevalence: Positive
    population: Count


class Belief(Section):
    """Sensitivity and specificity of the record for true osseous disease; `about` says of which kind of record."""

    name: str
    label: str
    about: About
    sensitivity: Detection
    specificity: Detection
    together: Together | None = None
    exposed: Exposed | None = None
    cascade: Cascade | None = None
    selection: Selection | None = None
    sources: Sources | None = None
    occurrence: Occurrence | None = None

    @model_validator(mode="after")
    def _detects(self) -> Self:
        """A cascade that detects more, or less, than the range of the sensitivity allows contradicts it."""
        basis = self.sensitivity.value.basis
        low, high = getattr(basis, "low", None), getattr(basis, "high", None)
        if self.cascade and low is not None and high is not None:
            detected = detected_share(self.cascade)
            if not low <= detected <= high:
                said = f"the cascade detects {detected:.3g} of the cases, the sensitivity lies between"
                raise ValueError(f"{said} {low:g} and {high:g}: one belief must not say two things")
        return self


#: The ways to look, and the two kinds of lesion, in the order of the arrays.
LOOKS = ("film", "ct", "mri", "pet")


def detected_share(cascade: Cascade) -> float:
    """Share of the true cases that reach the record, at the believed values."""
    looks = [getattr(cascade, name) for name in LOOKS]
    kind = cascade.phalangeal.value
    parts = detection(
        cascade.symptomatic.value,
        [kind, 1 - kind],
        [[look.symptomatic.value, look.silent.value] for look in looks],
        [[look.phalangeal.value, look.axial.value] for look in looks],
        cascade.written.value,
    )
    return float(parts.recorded.sum())
