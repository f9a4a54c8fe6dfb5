"""Settings of the estimators that know records only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sarcoid_epi.estimators.believing import at, detected, weighed
from sarcoid_epi.estimators.underdiagnosis import TARGETS
from sarcoid_epi.scenario import Belief
from sarcoid_epi.simulation import cells
from sarcoid_epi.simulation.chance import Chance, Floats
from sarcoid_epi.simulation.setting import (
    AT_LEAST,
    BETWEEN,
    EVENLY,
    Draw,
    Drawn,
    Reason,
    Setting,
    as_believed,
    breaking,
    clinical,
    instead,
)
from sarcoid_epi.strata import FLAG, TallyStrata

N = 2_000
RECORD = (("osseous_recorded", FLAG),)
BELIEVED = "records of 2 000; sensitivity about 0.2 (as 4 of 20) and specificity about 0.998, drawn from the belief"
RANGES = "records of 2 000; sensitivity 0.06 to 0.4 and specificity 0.99 to 1, anywhere in the ranges"
EVEN = f"{BELIEVED}; true shares drawn evenly"

HALF = "records find half of what is believed"
UNSPECIFIC = "specificity 0.99, 0.998 believed"

GENEROUS = Reason(
    "covers too much",
    "where records find little few are on record, and what chance and false records leave open holds the upper limit "
    "up: hardly any limits lie below the truth",
    "more patients",
    ("osseous",),
    0.02,
    "below",
)
SYSTEMATIC = Reason(
    "covers too little",
    "these limits leave out chance; the limits for the true share have it",
    "more patients",
    ("osseous_systematic",),
)
NO_TIP = Reason(
    "often no answer",
    "where fewer are on record than false records alone would be, no sensitivity leads to the target",
    "more patients",
    upto=0.01,
)


def _recorded(chance: Chance, share: Floats, se: Floats, sp: Floats) -> TallyStrata:
    return chance.drawn(N, cells.records(share, se, sp), RECORD)[0]


def believed_records(
    belief: Belief | None = None, correlation: float = 0.0, found: float = 1.0, specificity: float | None = None
) -> Draw:
    """Detection drawn from the belief, then broken: `found` of it is found, another specificity, moving together."""

    def draw(share: Floats, chance: Chance) -> Drawn:
        se, sp = as_believed(chance, correlation)
        se, sp = found * se, sp if specificity is None else np.full(sp.shape, specificity)
        on_record = share * se + (1 - share) * (1 - sp)
        truth = {
            "osseous": share, "osseous_systematic": share, "underdiagnosis": 1 - se, "missed": share * (1 - se),
            "record_true": share * se / on_record,
        }  # fmt: skip
        return Drawn(_recorded(chance, share, se, sp), truth, belief or clinical())

    return draw


def cascade(found: float = 1.0, specificity: float | None = None) -> Draw:
    """The steps of detection drawn from the belief; `found` of what is seen is written down as believed."""

    def draw(share: Floats, chance: Chance) -> Drawn:
        belief = clinical()
        assert belief.cascade is not None
        places = np.stack([chance(f"step {at}") for at in range(6)], axis=-1)
        parts = detected(belief.cascade, places)
        recorded = parts.recorded.sum(axis=-1)
        se = found * recorded
        sp = weighed(belief.specificity, chance("specificity"))
        sp = sp if specificity is None else np.full(sp.shape, specificity)
        truth = {
            "osseous": share, "underdiagnosis": 1 - se, "missed": share * (1 - se),
            "true_per_record": share / (share * se + (1 - share) * (1 - sp)),
            "never_imaged_symptomatic": parts.not_imaged[:, 0], "never_imaged_silent": parts.not_imaged[:, 1],
            "not_seen": parts.not_seen.sum(axis=-1), "not_written": parts.not_written.sum(axis=-1) + recorded - se,
        }  # fmt: skip
        return Drawn(_recorded(chance, share, se, sp), truth, belief)

    return draw


def people(found: float = 1.0, referred: float = 1.0) -> Draw:
    """Detection and occurrence drawn from the belief; the population holds `referred` of the patients' share."""

    def draw(share: Floats, chance: Chance) -> Drawn:
        belief = clinical()
        assert belief.occurrence is not None
        se, sp = as_believed(chance)
        se = found * se
        everybody = belief.occurrence.population.value * at(belief.occurrence.prevalence, chance("occurrence")) / 1e5
        truth = {
            "people_with_sarcoidosis": everybody, "osseous": share, "underdiagnosis": 1 - se,
            "people_unrecorded": everybody * referred * share * (1 - se),
        }  # fmt: skip
        return Drawn(_recorded(chance, share, se, sp), truth, belief)

    return draw


