"""The nine acceptance tests: what one synthetic truth must show under each design, measured and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

from sarcoid_epi.agreement.looking import Looks, Patients
from sarcoid_epi.agreement.measuring import (
    Measure,
    apart,
    bands,
    clustering,
    difference_of_means,
    difference_of_shares,
    mantel_haenszel,
    measured,
    odds_ratio,
    share,
    spearman,
    two_sources,
)
from sarcoid_epi.evidence import Finding, finding
from sarcoid_epi.vocabulary import ORGANS, SITES

TESTS = {
    1: "One truth, many designs",
    2: "Site distribution is a function of imaging",
    3: "Symptoms lead to the record",
    4: "Löfgren against other patients",
    5: "Organs and calcium of the review",
    6: "Bone and calcium go together through burden alone",
    7: "Two sources that depend on pain; specificity at a low true share",
    8: "Biopsy and laboratory",
    9: "A referral hospital hides the association of Löfgren syndrome with bone",
}

SPRING = (3, 4, 5)


@dataclass(frozen=True)
class Check:
    """One figure of one test, where it was measured, the interval asked for, and whether it holds."""

    test: int
    what: str
    world: str
    design: str
    measure: Measure
    low: float
    high: float
    unit: str = "share"
    exact: bool = False  # a value that is hit up to Monte Carlo error, rather than an interval with room

    @property
    def asked(self) -> bool:
        """Whether anything is asked of the figure; some are only shown."""
        return isfinite(self.low) or isfinite(self.high)

    @property
    def holds(self) -> bool:
        """Inside by K standard errors; or, where an exact value is asked, no more than K away from it."""
        return self.measure.near(self.low, self.high) if self.exact else self.measure.within(self.low, self.high)


def acceptance(looks: Looks) -> tuple[Check, ...]:
    """Every figure of the nine tests."""
    return tuple(check for test in _TESTS for check in test(looks))


def recorded(p: Patients) -> Measure:
    """Share with osseous sarcoidosis on record."""
    return share(p["osseous_recorded"])


def focal_or_marrow(p: Patients) -> Measure:
    """Share with a focal lesion or diffuse marrow uptake on FDG-PET."""
    return share(p["reading_fdg_pet"] | p["marrow_uptake"])


def hands_or_feet(p: Patients) -> Measure:
    """Share with a site of hand or foot, of those on record."""
    return share(p["recorded_phalanges_hand"] | p["recorded_phalanges_foot"], p["osseous_recorded"])


def site(p: Patients, name: str) -> Measure:
    """Share with one site, of those on record."""
    return share(p[f"recorded_{name}"], p["osseous_recorded"])


def _frequencies(looks: Looks) -> Iterator[Check]:
    asked = {
        "incident_clinic": (0.003, 0.008),
        "tertiary_records": (0.02, 0.04),
        "pet_series": (0.12, 0.18),
        "hand_film_survey": (0.03, 0.13),
    }
    for design, (low, high) in asked.items():
        measure = recorded(looks("evidence", design))
        yield Check(1, "osseous sarcoidosis on record", "evidence", design, measure, low, high)
    measure = focal_or_marrow(looks("evidence", "pet_series"))
    yield Check(1, "focal lesion or marrow uptake on FDG-PET", "evidence", "pet_series", measure, 0.22, 0.30)


def _sites(looks: Looks) -> Iterator[Check]:
    films = looks("evidence", "hand_film_survey")
    yield Check(2, "hands or feet, of those on record", "evidence", "hand_film_survey", hands_or_feet(films), 0.8, 1)
    for design in ("pet_series", "whole_body_mri_for_all"):
        p = looks("evidence", design)
        shares = {name: site(p, name) for name in SITES}
        second = max((name for name in SITES if name != "spine"), key=lambda name: shares[name].value)
        lead = apart(shares["spine"], shares[second])
        yield Check(2, "spine, of those on record", "evidence", design, shares["spine"], 0.6, 0.8)
        yield Check(2, "spine less the next site", "evidence", design, lead, 0, inf, "difference")
        yield Check(2, "pelvis, of those on record", "evidence", design, shares["pelvis"], 0.3, 0.45)
        yield Check(2, "hands, of those on record", "evidence", design, shares["phalanges_hand"], 0.1, 0.22)


def _symptoms(looks: Looks) -> Iterator[Check]:
    p = looks("evidence", "tertiary_records")
    felt = p["osseous_symptomatic"]
    on_record, true = share(felt, p["osseous_recorded"]), share(felt, p["osseous"])
    where = "evidence", "tertiary_records"
    yield Check(3, "symptomatic, of those on record", *where, on_record, 0.45, 0.6)
    yield Check(3, "symptomatic, of all with osseous disease", *where, true, 0, 0.3)
    yield Check(3, "the one less the other", *where, apart(on_record, true), 0.15, 1, "difference")


def _lofgren(looks: Looks) -> Iterator[Check]:
    p = looks("evidence", "incident_clinic")
    one = p["lofgren_broad"]
    other = ~one
    early = p.number("remission_years") <= 2
    remitted = p.known("remission_years")
    months = np.isin(p.month("onset_date"), SPRING)
    alone = ~p["erythema_nodosum"] & ~p["arthritis"]
    where = "evidence", "incident_clinic"
    age = difference_of_means(p.number("age_at_diagnosis"), one, other)
    yield Check(4, "age at diagnosis, years", *where, age, -inf, 0, "years")
    signs = {
        "women": (p.level("sex", "female"), 1), "stage III or IV": (p.level("scadding_stage", "III", "IV"), -1),
        "systemic therapy": (p["systemic_therapy"], -1), "fever": (p["fever"], 1),
        "onset in March to May": (months, 1), "remission within two years": (early, 1),
    }  # fmt: skip
    for what, (event, sign) in signs.items():
        measure = difference_of_shares(event, one, other)
        yield Check(4, what, *where, measure, 0 if sign > 0 else -1, 1 if sign > 0 else 0, "difference")
    relapse = difference_of_shares(p["relapse"], one & remitted, other & remitted)
    yield Check(4, "relapse, of those in remission", *where, relapse, -1, 0, "difference")
    # One sixth as the review prints it, "about 1/6": between one seventh and one fifth.
    yield Check(4, "ankles alone, broad definition", *where, share(alone, one), 1 / 7, 1 / 5)
    yield Check(4, "ankles alone, strict definition", *where, share(alone, p["lofgren_strict"]), 0, 0, exact=True)


def printed_range(one: Finding) -> tuple[float, float]:
    """Lowest and highest value that a printed range, or a share rounded to its last printed digit, stands for."""
    if one.low is not None and one.high is not None:
        return one.low, one.high
    digits = one.printed.removeprefix("about ").removesuffix("%").partition(".")[2]
    half = 0.5 / 10 ** (len(digits) + 2)
    return (one.value or 0.0) - half, (one.value or 0.0) + half


def _review(looks: Looks) -> Iterator[Check]:
    where = "review", "incident_clinic"
    p = looks(*where)
    for name in ORGANS:
        one = finding(f"kucharz2020.organ_{name}")
        point = one.low is None
        yield Check(5, f"organ: {name.replace('_', ' ')}", *where, share(p[name]), *printed_range(one), exact=point)
    yield Check(5, "hypercalcaemia, measured or not", *where, share(p["hypercalcaemia_true"]), 0.1, 0.17)
    for world in ("review", "evidence"):
        measure = clustering([looks(world, "incident_clinic")[name] for name in ORGANS])
        what = "variance of the number of organs over independence"
        yield Check(5, what, world, "incident_clinic", measure, 1, inf, "ratio")


def given_burden(p: Patients, count: int = 40) -> Measure:
    """Odds ratio of bone and hypercalcaemia within bands of burden, sex and ancestry, which both may depend on."""
    ancestry = sum(number * p.level("ancestry", level) for number, level in enumerate(("white", "black", "other")))
    stratum = (bands(p.number("burden"), count) * 2 + p.level("sex", "male")) * 3 + ancestry
    return mantel_haenszel(p["hypercalcaemia_true"], p["osseous"], stratum)


def _calcium(looks: Looks) -> Iterator[Check]:
    for vary, low, high, exact in (({}, 1, 1, True), ({"calcium.bone": 1.0}, 1, inf, False)):
        edge = "with an edge of 1" if vary else "without an edge"
        p = looks("evidence", "incident_clinic", vary)
        where = "evidence", "incident_clinic"
        crude = odds_ratio(p["hypercalcaemia_true"], p["osseous"])
        yield Check(6, f"odds ratio of bone and hypercalcaemia, crude, {edge}", *where, crude, 1, inf, "ratio")
        only = mantel_haenszel(p["hypercalcaemia_true"], p["osseous"], bands(p.number("burden"), 40))
        yield Check(6, f"within 40 bands of burden, {edge}", *where, only, low, high, "ratio", exact)
        what = f"within 40 bands of burden, sex and ancestry, {edge}"
        yield Check(6, what, *where, given_burden(p), low, high, "ratio", exact)


def _sources(looks: Looks) -> Iterator[Check]:
    p = looks("evidence", "two_source_registry")
    met = p.known("osseous_grade") & ~p.level("osseous_grade", "none")
    first, second = p["on_clinic_list"][met], p["in_radiology_text"][met]
    nobody, pain = np.zeros(int(met.sum()), dtype=np.int64), p["bone_pain"][met].astype(np.int64)
    where = "evidence", "two_source_registry"
    yield Check(7, "Lincoln-Petersen over the known number", *where, two_sources(first, second, nobody), 0, 1, "ratio")
    for name, chapman in (("Lincoln-Petersen", False), ("Chapman", True)):
        measure = two_sources(first, second, pain, chapman)
        what = f"{name} over the known number, stratified by bone pain"
        yield Check(7, what, *where, measure, 1, 1, "ratio", True)
    # Those who are scanned have bone disease oftener than all patients, and mimics add to what is mistaken.
    vary = {
        "osseous.true_prevalence": 0.007,
        "reading.fdg_pet.false_positive": 0.03,
        "reading.fdg_pet.mimic": 0,
    }
    false = looks("evidence", "pet_series", vary)
    wrong = share(false["false_positive_record"], false["osseous_recorded"])
    what = "false records, of those on record, at a true share of 1 % and a specificity of 0.97"
    yield Check(7, what, "evidence", "pet_series", wrong, 0.5, 1)


def granuloma_on_biopsy(p: Patients) -> Measure:
    """Share of bone biopsies that show a granuloma, of those with osseous disease."""
    granuloma = p.level("bone_histology", "granuloma", "caseating_granuloma")
    return share(granuloma, p.known("bone_histology") & p["osseous"])


def normal_alp(p: Patients) -> Measure:
    """Share with normal alkaline phosphatase, of those with osseous disease in whom it was measured."""
    return share(~p["alp_raised"], p["osseous"] & p.known("alp_raised"))


def _laboratory(looks: Looks) -> Iterator[Check]:
    where = "evidence", "tertiary_records"
    p = looks(*where)
    low, high = finding("benhassine2019.biopsy_granuloma").exact_interval() or (0.46, 0.86)
    yield Check(8, "granuloma on biopsy of diseased bone", *where, granuloma_on_biopsy(p), low, high)
    yield Check(8, "normal alkaline phosphatase with osseous disease", *where, normal_alp(p), 0.5, 1)
    markers = p.number("chitotriosidase_nmol_ml_h"), p.number("urine_calcium_mg_24h")
    rank = spearman(*markers, p.everybody)
    yield Check(8, "chitotriosidase and urine calcium, rank correlation", *where, rank, 0, 1, "correlation")


def _collider(looks: Looks) -> Iterator[Check]:
    """The referred are some of everybody: both are counted in the same source patients."""
    under = "recorded_under_tertiary_records"
    referred = looks("evidence", "tertiary_records")
    source = referred.cohort.source_patients
    columns = "lofgren_broad", "osseous", under
    everybody = looks("evidence", "whole_body_mri_for_all", columns=columns, size=source)
    pairs = {"truth": ("osseous", "osseous"), "record": (under, "osseous_recorded")}
    for what, (of_all, of_some) in pairs.items():
        one = odds_ratio(everybody[of_all], everybody["lofgren_broad"])
        other = odds_ratio(referred[of_some], referred["lofgren_broad"])
        said = f"odds ratio of Löfgren syndrome and bone, {what}"
        # On record the referred may show nothing of it at all: few of them have Löfgren syndrome.
        low, high = (0.0, 1.0) if what == "truth" else (-inf, inf)
        yield Check(9, f"{said}, everybody", "evidence", "whole_body_mri_for_all", one, 0, 1, "ratio")
        yield Check(9, f"{said}, the referred", "evidence", "tertiary_records", other, low, high, "ratio")
        least = 0 if what == "truth" else -inf  # few Löfgren patients are on record: there it is shown, not asked
        what = f"log odds ratio lost by referral, {what}"
        yield Check(9, what, "evidence", "tertiary_records", lost(other, one), least, inf, "log odds ratio")


def lost(of_some: Measure, of_all: Measure) -> Measure:
    """Log odds ratio of a part of the patients less that of all: with cells t of the part and a of all,
    the variance is the sum of 1 / t - 1 / a over cells, the difference of the two variances."""
    value = float(np.log(of_some.value / of_all.value))
    spread = (of_some.error / of_some.value) ** 2 - (of_all.error / of_all.value) ** 2
    return measured(value, float(np.sqrt(spread)), of_some.n)


_TESTS: tuple[Callable[[Looks], Iterator[Check]], ...] = (
    _frequencies,
    _sites,
    _symptoms,
    _lofgren,
    _review,
    _calcium,
    _sources,
    _laboratory,
    _collider,
)
