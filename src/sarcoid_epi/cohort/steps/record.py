"""From a reading to the record: biopsy, grade, sources, and what then stands written about sites and lesions."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, Node, variable
from sarcoid_epi.cohort.steps.entry import DAYS_PER_YEAR
from sarcoid_epi.cohort.steps.imaging import NOT_DONE
from sarcoid_epi.cohort.steps.mimics import NONE
from sarcoid_epi.cohort.steps.osseous import LYTIC, SCLEROTIC
from sarcoid_epi.scenario import Design, World
from sarcoid_epi.streams import Floats
from sarcoid_epi.vocabulary import BONE_MIMICS, GRADES, MODALITIES, PAIRED, SITES, SYSTEMIC_MIMICS

#: Modalities that show the shape of a lesion; the others show activity, which makes it possible and no more.
MORPHOLOGY = ("hand_foot_film", "chest_film", "chest_ct", "spine_mri", "whole_body_mri")
POSSIBLE, PROBABLE, DEFINITE = (GRADES.index(grade) for grade in ("possible", "probable", "definite"))
GRANULOMA, CASEATING, OTHER_DISEASE, NOT_DIAGNOSTIC = 0, 1, 2, 3

#: Where a reader puts a lesion that is not there: the bone that the modality shows most of.
FALSE_SITE = {
    "hand_foot_film": "phalanges_hand",
    "chest_film": "ribs",
    "chest_ct": "ribs",
    "spine_mri": "spine",
    "whole_body_mri": "spine",
    "bone_scan": "spine",
    "fdg_pet": "spine",
}
READINGS = tuple(f"reading_{modality}" for modality in MODALITIES)


def site_seen(evident: Column, site_pattern: Column, *patterns: Column) -> Column:
    """Sites seen on any imaging, and all sites of what nobody can miss."""
    return np.asarray(np.bitwise_or.reduce([site_pattern * evident, *patterns]))


@variable
def counted_marrow(u: Floats, design: Design, marrow_uptake: Column) -> Column:
    """Diffuse uptake that this study counts as a possible lesion."""
    return np.asarray((marrow_uptake == 1) & (u < design.record.count_marrow.value))


def imaging_grade(evident: Column, counted_marrow: Column, *readings: Column) -> Column:
    """The grade that imaging alone gives: probable with a shape, possible with activity only."""
    grade = np.where(evident, PROBABLE, np.where(counted_marrow, POSSIBLE, 0)).astype(np.int8)
    for modality, reading in zip(MODALITIES, readings, strict=True):
        grade = np.maximum(grade, np.int8(PROBABLE if modality in MORPHOLOGY else POSSIBLE) * (reading == 1))
    return grade


@variable
def bone_biopsy(u: Floats, design: Design, imaging_grade: Column, cancer_suspected: Column) -> Column:
    """Bone is biopsied after a positive reading, above all where cancer is suspected."""
    w = design.biopsy
    spared = (1 - w.positive.value) * np.where(cancer_suspected, 1 - w.suspected.value, 1.0)
    return np.asarray((imaging_grade > 0) & (u < 1 - spared))


@variable
def bone_caseation(u: Floats, world: World, bone_mimic: Column) -> Column:
    """Some caseation in the granulomas of bone, if there are any: of tuberculosis or of sarcoidosis."""
    tuberculous = bone_mimic == BONE_MIMICS.index("tuberculosis")
    w = world.tissue
    return np.asarray(u < np.where(tuberculous, w.caseation_tuberculosis.value, w.caseation_sarcoid.value))


@variable
def bone_histology(
    u: Floats, world: World, bone_biopsy: Column, site_seen: Column, bone_mimic: Column, bone_caseation: Column
) -> Column:
    """Sarcoid bone shows a granuloma or nothing; a mimic is named, but tuberculosis misleads."""
    result = np.full(u.shape, NOT_DONE, dtype=np.int8)
    taken = np.flatnonzero(bone_biopsy)
    sarcoid, mimic = site_seen[taken] > 0, bone_mimic[taken]
    hit = sarcoid & (u[taken] < world.tissue.bone_granuloma.value)
    tuberculous = ~sarcoid & (mimic == BONE_MIMICS.index("tuberculosis"))
    granuloma = np.where(bone_caseation[taken], CASEATING, GRANULOMA)
    other = ~sarcoid & (mimic != NONE)
    result[taken] = np.select([hit | tuberculous, other], [granuloma, OTHER_DISEASE], NOT_DIAGNOSTIC)
    return result


@variable
def tissue_at_diagnosis(u: Floats, world: World, design: Design, systemic_mimic: Column) -> Column:
    """Granulomas at diagnosis without (0) or with (1) some caseation; missing where no tissue was taken.

    Within the taken, the uniform is as good as new.
    """
    taken = design.biopsy.at_diagnosis.value
    tuberculous = systemic_mimic == SYSTEMIC_MIMICS.index("tuberculosis")
    w = world.tissue
    caseating = u < taken * np.where(tuberculous, w.caseation_tuberculosis.value, w.caseation_sarcoid.value)
    return np.where(u < taken, caseating, NOT_DONE).astype(np.int8)


@variable
def osseous_grade(imaging_grade: Column, bone_histology: Column) -> Column:
    """Granulomas without caseation make it definite, another disease takes it away."""
    grade = np.where(bone_histology == GRANULOMA, DEFINITE, imaging_grade)
    return np.where(bone_histology == OTHER_DISEASE, 0, grade).astype(np.int8)


def source(name: str, column: str) -> Node:
    """Whether one source holds the patient: more often with pain, which makes sources depend on each other."""

    def held(u: Floats, design: Design, osseous_grade: Column, bone_pain: Column) -> Column:
        w = getattr(design.sources, name)
        met = osseous_grade >= design.record.definition.value
        chance = np.where(bone_pain, w.painful.value, w.silent.value)
        return np.asarray(u < np.where(met, chance, w.wrong.value))

    return variable(held, column)


@variable
def osseous_recorded(evident: Column, on_clinic_list: Column, in_radiology_text: Column, in_codes: Column) -> Column:
    """In any of the sources, or impossible to miss."""
    return np.asarray(evident | on_clinic_list | in_radiology_text | in_codes)


def first_read_years(years_since_diagnosis: Column, *columns: Column) -> Column:
    """Time of the first positive reading; the look where there is none."""
    first = years_since_diagnosis.copy()
    count = len(columns) // 2
    for reading, years in zip(columns[:count], columns[count:], strict=True):
        positive = np.flatnonzero(reading == 1)
        first[positive] = np.minimum(first[positive], years[positive])
    return first


@variable
def osseous_record_date(diagnosis_date: Column, osseous_recorded: Column, first_read_years: Column) -> Column:
    days = (first_read_years * DAYS_PER_YEAR).astype(np.int64)
    return np.where(osseous_recorded, diagnosis_date + days, np.datetime64("NaT"))


def mistaken_site(osseous_recorded: Column, site_seen: Column, mimic_site: Column, *readings: Column) -> Column:
    """Where a record places a lesion when none was seen: at the mimic, or where the modality shows most."""
    wrong = np.flatnonzero(osseous_recorded & (site_seen == 0))
    place = np.full(wrong.shape, NONE, dtype=np.int8)
    for modality, reading in reversed(tuple(zip(MODALITIES, readings, strict=True))):
        place[reading[wrong] == 1] = SITES.index(FALSE_SITE[modality])
    there = (place != NONE) & (mimic_site[wrong] != NONE)
    place[there] = mimic_site[wrong][there]
    sites = np.full(site_seen.shape, NONE, dtype=np.int8)
    sites[wrong] = place
    return sites


def recorded_site(position: int) -> Node:
    """A site on record: one that was seen, or one that was mistaken when nothing was seen."""

    def recorded(osseous_recorded: Column, site_seen: Column, mistaken_site: Column) -> Column:
        return np.asarray(osseous_recorded & ((site_seen >> position & 1 == 1) | (mistaken_site == position)))

    return variable(recorded, f"recorded_{SITES[position]}")


def laterality(osseous_recorded: Column, osseous_bilateral: Column, site_seen: Column, *paired: Column) -> Column:
    """One side (0) or both (1) of paired bones on record; missing where none is. What is mistaken is on one side."""
    both = osseous_bilateral & (site_seen > 0)
    return np.where(np.any(paired, axis=0), both, NONE).astype(np.int8)


@variable
def lesion_type(
    osseous_recorded: Column,
    site_seen: Column,
    phalangeal_lesion: Column,
    axial_lesion: Column,
    recorded_phalanges_hand: Column,
    recorded_phalanges_foot: Column,
) -> Column:
    """The recorded lesion's type: of hand or foot where one is on record; a mistaken one looks like its place."""
    hand_or_foot = recorded_phalanges_hand | recorded_phalanges_foot
    mistaken = np.where(hand_or_foot, LYTIC, SCLEROTIC)
    true = np.where(hand_or_foot, phalangeal_lesion, axial_lesion)
    return np.where(osseous_recorded, np.where(site_seen > 0, true, mistaken), NONE).astype(np.int8)


