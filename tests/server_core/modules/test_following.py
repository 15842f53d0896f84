"""Streams followed as they go on: functions and files that grow, closed when they are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import MCPError

from server_core.events import RequestFinished, StreamChunked
from server_core.faults.injector import FaultInjector
from server_core.faults.spec import parse_fault
from server_core.modules.files import FilesModule
from server_core.modules.functions import FunctionsModule
from server_core.modules.streams import StreamsModule
from server_core.request import Request
from server_core.server import Server
from server_core.settings import LimitSettings
from server_core.testing import connect, expect
from tests.waiting import until

pytestmark = pytest.mark.anyio

TOOLS = '''
import asyncio
from server_core import Context, resource, stream, tool

closed = []
more = asyncio.Event()

@resource("shop://till")
async def till():
    """What the till prints."""
    yield "one "
    yield {"sum": 2}

@resource("shop://count/{name}{?upto}")
async def count(name: str, ctx: Context, upto: int = 3):
    for number in range(upto):
        yield f"{name} {number} "

@stream("endless")
async def endless():
    try:
        yield "first"
        await more.wait()
        yield "second"
        await asyncio.Event().wait()
    finally:
        closed.append("endless")

@stream("busy")
async def busy():
    try:
        while True:
            yield "again"
    finally:
        closed.append("busy")

@resource("shop://whole")
async def whole() -> str:
    return "all of it"

@tool
async def go_on() -> str:
    more.set()
    return "gone on"

@tool
async def who_closed() -> list[str]:
    return closed
'''


def served(folder: Path, **sources: dict[str, object]) -> Server:
    (folder / "tools.py").write_text(TOOLS)
    server = Server("s", base=folder, limits=LimitSettings(result_bytes=100))
    server.add(FunctionsModule("tools", path="tools.py", reload=False))
    if sources:
        server.add(StreamsModule("feed", sources=sources))
    return server


def follow(server: Server, uri: str, pieces: list[str]) -> asyncio.Task[None]:
    """Follow `uri` in a task; what comes is in `pieces`."""
    request = Request("resources/follow", uri, clock=server.clock, bus=server.bus)
    return asyncio.create_task(server.pipeline.follow(request, uri, pieces.append))


@asynccontextmanager
async def following(server: Server, uri: str) -> AsyncIterator[list[str]]:
    """The pieces of a stream as they come; cancelled at the end."""
    pieces: list[str] = []
    task = follow(server, uri, pieces)
    yield pieces
    async with expect(server.bus, RequestFinished, lambda fact: fact.outcome == "cancelled"):
        task.cancel()


@pytest.mark.parametrize(
    ("uri", "texts"),
    [
        ("shop://till", ["one ", '{"sum": 2}']),
        ("shop://count/sheep", ["sheep 0 ", "sheep 1 ", "sheep 2 "]),
        ("shop://count/sheep?upto=1", ["sheep 0 "]),
    ],
)
async def test_an_async_generator_resource_is_read_in_chunks_and_can_be_followed(
    tmp_path: Path, uri: str, texts: list[str]
) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        result = await client.read_resource(uri)
        assert [getattr(content, "text", "") for content in result.contents] == texts
        pieces: list[str] = []
        async with expect(server.bus, StreamChunked):
            await follow(server, uri, pieces)
        assert pieces == texts


async def test_pieces_come_before_the_stream_ends_and_a_cancelled_one_is_closed(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        async with following(server, "stream://endless") as pieces:
            await until(lambda: pieces == ["first"], "the first piece")
            await client.call_tool("go_on", {})
            await until(lambda: pieces == ["first", "second"], "the second piece")
            assert (await client.call_tool("who_closed", {})).structured_content == {"result": []}
        assert (await client.call_tool("who_closed", {})).structured_content == {"result": ["endless"]}


async def test_one_that_never_waits_lets_others_run_and_has_no_limit(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running(), connect(server) as client:
        async with following(server, "stream://busy") as pieces:
            # Far more than a read may have.
            await until(lambda: len(pieces) > 1000, "many pieces")
            assert not (await client.call_tool("go_on", {})).is_error
        assert (await client.call_tool("who_closed", {})).structured_content == {"result": ["busy"]}


async def test_what_comes_as_a_whole_cannot_be_followed(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running():
        with pytest.raises(MCPError, match="shop://whole is not a stream: it can be read, but not followed"):
            await follow(server, "shop://whole", [])
        with pytest.raises(MCPError, match="did you mean shop://whole"):
            await follow(server, "shop://wholes", [])


@pytest.mark.parametrize("fault", ["fail:1", "drop:1"])
async def test_a_fault_on_purpose_acts_on_who_follows(tmp_path: Path, fault: str) -> None:
    server = served(tmp_path)
    async with server.running():
        FaultInjector(server.core).set(parse_fault(f"shop://till={fault}"))
        with pytest.raises(MCPError, match="injected fault"):
            await follow(server, "shop://till", [])
        pieces: list[str] = []
        await follow(server, "shop://till", pieces)
        assert len(pieces) == 2


async def test_pieces_are_not_garbled_behind_the_back_of_who_has_them(tmp_path: Path) -> None:
    server = served(tmp_path)
    async with server.running():
        faults = FaultInjector(server.core)
        faults.set(parse_fault("shop://till=garble:1"))
        await follow(server, "shop://till", [])
        assert [state.acted for state in faults.fault_states()] == [0]


async def test_a_function_is_followed_under_another_name(tmp_path: Path) -> None:
    server = served(tmp_path, other={"function": "endless"})
    async with server.running(), following(server, "stream://other") as pieces:
        await until(lambda: pieces == ["first"], "the first piece")


async def test_a_growing_file_is_followed_and_a_cut_one_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "ticker.log"
    path.write_text("one\n")
    server = served(tmp_path, ticker={"path": "ticker.log", "follow": True})
    async with server.running(), following(server, "stream://ticker") as pieces:
        await until(lambda: pieces == ["one\n"], "what is there")
        with path.open("a") as file:
            file.write("two\n")
        await until(lambda: pieces[1:] == ["two\n"], "what was added")
        path.write_text("3")
        await until(lambda: pieces[2:] == ["3"], "the new beginning")
        # Half a line and what comes after the cut are no line together.
        path.write_text("")
        await until(lambda: pieces[3:] == ["\n"], "the end of the old line")
        path.write_text("4\n")
        await until(lambda: pieces[4:] == ["4\n"], "the new line")


async def test_a_rotated_file_is_followed_from_its_old_end_to_its_new_beginning(tmp_path: Path) -> None:
    path = tmp_path / "ticker.log"
    path.write_text("one\n")
    server = served(tmp_path, ticker={"path": "ticker.log", "follow": True})
    async with server.running(), following(server, "stream://ticker") as pieces:
        await until(lambda: pieces == ["one\n"], "what is there")
        old = path.rename(tmp_path / "ticker.log.1")
        with old.open("a") as file:
            file.write("last\n")
        path.write_text("a new and longer beginning\n")
        await until(
            lambda: pieces[1:] == ["last\n", "a new and longer beginning\n"], "old end, new beginning"
        )


async def test_a_text_file_of_a_folder_is_followed_until_it_comes_again(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    path = docs / "app.log"
    path.write_text("one\n")
    (docs / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (docs / "out.log").symlink_to(tmp_path / "secret.log")
    (tmp_path / "secret.log").write_text("secret")
    server = served(tmp_path)
    server.add(FilesModule("docs", path="docs"))
    async with server.running():
        async with following(server, path.as_uri()) as pieces:
            await until(lambda: pieces == ["one\n"], "what is there")
            with path.open("a") as file:
                file.write("two\n")
            await until(lambda: pieces[1:] == ["two\n"], "what was added")
            path.unlink()
            path.write_text("a new one\n")
            await until(lambda: pieces[2:] == ["a new one\n"], "its successor")
        with pytest.raises(MCPError, match="can be read, but not followed"):
            await follow(server, (docs / "picture.png").as_uri(), [])
        with pytest.raises(MCPError):
            await follow(server, (docs / "out.log").as_uri(), [])


async def test_a_link_that_is_put_there_later_is_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    path = docs / "app.log"
    path.write_text("one\n")
    (tmp_path / "secret.log").write_text("secret")
    server = served(tmp_path)
    server.add(FilesModule("docs", path="docs"))
    async with server.running(), following(server, path.as_uri()) as pieces:
        await until(lambda: pieces == ["one\n"], "what is there")
        path.rename(docs / "app.log.1")
        path.symlink_to(tmp_path / "secret.log")
        # The old one is still what is read: its successor was refused.
        with (docs / "app.log.1").open("a") as file:
            file.write("two\n")
        await until(lambda: pieces[1:] == ["two\n"], "what was added to the old one")
        path.unlink()
        path.write_text("a new one\n")
        await until(lambda: pieces[2:] == ["a new one\n"], "a successor inside the folder")


async def test_a_file_that_does_not_grow_ends(tmp_path: Path) -> None:
    (tmp_path / "day.log").write_text("all\n")
    server = served(tmp_path, day={"path": "day.log"})
    async with server.running():
        pieces: list[str] = []
        await follow(server, "stream://day", pieces)
        assert pieces == ["all\n"]
