"""What a stage is, for those of this package and for yours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, runtime_checkable

from ..inspection import FaultState
from ..items import PromptItem, ResourceItem, TemplateItem, ToolItem
from ..request import Request

Item = ToolItem | ResourceItem | TemplateItem | PromptItem
Handler = Callable[[], Awaitable[Any]]
"""The rest of the way: the stages further in, and at last the module's function."""


class Stage(Protocol):
    """Something that every request for certain items passes, on the server's loop.

    It may answer by itself, change the answer, wait, refuse by raising, or just look on. What it answers for a tool is
    a `CallToolResult` (or `InputRequiredResult`), for a read the contents, for a prompt a `GetPromptResult`, and `None`
    for a stream that is followed.

    Attributes:
        name: others are placed relative to it.
    """

    name: str

    def applies(self, item: Item) -> bool:
        """Whether requests for `item` pass this stage. Asked at each request: be quick."""
        ...

    async def run(self, request: Request, item: Item, handler: Handler) -> Any:
        """Answer `request`, as a rule with what `handler` answers."""
        ...


@runtime_checkable
class FaultStage(Protocol):
    """A stage that injects faults, and shows them in `inspect()`."""

    def fault_states(self) -> tuple[FaultState, ...]:
        """The faults that are set."""
        ...
