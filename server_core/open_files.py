"""The limit on a process's open files, and the errors that occur when it is reached."""

from __future__ import annotations

import errno


def open_files_limit() -> int | None:
    """How many files and sockets this process may open; `None` if the system has no such limit."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def is_out_of_files(error: BaseException | None) -> bool:
    """Whether `error` or one of its causes means that no more files can be opened."""
    for _ in range(8):
        if error is None:
            return False
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            return True
        error = error.__cause__ or error.__context__
    return False
