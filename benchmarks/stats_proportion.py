"""How fast are the limits of one proportion, beside statsmodels? Prints a table; asserts nothing.

Run: python benchmarks/stats_proportion.py
"""

from time import perf_counter

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from sarcoid_epi.stats import proportion

GROUPS = 10_000
PEER = {"wilson": "wilson", "clopper_pearson": "beta", "jeffreys": "jeffreys", "agresti_coull": "agresti_coull"}
METHODS = (*PEER, "mid_p", "likelihood_ratio", "blaker")


def seconds(call, repeats=5):
    """The fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return min(times)


def one_by_one(events, n, method):
    """statsmodels called once a group."""
    return [proportion_confint(int(x), int(m), 0.05, method) for x, m in zip(events, n, strict=True)]


def main():
    rng = np.random.default_rng(1)
    n = rng.integers(1, 5_000, GROUPS)
    events = rng.binomial(n, 0.05)
    print(f"{GROUPS} groups, n up to 5000, p = 0.05; milliseconds, and how many times ours")
    print(f"{'method':<18}{'ours':>9}{'statsmodels':>13}{'ratio':>8}{'its loop':>11}{'ratio':>8}")
    for name in METHODS:
        method = getattr(proportion, name)
        ours = seconds(lambda method=method: method(events, n))
        line = f"{name:<18}{ours * 1e3:>9.2f}"
        if name in PEER:
            whole = seconds(lambda name=name: proportion_confint(events, n, 0.05, PEER[name]))
            loop = 20 * seconds(lambda name=name: one_by_one(events[::20], n[::20], PEER[name]), repeats=1)
            line += f"{whole * 1e3:>13.2f}{whole / ours:>8.1f}{loop * 1e3:>11.0f}{loop / ours:>8.0f}"
        print(line)
    print("statsmodels has no mid-p, likelihood-ratio or Blaker limits.")


if __name__ == "__main__":
    main()
