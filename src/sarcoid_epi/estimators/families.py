"""Declared models of other families: a yes or no within clusters, an ordered outcome, an outcome of several kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sarcoid_epi.estimands import CONDITIONAL_RATIO, CRUDE_RATIO
from sarcoid_epi.estimators.association import ALIKE, REFERENCE, REFUSED
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.engines import (
    INDEPENDENT,
    NOBODY_OF,
    Coefficients,
    Patients,
    clustered_fit,
    missing,
    multinomial_fit,
    ordered_fit,
    tallied,
)
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.estimators.terms import Fitting, Level, fitting, reference_of
from sarcoid_epi.measures import ON, term
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.brant import brant
from sarcoid_epi.strata import Strata

CURVE = "it has a spline: a curve, with no one ratio for each unit"
AT_REFERENCES = "with {} at the reference, or at 0"

#: The families of this module.
OTHER_FAMILIES = ("gee", "proportional_odds", "multinomial")


@estimator(
    question="association",
    estimand=CONDITIONAL_RATIO,
    references=("liang1986", "mancl2001"),
    rests="the model, and how many clusters there are",
    batches=False,
    families=("gee",),
)
def clustered(strata: Strata, model: Model) -> Answers:
    """Odds ratio with each exposure, the others held, patients of a cluster being alike.

    Generalised estimating equations of statsmodels, with a logit link and one working correlation for all pairs of
    patients in a cluster; errors are right whatever the correlation is, corrected for few clusters by Mancl and
    DeRouen, and limits are those of t with as many degrees of freedom as clusters less one. The working correlation is
    a row; where none is found that leaves every cluster a proper matrix it is 0, and the note says so. Where what
    explains the outcome foretells it there is no number.

    Parameters
    ----------
    strata : Strata
        With the columns of the model.
    model : Model
        Of family `gee`, with its `cluster`; one that conditions on what the causal graph forbids is refused: rows
        without a number that say why.

    Returns
    -------
    Answers
        Ratios, shape (groups, levels of the exposures + 1); last the working correlation, without limits.

    Assumes
    -------
    Clusters are independent, and as many, and as alike in size, as their spread can be seen in; the log odds are a sum
    over what explains them; those who lack a value are like those who do not; whatever else bears on both exposure and
    outcome is adjusted for. The ratio is of patients of all clusters, not of one; it is nearer to 1 than one within a
    cluster where clusters differ much.

    References
    ----------
    liang1986, mancl2001
    """
    own = fitting(strata, model)
    if model.faults:
        return _refused(strata, own, model)
    fits = [_clustered(own, model, group) for group in range(len(own.n))]
    rows = _rows(strata, own, model, [[coefficients] for coefficients, _ in fits])
    correlation = np.array([found for _, found in fits])
    told = [(_first(coefficients), found) for coefficients, found in fits]
    why = [said if np.isnan(found) else INDEPENDENT if INDEPENDENT in said else "" for said, found in told]
    name, n = term("working_correlation", model.cluster), own.n.sum(axis=-1)
    return answers_of(
        *rows, Term(name, correlation, np.nan, np.nan, np.nan, n, own.events.sum(-1), own.told(np.array(why)))
    )


@estimator(
    question="association",
    estimand=CONDITIONAL_RATIO,
    references=("mccullagh1980", "brant1990"),
    rests="the model, and one odds ratio for all cuts",
    batches=False,
    families=("proportional_odds",),
)
def proportional_odds_ratios(strata: Strata, model: Model) -> Answers:
    """Odds ratio of lying in a higher level of the outcome with each exposure, the others held.

    Proportional odds: one ratio for all cuts of an outcome whose levels are in order, by maximum likelihood. Levels
    that nobody has are left out, which changes nothing. Where what explains the outcome foretells it there is no
    number. Brant's test of one odds ratio for all cuts is a row for each exposure, and one for the whole model under
    the name of the outcome.

    Parameters
    ----------
    strata : Strata
        With the columns of the model; the levels of the outcome rise in their order.
    model : Model
        Of family `proportional_odds`; one that conditions on what the causal graph forbids is refused: rows without a
        number that say why.

    Returns
    -------
    Answers
        Ratios and p values, shape (groups, levels of the exposures + exposures + 1); p values have no limits.

    Assumes
    -------
    Patients are independent; one odds ratio holds at every cut, which Brant's test looks at (where it speaks against,
    the number is a mean of different ones); those who lack a value are like those who do not; whatever else bears on
    both exposure and outcome is adjusted for.

    References
    ----------
    mccullagh1980, brant1990
    """
    own = fitting(strata, model)
    if model.faults:
        return _refused(strata, own, model)
    rows = _rows(strata, own, model, _fits(strata, own, model))
    levels = len(strata.levels(model.outcome))
    tests = [_tested(own, model, group, levels) for group in range(len(own.n))]
    for place, name in enumerate((*model.exposures, model.outcome)):
        p = np.array([found[place][0] for found in tests])
        note = np.array([found[place][1] for found in tests], dtype=object)
        everybody = own.n.sum(axis=-1)
        rows.append(Term(term("p_proportional", name), p, np.nan, np.nan, np.nan, everybody, np.nan, own.told(note)))
    return answers_of(*rows)


@estimator(
    question="association",
    estimand=CONDITIONAL_RATIO,
    references=("mcfadden1974", "begg1984", "firth1993", "heinze2002", "peduzzi1996"),
    rests="the model: what it adjusts for, and its form",
    batches=False,
    families=("multinomial",),
)
def multinomial_ratios(strata: Strata, model: Model) -> Answers:
    """Odds ratio of each level of the outcome against its reference with each exposure, the others held.

    Multinomial logistic regression by maximum likelihood (statsmodels). A level of the outcome with fewer than 10
    patients for each coefficient (or a reference with so few), or one that what explains the outcome foretells in some,
    is compared with the reference level alone, by Firth's penalised likelihood with profile limits; the others stay
    together. The reference of the outcome is the first of its levels, or the declared one. n are the patients of the
    level of the exposure, events those of them with the level of the outcome.

    Parameters
    ----------
    strata : Strata
        With the columns of the model.
    model : Model
        Of family `multinomial`; one that conditions on what the causal graph forbids is refused: rows without a number
        that say why.

    Returns
    -------
    Answers
        Ratios, shape (groups, levels of the exposures times levels of the outcome but the reference).

    Assumes
    -------
    Patients are independent; the log odds of each level against the reference are a sum over what explains them; those
    who lack a value are like those who do not; whatever else bears on both exposure and outcome is adjusted for.

    References
    ----------
    mcfadden1974, begg1984, firth1993, heinze2002, peduzzi1996
    """
    own = fitting(strata, model)
    if model.faults:
        return _refused(strata, own, model)
    return answers_of(*_rows(strata, own, model, _fits(strata, own, model)))


@estimator(
    question="association",
    estimand=CRUDE_RATIO,
    references=(
        "liang1986", "mancl2001", "mccullagh1980", "mcfadden1974", "begg1984", "firth1993", "heinze2002", "peduzzi1996",
    ),
    rests="the counts",
    batches=False,
    families=OTHER_FAMILIES,
)  # fmt: skip
def unadjusted_ratios(strata: Strata, model: Model) -> Answers:
    """Crude odds ratio with each exposure alone, within clusters, over ordered levels or of each kind.

    As the adjusted ratio of the model's family, with one exposure at a time and nothing held, among the same patients:
    those who lack no value that the model needs.

    Parameters
    ----------
    strata : Strata
        With the columns of the model.
    model : Model
        Of family `gee`, `proportional_odds` or `multinomial`, whose exposures are taken one by one.

    Returns
    -------
    Answers
        Ratios, shape (groups, levels of the exposures, for `multinomial` times those of the outcome but the reference).

    Assumes
    -------
    Patients, or clusters, are independent. Nothing is held: the ratio describes, and is no effect.

    References
    ----------
    liang1986, mancl2001, mccullagh1980, mcfadden1974, begg1984, firth1993, heinze2002, peduzzi1996
    """
    rows: list[Term] = []
    for one in model.exposures:
        alone = model.model_copy(update={"exposures": (one,), "adjust": (), "interactions": ()})
        own = fitting(strata, alone, among=model)
        rows += _rows(strata, own, alone, _fits(strata, own, alone))
    return answers_of(*rows)


def _fits(strata: Strata, own: Fitting, model: Model) -> list[list[Coefficients]]:
    """Of each group the coefficients, for `multinomial` of each level of the outcome but the reference."""
    groups = range(len(own.n))
    if model.family == "gee":
        return [[_clustered(own, model, group)[0]] for group in groups]
    if model.family == "proportional_odds":
        levels = len(strata.levels(model.outcome))
        return [[_placed(ordered_fit(_patients(own, model, g), levels), own.varying[g])] for g in groups]
    compared, reference = _outcomes(strata, model)
    found = []
    for group in groups:
        used = own.varying[group]
        wanted = np.flatnonzero(np.isin(np.flatnonzero(used), own.exposed(model)))
        fits = multinomial_fit(_patients(own, model, group), compared, reference, wanted)
        found.append([_placed(fit, used) for fit in fits])
    return found


def _clustered(own: Fitting, model: Model, group: int) -> tuple[Coefficients, float]:
    found, correlation = clustered_fit(_patients(own, model, group))
    return _placed(found, own.varying[group]), correlation


def _patients(own: Fitting, model: Model, group: int) -> Patients:
    """The patterns that patients of a group have, in the columns in which they differ."""
    there = own.n[group] > 0
    design = own.design if own.design.ndim == 2 else own.design[group]

    def values(name: str) -> Any:
        found = own.values[name]
        return (found if found.ndim == 1 else found[group])[there]

    code = values(model.outcome).astype(np.int64)
    cluster = np.unique(values(model.cluster), return_inverse=True)[1] if model.cluster else None
    return Patients(design[there][:, own.varying[group]], code, own.n[group][there], cluster)


def _placed(found: Coefficients, used: Any) -> Coefficients:
    """Coefficients of all columns, from those of the columns in which a group's patients differ."""
    whole = missing(used.size, ALIKE)
    for kept, some in zip(whole, found, strict=True):
        kept[used] = some
    return whole


