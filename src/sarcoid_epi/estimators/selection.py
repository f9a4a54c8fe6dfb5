"""A declared model among selected patients, weighted by how likely each was to be selected."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.errors import DataError, Problem
from sarcoid_epi.estimands import CONDITIONAL_RATIO
from sarcoid_epi.estimators.association import (
    FEW,
    REFUSED,
    WEIGHTED_FEW,
    WEIGHTED_SEPARATED,
    Logs,
    few_clusters,
    held,
    penalty,
    ratio_row,
)
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.terms import Fitting, design_of, is_number, levels_of
from sarcoid_epi.measures import term
from sarcoid_epi.scenario import Model
from sarcoid_epi.scenario.model import TIMES, WEIGHED
from sarcoid_epi.stats.likelihood_search import NO_MAXIMUM
from sarcoid_epi.stats.selection import AmongSelected, weighted_among_selected
from sarcoid_epi.strata import FLAG, Strata

NOBODY_OF = "nobody with {} is selected, and the answer is not of such patients"
UNKNOWN = "{} of {} patients, selected or not, left out, who lack what selection turns on"
EVERYBODY = "everybody is selected, so that all weights are 1"
WIDER, NARROWER = "wider than with weights taken as known", "not wider than with weights taken as known"


class _Selection(NamedTuple):
    """The outcome's model among the selected, and who could have been selected.

    Arrays have shape (G, R): patients, selected or not; the columns (G, R, Q) of the model of selection; a chance that
    is known, else NaN. Notes (G,).
    """

    own: Fitting
    people: Floats
    chosen: Floats
    columns: Floats
    certain: Floats
    note: NDArray[Any]


@estimator(
    question="association",
    estimand=CONDITIONAL_RATIO,
    references=("robins1994", "hernan2004", "cole2008", "seaman2013", "stefanski2002", "kish1965"),
    rests="the model of selection, and the model of the outcome",
    families=WEIGHED,
    only="selected",
)
def selection_weighted(strata: Strata, model: Model) -> Answers:
    """Ratio with each exposure as in everybody, from the selected weighted by their chance of selection.

    A logistic model of `selected` on `selected_by` among everybody gives each selected patient the weight of the share
    selected over his own chance (stabilised: they are 1 on average). The outcome's model is fitted to the selected with
    these weights. Errors are by stacked estimating equations: they know that the weights are estimated. Kinds of
    patients, by the levels of what selection turns on, in whom all or none are selected have a chance of 1 or 0: of the
    latter nothing can be said, and the note names them. `adjusted` has the same model among the selected, unweighted.

    Parameters
    ----------
    strata : Strata
        With the columns of the model, and what selection turns on known in everybody.
    model : Model
        With `selected` and `selected_by`.

    Returns
    -------
    Answers
        Ratios with the weights; for each its error over the one with weights taken as known; how many unweighted
        patients the weighted are worth, and the greatest weight. Shape (groups, terms); n and events are patients.

    Assumes
    -------
    As the adjusted ratio; and given what selection turns on, whether a patient was selected tells nothing further of
    outcome and exposure; any kind of patient could be selected; the model of selection is right.

    References
    ----------
    robins1994, hernan2004, cole2008, seaman2013, stefanski2002, kish1965
    """
    told = _selection(strata, model)
    compared = [level for level in told.own.levels if not level.reference]
    if model.faults:
        names = [term(model.measure, level.name) for level in told.own.levels]
        names += [term("weights_error", level.name) for level in compared]
        names += [term(measure, model.selected) for measure in ("effective_size", "greatest_weight")]
        return silent(names, len(strata.labels), REFUSED.format("; ".join(model.faults)))
    logs, known_error, effective, greatest, note = _solved(told, model)
    terms = [ratio_row(told.own, logs, level, model.measure, held(strata, model, level)) for level in told.own.levels]
    nothing, n, events = np.nan, told.own.n.sum(axis=-1), told.own.events.sum(axis=-1)
    for level, ratio in zip(told.own.levels, list(terms), strict=True):
        if level.reference:
            continue
        at = told.own.names.index(level.name)
        with np.errstate(invalid="ignore", divide="ignore"):
            wider = np.where(np.isnan(ratio.estimate), np.nan, logs.std_error[:, at] / known_error[:, at])
        why = np.where(np.isnan(wider), ratio.note, np.where(wider > 1.0, WIDER, NARROWER))
        terms.append(
            Term(term("weights_error", level.name), wider, nothing, nothing, nothing, level.n, level.events, why)
        )
    for measure, value in (("effective_size", effective), ("greatest_weight", greatest)):
        terms.append(Term(term(measure, model.selected), value, nothing, nothing, nothing, n, events, note))
    return answers_of(*terms)


def _selection(strata: Strata, model: Model) -> _Selection:
    """Everybody as patterns of what selection turns on, and of the model's columns where they are known."""
    if strata.levels(model.outcome) != FLAG or strata.levels(model.selected) != FLAG:
        what = f"'{model.outcome}' or '{model.selected}' is no flag"
        raise DataError(Problem(what, do="name flags as outcome and as selected"))
    names = tuple(dict.fromkeys((*model.columns, *model.selecting)))
    needed = {model.selected, *model.selecting, model.cluster}
    found = strata.patterns(*names, lacking=[name for name in names if name not in needed])
    people = found.counts.astype(float)
    values = {name: np.nan_to_num(found.values[..., at]) for at, name in enumerate(names)}
    complete = ~np.isnan(found.values).any(axis=-1)
    chosen = np.broadcast_to((values[model.selected] == 1).astype(float), people.shape)
    n = people * chosen * complete
    events = n * (values[model.outcome] == 1)
    columns, design = design_of(strata, model, values, n)
    left_out = ((people * chosen).sum(axis=-1) - n.sum(axis=-1)).astype(np.int64)
    levels = levels_of(strata, model, values, n, events)
    own = Fitting(columns, design, values, n, events, levels, left_out, model.cluster)
    turns = model.model_copy(
        update={
            "exposures": model.selecting,
            "adjust": (),
            "interactions": tuple(tuple(entry.split(TIMES)) for entry in model.selected_by if TIMES in entry),
            "splines": {name: count for name, count in model.splines.items() if name in model.selecting},
            "reference": {},
        }
    )
    of_selection, chances = design_of(strata, turns, values, people)
    chances = np.broadcast_to(chances, (*people.shape, chances.shape[-1]))
    kinds = [
        (f"{name}={level}", values[name] == code)
        for name in model.selecting
        if not is_number(strata, name)
        for code, level in enumerate(strata.levels(name))
    ]
    kinds += [
        (column.name, chances[..., at] == 1)
        for at, column in enumerate(of_selection)
        if len(column.variables) == 2 and not any(is_number(strata, name) for name in column.variables)
    ]
    certain, note = _certain(kinds, people, chosen)
    lost = strata.n() - people.sum(axis=-1).astype(int)
    everybody = (people.sum(axis=-1) > 0) & ((people * chosen).sum(axis=-1) == people.sum(axis=-1))
    parts = zip(note, np.where(everybody, EVERYBODY, ""), lost, strata.n(), strict=True)
    joined = ["; ".join(filter(None, (a, b, UNKNOWN.format(out, of) if out else ""))) for a, b, out, of in parts]
    return _Selection(own, people, chosen, chances, certain, np.array(joined, dtype=object))


