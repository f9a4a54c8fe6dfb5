"""What the commands do, as functions. Nothing here prints.

Heavy engines are imported where they are used, so that asking for help costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sarcoid_epi.errors import ConfigurationError, Problem, unknown

if TYPE_CHECKING:
    import pandas as pd

    from sarcoid_epi.cohort import Cohort
    from sarcoid_epi.evidence import Finding
    from sarcoid_epi.patients import Checked
    from sarcoid_epi.report.content import Content, Exclusion, Hit, Ledger
    from sarcoid_epi.results import Estimates
    from sarcoid_epi.scenario import Belief, Design, World

Progress = Callable[[str], None]

WORLD, DESIGN, SIZE, SEED = "evidence", "tertiary_records", 10_000, 1
BELIEFS = ("clinical", "vague")
GROUPS = "lofgren_broad"

#: Published osseous frequencies side by side, by how one looked.
FOREST = (
    "baughman2001.osseous",
    "kucharz2020.bone_prev_sparks_count",
    "kucharz2020.bone_prev_sparks_stated",
    "glanowski2018.osseous",
    "jama_film1956.scandinavian",
    "demaria2020.osseous",
    "jmb_pet195.osseous",
    "grozdic.osseous_scanned",
    "grozdic.osseous",
    "mostard2012.osseous_focal",
    "mostard2012.osseous_or_marrow_of_scanned",
    "mostard2012.osseous_or_marrow_of_positive",
)


def _quiet(stage: str) -> None:
    """Nobody is watching."""


def generate(
    world: str = WORLD,
    design: str = DESIGN,
    size: int = SIZE,
    seed: int = SEED,
    out: str | Path | None = None,
    vary: Mapping[str, float] | None = None,
    do: Mapping[str, str] | None = None,
    csv: bool = False,
) -> Cohort:
    """A synthetic cohort; with `out`, `patients.parquet`, `truth.parquet` and `certificate.toml` are written there."""
    from sarcoid_epi.cohort import generate as make
    from sarcoid_epi.cohort.storage import write_cohort

    made_of, looked_at = scenario(world, design, vary)
    cohort = make(made_of, looked_at, size, seed, do)
    if out is not None:
        write_cohort(cohort, made_of, looked_at, seed, Path(out), do or {}, csv)
    return cohort


def scenario(world: str, design: str, vary: Mapping[str, float] | None = None) -> tuple[World, Design]:
    """World and design by name or file, each with those of the varied paths that it has."""
    from sarcoid_epi.scenario import load_design, load_world
    from sarcoid_epi.scenario.design import Design
    from sarcoid_epi.scenario.loader import paths
    from sarcoid_epi.scenario.world import World

    vary = vary or {}
    of_world, of_design = paths(World), paths(Design)
    strange = [path for path in vary if not (of_world.get(path) or of_design.get(path))]
    if strange:
        known = [path for path, number in (of_world | of_design).items() if number]
        raise ConfigurationError(*(unknown("parameter", path, known, "--vary") for path in strange))
    return (
        load_world(world, {path: value for path, value in vary.items() if of_world.get(path)}),
        load_design(design, {path: value for path, value in vary.items() if of_design.get(path)}),
    )


def check(file: str | Path, mapping: str | Path | None = None) -> Checked:
    """The check of a patient table against the codebook."""
    from sarcoid_epi.patients import check as examine

    return examine(Path(file), read_mapping(mapping))


def read_mapping(file: str | Path | None) -> Mapping[str, str] | None:
    """Foreign column names to the codebook's, from the table `[columns]` of a TOML file."""
    if file is None:
        return None
    import tomllib

    path = Path(file)
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError:
        raise ConfigurationError(Problem(f"there is no file '{path.name}'", do="give a TOML file")) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(Problem("not valid TOML", path.name, str(error), "mend the line it names")) from None
    strange = sorted(tree.keys() - {"columns"})
    if strange:
        raise ConfigurationError(unknown("table", strange[0], ["columns"], path.name))
    columns = tree.get("columns", {})
    if not isinstance(columns, dict) or not all(isinstance(ours, str) for ours in columns.values()):
        raise ConfigurationError(Problem("[columns] must hold names in quotes", path.name, do='write "own" = "ours"'))
    return columns


def estimate(
    question: str,
    patients: str | Path | pd.DataFrame,
    belief: str | None = None,
    by: str = "",
    mapping: str | Path | None = None,
) -> Estimates:
    """The estimates of one question on a patient table, whole and by a group variable."""
    import pandas as pd

    from sarcoid_epi import strata
    from sarcoid_epi.estimators import CATALOGUE, ask
    from sarcoid_epi.patients import read_patients
    from sarcoid_epi.scenario import load_belief

    known = sorted({estimator.question for estimator in CATALOGUE if estimator.takes == "patients"})
    if question not in known:
        raise ConfigurationError(unknown("question", question, known))
    _refuse_strange_groups(by)
    asked = [estimator for estimator in CATALOGUE if estimator.question == question]
    if belief is None and all(estimator.believes for estimator in asked):
        from sarcoid_epi.scenario import shipped

        names = ", ".join(shipped("belief"))
        raise ConfigurationError(
            Problem(
                f"'{question}' needs a belief",
                why="records alone do not say how much they miss",
                do=f"add --belief with one of {names}, or a TOML file of your own",
            )
        )
    if isinstance(patients, pd.DataFrame):
        frame, data = patients, _counted(len(patients), "patient")
    else:
        frame = read_patients(Path(patients), read_mapping(mapping))
        data = f"{_counted(len(frame), 'patient')} of {Path(patients).name}"
    believed = load_belief(belief) if belief else None
    answers = ask(CATALOGUE, strata.whole(frame), data=data, question=question, belief=believed)
    if by:
        answers += ask(CATALOGUE, strata.by(frame, by), data=data, question=question, belief=believed, by=by)
    return answers


