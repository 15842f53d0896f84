"""The server: modules, the path of requests, and the parts that they share."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Collection, Coroutine, Iterable
from contextlib import AbstractContextManager, asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from mcp.server.subscriptions import (
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    SubscriptionBus,
    ToolsListChanged,
)

from .breakers import BreakerRegistry
from .bus import EventBus
from .cache import ResourceCache
from .clock import Clock, SystemClock
from .errors import ModuleStartError, NotFoundError
from .events import ModuleStarted, ModuleStarting, ModuleStopped, ServerStarted, ServerStopped
from .host import ModuleHost, clash_text
from .inspecting import inspect_server
from .inspection import ServerState
from .ledger import RequestLedger
from .module import Module
from .pipeline import Pipeline
from .protocol.connections import ClientTable
from .protocol.handlers import ProtocolServer
from .protocol.http import HttpReady, serve_http
from .protocol.http_addresses import AddressError
from .protocol.notices import ChangeNotices
from .protocol.transport import serve_stdio
from .registry import ListChanges, Registry
from .reporting import ErrorReporter
from .settings import BreakerSettings, CacheSettings, LimitSettings
from .uncaught import reported_uncaught
from .workers import WorkerThreads

HEAD_START_SECONDS = 0.5
"""How long the start of heavy modules waits for that of the others."""

ModuleT = TypeVar("ModuleT", bound=Module)

SETTLE_SECONDS = 10.0
"""How long a served process waits for its modules before it answers its first client."""


class Server:
    """An MCP server made of modules, for clients of both protocol revisions.

    ```python
    server = Server("bookshop")
    server.add(FilesModule("docs", path="docs"))
    server.run()
    ```

    Everything but the constructor, `add` and `run` belongs to one event loop: the one that `start` runs on.
    """

    def __init__(
        self,
        name: str,
        *,
        version: str = "0.1.0",
        title: str | None = None,
        description: str | None = None,
        instructions: str | None = None,
        base: str | Path | None = None,
        cache: CacheSettings | None = None,
        limits: LimitSettings | None = None,
        breaker: BreakerSettings | None = None,
        development: bool = False,
        clock: Clock | None = None,
        bus: EventBus | None = None,
        subscriptions: SubscriptionBus | None = None,
    ) -> None:
        """Args:
        base: the folder against which the modules' relative paths are found; the current one if not given.
        development: unexpected errors are told to clients with their text and traceback.
        subscriptions: carries change notices; in memory unless given (several processes would share one).
        """
        self.name = name
        self.version = version
        self.title = title
        self.description = description
        self.instructions = instructions
        self.base = Path(base or ".").absolute()
        self.development = development
        self.clock: Clock = clock or SystemClock()
        self.bus = bus or EventBus(self.clock)
        self.limits = limits or LimitSettings()
        self.cache = ResourceCache(cache or CacheSettings(), clock=self.clock, bus=self.bus)
        self.breakers = BreakerRegistry(breaker or BreakerSettings(), clock=self.clock, bus=self.bus)
        self.registry = Registry()
        self.reporter = ErrorReporter(self.bus, self.clock, keeps_frames=development)
        self.ledger = RequestLedger(self.bus, self.clock, self.reporter, development=development)
        self.pipeline = Pipeline(
            self.registry, self.cache, self.breakers, self.limits, self.ledger, self.clock
        )
        self.clients = ClientTable(self.bus)
        self.notices = ChangeNotices(self.clients, self.bus, self._spawn, subscriptions)
        self.modules: dict[str, ModuleHost] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._started = 0.0
        self._running = False

    @cached_property
    def workers(self) -> WorkerThreads:
        """The worker threads for synchronous functions."""
        return WorkerThreads()

    @cached_property
    def protocol(self) -> ProtocolServer:
        """The SDK's server in front of this one: what `mcp.Client` and the transports take."""
        return ProtocolServer(self)

    # -- life

    def add(self, module: ModuleT) -> ModuleT:
        """Make `module` part of the server; `start` starts it.

        Raises:
            ValueError: the server has a module of that name, or is running (use `add_module` then).
        """
        if self._running:
            raise ValueError("The server is running: use `await server.add_module(module)`")
        if module.name in self.modules:
            raise ValueError(f"The server has a module named {module.name!r} already")
        self.modules[module.name] = ModuleHost(self, module)
        self.registry.reserve(module.name)
        return module

    async def start(self, *, settle: float | None = None) -> None:
        """Start every module, side by side, and return when all have started or failed, or after `settle` seconds.

        A module that fails is marked and told of (`ModuleFailed`); the rest runs. Those still starting go on. Heavy
        ones wait for the others, `HEAD_START_SECONDS` at most.
        Does nothing on a server that runs.
        """
        if self._running:
            return
        self._running = True
        self._started = self.clock.now()
        self.bus.emit(ServerStarted(self.name, self.version))
        hosts = self.modules.values()
        light = [self._spawn(self._start_module(host)) for host in hosts if not host.instance.heavy]
        heavy = [self._spawn(self._start_module(host, light)) for host in hosts if host.instance.heavy]
        starting = [*light, *heavy]
        if starting:
            await asyncio.wait(starting, timeout=settle)

    async def stop(self) -> None:
        """Stop every module, end the listen streams and forget the cache. Idempotent."""
        if not self._running:
            return
        self._running = False
        self.notices.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for host in reversed(self.modules.values()):
            await self._stop_module(host)
        self.cache.clear()
        self.bus.emit(ServerStopped(self.name))

    @asynccontextmanager
    async def running(self, *, settle: float | None = None) -> AsyncIterator[Server]:
        """`start`, then `stop` at the end of the block."""
        try:
            await self.start(settle=settle)
            yield self
        finally:
            await self.stop()

    def run(self) -> None:
        """Serve one client over stdio until it goes away. Blocks; to be called from a program's main thread."""
        asyncio.run(self.serve_stdio())

    def report_uncaught(self) -> AbstractContextManager[None]:
        """Report what nobody catches, too, while a `with` block runs: errors of this loop's tasks, of threads, and
        those that Python can't raise. Whatever serves does so; a program with a loop of its own may. See
        `reported_uncaught`.
        """
        return reported_uncaught(self.reporter)

    async def serve_stdio(self) -> None:
        """Start, serve one client over stdin and stdout, stop."""
        with self.report_uncaught():
            async with self.running(settle=SETTLE_SECONDS):
                await serve_stdio(self.protocol)

    def run_http(
        self, host: str = "127.0.0.1", port: int = 8000, *, allowed_hosts: Iterable[str] = ()
    ) -> None:
        """Serve clients at `http://HOST:PORT/mcp` until Ctrl-C or SIGTERM. Blocks; to be called from a program's main
        thread. Ends the program with a line on stderr and status 1 if it can't listen there.

        Args:
            allowed_hosts: names by which clients may call it besides `host` and the machine's names for itself.
        """
        try:
            asyncio.run(self.serve_http(host, port, allowed_hosts=allowed_hosts))
        except AddressError as error:
            sys.exit(str(error))

    async def serve_http(
        self, host: str, port: int, *, allowed_hosts: Iterable[str] = (), ready: HttpReady | None = None
    ) -> signal.Signals | None:
        """Start, serve clients by HTTP until a signal or a cancellation ends it, stop; see `protocol.http.serve_http`.

        Raises:
            AddressError: it can't listen there; nothing was started.
        """
        with self.report_uncaught():
            return await serve_http(self, host, port, allowed_hosts=allowed_hosts, ready=ready)

    # -- modules of a running server

    async def add_module(self, module: Module) -> None:
        """Start `module` and add it; connected clients are told.

        Raises:
            ModuleStartError: it can't start; it stays in `inspect` as failed.
            ValueError: the server has a module of that name.
        """
        if module.name in self.modules:
            raise ValueError(f"The server has a module named {module.name!r} already")
        host = ModuleHost(self, module)
        self.modules[module.name] = host
        self.registry.reserve(module.name)
        await self._start_module(host)
        if host.status == "failed":
            raise ModuleStartError(host.reason)

    async def remove_module(self, name: str) -> None:
        """Stop the module and forget it; connected clients are told.

        Raises:
            NotFoundError: there is none of that name.
        """
        host = self.modules.get(name)
        if host is None:
            raise NotFoundError("module", name, self.modules)
        await self._stop_module(host)
        del self.modules[name]
        self.registry.forget(name)

    async def replace_module(self, module: Module) -> None:
        """Start `module` in place of the one of the same name, which serves on until then.

        Raises:
            ModuleStartError: the new one can't start; the old one stays as it is.
            NotFoundError: there is none of that name.
        """
        old = self.modules.get(module.name)
        if old is None:
            raise NotFoundError("module", module.name, self.modules)
        host = ModuleHost(self, module)
        changes = await self._bring_up(host)
        if changes is None:
            raise ModuleStartError(host.reason)
        self.modules[module.name] = host
        old.status = "stopped"
        await old.release()
        self._drop_breakers(old.breakers - host.breakers)
        self.cache.invalidate(module.name)
        await self.publish((), changes)

    async def publish(self, updated: Iterable[str], changes: ListChanges) -> None:
        """Tell subscribed clients of resources and lists that changed."""
        events: list[ServerEvent] = [ResourceUpdated(uri) for uri in updated]
        if changes.tools:
            events.append(ToolsListChanged())
        if changes.resources:
            events.append(ResourcesListChanged())
        if changes.prompts:
            events.append(PromptsListChanged())
        if events and self._running:
            await self.notices.publish(events)

    def inspect(self) -> ServerState:
        """The whole state, read in one go."""
        return inspect_server(self, running=self._running, started=self._started)

    # -- inside

    async def _start_module(self, host: ModuleHost, before: Collection[asyncio.Task[None]] = ()) -> None:
        if before:
            await asyncio.wait(before, timeout=HEAD_START_SECONDS)
        changes = await self._bring_up(host)
        if changes is not None:
            await self.publish((), changes)

    async def _bring_up(self, host: ModuleHost) -> ListChanges | None:
        """Start a module and put what it offers into the registry; `None` when it failed."""
        module = host.instance
        started = self.clock.monotonic()
        self.bus.emit(ModuleStarting(module.name, module.kind))
        try:
            await module.start(host)
            self._settle_clashes(host)
        except Exception as error:
            reason = (
                str(error) if isinstance(error, ModuleStartError) else self._unexpected_start(error, module)
            )
            host.fail(reason.splitlines()[0] if reason else type(error).__name__)
            await host.release()
            return None
        except asyncio.CancelledError:
            host.status = "stopped"
            await host.release()
            raise
        changes = host.commit()
        host.status = "running"
        self.bus.emit(
            ModuleStarted(
                module.name,
                module.kind,
                self.clock.monotonic() - started,
                *self.registry.counts(module.name),
            )
        )
        return changes

    def _unexpected_start(self, error: Exception, module: Module) -> str:
        reference = self.reporter.report(error, f"starting {module.name}")
        return f"{type(error).__name__}: {error} (reference {reference})"

    def _settle_clashes(self, host: ModuleHost) -> None:
        """The module that stands first keeps a name that two offer, whichever started faster."""
        mine = self.registry.order(host.module)
        for clash in self.registry.clashes(host.module, host.pending):
            if self.registry.order(clash.owner) < mine:
                raise ModuleStartError(clash_text(host.instance, clash))
            loser = self.modules[clash.owner]
            if loser.status == "running":
                reason = clash_text(loser.instance, clash._replace(owner=host.module))
                self.registry.remove(clash.owner)
                loser.fail(reason)
                self._spawn(loser.release())

    async def _stop_module(self, host: ModuleHost) -> None:
        if host.status == "stopped":
            return
        was_running = host.status == "running"
        host.status = "stopped"
        changes = self.registry.remove(host.module)
        self.cache.invalidate(host.module)
        await self.publish((), changes)
        if was_running:
            await host.release()
        self._drop_breakers(host.breakers)
        self.bus.emit(ModuleStopped(host.module, host.instance.kind))

    def _drop_breakers(self, names: Iterable[str]) -> None:
        kept = {name for host in self.modules.values() if host.status == "running" for name in host.breakers}
        for name in set(names) - kept:
            self.breakers.remove(name)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
