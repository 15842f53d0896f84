"""Syntax colouring of a line. Only visible lines are processed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .document import Document


class Piece(NamedTuple):
    """Characters `start` to `end` of a line, in the colour `NAME` of `colors`."""

    start: int
    end: int
    name: str


_JSON = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=:))|(?P<string>"(?:[^"\\]|\\.)*"?)'
    r"|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null|NaN|-?Infinity)|(?P<mark>[{}\[\],:]+)"
)
_MARKDOWN = re.compile(
    r"(?P<code>`[^`]+`)|(?P<strong>\*\*[^*]+\*\*|__[^_]+__)|(?P<link>!?\[[^\[\]]*\]\([^()]*\)|https?://[^\s)>\]]+)"
)
_MARKDOWN_LINES = (
    ("heading", re.compile(r"\s{0,3}#{1,6}\s.*|\s{0,3}(={3,}|-{3,})\s*$")),
    ("mark", re.compile(r"\s*>.*")),
)
_BULLET = re.compile(r"\s*([-*+]|\d+[.)])\s")
_HEX = re.compile(r"(?P<mark>^[0-9a-f]{8})|(?P<string>(?<=  )\S.{0,15}$)")


def pieces_of(document: Document, place: int, text: str) -> Iterator[Piece]:
    """The coloured pieces of the line at `place`, whose shown text is `text`, from left to right."""
    if document.kind == "json":
        if place in document.joined:
            yield Piece(0, len(text), "string")  # only strings are that long
            return
        yield from _found(_JSON, text)
    elif document.kind == "markdown":
        yield from _markdown(document, place, text)
    elif document.kind == "hex":
        yield from _found(_HEX, text)


def _markdown(document: Document, place: int, text: str) -> Iterator[Piece]:
    if place in document.fenced:
        yield Piece(0, len(text), "code")
        return
    for name, pattern in _MARKDOWN_LINES:
        if pattern.match(text):
            yield Piece(0, len(text), name)
            return
    bullet = _BULLET.match(text)
    if bullet:
        yield Piece(bullet.start(1), bullet.end(1), "key")
    yield from _found(_MARKDOWN, text)


def _found(pattern: re.Pattern[str], text: str) -> Iterator[Piece]:
    for match in pattern.finditer(text):
        if match.lastgroup:
            yield Piece(match.start(), match.end(), match.lastgroup)
