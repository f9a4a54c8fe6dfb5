"""Files that are whole or not there at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from sarcoid_epi.errors import ConfigurationError, Problem


def write_whole(path: Path, write: Callable[[Path], object]) -> Path:
    """Let `write` fill a temporary neighbour, then put it in place of `path`; an interrupt leaves the old file or none.

    Raises
    ------
    ConfigurationError
        When the place cannot be written to: a folder, something in the way, no permission, a full disk.
    """
    try:
        if path.is_dir():
            raise ConfigurationError(Problem(f"'{path}' is a folder", do="name a file"))
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise ConfigurationError(Problem(f"'{path.parent}' is not a folder", do="name another place")) from None
    except OSError as error:
        raise _unwritable(path, error) from None
    partial = path.with_name(f".{path.name}.partial")
    try:
        write(partial)
        os.replace(partial, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return path


def _unwritable(path: Path, error: OSError) -> ConfigurationError:
    why = (error.strerror or str(error)).lower()
    return ConfigurationError(Problem(f"'{path}' cannot be written", why=why, do="name another place"))


def write_text(path: Path, text: str) -> Path:
    """UTF-8 text with "\\n" line ends, whole or not at all."""
    return write_whole(path, lambda partial: partial.write_bytes(text.encode("utf-8")))


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return sha256(path.read_bytes()).hexdigest()
