"""Whether a value fits a JSON schema, told in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def misfit(schema: Mapping[str, Any], value: Any, name: str = "") -> str:
    """What does not fit most, as `name.field: why`; empty if all fits."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(schema).iter_errors(value))
    if error is None:
        return ""
    where = name
    for part in error.path:
        where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else str(part)
    return f"{where}: {error.message}" if where else str(error.message)
