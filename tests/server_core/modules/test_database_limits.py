"""However large a table and however long a statement, the answer comes and the connections come back."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from server_core.databases import access as database_access
from server_core.databases.sqlite import SqliteBackend
from server_core.errors import UnavailableError
from server_core.events import PoolChanged, RequestFinished
from server_core.request import Request
from server_core.settings import PoolSettings
from server_core.testing import expect
from tests.server_core.modules.databases_for_tests import ENDLESS, Shop, make_shop, opened, write
from tests.waiting import skip_time, until

pytestmark = pytest.mark.anyio

SHORT_SECONDS = 0.05
BILLIONS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"


@pytest.fixture
def shop_file(tmp_path: Path) -> Path:
    return make_shop(tmp_path / "shop.db")


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when a worker thread has begun with a piece of work, from the first use of the database on."""
    event = threading.Event()
    perform = SqliteBackend.perform

    def perform_and_tell(self: Any, connection: Any, work: Any) -> Any:
        event.set()
        return perform(self, connection, work)

    monkeypatch.setattr(SqliteBackend, "perform", perform_and_tell)
    return event


def request_of(shop: Shop, target: str) -> Request:
    return Request("tools/call", target, clock=shop.server.clock, bus=shop.server.bus)


async def test_a_statement_that_takes_too_long_is_stopped_and_its_connection_used_again(
    shop_file: Path,
) -> None:
    async with opened(f"sqlite:///{shop_file}", pool=PoolSettings(min_size=1, max_size=1)) as shop:
        shop.limit_statements(SHORT_SECONDS)
        async with expect(shop.server.bus, RequestFinished) as finished:
            assert "stopped after 0.05 s" in await shop.refused(ENDLESS)
        shop.limit_statements(60)
        assert finished.result().outcome == "timeout"
        assert (await shop.query("SELECT 1 AS n"))["rows"] == [{"n": 1}]
        state = shop.server.inspect()
        assert (state.pools[0].opened, state.pools[0].in_use) == (1, 0)
        assert state.breakers[0].failures == 0


async def test_a_cancelled_request_stops_its_statement(
    shop_file: Path, begun: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The pool does not give up on closing, so the connection is closed at the statement's end only.
    monkeypatch.setattr("server_core.pool_connector.POOL_CLOSE_SECONDS", 3600.0)
    async with opened(f"sqlite:///{shop_file}", pool=PoolSettings(min_size=1, max_size=1)) as shop:
        begun.clear()
        call = asyncio.create_task(
            shop.server.pipeline.call_tool(request_of(shop, "query"), "query", {"sql": ENDLESS})
        )
        await until(begun.is_set, "the statement runs")
        async with expect(shop.server.bus, PoolChanged, lambda fact: fact.what == "closed"):
            call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await shop.query("SELECT 1 AS n"))["rows"] == [{"n": 1}]


async def test_a_view_without_end_answers_pages_and_a_lower_bound_of_its_rows(shop_file: Path) -> None:
    write(shop_file, f"CREATE VIEW endless AS {BILLIONS}; CREATE VIEW slow AS {ENDLESS}")
    async with opened(f"sqlite:///{shop_file}") as shop:
        page = await shop.read("db://table/endless?limit=3&offset=5")
        assert page["rows"] == [{"i": 6}, {"i": 7}, {"i": 8}]
        assert page["metadata"]["total"] is None
        assert page["metadata"]["total_at_least"] == 100_000
        tables = {table["name"]: table for table in (await shop.read("db://schema"))["tables"]}
        assert (tables["endless"]["row_count"], tables["endless"]["row_count_at_least"]) == (None, 100_000)
        assert (tables["slow"]["row_count"], tables["books"]["row_count"]) == (None, 250)
        shop.limit_statements(SHORT_SECONDS)
        with pytest.raises(Exception, match="stopped after"):
            await shop.read("db://table/slow")


async def test_a_count_that_takes_too_long_leaves_the_total_open(
    shop_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_core.databases.reader.COUNT_SECONDS", 0.02)
    write(
        shop_file, f"CREATE VIEW late AS SELECT 1 AS a UNION ALL SELECT 2 UNION ALL SELECT * FROM ({ENDLESS})"
    )
    async with opened(f"sqlite:///{shop_file}") as shop:
        page = await shop.read("db://table/late?limit=1")
        assert page["rows"] == [{"a": 1}]
        assert (page["metadata"]["total"], page["metadata"]["total_at_least"]) == (None, 2)


async def test_an_endless_result_is_read_no_further_than_its_limit(shop_file: Path) -> None:
    async with opened(f"sqlite:///{shop_file}", max_rows=50) as shop:
        answer = await shop.query(BILLIONS, limit=50)
        assert (answer["row_count"], answer["truncated"]) == (50, True)


async def test_a_statement_that_nothing_stops_gives_its_connection_up(
    shop_file: Path, begun: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_access, "PATIENCE_SECONDS", 0.05)
    release = threading.Event()
    async with opened(f"sqlite:///{shop_file}", pool=PoolSettings(min_size=1, max_size=1)) as shop:
        access = shop.module._access
        begun.clear()
        run = asyncio.create_task(
            access.use(None, lambda session: session.run(lambda _connection: release.wait(300)))
        )
        try:
            # A statement that has not begun is no trouble to stop.
            await until(begun.is_set, "the statement runs")
            skip_time(3600)
            with pytest.raises(UnavailableError, match="not even to a request to stop"):
                await run
            # Its place is kept until it has really ended.
            assert access.pool.state().idle == 0
        finally:
            release.set()
        await until(lambda: access.pool.state().closed == 1, "the connection is closed")
        assert (await shop.query("SELECT 1 AS n"))["rows"] == [{"n": 1}]


async def test_a_server_that_stops_ends_the_statements_that_run(shop_file: Path) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        call = asyncio.create_task(
            shop.server.pipeline.call_tool(request_of(shop, "query"), "query", {"sql": ENDLESS})
        )
        pool = shop.module._access.pool
        await until(lambda: pool.state().in_use == 1, "the statement runs")
        await shop.server.stop()
        call.cancel()
        await asyncio.wait([call])
        await until(lambda: pool.state().closed == pool.state().opened, "every connection is closed")


async def test_who_waits_for_a_connection_is_told_who_holds_it(shop_file: Path) -> None:
    pool = PoolSettings(min_size=0, max_size=1, acquire_timeout=0.05)
    async with opened(f"sqlite:///{shop_file}", pool=PoolSettings(min_size=0, max_size=1)) as shop:
        shop.module._access.pool.settings = pool
        call = asyncio.create_task(
            shop.server.pipeline.call_tool(request_of(shop, "query"), "query", {"sql": ENDLESS})
        )
        await until(lambda: shop.server.inspect().pools[0].in_use == 1, "the statement runs")
        assert "in use by query (request" in await shop.refused("SELECT 1")
        call.cancel()
        await asyncio.wait([call])
