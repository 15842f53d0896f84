"""Watches single files by looking at them now and then.

A look follows whatever leads to the path: links that are turned, folders that are swapped, removed and made again,
editors that write a new file in the place of the old one, disks of a network. The operating system's notices miss most
of these, since they belong to the folder that was there at first.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

LOOK_SECONDS = 0.1
"""How often to look: a look at a few files costs microseconds."""

FileMark = tuple[int, ...]
"""What tells a file from what it was before; empty while there is none."""


def file_mark(path: Path) -> FileMark:
    """The mark of what `path` leads to now, if that is a file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ()
    if not stat.S_ISREG(status.st_mode):
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


class FileWatch:
    """Says which of some files have changed. Make it before the files are read; looks block."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._reported = {path: file_mark(path) for path in paths}
        self._last = dict(self._reported)

    def look(self) -> set[Path]:
        """The files that have changed, come or gone since they were last reported, and did not change since the last
        look: what is being written is not ready to be read."""
        now = {path: file_mark(path) for path in self._reported}
        changed = {
            path for path, mark in now.items() if mark != self._reported[path] and mark == self._last[path]
        }
        self._last = now
        self._reported.update((path, now[path]) for path in changed)
        return changed

    def watch(self, paths: Iterable[Path]) -> None:
        """Watch exactly these files from now on."""
        wanted = dict.fromkeys(paths)
        self._reported = {
            path: self._reported[path] if path in self._reported else file_mark(path) for path in wanted
        }
        self._last = {path: self._last.get(path, mark) for path, mark in self._reported.items()}
