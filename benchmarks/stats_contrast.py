"""How fast are contrasts of two groups: 100 000 tables at once, and shifts of many patients? Prints; asserts nothing.

Beside statsmodels in a loop (its Miettinen-Nurminen limits of a difference are wrong and are not used by us; its time
is told all the same) and R's fisher.test and wilcox.test. Run: python benchmarks/stats_contrast.py
"""

import shutil
import subprocess
from time import perf_counter

import numpy as np
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import confint_proportions_2indep

from sarcoid_epi.stats.cosinor import cosinor
from sarcoid_epi.stats.exact_odds_ratio import exact_odds_ratio
from sarcoid_epi.stats.location import hodges_lehmann
from sarcoid_epi.stats.mantel_haenszel import breslow_day, mantel_haenszel_odds_ratio
from sarcoid_epi.stats.odds_ratio import score_odds_ratio
from sarcoid_epi.stats.proportional_odds import proportional_odds
from sarcoid_epi.stats.risk_difference import newcombe_difference, score_difference
from sarcoid_epi.stats.risk_ratio import score_ratio

TABLES = 100_000
LOOPED = 200
FISHER = """
x <- matrix(as.integer(c({cells})), ncol = 4, byrow = TRUE)
cat(system.time(for (i in seq_len(nrow(x))) fisher.test(matrix(x[i, ], 2)))[["elapsed"]] / nrow(x))
"""
WILCOX = "set.seed(1); x <- rnorm({n}) + 0.1; y <- rnorm({n}); \
cat(system.time(wilcox.test(x, y, conf.int = TRUE, exact = FALSE))[['elapsed']])"


def seconds(call, repeats=3):
    """The fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def r_seconds(script):
    """What R says it took, without its own start; None where R is missing or gives up."""
    if shutil.which("Rscript") is None:
        return None
    done = subprocess.run(["Rscript", "--vanilla", "-e", script], capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


def line(name, mine, peer=None, peer_name=""):
    told = f"{name:<46}{mine:>9.3f} s"
    if peer is not None:
        told += f"   {peer_name} {peer:.3g} s, {peer / mine:.0f} times"
    print(told)


def main():
    rng = np.random.default_rng(1)
    n1, n0 = rng.integers(20, 500, (2, TABLES))
    x1, x0 = rng.binomial(n1, 0.3), rng.binomial(n0, 0.2)
    few = list(zip(x1[:LOOPED], n1[:LOOPED], x0[:LOOPED], n0[:LOOPED], strict=True))

    refused = {}

    def limits(table, compare, method):
        try:
            confint_proportions_2indep(*table, compare=compare, method=method)
        except ValueError:  # its root search finds no bracket
            refused[compare] = refused.get(compare, 0) + 1

    def loop(compare, method):
        return seconds(lambda: [limits(table, compare, method) for table in few], 1) * TABLES / LOOPED

    print(f"{TABLES} tables of 20 to 500 patients a group; peers by {LOOPED} tables, scaled up")
    tables = x1, n1, x0, n0
    for name, method, compare, theirs in (
        ("score limits, difference", score_difference, "diff", "score"),
        ("Newcombe limits, difference", newcombe_difference, "diff", "newcomb"),
        ("score limits, ratio", score_ratio, "ratio", "score"),
        ("score limits, odds ratio", score_odds_ratio, "odds-ratio", "score"),
    ):
        line(name, seconds(lambda method=method: method(*tables)), loop(compare, theirs), "statsmodels")
    print(f"of {LOOPED} tables statsmodels gives no score limits for {refused}")
    cells = ", ".join(str(v) for a, m, c, n in few for v in (a, m - a, c, n - c))
    peer = r_seconds(FISHER.format(cells=cells))
    line("exact and mid-p odds ratio, three p values", seconds(lambda: exact_odds_ratio(*tables), 1),
         None if peer is None else peer * TABLES, "fisher.test")  # fmt: skip

    strata = [part[:80_000].reshape(-1, 8) for part in tables]
    arrays = [
        np.array([[a, m - a], [c, n - c]], dtype=float)
        for a, m, c, n in zip(*(part[:50] for part in strata), strict=True)
    ]

    def stratified():
        for array in arrays:
            table = StratifiedTable(array)
            table.oddsratio_pooled_confint()
            table.test_equal_odds(adjust=True)

    line("10 000 times 8 strata, pooled odds ratio and test",
         seconds(lambda: (mantel_haenszel_odds_ratio(*strata), breslow_day(*strata))), seconds(stratified, 1) * 200,
         "statsmodels")  # fmt: skip
    one, two = rng.multinomial(200, [0.1, 0.3, 0.3, 0.3], (2, 10_000))
    line("10 000 proportional odds models", seconds(lambda: proportional_odds(one, two)))
    year = rng.multinomial(300, np.full(12, 1 / 12), 10_000)
    line("10 000 yearly waves", seconds(lambda: cosinor(year, np.ones(12))))
    for n in (1_000, 10_000, 100_000, 500_000):
        x, y = rng.normal(0.1, 1, n), rng.normal(size=n)
        peer = r_seconds(WILCOX.format(n=n)) if n <= 100_000 else None
        line(
            f"Hodges-Lehmann, {n} patients a group", seconds(lambda x=x, y=y: hodges_lehmann(x, y)), peer, "wilcox.test"
        )


if __name__ == "__main__":
    main()
