"""Files and folders that are whole or not there at all."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest, sha256
from itertools import count
from pathlib import Path
from typing import IO

from sarcoid_epi.errors import ConfigurationError, Problem

#: The files that an earlier output of ours made in a folder; None when the folder is not ours.
Listed = Callable[[Path], set[str] | None]

#: Marks a folder that is being built or removed, so that nothing else is ever cleared away.
_MARK = ".sarcoid-epi-partial"

#: What a working folder is for, and who is at work in it.
_RECIPE, _LOCK = "recipe", "lock"


def write_whole(path: Path, write: Callable[[Path], object]) -> Path:
    """Let `write` fill a temporary neighbour, then put it in place of `path`; an interrupt leaves the old file or none.

    Several may write the same file at once: each has a neighbour of its own.

    Raises
    ------
    ConfigurationError
        When the place cannot be written to: a folder, something in the way, no permission, a full disk.
    """
    with _told(path):
        if path.is_dir():
            raise ConfigurationError(Problem(f"'{path}' is a folder", do="name a file"))
        _make(path.parent)
        partial = _neighbour(path)
        try:
            write(partial)
            os.replace(partial, path)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
    return path


def _neighbour(path: Path) -> Path:
    """An empty file beside another that nobody else has."""
    for number in count():
        partial = path.with_name(f".{path.name}.{number or ''}".rstrip(".") + ".partial")
        with suppress(FileExistsError):
            partial.touch(exist_ok=False)
            return partial
    raise AssertionError("numbers never end")


def write_text(path: Path, text: str) -> Path:
    """UTF-8 text with "\\n" line ends, whole or not at all."""
    return write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> Path:
    """Bytes, whole or not at all."""
    return write_whole(path, lambda partial: partial.write_bytes(content))


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes; of a folder, that of its files' names and hashes."""
    if path.is_dir():
        listing = "".join(f"{name} {digest(path / name)}\n" for name in every_file(path))
        return sha256(listing.encode("utf-8")).hexdigest()
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def every_file(folder: Path) -> list[str]:
    """Every file and link below a folder, relative and sorted; an unreadable folder is an OSError, never skipped."""
    found: list[str] = []
    for top, folders, names in os.walk(folder, onerror=_fail):
        links = [name for name in folders if (Path(top) / name).is_symlink()]
        found += [(Path(top) / name).relative_to(folder).as_posix() for name in (*names, *links)]
    return sorted(name for name in found if name != _MARK)


@contextmanager
def replaced(out: Path, listed: Listed, kind: str) -> Iterator[Path]:
    """A folder to build in, which becomes `out` when all went well and vanishes when not.

    Files in `out` that the earlier output did not make are carried over; none is ever deleted or overwritten. An
    interrupt leaves the old folder; a kill between the two renames at the end leaves it as `.NAME.old`, which the next
    run puts back.

    Parameters
    ----------
    out : Path
        New, empty, or holding an earlier output of the same kind.
    listed : callable
        Tells the files that an earlier output made in a folder, None when the folder is not ours.
    kind : str
        What the folder is, for the sentences: "report", "cohort".

    Yields
    ------
    Path
        The folder to build in, `.NAME.partial` beside `out`.

    Raises
    ------
    ConfigurationError
        When `out` holds files of others, or cannot be written or replaced.
    """
    with _told(out):
        _refuse(out, listed, kind)
        place = Path(os.path.realpath(out))
        partial, old = (place.with_name(f".{place.name}.{end}") for end in ("partial", "old"))
        _heal(place, partial, old, listed)
        _make(out.parent)
        partial.mkdir()
    try:
        with _told(out):
            (partial / _MARK).touch()
        with _told_within(out, partial):
            yield partial
        with _told(out):
            _carry_over(place, partial, listed, kind)
            _swap(place, partial, old)
    except BaseException:
        with suppress(OSError):
            _remove(partial)
        raise


