"""The rules by which a derived parameter follows from findings or other parameters. Each has a name and a formula."""

from __future__ import annotations

from collections.abc import Callable
from math import log, pi

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, ndtr


def same(value: float) -> float:
    """The value itself."""
    return value


def complement(*shares: float) -> float:
    """What the shares leave: 1 - sum."""
    return 1 - sum(shares)


def ratio(part: float, whole: float) -> float:
    """One over the other: part / whole."""
    return part / whole


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


def log_odds_ratio_of_shares(share: float, other: float) -> float:
    """Log odds ratio of two shares: logit(p) - logit(q); 0 where the other share is nobody or everybody.

    Then there is nobody to compare with, and nobody whom the contrast would move.

    >>> log_odds_ratio_of_shares(0.5, 0.5)
    0.0
    """
    if not 0 < other < 1:
        return 0.0
    return log(share / (1 - share)) - log(other / (1 - other))


def log_odds_ratio_of_carriers(among_events: float, carriage: float, events: float) -> float:
    """Log odds ratio of an event for carriers, from their share of events and of all, and the event's share.

    With p, h and s these: logit(p s / h) - logit((1 - p) s / (1 - h)); 0 where nobody or everybody carries or has it.

    >>> round(log_odds_ratio_of_carriers(0.5, 0.5, 0.1), 6)
    0.0
    """
    if not (0 < carriage < 1 and 0 < events < 1 and 0 < among_events < 1):
        return 0.0
    return log_odds_ratio_of_shares(among_events * events / carriage, (1 - among_events) * events / (1 - carriage))


def share_of_parts(part: float, *others: float) -> float:
    """Share of one of several mutually exclusive parts by their counts: part / (part + others)."""
    return part / (part + sum(others))


def union_by_overlap(one: float, other: float, overlap: float) -> float:
    """Share with either of two: p + q - overlap min(p, q), with the part of the rarer that also has the other.

    >>> round(union_by_overlap(0.22, 0.10, 0.5), 4)
    0.27
    """
    return one + other - overlap * min(one, other)


def true_share(recorded: float, sensitivity: float, specificity: float) -> float:
    """True share behind a share on record: (p + Sp - 1) / (Se + Sp - 1).

    >>> round(true_share(0.029, 0.2, 0.998), 4)
    0.1364
    """
    if sensitivity + specificity <= 1:
        raise ValueError("a record whose sensitivity and specificity add up to no more than 1 says nothing")
    return (recorded + specificity - 1) / (sensitivity + specificity - 1)


def share_at_least(position: float, *shares: float) -> float:
    """Share at or above the category number `position`, of a printed distribution scaled to add up to one.

    >>> round(share_at_least(1, 0.08, 0.40, 0.36, 0.10, 0.05), 4)
    0.9192
    """
    return sum(shares[int(position) :]) / sum(shares)


def share_in_the_rest(overall: float, part: float, share_in_part: float) -> float:
    """Share outside a part of the patients, from the share in all and in the part: (all - part x) / (1 - part).

    Where the part is everybody nobody is outside, and the share of all stands.

    >>> round(share_in_the_rest(0.5, 0.2, 0.1), 4)
    0.6
    """
    return (overall - part * share_in_part) / (1 - part) if part < 1 else overall


def median_onset_age(
    share_below: float,
    age: float,
    log_sd: float,
    women: float,
    women_ratio: float,
    youngest: float,
    oldest: float,
    scale: float,
    shape: float,
    longest: float,
    acute: float,
    acute_ratio: float,
) -> float:
    """Median age of men at onset, for a share of all patients to be younger than an age at diagnosis.

    Ages at onset are log-normal with median m in men and m times `women_ratio` in women, cut at `youngest` and
    `oldest`; the delay to diagnosis is Weibull, cut at `longest`, and `acute_ratio` times as long in the `acute` share.
    Solves for m: the mean over delays and sexes of the chance that the onset lay before age - delay is the share.
    """
    reached = -np.expm1(-((longest / scale) ** shape))
    delays = scale * (-np.log1p(-reached * (np.arange(2000) + 0.5) / 2000)) ** (1 / shape)

    def younger(median: float, part_of_delay: float) -> float:
        latest = np.clip(age - part_of_delay * delays, youngest, oldest)
        at, low, high = (ndtr(np.log(end / median) / log_sd) for end in (latest, youngest, oldest))
        return float(np.mean((at - low) / (high - low)))

    def excess(median: float) -> float:
        parts = ((1 - acute, 1.0), (acute, acute_ratio))
        sexes = ((1 - women, median), (women, median * women_ratio))
        return sum(p * s * younger(m, part) for p, part in parts for s, m in sexes) - share_below

    if not 0 < youngest < oldest:
        raise ValueError(f"the youngest, {youngest:g}, must be younger than the oldest, {oldest:g}")
    return float(brentq(excess, youngest, oldest))


def weibull_shape(share_after_first: float, first: float, share_after_second: float, second: float) -> float:
    """Shape k of a Weibull survival curve through two points: log(log S1 / log S2) / log(t1 / t2)."""
    return log(log(share_after_first) / log(share_after_second)) / log(first / second)


def weibull_scale(share_after_first: float, first: float, share_after_second: float, second: float) -> float:
    """Scale of the Weibull survival curve through two points: t1 / (-log S1)^(1/k)."""
    k = weibull_shape(share_after_first, first, share_after_second, second)
    return first / float((-log(share_after_first)) ** (1 / k))


def season_amplitude(
    share_of_peak_quarter: float, share_of_all: float, carriers: float = 0.0, carriers_log_odds: float = 0.0
) -> float:
    """Amplitude a of a cosine on the log odds that puts the share of events into the quarter of the year at its peak.

    The chance at time t of the year is expit(b + a cos t + c), c being `carriers_log_odds` in the share `carriers` and
    0 in the rest, with b such that it is `share_of_all` on average; a solves for the part of the events that falls
    within 1/8 year of the peak. Further causes of the event are left out.
    """
    if not 0 < share_of_all < 1:
        return 0.0  # nobody or everybody: no season can show
    if share_of_peak_quarter * share_of_all > 0.25:
        raise ValueError("a quarter of the year cannot hold so many of them")
    t = 2 * pi * (np.arange(4000) + 0.5) / 4000 - pi
    peak = np.abs(t) < pi / 4

    def chance(level: float, a: float) -> NDArray[np.float64]:
        log_odds = level + a * np.cos(t)
        return np.asarray((1 - carriers) * expit(log_odds) + carriers * expit(log_odds + carriers_log_odds))

    def excess(a: float) -> float:
        level = brentq(lambda b: float(chance(b, a).mean()) - share_of_all, -40, 40)
        events = chance(level, a)
        return float(events[peak].sum() / events.sum()) - share_of_peak_quarter

    return float(brentq(excess, 0, 30))


RULES: dict[str, Callable[..., float]] = {
    rule.__name__: rule
    for rule in (
        same,
        complement,
        ratio,
        middle,
        share_from_ratio,
        share_from_odds,
        log_odds_ratio,
        log_odds_ratio_of_shares,
        log_odds_ratio_of_carriers,
        share_of_parts,
        union_by_overlap,
        true_share,
        share_at_least,
        share_in_the_rest,
        median_onset_age,
        weibull_shape,
        weibull_scale,
        season_amplitude,
    )
}
