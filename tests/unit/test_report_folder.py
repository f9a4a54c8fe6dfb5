"""The folder of a report: whole or not there, and never a file of somebody else's lost."""

import json
from pathlib import Path

import pytest

from report_content import all_bytes, content
from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.report import Content, build
from sarcoid_epi.results import Estimates


def break_figures(monkeypatch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
    def fail(content: Content) -> None:
        raise error("in the middle")

    monkeypatch.setattr("sarcoid_epi.report.document.all_figures", fail)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_in_the_middle_leaves_the_old_report(tmp_path, monkeypatch, error):
    out = tmp_path / "r"
    build(Content("old", "q", "d", Estimates((), ())), out)
    before = all_bytes(out)
    break_figures(monkeypatch, error)
    with pytest.raises(error):
        build(content(), out)
    assert all_bytes(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_a_new_report_replaces_the_old_one_and_keeps_what_is_not_of_it(tmp_path):
    out = tmp_path / "r"
    build(content(), out)
    (out / "notes.txt").write_text("mine")
    build(Content("new", "q", "d", Estimates((), ())), out)
    assert (out / "notes.txt").read_text() == "mine"
    assert not (out / "tables").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
    build(content(), out)
    assert "notes.txt" not in json.loads((out / "manifest.json").read_text(encoding="utf-8"))["outputs"]


def test_a_folder_with_files_of_others_is_refused(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "thesis.docx").write_text("years of work")
    with pytest.raises(ConfigurationError, match="it holds files but no earlier report"):
        build(content(), tmp_path / "r")
    (tmp_path / "r" / "manifest.json").write_text('{"made_by": "something else"}')
    with pytest.raises(ConfigurationError, match="it holds files but no earlier report"):
        build(content(), tmp_path / "r")
    assert (tmp_path / "r" / "thesis.docx").read_text() == "years of work"


def test_a_file_a_link_and_the_folder_one_is_in_are_refused(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    for place, said in (("file", "'file' is not a folder"), ("link", "replace a link"), (".", "the folder you are in")):
        with pytest.raises(ConfigurationError, match=said):
            build(content(), Path(place))


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path, monkeypatch):
    small = Content("t", "q", "d", Estimates((), ()))
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    for place in ("file/sub", "file/sub/deep"):
        with pytest.raises(ConfigurationError, match="is not a folder; name another place"):
            build(small, Path(place))
    build(small, Path("r"))
    before = all_bytes(tmp_path)

    def full(path: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for way in ("write_text", "write_bytes"):  # the page, and the estimates by way of `files.write_text`
        with monkeypatch.context() as patch:
            patch.setattr(Path, way, full)
            with pytest.raises(ConfigurationError, match=r"^'r' cannot be written, because no space left on device;"):
                build(small, Path("r"))
    assert all_bytes(tmp_path) == before


def test_what_a_killed_build_left_is_cleared_away_but_nothing_else(tmp_path):
    small = Content("t", "q", "d", Estimates((), ()))
    out, partial, old = tmp_path / "r", tmp_path / ".r.partial", tmp_path / ".r.old"
    build(small, out)
    (out / "notes.txt").write_text("mine")
    out.rename(old)
    partial.mkdir()
    (partial / ".sarcoid-epi-partial").touch()
    build(small, out)
    assert (out / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
    partial.mkdir()
    (partial / "mine.txt").touch()
    with pytest.raises(ConfigurationError, match="needed for building"):
        build(small, out)
    assert (partial / "mine.txt").exists()
