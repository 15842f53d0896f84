"""The rows of a document on the screen: its lines, or pieces of wrapped lines."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from rich.cells import cell_len, chop_cells

from .document import Document

MOST_WRAPPED = 500_000
"""Maximum size in characters that wraps fast enough to redo on every resize."""


LINE_CHARS = 20
"""The extra cost of a line, in characters."""


class Row(NamedTuple):
    """Characters `start` to `end` of the line at `place`."""

    place: int
    start: int
    end: int


def can_wrap(document: Document) -> bool:
    """Whether a document is small enough to be wrapped."""
    return document.chars + LINE_CHARS * len(document.lines) <= MOST_WRAPPED


def wrapped(document: Document, width: int, first: int = 0) -> Iterator[Row]:
    """The rows of a document from line `first`, in `width` cells, broken at spaces where possible."""
    for place in range(first, len(document.lines)):
        for start, end in _broken(document.shown(place), max(width, 1)):
            yield Row(place, start, end)


def row_of(rows: list[Row], place: int, column: int) -> int:
    """The row that shows the character `column` of the line at `place`."""
    return max(0, bisect_right(rows, Row(place, column, MOST_WRAPPED)) - 1)


def _broken(text: str, width: int) -> Iterator[tuple[int, int]]:
    start = 0
    plain = text.isascii()
    while len(text) - start > width or (not plain and cell_len(text[start:]) > width):
        fitting = text[start : start + width]
        if not plain:
            # Zero-width characters are never chopped off.
            fitting = next(iter(chop_cells(fitting, width)), fitting)
        end = start + max(len(fitting), 1)
        blank = text.rfind(" ", start + 1, end + 1)
        if blank > start + len(fitting) // 3:
            end = blank
        yield start, end
        start = end + 1 if text[end : end + 1] == " " else end
    yield start, len(text)
