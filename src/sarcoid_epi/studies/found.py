"""What a study's folder holds, as the report reads it, and how cases, runs and terms are called there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from sarcoid_epi.errors import ConfigurationError, Problem
from sarcoid_epi.measures import MEASURES, split
from sarcoid_epi.report.plots import Axis
from sarcoid_epi.report.scales import said
from sarcoid_epi.scenario import Case, Study
from sarcoid_epi.simulation import driving, telling
from sarcoid_epi.simulation.asking import questions
from sarcoid_epi.simulation.driving import Varied
from sarcoid_epi.vocabulary import label

#: The share of limits that should hold the truth, and what Monte Carlo limits reach to on each side.
NOMINAL, REACH = 0.95, 1.96

#: Estimands in figures, at most; the tables hold all.
SHOWN = 3

#: Measures that are shares, whatever is estimated.
SHARES = ("coverage", "bias_eliminated_coverage", "power", "relative_bias", "relative_error")

#: Measures of a share that are differences of shares, and so points: 5 % and 6 % differ by one of them.
POINTS = ("bias", "mean_width", "median_width", "empirical_error", "model_error")

#: Columns that are words, and stay so.
WORDS = ("run", "term", "scale", "against", "note", "stratum", "result", "factor", "by", "of", "world", "design",
         "belief", "low", "high", "reached", "x_factor", "x", "y_factor", "y")  # fmt: skip


@dataclass(frozen=True)
class Group:
    """A term with the runs that are after the same value of it; these are compared with each other."""

    number: int
    term: str
    unit: str
    scale: str
    runs: tuple[str, ...]

    @property
    def name(self) -> str:
        """The term in words, without what its label adds."""
        words = label(self.term)
        if not split(self.term)[0] and "=" not in self.term:
            words = words.partition(": ")[0].partition(", ")[0]
        return words[:1].lower() + words[1:]


@dataclass(frozen=True)
class Found:
    """A study and the tables beside its parts."""

    study: Study
    cases: tuple[Case, ...]
    factors: tuple[Varied, ...]
    groups: tuple[Group, ...]
    summary: pd.DataFrame
    comparisons: pd.DataFrame
    variance: pd.DataFrame
    indices: pd.DataFrame
    tornado: pd.DataFrame
    tipping: pd.DataFrame
    planning: pd.DataFrame
    notes: pd.DataFrame

    def of(self, run: str, term: str, column: str) -> list[float]:
        """A column of the summary, case by case; NaN where there is none."""
        rows = self.summary[(self.summary["run"] == run) & (self.summary["term"] == term)]
        by_case = dict(zip(rows["case"], rows[column], strict=True))
        return [float(by_case.get(case.number, math.nan)) for case in self.cases]


def found(study: Study, out: Path) -> Found:
    """What a study told into its folder.

    Raises
    ------
    ConfigurationError
        When the study has not been told there.
    """
    names = {"summary": telling.SUMMARY, "comparisons": telling.COMPARISONS, "variance": telling.VARIANCE,
             "indices": telling.INDICES, "tornado": telling.TORNADO, "tipping": telling.TIPPING,
             "planning": telling.PLANNING, "notes": telling.NOTES}  # fmt: skip
    absent = [name for name in (*names.values(), telling.MANIFEST) if not (out / name).is_file()]
    if absent:
        why = "its parts are not all there, or were made by an older version"
        do = "run the study to its end with the same command"
        raise ConfigurationError(Problem(f"the study has not told '{absent[0]}' yet", str(out), why, do))
    tables = {name: _table(out / file) for name, file in names.items()}
    return Found(study, study.all_cases(), driving.factors(study), _groups(study, tables["summary"]), **tables)


def _table(path: Path) -> pd.DataFrame:
    read = pd.read_csv(path, dtype=dict.fromkeys(WORDS, str))
    words = [name for name in read.columns if name in WORDS]
    return read.fillna(dict.fromkeys(words, ""))


def _groups(study: Study, summary: pd.DataFrame) -> tuple[Group, ...]:
    """Runs after the same: a term of one truth in every case, or of one estimand without any. With truths first."""
    asked = {one.run: one.estimator.estimand for one in questions(study)}
    known: dict[tuple[str, object], list[tuple[str, str]]] = {}
    for (run, term), rows in summary.groupby(["run", "term"], sort=False):
        truths = tuple(None if math.isnan(truth) else truth for truth in rows["truth"])
        after: object = truths if set(truths) != {None} else asked[str(run)].name
        known.setdefault((str(term), after), []).append((str(run), str(rows["scale"].iloc[0])))
    ordered = sorted(known, key=lambda key: isinstance(key[1], str))
    return tuple(
        Group(number, key[0], asked[known[key][0][0]].unit, known[key][0][1], tuple(run for run, _ in known[key]))
        for number, key in enumerate(ordered)
    )


def spoken(name: str) -> str:
    """A run or a factor as it is read."""
    return name.replace("_", " ")


def level(value: object) -> str:
    """A level of a factor as it is read."""
    return f"{value:g}" if isinstance(value, int | float) else spoken(str(value))


def values_of(case: Case) -> Mapping[str, object]:
    """What a case has of everything that may vary."""
    return {"world": case.world, "design": case.design, "belief": case.belief, "size": case.size, **dict(case.values)}


def named(case: Case, factors: Sequence[Varied]) -> str:
    """A case by what varies."""
    values = values_of(case)
    words = [f"{spoken(one.name)} {level(values[one.name])}" for one in factors]
    return ", ".join([*words, *([f"draw {case.draw}"] if case.draw is not None else [])]) or "the only case"


def axis(group: Group, what: str, result: str) -> Axis:
    """The axis of a result of a term: per cent where it is a share."""
    if result in SHARES:
        return Axis(f"{what} (%)", share=True)
    measure = MEASURES.get(split(group.term)[0])
    share = measure.unit in ("share", "points") if measure else group.unit == "proportion"
    if group.scale == "log" and result not in ("mean", "truth"):
        return Axis(f"{what} (of the logarithm)")
    if result == "mean_squared_error":
        return Axis(what)
    unit = "points" if result in POINTS else "%"
    return Axis(f"{what} ({unit})" if share else what, share=share)


def number(group: Group, result: str, value: float) -> str:
    """A result of a term in words: per cent where it is a share, points where it is a difference of shares."""
    scale = axis(group, "", result)
    words = said(scale, value)
    return f"{words.removesuffix(' %')} points" if scale.label.endswith("(points)") else words


def reach(used: float) -> float:
    """How far from its level a coverage of so many replicates lies by chance."""
    return REACH * math.sqrt(NOMINAL * (1 - NOMINAL) / used) if used > 0 else math.nan


def verdict(coverage: float, used: float) -> Literal["", "below", "above"]:
    """Whether a coverage lies below or above what chance allows around its level."""
    if math.isnan(coverage) or math.isnan(reach(used)):
        return ""
    return "below" if coverage < NOMINAL - reach(used) else "above" if coverage > NOMINAL + reach(used) else ""