def _outcomes(strata: Strata, model: Model) -> tuple[list[int], int]:
    """The levels of the outcome that are compared, and the one that they are compared with, as codes."""
    levels = strata.levels(model.outcome)
    reference = levels.index(reference_of(strata, model, model.outcome))
    return [code for code in range(len(levels)) if code != reference], reference


def _rows(strata: Strata, own: Fitting, model: Model, fits: Sequence[Sequence[Coefficients]]) -> list[Term]:
    """The rows of every level of every exposure, for `multinomial` of every level of the outcome too."""
    if model.family != "multinomial":
        single = [coefficients for (coefficients,) in fits]
        return [_row(own, model, single, level, level.name, level.events) for level in own.levels]
    compared, _ = _outcomes(strata, model)
    names = strata.levels(model.outcome)
    rows = []
    for place, code in enumerate(compared):
        single = [found[place] for found in fits]
        for level in own.levels:
            of = f"{level.name}{ON}{model.outcome}={names[code]}"
            has = own.n * _has(strata, own, level) * (own.values[model.outcome] == code)
            rows.append(_row(own, model, single, level, of, has.sum(axis=-1)))
    return rows


def _has(strata: Strata, own: Fitting, level: Level) -> Floats:
    """Which patterns have a level of an exposure; all of them have a number."""
    values = own.values[level.variable]
    if level.name == level.variable:
        return np.ones(values.shape)
    code = strata.levels(level.variable).index(level.name.partition("=")[2])
    return np.asarray(values == code, dtype=np.float64)


