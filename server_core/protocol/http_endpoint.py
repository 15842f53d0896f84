"""The server's single HTTP path: who may call it, with what, and the responses that the SDK does not give."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
from mcp.types import INTERNAL_ERROR, INVALID_REQUEST

from ..reporting import ErrorReporter
from .connections import HANG_UP_KEY
from .http_access import is_preflight, page_headers, preflight_headers, token_problem
from .http_addresses import AllowedNames
from .http_answers import STOPPED_EARLY, HttpAnswer
from .http_requests import (
    GoneError,
    HttpMessage,
    HttpProblem,
    HttpReceive,
    HttpScope,
    form_problem,
    header_values,
    read_body,
    replayed,
)
from .intake import Refusal, read_message

HttpSend = Callable[[HttpMessage], Awaitable[None]]
HttpApp = Callable[[HttpScope, HttpReceive, HttpSend], Awaitable[None]]

HTTP_PATH = "/mcp"


class HttpEndpoint:
    """The ASGI application. Use on the server's loop only."""

    def __init__(self, app: HttpApp, names: AllowedNames, reporter: ErrorReporter, token: str = "") -> None:
        """Args:
        app: implements the protocol; it receives only accepted requests, with their bodies read.
        token: the token that every request must carry, unless it is empty.
        """
        self._app = app
        self._names = names
        self._token = token
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
            except GoneError:
                answer.break_off()
            except Exception as error:
                reference = self._reporter.report(error, "an HTTP request")
                await answer.fail(HttpProblem(500, INTERNAL_ERROR, f"Internal error (reference {reference})"))
            finally:
                del self._running[running]
                if self._closing and not self._running:
                    self._idle.set()
        if answer.broken:
            await answer.leave_unfinished()
        elif running.cancelled_caught:
            await answer.fail(STOPPED_EARLY)

    async def close(self, seconds: float) -> None:
        """Accept no more requests, end the standing streams, and cancel what is still running after `seconds`."""
        self._closing = True
        for scope in [scope for scope, standing in self._running.items() if standing]:
            scope.cancel()
        if self._running:
            with anyio.move_on_after(seconds):
                await self._idle.wait()
        for scope in list(self._running):
            scope.cancel()

    async def _serve(self, scope: HttpScope, receive: HttpReceive, answer: HttpAnswer) -> None:
        problem = self._refusal(scope)
        if problem is None:
            answer.headers = page_headers(scope)
            if is_preflight(scope):
                await answer.empty(204, preflight_headers(scope))
                return
            problem = (token_problem(scope, self._token) if self._token else None) or form_problem(scope)
        if problem is not None:
            await answer.fail(problem)
            return
        body = await read_body(scope, receive)
        if isinstance(body, HttpProblem):
            await answer.fail(body)
            return
        if scope["method"] == "POST":
            message = read_message(body)
            if isinstance(message, Refusal):
                answer.to(message.id)
                await answer.fail(HttpProblem(400, message.code, message.text))
                return
            answer.to(message.get("id") if "method" in message else None)
        await self._app(scope, replayed(body, receive), answer.send)

    def _refusal(self, scope: HttpScope) -> HttpProblem | None:
        if self._closing:
            return HttpProblem(503, INTERNAL_ERROR, "The server is stopping")
        if scope["path"].rstrip("/") != HTTP_PATH:
            return HttpProblem(
                404, INVALID_REQUEST, f"There is nothing at this path; the server is at {HTTP_PATH}"
            )
        refused = self._names.refusal(header_values(scope, b"host"), header_values(scope, b"origin"))
        return None if refused is None else HttpProblem(refused[0], INVALID_REQUEST, refused[1])
