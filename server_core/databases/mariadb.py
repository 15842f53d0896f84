"""MariaDB and MySQL through PyMySQL, in read-only transactions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import ModuleStartError
from .backend import DatabaseBackend, DatabaseConnection, Verdict, WorkResultT
from .roles import RolePowers, mariadb_powers
from .schema import ColumnInfo, ForeignKeyInfo, TableInfo
from .sockets import is_silent, shut_socket
from .statements import SqlGrammar

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult, Engine

_MARIADB_EVERY_ROW = "LIMIT 18446744073709551615"
"""For our own catalogue queries, to which the row limit does not apply."""

_MARIADB_TABLES = f"""
    SELECT table_name, table_type FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type <> 'SEQUENCE' ORDER BY table_name {_MARIADB_EVERY_ROW}
"""
_MARIADB_COLUMNS = f"""
    SELECT table_name, column_name, column_type, is_nullable = 'YES', column_default
    FROM information_schema.columns WHERE table_schema = DATABASE()
    ORDER BY table_name, ordinal_position {_MARIADB_EVERY_ROW}
"""
_MARIADB_KEYS = f"""
    SELECT table_name, constraint_name, column_name, referenced_table_name, referenced_column_name
    FROM information_schema.key_column_usage
    WHERE table_schema = DATABASE() AND (constraint_name = 'PRIMARY' OR referenced_table_name IS NOT NULL)
    ORDER BY table_name, constraint_name, ordinal_position {_MARIADB_EVERY_ROW}
"""

_MARIADB_SHORTENED = "a shorter time limit is set"
"""Marks a connection in SQLAlchemy's `info`."""

_MARIADB_READ_OTHERWISE = frozenset(
    {"ANSI", "ANSI_QUOTES", "DB2", "MAXDB", "MSSQL", "NO_BACKSLASH_ESCAPES", "ORACLE", "POSTGRESQL"}
)
"""Modes that change the meaning of quotes or backslashes."""

_MARIADB_LOST = frozenset({1040, 1053, 1077, 1152, 1158, 1159, 1160, 1161, 1203, 1226, 1927})
_MARIADB_LOST |= frozenset(range(2000, 2060))
_MARIADB_DENIED = frozenset({1044, 1045, 1142, 1143, 1227, 1290, 1370, 1792, 1836})
_MARIADB_LIMIT = frozenset({1028, 1317, 1969, 3024})
_MARIADB_MISSING = frozenset({1051, 1146, 1356})


