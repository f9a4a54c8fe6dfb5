"""Speed and memory of association and prognosis at a thousand, a hundred thousand and a million patients, beside peers.

Run: python benchmarks/association_scale.py

Ours go from the columns of a patient table to the answer, counting patients by pattern on the way; peers build their
design from the same columns. Each contender has a process of its own, one at a time: `seconds` is the fastest of
some calls in it (its start and the reading of data left out), `process` all of it with its start, the data and as many
calls, `MB` the most memory it ever held. Who takes longer than LIMIT is stopped. Prints; asserts nothing.

Measured at a million patients on two throttled cores shared with other work (so that ratios say more than seconds),
Python 3.11, statsmodels 0.15, lifelines 0.30, R 4.2 with survival and cmprsk; `ratio` is to ours:

    task             contender                       seconds  ratio      MB  ratio
    logistic         ours adjusted                      0.09      1     451      1
                     statsmodels GLM                    0.87    9.7    1759    3.9
                     statsmodels Logit                  0.36      4     543    1.2
                     R glm                              1.51     17    1055    2.3
    Poisson, robust  ours adjusted                      0.08      1     451      1
                     statsmodels Poisson                0.95     12    1796      4
                     R poisson                          4.56     57    1187    2.6
    Kaplan-Meier     ours event_free                    0.18      1     454      1
                     lifelines KaplanMeierFitter        0.13   0.71     432   0.95
                     R survfit                          1.82     10     554    1.2
    incidence        ours incidence                     0.23      1     454      1
                     lifelines AalenJohansenFitter      24.7    107     695    1.5
                     R cuminc                           1.58    6.8     552    1.2
    Cox              ours adjusted_hazards              55.1      1     838      1
                     ours cox_root                      2.92  0.053     572   0.68
                     lifelines CoxPHFitter              15.6   0.28     566   0.68
                     R coxph                            3.28  0.059     776   0.93

Start and data alone hold 313 MB. Kaplan-Meier is lifelines' to win: ours adds medians, tables at risk and delayed
entry. A Cox model has no patterns to count: `adjusted_hazards` finds the root of the score as fast as R, and has
lifelines find it again, to 1e-12, which takes all of its time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from math import isnan, nan
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# Engines are imported in the processes of the contenders alone: what this one holds would be counted as theirs.

SIZES = (1_000, 100_000, 1_000_000)
LIMIT = 240  # seconds that a contender may take
REPEATS, ENOUGH = 3, 20.0  # calls of each contender, as long as they took less together
LEVELS = {"sex": ("female", "male"), "ancestry": ("white", "black", "other")}


def patients(n: int, seed: int = 1) -> pd.DataFrame:
    """Patients with a record of yes or no, and a course in whole days that ends with remission, death or neither."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    age, sex, ancestry = rng.integers(18, 90, n), rng.integers(0, 2, n), rng.integers(0, 3, n)
    lofgren = rng.random(n) < 0.15
    score = -2.8 - 0.5 * lofgren + 0.01 * (age - 50) + 0.3 * sex + 0.2 * (ancestry == 1)
    remission = rng.exponential(6.0 / np.exp(0.7 * lofgren - 0.01 * (age - 50)))
    death = rng.exponential(40.0 * np.exp(-0.03 * (age - 50)))
    last = rng.uniform(0.5, 10.0, n)
    days = np.ceil(np.minimum(np.minimum(remission, death), last) * 365.25)
    first = np.where(remission <= np.minimum(death, last), 1, np.where(death <= last, 2, 0))
    frame = {
        "age_at_diagnosis": age,
        "lofgren_broad": lofgren,
        "osseous_recorded": rng.random(n) < 1 / (1 + np.exp(-score)),
    }
    frame |= {
        name: pd.Categorical.from_codes(code, LEVELS[name]) for name, code in (("sex", sex), ("ancestry", ancestry))
    }
    frame |= {"remission": first == 1, "died": first == 2, "follow_up_years": days / 365.25}
    frame |= {"remission_years": np.where(first == 1, days / 365.25, nan), "cause": first, "days": days}
    return pd.DataFrame(frame)


