"""Files are whole or not there at all."""

import pytest

from sarcoid_epi.errors import ConfigurationError
from sarcoid_epi.files import digest, write_text, write_whole


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
