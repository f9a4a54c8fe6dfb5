"""Answers and verdicts as text, in columns that a terminal shows."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from sarcoid_epi.estimators import Verdict
from sarcoid_epi.estimators.declare import NOT_ASKED
from sarcoid_epi.results import Estimate, Estimates, Run, shown
from sarcoid_epi.vocabulary import label

#: Widths of the verdict's columns.
WIDTHS = (34, 26, 20, 34, 26)


def answer_table(answers: Estimates) -> str:
    """Estimates as aligned columns, then what each run rests on; runs that were not asked are left to the verdict."""
    lines: list[str] = []
    for run in answers.runs:
        rows = [row for row in answers.rows if row.run == run.run]
        if not (run.estimand and all(row.note.startswith(NOT_ASKED) for row in rows) and _judged(run)):
            lines += _block(run, rows)
    return "\n".join(lines).rstrip()


def _judged(run: Run) -> bool:
    """Whether a verdict tells of the run, so that a row that says nothing can be left out."""
    from sarcoid_epi.estimators import CATALOGUE

    return any(one.name == run.estimator and one.question == "underdiagnosis" for one in CATALOGUE)


def _block(run: Run, rows: Sequence[Estimate]) -> list[str]:
    cells = [_cells(row) for row in rows]
    widths = [max(len(cell[at]) for cell in cells) for at in range(6)] if cells else []
    body = ["  " + "  ".join(c.ljust(w) for c, w in zip(cell, widths, strict=True)).rstrip() for cell in cells]
    return [run.label, "", *body, "", f"  rests on {run.rests_on}", f"  assumes: {run.assumes}", ""]


def _cells(row: Estimate) -> tuple[str, ...]:
    limits = "" if row.conf_low != row.conf_low else f"{shown(row.conf_low, row.term)} to "
    limits += "" if row.conf_high != row.conf_high else shown(row.conf_high, row.term)
    counts = f"{row.events:.0f} of {row.n:.0f}" if row.events == row.events else f"n = {row.n:.0f}"
    value = "not estimable" if row.estimate != row.estimate else shown(row.estimate, row.term)
    return label(row.term), row.group, "" if row.n != row.n else counts, value, limits, row.note


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    """Which methods the data support; a cell that is too long goes on in the next line."""
    head = ("Method", "Needs", "Has it", "Answer", "Rests on")
    lines = ["What these data support", "", *_wrapped(head), "  ".join("-" * width for width in WIDTHS)]
    for verdict in verdicts:
        lines += _wrapped(verdict)
    return "\n".join(lines)


def _wrapped(cells: Sequence[str]) -> list[str]:
    columns = [wrap(cell, width) or [""] for cell, width in zip(cells, WIDTHS, strict=True)]
    height = max(map(len, columns))
    filled = [column + [""] * (height - len(column)) for column in columns]
    return [
        "  ".join(part.ljust(width) for part, width in zip(parts, WIDTHS, strict=True)).rstrip()
        for parts in zip(*filled, strict=True)
    ]
