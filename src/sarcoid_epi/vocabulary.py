"""Every variable of the patient table, declared once: the generator writes it, `check` reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["identifier", "category", "flag", "integer", "number", "date"]

#: Bones that are told apart, in the order of the bits of a site pattern.
SITES = ("phalanges_hand", "phalanges_foot", "skull", "long_bones", "ribs", "sternum", "spine", "pelvis")

#: Ways of looking at bone.
MODALITIES = ("hand_foot_film", "chest_film", "chest_ct", "spine_mri", "bone_scan", "fdg_pet")

#: The nine organs of the source review, in its order.
ORGANS = ("lung", "skin", "eye", "liver", "spleen", "heart", "nervous_system", "upper_airway", "gut")

MODALITY_LABELS = {
    "hand_foot_film": "hand or foot film",
    "chest_film": "chest film",
    "chest_ct": "chest CT",
    "spine_mri": "spine MRI",
    "bone_scan": "bone scan",
    "fdg_pet": "FDG-PET",
}


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
    Variable("onset_date", "date", "Date of onset", "demography"),
    Variable("diagnosis_date", "date", "Date of diagnosis", "demography"),
    Variable("age_at_diagnosis", "integer", "Age at diagnosis", "demography", "years", low=0, high=120, required=True),
    Variable("era", "category", "Era of diagnosis", "demography", levels=("before_1990", "1990_to_2009", "since_2010")),
    Variable("years_since_diagnosis", "number", "Time since diagnosis", "demography", "years", low=0, high=90),
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
    # bone record
    Variable("bone_pain", "flag", "Bone pain", "bone record"),
    *(Variable(f"imaging_{m}", "flag", f"Imaged: {MODALITY_LABELS[m]}", "bone record") for m in MODALITIES),
    *(Variable(f"reading_{m}", "flag", f"Bone lesion read on {MODALITY_LABELS[m]}", "bone record") for m in MODALITIES),
    Variable("osseous_recorded", "flag", "Osseous sarcoidosis on record", "bone record", required=True),
    *(Variable(f"recorded_{s}", "flag", f"Recorded site: {readable(s)}", "bone record") for s in SITES),
    # calcium
    Variable("serum_calcium_mmol_l", "number", "Serum calcium", "calcium", "mmol/l", low=0.5, high=6),
    Variable("hypercalcaemia", "flag", "Hypercalcaemia", "calcium"),
)

TRUTH: tuple[Variable, ...] = (
    Variable("patient_id", "identifier", "Patient", "demography", required=True, latent=True),
    Variable("acute_onset", "flag", "Acute, Löfgren-type onset", "course", latent=True),
    Variable("frailty", "number", "Frailty shared by the organs", "course", "standard deviations", latent=True),
    Variable("burden", "number", "Granuloma burden", "course", "standard deviations", latent=True),
    Variable("osseous", "flag", "Osseous sarcoidosis, whether or not anyone looked", "osseous", latent=True),
    *(Variable(f"osseous_{s}", "flag", f"True site: {readable(s)}", "osseous", latent=True) for s in SITES),
    Variable("osseous_symptomatic", "flag", "Symptoms from osseous disease", "osseous", latent=True),
    Variable("visibility", "number", "How hard lesions are to see: 0 plain, 1 hidden", "osseous", "share", latent=True),
    Variable("false_positive_record", "flag", "On record without osseous disease", "bone record", latent=True),
    Variable("calcium_true_mmol_l", "number", "Serum calcium, measured or not", "calcium", "mmol/l", latent=True),
    Variable("hypercalcaemia_true", "flag", "Hypercalcaemia, measured or not", "calcium", latent=True),
)

PATIENT_BY_NAME = {variable.name: variable for variable in PATIENT}
TRUTH_BY_NAME = {variable.name: variable for variable in TRUTH}


def label(name: str) -> str:
    """The printed label of a variable, or its name in plain words where the vocabulary has none.

    >>> label("n_organs"), label("sex=female")
    ('Organs involved, of the nine', 'Sex: female')
    """
    name, equals, level = name.partition("=")
    if equals:
        return f"{label(name)}: {readable(level)}"
    known = PATIENT_BY_NAME.get(name) or TRUTH_BY_NAME.get(name)
    return known.label if known else readable(name)
