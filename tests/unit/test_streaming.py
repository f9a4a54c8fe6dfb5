"""A cohort on disk is a function of its order alone: not of blocks, workers or interrupts on the way."""

import random
import subprocess
import sys
import time
import tomllib
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from sarcoid_epi.cohort import calibrate, generate, parts, streaming, writing
from sarcoid_epi.cohort.parts import Job, Order, due
from sarcoid_epi.cohort.storage import made_here, write_cohort
from sarcoid_epi.cohort.streaming import stream_cohort
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.files import digest, every_file
from sarcoid_epi.patients import read_patients
from sarcoid_epi.scenario import load_design, load_world

WORLD = load_world("evidence")
TERTIARY, CLINIC = load_design("tertiary_records"), load_design("incident_clinic")
PART = 8192


def order(design=TERTIARY, size=7000, seed=3, **others):
    return Order(WORLD, design, size, seed, **{"part": PART, **others})


def everything(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in every_file(folder)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A cohort of four parts, made without an interrupt."""
    out = tmp_path_factory.mktemp("whole") / "c"
    stream_cohort(order(csv=True), out)
    return out


def test_a_large_cohort_is_folders_of_parts_and_each_has_its_hash_in_the_certificate(whole):
    certificate = tomllib.loads((whole / "certificate.toml").read_text(encoding="utf-8"))
    numbers = range(4)
    tables = [f"{table}.parquet/part-0000{number}.parquet" for table in ("patients", "truth") for number in numbers]
    assert list(certificate["sha256"]) == [*tables, "patients.csv"]
    assert {*certificate["sha256"], "certificate.toml"} == set(every_file(whole)) == made_here(whole)
    assert certificate["sha256"] == {name: digest(whole / name) for name in certificate["sha256"]}
    assert certificate["cohort"]["size"] == 7000
    assert [path.name for path in whole.parent.iterdir()] == ["c"]


def test_a_part_that_somebody_changed_is_not_ours_any_more(tmp_path):
    stream_cohort(order(size=3000), tmp_path / "c")
    changed = tmp_path / "c" / "truth.parquet" / "part-00001.parquet"
    changed.write_bytes(b"mine")
    assert made_here(tmp_path / "c") == set(every_file(tmp_path / "c")) - {"truth.parquet/part-00001.parquet"}
    with pytest.raises(ConfigurationError, match=r"would overwrite 'truth\.parquet/part-00001\.parquet'"):
        stream_cohort(order(size=3000, seed=4), tmp_path / "c")
    assert changed.read_bytes() == b"mine"


@pytest.fixture(scope="module")
def two_parts(tmp_path_factory):
    """A cohort whose parts end in the middle of a row group, made with the usual blocks."""
    out = tmp_path_factory.mktemp("usual") / "c"
    stream_cohort(order(CLINIC, 140_000, part=100_000), out)
    return out


@pytest.mark.parametrize("block", [1000, 4096, 65_536, 99_991])
def test_any_block_size_gives_the_same_bytes(tmp_path, two_parts, block):
    stream_cohort(order(CLINIC, 140_000, part=100_000), tmp_path / "c", block=block)
    assert everything(tmp_path / "c") == everything(two_parts)


def test_row_groups_hold_65_536_patients_and_the_last_what_is_left(two_parts):
    for number, sizes in enumerate([[65_536, 34_464], [40_000]]):
        made = pq.read_metadata(two_parts / "patients.parquet" / f"part-0000{number}.parquet")
        assert [made.row_group(at).num_rows for at in range(made.num_row_groups)] == sizes


@pytest.mark.parametrize("design", [TERTIARY, CLINIC], ids=lambda design: design.name)
def test_two_workers_give_the_same_bytes_as_one(tmp_path, design):
    stream_cohort(order(design, 11_000), tmp_path / "one")
    stream_cohort(order(design, 11_000), tmp_path / "two", workers=2)
    assert everything(tmp_path / "two") == everything(tmp_path / "one")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_a_cohort_in_memory_is_written_to_the_same_bytes(tmp_path, whole):
    cohort = generate(WORLD, TERTIARY, 7000, seed=3)
    write_cohort(cohort, WORLD, TERTIARY, 3, tmp_path / "c", csv=True, part=PART)
    assert everything(tmp_path / "c") == everything(whole)


def test_a_cohort_of_one_part_is_single_files(tmp_path):
    cohort = generate(WORLD, TERTIARY, 1000, seed=3)
    write_cohort(cohort, WORLD, TERTIARY, 3, tmp_path / "memory", csv=True)
    stream_cohort(order(size=1000, csv=True, part=parts.PART), tmp_path / "parts", workers=2)
    assert every_file(tmp_path / "parts") == ["certificate.toml", "patients.csv", "patients.parquet", "truth.parquet"]
    assert everything(tmp_path / "parts") == everything(tmp_path / "memory")


def test_the_parts_of_a_smaller_cohort_are_the_first_of_a_larger_one(tmp_path, whole):
    stream_cohort(order(size=5000), tmp_path / "c")
    for table in ("patients", "truth"):
        for number in (0, 1):
            name = f"{table}.parquet/part-0000{number}.parquet"
            assert (tmp_path / "c" / name).read_bytes() == (whole / name).read_bytes()
        small, large = (pd.read_parquet(folder / f"{table}.parquet") for folder in (tmp_path / "c", whole))
        assert_frame_equal(small, large.head(5000), check_exact=True)


def test_a_folder_of_parts_reads_as_the_cohort_in_memory(whole):
    cohort = generate(WORLD, TERTIARY, 7000, seed=3)
    for table, made in (("patients", cohort.patients), ("truth", cohort.truth)):
        read = pd.read_parquet(whole / f"{table}.parquet")
        dates = {name: "datetime64[ms]" for name in made if made[name].dtype.kind == "M"}  # Parquet has no seconds
        assert_frame_equal(read, made.astype(dates), check_exact=True)
    schemas = {str(pq.read_schema(path)) for path in (whole / "patients.parquet").iterdir()}
    assert len(schemas) == 1


def test_a_folder_of_parts_is_a_patient_table(whole, tmp_path):
    assert_frame_equal(read_patients(whole / "patients.parquet"), read_patients(whole / "patients.csv"))
    (tmp_path / "empty.parquet").mkdir()
    with pytest.raises(ConfigurationError, match="is a folder"):
        read_patients(tmp_path / "empty.parquet")
    with pytest.raises(ConfigurationError, match=r"did you mean '.*patients\.parquet'"):
        read_patients(whole)


def test_columns_cost_less_and_have_the_same_values(tmp_path, whole):
    stream_cohort(order(columns=("osseous", "sex")), tmp_path / "c")
    patients, truth = (pd.read_parquet(tmp_path / "c" / f"{table}.parquet") for table in ("patients", "truth"))
    assert_frame_equal(patients, pd.read_parquet(whole / "patients.parquet")[["patient_id", "sex"]])
    assert_frame_equal(truth, pd.read_parquet(whole / "truth.parquet")[["patient_id", "osseous"]])
    certificate = tomllib.loads((tmp_path / "c" / "certificate.toml").read_text(encoding="utf-8"))
    assert certificate["cohort"]["columns"] == ["patient_id", "sex", "osseous"]


class Interrupts:
    """A progress that interrupts as soon as so many parts are finished."""

    def __init__(self, after):
        self.after = after

    def __call__(self, said):
        word, number = said.split()[0], said.split()[2]
        if word == "generating" and int(number) >= self.after:
            raise KeyboardInterrupt


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_run_takes_up_its_finished_parts(tmp_path, monkeypatch, whole, workers):
    with pytest.raises(KeyboardInterrupt):
        stream_cohort(order(csv=True), tmp_path / "c", workers, progress=Interrupts(2))
    assert [path.name for path in tmp_path.iterdir()] == [".c.parts"]
    finished = {int(path.stem) for path in (tmp_path / ".c.parts" / "done").iterdir()}
    assert finished == {0, 1} or (workers == 2 and len(finished) >= 2)
    made = []
    make = parts.make_part
    monkeypatch.setattr(
        streaming, "make_part", lambda o, i, job, *rest: made.append(job.number) or make(o, i, job, *rest)
    )
    stream_cohort(order(csv=True), tmp_path / "c")
    assert made == sorted({0, 1, 2, 3} - finished)
    assert everything(tmp_path / "c") == everything(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_a_finished_part_that_was_damaged_is_made_again(tmp_path, whole):
    with pytest.raises(KeyboardInterrupt):
        stream_cohort(order(csv=True), tmp_path / "c", progress=Interrupts(3))
    damaged = tmp_path / ".c.parts" / "patients.parquet" / "part-00001.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    stream_cohort(order(csv=True), tmp_path / "c")
    assert everything(tmp_path / "c") == everything(whole)


def test_finished_parts_of_another_cohort_are_neither_mixed_nor_lost(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        stream_cohort(order(), tmp_path / "c", progress=Interrupts(1))
    waiting = everything(tmp_path)
    others = [order(seed=4), order(size=6999), order(columns=("sex",)), order(do={"lung": "1"}), order(CLINIC)]
    for other in others:
        with pytest.raises(ConfigurationError, match="finished parts are waiting here, because they belong to another"):
            stream_cohort(other, tmp_path / "c")
    assert everything(tmp_path) == waiting


def test_work_without_a_finished_part_is_not_kept(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        stream_cohort(order(), tmp_path / "c", progress=Interrupts(0))
    assert list(tmp_path.iterdir()) == []


def test_two_runs_do_not_write_one_folder(tmp_path):
    def second(_said):
        with pytest.raises(ConfigurationError, match="another run is writing here"):
            stream_cohort(order(), tmp_path / "c")

    stream_cohort(order(), tmp_path / "c", progress=second)
    assert len(every_file(tmp_path / "c")) == 9


def test_a_folder_of_that_name_that_is_not_ours_is_left_alone(tmp_path):
    (tmp_path / ".c.parts").mkdir()
    (tmp_path / ".c.parts" / "notes.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match="this name is needed for building"):
        stream_cohort(order(), tmp_path / "c")
    assert everything(tmp_path) == {".c.parts/notes.txt": b"mine"}


def test_the_plan_ends_the_same_in_any_order():
    """Parts are finished in random order; those that are needed and the cut of the last are the same."""
    asked, chance = order(size=9000), random.Random(1)
    truly = [2100, 1900, 2050, 1980, 2020, 2200]
    for _ in range(50):
        done: dict[int, int] = {}
        flying: list[Job] = []
        while True:
            while len(flying) < 3 and (job := due(asked, done, flying)):
                flying.append(job)
            if not flying:
                break
            job = flying.pop(chance.randrange(len(flying)))
            done[job.number] = min(truly[job.number], job.most)
        assert [done[number] for number in range(5)] == [2100, 1900, 2050, 1980, 970]


def test_a_part_that_nobody_enters_is_an_empty_table(tmp_path):
    few = load_design("tertiary_records", {"entry.share": 0.005})
    stream_cohort(order(few, 12, part=128), tmp_path / "c")
    sizes = [pq.read_metadata(path).num_rows for path in sorted((tmp_path / "c" / "truth.parquet").iterdir())]
    assert 0 in sizes
    assert sum(sizes) == 12
    expected = generate(WORLD, few, 12, seed=3).patients
    assert (read_patients(tmp_path / "c" / "patients.parquet")["patient_id"] == expected["patient_id"]).all()


@pytest.mark.parametrize("blocks", [[5], [1, 1, 1, 1, 1], [0, 3, 0, 2], [2, 3], [0]])
def test_groups_have_the_rows_of_the_blocks(blocks):
    ends = np.cumsum(blocks)
    made = [{"patient_id": np.arange(end - size, end)} for size, end in zip(blocks, ends, strict=True)]
    groups = [group["patient_id"] for group in writing.regrouped(made, 2)]
    assert np.concatenate(groups).tolist() == list(range(ends[-1]))
    assert [group.size for group in groups] == {5: [2, 2, 1], 0: [0]}[int(ends[-1])]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_twenty_kills_at_any_moment_end_in_the_same_bytes(tmp_path):
    """Each run is killed at a random moment within a sixth of the work after it began, and the next one takes over."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["sarcoid_epi.cohort.streaming"])
    asked, calibration, chance = order(size=12_000, part=2048, csv=True), calibrate(WORLD, TERTIARY), random.Random(6)
    began = time.monotonic()
    stream_cohort(asked, tmp_path / "whole", calibration=calibration)
    sixth = (time.monotonic() - began) / 6
    whole, out, found = everything(tmp_path / "whole"), tmp_path / "c", set()
    for _ in range(20):
        told, tell = context.Pipe(duplex=False)
        named = {"progress": tell.send, "calibration": calibration}
        running = context.Process(target=stream_cohort, args=(asked, out), kwargs=named)
        running.start()
        found.add(told.recv().partition(" of")[0])
        time.sleep(chance.uniform(0, sixth))
        running.kill()
        running.join()
        running.close()
        told.close()
        tell.close()
        if out.exists():
            assert everything(out) == whole
    assert len(found) > 3, "no kill hit a run at work"
    stream_cohort(asked, out)
    assert everything(out) == whole
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "whole"]


WITH_WORKERS = """
import sys
from pathlib import Path
from sarcoid_epi.cohort.parts import Order
from sarcoid_epi.cohort.streaming import stream_cohort
from sarcoid_epi.scenario import load_design, load_world

if __name__ == "__main__":
    asked = Order(load_world("evidence"), load_design("tertiary_records"), 12_000, 3, part=2048, csv=True)
    stream_cohort(asked, Path("c"), workers=2, progress=lambda said: print(said, flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_workers_do_not_outlive_a_killed_run_and_their_parts_are_taken_up(tmp_path):
    asked = order(size=12_000, part=2048, csv=True)
    running = subprocess.Popen([sys.executable, "-c", WITH_WORKERS], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    with running.stdout:
        for said in running.stdout:
            if said.startswith("generating patients: 7 of"):
                break
        running.kill()
        running.wait()
        assert "putting" not in running.stdout.read()  # ends when the last worker is gone
    time.sleep(0.1)
    before = {path.name for path in (tmp_path / ".c.parts" / "done").iterdir()}
    assert len(before) >= 7
    stream_cohort(asked, tmp_path / "c")
    stream_cohort(asked, tmp_path / "whole")
    assert everything(tmp_path / "c") == everything(tmp_path / "whole")
