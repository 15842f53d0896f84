"""PostgreSQL and MariaDB, really talked to where they answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest
from mcp import MCPError
from sqlalchemy import make_url

from server_core.databases.backend import DatabaseBackend
from server_core.databases.mariadb import MariadbBackend
from server_core.databases.postgresql import PostgresqlBackend
from server_core.errors import CoreError
from server_core.modules.database import LOOK_SECONDS
from server_core.request import Request
from server_core.settings import BreakerSettings, LimitSettings, PoolSettings
from server_core.testing import ManualClock
from tests.server_core.modules.databases_for_tests import (
    Shop,
    Wire,
    mariadb_database,
    opened,
    postgres_schema,
)
from tests.waiting import until

pytestmark = [pytest.mark.anyio, pytest.mark.services]

ONE = PoolSettings(min_size=1, max_size=1)

TABLES = [
    "CREATE TABLE authors (id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL)",
    "CREATE TABLE books (author INTEGER, n INTEGER, title VARCHAR(50) DEFAULT 'none', PRIMARY KEY (author, n), "
    "FOREIGN KEY (author) REFERENCES authors (id))",
    "INSERT INTO authors VALUES (1, 'Ursula'), (2, 'Italo'), (3, 'Clarice')",
    "INSERT INTO books VALUES (1, 1, 'a'), (1, 2, '100%'), (2, 1, NULL)",
    "CREATE VIEW names AS SELECT name FROM authors",
]


@pytest.fixture
def postgres() -> Iterator[str]:
    with postgres_schema("; ".join(TABLES)) as url:
        yield url


@pytest.fixture
def mariadb() -> Iterator[str]:
    with mariadb_database(TABLES) as url:
        yield url


@pytest.fixture(params=["postgres", "mariadb"])
def service(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


def spy(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when a worker thread begins with a piece of work on either of the two."""
    begun = threading.Event()
    for kind in (PostgresqlBackend, MariadbBackend):
        perform: Callable[..., Any] = kind.perform

        def told(self: Any, connection: Any, work: Any, perform: Any = perform) -> Any:
            begun.set()
            return perform(self, connection, work)

        monkeypatch.setattr(kind, "perform", told)
    return begun


def sleep_of(shop: Shop, seconds: int) -> str:
    return f"SELECT {'pg_sleep' if shop.module._access.backend.label == 'PostgreSQL' else 'sleep'}({seconds}) AS slept"


async def test_tables_views_keys_and_pages(service: str) -> None:
    async with opened(service) as shop:
        listed = [resource.uri for resource in (await shop.client.list_resources()).resources]
        assert listed == ["db://schema", "db://table/authors", "db://table/books", "db://table/names"]
        page = await shop.read("db://table/books?limit=2&offset=1")
        assert page["rows"] == [{"author": 1, "n": 2, "title": "100%"}, {"author": 2, "n": 1, "title": None}]
        assert page["metadata"] == {"limit": 2, "offset": 1, "total": 3}
        first = await shop.read("db://table/books?limit=1")
        assert (first["metadata"]["total"], first["metadata"]["next"]) == (
            3,
            "db://table/books?limit=1&offset=1",
        )
        authors, books, names = (await shop.read("db://schema"))["tables"]
        assert (authors["row_count"], books["row_count"], names["row_count"]) == (3, 3, 3)
        assert (books["primary_key"], names["kind"]) == (["author", "n"], "view")
        assert books["foreign_keys"] == [{"columns": ["author"], "table": "authors", "references": ["id"]}]
        assert [column["nullable"] for column in books["columns"]] == [False, False, True]
        assert "none" in books["columns"][2]["default"]
        assert books["columns"][2]["type"] in ("character varying(50)", "varchar(50)")


async def test_queries_take_parameters_of_both_kinds(service: str) -> None:
    async with opened(service) as shop:
        by_place = await shop.query("SELECT name FROM authors WHERE id > ? AND name <> '%?'", parameters=[2])
        assert by_place["rows"] == [{"name": "Clarice"}]
        by_name = await shop.query(
            "SELECT title FROM books WHERE title = :title", parameters={"title": "100%"}
        )
        assert by_name["rows"] == [{"title": "100%"}]
        cut = await shop.query("SELECT * FROM authors ORDER BY id", limit=2)
        assert (cut["row_count"], cut["truncated"]) == (2, True)
        again = await shop.query("SELECT 1 AS a, 2 AS a")
        assert again["rows"] == [{"a": 1, "a_2": 2}]


