"""Figures of what drives a result: Sobol's indices, tornados, where it tips over, and the split of its variance."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan

import numpy as np
import pandas as pd

from sarcoid_epi.report.content import Plot
from sarcoid_epi.report.plots import Axis, Bar, Bars, Surface, Swing, Tornado
from sarcoid_epi.results import percent
from sarcoid_epi.simulation.driving import GRID
from sarcoid_epi.studies.found import NOMINAL, Found, Group, axis, level, number, spoken

#: Results whose drivers are drawn, and those whose tipping is.
DRIVEN = {
    "truth": "the truth", "bias": "bias", "coverage": "coverage", "mean_width": "the mean width",
    "mean": "the mean estimate",
}  # fmt: skip

#: Coverage below which limits are no longer trusted; and the shares whose crossing matters, the first that is crossed.
COVERED, CROSSED = 0.90, (0.10, 0.50, 0.90)

#: Rows of bars that have room.
ROWS = 40

#: A surface that foretells less of the variance over the cases is not drawn from; nor is a result whose variance over
#: the cases Monte Carlo error could make up by more than this part.
FORETOLD, CHANCE = 0.8, 0.5


def figures(found: Found, group: Group) -> tuple[Plot, ...]:
    """Indices, tornados and surfaces of a term, of its first method; the tables hold the others."""
    run = group.runs[0]
    driven = [result for result in DRIVEN if result in found.study.measures]
    plots: list[Plot | None] = [sobol(found, group, "truth"), *(sobol(found, group, result) for result in driven)]
    plots += [tornado(found, group, run, result) for result in ("truth", *driven, "mean")]
    tipped = ("coverage", "mean", "truth") if "coverage" in driven else ("mean", "truth")
    plots += [tipping(found, group, run, result) for result in tipped]
    return tuple(plot for plot in plots if plot is not None)


def _of(table: pd.DataFrame, group: Group, run: str, result: str) -> pd.DataFrame:
    """The rows of a result in the first stratum."""
    rows = table[(table["term"] == group.term) & (table["run"] == run) & (table["result"] == result)]
    return rows[rows["stratum"] == rows["stratum"].iloc[0]] if len(rows) else rows


def _how(rows: pd.DataFrame) -> str:
    """How indices were had, with a reservation where the surface foretells little."""
    stratum = f" Of {rows['stratum'].iloc[0]}." if rows["stratum"].iloc[0] else ""
    if rows["by"].iloc[0] == GRID:
        return f"Exact over the grid, each combination counting alike.{stratum}"
    foretold = float(rows["foretold"].min())
    return f"From a polynomial surface that foretells {percent(max(foretold, 0.0))} of the variance.{stratum}"


def sobol(found: Found, group: Group, result: str) -> Bars | None:
    """What each factor makes of a result's variance over the cases, alone and together with others, by method."""
    bars: list[Bar] = []
    told: list[tuple[float, str, str, float]] = []
    how, chances = "", []
    for run in group.runs if result != "truth" else group.runs[:1]:
        rows = _of(found.indices, group, run, result)
        rows = rows[np.isfinite(rows["total"])]
        if not len(rows) or len(bars) + len(rows) > ROWS:
            continue
        how = how or _how(rows)
        chance = float(rows["chance"].iloc[0])
        chances.append(chance)
        for factor, first, total in zip(rows["factor"], rows["first"], rows["total"], strict=True):
            name = f"{spoken(str(factor))}, {spoken(run)}" if len(group.runs) > 1 else spoken(str(factor))
            alone = max(float(first), 0.0)
            parts = (("alone", alone), ("with other factors", max(float(total) - alone, 0.0)))
            bars.append(Bar(name, "", parts, f"chance at most {percent(chance)}" if isfinite(chance) else ""))
            told += [] if chance > CHANCE else [(float(total), spoken(str(factor)), spoken(run), alone)]
    if not bars:
        return None
    if told:
        total, factor, run, alone = max(told)
        title = (
            f"{factor.capitalize()} drives {DRIVEN[result]} of {group.name} most ({run}): alone it makes "
            f"{percent(alone)} of its variance over the cases, with others {percent(total)}"
        )
    else:
        title = (
            f"How {DRIVEN[result]} of {group.name} varies over the cases could be chance: Monte Carlo error could make "
            + (f"{percent(min(chances))} of it" if min(chances) < 1 else "all of it")
        )
    return Bars(
        f"sobol_{result}_{group.number}",
        title,
        f"Sobol indices: first-order (alone), and what is added to the total (with other factors). {how} At the end: "
        "how much of the variance Monte Carlo error can make at most.",
        Axis("Part of the variance over the cases (%)", share=True), tuple(bars),
    )  # fmt: skip


def tornado(found: Found, group: Group, run: str, result: str) -> Tornado | None:
    """A result as one factor after the other goes to its ends, the largest swing first."""
    rows = _of(found.tornado, group, run, result)
    rows = rows[np.isfinite(rows["at_low"]) & np.isfinite(rows["at_high"]) & np.isfinite(rows["middle"])]
    if not (rows["at_low"] != rows["at_high"]).any() or not _trusted(found, group, run, result):
        return None
    rows = rows.iloc[np.argsort(-np.abs(rows["at_high"] - rows["at_low"]).to_numpy(), kind="stable")]
    scale = axis(group, DRIVEN[result].removeprefix("the ").capitalize(), result)
    swings = tuple(
        Swing(spoken(str(factor)), "", _end(low), _end(high), float(at_low), float(at_high))
        for factor, low, high, at_low, at_high in zip(
            *(rows[name] for name in ("factor", "low", "high", "at_low", "at_high")), strict=True
        )
    )
    first = swings[0]
    return Tornado(
        f"tornado_{result}_{group.number}",
        f"From {first.low_end} to {first.high_end} {first.label} moves {DRIVEN[result]} of {group.name} from "
        f"{number(group, result, first.at_low)} to {number(group, result, first.at_high)} ({spoken(run)})",
        "One factor at a time from its first to its last value (of names: least to most), the others at their middle "
        f"one{_middle(found)}. {_how(_of(found.indices, group, run, result))}",
        scale, float(rows["middle"].iloc[0]), swings,
    )  # fmt: skip


