"""How fast is the modality model: one fit, a batch, metafor (plain model) and JAGS? Prints; asserts nothing.

Run: python benchmarks/stats_modality.py
"""

import shutil
import subprocess
from time import perf_counter

import numpy as np

from sarcoid_epi.stats.modality import modality_model

GROUPS = 64
N = np.array([736, 300, 90, 120, 45, 400, 210, 88, 60, 150, 77, 333, 1000, 54])
EVENTS = np.array([38, 47, 15, 20, 3, 24, 22, 10, 4, 14, 9, 30, 58, 6])
BY = np.arange(14) % 4
BELIEFS = ([0.3, 0.6, 0.8, 0.9], [20, 30, 40, 30], [0.99, 0.98, 0.99, 0.97], [200, 200, 300, 100])
PEERS = """
n <- c({n}); x <- c({x}); by <- rep(1:4, length.out = 14)
v <- c(0.3, 0.6, 0.8, 0.9); w <- c(20, 30, 40, 30); s <- c(0.99, 0.98, 0.99, 0.97); k <- c(200, 200, 300, 100)
suppressMessages({{library(metafor); library(rjags)}})
fit <- function() suppressWarnings(rma.glmm(xi = x, ni = n, measure = "PLO", nAGQ = 25))
invisible(fit())
cat(system.time(for (i in 1:20) fit())[["elapsed"]] / 20, "")
model <- "model {{
  for (k in 1:14) {{ x[k] ~ dbin(f[by[k]] + (se[by[k]] - f[by[k]]) * p[k], n[k]); logit(p[k]) <- eta[k]
    eta[k] ~ dnorm(mu, pow(tau, -2)) }}
  for (m in 1:4) {{ se[m] ~ dbeta(a[m], b[m]); sp[m] ~ dbeta(c[m], d[m]); f[m] <- 1 - sp[m] }}
  share ~ dunif(0, 1); mu <- logit(share); tau ~ dnorm(0, 0.25) T(0, ) }}"
data <- list(x = x, n = n, by = by, a = v * w, b = (1 - v) * w, c = s * k, d = (1 - s) * k)
run <- function() {{
  fit <- jags.model(textConnection(model), data, list(share = 0.1, tau = 0.5), n.adapt = 1000, quiet = TRUE)
  coda.samples(fit, c("share", "se"), 20000, progress.bar = "none")
}}
cat(system.time(draws <- run())[["elapsed"]], "")
cat(coda::effectiveSize(draws)[["share"]])
"""


def seconds(call, repeats=5):
    """The fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def peers():
    """Seconds of metafor and of 20 000 iterations of JAGS, and their effective number; None where R is missing."""
    if shutil.which("Rscript") is None:
        return None
    script = PEERS.format(n=", ".join(map(str, N)), x=", ".join(map(str, EVENTS)))
    done = subprocess.run(["Rscript", "--vanilla", "-e", script], capture_output=True, text=True, check=False)
    return [float(each) for each in done.stdout.split()] if done.returncode == 0 else None


def main():
    rng = np.random.default_rng(1)
    many = rng.binomial(N, EVENTS / N, (GROUPS, N.size))
    one = seconds(lambda: modality_model(EVENTS, N, BY, *BELIEFS), repeats=20)
    known = seconds(lambda: modality_model(EVENTS, N, BY, BELIEFS[0], np.inf, BELIEFS[2], np.inf), repeats=20)
    vague = seconds(lambda: modality_model(EVENTS, N, BY, [0.5] * 4, 2, [0.99] * 4, 200))
    batch = seconds(lambda: modality_model(many, N, BY, *BELIEFS), repeats=1)
    print(f"modality model, {N.size} series, four modalities")
    print(f"{'one fit with its posterior':<40}{one * 1e3:>9.1f} ms")
    print(f"{'Se and Sp known':<40}{known * 1e3:>9.1f} ms")
    print(f"{'uniform beliefs about Se':<40}{vague * 1e3:>9.1f} ms")
    print(f"{f'{GROUPS} fits in one call, each':<40}{batch / GROUPS * 1e3:>9.1f} ms")
    found = peers()
    if found is None:
        print("R, metafor or rjags is not here: nothing to compare with.")
    else:
        print(f"{'metafor::rma.glmm, plain model':<40}{found[0] * 1e3:>9.1f} ms")
        print(f"{'JAGS, 20 000 iterations':<40}{found[1] * 1e3:>9.1f} ms   worth {found[2]:.0f} independent draws")


if __name__ == "__main__":
    main()
