r"""How well predicted risks tell patients with the event from those without: the c statistic, with DeLong's interval.

Predictions are grouped: each row holds a predicted risk, the patients who have it and those of them with the event.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from sarcoid_epi.stats.interval import Array, check_counts, normal_quantile

ONE_KIND = "nobody or everybody has the event: nothing to tell apart"
PERFECT = "predictions part the patients wholly: the standard error is 0 and the limits say nothing"


class Concordance(NamedTuple):
    """The c statistic with standard error and limits, and a note; of the leading shape."""

    estimate: Array
    std_error: Array
    low: Array
    high: Array
    note: NDArray[np.str_]


def concordance(prediction: ArrayLike, events: ArrayLike, n: ArrayLike, level: float = 0.95) -> Concordance:
    r"""Area under the ROC curve: the chance that a patient with the event was given the higher risk, ties half.

    .. math:: c = \frac{1}{m_1 m_0} \sum_{i:\, y_i = 1} \; \sum_{j:\, y_j = 0}
              \left[ I(p_i > p_j) + \tfrac12 I(p_i = p_j) \right], \qquad
              \mathrm{se}^2 = \frac{s_1^2}{m_1} + \frac{s_0^2}{m_0}

    with m_1 and m_0 the patients with and without the event, and s_1^2, s_0^2 the variances (divisor m - 1) of the
    share of patients of the other kind that each patient is on the right side of (DeLong). Worked out from ranks, in
    the time that sorting takes. Limits are Wald's on the logit scale, so that they stay between 0 and 1.

    Parameters
    ----------
    prediction
        Predicted risk, or any score that rises with it, finite, shape (..., R).
    events, n
        Patients with the event, and all patients, of each row; whole numbers, shape (..., R).
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Concordance, of the leading shape; NaN where all patients are of one kind, standard error and limits also where
    there is one patient of a kind; limits NaN where c is 0 or 1.

    Raises
    ------
    ValueError
        If predictions are not finite, counts are not whole numbers with 0 <= events <= n, or `level` is not between 0
        and 1.

    Assumes
    -------
    Independent patients; predictions that were not made from these patients. On the data of the fit c is too high.

    References
    ----------
    delong1988

    Examples
    --------
    Events at risks 3 and 2, none at 1 and 2: of four pairs three are right and one is tied.

    >>> print(f"{concordance([1, 2, 3], [0, 1, 1], [1, 2, 1]).estimate:.3f}")
    0.875
    """
    z = normal_quantile(level)
    some, patients = check_counts(events, n)
    scores = np.asarray(prediction, dtype=np.float64)
    if not np.isfinite(scores).all():
        raise ValueError("prediction must be finite numbers")
    if scores.ndim == 0:
        raise ValueError("prediction, events and n need an axis of rows")
    p, one, whole = np.broadcast_arrays(scores, some, patients)
    order = np.argsort(p, axis=-1, kind="stable")
    p, one, whole = (np.take_along_axis(part, order, axis=-1) for part in (p, one, whole))
    zero = whole - one
    total_one, total_zero = one.sum(-1, keepdims=True), zero.sum(-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        right_one = _half_tied_below(p, zero) / total_zero
        right_zero = 1.0 - _half_tied_below(p, one) / total_one
        estimate = (one * right_one).sum(-1) / total_one[..., 0]
        spread = _variance(right_one, one, estimate) + _variance(right_zero, zero, estimate)
        error = np.sqrt(spread)
        reach = z * error / (estimate * (1.0 - estimate))
        low, high = expit(logit(estimate) - reach), expit(logit(estimate) + reach)
    lost = (total_one[..., 0] == 0) | (total_zero[..., 0] == 0)
    edge = (estimate == 0) | (estimate == 1)
    note = np.select([lost, edge], [ONE_KIND, PERFECT], "")
    fields = [np.where(lost, np.nan, estimate), np.where(lost, np.nan, error)]
    fields += [np.where(lost | edge, np.nan, limit) for limit in (low, high)]
    return Concordance._make([*(field[()] for field in fields), note[()]])


def _half_tied_below(p: Array, count: Array) -> Array:
    """Of sorted scores, how many of `count` lie below each, and half of those at it."""
    ends = np.cumsum(count, axis=-1)
    new = np.concatenate([np.ones_like(p[..., :1], dtype=bool), p[..., 1:] > p[..., :-1]], axis=-1)
    last = np.concatenate([new[..., 1:], np.ones_like(new[..., :1])], axis=-1)
    place = np.broadcast_to(np.arange(p.shape[-1]), p.shape)
    first = np.maximum.accumulate(np.where(new, place, 0), axis=-1)
    end = np.minimum.accumulate(np.where(last, place, p.shape[-1] - 1)[..., ::-1], axis=-1)[..., ::-1]
    below = np.take_along_axis(ends - count, first, axis=-1)
    return np.asarray((below + np.take_along_axis(ends, end, axis=-1)) / 2.0)


def _variance(values: Array, count: Array, mean: Array) -> Array:
    """Variance of the mean of values that so many patients have each; NaN with one patient."""
    patients = count.sum(-1)
    square = (count * (values - mean[..., None]) ** 2).sum(-1)
    return np.where(patients > 1, square / (patients * np.where(patients > 1, patients - 1.0, 1.0)), np.nan)
