"""Clients that wait, flood, stop reading or never come back cost a bounded amount, and the others are served."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import logging
import socket
import subprocess
import sys
import threading
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest
import uvicorn
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCNotification
from uvicorn.server import ServerState

from server_core import FunctionsModule, Server, tool
from server_core.bus import EventBus
from server_core.clock import SystemClock
from server_core.events import ClientDisconnected
from server_core.protocol import http, http_connections, http_requests, stdio
from server_core.protocol.http_connections import connection_class
from server_core.protocol.sessions import BoundedSessions
from server_core.protocol.stdio import IncomingLines, OutgoingLines, serve_lines
from server_core.rate_limited import RateLimitedLines
from server_core.reporting import ErrorReporter
from server_core.settings import LimitSettings
from server_core.testing import NEWEST, OLDEST
from server_core.workers import WorkerThreads
from tests.hostile.lines_for_tests import line_client
from tests.server_core.protocol.http_for_tests import raw_client, served
from tests.waiting import skip_time, until, within

pytestmark = pytest.mark.anyio

REPOSITORY = Path(__file__).parents[2]


def address_of(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("http://").partition("/")[0].partition(":")
    return host, int(port)


async def said_before_the_end(url: str, sent: bytes) -> bytes:
    """All that the server says to `sent` before it closes the connection by itself."""
    reader, writer = await asyncio.open_connection(*address_of(url))
    writer.write(sent)
    try:
        return await within(reader.read(), "the server closes the connection")
    finally:
        writer.close()


# -- by HTTP: connections

HEAD = b"POST /mcp HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\ncontent-type: application/json\r\n"


@pytest.mark.parametrize("sent", [b"", b"POST /mcp HT", HEAD], ids=["nothing", "half a line", "half a head"])
async def test_a_head_that_does_not_come_ends_the_connection(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connections, "HEADER_SECONDS", 0.01)
    async with served(Server("s")) as url:
        assert (await said_before_the_end(url, sent)).startswith(b"HTTP/1.1 408 ")


async def test_a_head_in_time_ends_the_countdown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "HEADER_SECONDS", 3600.0)
    async with served(Server("s")) as url, raw_client(url, NEWEST) as client:
        await client.post(client.request("tools/list"))
        skip_time(7200.0)
        response = await client.post(client.request("tools/list"))
    assert response.status_code == 200


async def test_a_body_that_does_not_come_is_answered_and_ends_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_requests, "BODY_SECONDS", 0.01)
    async with served(Server("s")) as url:
        said = await said_before_the_end(url, HEAD + b"content-length: 100\r\n\r\n{")
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"did not arrive within" in said


@pytest.mark.parametrize("length", [10**12, 10**30])
async def test_a_body_that_says_it_is_too_large_is_not_waited_for(length: int) -> None:
    async with served(Server("s")) as url:
        said = await said_before_the_end(url, HEAD + b"content-length: %d\r\n\r\n" % length)
    assert said.startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 400 "))


async def test_connections_over_the_limit_are_turned_away_until_one_ends() -> None:
    server = Server("s", limits=LimitSettings(connections=3))
    async with served(server) as url:
        with ExitStack() as held:
            for _ in range(3):
                held.enter_context(socket.create_connection(address_of(url)))
            assert (await said_before_the_end(url, b"")).startswith(b"HTTP/1.1 503 ")
        async with raw_client(url, NEWEST) as client:

            async def is_served() -> bool:
                return (await client.post(client.request("tools/list"))).status_code == 200

            while not await is_served():
                await asyncio.sleep(0)


def test_a_process_with_few_files_has_fewer_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "open_files_limit", lambda: 100)
    assert http_connections.most_connections(1000) == 75
    assert http_connections.most_connections(10) == 10


async def test_a_client_that_reads_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "UNREAD_SECONDS", 0.01)
    kind = cast("Any", connection_class(10))
    connection = kind(uvicorn.Config(Mock(), log_config=None), ServerState(), {})
    transport = Mock(spec=asyncio.Transport)
    connection.connection_made(transport)
    connection.pause_writing()
    connection.resume_writing()
    connection.pause_writing()
    await until(lambda: transport.abort.called, "the connection is broken")
    connection.connection_lost(None)


# -- by HTTP: sessions


async def test_a_session_that_its_client_abandoned_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[BoundedSessions] = []

    def remembered(*args: Any) -> BoundedSessions:
        made.append(BoundedSessions(*args))
        return made[0]

    def is_idle() -> bool:
        return not any(session._requests_in_flight for session in made[0]._server_instances.values())

    monkeypatch.setattr(http, "BoundedSessions", remembered)
    server = Server("s", limits=LimitSettings(session_idle_seconds=3600))
    ended: list[ClientDisconnected] = []
    server.core.bus.subscribe(
        lambda event: ended.append(event.fact) if isinstance(event.fact, ClientDisconnected) else None
    )
    async with served(server) as url, raw_client(url, OLDEST) as client:
        for seconds in (3000.0, 3000.0, 4000.0):
            assert (await client.post(client.request("tools/list"))).status_code == 200
            await until(is_idle, "the answer has been sent")
            skip_time(seconds)
        await until(lambda: ended, "the session has ended")
        response = await client.post(client.request("tools/list"))
    assert (response.status_code, response.json()["error"]["message"]) == (404, "Session not found")
    assert ended[0].reason == "idle for 3600 s"


async def test_at_the_limit_the_longest_idle_session_makes_room(caplog: pytest.LogCaptureFixture) -> None:
    server = Server("s", limits=LimitSettings(sessions=3))
    ended: list[str] = []
    server.core.bus.subscribe(
        lambda event: ended.append(event.fact.reason) if isinstance(event.fact, ClientDisconnected) else None
    )
    async with served(server) as url, AsyncExitStack() as stack:
        first = await stack.enter_async_context(raw_client(url, OLDEST))
        # A stream that stands keeps its session from being idle.
        await stack.enter_async_context(first.http.stream("GET", url, headers=first.headers))
        others = [await stack.enter_async_context(raw_client(url, OLDEST)) for _ in range(5)]
        answers = [
            (await client.post(client.request("tools/list"))).status_code for client in (first, *others)
        ]
    assert answers == [200, *[404] * 3, 200, 200]
    assert set(ended[:3]) == {"over the limit of 3 sessions"}
    assert sum("the longest idle one was ended" in line for line in caplog.messages) == 1


async def test_where_no_session_is_idle_there_is_no_room() -> None:
    server = Server("s", limits=LimitSettings(sessions=1))
    async with served(server) as url, raw_client(url, OLDEST) as first, AsyncExitStack() as stack:
        await stack.enter_async_context(first.http.stream("GET", url, headers=first.headers))
        del first.headers["mcp-session-id"]
        response = await first.post(first.request("initialize"))
    assert (response.status_code, response.json()["error"]["message"]) == (503, "Too many open sessions")


# -- by stdio


class BlockedSink(io.BytesIO):
    """A reader that reads nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.blocked = threading.Event()
        self.release = threading.Event()

    def write(self, data: Any) -> int:
        self.blocked.set()
        self.release.wait()
        return super().write(data)


