"""Reports: the main one, and one for each question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sarcoid_epi.api.answers import read_table, refuse_strange_groups
from sarcoid_epi.api.cohorts import generate, scenario
from sarcoid_epi.api.defaults import BELIEFS, DESIGN, SEED, SIZE, WORLD, Progress, quiet
from sarcoid_epi.threads import one_thread


@one_thread()
def report(
    out: str | Path,
    patients: str | Path | None = None,
    mapping: str | Path | None = None,
    world: str = WORLD,
    design: str = DESIGN,
    size: int = SIZE,
    seed: int = SEED,
    beliefs: Sequence[str] | None = None,
    by: str | None = None,
    vary: Mapping[str, float] | None = None,
    progress: Progress = quiet,
) -> Path:
    """The main job: a cohort (synthetic unless `patients`), every question, one report; the path of its page.

    Beliefs are those named; where none is, the shipped ones that are about the kind of record at hand. Groups are those
    of `by`; where none is named, Löfgren syndrome, if the table has it.
    """
    from sarcoid_epi import composing
    from sarcoid_epi.report.document import build
    from sarcoid_epi.scenario import load_belief

    refuse_strange_groups(by, "prevalence")
    made_of, looked_at = scenario(world, design, vary)
    if beliefs is None:
        kinds = ("any", looked_at.about if patients is None else "records")
        beliefs = [name for name in BELIEFS if load_belief(name).about in kinds]
    believed = [load_belief(name) for name in beliefs]
    # The manifest keeps files by name and hash, never by path.
    asked = {"command": "report", "beliefs": "\n".join(map(_file_name, beliefs)), **({} if by is None else {"by": by})}
    if patients is not None:
        progress("reading patients")
        file = Path(patients)
        frame = read_table(file, mapping)
        asked |= {"patients": file.name, **({"mapping": Path(mapping).name} if mapping else {})}
        files = _digests(str(patients), *([str(mapping)] if mapping else []), *beliefs)
        progress("estimating")
        content = composing.own(frame, file.name, believed, by, asked, files)
    else:
        asked |= {"world": _file_name(world), "design": _file_name(design), "size": str(size), "seed": str(seed)}
        asked |= {f"vary {path}": repr(value) for path, value in (vary or {}).items()}
        progress("generating patients")
        cohort = generate(world, design, size, seed, vary=vary)
        progress("estimating")
        files = _digests(world, design, *beliefs)
        content = composing.synthetic(cohort, made_of, looked_at, seed, believed, by, asked, files)
    return build(content, Path(out), progress)


@one_thread()
def evidence_report(out: str | Path, title: str, question: str, progress: Progress = quiet) -> Path:
    """A report on the published figures alone; the path of its page."""
    from sarcoid_epi import composing
    from sarcoid_epi.report.document import build

    return build(composing.published_figures(title, question), Path(out), progress)


@one_thread()
def agreement_report(
    out: str | Path,
    title: str,
    question: str,
    size: int | None = None,
    seed: int | None = None,
    progress: Progress = quiet,
) -> Path:
    """A report on how synthetic patients agree with what is printed; the path of its page."""
    from sarcoid_epi.agreement.looking import SEED, SIZE
    from sarcoid_epi.comparing import agreement
    from sarcoid_epi.report.document import build

    progress("measuring")
    content = agreement(title, question, size or SIZE, SEED if seed is None else seed)
    return build(content, Path(out), progress)


@one_thread()
def lofgren_report(
    out: str | Path,
    title: str,
    question: str,
    design: str = "incident_clinic",
    size: int = SIZE,
    seed: int = 2026,
    progress: Progress = quiet,
) -> Path:
    """A report on how patients with Löfgren syndrome differ, in a synthetic cohort. Returns the page."""
    from sarcoid_epi.questions.lofgren import lofgren
    from sarcoid_epi.report.document import build

    return build(lofgren(title, question, design, size, seed, progress), Path(out), progress)


@one_thread()
def association_report(
    out: str | Path,
    title: str,
    question: str,
    design: str = DESIGN,
    size: int = SIZE,
    seed: int = 2026,
    progress: Progress = quiet,
) -> Path:
    """A report on what goes with bone, calcium and therapy, in a synthetic cohort. Returns the page."""
    from sarcoid_epi.questions.association import association
    from sarcoid_epi.report.document import build

    return build(association(title, question, design, size, seed, progress), Path(out), progress)


@one_thread()
def prognosis_report(
    out: str | Path,
    title: str,
    question: str,
    design: str = "incident_clinic",
    size: int = SIZE,
    seed: int = 2026,
    progress: Progress = quiet,
) -> Path:
    """A report on remission, relapse, new records and death, in a synthetic cohort. Returns the page."""
    from sarcoid_epi.questions.prognosis import prognosis
    from sarcoid_epi.report.document import build

    return build(prognosis(title, question, design, size, seed, progress), Path(out), progress)


@one_thread()
def undetected_report(
    out: str | Path,
    title: str,
    question: str,
    size: int | None = None,
    seed: int | None = None,
    progress: Progress = quiet,
) -> Path:
    """A report from the share on record to what nobody looked for; the path of its page."""
    from sarcoid_epi.report.document import build
    from sarcoid_epi.undetected import SEED, SIZE, undetected

    content = undetected(title, question, size or SIZE, SEED if seed is None else seed, progress)
    return build(content, Path(out), progress)


def _file_name(name: str) -> str:
    return Path(name).name if _is_file_name(name) else name


def _is_file_name(name: str) -> bool:
    """Whether a world, design, belief or table is a file of the user's rather than a shipped name."""
    return Path(name).suffix.lower() in (".toml", ".csv", ".tsv", ".txt", ".parquet")


def _digests(*names: str) -> dict[str, str]:
    """SHA-256 of each file of the user's, by its name."""
    from sarcoid_epi.files import digest

    return {Path(name).name: digest(Path(name)) for name in names if _is_file_name(name)}
