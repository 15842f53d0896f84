"""Lazy lines of JSON values and bytes: the first are ready at once, however large the rest is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.encoder import encode_basestring as quoted
from typing import Any

from workbench.text import size

INDENT = "  "
DEEPEST = 60
"""Maximum indentation level; deeper lines would be mostly blank."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)

HEX_BYTES = 65_536
"""How many bytes of binary data are shown."""


def json_lines(value: Any) -> Iterator[str]:
    """Yield a JSON value as indented lines, at any depth, without waiting for later lines."""
    around: list[tuple[Iterator[tuple[str, Any]], int, str]] = []
    items: Iterator[tuple[str, Any]] = iter((("", value),))
    left, bracket, pad = 1, "", ""
    while True:
        for name, item in items:
            left -= 1
            if item and isinstance(item, dict | list | tuple):
                around.append((items, left, bracket))
                left = len(item)
                if isinstance(item, dict):
                    yield f"{pad}{name}{{"
                    items, bracket = _members(item), "}"
                else:
                    yield f"{pad}{name}["
                    items, bracket = (("", each) for each in item), "]"
                pad = INDENT * min(len(around), DEEPEST)
                break
            yield f"{pad}{name}{_scalar(item)}{',' if left else ''}"
        else:
            if not around:
                return
            closing = bracket
            items, left, bracket = around.pop()
            pad = INDENT * min(len(around), DEEPEST)
            yield f"{pad}{closing}{',' if left else ''}"


def _members(value: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        yield f"{quoted(str(key))}: ", item


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    return repr(value) if type(value) is int else _ENCODER.encode(value)


def hex_lines(data: bytes) -> Iterator[str]:
    """Yield bytes as offset, hexadecimal and text, sixteen per line."""
    for start in range(0, min(len(data), HEX_BYTES), 16):
        row = data[start : start + 16]
        left, right = row[:8].hex(" "), row[8:].hex(" ")
        text = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in row)
        yield f"{start:08x}  {left:<23}  {right:<23}  {text}"
    if len(data) > HEX_BYTES:
        yield ""
        yield f"… {size(len(data) - HEX_BYTES)} more"
