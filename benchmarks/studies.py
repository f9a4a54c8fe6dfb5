"""How fast is a study beside the obvious loop over its replicates, and is its memory flat? Prints; asserts nothing.

Run: python benchmarks/studies.py

The loop takes one replicate after the other, a pandas frame each, with statsmodels or a formula in plain Python; ours
hands all replicates of a part to an estimator of the catalogue. Both get the very same patients and use one core;
`differ` is the largest difference between their answers to the same replicates. Ratios are of one run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.stats.proportion import proportion_confint
from threadpoolctl import threadpool_limits

from sarcoid_epi.scenario import Study
from sarcoid_epi.simulation.asking import Question, questions
from sarcoid_epi.simulation.counted import CountedStrata, distinct
from sarcoid_epi.simulation.engines import here
from sarcoid_epi.simulation.making import Unit, replicates
from sarcoid_epi.simulation.population import Population, drawn, population
from sarcoid_epi.simulation.running import run
from sarcoid_epi.simulation.stated import Stated, cases_of, state
from sarcoid_epi.simulation.varied import spot
from sarcoid_epi.strata import FLAG, Strata

REPLICATES, SIZE, FEW = 2_000, 1_500, 40
BESIDE = 'outcome = "systemic_therapy"\nexposures = ["lofgren_broad"]\nadjust = ["sex", "ancestry"{}]\nfamily = "{}"\n'
AGE = ', "age_at_diagnosis"'
MODELS = {
    "levels": BESIDE.format("", "logistic"),
    "age": BESIDE.format(AGE, "logistic"),
    "firth_levels": BESIDE.format("", "firth"),
    "firth_age": BESIDE.format(AGE, "firth"),
}
SE, SP = (0.2, 20, 0.06, 0.4), (0.998, 1000, 0.99, 1.0)  # of the belief "clinical": value, weight, range


class Asked(NamedTuple):
    """A study of one case and one question, with its population and the seconds that this took."""

    stated: Stated
    question: Question
    people: Population
    made: float

    def all(self, first: int = 0, many: int = REPLICATES) -> Any:
        """Some replicates as a study makes them: drawn, counted, answered."""
        return replicates(self.stated, Unit(0, first, many))

    def answered(self, strata: Strata) -> Any:
        """Estimates and limits (replicates, terms, 3) from what was drawn: those alike are asked once, as in a study."""
        like = np.arange(len(strata.labels))
        if isinstance(strata, CountedStrata):
            strata, like = distinct(strata, self.stated.asked[0].columns)
        found = self.question(strata, self.stated.beliefs["clinical"])
        return np.stack([found.estimate[like], found.low[like], found.high[like]], axis=-1)


def study_of(*estimators: str, models: tuple[str, ...] = (), design: str = "two_source_registry", many: int) -> Study:
    named = {"estimators": estimators, "models": models, "designs": (design,), "beliefs": ("clinical",)}
    return Study(name="speed", label="speed", aims="speed", replicates=many, **named)


def asked(estimator: str, model: str = "", **more: str) -> Asked:
    stated = state(study_of(estimator, models=(model,) if model else (), many=REPLICATES, **more))
    start = perf_counter()
    people = population(stated, spot(stated.study, cases_of(stated)[0]), stated.asked)
    return Asked(stated, questions(stated.study)[0], people, perf_counter() - start)


def frame_of(people: Population) -> pd.DataFrame:
    """The population as a table of flags, categories and numbers."""
    columns = {}
    for name, codes in people.columns.items():
        levels = people.axes.get(name, ())
        flag = levels == FLAG
        columns[name] = codes == 1 if flag else pd.Categorical.from_codes(codes, levels) if levels else codes
    return pd.DataFrame(columns)


def seconds(call: Callable[[], object], repeats: int = 3) -> float:
    """The fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def recorded(frame: pd.DataFrame) -> list[list[float]]:
    x = frame["osseous_recorded"].sum()
    return [[x / len(frame), *proportion_confint(x, len(frame), method="wilson")]]


