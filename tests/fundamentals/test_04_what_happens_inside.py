"""Everything that happens in a server is a fact on its bus: wait for one in a test instead of sleeping."""

from pathlib import Path

import pytest

from server_core import CacheSettings, FilesModule, Server
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
