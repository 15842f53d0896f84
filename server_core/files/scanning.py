"""A look at the disk: what a file is, what a whole folder holds. All of it blocks: for worker threads."""

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
"""A folder with more files than this is offered in part: it was hardly meant."""

RACY_SECONDS = 0.011
"""A file that changed so shortly before a look may change again and look the same: a tick of the kernel."""

COARSE_SECONDS = 2.0
"""The same on file systems that keep whole seconds."""

Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file that is offered.

    Attributes:
        path: relative to the folder, `/` separated.
        stamp: times, inode and size, by which a change shows.
        settled: whether an equal stamp means that the file is unchanged.
        target: for a link, the path inside the folder to which it leads in the end.
        via: for a link, the path to which it leads at once.
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
    """What a folder holds, sorted by path, and what of it can't be offered.

    Attributes:
        unnamed: files and folders whose names are not UTF-8.
        unreadable: folders that can't be listed.
        cut: there are more than `MOST_FILES`.
        gone: the folder itself is not there.
    """

    entries: dict[str, FileEntry] = field(default_factory=dict)
    unnamed: int = 0
    unreadable: int = 0
    cut: bool = False
    gone: bool = False


class DiskView:
    """A folder on disk through the eyes of its module: what is ignored or leads outside is not there."""

    def __init__(self, root: str, rules: IgnoreRules, now: Callable[[], float]) -> None:
        """Args:
        root: absolute, without links in it.
        now: the time on the clock of the file system, in seconds since the epoch.
        """
        self.root = root
        self.rules = rules
        self._now = now

    def allows(self, path: str) -> bool:
        """Whether `path` is not ignored."""
        return not self.rules.ignores(path)

    def entry(self, path: str, known: FileEntry | None = None) -> FileEntry | None:
        """What is at `path` (which is not ignored): `None` unless it is a file that may be offered.

        `known`, what was seen there before, saves a second look at the bytes of an unchanged file.
        """
        try:
            status = os.lstat(os.path.join(self.root, path))
        except (OSError, ValueError):
            return None
        return self._entry(path, status, known)

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder, not a link to one, at `path`."""
        try:
            return stat.S_ISDIR(os.lstat(os.path.join(self.root, path)).st_mode)
        except (OSError, ValueError):
            return False

    def scan(self, folder: str = "", known: Mapping[str, FileEntry] | None = None) -> FolderScan:
        """Everything below `folder`, a path in the root or the root itself."""
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
            # A link counts by what it leads to; one to a folder by nothing: its files have a place already.
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
        """Where the link at `path` leads at once, if that is inside: it may be a link again."""
        link = os.readlink(os.path.join(self.root, path))
        absolute = os.path.normpath(os.path.join(self.root, os.path.dirname(path), link))
        try:
            relative = os.path.relpath(absolute, self.root)
        except ValueError:  # another drive
            return ""
        return relative.replace(os.sep, "/")
