"""Löfgren syndrome in three groups, by stage, by centre, and over the year."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimands import CENTRE_RATIO, SEASON, SHARE, STAGE_CONTRAST
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.lofgren_terms import (
    BY_DEFINITION,
    CHARACTERISTICS,
    DEFINITIONAL,
    NOBODY_THERE,
    corrected,
    is_number,
    moments,
    noted,
    of_mean,
    of_newcombe,
    of_share,
    ordered,
    shared,
    told_levels,
)
from sarcoid_epi.measures import term
from sarcoid_epi.stats.cosinor import cosinor, cosinor_against
from sarcoid_epi.stats.mantel_haenszel import breslow_day, mantel_haenszel_odds_ratio, mantel_haenszel_test
from sarcoid_epi.stats.proportion import clopper_pearson
from sarcoid_epi.stats.proportional_odds import proportional_odds
from sarcoid_epi.stats.season import hewitt_test, rayleigh_against, rayleigh_test
from sarcoid_epi.stats.several_groups import homogeneity_test, kruskal_wallis
from sarcoid_epi.stats.superiority import probability_of_superiority
from sarcoid_epi.strata import Strata

#: With Löfgren syndrome; without, but with symptoms; without, and found by chance.
GROUPS = ("lofgren", "symptomatic", "incidental")

#: Of the broad definition, by which these patients are told apart.
DEFINED = DEFINITIONAL["lofgren_broad"]

#: What nobody has who was found by chance, for that means without symptoms.
SYMPTOMS = ("fever", "cough", "arthritis")
WITHOUT_SYMPTOMS = "definitional: who was found by chance had no symptoms"

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
DAYS = np.array([31, 28.2425, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])

#: Stages with hilar nodes, which the syndrome has by definition, against the rest.
WITH_NODES = ("I", "II")

ONE_CENTRE = "all patients are of one centre, so this is the plain odds ratio"


@estimator(
    question="lofgren",
    estimand=SHARE,
    needs=("lofgren_broad", "incidental_finding"),
    references=("wilson1927", "pearson1900", "campbell2007", "kruskal1952", "holm1979", "benjamini1995"),
    rests="the broad definition",
)
def three_groups(strata: Strata) -> Answers:
    """Löfgren syndrome, other patients with symptoms, and others found by chance, side by side.

    Patients without Löfgren syndrome are a mixture of the symptomatic and of those found by chance; here they stand
    apart. Of flags and levels the share in each group (Wilson), of numbers the mean. One p for each characteristic
    that the three groups are alike in it, chi-squared of flags and categories, Kruskal-Wallis of numbers, as it is and
    corrected for all characteristics together by Holm and by Benjamini-Hochberg. The groups have no order, so there is
    no test for trend.

    Parameters
    ----------
    strata : Strata
        With the flags `lofgren_broad` and `incidental_finding`, and whatever characteristics there are.

    Returns
    -------
    Answers
        Shares, means and p values, shape (groups, terms); p stands where two of the three groups or more have patients.

    Assumes
    -------
    Patients are independent, and those in whom a characteristic is missing are like the others of their group.

    References
    ----------
    wilson1927, pearson1900, campbell2007, kruskal1952, holm1979, benjamini1995
    """
    there = [c for c in CHARACTERISTICS if c in strata.columns and c != "incidental_finding"]
    rows = [row for name in there for row in (_means if is_number(name) else _shares)(strata, name)]
    return (
        answers_of(*rows, *corrected(rows, "p_groups", (*DEFINED, *SYMPTOMS)))
        if rows
        else silent([], len(strata.labels), "")
    )


def _shares(strata: Strata, name: str) -> list[Term]:
    counts = strata.table("lofgren_broad", "incidental_finding", name).astype(float)
    own = np.stack([counts[:, 1].sum(axis=1), counts[:, 0, 0], counts[:, 0, 1]], axis=1)
    said = BY_DEFINITION if name in DEFINED else WITHOUT_SYMPTOMS if name in SYMPTOMS else ""
    rows = []
    for at, of in told_levels(strata, name):
        for side, group in enumerate(GROUPS):
            n, x = own[:, side].sum(axis=-1), own[:, side, at]
            rows.append(shared(term(f"share_{group}", of), x, n, said))
    test = homogeneity_test(own)
    of = told_levels(strata, name)[0][1] if len(strata.levels(name)) == 2 else name
    n, note = own.sum(axis=(1, 2)), noted(test.note, said)
    return [*rows, Term(term("p_groups", of), test.p_value, np.nan, np.nan, np.nan, n, np.nan, note)]


def _means(strata: Strata, name: str) -> list[Term]:
    values, counts = strata.patterns("lofgren_broad", "incidental_finding", name)
    has, chance, x = np.moveaxis(values, -1, 0)
    own = [counts * member for member in (has == 1, (has == 0) & (chance == 0), (has == 0) & (chance == 1))]
    rows = [of_mean(f"mean_{group}", name, moments(x, side)) for group, side in zip(GROUPS, own, strict=True)]
    test = kruskal_wallis(ordered(x, np.stack(own, axis=1)))
    n = counts.sum(axis=-1)
    return [*rows, Term(term("p_groups", name), test.p_value, np.nan, np.nan, np.nan, n, np.nan, test.note)]


@estimator(
    question="lofgren",
    estimand=STAGE_CONTRAST,
    needs=("lofgren_broad", "scadding_stage"),
    references=("miettinen1985", "koopman1984", "wilson1927", "yang2012", "mccullagh1980", "newcombe2006"),
    rests="the broad definition, of which hilar nodes, and so stages I and II, are a part",
)
def stage_contrast(strata: Strata) -> Answers:
    """Scadding stage with Löfgren syndrome against without: I or II against the rest, and all stages in order.

    Definitional: nodes on both sides are part of the syndrome, so that it has stages I and II by definition. Of stage
    I or II the shares and their contrasts as of any flag; of all stages the common odds ratio of lying above a cut
    (proportional odds), with the test of one odds ratio for all cuts, and the chance that a Löfgren patient has the
    higher stage.

    Parameters
    ----------
    strata : Strata
        With the flag `lofgren_broad` and `scadding_stage`.

    Returns
    -------
    Answers
        Shares, contrasts and p values, shape (groups, 11); every note says that they are definitional.

    Assumes
    -------
    Patients are independent; for the common odds ratio, that it is the same at every cut, which the test of
    proportionality looks at, and which the definition itself contradicts: nobody with the syndrome has stage 0, III or
    IV.

    References
    ----------
    miettinen1985, koopman1984, wilson1927, yang2012, mccullagh1980, newcombe2006
    """
    counts = strata.table("lofgren_broad", "scadding_stage").astype(float)
    one, zero = counts[:, 1], counts[:, 0]
    nodes = [at for at, stage in enumerate(strata.levels("scadding_stage")) if stage in WITH_NODES]
    n1, n0 = one.sum(axis=-1), zero.sum(axis=-1)
    odds, higher = proportional_odds(one, zero), probability_of_superiority(one, zero)

    def row(measure: str, estimate: Floats, low: object, high: object, note: NDArray[np.str_]) -> Term:
        return Term(
            term(measure, "scadding_stage"), estimate, low, high, np.nan, n1 + n0, np.nan, noted(note, BY_DEFINITION)
        )

    of = f"scadding_stage={'_or_'.join(WITH_NODES)}"
    return answers_of(
        *of_share(of, one[:, nodes].sum(axis=-1), n1, zero[:, nodes].sum(axis=-1), n0, BY_DEFINITION),
        row("odds_ratio", odds.odds_ratio, odds.low, odds.high, odds.note),
        row("superiority", higher.estimate, higher.low, higher.high, of_newcombe(higher.note)),
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

    Mantel-Haenszel over the centres with Robins-Breslow-Greenland limits, p of the test that it is 1, and p of the test
    that all centres have the same odds ratio (Breslow-Day, Tarone).

    Parameters
    ----------
    strata : Strata
        With the flag `lofgren_broad`, `centre`, and whatever flags and categories of two levels there are.

    Returns
    -------
    Answers
        Ratios and p values, shape (groups, terms). A ratio of 0 or infinity has no limits.

    Assumes
    -------
    Patients are independent, and the odds ratio is the same in all centres.

    References
    ----------
    mantel1959, robins1986, breslow1980, tarone1985
    """
    there = [c for c in CHARACTERISTICS if c in strata.columns and not is_number(c) and len(strata.levels(c)) == 2]
    rows: list[Term] = []
    for name in there:
        counts = strata.table("centre", "lofgren_broad", name).astype(float)
        cells = counts[:, :, 1, 1], counts[:, :, 1].sum(axis=-1), counts[:, :, 0, 1], counts[:, :, 0].sum(axis=-1)
        common, alike = mantel_haenszel_odds_ratio(*cells), breslow_day(*cells)
        no_difference = mantel_haenszel_test(*cells)
        n, events = counts.sum(axis=(1, 2, 3)), counts[..., 1].sum(axis=(1, 2))
        lone = (counts.sum(axis=(2, 3)) > 0).sum(axis=-1) == 1
        of, said = told_levels(strata, name)[0][1], BY_DEFINITION if name in DEFINED else ""
        plain = np.where(lone & (common.note == ""), ONE_CENTRE, common.note)
        ways = (
            ("odds_ratio", common.estimate, common.low, common.high, plain),
            ("p", no_difference.p_value, np.nan, np.nan, no_difference.note),
            ("p_homogeneity", alike.p_value, np.nan, np.nan, alike.note),
        )
        rows += [
            Term(term(measure, of), estimate, low, high, np.nan, n, events, noted(note, said))
            for measure, estimate, low, high, note in ways
        ]
    return answers_of(*rows) if rows else silent([], len(strata.labels), "")


