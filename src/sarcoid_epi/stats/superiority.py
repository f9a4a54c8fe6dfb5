"""Probability that a patient of one group has the higher value than one of the other, for ordered characteristics.

Notation: Y1 and Y0 values of random patients of the group of interest and of the reference group, theta the probability
of superiority, z the two-sided standard normal quantile.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, stdtr, stdtrit

from sarcoid_epi.stats.interval import Array, normal_quantile
from sarcoid_epi.stats.two_samples import category_counts, score_limits

EMPTY = "a group has no patients"
ONE_PATIENT = "a group has one patient: no Brunner-Munzel limits"
APART = "every patient of one group lies above every patient of the other: no Brunner-Munzel limits"
ALIKE = "neither group varies: no Brunner-Munzel limits"


class Superiority(NamedTuple):
    """Probability of superiority with two kinds of limits; fields of one shape.

    Attributes
    ----------
    estimate
        Probability of superiority, a tie counting half.
    low, high
        Newcombe's limits (method 5).
    logit_low, logit_high, p_value
        Brunner-Munzel limits on the logit scale, and the p value of their test that the probability is 1/2.
    note
        Empty, or why something is missing.
    """

    estimate: Array
    low: Array
    high: Array
    logit_low: Array
    logit_high: Array
    p_value: Array
    note: NDArray[np.str_]


def probability_of_superiority(counts1: ArrayLike, counts0: ArrayLike, level: float = 0.95) -> Superiority:
    r"""Probability of superiority from ordered categories: the Mann-Whitney count over the number of pairs.

    .. math:: \hat\theta = \frac{U}{n_1 n_0}, \qquad \theta = P(Y_1 > Y_0) + \tfrac12 P(Y_1 = Y_0)

    Newcombe's limits (method 5) are the theta with :math:`|\hat\theta - \theta| = z \sqrt{V(\theta)}`,

    .. math:: V(\theta) = \frac{\theta (1 - \theta)}{n_1 n_0} \left[1 + \left(\frac{n_1 + n_0}{2} - 1\right)
              \left(\frac{1 - \theta}{2 - \theta} + \frac{\theta}{1 + \theta}\right)\right]

    Brunner-Munzel's use the placements of the patients, their share of the other group that lies below. With s_i^2 the
    variances of the placements in the two groups,

    .. math:: \sigma^2 = \frac{s_1^2}{n_1} + \frac{s_0^2}{n_0}, \qquad
              \mathrm{logit}\, \hat\theta \pm t_\nu \frac{\sigma}{\hat\theta (1 - \hat\theta)}, \qquad
              \nu = \frac{\sigma^4}{s_1^4 / \{n_1^2 (n_1 - 1)\} + s_0^4 / \{n_0^2 (n_0 - 1)\}}

    and the p value is two-sided from :math:`t_\nu` at :math:`(\hat\theta - 1/2)/\sigma`.

    Parameters
    ----------
    counts1, counts0
        Patients by category, lowest first, in the group of interest and in the reference group, shape (...,
        categories). `ordered_counts` makes them from values.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Superiority, of the leading shape. Newcombe's limits are two-sided also where theta is 0 or 1, their outer end is
    then 0 or 1; Brunner-Munzel's are NaN there, where a group has one patient, and where neither varies. All NaN where
    a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers from 0, have no axis of categories, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients. Newcombe's limits take the variance from a model of two exponential distributions and are wide
    for few categories; Brunner-Munzel's assume nothing of the kind but more than a few patients.

    References
    ----------
    newcombe2006, hanley1982, brunner2000

    Examples
    --------
    Two against two, three of the four pairs decided for the group of interest:

    >>> answer = probability_of_superiority([0, 1, 0, 1], [1, 0, 1, 0])
    >>> print(f"{answer.estimate:.2f} {answer.low:.4f} {answer.high:.4f}")
    0.75 0.2272 0.9668
    """
    z = normal_quantile(level)
    first, second = np.broadcast_arrays(category_counts(counts1, "counts1"), category_counts(counts0, "counts0"))
    n1, n0 = first.sum(-1), second.sum(-1)
    empty, single = (n1 == 0) | (n0 == 0), (n1 == 1) | (n0 == 1)
    k1, k0 = np.where(empty, 1.0, n1), np.where(empty, 1.0, n0)
    placed1 = (np.cumsum(second, -1) - second / 2.0) / k0[..., None]
    placed0 = (np.cumsum(first, -1) - first / 2.0) / k1[..., None]
    theta = np.where(empty, 0.5, (first * placed1).sum(-1) / k1)
    apart = (theta == 0) | (theta == 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        s1 = (first * (placed1 - theta[..., None]) ** 2).sum(-1) / (k1 - 1.0) / k1
        s0 = (second * (placed0 - (1.0 - theta[..., None])) ** 2).sum(-1) / (k0 - 1.0) / k0
        error = np.sqrt(s1 + s0)
        df = (s1 + s0) ** 2 / (s1**2 / (k1 - 1.0) + s0**2 / (k0 - 1.0))
        fine = ~(empty | single | apart) & (error > 0)
        reach = stdtrit(df, (1.0 + level) / 2.0) * error / (theta * (1.0 - theta))
        sides = [np.where(fine, expit(logit(theta) + side * reach), np.nan) for side in (-1.0, 1.0)]
        p_value = np.where(fine, 2.0 * stdtr(df, -np.abs(theta - 0.5) / error), np.nan)
    low, high = score_limits(_exponential, theta, (0.0, 1.0), z, (theta, k1, k0))
    note = np.select([empty, apart, single, error == 0], [EMPTY, APART, ONE_PATIENT, ALIKE], "")
    fields = *(np.where(empty, np.nan, field) for field in (theta, low, high)), *sides, p_value
    return Superiority._make((*(np.asarray(field)[()] for field in fields), note[()]))


def ordered_counts(values1: ArrayLike, values0: ArrayLike) -> tuple[Array, Array]:
    """Counts of two groups over the distinct values of both together, in rising order.

    Parameters
    ----------
    values1, values0
        Values of the two groups, shapes (..., n1) and (..., n0); NaN is left out.

    Returns
    -------
    Two arrays of counts, shape (..., n1 + n0): as many places as there can be distinct values, the rest 0.

    Raises
    ------
    ValueError
        If there is no axis of patients.

    Examples
    --------
    >>> first, second = ordered_counts([3.0, 1.0], [2.0, 3.0])
    >>> print(first, second)
    [1. 0. 1. 0.] [0. 1. 1. 0.]
    """
    x, y = np.asarray(values1, dtype=np.float64), np.asarray(values0, dtype=np.float64)
    if x.ndim == 0 or y.ndim == 0:
        raise ValueError("values need an axis of patients")
    lead = np.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    both = np.concatenate(
        [np.broadcast_to(x, (*lead, x.shape[-1])), np.broadcast_to(y, (*lead, y.shape[-1]))], axis=-1
    ).reshape(-1, x.shape[-1] + y.shape[-1])
    order = np.argsort(both, axis=-1, kind="stable")
    ordered = np.take_along_axis(both, order, -1)
    place = np.zeros(ordered.shape, dtype=np.intp)
    place[:, 1:] = np.cumsum(ordered[:, 1:] != ordered[:, :-1], axis=-1)
    place += np.arange(ordered.shape[0])[:, None] * ordered.shape[-1]
    known, mine = ~np.isnan(ordered), order < x.shape[-1]
    counted = (
        np.bincount(place[known & some], minlength=place.size).astype(np.float64).reshape(*lead, ordered.shape[-1])
        for some in (mine, ~mine)
    )
    first, second = counted
    return first, second


def _exponential(theta: Array, estimate: Array, n1: Array, n0: Array) -> Array:
    """Signed statistic of Newcombe's method 5."""
    more = ((n1 + n0) / 2.0 - 1.0) * ((1.0 - theta) / (2.0 - theta) + theta / (1.0 + theta))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (estimate - theta) / np.sqrt(theta * (1.0 - theta) * (1.0 + more) / (n1 * n0))
    return np.where(theta == estimate, 0.0, value)
