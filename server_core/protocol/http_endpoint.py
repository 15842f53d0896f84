"""The server's one HTTP path: who may call it, with how much, and what is answered where the SDK would not."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio
from mcp.types import INTERNAL_ERROR, INVALID_REQUEST, PARSE_ERROR

from ..reporting import ErrorReporter
from .connections import HANG_UP_KEY
from .http_addresses import AllowedNames
from .http_answers import STOPPED_EARLY, HttpAnswer

HttpMessage = MutableMapping[str, Any]
HttpScope = MutableMapping[str, Any]
HttpReceive = Callable[[], Awaitable[HttpMessage]]
HttpSend = Callable[[HttpMessage], Awaitable[None]]
HttpApp = Callable[[HttpScope, HttpReceive, HttpSend], Awaitable[None]]

HTTP_PATH = "/mcp"

BODY_BYTES = 4 * 1024 * 1024
"""How large the body of a request may be."""

DRAIN_BYTES = 64 * 1024 * 1024
"""How much of a body that is too large is still read, so that its sender gets to read the answer."""

_ODD_ID = re.compile(rb'"id"\s*:\s*(?:null|true|false|\[|\{|-?\d+[.eE])')
"""Finds the bodies whose id may be one that JSON-RPC does not know."""


class HttpEndpoint:
    """The ASGI application. On the server's loop only."""

    def __init__(self, app: HttpApp, names: AllowedNames, reporter: ErrorReporter) -> None:
        """`app` speaks the protocol; it is given only requests that may come in, with their bodies read."""
        self._app = app
        self._names = names
        self._reporter = reporter
        self._running: dict[anyio.CancelScope, bool] = {}
        self._idle = anyio.Event()
        self._closing = False

    async def __call__(self, scope: HttpScope, receive: HttpReceive, send: HttpSend) -> None:
        if scope["type"] != "http":
            return
        answer = HttpAnswer(send)
        with anyio.CancelScope() as running:
            self._running[running] = scope["method"] == "GET"

            def break_off() -> None:
                answer.break_off()
                running.cancel()

            scope[HANG_UP_KEY] = break_off
            try:
                await self._serve(scope, receive, answer)
            except Exception as error:
                reference = self._reporter.report(error, "an HTTP request")
                await answer.fail(500, INTERNAL_ERROR, f"Internal error (reference {reference})")
            finally:
                del self._running[running]
                if self._closing and not self._running:
                    self._idle.set()
        if answer.broken:
            await answer.leave_unfinished()
        elif running.cancelled_caught:
            await answer.fail(*STOPPED_EARLY)

    async def close(self, seconds: float) -> None:
        """Take no more requests, end the standing streams, and stop what still runs after `seconds`."""
        self._closing = True
        for scope in [scope for scope, standing in self._running.items() if standing]:
            scope.cancel()
        if self._running:
            with anyio.move_on_after(seconds):
                await self._idle.wait()
        for scope in list(self._running):
            scope.cancel()

    async def _serve(self, scope: HttpScope, receive: HttpReceive, answer: HttpAnswer) -> None:
        refused = self._refusal(scope)
        if refused is not None:
            await answer.fail(*refused)
            return
        if scope["method"] != "POST":
            await self._app(scope, receive, answer.send)
            return
        body = await _body(scope, receive)
        if body is None:
            text = (
                f"The request's body is over the limit of {BODY_BYTES // 1024 // 1024} MiB: send less at once"
            )
            await answer.fail(413, INVALID_REQUEST, text)
            return
        answer.to(body)
        problem = _odd_id(body)
        if problem is not None:
            await answer.fail(400, *problem)
            return
        await self._app(scope, _replayed(body, receive), answer.send)

    def _refusal(self, scope: HttpScope) -> tuple[int, int, str] | None:
        if self._closing:
            return 503, INTERNAL_ERROR, "The server is being stopped"
        if scope["path"].rstrip("/") != HTTP_PATH:
            return 404, INVALID_REQUEST, f"There is nothing at this path; the server is at {HTTP_PATH}"
        hosts = _header(scope, b"host")
        refused = self._names.refusal(hosts, _header(scope, b"origin"))
        return None if refused is None else (refused[0], INVALID_REQUEST, refused[1])


def _header(scope: HttpScope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


async def _body(scope: HttpScope, receive: HttpReceive) -> bytes | None:
    """The whole body; `None` if it is too large."""
    declared = _header(scope, b"content-length")
    if declared and declared[0].isdigit() and int(declared[0]) > DRAIN_BYTES:
        return None
    body = bytearray()
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        part = message.get("body", b"")
        size += len(part)
        if size <= BODY_BYTES:
            body += part
        else:
            body.clear()
        if not message.get("more_body", False) or size > DRAIN_BYTES:
            break
    return None if size > BODY_BYTES else bytes(body)


def _replayed(body: bytes, receive: HttpReceive) -> HttpReceive:
    given = False

    async def replay() -> HttpMessage:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _odd_id(body: bytes) -> tuple[int, str] | None:
    """Code and text for a message whose id is null, a fraction or no plain value: the SDK takes it for a
    notification, which nobody answers, and its sender would wait for ever."""
    if not _ODD_ID.search(body):
        return None
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return PARSE_ERROR, "The request's body is not JSON"
    if not isinstance(message, dict) or "id" not in message or "method" not in message:
        return None
    given = message["id"]
    if isinstance(given, str) or (isinstance(given, int) and not isinstance(given, bool)):
        return None
    return INVALID_REQUEST, "A request's id must be a string or an integer; a notification has none"
