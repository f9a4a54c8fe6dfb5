"""Odds ratio of two independent groups, one function a method; notation as in `two_samples`.

With a, b events and others in the group of interest and c, d in the reference group, the odds ratio is ad / bc. One
rule at the ends: where it is 0 so is its lower limit, where it is infinite so is its upper limit, and the other limit
is the two-sided one. Where nobody or everybody has the event the ratio is NaN and the limits are 0 and infinity.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.proportion import wilson
from sarcoid_epi.stats.two_samples import (
    ALL_EVENTS,
    ALL_IN_GROUP,
    NO_EVENT,
    NO_WALD,
    NONE_IN_REFERENCE,
    Contrast,
    answerable,
    as_contrast,
    expected_cell,
    score_limits,
    two_samples,
)

#: Logarithm of the least and the largest odds ratio looked at.
_ENDS = (-100.0, 100.0)
_LEAST_CELL = 1e-200

Flags = NDArray[np.bool_]


def score_odds_ratio(
    events1: ArrayLike,
    n1: ArrayLike,
    events0: ArrayLike,
    n0: ArrayLike,
    level: float = 0.95,
    corrected: bool = True,
) -> Contrast:
    r"""Odds ratio with score limits (Miettinen-Nurminen), the default for an odds ratio.

    The odds ratios :math:`\psi` that the score test does not reject. With expected cells that have the margins of the
    table and the odds ratio :math:`\psi`, :math:`\tilde a \tilde d = \psi \, \tilde b \tilde c`,

    .. math:: (a - \tilde a)^2 \left(\frac1{\tilde a} + \frac1{\tilde b} + \frac1{\tilde c} + \frac1{\tilde d}\right)
              \frac{N - 1}{N} = z^2

    Without the factor (`corrected=False`) these are the uncorrected score limits, Cornfield's without continuity
    correction.

    Parameters
    ----------
    events1, n1
        Number with the event, among how many, in the group of interest; whole numbers, any shape.
    events0, n0
        The same in the reference group, broadcast against the former.
    level
        Confidence level, between 0 and 1.
    corrected
        Whether the variance carries the factor N/(N - 1).

    Returns
    -------
    Contrast, of the broadcast shape, with the rule at the ends above; NaN where a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, one common probability in each group; groups may be sampled by exposure or by outcome.

    References
    ----------
    miettinen1985, cornfield1956, fagerland2017

    Examples
    --------
    The authors' program of fagerland2017 prints 1.0934 to 28.9419 for 9 of 13 against 4 of 14:

    >>> answer = score_odds_ratio(9, 13, 4, 14)
    >>> print(f"{answer.estimate:.4f} {answer.low:.4f} {answer.high:.4f}")
    5.6250 1.0934 28.9419
    """
    x1, m1, x0, m0 = two_samples(events1, n1, events0, n0)
    z = normal_quantile(level)
    empty, none, everyone = _margins(x1, m1, x0, m0)
    x1, m1, x0, m0 = answerable((x1, m1, x0, m0), ~(empty | none | everyone))

    def statistic(at: Array, x1: Array, m1: Array, x0: Array, m0: Array) -> Array:
        a = expected_cell(at, x1, m1, x0, m0)
        b, c = m1 - a, x1 + x0 - a
        cells = [np.maximum(cell, _LEAST_CELL) for cell in (a, b, c, m0 - c)]
        total = m1 + m0
        factor = (total - 1.0) / total if corrected else 1.0
        return np.asarray((x1 - a) * np.sqrt(np.add.reduce([1.0 / cell for cell in cells]) * factor))

    estimate = _cross_ratio(x1, m1, x0, m0)
    with np.errstate(divide="ignore"):
        low, high = score_limits(statistic, np.log(estimate), _ENDS, z, (x1, m1, x0, m0))
    low, high = np.where(estimate == 0, 0.0, np.exp(low)), np.where(np.isinf(estimate), np.inf, np.exp(high))
    return _closed(estimate, low, high, x0, none, everyone, empty)


def mover_odds_ratio(
    events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike, level: float = 0.95
) -> Contrast:
    r"""Odds ratio with limits from the two Wilson intervals on the logit scale (MOVER).

    Wilson's interval is symmetric in the logit, so with its half widths h square and add gives

    .. math:: \frac{ad}{bc} \exp\left(\pm \sqrt{h_1^2 + h_0^2}\right), \qquad
              h_i = 2 \, \mathrm{arsinh} \frac{z}{2 \sqrt{n_i \hat p_i (1 - \hat p_i)}}

    With one cell of 0 the limit of this formula is taken: the Wilson limit of that group's odds over the other's odds
    (it **leaves out the uncertainty of the other group**; `score_odds_ratio` does not). With a cell of 0 in each group
    the formula has no limit, and the answer is 0 to infinity with a note.

    Parameters
    ----------
    events1, n1
        Number with the event, among how many, in the group of interest; whole numbers, any shape.
    events0, n0
        The same in the reference group, broadcast against the former.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Contrast, of the broadcast shape, with the rule at the ends above; NaN where a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, one common probability in each group.

    References
    ----------
    zoudonner2008, newcombe2001

    Examples
    --------
    >>> answer = mover_odds_ratio(9, 13, 4, 14)
    >>> print(f"{answer.low:.4f} {answer.high:.4f}")
    1.1693 27.0583
    """
    x1, m1, x0, m0 = two_samples(events1, n1, events0, n0)
    z = normal_quantile(level)
    empty, none, everyone = _margins(x1, m1, x0, m0)
    still1, still0 = (x1 == 0) | (x1 == m1), (x0 == 0) | (x0 == m0)
    (l1, u1), (l0, u0) = wilson(x1, m1, level), wilson(x0, m0, level)
    estimate = _cross_ratio(x1, m1, x0, m0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        half = [2.0 * np.arcsinh(z / 2.0 / np.sqrt(x * (m - x) / m)) for x, m in ((x1, m1), (x0, m0))]
        reach = np.exp(np.hypot(*half))
        odds1, odds0 = x1 / (m1 - x1), x0 / (m0 - x0)
        low = np.select(
            [still1 & still0, estimate == 0, x1 == m1, x0 == 0],
            [0.0, 0.0, l1 / (1.0 - l1) / odds0, odds1 * (1.0 - u0) / u0],
            estimate / reach,
        )
        high = np.select(
            [still1 & still0, np.isinf(estimate), x1 == 0, x0 == m0],
            [np.inf, np.inf, u1 / (1.0 - u1) / odds0, odds1 * (1.0 - l0) / l0],
            estimate * reach,
        )
    return _closed(estimate, low, high, x0, none, everyone, empty, still1 & still0)


def woolf_odds_ratio(
    events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike, level: float = 0.95
) -> Contrast:
    r"""Odds ratio with Wald limits on the log scale (Woolf), for reference; `score_odds_ratio` is the interval to use.

    .. math:: \frac{ad}{bc} \exp\left\{\pm z \sqrt{\frac1a + \frac1b + \frac1c + \frac1d}\right\}

    Parameters
    ----------
    events1, n1
        Number with the event, among how many, in the group of interest; whole numbers, any shape.
    events0, n0
        The same in the reference group, broadcast against the former.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Contrast, of the broadcast shape; 0 to infinity and a note where a cell is 0. NaN where a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients, one common probability in each group, and no small cell.

    References
    ----------
    woolf1955

    Examples
    --------
    >>> answer = woolf_odds_ratio(9, 13, 4, 14)
    >>> print(f"{answer.low:.4f} {answer.high:.4f}")
    1.0773 29.3710
    """
    x1, m1, x0, m0 = two_samples(events1, n1, events0, n0)
    z = normal_quantile(level)
    empty, none, everyone = _margins(x1, m1, x0, m0)
    estimate = _cross_ratio(x1, m1, x0, m0)
    zero = (x1 == 0) | (x1 == m1) | (x0 == 0) | (x0 == m0)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.exp(z * np.sqrt(1.0 / x1 + 1.0 / (m1 - x1) + 1.0 / x0 + 1.0 / (m0 - x0)))
        low, high = np.where(zero, 0.0, estimate / reach), np.where(zero, np.inf, estimate * reach)
    return _closed(estimate, low, high, x0, none, everyone, empty, zero)


def _margins(x1: Array, m1: Array, x0: Array, m0: Array) -> tuple[Flags, Flags, Flags]:
    """Where a group is empty, where nobody and where everybody has the event: there the table says nothing."""
    return (m1 == 0) | (m0 == 0), x1 + x0 == 0, x1 + x0 == m1 + m0


def _cross_ratio(x1: Array, m1: Array, x0: Array, m0: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((x1 / (m1 - x1)) * ((m0 - x0) / x0))


def _closed(
    estimate: Array,
    low: Array,
    high: Array,
    x0: Array,
    none: Flags,
    everyone: Flags,
    empty: Flags,
    without: Flags | None = None,
) -> Contrast:
    """The rule at the ends; `without` marks the tables for which the method has no limits."""
    silent = none | everyone
    low, high = np.where(silent, 0.0, low), np.where(silent, np.inf, high)
    unlimited = np.zeros(silent.shape, dtype=bool) if without is None else without
    infinite = np.isinf(estimate)
    note = np.select(
        [none, everyone, unlimited, infinite & (x0 == 0), infinite],
        [NO_EVENT, ALL_EVENTS, NO_WALD, NONE_IN_REFERENCE, ALL_IN_GROUP],
        "",
    )
    return as_contrast(np.where(silent, np.nan, estimate), low, high, note, empty)
