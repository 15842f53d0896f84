"""Writing a file so that at any time either the old or the new one is there, whole."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def write_atomically(path: Path, text: str, *, overwrite: bool = True, mode: int | None = None) -> None:
    """Write `text` as UTF-8 with LF line ends to `path`; a symbolic link is followed.

    Args:
        overwrite: `False` leaves a file that is there as it is, also one that appears while this writes.
        mode: permission bits; if `None` those of the file that is replaced, or the usual ones.

    Raises:
        FileExistsError: there is one, and `overwrite` is false.
        OSError: it can't be written; nothing is left behind.
    """
    target = path.resolve()
    if not target.parent.is_dir():
        raise FileNotFoundError(2, "There is no such folder", str(path.parent))
    if not overwrite and target.exists():
        raise FileExistsError(17, "File exists", str(path))
    temporary = target.with_name(f".{target.name}.{os.urandom(6).hex()}.tmp")
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
            _put_new(temporary, target, path)
    except OSError as error:
        if error.filename == str(temporary):
            # Nobody has heard of that one.
            raise type(error)(error.errno, error.strerror, str(path)) from None
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def _put_new(temporary: Path, target: Path, path: Path) -> None:
    """Give a written file its name, unless somebody took it in the meantime."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise FileExistsError(17, "File exists", str(path)) from None
    except OSError:
        # A file system without hard links: what is left is to look once more.
        if target.exists():
            raise FileExistsError(17, "File exists", str(path)) from None
        temporary.replace(target)
