"""Modules come and go while clients of both revisions stay connected."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.types import CallToolResult

from server_core.errors import ModuleStartError
from server_core.events import ModuleFailed, ModuleStarted
from server_core.module import Module, ModuleContext
from server_core.request import Request
from server_core.results import text_result
from server_core.server import Server
from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect
from tests.server_core.modules_for_tests import TextsModule, ToolsModule, hello
from tests.waiting import until

pytestmark = pytest.mark.anyio
REVISIONS = pytest.mark.parametrize("protocol", [NEWEST, OLDEST])


async def goodbye(_request: Request, _arguments: dict[str, Any]) -> CallToolResult:
    return text_result("goodbye")


class Broken(Module):
    kind = "broken"

    async def start(self, context: ModuleContext) -> None:
        raise ModuleStartError("No such file: x.db. Create it first.")


async def tool_names(client: Client) -> list[str]:
    return [tool.name for tool in (await client.list_tools()).tools]


@REVISIONS
async def test_a_module_is_added_replaced_and_removed_under_a_connected_client(
    protocol: ProtocolRevision,
) -> None:
    server = Server("s")
    server.add(ToolsModule("first", a=hello))
    async with server.running(), connect(server, protocol) as client:
        await server.add_module(ToolsModule("second", b=hello))
        assert await tool_names(client) == ["a", "b"]
        await server.replace_module(ToolsModule("second", b=goodbye, c=hello))
        assert await tool_names(client) == ["a", "b", "c"]
        assert (await client.call_tool("b", {})).content[0].text == "goodbye"  # type: ignore[union-attr]
        await server.remove_module("second")
        assert await tool_names(client) == ["a"]
        with pytest.raises(MCPError, match="Unknown tool: b"):
            await client.call_tool("b", {})


async def test_a_module_that_fails_to_start_is_shown_with_its_reason_and_the_rest_runs() -> None:
    server = Server("s")
    server.add(Broken("bad"))
    server.add(ToolsModule("good", a=hello))
    async with server.running(), connect(server) as client:
        assert await tool_names(client) == ["a"]
        bad, good = server.inspect().modules
        assert (bad.status, bad.reason) == ("failed", "No such file: x.db. Create it first.")
        assert (good.status, good.tools) == ("running", 1)


async def test_of_two_modules_with_one_tool_the_first_keeps_it_and_the_second_hints_at_prefix() -> None:
    server = Server("s")
    server.add(ToolsModule("first", a=hello))
    server.add(ToolsModule("second", a=goodbye))
    async with server.running(), connect(server) as client:
        assert (await client.call_tool("a", {})).content[0].text == "hello"  # type: ignore[union-attr]
        assert 'prefix = "second"' in server.inspect().modules[1].reason


async def test_the_first_module_keeps_its_tool_even_if_it_starts_last() -> None:
    release = asyncio.Event()

    class Slow(ToolsModule):
        async def start(self, context: ModuleContext) -> None:
            await release.wait()
            await super().start(context)

    server = Server("s")
    server.add(Slow("first", a=hello))
    second = server.add(ToolsModule("second", a=goodbye))
    server.bus.subscribe(
        lambda event: (
            release.set() if isinstance(event.fact, ModuleStarted) and event.fact.module == "second" else None
        )
    )
    async with server.running(), connect(server) as client:
        assert (await client.call_tool("a", {})).content[0].text == "hello"  # type: ignore[union-attr]
        assert [module.status for module in server.inspect().modules] == ["running", "failed"]
        await until(lambda: second.stopped == 1, "the second module is stopped")


async def test_with_a_prefix_two_modules_of_one_kind_live_side_by_side() -> None:
    server = Server("s")
    server.add(ToolsModule("first", a=hello))
    server.add(ToolsModule("second", prefix="second", a=goodbye))
    async with server.running(), connect(server) as client:
        assert await tool_names(client) == ["a", "second_a"]


async def test_a_replacement_that_cannot_start_leaves_the_old_module_serving() -> None:
    server = Server("s")
    server.add(ToolsModule("m", a=hello))
    async with server.running(), connect(server) as client:
        with pytest.raises(ModuleStartError, match="No such file"):
            await server.replace_module(Broken("m"))
        assert await tool_names(client) == ["a"]


async def test_background_work_that_fails_marks_its_module_and_is_reported() -> None:
    class Fragile(Module):
        async def start(self, context: ModuleContext) -> None:
            context.spawn(self._work(), "watching")

        async def _work(self) -> None:
            raise OSError("the disk is gone")

    server = Server("s")
    server.add(Fragile("m"))
    facts: list[object] = []
    server.bus.subscribe(lambda event: facts.append(event.fact))
    async with server.running():
        await until(
            lambda: any(isinstance(fact, ModuleFailed) for fact in facts), "the module is marked failed"
        )
        assert "the disk is gone" in server.inspect().modules[0].reason


@REVISIONS
async def test_ten_thousand_resources_are_listed_in_pages(protocol: ProtocolRevision) -> None:
    server = Server("s")
    server.add(TextsModule("t", {f"n{number}": "" for number in range(10_000)}))
    async with server.running(), connect(server, protocol) as client:
        uris: list[str] = []
        cursor: str | None = None
        while True:
            page = await client.list_resources(cursor=cursor)
            uris += [str(resource.uri) for resource in page.resources]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert uris == [f"text://n{number}" for number in range(10_000)]


async def test_a_breaker_tells_what_it_guards() -> None:
    class Guarded(ToolsModule):
        async def start(self, context: ModuleContext) -> None:
            self.options = {"breaker": "supplier"}
            context.breaker("supplier")
            context.breaker("api.example.org")
            await super().start(context)

    server = Server("s")
    server.add(Guarded("m", ask=hello, order=hello))
    async with server.running():
        guards = {breaker.name: breaker.guards for breaker in server.inspect().breakers}
    assert guards == {"supplier": ("ask", "order"), "api.example.org": ("module m",)}


async def test_a_stopped_server_has_stopped_each_module_once() -> None:
    server = Server("s")
    module = server.add(ToolsModule("m", a=hello))
    async with server.running():
        pass
    await server.stop()
    assert module.stopped == 1


def test_two_modules_of_one_name_are_refused() -> None:
    server = Server("s")
    server.add(ToolsModule("m"))
    with pytest.raises(ValueError, match="already has a module named 'm'"):
        server.add(ToolsModule("m"))
