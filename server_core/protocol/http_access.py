"""Access control over HTTP: clients that send the token, and web pages of allowed origins."""

from __future__ import annotations

import hmac
import ipaddress

from mcp.types import INVALID_REQUEST

from .http_addresses import LOCAL_NAMES, AddressError
from .http_requests import HttpHeaders, HttpProblem, HttpScope, header_values

TOKEN_CHARACTERS = 16
"""The minimum length of a token."""

TOKEN_RULE = f"{TOKEN_CHARACTERS} or more letters, digits or punctuation characters, without spaces"

_EXPOSED = b"mcp-session-id, mcp-protocol-version, www-authenticate"
_USUAL_HEADERS = "authorization, content-type, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name"


class AccessError(AddressError):
    """A server that would be open to anyone, or a token that is too weak."""


def check_access(
    host: str, token: str, no_auth: bool, *, token_name: str = "token", no_auth_name: str = "no_auth=True"
) -> None:
    """Refuse to serve other machines without a token, unless that is intended.

    Args:
        token_name: where the token comes from, for the error message.
        no_auth_name: the option that opens the server to anyone.

    Raises:
        AccessError: what is missing, in one line.
    """
    if no_auth:
        return
    if token:
        if len(token) < TOKEN_CHARACTERS or not all("!" <= letter <= "~" for letter in token):
            raise AccessError(f"{token_name} is not a usable token: use {TOKEN_RULE}")
    elif not _is_loopback(host):
        raise AccessError(
            f"{host} can be reached from other machines: set {token_name} ({TOKEN_RULE}), which clients then send as "
            f"a bearer token, or let anyone in with {no_auth_name}"
        )


def token_problem(scope: HttpScope, token: str) -> HttpProblem | None:
    """The response to a request without the right `token`."""
    given = header_values(scope, b"authorization")
    if not given:
        challenge = b'Bearer realm="mcp"'
        text = "This server needs a token: send the header Authorization: Bearer TOKEN"
    else:
        scheme, _, value = given[0].partition(" ")
        same = hmac.compare_digest(value.strip().encode("latin-1"), token.encode("ascii"))
        if same and scheme.lower() == "bearer" and len(given) == 1:
            return None
        challenge = b'Bearer realm="mcp", error="invalid_token"'
        text = "The token in the Authorization header is not this server's"
    return HttpProblem(401, INVALID_REQUEST, text, ((b"www-authenticate", challenge),))


def is_preflight(scope: HttpScope) -> bool:
    """Whether it is a browser's preflight request."""
    return scope["method"] == "OPTIONS" and bool(header_values(scope, b"access-control-request-method"))


def page_headers(scope: HttpScope) -> HttpHeaders:
    """The CORS headers of a response to a request with an allowed origin; none if it has no origin."""
    origin = header_values(scope, b"origin")
    if not origin:
        return ()
    return (
        (b"access-control-allow-origin", origin[0].encode("latin-1")),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"Origin"),
    )


def preflight_headers(scope: HttpScope) -> HttpHeaders:
    """What a preflight response adds to `page_headers`: any header may be sent."""
    asked = header_values(scope, b"access-control-request-headers")
    return (
        (b"access-control-allow-methods", b"GET, POST, DELETE"),
        (b"access-control-allow-headers", (asked[0] if asked else _USUAL_HEADERS).encode("latin-1")),
        (b"access-control-max-age", b"600"),
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host.casefold() in LOCAL_NAMES
