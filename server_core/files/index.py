"""The index of a folder's files: which are offered, as which resources, and what changed between two scans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from mcp.types import Resource

from ..events import FileChange
from ..items import FollowHandler, ReadHandler, ResourceItem
from .scanning import FileEntry
from .types import GROWING_TYPES
from .uris import FolderUris

REPLAYED_META = "io.mcp-server-workbench/replayed"
"""The `_meta` key of a resource that a replay added and that is not on disk."""


class FileIndex:
    """The offered files, by path and by URI. Use on the server's loop only.

    Attributes:
        entries: by path; shared with worker threads that only read it.
    """

    def __init__(self, uris: FolderUris, read: ReadHandler, follow: FollowHandler, prefix: str = "") -> None:
        self._uris = uris
        self._read = read
        self._follow = follow
        self._prefix = f"{prefix}/" if prefix else ""
        self.entries: dict[str, FileEntry] = {}
        self._by_uri: dict[str, FileEntry] = {}
        self._folders: Counter[str] = Counter()
        self._links: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self.entries)

    def find(self, uri: str) -> FileEntry | None:
        """The file offered under exactly this URI."""
        return self._by_uri.get(uri)

    def has_folder(self, path: str) -> bool:
        """Whether files below `path` are offered."""
        return self._folders[path] > 0

    def links_to(self, path: str) -> set[str]:
        """The offered links that lead to `path`, directly or through other links."""
        return self._links.get(path, set())

    def put(self, entry: FileEntry) -> ResourceItem | None:
        """Add a new or changed file; returns its resource, or `None` if the resource did not change."""
        known = self.entries.get(entry.path)
        if known is not None:
            self._unlink(known)
        else:
            self._folders.update(folders_of(entry.path))
        for end in {entry.target, entry.via} - {""}:
            self._links.setdefault(end, set()).add(entry.path)
        self.entries[entry.path] = entry
        uri = self._uris.uri(entry.path)
        self._by_uri[uri] = entry
        if known is not None and _listed_as(known) == _listed_as(entry):
            return None
        return self.item(entry, uri)

    def remove(self, path: str) -> bool:
        """Remove a file; returns whether it was there."""
        entry = self.entries.pop(path, None)
        if entry is None:
            return False
        # Keep where a link leads: it comes back when its target does.
        del self._by_uri[self._uris.uri(path)]
        for folder in folders_of(path):
            self._folders[folder] -= 1
            if not self._folders[folder]:
                del self._folders[folder]
        return True

    def item(self, entry: FileEntry, uri: str = "") -> ResourceItem:
        """A file as the resource that clients see."""
        marks: dict[str, Any] = {}
        if entry.replayed:
            marks = {"description": "Replayed, not on disk", "meta": {REPLAYED_META: True}}
        definition = Resource(
            uri=uri or self._uris.uri(entry.path),
            name=self._prefix + entry.path,
            mime_type=entry.mime or None,
            size=None if entry.replayed else entry.size,
        )
        return ResourceItem(
            definition.model_copy(update=marks) if marks else definition,
            self._read,
            cached=True,
            follow=self._follow if entry.mime in GROWING_TYPES else None,
        )

    def _unlink(self, entry: FileEntry) -> None:
        for end in {entry.target, entry.via} - {""}:
            self._links[end].discard(entry.path)
            if not self._links[end]:
                del self._links[end]


def folders_of(path: str) -> Iterator[str]:
    """The folders above `path`, innermost first, without the root."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def changes_of_scan(before: Mapping[str, FileEntry], after: Mapping[str, FileEntry]) -> list[FileChange]:
    """The changes between two scans of the disk, sorted by path."""
    changes = [FileChange("deleted", path) for path in before if path not in after]
    for path, entry in after.items():
        known = before.get(path)
        if known is None:
            changes.append(FileChange("added", path))
        elif known.stamp != entry.stamp or known.replayed:
            changes.append(FileChange("modified", path))
    changes.sort(key=lambda change: change.path)
    return changes


def _listed_as(entry: FileEntry) -> tuple[int, str, bool]:
    return entry.size, entry.mime, entry.replayed