def _middle(found: Found, without: Sequence[str] = ()) -> str:
    """Where the factors of a grid stand while others move; of names in the middle nobody could guess it."""
    if found.study.method != "grid":
        return ""
    rest = [one for one in found.factors if one.name not in without]
    return f" ({', '.join(f'{spoken(one.name)} {level(one.values[(len(one.values) - 1) // 2])}' for one in rest)})"


def _end(value: object) -> str:
    """The end of a factor's range as it was read from the table: a number or a name."""
    try:
        return level(float(str(value)))
    except ValueError:
        return spoken(str(value))


def _trusted(found: Found, group: Group, run: str, result: str) -> bool:
    """Whether more than chance varies over the cases, and a surface, where it is one, foretells enough of it."""
    rows = _of(found.indices, group, run, result)
    if not len(rows):
        return True
    clear = not float(rows["chance"].iloc[0]) > CHANCE
    return clear and (rows["by"].iloc[0] == GRID or float(rows["foretold"].min()) >= FORETOLD)


def tipping(found: Found, group: Group, run: str, result: str) -> Surface | None:
    """A result over the two factors that drive it most, and where it tips over."""
    rows = _of(found.tipping, group, run, result)
    if not len(rows) or not _trusted(found, group, run, result):
        return None
    names = rows["x_factor"].iloc[0], rows["y_factor"].iloc[0]
    x, y = (sorted({float(value) for value in rows[side]}) for side in ("x", "y"))
    if min(len(x), len(y)) < 2:
        return None
    table = {(float(down), float(across)): float(value)
             for across, down, value in zip(rows["x"], rows["y"], rows["value"], strict=True)}  # fmt: skip
    values = tuple(tuple(table[down, across] for across in x) for down in y)
    known = [value for value in table.values() if not isnan(value)]
    scale = axis(group, {"coverage": "Coverage", "mean": "Mean estimate", "truth": "Truth"}[result], result)
    crossed = [
        tip for tip in ((COVERED,) if result == "coverage" else CROSSED) if known and min(known) < tip < max(known)
    ]
    if not crossed or (result != "coverage" and not scale.share):
        return None
    tip = crossed[0]
    over = sum(value < tip for value in known) if result == "coverage" else sum(value > tip for value in known)
    words = {"coverage": "coverage", "mean": "the mean estimate", "truth": "the truth"}[result]
    what = f"{words} of {group.name}" if result != "truth" else group.name
    side = "falls below" if result == "coverage" else "exceeds"
    held = (
        f"the other factors at their middle value{_middle(found, names)}"
        if len(found.factors) > 2
        else "no other factor varies"
    )
    return Surface(
        f"tipping_{result}_{group.number}",
        f"{what[:1].upper() + what[1:]} {side} {percent(tip)} in {percent(over / len(known))} of the places looked at "
        f"over {spoken(names[0])} and {spoken(names[1])}"
        + (f" ({spoken(run)})" if result != "truth" else ""),
        f"The two factors that drive it most; {held}. "
        + ("Between the values of the grid lines are drawn straight." if rows["by"].iloc[0] == GRID
           else "From a polynomial surface through the cases.")
        + f" A line runs at {percent(tip)}.",
        Axis(spoken(names[0])), Axis(spoken(names[1])), scale, tuple(x), tuple(y), values,
        levels=_levels(known, tip, result), gap="no answer",
    )  # fmt: skip


def _levels(known: list[float], tip: float, result: str) -> tuple[float, ...]:
    """The tipping line with a few round ones."""
    usual = (0.5, 0.8, NOMINAL) if result == "coverage" else (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
    return tuple(sorted(one for one in {tip, *usual} if min(known) < one < max(known)))


def split(found: Found, group: Group) -> Bars | None:
    """Parameters' and sampling's part of the variance of the estimate and of its error, by method."""
    bars: list[Bar] = []
    told: list[tuple[str, float, str, int]] = []
    rows = found.variance[(found.variance["term"] == group.term) & found.variance["run"].isin(group.runs)]
    several = len(set(rows["size"])) > 1
    for run, of, size, between, within, share, error in zip(
        *(rows[name] for name in ("run", "of", "size", "between", "within", "share", "share_error")), strict=True
    ):
        if not (isfinite(between) and isfinite(within)) or len(bars) >= ROWS:
            continue
        part = min(max(float(share), 0.0), 1.0)
        name = f"{of} of {spoken(str(run))}" + (f", {size} patients" if several else "")
        bars.append(Bar(name, "", (("parameters", part), ("sampling", 1 - part)), f"SE {percent(float(error))}"))
        told.append((of, part, spoken(str(run)), int(size)))
    lead = next((one for one in told if one[0] == "error"), told[0] if told else None)
    if lead is None:
        return None
    of, part, run, size = lead
    return Bars(
        f"variance_{group.number}",
        f"Parameters make {percent(part)} of the variance of the {of} of {group.name}, sampling of {size} patients the "
        f"rest ({run})",
        "Variance between cases (parameters) and within them (sampling). Of the estimate: how uncertain an answer is "
        "before any data; of its error, estimate less truth: what keeps it from the truth. At the end the Monte Carlo "
        "standard error of the parameters' part.",
        Axis("Part of the variance (%)", share=True), tuple(bars),
    )  # fmt: skip
