"""Every variable of the patient table, declared once: the generator writes it, `check` reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sarcoid_epi.measures import MEASURES, ON, in_words, split

Kind = Literal["identifier", "category", "flag", "integer", "number", "date"]

#: Bones that are told apart, in the order of the bits of a site pattern.
SITES = ("phalanges_hand", "phalanges_foot", "skull", "long_bones", "ribs", "sternum", "spine", "pelvis")

#: Bones that come in pairs.
PAIRED = ("phalanges_hand", "phalanges_foot", "long_bones", "ribs", "pelvis")

#: Ways of looking at bone.
MODALITIES = (
    "hand_foot_film",
    "chest_film",
    "chest_ct",
    "spine_mri",
    "whole_body_mri",
    "bone_scan",
    "fdg_pet",
)

#: The nine organs of the source review, in its order.
ORGANS = ("lung", "skin", "eye", "liver", "spleen", "heart", "nervous_system", "upper_airway", "gut")

MODALITY_LABELS = {
    "hand_foot_film": "hand or foot film",
    "chest_film": "chest film",
    "chest_ct": "chest CT",
    "spine_mri": "spine MRI",
    "whole_body_mri": "whole-body MRI",
    "bone_scan": "bone scan",
    "fdg_pet": "FDG-PET",
}

#: Reasons to image, in the order in which they are asked.
INDICATIONS = ("routine", "bone_pain", "back_pain", "heart", "cancer", "calcium", "alp")

#: Designs under which every patient's record is worked out too, whatever design is at work.
COUNTERFACTUAL = (
    "incident_clinic",
    "tertiary_records",
    "hand_film_survey",
    "pet_series",
    "back_pain_mri",
    "whole_body_mri_for_all",
    "two_source_registry",
)

LESIONS = ("lytic", "sclerotic", "permeative", "destructive")
GRADES = ("none", "possible", "probable", "definite")
MUSCLE_FORMS = ("acute", "chronic", "nodular")

#: What sarcoidosis is mistaken for as a whole (first list of the source review).
SYSTEMIC_MIMICS = (
    "lymphoproliferative",
    "sarcoid_like_malignancy",
    "tuberculosis",
    "atypical_mycobacteria",
    "brucellosis",
    "coccidioidomycosis_fungal",
    "leishmaniosis",
    "silicosis",
    "pneumoconiosis",
    "beryllium",
    "talc_zirconium",
    "drug_granulomatosis",
    "interstitial_lung",
    "autoimmune",
    "blau_autoinflammatory",
    "immune_deficiency",
)

#: What looks like osseous sarcoidosis (second list); spondyloarthritis and fracture are variables of their own.
BONE_MIMICS = (
    "metastasis",
    "myeloma",
    "paget",
    "hyperparathyroidism",
    "haemangioma",
    "enchondroma",
    "osteopetrosis",
    "osteopoikilosis",
    "rickets",
    "mastocytosis",
    "tuberculosis",
    "brucellosis",
    "coccidioidomycosis",
    "spondyloarthritis",
    "fracture",
)

#: What looks like sarcoidosis of muscle (second list, and the myopathy of glucocorticoids).
MUSCLE_MIMICS = ("metastasis", "infarction", "inflammatory_myopathy", "glucocorticoid_myopathy")


@dataclass(frozen=True)
class Variable:
    """One column of the patient table.

    `levels` fixes the categories and their order (empty: any text is a level). `low` and `high` are plausible limits:
    a value outside them fails the check. A flag is true, false or missing. A `required` column must be there, though it
    may be empty: a misspelt name would otherwise vanish without a word. `latent` variables belong to `truth` and are
    never part of a patient table.
    """

    name: str
    kind: Kind
    label: str
    step: str
    unit: str = ""
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    required: bool = False
    latent: bool = False


def readable(name: str) -> str:
    """`upper_airway` as a reader wants it: upper airway."""
    return name.replace("_", " ")


PATIENT: tuple[Variable, ...] = (
    # demography
    Variable("patient_id", "identifier", "Patient", "demography", required=True),
    Variable("centre", "category", "Centre", "demography"),
    Variable("sex", "category", "Sex", "demography", levels=("female", "male"), required=True),
    Variable("ancestry", "category", "Ancestry", "demography", levels=("white", "black", "other")),
    Variable("age_at_onset", "integer", "Age at onset", "demography", "years", low=0, high=120),
    # entry
    Variable("onset_date", "date", "Date of onset", "entry"),
    Variable("diagnosis_date", "date", "Date of diagnosis", "entry"),
    Variable("study_date", "date", "Date at which the study meets the patient", "entry"),
    Variable("age_at_diagnosis", "integer", "Age at diagnosis", "entry", "years", low=0, high=120, required=True),
    Variable("era", "category", "Era of diagnosis", "entry", levels=("before_1990", "1990_to_2009", "since_2010")),
    Variable("years_since_diagnosis", "number", "Time since diagnosis", "entry", "years", low=0, high=90),
    # presentation
    Variable("incidental_finding", "flag", "Found by chance, no symptoms", "presentation"),
    Variable("erythema_nodosum", "flag", "Erythema nodosum", "presentation"),
    Variable("ankle_periarthritis", "flag", "Periarticular ankle inflammation", "presentation"),
    Variable("arthritis", "flag", "Arthritis", "presentation"),
    Variable("fever", "flag", "Fever", "presentation"),
    Variable("cough", "flag", "Cough", "presentation"),
    # stage
    Variable("scadding_stage", "category", "Scadding stage", "stage", levels=("0", "I", "II", "III", "IV")),
    Variable("bilateral_hilar_lymphadenopathy", "flag", "Hilar nodes on both sides", "stage"),
    Variable("lofgren_strict", "flag", "Löfgren syndrome (strict: the triad)", "stage"),
    Variable("lofgren_broad", "flag", "Löfgren syndrome (broad: nodes with erythema nodosum or ankles)", "stage"),
    # organs
    *(Variable(organ, "flag", readable(organ).capitalize(), "organs") for organ in ORGANS),
    Variable("n_organs", "integer", "Organs involved, of the nine", "organs", low=0, high=len(ORGANS)),
    Variable("lupus_pernio", "flag", "Lupus pernio", "organs"),
    Variable("extrathoracic_nodes", "flag", "Extrathoracic lymph nodes", "organs"),
    # axial
    Variable("chronic_back_pain", "flag", "Chronic back pain", "axial"),
    Variable("inflammatory_back_pain", "flag", "Inflammatory back pain", "axial"),
    Variable("spondyloarthritis_diagnosis", "flag", "Diagnosis of spondyloarthritis", "axial"),
    # selection
    Variable("hla_drb1_03", "flag", "HLA-DRB1*03, where typed", "selection"),
    Variable("sacroiliitis_mri", "flag", "Sacroiliitis on MRI", "imaging"),
    # joint and muscle
    Variable("joint", "category", "Joint disease", "joint", levels=("none", "arthralgia", "arthritis")),
    Variable("musculoskeletal", "flag", "Any musculoskeletal manifestation", "joint"),
    Variable("muscle_weakness", "flag", "Muscle weakness, pain or nodules", "muscle record"),
    Variable("muscle_symptomatic", "flag", "Weakness, pain or nodules put down to sarcoidosis", "muscle record"),
    Variable("muscle_form", "category", "Form of muscle disease", "muscle record", levels=MUSCLE_FORMS),
    # treatment
    Variable("systemic_therapy", "flag", "Systemic therapy", "treatment"),
    Variable("treatment_start_date", "date", "Start of systemic therapy", "treatment"),
    Variable("prednisone_start_mg", "number", "Prednisone at the start", "treatment", "mg/day", low=0, high=200),
    Variable("taper_start_weeks", "integer", "Weeks until the dose is reduced", "treatment", "weeks", low=0, high=520),
    Variable("methotrexate", "flag", "Methotrexate", "treatment"),
    Variable("other_sparing_agent", "flag", "Another steroid-sparing agent", "treatment"),
    Variable("tnf_inhibitor", "flag", "TNF inhibitor", "treatment"),
    # bone density
    Variable("bmd_t_score", "number", "Bone density, T-score", "bone density", "standard deviations", low=-8, high=6),
    Variable("fragility_fracture", "flag", "Fragility fracture", "bone density"),
    # vitamin D
    Variable("calcidiol_nmol_l", "number", "Calcidiol, 25(OH)D", "vitamin D", "nmol/l", low=1, high=750),
    Variable("calcitriol_pmol_l", "number", "Calcitriol, 1,25(OH)2D", "vitamin D", "pmol/l", low=1, high=1500),
    # calcium
    Variable("serum_calcium_mmol_l", "number", "Serum calcium", "calcium", "mmol/l", low=0.5, high=6),
    Variable("hypercalcaemia", "flag", "Hypercalcaemia", "calcium"),
    Variable("urine_calcium_mg_24h", "number", "Urine calcium over 24 hours", "calcium", "mg/24 h", low=0, high=3000),
    Variable("hypercalciuria", "flag", "Hypercalciuria (above 300 mg)", "calcium"),
    Variable("hypercalciuria_by_sex", "flag", "Hypercalciuria (above the limit of the sex)", "calcium"),
    Variable("kidney_stones", "flag", "Kidney stones", "calcium"),
    # markers
    Variable("pth_pmol_l", "number", "Parathyroid hormone", "markers", "pmol/l", low=0.01, high=500),
    Variable("alp_u_l", "number", "Alkaline phosphatase", "markers", "U/l", low=1, high=10000),
    Variable("alp_raised", "flag", "Alkaline phosphatase above the limit", "markers"),
    Variable("ace_genotype", "category", "ACE genotype", "markers", levels=("II", "ID", "DD")),
    Variable("ace_u_l", "number", "Angiotensin-converting enzyme", "markers", "U/l", low=0, high=1000),
    Variable("chitotriosidase_nmol_ml_h", "number", "Chitotriosidase", "markers", "nmol/ml/h", low=0, high=100000),
    Variable("creatinine_umol_l", "number", "Creatinine", "markers", "µmol/l", low=10, high=3000),
    # imaging
    Variable("bone_pain", "flag", "Bone pain", "imaging"),
    Variable("cancer_suspected", "flag", "Cancer suspected", "imaging"),
    *(Variable(f"imaging_{m}", "flag", f"Imaged: {MODALITY_LABELS[m]}", "imaging") for m in MODALITIES),
    *(
        Variable(f"indication_{m}", "category", f"Reason for {MODALITY_LABELS[m]}", "imaging", levels=INDICATIONS)
        for m in MODALITIES
    ),
    *(Variable(f"date_{m}", "date", f"Date of {MODALITY_LABELS[m]}", "imaging") for m in MODALITIES),
    *(Variable(f"reading_{m}", "flag", f"Bone lesion read on {MODALITY_LABELS[m]}", "imaging") for m in MODALITIES),
    Variable("marrow_uptake", "flag", "Diffuse marrow uptake on FDG-PET", "imaging"),
    # record
    Variable("bone_biopsy", "flag", "Bone biopsy", "record"),
    Variable(
        "bone_histology",
        "category",
        "Histology of bone",
        "record",
        levels=("granuloma", "caseating_granuloma", "other_disease", "not_diagnostic"),
    ),
    Variable(
        "tissue_at_diagnosis",
        "category",
        "Granulomas in the tissue taken at diagnosis",
        "record",
        levels=("non_caseating", "some_caseation"),
    ),
    Variable("osseous_grade", "category", "Grade of osseous sarcoidosis", "record", levels=GRADES),
    Variable("on_clinic_list", "flag", "Osseous sarcoidosis on the clinic list", "record"),
    Variable("in_radiology_text", "flag", "Osseous sarcoidosis in radiology reports", "record"),
    Variable("in_codes", "flag", "Osseous sarcoidosis in diagnosis codes", "record"),
    Variable("osseous_recorded", "flag", "Osseous sarcoidosis on record", "record", required=True),
    Variable(
        "osseous_record_date", "date", "Date of the first positive reading, or of the study without one", "record"
    ),
    *(Variable(f"recorded_{s}", "flag", f"Recorded site: {readable(s)}", "record") for s in SITES),
    Variable("laterality", "category", "Sides of paired bones", "record", levels=("one_side", "both_sides")),
    Variable("lesion_type", "category", "Recorded type of lesion", "record", levels=LESIONS),
    # substudy
    Variable("substudy_stratum", "category", "Stratum of the substudy", "substudy", levels=("low", "high")),
    Variable("in_substudy", "flag", "Drawn for the substudy", "substudy"),
    Variable("reading_substudy", "flag", "Bone lesion read on FDG-PET of the substudy", "substudy"),
    # follow-up
    Variable("follow_up_years", "number", "Time from diagnosis to the end of follow-up", "follow-up", "years", low=0),
    Variable("end_reason", "category", "Why follow-up ended", "follow-up", levels=("closing", "lost", "died")),
    Variable("died", "flag", "Died during follow-up", "follow-up"),
    Variable("remission", "flag", "Remission by the end of follow-up", "follow-up"),
    Variable("remission_years", "number", "Time from diagnosis to remission", "follow-up", "years", low=0),
    Variable("relapse", "flag", "Relapse by the end of follow-up", "follow-up"),
    Variable("relapse_years", "number", "Time from diagnosis to the first relapse", "follow-up", "years", low=0),
    Variable("relapses", "integer", "Number of relapses", "follow-up", low=0),
    Variable("new_osseous_record", "flag", "Osseous sarcoidosis newly recorded in follow-up", "follow-up"),
    Variable("new_osseous_record_years", "number", "Time from diagnosis to that record", "follow-up", "years", low=0),
)

TRUTH: tuple[Variable, ...] = (
    Variable("patient_id", "identifier", "Patient", "demography", required=True, latent=True),
    Variable("hla_drb1_03_true", "flag", "HLA-DRB1*03, typed or not", "demography", latent=True),
    Variable("acute_onset", "flag", "Acute, Löfgren-type onset", "course", latent=True),
    Variable("frailty", "number", "Frailty shared by the organs", "course", "standard deviations", latent=True),
    Variable("burden", "number", "Granuloma burden", "course", "standard deviations", latent=True),
    Variable("granuloma_calcitriol", "number", "Calcitriol drive", "course", "standard deviations", latent=True),
    Variable(
        "systemic_mimic", "category", "What it is, if not sarcoidosis", "course", "", SYSTEMIC_MIMICS, latent=True
    ),
    Variable("bone_mimic", "category", "What looks like osseous disease", "mimics", "", BONE_MIMICS, latent=True),
    Variable("muscle_mimic", "category", "What looks like muscle disease", "mimics", "", MUSCLE_MIMICS, latent=True),
    Variable("muscle_granulomas", "flag", "Granulomas in muscle", "muscle", latent=True),
    Variable("muscle_symptomatic_true", "flag", "Symptoms from granulomas in muscle", "muscle", latent=True),
    Variable("sacroiliitis", "flag", "Sacroiliitis, imaged or not", "axial", latent=True),
    Variable("osseous", "flag", "Osseous sarcoidosis, whether or not anyone looked", "osseous", latent=True),
    Variable("osseous_onset_years", "number", "Time from diagnosis to osseous onset", "osseous", "years", latent=True),
    Variable("osseous_phalangeal", "flag", "Phalangeal phenotype: hand or foot", "osseous", latent=True),
    Variable("osseous_axial", "flag", "Axial phenotype: any other bone", "osseous", latent=True),
    *(Variable(f"osseous_{s}", "flag", f"True site: {readable(s)}", "osseous", latent=True) for s in SITES),
    Variable("phalangeal_lesion", "category", "Type of phalangeal lesions", "osseous", "", LESIONS, latent=True),
    Variable("axial_lesion", "category", "Type of other lesions", "osseous", "", LESIONS, latent=True),
    Variable("osseous_bilateral", "flag", "Lesions of paired bones on both sides", "osseous", latent=True),
    Variable("osseous_symptomatic", "flag", "Symptoms from osseous disease", "osseous", latent=True),
    Variable("marrow_activity", "flag", "Diffuse marrow activity", "osseous", latent=True),
    Variable("visibility", "number", "How hard lesions are to see: 0 plain, 1 hidden", "osseous", "share", latent=True),
    Variable("osteoarthritis", "flag", "Osteoarthritis", "bone density", latent=True),
    Variable("false_positive_record", "flag", "On record without osseous disease", "record", latent=True),
    Variable("detected_by", "category", "What first showed a true lesion", "record", "", MODALITIES, latent=True),
    Variable(
        "calcium_true_mmol_l", "number", "Serum calcium untreated, measured or not", "calcium", "mmol/l", latent=True
    ),
    Variable("hypercalcaemia_true", "flag", "Hypercalcaemia, measured or not", "calcium", latent=True),
    *(
        Variable(
            f"recorded_under_{d}",
            "flag",
            f"Would be on record under the design {readable(d)}",
            "counterfactual",
            latent=True,
        )
        for d in COUNTERFACTUAL
    ),
)

PATIENT_BY_NAME = {variable.name: variable for variable in PATIENT}
TRUTH_BY_NAME = {variable.name: variable for variable in TRUTH}


#: Labels of answers that are no variables of patients.
ANSWERS = {
    "isolated_ankle": "Periarticular ankles alone, no erythema nodosum, no arthritis",
    "osseous_least": "True share, at least",
    "osseous_most": "True share, at most",
    "osseous_systematic": "True share, doubt of the belief alone",
    "osseous_in_low": "True share, low stratum",
    "osseous_in_high": "True share, high stratum",
    "underdiagnosis": "Underdiagnosis: cases not on record",
    "missed": "Cases not on record, of all patients",
    "record_true": "Records that are true",
    "true_per_record": "True cases for each on record",
    "never_imaged_symptomatic": "Of the cases: never imaged, with symptoms",
    "never_imaged_silent": "Of the cases: never imaged, silent",
    "not_seen": "Of the cases: imaged, not seen",
    "not_written": "Of the cases: seen, not written down",
    "tipping_2": "Sensitivity at which 2 % have it",
    "tipping_5": "Sensitivity at which 5 % have it",
    "tipping_10": "Sensitivity at which 10 % have it",
    "tipping_15": "Sensitivity at which 15 % have it",
    "met": "Share that sources could hold",
    "met_lincoln_petersen": "Share that sources could hold, plain",
    "met_by_pain": "Share that sources could hold, by pain",
    "met_by_aic": "Share that sources could hold, by AIC",
    "met_least": "Share that sources could hold, at least",
    "odds_ratio_recorded": "Odds ratio of the records",
    "odds_ratio_corrected": "Odds ratio, corrected",
    "odds_dependence": "Odds ratio between the two sources",
    "people_with_sarcoidosis": "People with diagnosed sarcoidosis",
    "people_unrecorded": "People with bone disease not on record",
    "doubt_occurrence": "Doubt from occurrence",
    "doubt_osseous": "Doubt from the true share",
    "doubt_underdiagnosis": "Doubt from underdiagnosis",
    "looking": "Part of the spread that is the looking",
    "tau": "Spread between true shares (log odds)",
    "tau_apparent": "Spread between shares on record (log odds)",
    "odds_new": "Odds of it in new patients over referred",
    "odds_scanned": "Odds of it in those sent to PET over referred",
    "odds_back_pain": "Odds of it with back pain over referred",
    "symptomatic": "True cases with bone symptoms",
    "imaged_symptomatic": "Routine care: imaged, with bone symptoms",
    "imaged_silent": "Routine care: imaged, without symptoms",
    "seen": "Routine care: seen and written, once imaged",
    "record_sensitivity": "Sensitivity of records",
    "record_specificity": "Specificity of records",
    **{
        term: f"{name} of {way}"
        for key, way in {"records": "records", "film": "film", "mri": "MRI of the spine", "pet": "PET"}.items()
        for term, name in (
            (f"{key}_sensitivity", "Sensitivity"),
            (f"{key}_specificity", "Specificity"),
            (f"sensitivity_{key}", "Sensitivity"),
            (f"learned_{key}", "Part gone of the prior standard deviation of the sensitivity"),
        )
    },
}


def label(name: str) -> str:
    """The printed label of a variable, or its name in plain words where the vocabulary has none.

    >>> label("n_organs"), label("sex=female")
    ('Organs involved, of the nine', 'Sex: female')
    """
    measure, of = split(name)
    if measure:
        return f"{MEASURES[measure].label}: {in_words(of, label)}"
    exposure, on, outcome = name.rpartition(ON)
    if on and "=" in outcome:
        return f"{label(outcome)}; {label(exposure)}"
    name, equals, level = name.partition("=")
    if equals and level == "yes":
        return label(name)
    if equals:
        return f"{label(name)}: {readable(level)}"
    known = PATIENT_BY_NAME.get(name) or TRUTH_BY_NAME.get(name)
    return known.label if known else ANSWERS.get(name) or _beside(name) or _of_odds(name) or readable(name)


def _beside(name: str) -> str:
    """The label of an answer that stands beside another: its prior, or what of its prior variance is gone."""
    for begins, what in (("prior_", "Prior"), ("learned_", "Part gone of the prior variance")):
        if name.startswith(begins):
            return f"{what}: {label(name.removeprefix(begins))}"
    return ""


def _of_odds(name: str) -> str:
    """The label of an answer for one odds ratio: `met_odds_4`."""
    term, odds, ratio = name.rpartition("_odds_")
    return f"{label(term)}, odds ratio {ratio}" if odds else ""