@variable
def false_positive_record(osseous_recorded: Column, osseous: Column) -> Column:
    return np.asarray(osseous_recorded & ~osseous)


def detected_by(*columns: Column) -> Column:
    """The modality that first showed a true lesion."""
    count = len(columns) // 2
    first = np.full(columns[0].shape, np.inf)
    by = np.full(columns[0].shape, NONE, dtype=np.int8)
    for number, (shown, years) in enumerate(zip(columns[:count], columns[count:], strict=True)):
        earlier = np.flatnonzero((shown > 0) & (years < first))
        first[earlier], by[earlier] = years[earlier], number
    return by


SEEN = tuple(f"seen_{modality}" for modality in MODALITIES)
YEARS = tuple(f"imaged_years_{modality}" for modality in MODALITIES)

VARIABLES = (
    variable(site_seen, parents=("evident", "site_pattern", *SEEN)),
    counted_marrow,
    variable(imaging_grade, parents=("evident", "counted_marrow", *READINGS)),
    bone_biopsy,
    bone_caseation,
    bone_histology,
    tissue_at_diagnosis,
    osseous_grade,
    source("clinic_list", "on_clinic_list"),
    source("radiology_text", "in_radiology_text"),
    source("codes", "in_codes"),
    osseous_recorded,
    variable(first_read_years, parents=("years_since_diagnosis", *READINGS, *YEARS)),
    osseous_record_date,
    variable(mistaken_site, parents=("osseous_recorded", "site_seen", "mimic_site", *READINGS)),
    *(recorded_site(position) for position in range(len(SITES))),
    variable(
        laterality,
        parents=("osseous_recorded", "osseous_bilateral", "site_seen", *(f"recorded_{site}" for site in PAIRED)),
    ),
    lesion_type,
    false_positive_record,
    variable(detected_by, parents=(*SEEN, *YEARS)),
)
