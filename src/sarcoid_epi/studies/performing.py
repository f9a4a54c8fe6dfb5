"""Figures of performance: dots on stems for few cases, nested loops for many, coverage as a map, or in its order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, isfinite, isnan, nan

import numpy as np

from sarcoid_epi.report.content import Chart, Line, Mark, Plot
from sarcoid_epi.report.plots import Axis, Cell, Curve, Curves, Heat, Loop, Rule
from sarcoid_epi.results import percent
from sarcoid_epi.simulation.driving import Varied
from sarcoid_epi.studies.found import (
    NOMINAL,
    REACH,
    Found,
    Group,
    axis,
    level,
    named,
    number,
    spoken,
    values_of,
    verdict,
)

#: Cases that dots have room for, rows of dots, and methods that one row tells apart.
FEW, ROWS, SIDE_BY_SIDE = 12, 48, 5

#: Curves that are told apart.
CURVES = 8

#: Rows and columns of a map that have room.
MAP_ROWS, MAP_COLUMNS = 48, 12

#: Measures with a value that they should have.
AIMS = dict.fromkeys(("bias", "relative_bias", "relative_error"), 0.0) | dict.fromkeys(
    ("coverage", "bias_eliminated_coverage"), NOMINAL
)


def figures(found: Found, group: Group) -> tuple[Plot, ...]:
    """What fits the study's shape."""
    plots: list[Plot | None] = []
    for result in found.study.measures:
        if found.study.method != "grid":
            plots += [in_order(found, group, result)]
        elif len(found.cases) <= FEW:
            plots += [lollipop(found, group, result)]
        else:
            plots += [nested_loop(found, group, result)]
    plots += [heat(found, group)] if "coverage" in found.study.measures else []
    return tuple(plot for plot in plots if plot is not None)


def _numbers(found: Found, group: Group, result: str) -> dict[str, list[float]]:
    """A result by run, case by case; runs without any are left out."""
    by_run = {run: found.of(run, group.term, result) for run in group.runs}
    return {run: values for run, values in by_run.items() if np.isfinite(values).any()}


def _furthest(found: Found, by_run: dict[str, list[float]], aim: float) -> tuple[str, str, float]:
    """The run, the case and the result furthest from its aim: the greatest is that furthest from minus infinity."""
    run, at = max(
        ((run, at) for run, values in by_run.items() for at, value in enumerate(values) if np.isfinite(value)),
        key=lambda place: _distance(by_run[place[0]][place[1]], aim),
    )
    return run, named(found.cases[at], found.factors), by_run[run][at]


def _distance(value: float, aim: float) -> float:
    return abs(value - aim) if isfinite(aim) else -value if aim > 0 else value


def _title(found: Found, group: Group, result: str, by_run: dict[str, list[float]]) -> str:
    """How far the worst case is from what it should be; or that chance explains every coverage."""
    several = len(found.cases) > 1
    if result == "coverage":
        told = [
            verdict(one, many)
            for run, values in by_run.items()
            for one, many in zip(values, found.of(run, group.term, "used"), strict=True)
        ]
        if not any(told):
            where = f"all of {len(found.cases)} cases" if several else "the only case"
            return f"Coverage of {group.name} lies within what chance allows around {percent(NOMINAL)} in {where}"
    if result not in AIMS:
        (run, case, high), (other, where, low) = (_furthest(found, by_run, end) for end in (-inf, inf))
        return (
            f"{said_of(result)} of {group.name} goes from {number(group, result, low)} "
            f"({spoken(other)}{_in(several, where)}) to {number(group, result, high)} "
            f"({spoken(run)}{_in(several, case)})"
        )
    run, case, value = _furthest(found, by_run, AIMS[result])
    target = _target(result)
    over = f" ({case}; {len(found.cases)} cases)" if several else ""
    return (
        f"{said_of(result)} of {group.name} is furthest from {target} with {spoken(run)}: "
        f"{number(group, result, value)}{over}"
    )


def said_of(result: str) -> str:
    """A measure at the beginning of a sentence."""
    return spoken(result).capitalize()


def _target(result: str) -> str:
    return percent(NOMINAL) if AIMS[result] == NOMINAL else "0"


def _in(several: bool, case: str) -> str:
    return f", {case}" if several else ""


def _mark(name: str, value: float, error: float) -> Mark:
    return Mark(name, value, value - REACH * error, value + REACH * error)


