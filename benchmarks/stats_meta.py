"""How fast is the binomial-normal model: one fit, a loop, a batch, and metafor? Prints; asserts nothing.

Run: python benchmarks/stats_meta.py
"""

import shutil
import subprocess
from time import perf_counter

import numpy as np
from scipy.special import expit

from sarcoid_epi.stats.meta import binomial_normal

GROUPS = 1_000
N = np.array([736, 300, 90, 120, 45, 400, 210, 88, 60, 150, 77, 333, 1000, 54])
METAFOR = """
suppressMessages(library(metafor))
n <- c({n}); x <- c({x})
fit <- function() suppressWarnings(rma.glmm(xi = x, ni = n, measure = "PLO", nAGQ = 25))
invisible(fit())
cat(system.time(for (i in 1:20) fit())[["elapsed"]] / 20)
"""


def seconds(call, repeats=5):
    """The fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def metafor_seconds(events):
    """One fit by metafor, without R's own start; None where R or metafor is missing."""
    if shutil.which("Rscript") is None:
        return None
    script = METAFOR.format(n=", ".join(map(str, N)), x=", ".join(map(str, events)))
    done = subprocess.run(["Rscript", "--vanilla", "-e", script], capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


def main():
    rng = np.random.default_rng(1)
    events = rng.binomial(N, expit(-3 + 0.8 * rng.standard_normal((GROUPS, N.size))))
    one = seconds(lambda: binomial_normal(events[0], N), repeats=20)
    loop = seconds(lambda: [binomial_normal(row, N) for row in events], repeats=1)
    batch = seconds(lambda: binomial_normal(events, N))
    peer = metafor_seconds(events[0])
    print(f"binomial-normal model, {N.size} studies")
    print(f"{'one fit':<34}{one * 1e3:>9.2f} ms")
    print(f"{GROUPS} fits in a loop{'':<16}{loop * 1e3:>9.0f} ms")
    print(f"{GROUPS} fits in one call{'':<14}{batch * 1e3:>9.0f} ms   {loop / batch:.0f} times faster than the loop")
    if peer is None:
        print("metafor is not here: R, metafor or lme4 is not installed, so there is nothing to compare with.")
    else:
        print(f"{'one fit by metafor::rma.glmm':<34}{peer * 1e3:>9.2f} ms   {peer / one:.0f} times ours")


if __name__ == "__main__":
    main()
