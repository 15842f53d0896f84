"""The public face of the engine: commands that can be awaited on any loop, and an inbox of facts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from server_core.bus import EventBus
from server_core.clock import SystemClock
from server_core.faults.jumping import JumpingClock
from workbench.facts import EngineFailed
from workbench.records import Frame

from .client_commands import ClientCommands
from .core_commands import CoreCommands
from .errors import EngineError
from .importing import quick_import
from .inbox import Inbox
from .loopwatch import LoopWatch
from .tap import FrameRing
from .thread import LoopThread

if TYPE_CHECKING:
    from server_core.clock import Clock
    from server_core.config import ServerConfig
    from workbench.project import Project
    from workbench.store import Store

    from .checks import ProjectChecks
    from .config_file import ConfigFollower
    from .core import EngineCore

T = TypeVar("T")

STOP_SECONDS = 5.0
"""How long `stop` waits for slow modules to close."""


class Engine(ClientCommands, CoreCommands):
    """A project's server, running in this process on its own thread, with one client for each protocol revision.

    Every `async` method may be awaited on any event loop; cancelling the awaiting task cancels the work in the core.
    Commands wait until the server is ready, and raise `EngineError` if it fails to start.

    Attributes:
        bus: Carries the facts of the core and of the engine; lives as long as the engine, even across restarts of the
            server.
        inbox: The facts queued for the screen.
        clock: The server's clock, which an injected fault can make jump.
        ready: Resolves when the server has started (its modules may still be starting), or with the error.
    """

    def __init__(
        self,
        project: Project,
        *,
        store: Store | None = None,
        clock: Clock | None = None,
        follows_config: bool = False,
        answers: bool = False,
    ) -> None:
        """Args:
        follows_config: Apply the project's config whenever its file is saved.
        answers: Someone answers the server's questions to its clients (`QuestionAsked`); otherwise they are declined.
        """
        self.project = project
        self._follows_config = follows_config
        self._answers = answers
        self.store = store
        self.clock = JumpingClock(clock or SystemClock())
        self.bus = EventBus(self.clock)
        self.inbox = Inbox()
        self.bus.subscribe(self.inbox.put)
        self.ready: Future[None] = Future()
        self._frames = FrameRing()
        self._thread = LoopThread("workbench-engine", self._main)
        self._loop_watch: LoopWatch | None = None
        self._core: asyncio.Future[EngineCore] | None = None
        self._running: EngineCore | None = None

    # -- lifecycle

    def start(self) -> None:
        """Start the thread, which imports the core and starts the server. Returns immediately."""
        self._thread.start()

    def stop(self) -> None:
        """Stop clients and server and wait for the thread, at most `STOP_SECONDS`. Blocks; idempotent.

        The caller closes the store.
        """
        if not self._thread.stop(STOP_SECONDS) and self._loop_watch is not None:
            self._loop_watch.stop()  # the core can't any more
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
                    clock=self.clock,
                    watch=self._watch(),
                    answered=self._answers,
                )
            await core.start()
            self._running = core
            self._core_future().set_result(core)
            if self.ready.set_running_or_notify_cancel():
                self.ready.set_result(None)
            if self._follows_config:
                await asyncio.gather(self._follower(core).follow(), self._checks(core).follow())
            await asyncio.Event().wait()
        except Exception as error:
            self._give_up(error)
            if core is not None:
                await core.stop()
                core = None
            await asyncio.Event().wait()  # keep answering commands
        finally:
            if core is not None:
                await core.stop()

    def _follower(self, core: EngineCore) -> ConfigFollower:
        from .config_file import ConfigFollower

        return ConfigFollower(self.project, lambda: core.config, core.apply, self.bus.emit, self.clock.inner)

    def _checks(self, core: EngineCore) -> ProjectChecks:
        from .checks import ProjectChecks

        return ProjectChecks(self.project, lambda: core.server, self.bus, self.clock.inner)

    def _watch(self) -> LoopWatch | None:
        selector = self._thread.selector
        if selector is not None:
            self._loop_watch = LoopWatch(selector, threading.get_ident(), self.bus.emit)
        return self._loop_watch

    def _give_up(self, error: Exception) -> None:
        reason = str(error).strip() or type(error).__name__
        self.bus.emit(EngineFailed(reason.splitlines()[0]))
        future = self._core_future()
        future.set_exception(EngineError(f"The server is not running: {reason}"))
        future.exception()  # mark it as retrieved: there may never be a command
        if self.ready.set_running_or_notify_cancel():
            self.ready.set_exception(error)

    def _core_future(self) -> asyncio.Future[EngineCore]:
        """Return the future that commands wait for, created on first use. Call it on the engine's loop."""
        if self._core is None:
            self._core = asyncio.get_running_loop().create_future()
        return self._core

    async def _do(self, command: Callable[[EngineCore], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            return await command(await asyncio.shield(self._core_future()))

        return await self._thread.call(run)

    # -- available without the core

    def frames(self, key: str | None = None) -> list[Frame]:
        """Return the last messages on the wire, oldest first; with `key`, those of that call. Thread-safe."""
        return self._frames.frames(key)

    @property
    def config(self) -> ServerConfig:
        """The config in use. Callable from any thread.

        Raises:
            ConfigError: The project's config can't be read.
        """
        return self._running.config if self._running is not None else self.project.config
