"""The score test of two independent proportions; notation as in `two_samples`.

The contrasts themselves stand in `risk_difference`, `risk_ratio`, `odds_ratio` and `exact_odds_ratio`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfc

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.two_samples import two_samples


class ScoreTest(NamedTuple):
    """Statistic, standard normal under equal proportions and positive where p1 is the larger, and two-sided p value."""

    statistic: Array
    p_value: Array


def score_test(
    events1: ArrayLike, n1: ArrayLike, events0: ArrayLike, n0: ArrayLike, corrected: bool = True
) -> ScoreTest:
    r"""Score test that two proportions are equal: Pearson's chi-squared as a signed z, without continuity correction.

    .. math:: Z = \frac{\hat p_1 - \hat p_0}{\sqrt{\bar p (1 - \bar p)(1/n_1 + 1/n_0) \, N/(N-1)}}, \qquad
              \bar p = \frac{x_1 + x_0}{N}

    With the factor N/(N - 1) it is the "N - 1" chi-squared test, whose p value is below alpha exactly where the limits
    of `score_difference` and `score_odds_ratio` leave out 0 and 1; without (`corrected=False`) it is Pearson's, which
    goes with `score_ratio`.

    Parameters
    ----------
    events1, n1
        Number with the event, among how many, in the group of interest; whole numbers, any shape.
    events0, n0
        The same in the reference group, broadcast against the former.
    corrected
        Whether the variance carries the factor N/(N - 1).

    Returns
    -------
    ScoreTest, of the broadcast shape; 0 and 1 where nobody or everybody has the event, NaN where a group is empty.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n.

    Assumes
    -------
    Independent patients, one common probability in each group, and counts that are not tiny (expected above 1).

    References
    ----------
    miettinen1985, campbell2007

    Examples
    --------
    The table 3, 1 over 1, 3, worked out by hand: chi-squared 2, P = 0.1573, times 7/8 with the factor.

    >>> print(f"{score_test(3, 4, 1, 4, corrected=False).p_value:.4f} {score_test(3, 4, 1, 4).statistic ** 2:.4f}")
    0.1573 1.7500
    """
    x1, m1, x0, m0 = two_samples(events1, n1, events0, n0)
    total = m1 + m0
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (x1 + x0) / total
        variance = pooled * (1.0 - pooled) * (1.0 / m1 + 1.0 / m0) * (total / (total - 1.0) if corrected else 1.0)
        statistic = (x1 / m1 - x0 / m0) / np.sqrt(variance)
    statistic = np.where((pooled == 0) | (pooled == 1), 0.0, statistic)
    statistic = np.where((m1 == 0) | (m0 == 0), np.nan, statistic)
    return ScoreTest(statistic[()], np.asarray(erfc(np.abs(statistic) / np.sqrt(2.0)))[()])
