"""The context that a user's function may ask for: the SDK's, bound to our request."""

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

    @property
    def request_context(self) -> ServerRequestContext[Any, Any]:
        """The SDK's context of the wire request that the call serves now: the one that brought its last answer."""
        self._request_context = self._core_request.session
        return super().request_context

    @property
    def session(self) -> Any:
        """The client's session, by which a function can ask it and send to it."""
        request = self._core_request
        asks_itself = request.session is not None and request.ask is None
        return super().session if asks_itself else ClientQuestions(request)

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
        """Ask the client's user for the fields of `schema`, and wait for the answer. The time limit stands still.

        A 2026-07-28 client gets the question as the answer to its request, and the function waits in this process for
        the client's next one: for ten minutes, and not beyond a restart. A task waits as `input_required`.

        Raises:
            ToolError: nobody answered in time, or the answer does not fit `schema`.
            MCPError: the client does not declare that it can be asked.
        """
        message = clean_surrogates(message)
        with self._asking():
            return await _fitting(elicit_with_validation(self.session, message, schema, self._related))

    async def elicit_url(self, message: str, url: str, elicitation_id: str) -> UrlElicitationResult:
        """Ask the client's user to go to a page, where the same is true as of `elicit`."""
        message = clean_surrogates(message)
        with self._asking():
            return await elicit_url(self.session, message, url, elicitation_id, self._related)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """While the client is asked; one that can't be gets an answer that says so."""
        try:
            with self._core_request.held():
                yield
        except NoBackChannelError as error:
            raise ToolError(
                f"{self._core_request.target} asks its client's user, and nobody can be asked: the client does not "
                "declare elicitation, or its request is for a resource or a tool that can't ask (ToolItem.asks)."
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
    """The answer; what does not fit the question is the client's mistake, not the tool's."""
    try:
        return await asking
    except ValueError as error:
        raise ToolError(f"The client's answer can't be used: {error}") from error
