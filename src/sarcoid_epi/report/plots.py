"""The figures a section may hold beside dots with limits: curves, stacked bars, tornados and surfaces. Data alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Axis:
    """What an axis shows; a `share` is marked in percent. `scale`: plain, root (square root, from 0) or log."""

    label: str
    share: bool = False
    scale: Literal["plain", "root", "log"] = "plain"


@dataclass(frozen=True)
class Point:
    """A marked place of a figure and what it is."""

    x: float
    y: float
    label: str


@dataclass(frozen=True)
class Rule:
    """A line of reference and what stands there."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """A line, with a band where `low` and `high` are given; it breaks where y is NaN."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True)
class Numbers:
    """Numbers below a horizontal axis, row by row, each under its place: how many are at risk, and the like."""

    heading: str
    places: tuple[float, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]


@dataclass(frozen=True)
class Loop:
    """A factor of nested loops: its name, its levels in words, and which of them each place has, from 0."""

    label: str
    levels: tuple[str, ...]
    at: tuple[int, ...]


@dataclass(frozen=True)
class Curves:
    """Lines over one horizontal axis, each named at its end.

    With `steps` a value holds until the next one; `below` are numbers aligned under the axis. `loops` stand under it as
    lines that step from level to level, one place after the other from 0 (a nested-loop plot). A line runs across at
    `level`.
    """

    key: str
    title: str
    caption: str
    x: Axis
    y: Axis
    curves: tuple[Curve, ...]
    points: tuple[Point, ...] = ()
    rules: tuple[Rule, ...] = ()
    steps: bool = False
    below: Numbers | None = None
    loops: tuple[Loop, ...] = ()
    level: Rule | None = None


@dataclass(frozen=True)
class Bar:
    """A row of stacked bars: what it is, the id that explains it, its parts by name, and what stands at its end.

    A part that is NaN leaves the row empty: nothing after it has a place.
    """

    label: str
    id: str
    parts: tuple[tuple[str, float], ...]
    end: str = ""


@dataclass(frozen=True)
class Bars:
    """Horizontal stacked bars, row by row; the axis starts at 0."""

    key: str
    title: str
    caption: str
    axis: Axis
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Swing:
    """A row of a tornado: an input, its two ends in words, and the result at each (NaN where it has none)."""

    label: str
    id: str
    low_end: str
    high_end: str
    at_low: float
    at_high: float


@dataclass(frozen=True)
class Tornado:
    """How far the result moves from `middle` as one input after the other goes to its ends; rows as given."""

    key: str
    title: str
    caption: str
    axis: Axis
    middle: float
    swings: tuple[Swing, ...]


@dataclass(frozen=True)
class Surface:
    """A result over two inputs: shades between labelled lines; `values[i][j]` belongs to `grid_y[i]`, `grid_x[j]`.

    Where it is NaN the ground is hatched, which means `gap`. Lines run at `levels`, or where they read well.
    """

    key: str
    title: str
    caption: str
    x: Axis
    y: Axis
    z: Axis
    grid_x: tuple[float, ...]
    grid_y: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
    points: tuple[Point, ...] = ()
    levels: tuple[float, ...] = ()
    gap: str = "not reachable"


@dataclass(frozen=True)
class Cell:
    """A cell of a heat map: its value (NaN where there is none), and whether that lies below or above what may be."""

    value: float
    verdict: Literal["", "below", "above"] = ""


@dataclass(frozen=True)
class Heat:
    """A map of cells: rows, each with a label and perhaps a group, over columns.

    Cells are shaded by their verdict, whose words are `verdicts`: below, neither, above.
    """

    key: str
    title: str
    caption: str
    z: Axis
    x: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[Cell, ...]], ...]
    verdicts: tuple[str, str, str]
