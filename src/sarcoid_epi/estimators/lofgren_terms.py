"""What Löfgren patients are compared in, and the terms of a comparison: shares, means, contrasts, p values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimators.declare import Floats, Term
from sarcoid_epi.measures import term
from sarcoid_epi.stats.contrast import score_test
from sarcoid_epi.stats.exact_odds_ratio import exact_odds_ratio
from sarcoid_epi.stats.interval import normal_quantile
from sarcoid_epi.stats.multiplicity import benjamini_hochberg, holm
from sarcoid_epi.stats.odds_ratio import score_odds_ratio
from sarcoid_epi.stats.proportion import wilson
from sarcoid_epi.stats.risk_difference import score_difference
from sarcoid_epi.stats.risk_ratio import score_ratio
from sarcoid_epi.stats.standardised_difference import standardised_risk_difference
from sarcoid_epi.stats.two_samples import EMPTY_GROUP, Contrast
from sarcoid_epi.strata import FLAG, Counts, Strata
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

#: What a definition is made of, or follows from it: a contrast there says what was defined. Who was found by chance had
#: no symptoms, and so no Löfgren syndrome.
DEFINITIONAL = {
    "lofgren_broad": (
        "erythema_nodosum", "ankle_periarthritis", "bilateral_hilar_lymphadenopathy", "scadding_stage", "joint",
        "incidental_finding",
    ),
    "lofgren_strict": (
        "erythema_nodosum", "arthritis", "bilateral_hilar_lymphadenopathy", "scadding_stage", "joint",
        "incidental_finding",
    ),
}  # fmt: skip
BY_DEFINITION = "definitional: Löfgren syndrome is defined by it"

NOBODY_THERE = "nobody of this kind in whom it is known"
EXACT = "exact p (Fisher): fewer than one patient expected in a cell"


def is_number(name: str) -> bool:
    """Whether a characteristic is a number."""
    return PATIENT_BY_NAME[name].kind in ("integer", "number")


def noted(note: NDArray[np.str_] | str, said: str) -> NDArray[np.str_]:
    """A note, with a word before it where a contrast is one of definitions."""
    return np.array(["; ".join(filter(None, (said, str(one)))) for one in np.atleast_1d(note)])


def by_definition(definition: str, name: str) -> str:
    """The word on a characteristic that the definition is made of, or nothing."""
    return BY_DEFINITION if name in DEFINITIONAL[definition] else ""


def told_levels(strata: Strata, name: str) -> list[tuple[int, str]]:
    """The levels of a flag or category that are told, by place and name: of two, the second says it all."""
    levels = strata.levels(name)
    if levels == FLAG:
        return [(1, name)]
    return [(at, f"{name}={levels[at]}") for at in range(len(levels) == 2, len(levels))]


def shared(name: str, events: Floats | Counts, n: Floats | Counts, said: str = "") -> Term:
    """A share with Wilson limits, or a note where there is nobody."""
    low, high = wilson(events, n)
    share = np.divide(events, n, out=np.full(n.shape, np.nan), where=n > 0)
    return Term(name, share, low, high, np.nan, n, events, noted(np.where(n > 0, "", NOBODY_THERE), said))


def of_share(
    of: str, x1: Floats, n1: Floats, x0: Floats, n0: Floats, said: str = "", tested: bool = True
) -> list[Term]:
    """Two shares and all that is told of their difference, with p if there is no other test of the characteristic."""
    rows = [
        shared(term("share_with", of), x1, n1, said), shared(term("share_without", of), x0, n0, said)
    ]  # fmt: skip
    ways: tuple[tuple[str, Contrast], ...] = (
        ("risk_difference", score_difference(x1, n1, x0, n0)),
        ("risk_ratio", score_ratio(x1, n1, x0, n0)),
        ("odds_ratio", score_odds_ratio(x1, n1, x0, n0)),
        ("standardised_difference", Contrast._make(standardised_risk_difference(x1, n1, x0, n0))),
    )
    both = n1 + n0, x1 + x0
    for measure, contrast in ways:
        note = noted(contrast.note, said)
        rows.append(Term(term(measure, of), contrast.estimate, contrast.low, contrast.high, np.nan, *both, note))
    if tested:
        p, note = _tested(x1, n1, x0, n0)
        rows.append(Term(term("p", of), p, np.nan, np.nan, np.nan, *both, noted(note, said)))
    return rows


def _tested(x1: Floats, n1: Floats, x0: Floats, n0: Floats) -> tuple[Floats, NDArray[np.str_]]:
    """p of the score test, or, where fewer than one patient is expected in a cell, of Fisher's [campbell2007]."""
    p = np.array(score_test(x1, n1, x0, n0).p_value)
    yes, total = x1 + x0, n1 + n0
    least = np.minimum(yes, total - yes) * np.minimum(n1, n0) < total
    sparse = np.flatnonzero(least & (n1 > 0) & (n0 > 0) & (yes > 0) & (yes < total))
    p[sparse] = exact_odds_ratio(x1[sparse], n1[sparse], x0[sparse], n0[sparse]).fisher_p_value
    note = np.where((n1 > 0) & (n0 > 0), "", EMPTY_GROUP).astype(object)
    note[sparse] = EXACT
    return p, note


