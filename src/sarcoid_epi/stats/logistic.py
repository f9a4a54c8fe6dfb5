r"""Logistic regression on grouped rows, by maximum likelihood.

Notation: x_r the covariates of row r (its constant included), n_r patients with them, y_r of them with the event, beta
the coefficients, mu_r the chance of the event. A million patients cost what their covariate patterns cost
(`rows.grouped`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sarcoid_epi.stats.interval import check_level
from sarcoid_epi.stats.likelihood_search import (
    Fit,
    coefficients,
    joined,
    logistic_search,
    profiled,
    ratio_tested,
    split,
    with_wald_limits,
)
from sarcoid_epi.stats.profile_likelihood import Profile, RatioTest
from sarcoid_epi.stats.rows import Rows, check_columns, check_rows
from sarcoid_epi.stats.shared_design import shared_fit, shares_design


def logistic(
    rows: ArrayLike, events: ArrayLike, n: ArrayLike, level: float = 0.95, weights: ArrayLike | None = None
) -> Fit:
    r"""Log odds ratios by maximum likelihood, with Wald limits.

    .. math:: \mathrm{logit}\, \mu_r = x_r^T \beta, \qquad
              \ell(\beta) = \sum_r y_r \log \mu_r + (n_r - y_r) \log(1 - \mu_r), \qquad
              V = \Big( \sum_r n_r \mu_r (1 - \mu_r)\, x_r x_r^T \Big)^{-1}, \qquad
              \hat\beta_j \pm z \sqrt{V_{jj}}

    (The binomial coefficients are left out of the log-likelihood, so that it is that of the single patients.) Where
    the likelihood has no finite maximum, everything is NaN: see `separation` for which coefficients are infinite, and
    `firth` for what to do. So it is where a column follows from those before it; the note names the column.

    Parameters
    ----------
    rows
        Design matrices, shape (..., R, P), the constant among the columns; finite numbers.
    events, n
        Patients with the event, and all patients, of each row; whole numbers, shape (..., R). Single patients are rows
        with n = 1 and events 0 or 1 (True and False are taken as 1 and 0). Rows with n = 0 count for nothing.
    level
        Confidence level, between 0 and 1.
    weights
        A weight for each patient of a row (inverse probability of selection), shape (..., R). The covariance then
        takes them for patients and is **not** right: use that of `logistic_sandwich`.

    Returns
    -------
    Fit, the leading shapes broadcast.

    Raises
    ------
    ValueError
        If rows are not finite, counts are not whole numbers with 0 <= events <= n, shapes do not fit, a weight is
        negative, or `level` is not between 0 and 1.

    Assumes
    -------
    Independent patients (else see `logistic_sandwich` with clusters); the log odds are linear in the columns. Estimates
    are too far from 0 with few events: `firth` below 10 events for each coefficient.

    References
    ----------
    albert1984

    Examples
    --------
    A table of two by two: the odds ratio and Woolf's standard error of its logarithm.

    >>> import numpy as np
    >>> fit = logistic([[1, 0], [1, 1]], [10, 30], [50, 60])
    >>> print(f"{np.exp(fit.estimate[1]):.4f} {fit.std_error[1] ** 2:.4f} {1/10 + 1/40 + 1/30 + 1/30:.4f}")
    4.0000 0.1917 0.1917
    """
    check_level(level)
    given = check_rows(rows, events, n, weights)
    parts = [_fit(part, level) for part in split(given, together=True)]
    return Fit._make(joined(field, given.lead) for field in zip(*parts, strict=True))


def logistic_profile(
    rows: ArrayLike, events: ArrayLike, n: ArrayLike, level: float = 0.95, columns: ArrayLike | None = None
) -> Profile:
    r"""Profile-likelihood limits of each log odds ratio, and the likelihood-ratio test that it is 0.

    .. math:: \{ b : 2 [ \ell(\hat\beta) - \max_{\beta_j = b} \ell(\beta) ] \le z^2 \}, \qquad
              T_j = 2 [ \ell(\hat\beta) - \max_{\beta_j = 0} \ell(\beta) ] \sim \chi^2_1

    Parameters
    ----------
    rows, events, n, level
        As in `logistic`.
    columns
        Numbers of the columns whose limits are wanted; all of them, if None.

    Returns
    -------
    Profile, the leading shapes broadcast; NaN where `logistic` is, and for columns not asked for.

    Raises
    ------
    ValueError
        As in `logistic`.

    Assumes
    -------
    As in `logistic`. Better than Wald limits where the likelihood is lopsided: few events, strong effects.

    References
    ----------
    venzon1988

    Examples
    --------
    Nobody in whom the covariate matters: 5 of 10 and 5 of 10.

    >>> answer = logistic_profile([[1, 0], [1, 1]], [5, 5], [10, 10])
    >>> print(f"{answer.low[1]:.4f} {answer.high[1]:.4f} {answer.p_value[1]:.4f}")
    -1.7812 1.7812 1.0000
    """
    check_level(level)
    given = check_rows(rows, events, n)
    size = given.design.shape[-1]
    wanted = np.arange(size) if columns is None else check_columns(columns, size)
    parts = [profiled(logistic_search(part), level, wanted) for part in split(given, 4 * len(wanted))]
    return Profile._make(joined(field, given.lead) for field in zip(*parts, strict=True))


def logistic_ratio_test(rows: ArrayLike, events: ArrayLike, n: ArrayLike, columns: ArrayLike) -> RatioTest:
    r"""Likelihood-ratio test that all the coefficients named are 0: a factor of several levels, the bends of a spline.

    .. math:: T = 2 [ \ell(\hat\beta) - \max_{\beta_S = 0} \ell(\beta) ] \sim \chi^2_{|S|}

    Parameters
    ----------
    rows, events, n
        As in `logistic`.
    columns
        S, the numbers of the columns, from 0.

    Returns
    -------
    RatioTest, of the leading shape; NaN where `logistic` is.

    Raises
    ------
    ValueError
        As in `logistic`, or if `columns` names a column that is not there, one twice, or none.

    Assumes
    -------
    As in `logistic`; enough patients for the chi-squared distribution to hold.

    References
    ----------
    venzon1988

    Examples
    --------
    >>> test = logistic_ratio_test([[1, 0], [1, 1]], [10, 30], [50, 60], columns=[1])
    >>> print(f"{test.statistic:.3f} {test.df} {test.p_value:.5f}")
    10.988 1 0.00092
    """
    given = check_rows(rows, events, n)
    chosen = check_columns(columns, given.design.shape[-1])
    parts = [ratio_tested(logistic_search(part), chosen) for part in split(given)]
    return RatioTest._make(joined(field, given.lead) for field in zip(*parts, strict=True))


def _fit(given: Rows, level: float) -> Fit:
    """All groups at once where they share a design; those that this cannot fit, and others, each in its own basis."""
    if not shares_design(given):
        found = logistic_search(given)
        return with_wald_limits(*coefficients(found), found.top.value, found.note, level)
    estimate, covariance, value, done = shared_fit(given)
    note = np.full(len(given.n), "", dtype=object)
    if (rest := np.flatnonzero(~done)).size:
        own = logistic_search(
            Rows(given.design[rest], given.events[rest], given.n[rest], given.weights[rest], (rest.size,))
        )
        estimate[rest], covariance[rest] = coefficients(own)
        value[rest], note[rest] = own.top.value, own.note
    return with_wald_limits(estimate, covariance, value, note.astype(str), level)
