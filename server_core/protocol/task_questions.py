"""What a function that runs as a task asks its client, in the SDK's words."""

from __future__ import annotations

from typing import Any

from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitResult

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
        asked = ElicitRequest(
            params=ElicitRequestFormParams(message=message, requested_schema=requested_schema)
        )
        given = await self._request.ask_client(
            {"form": asked.model_dump(by_alias=True, mode="json", exclude_none=True)}
        )
        return ElicitResult.model_validate(given["form"])
