"""A declared model in which missing values are imputed: drawn many times, analysed each time, and pooled."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimands import CONDITIONAL_RATIO
from sarcoid_epi.estimators.association import (
    ALIKE,
    CURVE,
    REFERENCE,
    REFUSED,
    fitted,
    held,
    penalty,
    ratio_row,
    solved,
)
from sarcoid_epi.estimators.declare import NOTHING_KNOWN, Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.estimators.terms import CONSTANT, UNCLUSTERED, Column, Fitting, Level, design_of, fitting, is_number
from sarcoid_epi.measures import term
from sarcoid_epi.scenario import Model
from sarcoid_epi.scenario.model import IMPUTED
from sarcoid_epi.stats.imputation import chained
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.rubin import rubin
from sarcoid_epi.strata import Strata
from sarcoid_epi.streams import uniforms

#: The seed of every imputation. Streams are named after the variable and the data themselves, for with one stream for
#: all data the luck of its draws would be a bias that all replicates share. A patient's place in a stream is his rank
#: among the patients of his group by their values: draws are the same in whatever order patients and groups come.
SEED = 1

NOTHING_MISSING = "nothing is missing: as with complete patients"
DRAWN = "{} of {} patients lack a value, imputed {} times"
LEFT_OUT = "{} of {} patients left out, whose cluster is not known"
IDLE = f"{NOTHING_KNOWN} '{{}}', and nothing is imputed from it"
PENALISED = "by Firth's penalised likelihood in every data set, for complete patients call for it"
MORE = "better {:.0f} imputations or more: 100 for each unit of missing information"
TOO_FEW = "no more patients than coefficients"

#: So many numbers stand in the designs that are worked on at once; data sets are taken in parts that keep to it.
_ROOM = 2**23


class Records(NamedTuple):
    """Patients of one group, one to a row, in the order of their values: (N, C) with NaN where missing, by `names`.

    `clusters` (N,) where the model has them, and how many patients are left out because theirs is not known.
    """

    names: tuple[str, ...]
    values: Floats
    clusters: Floats | None
    left_out: int

    def of(self, name: str) -> Floats:
        """The column of that name."""
        return self.values[:, self.names.index(name)]


class _Pooled(NamedTuple):
    """One group: of each level ratio, limits, error, patients, events, missing information and note, shape (L,)."""

    estimate: Floats
    low: Floats
    high: Floats
    std_error: Floats
    n: Floats
    events: Floats
    information: Floats
    note: NDArray[np.object_]


@estimator(
    question="association",
    estimand=CONDITIONAL_RATIO,
    references=(
        "rubin1987", "barnard1999", "vanbuuren2011", "whiteroyston2011", "white2010", "clogg1991", "little1988",
    ),
    rests="the model, and what the other variables tell of what is missing",
    batches=False,
    families=IMPUTED,
    only="imputing",
)  # fmt: skip
def imputed(strata: Strata, model: Model) -> Answers:
    """Ratio with each exposure, missing values imputed.

    Each missing value of the model, the outcome included, is drawn `imputations` times by chained equations: categories
    by (multinomial) logistic regression, numbers by predictive mean matching, with drawn coefficients. Predictors of
    each are all others, their splines and products made anew from what was drawn, and the columns of `impute_with`; of
    a variable that stands in a product, the outcome times its partner too. The model is fitted to each completed
    data set as in the adjusted ratio, by Firth's penalty in all if one of them calls for it, and the logarithms are
    pooled (Rubin; Barnard and Rubin's degrees of freedom). Draws are the same whenever the data are.

    `adjusted` has the same model among the patients who lack nothing.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and those of `impute_with`.
    model : Model
        With missing = "impute".

    Returns
    -------
    Answers
        Ratios, and for each the fraction of missing information; shape (groups, terms). n and events are patients on
        record: with the level, and of them with the outcome.

    Assumes
    -------
    As the adjusted ratio, but in place of complete patients being like the others: given what is known of a patient,
    whether a value is missing tells nothing of it; and the models of imputation are right.

    References
    ----------
    rubin1987, barnard1999, vanbuuren2011, whiteroyston2011, white2010, clogg1991, little1988
    """
    complete = fitting(strata, model)
    levels = complete.levels
    if model.faults:
        names = [term(model.measure, level.name) for level in levels]
        names += [term("missing_information", level.name) for level in levels if not level.reference]
        return silent(names, len(strata.labels), REFUSED.format("; ".join(model.faults)))
    logs = solved(complete, model)
    found = answers_of(
        *(ratio_row(complete, logs, level, model.measure, held(strata, model, level)) for level in levels)
    )
    note, information = found.note.astype(object), np.zeros(found.shape)
    for group, records in enumerate(records_of(strata, model)):
        if np.isnan(records.values[:, : len(_analysed(model))]).any():
            pooled = _pooled(strata, model, complete, group, records)
            for whole, part in zip((found.estimate, found.low, found.high, found.std_error), pooled, strict=False):
                whole[group] = part
            found.n[group], found.events[group] = pooled.n, pooled.events
            information[group], note[group] = pooled.information, pooled.note
        elif len(records.values):
            told = ["; ".join(filter(None, (one, NOTHING_MISSING))) for one in note[group]]
            note[group] = np.array(told, dtype=object)
    terms = [
        Term(
            name, found.estimate[:, at], found.low[:, at], found.high[:, at], found.std_error[:, at], found.n[:, at],
            found.events[:, at], note[:, at],
        )
        for at, name in enumerate(found.terms)
    ]  # fmt: skip
    for at, level in enumerate(levels):
        if not level.reference:
            share = np.where(np.isnan(found.estimate[:, at]), np.nan, information[:, at])
            why, counts = np.where(np.isnan(share), note[:, at], ""), (found.n[:, at], found.events[:, at])
            terms.append(Term(term("missing_information", level.name), share, np.nan, np.nan, np.nan, *counts, why))
    return answers_of(*terms)


def records_of(strata: Strata, model: Model) -> list[Records]:
    """Of each group the patients whose cluster is known, whatever else they lack."""
    names = (*_analysed(model), *model.impute_with)
    found = strata.patterns(*names, *filter(None, [model.cluster]), lacking=names)
    told = []
    for group, everybody in enumerate(strata.n()):
        values = found.values if found.values.ndim == 2 else found.values[group]
        rows = np.repeat(values, found.counts[group], axis=0)
        clusters = rows[:, -1] if model.cluster else None
        told.append(Records(names, rows[:, : len(names)], clusters, int(everybody) - len(rows)))
    return told


def completed(strata: Strata, model: Model, records: Records, first: int, count: int) -> Floats:
    """Some of the completed data sets of a group, from the one numbered `first` on; shape (count, N, C)."""

    # One way to write a missing value and a zero, so that equal data have equal bytes.
    plain = np.where(np.isnan(records.values), np.nan, records.values + 0.0)
    data = blake2b(plain.tobytes(), digest_size=16).hexdigest()

    def lots(at: int, cycle: int, many: int) -> Floats:
        stream = f"impute {records.names[at]} {cycle} {data}"
        return np.stack([uniforms(SEED, stream, 0, many, number) for number in range(first, first + count)])

    def predictors(values: Floats, at: int) -> Floats:
        return _predictors(strata, model, records, values, at)

    levels = [0 if is_number(strata, name) else len(strata.levels(name)) for name in records.names]
    return chained(records.values, levels, predictors, lots, count)


def _analysed(model: Model) -> tuple[str, ...]:
    """The columns of the analysis whose missing values are imputed."""
    return tuple(name for name in model.columns if name != model.cluster)


def _predictors(strata: Strata, model: Model, records: Records, values: Floats, at: int) -> Floats:
    """What a variable is imputed from: all others as they stand in the analysis, with products that fit those there."""
    target = records.names[at]
    pairs = list(model.interactions)
    if target != model.outcome:
        partners = [one if other == target else other for one, other in pairs if target in (one, other)]
        pairs = [pair for pair in pairs if target not in pair] + [(model.outcome, partner) for partner in partners]
    part = model.model_copy(
        update={
            "exposures": tuple(name for name in records.names if name != target),
            "adjust": (),
            "interactions": tuple(pairs),
            "splines": {name: count for name, count in model.splines.items() if name != target},
            "reference": {},
        }
    )
    return _design(strata, part, records, values)[1]


def _design(strata: Strata, model: Model, records: Records, values: Floats) -> tuple[tuple[Column, ...], Floats]:
    """The design (M, N, P) of completed data sets; knots of splines at quantiles of those who lack nothing there."""
    known = ~np.isnan([records.of(name) for name in model.splines]).any(axis=0) if model.splines else True
    knots_from = np.broadcast_to(np.asarray(known, dtype=np.float64), values.shape[:2])
    named = {name: values[..., place] for place, name in enumerate(records.names)}
    return design_of(strata, model, named, knots_from)


def _pooled(strata: Strata, model: Model, complete: Fitting, group: int, records: Records) -> _Pooled:
    """One group in which something is missing."""
    levels = complete.levels
    blank = np.full(len(levels), np.nan)
    n, events = _recorded(strata, model, levels, records)
    empty = [name for name in records.names if np.isnan(records.of(name)).all()]
    for name in empty:
        if name in _analysed(model):
            return _Pooled(
                blank,
                blank,
                blank,
                blank,
                n,
                events,
                blank,
                np.full(len(levels), f"{NOTHING_KNOWN} '{name}'", dtype=object),
            )
    kept = [at for at, name in enumerate(records.names) if name not in empty]
    used_records = records._replace(names=tuple(records.names[at] for at in kept), values=records.values[:, kept])
    columns, used, estimate, error, why = _fits(strata, model, complete, group, used_records)
    ratio, low, high, std_error, information = (blank.copy() for _ in range(5))
    patients, free = len(records.values), int(used.sum())
    units = patients - free if records.clusters is None else np.unique(records.clusters).size - 1
    lacking = int(np.isnan(used_records.values[:, : len(_analysed(model))]).any(axis=1).sum())
    notes = [DRAWN.format(lacking, patients, model.imputations)]
    notes += [LEFT_OUT.format(records.left_out, patients + records.left_out)] if records.left_out else []
    notes += [IDLE.format(name) for name in empty]
    note = []
    for place, level in enumerate(levels):
        own = []
        if level.reference:
            ratio[place], own = 1.0, [NOBODY if n[place] == 0 else REFERENCE]
        elif not used[at := [column.name for column in columns].index(level.name)]:
            own = [NOBODY if n[place] == 0 else ALIKE]
        elif (caveat := held(strata, model, level)) == CURVE:
            own = [CURVE]
        elif units < 1:
            own = [TOO_FEW]
        else:
            # Few data sets that hardly agree have limits without end; errors of 0 (clusters all alike) leave none.
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                answer = rubin(estimate[:, at], error[:, at] ** 2, complete_df=units)
                ratio[place], low[place], high[place] = np.exp([answer.estimate, answer.low, answer.high])
            std_error[place], information[place] = ratio[place] * answer.std_error, answer.missing_information
            own = [*filter(None, (caveat, str(answer.note), why)), *notes]
            if 100 * information[place] > model.imputations:
                own.append(MORE.format(np.ceil(100 * information[place])))
        note.append("; ".join(own))
    return _Pooled(ratio, low, high, std_error, n, events, information, np.array(note, dtype=object))


def _recorded(strata: Strata, model: Model, levels: Sequence[Level], records: Records) -> tuple[Floats, Floats]:
    """Patients on record with each level, and those of them on record with the outcome."""
    n, events, outcome = [], [], records.of(model.outcome)
    for level in levels:
        own = records.of(level.variable)
        if level.name == level.variable:
            has = ~np.isnan(own)
        else:
            has = own == strata.levels(level.variable).index(level.name.partition("=")[2])
        n.append(has.sum())
        events.append((has & (outcome == 1)).sum())
    return np.array(n, dtype=np.float64), np.array(events, dtype=np.float64)


def _fits(
    strata: Strata, model: Model, complete: Fitting, group: int, records: Records
) -> tuple[tuple[Column, ...], NDArray[np.bool_], Floats, Floats, str]:
    """Of each data set the coefficients and their errors (M, P), for columns that are used; and how they were found."""
    patients, one = len(records.values), records.names.index(model.outcome)
    family, why, used = model, "", np.zeros(0, dtype=bool)
    columns: tuple[Column, ...] = ()
    estimates: list[Floats] = []
    errors: list[Floats] = []
    notes: list[str] = []
    each = max(1, _ROOM // max(patients * 4 * len(records.names), 1))
    for first in range(0, model.imputations, each):
        values = completed(strata, model, records, first, min(each, model.imputations - first))
        columns, design = _design(strata, model, records, values)
        if first == 0:
            moving = (design.max(axis=1) > design.min(axis=1)).all(axis=0)
            used = moving | (np.array([column.name for column in columns]) == CONSTANT)
            if model.family == "logistic" and _asks_for_firth(complete, group, used):
                family, why = model.model_copy(update={"family": "firth"}), PENALISED
                why += "" if records.clusters is None else f"; {UNCLUSTERED}"
        sets = len(values)
        n = np.ones((sets, patients))
        clusters = None if records.clusters is None else np.broadcast_to(records.clusters, n.shape)
        nothing = np.zeros(0, dtype=np.intp)
        logs = fitted(design[..., used], values[..., one], n, clusters, None, family, nothing)
        for kept, part in ((estimates, logs.estimate), (errors, logs.std_error)):
            whole = np.full((sets, used.size), np.nan)
            whole[:, used] = part
            kept.append(whole)
        lost = np.isnan(logs.estimate).any(axis=-1)
        notes = [str(note) for note in logs.note[lost]] + notes + [str(note) for note in logs.note[~lost] if note]
    return columns, used, np.concatenate(estimates), np.concatenate(errors), why or next(iter(notes), "")


def _asks_for_firth(complete: Fitting, group: int, used: NDArray[np.bool_]) -> bool:
    """Whether complete patients call for Firth's penalty, or do not show all that the model needs."""
    if not (complete.varying[group] == used).all():
        return True
    which = np.array([group])
    rows, events, n = complete.rows(which, used), complete.events[which], complete.n[which]
    return bool((penalty(rows, events, n, logistic(rows, events, n).note) != "").any())