@contextmanager
def resumable(out: Path, listed: Listed, kind: str, recipe: str, worth: Callable[[Path], bool]) -> Iterator[Path]:
    """A folder to work in, `.NAME.parts` beside `out`, that outlasts an interrupt until the same recipe comes again.

    Parameters
    ----------
    out : Path
        Where the output goes in the end; refused at once where `replaced` would refuse it.
    listed, kind
        As for `replaced`.
    recipe : str
        What is made, in one word; work on another recipe is never mixed with.
    worth : callable
        Whether a working folder holds anything worth keeping.

    Yields
    ------
    Path
        The working folder. It vanishes when all went well, and after a failure that leaves nothing worth keeping.

    Raises
    ------
    ConfigurationError
        When another run is at work there, the finished work of another recipe lies there, or `out` cannot be written.
    """
    with _told(out):
        _refuse(out, listed, kind)
        place = Path(os.path.realpath(out))
        work = place.with_name(f".{place.name}.parts")
        if os.path.lexists(work) and (work.is_symlink() or not work.is_dir() or not _ours(work)):
            raise ConfigurationError(Problem("this name is needed for building", str(work), do="move it away"))
        _make(work)
        (work / _MARK).touch()
    with _alone(work, out):
        with _told(out):
            _same_recipe(work, recipe, kind, worth)
        try:
            with _told_within(out, work):
                yield work
        except BaseException:
            if not worth(work):
                with suppress(OSError):
                    _remove(work)
            raise
        with suppress(OSError):
            _remove(work)


def _ours(work: Path) -> bool:
    return (work / _MARK).exists() or _vacant(work)


def _same_recipe(work: Path, recipe: str, kind: str, worth: Callable[[Path], bool]) -> None:
    """Take up work on the same recipe; clear away what is worth nothing; refuse to mix or to lose what is."""
    note = work / _RECIPE
    known = note.read_text(encoding="utf-8") if note.exists() else ""
    if known == recipe:
        return
    if worth(work):
        why = f"they belong to another {kind}"
        do = f"finish that one with its own options, delete the folder, or name another place for this {kind}"
        raise ConfigurationError(Problem("finished parts are waiting here", str(work), why, do))
    for path in work.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    write_text(note, recipe)


@contextmanager
def _alone(work: Path, out: Path) -> Iterator[None]:
    """Hold the working folder's lock, which a killed run lets go of; another run that holds it is a sentence."""
    with (work / _LOCK).open("a") as lock:
        if not _locked(lock, work / _LOCK):
            do = "wait until it is finished, or name another place"
            raise ConfigurationError(Problem("another run is writing here", str(out), do=do))
        yield


def _locked(lock: IO[str], path: Path) -> bool:
    """Whether the lock is ours now, and still the one in the folder."""
    if sys.platform == "win32":
        return True  # an open file cannot be removed there, which keeps two runs from the worst
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return path.exists() and os.path.samestat(os.fstat(lock.fileno()), path.stat())


def linked(file: Path, name: Path) -> None:
    """The same file under a second name, or a copy where there are no such names."""
    name.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, name)
    except OSError:
        shutil.copy2(file, name)


def _refuse(out: Path, listed: Listed, kind: str) -> None:
    """Say no to a place that cannot become, or must not be replaced by, an output."""
    if out.is_symlink():
        raise ConfigurationError(Problem(f"a {kind} cannot replace a link", str(out), do="name the folder itself"))
    if not out.exists():
        return
    if not out.is_dir():
        raise ConfigurationError(Problem(f"'{out}' is not a folder", do="name another place"))
    place, here = Path(os.path.realpath(out)), Path.cwd()
    if place == here or place in here.parents or os.path.ismount(place):
        what = "a mounted folder" if os.path.ismount(place) else "the folder you are in"
        raise ConfigurationError(Problem(f"a {kind} cannot replace {what}", str(out), do="name a new folder below it"))
    if not os.access(out, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(out))
    if not _vacant(out) and listed(out) is None:
        why = f"it holds files but no earlier {kind}"
        raise ConfigurationError(
            Problem(f"refusing to write a {kind} here", str(out), why, "choose an empty or new folder")
        )


