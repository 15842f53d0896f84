"""The context that users' functions can request: the SDK's, bound to our request."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from mcp.server.context import ServerRequestContext
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
from .client_questions import ClientQuestions
from .connections import wants_log

AskedForT = TypeVar("AskedForT", bound=BaseModel)
AnswerT = TypeVar("AnswerT")


class Context(SDKContextBase[Any, Any]):
    """The request that a function serves, for a parameter annotated with it. Also works in tasks and workflows."""

    _core_request: Request
    _core_module: ModuleContext

    def __init__(self, request: Request, module: ModuleContext) -> None:
        """The context of `request`, whose function belongs to `module`."""
        super().__init__(request_context=request.session, input_params=request.params)
        self._core_request = request
        self._core_module = module

    @property
    def lifespan(self) -> Any:
        """The value of the server's `lifespan`: a client, a model, a pool, opened once for all calls."""
        return self._core_module.lifespan

    @property
    def request_context(self) -> ServerRequestContext[Any, Any]:
        """The SDK's context of the wire request that the call now serves: the one with the client's last answer."""
        self._request_context = self._core_request.session
        return super().request_context

    @property
    def session(self) -> Any:
        """The client's session, through which a function can ask it and send to it."""
        request = self._core_request
        asks_itself = request.session is not None and request.ask is None
        return super().session if asks_itself else ClientQuestions(request)

    async def report_progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Report the call's progress to the client and the workbench. `total` may be unknown."""
        await self._core_request.report_progress(progress, total, message or "")

    def progress(self, progress: float, total: float | None = None, message: str = "") -> None:
        """`report_progress` for synchronous functions: callable from their worker thread, returns immediately."""
        self._core_request.progress_from_thread(progress, total, message)

    async def log(self, level: LoggingLevel, data: Any, *, logger_name: str | None = None) -> None:
        """Send a log message to the client, if it wants messages of `level`. Anything in `data` that JSON can't
        represent is sent as text. Work that outlives its request sends nothing."""
        session = self._core_request.session
        if session is not None and wants_log(session, level):
            await super().log(level, json_value(data), logger_name=logger_name)

    async def elicit(
        self, message: str, schema: type[AskedForT]
    ) -> AcceptedElicitation[AskedForT] | DeclinedElicitation | CancelledElicitation:
        """Ask the client's user for the fields of `schema`, and wait for the answer. The time limit is paused.

        A 2026-07-28 client gets the question as the response to its request, and the function waits in this process for
        the client's next one: for ten minutes, and not across a restart. A task waits as `input_required`.

        Raises:
            ToolError: nobody answered in time, or the answer does not match `schema`.
            MCPError: the client does not declare that it can be asked.
        """
        message = clean_surrogates(message)
        with self._asking():
            return await _fitting(elicit_with_validation(self.session, message, schema, self._related))

    async def elicit_url(self, message: str, url: str, elicitation_id: str) -> UrlElicitationResult:
        """Ask the client's user to open a page; otherwise like `elicit`."""
        message = clean_surrogates(message)
        with self._asking():
            return await elicit_url(self.session, message, url, elicitation_id, self._related)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Wrap asking the client; if it can't be asked, the caller gets an answer that says so."""
        try:
            with self._core_request.held():
                yield
        except NoBackChannelError as error:
            raise ToolError(
                f"{self._core_request.target} asks its client's user, but this client can't be asked: it does not "
                "declare elicitation, or the request is for a resource or a tool that can't ask (ToolItem.asks)."
            ) from error

    @property
    def _related(self) -> str | None:
        return None if self._core_request.session is None else self.request_id

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
    """Return the answer; an answer that does not match the question is the client's mistake, not the tool's."""
    try:
        return await asking
    except ValueError as error:
        raise ToolError(f"The client's answer can't be used: {error}") from error
