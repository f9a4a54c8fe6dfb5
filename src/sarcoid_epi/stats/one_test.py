"""What one imperfect test tells: the exact posterior of prevalence, sensitivity and specificity.

Notation: x of n positive; pi prevalence, Se sensitivity, Sp specificity; p the share expected positive.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoid_epi.stats.cloud import MOMENTS, Series, SmoothSummary, chebyshev_moments, series, summary
from sarcoid_epi.stats.interval import Array, check_counts, check_level
from sarcoid_epi.stats.prior import Prior, sd, uniform
from sarcoid_epi.stats.sheet import nobody_positive, posterior_nodes, too_thin

_UNIFORM = uniform(0.0, 1.0)

#: Log weight below which a node counts for nothing.
_FAINTEST = -22.0
#: Groups worked at once, to bound memory; of those without anybody positive.
_CHUNK, _AT_ONCE = 32, 4
#: A density of this shape or a higher one is smooth enough at the end of its range.
_FLAT = 2.0
#: Chance of the counts, as a multiple of 1/(n + 1), below which priors and data disagree, and contradict each other.
_SURPRISING, _IMPOSSIBLE = 1e-3, 1e-10


class Contraction(NamedTuple):
    """1 - posterior variance / prior variance: 0 where the counts taught nothing; NaN for a value taken as known."""

    prevalence: Array
    sensitivity: Array
    specificity: Array


class OneTest(NamedTuple):
    """Posterior of each quantity, all of one shape; numpy scalars when the input was scalar.

    `undetected` is pi (1 - Se), the share of all patients who have it and are not positive; `predictive` is the
    share of those positive who have it. `log_evidence` is the log of the chance the priors gave to these counts.
    """

    prevalence: SmoothSummary
    sensitivity: SmoothSummary
    specificity: SmoothSummary
    undetected: SmoothSummary
    predictive: SmoothSummary
    contraction: Contraction
    log_evidence: Array
    note: Array


class Nodes(NamedTuple):
    """A posterior as weighted points, each of shape (K,); the weights sum to 1."""

    prevalence: Array
    sensitivity: Array
    specificity: Array
    weight: Array


def one_test_posterior(
    events: ArrayLike,
    n: ArrayLike,
    sensitivity: Prior,
    specificity: Prior,
    prevalence: Prior = _UNIFORM,
    level: float = 0.95,
) -> OneTest:
    r"""Prevalence behind the positives of one test whose sensitivity and specificity are believed, not known.

    .. math:: x \sim \mathrm{Bin}(n, p), \qquad p = \pi\, Se + (1 - \pi)(1 - Sp), \qquad
              \pi, Se, Sp \;\text{independent, of the given priors}

    The three-fold integrals of Bayes' theorem are sums over Gauss-Jacobi nodes laid along the sheet of (pi, Se, Sp)
    that agrees with the counts; quantiles are those of the Jacobi series with the same moments. Nothing is drawn.
    The counts inform about p alone: how far pi, Se and Sp are told apart is the priors' doing, and `contraction` says
    how much of each prior's variance the counts took away.

    Parameters
    ----------
    events, n
        Found positive, among how many patients; whole numbers, any shape.
    sensitivity, specificity, prevalence
        Priors (`stats.prior`), the same for all groups; `prior.point` for a value taken as known.
    level
        Probability between the limits, between 0 and 1.

    Returns
    -------
    OneTest, of the broadcast shape of the counts. With n = 0 it is the prior, with a note. Where the priors gave these
    counts less than a thousandth of the chance that 1/(n + 1) is, a note says that they disagree; where less than
    1e-10 of it, there is no answer (NaN, and a note); nor where a prior of prevalence is so narrow, and n so large,
    that the nodes are too coarse.

    Accuracy: means, standard deviations and evidence 1e-8; limits 1e-6 where the posterior falls off smoothly on both
    sides, or is cut off or piles up at an end of its range (priors with a shape below 1, down to 0.05); 1e-3 where it
    is cut off inside its range, as with a vague sensitivity and pi up to 1 (the shortest limits up to 1e-2 for a
    million patients). Where counts are so few that a prevalence of almost nothing is possible, limits of `predictive`
    are within 1e-2, its mean within 1e-4; within 2e-2 and 1e-2 where also the priors pile up at pi = 0 and Sp = 1.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, a prior is not one, or `level` is not between 0 and 1.

    Assumes
    -------
    The priors are right in the sense of a long run and independent; sensitivity and specificity are alike in all
    patients. A prior on prevalence counts, too: uniform is not the absence of one.

    References
    ----------
    joseph1995, rogan1978

    Examples
    --------
    The manual of R's `prevalence`: 142 of 742 positive, Se uniform on 0.60 to 1, Sp uniform on 0.75 to 1.

    >>> answer = one_test_posterior(142, 742, uniform(0.60, 1.0), uniform(0.75, 1.0))
    >>> print(f"{answer.prevalence.mean:.3f} {answer.prevalence.low:.3f} {answer.prevalence.high:.3f}")
    0.133 0.007 0.283
    >>> print(f"{answer.contraction.sensitivity:.2f} {answer.contraction.specificity:.2f}")
    0.01 0.39
    """
    check_level(level)
    x, m = check_counts(events, n)
    pairs, back = np.unique(np.stack([x.ravel(), m.ravel()], axis=-1), axis=0, return_inverse=True)
    priors = (prevalence, sensitivity, specificity)
    size = _CHUNK if prevalence.a == prevalence.b == 1 else _CHUNK // 4  # a belief takes more nodes
    chunks = [pairs[i : i + size] for i in range(0, len(pairs), size)]
    parts = [_distributions(chunk[:, 0], chunk[:, 1], *priors) for chunk in chunks]
    evidence = np.concatenate([part[1] for part in parts])
    # All quantities of all groups are summarised together: quantity by quantity, in the order of the groups.
    every = [part[0][which] for which in range(5) for part in parts]
    together = summary(Series(*(np.concatenate(field) for field in zip(*every, strict=True))), level)
    agreement = evidence + np.log1p(pairs[:, 1])
    impossible = agreement < np.log(_IMPOSSIBLE)
    thin = too_thin(pairs[:, 0], pairs[:, 1], *priors)
    fields = [np.where(np.tile(impossible | thin, 5), np.nan, field).reshape(5, -1) for field in together]
    summaries = [SmoothSummary(*(field[which] for field in fields)) for which in range(5)]
    with np.errstate(divide="ignore", invalid="ignore"):
        learnt = [1.0 - (s.sd / np.float64(sd(p))) ** 2 for s, p in zip(summaries, priors, strict=False)]

    def spread(field: Array) -> Array:
        return np.asarray(field[back.ravel()].reshape(x.shape))[()]

    note = np.select(
        [thin, impossible, pairs[:, 1] == 0, agreement < np.log(_SURPRISING)],
        [
            "the prevalence is taken as known, and for so many patients that is not worked out here"
            if prevalence.low == prevalence.high
            else "the prevalence is too nearly known for so many patients to be worked out; take it as known",
            "data and priors contradict each other; there is no answer",
            "no patients: this is the prior",
            "data and priors disagree: the priors gave such counts hardly any chance",
        ],
        "the priors allow only a test no better than chance" if sensitivity.high + specificity.high <= 1 else "",
    )
    pi, se, sp, undetected, predictive = (SmoothSummary(*map(spread, each)) for each in summaries)
    contraction = Contraction(*map(spread, learnt))
    return OneTest(
        pi, se, sp, undetected, predictive, contraction, spread(np.where(thin, np.nan, evidence)), spread(note)
    )


def one_test_grid(events: int, n: int, sensitivity: Prior, specificity: Prior, prevalence: Prior = _UNIFORM) -> Nodes:
    """The posterior of `one_test_posterior` as weighted points, for whatever else is worked out from pi, Se and Sp.

    An expectation is the sum of weight times value; `cloud.weighted_summary` gives limits of the values.

    Parameters
    ----------
    events, n
        Found positive, among how many patients; two whole numbers.
    sensitivity, specificity, prevalence
        Priors.

    Returns
    -------
    Nodes; none where `one_test_posterior` finds no box with any mass or the nodes too coarse.

    Raises
    ------
    ValueError
        As `one_test_posterior`.

    Assumes
    -------
    As `one_test_posterior`.

    References
    ----------
    joseph1995

    Examples
    --------
    >>> from sarcoid_epi.stats.prior import point
    >>> at = one_test_grid(7, 50, point(1.0), point(1.0))
    >>> print(f"{(at.weight * at.prevalence).sum():.6f} {8 / 52:.6f}")
    0.153846 0.153846
    """
    x, m = check_counts(events, n)
    if x.ndim:
        raise ValueError("events and n must be two numbers: one posterior at a time")
    _, cloud = posterior_nodes(x[None], m[None], prevalence, sensitivity, specificity)
    thin = too_thin(x[None], m[None], prevalence, sensitivity, specificity)[0]
    if thin or not cloud.log_weight.size or cloud.log_weight.max() == -np.inf:
        return Nodes(*(np.empty(0) for _ in range(4)))
    weight = np.exp(cloud.log_weight - cloud.log_weight.max())
    here = weight > np.exp(_FAINTEST)
    pi, se, f = (np.broadcast_to(each, weight.shape)[here] for each in (cloud.pi, cloud.se, cloud.f))
    return Nodes(pi, se, 1.0 - f, weight[here] / weight[here].sum())


def _ends(prior: Prior) -> tuple[tuple[float, float], tuple[float, float]]:
    """The ends of a prior's range, each with the power of chance there."""
    return (prior.low, prior.a), (prior.high, prior.b)


