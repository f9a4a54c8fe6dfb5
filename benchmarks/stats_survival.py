"""How fast are survival curves and tests, beside lifelines and R's survival? Prints; asserts nothing.

Times in whole days, so that ties abound; rows in, curve with errors and limits out.

Run: python benchmarks/stats_survival.py
"""

import shutil
import subprocess
import warnings
from time import perf_counter

import numpy as np
from lifelines import AalenJohansenFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test

from sarcoid_epi.stats.aalen_johansen import cumulative_incidence
from sarcoid_epi.stats.gray import gray_test
from sarcoid_epi.stats.kaplan_meier import kaplan_meier
from sarcoid_epi.stats.log_rank import log_rank
from sarcoid_epi.stats.risk_table import counted_risk_table, risk_table
from sarcoid_epi.stats.robust_incidence import robust_incidence

SIZES = (1_000, 100_000, 1_000_000)
REPLICATES, PATIENTS, DAYS = 1_000, 1_500, 3_650
R = """
suppressMessages(library(survival))
for (n in c(1e3, 1e5, 1e6)) {
  set.seed(1)
  t <- ceiling(pmin(rexp(n, 1/1500), rexp(n, 1/3000), 3650)); e <- sample(0:2, n, TRUE)
  km <- system.time(survfit(Surv(t, e > 0) ~ 1, conf.type = "log-log"))[["elapsed"]]
  aj <- if (n < 1e6) system.time(survfit(Surv(t, factor(e)) ~ 1))[["elapsed"]] else NA
  cat(n, km, aj, "\n")
}
t <- ceiling(rexp(1500, 1/1500)); e <- sample(0:1, 1500, TRUE); g <- rep(0:1, 750)
cat(system.time(for (i in 1:20) survdiff(Surv(t, e) ~ g))[["elapsed"]] / 20, "\n")
"""


def seconds(call, repeats=3):
    """The fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def rows(n, seed=1):
    """Days and events of two causes."""
    rng = np.random.default_rng(seed)
    time = np.minimum(np.minimum(rng.exponential(1500, n), rng.exponential(3000, n)), DAYS)
    return np.ceil(time), rng.integers(0, 3, n)


def peer():
    """R's seconds: by size Kaplan-Meier and incidence, then one log-rank test; None where R is missing."""
    if shutil.which("Rscript") is None:
        return None
    done = subprocess.run(["Rscript", "--vanilla", "-e", R], capture_output=True, text=True, check=False)
    return [line.split() for line in done.stdout.splitlines()] if done.returncode == 0 else None


def main():
    warnings.simplefilter("ignore")
    theirs = peer()
    head = ("patients", "KM", "lifelines", "R", "CIF", "lifelines", "R", "CIF, robust")
    print("seconds, from rows; at a million the incidence of R and of lifelines is left out\n")
    print("".join(f"{name:>12}" for name in head))
    for k, n in enumerate(SIZES):
        time, event = rows(n)
        ours = seconds(lambda time=time, event=event: kaplan_meier(risk_table(time, event > 0)))
        other = seconds(lambda time=time, event=event: KaplanMeierFitter().fit(time, event > 0), 1)
        incidence = seconds(lambda time=time, event=event: cumulative_incidence(risk_table(time, event)))
        slow = (
            seconds(lambda time=time, event=event: AalenJohansenFitter(seed=1).fit(time, event, 1), 1)
            if n <= 100_000
            else np.nan
        )
        robust = seconds(lambda time=time, event=event: robust_incidence(time, event), 1)
        r = [float(part) if part != "NA" else np.nan for part in theirs[k][1:]] if theirs else [np.nan] * 2
        numbers = (ours, other, r[0], incidence, slow, r[1], robust)
        print(f"{n:>12}" + "".join(f"{number:>12.4f}" for number in numbers))

    rng = np.random.default_rng(2)
    time = np.minimum(np.ceil(rng.exponential(1500, (REPLICATES, PATIENTS))), DAYS)
    event, group = rng.integers(0, 3, time.shape), np.broadcast_to(np.arange(PATIENTS) % 2, time.shape)
    months = np.ceil(time / 30).astype(int)
    last = int(months.max())
    index = np.ravel_multi_index((np.arange(REPLICATES)[:, None], group, event, months - 1), (REPLICATES, 2, 3, last))
    counts = np.bincount(index.ravel(), minlength=REPLICATES * 6 * last).reshape(REPLICATES, 2, 3, last)
    grid = np.arange(1, last + 1)
    codes = np.stack([np.repeat(np.arange(REPLICATES), PATIENTS), group.ravel()])
    print(f"\n{REPLICATES} replicates of {PATIENTS} patients in two groups")
    table = counted_risk_table(grid, counts)
    for name, call in (
        ("risk table and log-rank, monthly counts", lambda: log_rank(counted_risk_table(grid, counts))),
        ("risk table from rows, months", lambda: risk_table(months.ravel(), event.ravel(), group=codes)),
        ("Kaplan-Meier, monthly", lambda: kaplan_meier(table)),
        ("cumulative incidence, monthly", lambda: cumulative_incidence(table)),
        ("Gray's test, monthly", lambda: gray_test(table)),
        (
            "risk table and log-rank, rows in days",
            lambda: log_rank(risk_table(time.ravel(), event.ravel(), group=codes)),
        ),
    ):
        print(f"{name:<44}{seconds(call, 2):>9.3f} s")
    one = seconds(lambda: logrank_test(time[0][::2], time[0][1::2], event[0][::2] > 0, event[0][1::2] > 0))
    print(f"{'lifelines, one log-rank in days x 1000':<44}{one * REPLICATES:>9.3f} s")
    if theirs:
        print(f"{'R survdiff, one in days x 1000':<44}{float(theirs[-1][0]) * REPLICATES:>9.3f} s")
    else:
        print("R or its survival is not here.")


if __name__ == "__main__":
    main()
