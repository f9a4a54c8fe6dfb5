"""Numbers inside sentences: each is asked for by id, and an id that is not there fails the build."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from sarcoid_epi.evidence import Finding, source
from sarcoid_epi.report import markup
from sarcoid_epi.report.content import Content
from sarcoid_epi.report.dot_plots import organ_rows
from sarcoid_epi.report.estimate_tables import runs_by_name
from sarcoid_epi.report.evidence_tables import finding_share
from sarcoid_epi.report.markup import (
    author_year,
    citation,
    counts,
    finding_of,
    fits,
    group_label,
    level,
    limits,
    qualifier,
    quoted_key,
    rows_of,
    run_parts,
)
from sarcoid_epi.results import Estimate, Run


@dataclass(frozen=True)
class Sentences:
    """What the page may say of a content."""

    content: Content

    def has(self, run: str) -> bool:
        """Whether a run was made; whoever then asks for one of its rows must find it."""
        return run in runs_by_name(self.content)

    def row(self, id: str) -> Estimate:
        """The estimate with an id."""
        return self.content.estimates.one(id)

    def share(self, id: str) -> Markup:
        """The estimate, as percent."""
        return markup.share(self.row(id))

    def with_limits(self, id: str) -> Markup:
        """The estimate as percent, with its limits and its note, which alone stands where there is no number."""
        row = self.row(id)
        between = limits(row)
        if not between:
            return Markup("{} ({})").format(markup.share(row), row.note or "no limits")
        note = f"; {row.note}" if row.note else ""
        return Markup("{} ({} limits {}{})").format(markup.share(row), level(row), between, note)

    def between(self, id: str, beside: str = "") -> Markup:
        """The limits alone, as `low and high`, traced; with its note, unless the row `beside` it has said the same."""
        row = self.row(id)
        note = "" if not row.note or (beside and self.row(beside).note == row.note) else f" ({row.note})"
        shown = limits(row, "and") or "–"
        return Markup('<span title="sarcoid-epi explain {}">{}</span>{}').format(id, shown, note)

    def believed(self, run: str) -> Markup:
        """What a belief makes of the records, as a clause; one that does not fit them gives no share."""
        id, belief = self.answer(run), self.belief(run)
        row = self.row(id)
        if fits(row):
            return Markup("{} under the belief “{}”").format(self.with_limits(id), belief)
        why = row.note or "no limits"
        if math.isnan(row.estimate):
            return Markup("the belief “{}” gives no answer ({})").format(belief, why)
        if math.isnan(row.conf_low):
            return Markup("the belief “{}” does not fit these records ({})").format(belief, why)
        between = limits(row, "to")
        outside = "below zero" if row.estimate < 0 else "above one"
        said = "under the belief “{}” the estimate falls {}, the {} limits are {} ({})"
        return Markup(said).format(belief, outside, level(row), between, why)

    def counts(self, id: str) -> Markup:
        """`events of n`, traced."""
        said = counts(self.row(id)).replace("/", " of ")
        return Markup('<span title="sarcoid-epi explain {}">{}</span>').format(id, said)

    def qualified(self, id: str) -> Markup:
        """The share of a finding, with its patients, its paper, what else it counts, and of whom."""
        one = finding_of(self.content, id)
        key = quoted_key(one) or one.source
        paper, name = source(key), author_year(source(key))
        cohort = f"{paper.cohort}: " if paper.cohort and paper.cohort != name else ""
        quoted = Markup(", as quoted by {}").format(citation(one.source)) if key != one.source else ""
        of = f"; {qualifier(one)}" if qualifier(one) else ""
        return Markup("{} ({}{}{}{})").format(finding_share(one), cohort, citation(key), quoted, of)

    def trace(self, id: str) -> Markup:
        """The id in small letters."""
        return markup.trace(id)

    def cite(self, key: str) -> Markup:
        """A link to a reference."""
        return citation(key)

    def group(self, name: str) -> str:
        """A group in words."""
        return group_label(name)

    def extremes(self) -> tuple[Finding, Finding] | None:
        """The findings of the forest plot with the lowest and the highest share that have counts."""
        found = [finding_of(self.content, id) for id in self.content.forest]
        counted = sorted((one for one in found if one.has_counts), key=lambda one: (one.share or 0.0, one.id))
        return (counted[0], counted[-1]) if counted else None

    def pooled(self) -> tuple[str, ...]:
        """Runs that pooled the published series."""
        return tuple(dict.fromkeys(row.run for row in rows_of(self.content, "pooled_prevalence")))

    def beliefs(self) -> tuple[Run, ...]:
        """Runs that corrected the recorded share of all patients, one for each belief."""
        names = {row.run for row in rows_of(self.content, "corrected_prevalence") if row.group == "all"}
        return tuple(run for run in self.content.estimates.runs if run.run in names)

    def known(self, id: str) -> bool:
        """Whether the estimate with an id is a number; its note says why not."""
        return not math.isnan(self.row(id).estimate)

    def answer(self, run: str) -> str:
        """The id of a run's estimate for all patients, whatever its term."""
        return next(row.id for row in self.content.estimates.rows if row.run == run and row.group == "all")

    def series(self, run: str) -> str:
        """What the series of a run are called."""
        return markup.series_name(run) or "Published series"

    def belief(self, run: str) -> str:
        """The belief of a run."""
        return run_parts(run)[2] or "given"

    def rests_on(self, run: Run) -> tuple[str, ...]:
        """What a run rests on, one statement each."""
        return statements(run.rests_on)

    def grouped_by(self) -> str:
        """What the groups of the organ plot are made by; empty where there are none."""
        grouped = organ_rows(self.content)[1]
        return run_parts(grouped[0].run)[1] if grouped else ""


def statements(text: str) -> tuple[str, ...]:
    """The parts of a text between semicolons that stand outside brackets.

    >>> statements("counts; a 0.2 (assumed: this; or that)")
    ('counts', 'a 0.2 (assumed: this; or that)')
    """
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == ";" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return tuple(part.strip() for part in parts if part.strip())
