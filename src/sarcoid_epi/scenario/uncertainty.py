"""Draws of a world, a design or a belief: every parameter from its distribution, and what derives from it anew.

A draw answers what a figure from a few hundred patients leaves open. Draw number k is a scenario like any other:
frozen, with a basis for each number that says what it was drawn from, calibrated anew when patients are made of it.

Each drawn number has an address: (seed, k, name), the name being the finding it rests on or else its own path. So
figures that rest on one finding move together, and a new parameter changes no other's draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import floor, fsum
from typing import Generic, TypeVar

from scipy.special import betaincinv

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.evidence import Finding, finding
from sarcoid_epi.scenario.belief import Belief
from sarcoid_epi.scenario.design import Design
from sarcoid_epi.scenario.distribution import Distribution, counts_of, distribution, of_finding, ranged
from sarcoid_epi.scenario.figures import named, printed
from sarcoid_epi.scenario.parameter import Cited, Derived, Parameter
from sarcoid_epi.scenario.rules import RULES
from sarcoid_epi.scenario.world import World
from sarcoid_epi.streams import uniforms

__all__ = ["ATTEMPTS", "Distribution", "Drawn", "distribution", "draw", "drawn", "spreads"]

#: How often a draw that contradicts itself is drawn anew.
ATTEMPTS = 100

#: Rules whose inputs are parts of one whole: where one is larger the others are smaller.
PARTS_OF_A_WHOLE = frozenset({"complement", "share_at_least", "share_from_odds"})

#: Rules whose inputs are shares of the same patients, each part of the one before: those still waiting at two times.
PARTS_OF_EACH_OTHER = frozenset({"weibull_shape", "weibull_scale"})

S = TypeVar("S", World, Design, Belief)
Source = Callable[[str], float]


@dataclass(frozen=True)
class Drawn(Generic[S]):
    """A scenario that was drawn, and how many attempts it took until it did not contradict itself."""

    scenario: S
    attempts: int


@dataclass(frozen=True)
class _Count:
    """A finding's events of n; n is 0 for a count without a denominator."""

    id: str
    events: float
    n: float


def draw(scenario: S, k: int, seed: int = 1, coherent: Callable[[S], None] | None = None) -> S:
    """Draw number k of a world, a design or a belief; see `drawn`.

    Examples
    --------
    >>> from sarcoid_epi.scenario import load_world
    >>> world = draw(load_world("evidence"), 7)
    >>> print(world.name, world.sex.women.basis)
    evidence.seed1.draw7 cited: baughman2001.women (...) [draw 7 of beta(468.5, 268.5)]
    """
    return drawn(scenario, k, seed, coherent).scenario


def drawn(scenario: S, k: int, seed: int = 1, coherent: Callable[[S], None] | None = None) -> Drawn[S]:
    """Draw number k of a scenario, and the attempts it took.

    A parameter with a distribution takes its quantile at u(seed, k, address). A parameter that derives from others
    follows them by its rule, and the findings among its inputs are drawn too, each once for the whole scenario.
    Findings that a rule calls parts of one whole (`PARTS_OF_A_WHOLE`), printed of the same n patients of one paper, are
    drawn from one Dirichlet distribution, whose every part has the beta distribution it has alone; those that are parts
    of each other (`PARTS_OF_EACH_OTHER`) likewise.

    Parameters
    ----------
    scenario
        As loaded; a draw is not drawn again.
    k
        Number of the draw, from 0.
    seed
        Any whole number.
    coherent
        Raises ConfigurationError or ValueError for a scenario that cannot be, beyond what its sections refuse.

    Raises
    ------
    ConfigurationError
        When k is negative, when the scenario is a draw already, or when no attempt was coherent.

    Assumes
    -------
    Figures are independent of each other, except the parts told above. A draw that contradicts itself (shares out of
    order, or more than the whole) is drawn anew as a whole, at most `ATTEMPTS` times: the joint distribution is that of
    independent parameters **given that they are coherent**, so parameters that are often refused together lean away
    from their own distributions. Only so does one parameter's draw depend on another's.

    A value that counts something is rounded to a whole number. What was varied by the user stays.
    """
    parameters = scenario.parameters()
    if k < 0:
        raise ConfigurationError(Problem(f"{k} is no number of a draw", do="count draws from 0"))
    if any(parameter.basis.drawn for parameter in parameters.values()):
        raise ConfigurationError(Problem(f"'{scenario.name}' is a draw already", do="draw from what was loaded"))
    whole = scenario.whole_numbers()
    said = "nothing"
    for attempt in range(ATTEMPTS):
        try:
            values = _Draw(parameters, partial(_uniform, seed, k, attempt)).values()
            rounded = {path: float(floor(x + 0.5)) if path in whole else x for path, x in values.items()}
            new = {path: _marked(parameter, rounded[path], k) for path, parameter in parameters.items()}
            made = scenario.replaced(new)
            label = f"{scenario.label} (draw {k} of its parameters, seed {seed})"
            made = made.model_copy(update={"name": f"{scenario.name}.seed{seed}.draw{k}", "label": label})
            if coherent is not None:
                coherent(made)
            return Drawn(made, attempt + 1)
        except (ValueError, ArithmeticError, ConfigurationError) as error:
            said = str(error)
    what = f"draw {k} contradicts itself in each of {ATTEMPTS} attempts"
    raise ConfigurationError(Problem(what, scenario.name, f"of the last it is said: {said}", "narrow a range"))


