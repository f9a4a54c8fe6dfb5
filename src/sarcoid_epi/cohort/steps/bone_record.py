"""Looking at bone: who is imaged, what is seen, what is read, and what reaches the record."""

from __future__ import annotations

import numpy as np

from sarcoid_epi.cohort.node import Column, Node, variable
from sarcoid_epi.scenario import Design
from sarcoid_epi.streams import Floats
from sarcoid_epi.vocabulary import MODALITIES, SITES

NOT_DONE = -1

#: Where a reader puts a lesion that is not there: the bone that the modality shows most of.
FALSE_SITE = {
    "hand_foot_film": "phalanges_hand",
    "chest_film": "ribs",
    "chest_ct": "ribs",
    "spine_mri": "spine",
    "bone_scan": "spine",
    "fdg_pet": "spine",
}


def imaging(modality: str) -> Node:
    """Imaged in any case, or because of bone pain."""

    def received(u: Floats, design: Design, bone_pain: Column) -> Column:
        w = getattr(design.imaging, modality)
        unprompted = (1 - w.routine.value) * np.where(bone_pain, 1 - w.prompted.value, 1.0)
        return np.asarray(u < 1 - unprompted)

    return variable(received, f"imaging_{modality}")


def seen(modality: str) -> Node:
    """Sites whose lesions the modality shows, as a pattern: those easier to see than its sensitivity there."""

    def pattern(design: Design, imaged: Column, site_pattern: Column, *conspicuity: Column) -> Column:
        w = getattr(design.reading, modality)
        shown = np.zeros(site_pattern.shape, dtype=np.uint8)
        look = np.flatnonzero(imaged & (site_pattern > 0))
        for position, (site, hardness) in enumerate(zip(SITES, conspicuity, strict=True)):
            visible = hardness[look] < getattr(w, site).value
            shown[look] |= site_pattern[look] & (visible.astype(np.uint8) << position)
        return shown

    parents = (f"imaging_{modality}", "site_pattern", *(f"conspicuity_{site}" for site in SITES))
    return variable(pattern, f"seen_{modality}", parents)


def reading(modality: str) -> Node:
    """Positive when a lesion is seen, or by mistake; missing where the imaging was not done."""

    def read(u: Floats, design: Design, imaged: Column, seen: Column) -> Column:
        mistaken = u < getattr(design.reading, modality).false_positive.value
        return np.where(imaged, (seen > 0) | mistaken, NOT_DONE).astype(np.int8)

    return variable(read, f"reading_{modality}", (f"imaging_{modality}", f"seen_{modality}"))


def written(u: Floats, design: Design, *readings: Column) -> Column:
    """A positive reading, if it is written down as osseous sarcoidosis."""
    positive = np.any([reading == 1 for reading in readings], axis=0)
    return np.asarray(positive & (u < design.record.completeness.value))


def site_seen(*patterns: Column) -> Column:
    """Sites seen on any imaging."""
    return np.asarray(np.bitwise_or.reduce(patterns))


def recorded_site(position: int) -> Node:
    """A site on record: one that was seen, or one that was mistaken when nothing was seen."""
    mistaken_by = [modality for modality in MODALITIES if FALSE_SITE[modality] == SITES[position]]

    def recorded(osseous_recorded: Column, site_seen: Column, *readings: Column) -> Column:
        real = site_seen >> position & 1 == 1
        mistaken = np.zeros(real.shape, dtype=bool)
        for reading in readings:
            mistaken |= (site_seen == 0) & (reading == 1)
        return np.asarray(osseous_recorded & (real | mistaken))

    parents = ("osseous_recorded", "site_seen", *(f"reading_{modality}" for modality in mistaken_by))
    return variable(recorded, f"recorded_{SITES[position]}", parents)


@variable
def false_positive_record(osseous_recorded: Column, osseous: Column) -> Column:
    return np.asarray(osseous_recorded & ~osseous)


VARIABLES = (
    *(make(modality) for modality in MODALITIES for make in (imaging, seen, reading)),
    variable(written, "osseous_recorded", [f"reading_{modality}" for modality in MODALITIES]),
    variable(site_seen, "site_seen", [f"seen_{modality}" for modality in MODALITIES]),
    *(recorded_site(position) for position in range(len(SITES))),
    false_positive_record,
)