def pooled() -> Estimates:
    """Published osseous frequencies pooled: the PET series alone, and all that share no patients."""
    from sarcoid_epi.estimators import CATALOGUE, ask
    from sarcoid_epi.evidence import independent
    from sarcoid_epi.strata import published

    kept = independent(poolable_series()).kept
    series = {"pet_series": [f for f in kept if f.ascertainment == "pet"], "all_series": list(kept)}
    total = None
    for name, chosen in series.items():
        ids, events, n = zip(*((f.id, f.events or 0, f.n or 0) for f in chosen), strict=True)
        data = f"published series {', '.join(ids)}"
        answers = ask(CATALOGUE, published(ids, events, n, "osseous_recorded"), data=data, of=name)
        total = answers if total is None else total + answers
    assert total is not None
    return total


def poolable_series() -> tuple[Finding, ...]:
    """Published osseous frequencies with counts that nothing forbids to pool, overlaps included."""
    from sarcoid_epi.evidence import findings

    return findings(topic="osseous", variable="osseous", poolable=True)


def report(
    out: str | Path,
    patients: str | Path | None = None,
    mapping: str | Path | None = None,
    world: str = WORLD,
    design: str = DESIGN,
    size: int = SIZE,
    seed: int = SEED,
    beliefs: Sequence[str] = BELIEFS,
    by: str | None = None,
    vary: Mapping[str, float] | None = None,
    progress: Progress = _quiet,
) -> Path:
    """The main job: a cohort (synthetic unless `patients`), every question, one report; the path of its page.

    Groups are those of `by`; where none is named, Löfgren syndrome, if the table has it.
    """
    from sarcoid_epi.report.document import build

    if patients is None:
        content = synthetic_content(world, design, size, seed, beliefs, by, vary, progress)
    else:
        content = own_content(Path(patients), mapping, beliefs, by, progress)
    return build(content, Path(out), progress)


def synthetic_content(
    world: str = WORLD,
    design: str = DESIGN,
    size: int = SIZE,
    seed: int = SEED,
    beliefs: Sequence[str] = BELIEFS,
    by: str | None = None,
    vary: Mapping[str, float] | None = None,
    progress: Progress = _quiet,
) -> Content:
    """The content of a report on a synthetic cohort."""
    from sarcoid_epi.cohort import generate as make
    from sarcoid_epi.report.content import Exclusion, Hit

    _refuse_strange_groups(by)
    made_of, looked_at = scenario(world, design, vary)
    believed = _beliefs(beliefs)
    progress("generating patients")
    cohort = make(made_of, looked_at, size, seed)
    kind = f"world {made_of.name}, design {looked_at.name}, seed {seed}"
    data = f"{_counted(size, 'synthetic patient')} ({kind})"
    met = cohort.source_patients
    flow = (
        Exclusion("people with sarcoidosis in the synthetic source", met, met),
        Exclusion(f"not met by the design '{looked_at.name}'", met, size),
    )
    hits = tuple(Hit(r.node, r.path, r.population, r.target, r.achieved, r.basis) for r in cohort.calibration.report)
    configuration = {
        "command": "report",
        "world": _file_name(world),
        "design": _file_name(design),
        "size": str(size),
        "seed": str(seed),
        **_asked(beliefs, by),
        **{f"vary {path}": repr(value) for path, value in sorted((vary or {}).items())},
    }
    ledger = _ledger(world=made_of, design=looked_at, **{f"belief {b.name}": b for b in believed})
    title = f"Sarcoidosis: {looked_at.label.partition(':')[0].lower()}, synthetic"
    inputs = _digests(world, design, *beliefs)
    return _content(cohort.patients, data, title, believed, by, progress, flow, hits, ledger, configuration, inputs)


