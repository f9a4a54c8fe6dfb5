"""Put a report together: which estimators are asked, what stands beside them, and where every number came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from sarcoid_epi import strata
from sarcoid_epi.cohort import Cohort
from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.estimators import CATALOGUE, Verdict, ask, verdicts
from sarcoid_epi.estimators.support import Conclusion, conclusions, misfit, remarked
from sarcoid_epi.evidence import Finding, finding, findings, independent
from sarcoid_epi.questions.briefly import briefly
from sarcoid_epi.report.content import Content, Exclusion, Hit, Ledger
from sarcoid_epi.report.sheets import verdict_sheet
from sarcoid_epi.results import Estimates
from sarcoid_epi.scenario import Belief, Design, Model, World, shipped
from sarcoid_epi.scenario.parameter import Basis

#: Questions that the main report answers in full without a belief; further ones it answers briefly.
TOLD = ("description", "prevalence", "underdiagnosis")

#: Groups where none are named.
GROUPS = "lofgren_broad"

QUESTION = "How common is osseous sarcoidosis, how much of it is missed, and what does the answer rest on?"

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


def synthetic(
    cohort: Cohort,
    world: World,
    design: Design,
    seed: int,
    beliefs: Sequence[Belief],
    by: str | None,
    configuration: Mapping[str, str],
    inputs: Mapping[str, str],
) -> Content:
    """The content of a report on a synthetic cohort."""
    size, met = len(cohort.patients), cohort.source_patients
    return _content(
        title=f"Sarcoidosis: {design.label.partition(':')[0].lower()}, synthetic",
        data=f"{counted(size, 'synthetic patient')} (world {world.name}, design {design.name}, seed {seed})",
        kind=design.about,
        frame=cohort.patients,
        beliefs=beliefs,
        by=by,
        flow=(
            Exclusion("people with sarcoidosis in the synthetic source", met, met, "entry.share"),
            Exclusion(f"not met by the design '{design.name}'", met, size, "entry.share"),
        ),
        calibration=tuple(
            Hit(r.node, r.path, r.population, r.target, r.achieved, r.basis) for r in cohort.calibration.report
        ),
        ledger=_ledger({f"world {world.name}": world, f"design {design.name}": design, **_named(beliefs)}),
        configuration=configuration,
        inputs=inputs,
    )


def own(
    frame: pd.DataFrame,
    file: str,
    beliefs: Sequence[Belief],
    by: str | None,
    configuration: Mapping[str, str],
    inputs: Mapping[str, str],
) -> Content:
    """The content of a report on a user's own patients, read from a file of that name."""
    return _content(
        title=f"Sarcoidosis: {file.rpartition('.')[0]}",
        data=f"{counted(len(frame), 'patient')} of {file}",
        kind="any",
        frame=frame,
        beliefs=beliefs,
        by=by,
        flow=(Exclusion(f"rows of {file}", len(frame), len(frame)),),
        calibration=(),
        ledger=_ledger(_named(beliefs)),
        configuration=configuration,
        inputs=inputs,
    )


class Answered(NamedTuple):
    """The answers to one question, the verdict on its methods where it has several, and what all that supports."""

    estimates: Estimates
    verdicts: tuple[Verdict, ...]
    support: tuple[Conclusion, ...]
    belief: Belief | None


def answered(
    frame: pd.DataFrame, data: str, question: str, belief: Belief | None, by: str, models: Sequence[Model] = ()
) -> Answered:
    """One question put to a patient table, whole and in groups.

    Raises
    ------
    ConfigurationError
        When the question needs a belief, because the patients have nothing but a record.
    """
    everybody = strata.whole(frame)
    answers = ask(CATALOGUE, everybody, data=data, question=question, belief=belief, models=models)
    judged: tuple[Verdict, ...] = ()
    said: tuple[Conclusion, ...] = ()
    if question == "underdiagnosis":
        judged = verdicts(CATALOGUE, everybody, belief, answers, question)
        if belief is None and not any(verdict.has_it == "yes" for verdict in judged):
            raise ConfigurationError(
                Problem(
                    f"'{question}' needs a belief",
                    why="records alone do not say how much they miss, and here is no second source, no scan, no "
                    "substudy",
                    do=f"add --belief with one of {', '.join(shipped('belief'))}, or a TOML file of your own",
                )
            )
        said = conclusions([one for one in CATALOGUE if one.question == question], everybody, belief, answers)
    if by:
        grouped = strata.by(frame, by)
        answers += ask(CATALOGUE, grouped, data=data, question=question, belief=belief, by=by, models=models)
    if belief is not None:
        answers = remarked(answers, CATALOGUE, misfit(belief, "any", everybody))
    return Answered(answers, judged, said, belief)


