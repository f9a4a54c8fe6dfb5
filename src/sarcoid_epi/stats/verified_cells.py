"""Patients by record result and stratum, partly verified: what follows for parts and shares of all patients.

Notation as in `verification`: N_c patients in cell c, m_c verified, y_c cases; W_c = N_c / N; h moves
theta_c = y_c / m_c to what it is among all patients when the odds of disease of the unverified are a multiple of those
of the verified.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.stats.interval import Array, Interval
from sarcoid_epi.stats.misclassification import Corrected
from sarcoid_epi.stats.roots import bracketed_root

_JUST = 1e-9


class Part(NamedTuple):
    """A part of all patients: its share with sampling limits, and a variance that counts W as Poisson."""

    value: Array
    low: Array
    high: Array
    variance: Array


class Group(NamedTuple):
    """One record result (or both): its cases and others as parts of all patients, and the share of cases within it."""

    cases: Part
    others: Part
    share: Corrected


class Cells(NamedTuple):
    """Cells on the last axis; `share` is h(theta), `variance` that of its sampling; `total` all patients, axis kept."""

    y: Array
    m: Array
    n: Array
    total: Array
    unverified: Array
    odds: Array
    share: Array
    slope: Array
    variance: Array


def cells_of(y: Array, m: Array, n: Array, odds: Array) -> Cells:
    with np.errstate(divide="ignore", invalid="ignore"):
        theta, unverified = np.where(n > 0, y / m, 0.0), np.where(n > 0, 1 - m / n, 0.0)
        share, slope = _shifted(theta, unverified, odds)
        variance = np.where(n > 0, slope**2 * theta * (1 - theta) / m, 0.0)
    return Cells(y, m, n, n.sum(-1, keepdims=True), unverified, odds, share, slope, variance)


def _shifted(theta: Array, unverified: Array, odds: Array) -> tuple[Array, Array]:
    """h(theta) and h'(theta): the verified as they are, the odds of the others multiplied."""
    below = 1 - theta + odds * theta
    with np.errstate(divide="ignore", invalid="ignore"):
        others, slope = (np.where(below == 0, 0.0, each) for each in (odds * theta / below, odds / below**2))
    return theta + unverified * (others - theta), 1 + unverified * (slope - 1)


