"""The two lists of differential diagnoses: what each mimic's share was assumed to be, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass

from sarcoid_epi.agreement.looking import Looks
from sarcoid_epi.agreement.measuring import Measure, share
from sarcoid_epi.agreement.numbers import REVIEW
from sarcoid_epi.evidence import findings
from sarcoid_epi.vocabulary import BONE_MIMICS, MUSCLE_MIMICS, SYSTEMIC_MIMICS

#: Entries whose word differs from the generator's.
WORDS = {
    "bone_tb": "tuberculosis", "brucellosis_msk": "brucellosis", "coccidioidomycosis_msk": "coccidioidomycosis",
    "hemangioma": "haemangioma", "spa": "spondyloarthritis", "xlh": "rickets", "muscle_infarction": "infarction",
    "muscle_metastasis": "metastasis", "cvid": "immune_deficiency",
    "sarcoidlike_malignancy": "sarcoid_like_malignancy",
}  # fmt: skip


@dataclass(frozen=True)
class Mimic:
    """A diagnosis of the lists: its variable, the parameter that holds its share, and what it came to."""

    finding: str
    variable: str
    level: str
    path: str
    assumed: float
    measure: Measure


def review_mimics(looks: Looks) -> tuple[Mimic, ...]:
    """Every diagnosis of the lists that is generated, among new patients of the world `review`."""
    p = looks("review", "incident_clinic")
    made = []
    for id in listed():
        column, level = generated(id)
        path = f"{column.removesuffix('_mimic')}_mimics.{level}"
        known = path in p.world.parameters()
        assumed = p.value(path) if known else float("nan")
        made.append(Mimic(id, column, level, path if known else "", assumed, share(p.level(column, level))))
    return tuple(made)


def listed() -> tuple[str, ...]:
    """Findings of the two lists that are generated."""
    return tuple(one.name for one in findings(source=REVIEW) if one.name.startswith(("dd_sys_", "dd_msk_")))


def generated(id: str) -> tuple[str, str]:
    """Column and level of a diagnosis.

    >>> generated("dd_msk_xlh"), generated("dd_msk_muscle_metastasis")
    (('bone_mimic', 'rickets'), ('muscle_mimic', 'metastasis'))
    """
    word = id.removeprefix("dd_sys_").removeprefix("dd_msk_")
    level = WORDS.get(word, word)
    if id.startswith("dd_sys_"):
        return "systemic_mimic", SYSTEMIC_MIMICS[SYSTEMIC_MIMICS.index(level)]
    if "muscle" in word or word == "inflammatory_myopathy":
        return "muscle_mimic", MUSCLE_MIMICS[MUSCLE_MIMICS.index(level)]
    return "bone_mimic", BONE_MIMICS[BONE_MIMICS.index(level)]
