"""A study in a file: what is varied, how often it is repeated, and which estimators are put to it (ADEMP)."""

from __future__ import annotations

from itertools import product
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy.stats import qmc

from sarcoid_epi.scenario.declared import load_declared

Names = tuple[str, ...]

#: How a factor changes the parameters at its paths: takes their place, multiplies them, or multiplies their odds.
By = Literal["value", "times", "odds"]

#: How cases are laid out: every combination, a latin hypercube, a Sobol sequence, or draws of the world's uncertainty.
Method = Literal["grid", "latin", "sobol", "draws"]

#: A measure of performance that is drawn; every measure stands in the tables.
Measure = Literal[
    "bias", "relative_bias", "empirical_error", "model_error", "relative_error", "mean_squared_error", "coverage",
    "bias_eliminated_coverage", "power", "mean_width", "median_width",
]  # fmt: skip


class Factor(BaseModel):
    """What is varied together: parameters by path, and the values it takes, or the range they are taken from.

    A path is one of the world or the design, or `belief.` and one of the belief; an asterisk stands for any section
    (`imaging.*.bone_pain`). `log` spreads a range evenly over its logarithm.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    paths: Names = Field(min_length=1)
    by: By = "value"
    values: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    log: bool = False

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        ranged = self.low is not None and self.high is not None
        if bool(self.values) == ranged or (self.low is None) != (self.high is None):
            raise ValueError("a factor has 'values', or both 'low' and 'high'; give one of the two")
        if twice := [value for at, value in enumerate(self.values) if value in self.values[:at]]:
            raise ValueError(f"'values' has {twice[0]:g} twice; keep one")
        if self.log and self.values:
            raise ValueError("'log' is of a range, and there are 'values'; delete 'log'")
        if self.low is not None and self.high is not None:
            if not self.low < self.high:
                raise ValueError("'low' must lie below 'high'; exchange them")
            if self.log and self.low <= 0:
                raise ValueError("a range on the log scale must lie above 0; raise 'low'")
        return self

    def at(self, place: float) -> float:
        """The value at a place of the range, from 0 to 1."""
        assert self.low is not None
        assert self.high is not None
        if self.log:
            return float(self.low * (self.high / self.low) ** place)
        return self.low + (self.high - self.low) * place


class Case(NamedTuple):
    """One scenario of a study: what is looked at, what is believed, how many patients, and the value of each factor."""

    number: int
    world: str
    design: str
    belief: str
    size: int
    values: tuple[tuple[str, float], ...]
    draw: int | None = None


class Study(BaseModel):
    """A simulation or sensitivity study.

    Every combination of `worlds`, `designs`, `beliefs` and `sizes` is crossed with the factors of `vary`: with `method`
    "grid" with every combination of their values, else with `cases` points of their ranges; "draws" draws the worlds'
    uncertain parameters `cases` times. Each case is repeated `replicates` times, or, where `error` is given, until the
    Monte Carlo error of every coverage is no larger, `replicates` being the most. `chance` says whether replicates are
    drawn from a `population` made once for each case, or made patient by patient. `terms` are those that are told; all
    by default. `truth` is that of the patients whom the study can meet, or of "everybody" with the disease. `measures`
    are drawn, and all of them told; `widths` are those of limits that would do: how many patients they take is told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    label: str
    aims: str
    worlds: Names = ("evidence",)
    designs: Names = ("tertiary_records",)
    beliefs: Names = ()
    sizes: tuple[Annotated[int, Field(ge=1, le=10**7)], ...] = (1500,)
    replicates: Annotated[int, Field(ge=2)] = 1000
    error: Annotated[float, Field(gt=0, lt=0.5)] | None = None
    seed: Annotated[int, Field(ge=0)] = 1
    chance: Literal["population", "patients"] = "population"
    population: Annotated[int, Field(ge=1000, le=2**24)] = 2**17
    estimators: Names = Field(min_length=1)
    models: Names = ()
    terms: Names = ()
    truth: Literal["met", "everybody"] = "met"
    measures: tuple[Measure, ...] = ("bias", "coverage")
    widths: tuple[Annotated[float, Field(gt=0)], ...] = ()
    method: Method = "grid"
    cases: Annotated[int, Field(ge=0)] = 0
    vary: dict[str, Factor] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.method == "grid") == bool(self.cases):
            said = "a grid has as many cases as combinations; delete 'cases'"
            raise ValueError(said if self.cases else f"method '{self.method}' needs 'cases'; say how many")
        for name, factor in self.vary.items():
            if self.method == "grid" and not factor.values:
                raise ValueError(f"'{name}' has a range, and a grid needs 'values'; list them")
            if self.method in ("latin", "sobol") and factor.values:
                raise ValueError(f"'{name}' has values, and method '{self.method}' needs 'low' and 'high'; give them")
        if self.method == "draws" and self.vary:
            raise ValueError("draws vary what is uncertain in the world; delete 'vary'")
        if self.method in ("latin", "sobol") and not self.vary:
            raise ValueError(f"method '{self.method}' varies nothing; add a section 'vary'")
        for name in ("worlds", "designs", "beliefs", "sizes", "estimators", "models", "terms", "measures", "widths"):
            given: tuple[object, ...] = getattr(self, name)
            if not given and name in ("worlds", "designs", "sizes", "measures"):
                raise ValueError(f"'{name}' is empty; name one, or delete the key")
            if twice := [one for at, one in enumerate(given) if one in given[:at]]:
                raise ValueError(f"'{name}' has {twice[0]} twice; keep one")
        strange = {"case", "world", "design", "belief", "size", "draw"} & self.vary.keys()
        if strange:
            raise ValueError(f"a factor is called '{min(strange)}', as every case has something called; rename it")
        return self

    def all_cases(self) -> tuple[Case, ...]:
        """Every case, numbered from 0."""
        crossed = product(self.worlds, self.designs, self.beliefs or ("",), self.sizes, self._points())
        return tuple(
            Case(number, world, design, belief, size, values, draw)
            for number, (world, design, belief, size, (values, draw)) in enumerate(crossed)
        )

    def _points(self) -> list[tuple[tuple[tuple[str, float], ...], int | None]]:
        names = tuple(self.vary)
        if self.method == "draws":
            return [((), number) for number in range(self.cases)]
        if self.method == "grid":
            rows = product(*(self.vary[name].values for name in names))
            return [(tuple(zip(names, row, strict=True)), None) for row in rows]
        rng = np.random.default_rng(self.seed)
        if self.method == "latin":
            places = qmc.LatinHypercube(len(names), rng=rng).random(self.cases)
        else:  # a beginning of the sequence, whatever its length
            places = qmc.Sobol(len(names), rng=rng).random_base2((self.cases - 1).bit_length())[: self.cases]
        return [
            (tuple((name, self.vary[name].at(float(at))) for name, at in zip(names, row, strict=True)), None)
            for row in places
        ]


def load_study(name: str) -> Study:
    """The study of a shipped name or of a TOML file.

    Raises
    ------
    ConfigurationError
        When the file is not there or contradicts itself; every problem at once.
    """
    return load_declared(Study, "study", name)
