"""Everything a report is made of. It arrives here as data; the report computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sarcoid_epi.evidence import Finding
from sarcoid_epi.results import Estimates


@dataclass(frozen=True)
class Exclusion:
    """One step of the flow of patients: why, how many were there before and after, and what explains it."""

    reason: str
    before: int
    after: int
    trace: str = ""


@dataclass(frozen=True)
class Hit:
    """One calibration target: the node, the path of the target, its population, what was asked and what was reached."""

    node: str
    path: str
    population: str
    target: float
    achieved: float
    basis: str


@dataclass(frozen=True)
class Ledger:
    """One number that went in: its part (world, design, belief), path, value, kind of basis, and the basis in words."""

    part: str
    path: str
    value: float
    kind: str
    basis: str


@dataclass(frozen=True)
class Content:
    """A report's matter. Runs in `estimates` are found by their names; a name that is absent leaves its section out."""

    title: str
    question: str
    data: str
    estimates: Estimates
    findings: tuple[Finding, ...] = ()
    forest: tuple[str, ...] = ()
    pooled_from: tuple[str, ...] = ()
    set_aside: tuple[tuple[str, str], ...] = ()
    flow: tuple[Exclusion, ...] = ()
    calibration: tuple[Hit, ...] = ()
    ledger: tuple[Ledger, ...] = ()
    configuration: Mapping[str, str] | None = None
    inputs: Mapping[str, str] | None = None
