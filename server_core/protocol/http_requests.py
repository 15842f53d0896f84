"""Checks an HTTP request before the protocol sees it: its method, its headers, and a body of limited size that must
arrive in time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

import anyio
from mcp.server.streamable_http import check_accept_headers
from mcp.types import INVALID_REQUEST
from mcp.types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.requests import Request as HttpRequest

HttpMessage = MutableMapping[str, Any]
HttpScope = MutableMapping[str, Any]
HttpReceive = Callable[[], Awaitable[HttpMessage]]
HttpHeaders = tuple[tuple[bytes, bytes], ...]

BODY_BYTES = 4 * 1024 * 1024
"""The size limit of a request's body."""

BODY_SECONDS = 60.0
"""How long a request's body may take to arrive."""

DRAIN_BYTES = 64 * 1024 * 1024
"""How much of an oversized body is still read, so that its sender gets to read the response."""

_CLOSE: HttpHeaders = ((b"connection", b"close"),)


class HttpProblem(NamedTuple):
    """A refused request: HTTP status, JSON-RPC code, message, and additional headers."""

    status: int
    code: int
    text: str
    headers: HttpHeaders = ()


class GoneError(Exception):
    """The client closed the connection before it sent the whole body."""


def header_values(scope: HttpScope, name: bytes) -> list[str]:
    """The values of a header, given its name in lower case."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def form_problem(scope: HttpScope) -> HttpProblem | None:
    """The problem with the method or headers of a request, for either revision."""
    method = scope["method"]
    revision = header_values(scope, b"mcp-protocol-version")
    known = (
        ("POST",)
        if revision and revision[0] not in HANDSHAKE_PROTOCOL_VERSIONS
        else ("GET", "POST", "DELETE")
    )
    if method not in known:
        text = f"{' and '.join(known)} {'is' if len(known) == 1 else 'are'} served here, in this protocol revision"
        return HttpProblem(405, INVALID_REQUEST, text, ((b"allow", ", ".join(known).encode()),))
    if method == "DELETE":
        return None
    json, events = check_accept_headers(HttpRequest(scope))
    if method == "GET":
        return None if events else HttpProblem(406, INVALID_REQUEST, "Accept must include text/event-stream")
    if not (json and events):
        return HttpProblem(
            406, INVALID_REQUEST, "Accept must include both application/json and text/event-stream"
        )
    kinds = header_values(scope, b"content-type")
    if len(kinds) != 1 or kinds[0].partition(";")[0].strip().lower() != "application/json":
        return HttpProblem(415, INVALID_REQUEST, "Content-Type must be application/json")
    return None


async def read_body(scope: HttpScope, receive: HttpReceive) -> bytes | HttpProblem:
    """Read the whole body.

    Raises:
        GoneError: the client is gone.
    """
    declared = header_values(scope, b"content-length")
    if declared and declared[0].isdigit() and len(declared[0]) < 20 and int(declared[0]) > DRAIN_BYTES:
        return _too_large(all_read=False)
    body = bytearray()
    size = 0
    with anyio.move_on_after(BODY_SECONDS):
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise GoneError
            part = message.get("body", b"")
            size += len(part)
            if size <= BODY_BYTES:
                body += part
            else:
                body.clear()
            if not message.get("more_body", False):
                return bytes(body) if size <= BODY_BYTES else _too_large(all_read=True)
            if size > DRAIN_BYTES:
                return _too_large(all_read=False)
    text = f"The request's body did not arrive within {BODY_SECONDS:g} s"
    return HttpProblem(408, INVALID_REQUEST, text, _CLOSE)


def replayed(body: bytes, receive: HttpReceive) -> HttpReceive:
    """A `receive` that returns a body that was already read, then continues with `receive`."""
    given = False

    async def replay() -> HttpMessage:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _too_large(*, all_read: bool) -> HttpProblem:
    text = f"The request's body is over the limit of {BODY_BYTES // 1024 // 1024} MiB: send less at once"
    return HttpProblem(413, INVALID_REQUEST, text, () if all_read else _CLOSE)
