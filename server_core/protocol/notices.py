"""Change notifications: events queued for each client of either protocol revision, in order.

None is lost: a publisher waits until the slowest client has room again. After `PATIENCE` seconds it stops waiting for a
client that does not read; once that client's queue is full, its listen stream ends (2026) or it misses what does not
fit (2025).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, Literal

from mcp import MCPError
from mcp.server.connection import Connection
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import (
    SUBSCRIPTION_ID_META_KEY,
    InMemorySubscriptionBus,
    PromptsListChanged,
    ResourcesListChanged,
    ResourceUpdated,
    ServerEvent,
    SubscriptionBus,
    ToolsListChanged,
)
from mcp.shared.subscriptions import event_matches
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    EmptyResult,
    SubscribeRequestParams,
    SubscriptionFilter,
    SubscriptionsAcknowledgedNotification,
    SubscriptionsAcknowledgedNotificationParams,
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

ROOM = 128
"""Notifications that may be queued for a client before the publisher waits."""

BACKLOG = 1024
"""The maximum number of notifications queued for a client."""

MOST_STREAMS = 1024
"""The maximum number of open listen streams."""

ListName = Literal["tools", "resources", "prompts"]


class ChangeNotices:
    """Publishes change notifications to clients of both revisions. Use on the server's loop only."""

    def __init__(
        self,
        clients: ClientTable,
        bus: EventBus,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
        subscriptions: SubscriptionBus | None = None,
    ) -> None:
        """`spawn` runs each 2025 client's sender; `subscriptions` may deliver notifications to other processes."""
        self._clients = clients
        self._bus = bus
        self.subscriptions: SubscriptionBus = subscriptions or LocalSubscriptionBus()
        self.subscriptions.subscribe(self._deliver)
        self._legacy: dict[Connection, NoticeFeed] = {}
        self._streams: set[NoticeFeed] = set()
        self._feeds: tuple[NoticeFeed, ...] = ()
        self._spawn = spawn
        self._open = False

    def open(self) -> None:
        """Start publishing changes; before that there is nobody to notify."""
        self._open = True

    def close(self) -> None:
        """Stop publishing changes, and end every listen stream gracefully."""
        self._open = False
        for feed in self._streams:
            feed.close()

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
        """Send each event to the clients that subscribed to it, in order."""
        for count, event in enumerate(events, 1):
            await self.subscriptions.publish(event)
            self._tell(event)
            if count % ROOM == 0:
                await asyncio.sleep(0)
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

    def _deliver(self, event: ServerEvent) -> None:
        for feed in self._feeds:
            feed.offer(event)

    async def _drained(self) -> None:
        """Wait until every client that reads has room again."""
        if not any(feed.behind for feed in self._feeds):
            return
        behind = [feed for feed in self._feeds if feed.behind]
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                for feed in behind:
                    await feed.room()
        for feed in behind:
            feed.give_up()

    def _drop(self, feed: NoticeFeed) -> None:
        feed.close()
        self._feeds = tuple(each for each in self._feeds if each is not feed)

    # -- 2025-11-25

    def connected(self, entry: ClientEntry) -> None:
        """Start sending list changes to a 2025 client that has finished its handshake."""
        connection = entry.connection
        if connection is None or connection in self._legacy:
            return

        def wants(event: ServerEvent) -> bool:
            return not isinstance(event, ResourceUpdated) or entry.subscriptions[event.uri] > 0

        async def send(event: ServerEvent) -> None:
            await connection.notify(
                _method(event), {"uri": event.uri} if isinstance(event, ResourceUpdated) else None
            )

        feed = self._legacy[connection] = NoticeFeed(entry.id, wants, send)
        self._feeds = (*self._feeds, feed)
        connection.exit_stack.callback(self._disconnected, connection)
        self._spawn(feed.send_all())

    def _disconnected(self, connection: Connection) -> None:
        feed = self._legacy.pop(connection, None)
        if feed is not None:
            self._drop(feed)

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

    # -- 2026-07-28

    async def listen(
        self, ctx: ServerRequestContext[Any, Any], params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Handle `subscriptions/listen`: acknowledge, then send the requested changes until the client leaves.

        Unlike the SDK's `ListenHandler`, which ends a stream when a burst of notifications has filled it.

        Raises:
            MCPError: there are too many streams.
        """
        request = ctx.request_id
        if request is None:
            raise MCPError(INVALID_REQUEST, "subscriptions/listen requires a request id")
        if len(self._streams) >= MOST_STREAMS:
            raise MCPError(INTERNAL_ERROR, "Subscription limit reached")
        meta: dict[str, Any] = {SUBSCRIPTION_ID_META_KEY: request}
        honored = _honored(params.notifications)
        uris = frozenset(honored.resource_subscriptions or ())
        lists = [
            name for name in ("tools", "resources", "prompts") if getattr(honored, f"{name}_list_changed")
        ]
        entry = self._clients.seen(ctx)

        async def send(event: ServerEvent) -> None:
            # Like the session's `send_notification`, but without creating a model for the frame's two fields.
            params = (
                {"uri": event.uri, "_meta": meta} if isinstance(event, ResourceUpdated) else {"_meta": meta}
            )
            await ctx.session._request_outbound.notify(_method(event), params)

        feed = NoticeFeed(entry.id, lambda event: event_matches(honored, uris, event), send, ends=True)
        self._streams.add(feed)
        self._feeds = (*self._feeds, feed)
        entry.subscriptions.update(uris)
        entry.lists.update(lists)
        try:
            acknowledged = SubscriptionsAcknowledgedNotificationParams(notifications=honored, _meta=meta)
            await ctx.session.send_notification(
                SubscriptionsAcknowledgedNotification(params=acknowledged), related_request_id=request
            )
            await feed.send_all()
        finally:
            self._streams.discard(feed)
            self._drop(feed)
            entry.subscriptions.subtract(uris)
            entry.lists.subtract(lists)
        return SubscriptionsListenResult(_meta=meta)


class NoticeFeed:
    """The notifications for one client, kept in order until its own task has sent them."""

    def __init__(
        self,
        client: str,
        wants: Callable[[ServerEvent], bool],
        send: Callable[[ServerEvent], Awaitable[None]],
        *,
        ends: bool = False,
    ) -> None:
        """`ends` is whether a full queue ends the feed; otherwise the client misses what does not fit."""
        self._client = client
        self._wants = wants
        self._send = send
        self._ends = ends
        self._waiting: deque[ServerEvent] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._given_up = False
        self._closed = False

    @property
    def behind(self) -> bool:
        """Whether a publisher should wait for the client."""
        return not self._room.is_set() and not self._given_up

    async def room(self) -> None:
        """Return once few notifications are waiting."""
        await self._room.wait()

    def give_up(self) -> None:
        """Stop waiting for the client until it has caught up."""
        self._given_up = not self._room.is_set()

    def offer(self, event: ServerEvent) -> None:
        """Queue `event` if the client wants it."""
        if self._closed or not self._wants(event):
            return
        if len(self._waiting) >= BACKLOG:
            lost = "its stream ends" if self._ends else f"it missed {event}"
            logging.getLogger(__name__).warning(
                "Client %s does not read its notifications; %s", self._client, lost
            )
            if self._ends:
                self.close()
            return
        self._waiting.append(event)
        self._arrived.set()
        if len(self._waiting) > ROOM:
            self._room.clear()

    def close(self) -> None:
        """Stop queueing; `send_all` returns when it has sent what is waiting."""
        self._closed = True
        self._arrived.set()
        self._room.set()

    async def send_all(self) -> None:
        """Send queued notifications until the feed is closed."""
        while self._waiting or not self._closed:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._send(self._waiting.popleft())
                if len(self._waiting) <= ROOM // 2:
                    self._given_up = False
                    self._room.set()


class LocalSubscriptionBus(InMemorySubscriptionBus):
    """The SDK's bus without yielding to the loop for each event: `ChangeNotices` lets clients catch up itself."""

    async def publish(self, event: ServerEvent) -> None:
        """Hand `event` to every listener."""
        for listener in list(self._listeners.values()):
            listener(event)


def _honored(wanted: SubscriptionFilter) -> SubscriptionFilter:
    """The requested parts of a filter: false and empty ones are left out, as the acknowledgement requires."""
    return SubscriptionFilter(
        tools_list_changed=wanted.tools_list_changed or None,
        prompts_list_changed=wanted.prompts_list_changed or None,
        resources_list_changed=wanted.resources_list_changed or None,
        resource_subscriptions=list(wanted.resource_subscriptions or ()) or None,
    )


def _method(event: ServerEvent) -> str:
    if isinstance(event, ResourceUpdated):
        return "notifications/resources/updated"
    return f"notifications/{_list_name(event)}/list_changed"


def _list_name(event: ServerEvent) -> ListName:
    if isinstance(event, ToolsListChanged):
        return "tools"
    return "prompts" if isinstance(event, PromptsListChanged) else "resources"
