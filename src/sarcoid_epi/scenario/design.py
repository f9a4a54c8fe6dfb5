"""A design: who enters a study, who is imaged, how well a reading sees, and what reaches the record."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from sarcoid_epi.scenario.parameter import (
    About,
    Count,
    LogOdds,
    Positive,
    Section,
    Share,
    SomeShare,
    Year,
    demand_order,
)


class Calendar(Section):
    """Years in which patients are seen, both included."""

    first_year: Year
    last_year: Year

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        demand_order(self, "first_year", "last_year")
        return self


class Entry(Section):
    """Which patients a study meets (`share` of all, by the referral slopes), and how long after diagnosis (Weibull)."""

    share: SomeShare
    burden: LogOdds
    acute: LogOdds
    years_median: Positive
    years_shape: Positive
    years_longest: Positive
    centres: Count


class Imaged(Section):
    """Chance of being imaged in any case (`routine`), and of being imaged because of bone pain (`prompted`)."""

    routine: Share
    prompted: Share


class Imaging(Section):
    hand_foot_film: Imaged
    chest_film: Imaged
    chest_ct: Imaged
    spine_mri: Imaged
    bone_scan: Imaged
    fdg_pet: Imaged


class Reader(Section):
    """Chance that a lesion at each site is seen (0: outside the field of view), and of a false positive reading."""

    phalanges_hand: Share
    phalanges_foot: Share
    skull: Share
    long_bones: Share
    ribs: Share
    sternum: Share
    spine: Share
    pelvis: Share
    false_positive: Share


class Reading(Section):
    hand_foot_film: Reader
    chest_film: Reader
    chest_ct: Reader
    spine_mri: Reader
    bone_scan: Reader
    fdg_pet: Reader


class Record(Section):
    """Chance that a positive reading is written down as osseous disease, and that calcium is measured."""

    completeness: Share
    calcium_measured: Share
    calcium_burden: LogOdds


class Design(Section):
    """How a study looks at a world; `about` is the kind of its record, for beliefs to match."""

    name: str
    label: str
    about: About
    calendar: Calendar
    entry: Entry
    imaging: Imaging
    reading: Reading
    record: Record