async def test_a_client_that_does_not_read_is_not_read_from() -> None:
    sink, source = BlockedSink(), io.BytesIO(b'{"jsonrpc":"2.0","method":"next"}\n')
    threads = WorkerThreads()
    outgoing = OutgoingLines(sink, threads)
    incoming = IncomingLines(source, threads, outgoing)
    large = JSONRPCNotification(jsonrpc="2.0", method="m", params={"text": "x" * (stdio.WAITING_BYTES + 1)})
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(outgoing.run())
        sending = tasks.create_task(outgoing.send(SessionMessage(large)))
        await until(sink.blocked.is_set, "the answer is being written")
        reading = tasks.create_task(incoming.receive())
        with pytest.raises(TimeoutError):
            await until(lambda: source.tell() or sending.done(), "it goes on", seconds=0.1)
        sink.release.set()
        message = (await within(reading, "the next message")).message
        await within(sending, "the answer is sent")
        await outgoing.aclose()
    assert isinstance(message, JSONRPCNotification)
    assert len(sink.getvalue()) > stdio.WAITING_BYTES


def counting() -> tuple[Server, list[str], asyncio.Event]:
    """A server whose tool waits; which calls have begun; what lets them end."""
    begun: list[str] = []
    release = asyncio.Event()

    @tool
    async def wait(name: str) -> str:
        begun.append(name)
        await release.wait()
        return name

    server = Server("s")
    server.add(FunctionsModule("tools", functions=[wait]))
    return server, begun, release


