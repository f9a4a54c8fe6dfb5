"""Sections of a world: onset, course, organs, joints, muscle, spine, treatment and outlook."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from sarcoid_epi.scenario.parameter import LogOdds, Number, Positive, Section, Share, demand_order, demand_room


class Lofgren(Section):
    """Acute onset and the signs that come with it; `season` is the amplitude of a cosine on the log odds.

    `arthritis_frailty` is how the log chance of chronic arthritis rises with a standard deviation of frailty.
    """

    acute_onset: Share
    women: LogOdds
    age_per_decade: LogOdds
    black: LogOdds
    drb1_03: LogOdds
    season: LogOdds
    season_peak_day: Positive
    nodosum: Share
    nodosum_women: LogOdds
    ankle_with_nodosum: Share
    arthritis_with_nodosum: Share
    isolated_ankle: Share
    nodosum_otherwise: Share
    ankle_otherwise: Share
    arthritis_otherwise: Share
    arthritis_frailty: LogOdds

    @model_validator(mode="after")
    def _leave_room(self) -> Self:
        demand_room(self, "nodosum", "isolated_ankle")
        return self


class Course(Section):
    """Burden in standard deviations: part frailty, part chance, shifted by acute onset and ancestry.

    `calcitriol_burden` is the part of the granulomas' calcitriol that follows burden, as a correlation.
    """

    frailty_loading: Share
    burden_acute: LogOdds
    burden_black: LogOdds
    calcitriol_burden: Share


class Presentation(Section):
    incidental: Share
    incidental_burden: LogOdds
    fever_lofgren: Share
    fever_otherwise: Share
    cough_lofgren: Share
    cough_otherwise: Share


class Stage(Section):
    """Scadding stage: shares after acute onset (the rest is stage II); cumulative shares of all, and of all others."""

    acute_0: Share
    acute_i: Share
    acute_at_least_i: Share
    acute_at_least_ii: Share
    at_least_i: Share
    at_least_ii: Share
    at_least_iii: Share
    at_least_iv: Share
    others_at_least_i: Share
    others_at_least_ii: Share
    others_at_least_iii: Share
    others_at_least_iv: Share
    burden: LogOdds

    @model_validator(mode="after")
    def _is_a_distribution(self) -> Self:
        demand_room(self, "acute_0", "acute_i")
        demand_order(self, "at_least_iv", "at_least_iii", "at_least_ii", "at_least_i")
        demand_order(self, "others_at_least_iv", "others_at_least_iii", "others_at_least_ii", "others_at_least_i")
        return self


class Organ(Section):
    """Share of all patients with the organ involved, and what raises its odds."""

    share: Share
    frailty: LogOdds
    burden: LogOdds
    black: LogOdds
    women: LogOdds


class Organs(Section):
    lung: Organ
    skin: Organ
    eye: Organ
    liver: Organ
    spleen: Organ
    heart: Organ
    nervous_system: Organ
    upper_airway: Organ
    gut: Organ
    extrathoracic_nodes: Organ


class LupusPernio(Section):
    """Lupus pernio as a share of patients with skin involvement."""

    share: Share
    black: LogOdds
    women: LogOdds


class Muscle(Section):
    """Granulomas in muscle and symptomatic muscle disease, as shares of all patients, and the forms of the latter.

    `symptomatic_of_granulomas` is the share with symptoms among those with granulomas, which follows from the two.
    `midlife_women` raises the log odds of symptoms in women, by a bell around the middle of `midlife_from` and
    `midlife_to` years of age as wide as they are apart;
    `acute_per_decade` is how the odds of the acute form fall with age, `acute` its share at the reference age.
    """

    granulomas: Share
    burden: LogOdds
    symptomatic: Share
    symptomatic_of_granulomas: Share
    midlife_women: LogOdds
    midlife_from: Positive
    midlife_to: Positive
    acute: Share
    acute_per_decade: LogOdds
    nodular: Share


class Joint(Section):
    """Share of all patients with any musculoskeletal manifestation that is felt; women have joint pain more often."""

    musculoskeletal: Share
    women: LogOdds


class Axial(Section):
    """Chronic back pain as a share of all patients; the rest are shares within it.

    `inflammatory`: inflammatory back pain; `spondyloarthritis_inflammatory` and `spondyloarthritis_otherwise`: a
    diagnosis of spondyloarthritis with it and without; `sacroiliitis_spondyloarthritis` and `sacroiliitis_otherwise`:
    sacroiliitis that MRI would show, with that diagnosis and without.
    """

    back_pain: Share
    back_pain_women: LogOdds
    back_pain_per_decade: LogOdds
    inflammatory: Share
    spondyloarthritis_inflammatory: Share
    spondyloarthritis_otherwise: Share
    sacroiliitis_spondyloarthritis: Share
    sacroiliitis_otherwise: Share


class Treatment(Section):
    """Systemic therapy by `osseous.reference_years` after diagnosis, what raises its odds, and what it consists of.

    `log_years` is how the log odds of having been treated rise with log(years + 1); `prednisone_acute` the lower part
    of the usual doses that is given after acute onset.
    `methotrexate`, `other_agent` and `tnf_inhibitor` are shares of the treated; doses in mg a day, tapering in weeks,
    times in years.
    """

    systemic: Share
    log_years: Positive
    burden: LogOdds
    acute: LogOdds
    vital_organ: LogOdds
    osseous_symptomatic: LogOdds
    prednisone: Share
    prednisone_lowest: Positive
    prednisone_highest: Positive
    prednisone_step: Positive
    prednisone_vital: Positive
    prednisone_acute: Share
    taper_earliest: Positive
    taper_latest: Positive
    methotrexate: Share
    methotrexate_joint_muscle: LogOdds
    other_agent: Share
    tnf_inhibitor: Share
    duration_mean: Positive
    myopathy: Share


class Outlook(Section):
    """What becomes of patients: remission, relapse, death.

    `remission_drb1_03`, `remission_acute` and `remission_otherwise`: shares in remission
    `remission_reference_years` after diagnosis, after acute onset with and without HLA-DRB1*03, and after any other
    onset; `remission_shape`: how fast the log odds rise with the log of time. `relapse_acute`, `relapse_otherwise`:
    shares of remissions that end in one; `relapse_mean` years after it. Mortality follows Gompertz: `mortality` is
    the yearly hazard of a man at the reference age, `mortality_age` its rise in log per year of age,
    `mortality_women` and `mortality_burden` differences in log hazard.
    """

    remission_drb1_03: Share
    remission_acute: Share
    remission_otherwise: Share
    remission_burden: LogOdds
    remission_reference_years: Positive
    remission_shape: Positive
    relapse_acute: Share
    relapse_otherwise: Share
    relapse_mean: Positive
    mortality: Positive
    mortality_age: Positive
    mortality_women: Number
    mortality_burden: Number
