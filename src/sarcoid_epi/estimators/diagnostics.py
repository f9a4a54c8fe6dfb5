"""How well a declared model of a yes or no fits its patients, and what it hangs on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimands import FIT
from sarcoid_epi.estimators.association import ALIKE, COUNTED, REFUSED
from sarcoid_epi.estimators.declare import NUMBERS, Answers, Floats, Term, answers_of, estimator, side_by_side, silent
from sarcoid_epi.estimators.fitted import KINDS, Fitted, fitted
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.estimators.terms import SELECTED, Column, Fitting, fitting, is_number
from sarcoid_epi.measures import term
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.calibration import heuristic_shrinkage, risk_groups
from sarcoid_epi.stats.discrimination import concordance
from sarcoid_epi.stats.firth_risk import NO_RISK
from sarcoid_epi.stats.influence import cook_distance, variance_inflation
from sarcoid_epi.stats.separation import poisson_separation, separation
from sarcoid_epi.strata import Strata

#: Groups of equal numbers of patients, by the share foretold.
TENTHS = 10

NOTHING_VARIES = "all patients are alike in what should explain the outcome"
EMPTY_TENTH = "nobody: patients with one foretold share stay together"
ABOVE_ONE = "a share above 1 is foretold to some, and taken for 1"
NO_MORE_THAN_CHANCE = "the model explains no more than chance would"
NO_SPREAD = "the coefficients have no standard errors"
DECIDES = "one patient alone decides a coefficient"
UNWEIGHTED = "of the model without its weights"
WITHOUT, WITH = "without the outcome", "with the outcome"

#: One number for the whole model, in the order told.
OF_ALL = ("events_per_coefficient", "without_estimate", "c_statistic", "calibration_slope", "cook")

#: Two for each tenth.
OF_TENTHS = ("share_seen", "share_foretold")


@estimator(
    question="association",
    estimand=FIT,
    references=(
        "peduzzi1996", "konis2007", "delong1988", "vanhouwelingen1990", "steyerberg2010", "pregibon1981", "fox1992",
        "puhr2017",
    ),
    rests="the model and the patients it was fitted to",
    batches=False,  # which coefficients are infinite is settled by linear programmes, one group at a time
    families=COUNTED,
)  # fmt: skip
def model_diagnostics(strata: Strata, model: Model) -> Answers:
    """How well the model fits, and what it hangs on.

    For the outcome: the rarer of events and patients without one, for each coefficient (and whether Firth's penalty
    was called for); how many coefficients have no finite estimate, and which, for what explains the outcome foretells
    it; how many patients were left out; concordance c, with DeLong's limits; the slope of calibration to expect in new
    patients, (T - p) / T with T what the model explains and p its coefficients; the greatest Cook's distance, and what
    kind of patient has it. For each variable: its variance inflation, GVIF^(1/d) for d columns. For tenths of patients
    by the share foretold: the share with the outcome beside it. On the patients of the fit a slope of calibration is 1
    and a mean is right whatever the model, so neither is told: what these tenths show is the shape.

    Parameters
    ----------
    strata : Strata
        With the columns of the model.
    model : Model
        Of a family for an outcome of yes or no; clusters are not looked at, nor are weights: what is told of a model
        with weights is of the same model without them, and says so.

    Returns
    -------
    Answers
        Shape (groups, terms): six of the outcome, one for each variable and interaction, two for each tenth.

    Assumes
    -------
    Patients are independent. Concordance is that on the patients of the fit, which is too high for new ones; so is the
    slope where there are few events for each coefficient. What was tried before the model was declared is not counted.

    References
    ----------
    peduzzi1996, konis2007, delong1988, vanhouwelingen1990, steyerberg2010, pregibon1981, fox1992, puhr2017
    """
    own = fitting(strata, model)
    names = _names(own, model)
    if model.faults:
        return silent(
            [term("left_out", model.outcome), *names], len(strata.labels), REFUSED.format("; ".join(model.faults))
        )
    everybody, yes = own.n.sum(axis=-1), own.events.sum(axis=-1)
    nothing = np.where(everybody > 0, NOTHING_VARIES, NOBODY)
    blank = np.full(len(everybody), np.nan)
    whole = answers_of(*(Term(name, blank, np.nan, np.nan, np.nan, everybody, yes, nothing) for name in names))
    fields: dict[str, Any] = {name: getattr(whole, name) for name in NUMBERS}
    fields["note"] = whole.note.astype(object)
    for used in np.unique(own.varying, axis=0):
        which = np.flatnonzero((own.varying == used).all(axis=-1) & (everybody > 0))
        if used.sum() == 1 or not which.size:
            continue
        part = answers_of(*_told(strata, own, model, which, used))
        for name, kept in fields.items():
            kept[which] = getattr(part, name)
    among = (UNWEIGHTED if model.weights else "", SELECTED.format(model.selected) if model.selected else "")
    told = [["; ".join(filter(None, (str(one), *among))) for one in group] for group in fields["note"]]
    fields["note"] = np.array(told, dtype=str)
    return side_by_side([_left_out(own, model), Answers(whole.terms, **fields)])


def _names(own: Fitting, model: Model) -> list[str]:
    """The terms but the one of those left out, in the order told."""
    names = [term(name, model.outcome) for name in OF_ALL] + [term("vif", name) for name in _variables(own)]
    return names + [term(name, f"risk_tenth={at + 1}") for at in range(TENTHS) for name in OF_TENTHS]


def _left_out(own: Fitting, model: Model) -> Answers:
    everybody = own.n.sum(axis=-1) + own.left_out
    estimate = np.where(everybody > 0, own.left_out, np.nan)
    note = np.where(everybody > 0, "", NOBODY)
    name = term("left_out", model.outcome)
    return answers_of(Term(name, estimate, np.nan, np.nan, np.nan, everybody, own.events.sum(axis=-1), note))


def _told(strata: Strata, own: Fitting, model: Model, which: NDArray[np.intp], used: NDArray[np.bool_]) -> list[Term]:
    """What is told of some groups, in which the same columns vary."""
    rows, events, n = own.rows(which, used), own.events[which], own.n[which]
    found = fitted(rows, events, n, model)
    found = found._replace(note=own.named(found.note, used))
    return [
        *_of_all(strata, own, model, which, used, found),
        *_of_variables(own, model, which, used, found),
        *_of_tenths(events, n, found),
    ]


def _reason(*notes: NDArray[Any] | str) -> NDArray[Any]:
    """The first of several notes that says something, in each group."""
    told = np.asarray(notes[-1], dtype=object)
    for note in reversed(notes[:-1]):
        told = np.where(np.asarray(note, dtype=object) != "", note, told)
    return told


def _variables(own: Fitting) -> list[str]:
    """What has columns of its own: variables and interactions."""
    return list(dict.fromkeys(_beside(column) for column in own.columns if column.variables))


def _beside(column: Column) -> str:
    return " x ".join(column.variables)


def _of_all(
    strata: Strata, own: Fitting, model: Model, which: NDArray[np.intp], used: NDArray[np.bool_], found: Fitted
) -> list[Term]:
    """What is told of the model as a whole, as in `OF_ALL`."""
    rows, events, n = own.rows(which, used), own.events[which], own.n[which]
    yes, everybody = events.sum(axis=-1), n.sum(axis=-1)
    counts = everybody, yes
    columns = int(used.sum()) - 1
    infinite, why = _separated(own, model, which, used)
    lost = np.isnan(found.share).any(axis=-1)
    c = concordance(np.nan_to_num(found.share), events, n)
    ranked = [np.where(lost, np.nan, part) for part in (c.estimate, c.low, c.high, c.std_error)]
    slope = heuristic_shrinkage(found.statistic, columns)
    of_slope = np.select([np.isnan(slope), slope == 0], [NO_SPREAD, NO_MORE_THAN_CHANCE], "")
    distance, kind = _furthest(strata, own, model, which, rows, found)
    numbers = (
        (np.minimum(yes, everybody - yes) / columns, np.nan, np.nan, np.nan, *counts, found.how),
        (infinite, np.nan, np.nan, np.nan, *counts, why),
        (*ranked, *counts, _reason(found.note, c.note, np.where(lost, NO_RISK, ""))),
        (slope, np.nan, np.nan, np.nan, *counts, _reason(found.note, of_slope)),
        (distance, np.nan, np.nan, np.nan, *counts, _reason(found.note, kind)),
    )
    return [Term(term(name, model.outcome), *told) for name, told in zip(OF_ALL, numbers, strict=True)]


def _separated(
    own: Fitting, model: Model, which: NDArray[np.intp], used: NDArray[np.bool_]
) -> tuple[Floats, NDArray[Any]]:
    """How many coefficients have no finite estimate by maximum likelihood, and which."""
    told = separation if KINDS[model.family] == "logistic" else poisson_separation
    found = told(own.rows(which, used), own.events[which], own.n[which])
    names = np.array(own.names)[used]
    runs = np.isnan(found.direction) | (found.direction != 0)
    notes = []
    for kind, direction, note in zip(found.kind, found.direction, own.named(found.note, used), strict=True):
        ways = {1.0: "upwards", -1.0: "downwards"}
        named = [f"{name} ({ways.get(way, 'either way')})" for name, way in zip(names, direction, strict=True) if way]
        notes.append(f"{kind} separation: {', '.join(named)}" if kind not in ("", "none") else str(note))
    return np.where(found.kind == "", np.nan, runs.sum(axis=-1)), np.array(notes, dtype=object)


def _furthest(
    strata: Strata, own: Fitting, model: Model, which: NDArray[np.intp], rows: Floats, found: Fitted
) -> tuple[Floats, NDArray[Any]]:
    """The greatest Cook's distance of each group, and what kind of patient has it."""
    events, n = own.events[which], own.n[which]
    given = None if model.family != "prevalence_ratio" else found.covariance
    cook = cook_distance(rows, n, found.estimate, given, KINDS[model.family]).cook
    present = np.stack([events < n, events > 0], axis=-1)
    cook = np.where(present & ~np.isnan(cook), cook, -np.inf).reshape(len(which), -1)
    place = cook.argmax(axis=-1)
    greatest = np.take_along_axis(cook, place[:, None], axis=-1)[:, 0]
    notes: list[str] = []
    for group, at, distance in zip(which, place, greatest, strict=True):
        kind = _kind(strata, own, model, group, at // 2) + f", {WITH if at % 2 else WITHOUT}"
        notes.append(NO_SPREAD if distance == -np.inf else f"{DECIDES}: {kind}" if distance == np.inf else kind)
    return np.where(np.isinf(greatest), np.nan, greatest), np.array(notes, dtype=object)


def _kind(strata: Strata, own: Fitting, model: Model, group: int, row: int) -> str:
    """What a patient of a pattern is like, in what explains the outcome."""
    words = []
    for variable in model.explaining:
        values = own.values[variable]
        value = values[row] if values.ndim == 1 else values[group, row]
        levels = () if is_number(strata, variable) else strata.levels(variable)
        words.append(f"{variable}={levels[int(value)]}" if levels else f"{variable} {value:g}")
    return ", ".join(words)


def _of_variables(
    own: Fitting, model: Model, which: NDArray[np.intp], used: NDArray[np.bool_], found: Fitted
) -> list[Term]:
    """Variance inflation by variable, of the information at the estimate."""
    n = own.n[which]
    counts = n.sum(axis=-1), own.events[which].sum(axis=-1)
    inverse = cook_distance(own.rows(which, used), n, found.estimate, kind=KINDS[model.family]).inverse
    places: dict[str, list[int]] = {}
    kept = [column for column, there in zip(own.columns, used, strict=True) if there and column.variables]
    for at, column in enumerate(kept):
        places.setdefault(_beside(column), []).append(at)
    inflation = variance_inflation(inverse[:, 1:, 1:], list(places.values()))
    told = []
    for name in _variables(own):
        if name in places:
            factor = inflation[:, list(places).index(name)] ** (1.0 / len(places[name]))
            note = _reason(found.note, np.where(np.isnan(factor), NO_SPREAD, ""))
        else:
            factor, note = np.full(len(which), np.nan), np.full(len(which), ALIKE)
        told.append(Term(term("vif", name), factor, np.nan, np.nan, np.nan, *counts, note))
    return told


def _of_tenths(events: Floats, n: Floats, found: Fitted) -> list[Term]:
    """Shares seen and foretold, in tenths of the patients by the share foretold."""
    lost = np.isnan(found.share).any(axis=-1)
    groups = risk_groups(np.clip(np.nan_to_num(found.share), 0.0, 1.0), events, n, TENTHS)
    above = np.where(((found.share > 1.0) & (n > 0)).any(axis=-1), ABOVE_ONE, "")
    told = []
    for at in range(TENTHS):
        empty = lost | (groups.n[:, at] == 0)
        note = _reason(found.note, np.where(lost, NO_RISK, ""), np.where(empty, EMPTY_TENTH, ""))
        counts = np.where(lost, 0, groups.n[:, at]), np.where(lost, 0, groups.events[:, at])
        seen, foretold = (np.where(empty, np.nan, part[:, at]) for part in (groups.observed, groups.predicted))
        name = f"risk_tenth={at + 1}"
        limits = groups.limits.low[:, at], groups.limits.high[:, at]
        told.append(Term(term("share_seen", name), seen, *limits, np.nan, *counts, note))
        told.append(Term(term("share_foretold", name), foretold, np.nan, np.nan, np.nan, *counts, _reason(note, above)))
    return told
