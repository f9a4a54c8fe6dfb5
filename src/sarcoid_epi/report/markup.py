"""How a number, an id and a name look on the page; every number carries the id that `sarcoid-epi explain` takes."""

from __future__ import annotations

import math
import re

from markupsafe import Markup, escape

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.evidence import Finding, Source, finding, source
from sarcoid_epi.report.content import Content
from sarcoid_epi.results import Estimate, percent
from sarcoid_epi.vocabulary import PATIENT_BY_NAME, label, readable

#: What stands where nothing could be estimated.
NOTHING = "–"


def printed(text: str) -> str:
    """Text as it is set: a true minus sign before a figure, and a percent sign that stays with its number.

    >>> printed("-0.40 %") == "−0.40\\u00a0%"
    True
    """
    return re.sub(r"(?<![\w.])-(?=\d)", "−", text).replace(" %", "\u00a0%")


def traced(value: float, shown: str, id: str) -> Markup:
    """A number as the reader sees it, with its value and the command that explains it."""
    number = "" if math.isnan(value) else f"{value:.8g}"
    return Markup('<data value="{}" title="sarcoid-epi explain {}">{}</data>').format(number, id, printed(shown))


def trace(id: str) -> Markup:
    """An id in small fixed-width letters, allowed to break after its punctuation."""
    broken = re.sub(r"([.:=_])", r"\1<wbr>", str(escape(id)))
    return Markup(f'<code class="trace">{broken}</code>')


def share(row: Estimate) -> Markup:
    """The estimate of a proportion."""
    return traced(row.estimate, percent(row.estimate), row.id)


def limits(row: Estimate, between: str = "to") -> str:
    """The limits of a proportion, or nothing where there are none."""
    if math.isnan(row.conf_low) or math.isnan(row.conf_high):
        return ""
    return printed(f"{percent(row.conf_low).removesuffix(' %')} {between} {percent(row.conf_high)}")


def counts(row: Estimate) -> str:
    """`events/n`, or what is known of them."""
    if math.isnan(row.n):
        return ""
    return f"{row.n:.0f}" if math.isnan(row.events) else f"{row.events:.0f}/{row.n:.0f}"


def level(row: Estimate) -> str:
    """The confidence level in words."""
    return f"{100 * row.conf_level:g}\u00a0%"


def finding_limits(one: Finding, *, implied: bool = False) -> str:
    """The exact limits of a finding's counts (or of its implied counts), or nothing.

    Both have two decimals where the lower lies below one per cent and the upper below ten.
    """
    interval = one.exact_interval(implied=implied)
    if interval is None:
        return ""
    low, high = interval
    if 0 < low < 0.01 and high < 0.1:
        return printed(f"{100 * low:.2f} to {100 * high:.2f} %")
    return printed(f"{percent(low).removesuffix(' %')} to {percent(high)}")


def finding_of(content: Content, id: str) -> Finding:
    """A finding of the report, or of the registry; an unknown id is refused."""
    return next((one for one in content.findings if one.id == id), None) or finding(id)


def author_year(paper: Source) -> str:
    """`Sparks et al. 2014`; what else is known of the paper where the authors were not recorded.

    >>> author_year(Source(key="a2001", kind="study", checked="abstract", authors="E. J. Kucharz, A. Other", year=2020))
    'Kucharz et al. 2020'
    """
    first, *others = (name.strip() for name in paper.authors.split(","))
    surname = re.sub(r"^(?:\w\.[ -]?)+", "", first)
    name = f"{surname} et al." if others else surname
    if name or paper.cohort:
        return f"{name} {paper.year}" if name and paper.year else name or paper.cohort
    called = nameless(paper)
    return f"{called} {paper.year}" if paper.year and paper.key not in called else called


def nameless(paper: Source) -> str:
    """What a paper without authors is called: its patients, its title, what its note calls it, or nothing but its key.

    >>> nameless(Source(key="a2001", kind="study", checked="abstract", note="A book chapter. Year not recorded."))
    'A book chapter'
    >>> nameless(Source(key="a2001", kind="study", checked="abstract", note="Author names were not recorded."))
    'unnamed report (a2001)'
    """
    called = _CALLED.match(paper.note)
    noted = re.sub(r"\b[a-z]+\d{4}\b", _named_paper, called.group()) if called else ""
    return paper.cohort or paper.title or noted or f"unnamed report ({paper.key})"


