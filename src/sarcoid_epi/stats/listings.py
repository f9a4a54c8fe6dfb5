"""How many cases there are, from how often cases were listed.

Notation: f1 patients were listed exactly once, f2 exactly twice, r at all; a listing is a list, a visit or a record.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sarcoid_epi.stats.capture import NO_PATIENT, Captured
from sarcoid_epi.stats.interval import Array, check_counts, check_level
from sarcoid_epi.stats.unseen import log_normal_limits

NO_TWICE = "no patient was listed exactly twice: the number cannot be estimated"
NO_ONCE = "no patient was listed exactly once: no limits can be given"


def chao(
    once: ArrayLike, twice: ArrayLike, seen: ArrayLike, lists: ArrayLike | None = None, level: float = 0.95
) -> Captured:
    r"""Least number of cases, from how many were listed once and how many twice (Chao's lower bound).

    .. math:: \hat N = r + c \frac{f_1^2}{2 f_2}, \qquad
              \mathrm{se}^2 = f_2 \left( \frac{c^2}{4} q^4 + c^2 q^3 + \frac{c}{2} q^2 \right), \qquad
              q = \frac{f_1}{f_2}, \qquad c = 1 - \frac{1}{t}

    with f1 patients on exactly one list, f2 on exactly two, of t lists; c = 1 for an unlimited number of occasions
    (visits, records). Cases that differ in how likely they are to be listed make the truth **higher**. Limits are
    log-normal in the number unseen.

    Parameters
    ----------
    once, twice
        Patients listed exactly once, exactly twice; not negative, any shapes that broadcast.
    seen
        Patients listed at all, at least `once` + `twice`.
    lists
        Number of lists t, at least 2; without it, unlimited.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Captured; NaN with a note where nobody was listed twice, limits NaN where nobody was listed once.

    Raises
    ------
    ValueError
        If counts are negative or not finite, once + twice exceeds seen, `lists` is below 2, or `level` is not between
        0 and 1.

    Assumes
    -------
    A closed population, no false records (each counts as listed once); lists of about equal reach, independent of each
    other for any one case.

    References
    ----------
    chao1987

    Examples
    --------
    The illegal immigrants of the documentation of Rcapture have 9273.5 and 662.6: 1645 once, 183 twice, 1880 seen.

    >>> answer = chao(1645, 183, 1880)
    >>> print(f"{answer.cases:.1f} {answer.std_error:.1f}")
    9273.5 662.6
    """
    f1, f2, n = _frequencies(once, twice, seen)
    check_level(level)
    t = np.asarray(np.inf if lists is None else lists, dtype=np.float64)
    if not (t >= 2).all():
        raise ValueError(f"lists must be at least 2; got {t[~(t >= 2)].flat[0]:g}")
    f1, f2, n, c = np.broadcast_arrays(f1, f2, n, 1.0 - 1.0 / t)
    with np.errstate(divide="ignore", invalid="ignore"):
        q = f1 / f2
        unseen = c * f1 * q / 2.0
        error = np.sqrt(f2 * (c**2 * q**4 / 4.0 + c**2 * q**3 + c * q**2 / 2.0))
    return _from_frequencies(f1, f2, n, unseen, error, level)


def zelterman(once: ArrayLike, twice: ArrayLike, seen: ArrayLike, level: float = 0.95) -> Captured:
    r"""Number of cases from the number listed once and twice, whoever is listed often (Zelterman).

    .. math:: \hat N = \frac{r}{1 - e^{-\lambda}}, \qquad \lambda = \frac{2 f_2}{f_1}, \qquad
              \mathrm{se}^2 = r G \left[ 1 + r G \lambda^2 \left( \frac{1}{f_1} + \frac{1}{f_2} \right) \right], \qquad
              G = \frac{e^{-\lambda}}{(1 - e^{-\lambda})^2}

    Limits are log-normal in the number unseen.

    Parameters
    ----------
    once, twice
        Patients listed exactly once, exactly twice; not negative, any shapes that broadcast.
    seen
        Patients listed at all, at least `once` + `twice`.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Captured; NaN with a note where nobody was listed twice, limits NaN where nobody was listed once.

    Raises
    ------
    ValueError
        If counts are negative or not finite, once + twice exceeds seen, or `level` is not between 0 and 1.

    Assumes
    -------
    A closed population, no false records; numbers of listings that are Poisson **among those seldom listed**. Unlike
    `chao` it is no bound: where a few are listed very often it can be far too high.

    References
    ----------
    zelterman1988, bohning2008

    Examples
    --------
    >>> answer = zelterman(1645, 183, 1880)
    >>> print(f"{answer.cases:.0f} {answer.std_error:.0f}")
    9425 684
    """
    f1, f2, n = _frequencies(once, twice, seen)
    check_level(level)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        rate = 2.0 * f2 / f1
        odds = 1.0 / np.expm1(rate)  # of never being listed
        spread = odds * (1.0 + odds)
        error = np.sqrt(n * spread * (1.0 + n * spread * rate**2 * (1.0 / f1 + 1.0 / f2)))
    none_once = (f1 == 0) & (f2 > 0)
    return _from_frequencies(f1, f2, n, n * odds, np.where(none_once, 0.0, error), level)


def _frequencies(once: ArrayLike, twice: ArrayLike, seen: ArrayLike) -> tuple[Array, Array, Array]:
    f1, _ = check_counts(once, seen, "once", "seen")
    f2, n = check_counts(twice, seen, "twice", "seen")
    f1, f2, n = np.broadcast_arrays(f1, f2, n)
    check_counts(f1 + f2, n, "once + twice", "seen")
    return f1, f2, n


def _from_frequencies(f1: Array, f2: Array, n: Array, unseen: Array, error: Array, level: float) -> Captured:
    note = np.select([n == 0, f2 == 0, f1 == 0], [NO_PATIENT, NO_TWICE, NO_ONCE], "")
    refused = np.isin(note, [NO_PATIENT, NO_TWICE])
    limits = log_normal_limits(n, unseen, error, level)
    fields = (np.where(refused, np.nan, field)[()] for field in (n + unseen, error, *limits, unseen))
    return Captured._make([*fields, note[()]])
