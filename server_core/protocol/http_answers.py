"""Sends the response to one HTTP request: without events that clients would refuse, and never without an end."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from mcp.types import INTERNAL_ERROR, RequestId

from ..errors import TOO_LARGE
from .http_requests import HttpHeaders, HttpProblem

EVENT_BYTES = 1_000_000
"""The size limit of one event: the SDK's client gives up at 1 MiB. A plain JSON response has no such limit."""

_EVENT_BEGIN = b"event: message\r\ndata: "
_EVENT_END = b"\r\n\r\n"
_ANSWER = re.compile(rb'\{"jsonrpc":"2\.0","id":(-?\d+|"(?:[^"\\]++|\\.)*+"),"(?:result|error)":')
"""The SDK's format of the message that ends a request; anything else is passed on unchanged."""

_STREAM_HEADERS = {b"content-type", b"cache-control", b"connection", b"x-accel-buffering", b"content-length"}


class HttpAnswer:
    """Passes on what the protocol's application sends, and can end it with an error at any point.

    A stream whose first event is the response is sent as plain JSON instead. A later event over `EVENT_BYTES` is
    replaced: a response by an error that says so; a notification is dropped.

    Attributes:
        broken: whether the connection should end in the middle of the response.
        headers: headers added to every response.
    """

    def __init__(self, send: Callable[[MutableMapping[str, Any]], Awaitable[None]]) -> None:
        self._send = send
        self._request: RequestId | None = None
        self._held: MutableMapping[str, Any] | None = None
        self._streaming = False
        self._started = False
        self._ended = False
        self.broken = False
        self.headers: HttpHeaders = ()

    def to(self, request: RequestId | None) -> None:
        """Set the id of the request being answered; `None` for a notification or a response."""
        self._request = request

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """The application's `send`."""
        if self._ended:
            return
        if message["type"] == "http.response.start":
            self._streaming = _is_stream(message)
            if self._streaming and self._request is not None:
                self._held = message
            else:
                await self._start(message)
        elif message["type"] == "http.response.body":
            await self._send_body(message)

    async def fail(self, problem: HttpProblem) -> None:
        """End with a JSON-RPC error, if it has not ended: as the whole response, or as a stream's last event."""
        if self._ended:
            return
        if not self._started:
            error = _error_of(self._request, problem.code, problem.text)
            await self._send_json(problem.status, list(problem.headers), error.encode())
            return
        given = self._request
        stream = self._streaming and given is not None
        await self._finish(_error_event(given, problem.code, problem.text) if stream else b"")

    async def empty(self, status: int, headers: HttpHeaders) -> None:
        """End with only a status and headers."""
        await self._start({"type": "http.response.start", "status": status, "headers": list(headers)})
        await self._finish(b"")

    def break_off(self) -> None:
        """Send nothing more."""
        self.broken = not self._ended
        self._ended = True

    async def leave_unfinished(self) -> None:
        """After `break_off`, end the connection in the middle of the response."""
        if not self._started:
            headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})
            part = _EVENT_BEGIN + b'{"jsonrpc":'
            await self._send({"type": "http.response.body", "body": part, "more_body": True})

    async def _send_body(self, message: MutableMapping[str, Any]) -> None:
        body: bytes = message.get("body", b"")
        last = not message.get("more_body", False)
        if self._streaming and self._request is not None:
            event = _message_of(body)
            answer = _ANSWER.match(event) if event else None
            if self._held is not None:
                if event and answer:
                    kept = [each for each in self._held["headers"] if each[0].lower() not in _STREAM_HEADERS]
                    await self._send_json(self._held["status"], kept, event)
                    return
                await self._start(self._held)
            if event and len(body) > EVENT_BYTES:
                body = _too_large_event(json.loads(answer[1]), len(body)) if answer else b""
        if last:
            await self._finish(body)
        elif body:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def _start(self, message: MutableMapping[str, Any]) -> None:
        self._held = None
        self._started = True
        await self._send({**message, "headers": [*message.get("headers", ()), *self.headers]})

    async def _finish(self, body: bytes) -> None:
        self._ended = True
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def _send_json(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        length = str(len(body)).encode()
        await self._start(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, (b"content-type", b"application/json"), (b"content-length", length)],
            }
        )
        await self._finish(body)


def _is_stream(start: MutableMapping[str, Any]) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in start.get("headers", ())
    )


def _message_of(body: bytes) -> bytes | None:
    """The JSON of a body that is exactly one message event."""
    if not body.startswith(_EVENT_BEGIN) or not body.endswith(_EVENT_END):
        return None
    message = body[len(_EVENT_BEGIN) : -len(_EVENT_END)]
    return None if b"\n" in message else message


def _too_large_event(request_id: Any, size: int) -> bytes:
    text = (
        f"The result is {size / 1e6:.1f} MB, over the {EVENT_BYTES / 1e6:.0f} MB limit for one event of a stream. "
        "Ask for less, or for part of it, or call without a progress token."
    )
    return _error_event(request_id, TOO_LARGE, text)


def _error_event(request_id: Any, code: int, text: str) -> bytes:
    return f"event: message\r\ndata: {_error_of(request_id, code, text)}\r\n\r\n".encode()


def _error_of(request_id: Any, code: int, text: str) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": text}})


STOPPED_EARLY = HttpProblem(503, INTERNAL_ERROR, "The server was stopped before it answered")
"""The error for requests that a stopping server no longer waits for."""
