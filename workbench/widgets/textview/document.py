"""A text as lines to be shown. No interface.

It is made bit by bit on a thread, so that its first page stands before its last line is there.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Literal

from rich.cells import cell_len

from workbench.text import clean, size

DocumentKind = Literal["text", "json", "markdown", "hex", "log"]

MOST_CHARS = 4000
"""A longer line is shown as several, so that drawing a piece of it never costs more than that."""

TAB = "    "
_WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6"
    "\U0001f300-\U0001faff\U00020000-\U0003fffd]"
)
"""Characters of two cells; counting them is many times quicker than measuring each line."""
FIRST_LINES = 200
MORE_LINES = 20_000
HEX_BYTES = 65_536
"""How much of a binary is shown."""


class Document:
    """Lines that only ever grow, on one thread, while another one shows them.

    Attributes:
        lines: as they came, not cleaned; `shown` makes one harmless.
        joined: places of lines that go on the one before: its text had no line feed there.
        fenced: places of a markdown's lines of code.
        width: cells of the widest line so far, or a few more.
        chars: how many there are so far.
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

    def add(self, lines: Iterable[str]) -> None:
        """Append lines; too long ones as several."""
        for line in lines:
            self.chars += len(line) + 1
            if len(line) <= MOST_CHARS:
                self.lines.append(line)
                self._measure(line)
                continue
            for start in range(0, len(line), MOST_CHARS):
                if start:
                    self.joined.add(len(self.lines))
                piece = line[start : start + MOST_CHARS]
                self.lines.append(piece)
                self._measure(piece)

    def _measure(self, line: str) -> None:
        if line.isascii() and line.isprintable():
            width = len(line)
        elif line.isprintable():
            width = len(line) + len(_WIDE.findall(line))
        else:
            width = cell_len(self._expanded(line))
        self.width = max(self.width, width)

    def shown(self, place: int) -> str:
        """The line at `place` as it may reach a screen."""
        line = self.lines[place]
        return line if line.isascii() and line.isprintable() else self._expanded(line)

    def _expanded(self, line: str) -> str:
        line = line.replace("\t", TAB)
        if line.isprintable():
            return line
        return _escaped(line) if self.kind == "json" else clean(line.rstrip("\r")).replace("\n", "⏎")

    def text(self) -> str:
        """The whole as text that can be pasted anywhere: no controls in it. Slow for a large one."""
        pieces: list[str] = []
        for place in range(len(self.lines)):
            if place and place not in self.joined:
                pieces.append("\n")
            pieces.append(self.shown(place))
        return "".join(pieces)


Grown = Callable[[], bool]
"""Told when there is more to show; answers whether anybody still wants to know."""


def fill_text(document: Document, text: str, grown: Grown) -> None:
    """Fill a document with `text`. Runs anywhere; returns early when nobody wants it any more."""
    lines = iter(text.split("\n"))
    if document.kind == "markdown":
        lines = _fenced(document, lines)
    _fill(document, lines, grown)


def fill_json(document: Document, value: Any, grown: Grown) -> None:
    """Fill a document with a JSON value, indented."""
    _fill(document, json_lines(value), grown)


def fill_hex(document: Document, blob: str, grown: Grown) -> None:
    """Fill a document with the first bytes of what `blob` has in base64."""
    try:
        data = base64.b64decode(blob, validate=True)
    except (ValueError, binascii.Error) as error:
        _fill(document, iter([f"This is not base64: {error}", "", blob]), grown)
        return
    _fill(document, hex_lines(data), grown)


def _fill(document: Document, lines: Iterator[str], grown: Grown) -> None:
    count = FIRST_LINES
    while batch := list(islice(lines, count)):
        document.add(batch)
        if not grown():
            return
        count = MORE_LINES
    document.complete = True
    grown()


# -- lines out of things


def json_lines(value: Any) -> Iterator[str]:
    """A JSON value as indented lines, the first of them at once however large it is."""
    encoder = json.JSONEncoder(indent=2, ensure_ascii=False, default=str)
    pieces: list[str] = []
    for chunk in encoder.iterencode(value):
        # Line feeds inside of texts are written as escapes: one in a chunk ends the line.
        if "\n" in chunk:
            before, *middle, after = chunk.split("\n")
            pieces.append(before)
            yield "".join(pieces)
            yield from middle
            pieces = [after]
        else:
            pieces.append(chunk)
    yield "".join(pieces)


def hex_lines(data: bytes) -> Iterator[str]:
    """Bytes as offset, hexadecimal and text, sixteen a line."""
    for start in range(0, min(len(data), HEX_BYTES), 16):
        row = data[start : start + 16]
        left, right = row[:8].hex(" "), row[8:].hex(" ")
        text = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in row)
        yield f"{start:08x}  {left:<23}  {right:<23}  {text}"
    if len(data) > HEX_BYTES:
        yield ""
        yield f"… {size(len(data) - HEX_BYTES)} more"


def _fenced(document: Document, lines: Iterable[str]) -> Iterator[str]:
    """The same lines, of which those inside ``` are noted."""
    fence = ""
    for place, line in enumerate(lines):
        mark = line.lstrip()[:3]
        if mark in ("```", "~~~") and (not fence or mark == fence):
            fence = "" if fence else mark
            document.fenced.add(place)
        elif fence:
            document.fenced.add(place)
        yield line


def _escaped(text: str) -> str:
    return "".join(char if char.isprintable() or char in "\u00a0\u3000" else _escape(char) for char in text)


def _escape(char: str) -> str:
    return json.dumps(char)[1:-1]
