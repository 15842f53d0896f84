"""A module is a part of a server with a life of its own: it starts, offers things, changes its mind, and stops."""

from typing import Any

import pytest
from mcp.types import CallToolResult, TextContent, Tool

from server_core import Module, ModuleContext, Offer, Request, Server, ToolItem
from server_core.testing import connect

pytestmark = pytest.mark.anyio


class Counter(Module):
    """Offers `count`, and once it has counted to three, also `reset`."""

    kind = "counter"

    async def start(self, context: ModuleContext) -> None:
        self.context = context
        self.counted = 0
        context.offer(Offer(tools=[self._item("count", self._count)]))

    async def stop(self) -> None:
        self.counted = 0

    async def _count(self, _request: Request, _arguments: dict[str, Any]) -> CallToolResult:
        self.counted += 1
        if self.counted == 3:
            self.context.offer(
                Offer(tools=[self._item("count", self._count), self._item("reset", self._reset)])
            )
            await self.context.publish(tools=True)  # clients hear that the list of tools has changed
        return self._text(str(self.counted))

    async def _reset(self, _request: Request, _arguments: dict[str, Any]) -> CallToolResult:
        self.counted = 0
        return self._text("0")

    def _item(self, name: str, handler: Any) -> ToolItem:
        return ToolItem(Tool(name=self.prefixed(name), input_schema={"type": "object"}), handler)

    def _text(self, text: str) -> CallToolResult:
        return CallToolResult(content=[TextContent(type="text", text=text)])


async def test_a_module_offers_more_as_it_goes_and_clients_are_told() -> None:
    server = Server("counting")
    server.add(Counter("one"))
    async with server.running(), connect(server) as client, client.listen(tools_list_changed=True) as events:
        for _ in range(3):
            await client.call_tool("count", {})
        assert type(await anext(events)).__name__ == "ToolsListChanged"
        assert [tool.name for tool in (await client.list_tools()).tools] == ["count", "reset"]


async def test_two_of_a_kind_live_side_by_side_with_a_prefix() -> None:
    server = Server("counting")
    server.add(Counter("one"))
    server.add(Counter("two", prefix="two"))
    async with server.running(), connect(server) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["count", "two_count"]


async def test_a_module_is_replaced_while_a_client_stays_connected() -> None:
    server = Server("counting")
    server.add(Counter("one"))
    async with server.running(), connect(server) as client:
        await client.call_tool("count", {})
        await server.replace_module(Counter("one"))
        result = await client.call_tool("count", {})
        assert result.content[0].text == "1"  # type: ignore[union-attr]
