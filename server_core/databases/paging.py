"""Reads a table's rows in pages, and counts them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ..errors import InvalidArgumentsError
from .backend import DatabaseBackend
from .rows import FetchedRows, fetch_rows
from .schema import RowCount, TableInfo

if TYPE_CHECKING:
    from sqlalchemy import Connection, TableClause

VIEW_COUNT_MOST = 100_000
"""A view's rows are computed one by one: no more than these are counted."""

MOST_OFFSET = 2**62


class PageRequest:
    """The requested part of a table."""

    __slots__ = ("limit", "offset")

    def __init__(self, variables: Mapping[str, Any], page_size: int, max_rows: int) -> None:
        """Args:
        variables: `limit` and `offset` from the URI; both may be missing.

        Raises:
            InvalidArgumentsError: one of them is not a non-negative integer.
        """
        self.limit = min(_whole_number(variables, "limit", page_size), max_rows)
        self.offset = _whole_number(variables, "offset", 0)


def read_page(
    connection: Connection, table: TableInfo, page: PageRequest, budget: int, backend: DatabaseBackend
) -> FetchedRows:
    """Read the page's rows, ordered by the primary key if there is one. Runs on a worker thread."""
    from sqlalchemy import column, select, text
    from sqlalchemy.sql import quoted_name

    # One more row shows whether there is a next page.
    statement = select(text("*")).select_from(_table_clause(table)).limit(page.limit + 1).offset(page.offset)
    if table.primary_key:
        statement = statement.order_by(*(column(quoted_name(name, True)) for name in table.primary_key))
    with closing(connection.execute(statement, execution_options=backend.streaming("select"))) as result:
        fetched = fetch_rows(result, page.limit, budget)
        if fetched.more == "bytes":
            backend.leave_rows(connection, result)
    return fetched


def count_rows(connection: Connection, table: TableInfo) -> RowCount:
    """Count the table's rows, but at most `VIEW_COUNT_MOST` rows of a view. Runs on a worker thread."""
    from sqlalchemy import func, literal_column, select

    if table.kind == "table":
        total = connection.execute(select(func.count()).select_from(_table_clause(table))).scalar_one()
        return RowCount(int(total), int(total))
    some = (
        select(literal_column("1").label("one"))
        .select_from(_table_clause(table))
        .limit(VIEW_COUNT_MOST + 1)
        .subquery()
    )
    total = int(connection.execute(select(func.count()).select_from(some)).scalar_one())
    return RowCount(None, VIEW_COUNT_MOST) if total > VIEW_COUNT_MOST else RowCount(total, total)


def known_count(fetched: FetchedRows, page: PageRequest) -> RowCount | None:
    """The count that follows from the page itself, if it is the last page and not past the end."""
    if fetched.more != "nothing" or (page.offset and not fetched.rows):
        return None
    total = page.offset + len(fetched.rows)
    return RowCount(total, total)


def page_metadata(
    uri: str, page: PageRequest, fetched: FetchedRows, count: RowCount | None
) -> dict[str, Any]:
    """The `metadata` of a page; `next` is the URI of the next page, `note` says why a page ends early."""
    end = page.offset + len(fetched.rows)
    least = end + (fetched.more != "nothing") if fetched.rows or not page.offset else 0
    metadata: dict[str, Any] = {
        "limit": page.limit,
        "offset": page.offset,
        "total": count.total if count else None,
    }
    if count is None or count.total is None:
        metadata["total_at_least"] = max(least, count.at_least if count else 0)
    if fetched.more != "nothing" and page.limit:
        metadata["next"] = f"{uri}?limit={page.limit}&offset={end}"
    if fetched.more == "bytes":
        metadata["note"] = f"Only {len(fetched.rows)} rows: the next one would exceed the size limit."
    return metadata


def _table_clause(table: TableInfo) -> TableClause:
    from sqlalchemy import TableClause
    from sqlalchemy.sql import quoted_name

    name = quoted_name(table.name, True)
    return TableClause(name, schema=quoted_name(table.schema, True)) if table.schema else TableClause(name)


def _whole_number(variables: Mapping[str, Any], name: str, default: int) -> int:
    text = str(variables.get(name, "") or "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 20 or int(text) > MOST_OFFSET:
        raise InvalidArgumentsError(f"{name} must be a whole number of at least 0, not {text[:50]!r}")
    return int(text)
