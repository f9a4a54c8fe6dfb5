"""Settings of the estimators that know readings of some patients, at will or for the sake of a study."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sarcoid_epi.estimators.sources import FIRST, SECOND, THIRD
from sarcoid_epi.estimators.unlabelled import SCAN
from sarcoid_epi.estimators.verified import SUBSTUDY
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
)
from sarcoid_epi.strata import FLAG

AXES = ((SUBSTUDY[0], ("low", "high")), (SUBSTUDY[1], FLAG), (SUBSTUDY[2], FLAG))
READ = (("reading_fdg_pet", FLAG),)

IMAGED = "2 000 patients, FDG-PET of 35 % of those without disease and of more with it"
EXAMINED = "2 000 patients, some 300 and 100 of two strata scanned for the study; record finds 10 and 30 % in them"
ALIKE = "2 000 patients, some 300 and 100 of two strata scanned; record 0.2 and 0.998, scan 0.85 and 0.97"
ALIKE_MANY = "20 000 patients, some 3 000 and 1 000 of two strata scanned; record 0.2 and 0.998, scan 0.85 and 0.97"
BELIEVED = "2 000 patients, some 300 and 100 of two strata scanned; record drawn from the belief"
FOUR = "{} scanned for the study; lists find 25, 25 and 20 %, the scan 85 %; odds ratio 3 between the first two lists"

BLIND_PARTLY = "scan finds 85 % of the diseased"
UNSPECIFIC_SCAN = "scan of specificity 0.97"
CHOSEN = "odds of disease twice as high in those not examined"
DEPENDENT = "found by both: odds ratio 6 among the diseased"
UNLIKE = "record finds 10 % in one stratum and 30 % in the other"

BLIND, UNSPECIFIC = (0.85, 1.0), (1.0, 0.97)
RECORD, RECORD_ALIKE, SCANNER = (0.1, 0.3, 0.998), (0.2, 0.2, 0.998), (0.85, 0.97)

UNVERIFIED = Reason(
    "often no answer",
    "patients are on record, but none of them was among the scanned: nothing says how many of the records are true",
    "more patients",
)
NO_LIMITS = Reason(
    "often no answer",
    "few of the diseased were scanned: an estimate comes out at 0 or 1, where it has no limits, or no maximum is found",
    "more patients",
)
#: Half of the replicates without an estimate at an edge cover too little too: it is the choice that does it.
ONLY_THE_LOW = Reason(
    "covers too little",
    "estimates that come out at 1 have no limits and are no answers; those left have come out low, and their limits "
    "lie below the truth",
    "more patients",
    ("record_specificity", "scan_sensitivity", "scan_specificity"),
    side="below",
)
TAKEN_AS_KNOWN = Reason(
    "covers too little",
    "another of the estimates came out at 0 or 1 and is taken as known: the limits are too narrow",
    "more patients",
)
NOT_BELIEVED = (
    "scan and prevalences are believed anywhere from 0 to 1, and few diseased were scanned: the answer is drawn to the "
    "middle of what is believed"
)
DRAWN_UP = Reason(
    "covers too little", NOT_BELIEVED, "truths as believed", ("osseous_in_low", "osseous_in_high"), 0.01, "above"
)
DRAWN_DOWN = Reason("covers too little", NOT_BELIEVED, "truths as believed", ("scan_sensitivity",), 0.01, "below")


def imaged(odds: float | None, scan: tuple[float, float] = (1.0, 1.0)) -> Draw:
    """Those not scanned have `odds` times the odds of disease; anything believed possible where none is given."""

    def draw(share: Floats, chance: Chance) -> Drawn:
        ratio = 0.1 + 0.9 * chance("odds") if odds is None else np.full(1, odds)
        strata, _ = chance.drawn(2_000, cells.imaged(share, ratio, *scan), READ)
        truth = {BETWEEN: share}
        return Drawn(strata, truth if odds is None else truth | {"osseous": share}, clinical())

    return draw


def substudy(
    record: tuple[float, float, float] | None = RECORD,
    scan: tuple[float, float] = (1.0, 1.0),
    odds: float = 1.0,
    told: tuple[float, ...] = (),
    dependence: float = 1.0,
    found: float = 1.0,
    n: int = 2_000,
) -> Draw:
    """A substudy; the record is drawn from the belief where none is given, and finds `found` of that.

    `told` are the odds of the answers of `not_at_random_record` that are asked for.
    """

    def draw(share: Floats, chance: Chance) -> Drawn:
        if record is None:
            se, sp = as_believed(chance)
            low, high, right = found * se, found * se, sp
        else:
            low, high, right = (np.full(1, x) for x in record)
        world = cells.substudy(share, (low, high, right), scan, odds, dependence)
        strata, _ = chance.drawn(n, world, AXES)
        pain = cells.PAIN
        sensitivity = (1 - pain[1]) * low + pain[1] * high
        on_record = share * sensitivity + (1 - share) * (1 - right)
        in_low, in_high = (
            share * ill / (share * ill + (1 - share) * well)
            for well, ill in ((1 - pain[0], 1 - pain[1]), (pain[0], pain[1]))
        )
        truth = {
            "osseous": share, "underdiagnosis": 1 - sensitivity, "record_true": share * sensitivity / on_record,
            "record_specificity": right,
            "scan_sensitivity": np.full(1, scan[0]), "scan_specificity": np.full(1, scan[1]),
            "osseous_in_low": in_low, "osseous_in_high": in_high,
        }  # fmt: skip
        for ratio in told:
            truth |= {f"underdiagnosis_odds_{ratio:g}": 1 - sensitivity, f"osseous_odds_{ratio:g}": share}
        return Drawn(strata, truth, clinical())

    return draw


def two_strata(share: Floats, chance: Chance) -> Drawn:
    """Substudy with the record drawn from the belief; prevalences (`share` the low stratum's) and scan drawn evenly."""
    (se, sp), high = as_believed(chance), chance("high")
    scan = chance("scan sensitivity"), chance("scan specificity")
    scanned = [cells.by_disease(pi, cells.pair(1 - sp, 1 - scan[1]), cells.pair(se, scan[0])) for pi in (share, high)]
    world = np.stack([0.75 * scanned[0], 0.25 * scanned[1]], axis=2)
    strata, _ = chance.drawn(400, world, AXES)
    truth = {
        "underdiagnosis": 1 - se, "record_specificity": sp, "scan_sensitivity": scan[0], "scan_specificity": scan[1],
        "osseous_in_low": share, "osseous_in_high": high,
    }  # fmt: skip
    return Drawn(strata, truth, clinical())


def four_looks(n: int, dependence: dict[tuple[int, int], float]) -> Draw:
    """Three lists and a scan of patients who were drawn for the study, which enriches the diseased a little."""
    se, sp = (0.25, 0.25, 0.2, 0.85), (0.998, 0.998, 0.99, 0.97)

    def draw(share: Floats, chance: Chance) -> Drawn:
        well, ill = (pain * cells.DRAWN[1] + (1 - pain) * cells.DRAWN[0] for pain in cells.PAIN)
        among = share * ill / (share * ill + (1 - share) * well)
        axes = tuple((name, FLAG) for name in (FIRST, SECOND, THIRD, SCAN))
        strata, _ = chance.drawn(n, cells.tests(among, se, sp, dependence), axes)
        names = ("radiology_text", "codes", "scan")
        truth = {f"sensitivity_{name}": value for name, value in zip(names, se[1:], strict=True)}
        return Drawn(strata, {"underdiagnosis": 1 - se[0]} | truth)

    return draw


def settings() -> tuple[Setting, ...]:
    """All of them; of each estimator its own assumptions first."""
    seen = Setting("imaged_prevalence", IMAGED, imaged(None), claims=AT_LEAST)
    selected = Setting(
        "selected_prevalence",
        f"{IMAGED}; odds ratio 0.4 as believed",
        imaged(0.4),
        claims={**AT_LEAST, "osseous": "at least"},
    )
    anywhere = f"{IMAGED}; odds ratio anywhere from 0.1 to 1"
    loose = replace(selected, design=IMAGED)
    share = Setting("substudy_prevalence", EXAMINED, substudy())
    record = Setting("verified_record", EXAMINED, substudy(), (UNVERIFIED,))
    chosen = Setting("not_at_random_record", f"{EXAMINED}; {CHOSEN}", substudy(odds=2.0, told=(2.0,)), (UNVERIFIED,))
    other = f"{EXAMINED}; odds half as high in those not examined"
    unlabelled = NO_LIMITS, ONLY_THE_LOW, TAKEN_AS_KNOWN
    two = Setting("two_tests", ALIKE, substudy(RECORD_ALIKE, SCANNER), unlabelled, 0.3)
    many = replace(two, design=ALIKE_MANY, draw=substudy(RECORD_ALIKE, SCANNER, n=20_000), part=0.2)
    drawn = DRAWN_UP, DRAWN_DOWN
    believed = Setting("believed_two_tests", f"{BELIEVED}, scan 0.85 and 0.97", substudy(None, SCANNER), drawn, 0.1)
    latent = Setting(
        "latent_scan", FOUR.format("400"), four_looks(400, {(0, 1): 3.0}), (NO_LIMITS, TAKEN_AS_KNOWN), 0.1
    )
    large = replace(latent, design=FOUR.format("4 000"), draw=four_looks(4_000, {(0, 1): 3.0}))
    return (
        seen,
        breaking(seen, UNSPECIFIC_SCAN, imaged(None, UNSPECIFIC), high=[BETWEEN]),
        selected,
        replace(selected, design=anywhere, draw=imaged(None)),
        breaking(loose, "odds ratio 3, 0.1 to 1 believed", imaged(3.0), low=["osseous", BETWEEN]),
        breaking(loose, UNSPECIFIC_SCAN, imaged(0.4, UNSPECIFIC), high=["osseous", BETWEEN]),
        share,
        breaking(share, BLIND_PARTLY, substudy(scan=BLIND), low=["osseous"]),
        breaking(share, UNSPECIFIC_SCAN, substudy(scan=UNSPECIFIC), high=["osseous"]),
        breaking(share, CHOSEN, substudy(odds=2.0), low=["osseous"]),
        record,
        breaking(
            record, BLIND_PARTLY, substudy(scan=BLIND), low=["osseous", "record_true"], unharmed=["underdiagnosis"]
        ),
        breaking(record, UNSPECIFIC_SCAN, substudy(scan=UNSPECIFIC), high=["osseous", "underdiagnosis"]),
        breaking(record, CHOSEN, substudy(odds=2.0), low=["osseous", "underdiagnosis"]),
        chosen,
        replace(chosen, design=other, draw=substudy(odds=0.5, told=(0.5,))),
        breaking(
            replace(chosen, design=EXAMINED),
            "examined at random",
            substudy(told=(0.5, 2.0)),
            low=["osseous_odds_0.5"],
            high=["osseous_odds_2"],
        ),
        breaking(chosen, UNSPECIFIC_SCAN, substudy(scan=UNSPECIFIC, odds=2.0, told=(2.0,)), high=["osseous_odds_2"]),
        two,
        many,
        breaking(
            many,
            DEPENDENT,
            substudy(RECORD_ALIKE, SCANNER, dependence=6.0, n=20_000),
            low=["underdiagnosis", "osseous_in_high"],
        ),
        breaking(many, UNLIKE, substudy(RECORD, SCANNER, n=20_000), low=["underdiagnosis", "osseous_in_low"]),
        believed,
        replace(believed, design=f"{BELIEVED}; all else drawn evenly", draw=two_strata, shares=EVENLY),
        breaking(
            believed,
            "record finds half of what is believed",
            substudy(None, SCANNER, found=0.5),
            low=["underdiagnosis"],
            part=0.04,
        ),
        breaking(believed, DEPENDENT, substudy(None, SCANNER, dependence=6.0), high=["scan_sensitivity"], part=0.04),
        breaking(believed, UNLIKE, substudy(RECORD, SCANNER), low=["osseous_in_low"], part=0.04),
        latent,
        large,
        breaking(
            large,
            "codes and scan depend too, odds ratio 6",
            four_looks(4_000, {(0, 1): 3.0, (2, 3): 6.0}),
            high=["sensitivity_scan"],
        ),
    )
