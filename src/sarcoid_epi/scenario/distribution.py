"""How far a number may lie from what is written: the distribution of a parameter or a finding, by its basis.

| basis | distribution |
|---|---|
| a finding with counts x of n, or a share and n (x = share n) | beta(x + 1/2, n - x + 1/2) |
| a finding with an interval | logit-normal for a share, log-normal for a ratio or a rate, normal otherwise |
| `several` findings with counts | the share in a further series, by the binomial-normal model |
| a range: printed and nothing else, the middle of one, or assumed | PERT about the value, or uniform |
| anything else | none: it stays |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, logit, ndtri, stdtrit

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.evidence import Finding, finding, overlapping
from sarcoid_epi.scenario.figures import named, single
from sarcoid_epi.scenario.parameter import Assumed, Basis, Cited, Derived, Parameter, Spread
from sarcoid_epi.stats.meta import binomial_normal

#: Fewest series whose spread says anything of a further one: the prediction has K - 2 degrees of freedom.
FEWEST_SERIES = 3

#: Weight of the most likely value of a PERT distribution beside its two ends.
PERT_WEIGHT = 4.0

Numbers = NDArray[np.float64]

_LOGIT = frozenset({"proportion"})
_LOG = frozenset({"ratio", "odds_ratio", "hazard_ratio", "rate"})


def _pert(u: Numbers, low: float, mode: float, high: float) -> Numbers:
    width = high - low
    a, b = (1 + PERT_WEIGHT * side / width for side in (mode - low, high - mode))
    return np.asarray(low + width * betaincinv(a, b, u))


_QUANTILES: dict[str, Callable[..., Numbers]] = {
    "beta": lambda u, a, b: np.asarray(betaincinv(a, b, u)),
    "normal": lambda u, mean, sd: np.asarray(mean + sd * ndtri(u)),
    "log-normal": lambda u, mean, sd: np.asarray(np.exp(mean + sd * ndtri(u))),
    "logit-normal": lambda u, mean, sd: np.asarray(expit(mean + sd * ndtri(u))),
    "logit-t": lambda u, mean, scale, degrees: np.asarray(expit(mean + scale * stdtrit(degrees, u))),
    "pert": _pert,
    "uniform": lambda u, low, high: low + (high - low) * u,
}


@dataclass(frozen=True)
class Distribution:
    """A distribution by its kind and its numbers; mean and scale stand on the scale that the kind names.

    >>> print(Distribution("beta", (468.5, 268.5)))
    beta(468.5, 268.5)
    >>> Distribution("uniform", (2.0, 4.0)).quantile(0.25)
    2.5
    """

    kind: str
    numbers: tuple[float, ...]

    def quantile(self, u: float) -> float:
        """The value that lies below with probability u, 0 < u < 1; it rises with u."""
        return float(self.quantiles(np.asarray(u)))

    def quantiles(self, u: Numbers) -> Numbers:
        """The same for an array of probabilities, of its shape."""
        return _QUANTILES[self.kind](u, *self.numbers)

    def __str__(self) -> str:
        return f"{self.kind}({', '.join(f'{number:.6g}' for number in self.numbers)})"


def distribution(parameter: Parameter) -> Distribution | None:
    """What a parameter may be, by its basis; None where it stays at its value, or follows from others.

    Parameters
    ----------
    parameter
        Of a world, a design or a belief.

    Assumes
    -------
    Only chance parts a printed figure from the truth of the world (nothing is said of bias, or of another country), and
    the value of an assumption is its most likely one.

    References
    ----------
    brown2001, malcolm1959, higgins2009

    Examples
    --------
    >>> print(distribution(Parameter(value=0.636, basis=Cited(finding="baughman2001.women"))))
    beta(468.5, 268.5)
    >>> print(distribution(Parameter(value=0.3, basis=Assumed(reason="a guess", low=0.1, high=0.7))))
    pert(0.1, 0.3, 0.7)
    """
    basis = parameter.basis
    if basis.spread == "none":
        return None
    if isinstance(basis, Cited):
        if basis.several:
            return predictive(basis.several)
        found = of_finding(finding(basis.finding))
        if found is not None:
            return found
    span = _range(basis)
    return None if span is None else over_range(span[0], parameter.value, span[1], basis.spread)


def of_finding(found: Finding) -> Distribution | None:
    """The distribution of the one number of a finding; None where it prints neither counts nor an interval.

    Counts x of n give beta(x + 1/2, n - x + 1/2), the posterior of Jeffreys' prior. An interval is taken to be
    symmetrical on its own scale g: logit for a share, log for a ratio or a rate, the number itself otherwise. With
    limits l and h at `conf_level`, g is normal with mean (g(l) + g(h)) / 2 and sd (g(h) - g(l)) / (2 z), which gives
    back both limits.

    References
    ----------
    brown2001
    """
    counts = counts_of(found)
    if counts is not None:
        events, n = counts
        return Distribution("beta", (events + 0.5, n - events + 0.5))
    return _of_interval(found)


def _of_interval(found: Finding) -> Distribution | None:
    low, high, level = found.conf_low, found.conf_high, found.conf_level
    if low is None or high is None or level is None or single(found) is None or not low < high:
        return None
    z = 2 * float(ndtri((1 + level) / 2))
    if found.measure in _LOGIT:
        if not 0 < low < high < 1:
            return None  # no logit reaches the limit
        low, high, kind = float(logit(low)), float(logit(high)), "logit-normal"
    elif found.measure in _LOG:
        if not low > 0:
            return None
        low, high, kind = log(low), log(high), "log-normal"
    else:
        kind = "normal"
    return Distribution(kind, ((low + high) / 2, (high - low) / z))


def counts_of(found: Finding) -> tuple[float, float] | None:
    """Events and n of a share; where only the share and n are printed, events = share n, not rounded."""
    if found.measure != "proportion" or not found.n:
        return None
    if found.events is not None:
        return float(found.events), float(found.n)
    return None if found.value is None else (found.value * found.n, float(found.n))


def over_range(low: float, value: float, high: float, spread: Spread = "") -> Distribution | None:
    """PERT (low, most likely value, high) or uniform; None where the range is a point or does not hold the value.

    PERT is a beta distribution stretched over the range, l + (h - l) beta(1 + 4 p, 5 - 4 p) with p = (v - l) / (h - l):
    its mode is the value v, its mean (l + 4 v + h) / 6.

    References
    ----------
    malcolm1959

    Examples
    --------
    >>> print(over_range(0.1, 0.3, 0.7), over_range(0.1, 0.3, 0.7, "uniform"))
    pert(0.1, 0.3, 0.7) uniform(0.1, 0.7)
    """
    if not low <= value <= high or low == high:
        return None
    return Distribution("uniform", (low, high)) if spread == "uniform" else Distribution("pert", (low, value, high))


@lru_cache(maxsize=64)
def predictive(series: tuple[str, ...]) -> Distribution:
    """The share in a further series: what several independent ones say, the spread between them included.

    With mu, its standard error and tau of the binomial-normal model, fitted to K series by maximum likelihood, the
    logit of the share in a further series is mu + sqrt(tau^2 + se^2) T, T Student's t with K - 2 degrees of freedom.
    Its quantiles at 2.5 and 97.5 % are the prediction interval of `stats.meta.binomial_normal`.

    Parameters
    ----------
    series
        Ids of findings with counts, at least three, of which no two may count the same patients.

    Raises
    ------
    ConfigurationError
        When a finding is unknown or must not be averaged with others, when there are too few, when they may share
        patients, or when the model cannot be fitted.

    Assumes
    -------
    The world is one more draw from the population of studies. With three series t has one degree of freedom: hardly
    anything is excluded.

    References
    ----------
    stijnen2010, higgins2009
    """
    found = [finding(name) for name in series]
    problems = [
        Problem(f"'{one.id}' cannot stand among several series", why=f"it is {one.why_not_pooled}", do="leave it out")
        for one in found
        if not one.poolable
    ]
    problems += [
        Problem(f"{_listed(group)} may count the same patients", why="one patient counts once", do="keep one of them")
        for group in overlapping(found)
    ]
    if len(found) < FEWEST_SERIES:
        why = "the spread between studies needs more"
        problems.append(Problem(f"{len(found)} series are too few", why=why, do=f"name at least {FEWEST_SERIES}"))
    if problems:
        raise ConfigurationError(*problems)
    fit = binomial_normal([one.events or 0 for one in found], [one.n or 0 for one in found])
    if fit.note:
        raise ConfigurationError(Problem(f"{_listed(found)} give no prediction", why=str(fit.note), do="name others"))
    scale = sqrt(float(fit.tau2) + float(fit.se_mu) ** 2)
    return Distribution("logit-t", (float(fit.mu), scale, float(len(found) - 2)))


def _listed(found: Sequence[Finding]) -> str:
    return " and ".join(f"'{name}'" for name in dict.fromkeys(one.id for one in found))


def has_range(basis: Basis) -> bool:
    """Whether there is a range that a spread could be declared over."""
    return _range(basis) is not None


def _range(basis: Basis) -> tuple[float, float] | None:
    """The ends an assumption states, or those a finding prints that prints no single number."""
    if isinstance(basis, Assumed):
        return None if basis.low is None or basis.high is None else (basis.low, basis.high)
    name = basis.finding if isinstance(basis, Cited) else ranged(basis)
    found = finding(name) if name else None
    if found is None or single(found) is not None or found.low is None or found.high is None:
        return None
    return found.low, found.high


def ranged(basis: Derived) -> str:
    """Id of the finding of whose range a derived parameter is the middle; empty for any other derivation."""
    if basis.rule != "middle" or len(basis.inputs) != 2:
        return ""
    try:
        (low, first), (high, second) = (named(name) for name in basis.inputs)
    except ConfigurationError:
        return ""  # another parameter, or a number
    return low.id if low.id == high.id and (first, second) == ("low", "high") else ""
