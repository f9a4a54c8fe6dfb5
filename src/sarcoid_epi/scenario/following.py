"""Change parameters of a scenario that is loaded: what derives from them follows, as when it is loaded with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.scenario.belief import Belief
from sarcoid_epi.scenario.design import Design
from sarcoid_epi.scenario.figures import printed
from sarcoid_epi.scenario.parameter import Assumed, Derived, Parameter
from sarcoid_epi.scenario.rules import RULES
from sarcoid_epi.scenario.world import World

S = TypeVar("S", World, Design, Belief)


def changed(scenario: S, values: Mapping[str, float], reason: str) -> S:
    """A world, design or belief with other values at some paths, as assumptions, and what derives from them anew.

    Parameters
    ----------
    scenario
        As loaded, or drawn.
    values
        New values by path; paths that it does not have are not looked at.
    reason
        Why, in words: the basis of what is changed.

    Raises
    ------
    ConfigurationError
        When a value is not one that the parameter may have, or contradicts another.

    Assumes
    -------
    What derives from a finding alone stays.

    Examples
    --------
    >>> from sarcoid_epi.scenario import load_world
    >>> world = changed(load_world("evidence"), {"stage.acute_0": 0.15}, "an example")
    >>> print(world.stage.acute_0.basis, world.stage.acute_at_least_i.value)
    assumed: an example 0.85
    """
    old = scenario.parameters()
    new = {path: Parameter(value=values[path], basis=Assumed(reason=reason)) for path in values if path in old}
    if not new:
        return scenario
    try:
        return scenario.replaced(_followed(old, new, scenario.name))
    except ValidationError as error:
        raise ConfigurationError(*(_problem(one, scenario.name) for one in error.errors())) from None


def _followed(old: Mapping[str, Parameter], new: Mapping[str, Parameter], where: str) -> dict[str, Parameter]:
    """All parameters, with what derives from new ones worked out anew, to any depth."""
    done: dict[str, Parameter] = {**new}

    def one(path: str) -> Parameter:
        if path not in done:
            basis = old[path].basis
            inputs = [name for name in basis.inputs if name in old] if isinstance(basis, Derived) else []
            done[path] = old[path]
            if isinstance(basis, Derived) and any(one(name) is not old[name] for name in inputs):
                done[path] = Parameter(value=_derived(path, basis), basis=basis)
        return done[path]

    def _derived(path: str, basis: Derived) -> float:
        try:
            return RULES[basis.rule](*(one(name).value if name in old else _figure(name) for name in basis.inputs))
        except (TypeError, ValueError, ArithmeticError) as error:
            said = f"{path}: rule '{basis.rule}' fails on {', '.join(basis.inputs)}"
            raise ConfigurationError(Problem(said, where, str(error), "choose other values")) from None

    for path in old:
        one(path)
    return done


def _figure(name: str) -> float:
    try:
        return float(name)
    except ValueError:
        return printed(name)


def _problem(error: Any, where: str) -> Problem:
    """A validator's complaint: the path, where it has one, and the sentence."""
    path = ".".join(str(part) for part in error["loc"])
    sentence = str(error["msg"]).removeprefix("Value error, ")
    return Problem(f"{path}: {sentence}" if path else sentence, where, do="choose another value")
