"""What a disk error means, and what to do about it."""

from __future__ import annotations

import errno

_ADVICE = {
    errno.ENOSPC: "the disk is full; free some space and try again",
    errno.EROFS: "the disk is read-only; choose another place",
    errno.EFBIG: "the file is larger than this disk or `ulimit -f` allows",
    errno.EACCES: "permission denied; make it writable, or choose another place",
    errno.EPERM: "permission denied; make it writable, or choose another place",
    errno.EIO: "the disk reported an error; check the disk, or choose another place",
    getattr(errno, "EDQUOT", -1): "your disk quota is used up; free some space and try again",
}

_SQLITE = {
    "SQLITE_FULL": errno.ENOSPC,
    "SQLITE_READONLY": errno.EROFS,
    "SQLITE_IOERR": errno.EIO,
    "SQLITE_PERM": errno.EACCES,
}


def disk_errno(error: BaseException) -> int:
    """The error number as reported by the operating system, also for SQLite errors; 0 if there is none."""
    name: str = getattr(error, "sqlite_errorname", "")
    found = next((number for start, number in _SQLITE.items() if name.startswith(start)), 0)
    return found or getattr(error, "errno", None) or 0


def disk_text(error: BaseException) -> str:
    """What went wrong and what to do, without the file's name."""
    return _ADVICE.get(disk_errno(error)) or getattr(error, "strerror", None) or str(error)
