"""Describes a shape in words: the type and constraints shown next to a field."""

from __future__ import annotations

from typing import Any

from .jsontext import dump_json
from .shape import MISSING, Shape

_DEEPEST = 3

_NAMES = {"text": "text", "integer": "integer", "number": "number", "boolean": "true/false", "null": "null"}
_PLURALS = {
    "text": "texts",
    "integer": "integers",
    "number": "numbers",
    "any": "anything",
    "boolean": "booleans",
}


def type_text(shape: Shape, depth: int = 0) -> str:
    """Describe a shape's type: `text`, `integer or null`, `list of Book`, `map of numbers`, `Cat or Dog`."""
    text = _type(shape, depth)
    return f"{text} or null" if shape.nullable else text


def _type(shape: Shape, depth: int) -> str:
    if shape.kind in _NAMES:
        return _NAMES[shape.kind]
    if shape.kind == "choice":
        return "fixed" if len(shape.choices) == 1 else "choice"
    if shape.kind == "any":
        return "any JSON"
    if shape.kind == "union":
        return _union(shape, depth)
    if shape.name or (shape.kind == "object" and shape.title):
        return shape.name or shape.title
    if depth >= _DEEPEST:
        return "list" if shape.kind == "array" else "object"
    if shape.kind == "array":
        return _list(shape, depth)
    if shape.properties:
        return "object"
    part = shape.entry("")
    return f"map of {_plural(part, depth)}" if part.kind != "any" else "map"


def _union(shape: Shape, depth: int) -> str:
    if depth >= _DEEPEST:
        return "one of several"
    names = list(dict.fromkeys(_type(part, depth + 1) for part in shape.alternatives))
    if len(names) > 4:
        return f"one of {len(names)} types"
    return " or ".join(names)


def _list(shape: Shape, depth: int) -> str:
    if shape.places:
        return f"list of {len(shape.places)}{' or more' if shape.rest is not None else ''}"
    if shape.rest is None:
        return "empty list"
    return f"list of {_plural(shape.rest, depth)}" if shape.rest.kind != "any" or shape.rest.name else "list"


def _plural(shape: Shape, depth: int) -> str:
    if shape.nullable or shape.kind not in _PLURALS:
        return type_text(shape, depth + 1)
    return _PLURALS[shape.kind]


def constraints(shape: Shape) -> tuple[str, ...]:
    """Describe the constraints beyond the type: `1 to 100`, `at least 3 characters`, `matches ^[a-z]+$`, …"""
    schema = shape.schema
    found: list[str] = []
    if shape.kind in ("integer", "number", "union", "any"):
        found += _bounds(schema)
        if "multipleOf" in schema:
            found.append(f"a multiple of {_short(schema['multipleOf'])}")
    found += _counted(schema, "minLength", "maxLength", "character", "characters")
    found += _counted(schema, "minItems", "maxItems", "item", "items")
    found += _counted(schema, "minProperties", "maxProperties", "entry", "entries")
    if isinstance(schema.get("format"), str):
        found.append(str(schema["format"]))
    if isinstance(schema.get("pattern"), str):
        found.append(f"matches {schema['pattern']}")
    names = schema.get("propertyNames")
    if isinstance(names, dict) and isinstance(names.get("pattern"), str):
        found.append(f"names match {names['pattern']}")
    if schema.get("uniqueItems") is True:
        found.append("all different")
    for word in ("contentMediaType", "contentEncoding"):
        if isinstance(schema.get(word), str):
            found.append(str(schema[word]))
    if schema.get("deprecated") is True:
        found.append("deprecated")
    return tuple(filter(None, found))


def default_text(shape: Shape) -> str:
    """Format the default as JSON on one line; empty if there is none."""
    return "" if shape.default is MISSING else _short(shape.default, 60)


def example_text(shape: Shape) -> str:
    """Format the schema's first example as JSON on one line; empty if there is none."""
    examples = shape.schema.get("examples")
    return _short(examples[0], 60) if isinstance(examples, list) and examples else ""


def _bounds(schema: Any) -> list[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    over, under = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    found: list[str] = []
    if _is_number(low) and _is_number(high):
        found.append(f"{_short(low)} to {_short(high)}")
    else:
        found += [f"≥ {_short(low)}"] if _is_number(low) else []
        found += [f"≤ {_short(high)}"] if _is_number(high) else []
    found += [f"> {_short(over)}"] if _is_number(over) else []
    found += [f"< {_short(under)}"] if _is_number(under) else []
    return found


def _counted(schema: Any, low_word: str, high_word: str, one: str, many: str) -> list[str]:
    low, high = schema.get(low_word), schema.get(high_word)
    low = low if _is_number(low) and low > 0 else None
    high = high if _is_number(high) else None
    if low is not None and high is not None:
        if low == high:
            return [f"exactly {low} {one if low == 1 else many}"]
        return [f"{low} to {high} {many}"]
    if low is not None:
        return [f"at least {low} {one if low == 1 else many}"]
    if high is not None:
        return [f"at most {high} {one if high == 1 else many}"]
    return []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: Any, most: int = 30) -> str:
    try:
        text = dump_json(value)
    except (TypeError, ValueError, RecursionError):
        text = str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
