"""The files module: every file in a folder is a resource, found live, with notifications when it changes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from mcp.types import ResourceTemplate

from ..errors import ModuleStartError, NotFoundError, UnavailableError
from ..events import FileChange
from ..files.feed import ChangeFeed
from ..files.ignoring import IgnoreRules
from ..files.index import FileIndex
from ..files.intake import FileIntake
from ..files.looking import Found
from ..files.pending import PendingPaths
from ..files.reading import FileGoneError
from ..files.scanning import MOST_FILES, DiskView, FileEntry, FolderScan
from ..files.serving import FileServing, wanted_part
from ..files.source import FolderWatch
from ..files.uris import FolderUris
from ..items import Contents, Offer, ResourceItem, TakePiece, TemplateItem
from ..module import Module, ModuleContext
from ..request import Request
from ..settings import BreakerSettings
from ..streaming import handed_over
from ..tailing import file_pieces

READY_SECONDS = 2.0
"""How long a start waits for the watch; a slower watch starts by itself, and then scans again."""


RETRY_SECONDS = 0.5
"""How long to wait for a folder that was there a moment ago."""


class FilesModule(Module):
    """Offers the files of a folder and its subfolders as `file:///…`, with live changes.

    Files appear in and disappear from the list as they do on disk. A read is cached until its file changes. Links that
    lead out of the folder, and anything matched by `ignore` or `DEFAULT_IGNORES`, are hidden from clients.

    Attributes:
        root: the folder, absolute, with links resolved; `None` before the start.
    """

    kind: ClassVar[str] = "files"

    def __init__(
        self,
        name: str,
        *,
        path: str,
        ignore: Sequence[str] = (),
        max_file_bytes: int | None = None,
        prefix: str = "",
        breaker: BreakerSettings | None = None,
    ) -> None:
        """Args:
        path: the folder, relative to the server's base.
        ignore: patterns of files and folders to leave out, in addition to the defaults.
        max_file_bytes: the largest file that is sent whole, if the server's result limit is higher.
        prefix: added to the resources' names; a file's URI stays the same.
        """
        super().__init__(name, prefix=prefix, breaker=breaker)
        if isinstance(ignore, str):
            raise ValueError(f"ignore must be a list of patterns, such as [{ignore!r}]")
        if max_file_bytes is not None and max_file_bytes < 1:
            raise ValueError("max_file_bytes must be greater than 0")
        self.path = path
        self.ignore = tuple(ignore)
        self.max_file_bytes = max_file_bytes
        self.root: Path | None = None
        self._watch: FolderWatch | None = None
        self._feed: ChangeFeed | None = None
        self._opening = asyncio.Lock()

    # -- lifecycle

    async def start(self, context: ModuleContext) -> None:
        self._context = context
        async with self._opening:
            await self._open()

    async def stop(self) -> None:
        if self._watch is not None:
            self._watch.stop()
        if self._feed is not None:
            self._feed.close()
            self._feed = None

    async def _open(self) -> None:
        """Offer the contents of the folder that the path leads to now, and watch it."""
        context = self._context
        path = str(context.base / self.path)
        root = await context.run_sync(lambda: _checked_root(self.name, path))
        self.root = Path(root)
        self._uris = FolderUris(root)
        self._index = FileIndex(self._uris, self._read, self._follow, self.prefix)
        self._scan = FolderScan()
        self._noted = 0
        self._trouble = ""
        view = DiskView(root, IgnoreRules(self.ignore), context.clock.now)
        self._serving = FileServing(view, self.name, context.limits.result_bytes, self.max_file_bytes)
        intake = FileIntake(self.name, context, self._index, self._uris)
        feed = self._feed = ChangeFeed(context, view, self._index, intake, self._taken)
        watch = self._watch = self._watch_of(path, root, feed.pending)
        watch.start()
        # Watch first, then scan: changes in between appear in both rather than in neither.
        await context.run_sync(lambda: watch.ready.wait(READY_SECONDS))
        feed.pending.clear()
        resources = await context.run_sync(lambda: self._first_look(view))
        self._note()
        context.offer(Offer(resources=resources, templates=[self._part_template()]))
        context.spawn(feed.take_live(), "watching")

    def _moved(self) -> None:
        """React to the path leading to another folder now, as after `ln -sfn`."""
        if self._feed is not None:
            self._context.spawn(self._move(), "moving to another folder")

    async def _move(self) -> None:
        """Offer the files of the folder that the path leads to now, instead of those of the previous one."""
        async with self._opening:
            gone = [self._uris.uri(path) for path in self._index.entries]
            await self.stop()
            while True:
                try:
                    await self._open()
                    break
                except ModuleStartError as error:
                    self._context.note(f"{error}; waiting until it is there", trouble=True)
                    await self._context.clock.sleep(RETRY_SECONDS)
            self._context.invalidate()
            await self._context.publish(updated=gone, resources=True)

    def _first_look(self, view: DiskView) -> list[ResourceItem]:
        """Fill the index, which nobody else uses yet. Blocks."""
        self._scan = view.scan()
        return [item for entry in self._scan.entries.values() if (item := self._index.put(entry))]

    # -- changes

    def uri_of(self, path: str) -> str:
        """The URI of `path`, which is relative to the folder and `/` separated. Only once started."""
        return self._uris.uri(path)

    async def intake(self, changes: Sequence[FileChange]) -> None:
        """Apply changes as if the operating system had reported them: the disk shows what really happened.

        Returns when the index is updated, cached reads are dropped, and the notifications are on their way.

        Raises:
            InvalidArgumentsError: a path is not inside the folder.
            UnavailableError: the module is not running.
        """
        await self._started_feed().intake(changes)

    async def prepare(self, batches: Sequence[Sequence[FileChange]]) -> Sequence[Found]:
        """Look up the files of replayed batches, all at once, for `intake_prepared`.

        Raises:
            InvalidArgumentsError: a path is not inside the folder.
            UnavailableError: the module is not running, or not inside `replaying`.
        """
        return await self._started_feed().look_at_replayed(batches)

    async def intake_prepared(self, batch: Found) -> None:
        """Apply a replayed batch as it was recorded: a file that is not on disk is listed, and reading it says so.

        Raises:
            UnavailableError: the module is not running, or not inside `replaying`.
        """
        await self._started_feed().take_replayed(batch)

    def replaying(self, total: int) -> AbstractAsyncContextManager[None]:
        """Hold back live batches during an `async with` block, in which `total` replayed ones may be applied.

        Afterwards, however the block ends, the index is made to match the disk again, and real changes in the meantime
        are applied.

        Raises:
            UnavailableError: the module is not running, or another replay is running in it.
        """
        return self._started_feed().replaying(total)

    def _watch_of(self, path: str, root: str, pending: PendingPaths) -> FolderWatch:
        """Create a watch whose findings are passed to the loop, where they wait to be applied."""
        loop = asyncio.get_running_loop()

        def hop(function: Callable[..., None], *arguments: Any) -> None:
            try:
                loop.call_soon_threadsafe(function, *arguments)
            except RuntimeError:  # the loop is closed: nobody is waiting for changes any more
                watch.stop()

        watch = FolderWatch(
            path,
            root,
            changed=lambda paths: hop(pending.add, paths),
            lost=lambda: hop(pending.add_everything),
            noted=lambda text: hop(self._watch_noted, text),
            moved=lambda: hop(self._moved),
        )
        return watch

    def _started_feed(self) -> ChangeFeed:
        if self._feed is None:
            raise UnavailableError(f"The files module {self.name!r} is not running")
        return self._feed

    # -- reads

    async def _read(self, _request: Request, uri: str, variables: Mapping[str, Any]) -> Contents:
        entry = self._entry(uri)
        wanted = wanted_part(variables)
        if wanted is None:
            read = partial(self._serving.whole, entry, uri)
        else:
            read = partial(self._serving.part, entry, uri, *wanted)
        try:
            return await self._context.run_sync(read)
        except FileGoneError:
            if self._feed is not None:
                self._feed.pending.add([entry.path])
            raise

    async def _follow(
        self, _request: Request, uri: str, _variables: Mapping[str, Any], take: TakePiece
    ) -> None:
        entry = self._entry(uri)
        path = Path(self.root or "") / entry.path
        opened = partial(self._serving.opened, entry, uri)
        await handed_over(file_pieces(self._context, path, endless=True, opened=opened), take)

    def _entry(self, uri: str) -> FileEntry:
        plain = uri.partition("?")[0]
        entry = self._index.find(plain)
        if entry is None:
            raise NotFoundError("resource", uri, self._neighbours(plain))
        if entry.replayed:
            raise FileGoneError(
                uri,
                f"{entry.path} is replayed, not on disk: a recording added it until the replay ends",
            )
        return entry

    def _neighbours(self, uri: str, most: int = 200) -> list[str]:
        """URIs of some files in the same folder."""
        folder = self._uris.path_in(uri).rpartition("/")[0]
        near = (path for path in self._index.entries if path.rpartition("/")[0] == folder)
        return [self._uris.uri(path) for path in islice(near, most)]

    def _part_template(self) -> TemplateItem:
        definition = ResourceTemplate(
            uri_template=self._uris.template,
            name=self.prefixed(f"{self.name}_part"),
            description="A file, or `limit` bytes of it from `offset` on.",
        )
        return TemplateItem(definition, self._read, cached=True, complete=self._complete)

    async def _complete(
        self, _request: Request, argument: str, typed: str, _others: Mapping[str, str]
    ) -> Sequence[str]:
        if argument != "path":
            return ()
        return sorted(path for path in self._index.entries if path.startswith(typed))[:100]

    # -- notes

    def _taken(self, found: Found) -> None:
        if found.scan is not None:
            self._scan = found.scan
        if found.scan is not None or len(self._index) != self._noted:
            self._note()

    def _watch_noted(self, text: str) -> None:
        self._trouble = text
        if self._feed is not None:
            self._note()

    def _note(self) -> None:
        count = self._noted = len(self._index)
        words = [f"{count:,} file{'' if count == 1 else 's'}"]
        if self._scan.cut:
            words.append(f"only the first {MOST_FILES:,}: use `ignore`, or a smaller folder")
        if self._scan.unnamed:
            words.append(f"{self._scan.unnamed} with a name that is not UTF-8 left out")
        if self._scan.unreadable:
            folders = "1 folder" if self._scan.unreadable == 1 else f"{self._scan.unreadable:,} folders"
            words.append(f"{folders} can't be listed")
        if self._trouble:
            words.append(self._trouble)
        self._context.note("; ".join(words))


def _checked_root(module: str, path: str) -> str:
    """Resolve the folder's links and check it. Blocks."""
    root = os.path.realpath(path)
    if not os.path.isdir(root):
        what = "is not a folder" if os.path.exists(root) else "does not exist"
        reason = f"The folder {root} {what}: create it, or change path in [modules.{module}]"
        raise ModuleStartError(reason, passing=True)
    try:
        os.scandir(root).close()
    except OSError as error:
        reason = f"The folder {root} can't be listed: {error.strerror}"
        raise ModuleStartError(reason, passing=True) from error
    return root
