"""Files are whole or not there at all."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.files import digest, every_file, replaced, write_text, write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def half_written(partial):
    partial.write_text("half")
    raise RuntimeError("interrupted")


def test_text_is_written_as_utf8_with_plain_line_ends(tmp_path):
    path = write_text(tmp_path / "new" / "folder" / "a.txt", "å\nb\n")
    assert path.read_bytes() == b"\xc3\xa5\nb\n"
    assert names(path.parent) == ["a.txt"]


def test_writing_again_replaces_the_file(tmp_path):
    write_text(tmp_path / "a.txt", "old and long")
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"


@pytest.mark.parametrize("mishap", [RuntimeError, KeyboardInterrupt])
def test_a_mishap_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path, mishap):
    def stop(partial):
        partial.write_text("half")
        raise mishap

    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(mishap):
        write_whole(tmp_path / "a.txt", stop)
    assert (tmp_path / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_mishap_at_the_first_writing_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError, match="interrupted"):
        write_whole(tmp_path / "a.txt", half_written)
    assert names(tmp_path) == []


def test_the_old_file_is_there_until_the_new_one_is_complete(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    seen = []

    def look(partial):
        partial.write_text("new")
        seen.append((tmp_path / "a.txt").read_text())

    write_whole(tmp_path / "a.txt", look)
    assert seen == ["old"]
    assert (tmp_path / "a.txt").read_text() == "new"


def test_a_folder_in_the_way_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="is a folder; name a file"):
        write_text(tmp_path, "x")


def test_a_file_where_a_folder_is_needed_is_refused(tmp_path):
    write_text(tmp_path / "a", "x")
    for path in (tmp_path / "a" / "b.txt", tmp_path / "a" / "b" / "c.txt"):
        with pytest.raises(ConfigurationError, match="is not a folder; name another place"):
            write_text(path, "x")


def test_a_full_disk_or_a_missing_permission_is_a_sentence_and_leaves_the_old_file(tmp_path):
    def full(partial):
        partial.write_text("half")
        raise OSError(28, "No space left on device")

    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(ConfigurationError, match=r"a\.txt' cannot be written, because no space left on device"):
        write_whole(tmp_path / "a.txt", full)
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"
    with pytest.raises(ConfigurationError, match="cannot be written, because file name too long"):
        write_text(tmp_path / ("x" * 400), "x")


def test_a_digest_is_that_of_the_bytes(tmp_path):
    path = write_text(tmp_path / "a.txt", "")
    assert digest(path) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


# Folders. A thing of ours is a folder with a file `list` that names its files.


def listed(folder):
    path = folder / "list"
    return {*path.read_text().split(), "list"} if path.is_file() else None


def build(out, **texts):
    with replaced(out, listed, "thing") as folder:
        for name, text in texts.items():
            (folder / name).write_text(text)
        (folder / "list").write_text(" ".join(texts))


def texts(folder):
    return {name: (folder / name).read_text() for name in every_file(folder)}


def test_a_folder_is_built_in_a_new_or_empty_place_and_replaced_by_the_next(tmp_path):
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "empty", tmp_path / "deep" / "new"):
        build(out, a="1", b="1")
        build(out, a="2")
        assert texts(out) == {"a": "2", "list": "a"}
        assert names(out.parent) == sorted({out.name, *({"deep", "empty"} & set(names(out.parent)))})


def test_files_of_others_are_carried_over_wherever_they_lie(tmp_path):
    out = tmp_path / "out"
    build(out, a="1")
    (out / "notes" / "deep").mkdir(parents=True)
    (out / "notes" / "deep" / "mine.txt").write_text("mine")
    (out / "link").symlink_to("notes", target_is_directory=True)
    out.chmod(0o700)
    build(out, a="2")
    assert texts(out / "notes") == {"deep/mine.txt": "mine"}
    assert os.readlink(out / "link") == "notes"
    assert out.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mine", ["b", "b/mine.txt"])
def test_a_file_of_others_is_never_overwritten(tmp_path, mine):
    build(tmp_path / "out", a="1")
    write_text(tmp_path / "out" / mine, "mine")
    before = texts(tmp_path)
    with pytest.raises(ConfigurationError, match=f"the thing would overwrite '{mine}', because .*; move it away"):
        build(tmp_path / "out", a="2", b="2")
    assert texts(tmp_path) == before


def test_a_file_that_came_while_building_is_kept(tmp_path):
    with replaced(tmp_path / "out", listed, "thing") as folder:
        (folder / "list").write_text("")
        write_text(tmp_path / "out" / "mine", "mine")
    assert texts(tmp_path / "out") == {"list": "", "mine": "mine"}


@pytest.mark.parametrize(("place", "said"), [
    ("full", "full: refusing to write a thing here, because it holds files but no earlier thing; choose an empty"),
    ("full/mine", "mine' is not a folder; name another place"),
    ("full/mine/sub", "mine' is not a folder; name another place"),
    ("full/mine/sub/deep", "is not a folder; name another place"),
    ("link", "a thing cannot replace a link; name the folder itself"),
    ("link/deep", "the folder you are in; name a new folder below it"),
    ("here/deep/..", "the folder you are in; name a new folder below it"),
    ("x" * 400, "x' cannot be written, because file name too long; name another place"),
    ("/proc/x", "'/proc/x' cannot be written, because no such file or directory; name another place"),
    ("/proc", "a thing cannot replace a mounted folder"),
])  # fmt: skip
def test_a_place_that_cannot_become_ours_is_refused_in_a_sentence(tmp_path, monkeypatch, place, said):
    if place.startswith("/proc") and not Path("/proc/self").exists():
        pytest.skip("no such place on this machine")
    (tmp_path / "here" / "deep").mkdir(parents=True)
    write_text(tmp_path / "full" / "mine", "mine")
    (tmp_path / "link").symlink_to("here", target_is_directory=True)
    monkeypatch.chdir(tmp_path / "here" / "deep")
    with pytest.raises(ConfigurationError, match=said) as caught:
        build(tmp_path / place, a="1")
    assert len(str(caught.value).splitlines()) == 1
    assert texts(tmp_path / "full") == {"mine": "mine"}
    assert names(tmp_path) == ["full", "here", "link"]


@pytest.mark.parametrize("broken", ["mkdir", "touch", "copy2", "copymode", "replace", "access"])
def test_an_error_of_the_disk_is_a_sentence_and_leaves_the_old_folder(tmp_path, monkeypatch, broken):
    out = tmp_path / "out"
    build(out, a="1")
    write_text(out / "mine", "mine")
    before = texts(tmp_path)

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        if broken == "access":
            patch.setattr(os, "access", lambda *_: False)
        else:
            room = {"replace": os, "copy2": shutil, "copymode": shutil}.get(broken, Path)
            patch.setattr(room, broken, denied)
        with pytest.raises(ConfigurationError, match="out' cannot be written, because permission denied; name another"):
            build(out, a="2")
    build(out, a="1")
    assert texts(tmp_path) == before


def test_an_error_of_writing_names_the_place_and_any_other_error_stays_what_it_is(tmp_path):
    def during(error):
        with replaced(tmp_path / "out", listed, "thing") as folder:
            if error is None:
                write_text(folder / ("x" * 400), "")
            (folder / "a").write_text("half")
            raise error

    full = OSError(28, "No space left on device")
    with pytest.raises(ConfigurationError, match="out' cannot be written, because no space left on device; free some"):
        during(full)
    with pytest.raises(ConfigurationError, match="out' cannot be written, because file name too long"):
        during(None)
    for other in (FileNotFoundError(2, "No such file", "elsewhere"), BrokenPipeError(32, "Broken pipe")):
        with pytest.raises(type(other)):
            during(other)
    with pytest.raises(ConfigurationError, match="something else"):
        during(ConfigurationError("something else"))
    assert names(tmp_path) == []


def test_an_unreadable_folder_of_others_is_not_taken_for_an_empty_one(tmp_path, monkeypatch):
    out = tmp_path / "out"
    build(out, a="1")
    write_text(out / "sub" / "mine", "mine")
    before, scan = texts(out), os.scandir

    def denied(path):
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", denied)
        with pytest.raises(ConfigurationError, match="permission denied"):
            build(out, a="2")
    assert texts(out) == before


@pytest.mark.parametrize("moment", [0, 1])
def test_an_interrupt_between_the_renames_puts_the_old_folder_back(tmp_path, monkeypatch, moment):
    out, rename, seen = tmp_path / "out", os.replace, []
    build(out, a="1")

    def interrupted(source, target):
        seen.append(source)
        if len(seen) == 1 + moment:
            raise KeyboardInterrupt
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build(out, a="2")
    assert texts(tmp_path) == {"out/a": "1", "out/list": "a"}


def test_what_a_killed_run_left_never_costs_a_file_of_others(tmp_path):
    out, partial, old = tmp_path / "out", tmp_path / ".out.partial", tmp_path / ".out.old"
    build(out, a="1")
    write_text(out / "mine", "mine")
    out.rename(old)
    out.mkdir()  # by the user, who missed it
    build(out, a="2")
    assert texts(tmp_path) == {"out/a": "2", "out/list": "a", "out/mine": "mine"}
    build(old, a="1")
    write_text(old / "other", "mine")
    with pytest.raises(ConfigurationError, match=r"\.out\.old: this name is needed for building; move it away"):
        build(out, a="3")
    (old / "other").unlink()
    partial.write_text("mine")
    with pytest.raises(ConfigurationError, match=r"\.out\.partial: this name is needed for building"):
        build(out, a="3")
    partial.unlink()
    build(out, a="3")
    assert texts(tmp_path) == {"out/a": "3", "out/list": "a", "out/mine": "mine"}


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [sys.argv[2]]
from test_files import build

left = int(sys.argv[1])

def count(event, _):
    global left
    if event in {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.scandir", "os.listdir"}:
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count)
build(Path("out"), a="new", b="new")
"""


@pytest.mark.skipif(not hasattr(os, "kill") or sys.platform == "win32", reason="no SIGKILL")
def test_a_kill_before_any_step_leaves_old_or_new_and_the_next_run_heals_it(tmp_path):
    """Killed before the first, second, third ... touch of the disk, until nothing is left to be killed."""
    out, old = tmp_path / "out", {"a": "old", "c": "old", "list": "a c", "mine/x": "mine"}
    new = {"a": "new", "b": "new", "list": "a b", "mine/x": "mine"}
    seen = set()
    for step in range(200):
        shutil.rmtree(out, ignore_errors=True)
        build(out, a="old", c="old")
        write_text(out / "mine" / "x", "mine")
        done = subprocess.run([sys.executable, "-c", KILLED, str(step), str(Path(__file__).parent)], cwd=tmp_path)
        place = out if out.exists() else tmp_path / ".out.old"
        found = texts(place)
        assert found in (old, new), step
        seen.add((place.name, found["a"]))
        if done.returncode == 0:
            break
        build(out, a="next")
        assert texts(tmp_path) == {"out/a": "next", "out/list": "a", "out/mine/x": "mine"}, step
    assert step > 15
    assert seen == {("out", "old"), (".out.old", "old"), ("out", "new")}