def _row(own: Fitting, model: Model, fits: Sequence[Coefficients], level: Level, of: str, events: Floats) -> Term:
    """The row of a level in all groups: its ratio, or 1 where it is the reference."""
    name, nobody = term(model.measure, of), level.n == 0
    if level.reference:
        lost = np.array([_first(found) in (NOBODY, NOBODY_OF) for found in fits])
        note = np.where(nobody, NOBODY, np.where(lost, NOBODY_OF, REFERENCE))
        return Term(name, np.where(lost, np.nan, 1.0), np.nan, np.nan, np.nan, level.n, events, note)
    at, held = own.names.index(level.name), _held(model, level)
    parts = (np.array([found[part][at] for found in fits]) for part in range(4))
    estimate, low, high, error = parts
    ratio = np.full_like(estimate, np.nan) if held == CURVE else np.exp(estimate)
    said = ["; ".join(filter(None, (held, str(found.note[at])))) for found in fits]
    note = own.told(np.where(nobody, NOBODY, np.array(said, dtype=object)))
    return Term(name, ratio, np.exp(low), np.exp(high), ratio * error, level.n, events, note)


def _held(model: Model, level: Level) -> str:
    """What a ratio must not be read without: that it is of a curve, or holds at the references of partners alone."""
    if level.variable in model.splines:
        return CURVE
    pairs = [pair for pair in model.interactions if level.variable in pair]
    partners = sorted({name for pair in pairs for name in pair} - {level.variable})
    return AT_REFERENCES.format(" and ".join(partners)) if partners else ""


def _first(found: Coefficients) -> str:
    """What is said of the constant, and so of the fit as a whole."""
    return str(found.note[0])


def _tested(own: Fitting, model: Model, group: int, levels: int) -> list[tuple[float, str]]:
    """Brant's test of each exposure, and of all columns: p and note."""
    patients = _patients(own, model, group)
    if not patients.n.size:
        return [(np.nan, NOBODY)] * (len(model.exposures) + 1)
    counts = tallied(patients, levels)
    used = np.flatnonzero(own.varying[group])
    asked = [own.places(exposure) for exposure in model.exposures] + [list(range(1, len(own.columns)))]
    answers = []
    for columns in asked:
        places = np.flatnonzero(np.isin(used, columns))
        test = brant(patients.rows, counts, places) if places.size else None
        answers.append((test.p_value, test.note) if test else (np.nan, ALIKE))
    return answers


def _refused(strata: Strata, own: Fitting, model: Model) -> Answers:
    names = [term(model.measure, level.name) for level in own.levels]
    return silent(names, len(strata.labels), REFUSED.format("; ".join(model.faults)))
