"""How many cases there are, from two lists (capture and recapture).

Notation: m patients are on both lists, a on the first only, b on the second only; n1 = m + a, n2 = m + b are the
lengths of the lists, r = m + a + b patients are seen, u = N - r are not. Counts may be fractions, as
`without_false_records` makes them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, Interval, check_counts, check_level, check_share
from sarcoid_epi.stats.unseen import MOST_UNSEEN, log_normal_limits, profile_limits

NO_PATIENT = "no patient is on any list"
EMPTY_LIST = "one list has no patients: there is nothing to compare"
NO_OVERLAP = "no patient is on both lists: nothing says how much the lists have in common"
NO_OVERLAP_CHAPMAN = "no patient is on both lists: the number is only what the correction adds, without upper limit"
NESTED = "one list holds all patients of the other: the standard error of 0 means nothing"
EMPTY_IN_STRATUM = "in a stratum one list has no patients: join strata"
NO_OVERLAP_IN_STRATUM = "in a stratum no patient is on both lists: the number there is only what the correction adds"
TOO_MANY_FALSE = "more false records than the lists can hold: counts and predictive values disagree"


class Captured(NamedTuple):
    """Number of cases, one shape (numpy scalars when the input was scalar); `unseen` of them on no list."""

    cases: Array
    std_error: Array
    low: Array
    high: Array
    unseen: Array
    note: NDArray[np.str_]


class Counts(NamedTuple):
    """Patients on both lists, on the first and on the second only, and a note where they cannot be given."""

    both: Array
    first_only: Array
    second_only: Array
    note: NDArray[np.str_]


def lincoln_petersen(both: ArrayLike, first_only: ArrayLike, second_only: ArrayLike, level: float = 0.95) -> Captured:
    r"""Number of cases from two lists, the plain estimator (Lincoln-Petersen).

    .. math:: \hat N = \frac{n_1 n_2}{m} = r + \frac{a b}{m}, \qquad
              \mathrm{se}^2 = \frac{n_1 n_2 \, a b}{m^3}

    Limits are by the profile likelihood (`unseen.profile_limits`) and not from the standard error: they are never below
    the number seen, need no overlap of a certain size, and still have a width where one list holds all patients of the
    other.

    Parameters
    ----------
    both, first_only, second_only
        Patients on both lists, on the first only, on the second only; not negative, any shapes that broadcast.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Captured; NaN with a note where no patient is on both lists, or a list has no patients.

    Raises
    ------
    ValueError
        If counts are negative or not finite, or `level` is not between 0 and 1.

    Assumes
    -------
    A closed population, perfect linkage, no false records, and lists that are **independent**: being on one makes
    being on the other neither more nor less likely. In one of the lists at least all cases are equally likely to be.
    Cases that neither list could ever hold are not counted.

    References
    ----------
    seber1982, cormack1992

    Examples
    --------
    167 on both, 781 and 254 on one only; the documentation of Rcapture (from Seber) prints 2389.9 and 130.4:

    >>> answer = lincoln_petersen(167, 781, 254)
    >>> print(f"{answer.cases:.1f} {answer.std_error:.1f} {answer.low:.0f} {answer.high:.0f}")
    2389.9 130.4 2156 2670
    """
    return by_dependence(both, first_only, second_only, 1.0, level)


def chapman(both: ArrayLike, first_only: ArrayLike, second_only: ArrayLike, level: float = 0.95) -> Captured:
    r"""Number of cases from two lists, nearly unbiased in small samples (Chapman).

    .. math:: \hat N = \frac{(n_1 + 1)(n_2 + 1)}{m + 1} - 1 = r + \frac{a b}{m + 1}, \qquad
              \mathrm{se}^2 = \frac{(n_1 + 1)(n_2 + 1) \, a b}{(m + 1)^2 (m + 2)}

    Without a patient on both lists the number is finite, but says little: the upper limit is infinite, and there is a
    note. Limits are those of `lincoln_petersen`.

    Parameters
    ----------
    both, first_only, second_only
        Patients on both lists, on the first only, on the second only; not negative, any shapes that broadcast.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Captured; NaN with a note where a list has no patients.

    Raises
    ------
    ValueError
        If counts are negative or not finite, or `level` is not between 0 and 1.

    Assumes
    -------
    What `lincoln_petersen` assumes. Unbiased where the lists together are at least as long as the number of cases.

    References
    ----------
    chapman1951, seber1982

    Examples
    --------
    Diabetes, the clinic's list and the hospitals'; the documentation of the program CARE1 prints 2351 and 58:

    >>> answer = chapman(337, 1417, 115)
    >>> print(f"{answer.cases:.0f} {answer.std_error:.0f}")
    2351 58
    """
    m, a, b = _counts(both, first_only, second_only)
    unseen = a * b / (m + 1.0)
    variance = (m + a + 1.0) * (m + b + 1.0) * a * b / ((m + 1.0) ** 2 * (m + 2.0))
    note = np.select([*_empty(m, a, b), m == 0, a * b == 0], [NO_PATIENT, EMPTY_LIST, NO_OVERLAP_CHAPMAN, NESTED], "")
    return _captured(m, a, b, unseen, np.sqrt(variance), np.ones_like(m), level, note, [NO_PATIENT, EMPTY_LIST])


def by_dependence(
    both: ArrayLike, first_only: ArrayLike, second_only: ArrayLike, odds_ratio: ArrayLike, level: float = 0.95
) -> Captured:
    r"""Number of cases from two lists that depend on each other with a **believed** odds ratio.

    .. math:: u = \psi \frac{a b}{m}, \qquad \hat N = r + u, \qquad
              \mathrm{se}^2 = u + u^2 \left( \frac{1}{a} + \frac{1}{b} + \frac{1}{m} \right)

    psi is the ratio of the odds of being on the second list among those on the first to those among the others. Two
    lists alone tell nothing about it: the number is only as good as the belief. Above 1 (severe cases are on both)
    `lincoln_petersen` is too low, below 1 (a patient of one clinic is not one of the other) too high. Give many odds
    ratios at once for the curve.

    Parameters
    ----------
    both, first_only, second_only
        Patients on both lists, on the first only, on the second only; not negative, any shapes that broadcast.
    odds_ratio
        Believed odds ratio, above 0, broadcast against the counts.
    level
        Confidence level, between 0 and 1; the limits take the odds ratio as known.

    Returns
    -------
    Captured; NaN with a note where no patient is on both lists, or a list has no patients.

    Raises
    ------
    ValueError
        If counts are negative or not finite, an odds ratio is not above 0 and finite, or `level` is not between
        0 and 1.

    Assumes
    -------
    A closed population, perfect linkage, no false records; the odds ratio.

    References
    ----------
    seber1982, cormack1992

    Examples
    --------
    >>> answer = by_dependence(16, 19, 19, [0.5, 1, 2])
    >>> print(answer.cases.round(1))
    [65.3 76.6 99.1]
    """
    psi = np.asarray(odds_ratio, dtype=np.float64)
    if not ((psi > 0) & np.isfinite(psi)).all():
        raise ValueError(f"odds_ratio must be above 0 and finite; got {psi[~((psi > 0) & np.isfinite(psi))].flat[0]:g}")
    m, a, b, psi = np.broadcast_arrays(*_counts(both, first_only, second_only), psi)
    note = np.select([*_empty(m, a, b), m == 0, a * b == 0], [NO_PATIENT, EMPTY_LIST, NO_OVERLAP, NESTED], "")
    unseen = unseen_by_dependence(m, a, b, psi)
    return _captured(m, a, b, *unseen, psi, level, note, [NO_PATIENT, EMPTY_LIST, NO_OVERLAP])


def unseen_by_dependence(both: Array, first_only: Array, second_only: Array, odds_ratio: Array) -> tuple[Array, Array]:
    """Number on neither list and its standard error, as in `by_dependence`, without its limits; NaN where unknown.

    >>> print(*(float(each.round(1)) for each in unseen_by_dependence(*np.array([16.0, 19.0, 19.0, 1.0]))))
    22.6 10.4
    """
    m, a, b, psi = both, first_only, second_only, odds_ratio
    with np.errstate(divide="ignore", invalid="ignore"):
        unseen = psi * a * b / m
        # u^2/a without a division by a = 0
        return unseen, np.sqrt(unseen * (1.0 + psi * (a * m + b * m + a * b) / m**2))


def stratified(both: ArrayLike, first_only: ArrayLike, second_only: ArrayLike, level: float = 0.95) -> Captured:
    r"""Number of cases from two lists within strata: `chapman` in each, numbers and variances added.

    .. math:: \hat N = \sum_s \hat N_s, \qquad \mathrm{se}^2 = \sum_s \mathrm{se}_s^2

    Limits are log-normal in the number unseen (`unseen.log_normal_limits`).

    Parameters
    ----------
    both, first_only, second_only
        Patients on both lists, on the first only, on the second only; not negative, shape (..., S), strata last. A
        stratum without patients adds nothing.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Captured, of the leading shape; NaN with a note where in a stratum with patients one list has none.

    Raises
    ------
    ValueError
        If counts are negative or not finite, there is no axis of strata, or `level` is not between 0 and 1.

    Assumes
    -------
    What `lincoln_petersen` assumes, but only **within** each stratum: what makes being on both lists likely (symptoms,
    site, modality) is what the strata are made of.

    References
    ----------
    chapman1951, seber1982, sekar1949, chao1987

    Examples
    --------
    >>> answer = stratified([30, 4], [20, 36], [15, 16])
    >>> print(f"{answer.cases:.1f} {answer.std_error:.1f} {answer.low:.0f} {answer.high:.0f}")
    245.9 57.7 174 417
    """
    m, a, b = _counts(both, first_only, second_only)
    if m.ndim == 0:
        raise ValueError("strata need an axis: counts of shape (..., strata)")
    check_level(level)
    unseen = (a * b / (m + 1.0)).sum(-1)
    variance = ((m + a + 1.0) * (m + b + 1.0) * a * b / ((m + 1.0) ** 2 * (m + 2.0))).sum(-1)
    seen, some = (m + a + b).sum(-1), m + a + b > 0
    one_empty = (some & ((m + a == 0) | (m + b == 0))).any(-1)
    reasons = [~some.any(-1), one_empty, (some & (m == 0)).any(-1), unseen == 0]
    note = np.select(reasons, [NO_PATIENT, EMPTY_IN_STRATUM, NO_OVERLAP_IN_STRATUM, NESTED], "")
    refused = np.isin(note, [NO_PATIENT, EMPTY_IN_STRATUM])
    limits = log_normal_limits(seen, unseen, np.sqrt(variance), level)
    return _answer(seen, unseen, np.sqrt(variance), limits, note, refused)


def without_false_records(
    both: ArrayLike,
    first_only: ArrayLike,
    second_only: ArrayLike,
    predictive_first: ArrayLike,
    predictive_second: ArrayLike,
    predictive_both: ArrayLike = 1.0,
) -> Counts:
    r"""Counts of two lists less the records believed to be false, for the estimators of this module.

    .. math:: m' = v_{12} m, \qquad a' = v_1 n_1 - m', \qquad b' = v_2 n_2 - m'

    False records are mostly on one list only. They make both lists longer and not their overlap, and so the estimated
    number of cases far too high.

    Parameters
    ----------
    both, first_only, second_only
        Patients on both lists, on the first only, on the second only; not negative, any shapes that broadcast.
    predictive_first, predictive_second
        Positive predictive value of each list: the share of **all** its patients who have the condition, in [0, 1].
    predictive_both
        The same share among those on both lists; 1 unless said otherwise, false records being unshared.

    Returns
    -------
    Counts, in general fractions; NaN with a note where fewer than none would be left on one list only.

    Raises
    ------
    ValueError
        If counts are negative or not finite, or a share lies outside [0, 1].

    Assumes
    -------
    The predictive values, taken as known: no uncertainty of theirs reaches the limits.

    References
    ----------
    seber1982

    Examples
    --------
    A true 35 and 35 with 16 shared, and ten false records more on each list:

    >>> counts = without_false_records(16, 29, 29, 35 / 45, 35 / 45)
    >>> corrected = lincoln_petersen(counts.both, counts.first_only, counts.second_only)
    >>> print(f"{lincoln_petersen(16, 29, 29).cases:.0f} {corrected.cases:.0f}")
    127 77
    """
    m, a, b = _counts(both, first_only, second_only)
    shares = ((predictive_first, "first"), (predictive_second, "second"), (predictive_both, "both"))
    first, second, shared = (check_share(value, f"predictive_{name}") for value, name in shares)
    true_both, true_first, true_second = np.broadcast_arrays(shared * m, first * (m + a), second * (m + b))
    only = [true_first - true_both, true_second - true_both]
    # v n1 and m may be the same number but for rounding
    slack = 1e-12 * (true_first + true_second + true_both)
    broken = (only[0] < -slack) | (only[1] < -slack)
    known = (
        np.where(broken, np.nan, x)[()] for x in (true_both, *(np.where(np.abs(o) <= slack, 0.0, o) for o in only))
    )
    return Counts._make([*known, np.where(broken, TOO_MANY_FALSE, "")[()]])


def _counts(both: ArrayLike, first_only: ArrayLike, second_only: ArrayLike) -> tuple[Array, Array, Array]:
    named = ((both, "both"), (first_only, "first_only"), (second_only, "second_only"))
    m, a, b = np.broadcast_arrays(*(check_counts(count, count, name, name, whole=False)[0] for count, name in named))
    return m, a, b


def _empty(m: Array, a: Array, b: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return m + a + b == 0, (m + a == 0) | (m + b == 0)


def _captured(
    m: Array,
    a: Array,
    b: Array,
    unseen: Array,
    error: Array,
    psi: Array,
    level: float,
    note: NDArray[np.str_],
    refusals: list[str],
) -> Captured:
    """The answer of two lists, with profile limits under the odds ratio psi.

    Replicates repeat the same few counts: each is worked once.
    """
    check_level(level)
    refused = np.isin(note, refusals)
    limits = np.full((2, *m.shape), np.nan)
    good = ~refused
    alike, back = np.unique(np.stack([m, a, b, psi], axis=-1)[good], axis=0, return_inverse=True)
    counts, ratio = alike[:, :3], alike[:, 3]

    def means(missing: Array, group: Array) -> Array:
        """The table with margins n1, n2 and N whose odds ratio is psi: the overlap solves a quadratic equation."""
        rows = group.astype(np.intp)
        (both, first, second), ratio_ = counts[rows].T, ratio[rows]
        n1, n2 = both + first, both + second
        linear = ratio_ * (n1 + n2) + missing - both
        product = ratio_ * n1 * n2
        overlap = 2.0 * product / (linear + np.sqrt(linear**2 - 4.0 * (ratio_ - 1.0) * product))
        return np.stack([overlap, n1 - overlap, n2 - overlap], axis=-1)

    with np.errstate(divide="ignore"):
        likeliest = ratio * counts[:, 1] * counts[:, 2] / counts[:, 0]
    found = profile_limits(counts, means, np.minimum(likeliest, MOST_UNSEEN), level)
    limits[:, good] = np.stack(found)[:, back.ravel()]
    return _answer(m + a + b, unseen, error, Interval(*limits), note, refused)


def _answer(
    seen: Array, unseen: Array, error: Array, limits: Interval, note: NDArray[np.str_], refused: NDArray[np.bool_]
) -> Captured:
    fields = (np.where(refused, np.nan, field)[()] for field in (seen + unseen, error, *limits, unseen))
    return Captured._make([*fields, note[()]])
