"""What an estimator is: a plain function from strata (and a belief) to answers, with a declaration."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from inspect import cleandoc
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.estimands import Estimand
from sarcoid_epi.scenario import Model

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """Numbers of shape (groups, terms), the group axis first; NaN with a note where nothing can be said.

    `times` are years from diagnosis, one for each term; empty where answers have no time.
    """

    terms: tuple[str, ...]
    estimate: Floats
    low: Floats
    high: Floats
    std_error: Floats
    n: Floats
    events: Floats
    note: NDArray[np.str_]
    level: float = 0.95
    times: tuple[float, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """(groups, terms)."""
        return self.estimate.shape


#: How the note of a row begins for which there was nothing to ask with: a verdict on the data, not a failure.
NO_COLUMN, NOTHING_KNOWN, NO_BELIEF = "no column", "nothing in column", "the belief says nothing of"

#: How the note of a row begins whose model has no such number, because it lets it differ.
NO_ONE_RATIO = "no one ratio for each unit"
NOT_ASKED = (NO_COLUMN, NOTHING_KNOWN, NO_BELIEF, NO_ONE_RATIO)

#: The fields of answers that are numbers.
NUMBERS = ("estimate", "low", "high", "std_error", "n", "events")


class Term(NamedTuple):
    """One quantity in every group; each field has shape (groups,), or is one value for all."""

    name: str
    estimate: Floats
    low: Any
    high: Any
    std_error: Any
    n: Any
    events: Any
    note: Any
    time: float = np.nan


def answers_of(*terms: Term) -> Answers:
    """Terms side by side; limits and errors without an estimate are blanked, so that neither misleads alone."""
    shape = np.shape(terms[0].estimate)

    def column(name: str, kind: Any) -> NDArray[Any]:
        values = (np.broadcast_to(np.asarray(getattr(term, name), dtype=kind), shape) for term in terms)
        return np.stack(list(values), axis=-1)

    estimate = column("estimate", float)
    known = ~np.isnan(estimate)
    low, high, error = (np.where(known, column(name, float), np.nan) for name in ("low", "high", "std_error"))
    names = tuple(term.name for term in terms)
    numbers = estimate, low, high, error, column("n", float), column("events", float), column("note", str)
    return Answers(names, *numbers, times=tuple(term.time for term in terms))


def side_by_side(answers: Sequence[Answers]) -> Answers:
    """Answers for the same groups and other terms, as one."""
    terms = tuple(term for answer in answers for term in answer.terms)
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(answer, name) for answer in answers], axis=1) for name in (*NUMBERS, "note")
    }
    return Answers(terms, level=answers[0].level, **columns)


def repeated(answers: Answers, back: NDArray[np.intp]) -> Answers:
    """Answers of groups that are alike, given to each of them: group g has those of `back[g]`."""
    columns: dict[str, Any] = {name: getattr(answers, name)[back] for name in (*NUMBERS, "note")}
    return replace(answers, **columns)


def unbelieved(terms: Sequence[str], groups: int, what: str, section: str) -> Answers:
    """No number, because the belief leaves out a section."""
    return silent(terms, groups, f"{NO_BELIEF} {what}: section [{section}]")


def silent(terms: Sequence[str], groups: int, note: str) -> Answers:
    """No number for any group, and why."""
    blank = np.full((groups, len(terms)), np.nan)
    columns: dict[str, Any] = {name: blank.copy() for name in NUMBERS}
    return Answers(tuple(terms), note=np.full(blank.shape, note), **columns)


Function = Callable[..., Answers]


@dataclass(frozen=True)
class Estimator:
    """A function with its declaration; the first line of its docstring is the label of its results.

    `needs` are columns without which it has nothing to say; `believes` names the parts of a belief that it takes.
    `takes` names what its first argument holds: patients, or published series. `families` are those of the declared
    models that it answers; it is then asked once for each model, its last argument. `only` names what such a model must
    say for it to be asked, as `selected`. `rests` says in a few words what its answer stands or falls with. One that
    does not batch takes as long for each of many groups as for one.
    """

    name: str
    question: str
    function: Function = field(repr=False)
    estimand: Estimand
    needs: tuple[str, ...]
    believes: tuple[str, ...]
    references: tuple[str, ...]
    takes: str
    rests: str
    batches: bool
    families: tuple[str, ...] = ()
    only: str = ""

    def answers(self, model: Model) -> bool:
        """Whether it has something to say of a declared model."""
        return model.family in self.families and (not self.only or bool(getattr(model, self.only)))

    def __call__(self, *arguments: Any) -> Answers:
        return self.function(*arguments)

    @property
    def doc(self) -> str:
        """The docstring of the function, without its indentation."""
        return cleandoc(self.function.__doc__ or "")

    @property
    def label(self) -> str:
        """What is estimated, in the field's words."""
        return self.doc.partition("\n")[0].rstrip(".")

    @property
    def assumes(self) -> str:
        """The section **Assumes** of the docstring, as one paragraph."""
        found = re.search(r"^Assumes\n-+\n(.*?)(?:\n\n[A-Z][A-Za-z]+\n-+|\Z)", self.doc, re.DOTALL | re.MULTILINE)
        return " ".join(found.group(1).split()) if found else ""


def estimator(
    *,
    question: str,
    estimand: Estimand,
    needs: Sequence[str] = (),
    believes: Sequence[str] = (),
    references: Sequence[str] = (),
    takes: str = "patients",
    rests: str = "the counts",
    batches: bool = True,
    families: Sequence[str] = (),
    only: str = "",
) -> Callable[[Function], Estimator]:
    """Declare an estimator. The result is a value; `CATALOGUE` lists it."""

    def declare(function: Function) -> Estimator:
        name = function.__name__
        listed = tuple(needs), tuple(believes), tuple(references)
        return Estimator(name, question, function, estimand, *listed, takes, rests, batches, tuple(families), only)

    return declare
