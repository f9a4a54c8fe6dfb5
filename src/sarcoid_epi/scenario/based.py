"""What a file says of one parameter, checked: its value and its basis."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from sarcoid_epi.errors import ConfigurationError, Problem, unknown
from sarcoid_epi.evidence import finding
from sarcoid_epi.scenario.distribution import has_range, predictive
from sarcoid_epi.scenario.figures import single
from sarcoid_epi.scenario.parameter import Assumed, Basis, Cited, Derived, Spread
from sarcoid_epi.scenario.rules import RULES

Spec = dict[str, Any]

#: What may stand beside each basis; anything else would be dropped without a word.
BASIS_KEYS = {
    "cited": frozenset({"cited", "value", "note", "spread", "several"}),
    "derived": frozenset({"derived", "from", "note", "spread"}),
    "assumed": frozenset({"assumed", "value", "low", "high", "spread"}),
}
SPEC_KEYS = frozenset().union(*BASIS_KEYS.values())
SPREADS: tuple[Spread, ...] = ("pert", "uniform", "none")


def with_basis(spec: Spec, argument: Callable[[Any], float]) -> dict[str, Any]:
    """Value and basis of one parameter as its file writes it; `argument` gives what a derived one derives from.

    Raises
    ------
    ConfigurationError
        When it names no basis or several, when its value contradicts it, or when something is not of its type.
    """
    named = [kind for kind in ("cited", "derived", "assumed") if spec.get(kind)]
    if len(named) != 1:
        said = f"it names {' and '.join(named)}" if named else "a number without a basis means nothing"
        raise ConfigurationError(
            Problem("exactly one basis is needed", why=said, do="give one of cited, derived or assumed")
        )
    _demand_types(spec, named[0])
    note = spec.get("note", "")
    if named == ["derived"]:
        rule, inputs = spec["derived"], spec.get("from", [])
        if rule not in RULES:
            raise ConfigurationError(unknown("rule", rule, RULES))
        try:
            value = RULES[rule](*(argument(name) for name in inputs))
        except (TypeError, ValueError, ArithmeticError) as error:
            raise ConfigurationError(Problem(f"rule '{rule}' fails on {inputs}", why=str(error))) from None
        derived = Derived(rule=rule, inputs=tuple(str(i) for i in inputs), note=note, spread=_spread(spec))
        return _with_spread(value, derived)
    if "value" not in spec:
        raise ConfigurationError(Problem("there is no value", do="add 'value'"))
    value = float(spec["value"])
    if named == ["cited"]:
        _agree(value, spec["cited"])
        several = tuple(spec.get("several", ()))
        if several:
            predictive(several)  # refuses what cannot be pooled
        cited = Cited(finding=spec["cited"], several=several, note=note, spread=_spread(spec))
        return _with_spread(value, cited)
    span = {end: spec[end] for end in ("low", "high") if end in spec}
    if not span.get("low", value) <= value <= span.get("high", value):
        said = " to ".join(f"{span[end]:g}" if end in span else "..." for end in ("low", "high"))
        raise ConfigurationError(Problem(f"the value {value:g} lies outside its own range", why=f"that is {said}"))
    return _with_spread(value, Assumed(reason=spec["assumed"], **span, spread=_spread(spec)))


def _spread(spec: Spec) -> Spread:
    word = spec.get("spread", "")
    known: dict[str, Spread] = {"": "", **{name: name for name in SPREADS}}
    if word not in known:
        raise ConfigurationError(unknown("spread", word, SPREADS))
    return known[word]


def _with_spread(value: float, basis: Basis) -> dict[str, Any]:
    """The parameter as it is handed to the model; a spread without anything to spread over is refused."""
    if basis.spread in ("pert", "uniform") and not has_range(basis):
        why = "only an assumption with low and high, or a finding that prints nothing but a range, has one"
        raise ConfigurationError(
            Problem(f"there is no range for spread '{basis.spread}'", why=why, do="delete 'spread'")
        )
    if basis.spread and isinstance(basis, Cited) and basis.several:
        raise ConfigurationError(Problem("'spread' and 'several' exclude each other", do="delete one of them"))
    if basis.spread and isinstance(basis, Derived) and not has_range(basis):
        why = "it follows what it derives from"
        raise ConfigurationError(
            Problem("a parameter that is derived has no spread of its own", why=why, do="delete it")
        )
    return {"value": value, "basis": basis}


def _demand_types(spec: Spec, basis: str) -> None:
    """Numbers where numbers belong, text where text does, and nothing that this basis has no use for."""
    for key in spec.keys() & SPEC_KEYS:
        item = spec[key]
        if key not in BASIS_KEYS[basis]:
            own = " has no value of its own" if (basis, key) == ("derived", "value") else f" has no use for '{key}'"
            raise ConfigurationError(Problem(f"a parameter that is {basis}{own}", do=f"delete '{key}'"))
        if key in ("value", "low", "high"):
            if isinstance(item, bool) or not isinstance(item, int | float) or not abs(item) <= sys.float_info.max:
                raise ConfigurationError(Problem(f"the {key} {item!r} is not a number", do="write a number"))
        elif not isinstance(item, list if key in ("from", "several") else str):
            kind = "a list" if key in ("from", "several") else "text"
            raise ConfigurationError(Problem(f"'{key}' is not {kind}", do=f"write it as {kind}"))
        elif key != "note" and not (item.strip() if isinstance(item, str) else item):
            raise ConfigurationError(Problem(f"'{key}' is empty", do="fill it"))
        elif key == "several" and not all(isinstance(name, str) for name in item):
            raise ConfigurationError(Problem("'several' holds what is not text", do="write findings in quotes"))


def _agree(value: float, name: str) -> None:
    """A cited value must be the finding's own, to its printed digits, or lie inside the range the finding prints."""
    found = finding(name)
    share = single(found)
    if share is not None:
        # A value agrees when the finding rounds to it; two decimals at least, or 0.6 would agree with 0.64.
        decimals = max(2, len(repr(value).partition(".")[2]))
        if abs(value - share) > 0.5 * 10.0**-decimals + 1e-12:
            raise ConfigurationError(
                Problem(f"the value {value:g} is not what '{name}' prints", why=f"that is {share:.4g}", do="correct it")
            )
    elif found.low is None or found.high is None or not found.low <= value <= found.high:
        raise ConfigurationError(
            Problem(
                f"the value {value:g} does not stand in '{name}'", why=f"that prints {found.printed or 'no number'}"
            )
        )