async def test_a_callers_mistake_is_told_in_the_databases_words_and_counts_for_nothing(service: str) -> None:
    async with opened(service) as shop:
        assert "did you mean authors?" in await shop.refused("SELECT * FROM author")
        assert "syntax" in await shop.refused("SELECT * FROM authors WHERE")
        assert "is read-only here" in await shop.refused("DROP TABLE books")
        assert await shop.refused("SELECT 1; DROP TABLE books")
        with pytest.raises(MCPError, match="Unknown resource: db://table/author; did you mean"):
            await shop.read("db://table/author")
        assert shop.server.inspect().breakers[0].failures == 0
        assert (await shop.query("SELECT count(*) AS n FROM books"))["rows"] == [{"n": 3}]


WRITES = [
    "INSERT INTO authors VALUES (9, 'x')",
    "UPDATE authors SET name = 'x'",
    "DELETE FROM books",
    "DROP TABLE books",
    "CREATE TABLE t (a INTEGER)",
    "TRUNCATE TABLE books",
    "SELECT 1; DELETE FROM books",
    "COMMIT; DELETE FROM books",
]


async def test_the_database_itself_refuses_writes(service: str) -> None:
    async with opened(service, pool=ONE) as shop:
        access = shop.module._access
        for sql in WRITES:

            def work(connection: Any, sql: str = sql) -> Any:
                return connection.exec_driver_sql(sql, execution_options={"no_parameters": True})

            with pytest.raises(CoreError):
                await access.use(None, lambda session, work=work: session.run(work))  # type: ignore[misc]
        state = shop.server.inspect()
        assert (state.breakers[0].failures, state.pools[0].opened) == (0, 1)
        assert (await shop.query("SELECT count(*) AS n FROM books"))["rows"] == [{"n": 3}]


@pytest.mark.parametrize(
    "sql",
    [
        "WITH gone AS (DELETE FROM books RETURNING n) SELECT * FROM gone",
        "EXPLAIN ANALYZE DELETE FROM books",
        "EXPLAIN SELECT 1; COMMIT; DELETE FROM books",
        "SELECT * INTO copied FROM books",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT 1; COMMIT; BEGIN READ WRITE; DELETE FROM books; COMMIT",
        "COPY books TO PROGRAM 'true'",
        "SHOW server_version; COMMIT; DELETE FROM books",
    ],
)
async def test_no_statement_gets_out_of_a_read_only_transaction_of_postgresql(
    postgres: str, sql: str
) -> None:
    async with opened(postgres, pool=ONE) as shop:
        await shop.refused(sql)
        assert (await shop.query("SELECT count(*) AS n FROM books"))["rows"] == [{"n": 3}]
        assert (await shop.query("SHOW transaction_read_only"))["rows"] == [{"transaction_read_only": "on"}]


async def test_a_statement_that_takes_too_long_is_stopped_by_the_database(service: str) -> None:
    async with opened(service, pool=ONE, limits=LimitSettings(query_seconds=0.5)) as shop:
        assert "stopped after 0.5 s" in await shop.refused(sleep_of(shop, 60))
        assert (await shop.query("SELECT 1 AS n"))["rows"] == [{"n": 1}]
        state = shop.server.inspect()
        assert (state.breakers[0].failures, state.pools[0].opened) == (0, 1)


