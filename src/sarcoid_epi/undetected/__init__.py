"""The report from the share on record to what nobody looked for: what each belief, design and series adds."""

from __future__ import annotations

from collections.abc import Callable

from sarcoid_epi import strata
from sarcoid_epi.cohort import generate
from sarcoid_epi.estimators import CATALOGUE, ask
from sarcoid_epi.estimators.many_truths import the_record
from sarcoid_epi.evidence import finding
from sarcoid_epi.report.content import Content
from sarcoid_epi.results import Estimates
from sarcoid_epi.scenario import Belief, load_belief, load_design, load_prior, load_world, shipped
from sarcoid_epi.undetected.cohort import burden_section, verdict_section
from sarcoid_epi.undetected.operating import operating_section
from sarcoid_epi.undetected.record import RECORD, belief_section, sensitivity_section, truths_section
from sarcoid_epi.undetected.series import joint_section, left_out_section, looking_section

#: Patients of the cohort, and the belief that the verdict is given under.
SIZE, SEED, BELIEF = 20_000, 2026, "clinical"

#: Tertiary records with a substudy, and diagnosis codes that hold some of the cases, so that no method lacks a column.
DESIGN, WORLD = "pet_substudy", "evidence"
VARY = {"sources.codes.painful": 0.4, "sources.codes.silent": 0.3}


def undetected(
    title: str, question: str, size: int = SIZE, seed: int = SEED, progress: Callable[[str], None] = lambda stage: None
) -> Content:
    """The content of the report.

    The published record of 27 of 926 patients stands for any record; a synthetic cohort, whose truth is known, for a
    study of one's own; and the published series for all that was ever counted.
    """
    progress("the record")
    beliefs = tuple(load_belief(name) for name in shipped("belief"))
    of_record = _asked(the_record(), f"published record {RECORD}", beliefs)
    progress("the cohort")
    world, design = load_world(WORLD), load_design(DESIGN, VARY)
    cohort = generate(world, design, size, seed)
    data = f"{size} synthetic patients (world {WORLD}, design {DESIGN} with codes, seed {seed})"
    whole = strata.whole(cohort.patients)
    believed = load_belief(BELIEF)
    of_cohort = ask(CATALOGUE, whole, data=data, question="underdiagnosis", belief=believed, of="cohort")
    progress("the series")
    priors = tuple(load_prior(name) for name in shipped("prior"))
    joint, of_series = joint_section(priors)
    left_out = left_out_section(priors[0])
    looking, of_looking = looking_section(priors)
    progress("operating characteristics")
    sections = (
        belief_section(of_record, beliefs),
        truths_section(beliefs),
        sensitivity_section(believed),
        verdict_section(of_cohort, whole, believed, cohort),
        joint,
        left_out,
        looking,
        burden_section(of_record, beliefs),
        operating_section(),
    )
    return Content(
        title=title,
        question=question,
        data=f"{data}; published series",
        estimates=of_record + of_cohort + of_series + of_looking,
        findings=(finding(RECORD),),
        sections=sections,
        methods=("saltelli2010", "sobol2001", "jansen1999", "morris2019", "manski2003"),
        configuration={
            "command": "undetected", "title": title, "question": question, "size": str(size), "seed": str(seed),
        },
    )  # fmt: skip


def _asked(record: strata.Strata, data: str, beliefs: tuple[Belief, ...]) -> Estimates:
    """Every estimator that knows only a record, under each belief."""
    only = [e for e in CATALOGUE if e.question == "underdiagnosis" and set(e.needs) <= {"osseous_recorded"}]
    total = Estimates((), ())
    for belief in beliefs:
        total += ask(only, record, data=data, question="underdiagnosis", belief=belief, of="record")
    return total
