"""Make the parts of a study: each a pure function of the study, its case and its replicates' numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from io import BytesIO
from traceback import walk_tb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.measures import timeless
from sarcoid_epi.scenario import Belief
from sarcoid_epi.simulation.asking import Asked, LackingError, NotHeldError, Question, Watched, questions, terms_of
from sarcoid_epi.simulation.counted import CountedStrata, distinct
from sarcoid_epi.simulation.population import drawn, made, population
from sarcoid_epi.simulation.precision import Tally, precise, tallied
from sarcoid_epi.simulation.stated import Stated, cases_of
from sarcoid_epi.simulation.varied import belief_of, spot
from sarcoid_epi.strata import Strata
from sarcoid_epi.threads import one_thread

Columns = dict[str, NDArray[Any]]

#: Columns of a part; the numbers are fields of the answers.
NUMBERS = ("estimate", "low", "high", "std_error", "n", "events")
COLUMNS = ("replicate", "run", "term", "truth", *NUMBERS, "note")

#: Patients whose rows are handed to an estimator at once, where it reads more than counts.
ROWS = 2**16

#: The note of a replicate without an answer that others of the study have.
NO_ANSWER = "no such answer for patients like these"


class Unit(NamedTuple):
    """Replicates `first` to `first + many` of a case: what one part holds."""

    case: int
    first: int
    many: int

    @property
    def name(self) -> str:
        """The name of its part, without the hash."""
        return f"{self.case:05d}-{self.first:07d}"


class Part(NamedTuple):
    """A part that was made: its name, its bytes, and its replicates by what their limits hold."""

    unit: Unit
    name: str
    content: bytes
    tally: Tally


class Failure(NamedTuple):
    """A unit in which something broke that never should: what was raised, and where."""

    unit: Unit
    said: str


def part_name(key: str, unit: Unit) -> str:
    """The name of a unit's part: its place, and a hash of all that its bytes depend on."""
    said = blake2b(json.dumps([key, *unit]).encode("utf-8"), digest_size=8).hexdigest()
    return f"{unit.name}-{said}.parquet"


def make(stated: Stated, units: Sequence[Unit], before: Tally, error: float | None) -> list[Part | Failure]:
    """Units of one case or more, one after the other; with an `error`, only until coverages are as exact as that.

    For any process on any machine. What one unit breaks is told, and the rest is made all the same.

    Parameters
    ----------
    stated
        The study.
    units
        Which units; with an `error`, of one case and in order.
    before
        The replicates of the case that there are already.
    error
        The largest Monte Carlo error that is asked for.
    """
    done: list[Part | Failure] = []
    tally = before
    for unit in units:
        try:
            columns = replicates(stated, unit)
            name = part_name(stated.key, unit)
            one = Part(unit, name, packed(columns, name), tallied(columns))
        except Exception as broken:
            done.append(failure_of(unit, broken))
            if error is not None:
                break
            continue
        done.append(one)
        tally = tally + one.tally
        if error is not None and precise(tally, error):
            break
    return done


def failure_of(unit: Unit, broken: Exception) -> Failure:
    """What was raised and by which line, without a machine's paths."""
    frames = [(str(frame.f_globals.get("__name__", "")), line) for frame, line in walk_tb(broken.__traceback__)]
    ours = [(name, line) for name, line in frames if name.startswith("sarcoid_epi.")]
    name, line = (ours or frames)[-1]
    return Failure(unit, f"{type(broken).__name__}: {broken} ({name}, line {line})")


def replicates(stated: Stated, unit: Unit) -> Columns:
    """Every answer of the replicates of a unit as long columns; what failed is a row with NaN and a note.

    A case that cannot be made, because its values contradict each other or a target cannot be reached, is nothing but
    such rows.
    """
    asked = stated.asked
    while True:
        try:
            with one_thread():
                return _answered(stated, unit, asked)
        except LackingError as lack:  # which none of the first patients made it ask for
            asked = lack.mended(asked)


def _answered(stated: Stated, unit: Unit, asked: tuple[Asked, ...]) -> Columns:
    study, case = stated.study, cases_of(stated)[unit.case]
    try:
        belief = belief_of(study, case, stated.beliefs[case.belief]) if case.belief else None
        there = population(stated, spot(study, case), asked)
    except ConfigurationError as error:
        note = f"the case cannot be made: {error.problems[0]}"
        return _joined([_blank(one, unit, one.terms or ("",), note, {}, study.terms) for one in asked])
    make_replicates = drawn if study.chance == "population" else made
    pieces: dict[str, list[Columns]] = {one.run: [] for one in asked}
    by_counts = {one.run for one in asked if there.counted(study, one)}
    for counts in (True, False):
        mine = [pair for pair in zip(asked, _questions(stated), strict=True) if (pair[0].run in by_counts) == counts]
        for part in ([unit] if counts else blocks(unit, case.size)) if mine else []:
            strata = make_replicates(there, study.seed, part.first, part.many, case.size)
            for one, question in mine:
                try:
                    got, like = strata.strata(one.run), np.arange(part.many)
                    if isinstance(got, CountedStrata):
                        got, like = distinct(got, one.columns)
                    watched = Watched(got, stated.there)
                    truth = there.truth[one.run]
                    pieces[one.run] += _rows(one, question, watched, like, belief, part, truth, study.terms)
                except NotHeldError as what:
                    raise LackingError(one.run, what) from None
    return _joined([_joined(rows) if run in by_counts else _by_term(_joined(rows)) for run, rows in pieces.items()])


