"""The patients that figures are taken from: one cohort for each world and design, all of one seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from sarcoid_epi.agreement.measuring import Flags, Numbers
from sarcoid_epi.cohort import Cohort, generate
from sarcoid_epi.scenario import Design, World, load_design, load_world
from sarcoid_epi.scenario.design import Design as DesignClass
from sarcoid_epi.scenario.loader import paths
from sarcoid_epi.scenario.world import World as WorldClass
from sarcoid_epi.vocabulary import MODALITIES, ORGANS, SITES

SIZE, SEED = 200_000, 2020

#: Columns that some figure reads, beside those of the bones and of imaging.
READ = (
    "sex", "ancestry", "age_at_onset", "age_at_diagnosis", "onset_date", "study_date", "years_since_diagnosis",
    "erythema_nodosum", "ankle_periarthritis", "arthritis", "fever", "cough", "scadding_stage", "lofgren_strict",
    "lofgren_broad", *ORGANS, "n_organs", "lupus_pernio", "chronic_back_pain", "spondyloarthritis_diagnosis",
    "musculoskeletal", "muscle_form", "systemic_therapy", "prednisone_start_mg", "taper_start_weeks", "methotrexate",
    "bmd_t_score", "fragility_fracture", "calcidiol_nmol_l", "calcitriol_pmol_l", "urine_calcium_mg_24h",
    "hypercalciuria", "hypercalciuria_by_sex", "kidney_stones", "pth_pmol_l", "alp_raised", "ace_u_l",
    "chitotriosidase_nmol_ml_h", "bone_pain", "marrow_uptake", "bone_histology", "tissue_at_diagnosis",
    "osseous_grade", "on_clinic_list", "in_radiology_text", "osseous_recorded", "laterality", "remission_years",
    "relapse", "burden", "granuloma_calcitriol", "systemic_mimic", "bone_mimic", "muscle_mimic", "acute_onset",
    "muscle_granulomas", "muscle_symptomatic_true", "sacroiliitis", "osseous", "phalangeal_lesion",
    "osseous_phalangeal", "osseous_bilateral", "osseous_symptomatic", "false_positive_record", "detected_by",
    "hypercalcaemia_true", "calcium_true_mmol_l",
)  # fmt: skip
BONES = (*(f"osseous_{site}" for site in SITES), *(f"recorded_{site}" for site in SITES))
IMAGING = (*(f"indication_{m}" for m in MODALITIES), *(f"reading_{m}" for m in MODALITIES))
COLUMNS = (*READ, *BONES, *IMAGING)


@dataclass(frozen=True)
class Patients:
    """A cohort with its truth, one column at a time as an array."""

    world: World
    design: Design
    cohort: Cohort

    def _column(self, name: str) -> pd.Series[Any]:
        tables = self.cohort.patients, self.cohort.truth
        return next(table[name] for table in tables if name in table)

    def __getitem__(self, name: str) -> Flags:
        """A flag; what is missing counts as no."""
        return self._column(name).fillna(False).to_numpy(dtype=bool)

    def known(self, name: str) -> Flags:
        """Whether a column is known."""
        return self._column(name).notna().to_numpy(dtype=bool)

    def level(self, name: str, *levels: str) -> Flags:
        """Whether a category is one of some levels."""
        return self._column(name).isin(levels).to_numpy(dtype=bool)

    def number(self, name: str) -> Numbers:
        """A number; NaN where it is missing."""
        return np.asarray(self._column(name).to_numpy(dtype=np.float64, na_value=np.nan))

    def month(self, name: str) -> Numbers:
        """The month of a date."""
        return np.asarray(self._column(name).dt.month, dtype=np.float64)

    @cached_property
    def everybody(self) -> Flags:
        """True for all."""
        return np.ones(len(self.cohort.patients), dtype=bool)

    def value(self, path: str) -> float:
        """A parameter of the world or the design."""
        return (self.world.parameters() | self.design.parameters())[path].value


@dataclass
class Looks:
    """Cohorts by world, design and what is varied, each made once."""

    size: int = SIZE
    seed: int = SEED
    made: dict[tuple[Any, ...], Patients] = field(default_factory=dict)

    def __call__(
        self,
        world: str,
        design: str,
        vary: Mapping[str, float] | None = None,
        columns: tuple[str, ...] = COLUMNS,
        size: int | None = None,
    ) -> Patients:
        """The patients that a design sees of a world, perhaps with some parameters at other values."""
        key = world, design, tuple(sorted((vary or {}).items())), columns, size
        if key not in self.made:
            made_of, looked_at = scenario(world, design, vary or {})
            cohort = generate(made_of, looked_at, size or self.size, self.seed, columns=columns)
            self.made[key] = Patients(made_of, looked_at, cohort)
        return self.made[key]


def scenario(world: str, design: str, vary: Mapping[str, float]) -> tuple[World, Design]:
    """World and design, each with those of the varied parameters that it has."""
    of_world, of_design = paths(WorldClass), paths(DesignClass)
    return (
        load_world(world, {path: value for path, value in vary.items() if path in of_world}),
        load_design(design, {path: value for path, value in vary.items() if path in of_design}),
    )
