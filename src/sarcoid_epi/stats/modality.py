"""Published series that were looked at in different ways: what of their spread is looking, what patients?

Notation: x of n found by modality m; Se, Sp its sensitivity and specificity, F = 1 - Sp; pi true share of a series.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from sarcoid_epi.stats.interval import Array, check_counts, check_level, check_share, normal_quantile
from sarcoid_epi.stats.maximum import Peak, climb
from sarcoid_epi.stats.meta import Pooled, _t_quantile, binomial_normal
from sarcoid_epi.stats.modality_likelihood import ROUGH_NODES, Looks, Points, believed_looks, likelihood, placed
from sarcoid_epi.stats.modality_posterior import Posterior, looks, mu_quantiles, posterior, spreads
from sarcoid_epi.stats.quadrature import logit_normal_mean

NO_STUDY = "no series with patients"
ONE_STUDY = "one series: its spread cannot be split; correct it alone, by `prior` or `believed`"
NO_EVENTS = "no events in any series: spread and typical share cannot be estimated"
ONLY_EVENTS = "only events in every series: spread and typical share cannot be estimated"
CHANCE = "a modality with Se + Sp of 1 or less finds no more than chance: nothing can be corrected with it"
NOT_CONVERGED = "the maximum of the likelihood was not found; the posterior stands"
ONE_MODALITY = "one modality only: what the looking adds cannot be told from these series"
NO_REPEAT = "no two series were looked at alike: what the looking adds cannot be told from what the patients add"
UNLEARNT = "these series teach next to nothing about sensitivity and specificity: the priors decide the split"

_NODES = 11  # for each series' true share
_EXACT_NODES, _FINE_NODES, _WIDE = 25, 151, 1.0  # as in `meta`, where sensitivity and specificity are known
_SADDLE, _OFF_SADDLE = 0.01, 0.1  # a search in tau that would start below the one starts at the other
_FARTHEST = 5.0  # logits and spreads at which a posterior may begin
_NEAR = 1e-4  # longest step that is nothing left to climb
_GROUPS = 256  # handled at once, for memory's sake
_LEARNT = 0.1  # part of the prior standard deviation that must have gone somewhere for the data to have a say

_SPLIT = ("looking", "looking_low", "looking_high", "spread_looking", "spread_patients")
_NUMBERS = ("share", "low", "high", *_SPLIT)
_COLUMNS = (
    "sensitivity",
    "sensitivity_sd",
    "specificity",
    "specificity_sd",
    "sensitivity_learnt",
    "specificity_learnt",
    "apparent",
    "apparent_low",
    "apparent_high",
)


class ModalityFit(NamedTuple):
    """The fit; leading shape of the counts, with a last axis of modalities where named.

    Attributes
    ----------
    true
        `Pooled`: the true shares of the series, maximum likelihood with sensitivity and specificity integrated out.
    plain
        `Pooled`: the apparent shares, by `binomial_normal`, which does not know of modalities.
    share, low, high
        Posterior median and limits of the typical true share expit(mu).
    sensitivity, sensitivity_sd, specificity, specificity_sd
        Posterior mean and standard deviation, (..., modalities).
    sensitivity_learnt, specificity_learnt
        1 - posterior sd / prior sd, (..., modalities): 0 nothing, 1 everything; NaN where known.
    looking, looking_low, looking_high
        Part of the spread of the logit apparent shares that is the looking, posterior median and limits; the patients
        are the rest.
    spread_looking, spread_patients
        The two variances on the logit scale, posterior medians.
    apparent, apparent_low, apparent_high
        Median and prediction limits of the share that a further series by each modality would find, (..., modalities).
    note
        Empty, or what cannot be estimated and why.
    """

    true: Pooled
    plain: Pooled
    share: Array
    low: Array
    high: Array
    sensitivity: Array
    sensitivity_sd: Array
    specificity: Array
    specificity_sd: Array
    sensitivity_learnt: Array
    specificity_learnt: Array
    looking: Array
    looking_low: Array
    looking_high: Array
    spread_looking: Array
    spread_patients: Array
    apparent: Array
    apparent_low: Array
    apparent_high: Array
    note: NDArray[np.str_]


def modality_model(
    events: ArrayLike,
    n: ArrayLike,
    modality: ArrayLike,
    sensitivity: ArrayLike,
    sensitivity_weight: ArrayLike,
    specificity: ArrayLike,
    specificity_weight: ArrayLike,
    level: float = 0.95,
    tau_scale: float = 2.0,
) -> ModalityFit:
    r"""Published series looked at by different modalities: typical true share, and what of their spread is the looking.

    .. math:: x_k \sim \mathrm{Bin}(n_k,\; \pi_k Se_m + (1 - \pi_k)(1 - Sp_m)), \qquad
              \mathrm{logit}\, \pi_k \sim N(\mu, \tau^2), \qquad m = m(k)

    with :math:`Se_m \sim \mathrm{Beta}(v w, (1 - v) w)`, believed value v worth w verified patients, and Sp likewise;
    with validation counts, x of n right, v = (x + 1)/(n + 2) and w = n + 2. Nothing is drawn.

    `true` is the maximum of the likelihood of (mu, tau) with Se and Sp integrated out; with all of them known to be 1
    it is `binomial_normal`. The posterior, for everything else, takes the typical share expit(mu) as uniform on (0, 1)
    and tau as half-normal with scale `tau_scale`.

    The split takes the logit apparent share :math:`A = \mathrm{logit}(\pi Se_m + (1 - \pi)(1 - Sp_m))` apart by the law
    of total variance, over the series' modalities and their true shares:

    .. math:: \mathrm{Var}\, A = \mathrm{Var}_m\, E[A \mid m] + E_m \mathrm{Var}[A \mid m]
              = \text{looking} + \text{patients}

    each series counting once. The sampling error of the series is in neither.

    Parameters
    ----------
    events
        Found positive in each series, whole numbers, shape (..., K): series on the last axis, groups before it.
    n
        Patients in each series, broadcast against `events`. A series with n = 0 is not there.
    modality
        Whole numbers 0 to M - 1, shape (K,), shared by the groups: by which modality each series was looked at.
    sensitivity, specificity
        Believed values of each modality, in [0, 1], shape (M,).
    sensitivity_weight, specificity_weight
        How many verified patients they are worth, above 0; infinite where the value is known. Shape (M,) or one number.
    level
        Of all limits, between 0 and 1.
    tau_scale
        Scale of the half-normal belief about tau, above 0.

    Returns
    -------
    ModalityFit, of the leading shape. NaN with a `note`: without patients, with one series, without events or with only
    events, and where a modality has Se + Sp of 1 or less; `true` alone where no maximum was found; the split where one
    modality only was used, or no two series were looked at alike (by one modality, or by ones whose values are known):
    only such tell the spread of the patients. `plain` has its own notes.

    Raises
    ------
    ValueError
        If counts are not whole numbers with 0 <= events <= n, there is no axis of series, `modality` does not number
        the series' modalities, a belief is outside its range, or `level` or `tau_scale` is.

    Assumes
    -------
    Independent series; true logits one normal sample that has nothing to do with the modality (patients sent to a
    better modality because they are sicker would be read as looking); Se and Sp of a modality the same in all its
    series, and the beliefs about them right: the data say little against a wrong belief.

    References
    ----------
    stijnen2010, pinheiro1995, louis1982

    Examples
    --------
    Four series of equal true share 0.2, two looked at by a modality that sees half, two by one that sees all. The plain
    model finds a spread; with the looking known there is none left for the patients:

    >>> from math import inf
    >>> fit = modality_model([100, 100, 200, 200], [1000] * 4, [0, 0, 1, 1], [0.5, 1.0], inf, [1.0, 1.0], inf)
    >>> print(f"{fit.true.share:.3f} {fit.true.tau:.2f} {fit.plain.share:.3f} {fit.plain.tau:.2f} {fit.looking:.1f}")
    0.200 0.00 0.143 0.40 1.0
    """
    check_level(level)
    if not tau_scale > 0:
        raise ValueError(f"tau_scale must be above 0; got {tau_scale!r}")
    x, m = check_counts(events, n)
    if x.ndim == 0:
        raise ValueError("events and n need an axis of series, the last one; got single numbers")
    se = _belief(sensitivity, sensitivity_weight, "sensitivity")
    sp = _belief(specificity, specificity_weight, "specificity")
    if len(se[0]) != len(sp[0]):
        raise ValueError(f"as many sensitivities as specificities; got {len(se[0])} and {len(sp[0])}")
    by = np.asarray(modality)
    if by.shape != x.shape[-1:] or by.dtype.kind not in "iu" or (by < 0).any() or (by >= len(se[0])).any():
        raise ValueError(f"modality must give one whole number from 0 to {len(se[0]) - 1} for each series")

    shape, groups = x.shape[:-1], math.prod(x.shape[:-1])
    x, m = x.reshape(groups, -1), m.reshape(groups, -1)
    look = believed_looks(se, sp, by)
    spans = [slice(start, start + _GROUPS) for start in range(0, max(1, groups), _GROUPS)]
    parts = [_fits(x[i], m[i], look, level, tau_scale) for i in spans]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    note = joined.pop("note")
    at, variance, value = (joined.pop(name) for name in ("at", "variance", "value"))
    true = _pooled(at, variance, value, (m > 0).sum(-1), level, note)
    plain = binomial_normal(x, m, level)
    fields = {name: field.reshape(shape + field.shape[1:])[()] for name, field in joined.items()}
    return ModalityFit(true=_shaped(true, shape), plain=_shaped(plain, shape), note=note.reshape(shape)[()], **fields)


def _belief(value: ArrayLike, weight: ArrayLike, name: str) -> tuple[Array, Array]:
    share, patients = np.broadcast_arrays(
        np.atleast_1d(check_share(value, name)), np.atleast_1d(np.asarray(weight, dtype=np.float64))
    )
    if share.ndim != 1 or np.isnan(share).any():
        raise ValueError(f"{name} must be one known number for each modality")
    if not (patients > 0).all():
        raise ValueError(f"{name}_weight must be above 0 (infinite where the {name} is known)")
    return share, patients


def _shaped(pooled: Pooled, shape: tuple[int, ...]) -> Pooled:
    """The leading shape again, numpy scalars for one group."""
    fields: Any = (field.reshape(shape)[()] for field in pooled)
    return Pooled(*fields)


def _fits(x: Array, m: Array, look: Looks, level: float, tau_scale: float) -> dict[str, Any]:
    """Some groups, counts (G, K): fields of `ModalityFit` by name, and place, variance and height of the maximum."""
    groups, modalities = len(x), len(look.value)
    note = _note(x, m, (m > 0).sum(-1), look)
    answer: dict[str, Any] = {name: np.full(groups, np.nan) for name in (*_NUMBERS, "value")}
    answer |= {name: np.full((groups, modalities), np.nan) for name in _COLUMNS}
    answer |= {"at": np.full((groups, 2), np.nan), "variance": np.full((groups, 2, 2), np.nan)}

    fitted = np.flatnonzero(note == "")
    if fitted.size:
        peak, centres, modes = _maximum(x[fitted], m[fitted], look)
        good = peak.converged
        note[fitted[~good]] = NOT_CONVERGED
        found = fitted[good]
        answer["at"][found], answer["variance"][found] = peak.at[good], peak.variance[good]
        answer["value"][found] = peak.value[good]
        # The posterior looks for its own place, and stands where the search for the maximum did not end.
        top = np.clip(np.abs(peak.at), [0.0, _OFF_SADDLE], [_FARTHEST, _FARTHEST]) * np.sign(peak.at)
        grid = posterior(x[fitted], m[fitted], look, np.where(good[:, None], peak.at, top), centres, modes, tau_scale)
        for name, values in _read(grid, m[fitted], look, level).items():
            answer[name][fitted] = values
    used = np.stack([(m[:, look.modality == j] > 0).any(-1) for j in range(modalities)], axis=-1)
    single = (note == "") & (used.sum(-1) < 2)
    # Each modality whose values are not known has a level of its own; those known have one between them.
    open_ = ~look.known.all(-1)
    levels = (used & open_).sum(-1) + (used & ~open_).any(-1)
    unrepeated = (note == "") & ~single & ((m > 0).sum(-1) <= levels)
    for name in _SPLIT:
        answer[name][single | unrepeated] = np.nan
    taught = np.fmax(answer["sensitivity_learnt"], answer["specificity_learnt"])
    unlearnt = ~(np.where(used & ~np.isnan(taught), taught, 0.0).max(-1) > _LEARNT)
    reasons = (single, unrepeated, (note == "") & unlearnt)
    answer["note"] = np.select(reasons, (ONE_MODALITY, NO_REPEAT, UNLEARNT), note)
    return answer


def _read(grid: Posterior, m: Array, look: Looks, level: float) -> dict[str, Array]:
    """All that is read off the posterior, by name."""
    quantiles = [0.5, (1.0 - level) / 2.0, (1.0 + level) / 2.0]
    se, se_sd, sp, sp_sd = looks(grid)
    (by_looking, by_patients), apparent = spreads(grid, look, m)
    prior_sd = np.where(look.known, np.nan, _prior_sd(look))
    answers = [
        *expit(mu_quantiles(grid, quantiles)),
        *np.quantile(by_looking / (by_looking + by_patients), quantiles, axis=1),
        np.median(by_looking, axis=1),
        np.median(by_patients, axis=1),
        *(se, se_sd, sp, sp_sd, 1.0 - se_sd / prior_sd[:, 0], 1.0 - sp_sd / prior_sd[:, 1]),
        *np.quantile(apparent, quantiles, axis=1),
    ]
    return dict(zip((*_NUMBERS, *_COLUMNS), answers, strict=True))


def _note(x: Array, m: Array, studies: NDArray[np.int64], look: Looks) -> NDArray[np.str_]:
    none, all_ = (x == 0).all(-1), (x == m).all(-1)
    chance = np.full(len(x), bool((look.value[:, 0] <= look.value[:, 1]).any()))
    cases = (studies == 0, chance, none, all_, studies == 1)
    # Room for the longer sentences that later steps put in.
    return np.select(cases, (NO_STUDY, CHANCE, NO_EVENTS, ONLY_EVENTS, ONE_STUDY), "").astype("<U160")


def _pooled(
    at: Array, variance: Array, value: Array, studies: NDArray[np.int64], level: float, note: NDArray[np.str_]
) -> Pooled:
    """The maximum as `binomial_normal` reports it."""
    mu, tau, se = at[:, 0], np.abs(at[:, 1]), np.sqrt(variance[:, 0, 0])
    half_width = normal_quantile(level) * se
    reach = _t_quantile(level, studies - 2) * np.sqrt(tau**2 + se**2)
    limits = (expit(mu + side * width) for width in (half_width, reach) for side in (-1.0, 1.0))
    low, high, new_low, new_high = limits
    average = logit_normal_mean(mu, tau)
    found = ~np.isnan(mu)
    return Pooled(mu, se, tau, tau**2, expit(mu), low, high, average, new_low, new_high, value, studies, found, note)


def _maximum(x: Array, m: Array, look: Looks) -> tuple[Peak, Array, Array]:
    """Maximum of the likelihood of (mu, tau), the looking integrated out, with centres and modes there.

    The points of (Se, F) stand still during a climb, so that the function climbed is smooth, and are placed anew where
    it ended, for another.
    """
    start = _start(x, m, look)
    centres = np.broadcast_to(np.where(look.known, 0.0, logit(look.value)), (len(x), *look.value.shape))
    pairs = math.prod(look.points())
    modes = np.zeros((*x.shape, pairs))
    for nodes in (ROUGH_NODES, _NODES, _NODES) if pairs > 1 else (_EXACT_NODES,):
        points = placed(start[:, 0], start[:, 1], x, m, look, centres, modes[..., :1])
        peak = _search(x, m, look, points, start, modes, nodes)
        start, centres = np.where(peak.converged[:, None], peak.at, start), points.centres
        # At tau = 0 the likelihood is level in tau by symmetry: a search that starts there never leaves it.
        start[:, 1] = np.where(np.abs(start[:, 1]) < _SADDLE, _OFF_SADDLE, start[:, 1])
    wide = ~peak.converged | (np.abs(peak.at[:, 1]) > _WIDE)
    if pairs == 1 and wide.any():
        there = Points(*(each[wide] for each in points))
        finer = _search(x[wide], m[wide], look, there, start[wide], modes[wide], _FINE_NODES)
        for coarse, fine in zip(peak, finer, strict=True):
            coarse[wide] = fine
    return peak, centres, modes


def _search(x: Array, m: Array, look: Looks, points: Points, start: Array, modes: Array, nodes: int) -> Peak:
    def function(groups: NDArray[np.intp], theta: Array) -> tuple[Array, Array, Array]:
        counts, there = (x[groups], m[groups]), Points(*(each[groups] for each in points))
        found = likelihood(theta[:, 0], theta[:, 1], *counts, look, there, nodes, modes[groups])
        modes[groups] = found.modes
        return found.value, found.gradient, found.information

    peak = climb(function, start)
    return _arrived(peak, *function(np.arange(len(start)), peak.at)[1:])


def _arrived(peak: Peak, gradient: Array, information: Array) -> Peak:
    """Also those have arrived that stopped where nothing is left to climb: value and gradient differ by rounding."""
    values = np.linalg.eigvalsh(information)
    inverse = np.linalg.pinv(information)
    step = np.einsum("gij,gj->gi", inverse, gradient)
    there = ~peak.converged & (values[:, 0] > 0) & (np.abs(step).max(axis=-1) < _NEAR)
    variance = np.where(there[:, None, None], inverse, peak.variance)
    return peak._replace(converged=peak.converged | there, variance=variance)


def _start(x: Array, m: Array, look: Looks) -> Array:
    """Mean and spread of the logits of the shares, each corrected by the believed values (half a case added)."""
    se, f = look.value[look.modality].T
    corrected = np.clip(((x + 0.5) / (m + 1.0) - f) / (se - f), 0.25 / (m + 1.0), 1.0 - 0.25 / (m + 1.0))
    there = (m > 0).astype(np.float64)
    logit, series = np.log(corrected / (1.0 - corrected)), there.sum(-1)
    mu = (there * logit).sum(-1) / series
    tau = np.sqrt((there * (logit - mu[:, None]) ** 2).sum(-1) / series)
    return np.stack([mu, np.clip(tau, 0.2, 1.5)], axis=-1)


def _prior_sd(look: Looks) -> Array:
    """Standard deviation of each belief, (M, 2)."""
    weight = look.shapes.sum(-1)
    return np.asarray(np.sqrt(look.value * (1.0 - look.value) / (weight + 1.0)))
