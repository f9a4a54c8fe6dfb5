"""Declared models of an outcome that records hold with error: corrected by record-level bias analysis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimands import TRUE_CONDITIONAL_RATIO
from sarcoid_epi.estimators.association import ALIKE, CURVE, REFERENCE, REFUSED, Logs, held, solved
from sarcoid_epi.estimators.believing import ENOUGH, NO_INFORMATION, detects
from sarcoid_epi.estimators.cascade import CONTRADICTION
from sarcoid_epi.estimators.declare import NO_BELIEF, Answers, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.estimators.record_level import Draws, record_level_draws
from sarcoid_epi.estimators.terms import Fitting, Level, fitting
from sarcoid_epi.measures import term
from sarcoid_epi.scenario import Belief, Model
from sarcoid_epi.stats.bias_analysis import ErrorLimits, error_limits
from sarcoid_epi.strata import Strata

#: Outcomes of whose records a belief speaks.
SPOKEN_OF = ("osseous_recorded",)

WEIGHTED = "not told of a model with weights: outcomes made anew are of patients, each of whom counts once"


@estimator(
    question="association",
    estimand=TRUE_CONDITIONAL_RATIO,
    believes=("sensitivity", "specificity", "together", "exposed"),
    references=("fox2005", "fox2021", "lash2014", "magder1997", "lyles2010", "kosmidis2021"),
    rests="the model, and believed detection with each exposure and without",
    batches=False,
    families=("logistic", "firth", "prevalence_ratio"),
)
def misclassification_corrected(strata: Strata, belief: Belief, model: Model) -> Answers:
    """Ratio with each exposure, corrected for error of the record.

    Record-level bias analysis. For each of 1024 draws of sensitivity and specificity the model is fitted to the records
    by their likelihood (Magder and Hughes); coefficients drawn about that fit give each pattern of patients its
    predictive values; by these the outcome of every patient is made anew, the model is fitted to what was made, and
    its random error is added. Terms of each level: the corrected ratio, median and limits for total error;
    `systematic_ratio`, with the doubt of the belief alone; `recorded_ratio`, of the records as they are; and once
    `impossible`, the share of draws left out, since they do not fit the records. Firth's penalty by the same rule as
    in the adjusted ratio, both for the records and for what was made.

    Parameters
    ----------
    strata : Strata
        With the columns of the model.
    belief : Belief
        Sensitivity and specificity of the record, their correlation in its section [together], and in [exposed] how
        else records err in patients with an exposure (each level but the reference; a number as exposure moves
        nothing): the chances are then those of patients without it.
    model : Model
        Of `osseous_recorded`; of other outcomes the belief says nothing. One that conditions on what the causal graph
        forbids is refused, and one with weights not answered; a number with a spline has no one ratio.

    Returns
    -------
    Answers
        Ratios, shape (groups, levels of the exposures, three for each that is compared, and one).

    Assumes
    -------
    Whether a record errs depends on the true outcome and, as believed, on the exposures, on nothing else that the model
    holds; what the model assumes of the record is true of the disease; patients, or clusters, are independent; whatever
    else bears on both exposure and outcome is adjusted for.

    References
    ----------
    fox2005, fox2021, lash2014, magder1997, lyles2010, kosmidis2021
    """
    groups = len(strata.labels)
    if model.outcome not in SPOKEN_OF:
        named = [term(model.measure, exposure) for exposure in model.exposures]
        return silent(named, groups, f"{NO_BELIEF} records of '{model.outcome}'")
    own = fitting(strata, model)
    why = REFUSED.format("; ".join(model.faults)) if model.faults else "" if detects(belief) else NO_INFORMATION
    why = why or (WEIGHTED if model.weights else "")
    if why:
        return silent(_names(model, own.levels), groups, why)
    plain = solved(own, model)
    found = [record_level_draws(own, group, belief, model) for group in range(groups)]
    caveats = [held(strata, model, level) for level in own.levels]
    pairs = zip(own.levels, caveats, strict=True)
    terms = [row for level, caveat in pairs for row in _rows(own, model, level, caveat, plain, found)]
    everybody, events = own.n.sum(axis=-1), own.events.sum(axis=-1)
    part = np.array([draws.impossible for draws in found])
    note = own.told(np.where(everybody == 0, NOBODY, [draws.note for draws in found]))
    left_out = np.where(everybody == 0, np.nan, part)
    return answers_of(*terms, Term(_left_out(model), left_out, np.nan, np.nan, np.nan, everybody, events, note))


def _names(model: Model, levels: Sequence[Level]) -> list[str]:
    """Every term; those of a reference are its ratio alone."""
    each = (_of_level(model, level)[: 1 if level.reference else 3] for level in levels)
    return [name for names in each for name in names] + [_left_out(model)]


def _of_level(model: Model, level: Level) -> tuple[str, str, str]:
    """The terms of a level: its corrected ratio, that without chance, and that of the records as they are."""
    systematic, recorded = (term(measure, level.name) for measure in ("systematic_ratio", "recorded_ratio"))
    return term(model.measure, level.name), systematic, recorded


def _left_out(model: Model) -> str:
    return term("impossible", model.outcome)


def _rows(own: Fitting, model: Model, level: Level, caveat: str, plain: Logs, found: Sequence[Draws]) -> list[Term]:
    corrected, systematic, recorded = _of_level(model, level)
    counted = level.n, level.events
    if level.reference:
        one = np.where(own.n.sum(axis=-1) > 0, 1.0, np.nan)
        return [Term(corrected, one, np.nan, np.nan, np.nan, *counted, np.where(level.n == 0, NOBODY, REFERENCE))]
    if caveat == CURVE:
        note = own.told(np.where(level.n == 0, NOBODY, CURVE))
        blank = np.full(len(own.n), np.nan)
        return [Term(name, blank, np.nan, np.nan, np.nan, *counted, note) for name in _of_level(model, level)]
    column = own.names.index(level.name)
    bare = np.where(level.n == 0, NOBODY, np.where(own.varying[:, column], "", ALIKE))
    limits = ErrorLimits(*map(np.array, zip(*(_limits(draws, column) for draws in found), strict=True)))
    said = own.told(np.where(bare == "", _joined(caveat, limits.note), bare))
    ratio, low, high = (np.exp(part[:, column]) for part in (plain.estimate, plain.low, plain.high))
    error = ratio * plain.std_error[:, column]
    as_it_is = own.told(np.where(bare == "", _joined(caveat, plain.note), bare))
    return [
        Term(corrected, limits.total_median, limits.total_low, limits.total_high, np.nan, *counted, said),
        Term(systematic, limits.median, limits.low, limits.high, np.nan, *counted, said),
        Term(recorded, ratio, low, high, error, *counted, as_it_is),
    ]


def _joined(caveat: str, notes: NDArray[Any]) -> NDArray[Any]:
    return np.array(["; ".join(filter(None, (caveat, str(note)))) for note in notes], dtype=object)


def _limits(draws: Draws, column: int) -> ErrorLimits:
    """Medians and limits of a column; none where so few draws fit that limits would be narrow for want of draws."""
    systematic, total = draws.systematic[:, column], draws.total[:, column]
    if np.isfinite(total).sum() < ENOUGH:
        return ErrorLimits(*(np.array(np.nan),) * 7, np.array(draws.note or CONTRADICTION))
    return error_limits(np.exp(systematic), np.exp(total))