@estimator(
    question="lofgren",
    estimand=SEASON,
    needs=("lofgren_broad", "onset_date"),
    references=("mardia2000", "edwards1961", "hewitt1971", "stolwijk1999", "fieller1954", "clopper1934"),
    rests="population-time even over the year, or the other patients in its place",
)
def onset_season(strata: Strata) -> Answers:
    """When in the year Löfgren syndrome begins: height and month of the peak.

    A yearly wave in the rate of onsets per day (cosinor), with p of its shape, and p of Rayleigh's and Hewitt's tests
    that there is none; the same wave in the odds of Löfgren syndrome among all onsets, in which what moves all patients
    alike falls out; and month by month the onsets with and without the syndrome over what an even year would bring,
    with exact limits.

    Parameters
    ----------
    strata : Strata
        With the flag `lofgren_broad` and `onset_date`.

    Returns
    -------
    Answers
        Ratios of peak and trough, the peak in months from the beginning of the year (0.5 is the middle of January), p
        values, and ratios by month, shape (groups, 32).

    Assumes
    -------
    Onsets are independent, and dates are dates of onset and not of the visit. Against population-time: as many people
    are at risk, and as well looked at, on every day of the year.

    References
    ----------
    mardia2000, edwards1961, hewitt1971, stolwijk1999, fieller1954, clopper1934
    """
    values, counts = strata.patterns("lofgren_broad", "onset_date")
    others, own = _months(values, counts)
    wave, against = cosinor(own, DAYS), cosinor_against(own, others)
    n, both = own.sum(axis=-1), own.sum(axis=-1) + others.sum(axis=-1)

    def row(measure: str, estimate: Floats, low: object, high: object, of: Floats, note: object) -> Term:
        return Term(term(measure, "onset_date"), estimate, low, high, np.nan, of, np.nan, note)

    hewitt, rayleigh, between = hewitt_test(own, DAYS), rayleigh_test(own, DAYS), rayleigh_against(own, others)
    return answers_of(
        row("peak_to_trough", wave.peak_to_trough, wave.low, wave.high, n, wave.note),
        row("peak", wave.peak, wave.peak_low, wave.peak_high, n, wave.note),
        row("p_misfit", wave.misfit_p_value, np.nan, np.nan, n, wave.note),
        row("p_rayleigh", rayleigh.p_value, np.nan, np.nan, n, rayleigh.note),
        row("p_hewitt", hewitt.p_value, np.nan, np.nan, n, hewitt.note),
        row("peak_to_trough_others", against.peak_to_trough, against.low, against.high, both, against.note),
        row("peak_others", against.peak, against.peak_low, against.peak_high, both, against.note),
        row("p_others", between.p_value, np.nan, np.nan, both, between.note),
        *_by_month("monthly_with", own),
        *_by_month("monthly_without", others),
    )


