"""Secrets in the URLs of a config: what is written there becomes a variable of the environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

_USER_PASSWORD = re.compile(r"^(?P<before>[\w+.-]+://[^:/@]*:)(?P<secret>[^@]+)(?=@)")
_QUERY_SECRET = re.compile(
    r"(?P<before>[?&](?:password|passwd|pwd|sslpassword|ssl_key_password|token|auth_?token|access_?token|secret|"
    r"api_?key|odbc_connect)=)(?P<secret>[^&#]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A URL without its secrets, and the variables that bring them: name to value, as they have to be set."""

    url: str
    values: dict[str, str]


def without_secrets(url: str, prefix: str) -> Hidden:
    """`url` with each secret that is written in it as `${PREFIX_PASSWORD}`; variables that stand there already stay.

    Args:
        prefix: of the variables' names; it is made fit for one.
    """
    values: dict[str, str] = {}

    def hide_password(match: re.Match[str]) -> str:
        if VARIABLE.search(match["secret"]):
            return match[0]
        # The core quotes what it fills in here, so that the variable holds the plain password.
        return match["before"] + _variable(values, f"{prefix}_PASSWORD", unquote(match["secret"]))

    def hide_parameter(match: re.Match[str]) -> str:
        if VARIABLE.search(match["secret"]):
            return match[0]
        name = match["before"].strip("?&=").upper()
        return match["before"] + _variable(values, f"{prefix}_{name}", match["secret"])

    hidden = _QUERY_SECRET.sub(hide_parameter, _USER_PASSWORD.sub(hide_password, url))
    return Hidden(hidden, values)


def variable_name(text: str) -> str:
    """`text` as the name of a variable of the environment."""
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").upper()
    return f"_{name}" if name[:1].isdigit() else name or "SERVER"


def _variable(values: dict[str, str], wanted: str, value: str) -> str:
    name = base = variable_name(wanted)
    number = 2
    while name in values and values[name] != value:
        name, number = f"{base}_{number}", number + 1
    values[name] = value
    return f"${{{name}}}"
