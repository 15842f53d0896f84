"""A server by HTTP ends cleanly, whatever its clients are at."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import MCPError
from mcp.types import CallToolResult

from server_core import Server
from server_core.protocol import http
from server_core.protocol.http_addresses import AddressError
from server_core.request import Request
from server_core.testing import NEWEST, OLDEST, ProtocolRevision
from tests.server_core.modules_for_tests import TextsModule, ToolsModule, hello
from tests.server_core.protocol.http_for_tests import connected, raw_client, served
from tests.waiting import until, within

pytestmark = pytest.mark.anyio
REVISIONS = pytest.mark.parametrize("protocol", [NEWEST, OLDEST])

PROGRAM = """
from server_core import Module, Server

class Loud(Module):
    async def stop(self):
        print("stopped", flush=True)

server = Server("s")
server.add(Loud("m"))
server.run_http("127.0.0.1", 0)
print("ended", flush=True)
"""


async def rest_of(events: AsyncIterable[Any]) -> list[Any]:
    """What still comes. The client takes an end without the stream's result for a loss, and raises."""
    return [event async for event in events]


async def test_a_listen_stream_ends_in_good_order() -> None:
    server = Server("s")
    server.add(TextsModule("t", {"poem": ""}))
    serving = served(server)
    url = await serving.__aenter__()
    async with connected(url) as client, client.listen(resource_subscriptions=["text://poem"]) as events:
        await within(serving.__aexit__(None, None, None), "the server has ended")
        assert await within(rest_of(events), "the stream has ended") == []
    assert [each.status for each in server.inspect().modules] == ["stopped"]


async def test_the_stream_of_a_session_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SHUTDOWN_SECONDS", 3600.0)
    server = Server("s")
    server.add(ToolsModule("m", a=hello))
    async with served(server) as url:
        client = raw_client(url, OLDEST)
        raw = await client.__aenter__()
        opened = raw.http.stream("GET", url, headers=raw.headers)
        response = await opened.__aenter__()
        assert response.status_code == 200
    assert await within(response.aread(), "the stream has ended") == b""
    await opened.__aexit__(None, None, None)
    await client.__aexit__(None, None, None)


@REVISIONS
async def test_a_call_under_way_may_still_end(protocol: ProtocolRevision) -> None:
    calling, release = asyncio.Event(), asyncio.Event()

    async def slow(request: Request, arguments: dict[str, Any]) -> CallToolResult:
        calling.set()
        await release.wait()
        return await hello(request, arguments)

    server = Server("s")
    server.add(ToolsModule("m", slow=slow))
    async with served(server) as url:
        client = raw_client(url, protocol)
        raw = await client.__aenter__()
        raw.headers["mcp-name"] = "slow"
        call = asyncio.create_task(raw.post(raw.request("tools/call", name="slow", arguments={})))
        await within(calling.wait(), "the tool runs")
        asyncio.get_running_loop().call_later(0.01, release.set)
    response = await call
    assert response.json()["result"]["content"][0]["text"] == "hello"
    await client.__aexit__(None, None, None)


@REVISIONS
@pytest.mark.parametrize("streaming", [False, True])
async def test_a_call_that_does_not_end_is_answered_and_stopped(
    streaming: bool, protocol: ProtocolRevision, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "SHUTDOWN_SECONDS", 0.01)
    calling = asyncio.Event()
    stopped: list[bool] = []

    async def endless(request: Request, _arguments: dict[str, Any]) -> CallToolResult:
        try:
            await request.report_progress(1)
            calling.set()
            await asyncio.Event().wait()
        finally:
            stopped.append(True)
        raise AssertionError

    server = Server("s")
    server.add(ToolsModule("m", endless=endless))
    async with anyio.create_task_group() as tasks:
        serving = served(server)
        url = await serving.__aenter__()

        async def progressed(_progress: float, _total: float | None, _message: str | None) -> None:
            return

        async def call() -> None:
            async with connected(url, protocol) as client:
                callback = progressed if streaming else None
                with pytest.raises(MCPError, match="The server was stopped before it answered"):
                    await within(client.call_tool("endless", {}, progress_callback=callback), "an answer")

        tasks.start_soon(call)
        await within(calling.wait(), "the tool runs")
        await serving.__aexit__(None, None, None)
    assert stopped == [True]


async def test_an_address_in_use_is_said_in_one_line_and_nothing_starts() -> None:
    server = Server("s")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressError) as failed:
            await server.serve_http("127.0.0.1", port)
    assert str(failed.value) == (
        f"127.0.0.1:{port} is already in use: stop the program that uses it, or choose another port"
    )
    assert not server.inspect().running


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_program_with_a_listener_connected(
    number: signal.Signals, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with subprocess.Popen(  # noqa: ASYNC220 - its pipes are read in threads
        [sys.executable, "-c", f"exec(open({str(program)!r}).read())"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            first = await within(asyncio.to_thread(process.stderr.readline), "it serves")
            url = first.removeprefix("Serving at ").partition(" ")[0]
            assert first == f"Serving at {url} (Ctrl-C to stop)\n"
            async with connected(url) as client, client.listen(tools_list_changed=True) as events:
                process.send_signal(number)
                assert await within(rest_of(events), "the stream has ended") == []
                await until(lambda: process.poll() is not None, "the program has ended")
            out, err = process.communicate()
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "stopped\nended\n", "")
