"""JSON as people type it: parsed strictly with helpful errors, and written with only visible characters."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

LONE_SURROGATE = "has a lone surrogate (half a character), which can't be sent"
TOO_DEEP = "is nested too deeply"

_HALVES = re.compile("[\ud800-\udfff]")
_CLOSERS = {"{": "}", "[": "]"}


class JsonError(ValueError):
    """Text that is not valid JSON; `line` and `column` count from 1, or are 0 if there is no single position."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        where = f"line {line}, column {column}: " if line else ""
        super().__init__(f"{where}{message}")
        self.line = line
        self.column = column


def parse_json(text: str) -> Any:
    """Parse `text` strictly as one JSON value.

    Raises:
        JsonError: It is not JSON, or part of it could not be sent unchanged: a duplicate key (one of the values
            would be lost), NaN and infinities, numbers that overflow, lone surrogates.
    """
    if not text.strip():
        raise JsonError("empty; type a JSON value")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_float=_float,
            parse_int=_int,
        )
    except json.JSONDecodeError as error:
        raise JsonError(_hint(text, error), error.lineno, error.colno) from error
    except RecursionError as error:
        raise JsonError(f"the JSON {TOO_DEEP}") from error
    if _HALVES.search(text) or (r"\ud" in text.lower() and has_lone_surrogate(value)):
        raise JsonError(f"the text {LONE_SURROGATE}")
    return value


def dump_json(value: Any, *, indent: int | None = None) -> str:
    """Format `value` as JSON, with invisible characters (controls, bidi marks, lone surrogates) escaped."""
    separators = (",", ": ") if indent else (", ", ": ")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return text if is_visible(text) else json.dumps(value, indent=indent, separators=separators)


def is_visible(text: str) -> bool:
    """Whether each character of `text` is visible, a line feed, a tab or a kind of space."""
    if text.isprintable():
        return True
    return all(char.isprintable() or char in "\n\t\u00a0\u3000" for char in text)


def has_lone_surrogate(value: Any) -> bool:
    """Whether any string in a JSON value has a lone surrogate."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if _HALVES.search(item):
                return True
        elif isinstance(item, dict):
            stack.extend(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return False


def same_json(one: Any, other: Any) -> bool:
    """Compare two values as JSON does: `true` is not `1`, but `1` is `1.0`."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return bool(one == other)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _value in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise JsonError(
            f"the key {json.dumps(twice)} appears twice in one object; only one value can be sent"
        )
    return found


def _no_number(word: str) -> NoReturn:
    raise JsonError(f"{word} is not a JSON number and can't be sent")


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise JsonError(f"the number {digits[:40]} is too large")
    return value


def _int(digits: str) -> int:
    try:
        return int(digits)
    except ValueError as error:  # Python limits the number of digits
        raise JsonError(f"the number {digits[:20]}… has too many digits") from error


def _hint(text: str, error: json.JSONDecodeError) -> str:
    rest = text[error.pos :].lstrip()
    before = text[: error.pos].rstrip()
    if rest.startswith("'"):
        return 'JSON requires "double quotes"'
    for word, right in (("True", "true"), ("False", "false"), ("None", "null")):
        if rest.startswith(word):
            return f"in JSON it is {right}, not {word}"
    if before.endswith(",") and rest[:1] in ("}", "]", '"', "'") and rest[:1] != '"':
        return f"extra comma before {rest[:1]}"
    if not rest:
        opened = _opened(text)
        return f"it ends too early: {opened} is not closed" if opened else "it ends too early"
    if re.match(r"[A-Za-z_]", rest):
        word = re.split(r"[\s,:\]}]", rest, maxsplit=1)[0][:20]
        return f'{word} needs quotes: "{word}"'
    if error.msg.startswith("Extra data"):
        return "extra text after the end of the value"
    return error.msg[0].lower() + error.msg[1:]


def _opened(text: str) -> str:
    """Return the innermost bracket or quote still open at the end of `text`."""
    stack: list[str] = []
    in_string = escaped = False
    for char in text:
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in _CLOSERS:
            stack.append(char)
        elif stack and char == _CLOSERS[stack[-1]]:
            stack.pop()
    return '"' if in_string else stack[-1] if stack else ""
