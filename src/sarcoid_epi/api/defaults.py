"""What is taken where nothing is said."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str], None]

WORLD, DESIGN, SIZE, SEED = "evidence", "tertiary_records", 10_000, 1
BELIEFS = ("clinical", "pet_optimist", "pet_sceptic", "vague")


def quiet(stage: str) -> None:
    """Nobody is watching."""
