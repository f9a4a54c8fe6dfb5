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
    from sarcoid_epi.cohort.parts import Order
    from sarcoid_epi.composing import Answered
    from sarcoid_epi.patients import Checked
    from sarcoid_epi.results import Estimates
    from sarcoid_epi.scenario import Design, Model, World

Progress = Callable[[str], None]

WORLD, DESIGN, SIZE, SEED = "evidence", "tertiary_records", 10_000, 1
BELIEFS = ("clinical", "pet_optimist", "pet_sceptic", "vague")


def _quiet(stage: str) -> None:
    """Nobody is watching."""


def generate(
    world: str = WORLD,
    design: str = DESIGN,
    size: int | None = None,
    seed: int = SEED,
    out: str | Path | None = None,
    vary: Mapping[str, float] | None = None,
    do: Mapping[str, str] | None = None,
    csv: bool = False,
    columns: Sequence[str] | None = None,
    population: int | None = None,
    years: tuple[int, int] | None = None,
    draw: int | None = None,
) -> Cohort:
    """A synthetic cohort in memory; with `out`, it is also written there, as `write` does.

    Its size is `size` (10 000 by default), or follows from a `population` watched from one of the `years` to the other.
    With `draw`, the world's uncertain parameters are drawn, that number of draw.
    """
    from sarcoid_epi.cohort import generate as make
    from sarcoid_epi.cohort.storage import write_cohort

    asked = _order(world, design, size, seed, vary, do, csv, columns, population, years, draw)
    cohort = make(asked.world, asked.design, asked.size, seed, asked.do, columns=asked.columns, source=asked.source)
    if out is not None:
        write_cohort(cohort, asked.world, asked.design, seed, Path(out), asked.do, csv, asked.columns, asked.population)
    return cohort


def write(
    out: str | Path,
    world: str = WORLD,
    design: str = DESIGN,
    size: int | None = None,
    seed: int = SEED,
    vary: Mapping[str, float] | None = None,
    do: Mapping[str, str] | None = None,
    csv: bool = False,
    columns: Sequence[str] | None = None,
    population: int | None = None,
    years: tuple[int, int] | None = None,
    draw: int | None = None,
    workers: int = 1,
    progress: Progress = _quiet,
) -> Path:
    """A synthetic cohort of any size on disk, never whole in memory; interrupted, the same call takes it up again."""
    from sarcoid_epi.cohort.streaming import stream_cohort

    progress("hitting the targets")
    asked = _order(world, design, size, seed, vary, do, csv, columns, population, years, draw)
    stream_cohort(asked, Path(out), workers, progress=progress)
    return Path(out)


def _order(
    world: str,
    design: str,
    size: int | None,
    seed: int,
    vary: Mapping[str, float] | None,
    do: Mapping[str, str] | None,
    csv: bool,
    columns: Sequence[str] | None,
    people: int | None,
    years: tuple[int, int] | None,
    draw: int | None,
) -> Order:
    """What is asked for, with the size from one source only."""
    from sarcoid_epi.cohort.occurrence import in_years, population
    from sarcoid_epi.cohort.parts import Order

    _demand_one_size(size, people, years, vary or {})
    made_of, looked_at = scenario(world, design, vary, draw)
    kept = None if columns is None else tuple(columns)
    if people is None or years is None:
        return Order(made_of, looked_at, SIZE if size is None else size, seed, dict(do or {}), kept, csv=csv)
    looked_at = in_years(looked_at, years)
    arising = population(made_of, looked_at, people, years, seed)
    return Order(made_of, looked_at, None, seed, dict(do or {}), kept, arising, csv)


def _demand_one_size(
    size: int | None, people: int | None, years: tuple[int, int] | None, vary: Mapping[str, float]
) -> None:
    """Refuse two sizes, half a population, and years that are given twice."""
    problems = []
    if people is not None and size is not None:
        problems.append(Problem("--size and --population both say how many", do="keep one"))
    if people is not None and years is None:
        problems.append(Problem("a population needs years", "--population", do="add --years FIRST:LAST"))
    if people is None and years is not None:
        problems.append(Problem("years need a population", "--years", do="add --population, or vary the calendar"))
    if years is not None:
        twice = [path for path in vary if path.startswith("calendar.")]
        why = "--years says it already"
        problems += [Problem(f"'{path}' is given twice", "--vary", why, "keep one") for path in twice]
    if problems:
        raise ConfigurationError(*problems)