def ours(estimator: str, frame: pd.DataFrame) -> Callable[[], object]:
    """One of our estimators with its model; or the root of Cox's score, which the estimator hands on to lifelines."""
    if estimator == "cox_root":
        from sarcoid_epi.stats.cox_root import cox_root

        exposed = ["lofgren_broad", "age_at_diagnosis", "sex_male"]
        return lambda: cox_root(design(frame)[exposed], frame["follow_up_years"], frame["remission"])
    from sarcoid_epi.estimators import CATALOGUE
    from sarcoid_epi.scenario import Model
    from sarcoid_epi.strata import whole

    name, _, family = estimator.partition(":")
    one = next(each for each in CATALOGUE if each.name == name)
    held = {"name": "m", "label": "m", "exposures": ("lofgren_broad",), "family": family}
    if family == "cox":
        timed = {"outcome": "remission", "time": "remission_years", "competing": ("died",)}
        model = Model(**held, **timed, adjust=("age_at_diagnosis", "sex") if name == "adjusted_hazards" else ())
    else:
        model = Model(**held, outcome="osseous_recorded", adjust=("age_at_diagnosis", "sex", "ancestry"))
    return lambda: one(whole(frame), model)


def design(frame: pd.DataFrame) -> pd.DataFrame:
    """Constant, exposure and what is adjusted for, as peers want them."""
    import pandas as pd

    named = ["lofgren_broad", "age_at_diagnosis", "sex", "ancestry"]
    wide = pd.get_dummies(frame[named], drop_first=True).astype(float)
    wide.insert(0, "constant", 1.0)
    return wide


def statsmodels(kind: str, frame: pd.DataFrame) -> Callable[[], object]:
    import statsmodels.api as sm

    def fit() -> object:
        x, y = design(frame), frame["osseous_recorded"].astype(float)
        if kind == "Logit":
            return sm.Logit(y, x).fit(disp=0)
        if kind == "GLM":
            return sm.GLM(y, x, sm.families.Binomial()).fit()
        return sm.GLM(y, x, sm.families.Poisson()).fit(cov_type="HC0")

    return fit


def lifelines(kind: str, frame: pd.DataFrame) -> Callable[[], object]:
    from lifelines import AalenJohansenFitter, CoxPHFitter, KaplanMeierFitter

    def arms() -> list[pd.DataFrame]:
        return [frame[frame["lofgren_broad"] == level] for level in (False, True)]

    def fit() -> object:
        if kind == "KaplanMeierFitter":
            return [KaplanMeierFitter().fit(arm["follow_up_years"], arm["remission"]) for arm in arms()]
        if kind == "AalenJohansenFitter":
            return [AalenJohansenFitter(seed=1).fit(arm["follow_up_years"], arm["cause"], 1) for arm in arms()]
        wide = design(frame)[["lofgren_broad", "age_at_diagnosis", "sex_male"]]
        wide = wide.assign(time=frame["follow_up_years"], event=frame["remission"])
        return CoxPHFitter().fit(wide, "time", "event")

    return fit


#: The task, then the contenders: what is run, by which function. Ours come first.
TASKS = {
    "logistic": ("ours adjusted:logistic", "statsmodels GLM", "statsmodels Logit", "R glm"),
    "Poisson, robust": ("ours adjusted:prevalence_ratio", "statsmodels Poisson", "R poisson"),
    "Kaplan-Meier": ("ours event_free:cox", "lifelines KaplanMeierFitter", "R survfit"),
    "incidence": ("ours incidence:cox", "lifelines AalenJohansenFitter", "R cuminc"),
    "Cox": ("ours adjusted_hazards:cox", "ours cox_root", "lifelines CoxPHFitter", "R coxph"),
    "start and data": ("ours nothing", "statsmodels nothing", "lifelines nothing", "R nothing"),
}
R_CALLS = {
    "glm": "glm(osseous ~ lofgren + age + sex + ancestry, binomial, d)",
    "poisson": "sandwich::vcovHC(glm(osseous ~ lofgren + age + sex + ancestry, poisson, d), type = 'HC0')",
    "survfit": "survfit(Surv(years, cause == 1) ~ lofgren, d, conf.type = 'log-log')",
    "cuminc": "cmprsk::cuminc(d$years, d$cause, d$lofgren)",
    "coxph": "coxph(Surv(years, cause == 1) ~ lofgren + age + sex, d)",
    "nothing": "NULL",
}
R_SCRIPT = """
suppressMessages({{library(survival); requireNamespace("sandwich"); requireNamespace("cmprsk")}})
m <- matrix(readBin("{path}", "double", {size}), ncol = 7)
d <- data.frame(osseous = m[, 1], lofgren = m[, 2], age = m[, 3], sex = m[, 4], ancestry = factor(m[, 5]),
                years = m[, 6], cause = m[, 7])
took <- c()
while (length(took) < {repeats} && sum(took) < {enough}) {{
  s <- proc.time()[[3]]; invisible({call}); took <- c(took, proc.time()[[3]] - s)
}}
cat(min(took))
"""


