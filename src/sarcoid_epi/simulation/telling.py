"""What a whole study tells: its cases, its summaries, and a manifest after ADEMP."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields as named
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from sarcoid_epi.files import digest, write_text
from sarcoid_epi.results import to_csv
from sarcoid_epi.scenario import Study
from sarcoid_epi.simulation import driving
from sarcoid_epi.simulation.asking import questions
from sarcoid_epi.simulation.comparing import Comparison, comparisons, estimands
from sarcoid_epi.simulation.failing import Noted, noted
from sarcoid_epi.simulation.planning import Plan, plans
from sarcoid_epi.simulation.running import parts_of
from sarcoid_epi.simulation.splitting import Split, Splitting, drawn
from sarcoid_epi.simulation.stated import ENGINES
from sarcoid_epi.simulation.stored import read_parts
from sarcoid_epi.simulation.summary import Summary, of_case, rows, units
from sarcoid_epi.simulation.terms import by_term

#: What is written beside the parts.
CASES, SUMMARY, MANIFEST = "cases.csv", "summary.csv", "manifest.json"
COMPARISONS, VARIANCE, NOTES = "comparisons.csv", "variance.csv", "notes.csv"
INDICES, TORNADO, TIPPING, PLANNING = "indices.csv", "tornado.csv", "tipping.csv", "planning.csv"


def tell(study: Study, out: Path) -> None:
    """Write what a study found, whose parts are all there; of its replicates one case at a time is in memory.

    `cases.csv`, `summary.csv`, `comparisons.csv`, `notes.csv`, `variance.csv` (of parameters that are drawn),
    `indices.csv`, `tornado.csv` and `tipping.csv` (of factors that vary), `planning.csv` (of wanted widths), and
    `manifest.json`.
    """
    asked, known, splitting = estimands(study), units(study), Splitting()
    found: list[Summary] = []
    compared: list[Comparison] = []
    said: list[Noted] = []
    for case in study.all_cases():
        terms = by_term(read_parts(parts_of(study, case, out)))
        found += of_case(case, terms, known)
        compared += comparisons(case, terms, asked, known)
        said += noted(case, terms, known)
        if drawn(study):
            splitting.add(case, terms, known)
    results = list(driving.fields(study, found))
    tipping = list(driving.fields(study, found, driving.TIPPING))
    write_text(out / CASES, to_csv(cases(study)))
    _write(out / SUMMARY, Summary, found)
    _write(out / COMPARISONS, Comparison, compared)
    _write(out / NOTES, Noted, said)
    _write(out / VARIANCE, Split, splitting.told())
    _write(out / INDICES, driving.Index, driving.indices(results))
    _write(out / TORNADO, driving.Swing, driving.swings(results))
    _write(out / TIPPING, driving.Place, driving.places(study, tipping))
    _write(out / PLANNING, Plan, plans(study, found))
    write_text(out / MANIFEST, json.dumps(manifest(study, out), indent=1, ensure_ascii=False) + "\n")


def _write(path: Path, form: type[Any], found: Iterable[Any]) -> None:
    """Records as a table; one without a row has its header all the same."""
    columns = [column.name for column in named(form)]
    write_text(path, to_csv(pd.DataFrame(rows(found), columns=columns)))


def cases(study: Study) -> pd.DataFrame:
    """One row for each case: what is looked at, what is believed, and the value of each factor."""
    return pd.DataFrame(
        {
            "case": case.number, "world": case.world, "design": case.design, "belief": case.belief, "size": case.size,
            **({} if case.draw is None else {"draw": case.draw}), **dict(case.values),
        }
        for case in study.all_cases()
    )  # fmt: skip


def manifest(study: Study, out: Path) -> dict[str, Any]:
    """Aims, data-generating mechanisms, estimands, methods, performance; and the hash of every part."""
    asked = questions(study)
    return {
        "study": study.name,
        "aims": study.aims,
        "data": {
            "worlds": study.worlds, "designs": study.designs, "sizes": study.sizes, "method": study.method,
            "vary": {name: factor.model_dump(exclude_defaults=True) for name, factor in study.vary.items()},
            "cases": len(study.all_cases()), "replicates": study.replicates, "error": study.error, "seed": study.seed,
            "chance": study.chance, "population": study.population,
        },
        "estimands": {one.run: one.estimator.estimand.label for one in asked},
        "methods": {one.run: one.estimator.label for one in asked},
        "beliefs": study.beliefs,
        "performance": {"source": "morris2019", "drawn": study.measures, "widths": study.widths},
        "versions": {engine: version(engine) for engine in ENGINES},
        "parts": {path.name: digest(path) for case in study.all_cases() for path in parts_of(study, case, out)},
    }  # fmt: skip
