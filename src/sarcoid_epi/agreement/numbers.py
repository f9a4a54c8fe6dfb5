"""Every number that the source review prints, beside the same quantity of the generated patients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from sarcoid_epi.agreement.acceptance import (
    normal_alp,
    printed_range,
    recorded,
    site,
)
from sarcoid_epi.agreement.looking import Looks, Patients
from sarcoid_epi.agreement.measuring import Flags, Measure, measured, odds, quantile, share
from sarcoid_epi.cohort.occurrence import population
from sarcoid_epi.evidence import Finding, finding
from sarcoid_epi.vocabulary import ORGANS

REVIEW = "kucharz2020"
NEW, ALL, REFERRED, PET, FILMS, PAIN = (
    "incident_clinic", "whole_body_mri_for_all", "tertiary_records", "pet_series", "hand_film_survey", "back_pain_mri",
)  # fmt: skip

Quantity = Callable[[Patients], Measure]


@dataclass(frozen=True)
class Asked:
    """What a printed number allows: an interval, the rule that made it, and whether its ends have room of their own."""

    low: float
    high: float
    rule: str
    exact: bool = False


@dataclass(frozen=True)
class Number:
    """How one printed number is met: the quantity, in which patients, by which rule, and what set it.

    `primary` is the finding of the paper that is quoted, where its counts set the rule.
    """

    finding: str
    quantity: str
    of: Quantity
    world: str = "review"
    design: str = NEW
    kind: str = "true"
    asked: Asked | None = None
    target: str = ""
    vary: Mapping[str, float] = field(default_factory=dict)
    unit: str = "share"
    note: str = ""
    primary: str = ""


@dataclass(frozen=True)
class Met:
    """A printed number and what the patients show."""

    number: Number
    finding: Finding
    target: float
    measure: Measure
    asked: Asked

    @property
    def inside(self) -> bool:
        """By the rule that stands beside it."""
        return (self.measure.near if self.asked.exact else self.measure.within)(self.asked.low, self.asked.high)


def review_numbers(looks: Looks) -> tuple[Met, ...]:
    """Every printed number with what is achieved, in the order of the table below."""
    return tuple(_met(number, looks) for number in NUMBERS)


def _met(number: Number, looks: Looks) -> Met:
    one = finding(f"{REVIEW}.{number.finding}")
    patients = looks(number.world, number.design, number.vary)
    target = patients.value(number.target) if number.target else np.nan
    asked = number.asked or asked_by(finding(number.primary) if number.primary else one)
    if number.primary:
        asked = replace(asked, rule=f"exact 95 % limits of the counts of {number.primary.partition('.')[0]}")
    return Met(number, one, target, number.of(patients), asked)


def asked_by(one: Finding) -> Asked:
    """The exact limits of printed counts; else the printed range; else what rounds to the printed figure."""
    exact = one.exact_interval()
    if exact is not None:
        return Asked(*exact, "exact 95 % limits of the printed counts")
    if one.low is not None and one.high is not None:
        return Asked(one.low, one.high, "printed range")
    if one.measure == "upper_bound" and one.high is not None:
        return Asked(-inf, one.high, "printed bound")
    if one.measure == "lower_bound" and one.low is not None:
        return Asked(one.low, inf, "printed bound")
    return Asked(*printed_range(one), "rounds to what is printed", exact=True)


def _rounds(low: float, high: float, to: str) -> Asked:
    return Asked(low, high, f"“{to}”: nearer to it than to the next round figure", exact=True)


MOST = Asked(0.5, inf, "“most”: more than half")
ALL_OF_THEM = Asked(1.0, 1.0, "all of them, by the printed range", exact=True)


def _flag(name: str, among: str | None = None) -> Quantity:
    return lambda p: share(p[name], p[among] if among else None)


def _bone(name: str) -> Quantity:
    return lambda p: share(p[f"osseous_{name}"], p["osseous"])


def _seen(name: str) -> Quantity:
    return lambda p: site(p, name)


def _measured_flag(name: str) -> Quantity:
    return lambda p: share(p[name], p.known(name))


def _aged(p: Patients, youngest: int, oldest: int) -> Flags:
    age = p.number("age_at_onset")
    return (age >= youngest) & (age <= oldest)


def _chronic(p: Patients) -> Flags:
    return p.level("muscle_form", "chronic") & p["muscle_symptomatic_true"]


def _very_high(p: Patients) -> Measure:
    urine = p.number("urine_calcium_mg_24h")
    return share(urine > p.value("calcium.urine_very_high_limit"), ~np.isnan(urine))


def _caseating(tuberculosis: bool) -> Quantity:
    """Tissue with some caseation in sarcoidosis; without any in tuberculosis."""

    def of(p: Patients) -> Measure:
        taken = p.known("tissue_at_diagnosis")
        if tuberculosis:
            tuberculous = p.level("systemic_mimic", "tuberculosis")
            return share(p.level("tissue_at_diagnosis", "non_caseating"), taken & tuberculous)
        return share(p.level("tissue_at_diagnosis", "some_caseation"), taken & ~p.known("systemic_mimic"))

    return of


def _best_marker(p: Patients) -> Measure:
    """The more sensitive of the two markers, each by its cut-off in a comparison of both."""
    cut = {"ace_u_l": "ace_cutoff", "chitotriosidase_nmol_ml_h": "chitotriosidase_cutoff"}
    found = [_above(p, name, finding(f"chitotriosidase430.{id}").value or inf) for name, id in cut.items()]
    return max(found, key=lambda one: one.value)


def _above(p: Patients, name: str, limit: float) -> Measure:
    value = p.number(name)
    return share(value > limit, ~np.isnan(value) & ~p.known("systemic_mimic"))


def _doses(vital: bool) -> Quantity:
    def of(p: Patients) -> Measure:
        dose = p.number("prednisone_start_mg")
        at_risk = p["heart"] | p["nervous_system"]
        among = ~np.isnan(dose) & (at_risk if vital else ~at_risk)
        return share(dose > 40 if vital else (dose >= 20) & (dose <= 40), among)

    return of


def _taper(p: Patients) -> Measure:
    weeks = p.number("taper_start_weeks")
    return share((weeks >= 6) & (weeks <= 12), ~np.isnan(weeks))


PEOPLE, YEARS = 20_000_000, (2005, 2014)


def _incidence(p: Patients) -> Measure:
    """New patients of a large population over ten years, drawn."""
    made = population(p.world, p.design, PEOPLE, YEARS, 1)
    per = 1e5 / PEOPLE / (YEARS[1] - YEARS[0] + 1)
    return measured(made.source * per, made.expected**0.5 * per, made.source)


def _prevalence(p: Patients) -> Measure:
    """Patients of a large population in one year, drawn, less the new ones expected of it."""
    made = population(p.world, p.design, PEOPLE, (2010, 2010), 1)
    return measured(made.source * 1e5 / PEOPLE - made.incidence, made.expected**0.5 * 1e5 / PEOPLE, made.source)


# fmt: off
NUMBERS: tuple[Number, ...] = (
    Number("incidence_world_per_100k_year", "new patients a year", _incidence, unit="per 100 000",
        target="occurrence.incidence"),
    Number("incidence_poland_per_100k_year", "new patients a year", _incidence, "evidence", unit="per 100 000",
        target="occurrence.incidence", asked=Asked(9.5, 10.5, "rounds to what is printed", True),
        note="the world's value is Olmsted County's, the same figure"),
    Number("prevalence_world_per_100k", "patients living", _prevalence, design=ALL, unit="per 100 000",
        target="occurrence.prevalence"),
    Number("prevalence_world_per_100k", "patients living", _prevalence, "evidence", ALL, unit="per 100 000",
        target="occurrence.prevalence", note="Denmark's figure lies above the range of the review"),
    Number("sex_ratio_female_to_male", "women to a man, as printed", lambda p: odds(p.level("sex", "female")),
        target="sex.women", unit="ratio", asked=Asked(1 / 1.465, 1 / 1.455, "rounds to what is printed", True)),
    Number("sex_ratio_female_to_male", "women to a man, transposed", lambda p: odds(p.level("sex", "female")),
        target="sex.women", vary={"sex.women": 0.593}, unit="ratio",
        asked=Asked(1.455, 1.465, "rounds to what is printed, transposed", True), note="sex.women varied to 0.593"),
    Number("age_typical_range", "age at onset from 20 to 45 years",
        lambda p: share(_aged(p, 20, 45)), asked=MOST,
        target="age.median"),
    *(Number(f"organ_{name}", name.replace("_", " "), _flag(name), target=f"organs.{name}.share") for name in ORGANS),
    Number("msk_any", "any musculoskeletal manifestation, 5 years after diagnosis", _flag("musculoskeletal"),
        design=ALL, target="joint.musculoskeletal"),
    Number("myo_any_involvement", "granulomas in muscle", _flag("muscle_granulomas"), target="muscle.granulomas",
        asked=_rounds(0.45, 0.55, "a half")),
    Number("myo_symptomatic_upper", "symptoms from granulomas in muscle", _flag("muscle_symptomatic_true"),
        target="muscle.symptomatic"),
    Number("myo_chronic_sex_age", "women, of those with the chronic form",
        lambda p: share(p.level("sex", "female"), _chronic(p)), asked=MOST),
    Number("myo_chronic_sex_age", "median age at onset of women with the chronic form",
        lambda p: quantile(p.number("age_at_onset"), _chronic(p) & p.level("sex", "female")), unit="years"),
    Number("myo_chronic_sex_age", "50 to 60 years, of women with the chronic form",
        lambda p: share(_aged(p, 50, 60), _chronic(p) & p.level("sex", "female")),
        asked=MOST, target="muscle.midlife_women"),
    Number("lofgren_isolated_ankle", "ankles alone, of Löfgren patients (broad)",
        lambda p: share(~p["erythema_nodosum"] & ~p["arthritis"], p["lofgren_broad"]),
        target="lofgren.isolated_ankle", asked=_rounds(1 / 7, 1 / 5, "about 1/6")),
    Number("sigaux_women", "women, of those with back pain and MRI", lambda p: share(p.level("sex", "female")),
        design=PAIN, target="axial.back_pain_women"),
    Number("sigaux_sacroiliitis", "sacroiliitis", _flag("sacroiliitis"), design=PAIN,
        target="axial.sacroiliitis_spondyloarthritis"),
    Number("sigaux_spa", "spondyloarthritis", _flag("spondyloarthritis_diagnosis"), design=PAIN,
        target="axial.inflammatory"),
    Number("sigaux_spa", "spondyloarthritis, as the paper itself counts: 15 of 64",
        _flag("spondyloarthritis_diagnosis"), "evidence", PAIN,
        primary="sigaux2019.spondyloarthropathy",
        target="axial.inflammatory", note="the review prints 29 of 64, the number with inflammatory back pain"),
    Number("bone_prev_baughman", "on record, new patients", recorded, "evidence", NEW, "recorded",
        primary="baughman2001.osseous",
        target="osseous.true_prevalence"),
    Number("bone_prev_baughman", "on record, new patients", recorded, "review", NEW, "recorded",
        primary="baughman2001.osseous",
        target="osseous.true_prevalence"),
    Number("bone_prev_sparks_count", "on record, referred patients", recorded, "evidence", REFERRED, "recorded",
        target="osseous.true_prevalence"),
    Number("bone_prev_sparks_count", "on record, referred patients", recorded, "review", REFERRED, "recorded",
        target="osseous.true_prevalence"),
    Number("bone_prev_sparks_stated", "on record, referred patients", recorded, "evidence", REFERRED, "recorded",
        target="osseous.true_prevalence"),
    Number("bone_prev_neville", "on record, films of hands and feet", recorded, "evidence", FILMS, "recorded",
        target="osseous.true_prevalence"),
    Number("bone_prev_neville", "on record, films of hands and feet", recorded, "review", FILMS, "recorded",
        target="osseous.true_prevalence"),
    Number("bone_prev_james", "on record, films of hands and feet", recorded, "evidence", FILMS, "recorded",
        target="osseous.true_prevalence"),
    Number("bone_prev_james", "on record, films of hands and feet", recorded, "review", FILMS, "recorded",
        target="osseous.true_prevalence"),
    Number("bone_range_spread", "on record, lowest design", recorded, "evidence", NEW, "recorded",
        target="osseous.true_prevalence"),
    Number("bone_range_spread", "on record, highest design", recorded, "evidence", PET, "recorded",
        target="osseous.true_prevalence"),
    Number("bone_half_mild_symptoms", "symptomatic, of all with osseous disease",
        _flag("osseous_symptomatic", "osseous"), target="osseous.symptomatic_share",
        asked=_rounds(0.45, 0.55, "about a half")),
    Number("bone_half_mild_symptoms", "symptomatic, of those on record",
        _flag("osseous_symptomatic", "osseous_recorded"), "evidence", REFERRED, "recorded",
        target="osseous.symptomatic_share", asked=_rounds(0.45, 0.55, "about a half")),
    Number("bone_more_than_half_asymptomatic", "without symptoms, of all with osseous disease",
        lambda p: share(~p["osseous_symptomatic"], p["osseous"]), "evidence", target="osseous.symptomatic_share"),
    Number("bone_more_than_half_asymptomatic", "without symptoms, of all with osseous disease",
        lambda p: share(~p["osseous_symptomatic"], p["osseous"]), target="osseous.symptomatic_share",
        note="the review prints “about a half” as well; both cannot be hit"),
    Number("site_zhou_spine", "spine", _bone("spine"), design=ALL, target="sites.spine"),
    Number("site_zhou_spine", "spine, of those on record", _seen("spine"), design=PET, kind="recorded",
        target="sites.spine"),
    Number("site_zhou_pelvis", "pelvis", _bone("pelvis"), design=ALL, target="sites.pelvis"),
    Number("site_zhou_pelvis", "pelvis, of those on record", _seen("pelvis"), design=PET, kind="recorded",
        target="sites.pelvis"),
    Number("site_hands", "hands", _bone("phalanges_hand"), design=ALL, target="sites.phalanges_hand"),
    Number("site_hands", "hands, of those on record", _seen("phalanges_hand"), "evidence", PET, "recorded",
        target="sites.phalanges_hand", asked=_rounds(0.125, 0.175, "about 15 %")),
    Number("site_sparks_axial", "spine or pelvis",
        lambda p: share(p["osseous_spine"] | p["osseous_pelvis"], p["osseous"]), design=ALL,
        target="sites.spine_or_pelvis"),
    Number("site_sparks_axial", "spine or pelvis, of those on record",
        lambda p: share(p["recorded_spine"] | p["recorded_pelvis"], p["osseous_recorded"]), design=PET,
        kind="recorded", target="sites.spine_or_pelvis"),
    Number("ca_hypercalcaemia", "hypercalcaemia", _flag("hypercalcaemia_true"), target="calcium.hypercalcaemia"),
    Number("ca_hypercalcaemia_alt", "hypercalcaemia, the other reading", _flag("hypercalcaemia_true"),
        target="calcium.hypercalcaemia", vary={"calcium.hypercalcaemia": 0.10},
        note="calcium.hypercalcaemia varied to 0.10"),
    Number("ca_hypercalciuria", "urine calcium above the limit of the sex", _measured_flag("hypercalciuria_by_sex"),
        kind="recorded", target="calcium.urine_raised"),
    Number("ca_hypercalciuria_alt", "urine calcium above 300 mg", _measured_flag("hypercalciuria"), kind="recorded",
        target="calcium.hypercalciuria"),
    Number("ca_hypercalciuria_very_high", "urine calcium above the highest limit", _very_high, kind="recorded",
        target="calcium.urine_very_high"),
    Number("ca_alp_normal", "normal alkaline phosphatase with osseous disease", normal_alp, design=REFERRED,
        kind="recorded", target="markers.alp_osseous", asked=MOST),
    Number("biomarker_sensitivity_below_one", "sensitivity of the better of ACE and chitotriosidase", _best_marker,
        kind="recorded"),
    Number("dx_sarcoid_some_caseation", "some caseation in tissue, sarcoidosis", _caseating(False), kind="recorded",
        target="tissue.caseation_sarcoid", asked=_rounds(0.175, 0.225, "one-fifth")),
    Number("dx_tb_noncaseating", "no caseation in tissue, tuberculosis", _caseating(True), kind="recorded",
        target="tissue.caseation_tuberculosis", asked=_rounds(0.375, 0.425, "about 40 %"),
        note="the parameter is the share with caseation"),
    Number("tx_systemic_needed", "systemic therapy", _flag("systemic_therapy"), design=ALL,
        target="treatment.systemic"),
    Number("tx_prednisone_initial_dose", "20 to 40 mg, life not at risk", _doses(False),
        target="treatment.prednisone_lowest", asked=ALL_OF_THEM),
    Number("tx_prednisone_initial_dose", "above 40 mg, heart or nervous system involved", _doses(True),
        target="treatment.prednisone_vital", asked=MOST,
        note="the review allows a higher dose where life is at risk"),
    Number("tx_prednisone_taper_start", "first reduction after 6 to 12 weeks", _taper,
        target="treatment.taper_earliest", asked=ALL_OF_THEM),
)
# fmt: on
