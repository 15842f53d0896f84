"""What a function that runs as a task asks its client, in the SDK's words."""

from __future__ import annotations

from typing import Any

from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitRequestURLParams, ElicitResult

from ..request import Request


class TaskQuestions:
    """Stands in for the SDK's session in its functions for elicitation: a task has none."""

    def __init__(self, request: Request) -> None:
        """`request` is the one that the task's function serves."""
        self._request = request

    async def elicit_form(
        self, message: str, requested_schema: dict[str, Any], related_request_id: object = None
    ) -> ElicitResult:
        """Ask the task's client to have a form filled in, and wait for that."""
        return await self._ask(ElicitRequestFormParams(message=message, requested_schema=requested_schema))

    async def elicit_url(
        self, message: str, url: str, elicitation_id: str, related_request_id: object = None
    ) -> ElicitResult:
        """Ask the task's client to have its user go to a page, and wait for whether he will."""
        return await self._ask(
            ElicitRequestURLParams(message=message, url=url, elicitation_id=elicitation_id)
        )

    async def _ask(self, params: ElicitRequestFormParams | ElicitRequestURLParams) -> ElicitResult:
        asked = ElicitRequest(params=params)
        given = await self._request.ask_client(
            {params.mode: asked.model_dump(by_alias=True, mode="json", exclude_none=True)}
        )
        return ElicitResult.model_validate(given[params.mode])
