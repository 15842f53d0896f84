"""Streams: chunks with progress, bounded, closed when cancelled half way, and files that grow."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from server_core.events import ClientsNotified, RequestFinished, StreamChunked
from server_core.modules.functions import FunctionsModule
from server_core.modules.streams import StreamsModule
from server_core.server import Server
from server_core.settings import LimitSettings
from server_core.streaming import CHUNK_META
from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect, expect

pytestmark = pytest.mark.anyio

TOOLS = '''
import asyncio
from server_core import stream, tool

closed = []

@stream("numbers")
async def numbers():
    """Some numbers."""
    for number in range(5):
        yield f"{number} "

@stream("endless")
async def endless():
    try:
        yield "first"
        await asyncio.Event().wait()
    finally:
        closed.append("endless")

@tool
async def who_closed() -> list[str]:
    """Who was closed."""
    return closed
'''


def served(folder: Path, sources: dict[str, Any], **options: Any) -> Server:
    (folder / "tools.py").write_text(TOOLS)
    server = Server("s", base=folder, **options)
    server.add(FunctionsModule("tools", path="tools.py", reload=False))
    server.add(StreamsModule("feed", sources=sources))
    return server


def texts(result: Any) -> list[str]:
    return [content.text for content in result.contents]


@pytest.mark.parametrize("protocol", [NEWEST, OLDEST])
async def test_a_file_is_read_in_chunks_that_add_up(tmp_path: Path, protocol: ProtocolRevision) -> None:
    text = "0123456789é" * 20_000
    (tmp_path / "big.log").write_text(text, "utf-8")
    server = served(tmp_path, {"log": {"path": "big.log"}})
    async with server.running(), connect(server, protocol) as client:
        chunks = texts(await client.read_resource("stream://log"))
        assert len(chunks) > 2
        assert "".join(chunks) == text


async def test_a_read_ends_at_the_limit_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "big.log").write_text("x" * 300_000)
    server = served(tmp_path, {"log": {"path": "big.log"}}, limits=LimitSettings(result_bytes=100_000))
    async with server.running(), connect(server) as client:
        result = await client.read_resource("stream://log")
        assert sum(map(len, texts(result))) == 100_000
        assert result.contents[-1].meta is not None
        assert result.contents[-1].meta[CHUNK_META]["truncated"] is True


async def test_a_marked_generator_is_a_stream_also_under_another_name(tmp_path: Path) -> None:
    server = served(tmp_path, {"figures": {"function": "numbers"}})
    async with server.running(), connect(server) as client:
        assert texts(await client.read_resource("stream://numbers")) == ["0 ", "1 ", "2 ", "3 ", "4 "]
        assert texts(await client.read_resource("stream://figures")) == ["0 ", "1 ", "2 ", "3 ", "4 "]


async def test_a_stream_cancelled_half_way_closes_its_generator(tmp_path: Path) -> None:
    server = served(tmp_path, {})
    async with server.running(), connect(server) as client:
        async with expect(server.bus, StreamChunked):
            reading = asyncio.create_task(client.read_resource("stream://endless"))
        async with expect(server.bus, RequestFinished, lambda fact: fact.outcome == "cancelled"):
            reading.cancel()
        result = await client.call_tool("who_closed", {})
        assert result.structured_content == {"result": ["endless"]}


async def test_a_source_needs_a_path_or_a_function(tmp_path: Path) -> None:
    server = served(tmp_path, {"odd": {}})
    async with server.running():
        assert "odd: give it either a path or a function" in server.inspect().modules[1].reason


async def test_subscribed_clients_are_told_when_a_followed_file_grows(tmp_path: Path) -> None:
    path = tmp_path / "ticker.log"
    server = served(tmp_path, {"ticker": {"path": "ticker.log", "follow": True}})
    async with (
        server.running(),
        connect(server) as client,
        client.listen(resource_subscriptions=["stream://ticker"]) as events,
    ):
        for text in ("made", "grown", "cut"):
            async with expect(server.bus, ClientsNotified, lambda fact: fact.uri == "stream://ticker"):
                path.write_text(text)
            assert getattr(await anext(aiter(events)), "uri", "") == "stream://ticker"


async def test_a_stream_read_with_stream_true_is_told_once(tmp_path: Path) -> None:
    server = served(tmp_path, {})
    heard: list[object] = []
    server.bus.subscribe(
        lambda event: heard.append(event.fact) if isinstance(event.fact, StreamChunked) else None
    )
    async with server.running(), connect(server) as client:
        result = await client.read_resource("stream://numbers?stream=true")
    assert texts(result) == ["0 ", "1 ", "2 ", "3 ", "4 "]
    assert len(heard) == 5
