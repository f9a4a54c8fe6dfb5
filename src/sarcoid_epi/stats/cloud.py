"""From weighted points to a smooth distribution: mean, limits and shortest interval of anything worked out at nodes.

The nodes of a quadrature are few and their cumulative weight is a staircase. But sums over them are exact to many
digits as long as what is summed is smooth, and a distribution is known from such sums: its Chebyshev moments.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaln, eval_jacobi, gammaln

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.roots import bracketed_root

#: Moments are worked out in _BLOCK blocks of _BLOCK.
_BLOCK = 10
MOMENTS = _BLOCK * _BLOCK
#: A run of so many moments below this size ends the series: what follows is the grain of the nodes.
_RUN, _NOTHING = 6, 1e-10
#: Moments that rise by this factor have ended before.
_RISEN = 30.0
_GRID = 401
_AT_ONCE = 4096
_NEWTON_STEPS = 12


class SmoothSummary(NamedTuple):
    """What is believed of a quantity: mean, standard deviation, median, limits with equal tails, shortest limits."""

    mean: Array
    sd: Array
    median: Array
    low: Array
    high: Array
    shortest_low: Array
    shortest_high: Array


class Series(NamedTuple):
    """A distribution on [low, high], shape (G,), that is a beta distribution but for a smooth factor.

    With x = (value - low)/(high - low) = (1 + cos theta)/2, theta in [0, pi], the chance of at most a value is
    I_x(a, b) + x^a (1 - x)^b times the sum of c_k cos(k theta); I the chance of Beta(a, b), which need only have the
    right powers at the ends (1, 1 where the density is finite there), `coefficients` c of shape (G, K). Mean and
    standard deviation are kept as the nodes give them.
    """

    low: Array
    high: Array
    a: Array
    b: Array
    coefficients: Array
    mean: Array
    sd: Array


def chebyshev_moments(values: Array, weights: Array, low: Array, high: Array) -> Array:
    r"""Sums of weight times T_k(z), k = 0 ... 99, at z = (2 value - low - high)/(high - low).

    .. math:: \sum w \, T_{10 i} T_j = \tfrac12 \sum w \, (T_{10 i + j} + T_{|10 i - j|})

    so that 20 polynomials and one matrix product give a hundred moments.

    Parameters
    ----------
    values, weights
        Shape (G, K); weights need not sum to 1, so that parts of a cloud can be added.
    low, high
        Shape (G,), around all values.

    Returns
    -------
    Array of shape (G, 100).
    """
    width = np.where(high > low, high - low, 1.0)
    products = np.zeros((len(values), _BLOCK, _BLOCK))
    step = max(_AT_ONCE // max(len(values), 1), 16)  # parts small enough to stay in the processor's cache
    for start in range(0, values.shape[1], step):
        part = slice(start, start + step)
        z = (2.0 * values[:, part] - (low + high)[:, None]) / width[:, None]
        fine = _polynomials(z, _BLOCK + 1)
        coarse = _polynomials(fine[:, _BLOCK], _BLOCK)
        coarse *= weights[:, None, part]
        products += coarse @ fine[:, :_BLOCK].swapaxes(1, 2)
    sums = np.empty((len(values), MOMENTS))
    sums[:, :_BLOCK] = products[:, 0]
    back = np.arange(1, _BLOCK)
    for i in range(1, _BLOCK):
        sums[:, _BLOCK * i] = products[:, i, 0]
        sums[:, _BLOCK * i + back] = 2.0 * products[:, i, 1:] - sums[:, _BLOCK * i - back]
    return sums


def series(sums: Array, low: Array, high: Array, a: Array | float = 1.0, b: Array | float = 1.0) -> Series:
    r"""The distribution that has these sums of weight times T_k, by its series in Jacobi polynomials.

    .. math:: \Pr(X \le x) = I_x(a, b) - x^a (1 - x)^b \sum_{k \ge 1} E[P_k^{(b-1, a-1)}] \,
              \frac{P_{k-1}^{(b, a)}(2 x - 1)}{k \, h_k}

    h_k the integral of t^(a - 1) (1 - t)^(b - 1) P_k^2; with a = b = 1 these are Legendre's. Such a series falls off
    fast also where the density does not vanish at an end of its range, or is infinite there like x^(a - 1). The moments
    of a smooth distribution fall to nothing, those of its nodes rise again once P_k turns between two nodes: the series
    ends where six in a row are smallest.
    """
    a, b = (np.broadcast_to(np.asarray(each, dtype=np.float64), low.shape) for each in (a, b))
    with np.errstate(divide="ignore", invalid="ignore"):
        chebyshev = sums / sums[:, :1]
    coefficients = np.empty((len(low), MOMENTS - 1))
    pairs, which = np.unique(np.stack([a, b], axis=-1), axis=0, return_inverse=True)
    for number, pair in enumerate(pairs):
        to_moments, to_chance = _tables(*map(float, pair))
        here = which.ravel() == number
        moments = chebyshev[here] @ to_moments.T
        run = np.lib.stride_tricks.sliding_window_view(np.abs(moments), _RUN, axis=1).max(axis=2)
        run = np.maximum(run, _NOTHING)
        # Nodes that many others share fall into step again at twice their number, and the moments fall a second time.
        risen = np.logical_or.accumulate(run > _RISEN * np.minimum.accumulate(run, axis=1), axis=1)
        end = np.where(risen, np.inf, run).argmin(axis=1)
        coefficients[here] = np.where(np.arange(MOMENTS - 1) < end[:, None], moments, 0.0 * moments) @ to_chance
    half = (high - low) / 2.0
    mean, square = chebyshev[:, 1], (chebyshev[:, 2] + 1.0) / 2.0
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    return Series(low, high, a, b, coefficients, low + half * (1.0 + mean), half * spread)


def chance_up_to(distribution: Series, at: Array) -> Array:
    """Chance of a value of at most `at`, both of shape (G,)."""
    low, high = distribution.low, distribution.high
    with np.errstate(invalid="ignore", divide="ignore"):
        theta = np.arccos(np.clip((2.0 * at - low - high) / (high - low), -1.0, 1.0))
    return np.where(high > low, _chance(theta, distribution), (at >= low).astype(np.float64))


def summary(distribution: Series, level: float) -> SmoothSummary:
    """Mean, standard deviation, median, limits with equal tails and the shortest limits, each of shape (G,).

    Where the range has no width, all of it is that one value; where the series is NaN, so is the summary.
    """
    low, high, _, _, coefficients, mean, sd = distribution
    known = np.isfinite(coefficients).all(axis=1) & (high > low)
    tail = (1.0 - level) / 2.0
    angles = np.full((len(low), 5), np.nan)
    if known.any():
        part = _some(distribution, known)
        wanted = _angles_of(part, (0.5, tail, 1.0 - tail, level, 1.0 - level))
        angles[known, :3] = wanted[:, :3]
        angles[known, 3:] = _shortest(part, level, wanted[:, 3], wanted[:, 4])
    at = low[:, None] + (high - low)[:, None] * (1.0 + np.cos(angles)) / 2.0
    constant = (high == low) & np.isfinite(coefficients).all(axis=1)
    at[constant], sd = low[constant, None], np.where(constant, 0.0, sd)
    return SmoothSummary(np.where(constant, low, mean), sd, *at.T)


def weighted_summary(values: Array, weights: Array, level: float = 0.95) -> SmoothSummary:
    """SmoothSummary of values worked out at weighted nodes, both of shape (K,): a smooth function of the nodes.

    The range is that of the values, a little widened; where the distribution ends inside its range (a share that cannot
    exceed 1) the ends are met to about 1e-3 of the range.

    >>> t, w = np.polynomial.legendre.leggauss(60)
    >>> answer = weighted_summary(t, w * np.exp(-40 * t**2))
    >>> print(f"{answer.high:.6f} {1.959964 / 80**0.5:.6f}")
    0.219131 0.219131
    """
    low, high = values.min(), values.max()
    more = 0.003 * (high - low)
    ends = np.array([low - more]), np.array([high + more])
    sums = chebyshev_moments(values[None], weights[None], *ends)
    return SmoothSummary(*(field[0] for field in summary(series(sums, *ends), level)))


def _polynomials(z: Array, count: int) -> Array:
    """T_0 ... T_{count - 1} at z of shape (G, K): (G, count, K)."""
    made = np.empty((len(z), count, z.shape[1]))
    made[:, 0], made[:, 1] = 1.0, z
    twice = 2.0 * z
    for k in range(2, count):
        np.multiply(twice, made[:, k - 1], out=made[:, k])
        made[:, k] -= made[:, k - 2]
    return made


def _some(distribution: Series, which: NDArray[Any]) -> Series:
    return Series(*(field[which] for field in distribution))


def _chance(theta: Array, distribution: Series, cosines: Array | None = None) -> Array:
    """Chance of at most the value at angle theta: one for each group, or on a grid of many with their cosines."""
    c, a, b = distribution.coefficients, distribution.a, distribution.b
    if cosines is None:
        sums = (c * np.cos(theta[:, None] * np.arange(c.shape[1]))).sum(axis=1)
    else:
        sums, a, b = c @ cosines, a[:, None], b[:, None]
    x, rest = np.cos(theta / 2.0) ** 2, np.sin(theta / 2.0) ** 2
    if (a == 1).all() and (b == 1).all():
        return np.asarray(x + x * rest * sums)
    return np.asarray(betainc(a, b, x) + x**a * rest**b * sums)


def _angles_of(distribution: Series, chances: tuple[float, ...]) -> Array:
    """The angles of the quantiles `chances` of each group, shape (G, number of chances)."""
    groups, many = len(distribution.low), len(chances)
    below = np.tile(chances, groups)

    def excess(theta: Array, place: Array) -> Array:
        at = place.astype(np.intp)
        return np.asarray(_chance(theta, _some(distribution, at // many)) - below[at])

    places = np.arange(groups * many, dtype=np.float64)
    return bracketed_root(excess, 0.0 * places, 0.0 * places + np.pi, places).reshape(groups, many)


@lru_cache(maxsize=64)
def _tables(a: float, b: float) -> tuple[Array, Array]:
    """From E[T_k] to the moments of k = 1, 2, ..., (K - 1, K), and from these to coefficients, (K - 1, K - 1).

    A moment is E[P_k^(b - 1, a - 1)], scaled to grow no faster than Legendre's.
    """
    theta = (np.arange(2 * MOMENTS) + 0.5) * np.pi / (2 * MOMENTS)
    k = np.arange(1, MOMENTS)
    cosines = np.cos(np.arange(MOMENTS)[:, None] * theta) / MOMENTS
    cosines[0] /= 2.0
    moments = eval_jacobi(k[:, None], b - 1.0, a - 1.0, np.cos(theta)) @ cosines.T
    chance = -eval_jacobi(k[:, None] - 1, b, a, np.cos(theta)) @ cosines[:-1].T / k[:, None]
    log_h = gammaln(k + a) + gammaln(k + b) - gammaln(k + 1.0) - gammaln(k + a + b - 1.0) - np.log(2 * k + a + b - 1.0)
    scale = np.sqrt((2 * k + 1.0) * np.exp(log_h - betaln(a, b)))[:, None]
    return moments / scale, chance * scale / np.exp(log_h)[:, None]


@lru_cache(maxsize=1)
def _cosines() -> tuple[Array, Array]:
    """A grid of angles and cos(k theta) on it, (K - 1, grid)."""
    theta = np.linspace(0.0, np.pi, _GRID)
    return theta, np.cos(np.arange(MOMENTS - 1)[:, None] * theta)


def _shortest(distribution: Series, level: float, from_low: Array, from_high: Array) -> Array:
    """Angles of the lower and upper end of the shortest interval with chance `level`, shape (G, 2).

    Three candidates: equal densities at both ends (a search on a grid, then Newton's method), from the low end of the
    range up to the quantile `from_low`, and from the quantile `from_high` up to the high end.
    """
    rows = np.arange(len(distribution.low))
    theta, cosines = _cosines()
    above = np.maximum.accumulate(np.clip(1.0 - _chance(theta, distribution, cosines), 0.0, 1.0), axis=1)
    # Where `level` more lies above, for all groups in one interpolation: group g is moved up by 2 g.
    wanted, lifted = above + level, 2.0 * rows[:, None]
    lower = np.interp(wanted + lifted, (above + lifted).ravel(), np.tile(theta, len(rows)))
    best = np.where(wanted <= 1.0, np.cos(theta) - np.cos(lower), np.inf).argmin(axis=1)
    ends = _equal_density(distribution, lower[rows, best], theta[best], level)
    at_low = np.stack([np.full(len(rows), np.pi), from_low], axis=-1)
    at_high = np.stack([from_high, np.zeros(len(rows))], axis=-1)
    candidates = np.stack([ends, at_low, at_high])
    width = np.cos(candidates[..., 1]) - np.cos(candidates[..., 0])
    return np.asarray(candidates[np.where(np.isnan(width), np.inf, width).argmin(axis=0), rows])


def _equal_density(distribution: Series, lower: Array, upper: Array, level: float) -> Array:
    """Newton's method for both ends at once, bounded steps; NaN where it leaves the range or does not settle."""
    c, a, b = distribution.coefficients[:, None], distribution.a[:, None], distribution.b[:, None]
    k = np.arange(c.shape[2])
    ends = np.stack([lower, upper], axis=-1)
    moving = np.ones(len(c), dtype=bool)
    longest = 4.0 * np.pi / _GRID
    step = np.zeros_like(ends)
    for _ in range(_NEWTON_STEPS):
        sine, cosine = np.sin(ends[..., None] * k), np.cos(ends[..., None] * k)
        sums, turn, bend = (c * cosine).sum(axis=-1), -(c * sine * k).sum(axis=-1), -(c * cosine * k**2).sum(axis=-1)
        x, rest, half_sine, half_cosine = (
            np.cos(ends / 2) ** 2,
            np.sin(ends / 2) ** 2,
            np.sin(ends) / 2,
            np.cos(ends) / 2,
        )
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            chance = betainc(a, b, x) + x**a * rest**b * sums
            # The density is x^(a - 1) (1 - x)^(b - 1) times `smooth`; `change` and `slope` are by the angle.
            crowd, mixed = x ** (a - 1.0) * rest ** (b - 1.0), a - (a + b) * x
            smooth = np.exp(-betaln(a, b)) + mixed * sums - half_sine * turn
            change = (a + b) * half_sine * sums + (mixed - half_cosine) * turn - half_sine * bend
            change = crowd * (change + smooth * ((1.0 - a) * half_sine / x + (b - 1.0) * half_sine / rest))
            density = crowd * smooth
            slope = -density * half_sine
            missing = level - (chance[:, 1] - chance[:, 0])
            unequal = density[:, 1] - density[:, 0]
            # slope_u du - slope_l dl = missing  and  change_l dl - change_u du = unequal
            determinant = slope[:, 1] * change[:, 0] - slope[:, 0] * change[:, 1]
            step_low = (slope[:, 1] * unequal + change[:, 1] * missing) / determinant
            step_high = (slope[:, 0] * unequal + change[:, 0] * missing) / determinant
        step = np.where(moving[:, None], np.stack([step_low, step_high], axis=-1), step)
        ends = np.where(moving[:, None], ends + np.clip(step, -longest, longest), ends)
        moving &= np.abs(step).max(axis=-1) > 1e-12
        if not moving.any():
            break
    settled = (np.abs(step).max(axis=-1) < 1e-6) & (ends[:, 0] <= np.pi) & (ends[:, 1] >= 0.0)
    return np.where(settled[:, None], ends, np.nan)
