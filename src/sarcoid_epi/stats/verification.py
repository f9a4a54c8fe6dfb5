"""The true share, and what the record misses, when only some patients are verified by a reference standard.

Notation: cells c are strata, or record results (positive, negative) within strata. N_c patients of whom
m_c are verified and y_c of these are cases; W_c = N_c / N; theta_c = y_c / m_c; z the two-sided standard normal
quantile.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.interval import Array, check_counts, normal_quantile
from sarcoid_epi.stats.misclassification import Corrected
from sarcoid_epi.stats.verified_cells import cells_of, group, limiting_shares, part_of, turned

NO_PATIENTS = "no patients"
UNVERIFIED_STRATUM = "a stratum has patients but none of them verified"
SINGLE_PATIENT = "a stratum rests on one verified patient"
NO_CASE = "no case among the verified: only the upper limit says something"
ALL_CASES = "all verified are cases: only the lower limit says something"
UNVERIFIED_POSITIVE = "record-positives without a verified one: nothing but the value of a negative record is known"
UNVERIFIED_NEGATIVE = "record-negatives without a verified one: nothing but the value of a positive record is known"
UNVERIFIED_BOTH = "record-positives and record-negatives without a verified one"
NO_MISSED_CASE = "no missed case among the verified: only the limits say how many the record may miss"

NO_FOUND_CASE = "no case among the verified record-positives: only the limits say how many the record may find"
NOBODY_ON_RECORD = "nobody is on record: only the limits say how many of the cases such a record may find"
ALL_ON_RECORD = "everybody is on record: only the limits say how many such a record may miss"

Text = NDArray[np.str_]


class VerifiedShare(NamedTuple):
    """A share with standard error (NaN where all or none are cases), limits, and a note where something is amiss."""

    estimate: Array
    std_error: Array
    low: Array
    high: Array
    note: Text


class Accuracy(NamedTuple):
    """What a record is worth; each field but `note` is a Corrected (estimate, std_error, low, high).

    `underdiagnosis` is 1 - sensitivity, the share of all cases that are not on record. A standard error is NaN where
    its estimate is 0 or 1.
    """

    sensitivity: Corrected
    specificity: Corrected
    prevalence: Corrected
    positive_predictive_value: Corrected
    negative_predictive_value: Corrected
    underdiagnosis: Corrected
    note: Text


def stratified_share(cases: ArrayLike, verified: ArrayLike, patients: ArrayLike, level: float = 0.95) -> VerifiedShare:
    r"""True share from a verified sample within each stratum, with score limits of the weighted sum.

    .. math:: \hat\pi = \sum_h W_h \frac{y_h}{m_h}, \qquad
              \sigma^2 = \sum_h W_h^2 \, \frac{\theta_h (1 - \theta_h)}{m_h}

    A share :math:`\pi` lies between the limits where the score test does not reject it, the stratum shares
    :math:`\tilde\theta_h` being the most likely ones with :math:`\sum_h W_h \tilde\theta_h = \pi`:

    .. math:: |\hat\pi - \pi| \le z \sqrt{\textstyle\sum_h W_h^2 \, \tilde\theta_h (1 - \tilde\theta_h) / m_h}

    With one stratum this is Wilson's interval. Strata without cases give no zero width: where no stratum has any, the
    upper limit puts all cases that could have gone unseen into the stratum looked at least, :math:`W_h/m_h` largest.

    Parameters
    ----------
    cases, verified, patients
        y_h, m_h and N_h, whole numbers, shape (..., H): strata on the last axis, groups before it.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    VerifiedShare, of the leading shape. NaN where a stratum with patients has nobody verified; strata without patients
    count for nothing.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= cases <= verified <= patients, there is no axis of strata, or `level`
        is not between 0 and 1.

    Assumes
    -------
    Within a stratum the verified are like the others; the reference standard is right. The strata's weights are known;
    the patients are a sample of many like them (no finite population correction: it would narrow the limits).

    References
    ----------
    martinandres2012, wilson1927

    Examples
    --------
    800 patients at low risk, 2 of 200 verified have the disease; 200 at high risk, 12 of 100:

    >>> answer = stratified_share([2, 12], [200, 100], [800, 200])
    >>> print(f"{answer.estimate:.4f} {answer.std_error:.4f} {answer.low:.4f} {answer.high:.4f}")
    0.0320 0.0086 0.0191 0.0553
    """
    z = normal_quantile(level)
    y, m, n = _nested(cases, verified, patients)
    total = n.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        w = n / total[..., None]
        theta = np.where(n > 0, y / m, 0.0)
        estimate = (w * theta).sum(-1)
        error = np.sqrt(np.where(n > 0, w**2 * theta * (1 - theta) / m, 0.0).sum(-1))
    least, most = limiting_shares(y, m, w, z)
    unknown = np.isnan(estimate)
    low, high = (np.where(unknown, np.nan, (w * each).sum(-1)) for each in (least, most))
    note = np.select(
        [total == 0, unknown, estimate == 0, estimate == 1, ((m == 1) & (n > 0)).any(-1)],
        [NO_PATIENTS, UNVERIFIED_STRATUM, NO_CASE, ALL_CASES, SINGLE_PATIENT],
        "",
    )
    error = np.where((estimate > 0) & (estimate < 1), error, np.nan)
    return VerifiedShare(estimate[()], error[()], low[()], high[()], note[()])


def begg_greenes(
    record_positive: ArrayLike,
    record_negative: ArrayLike,
    verified_positive: ArrayLike,
    cases_positive: ArrayLike,
    verified_negative: ArrayLike,
    cases_negative: ArrayLike,
    level: float = 0.95,
) -> Accuracy:
    r"""Sensitivity, specificity and predictive values of a record, corrected for partial verification (Begg-Greenes).

    Looking only at the verified overstates the sensitivity when the record-positives are verified more often. Instead
    the shares of cases among the verified go to all patients with the same record in the same stratum:

    .. math:: A = \sum_s W_{1s} \theta_{1s}, \qquad B = \sum_s W_{0s} \theta_{0s}, \qquad
              Se = \frac{A}{A + B}, \qquad \pi = A + B

    with 1 record-positive, 0 record-negative, s stratum; Sp likewise from the shares without disease. The standard
    error is that of the logit,

    .. math:: \mathrm{var}(\mathrm{logit}\, Se) = \frac{V_1}{A^2} + \frac{V_0}{B^2}, \quad
              V_t = \sum_s W_{ts}^2 \frac{\theta_{ts} (1 - \theta_{ts})}{m_{ts}} + \sum_s \frac{W_{ts} \theta_{ts}^2}{N}

    carried to the share. Limits do not rest on it, so that none has zero width when no missed case was seen: A and B
    get the score limits of `stratified_share`, joined (squares of distances added) with score limits for the second
    part of V_t, how many are on record; B/A gets the limits of a ratio from the limits of its parts.

    Parameters
    ----------
    record_positive, record_negative
        Patients with and without the disease on record, N_1s and N_0s; whole numbers, shape (..., S): strata on the
        last axis, groups before it. A single number is one stratum.
    verified_positive, cases_positive
        Of the record-positives, how many were verified and how many of these are cases.
    verified_negative, cases_negative
        The same of the record-negatives; a case here is one the record missed.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Accuracy, of the leading shape. NaN with a note where a record result within a stratum has patients and none of them
    verified: without verified negatives neither sensitivity, specificity nor prevalence is known.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= cases <= verified <= record, or `level` is not between 0 and 1.

    Assumes
    -------
    Verified patients are like the unverified ones with the same record in the same stratum; the reference standard is
    right; the patients are a sample of the population meant, also in their mixture of strata and records.

    References
    ----------
    begg1983, zhou1993, donner2012

    Examples
    --------
    Hepatic scintigraphy (drum1972; verified only: 258 cases, sensitivity 231/258 = 0.895):

    >>> answer = begg_greenes(429, 221, 263, 231, 81, 27)
    >>> print(f"{answer.sensitivity.estimate:.4f} {answer.specificity.estimate:.4f}")
    0.8365 0.7384

    27 of 926 on record, and no case in 300 verified negatives: the record may still miss three in ten of all cases.

    >>> answer = begg_greenes(27, 899, 27, 27, 300, 0)
    >>> print(f"{answer.underdiagnosis.estimate:.2f}, up to {answer.underdiagnosis.high:.2f}")
    0.00, up to 0.31
    """
    counts = record_positive, record_negative, verified_positive, cases_positive, verified_negative, cases_negative
    return not_at_random(*counts, 1.0, level)


def not_at_random(
    record_positive: ArrayLike,
    record_negative: ArrayLike,
    verified_positive: ArrayLike,
    cases_positive: ArrayLike,
    verified_negative: ArrayLike,
    cases_negative: ArrayLike,
    odds: ArrayLike,
    level: float = 0.95,
) -> Accuracy:
    r"""The answers of `begg_greenes` when the unverified differ from the verified by a given odds ratio.

    Within each stratum and record result the odds of disease among the unverified are :math:`\omega` times those among
    the verified, so that the share of cases is

    .. math:: h(\theta) = \frac{m}{N} \theta
              + \Bigl(1 - \frac{m}{N}\Bigr) \frac{\omega\theta}{1 - \theta + \omega\theta}

    in the place of theta, with :math:`h'(\theta)^2` on its variance. The limits move the limiting theta of
    `begg_greenes` (in the direction of W h') the same way. Nothing in the data tells :math:`\omega`: the curve over it
    is the answer.

    Parameters
    ----------
    record_positive, record_negative, verified_positive, cases_positive, verified_negative, cases_negative
        As in `begg_greenes`.
    odds
        Odds ratio of disease, unverified to verified, at least 0, broadcast against the leading axes: an array gives
        the sensitivity curve in one call. Below 1 where doctors verified those they worried about.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    Accuracy, of the broadcast leading shape.

    Raises
    ------
    ValueError
        As `begg_greenes`, and if an odds ratio is negative or not a number.

    Assumes
    -------
    The odds ratio given, alike in all strata and for both record results; for the rest as `begg_greenes`.

    References
    ----------
    begg1983, kosinski2003

    Examples
    --------
    >>> answer = not_at_random(429, 221, 263, 231, 81, 27, odds=[0.25, 1, 4])
    >>> print(answer.sensitivity.estimate.round(3), answer.prevalence.estimate.round(3))
    [0.888 0.836 0.765] [0.585 0.693 0.787]
    """
    z = normal_quantile(level)
    positive = _nested(cases_positive, verified_positive, record_positive, "_positive")
    negative = _nested(cases_negative, verified_negative, record_negative, "_negative")
    ratio = np.asarray(odds, dtype=np.float64)
    if not (np.isfinite(ratio) & (ratio >= 0)).all():
        raise ValueError("odds must be numbers of at least 0")
    every = np.broadcast_arrays(*positive, *negative, ratio[..., None])
    strata = every[0].shape[-1]
    y, m, n = (np.concatenate([every[i], every[i + 3]], axis=-1) for i in range(3))
    cells = cells_of(y, m, n, np.concatenate([every[6], every[6]], axis=-1))
    found, missed, everyone = (group(cells, part, z) for part in (slice(strata), slice(strata, None), slice(None)))
    sensitivity = part_of(found.cases, missed.cases)
    answers = (
        sensitivity,
        part_of(missed.others, found.others),
        everyone.share,
        found.share,
        turned(missed.share),
        turned(sensitivity),
    )
    a, b, patients = found.cases.value, missed.cases.value, n.sum(-1)
    on, off = (n[..., part].sum(-1) for part in (slice(strata), slice(strata, None)))
    nobody_else = found.others.value + missed.others.value == 0
    reasons = (
        (patients == 0, NO_PATIENTS),
        (np.isnan(a) & np.isnan(b), UNVERIFIED_BOTH),
        (np.isnan(a), UNVERIFIED_POSITIVE),
        (np.isnan(b), UNVERIFIED_NEGATIVE),
        (a + b == 0, NO_CASE),
        (nobody_else, ALL_CASES),
        (on == 0, NOBODY_ON_RECORD),
        (off == 0, ALL_ON_RECORD),
        (b == 0, NO_MISSED_CASE),
        (a == 0, NO_FOUND_CASE),
    )
    note = np.select([where for where, _ in reasons], [text for _, text in reasons], "")
    se, sp, prevalence, ppv, npv, missed_share = (Corrected(*(field[()] for field in answer)) for answer in answers)
    return Accuracy(se, sp, prevalence, ppv, npv, missed_share, note[()])


def _nested(cases: ArrayLike, verified: ArrayLike, patients: ArrayLike, of: str = "") -> list[Array]:
    """Checked counts, broadcast, with an axis of strata."""
    names = ("cases", "verified", "patients" if not of else "record")
    inner, middle = check_counts(cases, verified, names[0] + of, names[1] + of)
    middle, outer = check_counts(middle, patients, names[1] + of, names[2] + of)
    if outer.ndim == 0 and not of:
        raise ValueError("cases, verified and patients need an axis of strata")
    return [np.atleast_1d(each) for each in np.broadcast_arrays(inner, middle, outer)]