#: The opening of a note that calls the paper something: `A book chapter`, `Guideline of ...`, `EpiSarc.`
_CALLED = re.compile(r"(?:An?|The|Guideline|Later) [^.,;:]+|\w+(?=\.)")


def _named_paper(key: re.Match[str]) -> str:
    try:
        return author_year(source(key.group()))
    except ConfigurationError:
        return key.group()


def who_printed(one: Finding) -> str:
    """The paper a finding counts and, where it is a quotation, the paper that quotes it."""
    quoting, quoted = source(one.source), quoted_key(one)
    if quoted:
        return f"{_with_cohort(source(quoted))}, as quoted by {author_year(quoting)}"
    return _with_cohort(quoting)


def _with_cohort(paper: Source) -> str:
    """`ACCESS: Baughman et al. 2001` where the patients are known by a name."""
    name = author_year(paper)
    return f"{paper.cohort}: {name}" if paper.cohort and name != paper.cohort else name


def quoted_key(one: Finding) -> str:
    """The key of the source a finding is quoted from; empty where that paper is not registered."""
    return one.secondary if one.secondary.isidentifier() else ""


def qualifier(one: Finding) -> str:
    """What a share counts beside bone, and of whom: `bone or marrow, of PET-positive patients`.

    The category stands where the finding is flagged as a combined one, in the words of its quantity. Of whom is said by
    the denominator or, where none is given, by the setting.
    """
    return ", ".join(part for part in (_category(one), _of_whom(one)) if part)


def _category(one: Finding) -> str:
    if "combined_category" not in one.flags:
        return ""
    joined = re.search(r"\b(?:bone or \w+|\w+ or bone)\b", one.quantity)
    if joined:
        return joined.group()
    return one.variable if " or " in one.variable else "bone together with something else"


_DENOMINATORS = {"scanned": "of patients scanned", "PET-positive": "of PET-positive patients"}


def _of_whom(one: Finding) -> str:
    return _DENOMINATORS.get(one.denominator, f"of {one.denominator}") if one.denominator else one.setting


def fits(row: Estimate) -> bool:
    """Whether an estimated share is one: it has limits and lies between 0 and 1."""
    return bool(limits(row)) and 0 <= row.estimate <= 1


def capital(text: str) -> str:
    """Text with a capital first letter, the rest as it stands."""
    return text[:1].upper() + text[1:]


def citation(key: str) -> Markup:
    """A link to the reference below, by author and year."""
    return Markup('<a href="#ref-{}">{}</a>').format(key, author_year(source(key)))


def term_label(term: str) -> str:
    """`sex=female` as Sex: female; a flag as its label."""
    name, _, value = term.partition("=")
    return f"{label(name)}: {readable(value)}" if value else label(name)


def group_label(group: str) -> str:
    """The label of a group: all patients, or variable and level."""
    return "All patients" if group == "all" else term_label(group)


def step_of(term: str) -> str:
    """The step of the vocabulary that a term belongs to."""
    known = PATIENT_BY_NAME.get(term.partition("=")[0])
    return known.step if known else "other"


def run_parts(name: str) -> tuple[str, str, str]:
    """Estimator, grouping variable, and belief (or whatever else) of a run's name.

    >>> run_parts("corrected_prevalence-by-lofgren_broad-clinical")
    ('corrected_prevalence', 'lofgren_broad', 'clinical')
    >>> run_parts("organs")
    ('organs', '', '')
    """
    estimator, *rest = name.split("-")
    if rest[:1] == ["by"]:
        if len(rest) < 2:
            raise ConfigurationError(Problem(f"the run '{name}' does not say by what its groups are made"))
        return estimator, rest[1], "-".join(rest[2:])
    return estimator, "", "-".join(rest)


def series_name(run: str) -> str:
    """What a run's series or belief are called, in words; empty where the run does not say.

    >>> series_name("pooled_prevalence-pet_series")
    'PET series'
    """
    words = readable(run_parts(run)[2])
    return re.sub(r"\b(?:pet|ct|mri|us)\b", lambda found: found.group().upper(), words)


def rows_of(content: Content, estimator: str) -> list[Estimate]:
    """All rows of an estimator, in the order they came."""
    return [row for row in content.estimates.rows if run_parts(row.run)[0] == estimator]
