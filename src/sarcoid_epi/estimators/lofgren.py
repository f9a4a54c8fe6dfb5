"""How patients with Löfgren syndrome differ: every characteristic, by either definition, as contrasts with limits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimands import CONTRAST
from sarcoid_epi.estimators.declare import Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.measures import term
from sarcoid_epi.stats.contrast import score_test
from sarcoid_epi.stats.interval import normal_quantile
from sarcoid_epi.stats.location import welch_difference
from sarcoid_epi.stats.multiplicity import benjamini_hochberg, holm
from sarcoid_epi.stats.odds_ratio import score_odds_ratio
from sarcoid_epi.stats.proportion import wilson
from sarcoid_epi.stats.risk_difference import score_difference
from sarcoid_epi.stats.risk_ratio import score_ratio
from sarcoid_epi.stats.standardised_difference import (
    standardised_mean_difference,
    standardised_multinomial_difference,
    standardised_risk_difference,
)
from sarcoid_epi.stats.superiority import probability_of_superiority
from sarcoid_epi.stats.two_samples import Contrast
from sarcoid_epi.strata import FLAG, Strata
from sarcoid_epi.vocabulary import ORGANS, PATIENT_BY_NAME

#: What patients are compared in, as far as there is a column for it.
CHARACTERISTICS = (
    "sex", "ancestry", "age_at_diagnosis", "age_at_onset", "hla_drb1_03",
    "incidental_finding", "fever", "cough", "arthritis", "erythema_nodosum", "ankle_periarthritis",
    "scadding_stage", "bilateral_hilar_lymphadenopathy",
    *ORGANS, "n_organs", "lupus_pernio", "extrathoracic_nodes", "joint", "chronic_back_pain", "bone_pain",
    "serum_calcium_mmol_l", "hypercalcaemia", "hypercalciuria", "ace_u_l",
    "systemic_therapy", "methotrexate", "tnf_inhibitor", "osseous_recorded", "remission", "relapse",
)  # fmt: skip

#: What a definition is made of, or follows from it: a contrast there says what was defined.
DEFINITIONAL = {
    "lofgren_broad": ("erythema_nodosum", "ankle_periarthritis", "bilateral_hilar_lymphadenopathy", "scadding_stage"),
    "lofgren_strict": ("erythema_nodosum", "arthritis", "bilateral_hilar_lymphadenopathy", "scadding_stage", "joint"),
}
BY_DEFINITION = "definitional: Löfgren syndrome is defined by it"

NOBODY_THERE = "nobody of this kind in whom it is known"


@estimator(
    question="lofgren",
    estimand=CONTRAST,
    needs=("lofgren_broad",),
    references=(
        "miettinen1985", "koopman1984", "wilson1927", "welch1947", "yang2012", "holm1979", "benjamini1995",
    ),
    rests="the broad definition: hilar nodes with erythema nodosum or periarticular ankles",
)  # fmt: skip
def broad_contrasts(strata: Strata) -> Answers:
    """Löfgren syndrome (broad definition) against no Löfgren syndrome, characteristic by characteristic.

    Of flags and levels: the share with and without Löfgren syndrome (Wilson), their difference (Miettinen-Nurminen),
    ratio (Koopman) and odds ratio (score limits), the standardised difference, and p of the score test. Of numbers: the
    two means, their difference (Welch), the standardised difference, the chance that a Löfgren patient lies higher
    (Mann-Whitney, Newcombe's limits) and p of Welch's test. Of categories also the standardised difference of all
    levels together (Yang-Dalton). p values are given as they are, and for all characteristics together by Holm and by
    Benjamini-Hochberg, where what the definition is made of counts for nothing.

    Parameters
    ----------
    strata : Strata
        With the flag `lofgren_broad`, and whatever characteristics there are.

    Returns
    -------
    Answers
        Each measure in its unit, shape (groups, terms); a term is `measure[variable]` or `measure[variable=level]`. The
        n and events of a share are its own; of a contrast, those of both groups.

    Assumes
    -------
    Patients are independent, and those in whom a characteristic is missing are like the others. The contrasts describe
    the patients of this cohort: where Löfgren patients are referred less often, or only when ill, they differ from
    those of all patients.

    References
    ----------
    miettinen1985, koopman1984, wilson1927, welch1947, yang2012, holm1979, benjamini1995
    """
    return contrasts(strata, "lofgren_broad")


@estimator(
    question="lofgren",
    estimand=CONTRAST,
    needs=("lofgren_strict",),
    references=(
        "miettinen1985", "koopman1984", "wilson1927", "welch1947", "yang2012", "holm1979", "benjamini1995",
    ),
    rests="the strict definition: hilar nodes, erythema nodosum and arthritis",
)  # fmt: skip
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
    miettinen1985, koopman1984, wilson1927, welch1947, yang2012, holm1979, benjamini1995
    """
    return contrasts(strata, "lofgren_strict")


def contrasts(strata: Strata, definition: str) -> Answers:
    """Every characteristic there is, between those with a flag and those without, and p values corrected for all."""
    there = [name for name in CHARACTERISTICS if name in strata.columns]
    found = [
        row
        for name in there
        for row in (_of_number(strata, definition, name) if _is_number(name) else _of_levels(strata, definition, name))
    ]
    if not found:
        return silent([], len(strata.labels), "")
    return answers_of(*found, *_corrected(found, definition))


def _is_number(name: str) -> bool:
    return PATIENT_BY_NAME[name].kind in ("integer", "number")


def _noted(note: NDArray[np.str_] | str, definition: str, name: str) -> NDArray[np.str_]:
    """A note with a word on what the definition is made of."""
    said = BY_DEFINITION if name in DEFINITIONAL[definition] else ""
    return np.array(["; ".join(filter(None, (said, str(one)))) for one in np.atleast_1d(note)])


def _of_levels(strata: Strata, definition: str, name: str) -> list[Term]:
    """A flag, or the levels of a category (of two levels the second says it all)."""
    counts = strata.table(definition, name).astype(float)
    n0, n1 = counts[:, 0].sum(axis=-1), counts[:, 1].sum(axis=-1)
    levels = strata.levels(name)
    rows: list[Term] = []
    for at in range(len(levels) == 2, len(levels)):
        of = name if levels == FLAG else f"{name}={levels[at]}"
        rows += _of_share(of, definition, name, counts[:, 1, at], n1, counts[:, 0, at], n0)
    if len(levels) > 2:
        whole = standardised_multinomial_difference(counts[:, 1], counts[:, 0])
        note = _noted(whole.note, definition, name)
        rows.append(_term("standardised_difference", name, *whole[:3], n1 + n0, np.nan, note))
    return rows


def _of_share(of: str, definition: str, name: str, x1: Floats, n1: Floats, x0: Floats, n0: Floats) -> list[Term]:
    rows = []
    for measure, x, n in (("share_with", x1, n1), ("share_without", x0, n0)):
        low, high = wilson(x, n)
        with np.errstate(invalid="ignore"):
            share = x / np.where(n > 0, n, np.nan)
        rows.append(
            _term(measure, of, share, low, high, n, x, _noted(np.where(n > 0, "", NOBODY_THERE), definition, name))
        )
    ways: tuple[tuple[str, Contrast], ...] = (
        ("risk_difference", score_difference(x1, n1, x0, n0)),
        ("risk_ratio", score_ratio(x1, n1, x0, n0)),
        ("odds_ratio", score_odds_ratio(x1, n1, x0, n0)),
    )
    for measure, contrast in ways:
        estimate = np.where(np.isfinite(contrast.estimate), contrast.estimate, np.nan)
        note = _noted(contrast.note, definition, name)
        rows.append(Term(term(measure, of), estimate, contrast.low, contrast.high, np.nan, n1 + n0, x1 + x0, note))
    apart = standardised_risk_difference(x1, n1, x0, n0)
    rows.append(
        _term("standardised_difference", of, *apart[:3], n1 + n0, x1 + x0, _noted(apart.note, definition, name))
    )
    p = score_test(x1, n1, x0, n0).p_value
    rows.append(_term("p", of, p, np.nan, np.nan, n1 + n0, x1 + x0, _noted("", definition, name)))
    return rows


def _of_number(strata: Strata, definition: str, name: str) -> list[Term]:
    """A number: means, their difference, its size in standard deviations, and who lies higher."""
    one, zero = _split(strata, definition, name)
    rows = []
    for measure, (n, mean, sd) in (("mean_with", one), ("mean_without", zero)):
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = normal_quantile(0.95) * sd / np.sqrt(n)
        note = _noted(np.where(n > 0, "", NOBODY_THERE), definition, name)
        rows.append(_term(measure, name, mean, mean - reach, mean + reach, n, np.nan, note))
    apart = welch_difference(one[1], one[2], one[0], zero[1], zero[2], zero[0])
    n = one[0] + zero[0]
    note = _noted(apart.note, definition, name)
    rows.append(
        Term(term("mean_difference", name), apart.estimate, apart.low, apart.high, apart.std_error, n, np.nan, note)
    )
    scaled = standardised_mean_difference(one[1], one[2], one[0], zero[1], zero[2], zero[0])
    rows.append(_term("standardised_difference", name, *scaled[:3], n, np.nan, _noted(scaled.note, definition, name)))
    higher = probability_of_superiority(*_ordered(strata, definition, name))
    rows.append(_term("superiority", name, *higher[:3], n, np.nan, _noted(higher.note, definition, name)))
    rows.append(_term("p", name, apart.p_value, np.nan, np.nan, n, np.nan, note))
    return rows


Moments = tuple[Floats, Floats, Floats]


def _split(strata: Strata, definition: str, name: str) -> tuple[Moments, Moments]:
    """n, mean and standard deviation with the flag and without, by group."""
    values, counts = strata.patterns(definition, name)
    has, x = values[..., 0], values[..., 1]
    return _moments(x, counts * (has == 1)), _moments(x, counts * (has == 0))


def _moments(x: Floats, counts: Floats) -> Moments:
    n = counts.sum(axis=-1).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (counts * x).sum(axis=-1) / n
        squares = (counts * (x - mean[:, None]) ** 2).sum(axis=-1)
        return n, mean, np.sqrt(squares / np.where(n > 1, n - 1, np.nan))


def _ordered(strata: Strata, definition: str, name: str) -> tuple[Floats, Floats]:
    """Counts over the values in rising order, with the flag and without, by group; the others' values count 0."""
    values, counts = strata.patterns(definition, name)
    wide = np.broadcast_to(values, (len(counts), *values.shape[-2:]))
    present, place = np.unique(wide[..., 1], return_inverse=True)
    place = place.reshape(counts.shape)
    group = np.arange(len(counts))[:, None] * len(present)
    whole = len(counts) * len(present)
    sides = (np.bincount((group + place).ravel(), (counts * (wide[..., 0] == flag)).ravel(), whole) for flag in (1, 0))
    one, zero = (side.reshape(len(counts), len(present)).astype(float) for side in sides)
    return one, zero


def _term(
    measure: str, of: str, estimate: Floats, low: object, high: object, n: Floats, events: object, note: object
) -> Term:
    return Term(term(measure, of), estimate, low, high, np.nan, n, events, note)


def _corrected(found: list[Term], definition: str) -> list[Term]:
    """p values corrected for how many there are; what the definition is made of is not tested."""
    tested = [row for row in found if row.name.startswith("p[")]
    p = np.stack([np.where(_defined(row, definition), np.nan, row.estimate) for row in tested], axis=-1)
    ways = (("p_holm", holm(p)), ("p_bh", benjamini_hochberg(p)))
    return [
        Term(f"{measure}{row.name[1:]}", values[:, at], np.nan, np.nan, np.nan, row.n, row.events, row.note)
        for measure, values in ways
        for at, row in enumerate(tested)
    ]


def _defined(row: Term, definition: str) -> bool:
    return row.name[2:-1].partition("=")[0] in DEFINITIONAL[definition]
