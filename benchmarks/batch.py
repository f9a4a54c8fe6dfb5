"""A thousand replicates at once beside the loop over them, for every estimator; time and peak memory in one run."""

import time
import tracemalloc
from collections.abc import Callable

import numpy as np

from sarcoid_epi.cohort import replicates
from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.scenario import load_belief, load_design, load_world
from sarcoid_epi.strata import TallyStrata, replicated, whole
from sarcoid_epi.vocabulary import ORGANS

REPLICATES, SIZE = 1000, 300


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    belief = load_belief("clinical")
    columns = [*ORGANS, "sex", "osseous_recorded", "hypercalcaemia", "age_at_diagnosis"]
    cohorts = replicated(
        replicates(load_world("evidence"), load_design("tertiary_records"), SIZE, REPLICATES, 1, columns)
    )
    rng = np.random.default_rng(1)
    n = rng.integers(50, 500, (REPLICATES, 8))
    yes = rng.binomial(n, 0.05)
    axes = (("study", tuple("abcdefgh")), ("osseous_recorded", ("no", "yes")))
    series = TallyStrata(cohorts.labels, axes, np.stack([n - yes, yes], axis=-1))

    print(f"{REPLICATES} replicates of {SIZE} patients (series: 8 studies)")
    print(f"{'estimator':24}{'at once, s':>12}{'loop, s':>12}{'ratio':>8}{'peak, MB':>10}")
    for estimator in CATALOGUE:
        extra = (belief,) if estimator.believes else ()
        batch = series if estimator.takes == "series" else cohorts
        if estimator.takes == "series":
            ones = [TallyStrata((label,), axes, series.counts[g][None]) for g, label in enumerate(series.labels)]
        else:
            ones = [whole(frame) for frame in cohorts.frames()]
        estimator(batch, *extra)
        at_once = min(seconds(lambda e=estimator, b=batch, x=extra: e(b, *x)) for _ in range(3))
        loop = seconds(lambda e=estimator, o=ones, x=extra: [e(one, *x) for one in o])
        tracemalloc.start()
        estimator(batch, *extra)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        print(f"{estimator.name:24}{at_once:12.4f}{loop:12.3f}{loop / at_once:8.0f}{peak:10.1f}")


if __name__ == "__main__":
    main()
