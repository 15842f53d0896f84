"""Atomic writes of files and folders: at any time either the old or the new one exists, complete."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from server_core.disk import disk_errno, disk_text
from server_core.processes import is_alive

_LEFT_OVER = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)-[0-9a-f]{12}\.tmp", re.DOTALL)
LEFT_OVER_SECONDS = 60.0
"""The minimum age of leftovers of killed processes: on a shared disk, another machine may still be writing."""


def write_atomically(path: Path, text: str, *, overwrite: bool = True, mode: int | None = None) -> None:
    """Write `text` as UTF-8 with LF line ends to `path`; a symbolic link is followed.

    Args:
        overwrite: `False` keeps an existing file, even one that appears during the write.
        mode: Permission bits; `None` for those of the replaced file, or the default ones.

    Raises:
        FileExistsError: The file exists, and `overwrite` is false.
        OSError: It can't be written; nothing is left behind. The error names `path` and says what to do.
    """
    target = path.resolve()
    if not target.parent.is_dir():
        raise FileNotFoundError(2, "There is no such folder", str(path.parent))
    if not overwrite and target.exists():
        raise FileExistsError(17, "File exists", str(path))
    remove_left_overs(target.parent, target.name)
    temporary = temporary_beside(target)
    with _naming(path):
        try:
            # Not with `tempfile`, whose files only the owner may read: here the umask decides.
            with open(temporary, "x", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if mode is not None or target.exists():
                temporary.chmod(target.stat().st_mode & 0o777 if mode is None else mode)
            if overwrite:
                temporary.replace(target)
            else:
                _put_new(temporary, target)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()


@contextlib.contextmanager
def making_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to fill, which becomes `folder` at the end of the block: in one step, or file by file if `folder`
    exists and is not empty. If anything fails, nothing is left behind.

    Raises:
        FileExistsError: A file with the name of a new one exists; the error names it.
        OSError: It can't be created. The error names `folder` and says what to do.
    """
    with _naming(folder):
        parent = folder if folder.is_dir() else folder.parent
        parent.mkdir(parents=True, exist_ok=True)
        remove_left_overs(parent, folder.name)
        # On the same disk as `folder`, so that it can be renamed.
        temporary = temporary_beside(parent / folder.name)
        try:
            temporary.mkdir()
            yield temporary
            if parent is folder:
                _move_into(temporary, folder)
            else:
                temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def temporary_beside(target: Path) -> Path:
    """Return a new name beside `target` by which a leftover can be recognized if this process is killed."""
    return target.with_name(f".{target.name}.{os.getpid()}-{os.urandom(6).hex()}.tmp")


def remove_left_overs(folder: Path, name: str = "") -> None:
    """Remove what killed processes left in `folder` while writing (`name`, or anything). Never raises."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            match = _LEFT_OVER.fullmatch(path.name)
            if match is None or (name and match["name"] != name) or is_alive(int(match["pid"])):
                continue
            if time.time() - path.lstat().st_mtime > LEFT_OVER_SECONDS:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Make errors name the user's `path` instead of the temporary one, and say what to do."""
    try:
        yield
    except FileExistsError:
        raise
    except (OSError, sqlite3.OperationalError) as error:
        raise OSError(disk_errno(error), disk_text(error), str(path)) from error


def _move_into(made: Path, folder: Path) -> None:
    """Move every file of `made` into `folder`, `server.toml` last; undo it all if one can't be moved."""
    names = sorted(
        (path.relative_to(made) for path in made.rglob("*") if not path.is_dir()),
        key=lambda name: name.name == "server.toml",
    )
    for name in names:
        if (folder / name).exists():
            raise FileExistsError(17, "File exists", str(folder / name))
    moved: list[Path] = []
    try:
        for name in names:
            target = folder / name
            moved += [parent for parent in reversed(target.parents) if not parent.exists()]
            target.parent.mkdir(parents=True, exist_ok=True)
            (made / name).rename(target)
            moved.append(target)
    except OSError:
        for path in reversed(moved):
            with contextlib.suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()
        raise


def _put_new(temporary: Path, target: Path) -> None:
    """Rename a written file to `target`, unless that exists by now."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise FileExistsError(17, "File exists", str(target)) from None
    except OSError:
        # A file system without hard links: all we can do is check again.
        if target.exists():
            raise FileExistsError(17, "File exists", str(target)) from None
        temporary.replace(target)
