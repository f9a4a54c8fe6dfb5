"""What all published series say together, when each is read with its way of meeting and of looking at patients.

One true share, one symptomatic share and one sensitivity of each way to look stand behind all of them. A prior says
what is believed before; importance sampling gives the posterior; and for each parameter it is told how much of its
prior doubt the series took away, for from most they take little.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, expit, logit, ndtri

from sarcoid_epi.estimators.believing import drawn
from sarcoid_epi.scenario import Prior
from sarcoid_epi.stats.cascade import log_binomial
from sarcoid_epi.stats.imperfect_series import series_log_likelihood
from sarcoid_epi.stats.importance import importance_sample, sobol
from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.weighted import Summary, summary

#: How patients were met, and how they were looked at: the levels of the variables `met` and `looked`.
MET = ("referred", "new", "scanned", "back_pain")
LOOKED = ("records", "film", "mri", "pet")

#: Points of the importance sample, and fewest draws that its answer must be worth to be given without a word.
POINTS, ENOUGH = 2**15, 400.0

Draws = Mapping[str, Array]


class Series(NamedTuple):
    """Published counts: on record of n, how met and how looked at (codes), and how many of those on record hurt.

    Each array has shape (K,); a series without the one count or the other has n = 0 there.
    """

    events: Array
    n: Array
    met: Array
    looked: Array
    symptomatic: Array
    symptomatic_n: Array


class Joint(NamedTuple):
    """Prior and posterior of every quantity by name, with contraction 1 - posterior variance / prior variance.

    `draws` and their `places` in the priors are weighted by `weights`, and together worth `effective` draws.
    """

    prior: dict[str, Summary]
    posterior: dict[str, Summary]
    contraction: dict[str, float]
    effective: float
    log_evidence: float
    draws: dict[str, Array]
    places: dict[str, Array]
    weights: Array


def joint(series: Series, prior: Prior, points: int = POINTS) -> Joint:
    """The posterior of patients and of looking, given the series.

    The expected share on record of series k, met in setting g and looked at by m, is

        pi_k Se_m + (1 - pi_k)(1 - Sp_m),    logit pi_k = logit pi + log OR_g + tau u_k,  u_k ~ N(0, 1)

    with Se = (s d_1 + (1 - s) d_0) v for records of routine care (s symptomatic share, d_1 and d_0 chance of imaging
    with symptoms and without, v seen and written down). Of the true cases on record s d_1 / (s d_1 + (1 - s) d_0) have
    symptoms. One place more than there are parameters is drawn: where a further series lies among all series.
    """
    parameters = prior.parameters()

    # The draws of each round, kept: to make them again takes longer than all that is done to them.
    rounds: list[dict[str, Array]] = []

    def log_likelihood(places: Array) -> Array:
        rounds.append(drawn(parameters, places[:, :-1]))
        return np.asarray(fit(series, rounds[-1]).sum(axis=-1))

    sample = importance_sample(log_likelihood, len(parameters) + 1, points)
    after = _derived({name: np.concatenate([one[name] for one in rounds]) for name in parameters})
    priors = dict(_before(prior, points))
    posteriors = {name: summary(values, sample.weights) for name, values in after.items()}
    contraction = {name: float(1.0 - (posteriors[name].sd / priors[name].sd) ** 2) for name in priors}
    places = dict(zip((*parameters, "further"), sample.places.T, strict=True))
    return Joint(priors, posteriors, contraction, sample.effective, sample.log_evidence, after, places, sample.weights)


def fit(series: Series, draws: Draws) -> Array:
    """Log-likelihood of each series at each draw of the parameters, shape (P, K)."""
    between = draws["patients.between"][:, None]
    counts = series_log_likelihood(series.events, series.n, *expected(series, draws), between)
    hurting = symptomatic_on_record(draws)[:, None]
    return np.asarray(counts + log_binomial(series.symptomatic, series.symptomatic_n, hurting))


def expected(series: Series, draws: Draws) -> tuple[Array, Array, Array]:
    """True share, sensitivity and specificity of each series at each draw, shapes (P, K)."""
    met, looked = series.met.astype(int), series.looked.astype(int)
    odds = np.stack(
        [np.ones_like(draws["patients.osseous"]), *(draws[f"patients.{name}"] for name in MET[1:])], axis=-1
    )
    share = expit(logit(draws["patients.osseous"])[:, None] + np.log(odds))
    finds = np.stack([recorded_share(draws), *(draws[f"{name}.sensitivity"] for name in LOOKED[1:])], axis=-1)
    clears = np.stack([draws[f"{name}.specificity"] for name in ("routine", *LOOKED[1:])], axis=-1)
    return share[:, met], finds[:, looked], clears[:, looked]


def recorded_share(draws: Draws) -> Array:
    """Chance that routine care brings a true case on record: (s d_1 + (1 - s) d_0) v."""
    s = draws["symptoms.symptomatic"]
    looked_at = s * draws["routine.imaged_symptomatic"] + (1 - s) * draws["routine.imaged_silent"]
    return np.asarray(looked_at * draws["routine.seen"])


def symptomatic_on_record(draws: Draws) -> Array:
    """Share with symptoms of the true cases on record: s d_1 / (s d_1 + (1 - s) d_0)."""
    s = draws["symptoms.symptomatic"]
    hurting, silent = s * draws["routine.imaged_symptomatic"], (1 - s) * draws["routine.imaged_silent"]
    return np.asarray(hurting / (hurting + silent))


def without(series: Series, number: int) -> Series:
    """All series but one."""
    return Series(*(np.delete(column, number) for column in series))


def predicted(series: Series, number: int, prior: Prior, points: int = POINTS) -> tuple[float, int, int]:
    """The count of one series predicted from all others: its expectation, and the 2.5 and 97.5 % points.

    For a series with a count on record it is that count, for one of symptoms only the count of these. The prediction
    carries the posterior, the spread between series and chance.
    """
    one = Series(*(column[[number]] for column in series))
    rest = joint(without(series, number), prior, points)
    if one.n[0] > 0:
        share, finds, clears = (column[:, 0] for column in expected(one, rest.draws))
        true = expit(logit(share) + rest.draws["patients.between"] * ndtri(rest.places["further"]))
        size, chance = int(one.n[0]), true * finds + (1 - true) * (1 - clears)
    else:
        size, chance = int(one.symptomatic_n[0]), symptomatic_on_record(rest.draws)

    def quantile(tail: float) -> int:
        low, high = -1, size
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if rest.weights @ bdtr(middle, size, chance) >= tail else (middle, high)
        return high

    return size * float(rest.weights @ chance), quantile(0.025), quantile(0.975)


def leaned(answer: Joint, of: str) -> dict[str, tuple[float, float]]:
    """Posterior median of one quantity when one parameter lies in the lower, or in the upper, half of its prior.

    Where the two are far apart, the answer rests on that prior.
    """
    return {
        name: (_median_where(places < 0.5, answer, of), _median_where(places >= 0.5, answer, of))
        for name, places in answer.places.items()
        if name != "further"
    }


def _median_where(kept: NDArray[np.bool_], answer: Joint, of: str) -> float:
    weights = np.where(kept, answer.weights, 0.0)
    return float(summary(answer.draws[of], weights / weights.sum()).median)


@lru_cache(maxsize=8)
def _before(prior: Prior, points: int) -> dict[str, Summary]:
    """What a prior says of every quantity; the same for every collection of series."""
    parameters = prior.parameters()
    draws = _derived(drawn(parameters, sobol(points, len(parameters) + 1)[:, :-1]))
    return {name: summary(values, np.full(points, 1.0 / points)) for name, values in draws.items()}


def _derived(draws: dict[str, Array]) -> dict[str, Array]:
    """Draws of every parameter, and of what follows from them: how much records miss."""
    return {**draws, "underdiagnosis": 1 - recorded_share(draws)}
