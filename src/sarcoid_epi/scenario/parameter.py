"""A number that makes a world, a design or a belief, and where it came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cited(_Value):
    """The value stands in a finding of the registry, or inside the range it prints."""

    kind: Literal["cited"] = "cited"
    finding: str
    note: str = ""

    def __str__(self) -> str:
        return f"cited: {self.finding}" + (f" ({self.note})" if self.note else "")


class Derived(_Value):
    """The value is computed by a named rule from findings or other parameters, anew whenever they change."""

    kind: Literal["derived"] = "derived"
    rule: str
    inputs: tuple[str, ...]
    note: str = ""

    def __str__(self) -> str:
        return f"derived: {self.rule}({', '.join(self.inputs)})" + (f" ({self.note})" if self.note else "")


class Assumed(_Value):
    """Nobody printed the value; the reason says why this one, `low` and `high` how far it may reasonably move."""

    kind: Literal["assumed"] = "assumed"
    reason: str
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        span = f" [{self.low:g} to {self.high:g}]" if self.low is not None and self.high is not None else ""
        return f"assumed{span}: {self.reason}"


Basis = Cited | Derived | Assumed


class Parameter(_Value):
    """A value and its basis. There is no number without one."""

    value: float
    basis: Basis


def _between(low: float, high: float, kind: str, whole: bool = False) -> Callable[[Parameter], Parameter]:
    def check(parameter: Parameter) -> Parameter:
        if whole and not parameter.value.is_integer():
            raise ValueError(f"{parameter.value:g} is not {kind}: it must be a whole number")
        if not low <= parameter.value <= high:
            raise ValueError(f"{parameter.value:g} is not {kind}: it must lie between {low:g} and {high:g}")
        return parameter

    return check


#: What a parameter may be; the validator's words are what the user reads.
Share = Annotated[Parameter, AfterValidator(_between(0, 1, "a share"))]
SomeShare = Annotated[Parameter, AfterValidator(_between(1e-6, 1, "a share above zero"))]
Positive = Annotated[Parameter, AfterValidator(_between(1e-12, 1e12, "a positive number"))]
LogOdds = Annotated[Parameter, AfterValidator(_between(-20, 20, "a difference in log odds"))]
Number = Annotated[Parameter, AfterValidator(_between(-1e12, 1e12, "a number"))]
Count = Annotated[Parameter, AfterValidator(_between(1, 1e9, "a count", whole=True))]
Year = Annotated[Parameter, AfterValidator(_between(1900, 2100, "a calendar year", whole=True))]


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