def _vacant(folder: Path) -> bool:
    return not folder.exists() or not any(folder.iterdir())


def _heal(out: Path, partial: Path, old: Path, listed: Listed) -> None:
    """Put back or clear away what a killed run left; refuse to touch anything else."""
    whole = not old.is_symlink() and not (old / _MARK).exists() and listed(old) is not None
    if whole and _vacant(out):
        if out.exists():
            out.rmdir()
        os.replace(old, out)  # killed between the two renames
    for folder in (partial, old):
        if not os.path.lexists(folder):
            continue
        if folder.is_symlink() or not folder.is_dir() or not _left_over(folder, out, listed):
            raise ConfigurationError(Problem("this name is needed for building", str(folder), do="move it away"))
        _remove(folder)


def _left_over(folder: Path, out: Path, listed: Listed) -> bool:
    """Whether a folder is a killed run's and holds nothing that is not ours or also in `out`."""
    if (folder / _MARK).exists():
        return True
    ours = listed(folder)
    if ours is None:
        return _vacant(folder)
    return all(name in ours or os.path.lexists(out / name) for name in every_file(folder))


def _carry_over(out: Path, partial: Path, listed: Listed, kind: str) -> None:
    """Copy the files that are not ours; refuse when the new output has a file of that name."""
    ours = listed(out) or set()
    for name in every_file(out) if out.exists() else []:
        if name in ours:
            continue
        parent = (partial / name).parent
        with suppress(FileExistsError, NotADirectoryError):
            parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(partial / name) or not parent.is_dir():
            why = f"it is not as an earlier {kind} made it"
            raise ConfigurationError(Problem(f"the {kind} would overwrite '{name}'", str(out), why, "move it away"))
        shutil.copy2(out / name, partial / name, follow_symlinks=False)


def _swap(out: Path, partial: Path, old: Path) -> None:
    """Put the new folder in place of the old one, and the old one back if that fails."""
    if out.exists():
        shutil.copymode(out, partial)
    (partial / _MARK).unlink()
    if not out.exists():
        os.replace(partial, out)
        return
    try:
        os.replace(out, old)
        os.replace(partial, out)
    except BaseException:
        if old.exists() and not out.exists():
            os.replace(old, out)
        raise
    with suppress(OSError):
        _remove(old)


def _remove(folder: Path) -> None:
    """Remove a folder of ours; killed in the middle, what is left is still marked as ours."""
    if not folder.exists():
        return
    (folder / _MARK).touch()
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _MARK:
            path.unlink()
    (folder / _MARK).unlink()
    folder.rmdir()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ConfigurationError(Problem(f"'{folder}' is not a folder", do="name another place")) from None


def _fail(error: OSError) -> None:
    raise error


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in a sentence why a place cannot be written."""
    try:
        yield
    except OSError as error:
        raise _unwritable(path, error) from error


@contextmanager
def _told_within(out: Path, partial: Path) -> Iterator[None]:
    """The same while others build, for errors of writing only; the sentence names `out`, never the work folder."""
    try:
        yield
    except (OSError, ConfigurationError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if isinstance(cause, OSError) and _of_writing(cause, partial):
            raise _unwritable(out, cause) from cause
        raise


def _of_writing(error: OSError, folder: Path) -> bool:
    """Whether an error is about a file in the folder (a full disk names none), not one read or printed to elsewhere."""
    if error.filename is None:
        return not isinstance(error, ConnectionError)
    return Path(str(error.filename)).is_relative_to(folder)


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    why = (error.strerror or str(error)).lower()
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    do = "free some space or name another place" if full else "name another place"
    return ConfigurationError(Problem(f"'{path}' cannot be written", why=why, do=do))
