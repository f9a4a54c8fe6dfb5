"""The world: what makes patients and their truth. No field says how anyone looks; that is a design."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from sarcoid_epi.scenario.parameter import LogOdds, Positive, Section, Share, demand_order, demand_room


class Occurrence(Section):
    """New cases per 100 000 people and year, and people living with the disease per 100 000."""

    incidence: Positive
    prevalence: Positive


class Sex(Section):
    women: Share


class Ancestry(Section):
    """Shares of all patients; those who are neither are white."""

    black: Share
    other: Share

    @model_validator(mode="after")
    def _leave_room(self) -> Self:
        demand_room(self, "black", "other")
        return self


class Age(Section):
    """Log-normal age at onset, kept between `youngest` and `oldest`, and nobody is seen beyond `last`.

    `median` is men's; women's ages are `women_ratio` times theirs.
    """

    median: Positive
    log_sd: Positive
    women_ratio: Positive
    youngest: Positive
    oldest: Positive
    last: Positive

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        demand_order(self, "youngest", "oldest")
        return self


class Delay(Section):
    """Weibull years from onset to diagnosis, kept below `longest`; after acute onset `acute_ratio` times as long."""

    scale: Positive
    shape: Positive
    longest: Positive
    acute_ratio: Share


class Lofgren(Section):
    """Acute onset and the signs that come with it; `season` is the amplitude of a cosine on the log odds."""

    acute_onset: Share
    women: LogOdds
    age_per_decade: LogOdds
    black: LogOdds
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


class Course(Section):
    """Burden in standard deviations: part frailty, part chance, shifted by acute onset and ancestry."""

    frailty_loading: Share
    burden_acute: LogOdds
    burden_black: LogOdds


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


class Osseous(Section):
    """True osseous disease `reference_years` after diagnosis, and what raises its odds."""

    true_prevalence: Share
    reference_years: Positive
    log_years: LogOdds
    frailty: LogOdds
    burden: LogOdds
    black: LogOdds
    symptomatic_share: Share
    visibility_shared: Share


class Sites(Section):
    """Share of each site among patients with osseous disease, and of spine or pelvis together."""

    phalanges_hand: Share
    phalanges_foot: Share
    skull: Share
    long_bones: Share
    ribs: Share
    sternum: Share
    spine: Share
    pelvis: Share
    spine_or_pelvis: Share


class BonePain(Section):
    background: Share


class Calcium(Section):
    """Serum calcium: normal below the upper limit, that limit plus an exponential excess above it."""

    hypercalcaemia: Share
    burden: LogOdds
    women: LogOdds
    upper_limit: Positive
    normal_mean: Positive
    normal_sd: Positive
    excess_mean: Positive


class World(Section):
    """What makes patients. Every parameter is reached by its path, such as `osseous.true_prevalence`."""

    name: str
    label: str
    occurrence: Occurrence
    sex: Sex
    ancestry: Ancestry
    age: Age
    delay: Delay
    lofgren: Lofgren
    course: Course
    presentation: Presentation
    stage: Stage
    organs: Organs
    osseous: Osseous
    sites: Sites
    bone_pain: BonePain
    calcium: Calcium
