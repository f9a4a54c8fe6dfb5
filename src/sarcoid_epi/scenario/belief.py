"""A belief: what the analyst brings from outside the data."""

from __future__ import annotations

from sarcoid_epi.scenario.parameter import About, Count, Section, Share


class Detection(Section):
    """Believed chance of a right record, as if seen in `n` verified patients (the larger, the surer)."""

    value: Share
    n: Count


class Belief(Section):
    """Sensitivity and specificity of the record for true osseous disease; `about` says of which kind of record."""

    name: str
    label: str
    about: About
    sensitivity: Detection
    specificity: Detection
