"""PostgreSQL through psycopg, in read-only transactions."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from .backend import DatabaseBackend, DatabaseConnection, Verdict
from .roles import RolePowers, postgresql_powers, postgresql_refused_functions
from .schema import ColumnInfo, ForeignKeyInfo, TableInfo
from .sockets import is_silent, shut_socket
from .statements import SqlGrammar
from .values import json_with_all_digits

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, ExceptionContext

_PG_CURSOR_WORDS = frozenset({"select", "with", "values", "table"})
"""Statements that a server-side cursor can run; the others have short results."""

_PG_RANGES = tuple(
    f"{of}{kind}" for of in ("int4", "int8", "num", "date", "ts", "tstz") for kind in ("range", "multirange")
)

_PG_VISIBLE = """
    SELECT c.oid, n.nspname, c.relname, c.relkind
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
        AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND pg_catalog.pg_table_is_visible(c.oid)
"""
_PG_COLUMNS = f"""
    SELECT t.oid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
        pg_catalog.pg_get_expr(d.adbin, d.adrelid)
    FROM ({_PG_VISIBLE}) t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid
        LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY t.oid, a.attnum
"""
_PG_NAMES_OF = """ARRAY(
    SELECT a.attname::text FROM unnest({keys}) WITH ORDINALITY part(number, place)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = {table} AND a.attnum = part.number ORDER BY part.place)
"""
_PG_KEYS = f"""
    SELECT t.oid, k.contype = 'p', {_PG_NAMES_OF.format(keys="k.conkey", table="k.conrelid")}, r.relname,
        {_PG_NAMES_OF.format(keys="k.confkey", table="k.confrelid")}
    FROM ({_PG_VISIBLE}) t JOIN pg_catalog.pg_constraint k ON k.conrelid = t.oid AND k.contype IN ('p', 'f')
        LEFT JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
    ORDER BY t.oid, k.conname
