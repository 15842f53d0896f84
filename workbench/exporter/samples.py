"""Generates sample arguments for a tool from its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.forms.resolve import resolve

DEPTH = 12
KNOWN = {"sql": "select 1 as one"}
"""Sample values for telling names."""

FORMATS = {
    "date": "2026-07-28",
    "date-time": "2026-07-28T12:00:00Z",
    "time": "12:00:00Z",
    "email": "somebody@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}


def sample_arguments(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Generate minimal arguments that should fit a tool's schema: only what is required."""
    value = _sample(schema, schema, DEPTH, "")
    return value if isinstance(value, dict) else {}


def _sample(part: Any, root: Mapping[str, Any], depth: int, name: str) -> Any:
    part = resolve(part, root).schema
    if depth == 0:
        return None
    for key in ("default", "const"):
        if key in part:
            return part[key]
    for key in ("examples", "enum"):
        if isinstance(part.get(key), list) and part[key]:
            return part[key][0]
    for key in ("anyOf", "oneOf"):
        if isinstance(part.get(key), list) and part[key]:
            choices = [each for each in part[key] if _type(resolve(each, root).schema) != "null"]
            return _sample((choices or part[key])[0], root, depth - 1, name)
    return _plain_sample(part, root, depth, name)


def _plain_sample(part: Mapping[str, Any], root: Mapping[str, Any], depth: int, name: str) -> Any:
    kind = _type(part)
    if kind == "object" or (not kind and "properties" in part):
        properties = part.get("properties") or {}
        required = [key for key in part.get("required") or () if isinstance(key, str)]
        return {key: _sample(properties.get(key, {}), root, depth - 1, key) for key in required}
    if kind == "array":
        return [_sample(part.get("items", {}), root, depth - 1, name)] * int(part.get("minItems") or 0)
    if kind in ("integer", "number"):
        return _number(part, kind)
    if kind == "boolean":
        return True
    if kind == "null":
        return None
    text = KNOWN.get(name) or FORMATS.get(str(part.get("format"))) or "a"
    text += "a" * max(0, int(part.get("minLength") or 0) - len(text))
    return text[: int(part["maxLength"])] if isinstance(part.get("maxLength"), int) else text


def _number(part: Mapping[str, Any], kind: str) -> int | float:
    step = part.get("multipleOf") or 1
    low = part.get("minimum", part.get("exclusiveMinimum"))
    high = part.get("maximum", part.get("exclusiveMaximum"))
    value: float = 1
    if low is not None and value <= low:
        value = low + (step if "exclusiveMinimum" in part else 0)
    if high is not None and value >= high:
        value = high - (step if "exclusiveMaximum" in part else 0)
    if "multipleOf" in part:
        value = -(-value // step) * step
    return int(value) if kind == "integer" else value


def _type(part: Mapping[str, Any]) -> str:
    kind = part.get("type")
    if isinstance(kind, list):
        return next((each for each in kind if each != "null"), "null")
    return kind if isinstance(kind, str) else ""
