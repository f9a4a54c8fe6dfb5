"""Melded confidence limits: three exact intervals joined into one for the true share.

Notation: P apparent share, Se sensitivity, Sp specificity, F = 1 - Sp, T true share.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincinv, betaln, xlog1py, xlogy

from sarcoid_epi.stats.interval import Array, check_counts, check_level
from sarcoid_epi.stats.misclassification import Corrected, rogan_gladen_delta
from sarcoid_epi.stats.roots import bracketed_root

_NODES = 24
#: Chance cut from either tail of a confidence distribution.
_TAIL = 1e-11

#: Shapes (a, b) of beta distributions, each (R,); a = 0 is the point 0, b = 0 the point 1.
_Beta = tuple[Array, Array]
_Closed = Callable[[Array, Array, Array, _Beta], Array]


def rogan_gladen_melded(
    events: ArrayLike,
    n: ArrayLike,
    sensitivity_events: ArrayLike,
    sensitivity_n: ArrayLike,
    specificity_events: ArrayLike,
    specificity_n: ArrayLike,
    level: float = 0.95,
) -> Corrected:
    r"""True share when sensitivity and specificity come from validation counts: melded limits (Bayer, Fay, Graubard).

    Each of the three shares has a lower and an upper confidence distribution, whose quantiles are its exact
    (Clopper-Pearson) limits: Beta(x, n - x + 1) and Beta(x + 1, n - x). The lower limit of the true share is the
    (1 - level)/2 quantile of T with P from below, F and Se from above; the upper limit the (1 + level)/2 quantile with
    P from above, F and Se from below,

    .. math:: T = \frac{P - F}{Se - F} \text{ cut at 0 and 1}, \qquad
              \Pr(T \le t) = \Pr\bigl(P \le (1 - t) F + t\, Se \;\text{ or }\; F \ge Se\bigr)

    Of the three independent beta variables the one that spreads T most is integrated in closed form, the other two over
    Gauss-Legendre nodes; nothing is drawn (the authors' program draws). The limits are
    good to 1e-7, to 3e-4 where all patients are positive. A draw with F >= Se counts as T = 0, as with the authors.

    Parameters
    ----------
    events, n
        Found positive, among how many patients; whole numbers, any shape.
    sensitivity_events, sensitivity_n
        Found positive, among how many with the condition (validation study).
    specificity_events, specificity_n
        Found **negative**, among how many without the condition (validation study).
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Corrected, of the broadcast shape: the raw Rogan-Gladen share, **not** cut, the standard error of
    `rogan_gladen_delta`, and limits within 0 and 1. The estimate may lie outside the limits. All NaN where a
    denominator is 0 or Se + Sp <= 1.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Three independent binomial samples; the validated sensitivity and specificity hold for the patients at hand. The
    limits are meant never to cover too little, and are wider than those of `lang_reiczigel`.

    References
    ----------
    bayer2023, clopper1934, rogan1978

    Examples
    --------
    A perfect test validated in very many leaves the exact limits of the share, here of 7 of 50:

    >>> answer = rogan_gladen_melded(7, 50, 10**9, 10**9, 10**9, 10**9)
    >>> print(f"{answer.low:.4f} {answer.high:.4f}")
    0.0582 0.2674
    """
    check_level(level)
    samples = (
        check_counts(events, n),
        check_counts(sensitivity_events, sensitivity_n, "sensitivity_events", "sensitivity_n"),
        check_counts(specificity_events, specificity_n, "specificity_events", "specificity_n"),
    )
    corrected = rogan_gladen_delta(*samples[0], *samples[1], *samples[2], level)
    shape = np.shape(corrected.estimate)
    usable = np.isfinite(np.ravel(corrected.estimate))
    (x, m), (x_se, m_se), (x_sp, m_sp) = (
        tuple(np.broadcast_to(count, shape).ravel()[usable] for count in pair) for pair in samples
    )
    tail = (1.0 - level) / 2.0
    low, high = np.full(usable.size, np.nan), np.full(usable.size, np.nan)
    # A share from below is Beta(x, n - x + 1), from above Beta(x + 1, n - x); F from above is 1 - Sp from below.
    low[usable] = _quantile((x, m - x + 1), (m_sp - x_sp + 1, x_sp), (x_se + 1, m_se - x_se), tail)
    high[usable] = _quantile((x + 1, m - x), (m_sp - x_sp, x_sp + 1), (x_se, m_se - x_se + 1), 1.0 - tail)
    return corrected._replace(low=low.reshape(shape)[()], high=high.reshape(shape)[()])


def _quantile(p: _Beta, f: _Beta, se: _Beta, chance: float) -> Array:
    """The quantile of T, shape (R,)."""
    # How far each variable moves T, at the middle.
    middle_p, middle_f, middle_se = _mean(p), _mean(f), _mean(se)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.clip(np.nan_to_num((middle_p - middle_f) / (middle_se - middle_f)), 0.0, 1.0)
    widest = np.stack([_sd(p), (1.0 - t) * _sd(f), t * _sd(se)]).argmax(axis=0)
    found = np.empty(len(t))
    for which, (first, second) in enumerate(((f, se), (p, se), (p, f))):
        rows = np.flatnonzero(widest == which).astype(np.intp)
        if not rows.size:
            continue
        a, b, third = _only(first, rows), _only(second, rows), _only((p, f, se)[which], rows)
        (at_a, weight_a), (at_b, weight_b) = _nodes(a), _nodes(b)
        nodes = (at_a[:, :, None], at_b[:, None, :], weight_a[:, :, None] * weight_b[:, None, :])
        up_to = (_closed_in_p, _closed_in_f, _closed_in_se)[which]

        def excess(  # bound now: the loop goes on
            t: Array, place: Array, nodes: tuple[Array, ...] = nodes, third: _Beta = third, up_to: _Closed = up_to
        ) -> Array:
            at = place.astype(np.intp)
            at_a, at_b, weight = (node[at] for node in nodes)
            inner = up_to(t[:, None, None], at_a, at_b, _only(third, at, deep=True))
            return np.asarray((weight * inner).sum(axis=(1, 2)) - chance)

        zero, one, places = np.zeros(rows.size), np.ones(rows.size), np.arange(rows.size, dtype=np.float64)
        # T has a chance of its own to be 0 and to be 1: where that is enough, there is nothing to look for.
        root = bracketed_root(excess, zero, one, places)
        found[rows] = np.where(excess(zero, places) >= 0, 0.0, np.where(excess(one, places) < 0, 1.0, root))
    return found


def _closed_in_p(t: Array, f: Array, se: Array, p: _Beta) -> Array:
    return np.where(f >= se, 1.0, _cdf(p, (1.0 - t) * f + t * se))


def _closed_in_f(t: Array, p: Array, se: Array, f: _Beta) -> Array:
    """F >= (P - t Se)/(1 - t) or F >= Se; at t = 1 it is P <= Se or F >= Se."""
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = np.where(t < 1.0, (p - t * se) / (1.0 - t), np.where(p <= se, -np.inf, np.inf))
    return 1.0 - _cdf(f, np.minimum(bound, se), strictly=True)


def _closed_in_se(t: Array, p: Array, f: Array, se: _Beta) -> Array:
    """Se >= (P - (1 - t) F)/t or Se <= F; at t = 0 it is P <= F or Se <= F."""
    with np.errstate(divide="ignore", invalid="ignore"):
        bound = np.where(t > 0.0, (p - (1.0 - t) * f) / t, np.where(p <= f, -np.inf, np.inf))
    above = 1.0 - _cdf(se, bound, strictly=True)
    return np.where(bound > f, above + _cdf(se, f), 1.0)


def _only(shapes: _Beta, rows: NDArray[np.intp], deep: bool = False) -> _Beta:
    a, b = (shape[rows] for shape in shapes)
    return (a[:, None, None], b[:, None, None]) if deep else (a, b)


def _mean(shapes: _Beta) -> Array:
    a, b = shapes
    return np.asarray(a / (a + b))


def _sd(shapes: _Beta) -> Array:
    a, b = shapes
    return np.asarray(np.sqrt(a * b / (a + b + 1.0)) / (a + b))


def _cdf(shapes: _Beta, at: Array, strictly: bool = False) -> Array:
    """Chance of at most `at` (strictly: of less), also for the points 0 and 1."""
    a, b = shapes
    value = betainc(np.maximum(a, 1.0), np.maximum(b, 1.0), np.clip(at, 0.0, 1.0))
    point = np.where(a == 0, 0.0, 1.0)
    below = (at > point) if strictly else (at >= point)
    return np.where((a == 0) | (b == 0), below.astype(np.float64), value)


def _nodes(shapes: _Beta) -> tuple[Array, Array]:
    """Gauss-Legendre nodes over all but the far tails, and weights that sum to 1, (R, nodes); a point is met by all."""
    t, w = _rule()
    point = (shapes[0] == 0) | (shapes[1] == 0)
    a, b = (np.where(point, 1.0, shape)[:, None] for shape in shapes)
    low, high = betaincinv(a, b, _TAIL), 1.0 - betaincinv(b, a, _TAIL)
    at = low + (high - low) * t
    weight = w * (high - low) * np.exp(xlogy(a - 1.0, at) + xlog1py(b - 1.0, -at) - betaln(a, b))
    weight /= weight.sum(axis=1, keepdims=True)
    return np.where(point[:, None], np.where(shapes[0] == 0, 0.0, 1.0)[:, None], at), weight


@lru_cache(maxsize=1)
def _rule() -> tuple[Array, Array]:
    t, w = np.polynomial.legendre.leggauss(_NODES)
    return (t + 1.0) / 2.0, w / 2.0
