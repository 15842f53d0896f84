"""Asks the client through responses to its own requests, rather than requests to it: in a task, or in a call of a
2026-07-28 client."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver.resolve import Sample
from mcp.types import (
    CreateMessageRequest,
    CreateMessageResult,
    CreateMessageResultWithTools,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    ElicitResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
)
from pydantic import BaseModel

from ..request import Request


class ClientQuestions:
    """Stands in for the SDK's session where it can't ask; everything else is passed on to the session."""

    def __init__(self, request: Request) -> None:
        """`request` is the one that the function serves."""
        self._request = request

    def __getattr__(self, name: str) -> Any:
        if self._request.session is None:
            raise AttributeError(f"a task has no session, so {name} is not available")
        return getattr(self._request.session.session, name)

    async def elicit_form(
        self, message: str, requested_schema: dict[str, Any], related_request_id: object = None
    ) -> ElicitResult:
        """Ask the client to have a form filled in, and wait for the result."""
        params = ElicitRequestFormParams(message=message, requested_schema=requested_schema)
        return ElicitResult.model_validate(await self._ask("form", ElicitRequest(params=params)))

    async def elicit_url(
        self, message: str, url: str, elicitation_id: str, related_request_id: object = None
    ) -> ElicitResult:
        """Ask the client to send its user to a page, and wait for their decision."""
        params = ElicitRequestURLParams(message=message, url=url, elicitation_id=elicitation_id)
        return ElicitResult.model_validate(await self._ask("url", ElicitRequest(params=params)))

    async def create_message(
        self, messages: list[SamplingMessage], *, related_request_id: object = None, **options: Any
    ) -> CreateMessageResult | CreateMessageResultWithTools:
        """Ask the client to sample its model, and wait for the message."""
        given = await self._ask("message", CreateMessageRequest(params=Sample(messages, **options).params))
        if options.get("tools") is None and options.get("tool_choice") is None:
            return CreateMessageResult.model_validate(given)
        return CreateMessageResultWithTools.model_validate(given)

    async def list_roots(self) -> ListRootsResult:
        """Ask the client for its roots."""
        return ListRootsResult.model_validate(await self._ask("roots", ListRootsRequest()))

    async def _ask(self, key: str, question: BaseModel) -> Any:
        asked = question.model_dump(by_alias=True, mode="json", exclude_none=True)
        return (await self._request.ask_client({key: asked}))[key]
