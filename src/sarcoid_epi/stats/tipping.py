"""Tipping values: how far a belief must move for the answer to change.

Notation: AP apparent share, x of n; P true share; Se, Sp sensitivity and specificity of the record; r imaged among all,
q positive among the imaged.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.bounds import NO_PATIENTS, NO_REFERENCE
from sarcoid_epi.stats.interval import Array, check_counts, check_share
from sarcoid_epi.stats.proportion import wilson

TARGET_BELOW = "at this share on record the true share is above the target at any value"
TARGET_ABOVE = "at this share on record the true share is below the target at any value"
FALSE_MORE = "fewer on record than the false positives alone would be: no sensitivity better than chance does it"
AT_A_LIMIT = "; at the {} limit of the share on record, {:.1f} % would"
NO_BETTER = "the record would have to be no better than chance"
NO_TARGET = "a target of 0 or 1 is not reached by this"
NOBODY_LEFT = "everybody was imaged: nobody is left to differ"
NO_ODDS = "nobody positive among the imaged: no odds to multiply"


class Tipping(NamedTuple):
    """The value at which the answer tips, with its sampling limits."""

    value: Array
    low: Array
    high: Array
    note: NDArray[np.str_]


def tipping_sensitivity(
    events: ArrayLike, n: ArrayLike, target: ArrayLike, specificity: ArrayLike = 1.0, level: float = 0.95
) -> Tipping:
    r"""How low the sensitivity of the record must be for the true share to reach a target.

    .. math:: Se = \frac{AP - (1 - P)(1 - Sp)}{P}

    Parameters
    ----------
    events, n
        Found positive, among how many patients; whole numbers, any shape.
    target
        The true share asked about, in [0, 1], broadcast against the counts: an axis of targets gives the curve.
    specificity
        In [0, 1], broadcast; another axis gives a surface.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Tipping, of the broadcast shape; limits at Wilson's limits of AP, cut at 0 and 1. NaN with a note where no
    sensitivity in [0, 1] better than chance does it; the note says what would at the limit of AP, where something does.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, a share lies outside [0, 1], or `level` is not between 0
        and 1.

    Assumes
    -------
    Sensitivity and specificity are the same for all patients.

    References
    ----------
    rogan1978

    Examples
    --------
    27 of 926 on record and nobody wrongly: a true share of 14 % needs a record that finds one case in five.

    >>> print(tipping_sensitivity(27, 926, [0.05, 0.14, 0.2]).value.round(3))
    [0.583 0.208 0.146]
    """
    x, m = check_counts(events, n)
    goal, sp = check_share(target, "target"), check_share(specificity, "specificity")
    value, low, high = (_needed(share, goal, sp) for share in (_share(x, m), *wilson(x, m, level)))
    few = (value <= 1 - sp) & (_share(x, m) < (1 - sp) * (1 - 1e-12))
    note = np.select(
        [value != value, value > 1, few, value <= 1 - sp], [NO_TARGET, TARGET_BELOW, FALSE_MORE, NO_BETTER], ""
    )
    note = np.where(note == TARGET_BELOW, _with_limit(note, "lower", low, low <= 1), note)
    note = np.where(np.isin(note, (FALSE_MORE, NO_BETTER)), _with_limit(note, "upper", high, high > 1 - sp), note)
    note = np.where(m == 0, NO_PATIENTS, note)
    return _tipped(value, np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0), note)


def tipping_specificity(events: ArrayLike, n: ArrayLike, level: float = 0.95) -> Tipping:
    r"""At which specificity false positives alone explain the records, so that the true share may be 0.

    .. math:: Sp = 1 - AP

    Parameters
    ----------
    events, n
        Found positive, among how many patients; whole numbers, any shape.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Tipping, with Wilson's limits; NaN where n = 0.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Specificity is the same for all patients.

    References
    ----------
    rogan1978

    Examples
    --------
    >>> print(f"{tipping_specificity(27, 926).value:.3f}")
    0.971
    """
    x, m = check_counts(events, n)
    limits = wilson(x, m, level)
    return _tipped(1 - _share(x, m), 1 - limits.high, 1 - limits.low, np.where(m == 0, NO_PATIENTS, ""))


def tipping_odds(
    positive: ArrayLike, imaged: ArrayLike, n: ArrayLike, target: ArrayLike, level: float = 0.95
) -> Tipping:
    r"""Which odds ratio of disease, not imaged to imaged, brings the true share to a target.

    .. math:: \omega = \frac{s (1 - q)}{(1 - s) q}, \qquad s = \frac{P - r q}{1 - r}

    s is the share among those not imaged that the target asks for.

    Parameters
    ----------
    positive, imaged, n
        As in `odds_bounds`.
    target
        The true share asked about, in [0, 1], broadcast: an axis of targets gives the curve.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Tipping, of the broadcast shape; limits at Wilson's limits of q, with r as it is, from 0 to infinity. NaN with a
    note where no odds ratio does it.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= positive <= imaged <= n, a target lies outside [0, 1], or `level` is
        not between 0 and 1.

    Assumes
    -------
    The reading is right; the share imaged is that of these very patients.

    References
    ----------
    manski2003, kosinski2003

    Examples
    --------
    >>> print(tipping_odds(28, 200, 1000, [0.03, 0.14, 0.3]).value.round(3))
    [0.015 1.    3.165]
    """
    x, looked = check_counts(positive, imaged, "positive", "imaged")
    looked, m = check_counts(looked, n, "imaged", "n")
    goal = check_share(target, "target")
    r, q = _share(looked, m), _share(x, looked)
    value, high, low = (_ratio(r, share, goal) for share in (q, *wilson(x, looked, level)))
    note = np.select(
        [m == 0, looked == 0, r == 1, goal < r * q, goal >= r * q + 1 - r, q == 0, q == 1],
        [NO_PATIENTS, NO_REFERENCE, NOBODY_LEFT, TARGET_BELOW, TARGET_ABOVE, NO_ODDS, NO_TARGET],
        "",
    )
    return _tipped(value, low, high, note)


def _with_limit(note: NDArray[np.str_], end: str, limit: Array, does: NDArray[np.bool_]) -> NDArray[np.str_]:
    """A note that no value does it, with the value that does at a limit of the share."""
    percent = np.clip(100 * np.nan_to_num(limit), 0.0, 100.0)
    told = [AT_A_LIMIT.format(end, one) for one in np.broadcast_to(percent, note.shape).ravel()]
    return np.where(does, np.char.add(note, np.reshape(told, note.shape)), note)


def _share(x: Array, m: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.asarray(x / m)


def _needed(apparent: Array, target: Array, specificity: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(target > 0, (apparent - (1 - target) * (1 - specificity)) / target, np.nan)


def _ratio(r: Array, q: Array, target: Array) -> Array:
    """The odds ratio needed; 0 where the imaged alone exceed the target, infinite where the others cannot reach it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        s = (target - r * q) / (1 - r)
        return np.where(s <= 0, 0.0, np.where((s >= 1) | (q == 0), np.inf, s * (1 - q) / ((1 - s) * q)))


def _tipped(value: Array, low: Array, high: Array, note: NDArray[np.str_]) -> Tipping:
    """NaN wherever a note says that nothing tips."""
    value, low, high = (np.where(note == "", each, np.nan)[()] for each in (value, low, high))
    return Tipping(value, low, high, note[()])
