"""Every source and finding of the package: read once, checked as a whole, asked by name."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from sarcoid_epi.errors import ConfigurationError, Problem, unknown
from sarcoid_epi.evidence.finding import Finding, Source
from sarcoid_epi.evidence.reading import read_source

_KEY = re.compile(r"[a-z][a-z0-9_]*")
_ASKABLE = frozenset(field.name for field in dataclasses.fields(Finding)) | {"name", "poolable", "has_counts"}


@dataclass(frozen=True, slots=True)
class Registry:
    """Sources by key and findings by id, both in sorted order."""

    sources: Mapping[str, Source]
    findings: Mapping[str, Finding]


@cache
def load_registry() -> Registry:
    """Read every file of `evidence/sources`.

    Raises
    ------
    ConfigurationError
        With everything that is wrong in all files, not only the first fault.
    """
    folder = resources.files("sarcoid_epi.evidence") / "sources"
    papers = [entry for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return read_registry({paper.name: paper.read_text(encoding="utf-8") for paper in papers})


def read_registry(files: Mapping[str, str]) -> Registry:
    """Read a registry from TOML texts by file name; the whole is checked before anything is handed out.

    Raises
    ------
    ConfigurationError
        With every problem of every file, and every problem between files: an overlap marked on one side only,
        a quotation from an unregistered paper, one DOI under two keys.
    """
    sources: dict[str, Source] = {}
    findings: dict[str, Finding] = {}
    problems: list[Problem] = []
    for file in sorted(files):
        source, found, faults = read_source(file.removesuffix(".toml"), files[file])
        problems += faults
        if source:
            sources[source.key] = source
        findings.update((finding.id, finding) for finding in found)
    known = {file.removesuffix(".toml") for file in files}
    problems += [*_overlap_problems(sources, known), *_secondary_problems(findings, known), *_doi_problems(sources)]
    if problems:
        raise ConfigurationError(*problems)
    return Registry(MappingProxyType(dict(sorted(sources.items()))), MappingProxyType(dict(sorted(findings.items()))))


def _overlap_problems(sources: Mapping[str, Source], known: Collection[str]) -> Iterator[Problem]:
    for source in sources.values():
        place = f"{source.key}.toml [source]"
        for other in source.shares_patients_with:
            if other not in known:
                yield unknown("source", other, known, place)
            elif other in sources and source.key not in sources[other].shares_patients_with:
                why = "patients cannot be shared in one direction only"
                yield Problem(f"shares patients with {other}, which does not say so", place, why, f"add it to {other}")


def _secondary_problems(findings: Mapping[str, Finding], known: Collection[str]) -> Iterator[Problem]:
    for finding in findings.values():
        if _KEY.fullmatch(finding.secondary) and finding.secondary not in known:
            yield unknown("source", finding.secondary, known, f"{finding.source}.toml [finding.{finding.name}]")


def _doi_problems(sources: Mapping[str, Source]) -> Iterator[Problem]:
    keys: defaultdict[str, list[str]] = defaultdict(list)
    for source in sources.values():
        if source.doi:
            keys[source.doi.lower()].append(source.key)
    for doi, holders in sorted(keys.items()):
        if len(holders) > 1:
            yield Problem(f"doi {doi} stands in {' and '.join(holders)}", why="one paper is one source")


def source(key: str) -> Source:
    """The source with this key; an unknown one raises with the nearest that exists."""
    known = load_registry().sources
    if key not in known:
        raise ConfigurationError(unknown("source", key, known))
    return known[key]


def finding(id: str) -> Finding:
    """The finding with this id; an unknown one raises with the nearest that exists."""
    known = load_registry().findings
    if id not in known:
        # Within the source first: 'kucharz2020.bone' should be answered with findings of that paper.
        nearby = [name for name in known if name.startswith(id.partition(".")[0] + ".")]
        raise ConfigurationError(unknown("finding", id, nearby or known))
    return known[id]


def sources(**where: Any) -> tuple[Source, ...]:
    """All sources whose fields equal what is asked, sorted by key: `sources(kind="method")`."""
    _refuse_unknown(where, {field.name for field in dataclasses.fields(Source)}, "field of a source")
    return tuple(one for one in load_registry().sources.values() if _matches(one, where))


def findings(**where: Any) -> tuple[Finding, ...]:
    """All findings whose fields equal what is asked, sorted by id.

    A list, tuple or set asks for any of its members; `flags="typo"` asks for findings carrying that flag.

    >>> [one.id for one in findings(source="clopper1934")]
    []
    """
    _refuse_unknown(where, _ASKABLE, "field of a finding")
    return tuple(one for one in load_registry().findings.values() if _matches(one, where))


def _refuse_unknown(where: Mapping[str, Any], known: Collection[str], kind: str) -> None:
    problems = [unknown(kind, key, known) for key in where if key not in known]
    if problems:
        raise ConfigurationError(*problems)


def _matches(one: Source | Finding, where: Mapping[str, Any]) -> bool:
    return all(_equal(getattr(one, key), wanted) for key, wanted in where.items())


def _equal(held: Any, wanted: Any) -> bool:
    wanted_any = set(wanted) if isinstance(wanted, list | tuple | set | frozenset) else {wanted}
    return bool(wanted_any & set(held)) if isinstance(held, tuple) else held in wanted_any


@dataclass(frozen=True, slots=True)
class SetAside:
    """A finding left out of a set of independent ones, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Independent:
    """Findings of which no two speak of the same patients, and those set aside to get there."""

    kept: tuple[Finding, ...]
    set_aside: tuple[SetAside, ...]


