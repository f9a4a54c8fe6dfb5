"""Speed of the generator: beside the bare cost of its uniforms, beside a naive script, and as it grows, with memory."""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from naive import forty_columns

from sarcoid_epi.cohort import calibrate, generate
from sarcoid_epi.cohort.calibration import reference_population
from sarcoid_epi.cohort.generator import Recipe, entrants, wanted_columns
from sarcoid_epi.cohort.node import ancestors
from sarcoid_epi.cohort.steps import NODES
from sarcoid_epi.scenario import load_design, load_world
from sarcoid_epi.streams import uniforms

ROWS = 1_000_000
BLOCK = 2**16

FORTY = [
    "patient_id", "centre", "sex", "ancestry", "age_at_onset", "age_at_diagnosis", "onset_date", "diagnosis_date",
    "years_since_diagnosis", "incidental_finding", "erythema_nodosum", "ankle_periarthritis", "arthritis", "fever",
    "cough", "scadding_stage", "bilateral_hilar_lymphadenopathy", "lofgren_broad", "lung", "skin", "eye", "liver",
    "spleen", "heart", "nervous_system", "n_organs", "lupus_pernio", "extrathoracic_nodes", "chronic_back_pain",
    "musculoskeletal", "systemic_therapy", "bone_pain", "imaging_fdg_pet", "reading_fdg_pet", "osseous_grade",
    "osseous_recorded", "hypercalcaemia", "hypercalciuria", "remission", "remission_years",
]  # fmt: skip

WORLD, DESIGN = load_world("evidence"), load_design("incident_clinic")


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def best(work: Callable[[], object], times: int = 3) -> float:
    return min(seconds(work) for _ in range(times))


def bare(columns: list[str]) -> tuple[int, float]:
    """How many uniforms a row of these columns spends, and the time to draw so many and do nothing with them."""
    drawn = [node.name for node in ancestors(NODES, [*columns, "enters"]) if node.stochastic]
    blocks = range(0, ROWS, BLOCK)
    return len(drawn), best(lambda: [uniforms(1, name, first, BLOCK) for first in blocks for name in drawn])


def arrays(columns: list[str]) -> None:
    recipe = Recipe(WORLD, DESIGN, calibrate(WORLD, DESIGN).intercepts, NODES)
    for _ in entrants(recipe, 1, columns, range(ROWS), block=BLOCK):
        pass


def requests() -> None:
    print(f"\n{'request':26}{'columns':>9}{'uniforms':>10}{'rows/s':>12}{'x bare draws':>14}{'frames, rows/s':>16}")
    everything = list(wanted_columns(None))
    for name, columns in {"all columns": everything, "forty columns": FORTY}.items():
        spends, drawing = bare(columns)
        made = best(lambda columns=columns: arrays(columns))
        frames = seconds(lambda columns=columns: generate(WORLD, DESIGN, ROWS, 1, columns=columns))
        print(f"{name:26}{len(columns):9}{spends:10}{ROWS / made:12,.0f}{made / drawing:14.1f}{ROWS / frames:16,.0f}")
    naive = seconds(lambda: forty_columns(ROWS, 1))
    print(f"{'forty columns, naive':26}{len(FORTY):9}{'':10}{'':12}{'':14}{ROWS / naive:16,.0f}")


def growth() -> None:
    """Forty columns to Parquet, each size in a process of its own, with the largest resident memory of any of them."""
    print(f"\n{'patients to Parquet':>20}{'workers':>9}{'seconds':>9}{'rows/s':>12}{'peak MB, one process':>22}")
    for size in (10_000, 100_000, 1_000_000, 10_000_000):
        for workers in (1, 2):
            took, peak = subprocess.check_output([sys.executable, __file__, str(size), str(workers)], text=True).split()
            print(f"{size:20,}{workers:9}{float(took):9.1f}{size / float(took):12,.0f}{int(peak) // 1024:22}")


def written(size: int, workers: int) -> None:
    """Prints the seconds and the peak memory (kB) of writing a cohort; start-up and calibration are counted."""
    from sarcoid_epi import api

    with tempfile.TemporaryDirectory() as folder:
        took = seconds(
            lambda: api.write(
                f"{folder}/cohort", "evidence", "incident_clinic", size=size, seed=1, columns=FORTY, workers=workers
            )
        )
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    print(took, max(resource.getrusage(who).ru_maxrss for who in whose))


def main() -> None:
    growth()  # first, while this process is small: a child's peak memory counts from its parent's size
    print(f"\nreference population: {seconds(reference_population):.2f} s")
    print(f"calibration of a world and a design: {seconds(lambda: calibrate(WORLD, DESIGN)):.2f} s")
    print(f"of another design: {seconds(lambda: calibrate(WORLD, load_design('pet_series'))):.2f} s")
    requests()


if __name__ == "__main__":
    written(int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) == 3 else main()
