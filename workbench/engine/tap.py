"""The tap on a client's connection: keeps recent messages without changing or delaying them.

Only a reference is stored when a message passes; its kind, relations and text are computed when frames are requested.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import anyio

from server_core.clock import Clock, SystemClock
from server_core.request import REQUEST_KEY_META
from workbench.records import Frame, FrameKind, Side

RING_FRAMES = 5000
RING_BYTES = 64_000_000
"""The limits of the ring, whichever is reached first; bytes are estimated from the texts of results."""

_KINDS: dict[str, FrameKind] = {
    "JSONRPCRequest": "request",
    "JSONRPCNotification": "notification",
    "JSONRPCResponse": "response",
    "JSONRPCError": "error",
}

_connections = itertools.count(1)


class _Passed(NamedTuple):
    at: float
    connection: int
    protocol: str
    direction: Side
    message: Any
    related: Any
    """The id of the client's request that this message of the server belongs to."""
    size: int


class FrameRing:
    """The last messages of all connections, oldest first. Callable from any thread."""

    def __init__(
        self, *, clock: Clock | None = None, most: int = RING_FRAMES, most_bytes: int = RING_BYTES
    ) -> None:
        self._clock = clock or SystemClock()
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._passed: deque[_Passed] = deque()
        self._bytes = 0

    def sink(self, protocol: str) -> Callable[[Side, Any], None]:
        """Return the function that a tap calls with each `SessionMessage` of a connection."""
        connection = next(_connections)

        def take(direction: Side, item: Any) -> None:
            message = item.message
            related = getattr(item.metadata, "related_request_id", None)
            passed = _Passed(
                self._clock.now(), connection, protocol, direction, message, related, _estimate(message)
            )
            with self._lock:
                self._passed.append(passed)
                self._bytes += passed.size
                while len(self._passed) > self._most or self._bytes > self._most_bytes:
                    self._bytes -= self._passed.popleft().size

        return take

    def frames(self, key: str | None = None) -> list[Frame]:
        """Return all messages, or those of the call with `key`: its requests, their responses, its progress, the
        server's questions to the client during the call, and its cancellation."""
        with self._lock:
            passed = list(self._passed)
        methods = {
            (item.connection, item.direction, item.message.id): item.message.method
            for item in passed
            if _kind(item) == "request"
        }
        wanted = passed if key is None else _of_call(passed, key)
        return [_frame(item, methods) for item in wanted]


class TapStream:
    """A wrapper of a read or write stream that passes each message to `take`. `ended` is called at the end of the read
    stream. Messages that `handled` has dealt with are not delivered.

    The SDK carries context variables from the sender to the handler through `last_context`.
    """

    def __init__(
        self,
        inner: Any,
        take: Callable[[Side, Any], None],
        direction: Side,
        ended: Callable[[], None] = lambda: None,
        handled: Callable[[Any], bool] = lambda _message: False,
    ) -> None:
        self._inner = inner
        self._take = take
        self._direction: Side = direction
        self._ended = ended
        self._handled = handled

    @property
    def last_context(self) -> Any:
        return getattr(self._inner, "last_context", None)

    async def send(self, item: Any) -> None:
        self._take(self._direction, item)
        await self._inner.send(item)

    async def receive(self) -> Any:
        while True:
            try:
                item = await self._inner.receive()
            except anyio.EndOfStream:
                self._ended()
                raise
            if isinstance(item, Exception):
                return item
            self._take(self._direction, item)
            if not self._handled(item.message):
                return item

    def __aiter__(self) -> TapStream:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    def close(self) -> None:
        self._inner.close()

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> TapStream:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._inner.__aexit__(*error)


class TappedTransport:
    """Any transport that `mcp.Client` accepts (in memory, stdio, HTTP), with a tap on both of its streams."""

    def __init__(
        self,
        inner: Any,
        take: Callable[[Side, Any], None],
        ended: Callable[[], None] = lambda: None,
        handled: Callable[[Any], bool] = lambda _message: False,
    ) -> None:
        """Args:
        take: Receives every message.
        ended: Called when the server has closed the connection.
        handled: Returns whether it has handled a message from the server, so that the SDK's client does not get it.
        """
        self._inner = inner
        self._take = take
        self._ended = ended
        self._handled = handled

    async def __aenter__(self) -> tuple[Any, Any]:
        read, write = await self._inner.__aenter__()
        reading = TapStream(read, self._take, "server", self._ended, self._handled)
        return reading, TapStream(write, self._take, "client")

    async def __aexit__(self, *error: Any) -> None:
        await self._inner.__aexit__(*error)


def _kind(item: _Passed) -> FrameKind:
    return _KINDS.get(type(item.message).__name__, "notification")


def _estimate(message: Any) -> int:
    """Estimate how many bytes a message keeps alive, cheaply, from the texts of a result."""
    result = message.__dict__.get("result")  # getattr is slow on a pydantic model without it
    if not result:
        return 500
    contents = result.get("content") or result.get("contents") or ()
    texts = sum(
        len(content.get("text") or content.get("blob") or content.get("data") or "")
        for content in contents
        if isinstance(content, dict)
    )
    return 500 + (2 * texts if "structuredContent" in result else texts)


def _frame(item: _Passed, methods: dict[tuple[int, Side, Any], str]) -> Frame:
    kind = _kind(item)
    message = item.message
    asker: Side = "server" if item.direction == "client" else "client"
    method = getattr(message, "method", "") or methods.get((item.connection, asker, message.id), "")
    return Frame(
        item.at,
        item.direction,
        item.protocol,
        kind,
        method,
        getattr(message, "id", None),
        functools.partial(message.model_dump, by_alias=True, mode="json", exclude_unset=True),
    )


def _of_call(passed: Iterable[_Passed], key: str) -> list[_Passed]:
    asked: set[tuple[int, Any]] = set()
    asked_back: set[tuple[int, Any]] = set()
    found: list[_Passed] = []
    for item in passed:
        kind, message = _kind(item), item.message
        params = getattr(message, "params", None) or {}
        number = (item.connection, getattr(message, "id", None))
        if kind == "request" and item.direction == "client":
            if (params.get("_meta") or {}).get(REQUEST_KEY_META) != key:
                continue
            asked.add(number)
        elif kind == "request":
            if (item.connection, item.related) not in asked:
                continue
            asked_back.add(number)
        elif kind == "notification":
            about = params.get("progressToken", params.get("requestId", item.related))
            if (item.connection, about) not in asked:
                continue
        elif number not in (asked if item.direction == "server" else asked_back):
            continue
        found.append(item)
    return found
