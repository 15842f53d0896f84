"""Small modules that the core's own tests put into a server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp.types import CallToolResult, InputRequiredResult, Resource, TextResourceContents, Tool

from server_core.items import Contents, Offer, ResourceItem, ToolItem
from server_core.module import Module, ModuleContext
from server_core.request import Request
from server_core.results import text_result

Handler = Callable[[Request, dict[str, Any]], Awaitable[CallToolResult | InputRequiredResult]]


class ToolsModule(Module):
    """Offers the given handlers as tools that take anything."""

    kind = "test"

    def __init__(self, name: str, *, prefix: str = "", **handlers: Handler) -> None:
        super().__init__(name, prefix=prefix)
        self.handlers = handlers
        self.context: ModuleContext | None = None
        self.stopped = 0
        self.options: dict[str, Any] = {}

    async def start(self, context: ModuleContext) -> None:
        self.context = context
        context.offer(
            Offer(
                tools=[
                    ToolItem(
                        Tool(name=self.prefixed(name), input_schema={"type": "object"}),
                        handler,
                        **self.options,
                    )
                    for name, handler in self.handlers.items()
                ]
            )
        )

    async def stop(self) -> None:
        self.stopped += 1


class TextsModule(Module):
    """Offers texts as cached resources `text://NAME`, and counts how often each is really read."""

    kind = "test"

    def __init__(self, name: str, texts: Mapping[str, str]) -> None:
        super().__init__(name)
        self.texts = dict(texts)
        self.reads = 0
        self.context: ModuleContext | None = None

    async def start(self, context: ModuleContext) -> None:
        self.context = context
        context.offer(Offer(resources=[self.item(name) for name in self.texts]))

    def item(self, name: str) -> ResourceItem:
        return ResourceItem(Resource(uri=f"text://{name}", name=name), self._read, cached=True)

    async def _read(self, _request: Request, uri: str, _variables: Mapping[str, Any]) -> Contents:
        self.reads += 1
        text = self.texts[uri.removeprefix("text://")]
        return [TextResourceContents(uri=uri, text=text, mime_type="text/plain")]


async def hello(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    """A tool's handler that always works."""
    return text_result("hello")
