"""What a user did wrong, said once and clearly: what, where, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: `what`, `where` (file, key, row, column), `why`, and what to `do` about it."""

    what: str
    where: str = ""
    why: str = ""
    do: str = ""

    def __str__(self) -> str:
        sentence = f"{self.where}: {self.what}" if self.where else self.what
        sentence += f", because {self.why}" if self.why else ""
        sentence += f"; {self.do}" if self.do else ""
        return sentence if sentence.endswith("?") else sentence + "."


class SarcoidEpiError(Exception):
    """A mistake in what was asked or given, never in the package; carries every problem found, not just the first."""

    exit_code = 2

    def __init__(self, *problems: Problem):
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class ConfigurationError(SarcoidEpiError):
    """A world, design, belief, finding or command that cannot be used (exit code 2)."""


class DataError(SarcoidEpiError):
    """A patient table that failed its check (exit code 3)."""

    exit_code = 3


class WorkError(SarcoidEpiError):
    """Parts of the work that broke, each with where it can be seen again (exit code 1); the rest is kept."""

    exit_code = 1


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> Problem:
    """The problem of a name that does not exist, with the nearest one that does.

    >>> print(unknown("world", "evidnce", ["evidence", "review"]))
    unknown world 'evidnce'; did you mean 'evidence'?
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.7)
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return Problem(f"unknown {kind} '{name}'", where, do=f"did you mean '{near[0]}'?" if near else f"known: {shown}")
