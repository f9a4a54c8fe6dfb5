"""What a whole study tells: its cases, its summaries, and a manifest after ADEMP."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from sarcoid_epi.files import digest, write_text
from sarcoid_epi.results import to_csv
from sarcoid_epi.scenario import Study
from sarcoid_epi.simulation.population import questions
from sarcoid_epi.simulation.running import ENGINES, parts_of
from sarcoid_epi.simulation.summary import rows, summaries

#: What is written beside the parts.
CASES, SUMMARY, MANIFEST = "cases.csv", "summary.csv", "manifest.json"


def tell(study: Study, out: Path) -> None:
    """Write cases, summary and manifest of a study whose parts are all there."""
    write_text(out / CASES, to_csv(cases(study)))
    write_text(out / SUMMARY, to_csv(pd.DataFrame(rows(summaries(study, out)))))
    write_text(out / MANIFEST, json.dumps(manifest(study, out), indent=1, ensure_ascii=False) + "\n")


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
        "performance": "morris2019",
        "versions": {engine: version(engine) for engine in ENGINES},
        "parts": {path.name: digest(path) for case in study.all_cases() for path in parts_of(study, case, out)},
    }  # fmt: skip
