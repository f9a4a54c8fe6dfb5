r"""Interaction of two exposures on the additive and on the multiplicative scale, from a regression's coefficients.

Notation: b_1, b_2 the log ratios (odds, risk or rate ratios) of either exposure alone, b_3 that of their product term;
:math:`R_{10} = e^{b_1}, \; R_{01} = e^{b_2}, \; R_{11} = e^{b_1 + b_2 + b_3}`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, Interval, normal_quantile

PROTECTIVE = "an exposure lowers the risk: code both so that they raise it, or these measures mean nothing"

# log R11, log R10 and log R01 from the three coefficients
_LOG_RATIOS = np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])

_DOUBLINGS, _HALVINGS = 100, 60


class Measure(NamedTuple):
    """An estimate, delta-method standard error and limits, and MOVER limits; of a ratio the error is of its log."""

    estimate: Array
    std_error: Array
    low: Array
    high: Array
    mover_low: Array
    mover_high: Array


class Interaction(NamedTuple):
    """Four measures of the leading shape, and a note."""

    excess: Measure
    proportion: Measure
    synergy: Measure
    multiplicative: Measure
    note: NDArray[np.str_]


def interaction(estimate: ArrayLike, covariance: ArrayLike, level: float = 0.95) -> Interaction:
    r"""Relative excess risk due to interaction, attributable proportion, synergy index, and the ratio of ratios.

    .. math:: \mathrm{RERI} = R_{11} - R_{10} - R_{01} + 1, \qquad \mathrm{AP} = \mathrm{RERI} / R_{11}, \qquad
              S = \frac{R_{11} - 1}{R_{10} + R_{01} - 2}, \qquad M = e^{b_3}

    Delta-method limits are on the scale itself for RERI and AP, on the log scale for S. MOVER limits are those of a sum
    :math:`\sum_k s_k \theta_k` of terms with limits l_k, u_k of their own and correlations rho of their logarithms:

    .. math:: \hat\theta - \Big( \sum_{jk} s_j s_k \rho_{jk} d_j d_k \Big)^{1/2}, \qquad
              d_k = \hat\theta_k - l_k \;(s_k = 1), \; u_k - \hat\theta_k \;(s_k = -1)

    and the other way round above; RERI is a sum as it stands, AP is
    :math:`1 + e^{-\log R_{11}} - e^{\log R_{10} - \log R_{11}} - e^{\log R_{01} - \log R_{11}}`, and log S the
    difference of two logarithms, the second of which is of a sum. They are lopsided as the ratios are.

    Parameters
    ----------
    estimate
        b_1, b_2, b_3, shape (..., 3).
    covariance
        Their covariance, shape (..., 3, 3).
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Interaction: `excess` (RERI), `proportion` (AP), `synergy` (S; NaN unless :math:`R_{11} > 1` and
    :math:`R_{10} + R_{01} > 2`; its lower MOVER limit is 0 where the lower limit of the first is not, the upper one
    infinite where that of the second is not), `multiplicative` (M, both limits Wald's). The note tells where an
    exposure lowers the risk.

    Raises
    ------
    ValueError
        If shapes do not fit, a variance is negative, or `level` is not between 0 and 1.

    Assumes
    -------
    The ratios are risk ratios, or odds ratios of a rare outcome; both exposures raise the risk. RERI above 0 is
    interaction on the additive scale, which odds ratios of a common outcome overstate.

    References
    ----------
    rothman1986, hosmer1992, zou2008

    Examples
    --------
    Alcohol and smoking in oral cancer: 3 cases and 20 controls with neither, 6 and 12 with alcohol, 8 and 18 with
    smoking, 225 and 166 with both. Zou reports RERI 3.74 (-11.43 to 21.87):

    >>> from sarcoid_epi.stats.logistic import logistic
    >>> fit = logistic([[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 1, 1]], [3, 6, 8, 225], [23, 18, 26, 391])
    >>> answer = interaction(fit.estimate[1:], fit.covariance[1:, 1:])
    >>> print(f"{answer.excess.estimate:.2f} ({answer.excess.mover_low:.2f} to {answer.excess.mover_high:.2f})")
    3.74 (-11.43 to 21.87)
    """
    z = normal_quantile(level)
    logs, cov, (beta, spread) = _log_ratios(estimate, covariance)
    both, one, other = np.exp(np.moveaxis(logs, -1, 0))
    excess = _summed(logs, cov, np.array([1.0, -1.0, -1.0]), 1.0, z)
    # log 1/R11, log R10/R11, log R01/R11
    turned = np.array([[-1.0, 0.0, 0.0], [-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]])
    proportion = _summed(logs @ turned.T, turned @ cov @ turned.T, np.array([1.0, -1.0, -1.0]), 1.0, z)
    error = np.sqrt(spread[..., 2, 2])
    wald = (np.exp(beta[..., 2] - z * error)[()], np.exp(beta[..., 2] + z * error)[()])
    multiplicative = Measure(np.exp(beta[..., 2])[()], error[()], *wald, *wald)
    note = np.where((one < 1) | (other < 1) | (both < 1), PROTECTIVE, "")[()]
    return Interaction(excess, proportion, _synergy(logs, cov, z), multiplicative, note)


def attributable_limits(estimate: ArrayLike, covariance: ArrayLike, level: float = 0.95) -> Interval:
    r"""Limits of the attributable proportion that agree with those of RERI.

    AP is a where :math:`(1 - a) R_{11} - R_{10} - R_{01} + 1` is 0. The limits are the smallest and the greatest a at
    which the MOVER limits of that sum reach 0; at a = 0 these are RERI's, so that AP's limits leave out 0 where RERI's
    do, and only there. MOVER limits of AP taken for a sum itself (`interaction`) do not: they put together terms that
    all hold :math:`R_{11}`, and their upper limit is too low where few have both exposures.

    Parameters
    ----------
    estimate, covariance, level
        As in `interaction`.

    Returns
    -------
    Interval, of the leading shape; NaN where an estimate is.

    Raises
    ------
    ValueError
        As in `interaction`.

    Assumes
    -------
    As in `interaction`.

    References
    ----------
    zou2008, fieller1954

    Examples
    --------
    >>> low, high = attributable_limits([0.5, 0.4, 0.6], np.diag([0.04, 0.04, 0.08]))
    >>> print(f"{low:.3f} {high:.3f}")
    0.213 0.744
    """
    z = normal_quantile(level)
    logs, cov, _ = _log_ratios(estimate, covariance)
    with np.errstate(over="ignore", invalid="ignore"):
        error = _errors(cov)
        ratios = [np.exp(logs + z * side * error) for side in (0.0, -1.0, 1.0)]
        middle = 1.0 - (ratios[0][..., 1] + ratios[0][..., 2] - 1.0) / ratios[0][..., 0]
        return Interval(*(_reached(ratios, _correlation(cov), middle, side)[()] for side in (-1.0, 1.0)))


def _reached(ratios: list[Array], correlation: Array, middle: Array, side: float) -> Array:
    """Where a limit of (1 - a) R11 - R10 - R01 + 1 is 0, below or above the a at which the sum itself is."""

    def beyond(a: Array) -> NDArray[np.bool_]:
        """Whether 0 lies outside of the limits."""
        factor = np.stack([1.0 - a, np.full_like(a, -1.0), np.full_like(a, -1.0)], axis=-1)
        terms, lows, highs = (part * np.abs(factor) for part in ratios)
        signs = np.where(factor < 0, -1.0, 1.0)
        total = (signs * terms).sum(-1) + 1.0
        down, up = _recovered(terms, lows, highs, correlation, signs)
        return np.asarray(total - down > 0 if side < 0 else total + up < 0, dtype=np.bool_)

    near, far = middle.copy(), middle + side
    for _ in range(_DOUBLINGS):
        short = ~beyond(far) & np.isfinite(middle)
        if not short.any():
            break
        near, far = np.where(short, far, near), np.where(short, middle + 2.0 * (far - middle), far)
    for _ in range(_HALVINGS):
        between = (near + far) / 2.0
        outside = beyond(between)
        near, far = np.where(outside, near, between), np.where(outside, between, far)
    return np.asarray((near + far) / 2.0)


def _log_ratios(estimate: ArrayLike, covariance: ArrayLike) -> tuple[Array, Array, tuple[Array, Array]]:
    """log R11, log R10, log R01, their covariance, and what was given, checked."""
    beta, spread = np.asarray(estimate, dtype=np.float64), np.asarray(covariance, dtype=np.float64)
    if beta.shape[-1:] != (3,) or spread.shape[-2:] != (3, 3):
        raise ValueError(f"estimate needs shape (..., 3), covariance (..., 3, 3); got {beta.shape} and {spread.shape}")
    if (np.diagonal(spread, axis1=-2, axis2=-1) < 0).any():
        raise ValueError("covariance has a negative variance")
    return beta @ _LOG_RATIOS.T, _LOG_RATIOS @ spread @ _LOG_RATIOS.T, (beta, spread)


def _summed(logs: Array, covariance: Array, signs: Array, constant: float, z: float) -> Measure:
    """A constant and a sum of exponentials, with delta-method and MOVER limits."""
    terms, error = np.exp(logs), _errors(covariance)
    total = (signs * terms).sum(-1) + constant
    slope = signs * terms
    delta = np.sqrt(np.einsum("...i,...ij,...j->...", slope, covariance, slope))
    low, high = _recovered(terms, np.exp(logs - z * error), np.exp(logs + z * error), _correlation(covariance), signs)
    fields = (total, delta, total - z * delta, total + z * delta, total - low, total + high)
    return Measure(*(field[()] for field in fields))


def _recovered(terms: Array, low: Array, high: Array, correlation: Array, signs: Array) -> tuple[Array, Array]:
    """How far the limits of a signed sum lie below and above it, from the limits of its terms."""
    down, up = (terms - low) * (signs > 0) + (high - terms) * (signs < 0), (high - terms) * (signs > 0)
    up = up + (terms - low) * (signs < 0)
    reach = []
    for distance in (signs * down, signs * up):
        square = np.einsum("...i,...ij,...j->...", distance, correlation, distance)
        reach.append(np.sqrt(np.maximum(square, 0.0)))
    return reach[0], reach[1]


def _errors(covariance: Array) -> Array:
    """Standard errors; rounding may leave a variance of nothing just below 0."""
    return np.asarray(np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0)))


def _correlation(covariance: Array) -> Array:
    error = _errors(covariance)
    scale = error[..., :, None] * error[..., None, :]
    return np.where(scale > 0, covariance / np.where(scale > 0, scale, 1.0), np.eye(covariance.shape[-1]))


def _synergy(logs: Array, covariance: Array, z: float) -> Measure:
    """S on the log scale: log(R11 - 1) less log(R10 + R01 - 2)."""
    ratios, error = np.exp(logs), _errors(covariance)
    lows, highs = np.exp(logs - z * error), np.exp(logs + z * error)
    above, alone = ratios[..., 0] - 1.0, ratios[..., 1] + ratios[..., 2] - 2.0
    correlation = _correlation(covariance[..., 1:, 1:])
    sum_down, sum_up = _recovered(ratios[..., 1:], lows[..., 1:], highs[..., 1:], correlation, np.ones(2))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        top = ratios * np.array([1.0, 0.0, 0.0]) / above[..., None]
        bottom = ratios * np.array([0.0, 1.0, 1.0]) / alone[..., None]
        of_top, of_bottom, of_both = (
            np.einsum("...i,...ij,...j->...", a, covariance, b)
            for a, b in ((top, top), (bottom, bottom), (top, bottom))
        )
        centre = np.log(above) - np.log(alone)
        delta = np.sqrt(of_top + of_bottom - 2.0 * of_both)
        rho = np.where(of_top * of_bottom > 0, of_both / np.sqrt(of_top * of_bottom), 0.0)
        down = np.log(above / (lows[..., 0] - 1.0)), np.log((alone + sum_up) / alone)
        up = np.log((highs[..., 0] - 1.0) / above), np.log(alone / (alone - sum_down))
        below, beyond = (np.sqrt(a**2 + b**2 - 2.0 * rho * a * b) for a, b in (down, up))
        below = np.where((lows[..., 0] <= 1.0) & ~np.isnan(centre), np.inf, below)
        beyond = np.where((alone <= sum_down) & ~np.isnan(centre), np.inf, beyond)
        shown = (centre, centre - z * delta, centre + z * delta, centre - below, centre + beyond)
        estimate, low, high, mover_low, mover_high = (np.exp(field)[()] for field in shown)
    return Measure(estimate, np.where(np.isnan(centre), np.nan, delta)[()], low, high, mover_low, mover_high)
