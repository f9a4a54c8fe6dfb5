"""Probabilistic bias analysis of misclassification: sensitivity and specificity are draws from a belief.

Notation: Se, Sp drawn sensitivity and specificity, F = 1 - Sp; P apparent share (on record), T true share; x of n on
record. *Systematic error* is what the draws of Se and Sp spread; *total error* adds the random error of the records. P
is Beta(x + 1/2, n - x + 1/2), and systematic error alone holds P at the median of that distribution: half of the random
errors lie to either side of each systematic-error draw, so that they widen the limits and do not move their centre.

Draws lie on the last axis (before patterns, where there are some); leading axes are groups. Nothing is drawn in here:
functions take uniforms in (0, 1).
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, ndtri
from scipy.stats import binom

from sarcoid_epi.stats.draws import beta_quantile, check_uniforms
from sarcoid_epi.stats.interval import Array, check_counts, check_level, check_share
from sarcoid_epi.stats.misclassification import rogan_gladen

MANY_IMPOSSIBLE = " % of the draws fit no true share and are left out"
NO_CENTRE = "; without random error none is possible"
ALL_IMPOSSIBLE = "no draw is possible: the records contradict the belief"
NO_PATIENTS = "no patients"

Measure = Literal["odds ratio", "risk ratio", "risk difference"]

_MANY = 0.1


class ErrorLimits(NamedTuple):
    """Centre and limits of a bias-adjusted result, each field of the leading shape of the draws.

    Attributes
    ----------
    median, low, high
        Of the systematic-error draws: only the bias is uncertain.
    total_median, total_low, total_high
        Of the total-error draws: bias and random error.
    impossible
        Share of the total-error draws that no true table can have led to. All six numbers are of the others.
    note
        Empty, or a warning where `impossible` is above a tenth, or why everything is NaN.
    """

    median: Array
    low: Array
    high: Array
    total_median: Array
    total_low: Array
    total_high: Array
    impossible: Array
    note: NDArray[np.str_]


def error_limits(systematic: ArrayLike, total: ArrayLike, level: float = 0.95) -> ErrorLimits:
    """Centre and limits of draws of a bias-adjusted result, for systematic and for total error.

    The (1 - level)/2, 1/2 and (1 + level)/2 quantiles of the draws that are possible, interpolated linearly between
    neighbours. Impossible draws (NaN) are counted and reported.

    Parameters
    ----------
    systematic, total
        Draws with the random error left out and put in, shape (..., D); NaN where a draw is impossible.
    level
        Share of the draws between the limits, between 0 and 1.

    Returns
    -------
    ErrorLimits, each field of shape (...).

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1.

    Assumes
    -------
    The draws come from what is believed about the bias; the limits are as good as the belief.

    References
    ----------
    lash2014, fox2021

    Examples
    --------
    >>> draws = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    >>> answer = error_limits(draws, draws)
    >>> print(answer.median, answer.impossible, answer.note[:35])
    2.5 0.2 20 % of the draws fit no true share
    """
    check_level(level)
    tails = np.array([0.5, (1 - level) / 2, (1 + level) / 2])
    missing = np.isnan(np.asarray(total, dtype=np.float64)).mean(axis=-1)
    quantiles, of_total = _quantiles(systematic, tails), _quantiles(total, tails)
    many = np.char.add(_percent(missing), MANY_IMPOSSIBLE)
    many = np.char.add(many, np.where(np.isnan(quantiles[0]), NO_CENTRE, ""))
    note = np.select([missing == 1, missing > _MANY], [np.full_like(many, ALL_IMPOSSIBLE), many], "")
    return ErrorLimits(*(each[()] for each in (*quantiles, *of_total, missing, note)))


def with_random_error(ratio: ArrayLike, std_error: ArrayLike, uniforms: ArrayLike) -> Array:
    r"""Add conventional random error to draws of a bias-adjusted ratio, so that their centre stays where it was.

    .. math:: R \exp\left( s\,\Phi^{-1}(u) \right)

    Parameters
    ----------
    ratio
        Systematic-error draws R of an odds, risk or hazard ratio, above 0, shape (..., D).
    std_error
        Standard error s of the log of the ratio, as the analysis that ignores the bias gives it; broadcast.
    uniforms
        In (0, 1), shape (..., D).

    Returns
    -------
    Total-error draws, shape (..., D).

    Raises
    ------
    ValueError
        If a uniform is not inside (0, 1).

    Assumes
    -------
    The bias leaves the standard error of the log as it was: true of selection and confounding with known bias, not of
    misclassification, for which there is `record_level`.

    References
    ----------
    lash2014

    Examples
    --------
    >>> print(with_random_error(1.5, 0.2, [0.5, 0.975]).round(3))
    [1.5  2.22]
    """
    score = ndtri(check_uniforms(uniforms))
    return np.asarray(ratio, dtype=np.float64) * np.exp(np.asarray(std_error, dtype=np.float64) * score)


def summary_level(
    events: ArrayLike,
    n: ArrayLike,
    sensitivity: ArrayLike,
    specificity: ArrayLike,
    uniforms: ArrayLike,
    level: float = 0.95,
) -> ErrorLimits:
    r"""True share behind a share on record, for draws of sensitivity and specificity.

    .. math:: T = \frac{P - F}{Se - F}, \qquad P \sim \mathrm{Beta}(x + \tfrac12,\, n - x + \tfrac12)

    per draw; for systematic error P is the median of its distribution, within a third of a patient of x/n. A draw with
    T outside [0, 1] or Se + Sp <= 1 is impossible. With independent beta draws the total-error limits tend to those of
    `believed.believed_share` as the draws grow in number; here the draws may also be correlated, or not beta.

    Parameters
    ----------
    events, n
        Found positive, among how many patients; whole numbers, shape (...).
    sensitivity, specificity
        Draws in [0, 1], shape (..., D) or a number that is known.
    uniforms
        One per draw for the random error, in (0, 1), shape (..., D).
    level
        Share of the draws between the limits, between 0 and 1.

    Returns
    -------
    ErrorLimits. The lower total-error limit is 0 when x = 0; NaN where n = 0 or nothing is possible.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, or a draw lies outside its range.

    Assumes
    -------
    Sensitivity and specificity are like a draw from the belief and alike for all patients.

    References
    ----------
    lash2014, rogan1978, brown2001

    Examples
    --------
    Even draws (midpoints) of a sensitivity believed to be Beta(16, 4), all who are on record being true:

    >>> u = (np.arange(1000) + 0.5) / 1000
    >>> answer = summary_level(60, 500, beta_quantile(16, 4, u), 1.0, np.random.default_rng(1).permutation(u))
    >>> print(f"{answer.median:.3f}: {answer.low:.3f} to {answer.high:.3f}, "
    ...       f"in all {answer.total_low:.3f} to {answer.total_high:.3f}")
    0.148: 0.128 to 0.199, in all 0.110 to 0.219
    """
    x, m = check_counts(events, n)
    a, b = x + 0.5, m - x + 0.5
    middle = np.asarray(betaincinv(a, b, 0.5))[..., None]
    systematic = _possible(rogan_gladen(middle, sensitivity, specificity))
    apparent = beta_quantile(a, b, uniforms)
    total = _possible(rogan_gladen(apparent, sensitivity, specificity))
    found = error_limits(systematic, total, level)
    found = found._replace(note=_reasoned(found.note, apparent, sensitivity, specificity))
    shape = found.impossible.shape
    none, nobody = np.broadcast_to(x == 0, shape), np.broadcast_to(m == 0, shape)
    found = found._replace(total_low=np.where(none & ~np.isnan(found.total_low), 0.0, found.total_low))
    return ErrorLimits(*(np.where(nobody, NO_PATIENTS if each is found.note else np.nan, each)[()] for each in found))


def reclassified(
    counts: ArrayLike,
    sensitivity: ArrayLike,
    specificity: ArrayLike,
    uniforms: ArrayLike,
    group: ArrayLike | None = None,
) -> Array:
    r"""True outcomes of records, drawn anew for each draw of sensitivity and specificity (record-level bias analysis).

    Per draw and covariate pattern, with T the corrected share of the pattern,

    .. math:: T = \frac{P - F}{Se - F}, \quad PPV = \frac{T\,Se}{T\,Se + (1 - T) F}, \quad
              M = \frac{T (1 - Se)}{T (1 - Se) + (1 - T) Sp}

    of the records with the outcome Bin(x, PPV) have it, of those without it Bin(n - x, M). P carries the random error
    of the records, so that the draws are proper imputations: the spread between draws plus the standard error within
    one is the total error of any regression fitted to each of them.

    Parameters
    ----------
    counts
        Records by covariate pattern and recorded outcome (without, with), whole numbers, shape (..., K, 2).
    sensitivity, specificity
        Draws in [0, 1], shape (..., D, K), or (..., D, 1) where all patterns share them.
    uniforms
        In (0, 1), shape (..., D, 3K): for P, for the records with and for those without the outcome.
    group
        Integer label per pattern, shape (K,); patterns of one label share T (and should share Se and Sp). Each
        pattern its own where left out, which asks for patterns that are not small.

    Returns
    -------
    Counts by pattern and true outcome, shape (..., D, K, 2); a draw that is impossible in one pattern is NaN in all.

    Raises
    ------
    ValueError
        If counts are not whole and non-negative, a draw lies outside its range, or shapes do not fit.

    Assumes
    -------
    Whether a record errs depends on the true outcome and the pattern alone.

    References
    ----------
    fox2005, fox2021, lash2014

    Examples
    --------
    Nothing is missed and a third of what is on record is false (T = 0.2, F = 0.1, so PPV = 0.2/0.28):

    >>> even = np.full((1, 3), 0.5)
    >>> print(reclassified([[720, 280]], [[1.0]], [[0.9]], even))
    [[[800. 200.]]]
    """
    recorded, u, label = _check_patterns(counts, uniforms, group)
    yes, no = recorded[..., None, :, 1], recorded[..., None, :, 0]
    patterns = recorded.shape[-2]
    of_share, of_yes, of_no = (u[..., part * patterns : (part + 1) * patterns] for part in range(3))
    a, b = _shapes(recorded, label)
    first = np.array([np.flatnonzero(label == each)[0] for each in label])
    apparent = np.swapaxes(beta_quantile(a, b, np.swapaxes(of_share[..., first], -1, -2)), -1, -2)
    right, missed = _predicted(apparent, a + b > 1, sensitivity, specificity)
    true = binom.ppf(of_yes, yes, right) + binom.ppf(of_no, no, missed)
    true = np.where(np.isnan(true).any(axis=-1, keepdims=True), np.nan, true)
    return np.stack([yes + no - true, true], axis=-1)


def record_level(
    counts: ArrayLike,
    exposed: ArrayLike,
    sensitivity: ArrayLike,
    specificity: ArrayLike,
    uniforms: ArrayLike,
    measure: Measure = "odds ratio",
    stratum: ArrayLike | None = None,
    group: ArrayLike | None = None,
    level: float = 0.95,
) -> ErrorLimits:
    r"""Association of an exposure with a misclassified outcome, by record-level probabilistic bias analysis.

    Each draw of `reclassified` counts gives a measure (Mantel-Haenszel over strata, which for one stratum is the plain
    one) and its standard error s; the total-error draw adds :math:`s\,\Phi^{-1}(u)` to the log of a ratio, or to a
    difference. The systematic-error draw is the measure of the **expected** counts with P at its median.

    Parameters
    ----------
    counts
        Records by covariate pattern and recorded outcome (without, with), whole numbers, shape (..., K, 2).
    exposed
        Whether a pattern is exposed, shape (K,).
    sensitivity, specificity
        Draws in [0, 1], shape (..., D, K), or (..., D, 1) where all patterns share them.
    uniforms
        In (0, 1), shape (..., D, 3K + 1): those of `reclassified`, then one for the conventional random error.
    measure
        "odds ratio", "risk ratio" or "risk difference".
    stratum
        Integer label per pattern, shape (K,); one stratum where left out.
    group
        As in `reclassified`.
    level
        Share of the draws between the limits, between 0 and 1.

    Returns
    -------
    ErrorLimits. A draw with an empty cell counts with its ratio, 0 or infinite; one without any measure (0/0) counts
    as impossible.

    Raises
    ------
    ValueError
        As `reclassified`; or if the measure is unknown or a group of the exposure is missing.

    Assumes
    -------
    Whether a record errs depends on the true outcome and the pattern alone; the measure is common to the strata.

    References
    ----------
    fox2005, fox2021, lash2014, robins1986, greenland1985

    Examples
    --------
    Without misclassification nothing changes: 40 of 100 exposed, 20 of 100 not; the odds ratio is 8/3, Woolf's limits
    1.4166 and 5.0199.

    >>> even = np.full((2001, 7), 0.5)
    >>> even[:, 6] = (np.arange(2001) + 0.5) / 2001
    >>> answer = record_level([[80, 20], [60, 40]], [False, True], np.ones((2001, 1)), np.ones((2001, 1)), even)
    >>> print(f"{answer.median:.4f} {answer.total_low:.2f} {answer.total_high:.2f}")
    2.6667 1.42 5.01
    """
    if measure not in get_args(Measure):
        raise ValueError(f"measure must be one of {', '.join(get_args(Measure))}; got {measure!r}")
    recorded, u, label = _check_patterns(counts, uniforms, group, extra=1)
    cells = _cells(exposed, stratum, recorded.shape[-2])
    a, b = _shapes(recorded, label)
    middle = np.asarray(betaincinv(a, b, 0.5))[..., None, :]
    right, missed = _predicted(middle, a + b > 1, sensitivity, specificity)
    yes, no = recorded[..., None, :, 1], recorded[..., None, :, 0]
    expected = yes * right + no * missed
    systematic, _ = _mantel_haenszel(_summed(cells, np.stack([yes + no - expected, expected], axis=-1)), measure)
    drawn = reclassified(recorded, sensitivity, specificity, u[..., :-1], label)
    estimate, error = _mantel_haenszel(_summed(cells, drawn), measure)
    with np.errstate(invalid="ignore", over="ignore"):
        shift = error * ndtri(u[..., -1])
        total = estimate + shift if measure == "risk difference" else estimate * np.exp(shift)
    total = np.where(np.isfinite(error), total, estimate)
    return error_limits(systematic, total, level)


def _percent(part: Array) -> NDArray[np.str_]:
    return np.asarray(np.char.mod("%.3g", 100.0 * part))


def _reasoned(
    note: NDArray[np.str_], apparent: Array, sensitivity: ArrayLike, specificity: ArrayLike
) -> NDArray[np.str_]:
    """The note, where there is one, with what makes draws impossible and how many of them."""
    se, sp = np.asarray(sensitivity, dtype=np.float64), np.asarray(specificity, dtype=np.float64)
    chance = se + sp <= 1
    reasons = (
        ("no better than chance", chance),
        ("fewer on record than false records alone", ~chance & (apparent < 1 - sp)),
        ("more on record than cases and false records could be", ~chance & (apparent > se)),
    )
    said = np.full(note.shape, "")
    for words, draws in reasons:
        part = np.broadcast_to(draws, np.broadcast_shapes(draws.shape, apparent.shape)).mean(axis=-1)
        told = np.char.add(np.char.add(f", {words} in ", _percent(part)), " %")
        said = np.char.add(said, np.where(part > 0, told, ""))
    said = np.char.add(" (", np.char.add(np.char.lstrip(said, ", "), ")"))
    return np.asarray(np.where(note == "", "", np.char.add(note, said)))[()]


def _possible(share: Array) -> Array:
    with np.errstate(invalid="ignore"):
        return np.where((share >= 0) & (share <= 1), share, np.nan)


def _quantiles(draws: ArrayLike, at: Array) -> Array:
    """Quantiles along the last axis of what is not NaN; infinite draws are allowed. The quantiles come first."""
    ordered = np.sort(np.asarray(draws, dtype=np.float64), axis=-1)  # NaN last
    known = (~np.isnan(ordered)).sum(axis=-1, keepdims=True)
    place = np.maximum(known - 1, 0) * at
    below = place.astype(np.intp)
    part = place - below
    left = np.take_along_axis(ordered, below, axis=-1)
    right = np.take_along_axis(ordered, np.minimum(below + 1, np.maximum(known - 1, 0)), axis=-1)
    with np.errstate(invalid="ignore"):
        return np.moveaxis(np.where(part > 0, left * (1 - part) + right * part, left), -1, 0)


def _shapes(recorded: Array, label: NDArray[np.intp]) -> tuple[Array, Array]:
    """Shapes of the apparent share of each pattern's group."""
    together = (label[:, None] == label).astype(np.float64)
    yes, no = recorded[..., 1] @ together, recorded[..., 0] @ together
    return yes + 0.5, no + 0.5


