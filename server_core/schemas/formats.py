"""The JSON Schema formats that are checked: those that clients, pydantic and the standard define alike."""

from __future__ import annotations

from functools import cache
from typing import Any

from .patterns import pattern

CHECKED = frozenset(("date", "date-time", "email", "ipv4", "ipv6", "regex", "uri", "uuid"))


def format_fits(name: Any, text: str) -> bool:
    """Whether `text` has the format; always true for formats that are not checked."""
    if name not in CHECKED:
        return True
    text = text.encode("utf-8", "replace").decode()
    if name == "regex":
        return not pattern(text).trouble
    if name == "date-time" and _validator(name).is_valid(f"{text}Z"):
        return True  # without a time zone, as Python writes it
    return bool(_validator(name).is_valid(text))


@cache
def _validator(name: str) -> Any:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator({"format": name}, validate_formats=True, offline=True)
