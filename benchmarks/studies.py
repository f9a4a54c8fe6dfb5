"""How fast is a study beside the obvious loop over its replicates, and is its memory flat? Prints; asserts nothing.

Run: python benchmarks/studies.py. The loop takes one replicate after the other, a pandas frame each; ours hands all of
a part to an estimator. Both get the same patients, on one core; `differ` is the largest difference of their answers.
"""

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from timeit import repeat
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.stats.proportion import proportion_confint
from threadpoolctl import threadpool_limits

from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.scenario import Study
from sarcoid_epi.simulation.asking import Question, questions
from sarcoid_epi.simulation.counted import distinct
from sarcoid_epi.simulation.engines import here
from sarcoid_epi.simulation.making import Unit, replicates
from sarcoid_epi.simulation.population import Population, drawn, population
from sarcoid_epi.simulation.running import run
from sarcoid_epi.simulation.stated import Stated, cases_of, state
from sarcoid_epi.simulation.varied import spot
from sarcoid_epi.strata import FLAG

REPLICATES, SIZE, FEW = 2_000, 1_500, 40
MODEL = 'outcome = "systemic_therapy"\nexposures = ["lofgren_broad"]\nadjust = {}\nfamily = "{}"\n'
ADJUST = {"levels": ["sex", "ancestry"], "age": ["sex", "ancestry", "age_at_diagnosis"]}
SE, SP = (0.2, 20, 0.06, 0.4), (0.998, 1000, 0.99, 1.0)  # of the belief "clinical": value, weight, range


class Asked(NamedTuple):
    """A study of one case and one question, with its population and the seconds that this took."""

    stated: Stated
    question: Question
    made: float
    people: Population

    def all(self, first: int = 0, many: int = REPLICATES) -> Any:
        """Some replicates as a study makes them: drawn, counted, answered."""
        return replicates(self.stated, Unit(0, first, many))

    def answered(self, counts: Any) -> Any:
        """Estimates and limits (replicates, terms, 3) of counts: those alike are asked once, as in a study."""
        once, like = distinct(counts, self.stated.asked[0].columns)
        found = self.question(once, self.stated.beliefs.get("clinical"))
        return np.stack([found.estimate[like], found.low[like], found.high[like]], axis=-1)


def study_of(many: int, *estimators: str, model: str = "") -> Study:
    beliefs = ("clinical",) if any(one.believes for one in CATALOGUE if one.name in estimators) else ()
    named = {"estimators": estimators, "models": (model,) if model else (), "beliefs": beliefs}
    design = "tertiary_records" if model.endswith(".toml") else "two_source_registry"
    return Study(name="speed", label="speed", aims="speed", replicates=many, designs=(design,), **named)


def asked(estimator: str, model: str = "") -> Asked:
    stated = state(study_of(REPLICATES, estimator, model=model))
    people = partial(population, stated, spot(stated.study, cases_of(stated)[0]), stated.asked)
    return Asked(stated, questions(stated.study)[0], seconds(people, 1), people())


def counts_and_frames(one: Asked) -> tuple[Any, list[pd.DataFrame]]:
    """All replicates as counts, and the first few as tables of flags, categories and numbers."""
    rows, table = drawn(one.people, 1, 0, REPLICATES, SIZE), pd.DataFrame(one.people.columns)
    for name, levels in one.people.axes.items():
        table[name] = table[name] == 1 if levels == FLAG else pd.Categorical.from_codes(table[name], levels)
    return rows.strata(one.question.run), [table.iloc[each] for each in rows.rows[:FEW]]


def looped(loop: Callable[..., Any], frames: list[pd.DataFrame]) -> tuple[Any, float]:
    """What a loop says of each replicate, and its seconds for one."""
    return np.array([loop(frame) for frame in frames]), seconds(lambda: [loop(frame) for frame in frames]) / FEW


def seconds(call: Callable[[], object], repeats: int = 3) -> float:
    """The fastest of some calls."""
    return min(repeat(call, number=1, repeat=repeats))


def recorded_osseous(frame: pd.DataFrame) -> list[list[float]]:
    x = frame["osseous_recorded"].sum()
    return [[x / len(frame), *proportion_confint(x, len(frame), method="wilson")]]


def corrected_prevalence(frame: pd.DataFrame) -> list[list[float]]:
    """Limits from 10 000 draws, as is done; they are no comparison to many digits, and left out of it."""
    x, n, rng = frame["osseous_recorded"].sum(), len(frame), np.random.default_rng(1)
    shapes = (x + 0.5, n - x + 0.5), *((v * w, (1 - v) * w) for v, w, *_ in (SE, SP))
    p, se, sp = (rng.beta(*shape, 10_000) for shape in shapes)
    shares = (p + sp - 1) / (se + sp - 1)
    np.quantile(shares[(shares >= 0) & (shares <= 1)], [0.025, 0.975])
    return [[(x / n + SP[0] - 1) / (SE[0] + SP[0] - 1), np.nan, np.nan]]


def possible_prevalence(frame: pd.DataFrame) -> list[list[float]]:
    """The least and the most, each with its outer limit."""
    (shares,), corners = recorded_osseous(frame), ((SE[3], SP[2]), (SE[2], SP[3]))
    least, most = ([min(max((p + sp - 1) / (se + sp - 1), 0), 1) for p in shares] for se, sp in corners)
    return [[*least[:2], np.nan], [most[0], np.nan, most[2]]]


