"""The papers a report rests on: those of its methods and those of its findings, each resolved or the build fails."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sarcoid_epi.evidence import Source, source
from sarcoid_epi.report.content import Content
from sarcoid_epi.report.markup import author_year, capital, finding_of, nameless, quoted_key


@dataclass(frozen=True)
class Reference:
    """A paper and where it can be read."""

    key: str
    text: str
    url: str


def references(content: Content) -> tuple[Reference, ...]:
    """Every paper named by a run or a finding, sorted as it is printed.

    Raises
    ------
    ConfigurationError
        For a key that no registered source has.
    """
    found = {key: source(key) for key in sorted(_keys(content))}
    ordered = sorted(found.values(), key=lambda paper: (author_year(paper).casefold(), paper.key))
    return tuple(Reference(paper.key, _text(paper), _url(paper)) for paper in ordered)


def _keys(content: Content) -> set[str]:
    keys = {key for run in content.estimates.runs for key in re.split(r"[\s,;]+", run.references) if key}
    keys |= set(content.methods)
    ids = (*content.forest, *content.pooled_from, *(id for id, _ in content.set_aside))
    for one in (*content.findings, *(finding_of(content, id) for id in ids)):
        keys |= {one.source, quoted_key(one)} - {""}
    return keys


def _text(paper: Source) -> str:
    """The paper in one line; one without authors goes by what else is known of it, not by its key."""
    if paper.authors:
        return paper.reference
    name = nameless(paper)
    return replace(paper, authors=capital(name), title="" if name == paper.title else paper.title).reference


def _url(paper: Source) -> str:
    if paper.doi:
        return f"https://doi.org/{paper.doi}"
    if paper.pmcid:
        return f"https://pmc.ncbi.nlm.nih.gov/articles/{paper.pmcid}"
    return f"https://pubmed.ncbi.nlm.nih.gov/{paper.pmid}" if paper.pmid else paper.url
