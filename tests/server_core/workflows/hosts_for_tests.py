"""A small HTTP host on this machine, and a `ModuleContext` for the code that calls it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from server_core.host import ModuleHost
from server_core.module import Module
from server_core.server import Server
from server_core.settings import LimitSettings

Answer = Callable[["Asked"], Awaitable[bytes] | bytes]


@dataclass
class Asked:
    """A request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Host:
    """Answers every request with what `answer` returns, whole with status line; remembers what it was asked."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)

    def url(self, path: str = "/", name: str = "127.0.0.1") -> str:
        return f"http://{name}:{self.port}{path}"


def reply(
    body: bytes = b"", status: str = "200 OK", content_type: str = "text/plain", **headers: str
) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-type: {content_type}", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def host(answer: Answer) -> AsyncIterator[Host]:
    """Run a host until the end of the block; its connections are cut then."""
    running = Host()
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            asked = Asked(head[0], headers, body)
            running.asked.append(asked)
            answered = answer(asked)
            writer.write(answered if isinstance(answered, bytes) else await answered)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


def context(**limits: int) -> ModuleHost:
    """The context of a module that offers nothing."""
    return ModuleHost(Server("s", limits=LimitSettings(**limits)).core, Module("flows"))
