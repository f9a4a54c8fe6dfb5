"""Rows per second of the generator beside the bare cost of its uniforms, for a full table and for a few columns."""

import time
from collections.abc import Callable

from sarcoid_epi.cohort import calibrate, generate, replicates
from sarcoid_epi.cohort.node import ancestors
from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.scenario import load_design, load_world
from sarcoid_epi.streams import uniforms
from sarcoid_epi.vocabulary import PATIENT_BY_NAME

ROWS = 500_000


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    world, design = load_world("evidence"), load_design("incident_clinic")
    print(f"calibration: {seconds(lambda: calibrate(world, design)):.2f} s")
    print(f"{'request':28}{'rows/s':>12}{'x bare uniforms':>18}")
    few = ["sex", "lung", "osseous_recorded", "hypercalcaemia"]
    requests = {
        "full tables": (list(PATIENT_BY_NAME), lambda: generate(world, design, ROWS, 1)),
        "four columns, as arrays": (few, lambda: replicates(world, design, 50_000, ROWS // 50_000, 1, few)),
    }
    for name, (columns, work) in requests.items():
        drawn = [node.name for node in ancestors(NODES, columns) if node.stochastic]
        bare = seconds(lambda drawn=drawn: [uniforms(1, variable, 0, ROWS) for variable in drawn])
        spent = seconds(work)
        print(f"{name:28}{ROWS / spent:12,.0f}{spent / bare:18.1f}")


if __name__ == "__main__":
    main()
