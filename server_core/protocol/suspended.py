"""Calls that ask their client while running, for clients that are asked through a call's result (2026-07-28).

Such a call runs in its own task. When its function asks, the request is answered with the question; the next request,
which carries the answer, continues the same function. Nothing runs twice. The price: a waiting call is in the memory
of this process, so the answer must reach this process, and in time.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp import MCPError
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import INVALID_PARAMS, ClientCapabilities, InputRequiredResult, InputResponses

from ..background import BackgroundTasks
from ..clock import Clock
from ..request import Request
from .capabilities import check_answerable

ANSWER_SECONDS = 600.0
"""How long a call waits for an answer. The SDK's `requestState`, which contains its name, lives as long."""

MOST_WAITING = 100
"""How many calls may wait; one more ends the one that has waited longest."""

STATE_PREFIX = "suspended-call:"


class SuspendedCalls:
    """The calls that wait for answers, each under a state that can't be guessed. Use on the server's loop only."""

    def __init__(self, background: BackgroundTasks, clock: Clock) -> None:
        self._background = background
        self._clock = clock
        self._waiting: dict[str, tuple[SuspendableCall, asyncio.Task[None]]] = {}

    async def run(self, request: Request, asks: bool, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do the `work` of a request, or continue the call named by its `requestState`; returns the result or the
        questions.

        Args:
            asks: whether the work may ask the client.

        Raises:
            MCPError: the call that asked is no longer waiting; or whatever the work raises.
        """
        state = getattr(request.params, "request_state", None) or ""
        if state.startswith(STATE_PREFIX):
            return await self._result_or_questions(self._resumed(request, state))
        able = _what_it_answers(request) if asks else None
        if able is None:
            return await work()
        call = SuspendableCall(request, able)
        call.task = self._background.spawn(call.run(work), f"a call of {request.target}")
        return await self._result_or_questions(call)

    def _resumed(self, request: Request, state: str) -> SuspendableCall:
        call, expiry = self._waiting.pop(state, (None, None))
        if call is None or expiry is None:
            raise MCPError(
                INVALID_PARAMS,
                f"The call of {request.target} is no longer waiting for an answer: it was answered, timed out, or the "
                "server was restarted. Call it again from the start.",
                {"reason": "invalid_request_state"},
            )
        expiry.cancel()
        call.request.session = request.session
        call.answer(request.params.input_responses or {})
        return call

    async def _result_or_questions(self, call: SuspendableCall) -> Any:
        try:
            await call.turn()
        except asyncio.CancelledError:
            if call.task is not None:
                call.task.cancel()
            raise
        if call.result.done():
            return call.result.result()
        state = STATE_PREFIX + secrets.token_urlsafe(32)
        if len(self._waiting) >= MOST_WAITING:
            self._end(next(iter(self._waiting)), "too many calls are waiting for answers")
        self._waiting[state] = call, self._background.spawn(self._expire(state))
        questions = {"inputRequests": call.questions(), "requestState": state}
        return InputRequiredResult.model_validate(questions)

    async def _expire(self, state: str) -> None:
        await self._clock.sleep(ANSWER_SECONDS)
        self._end(state, f"got no answer within {ANSWER_SECONDS:g} s")

    def _end(self, state: str, reason: str) -> None:
        call, expiry = self._waiting.pop(state)
        if expiry is not asyncio.current_task():
            expiry.cancel()
        call.fail(ToolError(f"{call.request.target} asked its client, but {reason}"))


class SuspendableCall:
    """One call whose function may ask, across all the requests that it takes."""

    def __init__(self, request: Request, able: ClientCapabilities) -> None:
        """`able` is what the client can be asked for."""
        loop = asyncio.get_running_loop()
        self.request = request
        self.task: asyncio.Task[None] | None = None
        self.result: asyncio.Future[Any] = loop.create_future()
        self.result.add_done_callback(lambda _result: self._wake())
        self._open: dict[str, tuple[Any, asyncio.Future[Any]]] = {}
        self._turn: asyncio.Future[None] = loop.create_future()
        self._able = able
        request.ask = self._ask

    async def run(self, work: Callable[[], Awaitable[Any]]) -> None:
        """Do the work; its outcome becomes the `result`."""
        try:
            result = await work()
        except asyncio.CancelledError:
            self.result.cancel()
            raise
        except BaseException as error:
            self.result.set_exception(error)
            self.result.exception()  # nobody may be left to receive it
        else:
            self.result.set_result(result)

    async def turn(self) -> None:
        """Wait until it has ended or asks something."""
        if not self._open and not self.result.done():
            self._turn = asyncio.get_running_loop().create_future()
            await self._turn

    def questions(self) -> dict[str, Any]:
        """The open questions, as the protocol's requests."""
        return {key: question for key, (question, _answer) in self._open.items()}

    def answer(self, responses: InputResponses) -> None:
        """Pass answers to the function. A question without one stays open."""
        for key, response in responses.items():
            _question, answer = self._open.pop(key, (None, None))
            if answer is not None and not answer.done():
                answer.set_result(response.model_dump(by_alias=True, mode="json", exclude_none=True))

    def fail(self, error: Exception) -> None:
        """Raise `error` where the function is waiting."""
        for _question, answer in self._open.values():
            if not answer.done():
                answer.set_exception(error)
        self._open.clear()

    async def _ask(self, requests: Mapping[str, Any]) -> dict[str, Any]:
        check_answerable(requests, self._able)
        loop = asyncio.get_running_loop()
        keys = {}
        for key, question in requests.items():
            unique = next(
                name for name in (key, *(f"{key}-{n}" for n in range(2, 1000))) if name not in self._open
            )
            self._open[unique] = question, loop.create_future()
            keys[key] = unique
        answers = {key: self._open[unique][1] for key, unique in keys.items()}
        self._wake()
        try:
            return {key: await answer for key, answer in answers.items()}
        finally:
            for unique in keys.values():
                self._open.pop(unique, None)

    def _wake(self) -> None:
        if not self._turn.done():
            self._turn.set_result(None)


def _what_it_answers(request: Request) -> ClientCapabilities | None:
    """What a request's client can be asked for through the result; `None` if nothing, or if it takes requests."""
    if request.session is None or request.protocol < "2026":
        return None
    able = request.session.session.client_capabilities
    can_answer = able is not None and (able.elicitation or able.sampling or able.roots) is not None
    return able if can_answer else None