def two_sources(frame: pd.DataFrame) -> list[list[float]]:
    """Chapman's number of cases, the plain one, and Chapman's by pain, as shares; their limits have no formula."""
    cases = []
    for part in (frame, frame[frame["bone_pain"]], frame[~frame["bone_pain"]]):
        table = pd.crosstab(part["on_clinic_list"], part["in_radiology_text"])
        (_, b), (a, m) = table.reindex(index=[False, True], columns=[False, True], fill_value=0).to_numpy().tolist()
        cases.append((m + a + b + a * b / (m + 1), m + a + b + a * b / m if m else np.nan))
    return [[many / len(frame), np.nan, np.nan] for many in (*cases[0], cases[1][0] + cases[2][0])]


def by_formula(frame: pd.DataFrame, right: list[str]) -> list[float]:
    """Log odds ratio and limits as the manual of statsmodels has it."""
    fit = smf.logit(f"y ~ {' + '.join(right)}", frame.assign(y=frame["systemic_therapy"] * 1.0)).fit(disp=0)
    return [fit.params["lofgren_broad[T.True]"], *fit.conf_int().loc["lofgren_broad[T.True]"]]


def by_dummies(frame: pd.DataFrame, right: list[str]) -> list[float]:
    """The same with a design made by hand, which is quicker."""
    x = sm.add_constant(pd.get_dummies(frame[right], drop_first=True).astype(float))
    fit = sm.Logit(frame["systemic_therapy"].astype(float), x).fit(disp=0)
    return [fit.params["lofgren_broad"], *fit.conf_int().loc["lofgren_broad"]]


def closed_forms() -> None:
    """Counts stand ready for ours, frames for the loop. `first`: no count was met before; `drawn`: drawing included."""
    print(f"{'closed form':<22}{'loop':>9}{'ours':>9}{'':>7}{'differ':>9}{'cohorts a second':>30}{'population':>12}")
    print(f"{'':<22}{'us':>9}{'us':>9}{'ratio':>7}{'':>9}{'first':>10}{'again':>10}{'drawn':>10}{'seconds':>12}")
    for loop in (recorded_osseous, corrected_prevalence, possible_prevalence, two_sources):
        one = asked(loop.__name__)
        counts, frames = counts_and_frames(one)
        first, again = (seconds(partial(one.answered, counts), calls) / REPLICATES for calls in (1, 5))
        theirs, each = looped(loop, frames)
        differ, drew = np.nanmax(abs(one.answered(counts)[:FEW] - theirs)), seconds(one.all, 9) / REPLICATES
        said = f"{1e6 * each:>9.1f}{1e6 * again:>9.2f}{each / again:>6.0f}x{differ:>9.0e}"
        print(f"{loop.__name__:<22}{said}{1 / first:>10.0f}{1 / again:>10.0f}{1 / drew:>10.0f}{one.made:>12.2f}")


def logistic(folder: Path) -> None:
    """Ours draws, counts and fits; the loop has its frames."""
    print(f"\n{'logistic':<22}{'formula':>9}{'':>7}{'dummies':>9}{'':>7}{'ours us':>9}{'differ':>9}")
    for estimator, model in ((e, m) for m in ADJUST for e in ("adjusted", "unadjusted")):
        one = asked(estimator, str(folder / f"{model}-logistic.toml"))
        right = ["lofgren_broad", *(ADJUST[model] if estimator == "adjusted" else ())]
        counts, frames = counts_and_frames(one)
        mine = np.log(one.answered(counts)[:FEW, 1])
        ours, said, differ = seconds(one.all, 9) / REPLICATES, "", 0.0
        for loop in (by_formula, by_dummies):
            theirs, each = looped(partial(loop, right=right), frames)
            said += f"{1e6 * each:>9.0f}{each / ours:>6.0f}x"
            differ = max(differ, abs(mine - theirs).max())
        print(f"{one.question.run:<22}{said}{1e6 * ours:>9.1f}{differ:>9.0e}", flush=True)


def together(folder: Path) -> None:
    """Many replicates in one call of a study, and one in each: what loops inside, as the last one, gains nothing."""
    print(f"\n{'replicates a second':<34}{'one a call':>11}{'at once':>10}{'ratio':>8}")
    firth = [("adjusted", str(folder / f"{name}-firth.toml"), 500) for name in ADJUST]
    counts = [(name, "", 1000) for name in ("believed_prevalence", "two_sources")]
    courses = [(name, "remission", 200) for name in ("event_free", "event_tests", "incidence")]
    for estimator, model, many in [*firth, *counts, *courses, ("adjusted_hazards", "remission", 20)]:
        one = asked(estimator, model)
        alone = sum(seconds(partial(one.all, REPLICATES + at, 1), 1) for at in range(10)) / 10
        each = seconds(partial(one.all, 0, many), 1) / many
        print(f"{one.question.run:<34}{1 / alone:>11.0f}{1 / each:>10.0f}{alone / each:>7.1f}x", flush=True)


def memory(many: int) -> None:
    """In a process of its own: a whole study with its parts on disk."""
    named = ("recorded_osseous", "corrected_prevalence", "two_sources", "event_free")
    with tempfile.TemporaryDirectory() as out:
        took = seconds(lambda: run(study_of(many, *named, model="remission"), Path(out), here), 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{many} replicates, four estimators, one of follow-up: {took:>6.1f} s, at most {peak:.0f} MB")


def main() -> None:
    print(f"{REPLICATES} replicates of {SIZE} patients, on one core\n")
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        for model, family in ((m, f) for m in ADJUST for f in ("logistic", "firth")):
            (Path(name) / f"{model}-{family}.toml").write_text(MODEL.format(ADJUST[model], family))
        closed_forms()
        logistic(Path(name))
        together(Path(name))
    for many in (2_000, 20_000):
        subprocess.run([sys.executable, __file__, str(many)], check=True)


if __name__ == "__main__":
    main() if len(sys.argv) == 1 else memory(int(sys.argv[1]))
