"""What is known: every published figure the package rests on, one paper a file, each figure recomputed on load.

`finding(id)` and `source(key)` look up, `findings(**where)` and `sources(**where)` select, `describe` prints,
`independent` keeps series that share no patients.
"""

from sarcoid_epi.evidence.describe import describe, summary
from sarcoid_epi.evidence.finding import (
    ASCERTAINMENTS,
    CHECKED,
    DIRECTIONS,
    FLAGS,
    KINDS,
    MEASURES,
    NOT_POOLED,
    TOPICS,
    UNITS,
    Finding,
    Source,
)
from sarcoid_epi.evidence.registry import (
    Independent,
    Registry,
    SetAside,
    finding,
    findings,
    independent,
    load_registry,
    overlapping,
    read_registry,
    share_patients,
    source,
    sources,
)

__all__ = [
    "ASCERTAINMENTS",
    "CHECKED",
    "DIRECTIONS",
    "FLAGS",
    "KINDS",
    "MEASURES",
    "NOT_POOLED",
    "TOPICS",
    "UNITS",
    "Finding",
    "Independent",
    "Registry",
    "SetAside",
    "Source",
    "describe",
    "finding",
    "findings",
    "independent",
    "load_registry",
    "overlapping",
    "read_registry",
    "share_patients",
    "source",
    "sources",
    "summary",
]
