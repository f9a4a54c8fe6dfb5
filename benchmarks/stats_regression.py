"""How fast are the regressions of a yes or no, beside statsmodels and R? Prints; asserts nothing.

Run: python benchmarks/stats_regression.py
"""

import shutil
import subprocess
import tempfile
from time import perf_counter

import numpy as np
import statsmodels.api as sm
from scipy.special import expit

from sarcoid_epi.stats.firth import firth, firth_profile
from sarcoid_epi.stats.logistic import logistic, logistic_profile
from sarcoid_epi.stats.poisson import modified_poisson
from sarcoid_epi.stats.rows import grouped

REPLICATES = 1_000
PATIENTS = 1_500
FEW = 20
R_SCRIPT = """
suppressMessages(library(sandwich))
d <- matrix(readBin("{path}", "double", {size}), ncol = 5)
y <- d[, 5]; x <- cbind(1, d[, 2:4])
seconds <- function(call) {{ s <- proc.time()[[3]]; call(); proc.time()[[3]] - s }}
cat(seconds(function() glm(y ~ x - 1, family = binomial)), "")
cat(seconds(function() {{ f <- glm(y ~ x - 1, family = poisson); vcovHC(f, type = "HC0") }}), "")
"""
R_FIRTH = """
suppressMessages(library(brglm2))
d <- matrix(readBin("{path}", "double", {size}), ncol = 5)
y <- d[, 5]; x <- d[, 2:4]
s <- proc.time()[[3]]
for (i in 1:{few}) glm(y ~ x, family = binomial, method = "brglmFit", type = "AS_mean")
cat((proc.time()[[3]] - s) / {few})
"""


def seconds(call, repeats=3):
    """The fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def patients(n, seed=1):
    """Constant, sex, Löfgren, age in decades; and whether they have the event."""
    rng = np.random.default_rng(seed)
    rows = np.column_stack([np.ones(n), rng.integers(0, 2, n), rng.random(n) < 0.3, rng.integers(2, 9, n)])
    return rows, (rng.random(n) < expit(-3.5 + 0.4 * rows[:, 1] + 0.6 * rows[:, 2] + 0.2 * rows[:, 3])).astype(int)


def by_r(script, rows, outcome, **values):
    """What R prints, without its own start; nothing where R is missing."""
    if shutil.which("Rscript") is None:
        return []
    with tempfile.NamedTemporaryFile() as file:
        file.write(np.column_stack([rows, outcome]).T.astype(float).tobytes())
        file.flush()
        text = script.format(path=file.name, size=5 * len(rows), **values)
        done = subprocess.run(["Rscript", "--vanilla", "-e", text], capture_output=True, text=True, check=False)
    return [float(number) for number in done.stdout.split()] if done.returncode == 0 else []


def told(name, found):
    print(f"{name:<58}{'not here' if found is None else f'{found * 1e3:>10.1f} ms'}")


def one_fit(n):
    """One data set, ours counted by patterns first, the others patient by patient."""
    rows, outcome = patients(n)
    few = grouped(rows, outcome)
    repeats = 3 if n < 1_000_000 else 1
    print(f"\n{n} patients, {len(few.n)} patterns")
    told("counting the patterns", seconds(lambda: grouped(rows, outcome)))
    told("logistic, from the patterns", seconds(lambda: logistic(*few)))
    told("logistic, patient by patient", seconds(lambda: logistic(rows, outcome, 1), repeats))
    told("  with profile limits and tests, from the patterns", seconds(lambda: logistic_profile(*few)))
    told("modified Poisson, from the patterns", seconds(lambda: modified_poisson(*few)))
    told("Firth, from the patterns", seconds(lambda: firth(*few)))
    told("  with profile limits and tests, from the patterns", seconds(lambda: firth_profile(*few)))
    binomial, poisson = sm.families.Binomial(), sm.families.Poisson()
    told("statsmodels GLM logistic", seconds(lambda: sm.GLM(outcome, rows, binomial).fit(), repeats))
    told("statsmodels GLM Poisson, HC0", seconds(lambda: sm.GLM(outcome, rows, poisson).fit(cov_type="HC0"), repeats))
    by = by_r(R_SCRIPT, rows, outcome) or [None, None]
    told("R glm logistic", by[0])
    told("R glm Poisson, sandwich HC0", by[1])


def many_fits():
    """Replicates of one study, patient by patient and as counts of patterns."""
    rows, _ = patients(PATIENTS)
    rng = np.random.default_rng(2)
    risk = expit(rows @ [-3.5, 0.4, 0.6, 0.2])
    outcomes = (rng.random((REPLICATES, PATIENTS)) < risk).astype(int)
    patterns, back = np.unique(rows, axis=0, return_inverse=True)
    n = np.bincount(back.ravel())
    events = np.stack([np.bincount(back.ravel(), outcome, len(n)) for outcome in outcomes])
    print(f"\n{REPLICATES} replicates of {PATIENTS} patients, {len(n)} patterns")
    for name, method in (("logistic", logistic), ("modified Poisson", modified_poisson), ("Firth", firth)):
        told(f"{name}, patient by patient, one call", seconds(lambda m=method: m(rows, outcomes, 1), 1))
        told(f"{name}, from the patterns, one call", seconds(lambda m=method: m(patterns, events, n)))
    told("logistic profiles and tests, from the patterns", seconds(lambda: logistic_profile(patterns, events, n), 1))
    told("Firth profiles and tests, from the patterns", seconds(lambda: firth_profile(patterns, events, n), 1))
    scale = REPLICATES / FEW
    for name, family, kind in (
        ("logistic", sm.families.Binomial(), "nonrobust"),
        ("Poisson, HC0", sm.families.Poisson(), "HC0"),
    ):
        loop = seconds(lambda f=family, k=kind: [sm.GLM(y, rows, f).fit(cov_type=k) for y in outcomes[:FEW]], 1)
        told(f"statsmodels GLM {name}, loop of {FEW} times {scale:.0f}", loop * scale)
    by = by_r(R_FIRTH, rows, outcomes[0], few=FEW)
    told(f"R brglm2, loop of {FEW} times {scale:.0f}", by[0] * REPLICATES if by else None)


def main():
    for n in (1_000, 100_000, 1_000_000):
        one_fit(n)
    many_fits()


if __name__ == "__main__":
    main()
