r"""The detection cascade: from a true lesion to the record, step by step, and back.

Notation: pi true share, s share of the true cases with symptoms, p_f share of each kind of lesion (phalangeal, axial),
d_mj chance to be looked at by modality m with symptoms (j = 1) or without (j = 0), v_mf chance that a lesion of kind f
is seen where m is pointed at it, w chance that what was seen is written down; r share on record, U underdiagnosis.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaincinv, gammaln

from sarcoid_epi.stats.interval import Array, check_counts, check_share


class Detected(NamedTuple):
    """What becomes of the true cases, as shares of them; the last axis of each is (with symptoms, without).

    The four parts add up to 1: on record, never looked at, looked at but not seen, seen but not written down.
    """

    recorded: Array
    not_imaged: Array
    not_seen: Array
    not_written: Array


class Truth(NamedTuple):
    """One truth that leaves a given record; NaN with a note where no detection could."""

    underdiagnosis: Array
    symptomatic: Array
    detected_silent: Array
    note: Array


def detection(
    symptomatic: ArrayLike, kinds: ArrayLike, imaged: ArrayLike, seen: ArrayLike, written: ArrayLike
) -> Detected:
    r"""What becomes of true cases on their way to the record.

    .. math:: \mathrm{recorded}_j = w \, s_j \sum_f p_f \Big[1 - \prod_m (1 - d_{mj} v_{mf})\Big],
              \qquad \mathrm{not\ imaged}_j = s_j \prod_m (1 - d_{mj})

    with s_1 = s and s_0 = 1 - s. The sensitivity of the record is the sum of `recorded`, the underdiagnosis U the sum
    of the other three parts.

    Parameters
    ----------
    symptomatic
        s, in [0, 1], shape (...).
    kinds
        p_f, shares of the kinds of lesion that add up to 1, shape (..., F).
    imaged
        d_mj, shape (..., M, 2), the last axis (with symptoms, without).
    seen
        v_mf, shape (..., M, F).
    written
        w, shape (...).

    Returns
    -------
    Detected, each part of shape (..., 2).

    Raises
    ------
    ValueError
        If a share lies outside [0, 1], or kinds do not add up to 1.

    Assumes
    -------
    Given symptoms and the kind of lesion, the modalities are independent of each other; symptoms and the kind are
    independent. A lesion counts as looked at when any modality was used, whatever its field of view.

    Examples
    --------
    One modality that sees all it is pointed at, half of the cases with symptoms; 60 % of these are imaged, 10 % of the
    others:

    >>> parts = detection(0.5, [1.0], [[0.6, 0.1]], [[1.0]], 1.0)
    >>> print(parts.recorded, parts.not_imaged)
    [0.3  0.05] [0.2  0.45]
    """
    share = check_share(symptomatic, "symptomatic")
    of_kind, chance = check_share(kinds, "kinds"), check_share(imaged, "imaged")
    sees, kept = check_share(seen, "seen"), check_share(written, "written")
    if not np.allclose(of_kind.sum(axis=-1), 1.0, equal_nan=True):
        raise ValueError("kinds must add up to 1")
    by_symptoms = np.stack([share, 1.0 - share], axis=-1)
    unseen = np.prod(1.0 - chance[..., :, :, None] * sees[..., :, None, :], axis=-3)  # (..., 2, F)
    missed = (unseen * of_kind[..., None, :]).sum(axis=-1)
    never = np.prod(1.0 - chance, axis=-2)
    found = by_symptoms * (1.0 - missed)
    return Detected(
        found * kept[..., None],
        by_symptoms * never,
        by_symptoms * (missed - never),
        found * (1.0 - kept[..., None]),
    )


def truth_behind(
    recorded: ArrayLike, symptomatic_on_record: ArrayLike, prevalence: ArrayLike, predictive: ArrayLike,
    detected_symptomatic: ArrayLike,
) -> Truth:  # fmt: skip
    r"""The underdiagnosis, symptomatic share and silent detection that a true share needs to leave a given record.

    .. math:: 1 - U = \frac{r \, \mathrm{PPV}}{\pi}, \qquad s = \frac{q (1 - U)}{d_1}, \qquad
              d_0 = \frac{(1 - q)(1 - U)}{1 - s}

    with q the symptomatic share among the true cases on record. Every row of answers reproduces the record exactly, so
    the record cannot choose between them.

    Parameters
    ----------
    recorded, symptomatic_on_record
        r and q, in [0, 1], any shape.
    prevalence, predictive
        pi and PPV, share of the records that are true, broadcast against the others.
    detected_symptomatic
        d_1, chance that a case with symptoms comes on record.

    Returns
    -------
    Truth, of the broadcast shape. NaN with a note where the true share is smaller than what is truly on record, or the
    detection that it would need lies outside [0, 1].

    Raises
    ------
    ValueError
        If a share lies outside [0, 1].

    Assumes
    -------
    Nothing but the arithmetic: it lists what is possible.

    Examples
    --------
    27 of 926 on record, 53 % of them with symptoms, true shares of 5 and 14 %:

    >>> truth = truth_behind(27 / 926, 0.53, [0.05, 0.14], 1.0, 0.6)
    >>> print(truth.underdiagnosis.round(2), truth.symptomatic.round(2), truth.detected_silent.round(2))
    [0.42 0.79] [0.52 0.18] [0.57 0.12]
    """
    given = {
        "recorded": recorded, "symptomatic_on_record": symptomatic_on_record, "prevalence": prevalence,
        "predictive": predictive, "detected_symptomatic": detected_symptomatic,
    }  # fmt: skip
    r, q, pi, ppv, d1 = np.broadcast_arrays(*(check_share(value, name) for name, value in given.items()))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = r * ppv / pi
        s = q * found / d1
        d0 = (1.0 - q) * found / (1.0 - s)
    note = np.select(
        [~(found <= 1.0), ~(s <= 1.0), ~((d0 >= 0.0) & (d0 <= 1.0))],
        [
            "fewer true cases than are truly on record",
            "more symptomatic cases than there are cases",
            "silent cases would have to be found more than once",
        ],
        "",
    )
    possible = note == ""
    underdiagnosis, share, silent = (np.where(possible, value, np.nan)[()] for value in (1.0 - found, s, d0))
    return Truth(underdiagnosis, share, silent, note[()])


def share_given_detection(
    events: ArrayLike, n: ArrayLike, sensitivity: ArrayLike, specificity: ArrayLike, uniform: ArrayLike
) -> tuple[Array, Array]:
    r"""A draw of the true share for each draw of sensitivity and specificity, and how well that draw fits the record.

    With a uniform prior for pi and x of n on record, a = 1 - Sp, the apparent share a + pi (Se - a) is, given Se and
    Sp, Beta(x + 1, n - x + 1) cut to the range between a and Se, and the weight of the draw is the marginal likelihood

    .. math:: \int_0^1 \mathrm{Bin}(x; n, a + \pi (Se - a)) \, d\pi
              = \frac{I_{Se} - I_a}{(n + 1)(Se - a)}, \qquad I_t = I_t(x + 1, n - x + 1)

    which holds for Se below a as well: a belief that gives such draws some weight keeps it. So posterior draws of
    everything in the belief come as a weighted sample, without a chain.

    Parameters
    ----------
    events, n
        On record, of how many; shape (...).
    sensitivity, specificity, uniform
        Draws, shape (P,), the last a uniform that places the true share.

    Returns
    -------
    True shares and log weights, shape (..., P); of a draw whose range holds none of the beta, minus infinity.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or a share lies outside [0, 1].

    Assumes
    -------
    Patients are independent, the belief and the true share are independent before the record is seen, and every true
    share is as likely as any other.

    Examples
    --------
    A perfect record, its median: that of Beta(4, 8).

    >>> share, weight = share_given_detection(3, 10, [1.0], [1.0], [0.5])
    >>> print(share.round(4))
    [0.3238]
    """
    x, m = check_counts(events, n)
    se, sp = check_share(sensitivity, "sensitivity"), check_share(specificity, "specificity")
    u = check_share(uniform, "uniform")
    a = 1.0 - sp
    first, second = (x + 1.0)[..., None], (m - x + 1.0)[..., None]
    none, all_of_them = betainc(first, second, a), betainc(first, second, se)
    possible = none != all_of_them
    apparent = betaincinv(first, second, none + u * (all_of_them - none))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip((apparent - a) / (se - a), 0.0, 1.0)
        weight = np.log((all_of_them - none) / ((m[..., None] + 1.0) * (se - a)))
    return np.where(possible, share, np.nan), np.where(possible, weight, -np.inf)


def log_binomial(events: Array, n: Array, chance: Array) -> Array:
    """Log probability of the counts, 0 log 0 being 0; arrays broadcast.

    >>> print(f"{float(log_binomial(np.array(1.0), np.array(2.0), np.array(0.5))):.4f}")
    -0.6931
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        hit = np.where(events > 0, events * np.log(chance), 0.0)
        miss = np.where(events < n, (n - events) * np.log1p(-chance), 0.0)
    return np.asarray(hit + miss + gammaln(n + 1) - gammaln(events + 1) - gammaln(n - events + 1))
