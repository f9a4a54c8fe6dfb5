"""A cohort on disk is the old one or the new one, never a mixture, and never costs a file of others."""

import pickle
import random
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from sarcoid_epi.cohort import generate, storage, writing
from sarcoid_epi.cohort.storage import write_cohort
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.files import digest, every_file
from sarcoid_epi.scenario import load_design, load_world

WORLD, DESIGN = load_world("evidence"), load_design("tertiary_records")
FILES = ["certificate.toml", "patients.csv", "patients.parquet", "truth.parquet"]


@pytest.fixture(scope="module")
def cohorts():
    return {seed: generate(WORLD, DESIGN, 40, seed=seed) for seed in (1, 2)}


@pytest.fixture
def write(cohorts):
    return lambda seed, out, csv=True: write_cohort(cohorts[seed], WORLD, DESIGN, seed, out, csv=csv)


def everything(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in every_file(folder)}


def seed_of(folder: Path) -> int:
    """The seed of a cohort of which every file is the one its certificate names."""
    certificate = tomllib.loads((folder / "certificate.toml").read_text(encoding="utf-8"))
    assert certificate["sha256"] == {name: digest(folder / name) for name in certificate["sha256"]}
    assert {*certificate["sha256"], "certificate.toml"} == set(every_file(folder)) - {"notes.txt"}
    return certificate["cohort"]["seed"]


def test_the_paths_are_the_final_ones_and_the_certificate_comes_last(tmp_path, monkeypatch, write):
    monkeypatch.chdir(tmp_path)
    out = Path("new") / "cohort"
    assert write(1, out) == [out / name for name in ("patients.parquet", "truth.parquet", *FILES[1::-1])]
    assert every_file(tmp_path) == [f"new/cohort/{name}" for name in FILES]
    assert seed_of(out) == 1


def test_writing_twice_gives_the_same_and_another_seed_replaces_it_whole(tmp_path, write):
    out = tmp_path / "c"
    write(1, out)
    first = everything(out)
    write(1, out)
    assert everything(out) == first
    write(2, out, csv=False)
    assert seed_of(out) == 2
    assert "patients.csv" not in every_file(out)
    assert every_file(tmp_path) == [f"c/{name}" for name in FILES if name != "patients.csv"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("place", ["write_tables", "csv_text", "_certificate"])
def test_a_mishap_in_the_middle_leaves_the_old_cohort(tmp_path, monkeypatch, write, error, place):
    def fail(*_: object, **__: object) -> None:
        raise error("in the middle")

    write(1, tmp_path / "c")
    before = everything(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(storage, place, fail)
        for out in ("c", "new"):
            with pytest.raises(error):
                write(2, tmp_path / out)
    assert everything(tmp_path) == before
    assert seed_of(tmp_path / "c") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize(("number", "why"), [(28, "no space left on device; free"), (13, "permission denied; name")])
def test_a_full_disk_or_a_missing_permission_is_a_sentence(tmp_path, monkeypatch, write, number, why):
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, why.partition(";")[0])

    write(1, tmp_path / "c")
    before = everything(tmp_path)
    monkeypatch.setattr(writing.pq, "ParquetWriter", fail)
    with pytest.raises(ConfigurationError, match=f"c' cannot be written, because {why}"):
        write(2, tmp_path / "c")
    assert everything(tmp_path) == before


@pytest.mark.parametrize("name", FILES)
def test_a_folder_of_others_is_refused_and_left_as_it_is(tmp_path, write, name):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / name).write_text("[sha256]\n")
    with pytest.raises(ConfigurationError, match="refusing to write a cohort here, because it holds files but no earl"):
        write(1, tmp_path / "c")
    assert everything(tmp_path) == {f"c/{name}": b"[sha256]\n"}


def test_files_of_others_beside_a_cohort_are_kept(tmp_path, write):
    write(1, tmp_path / "c")
    (tmp_path / "c" / "notes.txt").write_text("mine")
    write(2, tmp_path / "c")
    assert (tmp_path / "c" / "notes.txt").read_text() == "mine"
    assert seed_of(tmp_path / "c") == 2


@pytest.mark.parametrize("csv", [True, False], ids=["changed", "added"])
def test_a_table_that_the_earlier_cohort_did_not_make_is_never_overwritten(tmp_path, write, csv):
    out = tmp_path / "c"
    write(1, out, csv=csv)
    (out / "patients.csv").write_text("mine")
    before = everything(tmp_path)
    with pytest.raises(ConfigurationError, match=r"c: the cohort would overwrite 'patients\.csv', .*; move it away\."):
        write(2, out)
    assert everything(tmp_path) == before
    write(2, out, csv=False)
    assert (out / "patients.csv").read_text() == "mine"


def test_a_broken_certificate_makes_no_folder_ours(tmp_path, write):
    write(1, tmp_path)
    whole = (tmp_path / "certificate.toml").read_text(encoding="utf-8")
    for text in ("", "\n" + whole, whole + "[", whole.replace("[sha256]", "[sha]"), "\0" + whole):
        (tmp_path / "certificate.toml").write_text(text, encoding="utf-8")
        assert storage.made_here(tmp_path) is None


KILLED = """
import pickle, sys
from itertools import cycle
from pathlib import Path
from sarcoid_epi.cohort.storage import write_cohort

made, world, design = pickle.loads(Path(sys.argv[1]).read_bytes())
print("ready", flush=True)
for seed in cycle((2, 1)):
    write_cohort(made[seed], world, design, seed, Path("c"), csv=seed == 1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_kill_at_any_moment_leaves_one_whole_cohort_and_the_next_run_succeeds(
    tmp_path, tmp_path_factory, cohorts, write
):
    out, chance = tmp_path / "c", random.Random(4)
    made = tmp_path_factory.mktemp("made") / "cohorts"
    made.write_bytes(pickle.dumps((cohorts, WORLD, DESIGN)))
    write(1, out)
    (out / "notes.txt").write_text("mine")
    for _ in range(6):
        running = subprocess.Popen([sys.executable, "-c", KILLED, str(made)], cwd=tmp_path, stdout=subprocess.PIPE)
        assert running.stdout is not None
        with running.stdout:
            assert running.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0, 0.2))
            running.kill()
        assert running.wait() == -9
        place = out if out.exists() else tmp_path / ".c.old"
        assert seed_of(place) in (1, 2)
        assert (place / "notes.txt").read_text() == "mine"
        write(1, out)
        assert every_file(tmp_path) == [f"c/{name}" for name in sorted([*FILES, "notes.txt"])]
        assert seed_of(out) == 1
