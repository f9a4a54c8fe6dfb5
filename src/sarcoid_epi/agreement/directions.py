"""Every direction that the source review states and the patients can show, as a signed contrast with limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from sarcoid_epi.agreement.acceptance import SPRING, site
from sarcoid_epi.agreement.looking import Looks, Patients
from sarcoid_epi.agreement.measuring import (
    Flags,
    K,
    Measure,
    apart,
    difference_of_means,
    difference_of_shares,
    paired_difference,
    share,
    spearman,
)
from sarcoid_epi.agreement.numbers import ALL, FILMS, NEW, PET, REFERRED, REVIEW
from sarcoid_epi.evidence import Finding, finding
from sarcoid_epi.vocabulary import MODALITIES, PAIRED, SITES


@dataclass(frozen=True)
class Direction:
    """A contrast, and the sign that the review gives it; a majority is a share less one half."""

    finding: str
    contrast: str
    of: Callable[[Patients], Measure]
    sign: int
    world: str = "review"
    design: str = NEW
    unit: str = "difference"
    note: str = ""
    vary: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Pointed:
    """A direction and the contrast that the patients show."""

    direction: Direction
    finding: Finding
    measure: Measure

    @property
    def agrees(self) -> bool:
        """Whether the contrast lies on the side that the review says, K standard errors from zero."""
        return self.direction.sign * self.measure.value > K * self.measure.error


def review_directions(looks: Looks) -> tuple[Pointed, ...]:
    """Every stated direction with the contrast achieved."""
    return tuple(
        Pointed(d, finding(f"{REVIEW}.{d.finding}"), d.of(looks(d.world, d.design, d.vary))) for d in DIRECTIONS
    )


def _less_half(one: Measure, half: float = 0.5) -> Measure:
    return Measure(one.value - half, one.error, one.n, one.low - half, one.high - half)


def _most(name: str, among: str) -> Callable[[Patients], Measure]:
    return lambda p: _less_half(share(p[name], p[among]))


def _lofgren(
    event: Callable[[Patients], Flags],
) -> Callable[[Patients], Measure]:
    """Löfgren patients less the others."""
    return lambda p: difference_of_shares(event(p), p["lofgren_broad"], ~p["lofgren_broad"])


#: In place of a flag: among those in whom the contrasted flag is known.
KNOWN = "known"


def _between(event: str, one: str, among: str | None = None) -> Callable[[Patients], Measure]:
    """Share with the event, of those with a flag less those without."""

    def of(p: Patients) -> Measure:
        here = p.everybody if among is None else p.known(one) if among == KNOWN else p[among]
        return difference_of_shares(p[event], p[one] & here, ~p[one] & here)

    return of


def _chronic_arthritis(p: Patients) -> Flags:
    return p["arthritis"] & ~p["lofgren_broad"]


def _steroids(p: Patients) -> Flags:
    return p.known("prednisone_start_mg")


def _vital(p: Patients) -> Flags:
    return p["heart"] | p["nervous_system"]


def _by_chance(p: Patients) -> Measure:
    """Of true lesions that imaging showed: those first shown by imaging for another reason than pain."""
    pain = np.zeros(p.everybody.shape, dtype=bool)
    for modality in MODALITIES:
        first = p.level("detected_by", modality)
        pain |= first & p.level(f"indication_{modality}", "bone_pain", "back_pain")
    return _less_half(share(~pain, p.known("detected_by") & p["osseous_recorded"]))


def _better_marker(p: Patients) -> Measure:
    burden = p.number("burden")
    one = spearman(p.number("chitotriosidase_nmol_ml_h"), burden, p.everybody)
    return apart(one, spearman(p.number("ace_u_l"), burden, p.everybody))


def _beyond_ct(p: Patients) -> Measure:
    both = p["osseous"] & p.known("reading_fdg_pet") & p.known("reading_chest_ct")
    return paired_difference(p["reading_fdg_pet"], p["reading_chest_ct"] | p["reading_hand_foot_film"], both)


def _leading_film_site(p: Patients) -> Measure:
    others = [site(p, name) for name in SITES if not name.startswith("phalanges")]
    either = share(p["recorded_phalanges_hand"] | p["recorded_phalanges_foot"], p["osseous_recorded"])
    return apart(either, max(others, key=lambda one: one.value))


def _summer_calcidiol(p: Patients) -> Measure:
    month = p.month("study_date")
    summer, winter = np.isin(month, (7, 8, 9)), np.isin(month, (1, 2, 3))
    return difference_of_means(p.number("calcidiol_nmol_l"), summer, winter)


def _cysts_in_black(p: Patients) -> Measure:
    cysts = p["osseous_phalangeal"] & p.level("phalangeal_lesion", "lytic")
    return difference_of_shares(cysts, p.level("ancestry", "black"), ~p.level("ancestry", "black"))


def _women_of_late_onset(p: Patients) -> Measure:
    late = p.number("age_at_onset") > 60
    return difference_of_shares(p.level("sex", "female"), late, ~late)


def _both_sides(p: Patients) -> Measure:
    paired = np.any([p[f"osseous_{name}"] for name in PAIRED], axis=0)
    return _less_half(share(p["osseous_bilateral"], p["osseous"] & paired))


def _chronic_form(p: Patients) -> Measure:
    ill = p["muscle_symptomatic_true"]
    return paired_difference(p.level("muscle_form", "chronic"), p.level("muscle_form", "nodular"), ill)


def _methotrexate(p: Patients) -> Measure:
    joint_or_muscle = p["arthritis"] | p["muscle_symptomatic_true"]
    treated = p["systemic_therapy"]
    return difference_of_shares(p["methotrexate"], treated & joint_or_muscle, treated & ~joint_or_muscle)


def _early(p: Patients) -> Flags:
    return p.number("remission_years") <= 2


def _without_drugs(p: Patients) -> Measure:
    return share(p.known("remission_years") & ~p["systemic_therapy"])


def _young(p: Patients) -> Measure:
    acute, ill = p.level("muscle_form", "acute"), p["muscle_symptomatic_true"]
    return difference_of_means(p.number("age_at_onset"), ill & acute, ill & ~acute)


def _periarticular(p: Patients) -> Measure:
    joint = p["arthritis"] | p["ankle_periarthritis"]
    return paired_difference(p["ankle_periarthritis"], p["arthritis"], joint & p["lofgren_broad"])


# fmt: off
DIRECTIONS: tuple[Direction, ...] = (
    Direction("late_onset_women", "women, onset after 60 less earlier",
        _women_of_late_onset,
        1, note="the level; no rise over the years is generated"),
    Direction("organ_lung_cough", "cough, with lung involvement less without", _between("cough", "lung"), 1,
        note="through acute onset alone; no arrow joins them"),
    Direction("lofgren_vs_non_age", "age at diagnosis, others less Löfgren",
        lambda p: difference_of_means(p.number("age_at_diagnosis"), ~p["lofgren_broad"], p["lofgren_broad"]), 1,
        unit="years"),
    Direction("lofgren_vs_non_sex", "men, others less Löfgren",
        lambda p: difference_of_shares(p.level("sex", "male"), ~p["lofgren_broad"], p["lofgren_broad"]), 1),
    Direction("lofgren_vs_non_stage", "stage III or IV, others less Löfgren",
        lambda p: difference_of_shares(p.level("scadding_stage", "III", "IV"), ~p["lofgren_broad"], p["lofgren_broad"]),
        1),
    Direction("lofgren_vs_non_medication", "systemic therapy, others less Löfgren",
        lambda p: difference_of_shares(p["systemic_therapy"], ~p["lofgren_broad"], p["lofgren_broad"]), 1),
    Direction("lofgren_vs_non_fever", "fever, Löfgren less others", _lofgren(lambda p: p["fever"]), 1),
    Direction("lofgren_few_medicated", "systemic therapy in Löfgren syndrome, less one half",
        _most("systemic_therapy", "lofgren_broad"), -1),
    Direction("lofgren_self_limited", "remission within two years in Löfgren syndrome, less one half",
        lambda p: _less_half(share(_early(p), p["lofgren_broad"])), 1),
    Direction("lofgren_relapse_infrequent", "relapse in Löfgren syndrome, less one half",
        _most("relapse", "lofgren_broad"), -1),
    Direction("lofgren_spring", "onset in March to May in Löfgren syndrome, less one quarter",
        lambda p: _less_half(share(np.isin(p.month("onset_date"), SPRING), p["lofgren_broad"]), 0.25), 1,
        note="more than any other season; about half of all onsets"),
    Direction("arth_chronic_multiorgan", "two or more organs with chronic arthritis, less one half",
        lambda p: _less_half(share(p.number("n_organs") >= 2, _chronic_arthritis(p))), 1),
    Direction("arth_chronic_skin", "skin, with chronic arthritis less without",
        lambda p: difference_of_shares(p["skin"], _chronic_arthritis(p), ~p["arthritis"] & ~p["lofgren_broad"]), 1,
        note="no arrow joins chronic arthritis to skin"),
    Direction("arth_tenosynovitis_over_synovitis", "periarthritis less arthritis, Löfgren patients with either",
        _periarticular, 1, note="outside Löfgren syndrome only arthritis is generated"),
    Direction("axial_rare_asymptomatic", "sacroiliitis, less one half",
        lambda p: _less_half(share(p["sacroiliitis"])), -1, note="rare; that it is silent is not generated"),
    Direction("msk_common_bone_less", "osseous disease less any musculoskeletal manifestation",
        lambda p: paired_difference(p["osseous"], p["musculoskeletal"]), -1),
    Direction("myo_acute_rare", "acute form, less one half",
        lambda p: _less_half(share(p.level("muscle_form", "acute"), p["muscle_symptomatic_true"])), -1),
    Direction("myo_acute_rare", "age at onset, acute form less the others", _young, -1, unit="years"),
    Direction("myo_chronic_commonest", "chronic form less nodular form", _chronic_form, 1),
    Direction("bone_mostly_asymptomatic", "without symptoms, less one half",
        lambda p: _less_half(share(~p["osseous_symptomatic"], p["osseous"])), 1, "evidence"),
    Direction("bone_incidental_majority",
        "first shown for another reason than pain, of true lesions on record, less one half", _by_chance, 1,
        "evidence", REFERRED),
    Direction("bone_incidental_majority",
        "first shown for another reason than pain, of true lesions on record, less one half", _by_chance, 1,
        "evidence", PET, note="by design: everybody is scanned"),
    Direction("bone_low_from_underdiagnosis", "on record less true, referred patients",
        lambda p: paired_difference(p["osseous_recorded"], p["osseous"]), -1, "evidence", REFERRED),
    Direction("bone_chronic_multisystem", "two or more organs with osseous disease, less one half",
        lambda p: _less_half(share(p.number("n_organs") >= 2, p["osseous"])), 1, design=ALL),
    Direction("bone_chronic_multisystem", "organs, with osseous disease less without",
        lambda p: difference_of_means(p.number("n_organs"), p["osseous"], ~p["osseous"]), 1, design=ALL,
        unit="organs"),
    Direction("bone_chronic_multisystem", "years since diagnosis, with osseous disease less without",
        lambda p: difference_of_means(p.number("years_since_diagnosis"), p["osseous"], ~p["osseous"]), 1, design=ALL,
        unit="years"),
    Direction("site_bilateral", "both sides, of those with a lesion of paired bone, less one half", _both_sides, 1,
        design=ALL),
    Direction("site_cysts_black", "lytic lesions of hand or foot, Black patients less others", _cysts_in_black, 1,
        design=ALL),
    Direction("site_phalanges_leading", "hands or feet less the next site, on record by film", _leading_film_site, 1,
        "evidence", FILMS, note="true of films; the same patients show the spine first on PET and MRI"),
    Direction("detection_pet_beyond_ct", "read on PET less read on CT or film, of true lesions with both", _beyond_ct,
        1, "evidence", REFERRED),
    Direction("ca_granuloma_hydroxylation", "burden and calcitriol, rank correlation",
        lambda p: spearman(p.number("burden"), p.number("calcitriol_pmol_l"), p.everybody), 1, unit="correlation"),
    Direction("ca_calcitriol_to_calcium", "calcitriol and serum calcium before treatment, rank correlation",
        lambda p: spearman(p.number("calcitriol_pmol_l"), p.number("calcium_true_mmol_l"), p.everybody), 1,
        unit="correlation"),
    Direction("ca_calcitriol_pth_bone", "calcitriol and parathormone, rank correlation",
        lambda p: spearman(p.number("calcitriol_pmol_l"), p.number("pth_pmol_l"), p.everybody), -1,
        unit="correlation", note="that calcium leaves bone is not generated"),
    Direction("ca_hypercalciuria_polyuria", "kidney stones, with hypercalciuria less without",
        _between("kidney_stones", "hypercalciuria", KNOWN),
        1, note="polyuria and dehydration are not generated"),
    Direction("ca_sun_diet_source", "calcidiol, summer less winter", _summer_calcidiol, 1, unit="nmol/l"),
    Direction("ca_urine_chitotriosidase", "urine calcium and chitotriosidase, rank correlation",
        lambda p: spearman(p.number("urine_calcium_mg_24h"), p.number("chitotriosidase_nmol_ml_h"), p.everybody), 1,
        unit="correlation"),
    Direction("biomarker_chitotriosidase_better", "rank correlation with burden, chitotriosidase less ACE",
        _better_marker, 1, unit="correlation"),
    Direction("bmd_glucocorticoids_cause", "T-score, with glucocorticoids less without",
        lambda p: difference_of_means(p.number("bmd_t_score"), _steroids(p), ~_steroids(p)), -1,
        unit="standard deviations"),
    Direction("tx_gc_osteoporosis", "fragility fracture, with glucocorticoids less without",
        lambda p: difference_of_shares(p["fragility_fracture"], _steroids(p), ~_steroids(p)), 1),
    Direction("tx_gc_higher_dose", "starting dose, heart or nervous system involved less others",
        lambda p: difference_of_means(p.number("prednisone_start_mg"), _vital(p), ~_vital(p)), 1, unit="mg"),
    Direction("tx_gc_bone_soft_tissue", "read on PET, of true lesions, treated less untreated",
        _between("reading_fdg_pet", "systemic_therapy", "osseous"), -1, design=PET,
        note="treated at any time; soft tissue is not generated"),
    Direction("tx_methotrexate_early", "methotrexate of the treated, joint or muscle involved less others",
        _methotrexate, 1),
    Direction("tx_bone_symptomatic_all", "systemic therapy with symptomatic bone, less one half",
        _most("systemic_therapy", "osseous_symptomatic"), 1, design=ALL, note="the review asks for all of them"),
    Direction("tx_bone_most_treated", "systemic therapy with osseous disease, less one half",
        _most("systemic_therapy", "osseous"), 1, design=ALL),
    Direction("tx_spontaneous_remission", "remission without systemic therapy, of all patients", _without_drugs, 1,
        unit="share"),
)
# fmt: on
