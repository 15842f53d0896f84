"""Replaces secrets written in a config with environment variables in the script."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

_PASSWORD = re.compile(r"^(?P<before>[\w+.-]+://[^:/@]*:)(?P<secret>[^@]+)(?=@)")
_HTTP_PASSWORD = re.compile(r"^(?P<before>https?://[^:/@]*:)(?P<secret>[^/@]+)(?=@)", re.IGNORECASE)
_SECRET_PARAMETER = re.compile(
    r"^([\w-]*(password|passwd|passphrase|secret|token|credentials?)|ssl_key_password|pwd|auth|sig|signature|"
    r"odbc_connect|([\w-]*(api|app|access|private|client|subscription)[-_]?)?key)$",
    re.IGNORECASE,
)
_SECRET_HEADER = re.compile(
    r"^(proxy-)?authorization$|^cookie$|(^|[-_])(api[-_]?key|token|secret|password|auth)($|[-_])",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"(?P<before>[?&;](?P<name>[^=&;#]+)=)(?P<secret>[^&;#]+)")

Secrets = dict[str, tuple[str, str]]
"""The value and original location of each secret, by variable."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A URL without its secrets, and the values of the variables that replace them."""

    url: str
    values: dict[str, str]


def without_secrets(url: str, prefix: str) -> Hidden:
    """Replace secrets in a database URL with `${PREFIX_PASSWORD}`; existing variables are kept.

    Args:
        prefix: The prefix of the variables' names; it is converted to a valid name.
    """
    values: dict[str, str] = {}

    def hide(secret: str, wanted: str) -> str:
        return f"${{{_free_variable(f'{prefix}_{wanted}', secret, values)}}}"

    # The core quotes the password when it fills it in, so the variable holds it unquoted.
    hidden = _PASSWORD.sub(lambda match: match["before"] + _plain(match["secret"], hide), url)
    return Hidden(_without_parameters(hidden, hide), values)


def hidden_secrets(workflows: dict[str, Any], module: str) -> tuple[dict[str, Any], Secrets]:
    """Replace what looks like a secret in workflows with `${env.NAME}`; templates are kept."""
    found: Secrets = {}

    def hide(value: Any, place: str, wanted: str) -> Any:
        if not isinstance(value, str) or not value or "${" in value:
            return value
        name = _free_variable(f"{module}_{wanted}", value, {name: each for name, (each, _) in found.items()})
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
        if isinstance(result.get("url"), str):

            def hide_in_url(secret: str, wanted: str) -> str:
                return str(hide(secret, f"{place}.url", wanted))

            url = _HTTP_PASSWORD.sub(
                lambda match: match["before"] + hide_in_url(match["secret"], "password"), result["url"]
            )
            result["url"] = _without_parameters(url, hide_in_url)
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


def variable_name(text: str) -> str:
    """Convert `text` to the name of an environment variable."""
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").upper()
    return f"_{name}" if name[:1].isdigit() else name or "SERVER"


def _plain(secret: str, hide: Callable[[str, str], str]) -> str:
    return secret if VARIABLE.search(secret) else hide(unquote(secret), "password")


def _without_parameters(url: str, hide: Callable[[str, str], str]) -> str:
    """Apply `hide` to the value of each URL parameter whose name looks like a secret."""

    def hidden(match: re.Match[str]) -> str:
        secret = _SECRET_PARAMETER.search(match["name"]) and "${" not in match["secret"]
        return match["before"] + hide(match["secret"], match["name"]) if secret else match[0]

    return _PARAMETER.sub(hidden, url)


def _free_variable(wanted: str, value: str, taken: dict[str, str]) -> str:
    """Choose a free name like `wanted` for a variable with this value, and add it to `taken`."""
    name = base = variable_name(wanted)
    number = 2
    while name in taken and taken[name] != value:
        name, number = f"{base}_{number}", number + 1
    taken[name] = value
    return name
