"""Secrets that are written into a workflow's HTTP requests: they become variables of the environment."""

from __future__ import annotations

import re
from typing import Any

from .passwords import variable_name

_SECRET_HEADER = re.compile(
    r"^(proxy-)?authorization$|^cookie$|(^|[-_])(api[-_]?key|token|secret|password|auth)($|[-_])",
    re.IGNORECASE,
)
_SECRET_PARAMETER = re.compile(
    r"^(api[-_]?key|key|token|access[-_]?token|auth|secret|client[-_]?secret|password|passwd|pwd|sig|signature)$",
    re.IGNORECASE,
)
_URL_SECRET = re.compile(r"^(?P<before>https?://[^/@:]*:)(?P<secret>[^/@]+)(?=@)", re.IGNORECASE)

Secrets = dict[str, tuple[str, str]]
"""By variable: the value, and where it stood."""


def hidden_secrets(workflows: dict[str, Any], module: str) -> tuple[dict[str, Any], Secrets]:
    """The workflows with `${env.NAME}` in place of what looks like a secret; what is filled in already stays."""
    found: Secrets = {}

    def hide(value: Any, place: str, wanted: str) -> Any:
        if not isinstance(value, str) or not value or "${" in value:
            return value
        name = base = variable_name(f"{module}_{wanted}")
        number = 2
        while name in found and found[name][0] != value:
            name, number = f"{base}_{number}", number + 1
        found.setdefault(name, (value, place))
        return f"${{env.{name}}}"

    def step(table: dict[str, Any], place: str) -> dict[str, Any]:
        result = dict(table)
        for key, pattern in (("headers", _SECRET_HEADER), ("params", _SECRET_PARAMETER)):
            if isinstance(result.get(key), dict):
                result[key] = {
                    name: hide(value, f"{place}.{key}.{name}", name) if pattern.search(name) else value
                    for name, value in result[key].items()
                }
        url = result.get("url")
        match = _URL_SECRET.match(url) if isinstance(url, str) else None
        if match and "${" not in match["secret"]:
            filled = hide(match["secret"], f"{place}.url", "password")
            result["url"] = match["before"] + filled + str(url)[match.end() :]
        for branch in ("then", "else", "steps"):
            if isinstance(result.get(branch), list):
                result[branch] = steps(result[branch], f"{place}.{branch}")
        if isinstance(result.get("branches"), dict):
            result["branches"] = {
                name: steps(inside, f"{place}.branches.{name}") if isinstance(inside, list) else inside
                for name, inside in result["branches"].items()
            }
        if isinstance(result.get("config"), dict):
            result["config"] = step(result["config"], f"{place}.config")
        return result

    def steps(tables: list[Any], place: str) -> list[Any]:
        return [
            step(table, f"{place}[{number}]") if isinstance(table, dict) else table
            for number, table in enumerate(tables, 1)
        ]

    hidden = {}
    for name, workflow in workflows.items():
        hidden[name] = dict(workflow)
        if isinstance(workflow.get("steps"), list):
            hidden[name]["steps"] = steps(workflow["steps"], f"{name}.steps")
    return hidden, found