def _certain(kinds: list[tuple[str, NDArray[Any]]], people: Floats, chosen: Floats) -> tuple[Floats, list[str]]:
    """Chances of 1 and of 0, which a logistic model has only in the limit: kinds of whom all or none are selected.

    What is left without a kind may hold such a kind again, so they are looked for until there is none.
    """
    certain = np.full(people.shape, np.nan)
    none_of: list[list[str]] = [[] for _ in people]
    again = True
    while again:
        again = False
        for name, has in kinds:
            left = people * np.isnan(certain) * has
            total, some = left.sum(axis=-1), (left * chosen).sum(axis=-1)
            extreme = (total > 0) & ((some == 0) | (some == total))
            if extreme.any():
                again = True
                certain = np.where((left > 0) & extreme[:, None], (some > 0)[:, None].astype(float), certain)
                for group in np.flatnonzero((total > 0) & (some == 0)):
                    none_of[group].append(name)
    return certain, [NOBODY_OF.format(" or ".join(names)) if names else "" for names in none_of]


def _solved(told: _Selection, model: Model) -> tuple[Logs, Floats, Floats, Floats, NDArray[Any]]:
    """The weighted coefficients in every group; columns in which its patients are alike are left out there."""
    own, groups = told.own, len(told.people)
    there = told.people * np.isnan(told.certain) > 0
    low = np.where(there[..., None], told.columns, np.inf).min(axis=-2, initial=np.inf)
    high = np.where(there[..., None], told.columns, -np.inf).max(axis=-2, initial=-np.inf)
    turning = high > low
    turning[:, 0] = True
    size = len(own.columns)
    parts = [np.full((groups, size), np.nan) for _ in range(5)]
    effective, greatest = np.full(groups, np.nan), np.full(groups, np.nan)
    note = np.full(groups, "", dtype=object)
    of_all = np.concatenate([turning, own.varying], axis=-1)
    for used in np.unique(of_all, axis=0):
        which = np.flatnonzero((of_all == used).all(axis=-1))
        ours = used[turning.shape[1] :]
        found = _fitted(told, model, which, used[: turning.shape[1]], ours)
        fields = (found.estimate, found.low, found.high, found.std_error, found.known_error)
        for kept, new in zip(parts, fields, strict=True):
            kept[np.ix_(which, np.flatnonzero(ours))] = new
        few = penalty(own.rows(which, ours), own.events[which], own.n[which], found.note) == FEW
        fine = np.where(few, WEIGHTED_FEW, "")
        said = np.select([found.note == NO_MAXIMUM, found.note == ""], [WEIGHTED_SEPARATED, fine], found.note)
        pairs = zip(said, few_clusters(own.n[which], own.clusters(which)), strict=True)
        said = np.array(["; ".join(filter(None, pair)) for pair in pairs], dtype=object)
        effective[which], greatest[which], note[which] = found.effective, found.greatest, said
    joined = np.array(["; ".join(filter(None, pair)) for pair in zip(note, told.note, strict=True)], dtype=object)
    return Logs(parts[0], parts[1], parts[2], parts[3], joined), parts[4], effective, greatest, joined


def _fitted(
    told: _Selection, model: Model, which: NDArray[np.intp], turning: NDArray[np.bool_], used: NDArray[np.bool_]
) -> AmongSelected:
    rows = np.broadcast_to(told.own.rows(which, used), (*told.people[which].shape, int(used.sum())))
    return weighted_among_selected(
        told.columns[which][..., turning],
        told.chosen[which],
        told.certain[which],
        rows,
        told.own.events[which],
        told.people[which],
        (told.own.n[which] > 0).astype(float),
        "logit" if model.family == "logistic" else "log",
        cluster=told.own.clusters(which),
    )
