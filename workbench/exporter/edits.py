"""Changing a source text at places that `ast` names."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from .scopes import Position


@dataclass(frozen=True, slots=True)
class Edit:
    """The text from `start` to `end` becomes `text`. Lines from 1, columns in bytes of UTF-8."""

    start: Position
    end: Position
    text: str


def node_edit(node: ast.expr | ast.stmt, text: str) -> Edit:
    """An edit that puts `text` in place of a node."""
    end = (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return Edit((node.lineno, node.col_offset), end, text)


class EditedSource:
    """A source text and what shall be changed in it.

    An edit inside another one is dropped: the outer one wins, and of two at the same place the later one.
    """

    def __init__(self, source: bytes) -> None:
        """Args:
        source: UTF-8 with LF line ends.
        """
        self._lines = source.split(b"\n")
        self._edits: dict[tuple[Position, Position], Edit] = {}

    def add(self, edits: Iterable[Edit]) -> None:
        """Remember edits."""
        self._edits.update({(edit.start, edit.end): edit for edit in edits})

    def lines(self, first: int, last: int) -> list[str]:
        """The lines from `first` to `last`, with what was changed in them; an edit may make them more or fewer."""
        return self.text((first, 0), (last, len(self._lines[last - 1]))).split("\n")

    def text(self, start: Position, end: Position) -> str:
        """The changed text from `start` to `end`."""
        parts: list[str] = []
        at = start
        for edit in self._outermost(start, end):
            parts += [self._original(at, edit.start), edit.text]
            at = edit.end
        return "".join(parts) + self._original(at, end)

    def _outermost(self, start: Position, end: Position) -> list[Edit]:
        found: list[Edit] = []
        for edit in sorted(self._edits.values(), key=lambda edit: (edit.start, (-edit.end[0], -edit.end[1]))):
            if start <= edit.start and edit.end <= end and (not found or edit.start >= found[-1].end):
                found.append(edit)
        return found

    def _original(self, start: Position, end: Position) -> str:
        if start[0] == end[0]:
            return self._lines[start[0] - 1][start[1] : end[1]].decode("utf-8")
        parts = [
            self._lines[start[0] - 1][start[1] :],
            *self._lines[start[0] : end[0] - 1],
            self._lines[end[0] - 1][: end[1]],
        ]
        return b"\n".join(parts).decode("utf-8")
