"""The `query` tool, which runs one read-only statement."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ..errors import CoreError, InvalidArgumentsError, nearest
from ..request import Request
from .access import DatabaseAccess, DatabaseSession
from .failures import MissingTableError
from .reader import too_wide_row
from .rows import FetchedRows, fetch_rows
from .statements import PreparedStatement, SqlGrammar, prepare_statement

if TYPE_CHECKING:
    from mcp.types import CallToolResult, Tool
    from sqlalchemy import Connection

QUERY_INPUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "sql": {"type": "string", "description": "One read-only statement, with ? or :name for values"},
        "parameters": {
            "anyOf": [{"type": "array"}, {"type": "object"}],
            "description": 'Values for ? (an array) or :name (an object); bytes as {"base64": "…"}',
        },
        "limit": {"type": "integer", "minimum": 1, "description": "The maximum number of rows"},
    },
    "required": ["sql"],
    "additionalProperties": False,
}

QUERY_OUTPUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "columns": {"type": "array", "items": {"type": "string"}},
        "rows": {"type": "array", "items": {"type": "object"}},
        "row_count": {"type": "integer", "description": "The number of rows in this result"},
        "truncated": {"type": "boolean", "description": "Whether the statement has more rows"},
        "note": {"type": "string", "description": "Why rows are missing, and how to get them"},
    },
    "required": ["columns", "rows", "row_count", "truncated"],
}

TABLES_NAMED = 20

LONG_SQL = 20_000
"""Longer statements are parsed on a worker thread, since they would block the loop for a while."""


class QueryTool:
    """Runs callers' statements on one database."""

    def __init__(self, access: DatabaseAccess, *, page_size: int, max_rows: int, result_bytes: int) -> None:
        self._access = access
        self._page_size = page_size
        self._max_rows = max_rows
        self._result_bytes = result_bytes
        self.table_names: tuple[str, ...] = ()
        """Suggested to a caller who uses a table that does not exist."""

    def definition(self, name: str, database: str, schema_uri: str) -> Tool:
        """The tool's definition for clients, with the names of the tables."""
        from mcp.types import Tool, ToolAnnotations

        named = ", ".join(self.table_names[:TABLES_NAMED])
        more = len(self.table_names) - TABLES_NAMED
        tables = f"{named} and {more} more" if more > 0 else named or "none"
        schema: dict[str, Any] = json.loads(json.dumps(QUERY_INPUT))
        schema["properties"]["limit"] |= {
            "default": min(self._page_size, self._max_rows),
            "maximum": self._max_rows,
        }
        return Tool(
            name=name,
            title=f"Query {database}",
            description=(
                f"Run one read-only SQL statement on the {self._access.backend.label} database {database!r}. "
                f"Tables: {tables}. Columns and keys: {schema_uri}"
            ),
            input_schema=schema,
            output_schema=QUERY_OUTPUT,
            annotations=ToolAnnotations(
                read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
            ),
        )

    async def call(self, request: Request, arguments: dict[str, Any]) -> CallToolResult:
        """Run `sql` and return `{columns, rows, row_count, truncated, note?}`, as structured content and as text.

        Raises:
            InvalidArgumentsError: the arguments are invalid, or the database rejected the statement.
            DeniedError: the statement is not read-only.
            StatementTimeLimitError: it took too long and was stopped.
            UnavailableError: the database does not answer.
            TooLargeError: not even one row is within the size limit.
        """
        grammar = self._access.backend.grammar
        assert grammar is not None, "offered for databases with a grammar only"
        if len(str(arguments.get("sql"))) > LONG_SQL:
            statement, limit = await self._access.run_sync(lambda: self._statement(arguments, grammar))
        else:
            statement, limit = self._statement(arguments, grammar)

        def work(connection: Connection) -> FetchedRows:
            return self._rows(connection, statement, limit)

        async def run(session: DatabaseSession) -> FetchedRows:
            try:
                return await session.run(work)
            finally:
                if statement.lingers:
                    session.retire()

        try:
            fetched = await self._access.use(request, run)
        except MissingTableError as error:
            raise self._with_names(error) from error
        except (ValueError, OverflowError, TypeError) as error:
            raise InvalidArgumentsError(f"A value in sql or parameters is invalid: {error}") from error
        return self._answer(fetched)

    def _statement(self, arguments: dict[str, Any], grammar: SqlGrammar) -> tuple[PreparedStatement, int]:
        sql, parameters = arguments.get("sql"), arguments.get("parameters")
        limit = arguments.get("limit", self._page_size)
        if not isinstance(sql, str):
            raise InvalidArgumentsError("sql is missing: pass one statement as a string")
        if parameters is not None and not isinstance(parameters, list | dict):
            raise InvalidArgumentsError("parameters must be an array (for ?) or an object (for :name)")
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise InvalidArgumentsError(f"limit must be a whole number from 1 to {self._max_rows}")
        statement = prepare_statement(sql, parameters, grammar, self._access.backend.refused_functions)
        return statement, min(limit, self._max_rows)

    def _rows(self, connection: Connection, statement: PreparedStatement, limit: int) -> FetchedRows:
        """Runs on a worker thread."""
        backend = self._access.backend
        options = backend.streaming(statement.word)
        parameters = statement.parameters or None
        if parameters is None:
            options["no_parameters"] = True
        # Each row is sent twice, as structured content and as text.
        budget = max(self._result_bytes // 3 - 1000, self._result_bytes // 6)
        result = connection.exec_driver_sql(statement.sql, parameters, execution_options=options)
        with closing(result):
            if not result.returns_rows:
                return FetchedRows((), [], [], "nothing")
            fetched = fetch_rows(result, limit, budget)
            if fetched.more != "nothing":
                backend.leave_rows(connection, result)
        return fetched

    def _answer(self, fetched: FetchedRows) -> CallToolResult:
        from mcp.types import CallToolResult, TextContent

        count = len(fetched.rows)
        if fetched.more == "bytes" and not count:
            raise too_wide_row("the result", fetched.widest, self._result_bytes)
        structured: dict[str, Any] = {
            "columns": list(fetched.columns),
            "rows": fetched.rows,
            "row_count": count,
            "truncated": fetched.more != "nothing",
        }
        if fetched.more == "rows":
            structured["note"] = (
                f"Only the first {count} rows: raise limit (up to {self._max_rows}) or use OFFSET."
            )
        elif fetched.more == "bytes":
            structured["note"] = (
                f"Only the first {count} rows fit within the size limit: select fewer columns."
            )
        rest = json.dumps({**structured, "rows": None}, ensure_ascii=False, separators=(",", ":"))
        text = rest.replace('"rows":null', f'"rows":[{",".join(fetched.texts)}]', 1)
        return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=structured)

    def _with_names(self, error: CoreError) -> CoreError:
        words = {word.strip("\"'`.:;,") for word in str(error).split()}
        words |= {word.rpartition(".")[2] for word in words}
        near = {name for word in words for name in _near(word, self.table_names)}
        hint = (
            f"did you mean {' or '.join(sorted(near)[:3])}?"
            if near
            else f"available: {', '.join(self.table_names[:TABLES_NAMED])}"
        )
        return MissingTableError(f"{error}; {hint}")


def _near(word: str, names: Iterable[str]) -> list[str]:
    return nearest(word, names, 1) if len(word) > 2 else []
