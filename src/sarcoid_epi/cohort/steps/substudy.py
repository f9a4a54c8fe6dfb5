"""FDG-PET for the sake of the study in a random sample, by stratum: read blind, and kept out of the record."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, variable
from sarcoid_epi.cohort.steps.imaging import CONSPICUITIES, NOT_DONE, mistaken, visible
from sarcoid_epi.scenario import Design
from sarcoid_epi.streams import Floats

LOW, HIGH = 0, 1


@variable
def substudy_stratum(bone_pain: Column, extrathoracic_nodes: Column, hypercalcaemia: Column) -> Column:
    """High with any of the three signs that a record shows."""
    return np.where(bone_pain | extrathoracic_nodes | (hypercalcaemia == 1), HIGH, LOW).astype(np.int8)


@variable
def in_substudy(u: Floats, design: Design, substudy_stratum: Column) -> Column:
    """Drawn at random within the stratum."""
    w = design.substudy
    return np.asarray(u < np.array([w.low.value, w.high.value])[substudy_stratum])


def reading(
    u: Floats,
    design: Design,
    in_substudy: Column,
    site_pattern: Column,
    phalangeal_lesion: Column,
    axial_lesion: Column,
    on_treatment: Column,
    mimic_site: Column,
    *conspicuity: Column,
) -> Column:
    """The reading of a scan at the look; missing outside the sample."""
    pet = design.reading.fdg_pet
    result = np.full(u.shape, NOT_DONE, dtype=np.int8)
    look = np.flatnonzero(in_substudy)
    shown = visible(
        pet,
        site_pattern[look],
        phalangeal_lesion[look],
        axial_lesion[look],
        on_treatment[look],
        tuple(hardness[look] for hardness in conspicuity),
    )
    result[look] = (shown > 0) | (u[look] < mistaken(pet, mimic_site[look]))
    return result


VARIABLES = (
    substudy_stratum,
    in_substudy,
    variable(
        reading,
        "reading_substudy",
        (
            "in_substudy",
            "site_pattern",
            "phalangeal_lesion",
            "axial_lesion",
            "on_treatment",
            "mimic_site",
            *CONSPICUITIES,
        ),
    ),
)
