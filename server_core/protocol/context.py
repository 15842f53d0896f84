"""The context that a user's function may ask for: the SDK's, bound to our request."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from mcp.server.elicitation import (
    AcceptedElicitation,
    CancelledElicitation,
    DeclinedElicitation,
    UrlElicitationResult,
    elicit_url,
    elicit_with_validation,
)
from mcp.server.mcpserver.context import Context as SDKContextBase
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import NoBackChannelError
from mcp.types import CallToolResult, InputRequiredResult, LoggingLevel
from pydantic import BaseModel

from ..errors import clean_surrogates
from ..items import Contents
from ..module import ModuleContext
from ..request import Request
from ..results import json_value
from .connections import wants_log
from .task_questions import TaskQuestions

AskedForT = TypeVar("AskedForT", bound=BaseModel)
AnswerT = TypeVar("AnswerT")


class Context(SDKContextBase[Any, Any]):
    """The request that a function serves, for a parameter annotated with it. Works in tasks and workflows too."""

    _core_request: Request
    _core_module: ModuleContext

    def __init__(self, request: Request, module: ModuleContext) -> None:
        """The context of `request`, whose function belongs to `module`."""
        super().__init__(request_context=request.session, input_params=request.params)
        self._core_request = request
        self._core_module = module

    @property
    def lifespan(self) -> Any:
        """What the server's `lifespan` gave: a client, a model, a pool, opened once for all calls."""
        return self._core_module.lifespan

    async def report_progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Tell client and workbench how far the call is. `total` may be unknown."""
        await self._core_request.report_progress(progress, total, message or "")

    def progress(self, progress: float, total: float | None = None, message: str = "") -> None:
        """The same for synchronous functions: callable from their worker thread, returns at once."""
        self._core_request.progress_from_thread(progress, total, message)

    async def log(self, level: LoggingLevel, data: Any, *, logger_name: str | None = None) -> None:
        """Send a log message to the client, if it wants those of `level`; what JSON can't carry in `data` is sent
        as text. Work that has outlived its request has nobody to send to."""
        session = self._core_request.session
        if session is not None and wants_log(session, level):
            await super().log(level, json_value(data), logger_name=logger_name)

    async def elicit(
        self, message: str, schema: type[AskedForT]
    ) -> AcceptedElicitation[AskedForT] | DeclinedElicitation | CancelledElicitation:
        """Ask the client's user for the fields of `schema`, in a 2025-11-25 client's call or in a task.

        A task waits as `input_required` until its client answers; calls of 2026-07-28 ask by what they return. The
        time limit of the call stands still meanwhile.
        """
        message = clean_surrogates(message)
        if self._core_request.session is None:
            asking: Any = TaskQuestions(self._core_request)
            return await _fitting(elicit_with_validation(asking, message, schema))
        with self._asking():
            return await _fitting(super().elicit(message, schema))

    async def elicit_url(self, message: str, url: str, elicitation_id: str) -> UrlElicitationResult:
        """Ask the client's user to go to a page, where the same is true as of `elicit`."""
        message = clean_surrogates(message)
        if self._core_request.session is None:
            asking: Any = TaskQuestions(self._core_request)
            return await elicit_url(asking, message, url, elicitation_id)
        with self._asking():
            return await super().elicit_url(message, url, elicitation_id)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """While the client is asked; one that can't be gets an answer that says so."""
        try:
            with self._core_request.held():
                yield
        except NoBackChannelError as error:
            raise ToolError(
                f"{self._core_request.target} asks its client's user while it runs, which a call of "
                f"{self._core_request.protocol} can't: ask by a parameter (Resolve) or by what the function returns "
                "(InputRequiredResult), or run it as a task."
            ) from error

    async def call_tool(
        self, name: str, arguments: dict[str, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call another tool of this server, through the whole pipeline."""
        request = self._core_request.nested("tools/call", name)
        return await self._core_module.call_tool(request, name, arguments or {})

    async def read(self, uri: str) -> Contents:
        """Read a resource of this server, through the whole pipeline (and its cache)."""
        return await self._core_module.read(self._core_request.nested("resources/read", uri), uri)


async def _fitting(asking: Awaitable[AnswerT]) -> AnswerT:
    """The answer; what does not fit the question is the client's mistake, not the tool's."""
    try:
        return await asking
    except ValueError as error:
        raise ToolError(f"The client's answer can't be used: {error}") from error
