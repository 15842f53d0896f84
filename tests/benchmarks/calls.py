"""The CPU of a call of `add` through the whole core, against the SDK's own `MCPServer`."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.server.mcpserver import MCPServer

from server_core.modules.functions import FunctionsModule
from server_core.protocol.transport import MemoryTransport
from server_core.server import Server

from .pairs import PAIRS, Row, paired

CALLS = 300

ADD = '''
from server_core import tool

@tool(breaker="adding")
async def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b
'''


def bare_server() -> MCPServer:
    """The SDK's server with the same tool."""
    server = MCPServer("bare", log_level="CRITICAL")

    @server.tool()
    async def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    return server


@asynccontextmanager
async def our_server() -> AsyncIterator[Server]:
    """A server with the tool behind a breaker, with a listener of all its facts."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tools.py").write_text(ADD)
        server = Server("ours", base=folder)
        server.add(FunctionsModule("tools", path="tools.py", reload=False))
        seen: deque[object] = deque(maxlen=1000)
        server.bus.subscribe(seen.append)
        async with server.running():
            yield server


async def cpu_of(client: Client) -> float:
    """CPU microseconds of one call."""
    started = time.process_time()
    for _ in range(CALLS):
        await client.call_tool("add", {"a": 1, "b": 2})
    return (time.process_time() - started) / CALLS * 1e6


def compare(name: str, bound: float, against: str, connect: Callable[[Any, bool], Client]) -> Row:
    """Connect to both servers and measure pairs of call series on the same loop."""
    logging.disable(logging.CRITICAL)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()

        async def open_all() -> tuple[Client, Client]:
            server = await stack.enter_async_context(our_server())
            ours = await stack.enter_async_context(connect(server.protocol, True))
            other = await stack.enter_async_context(connect(bare_server(), False))
            return ours, other

        # One task opens, measures and closes: the SDK's clients insist on it.
        async def whole() -> Row:
            ours, other = await open_all()
            try:
                first: list[float] = []
                second: list[float] = []
                for number in range(PAIRS + 1):
                    pair = [(first, ours), (second, other)]
                    for measured, client in pair if number % 2 else reversed(pair):
                        measured.append(await cpu_of(client))
                mine, its = iter(first), iter(second)
                return paired(
                    name, lambda: next(mine), lambda: next(its), bound=bound, unit="µs", against=against
                )
            finally:
                await stack.aclose()

        return runner.run(whole())


def direct() -> Row:
    """By the direct client: no frames, no streams."""
    return compare(
        "call of add, direct client",
        1.05,
        "MCPServer, direct client",
        lambda server, _ours: Client(server, cache=None),
    )


def framed() -> Row:
    """Over streams in memory, ours with every frame tapped and recorded."""
    from workbench.engine.tap import FrameRing, TappedTransport

    frames = FrameRing()

    def connect(server: Any, ours: bool) -> Client:
        if not ours:
            server = server._lowlevel_server
        transport: Any = MemoryTransport(server)
        if ours:
            transport = TappedTransport(transport, frames.sink("2026-07-28"))
        return Client(transport, cache=None)

    return compare("call of add, frames tapped and recorded", 1.15, "MCPServer, same transport", connect)
