"""How many patients a population brings forth: new ones year by year, and those who are ill already."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError
from scipy.stats import poisson

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.scenario import Assumed, Design, Parameter, World
from sarcoid_epi.scenario.design import Calendar
from sarcoid_epi.streams import uniforms

#: Incidence and prevalence are printed for so many people.
PER = 1e5


@dataclass(frozen=True)
class Population:
    """People watched from one year to another, and the source patients among them, expected and drawn."""

    people: int
    years: tuple[int, int]
    incidence: float
    prevalence: float
    only_new: bool
    expected: float
    source: int


def population(world: World, design: Design, people: int, years: tuple[int, int], seed: int) -> Population:
    """Source patients of a population: Poisson, with those who are ill already unless a design meets only new patients.

    Parameters
    ----------
    world : World
        Its `occurrence` says how often the disease is.
    design : Design
        Its `about` says whether only new patients are met.
    people : int
        Size of the population, at least 1.
    years : tuple of int
        First and last year, both included.
    seed : int
        The only source of chance.

    Raises
    ------
    ConfigurationError
        When there are no people, or the years run backwards.
    """
    if people < 1:
        raise ConfigurationError(Problem(f"a population of {people}", do="ask for at least one person"))
    if years[1] < years[0]:
        raise ConfigurationError(Problem(f"the years {years[0]} to {years[1]} run backwards", do="swap them"))
    only_new = design.about == "new patients"
    incidence, prevalence = world.occurrence.incidence.value, world.occurrence.prevalence.value
    expected = expected_patients(people, years, incidence, 0.0 if only_new else prevalence)
    return Population(people, years, incidence, prevalence, only_new, expected, drawn_patients(expected, seed))


def expected_patients(people: int, years: tuple[int, int], incidence: float, prevalence: float) -> float:
    """Mean number of patients: people * (incidence * number of years + prevalence) / 100 000.

    >>> expected_patients(1_000_000, (2001, 2010), incidence=10, prevalence=77)
    1770.0
    """
    return people * (incidence * (years[1] - years[0] + 1) + prevalence) / PER


def drawn_patients(expected: float, seed: int) -> int:
    """A Poisson number with that mean, the quantile of one uniform that nothing else uses."""
    return int(poisson.ppf(uniforms(seed, "population", 0, 1)[0], expected))


def in_years(design: Design, years: tuple[int, int]) -> Design:
    """The design in other calendar years, as assumptions; follow-up closes as long after the last as before.

    Raises
    ------
    ConfigurationError
        When they are no calendar years, or run backwards.
    """
    given = Assumed(reason="given with --years")
    after = design.calendar.closing_year.value - design.calendar.last_year.value
    first, last, closing = (Parameter(value=year, basis=given) for year in (*years, years[1] + after))
    try:
        calendar = Calendar(first_year=first, last_year=last, closing_year=closing)
    except ValidationError as error:
        said = dict.fromkeys(str(one["msg"]).removeprefix("Value error, ") for one in error.errors())
        raise ConfigurationError(*(Problem(sentence, "--years", do="correct it") for sentence in said)) from None
    return design.model_copy(update={"calendar": calendar})
