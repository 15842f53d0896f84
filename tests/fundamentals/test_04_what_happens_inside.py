"""Everything that happens in a server is a fact on its bus: wait for one in a test instead of sleeping."""

from pathlib import Path
from typing import Any

import pytest

from server_core import CacheSettings, FilesModule, Module, ModuleContext, Offer, Request, Server, ToolError
from server_core.events import CacheHit, FilesChanged, RequestFinished
from server_core.testing import ManualClock, connect, expect

pytestmark = pytest.mark.anyio


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.txt").write_text("one")
    return folder


async def test_a_file_that_is_written_becomes_a_resource(docs: Path) -> None:
    server = Server("library")
    server.add(FilesModule("docs", path=str(docs)))
    async with server.running(), connect(server) as client:
        async with expect(server.bus, FilesChanged) as changed:
            (docs / "b.txt").write_text("two")
        assert [change.path for change in changed.result().changes] == ["b.txt"]
        assert [resource.name for resource in (await client.list_resources()).resources] == ["a.txt", "b.txt"]


async def test_the_second_read_comes_from_the_cache_and_its_trace_says_so(docs: Path) -> None:
    server = Server("library")
    server.add(FilesModule("docs", path=str(docs)))
    async with server.running(), connect(server) as client:
        uri = str((await client.list_resources()).resources[0].uri)
        await client.read_resource(uri)
        async with expect(server.bus, CacheHit), expect(server.bus, RequestFinished) as finished:
            await client.read_resource(uri)
        assert [stage for stage, _seconds in finished.result().stages] == ["cache hit"]
        assert server.inspect().cache.hit_rate == 0.5


async def test_time_is_a_parameter_so_an_entry_grows_old_without_waiting(docs: Path) -> None:
    clock = ManualClock()
    server = Server("library", clock=clock, cache=CacheSettings(ttl=300))
    server.add(FilesModule("docs", path=str(docs)))
    async with server.running(), connect(server) as client:
        uri = str((await client.list_resources()).resources[0].uri)
        await client.read_resource(uri)
        clock.advance(301)
        await client.read_resource(uri)
        assert server.inspect().cache.hits == 0
        assert server.inspect().cache.misses == 2


class Curfew:
    """A stage refuses, changes or watches requests on their way to the handler."""

    name = "curfew"

    def __init__(self) -> None:
        self.passed: list[str] = []

    def applies(self, item: Any) -> bool:
        return True

    async def run(self, request: Request, item: Any, handler: Any) -> Any:
        self.passed.append(request.target)
        if request.arguments.get("hour", 0) > 22:
            raise ToolError("Come back in the morning")
        return await handler()


async def test_a_stage_of_your_own_stands_in_the_way_of_every_request() -> None:
    server, curfew = Server("night"), Curfew()
    server.add_stage(curfew, before="cache")

    @server.tool
    def ring(hour: int) -> str:
        """Ring the bell."""
        return "ding"

    async with server.running(), connect(server) as client:
        assert not (await client.call_tool("ring", {"hour": 12})).is_error
        assert (await client.call_tool("ring", {"hour": 23})).is_error
    assert curfew.passed == ["ring", "ring"]
    with pytest.raises(ValueError, match=r"add stage .curfew. before .cash.: .*cache, results, breaker"):
        server.add_stage(curfew, before="cash")


class CurfewModule(Module):
    """A module can bring stages for the whole server; they go with it."""

    async def start(self, context: ModuleContext) -> None:
        context.add_stage(Curfew(), before="cache")
        context.offer(Offer())


async def test_the_stages_of_a_module_go_with_it() -> None:
    server = Server("night")
    server.add(CurfewModule("curfew"))
    async with server.running():
        await server.replace_module(CurfewModule("curfew"))
        assert [stage.name for stage in server.pipeline.stages].count("curfew") == 1
        await server.remove_module("curfew")
        assert "curfew" not in [stage.name for stage in server.pipeline.stages]
