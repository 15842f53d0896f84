"""Whoever writes to a SQLite file: cached reads die, subscribed clients hear of it, new tables show."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mcp import MCPError
from mcp.server.subscriptions import ResourcesListChanged, ResourceUpdated
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp.types import Resource, ResourceUpdatedNotification

from server_core.databases.file_watch import SqliteFileWatch
from server_core.events import BreakerChanged, ModuleNoted
from server_core.items import ResourceItem
from server_core.settings import BreakerSettings
from server_core.testing import NEWEST, OLDEST, ManualClock, connect, expect
from tests.server_core.modules.databases_for_tests import Shop, make_shop, opened, write
from tests.server_core.modules_for_tests import TextsModule
from tests.waiting import until

pytestmark = pytest.mark.anyio

SLEEPERS = 2
"""Who sleeps by the clock while nothing happens: the watch of the file, and the pool until one is idle too long."""


@pytest.fixture
def shop_file(tmp_path: Path) -> Path:
    return make_shop(tmp_path / "shop.db")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def look(clock: ManualClock) -> None:
    """Let the module look at its file once."""
    await until(lambda: clock.sleepers == SLEEPERS, "the module waits for its next look")
    clock.advance(0.5)


async def dropped(shop: Shop) -> None:
    """Wait until the cache is empty."""
    await until(lambda: shop.server.inspect().cache.entries == 0, "the cached reads are dropped")


@pytest.mark.parametrize("journal", ["delete", "wal"])
async def test_a_write_of_another_program_reaches_the_next_read(
    shop_file: Path, clock: ManualClock, journal: str
) -> None:
    write(shop_file, f"PRAGMA journal_mode = {journal}")
    async with opened(f"sqlite:///{shop_file}", clock=clock) as shop:
        assert (await shop.read("db://table/authors"))["metadata"]["total"] == 2
        write(shop_file, "INSERT INTO authors VALUES (3, 'Clarice', NULL)")
        assert (await shop.read("db://table/authors"))["metadata"]["total"] == 2, "cached"
        await look(clock)
        await dropped(shop)
        assert (await shop.read("db://table/authors"))["metadata"]["total"] == 3


async def test_each_table_and_the_schema_are_told_once_a_change_to_clients_of_both_revisions(
    shop_file: Path, clock: ManualClock
) -> None:
    uris = ["db://schema", "db://table/authors", "db://table/books", "db://table/cheap"]
    async with opened(f"sqlite:///{shop_file}", clock=clock) as shop:
        told: list[tuple[str, str]] = []

        async def on_message(message: Any) -> None:
            if isinstance(message, ResourceUpdatedNotification):
                told.append((OLDEST, str(message.params.uri)))

        async with connect(shop.server, OLDEST, message_handler=on_message) as old:
            for uri in uris:
                with pytest.warns(MCPDeprecationWarning):
                    await old.subscribe_resource(uri)
            async with shop.client.listen(resource_subscriptions=uris, resources_list_changed=True) as events:
                write(shop_file, "DELETE FROM books WHERE id = 1")
                write(shop_file, "DELETE FROM books WHERE id = 2")
                await look(clock)
                for _ in uris:
                    event = await anext(events)
                    assert isinstance(event, ResourceUpdated)
                    told.append((NEWEST, event.uri))
                await until(lambda: len(told) == 8, "both clients are told")
                write(shop_file, "CREATE TABLE more (a)")
                await look(clock)
                assert isinstance(await anext(events), ResourcesListChanged)
        for revision in (OLDEST, NEWEST):
            assert [uri for protocol, uri in told[:8] if protocol == revision] == uris


async def test_nothing_is_told_while_nobody_writes(shop_file: Path, clock: ManualClock) -> None:
    async with opened(f"sqlite:///{shop_file}", clock=clock) as shop:
        await shop.read("db://table/books")
        for _ in range(3):
            await look(clock)
        await until(lambda: clock.sleepers == SLEEPERS, "the last look is over")
        assert shop.server.inspect().cache.entries == 1


async def test_a_new_table_is_listed_and_a_dropped_one_is_not(shop_file: Path, clock: ManualClock) -> None:
    async with opened(f"sqlite:///{shop_file}", clock=clock) as shop:
        async with expect(shop.server.bus, ModuleNoted, lambda fact: fact.note == "3 tables"):
            write(shop_file, "CREATE TABLE loans (book); CREATE TABLE members (name); DROP VIEW cheap")
            write(shop_file, "DROP TABLE authors; CREATE TABLE authors (id INTEGER PRIMARY KEY, nick)")
            write(shop_file, "DROP TABLE members")
            await look(clock)
        uris = [resource.uri for resource in (await shop.client.list_resources()).resources]
        assert uris == ["db://schema", "db://table/authors", "db://table/books", "db://table/loans"]
        assert "authors, books, loans" in ((await shop.client.list_tools()).tools[0].description or "")
        with pytest.raises(MCPError, match="Unknown resource"):
            await shop.read("db://table/cheap")


class Loans(TextsModule):
    """Has the URI that a table named loans would have."""

    def item(self, name: str) -> ResourceItem:
        return ResourceItem(Resource(uri=f"db://table/{name}", name=name), self._read)


async def test_a_new_table_with_another_modules_uri_is_told_of_and_the_rest_stays(
    shop_file: Path, clock: ManualClock
) -> None:
    async with opened(f"sqlite:///{shop_file}", clock=clock) as shop:
        await shop.server.add_module(Loans("other", {"loans": "none"}))
        async with expect(
            shop.server.bus, ModuleNoted, lambda fact: "db://table/loans" in fact.note
        ) as noted:
            write(shop_file, "CREATE TABLE loans (book)")
            await look(clock)
        assert 'prefix = "shop"' in noted.result().note
        assert (await shop.read("db://table/books"))["metadata"]["total"] == 250


async def test_a_table_is_read_before_it_has_been_noticed(shop_file: Path, clock: ManualClock) -> None:
    async with opened(f"sqlite:///{shop_file}", clock=clock) as shop:
        write(shop_file, "CREATE TABLE loans (book); INSERT INTO loans VALUES (7)")
        assert (await shop.read("db://table/loans"))["rows"] == [{"book": 7}]
        assert "db://table/loans" in [
            resource.uri for resource in (await shop.client.list_resources()).resources
        ]


async def test_a_file_put_in_its_place_is_read_at_once(shop_file: Path, clock: ManualClock) -> None:
    async with opened(f"sqlite:///{shop_file}", clock=clock) as shop:
        other = make_shop(shop_file.with_name("other.db"))
        write(other, "DELETE FROM authors")
        other.replace(shop_file)
        assert (await shop.query("SELECT count(*) AS n FROM authors"))["rows"] == [{"n": 0}]


async def test_a_link_that_is_turned_to_another_file_is_followed(tmp_path: Path, clock: ManualClock) -> None:
    make_shop(tmp_path / "1.db")
    write(make_shop(tmp_path / "2.db"), "CREATE TABLE fresh (n)")
    (tmp_path / "shop.db").symlink_to("1.db")
    async with opened(f"sqlite:///{tmp_path / 'shop.db'}", clock=clock) as shop:
        assert "db://table/fresh" not in {
            str(each.uri) for each in (await shop.client.list_resources()).resources
        }
        (tmp_path / "next").symlink_to("2.db")
        (tmp_path / "next").replace(tmp_path / "shop.db")
        await look(clock)
        await until(lambda: "db://table/fresh" in shop.server.registry.resources, "the new file is read")


async def test_a_file_copied_over_it_is_noticed(shop_file: Path, clock: ManualClock) -> None:
    async with opened(f"sqlite:///{shop_file}", clock=clock) as shop:
        assert (await shop.read("db://table/authors"))["metadata"]["total"] == 2
        # Made by the same steps, so that SQLite's own counter of changes is the same.
        other = make_shop(shop_file.with_name("other.db"))
        with closing(sqlite3.connect(other)) as driver, closing(sqlite3.connect(":memory:")) as memory:
            driver.backup(memory)
        text = other.read_bytes().replace(b"Italo", b"Itala")
        shop_file.write_bytes(text)
        os.utime(shop_file, ns=(1, 1))
        await look(clock)
        await dropped(shop)
        assert (await shop.read("db://table/authors"))["rows"][1]["name"] == "Itala"


async def test_a_database_that_goes_away_trips_the_breaker_and_comes_back_by_itself(
    shop_file: Path, clock: ManualClock
) -> None:
    kept = shop_file.with_name("kept.db")
    breaker = BreakerSettings(failure_threshold=2, reset_timeout=60)
    async with opened(f"sqlite:///{shop_file}", clock=clock, breaker=breaker) as shop:
        shutil.move(shop_file, kept)
        for _ in range(2):
            assert "SQLite does not answer: the file shop.db is gone" in await shop.refused("SELECT 1")
        assert "Circuit breaker 'shop' is open" in await shop.refused("SELECT 1")
        async with expect(shop.server.bus, ModuleNoted, lambda fact: fact.note == "the file is gone"):
            await look(clock)
        async with expect(shop.server.bus, BreakerChanged, lambda fact: fact.after == "half_open"):
            shutil.move(kept, shop_file)
            await look(clock)
        assert (await shop.query("SELECT count(*) AS n FROM books"))["rows"] == [{"n": 250}]
        state = shop.server.inspect()
        assert state.breakers[0].status == "closed"
        assert state.modules[0].note == "2 tables, 1 view"


async def test_a_probe_by_hand_asks_the_database_itself(shop_file: Path, clock: ManualClock) -> None:
    kept = shop_file.with_name("kept.db")
    async with opened(f"sqlite:///{shop_file}", clock=clock, breaker=BreakerSettings(1, 60)) as shop:
        shutil.move(shop_file, kept)
        await shop.refused("SELECT 1")
        breaker = shop.server.breakers.get("shop")
        assert "shop.db is gone" in await breaker.probe()
        assert breaker.state().status == "open"
        shutil.move(kept, shop_file)
        assert await breaker.probe() == "it works again, now closed"
        assert (await shop.query("SELECT count(*) AS n FROM books"))["rows"] == [{"n": 250}]


def test_a_look_at_a_locked_file_waits_for_nothing_and_the_next_one_tells(shop_file: Path) -> None:
    watch = SqliteFileWatch(str(shop_file))
    assert watch.look() is None
    with closing(sqlite3.connect(shop_file, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        writer.execute("DELETE FROM authors")
        assert watch.look() is None
        writer.execute("COMMIT")
    assert watch.look() == "written"
    assert watch.look() is None
    write(shop_file, "CREATE TABLE t (a)")
    assert watch.look() == "altered"
    shop_file.unlink()
    assert watch.look() == "gone"
    assert watch.look() is None
    make_shop(shop_file)
    assert watch.look() == "replaced"
    watch.close()


async def test_a_module_that_has_stopped_holds_the_file_no_more(shop_file: Path) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        await shop.read("db://table/books")
        assert open_files(shop_file)
        await shop.server.remove_module("shop")
        await until(lambda: not open_files(shop_file), "no descriptor leads to the file")


def open_files(path: Path) -> list[str]:
    """The descriptors of this process that lead to `path`."""
    folder = Path("/proc/self/fd")
    if not folder.exists():
        pytest.skip("needs /proc")
    found = []
    for link in folder.iterdir():
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target == str(path):
            found.append(link.name)
    return found


async def test_many_writes_and_reads_together_never_show_an_old_state_for_good(
    shop_file: Path, clock: ManualClock
) -> None:
    async with opened(f"sqlite:///{shop_file}", clock=clock) as shop:
        for number in range(10, 30):
            write(shop_file, f"INSERT INTO authors VALUES ({number}, 'n', NULL)")
            await asyncio.gather(look(clock), shop.read("db://table/authors"))
        await look(clock)
        await until(lambda: clock.sleepers == SLEEPERS, "the last look is over")
        assert (await shop.read("db://table/authors"))["metadata"]["total"] == 22