async def test_only_so_many_requests_of_a_client_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdio, "IN_FLIGHT", 3)
    server, begun, release = counting()
    async with server.running(), line_client(server, NEWEST) as client:
        cancelled = b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":0}}'
        await client.send(client.request("tools/call", 0, name="wait", arguments={"name": "0"}))
        await client.send(cancelled)
        for number in range(1, 6):
            call = client.request("tools/call", number, name="wait", arguments={"name": str(number)})
            await client.send(call)
        await until(lambda: len(begun) == 4, "three run besides the cancelled one")
        with pytest.raises(TimeoutError):
            await until(lambda: len(begun) > 4, "another one runs", seconds=0.1)
        release.set()
        answers = [(await client.line())["id"] for _ in range(5)]
    assert sorted(answers) == [1, 2, 3, 4, 5]


async def test_a_client_that_is_gone_ends_the_connection_quietly() -> None:
    server, begun, release = counting()
    async with server.running(), line_client(server, NEWEST) as client:
        await client.send(client.request("tools/call", name="wait", arguments={"name": "a"}))
        await until(lambda: begun, "the tool runs")
        client.leave()
        release.set()


async def test_what_runs_when_the_client_hangs_up_is_answered_before_the_end() -> None:
    server, begun, release = counting()
    async with server.running(), line_client(server, NEWEST) as client:
        await client.send(client.request("tools/call", name="wait", arguments={"name": "a"}))
        await until(lambda: begun, "the tool runs")
        client.hang_up()
        release.set()
        assert (await client.line())["result"]["content"][0]["text"] == "a"
        assert await client.line() is None


async def test_what_json_cannot_carry_is_answered_with_an_error() -> None:
    from mcp.types import JSONRPCResponse

    sink = io.BytesIO()
    outgoing = OutgoingLines(sink, WorkerThreads())
    answer = JSONRPCResponse(jsonrpc="2.0", id=1, result={"text": "\ud800"})
    await outgoing.send(SessionMessage(answer))
    await outgoing.aclose()
    await within(outgoing.run(), "it is written")
    assert json.loads(sink.getvalue())["error"]["code"] == -32603


async def test_a_source_that_fails_is_an_end() -> None:
    closed = io.BytesIO()
    closed.close()
    server = Server("s")
    async with server.running():
        await within(serve_lines(server.protocol, closed, io.BytesIO()), "it has ended")


# -- lines for people, and the limit of open files


def test_of_many_lines_the_first_few_are_written_then_one_at_a_time_with_a_count() -> None:
    now, written = [0.0], list[str]()
    lines = RateLimitedLines(written.append, first=2, seconds=10, now=lambda: now[0])
    for number in range(5):
        lines.add(str(number))
    now[0] = 10.0
    lines.add("5")
    lines.close()
    lines.add("6")
    lines.close()
    assert written == ["0", "1", "5 (and 3 more since the last line)", "1 more like the last line"]


def test_errors_at_the_limit_of_open_files_are_one_line(caplog: pytest.LogCaptureFixture) -> None:
    reporter = ErrorReporter(EventBus(SystemClock()), SystemClock())
    for _ in range(1000):
        try:
            try:
                raise OSError(errno.EMFILE, "Too many open files")
            except OSError as error:
                raise RuntimeError("no connection") from error
        except RuntimeError as error:
            reporter.report(error, "query")
    assert len(caplog.records) == 1
    assert caplog.records[0].levelno == logging.ERROR
    assert "query failed" in caplog.text
    assert "too many open files" in caplog.text
    assert "Traceback" not in caplog.text
    assert reporter.count == 1000


CRAMPED = """
import resource, sys
from server_core import Server

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
held = [open("/dev/null") for _ in range(30)]
Server("cramped").run_http("127.0.0.1", 0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of open files")
async def test_at_the_limit_of_open_files_there_is_a_line_and_service_afterwards() -> None:
    with subprocess.Popen(  # noqa: ASYNC220 - its pipes are read in threads
        [sys.executable, "-c", CRAMPED], stderr=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as process:
        assert process.stderr is not None
        try:
            line = await within(asyncio.to_thread(process.stderr.readline), "it serves")
            url = line.removeprefix("Serving at ").partition(" ")[0]
            with ExitStack() as held:
                for _ in range(60):
                    held.enter_context(socket.create_connection(address_of(url)))
                line = await within(asyncio.to_thread(process.stderr.readline), "it says why")
                assert "accepting a connection failed" in line
                assert "too many open files (the limit is 64)" in line
            async with raw_client(url, NEWEST) as client:
                response = await client.post(client.request("tools/list"))
                assert response.status_code == 200
        finally:
            process.terminate()
        rest = await within(asyncio.to_thread(process.stderr.read), "it has ended")
    assert rest.count("\n") < 3
    assert "Traceback" not in rest