def share_patients(one: Finding, other: Finding) -> bool:
    """Whether two findings may speak of the same patients.

    True when both come from one paper, when one quotes the other's paper, or when their papers are marked as sharing
    patients. One paper counts as one set of patients even where it prints several groups: the cautious reading.
    """
    first, second = _whose_patients(one), _whose_patients(other)
    known = load_registry().sources
    return first == second or (first in known and second in known[first].shares_patients_with)


def _whose_patients(finding: Finding) -> str:
    """The paper whose patients a finding counts: the one quoted where it is registered, else its own."""
    return finding.secondary if finding.secondary in load_registry().sources else finding.source


def overlapping(findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], ...]:
    """Groups of two or more findings linked by shared patients, directly or through one another; sorted by id."""
    groups: list[list[Finding]] = []
    for one in sorted(findings, key=lambda finding: finding.id):
        linked = [group for group in groups if any(share_patients(one, other) for other in group)]
        groups = [group for group in groups if group not in linked]
        groups.append([one, *(member for group in linked for member in group)])
    ordered = (tuple(sorted(group, key=lambda finding: finding.id)) for group in groups if len(group) > 1)
    return tuple(sorted(ordered, key=lambda group: group[0].id))


def independent(findings: Iterable[Finding]) -> Independent:
    """Keep findings of which no two share patients: the largest n first, ties by id.

    The choice is deterministic and looks at n only, never at the value, so that it cannot favour a result.
    """
    kept: list[Finding] = []
    aside: list[SetAside] = []
    for one in sorted(findings, key=lambda finding: (-(finding.n or 0), finding.id)):
        rival = next((other for other in kept if share_patients(one, other)), None)
        if rival is None:
            kept.append(one)
        else:
            aside.append(SetAside(one, _reason(one, rival)))
    return Independent(
        tuple(sorted(kept, key=lambda finding: finding.id)),
        tuple(sorted(aside, key=lambda entry: entry.finding.id)),
    )


def _reason(one: Finding, rival: Finding) -> str:
    same = _whose_patients(one) == _whose_patients(rival)
    how = "counts the same patients as" if same else "may count patients of"
    size = f"n = {rival.n}" if rival.n is not None else "n unknown"
    return f"{how} {rival.id} ({size}), which was kept"