def lollipop(found: Found, group: Group, result: str) -> Chart | None:
    """Each case's result on a stem from what it should be, with Monte Carlo limits."""
    by_run = _numbers(found, group, result)
    if not by_run:
        return None
    errors = _numbers(found, group, f"{result}_mcse")
    blank, scale = [nan] * len(found.cases), axis(group, said_of(result), result)
    together = len(by_run) <= SIDE_BY_SIDE
    lines: list[Line] = []
    for at, case in enumerate(found.cases):
        marks = [
            (run, _mark(spoken(run) if together else "estimate", values[at], errors.get(run, blank)[at]))
            for run, values in by_run.items()
        ]
        name = named(case, found.factors)
        if together:
            end = number(group, result, marks[0][1].value) if len(marks) == 1 else ""
            lines.append(Line(name, "", tuple(mark for _, mark in marks), end))
        else:
            lines += [Line(f"{spoken(run)}, {name}", "", (mark,), number(group, result, mark.value))
                      for run, mark in marks]  # fmt: skip
    if len(lines) > ROWS:
        return None
    aim = AIMS.get(result)
    stems = f"; stems: how far from {_target(result)}" if aim is not None else ""
    return Chart(
        f"lollipop_{result}_{group.number}",
        _title(found, group, result, by_run),
        f"Dots: {spoken(result)} in each case{stems}; lines: 95 % Monte Carlo limits.",
        scale, tuple(lines), null=aim, plain=True, stems=aim is not None,
    )  # fmt: skip


def loops(found: Found) -> tuple[Loop, ...]:
    """The factors of a grid as they go through their levels, case by case."""
    told = []
    for one in found.factors:
        levels = list(one.values)
        at = tuple(levels.index(values_of(case)[one.name]) for case in found.cases)
        told.append(Loop(spoken(one.name), tuple(map(level, levels)), at))
    return tuple(told)


def nested_loop(found: Found, group: Group, result: str) -> Curves | None:
    """The result over all cases, one after the other, above the factors that they go through."""
    by_run = _numbers(found, group, result)
    if not by_run:
        return None
    places = tuple(float(at) - 0.5 for at in range(len(found.cases) + 1))
    shown = list(by_run.items())[:CURVES]
    curves = tuple(Curve(spoken(run), places, (*values, values[-1])) for run, values in shown)
    scale = axis(group, said_of(result), result)
    left_out = f" {len(by_run) - CURVES} more methods stand in the table." if len(by_run) > CURVES else ""
    return Curves(
        f"loops_{result}_{group.number}",
        _title(found, group, result, by_run),
        f"Nested loops: the cases one after the other, those next to each other differing in the last factor first; "
        f"below, the level of each factor, low to high in the order named.{left_out}",
        Axis("Case"),
        scale,
        curves,
        steps=True,
        loops=loops(found),
        level=_level(result),
    )


def _level(result: str) -> Rule | None:
    """A line at what a measure should be."""
    return Rule(AIMS[result], "nominal" if AIMS[result] else "none") if result in AIMS else None


def in_order(found: Found, group: Group, result: str) -> Curves | None:
    """The result over cases that are points of ranges or draws, each run's from the least to the most."""
    by_run = _numbers(found, group, result)
    if not by_run or len(found.cases) < 2:
        return None
    scale = axis(group, said_of(result), result)
    curves = []
    for run, values in list(by_run.items())[:CURVES]:
        error = np.array(found.of(run, group.term, f"{result}_mcse"))
        order = np.argsort(np.array(values), kind="stable")
        y = np.array(values)[order]
        band = REACH * error[order]
        x = tuple((np.arange(len(y)) + 0.5) / len(y))
        curves.append(Curve(spoken(run), x, tuple(y), tuple(y - band), tuple(y + band)))
    first = next(iter(by_run))
    known = [value for value in by_run[first] if not isnan(value)]
    low, middle, high = (float(one) for one in np.quantile(known, [0.05, 0.5, 0.95]))
    return Curves(
        f"order_{result}_{group.number}",
        f"{said_of(result)} of {group.name} with {spoken(first)} is {number(group, result, middle)} in the middle "
        f"case, and from {number(group, result, low)} to {number(group, result, high)} in nine of ten",
        f"The {len(found.cases)} cases of each method, from the lowest to the highest {spoken(result)}; bands: 95 % "
        "Monte Carlo limits of each.",
        Axis("Part of the cases"), scale, tuple(curves),
        level=_level(result),
    )  # fmt: skip


