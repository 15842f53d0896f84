"""A server on a free port of this machine, clients of it, and functions that misbehave."""

from __future__ import annotations

import asyncio
import sys
import threading
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp import Client, MCPError
from mcp.types import CallToolResult, TextContent

from server_core import Context, FunctionsModule, Server, prompt, resource, tool
from server_core.testing import NEWEST, OLDEST, ProtocolRevision
from tests.waiting import within

INITIALIZE = {
    "protocolVersion": OLDEST,
    "capabilities": {},
    "clientInfo": {"name": "raw", "version": "1"},
}
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": NEWEST,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
}


@asynccontextmanager
async def served(server: Server, **options: Any) -> AsyncIterator[str]:
    """The URL of `server` while it serves on a free port; afterwards it has stopped."""
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(server.serve_http("127.0.0.1", 0, ready=url.set_result, **options))
    try:
        await within(asyncio.wait({url, serving}, return_when=asyncio.FIRST_COMPLETED), "it serves")
        if serving.done():
            await serving
        yield await url
    finally:
        serving.cancel()
        await within(asyncio.wait({serving}), "it has stopped")


def connected(url: str, protocol: ProtocolRevision = NEWEST, **options: Any) -> Client:
    """The SDK's client at `url`."""
    options.setdefault("cache", None)
    return Client(url, mode="legacy" if protocol == OLDEST else "auto", **options)


def text_of(result: Any) -> str:
    """The text of a tool's result."""
    assert isinstance(result, CallToolResult)
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


class RawClient:
    """Sends HTTP requests as they are told, in one revision."""

    def __init__(self, http: httpx2.AsyncClient, url: str, protocol: ProtocolRevision) -> None:
        self.http = http
        self.url = url
        self.protocol = protocol
        self.headers = {
            "accept": "application/json, text/event-stream",
            "content-type": "application/json",
            "mcp-protocol-version": protocol,
        }

    async def post(self, content: Any, **headers: str) -> httpx2.Response:
        """The response to a POST of `content`: bytes or text as they are, anything else as JSON."""
        options: dict[str, Any] = {"content" if isinstance(content, str | bytes) else "json": content}
        return await within(
            self.http.post(self.url, headers={**self.headers, **headers}, **options), "an HTTP response"
        )

    def request(self, method: str, given: str = "1", **params: Any) -> str:
        """The JSON of a request whose id is the JSON `given`; the headers that it needs go along."""
        import json

        self.headers["mcp-method"] = method
        if self.protocol == NEWEST:
            params["_meta"] = ENVELOPE
        return f'{{"jsonrpc":"2.0","id":{given},"method":"{method}","params":{json.dumps(params)}}}'


