"""A number that makes a world, a design or a belief, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


#: How a value is spread over its range: about the value itself, evenly, or not at all; empty leaves it to the basis.
Spread = Literal["", "pert", "uniform", "none"]


class _Basis(_Value):
    """What every basis may say of uncertainty: the `spread` declared; in a draw, what the value was `drawn` from."""

    spread: Spread = ""
    drawn: str = ""

    @property
    def _ending(self) -> str:
        return f" [{self.drawn}]" if self.drawn else ""


class Cited(_Basis):
    """The value stands in a finding of the registry, or inside the range it prints; `several` name a set of series."""

    kind: Literal["cited"] = "cited"
    finding: str
    several: tuple[str, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        return f"cited: {self.finding}" + (f" ({self.note})" if self.note else "") + self._ending


class Derived(_Basis):
    """The value is computed by a named rule from findings or other parameters, anew whenever they change."""

    kind: Literal["derived"] = "derived"
    rule: str
    inputs: tuple[str, ...]
    note: str = ""

    def __str__(self) -> str:
        said = f" ({self.note})" if self.note else ""
        return f"derived: {self.rule}({', '.join(self.inputs)}){said}{self._ending}"


class Assumed(_Basis):
    """Nobody printed the value; the reason says why this one, `low` and `high` how far it may reasonably move."""

    kind: Literal["assumed"] = "assumed"
    reason: str
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        how = {"uniform": "uniform ", "none": "held at the value; possible "}.get(self.spread, "")
        span = f" [{how}{self.low:g} to {self.high:g}]" if self.low is not None and self.high is not None else ""
        return f"assumed{span}: {self.reason}{self._ending}"


Basis = Cited | Derived | Assumed


class Parameter(_Value):
    """A value and its basis. There is no number without one."""

    value: float
    basis: Basis


@dataclass(frozen=True)
class _Between:
    """The limits of a parameter, and whether it counts something."""

    low: float
    high: float
    kind: str
    whole: bool = False

    def __call__(self, parameter: Parameter) -> Parameter:
        value = parameter.value
        if self.whole and not value.is_integer():
            raise ValueError(f"{value:g} is not {self.kind}: it must be a whole number")
        if not self.low <= value <= self.high:
            raise ValueError(f"{value:g} is not {self.kind}: it must lie between {self.low:g} and {self.high:g}")
        return parameter


#: What a parameter may be; the validator's words are what the user reads.
Share = Annotated[Parameter, AfterValidator(_Between(0, 1, "a share"))]
SomeShare = Annotated[Parameter, AfterValidator(_Between(1e-6, 1, "a share above zero"))]
Positive = Annotated[Parameter, AfterValidator(_Between(1e-12, 1e12, "a positive number"))]
LogOdds = Annotated[Parameter, AfterValidator(_Between(-20, 20, "a difference in log odds"))]
Correlation = Annotated[Parameter, AfterValidator(_Between(-0.99, 0.99, "a correlation short of perfect"))]
Number = Annotated[Parameter, AfterValidator(_Between(-1e12, 1e12, "a number"))]
Count = Annotated[Parameter, AfterValidator(_Between(1, 1e9, "a count", whole=True))]
Year = Annotated[Parameter, AfterValidator(_Between(1900, 2100, "a calendar year", whole=True))]


def demand_order(section: Section, *names: str) -> None:
    """Refuse values that do not rise from name to name."""
    values = [getattr(section, name).value for name in names]
    if values != sorted(values):
        said = ", ".join(f"{name} {value:g}" for name, value in zip(names, values, strict=True))
        raise ValueError(f"{said}: each must be at least the one before")


def demand_room(section: Section, *names: str) -> None:
    """Refuse shares of one whole that make more than the whole."""
    values = [getattr(section, name).value for name in names]
    if sum(values) > 1 + 1e-9:
        said = " and ".join(f"{name} {value:g}" for name, value in zip(names, values, strict=True))
        raise ValueError(f"{said}: together they must not exceed 1")


#: What a record comes from, so that a belief about one kind is not put to another.
About = Literal["any", "new patients", "records", "film", "mri", "pet"]


class Section(_Value):
    """A group of parameters or of further sections; a path names one parameter through its sections."""

    def parameters(self, prefix: str = "") -> dict[str, Parameter]:
        """Every parameter below this section by its path, in the order of declaration."""
        found: dict[str, Parameter] = {}
        for name in type(self).model_fields:
            item, path = getattr(self, name), f"{prefix}{name}"
            if isinstance(item, Parameter):
                found[path] = item
            elif isinstance(item, Section):
                found |= item.parameters(f"{path}.")
        return found

    def limits(self, prefix: str = "") -> dict[str, _Between]:
        """Paths of the parameters with limits, each with what raises ValueError beyond them."""
        found: dict[str, _Between] = {}
        for name, field in type(self).model_fields.items():
            item, path = getattr(self, name), f"{prefix}{name}"
            if isinstance(item, Section):
                found |= item.limits(f"{path}.")
            rules = (getattr(rule, "func", None) for rule in field.metadata)
            found.update((path, rule) for rule in rules if isinstance(rule, _Between))
        return found

    def whole_numbers(self, prefix: str = "") -> set[str]:
        """Paths of the parameters that must be whole numbers."""
        return {path for path, rule in self.limits(prefix).items() if rule.whole}

    def replaced(self, parameters: Mapping[str, Parameter], prefix: str = "") -> Self:
        """The section with other parameters at some paths, checked as on loading.

        Raises
        ------
        pydantic.ValidationError
            When the parameters contradict their limits or each other.
        """
        fields = {}
        for name in type(self).model_fields:
            item, path = getattr(self, name), f"{prefix}{name}"
            if isinstance(item, Section):
                fields[name] = item.replaced(parameters, f"{path}.")
            else:
                fields[name] = parameters.get(path, item)
        return type(self)(**fields)
