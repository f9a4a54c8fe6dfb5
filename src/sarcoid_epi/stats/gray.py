"""Do groups differ in the cumulative incidence of one cause? Gray's test.

Notation, for group k: Y_k at risk just before t, d_1k events of the cause at t, d_2k of the others, S_k Kaplan-Meier's
curve free of all events, F_k the cumulative incidence of the cause; a dot sums over groups.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc

from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.log_rank import GroupTest, events_of, quadratic_form
from sarcoid_epi.stats.risk_table import RiskTable


def gray_test(table: RiskTable, cause: int = 1, rho: float = 0.0) -> GroupTest:
    r"""Gray's test of equal cumulative incidence of one cause in G groups.

    Those who had another event stay in a group's risk set in proportion:

    .. math:: R_k = h_k (1 - F_k(t-)), \quad h_k = \frac{Y_k}{S_k(t-)}, \qquad
              z_k = \sum_t K(t) \left[ d_{1k} - d_{1.} \frac{R_k}{R_.} \right]

    with :math:`K = (1 - F^0(t-))^\rho` and :math:`dF^0 = d_{1.} / h_.` the incidence common to all groups. The variance
    comes from writing z as sums of independent parts, of the cause and of the others in each group:

    .. math:: z_i \approx \sum_k \sum_u \frac{1}{h_k} \left\{ [a_{ik} + (1 - q_k) c_{ik}]\, dM_{1k}
              - q_k c_{ik}\, dM_{2k} \right\}, \quad q_k(u) = \frac{1 - F^0(u)}{S_k(u)}

    .. math:: a_{ik} = K h_i (1(i = k) - h_k/h_.), \qquad c_{ik}(u) = \sum_{t > u} a_{ik}(t) \frac{dF^0(t)}{1 - F^0(t-)}

    and the variances of dM of the hypergeometric kind, with the common incidence for the cause tested.

    A log-rank test of the same cause asks about its rate among those still free of everything; this one about how many
    come to have it. They can point in opposite directions.

    Parameters
    ----------
    table
        A risk table with the groups on the last leading axis, (..., G, T); axes before are replicates.
    cause
        Number of the cause tested, 1, 2, ...
    rho
        0 weighs all times alike; 1 early ones more.

    Returns
    -------
    GroupTest; expected is the second sum of z. NaN with a note where nothing can be compared, also where a group's
    curve fell to 0 while others were still to enter.

    Raises
    ------
    ValueError
        If there are fewer than two groups or no such cause.

    Assumes
    -------
    Censoring and late entry tell nothing about the events within a group. With late entry the variance holds as well,
    but not where a group starts with a few at risk. Weights in the table are numbers of patients.

    References
    ----------
    gray1988

    Examples
    --------
    With one cause and no censoring it is close to the log-rank test:

    >>> from sarcoid_epi.stats.risk_table import risk_table
    >>> from sarcoid_epi.stats.log_rank import log_rank
    >>> table = risk_table(range(1, 41), [1] * 40, group=[0, 1, 1, 0] * 10)
    >>> print(f"{gray_test(table).statistic:.3f} {log_rank(table).statistic:.3f}")
    0.015 0.015
    """
    if table.at_risk.ndim < 2 or table.at_risk.shape[-2] < 2:
        raise ValueError("table must have at least two groups on a leading axis")
    first = events_of(table, cause)
    other = table.events.sum(-2) - first
    at_risk = table.at_risk
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(first + other > 0, (first + other) / at_risk, 0.0)
        survival = np.asarray(np.cumprod(1.0 - hazard, axis=-1), dtype=np.float64)
        before = _lagged(survival, 1.0)
        incidence = _lagged(np.cumsum(np.where(first > 0, before * first / at_risk, 0.0), axis=-1), 0.0)
        h = np.where(at_risk > 0, at_risk / before, 0.0)
        total, h_all = first.sum(-2), h.sum(-2)
        r = h * (1.0 - incidence)
        step = np.where(total > 0, total / h_all, 0.0)
        common = np.cumsum(step, axis=-1)
        common_before = _lagged(common, 0.0)
        weight = (1.0 - common_before) ** rho
        expected = np.where(total > 0, weight * total / r.sum(-2), 0.0)
        observed, expected = (weight[..., None, :] * first).sum(-1), (expected[..., None, :] * r).sum(-1)
        growth = np.where(total > 0, step / (1.0 - common_before), 0.0)
        q = np.where(survival > 0, (1.0 - common)[..., None, :] / survival, 0.0)
        same = _ties(total[..., None, :], h_all[..., None, :] * before)
        of_first = np.where((at_risk > 0) & (total > 0)[..., None, :], same * step[..., None, :] / h, 0.0)
        of_other = np.where((survival > 0) & (other > 0), _ties(other, at_risk) * other / h**2, 0.0)
        variance = _variance(h, weight, growth, q, of_first, of_other)
    difference = observed - expected
    statistic, degrees, note = quadratic_form(difference, variance, observed)
    with np.errstate(invalid="ignore"):
        p_value = np.asarray(chdtrc(degrees, statistic))
    return GroupTest(observed, expected, variance, statistic[()], degrees[()], p_value[()], note[()])


def _variance(h: Array, weight: Array, growth: Array, q: Array, of_first: Array, of_other: Array) -> Array:
    """Sum over groups k and times of the two squares; one group k at a time, its (i, j) parts at once."""
    h_all = h.sum(-2)
    groups = h.shape[-2]
    variance = np.zeros((*h.shape[:-2], groups, groups))
    for k in range(groups):
        own = (np.arange(groups) == k)[:, None]
        share = np.where(h_all > 0, h[..., k, :] / h_all, 0.0)[..., None, :]
        a = weight[..., None, :] * h * (own - share)
        a = np.where(h_all[..., None, :] > 0, a, 0.0)
        increments = a * growth[..., None, :]
        c = increments.sum(-1, keepdims=True) - np.cumsum(increments, axis=-1)
        qk = q[..., k, None, :]
        to_first, to_other = a + (1.0 - qk) * c, qk * c
        variance += (to_first * of_first[..., k, None, :]) @ to_first.swapaxes(-1, -2)
        variance += (to_other * of_other[..., k, None, :]) @ to_other.swapaxes(-1, -2)
    return variance


def _ties(events: Array, at_risk: Array) -> Array:
    """Hypergeometric instead of binomial: 1 - (d - 1)/(Y - 1)."""
    return np.where(events > 1, 1.0 - (events - 1.0) / (at_risk - 1.0), 1.0)


def _lagged(values: Array, start: float) -> Array:
    """Each value just before its time."""
    return np.concatenate([np.full((*values.shape[:-1], 1), start), values[..., :-1]], axis=-1)
