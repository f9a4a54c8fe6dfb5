"""A yearly wave: how high and when, by calendar month, against what the months hold; notation as in `season`.

A place in the year is told in months from its beginning: 0.5 is the middle of January, 12 the end of December.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, expit, xlogy

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.maximum import climb
from sarcoid_epi.stats.season import NO_EVENT, TOO_FEW_MONTHS, angles, months

CONFINED = "the events keep to one side of the year without overlap: the ratio is infinite"
NOT_CONVERGED = "the maximum of the likelihood was not found"
ANYWHERE = "the peak may lie anywhere in the year"


class Cosinor(NamedTuple):
    """A yearly wave; fields of one shape.

    Attributes
    ----------
    peak_to_trough, low, high
        Rate (or odds) at the peak over that at the trough, and limits.
    peak, peak_low, peak_high
        Place of the peak in months from the beginning of the year, in [0, K), and limits on both sides of it, which may
        lie in the year before or after; half a year to either side where the peak may lie anywhere.
    p_value
        Likelihood-ratio test of no wave, two degrees of freedom.
    misfit_p_value
        Deviance test of the wave against months free of each other, K - 3 degrees of freedom.
    note
        Empty, or what is missing.
    """

    peak_to_trough: Array
    low: Array
    high: Array
    peak: Array
    peak_low: Array
    peak_high: Array
    p_value: Array
    misfit_p_value: Array
    note: NDArray[np.str_]


def cosinor(counts: ArrayLike, exposure: ArrayLike, level: float = 0.95) -> Cosinor:
    r"""Height and time of a yearly wave in the rate (cosinor), by Poisson regression with population-time as offset.

    .. math:: o_k \sim \mathrm{Poisson}(\mu_k), \qquad
              \log \mu_k = \log E_k + \gamma + a \cos\theta_k + b \sin\theta_k

    .. math:: A = \sqrt{a^2 + b^2}, \qquad \text{peak to trough} = e^{2 A}, \qquad \text{peak at the angle of } (a, b)

    Limits of A are :math:`A \pm z \sigma_A` (delta method), the lower not below 0, and 0 wherever the test of no wave
    does not reject. Limits of the peak are Fieller's: the angles at which the part of the wave at right angles to them
    is within z errors of 0. Where that is so for all angles they are the whole year, with a note.

    Parameters
    ----------
    counts
        Events by calendar month, shape (..., K).
    exposure
        Population-time of each month, broadcast against `counts`; taken as known. A month without any is left out.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Cosinor, of the leading shape; NaN and a note without events or with fewer than three months. Where all events lie
    in one or two neighbouring months the ratio is infinite, without limits.

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1, or as in `rayleigh_test`.

    Assumes
    -------
    Independent events, no more scattered than Poisson, and one wave a year of the shape of a cosine. The misfit test
    speaks to the last two; the wave is that of monthly means, 1 % lower in A than that of days.

    References
    ----------
    stolwijk1999, fieller1954

    Examples
    --------
    >>> answer = cosinor([9, 12, 15, 11, 6, 3, 2, 1, 2, 3, 5, 7], np.ones(12))
    >>> print(f"{answer.peak_to_trough:.1f} {answer.low:.1f} {answer.high:.1f} peak {answer.peak:.1f}")
    8.1 3.8 17.4 peak 1.9
    """
    events, time = months(counts, exposure)
    lead, size = events.shape[:-1], events.shape[-1]
    o, t = events.reshape(-1, size), time.reshape(-1, size)
    number, whole = o.sum(-1), t.sum(-1)
    design = _design(size)

    def likelihood(rows: NDArray[np.intp], at: Array) -> tuple[Array, Array, Array]:
        line = at @ design.T
        mean = t[rows] * np.exp(np.minimum(line, 700.0))
        return (o[rows] * line - mean).sum(-1), (o[rows] - mean) @ design, (mean[:, None] * design.T) @ design

    with np.errstate(divide="ignore", invalid="ignore"):
        level_rate = np.log(number / whole)
        flat = number * level_rate - number
        free = xlogy(o, o / np.where(t > 0, t, 1.0)).sum(-1) - number
    answer = _wave(o, t, number == 0, (level_rate, flat, free), likelihood, level)
    return Cosinor._make(np.reshape(field, lead)[()] for field in answer)


def cosinor_against(counts: ArrayLike, reference: ArrayLike, level: float = 0.95) -> Cosinor:
    r"""Height and time of a yearly wave in the odds of belonging to a group rather than to a reference group.

    .. math:: o_k \sim \mathrm{Bin}(o_k + r_k, p_k), \qquad
              \mathrm{logit}\, p_k = \gamma + a \cos\theta_k + b \sin\theta_k

    Height, peak and limits as in `cosinor`. What moves both groups alike (referral, holidays, population-time) falls
    out.

    Parameters
    ----------
    counts, reference
        Patients by calendar month in the group of interest and in the reference group, shape (..., K).
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Cosinor, of the leading shape, ratio of odds; NaN and a note where a group is empty or fewer than three months have
    patients. Where a line through the year parts the groups the ratio is infinite, without limits.

    Raises
    ------
    ValueError
        If counts are not whole numbers from 0, months differ in number, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, and a difference of season of the shape of a cosine on the log odds.

    References
    ----------
    stolwijk1999, fieller1954

    Examples
    --------
    >>> answer = cosinor_against([9, 12, 15, 11, 6, 3, 2, 1, 2, 3, 5, 7], [10] * 12)
    >>> print(f"{answer.peak_to_trough:.1f} {answer.low:.1f} {answer.high:.1f} peak {answer.peak:.1f}")
    8.3 3.2 21.4 peak 1.8
    """
    events, others = months(counts, reference, whole=True)
    lead, size = events.shape[:-1], events.shape[-1]
    o, both = events.reshape(-1, size), (events + others).reshape(-1, size)
    n1, n0 = o.sum(-1), both.sum(-1) - o.sum(-1)
    design = _design(size)

    def likelihood(rows: NDArray[np.intp], at: Array) -> tuple[Array, Array, Array]:
        line = at @ design.T
        mean = both[rows] * expit(line)
        weight = mean * expit(-line)
        value = (o[rows] * line - both[rows] * np.logaddexp(0.0, line)).sum(-1)
        return value, (o[rows] - mean) @ design, (weight[:, None] * design.T) @ design

    with np.errstate(divide="ignore", invalid="ignore"):
        level_odds = np.log(n1 / n0)
        flat = xlogy(n1, n1 / (n1 + n0)) + xlogy(n0, n0 / (n1 + n0))
        rest, some = both - o, np.where(both > 0, both, 1.0)
        free = (xlogy(o, o / some) + xlogy(rest, rest / some)).sum(-1)
    answer = _wave(o, rest, (n1 == 0) | (n0 == 0), (level_odds, flat, free), likelihood, level)
    return Cosinor._make(np.reshape(field, lead)[()] for field in answer)


def _design(size: int) -> Array:
    return np.stack([np.ones(size), np.cos(angles(size)), np.sin(angles(size))], axis=-1)


def _wave(
    events: Array,
    other: Array,
    empty: NDArray[np.bool_],
    fixed: tuple[Array, Array, Array],
    likelihood: Callable[[NDArray[np.intp], Array], tuple[Array, Array, Array]],
    level: float,
) -> list[Array | NDArray[np.str_]]:
    """The fields of a Cosinor. `fixed`: the intercept without a wave, and the log-likelihoods with none and with free
    months."""
    z = normal_quantile(level)
    groups, size = events.shape
    held = (events + other > 0).sum(-1)
    few, confined = held < 3, _confined(events, other)
    good = ~(empty | few | confined)
    intercept, flat, free = fixed
    rows = np.flatnonzero(good)
    start = np.stack([intercept[rows], np.zeros(rows.size), np.zeros(rows.size)], axis=-1)
    peak = climb(lambda active, at: likelihood(rows[active], at), start)
    a, b, value = (np.full(groups, np.nan) for _ in range(3))
    variance = np.full((groups, 2, 2), np.nan)
    found = rows[peak.converged]
    a[found], b[found], value[found] = (
        peak.at[peak.converged, 1],
        peak.at[peak.converged, 2],
        peak.value[peak.converged],
    )
    variance[found] = peak.variance[peak.converged, 1:, 1:]
    p_value = chdtrc(2.0, np.maximum(2.0 * (value - flat), 0.0))
    misfit_df = np.where(held > 3, held - 3.0, np.nan)
    misfit = chdtrc(misfit_df, np.maximum(2.0 * (free - value), 0.0))
    height, angle = np.hypot(a, b), np.arctan2(b, a)
    toward = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    with np.errstate(invalid="ignore", over="ignore"):
        reach = z * np.sqrt(np.einsum("gi,gij,gj->g", toward, variance, toward))
        low = np.exp(2.0 * np.where(p_value < 1.0 - level, np.maximum(height - reach, 0.0), 0.0))
        ratio, high = np.exp(2.0 * height), np.exp(2.0 * (height + reach))
    left, right, anywhere = _fieller(a, b, variance, z)
    scale = size / (2.0 * np.pi)
    ratio = np.where(confined & ~empty & ~few, np.inf, ratio)
    low, high = (np.where(np.isnan(reach), np.nan, end) for end in (low, high))
    place = angle * scale % size
    note = np.select(
        [empty, few, confined, np.isnan(height), anywhere],
        [NO_EVENT, TOO_FEW_MONTHS, CONFINED, NOT_CONVERGED, ANYWHERE],
        "",
    )
    return [ratio, low, high, place, place - left * scale, place + right * scale, p_value, misfit, note]


def _fieller(a: Array, b: Array, variance: Array, z: float) -> tuple[Array, Array, NDArray[np.bool_]]:
    r"""How far the peak may lie before and after the angle of (a, b): where the part across is within z errors of 0.

    With u the unit vector across, :math:`u^\top (\beta \beta^\top - z^2 V) u \le 0`: a cone about the eigenvector
    of the negative eigenvalue, unless both are negative.
    """
    known = np.isfinite(a) & np.isfinite(variance[:, 0, 0])
    beta = np.where(known[:, None], np.stack([a, b], axis=-1), 0.0)
    form = beta[:, :, None] * beta[:, None, :] - z**2 * np.where(known[:, None, None], variance, np.eye(2))
    values, vectors = np.linalg.eigh(form)
    anywhere = known & ~(values[:, 1] > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.arctan(np.sqrt(-values[:, 0] / values[:, 1]))
    # The cone's axis turned by a right angle is the other eigenvector; of its two directions the one along (a, b).
    middle = vectors[:, :, 1]
    cosine, sine = (middle * beta).sum(-1), middle[:, 0] * beta[:, 1] - middle[:, 1] * beta[:, 0]
    aside = np.arctan(sine / np.where(cosine == 0, 1.0, cosine))
    left, right = (np.where(anywhere, np.pi, np.where(known, half + side * aside, np.nan)) for side in (1.0, -1.0))
    return left, right, anywhere


def _confined(events: Array, other: Array) -> NDArray[np.bool_]:
    """Where a line through the year parts events from the rest, months on the line apart: then no wave is high enough.

    Looked for over all arcs from month i to month j, the ends being on the line.
    """
    size = events.shape[-1]
    one, two = (np.concatenate([part > 0, part > 0], axis=-1).cumsum(-1) for part in (events, other))
    parted = np.zeros(events.shape[0], dtype=bool)
    for first in range(size):
        for steps in range(size):
            last = first + steps
            inside = two[:, max(last - 1, first)] - two[:, first] if steps else 0 * two[:, 0]
            outside = one[:, first + size - 1] - one[:, last]
            parted |= (inside == 0) & (outside == 0)
    return parted
