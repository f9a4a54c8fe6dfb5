"""Which bones together: a table over all site sets, raked to the published shares and the published union."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.scenario.bone import Sites
from sarcoid_epi.vocabulary import SITES

Floats = NDArray[np.float64]

#: Row by row the 255 non-empty sets of sites; bit s of pattern number k says whether site s is in set k.
PATTERNS = (np.arange(1, 2 ** len(SITES))[:, None] >> np.arange(len(SITES)) & 1).astype(bool)
_AXIAL = PATTERNS[:, SITES.index("spine")] | PATTERNS[:, SITES.index("pelvis")]
_PHALANGEAL = PATTERNS[:, SITES.index("phalanges_hand")] | PATTERNS[:, SITES.index("phalanges_foot")]

#: The bits of hand and foot in a pattern's number.
PHALANGEAL_BITS = np.uint8(1 << SITES.index("phalanges_hand") | 1 << SITES.index("phalanges_foot"))


def site_table(sites: Sites) -> Floats:
    """Chance of each of the 255 patterns among patients with osseous disease.

    Starting from independent sites with the empty set removed, iterative proportional fitting scales the table to each
    site's share and to the shares with spine or pelvis and with hand or foot, until all hold to 1e-12. Of all tables
    that hold them it is the one nearest to independence (in Kullback-Leibler divergence), which is what is **assumed**
    of the rest.

    Raises
    ------
    ConfigurationError
        When no table can hold all the shares, with the reason.
    """
    shares = tuple(getattr(sites, site).value for site in SITES)
    return _raked(shares, sites.spine_or_pelvis.value, sites.hand_or_foot.value)


def pattern_ends(sites: Sites, phalangeal: bool) -> tuple[NDArray[np.uint8], Floats]:
    """The patterns of one phenotype by number, and the cumulative chances by which one uniform picks among them."""
    chances = np.where(_PHALANGEAL if phalangeal else ~_PHALANGEAL, site_table(sites), 0.0)
    there = np.flatnonzero(chances)
    if not there.size:
        return np.zeros(1, dtype=np.uint8), np.ones(1)  # nobody is of this phenotype
    ends = np.cumsum(chances[there])
    return (there + 1).astype(np.uint8), ends / ends[-1]


@lru_cache(maxsize=64)
def _raked(shares: tuple[float, ...], axial: float, phalangeal: float) -> Floats:
    _refuse_impossible(dict(zip(SITES, shares, strict=True)), axial, phalangeal)
    wanted = np.array([*shares, axial, phalangeal])
    member = np.column_stack([PATTERNS, _AXIAL, _PHALANGEAL])
    start = np.clip(shares, 1e-9, 1 - 1e-9)
    table = np.where(PATTERNS, start, 1 - start).prod(axis=1)
    table /= table.sum()
    for _ in range(5000):
        for share, inside in zip(wanted, member.T, strict=True):
            now = table[inside].sum()
            # A share of nobody or everybody is held once it is reached: there is nothing left to scale.
            more, less = share / now if now > 0 else 1.0, (1 - share) / (1 - now) if now < 1 else 1.0
            table = table * np.where(inside, more, less)
        if np.abs(member.T @ table - wanted).max() < 1e-12:
            table.flags.writeable = False
            return np.asarray(table)
    raise ConfigurationError(
        Problem("no set of bones can have these shares together", "sites", do="raise a share or lower the union")
    )


def _refuse_impossible(share: dict[str, float], axial: float, phalangeal: float) -> None:
    reasons = []
    for one, other, union in (("spine", "pelvis", axial), ("phalanges_hand", "phalanges_foot", phalangeal)):
        lowest, highest = max(share[one], share[other]), min(1.0, share[one] + share[other])
        if not lowest - 1e-12 <= union <= highest + 1e-12:
            reasons.append(
                f"{one} {share[one]:g} and {other} {share[other]:g} allow a union between {lowest:g} and {highest:g}, "
                f"not {union:g}"
            )
    if axial + phalangeal + sum(share[site] for site in ("skull", "long_bones", "ribs", "sternum")) < 1:
        reasons.append("every patient has at least one site, but the shares leave some without any")
    if reasons:
        raise ConfigurationError(
            *(Problem("the site shares contradict each other", "sites", why, "change one of them") for why in reasons)
        )
