"""Databases that the tests of the database module read, and short ways to do so."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mcp import Client
from mcp.types import TextContent, TextResourceContents

from server_core.modules.database import DatabaseModule
from server_core.server import Server
from server_core.settings import LimitSettings
from server_core.testing import connect
from tests.waiting import until

POSTGRES = os.environ.get("WORKBENCH_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
MARIADB = os.environ.get("WORKBENCH_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/test")

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
"""A statement that SQLite never finishes."""


def write(path: Path, script: str) -> None:
    """Run SQL statements on a SQLite file, as another program would."""
    with closing(sqlite3.connect(path)) as driver:
        driver.executescript(script)


def make_shop(path: Path) -> Path:
    """A SQLite file with two tables that are related, a view, and 250 books."""
    write(
        path,
        """
        CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born DATE);
        CREATE TABLE books (
            id INTEGER PRIMARY KEY, title TEXT NOT NULL, price NUMERIC(8, 2) DEFAULT 1.5,
            author INTEGER REFERENCES authors (id)
        );
        CREATE VIEW cheap AS SELECT id, title FROM books WHERE price < 10;
        INSERT INTO authors VALUES (1, 'Ursula', '1929-10-21'), (2, 'Italo', '1923-10-15');
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
        INSERT INTO books SELECT i, 'Book ' || i, i, 1 + i % 2 FROM n;
        """,
    )
    return path


class Shop(NamedTuple):
    """A running server with one database module, and a client of it."""

    server: Server
    client: Client
    module: DatabaseModule

    async def read(self, uri: str) -> Any:
        """The JSON document that the resource answers."""
        content = (await self.client.read_resource(uri)).contents[0]
        assert isinstance(content, TextResourceContents)
        assert content.mime_type == "application/json"
        return json.loads(content.text)

    async def query(self, sql: str, **arguments: Any) -> dict[str, Any]:
        """The structured answer of a query that succeeds."""
        result = await self.client.call_tool("query", {"sql": sql, **arguments})
        text = result.content[0]
        assert isinstance(text, TextContent)
        assert not result.is_error, text.text
        assert result.structured_content is not None
        assert json.loads(text.text) == result.structured_content
        return result.structured_content

    def limit_statements(self, seconds: float) -> None:
        """How long we let the statements that follow take. A limit so short that a test can wait for it is only for
        the one that is to be stopped: on a busy machine it would end the others, too."""
        backend = self.module._access.backend
        backend.bounds = replace(backend.bounds, seconds=seconds)

    async def refused(self, sql: Any, **arguments: Any) -> str:
        """What the client is told of a query that fails."""
        result = await self.client.call_tool("query", {"sql": sql, **arguments})
        text = result.content[0]
        assert isinstance(text, TextContent)
        assert result.is_error, text.text
        return text.text


@asynccontextmanager
async def opened(url: str, *, limits: LimitSettings | None = None, **options: Any) -> AsyncIterator[Shop]:
    """A server with the database of `url`; what the constructors do not share goes to the module."""
    places = {key: options.pop(key) for key in ("base", "clock", "bus", "breakers") if key in options}
    server = Server("s", limits=limits, **places)
    module = server.add(DatabaseModule("shop", url=url, **options))
    async with server.running():
        # A test's time limit may be so short that a busy machine does not read the schema in time: it is tried again.
        await until(lambda: server.inspect().modules[0].status == "running", "the database is open")
        async with connect(server) as client:
            yield Shop(server, client, module)


def start_error(url: str, **options: Any) -> Any:
    """A coroutine that answers why a module on `url` does not start."""

    async def reason() -> str:
        server = Server("s", **options)
        server.add(DatabaseModule("shop", url=url))
        async with server.running():
            return server.inspect().modules[0].reason

    return reason()


class Wire:
    """A TCP connection to a service that can be made to swallow everything, as a network does that is down."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._writers: list[asyncio.StreamWriter] = []
        self.down = False
        self.port = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Wire]:
        """Listen on `port` while the block runs."""
        async with asyncio.TaskGroup() as tasks:
            server = await asyncio.start_server(self._connected(tasks), "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            try:
                yield self
            finally:
                server.close()
                for writer in self._writers:
                    writer.close()

    def _connected(
        self, tasks: asyncio.TaskGroup
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            answers, requests = await asyncio.open_connection(*self._target)
            self._writers += [writer, requests]
            tasks.create_task(self._copy(reader, requests))
            tasks.create_task(self._copy(answers, writer))

        return lambda reader, writer: _kept(tasks.create_task(join(reader, writer)))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                if not self.down:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            return
        finally:
            writer.close()


def _kept(_task: object) -> None:
    """The task group keeps it."""


@contextmanager
def postgres_schema(script: str) -> Iterator[str]:
    """The URL of a PostgreSQL schema of its own, made by `script`; the test is skipped where no server answers."""
    psycopg = pytest.importorskip("psycopg")
    name = f"workbench_{uuid.uuid4().hex[:12]}"
    try:
        driver = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL answers at {POSTGRES}: {str(error).splitlines()[0]}")
    with closing(driver):
        driver.execute(f"CREATE SCHEMA {name}; SET search_path = {name}; {script}")
        try:
            yield f"{POSTGRES}?options=-csearch_path%3D{name}&application_name={name}"
        finally:
            driver.execute(f"DROP SCHEMA {name} CASCADE")


@contextmanager
def mariadb_database(statements: list[str]) -> Iterator[str]:
    """The URL of a MariaDB database of its own; the test is skipped where no server answers."""
    pymysql = pytest.importorskip("pymysql")
    from sqlalchemy import make_url

    url = make_url(MARIADB)
    name = f"workbench_{uuid.uuid4().hex[:12]}"
    try:
        driver = pymysql.connect(
            host=url.host or "127.0.0.1",
            port=url.port or 3306,
            user=url.username,
            password=url.password or "",
            connect_timeout=10,
            autocommit=True,
        )
    except pymysql.err.OperationalError as error:
        pytest.skip(f"no MariaDB answers at {url.host}:{url.port}: {error}")
    with closing(driver), closing(driver.cursor()) as cursor:
        for statement in (f"CREATE DATABASE {name}", f"USE {name}", *statements):
            cursor.execute(statement)
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            cursor.execute(f"DROP DATABASE {name}")
