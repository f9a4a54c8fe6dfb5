"""The world: what makes patients and their truth. No field says how anyone looks; that is a design."""

from __future__ import annotations

from sarcoid_epi.scenario.bone import (
    BoneDensity,
    BoneMimics,
    BonePain,
    Lesions,
    MuscleMimics,
    Osseous,
    Sites,
    SystemicMimics,
    Tissue,
)
from sarcoid_epi.scenario.disease import (
    Axial,
    Course,
    Joint,
    Lofgren,
    LupusPernio,
    Muscle,
    Organs,
    Outlook,
    Presentation,
    Stage,
    Treatment,
)
from sarcoid_epi.scenario.laboratory import Calcium, Markers, VitaminD
from sarcoid_epi.scenario.parameter import Section
from sarcoid_epi.scenario.people import Age, Ancestry, Delay, Genes, Occurrence, Sex


class World(Section):
    """What makes patients. Every parameter is reached by its path, such as `osseous.true_prevalence`."""

    name: str
    label: str
    occurrence: Occurrence
    sex: Sex
    ancestry: Ancestry
    age: Age
    delay: Delay
    genes: Genes
    lofgren: Lofgren
    course: Course
    presentation: Presentation
    stage: Stage
    organs: Organs
    lupus_pernio: LupusPernio
    muscle: Muscle
    axial: Axial
    osseous: Osseous
    sites: Sites
    lesions: Lesions
    joint: Joint
    systemic_mimics: SystemicMimics
    bone_mimics: BoneMimics
    muscle_mimics: MuscleMimics
    tissue: Tissue
    treatment: Treatment
    bone_density: BoneDensity
    bone_pain: BonePain
    vitamin_d: VitaminD
    calcium: Calcium
    markers: Markers
    outlook: Outlook