def _powers(low: Array, high: Array, *crowded: tuple[float, float]) -> tuple[Array, Array]:
    """The power of chance at each end of a range: that of the density where it is infinite or bends at that end."""
    a, b = (
        np.where(end == at, power if power < _FLAT else 1.0, 1.0)
        for end, (at, power) in zip((low, high), crowded, strict=True)
    )
    return a, b


def _true_among_nobody(n: Array, pi: Prior, se: Prior, sp: Prior, *crowded: tuple[float, float]) -> Series:
    """The predictive value where none of n are positive, of nodes laid out for it; shape (G,)."""
    share, log_weight = nobody_positive(n, pi, se, sp)
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    seen = weight > np.exp(_FAINTEST)
    low, high = np.where(seen, share, np.inf).min(axis=1), np.where(seen, share, -np.inf).max(axis=1)
    more = 0.003 * (high - low)
    low, high = np.maximum(low - more, 0.0), np.minimum(high + more, 1.0)
    share = np.clip(share, low[:, None], high[:, None])
    return series(chebyshev_moments(share, weight, low, high), low, high, *_powers(low, high, *crowded))


def _closing_up(weight: Array, row: NDArray[np.intp], groups: int) -> Callable[..., Array]:
    """Whatever has a value at nodes of boxes, as the nodes of any weight alone, those of a group in one row."""
    seen = np.flatnonzero(weight)
    owner = row[seen // max(weight[:1].size, 1)]
    if groups > 1:
        order = np.argsort(owner, kind="stable")
        seen, owner = seen[order], owner[order]
    many = np.bincount(owner, minlength=groups)
    start = np.cumsum(many) - many
    place = np.arange(len(seen)) - start[owner]

    def closed_up(value: Array, fill: bool = True) -> Array:
        """What is shorter than the longest row ends with its first value again, or zeros; NaN where there is none."""
        flat = np.broadcast_to(value, weight.shape).reshape(-1)[seen]
        closed = np.full((groups, max(many.max(), 1)), np.nan if fill else 0.0)
        if fill:
            closed[many > 0] = flat[start[many > 0], None]
        closed[owner, place] = flat
        return closed

    return closed_up


def _distributions(x: Array, n: Array, pi: Prior, se: Prior, sp: Prior) -> tuple[list[Series], Array]:
    """The five distributions of each group, and the log evidence; shape (G,)."""
    boxes, cloud = posterior_nodes(x, n, pi, se, sp)
    groups, row = len(x), boxes.row
    peak = np.full(groups, -np.inf)
    np.maximum.at(peak, row, cloud.log_weight.max(axis=(1, 2, 3)))
    log_weight = cloud.log_weight - np.where(np.isfinite(peak), peak, 0.0)[row, None, None, None]
    weight = np.where(log_weight > _FAINTEST, np.exp(np.maximum(log_weight, _FAINTEST)), 0.0)
    total = np.zeros(groups)
    np.add.at(total, row, weight.sum(axis=(1, 2, 3)))
    closed_up = _closing_up(weight, row, groups)
    weights = closed_up(weight, fill=False)

    def of_nodes(value: Array, least: float, most: float, *crowded: tuple[float, float]) -> Series:
        """The series of a quantity within what is possible; `crowded` are ends it may have and powers of chance there.

        Its range is a little wider than the nodes that matter.
        """
        value = closed_up(value)
        low, high = value.min(axis=1), value.max(axis=1)
        more = 0.003 * (high - low)
        low, high = np.maximum(low - more, least), np.minimum(high + more, most)
        sums = chebyshev_moments(np.clip(value, low[:, None], high[:, None]), weights, low, high)
        return series(sums, low, high, *_powers(low, high, *crowded))

    def of_boxes(value: Array, weight: Array, low: Array, high: Array, *crowded: tuple[float, float]) -> Series:
        """The same of a quantity with nodes of its own in each box."""
        lowest, highest, sums = np.full(groups, np.inf), np.full(groups, -np.inf), np.zeros((groups, MOMENTS))
        np.minimum.at(lowest, row, low)
        np.maximum.at(highest, row, high)
        nowhere = lowest > highest
        lowest, highest = np.where(nowhere, np.nan, lowest), np.where(nowhere, np.nan, highest)
        if len(row):
            np.add.at(sums, row, chebyshev_moments(value, weight, lowest[row], highest[row]))
        return series(sums, lowest, highest, *_powers(lowest, highest, *crowded))

    f_low, f_high = 1.0 - boxes.f_high, 1.0 - boxes.f_low
    # What is worked out from two of them takes the sharper peak at an end that either alone can bring it to.
    none, se_none = (prior.a if prior.low == 0 else 1.0 for prior in (pi, se))
    all_, se_all, sp_all = (prior.b if prior.high == 1 else 1.0 for prior in (pi, se, sp))
    share_ends = (0.0, min(none, se_none)), (1.0, min(all_, sp_all))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 1.0 - (1.0 - cloud.pi) * cloud.f / cloud.p  # of records that cannot be: not a number, and no weight
    found = [
        of_nodes(cloud.pi, pi.low, pi.high, *_ends(pi)),
        of_boxes(cloud.se[:, :, 0, 0], weight.sum(axis=(2, 3)), boxes.se_low, boxes.se_high, *_ends(se)),
        of_boxes(1.0 - cloud.f[:, 0, :, 0], weight.sum(axis=(1, 3)), f_low, f_high, *_ends(sp)),
        of_nodes(cloud.pi * (1.0 - cloud.se), 0.0, 1.0, (0.0, min(none, se_all)), (1.0, all_ + se_none)),
        of_nodes(share, 0.0, 1.0, *share_ends),
    ]
    nobody = np.flatnonzero((x == 0) & np.isfinite(found[4].low))
    if nobody.size and sp.low < sp.high == 1.0 and min(pi.low, se.low) == 0.0:
        found[4] = Series(*map(np.array, found[4]))
        for some in np.split(nobody, range(_AT_ONCE, nobody.size, _AT_ONCE)):
            for field, better in zip(found[4], _true_among_nobody(n[some], pi, se, sp, *share_ends), strict=True):
                field[some] = better
    with np.errstate(divide="ignore"):
        return found, peak + np.log(total)
