"""SQLite, opened read-only."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, unquote

from .backend import DatabaseBackend, DatabaseConnection, Verdict, WorkResultT
from .schema import ColumnInfo, ForeignKeyInfo, TableInfo
from .sqlite_guard import guard_sqlite
from .statements import SqlGrammar

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

_SQLITE_LOST = (
    "SQLITE_BUSY",
    "SQLITE_CANTOPEN",
    "SQLITE_CORRUPT",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_LOCKED",
    "SQLITE_NOTADB",
    "SQLITE_PROTOCOL",
    "SQLITE_READONLY_",
)
"""Prefixes of the names of errors that concern the file or the connection."""


class SqliteBackend(DatabaseBackend):
    """A SQLite file, opened with `mode=ro` and guarded by SQLite's authorizer; or an in-memory database.

    Works alongside writers in any journal mode. A rollback journal left by a crashed writer is rolled back first, as
    any program that opens the file would do.
    """

    label: ClassVar[str] = "SQLite"
    grammar: ClassVar[SqlGrammar | None] = SqlGrammar(
        words=frozenset({"select", "with", "values", "explain", "pragma"}),
        skipped=r"--[^\n]*|/\*.*?(?:\*/|\Z)",
        placeholders=False,
    )
    survives_interrupt: ClassVar[bool] = True

    def make_engine(self) -> Engine:
        from sqlalchemy import create_engine, event
        from sqlalchemy.pool import NullPool

        self.file = sqlite_file(self.url)
        url = self.url.difference_update_query(["detect_types", "isolation_level", "check_same_thread"])
        if self.file:
            url = url.set(database=f"file:{quote(self.file)}").update_query_dict(
                {"mode": "ro", "uri": "true"}
            )
        # Each statement reads one snapshot: no transaction is needed, and none is left open.
        engine = create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"check_same_thread": False}
        )

        def connected(driver: Any, _record: Any) -> None:
            guard_sqlite(driver, self.bounds.value_bytes)

        event.listen(engine, "connect", connected)
        return engine

    def open(self) -> DatabaseConnection:
        identity = file_identity(self.file)
        if self.file and identity is None:
            # Clients see this text and need not know the folder.
            raise FileNotFoundError(f"the file {os.path.basename(self.file)} is gone")
        connection = super().open()
        connection.identity = identity
        try:
            self._look_inside(connection.driver)
        except BaseException:
            connection.sql.close()
            raise
        return connection

    def is_current(self, connection: DatabaseConnection) -> bool:
        return connection.identity == file_identity(self.file) and super().is_current(connection)

    def perform(
        self, connection: DatabaseConnection, work: Callable[[Connection], WorkResultT]
    ) -> WorkResultT:
        try:
            return super().perform(connection, work)
        except Exception as error:
            if connection.driver.text_factory is not str or not _is_invalid_sqlite_text(error):
                raise
            # Slower, so only used for a database with such text.
            connection.driver.text_factory = _replaced_text
            return super().perform(connection, work)

    def interrupt(self, connection: DatabaseConnection) -> None:
        connection.driver.interrupt()

    def streaming(self, word: str) -> dict[str, Any]:
        return {}  # SQLite computes each row on demand

    def verdict(self, error: BaseException) -> Verdict:
        original = getattr(error, "orig", None) or error
        if isinstance(original, OSError):
            return "lost"
        code: str = getattr(original, "sqlite_errorname", "")
        if code == "SQLITE_INTERRUPT":
            return "limit"
        if code in ("SQLITE_AUTH", "SQLITE_READONLY"):
            return "denied"
        if code.startswith(_SQLITE_LOST):
            return "lost"
        return "missing" if str(original).startswith("no such table") else "statement"

    def tables(self, connection: Connection) -> list[TableInfo]:
        driver: Any = connection.connection.driver_connection
        return [
            _sqlite_table(driver, name, kind)
            for name, kind in sorted(_sqlite_names(driver).items(), key=lambda pair: pair[0])
        ]

    def _look_inside(self, driver: sqlite3.Connection) -> None:
        """Read the catalogue, to detect at once that a file is not a database or needs a rollback."""
        try:
            driver.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        except sqlite3.OperationalError as error:
            if not self.file or not error.sqlite_errorname.startswith("SQLITE_READONLY_"):
                raise
            repair = sqlite3.connect(f"file:{quote(self.file)}?mode=rw", uri=True)
            try:
                repair.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
            finally:
                repair.close()
            driver.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()


def sqlite_file(url: URL) -> str:
    """The path of the file in a SQLite URL; empty for an in-memory database."""
    name = url.database or ":memory:"
    if name == ":memory:" or url.query.get("mode") == "memory" or name.startswith("file::memory:"):
        return ""
    return os.path.abspath(unquote(name.removeprefix("file:")) if name.startswith("file:") else name)


def file_identity(path: str) -> tuple[int, int] | None:
    """A value that distinguishes a file from one put in its place; `None` if there is none."""
    if not path:
        return None
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _sqlite_names(driver: sqlite3.Connection) -> dict[str, str]:
    """Names of tables and views, without SQLite's own and the shadow tables of virtual tables."""
    if sqlite3.sqlite_version_info >= (3, 37):
        listed = driver.execute("PRAGMA main.table_list").fetchall()
        found = {row[1]: "view" if row[2] == "view" else "table" for row in listed if row[2] != "shadow"}
    else:
        found = dict(driver.execute("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"))
    return {name: kind for name, kind in found.items() if not name.lower().startswith("sqlite_")}


def _sqlite_table(driver: sqlite3.Connection, name: str, kind: str) -> TableInfo:
    view = kind == "view"
    quoted = '"' + name.replace('"', '""') + '"'
    try:
        described = driver.execute(f"PRAGMA main.table_xinfo({quoted})").fetchall()
    except sqlite3.Error as error:
        return TableInfo(name, "view" if view else "table", problem=str(error))
    # The last field marks hidden columns of virtual tables, which SELECT * omits as well.
    visible = [row for row in described if row[6] != 1]
    keyed = sorted((row[5], row[1]) for row in visible if row[5])
    return TableInfo(
        name,
        "view" if view else "table",
        columns=tuple(ColumnInfo(row[1], row[2] or "", not row[3] and not row[5], row[4]) for row in visible),
        primary_key=tuple(column for _, column in keyed),
        foreign_keys=() if view else _sqlite_foreign_keys(driver, quoted),
    )


def _sqlite_foreign_keys(driver: sqlite3.Connection, quoted: str) -> tuple[ForeignKeyInfo, ...]:
    keys: dict[int, list[tuple[str, str, str | None]]] = {}
    for number, _, table, column, reference, *_ in driver.execute(f"PRAGMA main.foreign_key_list({quoted})"):
        keys.setdefault(number, []).append((table, column, reference))
    return tuple(
        ForeignKeyInfo(
            tuple(column for _, column, _ in parts),
            parts[0][0],
            tuple(reference for _, _, reference in parts if reference is not None),
        )
        for _, parts in sorted(keys.items())
    )


def _is_invalid_sqlite_text(error: Exception) -> bool:
    return "Could not decode to UTF-8" in str(getattr(error, "orig", None) or error)


def _replaced_text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
