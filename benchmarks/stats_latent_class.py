"""How fast is the two-class model of three tests: one fit, a loop, a batch, and optim in R? Prints; asserts nothing.

Run: python benchmarks/stats_latent_class.py
"""

import shutil
import subprocess
from time import perf_counter

import numpy as np

from sarcoid_epi.stats.hui_walter import hui_walter
from sarcoid_epi.stats.hui_walter_bayes import hui_walter_posterior
from sarcoid_epi.stats.latent_class import latent_class, latent_class_random_effect
from sarcoid_epi.stats.two_classes import patterns

GROUPS = 1_000
SENSITIVITY, SPECIFICITY = np.array([0.8, 0.7, 0.9]), np.array([0.95, 0.9, 0.97])
R = """
n <- c({n}); y <- as.matrix(expand.grid(0:1, 0:1, 0:1))[, 3:1]
cells <- function(p) as.numeric(exp(y %*% log(p) + (1 - y) %*% log1p(-p)))
loss <- function(par) {{ p <- plogis(par); -sum(n * log(p[1] * cells(p[5:7]) + (1 - p[1]) * cells(p[2:4]))) }}
fit <- function() for (pi in c(.05, .2, .5, .8, .1, .15, .3))
  optim(qlogis(c(pi, .1, .1, .1, .8, .8, .8)), loss, method = "BFGS", hessian = TRUE)
invisible(fit())
cat(system.time(for (i in 1:20) fit())[["elapsed"]] / 20)
"""


def seconds(call, repeats=3):
    """The fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def r_seconds(counts):
    """Seven starts of optim, without R's own start; None where R is missing."""
    if shutil.which("Rscript") is None:
        return None
    script = R.format(n=", ".join(map(str, counts)))
    done = subprocess.run(["Rscript", "--vanilla", "-e", script], capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


def tables(tests, size, rng, prevalence=0.15):
    result = patterns(tests)
    se, sp = np.resize(SENSITIVITY, tests), np.resize(SPECIFICITY, tests)
    one, nought = np.where(result == 1, se, 1 - se).prod(-1), np.where(result == 1, 1 - sp, sp).prod(-1)
    return rng.multinomial(size, prevalence * one + (1 - prevalence) * nought, GROUPS)


def main():
    rng = np.random.default_rng(1)
    three, four = tables(3, 2000, rng), tables(4, 2000, rng)
    one = seconds(lambda: latent_class(three[0]), repeats=10)
    loop = seconds(lambda: [latent_class(row) for row in three], repeats=1)
    batch = seconds(lambda: latent_class(three))
    peer = r_seconds(three[0])
    print("two classes, three tests, seven starts")
    print(f"{'one fit':<42}{one * 1e3:>9.2f} ms")
    print(f"{GROUPS} fits in a loop{'':<24}{loop * 1e3:>9.0f} ms")
    print(f"{GROUPS} fits in one call{'':<22}{batch * 1e3:>9.0f} ms   {loop / batch:.0f} times faster than the loop")
    if peer is None:
        print("R is not here, so there is nothing to compare with.")
    else:
        print(f"{'one fit, seven starts of optim in R':<42}{peer * 1e3:>9.2f} ms   {peer / one:.0f} times ours")
    effect = seconds(lambda: latent_class_random_effect(four[:100]), repeats=1)
    print(f"{'100 fits with a random effect, four tests':<42}{effect * 1e3:>9.0f} ms")
    two = np.stack([tables(2, 500, rng), tables(2, 500, rng, 0.5)], axis=1).reshape(GROUPS, 2, 2, 2)
    print(f"{GROUPS} Hui-Walter fits in one call{'':<11}{seconds(lambda: hui_walter(two)) * 1e3:>9.0f} ms")
    posterior = seconds(lambda: hui_walter_posterior(two[:100], 1, 1, 8, 2, 18, 2), repeats=1)
    print(f"{'100 posteriors of two populations':<42}{posterior * 1e3:>9.0f} ms")


if __name__ == "__main__":
    main()
