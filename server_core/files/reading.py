"""Reads a file only if it is really inside its folder, whatever links and races there are."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from ..errors import CoreError, DeniedError, NotFoundError, UnavailableError

OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
    # Opening a FIFO would wait for a writer.
    | getattr(os, "O_NONBLOCK", 0)
)


class FilePart(NamedTuple):
    """Bytes of a file, and the file's size when it was opened."""

    data: bytes
    size: int


class FileGoneError(NotFoundError):
    """A resource without a file: it was deleted, or only existed in a replay."""

    def __init__(self, uri: str, text: str) -> None:
        super().__init__("resource", uri)
        self.args = (text,)


class OutsideFolderError(DeniedError):
    """A link that leads out of its folder, or to something that the module ignores."""


def real_path_inside(root: str, path: str, allowed: Callable[[str], bool]) -> str:
    """Resolve the links in `path`: the result is relative to `root` and `/` separated.

    Args:
        root: absolute, without links in it.
        allowed: whether a path inside may be read.

    Raises:
        OutsideFolderError: it leads outside, or to something that is not allowed.
        OSError: it can't be resolved (a loop of links).
    """
    real = os.path.realpath(os.path.join(root, path))
    base = root if root.endswith(os.sep) else root + os.sep
    inside = real[len(base) :].replace(os.sep, "/") if real.startswith(base) else ""
    if not inside or not allowed(inside):
        raise OutsideFolderError(f"{path} is a link that leads out of the folder, or to an ignored file")
    return inside


def open_inside(root: str, path: str, allowed: Callable[[str], bool]) -> int:
    """Open the regular file `path` in `root`; returns a file descriptor.

    Links are resolved first; the real path is then opened part by part without following links, so one that is inserted
    meanwhile is refused.

    Raises:
        OutsideFolderError: see `real_path_inside`.
        UnavailableError: it is not a regular file.
        OSError: it can't be opened.
    """
    real = real_path_inside(root, path, allowed)
    opened: list[int] = []
    try:
        if os.open in os.supports_dir_fd:
            *folders, name = real.split("/")
            opened.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY | getattr(os, "O_CLOEXEC", 0)))
            for folder in folders:
                opened.append(os.open(folder, OPEN_FLAGS | os.O_DIRECTORY, dir_fd=opened[-1]))
            descriptor = os.open(name, OPEN_FLAGS, dir_fd=opened[-1])
        else:
            descriptor = os.open(os.path.join(root, *real.split("/")), OPEN_FLAGS)
    finally:
        for folder_descriptor in opened:
            os.close(folder_descriptor)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnavailableError(f"{path} is not a regular file, so it can't be read")
    return descriptor


def read_inside(
    root: str, path: str, allowed: Callable[[str], bool], *, offset: int = 0, most: int | None = None
) -> FilePart:
    """Read at most `most` bytes of the file from `offset`; also returns its size. Blocks. Raises like `open_inside`."""
    with os.fdopen(open_inside(root, path, allowed), "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if offset:
            file.seek(offset)
        parts: list[bytes] = []
        left = most if most is not None else size - offset
        while left > 0 and (part := file.read(min(left, 1 << 20))):
            parts.append(part)
            left -= len(part)
    return FilePart(b"".join(parts), size)


def reading_error(error: OSError, path: str, uri: str) -> CoreError:
    """The error for a client when the operating system refuses to read a file."""
    if isinstance(error, FileNotFoundError) or error.errno in (errno.ENOTDIR, errno.ESTALE):
        return FileGoneError(uri, f"{path} is no longer on disk; list the resources again")
    if isinstance(error, PermissionError):
        return DeniedError(f"{path} can't be read: the server has no permission")
    if error.errno == errno.ELOOP:
        return OutsideFolderError(
            f"{path} can't be read: its path contains a loop of links, or a link that was just added"
        )
    text = os.strerror(error.errno) if error.errno else str(error)
    return UnavailableError(f"{path} can't be read: {text}")


def read_head(root: str, path: str, allowed: Callable[[str], bool], count: int) -> bytes | None:
    """The first bytes of a file; `None` if it can't be read. Blocks."""
    with suppress(OSError, CoreError):
        return read_inside(root, path, allowed, most=count).data
    return None
