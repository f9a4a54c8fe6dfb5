"""What is believed, as draws: each parameter of a belief or a prior at given places of its distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from sarcoid_epi.scenario import Belief, Parameter
from sarcoid_epi.scenario.belief import LOOKS, Cascade, Detection
from sarcoid_epi.scenario.distribution import distribution
from sarcoid_epi.stats.cascade import Detected, detection, share_given_detection
from sarcoid_epi.stats.draws import correlated
from sarcoid_epi.stats.interval import Array
from sarcoid_epi.stats.weighted import effective, normalised
from sarcoid_epi.strata import Strata

#: Quasi-random points of a belief; four times as many move limits by less than 1 % of themselves.
POINTS = 2**13

#: What the records say where they say next to nothing.
NO_INFORMATION = "believed sensitivity and specificity add up to one or less: records carry no information"
NOBODY_RECORDED = "nobody is on record: but for an upper limit this is the belief"
ALL_RECORDED = "everybody is on record: but for a lower limit this is the belief"
FALSE_ALONE = "fewer on record than the believed false positives alone would give: mostly the belief"

#: Fewest draws that what is left of a belief must be worth; below, belief and records contradict each other.
ENOUGH = 50.0


class Fitted(NamedTuple):
    """For each group: draws of the true share and their weights, shape (G, P), and what the draws are worth, (G,)."""

    share: Array
    weights: Array
    worth: Array


def drawn(parameters: Mapping[str, Parameter], places: Array) -> dict[str, Array]:
    """Every parameter at places (P, D) in (0, 1), one column for each parameter in order; a sure one stays."""
    return {path: at(parameter, column) for column, (path, parameter) in zip(places.T, parameters.items(), strict=True)}


def at(parameter: Parameter, places: Array) -> Array:
    """One parameter at places of its distribution."""
    spread = distribution(parameter)
    return np.full(places.shape, parameter.value) if spread is None else spread.quantiles(places)


def weighed(believed: Detection, places: Array) -> Array:
    """A chance believed as if seen in so many verified patients, at places of its beta distribution."""
    if 0.0 in believed.shapes:
        return np.full(places.shape, believed.value.value)
    return np.asarray(betaincinv(*believed.shapes, places))


def drawn_detection(belief: Belief, places: Array) -> tuple[Array, Array]:
    """Sensitivity and specificity at places (D, 3), correlated as believed; independent where nothing is said."""
    together = at(belief.together.correlation, places[:, 2]) if belief.together else np.zeros(len(places))
    first, second = correlated(places[:, 0], places[:, 1], together)
    return weighed(belief.sensitivity, first), weighed(belief.specificity, second)


#: What a cascade leaves open, a place for each: whatever is believed of one modality too high is so of all.
STEPS = ("symptomatic", "phalangeal", "imaged with symptoms", "imaged without", "seen", "written")


def detected(cascade: Cascade, places: Array) -> Detected:
    """What becomes of true cases, at places (P, 6) of the `STEPS`.

    Modalities move together, in imaging and in seeing. Were they drawn independently, many vague chances would average
    to a sure one, and a tight answer would come from nothing.
    """
    hurts, phalangeal, imaged, silent, seen, written = places.T
    kind = at(cascade.phalangeal, phalangeal)
    looks = [getattr(cascade, name) for name in LOOKS]
    chances = [[at(look.symptomatic, imaged), at(look.silent, silent)] for look in looks]
    sees = [[at(look.phalangeal, seen), at(look.axial, seen)] for look in looks]
    return detection(
        at(cascade.symptomatic, hurts),
        np.stack([kind, 1 - kind], axis=-1),
        np.moveaxis(np.array(chances), -1, 0),
        np.moveaxis(np.array(sees), -1, 0),
        at(cascade.written, written),
    )


def leaning(places: Array) -> tuple[Array, Array]:
    """Places moved towards 0, u = v^3, and the logarithm of the weight 3 v^2 that takes the move back.

    Where few are on record, what is poorly detected carries the upper limits: draws of it must not be scarce.
    """
    return places**3, np.log(3 * places**2)


def distinct_records(strata: Strata) -> tuple[Array, Array, NDArray[np.intp]]:
    """Patients on record and in whom it is known, each pair of counts once; and which of them each group has.

    Replicates repeat the same few counts, and draws of a belief are many: each pair is worked once.
    """
    counts = np.stack([np.asarray(count, dtype=float) for count in strata.events("osseous_recorded")], axis=-1)
    pairs, back = np.unique(counts, axis=0, return_inverse=True)
    return pairs[:, 0], pairs[:, 1], back.ravel()


def fitted(
    events: Array, n: Array, sensitivity: Array, specificity: Array, places: Array, weight: Array | float = 0.0
) -> Fitted:
    """The true share of each group under each draw of detection, and how well the draw fits the group's records.

    `weight` are log weights that the draws come with.
    """
    share, logs = share_given_detection(events, n, sensitivity, specificity, places)
    weights = normalised(logs + weight)
    return Fitted(share, weights, np.nan_to_num(effective(weights)))


def detects(belief: Belief) -> bool:
    """Whether believed sensitivity and specificity add up to more than chance."""
    return belief.sensitivity.value.value + belief.specificity.value.value > 1


def said_of_records(recorded: Array, known: Array, specificity: float, note: NDArray[np.str_]) -> NDArray[np.str_]:
    """A note where the records say next to nothing, and the answer is the belief; earlier notes stand."""
    with np.errstate(invalid="ignore", divide="ignore"):
        few = recorded / known < 1 - specificity
    said = np.select(
        [note != "", recorded == 0, recorded == known, few], [note, NOBODY_RECORDED, ALL_RECORDED, FALSE_ALONE], ""
    )
    return np.asarray(said)


def bounds(believed: Detection) -> tuple[float, float]:
    """The range in which a belief holds a chance to lie: what it states, else the middle 99 % of its weight."""
    low, high = ends(believed.value)
    if low < high:
        return low, high
    tails = weighed(believed, np.array([0.005, 0.995]))
    return float(tails[0]), float(tails[1])


def ends(parameter: Parameter) -> tuple[float, float]:
    """The range that a parameter states; its value twice where it states none."""
    low, high = getattr(parameter.basis, "low", None), getattr(parameter.basis, "high", None)
    return (parameter.value, parameter.value) if low is None or high is None else (low, high)
