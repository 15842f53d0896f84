"""Streams in memory by which clients of the same process reach a server, with the same messages as over a wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.message import SessionMessage

if TYPE_CHECKING:
    from types import TracebackType

    from .handlers import ProtocolServer

SHUTDOWN_SECONDS = 2.0
"""How long a connection's requests may take to end once its client is gone."""

ClientStreams = tuple["ReadStream[SessionMessage | Exception]", "WriteStream[SessionMessage]"]


class MemoryTransport:
    """A transport for `mcp.Client` that reaches a server of the same process, with true JSON-RPC messages."""

    def __init__(self, server: ProtocolServer) -> None:
        self._server = server
        self._streams: AbstractAsyncContextManager[Any] | None = None

    async def __aenter__(self) -> ClientStreams:
        self._streams = _served_in_memory(self._server)
        streams: ClientStreams = await self._streams.__aenter__()
        return streams

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._streams is not None:
            await self._streams.__aexit__(kind, error, trace)


@asynccontextmanager
async def _served_in_memory(server: ProtocolServer) -> AsyncIterator[Any]:
    async with create_client_server_memory_streams() as (client_streams, server_streams):
        done = anyio.Event()

        async def serve() -> None:
            try:
                await server.run(*server_streams, server.create_initialization_options())
            finally:
                # Its client sees the connection end, whichever side ended it.
                await server_streams[1].aclose()
                done.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve)
            try:
                yield client_streams
            finally:
                # The end of the stream lets the server finish by itself; a server that doesn't is cancelled.
                await client_streams[1].aclose()
                await server_streams[1].aclose()
                with anyio.move_on_after(SHUTDOWN_SECONDS):
                    await done.wait()
                if not done.is_set():
                    tasks.cancel_scope.cancel()