def corrected(frame: pd.DataFrame) -> list[list[float]]:
    """Limits from 10 000 draws, as is done; they are no comparison to many digits, and left out of it."""
    x, n, rng = frame["osseous_recorded"].sum(), len(frame), np.random.default_rng(1)
    p = rng.beta(x + 0.5, n - x + 0.5, 10_000)
    se, sp = (rng.beta(value * weight, (1 - value) * weight, 10_000) for value, weight, *_ in (SE, SP))
    shares = (p + sp - 1) / (se + sp - 1)
    np.quantile(shares[(shares >= 0) & (shares <= 1)], [0.025, 0.975])
    return [[(x / n + SP[0] - 1) / (SE[0] + SP[0] - 1), np.nan, np.nan]]


def possible(frame: pd.DataFrame) -> list[list[float]]:
    (shares,) = recorded(frame)
    corners = (SE[3], SP[2]), (SE[2], SP[3])
    return [[min(max((p + sp - 1) / (se + sp - 1), 0.0), 1.0) for p in shares] for se, sp in corners]


def captured(frame: pd.DataFrame) -> list[list[float]]:
    """Chapman's number of cases, the plain one, and Chapman's by pain, as shares; their limits have no formula."""
    cases = []
    for part in (frame, frame[frame["bone_pain"]], frame[~frame["bone_pain"]]):
        table = pd.crosstab(part["on_clinic_list"], part["in_radiology_text"])
        (_, b), (a, m) = table.reindex(index=[False, True], columns=[False, True], fill_value=0).to_numpy().tolist()
        cases.append((m + a + b + a * b / (m + 1), m + a + b + a * b / m if m else np.nan))
    shares = (cases[0][0], cases[0][1], cases[1][0] + cases[2][0])
    return [[share / len(frame), np.nan, np.nan] for share in shares]


def by_formula(frame: pd.DataFrame, right: str) -> list[float]:
    """Logistic regression as the manual of statsmodels has it."""
    fit = smf.logit(f"y ~ {right}", frame.assign(y=frame["systemic_therapy"].astype(float))).fit(disp=0)
    return [*np.exp([fit.params["lofgren_broad[T.True]"], *fit.conf_int().loc["lofgren_broad[T.True]"]])]


def by_dummies(frame: pd.DataFrame, right: str) -> list[float]:
    """The same with a design made by hand, which is quicker."""
    x = sm.add_constant(pd.get_dummies(frame[right.split(" + ")], drop_first=True).astype(float))
    fit = sm.Logit(frame["systemic_therapy"].astype(float), x).fit(disp=0)
    return [*np.exp([fit.params["lofgren_broad"], *fit.conf_int().loc["lofgren_broad"]])]


def closed_forms() -> None:
    """Counts stand ready for ours, frames for the loop. `first`: no count was met before; `drawn`: from the population."""
    print(f"{'closed form':<22}{'loop':>9}{'ours':>9}{'':>7}{'differ':>9}{'cohorts a second':>30}{'population':>12}")
    print(f"{'':<22}{'us':>9}{'us':>9}{'ratio':>7}{'':>9}{'first':>10}{'again':>10}{'drawn':>10}{'seconds':>12}")
    loops = {"recorded_osseous": recorded, "corrected_prevalence": corrected, "possible_prevalence": possible,
             "two_sources": captured}  # fmt: skip
    for name, loop in loops.items():
        one = asked(name)
        rows = drawn(one.people, 1, 0, REPLICATES, SIZE)
        strata, table = rows.strata(one.question.run), frame_of(one.people)
        frames = [table.iloc[each] for each in rows.rows[:FEW]]
        first = seconds(lambda o=one, s=strata: o.answered(s), 1)
        again = seconds(lambda o=one, s=strata: o.answered(s), 5) / REPLICATES
        each = seconds(lambda f=frames, a=loop: [a(frame) for frame in f]) / FEW
        mine, theirs = one.answered(strata)[:FEW], np.array([loop(frame) for frame in frames])
        if name == "possible_prevalence":  # inner limits are no part of the loop's
            theirs[:, 0, 2], theirs[:, 1, 1] = mine[:, 0, 2], mine[:, 1, 1]
        print(f"{name:<22}{1e6 * each:>9.1f}{1e6 * again:>9.2f}{each / again:>6.0f}x{np.nanmax(abs(mine - theirs)):>9.0e}"
              f"{REPLICATES / first:>10.0f}{1 / again:>10.0f}{REPLICATES / seconds(one.all):>10.0f}{one.made:>12.2f}",
              flush=True)  # fmt: skip


