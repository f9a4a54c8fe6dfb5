"""Settings of the estimators that know several sources of records, and of the association with Löfgren syndrome."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from sarcoid_epi.estimators.believing import at
from sarcoid_epi.estimators.sources import FIRST, SECOND, THIRD
from sarcoid_epi.simulation import cells
from sarcoid_epi.simulation.chance import Chance, Floats
from sarcoid_epi.simulation.setting import Draw, Drawn, Reason, Setting, as_believed, breaking, clinical
from sarcoid_epi.strata import FLAG

N = 5_000

#: Share of the true cases that any source could hold: somebody looked.
HELD = 0.4

TWO = ((FIRST, FLAG), (SECOND, FLAG), ("bone_pain", FLAG))
THREE = ((FIRST, FLAG), (SECOND, FLAG), (THIRD, FLAG))

TWO_LISTS = "5 000 patients; sources could hold 40 % of the true cases, and hold 50 and 40 % of these"
THREE_LISTS = "5 000 patients; sources could hold 40 % of the true cases, and hold about half of these each"
AGREEING = "5 000 patients; sources could hold 40 % of the true cases; they find 60, 50 and 40 % of these"
LOFGREN = "20 000 patients; Löfgren syndrome in 20 %, odds ratio 0.5; detection drawn from the belief"

FALSE = "one record in ten is false"

NO_OVERLAP = Reason(
    "often no answer",
    "few cases: nobody is on both sources, or one source lacks nobody of the other: no number, or no limits",
    "more patients",
    upto=0.01,
)
HOLDS_ALL = Reason(
    "covers too little",
    "few cases: where one source happens to hold all patients of the other, or nearly all, hardly anybody seems to be "
    "missing, and the upper limit lies too low",
    "more patients",
    upto=0.02,
    side="below",
)
FEW_ON_BOTH = Reason(
    "covers too little",
    "few cases: of one or two patients on both sources in a stratum the limits, by a log-normal law, are off to either "
    "side, and never reach down to the number seen, though nobody may be missing",
    "more patients",
    ("met_by_pain",),
    0.01,
)
DRAWN_ABOUT = Reason(
    "covers too little",
    "few on both sources: the number on neither is drawn about the observed one, and with one or two on both that is "
    "far too high too often",
    "more patients",
    upto=0.01,
    side="above",
)
ALL_SEEN = Reason(
    "covers too little",
    "few cases: all of them may be seen, and the lower limit, by a log-normal law, always lies above the number seen",
    "more patients",
    upto=0.01,
    side="above",
)
HIGH_BOUND = Reason(
    "covers too little",
    "few cases: the bound is a square over a small count and comes out too high on average, and its lower limit too",
    "more patients",
    ("met_least",),
    0.05,
    "above",
)
NO_MODEL = Reason(
    "often no answer", "few cases: no model gives a number, for too many cells are empty", "more patients", upto=0.005
)
NO_LIMITS = Reason(
    "often no answer",
    "few cases: an estimate comes out at 0 or 1, where it has no limits, or no maximum is found",
    "more patients",
    upto=0.01,
)
TAKEN_AS_KNOWN = Reason(
    "covers too little",
    "few cases: another of the estimates came out at 0 or 1 and is taken as known, so that limits are too narrow",
    "more patients",
    upto=0.02,
)

EQUAL, SHARED = ((0.5, 0.4), (0.5, 0.4)), ((0.25, 0.2), (0.75, 0.6))


def two(
    odds: float = 1.0,
    chances: tuple[tuple[float, float], tuple[float, float]] = EQUAL,
    true: float = 1.0,
    told: tuple[float, ...] = (),
    meant: Literal["these", "such", "true"] = "these",
) -> Draw:
    """Two sources; `told` are the odds of the answers of `source_dependence` that are asked for.

    What is `meant` is the share in these very patients, in all such patients, or the true share whether or not looked.
    """

    def draw(share: Floats, chance: Chance) -> Drawn:
        met = HELD * share
        strata, these = chance.drawn(N, cells.two_lists(met, chances, odds, true), TWO)
        names = ("met", "met_lincoln_petersen", "met_by_pain", *(f"met_odds_{ratio:g}" for ratio in told))
        return Drawn(strata, dict.fromkeys(names, {"these": these, "such": met, "true": share}[meant]))

    return draw


def believed(odds: float | None = None, true: float | None = None) -> Draw:
    """Two sources, odds ratio and true share of their records drawn from the belief unless they are given."""

    def draw(share: Floats, chance: Chance) -> Drawn:
        belief = clinical()
        assert belief.sources is not None
        met = HELD * share
        ratio = at(belief.sources.odds_ratio, chance("odds")) if odds is None else np.full(1, odds)
        right = at(belief.sources.predictive, chance("true")) if true is None else np.full(1, true)
        strata, these = chance.drawn(N, cells.two_lists(met, EQUAL, ratio, right), TWO)
        return Drawn(strata, {"met": these}, belief)

    return draw


def three(
    pairs: float = 1.0,
    triple: float = 1.0,
    true: float = 1.0,
    reach: tuple[float, float, float] = (0.8, 0.8, 0.8),
) -> Draw:
    """Three sources that depend in pairs, or all at once; `reach` are the odds of a case to be on each."""

    def draw(share: Floats, chance: Chance) -> Drawn:
        world = cells.three_lists(HELD * share, reach, pairs, triple, true)
        strata, these = chance.drawn(N, world, THREE)
        return Drawn(strata, dict.fromkeys(("met", "met_by_aic", "met_least"), these))

    return draw


def agreeing(dependence: dict[tuple[int, int], float]) -> Draw:
    """Three sources that err, in both directions."""
    se, sp = (0.6, 0.5, 0.4), (0.999, 0.995, 0.99)

    def draw(share: Floats, chance: Chance) -> Drawn:
        met = HELD * share
        strata, _ = chance.drawn(N, cells.tests(met, se, sp, dependence), THREE)
        names = ("clinic_list", "radiology_text", "codes")
        truth = {f"sensitivity_{name}": value for name, value in zip(names, se, strict=True)}
        return Drawn(strata, {"met": met} | truth)

    return draw


def lofgren(found: float = 1.0) -> Draw:
    """Osseous disease with Löfgren syndrome and without; in those with it `found` of the detection."""
    axes = (("lofgren_broad", FLAG), ("osseous_recorded", FLAG))
    well, ratio = 0.2, 0.5
    ill = ratio * well / (1 - well + ratio * well)

    def draw(share: Floats, chance: Chance) -> Drawn:
        se, sp = as_believed(chance, -0.3)
        without = np.array([1 - well, well])[:, None] * cells.flag(1 - sp)[:, None, :]
        with_disease = np.stack([(1 - ill) * cells.flag(se), ill * cells.flag(found * se)], axis=1)
        world = cells.by_disease(share, without, with_disease)
        seen = world.sum(axis=1)
        odds = seen[..., 1] / seen[..., 0]
        truth = {"odds_ratio_corrected": ratio, "odds_ratio_recorded": odds[:, 1] / odds[:, 0]}
        return Drawn(chance.drawn(20_000, world, axes)[0], truth, clinical())

    return draw


def settings() -> tuple[Setting, ...]:
    """All of them; of each estimator its own assumptions first."""
    few = NO_OVERLAP, FEW_ON_BOTH, HOLDS_ALL
    pair = Setting("two_sources", TWO_LISTS, two(), few)
    plain = ("met", "met_lincoln_petersen")
    by_odds = [
        Setting("source_dependence", f"{TWO_LISTS}; odds ratio {odds:g}", two(odds, told=(odds,)), few)
        for odds in (0.25, 2.0, 8.0)
    ]
    of_belief = f"{TWO_LISTS}; the rest drawn from the belief"
    drawn = Setting("believed_sources", of_belief, believed(), (NO_OVERLAP, DRAWN_ABOUT), 0.2)
    triple = Setting(
        "three_sources",
        THREE_LISTS,
        three(),
        (NO_MODEL, ALL_SEEN, HIGH_BOUND),
        0.5,
        claims={"met_least": "lower limit"},
    )
    in_pairs = f"{THREE_LISTS}; odds ratio 4 between the first two"
    latent = Setting("latent_sources", AGREEING, agreeing({}), (NO_LIMITS, TAKEN_AS_KNOWN), 0.3)
    ratio = Setting("bias_analysed_odds_ratio", LOFGREN, lofgren(), part=0.15)
    return (
        pair,
        breaking(pair, "odds ratio 4 between the sources", two(4.0), low=plain),
        breaking(pair, "odds ratio 1/4 between the sources", two(0.25), high=plain),
        breaking(pair, "bone pain brings patients into both", two(chances=SHARED), low=plain, unharmed=["met_by_pain"]),
        breaking(pair, FALSE, two(true=0.9), high=plain),
        breaking(pair, "taken for the share in all such patients", two(meant="such"), narrow=plain),
        breaking(pair, "taken for the true share", two(meant="true"), low=plain),
        *by_odds,
        breaking(
            replace(by_odds[0], design=TWO_LISTS),
            "independent sources",
            two(told=(0.25, 2.0, 8.0)),
            low=["met_odds_0.25"],
            high=["met_odds_2", "met_odds_8"],
        ),
        drawn,
        breaking(drawn, "odds ratio 20, at most 8 believed", believed(odds=20.0), low=["met"], part=0.1),
        breaking(drawn, "half of the records false, 30 % at most believed", believed(true=0.5), high=["met"], part=0.1),
        triple,
        replace(triple, design=in_pairs, draw=three(pairs=4.0)),
        breaking(triple, "all three depend, ratio of odds ratios 6", three(triple=6.0), high=["met"]),
        breaking(triple, "all three depend, ratio of odds ratios 1/6", three(triple=1 / 6), low=["met"]),
        breaking(triple, FALSE, three(true=0.9), high=["met"]),
        breaking(triple, "one source reaches far more, one far less", three(reach=(4.0, 0.8, 0.1)), high=["met_least"]),
        latent,
        breaking(
            latent,
            "found by both first sources: odds ratio 6",
            agreeing({(0, 1): 6.0}),
            low=["met"],
            high=["sensitivity_clinic_list", "sensitivity_radiology_text"],
        ),
        ratio,
        breaking(
            ratio,
            "with Löfgren syndrome records find half as many",
            lofgren(0.5),
            low=["odds_ratio_corrected"],
            part=0.1,
        ),
    )
