"""Every call gets an answer, and the answer says what the client may know."""

from __future__ import annotations

import asyncio
import math
import sys
from typing import Any

import pytest
from mcp import MCPError
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent

from server_core.errors import TOO_LARGE
from server_core.events import RequestFinished
from server_core.request import Request
from server_core.results import text_result
from server_core.server import Server
from server_core.settings import BreakerSettings, LimitSettings
from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect, expect
from tests.server_core.modules_for_tests import TextsModule, ToolsModule, hello

pytestmark = pytest.mark.anyio
REVISIONS = pytest.mark.parametrize("protocol", [NEWEST, OLDEST])


async def exits(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    sys.exit(3)


async def cancels_itself(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    raise asyncio.CancelledError


async def breaks(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    raise RuntimeError("secret path")


async def explains(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    raise ToolError("Give a smaller number")


async def interrupts(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    raise KeyboardInterrupt


async def surrogate(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text="a\udce4b")], structured_content={"k": ["a\udce4b"]}
    )


async def not_a_number(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    return CallToolResult(content=[], structured_content={"n": math.nan})


async def huge(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    return text_result("x" * 20_000_000)


async def not_json(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    return CallToolResult(content=[], structured_content={"o": object()})


def text_of(result: CallToolResult) -> str:
    block = result.content[0]
    assert isinstance(block, TextContent)
    return block.text


@REVISIONS
@pytest.mark.parametrize("handler", [exits, cancels_itself, breaks, interrupts])
async def test_an_unexpected_end_of_a_tool_is_answered_with_a_reference_and_no_text_of_the_error(
    protocol: ProtocolRevision, handler: Any
) -> None:
    server = Server("s")
    server.add(ToolsModule("m", bad=handler, good=hello))
    async with server.running(), connect(server, protocol) as client:
        result = await client.call_tool("bad", {})
        assert result.is_error
        assert "reference" in text_of(result)
        assert "secret" not in text_of(result)
        assert text_of(await client.call_tool("good", {})) == "hello"


@REVISIONS
@pytest.mark.parametrize(
    ("handler", "says"),
    [(explains, "smaller number"), (not_a_number, "nan"), (huge, "20.0 MB"), (not_json, "not JSON")],
)
async def test_a_result_that_cannot_be_sent_is_explained(
    protocol: ProtocolRevision, handler: Any, says: str
) -> None:
    server = Server("s")
    server.add(ToolsModule("m", bad=handler))
    async with server.running(), connect(server, protocol) as client:
        result = await client.call_tool("bad", {})
        assert result.is_error
        assert says in text_of(result)


async def test_lone_surrogates_in_a_result_become_replacement_characters() -> None:
    server = Server("s")
    server.add(ToolsModule("m", odd=surrogate))
    async with server.running(), connect(server) as client:
        result = await client.call_tool("odd", {})
        assert text_of(result) == "a\ufffdb"
        assert result.structured_content == {"k": ["a\ufffdb"]}


async def test_development_mode_tells_the_traceback() -> None:
    server = Server("s", development=True)
    server.add(ToolsModule("m", bad=breaks))
    async with server.running(), connect(server) as client:
        assert "RuntimeError: secret path" in text_of(await client.call_tool("bad", {}))


async def test_a_call_over_its_time_limit_is_stopped_and_the_limit_is_named() -> None:
    never = asyncio.Event()

    async def waits(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
        await never.wait()
        return text_result("never")

    server = Server("s", limits=LimitSettings(call_seconds=0.05))
    server.add(ToolsModule("m", waits=waits))
    async with server.running(), connect(server) as client:
        async with expect(server.bus, RequestFinished, lambda fact: fact.target == "waits") as finished:
            result = await client.call_tool("waits", {})
        assert "call_seconds" in text_of(result)
        assert finished.result().outcome == "timeout"


@REVISIONS
async def test_unknown_names_are_protocol_errors_that_suggest_the_nearest(protocol: ProtocolRevision) -> None:
    server = Server("s")
    server.add(ToolsModule("m", greeting=hello))
    server.add(TextsModule("t", {"poem": "…"}))
    async with server.running(), connect(server, protocol) as client:
        with pytest.raises(MCPError, match=r"did you mean greeting\?") as tool:
            await client.call_tool("greetings", {})
        assert tool.value.code == -32602
        with pytest.raises(MCPError, match=r"did you mean text://poem\?") as resource:
            await client.read_resource("text://poems")
        assert resource.value.code == (-32602 if protocol == NEWEST else -32002)
        assert resource.value.data["uri"] == "text://poems"
        with pytest.raises(MCPError) as prompt:
            await client.get_prompt("nothing")
        assert prompt.value.code == -32602


async def test_a_read_is_cached_until_its_resource_is_published_as_updated() -> None:
    server = Server("s")
    texts = server.add(TextsModule("t", {"poem": "one"}))
    async with server.running(), connect(server) as client:
        for _ in range(3):
            assert (await client.read_resource("text://poem")).contents[0].text == "one"  # type: ignore[union-attr]
        assert texts.reads == 1
        texts.texts["poem"] = "two"
        assert texts.context is not None
        await texts.context.publish(updated=["text://poem"])
        assert (await client.read_resource("text://poem")).contents[0].text == "two"  # type: ignore[union-attr]
        assert server.inspect().cache.hits == 2


async def test_a_cached_read_tells_the_client_how_long_it_stays_fresh() -> None:
    server = Server("s")
    server.add(TextsModule("t", {"poem": "one"}))
    async with server.running(), connect(server) as client:
        result = await client.read_resource("text://poem")
        assert 299_000 <= result.ttl_ms <= 300_000


async def test_a_cached_answer_survives_an_open_breaker() -> None:
    server = Server("s", breaker=BreakerSettings(failure_threshold=1))
    texts = server.add(TextsModule("t", {"poem": "one"}))
    async with server.running(), connect(server) as client:
        assert texts.context is not None
        await client.read_resource("text://poem")
        texts.context.breaker("t").trip()
        assert (await client.read_resource("text://poem")).contents[0].text == "one"  # type: ignore[union-attr]


async def test_a_resource_over_the_limit_is_refused_with_its_own_code() -> None:
    server = Server("s", limits=LimitSettings(result_bytes=10))
    server.add(TextsModule("t", {"poem": "more than ten bytes"}))
    async with server.running(), connect(server) as client:
        with pytest.raises(MCPError, match="result_bytes") as caught:
            await client.read_resource("text://poem")
        assert caught.value.code == TOO_LARGE


@REVISIONS
async def test_a_streamed_read_comes_in_chunks_that_add_up(protocol: ProtocolRevision) -> None:
    server = Server("s")
    text = "0123456789" * 20_000
    server.add(TextsModule("t", {"long": text}))
    async with server.running(), connect(server, protocol) as client:
        chunks = (await client.read_resource("text://long?stream=true")).contents
        assert len(chunks) > 1
        assert "".join(chunk.text for chunk in chunks) == text  # type: ignore[union-attr]


async def test_the_trace_of_a_request_names_its_stages() -> None:
    server = Server("s")
    server.add(TextsModule("t", {"poem": "one"}))
    stages: list[tuple[str, ...]] = []

    def listen(event: Any) -> None:
        if isinstance(event.fact, RequestFinished):
            stages.append(tuple(name for name, _seconds in event.fact.stages))

    server.bus.subscribe(listen)
    async with server.running(), connect(server) as client:
        await client.read_resource("text://poem")
        await client.read_resource("text://poem")
    assert stages == [("handler",), ("cache hit",)]
