"""What a declared model says of everybody: standardised risks, interaction on both scales, and how well it fits."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.estimands import MARGINAL_RISK
from sarcoid_epi.estimators.association import REFUSED, few_clusters, otherwise, penalty
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.estimators.terms import UNCLUSTERED, Fitting, Level, design_of, fitting
from sarcoid_epi.measures import term
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.firth import firth
from sarcoid_epi.stats.firth_risk import flic
from sarcoid_epi.stats.standardised import Estimated, Standardised, standardised, standardised_known
from sarcoid_epi.strata import Strata

FLIC = "risks by Firth's penalised likelihood with its constant corrected (FLIC)"
NO_PART = "all patients are alike in it"


@estimator(
    question="association",
    estimand=MARGINAL_RISK,
    references=("robinscausal1986", "greenland1991", "puhr2017"),
    rests="the model, and that exposed and unexposed are comparable given it",
    families=("logistic", "firth"),
)
def standardised_risks(strata: Strata, model: Model) -> Answers:
    """Risk were everybody exposed, and were nobody, standardised over the patients.

    For each level of an exposure against its reference: r_k, the mean over all patients of the risk that the logistic
    model gives them with the exposure set to k and all else as it is; the difference and the ratio of the two. Errors
    hold both the coefficients' and that the patients are a sample; with a `cluster` they are robust to likeness within
    it. With `weights` both the regression and the patients it is averaged over are weighted. Where the model is fitted
    with Firth's penalty its constant is corrected so that the mean risk is the share seen (FLIC), the covariates are
    taken as known, and likeness within clusters is left out of account, which the note says.

    Parameters
    ----------
    strata : Strata
        With the columns of the model.
    model : Model
        Of family `logistic` or `firth`; its exposures that are numbers have no such risks.

    Returns
    -------
    Answers
        Shares and ratios, shape (groups, terms).

    Assumes
    -------
    As the adjusted ratio; and every kind of patient could be exposed or not. These are marginal: an odds ratio made of
    them is nearer to 1 than the adjusted one, and neither is wrong.

    References
    ----------
    robinscausal1986, greenland1991, puhr2017
    """
    own = fitting(strata, model)
    compared = [level for level in own.levels if not level.reference and level.name != level.variable]
    names = [term(measure, level.name) for level in compared for measure in _MEASURES]
    if model.faults:
        return silent(names, len(strata.labels), REFUSED.format("; ".join(model.faults)))
    terms: list[Term] = []
    for level in compared:
        found = _standardised(strata, model, own, level)
        terms += _rows(own, level, found)
    return answers_of(*terms) if terms else silent([], len(strata.labels), "")


#: What is told of each level: the share with it, the share without, and the two compared.
_MEASURES = ("risk", "reference_risk", "risk_difference", "risk_ratio")


def _rows(own: Fitting, level: Level, found: Standardised) -> list[Term]:
    note = np.where(level.n == 0, NOBODY, found.note)
    parts = (found.exposed, found.unexposed, found.difference, found.ratio)
    counts = own.n.sum(axis=-1), own.events.sum(axis=-1)
    return [
        Term(term(name, level.name), part.estimate, part.low, part.high, _error(name, part), *counts, own.told(note))
        for name, part in zip(_MEASURES, parts, strict=True)
    ]


def _error(name: str, part: Estimated) -> Floats:
    """Errors of ratios on their own scale."""
    return part.estimate * part.std_error if name == "risk_ratio" else part.std_error


def _standardised(strata: Strata, model: Model, own: Fitting, level: Level) -> Standardised:
    """Every group; columns in which a group's patients are alike are left out there."""
    one, zero = (_set(strata, model, own, level, to) for to in (level.name, _reference(own, level)))
    groups = len(own.n)
    blank = np.full(groups, np.nan)
    fields = {name: Estimated(*(blank.copy() for _ in range(4))) for name in Standardised._fields[:-1]}
    note = np.full(groups, NO_PART, dtype=object)
    at = own.names.index(level.name)
    for used in np.unique(own.varying, axis=0):
        which = np.flatnonzero((own.varying == used).all(axis=-1))
        if not used[at]:
            continue
        rows, first, other = (_some(design, which)[..., used] for design in (own.design, one, zero))
        beside = own.weighing(which), own.clusters(which)
        part = _by_rule(rows, first, other, own.events[which], own.n[which], *beside, model)
        for name, field in fields.items():
            for kept, new in zip(field, getattr(part, name), strict=True):
                kept[which] = new
        note[which] = own.named(part.note, used)
    return Standardised(**fields, note=note)


def _by_rule(
    rows: Floats,
    one: Floats,
    zero: Floats,
    events: Floats,
    n: Floats,
    weights: Floats | None,
    cluster: Floats | None,
    model: Model,
) -> Standardised:
    """By maximum likelihood, or for all groups of a batch that call for it, by Firth with its constant corrected.

    With weights always the first. Firth's knows nothing of clusters, and says so.
    """
    found = standardised(rows, events, n, one, zero, cluster=cluster, weights=weights)
    told = found._replace(note=otherwise(found.note, few_clusters(n, cluster)))
    if weights is not None:
        return told
    why = (
        np.full(len(n), FLIC)
        if model.family == "firth"
        else np.where(penalty(rows, events, n, found.note) == "", "", FLIC)
    )
    asked = np.flatnonzero(why != "")
    if not asked.size:
        return told
    rows, one, zero = (_some(design, asked) for design in (rows, one, zero))
    corrected = flic(rows, events[asked], n[asked])
    covariance = firth(rows, events[asked], n[asked]).covariance
    known = standardised_known(n[asked], one, zero, corrected.estimate, covariance)
    merged = {}
    for name in Standardised._fields[:-1]:
        merged[name] = Estimated(
            *(_placed(old, asked, new) for old, new in zip(getattr(found, name), getattr(known, name), strict=True))
        )
    note = np.asarray(told.note, dtype=object)
    note[asked] = np.where(known.note == "", FLIC if cluster is None else f"{FLIC}; {UNCLUSTERED}", known.note)
    return Standardised(**merged, note=note)


def _placed(old: Floats, at: np.ndarray, new: Floats) -> Floats:
    whole = np.array(old)
    whole[at] = new
    return whole


def _some(design: Floats, groups: np.ndarray) -> Floats:
    return design if design.ndim == 2 else design[groups]


def _reference(own: Fitting, level: Level) -> str:
    return next(other.name for other in own.levels if other.variable == level.variable and other.reference)


def _set(strata: Strata, model: Model, own: Fitting, level: Level, to: str) -> Floats:
    """The design with an exposure set to one level in everybody."""
    code = strata.levels(level.variable).index(to.partition("=")[2])
    values = {**own.values, level.variable: np.full(own.values[level.variable].shape, float(code))}
    return design_of(strata, model, values, own.n)[1]
