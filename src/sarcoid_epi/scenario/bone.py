"""Sections of a world: bone disease, its sites and lesions, what resembles it, and bone density."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from sarcoid_epi.evidence import findings
from sarcoid_epi.scenario.parameter import (
    Cited,
    Derived,
    LogOdds,
    Number,
    Positive,
    Section,
    Share,
    demand_room,
)


class Osseous(Section):
    """True osseous disease `reference_years` after diagnosis, as a share of patients with sarcoidosis, and its causes.

    `women` and `calcitriol` are edges that are absent (0) unless somebody switches them on. `evident` is the share of
    osseous disease that nobody can miss: it is on record under any design. `marrow_activity` is the share of all
    patients whose marrow is diffusely active without a focal lesion being meant.
    """

    true_prevalence: Share
    reference_years: Positive
    log_years: LogOdds
    frailty: LogOdds
    burden: LogOdds
    black: LogOdds
    lupus_pernio: LogOdds
    women: LogOdds
    calcitriol: LogOdds
    symptomatic_share: Share
    evident: Share
    visibility_shared: Share
    marrow_activity: Share
    marrow_burden: LogOdds

    @model_validator(mode="after")
    def _is_identified(self) -> Self:
        basis = self.true_prevalence.basis
        named = [basis.finding] if isinstance(basis, Cited) else list(getattr(basis, "inputs", ()))
        if isinstance(basis, Derived) and basis.rule == "true_share":
            return self
        if recorded := [name for name in named if _is_on_record(name)]:
            raise ValueError(
                f"true_prevalence: {recorded[0]} is a share on record, which does not say the true one: sensitivity "
                "and specificity of the record are missing, or a second look at the same patients (derive it with the "
                "rule 'true_share' from the finding and both, or assume it and say why)"
            )
        return self


def _is_on_record(name: str) -> bool:
    """Whether a name is that of a published frequency of osseous disease: every one is what somebody recorded."""
    stem = name.rpartition(".")[0]
    return any(found.id in (name, stem) for found in findings(topic="osseous"))


class Sites(Section):
    """Share of each site among patients with osseous disease, and of two unions.

    `hand_and_foot` is the part of the rarer of the two phalangeal sites that also has the other.

    The phalangeal phenotype has a site in hand or foot: lupus pernio and Black ancestry raise its odds.
    """

    phalanges_hand: Share
    phalanges_foot: Share
    skull: Share
    long_bones: Share
    ribs: Share
    sternum: Share
    spine: Share
    pelvis: Share
    spine_or_pelvis: Share
    hand_or_foot: Share
    hand_and_foot: Share
    phalangeal_lupus_pernio: LogOdds
    phalangeal_black: LogOdds


class Lesions(Section):
    """What lesions look like: shares of patients with a phalangeal, with an axial lesion; the rest are destructive.

    `axial_lytic` is a share of those that are not sclerotic, `axial_permeative` of those that are neither.
    `bilateral`: lesions of paired bones on both sides.
    """

    phalangeal_lytic: Share
    phalangeal_permeative: Share
    axial_sclerotic: Share
    axial_lytic: Share
    axial_permeative: Share
    bilateral: Share

    @model_validator(mode="after")
    def _leave_room(self) -> Self:
        demand_room(self, "phalangeal_lytic", "phalangeal_permeative")
        return self


class SystemicMimics(Section):
    """What the disease really is in those wrongly taken for sarcoidosis: each a share of all patients."""

    lymphoproliferative: Share
    sarcoid_like_malignancy: Share
    tuberculosis: Share
    atypical_mycobacteria: Share
    brucellosis: Share
    coccidioidomycosis_fungal: Share
    leishmaniosis: Share
    silicosis: Share
    pneumoconiosis: Share
    beryllium: Share
    talc_zirconium: Share
    drug_granulomatosis: Share
    interstitial_lung: Share
    autoimmune: Share
    blau_autoinflammatory: Share
    immune_deficiency: Share

    @model_validator(mode="after")
    def _leave_room(self) -> Self:
        demand_room(self, *type(self).model_fields)
        return self


class BoneMimics(Section):
    """What a patient with sarcoidosis may have beside it that looks like osseous sarcoidosis at the reference age.

    `per_decade` is how the log of the share rises for those that come with age (metastasis, myeloma, Paget,
    hyperparathyroidism).
    """

    metastasis: Share
    myeloma: Share
    paget: Share
    hyperparathyroidism: Share
    haemangioma: Share
    enchondroma: Share
    osteopetrosis: Share
    osteopoikilosis: Share
    rickets: Share
    mastocytosis: Share
    tuberculosis: Share
    brucellosis: Share
    coccidioidomycosis: Share
    per_decade: LogOdds


class MuscleMimics(Section):
    """What looks like sarcoidosis of muscle: shares of all patients."""

    metastasis: Share
    infarction: Share
    inflammatory_myopathy: Share

    @model_validator(mode="after")
    def _leave_room(self) -> Self:
        demand_room(self, *type(self).model_fields)
        return self


class Tissue(Section):
    """Granulomas with some caseation: of sarcoidosis and of tuberculosis; a bone biopsy that hits a granuloma."""

    caseation_sarcoid: Share
    caseation_tuberculosis: Share
    bone_granuloma: Share


class BonePain(Section):
    """Pain from other causes: osteoarthritis (a share at the reference age), fracture, mimics, and what remains."""

    osteoarthritis: Share
    osteoarthritis_per_decade: LogOdds
    osteoarthritis_painful: Share
    fracture_painful: Share
    mimic_painful: Share
    background: Share


class BoneDensity(Section):
    """T-score of men at the reference age, untreated, what lowers it, and fractures as a share of all patients."""

    t_score_mean: Number
    t_score_sd: Positive
    per_decade: Number
    women: Number
    glucocorticoids: Number
    fracture: Share
    fracture_per_t_score: LogOdds
