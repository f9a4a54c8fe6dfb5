"""Settings of the estimators that know several sources of records, and of the association with Löfgren syndrome."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from sarcoid_epi.estimators.believing import at
from sarcoid_epi.estimators.sources import FIRST, SECOND, THIRD
from sarcoid_epi.simulation import cells
from sarcoid_epi.simulation.chance import Chance, Floats
from sarcoid_epi.simulation.setting import Draw, Drawn, Setting, as_believed, breaking, clinical
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

FEW_ON_LISTS = "few on both sources: numbers jump, and limits are generous or lie to one side of the truth"
BY_DRAWS = "the number on neither source is drawn about the observed one: few on both sources spoil it"
OVERLOOKED = (
    "few cases: the weights prefer models without dependence and overlook it; `met_least` is a lower bound only"
)
LATENT = "few of whom all sources speak: a flat likelihood, estimates at the edge"
RARE = "few on record with Löfgren syndrome: false records rule, and most draws of the belief are impossible"

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


def three(pairs: float = 1.0, triple: float = 1.0, true: float = 1.0) -> Draw:
    """Three sources that depend in pairs, or all at once."""

    def draw(share: Floats, chance: Chance) -> Drawn:
        world = cells.three_lists(HELD * share, (1.0, 0.8, 0.6), pairs, triple, true)
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
    pair = Setting("two_sources", TWO_LISTS, two(), FEW_ON_LISTS)
    plain = ("met", "met_lincoln_petersen")
    by_odds = [
        Setting("source_dependence", f"{TWO_LISTS}; odds ratio {odds:g}", two(odds, told=(odds,)), FEW_ON_LISTS)
        for odds in (0.25, 2.0, 8.0)
    ]
    drawn = Setting("believed_sources", f"{TWO_LISTS}; the rest drawn from the belief", believed(), BY_DRAWS, 0.2)
    triple = Setting("three_sources", THREE_LISTS, three(), OVERLOOKED, 0.5)
    in_pairs = f"{THREE_LISTS}; odds ratio 4 between the first two"
    latent = Setting("latent_sources", AGREEING, agreeing({}), LATENT, 0.3)
    ratio = Setting("bias_analysed_odds_ratio", LOFGREN, lofgren(), RARE, 0.15)
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
