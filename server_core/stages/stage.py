"""The interface of a stage, for those in this package and your own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, runtime_checkable

from ..inspection import FaultState
from ..items import PromptItem, ResourceItem, TemplateItem, ToolItem
from ..request import Request

Item = ToolItem | ResourceItem | TemplateItem | PromptItem
Handler = Callable[[], Awaitable[Any]]
"""The rest of the pipeline: the inner stages and finally the module's function."""


class Stage(Protocol):
    """A step of the pipeline that every request for certain items passes through, on the server's loop.

    It may answer by itself, change the result, wait, refuse by raising, or just observe. Its result is a
    `CallToolResult` (or `InputRequiredResult`) for a tool, the contents for a read, a `GetPromptResult` for a prompt,
    and `None` for a followed stream.

    Attributes:
        name: used to place other stages before it.
    """

    name: str

    def applies(self, item: Item) -> bool:
        """Whether requests for `item` pass through this stage. Called for every request: be quick."""
        ...

    async def run(self, request: Request, item: Item, handler: Handler) -> Any:
        """Answer `request`, usually with the result of `handler`."""
        ...


@runtime_checkable
class FaultStage(Protocol):
    """A stage that injects faults and shows them in `inspect()`."""

    def fault_states(self) -> tuple[FaultState, ...]:
        """The faults that are currently set."""
        ...
