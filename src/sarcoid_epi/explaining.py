"""Where a number came from: the answer to `sarcoid-epi explain`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sarcoid_epi.errors import ConfigurationError, unknown
from sarcoid_epi.evidence import describe, findings, source, sources
from sarcoid_epi.evidence import finding as find
from sarcoid_epi.measures import MEASURES
from sarcoid_epi.scenario import (
    Belief,
    Derived,
    Design,
    Model,
    Parameter,
    Prior,
    Study,
    World,
    load_belief,
    load_design,
    load_model,
    load_prior,
    load_study,
    load_world,
    shipped,
)
from sarcoid_epi.scenario.loader import read_toml
from sarcoid_epi.scenario.parameter import Cited

if TYPE_CHECKING:
    from sarcoid_epi.results import Estimates

Scenario = World | Design | Belief | Prior

#: What to add to see a number's own run, not only its method.
WHERE = "Give --report with the folder of a report, or of `estimate --out`, to see"


def explain(name: str, world: str, design: str, report: Path | None = None) -> str:
    """What a name stands for and what it rests on.

    Parameters
    ----------
    name : str
        A parameter's path (`osseous.true_prevalence`; of a belief `clinical.sensitivity.value`, of a prior
        `open.pet.sensitivity`), a finding (`baughman2001.osseous`), an estimate as a report prints it
        (`run:term:group`), an estimator, a variable of the codebook, a declared model or study (or the TOML file of
        one), or a source.
    world, design : str
        Where to look a path up, unless a report says it.
    report : Path, optional
        The folder of the report that the number stands in, with its ledger and its estimates; or of `estimate --out`.

    Raises
    ------
    ConfigurationError
        When nothing has that name, with the nearest one.
    """
    if report is not None and (entry := _entry(name, report)):
        return entry
    if ":" in name:  # no path, finding or name has one
        return _estimate(name, report)
    scenario: list[Scenario] = [load_world(world), load_design(design)]
    believed: list[Scenario] = [*map(load_belief, shipped("belief")), *map(load_prior, shipped("prior"))]
    paths: dict[str, tuple[Scenario, Parameter]]
    paths = {path: (part, parameter) for part in scenario for path, parameter in part.parameters().items()}
    # A belief and a prior may share a name; they share no section.
    paths |= {f"{b.name}.{path}": (b, p) for b in believed for path, p in b.parameters().items()}
    if name in paths:
        return "\n".join(_parameter(name, *paths[name], {path: p for path, (_, p) in paths.items()}))
    if name in {found.id for found in findings()}:
        return describe(find(name))
    if (run := _run(name, report)) is not None:
        return run
    if name in {known.key for known in sources()}:
        return source(name).reference
    from sarcoid_epi.estimators import CATALOGUE
    from sarcoid_epi.vocabulary import PATIENT_BY_NAME, TRUTH_BY_NAME

    estimators = {estimator.name: estimator for estimator in CATALOGUE}
    variables = PATIENT_BY_NAME | TRUTH_BY_NAME
    # An outcome, the estimator of its share and the model that explains it may share a name: all of them are told.
    told = [f"{name}: {estimators[name].doc}"] if name in estimators else []
    if name in variables:
        v = variables[name]
        facts = [v.kind, v.unit, " / ".join(v.levels), "latent: part of the truth" if v.latent else ""]
        told.append(f"{name}: {v.label} ({'; '.join(fact for fact in facts if fact)}), step {v.step}")
    if name in shipped("study") or (name.endswith(".toml") and "estimators" in read_toml("study", name)[0]):
        told.append(_study(load_study(name), name))
    elif name in shipped("model") or name.endswith(".toml"):
        told.append(_model(load_model(name), name))
    if told:
        return "\n\n".join(told)
    names = (
        *paths,
        *(f.id for f in findings()),
        *estimators,
        *variables,
        *shipped("model"),
        *shipped("study"),
        *(s.key for s in sources()),
    )
    raise ConfigurationError(unknown("name", name, names))


def _model(model: Model, file: str) -> str:
    """What a model asks, and what the causal graph says of it."""
    from sarcoid_epi.vocabulary import PATIENT_BY_NAME

    strange = [unknown("column", name, PATIENT_BY_NAME) for name in model.columns if name not in PATIENT_BY_NAME]
    verdict = "; ".join(model.faults) or "nothing that it holds is a common effect of the two, or lies between them"
    return "\n".join(
        [
            f"{model.name}: {model.label}",
            f"  {model.said}",
            f"  tells: {MEASURES[model.measure].label.lower()} by {', '.join(model.exposures)}",
            f"  causal graph: {verdict}",
            *(f"  ! {problem}" for problem in strange),
            f"  ask with: sarcoid-epi estimate {model.question} --patients FILE --model {file}",
        ]
    )


def _study(study: Study, file: str) -> str:
    """What a study asks, and how it is run."""
    cases = study.all_cases()
    return "\n".join(
        [
            f"{study.name}: {study.label}",
            f"  {study.aims}",
            f"  {len(cases)} cases of {study.replicates} replicates, estimators {', '.join(study.estimators)}",
            *(f"  varies {name}: {', '.join(factor.paths)}" for name, factor in study.vary.items()),
            f"  run with: sarcoid-epi study {file}",
        ]
    )


def _entry(name: str, report: Path) -> str:
    """A parameter as it stands in the ledger of a report, whatever world, design and belief that was made with."""
    import csv

    ledger = report / "tables" / "ledger.csv"
    if not ledger.is_file():
        return ""
    with ledger.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            kind, _, called = row["part"].partition(" ")
            if name == (f"{called}.{row['path']}" if kind == "belief" else row["path"]):
                cited = row["basis"].partition(" ")[0] if row["kind"] == "cited" else ""
                lines = [f"{name} = {row['value']}   ({kind} '{called}')", f"  {row['kind']}: {row['basis']}"]
                return "\n".join([*lines, *(["", describe(find(cited))] if cited else [])])
    return ""


def _parameter(path: str, part: Scenario, parameter: Parameter, known: dict[str, Parameter]) -> Iterator[str]:
    yield f"{path} = {parameter.value:.6g}   ({type(part).__name__.lower()} '{part.name}')"
    yield f"  {parameter.basis}"
    if isinstance(parameter.basis, Cited):
        yield ""
        yield describe(find(parameter.basis.finding))
    if isinstance(parameter.basis, Derived):
        from sarcoid_epi.scenario.rules import RULES

        yield f"  rule: {(RULES[parameter.basis.rule].__doc__ or '').partition(chr(10))[0]}"
        for name in parameter.basis.inputs:
            yield f"  from {name}{_input(name, known)}"


def _input(name: str, known: dict[str, Parameter]) -> str:
    from sarcoid_epi.scenario.figures import printed

    if name in known:
        return f" = {known[name].value:.6g} ({known[name].basis})"
    try:
        float(name)
    except ValueError:
        return f" = {printed(name):.6g}"
    return ""


def _results(report: Path) -> Estimates:
    """The results of a report; read once for as many questions as are asked of the same files."""
    files = [report / name for name in ("estimates.csv", "runs.csv")]
    return _read(report, tuple((file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists()))


@lru_cache(maxsize=2)
def _read(report: Path, stamps: tuple[tuple[int, int], ...]) -> Estimates:
    from sarcoid_epi.results import read

    return read(report)


def _run(name: str, report: Path | None) -> str | None:
    """A run by its name: what was asked, and with a report on what it rests there."""
    from sarcoid_epi.estimators import CATALOGUE

    estimator = next((e for e in CATALOGUE if name.startswith(f"{e.name}-")), None)
    if estimator is None:
        return None
    lines = [f"{name}: {estimator.doc}"]
    if report is not None:
        runs = {run.run: run for run in _results(report).runs}
        if name not in runs:
            raise ConfigurationError(unknown("run", name, runs, report.name))
        lines.append(f"\nHere it rests on {runs[name].rests_on}.")
    else:
        lines.insert(0, f"{WHERE} what this run rests on.\n")
    return "\n".join(lines)


def _estimate(name: str, report: Path | None) -> str:
    from sarcoid_epi.estimators import CATALOGUE
    from sarcoid_epi.results import sentence

    run_name = name.partition(":")[0]
    estimator = next((e for e in CATALOGUE if run_name == e.name or run_name.startswith(f"{e.name}-")), None)
    if estimator is None:
        raise ConfigurationError(unknown("estimator", run_name, (e.name for e in CATALOGUE)))
    if report is None:
        hint = f"{WHERE} this number and its run. Without one, this is the method behind it."
        return f"{hint}\n\n{estimator.name}: {estimator.doc}"
    answers = _results(report)
    row = answers.one(name)
    run = next(run for run in answers.runs if run.run == row.run)
    references = [f"  {source(key).reference}" for key in run.references.split()]
    return "\n".join(
        [sentence(row, run), f"data: {run.data}", f"assumes: {run.assumes}", "", estimator.doc, "", *references]
    )
