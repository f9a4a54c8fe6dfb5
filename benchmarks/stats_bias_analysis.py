"""How fast are a million correlated draws of a bias analysis, beside the obvious scipy? Prints; asserts nothing.

Run: python benchmarks/stats_bias_analysis.py
"""

from time import perf_counter

import numpy as np
from scipy import stats

from sarcoid_epi.stats.bias_analysis import record_level, summary_level
from sarcoid_epi.stats.draws import beta_quantile, correlated

DRAWS = 1_000_000
X, N, SE, SP, R = 60, 500, (18, 2), (190, 2), 0.5


def seconds(call, repeats=3):
    """The fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def ours(u):
    first, second = correlated(u[0], u[1], R)
    answer = summary_level(X, N, beta_quantile(*SE, first), beta_quantile(*SP, second), u[2])
    return [answer.low, answer.high, answer.total_low, answer.total_high]


def obvious(u):
    """The same numbers with scipy.stats and numpy's percentiles."""
    z = stats.norm.ppf(u[:2])
    se = stats.beta.ppf(u[0], *SE)
    sp = stats.beta.ppf(stats.norm.cdf(R * z[0] + np.sqrt(1 - R**2) * z[1]), *SP)
    middle, apparent = (stats.beta.ppf(at, X + 0.5, N - X + 0.5) for at in (0.5, u[2]))
    limits = []
    for share in (middle, apparent):
        true = (share + sp - 1) / (se + sp - 1)
        limits += [*np.percentile(true[(true >= 0) & (true <= 1) & (se + sp > 1)], [2.5, 97.5])]
    return limits


def main():
    rng = np.random.default_rng(1)
    u = rng.random((3, DRAWS))
    fast, slow = seconds(lambda: ours(u)), seconds(lambda: obvious(u), repeats=1)
    off = np.abs(np.array(ours(u)) - obvious(u)).max()
    print(f"{DRAWS:,} draws of correlated sensitivity and specificity, with systematic- and total-error limits")
    print(f"{'ours':<34}{fast:>9.2f} s")
    print(f"{'scipy.stats and np.percentile':<34}{slow:>9.2f} s   {slow / fast:.0f} times ours; {off:.0e} apart")
    w = rng.random((100_000, 7))
    se, sp = beta_quantile(*SE, u[0, :100_000])[:, None], beta_quantile(*SP, u[1, :100_000])[:, None]
    table = [[160, 40], [120, 80]]
    records = seconds(lambda: record_level(table, [False, True], se, sp, w))
    print(f"{'100,000 record-level draws, 2 x 2':<34}{records:>9.2f} s")
    x = rng.integers(20, 100, 1000)
    v, few = rng.random((1000, 2000)), (u[0, :2000], u[1, :2000])
    belief = beta_quantile(*SE, few[0]), beta_quantile(*SP, few[1])
    print(f"{'1,000 groups of 2,000 draws':<34}{seconds(lambda: summary_level(x, N, *belief, v)):>9.2f} s")


if __name__ == "__main__":
    main()
