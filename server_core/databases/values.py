"""Converts a database's values to JSON."""

from __future__ import annotations

import base64
import json
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

PLAIN_TYPES = frozenset({str, int, bool, type(None)})
"""Types that JSON represents as they are."""


def json_value(value: Any) -> Any:
    """Convert `value` to JSON without losing information.

    Binary data becomes `{"base64": …}`, dates and times ISO 8601, a decimal number a string of its digits, a number
    that is not finite the string `NaN`, `Infinity` or `-Infinity`; anything else becomes its text.
    """
    kind = type(value)
    if kind in PLAIN_TYPES:
        return value
    if kind is float:
        return value if math.isfinite(value) else _not_finite(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return {"base64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else _not_finite(float(value))
    if isinstance(value, timedelta):
        return _clock_text(value)
    if isinstance(value, dict):
        return {str(key): json_value(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(part) for part in value]
    return str(value)


def json_with_all_digits(text: str | bytes) -> Any:
    """Parse a JSON text; numbers that a float can't represent exactly as written become strings."""
    return json.loads(text, parse_float=_exact_number)


def _exact_number(digits: str) -> float | str:
    number = float(digits)
    try:
        exact = math.isfinite(number) and Decimal(repr(number)) == Decimal(digits)
    except ArithmeticError:  # an exponent out of range
        exact = False
    return number if exact else digits


def bind_value(value: Any) -> Any:
    """Convert a parameter from a client's JSON for a database driver: `{"base64": …}` becomes bytes.

    Raises:
        ValueError: it is a list, an object, or text that is not valid Unicode; the text says what to do.
    """
    if isinstance(value, str) and not is_unicode(value):
        raise ValueError("contains a lone surrogate: remove it")
    if isinstance(value, dict) and list(value) == ["base64"]:
        return base64.b64decode(str(value["base64"]), validate=True)
    if isinstance(value, dict | list):
        raise ValueError('is a list or an object; pass text, a number, true, false, null or {"base64": "…"}')
    return value


def is_unicode(text: str) -> bool:
    """Whether `text` has no lone surrogate, which no database accepts."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _clock_text(value: timedelta) -> str:
    """Format `[-]HH:MM:SS[.ffffff]`, with more than 24 hours if needed: how MariaDB writes a TIME."""
    total = abs(value)
    minutes, seconds = divmod(total.days * 86_400 + total.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{total.microseconds:06d}" if total.microseconds else ""
    return f"{'-' if value < timedelta(0) else ''}{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"
