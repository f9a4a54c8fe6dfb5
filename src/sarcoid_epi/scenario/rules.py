"""The rules by which a derived parameter follows from findings or other parameters. Each has a name and a formula."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, exp, log, pi

from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtri


def same(value: float) -> float:
    """The value itself."""
    return value


def complement(*shares: float) -> float:
    """What the shares leave: 1 - sum."""
    return 1 - sum(shares)


def middle(low: float, high: float) -> float:
    """The middle of a printed range: (low + high) / 2."""
    return (low + high) / 2


def share_from_ratio(ratio: float) -> float:
    """Share of the first of two groups whose sizes stand as `ratio` to 1: ratio / (1 + ratio).

    >>> share_from_ratio(1.0)
    0.5
    """
    return ratio / (1 + ratio)


def share_from_odds(part: float, rest: float) -> float:
    """Share of a part beside the rest: part / (part + rest)."""
    return part / (part + rest)


def log_odds_ratio(events: float, n: float, other_events: float, other_n: float) -> float:
    """Log odds ratio of two shares by their counts: log(x / (n - x)) - log(y / (m - y)).

    >>> round(log_odds_ratio(58, 87, 17, 63), 4)
    1.6886
    """
    return log(events / (n - events)) - log(other_events / (other_n - other_events))


def share_at_least(position: float, *shares: float) -> float:
    """Share at or above the category number `position`, of a printed distribution scaled to add up to one.

    >>> round(share_at_least(1, 0.08, 0.40, 0.36, 0.10, 0.05), 4)
    0.9192
    """
    return sum(shares[int(position) :]) / sum(shares)


def median_from_share_below(share: float, age: float, log_sd: float) -> float:
    """Median of a log-normal with `share` of its mass below `age`: age exp(-log_sd Phi^-1(share))."""
    return age * exp(-log_sd * float(ndtri(share)))


def weibull_shape(share_after_first: float, first: float, share_after_second: float, second: float) -> float:
    """Shape k of a Weibull survival curve through two points: log(log S1 / log S2) / log(t1 / t2)."""
    return log(log(share_after_first) / log(share_after_second)) / log(first / second)


def weibull_scale(share_after_first: float, first: float, share_after_second: float, second: float) -> float:
    """Scale of the Weibull survival curve through two points: t1 / (-log S1)^(1/k)."""
    k = weibull_shape(share_after_first, first, share_after_second, second)
    return first / float((-log(share_after_first)) ** (1 / k))


def season_amplitude(share_of_peak_quarter: float) -> float:
    """Amplitude a of exp(a cos t), t in the year, that puts the share into the quarter around the peak."""

    def excess(a: float) -> float:
        quarter = quad(lambda t: exp(a * cos(t)), -pi / 4, pi / 4)[0]
        return float(quarter / quad(lambda t: exp(a * cos(t)), -pi, pi)[0] - share_of_peak_quarter)

    return float(brentq(excess, 0, 10))


RULES: dict[str, Callable[..., float]] = {
    rule.__name__: rule
    for rule in (
        same,
        complement,
        middle,
        share_from_ratio,
        share_from_odds,
        log_odds_ratio,
        share_at_least,
        median_from_share_below,
        weibull_shape,
        weibull_scale,
        season_amplitude,
    )
}
