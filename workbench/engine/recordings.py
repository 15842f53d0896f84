"""The recording and the replay in progress: one of each at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from server_core.bus import EventBus
from server_core.clock import Clock
from server_core.errors import CoreError, NotFoundError
from server_core.events import LogWritten
from server_core.modules.files import FilesModule
from server_core.private_files import make_folder_of
from server_core.server import Server
from workbench.facts import RecordingStarted, RecordingStopped, ReplayProgressed
from workbench.recorder import RecordingWriter, record
from workbench.recording import RecordingError, read_recording
from workbench.replaying import Replay, ReplayError, ReplayProgress, Speed, replay_remark, replay_targets

from .errors import EngineError


class Recordings:
    """Records and replays file batches. Use it on the engine's loop only."""

    def __init__(self, server: Callable[[], Server], bus: EventBus, clock: Clock) -> None:
        """Args:
        server: Returns the current server.
        """
        self._server = server
        self._bus = bus
        self._clock = clock
        self._writer: RecordingWriter | None = None
        self._end_recording: Callable[[], None] = lambda: None
        self._replay: Replay | None = None
        self._replaying: asyncio.Task[None] | None = None

    async def close(self) -> None:
        """Stop both."""
        await self.stop_replay()
        await self.stop_recording()

    # -- recording

    async def start_recording(self, path: Path, module: str | None, *, force: bool) -> None:
        """See `Engine.start_recording`."""
        if self._writer is not None:
            raise EngineError(f"A recording is already in progress: {self._writer.path}")
        running = self._files_modules()
        if module is not None and module not in running:
            raise EngineError(str(NotFoundError("files module", module, running)))
        if not running:
            raise EngineError("No files module is running: nothing to record")
        first = running[module] if module is not None else next(iter(running.values()))
        started = self._clock.now()

        def begin() -> RecordingWriter:
            make_folder_of(path)
            root = str(first.root or "")
            return RecordingWriter(path, module=first.name, root=root, started=started, force=force)

        try:
            self._writer = await asyncio.to_thread(begin)
        except (RecordingError, OSError) as error:
            raise EngineError(str(error)) from error
        self._end_recording = record(
            self._bus,
            self._writer,
            started,
            modules=None if module is None else (module,),
            failed=partial(self._failed, asyncio.get_running_loop()),
        )
        self._bus.emit(RecordingStarted(str(path)))

    def _failed(self, loop: asyncio.AbstractEventLoop, error: RecordingError) -> None:
        # On the thread that emitted the batch.
        self._bus.emit(LogWritten("recording", "error", f"The recording stopped early: {error}"))
        asyncio.run_coroutine_threadsafe(self.stop_recording(), loop)

    async def stop_recording(self) -> None:
        """See `Engine.stop_recording`."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        self._end_recording()
        await asyncio.to_thread(writer.close)
        self._bus.emit(RecordingStopped(str(writer.path), writer.batches))

    # -- replay

    async def start_replay(self, path: Path, module: str | None, speed: Speed) -> str:
        """See `Engine.start_replay`."""
        if self._replaying is not None:
            raise EngineError("A replay is already in progress: wait for it, or stop it first")
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def progressed(progress: ReplayProgress) -> None:
            self._bus.emit(ReplayProgressed(*progress))
            if not begun.done():
                begun.set_result(None)

        try:
            recording = await asyncio.to_thread(read_recording, path)
            running = self._files_modules()
            targets = replay_targets(recording, list(running), module)
            self._replay = Replay(
                recording,
                {recorded: running[name] for recorded, name in targets.items()},
                speed=speed,
                clock=self._clock,
                on_progress=progressed,
            )
        except (RecordingError, ReplayError) as error:
            raise EngineError(str(error)) from error
        self._replaying = asyncio.create_task(self._run(self._replay, begun), name="replay")
        await begun
        return replay_remark(recording, targets)

    async def _run(self, replay: Replay, begun: asyncio.Future[None]) -> None:
        try:
            await replay.run()
        except (CoreError, RecordingError) as error:
            if begun.done():
                self._bus.emit(LogWritten("replay", "error", f"The replay stopped early: {error}"))
            else:
                begun.set_exception(EngineError(str(error)))
        finally:
            self._replay = self._replaying = None

    async def stop_replay(self) -> None:
        """See `Engine.stop_replay`."""
        if self._replay is not None and self._replaying is not None:
            self._replay.stop()
            await asyncio.wait([self._replaying])

    async def step(self) -> None:
        """See `Engine.replay_step`."""
        self._under_way().step()

    async def pause(self) -> None:
        """See `Engine.replay_pause`."""
        self._under_way().pause()

    async def resume(self) -> None:
        """See `Engine.replay_resume`."""
        self._under_way().resume()

    def _under_way(self) -> Replay:
        if self._replay is None:
            raise EngineError("No replay is in progress")
        return self._replay

    def _files_modules(self) -> dict[str, FilesModule]:
        """Return the running files modules by name, in the server's order."""
        return {
            name: host.instance
            for name, host in self._server().modules.items()
            if isinstance(host.instance, FilesModule) and host.status == "running"
        }