def fastest(call: Callable[[], object]) -> float:
    took: list[float] = []
    while len(took) < REPEATS and sum(took) < ENOUGH:
        start = perf_counter()
        call()
        took.append(perf_counter() - start)
    return min(took)


def contender(who: str, what: str, path: str) -> None:
    """In a process of its own: the seconds of one contender."""
    import pandas as pd

    warnings.simplefilter("ignore")
    if who == "make":
        written(int(what), Path(path))
        return
    frame = pd.read_parquet(Path(path) / "d.parquet")
    made = {"ours": ours, "statsmodels": statsmodels, "lifelines": lifelines}[who]
    if what != "nothing":
        print(fastest(made(what, frame)))
        return
    made({"ours": "adjusted:logistic", "statsmodels": "GLM", "lifelines": "CoxPHFitter"}[who], frame)
    print(0.0)


def run(who: str, what: str, folder: Path, n: int) -> tuple[float, float, float]:
    """Seconds of the call, of the whole process, and its peak of memory in MB; NaN for who failed or was stopped."""
    command = [sys.executable, __file__, who, what, str(folder)]
    if who == "R":
        text = R_SCRIPT.format(path=folder / "d.bin", size=7 * n, call=R_CALLS[what], repeats=REPEATS, enough=ENOUGH)
        command = ["Rscript", "--vanilla", "-e", text]
    start = perf_counter()
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.Popen(["timeout", str(LIMIT), *command], stdout=said, stderr=subprocess.DEVNULL)
        except FileNotFoundError:
            return (nan,) * 3
        _, status, used = os.wait4(child.pid, 0)  # the kernel's account of this process and those below it
        child.returncode = os.waitstatus_to_exitcode(status)
        whole = perf_counter() - start
        said.seek(0)
        text = said.read().decode().strip()
    return (float(text) if child.returncode == 0 and text else nan), whole, used.ru_maxrss / 1024


def written(n: int, folder: Path) -> None:
    """The same patients as a table for Python and as numbers for R."""
    import pandas as pd

    frame = patients(n)
    frame.to_parquet(folder / "d.parquet")
    columns = ["osseous_recorded", "lofgren_broad", "age_at_diagnosis", "sex", "ancestry", "follow_up_years", "cause"]
    codes = frame[columns].apply(lambda c: c.cat.codes if isinstance(c.dtype, pd.CategoricalDtype) else c)
    codes.to_numpy(dtype=float).T.tofile(folder / "d.bin")


def ratio(value: float, first: float) -> str:
    """Two figures, and no power of ten."""
    times = value / first if first else 1.0
    return f"{times:.0f}" if times >= 9.95 else f"{times:.2g}"


def one_size(n: int, folder: Path) -> None:
    """Every task with its contenders; each number is followed by its ratio to that of the first, which is ours."""
    run("make", str(n), folder, n)
    print(f"\n{f'{n} patients':<49}" + "".join(f"{name:>10}{'ratio':>7}" for name in ("seconds", "process", "MB")))
    for task, named in TASKS.items():
        first: tuple[float, float, float] | None = None
        for name in named:
            who, _, what = name.partition(" ")
            found = run(who, what, folder, n)
            first = found if first is None else first
            cells = [f"{value:>10.{digits}f}{ratio(value, mine):>7}"
                     for value, mine, digits in zip(found, first, (3, 1, 0), strict=True)]  # fmt: skip
            told = "".join(cells) if not isnan(found[0]) else f"{'stopped, or not here':>51}"
            print(f"{task:<16}{who} {what.partition(':')[0]:<{32 - len(who)}}{told}", flush=True)


def main() -> None:
    print(__doc__.splitlines()[0])
    with tempfile.TemporaryDirectory() as folder:
        for n in SIZES:
            one_size(n, Path(folder))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        contender(*sys.argv[1:])
    else:
        main()
