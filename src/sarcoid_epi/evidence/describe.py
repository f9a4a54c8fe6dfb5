"""A finding as a reader wants to see it: who says it, of whom, how it was found, and what is wrong with it."""

from __future__ import annotations

import textwrap

from sarcoid_epi.evidence.finding import ASCERTAINMENTS, CHECKED, DIRECTIONS, FLAGS, UNITS, Finding
from sarcoid_epi.evidence.registry import source

_WIDTH = 100


def describe(finding: Finding, level: float = 0.95) -> str:
    """All that is known of one finding, as plain text: the citation first, the number after its setting."""
    paper = source(finding.source)
    overlap = ", ".join(paper.shares_patients_with)
    lines = [
        ("source", f"{paper.reference} {_address(finding)}".rstrip()),
        ("checked", CHECKED[finding.checked or paper.checked]),
        ("quoted from", _quoted(finding)),
        ("place", finding.where),
        ("quantity", finding.quantity),
        ("population", "; ".join(part for part in (finding.population, finding.setting) if part)),
        ("found by", ASCERTAINMENTS[finding.ascertainment] if finding.ascertainment else ""),
        ("denominator", finding.denominator),
        ("printed", finding.printed),
        (finding.measure.replace("_", " "), _number(finding)),
        ("counts", _counts(finding, level)),
        ("direction", DIRECTIONS[finding.direction] if finding.direction else ""),
        ("conflict", finding.conflict),
        *(("flag", f"{flag}: {FLAGS[flag]}") for flag in finding.flags),
        ("note", finding.note),
        ("overlap", f"may share patients with {overlap}" if overlap else ""),
        ("source note", paper.note),
        ("pooled", "may be pooled" if finding.poolable else f"never: {finding.why_not_pooled}"),
    ]
    return "\n".join([finding.id, *(_line(label, text) for label, text in lines if text)])


def summary(finding: Finding) -> str:
    """One finding on one line, for a list."""
    mark = " !" if finding.conflict else ""
    number = finding.printed or _counts(finding, 0.95) or _number(finding) or finding.direction or finding.measure
    return f"{finding.id}: {finding.quantity}: {number}{mark}"


def _line(label: str, text: str) -> str:
    first = f"  {label + ':':<22}"
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _address(finding: Finding) -> str:
    paper = source(finding.source)
    return paper.url or (f"https://pmc.ncbi.nlm.nih.gov/articles/{paper.pmcid}" if paper.pmcid else "")


def _quoted(finding: Finding) -> str:
    if not finding.secondary or " " in finding.secondary:
        return finding.secondary
    return source(finding.secondary).reference


def _number(finding: Finding) -> str:
    """The number in the unit it is kept in; shares as percent, since a reader reads it."""
    numbers = (finding.low, finding.high) if finding.value is None else (finding.value,)
    known = [number for number in numbers if number is not None]
    if not known:
        return ""
    shares = finding.unit == "proportion" or finding.measure in ("proportion", "range_of_proportions")
    text = " to ".join(f"{100 * number:.4g}%" if shares else f"{number:g}" for number in known)
    text = {"lower_bound": "at least ", "upper_bound": "at most "}.get(finding.measure, "") + text
    if finding.conf_low is not None and finding.conf_high is not None:
        level = f"{100 * finding.conf_level:g}% limits " if finding.conf_level else "limits "
        text += f" ({level}{finding.conf_low:g} to {finding.conf_high:g})"
    return f"{text} {UNITS[finding.unit]}".rstrip()


def _counts(finding: Finding, level: float) -> str:
    interval = finding.exact_interval(level)
    if interval is not None and finding.share is not None:
        low, high = interval
        limits = f"exact {100 * level:g}% limits {100 * low:.2f}% to {100 * high:.2f}%"
        return f"{finding.events}/{finding.n} = {100 * finding.share:.2f}% ({limits})"
    events = f"{finding.events} {UNITS[finding.unit] or 'events'}" if finding.events is not None else ""
    size = f"n = {finding.n}" if finding.n is not None else ""
    return ", ".join(part for part in (events, size) if part)
