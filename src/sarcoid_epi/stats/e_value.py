"""E-values: how strong unmeasured confounding must be to explain an association.

All arguments broadcast. The answers are on the scale of risk ratios, whatever the measure.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.roots import bracketed_root
from sarcoid_epi.stats.unmeasured import check_ratio, check_table

CROSSED = "the confidence interval contains the true value supposed: no confounding is needed, its E-value is 1"
NO_UNEXPOSED_CASES = "nobody unexposed has the outcome: no confounding of finite strength explains the difference"
BEYOND = "the true difference supposed is larger than the one observed: not defined for a risk difference"
NOBODY = "nobody exposed or nobody unexposed"

#: Half of pi over the root of 3, rounded as in vanderweele2017, and 1.96 times that.
_PER_DIFFERENCE = 0.91
_PER_STANDARD_ERROR = 1.78


class EValue(NamedTuple):
    """E-values, each field of the broadcast shape.

    Attributes
    ----------
    estimate
        For the estimate.
    limit
        For the confidence limit nearer to the true value supposed; 1 where the interval contains it, NaN where no limit
        was given.
    note
        Empty, or what is special.
    """

    estimate: Array
    limit: Array
    note: NDArray[np.str_]


def e_value_risk_ratio(
    ratio: ArrayLike, low: ArrayLike = np.nan, high: ArrayLike = np.nan, true: ArrayLike = 1.0
) -> EValue:
    r"""E-value of a risk ratio: how strong unmeasured confounding must be to explain it.

    .. math:: E = R + \sqrt{R (R - 1)}, \qquad R = \max\left( \frac{RR}{RR_{true}}, \frac{RR_{true}}{RR} \right)

    A confounder that goes with both exposure and outcome by risk ratios of E each could, and a weaker one could not,
    move the estimate to the true value supposed.

    Parameters
    ----------
    ratio
        Risk (or rate) ratio RR, above 0.
    low, high
        Its confidence limits, where known; NaN where not.
    true
        True ratio supposed, 1 for no effect.

    Returns
    -------
    EValue.

    Raises
    ------
    ValueError
        If a ratio is not above 0, or the estimate does not lie between the limits.

    Assumes
    -------
    Nothing but confounding is wrong with the estimate. A large E-value does not say that there is no such confounder.

    References
    ----------
    vanderweele2017, ding2016

    Examples
    --------
    Breast-feeding and infant death, the example of vanderweele2017: 3.9 (1.8 to 8.7).

    >>> answer = e_value_risk_ratio(3.9, 1.8, 8.7)
    >>> print(f"{answer.estimate:.2f} {answer.limit:.2f}")
    7.26 3.00
    """
    names = ("the ratio", "low", "high", "true")
    values = (check_ratio(each, name) for each, name in zip((ratio, low, high, true), names, strict=True))
    observed, lower, upper, supposed = np.broadcast_arrays(*values)
    if ((lower > observed) | (upper < observed)).any():
        raise ValueError("the estimate must lie between its confidence limits")
    near = np.where(observed > supposed, lower, upper)
    # With the estimate at the true value either limit will do: the interval contains it.
    near = np.where((observed == supposed) & ~(np.isnan(lower) & np.isnan(upper)), observed, near)
    crossed = np.where(observed > supposed, near <= supposed, near >= supposed)
    limit = np.where(crossed, 1.0, _e_value(near / supposed))
    return EValue(_e_value(observed / supposed)[()], limit[()], np.where(crossed, CROSSED, "")[()])


def e_value_odds_ratio(
    ratio: ArrayLike, low: ArrayLike = np.nan, high: ArrayLike = np.nan, *, rare: bool, true: ArrayLike = 1.0
) -> EValue:
    r"""E-value of an odds ratio.

    .. math:: RR \approx OR \;\; \text{(outcome rare)}, \qquad RR \approx \sqrt{OR} \;\; \text{(common)}

    then as `e_value_risk_ratio`; true value and limits are turned alike.

    Parameters
    ----------
    ratio, low, high, true
        Odds ratio, its confidence limits where known, and the true one supposed; above 0.
    rare
        Whether fewer than about 15 % have the outcome.

    Returns
    -------
    EValue, on the scale of risk ratios.

    Raises
    ------
    ValueError
        As `e_value_risk_ratio`.

    Assumes
    -------
    As `e_value_risk_ratio`; for a common outcome risks between 0.2 and 0.8, where the root is within 25 %.

    References
    ----------
    vanderweele2017, vanderweele2020

    Examples
    --------
    >>> answer = e_value_odds_ratio(0.86, 0.75, 0.99, rare=False)
    >>> print(f"{answer.estimate:.2f} {answer.limit:.2f}")
    1.37 1.08
    """
    values = [check_ratio(each, "an odds ratio") for each in (ratio, low, high, true)]
    return e_value_risk_ratio(*(values if rare else map(np.sqrt, values)))


def e_value_hazard_ratio(
    ratio: ArrayLike, low: ArrayLike = np.nan, high: ArrayLike = np.nan, *, rare: bool, true: ArrayLike = 1.0
) -> EValue:
    r"""E-value of a hazard ratio.

    .. math:: RR \approx HR \;\; \text{(outcome rare)}, \qquad
              RR \approx \frac{1 - 0.5^{\sqrt{HR}}}{1 - 0.5^{\sqrt{1/HR}}} \;\; \text{(common)}

    then as `e_value_risk_ratio`; true value and limits are turned alike.

    Parameters
    ----------
    ratio, low, high, true
        Hazard ratio, its confidence limits where known, and the true one supposed; above 0.
    rare
        Whether fewer than about 15 % have the outcome by the end of follow-up.

    Returns
    -------
    EValue, on the scale of risk ratios.

    Raises
    ------
    ValueError
        As `e_value_risk_ratio`.

    Assumes
    -------
    As `e_value_risk_ratio`; proportional hazards.

    References
    ----------
    vanderweele2017, vanderweele2020

    Examples
    --------
    >>> answer = e_value_hazard_ratio(0.56, 0.46, 0.69, rare=False)
    >>> print(f"{answer.estimate:.2f} {answer.limit:.2f}")
    2.35 1.91
    """
    values = [check_ratio(each, "a hazard ratio") for each in (ratio, low, high, true)]
    return e_value_risk_ratio(*(values if rare else map(_risk_ratio_of_hazards, values)))


def e_value_standardised_difference(
    difference: ArrayLike, std_error: ArrayLike = np.nan, true: ArrayLike = 0.0
) -> EValue:
    r"""E-value of a standardised difference of means.

    .. math:: RR \approx e^{0.91\,\delta}, \qquad \text{limits } e^{0.91\,\delta \mp 1.78\,s}

    then as `e_value_risk_ratio`. The limits are those of 95 %.

    Parameters
    ----------
    difference
        Difference delta of the means in standard deviations of the outcome.
    std_error
        Its standard error s where known; NaN where not.
    true
        True difference supposed, 0 for none.

    Returns
    -------
    EValue, on the scale of risk ratios.

    Raises
    ------
    ValueError
        If the standard error is negative.

    Assumes
    -------
    As `e_value_risk_ratio`; an outcome near normal, cut somewhere near its middle, stands for the mean.

    References
    ----------
    vanderweele2017

    Examples
    --------
    Phenobarbital before birth and intelligence, an example of vanderweele2017: -0.42, standard error 0.14.

    >>> answer = e_value_standardised_difference(-0.42, 0.14)
    >>> print(f"{answer.estimate:.2f} {answer.limit:.2f}")
    2.29 1.55
    """
    delta, s = np.asarray(difference, dtype=np.float64), np.asarray(std_error, dtype=np.float64)
    if (s < 0).any():
        raise ValueError("std_error must not be negative")
    middle, reach = _PER_DIFFERENCE * delta, _PER_STANDARD_ERROR * s
    supposed = np.exp(_PER_DIFFERENCE * np.asarray(true, dtype=np.float64))
    return e_value_risk_ratio(np.exp(middle), np.exp(middle - reach), np.exp(middle + reach), supposed)


def e_value_risk_difference(
    a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike, true: ArrayLike = 0.0, level: float = 0.95
) -> EValue:
    r"""E-value of a risk difference, from the counts.

    With f the share exposed and p1, p0 the risks, confounding of bias factor B leaves a difference of at least

    .. math:: D(B) = (p_1 - p_0 B) \left( f + \frac{1 - f}{B} \right)

    The bias factor of the estimate solves D(B) = true; that of the lower limit solves D(B) - z s(B) = true with

    .. math:: s^2 = \left( \frac{p_1 q_1}{n_1} + B^2 \frac{p_0 q_0}{n_0} \right) \left( f + \frac{1 - f}{B} \right)^2
              + (p_1 - p_0 B)^2 \left( 1 - \frac1B \right)^2 \frac{f (1 - f)}{n}

    and :math:`E = B + \sqrt{B (B - 1)}`. A negative difference is read with the exposure turned round (and `true` too).

    Parameters
    ----------
    a, b, c, d
        Exposed and unexposed with the outcome, exposed and unexposed without it.
    true
        True difference supposed, 0 for none.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    EValue; NaN where an exposure group is empty, nobody unexposed has the outcome, or `true` lies beyond the estimate.

    Raises
    ------
    ValueError
        If a count is negative or `level` is not between 0 and 1.

    Assumes
    -------
    As `e_value_risk_ratio`.

    References
    ----------
    ding2016, vanderweele2017

    Examples
    --------
    Smoking and lung cancer in the cohort of Hammond and Horn, an example of ding2016:

    >>> answer = e_value_risk_difference(397, 51, 78557, 108778)
    >>> print(f"{answer.estimate:.2f} {answer.limit:.2f}")
    20.95 15.96
    """
    z = normal_quantile(level)
    *cells, supposed = np.broadcast_arrays(*check_table(a, b, c, d), np.asarray(true, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        turned = cells[0] / (cells[0] + cells[2]) < cells[1] / (cells[1] + cells[3])
        x1, x0 = np.where(turned, cells[1], cells[0]), np.where(turned, cells[0], cells[1])
        n1 = x1 + np.where(turned, cells[3], cells[2])
        n0 = x0 + np.where(turned, cells[2], cells[3])
        supposed = np.where(turned, -supposed, supposed)
        p1, p0, f = x1 / n1, x0 / n0, n1 / (n1 + n0)
        middle = supposed + p0 * (1 - f) - p1 * f
        factor = (np.sqrt(middle**2 + 4 * p1 * p0 * f * (1 - f)) - middle) / (2 * p0 * f)
        low = p1 - p0 - z * np.sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0)
        empty = (n1 == 0) | (n0 == 0)
        note = np.select([empty, supposed > p1 - p0, p0 == 0], [NOBODY, BEYOND, NO_UNEXPOSED_CASES], "")
        factor = np.where(note == "", np.maximum(factor, 1.0), np.nan)
        crossed = (note == "") & (low <= supposed)
    nearer = np.where(crossed, 1.0, np.nan)
    search = (note == "") & ~crossed
    nearer[search] = bracketed_root(
        _lowest_difference_left,
        np.ones(np.count_nonzero(search)),
        factor[search],
        *(np.broadcast_to(each, search.shape)[search] for each in (p1, p0, n1, n0, supposed, np.asarray(z))),
    )
    return EValue(_e_value(factor)[()], _e_value(nearer)[()], np.where(crossed, CROSSED, note)[()])


def _lowest_difference_left(
    factor: Array, p1: Array, p0: Array, n1: Array, n0: Array, supposed: Array, z: Array
) -> Array:
    """Lower limit of the difference that confounding of this bias factor leaves, less the true one supposed."""
    f = n1 / (n1 + n0)
    left, weight = p1 - p0 * factor, f + (1 - f) / factor
    variance = (p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0 * factor**2) * weight**2
    variance += left**2 * (1 - 1 / factor) ** 2 * f * (1 - f) / (n1 + n0)
    return np.asarray(left * weight - z * np.sqrt(variance) - supposed)


def _e_value(ratio: Array) -> Array:
    with np.errstate(divide="ignore"):
        r = np.maximum(ratio, 1 / ratio)
    return np.asarray(r + np.sqrt(r) * np.sqrt(r - 1))


def _risk_ratio_of_hazards(ratio: Array) -> Array:
    return np.asarray((1 - 0.5 ** np.sqrt(ratio)) / (1 - 0.5 ** np.sqrt(1 / ratio)))
