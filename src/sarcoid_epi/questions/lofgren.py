"""The report on Löfgren syndrome: who has it, how those who have it differ, and which differences are definitions."""

from __future__ import annotations

from collections.abc import Callable

from sarcoid_epi import strata
from sarcoid_epi.cohort import generate
from sarcoid_epi.estimators import CATALOGUE, ask
from sarcoid_epi.evidence import Finding, finding
from sarcoid_epi.questions.lofgren_contrasts import forest_section, review_section, standardised_section, table_section
from sarcoid_epi.questions.lofgren_parts import (
    adjusted_section,
    centre_section,
    group_section,
    season_section,
    stage_section,
)
from sarcoid_epi.questions.lofgren_words import Told, share_with_limits
from sarcoid_epi.report.content import Content, Field, Section, Sheet
from sarcoid_epi.report.plots import Axis, Bar, Bars
from sarcoid_epi.results import percent
from sarcoid_epi.scenario import load_design, load_world
from sarcoid_epi.vocabulary import label

WORLD = "evidence"

#: Published figures that stand beside those of the cohort.
PRINTED = (
    "kucharz2020.lofgren_triad", "kucharz2020.lofgren_isolated_ankle", "kucharz2020.lofgren_vs_non_age",
    "kucharz2020.lofgren_vs_non_sex", "kucharz2020.lofgren_vs_non_stage", "kucharz2020.lofgren_vs_non_medication",
    "kucharz2020.lofgren_vs_non_fever", "kucharz2020.lofgren_spring", "mana1999.definition", "mana1999.spring",
    "grunewald2007.isolated_ankle", "spain_lofgren2014.triad", "barcelona_incidental2020.incidental",
)  # fmt: skip

WHO = "definitions"


def lofgren(
    title: str, question: str, design: str, size: int, seed: int, progress: Callable[[str], None] = lambda stage: None
) -> Content:
    """The content of the report, on synthetic patients of a design."""
    progress("the cohort")
    cohort = generate(load_world(WORLD), load_design(design), size, seed)
    data = f"{size} synthetic patients (world {WORLD}, design {design}, seed {seed})"
    progress("the contrasts")
    answers = ask(CATALOGUE, strata.whole(cohort.patients), data=data, question="lofgren")
    told = Told(answers)
    findings = tuple(map(finding, PRINTED))
    return Content(
        title=title,
        question=question,
        data=data,
        estimates=answers,
        findings=findings,
        sections=(
            who_section(told, findings),
            review_section(told),
            table_section(told),
            forest_section(told),
            standardised_section(told),
            group_section(told),
            stage_section(told),
            season_section(told),
            centre_section(told),
            adjusted_section(told),
        ),
        configuration={
            "command": "lofgren", "title": title, "question": question, "design": design, "size": str(size),
            "seed": str(seed),
        },
    )  # fmt: skip


def who_section(told: Told, findings: tuple[Finding, ...]) -> Section:
    """Who has the syndrome by either definition, and by which of its signs."""
    broad, strict = told(WHO, "", "lofgren_broad"), told(WHO, "", "lofgren_strict")
    both, alone = told(WHO, "of_broad", "lofgren_strict"), told(WHO, "of_broad", "isolated_ankle")
    said = (
        f"Of {broad.n:.0f} patients {broad.events:.0f} have Löfgren syndrome by the broad definition, hilar nodes on "
        f"both sides with erythema nodosum or periarticular ankles, which is {share_with_limits(broad)}; by the strict "
        f"one, nodes with erythema nodosum and arthritis, {strict.events:.0f} have it, {share_with_limits(strict)}. "
        f"Of the former {share_with_limits(both)} have it by the strict definition too, and {share_with_limits(alone)} "
        "have nothing but their ankles.",
        "Who is compared with whom hangs on the definition: patients with nodes and ankles alone stand among Löfgren "
        "patients by one, and among the others by the other. Limits are at 95 % and count patients; they do not carry "
        "the doubt about the figures the patients were made from.",
    )
    return Section("who", "Who is compared", said, (_definition_sheet(told), _printed(findings)), (_signs(told),))


def _definition_sheet(told: Told) -> Sheet:
    terms = [("", "lofgren_broad"), ("", "lofgren_strict")]
    terms += [("of_broad", of) for of in told.of(WHO, "of_broad")] + [("of_strict", "isolated_ankle")]
    groups = {
        "": "Of all patients",
        "of_broad": "Of Löfgren patients, broad",
        "of_strict": "Of Löfgren patients, strict",
    }
    records = []
    for measure, of in terms:
        row = told(WHO, measure, of)
        records.append(
            {
                "among": groups[measure], "what": label(of), "events": row.events, "n": row.n, "share": row.estimate,
                "low": row.conf_low, "high": row.conf_high, "id": row.id,
            }
        )  # fmt: skip
    fields = (
        Field("events", "Patients", "whole"), Field("n", "Of", "whole"), Field("share", "Share", "share"),
        Field("low", "from", "share", "95 % limits"), Field("high", "to", "share", "95 % limits"), Field("id", ""),
    )  # fmt: skip
    return Sheet("definitions", "Who has Löfgren syndrome", Field("what", "Sign"), fields, tuple(records), "among")


def _printed(findings: tuple[Finding, ...]) -> Sheet:
    """What papers print of the same."""
    records = [
        {
            "finding": one.id, "what": one.quantity, "who": one.population,
            "printed": one.printed or (f"{one.events}/{one.n}" if one.n else one.direction),
        }
        for one in findings
    ]  # fmt: skip
    fields = (Field("what", "What", "sentence"), Field("who", "Of whom"), Field("printed", "Printed"))
    stub = Field("finding", "Finding", "finding")
    return Sheet("printed", "What is printed of Löfgren syndrome", stub, fields, tuple(records), folded=True)


def _signs(told: Told) -> Bars:
    nodosum, triad = told(WHO, "of_broad", "erythema_nodosum"), told(WHO, "of_broad", "lofgren_strict")
    alone = told(WHO, "of_broad", "isolated_ankle")
    parts = (
        ("the triad", triad.estimate),
        ("erythema nodosum, no arthritis", max(nodosum.estimate - triad.estimate, 0.0)),
        ("ankles and arthritis, no nodosum", max(1 - nodosum.estimate - alone.estimate, 0.0)),
        ("ankles alone", alone.estimate),
    )
    title = (
        f"By the strict definition {percent(triad.estimate)} of Löfgren patients remain; {percent(alone.estimate)} "
        "have nothing but their ankles"
    )
    caption = f"Patients with Löfgren syndrome by the broad definition (n = {triad.n:.0f}), each in one part."
    bar = Bar("Löfgren syndrome, broad definition", triad.id, parts, f"n = {triad.n:.0f}")
    return Bars("signs", title, caption, Axis("Löfgren patients (%)", share=True), (bar,))
