"""The server: its modules, the path of requests, and the parts they share."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, cast

from mcp.server.subscriptions import (
    SubscriptionBus,
)

from .bus import EventBus
from .clock import Clock
from .core import Identity, make_core
from .errors import ModuleStartError, NotFoundError
from .events import ModuleStarting, ServerStarted, ServerStopped
from .functions.markers import mark_of, prompt, resource, stream, task, tool
from .host import ModuleHost
from .inspecting import inspect_server
from .inspection import ServerState
from .lifecycle import ModuleLifecycle
from .lifespan import LifespanFactory
from .module import Module
from .protocol.handlers import ProtocolServer
from .protocol.stdio import serve_stdio
from .settings import BreakerSettings, CacheSettings, LimitSettings
from .stages.stage import Stage
from .uncaught import reported_uncaught

if TYPE_CHECKING:
    from .functions.offering import MarkedFunctions
    from .protocol.http import HttpOptions

ModuleT = TypeVar("ModuleT", bound=Module)
DecoratorT = TypeVar("DecoratorT", bound=Callable[..., Any])
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

OWN_FUNCTIONS = "main"
"""The name of the module for functions decorated with `@server.tool` and the like."""

SETTLE_SECONDS = 10.0
"""How long a server waits for its modules before it answers its first client."""


class Server:
    """An MCP server for clients of both protocol revisions, made of functions and modules.

    ```python
    server = Server("bookshop")

    @server.tool
    def add(a: int, b: int) -> int:
        '''Add two numbers.'''
        return a + b

    server.add(FilesModule("docs", path="docs"))
    server.run()
    ```

    `server.tool`, `server.resource`, `server.prompt`, `server.task` and `server.stream` are the decorators of the same
    names in `server_core`, and also add the function to this server.

    Everything except the constructor, the decorators, `add` and `run` must be used on one event loop: the one that
    `start` runs on.
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
        lifespan: LifespanFactory | None = None,
    ) -> None:
        """Args:
        base: the folder that modules' relative paths are resolved against; by default the current one.
        development: show clients the text and traceback of unexpected errors.
        subscriptions: delivers change notifications; in memory by default (several processes would share one).
        lifespan: makes an async context manager that is entered before the modules start and exited after they have
            stopped; its value is available to functions as `ctx.lifespan`.
        """
        self.core = core = make_core(
            Identity(name, version, title, description, instructions),
            base=base,
            cache=cache,
            limits=limits,
            breaker=breaker,
            development=development,
            clock=clock,
            bus=bus,
            subscriptions=subscriptions,
            lifespan=lifespan,
        )
        self.name = name
        self.version = version
        self.base = core.base
        self.clock = core.clock
        self.bus = core.bus
        self.limits = core.limits
        self.cache = core.cache
        self.breakers = core.breakers
        self.registry = core.registry
        self.reporter = core.reporter
        self.ledger = core.ledger
        self.pipeline = core.pipeline
        self.clients = core.clients
        self.notices = core.notices
        self.modules: dict[str, ModuleHost] = {}
        self._lifecycle = ModuleLifecycle(core, self.modules)
        self._functions: MarkedFunctions | None = None
        self.tool = self._offering(tool)
        self.resource = self._offering(resource)
        self.prompt = self._offering(prompt)
        self.task = self._offering(task)
        self.stream = self._offering(stream)
        self._started = 0.0
        self._running = False

    @cached_property
    def protocol(self) -> ProtocolServer:
        """The SDK's server in front of this one, for `mcp.Client` and the transports."""
        return ProtocolServer(self.core, self.modules)

    # -- lifecycle

    def add(self, module: ModuleT) -> ModuleT:
        """Add `module` to the server; `start` starts it.

        Raises:
            ValueError: the server already has a module with that name, or is running (use `add_module` then).
        """
        if self._running:
            raise ValueError("The server is already running: use `await server.add_module(module)`")
        if module.name in self.modules:
            raise ValueError(f"The server already has a module named {module.name!r}")
        self.modules[module.name] = ModuleHost(self.core, module)
        self.registry.reserve(module.name)
        return module

    def _offering(self, decorator: DecoratorT) -> DecoratorT:
        """Wrap `decorator`, which marks a function, to also add the function to this server."""

        @wraps(decorator)
        def offer(*words: Any, **keywords: Any) -> Any:
            made = decorator(*words, **keywords)
            if mark_of(made) is not None:
                return self._add_function(made)
            return lambda function: self._add_function(made(function))

        return cast("DecoratorT", offer)

    def _add_function(self, function: FunctionT) -> FunctionT:
        if self._running:
            raise ValueError("The server is already running: decorate functions before it starts")
        if self._functions is None:
            from .functions.offering import MarkedFunctions

            self._functions = self.add(MarkedFunctions(OWN_FUNCTIONS, functions=()))
        self._functions.functions = (*self._functions.functions, function)
        return function

    async def start(self, *, settle: float | None = None) -> None:
        """Start all modules concurrently, and return when all have started or failed, or after `settle` seconds.

        A module that fails is marked and reported (`ModuleFailed`); the others keep running. One that may recover (a
        database that does not answer) is retried automatically. Modules that are still starting continue. Heavy modules
        wait up to half a second for the others. Does nothing if the server is already running.
        """
        if self._running:
            return
        self._running = True
        try:
            await self.core.lifespan.open()
        except BaseException:
            self._running = False
            raise
        self._started = self.clock.now()
        self.notices.open()
        self.bus.emit(ServerStarted(self.name, self.version))
        hosts = self.modules.values()
        light = [
            self.core.background.spawn(self._lifecycle.start(host))
            for host in hosts
            if not host.instance.heavy
        ]
        heavy = [
            self.core.background.spawn(self._lifecycle.start(host, light))
            for host in hosts
            if host.instance.heavy
        ]
        starting = [*light, *heavy]
        if starting:
            await asyncio.wait(starting, timeout=settle)

    async def stop(self) -> None:
        """Stop every module, end the listen streams and clear the cache. Idempotent."""
        if not self._running:
            return
        self._running = False
        self.notices.close()
        await self.core.background.cancel_all()
        for host in reversed(self.modules.values()):
            await self._lifecycle.stop(host)
        self.cache.clear()
        await self.core.lifespan.close()
        self.bus.emit(ServerStopped(self.name))

    @asynccontextmanager
    async def running(self, *, settle: float | None = None) -> AsyncIterator[Server]:
        """Run the server for the duration of the block: `start`, then `stop`."""
        try:
            await self.start(settle=settle)
            yield self
        finally:
            await self.stop()

    def run(self) -> None:
        """Serve one client over stdio until it disconnects. Blocks; call it from a program's main thread."""
        asyncio.run(self.serve_stdio())

    def report_uncaught(self) -> AbstractContextManager[None]:
        """Report uncaught errors while a `with` block runs: those of this loop's tasks, of threads, and those that
        Python can't raise. The `run` and `serve` methods do this; a program with its own loop may. See
        `reported_uncaught`.
        """
        return reported_uncaught(self.reporter)

    async def serve_stdio(self) -> None:
        """Start, serve one client over stdin and stdout, then stop."""
        with self.report_uncaught():
            async with self.running(settle=SETTLE_SECONDS):
                await serve_stdio(self.protocol)

    def run_http(self, host: str = "127.0.0.1", port: int = 8000, **options: Unpack[HttpOptions]) -> None:
        """Serve clients at `http://HOST:PORT/mcp` until Ctrl-C or SIGTERM. Blocks; call it from a program's main
        thread.

        Ends the program with a line on stderr and status 1 if it can't listen there.

        Args:
            options: `token`, `no_auth`, `allowed_hosts`; see `protocol.http.HttpOptions`.
        """
        from .protocol.http_addresses import AddressError

        try:
            asyncio.run(self.serve_http(host, port, **options))
        except AddressError as error:
            sys.exit(str(error))

    async def serve_http(self, host: str, port: int, **options: Unpack[HttpOptions]) -> signal.Signals | None:
        """Start, serve clients over HTTP until a signal or a cancellation, then stop; see `protocol.http.serve_http`.

        Raises:
            AddressError: it can't listen there, or not without a token; nothing was started.
        """
        from .protocol.http import serve_http  # a sixth of the core, not needed over stdio

        with self.report_uncaught():
            return await serve_http(self, host, port, **options)

    def add_stage(self, stage: Stage, *, before: str = "handler") -> None:
        """Pass every request through your own stage, just before the stage named `before` (see `Pipeline`).

        Raises:
            ValueError: there is no stage with that name.
        """
        self.pipeline.add(stage, before=before)

    # -- modules of a running server

    async def add_module(self, module: Module) -> None:
        """Start and add `module`; connected clients are notified.

        Raises:
            ModuleStartError: it can't start; it stays in `inspect` as failed.
            ValueError: the server already has a module with that name.
        """
        if module.name in self.modules:
            raise ValueError(f"The server already has a module named {module.name!r}")
        host = ModuleHost(self.core, module)
        self.modules[module.name] = host
        self.registry.reserve(module.name)
        await self._lifecycle.start(host)
        if host.status == "failed":
            raise ModuleStartError(host.reason)

    async def remove_module(self, name: str) -> None:
        """Stop and remove the module; connected clients are notified.

        Raises:
            NotFoundError: there is no module with that name.
        """
        host = self.modules.get(name)
        if host is None:
            raise NotFoundError("module", name, self.modules)
        await self._lifecycle.stop(host)
        del self.modules[name]
        self.registry.forget(name)

    async def replace_module(self, module: Module) -> None:
        """Start `module` in place of the one with the same name, which keeps serving until then.

        Raises:
            ModuleStartError: the new module can't start; the old one keeps running.
            NotFoundError: there is no module with that name.
        """
        old = self.modules.get(module.name)
        if old is None:
            raise NotFoundError("module", module.name, self.modules)
        host = ModuleHost(self.core, module)
        self.bus.emit(ModuleStarting(module.name, module.kind))
        changes = await self._lifecycle.bring_up(host)
        if changes is None:
            raise ModuleStartError(host.reason)
        self.modules[module.name] = host
        old.status = "stopped"
        await old.release()
        self._lifecycle.drop_breakers(old.breakers - host.breakers)
        self.cache.invalidate(module.name)
        await self.notices.publish_changes((), changes)

    def inspect(self) -> ServerState:
        """The server's whole state, read at one moment."""
        return inspect_server(self.core, self.modules, running=self._running, started=self._started)