def heat(found: Found, group: Group) -> Heat | None:
    """Coverage as a map over the two factors that drive it most, with limits of chance around its level."""
    by_run = _numbers(found, group, "coverage")
    if not by_run or not found.factors or found.study.method != "grid":
        return None
    order = leading(found, group, "coverage")
    across = order[0]
    down = order[1] if len(order) > 1 else None
    rows: list[tuple[str, str, tuple[Cell, ...]]] = []
    for run in by_run:
        used = found.of(run, group.term, "used")
        for value in down.values if down else (None,):
            cells = tuple(
                _cell(found, by_run[run], used, {across.name: over} | ({down.name: value} if down else {}))
                for over in across.values
            )
            name = f"{spoken(down.name)} {level(value)}" if down else spoken(run)
            rows.append((name, spoken(run) if down else "", cells))
    if len(rows) > MAP_ROWS or len(across.values) > MAP_COLUMNS:
        return None
    told = [(group_name or name, cell) for name, group_name, cells in rows for cell in cells if not isnan(cell.value)]
    low = [cell for _, cell in told if cell.verdict == "below"]
    worst, least = min(told, key=lambda one: one[1].value)
    rest = len(order) > 2
    return Heat(
        f"map_coverage_{group.number}",
        f"Coverage of {group.name} lies below what chance allows in {len(low)} of {len(told)} cells; it is lowest, "
        f"{percent(least.value)}, with {worst}",
        f"Coverage of 95 % limits in per cent{', mean over all other factors' if rest else ''}. Shaded where it lies "
        "outside the 95 % Monte Carlo limits around the nominal 95 %"
        + (" (those of one case: those of a mean are no wider)." if rest else "."),
        axis(group, "Coverage", "coverage"), spoken(across.name), tuple(map(level, across.values)), tuple(rows),
        ("below what chance allows", "within", "above"),
    )  # fmt: skip


def _cell(found: Found, values: Sequence[float], used: Sequence[float], at: dict[str, object]) -> Cell:
    """The mean coverage of the cases at some levels, judged by the limits of one case of so many replicates."""
    here = [
        (value, many)
        for case, value, many in zip(found.cases, values, used, strict=True)
        if not isnan(value) and all(values_of(case)[name] == wanted for name, wanted in at.items())
    ]
    if not here:
        return Cell(nan)
    mean = float(np.mean([value for value, _ in here]))
    return Cell(mean, verdict(mean, min(many for _, many in here)))


def leading(found: Found, group: Group, result: str) -> list[Varied]:
    """The factors, those first that drive a result most, over all methods; ties as the study names them."""
    rows = found.indices[(found.indices["term"] == group.term) & (found.indices["result"] == result)]
    rows = rows[rows["run"].isin(group.runs)]
    means = rows.groupby("factor")["total"].mean()
    return sorted(found.factors, key=lambda one: -float(np.nan_to_num(means.get(one.name, 0.0))))


def differences(found: Found, group: Group) -> Iterator[Chart]:
    """Bias of each method less that of the first, case by case, where there is room."""
    rows = found.comparisons[found.comparisons["term"] == group.term]
    rows = rows[rows["run"].isin(group.runs) & np.isfinite(rows["bias"])]
    if (
        not len(rows)
        or found.study.method != "grid"
        or len(found.cases) * rows["run"].nunique() > ROWS
        or rows["run"].nunique() > SIDE_BY_SIDE
    ):
        return
    lines = []
    for case in found.cases:
        here = rows[rows["case"] == case.number]
        marks = tuple(
            _mark(spoken(str(run)), float(bias), float(error))
            for run, bias, error in zip(here["run"], here["bias"], here["bias_mcse"], strict=True)
        )
        if marks:
            lines.append(Line(named(case, found.factors), "", marks))
    apart = int((np.abs(rows["bias"]) > REACH * rows["bias_mcse"]).sum())
    against = spoken(str(rows["against"].iloc[0]))
    yield Chart(
        f"differences_{group.number}",
        f"Bias of {group.name} differs from that of {against} by more than chance in {apart} of {len(rows)} pairs",
        f"Mean difference of the estimates, method less {against}, on the same replicates; lines: 95 % paired Monte "
        "Carlo limits.",
        axis(group, "Difference of bias", "bias"), tuple(lines), null=0.0, plain=True, stems=True,
    )  # fmt: skip
