"""The true share behind a recorded one: a design's curve, its inverse, and one series predicted from the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit, logit
from scipy.stats import binom

from sarcoid_epi.agreement.looking import SEED, Looks
from sarcoid_epi.agreement.measuring import Numbers
from sarcoid_epi.agreement.series import FREQUENCIES, WORLD, Series, counts_of
from sarcoid_epi.cohort import replicates
from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.evidence import Finding, finding, independent
from sarcoid_epi.scenario import Belief, load_design, load_world
from sarcoid_epi.stats.misclassification import rogan_gladen

#: Parameter that is the true share, and the values of it at which a curve is simulated.
TRUE_SHARE = "osseous.true_prevalence"
GRID = (0.01, 0.03, 0.06, 0.12, 0.20, 0.30)
CURVE_SIZE = 100_000

#: Columns whose share the curve of a series follows; that of others is the record.
COLUMN = {"sigaux2019.spine_lesions": "recorded_spine"}

Detection = str | tuple[float, float] | Belief | None


@dataclass(frozen=True)
class Curve:
    """Share on record as a function of the true share: monotone between simulated points, both on the logit scale."""

    design: str
    true: tuple[float, ...]
    recorded: tuple[float, ...]

    def recorded_at(self, true: Numbers | float) -> Numbers:
        """Share on record at a true share."""
        return np.asarray(expit(self._through(logit(true))))

    def true_at(self, recorded: float) -> float:
        """True share at which so many are on record.

        Raises
        ------
        ConfigurationError
            When no true share of the curve brings so few, or so many, on record.
        """
        low, high = self.recorded[0], self.recorded[-1]
        if not low <= recorded <= high:
            why = f"true shares from {self.true[0]:g} to {self.true[-1]:g} bring {low:.3g} to {high:.3g} on record"
            raise ConfigurationError(Problem(f"{recorded:g} on record is not reached", self.design, why))
        ends = float(logit(self.true[0])), float(logit(self.true[-1]))
        return float(expit(brentq(lambda at: float(self._through(at) - logit(recorded)), *ends, xtol=1e-12)))

    def _through(self, at: Numbers | float) -> Numbers:
        return np.asarray(PchipInterpolator(logit(self.true), logit(self.recorded))(at))


def curve(
    world: str, design: str, column: str = "osseous_recorded", size: int = CURVE_SIZE, seed: int = SEED,
    grid: Sequence[float] = GRID,
) -> Curve:  # fmt: skip
    """The share that a design records at each true share of a grid, in the same patients throughout."""
    looked_at, own = load_design(design), load_world(world).parameters()[TRUE_SHARE].value
    shares = []
    for true in grid:
        varied = {} if true == own else {TRUE_SHARE: true}
        made = replicates(load_world(world, varied), looked_at, size, 1, seed, [column])
        shares.append(float(made[column].mean()))
    rising = np.maximum.accumulate(np.clip(shares, 0.5 / size, 1 - 0.5 / size))
    return Curve(design, tuple(grid), tuple(float(share) for share in rising))


def true_share_for(
    world: str, design: str, recorded: float, detection: Detection = None, size: int = CURVE_SIZE, seed: int = SEED
) -> float:
    """The true share behind a share on record.

    Parameters
    ----------
    world, design : str
        By name or file. With `detection="design"` the world's other assumptions stand, and the answer is the
        `osseous.true_prevalence` at which the design records that share.
    recorded : float
        Share on record, in [0, 1].
    detection : "design", (sensitivity, specificity) or Belief
        What is believed about the record. With a pair or a belief, Rogan and Gladen's estimate, which may lie outside
        [0, 1]. [rogan1978]
    size, seed : int
        Patients at each point of the design's curve, and the only source of chance.

    Returns
    -------
    float

    Raises
    ------
    ConfigurationError
        Without a basis for detection; or where the design records such a share at no true share of the curve.
    """
    if detection is None:
        raise ConfigurationError(
            Problem(
                "a recorded share does not say the true one",
                why="the sensitivity and specificity of the record are missing, or a second ascertainment of the same "
                "patients (a verified sample, a second source)",
                do='give detection="design" to take them from the design\'s assumptions, or a belief',
            )
        )
    if isinstance(detection, Belief):
        detection = detection.sensitivity.value.value, detection.specificity.value.value
    if isinstance(detection, tuple):
        return float(rogan_gladen(recorded, *detection))
    if detection != "design":
        do = 'give "design", a pair of sensitivity and specificity, or a belief'
        raise ConfigurationError(Problem(f"'{detection}' is no basis for detection", do=do))
    return curve(world, design, size=size, seed=seed).true_at(recorded)


@dataclass(frozen=True)
class LeftOut:
    """One series predicted from all others: fitted true share, expected share, limits of its count, and the count."""

    series: Series
    finding: Finding
    events: int
    n: int
    fitted: float
    expected: float
    low: int
    high: int

    @property
    def inside(self) -> bool:
        """Whether the printed count lies between the predictive limits."""
        return self.low <= self.events <= self.high


@dataclass(frozen=True)
class Predicted:
    """The true share fitted to all series, each series left out in turn, and the curves that led there."""

    fitted: float
    low: float
    high: float
    left_out: tuple[LeftOut, ...]
    curves: Mapping[str, Curve]
    set_aside: tuple[tuple[str, str], ...]


def leave_one_out(looks: Looks, size: int = CURVE_SIZE) -> Predicted:
    """Fit the true share to all series but one, and predict that one; detection is the designs' throughout.

    The fit maximises the sum of binomial log-likelihoods. The predictive distribution of a count weighs binomials by
    that likelihood over the logit of the true share, so it carries the doubt of the fit as well as chance.
    """
    kept = independent(finding(one.finding) for one in FREQUENCIES)
    ids = {one.id for one in kept.kept}
    series = tuple(one for one in FREQUENCIES if one.finding in ids)
    curves: dict[tuple[str, str], Curve] = {}
    for one in series:
        key = one.design, COLUMN.get(one.finding, "osseous_recorded")
        if key not in curves:
            curves[key] = curve(WORLD, *key, size=size, seed=looks.seed)
    of = {one.finding: curves[one.design, COLUMN.get(one.finding, "osseous_recorded")] for one in series}
    left_out = tuple(_left_out(one, series, of) for one in series)
    weights, true = _likelihood(series, of)
    low, high = np.interp([0.025, 0.975], np.cumsum(weights), true)
    aside = tuple((one.finding.id, one.reason) for one in kept.set_aside)
    return Predicted(_fit(series, of), float(low), float(high), left_out, of, aside)


def _log_likelihood(true: Numbers | float, series: Sequence[Series], of: Mapping[str, Curve]) -> Numbers:
    total = np.zeros(np.shape(true))
    for one in series:
        events, n = counts_of(finding(one.finding))
        total = total + binom.logpmf(events, n, of[one.finding].recorded_at(true))
    return total


def _fit(series: Sequence[Series], of: Mapping[str, Curve]) -> float:
    ends = float(logit(GRID[0])), float(logit(GRID[-1]))
    best = minimize_scalar(
        lambda at: -float(_log_likelihood(float(expit(at)), series, of)),
        bounds=ends, method="bounded", options={"xatol": 1e-8},
    )  # fmt: skip
    return float(expit(best.x))


def _likelihood(series: Sequence[Series], of: Mapping[str, Curve], points: int = 401) -> tuple[Numbers, Numbers]:
    """Weights of true shares, evenly spaced on the logit scale, by their likelihood."""
    true = expit(np.linspace(logit(GRID[0]), logit(GRID[-1]), points))
    logs = _log_likelihood(true, series, of)
    weights = np.exp(logs - logs.max())
    return weights / weights.sum(), np.asarray(true)


def _left_out(one: Series, series: Sequence[Series], of: Mapping[str, Curve]) -> LeftOut:
    others = tuple(other for other in series if other is not one)
    events, n = counts_of(finding(one.finding))
    weights, true = _likelihood(others, of)
    chances = of[one.finding].recorded_at(true)
    reached = weights @ binom.cdf(np.arange(n + 1), n, chances[:, None])
    low, high = (int(np.searchsorted(reached, tail)) for tail in (0.025, 0.975))
    fitted = _fit(others, of)
    expected = float(of[one.finding].recorded_at(fitted))
    return LeftOut(one, finding(one.finding), events, n, fitted, expected, low, high)
