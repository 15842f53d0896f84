"""Fetches rows from a running statement, as many as the limits allow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from .values import PLAIN_TYPES, json_value

if TYPE_CHECKING:
    from sqlalchemy import CursorResult

FIRST_FETCH = 4
"""The number of rows in the first fetch: few, since each may be as large as the database allows."""

encode_rows = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class FetchedRows:
    """Rows of a result, as JSON objects and as text: each of `texts` has one or more of them, separated by commas.

    `more` says what was left when reading stopped: nothing, rows over the row limit, or rows over the size limit;
    `widest` is then the largest column of the row that did not fit.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    texts: list[str]
    more: Literal["nothing", "rows", "bytes"]
    widest: str = ""


def fetch_rows(result: CursorResult[Any], most: int, budget: int) -> FetchedRows:
    """Read at most `most` rows and about `budget` bytes of their JSON text, in small steps; leaves `result` open.

    Runs on a worker thread.
    """
    columns = column_names(result)
    fetched = FetchedRows(columns, [], [], "nothing")
    size = 0
    step = FIRST_FETCH
    while batch := result.fetchmany(min(step, most + 1 - len(fetched.rows))):
        over = len(fetched.rows) + len(batch) > most
        if rows := [_json_row(columns, raw) for raw in (batch[:-1] if over else batch)]:
            text = encode_rows(rows)[1:-1]
            length = _text_bytes(text) + 1
            if size + length > budget:
                return _as_fit(fetched, rows, budget - size)
            size += length
            fetched.rows.extend(rows)
            fetched.texts.append(text)
        if over:
            return replace(fetched, more="rows")
        # Never fetch more at once than is likely to fit.
        step = max(1, min(step * 8, (budget - size) * len(fetched.rows) // size))
    return fetched


def column_names(result: CursorResult[Any]) -> tuple[str, ...]:
    """The names of a result's columns, made unique: a second `id` is called `id_2`."""
    # The driver's own names: SQLAlchemy shortens `a.b` for old SQLite versions.
    cursor = result.cursor
    described: Sequence[Any] = (cursor.description if cursor is not None else None) or ()
    names: dict[str, None] = {}
    for column in described:
        name = str(column[0])
        unique, count = name, 1
        while unique in names:
            count += 1
            unique = f"{name}_{count}"
        names[unique] = None
    return tuple(names)


def _json_row(columns: tuple[str, ...], raw: Sequence[Any]) -> dict[str, Any]:
    return {
        name: value if type(value) in PLAIN_TYPES else json_value(value)
        for name, value in zip(columns, raw, strict=True)
    }


def _as_fit(fetched: FetchedRows, rows: list[dict[str, Any]], budget: int) -> FetchedRows:
    """Add the `rows` that still fit into `budget` to `fetched`."""
    for row in rows:
        text = encode_rows(row)
        budget -= _text_bytes(text) + 1
        if budget < 0:
            widest = max(row, key=lambda name: len(encode_rows(row[name])), default="")
            return replace(fetched, more="bytes", widest=widest)
        fetched.rows.append(row)
        fetched.texts.append(text)
    raise AssertionError("rows over the budget fit into it")


def _text_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