def own_content(
    patients: Path,
    mapping: str | Path | None = None,
    beliefs: Sequence[str] = BELIEFS,
    by: str | None = None,
    progress: Progress = _quiet,
) -> Content:
    """The content of a report on a user's own patients."""
    from sarcoid_epi.patients import read_patients
    from sarcoid_epi.report.content import Exclusion

    _refuse_strange_groups(by)
    believed = _beliefs(beliefs)
    progress("reading patients")
    frame = read_patients(patients, read_mapping(mapping))
    data = f"{_counted(len(frame), 'patient')} of {patients.name}"
    flow = (Exclusion(f"rows of {patients.name}", len(frame), len(frame)),)
    configuration = {"command": "report", "patients": patients.name, **_asked(beliefs, by)}
    if mapping is not None:
        configuration["mapping"] = Path(mapping).name
    ledger = _ledger(**{f"belief {b.name}": b for b in believed})
    inputs = _digests(str(patients), *([str(mapping)] if mapping else []), *beliefs)
    title = f"Sarcoidosis: {patients.stem}"
    return _content(frame, data, title, believed, by, progress, flow, (), ledger, configuration, inputs)


def _asked(beliefs: Sequence[str], by: str | None) -> dict[str, str]:
    """Beliefs (one a line) and groups, as the manifest keeps them; files by their names, never by their paths."""
    return {"beliefs": "\n".join(map(_file_name, beliefs)), **({} if by is None else {"by": by})}


def _file_name(name: str) -> str:
    return Path(name).name if is_file_name(name) else name


def is_file_name(name: str) -> bool:
    """Whether a world, design, belief or table is a file of the user's rather than a shipped name."""
    return Path(name).suffix.lower() in (".toml", ".csv", ".tsv", ".txt", ".parquet")


def _digests(*names: str) -> dict[str, str]:
    """SHA-256 of each file of the user's, by its name."""
    from sarcoid_epi.files import digest

    return {Path(name).name: digest(Path(name)) for name in names if is_file_name(name)}


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def evidence_content(title: str, question: str) -> Content:
    """The content of a report on the published figures alone."""
    from sarcoid_epi.evidence import findings
    from sarcoid_epi.report.content import Content

    shown = tuple(f for f in findings() if f.measure not in ("code", "definition", "list_item"))
    return Content(
        title=title,
        question=question,
        data="published figures",
        estimates=pooled(),
        findings=shown,
        forest=FOREST,
        pooled_from=tuple(f.id for f in _kept()),
        set_aside=_set_aside(),
        configuration={"command": "evidence", "title": title, "question": question},
    )


def _content(
    frame: pd.DataFrame,
    data: str,
    title: str,
    beliefs: Sequence[Belief],
    by: str | None,
    progress: Progress,
    flow: tuple[Exclusion, ...],
    calibration: tuple[Hit, ...],
    ledger: tuple[Ledger, ...],
    configuration: Mapping[str, str],
    inputs: Mapping[str, str],
) -> Content:
    from sarcoid_epi import strata
    from sarcoid_epi.estimators import CATALOGUE, ask
    from sarcoid_epi.evidence import findings
    from sarcoid_epi.report.content import Content

    progress("estimating")
    estimates = pooled() + ask(CATALOGUE, strata.whole(frame), data=data)
    for belief in beliefs:
        estimates += ask(CATALOGUE, strata.whole(frame), data=data, question="underdiagnosis", belief=belief)
    groups = by if by is not None else GROUPS if GROUPS in frame.columns else ""
    if groups:
        estimates += ask(CATALOGUE, strata.by(frame, groups), data=data, by=groups)
    return Content(
        title=title,
        question="How common is osseous sarcoidosis, how much of it is missed, and what does the answer rest on?",
        data=data,
        estimates=estimates,
        findings=findings(topic="osseous") + findings(topic="osseous_site"),
        forest=FOREST,
        pooled_from=tuple(f.id for f in _kept()),
        set_aside=_set_aside(),
        flow=flow,
        calibration=calibration,
        ledger=ledger,
        configuration=configuration,
        inputs=inputs,
    )


def _kept() -> tuple[Finding, ...]:
    from sarcoid_epi.evidence import independent

    return tuple(independent(poolable_series()).kept)


def _set_aside() -> tuple[tuple[str, str], ...]:
    """Figures of the forest that are not pooled, each with its reason."""
    from sarcoid_epi.evidence import finding, independent

    overlapping = {aside.finding.id: aside.reason for aside in independent(poolable_series()).set_aside}
    kept = {f.id for f in _kept()}
    reasons = ((id, overlapping.get(id) or finding(id).why_not_pooled) for id in FOREST if id not in kept)
    return tuple((id, reason) for id, reason in reasons)


def _refuse_strange_groups(by: str | None) -> None:
    """A misspelt group variable would silently leave the groups out."""
    from sarcoid_epi.vocabulary import PATIENT_BY_NAME

    groups = [name for name, variable in PATIENT_BY_NAME.items() if variable.kind in ("flag", "category")]
    if by and by not in groups:
        raise ConfigurationError(unknown("group variable", by, groups, "--by"))


def _beliefs(names: Sequence[str]) -> list[Belief]:
    from sarcoid_epi.scenario import load_belief

    return [load_belief(name) for name in names]


def _ledger(**parts: World | Design | Belief) -> tuple[Ledger, ...]:
    from sarcoid_epi.report.content import Ledger

    return tuple(
        Ledger(part, path, parameter.value, parameter.basis.kind, str(parameter.basis).partition(": ")[2])
        for part, scenario in parts.items()
        for path, parameter in scenario.parameters().items()
    )
