"""What the literature printed: every finding with its counts, exact limits and doubts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup, escape

from sarcoid_epi.evidence import ASCERTAINMENTS, DIRECTIONS, FLAGS, TOPICS, UNITS, Finding
from sarcoid_epi.report.content import Content
from sarcoid_epi.report.markup import (
    NOTHING,
    capital,
    citation,
    finding_limits,
    finding_of,
    printed,
    quoted_key,
    trace,
    traced,
)
from sarcoid_epi.report.table import Column, Row, Table, frame
from sarcoid_epi.results import percent

COLUMNS = (
    Column("Source"),
    Column("Found by"),
    Column("Printed"),
    Column("Counts", number=True),
    Column("Share", number=True),
    Column("Exact 95 % limits", number=True),
    Column("What is wrong with it"),
)

#: Ways of looking in few words; the others are their own words.
WAYS = {"film": "radiographs", "ct": "CT", "mri": "MRI", "pet": "FDG-PET"}

DATA = (
    "id", "topic", "source", "secondary", "quantity", "population", "setting", "ascertainment", "denominator",
    "measure", "unit", "printed", "events", "n", "value", "low", "high", "share", "exact_low", "exact_high",
    "direction", "flags", "conflict", "why_not_pooled", "where", "note",
)  # fmt: skip


def osseous_evidence(content: Content) -> Table:
    """The findings on how often bone is involved, and those of the forest plot."""
    found = {one.id: one for one in content.findings if one.id in frequencies(content)}
    found |= {id: finding_of(content, id) for id in content.forest}
    caption = "How often bone is involved, as printed"
    return _table("evidence_osseous", caption, sorted(found.values(), key=_order))


def frequencies(content: Content) -> frozenset[str]:
    """Ids of the findings on how often bone is involved."""
    osseous = (one.id for one in content.findings if one.topic == "osseous" and one.variable == "osseous")
    return frozenset((*osseous, *content.forest))


def other_evidence(content: Content) -> Table:
    """All other findings, by topic."""
    shown = [one for one in content.findings if one.id not in frequencies(content)]
    topics = list(TOPICS)
    ordered = sorted(shown, key=lambda one: (topics.index(one.topic), *_order(one)))
    return _table("evidence_other", "All other published findings used here, by topic", ordered, by_topic=True)


def conflicts(content: Content) -> tuple[Finding, ...]:
    """Findings whose printed figure does not follow from the printed counts, osseous ones first."""
    found = {one.id: one for one in (*content.findings, *(finding_of(content, id) for id in content.forest))}
    return tuple(sorted((one for one in found.values() if one.conflict), key=lambda o: (o.topic != "osseous", o.id)))


def composed(one: Finding) -> str:
    """A figure without a single share put together by us from what is kept: value, range or bound; else empty."""
    known = [number for number in (one.value, one.low, one.high) if number is not None]
    if one.share is not None or not known:
        return ""
    shares = one.unit == "proportion" or one.measure in ("proportion", "range_of_proportions")
    numbers = [percent(number) if shares else f"{number:g}" for number in known]
    bound = {"lower_bound": "at least ", "upper_bound": "at most "}.get(one.measure, "")
    return f"{bound}{' to '.join(numbers)} {UNITS[one.unit]}".rstrip()


def finding_counts(one: Finding) -> str:
    """`events/n`; where only one of the two is known, that number and of what: `19 cases`, `24 patients`."""
    if one.events is not None and one.n is not None:
        return f"{one.events}/{one.n}"
    number, of = (one.n, "patients") if one.events is None else (one.events, "cases")
    if number is None:
        return ""
    if one.measure == "count":
        of = UNITS[one.unit] or of
    return f"{number} {of.removesuffix('s') if number == 1 else of}"


def finding_share(one: Finding) -> Markup:
    """The share of a finding, traced to its id; empty where it has none."""
    return Markup("") if one.share is None else traced(one.share, percent(one.share), one.id)


def _order(one: Finding) -> tuple[Any, ...]:
    ways = list(ASCERTAINMENTS)
    return (one.share is None, ways.index(one.ascertainment) or len(ways), one.id)


def _table(key: str, caption: str, found: Iterable[Finding], by_topic: bool = False) -> Table:
    found = tuple(found)
    rows = tuple(_row(one, capital(TOPICS[one.topic]) if by_topic else "") for one in found)
    return Table(key, caption, "Quantity", COLUMNS, rows, frame([_record(one) for one in found], DATA))


def _row(one: Finding, group: str) -> Row:
    of = "; ".join(part for part in (one.population, one.setting) if part)
    heading = Markup('{}<br><span class="sub">{}</span><br>{}' if of else "{}{}<br>{}")
    heading = heading.format(capital(one.quantity), of, trace(one.id))
    where = f"; {one.where}" if one.where else ""
    paper = Markup("{}{}").format(citation(one.source), where)
    if one.secondary:
        quoted = citation(one.secondary) if quoted_key(one) else one.secondary
        paper = Markup('{}<br><span class="sub">quoting {}</span>').format(paper, quoted)
    found_by = WAYS.get(one.ascertainment, one.ascertainment) or NOTHING
    cells = (
        paper, found_by, printed(one.printed), finding_counts(one), _kept(one), finding_limits(one),
        _doubts(one),
    )  # fmt: skip
    return Row(heading, cells, group)


def _kept(one: Finding) -> Markup:
    """The share; where nothing was printed, our own composition or, as a note, which way the finding points."""
    if one.share is not None or one.printed:
        return finding_share(one)
    if numbers := composed(one):
        return escape(printed(numbers))
    return Markup('<span class="note">{}</span>').format(DIRECTIONS[one.direction]) if one.direction else Markup("")


def _doubts(one: Finding) -> Markup:
    doubts = (
        [Markup('<strong class="doubt">{}.</strong>').format(capital(printed(one.conflict)))] if one.conflict else []
    )
    doubts += [Markup("{}.").format(capital(FLAGS[flag])) for flag in one.flags]
    return Markup(" ").join(doubts)


def _record(one: Finding) -> dict[str, Any]:
    low, high = one.exact_interval() or (None, None)
    record = {name: getattr(one, name, None) for name in DATA}
    return record | {"flags": " ".join(one.flags), "exact_low": low, "exact_high": high}
