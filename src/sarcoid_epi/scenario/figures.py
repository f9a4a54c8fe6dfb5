"""The numbers of findings, by the names that a scenario gives them."""

from __future__ import annotations

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.evidence import Finding, finding

#: What may follow the id of a finding, to name another of its numbers than its one value.
PARTS = ("low", "high", "events", "n")


def named(name: str) -> tuple[Finding, str]:
    """The finding of a name, and the part of it that is meant; empty where it is the value itself."""
    stem, _, part = name.rpartition(".")
    return (finding(stem), part) if part in PARTS else (finding(name), "")


def printed(name: str) -> float:
    """The number a finding prints, by its id; `.low`, `.high`, `.events` and `.n` name its other numbers."""
    found, part = named(name)
    value = getattr(found, part) if part else single(found)
    if value is None:
        has = [end for end in PARTS if getattr(found, end) is not None]
        mend = f"it has {', '.join(f'.{end}' for end in has)}" if has else "choose another finding"
        raise ConfigurationError(Problem(f"finding '{found.id}' prints no {part or 'single number'}", do=mend))
    return float(value)


def single(found: Finding) -> float | None:
    """The one number of a finding: its share (recomputed from counts where it has them), or its value."""
    return found.value if found.share is None else found.share
