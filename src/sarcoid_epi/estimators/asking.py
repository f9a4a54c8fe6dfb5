"""Put estimators to a cohort and get estimates with their runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version

import numpy as np

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.estimators.declare import NO_COLUMN, NOTHING_KNOWN, Answers, Estimator, silent
from sarcoid_epi.measures import term
from sarcoid_epi.results import Estimate, Estimates, Run
from sarcoid_epi.scenario import Belief, Model, Prior
from sarcoid_epi.scenario.causes import causes
from sarcoid_epi.strata import Strata


def ask(
    catalogue: Iterable[Estimator],
    strata: Strata,
    *,
    data: str,
    question: str = "",
    belief: Belief | Prior | None = None,
    by: str = "",
    of: str = "",
    models: Sequence[Model] = (),
) -> Estimates:
    """Every estimator of a catalogue (for one question, if named) on the same strata.

    Parameters
    ----------
    catalogue : iterable of Estimator
        Usually `CATALOGUE`.
    strata : Strata
        The cohort, whole or in groups. Only estimators that take what it holds are asked: patients, or, where it has a
        variable `study`, published series.
    data : str
        What the cohort is, in words; printed with every result.
    question : str
        Only estimators of this question.
    belief : Belief or Prior, optional
        Needed by estimators that believe something (a prior by those of series); without one they are not asked.
    by, of : str
        What the groups are of, and what the series are of; part of the run's name.
    models : sequence of Model
        Declared models, for estimators that answer their families.

    Returns
    -------
    Estimates
        A missing column, like anything else that cannot be estimated, is a row with NaN and a note.

    Raises
    ------
    ConfigurationError
        When no estimator answers the question.
    """
    takes = "series" if "study" in strata.columns else "patients"
    chosen = [e for e in catalogue if e.takes == takes and question in ("", e.question)]
    if not chosen:
        raise ConfigurationError(Problem(f"nothing answers '{question}' from {takes}"))
    total = Estimates((), ())
    for estimator in chosen:
        if estimator.believes and belief is None:
            continue
        believed = belief if estimator.believes else None
        for model in _models(estimator, models):
            answers = _answers(estimator, strata, believed, model)
            total += _estimates(estimator, answers, strata.labels, data, believed, by, of, model)
    return total


def _models(estimator: Estimator, models: Sequence[Model]) -> list[Model | None]:
    """The models that an estimator answers; one that takes none is asked once."""
    return [model for model in models if estimator.answers(model)] if estimator.families else [None]


def _answers(estimator: Estimator, strata: Strata, belief: Belief | Prior | None, model: Model | None) -> Answers:
    lack = lacking(estimator, strata)
    if lack:
        return silent([_absent(estimator, strata)], len(strata.labels), lack)
    absent = [column for column in (*model.columns, *model.beside) if column not in strata.columns] if model else []
    if model and absent:
        named = [term(model.measure, exposure) for exposure in model.exposures]
        return silent(named, len(strata.labels), f"{NO_COLUMN} '{absent[0]}'")
    return estimator(strata, *(part for part in (belief, model) if part is not None))


def _absent(estimator: Estimator, strata: Strata) -> str:
    return next((c for c in estimator.needs if c not in strata.columns), estimator.needs[0])


def lacking(estimator: Estimator, strata: Strata) -> str:
    """What the data lack for an estimator, in words; empty where it can be asked."""
    absent = [column for column in estimator.needs if column not in strata.columns]
    if absent:
        return f"{NO_COLUMN} '{absent[0]}'"
    if estimator.question != "underdiagnosis":
        return ""
    return next((f"{NOTHING_KNOWN} '{column}'" for column in estimator.needs if _is_empty(strata, column)), "")


#: What people of a population are in a group: not its part of them.
LIKE_THESE = "were all people with sarcoidosis like this group"

#: Groups condition on what makes them; a model is refused for that, its groups are told.
CONDITIONED = "groups condition on what makes them: {}"

#: Sources of records: one that holds nobody is no source.
_SOURCES = frozenset({"on_clinic_list", "in_radiology_text", "in_codes"})


def _is_empty(strata: Strata, column: str) -> bool:
    """Whether a column that a method needs stands in the table without any entry."""
    if column in _SOURCES:
        return not strata.events(column)[0].any()
    return not strata.table(column).any()


def _conditioned(model: Model | None, by: str) -> str:
    """What the causal graph says against a model in groups of `by`, as if it held it; or nothing."""
    if model is None or not by or by in model.accept:
        return ""
    others = [exposure for exposure in model.exposures if exposure != by]
    faults = [fault for exposure in others if (fault := causes().fault(exposure, model.outcome, by))]
    return CONDITIONED.format("; ".join(dict.fromkeys(faults))) if faults else ""


def run_name(estimator: str, by: str = "", belief: str = "", of: str = "") -> str:
    """The name of a run: estimator, what its groups are of, the belief, what its series are of."""
    return "-".join([estimator, *([f"by-{by}"] if by else []), *([belief] if belief else []), *([of] if of else [])])


def _estimates(
    estimator: Estimator,
    answers: Answers,
    labels: Sequence[str],
    data: str,
    belief: Belief | Prior | None,
    by: str,
    of: str,
    model: Model | None,
) -> Estimates:
    name = run_name(estimator.name, by, belief.name if belief else "", model.name if model else of)
    run = Run(
        run=name,
        estimator=estimator.name,
        estimand=estimator.estimand.name,
        label=f"{model.label}: {estimator.label[:1].lower()}{estimator.label[1:]}" if model else estimator.label,
        references=" ".join(estimator.references),
        rests_on=_rests_on(data, belief, estimator.believes) + (f"; {model.said}" if model else ""),
        assumes=estimator.assumes,
        data=data,
        package_version=version("sarcoid-epi"),
    )
    of_group = LIKE_THESE if by and estimator.estimand.unit == "people" else _conditioned(model, by)
    rows = tuple(
        Estimate(
            run=name,
            term=term,
            group=label,
            time=answers.times[t] if answers.times else np.nan,
            estimate=float(answers.estimate[g, t]),
            std_error=float(answers.std_error[g, t]),
            conf_low=float(answers.low[g, t]),
            conf_high=float(answers.high[g, t]),
            conf_level=answers.level,
            n=float(answers.n[g, t]),
            events=float(answers.events[g, t]),
            note="; ".join(filter(None, (str(answers.note[g, t]), of_group))),
        )
        for g, label in enumerate(labels)
        for t, term in enumerate(answers.terms)
    )
    return Estimates(rows, (run,))


def plain(value: float) -> str:
    """A parameter as people write it: six digits, and whole numbers without an exponent."""
    return f"{value:.0f}" if value.is_integer() else f"{value:g}"


def _rests_on(data: str, belief: Belief | Prior | None, believed: Sequence[str]) -> str:
    """The counts, and of the belief what the estimator takes from it."""
    if belief is None:
        return f"counts of {data}"
    parts = [
        f"{path} {plain(parameter.value)} ({parameter.basis})"
        for path, parameter in belief.parameters().items()
        if path.partition(".")[0] in believed
    ]
    kind = "prior" if isinstance(belief, Prior) else "belief"
    said = f"{kind} '{belief.name}' ({belief.label}; about {belief.about.replace('any', 'any record')})"
    return f"counts of {data}; {said}: " + "; ".join(parts)
