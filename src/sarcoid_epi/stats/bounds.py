"""What the data say about the true share without more assumptions than one is ready to make.

Notation: AP apparent share, x of n; Se, Sp sensitivity and specificity of the record; r imaged among all, q positive
among the imaged. Bounds are not limits: they do not close with more patients. Each bound therefore carries limits too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, Interval, check_counts, check_level, check_share
from sarcoid_epi.stats.proportion import wilson

NO_PATIENTS = "no patients"
NOBODY_IMAGED = "nobody imaged: the data bound nothing"
NO_REFERENCE = "nobody imaged: there are no odds to compare with"
CONTRADICTION = "the records cannot have come from such a sensitivity and specificity"
FLOORED = "lower bound cut at 0: at the lowest specificity false positives alone may explain the records"
CAPPED = "upper bound cut at 1: more are on record than the lowest sensitivity can find"
AT_ZERO = "both bounds cut at 0: even at the highest specificity false positives alone would explain the records"
AT_ONE = "both bounds cut at 1: more are on record than the highest sensitivity can find"
CHANCE = "at one end the record is no better than chance: no bound on that side"
NO_POSITIVE = "nobody positive among the imaged: any multiple of these odds is 0, only the upper limit says something"

Range = tuple[ArrayLike, ArrayLike]


class Bounds(NamedTuple):
    """Lowest and highest true share the data allow, and their sampling limits.

    `low_limit` is the lower limit of `low`, `high_limit` the upper limit of `high`. Together they cover **both bounds**
    with the level, and so the true share with at least the level (the interval of Imbens and Manski for the share
    alone is shorter; this one is the simple outer one).
    """

    low: Array
    high: Array
    low_limit: Array
    high_limit: Array
    note: NDArray[np.str_]


def misclassification_bounds(
    events: ArrayLike, n: ArrayLike, sensitivity: Range, specificity: Range, level: float = 0.95
) -> Bounds:
    r"""Smallest and largest true share when sensitivity and specificity are known to lie in ranges.

    .. math:: \frac{AP + Sp_{min} - 1}{Se_{max} + Sp_{min} - 1} \le P
              \le \frac{AP + Sp_{max} - 1}{Se_{min} + Sp_{max} - 1}

    With Sp up to 1 the upper bound is AP / Se_min. Bounds and limits are cut at 0 and 1, with a note for the bounds;
    the limits are the same at Wilson's limits of AP.

    Parameters
    ----------
    events, n
        Found positive, among how many patients; whole numbers, any shape.
    sensitivity, specificity
        Lowest and highest value, (low, high), each in [0, 1], broadcast against the counts. The record is taken to be
        better than chance, Se + Sp > 1; where the range reaches further, nothing is bounded on that side.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Bounds, of the broadcast shape. NaN where n = 0, and where even the limits of AP contradict the ranges.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, a value lies outside [0, 1], a range is upside down, or
        `level` is not between 0 and 1.

    Assumes
    -------
    Sensitivity and specificity lie in the ranges and are the same for all patients.

    References
    ----------
    rogan1978, manski2003, imbens2004

    Examples
    --------
    27 of 926 on record; sensitivity between 0.2 and 0.6, specificity between 0.99 and 1:

    >>> answer = misclassification_bounds(27, 926, sensitivity=(0.2, 0.6), specificity=(0.99, 1))
    >>> print(f"{answer.low:.3f} to {answer.high:.3f}; {answer.low_limit:.3f} to {answer.high_limit:.3f}")
    0.032 to 0.146; 0.017 to 0.210
    """
    x, m = check_counts(events, n)
    se, sp = _range(sensitivity, "sensitivity"), _range(specificity, "specificity")
    with np.errstate(invalid="ignore"):
        apparent = x / m
    answer = _bounded(apparent, wilson(x, m, level), se, sp)
    return _noted(list(answer[:4]), answer.note, m == 0)


def selective_imaging_bounds(
    positive: ArrayLike,
    imaged: ArrayLike,
    n: ArrayLike,
    sensitivity: Range = (1.0, 1.0),
    specificity: Range = (1.0, 1.0),
    level: float = 0.95,
) -> Bounds:
    r"""Smallest and largest true share when nothing is assumed about the patients who were not imaged (Manski).

    .. math:: r \, t_{min} \le P \le r \, t_{max} + 1 - r

    with t the true share among the imaged: q for a perfect reading, else its `misclassification_bounds`. The width is
    at least 1 - r, however many patients there are. Limits join those of q and r (Wilson): each is carried to the
    bound with the other held, and squares of the distances are added.

    Parameters
    ----------
    positive, imaged, n
        Read as positive, among how many imaged, among how many patients; whole numbers, any shape.
    sensitivity, specificity
        Of the reading, (low, high); perfect unless given.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Bounds, of the broadcast shape; from 0 to 1 with a note where nobody was imaged, NaN where n = 0.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= positive <= imaged <= n, or as `misclassification_bounds`.

    Assumes
    -------
    Nothing about why patients were imaged; the reading has the sensitivity and specificity given, alike for all.

    References
    ----------
    manski1989, manski2003

    Examples
    --------
    A fifth of 1 000 imaged, 14 % of these positive:

    >>> answer = selective_imaging_bounds(28, 200, 1000)
    >>> print(f"{answer.low:.3f} to {answer.high:.3f}; {answer.low_limit:.3f} to {answer.high_limit:.3f}")
    0.028 to 0.828; 0.019 to 0.851
    """
    r, q, r_limits, q_limits, m, looked = _imaging(positive, imaged, n, level)
    truth = _bounded(q, q_limits, _range(sensitivity, "sensitivity"), _range(specificity, "specificity"))
    inner = Interval(truth.low, truth.high)
    low, low_limit = _joined(lambda share, t: share * t, r, r_limits, inner.low, truth.low_limit, -1)
    high, high_limit = _joined(lambda share, t: share * t + 1 - share, r, r_limits, inner.high, truth.high_limit, 1)
    blind = (looked == 0) & (m > 0)
    bare = (0.0, 1.0, 0.0, 1.0)
    found = low, high, low_limit, high_limit
    ends = [np.where(blind, value, each) for value, each in zip(bare, found, strict=True)]
    return _noted(ends, np.where(blind, NOBODY_IMAGED, truth.note), m == 0)


def odds_bounds(
    positive: ArrayLike,
    imaged: ArrayLike,
    n: ArrayLike,
    odds_low: ArrayLike,
    odds_high: ArrayLike,
    level: float = 0.95,
) -> Bounds:
    r"""True share when the odds of disease in the patients not imaged are a multiple of those in the imaged.

    .. math:: P(\omega) = r q + (1 - r) \frac{\omega q}{1 - q + \omega q}, \; \omega_{low} \le \omega \le \omega_{high}

    1 is missing at random; 0 leaves :math:`r q`; an endless one is the upper bound of `selective_imaging_bounds`.
    Doctors image those they worry about, so that most often :math:`\omega_{high} = 1` or a little more.

    Parameters
    ----------
    positive, imaged, n
        As in `selective_imaging_bounds`; the reading is taken to be right.
    odds_low, odds_high
        Lowest and highest odds ratio, not imaged to imaged, at least 0, broadcast against the counts.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Bounds, of the broadcast shape; NaN where nobody was imaged.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= positive <= imaged <= n, an odds ratio is negative or not a number,
        the lower exceeds the higher, or `level` is not between 0 and 1.

    Assumes
    -------
    The odds ratio lies in the range; the reading is right.

    References
    ----------
    manski2003, kosinski2003

    Examples
    --------
    >>> answer = odds_bounds(28, 200, 1000, odds_low=0.1, odds_high=1)
    >>> print(f"{answer.low:.3f} to {answer.high:.3f}; {answer.low_limit:.3f} to {answer.high_limit:.3f}")
    0.041 to 0.140; 0.028 to 0.195
    """
    r, q, r_limits, q_limits, m, looked = _imaging(positive, imaged, n, level)
    least, most = (np.asarray(each, dtype=np.float64) for each in (odds_low, odds_high))
    for name, odds in (("odds_low", least), ("odds_high", most)):
        if not (np.isfinite(odds) & (odds >= 0)).all():
            raise ValueError(f"{name} must be numbers of at least 0")
    if (least > most).any():
        raise ValueError("odds_low must not exceed odds_high")
    low, low_limit = _joined(lambda share, q: _mixed(share, q, least), r, r_limits, q, q_limits.low, -1)
    high, high_limit = _joined(lambda share, q: _mixed(share, q, most), r, r_limits, q, q_limits.high, 1)
    note = np.where(looked == 0, NO_REFERENCE, np.where(q == 0, NO_POSITIVE, ""))
    return _noted([low, high, low_limit, high_limit], note, m == 0)


def _range(pair: Range, name: str) -> Interval:
    low, high = (check_share(each, name) for each in pair)
    if (low > high).any():
        raise ValueError(f"{name} must be given as (low, high); got a low end above the high end")
    return Interval(low, high)


def _imaging(
    positive: ArrayLike, imaged: ArrayLike, n: ArrayLike, level: float
) -> tuple[Array, Array, Interval, Interval, Array, Array]:
    """r, q, their Wilson limits, all patients and the imaged."""
    x, looked = check_counts(positive, imaged, "positive", "imaged")
    looked, m = check_counts(looked, n, "imaged", "n")
    x, looked, m = np.broadcast_arrays(x, looked, m)
    r, r_limits = _share_with_limits(looked, m, level)
    q, q_limits = _share_with_limits(x, looked, level)
    return r, q, r_limits, q_limits, m, looked


def _share_with_limits(x: Array, m: Array, level: float) -> tuple[Array, Interval]:
    check_level(level)
    with np.errstate(invalid="ignore"):
        return x / m, wilson(x, m, level)


def _bounded(apparent: Array, limits: Interval, se: Interval, sp: Interval) -> Bounds:
    """The bounds at AP and at its limits, cut at 0 and 1."""
    lowest, low_limit = (_end(share, se.high, sp.low, 0.0) for share in (apparent, limits.low))
    highest, high_limit = (_end(share, se.low, sp.high, 1.0) for share in (apparent, limits.high))
    apart = (low_limit > 1) | (high_limit < 0)
    no_better = (se.high + sp.low <= 1) | (se.low + sp.high <= 1)
    note = np.select(
        [
            np.isnan(lowest),
            apart,
            highest < 0,
            lowest > 1,
            no_better,
            (lowest < 0) & (highest > 1),
            lowest < 0,
            highest > 1,
        ],
        ["", CONTRADICTION, AT_ZERO, AT_ONE, CHANCE, f"{FLOORED}; {CAPPED}", FLOORED, CAPPED],
        "",
    )
    low, high, low_limit, high_limit = (
        np.where(apart, np.nan, np.clip(end, 0.0, 1.0)) for end in (lowest, highest, low_limit, high_limit)
    )
    return Bounds(low, high, low_limit, high_limit, note)


def _end(apparent: Array, se: Array, sp: Array, unbounded: float) -> Array:
    """Rogan-Gladen's share at one corner of the ranges; no better than chance bounds nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (apparent - (1 - sp)) / (se - (1 - sp))
    return np.where(np.isnan(apparent), np.nan, np.where(se + sp > 1, share, unbounded))


