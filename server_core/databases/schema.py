"""The tables and views of a database, as plain immutable values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column; `type` is the database's own name for its type, empty if it has none."""

    name: str
    type: str
    nullable: bool
    default: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignKeyInfo:
    """`columns` of a table refer to `references` of `table`; an empty `references` means its primary key."""

    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table or view. `schema` is the schema it is in, empty for databases without schemas.

    `problem` says why its columns are unknown (a view on a missing table), in the database's words.
    """

    name: str
    kind: Literal["table", "view"]
    schema: str = ""
    columns: tuple[ColumnInfo, ...] = ()
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKeyInfo, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RowCount:
    """The number of rows: exactly `total`, or, if counting took too long, `None` and at least `at_least`."""

    total: int | None
    at_least: int


def describe_tables(tables: dict[str, TableInfo]) -> str:
    """A short summary, such as "3 tables, 1 view"."""
    views = sum(table.kind == "view" for table in tables.values())
    parts = [(len(tables) - views, "table")] + ([(views, "view")] if views else [])
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in parts)


def table_document(table: TableInfo, uri: str, count: RowCount | None) -> dict[str, Any]:
    """Describe a table for `db://schema`; `row_count` is null if it was not or could not be counted."""
    document: dict[str, Any] = {
        "name": table.name,
        "kind": table.kind,
        "uri": uri,
        "row_count": count.total if count else None,
    }
    if count and count.total is None:
        document["row_count_at_least"] = count.at_least
    if table.schema:
        document["schema"] = table.schema
    document["columns"] = [
        {
            "name": column.name,
            "type": column.type,
            "nullable": column.nullable,
            "default": column.default,
            "primary_key": column.name in table.primary_key,
        }
        for column in table.columns
    ]
    document["primary_key"] = list(table.primary_key)
    document["foreign_keys"] = [
        {"columns": list(key.columns), "table": key.table, "references": list(key.references)}
        for key in table.foreign_keys
    ]
    if table.problem:
        document["problem"] = table.problem
    return document
