"""The true share behind an apparent one when sensitivity and specificity are believed, not measured.

Notation: x of n found positive; Se and Sp sensitivity and specificity; P apparent share, F = 1 - Sp, T true share.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv

from sarcoid_epi.stats.interval import Array, check_counts, check_level, check_share
from sarcoid_epi.stats.misclassification import rogan_gladen
from sarcoid_epi.stats.roots import bracketed_root

#: Nodes of each of two integrals. 300 move limits by at most 3e-4 where over a tenth of the belief is possible, and by
#: at most 1e-2 where less is.
_NODES = 48

#: Below this chance of a possible share the belief contradicts the records and there are no limits.
_IMPOSSIBLE = 5e-3

#: Shape parameters of a beta distribution; one of them 0 means a point at 0 or at 1.
_Beta = tuple[float, float]


class Believed(NamedTuple):
    """True share under a belief; one shape, numpy scalars when the input was scalar.

    `estimate` is the Rogan-Gladen share at the believed values, not cut. `low` and `high` are quantiles of the true
    share. `possible` is how much of the belief the data leave possible: the chance that the true share lies in [0, 1].
    """

    estimate: Array
    low: Array
    high: Array
    possible: Array


def believed_share(
    events: ArrayLike,
    n: ArrayLike,
    sensitivity: float,
    sensitivity_weight: float,
    specificity: float,
    specificity_weight: float,
    level: float = 0.95,
    nodes: int = _NODES,
) -> Believed:
    r"""Limits of the true share under beta-distributed beliefs about sensitivity and specificity.

    .. math:: T = \frac{P - F}{Se - F}, \qquad
              P \sim \mathrm{Beta}(x + \tfrac12,\, n - x + \tfrac12), \quad
              Se \sim \mathrm{Beta}(v m,\, (1 - v) m), \quad
              F \sim \mathrm{Beta}((1 - w) k,\, w k)

    independent, given that 0 <= T <= 1, which is F <= P <= Se. With S the upper tail of Se,

    .. math:: \Pr(T \le t) = \frac{E[\,1_{F \le P}\; S(F + (P - F)/t)\,]}{E[\,1_{F \le P}\; S(P)\,]}

    The one of P, Se and F that moves T most is integrated in closed form, the other two by Gauss-Legendre nodes over
    their quantiles; nothing is drawn. The limits are the (1 - level)/2 and (1 + level)/2 quantiles of T; the lower is 0
    when x = 0. Long upper tails stay long: a share of the records divided by a sensitivity that may be small.

    Parameters
    ----------
    events, n
        Found positive, among how many patients; whole numbers, any shape.
    sensitivity, specificity
        Believed values v and w, in [0, 1].
    sensitivity_weight, specificity_weight
        How many verified patients the values are worth (m and k), above 0.
    level
        Probability between the limits, between 0 and 1.
    nodes
        Nodes of each integral.

    Returns
    -------
    Believed. All NaN where n = 0 or v + w <= 1; limits NaN where the belief leaves nothing possible.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, a value lies outside [0, 1] or a weight is not positive.

    Assumes
    -------
    The belief is right in the sense of a long run: detection is like a draw from it, independent of the true share.

    References
    ----------
    rogan1978, brown2001

    Examples
    --------
    Knowing less must not give a nearer upper limit:

    >>> sure, vague = (believed_share(321, 10000, 0.2, weight, 0.995, 200) for weight in (1e6, 20))
    >>> print(f"{sure.low:.3f} {sure.high:.3f}; {vague.low:.3f} {vague.high:.3f}")
    0.076 0.171; 0.058 0.478
    """
    check_level(level)
    x, m = check_counts(events, n)
    v, w = check_share(sensitivity, "sensitivity"), check_share(specificity, "specificity")
    if not (sensitivity_weight > 0 and specificity_weight > 0):
        raise ValueError("the weights of sensitivity and specificity must be above 0")
    with np.errstate(invalid="ignore", divide="ignore"):
        estimate = rogan_gladen(x / m, v, w)
    # Replicates repeat the same few counts: each is worked once.
    pairs, back = np.unique(np.stack([x.ravel(), m.ravel()], axis=-1), axis=0, return_inverse=True)
    low, high, possible = (np.full(len(pairs), np.nan) for _ in range(3))
    se = (float(v) * sensitivity_weight, float(1 - v) * sensitivity_weight)
    fp = (float(1 - w) * specificity_weight, float(w) * specificity_weight)
    for at in np.flatnonzero((pairs[:, 1] > 0) & bool(v + w > 1)):
        x_, n_ = pairs[at].tolist()
        low[at], high[at], possible[at] = _limits(x_, n_, se, fp, (1 - level) / 2, nodes)
    low[(pairs[:, 0] == 0) & ~np.isnan(low)] = 0.0
    back = back.ravel()
    return Believed(*(field[()] for field in (estimate, *(a[back].reshape(x.shape) for a in (low, high, possible)))))


class _Mass(NamedTuple):
    """For rows of counts: `up_to(t, row)` is the chance of a true share in [0, t], `possible` that of one in [0, 1]."""

    up_to: Callable[[Array, Array], Array]
    possible: Array


@lru_cache(maxsize=2**14)
def _limits(x: float, n: float, se: _Beta, fp: _Beta, tail: float, nodes: int) -> tuple[float, float, float]:
    """Both limits and how much is possible, kept for the replicates and cases of a study that have these counts again.

    Each pair is worked alone, so that its numbers do not depend on its company to the last bit.
    """
    low, high, possible = _quantiles(np.array([x]), np.array([n]), se, fp, tail, nodes)
    return float(low[0]), float(high[0]), float(possible[0])


def _quantiles(x: Array, n: Array, se: _Beta, fp: _Beta, tail: float, nodes: int) -> tuple[Array, Array, Array]:
    """Lower and upper quantile of the true share for each pair of counts, and the chance of a possible share."""
    # The variable that moves the true share most is integrated in closed form, so that no node meets a step.
    spread = np.stack([np.broadcast_to(each, x.shape) for each in (_spread_of_record(x, n), _sd(fp), _ratio(x, n, se))])
    widest = spread.argmax(axis=0)
    low, high, possible = (np.full(x.size, np.nan) for _ in range(3))
    for which, made in enumerate((_closed_in_record, _closed_in_false_positives, _closed_in_sensitivity)):
        rows = widest == which
        if rows.any():
            mass = made(x[rows], n[rows], se, fp, nodes)
            possible[rows] = mass.possible
            low[rows], high[rows] = (_quantile_of(mass, wanted) for wanted in (tail, 1 - tail))
    return low, high, possible


def _sd(shape: _Beta) -> float:
    a, b = shape
    return float(np.sqrt(a * b / (a + b + 1)) / (a + b))


def _spread_of_record(x: Array, n: Array) -> Array:
    return np.asarray(np.sqrt((x + 0.5) * (n - x + 0.5) / (n + 2)) / (n + 1))


def _ratio(x: Array, n: Array, se: _Beta) -> Array:
    """Spread of the sensitivity on the scale of the record: sd(Se) / Se times P."""
    mean = se[0] / (se[0] + se[1])
    return np.asarray(_sd(se) / mean * (x + 0.5) / (n + 1))


def _quantile_of(mass: _Mass, wanted: float) -> Array:
    known = np.flatnonzero(mass.possible > _IMPOSSIBLE)
    found = np.full(mass.possible.size, np.nan)
    found[known] = bracketed_root(
        lambda t, row: np.asarray(mass.up_to(t, row.astype(int)) / mass.possible[row.astype(int)] - wanted),
        np.full(known.size, 1e-12),
        np.ones(known.size),
        known.astype(np.float64),
    )
    return found


def _closed_in_sensitivity(x: Array, n: Array, se: _Beta, fp: _Beta, nodes: int) -> _Mass:
    """T <= t where Se >= F + (P - F)/t; nodes over P, and over F up to P."""
    u, weight = _legendre(nodes)
    p: Array = np.asarray(betaincinv(x[:, None] + 0.5, (n - x)[:, None] + 0.5, u), dtype=np.float64)[:, :, None]
    below = _cdf(fp, p)
    f = np.broadcast_to(_quantile(fp, u * below), (x.size, nodes, nodes))
    mass = weight[:, None] * weight * below

    def up_to(t: Array, row: Array) -> Array:
        threshold = f[row] + (p[row] - f[row]) / t[:, None, None]
        return np.asarray((mass[row] * (1 - _cdf(se, np.minimum(threshold, 1.0)))).sum(axis=(1, 2)))

    return _Mass(up_to, (mass * (1 - _cdf(se, p))).sum(axis=(1, 2)))


def _closed_in_false_positives(x: Array, n: Array, se: _Beta, fp: _Beta, nodes: int) -> _Mass:
    """T <= t where F >= (P - t Se) / (1 - t); nodes over P and over Se."""
    u, weight = _legendre(nodes)
    p: Array = np.asarray(betaincinv(x[:, None] + 0.5, (n - x)[:, None] + 0.5, u), dtype=np.float64)[:, :, None]
    s = _quantile(se, u)[None, :]
    mass = np.where(p <= s, weight[:, None] * weight, 0.0)
    at_p = _cdf(fp, p)

    def up_to(t: Array, row: Array) -> Array:
        here = t[:, None, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            least = np.where(here < 1, (p[row] - here * s) / (1 - here), -np.inf)
        return np.asarray((mass[row] * np.maximum(at_p[row] - _cdf(fp, np.clip(least, 0, 1)), 0)).sum(axis=(1, 2)))

    return _Mass(up_to, (mass * at_p).sum(axis=(1, 2)))


def _closed_in_record(x: Array, n: Array, se: _Beta, fp: _Beta, nodes: int) -> _Mass:
    """T <= t where P <= F + t (Se - F); nodes over Se and over F."""
    u, weight = _legendre(nodes)
    s, f = _quantile(se, u)[:, None], _quantile(fp, u)[None, :]
    mass = np.where(s > f, weight[:, None] * weight, 0.0)
    a, b = (x + 0.5)[:, None, None], (n - x + 0.5)[:, None, None]
    at_f = betainc(a, b, f)

    def up_to(t: Array, row: Array) -> Array:
        reached = betainc(a[row], b[row], np.maximum(f + t[:, None, None] * (s - f), 0.0))
        return np.asarray((mass * (reached - at_f[row])).sum(axis=(1, 2)))

    return _Mass(up_to, (mass * (betainc(a, b, s) - at_f)).sum(axis=(1, 2)))


def _cdf(shape: _Beta, at: Array) -> Array:
    """Distribution function of a beta that may have shrunk to a point at 0 or 1."""
    a, b = shape
    if a == 0:
        return np.ones(np.shape(at))
    if b == 0:
        return np.asarray(np.asarray(at) >= 1, dtype=np.float64)
    return np.asarray(betainc(a, b, at))


def _quantile(shape: _Beta, at: Array) -> Array:
    a, b = shape
    if a == 0 or b == 0:
        return np.full(np.shape(at), 0.0 if a == 0 else 1.0)
    return np.asarray(betaincinv(a, b, at))


@lru_cache(maxsize=8)
def _legendre(nodes: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on (0, 1)."""
    at, weight = np.polynomial.legendre.leggauss(nodes)
    return (at + 1) / 2, weight / 2
