"""Two exposures together: departure from the sum and from the product of each, and each one's ratio given the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimands import INTERACTION
from sarcoid_epi.estimators.association import ALIKE
from sarcoid_epi.estimators.coefficients import LOGISTIC, Coefficients, barred, coefficients, summed
from sarcoid_epi.estimators.declare import NO_ONE_RATIO, Answers, Floats, Term, answers_of, estimator, silent
from sarcoid_epi.estimators.prevalence import NOBODY
from sarcoid_epi.estimators.terms import Fitting, at_references, fitting, is_number, reference_of
from sarcoid_epi.measures import TOGETHER, WHERE, term
from sarcoid_epi.scenario import Model
from sarcoid_epi.stats.interaction import Measure, attributable_limits, interaction
from sarcoid_epi.strata import Strata

NO_SYNERGY = "not defined: both together, and the two alone in sum, must raise the odds"
BENT = f"{NO_ONE_RATIO}: it has a spline (exposure_tests tests the interaction as a whole)"
PROTECTS = "its reference ought to be where the odds are least, which is with {}"

#: Where measures hold of a pair one of which has an interaction with a third as well.
WHERE_ELSE = "where {}"

#: With more than this share of events odds ratios no longer stand for ratios of risks.
RARE = 0.1
COMMON = "the outcome is not rare: odds ratios are further from 1 than ratios of risks"

#: The additive measures, as `stats.interaction` and as terms call them.
ADDITIVE = {"excess": "excess", "attributable": "proportion", "synergy": "synergy"}


class Side(NamedTuple):
    """A level of a flag or category (or a number as a whole): its name, its column, and who has it."""

    name: str
    variable: str
    at: int
    reference: bool
    has: Floats | NDArray[np.bool_]


@dataclass(frozen=True)
class Pair:
    """A side of the one and a side of the other variable, neither a reference; the column of their product."""

    one: Side
    other: Side
    product: int

    @property
    def name(self) -> str:
        """Both together."""
        return f"{self.one.name}{TOGETHER}{self.other.name}"


@estimator(
    question="association",
    estimand=INTERACTION,
    references=("rothman1986", "hosmer1992", "zou2008", "knol2011", "knol2012", "firth1993", "heinze2002"),
    rests="the model: what it adjusts for, and its form",
    batches=False,  # profiles of the penalised likelihood are followed for each group to its own limits
    families=LOGISTIC,
)
def interactions(strata: Strata, model: Model) -> Answers:
    """Interaction of two exposures as sum and as product, and the ratio of each given the other.

    For each declared pair and each two levels that are no references, with :math:`R_{11}` the odds ratio of both, and
    :math:`R_{10}`, :math:`R_{01}` of either alone, all against neither: `product`, :math:`R_{11}/(R_{10} R_{01})`;
    `excess`, :math:`R_{11} - R_{10} - R_{01} + 1` (RERI); `attributable`, the excess over :math:`R_{11}`; `synergy`,
    :math:`(R_{11} - 1)/(R_{10} + R_{01} - 2)`; and `odds_ratio[a+b]`, :math:`R_{11}` itself. Then, of each that is an
    exposure, its ratio in each level of the other, `odds_ratio[a@b]`; n and events are those who have both. With a
    number in the pair: the product alone, for each unit.

    Limits of excess and synergy are MOVER's, which put together the limits of the ratios. They are lopsided as the
    ratios are; the delta method's, even to both sides, fail on one side alone. Those of the attributable part are where
    MOVER's limits of an excess reach 0, so that the two never contradict each other; its own MOVER limits cover 0.87
    where few have both. Other limits are Wald's, or of the penalised profile where Firth's likelihood is called for, as
    in the adjusted ratio; MOVER takes the ratios' Wald limits there. Standard errors are the delta method's.

    Excess, attributable and synergy are of risk factors: the references must be the levels that have the least odds
    when both are taken together. Else their signs may contradict each other, and a note says which levels to declare
    as `reference`. Odds ratios stand for ratios of risks; where the outcome is not rare a note says so.

    Parameters
    ----------
    strata : Strata
        With the columns of the model.
    model : Model
        With `interactions`; without them there are no rows.

    Returns
    -------
    Answers
        Ratios and numbers, shape (groups, terms).

    Assumes
    -------
    As the adjusted ratio. That the ratio of one differs by the other describes; it is interaction of two causes only if
    all that bears on either and on the outcome is adjusted for. Whether there is interaction depends on the scale: with
    two effects there is some on one of the two at least.

    References
    ----------
    rothman1986, hosmer1992, zou2008, knol2011, knol2012, firth1993, heinze2002
    """
    own = fitting(strata, model)
    rows = list(_rows(strata, model, own))
    if (why := barred(model)) or not rows:
        return silent([name for name, _ in rows], len(strata.labels), why)
    found = coefficients(own, model)
    return answers_of(*(row(found) for _, row in rows))


Row = Callable[[Coefficients], Term]


def _rows(strata: Strata, model: Model, own: Fitting) -> Iterator[tuple[str, Row]]:
    """The name of each row, and how to have it from a fit."""
    for pair in model.interactions:
        sides = [_sides(strata, model, own, variable) for variable in pair]
        numbers = [is_number(strata, variable) for variable in pair]
        bent = any(name in model.splines and number for name, number in zip(pair, numbers, strict=True))
        for one, other in ((a, b) for a in sides[0] for b in sides[1] if not (a.reference or b.reference)):
            both = Pair(one, other, own.names.index(f"{one.name} x {other.name}"))
            name, held = term("product", both.name), _where(at_references(strata, model, *pair))
            yield name, _bent(own, both, name) if bent else _ratio(own, both, name, {both.product: 1.0})
            if any(numbers):
                continue
            for measure in ADDITIVE:
                yield term(measure, both.name), _additive(own, both, measure, held)
            name = term(model.measure, both.name)
            weights = {one.at: 1.0, other.at: 1.0, both.product: 1.0}
            yield name, _ratio(own, both, name, weights, held)
        if not any(numbers):
            for variable, mine, others in zip(pair, sides, sides[::-1], strict=True):
                if variable in model.exposures:
                    yield from _given(strata, own, model, mine, others)


def _where(references: str) -> str:
    return WHERE_ELSE.format(references) if references else ""


def _given(
    strata: Strata, own: Fitting, model: Model, mine: list[Side], others: list[Side]
) -> Iterator[tuple[str, Row]]:
    """The ratio of each level of an exposure in each level of its partner."""
    for side in mine:
        for other in others:
            if side.reference:
                continue
            weights = {side.at: 1.0}
            if not other.reference:
                weights[_product(own, side, other)] = 1.0
            name = term(model.measure, f"{side.name}{WHERE}{other.name}")
            held = _where(at_references(strata, model, side.variable, besides=other.variable))
            yield name, _ratio(own, Pair(side, other, -1), name, weights, held)


def _product(own: Fitting, one: Side, other: Side) -> int:
    """The column of a product, whichever of the two is named first."""
    names = (f"{one.name} x {other.name}", f"{other.name} x {one.name}")
    return next(own.names.index(name) for name in names if name in own.names)


def _sides(strata: Strata, model: Model, own: Fitting, variable: str) -> list[Side]:
    values = own.values[variable]
    if is_number(strata, variable):
        return [Side(variable, variable, own.names.index(variable), False, np.ones(values.shape))]
    reference = reference_of(strata, model, variable)
    levels = [(level, f"{variable}={level}", values == code) for code, level in enumerate(strata.levels(variable))]
    return [
        Side(name, variable, -1 if level == reference else own.names.index(name), level == reference, has)
        for level, name, has in levels
    ]


def _counted(own: Fitting, pair: Pair) -> tuple[Floats, Floats]:
    """Patients who have both, and events among them."""
    has = pair.one.has * pair.other.has
    return (own.n * has).sum(axis=-1), (own.events * has).sum(axis=-1)


def _told(own: Fitting, n: Floats, lost: Any, note: NDArray[np.str_]) -> NDArray[np.str_]:
    """Why there is no number, or what bears on it; and who was left out."""
    return own.told(np.where(n == 0, NOBODY, np.where(lost & (note == ""), ALIKE, note)))


def _ratio(own: Fitting, pair: Pair, name: str, weights: dict[int, float], held: str = "") -> Row:
    """The row of a ratio whose logarithm is a sum of coefficients."""
    n, events = _counted(own, pair)
    each = np.zeros((len(own.n), len(own.names)))
    each[:, list(weights)] = list(weights.values())

    def row(found: Coefficients) -> Term:
        logs = summed(own, found, np.where(n[:, None] > 0, each, np.nan))
        estimate, low, high = (np.exp(part[:, 0]) for part in (logs.estimate, logs.low, logs.high))
        note = _told(own, n, np.isnan(estimate), _joined(np.where(np.isnan(estimate), "", held), logs.note))
        return Term(name, estimate, low, high, estimate * logs.std_error[:, 0], n, events, note)

    return row


def _bent(own: Fitting, pair: Pair, name: str) -> Row:
    n, events = _counted(own, pair)
    note = np.where(n == 0, NOBODY, BENT)
    return lambda found: Term(name, np.full(len(n), np.nan), np.nan, np.nan, np.nan, n, events, own.told(note))


def _additive(own: Fitting, pair: Pair, measure: str, held: str) -> Row:
    n, events = _counted(own, pair)

    def row(found: Coefficients) -> Term:
        at = [pair.one.at, pair.other.at, pair.product]
        estimate, covariance = found.estimate[:, at], found.covariance[:, at][:, :, at]
        with np.errstate(over="ignore", invalid="ignore"):
            told: Measure = getattr(interaction(estimate, covariance), ADDITIVE[measure])
        low, high = told.mover_low, told.mover_high
        if measure == "attributable":
            low, high = attributable_limits(estimate, covariance)
        error = told.estimate * told.std_error if measure == "synergy" else told.std_error
        lost = np.isnan(estimate).any(axis=-1)
        undefined = np.where(np.isnan(told.estimate), NO_SYNERGY, "")
        note = _joined(undefined, np.full(len(n), held), found.note, _protects(pair, estimate), _common(own))
        note = _told(own, n, lost, np.where(lost, found.note, note))
        name = term(measure, pair.name)
        return Term(name, told.estimate, low, high, error, n, events, note)

    return row


def _joined(*notes: NDArray[np.str_]) -> NDArray[np.str_]:
    return np.array(["; ".join(filter(None, map(str, one))) for one in zip(*notes, strict=True)])


def _common(own: Fitting) -> NDArray[np.str_]:
    return np.where(own.events.sum(axis=-1) > RARE * own.n.sum(axis=-1), COMMON, "")


def _protects(pair: Pair, estimate: Floats) -> NDArray[np.str_]:
    """Which levels have the least odds, where these are not the references [knol2011]."""
    one, other, product = np.moveaxis(estimate, -1, 0)
    odds = np.stack([np.zeros_like(one), one, other, one + other + product], axis=-1)
    names = ["", pair.one.name, pair.other.name, f"{pair.one.name} and {pair.other.name}"]
    words = np.array(["", *(PROTECTS.format(name) for name in names[1:])])
    return words[np.where(np.isnan(odds).any(axis=-1), 0, np.argmin(odds, axis=-1))]
