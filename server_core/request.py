"""One request on its way through the core: who asked for what, its progress, and where its time went."""

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
"""The `_meta` key with which a client can label a request, to recognize it among the facts."""

current_request: ContextVar[Request | None] = ContextVar("current_request", default=None)
"""The request that the running code serves, including on worker threads; `None` outside requests."""

_request_numbers = itertools.count(1)

ProgressSink = Callable[[float, float | None, str], Awaitable[None]]
AskClient = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Asks a task's client several questions (the protocol's JSON, by name) and waits for the answers."""


class Trace:
    """Where a request's time went: named stages, in the order in which they ended."""

    __slots__ = ("_clock", "_stages")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stages: list[tuple[str, float]] = []

    def add(self, stage: str, seconds: float) -> None:
        """Add `seconds` to `stage` ("cache hit", "pool", "handler", …)."""
        self._stages.append((stage, seconds))

    def since(self, stage: str, started: float) -> None:
        """Add the time since `started` (on the clock's `monotonic`) to `stage`."""
        self._stages.append((stage, self._clock.monotonic() - started))

    @property
    def stages(self) -> tuple[tuple[str, float], ...]:
        """(name, seconds) of each stage so far."""
        return tuple(self._stages)


class Request:
    """The request that a handler is serving.

    Attributes:
        number: unique in this process.
        method: the protocol method, such as `tools/call`.
        target: the tool's or prompt's name, or the URI.
        client: the connection's id, empty for a call made by the core itself.
        protocol: the protocol revision that the client speaks.
        key: the label that the client put in `_meta` under `REQUEST_KEY_META`, else empty.
        session: the SDK's context of the wire request, shared by nested requests; `None` for detached work. A call that
            asks its client continues with the session of the request that brings the answer.
        params: the SDK's typed parameters of the wire request; `None` likewise.
        loop: the core's loop, once the handler is running.
        on_progress: called at each progress report; the pipeline's time limit uses it.
        seconds: the call's time limit if its item has none; `None` for the server's.
        failure: the exception a tool raised, if the client gets it as a result.
        deadline: the time limit while the handler is running.
        ask: asks the client of a task or of a 2026-07-28 call; `None` if the session asks, or nobody can be asked.
        prepared: the client's answers for the tool's parameters, collected before the task was created; else `None`.
        arguments: those of a tool or prompt, or the variables of a template's URI.
        size: the approximate size of the result in bytes, once it is known.
        ttl: how many more seconds a cached result stays fresh.
        endless: a followed stream, which has no time limit.
        cancelled: the handler was cancelled; a function on a worker thread notices when it next reports progress.
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
        """Create a request that this one's handler makes inside the core (a workflow step, a task's body).

        Its progress goes to `sink`, and not to this request's client. With `attached=False` it outlives this request
        and keeps no reference to the client's connection.
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
        """The SDK's context of the wire request being served."""
        return self._session if self._outer is None else self._outer.session

    @session.setter
    def session(self, session: ServerRequestContext[Any, Any] | None) -> None:
        self._session = session

    async def ask_client(self, requests: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the client and wait for the answers; the time limit is paused meanwhile.

        Raises:
            ToolError: nobody can be asked, or nobody answered in time.
        """
        if self.ask is None:
            raise ToolError(
                f"{self.target} asks its client a question, but this client can't be asked: use one that declares the"
                " tasks extension (io.modelcontextprotocol/tasks), or don't call it as a task."
            )
        with self.held():
            return await self.ask(requests)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Pause the time limit while the block waits for the client's user."""
        deadline = self.deadline
        if deadline is not None:
            deadline.hold()
        try:
            yield
        finally:
            if deadline is not None:
                deadline.resume()

    async def report_progress(self, progress: float, total: float | None = None, message: str = "") -> None:
        """Report the handler's progress to the client and the bus. On the core's loop only."""
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
        """`report_progress` for a synchronous function on a worker thread; returns immediately.

        Raises:
            asyncio.CancelledError: nobody is waiting for the function any more, so it should end.
        """
        if self.cancelled:
            raise asyncio.CancelledError(f"{self.target} was cancelled")
        loop = self.loop
        if loop is None or loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self.report_progress(progress, total, message), loop)

    @staticmethod
    def key_of(meta: Mapping[str, Any] | None) -> str:
        """The client's own label for a request, from its `_meta`."""
        value = meta.get(REQUEST_KEY_META) if meta else None
        return value if isinstance(value, str) else ""


async def _discard_progress(_progress: float, _total: float | None, _message: str) -> None:
    return None
