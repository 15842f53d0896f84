"""Files that only their owner may read: what a server stores about the calls it received."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

PRIVATE_FOLDER = ".workbench"
"""The folder in a project for data about it; it is private and stays out of version control."""

_DATABASE_PARTS = ("", "-wal", "-shm", "-journal")


def make_folder_of(path: Path) -> None:
    """Create the folder that will contain `path`. One in `.workbench` is private to its owner and ignored by git; the
    project folder itself is never created.

    Raises:
        OSError: it can't be created; the project may be gone.
    """
    for folder in path.parents[:2]:
        if folder.name == PRIVATE_FOLDER:
            _make_private(folder)
    path.parent.mkdir(parents=True, exist_ok=True)


def private_database(path: Path) -> None:
    """Create the SQLite file `path` unless it exists. Only its owner can read it and the files SQLite puts beside it.

    Raises:
        OSError: it can't be created.
    """
    make_folder_of(path)
    # SQLite gives the files beside a database the same permissions.
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT, 0o600))
    for part in _DATABASE_PARTS:
        _restrict(path.with_name(path.name + part), 0o600)


def _make_private(folder: Path) -> None:
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    _restrict(folder, 0o700)
    ignored = folder / ".gitignore"
    with suppress(FileExistsError, PermissionError), open(ignored, "x", encoding="utf-8") as file:
        file.write("*\n")


def _restrict(path: Path, mode: int) -> None:
    # Missing, or someone else's: leave it as it is.
    with suppress(OSError):
        if os.stat(path).st_mode & 0o777 & ~mode:
            os.chmod(path, mode)
