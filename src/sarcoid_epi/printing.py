"""Answers, what is believed, and the verdict: as text in columns that a terminal shows, or as data."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import pandas as pd

from sarcoid_epi.composing import Answered
from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.estimators import CATALOGUE, Verdict
from sarcoid_epi.estimators.asking import plain
from sarcoid_epi.estimators.declare import NOT_ASKED
from sarcoid_epi.estimators.moved import LEARNED, PRIOR, Moved, in_sentences, moved
from sarcoid_epi.estimators.support import Conclusion
from sarcoid_epi.estimators.verdict import NO_VALUE
from sarcoid_epi.files import write_text
from sarcoid_epi.results import Estimate, Estimates, Run, grouped, percent, shown, to_csv
from sarcoid_epi.scenario import Belief, Prior
from sarcoid_epi.vocabulary import label

#: Widths of the verdict's columns, and of a line of running text.
WIDTHS, LINE = (24, 56, 46), 130

BY_NAME = {estimator.name: estimator for estimator in CATALOGUE}


def as_table(told: Answered, believed: Belief | Prior | None = None) -> str:
    """Each method with its answers, what is believed, and what all that supports."""
    believed = told.belief or believed
    parts = [_answers(told.estimates, believed), _beliefs(told.estimates, believed)]
    if told.verdicts:
        grouped_too = any(row.group != "all" for row in told.estimates.rows)
        parts.append(verdict_table(told.verdicts, told.support, grouped_too))
    return "\n\n".join(filter(None, parts))


def as_json(told: Answered) -> str:
    """An object of four lists, `estimates`, `runs`, `verdict` and `support`; the last two only for underdiagnosis."""
    parts = {
        "estimates": _records(told.estimates.frame()),
        "runs": _records(told.estimates.run_frame()),
        "verdict": [one._asdict() for one in told.verdicts],
        "support": [one._asdict() for one in told.support],
    }
    return json.dumps(parts, indent=1, ensure_ascii=False)


def as_csv(told: Answered) -> str:
    """The estimates, with what each rests on and what it assumes in two further columns."""
    runs = told.estimates.run_frame()[["run", "rests_on", "assumes"]]
    return to_csv(told.estimates.frame().merge(runs, on="run", how="left", validate="many_to_one"))


def write(told: Answered, folder: Path) -> None:
    """`estimates.csv` and `runs.csv`, as of a report; where there is a verdict, `verdict.csv` and `support.csv`."""
    if (folder / "manifest.json").exists():
        why = "its tables belong to its page"
        raise ConfigurationError(Problem(f"'{folder}' holds a report", "--out", why, "name another folder"))
    told.estimates.write(folder)
    if told.verdicts:
        write_text(folder / "verdict.csv", to_csv(pd.DataFrame(told.verdicts)))
        write_text(folder / "support.csv", to_csv(pd.DataFrame(told.support)))


def _records(table: pd.DataFrame) -> Any:
    return json.loads(table.to_json(orient="records", double_precision=10, force_ascii=False))


def _answers(answers: Estimates, believed: Belief | Prior | None) -> str:
    """Estimates by method, the whole before its groups; methods without a row, or left to the verdict, are not told."""
    methods: dict[str, list[Run]] = {}
    for run in answers.runs:
        methods.setdefault(run.estimator, []).append(run)
    lines: list[str] = []
    for runs in methods.values():
        rows = [row for run in runs for row in answers.rows if row.run == run.run]
        unasked = all(row.note.startswith(NOT_ASKED) for row in rows)
        if rows and not (unasked and BY_NAME[runs[0].estimator].question == "underdiagnosis"):
            lines += _block(runs[0], rows, believed)
    return "\n".join(lines).rstrip()


def _block(run: Run, rows: Sequence[Estimate], believed: Belief | Prior | None) -> list[str]:
    notes = {row.note for row in rows}
    shared = notes.pop() if len(notes) == 1 and len(rows) > 1 else ""
    groups = dict.fromkeys(row.group for row in rows)
    prior = {(group, one.posterior.term): one for group in groups for one in moved(_in(rows, group))}
    kept = [row for row in rows if not (prior and row.term.startswith((PRIOR, LEARNED)))]
    cells = [_cells(row, "" if shared else row.note, prior.get((row.group, row.term))) for row in kept]
    widths = [max(column) for column in zip(*([len(part) for part in cell] for cell in cells), strict=True)]
    body = ["  " + "  ".join(c.ljust(w) for c, w in zip(cell, widths, strict=True)).rstrip() for cell in cells]
    method = BY_NAME[run.estimator]
    rests = f"{run.estimator} rests on {run.rests_on}"
    if believed is not None and method.believes:
        part = f"{_kind(believed)} '{believed.name}' ({', '.join(method.believes)})"
        rests = f"{run.estimator} rests on counts of {run.data}, and on the {part}"
    heading = run.label
    if isinstance(believed, Belief) and believed.occurrence is not None and "occurrence" in method.believes:
        heading += f" of {grouped(believed.occurrence.population.value)}"
    noted = [*_paragraph(f"note, on all of these: {shared}"), ""] if shared else []
    return [
        heading,
        "",
        *body,
        "",
        *noted,
        *_paragraph(rests),
        *_paragraph(f"assumes: {run.assumes.replace('**', '')}"),
        "",
        *(line for said in in_sentences(moved(_in(rows, "all"))) for line in [*_paragraph(said), ""]),
    ]


def _in(rows: Sequence[Estimate], group: str) -> list[Estimate]:
    return [row for row in rows if row.group == group]


def _paragraph(text: str) -> list[str]:
    return wrap(text, LINE, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def _cells(row: Estimate, note: str, beside: Moved | None = None) -> tuple[str, ...]:
    limits = _limits(row)
    counts = f"{row.events:.0f} of {row.n:.0f}" if row.events == row.events else f"n = {row.n:.0f}"
    silent = "no value" if row.note.startswith(NO_VALUE) else "not estimable"
    value = silent if row.estimate != row.estimate else shown(row.estimate, row.term)
    before: tuple[str, ...] = ()
    if beside is not None:
        prior = f"prior {shown(beside.prior.estimate, row.term)} ({_limits(beside.prior)})"
        before = (prior, f"prior variance gone {percent(beside.learned)}")
    what = label(row.term) if math.isnan(row.time) else f"{label(row.term)}, {row.time:g} years"
    return what, row.group, "" if row.n != row.n else counts, value, limits, *before, note


def _limits(row: Estimate) -> str:
    low = "" if row.conf_low != row.conf_low else f"{shown(row.conf_low, row.term)} to "
    return low + ("" if row.conf_high != row.conf_high else shown(row.conf_high, row.term))


def _kind(believed: Belief | Prior) -> str:
    return type(believed).__name__.lower()


def _beliefs(answers: Estimates, believed: Belief | Prior | None) -> str:
    """What is believed, once: every number that a method took, with its reason."""
    if believed is None:
        return ""
    taken = {section for run in answers.runs for section in BY_NAME[run.estimator].believes}
    rows = [
        (path, plain(parameter.value), str(parameter.basis))
        for path, parameter in believed.parameters().items()
        if path.partition(".")[0] in taken
    ]
    widths = [max((len(row[at]) for row in rows), default=0) for at in (0, 1)]
    about = believed.about.replace("any", "any record")
    lines = [f"The {_kind(believed)} '{believed.name}': {believed.label}; about {about}", ""]
    for path, value, basis in rows:
        start = f"  {path.ljust(widths[0])}  {value.ljust(widths[1])}  "
        lines += wrap(basis, LINE, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False)
    return "\n".join(lines)


def verdict_table(verdicts: Sequence[Verdict], support: Sequence[Conclusion] = (), grouped_too: bool = False) -> str:
    """What the data support, in sentences; then the methods that answer, and those that lack something."""
    lines = ["What these data support", ""]
    if grouped_too:
        lines += ["All of this is about all patients together; groups have their numbers above, and no verdict.", ""]
    for said in support:
        lines += wrap(f"- {said.says}", LINE, subsequent_indent="  ", break_on_hyphens=False)
    lines += [""] if support else []
    lines += [*_wrapped(("Method", "Answer", "Rests on")), "  ".join("-" * width for width in WIDTHS)]
    lacking: dict[str, list[str]] = {}
    for one in verdicts:
        if one.has_it == "yes":
            warned = f" ! {one.against}" if one.against else ""
            lines += _wrapped((one.estimator, one.answer + warned, one.rests_on))
        else:
            lacking.setdefault(one.has_it, []).append(one.estimator)
    if lacking:
        lines += ["", "Not asked"]
        for lack, names in lacking.items():
            lines += _paragraph(f"{lack}: {', '.join(names)}")
    return "\n".join(lines)


def _wrapped(cells: Sequence[str]) -> list[str]:
    columns = [wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS, strict=True)]
    height = max(map(len, columns))
    filled = [column + [""] * (height - len(column)) for column in columns]
    return [
        "  ".join(part.ljust(width) for part, width in zip(parts, WIDTHS, strict=True)).rstrip()
        for parts in zip(*filled, strict=True)
    ]
