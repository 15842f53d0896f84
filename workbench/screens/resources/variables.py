"""A template's variables as a form, and the URI they expand to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def schema_of(template: str) -> dict[str, Any]:
    """A JSON Schema of a template's variables: all strings, query variables optional.

    Imports the SDK, so call it only after the engine has.
    """
    from mcp.shared.uri_template import UriTemplate

    try:
        parsed = UriTemplate.parse(template)
    except ValueError:
        return {"type": "object", "properties": {}, "additionalProperties": False}
    properties: dict[str, Any] = {}
    for variable in parsed.variables:
        text = {"type": "string", "description": _KINDS.get(variable.operator, "")}
        properties[variable.name] = (
            {"type": "array", "items": {"type": "string"}} if variable.explode else text
        )
    optional = parsed.query_variable_names
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


_KINDS = {"+": "may contain slashes", "?": "in the query", "&": "in the query", "#": "the fragment"}


def uri_of(template: str, values: Mapping[str, Any]) -> str:
    """Expand a template with its variables; "" while a required one is missing or not a string."""
    from mcp.shared.uri_template import UriTemplate

    try:
        parsed = UriTemplate.parse(template)
        needed = [name for name in parsed.variable_names if name not in parsed.query_variable_names]
        if any(not values.get(name) for name in needed):
            return ""
        return parsed.expand({name: value for name, value in values.items() if isinstance(value, str | list)})
    except (ValueError, TypeError):
        return ""
