"""Change notices: one bus of typed events, two subscribers that serve the two protocol revisions.

Neither loses one: a publisher waits until the slowest client has room again, and a client that does not read for
`PATIENCE` seconds is cut off from its listen stream (2026) or misses what it did not take (2025).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Literal

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    SubscriptionBus,
    ToolsListChanged,
)
from mcp.types import (
    EmptyResult,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

from ..bus import EventBus
from ..events import ClientsNotified
from ..registry import ListChanges
from .connections import ClientEntry, ClientTable

PATIENCE = 2.0
"""Seconds that a publisher waits for a client that does not read."""

BACKLOG = 256
"""Notices that may wait for a client before the publisher does."""


class ChangeNotices:
    """Publishes change notices to the clients of both revisions. On the server's loop only."""

    def __init__(
        self,
        clients: ClientTable,
        bus: EventBus,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        subscriptions: SubscriptionBus | None = None,
    ) -> None:
        """`spawn` runs the sender of each 2025 client; `subscriptions` may carry the notices to other processes."""
        self._clients = clients
        self._bus = bus
        self.subscriptions: SubscriptionBus = subscriptions or InMemorySubscriptionBus()
        self.listen = TrackedListenHandler(self.subscriptions, clients)
        self._legacy: dict[Connection, LegacyFeed] = {}
        self.subscriptions.subscribe(self._deliver_legacy)
        self._spawn = spawn
        self._open = False

    def open(self) -> None:
        """Publish changes from now on; until then they have nobody to reach."""
        self._open = True

    def close(self) -> None:
        """Publish no more changes, and end every listen stream gracefully."""
        self._open = False
        self.listen.close()

    async def publish_changes(self, updated: Iterable[str], changes: ListChanges) -> None:
        """Notify subscribed clients of the resources and the lists that changed."""
        events: list[ServerEvent] = [ResourceUpdated(uri) for uri in updated]
        if changes.tools:
            events.append(ToolsListChanged())
        if changes.resources:
            events.append(ResourcesListChanged())
        if changes.prompts:
            events.append(PromptsListChanged())
        if events and self._open:
            await self.publish(events)

    async def publish(self, events: Iterable[ServerEvent]) -> None:
        """Send each event to the clients that asked for it, in order."""
        for count, event in enumerate(events, 1):
            await self.subscriptions.publish(event)
            self._tell(event)
            if count % (BACKLOG // 2) == 0:
                await self._drained()
        await self._drained()

    def _tell(self, event: ServerEvent) -> None:
        if not self._bus.active:
            return
        if isinstance(event, ResourceUpdated):
            if clients := self._clients.subscribers(event.uri):
                self._bus.emit(ClientsNotified("updated", event.uri, clients))
            return
        what = _list_name(event)
        if clients := self._clients.listeners(what):
            self._bus.emit(ClientsNotified(what, "", clients))

    async def _drained(self) -> None:
        """Wait until no client has more than half a backlog to read, but no longer than `PATIENCE`."""
        with anyio.move_on_after(PATIENCE):
            while self.listen.waiting() > BACKLOG // 2 or any(
                feed.waiting > BACKLOG // 2 for feed in self._legacy.values()
            ):
                await anyio.sleep(0.001)

    # -- 2025-11-25

    def connected(self, entry: ClientEntry) -> None:
        """A 2025 client has finished its handshake: from now on it hears of list changes."""
        connection = entry.connection
        if connection is None or connection in self._legacy:
            return
        feed = LegacyFeed(connection, entry)
        self._legacy[connection] = feed
        connection.exit_stack.callback(self._disconnected, connection)
        self._spawn(feed.send_all())

    def _disconnected(self, connection: Connection) -> None:
        feed = self._legacy.pop(connection, None)
        if feed is not None:
            feed.close()

    def _deliver_legacy(self, event: ServerEvent) -> None:
        for feed in list(self._legacy.values()):
            feed.offer(event)

    async def subscribe(
        self, ctx: ServerRequestContext[Any, Any], params: SubscribeRequestParams
    ) -> EmptyResult:
        """`resources/subscribe`."""
        entry = self._clients.seen(ctx)
        self.connected(entry)
        entry.subscriptions[str(params.uri)] = 1
        return EmptyResult()

    async def unsubscribe(
        self, ctx: ServerRequestContext[Any, Any], params: UnsubscribeRequestParams
    ) -> EmptyResult:
        """`resources/unsubscribe`."""
        self._clients.seen(ctx).subscriptions.pop(str(params.uri), None)
        return EmptyResult()


class LegacyFeed:
    """The notices for one 2025 client, sent one after the other by a task of their own."""

    def __init__(self, connection: Connection, entry: ClientEntry) -> None:
        self._connection = connection
        self._entry = entry
        self._send, self._receive = anyio.create_memory_object_stream[ServerEvent](4 * BACKLOG)

    @property
    def waiting(self) -> int:
        """How many notices wait to be sent."""
        return self._send.statistics().current_buffer_used

    def offer(self, event: ServerEvent) -> None:
        """Queue `event` if the client wants it; a client that has stopped reading misses it."""
        if isinstance(event, ResourceUpdated) and self._entry.subscriptions[event.uri] <= 0:
            return
        try:
            self._send.send_nowait(event)
        except anyio.WouldBlock:
            logging.getLogger(__name__).warning(
                "Client %s does not read its notifications; it missed %s", self._entry.id, event
            )
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            return

    def close(self) -> None:
        """Stop sending."""
        self._send.close()

    async def send_all(self) -> None:
        """Send what is queued until the connection ends."""
        connection = self._connection
        with self._receive:
            async for event in self._receive:
                with anyio.move_on_after(PATIENCE):
                    if isinstance(event, ResourceUpdated):
                        await connection.send_resource_updated(event.uri)
                    elif isinstance(event, ToolsListChanged):
                        await connection.send_tool_list_changed()
                    elif isinstance(event, PromptsListChanged):
                        await connection.send_prompt_list_changed()
                    else:
                        await connection.send_resource_list_changed()


class TrackedListenHandler(ListenHandler):
    """The SDK's `subscriptions/listen`, with a table of who listens to what."""

    def __init__(self, bus: SubscriptionBus, clients: ClientTable) -> None:
        super().__init__(bus, max_buffered_events=4 * BACKLOG)
        self._clients = clients

    async def __call__(
        self, ctx: ServerRequestContext[Any, Any], params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        entry = self._clients.seen(ctx)
        wanted = params.notifications
        uris = list(wanted.resource_subscriptions or ())
        lists = [
            name
            for name, asked in (
                ("tools", wanted.tools_list_changed),
                ("resources", wanted.resources_list_changed),
                ("prompts", wanted.prompts_list_changed),
            )
            if asked
        ]
        entry.subscriptions.update(uris)
        entry.lists.update(lists)
        try:
            return await super().__call__(ctx, params)
        finally:
            entry.subscriptions.subtract(uris)
            entry.lists.subtract(lists)

    def waiting(self) -> int:
        """How many notices wait for the slowest stream."""
        streams: set[MemoryObjectSendStream[ServerEvent]] = self._streams
        return max((stream.statistics().current_buffer_used for stream in streams), default=0)


def _list_name(event: ServerEvent) -> Literal["tools", "resources", "prompts"]:
    if isinstance(event, ToolsListChanged):
        return "tools"
    return "prompts" if isinstance(event, PromptsListChanged) else "resources"
