"""The true share from patients verified with known, individual probabilities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.misclassification import Corrected
from sarcoid_epi.stats.verification import ALL_CASES, NO_CASE
from sarcoid_epi.stats.verified_cells import wilson_at

NONE_VERIFIED = "nobody verified"
ABOVE_ONE = "Horvitz-Thompson share not below 1: use Hajek's"


class WeightedShare(NamedTuple):
    """The two weighted shares, each a Corrected, and a note."""

    horvitz_thompson: Corrected
    hajek: Corrected
    note: NDArray[np.str_]


def inverse_probability_share(
    cases: ArrayLike, verified: ArrayLike, probability: ArrayLike, level: float = 0.95
) -> WeightedShare:
    r"""True share when each patient had a known probability of being verified (Horvitz-Thompson and Hajek).

    .. math:: \hat\pi_{HT} = \frac1N \sum_i \frac{v_i y_i}{p_i}, \qquad
              \hat\pi_H = \frac{\sum_i v_i y_i / p_i}{\hat N}, \qquad \hat N = \sum_i \frac{v_i}{p_i}

    with linearised standard errors

    .. math:: \sigma_{HT} = \frac1N \sqrt{\sum_i \left(\frac{v_i y_i}{p_i} - \hat\pi_{HT}\right)^2}, \qquad
              \sigma_H = \frac{1}{\hat N} \sqrt{\sum_i \frac{v_i (y_i - \hat\pi_H)^2}{p_i^2}}

    Limits are Wilson's for the size n* of a simple sample of that precision, :math:`\pi(1 - \pi)/\sigma^2`; where all
    or none are cases, Kish's :math:`(\sum v/p)^2 / \sum v/p^2`. With p the verified share of each stratum both shares
    equal that of `stratified_share`, whose limits are then the better ones: they use that the weights are known.

    Parameters
    ----------
    cases
        y_i, 1 for a case and 0 for none, shape (..., N): patients on the last axis, groups before it. Read only where
        verified.
    verified
        v_i, 1 where the patient was verified, else 0.
    probability
        p_i of being verified, above 0 and at most 1, of all patients.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    WeightedShare, of the leading shape. NaN where nobody was verified; the Horvitz-Thompson share may exceed 1, it then
    has no limits.

    Raises
    ------
    ValueError
        If cases or verified are other than 0 and 1, a probability is not in (0, 1], there is no axis of patients, or
        `level` is not between 0 and 1.

    Assumes
    -------
    Each patient is verified independently with the probability given, which is not 0 for anybody; the reference
    standard is right; the patients are a sample of the population meant.

    References
    ----------
    horvitz1952, hajek1971, kish1965

    Examples
    --------
    Four patients verified, of probabilities 1/2, 1/2, 1/4 and 1/4, the first and the third cases, among twelve:

    >>> probability = np.array([1 / 2] * 4 + [1 / 4] * 8)
    >>> verified = np.array([1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0])
    >>> cases = np.array([1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    >>> answer = inverse_probability_share(cases, verified, probability)
    >>> print(f"{answer.horvitz_thompson.estimate:.3f} {answer.hajek.estimate:.3f}")
    0.500 0.500
    """
    z = normal_quantile(level)
    v, p = np.asarray(verified, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    y, v, p = np.broadcast_arrays(np.asarray(cases, dtype=np.float64), v, p)
    if v.ndim == 0:
        raise ValueError("cases, verified and probability need an axis of patients")
    if not np.isin(v, (0, 1)).all():
        raise ValueError("verified must be 0 or 1")
    if not np.isin(y[v == 1], (0, 1)).all():
        raise ValueError("cases must be 0 or 1 where verified")
    if not ((p > 0) & (p <= 1)).all():
        raise ValueError("probability must lie above 0 and not exceed 1")
    y = np.where(v == 1, y, 0.0)
    weight, patients = v / p, v.shape[-1]
    counted = weight.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        kish = counted**2 / (weight**2).sum(-1)
        horvitz = np.where(counted > 0, (weight * y).sum(-1) / patients, np.nan)
        hajek = (weight * y).sum(-1) / counted
        horvitz_error = np.sqrt(((weight * y - horvitz[..., None]) ** 2).sum(-1)) / patients
        hajek_error = np.sqrt((weight**2 * (y - hajek[..., None]) ** 2).sum(-1)) / counted
    note = np.select(
        [counted == 0, hajek == 0, hajek == 1, horvitz >= 1], [NONE_VERIFIED, NO_CASE, ALL_CASES, ABOVE_ONE], ""
    )
    return WeightedShare(
        _as_simple_sample(horvitz, horvitz_error, kish, z), _as_simple_sample(hajek, hajek_error, kish, z), note[()]
    )


def _as_simple_sample(estimate: Array, error: Array, kish: Array, z: float) -> Corrected:
    """Wilson's limits at the size of a simple sample with this standard error."""
    inside = (estimate > 0) & (estimate < 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        limits = wilson_at(estimate, np.where(inside, estimate * (1 - estimate) / error**2, kish), z)
    low, high = (np.where(estimate > 1, np.nan, end) for end in limits)
    error = np.where(inside | (estimate > 1), error, np.nan)
    return Corrected(estimate[()], error[()], low[()], high[()])
