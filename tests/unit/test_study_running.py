"""A study that runs: whoever works, however often it is killed, the same bytes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sarcoid_epi import studying
from sarcoid_epi.errors import ConfigurationError, DataError, WorkError
from sarcoid_epi.scenario import load_study
from sarcoid_epi.simulation import making, running
from sarcoid_epi.simulation.engines import dask, here, processes
from sarcoid_epi.simulation.making import Unit
from sarcoid_epi.simulation.precision import Tally, tallied
from sarcoid_epi.simulation.running import parts_of, pieces, run, unfinished, units
from sarcoid_epi.simulation.stated import cases_of, state
from sarcoid_epi.simulation.stored import read_parts, sound
from sarcoid_epi.simulation.varied import spot
from small_study import study

FILE = """
label = "Small"
aims = "To test"
sizes = [60, 90]
replicates = 50
population = 2000
estimators = ["recorded_osseous", "two_sources", "means"]
terms = ["osseous_recorded", "met", "age_at_onset"]
[vary.share]
paths = ["osseous.true_prevalence"]
values = [0.05, 0.1]
"""


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Parts of twenty replicates, so that small studies have many."""
    monkeypatch.setattr(running, "REPLICATES", 20)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "small.toml"
    path.write_text(FILE, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def undisturbed(file, tmp_path_factory):
    """The folder of the study, run through in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "REPLICATES", 20)
        out = tmp_path_factory.mktemp("whole") / "out"
        assert studying.study(file, out)
    return out


def contents(out):
    return {path.relative_to(out): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_every_replicate_of_every_case_is_a_row(undisturbed, file):
    declared = load_study(file)
    for case in declared.all_cases():
        columns = joined(read_parts(parts_of(declared, case, undisturbed)))
        for run_name in ("recorded_osseous", "two_sources", "means"):
            assert columns["replicate"][columns["run"] == run_name].tolist() == list(range(50))
    assert len(list((undisturbed / "parts").iterdir())) == 4 * 3
    assert not list(undisturbed.rglob("*.partial"))


def joined(parts):
    parts = [*parts]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def test_two_workers_give_the_same_bytes(undisturbed, file, tmp_path):
    assert studying.study(file, tmp_path / "out", workers=2)
    assert contents(tmp_path / "out") == contents(undisturbed)


@pytest.mark.filterwarnings("ignore:Port .* is already in use")  # another test's cluster, in another process
def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(undisturbed, file, tmp_path):
    distributed = pytest.importorskip("distributed")
    killed = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:

        def kill(done, of):
            if done >= 3 and not killed:
                killed.append(next(iter(cluster.workers.values())).process.pid)
                os.kill(killed[0], signal.SIGKILL)

        assert studying.study(file, tmp_path / "out", dask=cluster.scheduler_address, progress=kill)
    assert killed
    assert contents(tmp_path / "out") == contents(undisturbed)


def test_killed_anywhere_and_given_again_it_ends_with_the_same_bytes(undisturbed, file, tmp_path):
    out = tmp_path / "out"
    code = (
        "import time\nfrom sarcoid_epi import studying\nfrom sarcoid_epi.simulation import running\n"
        "running.REPLICATES = 20\n"
        f"studying.study({file!r}, {str(out)!r}, progress=lambda done, of: time.sleep(0.3 if done > 4 else 0))"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    while process.poll() is None and len(parts_there(out)) < 5:
        time.sleep(0.02)
    process.kill()
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in parts_there(out)}
    assert 5 <= len(before) < 12
    assert studying.study(file, out)
    assert contents(out) == contents(undisturbed)
    assert before == {path: path.stat().st_mtime_ns for path in before}, "what is finished is never made again"


def parts_there(out):
    return sorted((out / "parts").glob("*.parquet")) if (out / "parts").exists() else []


def test_killed_between_its_first_steps_the_folder_is_taken_up(undisturbed, file, tmp_path):
    out = tmp_path / "out"
    (out / "parts").mkdir(parents=True)
    (out / ".study.json.partial").write_text("{", encoding="utf-8")
    (out / "parts" / "x").touch()
    with pytest.raises(ConfigurationError, match="the folder holds other files"):
        studying.study(file, out)
    (out / "parts" / "x").unlink()
    assert studying.study(file, out)
    assert contents(out) == contents(undisturbed)


def test_shares_brought_together_give_the_same_bytes(undisturbed, file, tmp_path):
    assert not studying.study(file, tmp_path / "1", shard=(1, 2))
    assert len(studying.combine(file, [tmp_path / "1"], tmp_path / "out")) == 2
    assert not studying.study(file, tmp_path / "2", shard=(2, 2))
    assert not {path.name for path in parts_there(tmp_path / "1")} & {path.name for path in parts_there(tmp_path / "2")}
    assert studying.combine(file, [tmp_path / "1", tmp_path / "2"], tmp_path / "out") == []
    assert contents(tmp_path / "out") == contents(undisturbed)


def test_damaged_parts_are_noticed_and_made_again(undisturbed, file, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out)
    truncated, flipped, foreign, empty, whole_one, *_ = parts_there(out)
    truncated.write_bytes(truncated.read_bytes()[:-10])
    content = bytearray(flipped.read_bytes())
    content[len(content) // 8] ^= 1
    flipped.write_bytes(bytes(content))
    foreign.write_bytes(whole_one.read_bytes())
    empty.write_bytes(b"")
    assert [sound(out, path.name) for path in (truncated, flipped, foreign, empty, whole_one)] == [False] * 4 + [True]
    before = whole_one.stat().st_mtime_ns
    assert studying.combine(file, [out], tmp_path / "other") == [0, 1], "they are not brought along"
    assert studying.study(file, out)
    assert contents(out) == contents(undisturbed)
    assert whole_one.stat().st_mtime_ns == before
    truncated.unlink()
    truncated.mkdir()
    with pytest.raises(ConfigurationError, match="is a folder"):
        studying.study(file, out)


def test_reading_a_damaged_part_says_what_to_do(undisturbed, tmp_path):
    shutil.copytree(undisturbed, tmp_path / "out")
    path = parts_there(tmp_path / "out")[0]
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match="is damaged; run the study again"):
        [*read_parts([path])]


def test_another_study_or_other_files_in_the_folder_are_refused(undisturbed, file, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(FILE.replace("sizes = [60, 90]", "sizes = [60, 80]"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="another study was at work here: 'sizes' differs"):
        studying.study(str(other), undisturbed)
    with pytest.raises(ConfigurationError, match="'sizes' differs"):
        studying.combine(str(other), [undisturbed], tmp_path / "out")
    with pytest.raises(ConfigurationError, match="holds no study"):
        studying.combine(file, [tmp_path / "nowhere"], tmp_path / "out")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").touch()
    with pytest.raises(ConfigurationError, match="the folder holds other files"):
        studying.study(file, mine)
    out = tmp_path / "old"
    shutil.copytree(undisturbed, out)
    recipe = out / "study.json"
    recipe.write_text(recipe.read_text(encoding="utf-8").replace('"key": "', '"key": "0'), encoding="utf-8")
    old = recipe.read_text(encoding="utf-8")
    recipe.write_text(old.replace('"numpy": "', '"numpy": "1.'), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"parts of numpy 1\.\d.* lie here"):
        studying.study(file, out)


def test_words_and_more_replicates_keep_the_parts_that_are_there(undisturbed, file, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out)
    before = {path: path.stat().st_mtime_ns for path in parts_there(out)}
    longer = tmp_path / "longer.toml"
    longer.write_text(FILE.replace("replicates = 50", "replicates = 80").replace("Small", "Longer"), encoding="utf-8")
    made_now = []
    assert studying.study(str(longer), out, progress=lambda done, of: made_now.append((done, of)))
    assert made_now[0] == (8, 16), "of each case the two full parts stay"
    assert before.items() <= {path: path.stat().st_mtime_ns for path in parts_there(out)}.items()
    declared = load_study(str(longer))
    columns = joined(read_parts(parts_of(declared, declared.all_cases()[0], out)))
    assert columns["replicate"][columns["run"] == "means"].tolist() == list(range(80))


def test_two_at_work_in_one_folder_do_no_harm(undisturbed, file, tmp_path):
    with ThreadPoolExecutor(2) as both:
        assert all(both.map(lambda _: studying.study(file, tmp_path / "out"), range(2)))
    assert contents(tmp_path / "out") == contents(undisturbed)


@pytest.mark.parametrize("chance", ["population", "patients"])
def test_a_replicate_made_again_is_the_row_of_its_part(tmp_path, chance):
    path = tmp_path / "s.toml"
    path.write_text(FILE.replace("population =", f'chance = "{chance}"\npopulation ='), encoding="utf-8")
    assert studying.study(str(path), tmp_path / "out")
    declared = load_study(str(path))
    case = declared.all_cases()[2]
    columns = joined(read_parts(parts_of(declared, case, tmp_path / "out")))
    again = studying.replicate(str(path), 2, 33)
    at = np.flatnonzero(columns["replicate"] == 33)
    assert len(again) == len(at) == 3
    for row, place in zip(again, at, strict=True):
        np.testing.assert_equal(row, {name: values[place] for name, values in columns.items()})
    for case_number, number in ((4, 0), (0, 50), (-1, 0)):
        with pytest.raises(ConfigurationError, match="there is no"):
            studying.replicate(str(path), case_number, number)


def test_a_case_that_cannot_be_made_is_rows_that_failed(tmp_path):
    """Shares that may be by themselves: one that no population reaches, one that contradicts another."""
    vary = {
        "joint": {"paths": ["joint.musculoskeletal"], "values": [0.3, 0.001]},
        "stage": {"paths": ["stage.at_least_iii"], "values": [0.2, 0.6]},
    }
    one = study(vary=vary, replicates=20, sizes=[50], estimators=["shares"], terms=["skin", "lung"])
    assert run(one, tmp_path / "out", here)
    good, *bad = (joined(read_parts(parts_of(one, case, tmp_path / "out"))) for case in one.all_cases())
    assert not np.isnan(good["estimate"]).any()
    assert len(bad) == 3
    for columns, said in zip(bad, ("must be at least the one before", "cannot be reached", "must be"), strict=True):
        assert np.isnan(columns["estimate"]).all()
        assert np.isnan(columns["truth"]).all()
        assert columns["term"].tolist() == good["term"].tolist(), "failed replicates are rows like any others"
        assert all(note.startswith("the case cannot be made: ") and said in note for note in columns["note"])


def broken_from(monkeypatch, case, first):
    """An estimator that breaks in one unit."""
    whole_unit = making._answered

    def answered(stated, unit, asked):
        if unit[:2] == (case, first):
            raise ZeroDivisionError("a slip of the pen")
        return whole_unit(stated, unit, asked)

    monkeypatch.setattr(making, "_answered", answered)


def test_an_estimator_that_breaks_is_named_and_nothing_is_lost(undisturbed, file, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        broken_from(patch, 1, 20)
        with pytest.raises(WorkError) as error:
            studying.study(file, out)
        with pytest.raises(WorkError, match="ZeroDivisionError: a slip of the pen") as alone:
            studying.replicate(file, 1, 25)
    said = str(error.value)
    assert "ZeroDivisionError: a slip of the pen" in said
    assert said.startswith("study 'small', case 1, replicates 20 to 39: ")
    assert "; see it alone with --replicate 1 20; what is finished is kept" in said
    assert isinstance(alone.value.__cause__, ZeroDivisionError)
    assert error.value.exit_code == 1
    before = parts_there(out)
    assert before
    assert studying.study(file, out)
    assert contents(out) == contents(undisturbed)


SHARES = {"paths": ["osseous.true_prevalence"], "values": [0.03, 0.15]}
ERROR = {"error": 0.04, "replicates": 400, "sizes": [80], "vary": {"share": SHARES}}


def test_a_case_ends_with_the_first_unit_that_makes_it_exact_enough(tmp_path):
    one = study(**ERROR)
    assert run(one, tmp_path / "out", here)
    ends = []
    for case in one.all_cases():
        tally, errors = Tally(), []
        for columns in read_parts(parts_of(one, case, tmp_path / "out")):
            tally = tally + tallied(columns)
            ((used, held),) = tally.counts.values()
            errors.append((held / used * (1 - held / used) / used) ** 0.5)
        assert errors[-1] <= 0.04
        assert all(error > 0.03 for error in errors[2:-1]), "no more than it takes, but for the first few of all"
        ends.append(len(errors))
    assert len(parts_there(tmp_path / "out")) == sum(ends)
    assert max(ends) > 1


def test_how_many_units_are_made_depends_on_nobody(tmp_path):
    one = study(**ERROR)
    assert run(one, tmp_path / "1", here)
    assert not run(one, tmp_path / "2", here, (2, 2))
    parts_there(tmp_path / "2")[0].unlink()  # found again: a gap before others
    assert run(one, tmp_path / "2", here)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    loose = one.model_copy(update={"error": 0.2})
    assert run(loose, tmp_path / "2", here), "a looser run of the same study reads what it needs"
    assert len(parts_of(loose, loose.all_cases()[0], tmp_path / "2")) == 1
    assert not unfinished(state(loose), tmp_path / "2")


def test_parts_are_read_once_however_many_there_are(tmp_path, monkeypatch):
    one = study(**{**ERROR, "error": 0.001, "replicates": 200})
    read = []
    monkeypatch.setattr(running, "read_parts", lambda paths: read_parts([read.append(p) or p for p in paths]))
    run(one, tmp_path / "out", here)
    assert len(read) == len(set(read)) * 2 == 2 * 2 * 10, "once on the way, once to see that all is there"


def test_work_is_cut_by_population_and_few_populations_are_shared_between_workers():
    seven = {"paths": ["osseous.true_prevalence"], "values": [0.02 * k for k in range(1, 8)]}
    wide = state(study(sizes=[50, 70], vary={"share": seven}, replicates=100))
    lacking = [unit for case in cases_of(wide) for unit in units(wide.study, case)]
    cut = pieces(wide, lacking, workers=2)
    assert sorted(unit for piece in cut for unit in piece) == sorted(lacking)
    spots = [{spot(wide.study, cases_of(wide)[unit.case]) for unit in piece} for piece in cut]
    assert [len(each) for each in spots] == [1] * 7, "one population each, of both sizes"
    assert {len(piece) for piece in pieces(wide, lacking, workers=1)} == {1}
    alone = [unit for unit in lacking if unit.case == 0]
    assert len(pieces(wide, alone, workers=2)) == 5
    assert max(len(piece) for piece in pieces(wide, [Unit(0, k, 1) for k in range(1000)], workers=2)) == 16


def test_a_cluster_that_is_not_there_is_one_sentence(file, tmp_path):
    pytest.importorskip("distributed")
    with pytest.raises(ConfigurationError, match="no cluster answers at 'nonsense'"):
        studying.study(file, tmp_path / "out", dask="nonsense")
    with pytest.raises(ConfigurationError, match="0 workers; ask for at least one"):
        processes(0)
    assert dask("x").workers > 1
