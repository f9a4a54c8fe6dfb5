"""The report from the share on record to what nobody looked for: what each belief, design and series adds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sarcoid_epi import strata
from sarcoid_epi.cohort import generate
from sarcoid_epi.estimands import BURDEN
from sarcoid_epi.estimators import CATALOGUE, ask
from sarcoid_epi.evidence import finding
from sarcoid_epi.gathering import gathered
from sarcoid_epi.report.content import Content
from sarcoid_epi.results import Estimates
from sarcoid_epi.scenario import Belief, load_belief, load_design, load_prior, load_world, shipped
from sarcoid_epi.undetected.cohort import burden_section, verdict_section
from sarcoid_epi.undetected.operating import operating_section
from sarcoid_epi.undetected.record import (
    CURVES,
    belief_section,
    kind,
    record_for,
    sensitivity_section,
    truths_section,
)
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

    A published record of routine care stands for any such record, and a published PET series for the beliefs about PET;
    a synthetic cohort, whose truth is known, for a study of one's own; and the published series for all that was ever
    counted.
    """
    progress("the record")
    beliefs = tuple(load_belief(name) for name in shipped("belief"))
    of_record = _asked(beliefs)
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
        sensitivity_section(of_record, believed),
        verdict_section(of_cohort, whole, believed, cohort),
        joint,
        left_out,
        looking,
        burden_section(of_record, beliefs),
        operating_section(),
    )
    used = (*map(finding, CURVES), *(one.finding for one in gathered().read))
    return Content(
        title=title,
        question=question,
        data=f"{data}; published series",
        estimates=of_record + of_cohort + of_series + of_looking,
        findings=tuple({one.id: one for one in used}.values()),
        sections=sections,
        methods=("saltelli2010", "sobol2001", "jansen1999", "morris2019", "manski2003"),
        configuration={
            "command": "undetected", "title": title, "question": question, "size": str(size), "seed": str(seed),
        },
    )  # fmt: skip


def _asked(beliefs: tuple[Belief, ...]) -> Estimates:
    """Every estimator that knows only a record, asked of the record that each belief speaks of.

    A PET series of severe patients stands for no population: it is not asked for the burden.
    """
    only = [e for e in CATALOGUE if e.question == "underdiagnosis" and set(e.needs) <= {"osseous_recorded"}]
    total = Estimates((), ())
    for belief in beliefs:
        one, of = record_for(belief), kind(belief)
        events, n = one.events or 0, one.n or 0
        counts = np.array([[n - events, events]])
        record = strata.TallyStrata((strata.WHOLE,), (("osseous_recorded", strata.FLAG),), counts)
        asked = [e for e in only if of == "record" or e.estimand != BURDEN]
        total += ask(asked, record, data=f"published record {one.id}", question="underdiagnosis", belief=belief, of=of)
    return total
