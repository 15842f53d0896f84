"""The results stage: makes sure that a handler's result is JSON within the size limit, or fails with advice."""

from __future__ import annotations

from typing import Any

from mcp.types import CallToolResult, GetPromptResult, InputRequiredResult

from ..request import Request
from ..results import checked_contents, checked_prompt, checked_result
from ..settings import LimitSettings
from .stage import Handler, Item


class ResultStage:
    """Checks and measures results before they are cached or sent."""

    name = "results"

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits

    def applies(self, item: Item) -> bool:
        return True

    async def run(self, request: Request, item: Item, handler: Handler) -> Any:
        answer = await handler()
        limit = self._limits.result_bytes
        if isinstance(answer, CallToolResult):
            answer, request.size = checked_result(answer, limit)
        elif isinstance(answer, GetPromptResult):
            answer = checked_prompt(answer, limit)
        elif answer is not None and not isinstance(answer, InputRequiredResult):
            answer, request.size = checked_contents(answer, limit)
        return answer
