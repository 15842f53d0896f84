"""In-memory streams through which clients in the same process reach a server, with the same messages as over a wire."""

from __future__ import annotations

import contextvars
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from mcp.shared._context_streams import ContextReceiveStream, ContextSendStream
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.message import SessionMessage

if TYPE_CHECKING:
    from types import TracebackType

    from .handlers import ProtocolServer

SHUTDOWN_SECONDS = 2.0
"""How long a connection's requests may take to finish once its client is gone."""

ClientStreams = tuple["ReadStream[SessionMessage | Exception]", "WriteStream[SessionMessage]"]


class MemoryTransport:
    """A transport for `mcp.Client` to a server in the same process, with real JSON-RPC messages."""

    def __init__(self, server: ProtocolServer, *, burst: int = 1) -> None:
        """`burst` is how many messages pass before yielding to the loop: the SDK's client merges the notifications of a
        listen stream that arrive without a pause."""
        self._server = server
        self._burst = burst
        self._streams: AbstractAsyncContextManager[Any] | None = None

    async def __aenter__(self) -> ClientStreams:
        self._streams = _served_in_memory(self._server, self._burst)
        streams: ClientStreams = await self._streams.__aenter__()
        return streams

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._streams is not None:
            await self._streams.__aexit__(kind, error, trace)


class _EagerSender(ContextSendStream[Any]):
    """Sends without yielding to the loop for each message, as long as there is room."""

    async def send(self, item: Any) -> None:
        sent = (contextvars.copy_context(), item)
        try:
            self._inner.send_nowait(sent)
        except anyio.WouldBlock:
            await self._inner.send(sent)


class _EagerReceiver(ContextReceiveStream[Any]):
    """Receives without yielding to the loop for each message, as long as some are waiting."""

    async def receive(self) -> Any:
        try:
            received = self._inner.receive_nowait()
        except anyio.WouldBlock:
            received = await self._inner.receive()
        self.last_context, item = received
        return item


@asynccontextmanager
async def _burst_streams(messages: int) -> AsyncIterator[Any]:
    """Like the SDK's `create_client_server_memory_streams`, but with room for that many messages."""
    to_client, client_reads = anyio.create_memory_object_stream[Any](messages)
    to_server, server_reads = anyio.create_memory_object_stream[Any](messages)
    async with to_client, client_reads, to_server, server_reads:
        yield (
            (_EagerReceiver(client_reads), _EagerSender(to_server)),
            (_EagerReceiver(server_reads), _EagerSender(to_client)),
        )


@asynccontextmanager
async def _served_in_memory(server: ProtocolServer, burst: int) -> AsyncIterator[Any]:
    streams: Any = create_client_server_memory_streams() if burst == 1 else _burst_streams(burst)
    async with streams as (client_streams, (server_reads, server_writes)):
        done = anyio.Event()

        async def serve() -> None:
            try:
                await server.run(server_reads, server_writes, server.create_initialization_options())
            finally:
                # Its client sees the connection end, whichever side ended it.
                await server_writes.aclose()
                done.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve)
            try:
                yield client_streams
            finally:
                # Closing the stream lets the server finish by itself; one that doesn't is cancelled.
                await client_streams[1].aclose()
                await server_writes.aclose()
                with anyio.move_on_after(SHUTDOWN_SECONDS):
                    await done.wait()
                if not done.is_set():
                    tasks.cancel_scope.cancel()