def true_share(recorded: float, world: str = WORLD, design: str = DESIGN, detection: str | None = None) -> float:
    """The true share behind a share on record, on a basis for detection: "design", "SE:SP", or a belief's name or file.

    Without one it is refused, and told what is missing.
    """
    from sarcoid_epi.agreement.matching import Detection, true_share_for
    from sarcoid_epi.scenario import load_belief

    basis: Detection = detection
    if detection is not None and ":" in detection:
        try:
            sensitivity, specificity = (float(part) for part in detection.split(":"))
        except ValueError:
            mend = "write SENSITIVITY:SPECIFICITY, as 0.2:0.998"
            raise ConfigurationError(Problem(f"'{detection}' is no pair", "--detection", do=mend)) from None
        if not (0 <= sensitivity <= 1 and 0 <= specificity <= 1 and sensitivity + specificity > 1):
            why = "both lie between 0 and 1, and together they must exceed 1"
            mend = "write SENSITIVITY:SPECIFICITY, as 0.2:0.998"
            raise ConfigurationError(Problem(f"'{detection}' detects nothing", "--detection", why, mend))
        basis = sensitivity, specificity
    elif detection not in (None, "design"):
        basis = load_belief(str(detection))
    share = true_share_for(world, design, recorded, basis)
    if not 0 <= share <= 1:
        why = "with such a sensitivity and specificity no true share brings so few, or so many, on record"
        raise ConfigurationError(Problem(f"the true share comes to {share:.4g}", why=why, do="believe otherwise"))
    return share


def scenario(
    world: str, design: str, vary: Mapping[str, float] | None = None, draw: int | None = None
) -> tuple[World, Design]:
    """World and design by name or file, each with those of the varied paths that it has; the world drawn, if asked."""
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
    made_of = load_world(world, {path: value for path, value in vary.items() if of_world.get(path)})
    looked_at = load_design(design, {path: value for path, value in vary.items() if of_design.get(path)})
    if draw is not None:
        from sarcoid_epi.cohort import draw_world

        made_of = draw_world(made_of, draw)
    return made_of, looked_at


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
    population: int | None = None,
    models: Sequence[str] | None = None,
) -> Estimates:
    """The estimates of one question on a patient table, whole and by a group variable.

    With `population` the belief's occurrence is told for that many people. `models`, names of those that ship or TOML
    files, are of association and prognosis; without them all that ship are asked.
    """
    return answer(question, patients, belief, by, mapping, population, models).estimates


def answer(
    question: str,
    patients: str | Path | pd.DataFrame,
    belief: str | None = None,
    by: str = "",
    mapping: str | Path | None = None,
    population: int | None = None,
    models: Sequence[str] | None = None,
) -> Answered:
    """As `estimate`, with the verdict on each method where a question has several, and what the answers support."""
    import pandas as pd

    from sarcoid_epi.composing import answered, counted
    from sarcoid_epi.estimators import CATALOGUE
    from sarcoid_epi.scenario import load_belief

    known = sorted({estimator.question for estimator in CATALOGUE if estimator.takes == "patients"})
    if question not in known:
        raise ConfigurationError(unknown("question", question, known))
    _refuse_strange_groups(by, question)
    _refuse_idle_belief(question, belief, population)
    believed = load_belief(belief) if belief else None
    if belief and believed and population is not None:
        if believed.occurrence is None:
            why = f"the belief '{believed.name}' does not say how many have sarcoidosis"
            mend = "give it a section [occurrence], or take another belief"
            raise ConfigurationError(Problem("would change nothing", "--population", why, mend))
        believed = load_belief(belief, {"occurrence.population": float(population)})
    if isinstance(patients, pd.DataFrame):
        frame, data = patients, counted(len(patients), "patient")
    else:
        frame = _read(Path(patients), mapping)
        data = f"{counted(len(frame), 'patient')} of {Path(patients).name}"
    return answered(frame, data, question, believed, by, _models(question, models, frame))


