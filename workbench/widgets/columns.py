"""The layout of table columns and rows. No interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from rich.cells import cell_len

from .spans import Line, Span, cells, cleaned, fitted

GAP = 2
LEAST_FLEX = 5
"""Flexible columns narrower than this are left out."""

Cell = str | Span | Line


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: shown if the table has a header.
        most: its maximum width; otherwise it is as wide as its widest cell.
        flex: its share of the remaining width, after the columns without one.
        align: the alignment of its cells.
        above: tables narrower than this leave it out.
        gap: cells between it and the next column.
    """

    title: str = ""
    most: int = 0
    flex: int = 0
    align: Literal["left", "right"] = "left"
    above: int = 0
    gap: int = GAP


class Row(NamedTuple):
    """A row: its key, unique in the table, and a cell per column."""

    key: str
    cells: tuple[Cell, ...]


def as_line(cell: Cell) -> Line:
    """A cell as a cleaned line."""
    if isinstance(cell, str):
        cell = (Span(cell),)
    elif isinstance(cell, Span):
        cell = (cell,)
    return cleaned(cell)


def widths(columns: Sequence[Column], rows: Sequence[Sequence[Line]], total: int) -> list[int]:
    """The width of each column in a table of `total` cells; 0 for those left out."""
    shown = [index for index, column in enumerate(columns) if column.above <= total]
    wide = [0] * len(columns)
    left = total
    for index in shown:
        column = columns[index]
        if not column.flex:
            widest = max((cells(row[index]) for row in rows), default=0)
            wide[index] = max(0, min(max(widest, cell_len(column.title)), column.most, left))
            left -= wide[index] + column.gap if wide[index] else 0
    visible = [index for index in shown if wide[index] or columns[index].flex]
    left = total - sum(wide) - sum(columns[index].gap for index in visible[:-1])
    flexible = [index for index in visible if columns[index].flex]
    shares = sum(columns[index].flex for index in flexible)
    for index in flexible:
        share = left * columns[index].flex // shares
        shares -= columns[index].flex
        if share >= LEAST_FLEX:
            wide[index] = share
            left -= share
    return wide


def joined(columns: Sequence[Column], wide: Sequence[int], row: Sequence[Line]) -> Line:
    """A row's cells side by side, each in its exact width; an empty last cell gives its space to the one before."""
    shown = [index for index, width in enumerate(wide) if width]
    room = {index: wide[index] for index in shown}
    if len(shown) > 1 and not cells(row[shown[-1]]) and columns[shown[-2]].align == "left":
        last = shown.pop()
        room[shown[-1]] += columns[shown[-1]].gap + wide[last]
    spans: list[Span] = []
    for index in shown:
        spans.extend(fitted(row[index], room[index], columns[index].align))
        spans.append(Span(" " * columns[index].gap))
    return tuple(spans[:-1])
