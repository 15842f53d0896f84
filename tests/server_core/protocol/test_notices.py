"""Change notices reach subscribed clients of both revisions, in order, and none is lost."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import anyio
import pytest
from mcp.server.subscriptions import ResourceUpdated, ServerEvent
from mcp.types import ResourceListChangedNotification, ResourceUpdatedNotification

from server_core.events import ClientsNotified
from server_core.protocol.notices import BACKLOG, ROOM, NoticeFeed
from server_core.server import Server
from server_core.testing import OLDEST, connect
from tests.server_core.modules_for_tests import TextsModule
from tests.waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.anyio


async def test_both_revisions_hear_of_updates_and_of_the_list() -> None:
    server = Server("s")
    texts = server.add(TextsModule("t", {"poem": "one"}))
    heard: list[str] = []

    async def hear(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            heard.append(message.params.uri)
        elif isinstance(message, ResourceListChangedNotification):
            heard.append("list")

    async with server.running(), connect(server) as new, connect(server, OLDEST, message_handler=hear) as old:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            await old.subscribe_resource("text://poem")
        async with new.listen(resource_subscriptions=["text://poem"], resources_list_changed=True) as events:
            assert {client.protocol: client.subscriptions for client in server.inspect().clients} == {
                "2026-07-28": ("text://poem",),
                "2025-11-25": ("text://poem",),
            }
            assert texts.context is not None
            await texts.context.publish(
                updated=["text://poem", "text://other", "text://poem"], resources=True
            )
            with anyio.fail_after(PATIENCE_SECONDS):
                first, second = await anext(events), await anext(events)
            assert (getattr(first, "uri", None), type(second).__name__) == (
                "text://poem",
                "ResourcesListChanged",
            )
        await until(lambda: heard == ["text://poem", "list"], "the 2025 client has heard of both")


async def test_a_thousand_updates_at_once_reach_both_revisions_in_order() -> None:
    names = [f"n{number}" for number in range(1000)]
    uris = [f"text://{name}" for name in names]
    server = Server("s")
    texts = server.add(TextsModule("t", dict.fromkeys(names, "")))
    old_heard: list[str] = []
    new_heard: list[str] = []

    async def hear(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            old_heard.append(message.params.uri)

    async with server.running(), connect(server) as new, connect(server, OLDEST, message_handler=hear) as old:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for uri in uris:
                await old.subscribe_resource(uri)
        async with new.listen(resource_subscriptions=uris) as events, anyio.create_task_group() as tasks:

            async def listen() -> None:
                async for event in events:
                    new_heard.append(getattr(event, "uri", "list"))
                    if len(new_heard) == len(uris):
                        return

            tasks.start_soon(listen)
            assert texts.context is not None
            await texts.context.publish(updated=uris)
        await until(lambda: len(old_heard) == len(uris), "the 2025 client has heard of all")
    assert new_heard == uris
    assert old_heard == uris


async def test_a_client_that_left_is_forgotten() -> None:
    server = Server("s")
    texts = server.add(TextsModule("t", {"poem": "one"}))
    told: list[ClientsNotified] = []
    server.bus.subscribe(
        lambda event: told.append(event.fact) if isinstance(event.fact, ClientsNotified) else None
    )
    async with server.running():
        async with connect(server, OLDEST) as old, connect(server) as new:
            await old.list_tools()
            await new.list_tools()
        assert server.inspect().clients == ()
        assert texts.context is not None
        await texts.context.publish(updated=["text://poem"], resources=True)
    assert told == []


async def test_a_client_that_does_not_read_is_waited_for_once_and_then_misses_what_does_not_fit() -> None:
    reading = asyncio.Event()
    sent: list[ServerEvent] = []

    async def send(event: ServerEvent) -> None:
        await reading.wait()
        sent.append(event)

    feed = NoticeFeed("c1", lambda _event: True, send)
    events = [ResourceUpdated(str(number)) for number in range(BACKLOG + 10)]
    sending = asyncio.create_task(feed.send_all())
    await asyncio.sleep(0)
    for event in events[:ROOM]:
        feed.offer(event)
    assert not feed.behind
    feed.offer(events[ROOM])
    assert feed.behind
    feed.give_up()
    assert not feed.behind
    await asyncio.sleep(0)  # the sender has taken the first one, and waits
    for event in events[ROOM + 1 :]:
        feed.offer(event)
    reading.set()
    await asyncio.wait_for(feed.room(), PATIENCE_SECONDS)
    feed.close()
    await asyncio.wait_for(sending, PATIENCE_SECONDS)
    assert sent == events[: BACKLOG + 1]
