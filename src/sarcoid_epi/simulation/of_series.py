"""Settings of the estimators that know published series only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
from scipy.special import expit, logit, ndtri
from scipy.stats import binom

from sarcoid_epi.estimators.believing import drawn
from sarcoid_epi.estimators.declare import Answers, Term, answers_of
from sarcoid_epi.estimators.joint import LOOKED, MET, Series, expected, joint, recorded_share, symptomatic_on_record
from sarcoid_epi.estimators.synthesis import TALLY, published_series
from sarcoid_epi.scenario import Prior, load_prior
from sarcoid_epi.simulation.chance import Chance, Floats
from sarcoid_epi.simulation.setting import EVENLY, Draw, Drawn, Reason, Setting, breaking
from sarcoid_epi.strata import FLAG, Counts, TallyStrata

#: Patients of each series that only counts records.
RECORDS = (736, 926, 2013, 120, 300, 450, 88, 1000, 150, 210)

#: How each series meets its patients and looks at them, and how many they are; for the joint synthesis the first six.
MIXED = (
    ("referred", "records", 926), ("new", "records", 736), ("scanned", "pet", 98), ("scanned", "pet", 122),
    ("back_pain", "mri", 64), ("referred", "film", 300), ("referred", "records", 2013), ("back_pain", "mri", 150),
)  # fmt: skip
JOINTLY = 6

#: Patients on record of whom the symptoms are told.
TOLD = 88

#: Points of each joint posterior, instead of the 32 768 of the estimator; with six series they are worth some hundreds.
POINTS = 2**11

#: Scale of the half-normal distribution of the spread between series that `modality_prevalence` believes beforehand.
SCALE = 2.0

POOLED = "ten series by records, 88 to 2 013 patients; logit shares normal with standard deviation 0.5"
LOOKING = "eight series by records, film, MRI and PET; detection drawn from the prior; logit shares spread by 0.5"
JOINT = (
    "five series by records, PET and MRI, one by film, symptoms of 88; all but the true share drawn from the prior; "
    "2 048 points"
)

HALF = "every way to look finds half of what is believed"
MISLABELLED = "the PET series are taken for records"

NO_SPREAD = Reason(
    "covers too little",
    "few on record in each series: the spread between series is often estimated as none, and then half of the further "
    "shares lie outside",
    "more patients",
    ("prediction",),
    0.05,
)
SPREAD_TOO_SMALL = Reason(
    "covers too little",
    "few on record in each of ten series: the spread between them is estimated too small, by maximum likelihood, and "
    "often as none",
    "more series",
    ("osseous_recorded",),
    0.02,
)

#: The quantities of the joint synthesis that are held to the truth, by their names in `estimators.joint`.
JOINT_TERMS = {
    "osseous": "patients.osseous", "underdiagnosis": "underdiagnosis", "symptomatic": "symptoms.symptomatic",
    "pet_sensitivity": "pet.sensitivity", "tau": "patients.between",
}  # fmt: skip


@cache
def prior() -> Prior:
    """The prior of all settings of this module."""
    return load_prior("open")


def _spread(share: Floats, tau: Floats | float, chance: Chance, series: int) -> Floats:
    """The true share of each series, shape (replicates, series): logit-normal around the typical share."""
    deviates = np.stack([ndtri(chance(f"series {at}")) for at in range(series)], axis=-1)
    centre = np.broadcast_to(logit(share), chance.replicates)
    return np.asarray(expit(centre[:, None] + np.broadcast_to(tau, chance.replicates)[:, None] * deviates))


def _counted(n: Floats, shares: Floats, chance: Chance, what: str = "counted") -> Counts:
    """Binomial counts of each series, by inverting their distribution."""
    places = np.stack([chance(f"{what} {at}") for at in range(shares.shape[1])], axis=-1)
    return np.asarray(binom.ppf(places, chance.times * n, shares)).astype(np.int64)


def pooled(found: float = 1.0, twice: bool = False, series: int = 1) -> Draw:
    """Series by records, `series` times ten; with `found`, the share on record is taken for the true one."""

    def draw(share: Floats, chance: Chance) -> Drawn:
        n = np.array(RECORDS * series)
        shares = _spread(found * share, 0.5, chance, len(n))
        events = _counted(n, shares, chance)
        counts = np.stack([chance.times * n - events, events], axis=-1)
        counts = np.concatenate([counts, counts], axis=1) if twice else counts
        names = tuple(map(str, range(counts.shape[1])))
        strata = TallyStrata(_groups(chance), (("study", names), ("osseous_recorded", FLAG)), counts)
        further = expit(logit(share) + 0.5 * ndtri(chance("further")))
        return Drawn(strata, {"osseous_recorded": share, "prediction": further})

    return draw


def _groups(chance: Chance) -> tuple[str, ...]:
    return tuple(map(str, range(chance.replicates)))


def _believed(chance: Chance, share: Floats) -> dict[str, Floats]:
    """Everything drawn from the prior, but for the true share."""
    parameters = prior().parameters()
    draws = drawn(parameters, np.stack([chance(path) for path in parameters], axis=-1))
    return draws | {"patients.osseous": np.broadcast_to(share, chance.replicates)}


def _layout(of: tuple[tuple[str, str, int], ...]) -> Series:
    """Series without their counts: patients, and how they were met and looked at."""
    met, looked, n = zip(*of, strict=True)
    blank = np.zeros(len(n))
    codes = np.array([MET.index(one) for one in met]), np.array([LOOKED.index(one) for one in looked])
    return Series(blank, np.array(n, dtype=float), *codes, blank, blank)


def _tallies(layout: Series, events: Counts, told: tuple[Counts, int] | None, chance: Chance) -> TallyStrata:
    """Counts as an estimator of published series meets them; `told`, how many of so many on record have symptoms."""
    series = len(layout.n)
    counts = np.zeros((chance.replicates, series + (told is not None), len(MET), len(LOOKED), len(TALLY)), np.int64)
    for at in range(series):
        cell = counts[:, at, int(layout.met[at]), int(layout.looked[at])]
        cell[:, 0], cell[:, 1] = chance.times * int(layout.n[at]) - events[:, at], events[:, at]
    if told is not None:
        counts[:, series, 0, 0, 2], counts[:, series, 0, 0, 3] = told[1] - told[0], told[0]
    names = tuple(map(str, range(counts.shape[1])))
    return TallyStrata(_groups(chance), (("study", names), ("met", MET), ("looked", LOOKED), ("tally", TALLY)), counts)


def _taken_for_records(layout: Series) -> Series:
    return layout._replace(looked=np.where(layout.looked == LOOKED.index("pet"), 0, layout.looked))


def _finding(draws: Mapping[str, Floats], found: float) -> dict[str, Floats]:
    """Detection of which only `found` is left, in every way to look."""
    weaker = ("routine.seen", "film.sensitivity", "mri.sensitivity", "pet.sensitivity")
    return {path: found * values if path in weaker else values for path, values in draws.items()}


def looking(found: float = 1.0, mislabelled: bool = False, sent: float = 1.0, spread: bool = False) -> Draw:
    """Series by several ways to look; those sent to PET have `sent` times the odds of disease.

    With `spread`, the spread between series is drawn as the estimator believes it, instead of being 0.5.
    """

    def draw(share: Floats, chance: Chance) -> Drawn:
        layout = _layout(MIXED)
        draws = _finding(_believed(chance, share), found)
        tau = SCALE * ndtri((1 + chance("tau")) / 2) if spread else np.full(chance.replicates, 0.5)
        _, finds, clears = expected(layout, draws)
        odds = np.where(layout.looked == LOOKED.index("pet"), sent, 1.0)
        true = _spread(share, tau, chance, len(layout.n))
        true = odds * true / (1 - true + odds * true)
        events = _counted(layout.n, true * finds + (1 - true) * (1 - clears), chance)
        told = _taken_for_records(layout) if mislabelled else layout
        truth = {"osseous": share, "looking": _part_of_looking(draws["patients.osseous"], tau, finds, clears)}
        return Drawn(_tallies(told, events, None, chance), truth, prior())

    return draw


def _part_of_looking(share: Floats, tau: Floats, finds: Floats, clears: Floats) -> Floats:
    """Part of the variance of the logit shares on record that comes from looking, each series counting once."""
    t, w = np.polynomial.hermite_e.hermegauss(21)
    true = expit(logit(share)[:, None, None] + tau[:, None, None] * t)
    seen = logit(true * finds[..., None] + (1 - true) * (1 - clears[..., None]))
    mean = seen @ (w / w.sum())
    within = ((seen - mean[..., None]) ** 2 @ (w / w.sum())).mean(axis=1)
    between = mean.var(axis=1)
    return np.asarray(between / (between + within))


def together(found: float = 1.0, mislabelled: bool = False) -> Draw:
    """Series of the joint synthesis, all but the true share drawn from its prior."""

    def draw(share: Floats, chance: Chance) -> Drawn:
        layout = _layout(MIXED[:JOINTLY])
        draws = _believed(chance, share)
        truth_of = _finding(draws, found)
        centre, finds, clears = expected(layout, truth_of)
        deviates = np.stack([ndtri(chance(f"series {at}")) for at in range(JOINTLY)], axis=-1)
        true = expit(logit(centre) + draws["patients.between"][:, None] * deviates)
        events = _counted(layout.n, true * finds + (1 - true) * (1 - clears), chance)
        hurting = _counted(np.array([TOLD]), symptomatic_on_record(draws)[:, None], chance, "symptoms")[:, 0]
        told = _taken_for_records(layout) if mislabelled else layout
        truth = {
            "osseous": draws["patients.osseous"], "underdiagnosis": 1 - recorded_share(truth_of),
            "symptomatic": draws["symptoms.symptomatic"], "pet_sensitivity": truth_of["pet.sensitivity"],
            "tau": draws["patients.between"],
        }  # fmt: skip
        return Drawn(_tallies(told, events, (hurting, chance.times * TOLD), chance), truth, prior())

    return draw


def fewer_points(drawn: Drawn) -> Answers:
    """What `joint_synthesis` says, from fewer points than it takes by itself."""
    groups = drawn.strata.table("study", "met", "looked", "tally")
    told = [joint(published_series(group), prior(), POINTS).posterior for group in groups]

    def of(name: str, field: str) -> Floats:
        return np.array([float(getattr(one[name], field)) for one in told])

    return answers_of(
        *(
            Term(term, of(name, "median"), of(name, "low"), of(name, "high"), of(name, "sd"), np.nan, np.nan, "")
            for term, name in JOINT_TERMS.items()
        )
    )


def settings() -> tuple[Setting, ...]:
    """All of them; of each estimator its own assumptions first."""
    records = Setting("pooled_prevalence", POOLED, pooled(), (NO_SPREAD, SPREAD_TOO_SMALL))
    ways = Setting("modality_prevalence", LOOKING, looking(), part=0.05)
    all_series = Setting("joint_synthesis", JOINT, together(), part=0.05, ask=fewer_points)
    drawn_ways = "eight series by records, film, MRI and PET; everything drawn as believed"
    return (
        records,
        breaking(records, "taken for the true share: records find 30 %", pooled(found=0.3), low=["osseous_recorded"]),
        breaking(records, "each series published twice", pooled(twice=True), narrow=["osseous_recorded"]),
        ways,
        replace(ways, design=drawn_ways, draw=looking(spread=True), shares=EVENLY),
        breaking(ways, HALF, looking(found=0.5), low=["osseous"], part=0.04),
        breaking(ways, MISLABELLED, looking(mislabelled=True), high=["osseous"], low=["looking"], part=0.04),
        breaking(
            ways,
            "the ill are sent to PET: odds ratio 4",
            looking(sent=4.0),
            high=["osseous"],
            part=0.04,
        ),
        all_series,
        breaking(all_series, HALF, together(found=0.5), low=["osseous", "underdiagnosis"], part=0.04),
        breaking(all_series, MISLABELLED, together(mislabelled=True), high=["osseous"], part=0.04),
    )
