"""The engine as everybody sees it: commands that can be awaited on any loop, and an inbox of facts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from server_core.bus import EventBus
from workbench.facts import EngineFailed
from workbench.records import CallRecord, Frame, Owners

from .errors import EngineError
from .importing import quick_import
from .inbox import Inbox
from .loopwatch import LoopWatch
from .progress import ProgressCallback, relayed
from .tap import FrameRing
from .thread import LoopThread

if TYPE_CHECKING:
    from mcp import types as mcp_types

    from server_core.clock import Clock
    from server_core.config import ServerConfig
    from server_core.inspection import CacheEntryState, ServerState
    from workbench.project import Project
    from workbench.store import Store

    from .core import EngineCore

T = TypeVar("T")

NEWEST = "2026-07-28"
PROTOCOLS = ("2025-11-25", NEWEST)
"""The protocol revisions for which the engine keeps a client of its own, oldest first."""

STOP_SECONDS = 5.0
"""How long `stop` waits for modules that close slowly."""

ReplaySpeed = float | Literal["max", "step"]


class Engine:
    """A project's server, run in this process on a thread of its own, with one client for each protocol
    revision.

    Every `async` method may be awaited on any event loop; cancelling the awaiting task cancels the work in
    the core. Commands that come before the server is ready wait for it, and raise `EngineError` if it never
    will be.

    Attributes:
        bus: carries the facts of the core and of the engine; lives as long as the engine, also while the
            server is restarted.
        inbox: those facts, queued for the screen.
        ready: resolves when the server is started (its modules may still be starting), or with the reason
            why not.
    """

    def __init__(self, project: Project, *, store: Store | None = None, clock: Clock | None = None) -> None:
        self.project = project
        self.store = store
        self.bus = EventBus(clock)
        self.inbox = Inbox()
        self.bus.subscribe(self.inbox.put)
        self.ready: Future[None] = Future()
        self._clock = clock
        self._frames = FrameRing()
        self._thread = LoopThread("workbench-engine", self._main)
        self._core: asyncio.Future[EngineCore] | None = None
        self._running: EngineCore | None = None

    # -- life

    def start(self) -> None:
        """Start the thread, which imports the core and starts the server there. Returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop clients and server and wait for the thread, at most `STOP_SECONDS`. Blocks; idempotent.

        The store is left to whoever made it.
        """
        self._thread.stop(STOP_SECONDS)
        if self.ready.cancel():
            self.ready.set_running_or_notify_cancel()

    async def _main(self) -> None:
        core: EngineCore | None = None
        try:
            with quick_import():
                from .core import EngineCore

                core = EngineCore(
                    self.project,
                    self.bus,
                    self._frames,
                    store=self.store,
                    clock=self._clock,
                    watch=self._watch(),
                )
            await core.start()
            self._running = core
            self._core_future().set_result(core)
            if self.ready.set_running_or_notify_cancel():
                self.ready.set_result(None)
            await asyncio.Event().wait()
        except Exception as error:
            self._give_up(error)
            if core is not None:
                await core.stop()
                core = None
            await asyncio.Event().wait()  # to answer the commands that come
        finally:
            if core is not None:
                await core.stop()

    def _watch(self) -> LoopWatch | None:
        selector = self._thread.selector
        return LoopWatch(selector, threading.get_ident(), self.bus.emit) if selector is not None else None

    def _give_up(self, error: Exception) -> None:
        reason = str(error).strip() or type(error).__name__
        self.bus.emit(EngineFailed(reason.splitlines()[0]))
        future = self._core_future()
        future.set_exception(EngineError(f"There is no server: {reason}"))
        future.exception()  # looked at: nobody needs to ask for a command
        if self.ready.set_running_or_notify_cancel():
            self.ready.set_exception(error)

    def _core_future(self) -> asyncio.Future[EngineCore]:
        """What commands wait for. On the engine's loop, by whoever comes first: a command or the main task."""
        if self._core is None:
            self._core = asyncio.get_running_loop().create_future()
        return self._core

    async def _do(self, command: Callable[[EngineCore], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            return await command(await asyncio.shield(self._core_future()))

        return await self._thread.call(run)

    # -- looking

    async def inspect(self) -> ServerState:
        """The server's whole state, read in one go."""
        return await self._do(lambda core: core.inspect())

    def frames(self, key: str | None = None) -> list[Frame]:
        """The last messages on the wire, oldest first; with `key`, those of that call. From any thread."""
        return self._frames.frames(key)

    async def owners(self) -> Owners:
        """Which module offers what, and what else of it no client is told."""
        return await self._do(lambda core: core.owners())

    async def cache_entries(self, most: int = 200) -> tuple[CacheEntryState, ...]:
        """The cache's entries, most recently used first."""
        return await self._do(lambda core: core.cache_entries(most))

    async def cache_entry(self, uri: str) -> CacheEntryState | None:
        """The cache's entry of a resource, if it has one."""
        return await self._do(lambda core: core.cache_entry(uri))

    # -- as a client

    async def list_tools(self, protocol: str = NEWEST) -> list[mcp_types.Tool]:
        """Every tool, as a client of that revision sees it (all pages)."""
        return await self._do(lambda core: core.client(protocol).list_tools())

    async def list_resources(self, protocol: str = NEWEST) -> list[mcp_types.Resource]:
        """Every listed resource (all pages)."""
        return await self._do(lambda core: core.client(protocol).list_resources())

    async def list_templates(self, protocol: str = NEWEST) -> list[mcp_types.ResourceTemplate]:
        """Every resource template (all pages)."""
        return await self._do(lambda core: core.client(protocol).list_templates())

    async def list_prompts(self, protocol: str = NEWEST) -> list[mcp_types.Prompt]:
        """Every prompt (all pages)."""
        return await self._do(lambda core: core.client(protocol).list_prompts())

    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        protocol: str = NEWEST,
        timeout: float | None = None,
        on_progress: ProgressCallback | None = None,
        key: str | None = None,
    ) -> CallRecord:
        """Call a tool; how it ended is in the record, failures too.

        Args:
            timeout: seconds without an answer and without progress after which the call is given up and
                cancelled (outcome `timeout`); `None` for the server's own limits.
            on_progress: called with (progress, total, message) on the awaiting loop; when reports come
                faster than that loop turns, with the latest.
            key: the call's name among the facts and frames while it runs; made up if not given.

        Raises:
            EngineError: there is no server.
            asyncio.CancelledError: the awaiting task was cancelled, and the call with it (recorded as
            `cancelled`).
        """
        report = relayed(on_progress)
        return await self._do(
            lambda core: core.calls.call_tool(
                name, dict(arguments), protocol=protocol, timeout=timeout, on_progress=report, key=key
            )
        )

    async def read(
        self,
        uri: str,
        *,
        protocol: str = NEWEST,
        timeout: float | None = None,
        on_progress: ProgressCallback | None = None,
        key: str | None = None,
    ) -> CallRecord:
        """Read a resource; the rest as in `call_tool` (a streamed read tells its chunks as progress)."""
        report = relayed(on_progress)
        return await self._do(
            lambda core: core.calls.read(uri, protocol=protocol, timeout=timeout, on_progress=report, key=key)
        )

    async def get_prompt(
        self,
        name: str,
        arguments: Mapping[str, str],
        *,
        protocol: str = NEWEST,
        timeout: float | None = None,
        key: str | None = None,
    ) -> CallRecord:
        """Render a prompt; the rest as in `call_tool`, without progress."""
        return await self._do(
            lambda core: core.calls.get_prompt(
                name, dict(arguments), protocol=protocol, timeout=timeout, key=key
            )
        )

    async def complete(
        self,
        ref: Mapping[str, str],
        argument: str,
        value: str,
        context: Mapping[str, str] | None = None,
        *,
        protocol: str = NEWEST,
    ) -> list[str]:
        """Suggestions for an argument of a prompt or a template.

        Args:
            ref: `{"type": "ref/prompt", "name": …}` or `{"type": "ref/resource", "uri": template}`.
            value: what is typed so far.
            context: the other arguments, as far as they are known.
        """
        return await self._do(
            lambda core: core.client(protocol).complete(dict(ref), argument, value, dict(context or {}))
        )

    async def subscribe(self, *uris: str) -> None:
        """Subscribe both clients to these resources; their notices arrive as `NoticeReceived` facts.

        Returns once the server has acknowledged both. Subscriptions survive a restart of the server.
        """
        await self._do(lambda core: core.subscribe(uris))

    async def unsubscribe(self, *uris: str) -> None:
        """End the subscriptions of both clients to these resources."""
        await self._do(lambda core: core.unsubscribe(uris))

    async def flush_notices(self) -> None:
        """Return when every notice that the server has published so far has reached both clients."""
        await self._do(lambda core: core.flush_notices())

    # -- handling the core

    async def trip(self, breaker: str) -> None:
        """Open a breaker by hand."""
        await self._do(lambda core: core.trip(breaker))

    async def reset(self, breaker: str) -> None:
        """Close a breaker by hand."""
        await self._do(lambda core: core.reset(breaker))

    async def probe(self, breaker: str) -> None:
        """Let an open breaker's next call through as its probe, now."""
        await self._do(lambda core: core.probe(breaker))

    async def evict(self, key: str) -> bool:
        """Drop one entry of the cache; whether there was one."""
        return await self._do(lambda core: core.evict(key))

    async def clear_cache(self) -> int:
        """Drop the whole cache; how many entries it had."""
        return await self._do(lambda core: core.clear_cache())

    async def task_tools(self) -> list[mcp_types.Tool]:
        """The tools that may run as long tasks; `start_long_task` takes their names."""
        return await self._do(lambda core: core.task_tools())

    async def cancel_task(self, task_id: str) -> None:
        """Cancel a long task.

        Raises:
            EngineError: there is no such task, or it has ended.
        """
        await self._do(lambda core: core.cancel_task(task_id))

    @property
    def config(self) -> ServerConfig:
        """The config in force. From any thread.

        Raises:
            ConfigError: the project's can't be read.
        """
        return self._running.config if self._running is not None else self.project.config

    async def apply(self, config: ServerConfig) -> None:
        """Make `config` the server's: changed modules are replaced, and only they; clients stay connected.

        A change of the server's own settings (name, cache, limits, …) restarts the server with all its
        modules; the engine's clients and their subscriptions come back.

        Raises:
            EngineError: modules that can't start, each with its reason; everything else is in force.
        """
        await self._do(lambda core: core.apply(config))

    async def restart_module(self, name: str) -> None:
        """Start a module anew from the config in force: one that failed, or whose files were mended.

        Raises:
            EngineError: it can't start, or there is none of that name; what ran before runs on.
        """
        await self._do(lambda core: core.restart_module(name))

    # -- recordings

    async def start_recording(
        self, path: str | Path, module: str | None = None, *, force: bool = False
    ) -> None:
        """Record the file batches of one files module, or of all; `force` replaces a file that is there.

        Raises:
            EngineError: a recording is under way, there is no such module, or the file is there already or
                can't be written.
        """
        await self._do(lambda core: core.recordings.start_recording(Path(path), module, force=force))

    async def stop_recording(self) -> None:
        """Complete the recording under way, if any."""
        await self._do(lambda core: core.recordings.stop_recording())

    async def start_replay(
        self, recording: str | Path, module: str | None = None, speed: ReplaySpeed = 1.0
    ) -> None:
        """Feed a recording to a files module: at its own pace times `speed`, at once, or step by step.

        Returns when the replay is under way; `ReplayStarted`, `ReplayProgressed` and `ReplayFinished` tell
        the rest.

        Raises:
            EngineError: a replay is under way, the file is no recording, or there is no such module.
        """
        await self._do(lambda core: core.recordings.start_replay(Path(recording), module, speed))

    async def replay_step(self) -> None:
        """Feed the next batch of a paused replay."""
        await self._do(lambda core: core.recordings.step())

    async def replay_pause(self) -> None:
        """Hold the replay before its next batch."""
        await self._do(lambda core: core.recordings.pause())

    async def replay_resume(self) -> None:
        """Go on with a paused replay."""
        await self._do(lambda core: core.recordings.resume())

    async def stop_replay(self) -> None:
        """End the replay under way, if any; returns when the resource list is true to the disk again."""
        await self._do(lambda core: core.recordings.stop_replay())
