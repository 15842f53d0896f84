"""From the paths that the operating system names to what really happened to the files there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..events import FileChange
from .index import FileIndex, changes_of_scan, folders_of
from .scanning import DiskView, FileEntry, FolderScan


@dataclass(slots=True)
class Found:
    """A batch of changes with the files as they are after it.

    Attributes:
        entries: what is at each changed path now, `None` for nothing.
        folders: those that were named themselves, and so were looked through.
        scan: the look at the whole folder, if there was one.
    """

    changes: list[FileChange] = field(default_factory=list)
    entries: dict[str, FileEntry | None] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    scan: FolderScan | None = None


def look_at_paths(view: DiskView, index: FileIndex, paths: Iterable[str]) -> Found:
    """What happened at `paths`, sorted by path: the disk's word counts, not what was said of it. Blocks.

    A folder stands for everything in it: the operating system tells of a new or a moved one by its name alone. A
    change of a file is one of the links to it. A file that looks as it did before is left out, as an echo.
    Nobody may change `index` meanwhile.
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
    """What happened in the whole folder since it looked like `before`. Blocks."""
    scan = view.scan("", before)
    changes = changes_of_scan(before, scan.entries)
    return Found(changes, {change.path: scan.entries.get(change.path) for change in changes}, scan=scan)


def look_as_told(view: DiskView, index: FileIndex, changes: Sequence[FileChange]) -> Found:
    """Take the changes as they are told, in their order, with the files that are on disk. Blocks."""
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
    """Add the links that lead to a candidate, and those that lead to these."""
    fresh = set(candidates)
    while fresh:
        fresh = {link for path in fresh for link in index.links_to(path)} - candidates
        candidates |= fresh


def look_back(index: FileIndex, disk: Found) -> Found:
    """What undoes a replay: how `index` differs from the disk, without what has changed on disk itself.

    `disk` is a look at everything, whose changes are since before the replay.
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