def spreads(scenario: World | Design | Belief) -> dict[str, str]:
    """What each parameter does in a draw, by path: its distribution, `follows ...`, or `fixed: ...` with the reason.

    >>> from sarcoid_epi.scenario import load_world
    >>> told = spreads(load_world("evidence"))
    >>> print(told["sex.women"], told["age.oldest"], told["stage.acute_at_least_i"], sep="; ")
    beta(468.5, 268.5); fixed: assumed without a range; follows complement(stage.acute_0)
    """
    parameters = scenario.parameters()
    return {path: _told(parameter, parameters) for path, parameter in parameters.items()}


def _told(parameter: Parameter, parameters: Mapping[str, Parameter]) -> str:
    basis, found = parameter.basis, distribution(parameter)
    if found is not None:
        return str(found)
    if basis.spread == "none":
        return "fixed: declared so"
    if isinstance(basis, Derived):
        if any(_varies(name, basis, parameters) for name in basis.inputs):
            return f"follows {basis.rule}({', '.join(basis.inputs)})"
        return "fixed: nothing it derives from varies"
    return "fixed: no counts, interval or range" if isinstance(basis, Cited) else "fixed: assumed without a range"


def _varies(name: str, basis: Derived, parameters: Mapping[str, Parameter]) -> bool:
    """Whether an input of a derivation varies from draw to draw."""
    if name in parameters:
        return not _told(parameters[name], parameters).startswith("fixed")
    if _is_number(name):
        return False
    found, part = named(name)
    if found.id in _held(parameters) or part in ("n", "low", "high"):
        return False
    related = any(found.id == one.id for group in _groups(parameters, PARTS_OF_A_WHOLE) for one in group)
    return related or of_finding(found) is not None


def _uniform(seed: int, k: int, attempt: int, address: str) -> float:
    return float(uniforms(seed, f"draw:{address}", first=k, count=1, replicate=attempt)[0])


def _marked(parameter: Parameter, value: float, k: int) -> Parameter:
    """The parameter with its drawn value, and a basis that says so; one that does not move stands as it was."""
    found = distribution(parameter)
    if found is None and value == parameter.value:
        return parameter
    said = f"draw {k}" if found is None else f"draw {k} of {found}"
    return Parameter(value=value, basis=parameter.basis.model_copy(update={"drawn": said}))


class _Draw:
    """One attempt: the values of all parameters, from uniforms by address."""

    def __init__(self, parameters: Mapping[str, Parameter], u: Source):
        self._parameters, self._u = parameters, u
        self._held = _held(parameters)
        self._shares = _related_shares(parameters, self._held, u)
        self._values: dict[str, float] = {}

    def values(self) -> dict[str, float]:
        return {path: self._value(path) for path in self._parameters}

    def _value(self, path: str) -> float:
        if path not in self._values:
            self._values[path] = self._drawn(path)
        return self._values[path]

    def _drawn(self, path: str) -> float:
        parameter = self._parameters[path]
        basis, found = parameter.basis, distribution(parameter)
        if found is None and isinstance(basis, Derived):
            return RULES[basis.rule](*(self._argument(name) for name in basis.inputs))
        if found is None:
            return parameter.value
        if isinstance(basis, Cited):
            related = None if basis.several else self._shares.get(basis.finding)
            return found.quantile(self._u(basis.finding)) if related is None else related
        return found.quantile(self._u((ranged(basis) if isinstance(basis, Derived) else "") or path))

    def _argument(self, name: str) -> float:
        if name in self._parameters:
            return self._value(name)
        return float(name) if _is_number(name) else self._figure(name)

    def _figure(self, name: str) -> float:
        """A number of a finding: its share or value as drawn, its events as n times its share; the rest as printed."""
        found, part = named(name)
        if part in ("n", "low", "high") or found.id in self._held:
            return printed(name)
        share = self._shares.get(found.id)
        if share is None:
            spread = of_finding(found)
            if spread is None or (part and not found.n):
                return printed(name)
            share = spread.quantile(self._u(found.id))
        return share * float(found.n or 1) if part == "events" else share


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def _held(parameters: Mapping[str, Parameter]) -> frozenset[str]:
    """Findings whose figure stays because a parameter that cites them is declared to stay."""
    bases = (parameter.basis for parameter in parameters.values())
    return frozenset(basis.finding for basis in bases if isinstance(basis, Cited) and basis.spread == "none")


