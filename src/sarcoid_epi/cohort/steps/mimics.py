"""What looks like sarcoidosis of bone or muscle and is something else."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, variable
from sarcoid_epi.scenario import World
from sarcoid_epi.streams import Floats
from sarcoid_epi.vocabulary import BONE_MIMICS, MUSCLE_MIMICS, SITES

NONE = -1

#: Those that come with age; they lead the list.
OF_AGE = ("metastasis", "myeloma", "paget", "hyperparathyroidism")

#: Variables of their own; they end the list.
OWN = ("spondyloarthritis", "fracture")

#: The bone where each mimic shows.
MIMIC_SITE = {
    "metastasis": "spine",
    "myeloma": "spine",
    "paget": "pelvis",
    "hyperparathyroidism": "phalanges_hand",
    "haemangioma": "spine",
    "enchondroma": "phalanges_hand",
    "osteopetrosis": "spine",
    "osteopoikilosis": "pelvis",
    "rickets": "long_bones",
    "mastocytosis": "spine",
    "tuberculosis": "spine",
    "brucellosis": "spine",
    "coccidioidomycosis": "ribs",
    "spondyloarthritis": "pelvis",
    "fracture": "spine",
}
SITE_NUMBER = np.array([*(SITES.index(MIMIC_SITE[name]) for name in BONE_MIMICS), NONE], dtype=np.int8)


@variable
def bone_mimic(
    u: Floats, world: World, age_now: Column, spondyloarthritis_diagnosis: Column, fragility_fracture: Column
) -> Column:
    """One uniform picks at most one; a fracture, or else spondyloarthritis, stands for it where none is picked."""
    w = world.bone_mimics
    drawn = tuple(name for name in BONE_MIMICS if name not in OWN)
    shares = np.array([getattr(w, name).value for name in drawn])
    aged = np.array([name in OF_AGE for name in drawn])
    rise = np.exp(w.per_decade.value * (age_now - world.age.reference.value) / 10)
    mimic = np.full(u.shape, NONE, dtype=np.int8)
    mimic[spondyloarthritis_diagnosis] = BONE_MIMICS.index("spondyloarthritis")
    mimic[fragility_fracture] = BONE_MIMICS.index("fracture")
    hit = np.flatnonzero(u < shares[aged].sum() * rise + shares[~aged].sum())
    ends = np.cumsum(np.where(aged, shares * rise[hit, None], shares), axis=1)
    mimic[hit] = np.minimum((u[hit, None] >= ends).sum(axis=1), len(drawn) - 1)
    return np.asarray(mimic)


@variable
def mimic_site(bone_mimic: Column) -> Column:
    """The bone where the mimic shows."""
    return np.asarray(SITE_NUMBER[bone_mimic])


@variable
def muscle_mimic(u: Floats, world: World, prednisone: Column) -> Column:
    """Glucocorticoid myopathy in some of those treated; in very few another disease of muscle."""
    w = world.muscle_mimics
    ends = np.cumsum([w.metastasis.value, w.infarction.value, w.inflammatory_myopathy.value])
    steroid = prednisone & (u >= ends[-1]) & (u < ends[-1] + world.treatment.myopathy.value)
    kinds = [*range(len(ends)), MUSCLE_MIMICS.index("glucocorticoid_myopathy")]
    return np.asarray(np.select([*(u < end for end in ends), steroid], kinds, NONE).astype(np.int8))


VARIABLES = (bone_mimic, mimic_site, muscle_mimic)
