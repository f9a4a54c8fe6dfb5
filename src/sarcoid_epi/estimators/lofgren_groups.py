"""Löfgren syndrome in three groups, by stage, by centre, and over the year."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sarcoid_epi.estimands import CENTRE_RATIO, SEASON, SHARE, STAGE_CONTRAST
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.lofgren import BY_DEFINITION, CHARACTERISTICS, NOBODY_THERE
from sarcoid_epi.measures import term
from sarcoid_epi.stats.cosinor import cosinor, cosinor_against
from sarcoid_epi.stats.mantel_haenszel import breslow_day, mantel_haenszel_odds_ratio
from sarcoid_epi.stats.proportion import wilson
from sarcoid_epi.stats.proportional_odds import proportional_odds
from sarcoid_epi.stats.season import hewitt_test, rayleigh_against, rayleigh_test
from sarcoid_epi.stats.superiority import probability_of_superiority
from sarcoid_epi.strata import Strata
from sarcoid_epi.vocabulary import PATIENT_BY_NAME

#: With Löfgren syndrome; without, but with symptoms; without, and found by chance.
GROUPS = ("share_lofgren", "share_symptomatic", "share_incidental")

DAYS = np.array([31, 28.2425, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@estimator(
    question="lofgren",
    estimand=SHARE,
    needs=("lofgren_broad", "incidental_finding"),
    references=("wilson1927",),
    rests="the broad definition",
)
def three_groups(strata: Strata) -> Answers:
    """Share with a characteristic: Löfgren syndrome, other patients with symptoms, others found by chance.

    Patients without Löfgren syndrome are a mixture of the symptomatic and of those found by chance; here they stand
    apart. events / n with Wilson limits for each flag.

    Parameters
    ----------
    strata : Strata
        With the flags `lofgren_broad` and `incidental_finding`, and whatever other flags there are.

    Returns
    -------
    Answers
        Shares, shape (groups, terms).

    Assumes
    -------
    Patients are independent, and those in whom a characteristic is missing are like the others of their group.

    References
    ----------
    wilson1927
    """
    flags = [c for c in CHARACTERISTICS if c in strata.columns and PATIENT_BY_NAME[c].kind == "flag"]
    rows: list[Term] = []
    for name in flags:
        if name == "incidental_finding":
            continue
        counts = strata.table("lofgren_broad", "incidental_finding", name).astype(float)
        for measure, own in zip(GROUPS, (counts[:, 1].sum(axis=1), counts[:, 0, 0], counts[:, 0, 1]), strict=True):
            n = own.sum(axis=-1)
            low, high = wilson(own[:, 1], n)
            share = np.divide(own[:, 1], n, out=np.full(n.shape, np.nan), where=n > 0)
            rows.append(
                Term(term(measure, name), share, low, high, np.nan, n, own[:, 1], np.where(n > 0, "", NOBODY_THERE))
            )
    return answers_of(*rows) if rows else silent([], len(strata.labels), "")


@estimator(
    question="lofgren",
    estimand=STAGE_CONTRAST,
    needs=("lofgren_broad", "scadding_stage"),
    references=("mccullagh1980", "newcombe2006", "brunner2000"),
    rests="the broad definition, of which hilar nodes, and so stages I and II, are a part",
)
def stage_contrast(strata: Strata) -> Answers:
    """Scadding stage with Löfgren syndrome against without: common odds ratio, and chance to lie higher.

    Definitional: nodes on both sides are part of the syndrome, so that it has stages I and II by definition. The common
    odds ratio of lying above a cut is that of proportional odds, with the test of one odds ratio for all cuts.

    Parameters
    ----------
    strata : Strata
        With the flag `lofgren_broad` and `scadding_stage`.

    Returns
    -------
    Answers
        A ratio, a share and two p values, shape (groups, 4).

    Assumes
    -------
    Patients are independent; for the odds ratio, that it is the same at every cut, which the test of proportionality
    looks at.

    References
    ----------
    mccullagh1980, newcombe2006, brunner2000
    """
    counts = strata.table("lofgren_broad", "scadding_stage").astype(float)
    one, zero = counts[:, 1], counts[:, 0]
    n = counts.sum(axis=(1, 2))
    odds, higher = proportional_odds(one, zero), probability_of_superiority(one, zero)

    def row(measure: str, estimate: Floats, low: object, high: object, note: NDArray[np.str_]) -> Term:
        said = np.array(["; ".join(filter(None, (BY_DEFINITION, str(one)))) for one in note])
        return Term(term(measure, "scadding_stage"), estimate, low, high, np.nan, n, np.nan, said)

    return answers_of(
        row("odds_ratio", odds.odds_ratio, odds.low, odds.high, odds.note),
        row("superiority", higher.estimate, higher.low, higher.high, higher.note),
        row("p", odds.p_value, np.nan, np.nan, odds.note),
        row("p_proportional", odds.proportionality_p_value, np.nan, np.nan, odds.note),
    )


@estimator(
    question="lofgren",
    estimand=CENTRE_RATIO,
    needs=("lofgren_broad", "centre"),
    references=("mantel1959", "robins1986", "breslow1980", "tarone1985"),
    rests="one odds ratio for all centres",
)
def centre_contrasts(strata: Strata) -> Answers:
    """Odds ratio of each characteristic with Löfgren syndrome, within centres.

    Mantel-Haenszel over the centres with Robins-Breslow-Greenland limits, and p of the test that all centres have the
    same odds ratio (Breslow-Day, Tarone).

    Parameters
    ----------
    strata : Strata
        With the flag `lofgren_broad`, `centre`, and whatever other flags there are.

    Returns
    -------
    Answers
        Ratios and p values, shape (groups, terms).

    Assumes
    -------
    Patients are independent, and the odds ratio is the same in all centres.

    References
    ----------
    mantel1959, robins1986, breslow1980, tarone1985
    """
    flags = [c for c in CHARACTERISTICS if c in strata.columns and PATIENT_BY_NAME[c].kind == "flag"]
    rows: list[Term] = []
    for name in flags:
        counts = strata.table("centre", "lofgren_broad", name).astype(float)
        cells = counts[:, :, 1, 1], counts[:, :, 1].sum(axis=-1), counts[:, :, 0, 1], counts[:, :, 0].sum(axis=-1)
        common, alike = mantel_haenszel_odds_ratio(*cells), breslow_day(*cells)
        n, events = counts.sum(axis=(1, 2, 3)), counts[..., 1].sum(axis=(1, 2))
        finite = np.where(np.isfinite(common.estimate), common.estimate, np.nan)
        rows.append(Term(term("odds_ratio", name), finite, common.low, common.high, np.nan, n, events, common.note))
        rows.append(Term(term("p_homogeneity", name), alike.p_value, np.nan, np.nan, np.nan, n, events, alike.note))
    return answers_of(*rows) if rows else silent([], len(strata.labels), "")


@estimator(
    question="lofgren",
    estimand=SEASON,
    needs=("lofgren_broad", "onset_date"),
    references=("mardia2000", "hewitt1971", "nam1995"),
    rests="population-time even over the year, or the other patients in its place",
    batches=False,
)
def onset_season(strata: Strata) -> Answers:
    """When in the year Löfgren syndrome begins: height and month of the peak.

    A yearly wave in the rate of onsets per day (cosinor), p of Rayleigh's and Hewitt's tests; and the same wave in the
    odds of Löfgren syndrome among all onsets, in which what moves all patients alike falls out.

    Parameters
    ----------
    strata : Strata
        With the flag `lofgren_broad` and `onset_date`; rows are needed.

    Returns
    -------
    Answers
        Ratios of peak and trough, months (1.5 is the middle of January), p values, shape (groups, 7).

    Assumes
    -------
    Onsets are independent, and dates are dates of onset and not of the visit. Against population-time: as many people
    are at risk, and as well looked at, in every month.

    References
    ----------
    mardia2000, hewitt1971, nam1995
    """
    counts = np.stack([_months(frame) for frame in strata.frames()])
    others, own = counts[:, 0], counts[:, 1]
    wave, against = cosinor(own, DAYS), cosinor_against(own, others)
    n = own.sum(axis=-1)

    def row(measure: str, of: str, estimate: Floats, low: object, high: object, note: object) -> Term:
        return Term(term(measure, of), estimate, low, high, np.nan, n, np.nan, note)

    hewitt, rayleigh, between = hewitt_test(own, DAYS), rayleigh_test(own, DAYS), rayleigh_against(own, others)
    return answers_of(
        row("peak_to_trough", "onset_date", wave.peak_to_trough, wave.low, wave.high, wave.note),
        row("peak", "onset_date", wave.peak, wave.peak_low, wave.peak_high, wave.note),
        row("p_rayleigh", "onset_date", rayleigh.p_value, np.nan, np.nan, rayleigh.note),
        row("p_hewitt", "onset_date", hewitt.p_value, np.nan, np.nan, hewitt.note),
        row("peak_to_trough_others", "onset_date", against.peak_to_trough, against.low, against.high, against.note),
        row("peak_others", "onset_date", against.peak, against.peak_low, against.peak_high, against.note),
        row("p_others", "onset_date", between.p_value, np.nan, np.nan, between.note),
    )


def _months(frame: pd.DataFrame) -> Floats:
    """Onsets by month, (2, 12): without Löfgren syndrome, with it."""
    known = frame.dropna(subset=["lofgren_broad", "onset_date"])
    month = pd.to_datetime(known["onset_date"]).dt.month.to_numpy() - 1
    has = known["lofgren_broad"].to_numpy(dtype=bool).astype(int)
    return np.bincount(has * 12 + month, minlength=24).reshape(2, 12).astype(float)
