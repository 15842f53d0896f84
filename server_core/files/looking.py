"""Checks what really happened to the files at paths reported by the operating system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..events import FileChange
from .index import FileIndex, changes_of_scan, folders_of
from .scanning import DiskView, FileEntry, FolderScan


@dataclass(slots=True)
class Found:
    """A batch of changes with the files as they are afterwards.

    Attributes:
        entries: the file at each changed path now, `None` for none.
        folders: folders that were reported themselves, and so were scanned.
        scan: the scan of the whole folder, if there was one.
    """

    changes: list[FileChange] = field(default_factory=list)
    entries: dict[str, FileEntry | None] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    scan: FolderScan | None = None


def look_at_paths(view: DiskView, index: FileIndex, paths: Iterable[str]) -> Found:
    """What happened at `paths`, sorted by path, according to the disk rather than the reports. Blocks.

    A folder stands for everything in it: the operating system reports a new or moved one only by its name. A changed
    file also changes the links to it. A file that looks the same as before is left out, as an echo. `index` must not
    change meanwhile.
    """
    found = Found()
    named = {path for path in paths if view.allows(path)}
    now_there: dict[str, FileEntry] = {}
    gone_folders: set[str] = set()
    candidates = set(named)
    for path in named:
        if view.is_folder(path):
            found.folders.add(path)
            now_there.update(view.scan(path, index.entries).entries)
        if index.has_folder(path):
            gone_folders.add(path)
    if gone_folders:
        candidates.update(p for p in index.entries if not gone_folders.isdisjoint(folders_of(p)))
    candidates.update(now_there)
    _follow_links(index, candidates)
    for path in sorted(candidates):
        known = index.entries.get(path)
        entry = now_there.get(path) or view.entry(path, known)
        if entry is None:
            if known is not None:
                found.changes.append(FileChange("deleted", path))
                found.entries[path] = None
        elif known is None:
            found.changes.append(FileChange("added", path))
            found.entries[path] = entry
        elif known.stamp != entry.stamp or (path in named and not known.settled):
            found.changes.append(FileChange("modified", path))
            found.entries[path] = entry
    return found


def look_at_all(view: DiskView, before: Mapping[str, FileEntry]) -> Found:
    """What has changed in the whole folder since it was as in `before`. Blocks."""
    scan = view.scan("", before)
    changes = changes_of_scan(before, scan.entries)
    return Found(changes, {change.path: scan.entries.get(change.path) for change in changes}, scan=scan)


def look_as_recorded(view: DiskView, index: FileIndex, changes: Sequence[FileChange]) -> Found:
    """Take the changes as they are recorded, in order, with the files that are on disk. Blocks."""
    found = Found()
    for change in changes:
        path = change.path
        if not view.allows(path):
            continue
        found.changes.append(change)
        if change.kind == "deleted":
            found.entries[path] = None
        else:
            known = index.entries.get(path)
            mime = known.mime if known is not None else ""
            found.entries[path] = view.entry(path, known) or FileEntry(path, 0, mime, replayed=True)
    return found


def _follow_links(index: FileIndex, candidates: set[str]) -> None:
    """Add the links that lead to a candidate, and the links to those."""
    fresh = set(candidates)
    while fresh:
        fresh = {link for path in fresh for link in index.links_to(path)} - candidates
        candidates |= fresh


def look_back(index: FileIndex, disk: Found) -> Found:
    """The changes that undo a replay: how `index` differs from the disk, except for what changed on disk itself.

    `disk` is a scan of everything, with the changes since before the replay.
    """
    found = Found()
    entries = disk.scan.entries if disk.scan is not None else {}
    for path in sorted({*index.entries, *entries} - disk.entries.keys()):
        shown, real = index.entries.get(path), entries.get(path)
        if real is None:
            found.changes.append(FileChange("deleted", path))
        elif shown is None:
            found.changes.append(FileChange("added", path))
        elif shown.replayed:
            found.changes.append(FileChange("modified", path))
        else:
            continue
        found.entries[path] = real
    return found
