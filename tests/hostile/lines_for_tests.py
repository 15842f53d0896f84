"""A client that writes bytes to a server as they are and reads its lines, over pipes in this process."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from server_core import Server
from server_core.protocol.stdio import serve_lines
from server_core.testing import NEWEST, OLDEST, ProtocolRevision
from tests.server_core.protocol.http_for_tests import ENVELOPE, INITIALIZE
from tests.waiting import within


class LineClient:
    """Writes lines, reads lines. Blocking writes go to a thread: a server may refuse to read."""

    def __init__(self, write: int, read: int, protocol: ProtocolRevision) -> None:
        self._out = os.fdopen(write, "wb", buffering=0)
        self._in = os.fdopen(read, "rb")
        self._protocol = protocol

    async def send(self, line: bytes) -> None:
        """Send `line` and its end."""
        await within(asyncio.to_thread(self._out.write, line + b"\n"), "the line is sent")

    async def line(self) -> Any:
        """The next line, as JSON; `None` at the end."""
        line = await within(asyncio.to_thread(self._in.readline), "a line from the server")
        return json.loads(line) if line else None

    async def ask(self, line: bytes) -> Any:
        """The next line after `line` was sent."""
        await self.send(line)
        return await self.line()

    def request(self, method: str, given: object = 1, **params: Any) -> bytes:
        """A request of the client's revision."""
        if self._protocol == NEWEST:
            params["_meta"] = ENVELOPE
        return json.dumps({"jsonrpc": "2.0", "id": given, "method": method, "params": params}).encode()

    async def shake_hands(self) -> None:
        """Let the server know the revision."""
        if self._protocol == OLDEST:
            hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": INITIALIZE}
            await self.ask(json.dumps(hello).encode())
            await self.send(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
        else:
            await self.ask(self.request("tools/list"))

    def hang_up(self) -> None:
        """Send nothing more."""
        self._out.close()

    def leave(self) -> None:
        """Neither send nor read any more."""
        self._out.close()
        self._in.close()


@asynccontextmanager
async def line_client(server: Server, protocol: ProtocolRevision) -> AsyncIterator[LineClient]:
    """A client of the running `server`, as over stdin and stdout; afterwards the connection has ended."""
    server_reads, client_writes = os.pipe()
    client_reads, server_writes = os.pipe()
    sink = os.fdopen(server_writes, "wb", buffering=0)
    with os.fdopen(server_reads, "rb") as source:

        async def serve() -> None:
            with sink:
                await serve_lines(server.protocol, source, sink)

        serving = asyncio.create_task(serve())
        client = LineClient(client_writes, client_reads, protocol)
        try:
            await client.shake_hands()
            yield client
        finally:
            client.hang_up()
            await within(asyncio.wait({serving}), "the connection has ended")
            client.leave()
    serving.result()