def _models(question: str, names: Sequence[str] | None, frame: pd.DataFrame) -> list[Model]:
    """The models asked for, or all that ship; a named one that does not fit question or columns is refused."""
    from sarcoid_epi.scenario import load_model, shipped

    loaded = [load_model(name) for name in (shipped("model") if names is None else names)]
    problems = []
    for model in loaded if names is not None else []:
        if model.question != question:
            where, why = f"model '{model.name}'", f"it is of family '{model.family}'"
            problems.append(Problem(f"is no model of {question}", where, why, f"ask for {model.question}"))
        absent = [column for column in model.columns if column not in frame.columns]
        problems += [unknown("column", column, map(str, frame.columns), f"model '{model.name}'") for column in absent]
    if problems:
        raise ConfigurationError(*problems)
    return loaded


def _refuse_idle_belief(question: str, belief: str | None, population: int | None) -> None:
    """Refuse a belief that the question would not look at, and a population without a belief."""
    from sarcoid_epi.estimators import CATALOGUE

    given = {"--belief": (belief, "sensitivity"), "--population": (population, "occurrence")}
    problems = []
    for option, (value, part) in given.items():
        asking = {one.question for one in CATALOGUE if part in one.believes and one.takes == "patients"}
        if value is not None and question not in asking:
            believing = any(one.believes for one in CATALOGUE if one.question == question)
            why = "counts no people" if believing else "asks what is on record, and believes nothing"
            do = f"leave it out, or ask for {' or '.join(sorted(asking, reverse=True))}"
            problems.append(Problem("would change nothing", option, f"'{question}' {why}", do))
    if problems:
        raise ConfigurationError(*problems)
    if population is not None and belief is None:
        why = "how many have sarcoidosis is believed, and so is how much records find"
        raise ConfigurationError(Problem("a population needs a belief", "--population", why, "add --belief"))


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
    progress: Progress = _quiet,
) -> Path:
    """The main job: a cohort (synthetic unless `patients`), every question, one report; the path of its page.

    Beliefs are those named; where none is, the shipped ones that are about the kind of record at hand. Groups are those
    of `by`; where none is named, Löfgren syndrome, if the table has it.
    """
    from sarcoid_epi import composing
    from sarcoid_epi.report.document import build
    from sarcoid_epi.scenario import load_belief

    _refuse_strange_groups(by, "prevalence")
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
        frame = _read(file, mapping)
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


def evidence_report(out: str | Path, title: str, question: str, progress: Progress = _quiet) -> Path:
    """A report on the published figures alone; the path of its page."""
    from sarcoid_epi import composing
    from sarcoid_epi.report.document import build

    return build(composing.published_figures(title, question), Path(out), progress)


def agreement_report(
    out: str | Path,
    title: str,
    question: str,
    size: int | None = None,
    seed: int | None = None,
    progress: Progress = _quiet,
) -> Path:
    """A report on how synthetic patients agree with what is printed; the path of its page."""
    from sarcoid_epi.agreement.looking import SEED, SIZE
    from sarcoid_epi.comparing import agreement
    from sarcoid_epi.report.document import build

    progress("measuring")
    content = agreement(title, question, size or SIZE, SEED if seed is None else seed)
    return build(content, Path(out), progress)


def synthesise(prior: str = "open", without: Sequence[str] = ()) -> Estimates:
    """What all published series say together under a prior, by name or file; `without` leaves series out by id."""
    from sarcoid_epi.gathering import gathered, read_together
    from sarcoid_epi.scenario import load_prior

    known = [one.finding.id for one in gathered().read]
    strange = [name for name in without if name not in known]
    if strange:
        raise ConfigurationError(*(unknown("series", name, known, "--without") for name in strange))
    if not set(known) - set(without):
        raise ConfigurationError(Problem("no series is left", "--without", do="leave out fewer"))
    return read_together(load_prior(prior), tuple(dict.fromkeys(without)))