def group(cells: Cells, part: slice, z: float) -> Group:
    """Score limits for the sampling within cells, and for the mixture of cells, which is a sample too; put together by
    squares of distances."""
    total = cells.total[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        w = (cells.n / cells.total)[..., part]
    share, slope, variance, unverified, odds, y, m = (
        each[..., part]
        for each in (cells.share, cells.slope, cells.variance, cells.unverified, cells.odds, cells.y, cells.m)
    )
    nobody = cells.n[..., part].sum(-1) == 0
    limiting = limiting_shares(y, m, w * slope, z)
    least, most = (_shifted(theta, unverified, odds)[0] for theta in limiting)

    def part_with(each: Array, low: Array, high: Array) -> Part:
        value = (w * each).sum(-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            mixture = (w * each**2).sum(-1) / total
            size = value**2 / mixture
            count_low, count_high = (size + z * z / 2 + side * z * np.sqrt(size + z * z / 4) for side in (-1, 1))
            ends = _joined(
                value, (w * low).sum(-1), (w * high).sum(-1), value * count_low / size, value * count_high / size
            )
        # A record result that nobody has: Poisson's score limit of none, all of them what is counted.
        high = np.where(nobody, np.minimum(z * z / np.maximum(total, 1.0), 1.0), ends.high)
        return Part(value, ends.low, high, (w**2 * variance).sum(-1) + mixture)

    with np.errstate(divide="ignore", invalid="ignore"):
        here = w.sum(-1)
        within = w / here[..., None]
        value = (within * share).sum(-1)
        mixture = np.maximum((within * share**2).sum(-1) - value**2, 0.0) / (here * total)
        error = np.sqrt((within**2 * variance).sum(-1) + mixture)
        mixed = wilson_at(value, value * (1 - value) / mixture, z)
        ends = _joined(value, (within * least).sum(-1), (within * most).sum(-1), *mixed)
    error = np.where((value > 0) & (value < 1), error, np.nan)
    return Group(
        part_with(share, least, most), part_with(1 - share, 1 - most, 1 - least), Corrected(value, error, *ends)
    )


def _joined(value: Array, low: Array, high: Array, other_low: Array, other_high: Array) -> Interval:
    """Limits from two independent sources of error: squares of the distances are added; a share is not below 0."""
    down, up = (
        np.sqrt((value - one) ** 2 + np.where(np.isfinite(other), value - other, 0.0) ** 2)
        for one, other in ((low, other_low), (high, other_high))
    )
    return Interval(np.maximum(value - down, 0.0), value + up)


def wilson_at(share: Array, size: Array, z: float) -> Interval:
    """Wilson's limits of a share seen in a sample of any size, whole or not."""
    reach = z * np.sqrt(share * (1 - share) / size + (z / size) ** 2 / 4)
    low, high = ((share + z * z / size / 2 + side * reach) / (1 + z * z / size) for side in (-1, 1))
    return Interval(np.where(share == 0, 0.0, low), np.where(share == 1, 1.0, high))


def part_of(a: Part, b: Part) -> Corrected:
    """a / (a + b), with limits from those of b / a (Donner and Zou), written so that no end divides 0 by 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = a.value / (a.value + b.value)
        error = value * (1 - value) * np.sqrt(a.variance / a.value**2 + b.variance / b.value**2)
        both, far, near = a.value * b.value, b.high * (2 * b.value - b.high), b.low * (2 * b.value - b.low)
        below, above = a.low * (2 * a.value - a.low), a.high * (2 * a.value - a.high)
        most = (both + np.sqrt(np.maximum(both**2 - far * below, 0.0))) / below
        least = near / (both + np.sqrt(np.maximum(both**2 - near * above, 0.0)))
        low, high = 1 / (1 + np.where(below == 0, np.inf, most)), 1 / (1 + np.where(near == 0, 0.0, least))
    error = np.where((value > 0) & (value < 1), error, np.nan)
    low, high = (np.where(np.isnan(value), np.nan, end) for end in (low, high))
    return Corrected(value, error, low, high)


def turned(share: Corrected) -> Corrected:
    """1 minus a share."""
    return Corrected(1 - share.estimate, share.std_error, 1 - share.high, 1 - share.low)


def limiting_shares(y: Array, m: Array, w: Array, z: float) -> Interval:
    """The cells' shares at the two score limits of sum(w theta); shape (..., C)."""
    usable = (m > 0) & (w > 0)
    y, m, w = np.broadcast_arrays(np.where(usable, y, 0.0), np.where(usable, m, 1.0), np.where(usable, w, 0.0))
    flat_y, flat_m, flat_w = (each.reshape(-1, y.shape[-1]) for each in (y, m, w))
    least, most = _least(flat_y, flat_m, flat_w, z), 1 - _least(flat_m - flat_y, flat_m, flat_w, z)
    return Interval(least.reshape(y.shape), most.reshape(y.shape))


def _least(y: Array, m: Array, w: Array, z: float) -> Array:
    """Shares (G, C) where the weighted sum, held down by the multiplier lambda, is just not rejected.

    Under the constraint each share solves y/t - (m - y)/(1 - t) = lambda w, a quadratic, so that lambda is the only
    unknown; it is sought as u / (1 - u) over the estimate.
    """
    estimate = (w * y / m).sum(-1)
    some = estimate > 0
    shares = np.zeros_like(y)
    if not some.any():
        return shares
    y, m, w, estimate = y[some], m[some], w[some], estimate[some]

    def held(u: Array, row: NDArray[np.intp]) -> Array:
        pull = (u / (1 - u) / estimate[row])[:, None] * w[row]
        middle = m[row] + pull
        return np.asarray(2 * y[row] / (middle + np.sqrt(np.maximum(middle**2 - 4 * pull * y[row], 0.0))))

    def beyond(u: Array, place: Array) -> Array:
        row = place.astype(np.intp)
        theta = held(u, row)
        variance = (w[row] ** 2 * theta * (1 - theta) / m[row]).sum(-1)
        return np.asarray((estimate[row] - (w[row] * theta).sum(-1)) ** 2 - z * z * variance)

    # Where each cell has all or none, nothing moves until lambda w exceeds m in a cell that has all.
    every = (y == m) & (w > 0)
    still = (every | (y == 0) | (w == 0)).all(-1)
    with np.errstate(divide="ignore"):
        first = np.where(still, np.where(every, m / w, np.inf).min(-1) * estimate * (1 + _JUST), 0.0)
        start = np.where(still, first / (1 + first), 0.0)
    place = np.arange(len(y), dtype=np.float64)
    found = bracketed_root(beyond, start, np.full(len(y), 1 - _JUST), place)
    shares[some] = held(found, np.arange(len(y)))
    return shares
