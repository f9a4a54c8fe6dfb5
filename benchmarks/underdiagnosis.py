"""Speed of everything that answers underdiagnosis, each beside its peer or its limit, in one run. Asserts nothing.

Run: python benchmarks/underdiagnosis.py
"""

import resource
import runpy
from pathlib import Path
from time import perf_counter

import numpy as np

from sarcoid_epi.estimators import CATALOGUE
from sarcoid_epi.estimators.joint import joint
from sarcoid_epi.estimators.synthesis import published_series
from sarcoid_epi.gathering import gathered
from sarcoid_epi.scenario import load_belief, load_prior
from sarcoid_epi.strata import FLAG, TallyStrata

HERE = Path(__file__).parent
PEERS = ("stats_one_test", "stats_bias_analysis", "stats_log_linear", "stats_modality", "stats_latent_class")
GROUPS = 1_000


def replicates():
    """A thousand cohorts of 2 000 as counts: on record, sources, scans and substudy drawn independently."""
    rng = np.random.default_rng(1)
    flags = {"osseous_recorded": 0.03, "on_clinic_list": 0.02, "in_radiology_text": 0.03, "in_codes": 0.02}
    flags |= {"reading_substudy": 0.1, "lofgren_broad": 0.15, "reading_fdg_pet": 0.14}
    levels = {"substudy_stratum": ("low", "high")} | dict.fromkeys(flags, FLAG)
    chances = np.array([0.7, 0.3])
    for share in flags.values():
        chances = np.multiply.outer(chances, [1 - share, share])
    counts = rng.multinomial(2_000, chances.ravel(), GROUPS).reshape(GROUPS, *chances.shape)
    return TallyStrata(tuple(map(str, range(GROUPS))), tuple(levels.items()), counts)


def main():
    for peer in PEERS:
        runpy.run_path(str(HERE / f"{peer}.py"), run_name="__main__")
        print()
    series = published_series(gathered().strata().table("study", "met", "looked", "tally")[0])
    start = perf_counter()
    answer = joint(series, load_prior("open"))
    taken = perf_counter() - start
    print(f"joint synthesis of ten series   {taken:8.2f} s    limit 30 s; worth {answer.effective:.0f} draws")
    print(f"\n{GROUPS} cohorts of 2 000 patients as counts, one call")
    strata, belief = replicates(), load_belief("clinical")
    for estimator in CATALOGUE:
        if estimator.question == "underdiagnosis":
            start = perf_counter()
            estimator(strata, belief) if estimator.believes else estimator(strata)
            taken = perf_counter() - start
            print(f"{estimator.name:<28}{1e3 * taken:>9.0f} ms {GROUPS / taken:>12.0f} cohorts/s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


if __name__ == "__main__":
    main()
