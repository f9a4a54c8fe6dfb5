"""What is believed of a share before the data: one family, a beta distribution stretched over a range.

Every constructor returns a `Prior`; a value taken as known is a prior of no width. Nothing here is fitted to data.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv, betaln, xlog1py, xlogy

from sarcoid_epi.stats.interval import Array, check_counts
from sarcoid_epi.stats.roots import bracketed_root


class Prior(NamedTuple):
    """The distribution of low + (high - low) B with B ~ Beta(a, b); low == high is a value taken as known."""

    a: float
    b: float
    low: float = 0.0
    high: float = 1.0


def beta(a: float, b: float) -> Prior:
    """A beta distribution on 0 to 1.

    >>> print(beta(2, 8), f"{mean(beta(2, 8)):.2f}")
    Prior(a=2.0, b=8.0, low=0.0, high=1.0) 0.20
    """
    return _checked(Prior(float(a), float(b)))


def uniform(low: float, high: float) -> Prior:
    """Every value from `low` to `high` alike.

    >>> print(quantile(uniform(0.6, 1.0), 0.25))
    0.7
    """
    return _checked(Prior(1.0, 1.0, float(low), float(high)))


def pert(low: float, mode: float, high: float) -> Prior:
    r"""A lowest, a most likely and a highest value, the most likely weighing four times (PERT).

    .. math:: \mathrm{low} + (\mathrm{high} - \mathrm{low}) \, \mathrm{Beta}(1 + 4p,\; 5 - 4p), \qquad
              p = \frac{\mathrm{mode} - \mathrm{low}}{\mathrm{high} - \mathrm{low}}

    Its mean is (low + 4 mode + high) / 6. (The "classic" PERT of R's `prevalence` fixes the standard deviation at
    (high - low)/6 instead and is another distribution; its "vose" form is this one.)

    References
    ----------
    malcolm1959

    Examples
    --------
    >>> print(f"{mean(pert(0.6, 0.9, 1.0)):.4f}")
    0.8667
    """
    if not low <= mode <= high:
        raise ValueError(f"mode must lie between low and high; got {low!r}, {mode!r}, {high!r}")
    if low == high:
        return point(low)
    p = (mode - low) / (high - low)
    return _checked(Prior(1.0 + 4.0 * p, 5.0 - 4.0 * p, float(low), float(high)))


def point(value: float) -> Prior:
    """A value taken as known.

    >>> print(mean(point(0.9)), sd(point(0.9)))
    0.9 0.0
    """
    return _checked(Prior(1.0, 1.0, float(value), float(value)))


def validated(events: int, n: int) -> Prior:
    """From a validation study: `events` of `n` verified patients, Jeffreys' halves added.

    Beta(events + 1/2, n - events + 1/2): the posterior of a share under Jeffreys' prior, the distribution whose
    quantiles are the Jeffreys limits of the validated share (`proportion.jeffreys`). A uniform prior instead would pull
    a sensitivity found in all of few patients further from 1.

    References
    ----------
    brown2001

    Examples
    --------
    >>> print(validated(20, 20))
    Prior(a=20.5, b=0.5, low=0.0, high=1.0)
    """
    x, m = check_counts(events, n)
    return _checked(Prior(float(x) + 0.5, float(m - x) + 0.5))


def weighed(value: float, n: float) -> Prior:
    """A belief worth `n` verified patients: Beta(v n, (1 - v) n), of mean v. A value of 0 or 1 is taken as known.

    >>> print(weighed(0.25, 20))
    Prior(a=5.0, b=15.0, low=0.0, high=1.0)
    """
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"value must lie between 0 and 1; got {value!r}")
    if not 0.0 < n < np.inf:
        raise ValueError(f"n, the weight of the belief, must be above 0; got {n!r}")
    return point(value) if value in (0.0, 1.0) else _checked(Prior(value * n, (1.0 - value) * n))


def elicited(value: float, bound: float, chance: float, kind: Literal["mode", "mean"] = "mode") -> Prior:
    r"""An expert's best guess and how sure the expert is of a bound: the beta distribution that says the same.

    With a bound above the guess, `chance` is the chance to lie below it; with one below, to lie above it. The family
    of one parameter s > 0, of which s is found by root finding, is

    .. math:: \mathrm{mode:}\; \mathrm{Beta}(1 + v s,\; 1 + (1 - v) s), \qquad
              \mathrm{mean:}\; \mathrm{Beta}(v s,\; (1 - v) s)

    Parameters
    ----------
    value
        Best guess v: the most likely value, in [0, 1], or with `kind="mean"` the mean, in (0, 1).
    bound
        In (0, 1), other than `value`.
    chance
        Chance of lying on the guess's side of `bound`, in (0, 1).
    kind
        Whether `value` is the mode or the mean.

    Returns
    -------
    Prior on 0 to 1.

    Raises
    ------
    ValueError
        If no beta distribution says this. A mode is only possible with a chance above that of the uniform distribution.

    Assumes
    -------
    The expert's belief has one peak and the shape of a beta distribution; two statements fix no more than that.

    References
    ----------
    branscum2005

    Examples
    --------
    The manual of epiR's `epi.betabuster`: most likely 0.90, 80 % sure of more than 0.75, prints 9.875 and 1.986 (a grid
    of steps of 0.001).

    >>> print(f"{elicited(0.90, 0.75, 0.80).a:.2f} {elicited(0.90, 0.75, 0.80).b:.2f}")
    9.88 1.99
    """
    inside = 0.0 <= value <= 1.0 if kind == "mode" else 0.0 < value < 1.0
    if kind not in ("mode", "mean"):
        raise ValueError(f"kind must be 'mode' or 'mean'; got {kind!r}")
    if not (inside and 0.0 < bound < 1.0 and bound != value):
        raise ValueError(f"value and bound must be two shares, the bound strictly inside; got {value!r}, {bound!r}")
    if not 0.0 < chance < 1.0:
        raise ValueError(f"chance must lie between 0 and 1, both excluded; got {chance!r}")
    extra = 1.0 if kind == "mode" else 0.0

    def excess(log_weight: Array) -> Array:
        s = np.exp(log_weight)
        a, b = extra + value * s, extra + (1.0 - value) * s
        below = betainc(a, b, bound) if bound > value else betainc(b, a, 1.0 - bound)
        return np.asarray(below - chance)

    # The more the belief weighs, the surer the bound, but with a mean the chance may first fall: the last crossing.
    weights = np.linspace(np.log(1e-6), np.log(1e12), 400)
    crossing = np.flatnonzero((excess(weights)[:-1] < 0) & (excess(weights)[1:] >= 0))
    if not crossing.size:
        raise ValueError(
            f"no beta distribution of {kind} {value!r} is on that side of {bound!r} with chance {chance!r}"
        )
    last = crossing[-1]
    s = float(np.exp(bracketed_root(excess, weights[last : last + 1], weights[last + 1 : last + 2])[0]))
    return _checked(Prior(extra + value * s, extra + (1.0 - value) * s))


def log_density(prior: Prior, x: ArrayLike) -> Array:
    """Log of the density at x, of the shape of x; minus infinity outside the range. A known value has no density.

    >>> print(f"{log_density(uniform(0.5, 1.0), 0.7):.4f} {log_density(uniform(0.5, 1.0), 0.3)}")
    0.6931 -inf
    """
    a, b, low, high = _checked(prior)
    if low == high:
        raise ValueError("a value taken as known has no density")
    at = np.asarray(x, dtype=np.float64)
    z = (at - low) / (high - low)
    inside = (z >= 0.0) & (z <= 1.0)
    z = np.where(inside, z, 0.5)
    with np.errstate(divide="ignore"):  # an infinite density at an end of the range is infinite
        value = xlogy(a - 1.0, z) + xlog1py(b - 1.0, -z) - betaln(a, b) - np.log(high - low)
    return np.asarray(np.where(inside, value, -np.inf))[()]


def density(prior: Prior, x: ArrayLike) -> Array:
    """Density at x, of the shape of x; 0 outside the range.

    >>> print(density(uniform(0.5, 1.0), [0.3, 0.7]).round(12))
    [0. 2.]
    """
    return np.asarray(np.exp(log_density(prior, x)))[()]


def distribution(prior: Prior, x: ArrayLike) -> Array:
    """Chance of a value of at most x, of the shape of x.

    >>> print(distribution(uniform(0.5, 1.0), [0.3, 0.75, 2.0]), distribution(point(0.9), 0.9))
    [0.  0.5 1. ] 1.0
    """
    a, b, low, high = _checked(prior)
    at = np.asarray(x, dtype=np.float64)
    if low == high:
        return np.asarray(at >= low, dtype=np.float64)[()]
    return np.asarray(betainc(a, b, np.clip((at - low) / (high - low), 0.0, 1.0)))[()]


def quantile(prior: Prior, u: ArrayLike) -> Array:
    """The value that is not exceeded with chance u, of the shape of u.

    >>> print(quantile(point(0.9), [0.1, 0.5]), quantile(uniform(0.5, 1.0), 0.5))
    [0.9 0.9] 0.75
    """
    a, b, low, high = _checked(prior)
    chance = np.asarray(u, dtype=np.float64)
    if not ((chance >= 0.0) & (chance <= 1.0)).all():
        raise ValueError("u must lie between 0 and 1")
    if low == high:
        return np.full(chance.shape, low)[()]
    return np.asarray(low + (high - low) * betaincinv(a, b, chance))[()]


def mean(prior: Prior) -> float:
    """Mean: low + (high - low) a / (a + b).

    >>> print(mean(uniform(0.5, 1.0)))
    0.75
    """
    a, b, low, high = _checked(prior)
    return low + (high - low) * a / (a + b)


def sd(prior: Prior) -> float:
    """Standard deviation: (high - low) sqrt(a b / (a + b + 1)) / (a + b).

    >>> print(f"{sd(uniform(0.0, 1.0)):.4f}")
    0.2887
    """
    a, b, low, high = _checked(prior)
    return (high - low) * float(np.sqrt(a * b / (a + b + 1.0))) / (a + b)


def _checked(prior: Prior) -> Prior:
    """The prior itself; refuse shapes that are not above 0 and a range that is not one of shares."""
    a, b, low, high = prior
    if not (0.0 < a < np.inf and 0.0 < b < np.inf):
        raise ValueError(f"the shapes a and b of a prior must be above 0; got {a!r}, {b!r}")
    if not 0.0 <= low <= high <= 1.0:
        raise ValueError(f"the range of a prior must be 0 <= low <= high <= 1; got {low!r}, {high!r}")
    return prior