def logistic(folder: Path) -> None:
    """Ours draws, counts and fits; the loop takes its rows from the population and fits."""
    print(f"\n{'logistic':<22}{'formula':>9}{'':>7}{'dummies':>9}{'':>7}{'ours us':>9}{'differ':>9}")
    rights = {"levels": "sex + ancestry", "age": "sex + ancestry + age_at_diagnosis"}
    for estimator, model in ((e, m) for m in rights for e in ("adjusted", "unadjusted")):
        one = asked(estimator, str(folder / f"{model}.toml"), design="tertiary_records")
        right = " + ".join(["lofgren_broad", rights[model]][: 1 + (estimator == "adjusted")])
        rows, table = drawn(one.people, 1, 0, REPLICATES, SIZE), frame_of(one.people)
        mine = one.answered(rows.strata(one.question.run))[:FEW, 1]
        ours, said, differ = seconds(one.all) / REPLICATES, "", 0.0
        for loop in (by_formula, by_dummies):
            start = perf_counter()
            theirs = np.array([loop(table.iloc[each], right) for each in rows.rows[:FEW]])
            each = (perf_counter() - start) / FEW
            said += f"{1e6 * each:>9.0f}{each / ours:>6.0f}x"
            differ = max(differ, abs(np.log(mine) - np.log(theirs)).max())
        print(f"{one.question.run:<22}{said}{1e6 * ours:>9.1f}{differ:>9.0e}", flush=True)


def together(folder: Path) -> None:
    """Many replicates in one call of a study, and one in each: what loops inside gains nothing."""
    print(f"\n{'replicates a second':<34}{'one a call':>11}{'at once':>10}{'ratio':>8}")
    firth = [("adjusted", str(folder / f"firth_{name}.toml"), 500) for name in ("levels", "age")]
    counts = [(name, "", 1000) for name in ("corrected_prevalence", "believed_prevalence", "two_sources")]
    courses = [(name, "remission", 200) for name in ("event_free", "event_tests", "incidence")]
    for estimator, model, many in [*firth, *counts, *courses, ("adjusted_hazards", "remission", 20)]:
        one = asked(estimator, model, design="two_source_registry")
        alone = seconds(lambda o=one: [o.all(REPLICATES + at, 1) for at in range(10)], 1) / 10
        each = seconds(lambda o=one, n=many: o.all(0, n), 1) / many
        said = f"{1 / alone:>11.0f}{1 / each:>10.0f}{alone / each:>7.1f}x"
        print(f"{one.question.run:<34}{said}{'' if one.question.estimator.batches else '  declared a loop'}", flush=True)


def memory(many: int) -> None:
    """In a process of its own: a whole study with its parts on disk."""
    import resource

    named = ("recorded_osseous", "corrected_prevalence", "two_sources", "event_free")
    with tempfile.TemporaryDirectory() as out:
        took = seconds(lambda: run(study_of(*named, models=("remission",), many=many), Path(out), here), 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{many:>7} replicates, {len(named)} estimators, one with follow-up: {took:>6.1f} s, at most {peak:.0f} MB")


def main() -> None:
    print(f"{REPLICATES} replicates of {SIZE} patients, on one core\n")
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        for model, text in MODELS.items():
            (Path(name) / f"{model}.toml").write_text(text)
        closed_forms()
        logistic(Path(name))
        together(Path(name))
    print("\nmemory", flush=True)
    for many in (2_000, 20_000):
        subprocess.run([sys.executable, __file__, str(many)], check=True)


if __name__ == "__main__":
    main() if len(sys.argv) == 1 else memory(int(sys.argv[1]))
