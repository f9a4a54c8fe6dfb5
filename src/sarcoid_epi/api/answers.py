"""Questions put to a patient table: reading and checking it, estimates, and what is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sarcoid_epi.errors import ConfigurationError, Problem, unknown
from sarcoid_epi.threads import one_thread

if TYPE_CHECKING:
    import pandas as pd

    from sarcoid_epi.composing import Answered
    from sarcoid_epi.patients import Checked
    from sarcoid_epi.results import Estimates
    from sarcoid_epi.scenario import Model


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


@one_thread()
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
    refuse_strange_groups(by, question)
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
        frame = read_table(Path(patients), mapping, _own_columns(models))
        data = f"{counted(len(frame), 'patient')} of {Path(patients).name}"
    asked = _models(question, models, frame)
    if models is not None:
        _refuse_groups_of_models(by, asked)
    return answered(frame, data, question, believed, by, asked)


@one_thread()
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


def _models(question: str, names: Sequence[str] | None, frame: pd.DataFrame) -> list[Model]:
    """The models asked for, or all that ship; a named one that does not fit question or columns is refused."""
    from sarcoid_epi.scenario import load_model, shipped

    loaded = [load_model(name) for name in (shipped("model") if names is None else names)]
    problems = []
    for at, model in enumerate(loaded):
        if any(other.name == model.name and other != model for other in loaded[:at]):
            why = "their answers would have the same ids"
            problems.append(Problem(f"two models are called '{model.name}'", "--model", why, "rename one of the files"))
    for model in loaded if names is not None else []:
        if model.question != question:
            where, why = f"model '{model.name}'", f"it is of family '{model.family}'"
            problems.append(Problem(f"is no model of {question}", where, why, f"ask for {model.question}"))
        absent = [column for column in model.columns if column not in frame.columns]
        problems += [unknown("column", column, map(str, frame.columns), f"model '{model.name}'") for column in absent]
    if problems:
        raise ConfigurationError(*problems)
    return loaded


def _refuse_groups_of_models(by: str, models: Sequence[Model]) -> None:
    """Refuse groups by a named model's own outcome or exposure, in which it says nothing."""
    problems = []
    for model in models:
        if by and by in (model.outcome, *model.exposures):
            what = "outcome" if by == model.outcome else "exposure"
            why = f"it is the {what}, in which all patients of a group are alike"
            where = f"'{by}' makes no groups for the model '{model.name}'"
            problems.append(Problem(where, "--by", why, "group by something else"))
    if problems:
        raise ConfigurationError(*problems)


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


def read_table(patients: Path, mapping: str | Path | None, own: Collection[str] = ()) -> pd.DataFrame:
    """The patient table of a file, checked; `own` names columns outside the codebook that are kept."""
    from sarcoid_epi.patients import read_patients

    return read_patients(patients, read_mapping(mapping), own)


def _own_columns(models: Sequence[str] | None) -> list[str]:
    """Columns outside the codebook that named models read."""
    from sarcoid_epi.scenario import load_model
    from sarcoid_epi.vocabulary import PATIENT_BY_NAME

    read = (name for model in map(load_model, models or ()) for name in (*model.columns, *model.beside))
    return sorted({*read} - PATIENT_BY_NAME.keys())


#: Osseous disease under another name: in groups by one of these its share is 0 or 1 by construction, or nearly so.
OUTCOMES = (
    "osseous_recorded", "osseous_grade", "on_clinic_list", "in_radiology_text", "in_codes", "bone_histology",
    "lesion_type", "laterality",
)  # fmt: skip


def refuse_strange_groups(by: str | None, question: str) -> None:
    """A misspelt group variable would silently leave the groups out; grouping by the outcome answers with itself."""
    from sarcoid_epi.vocabulary import PATIENT_BY_NAME

    groups = [name for name, variable in PATIENT_BY_NAME.items() if variable.kind in ("flag", "category")]
    if by and by not in groups:
        raise ConfigurationError(unknown("group variable", by, groups, "--by"))
    if by in ("lofgren_broad", "lofgren_strict") and question == "lofgren":
        why = "it is what the patients are compared by, and all of a group are alike in it"
        raise ConfigurationError(
            Problem(f"'{by}' makes no groups for 'lofgren'", "--by", why, "group by something else")
        )
    if by and question != "description" and (by in OUTCOMES or by.startswith(("recorded_", "reading_"))):
        why = "it is the outcome, or as good as the outcome: its groups are those on record and those not"
        do = "group by something else; description may be grouped by it"
        raise ConfigurationError(Problem(f"'{by}' makes no groups for '{question}'", "--by", why, do))
