"""Over HTTP clients are told apart, hear of changes, and see progress, in both revisions."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.types import CallToolResult, ResourceUpdatedNotification

from server_core import Server
from server_core.events import ClientConnected, ClientDisconnected
from server_core.protocol import connections
from server_core.request import Request
from server_core.results import text_result
from server_core.testing import NEWEST, OLDEST, ProtocolRevision
from tests.server_core.modules_for_tests import TextsModule, ToolsModule, hello
from tests.server_core.protocol.http_for_tests import connected, raw_client, served, text_of
from tests.waiting import NAP_SECONDS, PATIENCE_SECONDS, until, within

pytestmark = pytest.mark.anyio
REVISIONS = pytest.mark.parametrize("protocol", [NEWEST, OLDEST])


async def subscribed(client: Client, uri: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        await client.subscribe_resource(uri)


async def published_until(texts: TextsModule, uri: str, heard: Callable[[], object]) -> None:
    """Publish `uri` until it was heard of: a 2025 client opens the stream for it after its handshake."""
    assert texts.context is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not heard():
            await texts.context.publish(updated=[uri])
            await asyncio.sleep(NAP_SECONDS)


async def test_both_revisions_hear_of_what_they_subscribed_to_and_of_nothing_else() -> None:
    server = Server("s")
    texts = server.add(TextsModule("t", {"poem": "", "other": ""}))
    heard: dict[str, list[str]] = {"poem": [], "other": []}

    def hearing(name: str) -> Any:
        async def hear(message: Any) -> None:
            if isinstance(message, ResourceUpdatedNotification):
                heard[name].append(message.params.uri)

        return hear

    async with (
        served(server) as url,
        connected(url, OLDEST, message_handler=hearing("poem")) as first,
        connected(url, OLDEST, message_handler=hearing("other")) as second,
        connected(url) as third,
    ):
        await subscribed(first, "text://poem")
        await subscribed(second, "text://other")
        async with third.listen(resource_subscriptions=["text://poem"]) as events:
            await published_until(texts, "text://poem", lambda: heard["poem"])
            await published_until(texts, "text://other", lambda: heard["other"])
            assert getattr(await within(anext(events), "an event"), "uri", None) == "text://poem"
    assert set(heard["poem"]) == {"text://poem"}
    assert set(heard["other"]) == {"text://other"}


@REVISIONS
async def test_progress_reaches_the_client_while_the_call_runs(protocol: ProtocolRevision) -> None:
    release = asyncio.Event()

    async def slow(request: Request, _arguments: dict[str, Any]) -> CallToolResult:
        await request.report_progress(1, 2, "half")
        await release.wait()
        return text_result("done")

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        assert (progress, total, message) == (1, 2, "half")
        release.set()

    server = Server("s")
    server.add(ToolsModule("m", slow=slow))
    async with served(server) as url, connected(url, protocol) as client:
        answer = await within(client.call_tool("slow", {}, progress_callback=progressed), "an answer")
        assert text_of(answer) == "done"


@REVISIONS
async def test_two_clients_are_served_at_once(protocol: ProtocolRevision) -> None:
    both = anyio.Event()
    waiting: list[Request] = []

    async def meet(request: Request, _arguments: dict[str, Any]) -> CallToolResult:
        waiting.append(request)
        if len(waiting) == 2:
            both.set()
        await both.wait()
        return text_result(request.client)

    server = Server("s")
    server.add(ToolsModule("m", meet=meet))
    async with (
        served(server) as url,
        connected(url, protocol) as first,
        connected(url, protocol) as second,
        anyio.create_task_group() as tasks,
    ):
        for client in (first, second):
            tasks.start_soon(within, client.call_tool("meet", {}), "both have met")
    told_apart = len({request.client for request in waiting})
    # Two sessions are two clients; without sessions the same program at the same address is one.
    assert told_apart == (2 if protocol == OLDEST else 1)


async def test_each_session_is_a_client_that_comes_and_goes() -> None:
    server = Server("s")
    server.add(ToolsModule("m", a=hello))
    facts: list[object] = []
    server.bus.subscribe(
        lambda event: (
            facts.append(event.fact) if isinstance(event.fact, ClientConnected | ClientDisconnected) else None
        )
    )
    async with served(server) as url:
        async with connected(url, OLDEST) as first, connected(url, OLDEST) as second:
            await subscribed(first, "text://poem")
            await second.list_tools()
            ours, theirs = server.inspect().clients
            assert (ours.subscriptions, theirs.subscriptions) == (("text://poem",), ())
        await until(lambda: not server.inspect().clients, "both are gone")
    assert facts == [
        ClientConnected(ours.client, "mcp", OLDEST),
        ClientConnected(theirs.client, "mcp", OLDEST),
        ClientDisconnected(theirs.client),
        ClientDisconnected(ours.client),
    ]


async def test_a_client_without_a_session_is_one_client_until_it_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server("s")
    server.add(ToolsModule("m", a=hello))
    async with served(server) as url:
        async with raw_client(url, NEWEST) as client:
            await client.post(client.request("tools/list"))
            await client.post(client.request("tools/list"))
            (seen,) = server.inspect().clients
            assert (seen.name, seen.protocol) == ("raw", NEWEST)
            monkeypatch.setattr(connections, "STATELESS_SECONDS", 0.0)
            await client.post(client.request("tools/list"))
        await until(lambda: not server.inspect().clients, "the silent client is forgotten")


async def test_of_too_many_clients_without_sessions_the_longest_silent_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "STATELESS_CLIENTS", 2)
    server = Server("s")
    server.add(ToolsModule("m", a=hello))
    async with served(server) as url, raw_client(url, NEWEST) as client:
        for name in ("first", "second", "first", "third"):
            await client.post(client.request("tools/list").replace('"raw"', f'"{name}"'))
        assert [each.name for each in server.inspect().clients] == ["first", "third"]


async def test_a_listening_client_without_a_session_is_shown_with_what_it_listens_to() -> None:
    server = Server("s")
    server.add(TextsModule("t", {"poem": ""}))
    async with served(server) as url, connected(url) as client:
        async with client.listen(resource_subscriptions=["text://poem"]):
            assert [each.subscriptions for each in server.inspect().clients] == [("text://poem",)]
        await until(
            lambda: [each.subscriptions for each in server.inspect().clients] == [()], "it listens no more"
        )
    assert server.inspect().clients == ()