class MariadbBackend(DatabaseBackend):
    """MariaDB or MySQL: runs single statements, each in `START TRANSACTION READ ONLY`.

    What such a transaction allows beyond reading (`INTO OUTFILE`, `load_file`, `get_lock`) is refused here, as are
    executable comments. The tables are those of the database named in the URL.
    """

    label: ClassVar[str] = "MariaDB"
    grammar: ClassVar[SqlGrammar | None] = SqlGrammar(
        words=frozenset({"select", "with", "values", "table", "explain", "show", "describe", "desc"}),
        skipped=r"--(?=[\s\x00-\x1f\x7f]|\Z)[^\n]*|#[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^'\\]|\\.|'')*+(?:'|\Z)"
        r'|"(?:[^"\\]|\\.|"")*+(?:"|\Z)|`(?:[^`]|``)*+(?:`|\Z)',
        placeholders=True,
        refused=r"/\*M?!|\b(?:out|dump)file\b",
        lingering="@",
        quote="`",
        functions=r"load_file|(?:get|release)_lock|release_all_locks|master_(?:pos|gtid)_wait|wait_for_executed\w*|sys_\w+"
        r"|(?:next|set)val|benchmark",
    )
    limits_itself: ClassVar[bool] = True

    def make_engine(self) -> Engine:
        from sqlalchemy import create_engine, event
        from sqlalchemy.pool import NullPool

        if not self.url.database:
            raise ModuleStartError("url needs a database name: mysql://user@host/name")
        arguments: dict[str, Any] = {
            name: value
            for name, value in (("connect_timeout", 10), ("charset", "utf8mb4"))
            if name not in self.url.query
        }
        # A silent server must not block a thread forever.
        arguments["read_timeout"] = int(self.bounds.seconds) + 10
        engine = create_engine(self.url, poolclass=NullPool, connect_args=arguments)

        def connected(driver: Any, _record: Any) -> None:
            with closing(driver.cursor()) as cursor:
                cursor.execute("SET SESSION TRANSACTION READ ONLY")
                # Strings and names are parsed here as the server does by default.
                cursor.execute("SELECT @@sql_mode")
                modes = str(cursor.fetchone()[0]).split(",")
                if not _MARIADB_READ_OTHERWISE.isdisjoint(modes):
                    kept = ",".join(mode for mode in modes if mode not in _MARIADB_READ_OTHERWISE)
                    cursor.execute("SET SESSION sql_mode = %s", (kept,))
                # A statement without its own LIMIT stops after one row too many.
                cursor.execute(f"SET SESSION sql_select_limit = {self.bounds.rows + 1}")
                cursor.execute(self._time_limit(driver, self.bounds.seconds))

        event.listen(engine, "connect", connected)
        return engine

    def is_current(self, connection: DatabaseConnection) -> bool:
        descriptor = _descriptor(connection.driver)
        return super().is_current(connection) and descriptor is not None and is_silent(descriptor)

    def perform(
        self, connection: DatabaseConnection, work: Callable[[Connection], WorkResultT]
    ) -> WorkResultT:
        sql = connection.sql
        sql.exec_driver_sql("START TRANSACTION READ ONLY")
        try:
            return super().perform(connection, work)
        finally:
            if sql.info.pop(_MARIADB_SHORTENED, False) and not sql.invalidated:
                with closing(connection.driver.cursor()) as cursor:
                    cursor.execute(self._time_limit(connection.driver, self.bounds.seconds))

    def limit_next(self, connection: Connection, seconds: float) -> None:
        connection.info[_MARIADB_SHORTENED] = True
        connection.exec_driver_sql(self._time_limit(connection.connection.driver_connection, seconds))

    def leave_rows(self, connection: Connection, result: CursorResult[Any]) -> None:
        # PyMySQL would read the rest, however long, and has no public way to skip it; a new connection is cheaper. The
        # server stops by itself.
        unread = getattr(result.cursor, "_result", None)
        if unread is not None and unread.unbuffered_active:
            unread.unbuffered_active = False
            connection.invalidate()

    def interrupt(self, connection: DatabaseConnection) -> None:
        other = self.engine.raw_connection()
        try:
            with closing(other.cursor()) as cursor, suppress(Exception):
                cursor.execute(f"KILL QUERY {int(connection.driver.thread_id())}")
        finally:
            other.close()

    def abort(self, connection: DatabaseConnection) -> None:
        descriptor = _descriptor(connection.driver)
        if descriptor is not None:
            shut_socket(descriptor)

    def verdict(self, error: BaseException) -> Verdict:
        original = getattr(error, "orig", None) or error
        arguments: tuple[Any, ...] = getattr(original, "args", ())
        code = arguments[0] if arguments and isinstance(arguments[0], int) else 0
        if code in _MARIADB_LIMIT:
            return "limit"
        if (
            code in _MARIADB_LOST
            or isinstance(original, OSError)
            or getattr(error, "connection_invalidated", False)
        ):
            return "lost"
        if code in _MARIADB_DENIED:
            return "denied"
        return "missing" if code in _MARIADB_MISSING else "statement"

    def text(self, error: BaseException) -> str:
        original = getattr(error, "orig", None) or error
        arguments: tuple[Any, ...] = getattr(original, "args", ())
        return str(arguments[1]).strip() if len(arguments) == 2 else super().text(error)

    def examine_role(self, connection: Connection) -> RolePowers | None:
        return mariadb_powers(connection)

    def tables(self, connection: Connection) -> list[TableInfo]:
        def rows(sql: str) -> Any:
            return connection.exec_driver_sql(sql, execution_options={"no_parameters": True}).all()

        columns: dict[str, list[ColumnInfo]] = {}
        for table, name, kind, nullable, default in rows(_MARIADB_COLUMNS):
            value = None if default == "NULL" else default  # an expression: the text NULL would be 'NULL'
            columns.setdefault(table, []).append(ColumnInfo(name, kind, bool(nullable), value))
        keys: dict[str, dict[str, list[tuple[str, str | None, str | None]]]] = {}
        for table, constraint, name, referred, reference in rows(_MARIADB_KEYS):
            keys.setdefault(table, {}).setdefault(constraint, []).append((name, referred, reference))
        return [
            TableInfo(
                name,
                "view" if "VIEW" in kind else "table",
                columns=tuple(columns.get(name, ())),
                primary_key=tuple(part[0] for part in keys.get(name, {}).get("PRIMARY", ())),
                foreign_keys=tuple(
                    ForeignKeyInfo(
                        tuple(part[0] for part in parts),
                        parts[0][1] or "",
                        tuple(part[2] or "" for part in parts),
                    )
                    for constraint, parts in keys.get(name, {}).items()
                    if constraint != "PRIMARY"
                ),
            )
            for name, kind in rows(_MARIADB_TABLES)
        ]

    def _time_limit(self, driver: Any, seconds: float) -> str:
        if "mariadb" in str(driver.get_server_info()).lower():
            return f"SET SESSION max_statement_time = {seconds:.3f}"
        return f"SET SESSION max_execution_time = {max(1, round(seconds * 1000))}"


def _descriptor(driver: Any) -> int | None:
    """The connection's socket, for which PyMySQL has no public name."""
    sock = getattr(driver, "_sock", None)
    return None if sock is None or sock.fileno() < 0 else sock.fileno()