def lofgren_report(
    out: str | Path,
    title: str,
    question: str,
    design: str = "incident_clinic",
    size: int = SIZE,
    seed: int = 2026,
    progress: Progress = _quiet,
) -> Path:
    """A report on how patients with Löfgren syndrome differ, in a synthetic cohort. Returns the page."""
    from sarcoid_epi.questions.lofgren import lofgren
    from sarcoid_epi.report.document import build

    return build(lofgren(title, question, design, size, seed, progress), Path(out), progress)


def association_report(
    out: str | Path,
    title: str,
    question: str,
    design: str = DESIGN,
    size: int = SIZE,
    seed: int = 2026,
    progress: Progress = _quiet,
) -> Path:
    """A report on what goes with bone, calcium and therapy, in a synthetic cohort. Returns the page."""
    from sarcoid_epi.questions.association import association
    from sarcoid_epi.report.document import build

    return build(association(title, question, design, size, seed, progress), Path(out), progress)


def prognosis_report(
    out: str | Path,
    title: str,
    question: str,
    design: str = "incident_clinic",
    size: int = SIZE,
    seed: int = 2026,
    progress: Progress = _quiet,
) -> Path:
    """A report on remission, relapse, new records and death, in a synthetic cohort. Returns the page."""
    from sarcoid_epi.questions.prognosis import prognosis
    from sarcoid_epi.report.document import build

    return build(prognosis(title, question, design, size, seed, progress), Path(out), progress)


def undetected_report(
    out: str | Path,
    title: str,
    question: str,
    size: int | None = None,
    seed: int | None = None,
    progress: Progress = _quiet,
) -> Path:
    """A report from the share on record to what nobody looked for; the path of its page."""
    from sarcoid_epi.report.document import build
    from sarcoid_epi.undetected import SEED, SIZE, undetected

    content = undetected(title, question, size or SIZE, SEED if seed is None else seed, progress)
    return build(content, Path(out), progress)


def _read(patients: Path, mapping: str | Path | None) -> pd.DataFrame:
    from sarcoid_epi.patients import read_patients

    return read_patients(patients, read_mapping(mapping))


def _file_name(name: str) -> str:
    return Path(name).name if _is_file_name(name) else name


def _is_file_name(name: str) -> bool:
    """Whether a world, design, belief or table is a file of the user's rather than a shipped name."""
    return Path(name).suffix.lower() in (".toml", ".csv", ".tsv", ".txt", ".parquet")


def _digests(*names: str) -> dict[str, str]:
    """SHA-256 of each file of the user's, by its name."""
    from sarcoid_epi.files import digest

    return {Path(name).name: digest(Path(name)) for name in names if _is_file_name(name)}


#: Osseous disease under another name: in groups by one of these its share is 0 or 1 by construction, or nearly so.
OUTCOMES = (
    "osseous_recorded", "osseous_grade", "on_clinic_list", "in_radiology_text", "in_codes", "bone_histology",
    "lesion_type", "laterality",
)  # fmt: skip


def _refuse_strange_groups(by: str | None, question: str) -> None:
    """A misspelt group variable would silently leave the groups out; grouping by the outcome answers with itself."""
    from sarcoid_epi.vocabulary import PATIENT_BY_NAME

    groups = [name for name, variable in PATIENT_BY_NAME.items() if variable.kind in ("flag", "category")]
    if by and by not in groups:
        raise ConfigurationError(unknown("group variable", by, groups, "--by"))
    if by and question != "description" and (by in OUTCOMES or by.startswith(("recorded_", "reading_"))):
        why = "it is the outcome, or as good as the outcome: its groups are those on record and those not"
        do = "group by something else; description may be grouped by it"
        raise ConfigurationError(Problem(f"'{by}' makes no groups for '{question}'", "--by", why, do))
