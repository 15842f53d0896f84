"""One request on its way through the core: who asked what, how far it is, and where its time went."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver.exceptions import ToolError

from .bus import EventBus
from .clock import Clock
from .deadlines import Deadline
from .errors import clean_surrogates
from .events import RequestProgressed

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

REQUEST_KEY_META = "io.mcp-server-workbench/key"
"""The `_meta` key by which a client may name a request, to find it again among the facts."""

current_request: ContextVar[Request | None] = ContextVar("current_request", default=None)
"""The request that the running code serves, also in worker threads; `None` outside of requests."""

_request_numbers = itertools.count(1)

ProgressSink = Callable[[float, float | None, str], Awaitable[None]]
AskClient = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Asks a task's client for several things (the protocol's JSON, by names) and waits for the answers."""


class Trace:
    """Where a request's time went: named stages, in the order in which they ended."""

    __slots__ = ("_clock", "_stages")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stages: list[tuple[str, float]] = []

    def add(self, stage: str, seconds: float) -> None:
        """Book `seconds` under `stage` ("cache hit", "pool", "handler", …)."""
        self._stages.append((stage, seconds))

    def since(self, stage: str, started: float) -> None:
        """Book the time since `started` (of the clock's `monotonic`) under `stage`."""
        self._stages.append((stage, self._clock.monotonic() - started))

    @property
    def stages(self) -> tuple[tuple[str, float], ...]:
        """(name, seconds) of each stage so far."""
        return tuple(self._stages)


class Request:
    """What a handler knows of the request that it serves.

    Attributes:
        number: unique in this process.
        method: the protocol's method, as `tools/call`.
        target: the tool's or prompt's name, or the URI.
        client: the connection's id, empty for a call that the core makes itself.
        protocol: the revision that the client speaks.
        key: what the client put in `_meta` under `REQUEST_KEY_META`, else empty.
        session: the SDK's context of the wire request, a nested one's that of its outer one; `None` for detached work.
            A call that asks its client goes on with the session of the request that brings the answer.
        params: the SDK's typed parameters of the wire request, `None` likewise.
        loop: the core's loop, once the handler runs.
        on_progress: called at each report of progress; the pipeline's time limit hangs on it.
        seconds: the time limit of the call where its item has none, instead of the server's; `None` for that.
        failure: what a tool raised, which the client is told as an answer.
        deadline: the time limit while the handler runs.
        ask: how a task, or a call of a 2026-07-28 client, asks its client; `None` where the session asks, or nobody.
        prepared: what the tool's parameters were told by the client before the task was made; `None` outside of that.
        arguments: those of a tool or prompt, or the variables of a template's URI.
        size: about how many bytes the answer takes, once it is known.
        ttl: for how many more seconds a cached answer is fresh.
        endless: a stream that is followed, which has no time limit.
        cancelled: the handler was stopped; a function still on its worker thread hears of it when it reports progress.
    """

    __slots__ = (
        "_bus",
        "_outer",
        "_session",
        "_sink",
        "arguments",
        "ask",
        "cancelled",
        "client",
        "clock",
        "deadline",
        "endless",
        "failure",
        "key",
        "loop",
        "method",
        "module",
        "number",
        "on_progress",
        "params",
        "prepared",
        "protocol",
        "seconds",
        "size",
        "target",
        "trace",
        "ttl",
    )

    def __init__(
        self,
        method: str,
        target: str,
        *,
        clock: Clock,
        bus: EventBus,
        client: str = "",
        protocol: str = "",
        key: str = "",
        session: ServerRequestContext[Any, Any] | None = None,
        params: Any = None,
        sink: ProgressSink | None = None,
        outer: Request | None = None,
    ) -> None:
        self.number = next(_request_numbers)
        self.method = method
        self.target = target
        self.module = ""
        self.client = client
        self.protocol = protocol
        self.key = key
        self._outer = outer
        self._session = session
        self.params = params
        self.clock = clock
        self.trace = Trace(clock)
        self._bus = bus
        self._sink = sink
        self.loop: asyncio.AbstractEventLoop | None = None
        self.on_progress: Callable[[], None] | None = None
        self.seconds: float | None = None
        self.failure: BaseException | None = None
        self.deadline: Deadline | None = None
        self.ask: AskClient | None = None
        self.prepared: Mapping[str, Any] | None = None
        self.cancelled = False
        self.arguments: Mapping[str, Any] = {}
        self.size = 0
        self.ttl = 0.0
        self.endless = False

    def nested(
        self, method: str, target: str, *, sink: ProgressSink | None = None, attached: bool = True
    ) -> Request:
        """A request that the handler of this one makes inside the core (a workflow's step, a task's body).

        Its progress goes to `sink`, never to the client of this one by itself. With `attached=False` it outlives
        this one: it keeps no hold on the client's connection.
        """
        made = Request(
            method,
            target,
            clock=self.clock,
            bus=self._bus,
            client=self.client,
            protocol=self.protocol,
            outer=self if attached else None,
            sink=sink or _discard_progress,
        )
        if attached and self.ask is not None:
            made.ask = self.ask_client
        return made

    @property
    def session(self) -> ServerRequestContext[Any, Any] | None:
        """The SDK's context of the wire request that is served."""
        return self._session if self._outer is None else self._outer.session

    @session.setter
    def session(self, session: ServerRequestContext[Any, Any] | None) -> None:
        self._session = session

    async def ask_client(self, requests: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the client and wait; the time limit stands still meanwhile.

        Raises:
            ToolError: nobody can be asked, or nobody answered in time.
        """
        if self.ask is None:
            raise ToolError(
                f"{self.target} asks its client for something, and nobody can be asked here: call it from a client"
                " that declares the tasks extension (io.modelcontextprotocol/tasks), or not as a task."
            )
        with self.held():
            return await self.ask(requests)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let the time limit stand still while the block waits for the client's user."""
        deadline = self.deadline
        if deadline is not None:
            deadline.hold()
        try:
            yield
        finally:
            if deadline is not None:
                deadline.resume()

    async def report_progress(self, progress: float, total: float | None = None, message: str = "") -> None:
        """Tell the client and the bus how far the handler is. On the core's loop only."""
        if self.on_progress is not None:
            self.on_progress()
        message = clean_surrogates(message)
        if self._bus.active:
            self._bus.emit(RequestProgressed(self.number, self.target, progress, total, message))
        if self._sink is not None:
            await self._sink(progress, total, message)
        elif self.session is not None:
            await self.session.session.report_progress(progress, total, message or None)

    def progress_from_thread(self, progress: float, total: float | None = None, message: str = "") -> None:
        """The same as `report_progress` for a synchronous function on a worker thread; returns at once.

        Raises:
            asyncio.CancelledError: nobody waits for the function any more; that ends it.
        """
        if self.cancelled:
            raise asyncio.CancelledError(f"{self.target} was stopped")
        loop = self.loop
        if loop is None or loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self.report_progress(progress, total, message), loop)

    @staticmethod
    def key_of(meta: Mapping[str, Any] | None) -> str:
        """The client's own name for a request, out of its `_meta`."""
        value = meta.get(REQUEST_KEY_META) if meta else None
        return value if isinstance(value, str) else ""


async def _discard_progress(_progress: float, _total: float | None, _message: str) -> None:
    return None
