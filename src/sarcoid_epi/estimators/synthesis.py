"""What several series say together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sarcoid_epi.estimands import LOOKING, RECORDED_PREVALENCE, TRUE_PREVALENCE
from sarcoid_epi.estimators.believing import drawn
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.joint import ENOUGH, LOOKED, MET, Joint, Series, joint, recorded_share
from sarcoid_epi.estimators.moved import LEARNED, PRIOR
from sarcoid_epi.scenario import Prior
from sarcoid_epi.stats.importance import sobol
from sarcoid_epi.stats.meta import binomial_normal, t_limits
from sarcoid_epi.stats.modality import modality_model
from sarcoid_epi.strata import Counts, Strata

#: Levels of the variable `tally` of published series: patients by record, and patients on record by symptoms.
TALLY = ("not_on_record", "on_record", "silent", "symptomatic")

#: Fewer series than this leave the spread between them nearly unknown.
FEW = 10

#: A spread of log odds below this is none.
NOTHING = 1e-6
UNREAD = "no series that tells of it is read: this is the prior"
NO_SPREAD = "no spread between true shares is the likeliest, but these series do not rule one out"


@estimator(
    question="synthesis",
    estimand=RECORDED_PREVALENCE,
    needs=("study", "osseous_recorded"),
    references=("hamza2008", "stijnen2010", "higgins2009"),
    takes="series",
)
def pooled_prevalence(strata: Strata) -> Answers:
    """Prevalence of osseous sarcoidosis on record, pooled over series.

    The binomial-normal model: x_k of n_k patients of series k are on record, x_k ~ Bin(n_k, p_k), and
    logit p_k ~ N(mu, tau^2). No continuity correction. Terms: `osseous_recorded`, the share of a typical series,
    expit(mu), with limits expit(mu -+ t se) on K - 1 degrees of freedom for K series (normal limits are too narrow for
    few series); `prediction`, the share that a further series of the same kind may show, on K - 2 degrees of freedom;
    `tau`, the standard deviation between series on the logit scale.

    Parameters
    ----------
    strata : Strata
        With the category `study` and the flag `osseous_recorded`.

    Returns
    -------
    Answers
        Shape (groups, 3).

    Assumes
    -------
    The series are independent, share no patients, and differ among each other like draws from one distribution of
    ways to look and of patients. Where they differ in how they looked, the pooled share is an average over ways to
    look, not the prevalence of anything. With few series limits are rough: in simulations with four series of the sizes
    published here they covered 0.90 to 0.92 instead of 0.95, with three 0.91 to 0.99.

    References
    ----------
    hamza2008, stijnen2010, higgins2009
    """
    counts = strata.table("study", "osseous_recorded")
    events, n = counts[..., 1], counts.sum(axis=-1)
    pooled = binomial_normal(events, n)
    # One series has no degree of freedom left: its own limits stand.
    several, limits = pooled.studies > 1, t_limits(pooled)
    low, high = (np.where(several, t, z) for t, z in zip(limits, (pooled.low, pooled.high), strict=True))
    blank = np.full(pooled.share.shape, np.nan)
    # se(expit(mu)) by the delta method; the limits are those of the logit scale.
    std_error = pooled.share * (1 - pooled.share) * pooled.se_mu
    few = np.char.add(np.asarray(pooled.studies).astype(str), " series: limits are rough")
    note = np.where((pooled.note == "") & (pooled.studies < FEW), few, pooled.note)

    def beside(*columns: np.ndarray) -> np.ndarray:
        return np.stack([np.asarray(column) for column in columns], axis=-1)

    total, hits = n.sum(axis=-1).astype(float), events.sum(axis=-1).astype(float)
    return Answers(
        ("osseous_recorded", "prediction", "tau"),
        beside(pooled.share, pooled.share, pooled.tau),
        beside(low, pooled.prediction_low, blank),
        beside(high, pooled.prediction_high, blank),
        beside(std_error, blank, blank),
        beside(total, blank, blank),
        beside(hits, blank, blank),
        beside(note, note, note),
    )


@estimator(
    question="joint",
    estimand=LOOKING,
    needs=("study", "looked", "tally"),
    believes=("routine", "symptoms", "film", "mri", "pet"),
    references=("stijnen2010", "pinheiro1995", "louis1982"),
    takes="series",
    rests="the believed sensitivity and specificity of each way to look",
    batches=False,
)
def modality_prevalence(strata: Strata, prior: Prior) -> Answers:
    """How much of the spread between published series is the looking, and how much the patients.

    logit pi_k ~ N(mu, tau^2) and x_k ~ Bin(n_k, pi_k Se_m + (1 - pi_k)(1 - Sp_m)), m the way to look; sensitivity and
    specificity have beta beliefs with the mean and spread of the prior; n counts patients of series of osseous disease,
    and series of symptoms are not read. Terms: `osseous`, the typical true share;
    `looking`, the part of the variance of the logit apparent shares that comes from the ways to look, the rest coming
    from the patients; `tau`, the spread between true shares, and `tau_apparent`, between recorded shares by a model
    that knows of no looking; `sensitivity_...` by way of looking, and `learned_...`, how much of its prior spread the
    series took away.

    Parameters
    ----------
    strata : Strata
        With the categories `study`, `looked` and `tally`.
    prior : Prior
        Of looking.

    Returns
    -------
    Answers
        Shape (groups, 4 + twice the ways to look).

    Assumes
    -------
    True shares have nothing to do with how one looks: that the ill are sent to PET is read as looking.

    References
    ----------
    stijnen2010, pinheiro1995, louis1982
    """
    counts = strata.table("study", "looked", "tally").astype(float)
    events, n = counts[..., 1].sum(axis=2), counts[..., :2].sum(axis=(2, 3))
    used = n.any(axis=0)
    ways = counts[..., :2].sum(axis=(0, 3))[used].argmax(axis=1)
    present, looked = np.unique(ways, return_inverse=True)
    names = [LOOKED[way] for way in present]
    if not used.any():
        return silent(("osseous", "looking", "tau", "tau_apparent"), len(events), "no series")
    (se, se_n), (sp, sp_n) = (_believed(prior, names, share) for share in ("sensitivity", "specificity"))
    fit = modality_model(events[:, used], n[:, used], looked, se, se_n, sp, sp_n)
    total, seen = n.sum(axis=1), events.sum(axis=1)
    beside = total, seen, fit.note
    # The maximum ends a rounding error above 0 where the likelihood falls from there on.
    tau = np.where(fit.true.tau < NOTHING, 0.0, fit.true.tau)
    none = np.where((tau == 0) & (fit.note == ""), NO_SPREAD, fit.note)
    of_ways = [
        Term(f"sensitivity_{name}", fit.sensitivity[..., at], np.nan, np.nan, fit.sensitivity_sd[..., at], *beside)
        for at, name in enumerate(names)
    ] + [
        Term(f"learned_{name}", fit.sensitivity_learnt[..., at], np.nan, np.nan, np.nan, *beside)
        for at, name in enumerate(names)
    ]
    return answers_of(
        Term("osseous", fit.share, fit.low, fit.high, np.nan, *beside),
        Term("looking", fit.looking, fit.looking_low, fit.looking_high, np.nan, *beside),
        Term("tau", tau, np.nan, np.nan, np.nan, total, seen, none),
        Term("tau_apparent", fit.plain.tau, np.nan, np.nan, np.nan, total, seen, fit.plain.note),
        *of_ways,
    )


def _believed(prior: Prior, names: list[str], share: str) -> tuple[Floats, Floats]:
    """Value and weight of the beta distributions with the mean and variance of the prior, for each way to look."""
    parameters = prior.parameters()
    places = sobol(2**10, len(parameters))
    draws = drawn(parameters, places)
    columns = {f"{name}.{share}": draws[f"{name}.{share}"] for name in LOOKED[1:]}
    columns["records.specificity"], columns["records.sensitivity"] = draws["routine.specificity"], recorded_share(draws)
    chosen = np.stack([columns[f"{name}.{share}"] for name in names])
    mean, variance = chosen.mean(axis=1), chosen.var(axis=1)
    with np.errstate(divide="ignore"):
        return mean, np.where(variance > 0, mean * (1 - mean) / variance - 1, np.inf)


@estimator(
    question="joint",
    estimand=TRUE_PREVALENCE,
    needs=("study", "met", "looked", "tally"),
    believes=("patients", "symptoms", "routine", "film", "mri", "pet"),
    references=("hamza2008", "kong1994", "cornuet2012", "sobol1967"),
    takes="series",
    rests="the series, and the prior for all that they leave open",
    batches=False,
)
def joint_synthesis(strata: Strata, prior: Prior) -> Answers:
    """Osseous sarcoidosis behind all published series at once, each read with its way of looking.

    One true share, one symptomatic share and the sensitivity and specificity of each way to look stand behind all
    counts (`estimators.joint`). Terms: `osseous`, the true share among referred patients some years into the disease;
    `underdiagnosis`, the share of these that routine care leaves off the record; `symptomatic`; the odds ratios of
    other patients; `tau`, the spread between series; and every chance of the prior. Estimates are posterior medians
    with the 2.5 and 97.5 % points; n counts patients of series of osseous disease. For each there are two further
    terms: `prior_...`, median and 2.5 and 97.5 % points of the prior, and `learned_...`, the contraction
    1 - posterior variance / prior variance, near 0 where the series leave the spread as it was.

    Parameters
    ----------
    strata : Strata
        With the categories `study`, `met`, `looked` and `tally`.
    prior : Prior
        What is believed before; its ranges decide whatever the series leave open.

    Returns
    -------
    Answers
        Shape (groups, three times the number of quantities).

    Assumes
    -------
    Series share no patients; those met in the same way differ like draws from one distribution; a way of looking has
    the same sensitivity everywhere; symptoms on record are those of true cases. What the series leave open is as
    the prior has it.

    References
    ----------
    hamza2008, kong1994, cornuet2012, sobol1967
    """
    counts = strata.table("study", "met", "looked", "tally")
    told = [_told(joint(series, prior), _unread(series)) for series in map(published_series, counts)]
    empty = ~counts.any(axis=(1, 2, 3, 4))
    terms = told[0][0]
    numbers = np.stack([numbers for _, numbers, _ in told])
    numbers[empty] = np.nan
    note = np.where(empty.reshape(-1, 1), "no series", np.array([note for _, _, note in told]))
    estimate, low, high, sd = np.moveaxis(numbers, 1, 0)
    return Answers(terms, estimate, low, high, sd, _totals(counts, terms), np.full(estimate.shape, np.nan), note)


def published_series(counts: Counts) -> Series:
    """The series in counts by study, way of meeting, way of looking and tally, shape (K, 4, 4, 4)."""
    of_study = counts.sum(axis=-1)
    met = of_study.sum(axis=2).argmax(axis=1)
    looked = of_study.sum(axis=1).argmax(axis=1)
    tally = counts.sum(axis=(1, 2)).astype(float)
    on_record, hurting = tally[:, 1], tally[:, 3]
    return Series(on_record, tally[:, 0] + on_record, met, looked, hurting, tally[:, 2] + hurting)


def _told(answer: Joint, unread: Mapping[str, str]) -> tuple[tuple[str, ...], Floats, list[str]]:
    """Terms, their numbers (estimate, low, high, standard deviation; shape (4, terms)), and a note for each."""
    names = [term_of(name) for name in answer.posterior]
    summaries = (*answer.posterior.values(), *answer.prior.values())
    rows = [(float(one.median), float(one.low), float(one.high), float(one.sd)) for one in summaries]
    rows += [(share, np.nan, np.nan, np.nan) for share in answer.contraction.values()]
    rough = "" if answer.effective >= ENOUGH else f"rough: worth {answer.effective:.0f} draws"
    notes = ["; ".join(filter(None, (unread.get(name, ""), rough))) for name in answer.posterior]
    terms = (*names, *(PRIOR + name for name in names), *(LEARNED + name for name in names))
    return terms, np.array(rows).T, [*notes, *[""] * len(names), *notes]


def _unread(series: Series) -> dict[str, str]:
    """Parameters that concern only series of a kind of which none is read: a note for each."""
    counted = series.n > 0
    looked = {LOOKED[way] for way in np.extract(counted, series.looked).astype(int)}
    met = {MET[kind] for kind in np.extract(counted, series.met).astype(int)}
    absent = [f"{way}.{share}" for way in LOOKED[1:] if way not in looked for share in ("sensitivity", "specificity")]
    absent += [f"patients.{kind}" for kind in MET[1:] if kind not in met]
    return dict.fromkeys(absent, UNREAD)


def term_of(name: str) -> str:
    """A parameter's path as a term: the ratios by what they are of, the rest in its own words."""
    section, _, last = name.partition(".")
    if section == "patients":
        return {"osseous": "osseous", "between": "tau"}.get(last, f"odds_{last}")
    if section in ("symptoms", "routine") and last != "specificity":
        return last
    return name.replace(".", "_").replace("routine_specificity", "record_specificity")


def _totals(counts: Counts, terms: tuple[str, ...]) -> Floats:
    """Patients behind each group's answer."""
    n = counts[..., :2].sum(axis=(1, 2, 3, 4)).astype(float)
    return np.broadcast_to(n[:, None], (len(n), len(terms)))
