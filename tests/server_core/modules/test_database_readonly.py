"""Nothing that a caller sends changes a SQLite database, even behind the check of the statement's first word."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from anyio.to_thread import run_sync

from server_core.databases.failures import StatementError
from server_core.errors import CoreError, DeniedError
from tests.server_core.modules.databases_for_tests import Shop, make_shop, opened, write

pytestmark = pytest.mark.anyio

WRITES = [
    "INSERT INTO authors VALUES (9, 'x', NULL)",
    "UPDATE authors SET name = 'x'",
    "DELETE FROM authors",
    "WITH gone AS (SELECT 1) DELETE FROM authors",
    "REPLACE INTO authors VALUES (1, 'x', NULL)",
    "CREATE TABLE t (a)",
    "CREATE TEMP TABLE t (a)",
    "CREATE VIEW v AS SELECT 1",
    "CREATE TRIGGER g AFTER INSERT ON authors BEGIN SELECT 1; END",
    "CREATE INDEX i ON authors (name)",
    "CREATE VIRTUAL TABLE t USING fts5(a)",
    "DROP TABLE authors",
    "ALTER TABLE authors RENAME TO a",
    "ATTACH '{other}' AS other",
    "ATTACH ':memory:' AS other",
    "DETACH main",
    "VACUUM",
    "VACUUM INTO '{other}'",
    "REINDEX",
    "ANALYZE",
    "BEGIN IMMEDIATE",
    "BEGIN",
    "SAVEPOINT s",
    "COMMIT",
    "PRAGMA query_only = OFF",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA journal_mode(WAL)",
    "PRAGMA user_version = 5",
    "PRAGMA writable_schema = ON",
    "PRAGMA wal_checkpoint",
    "PRAGMA incremental_vacuum",
    "PRAGMA optimize",
    "PRAGMA database_list",
    "PRAGMA temp_store_directory = '/tmp'",
    "UPDATE sqlite_master SET sql = ''",
    "SELECT load_extension('x')",
    "EXPLAIN DELETE FROM authors",
    "SELECT * FROM pragma_user_version(5)",
    "SELECT 'a' REGEXP 'a'",
]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".db-shm"}


async def execute(shop: Shop, sql: str) -> Any:
    """Run `sql` as it is on a connection of the pool, past the tool's own checks."""

    def work(connection: Any) -> Any:
        result = connection.exec_driver_sql(sql)
        return result.all() if result.returns_rows else None

    return await shop.module._access.use(None, lambda session: session.run(work))


@pytest.mark.parametrize("journal", ["delete", "wal"])
async def test_sqlite_itself_refuses_every_statement_that_writes(tmp_path: Path, journal: str) -> None:
    path = make_shop(tmp_path / "shop.db")
    write(path, f"PRAGMA journal_mode = {journal}; CREATE INDEX by_name ON authors (name)")
    async with opened(f"sqlite:///{path}") as shop:
        before = bytes_of(tmp_path)
        for sql in WRITES:
            with pytest.raises(CoreError) as caught:
                await execute(shop, sql.format(other=tmp_path / "other.db"))
            assert isinstance(caught.value, DeniedError | StatementError), sql
        assert bytes_of(tmp_path) == before
        assert shop.server.inspect().breakers[0].failures == 0
    assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize("sql", WRITES[:26])
async def test_the_query_tool_says_why_it_refuses_a_write(tmp_path: Path, sql: str) -> None:
    async with opened(f"sqlite:///{make_shop(tmp_path / 'shop.db')}") as shop:
        assert "is read-only here" in await shop.refused(sql.format(other=tmp_path / "other.db"))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM authors",
        "VALUES (1), (2)",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "EXPLAIN QUERY PLAN SELECT * FROM books",
        "PRAGMA table_info(books)",
        "PRAGMA foreign_key_list('books')",
        "PRAGMA user_version",
        "PRAGMA quick_check",
        "SELECT name FROM pragma_table_info('books')",
        "SELECT name FROM sqlite_master",
        "/* a comment */ -- and another\n SELECT 1",
        "SELECT json_extract('{\"a\": 1}', '$.a')",
    ],
)
async def test_what_reads_is_answered(tmp_path: Path, sql: str) -> None:
    async with opened(f"sqlite:///{make_shop(tmp_path / 'shop.db')}") as shop:
        assert (await shop.query(sql))["row_count"] >= 1


async def test_a_database_in_wal_mode_is_read_beside_its_writer(tmp_path: Path) -> None:
    path = make_shop(tmp_path / "shop.db")
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        async with opened(f"sqlite:///{path}") as shop:
            writer.execute("INSERT INTO authors VALUES (3, 'Clarice', NULL)")
            assert (await shop.query("SELECT count(*) AS n FROM authors"))["rows"] == [{"n": 2}]
            writer.commit()
            assert (await shop.query("SELECT count(*) AS n FROM authors"))["rows"] == [{"n": 3}]


KILLED_WRITER = """
import os, signal, sqlite3, sys
writer = sqlite3.connect(sys.argv[1])
writer.execute("PRAGMA cache_size = 1")
writer.execute("UPDATE books SET title = title || hex(zeroblob(2000))")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("journal", ["delete", "wal"])
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a process that can be killed half way")
async def test_what_a_killed_writer_left_is_put_right_before_it_is_read(tmp_path: Path, journal: str) -> None:
    path = make_shop(tmp_path / "shop.db")
    write(path, f"PRAGMA journal_mode = {journal}")
    await run_sync(lambda: subprocess.run([sys.executable, "-c", KILLED_WRITER, str(path)], check=False))
    assert len(list(tmp_path.iterdir())) > 1, "the writer left nothing behind"
    async with opened(f"sqlite:///{path}") as shop:
        assert (await shop.query("SELECT max(length(title)) AS n FROM books"))["rows"] == [{"n": 8}]


async def test_a_database_in_memory_answers_queries(tmp_path: Path) -> None:
    async with opened("sqlite://") as shop:
        assert (await shop.query("SELECT 6 * 7 AS n"))["rows"] == [{"n": 42}]
        assert "is read-only here" in await shop.refused("ATTACH 'x.db' AS x")


async def test_a_value_of_hundreds_of_megabytes_is_never_made(tmp_path: Path) -> None:
    async with opened(f"sqlite:///{make_shop(tmp_path / 'shop.db')}") as shop:
        assert "string or blob too big" in await shop.refused("SELECT length(zeroblob(500000000)) AS n")
