"""Applies changes: every batch, live or recorded, goes through here."""

from __future__ import annotations

from ..bus import EventBus
from ..clock import Clock
from ..events import FilesChanged
from ..items import ResourceItem
from ..module import ModuleContext
from .index import FileIndex
from .looking import Found
from .uris import FolderUris


class FileIntake:
    """Publishes a batch: to the index, to the cache and the clients, then to the bus."""

    def __init__(self, module: str, context: ModuleContext, index: FileIndex, uris: FolderUris) -> None:
        self._module = module
        self._context = context
        self._clock: Clock = context.clock
        self._bus: EventBus = context.bus
        self._index = index
        self._uris = uris

    async def take(self, found: Found, *, replayed: bool, emit: bool = True) -> None:
        """Apply a batch; returns when it is on its way to every client, however slowly they read.

        Each changed URI is published once, in order, after its cached reads were dropped; the list is published once,
        if it changed. With `emit=False`, no `FilesChanged` is emitted.
        """
        if not found.changes:
            return
        started = self._clock.monotonic()
        changed: list[ResourceItem] = []
        removed: list[str] = []
        list_changed = False
        for path, entry in found.entries.items():
            if entry is None:
                if self._index.remove(path):
                    removed.append(self._uris.uri(path))
                continue
            before = self._index.entries.get(path)
            if before == entry:
                continue
            list_changed = list_changed or before is None or before.replayed != entry.replayed
            if item := self._index.put(entry):
                changed.append(item)
        if changed or removed:
            self._context.change_resources(changed, removed)
        await self._context.publish(
            updated=[self._uris.uri(change.path) for change in found.changes],
            resources=list_changed or bool(removed),
        )
        if emit and self._bus.active:
            seconds = self._clock.monotonic() - started
            self._bus.emit(FilesChanged(self._module, tuple(found.changes), replayed, seconds))
