"""Effects on hazards that change with time, and what they come to in everybody's course."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.estimands import CHANGING_HAZARD_RATIO, STANDARDISED_SURVIVAL
from sarcoid_epi.estimators.association import REFERENCE
from sarcoid_epi.estimators.courses import NOBODY, Courses, courses
from sarcoid_epi.estimators.cox import CURVE, Cox, Fit, barred, cox, fitted, held, levels_of, one, stacked
from sarcoid_epi.estimators.declare import Answers, Floats, Term, estimator
from sarcoid_epi.estimators.prognosis import NOT_STARTED, YEARS
from sarcoid_epi.estimators.terms import design_of, is_number
from sarcoid_epi.measures import term
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.follow_up import Episodes, split_follow_up
from sarcoid_epi.stats.standardised_survival import standardised_survival
from sarcoid_epi.strata import Strata

NO_SPLIT = "the model declares no year to split at"
STRATIFIED = "strata have baseline hazards of their own, and no curve for all"
NO_LEVELS = "a number has no levels that all could have"
INDEPENDENT = "the errors take patients of one cluster for independent"
NOT_FOLLOWED = "nobody is followed so long"

BLANK = (np.nan,) * 4


@estimator(
    question="prognosis",
    estimand=CHANGING_HAZARD_RATIO,
    references=("cox1972", "efron1977", "plummer2011", "lin1989"),
    rests="the model: what it adjusts for, and hazards that stay proportional between the years it is split at",
    batches=False,
    families=("cox",),
)
def changing_hazards(strata: Strata, model: Model) -> Answers:
    """Ratio of hazards with each exposure in each stretch of time.

    The adjusted model with follow-up split at the declared years, and effects of the exposures of their own in each
    stretch; what is adjusted for keeps one effect. The time of a row is the year from which it holds. A change is the
    ratio of a later hazard ratio to that of the first stretch.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and `follow_up_years`.
    model : Model
        Of family `cox`, with `split`.

    Returns
    -------
    Answers
        Ratios, shape (groups, levels x stretches + changes); n and events are those of level and stretch.

    Assumes
    -------
    As for the adjusted ratio, with hazards proportional within each stretch. The years were declared before looking at
    the data. Those still at risk later are those whom the event spared: a ratio that falls towards 1 may only say that
    the frail have had it.

    References
    ----------
    cox1972, efron1977, plummer2011, lin1989
    """
    if (answers := barred(strata, model, model.measure)) is not None:
        return answers
    rows = courses(strata, model)
    return stacked([_changing(strata, rows.of(group), model) for group in range(rows.groups)])


def _changing(strata: Strata, own: Courses, model: Model) -> list[Term]:
    made = cox(strata, own, model)
    levels = levels_of(strata, model, own)
    if not model.split:
        return [
            one(own, term(model.measure, level.name), BLANK, float(level.has.sum()), np.nan, NO_SPLIT)
            for level in levels
        ]
    pieces = split_follow_up(own.exit, made.had, model.split, own.entry)
    starts = (model.start, *model.split)
    fit, place = _fit(made, pieces, len(starts))
    terms: list[Term] = []
    for level in levels:
        caveat = held(strata, model, level)
        for stretch, start in enumerate(starts):
            here = level.has[pieces.patient] & (pieces.interval == stretch)
            n, events = float(here.sum()), float(pieces.event[here].sum())
            name = term(model.measure, level.name)
            if level.reference or n == 0:
                note = NOBODY if n == 0 else REFERENCE
                value = (1.0 if level.reference and n else np.nan, np.nan, np.nan, np.nan)
                terms.append(one(own, name, value, n, events, note, start))
            else:
                weights = np.zeros(len(fit.estimate))
                weights[place[level.name, stretch]] = 1.0
                terms.append(_ratio(own, fit, name, weights, n, events, start, caveat))
            if level.reference or stretch == 0:
                continue
            weights = np.zeros(len(fit.estimate))
            weights[place[level.name, stretch]], weights[place[level.name, 0]] = 1.0, -1.0
            change = term("hazard_ratio_change", level.name)
            terms.append(_ratio(own, fit, change, weights, n, events, start, caveat if caveat == CURVE else ""))
    return terms


def _fit(made: Cox, pieces: Episodes, stretches: int) -> tuple[Fit, dict[tuple[str, int], int]]:
    """The model with columns of the exposures for each stretch, and which column is whose."""
    of = pieces.patient
    exposures = made.own.model.exposures
    columns: list[Floats] = []
    place: dict[tuple[str, int], int] = {}
    for at, column in enumerate(made.columns):
        values = made.design[of, at]
        if len(column.variables) > 1 or column.variables[0] not in exposures:
            columns.append(values)
            continue
        for stretch in range(stretches):
            place[column.name, stretch] = len(columns)
            columns.append(values * (pieces.interval == stretch))
    design = np.stack(columns, axis=-1)
    stratum = None if made.stratum is None else made.stratum[of]
    cluster = None if made.cluster is None else made.cluster[of]
    return fitted(design, pieces.exit, pieces.event, pieces.entry, stratum, cluster), place


def _ratio(
    own: Courses, fit: Fit, name: str, weights: Floats, n: float, events: float, start: float, caveat: str
) -> Term:
    """A ratio of hazards, or a ratio of two, or why there is none; the caveat is what `held` says."""
    why = next((str(fit.note[at]) for at in np.flatnonzero(weights) if fit.note[at]), "")
    why = why or (caveat if caveat == CURVE else "")
    note = why or "; ".join(filter(None, (caveat, fit.few)))
    return one(own, name, BLANK if why else fit.ratio(weights), n, events, note, start)


@estimator(
    question="prognosis",
    estimand=STANDARDISED_SURVIVAL,
    references=("makuch1982", "tsiatis1981", "therneau2000"),
    rests="the model: what it adjusts for, and hazards that stay proportional",
    batches=False,
    families=("cox",),
)
def standardised_curves(strata: Strata, model: Model) -> Answers:
    """Share still free of the event were everybody alike in the first exposure, and otherwise as they are.

    The adjusted Cox model's curve of each patient, with the exposure set to each level in turn, averaged over all
    patients of the fit; and the difference from the reference level's. What competes is taken for censoring.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and `follow_up_years`.
    model : Model
        Of family `cox`, without strata; its first exposure has levels.

    Returns
    -------
    Answers
        Shares and differences of shares by time, shape (groups, (levels + differences) x times); n and events those of
        the fit.

    Assumes
    -------
    As for the adjusted ratio. The patients averaged over are taken as they are; with a cluster the errors do not know
    of it. As an effect: nothing bears on both exposure and event but what is adjusted for.

    References
    ----------
    makuch1982, tsiatis1981, therneau2000
    """
    if (answers := barred(strata, model, "standardised_survival")) is not None:
        return answers
    rows = courses(strata, model)
    numeric = is_number(strata, model.exposures[0])
    return stacked([_standardised(strata, rows.of(group), model, numeric) for group in range(rows.groups)])


def _standardised(strata: Strata, own: Courses, model: Model, numeric: bool) -> list[Term]:
    made = cox(strata, own, model)
    n, events = float(len(made.had)), float(made.had.sum())
    why = NO_LEVELS if numeric else STRATIFIED if model.strata else made.lacking
    curves = None if why else _curves(strata, made, model)
    cautions = [made.fit.few, INDEPENDENT if model.cluster else "", "" if why else made.changing(model.exposures[0])]
    caution = "; ".join(filter(None, cautions))
    terms = []
    for at, arm in enumerate(own.arms):
        absent = not (own.arm == at).any()
        for place, year in enumerate(YEARS):
            late = NOT_STARTED if year <= model.start else ""
            for measure in ("standardised_survival", "survival_difference")[: 1 if at == 0 else 2]:
                numbers = BLANK if curves is None or late or absent else curves[measure][at][place]
                unknown = why or late or (NOBODY if absent else NOT_FOLLOWED)
                note = unknown if np.isnan(numbers[0]) else caution
                terms.append(one(own, term(measure, arm), numbers, n, events, note, year))
    return terms


def _curves(strata: Strata, made: Cox, model: Model) -> dict[str, list[list[tuple[float, ...]]]]:
    """By measure, level and year: estimate, limits, standard error."""
    own, exposure = made.own, model.exposures[0]
    levels = strata.levels(exposure)
    scenarios = []
    for arm in own.arms:
        same = np.full(len(made.had), float(levels.index(arm.partition("=")[2])))
        _, design = design_of(strata, model, {**own.values, exposure: same}, np.ones((1, len(made.had))))
        scenarios.append(design[:, 1:][:, made.used])
    found = standardised_survival(
        made.design[:, made.used], own.exit, made.had, made.fit.estimate[made.used], scenarios, YEARS, own.entry
    )
    curve = found.survival, found.low, found.high, found.std_error
    apart = found.difference, found.difference_low, found.difference_high, found.difference_std_error
    return {
        measure: [
            [tuple(float(part[arm, year]) for part in parts) for year in range(len(YEARS))]
            for arm in range(len(own.arms))
        ]
        for measure, parts in (("standardised_survival", curve), ("survival_difference", apart))
    }
