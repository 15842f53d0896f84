"""A text as lines to show. No interface.

It is built bit by bit on a thread, so that the first page shows before the last line is ready.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Literal

from workbench.invisible import MARK_CELLS, MARKED
from workbench.text import clean

from .formatting import hex_lines, json_lines

DocumentKind = Literal["text", "json", "markdown", "hex", "log"]

MOST_CHARS = 4000
"""Longer lines are shown as several, which bounds the cost of drawing a piece of one."""

TAB = "    "
_WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6"
    "\U0001f300-\U0001faff\U00020000-\U0003fffd]"
)
"""Characters two cells wide; counting them is many times faster than measuring each line."""
FIRST_CHARS, MORE_CHARS = 20_000, 1_000_000
"""The view is updated after this many characters; each line counts as a few more."""
LINE_CHARS = 50


class Document:
    """Append-only lines, written by one thread while another shows them.

    Attributes:
        lines: raw lines; `shown` returns a cleaned one.
        joined: indexes of lines that continue the previous one, without a line feed in between.
        fenced: indexes of lines inside Markdown code fences.
        width: cells of the widest line so far, or slightly more.
        chars: number of characters so far.
        complete: no more lines will come.
    """

    def __init__(self, kind: DocumentKind = "text") -> None:
        self.kind: DocumentKind = kind
        self.lines: list[str] = []
        self.joined: set[int] = set()
        self.fenced: set[int] = set()
        self.width = 0
        self.chars = 0
        self.complete = False

    def add(self, line: str, *, goes_on: bool = False) -> None:
        """Append a line of at most `MOST_CHARS`; with `goes_on` it continues the previous, overlong line."""
        if goes_on:
            self.joined.add(len(self.lines))
        self.chars += len(line) + (not goes_on)
        self.lines.append(line)
        self._measure(line)

    def _measure(self, line: str) -> None:
        """Widen the document for a line; slightly too much if it has unprintable characters."""
        if line.isascii() and line.isprintable():
            width = len(line)
        else:
            width = len(line) + len(_WIDE.findall(line))
            if not line.isprintable():
                width += line.count("\t") * len(TAB) + len(MARKED.findall(line)) * MARK_CELLS
        self.width = max(self.width, width)

    def shown(self, place: int) -> str:
        """The line at `place`, cleaned for the screen."""
        line = self.lines[place]
        return line if line.isascii() and line.isprintable() else _expanded(line, self.kind)

    def text(self) -> str:
        """The whole raw text; in JSON, invisible characters stay escaped. Slow for large texts."""
        pieces: list[str] = []
        for place, line in enumerate(self.lines):
            if place and place not in self.joined:
                pieces.append("\n")
            pieces.append(self.shown(place) if self.kind == "json" else line)
        return "".join(pieces)


@lru_cache(maxsize=256)
def _expanded(line: str, kind: DocumentKind) -> str:
    line = line.replace("\t", TAB)
    if kind == "json":
        return MARKED.sub(lambda match: json.dumps(match[0])[1:-1], line)
    return clean(line.rstrip("\r")).replace("\n", "⏎")


Grown = Callable[[], bool]
"""Called when there is more to show; returns whether to continue."""


def fill(document: Document, value: Any, grown: Grown) -> None:
    """Fill a document according to its kind: with a JSON value, base64 bytes, or a text or its lines.

    Runs on any thread; returns early when no longer needed.
    """
    if document.kind == "json":
        lines = json_lines(value)
    elif document.kind == "hex":
        lines = _hex(value)
    else:
        lines = iter(value.split("\n") if isinstance(value, str) else value)
    _fill(document, _fenced(document, lines) if document.kind == "markdown" else lines, grown)


def _hex(blob: str) -> Iterator[str]:
    try:
        data = base64.b64decode(blob, validate=True)
    except (ValueError, binascii.Error) as error:
        return iter([f"Not valid base64: {error}", "", blob])
    return hex_lines(data)


def _fill(document: Document, lines: Iterator[str], grown: Grown) -> None:
    done, due = 0, FIRST_CHARS
    for line in lines:
        for start in range(0, len(line) or 1, MOST_CHARS):
            piece = line[start : start + MOST_CHARS]
            document.add(piece, goes_on=start > 0)
            done += len(piece) + LINE_CHARS
            if done >= due:
                if not grown():
                    return
                due = done + MORE_CHARS
    document.complete = True
    grown()


def _fenced(document: Document, lines: Iterable[str]) -> Iterator[str]:
    """The same lines; the indexes of those inside ``` are recorded."""
    fence = ""
    for line in lines:
        mark = line.lstrip()[:3]
        if mark in ("```", "~~~") and (not fence or mark == fence):
            fence = "" if fence else mark
            document.fenced.add(len(document.lines))
        elif fence:
            document.fenced.add(len(document.lines))
        yield line
