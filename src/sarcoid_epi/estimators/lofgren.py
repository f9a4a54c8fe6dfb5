"""How patients with Löfgren syndrome differ: every characteristic, by either definition, as contrasts with limits."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.estimands import CONTRAST, DEFINITIONS
from sarcoid_epi.estimators.declare import NO_COLUMN, Answers, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.lofgren_terms import (
    CHARACTERISTICS,
    DEFINITIONAL,
    by_definition,
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
    written_out,
)
from sarcoid_epi.measures import term
from sarcoid_epi.stats.location import hodges_lehmann, welch_difference
from sarcoid_epi.stats.several_groups import homogeneity_test
from sarcoid_epi.stats.standardised_difference import (
    standardised_mean_difference,
    standardised_multinomial_difference,
)
from sarcoid_epi.stats.superiority import probability_of_superiority
from sarcoid_epi.stats.two_samples import EMPTY_GROUP
from sarcoid_epi.strata import Strata

#: Papers of every method that the contrasts use.
METHODS = (
    "miettinen1985", "koopman1984", "wilson1927", "campbell2007", "pearson1900", "fisher1935", "welch1947",
    "hodges1963", "hollander1999", "newcombe2006", "yang2012", "holm1979", "benjamini1995",
)  # fmt: skip


@estimator(
    question="lofgren",
    estimand=DEFINITIONS,
    needs=("lofgren_broad",),
    references=("wilson1927",),
    rests="how the signs were looked for",
)
def definitions(strata: Strata) -> Answers:
    """Share with Löfgren syndrome by either definition, and the signs of those who have it.

    events / n with Wilson limits: of all patients, those with the syndrome; of those with it by the broad definition,
    those who have it by the strict one too, and each sign; of both, those with nothing but periarticular ankles.

    Parameters
    ----------
    strata : Strata
        With the flag `lofgren_broad`, and whichever of `lofgren_strict`, `erythema_nodosum`, `ankle_periarthritis` and
        `arthritis` there are.

    Returns
    -------
    Answers
        Shares, shape (groups, 8).

    Assumes
    -------
    Patients are independent, and each sign was looked for in everybody. Periarticular ankles stand alone without
    erythema nodosum and without arthritis; by the strict definition that is nobody.

    References
    ----------
    wilson1927
    """
    signs = ("lofgren_strict", *SIGNS)
    alone = term("of_broad", "isolated_ankle"), term("of_strict", "isolated_ankle")
    return answers_of(
        *(_share_of(strata, name, "", name) for name in ("lofgren_broad", "lofgren_strict")),
        *(_share_of(strata, term("of_broad", name), "lofgren_broad", name) for name in signs),
        *(_ankles(strata, name, of) for name, of in zip(alone, ("lofgren_broad", "lofgren_strict"), strict=True)),
    )


#: What the definitions are made of, beside the nodes.
SIGNS = ("erythema_nodosum", "ankle_periarthritis", "arthritis")


def _share_of(strata: Strata, name: str, among: str, flag: str) -> Term:
    """Of those with a flag (of all, without one), the share with another."""
    if absent := [column for column in (among, flag) if column and column not in strata.columns]:
        return _without(strata, name, absent[0])
    counts = strata.table(among, flag)[:, 1] if among else strata.table(flag)
    return shared(name, counts[:, 1], counts.sum(axis=-1))


def _ankles(strata: Strata, name: str, among: str) -> Term:
    """Of those with a flag, the share with periarticular ankles and neither erythema nodosum nor arthritis."""
    if absent := [column for column in (among, *SIGNS) if column not in strata.columns]:
        return _without(strata, name, absent[0])
    counts = strata.table(among, *SIGNS)[:, 1]
    return shared(name, counts[:, 0, 1, 0], counts.sum(axis=(1, 2, 3)))


def _without(strata: Strata, name: str, column: str) -> Term:
    unknown = np.full(len(strata.labels), np.nan)
    return Term(name, unknown, np.nan, np.nan, np.nan, np.nan, np.nan, f"{NO_COLUMN} '{column}'")


@estimator(
    question="lofgren",
    estimand=CONTRAST,
    needs=("lofgren_broad",),
    references=METHODS,
    rests="the broad definition: hilar nodes with erythema nodosum or periarticular ankles",
)
def broad_contrasts(strata: Strata) -> Answers:
    """Löfgren syndrome (broad definition) against no Löfgren syndrome, characteristic by characteristic.

    Of flags and levels: the share with and without Löfgren syndrome (Wilson), their difference (Miettinen-Nurminen),
    ratio (Koopman) and odds ratio (score limits), and the standardised difference. Of numbers: the two means, their
    difference (Welch), the shift (Hodges-Lehmann), the standardised difference, and the chance that a Löfgren patient
    lies higher (Mann-Whitney, Newcombe's limits). One p for each characteristic: the score test of a flag or of two
    levels (Fisher's exact test where fewer than one patient is expected in a cell), chi-squared of more levels, Welch's
    test of a number. It is given as it is, and corrected for all characteristics together by Holm and by
    Benjamini-Hochberg; what the definition is made of is not among them. Of more than two levels there is also the
    standardised difference of all together (Yang-Dalton).

    Parameters
    ----------
    strata : Strata
        With the flag `lofgren_broad`, and whatever characteristics there are.

    Returns
    -------
    Answers
        Each measure in its unit, shape (groups, terms); a term is `measure[variable]` or `measure[variable=level]`. The
        n and events of a share are its own; of a contrast, those of both groups. A ratio may be infinite.

    Assumes
    -------
    Patients are independent, and those in whom a characteristic is missing are like the others. The contrasts describe
    the patients of this cohort: where Löfgren patients are referred less often, or only when ill, they differ from
    those of all patients. The shift is one of the whole distribution.

    References
    ----------
    miettinen1985, koopman1984, wilson1927, campbell2007, pearson1900, fisher1935, welch1947, hodges1963, hollander1999,
    newcombe2006, yang2012, holm1979, benjamini1995
    """
    return contrasts(strata, "lofgren_broad")


@estimator(
    question="lofgren",
    estimand=CONTRAST,
    needs=("lofgren_strict",),
    references=METHODS,
    rests="the strict definition: hilar nodes, erythema nodosum and arthritis",
)
def strict_contrasts(strata: Strata) -> Answers:
    """Löfgren syndrome (strict definition) against no Löfgren syndrome, characteristic by characteristic.

    As by the broad definition.

    Parameters
    ----------
    strata : Strata
        With the flag `lofgren_strict`, and whatever characteristics there are.

    Returns
    -------
    Answers
        As by the broad definition.

    Assumes
    -------
    As by the broad definition; patients with nodes and periarticular ankles but without erythema nodosum are counted
    among those without the syndrome.

    References
    ----------
    miettinen1985, koopman1984, wilson1927, campbell2007, pearson1900, fisher1935, welch1947, hodges1963, hollander1999,
    newcombe2006, yang2012, holm1979, benjamini1995
    """
    return contrasts(strata, "lofgren_strict")


def contrasts(strata: Strata, definition: str) -> Answers:
    """Every characteristic there is, between those with a flag and those without, and p values corrected for all."""
    there = [name for name in CHARACTERISTICS if name in strata.columns]
    found = [
        row
        for name in there
        for row in (_of_number(strata, definition, name) if is_number(name) else _of_levels(strata, definition, name))
    ]
    if not found:
        return silent([], len(strata.labels), "")
    return answers_of(*found, *corrected(found, "p", DEFINITIONAL[definition]))


def _of_levels(strata: Strata, definition: str, name: str) -> list[Term]:
    """A flag, or the levels of a category with what is told of all of them together."""
    counts = strata.table(definition, name).astype(float)
    n0, n1 = counts[:, 0].sum(axis=-1), counts[:, 1].sum(axis=-1)
    said = by_definition(definition, name)
    whole = len(strata.levels(name)) > 2
    rows: list[Term] = []
    for at, of in told_levels(strata, name):
        rows += of_share(of, counts[:, 1, at], n1, counts[:, 0, at], n0, said, tested=not whole)
    if whole:
        apart = standardised_multinomial_difference(counts[:, 1], counts[:, 0])
        note = noted(apart.note, said)
        rows.append(Term(term("standardised_difference", name), *apart[:3], np.nan, n1 + n0, np.nan, note))
        test = homogeneity_test(counts)
        note = noted(np.where((n1 > 0) & (n0 > 0), test.note, EMPTY_GROUP), said)
        rows.append(Term(term("p", name), test.p_value, np.nan, np.nan, np.nan, n1 + n0, np.nan, note))
    return rows


def _of_number(strata: Strata, definition: str, name: str) -> list[Term]:
    """A number: means, their difference, its size in standard deviations, the shift, and who lies higher."""
    values, counts = strata.patterns(definition, name)
    has, x = values[..., 0], values[..., 1]
    one, zero = (moments(x, counts * (has == flag)) for flag in (1, 0))
    said = by_definition(definition, name)
    rows = [of_mean(measure, name, side, said) for measure, side in (("mean_with", one), ("mean_without", zero))]
    apart = welch_difference(one[1], one[2], one[0], zero[1], zero[2], zero[0])
    scaled = standardised_mean_difference(one[1], one[2], one[0], zero[1], zero[2], zero[0])
    shift = hodges_lehmann(written_out(x, counts * (has == 1)), written_out(x, counts * (has == 0)))
    first, second = ordered(x, np.stack([counts * (has == flag) for flag in (1, 0)], axis=1)).swapaxes(0, 1)
    higher = probability_of_superiority(first, second)
    n = one[0] + zero[0]
    ways = (
        ("mean_difference", apart.estimate, apart.low, apart.high, apart.std_error, apart.note),
        ("shift", shift.estimate, shift.low, shift.high, np.nan, shift.note),
        ("standardised_difference", *scaled[:3], np.nan, scaled.note),
        ("superiority", *higher[:3], np.nan, of_newcombe(higher.note)),
        ("p", apart.p_value, np.nan, np.nan, np.nan, apart.note),
    )
    return [
        *rows,
        *(
            Term(term(measure, name), estimate, low, high, error, n, np.nan, noted(note, said))
            for measure, estimate, low, high, error, note in ways
        ),
    ]
