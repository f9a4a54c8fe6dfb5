"""A design: who enters a study, who is imaged, how well a reading sees, what reaches the record, what is missing."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from sarcoid_epi.scenario.parameter import (
    About,
    Count,
    LogOdds,
    Number,
    Positive,
    Section,
    Share,
    SomeShare,
    Year,
    demand_order,
)


class Calendar(Section):
    """Years in which patients are seen, both included, and the year at whose end follow-up closes."""

    first_year: Year
    last_year: Year
    closing_year: Year

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        demand_order(self, "first_year", "last_year", "closing_year")
        return self


class Entry(Section):
    """Which patients a study meets (`share` of all, by the referral slopes), and how long after diagnosis (Weibull)."""

    share: SomeShare
    burden: LogOdds
    acute: LogOdds
    back_pain: LogOdds
    lupus_pernio: LogOdds
    years_median: Positive
    years_shape: Positive
    years_longest: Positive
    centres: Count


class Imaged(Section):
    """Chance of being imaged in any case (`routine`), and because of each reason that a patient may have.

    `bone_pain`, `back_pain` (chronic), `heart` (involved), `cancer` (suspected), `calcium`
    (hypercalcaemia or kidney stones), `alp` (raised alkaline phosphatase).
    """

    routine: Share
    bone_pain: Share
    back_pain: Share
    heart: Share
    cancer: Share
    calcium: Share
    alp: Share


class Imaging(Section):
    """Imaging by modality, in the last part of the time since diagnosis, from `late` on (1: at its end)."""

    late: Share
    hand_foot_film: Imaged
    chest_film: Imaged
    chest_ct: Imaged
    spine_mri: Imaged
    whole_body_mri: Imaged
    bone_scan: Imaged
    fdg_pet: Imaged


class Reader(Section):
    """Chance that a lytic lesion at each site is seen (0: outside the field of view), and what changes it.

    `not_lytic` and `treated`: the part of the chance that is left for other lesions, and during treatment; `mimic`: the
    chance that a mimic that is seen is taken for sarcoidosis; `false_positive`: a reading with nothing there at all.
    """

    phalanges_hand: Share
    phalanges_foot: Share
    skull: Share
    long_bones: Share
    ribs: Share
    sternum: Share
    spine: Share
    pelvis: Share
    not_lytic: Share
    treated: Share
    mimic: Share
    false_positive: Share


class Reading(Section):
    hand_foot_film: Reader
    chest_film: Reader
    chest_ct: Reader
    spine_mri: Reader
    whole_body_mri: Reader
    bone_scan: Reader
    fdg_pet: Reader


class Substudy(Section):
    """FDG-PET of a random sample for the sake of the study, by stratum; it never enters the record.

    `high` and `low` are the chances to be drawn with bone pain, extrathoracic nodes or measured hypercalcaemia, and
    without any of these.
    """

    high: Share
    low: Share


class Biopsy(Section):
    """Chance of a bone biopsy after a positive reading and with a suspicion of cancer; of tissue at diagnosis."""

    positive: Share
    suspected: Share
    at_diagnosis: Share


class Source(Section):
    """Chance that one source holds a patient who meets the definition, without and with bone pain, or by mistake."""

    silent: Share
    painful: Share
    wrong: Share


class Sources(Section):
    clinic_list: Source
    radiology_text: Source
    codes: Source


class Record(Section):
    """What counts and what is measured.

    `definition`: the lowest grade that counts as osseous (1 possible, 2 probable, 3 definite); `count_marrow`: chance
    that diffuse marrow uptake is counted as a possible lesion; `cancer_suspected`: share in whom cancer is suspected
    without one; `muscle_mimic`: chance that weakness from another cause is put down to sarcoidosis. The other shares
    say how many have been measured; calcium is measured more often in the ill and when it is high, and
    `calcium_untreated` is the share of its measurements that were taken before treatment.
    """

    definition: Count
    count_marrow: Share
    cancer_suspected: Share
    muscle_mimic: Share
    calcium_measured: Share
    calcium_burden: LogOdds
    calcium_high: LogOdds
    calcium_untreated: Share
    urine_measured: Share
    vitamin_d_measured: Share
    markers_measured: Share
    bone_density_measured: Share
    drb1_typed: Share
    drb1_typed_acute: LogOdds


class FollowUp(Section):
    """Yearly hazard that osseous disease not on record comes on record, without and with pain, and of being lost."""

    detection_silent: Number
    detection_painful: Number
    loss: Number


class Design(Section):
    """How a study looks at a world; `about` is the kind of its record, for beliefs to match."""

    name: str
    label: str
    about: About
    calendar: Calendar
    entry: Entry
    imaging: Imaging
    reading: Reading
    substudy: Substudy
    biopsy: Biopsy
    sources: Sources
    record: Record
    follow_up: FollowUp
