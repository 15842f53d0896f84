"""Scans the disk: single files and whole folders. Everything here blocks and belongs on worker threads."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from ..errors import CoreError
from .ignoring import IgnoreRules
from .reading import read_head, real_path_inside
from .types import HEAD_BYTES, OCTETS, type_by_bytes, type_by_name
from .uris import is_utf8

MOST_FILES = 100_000
"""Folders with more files are offered only in part: that was hardly intended."""

RACY_SECONDS = 0.011
"""A file changed this shortly before a check may change again and look the same: one kernel tick."""

COARSE_SECONDS = 2.0
"""The same on file systems with timestamps in whole seconds."""

Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """An offered file.

    Attributes:
        path: relative to the folder, `/` separated.
        stamp: times, inode and size, which reveal a change.
        settled: whether an equal stamp means that the file is unchanged.
        target: for a link, the final path inside the folder that it leads to.
        via: for a link, the next path that it leads to.
        replayed: a recording added it, and it is not on disk.
    """

    path: str
    size: int
    mime: str
    stamp: Stamp = (0, 0, 0, 0)
    settled: bool = False
    target: str = ""
    via: str = ""
    replayed: bool = False


@dataclass(slots=True)
class FolderScan:
    """The contents of a folder, sorted by path, and what can't be offered.

    Attributes:
        unnamed: how many names of files and folders are not UTF-8.
        unreadable: how many folders can't be listed.
        cut: whether there are more than `MOST_FILES`.
        gone: whether the folder itself is missing.
    """

    entries: dict[str, FileEntry] = field(default_factory=dict)
    unnamed: int = 0
    unreadable: int = 0
    cut: bool = False
    gone: bool = False


class DiskView:
    """A folder on disk as its module sees it: without anything that is ignored or leads outside."""

    def __init__(self, root: str, rules: IgnoreRules, now: Callable[[], float]) -> None:
        """Args:
        root: absolute, without links in it.
        now: the file system's time, in seconds since the epoch.
        """
        self.root = root
        self.rules = rules
        self._now = now

    def allows(self, path: str) -> bool:
        """Whether `path` is not ignored."""
        return not self.rules.ignores(path)

    def entry(self, path: str, known: FileEntry | None = None) -> FileEntry | None:
        """The file at `path` (which is not ignored); `None` unless it is a file that may be offered.

        `known`, the previous entry, avoids reading an unchanged file again.
        """
        try:
            status = os.lstat(os.path.join(self.root, path))
        except (OSError, ValueError):
            return None
        return self._entry(path, status, known)

    def is_folder(self, path: str) -> bool:
        """Whether `path` is a folder, not a link to one."""
        try:
            return stat.S_ISDIR(os.lstat(os.path.join(self.root, path)).st_mode)
        except (OSError, ValueError):
            return False

    def scan(self, folder: str = "", known: Mapping[str, FileEntry] | None = None) -> FolderScan:
        """Scan everything below `folder`, a path in the root or the root itself."""
        result = FolderScan()
        found: list[FileEntry] = []
        for entry in self._walk(folder, result, known or {}):
            if len(found) >= MOST_FILES:
                result.cut = True
                break
            found.append(entry)
        found.sort(key=lambda entry: entry.path)
        result.entries = {entry.path: entry for entry in found}
        return result

    def _walk(self, folder: str, result: FolderScan, known: Mapping[str, FileEntry]) -> Iterator[FileEntry]:
        pending = [folder]
        while pending:
            where = pending.pop()
            try:
                with os.scandir(os.path.join(self.root, where)) as listing:
                    entries = list(listing)
            except FileNotFoundError:
                result.gone = result.gone or not where
                continue
            except OSError:
                result.unreadable += 1
                continue
            for each in entries:
                path = f"{where}/{each.name}" if where else each.name
                if not is_utf8(each.name):
                    result.unnamed += 1
                    continue
                if self.rules.ignores_entry(path, each.name):
                    continue
                with suppress(OSError):
                    if each.is_dir(follow_symlinks=False):
                        pending.append(path)
                    elif entry := self._entry(path, each.stat(follow_symlinks=False), known.get(path)):
                        yield entry

    def _entry(self, path: str, status: os.stat_result, known: FileEntry | None) -> FileEntry | None:
        target = via = ""
        if stat.S_ISLNK(status.st_mode):
            # A link is offered as its target; a link to a folder is not, as its files are already listed.
            try:
                target = real_path_inside(self.root, path, self.allows)
                via = self._next_hop(path)
                status = os.stat(os.path.join(self.root, target))
            except (OSError, CoreError):
                return None
        if not stat.S_ISREG(status.st_mode):
            return None
        stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size)
        coarse = status.st_mtime_ns % 1_000_000_000 == 0
        age = self._now() - max(status.st_mtime_ns, status.st_ctime_ns) / 1e9
        mime = type_by_name(path)
        if mime is None and known is not None and known.stamp == stamp and known.settled:
            mime = known.mime
        if mime is None:
            head = read_head(self.root, path, self.allows, HEAD_BYTES)
            mime = OCTETS if head is None else type_by_bytes(head)
        settled = age > (COARSE_SECONDS if coarse else RACY_SECONDS)
        return FileEntry(path, status.st_size, mime, stamp, settled, target, via)

    def _next_hop(self, path: str) -> str:
        """The next path that the link at `path` leads to, if it is inside; it may be a link itself."""
        link = os.readlink(os.path.join(self.root, path))
        absolute = os.path.normpath(os.path.join(self.root, os.path.dirname(path), link))
        try:
            relative = os.path.relpath(absolute, self.root)
        except ValueError:  # another drive
            return ""
        return relative.replace(os.sep, "/")