def _mixed(r: Array, q: Array, odds: Array) -> Array:
    below = 1 - q + odds * q
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(r * q + (1 - r) * np.where(below == 0, 0.0, odds * q / below))


def _joined(
    value: Callable[[Array, Array], Array], r: Array, r_limits: Interval, q: Array, q_end: Array, side: int
) -> tuple[Array, Array]:
    """A bound and its outer limit: the distances that r and q alone would make, added by squares."""
    centre = value(r, q)
    by_q = value(r, q_end) - centre
    by_r = np.stack(np.broadcast_arrays(*(side * (value(end, q) - centre) for end in r_limits))).max(axis=0)
    return centre, np.clip(centre + side * np.hypot(by_q, by_r), 0.0, 1.0)


def _noted(ends: list[Array], note: NDArray[np.str_], nobody: NDArray[np.bool_]) -> Bounds:
    """The four fields and the note in one shape; nothing is known of nobody."""
    low, high, low_limit, high_limit, note, nobody = np.broadcast_arrays(*ends, note, nobody)
    low, high, low_limit, high_limit = (np.where(nobody, np.nan, end)[()] for end in (low, high, low_limit, high_limit))
    return Bounds(low, high, low_limit, high_limit, np.where(nobody, NO_PATIENTS, note)[()])
