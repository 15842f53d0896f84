"""Writing a file or a folder so that at any time either the old or the new one is there, whole."""

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
"""How old what a killed process left must be: on a shared disk, another machine's process may still write it."""


def write_atomically(path: Path, text: str, *, overwrite: bool = True, mode: int | None = None) -> None:
    """Write `text` as UTF-8 with LF line ends to `path`; a symbolic link is followed.

    Args:
        overwrite: `False` leaves a file that is there as it is, also one that appears while this writes.
        mode: permission bits; if `None` those of the file that is replaced, or the usual ones.

    Raises:
        FileExistsError: there is one, and `overwrite` is false.
        OSError: it can't be written; nothing is left behind. It names `path` and says what to do.
    """
    target = path.resolve()
    if not target.parent.is_dir():
        raise FileNotFoundError(2, "There is no such folder", str(path.parent))
    if not overwrite and target.exists():
        raise FileExistsError(17, "File exists", str(path))
    remove_left_overs(target.parent, target.name)
    temporary = temporary_beside(target)
    with _telling_of(path):
        try:
            # Not by `tempfile`, whose files nobody else may read: here the umask decides.
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
    """A folder to fill, which becomes `folder` at the end of the block: in one step, or, where there is a folder with
    other things in it already, file by file. If anything fails, nothing is left behind.

    Raises:
        FileExistsError: a file with the name of one that was made is there; it names that one.
        OSError: it can't be made. It names `folder` and says what to do.
    """
    with _telling_of(folder):
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
    """A new name beside `target` that says whose it is, so that it can be removed if this process is killed."""
    return target.with_name(f".{target.name}.{os.getpid()}-{os.urandom(6).hex()}.tmp")


def remove_left_overs(folder: Path, name: str = "") -> None:
    """Remove what killed processes left in `folder` while they wrote (`name`, or anything). Never raises."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            match = _LEFT_OVER.fullmatch(path.name)
            if match is None or (name and match["name"] != name) or is_alive(int(match["pid"])):
                continue
            if time.time() - path.lstat().st_mtime > LEFT_OVER_SECONDS:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextlib.contextmanager
def _telling_of(path: Path) -> Iterator[None]:
    """Errors name the user's `path`, whose temporary one nobody has heard of, and say what to do."""
    try:
        yield
    except FileExistsError:
        raise
    except (OSError, sqlite3.OperationalError) as error:
        raise OSError(disk_errno(error), disk_text(error), str(path)) from error


def _move_into(made: Path, folder: Path) -> None:
    """Move every file of `made` to its place in `folder`, the `server.toml` last; take them back if one can't be."""
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
    """Give a written file its name, unless somebody took it in the meantime."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise FileExistsError(17, "File exists", str(target)) from None
    except OSError:
        # A file system without hard links: what is left is to look once more.
        if target.exists():
            raise FileExistsError(17, "File exists", str(target)) from None
        temporary.replace(target)
