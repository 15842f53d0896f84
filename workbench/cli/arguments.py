"""Arguments on the command line: `key=value` typed by a schema, or JSON passed through unchanged."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from server_core.errors import nearest
from workbench.cli.failures import USAGE, CommandError
from workbench.forms.resolve import resolve


def pairs(words: Sequence[str]) -> dict[str, str]:
    """Parse `key=value` words into a mapping of strings.

    Raises:
        CommandError: A word has no `=`, or a key is given twice.
    """
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise CommandError(USAGE, f"{word!r} is not key=value; --args takes JSON")
        if key in found:
            raise CommandError(USAGE, f"{key} is given twice")
        found[key] = value
    return found


def json_arguments(text: str) -> dict[str, Any]:
    """Parse the object given by `--args`: JSON, `@file`, or `-` for standard input.

    Raises:
        CommandError: It is not JSON, or not an object.
    """
    where = "--args"
    if text == "-":
        text, where = sys.stdin.read(), "standard input"
    elif text.startswith("@"):
        where = text[1:]
        try:
            text = Path(where).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(USAGE, f"{where}: {getattr(error, 'strerror', None) or error}") from error
    try:
        value = json.loads(text)
    except ValueError as error:
        raise CommandError(USAGE, f"{where} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise CommandError(USAGE, f'{where} must be a JSON object, for example {{"key": 1}}')
    return value


def typed(words: Sequence[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Parse `key=value` words, typing each value by its property in `schema`.

    Raises:
        CommandError: A key is unknown (the message suggests the nearest), a value has the wrong type, or a required key
            is missing.
    """
    given = pairs(words)
    properties: Mapping[str, Any] = schema.get("properties") or {}
    arguments: dict[str, Any] = {}
    is_open = schema.get("additionalProperties", not properties)
    check_names(given, [*properties, *given] if is_open else properties, schema.get("required") or ())
    for key, text in given.items():
        arguments[key] = _value(key, text, resolve(properties.get(key, {}), schema).schema)
    return arguments


def check_names(given: Iterable[str], known: Iterable[str], required: Iterable[str]) -> None:
    """Check the names of arguments.

    Raises:
        CommandError: One is unknown (the message suggests the nearest), or a required one is missing.
    """
    names, there = list(known), set(given)
    for key in given:
        if key not in names:
            near = nearest(key, names)
            words = f"did you mean {' or '.join(near)}?" if near else f"it takes {', '.join(names) or 'none'}"
            raise CommandError(USAGE, f"Unknown argument {key}; {words}")
    missing = [key for key in required if key not in there]
    if missing:
        raise CommandError(USAGE, f"Missing argument{'s' if len(missing) > 1 else ''}: {', '.join(missing)}")


def _types(part: Mapping[str, Any], root: Mapping[str, Any]) -> set[str]:
    kind = part.get("type")
    kinds = {kind} if isinstance(kind, str) else set(kind or ())
    for choice in (*(part.get("anyOf") or ()), *(part.get("oneOf") or ())):
        kinds |= _types(resolve(choice, root).schema, root)
    return kinds


def _value(key: str, text: str, part: Mapping[str, Any]) -> Any:
    """Convert `text`: to JSON, or to a string where the schema accepts one and nothing else fits."""
    if "enum" in part:
        for choice in part["enum"]:
            if text == (choice if isinstance(choice, str) else json.dumps(choice)):
                return choice
        raise CommandError(USAGE, f"{key} must be one of {', '.join(map(str, part['enum']))}, not {text!r}")
    kinds = _types(part, part)
    if kinds == {"string"}:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = None
        if text != "null":
            if not kinds or "string" in kinds:
                return text
            raise CommandError(USAGE, f"{key} must be {_named(kinds)}, not {text!r}") from None
    if not kinds or _kind(value) in kinds or (_kind(value) == "integer" and "number" in kinds):
        return value
    if "string" in kinds:
        return text
    raise CommandError(USAGE, f"{key} must be {_named(kinds)}, not {text!r}")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if value.is_integer() else "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _named(kinds: set[str]) -> str:
    names = {"integer": "an integer", "array": "a JSON array", "object": "a JSON object"}
    return " or ".join(names.get(kind, f"a {kind}") for kind in sorted(kinds) if kind != "null")
