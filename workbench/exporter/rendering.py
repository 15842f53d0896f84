"""Renders Python values and calls as a person would write them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

WIDTH = 110


@dataclass(frozen=True, slots=True)
class Raw:
    """Source text that is written unchanged."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call with values as arguments."""

    function: str
    positional: Sequence[Any] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)


def rendered(value: Any, indent: int = 0, before: int = 0, after: int = 0) -> str:
    """Render `value` as an expression: on one line if it fits, otherwise one item per line.

    Args:
        indent: The indentation of its first line.
        before: The number of characters before it on that line.
        after: The number of characters after it on its last line.
    """
    short = one_line(value)
    if indent + before + len(short) + after <= WIDTH or "\n" in short:
        return short
    items, opening, closing = _parts(value)
    if not items:
        return short
    inner = indent + 4
    lines = [
        " " * inner
        + lead
        + rendered(item, inner, before=len(lead), after=1)
        + ("," if len(items) > 1 else "")
        for lead, item in items
    ]
    return "\n".join([opening, *lines, " " * indent + closing])


def one_line(value: Any) -> str:
    """Render `value` as an expression on one line."""
    items, opening, closing = _parts(value)
    if opening:
        return opening + ", ".join(lead + one_line(item) for lead, item in items) + closing
    return value.text if isinstance(value, Raw) else _plain(value)


def settings_call(name: str, settings: Any) -> Call:
    """Return the call that creates a settings dataclass, leaving out defaults."""
    default = type(settings)()
    given = {each.name: getattr(settings, each.name) for each in fields(settings)}
    return Call(
        name, (), {key: plain_number(each) for key, each in given.items() if each != getattr(default, key)}
    )


def plain_number(value: Any) -> Any:
    """Convert a float without a fraction to an integer: `ttl=300`. Not for values that clients see."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _parts(value: Any) -> tuple[list[tuple[str, Any]], str, str]:
    """Return the items of a compound value, each with its prefix, and the brackets; all empty for a plain value."""
    if isinstance(value, Call):
        items = [("", each) for each in value.positional]
        return items + [(f"{key}=", each) for key, each in value.keywords.items()], f"{value.function}(", ")"
    if isinstance(value, Mapping):
        return [(f"{_plain(key)}: ", each) for key, each in value.items()], "{", "}"
    if isinstance(value, list | tuple):
        return [("", each) for each in value], "[", "]"
    return [], "", ""


def _plain(value: Any) -> str:
    if isinstance(value, str):
        # Use double quotes unless they need more escapes.
        text = repr(value)
        return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)