def _months(values: Floats, counts: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Onsets by month, without Löfgren syndrome and with it, (G, 12) each."""
    groups = len(counts)
    day = np.nan_to_num(values[..., 1]).astype("datetime64[D]")
    month = day.astype("datetime64[M]").astype(np.int64) % 12
    cell = np.broadcast_to(values[..., 0].astype(np.int64) * 12 + month, counts.shape)
    cell = cell + 24 * np.arange(groups)[:, None]
    sums = np.bincount(cell.ravel(), counts.ravel(), 24 * groups).astype(float).reshape(groups, 2, 12)
    return sums[:, 0], sums[:, 1]


def _by_month(measure: str, counts: Floats) -> list[Term]:
    """Of each month the share of onsets over its share of the year."""
    n = counts.sum(axis=-1)
    rows = []
    for month, days in enumerate(DAYS / DAYS.sum()):
        low, high = clopper_pearson(counts[:, month], n)
        ratio = np.divide(counts[:, month], n, out=np.full(n.shape, np.nan), where=n > 0) / days
        name = term(measure, f"onset_date={MONTHS[month]}")
        note = np.where(n > 0, "", NOBODY_THERE)
        rows.append(Term(name, ratio, low / days, high / days, np.nan, n, counts[:, month], note))
    return rows
