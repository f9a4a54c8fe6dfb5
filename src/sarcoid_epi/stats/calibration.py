r"""Whether predicted risks are right: calibration in the large, slope, Brier score, and groups of risk.

Predictions are grouped: each row holds a predicted risk p_r, n_r patients who have it and y_r of them with the event.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

from sarcoid_epi.stats.interval import Array, Interval, check_counts, check_level, normal_quantile
from sarcoid_epi.stats.likelihood_search import climbed, logistic_function
from sarcoid_epi.stats.logistic import logistic
from sarcoid_epi.stats.proportion import wilson
from sarcoid_epi.stats.rows import NO_PATIENTS

NO_SHARE = "nobody or everybody has the event: no finite intercept or slope"
ONE_RISK = "all predictions are equal: no slope"
PARTED = "predictions part the patients with the event from those without: no finite slope"


class Calibration(NamedTuple):
    """Intercept at slope 1, and slope, each with standard error and Wald limits; Brier scores; a note.

    Attributes
    ----------
    intercept, intercept_std_error, intercept_low, intercept_high
        Log odds by which all predictions are too low; 0 if right on average.
    slope, slope_std_error, slope_low, slope_high
        1 if right, below 1 if predictions are too extreme.
    brier, brier_scaled
        Mean squared error of the predictions, and its share saved against predicting the mean to everybody.
    note
        Empty, or why there is no intercept or no slope.
    """

    intercept: Array
    intercept_std_error: Array
    intercept_low: Array
    intercept_high: Array
    slope: Array
    slope_std_error: Array
    slope_low: Array
    slope_high: Array
    brier: Array
    brier_scaled: Array
    note: NDArray[np.str_]


class RiskGroups(NamedTuple):
    """Groups of equal numbers by predicted risk: patients, with the event, mean prediction, observed share, limits."""

    n: Array
    events: Array
    predicted: Array
    observed: Array
    limits: Interval


def calibration(prediction: ArrayLike, events: ArrayLike, n: ArrayLike, level: float = 0.95) -> Calibration:
    r"""Calibration in the large, calibration slope and Brier score of predicted risks.

    .. math:: \mathrm{logit}\, \pi_r = a + \mathrm{logit}\, p_r, \qquad
              \mathrm{logit}\, \pi_r = a' + b\, \mathrm{logit}\, p_r, \qquad
              \frac{\sum_r y_r (1 - p_r)^2 + (n_r - y_r) p_r^2}{\sum_r n_r}

    with a the intercept and b the slope, both by maximum likelihood.

    Parameters
    ----------
    prediction
        Predicted risks, above 0 and below 1, shape (..., R).
    events, n
        Patients with the event, and all patients, of each row; whole numbers, shape (..., R).
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Calibration, of the leading shape; NaN where the note says so.

    Raises
    ------
    ValueError
        If a prediction is not between 0 and 1, counts are not whole numbers with 0 <= events <= n, or `level` is not
        between 0 and 1.

    Assumes
    -------
    Independent patients, others than those the predictions were made from: there the intercept is 0 and the slope 1
    whatever the model.

    References
    ----------
    cox1958, steyerberg2010

    Examples
    --------
    Odds of 1/3 and 1 predicted, of 1/9 and 1 seen: the slope is 2.

    >>> answer = calibration([0.25, 0.5], [10, 50], [100, 100])
    >>> print(f"{answer.slope:.4f} {answer.brier:.4f}")
    2.0000 0.1812
    """
    check_level(level)
    some, patients, p = _checked(prediction, events, n)
    if ((p <= 0) | (p >= 1)).any():
        raise ValueError("prediction must lie above 0 and below 1")
    lead, many = p.shape[:-1], p.shape[-1]
    y, m, risk = (part.reshape(-1, many) for part in (some, patients, p))
    total, with_event = m.sum(-1), y.sum(-1)
    groups = len(total)
    one_kind = np.where(total == 0, NO_PATIENTS, np.where((with_event == 0) | (with_event == total), NO_SHARE, ""))
    eta = logit(risk)
    top = climbed(logistic_function(np.ones((groups, 1, many)), y, m, eta), np.zeros((groups, 1)), one_kind)
    intercept, error = top.at[:, 0], np.sqrt(top.inverse[:, 0, 0])
    fit = logistic(np.stack([np.ones_like(eta), eta], axis=-1), y, m, level)
    flat = np.where(m > 0, eta, -np.inf).max(-1) == np.where(m > 0, eta, np.inf).min(-1)
    lost = (one_kind == "") & (fit.note != "")
    note = np.select([one_kind != "", flat, lost], [one_kind, ONE_RISK, PARTED], "")
    with np.errstate(invalid="ignore", divide="ignore"):
        brier = (y * (1.0 - risk) ** 2 + (m - y) * risk**2).sum(-1) / total
        share = with_event / total
        scaled = np.where(one_kind == "", 1.0 - brier / (share * (1.0 - share)), np.nan)
    reach = normal_quantile(level) * error
    slope = (fit.estimate[:, 1], fit.std_error[:, 1], fit.low[:, 1], fit.high[:, 1])
    fields = (intercept, error, intercept - reach, intercept + reach, *slope, brier, scaled)
    return Calibration._make([*(field.reshape(lead)[()] for field in fields), note.reshape(lead)[()]])


def heuristic_shrinkage(statistic: ArrayLike, df: ArrayLike) -> Array:
    r"""Slope that predictions of a model may be expected to have in new patients, from its own fit.

    .. math:: \hat s = \frac{T - p}{T}

    with T the likelihood-ratio statistic of the model against the constant alone, p its coefficients besides that. On
    the data of the fit the slope of maximum likelihood is 1 whatever the model; this says what that hides.

    Parameters
    ----------
    statistic
        T, 0 or more.
    df
        p.

    Returns
    -------
    Array, the shapes broadcast; 0 where T is not above p: the model explains no more than chance would. NaN where
    either is.

    Assumes
    -------
    The columns were chosen before the outcome was looked at; many patients for each coefficient (with few it is too
    high for maximum likelihood).

    References
    ----------
    vanhouwelingen1990

    Examples
    --------
    >>> print(heuristic_shrinkage([40.0, 5.0, 3.0], 4))
    [0.9 0.2 0. ]
    """
    chi_squared, columns = np.asarray(statistic, dtype=np.float64), np.asarray(df, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.where(chi_squared > columns, 1.0 - columns / chi_squared, 0.0)
    return np.where(np.isnan(chi_squared) | np.isnan(columns), np.nan, slope)[()]


def risk_groups(
    prediction: ArrayLike, events: ArrayLike, n: ArrayLike, groups: int = 10, level: float = 0.95
) -> RiskGroups:
    r"""Observed against predicted risk in groups of patients by predicted risk (tenths), with Wilson limits.

    A row belongs to group g if the patients with a lower prediction and half of those with the same make up a share
    from (g - 1)/G to g/G. Patients with one prediction stay together, so that groups may differ in size, or be empty.

    Parameters
    ----------
    prediction
        Predicted risks, shape (..., R).
    events, n
        Patients with the event, and all patients, of each row; whole numbers, shape (..., R).
    groups
        G.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    RiskGroups, groups on the last axis; an empty one has 0 patients and NaN.

    Raises
    ------
    ValueError
        If a prediction lies outside [0, 1], counts are not whole numbers with 0 <= events <= n, `groups` is below 1, or
        `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients. For looking at; its P value (Hosmer and Lemeshow's) depends on the grouping and is not given.

    References
    ----------
    steyerberg2010

    Examples
    --------
    >>> answer = risk_groups([0.1, 0.2, 0.3, 0.4], [0, 3, 3, 5], [10, 10, 10, 10], groups=2)
    >>> print(answer.predicted, answer.observed)
    [0.15 0.35] [0.15 0.4 ]
    """
    if groups < 1:
        raise ValueError(f"groups must be 1 or more; got {groups}")
    some, patients, p = _checked(prediction, events, n)
    order = np.argsort(p, axis=-1, kind="stable")
    p, y, m = (np.take_along_axis(part, order, axis=-1) for part in (p, some, patients))
    ends = np.cumsum(m, axis=-1)
    new = np.concatenate([np.ones_like(p[..., :1], dtype=bool), p[..., 1:] > p[..., :-1]], axis=-1)
    last = np.concatenate([new[..., 1:], np.ones_like(new[..., :1])], axis=-1)
    low = np.maximum.accumulate(np.where(new, ends - m, 0.0), axis=-1)
    high = np.minimum.accumulate(np.where(last, ends, np.inf)[..., ::-1], axis=-1)[..., ::-1]
    middle = (low + high) / 2.0 / np.maximum(ends[..., -1:], 1.0)
    place = np.clip(np.floor(middle * groups), 0, groups - 1)
    inside = place[..., None, :] == np.arange(groups)[:, None]
    size, with_event = (inside * m[..., None, :]).sum(-1), (inside * y[..., None, :]).sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        predicted = (inside * (m * p)[..., None, :]).sum(-1) / size
        observed = with_event / size
    return RiskGroups(size, with_event, predicted, observed, wilson(with_event, size, level))


def _checked(prediction: ArrayLike, events: ArrayLike, n: ArrayLike) -> tuple[Array, Array, Array]:
    some, patients = check_counts(events, n)
    p = np.asarray(prediction, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("prediction must lie between 0 and 1")
    y, m, risk = np.broadcast_arrays(some, patients, p)
    if risk.ndim == 0:
        raise ValueError("prediction, events and n need an axis of rows")
    return y, m, risk
