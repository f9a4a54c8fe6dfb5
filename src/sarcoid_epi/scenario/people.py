"""Sections of a world: how common the disease is, whom it strikes, and when it is recognised."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from sarcoid_epi.scenario.parameter import Positive, Section, Share, demand_order, demand_room


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

    `median` is men's; women's ages are `women_ratio` times theirs. `reference` is the age at which everything that
    changes with age is stated.
    """

    median: Positive
    log_sd: Positive
    women_ratio: Positive
    youngest: Positive
    oldest: Positive
    last: Positive
    reference: Positive

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


class Genes(Section):
    """Carriage of HLA-DRB1*03 by ancestry, and frequency of the D allele of the ACE gene."""

    drb1_03_white: Share
    drb1_03_black: Share
    drb1_03_other: Share
    ace_d: Share
