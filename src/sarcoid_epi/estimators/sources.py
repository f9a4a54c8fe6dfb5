"""Several sources of records, none of them complete: how many cases they could hold together."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from sarcoid_epi.estimands import MET
from sarcoid_epi.estimators.believing import POINTS, at
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator, unbelieved
from sarcoid_epi.scenario import Belief
from sarcoid_epi.stats.capture import (
    EMPTY_LIST,
    NO_OVERLAP,
    NO_PATIENT,
    Captured,
    by_dependence,
    chapman,
    stratified,
    unseen_by_dependence,
    without_false_records,
)
from sarcoid_epi.stats.importance import sobol
from sarcoid_epi.stats.listings import chao
from sarcoid_epi.stats.log_linear import log_linear
from sarcoid_epi.strata import Strata

FIRST, SECOND, THIRD = "on_clinic_list", "in_radiology_text", "in_codes"

#: Odds ratios between two sources whose answers are told.
DEPENDENCE = (0.25, 0.5, 2.0, 4.0, 8.0)

MORE_THAN_ALL = "more cases than patients: the sources cannot be as assumed"
LIMIT_CUT = "upper limit cut at 1: the sources leave room for more cases than there are patients"
NO_PATIENTS = "no patients with all sources known"
TOO_ALIKE = "they agree too well for so many false records, which only one would hold"
TOO_MANY = "there would be more cases than patients"
NOBODY_UNSEEN = (
    "one source holds all patients of the other: no case is left unseen, and chance has no part in the limits"
)


def _overlap(strata: Strata, *beside: str) -> tuple[Floats, Floats, Floats, Floats]:
    """On both, on the first and on the second source only, and all patients; further variables on later axes."""
    table = strata.table(FIRST, SECOND, *beside).astype(float)
    everybody = table.sum(axis=tuple(range(1, table.ndim)))
    return table[:, 1, 1], table[:, 1, 0], table[:, 0, 1], everybody


def _plain(found: Captured, both: Floats, first: Floats, second: Floats) -> Captured:
    """`lincoln_petersen` from `chapman` of the same lists: the limits are the same, and are not looked for twice."""
    unseen, error = unseen_by_dependence(both, first, second, np.ones_like(both))
    empty = np.isin(found.note, [NO_PATIENT, EMPTY_LIST])
    note = np.where((both == 0) & ~empty, NO_OVERLAP, found.note)
    numbers = (both + first + second + unseen, error, found.low, found.high, unseen)
    return Captured._make([*(np.where(empty | (both == 0), np.nan, number) for number in numbers), note])


def _share(name: str, found: Captured, n: Floats, seen: Floats) -> Term:
    """A number of cases as a share of the patients; there cannot be more cases than patients."""
    n = np.reshape(n, n.shape + (1,) * (np.ndim(found.cases) - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        share, low, high, error = (np.asarray(x) / n for x in (found.cases, found.low, found.high, found.std_error))
    cut = (found.note == "") & (high > 1)
    note = np.select([n == 0, share > 1, cut], [NO_PATIENTS, MORE_THAN_ALL, LIMIT_CUT], found.note)
    share = np.where(share > 1, np.nan, share)
    return Term(name, share, low, np.minimum(high, 1.0), error, n, seen, note)


@estimator(
    question="underdiagnosis",
    estimand=MET,
    needs=(FIRST, SECOND),
    references=("chapman1951", "seber1982", "cormack1992", "sekar1949"),
    rests="sources that are independent and hold no false records",
)
def two_sources(strata: Strata) -> Answers:
    """Osseous sarcoidosis that two sources could hold, from their overlap.

    With m patients on both, a and b on one only: `met` is Chapman's m + a + b + a b / (m + 1), `met_lincoln_petersen`
    the plain m + a + b + a b / m, `met_by_pain` the sum of Chapman's numbers with bone pain and without (where
    `bone_pain` is there): pain brings patients into both sources. All are shares of the patients, with profile
    likelihood limits.

    Parameters
    ----------
    strata : Strata
        With the flags `on_clinic_list` and `in_radiology_text`; `bone_pain` if there is one.

    Returns
    -------
    Answers
        Proportions, shape (groups, 2 or 3); events are the patients seen in either source.

    Assumes
    -------
    Being in one source makes being in the other neither more nor less likely; no record is false; linkage is perfect.
    Cases that no source could hold, because nobody ever looked, are **not** counted: this is not the true share.
    Limits are for the cases among these very patients; as limits for all patients like them they are too narrow (in
    simulations they cover 0.83 to 0.89 then where lists hold few of the cases, and half or less where they hold most).

    References
    ----------
    chapman1951, seber1982, cormack1992, sekar1949
    """
    both, first, second, n = _overlap(strata)
    seen = both + first + second
    found = chapman(both, first, second)
    plain = _plain(found, both, first, second)
    terms = [_share("met", found, n, seen), _share("met_lincoln_petersen", plain, n, seen)]
    if "bone_pain" in strata.columns:
        in_both, in_first, in_second, among = _overlap(strata, "bone_pain")
        held = (in_both + in_first + in_second).sum(axis=-1)
        terms.append(_share("met_by_pain", stratified(in_both, in_first, in_second), among, held))
    return answers_of(*terms)


@estimator(
    question="underdiagnosis",
    estimand=MET,
    needs=(FIRST, SECOND),
    references=("seber1982", "cormack1992"),
    rests="the odds ratio named in each row",
)
def source_dependence(strata: Strata) -> Answers:
    """Osseous sarcoidosis that two sources could hold, if they depend on each other.

    With an odds ratio w between the sources the number on neither is w a b / m; terms `met_odds_0.25` to `met_odds_8`.
    Two sources cannot tell w: what one holds of it decides the answer.

    Parameters
    ----------
    strata : Strata
        With the flags `on_clinic_list` and `in_radiology_text`.

    Returns
    -------
    Answers
        Proportions, shape (groups, 5).

    Assumes
    -------
    The odds ratio of the row; else as `two_sources`.

    References
    ----------
    seber1982, cormack1992
    """
    both, first, second, n = _overlap(strata)
    found = [by_dependence(both, first, second, odds) for odds in DEPENDENCE]
    names = [f"met_odds_{odds:g}" for odds in DEPENDENCE]
    seen = both + first + second
    return answers_of(*(_share(name, one, n, seen) for name, one in zip(names, found, strict=True)))


@estimator(
    question="underdiagnosis",
    estimand=MET,
    needs=(FIRST, SECOND),
    believes=("sources",),
    references=("seber1982", "sobol1967"),
    rests="the believed odds ratio between sources, and share of true records",
)
def believed_sources(strata: Strata, belief: Belief) -> Answers:
    """Osseous sarcoidosis that two sources could hold, under a belief about their dependence and false records.

    False records are taken off each source (they are shared by none), then the number on neither is w a b / m with the
    believed odds ratio w. Odds ratio and true share of the records are drawn from their ranges, with log-normal chance
    for the number on neither. Term `met`: the median, with the 2.5 and 97.5 % points of the draws that are possible.

    Parameters
    ----------
    strata : Strata
        With the flags `on_clinic_list` and `in_radiology_text`.
    belief : Belief
        Its section [sources]. Without it there is a row with a note.

    Returns
    -------
    Answers
        Proportions, shape (groups, 1).

    Assumes
    -------
    The belief; both sources have the same share of true records; patients in both are true.

    References
    ----------
    seber1982, sobol1967
    """
    if belief.sources is None:
        return unbelieved(("met",), len(strata.labels), "the sources", "sources")
    both, first, second, n = _overlap(strata)
    seen = both + first + second
    places = sobol(POINTS // 4, 3)
    odds, true = at(belief.sources.odds_ratio, places[:, 0]), at(belief.sources.predictive, places[:, 1])
    kept = without_false_records(both[:, None], first[:, None], second[:, None], true, true)
    unseen, error = unseen_by_dependence(kept.both, kept.first_only, kept.second_only, odds)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Where nobody is left on one source only there is nobody unseen, and no error.
        scale = np.where(unseen > 0, np.sqrt(np.log1p((error / unseen) ** 2)), 0.0)
        left = kept.both + kept.first_only + kept.second_only
        drawn = (left + unseen * np.exp(scale * ndtri(places[:, 2]))) / n[:, None]
    possible = ~np.isnan(drawn) & (drawn <= 1)
    enough = possible.sum(axis=1) > POINTS // 40
    low, middle, high = _quantiles(np.where(possible, drawn, np.nan), enough, (0.025, 0.5, 0.975))
    alike, many = ((kept.note != "").sum(axis=1), (drawn > 1).sum(axis=1))
    said = np.char.mod("%.0f", 100 * (1 - possible.mean(axis=1)))
    said = np.char.add(said, " % of the belief is impossible with these sources, chiefly because ")
    said = np.char.add(said, np.where(alike >= many, TOO_ALIKE, TOO_MANY))
    reasons = (
        (n == 0, NO_PATIENTS),
        (seen == 0, NO_PATIENT),
        ((both + first == 0) | (both + second == 0), EMPTY_LIST),
        (both == 0, NO_OVERLAP),
        (~enough | (possible.mean(axis=1) < 0.9), said),
        ((possible & (unseen > 0)).sum(axis=1) == 0, NOBODY_UNSEEN),
    )
    note = np.select([where for where, _ in reasons], [np.broadcast_to(text, n.shape) for _, text in reasons], "")
    return answers_of(Term("met", middle, low, high, np.nan, n, seen, note))


def _quantiles(draws: Floats, enough: np.ndarray, levels: tuple[float, ...]) -> list[Floats]:
    """Quantiles over the last axis of the draws that are known; NaN where there are too few."""
    ordered = np.sort(draws, axis=1)  # unknown draws come last
    last = np.maximum((~np.isnan(draws)).sum(axis=1) - 1, 0)
    found = []
    for level in levels:
        place = level * last
        below = np.floor(place).astype(int)[:, None]
        above = np.minimum(below + 1, last[:, None])
        low, high = (np.take_along_axis(ordered, at, axis=1)[:, 0] for at in (below, above))
        found.append(np.where(enough, low + (place - below[:, 0]) * (high - low), np.nan))
    return found


@estimator(
    question="underdiagnosis",
    estimand=MET,
    needs=(FIRST, SECOND, THIRD),
    references=("fienberg1972", "buckland1997", "fienberg2012", "chan2021", "cormack1992", "chao1987"),
    rests="no dependence of all three sources at once, and no false records",
)
def three_sources(strata: Strata) -> Answers:
    """Osseous sarcoidosis that three sources could hold, by log-linear models.

    All models with every source and any pairs of them depending on each other, those refused that the table cannot fit;
    `met` is their average with weights by BIC, `met_by_aic` by AIC, `met_least` Chao's lower bound from the patients in
    one and in two sources, which holds for sources of about equal reach.

    Parameters
    ----------
    strata : Strata
        With the flags `on_clinic_list`, `in_radiology_text` and `in_codes`.

    Returns
    -------
    Answers
        Proportions, shape (groups, 3).

    Assumes
    -------
    Whatever makes sources depend on each other does so in pairs; no record is false; linkage is perfect. Cases that no
    source could hold are not counted. Where one source reaches far fewer than another, `met_least` may be too high.

    References
    ----------
    fienberg1972, buckland1997, fienberg2012, chan2021, cormack1992, chao1987
    """
    table = strata.table(FIRST, SECOND, THIRD).astype(float)
    n = table.sum(axis=(1, 2, 3))
    # Cells A, B, AB, C, AC, BC, ABC: the first source is the lowest bit.
    cells = np.moveaxis(table, (1, 2, 3), (3, 2, 1)).reshape(len(n), 8)[:, 1:]
    seen = cells.sum(axis=-1)
    fit = log_linear(cells)
    averaged = [
        _share(name, Captured(one.cases, one.std_error, one.low, one.high, one.cases - seen, one.note), n, seen)
        for name, one in (("met", fit.by_bic), ("met_by_aic", fit.by_aic))
    ]
    once, twice = cells[:, [0, 1, 3]].sum(axis=-1), cells[:, [2, 4, 5]].sum(axis=-1)
    return answers_of(*averaged, _share("met_least", chao(once, twice, seen, 3), n, seen))
