"""How fast are all log-linear models of four lists: one table, a loop, a batch, and R's glm? Prints; asserts nothing.

Run: python benchmarks/stats_log_linear.py
"""

import shutil
import subprocess
from time import perf_counter

import numpy as np

from sarcoid_epi.stats.log_linear import log_linear
from sarcoid_epi.stats.marginal_cone import hierarchical_models

GROUPS = 1_000
DIABETES = [709, 74, 104, 182, 650, 20, 157, 10, 12, 7, 18, 8, 46, 14, 58]
GLM = """
h <- as.data.frame(t(sapply(1:15, function(cell) bitwAnd(cell, 2^(0:3)) > 0)) * 1)
names(h) <- c("A", "B", "C", "D")
h$y <- c({counts})
formulas <- lapply(strsplit("{formulas}", ";")[[1]], as.formula)
fit <- function() for (f in formulas) glm(f, family = poisson, data = h)
fit()
cat(system.time(for (i in 1:5) fit())[["elapsed"]] / 5)
"""


def seconds(call, repeats=5):
    """The fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def glm_seconds():
    """The same models by R's glm, without R's own start; None where R is missing."""
    if shutil.which("Rscript") is None:
        return None
    terms = [model.name[1:-1].split("][") for model in hierarchical_models(4)]
    formulas = ["y ~ " + " + ".join("*".join(term) for term in model) for model in terms]
    script = GLM.format(counts=", ".join(map(str, DIABETES)), formulas=";".join(formulas))
    done = subprocess.run(["Rscript", "--vanilla", "-e", script], capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


def main():
    rng = np.random.default_rng(1)
    listed = rng.random((GROUPS, 500, 4)) < [0.3, 0.2, 0.4, 0.25]
    cells = (listed << np.arange(4)).sum(-1)
    tables = np.stack([np.bincount(row, minlength=16)[1:] for row in cells])
    sparse = tables.copy()
    sparse[:, [2, 6, 10, 14]] = 0
    first = seconds(lambda: log_linear(sparse[0]), repeats=1)
    one, one_sparse = (seconds(lambda table=table: log_linear(table), repeats=20) for table in (DIABETES, sparse[0]))
    batch, batch_sparse = (seconds(lambda some=some: log_linear(some), repeats=1) for some in (tables, sparse))
    peer = glm_seconds()
    print("all 113 hierarchical models of four lists, existence, averages and profile limits of the best")
    print(f"{'one table':<44}{one * 1e3:>9.1f} ms")
    print(
        f"{'one table with empty cells':<44}{one_sparse * 1e3:>9.1f} ms   the first time {first * 1e3:.0f} ms (facets)"
    )
    print(f"{f'{GROUPS} tables in one call':<44}{batch:>9.2f} s    {one * GROUPS / batch:.0f} times faster than a loop")
    print(f"{f'{GROUPS} tables with empty cells in one call':<44}{batch_sparse:>9.2f} s")
    if peer is None:
        print("glm is not here: R is not installed, so there is nothing to compare with.")
    else:
        print(f"{'one table by glm, the fits alone':<44}{peer * 1e3:>9.1f} ms   {peer / one:.1f} times ours")


if __name__ == "__main__":
    main()
