"""What is drawn for an estimator: who, how many, under its own assumptions or with one of them broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal, NamedTuple

from sarcoid_epi.estimators.believing import weighed
from sarcoid_epi.estimators.declare import Answers
from sarcoid_epi.scenario import Assumed, Belief, Parameter, Prior, load_belief
from sarcoid_epi.simulation.chance import Chance, Floats
from sarcoid_epi.stats.draws import correlated
from sarcoid_epi.strata import TallyStrata

#: The true shares of the table.
SHARES = (0.005, 0.01, 0.02, 0.05, 0.15)

#: Where a row stands for true shares drawn as the Bayesian estimators believe beforehand, most of them evenly.
EVENLY = (float("nan"),)

#: What theory says a broken assumption does to an answer, beside that under its own assumptions.
Theory = Literal["too high", "too low", "too narrow", "unharmed"]

#: What limits claim: that both hold the truth in 95 %; that together they do so in 95 % or more, as bounds; or of a
#: lower bound that its lower limit is not above the truth in 97.5 % or more.
Claim = Literal["both limits", "at least", "lower limit"]

#: How an answer may deviate under its own assumptions.
Deviation = Literal["covers too little", "covers too much", "often no answer"]

#: The name under which two bounds are judged together.
BETWEEN = "osseous_least to osseous_most"


class Drawn(NamedTuple):
    """Replicates, and the truth of each term: one number or one for each replicate.

    A truth for two bounds stands under both names, as in `BETWEEN`.
    """

    strata: TallyStrata
    truth: Mapping[str, Any]
    belief: Belief | Prior | None = None


class Reason(NamedTuple):
    """Why answers deviate in one way under their own assumptions.

    It holds for these `terms` (all where none is named), up to a true share `upto`, and only if limits that miss lie on
    this `side` of the truth, or hardly ever where they cover too much. `until` says what makes the deviation less or
    makes it go; the tests try it.
    """

    deviation: Deviation
    why: str
    until: Literal["more patients", "truths as believed", "more series"]
    terms: tuple[str, ...] = ()
    upto: float = 1.0
    side: Literal["", "below", "above"] = ""


Draw = Callable[[Floats, Chance], Drawn]

#: What bounds claim.
AT_LEAST: Mapping[str, Claim] = {BETWEEN: "at least"}


@dataclass(frozen=True)
class Setting:
    """One estimator in one world; `broken` is empty under its own assumptions.

    `theory` says for each term what breaking the assumption does; `because`, why answers deviate under the own
    assumptions; `claims`, what limits claim that are not both meant to hold. `part` of the replicates are drawn where
    an estimator is slow; `ask` stands for an estimator that is slower still.
    """

    estimator: str
    design: str
    draw: Draw
    because: tuple[Reason, ...] = ()
    part: float = 1.0
    shares: tuple[float, ...] = SHARES
    broken: str = ""
    theory: Mapping[str, Theory] = field(default_factory=dict)
    claims: Mapping[str, Claim] = field(default_factory=dict)
    ask: Callable[[Drawn], Answers] | None = None


def breaking(
    own: Setting,
    what: str,
    draw: Draw,
    *,
    low: Sequence[str] = (),
    high: Sequence[str] = (),
    narrow: Sequence[str] = (),
    unharmed: Sequence[str] = (),
    part: float | None = None,
    shares: tuple[float, ...] = (),
) -> Setting:
    """The same with an assumption broken: which terms come out too low, too high, or with too narrow limits."""
    directions: tuple[tuple[Theory, Sequence[str]], ...] = (
        ("too low", low),
        ("too high", high),
        ("too narrow", narrow),
        ("unharmed", unharmed),
    )
    said = {term: theory for theory, terms in directions for term in terms}
    return replace(
        own,
        draw=draw,
        broken=what,
        theory=said,
        because=(),
        part=own.part if part is None else part,
        shares=shares or own.shares,
    )


@cache
def clinical() -> Belief:
    """The belief of all settings: sensitivity 0.2 as if seen in 20 patients, specificity 0.998 in 1 000."""
    return load_belief("clinical")


def instead(**values: float) -> Belief:
    """The belief with other values; two underscores stand for the point of a path."""
    other = {
        path.replace("__", "."): Parameter(value=value, basis=Assumed(reason="broken on purpose"))
        for path, value in values.items()
    }
    return clinical().replaced(other)


def as_believed(chance: Chance, correlation: float = 0.0) -> tuple[Floats, Floats]:
    """Sensitivity and specificity of each replicate, drawn from the belief."""
    first, second = correlated(chance("sensitivity"), chance("specificity"), correlation)
    return weighed(clinical().sensitivity, first), weighed(clinical().specificity, second)