def _related_shares(parameters: Mapping[str, Parameter], held: frozenset[str], u: Source) -> dict[str, float]:
    """Drawn shares of the findings that are not independent of each other."""
    shares: dict[str, float] = {}
    for group in _groups(parameters, PARTS_OF_A_WHOLE):
        shares |= _parts_of_a_whole(group, held, u)
    for group in _groups(parameters, PARTS_OF_EACH_OTHER):
        if not any(one.id in held or one.id in shares or not one.n for one in group):
            shares |= _parts_of_each_other(group, u)
    return shares


def _groups(parameters: Mapping[str, Parameter], rules: frozenset[str]) -> list[tuple[_Count, ...]]:
    """Findings that stand together in one of the rules, printed of the same patients; groups that meet are one."""
    groups: list[set[_Count]] = []
    for parameter in parameters.values():
        basis = parameter.basis
        if not isinstance(basis, Derived) or basis.rule not in rules:
            continue
        inputs = list(_findings(basis.inputs, parameters))
        for kind in {(found.source, found.n) for found in inputs}:
            group = {count for found in inputs if (found.source, found.n) == kind and (count := _count(found))}
            met = [other for other in groups if other & group]
            groups = [other for other in groups if other not in met] + [group.union(*met)]
    ordered = (tuple(sorted(group, key=lambda one: one.id)) for group in groups)
    return sorted((g for g in ordered if len(g) > 1 and _fit_together(g, rules)), key=lambda group: group[0].id)


def _findings(inputs: Iterable[str], parameters: Mapping[str, Parameter]) -> Iterable[Finding]:
    """Findings whose share is among the inputs, named there or cited by a parameter that is named there."""
    for name in inputs:
        if name in parameters:
            basis = parameters[name].basis
            if isinstance(basis, Cited) and not basis.several:
                yield finding(basis.finding)
        elif not _is_number(name):
            found, part = named(name)
            if part in ("", "events"):
                yield found


def _count(found: Finding) -> _Count | None:
    counts = counts_of(found)
    if counts is not None:
        return _Count(found.id, *counts)
    lone = found.measure == "count" and found.n is None and found.events is not None
    return _Count(found.id, float(found.events or 0), 0.0) if lone else None


def _fit_together(group: tuple[_Count, ...], rules: frozenset[str]) -> bool:
    """Parts of a whole do not exceed it, up to half a percent each for rounding."""
    n = group[0].n
    return rules is not PARTS_OF_A_WHOLE or not n or fsum(one.events for one in group) <= n * (1 + 0.005 * len(group))


def _parts_of_a_whole(group: tuple[_Count, ...], held: frozenset[str], u: Source) -> dict[str, float]:
    """Shares of one whole: Dirichlet with x + 1/2 for each part, and what is missing to n + 1 for the rest.

    Drawn one after the other, each a beta part of what the earlier ones leave, held ones first at what they print; so
    the first has its own uniform's quantile, and every one has the distribution beta(x + 1/2, n - x + 1/2). Counts
    without a denominator have no rest: of each, its share of them all is given back times their sum.
    """
    order = sorted(group, key=lambda one: (one.id not in held, one.id))
    total = fsum(one.events for one in group)
    rest = max(0.0, order[0].n + 1 - fsum(one.events + 0.5 for one in group)) if order[0].n else 0.0
    shares: dict[str, float] = {}
    left = 1.0
    for position, one in enumerate(order):
        later = fsum(other.events + 0.5 for other in order[position + 1 :]) + rest
        part = float(betaincinv(one.events + 0.5, later, u(one.id))) if later > 0 else 1.0
        share = one.events / (one.n or total) if one.id in held else left * part
        left = max(0.0, left - share)
        shares[one.id] = share if one.n else share * total
    return shares


def _parts_of_each_other(group: tuple[_Count, ...], u: Source) -> dict[str, float]:
    """Shares of which each holds the next: the largest beta(x + 1/2, n - x + 1/2), each further a part of the last.

    A part beta(x' + 1/2, x - x') of it is beta(x' + 1/2, n - x' + 1/2) again.
    """
    shares: dict[str, float] = {}
    share, above = 1.0, group[0].n + 1
    for one in sorted(group, key=lambda one: (-one.events, one.id)):
        mine = one.events + 0.5
        share *= float(betaincinv(mine, above - mine, u(one.id))) if above > mine else 1.0
        shares[one.id], above = share, mine
    return shares
