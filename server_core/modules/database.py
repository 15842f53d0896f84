"""The database module: tables as resources, the schema, and a query tool, all read-only."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from mcp.types import Resource, ResourceTemplate, TextResourceContents

from ..databases.access import DatabaseAccess
from ..databases.backend import DatabaseBounds
from ..databases.connect import database_backend
from ..databases.file_watch import SqliteFileChange, SqliteFileWatch
from ..databases.query_tool import QueryTool
from ..databases.reader import TableReader
from ..databases.roles import RolePowers
from ..databases.schema import TableInfo, describe_tables
from ..errors import CoreError, ModuleStartError, NotFoundError, UnavailableError
from ..items import Contents, Offer, ReadHandler, ResourceItem, TemplateItem, ToolItem
from ..module import Module, ModuleContext
from ..request import Request
from ..settings import BreakerSettings, PoolSettings

WATCH_SECONDS = 0.5
"""How often a SQLite file is checked for changes."""

LOOK_SECONDS = 10.0
"""How often an idle database that can't be watched is checked."""

LEAST_VALUE_BYTES = 64_000_000
"""The largest single value that SQLite may create, unless results may be larger."""

STOP_GRACE_SECONDS = 5.0
"""How much longer a request may take than its statement, so that the statement is stopped first."""