def blocks(unit: Unit, size: int) -> list[Unit]:
    """A unit in pieces of so few patients of `size` that their rows stay in the processor's cache, and memory small."""
    many = max(1, ROWS // size)
    end = unit.first + unit.many
    return [Unit(unit.case, first, min(many, end - first)) for first in range(unit.first, end, many)]


def _by_term(rows: Columns) -> Columns:
    """Rows of one run with the replicates of a term together, terms in the order in which they came."""
    place = {term: at for at, term in enumerate(dict.fromkeys(rows["term"].tolist()))}
    order = np.lexsort((rows["replicate"], np.array([place[term] for term in rows["term"].tolist()], dtype=np.int64)))
    return {name: values[order] for name, values in rows.items()}


@lru_cache(maxsize=2)
def _questions(stated: Stated) -> tuple[Question, ...]:
    return questions(stated.study, [*stated.models.values()])


def _rows(
    asked: Asked,
    question: Question,
    strata: Strata,
    like: NDArray[np.intp],
    belief: Belief | None,
    unit: Unit,
    truth: Mapping[str, float],
    wanted: Sequence[str],
) -> list[Columns]:
    """The rows of one run, term by term, those that it has elsewhere in the study included.

    `like` says which group of the strata each replicate is like.
    """
    lack = question.lacks(strata)
    if lack:
        terms = asked.terms or (question.estimator.needs[0],)
        return [_blank(asked, unit, terms, lack, truth, wanted)]
    answers = question(strata, belief)
    pieces = []
    given = terms_of(answers)
    for at, term in enumerate(given):
        if wants(wanted, term):
            numbers = {name: getattr(answers, name)[like, at] for name in NUMBERS}
            pieces.append(_term(asked.run, term, unit, truth.get(term, np.nan), numbers, answers.note[like, at]))
    silent = [term for term in asked.terms if term not in given]
    return [*pieces, _blank(asked, unit, silent, NO_ANSWER, truth, wanted)]


def wants(wanted: Sequence[str], term: str) -> bool:
    """Whether a study tells of a term: of all, or of those that it names, at every time."""
    return not wanted or term in wanted or timeless(term) in wanted


def _term(
    run: str, term: str, unit: Unit, truth: float, numbers: Mapping[str, NDArray[Any]], note: NDArray[Any]
) -> Columns:
    many = unit.many
    return {
        "replicate": np.arange(unit.first, unit.first + many),
        "run": np.full(many, run, dtype=object),
        "term": np.full(many, term, dtype=object),
        "truth": np.full(many, truth),
        **{name: numbers[name].astype(float) for name in NUMBERS},
        "note": note.astype(object),
    }


def _blank(
    asked: Asked,
    unit: Unit,
    terms: Sequence[str],
    note: str,
    truth: Mapping[str, float],
    wanted: Sequence[str],
) -> Columns:
    """NaN for every replicate, and why."""
    nothing = dict.fromkeys(NUMBERS, np.full(unit.many, np.nan))
    why = np.full(unit.many, note, dtype=object)
    kept = [term for term in terms if wants(wanted, term)]
    return _joined([_term(asked.run, term, unit, truth.get(term, np.nan), nothing, why) for term in kept])


def _joined(pieces: Sequence[Columns]) -> Columns:
    kinds = dict.fromkeys(("run", "term", "note"), object) | {"replicate": np.int64}
    nothing = {name: np.zeros(0, dtype=kinds.get(name, np.float64)) for name in COLUMNS}
    return {name: np.concatenate([nothing[name], *(piece[name] for piece in pieces)]) for name in COLUMNS}


def packed(columns: Columns, name: str) -> bytes:
    """Columns as the bytes of a part, which knows its name and the checksums of its pages."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({
        key: pa.array(values).dictionary_encode() if values.dtype == object else pa.array(values)
        for key, values in columns.items()
    })  # fmt: skip
    sink = BytesIO()
    table = table.replace_schema_metadata({"part": name})
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return sink.getvalue()