def published_figures(title: str, question: str) -> Content:
    """The content of a report on the published figures alone."""
    return Content(
        title=title,
        question=question,
        data="published figures",
        estimates=pooled(),
        findings=tuple(f for f in findings() if f.measure not in ("code", "definition", "list_item")),
        forest=FOREST,
        pooled_from=_pooled_ids(),
        set_aside=_set_aside(),
        configuration={"command": "evidence", "title": title, "question": question},
    )


def pooled() -> Estimates:
    """Published osseous frequencies pooled: PET series, and series of any kind; in each pool none shares patients."""
    total = Estimates((), ())
    for name, chosen in _pools().items():
        ids, events, n = zip(*((f.id, f.events or 0, f.n or 0) for f in chosen), strict=True)
        tallies = strata.published(ids, events, n, "osseous_recorded")
        total += ask(CATALOGUE, tallies, data=f"published series {', '.join(ids)}", of=name)
    return total


def _pools() -> dict[str, tuple[Finding, ...]]:
    poolable = findings(topic="osseous", variable="osseous", poolable=True)
    by_pet = [f for f in poolable if f.ascertainment == "pet"]
    return {
        "pet_series": tuple(independent(by_pet).kept),
        "independent_series": tuple(independent(poolable).kept),
    }


def _pooled_ids() -> tuple[str, ...]:
    """Figures that stand in at least one pool."""
    return tuple(dict.fromkeys(f.id for chosen in _pools().values() for f in chosen))


def _content(
    *,
    title: str,
    data: str,
    kind: str,
    frame: pd.DataFrame,
    beliefs: Sequence[Belief],
    by: str | None,
    flow: tuple[Exclusion, ...],
    calibration: tuple[Hit, ...],
    ledger: tuple[Ledger, ...],
    configuration: Mapping[str, str],
    inputs: Mapping[str, str],
) -> Content:
    everybody = strata.whole(frame)
    estimates = pooled() + ask([one for one in CATALOGUE if one.question in TOLD], everybody, data=data)
    judged: list[dict[str, str]] = []
    for belief in beliefs:
        answers = ask(CATALOGUE, everybody, data=data, question="underdiagnosis", belief=belief)
        judged += _judged(everybody, belief, answers)
        estimates += remarked(answers, CATALOGUE, misfit(belief, kind, everybody))
    groups = by if by is not None else GROUPS if GROUPS in frame.columns else ""
    if groups:
        for question in ("description", "prevalence"):
            estimates += ask(CATALOGUE, strata.by(frame, groups), data=data, question=question, by=groups)
    told, further = briefly(frame, data)
    return Content(
        title=title,
        question=QUESTION,
        data=data,
        estimates=estimates + told,
        findings=findings(topic="osseous") + findings(topic="osseous_site"),
        forest=FOREST,
        pooled_from=_pooled_ids(),
        set_aside=_set_aside(),
        flow=flow,
        calibration=calibration,
        ledger=ledger,
        sheets=(verdict_sheet(judged, "belief"),) if judged else (),
        further=further,
        configuration=configuration,
        inputs=inputs,
    )


def _judged(everybody: strata.Strata, belief: Belief, answers: Estimates) -> list[dict[str, str]]:
    """The verdict on every method under one belief."""
    told = verdicts(CATALOGUE, everybody, belief, answers, "underdiagnosis")
    return [{**one._asdict(), "belief": f"Belief “{belief.name}”"} for one in told]


def _set_aside() -> tuple[tuple[str, str], ...]:
    """Figures of the forest that stand in no pool, each with its reason."""
    poolable = findings(topic="osseous", variable="osseous", poolable=True)
    overlapping = {aside.finding.id: aside.reason for aside in independent(poolable).set_aside}
    pooled_ids = _pooled_ids()
    reasons = ((id, overlapping.get(id) or finding(id).why_not_pooled) for id in FOREST if id not in pooled_ids)
    return tuple((id, reason) for id, reason in reasons)


def _named(beliefs: Sequence[Belief]) -> dict[str, Belief]:
    return {f"belief {belief.name}": belief for belief in beliefs}


def _ledger(parts: Mapping[str, World | Design | Belief]) -> tuple[Ledger, ...]:
    """Every parameter of every part, with its basis."""
    return tuple(
        Ledger(part, path, parameter.value, parameter.basis.kind, _in_words(parameter.basis))
        for part, scenario in parts.items()
        for path, parameter in scenario.parameters().items()
    )


def _in_words(basis: Basis) -> str:
    """The basis without its kind, which stands beside it; an assumption begins with its range."""
    return str(basis).removeprefix(basis.kind).lstrip(": ")


def counted(number: int, noun: str) -> str:
    """`1 patient`, `2 patients`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
