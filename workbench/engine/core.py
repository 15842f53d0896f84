"""The part of the engine on its own thread: the server, clients and calls. Imports the core and the SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property, partial
from typing import TYPE_CHECKING

from mcp import MCPError

from server_core.breaker import CircuitBreaker
from server_core.bus import Event, EventBus
from server_core.config import ServerConfig, build_server
from server_core.errors import nearest
from server_core.events import FOLLOW_METHOD, FaultKind, FilesChanged, LogWritten
from server_core.faults.jumping import JumpingClock
from server_core.inspection import CacheEntryState, ServerState
from server_core.items import TakePiece
from server_core.request import Request
from server_core.server import Server
from workbench.atomic import remove_left_overs
from workbench.facts import ServerInspected
from workbench.questions import Answer
from workbench.records import BatchRecord, CallRecord, Owners

from .asking import ClientAnswers, Questions
from .calls import Calls
from .clients import EngineClient
from .commanding import NEWEST, PROTOCOLS
from .errors import EngineError
from .live_config import LiveConfig
from .loopwatch import LoopWatch
from .owners import owners_of, schema_of_call
from .tap import FrameRing

if TYPE_CHECKING:
    from mcp.client import ClientExtension

    from server_core.faults.injector import FaultInjector
    from workbench.project import Project
    from workbench.store import Store

    from .recordings import Recordings
    from .task_commands import TaskCommands

QUIET_ROUNDS = 2
"""After this many round trips of both clients without a notification, none is in transit."""


class EngineCore:
    """A running server with the engine's clients. Call all methods on the engine's loop.

    Attributes:
        calls: Makes the calls.
        server: The server; replaced when a config change restarts it.
        live: Applies configs.
    """

    def __init__(
        self,
        project: Project,
        bus: EventBus,
        frames: FrameRing,
        *,
        store: Store | None = None,
        clock: JumpingClock,
        watch: LoopWatch | None = None,
        answered: bool = False,
    ) -> None:
        """Args:
        answered: There is a user who answers the server's questions to its clients.
        """
        self._project = project
        self._bus = bus
        self._clock = clock
        self._store = store
        self._uncaught = ExitStack()
        self.server = self._build(project.config)
        self.live = LiveConfig(
            project.config, server=lambda: self.server, build=self._build, bus=bus, restart=self._restart
        )
        self._frames = frames
        self.questions = Questions(bus.emit, answered=answered)
        self._clients = {protocol: self._client_of(protocol) for protocol in PROTOCOLS}
        # The history has real times, even if the server's clock jumps.
        self.calls = Calls(self.client, bus, clock.inner, self._keep, self.questions)
        self._watch = watch
        self._unsubscribe = bus.subscribe(self._remember)
        if store is not None:
            store.on_trouble = lambda text: bus.emit(LogWritten("history", "warning", text))

    # -- lifecycle

    async def start(self) -> None:
        """Start the server and connect the clients; modules continue starting in the background."""
        await asyncio.to_thread(remove_left_overs, self._project.folder)
        if self._watch is not None:
            self._watch.start()
        await self._start_server()

    async def stop(self) -> None:
        """Disconnect the clients and stop everything."""
        if self._watch is not None:
            self._watch.stop()
        if "recordings" in vars(self):
            await self.recordings.close()
        await self._stop_server()
        self.calls.close()
        self._unsubscribe()
        if self._store is not None:
            self._store.flush()

    async def _start_server(self) -> None:
        # Uncaught exceptions, also in the user's threads, are shown like any other error.
        self._uncaught.enter_context(self.server.report_uncaught())
        await self.server.start(settle=0)
        for client in self._all_clients():
            await client.connect(self.server)

    async def _stop_server(self) -> None:
        for client in self._all_clients():
            await client.disconnect()
        await self.server.stop()
        self._uncaught.close()

    def _build(self, config: ServerConfig) -> Server:
        server = build_server(config, self._project.folder, clock=self._clock, bus=self._bus)
        server.reporter.keeps_frames = True
        return server

    # -- clients

    def client(self, protocol: str) -> EngineClient:
        """Return the client of a protocol revision.

        Raises:
            EngineError: There is none for it.
        """
        client = self._clients.get(protocol)
        if client is None:
            raise EngineError(f"Unknown protocol revision {protocol!r}; use {' or '.join(self._clients)}")
        return client

    def _client_of(self, protocol: str, extensions: Sequence[ClientExtension] = ()) -> EngineClient:
        answers = ClientAnswers(protocol, self.questions, self._project.folder, self._bus.emit)
        return EngineClient(protocol, self._frames, self._bus.emit, answers, extensions)

    def _all_clients(self) -> tuple[EngineClient, ...]:
        joined = self.tasks.client if "tasks" in vars(self) else None
        return (*self._clients.values(), *((joined,) if joined is not None else ()))

    async def subscribe(self, uris: Sequence[str]) -> None:
        """Subscribe both clients."""
        await asyncio.gather(*(client.subscribe(uris) for client in self._clients.values()))

    async def unsubscribe(self, uris: Sequence[str]) -> None:
        """End the subscriptions of both clients."""
        await asyncio.gather(*(client.unsubscribe(uris) for client in self._clients.values()))

    async def follow(self, uri: str, take: TakePiece, key: str) -> None:
        """Deliver a stream's pieces as they arrive; see `Engine.follow`."""
        request = Request(FOLLOW_METHOD, uri, clock=self._clock, bus=self._bus, client="workbench", key=key)
        try:
            await self.server.pipeline.follow(request, uri, take)
        except MCPError as error:
            raise EngineError(error.message) from error

    async def flush_notices(self) -> None:
        """See `Engine.flush_notices`."""
        quiet = 0
        while quiet < QUIET_ROUNDS:
            before = sum(client.heard for client in self._clients.values())
            for client in self._clients.values():
                await client.round_trip()
            after = sum(client.heard for client in self._clients.values())
            quiet = quiet + 1 if after == before else 0

    @cached_property
    def recordings(self) -> Recordings:
        """Recordings and replays; created on first use, to keep their imports out of startup."""
        from .recordings import Recordings

        return Recordings(lambda: self.server, self._bus, self._clock.inner)

    @cached_property
    def faults(self) -> FaultInjector:
        """The injected faults; created when the first one is set."""
        from server_core.faults.injector import FaultInjector

        return FaultInjector(self.server.core)

    @cached_property
    def tasks(self) -> TaskCommands:
        """Starts, answers and cancels long tasks; created on first use."""
        from .task_commands import TaskCommands

        return TaskCommands(
            lambda: self.server, partial(self._client_of, NEWEST), self.calls, self._project.folder
        )

    # -- inspecting and controlling the server

    async def inspect(self) -> ServerState:
        """Return the server's whole state; also emit it as a fact, which gives it a place in the sequence of facts."""
        state = self.server.inspect()
        self._bus.emit(ServerInspected(state, self._clock.ahead, self.questions.open()))
        return state

    async def owners(self) -> Owners:
        """Return which module offers each item."""
        return owners_of(self.server.registry)

    async def cache_entries(self, most: int) -> tuple[CacheEntryState, ...]:
        """Return the cache's entries, most recently used first."""
        return self.server.cache.entries(most)

    async def cache_entry(self, uri: str) -> CacheEntryState | None:
        """Return an entry of the cache."""
        entries = self.server.cache.entries(self.server.cache.state().max_size)
        return next((entry for entry in entries if entry.key == uri), None)

    async def evict(self, key: str) -> bool:
        """Remove an entry from the cache."""
        return self.server.cache.evict(key)

    async def clear_cache(self) -> int:
        """Clear the cache."""
        return self.server.cache.clear()

    async def trip(self, breaker: str) -> None:
        """Trip a breaker."""
        self._breaker(breaker).trip()

    async def reset(self, breaker: str) -> None:
        """Reset a breaker."""
        self._breaker(breaker).reset()

    async def probe(self, breaker: str) -> str:
        """Make a trial call through an open breaker; return the outcome in words."""
        return await self._breaker(breaker).probe()

    async def set_fault(self, text: str) -> None:
        """See `Engine.set_fault`."""
        from server_core.faults.spec import FaultSpecError, parse_fault

        try:
            fault = parse_fault(text)
            if fault.name:
                self.faults.check_name(fault.name)
            self.faults.set(fault)
        except FaultSpecError as error:
            raise EngineError(str(error)) from error

    async def clear_faults(self, name: str, kind: FaultKind | None) -> int:
        """See `Engine.clear_faults`."""
        return self.faults.clear(name, kind)

    async def answer(self, key: str, answer: Answer) -> None:
        """See `Engine.answer`."""
        self.questions.answer(key, answer)

    async def cancel_run(self, run: str) -> None:
        """See `Engine.cancel_run`."""
        from .runs import cancel_run

        cancel_run(self.server, run)

    async def resume_run(self, run: str) -> str:
        """See `Engine.resume_run`."""
        from .runs import resume_run

        return await resume_run(self.server, run)

    def _breaker(self, name: str) -> CircuitBreaker:
        known = {breaker.name: breaker for breaker in self.server.breakers.all()}
        if name not in known:
            near = nearest(name, known)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise EngineError(f"No breaker {name!r}{hint}")
        return known[name]

    # -- config

    @property
    def config(self) -> ServerConfig:
        """The config in use."""
        return self.live.config

    async def apply(self, config: ServerConfig) -> None:
        """See `Engine.apply`."""
        await self.live.apply(config)

    async def restart_module(self, name: str) -> None:
        """See `Engine.restart_module`."""
        await self.live.restart_module(name)

    async def _restart(self, fresh: Server) -> None:
        """Replace the server with a new one that was built but not started yet."""
        if "recordings" in vars(self):
            await self.recordings.stop_replay()
        await self._stop_server()
        self.server = fresh
        if "faults" in vars(self):
            self.faults.move_to(fresh.core)
        await self._start_server()

    # -- history

    def _keep(self, record: CallRecord) -> None:
        if self._store is not None:
            self._store.add_call(record, schema_of_call(self.server.registry, record))

    def _remember(self, event: Event) -> None:
        fact = event.fact
        if self._store is not None and isinstance(fact, FilesChanged):
            at = event.at - self._clock.ahead
            self._store.add_batch(BatchRecord(at, fact.module, fact.changes, fact.replayed))