class DatabaseModule(Module):
    """A read-only database: SQLite, PostgreSQL, MariaDB and MySQL; for others supported by SQLAlchemy, only the tables.

    Offers `db://table/{name}` for every table and view (`?limit=…&offset=…`), `db://schema`, and the tool
    `query(sql, parameters, limit)`. A SQLite file is watched: reads are cached, and whenever anyone writes to the file,
    cached reads are dropped and subscribed clients are notified. Other databases can't be watched, so every read
    queries them, unless `cached` is set; new tables appear when the schema is read or one of them is requested.
    """

    kind: ClassVar[str] = "database"
    heavy: ClassVar = True

    def __init__(
        self,
        name: str,
        *,
        url: str,
        pool: PoolSettings | None = None,
        page_size: int = 100,
        max_rows: int = 1000,
        cached: bool | None = None,
        prefix: str = "",
        breaker: BreakerSettings | None = None,
    ) -> None:
        """Args:
        url: any SQLAlchemy URL; `${VAR}` is replaced from the environment at the start, and a relative SQLite file is
            resolved against the server's base.
        page_size: the default number of rows in a page or a query result.
        max_rows: the largest number of rows that can be requested.
        cached: whether reads of tables and of the schema are cached, for up to the cache's `ttl`. By default they are
            if changes are noticed, which is only in a SQLite file.
        """
        super().__init__(name, prefix=prefix, breaker=breaker)
        if page_size < 1 or max_rows < 1:
            raise ValueError("page_size and max_rows must be at least 1")
        self.url = url
        self.pool_settings = pool or PoolSettings()
        self.page_size = min(page_size, max_rows)
        self.max_rows = max_rows
        self.cached = cached
        self._context: ModuleContext
        self._access: DatabaseAccess
        self._started = False
        self._watch: SqliteFileWatch | None = None
        self._tables: dict[str, TableInfo] = {}
        self.powers: RolePowers | None = None
        """What the database's role may do beyond reading, known once the module is running."""

    # -- lifecycle

    async def start(self, context: ModuleContext) -> None:
        self._context = context
        limits = context.limits
        bounds = DatabaseBounds(
            limits.query_seconds, self.max_rows, max(LEAST_VALUE_BYTES, 2 * limits.result_bytes)
        )
        backend = await context.run_sync(lambda: database_backend(self.url, context.base, os.environ, bounds))
        self._access = DatabaseAccess(self.name, backend, self.pool_settings, context)
        self._reader = TableReader(
            self._access,
            page_size=self.page_size,
            max_rows=self.max_rows,
            result_bytes=limits.result_bytes,
            clock=context.clock,
            table_uri=self._table_uri,
        )
        self._query = QueryTool(
            self._access, page_size=self.page_size, max_rows=self.max_rows, result_bytes=limits.result_bytes
        )
        self._started = True
        context.breaker(self.name, self.breaker_settings).prober = self._reader.tables
        context.add_pool(self._access.pool)
        if backend.file:
            if not os.path.isfile(backend.file):
                what = "is a folder" if os.path.isdir(backend.file) else "does not exist"
                raise ModuleStartError(
                    f"{backend.file} {what}: create the database, or correct url", passing=True
                )
            # Before the tables are read, so that no change is missed in between.
            self._watch = SqliteFileWatch(backend.file)
            await context.run_sync(self._watch.look)
        try:
            await self._access.pool.open()
            self._tables = await self._reader.tables()
            await self._examine_role()
        except CoreError as error:
            reason = f"{error} ({backend.file})" if backend.file else str(error)
            raise ModuleStartError(reason, passing=True) from error
        context.offer(self._offer())
        self._note_tables()
        if self.powers is not None:
            logging.getLogger(__name__).warning(
                "%s: %s. Create a read-only role and use it in url: %s",
                self.name, self.powers, self.powers.remedy,
            )  # fmt: skip
        if self._watch is not None:
            context.spawn(self._follow(self._watch), "watching the file")
        else:
            context.spawn(self._look_after(), "checking that the database answers")

    async def stop(self) -> None:
        if self._started:
            await self._access.aclose()
        if self._watch is not None:
            self._watch.close()

    async def _examine_role(self) -> None:
        backend = self._access.backend
        try:
            self.powers = await self._access.use(
                None, lambda session: session.run(backend.examine_role, stage="role")
            )
        except UnavailableError:
            raise
        except CoreError:
            # A compatible server without this catalogue.
            self.powers = None

    def _note_tables(self) -> None:
        text = describe_tables(self._tables)
        if self.powers is not None:
            text = f"{self.powers} (`workbench check` shows the SQL for a read-only role); {text}"
        self._context.note(text, trouble=self.powers is not None)

    # -- items

    def _offer(self) -> Offer:
        seconds = max(
            self._context.limits.call_seconds, self._context.limits.query_seconds + STOP_GRACE_SECONDS
        )
        guarded: dict[str, Any] = {"breaker": self.name, "seconds": seconds}
        cached = self._watch is not None if self.cached is None else self.cached
        self._query.table_names = tuple(self._tables)
        tools: list[ToolItem] = []
        if self._access.backend.grammar is not None:
            definition = self._query.definition(self.prefixed("query"), self.name, self._schema_uri)
            tools.append(ToolItem(definition, self._query.call, **guarded))
        schema = Resource(
            uri=self._schema_uri,
            name=f"{self.name} schema",
            description=f"Tables of {self.name} with their columns, keys and row counts",
            mime_type="application/json",
        )
        template = ResourceTemplate(
            uri_template=self.uri("db", "table/{name}{?limit,offset}"),
            name=f"{self.name} tables",
            description=(
                f"Rows of a table of {self.name}; limit is {self.page_size} by default, "
                f"at most {self.max_rows}"
            ),
            mime_type="application/json",
        )
        return Offer(
            tools=tools,
            resources=[
                ResourceItem(schema, self._read_schema, cached=cached, **guarded),
                *(
                    ResourceItem(self._resource(table), self._table_reader(name), cached=cached, **guarded)
                    for name, table in self._tables.items()
                ),
            ],
            templates=[
                TemplateItem(template, self._read_table, cached=cached, complete=self._complete, **guarded)
            ],
        )

    @property
    def _schema_uri(self) -> str:
        return self.uri("db", "schema")

    def _table_uri(self, name: str) -> str:
        return self.uri("db", f"table/{quote(name, safe='')}")

    def _resource(self, table: TableInfo) -> Resource:
        columns = len(table.columns)
        return Resource(
            uri=self._table_uri(table.name),
            name=table.name,
            description=f"{table.kind.capitalize()} of {self.name} with {columns} column{'' if columns == 1 else 's'}",
            mime_type="application/json",
        )

    # -- handlers

    def _table_reader(self, name: str) -> ReadHandler:
        async def read(request: Request, uri: str, _variables: Mapping[str, Any]) -> Contents:
            return await self._read_table(request, uri, {"name": name})

        return read

    async def _read_table(self, request: Request, uri: str, variables: Mapping[str, Any]) -> Contents:
        name = str(variables["name"])
        if name not in self._tables:
            await self._refresh()
        table = self._tables.get(name)
        if table is None:
            raise NotFoundError("resource", self._table_uri(name), map(self._table_uri, self._tables))
        return _json_contents(uri, await self._reader.page(request, table, variables))

    async def _read_schema(self, request: Request, uri: str, _variables: Mapping[str, Any]) -> Contents:
        await self._refresh()
        return _json_contents(uri, await self._reader.schema(request, self.name, self._tables))

    async def _complete(
        self, _request: Request, argument: str, typed: str, _others: Mapping[str, str]
    ) -> Sequence[str]:
        if argument != "name":
            return ()
        wanted = typed.casefold()
        names = [name for name in self._tables if wanted in name.casefold()]
        return sorted(names, key=lambda name: (not name.casefold().startswith(wanted), name))

    # -- changes

    async def _refresh(self) -> bool:
        """Read the tables again and offer them; returns `True` if they changed.

        Raises:
            UnavailableError: the database does not answer.
            ModuleStartError: a new table has the URI of another module's resource.
            ModuleStartError: a new table has the URI of another module's resource.
        """
        tables = await self._reader.tables()
        if tables == self._tables:
            return False
        before, self._tables = self._tables, tables
        try:
            self._context.offer(self._offer())
        except ModuleStartError:
            self._tables = before
            raise
        self._note_tables()
        if list(before) != list(tables):
            await self._context.publish(resources=True, tools=True)
        return True

    async def _follow(self, watch: SqliteFileWatch) -> None:
        """Check the file forever, and react to its changes."""
        while True:
            await self._context.clock.sleep(WATCH_SECONDS)
            change = await self._context.run_sync(watch.look)
            if change is not None:
                await self._on_change(change)

    async def _look_after(self) -> None:
        """Check now and then that an idle database still answers, and note it if not."""
        context, pool = self._context, self._access.pool
        answers = True
        while True:
            await context.clock.sleep(LOOK_SECONDS)
            state = pool.state()
            if state.in_use or (answers and not state.idle and not state.min_size):
                continue  # its users will notice, and nothing is opened just to check
            try:
                async with pool.connection("health check"):  # the pool checks it first
                    pass
            except CoreError as error:
                answers = False
                context.note(str(error), trouble=True)
            else:
                if not answers:
                    answers = True
                    self._note_tables()

    async def _on_change(self, change: SqliteFileChange) -> None:
        context, before = self._context, list(self._tables)
        if change in ("replaced", "gone"):
            self._access.retire_connections()
        context.invalidate()
        if change == "gone":
            context.note("the file is gone", trouble=True)
            return
        try:
            if change != "written":
                await self._refresh()
        except CoreError as error:
            # Readers see the same error; the file's next change triggers the next attempt.
            context.note(str(error), trouble=True)
            return
        self._note_tables()
        if change == "replaced":
            context.breaker(self.name).allow_probe()
        names = dict.fromkeys([*self._tables, *before])
        await context.publish(updated=[self._schema_uri, *map(self._table_uri, names)])


def _json_contents(uri: str, text: str) -> Contents:
    return [TextResourceContents(uri=uri, mime_type="application/json", text=text)]
