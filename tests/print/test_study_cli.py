"""The commands of studies, as they are typed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from sarcoid_epi import cli, watching
from sarcoid_epi.simulation import making, running

FILE = """
label = "Small"
aims = "To test"
sizes = [60]
replicates = 40
population = 2000
estimators = ["recorded_osseous"]
[vary.share]
paths = ["osseous.true_prevalence"]
values = [0.05, 0.1]
"""


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """A command in a folder with a study: exit code, what it printed, what it complained of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(running, "REPLICATES", 20)
    (tmp_path / "small.toml").write_text(FILE, encoding="utf-8")

    def command(words):
        monkeypatch.setattr(sys, "argv", ["sarcoid-epi", *words.split()])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        return stopped.value.code, printed.out, printed.err

    return command


def test_a_study_is_run_and_told_and_named_again_only_told(run, tmp_path):
    code, out, err = run("study small.toml")
    assert (code, out.splitlines()[0], err) == (0, "out/small/summary.csv", "")
    parts = sorted((tmp_path / "out" / "small" / "parts").iterdir())
    before = [path.stat().st_mtime_ns for path in parts]
    assert len(parts) == 4
    assert run("study small.toml --out out/small --workers 1") == (0, out, "")
    assert [path.stat().st_mtime_ns for path in parts] == before


def test_shares_are_brought_together(run):
    code, out, err = run("study small.toml -o a --shard 1/2")
    assert (code, out) == (0, "a\n")
    assert err == "this share is done, others are not; bring them together with `combine`\n"
    code, out, err = run("combine small.toml a -o whole")
    assert (code, out) == (4, "whole\n")
    assert err == "parts are missing of case 1; run those shares, and combine again\n"
    run("study small.toml -o b --shard 2/2")
    code, out, err = run("combine small.toml a b -o whole")
    assert (code, out.splitlines()[0], err) == (0, "whole/summary.csv", "")


def test_one_replicate_is_printed_and_nothing_is_written(run, tmp_path):
    code, out, err = run("study small.toml --replicate 1 30")
    assert (code, err) == (0, "")
    (row,) = json.loads(out)
    assert (row["replicate"], row["run"], row["n"]) == (30, "recorded_osseous", 60)
    assert 0 <= row["low"] <= row["estimate"] <= row["high"] <= 1
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


@pytest.mark.parametrize(
    ("words", "change", "said"),
    [
        ("study smal", "", "error: unknown study 'smal'"),
        ("study smal.toml", "", "error: there is no file 'smal.toml'; give a study name or a TOML file."),
        ("study small.toml --shard 3/2", "", "error: --shard: '3/2' is no share; write i/n, i from 1 to n."),
        ("study small.toml --shard one", "", "error: --shard: 'one' is no share; write i/n, such as 1/4."),
        ("study small.toml --replicate 2 0", "", "error: there is no case 2; name one from 0 to 1."),
        ("study small.toml --replicate 0 40", "", "error: there is no replicate 40; name one from 0 to 39."),
        ("study small.toml --dask here --workers 2", "", "the workers are those of the cluster; leave it out"),
        ("study small.toml -o small.toml", "", "error: small.toml: "),
        ("combine small.toml nowhere -o out", "", "error: 'nowhere' holds no study"),
        ("study small.toml", "recorded_osseous/recorded_oseous", "did you mean 'recorded_osseous'?"),
        ("study small.toml", "recorded_osseous/corrected_prevalence", "the study has no belief; name 'beliefs'."),
        ("study small.toml", "osseous.true_prevalence/osseous.prevalence", "unknown parameter 'osseous.prevalence'"),
        ("study small.toml", "sizes = [60]/sizes = [0]", "error: small.toml: sizes.0: "),
        ("study small.toml", "replicates = 40/replicates = 1", "error: small.toml: replicates: "),
        ("study small.toml", "replicates = 40/replicates = many", "error: small.toml: not valid TOML"),
        ("study small.toml", "values = [0.05, 0.1]/values = [0.05, 5]", "5 is not a share"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_before_anything_runs(run, tmp_path, words, change, said):
    old, _, new = change.partition("/")
    (tmp_path / "small.toml").write_text(FILE.replace(old, new) if change else FILE, encoding="utf-8")
    code, out, err = run(words)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert said in err
    assert len(err.splitlines()) == 1
    assert not list(tmp_path.rglob("*.parquet"))


def test_an_estimator_that_breaks_is_a_sentence_and_exit_code_1(run, monkeypatch):
    def broken(*given):
        raise ZeroDivisionError("a slip of the pen")

    monkeypatch.setattr(making, "_answered", broken)
    code, out, err = run("study small.toml")
    assert (code, out) == (1, "")
    assert err.startswith("error: study 'small', case 0, replicates 0 to 19: ZeroDivisionError: a slip of the pen (")
    code, out, err = run("study small.toml --replicate 1 30")
    assert (code, out) == (1, "")
    assert "Traceback" not in err


def test_an_interrupt_loses_nothing(run, monkeypatch, tmp_path):
    whole_unit = making._answered

    def interrupted(stated, unit, asked):
        if unit[:2] == (1, 0):
            raise KeyboardInterrupt
        return whole_unit(stated, unit, asked)

    monkeypatch.setattr(making, "_answered", interrupted)
    assert run("study small.toml") == (130, "", "interrupted\n")
    assert len(list(tmp_path.rglob("*.parquet"))) == 2
    assert not list(tmp_path.rglob("*.partial"))


def test_workers_say_nothing_of_an_interrupt_from_the_keyboard(tmp_path):
    (tmp_path / "small.toml").write_text(FILE.replace("replicates = 40", "replicates = 100000"), encoding="utf-8")
    script = (
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"  # tests in the background ignore it
        "from sarcoid_epi.simulation import running\nrunning.REPLICATES = 20\nfrom sarcoid_epi.cli import main\nmain()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, "study", "small.toml", "--out", "out", "--workers", "2"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while process.poll() is None and not list(tmp_path.rglob("*.parquet")):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "interrupted\n")
    assert list(tmp_path.rglob("*.parquet"))
    assert not list((tmp_path / "out").rglob("*.partial"))


def test_progress_is_for_a_terminal_and_counts_only_what_is_made_now(monkeypatch):
    seen = []

    class Shown:
        def __init__(self, *columns, console):
            seen.append(len(columns))

        def __enter__(self):
            return self

        def __exit__(self, *why):
            seen.append("gone")

        def add_task(self, name, total):
            return name

        def reset(self, task, **what):
            seen.append(("from", what["completed"], what["total"]))

        def update(self, task, **what):
            seen.append((what["completed"], what["total"]))

    monkeypatch.setattr("rich.progress.Progress", Shown)
    for quiet, terminal in ((True, True), (False, False)):
        monkeypatch.setattr(sys.stderr, "isatty", lambda terminal=terminal: terminal, raising=False)
        with watching.bar(quiet) as progress:
            progress(1, 2)
    assert seen == []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with watching.bar(False) as progress:
        progress(5, 9)
        progress(6, 9)
    assert seen == [4, ("from", 5, 9), (6, 9), "gone"]


def test_the_studies_that_ship_are_listed(run):
    code, out, err = run("studies")
    assert (code, err) == (0, "")
    assert all("  " in line for line in out.splitlines())
