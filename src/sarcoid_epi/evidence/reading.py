"""One TOML text into one `Source` and its `Finding`s, with everything wrong in it collected."""

from __future__ import annotations

import dataclasses
import math
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sarcoid_epi.errors import Problem, unknown
from sarcoid_epi.evidence import printed as figures
from sarcoid_epi.evidence.finding import (
    ASCERTAINMENTS,
    CHECKED,
    DIRECTIONS,
    FLAGS,
    KINDS,
    MEASURES,
    TOPICS,
    UNITS,
    Finding,
    Source,
)

# What the loader sets itself may not be written by hand: an author cannot hide a conflict, nor invent one.
_COMPUTED = frozenset({"id", "source", "conflict"})
_SOURCE_KEYS = frozenset(field.name for field in dataclasses.fields(Source))
_FINDING_KEYS = frozenset(field.name for field in dataclasses.fields(Finding)) - _COMPUTED
_TYPES = {field.name: str(field.type) for cls in (Source, Finding) for field in dataclasses.fields(cls)}
_CLOSED: Mapping[str, Collection[str]] = {
    "kind": KINDS,
    "checked": CHECKED,
    "measure": MEASURES,
    "topic": TOPICS,
    "ascertainment": ASCERTAINMENTS,
    "unit": UNITS,
    "direction": DIRECTIONS,
}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
# What each measure cannot do without: any one of the alternatives.
_NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "proportion": (("events", "n"), ("value",)),
    "range_of_proportions": (("low", "high"),),
    "count": (("events",), ("n",)),
    "ratio": (("value",),),
    "odds_ratio": (("value",),),
    "hazard_ratio": (("value",),),
    "difference": (("value",),),
    "correlation": (("value",),),
    "rate": (("value",), ("events", "n")),
    "range_of_rates": (("low", "high"),),
    "value": (("value",),),
    "range_of_values": (("low", "high"),),
    "lower_bound": (("low",),),
    "upper_bound": (("high",),),
    "direction": (("direction",),),
    "code": (("printed",),),
}


def read_source(name: str, text: str) -> tuple[Source | None, list[Finding], list[Problem]]:
    """Read one paper's file.

    Parameters
    ----------
    name : str
        File name without `.toml`; must equal the key of the source.
    text : str
        The TOML text.

    Returns
    -------
    source : Source or None
        None when the file cannot give one.
    findings : list of Finding
        The findings that are sound, with their conflicts computed.
    problems : list of Problem
        Everything wrong in this file.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [], [Problem("is not TOML", f"{name}.toml", str(error))]
    problems = [unknown("table", key, ("source", "finding"), f"{name}.toml") for key in table.keys() - _TABLES]
    source, faults = _source(name, table.get("source"))
    problems += faults
    findings = []
    tables = table.get("finding", {})
    if not isinstance(tables, dict):
        return source, [], [*problems, Problem("finding is not a table", f"{name}.toml", do="write [finding.NAME]")]
    for label, entry in tables.items():
        finding, faults = _finding(name, label, entry)
        problems += faults
        findings += [finding] if finding else []
    return source, findings, problems


_TABLES = {"source", "finding"}


def _source(name: str, entry: Any) -> tuple[Source | None, list[Problem]]:
    place = f"{name}.toml [source]"
    if not isinstance(entry, dict):
        return None, [Problem("there is no [source] table", f"{name}.toml", "every figure needs its paper")]
    problems = [*_key_problems(entry, _SOURCE_KEYS, place), *_missing(entry, ("key", "kind", "checked"), place)]
    if entry.get("key", name) != name:
        problems.append(Problem(f"key '{entry['key']}' differs from the file name", place, do="rename one of them"))
    return (None, problems) if problems else (Source(**_frozen(entry)), [])


def _finding(name: str, label: str, entry: Any) -> tuple[Finding | None, list[Problem]]:
    place = f"{name}.toml [finding.{label}]"
    if not isinstance(entry, dict):
        return None, [Problem("is not a table", place)]
    problems = [*_key_problems(entry, _FINDING_KEYS, place), *_missing(entry, ("quantity", "measure", "topic"), place)]
    if not _NAME.fullmatch(label):
        problems.append(Problem(f"'{label}' is not a name", place, do="use small letters, digits and underscores"))
    if problems:
        return None, problems
    finding = Finding(id=f"{name}.{label}", source=name, **_frozen(entry))
    problems = list(_number_problems(finding, place))
    return (None, problems) if problems else (_recomputed(finding), [])


def _key_problems(entry: Mapping[str, Any], known: Collection[str], place: str) -> Iterator[Problem]:
    """Unknown keys, values of the wrong type, words outside a closed list."""
    for key, value in entry.items():
        if key not in known:
            yield unknown("key", key, known, place)
        elif not _fits(value, _TYPES[key]):
            yield Problem(f"{key} = {value!r} is not {_IN_WORDS[_TYPES[key]]}", place)
        elif key in _CLOSED and value not in _CLOSED[key]:
            yield unknown(key, value, _CLOSED[key], place)
        elif key == "flags":
            yield from (unknown("flag", flag, FLAGS, place) for flag in value if flag not in FLAGS)


_IN_WORDS = {
    "str": "text",
    "int | None": "a whole number",
    "float | None": "a number",
    "tuple[str, ...]": "a list of texts",
}


def _fits(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return False
    if kind == "tuple[str, ...]":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if kind == "float | None":
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, int if kind == "int | None" else str)


def _missing(entry: Mapping[str, Any], needed: tuple[str, ...], place: str) -> list[Problem]:
    return [Problem(f"{key} is missing", place) for key in needed if not entry.get(key)]


def _frozen(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as tuples and whole numbers as floats where the field is a float."""
    return {
        key: tuple(value) if isinstance(value, list) else float(value) if _TYPES[key] == "float | None" else value
        for key, value in entry.items()
    }


