"""Ratios of hazards, crude and adjusted, and whether they stay the same over time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sarcoid_epi.estimands import CRUDE_HAZARD_RATIO, HAZARD_RATIO, PROPORTIONALITY
from sarcoid_epi.estimators.association import ALIKE
from sarcoid_epi.estimators.courses import Courses, courses
from sarcoid_epi.estimators.cox import Cox, barred, cox, held, levels_of, one, row_of, stacked
from sarcoid_epi.estimators.declare import Answers, Term, estimator, silent
from sarcoid_epi.measures import term
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.proportional_hazards import NO_INFORMATION
from sarcoid_epi.strata import Strata

#: The term of all variables together.
WHOLE = "whole_model"


@estimator(
    question="prognosis",
    estimand=HAZARD_RATIO,
    references=("cox1972", "efron1977", "lin1989", "heinze2001", "peduzzi1995", "grambsch1994"),
    rests="the model: what it adjusts for, and hazards that stay proportional",
    batches=False,
    families=("cox",),
)
def adjusted_hazards(strata: Strata, model: Model) -> Answers:
    """Ratio of hazards with each exposure, the others and what is adjusted for held.

    Cox's model of the cause-specific hazard (what competes is censoring), Efron's ties, delayed entry, by lifelines; by
    strata where the model has some, and with errors robust to likeness within clusters where it has a cluster (those of
    lifelines take no notice of delayed entry and ties, so they are worked out here, with the factor c / (c - 1)). A
    level that an exposure is compared with has ratio 1 and no limits; n and events are those of the level. Where
    hazards do not stay proportional (p below 0.05 by Grambsch and Therneau) the note says so. Where an effect grows
    without end there is no number, and the others are those of the limit. The ratio of an exposure with a declared
    interaction is that at the reference of its partner, which its note says; one with a spline has no single ratio.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and `follow_up_years`.
    model : Model
        Of family `cox`; one that conditions on what the causal graph forbids is refused: rows without a number that say
        why.

    Returns
    -------
    Answers
        Ratios, shape (groups, levels of the exposures).

    Assumes
    -------
    Hazards are proportional, given what is adjusted for; patients, or clusters, are independent; those who leave, and
    those whom the study meets late, are like those still at risk who are alike in what is adjusted for; whatever else
    bears on both exposure and event is adjusted for.

    References
    ----------
    cox1972, efron1977, lin1989, heinze2001, peduzzi1995, grambsch1994
    """
    return _answered(strata, model, [model], crude=False)


@estimator(
    question="prognosis",
    estimand=CRUDE_HAZARD_RATIO,
    references=("cox1972", "efron1977", "lin1989", "heinze2001", "peduzzi1995", "grambsch1994"),
    rests="hazards that stay proportional",
    batches=False,
    families=("cox",),
)
def unadjusted_hazards(strata: Strata, model: Model) -> Answers:
    """Crude ratio of hazards with each exposure alone.

    As the adjusted ratio, with one exposure at a time, nothing held and no strata, among the same patients: those who
    lack no value that the model needs.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and `follow_up_years`.
    model : Model
        Whose exposures are taken one by one.

    Returns
    -------
    Answers
        Ratios, shape (groups, levels of the exposures).

    Assumes
    -------
    Hazards are proportional; patients, or clusters, are independent. Nothing is held: the ratio describes, and is no
    effect.

    References
    ----------
    cox1972, efron1977, lin1989, heinze2001, peduzzi1995, grambsch1994
    """
    bare = {"adjust": (), "interactions": (), "strata": ()}
    alone = [model.model_copy(update={"exposures": (exposure,), **bare}) for exposure in model.exposures]
    return _answered(strata, model, alone, crude=True)


def _answered(strata: Strata, model: Model, parts: list[Model], *, crude: bool) -> Answers:
    if (answers := barred(strata, model, model.measure, crude=crude)) is not None:
        return answers
    rows = courses(strata, model)
    return stacked([_ratios(strata, rows.of(group), parts) for group in range(rows.groups)])


def _ratios(strata: Strata, own: Courses, parts: list[Model]) -> list[Term]:
    found: list[Term] = []
    for part in parts:
        named = replace(own, model=part)
        made = cox(strata, named, part)
        levels = levels_of(strata, part, named)
        found += [row_of(made, level, part.measure, held(strata, part, level)) for level in levels]
    return found


@estimator(
    question="prognosis",
    estimand=PROPORTIONALITY,
    references=("grambsch1994", "therneau2000"),
    rests="the rest of the model",
    batches=False,
    families=("cox",),
)
def proportionality(strata: Strata, model: Model) -> Answers:
    """p of hazard ratios that stay the same over time, by variable and for the whole model.

    Grambsch and Therneau's score test of the adjusted model, against a change with one minus Kaplan-Meier.

    Parameters
    ----------
    strata : Strata
        With the columns of the model and `follow_up_years`.
    model : Model
        Of family `cox`.

    Returns
    -------
    Answers
        p values, shape (groups, variables + 1); they have no limits.

    Assumes
    -------
    The rest of the model. A large p is no proof: with few events the test sees little; and with many a small p may
    stand for a change that does not matter.

    References
    ----------
    grambsch1994, therneau2000
    """
    names = [term("p_proportional_hazards", name) for name in (*model.explaining, WHOLE)]
    if (answers := barred(strata, model, model.measure)) is not None:
        return silent(names, len(strata.labels), str(answers.note[0, 0]))
    rows = courses(strata, model)
    return stacked([_proportional(cox(strata, rows.of(group), model), model) for group in range(rows.groups)])


def _proportional(made: Cox, model: Model) -> list[Term]:
    n, events = float(len(made.had)), float(made.had.sum())
    of = {name: [at for at in made.used if name in made.columns[at].variables] for name in model.explaining}
    tested = [name for name, columns in of.items() if columns]
    p, note = dict.fromkeys((*of, WHOLE), np.nan), dict.fromkeys((*of, WHOLE), made.lacking or ALIKE)
    if not made.lacking:
        found = made.tested(*(of[name] for name in tested))
        p |= dict(zip(tested, map(float, found.p_value), strict=True)) | {WHOLE: float(found.global_p_value)}
        note |= dict(zip(tested, map(str, found.note), strict=True))
        note[WHOLE] = "" if np.isfinite(p[WHOLE]) else NO_INFORMATION
    return [
        one(made.own, term("p_proportional_hazards", name), (p[name], np.nan, np.nan, np.nan), n, events, note[name])
        for name in p
    ]
