"""Which bones together: a table over all site sets, raked to the published shares and the published union."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.scenario.world import Sites
from sarcoid_epi.vocabulary import SITES

Floats = NDArray[np.float64]

#: Row by row the 255 non-empty sets of sites; bit s of pattern number k says whether site s is in set k.
PATTERNS = (np.arange(1, 2 ** len(SITES))[:, None] >> np.arange(len(SITES)) & 1).astype(bool)
_UNION = PATTERNS[:, SITES.index("spine")] | PATTERNS[:, SITES.index("pelvis")]


def site_table(sites: Sites) -> Floats:
    """Chance of each of the 255 patterns among patients with osseous disease.

    Starting from independent sites with the empty set removed, iterative proportional fitting scales the table to each
    site's share and to the share with spine or pelvis, until all hold to 1e-12. Of all tables that hold them it is the
    one nearest to independence (in Kullback-Leibler divergence), which is what is **assumed** of the rest.

    Raises
    ------
    ConfigurationError
        When no table can hold all the shares, with the reason.
    """
    return _raked(tuple(getattr(sites, site).value for site in SITES), sites.spine_or_pelvis.value)


@lru_cache(maxsize=64)
def _raked(shares: tuple[float, ...], union: float) -> Floats:
    _refuse_impossible(dict(zip(SITES, shares, strict=True)), union)
    wanted = np.array([*shares, union])
    member = np.column_stack([PATTERNS, _UNION])
    start = np.clip(shares, 1e-9, 1 - 1e-9)
    table = np.where(PATTERNS, start, 1 - start).prod(axis=1)
    table /= table.sum()
    for _ in range(5000):
        for share, inside in zip(wanted, member.T, strict=True):
            now = table[inside].sum()
            table = np.where(inside, table * (share / now), table * ((1 - share) / (1 - now)) if now < 1 else table)
        if np.abs(member.T @ table - wanted).max() < 1e-12:
            table.flags.writeable = False
            return np.asarray(table)
    raise ConfigurationError(
        Problem("no set of bones can have these shares together", "sites", do="raise a share or lower the union")
    )


def _refuse_impossible(share: dict[str, float], union: float) -> None:
    spine, pelvis, rest = share["spine"], share["pelvis"], sum(share.values())
    reasons = []
    if not max(spine, pelvis) <= union <= min(1.0, spine + pelvis):
        reasons.append(
            f"spine {spine:g} and pelvis {pelvis:g} allow a union between {max(spine, pelvis):g} "
            f"and {min(1.0, spine + pelvis):g}, not {union:g}"
        )
    if union + rest - spine - pelvis < 1:
        reasons.append("every patient has at least one site, but the shares leave some without any")
    if reasons:
        raise ConfigurationError(
            *(Problem("the site shares contradict each other", "sites", why, "change one of them") for why in reasons)
        )