def _number_problems(finding: Finding, place: str) -> Iterator[Problem]:
    """Numbers that are missing for the measure, out of order, or unlike the printed string."""
    needs = _NEEDS.get(finding.measure, ((),))
    if not any(all(getattr(finding, key) not in (None, "") for key in group) for group in needs):
        wanted = ", or ".join(" and ".join(group) for group in needs)
        yield Problem(f"a {finding.measure} needs {wanted}", place)
    yield from _order_problems(finding, place)
    yield from _transcription_problems(finding, place)


def _order_problems(finding: Finding, place: str) -> Iterator[Problem]:
    events, n = finding.events, finding.n
    if n is not None and n <= 0:
        yield Problem(f"n = {n} is not positive", place)
    if events is not None and events < 0:
        yield Problem(f"events = {events} is negative", place)
    if finding.measure == "proportion" and events is not None and n is not None and events > n:
        yield Problem(f"{events} events in {n} patients", place, do="check which is the numerator")
    for low, high in (("low", "high"), ("conf_low", "conf_high"), ("conf_low", "value"), ("value", "conf_high")):
        bottom, top = getattr(finding, low), getattr(finding, high)
        if bottom is not None and top is not None and bottom > top:
            yield Problem(f"{low} = {bottom:g} is above {high} = {top:g}", place)
    if (finding.conf_low is None) != (finding.conf_high is None):
        yield Problem("an interval has two limits", place, do="give conf_low and conf_high, or neither")
    if finding.conf_level is not None and not 0 < finding.conf_level < 1:
        yield Problem(f"conf_level = {finding.conf_level:g} is not between 0 and 1", place, do="write 0.95 for 95%")
    shares = ("value", "low", "high") if finding.unit == "proportion" or finding.measure == "proportion" else ()
    for key in shares:
        share = getattr(finding, key)
        if share is not None and not 0 <= share <= 1:
            yield Problem(f"{key} = {share:g} is not a share between 0 and 1", place, do="percent is printed, not kept")


def _transcription_problems(finding: Finding, place: str) -> Iterator[Problem]:
    """Where the numbers are not those of the printed string: a slip of ours, not a conflict in the paper."""
    text = finding.printed
    if finding.has_counts:
        if finding.value is not None:
            yield Problem("value stands beside events and n", place, do="leave it out; it is computed")
        pair = figures.counts(text)
        if pair and pair != (finding.events, finding.n):
            yield Problem(f"printed {text!r}, but events = {finding.events} and n = {finding.n}", place)
    stated = figures.percentages(text)
    if finding.measure == "proportion" and len(stated) == 1 and _differs(finding.value, float(stated[0]) / 100):
        yield Problem(f"printed {text!r}, but value = {finding.value:g}", place)
    ends = figures.percentage_range(text)
    if finding.measure == "range_of_proportions" and ends and (finding.low, finding.high) != ends:
        yield Problem(f"printed {text!r}, but low = {finding.low} and high = {finding.high}", place)


def _differs(held: float | None, printed: float) -> bool:
    return held is not None and abs(held - printed) > 1e-9


def _recomputed(finding: Finding) -> Finding:
    """The finding with the conflict between its printed percentage and its counts, if there is one."""
    if finding.measure != "proportion" or finding.n is None:
        return finding
    if finding.events is not None:
        conflict, flag = figures.counts_conflict(finding.printed, finding.events, finding.n), "arithmetic_conflict"
    else:
        conflict, flag = figures.reach_conflict(finding.printed, finding.n), "unreachable"
    if not conflict:
        return finding
    flags = finding.flags if flag in finding.flags else (flag, *finding.flags)
    return dataclasses.replace(finding, conflict=conflict, flags=flags)