async def test_a_cancelled_request_stops_its_statement_in_the_database(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The pool does not give up on closing, so the connection is closed at the statement's end only.
    monkeypatch.setattr("server_core.pool_connector.POOL_CLOSE_SECONDS", 3600.0)
    async with opened(service, pool=PoolSettings(min_size=2, max_size=2)) as shop:
        begun = spy(monkeypatch)
        sql = sleep_of(shop, 61)
        request = Request("tools/call", "query", clock=shop.server.clock, bus=shop.server.bus)
        call = asyncio.create_task(shop.server.pipeline.call_tool(request, "query", {"sql": sql}))
        await until(begun.is_set, "the statement is on its way")
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()
        pool = shop.module._access.pool
        await until(lambda: pool.state().closed == 1, "the connection is closed")
        assert (await shop.query("SELECT 1 AS n"))["rows"] == [{"n": 1}]


async def test_a_statement_that_the_database_does_not_stop_is_stopped_from_outside(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_core.databases.access.OWN_LIMIT_SECONDS", 0.0)
    async with opened(service, pool=ONE) as shop:
        shop.limit_statements(0.3)
        access = shop.module._access
        # Longer than the limit, yet each statement is shorter: only we can stop that.
        sql = sleep_of(shop, 1).replace("(1)", "(0.1)")

        def work(connection: Any) -> None:
            for _ in range(600):
                connection.exec_driver_sql(sql).all()

        with pytest.raises(CoreError, match=r"stopped after 0.3 s"):
            await access.use(None, lambda session: session.run(work))
        shop.limit_statements(60)
        assert (await shop.query("SELECT 1 AS n"))["rows"] == [{"n": 1}]
        assert shop.server.inspect().breakers[0].failures == 0


async def test_connections_that_died_while_idle_are_replaced_unseen(service: str) -> None:
    async with opened(service, pool=PoolSettings(min_size=3, max_size=3)) as shop:
        await end_connections(shop)
        assert (await shop.query("SELECT count(*) AS n FROM books"))["rows"] == [{"n": 3}]
        assert shop.server.inspect().breakers[0].failures == 0


async def end_connections(shop: Shop) -> None:
    """End every idle connection of the module from the side of the server."""
    access = shop.module._access
    idle = [slot.connection for slot in access.pool._idle]

    def end() -> None:
        other = access.backend.open()
        with closing(other.sql):
            for connection in idle:
                if access.backend.label == "PostgreSQL":
                    number, sql = connection.driver.info.backend_pid, "SELECT pg_terminate_backend({})"
                else:
                    number, sql = connection.driver.thread_id(), "KILL CONNECTION {}"
                other.sql.exec_driver_sql(sql.format(number))

    await shop.server.core.workers.run(end)
    await until(
        lambda: not any(access.backend.is_current(connection) for connection in idle),
        "the connections are ended",
    )


async def test_a_database_that_goes_away_trips_the_breaker_and_comes_back_by_itself(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    breaker = BreakerSettings(failure_threshold=2, reset_timeout=5)
    async with opened(service, pool=ONE, clock=clock, breaker=breaker) as shop:
        backend = shop.module._access.backend

        def gone(_self: DatabaseBackend) -> Any:
            raise ConnectionRefusedError("connection refused")

        with monkeypatch.context() as patch:
            patch.setattr(type(backend), "open", gone)
            for slot in shop.module._access.pool._idle:
                backend.abort(slot.connection)
            for _ in range(2):
                assert "does not answer: connection refused" in await shop.refused("SELECT 1")
            assert "Circuit breaker 'shop' is open" in await shop.refused("SELECT 1")
        clock.advance(5)
        assert (await shop.query("SELECT 1 AS n"))["rows"] == [{"n": 1}]
        assert shop.server.inspect().breakers[0].status == "closed"


async def test_a_database_that_goes_away_while_nobody_uses_it_is_noted_until_it_is_back(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    async with opened(service, pool=ONE, clock=clock) as shop:
        backend = shop.module._access.backend

        def note() -> str:
            clock.advance(LOOK_SECONDS)
            return shop.server.inspect().modules[0].note

        def gone(_self: DatabaseBackend) -> Any:
            raise ConnectionRefusedError("connection refused")

        with monkeypatch.context() as patch:
            patch.setattr(type(backend), "open", gone)
            for slot in shop.module._access.pool._idle:
                backend.abort(slot.connection)
            await until(lambda: "does not answer: connection refused" in note(), "the note")
            assert shop.server.inspect().modules[0].trouble
        await until(lambda: "does not answer" not in note(), "the note is taken back")
        assert shop.server.inspect().breakers[0].failures == 0


async def test_a_network_that_swallows_everything_leaves_no_request_without_an_answer(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_core.databases.access.OWN_LIMIT_SECONDS", 0.0)
    monkeypatch.setattr("server_core.databases.access.PATIENCE_SECONDS", 0.1)
    url = make_url(service)
    wire = Wire(url.host or "", url.port or (3306 if "mysql" in service else 5432))
    async with wire.open():
        through = url.set(host="127.0.0.1", port=wire.port).render_as_string(hide_password=False)
        async with opened(through, pool=ONE) as shop:
            shop.limit_statements(0.2)
            wire.down = True
            assert "does not answer, not even to a request to stop" in await shop.refused("SELECT 1")
            assert shop.server.inspect().breakers[0].failures == 1
            pool = shop.module._access.pool
            await until(lambda: pool.state().closed == 1, "the connection is cut")
            shop.limit_statements(60)
            wire.down = False
            assert (await shop.query("SELECT 1 AS n"))["rows"] == [{"n": 1}]


async def test_new_tables_show_when_the_schema_is_read_or_one_is_asked_for(postgres: str) -> None:
    import psycopg

    async with opened(postgres) as shop:
        with psycopg.connect(postgres, autocommit=True) as driver:
            driver.execute("CREATE TABLE loans (id INTEGER); CREATE TABLE more (id INTEGER)")
        assert (await shop.read("db://table/loans"))["rows"] == []
        names = [resource.name for resource in (await shop.client.list_resources()).resources]
        assert names[1:] == ["authors", "books", "loans", "more", "names"]


WRITABLE = {
    "postgresql": "SET TRANSACTION READ WRITE",
    "mysql": "SET SESSION TRANSACTION READ WRITE",
    "mariadb": "SET SESSION TRANSACTION READ WRITE",
}


@pytest.mark.parametrize(("options", "seen"), [({}, 4), ({"cached": True}, 3)])
async def test_reads_are_cached_only_if_that_is_asked_for(
    service: str, options: dict[str, Any], seen: int
) -> None:
    """Nothing reports changes in these databases, and others write to them."""
    async with opened(service, **options) as shop:
        before = await shop.client.read_resource("db://table/authors")
        engine = shop.module._access.backend.engine
        with engine.connect() as connection:
            connection.exec_driver_sql(WRITABLE[engine.dialect.name])
            connection.exec_driver_sql("INSERT INTO authors VALUES (4, 'Octavia')")
            connection.commit()
        assert (await shop.read("db://table/authors"))["metadata"]["total"] == seen
        assert bool(before.ttl_ms) == bool(options)


ODD_NAME = 'a"b`c %s :x ?'


async def test_odd_names_are_quoted(service: str) -> None:
    sign = "`" if "mysql" in service else '"'
    table, column = (sign + name.replace(sign, sign * 2) + sign for name in (ODD_NAME, f"c{ODD_NAME}"))
    async with opened(service) as shop:
        engine = shop.module._access.backend.engine
        with engine.connect() as connection:
            for sql in (
                WRITABLE[engine.dialect.name],
                f"CREATE TABLE {table} ({column} INTEGER PRIMARY KEY)",
            ):
                connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
            connection.commit()
        assert (await shop.read(f"db://table/{quote(ODD_NAME, safe='')}"))["metadata"]["total"] == 0


async def test_an_endless_result_is_left_without_reading_it(service: str) -> None:
    limits = LimitSettings(query_seconds=20)
    async with opened(service, pool=ONE, limits=limits) as shop:
        if shop.module._access.backend.label == "PostgreSQL":
            sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        else:
            sql = "SELECT seq AS i FROM seq_1_to_10000000000 LIMIT 9000000000"
        answer = await shop.query(sql, limit=3)
        assert (answer["rows"], answer["truncated"]) == ([{"i": 1}, {"i": 2}, {"i": 3}], True)
        assert (await shop.query("SELECT 1 AS n"))["rows"] == [{"n": 1}]
        assert shop.server.inspect().breakers[0].failures == 0


async def test_a_long_count_leaves_the_total_open_and_the_connection_whole(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_core.databases.reader.COUNT_SECONDS", 0.05)
    async with opened(service, pool=ONE) as shop:
        monkeypatch.setattr("server_core.databases.reader.count_rows", slow_count(shop))
        page = await shop.read("db://table/authors?limit=1")
        assert (page["metadata"]["total"], page["metadata"]["total_at_least"]) == (None, 2)
        assert (await shop.query("SELECT 1 AS n"))["rows"] == [{"n": 1}]
        assert shop.server.inspect().pools[0].opened == 1
        if shop.module._access.backend.label == "MariaDB":
            limit = await shop.query("SELECT @@max_statement_time AS seconds")
            assert float(limit["rows"][0]["seconds"]) == 30


def slow_count(shop: Shop) -> Any:
    sql = sleep_of(shop, 60)

    def count(connection: Any, _table: Any) -> Any:
        return connection.exec_driver_sql(sql).all()

    return count


async def test_variables_of_a_session_end_with_the_query(mariadb: str) -> None:
    async with opened(mariadb, pool=ONE) as shop:
        before = shop.server.inspect().pools[0].opened
        await shop.query("SELECT 'a@b', 1")
        assert shop.server.inspect().pools[0].opened == before
        await shop.query("SELECT @kept := 5")
        assert (await shop.query("SELECT @kept AS kept"))["rows"] == [{"kept": None}]