def of_newcombe(note: NDArray[np.str_]) -> NDArray[np.str_]:
    """What bears on Newcombe's limits; those of Brunner and Munzel, of which notes speak too, are not told."""
    return np.where(np.char.find(np.asarray(note, dtype=str), "Brunner") < 0, note, "")


Moments = tuple[Floats, Floats, Floats]


def moments(x: Floats, counts: Floats) -> Moments:
    """n, mean and standard deviation of values with counts, by group."""
    n = counts.sum(axis=-1).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (counts * x).sum(axis=-1) / n
        squares = (counts * (x - mean[:, None]) ** 2).sum(axis=-1)
        return n, mean, np.sqrt(squares / np.where(n > 1, n - 1, np.nan))


def of_mean(measure: str, name: str, side: Moments, said: str = "") -> Term:
    """A mean with its normal limits; its standard error times the root of n is the standard deviation."""
    n, mean, sd = side
    with np.errstate(divide="ignore", invalid="ignore"):
        error = sd / np.sqrt(n)
    reach = normal_quantile(0.95) * error
    note = noted(np.select([n == 0, n == 1], [NOBODY_THERE, "one patient: no limits"], ""), said)
    return Term(term(measure, name), mean, mean - reach, mean + reach, error, n, np.nan, note)


def written_out(x: Floats, counts: Floats) -> Floats:
    """Every patient's value, a row for each group, filled up with NaN."""
    many = np.asarray(counts, dtype=np.int64)
    group, at = np.nonzero(many)
    values = np.repeat(np.broadcast_to(x, many.shape)[group, at], many[group, at])
    owner = np.repeat(group, many[group, at])
    sizes = many.sum(axis=-1)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    written = np.full((len(many), max(int(sizes.max(initial=0)), 1)), np.nan)
    written[owner, place] = values
    return written


def ordered(x: Floats, counts: Floats) -> Floats:
    """Counts over the values in rising order, by group and side, (G, sides, values); values of other groups count 0.

    `x` has shape (P,) or (G, P), `counts` (G, sides, P).
    """
    groups, sides, _ = counts.shape
    present, place = np.unique(np.broadcast_to(x, (groups, counts.shape[-1])), return_inverse=True)
    row = np.arange(groups * sides).reshape(groups, sides, 1) * len(present)
    cell = row + place.reshape(groups, 1, -1)
    whole = np.bincount(cell.ravel(), counts.ravel(), groups * sides * len(present))
    return whole.reshape(groups, sides, len(present)).astype(float)


def corrected(found: list[Term], measure: str, defined: tuple[str, ...] = ()) -> list[Term]:
    """p values corrected for how many there are; what the definition is made of is not among them."""
    tested = [row for row in found if row.name.startswith(f"{measure}[")]
    apart = [row.name.partition("[")[2].rstrip("]").partition("=")[0] in defined for row in tested]
    p = np.stack(
        [np.full_like(row.estimate, np.nan) if out else row.estimate for row, out in zip(tested, apart, strict=True)],
        axis=-1,
    )
    ways = ((f"{measure}_holm", holm(p)), (f"{measure}_bh", benjamini_hochberg(p)))
    return [
        Term(f"{way}{row.name[len(measure) :]}", values[:, at], np.nan, np.nan, np.nan, row.n, row.events, row.note)
        for way, values in ways
        for at, row in enumerate(tested)
    ]
