"""From the apparent to the true share: correction for imperfect sensitivity and specificity.

Notation: AP apparent share (found positive), P true share, Se sensitivity, Sp specificity; z the two-sided standard
normal quantile. A test with Se + Sp <= 1 is no better than chance; nothing can be corrected with it, the answer is NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sarcoid_epi.stats.interval import Array, Interval, check_counts, check_share, normal_quantile, truncated


class Corrected(NamedTuple):
    """A corrected share with its standard error and limits; one shape, numpy scalars when the input was scalar."""

    estimate: Array
    std_error: Array
    low: Array
    high: Array


def rogan_gladen(apparent: ArrayLike, sensitivity: ArrayLike, specificity: ArrayLike) -> Array:
    r"""True share from the apparent share, corrected for sensitivity and specificity (Rogan-Gladen).

    .. math:: P = \frac{AP + Sp - 1}{Se + Sp - 1}

    An apparent share below the false-positive rate 1 - Sp gives a **negative** answer, one above Se an answer above 1.
    Both are returned as they are: they say that data and beliefs disagree.

    Parameters
    ----------
    apparent
        Apparent share, in [0, 1] (NaN passes through), any shape.
    sensitivity, specificity
        In [0, 1], broadcast against `apparent`.

    Returns
    -------
    True share, of the broadcast shape; NaN where Se + Sp <= 1.

    Raises
    ------
    ValueError
        If a share lies outside [0, 1].

    Assumes
    -------
    Sensitivity and specificity hold for the patients at hand, and are the same for all of them.

    References
    ----------
    rogan1978

    Examples
    --------
    The documentation of epiR's `epi.prev`: 23 of 150 positive, Se = 0.96, Sp = 0.89, prints 5.1 per 100.

    >>> print(f"{rogan_gladen(23 / 150, 0.96, 0.89):.3f}")
    0.051
    """
    share = check_share(apparent, "apparent")
    se, sp = check_share(sensitivity, "sensitivity"), check_share(specificity, "specificity")
    return _solved(share, se, sp)[()]


def apparent_from_true(prevalence: ArrayLike, sensitivity: ArrayLike, specificity: ArrayLike) -> Array:
    r"""Apparent share that a true share leads to, the inverse of `rogan_gladen`.

    .. math:: AP = P \, Se + (1 - P)(1 - Sp)

    Parameters
    ----------
    prevalence
        True share, in [0, 1], any shape.
    sensitivity, specificity
        In [0, 1], broadcast against `prevalence`.

    Returns
    -------
    Apparent share, of the broadcast shape.

    Raises
    ------
    ValueError
        If a share lies outside [0, 1].

    Assumes
    -------
    Sensitivity and specificity do not depend on anything that also goes with having the condition.

    References
    ----------
    rogan1978

    Examples
    --------
    >>> print(f"{apparent_from_true(0.05, 0.5, 0.99):.4f}")
    0.0345
    """
    share = check_share(prevalence, "prevalence")
    se, sp = check_share(sensitivity, "sensitivity"), check_share(specificity, "specificity")
    return np.asarray(share * se + (1.0 - share) * (1.0 - sp))[()]


def rogan_gladen_known(apparent: Interval, sensitivity: ArrayLike, specificity: ArrayLike) -> Interval:
    """Limits of the true share when sensitivity and specificity are **declared known**.

    With known Se + Sp > 1 the true share rises with the apparent share, so the limits of the one go over into limits of
    the other, with the same coverage. Treating *estimated* values as known is another matter and covers too little:
    use `lang_reiczigel` then. Limits may leave [0, 1]; `interval.truncated` cuts them where that is wanted.

    Parameters
    ----------
    apparent
        Limits of the apparent share, by any method.
    sensitivity, specificity
        In [0, 1], broadcast against the limits.

    Returns
    -------
    Interval, of the broadcast shape; NaN where Se + Sp <= 1.

    Raises
    ------
    ValueError
        If a share lies outside [0, 1].

    Assumes
    -------
    Sensitivity and specificity are known without error and hold for the patients at hand.

    References
    ----------
    rogan1978, reiczigel2010

    Examples
    --------
    The documentation of epiR's `epi.prev`: 6 of 151 positive, Se = 0.964, Sp = 0.927, Clopper-Pearson, prints 0 to 1.3
    per 100 after cutting at 0.

    >>> from sarcoid_epi.stats.proportion import clopper_pearson
    >>> low, high = rogan_gladen_known(clopper_pearson(6, 151), 0.964, 0.927)
    >>> print(f"{low:.3f} {high:.3f}")
    -0.065 0.013
    """
    return Interval(
        rogan_gladen(apparent.low, sensitivity, specificity), rogan_gladen(apparent.high, sensitivity, specificity)
    )


def rogan_gladen_delta(
    events: ArrayLike,
    n: ArrayLike,
    sensitivity_events: ArrayLike,
    sensitivity_n: ArrayLike,
    specificity_events: ArrayLike,
    specificity_n: ArrayLike,
    level: float = 0.95,
) -> Corrected:
    r"""Corrected share with delta-method limits, for reference; `lang_reiczigel` is the interval to use.

    .. math:: P \pm z \, \sigma, \qquad \sigma^2 = \frac{AP (1 - AP)/n + P^2 \, Se (1 - Se)/n_{Se}
              + (1 - P)^2 \, Sp (1 - Sp)/n_{Sp}}{(Se + Sp - 1)^2}

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
    Corrected, of the broadcast shape, not cut at 0 and 1; NaN where a denominator is 0 or Se + Sp <= 1.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Three independent binomial samples, none of their shares at 0 or 1 (there the standard error misses a part).

    References
    ----------
    rogan1978

    Examples
    --------
    >>> answer = rogan_gladen_delta(60, 500, 80, 100, 190, 200)
    >>> print(f"{answer.estimate:.4f} {answer.std_error:.4f} {answer.low:.4f} {answer.high:.4f}")
    0.0933 0.0273 0.0398 0.1469
    """
    (x, m), (x_se, m_se), (x_sp, m_sp) = _samples(
        events, n, sensitivity_events, sensitivity_n, specificity_events, specificity_n
    )
    z = normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        share, se, sp = x / m, x_se / m_se, x_sp / m_sp
        estimate = _solved(share, se, sp)
        error = _delta_error(estimate, share, m, se, m_se, sp, m_sp)
    return _corrected(estimate, error, Interval(estimate - z * error, estimate + z * error))


def lang_reiczigel(
    events: ArrayLike,
    n: ArrayLike,
    sensitivity_events: ArrayLike,
    sensitivity_n: ArrayLike,
    specificity_events: ArrayLike,
    specificity_n: ArrayLike,
    level: float = 0.95,
) -> Corrected:
    r"""True share when sensitivity and specificity come from validation counts (Lang-Reiczigel).

    The counts are filled up first, z^2/2 to either side in the sample of patients and 1 to either side in the two
    validation samples:

    .. math:: n' = n + z^2, \; AP' = \frac{x + z^2/2}{n'}, \qquad n'_{Se} = n_{Se} + 2, \;
              Se' = \frac{x_{Se} + 1}{n'_{Se}}, \qquad n'_{Sp} = n_{Sp} + 2, \; Sp' = \frac{x_{Sp} + 1}{n'_{Sp}}

    and with P' the Rogan-Gladen share and sigma' the delta-method standard error of these, the limits are

    .. math:: P' + \delta \pm z \sigma', \qquad
              \delta = 2 z^2 \left[ P' \frac{Se'(1 - Se')}{n'_{Se}} - (1 - P') \frac{Sp'(1 - Sp')}{n'_{Sp}} \right]

    **cut at 0 and 1**, as in the paper. The estimate is the plain Rogan-Gladen share of the raw counts, **not** cut: it
    may be negative, and may then lie outside the limits. (Equation 4 of the paper prints (1 + P)^2 for (1 - P)^2.)

    Parameters
    ----------
    events, n
        Found positive, among how many patients; whole numbers, any shape.
    sensitivity_events, sensitivity_n
        Found positive, among how many with the condition (validation study).
    specificity_events, specificity_n
        Found **negative**, among how many without the condition (validation study).
    level
        Confidence level, between 0 and 1; the method was studied at 0.95.

    Returns
    -------
    Corrected, of the broadcast shape: the raw estimate, sigma', and the limits. All NaN where a denominator is 0 or
    Se + Sp <= 1, raw or filled up.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or `level` is not between 0 and 1.

    Assumes
    -------
    Three independent binomial samples; the validated sensitivity and specificity hold for the patients at hand.

    References
    ----------
    lang2014, rogan1978

    Examples
    --------
    Examples 1 and 2 of lang2014, printed as 0.349 to 0.372 and 0 to 0.053:

    >>> answer = lang_reiczigel([4060, 51], [11284, 2971], [178, 32], [179, 33], [358, 20], [359, 20])
    >>> print(answer.low.round(3), answer.high.round(3))
    [0.349 0.   ] [0.372 0.053]
    """
    (x, m), (x_se, m_se), (x_sp, m_sp) = _samples(
        events, n, sensitivity_events, sensitivity_n, specificity_events, specificity_n
    )
    z2 = normal_quantile(level) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = _solved(x / m, x_se / m_se, x_sp / m_sp)
    n_, n_se, n_sp = m + z2, m_se + 2.0, m_sp + 2.0
    share, se, sp = (x + z2 / 2.0) / n_, (x_se + 1.0) / n_se, (x_sp + 1.0) / n_sp
    true = _solved(share, se, sp)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = _delta_error(true, share, n_, se, n_se, sp, n_sp)
    shift = 2.0 * z2 * (true * se * (1.0 - se) / n_se - (1.0 - true) * sp * (1.0 - sp) / n_sp)
    reach = np.sqrt(z2) * error
    return _corrected(estimate, error, truncated(Interval(true + shift - reach, true + shift + reach)))


def _samples(*counts: ArrayLike) -> list[tuple[Array, Array]]:
    """The three checked pairs (events, n): patients, sensitivity, specificity; the latter two may be pseudo-counts."""
    names = ("", "sensitivity_", "specificity_")
    pairs = zip(counts[::2], counts[1::2], names, strict=True)
    return [check_counts(events, n, f"{name}events", f"{name}n", whole=not name) for events, n, name in pairs]


def _solved(apparent: Array, sensitivity: Array, specificity: Array) -> Array:
    """(AP + Sp - 1) / (Se + Sp - 1), without rounding when Sp = 1; NaN where the test is no better than chance."""
    false_positive = 1.0 - specificity
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (apparent - false_positive) / (sensitivity - false_positive)
    return np.where(sensitivity > false_positive, share, np.nan)


def _delta_error(true: Array, share: Array, m: Array, se: Array, m_se: Array, sp: Array, m_sp: Array) -> Array:
    """Standard error of the Rogan-Gladen share by the delta method, three independent samples."""
    of_share = share * (1.0 - share) / m
    of_se, of_sp = true**2 * se * (1.0 - se) / m_se, (1.0 - true) ** 2 * sp * (1.0 - sp) / m_sp
    return np.asarray(np.sqrt(of_share + of_se + of_sp) / np.abs(se + sp - 1.0))


def _corrected(estimate: Array, error: Array, limits: Interval) -> Corrected:
    """Together, and NaN together: an estimate without limits or limits without an estimate would mislead."""
    unknown = np.isnan(estimate) | np.isnan(error)
    fields = (np.where(unknown, np.nan, field)[()] for field in (estimate, error, *limits))
    return Corrected(*fields)