def _predicted(apparent: ArrayLike, filled: ArrayLike, se: ArrayLike, sp: ArrayLike) -> tuple[Array, Array]:
    """Chance of the outcome with and without it on record; NaN where impossible, an empty pattern never is."""
    right, clear = check_share(se, "sensitivity"), check_share(sp, "specificity")
    true = np.where(np.asarray(filled)[..., None, :], _possible(rogan_gladen(apparent, right, clear)), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        found, false = true * right, (1 - true) * (1 - clear)
        unseen, rest = true * (1 - right), (1 - true) * clear
        with_record = np.where(found + false == 0, 0.0, found / (found + false))
        without = np.where(unseen + rest == 0, 0.0, unseen / (unseen + rest))
    return with_record, without


def _mantel_haenszel(table: Array, measure: Measure) -> tuple[Array, Array]:
    """Common measure of tables (..., stratum, exposure, outcome) and its standard error, of the log for a ratio."""
    d, c, b, a = table[..., 0, 0], table[..., 0, 1], table[..., 1, 0], table[..., 1, 1]
    n1, n0 = a + b, c + d
    size, one_sided = n1 + n0, n1 * n0 == 0

    def over_strata(term: Array) -> Array:
        """A stratum without exposed or without unexposed adds nothing."""
        return np.asarray(np.where(one_sided, 0.0, term).sum(axis=-1))

    with np.errstate(invalid="ignore", divide="ignore"):
        if measure == "odds ratio":
            r, s, p, q = a * d / size, b * c / size, (a + d) / size, (b + c) / size
            above, below = over_strata(r), over_strata(s)
            variance = over_strata(p * r) / above**2 + over_strata(q * s) / below**2
            variance += over_strata(p * s + q * r) / (above * below)
            return above / below, np.sqrt(variance / 2)
        if measure == "risk ratio":
            above, below = over_strata(a * n0 / size), over_strata(c * n1 / size)
            spread = over_strata(((a + c) * n1 * n0 - a * c * size) / size**2)
            return above / below, np.sqrt(spread / (above * below))
        weight = over_strata(n1 * n0 / size)
        spread = over_strata((a * b * n0**3 + c * d * n1**3) / (n1 * n0 * size**2))
        return over_strata((a * n0 - c * n1) / size) / weight, np.sqrt(spread) / weight


def _summed(cells: Array, counts: Array) -> Array:
    """Tables (..., stratum, exposure, outcome) from counts (..., pattern, outcome)."""
    return np.asarray((cells.reshape(-1, cells.shape[-1]) @ counts).reshape(*counts.shape[:-2], -1, 2, 2))


def _cells(exposed: ArrayLike, stratum: ArrayLike | None, patterns: int) -> Array:
    """Sums patterns up to strata by exposure: ones and noughts, shape (strata, 2, patterns)."""
    is_exposed = np.asarray(exposed, dtype=bool)
    label = np.asarray(np.zeros(patterns) if stratum is None else stratum)
    if not is_exposed.shape == label.shape == (patterns,):
        raise ValueError(f"exposed and stratum must name each of the {patterns} patterns")
    if is_exposed.all() or not is_exposed.any():
        raise ValueError("there must be exposed and unexposed patterns")
    both = np.array([[False], [True]]) == is_exposed
    return np.asarray((np.unique(label)[:, None, None] == label) & both, dtype=np.float64)


def _check_patterns(
    counts: ArrayLike, uniforms: ArrayLike, group: ArrayLike | None, extra: int = 0
) -> tuple[Array, Array, NDArray[np.intp]]:
    """Counts by pattern, uniforms of each draw, and the label of each pattern, all checked against each other."""
    recorded, u = np.asarray(counts, dtype=np.float64), check_uniforms(uniforms)
    if recorded.ndim < 2 or recorded.shape[-1] != 2:
        raise ValueError(f"counts must have shape (..., patterns, 2); got {recorded.shape}")
    check_counts(recorded[..., 1], recorded.sum(axis=-1), "records with the outcome", "records")
    patterns = recorded.shape[-2]
    if u.ndim < 2 or u.shape[-1] != 3 * patterns + extra:
        raise ValueError(f"uniforms must have shape (..., draws, {3 * patterns + extra}); got {u.shape}")
    label = np.arange(patterns) if group is None else np.asarray(group)
    if label.shape != (patterns,):
        raise ValueError(f"group must name each of the {patterns} patterns")
    return recorded, u, label
