"""Looking at bone: who is imaged, when and why, what shows, and what is read."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, Node, variable
from sarcoid_epi.cohort.steps.entry import DAYS_PER_YEAR
from sarcoid_epi.cohort.steps.osseous import LYTIC
from sarcoid_epi.scenario import Design, World
from sarcoid_epi.scenario.design import Reader
from sarcoid_epi.streams import Floats
from sarcoid_epi.vocabulary import INDICATIONS, MODALITIES, SITES

NOT_DONE = -1
CONSPICUITIES = tuple(f"conspicuity_{site}" for site in SITES)


@variable
def bone_pain(
    u: Floats,
    world: World,
    osseous_symptomatic: Column,
    osteoarthritis: Column,
    fragility_fracture: Column,
    bone_mimic: Column,
) -> Column:
    """Symptomatic bone disease hurts; so may osteoarthritis, fractures, mimics, and what nobody explains."""
    w = world.bone_pain
    painless = np.full(u.shape, 1 - w.background.value)
    painless[osteoarthritis] *= 1 - w.osteoarthritis_painful.value
    painless[fragility_fracture] *= 1 - w.fracture_painful.value
    painless[bone_mimic >= 0] *= 1 - w.mimic_painful.value
    return np.asarray(osseous_symptomatic | (u >= painless))


@variable
def cancer_suspected(u: Floats, design: Design, bone_mimic: Column) -> Column:
    """With metastasis or myeloma, the first two mimics, and in some without."""
    cancer = (bone_mimic == 0) | (bone_mimic == 1)
    return np.asarray(cancer | (u < design.record.cancer_suspected.value))


@variable
def calcium_concern(hypercalcaemia: Column, kidney_stones: Column) -> Column:
    """Calcium known to be high, or a stone."""
    return np.asarray((hypercalcaemia == 1) | kidney_stones)


@variable
def alp_concern(alp_raised: Column) -> Column:
    return np.asarray(alp_raised == 1)


def indication(modality: str) -> Node:
    """Why a patient was imaged: the first reason that led to it; one uniform decides over all reasons in turn."""

    def reason(u: Floats, design: Design, *present: Column) -> Column:
        w = getattr(design.imaging, modality)
        found = np.where(u < w.routine.value, 0, NOT_DONE).astype(np.int8)
        left = np.full(u.shape, 1 - w.routine.value)
        for number, (name, flag) in enumerate(zip(INDICATIONS[1:], present, strict=True), 1):
            chance = getattr(w, name).value
            if chance > 0:
                asked = np.flatnonzero(flag)
                before = left[asked]
                left[asked] = before * (1 - chance)
                found[asked[(u[asked] >= 1 - before) & (u[asked] < 1 - left[asked])]] = number
        return found

    reasons = ("bone_pain", "chronic_back_pain", "heart", "cancer_suspected", "calcium_concern", "alp_concern")
    return variable(reason, f"indication_{modality}", reasons)


def imaging(modality: str) -> Node:
    """Imaged for whatever reason."""

    def received(indication: Column) -> Column:
        return np.asarray(indication > NOT_DONE)

    return variable(received, f"imaging_{modality}", [f"indication_{modality}"])


def imaged_years(modality: str) -> Node:
    """When: between diagnosis and the look, in the last part of that time."""

    def time(u: Floats, design: Design, years_since_diagnosis: Column) -> Column:
        late = design.imaging.late.value
        return np.asarray(years_since_diagnosis * (late + (1 - late) * u))

    return variable(time, f"imaged_years_{modality}")


def date(modality: str) -> Node:
    """The day of the imaging."""

    def day(diagnosis_date: Column, imaged: Column, years: Column) -> Column:
        days = (years * DAYS_PER_YEAR).astype(np.int64)
        return np.where(imaged, diagnosis_date + days, np.datetime64("NaT"))

    parents = ("diagnosis_date", f"imaging_{modality}", f"imaged_years_{modality}")
    return variable(day, f"date_{modality}", parents)


def visible(
    reader: Reader,
    pattern: Column,
    phalangeal_lesion: Column,
    axial_lesion: Column,
    treated: Column,
    conspicuity: tuple[Column, ...],
) -> Column:
    """Sites whose lesions a modality shows, as a pattern: those easier to see than its sensitivity there."""
    left = np.where(treated, reader.treated.value, 1.0)
    phalangeal = np.where(phalangeal_lesion == LYTIC, left, left * reader.not_lytic.value)
    axial = np.where(axial_lesion == LYTIC, left, left * reader.not_lytic.value)
    shown = np.zeros(pattern.shape, dtype=np.uint8)
    for position, (site, hardness) in enumerate(zip(SITES, conspicuity, strict=True)):
        sensitivity = getattr(reader, site).value * (phalangeal if site.startswith("phalanges") else axial)
        shown |= pattern & ((hardness < sensitivity).astype(np.uint8) << position)
    return shown


def seen(modality: str) -> Node:
    """What the imaging showed of the lesions that were there by then."""

    def shown(
        design: Design,
        imaged: Column,
        years: Column,
        site_pattern: Column,
        osseous_onset_years: Column,
        phalangeal_lesion: Column,
        axial_lesion: Column,
        treatment_start_years: Column,
        treatment_end_years: Column,
        *conspicuity: Column,
    ) -> Column:
        sites = np.zeros(site_pattern.shape, dtype=np.uint8)
        look = np.flatnonzero(imaged & (site_pattern > 0) & (osseous_onset_years <= years))
        sites[look] = visible(
            getattr(design.reading, modality),
            site_pattern[look],
            phalangeal_lesion[look],
            axial_lesion[look],
            (treatment_start_years[look] <= years[look]) & (years[look] < treatment_end_years[look]),
            tuple(hardness[look] for hardness in conspicuity),
        )
        return sites

    parents = (
        f"imaging_{modality}",
        f"imaged_years_{modality}",
        "site_pattern",
        "osseous_onset_years",
        "phalangeal_lesion",
        "axial_lesion",
        "treatment_start_years",
        "treatment_end_years",
        *CONSPICUITIES,
    )
    return variable(shown, f"seen_{modality}", parents)


def mistaken(reader: Reader, mimic_site: Column) -> Column:
    """Chance to read a lesion that is none: a mimic that shows and is mistaken, or nothing at all."""
    views = np.array([*(getattr(reader, site).value for site in SITES), 0.0])  # the last for no mimic
    return np.asarray(1 - (1 - reader.false_positive.value) * (1 - reader.mimic.value * views[mimic_site]))


def reading(modality: str) -> Node:
    """Positive when a lesion is seen, or by mistake; missing where the imaging was not done."""

    def read(u: Floats, design: Design, imaged: Column, seen: Column, mimic_site: Column) -> Column:
        result = np.full(u.shape, NOT_DONE, dtype=np.int8)
        look = np.flatnonzero(imaged)
        wrong = u[look] < mistaken(getattr(design.reading, modality), mimic_site[look])
        result[look] = (seen[look] > 0) | wrong
        return result

    return variable(read, f"reading_{modality}", (f"imaging_{modality}", f"seen_{modality}", "mimic_site"))


@variable
def marrow_uptake(
    u: Floats,
    design: Design,
    imaging_fdg_pet: Column,
    imaged_years_fdg_pet: Column,
    marrow_activity: Column,
    treatment_start_years: Column,
    treatment_end_years: Column,
) -> Column:
    """Diffuse uptake where the marrow is active, unless treatment hides it; missing without PET."""
    t = imaged_years_fdg_pet
    treated = (treatment_start_years <= t) & (t < treatment_end_years)
    shown = marrow_activity & (~treated | (u < design.reading.fdg_pet.treated.value))
    return np.where(imaging_fdg_pet, shown, NOT_DONE).astype(np.int8)


@variable
def sacroiliitis_mri(imaging_spine_mri: Column, imaging_whole_body_mri: Column, sacroiliitis: Column) -> Column:
    """Known where MRI was done."""
    return np.where(imaging_spine_mri | imaging_whole_body_mri, sacroiliitis, NOT_DONE).astype(np.int8)


#: Reasons to look: what the patient has and what was measured.
CONCERNS = (bone_pain, cancer_suspected, calcium_concern, alp_concern)

#: The looking itself.
LOOKS = (
    *(make(m) for m in MODALITIES for make in (indication, imaging, imaged_years, date, seen, reading)),
    marrow_uptake,
    sacroiliitis_mri,
)

VARIABLES = (*CONCERNS, *LOOKS)
