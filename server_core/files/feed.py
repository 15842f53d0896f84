"""Feeds batches of changes to the module in turn: from the operating system, and from replays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import anyio

from ..errors import InvalidArgumentsError, UnavailableError
from ..events import FileChange, ReplayFinished, ReplayStarted
from ..module import ModuleContext
from .index import FileIndex
from .intake import FileIntake
from .looking import Found, look_as_recorded, look_at_all, look_at_paths, look_back
from .pacing import BatchPacer
from .pending import PendingPaths
from .scanning import DiskView, FileEntry
from .uris import path_problem

SECOND_LOOK_SECONDS = 0.3
"""A new folder is checked once more: what was added before it was watched was not reported."""


class ChangeFeed:
    """Applies one batch at a time, live or replayed. Use on the server's loop only.

    Attributes:
        pending: paths reported by the operating system, applied as soon as it is their turn.
    """

    def __init__(
        self,
        context: ModuleContext,
        view: DiskView,
        index: FileIndex,
        intake: FileIntake,
        taken: Callable[[Found], None],
    ) -> None:
        """`taken` is called after each batch."""
        loop = asyncio.get_running_loop()
        self.pending = PendingPaths()
        self._context = context
        self._view = view
        self._index = index
        self._intake = intake
        self._taken = taken
        self._pacer = BatchPacer(loop.time)
        self._turn = asyncio.Lock()
        self._no_replay = asyncio.Event()
        self._no_replay.set()
        self._truth: dict[str, FileEntry] | None = None
        self._replayed = 0
        self._second_looks: set[asyncio.TimerHandle] = set()
        self._closed = False

    def close(self) -> None:
        """Stop applying changes."""
        self._closed = True
        for handle in self._second_looks:
            handle.cancel()
        self._second_looks.clear()
        self.pending.add(())

    async def intake(self, changes: Sequence[FileChange]) -> None:
        """See `FilesModule.intake`."""
        _check_paths(changes)
        paths = [change.path for change in changes]
        while True:
            await self._no_replay.wait()
            async with self._turn:
                self._check_open()
                if self._truth is None:
                    await self._take_in(partial(look_at_paths, self._view, self._index, paths))
                    return

    async def look_at_replayed(self, batches: Sequence[Sequence[FileChange]]) -> list[Found]:
        """See `FilesModule.prepare`."""
        for changes in batches:
            _check_paths(changes)
        async with self._turn:
            self._check_replaying()
            return await self._context.run_sync(
                lambda: [look_as_recorded(self._view, self._index, changes) for changes in batches]
            )

    async def take_replayed(self, found: Found) -> None:
        """See `FilesModule.intake_prepared`."""
        async with self._turn:
            self._check_replaying()
            await self._intake.take(found, replayed=True)
            self._replayed += 1
            self._taken(found)

    @asynccontextmanager
    async def replaying(self, total: int) -> AsyncIterator[None]:
        """See `FilesModule.replaying`."""
        self._check_open()
        module = self._context.module
        if self._truth is not None:
            raise UnavailableError(
                f"A replay into {module!r} is already running: wait for it, or stop it first"
            )
        self._truth = dict(self._index.entries)
        self._no_replay.clear()
        self._replayed = 0
        try:
            # A live batch that is already being applied matches the disk.
            async with self._turn:
                self._truth = dict(self._index.entries)
            self._context.bus.emit(ReplayStarted(module, total))
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await self._end_replay()

    async def take_live(self) -> None:
        """Apply pending changes until `close`."""
        while True:
            await self.pending.wait()
            if self._closed:
                return
            if gather := self._pacer.wait():
                await asyncio.sleep(gather)
            await self._no_replay.wait()
            async with self._turn:
                if self._truth is not None:
                    continue
                waiting = self.pending.take()
                if waiting.everything:
                    look = partial(look_at_all, self._view, self._index.entries)
                else:
                    look = partial(look_at_paths, self._view, self._index, waiting.paths | waiting.again)
                try:
                    found = await self._take_in(look)
                except Exception as error:
                    self._context.report(error, f"{self._context.module}: applying changes")
                    continue
                self._look_again(found.folders - waiting.again)

    async def _end_replay(self) -> None:
        """Make the index match the disk, then apply what changed in the meantime."""
        async with self._turn:
            truth = self._truth or {}
            try:
                if not self._closed:
                    live = await self._context.run_sync(partial(look_at_all, self._view, truth))
                    undone = look_back(self._index, live)
                    await self._intake.take(undone, replayed=True, emit=False)
                    await self._intake.take(live, replayed=False)
                    self._taken(live)
            finally:
                self._truth = None
                self._no_replay.set()
                self._context.bus.emit(ReplayFinished(self._context.module, self._replayed))

    async def _take_in(self, look: Callable[[], Found]) -> Found:
        found = await self._context.run_sync(look)
        await self._intake.take(found, replayed=False)
        self._pacer.spend(len(found.changes))
        self._taken(found)
        return found

    def _look_again(self, folders: set[str]) -> None:
        if not folders or self._closed:
            return

        def look() -> None:
            self._second_looks.discard(handle)
            self.pending.add(folders, again=True)

        handle = asyncio.get_running_loop().call_later(SECOND_LOOK_SECONDS, look)
        self._second_looks.add(handle)

    def _check_open(self) -> None:
        if self._closed:
            raise UnavailableError(f"The files module {self._context.module!r} is not running")

    def _check_replaying(self) -> None:
        self._check_open()
        if self._truth is None:
            raise UnavailableError("Replayed batches are accepted only inside `replaying()`")


def _check_paths(changes: Sequence[FileChange]) -> None:
    for change in changes:
        if problem := path_problem(change.path):
            raise InvalidArgumentsError(f"The path {change.path!r} {problem}: it must be inside the folder")