def somewhere(beyond: float | None = None) -> Draw:
    """Detection anywhere in the believed ranges, or a sensitivity beyond its own."""

    def draw(share: Floats, chance: Chance) -> Drawn:
        se, sp = 0.06 + 0.34 * chance("sensitivity"), 0.99 + 0.01 * chance("specificity")
        se = se if beyond is None else np.full(se.shape, beyond)
        return Drawn(_recorded(chance, share, se, sp), {BETWEEN: share}, clinical())

    return draw


def tipping(specificity: float = 0.998) -> Draw:
    """Sensitivity 0.2; the tipping values are those of the share on record that follows, where they are shares."""

    def draw(share: Floats, chance: Chance) -> Drawn:
        se, sp = np.full(1, 0.2), np.full(1, specificity)
        on_record = share * se + (1 - share) * (1 - sp)
        truth = {f"tipping_{100 * to:g}": (on_record - (1 - to) * (1 - sp)) / to for to in TARGETS}
        truth = {name: tip for name, tip in truth.items() if 0 < tip[0] < 1}
        return Drawn(_recorded(chance, share, se, sp), truth, clinical())

    return draw


def settings() -> tuple[Setting, ...]:
    """All of them; of each estimator its own assumptions first."""
    corrected = Setting("corrected_prevalence", BELIEVED, believed_records(), (GENEROUS,))
    bayes = Setting("believed_prevalence", BELIEVED, believed_records(), part=0.2)
    steps = Setting("detection_cascade", BELIEVED, cascade(), part=0.2)
    analysed = Setting("bias_analysed_prevalence", BELIEVED, believed_records(correlation=-0.3), (GENEROUS, SYSTEMATIC))
    possible = Setting("possible_prevalence", RANGES, somewhere(), claims=AT_LEAST)
    of_tip = "records of 2 000; sensitivity 0.2, specificity 0.998"
    tip = Setting("tipping_detection", of_tip, tipping(), (NO_TIP,))
    told = Setting("burden", BELIEVED, people(), part=0.2)
    heavy, apart = instead(sensitivity__n=200, specificity__n=10_000), instead(together__correlation=0.0)
    missed = ("osseous", "underdiagnosis", "missed")
    return (
        corrected,
        breaking(corrected, HALF, believed_records(found=0.5), low=["osseous"]),
        breaking(corrected, UNSPECIFIC, believed_records(specificity=0.99), high=["osseous"]),
        bayes,
        replace(bayes, design=EVEN, shares=EVENLY),
        breaking(bayes, HALF, believed_records(found=0.5), low=missed),
        breaking(bayes, UNSPECIFIC, believed_records(specificity=0.99), high=["osseous", "missed", "record_true"]),
        steps,
        replace(steps, design=EVEN, shares=EVENLY),
        breaking(steps, HALF, cascade(found=0.5), low=[*missed, "true_per_record", "not_written"]),
        breaking(steps, UNSPECIFIC, cascade(specificity=0.99), high=["osseous", "missed", "true_per_record"]),
        analysed,
        breaking(analysed, HALF, believed_records(found=0.5, correlation=-0.3), low=["osseous"]),
        breaking(analysed, UNSPECIFIC, believed_records(specificity=0.99), high=["osseous"]),
        breaking(analysed, "believed with ten times the weight", believed_records(heavy, -0.3), narrow=["osseous"]),
        breaking(analysed, "believed independent, correlated -0.8", believed_records(apart, -0.8), narrow=["osseous"]),
        possible,
        breaking(possible, "sensitivity 0.03, at least 0.06 believed", somewhere(0.03), low=[BETWEEN]),
        tip,
        breaking(tip, UNSPECIFIC, tipping(0.99), high=["tipping_2", "tipping_5", "tipping_10", "tipping_15"]),
        told,
        replace(told, design=EVEN, shares=EVENLY),
        breaking(told, HALF, people(found=0.5), low=["osseous", "underdiagnosis", "people_unrecorded"]),
        breaking(
            told,
            "the patients have twice the share of the population",
            people(referred=0.5),
            high=["people_unrecorded"],
        ),
    )
