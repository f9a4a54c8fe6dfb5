"""How fast is the posterior of one test: one, a batch, and R's prevalence with JAGS? Prints; asserts nothing.

Run: python benchmarks/stats_one_test.py
"""

import shutil
import subprocess
from time import perf_counter

import numpy as np

from sarcoid_epi.stats.melded import rogan_gladen_melded
from sarcoid_epi.stats.one_test import one_test_posterior
from sarcoid_epi.stats.prior import beta

PRIORS = beta(81, 21), beta(191, 11)
JAGS = """
suppressMessages(library(prevalence))
run <- function() truePrev(60, 500, SE = ~dbeta(81, 21), SP = ~dbeta(191, 11))
invisible(run())
cat(system.time(fit <- run())[["elapsed"]], sd(sapply(1:10, function(i) mean(unlist(run()@mcmc$TP)))))
"""


def seconds(call, repeats=5):
    """The fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def jags():
    """Seconds of one default run without R's own start, and the Monte Carlo error of its mean; None without R."""
    if shutil.which("Rscript") is None:
        return None
    done = subprocess.run(["Rscript", "--vanilla", "-e", JAGS], capture_output=True, text=True, check=False)
    return [float(each) for each in done.stdout.split()[-2:]] if done.returncode == 0 else None


def main():
    one = seconds(lambda: one_test_posterior(60, 500, *PRIORS), repeats=20)
    batch = seconds(lambda: one_test_posterior(np.arange(1000), 2000, *PRIORS), repeats=1)
    repeated = np.random.default_rng(1).binomial(500, 0.12, 1000)
    replicates = seconds(lambda: one_test_posterior(repeated, 500, *PRIORS), repeats=1)
    print("posterior of prevalence, sensitivity, specificity, undetected share and predictive value")
    print(f"{'one':<40}{one * 1e3:>9.1f} ms")
    print(f"{'1000 groups, all counts different':<40}{batch * 1e3:>9.0f} ms")
    print(f"{'1000 replicates, ' + str(np.unique(repeated).size) + ' different counts':<40}{replicates * 1e3:>9.0f} ms")
    melded = seconds(lambda: rogan_gladen_melded(60, 500, 80, 100, 190, 200), repeats=20)
    print(f"{'melded limits, one':<40}{melded * 1e3:>9.1f} ms")
    peer = jags()
    if peer is None:
        print("prevalence is not here: R, JAGS or the package is not installed, so there is nothing to compare with.")
    else:
        print(f"{'one by prevalence::truePrev, defaults':<40}{peer[0] * 1e3:>9.1f} ms   {peer[0] / one:.1f} times ours")
        print(f"the mean of its prevalence has a Monte Carlo error of {peer[1]:.1g}, ours none")


if __name__ == "__main__":
    main()
