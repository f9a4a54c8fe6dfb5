"""A study with all that its file names, checked before anything runs: what a worker needs, on any machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from hashlib import blake2b
from importlib.metadata import version
from typing import Any, TypeVar

from pydantic import BaseModel

from sarcoid_epi.cohort import calibrate, generate
from sarcoid_epi.errors import ConfigurationError, Problem, unknown
from sarcoid_epi.measures import timeless
from sarcoid_epi.scenario import (
    Belief,
    Case,
    Design,
    Model,
    Study,
    World,
    load_belief,
    load_design,
    load_model,
    load_world,
)
from sarcoid_epi.simulation.asking import Asked, Question, asked_of, columns_of_truth, questions
from sarcoid_epi.simulation.varied import POINTS, problems
from sarcoid_epi.strata import whole
from sarcoid_epi.threads import one_thread

#: What a part's bytes depend on beside the study: other versions may round or pack differently.
ENGINES = ("sarcoid-epi", "numpy", "scipy", "pandas", "pyarrow")

#: Keys of a study on which no part depends: each replicate is a function of its own number.
FREE = frozenset({"name", "label", "aims", "error", "replicates", "measures", "widths"})

#: Patients of whom it is asked what an estimator reads.
ASKED = 2000

T = TypeVar("T", World, Design, Belief, Model)


@dataclass(frozen=True)
class Stated:
    """A study, and what stands behind its names: worlds, designs, beliefs and models; what its questions read.

    `key` is a hash of all that the bytes of a part depend on, which `recipe` tells; two of one key are equal. Of the
    columns `true` are those without which true values cannot be told, and `there` those that patients have.
    """

    key: str
    recipe: Mapping[str, Any] = field(compare=False)
    study: Study = field(compare=False)
    worlds: Mapping[str, World] = field(compare=False)
    designs: Mapping[str, Design] = field(compare=False)
    beliefs: Mapping[str, Belief] = field(compare=False)
    models: Mapping[str, Model] = field(compare=False)
    asked: tuple[Asked, ...] = field(compare=False)
    true: frozenset[str] = field(compare=False)
    there: frozenset[str] = field(compare=False)


def state(study: Study) -> Stated:
    """Load and check everything that a study names, and ask once what its questions read.

    Raises
    ------
    ConfigurationError
        Every name that is unknown, factor that leads nowhere, value beyond its limits, estimator without the belief or
        the model that it takes, at once.
    """
    where = f"study '{study.name}'"
    wrong: list[Problem] = []
    worlds = _loaded(load_world, study.worlds, wrong)
    designs = _loaded(load_design, study.designs, wrong)
    beliefs = _loaded(load_belief, study.beliefs, wrong)
    models = _loaded(load_model, study.models, wrong)
    asking: tuple[Question, ...] = ()
    try:
        asking = questions(study, [*models.values()])
    except ConfigurationError as error:
        wrong += error.problems
    wrong += [
        Problem(f"'{one.estimator.name}' believes something, and the study has no belief", where, do="name 'beliefs'")
        for one in asking
        if one.estimator.believes and not study.beliefs
    ]
    if asking and study.beliefs and not any(one.estimator.believes for one in asking):
        wrong.append(Problem("nothing that is asked believes anything", where, do="delete 'beliefs'"))
    if len(worlds) == len(study.worlds) and len(designs) == len(study.designs) and len(beliefs) == len(study.beliefs):
        wrong += problems(study, [*worlds.values(), *designs.values()], beliefs.values(), where)
    if wrong:
        raise ConfigurationError(*dict.fromkeys(wrong))
    with one_thread():
        asked, true, there = _asked(study, next(iter(worlds.values())), designs.values(), beliefs.values(), asking)
    told = {each for one in asked for term in one.terms for each in (term, timeless(term))}
    if all(one.terms for one in asked) and (strange := [term for term in study.terms if term not in told]):
        raise ConfigurationError(*(unknown("term", term, told, where) for term in strange))
    said = recipe_of(study, {"worlds": worlds, "designs": designs, "beliefs": beliefs, "models": models})
    return Stated(said["key"], said, study, worlds, designs, beliefs, models, asked, true, there)


def _loaded(load: Callable[[str], T], names: Iterable[str], wrong: list[Problem]) -> dict[str, T]:
    found: dict[str, T] = {}
    for name in names:
        try:
            found[name] = load(name)
        except ConfigurationError as error:
            wrong += error.problems
    return found


def _asked(
    study: Study, world: World, designs: Iterable[Design], beliefs: Iterable[Belief], asking: Iterable[Question]
) -> tuple[tuple[Asked, ...], frozenset[str], frozenset[str]]:
    """What questions read under each design and belief, what true values are told from, and which columns there are."""
    asked = {one.run: Asked(one.run) for one in asking}
    true: set[str] = set()
    there: frozenset[str] = frozenset()
    for design in designs:
        few = generate(world, design, ASKED, study.seed, calibration=calibrate(world, design, POINTS))
        strata = whole(few.patients)
        there |= strata.columns
        for one in asking:
            believed: list[Belief | None] = [*beliefs] or [None]
            found = (asked_of(one, strata, belief) for belief in believed)
            asked[one.run] = reduce(lambda a, b: a.more(b.columns, b.by_counts, b.terms), found, asked[one.run])
            true |= columns_of_truth(one.estimator.estimand, few.patients, few.truth)
    return tuple(asked.values()), frozenset(true), there


def recipe_of(study: Study, named: Mapping[str, Mapping[str, BaseModel]]) -> dict[str, Any]:
    """All that the bytes of a study's parts depend on, to be read by people, and its hash."""
    contents = {
        kind: {name: _digest(one.model_dump_json()) for name, one in those.items()} for kind, those in named.items()
    }
    made = {"contents": contents, "versions": {engine: version(engine) for engine in ENGINES}}
    depends = {name: value for name, value in study.model_dump(mode="json").items() if name not in FREE}
    key = _digest(json.dumps([depends, made], sort_keys=True))
    return {"key": key, **made, "study": study.model_dump(mode="json")}


def recipe(study: Study) -> dict[str, Any]:
    """As `recipe_of`, of what the names of a study stand for now.

    Raises
    ------
    ConfigurationError
        When one of them is unknown.
    """
    wrong: list[Problem] = []
    named: dict[str, Mapping[str, BaseModel]] = {
        "worlds": _loaded(load_world, study.worlds, wrong),
        "designs": _loaded(load_design, study.designs, wrong),
        "beliefs": _loaded(load_belief, study.beliefs, wrong),
        "models": _loaded(load_model, study.models, wrong),
    }
    if wrong:
        raise ConfigurationError(*wrong)
    return recipe_of(study, named)


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8"), digest_size=16).hexdigest()


@lru_cache(maxsize=4)
def cases_of(stated: Stated) -> tuple[Case, ...]:
    """Every case, numbered from 0."""
    return stated.study.all_cases()
