"""Published series side by side: what each printed, and what the matching design shows of the same patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scipy.stats import binom

from sarcoid_epi.agreement.acceptance import focal_or_marrow, hands_or_feet, recorded, site
from sarcoid_epi.agreement.looking import Looks, Patients
from sarcoid_epi.agreement.measuring import Measure, share
from sarcoid_epi.agreement.numbers import FILMS, NEW, PAIN, PET, REFERRED
from sarcoid_epi.evidence import Finding, finding

WORLD = "evidence"


@dataclass(frozen=True)
class Series:
    """A published count, the design that looks as its authors did, and the quantity that answers it."""

    finding: str
    design: str
    what: str
    of: Callable[[Patients], Measure]


@dataclass(frozen=True)
class Beside:
    """A published count beside what the design shows, and how far out it lies under the design."""

    series: Series
    finding: Finding
    events: int
    n: int
    limits: tuple[float, float]
    implied: bool
    measure: Measure
    tail: float


def _spine(p: Patients) -> Measure:
    return share(p["recorded_spine"])


def _axial(p: Patients) -> Measure:
    axial = p["recorded_spine"] | p["recorded_pelvis"]
    return share(axial, p["osseous_recorded"])


def _at(name: str) -> Callable[[Patients], Measure]:
    return lambda p: site(p, name)


_ON_RECORD = "osseous sarcoidosis on record"

FREQUENCIES = (
    Series("baughman2001.osseous", NEW, _ON_RECORD, recorded),
    Series("kucharz2020.bone_prev_sparks_count", REFERRED, _ON_RECORD, recorded),
    Series("kucharz2020.bone_prev_sparks_stated", REFERRED, _ON_RECORD, recorded),
    Series("glanowski2018.osseous", REFERRED, _ON_RECORD, recorded),
    Series("jama_film1956.scandinavian", FILMS, _ON_RECORD, recorded),
    Series("sigaux2019.spine_lesions", PAIN, "lesion of the spine on record", _spine),
    Series("demaria2020.osseous", PET, _ON_RECORD, recorded),
    Series("jmb_pet195.osseous", PET, _ON_RECORD, recorded),
    Series("mostard2012.osseous_focal", PET, _ON_RECORD, recorded),
    Series("grozdic.osseous_scanned", PET, _ON_RECORD, recorded),
    Series("mostard2012.osseous_or_marrow_of_scanned", PET, "focal lesion or marrow uptake", focal_or_marrow),
)

SITES_OF_SERIES = (
    Series("neville1977.hands_or_feet", FILMS, "hands or feet", hands_or_feet),
    Series("zhou2017.spine", REFERRED, "spine", _at("spine")),
    Series("zhou2017.pelvis", REFERRED, "pelvis", _at("pelvis")),
    Series("zhou2017.hands", REFERRED, "hands", _at("phalanges_hand")),
    Series("benhassine2019.spine", REFERRED, "spine", _at("spine")),
    Series("benhassine2019.pelvis", REFERRED, "pelvis", _at("pelvis")),
    Series("benhassine2019.hands", REFERRED, "hands", _at("phalanges_hand")),
    Series("benhassine2019.femur", REFERRED, "long bones", _at("long_bones")),
    Series("sparks2014.axial", REFERRED, "spine or pelvis", _axial),
    Series("demaria2020.axial", PET, "spine or pelvis", _axial),
    Series("demaria2020.pelvis", PET, "pelvis", _at("pelvis")),
    Series("demaria2020.sternum", PET, "sternum", _at("sternum")),
    Series("demaria2020.humerus", PET, "long bones", _at("long_bones")),
    Series("demaria2020.fingers", PET, "hands", _at("phalanges_hand")),
    Series("grozdic.vertebrae", PET, "spine", _at("spine")),
    Series("grozdic.pelvis", PET, "pelvis", _at("pelvis")),
    Series("grozdic.ribs", PET, "ribs", _at("ribs")),
)


def side_by_side(looks: Looks, series: tuple[Series, ...] = FREQUENCIES) -> tuple[Beside, ...]:
    """Each series with what its design shows."""
    return tuple(_beside(one, looks) for one in series)


def counts_of(one: Finding) -> tuple[int, int]:
    """Printed counts, or those that a printed share implies."""
    if one.events is not None and one.n is not None:
        return one.events, one.n
    implied = one.implied_counts
    assert implied is not None, one.id
    return implied


def _beside(series: Series, looks: Looks) -> Beside:
    one = finding(series.finding)
    events, n = counts_of(one)
    measure = series.of(looks(WORLD, series.design))
    limits = one.exact_interval(implied=True) or (0.0, 1.0)
    tail = two_sided(events, n, measure.value)
    return Beside(series, one, events, n, limits, not one.has_counts, measure, tail)


def two_sided(events: int, n: int, p: float) -> float:
    """Twice the smaller tail of the binomial, the count itself by half (mid-p), at most 1.

    >>> two_sided(5, 10, 0.5)
    1.0
    """
    here = float(binom.pmf(events, n, p))
    below = float(binom.cdf(events, n, p)) - here / 2
    return min(1.0, 2 * min(below, 1 - below))
