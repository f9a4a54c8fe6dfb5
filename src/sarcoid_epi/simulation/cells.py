"""Cell probabilities: what share of all patients falls into each cell of what is seen, given the truth.

The first axis is the replicate (1 where all are alike), the second the disease (without, with); what is seen follows.
Shares and chances come as arrays of shape (1,) or (replicates,), or as numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: Chance to be looked at, in patients without the disease, where the odds depend on it.
SCANNED = 0.35

#: The high stratum (bone pain): share of the patients without and with the disease in it.
PAIN = (0.2, 0.5)

#: Chance to be drawn for the substudy in the low and in the high stratum: some 300 and 100 of 2 000 patients.
DRAWN = (0.19, 0.24)


def both(first: ArrayLike, second: ArrayLike, odds: ArrayLike = 1.0) -> Floats:
    """Chance of two things together, given the chance of each and the odds ratio between them (Plackett).

    Examples
    --------
    >>> print(both(0.5, 0.5), both(0.5, 0.5, 4.0).round(4))
    0.25 0.3333
    """
    p, q, w = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (first, second, odds)))
    a = 1 + (p + q) * (w - 1)
    # The smaller root, written without a difference in the denominator: w = 1 needs no case of its own.
    return np.asarray(2 * w * p * q / (a + np.sqrt(a**2 - 4 * w * (w - 1) * p * q)))


def pair(first: ArrayLike, second: ArrayLike, odds: ArrayLike = 1.0) -> Floats:
    """Two flags by their chances and odds ratio, shape (..., 2, 2)."""
    together = both(first, second, odds)
    p, q = np.asarray(first), np.asarray(second)
    return np.stack([np.stack([1 - p - q + together, q - together], -1), np.stack([p - together, together], -1)], -2)


def flag(chance: ArrayLike) -> Floats:
    """A flag by its chance, shape (..., 2)."""
    p = np.asarray(chance, dtype=float)
    return np.stack([1 - p, p], axis=-1)


def by_disease(share: ArrayLike, without: Floats, with_disease: Floats) -> Floats:
    """What is seen without and with the disease, weighted: shape (replicates, 2, ...)."""
    pi = np.atleast_1d(share)
    ndim = max(without.ndim, with_disease.ndim)
    pi = pi.reshape(len(pi), *(1,) * (ndim - 1))
    healthy, ill = np.broadcast_arrays((1 - pi) * without, pi * with_disease)
    return np.stack([healthy, ill], axis=1)


def records(share: ArrayLike, sensitivity: ArrayLike, specificity: ArrayLike) -> Floats:
    """Record (no, yes)."""
    return by_disease(share, flag(1 - np.atleast_1d(specificity)), flag(np.atleast_1d(sensitivity)))


def looked_at(chance: float, odds: ArrayLike) -> Floats:
    """Chance of the diseased to be looked at, such that the others have `odds` times the odds of disease.

    Examples
    --------
    >>> print(looked_at(0.5, 1.0), looked_at(0.35, 0.4).round(3))
    0.5 0.574
    """
    return np.asarray(1 / (1 + np.asarray(odds, dtype=float) * (1 - chance) / chance))


def imaged(share: ArrayLike, odds: ArrayLike, sensitivity: float = 1.0, specificity: float = 1.0) -> Floats:
    """Reading (no, yes, missing) where those not scanned have `odds` times the odds of disease."""

    def read(scanned: Floats, positive: float) -> Floats:
        return np.stack([scanned * (1 - positive), scanned * positive, 1 - scanned], axis=-1)

    healthy, ill = looked_at(SCANNED, np.ones(1)), looked_at(SCANNED, np.atleast_1d(odds))
    return by_disease(share, read(healthy, 1 - specificity), read(ill, sensitivity))


def substudy(
    share: ArrayLike,
    record: tuple[ArrayLike, ArrayLike, ArrayLike],
    scan: tuple[float, float] = (1.0, 1.0),
    odds: float = 1.0,
    dependence: float = 1.0,
) -> Floats:
    """Stratum (low, high), record (no, yes) and reading of the substudy (no, yes, missing).

    `record` is its sensitivity in the low and in the high stratum, and its specificity; `scan` sensitivity and
    specificity. Within stratum and record those not drawn have `odds` times the odds of disease; in the diseased,
    `dependence` is the odds ratio of being found by both.
    """
    low, high, right = (np.atleast_1d(x) for x in record)

    def seen(pain: float, found: Floats, reading: float, drawn: ArrayLike, odds_both: float) -> Floats:
        known = pain * np.asarray(drawn) * pair(found, np.full(found.shape, reading), odds_both)
        missing = pain * (1 - np.asarray(drawn)) * flag(found)
        return np.concatenate([known, missing[..., None]], axis=-1)

    healthy = np.stack(
        [seen(p, 1 - right, 1 - scan[1], d, 1.0) for p, d in zip((1 - PAIN[0], PAIN[0]), DRAWN, strict=True)], axis=1
    )
    ill = np.stack(
        [
            seen(p, se, scan[0], looked_at(d, odds), dependence)
            for p, se, d in zip((1 - PAIN[1], PAIN[1]), (low, high), DRAWN, strict=True)
        ],
        axis=1,
    )
    return by_disease(share, healthy, ill)


def two_lists(
    met: ArrayLike, chances: tuple[tuple[float, float], tuple[float, float]], odds: ArrayLike, true: ArrayLike
) -> Floats:
    """First list, second list (no, yes) and bone pain (no, yes), of cases that a source could hold.

    `chances` are those of a case to be on either list, without pain and with it (half of the cases each); `odds` the
    odds ratio between the lists; `true` the share of the records of each list that are of cases. Others are never on
    both.
    """
    met, true = np.atleast_1d(met), np.atleast_1d(true)
    held = np.stack([0.5 * pair(*np.broadcast_arrays(*c, np.atleast_1d(odds))) for c in chances], axis=-1)
    on = [sum(c[at] for c in chances) / 2 for at in (0, 1)]
    false = [met * chance * (1 - true) / true / (1 - met) for chance in on]
    blank = np.zeros(false[0].shape)
    others = np.stack([np.stack([1 - false[0] - false[1], false[1]], -1), np.stack([false[0], blank], -1)], -2)
    return by_disease(met, others[..., None] * np.array([1 - PAIN[0], PAIN[0]]), held)


def three_lists(met: ArrayLike, odds: tuple[float, float, float], pairs: float, triple: float, true: float) -> Floats:
    """Three lists (no, yes) of cases that a source could hold, by a log-linear model.

    `odds` of a case to be on a list that is on neither other; odds ratio `pairs` between the first two lists, and
    `triple` between all three; `true` the share of the records of a list that are of cases. Others are on one only.
    """
    met = np.atleast_1d(met)
    a, b, c = np.meshgrid(*([[0, 1]] * 3), indexing="ij")
    weight = odds[0] ** a * odds[1] ** b * odds[2] ** c * float(pairs) ** (a * b) * float(triple) ** (a * b * c)
    held = weight / weight.sum()
    false = met * (1 - true) / true / (1 - met)
    others = np.zeros((len(met), 2, 2, 2))
    for at, on in ((1, 0, 0), held[1].sum()), ((0, 1, 0), held[:, 1].sum()), ((0, 0, 1), held[:, :, 1].sum()):
        others[:, *at] = false * on
    others[:, 0, 0, 0] = 1 - others.sum(axis=(1, 2, 3))
    return by_disease(met, others, held[None])


def tests(
    share: ArrayLike,
    sensitivities: tuple[float, ...],
    specificities: tuple[float, ...],
    dependence: dict[tuple[int, int], float],
) -> Floats:
    """Several tests (no, yes), independent in the healthy; in the diseased, pairs that depend by their odds ratios.

    No test may stand in two pairs.
    """
    healthy = _together([flag(np.array([1 - sp])) for sp in specificities], {}, specificities)
    ill = _together([flag(np.array([se])) for se in sensitivities], dependence, sensitivities)
    return by_disease(share, healthy, ill)


def _together(flags: list[Floats], dependence: dict[tuple[int, int], float], chances: tuple[float, ...]) -> Floats:
    """The joint distribution of flags, shape (1, 2, 2, ...)."""
    letters = "abcdefgh"[: len(flags)]
    paired = {at for named in dependence for at in named}
    parts = [(letters[at], flags[at][0]) for at in range(len(flags)) if at not in paired]
    parts += [(letters[i] + letters[j], pair(chances[i], chances[j], odds)) for (i, j), odds in dependence.items()]
    subscripts = ",".join(name for name, _ in parts) + "->" + letters
    return np.asarray(np.einsum(subscripts, *(part for _, part in parts)))[None]