@asynccontextmanager
async def raw_client(url: str, protocol: ProtocolRevision) -> AsyncIterator[RawClient]:
    """A `RawClient`, with a session where the revision has them."""
    async with httpx2.AsyncClient() as http:
        client = RawClient(http, url, protocol)
        if protocol == OLDEST:
            response = await client.post(
                {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": INITIALIZE}
            )
            client.headers["mcp-session-id"] = response.headers["mcp-session-id"]
            await client.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        yield client


UNEXPECTED = "failed unexpectedly (reference"
MISBEHAVIOUR = [
    ("leaves", UNEXPECTED),
    ("leaves_from_the_loop", UNEXPECTED),
    ("interrupts", UNEXPECTED),
    ("cancels_itself", UNEXPECTED),
    ("cancels_itself_on_a_thread", UNEXPECTED),
    ("raises_a_group", UNEXPECTED),
    ("stops_iterating", UNEXPECTED),
    ("closes_itself", UNEXPECTED),
    ("unspeakable", UNEXPECTED),
    ("never_returns", "took longer than 0.2 s and was stopped"),
    ("never_returns_on_a_thread", "took longer than 0.2 s and was stopped"),
    ("not_a_number", "NaN"),
    ("not_json", "JSON can't represent"),
    ("holds_itself", "contains itself"),
    ("huge_number", "digits"),
    ("huge", "20.0 MB or more, over the limit of 4.0 MB"),
]
"""Tools that do what tools should not, each with what the client is told."""


def misbehaving() -> Server:
    """A server of functions that do what functions should not."""
    functions = [
        leaves, leaves_from_the_loop, cancels_itself, never_returns, lone_surrogate, not_a_number, huge,
        huge_with_progress, odd_progress, odd_log, odd_error, echo, odd_prompt, huge_prompt, leaving_prompt,
        closing_prompt, closing_resource, closing_cached_resource,
        leaving_resource, odd_resource, huge_resource, never_returns_on_a_thread, cancels_itself_on_a_thread,
        not_json, holds_itself, unspeakable, interrupts, raises_a_group, stops_iterating,
        closes_itself, huge_number,
    ]  # fmt: skip
    server = Server("misbehaving")
    server.add(FunctionsModule("bad", functions=functions))
    return server


@tool
def leaves() -> str:
    sys.exit(3)


@tool
async def leaves_from_the_loop() -> str:
    sys.exit(3)


@tool
async def cancels_itself() -> str:
    raise asyncio.CancelledError


@tool
def cancels_itself_on_a_thread() -> str:
    raise asyncio.CancelledError


@tool(seconds=0.2)
def never_returns_on_a_thread() -> str:
    threading.Event().wait()
    return ""


@tool
async def interrupts() -> str:
    raise KeyboardInterrupt


@tool
async def raises_a_group() -> str:
    raise BaseExceptionGroup("several", [SystemExit(3), ValueError("one")])


@tool
def stops_iterating() -> str:
    return str(next(iter(())))


@tool
async def closes_itself() -> str:
    raise GeneratorExit


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@tool
async def unspeakable() -> str:
    raise UnspeakableError


@tool
def not_json() -> dict[str, Any]:
    return {"value": [object()]}


@tool
def holds_itself() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


@tool
def huge_number() -> int:
    return 10**5000


@tool(seconds=0.2)
async def never_returns() -> str:
    await asyncio.Event().wait()
    return ""


@tool
def lone_surrogate() -> str:
    return "a\ud800b"


@tool
def not_a_number() -> dict[str, float]:
    return {"value": float("nan")}


@tool(structured=False)
def huge(size: int) -> str:
    return "x" * size


@tool(structured=False)
async def huge_with_progress(size: int, ctx: Context) -> str:
    await ctx.report_progress(1, 2, "half")
    return "x" * size


@tool
async def odd_progress(ctx: Context) -> str:
    await ctx.report_progress(1, 2, "a\ud800b")
    return "done"


@tool
async def odd_log(ctx: Context) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # logging is deprecated in 2026-07-28 and answered none the less
        await ctx.info({"text": "a\ud800b", "number": float("inf"), "object": object()})
    return "done"


@tool
def odd_error() -> str:
    raise MCPError(-32050, "a\ud800b", {"object": "c\ud800d"})


@tool
def echo(text: str) -> str:
    return text


@prompt
def odd_prompt() -> str:
    return "a\ud800b"


@prompt
def huge_prompt() -> str:
    return "x" * 20_000_000


@prompt
def leaving_prompt() -> str:
    sys.exit(3)


@prompt
async def closing_prompt() -> str:
    raise GeneratorExit


@resource("bad://closing")
async def closing_resource() -> str:
    raise GeneratorExit


@resource("bad://cached", cached=True)
async def closing_cached_resource() -> str:
    raise GeneratorExit


@resource("bad://leaving")
def leaving_resource() -> str:
    sys.exit(3)


@resource("bad://odd")
def odd_resource() -> str:
    return "a\ud800b"


@resource("bad://huge")
def huge_resource() -> str:
    return "x" * 20_000_000
