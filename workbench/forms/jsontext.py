"""JSON as people type it: read strictly, saying where and why; written so that it can be seen."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

HALF_CHARACTER = "has half a character (a lone surrogate), which can't be sent"
TOO_DEEP = "is nested too deeply"

_HALVES = re.compile("[\ud800-\udfff]")
_CLOSERS = {"{": "}", "[": "]"}


class JsonError(ValueError):
    """Text that can't be taken as JSON; `line` and `column` count from 1, 0 where there is no one place."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        where = f"line {line}, column {column}: " if line else ""
        super().__init__(f"{where}{message}")
        self.line = line
        self.column = column


def parse_json(text: str) -> Any:
    """The one value that `text` is.

    Raises:
        JsonError: it is no JSON, or something of it could not be sent as it stands: a key given twice (one of
            the values would be lost), NaN and infinities, numbers that overflow, half characters.
    """
    if not text.strip():
        raise JsonError("there is nothing here; write a JSON value")
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
    if _HALVES.search(text) or (r"\ud" in text.lower() and has_half_character(value)):
        raise JsonError(f"the text {HALF_CHARACTER}")
    return value


def dump_json(value: Any, *, indent: int | None = None) -> str:
    """`value` as JSON; what can't be seen (controls, bidi marks, half characters) is written as escapes."""
    separators = (",", ": ") if indent else (", ", ": ")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return text if is_visible(text) else json.dumps(value, indent=indent, separators=separators)


def is_visible(text: str) -> bool:
    """Whether each character of `text` can be seen, or is a line feed, a tab or a kind of space."""
    if text.isprintable():
        return True
    return all(char.isprintable() or char in "\n\t\u00a0\u3000" for char in text)


def has_half_character(value: Any) -> bool:
    """Whether some text in a JSON value has a lone surrogate."""
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
    """Equality as JSON has it: `true` is not `1`, but `1` is `1.0`."""
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
        raise JsonError(f"the key {json.dumps(twice)} stands twice in one object; only one value can be sent")
    return found


def _no_number(word: str) -> NoReturn:
    raise JsonError(f"{word} is no JSON number; it would be lost on the wire")


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise JsonError(f"the number {digits[:40]} is too large")
    return value


def _int(digits: str) -> int:
    try:
        return int(digits)
    except ValueError as error:  # Python's limit on digits
        raise JsonError(f"the number {digits[:20]}… has too many digits") from error


def _hint(text: str, error: json.JSONDecodeError) -> str:
    rest = text[error.pos :].lstrip()
    before = text[: error.pos].rstrip()
    if rest.startswith("'"):
        return 'JSON wants "double quotes"'
    for word, right in (("True", "true"), ("False", "false"), ("None", "null")):
        if rest.startswith(word):
            return f"JSON writes {right}, not {word}"
    if before.endswith(",") and rest[:1] in ("}", "]", '"', "'") and rest[:1] != '"':
        return f"a comma too many before {rest[:1]}"
    if not rest:
        opened = _opened(text)
        return f"it ends too early: {opened} is not closed" if opened else "it ends too early"
    if re.match(r"[A-Za-z_]", rest):
        word = re.split(r"[\s,:\]}]", rest, maxsplit=1)[0][:20]
        return f'{word} needs quotes: "{word}"'
    if error.msg.startswith("Extra data"):
        return "there is more after the end of the value"
    return error.msg[0].lower() + error.msg[1:]


def _opened(text: str) -> str:
    """The innermost bracket or quote that is still open at the end of `text`."""
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
