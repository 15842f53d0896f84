"""Creates the documents for a database's resources: a page of a table, and the schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..clock import Clock
from ..errors import NotFoundError, TooLargeError
from ..request import Request
from .access import DatabaseAccess, DatabaseSession
from .failures import MissingTableError
from .paging import PageRequest, count_rows, known_count, page_metadata, read_page
from .rows import FetchedRows
from .schema import RowCount, TableInfo, table_document

if TYPE_CHECKING:
    from sqlalchemy import Connection

COUNT_SECONDS = 1.0
"""How long counting a table's rows may take for a page; after that its total is null."""
SCHEMA_COUNT_SECONDS = 5.0
"""How long counting the rows of all tables may take for the schema."""
DOCUMENT_MARGIN = 2000
"""Bytes in a page's document besides its rows."""


class TableReader:
    """Reads the tables and the schema of one database, as JSON text."""

    def __init__(
        self,
        access: DatabaseAccess,
        *,
        page_size: int,
        max_rows: int,
        result_bytes: int,
        clock: Clock,
        table_uri: Callable[[str], str],
    ) -> None:
        self._access = access
        self._page_size = page_size
        self._max_rows = max_rows
        self._result_bytes = result_bytes
        self._clock = clock
        self._table_uri = table_uri

    async def tables(self) -> dict[str, TableInfo]:
        """Every table and view by name; if two schemas share a name, the one that the unqualified name means."""
        backend = self._access.backend
        found = await self._access.use(None, lambda session: session.run(backend.tables, stage="schema"))
        return {table.name: table for table in found}

    async def page(self, request: Request, table: TableInfo, variables: Mapping[str, Any]) -> str:
        """Return the document `{table, rows, metadata}` for a page.

        Raises:
            InvalidArgumentsError: `limit` or `offset` is not a whole number.
            NotFoundError: the table is gone.
            TooLargeError: not even one row is within the size limit.
        """
        page = PageRequest(variables, self._page_size, self._max_rows)
        uri = self._table_uri(table.name)
        margin = min(DOCUMENT_MARGIN + 7 * len(uri), self._result_bytes // 2)
        budget = self._result_bytes - margin
        backend = self._access.backend

        async def read(session: DatabaseSession) -> tuple[FetchedRows, RowCount | None]:
            fetched = await session.run(
                lambda connection: read_page(connection, table, page, budget, backend)
            )
            count = known_count(fetched, page) or await self._count(session, table, COUNT_SECONDS)
            return fetched, count

        try:
            fetched, count = await self._access.use(request, read)
        except MissingTableError as error:
            if table.problem:
                raise
            raise NotFoundError("resource", uri) from error
        if fetched.more == "bytes" and not fetched.rows:
            raise too_wide_row(table.name, fetched.widest, self._result_bytes)
        head = json.dumps(table.name, ensure_ascii=False)
        tail = json.dumps(page_metadata(uri, page, fetched, count), ensure_ascii=False)
        return f'{{"table":{head},"rows":[{",".join(fetched.texts)}],"metadata":{tail}}}'

    async def schema(self, request: Request, database: str, tables: Mapping[str, TableInfo]) -> str:
        """Return the document of all tables with columns, keys and row counts."""

        async def count_all(session: DatabaseSession) -> dict[str, RowCount | None]:
            end = self._clock.monotonic() + SCHEMA_COUNT_SECONDS
            counts: dict[str, RowCount | None] = {}
            for name, table in tables.items():
                left = end - self._clock.monotonic()
                counts[name] = (
                    await self._count(session, table, min(left, COUNT_SECONDS)) if left > 0 else None
                )
            return counts

        counts = await self._access.use(request, count_all)
        document = {
            "database": database,
            "dialect": self._access.backend.label,
            "tables": [
                table_document(table, self._table_uri(name), counts.get(name))
                for name, table in tables.items()
            ],
        }
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"))

    async def _count(self, session: DatabaseSession, table: TableInfo, seconds: float) -> RowCount | None:
        """The number of rows; `None` if counting takes too long, or the table can't be read."""
        if table.problem:
            return None

        def count(connection: Connection) -> RowCount:
            return count_rows(connection, table)

        return await session.try_to_run(count, stage="count", seconds=seconds)


def too_wide_row(what: str, column: str, limit: int) -> TooLargeError:
    """The error for a single row over the size limit."""
    return TooLargeError(
        f"One row of {what} exceeds the limit of {limit / 1e6:g} MB ([limits] result_bytes); column {column!r} takes "
        f"up most of it. Leave it out, or select a part of it: substr({column}, 1, 1000)."
    )
