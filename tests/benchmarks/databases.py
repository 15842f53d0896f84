"""A hundred rows through pool and SQLAlchemy against raw sqlite3, and a cached read against the read that it saves."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from server_core.databases.access import DatabaseSession
from server_core.modules.database import DatabaseModule
from server_core.request import Request
from server_core.server import Server

from .pairs import PAIRS, Row, paired

READS = 150
SQL = "SELECT * FROM books ORDER BY id LIMIT 100 OFFSET 200"


@asynccontextmanager
async def shop() -> AsyncIterator[tuple[Server, DatabaseModule, Path]]:
    """A running server with a SQLite file of 5,000 books."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "shop.db")
        with closing(sqlite3.connect(path)) as driver:
            driver.execute(
                "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT, price REAL, author TEXT, stock INT)"
            )
            driver.executemany(
                "INSERT INTO books VALUES (?, ?, ?, ?, ?)",
                [(i, f"Title {i}", i * 1.5, f"Author {i % 50}", i % 7) for i in range(5000)],
            )
            driver.commit()
        server = Server("shop")
        module = server.add(DatabaseModule("shop", url=f"sqlite:///{path}"))
        async with server.running():
            yield server, module, path


async def wall_of(read: Callable[[], Awaitable[Any]]) -> float:
    """Microseconds of one read."""
    started = time.perf_counter()
    for _ in range(READS):
        await read()
    return (time.perf_counter() - started) / READS * 1e6


async def measured(
    name: str,
    ours: Callable[[], Awaitable[Any]],
    other: Callable[[], Awaitable[Any]],
    bound: float,
    against: str,
) -> Row:
    """Pairs of series of both reads, on one loop."""
    first: list[float] = []
    second: list[float] = []
    for number in range(PAIRS + 1):
        pair = [(first, ours), (second, other)]
        for figures, read in pair if number % 2 else reversed(pair):
            figures.append(await wall_of(read))
    mine, its = iter(first), iter(second)
    return paired(name, lambda: next(mine), lambda: next(its), bound=bound, unit="µs", against=against)


def hundred_rows() -> Row:
    """As tuples: a connection out of the pool, SQLAlchemy, a worker thread, the time limit."""

    async def whole() -> Row:
        async with shop() as (server, module, path):
            raw = sqlite3.connect(path, check_same_thread=False)

            def work(connection: Any) -> Any:
                with closing(connection.exec_driver_sql(SQL)) as result:
                    return result.fetchmany(101)

            async def operation(session: DatabaseSession) -> Any:
                return await session.run(work)

            with closing(raw):
                return await measured(
                    "100 rows through pool and SQLAlchemy",
                    lambda: module._access.use(None, operation),
                    lambda: server.core.workers.run(lambda: raw.execute(SQL).fetchall()),
                    2.0,
                    "raw sqlite3 in a thread",
                )

    return asyncio.run(whole())


def cached_read() -> Row:
    """Inside the pipeline."""

    async def whole() -> Row:
        async with shop() as (server, _module, _path):

            async def read() -> Any:
                uri = "db://table/books"
                request = Request("resources/read", uri, clock=server.clock, bus=server.bus)
                return await server.pipeline.read(request, uri)

            async def read_anew() -> Any:
                server.cache.clear()
                return await read()

            return await measured(
                "cache hit on a table", read, read_anew, 1 / 3, "the table read that it saves"
            )

    return asyncio.run(whole())