"""


class PostgresqlBackend(DatabaseBackend):
    """PostgreSQL: runs each statement in `BEGIN READ ONLY`, over the protocol that accepts only a single statement.

    The tables are those reachable by an unqualified name, so `options=-csearch_path=…` in the URL selects schemas.
    Statements that call functions which do more than read (`pg_read_file`, `lo_export`, `set_config`, `dblink`) are
    refused, but a privileged role may find another way: use a role with few privileges in the URL.
    """

    label: ClassVar[str] = "PostgreSQL"
    grammar: ClassVar[SqlGrammar | None] = SqlGrammar(
        words=frozenset({"select", "with", "values", "table", "explain", "show"}),
        skipped=r"--[^\n\r]*|/\*.*?(?:\*/|\Z)|(?<![^\W\d])[eE]'(?:[^'\\]|\\.|'')*+(?:'|\Z)|'(?:[^']|'')*+(?:'|\Z)"
        r'|"(?:[^"]|"")*+(?:"|\Z)|\$(?P<tag>[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff]*)?\$'
        r".*?(?:\$(?(tag)(?P=tag))\$|\Z)",
        placeholders=True,
        functions=r"dblink\w*|crosstab\w*|connectby|xpath_table|query_to_xml\w*|lo_import|lo_export|set_config",
        tables=frozenset(
            (
                "pg_authid",
                "pg_shadow",
                "pg_user_mapping",
                "pg_hba_file_rules",
                "pg_file_settings",
                "pg_subscription",
            )
        ),
    )
    limits_itself: ClassVar[bool] = True

    def make_engine(self) -> Engine:
        from sqlalchemy import create_engine, event
        from sqlalchemy.pool import NullPool

        given = self.url.query.get("options", ())
        options = [given] if isinstance(given, str) else list(given)
        options.append(f"-c statement_timeout={max(1, round(self.bounds.seconds * 1000))}")
        # Strings are parsed here as PostgreSQL parses them.
        options.append("-c standard_conforming_strings=on")
        arguments: dict[str, Any] = {
            "options": " ".join(options),
            # Prepared statements use the extended protocol, which accepts one statement at a time: no
            # "select 1; commit; drop table …".
            "prepare_threshold": 0,
            "keepalives_idle": 30,
        }
        if "connect_timeout" not in self.url.query:
            arguments["connect_timeout"] = 10
        engine = create_engine(self.url, poolclass=NullPool, connect_args=arguments)
        event.listen(engine, "handle_error", _close_lost_cursor)
        return engine.execution_options(postgresql_readonly=True)

    def open(self) -> DatabaseConnection:
        connection = super().open()
        _read_leniently(connection.driver)
        connection.sql.rollback()
        return connection

    def is_current(self, connection: DatabaseConnection) -> bool:
        return (
            super().is_current(connection)
            and not connection.driver.closed
            and is_silent(connection.driver.fileno())
        )

    def limit_next(self, connection: Connection, seconds: float) -> None:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, round(seconds * 1000))}")

    def streaming(self, word: str) -> dict[str, Any]:
        return super().streaming(word) if word in _PG_CURSOR_WORDS else {}

    def interrupt(self, connection: DatabaseConnection) -> None:
        connection.driver.cancel_safe(timeout=5)

    def abort(self, connection: DatabaseConnection) -> None:
        shut_socket(connection.driver.fileno())

    def verdict(self, error: BaseException) -> Verdict:
        import psycopg

        original = getattr(error, "orig", None) or error
        state = getattr(original, "sqlstate", None) or ""
        if state == "57014":
            return "limit"
        if state in ("42501", "25006"):
            return "denied"
        if state in ("42P01", "3F000"):
            return "missing"
        if state.startswith(("08", "53", "57P", "58")) or getattr(error, "connection_invalidated", False):
            return "lost"
        without_answer = isinstance(original, psycopg.OperationalError | psycopg.InterfaceError | OSError)
        return "lost" if without_answer and not state else "statement"

    def text(self, error: BaseException) -> str:
        diagnosis = getattr(getattr(error, "orig", None), "diag", None)
        if diagnosis is None or not diagnosis.message_primary:
            return super().text(error)
        parts = [diagnosis.message_primary, diagnosis.message_detail, diagnosis.message_hint]
        return ". ".join(part.rstrip(".") for part in parts if part)

    def examine_role(self, connection: Connection) -> RolePowers | None:
        self.refused_functions = postgresql_refused_functions(connection)
        return postgresql_powers(connection)

    def tables(self, connection: Connection) -> list[TableInfo]:
        def rows(sql: str) -> Any:
            return connection.exec_driver_sql(sql, execution_options={"no_parameters": True}).all()

        columns: dict[int, list[ColumnInfo]] = {}
        for oid, name, kind, nullable, default in rows(_PG_COLUMNS):
            columns.setdefault(oid, []).append(ColumnInfo(name, kind, nullable, default))
        primary: dict[int, tuple[str, ...]] = {}
        foreign: dict[int, list[ForeignKeyInfo]] = {}
        for oid, is_primary, names, table, references in rows(_PG_KEYS):
            if is_primary:
                primary[oid] = tuple(names)
            else:
                foreign.setdefault(oid, []).append(ForeignKeyInfo(tuple(names), table, tuple(references)))
        found = [
            TableInfo(
                name,
                "view" if kind in ("v", "m") else "table",
                schema,
                tuple(columns.get(oid, ())),
                primary.get(oid, ()),
                tuple(foreign.get(oid, ())),
            )
            for oid, schema, name, kind in rows(_PG_VISIBLE)
        ]
        return sorted(found, key=lambda table: table.name)


def _close_lost_cursor(context: ExceptionContext) -> None:
    """SQLAlchemy leaves the cursor of a lost connection open, which makes psycopg warn."""
    cursor = getattr(context.execution_context, "cursor", None)
    if context.is_disconnect and cursor is not None:
        with suppress(Exception):
            cursor.close()


def _read_leniently(driver: Any) -> None:
    """Load values that Python can't represent as PostgreSQL's text: infinite dates and those before Christ, months in
    intervals, ranges."""
    from psycopg import DataError
    from psycopg.adapt import Loader
    from psycopg.pq import Format

    def decoded(data: Any) -> str:
        return bytes(data).decode("utf-8", "replace")

    def lenient(first: Callable[[int], Callable[[Any], Any]]) -> type[Loader]:
        class LenientLoader(Loader):
            def __init__(self, oid: int, context: Any = None) -> None:
                super().__init__(oid, context)
                self._first = first(oid)

            def load(self, data: Any) -> Any:
                try:
                    return self._first(data)
                except (DataError, ValueError, RecursionError):
                    return decoded(data)

        return LenientLoader

    def usual(oid: int) -> Callable[[Any], Any]:
        loader = usual_loaders[oid]
        load: Callable[[Any], Any] = loader(oid, driver).load
        return load

    usual_loaders: dict[int, Any] = {}
    for name in ("date", "timestamp", "timestamptz", "time", "timetz"):
        oid = driver.adapters.types[name].oid
        usual_loaders[oid] = driver.adapters.get_loader(oid, Format.TEXT)
        driver.adapters.register_loader(oid, lenient(usual))
    for name in ("interval", *_PG_RANGES):
        driver.adapters.register_loader(name, lenient(lambda _oid: decoded))
    for name in ("json", "jsonb"):
        driver.adapters.register_loader(
            name, lenient(lambda _oid: lambda data: json_with_all_digits(bytes(data)))
        )
